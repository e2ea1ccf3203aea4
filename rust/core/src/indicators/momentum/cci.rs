//! Commodity channel index.

use crate::indicators::average::line::{Composed, History, Line, Mean, Silence, zip3};
use crate::indicators::catalog::{Description, whole};
use crate::indicators::study::{State, Streaming};

/// The typical price from its mean, in mean deviations.
#[derive(Clone, Debug)]
struct ChannelIndex {
    period: usize,
    mean: Mean,
    history: History,
    silence: Silence,
}

/// Rows worked on side by side.
const WIDTH: usize = 8;

/// The sum of distances of each window of `xs` to its `means`; `xs` has `period − 1` values in front.
#[inline]
fn distances(period: usize, xs: &[f64], means: &[f64], out: &mut [f64]) {
    let (groups, rest) = out.as_chunks_mut::<WIDTH>();
    let (mean_groups, mean_rest) = means.as_chunks::<WIDTH>();
    let grouped = groups.len() * WIDTH;
    for ((group, means), first) in groups.iter_mut().zip(mean_groups).zip((0..).step_by(WIDTH)) {
        let mut sums = [0.0; WIDTH];
        for xs in xs[first..first + period + WIDTH - 1].windows(WIDTH) {
            for ((sum, x), mean) in sums.iter_mut().zip(xs).zip(means) {
                *sum += (x - mean).abs();
            }
        }
        *group = sums;
    }
    for ((y, xs), mean) in rest.iter_mut().zip(xs[grouped..].windows(period)).zip(mean_rest) {
        *y = xs.iter().fold(0.0, |sum, x| sum + (x - mean).abs());
    }
}

impl Composed<3, 1> for ChannelIndex {
    fn lookback(&self) -> usize {
        self.period - 1
    }

    #[inline]
    fn block<const N: usize>(&mut self, [high, low, close]: [&[f64]; 3], [out]: [&mut [f64]; 1]) {
        let (mut typical, mut means) = ([0.0; N], [0.0; N]);
        let (typical, means) = (&mut typical[..close.len()], &mut means[..close.len()]);
        zip3(typical, high, low, close, |high, low, close| (high + low + close) / 3.0);
        self.mean.follow(typical, means);
        distances(self.period, self.history.push(typical), means, out);
        let period = self.period as f64;
        for ((y, x), mean) in out.iter_mut().zip(typical).zip(means) {
            let distance = *x - *mean;
            // 0 where nothing moves, as in TA-Lib.
            *y = if distance == 0.0 || *y == 0.0 { 0.0 } else { distance / (0.015 * (*y / period)) };
        }
        self.silence.over(out);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.mean.visit(state);
        self.history.visit(state);
        self.silence.visit(state);
    }
}

pub(super) const ENTRIES: &[Description] = &[Description {
    name: "cci",
    title: "Commodity channel index",
    inputs: &["high", "low", "close"],
    parameters: &[whole("period", 14, 2)],
    outputs: &["cci"],
    first_row: "period − 1",
    formula: "(t − SMA(t)) ÷ (0.015·mean of |t − SMA(t)|) over period rows, t = (high + low + close) ÷ 3; 0 where nothing moves",
    source: "D. Lambert (1980); TA-Lib CCI",
    make: |p| {
        let period = p.whole(0);
        Ok(Box::new(Streaming::new(ChannelIndex {
            period,
            mean: Mean::new(period),
            history: History::new(period - 1),
            silence: Silence::new(period - 1),
        })))
    },
}];
