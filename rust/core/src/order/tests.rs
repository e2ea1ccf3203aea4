//! Single orders, requests, and what the broker takes.

use super::*;
use crate::types::{InstrumentId, Money, OrderId, Price, Qty, Side, StrategyId, Timestamp};

fn px(x: f64) -> Price {
    Price::from_f64(x).unwrap()
}

fn sh(n: i64) -> Qty {
    Qty::from_whole(n).unwrap()
}

fn market() -> OrderRequest {
    OrderRequest::market(InstrumentId(0), Side::Buy, sh(10))
}

fn limit(price: f64) -> OrderRequest {
    OrderRequest::limit(InstrumentId(0), Side::Buy, sh(10), px(price))
}

fn order(request: &OrderRequest) -> Order {
    Order::new(OrderId(1), StrategyId(0), request, Price::ZERO, Timestamp::MIN)
}

const NOW: Timestamp = Timestamp::MIN;

#[test]
fn an_order_is_small() {
    assert!(size_of::<Order>() <= 160, "{}", size_of::<Order>());
}

#[test]
fn a_fill_can_win_the_race_against_a_cancel() {
    let mut o = order(&market());
    o.apply(OrderEvent::New, NOW).unwrap();
    o.apply(OrderEvent::CancelRequested, NOW).unwrap();
    o.apply(OrderEvent::Filled { qty: sh(4), price: px(7.0) }, NOW).unwrap();
    assert_eq!(o.status(), OrderStatus::PendingCancel);
    o.apply(OrderEvent::Filled { qty: sh(6), price: px(9.0) }, NOW).unwrap();
    assert_eq!(o.status(), OrderStatus::Filled);
    assert_eq!(o.average_price(), Some(px(8.2)));
    assert!(o.apply(OrderEvent::Canceled, NOW).is_err());
}

#[test]
fn a_replace_loses_the_race_against_the_last_fill() {
    let mut o = order(&limit(10.0));
    o.apply(OrderEvent::New, NOW).unwrap();
    o.apply(OrderEvent::ReplaceRequested, NOW).unwrap();
    o.apply(OrderEvent::Filled { qty: sh(10), price: px(10.0) }, NOW).unwrap();
    assert_eq!(o.status(), OrderStatus::Filled);
    assert!(o.apply(OrderEvent::Replaced, NOW).is_err() && o.apply(OrderEvent::ReplaceRejected, NOW).is_err());
}

#[test]
fn a_denied_cancel_gives_back_the_status_that_was_there() {
    for (event, status) in [
        (OrderEvent::Held, OrderStatus::Held),
        (OrderEvent::Accepted, OrderStatus::Accepted),
        (OrderEvent::Suspended, OrderStatus::Suspended),
    ] {
        let mut o = order(&market());
        o.apply(event, NOW).unwrap();
        o.apply(OrderEvent::CancelRequested, NOW).unwrap();
        assert_eq!(o.status(), OrderStatus::PendingCancel);
        o.apply(OrderEvent::CancelRejected, NOW).unwrap();
        assert_eq!(o.status(), status);
    }
}

#[test]
fn a_restated_order_keeps_its_fills_and_cannot_shrink_below_them() {
    let mut o = order(&limit(10.0));
    o.apply(OrderEvent::New, NOW).unwrap();
    o.apply(OrderEvent::Filled { qty: sh(4), price: px(10.0) }, NOW).unwrap();
    let terms = |qty| OrderEvent::Restated(Restatement { qty, limit: Some(px(5.0)), stop: None, hwm: None });
    assert!(o.apply(terms(sh(4)), NOW).is_err(), "nothing would be left");
    o.apply(terms(sh(6)), NOW).unwrap();
    assert_eq!((o.remaining(), o.limit(), o.status()), (sh(2), Some(px(5.0)), OrderStatus::PartiallyFilled));
}

#[test]
fn every_status_has_a_name_of_its_own() {
    for status in OrderStatus::ALL {
        assert_eq!(OrderStatus::parse(status.as_str()), Some(status));
    }
    assert_eq!(OrderStatus::parse("nonsense"), None);
}

#[test]
fn a_trailing_stop_stays_behind_by_dollars_or_by_part() {
    let price = Trail::Price(px(1.5));
    assert_eq!((price.stop(px(100.0), Side::Sell), price.stop(px(100.0), Side::Buy)), (px(98.5), px(101.5)));
    let part = Trail::percent(2.5).unwrap();
    assert_eq!((part.stop(px(200.0), Side::Sell), part.stop(px(200.0), Side::Buy)), (px(195.0), px(205.0)));
    assert_eq!(price.stop(px(1.0), Side::Sell), Price::from_raw(1), "a stop is above zero");
    assert!([0.0, 100.0, -1.0, f64::NAN].iter().all(|&p| Trail::percent(p).is_err()));
}

