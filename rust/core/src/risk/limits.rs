//! The limits, and the reasons for which an order is refused.

use crate::types::{Error, Money, Qty, Result};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What happens when a loss or drawdown limit is passed. Working orders are canceled in every case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnBreach {
    /// No new orders.
    #[default]
    Halt,
    /// Only orders that shrink a position.
    ReduceOnly,
    /// Every position is closed at the market, then no new orders.
    Flatten,
}

impl OnBreach {
    /// From its name.
    pub fn parse(text: &str) -> Result<Self> {
        match text {
            "halt" => Ok(Self::Halt),
            "reduce_only" => Ok(Self::ReduceOnly),
            "flatten" => Ok(Self::Flatten),
            _ => Err(Error::config("on_breach", format!("{text:?} is not known; use halt, reduce_only or flatten"))),
        }
    }
}

/// Limits of one account. `None` switches a check off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RiskLimits {
    /// Shares an order.
    pub max_order_qty: Option<Qty>,
    /// Dollars an order.
    pub max_order_notional: Option<Money>,
    /// Shares held in an instrument, open orders on the worst side included.
    pub max_position_qty: Option<Qty>,
    /// Dollars held in an instrument, open orders on the worst side included.
    pub max_position_notional: Option<Money>,
    /// Sum of the sizes of all positions, open orders on the worst side included.
    pub max_gross_exposure: Option<Money>,
    /// Longs less shorts, either way.
    pub max_net_exposure: Option<Money>,
    /// Gross exposure as a multiple of equity; 2 is Regulation T's overnight limit and the default.
    pub max_leverage: Option<f64>,
    /// Distance of a limit or stop price from the mid (else last), as a fraction; of the touch from the mid for a market order.
    pub collar: Option<f64>,
    /// Age of the last price of the instrument, in nanoseconds of event time.
    pub max_data_age_ns: Option<i64>,
    /// Orders a second of event time; a burst of one second's worth is allowed.
    pub max_orders_per_second: Option<u32>,
    /// Orders open at once.
    pub max_open_orders: Option<u32>,
    /// Fall from the peak of equity, as a fraction of the peak.
    pub max_drawdown: Option<f64>,
    /// Loss since the start of the New York day, dollars.
    pub max_daily_loss: Option<Money>,
    /// What happens when one of the last two is passed.
    pub on_breach: OnBreach,
    /// May a position become short?
    pub allow_short: bool,
}

impl Default for RiskLimits {
    fn default() -> Self {
        Self {
            max_order_qty: None,
            max_order_notional: None,
            max_position_qty: None,
            max_position_notional: None,
            max_gross_exposure: None,
            max_net_exposure: None,
            max_leverage: Some(2.0),
            collar: None,
            max_data_age_ns: None,
            max_orders_per_second: None,
            max_open_orders: None,
            max_drawdown: None,
            max_daily_loss: None,
            on_breach: OnBreach::Halt,
            allow_short: true,
        }
    }
}

impl RiskLimits {
    /// Refuse limits that cannot work.
    pub fn validate(&self) -> Result<()> {
        let positive = |field: &str, value: Option<f64>| match value {
            Some(v) if !(v.is_finite() && v > 0.0) => {
                Err(Error::config(format!("risk.{field}"), format!("is {v}; it must be a finite number above zero, or left out")))
            }
            _ => Ok(()),
        };
        positive("max_order_qty", self.max_order_qty.map(Qty::to_f64))?;
        positive("max_order_notional", self.max_order_notional.map(Money::to_f64))?;
        positive("max_position_qty", self.max_position_qty.map(Qty::to_f64))?;
        positive("max_position_notional", self.max_position_notional.map(Money::to_f64))?;
        positive("max_gross_exposure", self.max_gross_exposure.map(Money::to_f64))?;
        positive("max_net_exposure", self.max_net_exposure.map(Money::to_f64))?;
        positive("max_leverage", self.max_leverage)?;
        positive("collar_pct", self.collar)?;
        positive("max_data_age_ms", self.max_data_age_ns.map(|ns| ns as f64))?;
        positive("max_orders_per_second", self.max_orders_per_second.map(f64::from))?;
        positive("max_open_orders", self.max_open_orders.map(f64::from))?;
        positive("max_drawdown_pct", self.max_drawdown)?;
        positive("max_daily_loss", self.max_daily_loss.map(Money::to_f64))?;
        if self.max_drawdown.is_some_and(|d| d >= 1.0) {
            return Err(Error::config("risk.max_drawdown_pct", "must be below 100: an account cannot fall further from its peak"));
        }
        if self.max_orders_per_second.is_some_and(|r| r > 1_000_000_000) {
            return Err(Error::config("risk.max_orders_per_second", "must be at most 1,000,000,000, one a nanosecond"));
        }
        Ok(())
    }

