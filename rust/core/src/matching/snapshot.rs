//! The whole state in writing: settings, clock, bands and every live order in the order of rank.
//!
//! Where orders lie in memory is left out: two engines that behave alike have the same bytes, whatever was there before. What is
//! read is checked; queues, levels and the table are built anew.

use super::config::{MatchingConfig, RAW_MAX};
use super::core::{MARKET_KEY, MatchingEngine};
use super::event::Phase;
use super::luld::Luld;
use super::orders::{Home, NONE, Order};
use super::request::{Lifetime, OrderKey, Participant};
use crate::types::{Error, Result};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
struct OrderState {
    participant: Participant,
    client_order_id: u64,
    side: u8,
    lifetime: Lifetime,
    home: Home,
    post_only: bool,
    rank: u64,
    key: i64,
    stop: i64,
    left: i64,
    filled: i64,
}

#[derive(Serialize, Deserialize)]
struct EngineState {
    config: MatchingConfig,
    phase: Phase,
    now: i64,
    timer: i64,
    next_rank: u64,
    next_execution: u64,
    last: i64,
    reference: i64,
    band: [i64; 2],
    luld: Option<Luld>,
    /// By rank.
    orders: Vec<OrderState>,
}

impl MatchingEngine {
    fn state(&self) -> EngineState {
        let live = self.orders.slots.iter().filter(|order| order.home != Home::Free);
        let mut orders: Vec<OrderState> = live
            .map(|order| OrderState {
                participant: Participant(order.participant),
                client_order_id: order.client,
                side: order.side,
                lifetime: order.lifetime,
                home: order.home,
                post_only: order.post_only,
                rank: order.rank,
                key: order.key,
                stop: order.stop,
                left: order.left,
                filled: order.filled,
            })
            .collect();
        orders.sort_unstable_by_key(|order| order.rank);
        EngineState {
            config: self.config.clone(),
            phase: self.phase,
            now: self.now,
            timer: self.timer,
            next_rank: self.next_rank,
            next_execution: self.next_execution,
            last: self.last,
            reference: self.reference,
            band: self.band,
            luld: self.luld.as_deref().cloned(),
            orders,
        }
    }

    fn from_state(state: EngineState) -> Result<Self> {
        let mut engine = Self::new(state.config)?;
        engine.phase = state.phase;
        engine.now = state.now;
        engine.timer = state.timer;
        engine.next_rank = state.next_rank;
        engine.next_execution = state.next_execution;
        engine.last = state.last;
        engine.reference = state.reference;
        engine.band = state.band;
        engine.luld = state.luld.map(Box::new);
        engine.reserve(state.orders.len());
        let mut rank_min = 0;
        for order in state.orders {
            let name = OrderKey { participant: order.participant, client_order_id: order.client_order_id };
            let broken = |why: &str| {
                Error::data(format!("matching state, order {} of participant {}", order.client_order_id, order.participant.0), why)
            };
            let in_range = |key: i64| (-RAW_MAX..=RAW_MAX).contains(&key);
            if order.side > 1 || order.left <= 0 || order.filled < 0 || order.home == Home::Free {
                return Err(broken("is not a live order; take another snapshot"));
            }
            if !(in_range(order.key) || (order.key == MARKET_KEY && order.home != Home::Book)) || !in_range(order.stop) {
                return Err(broken("has a price out of range; take another snapshot"));
            }
            if order.rank < rank_min || order.rank >= state.next_rank {
                return Err(broken("is out of order; take another snapshot"));
            }
            rank_min = order.rank + 1;
            let entry = engine.orders.vacant(name).ok_or_else(|| broken("is there twice; take another snapshot"))?;
            let slot = engine.orders.insert(
                entry,
                Order {
                    client: order.client_order_id,
                    rank: order.rank,
                    key: order.key,
                    left: order.left,
                    filled: order.filled,
                    stop: order.stop,
                    prev: NONE,
                    next: NONE,
                    participant: order.participant.0,
                    side: order.side,
                    lifetime: order.lifetime,
                    home: order.home,
                    post_only: order.post_only,
                },
            );
            if !engine.link(slot) {
                return Err(broken("does not fit its level; take another snapshot"));
            }
        }
        match engine.fault() {
            None => Ok(engine),
            Some(fault) => Err(Error::data("matching state", format!("{fault}; take another snapshot"))),
        }
    }
}

impl Serialize for MatchingEngine {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.state().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for MatchingEngine {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        Self::from_state(EngineState::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl MatchingEngine {
    /// The state in bytes (postcard), for [`Self::from_bytes`].
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        postcard::to_stdvec(self).map_err(|e| Error::data("matching state", format!("cannot be written ({e})")))
    }

    /// An engine that goes on from the state in `bytes`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let (engine, rest) = postcard::take_from_bytes(bytes)
            .map_err(|e| Error::data("matching state", format!("cannot be read ({e}); give what to_bytes gave")))?;
        if rest.is_empty() {
            return Ok(engine);
        }
        Err(Error::data("matching state", format!("has {} bytes too many; give what to_bytes gave", rest.len())))
    }
}
