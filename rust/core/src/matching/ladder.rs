//! One side's price levels: a dense ring of prices about the best, and a tree for those far away.
//!
//! A level has a key: the price in ticks for bids, its negative for asks, so that the best is always the highest. The ring holds
//! the keys `base..base + window` at `key mod window`; two ranks of bits say which of them are in use, so that the next best is two
//! bit scans away. When the best has left the upper three quarters of the ring for some operations, the ring follows it.
//!
//! Cost: opening, closing and finding a level in the ring are a few instructions; far levels cost a tree look-up.

use super::orders::NONE;
use std::collections::BTreeMap;

/// Not a key: no level. Half of the range, so that a key may be added.
pub(super) const NO_KEY: i64 = i64::MIN / 2;
/// Operations with a badly placed ring until it is moved: moving costs up to a window of levels.
const STRAIN_MAX: u32 = 256;

/// A price level: 24 bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Level {
    pub(super) qty: i64,
    pub(super) head: u32,
    pub(super) tail: u32,
    pub(super) orders: u32,
}

impl Level {
    pub(super) const EMPTY: Self = Self { qty: 0, head: NONE, tail: NONE, orders: 0 };
}

#[derive(Clone, Debug)]
pub(super) struct Ladder {
    /// Lowest key of the ring.
    base: i64,
    window: u32,
    /// The ring, empty until the first level is opened.
    ring: Vec<Level>,
    bits: Vec<u64>,
    /// Which words of `bits` are not zero.
    words: u64,
    /// Highest key in the ring that is in use.
    ring_best: i64,
    far: BTreeMap<i64, Level>,
    /// Highest key in `far`.
    far_best: i64,
    strain: u32,
}

impl Ladder {
    pub(super) const fn new(window: u32) -> Self {
        Self {
            base: 0,
            window,
            ring: Vec::new(),
            bits: Vec::new(),
            words: 0,
            ring_best: NO_KEY,
            far: BTreeMap::new(),
            far_best: NO_KEY,
            strain: 0,
        }
    }

    /// Key of the best level, or [`NO_KEY`].
    #[inline]
    pub(super) fn best(&self) -> i64 {
        self.ring_best.max(self.far_best)
    }

    #[inline]
    fn is_near(&self, key: i64) -> bool {
        (key.wrapping_sub(self.base) as u64) < self.ring.len() as u64
    }

    #[inline]
    const fn slot(&self, key: i64) -> usize {
        key as usize & (self.window as usize - 1)
    }

    /// The key that a used slot of the ring stands for.
    #[inline]
    const fn key_at(&self, slot: usize) -> i64 {
        let from_base = slot.wrapping_sub(self.base as usize) & (self.window as usize - 1);
        self.base + from_base as i64
    }

    /// The level at `key`, if it is in use.
    #[inline]
    pub(super) fn get(&self, key: i64) -> Option<&Level> {
        if self.is_near(key) {
            let level = &self.ring[self.slot(key)];
            return (level.orders > 0).then_some(level);
        }
        self.far.get(&key)
    }

    /// The level at `key`, which is in use.
    #[inline]
    pub(super) fn get_mut(&mut self, key: i64) -> Option<&mut Level> {
        if self.is_near(key) {
            let slot = self.slot(key);
            return self.ring.get_mut(slot);
        }
        self.far.get_mut(&key)
    }

    /// The level at `key`, put into use if it was not; the caller adds an order to it.
    #[inline]
    pub(super) fn open(&mut self, key: i64) -> &mut Level {
        if !self.is_near(key) || self.best() < self.base + i64::from(self.window) / 4 {
            self.settle(key);
        }
        if self.is_near(key) {
            let slot = self.slot(key);
            self.bits[slot >> 6] |= 1 << (slot & 63);
            self.words |= 1 << (slot >> 6);
            self.ring_best = self.ring_best.max(key);
            return &mut self.ring[slot];
        }
        self.far_best = self.far_best.max(key);
        self.far.entry(key).or_insert(Level::EMPTY)
    }

    /// Take the level at `key`, whose last order is gone, out of use.
    #[inline]
    pub(super) fn close(&mut self, key: i64) {
        if self.is_near(key) {
            let slot = self.slot(key);
            self.ring[slot] = Level::EMPTY;
            let word = slot >> 6;
            self.bits[word] &= !(1 << (slot & 63));
            if self.bits[word] == 0 {
                self.words &= !(1 << word);
            }
            if key == self.ring_best {
                self.ring_best = self.used_from(slot);
            }
            return;
        }
        self.far.remove(&key);
        if key == self.far_best {
            self.far_best = self.far.last_key_value().map_or(NO_KEY, |(&key, _)| key);
        }
    }

    /// The first used key of the ring when walking down from `slot`, around the end if need be.
    #[inline]
    fn used_from(&self, slot: usize) -> i64 {
        let word = slot >> 6;
        let here = self.bits[word] & (u64::MAX >> (63 - (slot & 63)));
        let (word, bits) = if here != 0 {
            (word, here)
        } else {
            let below = self.words & ((1 << word) - 1);
            let words = if below != 0 { below } else { self.words };
            if words == 0 {
                return NO_KEY;
            }
            let word = 63 - words.leading_zeros() as usize;
            (word, self.bits[word])
        };
        self.key_at((word << 6) | (63 - bits.leading_zeros() as usize))
    }

