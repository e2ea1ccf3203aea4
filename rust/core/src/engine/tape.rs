//! What strategies asked for, call by call: a journal keeps it, so that a replay needs no strategy.

use crate::engine::{Fill, OrderUpdate};
use crate::event::MarketEvent;
use crate::strategy::{Context, Intent, Interest, Strategy};
use crate::types::{Error, Result, StrategyId};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// What came of one call of a strategy; calls that ask for nothing leave none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// Who was called.
    pub strategy: StrategyId,
    /// The how-manieth call of that strategy it was, from 1 on.
    pub call: u64,
    /// What it asked for, in order.
    pub intents: Vec<Intent>,
    /// The error that it ended with.
    pub failure: Option<Arc<str>>,
}

/// What strategies asked for, to be given to their [`Stand`]-ins.
#[derive(Clone, Debug, Default)]
pub struct Tape(Arc<Mutex<VecDeque<Asked>>>);

impl Tape {
    /// Add what strategies asked for during the next input.
    pub fn extend(&self, asked: impl IntoIterator<Item = Asked>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(asked);
    }

    /// What no call has asked for so far.
    pub fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// True when every request was made.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn take(&self, strategy: StrategyId, call: u64) -> Option<Asked> {
        let mut list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_next = list.front().is_some_and(|asked| asked.strategy == strategy && asked.call == call);
        if is_next { list.pop_front() } else { None }
    }
}

/// Stands in for a strategy in a replay: asks, call by call, for what the strategy asked for.
#[derive(Debug)]
pub struct Stand {
    name: String,
    interest: Interest,
    tape: Tape,
}

impl Stand {
    /// For the strategy `name`, which had that `interest` where it subscribed to nothing.
    pub fn new(name: impl Into<String>, interest: Interest, tape: Tape) -> Self {
        Self { name: name.into(), interest, tape }
    }

    fn act(&self, context: &mut Context<'_>) -> Result<()> {
        let Some(asked) = self.tape.take(context.view.strategy, context.call) else { return Ok(()) };
        context.repeat(&asked.intents);
        match asked.failure {
            None => Ok(()),
            // An error that reads as the one that is recorded.
            Some(text) => {
                let (place, why) = text.split_once(": ").unwrap_or((&self.name, &text));
                Err(Error::Strategy { place: place.to_owned(), why: why.to_owned() })
            }
        }
    }
}

impl Strategy for Stand {
    fn name(&self) -> &str {
        &self.name
    }

    fn interest(&self) -> Interest {
        self.interest
    }

    fn on_start(&mut self, context: &mut Context<'_>) -> Result<()> {
        self.act(context)
    }

    fn on_market(&mut self, _: &MarketEvent, context: &mut Context<'_>) -> Result<()> {
        self.act(context)
    }

    fn on_fill(&mut self, _: &Fill, context: &mut Context<'_>) -> Result<()> {
        self.act(context)
    }

    fn on_order(&mut self, _: &OrderUpdate, context: &mut Context<'_>) -> Result<()> {
        self.act(context)
    }

    fn on_timer(&mut self, _: u64, context: &mut Context<'_>) -> Result<()> {
        self.act(context)
    }

    fn on_parameters(&mut self, _: &str, context: &mut Context<'_>) -> Result<()> {
        self.act(context)
    }

    fn on_stop(&mut self, context: &mut Context<'_>) -> Result<()> {
        self.act(context)
    }
}
