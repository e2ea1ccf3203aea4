//! The limits, as they are set.

use super::bucket::Bucket;
use super::calendar::Calendar;
use crate::types::{Error, MINUTE_NS, Money, Price, Qty, Result, SECOND_NS};
use serde::{Deserialize, Serialize};

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

/// Which prices an order may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TickSize {
    /// SEC Rule 612: whole cents from 1 dollar, hundredths of a cent below.
    Us,
    /// Multiples of one step.
    Step(Price),
}

impl TickSize {
    /// True when `price` is a whole number of steps.
    #[inline]
    pub fn fits(self, price: Price) -> bool {
        match self {
            // By constants: a division by one is a multiplication.
            Self::Us if price.raw() >= 1_000_000_000 => price.raw() % 10_000_000 == 0,
            Self::Us => price.raw() % 100_000 == 0,
            Self::Step(step) => price.raw() % step.raw() == 0,
        }
    }

    /// The step at `price`.
    #[inline]
    pub fn at(self, price: Price) -> Price {
        match self {
            Self::Step(step) => step,
            Self::Us => Price::from_raw(if price.raw() >= 1_000_000_000 { 10_000_000 } else { 100_000 }),
        }
    }
}

/// Limits of one scope. `None` switches a check off. The fields from `max_leverage` on have defaults for the account; use
/// [`RiskLimits::none`] for a narrower scope.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own, set by its name")]
pub struct RiskLimits {
    /// No orders at all.
    pub restricted: bool,
    /// Prices must be whole ticks.
    pub tick_size: Option<TickSize>,
    /// Quantities must be multiples of this many shares.
    pub lot: Option<Qty>,
    /// Least dollars of an order that enlarges a position.
    pub min_order_notional: Option<Money>,
    /// Refuse what Alpaca would refuse for its combination of type, time in force and quantity.
    pub broker_rules: bool,
    /// Shares an order.
    pub max_order_qty: Option<Qty>,
    /// Dollars an order.
    pub max_order_notional: Option<Money>,
    /// Shares an order, as a fraction of an average day's volume.
    pub max_order_adv: Option<f64>,
    /// Shares held in an instrument, open orders on the worst side included.
    pub max_position_qty: Option<Qty>,
    /// Dollars held in an instrument, open orders on the worst side included.
    pub max_position_notional: Option<Money>,
    /// Sum of the sizes of all positions of the scope, open orders on the worst side included.
    pub max_gross_exposure: Option<Money>,
    /// Longs less shorts of the scope, either way.
    pub max_net_exposure: Option<Money>,
    /// Gross exposure as a multiple of equity; 2 is Regulation T's overnight limit and the account's default.
    pub max_leverage: Option<f64>,
    /// Distance of a limit or stop price from the mid (else last), as a fraction; of the touch from the mid for a market order.
    pub collar: Option<f64>,
    /// The same distance, in standard deviations of the price over `collar_horizon_ns`.
    pub collar_sigma: Option<f64>,
    /// Over how long those standard deviations are taken.
    pub collar_horizon_ns: i64,
    /// Age of the last price of the instrument, in nanoseconds of event time.
    pub max_data_age_ns: Option<i64>,
    /// Age of the price by which a market order is judged.
    pub max_reference_age_ns: Option<i64>,
    /// Orders a second of event time; a burst of one second's worth is allowed.
    pub max_orders_per_second: Option<u32>,
    /// Orders a minute of event time; a burst of one minute's worth is allowed.
    pub max_orders_per_minute: Option<u32>,
    /// Cancels a second; cancels themselves always pass, but above it no new order does.
    pub max_cancels_per_second: Option<u32>,
    /// Orders and cancels of the day for each order that filled.
    pub max_order_to_fill: Option<f64>,
    /// Messages of the day before the ratio counts.
    pub order_to_fill_grace: u32,
    /// Orders open at once in the scope.
    pub max_open_orders: Option<u32>,
    /// Orders open at once in one instrument.
    pub max_open_orders_per_instrument: Option<u32>,
    /// The same order is refused for so long.
    pub duplicate_window_ns: Option<i64>,
    /// Orders that may begin to fill within `execution_window_ns`.
    pub max_executions: Option<u32>,
    /// The window of the executions.
    pub execution_window_ns: i64,
    /// Refuse orders that would trade with an own resting order.
    pub prevent_self_match: bool,
    /// Fall from the peak of equity, as a fraction of the peak.
    pub max_drawdown: Option<f64>,
    /// Loss since the start of the New York day, dollars.
    pub max_daily_loss: Option<Money>,
    /// At this fraction of one of the last two, only orders that shrink a position pass.
    pub reduce_only_at: Option<f64>,
    /// What happens when one of the two is passed.
    pub on_breach: OnBreach,
    /// May a position become short?
    pub allow_short: bool,
    /// Of a strategy: the dollars its drawdown is a fraction of; without it the account's cash at the start.
    pub capital: Option<Money>,
    /// Of the account: sessions.
    pub calendar: Option<Calendar>,
    /// Of the account: limit orders for the day may be sent outside regular hours.
    pub extended_hours: bool,
    /// Of the account: shares of an average day by symbol; without one the volume is learned from trades.
    pub average_volumes: Vec<(String, Qty)>,
    /// Of the account: limits of strategies, instruments and groups.
    pub scopes: Vec<ScopeLimits>,
}

