//! Oscillators put together from several others: know sure thing, Coppock's curve, the ultimate oscillator, Schaff's trend cycle.

use crate::indicators::average::line::{Composed, Line, LinearlyWeighted, Mean, Range, Smooth, Sum, each_pair, is_zero, true_range, zip3};
use crate::indicators::catalog::{Description, real, whole};
use crate::indicators::scratch::Columns;
use crate::indicators::study::{State, Streaming};
use crate::indicators::window::Lag;
use crate::types::Error;

/// A rate of change in percent.
fn percent(now: f64, then: f64) -> f64 {
    let percent = (now / then - 1.0) * 100.0;
    if then == 0.0 { 0.0 } else { percent }
}

/// Pring's know sure thing.
#[derive(Clone, Debug)]
struct KnowSureThing {
    parts: [(Lag, Mean); 4],
    signal: Mean,
}

impl Composed<1, 2> for KnowSureThing {
    fn lookback(&self) -> usize {
        self.parts.iter().map(|(lag, mean)| lag.period() + mean.lookback()).max().unwrap_or(0) + self.signal.lookback()
    }

    #[inline]
    fn block<const N: usize>(&mut self, [xs]: [&[f64]; 1], [out, signal]: [&mut [f64]; 2]) {
        let mut rates = [0.0; N];
        let rates = &mut rates[..xs.len()];
        out.fill(0.0);
        for (weight, (lag, mean)) in [1.0, 2.0, 3.0, 4.0].into_iter().zip(&mut self.parts) {
            lag.run(xs, rates, percent);
            mean.follow(rates, signal);
            out.iter_mut().zip(&*signal).for_each(|(y, mean)| *y += weight * mean);
        }
        self.signal.follow(out, signal);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        for (lag, mean) in &mut self.parts {
            lag.visit(state);
            mean.visit(state);
        }
        self.signal.visit(state);
    }
}

/// Coppock's curve.
#[derive(Clone, Debug)]
struct Coppock {
    lags: [Lag; 2],
    weighted: LinearlyWeighted,
}

impl Composed<1, 1> for Coppock {
    fn lookback(&self) -> usize {
        self.lags[0].period().max(self.lags[1].period()) + self.weighted.lookback()
    }

    #[inline]
    fn block<const N: usize>(&mut self, [xs]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        let (mut first, mut second) = ([0.0; N], [0.0; N]);
        let (first, second) = (&mut first[..xs.len()], &mut second[..xs.len()]);
        self.lags[0].run(xs, first, percent);
        self.lags[1].run(xs, second, percent);
        first.iter_mut().zip(second).for_each(|(a, b)| *a += *b);
        self.weighted.follow(first, out);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.lags.iter_mut().for_each(|lag| lag.visit(state));
        self.weighted.visit(state);
    }
}

/// Buying pressure against true range over three periods.
#[derive(Clone, Debug)]
struct Ultimate {
    last: [f64; 3],
    /// Of pressure and of range, by period.
    sums: [[Sum; 2]; 3],
}

impl Composed<3, 1> for Ultimate {
    fn lookback(&self) -> usize {
        self.sums.iter().map(|[sum, _]| sum.period()).max().unwrap_or(0)
    }

    #[inline]
    fn block<const N: usize>(&mut self, columns: [&[f64]; 3], [out]: [&mut [f64]; 1]) {
        let mut room = Columns::new(6, out.len());
        let [pressure, range, whole, short, middle, long] = room.split();
        each_pair(&mut self.last, columns, |i, [high, low, close], [_, _, then]| {
            range[i] = true_range(high, low, then);
            pressure[i] = close - if low < then { low } else { then };
        });
        for (part, [of_pressure, of_range]) in [&mut *short, &mut *middle, &mut *long].into_iter().zip(&mut self.sums) {
            of_pressure.follow(pressure, part);
            of_range.follow(range, whole);
            for (part, &range) in part.iter_mut().zip(&*whole) {
                let share = *part / range;
                *part = if is_zero(range) { 0.0 } else { share };
            }
        }
        zip3(out, short, middle, long, |short, middle, long| 100.0 * ((4.0 * short + 2.0 * middle + long) / 7.0));
    }

    fn visit(&mut self, state: &mut State<'_>) {
        state.numbers(&mut self.last);
        self.sums.iter_mut().flatten().for_each(|sum| Line::visit(sum, state));
    }
}

/// The position of a line in its range, smoothed; where there is no range, as before.
#[derive(Clone, Debug)]
struct Cycle {
    range: Range,
    position: f64,
    smooth: Smooth,
}

impl Cycle {
    fn new(period: usize, factor: f64) -> Self {
        Self { range: Range::new(period), position: 0.0, smooth: Smooth::weighing(factor) }
    }

    #[inline]
    fn take<const N: usize>(&mut self, xs: &[f64], out: &mut [f64]) {
        let (mut top, mut bottom) = ([0.0; N], [0.0; N]);
        let (top, bottom) = (&mut top[..xs.len()], &mut bottom[..xs.len()]);
        self.range.follow(xs, xs, top, bottom);
        for ((top, &bottom), &x) in top.iter_mut().zip(&*bottom).zip(xs) {
            if !top.is_nan() {
                if *top > bottom {
                    self.position = 100.0 * ((x - bottom) / (*top - bottom));
                }
                *top = self.position;
            }
        }
        self.smooth.follow(top, out);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.range.visit(state);
        state.number(&mut self.position);
        self.smooth.visit(state);
    }
}

