//! The simulated venue: it takes order commands after their latency, matches them against recorded or synthetic market data,
//! and answers with reports after theirs.
//!
//! No lookahead, by construction: a command is matched only once every market event stamped at or before its arrival has been
//! applied, and what it can trade with is what stood then or came later. Which data fills what:
//!
//! - **Quotes** fill market and marketable limit orders at the touch that stands at arrival, and resting limits when the
//!   far touch reaches them (at the limit).
//! - **Trades** trigger stops, and fill resting limits that they trade through. Without quotes they also fill market orders.
//! - **Bars** stand in where an instrument has no trades: an order that was there when the bar began fills at its open, stop or
//!   limit; one that arrived later can only be judged by the close, because only the close is known to come after it.
//!
//! Cost: O(1) for an event that reaches none of our orders; O(resting orders of the instrument) for one that does.

mod command;
mod desk;
mod matching;
mod models;
mod session;

pub use command::{OrderCommand, Report, ReportKind};
pub use models::{Fees, Liquidity, QueueModel, StopTrigger, VenueConfig};
pub use session::SessionClock;

use crate::event::{ActionKind, CorporateAction, MarketEvent};
use crate::order::{Order, TimeInForce};
use crate::types::{Error, HOUR_NS, InstrumentId, MINUTE_NS, OrderId, Result, Timestamp};
use desk::{Desk, Resting};
use models::Latency;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Which kinds of data an instrument has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sources {
    /// Quotes.
    pub quotes: bool,
    /// Trades.
    pub trades: bool,
    /// Bars.
    pub bars: bool,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Inbound {
    due: Timestamp,
    command: OrderCommand,
}

/// The simulated venue.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SimVenue {
    config: VenueConfig,
    latency: Latency,
    desks: Vec<Desk>,
    /// Place of each order, by id, in the desk of its instrument; `u32::MAX` when it rests nowhere.
    places: Vec<u32>,
    inbound: VecDeque<Inbound>,
    reports: VecDeque<Report>,
    clock: SessionClock,
    next_expiry: Timestamp,
    arrivals: u64,
    executions: u64,
}

const NOWHERE: u32 = u32::MAX;
/// Length of the regular session, 9:30 to 16:00: a day on which an instrument shows nothing in it has none.
const SESSION_NS: i64 = 6 * HOUR_NS + 30 * MINUTE_NS;

impl SimVenue {
    /// A venue for instruments that have the given kinds of data.
    pub fn new(config: VenueConfig, sources: &[Sources]) -> Result<Self> {
        config.validate()?;
        Ok(Self {
            latency: Latency::new(&config),
            desks: sources.iter().map(|&s| Desk::new(s, &config)).collect(),
            config,
            places: vec![NOWHERE; 1],
            inbound: VecDeque::new(),
            reports: VecDeque::new(),
            clock: SessionClock::close(),
            next_expiry: Timestamp::MAX,
            arrivals: 0,
            executions: 0,
        })
    }

    /// The settings.
    pub const fn config(&self) -> &VenueConfig {
        &self.config
    }

    /// Take a command that leaves the engine at `now`; it arrives after its latency, never before one sent earlier.
    #[inline]
    pub fn send(&mut self, command: OrderCommand, now: Timestamp) {
        let due = self.latency.order_arrival(now);
        self.inbound.push_back(Inbound { due, command });
    }

    /// When the next command arrives.
    #[inline]
    pub fn next_arrival(&self) -> Timestamp {
        self.inbound.front().map_or(Timestamp::MAX, |i| i.due)
    }

    /// When the next report reaches the engine.
    #[inline]
    pub fn next_report(&self) -> Timestamp {
        self.reports.front().map_or(Timestamp::MAX, |r| r.due)
    }

    /// Take the next report if it is due at `now`.
    #[inline]
    pub fn take_report(&mut self, now: Timestamp) -> Option<Report> {
        if self.reports.front()?.due <= now { self.reports.pop_front() } else { None }
    }

    /// Orders that rest here.
    pub fn resting(&self) -> usize {
        self.desks.iter().map(|d| d.orders.len()).sum()
    }

