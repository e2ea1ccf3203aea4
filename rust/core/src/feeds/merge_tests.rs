use super::*;
use crate::event::Trade;
use crate::types::{InstrumentId, Price, Qty};
use proptest::prelude::*;

/// Trades at `times` whose price tells the row and whose instrument the source.
fn batch(source: u32, times: &[i64], first_row: usize) -> TradeBatch {
    let mut out = TradeBatch::default();
    for (i, &ts) in times.iter().enumerate() {
        out.push(Trade {
            ts: Timestamp::from_nanos(ts),
            instrument: InstrumentId(source),
            price: Price::from_raw((first_row + i) as i64),
            size: Qty::default(),
            flags: 0,
        });
        out.id.push((first_row + i) as u64);
    }
    out
}

fn rows(batch: &TradeBatch) -> Vec<(i64, u32, i64, u64)> {
    (0..batch.len()).map(|i| (batch.ts[i].nanos(), batch.instrument[i].0, batch.price[i].raw(), batch.id[i])).collect()
}

/// Sorted streams, some empty, times close enough that many are equal.
fn streams() -> impl Strategy<Value = Vec<Vec<i64>>> {
    prop::collection::vec(
        prop::collection::vec(prop_oneof![4 => 0..60_i64, 1 => Just(i64::MAX), 1 => Just(i64::MIN)], 0..40).prop_map(|mut v| {
            v.sort_unstable();
            v
        }),
        1..9,
    )
}

fn expected(streams: &[Vec<i64>]) -> Vec<(i64, u32, i64, u64)> {
    let mut all: Vec<_> = streams
        .iter()
        .enumerate()
        .flat_map(|(s, times)| times.iter().enumerate().map(move |(i, &ts)| (ts, s as u32, i as i64, i as u64)))
        .collect();
    all.sort_by_key(|row| row.0);
    all
}

proptest! {
    #[test]
    fn merged_batches_are_the_stable_sort_of_all(streams in streams()) {
        let batches: Vec<TradeBatch> = streams.iter().enumerate().map(|(s, times)| batch(s as u32, times, 0)).collect();
        let merged = TradeBatch::merge_sorted(&batches.iter().collect::<Vec<_>>());
        prop_assert_eq!(rows(&merged), expected(&streams));
    }

    #[test]
    fn a_stream_cut_anywhere_merges_to_the_same(
        streams in streams(), cuts in prop::collection::vec(1..7_usize, 1..20), order in prop::collection::vec(any::<prop::sample::Index>(), 1..40),
        limit in 1..9_usize, rows_max in 1..12_usize,
    ) {
        let mut merger = Merger::new(streams.len(), MergerConfig { rows_max, patience_ns: None }).unwrap();
        let mut at = vec![0; streams.len()];
        let (mut out, mut turn) = (TradeBatch::default(), 0_usize);
        let mut push = |merger: &mut Merger<TradeBatch>, s: usize, turn: usize| {
            let times = &streams[s];
            let n = cuts[turn % cuts.len()].min(times.len() - at[s]);
            match merger.push(s, batch(s as u32, &times[at[s]..at[s] + n], at[s])).unwrap() {
                Push::Taken => at[s] += n,
                Push::Full(back) => assert!(back.len() == n && n > 0),
            }
            if at[s] == times.len() {
                merger.end(s).unwrap();
            }
        };
        loop {
            turn += 1;
            // Push to a source of the test's choice, which may be full, then pull, and feed what is starved.
            push(&mut merger, order[turn % order.len()].index(streams.len()), turn);
            match merger.pull(limit, &mut out) {
                Pull::Done => break,
                Pull::Starved(s) => push(&mut merger, s, turn),
                Pull::Limit => {}
            }
            prop_assert!(merger.waiting() <= streams.len() * rows_max.max(7));
            prop_assert!(turn < 10_000, "it stops");
        }
        prop_assert_eq!(merger.waiting(), 0);
        prop_assert_eq!(rows(&out), expected(&streams));
    }

    #[test]
    fn patience_keeps_the_output_sorted_and_counts_what_is_late(
        streams in streams(), patience in 0..30_i64, order in prop::collection::vec(any::<prop::sample::Index>(), 1..60),
    ) {
        let mut merger = Merger::new(streams.len(), MergerConfig { rows_max: 8, patience_ns: Some(patience) }).unwrap();
        let (mut at, mut out, mut turn) = (vec![0; streams.len()], TradeBatch::default(), 0);
        loop {
            turn += 1;
            let s = order[turn % order.len()].index(streams.len());
            for s in [s, turn % streams.len()] {
                let end = (at[s] + 3).min(streams[s].len());
                if merger.push(s, batch(s as u32, &streams[s][at[s]..end], at[s])).unwrap() == Push::Taken {
                    at[s] = end;
                }
                if at[s] == streams[s].len() {
                    merger.end(s).unwrap();
                }
            }
            if merger.pull(5, &mut out) == Pull::Done {
                break;
            }
        }
        prop_assert!(out.first_unsorted().is_none());
        let all: usize = streams.iter().map(Vec::len).sum();
        prop_assert_eq!(out.len() + merger.late() as usize, all);
    }
}

