//! What goes to a venue and what comes back.

use crate::order::{Order, Restatement};
use crate::types::{InstrumentId, Money, OrderId, Price, Qty, Timestamp};
use serde::{Deserialize, Serialize};

/// A command to the venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum OrderCommand {
    /// Work this order. Legs come before their parent, and wait for it.
    New(Order),
    /// Cancel this order.
    Cancel {
        /// Which.
        order: OrderId,
        /// Its instrument.
        instrument: InstrumentId,
    },
    /// Put `new` in the place of `old`; what `old` has filled counts against the quantity of `new`.
    Replace {
        /// The order to end.
        old: OrderId,
        /// The order to work.
        new: Order,
    },
}

/// The venue's word on an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Its number among all reports of the venue, by which one that comes twice is known; zero where that cannot happen.
    pub execution: u64,
    /// When it reaches the engine.
    pub due: Timestamp,
    /// When it happened at the venue.
    pub ts: Timestamp,
    /// What happened.
    pub kind: ReportKind,
}

/// What happened to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ReportKind {
    /// It works (Alpaca's event `new`).
    Accepted(OrderId),
    /// Shares were traded.
    Filled {
        /// Which order.
        order: OrderId,
        /// Shares.
        qty: Qty,
        /// Dollars a share.
        price: Price,
        /// Dollars charged.
        fee: Money,
        /// True when it gave liquidity (rested), false when it took it.
        maker: bool,
    },
    /// It is canceled.
    Canceled(OrderId),
    /// It could not be canceled: it rests no longer.
    CancelRejected(OrderId),
    /// `new` works instead of `old`.
    Replaced {
        /// The order that ended.
        old: OrderId,
        /// The order that works.
        new: OrderId,
    },
    /// `old` could not be replaced.
    ReplaceRejected {
        /// The order that goes on, if it still rests.
        old: OrderId,
        /// The replacement that never worked.
        new: OrderId,
    },
    /// Its session ended.
    Expired(OrderId),
    /// The venue does not trade this instrument, or not such an order.
    Rejected(OrderId),
    /// It is there and waits for its session or auction (Alpaca's event `accepted`).
    Queued(OrderId),
    /// A leg is there and waits for its parent.
    Held(OrderId),
    /// Its terms are others now.
    Restated {
        /// Which order.
        order: OrderId,
        /// The terms.
        terms: Restatement,
    },
}

impl ReportKind {
    /// The order it is about; of a replace, the one to end.
    pub const fn order(&self) -> OrderId {
        match *self {
            Self::Replaced { old, .. } | Self::ReplaceRejected { old, .. } => old,
            Self::Filled { order, .. }
            | Self::Restated { order, .. }
            | Self::Accepted(order)
            | Self::Canceled(order)
            | Self::CancelRejected(order)
            | Self::Expired(order)
            | Self::Rejected(order)
            | Self::Queued(order)
            | Self::Held(order) => order,
        }
    }
}
