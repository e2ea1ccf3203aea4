//! Volume: VWAP, OBV.

use crate::indicators::catalog::Description;
use crate::indicators::study::{State, Streaming, Study};

/// Volume-weighted average price since the start or the last reset: Σ(typical price × volume) ÷ Σ volume, the typical price
/// being (high + low + close) / 3. NaN until there is volume. The caller resets it where a session begins.
#[derive(Clone, Debug, Default)]
pub struct Vwap {
    notional: f64,
    volume: f64,
}

impl Vwap {
    /// An average that starts with the first row.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Study<4, 1> for Vwap {
    fn lookback(&self) -> usize {
        0
    }

    #[inline]
    fn step(&mut self, [high, low, close, volume]: [f64; 4]) -> [f64; 1] {
        self.notional += (high + low + close) / 3.0 * volume;
        self.volume += volume;
        [if self.volume > 0.0 { self.notional / self.volume } else { f64::NAN }]
    }

    fn visit(&mut self, state: &mut State<'_>) {
        state.number(&mut self.notional);
        state.number(&mut self.volume);
    }
}

/// On-balance volume: the running sum of volume, with the sign of the change of close. It starts at the first row's volume, as
/// in TA-Lib; others start at 0, which shifts the whole line by that volume.
#[derive(Clone, Debug)]
pub struct Obv {
    previous_close: f64,
    sum: f64,
}

impl Default for Obv {
    fn default() -> Self {
        Self { previous_close: f64::NAN, sum: f64::NAN }
    }
}

#[inline]
fn signed(volume: f64, close: f64, previous: f64) -> f64 {
    // Two selections instead of branches: the sign of a price change cannot be predicted.
    (if close > previous { volume } else { 0.0 }) - (if close < previous { volume } else { 0.0 })
}

impl Obv {
    /// A sum that starts with the first row.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Study<2, 1> for Obv {
    fn lookback(&self) -> usize {
        0
    }

    #[inline]
    fn step(&mut self, [close, volume]: [f64; 2]) -> [f64; 1] {
        let previous = std::mem::replace(&mut self.previous_close, close);
        self.sum = if previous.is_nan() { volume } else { self.sum + signed(volume, close, previous) };
        [self.sum]
    }

    fn run(&mut self, [close, volume]: [&[f64]; 2], [out]: [&mut [f64]; 1]) {
        let mut head = 0;
        while head < out.len() && self.previous_close.is_nan() {
            [out[head]] = self.step([close[head], volume[head]]);
            head += 1;
        }
        let (mut previous, mut sum) = (self.previous_close, self.sum);
        for ((y, &close), &volume) in out[head..].iter_mut().zip(&close[head..]).zip(&volume[head..]) {
            sum += signed(volume, close, previous);
            previous = close;
            *y = sum;
        }
        (self.previous_close, self.sum) = (previous, sum);
    }

    fn visit(&mut self, state: &mut State<'_>) {
        state.number(&mut self.previous_close);
        state.number(&mut self.sum);
    }
}

pub(super) const ENTRIES: &[Description] = &[
    Description {
        name: "vwap",
        title: "Volume-weighted average price",
        inputs: &["high", "low", "close", "volume"],
        parameters: &[],
        outputs: &["vwap"],
        first_row: "0",
        formula: "Σ((high + low + close) ÷ 3 × volume) ÷ Σ volume since the first row or the last reset; NaN until there is volume",
        source: "usual; reset it where a session begins",
        make: |_| Ok(Box::new(Streaming::new(Vwap::new()).not_negative(3))),
    },
    Description {
        name: "obv",
        title: "On-balance volume",
        inputs: &["close", "volume"],
        parameters: &[],
        outputs: &["obv"],
        first_row: "0",
        formula: "running sum of volume with the sign of the change of close, starting at the first volume",
        source: "Granville 1963; TA-Lib OBV",
        make: |_| Ok(Box::new(Streaming::new(Obv::new()).not_negative(1))),
    },
];
