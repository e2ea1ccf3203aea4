//! Bands around an average, and how wide they are.

use super::range::AverageRange;
use crate::indicators::CHUNK;
use crate::indicators::average::line::{Composed, Line, Mean, Top, zip2, zip3};
use crate::indicators::catalog::{Description, Parameter, period, real, whole};
use crate::indicators::doubling::{Moving, Spread};
use crate::indicators::smooth::Smoother;
use crate::indicators::study::{State, Streaming, Study};

const HLC: &[&str] = &["high", "low", "close"];
const LINES: &[&str] = &["upper", "middle", "lower"];

/// Keltner channel: an exponential average and multiples of the average true range around it.
#[derive(Clone, Debug)]
pub struct Keltner {
    middle: Smoother,
    range: AverageRange,
    multiplier: f64,
}

impl Study<3, 3> for Keltner {
    fn lookback(&self) -> usize {
        (self.middle.period() - 1).max(self.range.lookback())
    }

    #[inline]
    fn step(&mut self, [high, low, close]: [f64; 3]) -> [f64; 3] {
        let middle = self.middle.update(close);
        let width = self.multiplier * self.range.push(high, low, close);
        lines(middle, width)
    }

    fn run(&mut self, columns: [&[f64]; 3], [upper, middle, lower]: [&mut [f64]; 3]) {
        for start in (0..upper.len()).step_by(CHUNK) {
            let part = start..upper.len().min(start + CHUNK);
            let [upper, middle, lower] = [&mut upper[part.clone()], &mut middle[part.clone()], &mut lower[part.clone()]];
            let columns = columns.map(|c| &c[part.clone()]);
            self.middle.extend(columns[2], middle);
            self.range.fill(columns, upper);
            for ((upper, middle), lower) in upper.iter_mut().zip(middle).zip(lower) {
                [*upper, *middle, *lower] = lines(*middle, self.multiplier * *upper);
            }
        }
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.middle.visit(state);
        self.range.visit(state);
    }
}

/// All lines, or none while one is missing.
#[inline]
fn lines(middle: f64, width: f64) -> [f64; 3] {
    let (upper, lower) = (middle + width, middle - width);
    [upper, if upper.is_nan() { f64::NAN } else { middle }, lower]
}

/// Acceleration bands: averages of high and low stretched by the range, and of close.
#[derive(Clone, Debug)]
pub struct AccelerationBands {
    means: [Mean; 3],
}

impl AccelerationBands {
    fn new(period: usize) -> Self {
        Self { means: std::array::from_fn(|_| Mean::new(period)) }
    }
}

/// Prices below this are taken for zero, as in TA-Lib.
const ZERO: f64 = 1e-14;

/// Stretched high and low.
#[inline]
fn stretched(high: f64, low: f64) -> [f64; 2] {
    let sum = high + low;
    let stretch = if sum.abs() < ZERO { 0.0 } else { 4.0 * (high - low) / sum };
    [high * (1.0 + stretch), low * (1.0 - stretch)]
}

impl Composed<3, 3> for AccelerationBands {
    fn lookback(&self) -> usize {
        self.means[0].lookback()
    }

    #[inline]
    fn block<const N: usize>(&mut self, [high, low, close]: [&[f64]; 3], [upper, middle, lower]: [&mut [f64]; 3]) {
        let (mut ups, mut downs) = ([0.0; N], [0.0; N]);
        let (ups, downs) = (&mut ups[..high.len()], &mut downs[..high.len()]);
        for (((up, down), &high), &low) in ups.iter_mut().zip(&mut *downs).zip(high).zip(low) {
            [*up, *down] = stretched(high, low);
        }
        for ((mean, xs), out) in self.means.iter_mut().zip([ups, close, downs]).zip([upper, middle, lower]) {
            mean.follow(xs, out);
        }
    }

    fn visit(&mut self, state: &mut State<'_>) {
        for mean in &mut self.means {
            Line::visit(mean, state);
        }
    }
}

/// What is made of Bollinger bands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Their distance, over the middle.
    Width,
    /// Where the value lies between them, 0 at the lower one.
    Place,
}

/// Width of Bollinger bands, or the value's place in them.
#[derive(Clone, Debug)]
pub struct BollingerPlace {
    form: Form,
    window: Moving<Spread, 2>,
    deviations: f64,
    share: f64,
}

impl BollingerPlace {
    fn new(form: Form, period: usize, deviations: f64) -> Self {
        Self { form, window: Moving::new(period), deviations, share: 1.0 / period as f64 }
    }
}

#[inline]
fn place(form: Form, x: f64, middle: f64, half: f64) -> f64 {
    // Worked out before it is chosen, so that rows share instructions.
    match form {
        Form::Width => {
            let width = 2.0 * half / middle;
            if middle == 0.0 { 0.0 } else { width }
        }
        Form::Place => {
            let place = (x - (middle - half)) / (2.0 * half);
            if half == 0.0 { 0.5 } else { place }
        }
    }
}

