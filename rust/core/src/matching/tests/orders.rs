//! Orders by hand, batches, snapshots, and that nothing is allocated.

use super::{Desk, at, cents, shares, trades};
use crate::matching::{
    Ahead, CancelReason, Instruction, MatchEvent, MatchingConfig, MatchingEngine, NewOrder, OrderKey, Participant, Phase, RejectReason,
    Replacement, SelfMatch, Terms,
};
use crate::types::{Qty, Random, Side, Timestamp};

const BUY: Side = Side::Buy;
const SELL: Side = Side::Sell;

#[test]
fn a_quantity_that_shrinks_keeps_its_place_and_one_that_grows_loses_it() {
    let mut desk = Desk::new(MatchingConfig::default());
    for id in 1..=3 {
        desk.limit(1, id, BUY, 10, 100);
    }
    let key = |id| OrderKey::new(1, id);
    let ahead = |desk: &Desk, id| desk.engine.queue_ahead(key(id)).unwrap();
    desk.engine.replace(at(0), key(2), &Replacement { qty: Some(shares(4)), ..Replacement::default() }, &mut desk.out);
    assert_eq!(ahead(&desk, 2), Ahead { orders: 1, qty: shares(10) });
    assert_eq!(ahead(&desk, 3), Ahead { orders: 2, qty: shares(14) });
    desk.engine.replace(at(0), key(1), &Replacement { qty: Some(shares(11)), ..Replacement::default() }, &mut desk.out);
    assert_eq!(ahead(&desk, 1), Ahead { orders: 2, qty: shares(14) });
    assert_eq!(trades(&desk.limit(2, 9, SELL, 5, 100)), [(100, 4, 2, 9), (100, 1, 3, 9)]);
    // All that was filled counts: 10 in all are 9 more, 1 in all is nothing.
    desk.out.clear();
    desk.engine.replace(at(0), key(3), &Replacement { qty: Some(shares(1)), ..Replacement::default() }, &mut desk.out);
    assert_eq!(desk.out, [MatchEvent::Canceled { order: key(3), left: shares(9), reason: CancelReason::Requested }]);
}

#[test]
fn a_post_only_order_is_refused_where_it_would_take() {
    let mut desk = Desk::new(MatchingConfig::default());
    desk.limit(1, 1, SELL, 10, 101);
    let order = NewOrder::limit(OrderKey::new(2, 1), BUY, shares(1), cents(101)).post_only();
    assert!(matches!(desk.submit(order)[..], [MatchEvent::Rejected { reason: RejectReason::WouldTake, .. }]));
    assert!(matches!(desk.submit(NewOrder { terms: Terms::Limit(cents(100)), ..order })[..], [MatchEvent::Accepted { .. }]));
}

#[test]
fn stops_set_each_other_off_in_the_order_of_their_trades() {
    let mut desk = Desk::new(MatchingConfig::default());
    for (id, price) in [(1, 100), (2, 99), (3, 98)] {
        desk.limit(1, id, BUY, 10, price);
    }
    let stop = |id, at: i64| NewOrder { terms: Terms::Stop(cents(at)), ..NewOrder::market(OrderKey::new(2, id), SELL, shares(10)) };
    desk.submit(stop(11, 99));
    desk.submit(stop(12, 100));
    let events = desk.submit(NewOrder::market(OrderKey::new(3, 21), SELL, shares(10)));
    // The print at 100 reaches 12, whose print at 99 reaches 11.
    assert_eq!(trades(&events), [(100, 10, 1, 21), (99, 10, 2, 12), (98, 10, 3, 11)]);
}

#[test]
fn an_execution_on_record_takes_from_the_order_it_names() {
    let mut desk = Desk::new(MatchingConfig::default());
    desk.limit(1, 1, BUY, 10, 100);
    desk.limit(1, 2, BUY, 10, 100);
    desk.out.clear();
    let taken = desk.engine.execute_on_record(at(0), OrderKey::new(1, 2), OrderKey::new(9, 9), shares(15), None, &mut desk.out);
    assert_eq!((taken, trades(&desk.out)), (shares(10), vec![(100, 10, 2, 9)]));
    assert_eq!((desk.touch().0, desk.engine.fault()), (Some((100, 10)), None));
}

