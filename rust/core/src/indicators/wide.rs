//! Wider registers where the machine has them: the same operations, four at a time.
//!
//! Rust never joins a multiplication and an addition into one rounding unless told to (`mul_add`), so that what is compiled for
//! wider registers gives the same bits as what is not; the tests hold both against each other.
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

/// Where exponential smoothing stands between two blocks: see [`super::smooth`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Smoothing<'a> {
    /// The weight of the average before, to the powers from 1 to 8.
    pub(super) powers: &'a [f64; 8],
    /// The value before.
    pub(super) before: f64,
    /// The average before, less that value.
    pub(super) gap: f64,
}

/// The averages after each value of whole blocks; the last gap. None, and nothing done, on a machine without AVX2 and FMA.
#[inline]
pub(super) fn smooth(from: Smoothing<'_>, xs: &[[f64; 8]], out: &mut [[f64; 8]]) -> Option<f64> {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
        // SAFETY: `smooth` may be called on a machine with AVX2 and FMA, and that has just been asked.
        return Some(unsafe { x86::smooth(from, xs, out) });
    }
    let _ = (from, xs, out);
    None
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Smoothing;
    use std::arch::x86_64::{
        __m256d, _mm256_add_pd, _mm256_fmadd_pd, _mm256_mul_pd, _mm256_permute4x64_pd, _mm256_set_pd, _mm256_set1_pd, _mm256_sub_pd,
    };

    #[target_feature(enable = "avx2")]
    pub(super) fn avx2<T>(work: impl FnOnce() -> T) -> T {
        work()
    }

    #[inline]
    fn halves(x: &[f64; 8]) -> [__m256d; 2] {
        bytemuck::cast(*x)
    }

    /// The weights of one series' blocks.
    struct Weights {
        keep: __m256d,
        /// Of the row before within four rows: none for the first.
        one_before: __m256d,
        /// Of two rows before: none for the first two.
        two_before: __m256d,
        /// The powers from 1 to 4, and from 5 to 8.
        powers: [__m256d; 2],
        eighth: __m256d,
    }

    /// The averages of one block, after values one row earlier, and the gap after it in every place.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn block(w: &Weights, gap: __m256d, earlier: [__m256d; 2], xs: [__m256d; 2]) -> ([f64; 8], __m256d) {
        let added = |earlier: __m256d, x: __m256d| {
            let change = _mm256_mul_pd(w.keep, _mm256_sub_pd(earlier, x));
            let pair = _mm256_fmadd_pd(w.one_before, _mm256_permute4x64_pd::<0b10_01_00_00>(change), change);
            _mm256_fmadd_pd(w.two_before, _mm256_permute4x64_pd::<0b01_00_01_00>(pair), pair)
        };
        let first = added(earlier[0], xs[0]);
        let second = _mm256_fmadd_pd(w.powers[0], _mm256_permute4x64_pd::<0b11_11_11_11>(first), added(earlier[1], xs[1]));
        let out = [
            _mm256_add_pd(xs[0], _mm256_fmadd_pd(w.powers[0], gap, first)),
            _mm256_add_pd(xs[1], _mm256_fmadd_pd(w.powers[1], gap, second)),
        ];
        let last = _mm256_fmadd_pd(w.eighth, gap, _mm256_permute4x64_pd::<0b11_11_11_11>(second));
        (bytemuck::cast(out), last)
    }

    #[target_feature(enable = "avx2,fma")]
    pub(super) fn smooth(from: Smoothing<'_>, xs: &[[f64; 8]], out: &mut [[f64; 8]]) -> f64 {
        let (Some(first), Some((first_out, rest_out))) = (xs.first(), out.split_first_mut()) else { return from.gap };
        let p = from.powers;
        let w = Weights {
            keep: _mm256_set1_pd(p[0]),
            one_before: _mm256_set_pd(p[0], p[0], p[0], 0.0),
            two_before: _mm256_set_pd(p[1], p[1], 0.0, 0.0),
            powers: halves(p),
            eighth: _mm256_set1_pd(p[7]),
        };
        let earlier = [from.before, first[0], first[1], first[2], first[3], first[4], first[5], first[6]];
        let mut gap = _mm256_set1_pd(from.gap);
        (*first_out, gap) = block(&w, gap, halves(&earlier), halves(first));
        // The same values one row earlier: from the last of the first block on.
        let (earlier, _) = xs.as_flattened()[7..].as_chunks::<8>();
        for ((earlier, x), y) in earlier.iter().zip(&xs[1..]).zip(rest_out) {
            (*y, gap) = block(&w, gap, halves(earlier), halves(x));
        }
        bytemuck::cast::<_, [f64; 4]>(gap)[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compiled_for_wider_registers_gives_the_same() {
        let xs: [f64; 40] = std::array::from_fn(|i| (i as f64).sin());
        let work = || xs.map(|x| x * 0.1 + 0.7);
        assert_eq!(wide(work), work());
    }

    #[test]
    fn whole_blocks_are_smoothed_as_the_recurrence_has_it() {
        let xs: [[f64; 8]; 3] = std::array::from_fn(|block| std::array::from_fn(|i| ((8 * block + i) as f64).sin()));
        let powers = std::array::from_fn(|i| 0.9_f64.powi(i as i32 + 1));
        let mut out = [[0.0; 8]; 3];
        let gap = smooth(Smoothing { powers: &powers, before: 0.5, gap: 0.25 }, &xs, &mut out);
        let mut average = 0.75;
        for (x, y) in xs.as_flattened().iter().zip(out.as_flattened()) {
            average += 0.1 * (x - average);
            assert!(gap.is_none() || (y - average).abs() < 1e-14, "{y} is not {average}");
        }
        assert!(gap.is_none_or(|gap| (gap - (average - xs[2][7])).abs() < 1e-14));
    }
}
