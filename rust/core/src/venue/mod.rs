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

mod actions;
mod auction;
mod command;
mod depth;
mod desk;
mod exchange;
mod groups;
mod matching;
mod models;
mod session;
mod turn;

pub use command::{OrderCommand, Report, ReportKind};
pub(crate) use depth::touch_of;
pub use models::{
    ALL_PPB, Borrow, BorrowModel, Delay, FeeModel, Fees, Halts, Impact, ImpactModel, Liquidity, LiquidityModel, Matching, OnDividend,
    OnSplit, Place, QueueModel, QueuePosition, Regulatory, Sessions, Share, Spread, StopBuy, StopTrigger, TIERS_MAX, Tier, VenueConfig,
};
pub use session::{Phase, SessionClock};
pub use turn::Interest;

use crate::book::OrderBook;
use crate::event::{MarketEvent, TradingState};
use crate::order::{Order, OrderClass, Restatement};
use crate::types::{Error, HOUR_NS, InstrumentId, MINUTE_NS, OrderId, Qty, Result, Side, Timestamp};
use desk::{Desk, Print, Reports, Resting};
use groups::Groups;
use models::Latency;
use serde::{Deserialize, Serialize};
use session::Hours;
use std::collections::VecDeque;

/// Which kinds of data an instrument has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "a set of kinds, each asked for by name")]
pub struct Sources {
    /// Quotes.
    pub quotes: bool,
    /// Trades.
    pub trades: bool,
    /// Bars.
    pub bars: bool,
    /// Book changes.
    pub book: bool,
    /// Trades whose conditions mark the official prints of auctions.
    pub auctions: bool,
}

impl Sources {
    /// No data.
    pub const NONE: Self = Self { quotes: false, trades: false, bars: false, book: false, auctions: false };
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
    hours: Hours,
    next_expiry: Timestamp,
    arrivals: u64,
    executions: u64,
    groups: Groups,
    /// Positions by instrument, where shares to borrow are limited.
    positions: Vec<i64>,
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
            desks: sources.iter().map(|&s| Desk::new(s, &config)).collect::<Result<_>>()?,
            config,
            places: vec![NOWHERE; 1],
            inbound: VecDeque::new(),
            reports: VecDeque::new(),
            hours: Hours::new(),
            next_expiry: Timestamp::MAX,
            arrivals: 0,
            executions: 0,
            groups: Groups::default(),
            positions: vec![0; sources.len()],
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

    /// The book of an instrument, where orders are matched with one.
    #[inline]
    pub(crate) fn book(&self, instrument: InstrumentId) -> Option<&OrderBook> {
        self.desks.get(instrument.index())?.book()
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

    /// Orders that rest here, and legs that are held.
    pub fn resting(&self) -> usize {
        self.groups.held_count() + self.desks.iter().map(|d| d.orders.len()).sum::<usize>()
    }

    /// True where `order` rests here, or is held.
    pub fn rests(&self, order: OrderId) -> bool {
        self.groups.holds(order) || self.places.get(order.0 as usize).is_some_and(|&place| place != NOWHERE)
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
            OrderCommand::New(order) if order.parent.0 != 0 => {
                self.groups.stage(&order);
                Ok(())
            }
            OrderCommand::New(order) => self.take_new(&order, due),
            OrderCommand::Cancel { order, instrument } => self.take_cancel(instrument, order, due),
            OrderCommand::Replace { old, new } => self.take_replace(old, &new, due),
        }
    }

    fn take_cancel(&mut self, instrument: InstrumentId, order: OrderId, now: Timestamp) -> Result<()> {
        if self.cancel_held(instrument, order, now)? {
            return Ok(());
        }
        match self.remove(instrument, order) {
            Some(resting) => {
                self.report(now, ReportKind::Canceled(order));
                if resting.grouped {
                    self.group_ended(instrument, order, now)?;
                }
            }
            None => self.report(now, ReportKind::CancelRejected(order)),
        }
        Ok(())
    }

