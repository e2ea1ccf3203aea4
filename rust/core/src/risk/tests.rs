//! Each check by itself, at its edge.

use super::*;
use crate::ledger::Booking;
use crate::order::{Order, OrderType};
use crate::types::SECOND_NS;

mod edges;
mod explained;
mod scopes;
mod sums;

const I: InstrumentId = InstrumentId(0);

fn top(bid: f64, ask: f64, ts: i64) -> TopOfBook {
    let mut top = TopOfBook::default();
    top.apply_quote(&crate::event::Quote {
        ts: Timestamp::from_nanos(ts),
        bid: Price::from_f64(bid).unwrap(),
        ask: Price::from_f64(ask).unwrap(),
        bid_size: Qty::from_whole(100).unwrap(),
        ask_size: Qty::from_whole(100).unwrap(),
        ..Default::default()
    });
    top
}

struct Desk {
    risk: Risk,
    ledger: Ledger,
    top: TopOfBook,
    now: i64,
    open: usize,
    gate: Gate,
    strategy: u16,
    next: u64,
}

fn names(all: &[&str]) -> Vec<String> {
    all.iter().map(|&s| s.to_owned()).collect()
}

impl Desk {
    fn new(limits: RiskLimits) -> Self {
        Self::with(limits, AccountConfig::default(), 100_000.0)
    }

    fn with(limits: RiskLimits, account: AccountConfig, cash: f64) -> Self {
        let cash = Money::from_f64(cash).unwrap();
        let risk = Risk::new(limits, account, cash, &names(&["A", "B"]), &names(&["s", "t"])).unwrap();
        Self { risk, ledger: Ledger::new(cash, 2, 2), top: top(99.0, 101.0, 0), now: 0, open: 0, gate: Gate::Open, strategy: 0, next: 1 }
    }

    /// An order that was sent and is open.
    fn open(&mut self, request: OrderRequest) -> OrderId {
        let order = Order::new(OrderId(self.next), StrategyId(self.strategy), &request, Price::ZERO, Timestamp::MIN);
        self.next += 1;
        self.risk.opened(&order, request.qty.raw(), Price::from_f64(100.0).unwrap(), &self.top);
        order.id
    }

    fn context(&self) -> RiskContext<'_> {
        RiskContext {
            now: Timestamp::from_nanos(self.now),
            strategy: StrategyId(self.strategy),
            top: &self.top,
            ledger: &self.ledger,
            open_orders: self.open,
            gate: self.gate,
        }
    }

    fn refusal(&mut self, request: &OrderRequest) -> Option<Refusal> {
        let explained = self.risk.explain(request, &self.context());
        let first = explained.iter().find_map(Verdict::refusal);
        let context = RiskContext {
            now: Timestamp::from_nanos(self.now),
            strategy: StrategyId(self.strategy),
            top: &self.top,
            ledger: &self.ledger,
            open_orders: self.open,
            gate: self.gate,
        };
        let refusal = self.risk.check(request, &context).err();
        assert_eq!(first, refusal, "what is explained is what is decided");
        refusal
    }

    fn check_replacing(&mut self, old: OrderId, request: &OrderRequest) -> Option<&'static str> {
        let context = RiskContext {
            now: Timestamp::from_nanos(self.now),
            strategy: StrategyId(self.strategy),
            top: &self.top,
            ledger: &self.ledger,
            open_orders: self.open,
            gate: self.gate,
        };
        self.risk.check_replacement(old, request, &context).err().map(|r| r.code.as_str())
    }

    fn check(&mut self, request: &OrderRequest) -> Option<&'static str> {
        self.refusal(request).map(|r| r.code.as_str())
    }

    fn hold(&mut self, side: Side, qty: i64) {
        let (price, qty) = (Price::from_f64(100.0).unwrap(), Qty::from_whole(qty).unwrap());
        self.fill(OrderId(0), I, side, qty, price, false);
    }

    fn fill(&mut self, id: OrderId, instrument: InstrumentId, side: Side, qty: Qty, price: Price, done: bool) {
        let ts = Timestamp::from_nanos(self.now);
        let booking = Booking { strategy: StrategyId(self.strategy), instrument, side, qty, price, fee: Money::ZERO, ts };
        let booked = self.ledger.book(&booking).unwrap();
        self.risk.booked(id, &booking, booked.position, done, &self.ledger);
    }
}

fn market(side: Side, qty: i64) -> OrderRequest {
    OrderRequest::market(I, side, Qty::from_whole(qty).unwrap())
}

fn limit(side: Side, qty: i64, price: f64) -> OrderRequest {
    OrderRequest::limit(I, side, Qty::from_whole(qty).unwrap(), Price::from_f64(price).unwrap())
}

#[allow(clippy::unnecessary_wraps, reason = "limits are options")]
fn dollars(x: f64) -> Option<Money> {
    Some(Money::from_f64(x).unwrap())
}

