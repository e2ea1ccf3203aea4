//! Limit Up-Limit Down: the price bands of the National Market System Plan to Address Extraordinary Market Volatility.
//!
//! - Reference price (section I.T, V.A): the mean of the trades of the last five minutes, each trade counting once. A new mean takes
//!   effect where it differs by one percent or more and the present one has stood for thirty seconds; without trades it stays. The
//!   first is the opening price (the opening cross, else the middle of the quote, else the previous close).
//! - Bands (Appendix A): 5 % in tier 1 and 10 % in tier 2 where the previous close is above $3; 20 % from $0.75 to $3; the lesser of
//!   $0.15 and 75 % below. Doubled in the last 25 minutes for tier 1, and for tier 2 up to $3 (Amendment 18). Rounded to the tick.
//! - No trade outside the bands (section VI.A): an order's limit is moved to the band where it lies beyond it.
//! - Limit state (section VI.B): the best bid stands at the upper band, or the best ask at the lower. Bands do not move in it. It
//!   ends when that quote is gone, or after 15 seconds in a pause.
//! - Pause (section VII): five minutes, then an auction reopens; a pause that reaches the last ten minutes lasts to the closing
//!   auction.
//!
//! References are worked out whenever the engine is called, since it has no clock of its own.

use super::config::LuldTier;
use super::core::{MARKET_KEY, MatchingEngine, SIDES};
use super::event::{MatchEvent, Phase};
use super::ladder::NO_KEY;
use super::orders::NONE;
use crate::types::{MINUTE_NS, Price, SCALE, SECOND_NS, Side, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

const MEAN_NS: i64 = 5 * MINUTE_NS;
const STANDS_NS: i64 = 30 * SECOND_NS;
const LIMIT_STATE_NS: i64 = 15 * SECOND_NS;
const PAUSE_NS: i64 = 5 * MINUTE_NS;
const LATE_NS: i64 = 25 * MINUTE_NS;
const NO_REOPENING_NS: i64 = 10 * MINUTE_NS;

/// The bands' state; prices in 1e-9.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Luld {
    tier: LuldTier,
    /// Previous close, which picks the percentage; 0 for the reference itself.
    previous_close: i64,
    /// When the regular session ends.
    close: i64,
    pub(super) reference: i64,
    /// Since when the reference stands.
    since: i64,
    pub(super) lower: i64,
    pub(super) upper: i64,
    /// Trades of the last five minutes: time, sum of prices, count. Trades of one moment share an entry.
    trades: VecDeque<(i64, i128, u32)>,
    sum: i128,
    count: u64,
    /// Side and beginning of the limit state.
    limit: Option<(Side, i64)>,
    /// End of a pause that an auction ends.
    resume: i64,
    /// True once the wider bands of the last minutes are in force.
    late: bool,
}

impl Luld {
    pub(super) const fn new(tier: LuldTier) -> Self {
        Self {
            tier,
            previous_close: 0,
            close: i64::MAX,
            reference: 0,
            since: i64::MIN,
            lower: 0,
            upper: 0,
            trades: VecDeque::new(),
            sum: 0,
            count: 0,
            limit: None,
            resume: i64::MAX,
            late: false,
        }
    }

    pub(super) fn trade(&mut self, now: i64, price: i64) {
        self.sum += i128::from(price);
        self.count += 1;
        match self.trades.back_mut() {
            Some((ts, sum, count)) if *ts == now && *count < u32::MAX => {
                *sum += i128::from(price);
                *count += 1;
            }
            _ => self.trades.push_back((now, i128::from(price), 1)),
        }
    }

    /// Mean of the trades of the last five minutes; the reference without any.
    fn mean(&mut self, now: i64) -> i64 {
        while let Some(&(ts, sum, count)) = self.trades.front()
            && now.saturating_sub(ts) > MEAN_NS
        {
            self.sum -= sum;
            self.count -= u64::from(count);
            self.trades.pop_front();
        }
        if self.count == 0 { self.reference } else { (self.sum / i128::from(self.count)) as i64 }
    }

