//! Hand-worked examples for every row of the module's table, one small market each.

use super::*;
use crate::event::{ActionKind, Bar, CorporateAction, FLAG_NO_LAST, Quote, Trade};
use crate::order::{OrderRequest, OrderType, TimeInForce};
use crate::types::{DAY_NS, Money, Price, Qty, SECOND_NS, Side, StrategyId};

pub(super) const I: InstrumentId = InstrumentId(0);
pub(super) const QUOTES: Sources = Sources { quotes: true, trades: false, bars: false, ..Sources::NONE };
pub(super) const TRADES: Sources = Sources { quotes: false, trades: true, bars: false, ..Sources::NONE };
pub(super) const BARS: Sources = Sources { quotes: false, trades: false, bars: true, ..Sources::NONE };
pub(super) const TICKS: Sources = Sources { quotes: true, trades: true, bars: false, ..Sources::NONE };

pub(super) fn px(x: f64) -> Price {
    Price::from_f64(x).unwrap()
}

pub(super) fn sh(n: i64) -> Qty {
    Qty::from_whole(n).unwrap()
}

pub(super) fn at(ns: i64) -> Timestamp {
    Timestamp::from_nanos(ns)
}

pub(super) fn utc(text: &str) -> i64 {
    chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp_nanos_opt().unwrap()
}

/// A venue with one instrument (and a second without data), whose reports are told as short lines.
pub(super) struct Floor {
    pub(super) venue: SimVenue,
    next_id: u64,
}

impl Floor {
    pub(super) fn new(sources: Sources) -> Self {
        Self::with(sources, VenueConfig::default())
    }

    pub(super) fn with(sources: Sources, config: VenueConfig) -> Self {
        Self { venue: SimVenue::new(config, &[sources, Sources::default()]).unwrap(), next_id: 1 }
    }

    pub(super) fn order(&mut self, request: &OrderRequest, now: i64) -> Order {
        let order = Order::new(OrderId(self.next_id), StrategyId(0), request, Price::ZERO, at(now));
        self.next_id += 1;
        order
    }

    /// Send at `now` and let everything arrive that is due by then.
    pub(super) fn send(&mut self, request: &OrderRequest, now: i64) -> OrderId {
        let (order, legs) = self.order(request, now).with_legs(request);
        for leg in legs.into_iter().flatten() {
            self.next_id += 1;
            self.venue.send(OrderCommand::New(leg), at(now));
        }
        self.venue.send(OrderCommand::New(order), at(now));
        self.settle(now);
        order.id
    }

    pub(super) fn cancel(&mut self, order: OrderId, now: i64) {
        self.venue.send(OrderCommand::Cancel { order, instrument: I }, at(now));
        self.settle(now);
    }

    pub(super) fn replace(&mut self, old: OrderId, request: &OrderRequest, now: i64) -> OrderId {
        let new = self.order(request, now);
        self.venue.send(OrderCommand::Replace { old, new }, at(now));
        self.settle(now);
        new.id
    }

    pub(super) fn settle(&mut self, now: i64) {
        while self.venue.next_arrival() <= at(now) {
            let due = self.venue.next_arrival();
            self.venue.advance(due).unwrap();
            self.venue.arrive().unwrap();
        }
    }

    pub(super) fn market(&mut self, event: &MarketEvent) {
        self.settle(event.ts().nanos() - 1);
        self.venue.advance(event.ts()).unwrap();
        self.venue.on_market(event).unwrap();
    }

    pub(super) fn quote(&mut self, ts: i64, bid: f64, ask: f64, size: i64) {
        let (bid_size, ask_size) = (sh(size), sh(size));
        self.market(&MarketEvent::Quote(Quote { ts: at(ts), instrument: I, bid: px(bid), ask: px(ask), bid_size, ask_size, flags: 0 }));
    }

    pub(super) fn trade(&mut self, ts: i64, price: f64, size: i64) {
        self.market(&MarketEvent::Trade(Trade { ts: at(ts), instrument: I, price: px(price), size: sh(size), flags: 0 }));
    }

    pub(super) fn bar(&mut self, start: i64, end: i64, [open, high, low, close]: [f64; 4], volume: i64) {
        self.market(&MarketEvent::Bar(Bar {
            ts: at(end),
            start: at(start),
            instrument: I,
            open: px(open),
            high: px(high),
            low: px(low),
            close: px(close),
            volume: sh(volume),
            flags: 0,
        }));
    }

    pub(super) fn reports(&mut self) -> Vec<Report> {
        std::iter::from_fn(|| self.venue.take_report(Timestamp::MAX)).collect()
    }

