//! Accounts: worked numbers, day trades against a recount share by share, buying power against Alpaca's example.

use super::*;
use crate::ledger::Ledger;
use crate::order::Order;
use crate::risk::{Gate, Risk, RiskContext, RiskLimits};
use crate::types::{OrderId, StrategyId, Timestamp};
use proptest::prelude::*;

const I: InstrumentId = InstrumentId(0);

fn usd(x: f64) -> Money {
    Money::from_f64(x).unwrap()
}

fn q(shares: i64) -> Qty {
    Qty::from_whole(shares).unwrap()
}

fn px(price: f64) -> Price {
    Price::from_f64(price).unwrap()
}

/// An account, its books and its risk checks, as an engine holds them.
struct Desk {
    risk: Risk,
    ledger: Ledger,
    tops: [TopOfBook; 3],
    next: u64,
    day: i64,
}

impl Desk {
    fn new(config: AccountConfig, cash: f64) -> Self {
        let names = |all: &[&str]| all.iter().map(|&s| s.to_owned()).collect::<Vec<_>>();
        let risk = Risk::new(RiskLimits::none(), config, usd(cash), &names(&["A", "B", "C"]), &names(&["s"])).unwrap();
        let mut desk = Self { risk, ledger: Ledger::new(usd(cash), 3, 1), tops: [TopOfBook::default(); 3], next: 1, day: 0 };
        for i in 0..3 {
            desk.quote(i, 99.99, 100.0);
        }
        desk.risk.next_day(0, Timestamp::from_nanos(1), &desk.ledger);
        desk
    }

    fn margin(cash: f64) -> Self {
        Self::new(AccountConfig { kind: AccountKind::Margin, ..AccountConfig::default() }, cash)
    }

    fn cash(cash: f64, unsettled: Unsettled) -> Self {
        Self::new(AccountConfig { kind: AccountKind::Cash, unsettled, ..AccountConfig::default() }, cash)
    }

    fn quote(&mut self, i: u32, bid: f64, ask: f64) {
        let top = &mut self.tops[i as usize];
        (top.bid, top.ask) = (px(bid), px(ask));
    }

    fn mark(&mut self, i: u32, price: f64) {
        self.ledger.mark(InstrumentId(i), px(price));
        self.risk.marked(InstrumentId(i), px(price));
    }

    fn refused(&mut self, request: &OrderRequest) -> Option<&'static str> {
        let context = RiskContext {
            now: Timestamp::from_nanos(0),
            strategy: StrategyId(0),
            top: &self.tops[request.instrument.index()],
            ledger: &self.ledger,
            open_orders: 0,
            gate: Gate::Open,
        };
        let explained = self.risk.explain(request, &context).iter().find_map(crate::risk::Verdict::refusal);
        let refusal = self.risk.check(request, &context).err();
        assert_eq!(explained, refusal);
        refusal.map(|r| r.code.as_str())
    }

    fn open(&mut self, request: &OrderRequest) -> OrderId {
        let order = Order::new(OrderId(self.next), StrategyId(0), request, Price::ZERO, Timestamp::MIN);
        self.next += 1;
        self.risk.opened(&order, request.qty.raw(), px(100.0), &self.tops[request.instrument.index()]);
        order.id
    }

    fn fill(&mut self, id: OrderId, i: u32, side: Side, shares: i64, price: f64, done: bool) {
        let fill = Booking {
            strategy: StrategyId(0),
            instrument: InstrumentId(i),
            side,
            qty: q(shares),
            price: px(price),
            fee: Money::ZERO,
            ts: Timestamp::MIN,
        };
        let booked = self.ledger.book(&fill).unwrap();
        self.risk.booked(id, &fill, booked.position, done, &self.ledger);
    }

    fn trade(&mut self, i: u32, side: Side, shares: i64, price: f64) {
        self.fill(OrderId(0), i, side, shares, price, true);
    }

    fn next_day(&mut self, days: i64) -> Accrual {
        self.day += days;
        let accrual = self.risk.next_day(days, Timestamp::from_nanos(1 + self.day), &self.ledger);
        self.ledger.accrue(accrual.interest).unwrap();
        self.ledger.accrue(accrual.borrow).unwrap();
        assert!(self.ledger.is_balanced());
        accrual
    }

    fn figures(&self) -> AccountFigures {
        self.risk.account().figures(&self.ledger, self.risk.exposure().held())
    }
}

