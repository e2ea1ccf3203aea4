//! The account between ledger and risk: buying power, margin, day trades, settlement, borrowing, interest.
//!
//! [`Account`] is told of every fill, mark and day boundary, and answers what an order needs to know. It moves no money itself:
//! [`Account::next_day`] says what is to be accrued, the ledger books it. A mark or fill is O(1). The rules are Alpaca's; where
//! no source states one outright it is a setting of [`AccountConfig`].

mod config;
mod day_trades;
mod margin;

pub use config::{AccountConfig, AccountKind, Borrow, PdtCheck, Unsettled};
pub use day_trades::{DAY_TRADES_ALLOWED, DayTrades, PATTERN_EQUITY};

use crate::book::TopOfBook;
use crate::ledger::{Booking, Ledger};
use crate::order::{OrderRequest, OrderType};
use crate::types::{Error, InstrumentId, Money, Price, Qty, Result, Side};
use config::accrued;
use serde::{Deserialize, Serialize};

/// Below this equity there is neither margin nor shorting.
pub const MARGIN_EQUITY: Money = Money::from_raw(2_000 * 1_000_000_000);

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Line {
    position: Qty,
    mark: Price,
    initial: Money,
    maintenance: Money,
    short_value: Money,
    /// Shares that can be borrowed.
    locate: Qty,
    borrow_rate: f64,
    /// Shares bought with money that has not settled.
    unpaid: i64,
    /// Needs its whole value as margin and makes no day trades: crypto, and what a broker lends nothing on.
    full: bool,
}

/// What is to be booked at a day boundary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accrual {
    /// Interest, below zero where it is paid.
    pub interest: Money,
    /// Cost of borrowed shares, at most zero.
    pub borrow: Money,
}

/// The figures of an account, as Alpaca's `/v2/account` names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountFigures {
    /// 1, 2 or 4.
    pub multiplier: u8,
    /// What opening orders may cost now, after what open ones hold.
    pub buying_power: Money,
    /// What opening orders hold.
    pub held: Money,
    /// Initial margin of all positions.
    pub initial_margin: Money,
    /// Maintenance margin of all positions.
    pub maintenance_margin: Money,
    /// Equity at the last close.
    pub last_equity: Money,
    /// Day trades in five business days.
    pub day_trades: u32,
    /// True once there were four of them.
    pub pattern_day_trader: bool,
    /// Cash that has settled.
    pub settled: Money,
}

/// One account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Account {
    config: AccountConfig,
    lines: Vec<Line>,
    initial: Money,
    maintenance: Money,
    short_value: Money,
    last_equity: Money,
    last_maintenance: Money,
    day_trades: DayTrades,
    unsettled: Money,
}

impl Account {
    /// An account with `cash` dollars over the instruments of `symbols`.
    pub fn new(config: AccountConfig, cash: Money, symbols: &[String]) -> Result<Self> {
        config.validate()?;
        let plain = Line {
            position: Qty::ZERO,
            mark: Price::ZERO,
            initial: Money::ZERO,
            maintenance: Money::ZERO,
            short_value: Money::ZERO,
            locate: if config.easy_to_borrow { Qty::MAX } else { Qty::ZERO },
            borrow_rate: config.borrow_rate,
            unpaid: 0,
            full: false,
        };
        let mut lines = vec![plain; symbols.len()];
        for borrow in &config.borrows {
            // A list of borrows is the broker's, and longer than most runs.
            if let Some(at) = symbols.iter().position(|s| *s == borrow.symbol) {
                lines[at].locate = borrow.shares.unwrap_or(Qty::MAX);
                lines[at].borrow_rate = borrow.rate;
            }
        }
        let day_trades = DayTrades::new(symbols.len());
        Ok(Self {
            config,
            lines,
            initial: Money::ZERO,
            maintenance: Money::ZERO,
            short_value: Money::ZERO,
            last_equity: cash,
            last_maintenance: Money::ZERO,
            day_trades,
            unsettled: Money::ZERO,
        })
    }

