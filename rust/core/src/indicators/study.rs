//! What an indicator is made of: [`Study`], the arithmetic; [`Streaming`], which adds what all indicators share; and
//! [`Indicator`], the same behind one object-safe face, as the catalogue builds it.
//!
//! A `Study` sees finite rows alone and knows nothing of missing values, of the last value or of how it is stored: `Streaming`
//! does all that, once. `step` is the definition; `run` may schedule the same operations otherwise for throughput, to the same last bit.

use super::panel::{Axis, panel};
use super::window::all_sound;
use crate::types::{Error, Result};
use std::fmt::Debug;

/// Rows checked for missing values and then worked on, while they are in the cache; more where the look-back is long, since
/// moving windows work by whole blocks of their period.
const CHUNK_ROWS: usize = 4096;
const CHUNK_LOOKBACKS: usize = 64;

/// Most inputs, and most outputs, that an indicator in the catalogue has.
pub const COLUMNS_MAX: usize = 16;

/// The arithmetic of an indicator with `I` inputs and `O` outputs.
pub trait Study<const I: usize, const O: usize>: Clone + Debug + Send + Sync + 'static {
    /// Rows before the one with the first full value.
    fn lookback(&self) -> usize;

    /// Take one row, all finite; the outputs, each NaN where there is none yet.
    fn step(&mut self, row: [f64; I]) -> [f64; O];

    /// As [`Self::step`] for each row of columns of one length, all finite, equal to the last bit.
    fn run(&mut self, columns: [&[f64]; I], out: [&mut [f64]; O]) {
        step_each(self, columns, out);
    }

    /// As [`Self::run`] of rows which may have a value that counts as missing: one that is not finite, or below zero in the
    /// inputs whose bit is set in `not_negative`. Where there is one: false, and nothing is changed but `out`. A study whose
    /// rows are first worked on one by one looks while it does, so that the columns are read from memory once.
    fn run_if_sound(&mut self, columns: [&[f64]; I], out: [&mut [f64]; O], not_negative: u8) -> bool {
        let is_sound = all_sound(columns, not_negative);
        if is_sound {
            self.run(columns, out);
        }
        is_sound
    }

    /// As [`Self::run`] of a fresh study over each of `series` series that stand side by side in panels, a row of all of them after the
    /// other, equal to the last bit. False where that is not to be had: a value counts as missing, the series are few, or the study has no
    /// such form; then what is in `out` is of no worth.
    fn run_beside(&self, columns: [&[f64]; I], series: usize, out: [&mut [f64]; O]) -> bool {
        let _ = (columns, series, out);
        false
    }

    /// Show `state` every field that later values depend on, always in the same order: it saves them or puts them back.
    fn visit(&mut self, state: &mut State<'_>);
}

/// [`Study::run`] by [`Study::step`], row by row.
#[inline]
pub fn step_each<S: Study<I, O>, const I: usize, const O: usize>(study: &mut S, columns: [&[f64]; I], mut out: [&mut [f64]; O]) {
    let rows = columns.first().map_or(0, |c| c.len());
    // Slices of one known length, so that the loop needs no bounds checks.
    let columns = columns.map(|c| &c[..rows]);
    for column in &mut out {
        *column = &mut std::mem::take(column)[..rows];
    }
    for row in 0..rows {
        let values = study.step(columns.map(|c| c[row]));
        for (column, value) in out.iter_mut().zip(values) {
            column[row] = value;
        }
    }
}

/// A state being saved to numbers, or put back from them.
#[derive(Debug)]
pub struct State<'a> {
    way: Way<'a>,
    fits: bool,
}

