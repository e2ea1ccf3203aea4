//! Rises against falls: Chande's momentum oscillator, Connors' RSI, the true strength index.

use crate::indicators::average::line::{Composed, Line, ROWS, Smooth, each_pair, is_zero, zip2};
use crate::indicators::average::smoothed::Cascade;
use crate::indicators::catalog::{Description, period, whole};
use crate::indicators::scratch::Columns;
use crate::indicators::smooth::each_row;
use crate::indicators::statistics::order::Ordered;
use crate::indicators::study::{State, Streaming, Study};

/// Wilder averages of rises and falls, and what is made of them.
#[derive(Clone, Debug)]
pub(super) struct Strength {
    last: [f64; 1],
    up: Smooth,
    down: Smooth,
    /// What the falls count in `100 · (up + falls · down) ÷ (up + down)`.
    falls: f64,
}

/// How far it rose, and how far it fell; NaN before the first change.
#[inline]
fn moves(now: f64, then: f64) -> [f64; 2] {
    let change = now - then;
    [if change < 0.0 { 0.0 } else { change }, if change > 0.0 { 0.0 } else { -change }]
}

impl Strength {
    /// Wilder's relative strength index.
    pub(super) fn index(period: usize) -> Self {
        Self { last: [f64::NAN], up: Smooth::wilder(period), down: Smooth::wilder(period), falls: 0.0 }
    }

    /// Chande's momentum oscillator.
    fn oscillator(period: usize) -> Self {
        Self { falls: -1.0, ..Self::index(period) }
    }

    pub(super) fn lookback(&self) -> usize {
        self.up.lookback() + 1
    }

    #[inline]
    fn of(&self, up: f64, down: f64) -> f64 {
        let both = up + down;
        // Worked out before it is chosen, so that rows share instructions.
        let share = 100.0 * ((up + self.falls * down) / both);
        if is_zero(both) { 0.0 } else { share }
    }

    #[inline]
    pub(super) fn take<const N: usize>(&mut self, xs: &[f64], out: &mut [f64]) {
        let mut columns = Columns::new(3, xs.len());
        let [rises, falls, ups] = columns.split();
        each_pair(&mut self.last, [xs], |i, [now], [then]| {
            [rises[i], falls[i]] = moves(now, then);
        });
        self.up.follow(rises, ups);
        self.down.follow(falls, out);
        for (y, &up) in out.iter_mut().zip(&*ups) {
            *y = self.of(up, *y);
        }
    }

    pub(super) fn visit(&mut self, state: &mut State<'_>) {
        state.numbers(&mut self.last);
        self.up.visit(state);
        self.down.visit(state);
    }
}

impl Study<1, 1> for Strength {
    fn lookback(&self) -> usize {
        self.lookback()
    }

    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        let [rise, fall] = moves(x, std::mem::replace(&mut self.last[0], x));
        let (up, down) = (self.up.next(rise), self.down.next(fall));
        [self.of(up, down)]
    }

    fn run(&mut self, [xs]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        for (xs, out) in xs.chunks(ROWS).zip(out.chunks_mut(ROWS)) {
            self.take::<ROWS>(xs, out);
        }
    }

    fn run_beside(&self, columns: [&[f64]; 1], series: usize, [out]: [&mut [f64]; 1]) -> bool {
        let (mut up, mut down) = (self.up.beside(series), self.down.beside(series));
        let mut room = vec![f64::NAN; 4 * series];
        let (last, moved) = room.split_at_mut(series);
        let (rises, rest) = moved.split_at_mut(series);
        let (falls, ups) = rest.split_at_mut(series);
        let mut is_first = true;
        each_row(columns, series, out, |[row], out| {
            if std::mem::take(&mut is_first) {
                up.skip(1);
                down.skip(1);
                last.copy_from_slice(row);
                return out.fill(f64::NAN);
            }
            for (((now, then), rise), fall) in row.iter().zip(&mut *last).zip(&mut *rises).zip(&mut *falls) {
                [*rise, *fall] = moves(*now, *then);
                *then = *now;
            }
            up.row(rises, ups);
            down.row(falls, out);
            for (y, &up) in out.iter_mut().zip(&*ups) {
                *y = self.of(up, *y);
            }
        })
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.visit(state);
    }
}

/// Connors' RSI: of the price, of its streak, and the rank of its change.
#[derive(Clone, Debug)]
struct Connors {
    of_price: Strength,
    of_streak: Strength,
    changes: Ordered,
    last: f64,
    streak: f64,
}

