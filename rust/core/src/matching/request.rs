//! What participants ask of the exchange.

use crate::types::{Price, Qty, Side};
use serde::{Deserialize, Serialize};

/// Who sent an order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Participant(pub u32);

/// An order's name: its participant's number for it, unique among that participant's live orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OrderKey {
    /// Who sent it.
    pub participant: Participant,
    /// The participant's number for it.
    pub client_order_id: u64,
}

impl OrderKey {
    /// A key of plain numbers.
    pub const fn new(participant: u32, client_order_id: u64) -> Self {
        Self { participant: Participant(participant), client_order_id }
    }
}

/// At which price, and from when on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Terms {
    /// At any price; what does not trade at once is canceled. Outside continuous trading it waits for the next auction.
    Market,
    /// At this price or better.
    Limit(Price),
    /// A market order once a trade reaches the price.
    Stop(Price),
    /// A limit order once a trade reaches the stop.
    StopLimit {
        /// The stop.
        stop: Price,
        /// The limit from then on.
        limit: Price,
    },
}

/// How long an order lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
#[repr(u8)]
pub enum Lifetime {
    /// Until the close.
    #[default]
    Day,
    /// Until canceled.
    Gtc,
    /// What trades on arrival; the rest is canceled.
    Ioc,
    /// All on arrival, or nothing.
    Fok,
    /// In the opening auction alone.
    Opg,
    /// In the closing auction alone.
    Cls,
}

impl Lifetime {
    /// Names and values.
    pub const ALL: [(&'static str, Self); 6] =
        [("day", Self::Day), ("gtc", Self::Gtc), ("ioc", Self::Ioc), ("fok", Self::Fok), ("opg", Self::Opg), ("cls", Self::Cls)];
}

/// Whether an order may take liquidity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Taking {
    /// It trades with what rests.
    #[default]
    Allowed,
    /// Post-only: it is rejected where it would trade on arrival.
    Refused,
}

/// A new order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct NewOrder {
    /// Its name.
    pub key: OrderKey,
    /// Buy or sell.
    pub side: Side,
    /// Shares.
    pub qty: Qty,
    /// Price.
    pub terms: Terms,
    /// How long it lives.
    pub lifetime: Lifetime,
    /// Whether it may take.
    pub taking: Taking,
}

impl NewOrder {
    /// A limit order for the day.
    pub const fn limit(key: OrderKey, side: Side, qty: Qty, price: Price) -> Self {
        Self { key, side, qty, terms: Terms::Limit(price), lifetime: Lifetime::Day, taking: Taking::Allowed }
    }

    /// A market order for the day.
    pub const fn market(key: OrderKey, side: Side, qty: Qty) -> Self {
        Self { key, side, qty, terms: Terms::Market, lifetime: Lifetime::Day, taking: Taking::Allowed }
    }

    /// The same with another lifetime.
    #[must_use]
    pub const fn with_lifetime(mut self, lifetime: Lifetime) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// The same, post-only.
    #[must_use]
    pub const fn post_only(mut self) -> Self {
        self.taking = Taking::Refused;
        self
    }
}

/// New terms of a live order; what is `None` stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Replacement {
    /// Shares in all, those already filled among them.
    pub qty: Option<Qty>,
    /// Limit.
    pub limit: Option<Price>,
    /// Stop.
    pub stop: Option<Price>,
}
