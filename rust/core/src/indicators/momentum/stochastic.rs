//! Where the close stands in its range: Lane's stochastics, Williams' %R.

use super::strength::Strength;
use crate::indicators::average::line::{Composed, Line, Mean, Range, start_with, zip2};
use crate::indicators::catalog::{Description, period, whole};
use crate::indicators::study::{State, Streaming};

/// The close in the range of the last rows, in percent; 0 where there is no range, as in TA-Lib.
#[derive(Clone, Debug)]
struct Position(Range);

#[inline]
fn position(top: f64, bottom: f64, close: f64) -> f64 {
    let range = top - bottom;
    if range == 0.0 { 0.0 } else { 100.0 * ((close - bottom) / range) }
}

impl Position {
    fn new(period: usize) -> Self {
        Self(Range::new(period))
    }

    #[inline]
    fn take<const N: usize>(&mut self, high: &[f64], low: &[f64], close: &[f64], out: &mut [f64]) {
        let mut top = [0.0; N];
        let top = &mut top[..close.len()];
        self.0.follow(high, low, top, out);
        for ((y, &top), &close) in out.iter_mut().zip(&*top).zip(close) {
            *y = position(top, *y, close);
        }
    }
}

/// Fast: the position, and its mean.
#[derive(Clone, Debug)]
struct Fast {
    position: Position,
    d: Mean,
}

impl Fast {
    fn new(k: usize, d: usize) -> Self {
        Self { position: Position::new(k), d: Mean::new(d) }
    }

    fn lookback(&self) -> usize {
        self.position.0.lookback() + self.d.lookback()
    }

    #[inline]
    fn take<const N: usize>(&mut self, [high, low, close]: [&[f64]; 3], [k, d]: [&mut [f64]; 2]) {
        self.position.take::<N>(high, low, close, k);
        self.d.follow(k, d);
        start_with(d, &mut [k]);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.position.0.visit(state);
        self.d.visit(state);
    }
}

impl Composed<3, 2> for Fast {
    fn lookback(&self) -> usize {
        self.lookback()
    }

    #[inline]
    fn block<const N: usize>(&mut self, columns: [&[f64]; 3], out: [&mut [f64]; 2]) {
        self.take::<N>(columns, out);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.visit(state);
    }
}

/// Slow: the mean of the position, and the mean of that.
#[derive(Clone, Debug)]
struct Slow {
    position: Position,
    k: Mean,
    d: Mean,
}

impl Composed<3, 2> for Slow {
    fn lookback(&self) -> usize {
        self.position.0.lookback() + self.k.lookback() + self.d.lookback()
    }

    #[inline]
    fn block<const N: usize>(&mut self, [high, low, close]: [&[f64]; 3], [k, d]: [&mut [f64]; 2]) {
        self.position.take::<N>(high, low, close, d);
        self.k.follow(d, k);
        self.d.follow(k, d);
        start_with(d, &mut [k]);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.position.0.visit(state);
        self.k.visit(state);
        self.d.visit(state);
    }
}

/// Fast stochastics of the relative strength index.
#[derive(Clone, Debug)]
struct OfStrength {
    strength: Strength,
    fast: Fast,
}

impl Composed<1, 2> for OfStrength {
    fn lookback(&self) -> usize {
        self.strength.lookback() + self.fast.lookback()
    }

    #[inline]
    fn block<const N: usize>(&mut self, [xs]: [&[f64]; 1], out: [&mut [f64]; 2]) {
        let mut strength = [0.0; N];
        let strength = &mut strength[..xs.len()];
        self.strength.take::<N>(xs, strength);
        self.fast.take::<N>([strength, strength, strength], out);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.strength.visit(state);
        self.fast.visit(state);
    }
}

/// Williams' %R.
#[derive(Clone, Debug)]
struct Williams(Range);

#[inline]
fn below_top(top: f64, bottom: f64, close: f64) -> f64 {
    let range = top - bottom;
    if range == 0.0 { 0.0 } else { -100.0 * ((top - close) / range) }
}

impl Composed<3, 1> for Williams {
    fn lookback(&self) -> usize {
        self.0.lookback()
    }

    #[inline]
    fn block<const N: usize>(&mut self, [high, low, close]: [&[f64]; 3], [out]: [&mut [f64]; 1]) {
        let (mut top, mut bottom) = ([0.0; N], [0.0; N]);
        let (top, bottom) = (&mut top[..close.len()], &mut bottom[..close.len()]);
        self.0.follow(high, low, top, bottom);
        for ((y, (&top, &bottom)), &close) in out.iter_mut().zip(top.iter().zip(&*bottom)).zip(close) {
            *y = below_top(top, bottom, close);
        }
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.0.visit(state);
    }
}

/// Ehlers' Fisher transform of the position of the mid-price.
#[derive(Clone, Debug)]
struct Fisher {
    range: Range,
    position: f64,
    value: f64,
}

