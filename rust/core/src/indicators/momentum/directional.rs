//! Wilder's directional movement system (1978, pp. 35–47).
//!
//! Wilder sums: the first of `period − 1` moves, then `s += x − s ÷ period`. They are `period` times an average seeded with those
//! moves and a zero for the first row, which has no row before it; in ratios the factor drops out.

use crate::indicators::average::line::{Composed, Line, Silence, Smooth, each_pair, is_zero, true_range};
use crate::indicators::catalog::{Description, period, whole};
use crate::indicators::study::{State, Streaming};

/// Up and down move of a bar after another: the larger one counts, if it is one.
#[inline]
fn moves(high: f64, low: f64, then_high: f64, then_low: f64) -> [f64; 2] {
    let (up, down) = (high - then_high, then_low - low);
    [if up > down && up > 0.0 { up } else { 0.0 }, if down > up && down > 0.0 { down } else { 0.0 }]
}

/// One side's move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Plus = 0,
    Minus = 1,
}

/// Directional movement, a Wilder sum.
#[derive(Clone, Debug)]
struct Movement {
    side: Side,
    period: usize,
    last: [f64; 2],
    smooth: Smooth,
    silence: Silence,
}

impl Movement {
    fn new(side: Side, period: usize) -> Self {
        let silence = Silence::new(usize::from(period == 1));
        Self { side, period, last: [f64::NAN; 2], smooth: Smooth::wilder(period), silence }
    }
}

impl Composed<2, 1> for Movement {
    fn lookback(&self) -> usize {
        (self.period - 1).max(1)
    }

    #[inline]
    fn block<const N: usize>(&mut self, columns: [&[f64]; 2], [out]: [&mut [f64]; 1]) {
        let mut moved = [0.0; N];
        let moved = &mut moved[..out.len()];
        let side = self.side as usize;
        each_pair(&mut self.last, columns, |i, now, then| moved[i] = moves(now[0], now[1], then[0], then[1])[side]);
        self.smooth.follow(moved, out);
        let period = self.period as f64;
        for y in &mut *out {
            *y *= period;
        }
        self.silence.over(out);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        state.numbers(&mut self.last);
        self.smooth.visit(state);
        self.silence.visit(state);
    }
}

/// Directional indicator: movement in percent of the true range.
#[derive(Clone, Debug)]
struct Indicator {
    side: Side,
    last: [f64; 3],
    moved: Smooth,
    range: Smooth,
    silence: Silence,
}

impl Indicator {
    fn new(side: Side, period: usize) -> Self {
        Self { side, last: [f64::NAN; 3], moved: Smooth::wilder(period), range: Smooth::wilder(period), silence: Silence::new(period) }
    }
}

impl Composed<3, 1> for Indicator {
    fn lookback(&self) -> usize {
        self.moved.lookback() + 1
    }

    #[inline]
    fn block<const N: usize>(&mut self, columns: [&[f64]; 3], [out]: [&mut [f64]; 1]) {
        let (mut moved, mut range, mut smooth) = ([0.0; N], [0.0; N], [0.0; N]);
        let n = out.len();
        let (moved, range, smooth) = (&mut moved[..n], &mut range[..n], &mut smooth[..n]);
        let side = self.side as usize;
        each_pair(&mut self.last, columns, |i, now, then| {
            moved[i] = moves(now[0], now[1], then[0], then[1])[side];
            range[i] = range_or_zero(now, then[2]);
        });
        self.moved.follow(moved, out);
        self.range.follow(range, smooth);
        for (y, &range) in out.iter_mut().zip(&*smooth) {
            *y = if is_zero(range) { 0.0 } else { 100.0 * (*y / range) };
        }
        self.silence.over(out);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        state.numbers(&mut self.last);
        self.moved.visit(state);
        self.range.visit(state);
        self.silence.visit(state);
    }
}

/// True range; 0 for the first row.
#[inline]
fn range_or_zero([high, low, _]: [f64; 3], then: f64) -> f64 {
    let range = true_range(high, low, then);
    if range.is_nan() { 0.0 } else { range }
}

/// How far apart the two indicators are, in percent of their sum.
#[derive(Clone, Debug)]
struct Divergence {
    last: [f64; 3],
    plus: Smooth,
    minus: Smooth,
    range: Smooth,
    silence: Silence,
}