#[test]
fn legs_take_the_ids_that_follow_and_know_each_other() {
    let request = OrderRequest {
        class: OrderClass::Bracket,
        take_profit: Some(px(12.0)),
        stop_loss: Some(StopLoss { stop: px(9.0), limit: Some(px(8.9)) }),
        ..limit(10.0)
    };
    let (parent, legs) = order(&request).with_legs(&request);
    let [profit, loss] = legs.map(Option::unwrap);
    assert_eq!(parent.legs(), [OrderId(2), OrderId(3)]);
    assert_eq!((profit.id, profit.parent, profit.legs()), (OrderId(2), OrderId(1), [OrderId(0), OrderId(3)]));
    assert_eq!((loss.id, loss.parent, loss.legs()), (OrderId(3), OrderId(1), [OrderId(2), OrderId(0)]));
    assert_eq!((profit.side, profit.kind, profit.limit()), (Side::Sell, OrderType::Limit, Some(px(12.0))));
    assert_eq!((loss.side, loss.kind, loss.stop(), loss.limit()), (Side::Sell, OrderType::StopLimit, Some(px(9.0)), Some(px(8.9))));
    assert!(parent.is_counted() && !profit.is_counted() && !loss.is_counted());
}

#[test]
fn client_ids_are_unique_and_found_again() {
    let mut orders = Orders::default();
    let client = orders.name_next("mine").unwrap();
    orders.add(order(&OrderRequest { client, ..market() })).unwrap();
    assert_eq!(orders.by_client_id("mine").map(|o| o.id), Some(OrderId(1)));
    assert_eq!(orders.client_id(orders.all().next().expect("one order")), Some("mine"));
    assert_eq!(orders.name_next("mine"), Err("client_order_id must be unique"));
    assert!(orders.name_next("").is_err() && orders.name_next(&"x".repeat(129)).is_err() && orders.name_next(&"x".repeat(128)).is_ok());
}

#[test]
fn orders_survive_the_round_trip_through_bytes() {
    let mut orders = Orders::default();
    let client = orders.name_next("mine").unwrap();
    orders
        .add(order(&OrderRequest { client, ..OrderRequest::trailing(InstrumentId(3), Side::Sell, sh(7), Trail::PartsPerBillion(5)) }))
        .unwrap();
    let bytes = postcard::to_stdvec(&orders).unwrap();
    assert_eq!(postcard::from_bytes::<Orders>(&bytes).unwrap(), orders);
}

/// What the broker's documentation allows, written as a table: type, then time in force, then what is said.
#[test]
fn every_pair_of_type_and_time_in_force_is_taken_or_refused_as_the_documentation_says() {
    use OrderType as K;
    use TimeInForce as T;
    let yes = "";
    let table = [
        (K::Market, [yes, yes, yes, yes, yes, yes]),
        (K::Limit, [yes, yes, yes, yes, yes, yes]),
        (K::Stop, [yes, yes, "a stop waits", "a stop waits", "opg and cls", "opg and cls"]),
        (K::StopLimit, [yes, yes, "a stop waits", "a stop waits", "opg and cls", "opg and cls"]),
        (K::TrailingStop, [yes, yes, "a trailing stop waits", "a trailing stop waits", "a trailing stop waits", "a trailing stop waits"]),
    ];
    for (kind, row) in table {
        for (tif, said) in [T::Day, T::Gtc, T::Ioc, T::Fok, T::Opg, T::Cls].into_iter().zip(row) {
            let request = OrderRequest {
                kind,
                tif,
                limit: kind.has_limit().then_some(px(10.0)),
                stop: kind.has_stop().then_some(px(10.0)),
                trail: (kind == K::TrailingStop).then_some(Trail::Price(px(1.0))),
                ..market()
            };
            let fault = request.fault();
            assert!(
                if said.is_empty() { fault.is_none() } else { fault.is_some_and(|f| f.starts_with(said)) },
                "{kind:?} {tif:?}: {fault:?}"
            );
        }
    }
}

