//! A calendar's sessions, the parts of the day that begin without market events, and what of the market concerns the resting orders.

use super::desk::Resting;
use super::models::{Matching, QueueModel, Sessions};
use super::session::Hours;
use super::{Inbound, OrderCommand, Phase, ReportKind, SimVenue};
use crate::order::{Restatement, TimeInForce};
use crate::types::{InstrumentId, OrderId, Price, Side, Timestamp};

/// Prices that concern the orders which rest in one instrument and may trade now; events beyond all of them change nothing here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interest {
    /// An ask, or a trade, at or below this may fill a buy; 0 without one.
    pub buy: i64,
    /// A bid, or a trade, at or above this may fill a sell; [`i64::MAX`] without one.
    pub sell: i64,
    /// A price at or above this triggers a stop or moves one.
    pub rise: i64,
    /// A price at or below this triggers a stop or moves one.
    pub fall: i64,
    /// A trade at exactly a resting limit counts too.
    pub at_limit: bool,
    /// Stops are triggered by quotes.
    pub stops_on_quotes: bool,
    /// Every event counts.
    pub every: bool,
}

impl Interest {
    /// Nothing rests.
    pub const NONE: Self = Self { buy: 0, sell: i64::MAX, rise: i64::MAX, fall: 0, at_limit: false, stops_on_quotes: false, every: false };

    /// True where no event counts.
    #[inline]
    pub const fn is_none(&self) -> bool {
        self.buy == 0 && self.sell == i64::MAX && self.rise == i64::MAX && self.fall == 0 && !self.every
    }

    /// True where a quote may change something.
    #[inline]
    pub const fn quote(&self, bid: i64, ask: i64) -> bool {
        let touched = (ask > 0 && ask <= self.buy) || (bid > 0 && bid >= self.sell);
        let stops = self.stops_on_quotes
            && (bid >= self.rise || ask >= self.rise || (ask > 0 && ask <= self.fall) || (bid > 0 && bid <= self.fall));
        touched || stops || self.every
    }

    /// True where a trade may change something.
    #[inline]
    pub const fn trade(&self, price: i64) -> bool {
        let through = price < self.buy || price > self.sell;
        let touched = self.at_limit && (price == self.buy || price == self.sell);
        through || touched || price >= self.rise || price <= self.fall || self.every
    }
}

impl SimVenue {
    /// Keep the sessions of a calendar instead of every weekday's: pre-market, open, close and end of the post-market of each day.
    pub fn set_calendar(&mut self, sessions: &[[Timestamp; 4]]) {
        self.hours = Hours::listed(sessions);
    }

    /// A day order of a calendar ends with the first session in which it may trade, whether the market is heard of or not.
    pub(super) fn date(&mut self, order: &mut Resting, now: Timestamp) {
        if self.hours.are_listed() && order.tif == TimeInForce::Day && self.config.sessions == Sessions::UsEquity {
            order.expires = if order.extended { self.hours.post.next_after(now) } else { self.hours.close.next_after(now) };
            self.next_expiry = self.next_expiry.min(order.expires);
        }
    }

    /// The part of the day at `now`.
    pub fn phase(&mut self, now: Timestamp) -> Phase {
        if self.config.sessions == Sessions::UsEquity { self.hours.phase(now) } else { Phase::Regular }
    }

    /// A part of the day begins at `now`: orders that waited for it work from now on, before the first event in it.
    pub fn turn(&mut self, now: Timestamp) {
        if self.config.sessions != Sessions::UsEquity {
            return;
        }
        let phase = self.hours.phase(now);
        for index in 0..self.desks.len() {
            if self.desks[index].phase != phase || self.desks[index].orders.iter().any(|o| o.queued) {
                self.begin_phase(index, now, phase);
            }
        }
    }

    /// Reports that are on their way.
    pub fn untold(&self) -> impl Iterator<Item = &ReportKind> {
        self.reports.iter().map(|r| &r.kind)
    }

    /// The command that arrives next.
    pub fn next_command(&self) -> Option<&OrderCommand> {
        self.inbound.front().map(|i| &i.command)
    }

    /// The broker keeps the order that arrives next, which it may not send on any more: it is rejected.
    pub fn refuse_next(&mut self) {
        if let Some(Inbound { due, command: OrderCommand::New(order) }) = self.inbound.pop_front() {
            self.report(due, ReportKind::Rejected(order.id));
        }
    }

    /// Instruments that commands on their way are about.
    pub fn awaited(&self) -> impl Iterator<Item = InstrumentId> + '_ {
        self.inbound.iter().map(|i| match i.command {
            OrderCommand::New(order) | OrderCommand::Replace { new: order, .. } => order.instrument,
            OrderCommand::Cancel { instrument, .. } => instrument,
        })
    }

    /// Best bid and ask of an instrument, as the orders here meet them; zero for none.
    pub fn touch(&self, instrument: InstrumentId) -> Option<(Price, Price)> {
        self.desks.get(instrument.index()).map(|d| (Price::from_raw(d.bid), Price::from_raw(d.ask)))
    }

    /// The terms of an order that rests here, as they have become.
    pub fn terms(&self, instrument: InstrumentId, order: OrderId) -> Option<Restatement> {
        let desk = self.desks.get(instrument.index())?;
        desk.orders.iter().find(|o| o.id == order).map(Resting::terms)
    }

    /// What of the market concerns the orders in `instrument` at `now`.
    pub fn interest(&self, instrument: InstrumentId, now: Timestamp) -> Interest {
        let mut interest = Interest::NONE;
        let Some(desk) = self.desks.get(instrument.index()).filter(|d| !d.orders.is_empty()) else { return interest };
        interest.at_limit = self.config.queue != QueueModel::Behind;
        interest.stops_on_quotes = desk.stops_on_quotes;
        // A book must be followed whole, bars have four prices, an auction looks at every print once it is due.
        let bars_alone = !desk.sources.trades && !desk.sources.quotes;
        let auction = desk.auctions > 0 && desk.orders.iter().any(|o| o.auction <= now);
        interest.every = auction || bars_alone || desk.depth.is_some() || self.config.matching == Matching::Book;
        for order in desk.orders.iter().filter(|o| desk.may_trade(o)) {
            if !order.waits_for_stop() {
                match order.side {
                    Side::Buy => interest.buy = interest.buy.max(order.limit),
                    Side::Sell => interest.sell = interest.sell.min(order.limit),
                }
                continue;
            }
            // A trailing stop moves with the first price of all, and then with each better one.
            let (better, worse) = (order.hwm, order.stop);
            match (order.side, order.trail.is_some()) {
                (_, true) if order.hwm == 0 => interest.rise = 1,
                (Side::Buy, trails) => {
                    interest.rise = interest.rise.min(worse);
                    interest.fall = if trails { interest.fall.max(better - 1) } else { interest.fall };
                }
                (Side::Sell, trails) => {
                    interest.fall = interest.fall.max(worse);
                    interest.rise = if trails { interest.rise.min(better + 1) } else { interest.rise };
                }
            }
        }
        interest
    }
}
