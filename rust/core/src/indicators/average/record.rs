//! The highest of the last few values, and where it stands.

use super::line::{History, Silence};
use crate::indicators::study::State;

/// The longest window that is searched anew when its highest value leaves it.
pub(in crate::indicators) const RESCAN_MAX: usize = 12;

/// The longest window that a batch compares value by value, several rows at once, without any branch.
const DIRECT_MAX: usize = 12;

/// Rows compared at once.
const WIDTH: usize = 8;

/// The highest of a window and its age, of equals the latest. Cost: one comparison, and a search of the window when the highest
/// leaves it: at most [`RESCAN_MAX`] steps where its user keeps windows as short as that.
#[derive(Clone, Debug)]
pub(in crate::indicators) struct Record {
    history: History,
    silence: Silence,
    best: f64,
    age: usize,
}

#[inline]
fn higher(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

/// The highest of `window`, its age, the latest of equals. Zeros have no sign here.
#[inline]
fn search(window: &[f64]) -> (f64, usize) {
    let best = window.iter().fold(f64::NEG_INFINITY, |best, &x| higher(best, x));
    (best, window.iter().rev().position(|&x| x == best).unwrap_or(0))
}

impl Record {
    pub(in crate::indicators) fn new(period: usize) -> Self {
        let silence = Silence::new(period - 1);
        // Lower than any value, so that a search while warming up finds none of them.
        Self { history: History::filled(period - 1, f64::NEG_INFINITY), silence, best: f64::NEG_INFINITY, age: 0 }
    }

    /// Rows in the window.
    pub(in crate::indicators) fn period(&self) -> usize {
        self.history.kept() + 1
    }

    /// Take one finite value: the highest and its age; NaN while warming up.
    #[inline]
    pub(in crate::indicators) fn step(&mut self, x: f64) -> [f64; 2] {
        let window = self.history.push(&[x]);
        (self.best, self.age) = next(self.best, self.age, x, window);
        let mut values = [self.best + 0.0];
        self.silence.over(&mut values);
        [values[0], self.age as f64 + 0.0 * values[0]]
    }

    /// The highest after each of `xs`.
    #[inline]
    pub(in crate::indicators) fn run(&mut self, xs: &[f64], out: &mut [f64]) {
        out.copy_from_slice(xs);
        self.run_in_place(out);
    }

    /// As [`Self::run`], from `out` itself.
    pub(in crate::indicators) fn run_in_place(&mut self, out: &mut [f64]) {
        let n = self.period();
        let joined = self.history.push(out);
        if n <= DIRECT_MAX {
            compare(n, joined, out);
            (self.best, self.age) = search(&joined[joined.len() - n..]);
        } else {
            let (mut best, mut age) = (self.best, self.age);
            for (y, window) in out.iter_mut().zip(joined.windows(n)) {
                (best, age) = next(best, age, window[n - 1], window);
                *y = best + 0.0;
            }
            (self.best, self.age) = (best, age);
        }
        self.silence.over(out);
    }

    /// The age of the highest after each of `xs`.
    pub(in crate::indicators) fn run_ages(&mut self, xs: &[f64], out: &mut [f64]) {
        let n = self.period();
        let joined = self.history.push(xs);
        let (mut best, mut age) = (self.best, self.age);
        for (y, window) in out.iter_mut().zip(joined.windows(n)) {
            (best, age) = next(best, age, window[n - 1], window);
            *y = age as f64;
        }
        (self.best, self.age) = (best, age);
        self.silence.over(out);
    }

    pub(in crate::indicators) fn visit(&mut self, state: &mut State<'_>) {
        let oldest = self.history.kept();
        self.history.visit(state);
        self.silence.visit(state);
        state.number(&mut self.best);
        state.count(&mut self.age, oldest);
    }
}

/// The highest and its age with `x`, the last of `window`.
#[inline]
fn next(best: f64, age: usize, x: f64, window: &[f64]) -> (f64, usize) {
    if x >= best {
        (x, 0)
    } else if age + 1 < window.len() {
        (best, age + 1)
    } else {
        search(window)
    }
}

/// The highest of each window of `n` in `joined`.
#[inline]
fn compare(n: usize, joined: &[f64], out: &mut [f64]) {
    let (groups, rest) = out.as_chunks_mut::<WIDTH>();
    let grouped = groups.len() * WIDTH;
    for (group, first) in groups.iter_mut().zip((0..).step_by(WIDTH)) {
        let mut best = [f64::NEG_INFINITY; WIDTH];
        for xs in joined[first..first + n + WIDTH - 1].windows(WIDTH) {
            for (best, &x) in best.iter_mut().zip(xs) {
                *best = higher(*best, x);
            }
        }
        *group = best.map(|best| best + 0.0);
    }
    for (y, xs) in rest.iter_mut().zip(joined[grouped..].windows(n)) {
        *y = xs.iter().fold(f64::NEG_INFINITY, |best, &x| higher(best, x)) + 0.0;
    }
}
