//! The engine's states and the operator's commands.

use crate::risk::{Gate, RefusalCode};
use crate::types::{Error, Result, StrategyId};
use serde::{Deserialize, Serialize};

/// What the engine does at present.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum EngineState {
    /// Being set up.
    #[default]
    Initializing,
    /// Comparing itself with the broker.
    Reconciling,
    /// Trading.
    Running,
    /// No new orders; cancels pass.
    Paused,
    /// Orders that shrink a position, and cancels.
    ReduceOnly,
    /// All working orders canceled by itself, no new ones; an operator must leave it.
    SafeMode,
    /// Stopped trading.
    Halted,
    /// Under maintenance.
    Maintenance,
    /// Ended.
    Shutdown,
}

/// What an operator can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Command {
    /// Begin to reconcile.
    Reconcile,
    /// Begin to trade.
    Run,
    /// No new orders.
    Pause,
    /// Only orders that shrink a position.
    ReduceOnly,
    /// Cancel all working orders and take no new ones until an operator decides.
    SafeMode,
    /// Cancel all working orders and stop trading.
    Halt,
    /// Cancel all working orders, close every position at the market, and stop trading.
    Flatten,
    /// Cancel all working orders.
    CancelAll,
    /// Out of PAUSED or HALTED into maintenance.
    Maintain,
    /// End.
    Shutdown,
    /// Call this strategy no more and cancel its orders.
    Isolate(StrategyId),
    /// Call this strategy again.
    Reinstate(StrategyId),
}

impl EngineState {
    /// Name in tables and journals.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Initializing => "INITIALIZING",
            Self::Reconciling => "RECONCILING",
            Self::Running => "RUNNING",
            Self::Paused => "PAUSED",
            Self::ReduceOnly => "REDUCE_ONLY",
            Self::SafeMode => "SAFE_MODE",
            Self::Halted => "HALTED",
            Self::Maintenance => "MAINTENANCE",
            Self::Shutdown => "SHUTDOWN",
        }
    }

    /// What the state lets pass.
    pub const fn gate(self) -> Gate {
        match self {
            Self::Running => Gate::Open,
            Self::ReduceOnly => Gate::ReduceOnly(RefusalCode::State),
            _ => Gate::Shut(RefusalCode::State),
        }
    }

    /// The state after `command`; an error where it is not allowed.
    pub fn after(self, command: Command) -> Result<Self> {
        use Command as C;
        let next = match (self, command) {
            (Self::Shutdown, _) => None,
            (s, C::CancelAll | C::Isolate(_) | C::Reinstate(_)) => Some(s),
            (_, C::Shutdown) => Some(Self::Shutdown),
            // Out of RUNNING after a crash, or after a gap in what the broker told.
            (Self::Initializing | Self::Running | Self::Maintenance | Self::SafeMode | Self::Halted, C::Reconcile) => {
                Some(Self::Reconciling)
            }
            (Self::Reconciling | Self::Paused | Self::ReduceOnly | Self::SafeMode, C::Run) => Some(Self::Running),
            (Self::Running | Self::ReduceOnly | Self::Reconciling, C::Pause) => Some(Self::Paused),
            (Self::Running | Self::Paused, C::ReduceOnly) => Some(Self::ReduceOnly),
            (Self::Running | Self::Paused | Self::ReduceOnly | Self::Reconciling, C::SafeMode) => Some(Self::SafeMode),
            (Self::Paused | Self::Halted, C::Maintain) => Some(Self::Maintenance),
            (s, C::Halt | C::Flatten) if s != Self::Initializing => Some(Self::Halted),
            _ => None,
        };
        next.ok_or_else(|| Error::config("engine state", format!("{command:?} is not possible in {}", self.as_str())))
    }
}
