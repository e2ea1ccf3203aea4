//! Tables to market data: every fault is found, counted once, named by its row, and treated as the policy says.

use proptest::prelude::*;
use tickwright_core::event::FLAG_CROSSED;
use tickwright_core::feeds::table::{self, BarColumns, Extras, Frame, Numbers, QuoteColumns, Symbols, TradeColumns};
use tickwright_core::feeds::{Fault, MarketData, Policy, QualityPolicy};
use tickwright_core::types::{Price, Result, SCALE, Timestamp};

fn frame<'a>(ts: &'a [i64], names: &'a [String]) -> Frame<'a> {
    Frame { place: "test.csv", ts, symbols: Symbols { names, codes: None }, recv: None, flags: None, extras: Extras::default() }
}

fn one(symbol: &str) -> Vec<String> {
    vec![symbol.to_owned()]
}

fn quotes(rows: &[(f64, f64)], policy: &QualityPolicy) -> Result<MarketData> {
    let ts: Vec<i64> = (1..=rows.len() as i64).collect();
    let (bid, ask): (Vec<f64>, Vec<f64>) = rows.iter().copied().unzip();
    let size = vec![100.0; rows.len()];
    let (bid_size, ask_size) = (Numbers::Floats(&size), Numbers::Floats(&size));
    table::quotes(
        &frame(&ts, &one("BAC")),
        &QuoteColumns { bid: Numbers::Floats(&bid), ask: Numbers::Floats(&ask), bid_size, ask_size },
        policy,
    )
}

fn trades_at(ts: &[i64], prices: &[f64], policy: &QualityPolicy) -> Result<MarketData> {
    let size = vec![1.0; ts.len()];
    table::trades(&frame(ts, &one("BAC")), &TradeColumns { price: Numbers::Floats(prices), size: Numbers::Floats(&size) }, policy)
}

fn counts(data: &MarketData) -> Vec<(&'static str, u64, u64)> {
    let r = &data.report;
    Fault::ALL.iter().filter(|&&f| r.found(f) > 0).map(|&f| (f.as_str(), r.found(f), r.dropped(f))).collect()
}

#[test]
fn each_fault_of_a_quote_is_found_once_and_named_by_its_row() {
    let rows = [(10.0, 10.1), (f64::NAN, 10.1), (10.0, 0.0), (-1.0, 10.1), (10.2, 10.1), (10.1, 10.1), (10.0, 190.0), (1e12, 10.1)];
    let data = quotes(&rows, &QualityPolicy::default()).unwrap();
    let expected = [("zero_price", 1, 1), ("negative", 1, 1), ("not_finite", 1, 1), ("crossed", 1, 1), ("locked", 1, 0), ("absurd", 2, 2)];
    assert_eq!(counts(&data), expected);
    assert_eq!((data.report.rows, data.report.events, data.quotes[0].len()), (8, 2, 2));
    assert_eq!(data.report.first(Fault::Crossed), Some("test.csv: row 5 (symbol BAC): ask 10.10 below bid 10.20"));
    assert_eq!(data.report.first(Fault::ZeroPrice), Some("test.csv: row 3 (symbol BAC): bid 10.00, ask 0.00: a side is zero"));
}

#[test]
fn a_crossed_quote_is_kept_flagged_or_refused_as_the_policy_says() {
    let mut policy = QualityPolicy::default();
    policy.set(Fault::Crossed, Policy::Keep);
    let data = quotes(&[(10.0, 10.1), (10.3, 10.1)], &policy).unwrap();
    assert_eq!(data.quotes[0].flags, [0, FLAG_CROSSED]);
    policy.set(Fault::Crossed, Policy::Fail);
    let error = quotes(&[(10.0, 10.1), (10.3, 10.1)], &policy).unwrap_err().to_string();
    assert!(error.contains("row 2 (symbol BAC): ask 10.10 below bid 10.30") && error.contains("\"drop\""), "{error}");
}

