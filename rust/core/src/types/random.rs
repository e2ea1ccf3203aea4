//! [`Random`]: a small generator whose numbers are the same on every machine.
//!
//! xoshiro256++ (Blackman and Vigna 2019), its state filled by splitmix64 as its authors advise. Logarithms and exponentials
//! come from the `libm` crate, in Rust throughout: the system's own differ in the last bit from one platform to the next.
//! Not for secrets.

use serde::{Deserialize, Serialize};

/// A seeded stream of numbers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Random {
    state: [u64; 4],
    /// The second of the last pair of normals.
    spare: Option<f64>,
}

/// One step of splitmix64: advances `x` and gives its scrambled value.
#[inline]
const fn splitmix64(x: &mut u64) -> u64 {
    *x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*x ^ (*x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Random {
    /// The stream of `seed`; every seed is good, zero too.
    pub const fn new(seed: u64) -> Self {
        let mut x = seed;
        Self { state: [splitmix64(&mut x), splitmix64(&mut x), splitmix64(&mut x), splitmix64(&mut x)], spare: None }
    }

    /// The stream of `seed` at `path`, such as a symbol's hash and a day: other paths give unrelated streams, so that work
    /// may be cut among threads without a change in the numbers.
    pub fn stream(seed: u64, path: &[u64]) -> Self {
        let mut x = seed;
        for &word in path {
            x = splitmix64(&mut x) ^ word;
            x = splitmix64(&mut x);
        }
        Self::new(x)
    }

    /// 64 random bits.
    #[inline]
    pub const fn next_u64(&mut self) -> u64 {
        let s = &mut self.state;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// Uniform in [0, 1), a multiple of 2⁻⁵³.
    #[inline]
    pub const fn uniform(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// Uniform in 0..`n`; 0 for `n` = 0. The bias is below `n` × 2⁻⁶⁴.
    #[inline]
    pub const fn below(&mut self, n: u64) -> u64 {
        ((self.next_u64() as u128 * n as u128) >> 64) as u64
    }

    /// True with probability `p`.
    #[inline]
    pub const fn chance(&mut self, p: f64) -> bool {
        self.uniform() < p
    }

    /// Normal with mean 0 and variance 1, by the polar method (Marsaglia and Bray 1964).
    #[inline]
    pub fn normal(&mut self) -> f64 {
        if let Some(z) = self.spare.take() {
            return z;
        }
        loop {
            let (u, v) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let s = u * u + v * v;
            if s > 0.0 && s < 1.0 {
                let scale = (-2.0 * libm::log(s) / s).sqrt();
                self.spare = Some(v * scale);
                return u * scale;
            }
        }
    }

    /// Exponential with mean 1, by inversion.
    #[inline]
    pub fn exponential(&mut self) -> f64 {
        -libm::log(1.0 - self.uniform())
    }

    /// Poisson with `mean`; 0 unless `mean` is positive. Multiplication of uniforms below 10 (Knuth 1969, 3.4.1), transformed
    /// rejection above (Hörmann 1993, PTRS).
    pub fn poisson(&mut self, mean: f64) -> u64 {
        if mean.is_nan() || mean <= 0.0 {
            return 0;
        }
        if mean < 10.0 {
            let limit = libm::exp(-mean);
            let (mut product, mut count) = (self.uniform(), 0);
            while product > limit {
                product *= self.uniform();
                count += 1;
            }
            return count;
        }
        let b = 0.931 + 2.53 * mean.sqrt();
        let a = -0.059 + 0.024_83 * b;
        let inverse_alpha = 1.123_9 + 1.132_8 / (b - 3.4);
        let v_r = 0.927_7 - 3.622_4 / (b - 2.0);
        loop {
            let (u, v) = (self.uniform() - 0.5, 1.0 - self.uniform());
            let us = 0.5 - u.abs();
            let k = ((2.0 * a / us + b) * u + mean + 0.43).floor();
            if us >= 0.07 && v <= v_r {
                return k as u64;
            }
            if k < 0.0 || (us < 0.013 && v > us) {
                continue;
            }
            if libm::log(v * inverse_alpha / (a / (us * us) + b)) <= k * libm::log(mean) - mean - libm::lgamma(k + 1.0) {
                return k as u64;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitmix64_gives_the_published_sequence() {
        // Seed 0, as the reference C program prints it.
        let mut x = 0;
        assert_eq!([splitmix64(&mut x), splitmix64(&mut x)], [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4]);
    }

    #[test]
    fn xoshiro_gives_the_published_sequence() {
        // State 1, 2, 3, 4, as the reference C program prints it.
        let mut r = Random { state: [1, 2, 3, 4], spare: None };
        assert_eq!(
            [r.next_u64(), r.next_u64(), r.next_u64(), r.next_u64()],
            [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386]
        );
    }

    #[test]
    fn moments_are_those_of_the_distributions() {
        let mut r = Random::new(7);
        let n = 400_000;
        let mut check = |name: &str, mean: f64, variance: f64, draw: &mut dyn FnMut(&mut Random) -> f64| {
            let (mut sum, mut square) = (0.0, 0.0);
            for _ in 0..n {
                let x = draw(&mut r);
                sum += x;
                square += (x - mean).powi(2);
            }
            let (m, v) = (sum / f64::from(n), square / f64::from(n));
            let tolerance = 5.0 * (variance / f64::from(n)).sqrt();
            assert!((m - mean).abs() < tolerance, "{name}: mean {m}, not {mean}");
            assert!((v / variance - 1.0).abs() < 0.03, "{name}: variance {v}, not {variance}");
        };
        check("uniform", 0.5, 1.0 / 12.0, &mut Random::uniform);
        check("normal", 0.0, 1.0, &mut Random::normal);
        check("exponential", 1.0, 1.0, &mut Random::exponential);
        check("below", 4.5, 8.25, &mut |r| r.below(10) as f64);
        for mean in [0.3, 3.0, 9.9, 10.1, 200.0] {
            check("poisson", mean, mean, &mut |r| r.poisson(mean) as f64);
        }
    }

    #[test]
    fn streams_of_other_paths_differ_and_of_the_same_path_agree() {
        let first = |seed, path: &[u64]| Random::stream(seed, path).next_u64();
        assert_eq!(first(1, &[2, 3]), first(1, &[2, 3]));
        let all = [first(1, &[2, 3]), first(1, &[3, 2]), first(2, &[2, 3]), first(1, &[2]), first(1, &[2, 3, 0])];
        for i in 0..all.len() {
            for j in 0..i {
                assert_ne!(all[i], all[j]);
            }
        }
    }

    #[test]
    fn a_poisson_mean_that_is_no_mean_gives_zero() {
        let mut r = Random::new(0);
        assert_eq!([r.poisson(0.0), r.poisson(-1.0), r.poisson(f64::NAN)], [0, 0, 0]);
    }
}
