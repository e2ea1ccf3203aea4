//! Shares in open orders by instrument and side, what they could become, and what they hold of the buying power.

use crate::types::{InstrumentId, Money, Price, Qty, Side, StrategyId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One instrument, of the account or of one strategy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) position: i64,
    pub(super) open_buy: i64,
    pub(super) open_sell: i64,
    pub(super) mark: Price,
    pub(super) worst: Money,
    value: Money,
    buy_value: Money,
    sell_value: Money,
    /// Best own resting prices; zero for none.
    pub(super) best_buy: Price,
    pub(super) best_sell: Price,
    pub(super) orders: u32,
    /// Price × shares of open buys and sells at what they are taken to cost, in 1e-18 dollars.
    pub(super) cost: [i128; 2],
    /// The same in dollars, rounded up.
    whole: [Money; 2],
    pub(super) held: Money,
}

/// Sums over the instruments of a scope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Totals {
    pub(super) worst: Money,
    pub(super) net: Money,
    pub(super) buy_value: Money,
    pub(super) sell_value: Money,
    pub(super) held: Money,
    pub(super) orders: u32,
}

fn moved(total: Money, old: Money, new: Money) -> Money {
    Money::from_raw(total.raw() + new.raw() - old.raw())
}

impl Totals {
    #[inline]
    fn change(&mut self, old: &Entry, new: &Entry) {
        self.worst = moved(self.worst, old.worst, new.worst);
        self.net = moved(self.net, old.value, new.value);
        self.buy_value = moved(self.buy_value, old.buy_value, new.buy_value);
        self.sell_value = moved(self.sell_value, old.sell_value, new.sell_value);
        self.held = moved(self.held, old.held, new.held);
        self.orders = (self.orders + new.orders).saturating_sub(old.orders);
    }
}

/// The part of orders for `open` shares that cost `cost` and open a position, when `closable` of them close one.
#[inline]
fn opening_cost(cost: Money, open: i64, closable: i64) -> Money {
    if open <= closable || open <= 0 {
        return Money::ZERO;
    }
    if closable <= 0 {
        return cost;
    }
    // By shares, and rounded up: what is held is never understated.
    let part = cost.raw().saturating_mul(i128::from(open - closable));
    Money::from_raw(part / i128::from(open) + i128::from(part % i128::from(open) != 0))
}

/// Dollars of 1e-18 dollars, rounded up.
fn dollars(cost: i128) -> Money {
    const SCALE: i128 = 1_000_000_000;
    Money::from_raw(cost / SCALE + i128::from(cost % SCALE != 0))
}

impl Entry {
    /// Of an instrument that is not known.
    pub(super) const EMPTY: Self = Self {
        position: 0,
        open_buy: 0,
        open_sell: 0,
        mark: Price::ZERO,
        worst: Money::ZERO,
        value: Money::ZERO,
        buy_value: Money::ZERO,
        sell_value: Money::ZERO,
        best_buy: Price::ZERO,
        best_sell: Price::ZERO,
        orders: 0,
        cost: [0; 2],
        whole: [Money::ZERO; 2],
        held: Money::ZERO,
    };

    /// Sums over this instrument alone.
    #[inline]
    pub(super) const fn totals(&self) -> Totals {
        Totals {
            worst: self.worst,
            net: self.value,
            buy_value: self.buy_value,
            sell_value: self.sell_value,
            held: self.held,
            orders: self.orders,
        }
    }

    #[inline]
    fn refresh(&mut self) {
        let notional = |shares: i64| Money::notional(self.mark, Qty::from_raw(shares));
        self.value = notional(self.position);
        if self.open_buy == 0 && self.open_sell == 0 {
            (self.worst, self.buy_value, self.sell_value, self.held) = (self.value.abs(), Money::ZERO, Money::ZERO, Money::ZERO);
            self.whole = [Money::ZERO; 2];
            return;
        }
        let long = self.position.saturating_add(self.open_buy).saturating_abs();
        let short = self.position.saturating_sub(self.open_sell).saturating_abs();
        self.worst = notional(long.max(short));
        (self.buy_value, self.sell_value) = (notional(self.open_buy), notional(self.open_sell));
        self.whole = [dollars(self.cost[0]), dollars(self.cost[1])];
        self.held = self.held_with(Side::Buy, 0, Money::ZERO);
    }

    /// What its open orders hold, if one more for `shares` at a cost of `cost` joined those of `side`.
    #[inline]
    pub(super) fn held_with(&self, side: Side, shares: i64, cost: Money) -> Money {
        let part = |of: Side, open: i64, closable: i64| {
            let whole = self.whole[usize::from(of == Side::Sell)];
            if of == side {
                opening_cost(Money::from_raw(whole.raw() + cost.raw()), open.saturating_add(shares), closable)
            } else {
                opening_cost(whole, open, closable)
            }
        };
        let long = part(Side::Buy, self.open_buy, self.position.saturating_neg().max(0));
        let short = part(Side::Sell, self.open_sell, self.position.max(0));
        Money::from_raw(long.raw() + short.raw())
    }
}