fn buy(shares: i64, price: f64) -> OrderRequest {
    OrderRequest::limit(I, Side::Buy, q(shares), px(price))
}

fn sell(shares: i64, price: f64) -> OrderRequest {
    OrderRequest::limit(I, Side::Sell, q(shares), px(price))
}

#[test]
fn orders_hold_buying_power_as_alpaca_says() {
    // alpaca.markets/docs/trading/orders, "Buying Power": a short is valued at the higher of its limit and 3 % above the ask.
    let mut desk = Desk::margin(10_000.0);
    assert_eq!(desk.figures().buying_power, usd(20_000.0));
    let id = desk.open(&buy(100, 50.0));
    assert_eq!(desk.figures().held, usd(5_000.0));
    let short = desk.open(&OrderRequest { instrument: InstrumentId(1), ..sell(10, 90.0) });
    assert_eq!(desk.figures().held, usd(5_000.0 + 1_030.0));
    desk.open(&OrderRequest { instrument: InstrumentId(2), ..OrderRequest::market(I, Side::Buy, q(10)) });
    assert_eq!(desk.figures().held, usd(5_000.0 + 1_030.0 + 1_040.0));
    assert_eq!(desk.figures().buying_power, usd(20_000.0 - 7_070.0));
    desk.risk.closed(short);
    desk.fill(id, 0, Side::Buy, 40, 50.0, false);
    let now = desk.figures();
    assert_eq!(now.held, usd(3_000.0 + 1_040.0));
    assert_eq!(now.initial_margin, usd(1_000.0));
    assert_eq!(now.maintenance_margin, usd(600.0));
    assert_eq!(now.buying_power, usd(2.0 * (10_000.0 - 1_000.0) - 4_040.0));
    // Closing orders give nothing back until they are filled.
    desk.open(&sell(40, 50.0));
    assert_eq!(desk.figures().buying_power, usd(13_960.0));
    assert_eq!(desk.refused(&buy(139, 100.0)), None);
    assert_eq!(desk.refused(&buy(140, 100.0)), Some("BUYING_POWER"));
}

#[test]
fn the_multiplier_is_one_two_or_four() {
    for (cash, power) in [(1_999.99, 1_999.99), (2_000.0, 4_000.0), (24_999.0, 49_998.0), (25_000.0, 100_000.0)] {
        assert_eq!(Desk::margin(cash).figures().buying_power, usd(power), "{cash}");
    }
    let capped = AccountConfig { kind: AccountKind::Margin, max_multiplier: 2, ..AccountConfig::default() };
    assert_eq!(Desk::new(capped, 30_000.0).figures().buying_power, usd(60_000.0));
}

#[test]
fn day_trading_power_comes_back_with_the_close_and_ends_with_the_day() {
    let mut desk = Desk::margin(50_000.0);
    desk.trade(0, Side::Buy, 1_500, 100.0);
    assert_eq!(desk.figures().buying_power, usd(50_000.0));
    assert_eq!(desk.refused(&buy(500, 100.0)), None);
    assert_eq!(desk.refused(&buy(501, 100.0)), Some("BUYING_POWER"));
    desk.trade(0, Side::Sell, 500, 100.0);
    assert_eq!(desk.figures().buying_power, usd(100_000.0), "a third of what was opened is closed");
    assert_eq!(desk.figures().day_trades, 1);
    desk.next_day(1);
    // Overnight: 50,000 of equity less 30 % of 100,000 held, times four.
    assert_eq!(desk.figures().buying_power, usd(80_000.0));
    desk.trade(0, Side::Sell, 1_000, 100.0);
    assert_eq!(desk.figures().buying_power, usd(80_000.0), "it is of the last close");
    assert_eq!(desk.figures().day_trades, 1, "what was held over night makes no day trade");
}

