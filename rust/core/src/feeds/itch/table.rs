//! [`Table`]: orders of any reference number.
//!
//! Open addressing with linear probing, 16 bytes a slot, at most half full, and no tombstones: a deletion moves later orders of its
//! run back. Four references in a row share a cache line, because exchanges number orders in the order of arrival.

use crate::types::Side;

/// A live order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Resting {
    pub(super) side: Side,
    /// Price in 1/10,000 dollar.
    pub(super) price: u32,
    /// Open shares, never zero.
    pub(super) shares: u32,
}

/// Reference × 2, plus 1 for a sell; free where `shares` is 0.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Slot {
    tag: u64,
    price: u32,
    shares: u32,
}

impl Slot {
    #[inline]
    const fn resting(self) -> Resting {
        Resting { side: if self.tag & 1 == 0 { Side::Buy } else { Side::Sell }, price: self.price, shares: self.shares }
    }
}

/// Largest reference that the table can hold.
pub(super) const REFERENCE_MAX: u64 = (1 << REFERENCE_BITS) - 1;
pub(super) const REFERENCE_BITS: u32 = 63;
const SLOTS_MIN: usize = 1 << 10;

#[derive(Clone, Debug)]
pub(super) struct Table {
    slots: Vec<Slot>,
    /// Right shift that leaves the number of a group of four slots.
    shift: u32,
    len: usize,
}

impl Default for Table {
    fn default() -> Self {
        Self::with_slots(SLOTS_MIN)
    }
}

impl Table {
    /// `slots` is a power of two, at least 8.
    fn with_slots(slots: usize) -> Self {
        Self { slots: vec![Slot::default(); slots], shift: 64 - (slots / 4).trailing_zeros(), len: 0 }
    }

    /// Slots, for orders or free.
    pub(super) const fn room(&self) -> usize {
        self.slots.len()
    }

    /// References and prices of the orders that are here.
    pub(super) fn prices(&self) -> impl Iterator<Item = (u64, u32)> {
        self.slots.iter().filter(|slot| slot.shares > 0).map(|slot| (slot.tag >> 1, slot.price))
    }

    /// Forget all orders and keep the room.
    pub(super) fn clear(&mut self) {
        self.slots.fill(Slot::default());
        self.len = 0;
    }

    /// Live orders.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    #[inline]
    fn home(&self, reference: u64) -> usize {
        // Fibonacci hashing of the group; 2^64 ÷ golden ratio.
        let group = (reference >> 2).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> self.shift;
        (group as usize) << 2 | (reference & 3) as usize
    }

    /// The slot at which the search for `reference` begins.
    #[inline]
    pub(super) fn first(&self, reference: u64) -> Option<&Slot> {
        self.slots.get(self.home(reference))
    }

    /// The slot of `reference`, or the free slot at the end of its run.
    #[inline]
    fn find(&self, reference: u64) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = self.home(reference) & mask;
        loop {
            let slot = self.slots[at & mask];
            if slot.tag >> 1 == reference || slot.shares == 0 {
                return at & mask;
            }
            at += 1;
        }
    }

    /// Add an order of at least one share; true when one of this reference was there and is replaced.
    #[inline]
    pub(super) fn insert(&mut self, reference: u64, side: Side, price: u32, shares: u32) -> bool {
        debug_assert!(shares > 0 && reference <= REFERENCE_MAX);
        if self.len * 2 >= self.slots.len() {
            self.grow();
        }
        let at = self.find(reference);
        let there = self.slots[at].shares > 0;
        self.slots[at] = Slot { tag: reference << 1 | u64::from(side == Side::Sell), price, shares };
        self.len += usize::from(!there);
        there
    }

    #[cold]
    fn grow(&mut self) {
        let mut larger = Self::with_slots(self.slots.len() * 2);
        for slot in self.slots.iter().filter(|slot| slot.shares > 0) {
            let at = larger.find(slot.tag >> 1);
            larger.slots[at] = *slot;
        }
        larger.len = self.len;
        *self = larger;
    }

    /// Take `shares` of an order, which is gone with its last; the order as it was before.
    #[inline]
    pub(super) fn reduce(&mut self, reference: u64, shares: u32) -> Option<Resting> {
        let at = self.find(reference);
        let slot = self.slots[at];
        if slot.shares == 0 {
            return None;
        }
        if slot.shares > shares {
            self.slots[at].shares -= shares;
        } else {
            self.free(at);
        }
        Some(slot.resting())
    }

    /// Take an order away; the order as it was.
    #[inline]
    pub(super) fn remove(&mut self, reference: u64) -> Option<Resting> {
        self.reduce(reference, u32::MAX)
    }

    /// Free the slot `at` and close the gap: an order further on in the run moves into it when its home is not behind it.
    #[inline]
    fn free(&mut self, mut at: usize) {
        let mask = self.slots.len() - 1;
        self.len -= 1;
        let mut next = at;
        loop {
            next = (next + 1) & mask;
            let slot = self.slots[next];
            if slot.shares == 0 {
                break;
            }
            let home = self.home(slot.tag >> 1) & mask;
            if next.wrapping_sub(home) & mask >= next.wrapping_sub(at) & mask {
                self.slots[at] = slot;
                at = next;
            }
        }
        self.slots[at].shares = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    proptest! {
        #[test]
        fn it_holds_what_a_map_would_hold(steps in proptest::collection::vec((0_u8..3, 0_u64..3_000, 1_u32..5), 0..6_000)) {
            let (mut orders, mut map) = (Table::with_slots(8), HashMap::new());
            for (what, number, shares) in steps {
                // Far apart as well as in a row.
                let reference = if number % 2 == 0 { number } else { number << 40 };
                match what {
                    0 => {
                        let there = map.insert(reference, shares).is_some();
                        prop_assert_eq!(orders.insert(reference, Side::Sell, 7, shares), there);
                    }
                    1 => {
                        let before = map.get(&reference).copied();
                        if let Some(left) = before.and_then(|had| had.checked_sub(shares)).filter(|&left| left > 0) {
                            map.insert(reference, left);
                        } else {
                            map.remove(&reference);
                        }
                        prop_assert_eq!(orders.reduce(reference, shares).map(|o| o.shares), before);
                    }
                    _ => prop_assert_eq!(orders.remove(reference).map(|o| o.shares), map.remove(&reference)),
                }
                prop_assert_eq!(orders.len(), map.len());
            }
            for (&reference, &shares) in &map {
                prop_assert_eq!(orders.remove(reference), Some(Resting { side: Side::Sell, price: 7, shares }));
            }
            prop_assert_eq!(orders.len(), 0);
        }
    }
}
