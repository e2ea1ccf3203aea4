//! Sale conditions as Lean's tick files write them: one bit a condition, in hexadecimal.
//!
//! The bits are those of Lean's `TradeConditionFlags`; what each may update is the tapes' table, [`crate::feeds::conditions`].

use super::SaleConditions;
use crate::event::{FLAG_EXTENDED, FLAG_NO_HIGH_LOW, FLAG_NO_LAST, FLAG_NO_VOLUME};
use crate::feeds::conditions::code_flags;

const SELLER: u64 = 1 << 3;
const INTERMARKET_SWEEP: u64 = 1 << 5;
const DERIVATIVELY_PRICED: u64 = 1 << 9;
const EXTENDED_HOURS: u64 = 1 << 13;
const AVERAGE_PRICE: u64 = 1 << 20;

/// Lean's bits that keep a trade from updating something, with the tapes' letters for them. The tapes also exclude Form T
/// (extended hours, bit 13); those trades are told apart by `FLAG_EXTENDED` instead, so that a last price exists before the open
/// and after the close.
const LETTERS: [(u32, u8); 13] = [
    (1, b'C'),
    (2, b'N'),
    (3, b'R'),
    (9, b'4'),
    (11, b'L'),
    (14, b'Z'),
    (18, b'V'),
    (20, b'B'),
    (22, b'H'),
    (24, b'M'),
    (25, b'P'),
    (26, b'Q'),
    (31, b'I'),
];

/// Lean's files do not name the tape; those of NYSE's and NASDAQ's stocks write average prices, all that differs here, by one bit.
const fn mask(flag: u32) -> u64 {
    let (mut bits, mut i) = (0, 0);
    while i < LETTERS.len() {
        if code_flags(LETTERS[i].1, b'A') & flag != 0 {
            bits |= 1 << LETTERS[i].0;
        }
        i += 1;
    }
    bits
}

/// Conditions that do not update the consolidated last.
const NO_LAST: u64 = mask(FLAG_NO_LAST);
/// Conditions that do not update the consolidated high and low.
const NO_HIGH_LOW: u64 = mask(FLAG_NO_HIGH_LOW);
/// Market centres' official open and close repeat a size that was already printed; every other condition counts in volume.
const NO_VOLUME: u64 = mask(FLAG_NO_VOLUME);
const _: () = assert!(mask(FLAG_EXTENDED) == 0);

/// What does not move the prices of Lean's own bars, unless the trade is marked as of extended hours. No document says so: the set
/// was fitted to SPY and IBM of 2013-10-07, where 16,672 of SPY's 16,675 second bars then agree; no other day has been tried.
const NO_LAST_OF_LEAN: u64 = SELLER | INTERMARKET_SWEEP | DERIVATIVELY_PRICED | AVERAGE_PRICE;

/// `FLAG_NO_LAST`, `FLAG_NO_HIGH_LOW` and `FLAG_NO_VOLUME` for a trade with `conditions`, by `rule`.
#[inline]
pub(super) const fn flags(conditions: u64, rule: SaleConditions) -> u32 {
    let (no_last, no_high_low) = match rule {
        SaleConditions::Tape => (conditions & NO_LAST != 0, conditions & NO_HIGH_LOW != 0),
        SaleConditions::Lean => {
            let out = conditions & NO_VOLUME != 0 || (conditions & NO_LAST_OF_LEAN != 0 && conditions & EXTENDED_HOURS == 0);
            (out, out)
        }
    };
    let mut flags = 0;
    if no_last {
        flags |= FLAG_NO_LAST;
    }
    if no_high_low {
        flags |= FLAG_NO_HIGH_LOW;
    }
    if conditions & NO_VOLUME != 0 {
        flags |= FLAG_NO_VOLUME;
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lean_leaves_sweeps_out_of_prices_inside_the_session_alone() {
        let of_lean = |conditions| flags(conditions, SaleConditions::Lean);
        assert_eq!([0x1, 0x2000_2020, 0x10_2000, 0x40, 0x80, 0x4800].map(of_lean), [0; 6]);
        assert_eq!([0x20, 0x2000_0020, 0x2010_0000, 0x2000_0200, 0x2000_0008].map(of_lean), [FLAG_NO_LAST | FLAG_NO_HIGH_LOW; 5]);
        let nothing = FLAG_NO_LAST | FLAG_NO_HIGH_LOW | FLAG_NO_VOLUME;
        assert_eq!([0x100_0000, 0x400_0000].map(of_lean), [nothing; 2]);
    }

    #[test]
    fn conditions_of_a_real_day_get_the_flags_of_the_tapes() {
        let flags = |conditions| flags(conditions, SaleConditions::Tape);
        // Regular; intermarket sweep, with and without trade-through exemption; extended; opening and closing prints.
        for plain in [0x1, 0x20, 0x2000_0020, 0x2000, 0x40, 0x80] {
            assert_eq!(flags(plain), 0, "{plain:x}");
        }
        // Derivatively priced; sold out of sequence.
        for no_last in [0x2000_0200, 0x4800] {
            assert_eq!(flags(no_last), FLAG_NO_LAST, "{no_last:x}");
        }
        // Average price, derivatively so, in extended hours; next day; cash; odd lot.
        for volume_only in [0x2010_0000, 0x2010_0200, 0x10_2000, 0x2000_0004, 0x2000_0002, 0x8000_0000] {
            assert_eq!(flags(volume_only), FLAG_NO_LAST | FLAG_NO_HIGH_LOW, "{volume_only:x}");
        }
        for official in [0x100_0000, 0x400_0000] {
            assert_eq!(flags(official), FLAG_NO_LAST | FLAG_NO_HIGH_LOW | FLAG_NO_VOLUME, "{official:x}");
        }
    }
}
