//! The kill switch: thrown from any thread, seen by the next check, reset only by an explicit call.

use crate::types::StrategyId;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

#[derive(Debug)]
struct Shared {
    /// How many of the switches below are thrown: zero is the one thing that a check must load.
    thrown: AtomicU32,
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
        Self(Arc::new(Shared { thrown: AtomicU32::new(0), account: AtomicBool::new(false), strategies: off }))
    }

    fn set(&self, switch: &AtomicBool, on: bool) -> bool {
        // The count goes up before the switch and down after it, so that a thrown switch is never missed.
        if on {
            self.0.thrown.fetch_add(1, Ordering::AcqRel);
            if switch.swap(true, Ordering::AcqRel) {
                self.0.thrown.fetch_sub(1, Ordering::AcqRel);
                return false;
            }
            return true;
        }
        let was = switch.swap(false, Ordering::AcqRel);
        if was {
            self.0.thrown.fetch_sub(1, Ordering::AcqRel);
        }
        was
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

    /// True when any switch is thrown.
    #[inline]
    pub fn any(&self) -> bool {
        self.0.thrown.load(Ordering::Acquire) != 0
    }

    /// True when the account's switch is thrown.
    pub fn is_thrown(&self) -> bool {
        self.0.account.load(Ordering::Acquire)
    }

    /// True when the switch of `strategy` itself is thrown.
    pub fn is_strategy_thrown(&self, strategy: StrategyId) -> bool {
        self.0.strategies.get(strategy.index()).is_some_and(|switch| switch.load(Ordering::Acquire))
    }
}

impl Serialize for KillSwitch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let all: Vec<bool> = self.0.strategies.iter().map(|s| s.load(Ordering::Acquire)).collect();
        (self.is_thrown(), all).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for KillSwitch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (account, strategies) = <(bool, Vec<bool>)>::deserialize(deserializer)?;
        let switch = Self::new(strategies.len());
        if account {
            switch.throw();
        }
        for (i, _) in strategies.iter().enumerate().filter(|(_, thrown)| **thrown) {
            switch.throw_strategy(StrategyId(i as u16));
        }
        Ok(switch)
    }
}
