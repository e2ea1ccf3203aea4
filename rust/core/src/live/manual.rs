//! What operators ask a node for beside the commands.

use super::Node;
use crate::engine::{Input, RefusalRecord};
use crate::journal::Storage;
use crate::strategy::Intent;
use crate::types::{Error, OrderId, Result, StrategyId, Timestamp};

/// Longest remark: 64 KiB.
const NOTE_BYTES_MAX: usize = 64 << 10;

impl<S: Storage> Node<S> {
    /// An order, a cancel or a replacement by hand, in the name of a strategy: the order that it makes, and why risk refused it.
    /// A cancel makes none.
    pub fn by_hand(
        &mut self,
        strategy: StrategyId,
        intent: Intent,
        by: &str,
        why: &str,
        now: Timestamp,
    ) -> Result<(Option<OrderId>, Option<RefusalRecord>)> {
        let next = self.engine().orders().next_id();
        let at = self.at(now);
        self.step(&Input::Manual { at, strategy, intent: Box::new(intent), by: by.into(), why: why.into() }, now)?;
        let made = self.engine().orders().get(next).map(|order| order.id);
        let refusal = made.and_then(|id| self.session.held_refusal(id).copied());
        Ok((made, refusal))
    }

    /// Give a strategy parameters, as it reads them.
    pub fn set_parameters(&mut self, strategy: StrategyId, text: &str, by: &str, why: &str, now: Timestamp) -> Result<()> {
        let at = self.at(now);
        self.step(&Input::Parameters { at, strategy, text: text.into(), by: by.into(), why: why.into() }, now)
    }

    /// Append a remark to the journal: durable before anything that follows it.
    pub fn note(&mut self, text: &str, now: Timestamp) -> Result<()> {
        if text.len() > NOTE_BYTES_MAX {
            return Err(Error::config("note", format!("has {} bytes, and may have {NOTE_BYTES_MAX}; shorten it", text.len())));
        }
        self.session.note(text, now).map(|_| ())
    }

    /// Keep which orders change, or do so no longer.
    pub fn watch_orders(&mut self, watch: bool) {
        self.session.engine_mut().keep_changed(watch);
    }

    /// The orders that changed since this was last called, each once, in the order of their last change.
    pub fn take_changed(&mut self) -> Vec<OrderId> {
        let mut ids: Vec<_> = self.session.engine_mut().take_changed().collect();
        let mut seen = std::collections::BTreeSet::new();
        ids.reverse();
        ids.retain(|id| seen.insert(*id));
        ids.reverse();
        ids
    }
}
