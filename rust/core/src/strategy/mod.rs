//! Strategies: what they are told, what they may look at, and what they may ask for.
//!
//! A strategy is called with one event at a time and a [`Context`]. It reads the market, its positions and its orders there,
//! and leaves its wishes ([`Intent`]s) there; the engine takes them up when the call returns. It never changes anything itself.

mod context;
mod graph;
mod operator;
mod quoting;
mod rules;
mod spare;

pub use context::{Context, Intent, Intents, Interest, View};
pub use graph::{Graph, NodeSpec, Source};
pub use operator::{OPERATOR, Operator};
pub use quoting::{Quoting, QuotingSpec};
pub use rules::{Driver, Rules, RulesSpec, Size};
pub use spare::{SPARE, Spare, SparePlace};

use crate::engine::{Fill, OrderUpdate};
use crate::event::MarketEvent;
use crate::types::{Error, Result};

/// A trading strategy.
///
/// Every method may return an error, which ends a backtest and isolates the strategy in a live engine.
pub trait Strategy: Send {
    /// Its name, unique within an engine.
    fn name(&self) -> &str;

    /// The events it gets for every instrument if it subscribes to none itself.
    fn interest(&self) -> Interest;

    /// Called once, before the first event.
    fn on_start(&mut self, _context: &mut Context<'_>) -> Result<()> {
        Ok(())
    }

    /// A market event it subscribed to.
    fn on_market(&mut self, event: &MarketEvent, context: &mut Context<'_>) -> Result<()>;

    /// One of its orders filled; position and cash already show it.
    fn on_fill(&mut self, _fill: &Fill, _context: &mut Context<'_>) -> Result<()> {
        Ok(())
    }

    /// One of its orders changed otherwise.
    fn on_order(&mut self, _update: &OrderUpdate, _context: &mut Context<'_>) -> Result<()> {
        Ok(())
    }

    /// A timer it set went off.
    fn on_timer(&mut self, _tag: u64, _context: &mut Context<'_>) -> Result<()> {
        Ok(())
    }

    /// An operator gave it parameters, as it reads them.
    fn on_parameters(&mut self, _text: &str, _context: &mut Context<'_>) -> Result<()> {
        Err(Error::Strategy { place: self.name().to_owned(), why: "takes no parameters while it runs".to_owned() })
    }

    /// Called once, after the last event.
    fn on_stop(&mut self, _context: &mut Context<'_>) -> Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
