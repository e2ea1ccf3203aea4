//! Performance statistics: of return series ([`sharpe`] and its kin), of a whole run ([`summarize`]).
//!
//! Every formula and its source stands in docs/statistics.md. What is undefined is `None`, never NaN; sums run in a fixed order
//! and logarithms and powers come from the `libm` crate, so the figures are the same on every machine.

mod periods;
mod returns;
mod summary;
#[cfg(test)]
mod tests;

pub use periods::{PeriodReturns, Periods, period_returns};
pub use returns::{
    annual_volatility, cagr, calmar, deviation, downside_deviation, expected_shortfall, kurtosis, max_drawdown, mean, sharpe, skewness,
    sortino, total_return, value_at_risk,
};
pub use summary::{Summary, summarize};

pub use crate::ledger::{EquityPoint, RoundTrip};
use crate::types::{Error, HOUR_NS, MINUTE_NS, Money, Result};

/// What the engine counts while it runs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// Orders accepted by risk.
    pub orders: u64,
    /// Fills.
    pub fills: u64,
    /// Orders that risk refused.
    pub refusals: u64,
    /// Fees paid, dollars.
    pub fees: Money,
    /// Slippage paid, dollars.
    pub slippage: Money,
    /// Sum of the absolute notionals of all fills, dollars.
    pub traded_notional: Money,
    /// Equity before the first event, dollars.
    pub start_equity: Money,
    /// Largest loss from a peak of equity, seen at every event, as a fraction of the peak.
    pub max_drawdown_tick: f64,
}

/// How to measure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StatsConfig {
    /// How equity is cut into periods.
    pub periods: Periods,
    /// Riskless rate, simple, a year; 0.02 is 2 %.
    pub risk_free_annual: f64,
    /// Trading days a year.
    pub trading_days: f64,
    /// Trading time a day, nanoseconds.
    pub session_ns_per_day: i64,
}

impl Default for StatsConfig {
    /// US equities: 252 days of 6.5 hours; no riskless rate.
    fn default() -> Self {
        Self { periods: Periods::Auto, risk_free_annual: 0.0, trading_days: 252.0, session_ns_per_day: 6 * HOUR_NS + 30 * MINUTE_NS }
    }
}

impl StatsConfig {
    /// Check every setting.
    pub fn validate(&self) -> Result<()> {
        let wrong = |field: &str, why: String| Err(Error::config(field, why));
        if !(self.trading_days >= 1.0 && self.trading_days <= 366.0) {
            return wrong("trading_days", format!("{} is out of range; choose 1 to 366, such as 252", self.trading_days));
        }
        if !(self.risk_free_annual > -1.0 && self.risk_free_annual <= 10.0) {
            return wrong("risk_free_annual", format!("{} is out of range; write 2 % as 0.02", self.risk_free_annual));
        }
        if self.session_ns_per_day < MINUTE_NS || self.session_ns_per_day > 24 * HOUR_NS {
            return wrong("session_ns_per_day", format!("{} is out of range; choose a minute to 24 hours", self.session_ns_per_day));
        }
        Ok(())
    }
}