impl Divergence {
    fn new(period: usize) -> Self {
        let smooth = || Smooth::wilder(period);
        Self { last: [f64::NAN; 3], plus: smooth(), minus: smooth(), range: smooth(), silence: Silence::new(period) }
    }

    fn lookback(&self) -> usize {
        self.plus.lookback() + 1
    }

    /// Infinite where nothing moves and there is no quotient; then `true`.
    #[inline]
    fn take<const N: usize>(&mut self, columns: [&[f64]; 3], out: &mut [f64]) -> bool {
        let (mut plus, mut minus, mut range, mut smooth) = ([0.0; N], [0.0; N], [0.0; N], [0.0; N]);
        let n = out.len();
        let (plus, minus, range, smooth) = (&mut plus[..n], &mut minus[..n], &mut range[..n], &mut smooth[..n]);
        each_pair(&mut self.last, columns, |i, now, then| {
            [plus[i], minus[i]] = moves(now[0], now[1], then[0], then[1]);
            range[i] = range_or_zero(now, then[2]);
        });
        self.plus.follow(plus, smooth);
        self.minus.follow(minus, out);
        self.range.follow(range, minus);
        let mut is_still = false;
        for ((y, &plus), &range) in out.iter_mut().zip(&*smooth).zip(&*minus) {
            let both = plus + *y;
            // TA-Lib asks whether the range, and 100·both ÷ range, are nearly zero.
            let still = both <= 1e-16 * range || is_zero(range);
            is_still |= still;
            *y = if still { f64::INFINITY } else { 100.0 * ((*y - plus).abs() / both) };
        }
        self.silence.over(out);
        is_still
    }

    fn visit(&mut self, state: &mut State<'_>) {
        state.numbers(&mut self.last);
        self.plus.visit(state);
        self.minus.visit(state);
        self.range.visit(state);
        self.silence.visit(state);
    }
}

/// Directional movement index: the divergence; where nothing moves as before, at first 0.
#[derive(Clone, Debug)]
struct MovementIndex {
    divergence: Divergence,
    value: f64,
}

impl Composed<3, 1> for MovementIndex {
    fn lookback(&self) -> usize {
        self.divergence.lookback()
    }

    #[inline]
    fn block<const N: usize>(&mut self, columns: [&[f64]; 3], [out]: [&mut [f64]; 1]) {
        if self.divergence.take::<N>(columns, out) {
            for y in &mut *out {
                match *y {
                    still if still.is_infinite() => *y = self.value,
                    value if value.is_nan() => (),
                    value => self.value = value,
                }
            }
        }
        if let Some(&last) = out.last().filter(|y| !y.is_nan()) {
            self.value = last;
        }
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.divergence.visit(state);
        state.number(&mut self.value);
    }
}

/// Average directional movement index.
#[derive(Clone, Debug)]
struct AverageIndex {
    divergence: Divergence,
    smooth: Smooth,
}

impl AverageIndex {
    fn new(period: usize) -> Self {
        Self { divergence: Divergence::new(period), smooth: Smooth::wilder(period) }
    }

    #[inline]
    fn take<const N: usize>(&mut self, columns: [&[f64]; 3], out: &mut [f64]) {
        let mut index = [0.0; N];
        let index = &mut index[..out.len()];
        if !self.divergence.take::<N>(columns, index) {
            return self.smooth.follow(index, out);
        }
        for (y, &x) in out.iter_mut().zip(&*index) {
            *y = if x.is_nan() || x.is_finite() {
                self.smooth.next(x)
            } else if self.smooth.ready() {
                // Nothing moves: as before. In the seed it counts as 0.
                self.smooth.value()
            } else {
                self.smooth.step(0.0)
            };
        }
    }
}

impl Composed<3, 1> for AverageIndex {
    fn lookback(&self) -> usize {
        self.divergence.lookback() + self.smooth.lookback()
    }

    #[inline]
    fn block<const N: usize>(&mut self, columns: [&[f64]; 3], [out]: [&mut [f64]; 1]) {
        self.take::<N>(columns, out);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.divergence.visit(state);
        self.smooth.visit(state);
    }
}

/// Mean of the average index and of itself `period − 1` rows ago.
#[derive(Clone, Debug)]
struct Rating {
    index: AverageIndex,
    before: crate::indicators::window::Lag,
    silence: Silence,
}

impl Rating {
    fn new(period: usize) -> Self {
        let silence = Silence::new(3 * period - 2);
        Self { index: AverageIndex::new(period), before: crate::indicators::window::Lag::new((period - 1).max(1)), silence }
    }
}

