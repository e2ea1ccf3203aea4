//! Risk of the last `period` returns of a price: Sharpe, Sortino, value at risk.

use super::order::Ordered;
use crate::indicators::average::line::{Composed, each_pair};
use crate::indicators::average::sums::{Sums, Terms};
use crate::indicators::catalog::{Description, Parameter, real, whole};
use crate::indicators::study::{State, Streaming, Study};

/// Return over a row; 0 where there is no quotient.
#[inline]
fn relative(now: f64, then: f64) -> f64 {
    if then == 0.0 { 0.0 } else { now / then - 1.0 }
}

/// An excess return, its square, and the square of a loss. Returns are small and near zero: they need no anchor.
#[derive(Clone, Debug)]
struct Excess;

impl Terms<2, 3> for Excess {
    const ANCHORED: bool = false;

    #[inline]
    fn of([excess, loss]: [f64; 2], _: f64) -> [f64; 3] {
        [excess, excess * excess, loss * loss]
    }
}

/// Reward to variability.
#[derive(Clone, Debug)]
struct Reward {
    last: [f64; 1],
    sums: Sums<Excess, 2, 3>,
    rate: f64,
    root_periods: f64,
    /// True to count the losses alone.
    is_downside: bool,
}

impl Reward {
    fn new(p: crate::indicators::catalog::Parameters<'_>, is_downside: bool) -> Self {
        let periods = p.real(2);
        Self { last: [f64::NAN], sums: Sums::new(p.whole(0)), rate: p.real(1) / periods, root_periods: periods.sqrt(), is_downside }
    }
}

impl Composed<1, 1> for Reward {
    fn lookback(&self) -> usize {
        self.sums.period()
    }

    #[inline]
    fn block<const N: usize>(&mut self, columns: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        let (mut excess, mut losses) = ([0.0; N], [0.0; N]);
        let (excess, losses) = (&mut excess[..out.len()], &mut losses[..out.len()]);
        let rate = self.rate;
        each_pair(&mut self.last, columns, |i, [now], [then]| {
            excess[i] = relative(now, then) - rate;
            losses[i] = if excess[i] < 0.0 { excess[i] } else { 0.0 };
        });
        let (n, root_periods, is_downside) = (self.sums.period() as f64, self.root_periods, self.is_downside);
        out.fill(f64::NAN);
        self.sums.take([excess, losses], |row, t| {
            let [sum, squares, losses] = t.sums;
            let mean = sum / n;
            let variance = if is_downside { losses / n } else { (squares - sum * mean) / (n - 1.0) };
            // What is left of a flat series' variance by rounding is none.
            out[row] = if variance > 1e-15 * (squares / n) { root_periods * (mean / variance.sqrt()) } else { 0.0 };
        });
    }

    fn visit(&mut self, state: &mut State<'_>) {
        state.numbers(&mut self.last);
        self.sums.visit(state);
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
