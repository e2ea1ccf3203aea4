//! Stops a multiple of the average true range away: Supertrend, Chande Kroll.

use crate::indicators::CHUNK;
use crate::indicators::average::line::Range;
use crate::indicators::catalog::{Description, period, real, whole};
use crate::indicators::study::{State, Streaming, Study};
use crate::indicators::volatility::range::AverageRange;

const HLC: &[&str] = &["high", "low", "close"];

/// A stop that follows the middle price at a multiple of the average true range and changes sides where the close passes it.
#[derive(Clone, Debug)]
pub struct Supertrend {
    range: AverageRange,
    multiplier: f64,
    upper: f64,
    lower: f64,
    previous_close: f64,
    /// +1 up, −1 down, 0 before the first value.
    trend: f64,
}

impl Supertrend {
    #[inline]
    fn follow(&mut self, range: f64, [high, low, close]: [f64; 3]) -> [f64; 2] {
        let before = std::mem::replace(&mut self.previous_close, close);
        if range.is_nan() {
            return [f64::NAN; 2];
        }
        let (middle, width) = (f64::midpoint(high, low), self.multiplier * range);
        let (upper, lower) = (middle + width, middle - width);
        if self.trend == 0.0 {
            // Up until the close says otherwise, as in TA-Lib.
            (self.trend, self.upper, self.lower) = (1.0, upper, lower);
            return [lower, 1.0];
        }
        // A band only comes nearer, until the close before lies beyond it.
        self.upper = if upper < self.upper || before > self.upper { upper } else { self.upper };
        self.lower = if lower > self.lower || before < self.lower { lower } else { self.lower };
        let turns = if self.trend > 0.0 { close < self.lower } else { close > self.upper };
        self.trend = if turns { -self.trend } else { self.trend };
        [if self.trend > 0.0 { self.lower } else { self.upper }, self.trend]
    }
}

impl Study<3, 2> for Supertrend {
    fn lookback(&self) -> usize {
        self.range.lookback()
    }

    #[inline]
    fn step(&mut self, row: [f64; 3]) -> [f64; 2] {
        let range = self.range.push(row[0], row[1], row[2]);
        self.follow(range, row)
    }

    fn run(&mut self, columns: [&[f64]; 3], [stop, trend]: [&mut [f64]; 2]) {
        let mut ranges = [0.0; CHUNK];
        for start in (0..stop.len()).step_by(CHUNK) {
            let part = start..stop.len().min(start + CHUNK);
            let columns = columns.map(|c| &c[part.clone()]);
            self.range.fill(columns, &mut ranges[..part.len()]);
            let rows = columns[0].iter().zip(columns[1]).zip(columns[2]).zip(&ranges);
            for ((stop, trend), (((&high, &low), &close), &range)) in stop[part.clone()].iter_mut().zip(&mut trend[part]).zip(rows) {
                [*stop, *trend] = self.follow(range, [high, low, close]);
            }
        }
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.range.visit(state);
        for number in [&mut self.upper, &mut self.lower, &mut self.previous_close, &mut self.trend] {
            state.number(number);
        }
    }
}

/// Stops for shorts and longs: extremes less a multiple of the average true range, and the extremes of those.
#[derive(Clone, Debug)]
pub struct ChandeKrollStop {
    range: AverageRange,
    multiplier: f64,
    extremes: Range,
    stops: Range,
}

impl Study<3, 2> for ChandeKrollStop {
    fn lookback(&self) -> usize {
        self.range.lookback() + self.stops.lookback()
    }

    #[inline]
    fn step(&mut self, [high, low, close]: [f64; 3]) -> [f64; 2] {
        let range = self.range.push(high, low, close);
        let [highest, lowest] = self.extremes.step(high, low);
        self.stops.step(highest - self.multiplier * range, lowest + self.multiplier * range)
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.range.visit(state);
        self.extremes.visit(state);
        self.stops.visit(state);
    }
}

pub(super) const ENTRIES: &[Description] = &[
    Description {
        name: "supertrend",
        title: "Supertrend",
        inputs: HLC,
        parameters: &[period(10), real("multiplier", 3.0, 0.0, 1e6)],
        outputs: &["supertrend", "trend"],
        first_row: "period",
        formula: "bands (high + low) ÷ 2 ± multiplier × atr(period) that only come nearer until the close before lies beyond; the lower one while the trend is up (1), the upper one while it is down (−1), which turns where the close passes the band; up at first",
        source: "Seban; TA-Lib SUPERTREND",
        make: |p| {
            let range = AverageRange::new(p.whole(0));
            let nan = f64::NAN;
            Ok(Box::new(Streaming::new(Supertrend {
                range,
                multiplier: p.real(1),
                upper: nan,
                lower: nan,
                previous_close: nan,
                trend: 0.0,
            })))
        },
    },
    Description {
        name: "chande_kroll_stop",
        title: "Chande Kroll stop",
        inputs: HLC,
        parameters: &[whole("atr_period", 10, 1), real("multiplier", 1.0, 0.0, 1e6), whole("stop_period", 9, 1)],
        outputs: &["short_stop", "long_stop"],
        first_row: "atr_period + stop_period − 1",
        formula: "short: the highest, over stop_period rows, of highest high(atr_period) − multiplier × atr(atr_period); long: the lowest of lowest low + multiplier × atr",
        source: "Chande and Kroll 1994",
        make: |p| {
            let (range, extremes, stops) = (AverageRange::new(p.whole(0)), Range::new(p.whole(0)), Range::new(p.whole(2)));
            Ok(Box::new(Streaming::new(ChandeKrollStop { range, multiplier: p.real(1), extremes, stops })))
        },
    },
];
