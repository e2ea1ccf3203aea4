//! Hand-worked examples of the orders that are more than one price: trailing stops, legs, auctions, sessions, halts, dollars.

use super::tests::{BARS, Floor, I, QUOTES, TICKS, TRADES, at, limit, market, px, sh, stop, tif, utc};
use super::*;
use crate::event::{ActionKind, CorporateAction, FLAG_CLOSING, FLAG_NO_LAST, FLAG_OPENING, Status, Trade};
use crate::order::{OrderRequest, OrderType, StopLoss, TimeInForce, Trail};
use crate::types::{Money, Side};
use Side::{Buy, Sell};
use TimeInForce::{Cls, Gtc, Opg};

fn bracket(entry: OrderRequest, profit: f64, loss: f64) -> OrderRequest {
    let stop_loss = Some(StopLoss { stop: px(loss), limit: None });
    OrderRequest { class: OrderClass::Bracket, take_profit: Some(px(profit)), stop_loss, ..entry }
}

fn sessions() -> VenueConfig {
    VenueConfig { sessions: Sessions::UsEquity, ..VenueConfig::default() }
}

// --- trailing stops ------------------------------------------------------------------------------------------------------

#[test]
fn a_trailing_stop_follows_the_best_print_and_never_goes_back() {
    let mut f = Floor::new(TICKS);
    f.quote(0, 9.99, 10.01, 500);
    f.trade(0, 10.0, 100);
    f.send(&OrderRequest::trailing(I, Sell, sh(100), Trail::Price(px(0.5))), 1);
    for (ts, price) in [(2, 10.4), (3, 10.2), (4, 11.0), (5, 10.6)] {
        f.trade(ts, price, 100);
    }
    assert_eq!(f.told(), [""; 0]);
    assert_eq!(f.venue.trailing().map(|(_, t)| (t.stop, t.hwm)).collect::<Vec<_>>(), [(Some(px(10.5)), Some(px(11.0)))]);
    f.trade(6, 10.5, 100);
    assert_eq!(f.told(), ["1 restated to 100 stop 10.5 best 11", "1 100@9.99 taker"]);
}

#[test]
fn a_buy_that_trails_by_part_follows_the_lowest_ask() {
    let mut f = Floor::new(QUOTES);
    f.quote(0, 99.9, 100.0, 500);
    f.send(&OrderRequest::trailing(I, Buy, sh(10), Trail::percent(1.0).unwrap()), 1);
    f.quote(2, 89.9, 90.0, 500);
    f.quote(3, 90.7, 90.8, 500);
    assert_eq!(f.told(), [""; 0]);
    f.quote(4, 90.8, 90.9, 500);
    assert_eq!(f.told(), ["1 restated to 10 stop 90.9 best 90", "1 10@90.9 taker"]);
}

#[test]
fn a_bar_takes_its_low_to_come_before_its_high() {
    let mut f = Floor::new(BARS);
    f.bar(0, 10, [10.0, 10.0, 10.0, 10.0], 1000);
    f.send(&OrderRequest::trailing(I, Sell, sh(10), Trail::Price(px(1.0))), 10);
    f.bar(10, 20, [10.0, 12.0, 9.5, 11.5], 1000);
    assert_eq!(f.told(), [""; 0], "9.5 came before 12");
    f.bar(20, 30, [11.5, 11.6, 10.9, 11.0], 1000);
    assert_eq!(f.told(), ["1 restated to 10 stop 11 best 12", "1 10@11 taker"]);
}

#[test]
fn a_stop_buy_may_be_held_in_a_collar() {
    for (price, most) in [(40.0, 41.6), (100.0, 102.5)] {
        let mut f = Floor::with(TICKS, VenueConfig { stop_buy: StopBuy::Collared, ..VenueConfig::default() });
        f.quote(0, price - 1.0, price - 0.9, 500);
        f.send(&stop(Buy, 10, price), 1);
        f.quote(2, most + 0.1, most + 0.2, 500);
        f.trade(3, price, 10);
        assert_eq!(f.told(), [""; 0], "beyond the collar");
        f.quote(4, most - 0.2, most - 0.1, 500);
        assert_eq!(f.told(), [format!("1 10@{most} maker")]);
    }
}

// --- legs ----------------------------------------------------------------------------------------------------------------