    fn take_replace(&mut self, old: OrderId, new: &Order, now: Timestamp) -> Result<()> {
        if self.groups.holds(old) {
            self.replace_held(old, new, now);
            return Ok(());
        }
        let Some(resting) = self.remove(new.instrument, old) else {
            self.report(now, ReportKind::ReplaceRejected { old, new: new.id });
            return Ok(());
        };
        let filled = resting.filled;
        if new.qty <= filled {
            // Nothing would be left to fill: the old order goes on.
            self.put(new.instrument, resting);
            self.report(now, ReportKind::ReplaceRejected { old, new: new.id });
            return Ok(());
        }
        self.report(now, ReportKind::Replaced { old, new: new.id });
        // The replacement is for what the strategy wants to remain: fills of the old order count against it.
        let mut order = *new;
        order.qty = new.qty.checked_sub(filled)?;
        if resting.grouped {
            self.group_replaced(old, order.id, order.qty);
        }
        self.work(&order, now)
    }

    /// True where the venue takes `order` at all.
    fn takes(&self, order: &Order, now: Timestamp) -> bool {
        let index = order.instrument.index();
        let Some(desk) = self.desks.get(index) else { return false };
        let short = || Qty::from_raw(self.positions[index].saturating_sub(order.remaining().raw()));
        desk.has_data() && !auction::is_too_late(order.tif, now) && (order.side == Side::Buy || self.config.borrow.allows(short()))
    }

    fn take_new(&mut self, order: &Order, now: Timestamp) -> Result<()> {
        if !self.takes(order, now) {
            self.report(now, ReportKind::Rejected(order.id));
            if order.class != OrderClass::Simple {
                self.reject_legs(order, now);
            }
            return Ok(());
        }
        if order.class == OrderClass::Simple {
            return self.work(order, now);
        }
        let legs = self.form_group(order, now);
        self.work(order, now)?;
        for leg in legs {
            self.work_leg(&leg, now)?;
        }
        Ok(())
    }

    /// Let `order` trade, now or when it may.
    fn work(&mut self, order: &Order, now: Timestamp) -> Result<()> {
        let index = order.instrument.index();
        self.arrivals += 1;
        let mut resting = Resting::new(order, now, self.arrivals);
        // What replaces an order of a group is in it, whatever its request says.
        resting.grouped |= self.groups.number(order.id).is_some();
        if self.config.sessions == Sessions::UsEquity {
            self.desks[index].phase = self.hours.phase(now);
        }
        self.date(&mut resting, now);
        if order.tif.is_auction() {
            let waits = self.desks[index].wait();
            resting.aim(now, &mut self.hours, waits);
            resting.queued = true;
            self.next_expiry = self.next_expiry.min(resting.expires);
            self.report(now, ReportKind::Queued(order.id));
            self.put(order.instrument, resting);
            return Ok(());
        }
        let may_trade = self.desks[index].may_trade(&resting);
        resting.queued = !may_trade && !self.desks[index].halted;
        self.report(now, if resting.queued { ReportKind::Queued(order.id) } else { ReportKind::Accepted(order.id) });
        if may_trade {
            let mut fills = std::mem::take(&mut self.desks[index].fills);
            self.desks[index].meet_standing_quote(&mut resting, now, &self.config, &mut fills)?;
            let done = resting.remaining().is_zero();
            let immediate = order.tif.is_immediate() && self.desks[index].has_touch();
            let rests = !done && !immediate;
            if rests {
                self.rest(order.instrument, resting);
            }
            self.tell(index, now, Some(order.side), &mut fills)?;
            self.desks[index].fills = fills;
            if rests || done {
                return Ok(());
            }
        } else if !order.tif.is_immediate() {
            self.rest(order.instrument, resting);
            return Ok(());
        }
        self.report(now, ReportKind::Canceled(order.id));
        if resting.grouped {
            self.group_ended(order.instrument, order.id, now)?;
        }
        Ok(())
    }

    /// Keep an order, at the end of its queue.
    fn rest(&mut self, instrument: InstrumentId, mut resting: Resting) {
        let queue = self.config.queue;
        self.desks[instrument.index()].join_queue(&mut resting, queue);
        self.put(instrument, resting);
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
        desk.leave_queue(order);
        let resting = desk.orders.swap_remove(place as usize);
        desk.leave_exchange(&resting);
        if resting.auction != Timestamp::MAX {
            desk.auctions -= 1;
        }
        if let Some(moved) = desk.orders.get(place as usize) {
            self.places[moved.id.0 as usize] = place;
        }
        Some(resting)
    }

    fn resting_mut(&mut self, instrument: InstrumentId, order: OrderId) -> Option<&mut Resting> {
        let place = *self.places.get(order.0 as usize)?;
        self.desks.get_mut(instrument.index())?.orders.get_mut(place as usize).filter(|o| o.id == order)
    }

