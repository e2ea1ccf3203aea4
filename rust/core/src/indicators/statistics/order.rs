//! Statistics of order: median, quantile, rank.

use crate::indicators::average::line::{Composed, History, Silence};
use crate::indicators::catalog::{Description, period, real};
use crate::indicators::study::{State, Streaming, Study};

/// The last `period` values, sorted. Cost of a value: O(log period) comparisons, and one move of the values between the place
/// of the one that leaves and the place of the one that comes.
#[derive(Clone, Debug)]
pub(in crate::indicators) struct Ordered {
    period: usize,
    /// By time; the oldest at `at` once full.
    ring: Vec<f64>,
    at: usize,
    /// By size.
    sorted: Vec<f64>,
}

impl Ordered {
    pub(in crate::indicators) fn new(period: usize) -> Self {
        Self { period, ring: Vec::new(), at: 0, sorted: Vec::new() }
    }

    /// Values in a full window.
    pub(in crate::indicators) fn period(&self) -> usize {
        self.period
    }

    /// True once there are as many.
    pub(in crate::indicators) fn is_full(&self) -> bool {
        self.ring.len() == self.period
    }

    /// How many are less than `x`.
    #[inline]
    pub(in crate::indicators) fn below(&self, x: f64) -> usize {
        self.sorted.partition_point(|&y| y < x)
    }

    /// Take one value; the oldest leaves a full window.
    #[inline]
    pub(in crate::indicators) fn push(&mut self, x: f64) {
        let to = self.below(x);
        if self.ring.len() < self.period {
            self.ring.push(x);
            self.sorted.insert(to, x);
            return;
        }
        let old = std::mem::replace(&mut self.ring[self.at], x);
        self.at = if self.at + 1 == self.period { 0 } else { self.at + 1 };
        let from = self.below(old);
        if from < to {
            self.sorted.copy_within(from + 1..to, from);
            self.sorted[to - 1] = x;
        } else {
            self.sorted.copy_within(to..from, to + 1);
            self.sorted[to] = x;
        }
    }

    /// The value that a share `q` of the window lies below, linear between two.
    #[inline]
    pub(in crate::indicators) fn quantile(&self, q: f64) -> f64 {
        let place = q * (self.sorted.len() - 1) as f64;
        let below = place as usize;
        let low = self.sorted[below];
        match self.sorted.get(below + 1) {
            Some(high) => low + (high - low) * (place - below as f64),
            None => low,
        }
    }

    pub(in crate::indicators) fn visit(&mut self, state: &mut State<'_>) {
        let last = self.period - 1;
        state.list(&mut self.ring, self.period);
        state.list(&mut self.sorted, self.period);
        state.count(&mut self.at, last);
        state.check(self.ring.len() == self.sorted.len());
    }
}

/// A quantile of the last values.
#[derive(Clone, Debug)]
struct Quantile {
    window: Ordered,
    q: f64,
}

impl Study<1, 1> for Quantile {
    fn lookback(&self) -> usize {
        self.window.period() - 1
    }

    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        self.window.push(x);
        [if self.window.is_full() { self.window.quantile(self.q) } else { f64::NAN }]
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.window.visit(state);
    }
}

/// How many of the values before are below this one.
#[derive(Clone, Debug)]
struct Rank {
    history: History,
    silence: Silence,
}

impl Composed<1, 1> for Rank {
    fn lookback(&self) -> usize {
        self.history.kept()
    }

    #[inline]
    fn block<const N: usize>(&mut self, [xs]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        let n = self.history.kept();
        let joined = self.history.push(xs);
        for ((y, before), x) in out.iter_mut().zip(joined.windows(n)).zip(xs) {
            // Counted one by one: several comparisons an instruction are faster here than a search.
            *y = 100.0 * before.iter().fold(0_u64, |below, y| below + u64::from(y < x)) as f64 / n as f64;
        }
        self.silence.over(out);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.history.visit(state);
        self.silence.visit(state);
    }
}

pub(super) const ENTRIES: &[Description] = &[
    Description {
        name: "rolling_median",
        title: "Rolling median",
        inputs: &["close"],
        parameters: &[period(30)],
        outputs: &["median"],
        first_row: "period − 1",
        formula: "middle value of period rows, mean of the middle two where period is even",
        source: "definition; as pandas",
        make: |p| Ok(Box::new(Streaming::new(Quantile { window: Ordered::new(p.whole(0)), q: 0.5 }))),
    },
    Description {
        name: "rolling_quantile",
        title: "Rolling quantile",
        inputs: &["close"],
        parameters: &[period(30), real("quantile", 0.5, 0.0, 1.0)],
        outputs: &["quantile"],
        first_row: "period − 1",
        formula: "value at place quantile·(period − 1) of period rows sorted, linear between two",
        source: "R. Hyndman and Y. Fan (1996), type 7; as numpy and pandas",
        make: |p| Ok(Box::new(Streaming::new(Quantile { window: Ordered::new(p.whole(0)), q: p.real(1) }))),
    },
    Description {
        name: "percent_rank",
        title: "Percent rank",
        inputs: &["close"],
        parameters: &[period(100)],
        outputs: &["percent_rank"],
        first_row: "period",
        formula: "percent of the period values before that are below this one",
        source: "TA-Lib PERCENTRANK",
        make: |p| {
            let period = p.whole(0);
            Ok(Box::new(Streaming::new(Rank { history: History::new(period), silence: Silence::new(period) })))
        },
    },
];