#[test]
fn legs_are_held_until_the_entry_is_filled_and_one_exit_cancels_the_other() {
    let mut f = Floor::new(TICKS);
    f.quote(0, 9.99, 10.01, 60);
    f.send(&bracket(limit(Buy, 100, 10.01), 10.5, 9.5), 1);
    assert_eq!(f.told(), ["2 held", "3 held", "1 60@10.01 taker"]);
    f.trade(2, 10.6, 100);
    assert_eq!(f.told(), [""; 0], "legs of an entry that is filled in part are held");
    f.quote(3, 9.99, 10.01, 60);
    assert_eq!(f.told(), ["1 40@10.01 maker"]);
    f.trade(4, 10.6, 30);
    assert_eq!(f.told(), ["2 30@10.5 maker", "3 restated to 70 stop 9.5"], "the stop-loss shrinks");
    f.quote(5, 9.4, 9.41, 500);
    f.trade(6, 9.4, 100);
    assert_eq!(f.told(), ["3 70@9.4 taker", "2 canceled"]);
    assert_eq!(f.venue.resting(), 0);
}

#[test]
fn canceling_one_order_of_a_group_cancels_the_rest() {
    let mut f = Floor::new(QUOTES);
    f.quote(0, 9.99, 10.01, 500);
    let entry = f.send(&bracket(limit(Buy, 100, 9.0), 10.5, 8.5), 1);
    assert_eq!(f.told(), ["2 held", "3 held"]);
    f.cancel(OrderId(3), 2);
    assert_eq!(f.told(), ["3 canceled", "1 canceled", "2 canceled"]);
    assert_eq!((entry, f.venue.resting()), (OrderId(1), 0));
}

#[test]
fn one_bar_that_reaches_both_exits_fills_the_stop_alone() {
    let mut f = Floor::new(BARS);
    f.bar(0, 10, [10.0, 10.0, 10.0, 10.0], 1000);
    f.send(&bracket(market(Buy, 10), 11.0, 9.0), 10);
    f.bar(10, 20, [10.0, 10.1, 9.9, 10.0], 1000);
    assert_eq!(f.told(), ["2 held", "3 held", "1 10@10 taker"]);
    f.bar(20, 30, [10.0, 12.0, 8.0, 10.0], 1000);
    assert_eq!(f.told(), ["3 10@9 taker", "2 canceled"]);
}

#[test]
fn an_oco_works_on_both_sides_at_once_and_a_leg_can_be_replaced() {
    let mut f = Floor::new(TICKS);
    f.quote(0, 9.99, 10.01, 500);
    let stop_loss = Some(StopLoss { stop: px(9.5), limit: None });
    f.send(&OrderRequest { class: OrderClass::Oco, stop_loss, ..limit(Sell, 100, 10.5) }, 1);
    assert_eq!(f.told(), [""; 0]);
    assert_eq!(f.replace(OrderId(2), &stop(Sell, 100, 9.8), 2), OrderId(3));
    assert_eq!(f.told(), ["2 replaced by 3"]);
    f.quote(3, 9.79, 9.8, 500);
    f.trade(4, 9.8, 10);
    assert_eq!(f.told(), ["3 100@9.79 taker", "1 canceled"]);
}

// --- auctions ------------------------------------------------------------------------------------------------------------

/// Monday.
const MORNING: &str = "2013-10-07T13:00:00Z";

#[test]
fn orders_on_open_and_on_close_fill_at_the_official_prints() {
    let mut f = Floor::new(Sources { auctions: true, ..TICKS });
    let print = |ts: &str, price: f64, flags: u32| {
        MarketEvent::Trade(Trade { ts: at(utc(ts)), instrument: I, price: px(price), size: sh(1), flags })
    };
    f.send(&tif(market(Buy, 100), Opg), utc(MORNING));
    f.send(&tif(limit(Buy, 100, 9.0), Opg), utc(MORNING));
    f.send(&tif(market(Sell, 100), Cls), utc(MORNING));
    assert_eq!(f.told(), ["1 queued", "2 queued", "3 queued"]);
    f.market(&print("2013-10-07T13:29:59Z", 9.9, 0));
    f.market(&print("2013-10-07T13:30:00Z", 9.95, 0));
    f.market(&print("2013-10-07T13:30:02Z", 10.0, FLAG_OPENING | FLAG_NO_LAST));
    assert_eq!(f.told(), ["1 100@10 maker", "2 canceled"], "a limit on open that the auction does not reach is canceled");
    f.market(&print("2013-10-07T19:59:59Z", 11.0, 0));
    f.market(&print("2013-10-07T20:00:03Z", 11.2, 0));
    f.market(&print("2013-10-07T20:00:05Z", 11.1, FLAG_CLOSING));
    assert_eq!(f.told(), ["3 100@11.1 maker"]);
}

