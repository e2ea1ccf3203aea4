//! Price levels of both sides: found by price, walked from the best.
//!
//! A level lives in a slot that does not move. Each side keeps its prices sorted in blocks of up to [`BLOCK`], the best at the
//! end, so that what happens near the touch moves little memory and a book of `n` levels never moves more than a block and
//! `n / BLOCK` block heads. A small direct-mapped table from price to slot answers nearly every look-up of a level that exists.

use super::prefetch::prefetch;
use super::queue::{NONE, Queue};
use crate::types::{Price, Side};

/// Most prices in a block.
const BLOCK: usize = 256;
/// Prices at the touch that are looked at all, which takes no guess at where to stop, before the search halves its way.
const LINEAR: usize = 8;
/// Levels up to which the sorted prices alone are as quick to search, and a small book holds less memory.
const FEW: usize = 32;
/// Rungs in a cache line, and lines of a side's best prices that are asked for ahead.
const RUNGS_A_LINE: usize = 4;
const LINES_ASKED: usize = 16;
const NEAR_MAX: usize = 8192;
const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;
/// Side mark of a slot that is not in use.
const FREE: u8 = 2;

/// A level in its slot; sizes in 1e-9.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) price: i64,
    /// Shares of known orders.
    pub(super) known: i64,
    /// Shares without orders.
    pub(super) anonymous: i64,
    pub(super) queue: Queue,
    pub(super) orders: u32,
    side: u8,
}

impl Slot {
    #[inline]
    pub(super) const fn side(&self) -> Side {
        if self.side == 0 { Side::Buy } else { Side::Sell }
    }

    #[inline]
    pub(super) const fn size(&self) -> i64 {
        self.known.saturating_add(self.anonymous)
    }

    #[inline]
    pub(super) const fn is_empty(&self) -> bool {
        self.known == 0 && self.anonymous == 0
    }
}

/// A price of a side and the slot of its level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rung {
    key: i64,
    slot: u32,
}

/// Prices of one side in ascending order of goodness: a bid as it is, an ask with its bits turned, which reverses the order
/// and cannot overflow. The block of the best is at hand, so that a book of few levels has no other.
#[derive(Clone, Debug, Default)]
struct Ladder {
    top: Vec<Rung>,
    /// The blocks below, the worst first; none of them empty, nor the top above them.
    lower: Vec<Vec<Rung>>,
    len: usize,
    /// Where in the top block the last search in vain ended: what is looked for in vain is mostly put in next.
    missed: usize,
}

#[inline]
const fn index(side: Side) -> usize {
    match side {
        Side::Buy => 0,
        Side::Sell => 1,
    }
}

#[inline]
const fn key(side: Side, price: i64) -> i64 {
    match side {
        Side::Buy => price,
        Side::Sell => !price,
    }
}

impl Ladder {
    /// A block by its number, counted from the worst; the top is the last.
    #[inline]
    fn block(&self, number: usize) -> &Vec<Rung> {
        self.lower.get(number).unwrap_or(&self.top)
    }

    #[inline]
    fn block_mut(&mut self, number: usize) -> &mut Vec<Rung> {
        self.lower.get_mut(number).unwrap_or(&mut self.top)
    }

    /// Block and position of the first key that is not below `key`.
    #[inline]
    fn position(&self, key: i64) -> (usize, usize) {
        let starts_below = |b: &Vec<Rung>| b.first().is_some_and(|first| first.key <= key);
        let number = if self.lower.is_empty() || starts_below(&self.top) {
            self.lower.len()
        } else {
            self.lower.partition_point(starts_below).saturating_sub(1)
        };
        let rungs = self.block(number);
        let near = rungs.len().saturating_sub(LINEAR);
        let passed = rungs[near..].iter().filter(|rung| rung.key >= key).count();
        let at = rungs.len() - passed;
        (number, if at > near || near == 0 { at } else { rungs[..near].partition_point(|rung| rung.key < key) })
    }

