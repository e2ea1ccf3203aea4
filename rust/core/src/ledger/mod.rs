//! Positions, cash and profit: average cost, exact to 1e-9.
//!
//! Invariant, after every call and to the last 1e-9: `equity = start + realized + unrealized + income + accrued − fees`, where
//! `equity = cash + Σ mark × shares` and `unrealized = Σ (mark × shares − cost)`. It holds by construction, because every
//! amount that leaves one term enters another unrounded; only a notional is rounded, once, when it is made.
//! Cost: a mark is O(1), a fill O(1); nothing is allocated after the start but round trips.

mod position;

pub use position::{Position, RoundTrip};

use crate::event::{ActionKind, CorporateAction};
use crate::types::{Error, InstrumentId, Money, Price, Qty, Result, SCALE, Side, StrategyId, Timestamp, div_half_even};
use serde::{Deserialize, Serialize};

/// One fill, as the ledger books it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Booking {
    /// Whose.
    pub strategy: StrategyId,
    /// Of what.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// Shares.
    pub qty: Qty,
    /// Dollars a share.
    pub price: Price,
    /// Dollars charged.
    pub fee: Money,
    /// Exchange time.
    pub ts: Timestamp,
}

/// What a booking did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Booked {
    /// Profit it realised, before fees.
    pub realized: Money,
    /// The strategy's position afterwards, in shares.
    pub position: Qty,
    /// The round trip it ended, if it did.
    pub trip: Option<RoundTrip>,
}

/// What happens to a cash dividend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Dividends {
    /// Paid into cash on the ex-date.
    #[default]
    Cash,
    /// Turned into shares at the ex-dividend reference price, as a total-return index does.
    Reinvest,
}

/// One point of the equity curve.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EquityPoint {
    /// When.
    pub ts: Timestamp,
    /// Cash and positions at their marks.
    pub equity: Money,
    /// Cash.
    pub cash: Money,
    /// Sum of the sizes of all positions.
    pub gross: Money,
    /// Longs less shorts.
    pub net: Money,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Holding {
    qty: Qty,
    mark: Price,
    value: Money,
}

/// The books of one account, shared by its strategies.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ledger {
    start: Money,
    cash: Money,
    /// Interest and the cost of borrowed shares.
    accrued: Money,
    holdings: Vec<Holding>,
    positions: Vec<Position>,
    strategies: usize,
    market_value: Money,
    gross: Money,
    peak: Money,
    trough: Money,
    max_drawdown: f64,
}

impl Ledger {
    /// Books of an account with `cash` dollars for the given numbers of instruments and strategies.
    pub fn new(cash: Money, instruments: usize, strategies: usize) -> Self {
        Self {
            start: cash,
            cash,
            accrued: Money::ZERO,
            holdings: vec![Holding::default(); instruments],
            positions: vec![Position::default(); instruments * strategies],
            strategies,
            market_value: Money::ZERO,
            gross: Money::ZERO,
            peak: cash,
            trough: cash,
            max_drawdown: 0.0,
        }
    }

    #[inline]
    fn key(&self, strategy: StrategyId, instrument: InstrumentId) -> usize {
        instrument.index() * self.strategies + strategy.index()
    }

    /// The position of `strategy` in `instrument`; `None` for an id it does not know.
    #[inline]
    pub fn position(&self, strategy: StrategyId, instrument: InstrumentId) -> Option<&Position> {
        (strategy.index() < self.strategies).then(|| self.positions.get(self.key(strategy, instrument))).flatten()
    }

    /// The account's position in `instrument`, over all strategies.
    #[inline]
    pub fn net_qty(&self, instrument: InstrumentId) -> Qty {
        self.holdings.get(instrument.index()).map_or(Qty::ZERO, |h| h.qty)
    }

    /// The last mark of `instrument`; zero before the first.
    #[inline]
    pub fn mark_of(&self, instrument: InstrumentId) -> Price {
        self.holdings.get(instrument.index()).map_or(Price::ZERO, |h| h.mark)
    }

    /// Cash.
    #[inline]
    pub const fn cash(&self) -> Money {
        self.cash
    }

