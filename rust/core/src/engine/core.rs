//! The engine's parts and its steps.

use super::faults::Record;
use super::{Asked, Command, EngineState, Fill, Isolation, OrderUpdate, Output, Trust};
use crate::account::AccountConfig;
use crate::bars::Aggregator;
use crate::book::{OrderBook, TopOfBook};
use crate::event::{ActionKind, Bar, MarketEvent, TradingState};
use crate::ledger::{Dividends, Ledger};
use crate::order::{Asset, Broker, Order, OrderRequest, OrderStatus, Orders};
use crate::risk::{Gate, KillSwitch, OnBreach, RefusalCode, Risk, RiskLimits, Switched};
use crate::strategy::{Intents, Interest, Strategy};
use crate::types::{Error, InstrumentId, Instruments, Money, OrderId, Price, Qty, Result, Side, StrategyId, Timestamp};
use crate::venue::{OrderCommand, SessionClock, Sources};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, VecDeque};

/// Which price values a position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum MarkPolicy {
    /// The mid where there is a two-sided quote, else the last trade or bar.
    #[default]
    Auto,
    /// The last trade or bar, whatever the quotes say.
    Last,
}

/// Settings of an engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EngineConfig {
    /// Cash at the start.
    pub cash: Money,
    /// Limits of the account.
    pub limits: RiskLimits,
    /// Kind of account: what its buying power, shorts and day trades are.
    pub account: AccountConfig,
    /// Which price values a position.
    pub mark: MarkPolicy,
    /// What happens to dividends.
    pub dividends: Dividends,
    /// Whose rules orders must keep.
    pub broker: Broker,
    /// Requests a strategy may make at one moment of event time before it is taken to be looping over its own orders.
    pub max_requests_per_moment: u32,
    /// When a failing strategy is isolated; without it a failure ends the run.
    pub isolation: Option<Isolation>,
    /// How far venue reports are trusted.
    pub trust: Trust,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            cash: Money::from_raw(100_000 * 1_000_000_000),
            limits: RiskLimits::default(),
            account: AccountConfig::default(),
            mark: MarkPolicy::Auto,
            dividends: Dividends::Cash,
            broker: Broker::default(),
            max_requests_per_moment: 100_000,
            isolation: None,
            trust: Trust::Exact,
        }
    }
}

pub(super) struct Slot {
    pub(super) strategy: Box<dyn Strategy>,
    pub(super) requests: u32,
    pub(super) moment: Timestamp,
    pub(super) record: Record,
}

/// Bars built for the strategies that asked for them.
pub(super) struct Builder {
    pub(super) aggregator: Aggregator,
    pub(super) subscribers: Vec<StrategyId>,
}

/// What a strategy is told besides market events.
#[derive(Clone, Copy, Debug)]
pub(super) enum Notice {
    Fill(Fill),
    Update(OrderUpdate),
}

/// The deterministic engine.
pub struct Engine {
    pub(super) config: EngineConfig,
    pub(super) now: Timestamp,
    pub(super) state: EngineState,
    pub(super) gate: Gate,
    pub(super) instruments: Instruments,
    pub(super) sources: Vec<Sources>,
    pub(super) tops: Vec<TopOfBook>,
    pub(super) ledger: Ledger,
    pub(super) risk: Risk,
    pub(super) orders: Orders,
    /// Books by instrument, empty where there are no book changes.
    pub(super) books: Vec<OrderBook>,
    /// What each instrument is to the broker.
    pub(super) assets: Vec<Asset>,
    pub(super) slots: Vec<Slot>,
    /// Kinds each strategy wants of each instrument: `instrument × strategies + strategy`.
    pub(super) wants: Vec<Interest>,
    pub(super) builders: Vec<Vec<Builder>>,
    pub(super) next_bar_close: Timestamp,
    pub(super) timers: BinaryHeap<Reverse<(Timestamp, u64, StrategyId, u64)>>,
    pub(super) timers_set: u64,
    pub(super) intents: Intents,
    pub(super) notices: VecDeque<Notice>,
    pub(super) built: Vec<Bar>,
    pub(super) midnight: SessionClock,
    pub(super) day_ends: Timestamp,
    pub(super) day_start_equity: Money,
    /// Every position is to be closed: what fills before its cancel arrives is closed too.
    pub(super) flattening: bool,
    /// Equity when losses were last looked at, to know what it was before a day began.
    pub(super) equity_seen: Money,
    /// Ids of the reports that were booked and of the corporate actions that took effect, where they may come twice.
    pub(super) booked: BTreeSet<u64>,
    /// Reports that came again, and reports that could not be.
    pub(super) repeats: u64,
    pub(super) anomalies: u64,
    /// What strategies asked for, when it is kept.
    pub(super) asked: Vec<Asked>,
    pub(super) keeps_asked: bool,
    /// Orders that changed, when they are kept.
    pub(super) changed: Vec<OrderId>,
    pub(super) keeps_changed: bool,
}

