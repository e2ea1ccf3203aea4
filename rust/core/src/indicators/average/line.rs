//! The parts that indicators are put together from: [`Line`], one column in and one out, and [`Composed`], an indicator that is
//! written once over blocks of rows and steps with blocks of one.

use crate::indicators::doubling::{self, Moving, Tilt, Window};
use crate::indicators::smooth::{Smoother, Smoothers};
use crate::indicators::study::{State, Study};
use crate::indicators::window::Lag;
use std::fmt::Debug;

/// Rows in a block of a batch: intermediate columns stay in the first-level cache. Their size is 1 KiB past a multiple of 4 KiB,
/// so that columns beside each other do not look alike to the memory unit, which compares the low 12 bits of addresses.
pub(in crate::indicators) const ROWS: usize = 640;

/// What TA-Lib takes for zero.
pub(in crate::indicators) const NEARLY_ZERO: f64 = 1e-14;

/// True where TA-Lib sees no divisor.
#[inline]
pub(in crate::indicators) fn is_zero(x: f64) -> bool {
    x.abs() < NEARLY_ZERO
}

/// An indicator put together from others.
pub(in crate::indicators) trait Composed<const I: usize, const O: usize>:
    Clone + Debug + Send + Sync + 'static
{
    /// Rows before the one with the first full value.
    fn lookback(&self) -> usize;

    /// Take at most `N` rows, all finite.
    fn block<const N: usize>(&mut self, columns: [&[f64]; I], out: [&mut [f64]; O]);

    /// As [`Study::visit`].
    fn visit(&mut self, state: &mut State<'_>);
}

impl<S: Composed<I, O>, const I: usize, const O: usize> Study<I, O> for S {
    fn lookback(&self) -> usize {
        Composed::lookback(self)
    }

    #[inline]
    fn step(&mut self, row: [f64; I]) -> [f64; O] {
        let mut values = [[f64::NAN]; O];
        self.block::<1>(row.each_ref().map(std::slice::from_ref), values.each_mut().map(<[f64; 1]>::as_mut_slice));
        values.map(|[value]| value)
    }

    fn run(&mut self, columns: [&[f64]; I], mut out: [&mut [f64]; O]) {
        let rows = columns.first().map_or(0, |c| c.len());
        for start in (0..rows).step_by(ROWS) {
            let end = rows.min(start + ROWS);
            self.block::<ROWS>(columns.map(|c| &c[start..end]), out.each_mut().map(|c| &mut c[start..end]));
        }
    }

    fn visit(&mut self, state: &mut State<'_>) {
        Composed::visit(self, state);
    }
}

/// One column in, one out. What is not finite before the first value, as where another line has none yet, is passed over and gives NaN.
pub(in crate::indicators) trait Line: Clone + Debug + Send + Sync + 'static {
    /// Values before the one with the first value.
    fn lookback(&self) -> usize;

    /// Take one finite value.
    fn step(&mut self, x: f64) -> f64;

    /// As [`Self::step`] for each of `xs`, all finite, equal to the last bit.
    fn run(&mut self, xs: &[f64], out: &mut [f64]) {
        for (&x, y) in xs.iter().zip(out) {
            *y = self.step(x);
        }
    }

    /// As [`Study::visit`].
    fn visit(&mut self, state: &mut State<'_>);

    /// `rows` rows go by without a value.
    #[inline]
    fn skip(&mut self, rows: usize) {
        let _ = rows;
    }

    /// Take one value, finite or not.
    #[inline]
    fn next(&mut self, x: f64) -> f64 {
        if x.is_finite() {
            return self.step(x);
        }
        self.skip(1);
        f64::NAN
    }

    /// Take values that are finite from the first that is, as what is made of finite rows by adding, choosing and guarded division.
    #[inline]
    fn follow(&mut self, xs: &[f64], out: &mut [f64]) {
        if let ([x], [y]) = (xs, &mut *out) {
            *y = self.next(*x);
            return;
        }
        let first = xs.iter().position(|x| x.is_finite()).unwrap_or(xs.len());
        out[..first].fill(f64::NAN);
        self.skip(first);
        self.run(&xs[first..], &mut out[first..]);
    }
}

/// The mean of the last `period` values.
pub(in crate::indicators) type Mean = Moving<doubling::Mean, 1>;

/// The sum of the last `period` values; of zeros exactly zero.
pub(in crate::indicators) type Sum = Moving<doubling::Sum, 1>;

/// The highest of the last `period` values.
pub(in crate::indicators) type Top = Moving<doubling::Highest, 1>;

/// The lowest of the last `period` values.
pub(in crate::indicators) type Bottom = Moving<doubling::Lowest, 1>;

impl<W: Window<1>> Line for Moving<W, 1> {
    fn lookback(&self) -> usize {
        self.period() - 1
    }

    #[inline]
    fn step(&mut self, x: f64) -> f64 {
        self.push([x]).map_or(f64::NAN, |[y]| y)
    }

    fn run(&mut self, xs: &[f64], out: &mut [f64]) {
        self.extend_into([xs], [out]);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        Self::visit(self, state);
    }
}

/// Exponential smoothing, seeded with a mean.
#[derive(Clone, Debug)]
pub(in crate::indicators) struct Smooth(Smoother);

impl Smooth {
    /// EMA.
    pub(in crate::indicators) fn exponential(period: usize) -> Self {
        Self(Smoother::exponential(period))
    }

    /// Wilder's.
    pub(in crate::indicators) fn wilder(period: usize) -> Self {
        Self(Smoother::wilder(period))
    }

    /// Weight `take` for the newest value, from the first value on.
    pub(in crate::indicators) fn weighing(take: f64) -> Self {
        Self(Smoother::new(1, take))
    }

    /// For `series` series side by side, each as new as this.
    pub(in crate::indicators) fn beside(&self, series: usize) -> Smoothers {
        self.0.beside(series)
    }

    /// The last value.
    pub(in crate::indicators) fn value(&self) -> f64 {
        self.0.value()
    }

    /// True once there is a value.
    pub(in crate::indicators) fn ready(&self) -> bool {
        self.0.ready()
    }
}

impl Line for Smooth {
    fn lookback(&self) -> usize {
        self.0.period() - 1
    }

    #[inline]
    fn step(&mut self, x: f64) -> f64 {
        self.0.update(x)
    }

    fn run(&mut self, xs: &[f64], out: &mut [f64]) {
        self.0.extend(xs, out);
    }

    #[inline]
    fn skip(&mut self, rows: usize) {
        self.0.skip(rows);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.0.visit(state);
    }
}

/// The mean weighted 1, 2, … `period`, heaviest for the newest.
#[derive(Clone, Debug)]
pub(in crate::indicators) struct LinearlyWeighted {
    window: Moving<Tilt, 2>,
    share: f64,
}

impl LinearlyWeighted {
    pub(in crate::indicators) fn new(period: usize) -> Self {
        let n = period as f64;
        Self { window: Moving::new(period), share: 2.0 / (n * (n + 1.0)) }
    }
}

impl Line for LinearlyWeighted {
    fn lookback(&self) -> usize {
        self.window.period() - 1
    }

    #[inline]
    fn step(&mut self, x: f64) -> f64 {
        self.window.push([x, 0.0]).map_or(f64::NAN, |[mean, tilt]| mean + tilt * self.share)
    }

    fn run(&mut self, xs: &[f64], out: &mut [f64]) {
        let share = self.share;
        self.window.extend([xs], |start, [means, tilts]| zip2(&mut out[start..], means, tilts, |mean, tilt| mean + tilt * share));
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.window.visit(state);
    }
}

/// The value `period` rows ago.
#[derive(Clone, Debug)]
pub(in crate::indicators) struct Before(Lag);

impl Before {
    pub(in crate::indicators) fn new(period: usize) -> Self {
        Self(Lag::new(period))
    }
}

impl Line for Before {
    fn lookback(&self) -> usize {
        self.0.period()
    }

    #[inline]
    fn step(&mut self, x: f64) -> f64 {
        self.0.push(x)
    }

    fn run(&mut self, xs: &[f64], out: &mut [f64]) {
        self.0.run(xs, out, |_, then| then);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.0.visit(state);
    }
}

/// An average chosen by TA-Lib's number: 0 simple, 1 exponential, 2 linearly weighted.
#[derive(Clone, Debug)]
pub(in crate::indicators) enum Average {
    Simple(Mean),
    Exponential(Smooth),
    Weighted(LinearlyWeighted),
}

impl Average {
    /// The average `kind`.
    pub(in crate::indicators) fn new(kind: usize, period: usize) -> Self {
        match kind {
            0 => Self::Simple(Mean::new(period)),
            1 => Self::Exponential(Smooth::exponential(period)),
            _ => Self::Weighted(LinearlyWeighted::new(period)),
        }
    }
}

impl Line for Average {
    fn lookback(&self) -> usize {
        match self {
            Self::Simple(line) => line.lookback(),
            Self::Exponential(line) => line.lookback(),
            Self::Weighted(line) => line.lookback(),
        }
    }

    #[inline]
    fn step(&mut self, x: f64) -> f64 {
        match self {
            Self::Simple(line) => line.step(x),
            Self::Exponential(line) => line.step(x),
            Self::Weighted(line) => line.step(x),
        }
    }

    fn run(&mut self, xs: &[f64], out: &mut [f64]) {
        match self {
            Self::Simple(line) => line.run(xs, out),
            Self::Exponential(line) => line.run(xs, out),
            Self::Weighted(line) => line.run(xs, out),
        }
    }

    fn visit(&mut self, state: &mut State<'_>) {
        match self {
            Self::Simple(line) => line.visit(state),
            Self::Exponential(line) => line.visit(state),
            Self::Weighted(line) => line.visit(state),
        }
    }
}

/// Highest high and lowest low of the last `period` rows.
#[derive(Clone, Debug)]
pub(in crate::indicators) struct Range {
    top: Top,
    bottom: Bottom,
}

impl Range {
    pub(in crate::indicators) fn new(period: usize) -> Self {
        Self { top: Moving::new(period), bottom: Moving::new(period) }
    }

    pub(in crate::indicators) fn lookback(&self) -> usize {
        self.top.lookback()
    }

    /// Highest and lowest with one more row; NaN while warming up or where the row is not finite.
    #[inline]
    pub(in crate::indicators) fn step(&mut self, high: f64, low: f64) -> [f64; 2] {
        if !(high.is_finite() && low.is_finite()) {
            return [f64::NAN; 2];
        }
        [self.top.step(high), self.bottom.step(low)]
    }

    /// As [`Self::step`] for columns, all finite.
    pub(in crate::indicators) fn run(&mut self, high: &[f64], low: &[f64], top: &mut [f64], bottom: &mut [f64]) {
        if let ([high], [low], [top], [bottom]) = (high, low, &mut *top, &mut *bottom) {
            [*top, *bottom] = self.step(*high, *low);
            return;
        }
        self.top.run(high, top);
        self.bottom.run(low, bottom);
    }

    /// As [`Self::step`] for columns that are finite from the first row that is.
    pub(in crate::indicators) fn follow(&mut self, high: &[f64], low: &[f64], top: &mut [f64], bottom: &mut [f64]) {
        let first = high.iter().zip(low).position(|(high, low)| high.is_finite() && low.is_finite()).unwrap_or(high.len());
        top[..first].fill(f64::NAN);
        bottom[..first].fill(f64::NAN);
        self.run(&high[first..], &low[first..], &mut top[first..], &mut bottom[first..]);
    }

    pub(in crate::indicators) fn visit(&mut self, state: &mut State<'_>) {
        self.top.visit(state);
        self.bottom.visit(state);
    }
}

/// Each of `out` from the values of two columns beside it.
#[inline]
pub(in crate::indicators) fn zip2(out: &mut [f64], a: &[f64], b: &[f64], f: impl Fn(f64, f64) -> f64) {
    for ((y, &a), &b) in out.iter_mut().zip(a).zip(b) {
        *y = f(a, b);
    }
}

/// Each of `out` from the values of three columns beside it.
#[inline]
pub(in crate::indicators) fn zip3(out: &mut [f64], a: &[f64], b: &[f64], c: &[f64], f: impl Fn(f64, f64, f64) -> f64) {
    for (((y, &a), &b), &c) in out.iter_mut().zip(a).zip(b).zip(c) {
        *y = f(a, b, c);
    }
}

/// `f(i, now, then)` for each row of `columns` with the row before it, `last` before the first, which is left at the last row.
#[inline]
pub(in crate::indicators) fn each_pair<const I: usize>(
    last: &mut [f64; I],
    columns: [&[f64]; I],
    mut f: impl FnMut(usize, [f64; I], [f64; I]),
) {
    let rows = columns.first().map_or(0, |c| c.len());
    if rows == 0 {
        return;
    }
    f(0, columns.map(|c| c[0]), *last);
    let (now, then) = (columns.map(|c| &c[1..rows]), columns.map(|c| &c[..rows - 1]));
    for i in 0..rows - 1 {
        f(i + 1, now.map(|c| c[i]), then.map(|c| c[i]));
    }
    *last = columns.map(|c| c[rows - 1]);
}

/// Wilder's true range (1978, p. 21) of a bar after one that closed at `then`.
#[inline]
pub(in crate::indicators) fn true_range(high: f64, low: f64, then: f64) -> f64 {
    let top = if high > then { high } else { then };
    let bottom = if low < then { low } else { then };
    // NaN before the first.
    top - bottom + 0.0 * then
}

/// No value where the line that starts last has none, so that all lines start together.
#[inline]
pub(in crate::indicators) fn start_with(last: &[f64], others: &mut [&mut [f64]]) {
    let rows = last.iter().position(|x| !x.is_nan()).unwrap_or(last.len());
    for other in others {
        other[..rows].fill(f64::NAN);
    }
}

/// Takes the first rows of a column away, where a line has values sooner than it should show them.
#[derive(Clone, Debug)]
pub(in crate::indicators) struct Silence {
    rows: usize,
    left: usize,
}

impl Silence {
    /// For the first `rows` rows.
    pub(in crate::indicators) fn new(rows: usize) -> Self {
        Self { rows, left: rows }
    }

    /// Rows still to be taken away.
    pub(in crate::indicators) fn left(&self) -> usize {
        self.left
    }

    /// Hush the next rows.
    #[inline]
    pub(in crate::indicators) fn over(&mut self, out: &mut [f64]) {
        if self.left > 0 {
            let n = self.left.min(out.len());
            out[..n].fill(f64::NAN);
            self.left -= n;
        }
    }

    pub(in crate::indicators) fn visit(&mut self, state: &mut State<'_>) {
        let max = self.rows;
        state.count(&mut self.left, max);
    }
}

/// The last `kept` values in one piece, followed by those just taken.
#[derive(Clone, Debug)]
pub(in crate::indicators) struct History {
    kept: usize,
    buffer: Vec<f64>,
    end: usize,
}

impl History {
    /// Zeros before the first.
    pub(in crate::indicators) fn new(kept: usize) -> Self {
        Self { kept, buffer: vec![0.0; kept], end: kept }
    }

    /// Values kept.
    pub(in crate::indicators) fn kept(&self) -> usize {
        self.kept
    }

    /// Take values; those kept, and they.
    #[inline]
    pub(in crate::indicators) fn push(&mut self, xs: &[f64]) -> &[f64] {
        if self.end + xs.len() > self.buffer.len() {
            self.make_room(xs.len());
        }
        let end = self.end + xs.len();
        self.buffer[self.end..end].copy_from_slice(xs);
        self.end = end;
        &self.buffer[end - xs.len() - self.kept..end]
    }

    /// Move what is kept to the front. There is room for as many again, so that a move is rare.
    #[cold]
    fn make_room(&mut self, rows: usize) {
        self.buffer.copy_within(self.end - self.kept..self.end, 0);
        self.end = self.kept;
        let wanted = self.kept + rows.max(self.kept + 16);
        if self.buffer.len() < wanted {
            self.buffer.resize(wanted, 0.0);
        }
    }

    pub(in crate::indicators) fn visit(&mut self, state: &mut State<'_>) {
        state.numbers(&mut self.buffer[self.end - self.kept..self.end]);
    }
}