    /// What happened since the last call, without acceptances: `1 100@10.05 taker`, `1 canceled`.
    pub(super) fn told(&mut self) -> Vec<String> {
        let tell = |r: Report| match r.kind {
            ReportKind::Accepted(_) => None,
            ReportKind::Filled { order, qty, price, maker, .. } => {
                Some(format!("{order} {qty}@{price} {}", if maker { "maker" } else { "taker" }))
            }
            ReportKind::Canceled(o) => Some(format!("{o} canceled")),
            ReportKind::CancelRejected(o) => Some(format!("{o} cancel rejected")),
            ReportKind::Replaced { old, new } => Some(format!("{old} replaced by {new}")),
            ReportKind::ReplaceRejected { old, new } => Some(format!("{old} not replaced by {new}")),
            ReportKind::Expired(o) => Some(format!("{o} expired")),
            ReportKind::Rejected(o) => Some(format!("{o} rejected")),
            ReportKind::Queued(o) => Some(format!("{o} queued")),
            ReportKind::Held(o) => Some(format!("{o} held")),
            ReportKind::Restated { order, terms } => {
                let price = |name: &str, p: Option<Price>| p.map_or(String::new(), |p| format!(" {name} {p}"));
                let prices = [("limit", terms.limit), ("stop", terms.stop), ("best", terms.hwm)].map(|(n, p)| price(n, p)).concat();
                Some(format!("{order} restated to {}{prices}", terms.qty))
            }
        };
        self.reports().into_iter().filter_map(tell).collect()
    }
}

pub(super) fn market(side: Side, qty: i64) -> OrderRequest {
    OrderRequest::market(I, side, sh(qty))
}

pub(super) fn limit(side: Side, qty: i64, price: f64) -> OrderRequest {
    OrderRequest::limit(I, side, sh(qty), px(price))
}

pub(super) fn stop(side: Side, qty: i64, price: f64) -> OrderRequest {
    OrderRequest { kind: OrderType::Stop, stop: Some(px(price)), ..market(side, qty) }
}

fn stop_limit(side: Side, qty: i64, stop: f64, limit: f64) -> OrderRequest {
    OrderRequest { kind: OrderType::StopLimit, stop: Some(px(stop)), limit: Some(px(limit)), ..market(side, qty) }
}

pub(super) const fn tif(request: OrderRequest, tif: TimeInForce) -> OrderRequest {
    OrderRequest { tif, ..request }
}

use Side::{Buy, Sell};
use TimeInForce::{Fok, Gtc, Ioc};

// --- quotes ------------------------------------------------------------------------------------------------------------

#[test]
fn a_market_order_takes_the_touch_that_stands_at_its_arrival() {
    let mut f = Floor::new(QUOTES);
    f.quote(0, 9.99, 10.01, 500);
    f.send(&market(Buy, 100), 10);
    f.send(&market(Sell, 100), 10);
    assert_eq!(f.told(), ["1 100@10.01 taker", "2 100@9.99 taker"]);
}

#[test]
fn an_order_beyond_the_displayed_size_waits_until_the_market_shows_more() {
    let mut f = Floor::new(QUOTES);
    f.quote(0, 9.99, 10.01, 300);
    f.send(&market(Buy, 1000), 1);
    f.send(&market(Buy, 100), 2);
    assert_eq!(f.told(), ["1 300@10.01 taker"], "what we took is gone until the next quote");
    f.quote(3, 10.00, 10.02, 400);
    assert_eq!(f.told(), ["1 400@10.02 taker"], "first come, first served");
    f.quote(4, 10.00, 10.03, 400);
    assert_eq!(f.told(), ["1 300@10.03 taker", "2 100@10.03 taker"]);
    assert_eq!(f.venue.resting(), 0);
}

#[test]
fn unlimited_liquidity_fills_any_size_at_once() {
    let mut f = Floor::with(QUOTES, VenueConfig { liquidity: Liquidity::Unlimited, ..VenueConfig::default() });
    f.quote(0, 9.99, 10.01, 1);
    f.send(&tif(market(Buy, 1_000_000), Fok), 1);
    f.send(&market(Buy, 1_000_000), 1);
    assert_eq!(f.told(), ["1 1000000@10.01 taker", "2 1000000@10.01 taker"]);
}

#[test]
fn a_limit_that_is_not_marketable_rests_and_fills_at_its_own_price_when_the_far_touch_comes() {
    let mut f = Floor::new(QUOTES);
    f.quote(0, 9.99, 10.01, 500);
    f.send(&limit(Buy, 100, 10.00), 1);
    f.send(&limit(Sell, 100, 10.02), 1);
    f.quote(2, 9.98, 10.005, 500);
    assert!(f.told().is_empty());
    f.quote(3, 9.98, 9.99, 500);
    assert_eq!(f.told(), ["1 100@10 maker"]);
    f.quote(4, 10.02, 10.04, 500);
    assert_eq!(f.told(), ["2 100@10.02 maker"]);
}

