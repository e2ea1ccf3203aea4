//! Seeded market data for the benches: the same in every run.

use tickwright_core::event::{BookAction, BookDelta, DeltaBatch, FLAG_LAST, Quote, QuoteBatch, Trade, TradeBatch};
use tickwright_core::feeds::MarketData;
use tickwright_core::types::{InstrumentId, Price, Qty, Random, Side, Timestamp};

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

/// About `n` events of one book, 50 µs apart: levels near the touch that change in size, and trades that eat the touch.
#[allow(dead_code, reason = "not every bench that shares this folder has a book")]
pub(crate) fn levels(n: usize) -> MarketData {
    let mut data = MarketData::default();
    let Ok(instrument) = data.instruments.intern("BENCH") else { return data };
    let mut random = Random::new(11);
    let (mut deltas, mut trades) = (DeltaBatch::with_capacity(n), TradeBatch::with_capacity(n / 4));
    // The number of levels gone at each touch, and the shares left at the best that is there.
    let (mut gone, mut left) = ([0_i64; 2], [500_i64; 2]);
    for i in 0..n {
        let ts = Timestamp::from_nanos(START_NS + i as i64 * 50_000 + random.below(30_000) as i64);
        let at = random.below(2) as usize;
        let side = if at == 0 { Side::Buy } else { Side::Sell };
        let price = |behind: i64| Price::from_raw((10_000 - side.sign() * (1 + behind)) * CENT);
        let mut delta = |behind: i64, size: i64, ts| {
            let (action, price, size) = (BookAction::Add, price(behind), Qty::from_raw(size * SHARE));
            deltas.push(BookDelta { ts, instrument, order: 0, action, side, price, size, flags: FLAG_LAST });
        };
        if i < 20 || random.below(10) < 7 {
            let behind = if gone[at] > 0 && random.below(2) == 0 { gone[at] - 1 } else { gone[at] + random.below(10) as i64 };
            let size = 100 * (1 + random.below(20) as i64);
            (gone[at], left[at]) = if behind <= gone[at] { (behind, size) } else { (gone[at], left[at]) };
            delta(behind, size, ts);
        } else if i % 2 == 0 {
            let size = left[at].min(50 * (1 + random.below(20) as i64));
            trades.push(Trade { ts, instrument, price: price(gone[at]), size: Qty::from_raw(size * SHARE), flags: 0 });
            left[at] -= size;
            delta(gone[at], left[at], ts.plus(10_000));
            if left[at] == 0 {
                (gone[at], left[at]) = (gone[at] + 1, 500);
                delta(gone[at], 500, ts.plus(11_000));
            }
        }
    }
    (data.deltas, data.trades) = (vec![deltas], vec![trades]);
    data
}