    /// Its settings.
    pub const fn config(&self) -> &AccountConfig {
        &self.config
    }

    /// True when it limits anything.
    #[inline]
    pub fn is_limited(&self) -> bool {
        self.config.kind != AccountKind::Unlimited
    }

    /// Positions in `instrument` need their whole value as margin, and make no day trades.
    pub fn set_full_margin(&mut self, instrument: InstrumentId) {
        if let Some(line) = self.lines.get_mut(instrument.index()) {
            line.full = true;
        }
    }

    /// Change its settings: what the holder may set himself.
    pub fn set_config(&mut self, config: AccountConfig) -> Result<()> {
        config.validate()?;
        self.config = config;
        Ok(())
    }

    /// Maintenance margin of all positions at the last close.
    pub const fn last_maintenance(&self) -> Money {
        self.last_maintenance
    }

    /// Its day trades.
    pub const fn day_trades(&self) -> &DayTrades {
        &self.day_trades
    }

    /// 4 with 25,000 dollars at the last close, 2 with 2,000 now, else 1; at most what the settings allow.
    #[inline]
    pub fn multiplier(&self, ledger: &Ledger) -> u8 {
        let by_equity = match self.config.kind {
            AccountKind::Margin if self.last_equity >= PATTERN_EQUITY => 4,
            AccountKind::Margin if ledger.equity() >= MARGIN_EQUITY => 2,
            _ => 1,
        };
        by_equity.min(self.config.max_multiplier)
    }

    /// Cash that has settled.
    pub fn settled(&self, ledger: &Ledger) -> Money {
        Money::from_raw(ledger.cash().raw() - self.unsettled.raw())
    }

    /// What opening orders may cost in all: those that are open hold their part of it.
    #[inline]
    pub fn buying_power(&self, ledger: &Ledger) -> Money {
        let raw = match (self.config.kind, self.multiplier(ledger)) {
            (AccountKind::Unlimited, _) => i128::MAX,
            (AccountKind::Cash, _) if self.config.unsettled == Unsettled::Wait => self.settled(ledger).raw(),
            (AccountKind::Cash, _) => ledger.cash().raw(),
            (AccountKind::Margin, 4) => 4 * (self.last_equity.raw() - self.last_maintenance.raw()) - self.day_trades.used().raw(),
            (AccountKind::Margin, 2) => 2 * (ledger.equity().raw() - self.initial.raw()),
            // Proceeds of a short are collateral, not money to spend.
            (AccountKind::Margin, _) => ledger.cash().raw() - 2 * self.short_value.raw(),
        };
        Money::from_raw(raw.max(0))
    }

    /// What a share of `request` is taken to cost while it is open: a buy its limit, a market or stop buy a cushion above the
    /// ask (or the stop, as Alpaca's stop-limit: 4 % below 50 dollars, else 2.5 %); a sell the higher of its limit and 1.03 × ask.
    #[inline]
    pub fn cost_price(&self, request: &OrderRequest, top: &TopOfBook) -> Option<Price> {
        let ask = if top.ask.is_positive() { Some(top.ask) } else { top.reference() };
        // In two parts, so that it fits 64 bits: a division of 128 would cost more than the rest.
        let above = |price: Price, ppm: i64| {
            let (whole, rest) = (price.raw() / 1_000_000, price.raw() % 1_000_000);
            Price::from_raw(whole.saturating_mul(1_000_000 + ppm).saturating_add(rest * (1_000_000 + ppm) / 1_000_000))
        };
        match (request.side, request.kind) {
            (Side::Buy, OrderType::Limit | OrderType::StopLimit) => request.limit,
            (Side::Buy, _) => {
                let cushion = (self.config.market_buy_cushion * 1e6) as i64;
                let market = ask.map(|ask| above(ask, cushion));
                let stop = request.stop.map(|stop| above(stop, if stop.raw() < 50_000_000_000 { 40_000 } else { 25_000 }));
                if request.stop.is_some() { stop } else { market }
            }
            (Side::Sell, _) => {
                let market = ask.map(|ask| above(ask, 30_000));
                market.max(request.limit)
            }
        }
    }

