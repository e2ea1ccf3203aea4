//! Accounts that trade with each other and with the street by price and time.

use crate::{Bench, limit, simple};
use serde_json::{Value, json};

fn exchange() -> Bench {
    Bench::open(&json!({"matching": "engine"}))
}

fn send(b: &mut Bench, account: u32, body: &Value) -> String {
    let (status, order) = b.call(account, "POST", "/orders", "", body);
    assert_eq!(status, 200, "{order}");
    order["id"].as_str().unwrap().to_owned()
}

fn show(b: &mut Bench, account: u32, id: &str) -> (String, String, String) {
    let (_, o) = b.call(account, "GET", &format!("/orders/{id}"), "", &Value::Null);
    let text = |key: &str| o[key].as_str().unwrap_or("").to_owned();
    (text("status"), text("filled_qty"), text("filled_avg_price"))
}

fn is(found: &(String, String, String), status: &str, qty: &str, price: &str) {
    assert_eq!((found.0.as_str(), found.1.as_str(), found.2.as_str()), (status, qty, price));
}

#[test]
fn two_accounts_meet_inside_the_spread() {
    let mut b = exchange();
    b.quote("AAPL", 100.0, 100.1, 500.0);
    let buyer = send(&mut b, 0, &limit("AAPL", "buy", "10", "100.05"));
    is(&show(&mut b, 0, &buyer), "new", "0", "");
    let seller = send(&mut b, 1, &simple("AAPL", "sell", "4", "market"));
    is(&show(&mut b, 1, &seller), "filled", "4", "100.05");
    is(&show(&mut b, 0, &buyer), "partially_filled", "4", "100.05");
    let seller = send(&mut b, 1, &limit("AAPL", "sell", "8", "100.02"));
    is(&show(&mut b, 0, &buyer), "filled", "10", "100.05");
    is(&show(&mut b, 1, &seller), "partially_filled", "6", "100.05");
    b.check_replay();
}

#[test]
fn of_two_at_a_price_the_first_trades_first_and_a_better_price_before_both() {
    let mut b = exchange();
    b.quote("AAPL", 100.0, 100.1, 500.0);
    let first = send(&mut b, 0, &limit("AAPL", "buy", "5", "100.05"));
    let second = send(&mut b, 1, &limit("AAPL", "buy", "5", "100.05"));
    let third = send(&mut b, 1, &limit("AAPL", "buy", "2", "100.06"));
    let seller = send(&mut b, 2, &limit("AAPL", "buy", "1", "100.07"));
    // The third account has too little to sell short: it takes its order back.
    assert_eq!(b.call(2, "DELETE", &format!("/orders/{seller}"), "", &Value::Null).0, 204);
    // A print through the prices takes eight shares.
    b.market(&[(b.now + 1_000, "AAPL", 100.01, 0.0, 8.0)]);
    is(&show(&mut b, 1, &third), "filled", "2", "100.06");
    is(&show(&mut b, 0, &first), "filled", "5", "100.05");
    is(&show(&mut b, 1, &second), "partially_filled", "1", "100.05");
    b.check_replay();
}

#[test]
fn the_street_stands_before_those_who_join_it_and_behind_those_who_better_it() {
    let mut b = exchange();
    b.quote("AAPL", 100.0, 100.1, 30.0);
    let joins = send(&mut b, 0, &limit("AAPL", "buy", "10", "100"));
    let seller = send(&mut b, 1, &simple("AAPL", "sell", "30", "market"));
    is(&show(&mut b, 1, &seller), "filled", "30", "100");
    is(&show(&mut b, 0, &joins), "new", "0", "");
    let seller = send(&mut b, 1, &simple("AAPL", "sell", "10", "market"));
    is(&show(&mut b, 0, &joins), "filled", "10", "100");
    is(&show(&mut b, 1, &seller), "filled", "10", "100");
    b.quote("AAPL", 100.0, 100.1, 30.0);
    let buyer = send(&mut b, 1, &simple("AAPL", "buy", "40", "market"));
    is(&show(&mut b, 1, &buyer), "partially_filled", "30", "100.1");
    b.quote("AAPL", 100.0, 100.2, 30.0);
    is(&show(&mut b, 1, &buyer), "filled", "40", "100.125");
    b.check_replay();
}

#[test]
fn a_bracket_works_on_the_exchange_as_elsewhere() {
    let mut b = exchange();
    let mut body = simple("AAPL", "buy", "10", "market");
    body["order_class"] = json!("bracket");
    body["take_profit"] = json!({"limit_price": "101"});
    body["stop_loss"] = json!({"stop_price": "99"});
    let order = b.order(&body);
    // Another account buys what the take-profit sells, in two parts.
    b.quote("AAPL", 100.9, 101.5, 500.0);
    let buyer = send(&mut b, 1, &limit("AAPL", "buy", "4", "101"));
    is(&show(&mut b, 1, &buyer), "filled", "4", "101");
    let legs = b.again(&order)["legs"].clone();
    assert_eq!((&legs[0]["filled_qty"], &legs[1]["qty"]), (&json!("4"), &json!("6")), "the stop-loss shrinks");
    b.quote("AAPL", 101.0, 101.5, 500.0);
    let legs = b.again(&order)["legs"].clone();
    assert_eq!((&legs[0]["status"], &legs[1]["status"]), (&json!("filled"), &json!("canceled")));
    b.check_replay();
}
