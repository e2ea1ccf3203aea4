//! Splits and dividends.

use crate::{Bench, limit, simple};
use serde_json::{Value, json};
use std::sync::Arc;
use tickwright_core::event::{ActionBatch, ActionKind, CorporateAction};
use tickwright_core::feeds::MarketData;
use tickwright_core::paper::MarketRows;
use tickwright_core::types::{Instruments, Price, Timestamp};

fn act(b: &mut Bench, kind: ActionKind) {
    let mut instruments = Instruments::default();
    let instrument = instruments.intern("AAPL").unwrap();
    let mut actions = ActionBatch::default();
    actions.push(CorporateAction { ts: Timestamp::from_nanos(b.now + 1_000), instrument, kind });
    let rows = MarketRows::new(Arc::new(MarketData { instruments, actions: vec![actions], ..MarketData::default() })).unwrap();
    b.venue.market(&rows, 0, 1).unwrap();
    b.now = b.venue.now().nanos();
}

fn equity(b: &mut Bench) -> Value {
    b.get("/account", "")["equity"].clone()
}

#[test]
fn a_split_leaves_equity_and_adjusts_positions_and_orders() {
    let mut b = Bench::open(&json!({}));
    b.order(&simple("AAPL", "buy", "10", "market"));
    let mut body = limit("AAPL", "buy", "10", "90");
    body["time_in_force"] = json!("gtc");
    let order = b.order(&body);
    let before = equity(&mut b);
    b.events();
    act(&mut b, ActionKind::Split { new_shares_per_old: 2.0 });
    assert_eq!(equity(&mut b), before);
    let position = b.get("/positions/AAPL", "");
    assert_eq!((&position["qty"], &position["avg_entry_price"]), (&json!("20"), &json!("50.01")));
    let order = b.again(&order);
    assert_eq!((&order["qty"], &order["limit_price"]), (&json!("20"), &json!("45")));
    assert_eq!(b.events(), ["restated"]);
    b.quote("AAPL", 44.9, 45.0, 500.0);
    assert_eq!(b.again(&order)["filled_qty"], "20");
    assert_eq!(b.get("/account/activities/SPLIT", "")[0]["qty"], "10");
    b.check_replay();
}

#[test]
fn a_dividend_is_paid_in_cash() {
    let mut b = Bench::open(&json!({}));
    b.order(&simple("AAPL", "buy", "10", "market"));
    let per_share = Price::from_f64(0.25).unwrap();
    act(&mut b, ActionKind::Dividend { per_share, reference: Price::from_f64(100.0).unwrap(), ratio: 0.9975 });
    let paid = b.get("/account/activities/DIV", "")[0].clone();
    assert_eq!((&paid["net_amount"], &paid["per_share_amount"], &paid["qty"]), (&json!("2.5"), &json!("0.25"), &json!("10")));
    assert_eq!(b.get("/account", "")["cash"], "99002.3");
    b.check_replay();
}
