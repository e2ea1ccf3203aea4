//! Parabolic stop and reverse.

use crate::indicators::catalog::{Description, Parameter, real};
use crate::indicators::study::{State, Streaming, Study};

/// How fast the stop follows on one side.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Acceleration {
    first: f64,
    step: f64,
    most: f64,
}

impl Acceleration {
    fn new(first: f64, step: f64, most: f64) -> Self {
        Self { first: first.min(most), step: step.min(most), most }
    }
}

/// Parabolic stop and reverse. Prices of a short position are held negated, so that both sides are one arithmetic: the stop is
/// below, and turns where the low reaches it.
#[derive(Clone, Debug)]
pub struct ParabolicSar {
    /// Long, short.
    sides: [Acceleration; 2],
    /// The first stop, negative for a short; 0 to take both from the first two rows.
    start: f64,
    /// Part of the stop added where it turns.
    offset: f64,
    /// Outputs are negative while short.
    signed: bool,
    /// High and low of the row before; NaN before the second row.
    previous: [f64; 2],
    /// 0 before the second row, 1 long, 2 short.
    side: usize,
    /// These three as the side sees them: negated while short.
    stop: f64,
    extreme: f64,
    factor: f64,
}

#[inline]
fn lower(a: f64, b: f64) -> f64 {
    if b < a { b } else { a }
}

impl ParabolicSar {
    fn new(sides: [Acceleration; 2], start: f64, offset: f64, signed: bool) -> Self {
        Self { sides, start, offset, signed, previous: [f64::NAN; 2], side: 0, stop: 0.0, extreme: 0.0, factor: 0.0 }
    }

    /// The side to begin on, with the second row: short where the low fell further than the high rose.
    fn begin(&mut self, high: f64, low: f64) {
        let [previous_high, previous_low] = self.previous;
        let (up, down) = (high - previous_high, previous_low - low);
        let is_short = if self.start == 0.0 { down > 0.0 && down > up } else { self.start < 0.0 };
        let stop = if self.start == 0.0 { if is_short { previous_high } else { previous_low } } else { self.start.abs() };
        self.side = if is_short { 2 } else { 1 };
        (self.stop, self.extreme) = if is_short { (-stop, -low) } else { (stop, high) };
        self.factor = self.sides[self.side - 1].first;
        self.previous = [high, low];
    }
}

/// `[high, low]` as a side sees it: a short's low is the negated high.
#[inline]
fn seen<const SHORT: bool>([high, low]: [f64; 2]) -> [f64; 2] {
    if SHORT { [-low, -high] } else { [high, low] }
}

impl ParabolicSar {
    /// One row of a position on one side; the output.
    #[inline]
    fn hold<const SHORT: bool>(&mut self, row: [f64; 2]) -> f64 {
        let mut out = 0.0;
        if self.ride::<SHORT>((&row[..1], &row[1..], std::slice::from_mut(&mut out))) == 0 {
            return self.turn::<SHORT>(row);
        }
        out
    }

    /// Rows of a position on one side, up to the one that reaches the stop; how many.
    #[inline]
    fn ride<const SHORT: bool>(&mut self, (high, low, out): (&[f64], &[f64], &mut [f64])) -> usize {
        let Acceleration { step, most, .. } = self.sides[usize::from(SHORT)];
        let negate = SHORT && !self.signed;
        let [_, mut previous_low] = seen::<SHORT>(self.previous);
        // Numbers of their own, so that they stay in registers.
        let (mut stop, mut extreme, mut factor) = (self.stop, self.extreme, self.factor);
        let mut rows = 0;
        for ((&row_high, &row_low), y) in high.iter().zip(low).zip(out) {
            let [high, low] = seen::<SHORT>([row_high, row_low]);
            if low <= stop {
                break;
            }
            *y = if negate { -stop } else { stop };
            // Selections instead of a branch: a new extreme cannot be predicted.
            let faster = lower(factor + step, most);
            factor = if high > extreme { faster } else { factor };
            extreme = if high > extreme { high } else { extreme };
            stop = lower(lower(previous_low, low), stop + factor * (extreme - stop));
            previous_low = low;
            rows += 1;
        }
        if rows > 0 {
            self.previous = [high[rows - 1], low[rows - 1]];
        }
        (self.stop, self.extreme, self.factor) = (stop, extreme, factor);
        rows
    }