    fn report(&mut self, ts: Timestamp, kind: ReportKind) {
        self.report_of(ts, ts, kind);
    }

    /// Report what happened at `ts` and is known since `known`.
    fn report_of(&mut self, ts: Timestamp, known: Timestamp, kind: ReportKind) {
        let due = self.latency.report_arrival(known);
        self.executions += 1;
        self.reports.push_back(Report { execution: self.executions, due, ts, kind });
    }

    /// Work on the next command, which must be due.
    pub fn arrive(&mut self) -> Result<()> {
        let Some(Inbound { due, command }) = self.inbound.pop_front() else { return Ok(()) };
        match command {
            OrderCommand::New(order) => self.take_new(&order, due),
            OrderCommand::Cancel { order, instrument } => {
                if self.remove(instrument, order).is_some() {
                    self.report(due, ReportKind::Canceled(order));
                } else {
                    self.report(due, ReportKind::CancelRejected(order));
                }
                Ok(())
            }
            OrderCommand::Replace { old, new } => {
                let Some(resting) = self.remove(new.instrument, old) else {
                    self.report(due, ReportKind::ReplaceRejected { old, new: new.id });
                    return Ok(());
                };
                let filled = resting.filled;
                if new.qty <= filled {
                    // Nothing would be left to fill: the old order goes on.
                    self.put(new.instrument, resting);
                    self.report(due, ReportKind::ReplaceRejected { old, new: new.id });
                    return Ok(());
                }
                self.report(due, ReportKind::Replaced { old, new: new.id });
                // The replacement is for what the strategy wants to remain: fills of the old order count against it.
                let mut order = new;
                order.qty = new.qty.checked_sub(filled)?;
                self.take_new(&order, due)
            }
        }
    }

    fn take_new(&mut self, order: &Order, now: Timestamp) -> Result<()> {
        let index = order.instrument.index();
        let Some(desk) = self.desks.get(index) else {
            self.report(now, ReportKind::Rejected(order.id));
            return Ok(());
        };
        if !desk.has_data() {
            self.report(now, ReportKind::Rejected(order.id));
            return Ok(());
        }
        self.report(now, ReportKind::Accepted(order.id));
        self.arrivals += 1;
        let mut resting = Resting::new(order, now, self.arrivals);
        let mut fills = std::mem::take(&mut self.desks[index].fills);
        self.desks[index].meet_standing_quote(&mut resting, now, &self.config, &mut fills)?;
        for fill in fills.drain(..) {
            self.report(now, fill.1);
        }
        self.desks[index].fills = fills;
        if resting.remaining().is_zero() {
            return Ok(());
        }
        let immediate = matches!(order.tif, TimeInForce::Ioc | TimeInForce::Fok);
        if immediate && self.desks[index].sources.quotes {
            self.report(now, ReportKind::Canceled(order.id));
            return Ok(());
        }
        self.put(order.instrument, resting);
        Ok(())
    }

    fn put(&mut self, instrument: InstrumentId, resting: Resting) {
        let id = resting.id.0 as usize;
        if self.places.len() <= id {
            self.places.resize((id + 1).next_power_of_two(), NOWHERE);
        }
        let desk = &mut self.desks[instrument.index()];
        self.places[id] = desk.orders.len() as u32;
        desk.add(resting);
    }

    fn remove(&mut self, instrument: InstrumentId, order: OrderId) -> Option<Resting> {
        let place = *self.places.get(order.0 as usize)?;
        if place == NOWHERE {
            return None;
        }
        let desk = self.desks.get_mut(instrument.index())?;
        if desk.orders.get(place as usize)?.id != order {
            return None;
        }
        self.places[order.0 as usize] = NOWHERE;
        let resting = desk.orders.swap_remove(place as usize);
        if let Some(moved) = desk.orders.get(place as usize) {
            self.places[moved.id.0 as usize] = place;
        }
        Some(resting)
    }

    /// The first moment at which day orders expire; [`Timestamp::MAX`] while none is due to.
    #[inline]
    pub fn next_expiry(&self) -> Timestamp {
        self.next_expiry.plus(1)
    }