/// One order that is open, as the checks remember it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Working {
    pub(super) instrument: InstrumentId,
    pub(super) strategy: StrategyId,
    pub(super) side: Side,
    /// Shares it counts with.
    pub(super) open: i64,
    /// What one is taken to cost; zero where nothing is held.
    pub(super) cost: Price,
    /// Price at which it rests in the book; zero where it does not.
    pub(super) resting: Price,
    /// It has a fill.
    pub(super) filled: bool,
}

/// A strategy's own part, kept where it has limits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Own {
    pub(super) strategy: StrategyId,
    pub(super) entries: Vec<Entry>,
    pub(super) totals: Totals,
}

/// Worst-side exposure: for each instrument the larger of |position + open buys| and |position − open sells| at its mark, and
/// the sums over the account, the groups and the strategies with limits, kept up to date with each change. A change costs O(1)
/// and the number of groups of its instrument; a change of resting prices O(log) of the own orders in it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Exposure {
    pub(super) entries: Vec<Entry>,
    pub(super) account: Totals,
    pub(super) groups: Vec<Totals>,
    /// Groups of each instrument.
    pub(super) member: Vec<Vec<u16>>,
    pub(super) own: Vec<Own>,
    /// Own resting limit orders by price: buys and sells of each instrument; empty while nobody asks for them.
    resting: Vec<[BTreeMap<Price, u32>; 2]>,
    tracks_resting: bool,
}

impl Exposure {
    pub(super) fn new(instruments: usize) -> Self {
        Self {
            entries: vec![Entry::default(); instruments],
            account: Totals::default(),
            groups: Vec::new(),
            member: vec![Vec::new(); instruments],
            own: Vec::new(),
            resting: vec![[BTreeMap::new(), BTreeMap::new()]; instruments],
            tracks_resting: false,
        }
    }

    /// Change the account's entry of `index`, and every sum that it is part of.
    #[inline]
    fn change(&mut self, index: usize, f: impl FnOnce(&mut Entry)) {
        let Some(entry) = self.entries.get_mut(index) else { return };
        let old = *entry;
        f(entry);
        entry.refresh();
        self.account.change(&old, entry);
        for &group in &self.member[index] {
            self.groups[usize::from(group)].change(&old, entry);
        }
    }

    /// The same for the strategy's own part, if it has one.
    #[inline]
    fn change_own(&mut self, strategy: StrategyId, index: usize, f: impl FnOnce(&mut Entry)) {
        if let Some(own) = self.own.iter_mut().find(|own| own.strategy == strategy)
            && let Some(entry) = own.entries.get_mut(index)
        {
            let old = *entry;
            f(entry);
            entry.refresh();
            own.totals.change(&old, entry);
        }
    }

    /// Shares in open buys and open sells of `instrument`.
    #[inline]
    pub fn open(&self, instrument: InstrumentId) -> (Qty, Qty) {
        self.entries.get(instrument.index()).map_or((Qty::ZERO, Qty::ZERO), |e| (Qty::from_raw(e.open_buy), Qty::from_raw(e.open_sell)))
    }

    /// Worst-side exposure of `instrument`.
    #[inline]
    pub fn worst(&self, instrument: InstrumentId) -> Money {
        self.entries.get(instrument.index()).map_or(Money::ZERO, |e| e.worst)
    }

    /// Value of all open orders of `side` at their marks.
    pub const fn open_value(&self, side: Side) -> Money {
        match side {
            Side::Buy => self.account.buy_value,
            Side::Sell => self.account.sell_value,
        }
    }

    /// Worst-side exposure of the account.
    #[inline]
    pub const fn worst_total(&self) -> Money {
        self.account.worst
    }

    /// What the open orders hold of the account's buying power.
    pub const fn held(&self) -> Money {
        self.account.held
    }

    /// Open orders in `instrument`.
    pub fn orders(&self, instrument: InstrumentId) -> u32 {
        self.entries.get(instrument.index()).map_or(0, |e| e.orders)
    }

    /// Best own resting buy and sell prices in `instrument`, known while a check asks for them.
    pub fn resting(&self, instrument: InstrumentId) -> (Option<Price>, Option<Price>) {
        let known = |price: Price| price.is_positive().then_some(price);
        self.entries.get(instrument.index()).map_or((None, None), |e| (known(e.best_buy), known(e.best_sell)))
    }

