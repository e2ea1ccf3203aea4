//! [`Ladder`]: one side of a book with the text of its numbers, for the exchange's checksum.

use crate::feeds::json::Decimal;
use crate::types::FRACTION_DIGITS;

/// Levels of a side that the checksum covers.
const CHECKED: usize = 10;

#[derive(Clone, Copy, Debug)]
struct Rung {
    /// Grows towards the best price: the price of bids, its negative of asks.
    rank: i64,
    price: Decimal,
    size: Decimal,
}

/// Levels from the worst to the best, so that changes near the best move little.
#[derive(Debug, Default)]
pub(super) struct Ladder {
    rungs: Vec<Rung>,
    /// What the checksum reads of this side, where `fresh`.
    text: Vec<u8>,
    fresh: bool,
}

impl Ladder {
    pub(super) fn clear(&mut self) {
        self.rungs.clear();
        self.fresh = false;
    }

    /// Set the size of a level; zero takes it away.
    pub(super) fn set(&mut self, rank: i64, price: Decimal, size: Decimal) {
        let at = self.rungs.partition_point(|rung| rung.rank < rank);
        self.fresh &= self.rungs.len() - at > CHECKED;
        let there = self.rungs.get(at).is_some_and(|rung| rung.rank == rank);
        match (there, size.raw == 0) {
            (true, true) => {
                self.rungs.remove(at);
            }
            (true, false) => self.rungs[at] = Rung { rank, price, size },
            (false, true) => {}
            (false, false) => self.rungs.insert(at, Rung { rank, price, size }),
        }
    }

    /// Take away all but the best `depth` levels; `each` is given their prices.
    pub(super) fn cut(&mut self, depth: usize, mut each: impl FnMut(i64)) {
        let beyond = self.rungs.len().saturating_sub(depth);
        if beyond > 0 {
            for rung in self.rungs.drain(..beyond) {
                each(rung.price.raw);
            }
            self.fresh &= depth >= CHECKED;
        }
    }

    /// Price and size of the best levels, best first, without point and leading zeros.
    fn text(&mut self) -> &[u8] {
        if !self.fresh {
            self.text.clear();
            for rung in self.rungs.iter().rev().take(CHECKED) {
                digits(rung.price, &mut self.text);
                digits(rung.size, &mut self.text);
            }
            self.fresh = true;
        }
        &self.text
    }
}

/// The digits of a decimal as it was written.
fn digits(value: Decimal, text: &mut Vec<u8>) {
    let places = usize::from(value.places);
    let mut rest = value.raw.unsigned_abs() / 10_u64.pow(FRACTION_DIGITS.saturating_sub(places) as u32);
    let mut buffer = [0_u8; 20];
    let mut at = buffer.len();
    while rest > 0 {
        at -= 1;
        buffer[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    text.extend_from_slice(&buffer[at..]);
    // Digits after the ninth decimal are zeros, or the number would have been refused.
    text.extend(std::iter::repeat_n(b'0', if value.raw == 0 { 0 } else { places.saturating_sub(FRACTION_DIGITS) }));
}

/// Kraken's CRC-32 of the ten best asks, then bids.
pub(super) fn checksum(asks: &mut Ladder, bids: &mut Ladder) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(asks.text());
    hasher.update(bids.text());
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The worked example of Kraken's page "Calculate book checksum".
    #[test]
    fn the_exchanges_own_example_has_its_checksum() {
        let text = |price: &str, size: &str| {
            let mut out = Vec::new();
            for value in [price, size] {
                digits(crate::feeds::json::decimal(value.as_bytes()).unwrap(), &mut out);
            }
            String::from_utf8(out).unwrap()
        };
        assert_eq!(text("0.05005", "0.00000500"), "5005500");
        assert_eq!(text("0.050000000000", "100"), "50000000000100");
    }

    #[test]
    fn only_the_best_levels_count() {
        let decimal = |raw: i64| Decimal { raw: raw * 1_000_000_000, places: 0 };
        let mut asks = Ladder::default();
        let mut bids = Ladder::default();
        for price in 1..=20 {
            asks.set(-price, decimal(price), decimal(1));
            bids.set(price, decimal(price), decimal(1));
        }
        assert_eq!(asks.text(), b"112131415161718191101");
        let before = checksum(&mut asks, &mut bids);
        asks.set(-15, decimal(15), decimal(7));
        assert!(asks.fresh);
        assert_eq!(checksum(&mut asks, &mut bids), before);
        asks.set(-10, decimal(10), decimal(0));
        assert_ne!(checksum(&mut asks, &mut bids), before);
        let mut gone = Vec::new();
        asks.cut(5, |price| gone.push(price / 1_000_000_000));
        assert_eq!(gone, [20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 9, 8, 7, 6]);
        assert_eq!(asks.text(), b"1121314151");
    }
}