impl Study<1, 1> for BollingerPlace {
    fn lookback(&self) -> usize {
        self.window.period() - 1
    }

    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        let (form, share, deviations) = (self.form, self.share, self.deviations);
        let window = self.window.push([x, 0.0]);
        [window.map_or(f64::NAN, |[middle, squares]| place(form, x, middle, deviations * (squares * share).sqrt()))]
    }

    fn run(&mut self, [xs]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        let (form, share, deviations) = (self.form, self.share, self.deviations);
        self.window.extend([xs], |start, [means, squares]| {
            zip3(&mut out[start..], &xs[start..], means, squares, |x, middle, squares| {
                place(form, x, middle, deviations * (squares * share).sqrt())
            });
        });
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.window.visit(state);
    }
}

/// Root of the mean square of the percents that the close lies below its highest.
#[derive(Clone, Debug)]
pub struct UlcerIndex {
    highest: Top,
    squares: Mean,
}

impl UlcerIndex {
    fn new(period: usize) -> Self {
        Self { highest: Top::new(period), squares: Mean::new(period) }
    }
}

impl Composed<1, 1> for UlcerIndex {
    fn lookback(&self) -> usize {
        self.highest.lookback() + self.squares.lookback()
    }

    #[inline]
    fn block<const N: usize>(&mut self, [close]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        let mut drops = [0.0; N];
        let drops = &mut drops[..close.len()];
        self.highest.follow(close, out);
        zip2(drops, close, out, |close, highest| {
            let drop = 100.0 * (close - highest) / highest;
            if highest == 0.0 { 0.0 } else { drop * drop }
        });
        self.squares.follow(drops, out);
        for y in out {
            *y = y.sqrt();
        }
    }

    fn visit(&mut self, state: &mut State<'_>) {
        Line::visit(&mut self.highest, state);
        Line::visit(&mut self.squares, state);
    }
}

const DEVIATIONS: Parameter = real("deviations", 2.0, 0.0, 1e6);

pub(super) const ENTRIES: &[Description] = &[
    Description {
        name: "keltner",
        title: "Keltner channel",
        inputs: HLC,
        parameters: &[period(20), real("multiplier", 2.0, 0.0, 1e6), whole("atr_period", 10, 1)],
        outputs: LINES,
        first_row: "max(period − 1, atr_period)",
        formula: "EMA(close, period) ± multiplier × atr(atr_period)",
        source: "Keltner 1960, with Raschke's average true range; the average seeded with the mean of its first period values",
        make: |p| {
            let (middle, range) = (Smoother::exponential(p.whole(0)), AverageRange::new(p.whole(2)));
            Ok(Box::new(Streaming::new(Keltner { middle, range, multiplier: p.real(1) })))
        },
    },
    Description {
        name: "acceleration_bands",
        title: "Acceleration bands",
        inputs: HLC,
        parameters: &[period(20)],
        outputs: LINES,
        first_row: "period − 1",
        formula: "SMAs of high × (1 + s), close and low × (1 − s), with s = 4 × (high − low) ÷ (high + low), 0 where that has no value",
        source: "Headley 2002; TA-Lib ACCBANDS",
        make: |p| Ok(Box::new(Streaming::new(AccelerationBands::new(p.whole(0))))),
    },
    Description {
        name: "bollinger_width",
        title: "Bollinger band width",
        inputs: &["close"],
        parameters: &[period(20), DEVIATIONS],
        outputs: &["bollinger_width"],
        first_row: "period − 1",
        formula: "(upper − lower) ÷ middle of the Bollinger bands, a fraction; 0 where the middle is 0",
        source: "Bollinger 2001, p. 63",
        make: |p| Ok(Box::new(Streaming::new(BollingerPlace::new(Form::Width, p.whole(0), p.real(1))))),
    },
    Description {
        name: "percent_b",
        title: "Place in the Bollinger bands",
        inputs: &["close"],
        parameters: &[period(20), DEVIATIONS],
        outputs: &["percent_b"],
        first_row: "period − 1",
        formula: "(close − lower) ÷ (upper − lower) of the Bollinger bands, a fraction; 0.5 where they meet",
        source: "Bollinger 2001, p. 60",
        make: |p| Ok(Box::new(Streaming::new(BollingerPlace::new(Form::Place, p.whole(0), p.real(1))))),
    },
    Description {
        name: "ulcer",
        title: "Ulcer index",
        inputs: &["close"],
        parameters: &[period(14)],
        outputs: &["ulcer"],
        first_row: "2 × (period − 1)",
        formula: "√(Σ d² ÷ period) over period rows, with d = 100 × (close − m) ÷ m and m the highest close of the period rows that end with its own",
        source: "Martin and McCann 1987",
        make: |p| Ok(Box::new(Streaming::new(UlcerIndex::new(p.whole(0))))),
    },
];
