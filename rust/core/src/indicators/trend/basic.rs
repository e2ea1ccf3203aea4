//! Trend: Donchian channel.

use crate::indicators::catalog::{Description, period};
use crate::indicators::checked_period;
use crate::indicators::study::{State, Streaming, Study};
use crate::indicators::window::Extremes;
use crate::types::Result;

/// Donchian channel: the highest high and lowest low of the last `period` rows, the newest included, and their midpoint.
/// For a breakout rule compare with the row before, since no price can pass a channel that holds it.
#[derive(Clone, Debug)]
pub struct Donchian {
    extremes: Extremes,
}

#[inline]
fn channel([upper, negated_lower]: [f64; 2]) -> [f64; 3] {
    let lower = -negated_lower;
    [upper, (upper + lower) * 0.5, lower]
}

impl Donchian {
    /// A channel over `period` rows.
    pub fn new(period: usize) -> Result<Self> {
        Ok(Self { extremes: Extremes::new(checked_period("period", period)?) })
    }
}

impl Study<2, 3> for Donchian {
    fn lookback(&self) -> usize {
        self.extremes.period() - 1
    }

    #[inline]
    fn step(&mut self, [high, low]: [f64; 2]) -> [f64; 3] {
        self.extremes.update(high, low).map_or([f64::NAN; 3], channel)
    }

    fn run(&mut self, [high, low]: [&[f64]; 2], [upper, middle, lower]: [&mut [f64]; 3]) {
        let warm_up = self.extremes.rows_to_go().min(high.len());
        for column in [&mut *upper, &mut *middle, &mut *lower] {
            column[..warm_up].fill(f64::NAN);
        }
        self.extremes.extend(high, low, |row, run| {
            let lines = upper[row..].iter_mut().zip(&mut middle[row..]).zip(&mut lower[row..]);
            for (((upper, middle), lower), extremes) in lines.zip(run) {
                [*upper, *middle, *lower] = channel(*extremes);
            }
        });
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.extremes.visit(state);
    }
}

pub(super) const ENTRIES: &[Description] = &[Description {
    name: "donchian",
    title: "Donchian channel",
    inputs: &["high", "low"],
    parameters: &[period(20)],
    outputs: &["upper", "middle", "lower"],
    first_row: "period - 1",
    formula: "upper = highest high, lower = lowest low of the last period rows, the newest included; middle = their mean",
    source: "Donchian; TA-Lib MAX and MIN",
    make: |p| Ok(Box::new(Streaming::new(Donchian::new(p.whole(0))?))),
}];
