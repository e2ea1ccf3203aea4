//! The paper venue: Alpaca's trading back end for several accounts on one market, as a deterministic state machine.
//!
//! [`PaperVenue::request`] answers every route of the trading API with Alpaca's status, codes and JSON; [`PaperVenue::market`] lets
//! rows of a merged market take effect; [`PaperVenue::advance`] lets time pass; [`PaperVenue::take_updates`] gives what the trading
//! stream says. Orders meet the market in a [`crate::venue::SimVenue`], one for stocks and one for crypto, which all accounts
//! share; cash and positions are a [`crate::ledger::Ledger`] and a [`crate::account::Account`] each.
//!
//! **Durability.** What changes the state is appended to a [`crate::journal::Log`] before an answer or an update leaves: requests but
//! GET, moments at which time did something, and market events. Of these the state sees, and the journal holds, only those that
//! concern it: an event that may touch a resting order, and, before a request or a moment is worked on, the last quote and trade of
//! the symbols that it is about where they are others than the state knows (that of the order, of the account's positions and open
//! orders). So the journal grows with requests and with events that reach orders, and not with the rate of quotes; and replay gives
//! the same state, because the state has never seen anything else. Orders matched with a book need all its changes: in symbols with
//! a book they are all journaled.
//!
//! Cost: a row in a symbol without open orders is a few stores; a request is one pass over the account's open orders.

mod activities;
mod calendar;
mod checks;
mod config;
mod figures;
pub mod frames;
mod history;
mod journal;
mod json;
mod listing;
mod live;
mod orders;
mod positions;
mod query;
mod refusal;
mod reports;
mod routes;
mod rows;
mod settings;
mod state;
mod tape;
mod updates;
mod watchlists;

pub use config::{AccountSpec, AssetClass, AssetSpec, PaperConfig, Uuid};
pub use live::PaperVenue;
pub use rows::{MarketRows, RowKind};
