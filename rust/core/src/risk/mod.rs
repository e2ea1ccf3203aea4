//! Pre-trade checks: every order passes them before it leaves, each refusal has a stable code.
//!
//! [`Risk::check`] is one pass over the checks that are on, in the order of [`Check::ALL`]. Limits hold at four scopes (strategy,
//! instrument, group, account); they are compiled once into a mask and the tightest value for each kind of order, so that a
//! check that is off costs a test of a bit. The state behind them is kept up to date by what the engine tells ([`Risk::opened`],
//! [`Risk::booked`], [`Risk::marked`], …), each in O(1) or O(log) of the own resting orders; no check loops over instruments or
//! orders. [`Risk::explain`] walks the same code and gives every finding.

mod bucket;
mod calendar;
mod checks;
mod exposure;
mod flow;
mod kill;
mod limits;
mod losses;
mod market;
mod profile;
mod recent;
mod refusal;

pub use bucket::Bucket;
pub use calendar::{Calendar, Phase, SessionDay};
pub use exposure::Exposure;
use kill::Watched;
pub use kill::{KillSwitch, Switched, Thrown};
pub use limits::{OnBreach, RiskLimits, ScopeKey, ScopeLimits, TickSize};
pub use losses::Breach;
pub use refusal::{Check, Counters, Refusal, RefusalCode, Scope, Verdict};

use crate::account::{Account, AccountConfig};
use crate::book::TopOfBook;
use crate::event::MarketEvent;
use crate::ledger::Ledger;
use crate::order::OrderRequest;
use crate::types::{InstrumentId, Money, OrderId, Price, Qty, Result, Side, StrategyId, Timestamp};
use checks::{All, Facts, First, pass};
use exposure::Working;
use losses::Losses;
use market::{Learn, Market};
use profile::Compiled;
use recent::Recent;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// What the checks may look at besides the order.
#[derive(Clone, Copy, Debug)]
pub struct RiskContext<'a> {
    /// Event time.
    pub now: Timestamp,
    /// Whose order it is.
    pub strategy: StrategyId,
    /// Prices of the order's instrument.
    pub top: &'a TopOfBook,
    /// The account's books.
    pub ledger: &'a Ledger,
    /// Orders open now, over the account.
    pub open_orders: usize,
    /// What the engine's state allows.
    pub gate: Gate,
}

/// What the engine's state allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Gate {
    /// Every order.
    #[default]
    Open,
    /// Orders that shrink a position; the code says why.
    ReduceOnly(RefusalCode),
    /// No order; the code says why.
    Shut(RefusalCode),
}

/// The checks and what they remember.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Risk {
    limits: RiskLimits,
    compiled: Compiled,
    exposure: Exposure,
    account: Account,
    market: Market,
    recent: Recent,
    gates: Vec<Gate>,
    switch: Watched,
    counters: Counters,
    losses: Losses,
    /// Orders that are open, by id from `oldest` on.
    working: VecDeque<Option<Working>>,
    oldest: u64,
    symbols: Vec<String>,
    strategies: Vec<String>,
    day_ends: Timestamp,
}

impl Risk {
    /// Checks by `limits` for an account with `cash` dollars, the instruments of `symbols` and the strategies named.
    pub fn new(limits: RiskLimits, account: AccountConfig, cash: Money, symbols: &[String], strategies: &[String]) -> Result<Self> {
        let account = Account::new(account, cash, symbols)?;
        let compiled = Compiled::new(&limits, symbols, strategies, account.is_limited(), None)?;
        let mut exposure = Exposure::new(symbols.len());
        exposure.regroup(compiled.groups, compiled.member.clone(), &compiled.owners);
        let losses = Losses::new(&limits, &compiled, cash, None);
        let mut risk = Self {
            exposure,
            account,
            market: Market::new(symbols.len()),
            recent: Recent::default(),
            gates: vec![Gate::Open; strategies.len()],
            switch: Watched::new(strategies.len()),
            counters: Counters::default(),
            losses,
            working: VecDeque::new(),
            oldest: 1,
            symbols: symbols.to_vec(),
            strategies: strategies.to_vec(),
            day_ends: Timestamp::MIN,
            limits,
            compiled,
        };
        risk.prepare();
        Ok(risk)
    }

