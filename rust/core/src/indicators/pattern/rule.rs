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
    /// Where the pattern is rare.
    pub(super) sift: Option<Sift>,
}

/// What each candle of a block completes. It is compiled for wide registers, once; where the machine may lack AVX2, it is to be called
/// only when it does not. Elsewhere the rows are judged one by one, by `find_last`.
pub(super) type FindAll = unsafe fn(&Block<'_>, f64, &mut [f64; ROWS]);

/// Whether a candle of a block may complete the pattern, its averages not looked at; to be called as [`FindAll`] is.
pub(super) type Sift = unsafe fn(&Block<'_>, f64) -> bool;

/// The rule that `$find`, generic over the candle, is seen by; `rare` where blocks are worth sifting for those without the pattern
/// before averages are worked out.
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
        // SAFETY: `judge_wide` is safe but for its need of AVX2 on a machine of this kind, and that has just been asked.
        unsafe { self.judge_wide(columns, penetration, scratch, out) }
    }

    /// As [`Self::judge`]; to be called as [`FindAll`] is.
    #[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2"))]
    unsafe fn judge_wide(&self, columns: [&Column; 4], penetration: f64, scratch: &mut Scratch, out: &mut [f64; ROWS]) {
        scratch.soundness.look(columns);
        if let Some(sift) = self.sift {
            // SAFETY: it needs what this function needs.
            if unsafe { !sift(&Block::new(columns, scratch), penetration) } {
                *out = [0.0; ROWS];
                return scratch.skip();
            }
        }
        scratch.take(columns, self.needs);
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