#[test]
fn own_limits_fill_best_price_first_then_first_come() {
    let mut f = Floor::new(QUOTES);
    f.quote(0, 9.90, 10.10, 500);
    for price in [9.95, 9.97, 9.95, 9.96] {
        f.send(&limit(Buy, 100, price), 1);
    }
    f.quote(2, 9.80, 9.90, 350);
    assert_eq!(f.told(), ["2 100@9.97 maker", "4 100@9.96 maker", "1 100@9.95 maker", "3 50@9.95 maker"]);
    f.quote(3, 9.80, 9.90, 350);
    assert_eq!(f.told(), ["3 50@9.95 maker"]);
}

#[test]
fn ioc_takes_what_is_there_and_fok_all_or_nothing() {
    let mut f = Floor::new(QUOTES);
    f.quote(0, 9.99, 10.01, 300);
    f.send(&tif(limit(Buy, 400, 10.01), Fok), 1);
    assert_eq!(f.told(), ["1 canceled"]);
    f.send(&tif(limit(Buy, 400, 10.01), Ioc), 2);
    assert_eq!(f.told(), ["2 300@10.01 taker", "2 canceled"]);
    f.quote(3, 9.99, 10.01, 300);
    f.send(&tif(limit(Buy, 300, 10.00), Ioc), 4);
    f.send(&tif(limit(Buy, 300, 10.05), Fok), 5);
    assert_eq!(f.told(), ["3 canceled", "4 300@10.01 taker"]);
    assert_eq!(f.venue.resting(), 0);
}

#[test]
fn a_one_sided_quote_fills_nothing_on_the_side_that_is_missing() {
    let mut f = Floor::new(QUOTES);
    f.quote(0, 0.0, 10.01, 300);
    f.send(&market(Sell, 100), 1);
    f.send(&limit(Sell, 100, 0.01), 1);
    f.send(&market(Buy, 100), 1);
    assert_eq!(f.told(), ["3 100@10.01 taker"]);
    f.quote(2, 9.0, 0.0, 300);
    assert_eq!(f.told(), ["1 100@9 taker", "2 100@0.01 maker"]);
}

#[test]
fn stops_follow_quotes_where_there_is_nothing_else() {
    let mut f = Floor::new(QUOTES);
    f.quote(0, 9.99, 10.01, 500);
    f.send(&stop(Buy, 100, 10.10), 1);
    f.send(&stop(Sell, 100, 9.90), 1);
    f.send(&stop(Buy, 100, 10.00), 1);
    assert_eq!(f.told(), ["3 100@10.01 taker"], "a stop that is reached on arrival trades at once");
    f.quote(2, 10.05, 10.10, 500);
    assert_eq!(f.told(), ["1 100@10.1 taker"]);
    f.quote(3, 9.80, 9.95, 500);
    assert_eq!(f.told(), ["2 100@9.8 taker"], "a gap through the stop fills at the touch, not at the stop");
}

#[test]
fn a_stop_limit_that_a_quote_triggers_takes_the_touch_and_not_its_limit() {
    let mut f = Floor::new(QUOTES);
    f.quote(0, 9.99, 10.01, 500);
    f.send(&stop_limit(Buy, 100, 10.10, 10.50), 1);
    f.send(&stop_limit(Buy, 100, 10.10, 10.11), 1);
    f.quote(2, 10.10, 10.20, 500);
    assert_eq!(f.told(), ["1 100@10.2 taker"], "the second is triggered and waits at its limit");
    f.quote(3, 10.05, 10.11, 500);
    assert_eq!(f.told(), ["2 100@10.11 maker"]);
}

// --- trades ------------------------------------------------------------------------------------------------------------

#[test]
fn without_quotes_market_orders_take_the_next_print_up_to_its_size() {
    let mut f = Floor::new(TRADES);
    f.trade(0, 10.0, 500);
    f.send(&market(Buy, 300), 1);
    assert!(f.told().is_empty(), "the print before the order is gone");
    f.trade(2, 10.1, 200);
    f.trade(3, 10.2, 200);
    assert_eq!(f.told(), ["1 200@10.1 taker", "1 100@10.2 taker"]);
}

#[test]
fn with_quotes_prints_do_not_fill_market_orders() {
    let mut f = Floor::new(TICKS);
    f.quote(0, 9.99, 10.01, 100);
    f.send(&market(Buy, 200), 1);
    f.trade(2, 10.01, 500);
    assert_eq!(f.told(), ["1 100@10.01 taker"]);
}