    /// Distance of the bands from the reference, by Appendix A.
    fn distance(&self) -> i64 {
        let reference = i128::from(self.reference);
        let close = if self.previous_close > 0 { self.previous_close } else { self.reference };
        let cheap = close <= 3 * SCALE;
        let distance = if !cheap {
            reference * if self.tier == LuldTier::One { 5 } else { 10 } / 100
        } else if close >= SCALE / 4 * 3 {
            reference * 20 / 100
        } else {
            (reference * 75 / 100).min(i128::from(SCALE) * 15 / 100)
        };
        let doubled = self.late && (self.tier == LuldTier::One || cheap);
        (if doubled { 2 * distance } else { distance }) as i64
    }

    fn begin_trades_anew(&mut self) {
        self.trades.clear();
        (self.sum, self.count) = (0, 0);
    }
}

/// What the price bands are doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bands {
    /// Reference price.
    pub reference: Price,
    /// No trade below.
    pub lower: Price,
    /// No trade above.
    pub upper: Price,
    /// Side whose quote stands at its band, in the limit state.
    pub limit_state: Option<Side>,
}

impl MatchingEngine {
    /// Tell the day's terms for the price bands: the previous close, which picks the percentages, and when the regular session
    /// ends.
    pub fn set_luld_day(&mut self, previous_close: Price, close: Timestamp) {
        if let Some(luld) = self.luld.as_mut() {
            luld.previous_close = previous_close.raw().max(0);
            luld.close = close.nanos();
            luld.late = false;
        }
        self.set_timer();
    }

    /// The price bands, where they are in force.
    pub fn bands(&self) -> Option<Bands> {
        let luld = self.luld.as_ref().filter(|luld| luld.upper > 0)?;
        Some(Bands {
            reference: Price::from_raw(luld.reference),
            lower: Price::from_raw(luld.lower),
            upper: Price::from_raw(luld.upper),
            limit_state: luld.limit.map(|(side, _)| side),
        })
    }

    /// Bands from the price at which trading began, and a new five minutes.
    pub(super) fn begin_bands(&mut self, reference: i64, out: &mut Vec<MatchEvent>) {
        let now = self.now;
        let Some(luld) = self.luld.as_mut() else { return };
        luld.begin_trades_anew();
        luld.late = now >= luld.close.saturating_sub(LATE_NS);
        luld.limit = None;
        luld.resume = i64::MAX;
        if reference > 0 {
            self.place_bands(reference, out);
        }
        self.set_timer();
    }

    /// No bands while there is no continuous trading.
    pub(super) fn lift_bands(&mut self) {
        self.band = [MARKET_KEY; 2];
        if let Some(luld) = self.luld.as_mut() {
            (luld.lower, luld.upper, luld.limit, luld.resume) = (0, 0, None, i64::MAX);
        }
        self.set_timer();
    }

    fn place_bands(&mut self, reference: i64, out: &mut Vec<MatchEvent>) {
        let (now, tick) = (self.now, self.tick.size);
        let Some(luld) = self.luld.as_mut() else { return };
        luld.reference = reference;
        luld.since = now;
        let distance = luld.distance();
        let rounded = |raw: i64| ((raw.saturating_add(tick / 2)) / tick).max(1);
        let (lower, upper) = (rounded(reference - distance), rounded(reference.saturating_add(distance)));
        (luld.lower, luld.upper) = (lower * tick, upper * tick);
        self.band = [upper, -lower];
        out.push(MatchEvent::Bands {
            ts: Timestamp::from_nanos(now),
            reference: Price::from_raw(reference),
            lower: self.price(lower),
            upper: self.price(upper),
        });
        self.move_into_bands(out);
    }