#[test]
fn without_official_prints_the_first_and_the_last_trade_stand_in() {
    let mut f = Floor::new(TRADES);
    f.send(&tif(market(Buy, 100), Opg), utc(MORNING));
    f.send(&tif(market(Sell, 100), Cls), utc(MORNING));
    f.trade(utc("2013-10-07T13:29:59Z"), 9.9, 5);
    f.trade(utc("2013-10-07T13:30:01Z"), 10.0, 5);
    f.trade(utc("2013-10-07T19:59:58Z"), 11.0, 5);
    f.trade(utc("2013-10-07T20:00:03Z"), 12.0, 5);
    assert_eq!(f.told(), ["1 queued", "2 queued", "1 100@10 maker", "2 100@11 maker"]);
}

#[test]
fn a_daily_bar_has_both_auctions_and_weekends_have_none() {
    let mut f = Floor::new(BARS);
    f.send(&tif(market(Buy, 100), Opg), utc("2013-10-04T23:30:00Z"));
    f.send(&tif(market(Sell, 100), Cls), utc("2013-10-04T23:30:00Z"));
    f.bar(utc("2013-10-07T04:00:00Z"), utc("2013-10-08T04:00:00Z"), [10.0, 12.0, 9.0, 11.0], 1000);
    assert_eq!(f.told(), ["1 queued", "2 queued", "1 100@10 maker", "2 100@11 maker"]);
}

#[test]
fn orders_for_an_auction_come_in_time_or_are_rejected() {
    for (order, ts, taken) in [
        (Opg, "2013-10-07T13:27:59Z", true),
        (Opg, "2013-10-07T13:28:00Z", false),
        (Opg, "2013-10-07T22:59:59Z", false),
        (Opg, "2013-10-07T23:00:00Z", true),
        (Cls, "2013-10-07T19:49:59Z", true),
        (Cls, "2013-10-07T19:50:00Z", false),
    ] {
        let mut f = Floor::new(TRADES);
        f.send(&tif(market(Buy, 1), order), utc(ts));
        assert_eq!(f.told(), [if taken { "1 queued" } else { "1 rejected" }], "{order:?} at {ts}");
    }
}

// --- sessions and halts --------------------------------------------------------------------------------------------------

#[test]
fn before_the_open_only_orders_for_extended_hours_trade() {
    let mut f = Floor::with(QUOTES, sessions());
    f.quote(utc(MORNING), 9.99, 10.01, 500);
    f.send(&market(Buy, 100), utc(MORNING) + 1);
    f.send(&OrderRequest { extended_hours: true, ..limit(Buy, 100, 10.01) }, utc(MORNING) + 2);
    assert_eq!(f.told(), ["1 queued", "2 100@10.01 taker"]);
    f.quote(utc("2013-10-07T13:29:59Z"), 9.98, 10.0, 500);
    assert_eq!(f.told(), [""; 0]);
    f.quote(utc("2013-10-07T13:30:00Z"), 9.97, 9.99, 500);
    assert_eq!(f.reports().iter().filter(|r| matches!(r.kind, ReportKind::Accepted(_) | ReportKind::Filled { .. })).count(), 2);
}

#[test]
fn an_order_for_extended_hours_lives_until_eight_in_the_evening() {
    let mut f = Floor::with(QUOTES, sessions());
    f.quote(utc("2013-10-07T15:00:00Z"), 9.99, 10.01, 500);
    f.send(&OrderRequest { extended_hours: true, ..limit(Buy, 100, 9.0) }, utc("2013-10-07T15:00:00Z"));
    f.send(&limit(Buy, 100, 9.0), utc("2013-10-07T15:00:00Z"));
    f.quote(utc("2013-10-07T15:00:01Z"), 9.99, 10.01, 500);
    f.quote(utc("2013-10-07T21:00:00Z"), 9.99, 10.01, 500);
    assert_eq!(f.told(), ["2 expired"]);
    f.quote(utc("2013-10-08T00:00:01Z"), 8.0, 8.5, 500);
    assert_eq!(f.told(), ["1 expired"]);
}

