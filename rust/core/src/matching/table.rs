//! From an order's key to its slot: open addressing, linear probing, deletion by shifting back, never more than half full.
//!
//! An entry is 32 bits of the key's hash and the slot; the order itself confirms the key. The hash is a product with fixed odd
//! numbers, the same on every machine, and the table is never walked.

use super::request::OrderKey;

/// 2^64 divided by the golden ratio, made odd (Knuth, The Art of Computer Programming 3, 6.4).
const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;
/// Spreads participants: an odd number without pattern (Steele, Lea and Flood 2014).
const SPREAD: u64 = 0xBF58_476D_1CE4_E5B9;
const ENTRIES_MIN: usize = 64;
const EMPTY: u64 = 0;

/// Where a key is or would be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In this entry, with this slot.
    Found(usize, u32),
    /// It would go into this entry.
    Vacant(usize),
}

#[derive(Clone, Debug)]
pub(super) struct KeyTable {
    entries: Vec<u64>,
    shift: u32,
    len: usize,
}

impl Default for KeyTable {
    fn default() -> Self {
        Self { entries: vec![EMPTY; ENTRIES_MIN], shift: 32 - ENTRIES_MIN.trailing_zeros(), len: 0 }
    }
}

#[inline]
const fn hash(key: OrderKey) -> u32 {
    let mixed = key.client_order_id ^ (key.participant.0 as u64).wrapping_mul(SPREAD);
    (mixed.wrapping_mul(MULTIPLIER) >> 32) as u32
}

#[inline]
const fn hash_of(entry: u64) -> u32 {
    (entry >> 32) as u32
}

impl KeyTable {
    #[inline]
    const fn mask(&self) -> usize {
        self.entries.len() - 1
    }

    #[inline]
    const fn home(&self, hash: u32) -> usize {
        (hash >> self.shift) as usize
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// The entry where the search for `key` begins.
    #[inline]
    pub(super) fn first_entry(&self, key: OrderKey) -> Option<&u64> {
        self.entries.get(self.home(hash(key)))
    }

    /// The slot in the entry where the search for `key` begins, if it may be the key's.
    #[inline]
    pub(super) fn likely_slot(&self, key: OrderKey) -> Option<u32> {
        let hash = hash(key);
        let entry = *self.entries.get(self.home(hash))?;
        (entry != EMPTY && hash_of(entry) == hash).then(|| (entry as u32).wrapping_sub(1))
    }

    /// Where `key` is or would be; `is_it` confirms the slot.
    #[inline]
    pub(super) fn place(&self, key: OrderKey, is_it: impl Fn(u32) -> bool) -> Place {
        let hash = hash(key);
        let mask = self.mask();
        let mut at = self.home(hash) & mask;
        // Half of the entries are empty, so that the search ends.
        loop {
            let entry = self.entries[at];
            if entry == EMPTY {
                return Place::Vacant(at);
            }
            if hash_of(entry) == hash {
                let slot = (entry as u32).wrapping_sub(1);
                if is_it(slot) {
                    return Place::Found(at, slot);
                }
            }
            at = (at + 1) & mask;
        }
    }

    /// Make room for one more: call before [`Self::place`] where a key may be put in.
    #[inline]
    pub(super) fn make_room(&mut self) {
        if (self.len + 1) * 2 > self.entries.len() {
            self.grow(self.entries.len() * 2);
        }
    }

    /// Make room for `keys` in all.
    pub(super) fn reserve(&mut self, keys: usize) {
        let wanted = (keys * 2).next_power_of_two();
        if wanted > self.entries.len() {
            self.grow(wanted);
        }
    }

    #[cold]
    fn grow(&mut self, entries: usize) {
        let old = std::mem::replace(&mut self.entries, vec![EMPTY; entries]);
        self.shift = 32 - entries.trailing_zeros();
        for entry in old.into_iter().filter(|&entry| entry != EMPTY) {
            let mut at = self.home(hash_of(entry));
            while self.entries[at] != EMPTY {
                at = (at + 1) & self.mask();
            }
            self.entries[at] = entry;
        }
    }

    /// Put `key` into a vacant entry.
    #[inline]
    pub(super) fn put(&mut self, at: usize, key: OrderKey, slot: u32) {
        self.entries[at] = u64::from(hash(key)) << 32 | u64::from(slot + 1);
        self.len += 1;
    }

    /// Take out the key of `slot`.
    #[inline]
    pub(super) fn remove(&mut self, key: OrderKey, slot: u32) {
        let mask = self.mask();
        let wanted = u64::from(hash(key)) << 32 | u64::from(slot + 1);
        let mut at = self.home(hash(key)) & mask;
        while self.entries[at] != wanted {
            if self.entries[at] == EMPTY {
                return;
            }
            at = (at + 1) & mask;
        }
        let (mut hole, mut next) = (at, at);
        loop {
            next = (next + 1) & mask;
            let entry = self.entries[next];
            if entry == EMPTY {
                break;
            }
            let from_home = next.wrapping_sub(self.home(hash_of(entry))) & mask;
            if from_home >= next.wrapping_sub(hole) & mask {
                self.entries[hole] = entry;
                hole = next;
            }
        }
        self.entries[hole] = EMPTY;
        self.len -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    proptest! {
        #[test]
        fn keys_are_found_as_in_a_map(steps in proptest::collection::vec((0_u64..30, 0_u32..3, any::<bool>()), 1..300)) {
            let (mut table, mut model, mut keys) = (KeyTable::default(), HashMap::new(), Vec::new());
            for (id, participant, put) in steps {
                // Multiples of 2^58 fall on few homes, so that runs collide and wrap around.
                let key = OrderKey::new(participant, id << 58);
                table.make_room();
                match (table.place(key, |slot| keys[slot as usize] == key), put) {
                    (Place::Vacant(at), true) => {
                        prop_assert!(model.insert(key, keys.len() as u32).is_none());
                        table.put(at, key, keys.len() as u32);
                        keys.push(key);
                    }
                    (Place::Found(_, slot), false) => {
                        prop_assert_eq!(model.remove(&key), Some(slot));
                        table.remove(key, slot);
                    }
                    (Place::Found(_, slot), true) => prop_assert_eq!(model.get(&key), Some(&slot)),
                    (Place::Vacant(_), false) => prop_assert!(!model.contains_key(&key)),
                }
                prop_assert_eq!(table.len(), model.len());
                for (&key, &slot) in &model {
                    prop_assert!(matches!(table.place(key, |s| keys[s as usize] == key), Place::Found(_, s) if s == slot));
                }
            }
        }
    }
}
