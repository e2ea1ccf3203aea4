//! tickwright-core: a deterministic trading engine. No Python, no clock, no network, no unseeded randomness.
//!
//! The way of a tick: [`feeds`] → [`event`] batches → [`book`] and [`bars`] → [`indicators`] → [`strategy`] → [`risk`] →
//! [`order`]s → [`venue`] → [`ledger`] → [`account`]. Arrows point one way; [`engine`] is the state machine, [`backtest`] its shell.

pub mod account;
pub mod backtest;
pub mod bars;
pub mod book;
pub mod engine;
pub mod event;
pub mod feeds;
pub mod indicators;
pub mod journal;
pub mod ledger;
pub mod live;
pub mod market;
pub mod matching;
pub mod order;
pub mod paper;
pub mod risk;
pub mod session;
pub mod stats;
pub mod strategy;
pub mod types;
pub mod venue;