    /// The stop is reached: over to the other side, at the old one's extreme, outside both rows, and further by the offset.
    #[inline]
    fn turn<const SHORT: bool>(&mut self, row: [f64; 2]) -> f64 {
        // As the new side sees them, which is the negated old one.
        let of = |row: [f64; 2]| if SHORT { row } else { seen::<true>(row) };
        let ([high, low], [_, previous_low]) = (of(row), of(self.previous));
        let stop = lower(lower(previous_low, low), -self.extreme);
        let out = if SHORT { stop - stop * self.offset } else { stop + stop * self.offset };
        self.side = if SHORT { 1 } else { 2 };
        self.factor = self.sides[usize::from(!SHORT)].first;
        self.extreme = high;
        self.stop = lower(lower(previous_low, low), out + self.factor * (high - out));
        self.previous = row;
        if SHORT || self.signed { out } else { -out }
    }
}

impl Study<2, 1> for ParabolicSar {
    fn lookback(&self) -> usize {
        1
    }

    #[inline]
    fn step(&mut self, row: [f64; 2]) -> [f64; 1] {
        if self.side == 0 {
            let [high, low] = row;
            if self.previous[0].is_nan() {
                self.previous = row;
                return [f64::NAN];
            }
            self.begin(high, low);
        }
        [if self.side == 1 { self.hold::<false>(row) } else { self.hold::<true>(row) }]
    }

    fn run(&mut self, [high, low]: [&[f64]; 2], [out]: [&mut [f64]; 1]) {
        let mut at = 0;
        while at < out.len() {
            if self.side == 0 {
                [out[at]] = self.step([high[at], low[at]]);
                at += 1;
                continue;
            }
            // One loop a side: which side it is cannot be predicted, that it goes on can.
            let rest = (&high[at..], &low[at..], &mut out[at..]);
            at += if self.side == 1 { self.ride::<false>(rest) } else { self.ride::<true>(rest) };
            if at < out.len() {
                let row = [high[at], low[at]];
                out[at] = if self.side == 1 { self.turn::<false>(row) } else { self.turn::<true>(row) };
                at += 1;
            }
        }
    }

    fn visit(&mut self, state: &mut State<'_>) {
        state.numbers(&mut self.previous);
        state.count(&mut self.side, 2);
        for number in [&mut self.stop, &mut self.extreme, &mut self.factor] {
            state.number(number);
        }
    }
}

const MOST: f64 = 1e6;

const fn rate(name: &'static str, default: f64) -> Parameter {
    real(name, default, 0.0, MOST)
}

pub(super) const ENTRIES: &[Description] = &[
    Description {
        name: "sar",
        title: "Parabolic stop and reverse",
        inputs: &["high", "low"],
        parameters: &[rate("acceleration", 0.02), rate("maximum", 0.2)],
        outputs: &["sar"],
        first_row: "1",
        formula: "sar[1] + f × (extreme − sar[1]), not inside the last two rows; f grows by acceleration, up to maximum, with each new extreme; where the price reaches it, it starts on the other side at the extreme",
        source: "Wilder 1978, p. 9; TA-Lib SAR",
        make: |p| {
            let side = Acceleration::new(p.real(0), p.real(0), p.real(1));
            Ok(Box::new(Streaming::new(ParabolicSar::new([side; 2], 0.0, 0.0, false))))
        },
    },
    Description {
        name: "sarext",
        title: "Parabolic stop and reverse, extended",
        inputs: &["high", "low"],
        parameters: &[
            real("start_value", 0.0, -1e300, 1e300),
            rate("offset_on_reverse", 0.0),
            rate("acceleration_init_long", 0.02),
            rate("acceleration_long", 0.02),
            rate("acceleration_max_long", 0.2),
            rate("acceleration_init_short", 0.02),
            rate("acceleration_short", 0.02),
            rate("acceleration_max_short", 0.2),
        ],
        outputs: &["sarext"],
        first_row: "1",
        formula: "as sar, negative while short, with accelerations of each side, a first stop (negative for short, 0 to find it) and a part of the stop added where it turns",
        source: "Wilder 1978, p. 9; TA-Lib SAREXT",
        make: |p| {
            let sides = [Acceleration::new(p.real(2), p.real(3), p.real(4)), Acceleration::new(p.real(5), p.real(6), p.real(7))];
            Ok(Box::new(Streaming::new(ParabolicSar::new(sides, p.real(0), p.real(1), true))))
        },
    },
];
