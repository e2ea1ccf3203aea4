//! What the checks are told: orders that open, fill, change and close, positions, marks, days.

use super::exposure::Working;
use super::profile::Row;
use super::{Check, Risk};
use crate::account::Accrual;
use crate::book::TopOfBook;
use crate::ledger::{Booking, Ledger};
use crate::order::{Order, OrderType};
use crate::types::{InstrumentId, OrderId, Price, Qty, StrategyId, Timestamp};

impl Row {
    #[inline]
    pub(super) fn count_order(&mut self, now: Timestamp) {
        for bucket in [&mut self.per_second, &mut self.per_minute].into_iter().flatten() {
            bucket.take(now);
        }
        self.messages += 1;
    }
}

impl Risk {
    pub(super) fn working_of(&self, id: OrderId) -> Option<&Working> {
        self.working.get(id.0.checked_sub(self.oldest)? as usize)?.as_ref()
    }

    fn working_mut(&mut self, id: OrderId) -> Option<&mut Working> {
        self.working.get_mut(id.0.checked_sub(self.oldest)? as usize)?.as_mut()
    }

    /// Do something with each row of limits that holds for `strategy` in `instrument`.
    fn rows(&mut self, instrument: InstrumentId, strategy: StrategyId, f: impl Fn(&mut Row)) {
        let Some(profile) = self.compiled.profile(instrument.index(), strategy).filter(|p| p.paced) else { return };
        for at in profile.rows.clone() {
            f(&mut self.compiled.rows[usize::from(at)]);
        }
    }

    /// `order` was sent and counts with `opens` shares; `top` are its prices, `mark` the last known price (zero for none).
    #[inline]
    pub fn opened(&mut self, order: &Order, opens: i64, mark: Price, top: &TopOfBook) {
        let cost = if self.account.is_limited() { self.account.cost_price(&order.request(), top).unwrap_or(mark) } else { Price::ZERO };
        let resting = if order.kind == OrderType::Limit { order.limit().unwrap_or(Price::ZERO) } else { Price::ZERO };
        let Order { instrument, strategy, side, .. } = *order;
        let w = Working { instrument, strategy, side, open: opens, cost, resting, filled: false };
        self.exposure.order(&w, 1, mark);
        if self.working.is_empty() {
            self.oldest = order.id.0;
        }
        let Some(at) = order.id.0.checked_sub(self.oldest) else { return };
        while (self.working.len() as u64) < at {
            self.working.push_back(None);
        }
        if self.working.len() as u64 == at {
            self.working.push_back(Some(w));
        } else {
            self.working[at as usize] = Some(w);
        }
    }

    /// The order `id` is open no more.
    #[inline]
    pub fn closed(&mut self, id: OrderId) {
        let Some(at) = id.0.checked_sub(self.oldest) else { return };
        let Some(w) = self.working.get_mut(at as usize).and_then(Option::take) else { return };
        self.exposure.order(&w, -1, Price::ZERO);
        while matches!(self.working.front(), Some(None)) {
            self.working.pop_front();
            self.oldest += 1;
        }
    }

    /// The order `id` counts with `open` shares from now on.
    pub fn resized(&mut self, id: OrderId, open: i64) {
        let Some(w) = self.working_mut(id) else { return };
        let change = open - w.open;
        w.open = open;
        let w = *w;
        self.exposure.order_changed(&w, change);
    }

    /// A fill of the order `id` was booked; `own` is the strategy's position after it and `done` says that nothing of the order
    /// is left.
    #[inline]
    pub fn booked(&mut self, id: OrderId, fill: &Booking, own: Qty, done: bool, ledger: &Ledger) {
        let mark = ledger.mark_of(fill.instrument);
        let mut first = false;
        if let Some(w) = self.working_mut(id) {
            first = !std::mem::replace(&mut w.filled, true);
            let change = -fill.qty.raw().min(w.open);
            w.open += change;
            let w = *w;
            self.exposure.order_changed(&w, change);
        }
        if done {
            self.closed(id);
        }
        self.exposure.position_changed(fill.instrument, ledger.net_qty(fill.instrument), mark);
        self.exposure.own_position_changed(fill.strategy, fill.instrument, own, mark);
        self.account.booked(fill, ledger);
        self.losses.booked(fill);
        if first {
            let now = fill.ts;
            self.rows(fill.instrument, fill.strategy, |row| {
                row.fills += 1;
                if let Some(bucket) = &mut row.executions {
                    bucket.take(now);
                }
            });
        }
    }

    /// A cancel of the order `id` was sent at `now`.
    pub fn cancel_sent(&mut self, id: OrderId, now: Timestamp) {
        let Some(&Working { instrument, strategy, .. }) = self.working_of(id) else { return };
        self.rows(instrument, strategy, |row| {
            row.messages += 1;
            if let Some(bucket) = &mut row.cancels {
                bucket.take(now);
            }
        });
    }

    /// Positions in `instrument` changed without a fill of ours: a split, a dividend, what a broker reports.
    pub fn repositioned(&mut self, instrument: InstrumentId, ledger: &Ledger) {
        let (held, mark) = (ledger.net_qty(instrument), ledger.mark_of(instrument));
        self.exposure.position_changed(instrument, held, mark);
        for at in 0..self.compiled.owners.len() {
            let strategy = self.compiled.owners[at];
            let own = ledger.position(strategy, instrument).map_or(Qty::ZERO, |p| p.qty);
            self.exposure.own_position_changed(strategy, instrument, own, mark);
        }
        self.account.repositioned(instrument, held, mark);
        self.losses.recount(ledger);
    }

    /// The mark of `instrument` is `mark` now.
    #[inline]
    pub fn marked(&mut self, instrument: InstrumentId, mark: Price) {
        self.exposure.marked(instrument, mark);
        self.account.marked(instrument, mark);
    }

    /// When the present day ends: [`Self::next_day`] is due at the first event from then on. `MAX` when no check counts days.
    #[inline]
    pub const fn day_ends(&self) -> Timestamp {
        self.day_ends
    }

    /// A day of trading begins and lasts until `ends`; the one before began `days` calendar days earlier (zero at the start).
    /// What it gives is to be booked by the ledger.
    pub fn next_day(&mut self, days: i64, ends: Timestamp, ledger: &Ledger) -> Accrual {
        let first = self.day_ends == Timestamp::MIN;
        self.day_ends = ends;
        self.losses.next_day(&self.exposure);
        if first {
            return Accrual::default();
        }
        self.market.next_day();
        for row in &mut self.compiled.rows {
            (row.messages, row.fills) = (0, 0);
        }
        self.account.next_day(days, ledger)
    }

    /// True when the checks `check` is made for any order.
    pub fn uses(&self, check: Check) -> bool {
        self.compiled.uses(check)
    }
}
