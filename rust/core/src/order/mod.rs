//! The order model: what a strategy asks for, what an order is, and the states it moves through.
//!
//! Types, classes, times in force, statuses and their names follow Alpaca's. [`OrderStatus`] says what may follow what, and
//! [`Order::apply`] is the only place where a status changes; an illegal transition is an error there. [`Orders`] keeps every order
//! of a run by its dense id, [`Group`] what the orders of a bracket, OCO or OTO do to one another.

mod group;
mod pieces;
mod request;
mod rules;
mod state;
mod status;
mod store;

pub use group::{Group, GroupAct};
pub use request::{OrderClass, OrderRequest, OrderType, StopLoss, TimeInForce, Trail};
pub use rules::{Asset, Broker};
pub use state::{Order, OrderEvent, Restatement, Role};
pub use status::OrderStatus;
pub use store::Orders;

#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod tests;
