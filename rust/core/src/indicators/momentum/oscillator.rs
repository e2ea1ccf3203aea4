//! Differences of averages, and of a price from its average.

use crate::indicators::average::line::{Average, Before, Composed, Line, Mean, NEARLY_ZERO, each_pair, zip2};
use crate::indicators::average::smoothed::Cascade;
use crate::indicators::catalog::{Description, Parameter, Parameters, period, whole};
use crate::indicators::scratch::Columns;
use crate::indicators::study::{Indicator, State, Streaming, Study};
use crate::types::{Error, Result};

/// A fast average less a slow one.
#[derive(Clone, Debug)]
struct Spread {
    fast: Average,
    slow: Average,
    /// True for percent of the slow one.
    is_percent: bool,
}

impl Composed<1, 1> for Spread {
    fn lookback(&self) -> usize {
        self.slow.lookback()
    }

    #[inline]
    fn block<const N: usize>(&mut self, [xs]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        let mut slow = [0.0; N];
        let slow = &mut slow[..xs.len()];
        self.fast.follow(xs, out);
        self.slow.follow(xs, slow);
        if self.is_percent {
            // 0 where there is no quotient, as in TA-Lib.
            out.iter_mut().zip(slow).for_each(|(y, slow)| *y = if *slow == 0.0 { 0.0 } else { (*y - *slow) / *slow * 100.0 });
        } else {
            out.iter_mut().zip(slow).for_each(|(y, slow)| *y -= *slow);
        }
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.fast.visit(state);
        self.slow.visit(state);
    }
}

fn spread(p: Parameters<'_>, is_percent: bool) -> Result<Box<dyn Indicator>> {
    let (fast, slow, kind) = (p.whole(0), p.whole(1), p.whole(2));
    if fast >= slow {
        return Err(Error::config("fast_period", format!("{fast} is not below slow_period {slow}; give the shorter period first")));
    }
    Ok(Box::new(Streaming::new(Spread { fast: Average::new(kind, fast), slow: Average::new(kind, slow), is_percent })))
}

const AVERAGE: Parameter = Parameter { name: "average", default: 1.0, min: 0.0, max: 2.0, is_whole: true };

/// Fast less slow mean of the mid-price.
#[derive(Clone, Debug)]
struct Awesome {
    fast: Mean,
    slow: Mean,
}

impl Composed<2, 1> for Awesome {
    fn lookback(&self) -> usize {
        self.slow.lookback()
    }

    #[inline]
    fn block<const N: usize>(&mut self, [high, low]: [&[f64]; 2], [out]: [&mut [f64]; 1]) {
        let (mut mid, mut slow) = ([0.0; N], [0.0; N]);
        let (mid, slow) = (&mut mid[..high.len()], &mut slow[..high.len()]);
        zip2(mid, high, low, |high, low| 0.5 * (high + low));
        self.fast.follow(mid, out);
        self.slow.follow(mid, slow);
        out.iter_mut().zip(slow).for_each(|(y, slow)| *y -= *slow);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.fast.visit(state);
        self.slow.visit(state);
    }
}

/// The body of a bar in its range.
#[derive(Clone, Debug)]
struct Balance;

#[inline]
fn balance([open, high, low, close]: [f64; 4]) -> f64 {
    let range = high - low;
    let share = (close - open) / range;
    if range < NEARLY_ZERO { 0.0 } else { share }
}

impl Study<4, 1> for Balance {
    fn lookback(&self) -> usize {
        0
    }

    #[inline]
    fn step(&mut self, row: [f64; 4]) -> [f64; 1] {
        [balance(row)]
    }

    fn run(&mut self, [open, high, low, close]: [&[f64]; 4], [out]: [&mut [f64]; 1]) {
        for ((((y, &open), &high), &low), &close) in out.iter_mut().zip(open).zip(high).zip(low).zip(close) {
            *y = balance([open, high, low, close]);
        }
    }

    fn visit(&mut self, _: &mut State<'_>) {}
}

/// The rate of change of an average smoothed three times.
#[derive(Clone, Debug)]
struct Trix {
    smooth: Cascade<3>,
    last: [f64; 1],
}

impl Composed<1, 1> for Trix {
    fn lookback(&self) -> usize {
        self.smooth.lookback() + 1
    }