/// Schaff's trend cycle.
#[derive(Clone, Debug)]
struct Schaff {
    fast: Smooth,
    slow: Smooth,
    cycles: [Cycle; 2],
}

impl Composed<1, 1> for Schaff {
    fn lookback(&self) -> usize {
        self.slow.lookback() + self.cycles.iter().map(|cycle| cycle.range.lookback()).sum::<usize>()
    }

    #[inline]
    fn block<const N: usize>(&mut self, [xs]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        let (mut a, mut b) = ([0.0; N], [0.0; N]);
        let (a, b) = (&mut a[..xs.len()], &mut b[..xs.len()]);
        self.fast.follow(xs, a);
        self.slow.follow(xs, b);
        a.iter_mut().zip(&*b).for_each(|(fast, slow)| *fast -= *slow);
        self.cycles[0].take::<N>(a, b);
        self.cycles[1].take::<N>(b, out);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.fast.visit(state);
        self.slow.visit(state);
        self.cycles.iter_mut().for_each(|cycle| cycle.visit(state));
    }
}

pub(super) const ENTRIES: &[Description] = &[
    Description {
        name: "kst",
        title: "Know sure thing",
        inputs: &["close"],
        parameters: &[
            whole("roc1_period", 10, 1),
            whole("roc2_period", 15, 1),
            whole("roc3_period", 20, 1),
            whole("roc4_period", 30, 1),
            whole("sma1_period", 10, 1),
            whole("sma2_period", 10, 1),
            whole("sma3_period", 10, 1),
            whole("sma4_period", 15, 1),
            whole("signal_period", 9, 1),
        ],
        outputs: &["kst", "signal"],
        first_row: "max over i (rocᵢ_period + smaᵢ_period − 1) + signal_period − 1; kst alone signal_period − 1 rows sooner",
        formula: "Σ i·SMA(100·(close ÷ close[rocᵢ_period] − 1), smaᵢ_period), i = 1 … 4; signal = SMA(kst, signal_period)",
        source: "M. Pring (1992)",
        make: |p| {
            let parts = std::array::from_fn(|i| (Lag::new(p.whole(i)), Mean::new(p.whole(4 + i))));
            Ok(Box::new(Streaming::new(KnowSureThing { parts, signal: Mean::new(p.whole(8)) })))
        },
    },
    Description {
        name: "coppock",
        title: "Coppock curve",
        inputs: &["close"],
        parameters: &[whole("wma_period", 10, 1), whole("roc1_period", 11, 1), whole("roc2_period", 14, 1)],
        outputs: &["coppock"],
        first_row: "max(roc1_period, roc2_period) + wma_period − 1",
        formula: "WMA(ROC(close, roc1_period) + ROC(close, roc2_period), wma_period), ROC in percent",
        source: "E. Coppock (1962); TA-Lib COPPOCK",
        make: |p| {
            let lags = [Lag::new(p.whole(1)), Lag::new(p.whole(2))];
            Ok(Box::new(Streaming::new(Coppock { lags, weighted: LinearlyWeighted::new(p.whole(0)) })))
        },
    },
    Description {
        name: "ultosc",
        title: "Ultimate oscillator",
        inputs: &["high", "low", "close"],
        parameters: &[whole("period1", 7, 1), whole("period2", 14, 1), whole("period3", 28, 1)],
        outputs: &["ultosc"],
        first_row: "max(period1, period2, period3)",
        formula: "100·(4·a + 2·b + c) ÷ 7, each Σ(close − min(low, close[1])) ÷ Σ true range over the shortest, the middle and the longest period",
        source: "L. Williams (1985); TA-Lib ULTOSC",
        make: |p| {
            let mut periods = [p.whole(0), p.whole(1), p.whole(2)];
            periods.sort_unstable();
            Ok(Box::new(Streaming::new(Ultimate { last: [f64::NAN; 3], sums: periods.map(|period| [Sum::new(period), Sum::new(period)]) })))
        },
    },
    Description {
        name: "stc",
        title: "Schaff trend cycle",
        inputs: &["close"],
        parameters: &[
            whole("cycle_period", 10, 1),
            whole("fast_period", 23, 1),
            whole("slow_period", 50, 2),
            real("factor", 0.5, 1e-3, 1.0),
        ],
        outputs: &["stc"],
        first_row: "slow_period + 2·cycle_period − 3",
        formula: "twice: 100·(x − lowest) ÷ (highest − lowest) over cycle_period rows, smoothed y += factor·(x − y); of EMA(close, fast_period) − EMA(close, slow_period)",
        source: "D. Schaff (1999)",
        make: |p| {
            let (cycle, fast, slow) = (p.whole(0), p.whole(1), p.whole(2));
            if fast >= slow {
                return Err(Error::config("fast_period", format!("{fast} is not below slow_period {slow}; give the shorter period first")));
            }
            Ok(Box::new(Streaming::new(Schaff {
                fast: Smooth::exponential(fast),
                slow: Smooth::exponential(slow),
                cycles: std::array::from_fn(|_| Cycle::new(cycle, p.real(3))),
            })))
        },
    },
];
