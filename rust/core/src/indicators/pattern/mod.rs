//! The candlestick patterns of TA-Lib, under its names: 100 where a bullish one ends, −100 where a bearish one does, else 0.
//!
//! Which way a pattern points is its classical meaning (Nison 1991, Bulkowski 2008), as TA-Lib has it; the trend before it is for the
//! caller to look at. Engulfing and harami give ±80 where one end of the bodies is the same, hikkake ±200 where it is confirmed.

// What a pattern is made of must be compiled into the loop over a block, for the registers that the loop is compiled for.
#![allow(clippy::inline_always)]

mod block;
mod candle;
mod five;
mod hikkake;
mod one;
mod rule;
mod three;
mod two;

use super::catalog::{Description, Parameters, real};
use super::study::{Indicator, State, Streaming, Study, step_each};
use super::window::all_sound;
use crate::types::Result;
use block::{Column, ROWS, Scratch, WIDTH};
use candle::{HISTORY, Last};
use rule::{Rule, rule};

/// The indicators of the family.
pub(super) const FAMILY: &[&[Description]] = &[one::ENTRIES, two::ENTRIES, three::ENTRIES, five::ENTRIES, hikkake::ENTRIES];

/// The last candles, by column.
#[derive(Clone, Debug)]
struct Recent {
    /// Those up to `end` are the last [`HISTORY`]; there is room for as many again, so that they need moving only now and then.
    columns: [[f64; 2 * HISTORY]; 4],
    end: usize,
    /// Candles taken, up to [`HISTORY`].
    seen: usize,
}

impl Recent {
    const fn new() -> Self {
        Self { columns: [[0.0; 2 * HISTORY]; 4], end: HISTORY, seen: 0 }
    }

    #[inline]
    fn push(&mut self, row: [f64; 4]) {
        if self.end == 2 * HISTORY {
            self.settle();
        }
        for (column, value) in self.columns.iter_mut().zip(row) {
            column[self.end] = value;
        }
        self.end += 1;
        self.seen = (self.seen + 1).min(HISTORY);
    }

    /// Take in candles, oldest first.
    fn extend(&mut self, columns: [&[f64]; 4]) {
        let rows = columns[0].len();
        for row in rows.saturating_sub(HISTORY)..rows {
            self.push(columns.map(|c| c[row]));
        }
    }

    /// Move the last candles to the front.
    fn settle(&mut self) {
        for column in &mut self.columns {
            column.copy_within(self.end - HISTORY..self.end, 0);
        }
        self.end = HISTORY;
    }

    /// The last candles by column, zeros before the first of a short series.
    #[inline]
    fn last(&self) -> [&[f64; HISTORY]; 4] {
        const NONE: [f64; HISTORY] = [0.0; HISTORY];
        self.columns.each_ref().map(|column| column[..self.end].last_chunk().unwrap_or(&NONE))
    }
}

/// Candles taken together from where they lie in pieces: [`HISTORY`] of them, and then up to [`ROWS`].
fn join(to: &mut [Column; 4], history: [&[f64]; 4], rows: [&[f64]; 4]) {
    for ((to, history), rows) in to.iter_mut().zip(history).zip(rows) {
        let (front, back) = to.split_at_mut(HISTORY);
        front.copy_from_slice(history);
        back[..rows.len()].copy_from_slice(rows);
    }
}

/// The rows of a block from `start`, and those before it.
fn block_at(column: &[f64], start: usize) -> Option<&Column> {
    column[start.checked_sub(HISTORY)?..].first_chunk()
}

/// A pattern over a series.
#[derive(Clone, Debug)]
struct Pattern {
    rule: Rule,
    penetration: f64,
    recent: Recent,
}

impl Pattern {
    const fn new(rule: Rule, penetration: f64) -> Self {
        Self { rule, penetration, recent: Recent::new() }
    }

    /// [`Study::run`], by blocks; with `LOOK`, false when there is a value that is not finite, and then nothing but `out` is changed.
    fn run_blocks<const LOOK: bool>(&mut self, columns: [&[f64]; 4], out: &mut [f64]) -> bool {
        let rows = out.len();
        let mut scratch = Scratch::new();
        let mut joined = [[0.0; WIDTH]; 4];
        let mut found = [0.0; ROWS];
        for start in (0..rows).step_by(ROWS) {
            let end = rows.min(start + ROWS);
            // Most blocks are judged where they lie; the first, and one that is not whole, in a copy.
            let here = if let [Some(open), Some(high), Some(low), Some(close)] = columns.map(|c| block_at(c, start)) {
                [open, high, low, close]
            } else {
                let history = match start.checked_sub(HISTORY) {
                    Some(from) => columns.map(|c| &c[from..start]),
                    None => self.recent.last().map(<[f64; HISTORY]>::as_slice),
                };
                join(&mut joined, history, columns.map(|c| &c[start..end]));
                joined.each_ref()
            };
            if let Ok(whole) = (&mut out[start..end]).try_into() {
                self.rule.judge(here, self.penetration, &mut scratch, whole);
            } else {
                self.rule.judge(here, self.penetration, &mut scratch, &mut found);
                out[start..end].copy_from_slice(&found[..end - start]);
            }
        }
        if LOOK && !scratch.soundness.holds() {
            return false;
        }
        let cold = self.rule.lookback.saturating_sub(self.recent.seen).min(rows);
        out[..cold].fill(f64::NAN);
        self.recent.extend(columns);
        true
    }
}

impl Study<4, 1> for Pattern {
    fn lookback(&self) -> usize {
        self.rule.lookback
    }

    fn step(&mut self, row: [f64; 4]) -> [f64; 1] {
        self.recent.push(row);
        if self.recent.seen <= self.rule.lookback {
            return [f64::NAN];
        }
        [(self.rule.find_last)(&Last(self.recent.last()), self.penetration)]
    }

    fn run(&mut self, columns: [&[f64]; 4], [out]: [&mut [f64]; 1]) {
        if out.len() < HISTORY {
            return step_each(self, columns, [out]);
        }
        self.run_blocks::<false>(columns, out);
    }

    fn run_if_sound(&mut self, columns: [&[f64]; 4], [out]: [&mut [f64]; 1], not_negative: u8) -> bool {
        if out.len() >= HISTORY && not_negative == 0 {
            return self.run_blocks::<true>(columns, out);
        }
        let is_sound = all_sound(columns, not_negative);
        if is_sound {
            self.run(columns, [out]);
        }
        is_sound
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.recent.settle();
        state.count(&mut self.recent.seen, HISTORY);
        for column in &mut self.recent.columns {
            state.numbers(&mut column[..HISTORY]);
        }
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
#[inline(always)]
fn when(is_there: bool, way: f64) -> f64 {
    if is_there { 100.0 * way } else { 0.0 }
}
