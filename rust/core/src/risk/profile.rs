//! Limits compiled for the hot path: for each kind of order (instrument and strategy) which checks are on, and the tightest
//! limit of each with its scope.

use super::bucket::Bucket;
use super::limits::{RiskLimits, ScopeKey, TickSize};
use super::{Check, Scope};
use crate::types::{Error, MINUTE_NS, Money, Qty, Result, SECOND_NS, StrategyId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A limit and whose it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Cap<T> {
    pub(super) at: T,
    pub(super) scope: Scope,
}

/// What is counted and summed for one scope that has limits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) key: Option<ScopeKey>,
    pub(super) scope: Scope,
    /// Place among the groups or the strategies' own parts.
    pub(super) place: u16,
    pub(super) gross: Option<Money>,
    pub(super) net: Option<Money>,
    pub(super) leverage: Option<f64>,
    pub(super) open: Option<u32>,
    pub(super) per_second: Option<Bucket>,
    pub(super) per_minute: Option<Bucket>,
    pub(super) cancels: Option<Bucket>,
    pub(super) executions: Option<Bucket>,
    pub(super) max_second: u32,
    pub(super) max_minute: u32,
    pub(super) max_cancels: u32,
    pub(super) max_executions: u32,
    pub(super) order_to_fill: Option<f64>,
    pub(super) grace: u32,
    /// Orders and cancels of the day, and orders that filled.
    pub(super) messages: u64,
    pub(super) fills: u64,
}

impl Row {
    fn new(limits: &RiskLimits, key: Option<ScopeKey>, scope: Scope, place: u16) -> Self {
        let bucket = |rate: Option<u32>, window: i64| rate.map(|r| Bucket::new(r, window));
        Self {
            key,
            scope,
            place,
            gross: limits.max_gross_exposure,
            net: limits.max_net_exposure,
            leverage: limits.max_leverage,
            open: limits.max_open_orders,
            per_second: bucket(limits.max_orders_per_second, SECOND_NS),
            per_minute: bucket(limits.max_orders_per_minute, MINUTE_NS),
            cancels: bucket(limits.max_cancels_per_second, SECOND_NS),
            executions: bucket(limits.max_executions, limits.execution_window_ns),
            max_second: limits.max_orders_per_second.unwrap_or(0),
            max_minute: limits.max_orders_per_minute.unwrap_or(0),
            max_cancels: limits.max_cancels_per_second.unwrap_or(0),
            max_executions: limits.max_executions.unwrap_or(0),
            order_to_fill: limits.max_order_to_fill,
            grace: limits.order_to_fill_grace,
            messages: 0,
            fills: 0,
        }
    }

    /// Take over what `old`, the same scope under other limits, has counted.
    fn inherit(&mut self, old: &Self, limits: &RiskLimits) {
        let carry = |new: &mut Option<Bucket>, old: &Option<Bucket>, rate: u32, window: i64| {
            if let (Some(bucket), Some(old)) = (new.as_mut(), old) {
                *bucket = old.at_rate(rate, window);
            }
        };
        carry(&mut self.per_second, &old.per_second, self.max_second, SECOND_NS);
        carry(&mut self.per_minute, &old.per_minute, self.max_minute, MINUTE_NS);
        carry(&mut self.cancels, &old.cancels, self.max_cancels, SECOND_NS);
        carry(&mut self.executions, &old.executions, self.max_executions, limits.execution_window_ns);
        (self.messages, self.fills) = (old.messages, old.fills);
    }

    /// True when orders or their fills are counted.
    fn is_paced(&self) -> bool {
        self.per_second.is_some()
            || self.per_minute.is_some()
            || self.executions.is_some()
            || self.cancels.is_some()
            || self.order_to_fill.is_some()
    }
}