/// What narrower limits are for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScopeKey {
    /// The strategy of this name.
    Strategy(String),
    /// The instrument of this symbol.
    Instrument(String),
    /// The instruments of these symbols together; symbols that a run does not have are left out.
    Group {
        /// The group's name.
        name: String,
        /// Its symbols.
        symbols: Vec<String>,
    },
}

/// Limits of a narrower scope.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScopeLimits {
    /// What they are for.
    pub key: ScopeKey,
    /// The limits.
    pub limits: RiskLimits,
}

impl Default for RiskLimits {
    fn default() -> Self {
        Self { max_leverage: Some(2.0), ..Self::none() }
    }
}

impl RiskLimits {
    /// No limit at all.
    pub const fn none() -> Self {
        Self {
            restricted: false,
            tick_size: None,
            lot: None,
            min_order_notional: None,
            broker_rules: false,
            max_order_qty: None,
            max_order_notional: None,
            max_order_adv: None,
            max_position_qty: None,
            max_position_notional: None,
            max_gross_exposure: None,
            max_net_exposure: None,
            max_leverage: None,
            collar: None,
            collar_sigma: None,
            collar_horizon_ns: MINUTE_NS,
            max_data_age_ns: None,
            max_reference_age_ns: None,
            max_orders_per_second: None,
            max_orders_per_minute: None,
            max_cancels_per_second: None,
            max_order_to_fill: None,
            order_to_fill_grace: 100,
            max_open_orders: None,
            max_open_orders_per_instrument: None,
            duplicate_window_ns: None,
            max_executions: None,
            execution_window_ns: MINUTE_NS,
            prevent_self_match: false,
            max_drawdown: None,
            max_daily_loss: None,
            reduce_only_at: None,
            on_breach: OnBreach::Halt,
            allow_short: true,
            capital: None,
            calendar: None,
            extended_hours: false,
            average_volumes: Vec::new(),
            scopes: Vec::new(),
        }
    }

    /// Refuse limits that cannot work.
    pub fn validate(&self) -> Result<()> {
        self.validate_at("risk", true)?;
        for (i, scope) in self.scopes.iter().enumerate() {
            let (kind, name) = match &scope.key {
                ScopeKey::Strategy(name) => ("strategies", name),
                ScopeKey::Instrument(name) => ("instruments", name),
                ScopeKey::Group { name, .. } => ("groups", name),
            };
            let place = format!("risk.{kind}.{name}");
            if name.is_empty() {
                return Err(Error::config(format!("risk.{kind}"), "holds limits without a name; name what they are for"));
            }
            if self.scopes[..i].iter().any(|other| same(&other.key, &scope.key)) {
                return Err(Error::config(place, "is given twice; give its limits once"));
            }
            if let ScopeKey::Group { symbols, .. } = &scope.key
                && symbols.is_empty()
            {
                return Err(Error::config(place, "has no symbols; list those that it is made of"));
            }
            scope.limits.validate_at(&place, matches!(scope.key, ScopeKey::Strategy(_)))?;
            if !scope.limits.scopes.is_empty() || scope.limits.calendar.is_some() || !scope.limits.average_volumes.is_empty() {
                return Err(Error::config(place, "holds scopes, a calendar or volumes; give those for the account alone"));
            }
        }
        for (symbol, volume) in &self.average_volumes {
            if !volume.is_positive() {
                return Err(Error::config(format!("risk.average_volumes.{symbol}"), format!("is {volume}; it must be above zero")));
            }
        }
        Ok(())
    }

