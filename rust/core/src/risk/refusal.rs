//! Why an order was refused: checks, their reason codes, the scope whose limit it was, and the figures.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Why an order was refused. The names are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
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
    /// Shorting is not allowed, or nothing can be borrowed.
    Short,
    /// Too many open orders.
    MaxOpen,
    /// Too many messages.
    Rate,
    /// The daily loss limit was passed.
    Loss,
    /// The drawdown limit was passed.
    Drawdown,
    /// The instrument may not be traded.
    Restricted,
    /// Trading in the instrument is halted.
    Halted,
    /// The price is outside the limit-up limit-down bands.
    Luld,
    /// No session in which the order can trade is open.
    Session,
    /// It would make, or could lead to, one day trade too many.
    Pdt,
    /// The same order was sent a moment ago.
    Duplicate,
    /// Orders were executed too often in a short time.
    Runaway,
    /// It would trade with an own resting order.
    SelfMatch,
    /// The kill switch is thrown.
    Kill,
}

impl RefusalCode {
    /// All codes.
    pub const ALL: [Self; 24] = [
        Self::State,
        Self::Invalid,
        Self::MaxQty,
        Self::MaxNotional,
        Self::Collar,
        Self::StaleReference,
        Self::StaleData,
        Self::MaxPosition,
        Self::MaxExposure,
        Self::BuyingPower,
        Self::Short,
        Self::MaxOpen,
        Self::Rate,
        Self::Loss,
        Self::Drawdown,
        Self::Restricted,
        Self::Halted,
        Self::Luld,
        Self::Session,
        Self::Pdt,
        Self::Duplicate,
        Self::Runaway,
        Self::SelfMatch,
        Self::Kill,
    ];

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
            Self::Restricted => "RESTRICTED",
            Self::Halted => "HALTED",
            Self::Luld => "LULD",
            Self::Session => "SESSION",
            Self::Pdt => "PDT",
            Self::Duplicate => "DUPLICATE",
            Self::Runaway => "RUNAWAY",
            Self::SelfMatch => "SELF_MATCH",
            Self::Kill => "KILL",
        }
    }
}

macro_rules! checks {
    ($($(#[$doc:meta])* $name:ident = $text:literal => $code:ident,)+) => {
        /// One check; several can share a reason code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum Check {
            $($(#[$doc])* $name,)+
        }

        impl Check {
            /// All checks, in the order in which they are made.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The setting it goes by, or what it looks at.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }

            /// The code of its refusals; that of a state is the one its gate gives.
            pub const fn code(self) -> RefusalCode {
                match self {
                    $(Self::$name => RefusalCode::$code,)+
                }
            }
        }
    };
}

checks! {
    /// The kill switch.
    Kill = "kill_switch" => Kill,
    /// What the engine's state, or the strategy's, lets pass.
    State = "state" => State,
    /// The order is one that can be sent at all.
    Form = "form" => Invalid,
    /// The instrument may be traded.
    Restricted = "restricted" => Restricted,
    /// The instrument is not halted.
    Halted = "halted" => Halted,
    /// A session is open for the order.
    Session = "calendar" => Session,
    /// The broker takes this combination.
    Broker = "broker_rules" => Invalid,
    /// Prices are whole ticks.
    Tick = "tick_size" => Invalid,
    /// Quantities are whole lots.
    Lot = "lot" => Invalid,
    /// Shares of the order.
    OrderQty = "max_order_qty" => MaxQty,
    /// Shares of the order against a day's volume.
    OrderAdv = "max_order_adv_pct" => MaxQty,
    /// Age of the last price.
    DataAge = "max_data_age_ms" => StaleData,
    /// There is a price to judge the order by.
    Reference = "reference" => StaleReference,
    /// Age of the price by which a market order is judged.
    ReferenceAge = "max_reference_age_ms" => StaleReference,
    /// Limit-up limit-down bands.
    Luld = "bands" => Luld,
    /// Dollars of the order.
    OrderNotional = "max_order_notional" => MaxNotional,
    /// Least dollars of the order.
    MinNotional = "min_order_notional" => Invalid,
    /// Distance from the market, as a fraction.
    Collar = "collar_pct" => Collar,
    /// Distance from the market, in standard deviations.
    CollarSigma = "collar_sigma" => Collar,
    /// No own resting order would trade with it.
    SelfMatch = "prevent_self_match" => SelfMatch,
    /// Shorting is allowed.
    Short = "allow_short" => Short,
    /// Shares that can be borrowed.
    Locate = "locate" => Short,
    /// Shares held.
    PositionQty = "max_position_qty" => MaxPosition,
    /// Dollars held.
    PositionNotional = "max_position_notional" => MaxPosition,
    /// Gross exposure.
    Gross = "max_gross_exposure" => MaxExposure,
    /// Gross exposure against equity.
    Leverage = "max_leverage" => BuyingPower,
    /// Net exposure.
    Net = "max_net_exposure" => MaxExposure,
    /// The account's buying power.
    BuyingPower = "buying_power" => BuyingPower,
    /// Shares bought with unsettled money are not sold before it settles.
    GoodFaith = "good_faith" => BuyingPower,
    /// Day trades in five days.
    DayTrades = "day_trades" => Pdt,
    /// Open orders.
    OpenOrders = "max_open_orders" => MaxOpen,
    /// Open orders in the instrument.
    OpenInInstrument = "max_open_orders_per_instrument" => MaxOpen,
    /// Executions in a window.
    Executions = "max_executions" => Runaway,
    /// The same order in a window.
    Duplicate = "duplicate_window_ms" => Duplicate,
    /// Messages for each order that filled.
    OrderToFill = "max_order_to_fill" => Rate,
    /// Cancels a second.
    Cancels = "max_cancels_per_second" => Rate,
    /// Orders a minute.
    PerMinute = "max_orders_per_minute" => Rate,
    /// Orders a second.
    PerSecond = "max_orders_per_second" => Rate,
}

impl Check {
    /// Its place in a mask.
    #[inline]
    pub(super) const fn bit(self) -> u64 {
        1 << (self as u8)
    }
}

/// Whose limit it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Scope {
    /// The whole account.
    #[default]
    Account,
    /// A named set of instruments, by its number in [`super::RiskLimits::scopes`] (groups counted alone).
    Group(u16),
    /// The order's instrument.
    Instrument,
    /// The order's strategy.
    Strategy,
}

impl Scope {
    /// `account`, `group`, `instrument` or `strategy`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Group(_) => "group",
            Self::Instrument => "instrument",
            Self::Strategy => "strategy",
        }
    }

    /// Its kind's place in a table of counters.
    pub(super) const fn kind(self) -> usize {
        match self {
            Self::Account => 0,
            Self::Group(_) => 1,
            Self::Instrument => 2,
            Self::Strategy => 3,
        }
    }
}

