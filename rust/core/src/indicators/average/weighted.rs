//! Averages with fixed weights: linear, triangular, Hull's, Gauss's, by volume.

use super::line::{Composed, History, Line, LinearlyWeighted, Mean, Silence, Sum, zip2};
use crate::indicators::catalog::{Description, period, real, whole};
use crate::indicators::study::{State, Streaming, Study};

/// Any [`Line`] as an indicator.
#[derive(Clone, Debug)]
pub(in crate::indicators) struct Single<L>(pub(in crate::indicators) L);

impl<L: Line> Study<1, 1> for Single<L> {
    fn lookback(&self) -> usize {
        self.0.lookback()
    }

    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        [self.0.step(x)]
    }

    fn run(&mut self, [xs]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        self.0.run(xs, out);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.0.visit(state);
    }
}

/// A simple mean of a simple mean, together `period` rows.
#[derive(Clone, Debug)]
struct Triangular {
    first: Mean,
    second: Mean,
}

impl Triangular {
    fn new(period: usize) -> Self {
        Self { first: Mean::new(period / 2 + 1), second: Mean::new(period.div_ceil(2)) }
    }
}

impl Composed<1, 1> for Triangular {
    fn lookback(&self) -> usize {
        self.first.lookback() + self.second.lookback()
    }

    #[inline]
    fn block<const N: usize>(&mut self, [xs]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        let mut means = [0.0; N];
        let means = &mut means[..xs.len()];
        self.first.follow(xs, means);
        self.second.follow(means, out);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.first.visit(state);
        self.second.visit(state);
    }
}

/// Hull's average.
#[derive(Clone, Debug)]
struct Hull {
    half: LinearlyWeighted,
    whole: LinearlyWeighted,
    last: LinearlyWeighted,
}

impl Hull {
    fn new(period: usize) -> Self {
        Self { half: LinearlyWeighted::new(period / 2), whole: LinearlyWeighted::new(period), last: LinearlyWeighted::new(period.isqrt()) }
    }
}

impl Composed<1, 1> for Hull {
    fn lookback(&self) -> usize {
        self.whole.lookback() + self.last.lookback()
    }

    #[inline]
    fn block<const N: usize>(&mut self, [xs]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        let (mut half, mut whole) = ([0.0; N], [0.0; N]);
        let (half, whole) = (&mut half[..xs.len()], &mut whole[..xs.len()]);
        self.half.follow(xs, half);
        self.whole.follow(xs, whole);
        for (half, whole) in half.iter_mut().zip(whole) {
            *half = 2.0 * *half - *whole;
        }
        self.last.follow(half, out);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.half.visit(state);
        self.whole.visit(state);
        self.last.visit(state);
    }
}

/// The last `weights.len()` values, each with its weight.
#[derive(Clone, Debug)]
struct Weighing {
    /// From the oldest on; they add up to 1.
    weights: Vec<f64>,
    history: History,
    silence: Silence,
}

impl Weighing {
    /// Weights of a normal curve over `period` rows, its top at `offset` of the way to the newest, its deviation `period ÷ sigma`.
    fn gaussian(period: usize, offset: f64, sigma: f64) -> Self {
        let (top, deviation) = (offset * (period - 1) as f64, period as f64 / sigma);
        let mut weights: Vec<f64> = (0..period).map(|i| libm::exp(-(i as f64 - top).powi(2) / (2.0 * deviation * deviation))).collect();
        let total: f64 = weights.iter().sum();
        for weight in &mut weights {
            *weight /= total;
        }
        Self { weights, history: History::new(period - 1), silence: Silence::new(period - 1) }
    }

    /// The weighted sum of the values before and at each row of `out`; `xs` has the values kept in front.
    #[inline]
    fn weigh(weights: &[f64], xs: &[f64], out: &mut [f64]) {
        const WIDTH: usize = 8;
        let (groups, rest) = out.as_chunks_mut::<WIDTH>();
        let grouped = groups.len() * WIDTH;
        for (group, first) in groups.iter_mut().zip((0..).step_by(WIDTH)) {
            let mut sums = [0.0; WIDTH];
            for (weight, xs) in weights.iter().zip(xs[first..].windows(WIDTH)) {
                for (sum, x) in sums.iter_mut().zip(xs) {
                    *sum += weight * x;
                }
            }
            *group = sums;
        }
        for (y, xs) in rest.iter_mut().zip(xs[grouped..].windows(weights.len())) {
            *y = weights.iter().zip(xs).fold(0.0, |sum, (weight, x)| sum + weight * x);
        }
    }
}

