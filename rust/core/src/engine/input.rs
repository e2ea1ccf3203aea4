//! Everything that can reach the engine: what a shell feeds it, and what a journal keeps.

use super::{Command, Engine, Output};
use crate::event::{MarketEvent, PriceBand};
use crate::risk::RiskLimits;
use crate::strategy::Intent;
use crate::types::{InstrumentId, Qty, Result, StrategyId, Timestamp};
use crate::venue::Report;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One input. The order of the variants is part of the journal's format: new ones come last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Input {
    /// Begin: to RECONCILING, and, where there is nothing to reconcile, to RUNNING.
    Start {
        /// Event time.
        at: Timestamp,
        /// The state at the broker has to be compared first: stay in RECONCILING until a command says run.
        reconcile: bool,
    },
    /// A market event.
    Market(MarketEvent),
    /// The venue's word on an order.
    Report(Report),
    /// The time: bars end, timers fire.
    Wake(Timestamp),
    /// An operator's command.
    Command(Instruction),
    /// Something outside is not as it must be.
    Alarm(Alarm),
    /// New limits, in force from now on.
    Limits {
        /// When.
        at: Timestamp,
        /// The limits, all of them.
        limits: Box<RiskLimits>,
        /// Who set them.
        by: Arc<str>,
    },
    /// End: every strategy's `on_stop`.
    Stop(Timestamp),
    /// What an operator asks for by hand, in the name of a strategy: an order, a cancel or a replacement, which pass the checks as the
    /// strategy's own would.
    Manual {
        /// When.
        at: Timestamp,
        /// In whose name.
        strategy: StrategyId,
        /// What is asked for.
        intent: Box<Intent>,
        /// Who asks for it.
        by: Arc<str>,
        /// Why.
        why: Arc<str>,
    },
    /// New parameters of a strategy.
    Parameters {
        /// When.
        at: Timestamp,
        /// Whose.
        strategy: StrategyId,
        /// The parameters, as the strategy reads them.
        text: Arc<str>,
        /// Who gives them.
        by: Arc<str>,
        /// Why.
        why: Arc<str>,
    },
    /// Limit-up and limit-down prices of an instrument; none where the upper one is zero.
    Band(PriceBand),
    /// A fee that the broker took out of what was bought.
    InKind {
        /// When it was learned.
        at: Timestamp,
        /// Whose position it was taken from.
        strategy: StrategyId,
        /// Instrument.
        instrument: InstrumentId,
        /// Coins taken.
        qty: Qty,
    },
}

/// A command, and who gave it why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instruction {
    /// When.
    pub at: Timestamp,
    /// What to do.
    pub command: Command,
    /// Who asks for it.
    pub by: Arc<str>,
    /// Why.
    pub why: Arc<str>,
}

/// An alarm of the shell: it sees the clock, the wires and the disk, which the engine does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    /// When.
    pub at: Timestamp,
    /// What is wrong.
    pub kind: AlarmKind,
    /// What was measured, in words.
    pub why: Arc<str>,
}

/// What can be wrong outside. Each leads to `SAFE_MODE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum AlarmKind {
    /// Nothing was heard of the market for too long.
    StaleData,
    /// The broker has been out of reach for too long.
    BrokerDisconnected,
    /// Positions, cash or orders differ from the broker's.
    ReconciliationDifference,
    /// What was written may not be on the disk.
    JournalNotDurable,
    /// The clock jumped, or differs from the exchange's.
    ClockSkew,
    /// A queue is full.
    QueueOverflow,
}

impl AlarmKind {
    /// Name in tables and journals.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StaleData => "STALE_DATA",
            Self::BrokerDisconnected => "BROKER_DISCONNECTED",
            Self::ReconciliationDifference => "RECONCILIATION_DIFFERENCE",
            Self::JournalNotDurable => "JOURNAL_NOT_DURABLE",
            Self::ClockSkew => "CLOCK_SKEW",
            Self::QueueOverflow => "QUEUE_OVERFLOW",
        }
    }
}

impl Input {
    /// Event time.
    #[inline]
    pub const fn at(&self) -> Timestamp {
        match self {
            Self::Start { at, .. }
            | Self::Wake(at)
            | Self::Limits { at, .. }
            | Self::Stop(at)
            | Self::Manual { at, .. }
            | Self::Parameters { at, .. }
            | Self::InKind { at, .. } => *at,
            Self::Market(event) => event.ts(),
            Self::Report(report) => report.due,
            Self::Command(instruction) => instruction.at,
            Self::Alarm(alarm) => alarm.at,
            Self::Band(band) => band.ts,
        }
    }

    /// Whether an operator asks for it: what cannot be had is refused, and leaves no trace.
    pub const fn is_asked(&self) -> bool {
        matches!(self, Self::Command(_) | Self::Limits { .. } | Self::Manual { .. } | Self::Parameters { .. } | Self::InKind { .. })
    }
}

impl Engine {
    /// Take one input; what it leads to is appended to `out`. The same inputs give the same outputs.
    pub fn step(&mut self, input: &Input, out: &mut Vec<Output>) -> Result<()> {
        match input {
            Input::Start { at, reconcile } => self.begin(*at, *reconcile, out),
            Input::Market(event) => self.on_market(event, out),
            Input::Report(report) => self.on_report(report, out),
            Input::Wake(at) => self.wake(*at, out),
            Input::Command(Instruction { at, command, by, why }) => self.asked_at(*at, |engine| engine.command(*command, by, why, out)),
            Input::Alarm(alarm) => self.on_alarm(alarm, out),
            Input::Band(band) => {
                self.now = self.now.max(band.ts);
                let bands = band.upper.is_positive().then_some((band.lower, band.upper));
                self.risk.set_bands_at(band.instrument, bands, band.ts);
                Ok(())
            }
            Input::Limits { at, limits, by } => self.asked_at(*at, |engine| engine.set_limits(limits, by, out)),
            Input::Stop(at) => {
                self.now = self.now.max(*at);
                self.stop(out)
            }
            Input::InKind { at, strategy, instrument, qty } => {
                self.asked_at(*at, |engine| engine.take_in_kind(*strategy, *instrument, *qty, out))
            }
            Input::Manual { at, strategy, intent, .. } => self.asked_at(*at, |engine| engine.by_hand(*strategy, intent, out)),
            Input::Parameters { at, strategy, text, .. } => self.asked_at(*at, |engine| engine.set_parameters(*strategy, text, out)),
        }
    }

    /// Do what an operator asks for at `at`; where it is refused, time has not moved either.
    fn asked_at(&mut self, at: Timestamp, act: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let before = self.now;
        self.now = self.now.max(at);
        let outcome = act(self);
        if outcome.is_err() {
            self.now = before;
        }
        outcome
    }
}
