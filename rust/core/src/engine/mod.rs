//! The deterministic engine: `step(input) -> outputs`, with no clock, network, disk or unseeded randomness.
//!
//! [`Engine`] holds the market as it stands, the ledger, the orders, the risk checks and the strategies. A shell feeds it
//! market events, venue reports and the time, and carries its order commands to a venue. The same inputs give the same outputs.

mod book;
mod core;
mod days;
mod dispatch;
mod faults;
mod input;
mod legs;
mod manual;
mod orders;
mod output;
mod save;
mod state;
mod tape;

pub use self::core::{Engine, EngineConfig, MarkPolicy};
pub use faults::{Isolation, Trust};
pub use input::{Alarm, AlarmKind, Input, Instruction};
pub use output::{Fill, OrderUpdate, Output, RefusalRecord};
pub use state::{Command, EngineState};
pub use tape::{Asked, Stand, Tape};

#[cfg(test)]
mod tests;
