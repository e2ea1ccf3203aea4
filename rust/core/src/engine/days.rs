//! Days of trading and the losses of single strategies: what the risk checks ask of the engine.

use super::Output;
use super::core::Engine;
use crate::book::OrderBook;
use crate::event::MarketEvent;
use crate::risk::{Breach, OnBreach, RefusalCode};
use crate::types::{DAY_NS, OrderId, Result, Timestamp};

impl Engine {
    /// The first event of a New York day, where a check or the account counts days: settle the day before, then go on.
    #[cold]
    pub(super) fn on_new_day(&mut self, event: &MarketEvent, lent: Option<&OrderBook>, out: &mut Vec<Output>) -> Result<()> {
        let (before, ends) = (self.risk.day_ends(), self.midnight.next_after(event.ts()));
        // Both are midnights in New York, a whole number of days apart but for an hour of daylight saving.
        let days = if before == Timestamp::MIN { 0 } else { (ends.since(before) + DAY_NS / 2) / DAY_NS };
        let accrual = self.risk.next_day(days, ends, &self.ledger);
        self.ledger.accrue(accrual.interest)?;
        self.ledger.accrue(accrual.borrow)?;
        self.on_market_beside(event, lent, out)
    }

    /// Losses of single strategies, after every change of their value.
    #[inline]
    pub(super) fn watch_strategies(&mut self, out: &mut Vec<Output>) -> Result<()> {
        if !self.risk.watches_strategies() {
            return Ok(());
        }
        while let Some(breach) = self.risk.breach() {
            self.stop_strategy(breach, out)?;
        }
        Ok(())
    }

    #[cold]
    fn stop_strategy(&mut self, breach: Breach, out: &mut Vec<Output>) -> Result<()> {
        let why = match breach.code {
            RefusalCode::Loss => "daily loss limit of a strategy passed",
            _ => "drawdown limit of a strategy passed",
        };
        let name = self.slots.get(breach.strategy.index()).map_or("", |slot| slot.strategy.name());
        out.push(Output::State { ts: self.now, from: self.state, to: self.state, by: name.into(), why: why.into() });
        let own = |id: &OrderId| self.orders.get(*id).is_some_and(|o| o.strategy == breach.strategy);
        let open: Vec<OrderId> = self.orders.open().iter().copied().filter(own).collect();
        for id in open {
            self.cancel(id, out)?;
        }
        if breach.action == OnBreach::Flatten {
            let held = self.ledger.positions().filter(|(_, s, _)| *s == breach.strategy);
            let held: Vec<_> = held.map(|(i, s, p)| (i, s, p.qty)).collect();
            for (instrument, strategy, qty) in held {
                self.close(instrument, strategy, qty, out)?;
            }
        }
        Ok(())
    }
}
