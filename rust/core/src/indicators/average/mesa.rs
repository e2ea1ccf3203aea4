//! Ehlers' MESA adaptive average, from the phase of a Hilbert transform.

use crate::indicators::catalog::{Description, real};
use crate::indicators::study::{State, Streaming, Study};

/// Rows before the phase has settled, as TA-Lib counts them.
const LOOKBACK: usize = 32;

/// Rows before the transform starts, its smoothed price being steady then.
const SKIPPED: usize = 12;

/// Taps of the transform.
const NEAR: f64 = 0.0962;
const FAR: f64 = 0.5769;

/// One discrete Hilbert transform: `NEAR·(x − x[6]) + FAR·(x[2] − x[4])`, scaled by the period.
#[derive(Clone, Copy, Debug, Default)]
struct Transform([f64; 6]);

impl Transform {
    #[inline]
    fn step(&mut self, x: f64, scale: f64) -> f64 {
        let [_, two, _, four, _, six] = self.0;
        let value = (NEAR * x - NEAR * six - FAR * four + FAR * two) * scale;
        self.0.rotate_right(1);
        self.0[0] = x;
        value
    }
}

/// The MESA average and its follower.
#[derive(Clone, Debug)]
struct Mesa {
    fast: f64,
    slow: f64,
    seen: usize,
    /// The last three prices, newest first.
    prices: [f64; 3],
    detrender: Transform,
    quadrature: Transform,
    in_phase: Transform,
    out_of_phase: Transform,
    /// The last three values of the detrender.
    detrended: [f64; 3],
    /// In-phase and quadrature part of the phasor, smoothed.
    phasor: [f64; 2],
    /// Real and imaginary part of its turn.
    turn: [f64; 2],
    period: f64,
    phase: f64,
    mama: f64,
    fama: f64,
}

impl Mesa {
    fn new(fast: f64, slow: f64) -> Self {
        Self {
            fast,
            slow,
            seen: 0,
            prices: [0.0; 3],
            detrender: Transform::default(),
            quadrature: Transform::default(),
            in_phase: Transform::default(),
            out_of_phase: Transform::default(),
            detrended: [0.0; 3],
            phasor: [0.0; 2],
            turn: [0.0; 2],
            period: 0.0,
            phase: 0.0,
            mama: 0.0,
            fama: 0.0,
        }
    }

    /// The weight of the newest price: the faster the phase moves, the smaller.
    #[inline]
    fn weight(&self, phase: f64) -> f64 {
        let moved = self.phase - phase;
        if moved > 1.0 { (self.fast / moved).max(self.slow) } else { self.fast }
    }
}

#[inline]
fn degrees(radians: f64) -> f64 {
    radians * (180.0 / std::f64::consts::PI)
}

impl Study<1, 2> for Mesa {
    fn lookback(&self) -> usize {
        LOOKBACK
    }

    fn step(&mut self, [x]: [f64; 1]) -> [f64; 2] {
        let [one, two, three] = self.prices;
        self.prices = [x, one, two];
        self.seen += usize::from(self.seen <= LOOKBACK);
        if self.seen <= SKIPPED {
            return [f64::NAN; 2];
        }
        let smoothed = (4.0 * x + 3.0 * one + 2.0 * two + three) * 0.1;
        let scale = 0.075 * self.period + 0.54;
        let detrended = self.detrender.step(smoothed, scale);
        let quadrature = self.quadrature.step(detrended, scale);
        let in_phase = self.detrended[2];
        let turned_in = self.in_phase.step(in_phase, scale);
        let turned_out = self.out_of_phase.step(quadrature, scale);
        self.detrended = [detrended, self.detrended[0], self.detrended[1]];
        let [was_in, was_out] = self.phasor;
        let now_out = 0.2 * (quadrature + turned_in) + 0.8 * was_out;
        let now_in = 0.2 * (in_phase - turned_out) + 0.8 * was_in;
        let phase = if in_phase == 0.0 { 0.0 } else { degrees(libm::atan(quadrature / in_phase)) };
        let weight = self.weight(phase);
        self.phase = phase;
        self.mama = weight * x + (1.0 - weight) * self.mama;
        self.fama = 0.5 * weight * self.mama + (1.0 - 0.5 * weight) * self.fama;
        let real = 0.2 * (now_in * was_in + now_out * was_out) + 0.8 * self.turn[0];
        let imaginary = 0.2 * (now_in * was_out - now_out * was_in) + 0.8 * self.turn[1];
        (self.turn, self.phasor) = ([real, imaginary], [now_in, now_out]);
        let before = self.period;
        let mut period = if real != 0.0 && imaginary != 0.0 { 360.0 / degrees(libm::atan(imaginary / real)) } else { before };
        // One after the other, as Ehlers bounds it.
        period = period.min(1.5 * before).max(0.67 * before).clamp(6.0, 50.0);
        self.period = 0.2 * period + 0.8 * before;
        if self.seen > LOOKBACK { [self.mama, self.fama] } else { [f64::NAN; 2] }
    }

    fn visit(&mut self, state: &mut State<'_>) {
        state.count(&mut self.seen, LOOKBACK + 1);
        state.numbers(&mut self.prices);
        for transform in [&mut self.detrender, &mut self.quadrature, &mut self.in_phase, &mut self.out_of_phase] {
            state.numbers(&mut transform.0);
        }
        state.numbers(&mut self.detrended);
        state.numbers(&mut self.phasor);
        state.numbers(&mut self.turn);
        for number in [&mut self.period, &mut self.phase, &mut self.mama, &mut self.fama] {
            state.number(number);
        }
    }
}

pub(super) const ENTRIES: &[Description] = &[Description {
    name: "mama",
    title: "MESA adaptive moving average",
    inputs: &["close"],
    parameters: &[real("fast_limit", 0.5, 0.01, 0.99), real("slow_limit", 0.05, 0.01, 0.99)],
    outputs: &["mama", "fama"],
    first_row: "32",
    formula: "m += a·(close − m), f += (a ÷ 2)·(m − f), a = fast limit ÷ the phase's move in degrees, from slow limit to fast limit; the phase by a Hilbert transform",
    source: "J. Ehlers (2001); TA-Lib MAMA",
    make: |p| Ok(Box::new(Streaming::new(Mesa::new(p.real(0), p.real(1))))),
}];