impl PartialEq for TradeBatch {
    fn eq(&self, other: &Self) -> bool {
        rows(self) == rows(other)
    }
}

#[test]
fn a_full_buffer_gives_the_batch_back_and_an_empty_one_says_whom_it_waits_for() {
    let mut merger = Merger::new(2, MergerConfig { rows_max: 3, patience_ns: None }).unwrap();
    let mut out = TradeBatch::default();
    assert_eq!(merger.push(0, batch(0, &[1, 2, 3], 0)).unwrap(), Push::Taken);
    assert!(matches!(merger.push(0, batch(0, &[4], 3)).unwrap(), Push::Full(back) if back.len() == 1));
    assert_eq!((merger.pull(10, &mut out), out.len()), (Pull::Starved(1), 0));
    merger.advance(1, Timestamp::from_nanos(3)).unwrap();
    assert_eq!((merger.pull(10, &mut out), out.len()), (Pull::Starved(0), 3), "rows of one moment come in order of their sources");
    merger.end(1).unwrap();
    merger.end(0).unwrap();
    assert_eq!((merger.pull(10, &mut out), out.len()), (Pull::Done, 3));
}

#[test]
fn a_silent_source_holds_the_rest_up_no_longer_than_the_patience() {
    let mut merger = Merger::new(2, MergerConfig { rows_max: 100, patience_ns: Some(10) }).unwrap();
    let mut out = TradeBatch::default();
    assert_eq!(merger.push(0, batch(0, &[1, 5, 14, 15, 20], 0)).unwrap(), Push::Taken);
    assert_eq!(merger.pull(10, &mut out), Pull::Starved(1));
    assert_eq!(out.ts.last().map(|t| t.nanos()), Some(5), "what is more than 10 before 20 goes, and 10 itself if it is of source 0");
    assert_eq!(merger.push(1, batch(1, &[3, 5, 6], 0)).unwrap(), Push::Taken);
    merger.end(0).unwrap();
    merger.end(1).unwrap();
    assert_eq!(merger.pull(10, &mut out), Pull::Done);
    assert_eq!(out.ts.iter().map(|t| t.nanos()).collect::<Vec<_>>(), [1, 5, 5, 6, 14, 15, 20]);
    assert_eq!(merger.late(), 1);
}

#[test]
fn rows_that_go_back_in_time_are_refused() {
    let mut merger = Merger::new(1, MergerConfig::default()).unwrap();
    let text = |r: Result<Push<TradeBatch>>| r.unwrap_err().to_string();
    assert!(text(merger.push(0, batch(0, &[5, 4], 0))).starts_with("source 0: row 2: is before the row above"));
    assert_eq!(merger.push(0, batch(0, &[5], 0)).unwrap(), Push::Taken);
    assert!(text(merger.push(0, batch(0, &[4], 0))).contains("before 1970-01-01T00:00:00.000000005Z"));
    assert!(text(merger.push(1, batch(0, &[4], 0))).starts_with("source: is 1; give 0 to 0"));
    merger.end(0).unwrap();
    assert!(text(merger.push(0, batch(0, &[9], 0))).contains("has ended"));
}
