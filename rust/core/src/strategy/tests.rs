//! Signal graphs node by node, and rules run by run.

use super::*;
use crate::backtest::{BacktestConfig, BacktestResult, run};
use crate::book::TopOfBook;
use crate::engine::EngineConfig;
use crate::event::{Bar, BarBatch, MarketEvent, Quote, Trade, TradeBatch};
use crate::feeds::MarketData;
use crate::order::OrderStatus;
use crate::risk::RiskLimits;
use crate::types::{InstrumentId, MINUTE_NS, Price, Qty, SECOND_NS, Timestamp};
use proptest::prelude::*;

fn px(x: f64) -> Price {
    Price::from_f64(x).unwrap()
}

fn sh(n: i64) -> Qty {
    Qty::from_whole(n).unwrap()
}

fn node(op: &str, args: &[usize], params: &[f64]) -> NodeSpec {
    NodeSpec { op: op.to_owned(), args: args.to_vec(), params: params.to_vec() }
}

fn trade(price: f64, size: i64) -> MarketEvent {
    MarketEvent::Trade(Trade { price: px(price), size: sh(size), ..Trade::default() })
}

/// Values of the last node over prints at `prices`.
fn over(specs: &[NodeSpec], prices: &[f64]) -> Vec<f64> {
    let mut graph = Graph::compile(specs).unwrap();
    let top = TopOfBook::default();
    let evaluate = |&price: &f64| {
        graph.evaluate(&trade(price, 100), &top, 0.0);
        graph.value(specs.len() - 1)
    };
    prices.iter().map(evaluate).collect()
}

/// Equal, NaN being equal to NaN.
fn same(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a == b || (a.is_nan() && b.is_nan()))
}

const N: f64 = f64::NAN;

#[test]
fn arithmetic_and_comparisons_are_those_of_floats_and_nan_is_not_known() {
    for (op, expected) in [
        ("add", [N, 7.0, 5.0]),
        ("sub", [N, 1.0, -1.0]),
        ("mul", [N, 12.0, 6.0]),
        ("div", [N, 4.0 / 3.0, 2.0 / 3.0]),
        ("min", [N, 3.0, 2.0]),
        ("max", [N, 4.0, 3.0]),
        ("gt", [N, 1.0, 0.0]),
        ("lt", [N, 0.0, 1.0]),
        ("ge", [N, 1.0, 0.0]),
        ("le", [N, 0.0, 1.0]),
    ] {
        // The print before stands on the right: unknown at first, then 3, then 3.
        let specs = [
            node("source:price", &[], &[]),
            node("lag", &[0], &[1.0]),
            node("const", &[], &[3.0]),
            node("max", &[1, 2], &[]),
            node("min", &[3, 2], &[]),
            node(op, &[0, 4], &[]),
        ];
        let values = over(&specs, &[3.0, 4.0, 2.0]);
        assert!(same(&values, &expected), "{op}: {values:?}");
    }
    let zero = [node("source:price", &[], &[]), node("sub", &[0, 0], &[]), node("div", &[0, 1], &[])];
    assert!(over(&zero, &[5.0])[0].is_nan(), "a quotient by zero is not known");
}

#[test]
fn conditions_combine_and_an_unknown_one_does_not_hold() {
    let condition = |op: &str| {
        let specs = [
            node("source:price", &[], &[]),
            node("const", &[], &[2.0]),
            node("gt", &[0, 1], &[]),
            node("const", &[], &[4.0]),
            node("lt", &[0, 3], &[]),
            node(op, if op == "not" { &[2] } else { &[2, 4] }, &[]),
        ];
        over(&specs, &[1.0, 3.0, 5.0])
    };
    assert_eq!(condition("and"), [0.0, 1.0, 0.0]);
    assert_eq!(condition("or"), [1.0, 1.0, 1.0]);
    assert_eq!(condition("not"), [1.0, 0.0, 0.0]);
}

#[test]
fn a_crossing_is_a_change_of_side_and_a_touch_is_none() {
    let cross = |op| [node("source:price", &[], &[]), node("const", &[], &[10.0]), node(op, &[0, 1], &[])];
    let prices = [11.0, 9.0, 10.0, 9.0, 10.0, 11.0, 10.0, 12.0, 10.0, 8.0, 11.0];
    let above = [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0];
    let below = [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0];
    assert_eq!(over(&cross("cross_above"), &prices), above, "the first side is no crossing");
    assert_eq!(over(&cross("cross_below"), &prices), below);
}