#[test]
fn shorts_need_margin_equity_and_shares_to_borrow() {
    assert_eq!(Desk::cash(10_000.0, Unsettled::Wait).refused(&sell(1, 100.0)), Some("SHORT"));
    assert_eq!(Desk::margin(1_999.0).refused(&sell(1, 100.0)), Some("SHORT"));
    let borrow = |symbol: &str, shares: Option<i64>| Borrow { symbol: symbol.to_owned(), shares: shares.map(q), rate: 0.0 };
    let config = AccountConfig {
        kind: AccountKind::Margin,
        easy_to_borrow: false,
        borrows: vec![borrow("A", Some(50)), borrow("B", None), borrow("Z", None)],
        ..AccountConfig::default()
    };
    let mut desk = Desk::new(config, 24_000.0);
    assert_eq!(desk.refused(&sell(50, 100.0)), None);
    assert_eq!(desk.refused(&sell(51, 100.0)), Some("SHORT"));
    desk.open(&sell(30, 100.0));
    assert_eq!(desk.refused(&sell(20, 100.0)), None);
    assert_eq!(desk.refused(&sell(21, 100.0)), Some("SHORT"), "open shorts count");
    assert_eq!(desk.refused(&OrderRequest { instrument: InstrumentId(1), ..sell(200, 100.0) }), None);
    assert_eq!(desk.refused(&OrderRequest { instrument: InstrumentId(2), ..sell(1, 100.0) }), Some("SHORT"));
    desk.risk.account_mut().set_borrow(InstrumentId(2), Some(q(1)), 0.5).unwrap();
    assert_eq!(desk.refused(&OrderRequest { instrument: InstrumentId(2), ..sell(1, 100.0) }), None);
}

#[test]
fn balances_and_loans_of_shares_cost_and_earn_by_the_day() {
    let config =
        AccountConfig { kind: AccountKind::Margin, debit_rate: 0.0625, credit_rate: 0.018, borrow_rate: 0.036, ..AccountConfig::default() };
    let mut desk = Desk::new(config.clone(), 10_000.0);
    desk.trade(0, Side::Buy, 150, 100.0);
    // 5,000 borrowed over a weekend: 5,000 × 6.25 % × 3 ÷ 360.
    assert_eq!(desk.next_day(3), Accrual { interest: Money::from_raw(-2_604_166_667), borrow: Money::ZERO });
    let mut short = Desk::new(config, 10_000.0);
    short.trade(0, Side::Sell, 100, 100.0);
    // 20,000 of cash, of which 10,000 are collateral: 1.8 % on the rest, and 3.6 % on 10,000 of shares, each for a day of 360.
    assert_eq!(short.next_day(1), Accrual { interest: usd(0.5), borrow: usd(-1.0) });
    short.mark(0, 110.0);
    assert_eq!(short.next_day(1).borrow, usd(-1.1), "marked to the market");
    assert_eq!(short.ledger.accrued(), usd(0.5 - 1.0 - 1.1 + (19_999.5 - 11_000.0) * 0.018 / 360.0));
}

#[test]
fn proceeds_settle_on_the_next_business_day() {
    let mut desk = Desk::cash(10_000.0, Unsettled::Wait);
    desk.trade(0, Side::Buy, 100, 100.0);
    desk.next_day(1);
    desk.trade(0, Side::Sell, 100, 100.0);
    assert_eq!(desk.figures().settled, Money::ZERO);
    assert_eq!(desk.refused(&buy(1, 100.0)), Some("BUYING_POWER"));
    desk.next_day(1);
    assert_eq!(desk.refused(&buy(100, 100.0)), None);
}