impl Composed<2, 2> for Fisher {
    fn lookback(&self) -> usize {
        self.range.lookback() + 1
    }

    #[inline]
    fn block<const N: usize>(&mut self, [high, low]: [&[f64]; 2], [fisher, trigger]: [&mut [f64]; 2]) {
        let (mut mid, mut top, mut bottom) = ([0.0; N], [0.0; N], [0.0; N]);
        let n = high.len();
        let (mid, top, bottom) = (&mut mid[..n], &mut top[..n], &mut bottom[..n]);
        zip2(mid, high, low, |high, low| 0.5 * (high + low));
        self.range.follow(mid, mid, top, bottom);
        for i in 0..n {
            trigger[i] = self.value;
            if top[i].is_nan() {
                fisher[i] = f64::NAN;
                continue;
            }
            let range = top[i] - bottom[i];
            let now = if range > 0.0 { (mid[i] - bottom[i]) / range - 0.5 } else { 0.0 };
            self.position = (0.66 * now + 0.67 * self.position).clamp(-0.999, 0.999);
            let before = if self.value.is_nan() { 0.0 } else { self.value };
            self.value = 0.5 * libm::log((1.0 + self.position) / (1.0 - self.position)) + 0.5 * before;
            fisher[i] = self.value;
        }
        start_with(trigger, &mut [fisher]);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.range.visit(state);
        state.number(&mut self.position);
        state.number(&mut self.value);
    }
}

pub(super) const ENTRIES: &[Description] = &[
    Description {
        name: "stoch",
        title: "Slow stochastics",
        inputs: &["high", "low", "close"],
        parameters: &[period_of("fast_k_period", 5), period_of("slow_k_period", 3), period_of("slow_d_period", 3)],
        outputs: &["slow_k", "slow_d"],
        first_row: "fast_k_period + slow_k_period + slow_d_period − 3",
        formula: "slow_k = SMA(100·(close − lowest low) ÷ (highest high − lowest low), slow_k_period), slow_d = SMA(slow_k, slow_d_period); 0 where there is no range",
        source: "G. Lane; TA-Lib STOCH with simple averages",
        make: |p| {
            Ok(Box::new(Streaming::new(Slow { position: Position::new(p.whole(0)), k: Mean::new(p.whole(1)), d: Mean::new(p.whole(2)) })))
        },
    },
    Description {
        name: "stochf",
        title: "Fast stochastics",
        inputs: &["high", "low", "close"],
        parameters: &[period_of("fast_k_period", 5), period_of("fast_d_period", 3)],
        outputs: &["fast_k", "fast_d"],
        first_row: "fast_k_period + fast_d_period − 2",
        formula: "fast_k = 100·(close − lowest low) ÷ (highest high − lowest low), fast_d = SMA(fast_k, fast_d_period); 0 where there is no range",
        source: "G. Lane; TA-Lib STOCHF with simple averages",
        make: |p| Ok(Box::new(Streaming::<_, 3, 2>::new(Fast::new(p.whole(0), p.whole(1))))),
    },
    Description {
        name: "stochrsi",
        title: "Stochastics of the relative strength index",
        inputs: &["close"],
        parameters: &[period(14), period_of("fast_k_period", 5), period_of("fast_d_period", 3)],
        outputs: &["fast_k", "fast_d"],
        first_row: "period + fast_k_period + fast_d_period − 2",
        formula: "stochf of RSI(close, period) as high, low and close",
        source: "T. Chande and S. Kroll (1994); TA-Lib STOCHRSI with simple averages",
        make: |p| {
            Ok(Box::new(Streaming::new(OfStrength { strength: Strength::index(p.whole(0)), fast: Fast::new(p.whole(1), p.whole(2)) })))
        },
    },
    Description {
        name: "willr",
        title: "Williams' %R",
        inputs: &["high", "low", "close"],
        parameters: &[period(14)],
        outputs: &["willr"],
        first_row: "period − 1",
        formula: "−100·(highest high − close) ÷ (highest high − lowest low); 0 where there is no range",
        source: "L. Williams; TA-Lib WILLR",
        make: |p| Ok(Box::new(Streaming::new(Williams(Range::new(p.whole(0)))))),
    },
    Description {
        name: "fisher",
        title: "Fisher transform",
        inputs: &["high", "low"],
        parameters: &[period(10)],
        outputs: &["fisher", "trigger"],
        first_row: "period",
        formula: "fisher = ½·ln((1 + v) ÷ (1 − v)) + ½·fisher[1], v = 0.66·(position of the mid-price in its range − ½) + 0.67·v[1] held within ±0.999; trigger = fisher[1]",
        source: "J. Ehlers (2002)",
        make: |p| Ok(Box::new(Streaming::new(Fisher { range: Range::new(p.whole(0)), position: 0.0, value: f64::NAN }))),
    },
];

const fn period_of(name: &'static str, default: u32) -> crate::indicators::catalog::Parameter {
    whole(name, default, 1)
}
