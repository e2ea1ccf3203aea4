//! The venue's state: accounts, orders, the simulated exchanges, and what of the market it has taken in.
//!
//! Only three inputs change it: [`State::feed`] (market events), [`State::wake`] (time) and a request. Each is journaled before its
//! effects leave, so that the same three calls in the same order give the same state again, bit for bit.

use super::activities::Activity;
use super::calendar::{Calendar, Turn};
use super::config::{AssetClass, AssetSpec, PaperConfig, Uuid};
use super::settings::Settings;
use super::watchlists::Watchlist;
use crate::account::Account;
use crate::book::TopOfBook;
use crate::event::MarketEvent;
use crate::journal::Chain;
use crate::ledger::{Dividends, Ledger};
use crate::order::{Order, OrderClass, Orders};
use crate::types::{Error, InstrumentId, MINUTE_NS, Money, OrderId, Price, Qty, Result, StrategyId, Timestamp};
use crate::venue::{Interest, OrderCommand, ReportKind, SimVenue};
use serde::Serialize;
use std::collections::BTreeMap;

/// What Alpaca's order has beside [`Order`].
#[derive(Clone, Debug, Serialize)]
pub(super) struct Extra {
    pub(super) id: Uuid,
    pub(super) client_order_id: Box<str>,
    pub(super) created: Timestamp,
    pub(super) filled: Option<Timestamp>,
    pub(super) expired: Option<Timestamp>,
    pub(super) canceled: Option<Timestamp>,
    pub(super) failed: Option<Timestamp>,
    pub(super) replaced: Option<Timestamp>,
    pub(super) replaced_by: OrderId,
    /// It closes a position.
    pub(super) closes: bool,
    /// What a share of it is taken to cost while it is open; zero where it holds nothing.
    pub(super) hold: Price,
    /// Dollars that it was asked for.
    pub(super) notional: Option<Money>,
}

/// One account with all that is its own.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Holder {
    pub(super) ledger: Ledger,
    pub(super) account: Account,
    pub(super) settings: Settings,
    /// Its orders in order of submission.
    pub(super) orders: Vec<OrderId>,
    pub(super) by_client_id: BTreeMap<Box<str>, OrderId>,
    pub(super) activities: Vec<Activity>,
    pub(super) watchlists: Vec<Watchlist>,
    /// Equity whenever a minute ended with another one than before.
    pub(super) samples: Vec<(Timestamp, Money)>,
    /// Equity at the last close, and before the day began.
    pub(super) close_equity: Money,
    pub(super) last_equity: Money,
    /// Shares of each instrument held since before the day, while they are.
    pub(super) overnight: BTreeMap<u32, Qty>,
    pub(super) watchlists_made: u64,
}

/// A trade update that waits to be taken: account, and the JSON of its data.
pub(super) type Update = (u32, Vec<u8>);

/// The whole state.
#[derive(Clone, Debug, Serialize)]
pub(super) struct State {
    #[serde(skip)]
    pub(super) config: PaperConfig,
    #[serde(skip)]
    pub(super) calendar: Calendar,
    #[serde(skip)]
    pub(super) by_symbol: BTreeMap<String, u32>,
    pub(super) now: Timestamp,
    pub(super) holders: Vec<Holder>,
    pub(super) orders: Orders,
    pub(super) extras: Vec<Extra>,
    pub(super) by_id: BTreeMap<Uuid, OrderId>,
    /// The exchange of stocks, and that of crypto.
    pub(super) venues: [SimVenue; 2],
    /// The market as it was last taken in.
    pub(super) tops: Vec<TopOfBook>,
    /// Last price of each instrument at the last close.
    pub(super) closes: Vec<Price>,
    pub(super) executions: u64,
    pub(super) activities_made: u64,
    pub(super) next_sample: Timestamp,
    pub(super) next_turn: Option<(Timestamp, Turn)>,
    pub(super) last_day: Timestamp,
    #[serde(skip)]
    pub(super) updates: Vec<Update>,
    /// Instruments whose orders have changed since someone last looked.
    #[serde(skip)]
    pub(super) touched: Vec<u32>,
}