    #[inline]
    fn block<const N: usize>(&mut self, [xs]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        let mut lines = Columns::new(3, xs.len());
        let [_, _, a] = self.smooth.take(xs, lines.split());
        each_pair(&mut self.last, [a], |i, [now], [then]| out[i] = if then == 0.0 { 0.0 } else { (now / then - 1.0) * 100.0 });
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.smooth.visit(state);
        state.numbers(&mut self.last);
    }
}

/// A price of half a period ago less the mean.
#[derive(Clone, Debug)]
struct Detrended {
    before: Before,
    mean: Mean,
}

impl Composed<1, 1> for Detrended {
    fn lookback(&self) -> usize {
        self.before.lookback().max(self.mean.lookback())
    }

    #[inline]
    fn block<const N: usize>(&mut self, [xs]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        let mut means = [0.0; N];
        let means = &mut means[..xs.len()];
        self.before.follow(xs, out);
        self.mean.follow(xs, means);
        out.iter_mut().zip(means).for_each(|(y, mean)| *y -= *mean);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.before.visit(state);
        self.mean.visit(state);
    }
}

pub(super) const ENTRIES: &[Description] = &[
    Description {
        name: "apo",
        title: "Absolute price oscillator",
        inputs: &["close"],
        parameters: &[whole("fast_period", 12, 1), whole("slow_period", 26, 2), AVERAGE],
        outputs: &["apo"],
        first_row: "slow_period − 1",
        formula: "fast average − slow average of close; average 0 simple, 1 exponential, 2 weighted",
        source: "TA-Lib APO",
        make: |p| spread(p, false),
    },
    Description {
        name: "ppo",
        title: "Percentage price oscillator",
        inputs: &["close"],
        parameters: &[whole("fast_period", 12, 1), whole("slow_period", 26, 2), AVERAGE],
        outputs: &["ppo"],
        first_row: "slow_period − 1",
        formula: "100·(fast average − slow average) ÷ slow average of close; average 0 simple, 1 exponential, 2 weighted",
        source: "TA-Lib PPO",
        make: |p| spread(p, true),
    },
    Description {
        name: "ao",
        title: "Awesome oscillator",
        inputs: &["high", "low"],
        parameters: &[whole("fast_period", 5, 1), whole("slow_period", 34, 2)],
        outputs: &["ao"],
        first_row: "slow_period − 1",
        formula: "SMA(mid, fast_period) − SMA(mid, slow_period), mid = (high + low) ÷ 2",
        source: "B. Williams (1998); TA-Lib AO",
        make: |p| match (p.whole(0), p.whole(1)) {
            (fast, slow) if fast < slow => Ok(Box::new(Streaming::new(Awesome { fast: Mean::new(fast), slow: Mean::new(slow) }))),
            (fast, slow) => {
                Err(Error::config("fast_period", format!("{fast} is not below slow_period {slow}; give the shorter period first")))
            }
        },
    },
    Description {
        name: "bop",
        title: "Balance of power",
        inputs: &["open", "high", "low", "close"],
        parameters: &[],
        outputs: &["bop"],
        first_row: "0",
        formula: "(close − open) ÷ (high − low); 0 where there is no range",
        source: "I. Livshin (2001); TA-Lib BOP",
        make: |_| Ok(Box::new(Streaming::new(Balance))),
    },
    Description {
        name: "trix",
        title: "Rate of change of a triple exponential average",
        inputs: &["close"],
        parameters: &[period(30)],
        outputs: &["trix"],
        first_row: "3 × (period − 1) + 1",
        formula: "100·(e ÷ e[1] − 1), e = EMA(EMA(EMA(close))), each of period rows",
        source: "J. Hutson (1983); TA-Lib TRIX",
        make: |p| Ok(Box::new(Streaming::new(Trix { smooth: Cascade::new([p.whole(0); 3]), last: [f64::NAN] }))),
    },
    Description {
        name: "dpo",
        title: "Detrended price oscillator",
        inputs: &["close"],
        parameters: &[period(20)],
        outputs: &["dpo"],
        first_row: "max(period − 1, ⌊period ÷ 2⌋ + 1)",
        formula: "close[⌊period ÷ 2⌋ + 1] − SMA(close, period): no look ahead",
        source: "TA-Lib DPO",
        make: |p| {
            let period = p.whole(0);
            Ok(Box::new(Streaming::new(Detrended { before: Before::new(period / 2 + 1), mean: Mean::new(period) })))
        },
    },
];
