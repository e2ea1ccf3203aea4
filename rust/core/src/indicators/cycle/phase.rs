//! The dominant cycle's phase, and what follows from it: sine wave, instantaneous trend line, trend or cycle mode.

use super::hilbert::{Cycle, Filter, PERIOD_MAX};
use crate::indicators::CHUNK;
use crate::indicators::catalog::Description;
use crate::indicators::study::{State, Streaming, Study};
use std::f64::consts::{FRAC_PI_4, TAU};
use std::sync::LazyLock;

/// First row that counts.
const START: usize = 37;
/// Rows before the first value.
const LOOKBACK: usize = 63;
/// Products summed side by side.
const LANES: usize = 4;
/// Values kept: the longest period, in whole lanes.
const KEPT: usize = PERIOD_MAX.next_multiple_of(LANES);
/// Values a history has room for, so that it is moved up seldom.
const ROOM: usize = 4 * KEPT;

/// Degrees in a radian, as in TA-Lib.
const DEGREES: f64 = 45.0 / FRAC_PI_4;

/// The last values, in order and in one piece.
#[derive(Clone, Debug)]
struct History {
    values: [f64; ROOM],
    end: usize,
}

impl History {
    fn new() -> Self {
        Self { values: [0.0; ROOM], end: KEPT }
    }

    #[inline]
    fn push(&mut self, x: f64) {
        if self.end == ROOM {
            self.move_up();
        }
        self.values[self.end] = x;
        self.end += 1;
    }

    /// The last values to the front.
    fn move_up(&mut self) {
        self.values.copy_within(self.end - KEPT..self.end, 0);
        self.end = KEPT;
    }

    /// The last `n` values, at most [`KEPT`].
    #[inline]
    fn last(&self, n: usize) -> &[f64] {
        &self.values[self.end - n..self.end]
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.move_up();
        state.numbers(&mut self.values[..KEPT]);
    }
}

/// Sines and cosines of one turn in as many steps as a period has rows, the newest row's (0) last; before them zeros, to whole lanes.
struct Turns(Vec<Vec<([f64; LANES], [f64; LANES])>>);

static TURNS: LazyLock<Turns> = LazyLock::new(|| {
    let turn = |n: usize| {
        let whole = n.next_multiple_of(LANES);
        let part = |row: usize, f: fn(f64) -> f64| {
            let ago = whole - 1 - row;
            if ago < n { f(ago as f64 * TAU / n as f64) } else { 0.0 }
        };
        (0..whole / LANES)
            .map(|i| {
                let lanes = |f: fn(f64) -> f64| std::array::from_fn(|lane| part(i * LANES + lane, f));
                (lanes(libm::sin), lanes(libm::cos))
            })
            .collect()
    };
    Turns((0..=PERIOD_MAX).map(turn).collect())
});

/// Phase of the dominant cycle in degrees, from −45 to 315.
#[derive(Clone, Debug)]
struct Phase {
    smooth: History,
    degrees: f64,
}

impl Phase {
    fn new() -> Self {
        Self { smooth: History::new(), degrees: 0.0 }
    }

    /// Take one row's smoothed price and period.
    #[inline]
    fn push(&mut self, turns: &Turns, smooth: f64, period: f64) -> f64 {
        self.smooth.push(smooth);
        let turn = &turns.0[whole_rows(period)];
        let (values, _) = self.smooth.last(turn.len() * LANES).as_chunks::<LANES>();
        let (mut re, mut im) = ([0.0; LANES], [0.0; LANES]);
        for (x, (sine, cosine)) in values.iter().zip(turn) {
            for lane in 0..LANES {
                re[lane] += sine[lane] * x[lane];
                im[lane] += cosine[lane] * x[lane];
            }
        }
        let [re, im] = [re, im].map(|[a, b, c, d]: [f64; LANES]| (a + c) + (b + d));
        self.degrees = if im != 0.0 {
            libm::atan(re / im) * DEGREES
        } else if re < 0.0 {
            self.degrees - 90.0
        } else if re > 0.0 {
            self.degrees + 90.0
        } else {
            self.degrees
        };
        self.degrees += 90.0 + 360.0 / period;
        if im < 0.0 {
            self.degrees += 180.0;
        }
        if self.degrees > 315.0 {
            self.degrees -= 360.0;
        }
        self.degrees
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.smooth.visit(state);
        state.number(&mut self.degrees);
    }
}

#[inline]
fn whole_rows(period: f64) -> usize {
    ((period + 0.5) as usize).min(PERIOD_MAX)
}

/// Sine of the phase, and of the phase 45° ahead.
#[inline]
fn sines(degrees: f64) -> [f64; 2] {
    [libm::sin(degrees / DEGREES), libm::sin((degrees + 45.0) / DEGREES)]
}