    /// Other limits from now on, validated whole first: on an error the old ones stay. Counters, rates, open orders, loss
    /// marks, halts and the kill switch stay as they are; scopes are known again by their names.
    pub fn reload(&mut self, limits: RiskLimits, ledger: &Ledger) -> Result<()> {
        let compiled = Compiled::new(&limits, &self.symbols, &self.strategies, self.account.is_limited(), Some(&self.compiled))?;
        self.losses = Losses::new(&limits, &compiled, ledger.start(), Some(&self.losses));
        self.limits = limits;
        self.compiled = compiled;
        self.exposure.regroup(self.compiled.groups, self.compiled.member.clone(), &self.compiled.owners);
        for &strategy in &self.compiled.owners {
            for index in 0..self.symbols.len() {
                let instrument = InstrumentId(index as u32);
                let held = ledger.position(strategy, instrument).map_or(Qty::ZERO, |p| p.qty);
                if !held.is_zero() {
                    self.exposure.own_position_changed(strategy, instrument, held, ledger.mark_of(instrument));
                }
            }
        }
        for w in self.working.iter().flatten() {
            let mark = self.exposure.entries.get(w.instrument.index()).map_or(Price::ZERO, |e| e.mark);
            self.exposure.adopt(w, mark);
        }
        self.losses.recount(ledger);
        self.prepare();
        Ok(())
    }

    /// What follows from the limits in the parts that only they use.
    fn prepare(&mut self) {
        let learn = Learn {
            volumes: self.compiled.uses(Check::OrderAdv),
            volatility: self.compiled.uses(Check::CollarSigma),
            halts: self.market.learn.halts,
        };
        self.market.learn = learn;
        self.exposure.track_resting(self.compiled.uses(Check::SelfMatch), self.working.iter().flatten());
        self.market.forget_phase();
        self.market.forget_volumes();
        for (symbol, shares) in &self.limits.average_volumes {
            if let Some(at) = self.symbols.iter().position(|s| s == symbol) {
                self.market.set_volume(InstrumentId(at as u32), Some(*shares));
            }
        }
        let days = self.account.is_limited() || learn.volumes || self.compiled.uses(Check::OrderToFill) || !self.losses.is_empty();
        self.day_ends = match (days, self.day_ends) {
            (false, _) => Timestamp::MAX,
            (true, Timestamp::MAX) => Timestamp::MIN,
            (true, ends) => ends,
        };
    }

    /// The limits in force.
    pub const fn limits(&self) -> &RiskLimits {
        &self.limits
    }

    /// Shares in open orders and what they could become.
    pub const fn exposure(&self) -> &Exposure {
        &self.exposure
    }

    /// The account.
    pub const fn account(&self) -> &Account {
        &self.account
    }

    /// The same, to set what can be borrowed.
    pub const fn account_mut(&mut self) -> &mut Account {
        &mut self.account
    }

    /// Orders passed and refused.
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// A handle on the kill switch, for any thread.
    pub fn kill_switch(&self) -> KillSwitch {
        self.switch.handle()
    }

    /// Keep which checks see the kill switch changed, to be taken with [`Self::take_switched`].
    pub fn keep_switched(&mut self) {
        self.switch.keep();
    }

    /// What the checks since this was last called saw change; checks are counted anew from here.
    pub fn take_switched(&mut self) -> Vec<Switched> {
        self.switch.take()
    }

    /// What the checks since [`Self::take_switched`] saw change is seen again by the next: they came to nothing.
    pub fn forget_switched(&mut self) {
        self.switch.forget();
    }

    /// The next checks see the kill switch change as `switched` says, whatever becomes of its handles.
    pub fn replay_switched(&mut self, switched: Vec<Switched>) {
        self.switch.script(switched);
    }

    /// Checks see the handles again, which are as the last of those checks saw them.
    pub fn end_replay_switched(&mut self) {
        self.switch.end_script();
    }

    /// Name of a scope: of a group its own, else that of the kind.
    pub fn scope_name(&self, scope: Scope) -> &str {
        let key = self.compiled.rows.iter().find(|row| row.scope == scope).and_then(|row| row.key.as_ref());
        match (scope, key) {
            (Scope::Group(_), Some(ScopeKey::Group { name, .. })) => name,
            _ => scope.as_str(),
        }
    }

    /// Halts are learned from the flag that feeds set on quotes and trades, besides [`Self::set_halted`].
    pub const fn learn_halts(&mut self, learn: bool) {
        self.market.learn.halts = learn;
    }

    /// Trading in `instrument` is halted, or goes on.
    pub fn set_halted(&mut self, instrument: InstrumentId, halted: bool) {
        self.market.set_halted(instrument, halted);
    }

    /// The limit-up limit-down bands of `instrument`, lower and upper; `None` when there are none.
    pub fn set_bands(&mut self, instrument: InstrumentId, bands: Option<(Price, Price)>) {
        self.market.set_bands(instrument, bands, Timestamp::MAX);
    }

    /// The same with the time of the message that said so: they hold for that day.
    pub fn set_bands_at(&mut self, instrument: InstrumentId, bands: Option<(Price, Price)>, since: Timestamp) {
        self.market.set_bands(instrument, bands, since);
    }