impl Study<1, 1> for Connors {
    fn lookback(&self) -> usize {
        self.of_price.lookback().max(self.of_streak.lookback()).max(self.changes.period() + 1)
    }

    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        let last = std::mem::replace(&mut self.last, x);
        self.streak = if x > last {
            self.streak.max(0.0) + 1.0
        } else if x < last {
            self.streak.min(0.0) - 1.0
        } else {
            0.0
        };
        let [mut price, mut streak] = [[f64::NAN]; 2];
        self.of_price.take::<1>(&[x], &mut price);
        self.of_streak.take::<1>(&[self.streak], &mut streak);
        if last.is_nan() {
            return [f64::NAN];
        }
        let change = if last == 0.0 { 0.0 } else { x / last - 1.0 };
        let rank = if self.changes.is_full() { 100.0 * self.changes.below(change) as f64 / self.changes.period() as f64 } else { f64::NAN };
        self.changes.push(change);
        [(price[0] + streak[0] + rank) / 3.0]
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.of_price.visit(state);
        self.of_streak.visit(state);
        self.changes.visit(state);
        state.number(&mut self.last);
        state.number(&mut self.streak);
    }
}

/// Changes smoothed twice against their sizes smoothed twice.
#[derive(Clone, Debug)]
struct TrueStrength {
    last: [f64; 1],
    change: Cascade<2>,
    size: Cascade<2>,
    signal: Smooth,
}

impl TrueStrength {
    fn new(first: usize, second: usize, signal: usize) -> Self {
        let twice = || Cascade::new([first, second]);
        Self { last: [f64::NAN], change: twice(), size: twice(), signal: Smooth::exponential(signal) }
    }
}

impl Composed<1, 2> for TrueStrength {
    fn lookback(&self) -> usize {
        1 + self.change.lookback() + self.signal.lookback()
    }

    #[inline]
    fn block<const N: usize>(&mut self, [xs]: [&[f64]; 1], [out, signal]: [&mut [f64]; 2]) {
        let mut columns = Columns::new(6, xs.len());
        let [changes, sizes, change_once, change, size_once, size] = columns.split();
        each_pair(&mut self.last, [xs], |i, [now], [then]| {
            changes[i] = now - then;
            sizes[i] = (now - then).abs();
        });
        let ([_, change], [_, size]) = (self.change.take(changes, [change_once, change]), self.size.take(sizes, [size_once, size]));
        zip2(out, change, size, |change, size| {
            let share = 100.0 * (change / size);
            if is_zero(size) { 0.0 } else { share }
        });
        self.signal.follow(out, signal);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        state.numbers(&mut self.last);
        self.change.visit(state);
        self.size.visit(state);
        self.signal.visit(state);
    }
}

pub(super) const ENTRIES: &[Description] = &[
    Description {
        name: "rsi",
        title: "Relative strength index",
        inputs: &["close"],
        parameters: &[period(14)],
        outputs: &["rsi"],
        first_row: "period",
        formula: "100 × up ÷ (up + down), Wilder averages of rises and falls; 0 while nothing has ever moved",
        source: "Wilder 1978, p. 65; TA-Lib RSI",
        make: |p| Ok(Box::new(Streaming::<_, 1, 1>::new(Strength::index(p.whole(0))))),
    },
    Description {
        name: "cmo",
        title: "Chande momentum oscillator",
        inputs: &["close"],
        parameters: &[period(14)],
        outputs: &["cmo"],
        first_row: "period",
        formula: "100·(up − down) ÷ (up + down), Wilder averages of rises and falls; 0 where nothing moved",
        source: "T. Chande (1994); TA-Lib CMO, which smooths as Wilder's RSI does",
        make: |p| Ok(Box::new(Streaming::<_, 1, 1>::new(Strength::oscillator(p.whole(0))))),
    },
    Description {
        name: "crsi",
        title: "Connors RSI",
        inputs: &["close"],
        parameters: &[whole("period", 3, 1), whole("streak_period", 2, 1), whole("rank_period", 100, 1)],
        outputs: &["crsi"],
        first_row: "max(period, streak_period, rank_period + 1)",
        formula: "(RSI(close, period) + RSI(streak, streak_period) + rank) ÷ 3; streak: rows risen (+) or fallen (−) in a row; rank: percent of the rank_period changes before that are below this one, changes relative",
        source: "L. Connors (2012)",
        make: |p| {
            Ok(Box::new(Streaming::new(Connors {
                of_price: Strength::index(p.whole(0)),
                of_streak: Strength::index(p.whole(1)),
                changes: Ordered::new(p.whole(2)),
                last: f64::NAN,
                streak: 0.0,
            })))
        },
    },
    Description {
        name: "tsi",
        title: "True strength index",
        inputs: &["close"],
        parameters: &[whole("first_period", 25, 1), whole("second_period", 13, 1), whole("signal_period", 7, 1)],
        outputs: &["tsi", "signal"],
        first_row: "first_period + second_period + signal_period − 2; tsi alone signal_period − 1 rows sooner",
        formula: "100·EMA(EMA(c, first), second) ÷ EMA(EMA(|c|, first), second), c = close − close[1]; signal = EMA(tsi, signal_period)",
        source: "W. Blau (1991); TA-Lib TSI",
        make: |p| Ok(Box::new(Streaming::new(TrueStrength::new(p.whole(0), p.whole(1), p.whole(2))))),
    },
];
