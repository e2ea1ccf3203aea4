//! Corporate actions, price bands, and what the broker changed by itself.

use super::*;
use crate::event::{ActionBatch, ActionKind, CorporateAction};
use crate::feeds::MarketData;

fn actions(rows: &[(i64, ActionKind)]) -> MarketData {
    let mut data = MarketData::default();
    let instrument = data.instruments.intern("BAC").unwrap();
    let mut batch = ActionBatch::default();
    for &(second, kind) in rows {
        batch.push(CorporateAction { ts: at(second), instrument, kind });
    }
    data.actions.push(batch);
    data
}

fn split(ratio: f64) -> ActionKind {
    ActionKind::Split { new_shares_per_old: ratio }
}

fn dividend(dollars: &str) -> ActionKind {
    ActionKind::Dividend { per_share: price(dollars), reference: Price::ZERO, ratio: 1.0 }
}

/// A node that holds 100 shares bought at 10.
fn holder() -> Bench {
    let mut bench = bench(&[Act::Submit(limit(Side::Buy, 100, "10.01"), None)]);
    bench.quote();
    bench.fill(&order("u-1", "tw-abababababab-1"), 100, 100, "10");
    bench
}

#[test]
fn announced_actions_take_effect_at_their_time_and_once_through_a_restart() {
    let all = actions(&[(3, split(4.0)), (3, dividend("0.25"))]);
    let mut bench = holder();
    assert_eq!(bench.node.announce(&all, at(1), at(1)).unwrap(), 2);
    assert_eq!(bench.node.next_wake(), at(3));
    bench.quote();
    assert_eq!(bench.position(), "100");
    bench.quote(); // at second 3: the split and the dividend come before it
    assert_eq!(bench.position(), "400");
    let cash = bench.node.engine().ledger().cash();
    assert_eq!(cash.to_string(), "999100"); // 1,000,000 - 100 × 10 + 400 × 0.25
    assert_eq!(bench.node.announce(&all, at(9), at(9)).unwrap(), 0);
    let (mut bench, _) = bench.restart();
    assert_eq!(bench.position(), "400");
    assert_eq!(bench.node.announce(&all, at(9), at(9)).unwrap(), 0);
    assert_eq!(bench.node.engine().ledger().cash(), cash);
}

#[test]
fn an_action_that_came_due_while_the_node_was_away_takes_effect_when_it_is_announced() {
    let mut held = holder();
    held.requests();
    let (mut bench, _) = held.restart();
    assert_eq!(bench.node.announce(&actions(&[(60, split(0.1)), (90, split(2.0))]), at(70), at(70)).unwrap(), 1);
    assert_eq!(bench.position(), "10");
    bench.node.wake(at(90)).unwrap();
    assert_eq!(bench.position(), "20");
}

#[test]
fn a_crash_at_any_moment_leaves_each_action_booked_once() {
    let all = actions(&[(3, split(4.0)), (3, dividend("0.25")), (5, split(0.5))]);
    for quotes in 0..5 {
        for is_durable in [false, true] {
            let mut bench = holder();
            bench.requests();
            bench.node.announce(&all, at(1), at(1)).unwrap();
            for _ in 0..quotes {
                let second = bench.second + 1;
                let frame = format!(r#"[{{"T":"q","S":"BAC","bp":9.99,"bs":5,"ap":10.01,"as":5,"t":"{}"}}]"#, at(second));
                bench.node.on_frame(frame.as_bytes(), at(second)).unwrap();
                bench.second = second;
            }
            if is_durable {
                bench.requests();
            }
            let (mut bench, _) = bench.restart();
            bench.node.announce(&all, at(9), at(9)).unwrap();
            let cash = bench.node.engine().ledger().cash().to_string();
            assert_eq!((bench.position(), cash), ("200".to_owned(), "999100".to_owned()), "{quotes} quotes, durable: {is_durable}");
            assert!(bench.node.engine().ledger().is_balanced());
        }
    }
}

#[test]
fn an_action_that_cannot_be_booked_is_refused_before_it_is_an_input() {
    let mut bench = holder();
    for impossible in [split(std::f64::consts::PI), split(0.0), dividend("0")] {
        let error = bench.node.announce(&actions(&[(2, impossible)]), at(9), at(9)).unwrap_err().to_string();
        assert!(error.contains("corporate action of BAC"), "{error}");
    }
    assert!(bench.node.session().broken().is_none());
    bench.quote();
    assert_eq!(bench.position(), "100");
}

#[test]
fn bands_refuse_what_lies_beyond_them_for_the_day_of_their_message() {
    let buy = Act::Submit(limit(Side::Buy, 1, "10.5"), None);
    let mut bench = bench(&[buy.clone(), buy.clone(), buy]);
    let band = |upper: &str, second: i64| format!(r#"[{{"T":"l","S":"BAC","u":{upper},"d":9.5,"i":"B","t":"{}","z":"A"}}]"#, at(second));
    bench.node.on_frame(band("10.4", 0).as_bytes(), at(0)).unwrap();
    assert!(bench.quote().is_empty());
    bench.node.on_frame(band("10.6", 1).as_bytes(), at(1)).unwrap();
    assert_eq!(bench.quote().len(), 1);
    bench.node.on_frame(band("10.4", 3).as_bytes(), at(3)).unwrap();
    bench.second += 20 * 3_600;
    assert_eq!(bench.quote().len(), 1);
    let refused: Vec<_> = bench.node.engine().risk().counters().refused().map(|(code, _, n)| (code.as_str(), n)).collect();
    assert_eq!(refused, [("LULD", 1)]);
    let (bench, _) = bench.restart();
    assert_eq!(bench.node.engine().orders().len(), 3);
}

#[test]
fn terms_that_the_broker_changed_while_nobody_listened_are_taken_over() {
    let resting = OrderRequest { tif: TimeInForce::Gtc, ..limit(Side::Buy, 10, "8.00") };
    let mut bench = bench(&[Act::Submit(resting, None)]);
    bench.quote();
    let mut record = order("u-1", "tw-abababababab-1");
    (record["qty"], record["limit_price"]) = ("10".into(), "8".into());
    bench.settle(&record);
    let (mut bench, _) = bench.restart();
    (record["qty"], record["limit_price"]) = ("40".into(), "2".into());
    bench.settle(&record);
    let ours = *bench.node.engine().orders().get(OrderId(1)).unwrap();
    assert_eq!((ours.qty.to_string(), ours.limit().unwrap().to_string(), ours.status().as_str()), ("40".into(), "2".into(), "new"));
    assert_eq!(bench.node.engine().report_faults().1, 0);
}

#[test]
fn a_halt_lasts_until_trading_is_said_to_go_on() {
    let buy = Act::Submit(limit(Side::Buy, 1, "10"), None);
    let mut bench = bench(&[buy.clone(), buy.clone(), buy.clone(), buy]);
    let status =
        |code: &str, second: i64| format!(r#"[{{"T":"s","S":"BAC","sc":"{code}","sm":"","rc":"","rm":"","t":"{}","z":"A"}}]"#, at(second));
    let mut sent = Vec::new();
    for (second, code) in [(0, "2"), (1, "9"), (2, "3"), (3, "9")] {
        bench.node.on_frame(status(code, second).as_bytes(), at(second)).unwrap();
        sent.push(bench.quote().len());
    }
    assert_eq!(sent, [0, 0, 1, 1]);
    let refused: Vec<_> = bench.node.engine().risk().counters().refused().map(|(code, _, n)| (code.as_str(), n)).collect();
    assert_eq!(refused, [("HALTED", 2)]);
}