#[test]
fn behind_in_the_queue_a_print_must_go_through_the_limit_and_in_front_it_must_touch_it() {
    for (queue, at_limit) in [(QueueModel::Behind, vec![]), (QueueModel::Front, vec!["1 100@10 maker", "2 50@10 maker"])] {
        let mut f = Floor::with(TICKS, VenueConfig { queue, ..VenueConfig::default() });
        f.quote(0, 9.99, 10.05, 100);
        f.send(&limit(Buy, 100, 10.0), 1);
        f.send(&limit(Buy, 100, 10.0), 1);
        f.trade(2, 10.0, 150);
        assert_eq!(f.told(), at_limit, "{queue:?}");
        f.trade(3, 9.99, 500);
        assert_eq!(f.venue.resting(), 0, "{queue:?}");
    }
}

#[test]
fn a_print_that_must_not_move_the_last_price_neither_fills_nor_triggers() {
    let mut f = Floor::new(TRADES);
    f.send(&market(Buy, 100), 0);
    f.send(&stop(Sell, 100, 9.0), 0);
    let trade = Trade { ts: at(1), instrument: I, price: px(8.0), size: sh(500), flags: FLAG_NO_LAST };
    f.market(&MarketEvent::Trade(trade));
    assert!(f.told().is_empty());
}

#[test]
fn a_print_triggers_a_stop_which_then_takes_the_standing_quote() {
    let mut f = Floor::new(TICKS);
    f.quote(0, 9.99, 10.01, 500);
    f.send(&stop(Sell, 100, 9.95), 1);
    f.send(&stop_limit(Sell, 100, 9.95, 9.995), 1);
    f.quote(2, 9.90, 9.94, 500);
    assert!(f.told().is_empty(), "quotes trigger nothing where there are trades");
    f.trade(3, 9.95, 10);
    assert_eq!(f.told(), ["1 100@9.9 taker"]);
    f.trade(4, 9.996, 300);
    assert_eq!(f.told(), ["2 100@9.995 maker"]);
}

#[test]
fn the_print_that_triggers_a_stop_does_not_fill_it() {
    let mut f = Floor::new(TRADES);
    f.send(&stop(Buy, 100, 10.5), 0);
    f.trade(1, 10.6, 1000);
    assert!(f.told().is_empty());
    f.trade(2, 10.7, 1000);
    assert_eq!(f.told(), ["1 100@10.7 taker"]);
}

#[test]
fn the_far_touch_triggers_stops_when_so_configured() {
    let mut f = Floor::with(TICKS, VenueConfig { stop_trigger: StopTrigger::Quotes, ..VenueConfig::default() });
    f.quote(0, 9.99, 10.01, 500);
    f.send(&stop(Sell, 100, 9.95), 1);
    f.trade(2, 9.90, 100);
    assert!(f.told().is_empty());
    f.quote(3, 9.94, 9.96, 500);
    assert_eq!(f.told(), ["1 100@9.94 taker"]);
}

#[test]
fn without_quotes_ioc_and_fok_have_one_chance_the_next_print() {
    let mut f = Floor::new(TRADES);
    f.send(&tif(market(Buy, 300), Ioc), 0);
    f.send(&tif(market(Buy, 300), Fok), 0);
    f.send(&tif(limit(Buy, 10, 9.0), Ioc), 0);
    f.trade(1, 10.0, 200);
    let mut told = f.told();
    told.sort();
    assert_eq!(told, ["1 200@10 taker", "1 canceled", "2 canceled", "3 canceled"]);
    assert_eq!(f.venue.resting(), 0);
}

// --- bars --------------------------------------------------------------------------------------------------------------

#[test]
fn an_order_there_at_the_start_of_a_bar_fills_at_the_open_and_a_later_one_at_the_close() {
    let mut f = Floor::new(BARS);
    f.send(&market(Buy, 100), 0);
    f.send(&market(Sell, 100), 1);
    f.bar(0, 60, [10.0, 11.0, 9.0, 10.5], 1000);
    let mut told = f.told();
    told.sort();
    assert_eq!(told, ["1 100@10 taker", "2 100@10.5 taker"]);
}

#[test]
fn a_resting_limit_fills_at_the_open_or_when_the_bar_goes_through_it() {
    let mut f = Floor::new(BARS);
    f.send(&limit(Buy, 100, 10.2), 0);
    f.send(&limit(Buy, 100, 9.5), 0);
    f.send(&limit(Buy, 100, 9.0), 0);
    f.send(&limit(Buy, 100, 9.5), 1);
    f.bar(0, 60, [10.0, 11.0, 9.0, 10.5], 1000);
    assert_eq!(f.told(), ["1 100@10 taker", "2 100@9.5 maker"], "the low only touches 9.00, and the last came after the open");
    f.bar(60, 120, [10.5, 10.6, 8.9, 10.0], 1000);
    assert_eq!(f.told(), ["4 100@9.5 maker", "3 100@9 maker"]);
}