#[test]
fn what_unsettled_money_bought_is_not_sold_before_it_settles() {
    let mut desk = Desk::cash(10_000.0, Unsettled::GoodFaith);
    desk.trade(0, Side::Buy, 60, 100.0);
    desk.next_day(1);
    desk.trade(0, Side::Sell, 60, 100.0);
    let in_b = |r: OrderRequest| OrderRequest { instrument: InstrumentId(1), ..r };
    assert_eq!(desk.refused(&in_b(buy(100, 100.0))), None);
    // 4,000 had settled, so that 60 of 100 shares are paid with what had not.
    desk.trade(1, Side::Buy, 100, 100.0);
    assert_eq!(desk.refused(&in_b(sell(40, 100.0))), None);
    assert_eq!(desk.refused(&in_b(sell(41, 100.0))), Some("BUYING_POWER"));
    desk.next_day(1);
    assert_eq!(desk.refused(&in_b(sell(100, 100.0))), None);
}

#[test]
fn the_fourth_day_trade_is_refused_below_25_000_and_only_there() {
    let mut small = Desk::margin(24_999.0);
    let mut large = Desk::margin(25_000.0);
    for desk in [&mut small, &mut large] {
        for i in 0..3 {
            desk.trade(i, Side::Buy, 1, 100.0);
            desk.trade(i, Side::Sell, 1, 100.0);
        }
        desk.trade(0, Side::Buy, 10, 100.0);
    }
    assert_eq!(small.refused(&sell(10, 100.0)), Some("PDT"));
    assert_eq!(large.refused(&sell(10, 100.0)), None);
    assert_eq!(small.refused(&buy(10, 100.0)), None, "opening is not checked by default");
    small.next_day(1);
    assert_eq!(small.refused(&sell(10, 100.0)), None, "held over night");
    small.trade(0, Side::Buy, 1, 100.0);
    assert_eq!(small.refused(&sell(1, 100.0)), Some("PDT"));
    for _ in 0..4 {
        small.next_day(1);
    }
    small.trade(0, Side::Buy, 1, 100.0);
    assert_eq!(small.refused(&sell(1, 100.0)), None, "the first day is no longer of the last five");
}

#[test]
fn closing_orders_that_are_open_elsewhere_count_as_day_trades_to_come() {
    let mut desk = Desk::margin(10_000.0);
    for i in 0..2 {
        desk.trade(i, Side::Buy, 1, 100.0);
        desk.trade(i, Side::Sell, 1, 100.0);
        desk.trade(i, Side::Buy, 1, 100.0);
    }
    assert_eq!(desk.refused(&sell(1, 100.0)), None, "the third");
    desk.open(&OrderRequest { instrument: InstrumentId(1), ..sell(1, 100.0) });
    assert_eq!(desk.refused(&sell(1, 100.0)), Some("PDT"), "with the other one it would be the fourth");
}

#[test]
fn the_check_on_entry_counts_what_could_be_closed_today() {
    let config = AccountConfig { kind: AccountKind::Margin, pdt_check: PdtCheck::Entry, ..AccountConfig::default() };
    let mut desk = Desk::new(config, 10_000.0);
    for _ in 0..2 {
        desk.trade(0, Side::Buy, 1, 100.0);
        desk.trade(0, Side::Sell, 1, 100.0);
    }
    assert_eq!(desk.refused(&buy(1, 100.0)), None);
    desk.trade(1, Side::Buy, 1, 100.0);
    assert_eq!(desk.refused(&buy(1, 100.0)), Some("PDT"));
    assert_eq!(desk.refused(&OrderRequest { instrument: InstrumentId(1), ..sell(1, 100.0) }), None);
}

#[test]
fn settings_that_cannot_be_are_refused_by_name() {
    let none = AccountConfig::default;
    let twice = Borrow { symbol: "A".to_owned(), shares: None, rate: 0.0 };
    for (config, part) in [
        (AccountConfig { max_multiplier: 3, ..none() }, "account.max_multiplier: is 3"),
        (AccountConfig { debit_rate: -0.1, ..none() }, "account.debit_rate_pct"),
        (AccountConfig { market_buy_cushion: f64::NAN, ..none() }, "account.market_buy_cushion_pct"),
        (AccountConfig { borrows: vec![twice.clone(), twice], ..none() }, "account.borrows.A: is given twice"),
    ] {
        assert!(config.validate().unwrap_err().to_string().starts_with(part), "{part}");
    }
    assert!(AccountKind::parse("Margin").is_err() && Unsettled::parse("").is_err() && PdtCheck::parse("never").is_err());
}