impl Engine {
    /// An engine for `instruments`, of which `sources` says what data they have, with its strategies.
    pub fn new(config: EngineConfig, instruments: Instruments, sources: Vec<Sources>, strategies: Vec<Box<dyn Strategy>>) -> Result<Self> {
        if config.cash <= Money::ZERO {
            return Err(Error::config("cash", format!("is {}; it must be above zero", config.cash)));
        }
        if strategies.is_empty() || strategies.len() > usize::from(u16::MAX) {
            return Err(Error::config("strategies", "must be at least one and at most 65,535"));
        }
        for (i, s) in strategies.iter().enumerate() {
            if strategies[..i].iter().any(|other| other.name() == s.name()) {
                return Err(Error::config("strategies", format!("two are named {:?}; give each its own name", s.name())));
            }
        }
        let n = instruments.len();
        let names: Vec<String> = strategies.iter().map(|s| s.name().to_owned()).collect();
        let risk = Risk::new(config.limits.clone(), config.account.clone(), config.cash, instruments.symbols(), &names)?;
        Ok(Self {
            now: Timestamp::MIN,
            state: EngineState::Initializing,
            gate: EngineState::Initializing.gate(),
            tops: vec![TopOfBook::default(); n],
            ledger: Ledger::new(config.cash, n, strategies.len()),
            risk,
            orders: Orders::default(),
            books: vec![OrderBook::default(); if sources.iter().any(|s| s.book) { n } else { 0 }],
            assets: instruments.symbols().iter().map(|symbol| config.broker.asset(symbol)).collect(),
            wants: vec![Interest::NONE; n * strategies.len()],
            builders: (0..n).map(|_| Vec::new()).collect(),
            next_bar_close: Timestamp::MAX,
            timers: BinaryHeap::new(),
            timers_set: 0,
            intents: Intents::default(),
            notices: VecDeque::new(),
            built: Vec::new(),
            midnight: SessionClock::midnight(),
            day_ends: Timestamp::MIN,
            day_start_equity: config.cash,
            flattening: false,
            equity_seen: config.cash,
            booked: BTreeSet::new(),
            repeats: 0,
            anomalies: 0,
            asked: Vec::new(),
            keeps_asked: false,
            changed: Vec::new(),
            keeps_changed: false,
            slots: strategies
                .into_iter()
                .map(|strategy| Slot { record: Record::of(strategy.name()), strategy, requests: 0, moment: Timestamp::MIN })
                .collect(),
            config,
            instruments,
            sources,
        })
    }

    /// The account.
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The risk checks.
    pub const fn risk(&self) -> &Risk {
        &self.risk
    }

    /// All orders.
    pub const fn orders(&self) -> &Orders {
        &self.orders
    }

    /// A handle on the kill switch, to be thrown from any thread.
    pub fn kill_switch(&self) -> KillSwitch {
        self.risk.kill_switch()
    }

    /// The state.
    pub const fn state(&self) -> EngineState {
        self.state
    }

    /// Event time.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Prices by instrument.
    pub fn tops(&self) -> &[TopOfBook] {
        &self.tops
    }

