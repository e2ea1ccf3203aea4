//! A token bucket in event time, exact in whole numbers.

use crate::types::Timestamp;
use serde::{Deserialize, Serialize};

/// At most `rate` tokens in any window, more only as event time refills the bucket: over any span of `t` nanoseconds at most
/// `rate + rate × t ÷ window_ns` pass. One token is `window_ns` credits, and each nanosecond earns `rate` of them, so that
/// nothing is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    rate: i64,
    window_ns: i64,
    level: i64,
    seen: Timestamp,
}

impl Bucket {
    /// The largest `rate × window_ns` that can be counted.
    pub const MAX_CREDITS: i64 = i64::MAX / 4;

    /// A full bucket; `rate × window_ns` must be at most [`Self::MAX_CREDITS`].
    pub fn new(rate: u32, window_ns: i64) -> Self {
        let rate = i64::from(rate);
        Self { rate, window_ns, level: rate.saturating_mul(window_ns).min(Self::MAX_CREDITS), seen: Timestamp::MIN }
    }

    #[inline]
    const fn capacity(&self) -> i64 {
        self.rate * self.window_ns
    }

    /// Credits at `now`; time that runs backwards earns none.
    #[inline]
    fn level_at(&self, now: Timestamp) -> i64 {
        let elapsed = now.since(self.seen);
        if elapsed <= 0 {
            return self.level;
        }
        // A window refills whatever was taken; a debt may take two.
        let earned = self.rate * if elapsed < 2 * self.window_ns { elapsed } else { 2 * self.window_ns };
        (self.level + earned).min(self.capacity())
    }

    /// True when a token is there.
    #[inline]
    pub fn has(&self, now: Timestamp) -> bool {
        self.level_at(now) >= self.window_ns
    }

    /// Whole tokens taken and not refilled yet.
    pub fn used(&self, now: Timestamp) -> i64 {
        let spent = self.capacity() - self.level_at(now);
        spent / self.window_ns + i64::from(spent % self.window_ns != 0)
    }

    /// Take a token, whether or not it is there; a debt of more than a whole bucket is forgiven.
    #[inline]
    pub fn take(&mut self, now: Timestamp) {
        self.level = (self.level_at(now) - self.window_ns).max(-self.capacity());
        self.seen = self.seen.max(now);
    }

    /// The same bucket at another rate: what was taken stays taken.
    #[must_use]
    pub fn at_rate(&self, rate: u32, window_ns: i64) -> Self {
        let fresh = Self::new(rate, window_ns);
        let spent = i128::from(self.capacity() - self.level_at(self.seen)) * i128::from(window_ns) / i128::from(self.window_ns.max(1));
        let level = (i128::from(fresh.capacity()) - spent).max(-i128::from(fresh.capacity()));
        Self { level: i64::try_from(level).unwrap_or(0), seen: self.seen, ..fresh }
    }
}
