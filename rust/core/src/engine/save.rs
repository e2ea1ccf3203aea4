//! An engine's whole state as bytes, and its hash: what a snapshot holds and what a replay is compared by.
//!
//! The bytes are postcard's encoding of the fields in the order below. They belong to one version of the engine: a journal
//! replays from its inputs under any version, a snapshot only shortens that. Strategies are outside: how often each was called is
//! kept, what it remembers is its own.

use super::core::{Builder, Engine};
use super::faults::Record;
use super::{EngineConfig, EngineState};
use crate::bars::Aggregator;
use crate::book::{OrderBook, TopOfBook};
use crate::ledger::Ledger;
use crate::order::Orders;
use crate::risk::{Gate, Risk};
use crate::strategy::{Interest, Strategy};
use crate::types::{Error, Instruments, Money, Result, StrategyId, Timestamp};
use crate::venue::{SessionClock, Sources};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

/// Version of the bytes: a snapshot of another one is not taken up.
const VERSION: u16 = 3;

/// The state, borrowed to be written or owned when read.
macro_rules! state {
    ($($field:ident: $type:ty),+ $(,)?) => {
        #[derive(Serialize)]
        struct Saved<'a> {
            version: u16,
            slots: Vec<(&'a str, u32, Timestamp, &'a Record)>,
            timers: Vec<(Timestamp, u64, StrategyId, u64)>,
            builders: Vec<Vec<(&'a Aggregator, &'a [StrategyId])>>,
            $($field: &'a $type,)+
        }

        #[derive(Deserialize)]
        struct Loaded {
            version: u16,
            slots: Vec<(String, u32, Timestamp, Record)>,
            timers: Vec<(Timestamp, u64, StrategyId, u64)>,
            builders: Vec<Vec<(Aggregator, Vec<StrategyId>)>>,
            $($field: $type,)+
        }

        impl Engine {
            fn saved(&self) -> Saved<'_> {
                // A heap's order inside depends on its past.
                let mut timers: Vec<_> = self.timers.iter().map(|Reverse(timer)| *timer).collect();
                timers.sort_unstable();
                Saved {
                    version: VERSION,
                    slots: self.slots.iter().map(|s| (s.strategy.name(), s.requests, s.moment, &s.record)).collect(),
                    timers,
                    builders: self.builders.iter().map(|row| row.iter().map(|b| (&b.aggregator, &*b.subscribers)).collect()).collect(),
                    $($field: &self.$field,)+
                }
            }

            fn take_over(&mut self, loaded: Loaded) {
                for (slot, (_, requests, moment, record)) in self.slots.iter_mut().zip(loaded.slots) {
                    (slot.requests, slot.moment, slot.record) = (requests, moment, record);
                }
                self.timers = loaded.timers.into_iter().map(Reverse).collect::<BinaryHeap<_>>();
                let builder = |(aggregator, subscribers)| Builder { aggregator, subscribers };
                self.builders = loaded.builders.into_iter().map(|row| row.into_iter().map(builder).collect()).collect();
                $(self.$field = loaded.$field;)+
            }
        }
    };
}

state! {
    config: EngineConfig,
    now: Timestamp,
    state: EngineState,
    gate: Gate,
    sources: Vec<Sources>,
    tops: Vec<TopOfBook>,
    ledger: Ledger,
    risk: Risk,
    orders: Orders,
    books: Vec<OrderBook>,
    wants: Vec<Interest>,
    next_bar_close: Timestamp,
    timers_set: u64,
    midnight: SessionClock,
    day_ends: Timestamp,
    day_start_equity: Money,
    flattening: bool,
    equity_seen: Money,
    booked: BTreeSet<u64>,
    repeats: u64,
    anomalies: u64,
}

impl Engine {
    /// The whole state, between two inputs.
    pub fn save(&self) -> Result<Vec<u8>> {
        postcard::to_stdvec(&self.saved()).map_err(|e| Error::data("engine state", format!("cannot be written: {e}")))
    }

    /// BLAKE3 of [`Self::save`]: equal hashes mean equal states.
    pub fn state_hash(&self) -> Result<[u8; 32]> {
        Ok(*blake3::hash(&self.save()?).as_bytes())
    }

    /// The engine that was saved as `bytes`, for the same instruments and strategies of the same names.
    pub fn restore(bytes: &[u8], instruments: Instruments, strategies: Vec<Box<dyn Strategy>>) -> Result<Self> {
        let unfit = |why: String| Error::data("engine snapshot", why);
        let loaded: Loaded = postcard::from_bytes(bytes).map_err(|e| unfit(format!("cannot be read: {e}; replay without it")))?;
        if loaded.version != VERSION {
            return Err(unfit(format!("has version {} where this engine has {VERSION}; replay without it", loaded.version)));
        }
        let mut engine = Self::new(loaded.config.clone(), instruments, loaded.sources.clone(), strategies)?;
        if loaded.tops.len() != engine.tops.len() || loaded.builders.len() != engine.builders.len() {
            return Err(unfit(format!("is of {} instruments where {} are given", loaded.tops.len(), engine.tops.len())));
        }
        let names: Vec<_> = loaded.slots.iter().map(|slot| slot.0.clone()).collect();
        if names != engine.strategy_names() {
            return Err(unfit(format!("is of the strategies {names:?} where {:?} are given", engine.strategy_names())));
        }
        engine.take_over(loaded);
        Ok(engine)
    }
}