    /// Interest received less interest and borrow costs paid.
    pub const fn accrued(&self) -> Money {
        self.accrued
    }

    /// Book interest or a cost of borrowed shares (below zero when paid).
    pub fn accrue(&mut self, amount: Money) -> Result<()> {
        self.cash = self.cash.checked_add(amount)?;
        self.accrued = self.accrued.checked_add(amount)?;
        self.track_drawdown();
        Ok(())
    }

    /// Equity at the start.
    pub const fn start(&self) -> Money {
        self.start
    }

    /// Cash and positions at their marks.
    #[inline]
    pub fn equity(&self) -> Money {
        Money::from_raw(self.cash.raw() + self.market_value.raw())
    }

    /// Sum of the sizes of all positions at their marks.
    #[inline]
    pub const fn gross(&self) -> Money {
        self.gross
    }

    /// Longs less shorts at their marks.
    #[inline]
    pub const fn net(&self) -> Money {
        self.market_value
    }

    /// Largest fall from a peak of equity so far, as a fraction of the peak; every mark counts.
    pub const fn max_drawdown(&self) -> f64 {
        self.max_drawdown
    }

    /// Present fall from the peak of equity, in dollars.
    #[inline]
    pub fn drawdown(&self) -> Money {
        Money::from_raw(self.peak.raw() - self.equity().raw())
    }

    /// The highest equity so far.
    #[inline]
    pub const fn peak(&self) -> Money {
        self.peak
    }

    /// The equity curve's point at `ts`.
    pub fn point(&self, ts: Timestamp) -> EquityPoint {
        EquityPoint { ts, equity: self.equity(), cash: self.cash, gross: self.gross, net: self.market_value }
    }

    #[inline]
    fn track_drawdown(&mut self) {
        let equity = self.equity();
        if equity >= self.peak {
            self.peak = equity;
            self.trough = equity;
        } else if equity < self.trough {
            self.trough = equity;
            if self.peak > Money::ZERO {
                let fall = (self.peak.raw() - equity.raw()) as f64 / self.peak.raw() as f64;
                self.max_drawdown = self.max_drawdown.max(fall);
            }
        }
    }

    #[inline]
    fn revalue(&mut self, index: usize) {
        let holding = &mut self.holdings[index];
        let value = Money::notional(holding.mark, holding.qty);
        let old = holding.value;
        holding.value = value;
        self.market_value = Money::from_raw(self.market_value.raw() + value.raw() - old.raw());
        self.gross = Money::from_raw(self.gross.raw() + value.abs().raw() - old.abs().raw());
    }

    /// Value `instrument` at `price` from now on. True when a position changed its value.
    #[inline]
    pub fn mark(&mut self, instrument: InstrumentId, price: Price) -> bool {
        let index = instrument.index();
        let Some(holding) = self.holdings.get_mut(index) else { return false };
        if holding.mark == price {
            return false;
        }
        holding.mark = price;
        if holding.qty.is_zero() {
            return false;
        }
        self.revalue(index);
        self.track_drawdown();
        true
    }

    /// Book a fill.
    pub fn book(&mut self, fill: &Booking) -> Result<Booked> {
        let key = self.key(fill.strategy, fill.instrument);
        if fill.strategy.index() >= self.strategies || key >= self.positions.len() {
            return Err(Error::data("fill", "names a strategy or instrument that this ledger does not know"));
        }
        let notional = Money::notional(fill.price, fill.qty);
        let spent = if fill.side == Side::Buy { notional } else { notional.neg() };
        let cash = self.cash.checked_sub(spent)?.checked_sub(fill.fee)?;
        let held = self.holdings[fill.instrument.index()].qty;
        let change = Qty::from_raw(fill.side.sign() * fill.qty.raw());
        let held = held.checked_add(change)?;
        let booked = self.positions[key].book(fill, change, notional)?;
        self.cash = cash;
        let holding = &mut self.holdings[fill.instrument.index()];
        holding.qty = held;
        if holding.mark.is_zero() {
            holding.mark = fill.price;
        }
        self.revalue(fill.instrument.index());
        self.track_drawdown();
        Ok(booked)
    }