    /// True when a limit needs a price to be checked against.
    #[inline]
    pub const fn needs_price(&self) -> bool {
        self.max_order_notional.is_some()
            || self.max_position_notional.is_some()
            || self.max_gross_exposure.is_some()
            || self.max_net_exposure.is_some()
            || self.max_leverage.is_some()
            || self.collar.is_some()
    }
}

/// Why an order was refused. The names are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum RefusalCode {
    /// The engine's state does not allow it.
    State,
    /// Not well formed.
    Invalid,
    /// Too many shares.
    MaxQty,
    /// Too many dollars.
    MaxNotional,
    /// Price too far from the market.
    Collar,
    /// No price to judge it by.
    StaleReference,
    /// The last price is too old.
    StaleData,
    /// The position would grow too large.
    MaxPosition,
    /// The account's exposure would grow too large.
    MaxExposure,
    /// Not enough equity for it.
    BuyingPower,
    /// Shorting is not allowed.
    Short,
    /// Too many open orders.
    MaxOpen,
    /// Too many orders a second.
    Rate,
    /// The daily loss limit was passed.
    Loss,
    /// The drawdown limit was passed.
    Drawdown,
}

impl RefusalCode {
    /// Name in tables and journals.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::State => "STATE",
            Self::Invalid => "INVALID",
            Self::MaxQty => "MAX_QTY",
            Self::MaxNotional => "MAX_NOTIONAL",
            Self::Collar => "COLLAR",
            Self::StaleReference => "STALE_REFERENCE",
            Self::StaleData => "STALE_DATA",
            Self::MaxPosition => "MAX_POSITION",
            Self::MaxExposure => "MAX_EXPOSURE",
            Self::BuyingPower => "BUYING_POWER",
            Self::Short => "SHORT",
            Self::MaxOpen => "MAX_OPEN",
            Self::Rate => "RATE",
            Self::Loss => "LOSS",
            Self::Drawdown => "DRAWDOWN",
        }
    }
}

/// A refused order's reason: code, what was measured and what is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Refusal {
    /// Reason code.
    pub code: RefusalCode,
    /// What the order would have made, in the limit's unit.
    pub measured: f64,
    /// The limit.
    pub limit: f64,
    form: Option<&'static str>,
}

impl Refusal {
    pub(crate) const fn bare(code: RefusalCode) -> Self {
        Self { code, measured: 0.0, limit: 0.0, form: None }
    }

    pub(crate) const fn over(code: RefusalCode, measured: f64, limit: f64) -> Self {
        Self { code, measured, limit, form: None }
    }

    pub(crate) const fn invalid(why: &'static str) -> Self {
        Self { code: RefusalCode::Invalid, measured: 0.0, limit: 0.0, form: Some(why) }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (m, l) = (self.measured, self.limit);
        match self.code {
            RefusalCode::State => f.write_str("the engine takes no new orders in its present state"),
            RefusalCode::Invalid => f.write_str(self.form.unwrap_or("not well formed")),
            RefusalCode::MaxQty => write!(f, "{m} shares are above max_order_qty {l}"),
            RefusalCode::MaxNotional => write!(f, "{m:.2} dollars are above max_order_notional {l:.2}"),
            RefusalCode::Collar => write!(f, "price is {:.3} % from the market, above collar_pct {:.3}", m * 100.0, l * 100.0),
            RefusalCode::StaleReference => f.write_str("no price of this instrument has been seen yet"),
            RefusalCode::StaleData => write!(f, "last price is {m:.3} ms old, above max_data_age_ms {l:.3}"),
            RefusalCode::MaxPosition => write!(f, "position could become {m:.2}, above the limit {l:.2}"),
            RefusalCode::MaxExposure => write!(f, "exposure could become {m:.2}, above the limit {l:.2}"),
            RefusalCode::BuyingPower => write!(f, "exposure could become {m:.2}, above equity × max_leverage = {l:.2}"),
            RefusalCode::Short => write!(f, "position could become {m} shares and allow_short is off"),
            RefusalCode::MaxOpen => write!(f, "{m} open orders are above max_open_orders {l}"),
            RefusalCode::Rate => write!(f, "more than max_orders_per_second {l}"),
            RefusalCode::Loss => f.write_str("the daily loss limit was passed"),
            RefusalCode::Drawdown => f.write_str("the drawdown limit was passed"),
        }
    }
}
