//! Pre-trade checks: every order passes them before it leaves, each refusal has a stable code.
//!
//! [`Risk::check`] is one pass over the limits that are set, in the order of RELIABILITY's table: state, form, size, price,
//! data, position, exposure, open orders, rate. It reads prices and positions and keeps two things of its own: the shares in
//! open orders by side, so that limits hold on the worst side, and the rate of messages in event time.

mod exposure;
mod limits;

pub use exposure::Exposure;
pub use limits::{OnBreach, Refusal, RefusalCode, RiskLimits};

use crate::book::TopOfBook;
use crate::ledger::Ledger;
use crate::order::{OrderRequest, OrderType};
use crate::types::{Money, Price, Qty, Result, SECOND_NS, Side, Timestamp};
use serde::{Deserialize, Serialize};

/// What the checks may look at besides the order.
#[derive(Clone, Copy, Debug)]
pub struct RiskContext<'a> {
    /// Event time.
    pub now: Timestamp,
    /// Prices of the order's instrument.
    pub top: &'a TopOfBook,
    /// The account.
    pub ledger: &'a Ledger,
    /// Orders open now, over the account.
    pub open_orders: usize,
    /// What the engine's state allows.
    pub gate: Gate,
}

/// What the engine's state allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Gate {
    /// Every order.
    #[default]
    Open,
    /// Orders that shrink a position; the code says why.
    ReduceOnly(RefusalCode),
    /// No order; the code says why.
    Shut(RefusalCode),
}

/// The checks and what they remember.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Risk {
    limits: RiskLimits,
    exposure: Exposure,
    /// When the next message would be on time at the permitted rate (generic cell rate algorithm).
    arrival_ns: i64,
}

impl Risk {
    /// Checks by `limits` over `instruments` instruments.
    pub fn new(limits: RiskLimits, instruments: usize) -> Result<Self> {
        limits.validate()?;
        Ok(Self { limits, exposure: Exposure::new(instruments), arrival_ns: i64::MIN })
    }

    /// Put other limits in force from now on; what is counted goes on. Limits that cannot work are refused whole.
    pub fn reload(&mut self, limits: RiskLimits) -> Result<()> {
        limits.validate()?;
        self.limits = limits;
        Ok(())
    }

    /// The limits in force.
    pub const fn limits(&self) -> &RiskLimits {
        &self.limits
    }

    /// Shares in open orders and what they could become.
    pub const fn exposure(&self) -> &Exposure {
        &self.exposure
    }

    /// The same, to be told of orders, fills and marks.
    #[inline]
    pub fn exposure_mut(&mut self) -> &mut Exposure {
        &mut self.exposure
    }

    /// The price at which `request` is valued, the dearest at which it may fill as far as is known: a buy's limit, else the
    /// higher of its stop and the ask; for a sell the higher of its limit and the bid. The last price stands in for a touch; without one only a buy's limit is known.
    #[inline]
    pub fn valuation(request: &OrderRequest, top: &TopOfBook) -> Option<Price> {
        let touch = if request.side == Side::Buy { top.ask } else { top.bid };
        let market = if touch.is_positive() { Some(touch) } else { top.reference() };
        match request.side {
            Side::Buy if request.limit.is_some() => request.limit,
            Side::Buy => market.max(request.stop.filter(|_| market.is_some())),
            Side::Sell => market.max(request.limit.filter(|_| market.is_some())),
        }
    }