#[test]
fn a_graph_that_cannot_be_is_refused_by_node() {
    let price = || node("source:price", &[], &[]);
    for (specs, part) in [
        (vec![node("emma", &[], &[])], "signal node 0 (emma): is no known operation"),
        (vec![node("source:colse", &[], &[])], "is no source; use open, high"),
        (vec![price(), node("ema", &[1], &[5.0])], "reads node 1, which does not come before it"),
        (vec![price(), node("ema", &[0], &[])], "takes 1 parameters and has 0"),
        (vec![price(), node("add", &[0], &[])], "takes 2 inputs and has 1"),
        (vec![price(), node("sma", &[0], &[0.0])], "period: 0 is out of range"),
        (vec![price(), node("sma", &[0], &[2.5])], "whole number"),
        (vec![price(), node("sma", &[0], &[f64::NAN])], "whole number"),
        (vec![price(), node("macd", &[0], &[3.0])], "takes 3 parameters and has 1"),
        (vec![price(), node("lag", &[0], &[1e9])], "whole number"),
    ] {
        let error = Graph::compile(&specs).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn sources_read_the_event_and_the_standing_quote() {
    let mut top = TopOfBook::default();
    let read = |name: &str, event: &MarketEvent, top: &TopOfBook| {
        let mut graph = Graph::compile(&[node(&format!("source:{name}"), &[], &[])]).unwrap();
        graph.evaluate(event, top, -5.0);
        graph.value(0)
    };
    let print = trade(10.0, 7);
    assert!(read("bid", &print, &top).is_nan() && read("mid", &print, &top).is_nan());
    top.apply_quote(&Quote { bid: px(9.0), ask: px(12.0), bid_size: sh(3), ask_size: sh(4), ..Quote::default() });
    let bar = Bar { open: px(1.0), high: px(4.0), low: px(0.5), close: px(2.0), volume: sh(9), ..Bar::default() };
    let row = |event: &MarketEvent| ["open", "high", "low", "close", "price", "volume"].map(|name| read(name, event, &top));
    assert_eq!(row(&print), [10.0, 10.0, 10.0, 10.0, 10.0, 7.0]);
    assert_eq!(row(&MarketEvent::Bar(bar)), [1.0, 4.0, 0.5, 2.0, 2.0, 9.0]);
    assert_eq!(
        ["bid", "ask", "mid", "bid_size", "ask_size", "position"].map(|name| read(name, &print, &top)),
        [9.0, 12.0, 10.5, 3.0, 4.0, -5.0]
    );
}

proptest! {
    /// Sharing a node among readers changes no value: a graph with every node doubled says the same.
    #[test]
    fn outputs_of_one_indicator_are_worked_out_once_and_agree(prices in prop::collection::vec(100_i64..200, 40..80)) {
        let prices: Vec<f64> = prices.iter().map(|p| *p as f64 / 10.0).collect();
        for ops in [["macd", "macd_signal", "macd_histogram"], ["bollinger_upper", "bollinger_middle", "bollinger_lower"]] {
            let params: &[f64] = if ops[0] == "macd" { &[3.0, 6.0, 4.0] } else { &[5.0, 2.0] };
            let together: Vec<NodeSpec> = std::iter::once(node("source:price", &[], &[])).chain(ops.iter().map(|op| node(op, &[0], params))).collect();
            for (i, op) in ops.iter().enumerate() {
                let alone = over(&[node("source:price", &[], &[]), node(op, &[0], params)], &prices);
                prop_assert!(same(&over(&together[..=i + 1], &prices), &alone), "{}", op);
            }
        }
    }
}

// --- rules -----------------------------------------------------------------------------------------------------------------

/// Minute bars that open where the one before closed.
fn minutes(closes: &[f64]) -> MarketData {
    let mut data = MarketData::default();
    data.instruments.intern("X").unwrap();
    let (mut bars, mut open) = (BarBatch::default(), closes[0]);
    for (i, &close) in closes.iter().enumerate() {
        let start = 1_381_152_600_000_000_000 + i as i64 * MINUTE_NS;
        let [start, ts] = [start, start + MINUTE_NS].map(Timestamp::from_nanos);
        let (high, low) = (px(open.max(close)), px(open.min(close)));
        bars.push(Bar {
            ts,
            start,
            instrument: InstrumentId(0),
            open: px(open),
            high,
            low,
            close: px(close),
            volume: sh(1_000_000),
            flags: 0,
        });
        open = close;
    }
    data.bars.push(bars);
    data
}

/// Long above 10, short below 8.
fn spec() -> RulesSpec {
    RulesSpec {
        name: "bands".to_owned(),
        symbols: None,
        on: Driver::Auto,
        bars: None,
        nodes: vec![
            node("source:close", &[], &[]),
            node("const", &[], &[10.0]),
            node("gt", &[0, 1], &[]),
            node("const", &[], &[8.0]),
            node("lt", &[0, 3], &[]),
            node("const", &[], &[9.0]),
            node("lt", &[0, 5], &[]),
        ],
        entry: Some(2),
        exit: Some(6),
        short_entry: None,
        short_exit: None,
        size: Size::Shares(sh(10)),
        stop_loss: None,
        take_profit: None,
        has: (true, false, false),
    }
}

fn go(spec: RulesSpec, closes: &[f64], limits: RiskLimits) -> BacktestResult {
    let config = BacktestConfig { engine: EngineConfig { limits, ..EngineConfig::default() }, ..BacktestConfig::default() };
    run(&minutes(closes), vec![Box::new(Rules::new(spec).unwrap())], &config, &mut |_, _, _| Ok(())).unwrap()
}

/// Shares bought or sold and the price of each fill.
fn fills(spec: RulesSpec, closes: &[f64]) -> Vec<(i64, f64)> {
    let result = go(spec, closes, RiskLimits::default());
    result.fills.iter().map(|f| (f.side.sign() * f.qty.raw() / crate::types::SCALE, f.price.to_f64())).collect()
}

#[test]
fn rules_enter_once_hold_and_leave_at_the_next_open() {
    assert_eq!(fills(spec(), &[9.5, 10.5, 11.0, 9.5, 8.9, 8.8, 8.7]), [(10, 10.5), (-10, 8.9)]);
}

#[test]
fn a_short_entry_turns_a_long_position_in_one_order() {
    let turning = RulesSpec { exit: None, short_entry: Some(4), short_exit: None, ..spec() };
    assert_eq!(fills(turning, &[10.5, 10.5, 7.5, 7.4, 10.6, 10.7]), [(10, 10.5), (-20, 7.5), (20, 10.6)]);
}

#[test]
fn a_stop_loss_and_a_take_profit_leave_at_their_distance_from_the_entry() {
    // In at 11; 5 % down is 10.45, 10 % up is 12.1. The condition to enter still holds, so it goes in again.
    let stopped = RulesSpec { exit: None, stop_loss: Some(0.05), ..spec() };
    assert_eq!(fills(stopped, &[11.0, 11.0, 10.46, 10.45, 9.9, 9.9]), [(10, 11.0), (-10, 10.45)]);
    let taken = RulesSpec { exit: None, take_profit: Some(0.1), ..spec() };
    assert_eq!(fills(taken, &[11.0, 11.0, 12.09, 12.11, 9.9, 9.9]), [(10, 11.0), (-10, 12.11)]);
    let short = RulesSpec { entry: None, exit: None, short_entry: Some(4), stop_loss: Some(0.05), ..spec() };
    assert_eq!(fills(short, &[7.0, 7.0, 7.34, 7.36, 9.0, 9.0]), [(-10, 7.0), (10, 7.36)]);
}

#[test]
fn sizes_are_whole_shares_of_the_equity_or_the_dollars_asked_for() {
    for (size, shares) in [(Size::Fraction(0.2), 1_904), (Size::Notional(1_000.0), 95), (Size::Shares(sh(3)), 3)] {
        // The decision is at 10.5 with 100,000 dollars.
        assert_eq!(fills(RulesSpec { size, ..spec() }, &[10.5, 10.6, 10.7]), [(shares, 10.5)], "{size:?}");
    }
    assert!(fills(RulesSpec { size: Size::Notional(5.0), ..spec() }, &[10.5, 10.6, 10.7]).is_empty(), "less than a share");
}

#[test]
fn a_refused_entry_is_tried_again_only_after_its_condition_has_ended() {
    let limits = RiskLimits { max_order_notional: Some(crate::types::Money::from_f64(108.0).unwrap()), ..RiskLimits::default() };
    let result = go(spec(), &[11.0, 11.0, 11.0, 10.5, 9.5, 10.6, 10.7, 10.7], limits);
    let statuses: Vec<OrderStatus> = result.orders.iter().map(crate::order::Order::status).collect();
    assert_eq!(statuses, [OrderStatus::Refused, OrderStatus::Filled], "not at 10.50, where the same condition still held");
    assert_eq!(result.fills[0].price, px(10.6));
}

#[test]
fn a_refused_exit_is_tried_again_once_a_minute() {
    let mut data = MarketData::default();
    let instrument = data.instruments.intern("X").unwrap();
    let mut trades = TradeBatch::default();
    // In at 11, then a fall that halts the engine; 180 seconds in which the condition to leave holds.
    for second in 0..183 {
        let price = px(if second < 3 { 11.0 } else { 5.0 });
        trades.push(Trade { ts: Timestamp::from_nanos(second * SECOND_NS), instrument, price, size: sh(1_000), flags: 0 });
    }
    data.trades.push(trades);
    let limits = RiskLimits { max_drawdown: Some(0.0001), ..RiskLimits::default() };
    let config = BacktestConfig { engine: EngineConfig { limits, ..EngineConfig::default() }, ..BacktestConfig::default() };
    let rules = Rules::new(RulesSpec { on: Driver::Trades, has: (false, false, true), ..spec() }).unwrap();
    let result = run(&data, vec![Box::new(rules)], &config, &mut |_, _, _| Ok(())).unwrap();
    assert_eq!((result.fills.len(), result.refusals.len()), (1, 3));
}

#[test]
fn rules_that_would_never_run_are_refused() {
    let error = |spec: RulesSpec| Rules::new(spec).unwrap_err().to_string();
    assert!(error(RulesSpec { on: Driver::Trades, ..spec() }).contains("never be evaluated"));
    assert!(error(RulesSpec { entry: Some(99), ..spec() }).starts_with("entry: is not a node"));
    let unknown = Rules::new(RulesSpec { symbols: Some(vec!["Y".to_owned()]), ..spec() }).unwrap();
    let outcome = run(&minutes(&[9.0, 9.0]), vec![Box::new(unknown)], &BacktestConfig::default(), &mut |_, _, _| Ok(()));
    assert!(outcome.unwrap_err().to_string().contains("\"Y\" is not in the data, which hold X"));
}
