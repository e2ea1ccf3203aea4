//! Volume against the change of price: force index, ease of movement, negative and positive volume, Klinger.

use super::flow::chunks;
use crate::indicators::CHUNK;
use crate::indicators::average::line::{Line, Sum};
use crate::indicators::catalog::{Description, Parameter, period, real, whole};
use crate::indicators::smooth::Smoother;
use crate::indicators::study::{State, Streaming, Study};
use crate::indicators::wide::wide;

/// Average of the change of close times volume.
#[derive(Clone, Debug)]
pub struct ForceIndex {
    previous: f64,
    average: Smoother,
}

impl Study<2, 1> for ForceIndex {
    fn lookback(&self) -> usize {
        self.average.period()
    }

    #[inline]
    fn step(&mut self, [close, volume]: [f64; 2]) -> [f64; 1] {
        let before = std::mem::replace(&mut self.previous, close);
        [if before.is_nan() { f64::NAN } else { self.average.update((close - before) * volume) }]
    }

    fn run(&mut self, columns: [&[f64]; 2], [out]: [&mut [f64]; 1]) {
        let mut forces = [0.0; CHUNK];
        for ([close, volume], out) in chunks(columns, out) {
            let first = usize::from(self.previous.is_nan());
            forces[0] = (close[0] - self.previous) * volume[0];
            wide(
                #[inline(always)]
                || {
                    for (((force, &now), &before), &volume) in forces[1..].iter_mut().zip(&close[1..]).zip(close).zip(&volume[1..]) {
                        *force = (now - before) * volume;
                    }
                },
            );
            self.previous = close[close.len() - 1];
            out[..first].fill(f64::NAN);
            self.average.extend(&forces[first..out.len()], &mut out[first..]);
        }
    }

    fn visit(&mut self, state: &mut State<'_>) {
        state.number(&mut self.previous);
        self.average.visit(state);
    }
}

/// Average way of the middle price for a unit of volume.
#[derive(Clone, Debug)]
pub struct EaseOfMovement {
    divisor: f64,
    weight: f64,
    previous: f64,
    sum: Sum,
}

impl EaseOfMovement {
    fn new(period: usize, divisor: f64) -> Self {
        Self { divisor, weight: 1.0 / period as f64, previous: f64::NAN, sum: Sum::new(period) }
    }
}

impl Study<3, 1> for EaseOfMovement {
    fn lookback(&self) -> usize {
        self.sum.period()
    }

    #[inline]
    fn step(&mut self, [high, low, volume]: [f64; 3]) -> [f64; 1] {
        let middle = (high + low) * 0.5;
        let before = std::mem::replace(&mut self.previous, middle);
        if before.is_nan() {
            return [f64::NAN];
        }
        let ease = if volume > 0.0 { (middle - before) * (high - low) / volume * self.divisor } else { 0.0 };
        [self.sum.step(ease) * self.weight]
    }

    fn visit(&mut self, state: &mut State<'_>) {
        state.number(&mut self.previous);
        Line::visit(&mut self.sum, state);
    }
}

/// Which rows a volume index takes its returns from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rows {
    /// Less volume than the row before.
    Quieter,
    /// More volume than the row before.
    Busier,
}

impl Rows {
    /// Change of close as a fraction, 0 in a row that does not count.
    #[inline]
    fn change(self, [before, now]: [f64; 2], [volume_before, volume]: [f64; 2]) -> f64 {
        let counts = match self {
            Self::Quieter => volume < volume_before,
            Self::Busier => volume > volume_before,
        };
        let change = (now - before) / before;
        if counts { change } else { 0.0 }
    }
}

/// The index after a change. A price of zero, or a product past the largest number, must not end the series.
#[inline]
fn grown(value: f64, change: f64) -> f64 {
    let next = value + value * change;
    if next.is_finite() { next } else { value }
}

/// What an index of volume starts at.
const INDEX_START: f64 = 1000.0;

/// Returns of close, compounded over the rows of less, or of more, volume.
#[derive(Clone, Debug)]
pub struct VolumeIndex {
    rows: Rows,
    close: f64,
    volume: f64,
    value: f64,
}

impl VolumeIndex {
    fn new(rows: Rows) -> Self {
        Self { rows, close: f64::NAN, volume: f64::NAN, value: INDEX_START }
    }
}

impl Study<2, 1> for VolumeIndex {
    fn lookback(&self) -> usize {
        0
    }

    #[inline]
    fn step(&mut self, [close, volume]: [f64; 2]) -> [f64; 1] {
        let change = self.rows.change([self.close, close], [self.volume, volume]);
        self.value = grown(self.value, change);
        (self.close, self.volume) = (close, volume);
        [self.value]
    }

    fn run(&mut self, [close, volume]: [&[f64]; 2], [out]: [&mut [f64]; 1]) {
        let Some((last_close, last_volume)) = close.last().zip(volume.last()) else { return };
        let rows = self.rows;
        out[0] = rows.change([self.close, close[0]], [self.volume, volume[0]]);
        let pairs = close.iter().zip(&close[1..]).zip(volume.iter().zip(&volume[1..]));
        wide(
            #[inline(always)]
            || {
                for (y, ((&before, &now), (&volume_before, &volume))) in out[1..].iter_mut().zip(pairs) {
                    *y = rows.change([before, now], [volume_before, volume]);
                }
            },
        );
        let mut value = self.value;
        for y in out {
            value = grown(value, *y);
            *y = value;
        }
        (self.close, self.volume, self.value) = (*last_close, *last_volume, value);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        for number in [&mut self.close, &mut self.volume, &mut self.value] {
            state.number(number);
        }
    }
}