impl Composed<1, 1> for Weighing {
    fn lookback(&self) -> usize {
        self.history.kept()
    }

    #[inline]
    fn block<const N: usize>(&mut self, [xs]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        Self::weigh(&self.weights, self.history.push(xs), out);
        self.silence.over(out);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.history.visit(state);
        self.silence.visit(state);
    }
}

/// Values weighted by volume.
#[derive(Clone, Debug)]
struct ByVolume {
    traded: Sum,
    volume: Sum,
}

impl Composed<2, 1> for ByVolume {
    fn lookback(&self) -> usize {
        self.volume.lookback()
    }

    #[inline]
    fn block<const N: usize>(&mut self, [close, volume]: [&[f64]; 2], [out]: [&mut [f64]; 1]) {
        let (mut traded, mut sums) = ([0.0; N], [0.0; N]);
        let (traded, sums) = (&mut traded[..close.len()], &mut sums[..close.len()]);
        zip2(traded, close, volume, |close, volume| close * volume);
        self.traded.follow(traded, sums);
        self.volume.follow(volume, traded);
        // No volume, no price: 0 ÷ 0 gives NaN.
        zip2(out, sums, traded, |value, volume| value / volume);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        Line::visit(&mut self.traded, state);
        Line::visit(&mut self.volume, state);
    }
}

pub(super) const ENTRIES: &[Description] = &[
    Description {
        name: "wma",
        title: "Weighted moving average",
        inputs: &["close"],
        parameters: &[period(30)],
        outputs: &["wma"],
        first_row: "period − 1",
        formula: "Σ i·close[period − i] ÷ Σ i, i = 1 … period: the newest weighs most",
        source: "TA-Lib WMA",
        make: |p| Ok(Box::new(Streaming::new(Single(LinearlyWeighted::new(p.whole(0)))))),
    },
    Description {
        name: "lwma",
        title: "Linearly weighted moving average: another name of wma",
        inputs: &["close"],
        parameters: &[period(30)],
        outputs: &["lwma"],
        first_row: "period − 1",
        formula: "Σ i·close[period − i] ÷ Σ i, i = 1 … period: the newest weighs most",
        source: "TA-Lib WMA",
        make: |p| Ok(Box::new(Streaming::new(Single(LinearlyWeighted::new(p.whole(0)))))),
    },
    Description {
        name: "trima",
        title: "Triangular moving average",
        inputs: &["close"],
        parameters: &[period(30)],
        outputs: &["trima"],
        first_row: "period − 1",
        formula: "SMA(SMA(close, ⌊period ÷ 2⌋ + 1), ⌈period ÷ 2⌉)",
        source: "TA-Lib TRIMA",
        make: |p| Ok(Box::new(Streaming::new(Triangular::new(p.whole(0))))),
    },
    Description {
        name: "hma",
        title: "Hull moving average",
        inputs: &["close"],
        parameters: &[whole("period", 20, 2)],
        outputs: &["hma"],
        first_row: "period + ⌊√period⌋ − 2",
        formula: "WMA(2·WMA(close, ⌊period ÷ 2⌋) − WMA(close, period), ⌊√period⌋)",
        source: "A. Hull (2005); TA-Lib HMA",
        make: |p| Ok(Box::new(Streaming::new(Hull::new(p.whole(0))))),
    },
    Description {
        name: "alma",
        title: "Arnaud Legoux moving average",
        inputs: &["close"],
        parameters: &[whole("period", 9, 1), real("offset", 0.85, 0.0, 1.0), real("sigma", 6.0, 1e-3, 1e6)],
        outputs: &["alma"],
        first_row: "period − 1",
        formula: "Σ w(i)·close, w(i) = exp(−(i − offset·(period − 1))² ÷ 2(period ÷ sigma)²) scaled to 1, i = 0 for the oldest",
        source: "A. Legoux and D. Kouzis-Loukas (2009)",
        make: |p| Ok(Box::new(Streaming::new(Weighing::gaussian(p.whole(0), p.real(1), p.real(2))))),
    },
    Description {
        name: "vwma",
        title: "Volume-weighted moving average",
        inputs: &["close", "volume"],
        parameters: &[period(30)],
        outputs: &["vwma"],
        first_row: "period − 1",
        formula: "Σ close·volume ÷ Σ volume over period rows; NaN where nothing traded in them",
        source: "TA-Lib VWMA",
        make: |p| Ok(Box::new(Streaming::new(ByVolume { traded: Sum::new(p.whole(0)), volume: Sum::new(p.whole(0)) }).not_negative(1))),
    },
];