    /// Terms of the trailing stops that rest here, whose stops have moved without a report.
    pub fn trailing(&self) -> impl Iterator<Item = (OrderId, Restatement)> + '_ {
        self.desks.iter().flat_map(|d| &d.orders).filter(|o| o.trail.is_some() && o.stop != 0).map(|o| (o.id, o.terms()))
    }

    /// The first moment at which day orders expire or an auction is over; [`Timestamp::MAX`] while none is due to.
    #[inline]
    pub fn next_expiry(&self) -> Timestamp {
        self.next_expiry.plus(1)
    }

    /// Expire the day orders whose session ended before `now`.
    #[inline]
    pub fn advance(&mut self, now: Timestamp) -> Result<()> {
        if now > self.next_expiry { self.expire(now) } else { Ok(()) }
    }

    #[cold]
    fn expire(&mut self, now: Timestamp) -> Result<()> {
        self.next_expiry = Timestamp::MAX;
        for index in 0..self.desks.len() {
            self.end_auctions(index, now)?;
            let mut ended: Vec<(Timestamp, OrderId)> = Vec::new();
            let desk = &mut self.desks[index];
            for order in &mut desk.orders {
                if order.expires >= now {
                    self.next_expiry = self.next_expiry.min(order.expires);
                } else if self.hours.are_listed() || desk.seen >= order.expires.plus(-SESSION_NS) {
                    ended.push((order.expires, order.id));
                } else {
                    // Nothing was heard of the market all day: a weekend or a holiday, and no session.
                    order.expires = Timestamp::MAX;
                    desk.undated += 1;
                }
            }
            ended.sort_unstable();
            for (at, id) in ended {
                // What another order of its group took with it is gone by now.
                let Some(gone) = self.remove(InstrumentId(index as u32), id) else { continue };
                let at = at.max(self.latency.last_report_origin());
                self.report(at, ReportKind::Expired(id));
                if gone.grouped {
                    self.group_ended(InstrumentId(index as u32), id, at)?;
                }
            }
        }
        Ok(())
    }

    /// Auctions whose official print did not come, or that have none.
    fn end_auctions(&mut self, index: usize, now: Timestamp) -> Result<()> {
        if self.desks[index].auctions == 0 {
            return Ok(());
        }
        for id in self.desks[index].auctions_over(now) {
            let place = self.places[id.0 as usize] as usize;
            let mut fills = std::mem::take(&mut self.desks[index].fills);
            let over = self.desks[index].auction_over(place, &self.config, &mut fills)?;
            if over {
                let at = self.desks[index].orders[place].expires.max(self.latency.last_report_origin());
                self.tell(index, at, None, &mut fills)?;
            } else {
                let desk = &mut self.desks[index];
                let waits = desk.wait();
                desk.orders[place].aim(now, &mut self.hours, waits);
            }
            self.desks[index].fills = fills;
        }
        Ok(())
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
            MarketEvent::Book(delta) => {
                if !desk.see_book(delta, self.config.queue)? {
                    return Ok(());
                }
            }
            MarketEvent::Action(action) => return self.on_action(action, index),
            MarketEvent::Status(status) => {
                desk.halted = match status.state {
                    TradingState::Unknown => desk.halted,
                    TradingState::Halted | TradingState::Paused | TradingState::QuoteOnly => self.config.halts == Halts::Respect,
                    _ => false,
                };
                return Ok(());
            }
            MarketEvent::Trade(_) | MarketEvent::Bar(_) => {}
        }
        if !desk.orders.is_empty() {
            self.match_orders(event, index)?;
        }
        let desk = &mut self.desks[index];
        match event {
            MarketEvent::Trade(trade) if trade.flags & crate::event::FLAG_NO_LAST == 0 => {
                desk.last = Print { ts: trade.ts, price: trade.price.raw() };
            }
            MarketEvent::Bar(bar) => desk.last = Print { ts: bar.ts, price: bar.close.raw() },
            _ => {}
        }
        Ok(())
    }

    fn match_orders(&mut self, event: &MarketEvent, index: usize) -> Result<()> {
        let now = event.ts();
        let desk = &mut self.desks[index];
        desk.seen = now;
        if desk.undated > 0 {
            // A day order lives until the close of the first session in which its instrument trades; the close itself
            // still belongs to its session.
            let from = if let MarketEvent::Bar(bar) = event { bar.start } else { now.plus(-1) };
            let (close, post) = (self.hours.close.next_after(from), self.hours.post.next_after(from));
            desk.date_orders(close, post);
            self.next_expiry = self.next_expiry.min(close);
        }
        if self.config.sessions == Sessions::UsEquity {
            // A bar that covers more than a session belongs to the session in it.
            let daily = matches!(event, MarketEvent::Bar(bar) if bar.ts.since(bar.start) > SESSION_NS);
            let at = if let MarketEvent::Bar(bar) = event { bar.start } else { now };
            let phase = if daily { Phase::Regular } else { self.hours.phase(at) };
            if phase != desk.phase || desk.orders.iter().any(|o| o.queued) {
                self.begin_phase(index, now, phase);
            }
        }
        let desk = &mut self.desks[index];
        let mut fills = std::mem::take(&mut desk.fills);
        let auctions = desk.auctions > 0;
        match event {
            MarketEvent::Quote(_) | MarketEvent::Book(_) => {
                if auctions && !(desk.sources.trades || desk.sources.bars) {
                    desk.auction_quote(now, &self.config, &mut fills)?;
                }
                desk.match_quote(now, &self.config, &mut fills)?;
            }
            MarketEvent::Trade(trade) => {
                if auctions {
                    desk.auction_trade(trade, &self.config, &mut fills)?;
                }
                desk.match_trade(trade, &self.config, &mut fills)?;
            }
            MarketEvent::Bar(bar) => {
                if auctions && !desk.sources.trades {
                    desk.auction_bar(bar, &mut self.hours, &self.config, &mut fills)?;
                }
                desk.match_bar(bar, &self.config, &mut fills)?;
            }
            MarketEvent::Action(_) | MarketEvent::Status(_) => {}
        }
        self.tell(index, now, None, &mut fills)?;
        self.desks[index].fills = fills;
        Ok(())
    }

    /// A part of the day begins: orders that waited for it work from now on.
    fn begin_phase(&mut self, index: usize, now: Timestamp, phase: Phase) {
        let desk = &mut self.desks[index];
        desk.phase = phase;
        let mut ready: Vec<(u64, OrderId)> = Vec::new();
        for i in 0..desk.orders.len() {
            let order = desk.orders[i];
            if order.queued && desk.may_trade(&order) {
                desk.orders[i].queued = false;
                ready.push((order.rank, order.id));
            }
        }
        ready.sort_unstable();
        for (_, id) in ready {
            self.report(now, ReportKind::Accepted(id));
        }
    }

    /// Report what happened on a desk and is known since `known`, and what follows from it for groups; `side` is that of an order
    /// which may not rest there.
    fn tell(&mut self, index: usize, known: Timestamp, side: Option<Side>, fills: &mut Reports) -> Result<()> {
        let instrument = InstrumentId(index as u32);
        let grouped: Vec<OrderId> = if self.groups.is_empty() {
            Vec::new()
        } else {
            fills.iter().map(|f| f.1.order()).filter(|&id| self.groups.number(id).is_some()).collect()
        };
        for (ts, mut kind) in fills.drain(..) {
            let order = kind.order();
            let left = self.groups.left(order);
            if left.is_none() && grouped.contains(&order) {
                // Its group is over, by something that came before in this very event.
                continue;
            }
            if let (ReportKind::Filled { qty, fee, .. }, Some(left)) = (&mut kind, left) {
                // Both exits may have met the same event; together they never trade more than the position.
                if left.is_zero() {
                    continue;
                }
                if *qty > left {
                    *fee = fee.mul_ratio(left.raw(), qty.raw())?;
                    *qty = left;
                }
            }
            if let ReportKind::Filled { qty, .. } = kind
                && self.config.borrow.available.is_some()
            {
                let side = self.resting_mut(instrument, order).map(|o| o.side).or(side);
                let change = side.map_or(0, |s| s.sign() * qty.raw());
                self.positions[index] = self.positions[index].saturating_add(change);
            }
            if matches!(kind, ReportKind::Filled { .. } | ReportKind::Canceled(_)) {
                self.forget_if_done(index, order, &kind);
            }
            self.report_of(ts, known, kind);
            match kind {
                ReportKind::Filled { order, qty, .. } if left.is_some() => self.group_filled(instrument, order, qty, known)?,
                ReportKind::Canceled(order) if left.is_some() => self.group_ended(instrument, order, known)?,
                _ => {}
            }
        }
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
mod book_tests;
#[cfg(test)]
mod order_tests;
#[cfg(test)]
mod tests;
