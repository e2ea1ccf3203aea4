//! What the checks know of the market besides prices: halts, bands, volumes, volatility, sessions.

use super::calendar::{Calendar, Phase};
use crate::book::TopOfBook;
use crate::event::{FLAG_HALTED, FLAG_NO_VOLUME, MarketEvent};
use crate::types::{HOUR_NS, InstrumentId, MINUTE_NS, Price, Qty, SECOND_NS, Timestamp};
use serde::{Deserialize, Serialize};

/// Days whose volumes make an average.
const VOLUME_DAYS: usize = 20;
/// Returns are taken no more often than this: closer ones measure the bounce between bid and ask.
const SAMPLE_NS: i64 = SECOND_NS;
/// Weight of the volatility's samples falls to 1/e over this time.
const MEMORY_NS: i64 = 5 * MINUTE_NS;
/// Bands hold for the day of their message, which is shorter than this, and never into the next one.
const BANDS_NS: i64 = 8 * HOUR_NS;
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

    /// Variance a nanosecond; zero before there are enough samples.
    fn variance(&self) -> f64 {
        if self.samples >= LEAST_SAMPLES { self.squares / self.span_ns } else { 0.0 }
    }
}

/// What a check reads of one instrument.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Status {
    halted: bool,
    banded: bool,
    lower: Price,
    upper: Price,
    /// When the bands were told; `MAX` for bands that hold until they are changed.
    banded_since: Timestamp,
    /// Shares of an average day.
    volume: Qty,
    /// Variance of the price's logarithm a nanosecond; zero for none known.
    variance: f64,
}

/// What that is worked out from.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct History {
    /// Volume of an average day, as given.
    given: Option<Qty>,
    /// Volumes of the last days, the oldest first, and of today.
    days: Vec<i64>,
    today: i64,
    volatility: Volatility,
}

impl History {
    /// As given, else the mean of up to twenty whole days seen, else today's so far.
    fn volume(&self) -> Qty {
        let sum: i128 = self.days.iter().map(|&d| i128::from(d)).sum();
        let days = self.days.len() as i128;
        self.given.unwrap_or_else(|| Qty::from_raw(if days == 0 { self.today } else { (sum / days) as i64 }))
    }
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
    histories: Vec<History>,
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
            histories: vec![History::default(); instruments],
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

    pub(super) fn set_bands(&mut self, instrument: InstrumentId, bands: Option<(Price, Price)>, since: Timestamp) {
        let Some(status) = self.list.get_mut(instrument.index()) else { return };
        match (status.banded, bands.is_some()) {
            (false, true) => self.banded += 1,
            (true, false) => self.banded = self.banded.saturating_sub(1),
            _ => {}
        }
        (status.banded, status.banded_since) = (bands.is_some(), since);
        (status.lower, status.upper) = bands.unwrap_or_default();
    }

    pub(super) fn set_volume(&mut self, instrument: InstrumentId, shares: Option<Qty>) {
        if let (Some(status), Some(history)) = (self.list.get_mut(instrument.index()), self.histories.get_mut(instrument.index())) {
            history.given = shares;
            status.volume = history.volume();
        }
    }

    pub(super) fn forget_volumes(&mut self) {
        for (status, history) in self.list.iter_mut().zip(&mut self.histories) {
            history.given = None;
            status.volume = history.volume();
        }
    }

    #[inline]
    pub(super) fn is_halted(&self, instrument: InstrumentId) -> bool {
        self.list.get(instrument.index()).is_some_and(|s| s.halted)
    }

    #[inline]
    pub(super) fn bands(&self, instrument: InstrumentId, now: Timestamp) -> Option<(Price, Price)> {
        let holds = |s: &&Status| s.banded && (s.banded_since == Timestamp::MAX || now.since(s.banded_since) < BANDS_NS);
        self.list.get(instrument.index()).filter(holds).map(|s| (s.lower, s.upper))
    }

    /// Shares of an average day.
    #[inline]
    pub(super) fn average_volume(&self, instrument: InstrumentId) -> Qty {
        self.list.get(instrument.index()).map_or(Qty::ZERO, |s| s.volume)
    }

    /// Variance of the price over `horizon_ns`, as a fraction squared; zero where it is not known.
    #[inline]
    pub(super) fn variance(&self, instrument: InstrumentId, horizon_ns: i64) -> f64 {
        self.list.get(instrument.index()).map_or(0.0, |s| s.variance * horizon_ns as f64)
    }

    /// Take in a market event, after `top` has.
    pub(super) fn observe(&mut self, event: &MarketEvent, top: &TopOfBook) {
        let instrument = event.instrument();
        let learn = self.learn;
        let flags = match event {
            MarketEvent::Quote(e) => e.flags,
            MarketEvent::Trade(e) => e.flags,
            _ => 0,
        };
        if learn.halts && matches!(event, MarketEvent::Quote(_) | MarketEvent::Trade(_)) {
            self.set_halted(instrument, flags & FLAG_HALTED != 0);
        }
        let Some(history) = self.histories.get_mut(instrument.index()) else { return };
        let Some(status) = self.list.get_mut(instrument.index()) else { return };
        let traded = match event {
            MarketEvent::Trade(trade) if learn.volumes && flags & FLAG_NO_VOLUME == 0 => trade.size,
            MarketEvent::Bar(bar) if learn.volumes => bar.volume,
            _ => Qty::ZERO,
        };
        if traded.is_positive() {
            history.today = history.today.saturating_add(traded.raw());
            if history.days.is_empty() {
                status.volume = history.volume();
            }
        }
        if matches!(event, MarketEvent::Action(_)) {
            history.volatility = Volatility::default();
        }
        if learn.volatility
            && let Some(price) = top.reference()
        {
            history.volatility.observe(price, event.ts());
            status.variance = history.volatility.variance();
        }
    }

    /// A day begins: today's volumes join the others.
    pub(super) fn next_day(&mut self) {
        for (status, history) in self.list.iter_mut().zip(&mut self.histories).filter(|(_, h)| h.today > 0) {
            if history.days.len() == VOLUME_DAYS {
                history.days.remove(0);
            }
            history.days.push(std::mem::take(&mut history.today));
            status.volume = history.volume();
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