/// Every share by itself: a stack of the days on which each was opened, and the rule of the page read off it.
#[derive(Default)]
struct Naive {
    /// +1 for a share held, −1 for one owed, with the day it was opened.
    shares: Vec<(i64, i64)>,
    /// Whether the last share that moved today opened something.
    last_opened: Option<bool>,
    trades: Vec<i64>,
}

impl Naive {
    fn fill(&mut self, day: i64, sign: i64, shares: i64) {
        let mut opened_today_when_closing_began = None;
        for _ in 0..shares {
            match self.shares.last() {
                Some(&(held, opened)) if held == -sign => {
                    // A run of closes after an open, of shares of today: one day trade.
                    let began = *opened_today_when_closing_began.get_or_insert(opened == day);
                    if began && self.last_opened == Some(true) {
                        self.trades.push(day);
                    }
                    self.last_opened = Some(false);
                    self.shares.pop();
                }
                _ => {
                    self.shares.push((sign, day));
                    self.last_opened = Some(true);
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn day_trades_are_those_of_a_recount_share_by_share(
        fills in prop::collection::vec((0_i64..3, 0_u32..3, any::<bool>(), 1_i64..6), 1..120),
    ) {
        let mut desk = Desk::margin(1e9);
        let mut naive = [Naive::default(), Naive::default(), Naive::default()];
        let mut day = 0;
        for (later, i, is_buy, shares) in fills {
            if later == 2 {
                day += 1;
                desk.next_day(1);
                for n in &mut naive {
                    n.last_opened = None;
                }
            }
            let side = if is_buy { Side::Buy } else { Side::Sell };
            desk.trade(i, side, shares, 100.0);
            naive[i as usize].fill(day, side.sign(), shares);
            let expected = naive.iter().flat_map(|n| &n.trades).filter(|&&at| day - at < 5).count();
            prop_assert_eq!(desk.figures().day_trades as usize, expected);
            let opened: i128 = naive.iter().flat_map(|n| &n.shares).filter(|(_, opened)| *opened == day).count() as i128;
            prop_assert_eq!(desk.risk.account().day_trades().used().raw(), opened * 100_000_000_000, "cost of what was opened today");
        }
    }

    /// Margins are sums over the positions; power is never below zero, and an order within it passes, one above does not.
    #[test]
    fn margins_are_sums_and_power_is_the_edge(
        trades in prop::collection::vec((0_u32..3, any::<bool>(), 1_i64..30, 1_i64..150), 1..40),
        cash in 3_000_i64..24_000,
    ) {
        let mut desk = Desk::margin(cash as f64);
        for (i, is_buy, shares, price) in trades {
            desk.trade(i, if is_buy { Side::Buy } else { Side::Sell }, shares, price as f64);
            desk.mark(i, price as f64);
            let (mut initial, mut maintenance) = (0, 0);
            for i in 0..3 {
                let id = InstrumentId(i);
                let (a, b) = margin::requirement(desk.ledger.net_qty(id), desk.ledger.mark_of(id));
                initial += a.raw();
                maintenance += b.raw();
            }
            let figures = desk.figures();
            prop_assert_eq!((figures.initial_margin.raw(), figures.maintenance_margin.raw()), (initial, maintenance));
            let whole = (figures.buying_power.raw() / 1_000_000_000) as i64;
            if desk.ledger.net_qty(I).raw() >= 0 && whole > 0 {
                prop_assert_eq!(desk.refused(&buy(whole, 1.0)), None);
                prop_assert_eq!(desk.refused(&buy(whole + 1, 1.0)), Some("BUYING_POWER"));
            }
        }
    }
}
