//! What a strategy asks for.

use crate::types::{Error, InstrumentId, Money, Price, Qty, Result, Side};
use serde::{Deserialize, Serialize};

/// Order type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum OrderType {
    /// At the best price there is.
    Market,
    /// At the limit or better.
    Limit,
    /// A market order once the stop is reached.
    Stop,
    /// A limit order once the stop is reached.
    StopLimit,
    /// A stop order whose stop follows the best price since it arrived, and never goes back.
    TrailingStop,
}

impl OrderType {
    /// Alpaca's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Market => "market",
            Self::Limit => "limit",
            Self::Stop => "stop",
            Self::StopLimit => "stop_limit",
            Self::TrailingStop => "trailing_stop",
        }
    }

    /// True where a limit price is needed.
    pub const fn has_limit(self) -> bool {
        matches!(self, Self::Limit | Self::StopLimit)
    }

    /// True where a stop price is needed; a trailing stop makes its own.
    pub const fn has_stop(self) -> bool {
        matches!(self, Self::Stop | Self::StopLimit)
    }
}

/// How long an order lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum TimeInForce {
    /// Until the close of the first session in which it can trade.
    #[default]
    Day,
    /// Until canceled.
    Gtc,
    /// What fills on arrival; the rest is canceled.
    Ioc,
    /// All on arrival, or nothing.
    Fok,
    /// In the opening auction alone (market or limit on open).
    Opg,
    /// In the closing auction alone (market or limit on close).
    Cls,
}

impl TimeInForce {
    /// Alpaca's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Gtc => "gtc",
            Self::Ioc => "ioc",
            Self::Fok => "fok",
            Self::Opg => "opg",
            Self::Cls => "cls",
        }
    }

    /// From Alpaca's name.
    pub fn parse(text: &str) -> Result<Self> {
        [Self::Day, Self::Gtc, Self::Ioc, Self::Fok, Self::Opg, Self::Cls].into_iter().find(|t| t.as_str() == text).ok_or_else(|| {
            Error::Order { order: format!("time in force {text:?}"), why: "is not known; use day, gtc, ioc, fok, opg or cls".to_owned() }
        })
    }

    /// True where it trades on arrival or never.
    #[inline]
    pub const fn is_immediate(self) -> bool {
        matches!(self, Self::Ioc | Self::Fok)
    }

    /// True where it trades in an auction alone.
    #[inline]
    pub const fn is_auction(self) -> bool {
        matches!(self, Self::Opg | Self::Cls)
    }
}

/// How an order hangs together with others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum OrderClass {
    /// Alone.
    #[default]
    Simple,
    /// An entry, and two exits that are held until it is filled: a take-profit and a stop-loss, of which one cancels the other.
    Bracket,
    /// Two exits of a position, of which one cancels the other; the order itself is the take-profit.
    Oco,
    /// An entry, and one exit that is held until it is filled.
    Oto,
}

impl OrderClass {
    /// Alpaca's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::Bracket => "bracket",
            Self::Oco => "oco",
            Self::Oto => "oto",
        }
    }

    /// From Alpaca's name.
    pub fn parse(text: &str) -> Result<Self> {
        [Self::Simple, Self::Bracket, Self::Oco, Self::Oto].into_iter().find(|c| c.as_str() == text).ok_or_else(|| Error::Order {
            order: format!("order class {text:?}"),
            why: "is not known; use simple, bracket, oco or oto".to_owned(),
        })
    }
}

/// How far a trailing stop stays behind the best price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Trail {
    /// Dollars.
    Price(Price),
    /// Part of the best price, in parts per billion: one percent is 10,000,000.
    PartsPerBillion(i64),
}

impl Trail {
    /// From percent.
    pub fn percent(percent: f64) -> Result<Self> {
        if percent.is_finite() && percent > 0.0 && percent < 100.0 {
            return Ok(Self::PartsPerBillion(((percent * 1e7).round() as i64).max(1)));
        }
        Err(Error::Order { order: format!("trail_percent {percent}"), why: "must lie above 0 and below 100".to_owned() })
    }