#[test]
fn a_bar_stop_fills_at_the_worse_of_open_and_stop() {
    let mut f = Floor::new(BARS);
    f.send(&stop(Buy, 100, 10.8), 0);
    f.send(&stop(Sell, 100, 10.3), 0);
    f.send(&stop(Sell, 100, 8.9), 0);
    f.bar(0, 60, [10.0, 11.0, 9.0, 10.5], 1000);
    let mut told = f.told();
    told.sort();
    assert_eq!(told, ["1 100@10.8 taker", "2 100@10 taker"]);
    f.send(&stop(Sell, 100, 9.9), 61);
    f.bar(60, 120, [10.0, 10.1, 9.0, 9.8], 1000);
    assert_eq!(f.told(), ["4 100@9.8 taker"], "it came after the open: only the close is known to follow it");
}

#[test]
fn a_bar_stop_limit_does_not_trade_beyond_its_limit() {
    let mut f = Floor::new(BARS);
    f.send(&stop_limit(Buy, 100, 10.8, 10.9), 0);
    f.send(&stop_limit(Buy, 100, 9.9, 9.95), 0);
    f.bar(0, 60, [10.0, 11.0, 10.0, 10.5], 1000);
    assert_eq!(f.told(), ["1 100@10.8 taker"], "the second gapped beyond its limit");
    f.bar(60, 120, [10.4, 10.5, 9.9, 10.0], 1000);
    assert_eq!(f.told(), ["2 100@9.95 maker"], "and is a limit order from then on");
}

#[test]
fn the_volume_of_a_bar_is_shared_out_once() {
    let mut f = Floor::new(BARS);
    f.send(&tif(market(Buy, 700), Gtc), 0);
    f.send(&tif(market(Buy, 700), Gtc), 0);
    f.send(&tif(market(Buy, 2000), Fok), 0);
    f.bar(0, 60, [10.0, 11.0, 9.0, 10.5], 1000);
    assert_eq!(f.told(), ["1 700@10 taker", "2 300@10 taker", "3 canceled"]);
    f.bar(60, 120, [10.1, 11.0, 9.0, 10.5], 1000);
    assert_eq!(f.told(), ["2 400@10.1 taker"]);
}

#[test]
fn bars_fill_nothing_where_there_are_trades() {
    let mut f = Floor::new(Sources { bars: true, ..TRADES });
    f.send(&market(Buy, 100), 0);
    f.bar(0, 60, [10.0, 11.0, 9.0, 10.5], 1000);
    assert!(f.told().is_empty());
}

// --- slippage, fees ------------------------------------------------------------------------------------------------------

#[test]
fn slippage_is_against_us_on_liquidity_taken_and_never_beyond_a_limit() {
    let mut f = Floor::with(QUOTES, VenueConfig { slippage_ppb: 1_000_000, ..VenueConfig::default() });
    f.quote(0, 10.0, 20.0, 1000);
    f.send(&market(Buy, 10), 1);
    f.send(&market(Sell, 10), 1);
    f.send(&limit(Buy, 10, 20.005), 1);
    f.send(&limit(Sell, 10, 10.0), 1);
    f.send(&limit(Buy, 10, 19.0), 1);
    assert_eq!(f.told(), ["1 10@20.02 taker", "2 10@9.99 taker", "3 10@20.005 taker", "4 10@10 taker"]);
    f.quote(2, 18.0, 18.5, 1000);
    assert_eq!(f.told(), ["5 10@19 maker"], "a resting order gives liquidity and does not slip");
}

#[test]
fn the_minimum_fee_holds_for_an_order_however_many_fills_it_has() {
    let fees = Fees::PerShare { rate: px(0.005), minimum: Money::from_f64(1.0).unwrap() };
    let mut f = Floor::with(QUOTES, VenueConfig { fees, ..VenueConfig::default() });
    f.quote(0, 9.99, 10.01, 100);
    f.send(&market(Buy, 500), 1);
    for ts in 2..6 {
        f.quote(ts, 9.99, 10.01, 100);
    }
    let fees: Vec<f64> =
        f.reports().iter().filter_map(|r| if let ReportKind::Filled { fee, .. } = r.kind { Some(fee.to_f64()) } else { None }).collect();
    // 100 and 200 shares stay under the minimum of 1.00; 300 cost 1.50, 400 2.00, 500 2.50.
    assert_eq!(fees, [1.0, 0.0, 0.5, 0.5, 0.5]);
}

#[test]
fn a_fee_on_the_notional_is_charged_and_a_rebate_paid_by_fill() {
    for (rate, expected) in [(100_000, 1.0), (-20_000, -0.2)] {
        let mut f = Floor::with(QUOTES, VenueConfig { fees: Fees::Notional { parts_per_billion: rate }, ..VenueConfig::default() });
        f.quote(0, 99.0, 100.0, 100);
        f.send(&market(Buy, 100), 1);
        let fee = f.reports().iter().find_map(|r| if let ReportKind::Filled { fee, .. } = r.kind { Some(fee) } else { None }).unwrap();
        assert_eq!(fee.to_f64(), expected);
    }
}