/// Average of the price over the dominant cycle, smoothed.
#[derive(Clone, Debug)]
struct TrendLine {
    prices: History,
    /// Averages of the last three rows, newest first.
    averages: [f64; 3],
}

impl TrendLine {
    fn new() -> Self {
        Self { prices: History::new(), averages: [0.0; 3] }
    }

    /// The line for a row whose price is already in `prices`.
    #[inline]
    fn push(&mut self, period: f64) -> f64 {
        let n = whole_rows(period);
        let (lanes, rest) = self.prices.last(n).as_chunks::<LANES>();
        let mut sums = [0.0; LANES];
        for x in lanes {
            for lane in 0..LANES {
                sums[lane] += x[lane];
            }
        }
        let sum = (sums[0] + sums[2]) + (sums[1] + sums[3]) + rest.iter().sum::<f64>();
        let average = if n > 0 { sum / n as f64 } else { 0.0 };
        let [a1, a2, a3] = self.averages;
        self.averages = [average, a1, a2];
        (4.0 * average + 3.0 * a1 + 2.0 * a2 + a3) / 10.0
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.prices.visit(state);
        state.numbers(&mut self.averages);
    }
}

/// Trend or cycle, from the crossings of the sine wave, the pace of the phase and the distance of the price to the trend line.
#[derive(Clone, Debug)]
struct Mode {
    degrees: f64,
    sines: [f64; 2],
    /// Rows since the sine wave crossed its lead.
    rows: f64,
}

impl Mode {
    /// 1 for a trend, 0 for a cycle.
    #[inline]
    fn push(&mut self, [smooth, period, degrees, line]: [f64; 4]) -> f64 {
        let before = std::mem::replace(&mut self.degrees, degrees);
        let [sine_before, lead_before] = std::mem::replace(&mut self.sines, sines(degrees));
        let [sine, lead] = self.sines;
        let crossed = sine > lead && sine_before <= lead_before || sine < lead && sine_before >= lead_before;
        self.rows = if crossed { 1.0 } else { self.rows + 1.0 };
        let (turned, pace) = (degrees - before, 360.0 / period);
        let keeps_pace = period != 0.0 && turned > 0.67 * pace && turned < 1.5 * pace;
        let cycles = crossed || self.rows < 0.5 * period || keeps_pace;
        let is_far = line != 0.0 && ((smooth - line) / line).abs() >= 0.015;
        f64::from(u8::from(is_far || !cycles))
    }

    fn visit(&mut self, state: &mut State<'_>) {
        state.number(&mut self.degrees);
        state.numbers(&mut self.sines);
        state.number(&mut self.rows);
    }
}

/// What an indicator of the phase gives.
trait Outcome<const O: usize>: Clone + std::fmt::Debug + Send + Sync + 'static {
    /// Take a price of any row, also of those before the start.
    #[inline]
    fn price(&mut self, _: f64) {}

    /// The outputs for a row's smoothed price and period.
    fn push(&mut self, turns: &Turns, smooth: f64, period: f64) -> [f64; O];

    fn visit(&mut self, state: &mut State<'_>);
}

impl Outcome<1> for Phase {
    #[inline]
    fn push(&mut self, turns: &Turns, smooth: f64, period: f64) -> [f64; 1] {
        [Self::push(self, turns, smooth, period)]
    }

    fn visit(&mut self, state: &mut State<'_>) {
        Self::visit(self, state);
    }
}

/// Sine wave of the phase.
#[derive(Clone, Debug)]
struct SineWave(Phase);

impl Outcome<2> for SineWave {
    #[inline]
    fn push(&mut self, turns: &Turns, smooth: f64, period: f64) -> [f64; 2] {
        sines(self.0.push(turns, smooth, period))
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.0.visit(state);
    }
}

impl Outcome<1> for TrendLine {
    #[inline]
    fn price(&mut self, x: f64) {
        self.prices.push(x);
    }

    #[inline]
    fn push(&mut self, _: &Turns, _: f64, period: f64) -> [f64; 1] {
        [Self::push(self, period)]
    }

    fn visit(&mut self, state: &mut State<'_>) {
        Self::visit(self, state);
    }
}

/// All parts of the trend mode.
#[derive(Clone, Debug)]
struct TrendMode {
    phase: Phase,
    line: TrendLine,
    mode: Mode,
}

impl Outcome<1> for TrendMode {
    #[inline]
    fn price(&mut self, x: f64) {
        self.line.price(x);
    }

    #[inline]
    fn push(&mut self, turns: &Turns, smooth: f64, period: f64) -> [f64; 1] {
        let degrees = self.phase.push(turns, smooth, period);
        let line = self.line.push(period);
        [self.mode.push([smooth, period, degrees, line])]
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.phase.visit(state);
        self.line.visit(state);
        self.mode.visit(state);
    }
}

