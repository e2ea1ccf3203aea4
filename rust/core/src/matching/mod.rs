//! A whole exchange for one instrument: price-time priority between any number of participants, stops, self-match prevention,
//! auctions, halts and Limit Up-Limit Down.
//!
//! [`MatchingEngine`] is venue mode 3 and may be embedded alone. It knows no clock and draws no random number: time is given with
//! every call, and equal calls give equal events. What happened is appended to a vector of the caller's as [`MatchEvent`]s.
//!
//! Cost: adding, canceling and trading are some tens of nanoseconds each, whatever the number of resting orders, until their memory
//! no longer fits the caches. Nothing is allocated while orders, levels near the touch and events keep within what was in use once.

mod auction;
mod batch;
mod config;
mod core;
mod cross;
mod event;
mod ladder;
mod luld;
mod orders;
mod query;
mod replay;
mod request;
mod session;
mod snapshot;
mod table;
#[cfg(test)]
mod tests;

pub use batch::{Instruction, InstructionRows};
pub use config::{LuldTier, MatchingConfig, RESTING_MAX, SelfMatch};
pub use core::MatchingEngine;
pub use event::{CancelReason, Cross, Execution, MadeIn, MatchEvent, Phase, RejectReason, Request};
pub use luld::Bands;
pub use query::{Ahead, BookLevel, LiveOrder};
pub use replay::{OwnFill, RecordReplay, ReplayCounts};
pub use request::{Lifetime, NewOrder, OrderKey, Participant, Replacement, Taking, Terms};
