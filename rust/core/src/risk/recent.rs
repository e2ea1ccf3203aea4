//! Orders of the last moments, to know a repeated one.

use crate::order::OrderRequest;
use crate::types::{Price, Side, StrategyId, Timestamp};
use serde::{Deserialize, Serialize};

/// What makes two orders the same: strategy, instrument, side, shares, limit and stop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Key {
    who: u64,
    qty: i64,
    limit: i64,
    stop: i64,
}

impl Key {
    fn of(request: &OrderRequest, strategy: StrategyId) -> Self {
        let side = u64::from(request.side == Side::Buy);
        Self {
            who: u64::from(strategy.0) << 48 | u64::from(request.instrument.0) << 8 | side << 1 | 1,
            qty: request.qty.raw(),
            limit: request.limit.map_or(0, Price::raw),
            stop: request.stop.map_or(0, Price::raw),
        }
    }

    #[inline]
    fn hash(&self) -> usize {
        // Fibonacci hashing of each word in turn: fixed, so that a replay fills the same slots.
        let mix = |h: u64, x: u64| (h ^ x).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29);
        let h = mix(mix(mix(mix(0, self.who), self.qty as u64), self.limit as u64), self.stop as u64);
        (h ^ (h >> 32)) as usize
    }
}

/// A table of open addressing; entries older than the window are reused. O(1) an order.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Recent {
    slots: Vec<(Key, Timestamp)>,
    used: usize,
}

impl Recent {
    const LEAST: usize = 64;

    /// When the same order was last noted.
    #[inline]
    pub(super) fn last(&self, request: &OrderRequest, strategy: StrategyId) -> Option<Timestamp> {
        let key = Key::of(request, strategy);
        let mask = self.slots.len().wrapping_sub(1);
        let mut at = key.hash() & mask;
        while let Some((held, when)) = self.slots.get(at) {
            if *held == key {
                return Some(*when);
            }
            if held.who == 0 {
                return None;
            }
            at = (at + 1) & mask;
        }
        None
    }

    /// Note an order at `now`; entries of `window_ns` ago and more may be forgotten.
    pub(super) fn note(&mut self, request: &OrderRequest, strategy: StrategyId, now: Timestamp, window_ns: i64) {
        if (self.used + 1) * 2 > self.slots.len() {
            let old = std::mem::take(&mut self.slots);
            let live: Vec<_> = old.into_iter().filter(|(key, when)| key.who != 0 && now.since(*when) < window_ns).collect();
            self.slots = vec![(Key::default(), Timestamp::MIN); ((live.len() + 1) * 4).next_power_of_two().max(Self::LEAST)];
            self.used = 0;
            for (key, when) in live {
                self.put(key, when);
            }
        }
        self.put(Key::of(request, strategy), now);
    }

    fn put(&mut self, key: Key, when: Timestamp) {
        let mask = self.slots.len() - 1;
        let mut at = key.hash() & mask;
        while self.slots[at].0.who != 0 && self.slots[at].0 != key {
            at = (at + 1) & mask;
        }
        self.used += usize::from(self.slots[at].0.who == 0);
        self.slots[at] = (key, when);
    }
}
