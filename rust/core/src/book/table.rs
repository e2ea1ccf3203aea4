//! The table from order id to slot: open addressing, linear probing, deletion by shifting back, so that it never fills with
//! tombstones and its layout depends on its history of ids alone.
//!
//! An entry is 8 bytes: 32 bits of the id's hash and the slot. At most half of the entries are in use; a look-up reads one cache
//! line in nearly every case, and the order itself confirms the id. The hash is a product with a fixed odd number: ids that
//! count up, as exchanges give them, spread evenly; ids chosen by an enemy could be made to collide.

/// 2^64 divided by the golden ratio, made odd: Knuth, The Art of Computer Programming 3, 6.4.
const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;
const ENTRIES_MIN: usize = 16;
/// Marks an entry that is not in use.
const EMPTY: u64 = 0;

/// Where an id is or would be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In this entry, with this slot.
    Found(usize, u32),
    /// It would go into this entry.
    Vacant(usize),
}

#[derive(Clone, Debug, Default)]
pub(super) struct OrderTable {
    entries: Vec<u64>,
    /// Hash bits below the home index.
    shift: u32,
    len: usize,
}

#[inline]
const fn hash(id: u64) -> u32 {
    (id.wrapping_mul(MULTIPLIER) >> 32) as u32
}

#[inline]
const fn hash_of(entry: u64) -> u32 {
    (entry >> 32) as u32
}

impl OrderTable {
    #[inline]
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    #[inline]
    const fn mask(&self) -> usize {
        self.entries.len().wrapping_sub(1)
    }

    #[inline]
    const fn home(&self, hash: u32) -> usize {
        (hash >> self.shift) as usize
    }

    /// The entry where the search for `id` begins.
    #[inline]
    pub(super) fn first_entry(&self, id: u64) -> Option<&u64> {
        self.entries.get(self.home(hash(id)))
    }

    /// The slot in the entry where the search for `id` begins, if it may be the id's.
    #[inline]
    pub(super) fn likely_slot(&self, id: u64) -> Option<u32> {
        let hash = hash(id);
        let entry = *self.entries.get(self.home(hash))?;
        (entry != EMPTY && hash_of(entry) == hash).then(|| (entry as u32).wrapping_sub(1))
    }

    /// Entry and slot of `id`; `is_it` confirms the slot.
    #[inline]
    pub(super) fn find(&self, id: u64, is_it: impl Fn(u32) -> bool) -> Option<(usize, u32)> {
        match self.place(id, is_it) {
            Place::Found(at, slot) => Some((at, slot)),
            Place::Vacant(_) => None,
        }
    }

    /// Where `id` is or would be.
    #[inline]
    pub(super) fn place(&self, id: u64, is_it: impl Fn(u32) -> bool) -> Place {
        let hash = hash(id);
        let mut at = self.home(hash);
        // Half of the entries are empty, so that the search ends.
        while let Some(&entry) = self.entries.get(at) {
            if entry == EMPTY {
                break;
            }
            let slot = (entry as u32).wrapping_sub(1);
            if hash_of(entry) == hash && is_it(slot) {
                return Place::Found(at, slot);
            }
            at = (at + 1) & self.mask();
        }
        Place::Vacant(at)
    }

    /// Room for one more: call before [`Self::place`] where an id may be put in.
    #[inline]
    pub(super) fn make_room(&mut self) {
        if (self.len + 1) * 2 > self.entries.len() {
            self.grow((self.entries.len() * 2).max(ENTRIES_MIN));
        }
    }

    /// Room for `ids` in all.
    pub(super) fn reserve(&mut self, ids: usize) {
        let wanted = (ids * 2).next_power_of_two().max(ENTRIES_MIN);
        if wanted > self.entries.len() {
            self.grow(wanted);
        }
    }

    #[cold]
    fn grow(&mut self, entries: usize) {
        let old = std::mem::replace(&mut self.entries, vec![EMPTY; entries]);
        self.shift = 32 - entries.trailing_zeros();
        for entry in old.into_iter().filter(|&e| e != EMPTY) {
            let mut at = self.home(hash_of(entry));
            while self.entries[at] != EMPTY {
                at = (at + 1) & self.mask();
            }
            self.entries[at] = entry;
        }
    }

    /// Put `id` into a vacant entry.
    #[inline]
    pub(super) fn put(&mut self, at: usize, id: u64, slot: u32) {
        self.entries[at] = u64::from(hash(id)) << 32 | u64::from(slot + 1);
        self.len += 1;
    }

    /// Take entry `at` out and close the hole.
    #[inline]
    pub(super) fn take(&mut self, at: usize) {
        let mask = self.mask();
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

    pub(super) fn heap_bytes(&self) -> usize {
        self.entries.capacity() * size_of::<u64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    proptest! {
        /// Few distinct homes, so that runs of entries collide, wrap around the end and are closed up again.
        #[test]
        fn ids_are_found_as_in_a_map(steps in proptest::collection::vec((0_u64..40, any::<bool>(), any::<bool>()), 1..300)) {
            let (mut table, mut model, mut ids) = (OrderTable::default(), HashMap::new(), Vec::new());
            for (i, (id, near, put)) in steps.into_iter().enumerate() {
                // Multiples of 2^32 and of 2^60 fall on few homes.
                let id = if near { id << 60 } else { id << 32 };
                table.make_room();
                match (table.place(id, |slot| ids[slot as usize] == id), put) {
                    (Place::Vacant(at), true) => {
                        prop_assert!(model.insert(id, ids.len() as u32).is_none());
                        table.put(at, id, ids.len() as u32);
                        ids.push(id);
                    }
                    (Place::Found(at, slot), false) => {
                        prop_assert_eq!(model.remove(&id), Some(slot));
                        table.take(at);
                    }
                    (Place::Found(_, slot), true) => prop_assert_eq!(model.get(&id), Some(&slot)),
                    (Place::Vacant(_), false) => prop_assert!(!model.contains_key(&id)),
                }
                prop_assert_eq!(table.len(), model.len(), "step {}", i);
                for (&id, &slot) in &model {
                    prop_assert_eq!(table.find(id, |s| ids[s as usize] == id).map(|f| f.1), Some(slot));
                }
            }
        }
    }
}
