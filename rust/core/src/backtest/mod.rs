//! Backtests: market data through the engine and the simulated venue, in event time.
//!
//! At one moment the order is: bars end and timers fire; market events reach the venue, then its reports the engine, then
//! the strategies see the event; last the commands that arrive at that moment are matched. So an order sees only prices
//! that stand at its arrival or come later, and a bar is seen only when it is complete.

mod digest;
mod door;
pub(crate) mod merge;
mod run;

pub use merge::{Kinds, Merge};
pub use run::{BacktestConfig, BacktestResult, Mark, PositionRecord, Progress, run, sources_of};

#[cfg(test)]
mod tests;