impl State {
    pub(super) fn new(config: PaperConfig) -> Result<Self> {
        let start = config.start();
        let symbols: Vec<String> = config.symbols.iter().map(|a| a.symbol.clone()).collect();
        let calendar = config.calendar()?;
        let mut venues = [
            SimVenue::new(config.venue(AssetClass::UsEquity)?, &config.sources(AssetClass::UsEquity))?,
            SimVenue::new(config.venue(AssetClass::Crypto)?, &config.sources(AssetClass::Crypto))?,
        ];
        if !calendar.days().is_empty() {
            venues[0].set_calendar(calendar.days());
        }
        let mut holders = Vec::with_capacity(config.accounts.len());
        for spec in &config.accounts {
            let cash = spec.cash.money("paper.accounts.cash")?;
            let mut account = Account::new(config.account(spec)?, cash, &symbols)?;
            for (i, asset) in config.symbols.iter().enumerate() {
                if asset.asset_class == AssetClass::Crypto || !asset.marginable {
                    account.set_full_margin(InstrumentId(i as u32));
                }
            }
            holders.push(Holder {
                ledger: Ledger::new(cash, symbols.len(), 1),
                settings: Settings::of(account.config()),
                account,
                orders: Vec::new(),
                by_client_id: BTreeMap::new(),
                activities: Vec::new(),
                watchlists: Vec::new(),
                samples: vec![(spec.created_at_ns.map_or(start, Timestamp::from_nanos).min(start), cash)],
                close_equity: cash,
                last_equity: cash,
                overnight: BTreeMap::new(),
                watchlists_made: 0,
            });
        }
        let mut closes = Vec::with_capacity(symbols.len());
        for asset in &config.symbols {
            let close = asset.prev_close.as_ref().map(|d| d.money("paper.symbols.prev_close")).transpose()?;
            closes.push(Price::from_raw(close.map_or(0, |m| i64::try_from(m.raw()).unwrap_or(0))));
        }
        let mut state = Self {
            by_symbol: symbols.iter().enumerate().map(|(i, s)| (s.clone(), i as u32)).collect(),
            now: start,
            holders,
            orders: Orders::default(),
            extras: Vec::new(),
            by_id: BTreeMap::new(),
            venues,
            tops: vec![TopOfBook::default(); symbols.len()],
            closes,
            executions: 0,
            activities_made: 0,
            next_sample: start.floor_to(MINUTE_NS).plus(MINUTE_NS),
            next_turn: calendar.next_turn(start),
            last_day: start,
            updates: Vec::new(),
            touched: Vec::new(),
            calendar,
            config,
        };
        for index in 0..state.holders.len() {
            let cash = state.holders[index].ledger.cash();
            state.record_journal(index, cash);
        }
        Ok(state)
    }

    pub(super) fn asset(&self, instrument: InstrumentId) -> Option<&AssetSpec> {
        self.config.symbols.get(instrument.index())
    }

    /// The instrument of a symbol or an asset's id.
    pub(super) fn instrument(&self, text: &str) -> Option<InstrumentId> {
        let found = self.by_symbol.get(text).copied().or_else(|| {
            let id = Uuid::parse(text);
            let compact = |s: &str| s.replace('/', "");
            let mut all = self.config.symbols.iter().enumerate();
            // Crypto pairs are also known without their slash.
            all.find(|(_, a)| Some(a.id) == id || (a.asset_class == AssetClass::Crypto && compact(&a.symbol) == text))
                .map(|(i, _)| i as u32)
        });
        found.map(InstrumentId)
    }

    pub(super) fn is_crypto(&self, instrument: InstrumentId) -> bool {
        self.asset(instrument).is_some_and(|a| a.asset_class == AssetClass::Crypto)
    }

    pub(super) fn venue_of(&mut self, instrument: InstrumentId) -> &mut SimVenue {
        let crypto = self.is_crypto(instrument);
        &mut self.venues[usize::from(crypto)]
    }