    /// Add (`sign` 1) or take away (−1) the order `w`, the last known price being `mark`; a `mark` of zero changes none.
    pub(super) fn order(&mut self, w: &Working, sign: i64, mark: Price) {
        let index = w.instrument.index();
        if self.tracks_resting && w.resting.is_positive() {
            self.rest(w, sign);
        }
        let apply = |e: &mut Entry| {
            e.orders = if sign > 0 { e.orders + 1 } else { e.orders.saturating_sub(1) };
            shift(e, w, sign * w.open);
            if mark.is_positive() {
                e.mark = mark;
            }
        };
        self.change(index, apply);
        self.change_own(w.strategy, index, apply);
    }

    /// Add or take away a resting price.
    fn rest(&mut self, w: &Working, sign: i64) {
        let index = w.instrument.index();
        let (Some(book), Some(entry)) = (self.resting.get_mut(index), self.entries.get_mut(index)) else { return };
        let side = &mut book[usize::from(w.side == Side::Sell)];
        let count = side.entry(w.resting).or_default();
        *count = if sign > 0 { *count + 1 } else { count.saturating_sub(1) };
        if *count == 0 {
            side.remove(&w.resting);
        }
        match w.side {
            Side::Buy => entry.best_buy = book[0].last_key_value().map_or(Price::ZERO, |(&p, _)| p),
            Side::Sell => entry.best_sell = book[1].first_key_value().map_or(Price::ZERO, |(&p, _)| p),
        }
    }

    /// Keep the best own resting prices from now on, beginning with those of `working`; or forget them.
    pub(super) fn track_resting<'a>(&mut self, tracks: bool, working: impl Iterator<Item = &'a Working>) {
        if tracks == self.tracks_resting {
            return;
        }
        self.tracks_resting = tracks;
        for (book, entry) in self.resting.iter_mut().zip(&mut self.entries) {
            *book = [BTreeMap::new(), BTreeMap::new()];
            (entry.best_buy, entry.best_sell) = (Price::ZERO, Price::ZERO);
        }
        if tracks {
            working.filter(|w| w.resting.is_positive()).for_each(|w| self.rest(w, 1));
        }
    }

    /// The order `w` counts with `change` shares more.
    #[inline]
    pub(super) fn order_changed(&mut self, w: &Working, change: i64) {
        self.change(w.instrument.index(), |e| shift(e, w, change));
        self.change_own(w.strategy, w.instrument.index(), |e| shift(e, w, change));
    }

    /// The account's position is `position` now, the mark `mark`.
    #[inline]
    pub(super) fn position_changed(&mut self, instrument: InstrumentId, position: Qty, mark: Price) {
        self.change(instrument.index(), |e| (e.position, e.mark) = (position.raw(), mark));
    }

    /// The position of `strategy` is `position` now, the mark `mark`.
    #[inline]
    pub(super) fn own_position_changed(&mut self, strategy: StrategyId, instrument: InstrumentId, position: Qty, mark: Price) {
        self.change_own(strategy, instrument.index(), |e| (e.position, e.mark) = (position.raw(), mark));
    }

    /// The mark is `mark` now.
    #[inline]
    pub(super) fn marked(&mut self, instrument: InstrumentId, mark: Price) {
        let index = instrument.index();
        let moves = |e: &Entry| e.mark != mark && (e.position != 0 || e.open_buy != 0 || e.open_sell != 0);
        if self.entries.get(index).is_some_and(moves) {
            self.change(index, |e| e.mark = mark);
        }
        for own in &mut self.own {
            if let Some(entry) = own.entries.get_mut(index).filter(|e| moves(e)) {
                let old = *entry;
                entry.mark = mark;
                entry.refresh();
                own.totals.change(&old, entry);
            }
        }
    }

    /// Begin anew with `groups` groups of which `member` says what instruments they hold, and parts for `strategies`.
    pub(super) fn regroup(&mut self, groups: usize, member: Vec<Vec<u16>>, strategies: &[StrategyId]) {
        let instruments = self.entries.len();
        self.member = member;
        self.groups = vec![Totals::default(); groups];
        for (entry, groups) in self.entries.iter().zip(&self.member) {
            for &group in groups {
                self.groups[usize::from(group)].change(&Entry::default(), entry);
            }
        }
        let fresh = |&strategy: &StrategyId| Own { strategy, entries: vec![Entry::default(); instruments], totals: Totals::default() };
        self.own = strategies.iter().map(fresh).collect();
    }

    /// Put the order `w`, known to the account already, into its strategy's part.
    pub(super) fn adopt(&mut self, w: &Working, mark: Price) {
        self.change_own(w.strategy, w.instrument.index(), |e| {
            e.orders += 1;
            e.mark = mark;
            shift(e, w, w.open);
        });
    }
}

#[inline]
fn shift(e: &mut Entry, w: &Working, change: i64) {
    let (open, cost) = match w.side {
        Side::Buy => (&mut e.open_buy, &mut e.cost[0]),
        Side::Sell => (&mut e.open_sell, &mut e.cost[1]),
    };
    *open = open.saturating_add(change);
    *cost += i128::from(w.cost.raw()) * i128::from(change);
}