    fn find(&self, key: i64) -> Option<u32> {
        let (number, at) = self.position(key);
        self.block(number).get(at).filter(|rung| rung.key == key).map(|rung| rung.slot)
    }

    /// As [`Self::find`], remembering where it ended.
    #[inline]
    fn find_or_miss(&mut self, key: i64) -> Option<u32> {
        let (number, at) = self.position(key);
        self.missed = at;
        self.block(number).get(at).filter(|rung| rung.key == key).map(|rung| rung.slot)
    }

    /// True when `key` belongs in the top block between what is before `at` and what is there.
    #[inline]
    fn fits_top(&self, at: usize, key: i64) -> bool {
        let below = at.checked_sub(1).and_then(|below| self.top.get(below)).is_some_and(|rung| rung.key < key);
        below && self.top.get(at).is_none_or(|rung| rung.key > key)
    }

    fn insert(&mut self, key: i64, slot: u32) {
        let missed = self.missed;
        let (mut number, mut at) = if self.fits_top(missed, key) { (self.lower.len(), missed) } else { self.position(key) };
        if self.block(number).len() >= BLOCK {
            let half = BLOCK / 2;
            let upper = self.block_mut(number).split_off(half);
            if number == self.lower.len() {
                let lower = std::mem::replace(&mut self.top, upper);
                self.lower.push(lower);
            } else {
                self.lower.insert(number + 1, upper);
            }
            if at > half {
                (number, at) = (number + 1, at - half);
            }
        }
        self.block_mut(number).insert(at, Rung { key, slot });
        self.len += 1;
    }

    fn remove(&mut self, key: i64) {
        let (number, at) = self.position(key);
        let block = self.block_mut(number);
        if block.get(at).is_none_or(|rung| rung.key != key) {
            return;
        }
        block.remove(at);
        let thin = block.len() < BLOCK / 4;
        self.len -= 1;
        if thin && !self.lower.is_empty() {
            self.join(number);
        }
    }

    /// Thin neighbours are joined, so that there are never more than a few blocks for each `BLOCK` prices.
    fn join(&mut self, number: usize) {
        let left = number.saturating_sub(1);
        if self.block(left).len() + self.block(left + 1).len() <= BLOCK / 2 {
            let mut joined = self.lower.remove(left);
            // What was to the right has the number of what is gone.
            let right = self.block_mut(left);
            joined.append(right);
            *right = joined;
        } else if self.block(number).is_empty() {
            if number < self.lower.len() {
                self.lower.remove(number);
            } else if let Some(top) = self.lower.pop() {
                self.top = top;
            }
        }
    }

    /// Keys and slots, best first.
    fn walk(&self) -> impl DoubleEndedIterator<Item = (i64, u32)> {
        let blocks = self.lower.iter().chain(std::iter::once(&self.top));
        blocks.rev().flat_map(|b| b.iter().rev().map(|rung| (rung.key, rung.slot)))
    }

    #[inline]
    fn best(&self) -> Option<Rung> {
        self.top.last().copied()
    }

    fn worst(&self) -> Option<u32> {
        self.lower.first().unwrap_or(&self.top).first().map(|rung| rung.slot)
    }

    fn heap_bytes(&self) -> usize {
        let rungs = self.top.capacity() + self.lower.iter().map(Vec::capacity).sum::<usize>();
        rungs * size_of::<Rung>() + self.lower.capacity() * size_of::<Vec<Rung>>()
    }
}

#[derive(Clone, Debug)]
pub(super) struct Levels {
    slots: Vec<Slot>,
    /// First slot that may be used again; the head of its queue is the next.
    free: u32,
    /// How many such slots there are.
    unused: u32,
    /// Slot by price and side, where the entry was not taken by another level since; a power of two long, or empty.
    near: Vec<u32>,
    ladders: [Ladder; 2],
}

impl Default for Levels {
    fn default() -> Self {
        Self { slots: Vec::new(), free: NONE, unused: 0, near: Vec::new(), ladders: Default::default() }
    }
}