    /// The stop of an order on `side` whose best price so far is `best`: below it for a sell, above it for a buy.
    pub fn stop(self, best: Price, side: Side) -> Price {
        let away = match self {
            Self::Price(p) => p.raw(),
            // Both factors fit 63 bits, and the quotient is below the price.
            Self::PartsPerBillion(ppb) => crate::types::div_half_even(i128::from(best.raw()) * i128::from(ppb), 1_000_000_000) as i64,
        };
        Price::from_raw(best.raw().saturating_sub(side.opposite().sign().saturating_mul(away)).max(1))
    }
}

/// The stop-loss of a bracket, OCO or OTO: a stop order, or a stop-limit where it has a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StopLoss {
    /// Stop price.
    pub stop: Price,
    /// Limit price.
    pub limit: Option<Price>,
}

/// An order as a strategy asks for it; nothing is checked until it meets the risk checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRequest {
    /// Instrument.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// Type.
    pub kind: OrderType,
    /// How long it lives.
    pub tif: TimeInForce,
    /// Shares, above zero; of an order by dollars what they buy at the price at the decision, once the engine has it.
    pub qty: Qty,
    /// Limit price, where the type has one.
    pub limit: Option<Price>,
    /// Stop price, where the type has one.
    pub stop: Option<Price>,
    /// How far a trailing stop stays behind.
    pub trail: Option<Trail>,
    /// Dollars to trade for, in the place of a quantity.
    pub notional: Option<Money>,
    /// May trade before the open and after the close too.
    pub extended_hours: bool,
    /// How it hangs together with others.
    pub class: OrderClass,
    /// Limit price of the take-profit leg.
    pub take_profit: Option<Price>,
    /// The stop-loss leg.
    pub stop_loss: Option<StopLoss>,
    /// The caller's own id for it: a number of the table that the caller keeps; 0 for none.
    pub client: u32,
}

impl OrderRequest {
    /// A market order for the day.
    pub const fn market(instrument: InstrumentId, side: Side, qty: Qty) -> Self {
        Self {
            instrument,
            side,
            kind: OrderType::Market,
            tif: TimeInForce::Day,
            qty,
            limit: None,
            stop: None,
            trail: None,
            notional: None,
            extended_hours: false,
            class: OrderClass::Simple,
            take_profit: None,
            stop_loss: None,
            client: 0,
        }
    }

    /// A limit order for the day.
    pub const fn limit(instrument: InstrumentId, side: Side, qty: Qty, limit: Price) -> Self {
        Self { kind: OrderType::Limit, limit: Some(limit), ..Self::market(instrument, side, qty) }
    }

    /// A trailing stop for the day.
    pub const fn trailing(instrument: InstrumentId, side: Side, qty: Qty, trail: Trail) -> Self {
        Self { kind: OrderType::TrailingStop, trail: Some(trail), ..Self::market(instrument, side, qty) }
    }

    /// The type that the given prices imply: both make a stop-limit, none a market order.
    pub const fn kind_of(limit: Option<Price>, stop: Option<Price>) -> OrderType {
        match (limit.is_some(), stop.is_some()) {
            (false, false) => OrderType::Market,
            (true, false) => OrderType::Limit,
            (false, true) => OrderType::Stop,
            (true, true) => OrderType::StopLimit,
        }
    }

    /// How many legs it brings with it.
    #[inline]
    pub const fn legs(&self) -> u64 {
        match self.class {
            OrderClass::Simple => 0,
            OrderClass::Bracket => 2,
            OrderClass::Oco | OrderClass::Oto => 1,
        }
    }

    /// The take-profit leg as a request of its own, if there is one.
    pub fn take_profit_leg(&self) -> Option<Self> {
        let limit = self.take_profit?;
        Some(Self { tif: self.tif, ..Self::limit(self.instrument, self.side.opposite(), self.qty, limit) })
    }

    /// The stop-loss leg as a request of its own, if there is one. An OCO's is on the side of the order itself.
    pub fn stop_loss_leg(&self) -> Option<Self> {
        let StopLoss { stop, limit } = self.stop_loss?;
        let side = if self.class == OrderClass::Oco { self.side } else { self.side.opposite() };
        let kind = if limit.is_some() { OrderType::StopLimit } else { OrderType::Stop };
        Some(Self { kind, limit, stop: Some(stop), tif: self.tif, ..Self::market(self.instrument, side, self.qty) })
    }
}