    /// Apply a split or dividend to every position in its instrument.
    pub fn act(&mut self, action: &CorporateAction, dividends: Dividends) -> Result<()> {
        let index = action.instrument.index();
        if index >= self.holdings.len() {
            return Err(Error::data("corporate action", "names an instrument that this ledger does not know"));
        }
        let mut held = Qty::ZERO;
        for strategy in 0..self.strategies {
            let position = &mut self.positions[index * self.strategies + strategy];
            match action.kind {
                ActionKind::Dividend { per_share, ratio, .. } => {
                    let amount = Money::notional(per_share, position.qty);
                    position.income = position.income.checked_add(amount)?;
                    match dividends {
                        Dividends::Cash => self.cash = self.cash.checked_add(amount)?,
                        Dividends::Reinvest => {
                            if !(ratio > 0.0 && ratio <= 1.0) {
                                return Err(Error::data(
                                    "dividend",
                                    format!("has the price ratio {ratio}; it must lie above 0 and at most at 1"),
                                ));
                            }
                            let more = position.qty.raw() as f64 * (1.0 / ratio - 1.0);
                            position.qty = position.qty.checked_add(Qty::from_raw(more.round() as i64))?;
                            position.cost = position.cost.checked_add(amount)?;
                        }
                    }
                }
                ActionKind::Split { new_shares_per_old } => {
                    let (new, old) = as_ratio(new_shares_per_old)?;
                    position.split(new, old)?;
                }
            }
            held = held.checked_add(position.qty)?;
        }
        let holding = &mut self.holdings[index];
        holding.qty = held;
        if let ActionKind::Split { new_shares_per_old } = action.kind {
            let (new, old) = as_ratio(new_shares_per_old)?;
            holding.mark = Price::from_raw(scale(Qty::from_raw(holding.mark.raw()), old, new)?.raw());
        }
        self.revalue(index);
        self.track_drawdown();
        Ok(())
    }

    /// All positions that were ever held, with their instrument and strategy, in order of instrument and strategy.
    pub fn positions(&self) -> impl Iterator<Item = (InstrumentId, StrategyId, &Position)> {
        let strategies = self.strategies.max(1);
        self.positions
            .iter()
            .enumerate()
            .filter(|(_, p)| p.touched())
            .map(move |(i, p)| (InstrumentId((i / strategies) as u32), StrategyId((i % strategies) as u16), p))
    }

    /// The invariant of this module, recomputed from the positions; for assertions and tests.
    pub fn is_balanced(&self) -> bool {
        let (mut value, mut right) = (0, self.start.raw() + self.accrued.raw());
        for (index, holding) in self.holdings.iter().enumerate() {
            value += holding.value.raw();
            right += holding.value.raw();
            let mut qty = 0_i64;
            for p in &self.positions[index * self.strategies..(index + 1) * self.strategies] {
                right += p.realized.raw() - p.cost.raw() + p.income.raw() - p.fees.raw();
                qty += p.qty.raw();
            }
            if qty != holding.qty.raw() {
                return false;
            }
        }
        value == self.market_value.raw() && right == self.equity().raw()
    }
}

/// A split ratio as new and old shares, both at most 1,000 times a whole number apart; an error where it is no such fraction.
pub fn as_ratio(new_per_old: f64) -> Result<(i64, i64)> {
    (1..=1000_i64)
        .find_map(|old| {
            let new = (new_per_old * old as f64).round();
            ((1.0..1e9).contains(&new) && (new / old as f64 / new_per_old - 1.0).abs() < 1e-9).then_some((new as i64, old))
        })
        .ok_or_else(|| {
            Error::data("split", format!("has the ratio {new_per_old}; it must be a fraction of whole numbers such as 7 or 0.1"))
        })
}

fn scale(qty: Qty, numerator: i64, denominator: i64) -> Result<Qty> {
    debug_assert!(denominator > 0 && SCALE > 0);
    let scaled = div_half_even(i128::from(qty.raw()) * i128::from(numerator), i128::from(denominator));
    i64::try_from(scaled).map(Qty::from_raw).map_err(|_| Error::Overflow { what: "split" })
}

#[cfg(test)]
mod tests;