impl Levels {
    #[inline]
    fn near_entry(&self, side: Side, price: i64) -> usize {
        let hash = (key(side, price) as u64).wrapping_mul(MULTIPLIER);
        (hash >> 40) as usize & self.near.len().wrapping_sub(1)
    }

    #[inline]
    pub(super) fn at(&self, slot: u32) -> &Slot {
        &self.slots[slot as usize]
    }

    #[inline]
    pub(super) fn at_mut(&mut self, slot: u32) -> &mut Slot {
        &mut self.slots[slot as usize]
    }

    /// Slot of the level at `price`.
    #[inline]
    pub(super) fn find(&mut self, side: Side, price: i64) -> Option<u32> {
        let entry = self.near_entry(side, price);
        let Some(&slot) = self.near.get(entry) else { return self.ladders[index(side)].find_or_miss(key(side, price)) };
        if let Some(level) = self.slots.get(slot as usize)
            && level.price == price
            && level.side == index(side) as u8
        {
            return Some(slot);
        }
        let found = self.ladders[index(side)].find_or_miss(key(side, price));
        if let Some(slot) = found {
            self.near[entry] = slot;
        }
        found
    }

    /// Slot of the level at `price`, without remembering it for the next time.
    pub(super) fn peek(&self, side: Side, price: i64) -> Option<u32> {
        self.ladders[index(side)].find(key(side, price))
    }

    /// Ask for the memory that leads to the level at `price`, for [`Self::ask_for_level`].
    #[inline]
    pub(super) fn ask_for_price(&self, side: Side, price: i64) {
        self.near.get(self.near_entry(side, price)).inspect(|entry| prefetch(*entry));
    }

    /// Ask for the prices of both sides, the best of many.
    #[inline]
    pub(super) fn ask_for_prices(&self) {
        for ladder in &self.ladders {
            for rung in ladder.top.iter().rev().step_by(RUNGS_A_LINE).take(LINES_ASKED) {
                prefetch(rung);
            }
        }
    }

    /// Ask for the level at `price`, where it was seen lately.
    #[inline]
    pub(super) fn ask_for_level(&self, side: Side, price: i64) {
        if let Some(&slot) = self.near.get(self.near_entry(side, price)) {
            self.slots.get(slot as usize).inspect(|level| prefetch(*level));
        }
    }

    /// Ask for the level in `slot` and for the slot that a new level would take.
    #[inline]
    pub(super) fn ask_for_slots(&self, slot: u32) {
        self.slots.get(slot as usize).inspect(|level| prefetch(*level));
        self.slots.get(self.free as usize).inspect(|level| prefetch(*level));
    }

    /// A new, empty level where there is none.
    pub(super) fn open(&mut self, side: Side, price: i64) -> u32 {
        let level = Slot { price, known: 0, anonymous: 0, queue: Queue::EMPTY, orders: 0, side: index(side) as u8 };
        let slot = self.free;
        let slot = if slot == NONE {
            self.slots.push(level);
            (self.slots.len() - 1) as u32
        } else {
            let free = &mut self.slots[slot as usize];
            self.free = free.queue.head;
            self.unused -= 1;
            *free = level;
            slot
        };
        if self.slots.len() > FEW && self.near.len() < self.slots.len() * 4 && self.near.len() < NEAR_MAX {
            // Entries that are lost by growing come back with the next look-up.
            self.near = vec![NONE; (self.near.len() * 2).max(FEW * 4)];
        }
        let entry = self.near_entry(side, price);
        if let Some(near) = self.near.get_mut(entry) {
            *near = slot;
        }
        self.ladders[index(side)].insert(key(side, price), slot);
        slot
    }

    /// Forget a level.
    pub(super) fn close(&mut self, slot: u32) {
        let Slot { price, side, .. } = self.slots[slot as usize];
        let side = if side == 0 { Side::Buy } else { Side::Sell };
        self.ladders[index(side)].remove(key(side, price));
        let gone = &mut self.slots[slot as usize];
        gone.side = FREE;
        gone.queue.head = self.free;
        self.free = slot;
        self.unused += 1;
    }

