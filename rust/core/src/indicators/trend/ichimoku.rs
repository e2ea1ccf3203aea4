//! Ichimoku and Heikin-Ashi.

use crate::indicators::CHUNK;
use crate::indicators::average::line::{Composed, Range, zip2};
use crate::indicators::average::middle::Middle;
use crate::indicators::catalog::{Description, Parameter, whole};
use crate::indicators::study::{State, Streaming, Study};
use crate::indicators::wide::wide;
use crate::indicators::window::Lag;

/// Midpoints of three ranges, two of them as the cloud of the row they are drawn at.
#[derive(Clone, Debug)]
pub struct Ichimoku {
    conversion: Middle,
    base: Middle,
    span: Middle,
    leading: Option<[Lag; 2]>,
}

impl Ichimoku {
    fn new([conversion, base, span]: [usize; 3], displacement: usize) -> Self {
        let leading = (displacement > 0).then(|| [Lag::new(displacement), Lag::new(displacement)]);
        let [conversion, base, span] = [conversion, base, span].map(|period| Middle(Range::new(period)));
        Self { conversion, base, span, leading }
    }
}

impl Composed<2, 4> for Ichimoku {
    fn lookback(&self) -> usize {
        let longest = [&self.conversion, &self.base, &self.span].map(|middle| middle.0.lookback()).into_iter().max().unwrap_or(0);
        longest + self.leading.as_ref().map_or(0, |[a, _]| a.period())
    }

    #[inline]
    fn block<const N: usize>(&mut self, [high, low]: [&[f64]; 2], [conversion, base, a, b]: [&mut [f64]; 4]) {
        self.conversion.take::<N>(high, low, conversion);
        self.base.take::<N>(high, low, base);
        let (mut mean, mut span) = ([0.0; N], [0.0; N]);
        let (mean, span) = (&mut mean[..high.len()], &mut span[..high.len()]);
        zip2(mean, conversion, base, |conversion, base| (conversion + base) * 0.5);
        self.span.take::<N>(high, low, span);
        if let Some([lag_a, lag_b]) = &mut self.leading {
            lag_a.run(mean, a, |_, then| then);
            lag_b.run(span, b, |_, then| then);
        } else {
            a.copy_from_slice(mean);
            b.copy_from_slice(span);
        }
    }

    fn visit(&mut self, state: &mut State<'_>) {
        for middle in [&mut self.conversion, &mut self.base, &mut self.span] {
            middle.0.visit(state);
        }
        for lag in self.leading.iter_mut().flatten() {
            lag.visit(state);
        }
    }
}

/// Bars averaged with the ones before.
#[derive(Clone, Copy, Debug)]
pub struct HeikinAshi {
    /// Averaged open and close of the row before; NaN before the first.
    open: f64,
    close: f64,
}

impl Study<4, 4> for HeikinAshi {
    fn lookback(&self) -> usize {
        0
    }

    #[inline]
    fn step(&mut self, [open, high, low, close]: [f64; 4]) -> [f64; 4] {
        let averaged = (open + high + low + close) / 4.0;
        self.open = if self.open.is_nan() { f64::midpoint(open, close) } else { f64::midpoint(self.open, self.close) };
        self.close = averaged;
        [self.open, outermost(high, self.open, averaged), -outermost(-low, -self.open, -averaged), averaged]
    }

    fn run(&mut self, [open, high, low, close]: [&[f64]; 4], [opens, highs, lows, closes]: [&mut [f64]; 4]) {
        for start in (0..opens.len()).step_by(CHUNK) {
            let part = start..opens.len().min(start + CHUNK);
            let [open, high, low, close] = [open, high, low, close].map(|c| &c[part.clone()]);
            let [opens, highs, lows, closes] = [&mut *opens, highs, lows, closes].map(|c| &mut c[part.clone()]);
            wide(
                #[inline(always)]
                || {
                    for ((((y, open), high), low), close) in closes.iter_mut().zip(open).zip(high).zip(low).zip(close) {
                        *y = (open + high + low + close) / 4.0;
                    }
                },
            );
            // The one chain of operations, row by row.
            let mut before = *self;
            for (((y, &averaged), open), close) in opens.iter_mut().zip(&*closes).zip(open).zip(close) {
                before.open = if before.open.is_nan() { f64::midpoint(*open, *close) } else { f64::midpoint(before.open, before.close) };
                before.close = averaged;
                *y = before.open;
            }
            *self = before;
            wide(
                #[inline(always)]
                || {
                    let bars = high.iter().zip(low).zip(opens.iter().zip(&*closes));
                    for ((y_high, y_low), ((&high, &low), (&open, &close))) in highs.iter_mut().zip(lows).zip(bars) {
                        (*y_high, *y_low) = (outermost(high, open, close), -outermost(-low, -open, -close));
                    }
                },
            );
        }
    }

    fn visit(&mut self, state: &mut State<'_>) {
        state.number(&mut self.open);
        state.number(&mut self.close);
    }
}

/// The greatest of three.
#[inline]
fn outermost(a: f64, b: f64, c: f64) -> f64 {
    let larger = |a: f64, b: f64| if a > b { a } else { b };
    larger(larger(a, b), c)
}

const CONVERSION: Parameter = whole("conversion_period", 9, 1);
const BASE: Parameter = whole("base_period", 26, 1);
const SPAN: Parameter = whole("span_period", 52, 1);
const DISPLACEMENT: Parameter = whole("displacement", 26, 0);

pub(super) const ENTRIES: &[Description] = &[
    Description {
        name: "ichimoku",
        title: "Ichimoku",
        inputs: &["high", "low"],
        parameters: &[CONVERSION, BASE, SPAN, DISPLACEMENT],
        outputs: &["conversion", "base", "span_a", "span_b"],
        first_row: "max(conversion_period, base_period, span_period) − 1 + displacement",
        formula: "conversion, base: (highest high + lowest low) ÷ 2 of their rows; span_a: the mean of both, span_b: that midpoint of span_period rows, each as it was displacement rows ago, where it is drawn; the lagging span is the close, to be held against the price displacement rows ago",
        source: "Hosoda 1969",
        make: |p| Ok(Box::new(Streaming::new(Ichimoku::new([p.whole(0), p.whole(1), p.whole(2)], p.whole(3))))),
    },
    Description {
        name: "heikin_ashi",
        title: "Heikin-Ashi bars",
        inputs: &["open", "high", "low", "close"],
        parameters: &[],
        outputs: &["open", "high", "low", "close"],
        first_row: "0",
        formula: "close: (open + high + low + close) ÷ 4; open: (open[1] + close[1]) ÷ 2 of these bars, (open + close) ÷ 2 at first; high and low: the outermost of the row's and these two",
        source: "Valcu 2004; TA-Lib HA",
        make: |_| Ok(Box::new(Streaming::new(HeikinAshi { open: f64::NAN, close: f64::NAN }))),
    },
];
