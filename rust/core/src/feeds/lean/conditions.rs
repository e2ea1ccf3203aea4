//! Sale conditions as Lean's tick files write them: one bit a condition, in hexadecimal.
//!
//! The bits are those of Lean's `TradeConditionFlags`. What a condition may update follows the sale condition tables of the
//! consolidated tapes (CTA's CTS and UTP's UTDF participant specifications): consolidated last, and consolidated volume.

use super::SaleConditions;
use crate::event::{FLAG_NO_LAST, FLAG_NO_VOLUME};

const CASH: u64 = 1 << 1;
const NEXT_DAY: u64 = 1 << 2;
const SELLER: u64 = 1 << 3;
const INTERMARKET_SWEEP: u64 = 1 << 5;
const DERIVATIVELY_PRICED: u64 = 1 << 9;
const SOLD_LAST: u64 = 1 << 11;
const EXTENDED_HOURS: u64 = 1 << 13;
const OUT_OF_SEQUENCE: u64 = 1 << 14;
const STOCK_OPTION: u64 = 1 << 18;
const AVERAGE_PRICE: u64 = 1 << 20;
const PRICE_VARIATION: u64 = 1 << 22;
const OFFICIAL_CLOSE: u64 = 1 << 24;
const PRIOR_REFERENCE_PRICE: u64 = 1 << 25;
const OFFICIAL_OPEN: u64 = 1 << 26;
const ODD_LOT: u64 = 1 << 31;

/// Conditions that do not update the consolidated last. Derivatively priced, sold last, out of sequence and prior reference
/// price may do so as a day's first trade only, so they never do here. The tapes also exclude Form T (extended hours); those
/// trades are told apart by `FLAG_EXTENDED` instead, so that a last price exists before the open and after the close.
const NO_LAST: u64 = CASH
    | NEXT_DAY
    | SELLER
    | DERIVATIVELY_PRICED
    | SOLD_LAST
    | OUT_OF_SEQUENCE
    | STOCK_OPTION
    | AVERAGE_PRICE
    | PRICE_VARIATION
    | OFFICIAL_CLOSE
    | PRIOR_REFERENCE_PRICE
    | OFFICIAL_OPEN
    | ODD_LOT;

/// Market centres' official open and close repeat a size that was already printed; every other condition counts in volume.
const NO_VOLUME: u64 = OFFICIAL_CLOSE | OFFICIAL_OPEN;

/// What does not move the prices of Lean's own bars, unless the trade is marked as of extended hours. No document says so: the set
/// was fitted to SPY and IBM of 2013-10-07, where 16,672 of SPY's 16,675 second bars then agree; no other day has been tried.
const NO_LAST_OF_LEAN: u64 = SELLER | INTERMARKET_SWEEP | DERIVATIVELY_PRICED | AVERAGE_PRICE;

/// `FLAG_NO_LAST` and `FLAG_NO_VOLUME` for a trade with `conditions`, by `rule`.
#[inline]
pub(super) const fn flags(conditions: u64, rule: SaleConditions) -> u32 {
    let no_last = match rule {
        SaleConditions::Tape => conditions & NO_LAST != 0,
        SaleConditions::Lean => conditions & NO_VOLUME != 0 || (conditions & NO_LAST_OF_LEAN != 0 && conditions & EXTENDED_HOURS == 0),
    };
    let mut flags = 0;
    if no_last {
        flags |= FLAG_NO_LAST;
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
        assert_eq!([0x20, 0x2000_0020, 0x2010_0000, 0x2000_0200, 0x2000_0008].map(of_lean), [FLAG_NO_LAST; 5]);
        assert_eq!([0x100_0000, 0x400_0000].map(of_lean), [FLAG_NO_LAST | FLAG_NO_VOLUME; 2]);
    }

    #[test]
    fn conditions_of_a_real_day_get_the_flags_of_the_tapes() {
        let flags = |conditions| flags(conditions, SaleConditions::Tape);
        // Regular; intermarket sweep, with and without trade-through exemption; extended; opening and closing prints.
        for plain in [0x1, 0x20, 0x2000_0020, 0x2000, 0x40, 0x80] {
            assert_eq!(flags(plain), 0, "{plain:x}");
        }
        // Average price; derivatively priced; sold out of sequence; average price in extended hours; next day; cash.
        for no_last in [0x2010_0000, 0x2010_0200, 0x4800, 0x10_2000, 0x2000_0004, 0x2000_0002] {
            assert_eq!(flags(no_last), FLAG_NO_LAST, "{no_last:x}");
        }
        for official in [0x100_0000, 0x400_0000] {
            assert_eq!(flags(official), FLAG_NO_LAST | FLAG_NO_VOLUME, "{official:x}");
        }
    }
}
