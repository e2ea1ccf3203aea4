//! What a strategy asks for.

use crate::types::{Error, InstrumentId, Price, Qty, Result, Side};
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
}

impl OrderType {
    /// Alpaca's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Market => "market",
            Self::Limit => "limit",
            Self::Stop => "stop",
            Self::StopLimit => "stop_limit",
        }
    }

    /// True where a limit price is needed.
    pub const fn has_limit(self) -> bool {
        matches!(self, Self::Limit | Self::StopLimit)
    }

    /// True where a stop price is needed.
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
}

impl TimeInForce {
    /// Alpaca's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Gtc => "gtc",
            Self::Ioc => "ioc",
            Self::Fok => "fok",
        }
    }

    /// From Alpaca's name.
    pub fn parse(text: &str) -> Result<Self> {
        match text {
            "day" => Ok(Self::Day),
            "gtc" => Ok(Self::Gtc),
            "ioc" => Ok(Self::Ioc),
            "fok" => Ok(Self::Fok),
            _ => Err(Error::Order { order: format!("time in force {text:?}"), why: "is not known; use day, gtc, ioc or fok".to_owned() }),
        }
    }
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
    /// Shares, above zero.
    pub qty: Qty,
    /// Limit price, where the type has one.
    pub limit: Option<Price>,
    /// Stop price, where the type has one.
    pub stop: Option<Price>,
}

impl OrderRequest {
    /// A market order for the day.
    pub const fn market(instrument: InstrumentId, side: Side, qty: Qty) -> Self {
        Self { instrument, side, kind: OrderType::Market, tif: TimeInForce::Day, qty, limit: None, stop: None }
    }

    /// A limit order for the day.
    pub const fn limit(instrument: InstrumentId, side: Side, qty: Qty, limit: Price) -> Self {
        Self { instrument, side, kind: OrderType::Limit, tif: TimeInForce::Day, qty, limit: Some(limit), stop: None }
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

    /// What makes the request impossible to send, if anything does.
    #[inline]
    pub fn fault(&self) -> Option<&'static str> {
        if !self.qty.is_positive() {
            return Some("quantity must be above zero");
        }
        if self.kind.has_limit() != self.limit.is_some() {
            return Some("a limit price belongs to limit and stop_limit orders, and only to them");
        }
        if self.kind.has_stop() != self.stop.is_some() {
            return Some("a stop price belongs to stop and stop_limit orders, and only to them");
        }
        if self.limit.is_some_and(|p| !p.is_positive()) || self.stop.is_some_and(|p| !p.is_positive()) {
            return Some("prices must be above zero");
        }
        if self.kind.has_stop() && matches!(self.tif, TimeInForce::Ioc | TimeInForce::Fok) {
            return Some("a stop waits for its price: use day or gtc");
        }
        None
    }
}
