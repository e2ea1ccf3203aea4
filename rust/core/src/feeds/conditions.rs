//! Sale conditions of the US tapes: what a trade with a condition may update.
//!
//! The rules are those of the two processors for *consolidated* data: tapes A and B, CTA's CTS Pillar output specification
//! ("Sale Condition" and its notes); tape C, the UTP plan's data feed specification ("UTP Sale Condition Matrix"). A trade with
//! several conditions may update only what all of them allow. Where a specification lets a trade set the last price on a
//! condition that one trade cannot show (as the day's first or only eligible one, or after a trade of the same market), the
//! trade does not set it here; where it leaves a code open, or does not know it, the trade counts in volume alone.
//! `docs/quality.md` holds the table, and a test compares it with [`trade_flags`].

use crate::event::{FLAG_EXTENDED, FLAG_NO_HIGH_LOW, FLAG_NO_LAST, FLAG_NO_VOLUME, unpack_conditions};

/// Counts in volume alone.
const VOLUME_ONLY: u32 = FLAG_NO_LAST | FLAG_NO_HIGH_LOW;
/// Changes nothing.
const NOTHING: u32 = VOLUME_ONLY | FLAG_NO_VOLUME;

/// Which processor's rules hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plan {
    /// Tapes A and B.
    Cta,
    /// Tape C.
    Utp,
}

/// Flags of one condition under one plan.
const fn rule(code: u8, plan: Plan) -> u32 {
    let utp = matches!(plan, Plan::Utp);
    match code {
        // No condition: CTS writes a space, UTDF an @, and history has both.
        0 | b' ' | b'@' => 0,
        // Intermarket sweep, rule 127 or 155, opening, cross, reopening and closing prints.
        b'F' | b'K' | b'O' | b'X' | b'5' | b'6' => 0,
        // Cash, price variation, odd lot, next day, seller, contingent, qualified contingent.
        b'C' | b'H' | b'I' | b'N' | b'R' | b'V' | b'7' => VOLUME_ONLY,
        // A market centre's official close and open repeat prices and sizes that were printed before.
        b'M' | b'Q' => NOTHING,
        // Extended hours, in and out of sequence.
        b'T' | b'U' => VOLUME_ONLY | FLAG_EXTENDED,
        // Last only as the first or only eligible trade of the day: prior reference price, out of sequence, derivatively priced.
        b'P' | b'Z' | b'4' => FLAG_NO_LAST,
        // Corrected consolidated close: a price for the record, without volume.
        b'9' => FLAG_NO_VOLUME,
        // Sold last: UTP lets it set the last price until 16:00:10; CTA only after a trade of the same market or on the listing one.
        b'L' if utp => 0,
        b'L' => FLAG_NO_LAST,
        // The letters that mean different things.
        b'B' if utp => 0,
        b'B' => VOLUME_ONLY,
        b'E' if utp => VOLUME_ONLY,
        b'E' => 0,
        // Acquisition, distribution, split, yellow flag, stopped stock: tape C alone.
        b'A' | b'D' | b'S' | b'Y' | b'1' if utp => 0,
        // Bunched sold; stopped stock sold last and out of sequence, gone since 2015: reported late.
        b'G' | b'2' | b'3' if utp => FLAG_NO_LAST,
        // Average price on tape C; 8 is a placeholder on both; all else is unknown.
        _ => VOLUME_ONLY,
    }
}

/// `FLAG_NO_LAST`, `FLAG_NO_HIGH_LOW`, `FLAG_NO_VOLUME` and `FLAG_EXTENDED` for a trade with `conditions`, packed by
/// [`crate::event::pack_conditions`], on `tape` `A`, `B` or `C`; for any other tape what either plan forbids is forbidden, but
/// for codes that only one plan knows.
#[inline]
pub fn trade_flags(conditions: u32, tape: u8) -> u32 {
    unpack_conditions(conditions).fold(0, |flags, code| flags | code_flags(code, tape))
}

/// The flags of one condition.
pub(super) const fn code_flags(code: u8, tape: u8) -> u32 {
    match tape {
        b'A' | b'B' => rule(code, Plan::Cta),
        b'C' => rule(code, Plan::Utp),
        _ => match code {
            b'A' | b'D' | b'G' | b'S' | b'W' | b'Y' | b'1' | b'2' | b'3' => rule(code, Plan::Utp),
            b'E' => rule(code, Plan::Cta),
            _ => rule(code, Plan::Cta) | rule(code, Plan::Utp),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::pack_conditions;

    fn flags(codes: &str, tape: u8) -> u32 {
        trade_flags(pack_conditions(codes.bytes()), tape)
    }

    /// The rows of the table in the documentation: code, then `last high/low volume` for CTA and UTP; `–` where unknown.
    #[test]
    fn the_documented_table_is_the_function() {
        let text = include_str!("../../../../docs/quality.md");
        let rows: Vec<Vec<&str>> = text
            .lines()
            .skip_while(|line| !line.starts_with("| code |"))
            .skip(2)
            .take_while(|line| line.starts_with('|'))
            .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
            .collect();
        assert_eq!(rows.len(), 35, "every letter and digit but J, and @");
        for row in rows {
            let code = row[0].trim_matches('`').bytes().next().unwrap();
            for (tape, cell) in [(b'A', row[2]), (b'B', row[2]), (b'C', row[3])] {
                let mut wanted = NOTHING;
                for word in cell.split(", ") {
                    wanted &= match word {
                        "last" => !FLAG_NO_LAST,
                        "high/low" => !FLAG_NO_HIGH_LOW,
                        "volume" | "unknown: volume" => !FLAG_NO_VOLUME,
                        "nothing" => !0,
                        other => panic!("{other:?} in row {row:?}"),
                    };
                }
                let got = trade_flags(u32::from(code), tape);
                assert_eq!(got & NOTHING, wanted, "{} on tape {}", code as char, tape as char);
                assert_eq!(got & FLAG_EXTENDED != 0, matches!(code, b'T' | b'U'), "{}", code as char);
            }
        }
    }

    #[test]
    fn a_trade_may_update_only_what_all_its_conditions_allow() {
        assert_eq!(flags("", b'A'), 0);
        assert_eq!(flags("@F", b'C'), 0);
        assert_eq!(flags("@FI", b'C'), VOLUME_ONLY);
        assert_eq!(flags("@TI", b'C'), VOLUME_ONLY | FLAG_EXTENDED);
        assert_eq!(flags("Z9", b'A'), FLAG_NO_LAST | FLAG_NO_VOLUME);
    }

    #[test]
    fn one_letter_means_different_things_on_the_two_plans() {
        assert_eq!([b'A', b'B', b'C'].map(|tape| flags("B", tape)), [VOLUME_ONLY, VOLUME_ONLY, 0]);
        assert_eq!([b'A', b'C'].map(|tape| flags("L", tape)), [FLAG_NO_LAST, 0]);
        assert_eq!([b'A', b'C'].map(|tape| flags("W", tape)), [VOLUME_ONLY; 2]);
        assert_eq!(flags("B", 0), VOLUME_ONLY, "the stricter where the tape is not known");
        assert_eq!(flags("E", 0), 0);
        assert_eq!(flags("G", 0), FLAG_NO_LAST);
    }
}