#[derive(Debug)]
enum Way<'a> {
    Save(&'a mut Vec<f64>),
    Load(&'a [f64]),
}

impl<'a> State<'a> {
    fn saving(to: &'a mut Vec<f64>) -> Self {
        Self { way: Way::Save(to), fits: true }
    }

    fn loading(from: &'a [f64]) -> Self {
        Self { way: Way::Load(from), fits: true }
    }

    /// A number.
    pub fn number(&mut self, x: &mut f64) {
        match &mut self.way {
            Way::Save(to) => to.push(*x),
            Way::Load(from) => match from.split_first() {
                Some((&first, rest)) => (*x, *from) = (first, rest),
                None => self.fits = false,
            },
        }
    }

    /// Numbers, as many as there are.
    pub fn numbers(&mut self, xs: &mut [f64]) {
        for x in xs {
            self.number(x);
        }
    }

    /// A count or an index, at most `max`.
    pub fn count(&mut self, n: &mut usize, max: usize) {
        let mut x = *n as f64;
        self.number(&mut x);
        if (0.0..=max as f64).contains(&x) && x.fract() == 0.0 {
            *n = x as usize;
        } else {
            self.fits = false;
        }
    }

    /// A yes or no.
    pub fn flag(&mut self, flag: &mut bool) {
        let mut n = usize::from(*flag);
        self.count(&mut n, 1);
        *flag = n == 1;
    }

    /// A growing list of at most `max` numbers.
    pub fn list(&mut self, xs: &mut Vec<f64>, max: usize) {
        let mut n = xs.len();
        self.count(&mut n, max);
        if self.fits && matches!(&self.way, Way::Load(from) if from.len() < n) {
            self.fits = false;
        }
        if self.fits {
            xs.resize(n, 0.0);
            self.numbers(xs);
        }
    }

    /// Say that what was put back cannot be a state, when `holds` is false.
    pub fn check(&mut self, holds: bool) {
        self.fits &= holds;
    }
}

/// A [`Study`] with missing values, the last value and storage taken care of.
///
/// A row with a value that is not finite gives NaN and changes nothing, as if it were not there.
#[derive(Clone, Debug)]
pub struct Streaming<S, const I: usize, const O: usize> {
    study: S,
    fresh: S,
    value: [f64; O],
    /// Rows taken, up to one more than the look-back.
    seen: usize,
    /// The inputs which a negative number is as bad as a missing one for, as bits: volumes.
    not_negative: u8,
}

impl<S: Study<I, O>, const I: usize, const O: usize> Streaming<S, I, O> {
    /// Around a fresh `study`.
    pub fn new(study: S) -> Self {
        Self { fresh: study.clone(), study, value: [f64::NAN; O], seen: 0, not_negative: 0 }
    }

    /// The same, with a negative value of input `i` taken for a missing one.
    #[must_use]
    pub fn not_negative(mut self, i: usize) -> Self {
        self.not_negative |= 1 << i;
        self
    }

    /// The arithmetic.
    pub fn study(&self) -> &S {
        &self.study
    }

    #[inline]
    fn is_sound(&self, row: &[f64; I]) -> bool {
        // A sum of finite values may overflow; then the values are looked at one by one.
        (row.iter().sum::<f64>().is_finite() || row.iter().all(|x| x.is_finite()))
            && (self.not_negative == 0 || row.iter().enumerate().all(|(i, &x)| self.not_negative >> i & 1 == 0 || x >= 0.0))
    }

    /// Take one row; the outputs, NaN while warming up.
    #[inline]
    pub fn update(&mut self, row: [f64; I]) -> [f64; O] {
        if !self.is_sound(&row) {
            return [f64::NAN; O];
        }
        self.seen += usize::from(self.seen <= self.study.lookback());
        self.value = self.study.step(row);
        self.value
    }

    /// As [`Self::update`] for each row of columns of one length, into columns of the same length.
    pub fn extend(&mut self, columns: [&[f64]; I], mut out: [&mut [f64]; O]) -> Result<()> {
        let rows = columns.first().map_or(0, |c| c.len());
        if columns.iter().any(|c| c.len() != rows) || out.iter().any(|c| c.len() != rows) {
            let lengths = columns.iter().map(|c| c.len()).chain(out.iter().map(|c| c.len()));
            let lengths = lengths.map(|n| n.to_string()).collect::<Vec<_>>().join(", ");
            return Err(Error::data("columns", format!("have different lengths ({lengths}); give columns of one length")));
        }
        let chunk = self.rows_at_once(CHUNK_ROWS);
        for start in (0..rows).step_by(chunk) {
            self.extend_chunk(columns, &mut out, start, rows.min(start.saturating_add(chunk)));
        }
        Ok(())
    }

    /// As [`Study::run_beside`].
    pub(super) fn run_beside(&self, columns: [&[f64]; I], series: usize, out: [&mut [f64]; O]) -> bool {
        self.not_negative == 0 && self.fresh.run_beside(columns, series, out)
    }

    /// `rows`, or as many as a long look-back makes worth while.
    pub(super) fn rows_at_once(&self, rows: usize) -> usize {
        rows.max(self.study.lookback().saturating_mul(CHUNK_LOOKBACKS))
    }

    /// Rows `start..end`, cut into runs without missing values.
    fn extend_chunk(&mut self, columns: [&[f64]; I], out: &mut [&mut [f64]; O], start: usize, end: usize) {
        let parts = out.each_mut().map(|c| &mut c[start..end]);
        if self.study.run_if_sound(columns.map(|c| &c[start..end]), parts, self.not_negative) {
            return self.note_run(out, start, end);
        }
        let mut run = start;
        for row in start..end {
            if !self.is_sound(&columns.map(|c| c[row])) {
                self.take_run(columns, out, run, row);
                for column in &mut *out {
                    column[row] = f64::NAN;
                }
                run = row + 1;
            }
        }
        self.take_run(columns, out, run, end);
    }

    fn take_run(&mut self, columns: [&[f64]; I], out: &mut [&mut [f64]; O], start: usize, end: usize) {
        if start >= end {
            return;
        }
        self.study.run(columns.map(|c| &c[start..end]), out.each_mut().map(|c| &mut c[start..end]));
        self.note_run(out, start, end);
    }

    /// Rows `start..end`, at least one, have been worked on.
    fn note_run(&mut self, out: &[&mut [f64]; O], start: usize, end: usize) {
        self.value = out.each_ref().map(|c| c[end - 1]);
        self.seen = (self.seen + (end - start)).min(self.study.lookback() + 1);
    }

    /// The outputs of the last row that was not missing.
    #[inline]
    pub fn value(&self) -> [f64; O] {
        self.value
    }

    /// True once the look-back is behind.
    #[inline]
    pub fn ready(&self) -> bool {
        self.seen > self.study.lookback()
    }

    /// Forget everything but the parameters.
    pub fn reset(&mut self) {
        self.study.clone_from(&self.fresh);
        (self.value, self.seen) = ([f64::NAN; O], 0);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        state.numbers(&mut self.value);
        let lookback = self.study.lookback();
        state.count(&mut self.seen, lookback + 1);
        self.study.visit(state);
    }
}

/// An indicator with its state, whatever it is: rows in, rows out.
///
/// Inputs and outputs are in the order of its [`super::Description`]. Slices of other lengths than that are an error, never a panic.
pub trait Indicator: Debug + Send + Sync {
    /// Input columns.
    fn inputs(&self) -> usize;

    /// Output columns.
    fn outputs(&self) -> usize;

    /// Rows before the one with the first full value.
    fn lookback(&self) -> usize;

    /// Take one row and write its outputs, NaN while warming up or where an input is missing.
    fn update(&mut self, row: &[f64], out: &mut [f64]) -> Result<()>;

    /// As [`Self::update`] of the values in `places` of `row`.
    fn update_from(&mut self, row: &[f64], places: &[usize], out: &mut [f64]) -> Result<()>;

    /// As [`Self::update`] for each row of columns of one length, into columns of the same length.
    fn extend(&mut self, columns: &[&[f64]], out: &mut [&mut [f64]]) -> Result<()>;

    /// A fresh one over each series of panels of one `shape`, into panels of that shape; its own state stays out of it.
    fn panel(&self, columns: &[&[f64]], shape: [usize; 2], axis: Axis, out: &mut [&mut [f64]]) -> Result<()>;

    /// Write the outputs of the last row that was not missing.
    fn value(&self, out: &mut [f64]) -> Result<()>;

    /// True once the look-back is behind.
    fn ready(&self) -> bool;

    /// Forget everything but the parameters.
    fn reset(&mut self);

    /// Everything that later values depend on, as numbers.
    fn snapshot(&self) -> Vec<f64>;

    /// Take up a snapshot of an indicator with the same parameters; an error when it is not one, and then the state is as new.
    fn restore(&mut self, snapshot: &[f64]) -> Result<()>;

    /// A copy with its state.
    fn boxed_clone(&self) -> Box<dyn Indicator>;
}

impl Clone for Box<dyn Indicator> {
    fn clone(&self) -> Self {
        self.boxed_clone()
    }
}

fn array<T: Copy, const N: usize>(what: &'static str, slice: &[T]) -> Result<[T; N]> {
    slice.try_into().map_err(|_| Error::data(what, format!("are {} where the indicator has {N}", slice.len())))
}

impl<S: Study<I, O>, const I: usize, const O: usize> Indicator for Streaming<S, I, O> {
    fn inputs(&self) -> usize {
        I
    }

    fn outputs(&self) -> usize {
        O
    }

    fn lookback(&self) -> usize {
        self.study.lookback()
    }

    #[inline]
    fn update(&mut self, row: &[f64], out: &mut [f64]) -> Result<()> {
        let (Ok(row), Ok(out)) = (<&[f64; I]>::try_from(row), <&mut [f64; O]>::try_from(out)) else {
            return Err(Error::data("columns", format!("are not {I} in and {O} out")));
        };
        *out = Self::update(self, *row);
        Ok(())
    }

    #[inline]
    fn update_from(&mut self, row: &[f64], places: &[usize], out: &mut [f64]) -> Result<()> {
        let (Ok(places), Ok(out)) = (<&[usize; I]>::try_from(places), <&mut [f64; O]>::try_from(out)) else {
            return Err(Error::data("columns", format!("are not {I} in and {O} out")));
        };
        if places.iter().any(|&place| place >= row.len()) {
            return Err(Error::data("row", "is shorter than its places"));
        }
        *out = Self::update(self, places.map(|place| row[place]));
        Ok(())
    }

    fn extend(&mut self, columns: &[&[f64]], out: &mut [&mut [f64]]) -> Result<()> {
        let columns = array("inputs", columns)?;
        let found = out.len();
        let out: &mut [&mut [f64]; O] =
            out.try_into().map_err(|_| Error::data("outputs", format!("are {found} where the indicator has {O}")))?;
        Self::extend(self, columns, out.each_mut().map(|c| &mut **c))
    }

    fn panel(&self, columns: &[&[f64]], shape: [usize; 2], axis: Axis, out: &mut [&mut [f64]]) -> Result<()> {
        let columns = array("inputs", columns)?;
        let found = out.len();
        let out: &mut [&mut [f64]; O] =
            out.try_into().map_err(|_| Error::data("outputs", format!("are {found} where the indicator has {O}")))?;
        let mut fresh = self.clone();
        fresh.reset();
        panel(&fresh, columns, shape, axis, out.each_mut().map(|c| &mut **c))
    }

    fn value(&self, out: &mut [f64]) -> Result<()> {
        let found = out.len();
        let out: &mut [f64; O] = out.try_into().map_err(|_| Error::data("outputs", format!("are {found} where the indicator has {O}")))?;
        *out = self.value;
        Ok(())
    }

    fn ready(&self) -> bool {
        Self::ready(self)
    }

    fn reset(&mut self) {
        Self::reset(self);
    }

    fn snapshot(&self) -> Vec<f64> {
        let mut numbers = Vec::new();
        self.clone().visit(&mut State::saving(&mut numbers));
        numbers
    }

    fn restore(&mut self, snapshot: &[f64]) -> Result<()> {
        let mut state = State::loading(snapshot);
        self.visit(&mut state);
        if state.fits && matches!(state.way, Way::Load([])) {
            return Ok(());
        }
        self.reset();
        Err(Error::data("indicator snapshot", "does not fit; restore it into an indicator with the same parameters"))
    }

    fn boxed_clone(&self) -> Box<dyn Indicator> {
        Box::new(self.clone())
    }
}
