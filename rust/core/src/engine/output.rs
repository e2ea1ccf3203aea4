//! What the engine gives out.

use super::EngineState;
use crate::ledger::RoundTrip;
use crate::order::{Order, OrderStatus};
use crate::risk::Refusal;
use crate::types::{InstrumentId, Money, OrderId, Price, Qty, Side, StrategyId, Timestamp};
use crate::venue::OrderCommand;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A fill of one of our orders, as booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fill {
    /// Exchange time.
    pub ts: Timestamp,
    /// When the engine learned of it: after the latency of the report, and, for a fill in a bar, not before the bar's end.
    pub recv: Timestamp,
    /// Order.
    pub order: OrderId,
    /// Strategy.
    pub strategy: StrategyId,
    /// Instrument.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// Shares.
    pub qty: Qty,
    /// Dollars a share.
    pub price: Price,
    /// Dollars charged.
    pub fee: Money,
    /// What it cost against the price at the decision (mid, else last): `(price − reference) × shares`, for a sell negated.
    pub slippage: Money,
    /// Profit it realised, before fees.
    pub realized: Money,
    /// The strategy's position afterwards, in shares.
    pub position: Qty,
    /// Shares of the order still to fill.
    pub remaining: Qty,
    /// True when the order rested and gave liquidity.
    pub maker: bool,
}

/// A change of an order that is no fill.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct OrderUpdate {
    /// The order as it is now.
    pub order: Order,
    /// What it was before.
    pub before: OrderStatus,
    /// Why the risk checks refused it, if they did.
    pub refusal: Option<Refusal>,
}

/// An order that the risk checks refused.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RefusalRecord {
    /// When.
    pub ts: Timestamp,
    /// The id that the order got.
    pub order: OrderId,
    /// Strategy.
    pub strategy: StrategyId,
    /// Instrument.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// Shares asked for.
    pub qty: Qty,
    /// The order's limit, if it has one.
    pub price: Option<Price>,
    /// Why.
    pub refusal: Refusal,
}

/// What the engine gives out in a step.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub enum Output {
    /// For the venue.
    Order(OrderCommand),
    /// A fill was booked.
    Fill(Fill),
    /// A round trip ended.
    Trip(RoundTrip),
    /// An order was refused.
    Refusal(RefusalRecord),
    /// The state changed.
    State {
        /// When.
        ts: Timestamp,
        /// From.
        from: EngineState,
        /// To.
        to: EngineState,
        /// Who led it there: an operator's name, or `engine`.
        by: Arc<str>,
        /// Why.
        why: Arc<str>,
    },
    /// New limits are in force.
    Limits {
        /// When.
        ts: Timestamp,
        /// Who set them.
        by: Arc<str>,
    },
    /// A strategy failed.
    Fault {
        /// When.
        ts: Timestamp,
        /// Which.
        strategy: StrategyId,
        /// Its error.
        why: Arc<str>,
        /// It is called no more.
        is_isolated: bool,
    },
    /// A report of the venue cannot be, and was not booked.
    Anomaly {
        /// When.
        ts: Timestamp,
        /// What is wrong with it.
        why: Arc<str>,
        /// Money is concerned, and trading stopped.
        is_money: bool,
    },
}
