//! Order flow that excites itself: a Hawkes process with two exponential kernels, simulated exactly.
//!
//! Intensity of component j: `λ_j(t) = μ_j + Σ_i Σ_k B_k[i][j] β_k Σ_{events of i at s < t} exp(−β_k (t − s))` (Hawkes 1971). `B_k[i][j]` is
//! how many events of j one of i brings about, over time; `β_k` how fast. Events are drawn by thinning (Ogata 1981): between events
//! the intensity only falls, so its present value bounds what is to come.

use crate::types::Random;

/// Kinds of events.
pub(super) const KINDS: usize = 4;
/// Buyers take, sellers take, something happens on the bid side, on the ask side.
pub(super) const BUY: usize = 0;
pub(super) const SELL: usize = 1;
pub(super) const BID: usize = 2;
pub(super) const ASK: usize = 3;

/// Events that each event brings about: by kind of the cause, then of the effect.
pub(super) type Branching = [[f64; KINDS]; KINDS];

/// One kernel: how much, and how fast it decays, 1 / s.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kernel {
    pub(super) branching: Branching,
    pub(super) decay: f64,
}

#[derive(Clone, Debug)]
pub(super) struct Flow {
    base: [f64; KINDS],
    base_sum: f64,
    kernels: [Kernel; 2],
    /// Excitation by kernel and kind, and their sums.
    excited: [[f64; KINDS]; 2],
    sums: [f64; 2],
    /// Seconds since the beginning.
    now: f64,
}

impl Flow {
    /// A flow with these mean rates, per second; `None` where excitation alone would give more.
    pub(super) fn new(rates: [f64; KINDS], kernels: &[Kernel; 2]) -> Option<Self> {
        let mut base = rates;
        let mut excited = [[0.0; KINDS]; 2];
        for (k, kernel) in kernels.iter().enumerate() {
            for (cause, row) in kernel.branching.iter().enumerate() {
                for (effect, &brings) in row.iter().enumerate() {
                    base[effect] -= brings * rates[cause];
                    // It begins in its stationary mean.
                    excited[k][effect] += brings * rates[cause];
                }
            }
        }
        let sums = excited.map(|row| row.iter().sum());
        let sound = base.iter().all(|&rate| rate > 0.0 && rate.is_finite());
        sound.then(|| Self { base, base_sum: base.iter().sum(), kernels: *kernels, excited, sums, now: 0.0 })
    }

    /// The next event: seconds since the beginning, and its kind.
    #[inline]
    pub(super) fn next(&mut self, random: &mut Random) -> (f64, usize) {
        loop {
            let bound = self.base_sum + self.sums[0] + self.sums[1];
            let wait = random.exponential() / bound;
            self.now += wait;
            for k in 0..2 {
                let kept = libm::exp(-self.kernels[k].decay * wait);
                self.excited[k].iter_mut().for_each(|x| *x *= kept);
                self.sums[k] = self.excited[k].iter().sum();
            }
            let mut mark = random.uniform() * bound;
            for kind in 0..KINDS {
                mark -= self.base[kind] + self.excited[0][kind] + self.excited[1][kind];
                if mark < 0.0 {
                    for k in 0..2 {
                        for effect in 0..KINDS {
                            self.excited[k][effect] += self.kernels[k].branching[kind][effect] * self.kernels[k].decay;
                        }
                        self.sums[k] = self.excited[k].iter().sum();
                    }
                    return (self.now, kind);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_clustering_are_those_of_the_process() {
        // One kernel that matters: branching 0.5 within each kind, decay 2 per second. A long window's counts then have variance
        // ÷ mean of 1 / (1 − 0.5)² (Hawkes 1971).
        let mut branching = [[0.0; KINDS]; KINDS];
        for (kind, row) in branching.iter_mut().enumerate() {
            row[kind] = 0.5;
        }
        let idle = Kernel { branching: [[0.0; KINDS]; KINDS], decay: 1.0 };
        let mut flow = Flow::new([1.0, 2.0, 3.0, 4.0], &[Kernel { branching, decay: 2.0 }, idle]).unwrap();
        let mut random = Random::new(5);
        let (window, windows) = (50.0, 4_000_usize);
        let mut counts = vec![[0.0_f64; KINDS]; windows];
        loop {
            let (now, kind) = flow.next(&mut random);
            let Some(count) = counts.get_mut((now / window) as usize) else { break };
            count[kind] += 1.0;
        }
        for kind in 0..KINDS {
            let mean = counts.iter().map(|c| c[kind]).sum::<f64>() / windows as f64;
            let variance = counts.iter().map(|c| (c[kind] - mean).powi(2)).sum::<f64>() / windows as f64;
            let rate = mean / window;
            assert!((rate / (kind as f64 + 1.0) - 1.0).abs() < 0.05, "kind {kind}: {rate}");
            assert!((variance / mean - 4.0).abs() < 0.5, "kind {kind}: {}", variance / mean);
        }
    }

    #[test]
    fn a_flow_that_would_explode_is_none() {
        let all = Kernel { branching: [[0.4; KINDS]; KINDS], decay: 1.0 };
        assert!(Flow::new([1.0; KINDS], &[all, all]).is_none());
    }
}
