//! Flow of volume by where the close lies in the range, and by the way of the typical price.

use super::sums::WindowSums;
use crate::indicators::CHUNK;
use crate::indicators::catalog::{Description, Parameter, period, whole};
use crate::indicators::smooth::Smoother;
use crate::indicators::study::{State, Streaming, Study};

const HLCV: &[&str] = &["high", "low", "close", "volume"];

/// Rows that change by less than this share of their size have not moved, as in TA-Lib.
const STILL: f64 = 1e-14;

/// Volume with the weight and sign of the close's place in the range: +1 at the high, −1 at the low, 0 without a range.
#[inline]
pub(super) fn placed_volume(high: f64, low: f64, close: f64, volume: f64) -> f64 {
    let range = high - low;
    let flow = ((close - low) - (high - close)) / range * volume;
    if range > 0.0 { flow } else { 0.0 }
}

/// [`placed_volume`] of up to [`CHUNK`] rows.
#[inline]
fn place_volumes(flows: &mut [f64; CHUNK], [high, low, close, volume]: [&[f64]; 4]) {
    for ((((flow, &high), &low), &close), &volume) in flows.iter_mut().zip(high).zip(low).zip(close).zip(volume) {
        *flow = placed_volume(high, low, close, volume);
    }
}

/// Columns cut into [`CHUNK`] rows.
#[inline]
pub(in crate::indicators) fn chunks<'a, const I: usize>(
    columns: [&'a [f64]; I],
    out: &'a mut [f64],
) -> impl Iterator<Item = ([&'a [f64]; I], &'a mut [f64])> {
    out.chunks_mut(CHUNK).enumerate().map(move |(i, out)| {
        let start = i * CHUNK;
        (columns.map(|c| &c[start..start + out.len()]), out)
    })
}

/// Accumulation/distribution line.
#[derive(Clone, Debug, Default)]
pub struct AccumulationDistribution {
    line: f64,
}

impl Study<4, 1> for AccumulationDistribution {
    fn lookback(&self) -> usize {
        0
    }

    #[inline]
    fn step(&mut self, [high, low, close, volume]: [f64; 4]) -> [f64; 1] {
        self.line += placed_volume(high, low, close, volume);
        [self.line]
    }

    fn run(&mut self, columns: [&[f64]; 4], [out]: [&mut [f64]; 1]) {
        let mut flows = [0.0; CHUNK];
        for (columns, out) in chunks(columns, out) {
            place_volumes(&mut flows, columns);
            let mut line = self.line;
            for (y, flow) in out.iter_mut().zip(&flows) {
                line += flow;
                *y = line;
            }
            self.line = line;
        }
    }

    fn visit(&mut self, state: &mut State<'_>) {
        state.number(&mut self.line);
    }
}

/// Difference of two averages of the accumulation/distribution line.
#[derive(Clone, Debug)]
pub struct ChaikinOscillator {
    line: AccumulationDistribution,
    fast: Smoother,
    slow: Smoother,
    rows_to_go: usize,
    lookback: usize,
}

impl ChaikinOscillator {
    fn new(fast: usize, slow: usize) -> Self {
        let lookback = fast.max(slow) - 1;
        // Seeded with the line's first value, as in TA-Lib.
        let seeded = |period: usize| Smoother::new(1, 2.0 / (period as f64 + 1.0));
        Self { line: AccumulationDistribution::default(), fast: seeded(fast), slow: seeded(slow), rows_to_go: lookback, lookback }
    }
}

impl Study<4, 1> for ChaikinOscillator {
    fn lookback(&self) -> usize {
        self.lookback
    }

    #[inline]
    fn step(&mut self, row: [f64; 4]) -> [f64; 1] {
        let [line] = self.line.step(row);
        let value = self.fast.update(line) - self.slow.update(line);
        if self.rows_to_go > 0 {
            self.rows_to_go -= 1;
            return [f64::NAN];
        }
        [value]
    }

    fn run(&mut self, columns: [&[f64]; 4], [out]: [&mut [f64]; 1]) {
        let (mut lines, mut fast) = ([0.0; CHUNK], [0.0; CHUNK]);
        for (columns, out) in chunks(columns, out) {
            let n = out.len();
            self.line.run(columns, [&mut lines[..n]]);
            self.fast.extend(&lines[..n], &mut fast[..n]);
            self.slow.extend(&lines[..n], out);
            for (y, fast) in out.iter_mut().zip(&fast) {
                *y = fast - *y;
            }
            let early = self.rows_to_go.min(n);
            out[..early].fill(f64::NAN);
            self.rows_to_go -= early;
        }
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.line.visit(state);
        self.fast.visit(state);
        self.slow.visit(state);
        state.count(&mut self.rows_to_go, self.lookback);
    }
}

/// Placed volume over volume, both summed over a window.
#[derive(Clone, Debug)]
pub struct ChaikinMoneyFlow {
    sums: WindowSums<2>,
}

#[inline]
fn share_of([part, whole]: [f64; 2]) -> f64 {
    // NaN passes: the window is not full.
    if whole == 0.0 { 0.0 } else { part / whole }
}

impl Study<4, 1> for ChaikinMoneyFlow {
    fn lookback(&self) -> usize {
        self.sums.period() - 1
    }

    #[inline]
    fn step(&mut self, [high, low, close, volume]: [f64; 4]) -> [f64; 1] {
        [share_of(self.sums.push([placed_volume(high, low, close, volume), volume]))]
    }

    fn run(&mut self, columns: [&[f64]; 4], [out]: [&mut [f64]; 1]) {
        let mut flows = [0.0; CHUNK];
        let mut pairs = [[0.0; 2]; CHUNK];
        for (columns, out) in chunks(columns, out) {
            place_volumes(&mut flows, columns);
            for ((pair, &flow), &volume) in pairs.iter_mut().zip(&flows).zip(columns[3]) {
                *pair = self.sums.push([flow, volume]);
            }
            for (y, &pair) in out.iter_mut().zip(&pairs) {
                *y = share_of(pair);
            }
        }
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.sums.visit(state);
    }
}

/// Share of the money flow of a window that came with a rising typical price.
#[derive(Clone, Debug)]
pub struct MoneyFlowIndex {
    previous: f64,
    sums: WindowSums<2>,
}

#[inline]
fn typical(high: f64, low: f64, close: f64) -> f64 {
    (high + low + close) / 3.0
}

/// Money flow of a row, as [rising, falling].
#[inline]
fn flow(now: f64, before: f64, volume: f64) -> [f64; 2] {
    let change = now - before;
    let moved = change.abs() > STILL * (now.abs() + before.abs());
    let money = if moved { now * volume } else { 0.0 };
    [if change < 0.0 { 0.0 } else { money }, if change < 0.0 { money } else { 0.0 }]
}

#[inline]
fn percent_rising([rising, falling]: [f64; 2]) -> f64 {
    let total = rising + falling;
    // NaN passes: the window is not full.
    if total <= 0.0 { 0.0 } else { 100.0 * (rising / total) }
}

impl Study<4, 1> for MoneyFlowIndex {
    fn lookback(&self) -> usize {
        self.sums.period()
    }

    #[inline]
    fn step(&mut self, [high, low, close, volume]: [f64; 4]) -> [f64; 1] {
        let now = typical(high, low, close);
        let before = std::mem::replace(&mut self.previous, now);
        if before.is_nan() {
            return [f64::NAN];
        }
        [percent_rising(self.sums.push(flow(now, before, volume)))]
    }

    fn run(&mut self, columns: [&[f64]; 4], [out]: [&mut [f64]; 1]) {
        let mut prices = [0.0; CHUNK + 1];
        let mut pairs = [[0.0; 2]; CHUNK];
        for ([high, low, close, volume], out) in chunks(columns, out) {
            prices[0] = self.previous;
            for (((price, &high), &low), &close) in prices[1..].iter_mut().zip(high).zip(low).zip(close) {
                *price = typical(high, low, close);
            }
            let n = out.len();
            for (((pair, &now), &before), &volume) in pairs.iter_mut().zip(&prices[1..]).zip(&prices).zip(volume) {
                *pair = flow(now, before, volume);
            }
            let first = usize::from(self.previous.is_nan());
            self.previous = prices[n];
            out[..first].fill(f64::NAN);
            for pair in &mut pairs[first..n] {
                *pair = self.sums.push(*pair);
            }
            for (y, &pair) in out.iter_mut().zip(&pairs).skip(first) {
                *y = percent_rising(pair);
            }
        }
    }

    fn visit(&mut self, state: &mut State<'_>) {
        state.number(&mut self.previous);
        self.sums.visit(state);
    }
}

const FAST: Parameter = whole("fast_period", 3, 2);
const SLOW: Parameter = whole("slow_period", 10, 2);

pub(super) const ENTRIES: &[Description] = &[
    Description {
        name: "ad",
        title: "Accumulation/distribution line",
        inputs: HLCV,
        parameters: &[],
        outputs: &["ad"],
        first_row: "0",
        formula: "Σ volume × ((close − low) − (high − close)) ÷ (high − low); a row without a range adds 0",
        source: "Chaikin; TA-Lib AD",
        make: |_| Ok(Box::new(Streaming::new(AccumulationDistribution::default()).not_negative(3))),
    },
    Description {
        name: "adosc",
        title: "Chaikin oscillator",
        inputs: HLCV,
        parameters: &[FAST, SLOW],
        outputs: &["adosc"],
        first_row: "max(fast_period, slow_period) − 1",
        formula: "EMA(ad, fast_period) − EMA(ad, slow_period), both seeded with the first value of ad",
        source: "Chaikin; TA-Lib ADOSC",
        make: |p| Ok(Box::new(Streaming::new(ChaikinOscillator::new(p.whole(0), p.whole(1))).not_negative(3))),
    },
    Description {
        name: "cmf",
        title: "Chaikin money flow",
        inputs: HLCV,
        parameters: &[period(20)],
        outputs: &["cmf"],
        first_row: "period − 1",
        formula: "Σ volume × ((close − low) − (high − close)) ÷ (high − low), over Σ volume, of period rows; 0 without volume",
        source: "Chaikin; TA-Lib CMF",
        make: |p| Ok(Box::new(Streaming::new(ChaikinMoneyFlow { sums: WindowSums::new(p.whole(0)) }).not_negative(3))),
    },
    Description {
        name: "mfi",
        title: "Money flow index",
        inputs: HLCV,
        parameters: &[whole("period", 14, 2)],
        outputs: &["mfi"],
        first_row: "period",
        formula: "100 × rising ÷ (rising + falling) money flow of period rows; money flow is typical price × volume, and counts as rising or falling with the typical price; 0 without money flow",
        source: "Quong and Soudack 1989; TA-Lib MFI",
        make: |p| Ok(Box::new(Streaming::new(MoneyFlowIndex { previous: f64::NAN, sums: WindowSums::new(p.whole(0)) }).not_negative(3))),
    },
];
