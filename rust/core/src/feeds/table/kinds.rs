//! What a row of each kind is made of and what can be wrong with it.

use super::{Extras, Numbers};
use crate::event::{Bar, BarBatch, Quote, QuoteBatch, Trade, TradeBatch};
use crate::feeds::Fault;
use crate::feeds::absurd::Extent;
use crate::feeds::faults::{Checked, dollars};
use crate::types::{InstrumentId, Price, Qty, Timestamp};

/// Columns of quotes.
#[derive(Clone, Copy, Debug)]
pub struct QuoteColumns<'a> {
    /// Best bid, dollars.
    pub bid: Numbers<'a>,
    /// Best ask, dollars.
    pub ask: Numbers<'a>,
    /// Shares at the bid.
    pub bid_size: Numbers<'a>,
    /// Shares at the ask.
    pub ask_size: Numbers<'a>,
}

/// Columns of trades.
#[derive(Clone, Copy, Debug)]
pub struct TradeColumns<'a> {
    /// Price, dollars.
    pub price: Numbers<'a>,
    /// Shares.
    pub size: Numbers<'a>,
}

/// Columns of bars.
#[derive(Clone, Copy, Debug)]
pub struct BarColumns<'a> {
    /// Start of each bar, nanoseconds since the epoch.
    pub start: &'a [i64],
    /// First price, dollars.
    pub open: Numbers<'a>,
    /// Highest price, dollars.
    pub high: Numbers<'a>,
    /// Lowest price, dollars.
    pub low: Numbers<'a>,
    /// Last price, dollars.
    pub close: Numbers<'a>,
    /// Shares traded.
    pub volume: Numbers<'a>,
}

/// A kind of row with `N` fixed-point columns.
pub(super) trait Kind<const N: usize> {
    type Row: Copy + PartialEq;
    type Batch: Batch<N, Row = Self::Row>;
    /// A row may be the same as the one above.
    const REPEATS: bool = false;

    fn columns(&self) -> [(&'static str, Numbers<'_>); N];
    fn start_len(&self) -> Option<usize> {
        None
    }
    fn row(&self, i: usize, ts: Timestamp, instrument: InstrumentId, values: [i64; N], flags: u32) -> Self::Row;
    fn ts(row: &Self::Row) -> Timestamp;
    /// What is wrong with the row taken by itself.
    fn faults(row: &Self::Row) -> [Option<Fault>; 2];
    fn describe(row: &Self::Row, fault: Fault) -> String;
}

/// A columnar batch under construction.
pub(super) trait Batch<const N: usize> {
    type Row;

    fn with_capacity(rows: usize) -> Self;
    fn len(&self) -> usize;
    fn push(&mut self, row: Self::Row, recv: Option<Timestamp>);
    /// Append row `i` of the optional columns to the row just pushed.
    fn push_extras(&mut self, extras: &Extras<'_>, i: usize);
    fn sort(&mut self);
    /// Remove the rows at `sorted` positions.
    fn remove(&mut self, sorted: &[u32]);
    fn extent(&self, i: usize) -> Extent;
    fn describe(&self, i: usize) -> String;
}

macro_rules! batch {
    ($batch:ident of $row:ident, $n:literal, ($($extra:ident),*), $extent:expr, $describe:expr) => {
        impl Batch<$n> for $batch {
            type Row = $row;

            fn with_capacity(rows: usize) -> Self {
                Self::with_capacity(rows)
            }

            fn len(&self) -> usize {
                self.len()
            }

            fn push(&mut self, row: $row, recv: Option<Timestamp>) {
                self.push(row);
                self.recv.extend(recv);
            }

            fn push_extras(&mut self, extras: &Extras<'_>, i: usize) {
                let _ = (extras, i);
                $(self.$extra.extend(extras.$extra.map(|column| column[i]));)*
            }

            fn sort(&mut self) {
                self.sort_by_time();
                self.shrink_to_fit();
            }

            fn remove(&mut self, sorted: &[u32]) {
                self.remove_rows(sorted);
            }

            fn extent(&self, i: usize) -> Extent {
                let extent: fn(&Self, usize) -> Extent = $extent;
                extent(self, i)
            }

            fn describe(&self, i: usize) -> String {
                let describe: fn(&$row) -> String = $describe;
                describe(&self.get(i))
            }
        }
    };
}

batch!(
    QuoteBatch of Quote,
    4,
    (bid_venue, ask_venue, conditions, tape),
    |b, i| b.get(i).extent(),
    |q| format!("bid {}, ask {}", dollars(q.bid), dollars(q.ask))
);
batch!(
    TradeBatch of Trade,
    2,
    (venue, conditions, tape, id, correction),
    |b, i| Extent { leads: true, ..b.get(i).extent() },
    |t| format!("price {}", dollars(t.price))
);
batch!(
    BarBatch of Bar,
    5,
    (),
    |b, i| b.get(i).extent(),
    |b| format!("bar from {} to {}", dollars(b.low), dollars(b.high))
);

impl Kind<4> for QuoteColumns<'_> {
    type Row = Quote;
    type Batch = QuoteBatch;