    /// Expire the day orders whose session ended before `now`.
    #[inline]
    pub fn advance(&mut self, now: Timestamp) {
        if now > self.next_expiry {
            self.expire(now);
        }
    }

    #[cold]
    fn expire(&mut self, now: Timestamp) {
        self.next_expiry = Timestamp::MAX;
        for index in 0..self.desks.len() {
            let mut ended: Vec<(Timestamp, OrderId)> = Vec::new();
            let desk = &mut self.desks[index];
            for order in &mut desk.orders {
                if order.expires >= now {
                    self.next_expiry = self.next_expiry.min(order.expires);
                } else if desk.seen >= order.expires.plus(-SESSION_NS) {
                    ended.push((order.expires, order.id));
                } else {
                    // Nothing was heard of the market all day: a weekend or a holiday, and no session.
                    order.expires = Timestamp::MAX;
                    desk.undated += 1;
                }
            }
            ended.sort_unstable();
            for (at, id) in ended {
                self.remove(InstrumentId(index as u32), id);
                self.report(at.max(self.latency.last_report_origin()), ReportKind::Expired(id));
            }
        }
    }

    /// Apply a market event and match it with our orders.
    #[inline]
    pub fn on_market(&mut self, event: &MarketEvent) -> Result<()> {
        let index = event.instrument().index();
        let Some(desk) = self.desks.get_mut(index) else {
            return Err(Error::data("market event", "names an instrument that the venue does not know"));
        };
        match event {
            MarketEvent::Quote(quote) => desk.see_quote(quote),
            MarketEvent::Action(CorporateAction { kind: ActionKind::Split { .. }, .. }) => desk.forget_quote(),
            _ => {}
        }
        if desk.orders.is_empty() {
            return Ok(());
        }
        self.match_orders(event, index)
    }

    fn match_orders(&mut self, event: &MarketEvent, index: usize) -> Result<()> {
        let now = event.ts();
        let desk = &mut self.desks[index];
        if !matches!(event, MarketEvent::Action(_)) {
            desk.seen = now;
            if desk.undated > 0 {
                // A day order lives until the close of the first session in which its instrument trades; the close itself
                // still belongs to its session.
                let from = if let MarketEvent::Bar(bar) = event { bar.start } else { now.plus(-1) };
                let close = self.clock.next_after(from);
                desk.date_orders(close);
                self.next_expiry = self.next_expiry.min(close);
            }
        }
        let mut fills = std::mem::take(&mut desk.fills);
        match event {
            MarketEvent::Quote(_) => desk.match_quote(now, &self.config, &mut fills)?,
            MarketEvent::Trade(trade) => desk.match_trade(trade, &self.config, &mut fills)?,
            MarketEvent::Bar(bar) => desk.match_bar(bar, &self.config, &mut fills)?,
            MarketEvent::Action(CorporateAction { kind: ActionKind::Split { .. }, .. }) => {
                // Prices and sizes of working orders mean something else now.
                fills.extend(desk.orders.iter().map(|o| (now, ReportKind::Canceled(o.id))));
                desk.orders.clear();
            }
            MarketEvent::Action(_) => {}
        }
        for (ts, fill) in fills.drain(..) {
            if let ReportKind::Filled { order, .. } | ReportKind::Canceled(order) = fill {
                self.forget_if_done(index, order, &fill);
            }
            self.report_of(ts, now, fill);
        }
        self.desks[index].fills = fills;
        Ok(())
    }

    fn forget_if_done(&mut self, index: usize, order: OrderId, kind: &ReportKind) {
        let canceled = matches!(kind, ReportKind::Canceled(_));
        let Some(&place) = self.places.get(order.0 as usize) else { return };
        let done = self.desks[index].orders.get(place as usize).is_some_and(|o| o.id == order && (canceled || o.remaining().is_zero()));
        if done {
            self.remove(InstrumentId(index as u32), order);
        } else if canceled {
            self.places[order.0 as usize] = NOWHERE;
        }
    }
}

#[cfg(test)]
mod tests;