    pub(super) fn extra(&self, id: OrderId) -> Option<&Extra> {
        self.extras.get((id.0 as usize).wrapping_sub(1))
    }

    pub(super) fn extra_mut(&mut self, id: OrderId) -> Option<&mut Extra> {
        self.extras.get_mut((id.0 as usize).wrapping_sub(1))
    }

    /// What values an instrument: its last trade, else the middle of its quote.
    pub(super) fn mark(&self, instrument: InstrumentId) -> Option<Price> {
        let top = self.tops.get(instrument.index())?;
        if top.last.is_positive() { Some(top.last) } else { top.mid() }
    }

    /// Add an order that is on its way.
    pub(super) fn enter(&mut self, order: Order, client_order_id: &str, closes: bool, hold: Price) -> Result<()> {
        let (id, account) = (order.id, order.strategy.index());
        let uuid = Uuid::made(self.config.seed, "order", id.0);
        self.orders.add(order)?;
        self.extras.push(Extra {
            id: uuid,
            client_order_id: client_order_id.into(),
            created: self.now,
            filled: None,
            expired: None,
            canceled: None,
            failed: None,
            replaced: None,
            replaced_by: OrderId(0),
            closes,
            hold,
            notional: order.notional(),
        });
        self.by_id.insert(uuid, id);
        let holder = self.holders.get_mut(account).ok_or_else(|| Error::data("order", "is of an account that there is not"))?;
        holder.orders.push(id);
        holder.by_client_id.insert(client_order_id.into(), id);
        self.touched.push(order.instrument.0);
        Ok(())
    }

    pub(super) fn send(&mut self, command: OrderCommand, instrument: InstrumentId) {
        let now = self.now;
        self.venue_of(instrument).send(command, now);
    }

    /// Market events take effect, in order.
    pub(super) fn feed(&mut self, events: &[MarketEvent]) -> Result<()> {
        for event in events {
            self.now = self.now.max(event.ts());
            let instrument = event.instrument();
            let Some(top) = self.tops.get_mut(instrument.index()) else {
                return Err(Error::data("market event", "names an instrument that the venue does not know"));
            };
            match event {
                MarketEvent::Quote(quote) => top.apply_quote(quote),
                MarketEvent::Trade(trade) => top.apply_trade(trade),
                MarketEvent::Bar(bar) => top.apply_bar(bar),
                MarketEvent::Action(action) => {
                    // Prices of before are prices of other shares.
                    *top = TopOfBook::default();
                    self.act(action)?;
                }
                _ => {}
            }
            self.revalue(instrument);
            let now = self.now;
            let venue = self.venue_of(instrument);
            venue.advance(now)?;
            venue.on_market(event)?;
            if let MarketEvent::Book(delta) = event
                && let Some((bid, ask)) = venue.touch(instrument)
                && let Some(top) = self.tops.get_mut(instrument.index())
            {
                (top.bid, top.ask, top.quoted) = (bid, ask, delta.ts);
                self.revalue(instrument);
            }
            self.touched.push(instrument.0);
            self.drain(self.now)?;
        }
        Ok(())
    }

    /// Positions in `instrument` are worth what its mark says.
    pub(super) fn revalue(&mut self, instrument: InstrumentId) {
        let Some(mark) = self.mark(instrument) else { return };
        for holder in &mut self.holders {
            if !holder.ledger.net_qty(instrument).is_zero() {
                holder.ledger.mark(instrument, mark);
                holder.account.marked(instrument, mark);
            }
        }
    }