    fn validate_at(&self, place: &str, losses: bool) -> Result<()> {
        let positive = |field: &str, value: Option<f64>| match value {
            Some(v) if !(v.is_finite() && v > 0.0) => {
                Err(Error::config(format!("{place}.{field}"), format!("is {v}; it must be a finite number above zero, or left out")))
            }
            _ => Ok(()),
        };
        let wrong = |field: &str, why: &str| Err(Error::config(format!("{place}.{field}"), why));
        let ms = |ns: i64| ns as f64;
        let tick = self.tick_size.and_then(|t| if let TickSize::Step(step) = t { Some(step.to_f64()) } else { None });
        positive("tick_size", tick)?;
        positive("lot", self.lot.map(Qty::to_f64))?;
        positive("min_order_notional", self.min_order_notional.map(Money::to_f64))?;
        positive("max_order_qty", self.max_order_qty.map(Qty::to_f64))?;
        positive("max_order_notional", self.max_order_notional.map(Money::to_f64))?;
        positive("max_order_adv_pct", self.max_order_adv)?;
        positive("max_position_qty", self.max_position_qty.map(Qty::to_f64))?;
        positive("max_position_notional", self.max_position_notional.map(Money::to_f64))?;
        positive("max_gross_exposure", self.max_gross_exposure.map(Money::to_f64))?;
        positive("max_net_exposure", self.max_net_exposure.map(Money::to_f64))?;
        positive("max_leverage", self.max_leverage)?;
        positive("collar_pct", self.collar)?;
        positive("collar_sigma", self.collar_sigma)?;
        positive("collar_horizon_ms", Some(ms(self.collar_horizon_ns)))?;
        positive("max_data_age_ms", self.max_data_age_ns.map(ms))?;
        positive("max_reference_age_ms", self.max_reference_age_ns.map(ms))?;
        positive("max_orders_per_second", self.max_orders_per_second.map(f64::from))?;
        positive("max_orders_per_minute", self.max_orders_per_minute.map(f64::from))?;
        positive("max_cancels_per_second", self.max_cancels_per_second.map(f64::from))?;
        positive("max_order_to_fill", self.max_order_to_fill)?;
        positive("max_open_orders", self.max_open_orders.map(f64::from))?;
        positive("max_open_orders_per_instrument", self.max_open_orders_per_instrument.map(f64::from))?;
        positive("duplicate_window_ms", self.duplicate_window_ns.map(ms))?;
        positive("max_executions", self.max_executions.map(f64::from))?;
        positive("execution_window_ms", Some(ms(self.execution_window_ns)))?;
        positive("max_drawdown_pct", self.max_drawdown)?;
        positive("max_daily_loss", self.max_daily_loss.map(Money::to_f64))?;
        positive("reduce_only_at_pct", self.reduce_only_at)?;
        positive("capital", self.capital.map(Money::to_f64))?;
        if self.max_drawdown.is_some_and(|d| d >= 1.0) {
            return wrong("max_drawdown_pct", "must be below 100: an account cannot fall further from its peak");
        }
        if self.reduce_only_at.is_some_and(|d| d >= 1.0) {
            return wrong("reduce_only_at_pct", "must be below 100: at the limit itself on_breach happens");
        }
        if !losses && (self.max_drawdown.is_some() || self.max_daily_loss.is_some()) {
            return wrong("max_drawdown_pct", "and max_daily_loss are for the account and for strategies; leave them out here");
        }
        if [self.max_orders_per_second, self.max_cancels_per_second].into_iter().flatten().any(|r| r > 1_000_000_000) {
            return wrong("max_orders_per_second", "must be at most 1,000,000,000, one a nanosecond");
        }
        for (field, rate, window) in [
            ("max_orders_per_minute", self.max_orders_per_minute, MINUTE_NS),
            ("max_executions", self.max_executions, self.execution_window_ns),
            ("max_orders_per_second", self.max_orders_per_second, SECOND_NS),
        ] {
            if rate.is_some_and(|r| i64::from(r).checked_mul(window).is_none_or(|credits| credits > Bucket::MAX_CREDITS)) {
                return wrong(field, "is too large for its window; make it smaller, or leave it out");
            }
        }
        Ok(())
    }
}

fn same(a: &ScopeKey, b: &ScopeKey) -> bool {
    match (a, b) {
        (ScopeKey::Group { name: a, .. }, ScopeKey::Group { name: b, .. }) => a == b,
        _ => a == b,
    }
}