#[test]
fn nothing_trades_while_the_instrument_is_halted() {
    for (halts, told) in [(Halts::Respect, vec![]), (Halts::Ignore, vec!["1 100@10.01 taker"])] {
        let mut f = Floor::with(TICKS, VenueConfig { halts, ..VenueConfig::default() });
        let status = |ts, state| MarketEvent::Status(Status { ts: at(ts), instrument: I, state, ..Status::default() });
        f.quote(0, 9.99, 10.01, 500);
        f.market(&status(1, TradingState::Halted));
        f.send(&market(Buy, 100), 2);
        f.trade(3, 9.0, 500);
        assert_eq!(f.told(), told);
        f.market(&status(4, TradingState::Trading));
        f.quote(5, 9.98, 10.0, 500);
        assert_eq!(f.told().len(), 1 - told.len());
    }
}

// --- dollars, shorts, corporate actions ----------------------------------------------------------------------------------

#[test]
fn dollars_become_shares_at_the_first_price() {
    let mut f = Floor::new(QUOTES);
    f.quote(0, 9.99, 8.0, 5);
    let notional = Some(Money::from_f64(100.0).unwrap());
    f.send(&OrderRequest { notional, ..market(Buy, 10) }, 1);
    assert_eq!(f.told(), ["1 restated to 12.5", "1 5@8 taker"]);
    f.quote(2, 9.99, 10.0, 500);
    assert_eq!(f.told(), ["1 7.5@10 taker"], "the number of shares is settled once");
}

#[test]
fn more_than_can_be_borrowed_is_not_sold() {
    let borrow = Borrow { available: Some(sh(100)), annual_ppb: 36_000_000 };
    let mut f = Floor::with(QUOTES, VenueConfig { borrow, ..VenueConfig::default() });
    f.quote(0, 10.0, 10.01, 5000);
    f.send(&market(Sell, 80), 1);
    f.send(&market(Sell, 30), 2);
    f.send(&market(Buy, 100), 3);
    f.send(&market(Sell, 120), 4);
    assert_eq!(f.told(), ["1 80@10 taker", "2 rejected", "3 100@10.01 taker", "4 120@10 taker"]);
    // 3.6 % a year on 1,000 dollars, of 360 days.
    assert_eq!(borrow.daily_cost(sh(-100), px(10.0)).unwrap(), Money::from_f64(0.1).unwrap());
}

#[test]
fn a_split_adjusts_orders_until_canceled_and_a_dividend_lowers_them() {
    let config = VenueConfig { on_split: OnSplit::Adjust, on_dividend: OnDividend::Reduce, ..VenueConfig::default() };
    let mut f = Floor::with(QUOTES, config);
    f.quote(0, 99.9, 100.0, 500);
    f.send(&tif(limit(Buy, 30, 90.0), Gtc), 1);
    f.send(&limit(Buy, 30, 90.0), 1);
    f.send(&OrderRequest { kind: OrderType::Stop, ..tif(stop(Sell, 30, 80.0), Gtc) }, 1);
    f.send(&tif(limit(Sell, 30, 110.0), Gtc), 1);
    let action = |ts, kind| MarketEvent::Action(CorporateAction { ts: at(ts), instrument: I, kind });
    f.market(&action(2, ActionKind::Dividend { per_share: px(0.255), reference: px(100.0), ratio: 0.997 }));
    assert_eq!(f.told(), ["1 restated to 30 limit 89.74", "3 restated to 30 stop 79.74"]);
    f.market(&action(3, ActionKind::Split { new_shares_per_old: 3.0 }));
    assert_eq!(f.told(), ["1 restated to 90 limit 29.91", "2 canceled", "3 restated to 90 stop 26.58", "4 restated to 90 limit 36.67"]);
    f.quote(4, 29.5, 29.9, 500);
    assert_eq!(f.told(), ["1 90@29.91 maker"]);
}

#[test]
fn a_venue_survives_the_round_trip_through_bytes() {
    let mut f = Floor::with(TICKS, sessions());
    f.quote(utc("2013-10-07T15:00:00Z"), 9.99, 10.01, 60);
    f.send(&bracket(limit(Buy, 100, 10.01), 10.5, 9.5), utc("2013-10-07T15:00:00Z"));
    let bytes = postcard::to_stdvec(&f.venue).unwrap();
    let mut twin = Floor::with(TICKS, sessions());
    twin.venue = postcard::from_bytes(&bytes).unwrap();
    for floor in [&mut f, &mut twin] {
        floor.quote(utc("2013-10-07T15:00:01Z"), 9.99, 10.01, 60);
        floor.trade(utc("2013-10-07T15:00:02Z"), 10.6, 500);
    }
    let told = f.told();
    assert_eq!((told.len(), &told), (6, &twin.told()));
}
