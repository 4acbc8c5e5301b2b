//! The same vectors hold the Go half.

use serde::Deserialize;

use super::popular::Ranks;
use super::{KEY_LEN, Permutation, Popular, Random, Zipf, check_value, id, key, value};

#[derive(Deserialize)]
struct Vectors {
    random: Vec<Draws>,
    orders: Vec<Order>,
    values: Vec<Value>,
    zipf: Vec<Draw>,
}

#[derive(Deserialize)]
struct Draws {
    seed: u64,
    client: u64,
    below: u64,
    drawn: Vec<u64>,
}

#[derive(Deserialize)]
struct Order {
    n: u64,
    seed: u64,
    order: Vec<u64>,
}

#[derive(Deserialize)]
struct Value {
    id: u64,
    generation: u64,
    key: String,
    hex: String,
}

/// Ranks, and the numbers that are drawn with the same randomness.
#[derive(Deserialize)]
struct Draw {
    n: u64,
    seed: u64,
    ranks: Vec<u64>,
    popular: Vec<u64>,
    latest: Vec<u64>, // of n + 5 numbers
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../../internal/work/testdata/vectors.json")).unwrap()
}

#[test]
fn draws_as_the_go_half() {
    for v in vectors().random {
        let mut random = Random::new(v.seed, v.client);
        let drawn: Vec<u64> = v.drawn.iter().map(|_| random.below(v.below)).collect();
        assert_eq!(drawn, v.drawn, "seed {}", v.seed);
    }
}

#[test]
fn orders_as_the_go_half() {
    for v in vectors().orders {
        let order = Permutation::new(v.n, v.seed);
        let begin: Vec<u64> = (0..v.order.len() as u64).map(|i| order.at(i)).collect();
        assert_eq!(begin, v.order, "n {}", v.n);
    }
}

#[test]
fn values_as_the_go_half() {
    for v in vectors().values {
        assert_eq!(String::from_utf8(key(v.id).to_vec()).unwrap(), v.key);
        let mut bytes = vec![0; v.hex.len() / 2];
        value(&mut bytes, v.id, v.generation);
        let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hex, v.hex, "id {}", v.id);
        assert!(check_value(&bytes, v.id, bytes.len()));
        assert!(!check_value(&bytes, v.id + 1, bytes.len()));
    }
}

#[test]
fn popular_keys_as_the_go_half() {
    for v in vectors().zipf {
        let (ranks, popular) = (Ranks::new(v.n, 0.99), Popular::new(v.n, v.seed));
        let draw = |one: &dyn Fn(&mut Random) -> u64| {
            let mut random = Random::new(v.seed, 7);
            v.ranks.iter().map(|_| one(&mut random)).collect::<Vec<_>>()
        };
        assert_eq!(draw(&|random| ranks.draw(random)), v.ranks, "n {}", v.n);
        assert_eq!(draw(&|random| popular.draw(random)), v.popular, "n {}", v.n);
        assert_eq!(draw(&|random| popular.latest(random, v.n + 5)), v.latest, "n {}", v.n);
    }
}

#[test]
fn an_order_has_every_number_once() {
    for n in [1, 2, 3, 5, 16, 17, 1000, 4097] {
        let order = Permutation::new(n, 7);
        let mut seen: Vec<u64> = (0..n).map(|i| order.at(i)).collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..n).collect::<Vec<_>>());
    }
}

#[test]
fn keys_have_their_numbers_order() {
    assert!(key(999) < key(1000));
    assert_eq!(key(0).len(), KEY_LEN);
    for number in [0, 1, 999_999_999_999] {
        assert_eq!(id(&key(number)), Some(number));
    }
    for other in [&b"key:00000000000"[..], b"key:00000000000x", b"kex:000000000000", b""] {
        assert_eq!(id(other), None);
    }
}

#[test]
fn ranks_follow_zipfs_law() {
    let (zipf, mut random) = (Zipf::new(1000, 0.99), Random::new(1, 1));
    let mut seen = [0u32; 1000];
    (0..1_000_000).for_each(|_| seen[zipf.draw(&mut random) as usize] += 1);
    let sum: f64 = (1..=1000).map(|rank| f64::from(rank).powf(-0.99)).sum();
    for rank in [1, 2, 10, 100, 1000] {
        let expected = 1e6 * f64::from(rank).powf(-0.99) / sum;
        let found = f64::from(seen[rank as usize - 1]);
        assert!((found - expected).abs() < 6.0 * expected.sqrt(), "{rank}: {found}, {expected}");
    }
}
