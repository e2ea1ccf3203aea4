//! The engine's parts and its steps.

use super::{Command, EngineState, Fill, OrderUpdate, Output, RefusalRecord};
use crate::bars::Aggregator;
use crate::book::TopOfBook;
use crate::event::{ActionKind, Bar, MarketEvent};
use crate::ledger::{Booking, Dividends, Ledger};
use crate::order::{Order, OrderEvent, OrderRequest, OrderStatus, Orders};
use crate::risk::{Gate, OnBreach, RefusalCode, Risk, RiskContext, RiskLimits};
use crate::strategy::{Intent, Intents, Interest, Strategy};
use crate::types::{Error, InstrumentId, Instruments, Money, OrderId, Price, Qty, Result, Side, StrategyId, Timestamp};
use crate::venue::{OrderCommand, Report, ReportKind, SessionClock, Sources};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// Which price values a position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MarkPolicy {
    /// The mid where there is a two-sided quote, else the last trade or bar.
    #[default]
    Auto,
    /// The last trade or bar, whatever the quotes say.
    Last,
}

/// Settings of an engine.
#[derive(Clone, Debug, PartialEq)]
pub struct EngineConfig {
    /// Cash at the start.
    pub cash: Money,
    /// Limits of the account.
    pub limits: RiskLimits,
    /// Which price values a position.
    pub mark: MarkPolicy,
    /// What happens to dividends.
    pub dividends: Dividends,
    /// Requests a strategy may make at one moment of event time before it is taken to be looping over its own orders.
    pub max_requests_per_moment: u32,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            cash: Money::from_raw(100_000 * 1_000_000_000),
            limits: RiskLimits::default(),
            mark: MarkPolicy::Auto,
            dividends: Dividends::Cash,
            max_requests_per_moment: 100_000,
        }
    }
}

