//! The order model: what a strategy asks for, what an order is, and the states it moves through.
//!
//! Statuses and their names follow Alpaca's. [`state`] is the only place where a status changes; an illegal transition is an
//! error there. [`Orders`] keeps every order of a run by its dense id.

mod request;
mod state;
mod store;

pub use request::{OrderRequest, OrderType, TimeInForce};
pub use state::{Order, OrderEvent, OrderStatus};
pub use store::Orders;
