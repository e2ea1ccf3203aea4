//! The kill switch: thrown from any thread, seen by the next check, reset only by an explicit call.
//!
//! It is no input. What the checks see of it is: [`Watched`] notes at which check of an input it was found changed, so that a replay
//! sees the same at the same check.

use super::Scope;
use crate::types::StrategyId;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

#[derive(Debug)]
struct Shared {
    /// Grows with each change: the one thing that a check must load.
    changes: AtomicU32,
    account: AtomicBool,
    strategies: Box<[AtomicBool]>,
}

/// A handle on the switches of one account and its strategies; clones share them.
///
/// To throw one is a store without a lock, however busy the thread that trades is; the engine's next check sees it.
#[derive(Clone, Debug)]
pub struct KillSwitch(Arc<Shared>);

impl KillSwitch {
    /// Switches for the account and `strategies` strategies, none thrown.
    pub fn new(strategies: usize) -> Self {
        let off = (0..strategies).map(|_| AtomicBool::new(false)).collect();
        Self(Arc::new(Shared { changes: AtomicU32::new(0), account: AtomicBool::new(false), strategies: off }))
    }

    fn set(&self, switch: &AtomicBool, on: bool) -> bool {
        let was = switch.swap(on, Ordering::AcqRel);
        // After the switch: who finds the count changed finds the switch changed.
        self.0.changes.fetch_add(1, Ordering::AcqRel);
        was != on
    }

    /// No new order of the account from now on. True when it was not thrown before.
    pub fn throw(&self) -> bool {
        self.set(&self.0.account, true)
    }

    /// No new order of `strategy` from now on. True when there is such a strategy and it was not thrown before.
    pub fn throw_strategy(&self, strategy: StrategyId) -> bool {
        self.0.strategies.get(strategy.index()).is_some_and(|switch| self.set(switch, true))
    }

    /// Orders of the account may pass again; switches of single strategies stay. True when it was thrown.
    pub fn reset(&self) -> bool {
        self.set(&self.0.account, false)
    }

    /// Orders of `strategy` may pass again. True when it was thrown.
    pub fn reset_strategy(&self, strategy: StrategyId) -> bool {
        self.0.strategies.get(strategy.index()).is_some_and(|switch| self.set(switch, false))
    }

    /// True when the account's switch is thrown.
    pub fn is_thrown(&self) -> bool {
        self.0.account.load(Ordering::Acquire)
    }

    /// True when the switch of `strategy` itself is thrown.
    pub fn is_strategy_thrown(&self, strategy: StrategyId) -> bool {
        self.0.strategies.get(strategy.index()).is_some_and(|switch| switch.load(Ordering::Acquire))
    }

    /// Which are thrown.
    pub fn thrown(&self) -> Thrown {
        let strategies = self.0.strategies.iter().map(|switch| switch.load(Ordering::Acquire)).collect();
        Thrown { account: self.is_thrown(), strategies }
    }

    fn changes(&self) -> u32 {
        self.0.changes.load(Ordering::Acquire)
    }

    fn set_all(&self, thrown: &Thrown) {
        self.set(&self.0.account, thrown.account);
        for (switch, &on) in self.0.strategies.iter().zip(&thrown.strategies) {
            self.set(switch, on);
        }
    }
}

/// Which switches are thrown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thrown {
    /// That of the account.
    pub account: bool,
    /// Those of the strategies, by id.
    pub strategies: Vec<bool>,
}

impl Thrown {
    fn any(&self) -> bool {
        self.account || self.strategies.contains(&true)
    }

    fn scope(&self, strategy: StrategyId) -> Option<Scope> {
        if self.account {
            return Some(Scope::Account);
        }
        self.strategies.get(strategy.index()).is_some_and(|&thrown| thrown).then_some(Scope::Strategy)
    }
}

/// A change of the kill switch that a check saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switched {
    /// Which check of the input it was, from 0 on.
    pub check: u32,
    /// What was thrown from then on.
    pub thrown: Thrown,
}

/// The kill switch as the checks see it; `seen` alone is part of the state.
#[derive(Clone, Debug)]
pub(super) struct Watched {
    handle: KillSwitch,
    seen: Thrown,
    any: bool,
    /// Changes of the handle that `seen` contains.
    changes: u32,
    /// Checks of this input so far.
    checks: u32,
    /// What they saw change, when it is kept.
    kept: Vec<Switched>,
    keeps: bool,
    /// What they are to see change; then the handle is not looked at.
    script: Option<VecDeque<Switched>>,
}

impl Watched {
    pub(super) fn new(strategies: usize) -> Self {
        Self::of(KillSwitch::new(strategies))
    }

    fn of(handle: KillSwitch) -> Self {
        let (seen, changes) = (handle.thrown(), handle.changes());
        Self { any: seen.any(), handle, seen, changes, checks: 0, kept: Vec::new(), keeps: false, script: None }
    }

    pub(super) fn handle(&self) -> KillSwitch {
        self.handle.clone()
    }

    /// A check begins: see what has changed since the last.
    #[inline]
    pub(super) fn look(&mut self) {
        let check = self.checks;
        self.checks = check.wrapping_add(1);
        if self.script.is_some() || self.handle.changes() != self.changes {
            self.look_closer(check);
        }
    }

    #[cold]
    fn look_closer(&mut self, check: u32) {
        let thrown = match &mut self.script {
            Some(script) if script.front().is_none_or(|next| next.check != check) => return,
            Some(script) => script.pop_front().map(|next| next.thrown).unwrap_or_default(),
            None => {
                // Before the switches: a change between the two is found by the next look.
                self.changes = self.handle.changes();
                self.handle.thrown()
            }
        };
        if self.keeps {
            self.kept.push(Switched { check, thrown: thrown.clone() });
        }
        self.any = thrown.any();
        self.seen = thrown;
    }

    /// Which switch stops `strategy`, as was seen last.
    #[inline]
    pub(super) fn scope(&self, strategy: StrategyId) -> Option<Scope> {
        if self.any { self.seen.scope(strategy) } else { None }
    }

    /// The same at this moment.
    pub(super) fn scope_now(&self, strategy: StrategyId) -> Option<Scope> {
        if self.script.is_some() { self.scope(strategy) } else { self.handle.thrown().scope(strategy) }
    }

    /// Keep what checks see change, to be taken with [`Self::take`].
    pub(super) fn keep(&mut self) {
        self.keeps = true;
    }

    /// What the checks of an input saw change; the next one's are counted anew.
    pub(super) fn take(&mut self) -> Vec<Switched> {
        self.checks = 0;
        std::mem::take(&mut self.kept)
    }

    /// The input is not kept: what its checks saw is seen again by the next.
    pub(super) fn forget(&mut self) {
        if !self.take().is_empty() {
            self.changes = self.handle.changes().wrapping_sub(1);
        }
    }

    /// The checks of the next input see this change, and nothing else.
    pub(super) fn script(&mut self, switched: Vec<Switched>) {
        self.checks = 0;
        self.script = Some(switched.into());
    }

    /// From now on checks see the handle again, which is as was seen last.
    pub(super) fn end_script(&mut self) {
        if self.script.take().is_some() {
            self.handle.set_all(&self.seen);
            self.changes = self.handle.changes();
        }
    }
}

impl Serialize for Watched {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.seen.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Watched {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seen = Thrown::deserialize(deserializer)?;
        let handle = KillSwitch::new(seen.strategies.len());
        handle.set_all(&seen);
        Ok(Self::of(handle))
    }
}
