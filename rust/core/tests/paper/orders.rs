//! Orders one at a time.

use crate::{Bench, at, limit, simple};
use serde_json::{Value, json};

#[test]
fn a_market_order_is_pending_then_new_then_filled() {
    let mut b = Bench::open(&json!({}));
    let order = b.order(&simple("AAPL", "buy", "10", "market"));
    assert_eq!(order["status"], "pending_new");
    assert_eq!(b.events(), ["pending_new", "new", "fill"]);
    let filled = b.again(&order);
    assert_eq!((&filled["status"], &filled["filled_avg_price"], &filled["filled_qty"]), (&json!("filled"), &json!("100.02"), &json!("10")));
    let position = b.get("/positions/AAPL", "");
    assert_eq!((&position["qty"], &position["cost_basis"], &position["side"]), (&json!("10"), &json!("1000.2"), &json!("long")));
    let account = b.get("/account", "");
    assert_eq!(account["cash"], "98999.8");
    b.check_replay();
}

#[test]
fn a_limit_order_rests_until_the_market_comes_to_it() {
    let mut b = Bench::open(&json!({}));
    let order = b.order(&limit("AAPL", "buy", "10", "99.5"));
    assert_eq!(b.again(&order)["status"], "new");
    b.quote("AAPL", 99.6, 99.7, 100.0);
    assert_eq!(b.again(&order)["status"], "new");
    b.quote("AAPL", 99.4, 99.5, 4.0);
    assert_eq!(b.again(&order)["status"], "partially_filled");
    b.quote("AAPL", 99.4, 99.5, 100.0);
    assert_eq!(b.again(&order)["status"], "filled");
    assert_eq!(b.events(), ["pending_new", "new", "partial_fill", "fill"]);
    let fills = b.get("/account/activities/FILL", "direction=asc");
    let of = |key: &str| fills.as_array().unwrap().iter().map(|f| f[key].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(
        (of("qty"), of("cum_qty"), of("leaves_qty")),
        (vec!["4".to_owned(), "6".into()], vec!["4".into(), "10".into()], vec!["6".into(), "0".into()])
    );
    b.check_replay();
}

#[test]
fn an_order_outside_hours_is_accepted_and_works_from_the_open() {
    let mut b = Bench::new(&json!({}));
    b.market(&[(at(0, 9, 1), "AAPL", 100.0, 100.02, 500.0)]);
    let order = b.order(&simple("AAPL", "buy", "10", "market"));
    assert_eq!(order["status"], "accepted");
    b.quote("AAPL", 100.0, 100.02, 500.0);
    assert_eq!(b.again(&order)["status"], "accepted");
    b.go(at(0, 9, 30));
    assert_eq!(b.again(&order)["status"], "new");
    b.quote("AAPL", 100.0, 100.05, 500.0);
    assert_eq!(b.again(&order)["status"], "filled");
    assert_eq!(b.events(), ["accepted", "new", "fill"]);
    let late = b.order(&limit("AAPL", "buy", "1", "90"));
    b.go(at(0, 16, 1));
    assert_eq!(b.again(&late)["status"], "expired");
    b.check_replay();
}

#[test]
fn a_half_day_ends_at_its_own_close() {
    let mut b = Bench::new(&json!({}));
    b.go(at(2, 10, 0));
    let order = b.order(&limit("AAPL", "buy", "1", "90"));
    b.go(at(2, 12, 59));
    assert_eq!(b.again(&order)["status"], "new");
    b.go(at(2, 13, 1));
    assert_eq!(b.again(&order)["status"], "expired");
    b.check_replay();
}

#[test]
fn refusals_are_those_of_the_table() {
    let mut b = Bench::open(&json!({}));
    let mut check = |order: Value, status: u16, code: u64, begins: &str| {
        let found = b.refused(&order);
        assert_eq!((found.0, found.1), (status, code), "{order}: {}", found.2);
        assert!(found.2.starts_with(begins), "{order}: {}", found.2);
    };
    check(json!({}), 422, 40_010_001, "symbol is required");
    check(json!({"symbol": "AAPL"}), 422, 40_010_001, "qty or notional is required");
    let with = |key: &str, value: Value| {
        let mut order = limit("AAPL", "buy", "10", "100");
        order[key] = value;
        order
    };
    check(with("notional", json!("100")), 422, 40_010_001, "only one of qty or notional");
    check(with("side", json!("hold")), 422, 40_010_001, "invalid side");
    check(with("limit_price", json!("100.001")), 422, 42_210_000, "invalid limit_price 100.001. sub-penny");
    check(with("limit_price", Value::Null), 422, 40_010_001, "limit orders require limit price");
    check(with("symbol", json!("NONE")), 422, 42_210_000, "asset \"NONE\" not found");
    check(with("qty", json!("2000000")), 403, 40_310_000, "insufficient buying power");
    check(with("qty", json!("1.5")), 200, 0, "");
    let mut gtc = with("qty", json!("1.5"));
    gtc["time_in_force"] = json!("gtc");
    check(gtc, 422, 42_210_000, "fractional orders must be DAY");
    let mut extended = simple("AAPL", "buy", "1", "market");
    extended["extended_hours"] = json!(true);
    check(extended, 422, 42_210_000, "extended hours order must be DAY limit orders");
    check(
        json!({"symbol": "BTC/USD", "side": "buy", "qty": "0.1", "type": "market", "time_in_force": "day"}),
        422,
        42_210_000,
        "crypto orders",
    );
    check(
        json!({"symbol": "BTC/USD", "side": "sell", "qty": "0.1", "type": "market", "time_in_force": "gtc"}),
        403,
        40_310_000,
        "insufficient balance",
    );
}

#[test]
fn a_bracket_holds_its_legs_and_one_exit_cancels_the_other() {
    let mut b = Bench::open(&json!({}));
    let mut body = simple("AAPL", "buy", "10", "market");
    body["order_class"] = json!("bracket");
    body["take_profit"] = json!({"limit_price": "101"});
    body["stop_loss"] = json!({"stop_price": "99"});
    let order = b.order(&body);
    assert_eq!(order["legs"].as_array().unwrap().len(), 2);
    let legs = b.again(&order)["legs"].clone();
    assert_eq!((&legs[0]["status"], &legs[1]["status"]), (&json!("new"), &json!("new")));
    let position = b.get("/positions/AAPL", "");
    assert_eq!(position["qty_available"], "0");
    let refused = b.refused(&simple("AAPL", "sell", "1", "market"));
    assert_eq!((refused.0, refused.1), (403, 40_310_000));
    b.quote("AAPL", 101.2, 101.3, 500.0);
    let legs = b.again(&order)["legs"].clone();
    assert_eq!((&legs[0]["status"], &legs[1]["status"]), (&json!("filled"), &json!("canceled")));
    assert_eq!(b.get("/positions", ""), json!([]));
    b.check_replay();
}

#[test]
fn a_replaced_order_has_a_new_id_and_loses_its_race_to_a_fill() {
    let mut b = Bench::open(&json!({"latency_ns": 50_000_000}));
    let order = b.order(&limit("AAPL", "buy", "10", "99"));
    b.go(b.now + 100_000_000);
    let id = order["id"].as_str().unwrap().to_owned();
    let (status, new) = b.call(0, "PATCH", &format!("/orders/{id}"), "", &json!({"limit_price": "99.5"}));
    assert_eq!((status, &new["replaces"], &new["status"]), (200, &json!(id), &json!("pending_new")));
    assert_eq!(b.again(&order)["status"], "pending_replace");
    b.go(b.now + 100_000_000);
    let old = b.again(&order);
    assert_eq!((&old["status"], &old["replaced_by"]), (&json!("replaced"), &new["id"]));
    assert_eq!(b.again(&new)["status"], "new");
    let (_, newer) = b.call(0, "PATCH", &format!("/orders/{}", new["id"].as_str().unwrap()), "", &json!({"limit_price": "99.6"}));
    b.events();
    b.quote("AAPL", 99.3, 99.4, 100.0);
    b.go(b.now + 100_000_000);
    assert_eq!(b.again(&new)["status"], "filled");
    assert_eq!(b.again(&newer)["status"], "rejected");
    assert_eq!(b.events(), ["fill", "rejected", "order_replace_rejected"]);
    b.check_replay();
}

#[test]
fn positions_close_whole_in_part_and_all_together() {
    let mut b = Bench::open(&json!({}));
    b.order(&simple("AAPL", "buy", "10", "market"));
    b.order(&simple("MSFT", "sell", "8", "market"));
    let mut crypto = json!({"symbol": "BTC/USD", "side": "buy", "notional": "6001", "type": "market", "time_in_force": "gtc"});
    b.order(&crypto);
    crypto["side"] = json!("sell");
    assert_eq!(b.get("/positions/BTCUSD", "")["qty"], "0.1");
    let (status, order) = b.call(0, "DELETE", "/positions/AAPL", "percentage=50", &Value::Null);
    assert_eq!((status, &order["qty"]), (200, &json!("5")));
    assert_eq!(b.get("/positions/AAPL", "")["qty"], "5");
    assert_eq!(b.get("/positions/MSFT", "")["qty"], "-8");
    let (status, rows) = b.call(0, "DELETE", "/positions", "cancel_orders=true", &Value::Null);
    assert_eq!((status, rows.as_array().unwrap().len()), (207, 3));
    assert_eq!(b.get("/positions", ""), json!([]));
    assert_eq!(b.call(0, "GET", "/positions/AAPL", "", &Value::Null).0, 404);
    b.check_replay();
}

#[test]
fn an_opposite_order_of_the_same_account_is_a_wash_trade_and_of_another_is_not() {
    let mut b = Bench::open(&json!({}));
    b.order(&simple("AAPL", "buy", "10", "market"));
    let resting = b.order(&limit("AAPL", "sell", "5", "101"));
    let (status, body) = b.call(0, "POST", "/orders", "", &limit("AAPL", "buy", "5", "101"));
    assert_eq!((status, &body["code"], &body["existing_order_id"]), (403, &json!(40_310_000), &resting["id"]));
    assert_eq!(b.call(1, "POST", "/orders", "", &limit("AAPL", "buy", "5", "101")).0, 200);
    b.order(&limit("AAPL", "buy", "5", "99"));
}

#[test]
fn the_fourth_day_trade_below_25_000_dollars_is_refused() {
    let mut b = Bench::open(&json!({}));
    for _ in 0..3 {
        for side in ["buy", "sell"] {
            assert_eq!(b.call(1, "POST", "/orders", "", &simple("AAPL", side, "1", "market")).0, 200);
        }
    }
    assert_eq!(b.call(1, "POST", "/orders", "", &simple("AAPL", "buy", "1", "market")).0, 200);
    let (status, body) = b.call(1, "POST", "/orders", "", &simple("AAPL", "sell", "1", "market"));
    assert_eq!((status, &body["code"]), (403, &json!(40_310_100)));
    let (_, account) = b.call(1, "GET", "/account", "", &Value::Null);
    assert_eq!(account["daytrade_count"], 3);
}

#[test]
fn open_orders_hold_buying_power() {
    let mut b = Bench::open(&json!({}));
    let power = |b: &mut Bench| b.get("/account", "")["buying_power"].as_str().unwrap().parse::<f64>().unwrap();
    let before = power(&mut b);
    let order = b.order(&limit("AAPL", "buy", "100", "99"));
    assert_eq!(power(&mut b), before - 9_900.0);
    let id = order["id"].as_str().unwrap().to_owned();
    assert_eq!(b.call(0, "DELETE", &format!("/orders/{id}"), "", &Value::Null).0, 204);
    assert_eq!(power(&mut b), before);
    assert_eq!(b.call(0, "DELETE", &format!("/orders/{id}"), "", &Value::Null).0, 422);
    assert_eq!(b.call(1, "GET", &format!("/orders/{id}"), "", &Value::Null).0, 404, "an account sees its own orders alone");
}

#[test]
fn a_trailing_stop_follows_the_market_and_shows_where_it_is() {
    let mut b = Bench::open(&json!({}));
    b.order(&simple("AAPL", "buy", "10", "market"));
    let mut body = simple("AAPL", "sell", "10", "trailing_stop");
    body["trail_price"] = json!("1");
    b.market(&[(b.now + 1, "AAPL", 100.0, 0.0, 10.0)]);
    let order = b.order(&body);
    let now = b.again(&order);
    assert_eq!((&now["hwm"], &now["stop_price"]), (&json!("100"), &json!("99")));
    b.market(&[(b.now + 1, "AAPL", 102.0, 0.0, 10.0), (b.now + 2, "AAPL", 101.5, 0.0, 10.0)]);
    let now = b.again(&order);
    assert_eq!((&now["hwm"], &now["stop_price"]), (&json!("102"), &json!("101")));
    b.market(&[(b.now + 1, "AAPL", 100.9, 0.0, 10.0)]);
    assert_eq!(b.again(&order)["status"], "filled");
    b.check_replay();
}

#[test]
fn quotes_that_reach_no_order_leave_no_record() {
    let mut b = Bench::open(&json!({}));
    b.order(&limit("AAPL", "buy", "10", "90"));
    let before = b.venue.records();
    for i in 0..1_000 {
        b.quote("AAPL", 100.0 + f64::from(i % 7) / 100.0, 100.1, 50.0);
    }
    assert_eq!(b.venue.records(), before);
    b.get("/positions", "");
    b.check_replay();
}

#[test]
fn orders_for_an_auction_are_taken_until_shortly_before_it() {
    let mut b = Bench::new(&json!({}));
    let mut auction = simple("AAPL", "buy", "10", "market");
    auction["time_in_force"] = json!("opg");
    b.market(&[(at(0, 9, 1), "AAPL", 100.0, 100.02, 500.0)]);
    let order = b.order(&auction);
    assert_eq!(order["status"], "accepted");
    b.go(at(0, 9, 28));
    assert_eq!(b.refused(&auction).0, 422);
    b.market(&[(at(0, 9, 31), "AAPL", 101.5, 0.0, 300.0)]);
    assert_eq!(b.again(&order)["filled_avg_price"], "101.5");
    auction["time_in_force"] = json!("cls");
    auction["side"] = json!("sell");
    let order = b.order(&auction);
    b.go(at(0, 15, 50));
    assert_eq!(b.refused(&auction).0, 422);
    b.market(&[(at(0, 15, 59), "AAPL", 102.5, 0.0, 300.0)]);
    b.go(at(0, 16, 30));
    assert_eq!(b.again(&order)["filled_avg_price"], "102.5");
    b.check_replay();
}

#[test]
fn an_order_for_the_close_does_not_follow_the_quotes_of_the_day() {
    let mut b = Bench::open(&json!({}));
    let mut body = simple("AAPL", "buy", "10", "market");
    body["time_in_force"] = json!("cls");
    let order = b.order(&body);
    let before = b.venue.records();
    for i in 0..500 {
        b.quote("AAPL", 100.0 + f64::from(i % 5) / 100.0, 100.1, 50.0);
        b.market(&[(b.now + 1, "AAPL", 100.05, 0.0, 10.0)]);
    }
    assert_eq!(b.venue.records(), before);
    b.go(at(0, 16, 1));
    assert_eq!(b.again(&order)["filled_avg_price"], "100.05");
    b.check_replay();
}

#[test]
fn an_exit_may_shrink_and_move_but_not_grow() {
    let mut b = Bench::open(&json!({}));
    let mut body = simple("AAPL", "buy", "10", "market");
    body["order_class"] = json!("bracket");
    body["take_profit"] = json!({"limit_price": "101"});
    body["stop_loss"] = json!({"stop_price": "99"});
    let order = b.order(&body);
    let leg = b.again(&order)["legs"][0]["id"].as_str().unwrap().to_owned();
    let (status, refused) = b.call(0, "PATCH", &format!("/orders/{leg}"), "", &json!({"qty": "11"}));
    assert_eq!((status, &refused["code"]), (422, &json!(42_210_000)));
    let (status, new) = b.call(0, "PATCH", &format!("/orders/{leg}"), "", &json!({"limit_price": "101.5"}));
    assert_eq!((status, &new["order_class"]), (200, &json!("bracket")));
    let id = new["id"].as_str().unwrap().to_owned();
    assert_eq!(b.call(0, "DELETE", &format!("/orders/{id}"), "", &Value::Null).0, 204);
    let stop = b.again(&order)["legs"][1].clone();
    assert_eq!(stop["status"], "canceled", "canceling a replaced leg cancels the other");
    b.check_replay();
}
