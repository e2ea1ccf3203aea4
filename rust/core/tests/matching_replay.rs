//! Our passive orders in recorded queues: NASDAQ's AAPL of 2012-06-21 (LOBSTER) and CME's ESH4 of 2023-12-25 (market by order).
//!
//! Orders of the record that come to the touch are twins: ours is put right behind (or, for control, right before) one, of the same
//! size. The twin's own executions tell when that place in the queue was really reached.
//!
//! The folder is `TICKWRIGHT_DATA`, by default `../shared/data` beside the checkout; without it the tests say so and pass, unless
//! `TICKWRIGHT_REQUIRE_DATA=1`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use tickwright_core::event::{BookAction, BookDelta, FLAG_SNAPSHOT};
use tickwright_core::feeds::lobster::{LobsterOptions, read};
use tickwright_core::matching::{MatchingConfig, RecordReplay};
use tickwright_core::types::{InstrumentId, MINUTE_NS, Price, Qty, Random, SCALE, SECOND_NS, Side, Timestamp};

fn data(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("TICKWRIGHT_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let file = root.join(path);
    if file.exists() {
        return Some(file);
    }
    assert!(std::env::var_os("TICKWRIGHT_REQUIRE_DATA").is_none_or(|v| v != "1"), "{} is missing", file.display());
    println!("skipped: {} is missing; set TICKWRIGHT_DATA", file.display());
    None
}

const MILLISECOND_NS: i64 = SECOND_NS / 1_000;

/// Where ours is put, seen from its twin.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Behind,
    Before,
}

/// What became of one pair.
#[derive(Clone, Copy, Debug, Default)]
struct Pair {
    /// The twin's place in the order of arrival: another one means that it moved.
    rank: u64,
    /// First and last execution of the twin, and when the rest of it was canceled.
    first: Option<i64>,
    done: Option<i64>,
    left: Option<i64>,
    /// When ours was filled.
    ours: Option<i64>,
}

#[derive(Debug, Default)]
struct Tally {
    pairs: usize,
    twins_filled: usize,
    ours_filled: usize,
    both: usize,
    same_instant: usize,
    within_second: usize,
    within_minute: usize,
    early: usize,
    only_ours: usize,
    /// Of those, twins that were canceled within a millisecond of our fill.
    canceled_at_once: usize,
    only_twin: usize,
}

/// Replay `record` with a share of the orders that come to the touch from `opens` on as twins; ours leaves when its twin is canceled.
fn run(record: &[BookDelta], tick: i64, share: f64, opens: i64, place: Place) -> (Tally, RecordReplay) {
    let config = MatchingConfig { tick: Price::from_raw(tick), ..MatchingConfig::default() };
    let mut replay = RecordReplay::new(config).unwrap();
    let mut random = Random::new(20);
    let mut pairs: BTreeMap<u64, Pair> = BTreeMap::new();
    let mut live: BTreeMap<u64, u64> = BTreeMap::new();
    for delta in record {
        let now = delta.ts.nanos();
        let new = delta.action == BookAction::Add && delta.order != 0 && delta.flags & FLAG_SNAPSHOT == 0;
        let best = replay.engine().best(delta.side).map(|level| level.price);
        let at_touch = best.is_some_and(|best| if delta.side == Side::Buy { delta.price >= best } else { delta.price <= best });
        replay.set_gathering(now < opens);
        let chosen = new && at_touch && now >= opens && random.chance(share) && !live.contains_key(&delta.order);
        let id = pairs.len() as u64 + 1;
        let placed = chosen && {
            let put = |replay: &mut RecordReplay| replay.place(delta.ts, id, delta.side, delta.size, delta.price);
            if place == Place::Before {
                let placed = put(&mut replay);
                replay.apply(delta);
                placed
            } else {
                replay.apply(delta);
                put(&mut replay)
            }
        };
        if !chosen {
            let twin = live.get(&delta.order).copied();
            // An execution beyond its limit tells that it had moved.
            let there = twin.and_then(|_| replay.recorded(delta.order));
            let stands = there.is_some_and(|order| {
                order.left.is_positive() && if order.side == Side::Buy { delta.price <= order.price } else { delta.price >= order.price }
            });
            replay.apply(delta);
            if let Some(pair) = twin.and_then(|id| pairs.get_mut(&id)) {
                let now_there = replay.recorded(delta.order);
                let gone = now_there.is_none_or(|order| order.rank != pair.rank);
                if delta.action == BookAction::Execute && stands {
                    pair.first = pair.first.or(Some(now));
                    pair.done = gone.then_some(now);
                } else if gone {
                    pair.left = Some(now);
                }
                if gone {
                    let id = live.remove(&delta.order).unwrap();
                    // The twin was canceled, or moved away: ours goes with it.
                    if pair.done.is_none() {
                        replay.withdraw(delta.ts, id);
                    }
                }
            }
        }
        if placed {
            let rank = replay.recorded(delta.order).map_or(0, |order| order.rank);
            pairs.insert(id, Pair { rank, ..Pair::default() });
            live.insert(delta.order, id);
        }
        for fill in replay.take_fills() {
            pairs.get_mut(&fill.id).unwrap().ours = Some(fill.ts.nanos());
        }
    }
    assert_eq!(replay.engine().fault(), None);
    let mut tally = Tally { pairs: pairs.len(), ..Tally::default() };
    for pair in pairs.values() {
        // Behind a twin, its last execution is when the queue reached us; before it, its first one is.
        let reached = if place == Place::Behind { pair.done } else { pair.first };
        tally.twins_filled += usize::from(reached.is_some());
        tally.ours_filled += usize::from(pair.ours.is_some());
        match (reached, pair.ours) {
            (Some(reached), Some(ours)) => {
                let later = ours - reached;
                tally.both += 1;
                tally.early += usize::from(later < 0);
                tally.same_instant += usize::from(later == 0);
                tally.within_second += usize::from((0..=SECOND_NS).contains(&later));
                tally.within_minute += usize::from((0..=MINUTE_NS).contains(&later));
            }
            (None, Some(ours)) => {
                tally.only_ours += 1;
                tally.canceled_at_once += usize::from(pair.left.is_some_and(|left| (0..=MILLISECOND_NS).contains(&(left - ours))));
            }
            (Some(_), None) => tally.only_twin += 1,
            (None, None) => {}
        }
    }
    (tally, replay)
}