    /// Shares of `instrument` that may be held short.
    #[inline]
    pub fn locate(&self, instrument: InstrumentId) -> Qty {
        self.lines.get(instrument.index()).map_or(Qty::ZERO, |l| l.locate)
    }

    /// Set what can be borrowed of `instrument`, and at what rate a year.
    pub fn set_borrow(&mut self, instrument: InstrumentId, shares: Option<Qty>, rate: f64) -> Result<()> {
        if !(0.0..=10.0).contains(&rate) || shares.is_some_and(|q| q.raw() < 0) {
            return Err(Error::config("borrow", "needs shares of zero or more and a rate from 0 to 1,000 percent"));
        }
        let Some(line) = self.lines.get_mut(instrument.index()) else {
            return Err(Error::data("borrow", "names an instrument that this account does not know"));
        };
        (line.locate, line.borrow_rate) = (shares.unwrap_or(Qty::MAX), rate);
        Ok(())
    }

    /// True when shorts are allowed: a margin account of 2,000 dollars and more.
    #[inline]
    pub fn may_short(&self, ledger: &Ledger) -> bool {
        match self.config.kind {
            AccountKind::Unlimited => true,
            AccountKind::Cash => false,
            AccountKind::Margin => self.config.shorting && ledger.equity() >= MARGIN_EQUITY,
        }
    }

    /// Shares of `instrument` bought with money that has not settled.
    #[inline]
    pub fn unpaid(&self, instrument: InstrumentId) -> Qty {
        self.lines.get(instrument.index()).map_or(Qty::ZERO, |l| Qty::from_raw(l.unpaid))
    }

    /// Day trades that there would be if an order that closes (or else opens) a position in `instrument` filled, and the number
    /// allowed; `None` where nobody counts. `closing_elsewhere` says whether another instrument has closing orders open.
    #[inline]
    pub fn day_trades_after(
        &self,
        instrument: InstrumentId,
        closes: bool,
        closing_elsewhere: impl Fn(InstrumentId) -> bool,
    ) -> Option<(u32, u32)> {
        if self.config.kind != AccountKind::Margin || self.last_equity >= PATTERN_EQUITY {
            return None;
        }
        let (entry, exit) = match self.config.pdt_check {
            PdtCheck::Off => return None,
            PdtCheck::Entry => (true, false),
            PdtCheck::Exit => (false, true),
            PdtCheck::Both => (true, true),
        };
        let more = if closes && exit {
            let here = u32::from(self.day_trades.would_close(instrument));
            if here == 0 {
                return None;
            }
            here + self.day_trades.open(instrument).filter(|&i| closing_elsewhere(i)).count() as u32
        } else if !closes && entry {
            1 + self.day_trades.open(instrument).count() as u32
        } else {
            return None;
        };
        Some((self.day_trades.count() + more, DAY_TRADES_ALLOWED))
    }

    #[inline]
    fn revalue(&mut self, index: usize) {
        let line = &mut self.lines[index];
        let (initial, maintenance) = if line.full {
            let value = Money::notional(line.mark, line.position.abs());
            (value, value)
        } else {
            margin::requirement(line.position, line.mark)
        };
        let short = if line.position.raw() < 0 { Money::notional(line.mark, line.position.abs()) } else { Money::ZERO };
        self.initial = Money::from_raw(self.initial.raw() + initial.raw() - line.initial.raw());
        self.maintenance = Money::from_raw(self.maintenance.raw() + maintenance.raw() - line.maintenance.raw());
        self.short_value = Money::from_raw(self.short_value.raw() + short.raw() - line.short_value.raw());
        (line.initial, line.maintenance, line.short_value) = (initial, maintenance, short);
    }