/// What an order of one kind has to pass.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Profile {
    /// Checks that are on, by [`Check::bit`].
    pub(super) mask: u64,
    /// Rows that hold, the narrowest first.
    pub(super) rows: Vec<u16>,
    /// Whether any of them counts orders.
    pub(super) paced: bool,
    /// A limit in dollars needs a price.
    pub(super) needs_price: bool,
    pub(super) restricted: Scope,
    pub(super) tick: Option<Cap<TickSize>>,
    pub(super) lot: Cap<Qty>,
    pub(super) broker: Scope,
    pub(super) min_notional: Cap<Money>,
    pub(super) order_qty: Cap<Qty>,
    pub(super) order_notional: Cap<Money>,
    pub(super) order_adv: Cap<f64>,
    pub(super) collar: Cap<f64>,
    pub(super) sigma: Cap<f64>,
    pub(super) sigma_horizon_ns: i64,
    pub(super) data_age_ns: Cap<i64>,
    pub(super) reference_age_ns: Cap<i64>,
    /// Of the account's position in the instrument.
    pub(super) position_qty: Option<Cap<Qty>>,
    pub(super) position_notional: Option<Cap<Money>>,
    /// Of the strategy's own.
    pub(super) own_qty: Option<Qty>,
    pub(super) own_notional: Option<Money>,
    pub(super) no_short: Option<Scope>,
    pub(super) own_no_short: bool,
    pub(super) open_in_instrument: Cap<u32>,
    pub(super) duplicate_ns: Cap<i64>,
    pub(super) self_match: Scope,
    /// Place of the strategy's own part, if it has one.
    pub(super) own: Option<u16>,
}

type Source<'a> = (Scope, &'a RiskLimits);

