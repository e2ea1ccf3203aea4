//! How a pattern is seen: row by row, or a block of rows at once.
#![allow(unsafe_code)] // three calls, with their proofs

use super::block::{Block, Column, Needs, ROWS, Scratch};
use super::candle::Last;

/// A pattern: what its averages are and how it is seen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    /// Rows before the first that can be judged.
    pub(super) lookback: usize,
    pub(super) needs: Needs,
    /// What the last candle completes; the number is the penetration where the pattern has one.
    pub(super) find_last: fn(&Last<'_>, f64) -> f64,
    /// What each candle of a block completes.
    pub(super) find_all: FindAll,
    /// Whether a block may hold the pattern, where that is rare.
    pub(super) sift: Option<Sift>,
}

/// A loop over the rows of a block, compiled once: for AVX2 where the machine may have it. A function that is safe but for that, so that
/// it may be called on every machine but one of that kind without AVX2; there the rows are judged one by one, by `find_last`.
pub(super) type FindAll = unsafe fn(&Block<'_>, f64, &mut [f64; ROWS]);

/// As [`FindAll`], without looking at averages.
pub(super) type Sift = unsafe fn(&Block<'_>, f64) -> bool;

/// The rule that `$find`, generic over the candle, is seen by, or one whose rows of a block are judged otherwise; `rare` where it pays to
/// sift blocks before their averages are worked out.
macro_rules! rule {
    ($lookback:literal, $settings:tt, $find:ident) => {
        $crate::indicators::pattern::rule::rule!(
            $lookback,
            $settings,
            |last, penetration| $find(last, penetration),
            |block, penetration, out| for (row, y) in out.iter_mut().enumerate() {
                *y = $find(&block.candle(row), penetration);
            }
        )
    };
    ($lookback:literal, [$($setting:expr),*], $find_last:expr, |$block:tt, $penetration:tt, $out:tt| $find_all:expr) => {
        $crate::indicators::pattern::rule::Rule {
            lookback: $lookback,
            needs: $crate::indicators::pattern::block::Needs::of(&[$($setting),*]),
            find_last: $find_last,
            find_all: {
                #[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2"))]
                fn find_all(
                    $block: &$crate::indicators::pattern::block::Block<'_>,
                    $penetration: f64,
                    $out: &mut [f64; $crate::indicators::pattern::block::ROWS],
                ) {
                    $find_all
                }
                find_all
            },
            sift: None,
        }
    };
    (rare $lookback:literal, $settings:tt, $find:ident) => {
        $crate::indicators::pattern::rule::Rule {
            sift: {
                #[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2"))]
                fn sift(block: &$crate::indicators::pattern::block::Block<'_>, penetration: f64) -> bool {
                    let mut some = 0;
                    for row in 0..$crate::indicators::pattern::block::ROWS {
                        some |= u64::from($find(&block.outline(row), penetration) != 0.0);
                    }
                    some != 0
                }
                Some(sift)
            },
            ..$crate::indicators::pattern::rule::rule!($lookback, $settings, $find)
        }
    };
}
pub(super) use rule;

impl Rule {
    /// What each candle of a block completes.
    pub(super) fn judge(&self, columns: [&Column; 4], penetration: f64, scratch: &mut Scratch, out: &mut [f64; ROWS]) {
        #[cfg(target_arch = "x86_64")]
        if !std::arch::is_x86_feature_detected!("avx2") {
            scratch.soundness.look(columns);
            return self.judge_one_by_one(columns, penetration, out);
        }
        // SAFETY: it needs AVX2 on a machine of the kind that may lack it, and that has just been asked.
        unsafe { self.judge_block(columns, penetration, scratch, out) }
    }

    /// As [`Self::judge`]; to be called where a [`FindAll`] may be.
    #[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2"))]
    unsafe fn judge_block(&self, columns: [&Column; 4], penetration: f64, scratch: &mut Scratch, out: &mut [f64; ROWS]) {
        scratch.soundness.look(columns);
        if let Some(sift) = self.sift {
            // SAFETY: it needs what this function needs.
            let may_be_there = unsafe { sift(&Block::new(columns, scratch), penetration) };
            if !may_be_there {
                *out = [0.0; ROWS];
                return scratch.skip();
            }
        }
        scratch.take(columns, self.needs);
        // SAFETY: it needs what this function needs.
        unsafe { (self.find_all)(&Block::new(columns, scratch), penetration, out) };
    }

    #[cfg(any(target_arch = "x86_64", test))]
    fn judge_one_by_one(&self, columns: [&Column; 4], penetration: f64, out: &mut [f64; ROWS]) {
        let [open, high, low, close] = columns.map(|c| c[1..].windows(super::candle::HISTORY));
        for ((((y, open), high), low), close) in out.iter_mut().zip(open).zip(high).zip(low).zip(close) {
            if let (Ok(open), Ok(high), Ok(low), Ok(close)) = (open.try_into(), high.try_into(), low.try_into(), close.try_into()) {
                *y = (self.find_last)(&Last([open, high, low, close]), penetration);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{five, hikkake, one, three, two};
    use super::*;
    use crate::indicators::pattern::block::WIDTH;

    /// Bars on a coarse grid, so that patterns are common.
    fn bars(seed: u64) -> [Column; 4] {
        let mut state = seed;
        let mut below = |n: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % n
        };
        let mut columns = [[0.0; WIDTH]; 4];
        let mut last = 1000;
        for row in 0..WIDTH {
            let open = last + below(17) - 8;
            let length = 1 + below(4);
            let close = open + length * below(9) - length * 4;
            let (high, low) = (open.max(close) + below(4) / 2, open.min(close) - below(4) / 2);
            for (column, price) in columns.iter_mut().zip([open, high, low, close]) {
                column[row] = price as f64 / 4.0;
            }
            last = close;
        }
        columns
    }

    /// What is found in one block, after a check that its rows one by one give the same.
    fn found(rule: &Rule, seed: u64) -> usize {
        let columns = bars(seed);
        let (mut block, mut rows) = ([f64::NAN; ROWS], [f64::NAN; ROWS]);
        rule.judge(columns.each_ref(), 0.3, &mut Scratch::new(), &mut block);
        rule.judge_one_by_one(columns.each_ref(), 0.3, &mut rows);
        assert_eq!(block.map(f64::to_bits), rows.map(f64::to_bits), "{rule:?}, seed {seed}");
        rows.iter().filter(|&&x| x != 0.0).count()
    }

    /// Small enough for Miri, and it goes through every unsafe call: sifted out, sifted and looked into, never sifted.
    #[test]
    fn with_and_without_its_pattern_a_block_is_judged_as_its_rows() {
        assert_eq!(found(&two::CDLKICKING, 0), 0);
        assert_eq!(found(&two::CDLKICKING, 16), 1);
        assert!(found(&two::CDLHARAMI, 0) > 0);
    }

    #[test]
    #[cfg_attr(miri, ignore = "thousands of blocks; the test above goes through every unsafe call")]
    fn a_block_is_judged_as_its_rows_one_by_one() {
        let of_averages = [one::CDLRICKSHAWMAN, two::CDLHARAMI, three::CDLADVANCEBLOCK, five::CDL3LINESTRIKE];
        let sifted = [two::CDLKICKING, three::CDLABANDONEDBABY];
        for rule in [of_averages.as_slice(), &sifted, &[hikkake::CDLHIKKAKE, hikkake::CDLHIKKAKEMOD]].concat() {
            let all: usize = (0..2000).map(|seed| found(&rule, seed)).sum();
            assert!(all > 0, "no pattern of {rule:?}");
        }
    }
}