/// An indicator of the dominant cycle's phase.
#[derive(Clone, Debug)]
struct CyclePhase<T> {
    filter: Filter,
    cycle: Cycle,
    outcome: T,
    rows_to_go: usize,
}

impl<T> CyclePhase<T> {
    fn new(outcome: T) -> Self {
        Self { filter: Filter::new(START), cycle: Cycle::new(), outcome, rows_to_go: LOOKBACK }
    }
}

impl<T: Outcome<O>, const O: usize> Study<1, O> for CyclePhase<T> {
    fn lookback(&self) -> usize {
        LOOKBACK
    }

    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; O] {
        let mut outputs = [f64::NAN; O];
        self.outcome.price(x);
        if let Some([smooth, turned]) = self.filter.push(x) {
            let period = self.cycle.push(turned);
            let values = self.outcome.push(&TURNS, smooth, period);
            if self.rows_to_go == 0 {
                outputs = values;
            }
        }
        self.rows_to_go = self.rows_to_go.saturating_sub(1);
        outputs
    }

    fn run(&mut self, [xs]: [&[f64]; 1], mut out: [&mut [f64]; O]) {
        let turns = &*TURNS;
        let (mut smooth, mut turned) = ([0.0; CHUNK], [0.0; CHUNK]);
        for (i, xs) in xs.chunks(CHUNK).enumerate() {
            let n = xs.len();
            let mut out = out.each_mut().map(|c| &mut c[i * CHUNK..][..n]);
            let idle = self.filter.fill(xs, &mut smooth, &mut turned);
            for &x in &xs[..idle] {
                self.outcome.price(x);
            }
            // The periods first: their chain is the longest, and alone it runs best.
            let periods = &mut turned;
            for period in &mut periods[idle..n] {
                *period = self.cycle.push(*period);
            }
            for row in idle..n {
                self.outcome.price(xs[row]);
                for (column, value) in out.iter_mut().zip(self.outcome.push(turns, smooth[row], periods[row])) {
                    column[row] = value;
                }
            }
            let early = self.rows_to_go.min(n);
            for column in out {
                column[..early].fill(f64::NAN);
            }
            self.rows_to_go -= early;
        }
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.filter.visit(state);
        self.cycle.visit(state);
        self.outcome.visit(state);
        state.count(&mut self.rows_to_go, LOOKBACK);
    }
}

const CLOSE: &[&str] = &["close"];

pub(super) const ENTRIES: &[Description] = &[
    Description {
        name: "ht_dcphase",
        title: "Dominant cycle phase",
        inputs: CLOSE,
        parameters: &[],
        outputs: &["ht_dcphase"],
        first_row: "63",
        formula: "angle, in degrees, of the smoothed close against one turn of the dominant cycle that ends with the row",
        source: "Ehlers 2001; TA-Lib HT_DCPHASE",
        make: |_| Ok(Box::new(Streaming::new(CyclePhase::new(Phase::new())))),
    },
    Description {
        name: "ht_sine",
        title: "Sine wave of the dominant cycle",
        inputs: CLOSE,
        parameters: &[],
        outputs: &["sine", "lead_sine"],
        first_row: "63",
        formula: "sin(ht_dcphase) and sin(ht_dcphase + 45°)",
        source: "Ehlers 2001; TA-Lib HT_SINE",
        make: |_| Ok(Box::new(Streaming::new(CyclePhase::new(SineWave(Phase::new()))))),
    },
    Description {
        name: "ht_trendline",
        title: "Instantaneous trend line",
        inputs: CLOSE,
        parameters: &[],
        outputs: &["ht_trendline"],
        first_row: "63",
        formula: "(4 a + 3 a[1] + 2 a[2] + a[3]) ÷ 10 with a the mean close of one dominant cycle",
        source: "Ehlers 2001; TA-Lib HT_TRENDLINE",
        make: |_| Ok(Box::new(Streaming::new(CyclePhase::new(TrendLine::new())))),
    },
    Description {
        name: "ht_trendmode",
        title: "Trend or cycle mode",
        inputs: CLOSE,
        parameters: &[],
        outputs: &["ht_trendmode"],
        first_row: "63",
        formula: "1 in a trend; 0 for half a period after sine and lead_sine cross and while the phase keeps the pace of the period (0.67 to 1.5 times), unless the smoothed close is 1.5 % or more from the trend line",
        source: "Ehlers 2001; TA-Lib HT_TRENDMODE",
        make: |_| {
            let mode = Mode { degrees: 0.0, sines: [0.0; 2], rows: 0.0 };
            Ok(Box::new(Streaming::new(CyclePhase::new(TrendMode { phase: Phase::new(), line: TrendLine::new(), mode }))))
        },
    },
];