/// A refused order's reason: code, scope, what was measured and what is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Refusal {
    /// Reason code.
    pub code: RefusalCode,
    /// The check that failed.
    pub check: Check,
    /// Whose limit it was.
    pub scope: Scope,
    /// What the order would have made, in the limit's unit.
    pub measured: f64,
    /// The limit.
    pub limit: f64,
    form: Option<&'static str>,
}

impl Refusal {
    pub(crate) const fn new(check: Check, code: RefusalCode, scope: Scope, measured: f64, limit: f64, form: Option<&'static str>) -> Self {
        Self { code, check, scope, measured, limit, form }
    }

    pub(crate) const fn invalid(why: &'static str) -> Self {
        Self::new(Check::Form, RefusalCode::Invalid, Scope::Account, 0.0, 0.0, Some(why))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe(self, f)?;
        match self.scope {
            Scope::Account => Ok(()),
            scope => write!(f, " ({} limit)", scope.as_str()),
        }
    }
}

fn describe(refusal: &Refusal, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (m, l) = (refusal.measured, refusal.limit);
    if let Some(why) = refusal.form {
        return f.write_str(why);
    }
    match refusal.check {
        Check::Kill => f.write_str("the kill switch is thrown; reset it to trade again"),
        Check::State => f.write_str(match refusal.code {
            RefusalCode::Loss => "the daily loss limit was passed",
            RefusalCode::Drawdown => "the drawdown limit was passed",
            RefusalCode::Kill => "the kill switch is thrown; reset it to trade again",
            _ => "the engine takes no new orders in its present state",
        }),
        Check::Form | Check::Broker => f.write_str("not well formed"),
        Check::Restricted => f.write_str("the instrument is restricted"),
        Check::Halted => f.write_str("trading in the instrument is halted"),
        Check::Session => f.write_str("no session in which this order can trade is open"),
        Check::Tick => write!(f, "price {m} is no multiple of tick_size {l}"),
        Check::Lot => write!(f, "{m} shares are no multiple of lot {l}"),
        Check::OrderQty => write!(f, "{m} shares are above max_order_qty {l}"),
        Check::OrderAdv => write!(f, "{:.3} % of a day's volume is above max_order_adv_pct {:.3}", m * 100.0, l * 100.0),
        Check::DataAge => write!(f, "last price is {m:.3} ms old, above max_data_age_ms {l:.3}"),
        Check::Reference => f.write_str("no price of this instrument has been seen yet"),
        Check::ReferenceAge => write!(f, "reference for a market order is {m:.3} ms old, above max_reference_age_ms {l:.3}"),
        Check::Luld => write!(f, "price {m} is beyond the band at {l}"),
        Check::OrderNotional => write!(f, "{m:.2} dollars are above max_order_notional {l:.2}"),
        Check::MinNotional => write!(f, "{m:.2} dollars are below min_order_notional {l:.2}"),
        Check::Collar => write!(f, "price is {:.3} % from the market, above collar_pct {:.3}", m * 100.0, l * 100.0),
        Check::CollarSigma => write!(f, "price is {m:.2} standard deviations from the market, above collar_sigma {l:.2}"),
        Check::SelfMatch => write!(f, "would trade with an own resting order at {l}"),
        Check::Short => write!(f, "position could become {m} shares and allow_short is off"),
        Check::Locate => write!(f, "short position could become {m} shares; {l} can be borrowed"),
        Check::PositionQty | Check::PositionNotional => write!(f, "position could become {m:.2}, above the limit {l:.2}"),
        Check::Gross | Check::Net => write!(f, "exposure could become {m:.2}, above the limit {l:.2}"),
        Check::Leverage => write!(f, "exposure could become {m:.2}, above equity × max_leverage = {l:.2}"),
        Check::BuyingPower => write!(f, "opening orders would hold {m:.2}, above the buying power {l:.2}"),
        Check::GoodFaith => write!(f, "{m} shares are for sale, but money is settled for {l} only"),
        Check::DayTrades => write!(f, "could make {m} day trades in five days, above {l}, with less than 25,000 of equity"),
        Check::OpenOrders => write!(f, "{m} open orders are above max_open_orders {l}"),
        Check::OpenInInstrument => write!(f, "{m} open orders are above max_open_orders_per_instrument {l}"),
        Check::Executions => write!(f, "{m} executions in the window are above max_executions {l}"),
        Check::Duplicate => write!(f, "the same order was sent {m:.3} ms ago, within duplicate_window_ms {l:.3}"),
        Check::OrderToFill => write!(f, "{m:.1} messages for each filled order are above max_order_to_fill {l:.1}"),
        Check::Cancels => write!(f, "more than max_cancels_per_second {l}"),
        Check::PerMinute => write!(f, "more than max_orders_per_minute {l}"),
        Check::PerSecond => write!(f, "more than max_orders_per_second {l}"),
    }
}

