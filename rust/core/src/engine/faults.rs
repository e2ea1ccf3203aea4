//! What goes wrong: strategies that fail, alarms from outside, reports that cannot be.

use super::core::{Engine, Slot};
use super::{Alarm, Command, EngineState, Output};
use crate::strategy::{OPERATOR, SPARE};
use crate::types::{Error, Result, StrategyId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// When a strategy that fails is isolated: its orders are canceled and it is called no more; the others go on, and after the last of
/// them the engine goes to `SAFE_MODE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Isolation {
    /// Failures within the window that isolate a strategy.
    pub faults_max: u32,
    /// The window, nanoseconds of event time.
    pub window_ns: i64,
}

impl Default for Isolation {
    fn default() -> Self {
        Self { faults_max: 3, window_ns: crate::types::MINUTE_NS }
    }
}

/// How far venue reports are trusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Trust {
    /// Each comes once and in order, as from the simulated venue; one that cannot be is an error.
    #[default]
    Exact,
    /// They come over a wire: repeated ones are known by their execution id and dropped, late ones are booked, and one that cannot be
    /// is an anomaly, which stops trading where money is concerned.
    Wire,
}

/// How a strategy has fared.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Record {
    /// Calls.
    pub(super) calls: u64,
    /// When it failed, within the window.
    faults: VecDeque<Timestamp>,
    pub(super) is_isolated: bool,
    /// A place that no strategy was put into so far.
    pub(super) is_vacant: bool,
}

impl Record {
    /// Of a strategy of that name.
    pub(super) fn of(name: &str) -> Self {
        Self { is_vacant: name.starts_with(SPARE), ..Self::default() }
    }

    /// Failures within the window that the newest of them ended.
    pub(super) fn recent(&self) -> usize {
        self.faults.len()
    }
}

impl Engine {
    /// Strategy `s` failed with `error`, and nothing that it asked for in that call is done.
    #[cold]
    pub(super) fn fault(&mut self, s: StrategyId, error: Error, out: &mut Vec<Output>) -> Result<()> {
        let (Some(isolation), Error::Strategy { .. } | Error::Order { .. } | Error::Config { .. } | Error::Number { .. }) =
            (self.config.isolation, &error)
        else {
            return Err(error);
        };
        let now = self.now;
        let record = &mut self.slots[s.index()].record;
        record.faults.retain(|&at| now.since(at) <= isolation.window_ns);
        record.faults.push_back(now);
        let is_isolated = record.faults.len() >= isolation.faults_max as usize;
        out.push(Output::Fault { ts: now, strategy: s, why: error.to_string().into(), is_isolated });
        if !is_isolated {
            return Ok(());
        }
        self.isolate(s, out)?;
        let acts = |slot: &Slot| !slot.record.is_isolated && !slot.record.is_vacant && slot.strategy.name() != OPERATOR;
        if !self.slots.iter().any(acts) && self.state.after(Command::SafeMode).is_ok() {
            self.command(Command::SafeMode, "engine", "every strategy is isolated", out)?;
        }
        Ok(())
    }

    /// Strategy `s` is called no more and its orders are canceled.
    pub(super) fn isolate(&mut self, s: StrategyId, out: &mut Vec<Output>) -> Result<()> {
        let Some(slot) = self.slots.get_mut(s.index()) else {
            return Err(Error::config("strategy", format!("{} is not one of this engine", s.0)));
        };
        slot.record.is_isolated = true;
        for id in self.orders.open().to_vec() {
            if self.orders.get(id).is_some_and(|order| order.strategy == s) {
                self.cancel(id, out)?;
            }
        }
        Ok(())
    }

    /// Strategy `s` is called again.
    pub(super) fn reinstate(&mut self, s: StrategyId) -> Result<()> {
        let Some(slot) = self.slots.get_mut(s.index()) else {
            return Err(Error::config("strategy", format!("{} is not one of this engine", s.0)));
        };
        slot.record.is_isolated = false;
        slot.record.faults.clear();
        Ok(())
    }

    /// Something outside is not as it must be: `SAFE_MODE`, unless trading has stopped already.
    pub(super) fn on_alarm(&mut self, alarm: &Alarm, out: &mut Vec<Output>) -> Result<()> {
        self.now = self.now.max(alarm.at);
        if self.state.after(Command::SafeMode).is_err() {
            return Ok(());
        }
        self.command(Command::SafeMode, "engine", &format!("{}: {}", alarm.kind.as_str(), alarm.why), out)
    }

    /// A report that cannot be, of an engine that trusts none: told, counted, and where `is_money` is concerned trading stops.
    #[cold]
    pub(super) fn anomaly(&mut self, why: &str, is_money: bool, out: &mut Vec<Output>) -> Result<()> {
        self.anomalies += 1;
        out.push(Output::Anomaly { ts: self.now, why: why.into(), is_money });
        if is_money && !matches!(self.state, EngineState::SafeMode | EngineState::Halted) && self.state.after(Command::SafeMode).is_ok() {
            self.command(Command::SafeMode, "engine", &format!("reconciliation: {why}"), out)?;
        }
        Ok(())
    }
}