    #[inline]
    pub(super) fn best(&self, side: Side) -> Option<u32> {
        self.ladders[index(side)].best().map(|rung| rung.slot)
    }

    /// Price of the best level.
    #[inline]
    pub(super) fn best_price(&self, side: Side) -> Option<i64> {
        self.ladders[index(side)].best().map(|rung| key(side, rung.key))
    }

    pub(super) fn worst(&self, side: Side) -> Option<u32> {
        self.ladders[index(side)].worst()
    }

    pub(super) const fn len(&self, side: Side) -> usize {
        self.ladders[index(side)].len
    }

    /// Slots of a side's levels, best first.
    pub(super) fn walk(&self, side: Side) -> impl DoubleEndedIterator<Item = &Slot> {
        self.ladders[index(side)].walk().map(|(_, slot)| self.at(slot))
    }

    /// What is wrong with the order of prices or the slots of `side`, if anything.
    pub(super) fn fault(&self, side: Side) -> Option<String> {
        let ladder = &self.ladders[index(side)];
        let rungs: Vec<(i64, u32)> = ladder.walk().collect();
        if rungs.len() != ladder.len {
            return Some(format!("counts {} levels and has {}", ladder.len, rungs.len()));
        }
        if let Some(pair) = rungs.windows(2).find(|w| w[1].0 >= w[0].0) {
            let text = |rung: (i64, u32)| Price::from_raw(key(side, rung.0));
            return Some(format!("has the levels {} and {} out of order", text(pair[0]), text(pair[1])));
        }
        let wrong = |&&(k, slot): &&(i64, u32)| {
            self.slots.get(slot as usize).is_none_or(|level| level.side != index(side) as u8 || key(side, level.price) != k)
        };
        let wrong = rungs.iter().find(wrong).map(|&(k, _)| format!("leads to another level at {}", Price::from_raw(key(side, k))));
        let used = self.slots.len() - self.unused as usize;
        wrong.or_else(|| {
            (used != self.ladders[0].len + self.ladders[1].len).then(|| format!("has {used} level slots in use, not as many as levels"))
        })
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Slot>()
            + self.near.capacity() * size_of::<u32>()
            + self.ladders[0].heap_bytes()
            + self.ladders[1].heap_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn a_deep_side_stays_sorted_through_splits_and_joins(
            grown in proptest::collection::vec(0_i64..5_000, 600..1_500),
            thinned in proptest::collection::vec((0_i64..5_000, any::<bool>()), 0..3_000),
        ) {
            let (mut ladder, mut model) = (Ladder::default(), BTreeMap::new());
            let steps = grown.into_iter().map(|k| (k, true)).chain(thinned);
            for (i, (k, put)) in steps.enumerate() {
                prop_assert_eq!(ladder.find(k), model.get(&k).copied());
                if put && !model.contains_key(&k) {
                    ladder.insert(k, i as u32);
                    model.insert(k, i as u32);
                } else if !put {
                    // Runs of neighbours go, so that blocks empty out.
                    let gone: Vec<i64> = model.range(k..k + 40).map(|e| *e.0).collect();
                    for k in gone {
                        ladder.remove(k);
                        model.remove(&k);
                    }
                    ladder.remove(k);
                }
                prop_assert_eq!(ladder.best().map(|rung| rung.slot), model.last_key_value().map(|e| *e.1));
                prop_assert_eq!(ladder.worst(), model.first_key_value().map(|e| *e.1));
            }
            prop_assert!(ladder.walk().eq(model.iter().rev().map(|(&k, &s)| (k, s))));
            prop_assert_eq!(ladder.len, model.len());
            let blocks = 1 + ladder.lower.len();
            prop_assert!(blocks <= 1 + 8 * model.len() / BLOCK, "{blocks} blocks for {} keys", model.len());
            prop_assert!(ladder.lower.iter().all(|block| !block.is_empty()) && (ladder.lower.is_empty() || !ladder.top.is_empty()));
        }
    }
}
