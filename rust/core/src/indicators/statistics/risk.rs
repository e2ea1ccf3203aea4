//! Risk of the last `period` returns of a price: Sharpe, Sortino, value at risk.

use super::order::Ordered;
use crate::indicators::average::line::{Composed, Line, Mean, each_pair};
use crate::indicators::catalog::{Description, Parameter, real, whole};
use crate::indicators::doubling::{Moving, Spread};
use crate::indicators::study::{State, Streaming, Study};

/// Return over a row; 0 where there is no quotient.
#[inline]
fn relative(now: f64, then: f64) -> f64 {
    if then == 0.0 { 0.0 } else { now / then - 1.0 }
}

/// Reward to variability.
#[derive(Clone, Debug)]
struct Reward {
    last: [f64; 1],
    excess: Moving<Spread, 2>,
    /// Mean square of the losses.
    losses: Mean,
    rate: f64,
    root_periods: f64,
    /// True to count the losses alone.
    is_downside: bool,
}

impl Reward {
    fn new(p: crate::indicators::catalog::Parameters<'_>, is_downside: bool) -> Self {
        let periods = p.real(2);
        Self {
            last: [f64::NAN],
            excess: Moving::new(p.whole(0)),
            losses: Mean::new(p.whole(0)),
            rate: p.real(1) / periods,
            root_periods: periods.sqrt(),
            is_downside,
        }
    }
}

impl Composed<1, 1> for Reward {
    fn lookback(&self) -> usize {
        self.excess.period()
    }

    #[inline]
    fn block<const N: usize>(&mut self, columns: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        let (mut excess, mut losses) = ([0.0; N], [0.0; N]);
        let (excess, losses) = (&mut excess[..out.len()], &mut losses[..out.len()]);
        // The first row has no return.
        let first = usize::from(self.last[0].is_nan()).min(out.len());
        let rate = self.rate;
        each_pair(&mut self.last, columns, |i, [now], [then]| {
            excess[i] = relative(now, then) - rate;
            losses[i] = if excess[i] < 0.0 { excess[i] * excess[i] } else { 0.0 };
        });
        let (excess, losses) = (&excess[first..], &losses[first..]);
        let (early, out) = out.split_at_mut(first);
        early.fill(f64::NAN);
        let n = self.excess.period() as f64;
        let (root_periods, is_downside) = (self.root_periods, self.is_downside);
        // What is left of a flat series' variance by rounding is none.
        let reward = |mean: f64, variance: f64| {
            if variance > 1e-15 * (mean * mean + variance) { root_periods * (mean / variance.sqrt()) } else { 0.0 }
        };
        if let ([excess], [loss], [y]) = (excess, losses, &mut *out) {
            let (window, losses) = (self.excess.push([*excess, 0.0]), self.losses.step(*loss));
            *y = window.map_or(f64::NAN, |[mean, squares]| reward(mean, if is_downside { losses } else { squares / (n - 1.0) }));
            return;
        }
        self.losses.run(losses, out);
        self.excess.extend([excess], |start, [means, squares]| {
            for ((y, &mean), &squares) in out[start..].iter_mut().zip(means).zip(squares) {
                let value = reward(mean, if is_downside { *y } else { squares / (n - 1.0) });
                *y = if mean.is_nan() { f64::NAN } else { value };
            }
        });
    }

    fn visit(&mut self, state: &mut State<'_>) {
        state.numbers(&mut self.last);
        self.excess.visit(state);
        Line::visit(&mut self.losses, state);
    }
}

/// The loss that a share of the returns does not go beyond.
#[derive(Clone, Debug)]
struct AtRisk {
    returns: Ordered,
    last: f64,
    tail: f64,
}

impl Study<1, 1> for AtRisk {
    fn lookback(&self) -> usize {
        self.returns.period()
    }

    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        let last = std::mem::replace(&mut self.last, x);
        if last.is_nan() {
            return [f64::NAN];
        }
        self.returns.push(relative(x, last));
        [if self.returns.is_full() { -self.returns.quantile(self.tail) } else { f64::NAN }]
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.returns.visit(state);
        state.number(&mut self.last);
    }
}

/// A yearly rate, and rows in a year.
const RATE: Parameter = real("risk_free", 0.0, -1.0, 10.0);
const ROWS_A_YEAR: Parameter = real("rows_per_year", 252.0, 1e-3, 1e9);

pub(super) const ENTRIES: &[Description] = &[
    Description {
        name: "rolling_sharpe",
        title: "Rolling Sharpe ratio",
        inputs: &["close"],
        parameters: &[whole("period", 30, 2), RATE, ROWS_A_YEAR],
        outputs: &["sharpe"],
        first_row: "period",
        formula: "√rows_per_year·mean ÷ standard deviation (of a sample) of period returns less risk_free ÷ rows_per_year; return = close ÷ close[1] − 1; 0 where nothing moves",
        source: "W. Sharpe (1994)",
        make: |p| Ok(Box::new(Streaming::new(Reward::new(p, false)))),
    },
    Description {
        name: "rolling_sortino",
        title: "Rolling Sortino ratio",
        inputs: &["close"],
        parameters: &[whole("period", 30, 2), RATE, ROWS_A_YEAR],
        outputs: &["sortino"],
        first_row: "period",
        formula: "√rows_per_year·mean ÷ √(Σ min(r, 0)² ÷ period) of r, period returns less risk_free ÷ rows_per_year; 0 where nothing fell",
        source: "F. Sortino and L. Price (1994)",
        make: |p| Ok(Box::new(Streaming::new(Reward::new(p, true)))),
    },
    Description {
        name: "rolling_value_at_risk",
        title: "Rolling value at risk",
        inputs: &["close"],
        parameters: &[whole("period", 100, 2), real("confidence", 0.95, 0.0, 1.0)],
        outputs: &["value_at_risk"],
        first_row: "period",
        formula: "−quantile(1 − confidence) of period returns, linear between two: the loss, a positive share, not gone beyond",
        source: "historical simulation, P. Jorion (1997)",
        make: |p| Ok(Box::new(Streaming::new(AtRisk { returns: Ordered::new(p.whole(0)), last: f64::NAN, tail: 1.0 - p.real(1) }))),
    },
];