    /// Check `request`; `Ok` counts it against the rate, a refusal says why. Nothing is sent from here.
    #[inline]
    pub fn check(&mut self, request: &OrderRequest, context: &RiskContext<'_>) -> std::result::Result<(), Refusal> {
        let limits = &self.limits;
        let position = context.ledger.net_qty(request.instrument);
        let (open_buy, open_sell) = self.exposure.open(request.instrument);
        let shrinks = match request.side {
            Side::Buy => position.raw() < 0 && open_buy.raw().saturating_add(request.qty.raw()) <= position.abs().raw(),
            Side::Sell => position.raw() > 0 && open_sell.raw().saturating_add(request.qty.raw()) <= position.raw(),
        };
        match context.gate {
            Gate::Open => {}
            Gate::ReduceOnly(_) if shrinks => {}
            Gate::ReduceOnly(code) | Gate::Shut(code) => return Err(Refusal::bare(code)),
        }
        if let Some(why) = request.fault() {
            return Err(Refusal::invalid(why));
        }
        if limits.max_order_qty.is_some_and(|max| request.qty > max) {
            return Err(Refusal::over(RefusalCode::MaxQty, request.qty.to_f64(), limits.max_order_qty.map_or(0.0, Qty::to_f64)));
        }
        let age_ns = context.now.since(context.top.confirmed());
        if let Some(max) = limits.max_data_age_ns
            && age_ns > max
        {
            let code = if context.top.reference().is_none() { RefusalCode::StaleReference } else { RefusalCode::StaleData };
            return Err(Refusal::over(code, age_ns as f64 / 1e6, max as f64 / 1e6));
        }
        // Limits in shares and numbers hold before the first price too.
        let price = match Self::valuation(request, context.top) {
            Some(price) => price,
            None if limits.needs_price() => return Err(Refusal::bare(RefusalCode::StaleReference)),
            None => Price::ZERO,
        };
        let notional = Money::notional(price, request.qty);
        if let Some(max) = limits.max_order_notional
            && notional > max
        {
            return Err(Refusal::over(RefusalCode::MaxNotional, notional.to_f64(), max.to_f64()));
        }
        if let (Some(band), Some(limit)) = (limits.collar, request.limit.or(request.stop)) {
            let Some(reference) = context.top.reference() else { return Err(Refusal::bare(RefusalCode::StaleReference)) };
            let away = (limit.raw() - reference.raw()).abs() as f64 / reference.raw() as f64;
            if away > band {
                return Err(Refusal::over(RefusalCode::Collar, away, band));
            }
        }
        if let (Some(band), OrderType::Market, Some(mid)) = (limits.collar, request.kind, context.top.mid()) {
            let away = (price.raw() - mid.raw()).abs() as f64 / mid.raw() as f64;
            if away > band {
                return Err(Refusal::over(RefusalCode::Collar, away, band));
            }
        }
        if !shrinks {
            let worst = match request.side {
                Side::Buy => position.raw().saturating_add(open_buy.raw()).saturating_add(request.qty.raw()),
                Side::Sell => position.raw().saturating_sub(open_sell.raw()).saturating_sub(request.qty.raw()),
            };
            if !limits.allow_short && worst < 0 && request.side == Side::Sell {
                return Err(Refusal::over(RefusalCode::Short, Qty::from_raw(worst).to_f64(), 0.0));
            }
            let worst = Qty::from_raw(worst.saturating_abs());
            if let Some(max) = limits.max_position_qty
                && worst > max
            {
                return Err(Refusal::over(RefusalCode::MaxPosition, worst.to_f64(), max.to_f64()));
            }
            let worst_value = Money::notional(price, worst);
            if let Some(max) = limits.max_position_notional
                && worst_value > max
            {
                return Err(Refusal::over(RefusalCode::MaxPosition, worst_value.to_f64(), max.to_f64()));
            }
            if limits.max_gross_exposure.is_some() || limits.max_leverage.is_some() {
                let others = self.exposure.worst_total().raw() - self.exposure.worst(request.instrument).raw();
                let after = Money::from_raw(others + worst_value.raw().max(self.exposure.worst(request.instrument).raw()));
                if let Some(max) = limits.max_gross_exposure
                    && after > max
                {
                    return Err(Refusal::over(RefusalCode::MaxExposure, after.to_f64(), max.to_f64()));
                }
                if let Some(leverage) = limits.max_leverage {
                    let power = context.ledger.equity().to_f64() * leverage;
                    if after.to_f64() > power {
                        return Err(Refusal::over(RefusalCode::BuyingPower, after.to_f64(), power));
                    }
                }
            }
            if let Some(max) = limits.max_net_exposure {
                // As if every open order of this side filled, and none of the other.
                let net = context.ledger.net().raw();
                let open = self.exposure.open_value(request.side).raw();
                let after = Money::from_raw(net + i128::from(request.side.sign()) * (open + notional.raw())).abs();
                if after > max && after.raw() > net.abs() {
                    return Err(Refusal::over(RefusalCode::MaxExposure, after.to_f64(), max.to_f64()));
                }
            }
        }
        if let Some(max) = limits.max_open_orders
            && context.open_orders >= max as usize
        {
            return Err(Refusal::over(RefusalCode::MaxOpen, context.open_orders as f64 + 1.0, f64::from(max)));
        }
        self.count(context.now)
    }

    /// Count one message at `now` against the rate: a burst of one second's worth is allowed, then the steady rate.
    #[inline]
    fn count(&mut self, now: Timestamp) -> std::result::Result<(), Refusal> {
        let Some(rate) = self.limits.max_orders_per_second else { return Ok(()) };
        let step_ns = SECOND_NS / i64::from(rate);
        let due = self.arrival_ns.max(now.nanos());
        if due.saturating_sub(now.nanos()) > SECOND_NS - step_ns {
            return Err(Refusal::over(RefusalCode::Rate, f64::from(rate) + 1.0, f64::from(rate)));
        }
        self.arrival_ns = due.saturating_add(step_ns);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
