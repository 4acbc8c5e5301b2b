//! The table.

use std::fmt::Write;

use super::phase::Mix;
use super::{Options, Record};

/// The figures of one cache in one row, a round each.
struct Cell<'a>(Vec<&'a Record>);

/// Rows by room, mix and threads. The first cache is compared with the others.
pub fn markdown(options: &Options, records: &[Record]) -> String {
    let caches = &options.caches;
    let mut out = String::from("| room | mix | threads |");
    let mut rule = String::from("|---:|---|---:|");
    for cache in caches {
        let version = records.iter().find(|r| r.cache == cache).map_or("", |r| r.version);
        add(&mut out, format_args!(" {cache} {version} |"));
        rule.push_str("---:|");
    }
    for peer in &caches[1..] {
        add(&mut out, format_args!(" beside {peer} |"));
        rule.push_str("---:|");
    }
    add(&mut out, format_args!(" hits, % |\n{rule}---|\n"));
    let mut rooms: Vec<_> = records.iter().map(|r| r.room).collect();
    rooms.sort_unstable();
    rooms.dedup();
    for room in rooms {
        for &mix in &options.mixes {
            for &threads in &options.threads {
                let cell = |cache: &String| {
                    let is_it = |r: &&Record| {
                        r.room == room && r.mix == mix && r.threads == threads && r.cache == cache
                    };
                    Cell(records.iter().filter(is_it).collect())
                };
                row(
                    &mut out,
                    options,
                    room,
                    mix,
                    threads,
                    &caches.iter().map(cell).collect::<Vec<_>>(),
                );
            }
        }
    }
    out
}

fn row(out: &mut String, options: &Options, room: u64, mix: Mix, threads: u32, cells: &[Cell<'_>]) {
    let room = match room * 100 / u64::from(options.keys) {
        percent if percent >= 100 => "all".to_owned(),
        percent => format!("{percent}%"),
    };
    let mix = match mix {
        Mix::Reads => "reads",
        Mix::ThreeQuartersReads => "75% reads",
        Mix::ReadThrough => "read through",
    };
    add(out, format_args!("| {room} | {mix} | {threads} |"));
    for cell in cells {
        let [low, middle, high] = spread(cell.rates());
        add(out, format_args!(" {middle:.2} ({low:.2}-{high:.2}) |"));
    }
    for peer in &cells[1..] {
        let of_round =
            cells[0].rates().into_iter().zip(peer.rates()).map(|(ours, theirs)| ours / theirs);
        let [_, middle, _] = spread(of_round.collect());
        add(out, format_args!(" {middle:.2} |"));
    }
    let hits: Vec<_> = cells.iter().map(|cell| format!("{:.1}", cell.hits())).collect();
    add(out, format_args!(" {} |\n", hits.join(", ")));
}

impl Cell<'_> {
    /// Million operations a second.
    fn rates(&self) -> Vec<f64> {
        self.0.iter().map(|r| r.operations_per_second / 1e6).collect()
    }

    /// How many of a hundred lookups hit.
    fn hits(&self) -> f64 {
        let [_, middle, _] =
            spread(self.0.iter().map(|r| r.hits as f64 * 100.0 / r.lookups as f64).collect());
        middle
    }
}

/// The least, the median and the greatest.
fn spread(mut of: Vec<f64>) -> [f64; 3] {
    of.sort_by(f64::total_cmp);
    [of[0], of[of.len() / 2], of[of.len() - 1]]
}

fn add(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = out.write_fmt(text);
}