    /// Symbols.
    pub const fn instruments(&self) -> &Instruments {
        &self.instruments
    }

    /// Names of the strategies.
    pub fn strategy_names(&self) -> Vec<String> {
        self.slots.iter().map(|s| s.strategy.name().to_owned()).collect()
    }

    /// Take the orders out, when the engine is no longer needed.
    #[must_use]
    pub fn into_orders(self) -> Orders {
        self.orders
    }

    /// When the engine must next be woken by [`Self::wake`]: a timer, or the end of a bar being built.
    #[inline]
    pub fn next_wake(&self) -> Timestamp {
        self.timers.peek().map_or(self.next_bar_close, |Reverse((at, ..))| self.next_bar_close.min(*at))
    }

    /// Keep what strategies ask for and what checks see of the kill switch, to be taken with [`Self::take_asked`] and
    /// [`Self::take_switched`].
    pub fn keep_asked(&mut self) {
        self.keeps_asked = true;
        self.risk.keep_switched();
    }

    /// What the checks of the last input saw the kill switch change to; to be taken after each input.
    pub fn take_switched(&mut self) -> Vec<Switched> {
        self.risk.take_switched()
    }

    /// The last input came to nothing and is kept nowhere: what its checks saw of the kill switch, the next ones see again.
    pub fn forget_switched(&mut self) {
        self.risk.forget_switched();
    }

    /// The checks of the next input see the kill switch change as `switched` says, whatever becomes of its handles.
    pub fn replay_switched(&mut self, switched: Vec<Switched>) {
        self.risk.replay_switched(switched);
    }

    /// A replay has ended: checks see the kill switch's handles again, which are as the last check saw them.
    pub fn end_replay(&mut self) {
        self.risk.end_replay_switched();
    }

