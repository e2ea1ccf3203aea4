//! Models of the simulated venue: latency, fees, slippage, liquidity. Each is a choice of [`VenueConfig`].

use crate::types::{Error, Money, Price, Qty, Random, Result, SECOND_NS, Side, Timestamp};
use serde::{Deserialize, Serialize};

/// Commission by order; a minimum holds for the order as a whole, however many fills it has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Fees {
    /// None.
    #[default]
    Free,
    /// Dollars a share, with a minimum an order (Interactive Brokers' fixed schedule: 0.005, at least 1).
    PerShare {
        /// Dollars a share.
        rate: Price,
        /// Dollars an order, at least.
        minimum: Money,
    },
    /// A fraction of the notional.
    Notional {
        /// Parts per billion; one basis point is 100,000.
        parts_per_billion: i64,
    },
}

impl Fees {
    /// Fee of an order of which `filled` shares worth `notional` are filled.
    #[inline]
    pub fn total(&self, filled: Qty, notional: Money) -> Result<Money> {
        match *self {
            Self::Free => Ok(Money::ZERO),
            Self::PerShare { rate, minimum } => Ok(Money::notional(rate, filled).max(minimum)),
            Self::Notional { parts_per_billion } => notional.mul_ratio(parts_per_billion, 1_000_000_000),
        }
    }
}

/// How much can be traded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Liquidity {
    /// What the quote shows, the trade printed, the bar traded; it is used up by our own fills until the market shows more.
    #[default]
    Displayed,
    /// Any size at the price shown.
    Unlimited,
}

/// When a resting limit order fills against trades and bars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum QueueModel {
    /// Only when the market trades through its price: we are last in the queue.
    #[default]
    Behind,
    /// When the market trades at its price: we are first in the queue.
    Front,
}

/// Which prices trigger a stop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum StopTrigger {
    /// Trades, or bars where there are no trades; quotes where there are neither.
    #[default]
    Trades,
    /// The far touch: the ask for a buy stop, the bid for a sell stop.
    Quotes,
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
    /// Seed of the jitter.
    pub seed: u64,
    /// Commission.
    pub fees: Fees,
    /// Price taken against us when we take liquidity, in parts per billion of the price; one basis point is 100,000.
    pub slippage_ppb: i64,
    /// How much can be traded.
    pub liquidity: Liquidity,
    /// When resting limits fill against trades and bars.
    pub queue: QueueModel,
    /// Which prices trigger stops.
    pub stop_trigger: StopTrigger,
}

impl Default for VenueConfig {
    fn default() -> Self {
        Self {
            order_latency_ns: 0,
            report_latency_ns: 0,
            jitter_ns: 0,
            seed: 0,
            fees: Fees::Free,
            slippage_ppb: 0,
            liquidity: Liquidity::Displayed,
            queue: QueueModel::Behind,
            stop_trigger: StopTrigger::Trades,
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
        match self.fees {
            Fees::PerShare { rate, minimum } if rate.raw() < 0 || minimum < Money::ZERO => {
                Err(Error::config("venue.fees", "a fee a share and its minimum must not be negative"))
            }
            Fees::Notional { parts_per_billion } if !(-1_000_000..=1_000_000_000).contains(&parts_per_billion) => {
                Err(Error::config("venue.fees", "a fee on the notional must lie between -10 basis points (a rebate) and 100 %"))
            }
            _ => Ok(()),
        }
    }

    /// `price` as we get it when we take liquidity on `side`.
    #[inline]
    pub(super) fn slipped(&self, price: Price, side: Side) -> Result<Price> {
        if self.slippage_ppb == 0 {
            return Ok(price);
        }
        let worse = Money::from_raw(i128::from(price.raw())).mul_ratio(self.slippage_ppb, 1_000_000_000)?.raw() as i64;
        price.checked_add(Price::from_raw(side.sign() * worse))
    }
}

/// Constant latency with uniform, seeded jitter; messages of one direction never overtake each other, as on one connection.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Latency {
    order_ns: i64,
    report_ns: i64,
    jitter_ns: i64,
    random: Random,
    last_order: Timestamp,
    last_report: Timestamp,
    last_origin: Timestamp,
}

impl Latency {
    pub(super) fn new(config: &VenueConfig) -> Self {
        Self {
            order_ns: config.order_latency_ns,
            report_ns: config.report_latency_ns,
            jitter_ns: config.jitter_ns,
            random: Random::new(config.seed),
            last_order: Timestamp::MIN,
            last_report: Timestamp::MIN,
            last_origin: Timestamp::MIN,
        }
    }

    #[inline]
    fn jitter(&mut self) -> i64 {
        if self.jitter_ns == 0 { 0 } else { self.random.below(self.jitter_ns as u64 + 1) as i64 }
    }

    #[inline]
    pub(super) fn order_arrival(&mut self, now: Timestamp) -> Timestamp {
        let due = now.plus(self.order_ns + self.jitter());
        self.last_order = self.last_order.max(due);
        self.last_order
    }

    #[inline]
    pub(super) fn report_arrival(&mut self, at: Timestamp) -> Timestamp {
        self.last_origin = self.last_origin.max(at);
        let due = at.plus(self.report_ns + self.jitter());
        self.last_report = self.last_report.max(due);
        self.last_report
    }

    pub(super) const fn last_report_origin(&self) -> Timestamp {
        self.last_origin
    }
}