    fn columns(&self) -> [(&'static str, Numbers<'_>); 4] {
        [("bid", self.bid), ("ask", self.ask), ("bid_size", self.bid_size), ("ask_size", self.ask_size)]
    }

    fn row(&self, _i: usize, ts: Timestamp, instrument: InstrumentId, [bid, ask, bid_size, ask_size]: [i64; 4], flags: u32) -> Quote {
        Quote {
            ts,
            instrument,
            bid: Price::from_raw(bid),
            ask: Price::from_raw(ask),
            bid_size: Qty::from_raw(bid_size),
            ask_size: Qty::from_raw(ask_size),
            flags,
        }
    }

    fn ts(row: &Quote) -> Timestamp {
        row.ts
    }

    fn faults(row: &Quote) -> [Option<Fault>; 2] {
        [row.own_fault(), None]
    }

    fn describe(row: &Quote, fault: Fault) -> String {
        row.describe(fault)
    }
}

impl Kind<2> for TradeColumns<'_> {
    type Row = Trade;
    type Batch = TradeBatch;

    fn columns(&self) -> [(&'static str, Numbers<'_>); 2] {
        [("price", self.price), ("size", self.size)]
    }

    fn row(&self, _i: usize, ts: Timestamp, instrument: InstrumentId, [price, size]: [i64; 2], flags: u32) -> Trade {
        Trade { ts, instrument, price: Price::from_raw(price), size: Qty::from_raw(size), flags }
    }

    fn ts(row: &Trade) -> Timestamp {
        row.ts
    }

    fn faults(row: &Trade) -> [Option<Fault>; 2] {
        [row.own_fault(), None]
    }

    fn describe(row: &Trade, fault: Fault) -> String {
        row.describe(fault)
    }
}

impl Kind<5> for BarColumns<'_> {
    type Row = Bar;
    type Batch = BarBatch;

    fn columns(&self) -> [(&'static str, Numbers<'_>); 5] {
        [("open", self.open), ("high", self.high), ("low", self.low), ("close", self.close), ("volume", self.volume)]
    }

    fn start_len(&self) -> Option<usize> {
        Some(self.start.len())
    }

    fn row(&self, i: usize, ts: Timestamp, instrument: InstrumentId, [open, high, low, close, volume]: [i64; 5], flags: u32) -> Bar {
        Bar {
            ts,
            start: Timestamp::from_nanos(self.start[i]),
            instrument,
            open: Price::from_raw(open),
            high: Price::from_raw(high),
            low: Price::from_raw(low),
            close: Price::from_raw(close),
            volume: Qty::from_raw(volume),
            flags,
        }
    }

    fn ts(row: &Bar) -> Timestamp {
        row.ts
    }

    fn faults(row: &Bar) -> [Option<Fault>; 2] {
        let bad = row.is_bad().then_some(Fault::BadBar);
        [row.own_fault().filter(|&fault| fault != Fault::BadBar), bad]
    }

    fn describe(row: &Bar, fault: Fault) -> String {
        row.describe(fault)
    }
}