#[test]
fn the_absurd_band_is_wide_or_off_as_the_policy_says() {
    let mut policy = QualityPolicy::default();
    policy.absurd_band = 20.0;
    assert_eq!(quotes(&[(10.0, 10.1), (10.0, 190.0)], &policy).unwrap().len(), 2);
    policy.absurd_band = f64::INFINITY;
    assert_eq!(quotes(&[(10.0, 10.1), (10.0, 1e9)], &policy).unwrap().len(), 2);
    for bad in [0.0, -1.0, f64::NAN] {
        policy.absurd_band = bad;
        assert!(quotes(&[(10.0, 10.1)], &policy).unwrap_err().to_string().starts_with("policy.absurd_band"));
    }
}

#[test]
fn rows_that_hold_no_value_cannot_be_kept() {
    for fault in [Fault::NotFinite, Fault::Malformed] {
        let mut policy = QualityPolicy::default();
        policy.set(fault, Policy::Keep);
        assert!(quotes(&[(10.0, 10.1)], &policy).unwrap_err().to_string().contains("cannot be \"keep\""));
    }
    let mut policy = QualityPolicy::default();
    policy.set(Fault::Absurd, Policy::Keep);
    assert!(quotes(&[(1.0, 1e12)], &policy).unwrap_err().to_string().contains("row 1 (symbol BAC): ask is 1000000000000"));
}

#[test]
fn out_of_order_rows_are_sorted_dropped_or_refused() {
    let (ts, prices) = ([3, 1, 2, 2], [10.3, 10.1, 10.2, 10.2]);
    let mut policy = QualityPolicy::default();
    let data = trades_at(&ts, &prices, &policy).unwrap();
    assert_eq!(data.trades[0].ts, [1, 2, 2, 3].map(Timestamp::from_nanos));
    assert_eq!(counts(&data), [("out_of_order", 1, 0), ("duplicate", 1, 0)]);
    policy.set(Fault::OutOfOrder, Policy::Drop);
    policy.set(Fault::Duplicate, Policy::Drop);
    let data = trades_at(&ts, &prices, &policy).unwrap();
    assert_eq!((data.trades[0].len(), counts(&data)), (1, vec![("out_of_order", 3, 3)]));
    policy.set(Fault::OutOfOrder, Policy::Fail);
    assert!(trades_at(&ts, &prices, &policy).unwrap_err().to_string().contains("row 2"));
}

#[test]
fn order_is_that_of_each_instrument() {
    let names = ["A".to_owned(), "B".to_owned()];
    let (price, size) = ([1.0; 4], [1.0; 4]);
    let f = Frame { symbols: Symbols { names: &names, codes: Some(&[1, 1, 0, 0]) }, ..frame(&[1, 2, 1, 2], &[]) };
    let columns = TradeColumns { price: Numbers::Floats(&price), size: Numbers::Floats(&size) };
    let data = table::trades(&f, &columns, &QualityPolicy::default()).unwrap();
    assert!(counts(&data).is_empty());
    assert_eq!(data.instruments.symbols(), ["B", "A"], "in order of first sight");
    assert_eq!(data.trades[0].instrument.iter().map(|id| id.0).collect::<Vec<_>>(), [0, 1, 0, 1]);
}

#[test]
fn a_row_without_time_or_symbol_is_malformed() {
    let names = ["A".to_owned(), "B C".to_owned()];
    let (price, size) = ([1.0; 4], [1.0; 4]);
    let f = Frame { symbols: Symbols { names: &names, codes: Some(&[0, -1, 1, 7]) }, ..frame(&[i64::MIN, 2, 3, 4], &[]) };
    let mut policy = QualityPolicy::default();
    let columns = TradeColumns { price: Numbers::Floats(&price), size: Numbers::Floats(&size) };
    assert!(table::trades(&f, &columns, &policy).unwrap_err().to_string().contains("row 1 (symbol A): has no time"));
    policy.set(Fault::Malformed, Policy::Drop);
    let data = table::trades(&f, &columns, &policy).unwrap();
    assert_eq!((data.len(), counts(&data)), (0, vec![("malformed", 4, 4)]));
}