/// What one check says of an order, passed or not.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// The check.
    pub check: Check,
    /// The code a refusal has, or would have.
    pub code: RefusalCode,
    /// Whose limit.
    pub scope: Scope,
    /// What the order makes, in the limit's unit.
    pub value: f64,
    /// The limit.
    pub limit: f64,
    /// Whether it passes.
    pub pass: bool,
    pub(super) form: Option<&'static str>,
}

impl Verdict {
    /// The refusal that a failed check makes; `None` of one that passed.
    pub fn refusal(&self) -> Option<Refusal> {
        (!self.pass).then(|| Refusal::new(self.check, self.code, self.scope, self.value, self.limit, self.form))
    }
}

/// Orders passed and refused, by code and kind of scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    passed: u64,
    refused: Vec<u64>,
}

impl Default for Counters {
    fn default() -> Self {
        Self { passed: 0, refused: vec![0; RefusalCode::ALL.len() * 4] }
    }
}

impl Counters {
    #[inline]
    pub(super) fn pass(&mut self) {
        self.passed += 1;
    }

    pub(super) fn refuse(&mut self, refusal: &Refusal) {
        if let Some(count) = self.refused.get_mut(refusal.code as usize * 4 + refusal.scope.kind()) {
            *count += 1;
        }
    }

    /// Orders that passed.
    pub const fn passed(&self) -> u64 {
        self.passed
    }

    /// Orders refused with `code`, over all scopes.
    pub fn of(&self, code: RefusalCode) -> u64 {
        self.refused.iter().skip(code as usize * 4).take(4).sum()
    }

    /// Code, kind of scope and number of refusals, where there are any.
    pub fn refused(&self) -> impl Iterator<Item = (RefusalCode, &'static str, u64)> {
        let kinds = [Scope::Account, Scope::Group(0), Scope::Instrument, Scope::Strategy];
        let cells = RefusalCode::ALL.into_iter().flat_map(move |code| kinds.map(|kind| (code, kind)));
        cells.zip(&self.refused).filter(|&(_, &n)| n > 0).map(|((code, kind), &n)| (code, kind.as_str(), n))
    }
}
