//! Trade updates: what the trading stream says of an order.

use super::config::Uuid;
use super::json::{order_json, text, time_text};
use super::state::State;
use crate::order::{Order, OrderStatus};
use crate::types::{OrderId, Price, Qty};
use serde_json::json;

/// What a trade update tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    PendingNew,
    Accepted,
    New,
    Canceled,
    PendingCancel,
    PendingReplace,
    Expired,
    Rejected,
    Replaced,
    Restated,
    CancelRejected,
    ReplaceRejected,
}

impl Event {
    const fn as_str(self) -> &'static str {
        match self {
            Self::PendingNew => "pending_new",
            Self::Accepted => "accepted",
            Self::New => "new",
            Self::Canceled => "canceled",
            Self::PendingCancel => "pending_cancel",
            Self::PendingReplace => "pending_replace",
            Self::Expired => "expired",
            Self::Rejected => "rejected",
            Self::Replaced => "replaced",
            Self::Restated => "restated",
            Self::CancelRejected => "order_cancel_rejected",
            Self::ReplaceRejected => "order_replace_rejected",
        }
    }

    /// What only the broker knows of has no execution id.
    const fn is_execution(self) -> bool {
        !matches!(self, Self::PendingNew | Self::PendingCancel | Self::PendingReplace)
    }
}

impl State {
    fn execution(&mut self) -> Uuid {
        self.executions += 1;
        Uuid::made(self.config.seed, "execution", self.executions)
    }

    /// Tell the account of what happened to its order.
    pub(super) fn tell(&mut self, id: OrderId, event: Event) {
        let Some(order) = self.orders.get(id).copied() else { return };
        let execution = event.is_execution().then(|| self.execution().to_string());
        let data = json!({
            "event": event.as_str(),
            "execution_id": execution,
            "order": order_json(self, &order, false),
            "timestamp": time_text(self.now),
        });
        self.push(&order, &data);
    }

    /// Tell of a fill.
    pub(super) fn tell_fill(&mut self, order: &Order, qty: Qty, price: Price, position: Qty) {
        let event = if order.status() == OrderStatus::Filled { "fill" } else { "partial_fill" };
        let data = json!({
            "event": event,
            "execution_id": self.execution().to_string(),
            "order": order_json(self, order, false),
            "timestamp": time_text(self.now),
            "price": text(price),
            "qty": text(qty),
            "position_qty": text(position),
        });
        self.push(order, &data);
    }

    fn push(&mut self, order: &Order, data: &serde_json::Value) {
        self.updates.push((u32::from(order.strategy.0), data.to_string().into_bytes()));
    }
}