    /// What strategies asked for since this was last called, in order.
    pub fn take_asked(&mut self) -> std::vec::Drain<'_, Asked> {
        self.asked.drain(..)
    }

    /// Whether a corporate action that came over a wire took effect already.
    pub fn has_acted(&self, action: &crate::event::CorporateAction) -> bool {
        self.booked.contains(&action.id())
    }

    /// Reports that came again and were dropped, and reports that could not be.
    pub const fn report_faults(&self) -> (u64, u64) {
        (self.repeats, self.anomalies)
    }

    /// Orders of which the venue's word is awaited, by id: after a crash, the ones to ask the broker about.
    pub fn in_doubt(&self) -> Vec<OrderId> {
        let awaits = |o: &Order| matches!(o.status(), OrderStatus::PendingNew | OrderStatus::PendingCancel | OrderStatus::PendingReplace);
        let mut ids: Vec<_> = self.orders.open().iter().copied().filter(|&id| self.orders.get(id).is_some_and(awaits)).collect();
        ids.sort_unstable();
        ids
    }

    /// Put `limits` in force; refused whole when they cannot work.
    pub(super) fn set_limits(&mut self, limits: &RiskLimits, by: &str, out: &mut Vec<Output>) -> Result<()> {
        self.risk.reload(limits.clone(), &self.ledger)?;
        self.config.limits = limits.clone();
        out.push(Output::Limits { ts: self.now, by: by.into() });
        self.watch_losses(out)
    }

    /// Go to the state that `command` leads to, and do what it asks for.
    pub fn command(&mut self, command: Command, by: &str, why: &str, out: &mut Vec<Output>) -> Result<()> {
        let next = self.state.after(command)?;
        if next != self.state {
            self.flattening &= next == EngineState::Halted;
            self.enter(next, next.gate(), by, why, out);
        }
        match command {
            Command::Halt | Command::SafeMode | Command::CancelAll | Command::Shutdown => self.cancel_all(out)?,
            Command::Flatten => {
                self.cancel_all(out)?;
                self.flatten(out)?;
            }
            Command::Isolate(s) => self.isolate(s, out)?,
            Command::Reinstate(s) => self.reinstate(s)?,
            _ => {}
        }
        self.deliver(out)
    }

    pub(super) fn enter(&mut self, next: EngineState, gate: Gate, by: &str, why: &str, out: &mut Vec<Output>) {
        if next != self.state {
            out.push(Output::State { ts: self.now, from: self.state, to: next, by: by.into(), why: why.into() });
            self.state = next;
        }
        self.gate = gate;
    }

    /// A market event: prices and marks move, then the strategies that want it are called.
    #[inline]
    pub fn on_market(&mut self, event: &MarketEvent, out: &mut Vec<Output>) -> Result<()> {
        self.on_market_beside(event, None, out)
    }

    /// The same beside a venue in this process, which lends its book of the instrument, in which the event is already.
    #[inline]
    pub(crate) fn on_market_beside(&mut self, event: &MarketEvent, lent: Option<&OrderBook>, out: &mut Vec<Output>) -> Result<()> {
        let index = event.instrument().index();
        let Some(top) = self.tops.get_mut(index) else {
            return Err(Error::data("market event", "names an instrument that the engine does not know"));
        };
        if event.ts() >= self.risk.day_ends() {
            return self.on_new_day(event, lent, out);
        }
        self.now = self.now.max(event.ts());
        let interest = match event {
            MarketEvent::Quote(quote) => {
                top.apply_quote(quote);
                Interest::QUOTES
            }
            MarketEvent::Trade(trade) => {
                top.apply_trade(trade);
                Interest::TRADES
            }
            MarketEvent::Bar(bar) => {
                top.apply_bar(bar);
                Interest::BARS
            }
            MarketEvent::Book(delta) => {
                if !self.see_book(delta, lent)? {
                    return Ok(());
                }
                Interest::BOOK
            }
            MarketEvent::Status(status) => {
                // Messages of imbalances and the like come during a halt too, and do not say that it ended.
                if status.state != TradingState::Unknown {
                    let is_halted = matches!(status.state, TradingState::Halted | TradingState::QuoteOnly | TradingState::Paused);
                    self.risk.set_halted(status.instrument, is_halted);
                }
                return Ok(());
            }
            MarketEvent::Action(action) => {
                if self.config.trust == Trust::Wire && !self.booked.insert(action.id()) {
                    self.repeats += 1;
                    return Ok(());
                }
                self.ledger.act(action, self.config.dividends)?;
                if let ActionKind::Split { .. } = action.kind {
                    *top = TopOfBook::default();
                }
                self.risk.repositioned(action.instrument, &self.ledger);
                self.watch_losses(out)?;
                Interest::ACTIONS
            }
        };
        let top = &self.tops[index];
        self.risk.observe(event, top);
        let mark = match self.config.mark {
            MarkPolicy::Auto => top.reference(),
            MarkPolicy::Last => top.last.is_positive().then_some(top.last),
        };
        if let Some(mark) = mark {
            self.revalue(InstrumentId(index as u32), mark, out)?;
        }
        if !self.builders[index].is_empty() {
            self.build_bars(event, out)?;
        }
        self.publish(event, interest, out)
    }

    #[inline]
    fn revalue(&mut self, instrument: InstrumentId, mark: Price, out: &mut Vec<Output>) -> Result<()> {
        let revalued = self.ledger.mark(instrument, mark);
        // Open orders are valued too, whether or not there is a position.
        self.risk.marked(instrument, mark);
        if revalued {
            self.watch_losses(out)?;
        }
        // Positions of strategies can change their values where the account's cancel out.
        self.watch_strategies(out)
    }

    /// Drawdown and daily loss, after every change of equity.
    #[inline]
    pub(super) fn watch_losses(&mut self, out: &mut Vec<Output>) -> Result<()> {
        let limits = self.risk.limits();
        if limits.max_drawdown.is_none() && limits.max_daily_loss.is_none() {
            return Ok(());
        }
        let equity = self.ledger.equity();
        let before = std::mem::replace(&mut self.equity_seen, equity);
        if limits.max_daily_loss.is_some() && self.now >= self.day_ends {
            // The change that is seen now is the first of its day: a gap over night is a loss of the new day.
            self.day_ends = self.midnight.next_after(self.now);
            self.day_start_equity = before;
        }
        if self.state != EngineState::Running {
            return Ok(());
        }
        if let Some(part) = limits.reduce_only_at
            && self.gate == Gate::Open
        {
            let drawdown = limits.max_drawdown.map_or(0.0, |max| self.ledger.drawdown().to_f64() / (max * self.ledger.peak().to_f64()));
            let loss = self.day_start_equity.to_f64() - equity.to_f64();
            let daily = limits.max_daily_loss.map_or(0.0, |max| loss / max.to_f64());
            if drawdown.max(daily) > part {
                self.gate = Gate::ReduceOnly(if drawdown >= daily { RefusalCode::Drawdown } else { RefusalCode::Loss });
            }
        }
        if let Some(max) = limits.max_drawdown
            && self.ledger.drawdown().raw() as f64 > max * self.ledger.peak().raw() as f64
        {
            return self.breach(RefusalCode::Drawdown, "drawdown limit passed", out);
        }
        if let Some(max) = limits.max_daily_loss
            && self.day_start_equity.checked_sub(equity)? > max
        {
            return self.breach(RefusalCode::Loss, "daily loss limit passed", out);
        }
        Ok(())
    }

    #[cold]
    fn breach(&mut self, code: RefusalCode, why: &str, out: &mut Vec<Output>) -> Result<()> {
        let action = self.risk.limits().on_breach;
        match action {
            OnBreach::ReduceOnly => self.enter(EngineState::ReduceOnly, Gate::ReduceOnly(code), "engine", why, out),
            OnBreach::Halt | OnBreach::Flatten => self.enter(EngineState::Halted, Gate::Shut(code), "engine", why, out),
        }
        self.cancel_all(out)?;
        if action == OnBreach::Flatten {
            self.flatten(out)?;
        }
        Ok(())
    }

    fn cancel_all(&mut self, out: &mut Vec<Output>) -> Result<()> {
        for id in self.orders.open().to_vec() {
            self.cancel(id, out)?;
        }
        Ok(())
    }

    /// Close every position at the market, in the name of the strategy that holds it.
    fn flatten(&mut self, out: &mut Vec<Output>) -> Result<()> {
        self.flattening = true;
        let held: Vec<_> = self.ledger.positions().map(|(i, s, p)| (i, s, p.qty)).collect();
        for (instrument, strategy, qty) in held {
            self.close(instrument, strategy, qty, out)?;
        }
        Ok(())
    }

    pub(super) fn close(&mut self, instrument: InstrumentId, strategy: StrategyId, qty: Qty, out: &mut Vec<Output>) -> Result<()> {
        if !qty.is_zero() {
            let side = if qty.raw() > 0 { Side::Sell } else { Side::Buy };
            let request = OrderRequest::market(instrument, side, qty.abs());
            let order = Order::new(self.orders.next_id(), strategy, &request, self.reference(instrument), self.now);
            self.launch(order, request.qty.raw(), OrderCommand::New(order), out)?;
        }
        Ok(())
    }

    /// After a report on `order`, when every position is to be closed: close what it left, once nothing of it is open.
    pub(super) fn close_rest(&mut self, order: OrderId, out: &mut Vec<Output>) -> Result<()> {
        let Some(Order { instrument, strategy, .. }) = self.orders.get(order).copied() else { return Ok(()) };
        let works = |o: &Order| o.instrument == instrument && o.strategy == strategy;
        if self.orders.open().iter().any(|&id| self.orders.get(id).is_some_and(works)) {
            return Ok(());
        }
        let qty = self.ledger.position(strategy, instrument).map_or(Qty::ZERO, |p| p.qty);
        self.close(instrument, strategy, qty, out)
    }

    pub(super) fn reference(&self, instrument: InstrumentId) -> Price {
        self.tops.get(instrument.index()).and_then(TopOfBook::reference).unwrap_or(Price::ZERO)
    }
}