/// Klinger's volume oscillator and its signal line.
#[derive(Clone, Debug)]
pub struct Klinger {
    fast: Smoother,
    slow: Smoother,
    signal: Smoother,
    /// Sum of high, low and close of the row before.
    price: f64,
    range: f64,
    /// +1 or −1; 0 before the second row.
    trend: f64,
    /// Ranges since the trend began, with the one before; NaN before the second row.
    swing: f64,
    force: f64,
}

impl Klinger {
    fn new(fast: usize, slow: usize, signal: usize) -> Self {
        let [fast, slow, signal] = [fast, slow, signal].map(Smoother::exponential);
        Self { fast, slow, signal, price: f64::NAN, range: 0.0, trend: 0.0, swing: f64::NAN, force: 0.0 }
    }

    /// Volume force; NaN for the first two rows.
    fn force(&mut self, high: f64, low: f64, close: f64, volume: f64) -> f64 {
        let (price, range) = (high + low + close, high - low);
        let (before, range_before) = (std::mem::replace(&mut self.price, price), std::mem::replace(&mut self.range, range));
        if before.is_nan() {
            return f64::NAN;
        }
        let trend = if price > before { 1.0 } else { -1.0 };
        let trend_before = std::mem::replace(&mut self.trend, trend);
        self.swing = if trend == trend_before { self.swing + range } else { range_before + range };
        if trend_before == 0.0 {
            return f64::NAN;
        }
        if range == self.swing || volume == 0.0 {
            self.force = 0.0;
        } else if range == 0.0 {
            self.force = volume * 2.0 * trend * 100.0;
        } else if self.swing != 0.0 {
            self.force = volume * (2.0 * (range / self.swing - 1.0)).abs() * trend * 100.0;
        }
        self.force
    }
}

impl Study<4, 2> for Klinger {
    fn lookback(&self) -> usize {
        self.fast.period().max(self.slow.period()) + self.signal.period()
    }

    #[inline]
    fn step(&mut self, [high, low, close, volume]: [f64; 4]) -> [f64; 2] {
        let force = self.force(high, low, close, volume);
        if force.is_nan() {
            return [f64::NAN; 2];
        }
        let line = self.fast.update(force) - self.slow.update(force);
        [line, if line.is_nan() { f64::NAN } else { self.signal.update(line) }]
    }

    fn visit(&mut self, state: &mut State<'_>) {
        for average in [&mut self.fast, &mut self.slow, &mut self.signal] {
            average.visit(state);
        }
        for number in [&mut self.price, &mut self.range, &mut self.trend, &mut self.swing, &mut self.force] {
            state.number(number);
        }
    }
}

const FAST: Parameter = whole("fast_period", 34, 1);
const SLOW: Parameter = whole("slow_period", 55, 1);
const SIGNAL: Parameter = whole("signal_period", 13, 1);

pub(super) const ENTRIES: &[Description] = &[
    Description {
        name: "force_index",
        title: "Force index",
        inputs: &["close", "volume"],
        parameters: &[period(13)],
        outputs: &["force_index"],
        first_row: "period",
        formula: "EMA((close − close[1]) × volume, period), seeded with the mean of the first period values",
        source: "Elder 1993; TA-Lib EFI",
        make: |p| {
            Ok(Box::new(Streaming::new(ForceIndex { previous: f64::NAN, average: Smoother::exponential(p.whole(0)) }).not_negative(1)))
        },
    },
    Description {
        name: "emv",
        title: "Ease of movement",
        inputs: &["high", "low", "volume"],
        parameters: &[period(14), real("divisor", 10_000.0, 0.0, 1e18)],
        outputs: &["emv"],
        first_row: "period",
        formula: "SMA(divisor × (m − m[1]) × (high − low) ÷ volume, period) with m = (high + low) ÷ 2; a row without volume counts 0",
        source: "Arms 1983; the divisor brings volume to a readable size, 10,000 as in common use",
        make: |p| Ok(Box::new(Streaming::new(EaseOfMovement::new(p.whole(0), p.real(1))).not_negative(2))),
    },
    Description {
        name: "nvi",
        title: "Negative volume index",
        inputs: &["close", "volume"],
        parameters: &[],
        outputs: &["nvi"],
        first_row: "0",
        formula: "1000 at first; × close ÷ close[1] where volume < volume[1]",
        source: "Dysart 1936, Fosback 1976; TA-Lib NVI",
        make: |_| Ok(Box::new(Streaming::new(VolumeIndex::new(Rows::Quieter)).not_negative(1))),
    },
    Description {
        name: "pvi",
        title: "Positive volume index",
        inputs: &["close", "volume"],
        parameters: &[],
        outputs: &["pvi"],
        first_row: "0",
        formula: "1000 at first; × close ÷ close[1] where volume > volume[1]",
        source: "Dysart 1936, Fosback 1976; TA-Lib PVI",
        make: |_| Ok(Box::new(Streaming::new(VolumeIndex::new(Rows::Busier)).not_negative(1))),
    },
    Description {
        name: "klinger",
        title: "Klinger volume oscillator",
        inputs: &["high", "low", "close", "volume"],
        parameters: &[FAST, SLOW, SIGNAL],
        outputs: &["klinger", "signal"],
        first_row: "max(fast_period, slow_period) + signal_period",
        formula: "EMA(force, fast_period) − EMA(force, slow_period) and its EMA over signal_period; force = 100 × volume × |2 × (range ÷ swing − 1)| × trend from row 2 on; trend +1 where high + low + close rises, else −1; swing the ranges summed since the trend turned, with the one before",
        source: "Klinger 1997; EMAs seeded with the mean of their first values",
        make: |p| Ok(Box::new(Streaming::new(Klinger::new(p.whole(0), p.whole(1), p.whole(2))).not_negative(3))),
    },
];
