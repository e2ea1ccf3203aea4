use super::*;
use crate::event::{Quote, Status, Trade};
use crate::feeds::Policy;
use crate::types::{Qty, SECOND_NS};
use proptest::prelude::*;

fn px(dollars: f64) -> Price {
    Price::from_f64(dollars).unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_nanos(1_704_205_800 * SECOND_NS).plus(seconds * SECOND_NS)
}

fn quote(seconds: i64, bid: f64, ask: f64) -> Quote {
    Quote {
        ts: at(seconds),
        bid: px(bid),
        ask: px(ask),
        bid_size: Qty::from_whole(1).unwrap(),
        ask_size: Qty::from_whole(1).unwrap(),
        ..Quote::default()
    }
}

fn trade(seconds: i64, price: f64) -> Trade {
    Trade { ts: at(seconds), price: px(price), size: Qty::from_whole(100).unwrap(), ..Trade::default() }
}

fn quotes(rows: &[Quote]) -> Batches {
    let mut out = Batches::default();
    out.instruments.intern("BAC").unwrap();
    rows.iter().for_each(|&q| out.quotes.push(q));
    out
}

fn trades(rows: &[Trade]) -> Batches {
    let mut out = Batches::default();
    out.instruments.intern("BAC").unwrap();
    rows.iter().for_each(|&t| out.trades.push(t));
    out
}

/// Everything kept and flagged.
fn keep_all() -> QualityPolicy {
    let mut policy = QualityPolicy::default();
    Fault::ALL.into_iter().for_each(|fault| policy.set(fault, Policy::Keep));
    policy
}

fn flags_of(policy: &QualityPolicy, mut batches: Batches) -> Vec<u32> {
    Stage::new(policy.clone()).unwrap().check(&mut batches).unwrap();
    [batches.quotes.flags, batches.trades.flags].concat()
}

#[test]
fn each_fault_of_a_quote_is_flagged_and_counted() {
    let rows = [
        quote(0, 10.0, 10.02),
        quote(1, 10.03, 10.02),
        quote(2, 10.02, 10.02),
        quote(1, 10.0, 10.01),
        quote(2, 10.02, 10.02),
        quote(3, 0.0, 10.02),
    ];
    assert_eq!(flags_of(&keep_all(), quotes(&rows)), [0, FLAG_CROSSED, FLAG_LOCKED, FLAG_OUT_OF_ORDER, FLAG_LOCKED | FLAG_DUPLICATE, 0]);
    let mut batches = quotes(&rows);
    Stage::new(QualityPolicy::default()).unwrap().check(&mut batches).unwrap();
    assert_eq!(batches.quotes.len(), 4, "crossed and zero are dropped by default");
    let counts = |fault| (batches.report.found(fault), batches.report.dropped(fault));
    assert_eq!(
        [Fault::Crossed, Fault::Locked, Fault::ZeroPrice, Fault::OutOfOrder, Fault::Duplicate].map(counts),
        [(1, 1), (2, 0), (1, 1), (1, 0), (1, 0)]
    );
    assert_eq!(batches.report.first(Fault::Crossed), Some("quotes: row 2 (symbol BAC): ask 10.02 below bid 10.03"));
}

#[test]
fn a_refused_row_is_named() {
    let mut policy = QualityPolicy::default();
    policy.set(Fault::Crossed, Policy::Fail);
    let error = Stage::new(policy).unwrap().check(&mut quotes(&[quote(0, 10.0, 10.02), quote(1, 10.03, 10.02)])).unwrap_err().to_string();
    assert!(error.starts_with("quotes: row 2 (symbol BAC): ask 10.02 below bid 10.03: row is crossed"), "{error}");
}

#[test]
fn a_trade_is_a_duplicate_by_its_id_or_by_all_it_says() {
    let with_ids = |ids: &[u64], venues: &[u8]| {
        let mut batches = trades(&[trade(0, 10.0), trade(1, 10.1), trade(2, 10.2)]);
        batches.trades.id = ids.to_vec();
        batches.trades.venue = venues.to_vec();
        flags_of(&keep_all(), batches)
    };
    assert_eq!(with_ids(&[7, 8, 7], b"QQQ"), [0, 0, FLAG_DUPLICATE]);
    assert_eq!(with_ids(&[7, 8, 7], b"QQN"), [0; 3], "another market's trade of the same number");
    assert_eq!(with_ids(&[], b""), [0; 3]);
    let same = [trade(0, 10.0), trade(0, 10.1), trade(0, 10.0)];
    assert_eq!(flags_of(&keep_all(), trades(&same)), [0, 0, FLAG_DUPLICATE]);
    let mut batches = trades(&same);
    batches.trades.id = vec![1, 2, 3];
    assert_eq!(flags_of(&keep_all(), batches), [0; 3], "ids tell them apart");
}

