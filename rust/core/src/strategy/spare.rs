//! Places for strategies that are added while a session runs.
//!
//! A session's strategies are fixed when its journal begins. A spare place is one of them, and asks for nothing until it is filled:
//! the shell puts a strategy into it ([`SparePlace::put`]), and the parameters that the engine then gives the place switch it on. Both a
//! recovery, for which the shell fills the places again, and a replay, which needs no strategy, go the same way.

use super::{Context, Interest, Strategy};
use crate::engine::{Fill, OrderUpdate};
use crate::event::MarketEvent;
use crate::types::{Error, Result};
use std::sync::{Arc, Mutex, PoisonError};

/// What the names of spare places begin with.
pub const SPARE: &str = "spare-";

type Inside = Arc<Mutex<Option<Box<dyn Strategy>>>>;

/// The shell's handle on a spare place.
#[derive(Clone)]
pub struct SparePlace(Inside);

impl SparePlace {
    /// Put `strategy` in place; it is switched on by the parameters that the engine gives the place.
    pub fn put(&self, strategy: Box<dyn Strategy>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(strategy);
    }
}

/// A place that a strategy can be put into.
pub struct Spare {
    name: String,
    waiting: Inside,
    strategy: Option<Box<dyn Strategy>>,
}

impl Spare {
    /// The place of that number, and the handle to fill it.
    pub fn new(number: usize) -> (Self, SparePlace) {
        let waiting: Inside = Arc::default();
        (Self { name: format!("{SPARE}{number}"), waiting: Arc::clone(&waiting), strategy: None }, SparePlace(waiting))
    }

    fn inside(&mut self, f: impl FnOnce(&mut Box<dyn Strategy>) -> Result<()>) -> Result<()> {
        self.strategy.as_mut().map_or(Ok(()), f)
    }
}

impl Strategy for Spare {
    fn name(&self) -> &str {
        &self.name
    }

    fn interest(&self) -> Interest {
        Interest::NONE
    }

    fn on_parameters(&mut self, text: &str, context: &mut Context<'_>) -> Result<()> {
        if let Some(strategy) = &mut self.strategy {
            return strategy.on_parameters(text, context);
        }
        let Some(mut strategy) = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            let why = "is a place that no strategy was put into; give the files that the session ran with".to_owned();
            return Err(Error::Strategy { place: self.name.clone(), why });
        };
        let before = context.intents.list.len();
        strategy.on_start(context)?;
        let chose = context.intents.list[before..].iter().any(super::Intent::is_subscription);
        if !chose {
            context.subscribe(None, strategy.interest());
        }
        self.strategy = Some(strategy);
        Ok(())
    }

    fn on_market(&mut self, event: &MarketEvent, context: &mut Context<'_>) -> Result<()> {
        self.inside(|strategy| strategy.on_market(event, context))
    }

    fn on_fill(&mut self, fill: &Fill, context: &mut Context<'_>) -> Result<()> {
        self.inside(|strategy| strategy.on_fill(fill, context))
    }

    fn on_order(&mut self, update: &OrderUpdate, context: &mut Context<'_>) -> Result<()> {
        self.inside(|strategy| strategy.on_order(update, context))
    }

    fn on_timer(&mut self, tag: u64, context: &mut Context<'_>) -> Result<()> {
        self.inside(|strategy| strategy.on_timer(tag, context))
    }

    fn on_stop(&mut self, context: &mut Context<'_>) -> Result<()> {
        self.inside(|strategy| strategy.on_stop(context))
    }
}
