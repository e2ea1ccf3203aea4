//! One strategy's position in one instrument, at average cost, and the round trips it makes.

use super::{Booked, Booking, scale};
use crate::types::{InstrumentId, Money, Price, Qty, Result, StrategyId, Timestamp, div_half_even};
use serde::{Deserialize, Serialize};

/// From flat to flat: everything between the first share in and the last share out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundTrip {
    /// Instrument.
    pub instrument: InstrumentId,
    /// Strategy.
    pub strategy: StrategyId,
    /// First fill.
    pub opened: Timestamp,
    /// Last fill.
    pub closed: Timestamp,
    /// Shares that went in, above zero for a long trip and below for a short one.
    pub qty: Qty,
    /// Average price in.
    pub entry: Price,
    /// Average price out.
    pub exit: Price,
    /// Profit net of fees.
    pub pnl: Money,
    /// Fees of all its fills.
    pub fees: Money,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct OpenTrip {
    opened: Timestamp,
    qty_in: Qty,
    value_in: Money,
    qty_out: Qty,
    value_out: Money,
    fees: Money,
    realized: Money,
}

/// A position and what it has earned.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Position {
    /// Shares, below zero for a short.
    pub qty: Qty,
    /// What the open shares cost, below zero for a short (what they brought in).
    pub cost: Money,
    /// Profit of closed shares, before fees.
    pub realized: Money,
    /// Fees paid.
    pub fees: Money,
    /// Dividends received, less those paid on shorts.
    pub income: Money,
    trip: OpenTrip,
}

fn average(value: Money, qty: Qty) -> Price {
    if qty.is_zero() {
        return Price::ZERO;
    }
    let raw = div_half_even(value.raw().saturating_mul(1_000_000_000), i128::from(qty.raw()));
    Price::from_raw(i64::try_from(raw).unwrap_or(i64::MAX))
}

impl Position {
    /// Average cost of the open shares, dollars a share; zero when flat.
    pub fn average_price(&self) -> Price {
        if self.qty.raw() < 0 { average(self.cost.neg(), self.qty.abs()) } else { average(self.cost, self.qty) }
    }

    /// Value at `mark`, below zero for a short.
    pub fn value(&self, mark: Price) -> Money {
        Money::notional(mark, self.qty)
    }

    /// Profit of the open shares at `mark`.
    pub fn unrealized(&self, mark: Price) -> Money {
        Money::from_raw(self.value(mark).raw() - self.cost.raw())
    }

    pub(super) fn touched(&self) -> bool {
        !self.qty.is_zero() || self.fees != Money::ZERO || self.realized != Money::ZERO || !self.trip.qty_in.is_zero()
    }

    /// `old` shares become `new` ones, those of the open round trip too.
    pub(super) fn split(&mut self, new: i64, old: i64) -> Result<()> {
        self.qty = scale(self.qty, new, old)?;
        self.trip.qty_in = scale(self.trip.qty_in, new, old)?;
        self.trip.qty_out = scale(self.trip.qty_out, new, old)?;
        Ok(())
    }

    /// Book a fill of `change` shares (signed) worth `notional`.
    pub(super) fn book(&mut self, fill: &Booking, change: Qty, notional: Money) -> Result<Booked> {
        let sign = i128::from(fill.side.sign());
        let mut next = *self;
        let mut realized = Money::ZERO;
        let mut trip = None;
        let mut opening = (fill.qty, notional, fill.fee);
        if self.qty.raw().signum() == -change.raw().signum() && !self.qty.is_zero() {
            let closing = Qty::from_raw(fill.qty.raw().min(self.qty.abs().raw()));
            let (value, fee) = if closing == fill.qty {
                (notional, fill.fee)
            } else {
                (Money::notional(fill.price, closing), fill.fee.mul_ratio(closing.raw(), fill.qty.raw())?)
            };
            let cost = if closing == self.qty.abs() { self.cost } else { self.cost.mul_ratio(closing.raw(), self.qty.abs().raw())? };
            realized = Money::from_raw(-sign * value.raw() - cost.raw());
            next.cost = self.cost.checked_sub(cost)?;
            next.qty = Qty::from_raw(self.qty.raw() + fill.side.sign() * closing.raw());
            next.trip.qty_out = next.trip.qty_out.checked_add(closing)?;
            next.trip.value_out = next.trip.value_out.checked_add(value)?;
            next.trip.fees = next.trip.fees.checked_add(fee)?;
            next.trip.realized = next.trip.realized.checked_add(realized)?;
            if next.qty.is_zero() {
                let t = &next.trip;
                trip = Some(RoundTrip {
                    instrument: fill.instrument,
                    strategy: fill.strategy,
                    opened: t.opened,
                    closed: fill.ts,
                    qty: Qty::from_raw(-fill.side.sign() * t.qty_in.raw()),
                    entry: average(t.value_in, t.qty_in),
                    exit: average(t.value_out, t.qty_out),
                    pnl: t.realized.checked_sub(t.fees)?,
                    fees: t.fees,
                });
                next.trip = OpenTrip::default();
            }
            opening = (fill.qty.checked_sub(closing)?, notional.checked_sub(value)?, fill.fee.checked_sub(fee)?);
        }
        let (qty, value, fee) = opening;
        if qty.is_positive() {
            if next.qty.is_zero() {
                next.trip.opened = fill.ts;
            }
            next.qty = Qty::from_raw(next.qty.raw() + fill.side.sign() * qty.raw());
            next.cost = Money::from_raw(next.cost.raw() + sign * value.raw());
            next.trip.qty_in = next.trip.qty_in.checked_add(qty)?;
            next.trip.value_in = next.trip.value_in.checked_add(value)?;
            next.trip.fees = next.trip.fees.checked_add(fee)?;
        }
        next.realized = next.realized.checked_add(realized)?;
        next.fees = next.fees.checked_add(fill.fee)?;
        *self = next;
        Ok(Booked { realized, position: next.qty, trip })
    }
}
