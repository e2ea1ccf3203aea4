//! Calling the strategies: market events by subscription, bars, timers, and word of their orders.

use super::core::{Builder, Engine, Notice};
use super::{Asked, Command, Output};
use crate::bars::{Aggregator, BarSpec};
use crate::event::MarketEvent;
use crate::strategy::{Context, Interest, Strategy, View};
use crate::types::{Error, InstrumentId, Result, StrategyId, Timestamp};
use crate::venue::Sources;
use std::cmp::Reverse;

impl Engine {
    /// Call strategy `s` and carry out what it asks for.
    #[inline]
    pub(super) fn call(
        &mut self,
        s: StrategyId,
        out: &mut Vec<Output>,
        f: impl FnOnce(&mut dyn Strategy, &mut Context<'_>) -> Result<()>,
    ) -> Result<()> {
        let slot = &mut self.slots[s.index()];
        if slot.record.is_isolated {
            return Ok(());
        }
        slot.record.calls += 1;
        let call = slot.record.calls;
        self.intents.next_id = self.orders.next_id().0;
        let view = View {
            now: self.now,
            strategy: s,
            instruments: &self.instruments,
            tops: &self.tops,
            ledger: &self.ledger,
            orders: &self.orders,
        };
        let mut context = Context { view, call, intents: &mut self.intents };
        match f(&mut *self.slots[s.index()].strategy, &mut context) {
            Ok(()) if self.intents.list.is_empty() => Ok(()),
            outcome => self.take_up(s, call, outcome, out),
        }
    }

    /// Carry out what strategy `s` asked for in a call, or see to its failure.
    fn take_up(&mut self, s: StrategyId, call: u64, outcome: Result<()>, out: &mut Vec<Output>) -> Result<()> {
        if self.keeps_asked {
            let failure = outcome.as_ref().err().map(|error| error.to_string().into());
            self.asked.push(Asked { strategy: s, call, intents: self.intents.list.clone(), failure });
        }
        let outcome = outcome.and_then(|()| self.take_intents(s, out));
        self.intents.list.clear();
        outcome.or_else(|error| self.fault(s, error, out))
    }

    /// Tell the strategies what became of their orders, and carry out what they ask for in turn.
    pub(super) fn deliver(&mut self, out: &mut Vec<Output>) -> Result<()> {
        while let Some(notice) = self.notices.pop_front() {
            if self.keeps_changed {
                self.changed.push(match &notice {
                    Notice::Fill(fill) => fill.order,
                    Notice::Update(update) => update.order.id,
                });
            }
            match notice {
                Notice::Fill(fill) => self.call(fill.strategy, out, |strategy, context| strategy.on_fill(&fill, context))?,
                Notice::Update(update) => {
                    self.call(update.order.strategy, out, |strategy, context| strategy.on_order(&update, context))?;
                }
            }
        }
        Ok(())
    }

    /// Begin at `now`: RUNNING, then every strategy's `on_start`.
    pub fn start(&mut self, now: Timestamp, out: &mut Vec<Output>) -> Result<()> {
        self.begin(now, false, out)
    }

    /// Begin at `now`: RECONCILING, RUNNING where there is nothing to `reconcile`, then every strategy's `on_start`.
    pub(super) fn begin(&mut self, now: Timestamp, reconcile: bool, out: &mut Vec<Output>) -> Result<()> {
        self.now = now;
        self.command(Command::Reconcile, "engine", "start", out)?;
        if !reconcile {
            self.command(Command::Run, "engine", "nothing to reconcile", out)?;
        }
        for i in 0..self.slots.len() {
            let s = StrategyId(i as u16);
            self.call(s, out, |strategy, context| strategy.on_start(context))?;
            let chose = self.wants.iter().skip(i).step_by(self.slots.len()).any(|w| *w != Interest::NONE)
                || self.builders.iter().flatten().any(|b| b.subscribers.contains(&s));
            if !chose {
                self.subscribe(s, None, self.slots[i].strategy.interest());
            }
            self.deliver(out)?;
        }
        Ok(())
    }

    /// End: every strategy's `on_stop`.
    pub fn stop(&mut self, out: &mut Vec<Output>) -> Result<()> {
        for i in 0..self.slots.len() {
            self.call(StrategyId(i as u16), out, |strategy, context| strategy.on_stop(context))?;
            self.deliver(out)?;
        }
        Ok(())
    }

    pub(super) fn subscribe(&mut self, s: StrategyId, instrument: Option<InstrumentId>, interest: Interest) {
        let strategies = self.slots.len();
        let rows = instrument.map_or(0..self.tops.len(), |i| i.index()..i.index() + 1);
        for row in rows {
            if let Some(want) = self.wants.get_mut(row * strategies + s.index()) {
                *want = *want | interest;
            }
        }
    }

    pub(super) fn subscribe_bars(&mut self, s: StrategyId, instrument: Option<InstrumentId>, spec: BarSpec) -> Result<()> {
        let rows = instrument.map_or(0..self.tops.len(), |i| i.index()..i.index() + 1);
        for row in rows {
            let Some(builders) = self.builders.get_mut(row) else {
                return Err(Error::data("subscription", "names an instrument that is not of this run"));
            };
            match builders.iter_mut().find(|b| b.aggregator.spec() == spec) {
                Some(builder) if builder.subscribers.contains(&s) => {}
                Some(builder) => builder.subscribers.push(s),
                None => {
                    let aggregator = Aggregator::new(spec, InstrumentId(row as u32))?;
                    builders.push(Builder { aggregator, subscribers: vec![s] });
                }
            }
        }
        Ok(())
    }

    /// Call the strategies that want this kind of event of this instrument.
    #[inline]
    pub(super) fn publish(&mut self, event: &MarketEvent, interest: Interest, out: &mut Vec<Output>) -> Result<()> {
        let strategies = self.slots.len();
        let row = event.instrument().index() * strategies;
        for i in 0..strategies {
            if self.wants[row + i].has(interest) {
                self.call(StrategyId(i as u16), out, |strategy, context| strategy.on_market(event, context))?;
                if !self.notices.is_empty() {
                    self.deliver(out)?;
                }
            }
        }
        if !self.notices.is_empty() {
            self.deliver(out)?;
        }
        Ok(())
    }

    /// Feed the event to the bars being built for its instrument.
    pub(super) fn build_bars(&mut self, event: &MarketEvent, out: &mut Vec<Output>) -> Result<()> {
        let row = event.instrument().index();
        let from_trades = self.sources[row].trades;
        for b in 0..self.builders[row].len() {
            let mut built = std::mem::take(&mut self.built);
            let aggregator = &mut self.builders[row][b].aggregator;
            let outcome = match event {
                MarketEvent::Trade(trade) => aggregator.on_trade(trade, &mut built),
                MarketEvent::Quote(quote) if !from_trades => {
                    self.tops[row].mid().map_or(Ok(()), |mid| aggregator.on_quote_mid(quote.ts, mid, &mut built))
                }
                MarketEvent::Bar(bar) if !from_trades && !self.sources[row].quotes => aggregator.on_bar(bar, &mut built),
                _ => Ok(()),
            };
            outcome.map_err(|error| match error {
                // The aggregator knows its instrument by number alone.
                Error::Data { place, why } => {
                    let number = format!("instrument {row}");
                    Error::data(place.replacen(&number, self.instruments.symbol(event.instrument()), 1), why)
                }
                other => other,
            })?;
            self.next_bar_close = self.next_bar_close.min(Self::bar_due(aggregator, self.sources[row]));
            for bar in built.drain(..) {
                self.send_bar(row, b, &MarketEvent::Bar(bar), out)?;
            }
            self.built = built;
        }
        Ok(())
    }

    /// When a bar being built must be ended. One made of shorter bars waits for the last of them, which is stamped with the
    /// end of both; where that one is missing it ends right after.
    fn bar_due(aggregator: &Aggregator, sources: Sources) -> Timestamp {
        aggregator.next_close().plus(i64::from(!sources.trades && !sources.quotes))
    }

    fn send_bar(&mut self, row: usize, b: usize, event: &MarketEvent, out: &mut Vec<Output>) -> Result<()> {
        for k in 0..self.builders[row][b].subscribers.len() {
            let s = self.builders[row][b].subscribers[k];
            self.call(s, out, |strategy, context| strategy.on_market(event, context))?;
            self.deliver(out)?;
        }
        Ok(())
    }

    /// The time is `now`: end the bars and fire the timers that are due.
    pub fn wake(&mut self, now: Timestamp, out: &mut Vec<Output>) -> Result<()> {
        self.now = self.now.max(now);
        if self.next_bar_close <= now {
            self.next_bar_close = Timestamp::MAX;
            for row in 0..self.builders.len() {
                for b in 0..self.builders[row].len() {
                    let sources = self.sources[row];
                    let aggregator = &mut self.builders[row][b].aggregator;
                    let done = if Self::bar_due(aggregator, sources) <= now { aggregator.on_time(now) } else { None };
                    self.next_bar_close = self.next_bar_close.min(Self::bar_due(aggregator, sources));
                    if let Some(bar) = done {
                        self.send_bar(row, b, &MarketEvent::Bar(bar), out)?;
                    }
                }
            }
        }
        while let Some(&Reverse((at, _, s, tag))) = self.timers.peek() {
            if at > now {
                break;
            }
            self.timers.pop();
            self.call(s, out, |strategy, context| strategy.on_timer(tag, context))?;
            self.deliver(out)?;
        }
        Ok(())
    }
}