#[test]
fn each_limit_holds_at_its_edge_and_not_one_step_before() {
    let qty = |q: i64| Some(Qty::from_whole(q).unwrap());
    let none = RiskLimits { max_leverage: None, ..Default::default() };
    let cases: Vec<(RiskLimits, OrderRequest, OrderRequest, &str)> = vec![
        (RiskLimits { max_order_qty: qty(100), ..none.clone() }, market(Side::Buy, 100), market(Side::Buy, 101), "MAX_QTY"),
        (
            RiskLimits { max_order_notional: dollars(10_100.0), ..none.clone() },
            market(Side::Buy, 100),
            market(Side::Buy, 101),
            "MAX_NOTIONAL",
        ),
        (RiskLimits { max_position_qty: qty(50), ..none.clone() }, market(Side::Sell, 50), market(Side::Sell, 51), "MAX_POSITION"),
        (
            RiskLimits { max_position_notional: dollars(9_900.0), ..none.clone() },
            market(Side::Sell, 100),
            market(Side::Sell, 101),
            "MAX_POSITION",
        ),
        (RiskLimits { max_gross_exposure: dollars(1_010.0), ..none.clone() }, market(Side::Buy, 10), market(Side::Buy, 11), "MAX_EXPOSURE"),
        (RiskLimits { max_net_exposure: dollars(990.0), ..none.clone() }, market(Side::Sell, 10), market(Side::Sell, 11), "MAX_EXPOSURE"),
        (RiskLimits { max_leverage: Some(1.0), ..none.clone() }, market(Side::Buy, 990), market(Side::Buy, 991), "BUYING_POWER"),
        (RiskLimits { collar: Some(0.05), ..none.clone() }, limit(Side::Buy, 1, 105.0), limit(Side::Buy, 1, 105.01), "COLLAR"),
        (RiskLimits { collar: Some(0.01), ..none.clone() }, market(Side::Buy, 1), limit(Side::Sell, 1, 98.99), "COLLAR"),
        (RiskLimits { allow_short: false, ..none.clone() }, market(Side::Buy, 1), market(Side::Sell, 1), "SHORT"),
        (none, market(Side::Buy, 1), market(Side::Buy, 0), "INVALID"),
    ];
    for (limits, good, bad, code) in cases {
        let mut desk = Desk::new(limits);
        assert_eq!(desk.check(&good), None, "{code}");
        assert_eq!(desk.check(&bad), Some(code));
    }
}

#[test]
fn open_orders_count_on_the_worst_side() {
    let mut desk =
        Desk::new(RiskLimits { max_position_qty: Some(Qty::from_whole(100).unwrap()), max_leverage: None, ..Default::default() });
    desk.hold(Side::Buy, 60);
    desk.open(limit(Side::Buy, 30, 100.0));
    assert_eq!(desk.check(&market(Side::Buy, 10)), None);
    assert_eq!(desk.check(&market(Side::Buy, 11)), Some("MAX_POSITION"));
    assert_eq!(desk.check(&market(Side::Sell, 160)), None);
    assert_eq!(desk.check(&market(Side::Sell, 161)), Some("MAX_POSITION"));
    assert_eq!(desk.risk.exposure().worst_total().to_f64(), 9_000.0);
}

#[test]
fn open_orders_count_in_net_exposure_too() {
    let mut desk = Desk::new(RiskLimits { max_net_exposure: dollars(5_000.0), max_leverage: None, ..Default::default() });
    desk.open(limit(Side::Buy, 40, 100.0));
    assert_eq!(desk.check(&market(Side::Buy, 9)), None);
    assert_eq!(desk.check(&market(Side::Buy, 10)), Some("MAX_EXPOSURE"));
    assert_eq!(desk.check(&market(Side::Sell, 50)), None, "open buys may never fill, and are no room for sells");
    assert_eq!(desk.check(&market(Side::Sell, 51)), Some("MAX_EXPOSURE"));
}

#[test]
fn reduce_only_lets_pass_what_shrinks_and_nothing_else() {
    let mut desk = Desk::new(RiskLimits::default());
    desk.hold(Side::Buy, 60);
    desk.gate = Gate::ReduceOnly(RefusalCode::Drawdown);
    assert_eq!(desk.check(&market(Side::Sell, 60)), None);
    assert_eq!(desk.check(&market(Side::Sell, 61)), Some("DRAWDOWN"));
    assert_eq!(desk.check(&market(Side::Buy, 1)), Some("DRAWDOWN"));
    desk.gate = Gate::Shut(RefusalCode::State);
    assert_eq!(desk.check(&market(Side::Sell, 1)), Some("STATE"));
}