#[test]
fn a_bar_must_hold_its_own_prices_and_end_after_it_starts() {
    let rows = [
        (0, [10.0, 11.0, 9.0, 10.5]),
        (1, [10.0, 9.0, 11.0, 10.0]),
        (2, [8.0, 11.0, 9.0, 10.0]),
        (9, [10.0, 11.0, 9.0, 10.0]),
        (4, [0.0, 11.0, 0.0, 10.0]),
    ];
    let ts = [1, 2, 3, 4, 5];
    let start: Vec<i64> = rows.iter().map(|r| r.0).collect();
    let column = |k: usize| rows.iter().map(|r| r.1[k]).collect::<Vec<f64>>();
    let (open, high, low, close, volume) = (column(0), column(1), column(2), column(3), [0.0; 5]);
    let columns = BarColumns {
        start: &start,
        open: Numbers::Floats(&open),
        high: Numbers::Floats(&high),
        low: Numbers::Floats(&low),
        close: Numbers::Floats(&close),
        volume: Numbers::Floats(&volume),
    };
    let data = table::bars(&frame(&ts, &one("SPY")), &columns, &QualityPolicy::default()).unwrap();
    assert_eq!(counts(&data), [("zero_price", 1, 1), ("bad_bar", 3, 3)]);
    let error = table::bars(&frame(&ts[..4], &one("SPY")), &columns, &QualityPolicy::default()).unwrap_err().to_string();
    assert!(error.contains("column open: has 5 rows where ts has 4"), "{error}");
}

#[test]
fn empty_input_is_refused() {
    assert!(quotes(&[], &QualityPolicy::default()).unwrap_err().to_string().contains("holds no rows"));
}

#[test]
fn a_part_is_chosen_by_symbol_and_time() {
    let names = ["A".to_owned(), "B".to_owned()];
    let (price, size, recv) = ([SCALE; 4], [SCALE; 4], [11, 12, 13, 14]);
    let f = Frame { symbols: Symbols { names: &names, codes: Some(&[0, 1, 0, 1]) }, recv: Some(&recv), ..frame(&[1, 2, 3, 4], &[]) };
    let data =
        table::trades(&f, &TradeColumns { price: Numbers::Raw(&price), size: Numbers::Raw(&size) }, &QualityPolicy::default()).unwrap();
    let part = data.select(Some(&one("B")), Timestamp::from_nanos(2), Timestamp::from_nanos(4)).unwrap();
    assert_eq!((part.instruments.symbols(), part.trades[0].len(), part.report.events), (&one("B")[..], 1, 1));
    assert_eq!(part.trades[0].recv, [Timestamp::from_nanos(12)]);
    let error = data.select(Some(&one("C")), Timestamp::MIN, Timestamp::MAX).unwrap_err().to_string();
    assert_eq!(error, "symbol C: is not in the data, which holds A, B");
}

proptest! {
    #[test]
    fn every_row_is_either_given_out_or_counted_as_dropped(
        rows in prop::collection::vec((prop_oneof![5 => 9.0..11.0_f64, 1 => Just(0.0), 1 => Just(f64::NAN), 1 => -5.0..500.0], 9.0..11.0_f64), 1..100),
    ) {
        let data = quotes(&rows, &QualityPolicy::default()).unwrap();
        let dropped: u64 = Fault::ALL.iter().map(|&f| data.report.dropped(f)).sum();
        prop_assert_eq!(data.report.events + dropped, rows.len() as u64);
        let batch = &data.quotes[0];
        prop_assert!((0..batch.len()).all(|i| batch.bid[i] <= batch.ask[i] && batch.bid[i] > Price::ZERO));
    }

    #[test]
    fn merging_keeps_every_row_in_order_of_time(a in prop::collection::vec(0..1000_i64, 1..50), b in prop::collection::vec(0..1000_i64, 1..50)) {
        let read = |ts: &[i64]| trades_at(ts, &vec![10.0; ts.len()], &QualityPolicy::default()).unwrap();
        let mut all = read(&a);
        all.absorb(read(&b)).unwrap();
        let merged = all.merged_trades();
        let mut expected: Vec<i64> = a.iter().chain(&b).copied().collect();
        expected.sort_unstable();
        prop_assert_eq!(merged.ts.iter().map(|t| t.nanos()).collect::<Vec<_>>(), expected);
    }
}
