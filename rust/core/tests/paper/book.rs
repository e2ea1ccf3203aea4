//! Orders matched with the data's book.

use crate::{Bench, at, limit, simple};
use serde_json::{Value, json};
use std::sync::Arc;
use tickwright_core::event::{BookAction, BookDelta, DeltaBatch, FLAG_LAST};
use tickwright_core::feeds::MarketData;
use tickwright_core::paper::MarketRows;
use tickwright_core::types::{Instruments, Price, Qty, Side, Timestamp};

fn levels(changes: &[(i64, Side, f64, f64)]) -> MarketRows {
    let mut instruments = Instruments::default();
    let instrument = instruments.intern("BTC/USD").unwrap();
    let mut deltas = DeltaBatch::default();
    for &(ts, side, price, size) in changes {
        let action = if size > 0.0 { BookAction::Add } else { BookAction::Delete };
        let (price, size) = (Price::from_f64(price).unwrap(), Qty::from_f64(size).unwrap());
        deltas.push(BookDelta { ts: Timestamp::from_nanos(ts), instrument, order: 0, action, side, price, size, flags: FLAG_LAST });
    }
    MarketRows::new(Arc::new(MarketData { instruments, deltas: vec![deltas], ..MarketData::default() })).unwrap()
}

#[test]
fn a_large_order_walks_the_levels_of_the_book() {
    let symbols = json!([{"symbol": "BTC/USD", "id": "00000000-0000-4000-8000-000000000003", "asset_class": "crypto", "data": ["book"]}]);
    let mut b = Bench::new(&json!({"matching": "book", "symbols": symbols, "fees": "alpaca"}));
    let t = at(0, 10, 0);
    let apply = |b: &mut Bench, changes: &[(i64, Side, f64, f64)]| {
        let rows = levels(changes);
        b.venue.market(&rows, 0, rows.len()).unwrap();
        b.now = b.venue.now().nanos();
    };
    apply(
        &mut b,
        &[
            (t, Side::Buy, 59_990.0, 1.0),
            (t + 1, Side::Sell, 60_000.0, 0.5),
            (t + 2, Side::Sell, 60_010.0, 0.5),
            (t + 3, Side::Sell, 60_100.0, 9.0),
        ],
    );
    let mut order = simple("BTC/USD", "buy", "0.75", "market");
    order["time_in_force"] = json!("gtc");
    let bought = b.order(&order);
    let filled = b.again(&bought);
    assert_eq!((&filled["status"], &filled["filled_avg_price"]), (&json!("filled"), &json!("60003.333333333")));
    assert_eq!(b.get("/positions/BTC%2FUSD", "")["qty"], "0.748125"); // 0.25 % of the coins is the fee
    let mut rests = limit("BTC/USD", "buy", "0.2", "59950");
    rests["time_in_force"] = json!("gtc");
    let rests = b.order(&rests);
    apply(&mut b, &[(t + 1_000, Side::Buy, 59_990.0, 0.0), (t + 1_001, Side::Sell, 59_940.0, 1.0)]);
    assert_eq!(b.again(&rests)["status"], "filled");
    let fees = b.get("/account/activities/CFEE", "");
    assert_eq!(fees.as_array().unwrap().len(), 3, "0.25 % of each fill: {fees}");
    assert_eq!(b.call(0, "DELETE", "/positions", "", &Value::Null).0, 207);
    b.check_replay();
}
