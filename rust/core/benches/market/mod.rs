//! Seeded market data for the benches: the same in every run.

use tickwright_core::event::{Quote, QuoteBatch};
use tickwright_core::types::{InstrumentId, Price, Qty, Random, Timestamp};

/// First event time, nanoseconds: 2013-10-07 13:30 UTC.
const START_NS: i64 = 1_381_152_600_000_000_000;
const CENT: i64 = 10_000_000;
const SHARE: i64 = 1_000_000_000;

/// `n` quotes of `instrument`: the mid walks by cents between 50 and 150 dollars, one or two cents to each side, round lots.
pub(crate) fn quotes(n: usize, instrument: InstrumentId, seed: u64) -> QuoteBatch {
    let mut random = Random::new(seed);
    let mut batch = QuoteBatch::with_capacity(n);
    let (mut mid, mut ts) = (10_000_i64, START_NS);
    for _ in 0..n {
        mid = (mid + random.below(3) as i64 - 1).clamp(5_000, 15_000);
        ts += 1_000 + random.below(1_500_000) as i64;
        batch.push(Quote {
            ts: Timestamp::from_nanos(ts),
            instrument,
            bid: Price::from_raw((mid - 1 - random.below(2) as i64) * CENT),
            ask: Price::from_raw((mid + 1 + random.below(2) as i64) * CENT),
            bid_size: Qty::from_raw((1 + random.below(39) as i64) * 100 * SHARE),
            ask_size: Qty::from_raw((1 + random.below(39) as i64) * 100 * SHARE),
            flags: 0,
        });
    }
    batch
}