    fn act(&mut self, action: &crate::event::CorporateAction) -> Result<()> {
        for index in 0..self.holders.len() {
            let before = self.holders[index].ledger.net_qty(action.instrument);
            let cash = self.holders[index].ledger.cash();
            self.holders[index].ledger.act(action, Dividends::Cash)?;
            if before.is_zero() {
                continue;
            }
            let holder = &mut self.holders[index];
            let after = holder.ledger.net_qty(action.instrument);
            let mark = holder.ledger.mark_of(action.instrument);
            holder.account.repositioned(action.instrument, after, mark);
            if let Some(kept) = holder.overnight.get_mut(&action.instrument.0) {
                *kept = after;
            }
            let paid = Money::from_raw(holder.ledger.cash().raw() - cash.raw());
            self.record_action(index, action, before, after, paid);
        }
        Ok(())
    }

    /// When a part of the day begins or a minute ends, and when something happens at an exchange.
    pub(super) fn due(&self) -> (Timestamp, Timestamp) {
        let turn = self.next_turn.map_or(Timestamp::MAX, |(at, _)| at);
        let sampled = if self.holders.iter().any(Holder::is_invested) { self.next_sample } else { Timestamp::MAX };
        let venues = self.venues.iter().map(|v| v.next_arrival().min(v.next_report()).min(v.next_expiry()));
        (turn.min(sampled), venues.fold(Timestamp::MAX, Timestamp::min))
    }

    /// Time passes until `now`: everything that is due happens, in order; of the exchanges, where `strict`, what is due before.
    pub(super) fn wake(&mut self, now: Timestamp, strict: bool) -> Result<()> {
        let limit = if strict { now.plus(-1) } else { now };
        loop {
            let (turn_due, venue_due) = self.due();
            if turn_due <= now && turn_due <= venue_due {
                self.now = self.now.max(turn_due);
                match self.next_turn.filter(|&(at, _)| at <= turn_due) {
                    Some((at, turn)) => {
                        self.next_turn = self.calendar.next_turn(at);
                        self.turn(at, turn)?;
                    }
                    None => self.sample(self.next_sample.max(self.now.floor_to(MINUTE_NS))),
                }
            } else if venue_due <= limit {
                self.now = self.now.max(venue_due);
                self.pass(venue_due)?;
            } else {
                break;
            }
        }
        self.now = self.now.max(now);
        Ok(())
    }