    /// Orders beyond a band are moved to it, the best and oldest first.
    fn move_into_bands(&mut self, out: &mut Vec<MatchEvent>) {
        for side in [0, 1] {
            while self.books[side].best() > self.band[side] {
                let key = self.books[side].best();
                let slot = self.books[side].get(key).map_or(NONE, |level| level.head);
                if slot == NONE {
                    break;
                }
                self.unlink(slot);
                let band = self.band[side];
                let rank = self.next_rank;
                self.next_rank += 1;
                let order = &mut self.orders.slots[slot as usize];
                (order.key, order.rank) = (band, rank);
                let name = order.name();
                let left = order.left;
                out.push(MatchEvent::Repriced { order: name, price: self.limit(side, band) });
                if !self.link(slot) {
                    self.orders.release(slot);
                    let left = crate::types::Qty::from_raw(left);
                    out.push(MatchEvent::Canceled { order: name, left, reason: super::event::CancelReason::Capacity });
                }
            }
        }
    }

    /// Before and after every request: the limit state, then the reference.
    pub(super) fn watch_bands(&mut self, out: &mut Vec<MatchEvent>) {
        let now = self.now;
        if self.phase != Phase::Continuous || self.band[0] == MARKET_KEY {
            return;
        }
        self.watch_limit_state(out);
        let Some(luld) = self.luld.as_mut() else { return };
        if luld.limit.is_some() {
            return;
        }
        let mean = luld.mean(now);
        let far = (i128::from(mean) - i128::from(luld.reference)).abs() * 100 >= i128::from(luld.reference);
        if far && now.saturating_sub(luld.since) >= STANDS_NS {
            self.place_bands(mean, out);
            self.watch_limit_state(out);
        }
    }

    fn watch_limit_state(&mut self, out: &mut Vec<MatchEvent>) {
        // A bid at the upper band, an ask at the lower.
        let at_band = (0..2).find(|&side| self.books[side].best() != NO_KEY && self.books[side].best() == self.band[side]);
        let now = self.now;
        let Some(luld) = self.luld.as_mut() else { return };
        let side = at_band.map(|side| SIDES[side]);
        if luld.limit.map(|(side, _)| side) != side {
            luld.limit = side.map(|side| (side, now));
            out.push(MatchEvent::LimitState { ts: Timestamp::from_nanos(now), side });
            self.set_timer();
        }
    }

    /// When the bands next do something by themselves.
    fn set_timer(&mut self) {
        self.timer = i64::MAX;
        let Some(luld) = self.luld.as_ref() else { return };
        if let Some((_, since)) = luld.limit {
            self.timer = self.timer.min(since.saturating_add(LIMIT_STATE_NS));
        }
        if !luld.late && luld.upper > 0 {
            self.timer = self.timer.min(luld.close.saturating_sub(LATE_NS));
        }
        self.timer = self.timer.min(luld.resume);
    }

    /// Everything that is due by `ts`, at its own time.
    #[cold]
    pub(super) fn timers(&mut self, ts: i64, out: &mut Vec<MatchEvent>) {
        while self.timer <= ts {
            let due = self.timer;
            self.now = self.now.max(due);
            let Some(luld) = self.luld.as_mut() else { break };
            if luld.resume <= due {
                luld.resume = i64::MAX;
                self.change_phase(Phase::Continuous, out);
            } else if luld.limit.is_some_and(|(_, since)| since.saturating_add(LIMIT_STATE_NS) <= due) {
                let resume = due.saturating_add(PAUSE_NS);
                let reopens = resume < luld.close.saturating_sub(NO_REOPENING_NS);
                luld.limit = None;
                out.push(MatchEvent::LimitState { ts: Timestamp::from_nanos(due), side: None });
                self.change_phase(Phase::Paused, out);
                if let Some(luld) = self.luld.as_mut() {
                    luld.resume = if reopens { resume } else { i64::MAX };
                }
            } else if !luld.late && luld.close.saturating_sub(LATE_NS) <= due {
                luld.late = true;
                let reference = luld.reference;
                if luld.limit.is_none() && luld.upper > 0 {
                    let since = luld.since;
                    self.place_bands(reference, out);
                    // The reference is as old as it was.
                    if let Some(luld) = self.luld.as_mut() {
                        luld.since = since;
                    }
                    self.watch_limit_state(out);
                }
            }
            self.set_timer();
        }
    }
}