impl Composed<3, 1> for Rating {
    fn lookback(&self) -> usize {
        Composed::lookback(&self.index) + self.before.period()
    }

    #[inline]
    fn block<const N: usize>(&mut self, columns: [&[f64]; 3], [out]: [&mut [f64]; 1]) {
        let mut index = [0.0; N];
        let index = &mut index[..out.len()];
        self.index.take::<N>(columns, index);
        self.before.run(index, out, |now, then| 0.5 * (now + then));
        self.silence.over(out);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        Composed::visit(&mut self.index, state);
        self.before.visit(state);
        self.silence.visit(state);
    }
}

pub(super) const ENTRIES: &[Description] = &[
    Description {
        name: "plus_dm",
        title: "Plus directional movement",
        inputs: &["high", "low"],
        parameters: &[period(14)],
        outputs: &["plus_dm"],
        first_row: "max(period − 1, 1)",
        formula: "s += m − s ÷ period, m = high − high[1] where above 0 and above low[1] − low, else 0; s starts as the sum of period − 1 moves",
        source: "J. W. Wilder (1978); TA-Lib PLUS_DM",
        make: |p| Ok(Box::new(Streaming::new(Movement::new(Side::Plus, p.whole(0))))),
    },
    Description {
        name: "minus_dm",
        title: "Minus directional movement",
        inputs: &["high", "low"],
        parameters: &[period(14)],
        outputs: &["minus_dm"],
        first_row: "max(period − 1, 1)",
        formula: "s += m − s ÷ period, m = low[1] − low where above 0 and above high − high[1], else 0; s starts as the sum of period − 1 moves",
        source: "J. W. Wilder (1978); TA-Lib MINUS_DM",
        make: |p| Ok(Box::new(Streaming::new(Movement::new(Side::Minus, p.whole(0))))),
    },
    Description {
        name: "plus_di",
        title: "Plus directional indicator",
        inputs: &["high", "low", "close"],
        parameters: &[period(14)],
        outputs: &["plus_di"],
        first_row: "period",
        formula: "100·plus_dm ÷ true range, both Wilder sums; 0 where there is no range; percent for a period of 1 too, where TA-Lib gives a share",
        source: "J. W. Wilder (1978); TA-Lib PLUS_DI",
        make: |p| Ok(Box::new(Streaming::new(Indicator::new(Side::Plus, p.whole(0))))),
    },
    Description {
        name: "minus_di",
        title: "Minus directional indicator",
        inputs: &["high", "low", "close"],
        parameters: &[period(14)],
        outputs: &["minus_di"],
        first_row: "period",
        formula: "100·minus_dm ÷ true range, both Wilder sums; 0 where there is no range; percent for a period of 1 too, where TA-Lib gives a share",
        source: "J. W. Wilder (1978); TA-Lib MINUS_DI",
        make: |p| Ok(Box::new(Streaming::new(Indicator::new(Side::Minus, p.whole(0))))),
    },
    Description {
        name: "dx",
        title: "Directional movement index",
        inputs: &["high", "low", "close"],
        parameters: &[period(14)],
        outputs: &["dx"],
        first_row: "period",
        formula: "100·|plus_di − minus_di| ÷ (plus_di + minus_di); as before where nothing moves, at first 0",
        source: "J. W. Wilder (1978); TA-Lib DX",
        make: |p| Ok(Box::new(Streaming::new(MovementIndex { divergence: Divergence::new(p.whole(0)), value: 0.0 }))),
    },
    Description {
        name: "adx",
        title: "Average directional movement index",
        inputs: &["high", "low", "close"],
        parameters: &[whole("period", 14, 2)],
        outputs: &["adx"],
        first_row: "2·period − 1",
        formula: "Wilder average of dx; where nothing moves it stays",
        source: "J. W. Wilder (1978); TA-Lib ADX",
        make: |p| Ok(Box::new(Streaming::new(AverageIndex::new(p.whole(0))))),
    },
    Description {
        name: "adxr",
        title: "Average directional movement index rating",
        inputs: &["high", "low", "close"],
        parameters: &[whole("period", 14, 2)],
        outputs: &["adxr"],
        first_row: "3·period − 2",
        formula: "(adx + adx[period − 1]) ÷ 2",
        source: "J. W. Wilder (1978); TA-Lib ADXR",
        make: |p| Ok(Box::new(Streaming::new(Rating::new(p.whole(0))))),
    },
];