    /// The best key worse than `key`, or [`NO_KEY`].
    #[inline]
    pub(super) fn below(&self, key: i64) -> i64 {
        let near = if self.ring_best == NO_KEY || key <= self.base {
            NO_KEY
        } else if key > self.ring_best {
            self.ring_best
        } else {
            // Walking down around the end comes back above `key` where nothing is below it.
            let found = self.used_from(self.slot(key - 1));
            if found < key { found } else { NO_KEY }
        };
        if self.far_best <= near && near != NO_KEY && self.far_best < key {
            return near;
        }
        let far = self.far.range(..key).next_back().map_or(NO_KEY, |(&key, _)| key);
        near.max(far)
    }

    /// Keys in use and their levels, best first.
    pub(super) fn walk(&self) -> impl Iterator<Item = (i64, &Level)> {
        let mut key = self.best();
        std::iter::from_fn(move || {
            let level = self.get(key)?;
            let here = key;
            key = self.below(key);
            Some((here, level))
        })
    }

    /// `key` is far, or the ring is badly placed: give it a place, move it, or bear it for a while.
    #[cold]
    fn settle(&mut self, key: i64) {
        if self.ring.is_empty() {
            self.ring = vec![Level::EMPTY; self.window as usize];
            self.bits = vec![0; self.window as usize / 64];
        }
        let best = self.best();
        if best == NO_KEY {
            self.base = self.base_for(key);
            return;
        }
        let top = best.max(key);
        let quarter = i64::from(self.window) / 4;
        if top >= self.base + quarter && top < self.base + 4 * quarter {
            return;
        }
        self.strain += 1;
        if self.strain > STRAIN_MAX {
            self.strain = 0;
            self.move_ring(self.base_for(top));
        }
    }

    /// Where the ring begins so that three quarters of it are below `key`.
    fn base_for(&self, key: i64) -> i64 {
        key - i64::from(self.window) / 4 * 3
    }

    fn move_ring(&mut self, base: i64) {
        let new = base..base + i64::from(self.window);
        let mut key = self.ring_best;
        while key != NO_KEY {
            let slot = self.slot(key);
            let level = self.ring[slot];
            // The next one is found before this one goes.
            let found = if key == self.base { NO_KEY } else { self.used_from(self.slot(key - 1)) };
            let next = if found < key { found } else { NO_KEY };
            if !new.contains(&key) {
                self.close(key);
                self.far.insert(key, level);
            }
            key = next;
        }
        self.base = base;
        while let Some((&key, &level)) = self.far.range(new.clone()).next() {
            self.far.remove(&key);
            let slot = self.slot(key);
            self.ring[slot] = level;
            self.bits[slot >> 6] |= 1 << (slot & 63);
            self.words |= 1 << (slot >> 6);
        }
        self.ring_best = self.used_from(self.slot(new.end - 1));
        self.far_best = self.far.last_key_value().map_or(NO_KEY, |(&key, _)| key);
    }

    /// What is wrong with the ladder, if anything: for tests.
    pub(super) fn fault(&self) -> Option<String> {
        let used = self.ring.iter().enumerate().filter(|(_, level)| level.orders > 0);
        let mut keys: Vec<i64> = used.map(|(slot, _)| self.key_at(slot)).chain(self.far.keys().copied()).collect();
        keys.sort_unstable_by_key(|&key| std::cmp::Reverse(key));
        let walked: Vec<i64> = self.walk().map(|(key, _)| key).collect();
        let bits: u32 = self.bits.iter().map(|word| word.count_ones()).sum();
        if keys != walked {
            return Some(format!("walks {walked:?} and holds {keys:?}"));
        }
        if let Some(key) = self.far.keys().find(|&&key| self.is_near(key)) {
            return Some(format!("holds the near key {key} in the tree"));
        }
        (bits as usize + self.far.len() != keys.len()).then(|| format!("marks {bits} levels of {}", keys.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Keys wander over many windows, so that the ring moves both ways and levels go to the tree and back.
        #[test]
        fn levels_are_those_of_a_sorted_map(
            steps in proptest::collection::vec((-90_i64..90, any::<bool>(), 0_u8..12), 1..900),
            drift in -3_i64..4,
        ) {
            let mut ladder = Ladder::new(64);
            let mut model: BTreeMap<i64, u32> = BTreeMap::new();
            for (i, (offset, open, leap)) in steps.into_iter().enumerate() {
                let key = drift * i as i64 + offset + if leap == 0 { 5_000 * offset.signum() } else { 0 };
                if open {
                    ladder.open(key).orders += 1;
                    *model.entry(key).or_default() += 1;
                } else if let Some((&key, _)) = if leap < 6 { model.last_key_value() } else { model.range(..=key).next_back() } {
                    let level = ladder.get_mut(key).unwrap();
                    level.orders -= 1;
                    let orders = level.orders;
                    prop_assert_eq!(orders, model[&key] - 1);
                    if orders == 0 {
                        ladder.close(key);
                        model.remove(&key);
                    } else {
                        model.insert(key, orders);
                    }
                }
                prop_assert_eq!(ladder.best(), model.last_key_value().map_or(NO_KEY, |(&key, _)| key));
                prop_assert_eq!(ladder.fault(), None);
                prop_assert_eq!(ladder.below(key), model.range(..key).next_back().map_or(NO_KEY, |(&key, _)| key));
                prop_assert_eq!(ladder.get(key).map(|level| level.orders), model.get(&key).copied());
            }
        }
    }
}