    /// Instruments whose market is to be known before what is due at the exchanges happens.
    pub(super) fn awaiting(&self) -> Vec<InstrumentId> {
        let mut all: Vec<InstrumentId> = self.venues.iter().flat_map(SimVenue::awaited).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The same before a turn or the end of a minute: what is held, and at a turn everything.
    pub(super) fn awaiting_turn(&self, now: Timestamp) -> Vec<InstrumentId> {
        if self.next_turn.is_some_and(|(at, _)| at <= now) {
            return (0..self.tops.len() as u32).map(InstrumentId).collect();
        }
        let mut all = self.awaiting();
        all.extend(self.holders.iter().flat_map(Holder::positions).map(|(i, _)| i));
        all.sort_unstable();
        all.dedup();
        all
    }

    /// What of the market concerns the orders in `instrument`.
    pub(super) fn interest(&self, instrument: InstrumentId) -> Interest {
        self.venues[usize::from(self.is_crypto(instrument))].interest(instrument, self.now)
    }

    /// True where orders in `instrument` are matched with its book.
    pub(super) fn follows_book(&self, instrument: InstrumentId) -> bool {
        self.config.matching == "book" && self.asset(instrument).is_some_and(|a| a.data.iter().any(|d| d == "book"))
    }

    /// What of the venues is due.
    fn pass(&mut self, due: Timestamp) -> Result<()> {
        let first = self.venues.iter().map(SimVenue::next_arrival).min().unwrap_or(Timestamp::MAX);
        let touched: Vec<u32> = self.venues.iter().flat_map(SimVenue::awaited).map(|i| i.0).collect();
        self.touched.extend(touched);
        for index in 0..self.venues.len() {
            self.venues[index].advance(due)?;
            while self.venues[index].next_arrival() <= due && self.venues[index].next_arrival() <= first {
                self.arrive(index)?;
                self.drain(due)?;
            }
        }
        self.drain(due)
    }

    /// The next command reaches the exchange. An order that closes a position may find less of it than when it was taken, where
    /// orders whose cancel was on its way were filled first: it is rejected rather than turn the position around.
    pub(super) fn arrive(&mut self, venue: usize) -> Result<()> {
        if let Some(&OrderCommand::New(order)) = self.venues[venue].next_command()
            && order.class == OrderClass::Simple
            && self.extra(order.id).is_some_and(|e| e.closes)
        {
            let booked = self.holders.get(order.strategy.index()).map_or(0, |h| h.ledger.net_qty(order.instrument).raw());
            let untold = self.venues[venue].untold().filter_map(|kind| match *kind {
                ReportKind::Filled { order: id, qty, .. } => self.orders.get(id).map(|o| (o, qty)),
                _ => None,
            });
            let mine = untold.filter(|(o, _)| o.strategy == order.strategy && o.instrument == order.instrument);
            let held = Qty::from_raw(mine.fold(booked, |held, (o, qty)| held.saturating_add(o.side.sign() * qty.raw())));
            if held.raw().signum() != -order.side.sign() || held.abs() < order.qty {
                self.venues[venue].refuse_next();
                return Ok(());
            }
        }
        self.venues[venue].arrive()
    }

    fn turn(&mut self, at: Timestamp, turn: Turn) -> Result<()> {
        match turn {
            Turn::Premarket => self.begin_day(at)?,
            Turn::Close => self.close_day(),
            Turn::Open | Turn::End => {}
        }
        self.venues[0].advance(at)?;
        self.venues[0].turn(at);
        self.touched.extend(0..self.tops.len() as u32);
        self.drain(at)
    }

    fn close_day(&mut self) {
        for index in 0..self.closes.len() {
            if let Some(mark) = self.mark(InstrumentId(index as u32)) {
                self.closes[index] = mark;
            }
        }
        for holder in &mut self.holders {
            holder.close_equity = holder.ledger.equity();
        }
    }

    fn begin_day(&mut self, at: Timestamp) -> Result<()> {
        let days = (at.since(self.last_day) + crate::types::DAY_NS / 2) / crate::types::DAY_NS;
        self.last_day = at;
        for index in 0..self.holders.len() {
            let holder = &mut self.holders[index];
            holder.last_equity = holder.close_equity;
            holder.overnight = holder.positions().map(|(i, qty)| (i.0, qty)).collect();
            let accrual = holder.account.next_day(days.max(1), &holder.ledger);
            let amount = accrual.interest.checked_add(accrual.borrow)?;
            if amount != Money::ZERO {
                holder.ledger.accrue(amount)?;
                self.record_interest(index, amount);
            }
        }
        Ok(())
    }

    /// Note equity at the end of a minute.
    pub(super) fn sample(&mut self, at: Timestamp) {
        for holder in &mut self.holders {
            let equity = holder.ledger.equity();
            if holder.samples.last().is_none_or(|&(_, last)| last != equity) {
                holder.samples.push((at, equity));
            }
        }
        self.next_sample = at.plus(MINUTE_NS);
    }

    /// BLAKE3 over the whole state.
    pub(super) fn hash(&self) -> Result<Chain> {
        let bytes = postcard::to_stdvec(self).map_err(|e| Error::data("state", format!("cannot be serialised: {e}")))?;
        Ok(Chain(*blake3::hash(&bytes).as_bytes()))
    }
}

impl Holder {
    /// Positions that are not flat.
    pub(super) fn positions(&self) -> impl Iterator<Item = (InstrumentId, Qty)> + '_ {
        self.ledger.positions().filter(|(_, _, p)| !p.qty.is_zero()).map(|(instrument, _, p)| (instrument, p.qty))
    }

    fn is_invested(&self) -> bool {
        self.ledger.gross() != Money::ZERO
    }

    /// Its open orders.
    pub(super) fn position(&self, instrument: InstrumentId) -> Option<&crate::ledger::Position> {
        self.ledger.position(StrategyId(0), instrument)
    }
}
