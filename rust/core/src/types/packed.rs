//! [`ShortTexts`]: texts of up to fifteen bytes to numbers, found without touching the texts themselves.

use std::hash::BuildHasher;

/// A text of 1 to 15 bytes as one number, its length in the highest byte; `None` for others.
#[inline]
pub(super) fn pack(text: &[u8]) -> Option<u128> {
    let n = text.len();
    // Overlapping loads of the ends: two for any length, where a copy of `n` bytes would be a call.
    let packed = match text {
        [] => return None,
        [a] => u128::from(*a),
        [a, b] => u128::from(u16::from_le_bytes([*a, *b])),
        [a, b, c] => u128::from(u32::from_le_bytes([*a, *b, *c, 0])),
        _ if n < 8 => {
            let (head, tail) = (text.first_chunk::<4>()?, text.last_chunk::<4>()?);
            u128::from(u32::from_le_bytes(*head)) | u128::from(u32::from_le_bytes(*tail)) << (8 * (n - 4))
        }
        _ if n < 16 => {
            let (head, tail) = (text.first_chunk::<8>()?, text.last_chunk::<8>()?);
            u128::from(u64::from_le_bytes(*head)) | u128::from(u64::from_le_bytes(*tail)) << (8 * (n - 8))
        }
        _ => return None,
    };
    Some(packed | (n as u128) << 120)
}

/// A hash table with open addressing, at most half full, that never forgets.
#[derive(Clone, Debug, Default)]
pub(super) struct ShortTexts {
    /// Packed text and value; zero is an empty place. The length is a power of two.
    places: Vec<(u128, u32)>,
    used: usize,
    /// Drawn once a table, so that nobody can choose texts that collide.
    seed: u64,
}

impl ShortTexts {
    /// The value of `packed`.
    #[inline]
    pub(super) fn get(&self, packed: u128) -> Option<u32> {
        let mask = self.places.len().wrapping_sub(1);
        let mut at = self.hash(packed);
        loop {
            // `get` on an empty table ends at once; on others a free place is always reached.
            let &(found, value) = self.places.get(at & mask)?;
            if found == packed {
                return Some(value);
            }
            if found == 0 {
                return None;
            }
            at += 1;
        }
    }

    /// Give `packed`, which has none, the value `value`.
    pub(super) fn insert(&mut self, packed: u128, value: u32) {
        if self.places.is_empty() {
            self.seed = std::hash::RandomState::new().hash_one(0) | 1;
        }
        if 2 * (self.used + 1) > self.places.len() {
            let room = (2 * self.places.len()).max(32);
            let old = std::mem::replace(&mut self.places, vec![(0, 0); room]);
            for (packed, value) in old.into_iter().filter(|place| place.0 != 0) {
                self.place(packed, value);
            }
        }
        self.used += 1;
        self.place(packed, value);
    }

    fn place(&mut self, packed: u128, value: u32) {
        let mask = self.places.len() - 1;
        let mut at = self.hash(packed) & mask;
        while self.places[at].0 != 0 {
            at = (at + 1) & mask;
        }
        self.places[at] = (packed, value);
    }

    /// Two folded products, keyed by the seed; any bits of the result will do.
    #[inline]
    fn hash(&self, packed: u128) -> usize {
        let fold = |a: u64, b: u64| {
            let product = u128::from(a) * u128::from(b);
            product as u64 ^ (product >> 64) as u64
        };
        let low = packed as u64 ^ self.seed;
        let high = (packed >> 64) as u64 ^ 0x9e37_79b9_7f4a_7c15;
        fold(fold(low, high) ^ self.seed, 0xd6e8_feb8_6659_fd93) as usize >> 8
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    proptest! {
        #[test]
        fn it_remembers_what_a_map_remembers(texts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..18), 0..200)) {
            let (mut ours, mut map) = (ShortTexts::default(), HashMap::new());
            for text in &texts {
                let Some(packed) = pack(text) else {
                    prop_assert!(text.is_empty() || text.len() > 15);
                    continue;
                };
                prop_assert_eq!(ours.get(packed), map.get(text).copied());
                let next = map.len() as u32;
                map.entry(text.clone()).or_insert_with(|| {
                    ours.insert(packed, next);
                    next
                });
            }
            for (text, value) in &map {
                prop_assert_eq!(pack(text).and_then(|packed| ours.get(packed)), Some(*value));
            }
        }
    }
}
