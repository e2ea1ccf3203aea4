//! Price levels of both sides: found by price, walked from the best.
//!
//! A level lives in a slot that does not move. Each side keeps its prices sorted in blocks of up to [`BLOCK`], the best at the
//! end, so that what happens near the touch moves little memory and a book of `n` levels never moves more than a block and
//! `n / BLOCK` block heads. A small direct-mapped table from price to slot answers nearly every look-up of a level that exists.

use super::queue::Queue;
use crate::types::{Price, Side};

/// Most prices in a block.
const BLOCK: usize = 256;
/// Prices looked at one by one from the touch before the search halves its way.
const LINEAR: usize = 8;
const NEAR_MIN: usize = 64;
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

/// Prices of one side in ascending order of goodness: a bid as it is, an ask with its bits turned, which reverses the order
/// and cannot overflow.
#[derive(Clone, Debug, Default)]
struct Ladder {
    blocks: Vec<Block>,
    len: usize,
}

#[derive(Clone, Debug, Default)]
struct Block {
    keys: Vec<i64>,
    slots: Vec<u32>,
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
    /// Block and position of the first key that is not below `key`.
    fn position(&self, key: i64) -> (usize, usize) {
        let blocks = &self.blocks;
        let starts_below = |b: &Block| b.keys.first().is_some_and(|&first| first <= key);
        let block = match blocks.last() {
            None => return (0, 0),
            Some(last) if starts_below(last) => blocks.len() - 1,
            Some(_) => blocks.partition_point(starts_below).saturating_sub(1),
        };
        let keys = &blocks[block].keys;
        let near = keys.len().saturating_sub(LINEAR);
        let passed = keys[near..].iter().rev().take_while(|&&k| k >= key).count();
        let at = keys.len() - passed;
        (block, if at > near || near == 0 { at } else { keys[..near].partition_point(|&k| k < key) })
    }

    fn find(&self, key: i64) -> Option<u32> {
        let (block, at) = self.position(key);
        let block = self.blocks.get(block)?;
        (block.keys.get(at) == Some(&key)).then(|| block.slots[at])
    }

    fn insert(&mut self, key: i64, slot: u32) {
        let (mut number, mut at) = self.position(key);
        if self.blocks.is_empty() {
            self.blocks.push(Block::default());
        } else if self.blocks[number].keys.len() >= BLOCK {
            let half = BLOCK / 2;
            let full = &mut self.blocks[number];
            let upper = Block { keys: full.keys.split_off(half), slots: full.slots.split_off(half) };
            self.blocks.insert(number + 1, upper);
            if at > half {
                (number, at) = (number + 1, at - half);
            }
        }
        let block = &mut self.blocks[number];
        block.keys.insert(at, key);
        block.slots.insert(at, slot);
        self.len += 1;
    }

    fn remove(&mut self, key: i64) {
        let (number, at) = self.position(key);
        let Some(block) = self.blocks.get_mut(number) else { return };
        if block.keys.get(at) != Some(&key) {
            return;
        }
        block.keys.remove(at);
        block.slots.remove(at);
        self.len -= 1;
        // Thin neighbours are joined, so that there are never more than a few blocks for each `BLOCK` prices.
        if block.keys.len() < BLOCK / 4 && self.blocks.len() > 1 {
            let left = number.saturating_sub(1);
            if self.blocks[left].keys.len() + self.blocks[left + 1].keys.len() <= BLOCK / 2 {
                let right = self.blocks.remove(left + 1);
                self.blocks[left].keys.extend(right.keys);
                self.blocks[left].slots.extend(right.slots);
            }
        }
        // A single block may be empty, several may not: a search needs their first keys.
        if self.blocks.len() > 1 {
            self.blocks.retain(|b| !b.keys.is_empty());
        }
    }

    /// Keys and slots, best first.
    fn walk(&self) -> impl DoubleEndedIterator<Item = (i64, u32)> {
        self.blocks.iter().rev().flat_map(|b| b.keys.iter().copied().zip(b.slots.iter().copied()).rev())
    }

    #[inline]
    fn best(&self) -> Option<u32> {
        self.blocks.last()?.slots.last().copied()
    }

    fn worst(&self) -> Option<u32> {
        self.blocks.first()?.slots.first().copied()
    }

    fn heap_bytes(&self) -> usize {
        let held: usize = self.blocks.iter().map(|b| b.keys.capacity() * size_of::<i64>() + b.slots.capacity() * size_of::<u32>()).sum();
        held + self.blocks.capacity() * size_of::<Block>()
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Levels {
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// Slot by price and side, where the entry was not taken by another level since; a power of two long, or empty.
    near: Vec<u32>,
    ladders: [Ladder; 2],
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
        let slot = *self.near.get(entry)?;
        if let Some(level) = self.slots.get(slot as usize)
            && level.price == price
            && level.side == index(side) as u8
        {
            return Some(slot);
        }
        let found = self.ladders[index(side)].find(key(side, price));
        if let Some(slot) = found {
            self.near[entry] = slot;
        }
        found
    }

    /// Slot of the level at `price`, without remembering it for the next time.
    pub(super) fn peek(&self, side: Side, price: i64) -> Option<u32> {
        self.ladders[index(side)].find(key(side, price))
    }

    /// A new, empty level where there is none.
    pub(super) fn open(&mut self, side: Side, price: i64) -> u32 {
        let level = Slot { price, known: 0, anonymous: 0, queue: Queue::EMPTY, orders: 0, side: index(side) as u8 };
        let slot = if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = level;
            slot
        } else {
            self.slots.push(level);
            (self.slots.len() - 1) as u32
        };
        if self.near.len() < self.slots.len() * 4 && self.near.len() < NEAR_MAX {
            // Entries that are lost by growing come back with the next look-up.
            self.near = vec![u32::MAX; (self.near.len() * 2).max(NEAR_MIN)];
        }
        let entry = self.near_entry(side, price);
        self.near[entry] = slot;
        self.ladders[index(side)].insert(key(side, price), slot);
        slot
    }

    /// Forget a level.
    pub(super) fn close(&mut self, slot: u32) {
        let Slot { price, side, .. } = self.slots[slot as usize];
        let side = if side == 0 { Side::Buy } else { Side::Sell };
        self.ladders[index(side)].remove(key(side, price));
        self.slots[slot as usize].side = FREE;
        self.free.push(slot);
    }

    #[inline]
    pub(super) fn best(&self, side: Side) -> Option<u32> {
        self.ladders[index(side)].best()
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
        let used = self.slots.len() - self.free.len();
        wrong.or_else(|| {
            (used != self.ladders[0].len + self.ladders[1].len).then(|| format!("has {used} level slots in use, not as many as levels"))
        })
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Slot>()
            + (self.free.capacity() + self.near.capacity()) * size_of::<u32>()
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
                prop_assert_eq!(ladder.best(), model.last_key_value().map(|e| *e.1));
                prop_assert_eq!(ladder.worst(), model.first_key_value().map(|e| *e.1));
            }
            prop_assert!(ladder.walk().eq(model.iter().rev().map(|(&k, &s)| (k, s))));
            prop_assert_eq!(ladder.len, model.len());
            prop_assert!(ladder.blocks.len() <= 1 + 8 * model.len() / BLOCK, "{} blocks for {} keys", ladder.blocks.len(), model.len());
        }
    }
}
