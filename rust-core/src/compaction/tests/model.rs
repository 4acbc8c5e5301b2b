//! Random writes, flushes, compactions and snapshots.

use super::world::{World, check_no_leftovers, dir};
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Op {
    /// Key, length of the value, milliseconds to live or 0.
    Put(u8, u16, u16),
    /// Many keys from one on.
    Fill(u8, u8),
    Delete(u8),
    DeleteRange(u8, u8),
    Flush,
    Compact,
    Settle,
    Snapshot,
    DropSnapshot(usize),
    Wait(u16),
    Reopen,
    Check,
}

fn op() -> impl Strategy<Value = Op> {
    let ttl = prop_oneof![3 => Just(0u16), 1 => 1u16..2000];
    prop_oneof![
        12 => (any::<u8>(), 0u16..300, ttl).prop_map(|(k, len, ttl)| Op::Put(k, len, ttl)),
        3 => (any::<u8>(), 1u8..60).prop_map(|(from, n)| Op::Fill(from, n)),
        4 => any::<u8>().prop_map(Op::Delete),
        2 => (any::<u8>(), 1u8..80).prop_map(|(from, n)| Op::DeleteRange(from, n)),
        6 => Just(Op::Flush),
        4 => Just(Op::Compact),
        1 => Just(Op::Settle),
        2 => Just(Op::Snapshot),
        2 => any::<usize>().prop_map(Op::DropSnapshot),
        2 => (0u16..1000).prop_map(Op::Wait),
        1 => Just(Op::Reopen),
        2 => Just(Op::Check),
    ]
}

fn key(number: impl Into<u16>) -> Vec<u8> {
    let number: u16 = number.into();
    format!("key/{number:03}").into_bytes()
}

fn apply(world: &mut World, op: &Op) {
    match *op {
        Op::Put(k, len, ttl) => {
            let expires_at = if ttl == 0 { 0 } else { world.now_ms + u64::from(ttl) };
            world.history.write(&key(k), Some((vec![k; usize::from(len)], expires_at)));
        }
        Op::Fill(from, n) => {
            for k in from..from.saturating_add(n) {
                let value = vec![k ^ world.history.last as u8; 60];
                world.history.write(&key(k), Some((value, 0)));
            }
        }
        Op::Delete(k) => world.history.write(&key(k), None),
        Op::DeleteRange(from, n) => {
            world.history.delete_range(&key(from), &key(u16::from(from) + u16::from(n)));
        }
        Op::Flush => world.flush().unwrap(),
        Op::Compact => {
            world.round().unwrap();
        }
        Op::Settle => world.settle(),
        Op::Snapshot => world.snapshot(),
        Op::DropSnapshot(i) if !world.snapshots.is_empty() => {
            let i = i % world.snapshots.len();
            world.snapshots.remove(i);
        }
        Op::DropSnapshot(_) => {}
        Op::Wait(ms) => world.now_ms += u64::from(ms),
        Op::Reopen => world.reopen(),
        Op::Check => world.check(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn reads_what_was_written(ops in proptest::collection::vec(op(), 1..150)) {
        let mut world = World::new();
        for op in &ops {
            apply(&mut world, op);
        }
        world.flush().unwrap();
        world.settle();
        world.check();
        world.reopen();
        world.check();
        check_no_leftovers(&world.fs, &dir(), &world.store.current());
    }
}