fn tightest<T: PartialOrd + Copy>(sources: &[Source<'_>], f: impl Fn(&RiskLimits) -> Option<T>) -> Option<Cap<T>> {
    let mut best: Option<Cap<T>> = None;
    for (scope, limits) in sources {
        if let Some(at) = f(limits)
            && best.is_none_or(|b| at < b.at)
        {
            best = Some(Cap { at, scope: *scope });
        }
    }
    best
}

fn narrowest(sources: &[Source<'_>], f: impl Fn(&RiskLimits) -> bool) -> Option<Scope> {
    sources.iter().find(|(_, limits)| f(limits)).map(|(scope, _)| *scope)
}

impl Profile {
    /// Compile the limits of `sources`, the narrowest first, of which `own` may be the strategy's.
    fn new(sources: &[Source<'_>], rows: Vec<u16>, all: &[Row], own: Option<u16>, account_limited: bool) -> Self {
        let mut p = Self { rows, own, ..Self::default() };
        let mut mask = Check::Kill.bit() | Check::State.bit() | Check::Form.bit();
        let mut on = |check: Check, is: bool| {
            if is {
                mask |= check.bit();
            }
        };
        macro_rules! cap {
            ($check:ident, $field:ident, $f:expr) => {
                let found = tightest(sources, $f);
                on(Check::$check, found.is_some());
                if let Some(cap) = found {
                    p.$field = cap;
                }
            };
        }
        cap!(OrderQty, order_qty, |l| l.max_order_qty);
        cap!(OrderNotional, order_notional, |l| l.max_order_notional);
        cap!(OrderAdv, order_adv, |l| l.max_order_adv);
        cap!(Collar, collar, |l| l.collar);
        cap!(CollarSigma, sigma, |l| l.collar_sigma);
        cap!(DataAge, data_age_ns, |l| l.max_data_age_ns);
        cap!(ReferenceAge, reference_age_ns, |l| l.max_reference_age_ns);
        cap!(OpenInInstrument, open_in_instrument, |l| l.max_open_orders_per_instrument);
        // Of these the largest is the tightest.
        let largest =
            |f: fn(&RiskLimits) -> Option<i64>| tightest(sources, |l| f(l).map(|x| -x)).map(|cap| Cap { at: -cap.at, scope: cap.scope });
        let window = largest(|l| l.duplicate_window_ns);
        on(Check::Duplicate, window.is_some());
        p.duplicate_ns = window.unwrap_or_default();
        let least = tightest(sources, |l| l.min_order_notional.map(Money::neg)).map(|cap| Cap { at: cap.at.neg(), scope: cap.scope });
        on(Check::MinNotional, least.is_some());
        p.min_notional = least.unwrap_or_default();
        // A grid cannot be tighter than another: the narrowest scope's holds.
        p.lot = sources.iter().find_map(|(scope, l)| l.lot.map(|at| Cap { at, scope: *scope })).unwrap_or_default();
        on(Check::Lot, p.lot.at.is_positive());
        p.tick = sources.iter().find_map(|(scope, l)| l.tick_size.map(|at| Cap { at, scope: *scope }));
        on(Check::Tick, p.tick.is_some());
        p.sigma_horizon_ns =
            sources.iter().find(|(_, l)| l.collar_sigma == Some(p.sigma.at)).map_or(MINUTE_NS, |(_, l)| l.collar_horizon_ns);
        macro_rules! flag {
            ($check:ident, $field:ident, $f:expr) => {
                let found = narrowest(sources, $f);
                on(Check::$check, found.is_some());
                p.$field = found.unwrap_or_default();
            };
        }
        flag!(Restricted, restricted, |l| l.restricted);
        flag!(Broker, broker, |l| l.broker_rules);
        flag!(SelfMatch, self_match, |l| l.prevent_self_match);
        on(Check::Session, sources.iter().any(|(_, l)| l.calendar.is_some()));
        let (owns, others): (Vec<Source<'_>>, Vec<Source<'_>>) = sources.iter().partition(|(scope, _)| *scope == Scope::Strategy);
        p.position_qty = tightest(&others, |l| l.max_position_qty);
        p.position_notional = tightest(&others, |l| l.max_position_notional);
        p.no_short = narrowest(&others, |l| !l.allow_short);
        p.own_qty = tightest(&owns, |l| l.max_position_qty).map(|cap| cap.at);
        p.own_notional = tightest(&owns, |l| l.max_position_notional).map(|cap| cap.at);
        p.own_no_short = owns.iter().any(|(_, l)| !l.allow_short);
        on(Check::PositionQty, p.position_qty.is_some() || p.own_qty.is_some());
        on(Check::PositionNotional, p.position_notional.is_some() || p.own_notional.is_some());
        on(Check::Short, p.no_short.is_some() || p.own_no_short || account_limited);
        let held: Vec<&Row> = p.rows.iter().map(|&i| &all[usize::from(i)]).collect();
        on(Check::Gross, held.iter().any(|r| r.gross.is_some()));
        on(Check::Net, held.iter().any(|r| r.net.is_some()));
        on(Check::Leverage, !account_limited && held.iter().any(|r| r.leverage.is_some()));
        on(Check::OpenOrders, held.iter().any(|r| r.open.is_some()));
        on(Check::PerSecond, held.iter().any(|r| r.per_second.is_some()));
        on(Check::PerMinute, held.iter().any(|r| r.per_minute.is_some()));
        on(Check::Cancels, held.iter().any(|r| r.cancels.is_some()));
        on(Check::Executions, held.iter().any(|r| r.executions.is_some()));
        on(Check::OrderToFill, held.iter().any(|r| r.order_to_fill.is_some()));
        for check in [Check::Locate, Check::BuyingPower, Check::GoodFaith, Check::DayTrades] {
            on(check, account_limited);
        }
        p.paced = held.iter().any(|r| r.is_paced());
        let priced = [
            Check::OrderNotional,
            Check::MinNotional,
            Check::PositionNotional,
            Check::Gross,
            Check::Net,
            Check::Leverage,
            Check::Collar,
            Check::CollarSigma,
            Check::BuyingPower,
        ];
        p.needs_price = priced.iter().any(|check| mask & check.bit() != 0);
        if p.needs_price {
            mask |= Check::Reference.bit();
        }
        p.mask = mask;
        p
    }

    #[inline]
    pub(super) const fn has(&self, check: Check) -> bool {
        self.mask & check.bit() != 0
    }
}

/// Everything compiled.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Compiled {
    pub(super) rows: Vec<Row>,
    profiles: Vec<Profile>,
    /// Class of each instrument, and slot of each strategy: `class × slots + slot` is a profile.
    class: Vec<u32>,
    slot: Vec<u32>,
    slots: u32,
    pub(super) member: Vec<Vec<u16>>,
    pub(super) groups: usize,
    /// Strategies with limits of their own, in the order of their parts.
    pub(super) owners: Vec<StrategyId>,
    /// The longest window in which a repeated order is known.
    pub(super) remember_ns: i64,
}

impl Compiled {
    pub(super) fn new(
        limits: &RiskLimits,
        symbols: &[String],
        strategies: &[String],
        account_limited: bool,
        old: Option<&Self>,
    ) -> Result<Self> {
        limits.validate()?;
        let mut rows = vec![Row::new(limits, None, Scope::Account, 0)];
        let mut sets: Vec<&RiskLimits> = vec![limits];
        let mut member: Vec<Vec<u16>> = vec![Vec::new(); symbols.len()];
        let mut single: Vec<Option<u16>> = vec![None; symbols.len()];
        let mut owner: Vec<Option<u16>> = vec![None; strategies.len()];
        let (mut groups, mut owners) = (0_u16, Vec::new());
        if limits.scopes.len() > 60_000 {
            return Err(Error::config("risk", "has more than 60,000 scopes; use groups"));
        }
        let place_of = |names: &[String], name: &str, what: &str| {
            names.iter().position(|n| n == name).ok_or_else(|| {
                let shown = names.iter().take(8).map(String::as_str).collect::<Vec<_>>().join(", ");
                Error::config(format!("risk.{what}.{name}"), format!("is none of this run's {what} ({shown})"))
            })
        };
        let by_symbol: BTreeMap<&str, usize> = symbols.iter().enumerate().map(|(i, s)| (s.as_str(), i)).collect();
        for scope in &limits.scopes {
            let row = rows.len() as u16;
            let (kind, place) = match &scope.key {
                ScopeKey::Strategy(name) => {
                    let at = place_of(strategies, name, "strategies")?;
                    owner[at] = Some(row);
                    owners.push(StrategyId(at as u16));
                    (Scope::Strategy, owners.len() as u16 - 1)
                }
                ScopeKey::Instrument(name) => {
                    single[place_of(symbols, name, "instruments")?] = Some(row);
                    (Scope::Instrument, 0)
                }
                ScopeKey::Group { symbols, .. } => {
                    for &at in symbols.iter().filter_map(|s| by_symbol.get(s.as_str())) {
                        if !member[at].contains(&groups) {
                            member[at].push(groups);
                        }
                    }
                    groups += 1;
                    (Scope::Group(groups - 1), groups - 1)
                }
            };
            rows.push(Row::new(&scope.limits, Some(scope.key.clone()), kind, place));
            sets.push(&scope.limits);
        }
        for (row, limits) in rows.iter_mut().zip(&sets) {
            if let Some(old) = old.and_then(|o| o.rows.iter().find(|r| r.key == row.key)) {
                row.inherit(old, limits);
            }
        }
        let row_of_group: Vec<u16> = (0..rows.len()).filter(|&i| matches!(rows[i].scope, Scope::Group(_))).map(|i| i as u16).collect();
        let mut classes: BTreeMap<(Option<u16>, &[u16]), u32> = BTreeMap::new();
        let mut class = Vec::with_capacity(symbols.len());
        for (single, member) in single.iter().zip(&member) {
            let next = classes.len() as u32;
            class.push(*classes.entry((*single, member)).or_insert(next));
        }
        let mut by_class: Vec<_> = classes.into_iter().collect();
        by_class.sort_by_key(|(_, index)| *index);
        // Slot 0 is of strategies without limits.
        let slot = owner.iter().map(|o| o.map_or(0, |row| u32::from(rows[usize::from(row)].place) + 1)).collect();
        let slots = owners.len() as u32 + 1;
        let mut profiles = Vec::with_capacity(by_class.len() * slots as usize);
        for ((single, groups), _) in &by_class {
            for at in 0..slots {
                let own = (at > 0).then(|| at as u16 - 1);
                let strategy_row = own.and_then(|o| owner[owners[usize::from(o)].index()]);
                let chain = strategy_row.into_iter().chain(*single).chain(groups.iter().map(|&g| row_of_group[usize::from(g)])).chain([0]);
                let chain: Vec<u16> = chain.collect();
                let sources: Vec<Source<'_>> = chain.iter().map(|&i| (rows[usize::from(i)].scope, sets[usize::from(i)])).collect();
                profiles.push(Profile::new(&sources, chain, &rows, own, account_limited));
            }
        }
        let remember_ns = profiles.iter().filter(|p| p.has(Check::Duplicate)).map(|p| p.duplicate_ns.at).max().unwrap_or(0);
        Ok(Self { rows, profiles, class, slot, slots, member, groups: usize::from(groups), owners, remember_ns })
    }

    /// The profile of an order; `None` for an instrument that is not known.
    #[inline]
    pub(super) fn profile(&self, instrument: usize, strategy: StrategyId) -> Option<&Profile> {
        let class = *self.class.get(instrument)?;
        let slot = self.slot.get(strategy.index()).copied().unwrap_or(0);
        self.profiles.get((class * self.slots + slot) as usize)
    }

    /// True when any profile makes `check`.
    pub(super) fn uses(&self, check: Check) -> bool {
        self.profiles.iter().any(|p| p.has(check))
    }
}
