//! Models of the simulated venue, each a small trait in a file of its own with its source, and [`VenueConfig`], which chooses.

mod actions;
mod borrow;
mod fees;
mod latency;
mod liquidity;
mod queue;
mod slippage;

pub use actions::{OnDividend, OnSplit};
pub(super) use actions::{less_dividend, split_price, split_qty};
pub use borrow::{Borrow, BorrowModel};
pub use fees::{FeeModel, Fees, Regulatory, TIERS_MAX, Tier};
pub(super) use latency::Latency;
pub use latency::{Delay, Spread};
pub use liquidity::{ALL_PPB, Liquidity, LiquidityModel, Share};
pub use queue::{Place, QueueModel, QueuePosition};
pub(super) use slippage::worsened;
pub use slippage::{Impact, ImpactModel};

use crate::types::{Error, Result, SECOND_NS};
use serde::{Deserialize, Serialize};

/// Which prices trigger a stop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum StopTrigger {
    /// Trades, or bars where there are no trades; quotes where there are neither.
    #[default]
    Trades,
    /// The far touch: the ask for a buy stop, the bid for a sell stop.
    Quotes,
}

/// What a stop buy becomes when its price is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum StopBuy {
    /// A market order.
    #[default]
    Market,
    /// A limit order 4 % above the stop where that is below 50 dollars, else 2.5 %: what Alpaca makes of it.
    Collared,
}

/// What orders are matched with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Matching {
    /// Best bid and ask, trades and bars.
    #[default]
    Touch,
    /// The book, where the instrument has one, and trades; orders that take walk its levels.
    Book,
    /// An exchange on which the quotes are a street's orders: orders trade with it and with each other by price and time.
    Exchange,
}

/// When orders may trade.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sessions {
    /// Whenever there are data.
    #[default]
    Continuous,
    /// 9:30 to 16:00 in New York; orders for extended hours from 4:00 to 20:00.
    UsEquity,
}

/// Whether the data's halts and pauses stop trading here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Halts {
    /// They do.
    #[default]
    Respect,
    /// They do not.
    Ignore,
}

/// Settings of the simulated venue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VenueConfig {
    /// Time from the engine to the venue, nanoseconds.
    pub order_latency_ns: i64,
    /// Time from the venue to the engine, nanoseconds.
    pub report_latency_ns: i64,
    /// Largest extra time either way, uniform, nanoseconds.
    pub jitter_ns: i64,
    /// More extra time, by a distribution.
    pub spread: Spread,
    /// Seed of the extra times.
    pub seed: u64,
    /// Commission.
    pub fees: Fees,
    /// Price taken against us when we take liquidity, in parts per billion of the price; one basis point is 100,000.
    pub slippage_ppb: i64,
    /// The same, growing with size.
    pub impact: Impact,
    /// How much can be traded.
    pub liquidity: Liquidity,
    /// Part of a shown size that we may have, in parts per billion.
    pub participation_ppb: i64,
    /// When resting limits fill against trades and bars.
    pub queue: QueueModel,
    /// Which prices trigger stops.
    pub stop_trigger: StopTrigger,
    /// What a stop buy becomes.
    pub stop_buy: StopBuy,
    /// What orders are matched with.
    pub matching: Matching,
    /// When orders may trade.
    pub sessions: Sessions,
    /// Whether halts stop trading.
    pub halts: Halts,
    /// Shares to borrow.
    pub borrow: Borrow,
    /// What splits do to orders.
    pub on_split: OnSplit,
    /// What dividends do to orders.
    pub on_dividend: OnDividend,
}

impl Default for VenueConfig {
    fn default() -> Self {
        Self {
            order_latency_ns: 0,
            report_latency_ns: 0,
            jitter_ns: 0,
            spread: Spread::Jitter,
            seed: 0,
            fees: Fees::Free,
            slippage_ppb: 0,
            impact: Impact::None,
            liquidity: Liquidity::Displayed,
            participation_ppb: ALL_PPB,
            queue: QueueModel::Behind,
            stop_trigger: StopTrigger::Trades,
            stop_buy: StopBuy::Market,
            matching: Matching::Touch,
            sessions: Sessions::Continuous,
            halts: Halts::Respect,
            borrow: Borrow::FREE,
            on_split: OnSplit::Cancel,
            on_dividend: OnDividend::Keep,
        }
    }
}

impl VenueConfig {
    /// Refuse settings that cannot work.
    pub fn validate(&self) -> Result<()> {
        let hour = 3600 * SECOND_NS;
        for (field, ns) in
            [("latency_ms", self.order_latency_ns), ("report_latency_ms", self.report_latency_ns), ("latency_jitter_ms", self.jitter_ns)]
        {
            if !(0..=hour).contains(&ns) {
                return Err(Error::config(format!("venue.{field}"), "must lie between 0 and one hour"));
            }
        }
        if !(0..=100_000_000).contains(&self.slippage_ppb) {
            return Err(Error::config("venue.slippage_bps", "must lie between 0 and 1,000 (10 %)"));
        }
        if !(1..=ALL_PPB).contains(&self.participation_ppb) {
            return Err(Error::config("venue.participation", "must lie above 0 and be at most 1"));
        }
        if self.queue.needs_book() && self.matching != Matching::Book {
            return Err(Error::config("venue.queue", "this model reads a book: set matching to book, or use behind or front"));
        }
        self.spread.validate()?;
        self.fees.validate()?;
        self.impact.validate()?;
        self.queue.validate()?;
        self.borrow.validate()
    }

    pub(super) const fn share(&self) -> Share {
        Share { liquidity: self.liquidity, participation_ppb: self.participation_ppb }
    }
}
