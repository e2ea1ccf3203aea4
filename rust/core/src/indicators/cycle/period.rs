//! The dominant cycle's period and phasor.

use super::hilbert::{Cycle, Filter};
use crate::indicators::CHUNK;
use crate::indicators::catalog::Description;
use crate::indicators::study::{State, Streaming, Study};

/// First row that counts.
const START: usize = 12;
/// Rows before the first value.
const LOOKBACK: usize = 32;

/// Period of the dominant cycle, or its phasor.
#[derive(Clone, Debug)]
pub struct DominantCycle<const O: usize> {
    filter: Filter,
    cycle: Cycle,
    /// Rows before the first value, still to come.
    rows_to_go: usize,
}

impl<const O: usize> DominantCycle<O> {
    fn new() -> Self {
        Self { filter: Filter::new(START), cycle: Cycle::new(), rows_to_go: LOOKBACK }
    }

    /// Of the row just taken: the period alone, or the phasor.
    #[inline]
    fn outputs(cycle: &Cycle, period: f64) -> [f64; O] {
        let phasor = if O == 1 { [period, 0.0] } else { cycle.phasor() };
        std::array::from_fn(|i| phasor[i])
    }
}

impl<const O: usize> Study<1, O> for DominantCycle<O> {
    fn lookback(&self) -> usize {
        LOOKBACK
    }

    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; O] {
        let mut outputs = [f64::NAN; O];
        if let Some([_, turned]) = self.filter.push(x) {
            let period = self.cycle.push(turned);
            if self.rows_to_go == 0 {
                outputs = Self::outputs(&self.cycle, period);
            }
        }
        self.rows_to_go = self.rows_to_go.saturating_sub(1);
        outputs
    }

    fn run(&mut self, [xs]: [&[f64]; 1], mut out: [&mut [f64]; O]) {
        let (mut smooth, mut turned) = ([0.0; CHUNK], [0.0; CHUNK]);
        for (i, xs) in xs.chunks(CHUNK).enumerate() {
            let mut out = out.each_mut().map(|c| &mut c[i * CHUNK..][..xs.len()]);
            let idle = self.filter.fill(xs, &mut smooth, &mut turned);
            for (row, &turned) in turned[..xs.len()].iter().enumerate().skip(idle) {
                let period = self.cycle.push(turned);
                for (column, value) in out.iter_mut().zip(Self::outputs(&self.cycle, period)) {
                    column[row] = value;
                }
            }
            let early = self.rows_to_go.min(xs.len());
            for column in out {
                column[..early].fill(f64::NAN);
            }
            self.rows_to_go -= early;
        }
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.filter.visit(state);
        self.cycle.visit(state);
        state.count(&mut self.rows_to_go, LOOKBACK);
    }
}

pub(super) const ENTRIES: &[Description] = &[
    Description {
        name: "ht_dcperiod",
        title: "Dominant cycle period",
        inputs: &["close"],
        parameters: &[],
        outputs: &["ht_dcperiod"],
        first_row: "32",
        formula: "period, in rows, of the cycle that a Hilbert transform of the smoothed close finds by the turning speed of its phasor; between 6 and 50, smoothed",
        source: "Ehlers 2001; TA-Lib HT_DCPERIOD",
        make: |_| Ok(Box::new(Streaming::new(DominantCycle::<1>::new()))),
    },
    Description {
        name: "ht_phasor",
        title: "Dominant cycle phasor",
        inputs: &["close"],
        parameters: &[],
        outputs: &["in_phase", "quadrature"],
        first_row: "32",
        formula: "the detrended close of three rows ago, and its Hilbert transform, a quarter of a cycle from it",
        source: "Ehlers 2001; TA-Lib HT_PHASOR",
        make: |_| Ok(Box::new(Streaming::new(DominantCycle::<2>::new()))),
    },
];
