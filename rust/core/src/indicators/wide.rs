//! Wider registers where the machine has them: the same operations, four at a time.
//!
//! Rust never joins a multiplication and an addition into one rounding, so that what is compiled for wider registers gives the
//! same bits as what is not; the tests hold both against each other.
#![allow(unsafe_code)] // two calls, with their proof

/// Run `work`, compiled for AVX2 where the machine has it. It pays only where all of `work` is inlined: mark a
/// closure of more than a line `#[inline(always)]`, or it stays a function of its own, compiled for narrow registers.
#[inline]
pub(super) fn wide<T>(work: impl FnOnce() -> T) -> T {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: `avx2` may be called on a machine with AVX2, and that has just been asked.
        return unsafe { x86::avx2(work) };
    }
    work()
}

/// Values in a group: four blocks of eight.
pub(super) const GROUP: usize = 32;

/// What one series of [`smooth_groups`] reads and writes.
#[derive(Debug)]
pub(super) struct Chain<'a> {
    /// Weight of the average before.
    pub(super) keep: f64,
    /// Weight of the newest value.
    pub(super) take: f64,
    /// `keep` to the powers from 1 to 8.
    pub(super) powers: [f64; 8],
    /// The average before the groups, and then after them.
    pub(super) value: f64,
    /// Values.
    pub(super) xs: &'a [[f64; GROUP]],
    /// Averages, as many.
    pub(super) out: &'a mut [[f64; GROUP]],
}

/// Smooth whole groups of each chain, the chains side by side; false, and nothing done, on a machine without AVX2.
pub(super) fn smooth_groups<const L: usize>(chains: [&mut Chain<'_>; L]) -> bool {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: `smooth` may be called on a machine with AVX2, and that has just been asked.
        unsafe { x86::smooth(chains) };
        return true;
    }
    let _ = chains;
    false
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Chain, GROUP};
    use std::arch::x86_64::{
        __m256d, _mm256_add_pd, _mm256_mul_pd, _mm256_permute2f128_pd, _mm256_set1_pd, _mm256_setzero_pd, _mm256_sub_pd,
        _mm256_unpackhi_pd, _mm256_unpacklo_pd,
    };

    #[target_feature(enable = "avx2")]
    pub(super) fn avx2<T>(work: impl FnOnce() -> T) -> T {
        work()
    }

    #[inline]
    fn four(x: [f64; 4]) -> __m256d {
        bytemuck::cast(x)
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn transpose([a, b, c, d]: [__m256d; 4]) -> [__m256d; 4] {
        let (ab_low, ab_high) = (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
        let (cd_low, cd_high) = (_mm256_unpacklo_pd(c, d), _mm256_unpackhi_pd(c, d));
        [
            _mm256_permute2f128_pd::<0x20>(ab_low, cd_low),
            _mm256_permute2f128_pd::<0x20>(ab_high, cd_high),
            _mm256_permute2f128_pd::<0x31>(ab_low, cd_low),
            _mm256_permute2f128_pd::<0x31>(ab_high, cd_high),
        ]
    }

    /// The half from `start` of each of four blocks, value by value.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn load(x: &[f64; GROUP], start: usize) -> [__m256d; 4] {
        let at = |block: usize| four([x[block + start], x[block + start + 1], x[block + start + 2], x[block + start + 3]]);
        transpose([at(0), at(8), at(16), at(24)])
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn store(values: [__m256d; 4], y: &mut [f64; GROUP], start: usize) {
        for (block, row) in transpose(values).into_iter().enumerate() {
            let row: [f64; 4] = bytemuck::cast(row);
            y[block * 8 + start..block * 8 + start + 4].copy_from_slice(&row);
        }
    }

    /// A block's values within itself: what does not wait for the block before. Anchor, and `w[1]` to `w[7]`; `w[0]` is zero.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn within(x: &[f64; GROUP], keep: __m256d, take: __m256d) -> [__m256d; 8] {
        let [anchor, x1, x2, x3] = load(x, 0);
        let [x4, x5, x6, x7] = load(x, 4);
        let mut w = [_mm256_setzero_pd(); 8];
        for (j, x) in [x1, x2, x3, x4, x5, x6, x7].into_iter().enumerate() {
            w[j + 1] = _mm256_add_pd(_mm256_mul_pd(keep, w[j]), _mm256_mul_pd(take, _mm256_sub_pd(x, anchor)));
        }
        w[0] = anchor;
        w
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn smooth<const L: usize>(mut chains: [&mut Chain<'_>; L]) {
        let groups = chains.iter().map(|c| c.xs.len().min(c.out.len())).min().unwrap_or(0);
        let mut values = chains.each_ref().map(|c| c.value);
        let zero = _mm256_setzero_pd();
        let (mut ws, mut gaps) = ([[zero; 8]; L], [[0.0; 4]; L]);
        for group in 0..groups {
            for (chain, w) in chains.iter().zip(&mut ws) {
                *w = within(&chain.xs[group], _mm256_set1_pd(chain.keep), _mm256_set1_pd(chain.take));
            }
            // What waits for the block before: the chains in turn, so that each runs in the others' shadow.
            for block in 0..4 {
                for (((chain, w), gaps), value) in chains.iter().zip(&ws).zip(&mut gaps).zip(&mut values) {
                    let (anchors, lasts): ([f64; 4], [f64; 4]) = (bytemuck::cast(w[0]), bytemuck::cast(w[7]));
                    gaps[block] = *value - anchors[block];
                    *value = anchors[block] + (chain.powers[7] * gaps[block] + lasts[block]);
                }
            }
            for ((chain, w), gaps) in chains.iter_mut().zip(&ws).zip(&gaps) {
                let gap = four(*gaps);
                let line = |j: usize| {
                    let within = if j == 0 { zero } else { w[j] };
                    _mm256_add_pd(w[0], _mm256_add_pd(_mm256_mul_pd(_mm256_set1_pd(chain.powers[j]), gap), within))
                };
                store([line(0), line(1), line(2), line(3)], &mut chain.out[group], 0);
                store([line(4), line(5), line(6), line(7)], &mut chain.out[group], 4);
            }
        }
        for (chain, value) in chains.into_iter().zip(values) {
            chain.value = value;
        }
    }
}