// --- latency -----------------------------------------------------------------------------------------------------------

#[test]
fn latency_holds_both_ways_and_the_price_is_that_of_the_arrival() {
    let config = VenueConfig { order_latency_ns: 40, report_latency_ns: 70, ..VenueConfig::default() };
    let mut f = Floor::with(QUOTES, config);
    f.quote(0, 9.99, 10.01, 100);
    f.send(&market(Buy, 100), 100);
    assert_eq!(f.venue.next_arrival(), at(140));
    f.quote(130, 10.99, 11.01, 100);
    f.quote(140, 11.99, 12.01, 100);
    f.settle(140);
    let reports = f.reports();
    let price = reports.iter().find_map(|r| if let ReportKind::Filled { price, .. } = r.kind { Some(price) } else { None });
    assert_eq!(price, Some(px(12.01)), "a quote stamped at the arrival stands before the order");
    assert!(reports.iter().all(|r| r.ts == at(140) && r.due == at(210)), "{reports:?}");
}

#[test]
fn jitter_varies_within_its_bound_and_never_lets_messages_overtake() {
    let config = VenueConfig { order_latency_ns: 100, report_latency_ns: 100, jitter_ns: 1000, seed: 5, ..VenueConfig::default() };
    let mut f = Floor::with(QUOTES, config);
    f.quote(0, 9.99, 10.01, 1_000_000);
    let (mut arrivals, mut last) = (Vec::new(), at(0));
    for i in 0..200 {
        let sent = 1_000 + i * 3_000;
        let order = f.order(&market(Buy, 1), sent);
        f.venue.send(OrderCommand::New(order), at(sent));
        let order = f.order(&market(Buy, 1), sent);
        f.venue.send(OrderCommand::New(order), at(sent));
        for _ in 0..2 {
            let due = f.venue.next_arrival();
            assert!(due >= last && (100..=1100).contains(&due.since(at(sent))), "{due:?}");
            last = due;
            arrivals.push(due.since(at(sent)));
            f.venue.arrive().unwrap();
        }
    }
    let reports = f.reports();
    assert!(reports.windows(2).all(|w| w[0].due <= w[1].due && w[0].ts <= w[1].ts));
    assert!(reports.iter().all(|r| (100..=1100 + 1000).contains(&r.due.since(r.ts))));
    arrivals.sort_unstable();
    arrivals.dedup();
    assert!(arrivals.len() > 100, "only {} different latencies", arrivals.len());
    let ids: Vec<u64> = reports.iter().filter_map(|r| if let ReportKind::Accepted(o) = r.kind { Some(o.0) } else { None }).collect();
    assert!(ids.is_sorted(), "first sent, first there");
}

#[test]
fn an_order_is_accepted_before_it_fills_and_fills_before_it_is_canceled() {
    let mut f = Floor::new(QUOTES);
    f.quote(0, 9.99, 10.01, 50);
    let id = f.send(&tif(limit(Buy, 100, 10.01), Ioc), 1);
    let kinds: Vec<ReportKind> = f.reports().iter().map(|r| r.kind).collect();
    assert!(
        matches!(kinds[..], [ReportKind::Accepted(a), ReportKind::Filled { order: b, .. }, ReportKind::Canceled(c)] if a == id && b == id && c == id)
    );
}

// --- the life of an order ------------------------------------------------------------------------------------------------

#[test]
fn an_instrument_without_data_is_not_traded() {
    let mut f = Floor::new(QUOTES);
    f.send(&OrderRequest { instrument: InstrumentId(1), ..market(Buy, 1) }, 0);
    f.send(&OrderRequest { instrument: InstrumentId(9), ..market(Buy, 1) }, 0);
    assert_eq!(f.told(), ["1 rejected", "2 rejected"]);
}

#[test]
fn a_cancel_takes_a_resting_order_out_and_comes_too_late_for_any_other() {
    let mut f = Floor::new(QUOTES);
    f.quote(0, 9.99, 10.01, 100);
    let resting = f.send(&limit(Buy, 100, 9.0), 1);
    let gone = f.send(&market(Buy, 100), 1);
    f.told();
    f.cancel(resting, 2);
    f.cancel(resting, 2);
    f.cancel(gone, 2);
    f.cancel(OrderId(99), 2);
    assert_eq!(f.told(), ["1 canceled", "1 cancel rejected", "2 cancel rejected", "99 cancel rejected"]);
    f.quote(3, 8.0, 8.1, 1000);
    assert!(f.told().is_empty());
}

