//! What the checks know of the market besides prices: halts, bands, volumes, volatility, sessions.

use super::calendar::{Calendar, Phase};
use crate::book::TopOfBook;
use crate::event::{FLAG_HALTED, FLAG_NO_VOLUME, MarketEvent};
use crate::types::{InstrumentId, MINUTE_NS, Price, Qty, SECOND_NS, Timestamp};
use serde::{Deserialize, Serialize};

/// Days whose volumes make an average.
const VOLUME_DAYS: usize = 20;
/// Returns are taken no more often than this: closer ones measure the bounce between bid and ask.
const SAMPLE_NS: i64 = SECOND_NS;
/// Weight of the volatility's samples falls to 1/e over this time.
const MEMORY_NS: i64 = 5 * MINUTE_NS;
/// Samples before there is an estimate.
const LEAST_SAMPLES: u32 = 10;

/// Variance of the price's logarithm a nanosecond, by exponentially weighted squared returns over exponentially weighted time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Volatility {
    last: Price,
    at: Timestamp,
    squares: f64,
    span_ns: f64,
    samples: u32,
}

impl Volatility {
    fn observe(&mut self, price: Price, now: Timestamp) {
        let elapsed = now.since(self.at);
        if self.last.is_positive() {
            if elapsed < SAMPLE_NS {
                return;
            }
            let fade = libm::exp(-(elapsed as f64) / MEMORY_NS as f64);
            let change = libm::log(price.raw() as f64 / self.last.raw() as f64);
            self.squares = self.squares * fade + change * change;
            self.span_ns = self.span_ns * fade + elapsed as f64;
            self.samples = self.samples.saturating_add(1);
        }
        (self.last, self.at) = (price, now);
    }

    /// Standard deviation of the price over `horizon_ns`, as a fraction; `None` before there are enough samples.
    fn over(&self, horizon_ns: i64) -> Option<f64> {
        let variance = self.squares / self.span_ns * horizon_ns as f64;
        (self.samples >= LEAST_SAMPLES && variance > 0.0).then(|| libm::sqrt(variance))
    }
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Status {
    halted: bool,
    bands: Option<(Price, Price)>,
    /// Volume of an average day, as given.
    given: Option<Qty>,
    /// Volumes of the last days, the oldest first, and of today.
    days: Vec<i64>,
    today: i64,
    volatility: Volatility,
}

/// What is to be learned from market events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Learn {
    pub(super) volumes: bool,
    pub(super) volatility: bool,
    /// Halts by the flag that feeds set on events.
    pub(super) halts: bool,
}

impl Learn {
    pub(super) const fn anything(self) -> bool {
        self.volumes || self.volatility || self.halts
    }
}

/// The market's state by instrument.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Market {
    list: Vec<Status>,
    pub(super) learn: Learn,
    halted: u32,
    banded: u32,
    /// What is open, from when until when that is known.
    phase: (Phase, Timestamp, Timestamp),
}

impl Market {
    pub(super) fn new(instruments: usize) -> Self {
        Self {
            list: vec![Status::default(); instruments],
            learn: Learn::default(),
            halted: 0,
            banded: 0,
            phase: (Phase::Closed, Timestamp::MAX, Timestamp::MIN),
        }
    }

    /// True when an instrument is halted, or has bands.
    #[inline]
    pub(super) const fn any_halted(&self) -> bool {
        self.halted > 0
    }

    #[inline]
    pub(super) const fn any_banded(&self) -> bool {
        self.banded > 0
    }

    pub(super) fn set_halted(&mut self, instrument: InstrumentId, halted: bool) {
        let Some(status) = self.list.get_mut(instrument.index()) else { return };
        if status.halted != halted {
            status.halted = halted;
            self.halted = if halted { self.halted + 1 } else { self.halted.saturating_sub(1) };
        }
    }

    pub(super) fn set_bands(&mut self, instrument: InstrumentId, bands: Option<(Price, Price)>) {
        let Some(status) = self.list.get_mut(instrument.index()) else { return };
        match (status.bands.is_some(), bands.is_some()) {
            (false, true) => self.banded += 1,
            (true, false) => self.banded = self.banded.saturating_sub(1),
            _ => {}
        }
        status.bands = bands;
    }