#[test]
fn legs_on_the_wrong_side_and_classes_without_their_legs_are_refused() {
    let loss = |stop: f64| Some(StopLoss { stop: px(stop), limit: None });
    let bracket = |entry: OrderRequest, profit: f64, stop: f64| OrderRequest {
        class: OrderClass::Bracket,
        take_profit: Some(px(profit)),
        stop_loss: loss(stop),
        ..entry
    };
    let sell = OrderRequest { side: Side::Sell, ..market() };
    assert_eq!(bracket(market(), 11.0, 9.0).fault(), None);
    assert_eq!(bracket(sell, 9.0, 11.0).fault(), None);
    let refused = [
        (bracket(market(), 9.0, 11.0), "must be above stop_loss"),
        (bracket(market(), 9.0, 9.0), "must be above stop_loss"),
        (bracket(sell, 11.0, 9.0), "must be below stop_loss"),
        (OrderRequest { take_profit: None, ..bracket(market(), 11.0, 9.0) }, "use class oto"),
        (OrderRequest { class: OrderClass::Oto, ..bracket(market(), 11.0, 9.0) }, "use class bracket"),
        (OrderRequest { class: OrderClass::Oco, ..bracket(market(), 11.0, 9.0) }, "an oco is a limit order"),
        (OrderRequest { class: OrderClass::Simple, ..bracket(market(), 11.0, 9.0) }, "a simple order has no legs"),
        (OrderRequest { tif: TimeInForce::Ioc, ..bracket(market(), 11.0, 9.0) }, "use day or gtc"),
        (OrderRequest { extended_hours: true, ..bracket(limit(10.0), 11.0, 9.0) }, "leave extended_hours out"),
        (OrderRequest { notional: Some(Money::from_f64(9.0).unwrap()), ..bracket(market(), 11.0, 9.0) }, "give qty"),
        (bracket(market(), 11.0, 0.0), "prices of the legs"),
        (OrderRequest { extended_hours: true, ..market() }, "extended hours order must be DAY limit"),
        (OrderRequest { extended_hours: true, tif: TimeInForce::Gtc, ..limit(10.0) }, "extended hours order must be DAY limit"),
        (OrderRequest { trail: Some(Trail::Price(px(1.0))), ..market() }, "a trail price or percent belongs"),
        (OrderRequest { kind: OrderType::TrailingStop, ..market() }, "a trail price or percent belongs"),
    ];
    for (request, said) in refused {
        assert!(request.fault().is_some_and(|f| f.contains(said)), "{said}: {:?}", request.fault());
    }
    let oco = OrderRequest { class: OrderClass::Oco, stop_loss: loss(9.0), side: Side::Sell, ..limit(11.0) };
    assert_eq!(oco.fault(), None);
    assert_eq!(oco.stop_loss_leg().map(|l| (l.side, l.stop)), Some((Side::Sell, Some(px(9.0)))));
}

#[test]
fn the_broker_takes_fractions_and_crypto_by_its_own_rules() {
    let half = Qty::from_f64(0.5).unwrap();
    let fraction = OrderRequest { qty: half, ..limit(10.0) };
    let dollars = |n: f64| OrderRequest { notional: Some(Money::from_f64(n).unwrap()), qty: Qty::ZERO, ..market() };
    let cases = [
        (Asset::UsEquity, fraction, ""),
        (Asset::UsEquity, dollars(25.0), ""),
        (Asset::UsEquity, dollars(0.5), "at least 1 dollar"),
        (Asset::UsEquity, OrderRequest { tif: TimeInForce::Gtc, ..fraction }, "fractional orders must be DAY"),
        (Asset::UsEquity, OrderRequest { tif: TimeInForce::Ioc, ..dollars(5.0) }, "fractional orders must be DAY"),
        (
            Asset::UsEquity,
            OrderRequest { kind: OrderType::TrailingStop, trail: Some(Trail::Price(px(1.0))), limit: None, ..fraction },
            "fractional orders must be market",
        ),
        (Asset::UsEquity, limit(10.001), "sub-penny"),
        (Asset::UsEquity, limit(0.1234), ""),
        (Asset::UsEquity, limit(0.12345), "sub-penny"),
        (Asset::Crypto, OrderRequest { tif: TimeInForce::Gtc, ..fraction }, ""),
        (Asset::Crypto, fraction, "use gtc or ioc"),
        (
            Asset::Crypto,
            OrderRequest { kind: OrderType::Stop, limit: None, stop: Some(px(9.0)), tif: TimeInForce::Gtc, ..fraction },
            "crypto orders are",
        ),
        (Asset::Unrestricted, OrderRequest { tif: TimeInForce::Gtc, ..fraction }, ""),
    ];
    for (asset, request, said) in cases {
        let fault = request.broker_fault(asset);
        assert_eq!(request.fault(), None, "{request:?}");
        assert!(if said.is_empty() { fault.is_none() } else { fault.is_some_and(|f| f.contains(said)) }, "{asset:?} {said}: {fault:?}");
    }
}