#[test]
fn gaps_are_within_a_day_and_stale_rows_are_late() {
    let mut policy = keep_all();
    (policy.gap_after_ns, policy.stale_after_ns) = (60 * SECOND_NS, SECOND_NS);
    let mut batches = trades(&[trade(0, 10.0), trade(60, 10.0), trade(121, 10.0), trade(86_400, 10.0)]);
    batches.trades.recv = batches.trades.ts.iter().zip([0, 2, 1, 1]).map(|(t, s)| t.plus(s * SECOND_NS)).collect();
    assert_eq!(flags_of(&policy, batches), [0, FLAG_STALE, FLAG_GAP, 0]);
}

#[test]
fn rows_of_a_halt_are_flagged_until_trading_resumes() {
    let mut batches = trades(&[trade(0, 10.0), trade(10, 10.0), trade(15, 10.0), trade(20, 10.0)]);
    batches.quotes.push(quote(12, 10.0, 10.1));
    for (seconds, state) in [(10, TradingState::Paused), (20, TradingState::Trading)] {
        batches.statuses.push(Status { ts: at(seconds), state, ..Status::default() });
    }
    assert_eq!(flags_of(&keep_all(), batches), [0, 0, FLAG_HALTED, FLAG_HALTED, 0], "a pause stops trades, not quotes");
}

#[test]
fn optional_columns_keep_step_when_rows_go() {
    let mut batches = trades(&[trade(0, 10.0), trade(1, 99.0), trade(2, 10.0), trade(3, 0.0), trade(4, 10.1)]);
    batches.trades.id = vec![1, 2, 3, 4, 5];
    batches.trades.conditions = vec![11, 12, 13, 14, 15];
    batches.trades.recv = batches.trades.ts.clone();
    Stage::new(QualityPolicy::default()).unwrap().check(&mut batches).unwrap();
    let t = &batches.trades;
    assert!(t.is_even());
    assert_eq!((&t.id[..], &t.conditions[..], t.recv == t.ts), (&[1, 3, 5][..], &[11, 13, 15][..], true));
    assert_eq!(
        batches.report.first(Fault::Absurd).unwrap(),
        "trades: row 2 (symbol BAC): price 99.00, size 100 is too far from the last good price 10.00"
    );
}

#[test]
fn a_policy_that_makes_no_sense_is_refused() {
    for spoil in [
        |p: &mut QualityPolicy| p.absurd_sigma = 0.0,
        |p: &mut QualityPolicy| p.gap_after_ns = 0,
        |p: &mut QualityPolicy| p.absurd_band = f64::NAN,
    ] {
        let mut policy = QualityPolicy::default();
        spoil(&mut policy);
        assert!(Stage::new(policy).is_err());
    }
}

proptest! {
    /// Nothing that the stage remembers depends on where a stream was cut, but for the rows in doubt, which the band switches on.
    #[test]
    fn judging_in_parts_is_judging_at_once(rows in prop::collection::vec((0..20_i64, 0..4_u32, 990..1010_i64, 990..1012_i64), 1..80), cut in 1..80_usize) {
        let mut policy = keep_all();
        policy.absurd_band = f64::INFINITY;
        policy.gap_after_ns = 5 * SECOND_NS;
        let all: Vec<Quote> = rows
            .iter()
            .map(|&(s, id, bid, ask)| Quote { instrument: InstrumentId(id), ..quote(s, bid as f64 / 100.0, ask as f64 / 100.0) })
            .collect();
        let whole = flags_of(&policy, quotes(&all));
        let mut stage = Stage::new(policy).unwrap();
        let mut parts = Vec::new();
        for part in all.chunks(cut) {
            let mut batches = quotes(part);
            stage.check(&mut batches).unwrap();
            parts.extend(batches.quotes.flags);
        }
        prop_assert_eq!(parts, whole);
    }

    #[test]
    fn what_was_clean_stays_and_a_second_check_drops_nothing(prices in prop::collection::vec(prop_oneof![5 => 95..105_i64, 1 => 1..1000_i64, 1 => Just(0_i64)], 1..200)) {
        let rows: Vec<Trade> = prices.iter().enumerate().map(|(i, &p)| trade(i as i64, p as f64)).collect();
        let mut batches = trades(&rows);
        Stage::new(QualityPolicy::default()).unwrap().check(&mut batches).unwrap();
        let left = batches.trades.clone();
        prop_assert!(left.price.iter().all(|p| p.is_positive()));
        let dropped: u64 = Fault::ALL.iter().map(|&f| batches.report.dropped(f)).sum();
        prop_assert_eq!(left.len() as u64 + dropped, rows.len() as u64);
        Stage::new(QualityPolicy::default()).unwrap().check(&mut batches).unwrap();
        prop_assert_eq!(batches.trades.len(), left.len());
    }
}