#[test]
fn a_replacement_loses_its_place_and_what_has_filled_counts_against_it() {
    let mut f = Floor::new(QUOTES);
    f.quote(0, 9.90, 10.10, 100);
    let first = f.send(&limit(Buy, 100, 10.0), 1);
    f.send(&limit(Buy, 100, 10.0), 1);
    f.quote(2, 9.90, 10.0, 60);
    assert_eq!(f.told(), ["1 60@10 maker"]);
    f.quote(3, 9.90, 10.10, 60);
    f.replace(first, &limit(Buy, 150, 10.0), 4);
    assert_eq!(f.told(), ["1 replaced by 3"]);
    f.quote(5, 9.90, 10.0, 1000);
    assert_eq!(f.told(), ["2 100@10 maker", "3 90@10 maker"]);
}

#[test]
fn a_replacement_that_is_filled_already_or_too_late_changes_nothing() {
    let mut f = Floor::new(QUOTES);
    f.quote(0, 9.90, 10.0, 60);
    let order = f.send(&limit(Buy, 100, 10.0), 1);
    f.replace(order, &limit(Buy, 60, 9.95), 2);
    assert_eq!(f.told(), ["1 60@10 taker", "1 not replaced by 2"]);
    f.quote(3, 9.90, 10.0, 60);
    f.replace(order, &limit(Buy, 200, 9.95), 4);
    assert_eq!(f.told(), ["1 40@10 maker", "1 not replaced by 3"]);
}

#[test]
fn a_marketable_replacement_trades_on_arrival() {
    let mut f = Floor::new(QUOTES);
    f.quote(0, 9.90, 10.0, 500);
    let order = f.send(&limit(Buy, 100, 9.0), 1);
    f.replace(order, &limit(Buy, 100, 10.5), 2);
    assert_eq!(f.told(), ["1 replaced by 2", "2 100@10 taker"]);
    assert_eq!(f.venue.resting(), 0);
}

#[test]
fn a_split_cancels_working_orders_and_a_dividend_does_not() {
    let mut f = Floor::new(QUOTES);
    f.quote(0, 9.90, 10.0, 500);
    f.send(&tif(limit(Buy, 100, 9.0), Gtc), 1);
    f.send(&stop(Sell, 100, 5.0), 1);
    let kind = ActionKind::Dividend { per_share: px(0.1), reference: px(10.0), ratio: 0.99 };
    f.market(&MarketEvent::Action(CorporateAction { ts: at(2), instrument: I, kind }));
    assert!(f.told().is_empty());
    f.market(&MarketEvent::Action(CorporateAction { ts: at(3), instrument: I, kind: ActionKind::Split { new_shares_per_old: 2.0 } }));
    assert_eq!(f.told(), ["1 canceled", "2 canceled"]);
    assert_eq!(f.venue.resting(), 0);
    f.cancel(OrderId(1), 4);
    f.quote(5, 4.0, 4.1, 500);
    assert_eq!(f.told(), ["1 cancel rejected"]);
}

#[test]
fn a_quote_from_before_a_split_fills_nothing_after_it() {
    let mut f = Floor::new(QUOTES);
    f.quote(0, 9.90, 10.0, 500);
    f.market(&MarketEvent::Action(CorporateAction { ts: at(3), instrument: I, kind: ActionKind::Split { new_shares_per_old: 2.0 } }));
    f.send(&market(Buy, 100), 4);
    assert!(f.told().is_empty(), "the price of old shares is no price for new ones");
    f.quote(5, 4.90, 5.0, 500);
    assert_eq!(f.told(), ["1 100@5 taker"]);
}

// --- day orders ----------------------------------------------------------------------------------------------------------

#[test]
fn a_day_order_ends_at_the_close_in_new_york_and_gtc_goes_on() {
    let mut f = Floor::new(QUOTES);
    let open = utc("2013-10-07T13:30:00Z");
    let close = utc("2013-10-07T20:00:00Z");
    f.quote(open, 9.90, 10.0, 500);
    f.send(&limit(Buy, 100, 9.0), open + 1);
    f.send(&tif(limit(Buy, 100, 9.0), Gtc), open + 1);
    f.quote(close, 9.90, 10.0, 500);
    assert!(f.told().is_empty(), "the close itself still belongs to the session");
    f.quote(close + 1, 8.0, 8.1, 500);
    let reports = f.reports();
    assert!(matches!(reports[reports.len() - 2].kind, ReportKind::Expired(OrderId(1))), "{reports:?}");
    assert_eq!(reports[reports.len() - 2].ts, at(close));
    assert!(matches!(reports[reports.len() - 1].kind, ReportKind::Filled { order: OrderId(2), .. }));
}