/// Random flow about a price that wanders.
fn flow(seed: u64, count: usize) -> Vec<(Timestamp, Instruction)> {
    let mut random = Random::new(seed);
    let mut middle = 10_000;
    let side = |random: &mut Random| if random.chance(0.5) { BUY } else { SELL };
    let mut rows = Vec::new();
    for i in 0..count {
        middle += random.below(3) as i64 - 1;
        let id = random.below(400);
        let key = OrderKey::new((id % 7) as u32, id);
        let price = cents(middle + random.below(41) as i64 - 20);
        let qty = shares(1 + random.below(9) as i64);
        let instruction = match random.below(10) {
            0..5 => Instruction::Submit(NewOrder::limit(key, side(&mut random), qty, price)),
            5..8 => Instruction::Cancel(key),
            8 => Instruction::Replace(key, Replacement { qty: Some(qty), limit: Some(price), stop: None }),
            _ => {
                let terms = if random.chance(0.5) { Terms::Market } else { Terms::Stop(price) };
                Instruction::Submit(NewOrder { terms, ..NewOrder::market(key, side(&mut random), qty) })
            }
        };
        rows.push((at(i as i64), instruction));
    }
    rows
}

fn open() -> MatchingEngine {
    let config = MatchingConfig { self_match: SelfMatch::CancelOldest, window_ticks: 64, ..MatchingConfig::default() };
    let mut engine = MatchingEngine::new(config).unwrap();
    engine.set_phase(at(0), Phase::Continuous, &mut Vec::new()).unwrap();
    engine
}

#[test]
fn a_batch_does_what_single_calls_do_and_a_snapshot_goes_on_alike() {
    let rows = flow(3, 6_000);
    let (mut one, mut many) = (open(), open());
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for (i, (ts, instruction)) in rows.iter().enumerate() {
        one.apply(*ts, instruction, &mut first);
        if i % 500 == 499 {
            // The engine is written, read, and goes on from what was read.
            let bytes = postcard::to_stdvec(&one).unwrap();
            one = postcard::from_bytes(&bytes).unwrap();
            assert_eq!(bytes, postcard::to_stdvec(&one).unwrap());
        }
    }
    many.apply_rows(&rows[..], &mut second, |_, _| ());
    assert_eq!(first, second);
    assert!(trades(&first).len() > 500, "{}", trades(&first).len());
    assert_eq!(postcard::to_stdvec(&one).unwrap(), postcard::to_stdvec(&many).unwrap());
    assert_eq!(many.fault(), None);
}

#[test]
fn a_broken_snapshot_is_refused() {
    let mut engine = open();
    for (ts, instruction) in flow(4, 300) {
        engine.apply(ts, &instruction, &mut Vec::new());
    }
    let bytes = postcard::to_stdvec(&engine).unwrap();
    let mut refused = 0;
    for i in 0..bytes.len() {
        let mut broken = bytes.clone();
        broken[i] ^= 0x41;
        // Whatever is read instead must be sound.
        match postcard::from_bytes::<MatchingEngine>(&broken) {
            Ok(mut read) => {
                assert_eq!(read.fault(), None);
                read.mass_cancel(at(0), Participant(1), &mut Vec::new());
            }
            Err(_) => refused += 1,
        }
    }
    assert!(refused > bytes.len() / 8, "{refused} of {}", bytes.len());
}

#[test]
fn settings_that_cannot_work_are_refused() {
    for (config, word) in [
        (MatchingConfig { tick: cents(0), ..MatchingConfig::default() }, "tick"),
        (MatchingConfig { lot: Qty::from_raw(-1), ..MatchingConfig::default() }, "lot"),
        (MatchingConfig { orders_max: 0, ..MatchingConfig::default() }, "orders_max"),
        (MatchingConfig { window_ticks: 100, ..MatchingConfig::default() }, "window_ticks"),
    ] {
        let error = MatchingEngine::new(config).unwrap_err().to_string();
        assert!(error.starts_with(word), "{error}");
    }
}

#[test]
fn a_full_book_refuses_orders() {
    let mut desk = Desk::new(MatchingConfig { orders_max: 1, ..MatchingConfig::default() });
    desk.limit(1, 1, BUY, 10, 100);
    assert!(matches!(desk.limit(1, 2, BUY, 10, 100)[..], [MatchEvent::Rejected { reason: RejectReason::Capacity, .. }]));
}