pub(super) struct Slot {
    pub(super) strategy: Box<dyn Strategy>,
    pub(super) requests: u32,
    pub(super) moment: Timestamp,
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
    midnight: SessionClock,
    day_ends: Timestamp,
    day_start_equity: Money,
    /// Every position is to be closed: what fills before its cancel arrives is closed too.
    pub(super) flattening: bool,
    /// Equity when losses were last looked at, to know what it was before a day began.
    equity_seen: Money,
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
        Ok(Self {
            now: Timestamp::MIN,
            state: EngineState::Initializing,
            gate: EngineState::Initializing.gate(),
            tops: vec![TopOfBook::default(); n],
            ledger: Ledger::new(config.cash, n, strategies.len()),
            risk: Risk::new(config.limits.clone(), n)?,
            orders: Orders::default(),
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
            slots: strategies.into_iter().map(|strategy| Slot { strategy, requests: 0, moment: Timestamp::MIN }).collect(),
            config,
            instruments,
            sources,
        })
    }

    /// The account.
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// All orders.
    pub const fn orders(&self) -> &Orders {
        &self.orders
    }

    /// The state.
    pub const fn state(&self) -> EngineState {
        self.state
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

    /// Go to the state that `command` leads to, and do what it asks for.
    pub fn command(&mut self, command: Command, why: &'static str, out: &mut Vec<Output>) -> Result<()> {
        let next = self.state.after(command)?;
        self.flattening &= next == EngineState::Halted;
        self.enter(next, next.gate(), why, out);
        match command {
            Command::Halt | Command::SafeMode | Command::CancelAll | Command::Shutdown => self.cancel_all(out)?,
            Command::Flatten => {
                self.cancel_all(out)?;
                self.flatten(out)?;
            }
            _ => {}
        }
        self.deliver(out)
    }

    fn enter(&mut self, next: EngineState, gate: Gate, why: &'static str, out: &mut Vec<Output>) {
        if next != self.state {
            out.push(Output::State { ts: self.now, from: self.state, to: next, why });
            self.state = next;
        }
        self.gate = gate;
    }

    /// A market event: prices and marks move, then the strategies that want it are called.
    #[inline]
    pub fn on_market(&mut self, event: &MarketEvent, out: &mut Vec<Output>) -> Result<()> {
        let index = event.instrument().index();
        let Some(top) = self.tops.get_mut(index) else {
            return Err(Error::data("market event", "names an instrument that the engine does not know"));
        };
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
            MarketEvent::Action(action) => {
                self.ledger.act(action, self.config.dividends)?;
                if let ActionKind::Split { .. } = action.kind {
                    *top = TopOfBook::default();
                }
                let (held, mark) = (self.ledger.net_qty(action.instrument), self.ledger.mark_of(action.instrument));
                self.risk.exposure_mut().position_changed(action.instrument, held, mark);
                self.watch_losses(out)?;
                Interest::ACTIONS
            }
        };
        let top = &self.tops[index];
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
        self.risk.exposure_mut().marked(instrument, mark);
        if revalued { self.watch_losses(out) } else { Ok(()) }
    }

    /// Drawdown and daily loss, after every change of equity.
    #[inline]
    fn watch_losses(&mut self, out: &mut Vec<Output>) -> Result<()> {
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
    fn breach(&mut self, code: RefusalCode, why: &'static str, out: &mut Vec<Output>) -> Result<()> {
        let action = self.risk.limits().on_breach;
        match action {
            OnBreach::ReduceOnly => self.enter(EngineState::ReduceOnly, Gate::ReduceOnly(code), why, out),
            OnBreach::Halt | OnBreach::Flatten => self.enter(EngineState::Halted, Gate::Shut(code), why, out),
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

    fn close(&mut self, instrument: InstrumentId, strategy: StrategyId, qty: Qty, out: &mut Vec<Output>) -> Result<()> {
        if !qty.is_zero() {
            let side = if qty.raw() > 0 { Side::Sell } else { Side::Buy };
            let request = OrderRequest::market(instrument, side, qty.abs());
            let order = Order::new(self.orders.next_id(), strategy, &request, self.reference(instrument), self.now);
            self.launch(order, request.qty.raw(), OrderCommand::New(order), out)?;
        }
        Ok(())
    }

    /// After a report on `order`, when every position is to be closed: close what it left, once nothing of it is open.
    fn close_rest(&mut self, order: OrderId, out: &mut Vec<Output>) -> Result<()> {
        let Some(Order { instrument, strategy, .. }) = self.orders.get(order).copied() else { return Ok(()) };
        let works = |o: &Order| o.instrument == instrument && o.strategy == strategy;
        if self.orders.open().iter().any(|&id| self.orders.get(id).is_some_and(works)) {
            return Ok(());
        }
        let qty = self.ledger.position(strategy, instrument).map_or(Qty::ZERO, |p| p.qty);
        self.close(instrument, strategy, qty, out)
    }

    fn reference(&self, instrument: InstrumentId) -> Price {
        self.tops.get(instrument.index()).and_then(TopOfBook::reference).unwrap_or(Price::ZERO)
    }

    /// A report of the venue.
    pub fn on_report(&mut self, report: &Report, out: &mut Vec<Output>) -> Result<()> {
        self.now = self.now.max(report.due);
        match report.kind {
            ReportKind::Filled { order, qty, price, fee, maker } => self.fill(order, qty, price, fee, maker, report.ts, out)?,
            ReportKind::Accepted(id) => self.update(id, OrderEvent::Accepted)?,
            ReportKind::Rejected(id) => self.update(id, OrderEvent::Rejected)?,
            ReportKind::Canceled(id) => self.update(id, OrderEvent::Canceled)?,
            ReportKind::Expired(id) => self.update(id, OrderEvent::Expired)?,
            ReportKind::CancelRejected(id) => {
                if self.is_open(id) {
                    self.update(id, OrderEvent::CancelRejected)?;
                }
            }
            ReportKind::Replaced { old, new } => {
                let filled = self.orders.get(old).map_or(Qty::ZERO, |o| o.filled);
                if !filled.is_zero() {
                    self.orders.carry_fills(new, filled)?;
                }
                let change = self.orders.get(new).map_or(0, |o| o.replace_change);
                self.settle_replace(old, change.min(0));
                let before = self.orders.get(old).map(Order::status);
                let order = self.orders.apply(old, OrderEvent::Replaced, self.now)?;
                self.notices.push_back(Notice::Update(OrderUpdate { order, before: before.unwrap_or(order.status()), refusal: None }));
            }
            ReportKind::ReplaceRejected { old, new } => {
                let change = self.orders.get(new).map_or(0, |o| o.replace_change);
                self.settle_replace(old, -change.max(0));
                let before = self.orders.get(new).map(Order::status);
                let order = self.orders.apply(new, OrderEvent::Rejected, self.now)?;
                self.notices.push_back(Notice::Update(OrderUpdate { order, before: before.unwrap_or(order.status()), refusal: None }));
                if self.is_open(old) {
                    self.update(old, OrderEvent::ReplaceRejected)?;
                }
            }
        }
        if self.flattening {
            self.close_rest(report.kind.order(), out)?;
        }
        self.deliver(out)
    }

    fn is_open(&self, id: OrderId) -> bool {
        self.orders.get(id).is_some_and(|o| !o.status().is_terminal())
    }

    /// While a replace was pending the larger of both orders counted as open; now it is decided.
    fn settle_replace(&mut self, old: OrderId, change: i64) {
        if let Some(o) = self.orders.get(old) {
            let (instrument, side) = (o.instrument, o.side);
            let mark = self.ledger.mark_of(instrument);
            self.risk.exposure_mut().order_changed(instrument, side, change, mark);
        }
    }

    fn update(&mut self, id: OrderId, event: OrderEvent) -> Result<()> {
        let before = self.orders.get(id).map(Order::status);
        let order = self.orders.apply(id, event, self.now)?;
        if order.status().is_terminal() {
            let mark = self.ledger.mark_of(order.instrument);
            self.risk.exposure_mut().order_changed(order.instrument, order.side, -order.remaining().raw(), mark);
        }
        self.notices.push_back(Notice::Update(OrderUpdate { order, before: before.unwrap_or(order.status()), refusal: None }));
        Ok(())
    }

    #[allow(clippy::too_many_arguments, reason = "the fields of one report, taken apart once")]
    fn fill(&mut self, id: OrderId, qty: Qty, price: Price, fee: Money, maker: bool, ts: Timestamp, out: &mut Vec<Output>) -> Result<()> {
        let order = self.orders.apply(id, OrderEvent::Filled { qty, price }, self.now)?;
        let (strategy, instrument, side) = (order.strategy, order.instrument, order.side);
        let booked = self.ledger.book(&Booking { strategy, instrument, side, qty, price, fee, ts })?;
        let mark = self.ledger.mark_of(instrument);
        let exposure = self.risk.exposure_mut();
        exposure.order_changed(instrument, side, -qty.raw(), mark);
        exposure.position_changed(instrument, self.ledger.net_qty(instrument), mark);
        let slippage = if order.reference.is_positive() {
            Money::notional(Price::from_raw(side.sign() * (price.raw() - order.reference.raw())), qty)
        } else {
            Money::ZERO
        };
        let fill = Fill {
            ts,
            recv: self.now,
            order: id,
            strategy,
            instrument,
            side,
            qty,
            price,
            fee,
            slippage,
            realized: booked.realized,
            position: booked.position,
            remaining: order.remaining(),
            maker,
        };
        out.push(Output::Fill(fill));
        if let Some(trip) = booked.trip {
            out.push(Output::Trip(trip));
        }
        self.notices.push_back(Notice::Fill(fill));
        self.watch_losses(out)
    }

    /// Carry out what strategy `s` left in the intents.
    pub(super) fn take_intents(&mut self, s: StrategyId, out: &mut Vec<Output>) -> Result<()> {
        let mut list = std::mem::take(&mut self.intents.list);
        let slot = &mut self.slots[s.index()];
        if slot.moment != self.now {
            slot.moment = self.now;
            slot.requests = 0;
        }
        slot.requests = slot.requests.saturating_add(list.len() as u32);
        if slot.requests > self.config.max_requests_per_moment {
            return Err(Error::Strategy {
                place: format!("strategy {:?} at {}", slot.strategy.name(), self.now),
                why: format!(
                    "made more than {} requests at one moment of event time; it reacts to its own orders in a loop: wait for the next market event, or give the venue a latency",
                    self.config.max_requests_per_moment
                ),
            });
        }
        for intent in list.drain(..) {
            match intent {
                Intent::Submit(request) => self.submit(s, &request, out)?,
                Intent::Cancel(id) => self.cancel(id, out)?,
                Intent::Replace { order, qty, limit, stop } => self.replace(s, order, qty, limit, stop, out)?,
                Intent::Timer { at, tag } => {
                    self.timers_set += 1;
                    self.timers.push(Reverse((at.max(self.now), self.timers_set, s, tag)));
                }
                Intent::Subscribe { instrument, interest } => self.subscribe(s, instrument, interest),
                Intent::SubscribeBars { instrument, spec } => self.subscribe_bars(s, instrument, spec)?,
            }
        }
        self.intents.list = list;
        Ok(())
    }

    /// Check `request`, which would join `open_orders` others.
    fn judge(&mut self, request: &OrderRequest, open_orders: usize) -> Result<std::result::Result<(), crate::risk::Refusal>> {
        let top =
            self.tops.get(request.instrument.index()).ok_or_else(|| Error::data("order", "names an instrument that is not of this run"))?;
        let context = RiskContext { now: self.now, top, ledger: &self.ledger, open_orders, gate: self.gate };
        Ok(self.risk.check(request, &context))
    }

    fn submit(&mut self, s: StrategyId, request: &OrderRequest, out: &mut Vec<Output>) -> Result<()> {
        let (id, reference) = (self.orders.next_id(), self.reference(request.instrument));
        if let Err(refusal) = self.judge(request, self.orders.open().len())? {
            return self.refuse(Order::refused(id, s, request, reference, self.now), refusal, out);
        }
        let order = Order::new(id, s, request, reference, self.now);
        self.launch(order, request.qty.raw(), OrderCommand::New(order), out)
    }

    fn launch(&mut self, order: Order, opens: i64, command: OrderCommand, out: &mut Vec<Output>) -> Result<()> {
        self.orders.add(order)?;
        let mark = self.ledger.mark_of(order.instrument);
        let mark = if mark.is_positive() { mark } else { order.limit().unwrap_or(Price::ZERO) };
        self.risk.exposure_mut().order_changed(order.instrument, order.side, opens, mark);
        out.push(Output::Order(command));
        Ok(())
    }

    fn refuse(&mut self, order: Order, refusal: crate::risk::Refusal, out: &mut Vec<Output>) -> Result<()> {
        self.orders.add(order)?;
        out.push(Output::Refusal(RefusalRecord {
            ts: self.now,
            order: order.id,
            strategy: order.strategy,
            instrument: order.instrument,
            side: order.side,
            qty: order.qty,
            price: order.limit(),
            refusal,
        }));
        self.notices.push_back(Notice::Update(OrderUpdate { order, before: OrderStatus::Refused, refusal: Some(refusal) }));
        Ok(())
    }

    fn cancel(&mut self, id: OrderId, out: &mut Vec<Output>) -> Result<()> {
        let Some(order) = self.orders.get(id).copied() else { return Ok(()) };
        let replacing = order.status() == OrderStatus::PendingReplace;
        if replacing || matches!(order.status(), OrderStatus::PendingNew | OrderStatus::New | OrderStatus::PartiallyFilled) {
            self.update(id, OrderEvent::CancelRequested)?;
            out.push(Output::Order(OrderCommand::Cancel { order: id, instrument: order.instrument }));
        }
        if replacing {
            // Whether it or its replacement works in the end, only the venue knows by now.
            let new = self.orders.open().iter().copied().find(|&open| self.orders.get(open).is_some_and(|o| o.replaces == id));
            if let Some(new) = new {
                self.cancel(new, out)?;
            }
        }
        Ok(())
    }

    fn replace(
        &mut self,
        s: StrategyId,
        old: OrderId,
        qty: Option<Qty>,
        limit: Option<Price>,
        stop: Option<Price>,
        out: &mut Vec<Output>,
    ) -> Result<()> {
        let id = self.orders.next_id();
        let Some(order) = self.orders.get(old).copied() else {
            return Err(Error::Order { order: old.to_string(), why: "is not known; replace an order that submit gave".to_owned() });
        };
        let mut request = order.request();
        request.qty = qty.unwrap_or(request.qty);
        request.limit = limit.or(request.limit);
        request.stop = stop.or(request.stop);
        let mut new = Order::new(id, s, &request, self.reference(request.instrument), self.now);
        new.replaces = old;
        let why = match order.status() {
            // How much of its quantity the order before it has filled is not known until the venue says so.
            OrderStatus::PendingNew if order.replaces.0 != 0 => Some("the order to replace is itself a replacement on its way"),
            OrderStatus::PendingNew | OrderStatus::New | OrderStatus::PartiallyFilled if request.qty <= order.filled => {
                Some("the new quantity is filled already")
            }
            OrderStatus::PendingNew | OrderStatus::New | OrderStatus::PartiallyFilled => None,
            OrderStatus::PendingCancel | OrderStatus::PendingReplace => Some("a cancel or replace of the order is on its way"),
            _ => Some("the order to replace is no longer open"),
        };
        if let Some(why) = why {
            let refused = Order::refused(id, s, &request, new.reference, self.now);
            return self.refuse(refused, crate::risk::Refusal::invalid(why), out);
        }
        let remains = request.qty.checked_sub(order.filled)?;
        // Judge what would remain as if the old order were gone.
        let mark = self.ledger.mark_of(request.instrument);
        let old_open = order.remaining().raw();
        self.risk.exposure_mut().order_changed(request.instrument, request.side, -old_open, mark);
        let verdict = self.judge(&OrderRequest { qty: remains, ..request }, self.orders.open().len().saturating_sub(1));
        self.risk.exposure_mut().order_changed(request.instrument, request.side, old_open, mark);
        if let Err(refusal) = verdict? {
            return self.refuse(Order::refused(id, s, &request, new.reference, self.now), refusal, out);
        }
        new.replace_change = remains.raw() - old_open;
        self.update(old, OrderEvent::ReplaceRequested)?;
        self.launch(new, new.replace_change.max(0), OrderCommand::Replace { old, new }, out)
    }
}