#[test]
fn a_day_order_sent_after_the_close_lives_through_the_next_session() {
    let mut f = Floor::new(QUOTES);
    f.quote(utc("2013-10-07T19:59:00Z"), 9.90, 10.0, 500);
    f.send(&limit(Buy, 100, 9.0), utc("2013-10-07T21:00:00Z"));
    f.quote(utc("2013-10-08T13:30:00Z"), 9.90, 10.0, 500);
    f.quote(utc("2013-10-08T20:00:00Z"), 9.90, 10.0, 500);
    assert!(f.told().is_empty());
    f.quote(utc("2013-10-08T20:00:01Z"), 9.90, 10.0, 500);
    assert_eq!(f.told(), ["1 expired"]);
}

#[test]
fn a_day_without_any_market_is_no_session() {
    // Sent in Friday's late trading: Saturday and Sunday are no sessions, and neither is a holiday on Monday.
    let mut f = Floor::new(QUOTES);
    f.quote(utc("2013-10-11T20:30:00Z"), 9.90, 10.0, 500);
    f.send(&limit(Buy, 100, 9.0), utc("2013-10-11T20:40:00Z"));
    f.quote(utc("2013-10-11T20:50:00Z"), 9.90, 10.0, 500);
    f.quote(utc("2013-10-15T13:30:00Z"), 9.90, 10.0, 500);
    assert!(f.told().is_empty(), "it has not met its session yet");
    f.quote(utc("2013-10-15T20:00:01Z"), 9.90, 10.0, 500);
    assert_eq!(f.told(), ["1 expired"]);
}

#[test]
fn a_day_order_meets_one_daily_bar_wherever_the_day_is_cut() {
    for (offset, length) in [(utc("2013-10-07T13:30:00Z"), 6 * HOUR_NS + 30 * MINUTE_NS), (utc("2013-10-07T00:00:00Z"), DAY_NS)] {
        let mut f = Floor::new(BARS);
        f.send(&limit(Buy, 100, 9.0), offset);
        f.bar(offset, offset + length, [10.0, 11.0, 9.5, 10.5], 1000);
        assert!(f.told().is_empty());
        f.bar(offset + DAY_NS, offset + DAY_NS + length, [10.0, 11.0, 8.0, 10.5], 1000);
        assert_eq!(f.told(), ["1 expired"], "a second daily bar is another session");
        f.send(&limit(Buy, 100, 9.0), offset + 2 * DAY_NS);
        f.bar(offset + 2 * DAY_NS, offset + 2 * DAY_NS + length, [10.0, 11.0, 8.0, 10.5], 1000);
        assert_eq!(f.told(), ["2 100@9 maker"]);
    }
}

#[test]
fn orders_expire_when_they_do_and_not_when_the_market_wakes_again() {
    let mut f = Floor::new(QUOTES);
    let open = utc("2013-10-07T13:30:00Z");
    let close = utc("2013-10-07T20:00:00Z");
    f.quote(open, 9.90, 10.0, 500);
    f.send(&limit(Buy, 100, 9.0), open + 1);
    assert_eq!(f.venue.next_expiry(), Timestamp::MAX, "no event has shown which session it is");
    f.quote(open + SECOND_NS, 9.90, 10.0, 500);
    assert_eq!(f.venue.next_expiry(), at(close + 1));
    f.told();
    f.quote(close - 1, 9.90, 10.0, 500);
    f.venue.advance(f.venue.next_expiry()).unwrap();
    assert_eq!(f.told(), ["1 expired"]);
    assert_eq!(f.venue.next_expiry(), Timestamp::MAX);
}

// --- settings ------------------------------------------------------------------------------------------------------------

#[test]
fn impossible_settings_are_refused_by_name() {
    let none = VenueConfig::default;
    for (config, field) in [
        (VenueConfig { order_latency_ns: -1, ..none() }, "venue.latency_ms"),
        (VenueConfig { report_latency_ns: 2 * HOUR_NS, ..none() }, "venue.report_latency_ms"),
        (VenueConfig { jitter_ns: -1, ..none() }, "venue.latency_jitter_ms"),
        (VenueConfig { slippage_ppb: -1, ..none() }, "venue.slippage_bps"),
        (VenueConfig { slippage_ppb: 100_000_001, ..none() }, "venue.slippage_bps"),
        (VenueConfig { fees: Fees::PerShare { rate: px(-0.01), minimum: Money::ZERO }, ..none() }, "venue.fees"),
        (VenueConfig { fees: Fees::Notional { parts_per_billion: 1_000_000_001 }, ..none() }, "venue.fees"),
    ] {
        let error = SimVenue::new(config, &[]).unwrap_err().to_string();
        assert!(error.starts_with(field), "{error}");
    }
}

#[test]
fn an_event_of_an_unknown_instrument_is_an_error() {
    let mut f = Floor::new(QUOTES);
    assert!(f.venue.on_market(&MarketEvent::Quote(Quote { instrument: InstrumentId(7), ..Quote::default() })).is_err());
}
