//! The candlestick patterns of TA-Lib, under its names: 100 where a bullish one ends, −100 where a bearish one does, else 0.
//!
//! Which way a pattern points is its classical meaning (Nison 1991, Bulkowski 2008), as TA-Lib has it; the trend before it is for the
//! caller to look at. Engulfing and harami give ±80 where one end of the bodies is the same, hikkake ±200 where it is confirmed.

mod candle;
mod five;
mod hikkake;
mod one;
mod three;
mod two;

use super::catalog::{Description, Parameters, real};
use super::study::{Indicator, State, Streaming, Study};
use super::wide::wide;
use crate::types::Result;
use candle::{Block, HISTORY, Last, ROWS, Setting};

/// The indicators of the family.
pub(super) const FAMILY: &[&[Description]] = &[one::ENTRIES, two::ENTRIES, three::ENTRIES, five::ENTRIES, hikkake::ENTRIES];

/// A pattern: what its averages are and how it is seen, in a block of rows and at the last of a series.
#[derive(Clone, Copy, Debug)]
struct Rule {
    /// Rows before the first that can be judged.
    lookback: usize,
    settings: &'static [Setting],
    /// What each candle of the block completes; the number is the penetration where the pattern has one.
    find_all: fn(&Block, f64, &mut [f64; ROWS]),
    /// What the last candle completes.
    find_last: fn(&Last<'_>, f64) -> f64,
}

/// The rule that `$find`, generic over the candle, is seen by.
macro_rules! rule {
    ($lookback:literal, [$($setting:expr),*], $find:ident) => {
        Rule {
            lookback: $lookback,
            settings: &[$($setting),*],
            find_all: |block, penetration, out| {
                $crate::indicators::wide::wide(|| {
                    for (row, y) in out.iter_mut().enumerate() {
                        *y = $find(&$crate::indicators::pattern::candle::InBlock { block, row }, penetration);
                    }
                });
            },
            find_last: |last, penetration| $find(last, penetration),
        }
    };
}
use rule;

/// A pattern over a series.
#[derive(Clone, Debug)]
struct Pattern {
    rule: Rule,
    penetration: f64,
    /// The last candles, oldest first, up to twice [`HISTORY`] so that they need moving only now and then.
    last: [Vec<f64>; 4],
}

impl Pattern {
    fn new(rule: Rule, penetration: f64) -> Self {
        Self { rule, penetration, last: std::array::from_fn(|_| Vec::with_capacity(2 * HISTORY)) }
    }

    fn columns(&self) -> [&[f64]; 4] {
        self.last.each_ref().map(Vec::as_slice)
    }

    /// Keep the candle, and no more of the older ones than are needed.
    fn keep(&mut self, row: [f64; 4]) {
        for (column, value) in self.last.iter_mut().zip(row) {
            if column.len() == 2 * HISTORY {
                column.drain(..HISTORY);
            }
            column.push(value);
        }
    }
}

impl Study<4, 1> for Pattern {
    fn lookback(&self) -> usize {
        self.rule.lookback
    }

    fn step(&mut self, row: [f64; 4]) -> [f64; 1] {
        self.keep(row);
        let columns = self.columns();
        [if columns[0].len() <= self.rule.lookback { f64::NAN } else { (self.rule.find_last)(&Last(columns), self.penetration) }]
    }

    fn run(&mut self, columns: [&[f64]; 4], [out]: [&mut [f64]; 1]) {
        // The first rows need candles from before; the others find all that they need in the columns.
        let head = out.len().min(HISTORY);
        for (row, y) in out[..head].iter_mut().enumerate() {
            [*y] = self.step(columns.map(|c| c[row]));
        }
        let Rule { settings, find_all, .. } = self.rule;
        let mut block = Block::new();
        let mut found = [0.0; ROWS];
        for start in (head..out.len()).step_by(ROWS) {
            let end = out.len().min(start + ROWS);
            wide(|| block.fill(columns, settings, start, end));
            if let Ok(whole) = (&mut out[start..end]).try_into() {
                find_all(&block, self.penetration, whole);
            } else {
                find_all(&block, self.penetration, &mut found);
                out[start..end].copy_from_slice(&found[..end - start]);
            }
        }
        for row in head.max(out.len().saturating_sub(HISTORY))..out.len() {
            self.keep(columns.map(|c| c[row]));
        }
    }

    fn visit(&mut self, state: &mut State<'_>) {
        let mut rows = self.last[0].len();
        state.count(&mut rows, 2 * HISTORY);
        for column in &mut self.last {
            state.list(column, 2 * HISTORY);
        }
        state.check(self.last.iter().all(|c| c.len() == rows));
    }
}

fn made(rule: Rule, penetration: f64) -> Box<dyn Indicator> {
    Box::new(Streaming::new(Pattern::new(rule, penetration)))
}

/// The entry of a pattern without parameters.
const fn entry(
    name: &'static str,
    title: &'static str,
    first_row: &'static str,
    formula: &'static str,
    make: fn(Parameters<'_>) -> Result<Box<dyn Indicator>>,
) -> Description {
    Description {
        name,
        title,
        inputs: &["open", "high", "low", "close"],
        parameters: &[],
        outputs: &["pattern"],
        first_row,
        formula,
        source: "TA-Lib, with its default candle settings",
        make,
    }
}

/// How far into the first candle's body the last one must close, as a fraction of it.
const fn penetration(default: f64) -> super::catalog::Parameter {
    real("penetration", default, 0.0, 100.0)
}

/// 100 × `way` where the pattern `is_there`, else 0.
#[inline]
fn when(is_there: bool, way: f64) -> f64 {
    if is_there { 100.0 * way } else { 0.0 }
}
