//! How long messages take.

use crate::types::{Error, Random, Result, SECOND_NS, Timestamp};
use serde::{Deserialize, Serialize};

/// Extra time of a message over the constant one, drawn anew for each.
pub trait Delay {
    /// Nanoseconds, 0 or more.
    fn draw(&self, random: &mut Random) -> i64;
}

/// Choices of [`Delay`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Spread {
    /// Uniform up to `VenueConfig::jitter_ns`.
    #[default]
    Jitter,
    /// `median_ns × exp(sigma × z)`, z standard normal: the usual description of network and matching times, skewed to the right.
    LogNormal {
        /// Median, nanoseconds.
        median_ns: i64,
        /// Standard deviation of the logarithm.
        sigma: f64,
    },
    /// One of these times, nanoseconds, each as likely: measured ones.
    Empirical(Vec<i64>),
}

/// No message of the simulation takes longer.
const LONGEST_NS: i64 = 3_600 * SECOND_NS;

impl Delay for Spread {
    fn draw(&self, random: &mut Random) -> i64 {
        match self {
            Self::Jitter => 0,
            Self::LogNormal { median_ns, sigma } => {
                let ns = *median_ns as f64 * libm::exp(sigma * random.normal());
                (ns as i64).clamp(0, LONGEST_NS)
            }
            Self::Empirical(times) => times.get(random.below(times.len() as u64) as usize).copied().unwrap_or(0),
        }
    }
}

impl Spread {
    pub(super) fn validate(&self) -> Result<()> {
        let wrong = |why: &str| Err(Error::config("venue.latency_spread", why));
        match self {
            Self::LogNormal { median_ns, sigma } if !(0..=LONGEST_NS).contains(median_ns) || !(0.0..=5.0).contains(sigma) => {
                wrong("a log-normal needs a median from 0 to one hour and a sigma from 0 to 5")
            }
            Self::Empirical(times) if times.is_empty() || times.iter().any(|ns| !(0..=LONGEST_NS).contains(ns)) => {
                wrong("measured times must be one at least, each from 0 to one hour")
            }
            _ => Ok(()),
        }
    }
}

/// Constant latency with seeded extra time; messages of one direction never overtake each other, as on one connection.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::venue) struct Latency {
    order_ns: i64,
    report_ns: i64,
    jitter_ns: i64,
    spread: Spread,
    random: Random,
    last_order: Timestamp,
    last_report: Timestamp,
    last_origin: Timestamp,
}

impl Latency {
    pub(in crate::venue) fn new(config: &super::VenueConfig) -> Self {
        Self {
            order_ns: config.order_latency_ns,
            report_ns: config.report_latency_ns,
            jitter_ns: config.jitter_ns,
            spread: config.spread.clone(),
            random: Random::new(config.seed),
            last_order: Timestamp::MIN,
            last_report: Timestamp::MIN,
            last_origin: Timestamp::MIN,
        }
    }

    #[inline]
    fn extra(&mut self) -> i64 {
        let jitter = if self.jitter_ns == 0 { 0 } else { self.random.below(self.jitter_ns as u64 + 1) as i64 };
        if self.spread == Spread::Jitter { jitter } else { jitter + self.spread.draw(&mut self.random) }
    }

    #[inline]
    pub(in crate::venue) fn order_arrival(&mut self, now: Timestamp) -> Timestamp {
        let due = now.plus(self.order_ns + self.extra());
        self.last_order = self.last_order.max(due);
        self.last_order
    }

    #[inline]
    pub(in crate::venue) fn report_arrival(&mut self, at: Timestamp) -> Timestamp {
        self.last_origin = self.last_origin.max(at);
        let due = at.plus(self.report_ns + self.extra());
        self.last_report = self.last_report.max(due);
        self.last_report
    }

    pub(in crate::venue) const fn last_report_origin(&self) -> Timestamp {
        self.last_origin
    }
}
