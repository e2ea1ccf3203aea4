//! Flow of volume by where the close lies in the range, and by the way of the typical price.

use crate::indicators::CHUNK;
use crate::indicators::average::line::{Composed, Line, Sum};
use crate::indicators::catalog::{Description, Parameter, period, whole};
use crate::indicators::scratch::Columns;
use crate::indicators::smooth::Smoother;
use crate::indicators::study::{State, Streaming, Study};
use crate::indicators::wide::wide;
use crate::indicators::window::Soundness;

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

/// [`placed_volume`] of each row; false where a value counts as missing.
fn place_volumes([high, low, close, volume]: [&[f64]; 4], flows: &mut [f64], not_negative: u8) -> bool {
    wide(
        #[inline(always)]
        || {
            let mut soundness = Soundness::default();
            for ((((flow, &high), &low), &close), &volume) in flows.iter_mut().zip(high).zip(low).zip(close).zip(volume) {
                for x in [high, low, close] {
                    soundness.look(x);
                }
                soundness.look_at_volume(volume);
                *flow = placed_volume(high, low, close, volume);
            }
            soundness.holds(not_negative >> 3 & 1 == 1)
        },
    )
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

/// Each value with all before it; the last.
#[inline]
fn add_up(mut line: f64, values: &mut [f64]) -> f64 {
    for value in values {
        line += *value;
        *value = line;
    }
    line
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

    fn run(&mut self, columns: [&[f64]; 4], out: [&mut [f64]; 1]) {
        self.run_if_sound(columns, out, 0);
    }

    fn run_if_sound(&mut self, columns: [&[f64]; 4], [out]: [&mut [f64]; 1], not_negative: u8) -> bool {
        let is_sound = place_volumes(columns, out, not_negative);
        if is_sound {
            self.line = add_up(self.line, out);
        }
        is_sound
    }

    fn visit(&mut self, state: &mut State<'_>) {
        state.number(&mut self.line);
    }
}

/// Difference of two averages of the accumulation/distribution line, which both start at its first value, as in TA-Lib.
#[derive(Clone, Debug)]
pub struct ChaikinOscillator {
    line: f64,
    fast: Smoother,
    slow: Smoother,
    rows_to_go: usize,
    lookback: usize,
}

impl ChaikinOscillator {
    fn new(fast: usize, slow: usize) -> Self {
        let lookback = fast.max(slow) - 1;
        let [fast, slow] = [fast, slow].map(|period| Smoother::new(1, 2.0 / (period as f64 + 1.0)));
        Self { line: 0.0, fast, slow, rows_to_go: lookback, lookback }
    }
}

impl Study<4, 1> for ChaikinOscillator {
    fn lookback(&self) -> usize {
        self.lookback
    }

    #[inline]
    fn step(&mut self, [high, low, close, volume]: [f64; 4]) -> [f64; 1] {
        self.line += placed_volume(high, low, close, volume);
        let value = self.fast.update(self.line) - self.slow.update(self.line);
        if self.rows_to_go > 0 {
            self.rows_to_go -= 1;
            return [f64::NAN];
        }
        [value]
    }

    fn run(&mut self, columns: [&[f64]; 4], out: [&mut [f64]; 1]) {
        self.run_if_sound(columns, out, 0);
    }

    fn run_if_sound(&mut self, columns: [&[f64]; 4], [out]: [&mut [f64]; 1], not_negative: u8) -> bool {
        if !place_volumes(columns, out, not_negative) {
            return false;
        }
        let (mut lines, mut averages) = ([0.0; CHUNK], [0.0; CHUNK]);
        for out in out.chunks_mut(CHUNK) {
            let [line, slow] = [&mut lines, &mut averages].map(|b| &mut b[..out.len()]);
            line.copy_from_slice(out);
            self.line = add_up(self.line, line);
            self.fast.extend(line, out);
            self.slow.extend(line, slow);
            wide(
                #[inline(always)]
                || {
                    for (fast, slow) in out.iter_mut().zip(slow) {
                        *fast -= *slow;
                    }
                },
            );
            let early = self.rows_to_go.min(out.len());
            out[..early].fill(f64::NAN);
            self.rows_to_go -= early;
        }
        true
    }

    fn visit(&mut self, state: &mut State<'_>) {
        state.number(&mut self.line);
        self.fast.visit(state);
        self.slow.visit(state);
        state.count(&mut self.rows_to_go, self.lookback);
    }
}

/// Placed volume over volume, both summed over a window.
#[derive(Clone, Debug)]
pub struct ChaikinMoneyFlow {
    flows: Sum,
    volumes: Sum,
}

impl ChaikinMoneyFlow {
    fn new(period: usize) -> Self {
        Self { flows: Sum::new(period), volumes: Sum::new(period) }
    }
}

#[inline]
fn share_of(part: f64, whole: f64) -> f64 {
    // NaN passes: the window is not full.
    let share = part / whole;
    if whole == 0.0 { 0.0 } else { share }
}

impl Composed<4, 1> for ChaikinMoneyFlow {
    fn lookback(&self) -> usize {
        self.flows.lookback()
    }

    #[inline]
    fn block<const N: usize>(&mut self, [high, low, close, volume]: [&[f64]; 4], [out]: [&mut [f64]; 1]) {
        let mut room = Columns::new(2, out.len());
        let [flows, volumes] = room.split();
        for ((((flow, &high), &low), &close), &volume) in flows.iter_mut().zip(high).zip(low).zip(close).zip(volume) {
            *flow = placed_volume(high, low, close, volume);
        }
        self.flows.follow(flows, out);
        self.volumes.follow(volume, volumes);
        for (y, &volume) in out.iter_mut().zip(&*volumes) {
            *y = share_of(*y, volume);
        }
    }

    fn visit(&mut self, state: &mut State<'_>) {
        Line::visit(&mut self.flows, state);
        Line::visit(&mut self.volumes, state);
    }
}

/// Share of the money flow of a window that came with a rising typical price.
#[derive(Clone, Debug)]
pub struct MoneyFlowIndex {
    previous: f64,
    rising: Sum,
    falling: Sum,
}

impl MoneyFlowIndex {
    fn new(period: usize) -> Self {
        Self { previous: f64::NAN, rising: Sum::new(period), falling: Sum::new(period) }
    }
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
    let all = now * volume;
    let money = if moved { all } else { 0.0 };
    [if change < 0.0 { 0.0 } else { money }, if change < 0.0 { money } else { 0.0 }]
}

#[inline]
fn percent_rising(rising: f64, falling: f64) -> f64 {
    let total = rising + falling;
    let percent = 100.0 * (rising / total);
    // NaN passes: the window is not full.
    if total <= 0.0 { 0.0 } else { percent }
}

impl Study<4, 1> for MoneyFlowIndex {
    fn lookback(&self) -> usize {
        self.rising.period()
    }

    #[inline]
    fn step(&mut self, [high, low, close, volume]: [f64; 4]) -> [f64; 1] {
        let now = typical(high, low, close);
        let before = std::mem::replace(&mut self.previous, now);
        if before.is_nan() {
            return [f64::NAN];
        }
        let [rising, falling] = flow(now, before, volume);
        [percent_rising(self.rising.step(rising), self.falling.step(falling))]
    }

    fn run(&mut self, columns: [&[f64]; 4], [out]: [&mut [f64]; 1]) {
        // Runs are of a few thousand rows at most; the sums work best on all of them at once.
        let (mut rising, mut falling) = (vec![0.0; out.len()], vec![0.0; out.len()]);
        let first = usize::from(self.previous.is_nan());
        let mut prices = [0.0; CHUNK + 1];
        for ((i, falling), rising) in falling.chunks_mut(CHUNK).enumerate().zip(rising.chunks_mut(CHUNK)) {
            let [high, low, close, volume] = columns.map(|c| &c[i * CHUNK..][..rising.len()]);
            prices[0] = self.previous;
            wide(
                #[inline(always)]
                || {
                    for (((price, &high), &low), &close) in prices[1..].iter_mut().zip(high).zip(low).zip(close) {
                        *price = typical(high, low, close);
                    }
                    let rows = prices[1..].iter().zip(&prices).zip(volume);
                    for ((rising, falling), ((&now, &before), &volume)) in rising.iter_mut().zip(falling).zip(rows) {
                        [*rising, *falling] = flow(now, before, volume);
                    }
                },
            );
            self.previous = prices[rising.len()];
        }
        out[..first].fill(f64::NAN);
        let out = &mut out[first..];
        self.rising.run(&rising[first..], out);
        self.falling.run(&falling[first..], &mut rising[first..]);
        wide(
            #[inline(always)]
            || {
                for (y, &falling) in out.iter_mut().zip(&rising[first..]) {
                    *y = percent_rising(*y, falling);
                }
            },
        );
    }

    fn visit(&mut self, state: &mut State<'_>) {
        state.number(&mut self.previous);
        Line::visit(&mut self.rising, state);
        Line::visit(&mut self.falling, state);
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
        make: |p| Ok(Box::new(Streaming::new(ChaikinMoneyFlow::new(p.whole(0))).not_negative(3))),
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
        make: |p| Ok(Box::new(Streaming::new(MoneyFlowIndex::new(p.whole(0))).not_negative(3))),
    },
];
