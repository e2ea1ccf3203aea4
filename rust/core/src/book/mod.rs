//! Order books.
//!
//! [`OrderBook`] holds one instrument's levels and orders (L1, L2 or L3), [`BookSet`] those of many, [`TopOfBook`] the best bid
//! and ask with the last trade as the engine needs them. [`DepthSync`] keeps a book in step with a numbered depth stream.

mod batch;
mod bytes;
mod check;
mod config;
mod grouped;
mod levels;
mod order_book;
pub(crate) mod prefetch;
mod query;
mod queue;
mod set;
mod sync;
mod table;
#[cfg(test)]
mod tests;
mod top;

pub use batch::{Change, ChangeRows};
pub use config::{BookConfig, BookOrder, Counts, CrossedPolicy, Depth, Level, Outcome, QueueAhead};
pub use order_book::OrderBook;
pub use set::{BOOKS_MAX, BookSet, SET_ORDERS_MAX};
pub use sync::{BUFFER_LIMIT, DepthSync, Rule, SnapshotVerdict, Verdict};
pub use top::TopOfBook;