    /// Shares that trade on an average day; `None` learns them from trades.
    pub fn set_average_volume(&mut self, instrument: InstrumentId, shares: Option<Qty>) {
        self.market.set_volume(instrument, shares);
    }

    /// What `strategy` may do, besides what the engine's state allows.
    pub fn set_gate(&mut self, strategy: StrategyId, gate: Gate) {
        if let Some(held) = self.gates.get_mut(strategy.index()) {
            *held = gate;
        }
    }

    /// What `strategy` may do at present.
    pub fn gate(&self, strategy: StrategyId) -> Gate {
        self.gates.get(strategy.index()).copied().unwrap_or_default()
    }

    /// Take in a market event, after `top` has; it costs a test where nothing is to be learned.
    #[inline]
    pub fn observe(&mut self, event: &MarketEvent, top: &TopOfBook) {
        if self.market.learn.anything() {
            self.market.observe(event, top);
        }
    }

    /// The price at which `request` is valued, the dearest at which it may fill as far as is known: a buy's limit, else the
    /// higher of its stop and the ask; for a sell the higher of its limit and the bid. The last price stands in for a touch; without one only a buy's limit is known.
    #[inline]
    pub fn valuation(request: &OrderRequest, top: &TopOfBook) -> Option<Price> {
        let touch = if request.side == Side::Buy { top.ask } else { top.bid };
        let market = if touch.is_positive() { Some(touch) } else { top.reference() };
        match request.side {
            Side::Buy if request.limit.is_some() => request.limit,
            Side::Buy => market.max(request.stop.filter(|_| market.is_some())),
            Side::Sell => market.max(request.limit.filter(|_| market.is_some())),
        }
    }

    #[inline]
    fn first_fault(&self, request: &OrderRequest, context: &RiskContext<'_>) -> Option<Refusal> {
        let Some(profile) = self.compiled.profile(request.instrument.index(), context.strategy) else {
            return Some(Refusal::new(
                Check::Restricted,
                RefusalCode::Restricted,
                Scope::Account,
                0.0,
                0.0,
                Some("the instrument is not known"),
            ));
        };
        let mut first = First::default();
        let _ = pass(&Facts::new(self, profile, request, context), &mut first);
        first.0
    }

    /// Check `request`; `Ok` counts it against the rates, a refusal says why. Nothing is sent from here.
    #[inline]
    pub fn check(&mut self, request: &OrderRequest, context: &RiskContext<'_>) -> std::result::Result<(), Refusal> {
        self.switch.look();
        if let Some(calendar) = &self.limits.calendar {
            self.market.refresh_phase(calendar, context.now);
        }
        match self.first_fault(request, context) {
            None => {
                self.count(request, context);
                Ok(())
            }
            Some(refusal) => {
                self.counters.refuse(&refusal);
                Err(refusal)
            }
        }
    }

    /// Check `request`, what would remain of the order `old` as changed, as if that order were gone.
    pub fn check_replacement(
        &mut self,
        old: OrderId,
        request: &OrderRequest,
        context: &RiskContext<'_>,
    ) -> std::result::Result<(), Refusal> {
        let Some(w) = self.working_of(old).copied() else { return self.check(request, context) };
        self.exposure.order(&w, -1, Price::ZERO);
        let verdict = self.check(request, context);
        self.exposure.order(&w, 1, Price::ZERO);
        verdict
    }

    /// Every check that is on for `request`, with its value, limit and whether it passes; counts nothing.
    pub fn explain(&self, request: &OrderRequest, context: &RiskContext<'_>) -> Vec<Verdict> {
        let Some(profile) = self.compiled.profile(request.instrument.index(), context.strategy) else {
            let (check, form) = (Check::Restricted, Some("the instrument is not known"));
            return vec![Verdict { check, code: check.code(), scope: Scope::Account, value: 0.0, limit: 0.0, pass: false, form }];
        };
        let mut all = All::default();
        let _ = pass(&Facts::new(self, profile, request, context), &mut all);
        all.0
    }

    /// Count an order that passed.
    #[inline]
    fn count(&mut self, request: &OrderRequest, context: &RiskContext<'_>) {
        self.counters.pass();
        let Some(profile) = self.compiled.profile(request.instrument.index(), context.strategy) else { return };
        let remember = profile.has(Check::Duplicate);
        if profile.paced {
            for at in 0..profile.rows.len() {
                let Some(profile) = self.compiled.profile(request.instrument.index(), context.strategy) else { return };
                let row = usize::from(profile.rows[at]);
                self.compiled.rows[row].count_order(context.now);
            }
        }
        if remember {
            self.recent.note(request, context.strategy, context.now, self.compiled.remember_ns);
        }
    }
}

#[cfg(test)]
mod tests;