    pub(super) fn set_volume(&mut self, instrument: InstrumentId, shares: Option<Qty>) {
        if let Some(status) = self.list.get_mut(instrument.index()) {
            status.given = shares;
        }
    }

    pub(super) fn forget_volumes(&mut self) {
        self.list.iter_mut().for_each(|s| s.given = None);
    }

    #[inline]
    pub(super) fn is_halted(&self, instrument: InstrumentId) -> bool {
        self.list.get(instrument.index()).is_some_and(|s| s.halted)
    }

    #[inline]
    pub(super) fn bands(&self, instrument: InstrumentId) -> Option<(Price, Price)> {
        self.list.get(instrument.index()).and_then(|s| s.bands)
    }

    /// Shares of an average day: as given, else the mean of up to twenty whole days seen, else today's so far.
    #[inline]
    pub(super) fn average_volume(&self, instrument: InstrumentId) -> Qty {
        let Some(status) = self.list.get(instrument.index()) else { return Qty::ZERO };
        if let Some(given) = status.given {
            return given;
        }
        let days = status.days.len() as i128;
        let sum: i128 = status.days.iter().map(|&d| i128::from(d)).sum();
        Qty::from_raw(if days == 0 { status.today } else { (sum / days) as i64 })
    }

    /// Standard deviation of the price over `horizon_ns`, as a fraction.
    #[inline]
    pub(super) fn deviation(&self, instrument: InstrumentId, horizon_ns: i64) -> Option<f64> {
        self.list.get(instrument.index()).and_then(|s| s.volatility.over(horizon_ns))
    }

    /// Take in a market event, after `top` has.
    pub(super) fn observe(&mut self, event: &MarketEvent, top: &TopOfBook) {
        let instrument = event.instrument();
        let learn = self.learn;
        let flags = match event {
            MarketEvent::Quote(e) => e.flags,
            MarketEvent::Trade(e) => e.flags,
            MarketEvent::Bar(_) | MarketEvent::Action(_) => 0,
        };
        if learn.halts && matches!(event, MarketEvent::Quote(_) | MarketEvent::Trade(_)) {
            self.set_halted(instrument, flags & FLAG_HALTED != 0);
        }
        let Some(status) = self.list.get_mut(instrument.index()) else { return };
        match event {
            MarketEvent::Trade(trade) if learn.volumes && flags & FLAG_NO_VOLUME == 0 => {
                status.today = status.today.saturating_add(trade.size.raw());
            }
            MarketEvent::Bar(bar) if learn.volumes => status.today = status.today.saturating_add(bar.volume.raw()),
            MarketEvent::Action(_) => status.volatility = Volatility::default(),
            _ => {}
        }
        if learn.volatility
            && let Some(price) = top.reference()
        {
            status.volatility.observe(price, event.ts());
        }
    }

    /// A day begins: today's volumes join the others.
    pub(super) fn next_day(&mut self) {
        for status in self.list.iter_mut().filter(|s| s.today > 0) {
            if status.days.len() == VOLUME_DAYS {
                status.days.remove(0);
            }
            status.days.push(std::mem::take(&mut status.today));
        }
    }

    /// What is open at `now`, kept until it changes.
    #[inline]
    pub(super) fn refresh_phase(&mut self, calendar: &Calendar, now: Timestamp) {
        if now < self.phase.1 || now >= self.phase.2 {
            self.phase = calendar.phase(now);
        }
    }

    pub(super) const fn forget_phase(&mut self) {
        self.phase = (Phase::Closed, Timestamp::MAX, Timestamp::MIN);
    }

    /// What is open at `now`.
    #[inline]
    pub(super) fn phase(&self, calendar: &Calendar, now: Timestamp) -> Phase {
        if now >= self.phase.1 && now < self.phase.2 { self.phase.0 } else { calendar.phase(now).0 }
    }
}
