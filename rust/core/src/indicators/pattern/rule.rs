//! How a pattern is seen: row by row, or a block of rows at once.
#![allow(unsafe_code)] // one call, with its proof

use super::block::{Block, Column, Needs, ROWS, Scratch};
use super::candle::{HISTORY, Last};

/// A pattern: what its averages are and how it is seen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    /// Rows before the first that can be judged.
    pub(super) lookback: usize,
    pub(super) needs: Needs,
    /// What the last candle completes; the number is the penetration where the pattern has one.
    pub(super) find_last: fn(&Last<'_>, f64) -> f64,
    pub(super) find_all: FindAll,
}

/// What each candle of a block completes. To be called on a machine with AVX2 only where there may be one without: it is compiled
/// once for all rows of a block, for wide registers; elsewhere the rows are judged one by one, by `find_last`.
type FindAll = unsafe fn(&Block<'_>, f64, &mut [f64; ROWS]);

/// The rule that `$find`, generic over the candle, is seen by.
macro_rules! rule {
    ($lookback:literal, [$($setting:expr),*], $find:ident) => {
        $crate::indicators::pattern::rule::Rule {
            lookback: $lookback,
            needs: $crate::indicators::pattern::block::Needs::of(&[$($setting),*]),
            find_last: |last, penetration| $find(last, penetration),
            find_all: {
                #[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2"))]
                fn find_all(
                    &block: &$crate::indicators::pattern::block::Block<'_>,
                    penetration: f64,
                    out: &mut [f64; $crate::indicators::pattern::block::ROWS],
                ) {
                    for (row, y) in out.iter_mut().enumerate() {
                        *y = $find(&block.candle(row), penetration);
                    }
                }
                find_all
            },
        }
    };
}
pub(super) use rule;

impl Rule {
    /// What each candle of a block completes. `FIRST` is for the first block of a run, which no other before it has left averages for.
    pub(super) fn judge<const FIRST: bool>(
        &self,
        columns: [&Column; 4],
        penetration: f64,
        scratch: &mut Scratch,
        out: &mut [f64; ROWS],
    ) {
        #[cfg(target_arch = "x86_64")]
        if !std::arch::is_x86_feature_detected!("avx2") {
            scratch.soundness.look(columns);
            return self.judge_one_by_one(columns, penetration, out);
        }
        // SAFETY: `judge_wide` is safe but for its need of AVX2 on a machine of this kind, and that has just been asked.
        unsafe { self.judge_wide::<FIRST>(columns, penetration, scratch, out) }
    }

    /// As [`Self::judge`]; to be called as [`FindAll`] is.
    #[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2"))]
    unsafe fn judge_wide<const FIRST: bool>(
        &self,
        columns: [&Column; 4],
        penetration: f64,
        scratch: &mut Scratch,
        out: &mut [f64; ROWS],
    ) {
        scratch.soundness.look(columns);
        if FIRST {
            scratch.start(columns, self.needs);
        } else {
            scratch.go_on(columns, self.needs);
        }
        // SAFETY: it needs what this function needs.
        unsafe { (self.find_all)(&Block::new(columns, scratch), penetration, out) };
    }

    fn judge_one_by_one(&self, columns: [&Column; 4], penetration: f64, out: &mut [f64; ROWS]) {
        let [open, high, low, close] = columns.map(|c| c[1..].windows(HISTORY));
        for ((((y, open), high), low), close) in out.iter_mut().zip(open).zip(high).zip(low).zip(close) {
            if let (Ok(open), Ok(high), Ok(low), Ok(close)) = (open.try_into(), high.try_into(), low.try_into(), close.try_into()) {
                *y = (self.find_last)(&Last([open, high, low, close]), penetration);
            }
        }
    }
}
