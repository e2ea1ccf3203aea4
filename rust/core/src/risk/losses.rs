//! Losses and drawdowns of single strategies; those of the account are the engine's.

use super::exposure::Exposure;
use super::limits::RiskLimits;
use super::profile::Compiled;
use super::{Gate, OnBreach, RefusalCode, Risk, ScopeKey};
use crate::ledger::{Booking, Ledger};
use crate::types::{Money, Side, StrategyId};
use serde::{Deserialize, Serialize};

/// A strategy passed a loss limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breach {
    /// Which strategy.
    pub strategy: StrategyId,
    /// `LOSS` or `DRAWDOWN`.
    pub code: RefusalCode,
    /// What is to happen, besides canceling its orders.
    pub action: OnBreach,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Watch {
    strategy: StrategyId,
    /// Its place among the own parts.
    place: usize,
    max_drawdown: Option<f64>,
    max_daily_loss: Option<Money>,
    reduce_only_at: f64,
    on_breach: OnBreach,
    capital: Money,
    /// Money in less money out: with the value of the positions it is the profit.
    flow: Money,
    peak: Money,
    day_start: Money,
    /// 0 as usual, 1 near a limit, 2 beyond.
    stage: u8,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Losses {
    list: Vec<Watch>,
}

impl Losses {
    pub(super) fn new(limits: &RiskLimits, compiled: &Compiled, cash: Money, old: Option<&Self>) -> Self {
        let mut list = Vec::new();
        for row in &compiled.rows {
            let Some(key @ ScopeKey::Strategy(_)) = &row.key else { continue };
            let Some(scope) = limits.scopes.iter().find(|s| s.key == *key) else { continue };
            let l = &scope.limits;
            if l.max_drawdown.is_none() && l.max_daily_loss.is_none() {
                continue;
            }
            let strategy = compiled.owners[usize::from(row.place)];
            let fresh = Watch {
                strategy,
                place: usize::from(row.place),
                max_drawdown: l.max_drawdown,
                max_daily_loss: l.max_daily_loss,
                reduce_only_at: l.reduce_only_at.unwrap_or(1.0),
                on_breach: l.on_breach,
                capital: l.capital.unwrap_or(cash),
                flow: Money::ZERO,
                peak: Money::ZERO,
                day_start: Money::ZERO,
                stage: 0,
            };
            list.push(match old.and_then(|o| o.list.iter().find(|w| w.strategy == strategy)) {
                Some(w) => Watch { flow: w.flow, peak: w.peak, day_start: w.day_start, stage: w.stage, ..fresh },
                None => fresh,
            });
        }
        Self { list }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    #[inline]
    pub(super) fn booked(&mut self, fill: &Booking) {
        if let Some(watch) = self.list.iter_mut().find(|w| w.strategy == fill.strategy) {
            let notional = Money::notional(fill.price, fill.qty).raw();
            let spent = if fill.side == Side::Buy { notional } else { -notional };
            watch.flow = Money::from_raw(watch.flow.raw() - spent - fill.fee.raw());
        }
    }

    /// Take the flows from the books.
    pub(super) fn recount(&mut self, ledger: &Ledger) {
        for watch in &mut self.list {
            let own = ledger.positions().filter(|(_, strategy, _)| *strategy == watch.strategy);
            let sum = own.map(|(_, _, p)| p.realized.raw() - p.cost.raw() + p.income.raw() - p.fees.raw()).sum();
            watch.flow = Money::from_raw(sum);
        }
    }

    pub(super) fn next_day(&mut self, exposure: &Exposure) {
        for watch in &mut self.list {
            watch.day_start = profit(watch, exposure);
        }
    }
}

fn profit(watch: &Watch, exposure: &Exposure) -> Money {
    let value = exposure.own.get(watch.place).map_or(Money::ZERO, |own| own.totals.net);
    Money::from_raw(watch.flow.raw() + value.raw())
}

impl Risk {
    /// True when a strategy has a loss limit: then [`Self::breach`] is to be asked after every change of value.
    #[inline]
    pub fn watches_strategies(&self) -> bool {
        !self.losses.is_empty()
    }

    /// Profit of `strategy`, where it has a loss limit.
    pub fn strategy_profit(&self, strategy: StrategyId) -> Option<Money> {
        self.losses.list.iter().find(|w| w.strategy == strategy).map(|w| profit(w, &self.exposure))
    }

    /// The next strategy that passed a limit since this was last asked. Its gate is set: only orders that shrink a position from
    /// `reduce_only_at` of a limit on, and what `on_breach` says beyond it.
    pub fn breach(&mut self) -> Option<Breach> {
        for at in 0..self.losses.list.len() {
            let now = profit(&self.losses.list[at], &self.exposure);
            let watch = &mut self.losses.list[at];
            watch.peak = watch.peak.max(now);
            if watch.stage == 2 {
                continue;
            }
            let fall = (watch.peak.raw() - now.raw()) as f64 / (watch.capital.raw() + watch.peak.raw()) as f64;
            let loss = (watch.day_start.raw() - now.raw()) as f64;
            let drawdown = watch.max_drawdown.map_or(0.0, |max| fall / max);
            let daily = watch.max_daily_loss.map_or(0.0, |max| loss / max.raw() as f64);
            let (share, code) = if drawdown >= daily { (drawdown, RefusalCode::Drawdown) } else { (daily, RefusalCode::Loss) };
            let (strategy, action) = (watch.strategy, watch.on_breach);
            if share > 1.0 {
                watch.stage = 2;
                let gate = if action == OnBreach::ReduceOnly { Gate::ReduceOnly(code) } else { Gate::Shut(code) };
                self.set_gate(strategy, gate);
                return Some(Breach { strategy, code, action });
            }
            if watch.stage == 0 && watch.reduce_only_at < 1.0 && share > watch.reduce_only_at {
                watch.stage = 1;
                self.set_gate(strategy, Gate::ReduceOnly(code));
            }
        }
        None
    }
}