#[test]
fn old_or_missing_prices_stop_an_order() {
    let mut desk = Desk::new(RiskLimits { max_data_age_ns: Some(1_000), ..Default::default() });
    desk.now = 1_000;
    assert_eq!(desk.check(&market(Side::Buy, 1)), None);
    desk.now = 1_001;
    assert_eq!(desk.check(&market(Side::Buy, 1)), Some("STALE_DATA"));
    desk.top = TopOfBook::default();
    assert_eq!(desk.check(&market(Side::Buy, 1)), Some("STALE_REFERENCE"));
    let mut desk = Desk::new(RiskLimits::default());
    desk.top = TopOfBook::default();
    assert_eq!(desk.check(&market(Side::Buy, 1)), Some("STALE_REFERENCE"));
    assert_eq!(desk.check(&limit(Side::Sell, 1, 1.0)), Some("STALE_REFERENCE"), "it may fill at any price above");
    assert_eq!(desk.check(&limit(Side::Buy, 1, 1.0)), None);
}

#[test]
fn limits_in_shares_hold_before_the_first_price() {
    let before_any_price = |limits: RiskLimits| {
        let mut desk = Desk::new(RiskLimits { max_leverage: None, ..limits });
        desk.top = TopOfBook::default();
        desk.open = 3;
        desk.check(&market(Side::Sell, 10))
    };
    let none = RiskLimits::default;
    assert_eq!(before_any_price(none()), None);
    assert_eq!(before_any_price(RiskLimits { allow_short: false, ..none() }), Some("SHORT"));
    assert_eq!(before_any_price(RiskLimits { max_position_qty: Some(Qty::from_whole(9).unwrap()), ..none() }), Some("MAX_POSITION"));
    assert_eq!(before_any_price(RiskLimits { max_open_orders: Some(3), ..none() }), Some("MAX_OPEN"));
}

#[test]
fn an_order_is_valued_at_the_dearest_price_it_may_fill_at() {
    let stop = |side, price: f64| OrderRequest { kind: OrderType::Stop, stop: Some(Price::from_f64(price).unwrap()), ..market(side, 100) };
    // The market is 99 to 101. A sell far below it fills at the bid, a buy stop far above it at the stop.
    for (request, value) in [
        (limit(Side::Sell, 100, 0.01), 9_900.0),
        (limit(Side::Sell, 100, 150.0), 15_000.0),
        (limit(Side::Buy, 100, 50.0), 5_000.0),
        (limit(Side::Buy, 100, 150.0), 15_000.0),
        (stop(Side::Buy, 150.0), 15_000.0),
        (stop(Side::Sell, 50.0), 9_900.0),
    ] {
        let with = |max: f64| {
            Desk::new(RiskLimits { max_order_notional: dollars(max), max_leverage: None, ..RiskLimits::default() }).check(&request)
        };
        assert_eq!(with(value), None, "{request:?}");
        assert_eq!(with(value - 1.0), Some("MAX_NOTIONAL"), "{request:?}");
    }
}

#[test]
fn quantities_at_the_end_of_the_range_do_not_wrap_into_something_that_shrinks() {
    let mut desk = Desk::new(RiskLimits::default());
    desk.hold(Side::Buy, 60);
    desk.open(OrderRequest::market(I, Side::Sell, Qty::from_raw(i64::MAX - 10)));
    desk.gate = Gate::ReduceOnly(RefusalCode::State);
    assert_eq!(desk.check(&market(Side::Sell, 60)), Some("STATE"));
    desk.gate = Gate::Open;
    assert_eq!(desk.check(&market(Side::Sell, 60)), Some("BUYING_POWER"));
    assert_eq!(desk.check(&OrderRequest::market(I, Side::Buy, Qty::MAX)), Some("BUYING_POWER"));
}

#[test]
fn the_rate_allows_a_burst_of_one_second_then_the_steady_rate() {
    let mut desk = Desk::new(RiskLimits { max_orders_per_second: Some(10), ..Default::default() });
    let passed = |desk: &mut Desk, n: usize| (0..n).filter(|_| desk.check(&market(Side::Buy, 1)).is_none()).count();
    assert_eq!(passed(&mut desk, 50), 10);
    desk.now = SECOND_NS / 10;
    assert_eq!(passed(&mut desk, 50), 1);
    desk.now = 100 * SECOND_NS;
    assert_eq!(passed(&mut desk, 50), 10);
}

#[test]
fn impossible_limits_are_refused_by_name() {
    for limits in [
        RiskLimits { max_leverage: Some(0.0), ..Default::default() },
        RiskLimits { max_drawdown: Some(1.5), ..Default::default() },
        RiskLimits { collar: Some(f64::NAN), ..Default::default() },
        RiskLimits { max_order_qty: Some(Qty::from_raw(-1)), ..Default::default() },
        RiskLimits { max_orders_per_second: Some(0), ..Default::default() },
    ] {
        assert!(Risk::new(limits, AccountConfig::default(), Money::ZERO, &[], &[]).unwrap_err().to_string().starts_with("risk."));
    }
}