fn report(name: &str, place: Place, tally: &Tally, replay: &RecordReplay) {
    let share = |n: usize| 100.0 * n as f64 / tally.ours_filled.max(1) as f64;
    println!(
        "{name}, ours {place:?} its twin: {} pairs, {} twins filled, {} of ours filled; of our fills {} ({:.1} %) at the twin's instant, \
         {} ({:.1} %) within 1 s, {} ({:.1} %) within 1 min, {} before the twin, {} without it ({} as it was canceled in the same event); {} twins filled without ours; \
         {} of {} executions out of turn, {} unknown of {} changes",
        tally.pairs,
        tally.twins_filled,
        tally.ours_filled,
        tally.same_instant,
        share(tally.same_instant),
        tally.within_second,
        share(tally.within_second),
        tally.within_minute,
        share(tally.within_minute),
        tally.early,
        tally.only_ours,
        tally.canceled_at_once,
        tally.only_twin,
        replay.counts().out_of_turn,
        replay.counts().executions,
        replay.counts().unknown,
        replay.counts().changes,
    );
}

/// Ours is never filled before its twin; right before it at its instant, right behind it soon after.
fn hold(tally: &Tally, place: Place, same_instant: f64, within_minute: f64) {
    let share = |n: usize| n as f64 / tally.ours_filled as f64;
    assert!(tally.ours_filled > 300 && tally.early == 0, "{tally:?}");
    match place {
        Place::Before => assert!(share(tally.same_instant) >= same_instant, "{tally:?}"),
        Place::Behind => assert!(share(tally.within_minute) >= within_minute, "{tally:?}"),
    }
}

#[test]
fn our_orders_in_the_aapl_queue_fill_when_their_twins_do() {
    let Some(messages) = data("lobster/AAPL_2012-06-21_34200000_37800000_message_50.csv.gz") else { return };
    let Some(book) = data("lobster/AAPL_2012-06-21_orderbook_50.csv.gz") else { return };
    let options = LobsterOptions { orderbook: Some(book), ..LobsterOptions::default() };
    let market = read(&messages, &options).unwrap();
    let record: Vec<BookDelta> = (0..market.deltas[0].len()).map(|i| market.deltas[0].get(i)).collect();
    for place in [Place::Behind, Place::Before] {
        let (tally, replay) = run(&record, SCALE / 100, 0.2, i64::MIN, place);
        report("AAPL 2012-06-21 9:30-10:30", place, &tally, &replay);
        hold(&tally, place, 0.99, 0.95);
    }
}

/// 2023-12-25 23:00 UTC: until then orders gathered for the opening.
const ESH4_OPENS: i64 = 1_703_545_200 * SECOND_NS;

/// The day's changes with its fills, which the book feed leaves out, as executions.
fn esh4() -> Option<Vec<BookDelta>> {
    use dbn::decode::{DbnMetadata, DecodeRecord, dbn::Decoder};
    let path = data("databento/esh4-glbx-mdp3-20231225.mbo.dbn.zst")?;
    let file = zstd::stream::read::Decoder::new(std::fs::File::open(path).unwrap()).unwrap();
    let mut decoder = Decoder::new(file).unwrap();
    assert_eq!(decoder.metadata().dataset, "GLBX.MDP3");
    let mut record = Vec::new();
    while let Some(m) = decoder.decode_record::<dbn::MboMsg>().unwrap() {
        let action = match m.action as u8 {
            b'A' => BookAction::Add,
            b'C' => BookAction::Cancel,
            b'M' => BookAction::Modify,
            b'F' => BookAction::Execute,
            b'R' => BookAction::Clear,
            _ => continue,
        };
        let side = if m.side as u8 == b'A' { Side::Sell } else { Side::Buy };
        record.push(BookDelta {
            ts: Timestamp::from_nanos(m.ts_recv as i64),
            instrument: InstrumentId(0),
            order: m.order_id,
            action,
            side,
            price: Price::from_raw(m.price),
            size: Qty::from_raw(i64::from(m.size) * SCALE),
            flags: if m.flags.is_snapshot() { FLAG_SNAPSHOT } else { 0 },
        });
    }
    Some(record)
}

#[test]
fn our_orders_in_the_esh4_queue_fill_when_their_twins_do() {
    let Some(record) = esh4() else { return };
    for place in [Place::Behind, Place::Before] {
        let (tally, replay) = run(&record, SCALE / 4, 0.5, ESH4_OPENS, place);
        report("ESH4 2023-12-25", place, &tally, &replay);
        hold(&tally, place, 0.95, 0.96);
        // Whom the record passed over: orders of the taker's own firm, canceled in the same event.
        assert_eq!(tally.only_ours, tally.canceled_at_once);
        if place == Place::Before {
            assert_eq!(tally.same_instant + tally.only_ours, tally.ours_filled, "a fill at another moment than its twin's");
        }
    }
}