    /// The mark of `instrument` is `mark` now.
    #[inline]
    pub fn marked(&mut self, instrument: InstrumentId, mark: Price) {
        if self.config.kind != AccountKind::Margin {
            return;
        }
        if let Some(line) = self.lines.get_mut(instrument.index()) {
            line.mark = mark;
            if !line.position.is_zero() {
                self.revalue(instrument.index());
            }
        }
    }

    /// A fill was booked; `ledger` is as it is after it.
    pub fn booked(&mut self, fill: &Booking, ledger: &Ledger) {
        if !self.is_limited() {
            return;
        }
        let held = ledger.net_qty(fill.instrument);
        let change = Qty::from_raw(fill.side.sign() * fill.qty.raw());
        let notional = Money::notional(fill.price, fill.qty);
        let Some(line) = self.lines.get_mut(fill.instrument.index()) else { return };
        (line.position, line.mark) = (held, ledger.mark_of(fill.instrument));
        if self.config.kind == AccountKind::Margin {
            if !line.full {
                self.day_trades.filled(fill.instrument, Qty::from_raw(held.raw() - change.raw()), change, notional);
            }
            self.revalue(fill.instrument.index());
            return;
        }
        if fill.side == Side::Sell {
            line.unpaid = line.unpaid.min(held.raw().max(0));
            self.unsettled = Money::from_raw(self.unsettled.raw() + (notional.raw() - fill.fee.raw()).max(0));
        } else {
            let cost = notional.raw() + fill.fee.raw().max(0);
            let settled = (ledger.cash().raw() + cost - self.unsettled.raw()).max(0);
            let short = (cost - settled).min(self.unsettled.raw());
            if short > 0 {
                self.unsettled = Money::from_raw(self.unsettled.raw() - short);
                // As many shares as the part of the cost that had not settled, rounded up.
                let shares = (i128::from(fill.qty.raw()).saturating_mul(short) + cost - 1) / cost;
                line.unpaid = line.unpaid.saturating_add(i64::try_from(shares).unwrap_or(i64::MAX)).min(held.raw().max(0));
            }
        }
    }

    /// A position changed without a fill: a split, or what a broker reports.
    pub fn repositioned(&mut self, instrument: InstrumentId, position: Qty, mark: Price) {
        if !self.is_limited() {
            return;
        }
        if let Some(line) = self.lines.get_mut(instrument.index()) {
            (line.position, line.mark) = (position, mark);
            self.revalue(instrument.index());
        }
    }

    /// A business day begins, `days` calendar days after the one before: settlement, day trades, last equity, and what is to be
    /// accrued, on the balances and marks that the last day ended with.
    pub fn next_day(&mut self, days: i64, ledger: &Ledger) -> Accrual {
        if !self.is_limited() {
            return Accrual::default();
        }
        self.last_equity = ledger.equity();
        self.last_maintenance = self.maintenance;
        self.day_trades.next_day();
        self.unsettled = Money::ZERO;
        let mut borrow = Money::ZERO;
        for line in &mut self.lines {
            line.unpaid = 0;
            if line.position.raw() < 0 {
                borrow = Money::from_raw(borrow.raw() - accrued(line.short_value, line.borrow_rate, days).raw());
            }
        }
        // What shorts brought in is collateral of those who lent the shares.
        let balance = Money::from_raw(ledger.cash().raw() - self.short_value.raw());
        let rate = if balance < Money::ZERO { self.config.debit_rate } else { self.config.credit_rate };
        Accrual { interest: accrued(balance, rate, days), borrow }
    }

    /// All figures, open orders holding `held`.
    pub fn figures(&self, ledger: &Ledger, held: Money) -> AccountFigures {
        AccountFigures {
            multiplier: self.multiplier(ledger),
            buying_power: Money::from_raw((self.buying_power(ledger).raw() - held.raw()).max(0)),
            held,
            initial_margin: self.initial,
            maintenance_margin: self.maintenance,
            last_equity: self.last_equity,
            day_trades: self.day_trades.count(),
            pattern_day_trader: self.day_trades.flagged(),
            settled: self.settled(ledger),
        }
    }
}

#[cfg(test)]
mod tests;
