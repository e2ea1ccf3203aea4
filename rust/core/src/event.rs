//! Market events, fixed in size, and their columnar batches.
//!
//! `ts` is the time at which the event is knowable: a quote's or trade's exchange time, a bar's end. `recv` is when we
//! received it; a batch without receive times leaves the column empty and reads `ts` in its place.
//! A batch holds one kind of event; [`crate::feeds::MarketData`] keeps its batches sorted by `ts`.

use crate::types::{InstrumentId, Price, Qty, Side, Timestamp};

/// Set on a quote made from the close of a quote bar.
pub const FLAG_FROM_BAR: u32 = 1;
/// Set on events that the source marks as suspicious and the policy kept.
pub const FLAG_SUSPICIOUS: u32 = 1 << 1;
/// Set on a trade that must not move the last price (average price, prior reference, odd lot, …).
pub const FLAG_NO_LAST: u32 = 1 << 2;
/// Set on a trade that must not count in volume.
pub const FLAG_NO_VOLUME: u32 = 1 << 3;
/// Set on a quote whose bid is above its ask, where the policy kept it.
pub const FLAG_CROSSED: u32 = 1 << 4;
/// Set on trades and bars outside the regular session (9:30 to 16:00 in New York for US equities).
pub const FLAG_EXTENDED: u32 = 1 << 5;
/// Set on a bar that was not over when its data ended.
pub const FLAG_PARTIAL: u32 = 1 << 6;

/// Best bid and ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quote {
    /// Exchange time.
    pub ts: Timestamp,
    /// Instrument.
    pub instrument: InstrumentId,
    /// Best bid, dollars; zero when there is none.
    pub bid: Price,
    /// Best ask, dollars; zero when there is none.
    pub ask: Price,
    /// Shares at the bid.
    pub bid_size: Qty,
    /// Shares at the ask.
    pub ask_size: Qty,
    /// `FLAG_…` bits.
    pub flags: u32,
}

impl Quote {
    /// Midpoint in dollars as a float; NaN unless both sides are there.
    #[inline]
    pub fn mid(&self) -> f64 {
        if self.bid.is_positive() && self.ask.is_positive() { (self.bid.raw() as f64 + self.ask.raw() as f64) * 0.5e-9 } else { f64::NAN }
    }
}

/// A trade print.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trade {
    /// Exchange time.
    pub ts: Timestamp,
    /// Instrument.
    pub instrument: InstrumentId,
    /// Price, dollars.
    pub price: Price,
    /// Shares.
    pub size: Qty,
    /// `FLAG_…` bits.
    pub flags: u32,
}

/// A complete bar: visible at `ts`, its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bar {
    /// End of the bar: the first moment at which it is known.
    pub ts: Timestamp,
    /// Start of the bar.
    pub start: Timestamp,
    /// Instrument.
    pub instrument: InstrumentId,
    /// First price, dollars.
    pub open: Price,
    /// Highest price, dollars.
    pub high: Price,
    /// Lowest price, dollars.
    pub low: Price,
    /// Last price, dollars.
    pub close: Price,
    /// Shares traded.
    pub volume: Qty,
    /// `FLAG_…` bits.
    pub flags: u32,
}

/// One change to an order book, order by order (L3) or level by level (L2, `order` = 0).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookDelta {
    /// Exchange time.
    pub ts: Timestamp,
    /// Instrument.
    pub instrument: InstrumentId,
    /// Exchange order id; 0 for a level.
    pub order: u64,
    /// What happens.
    pub action: BookAction,
    /// Side of the book.
    pub side: Side,
    /// Price, dollars.
    pub price: Price,
    /// Shares: added, canceled or executed.
    pub size: Qty,
}

/// What a [`BookDelta`] does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BookAction {
    /// A new order, or the new size of a level.
    Add,
    /// `size` shares of an order are canceled.
    Cancel,
    /// The order is gone.
    Delete,
    /// `size` shares of a visible order are executed.
    Execute,
    /// Everything on the side is gone.
    Clear,
}

/// A corporate action, effective at `ts` before that moment's market events.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CorporateAction {
    /// Effective time: the open of the ex-date.
    pub ts: Timestamp,
    /// Instrument.
    pub instrument: InstrumentId,
    /// What happens.
    pub kind: ActionKind,
}

/// What a [`CorporateAction`] does.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum ActionKind {
    /// Cash of `per_share` dollars a share; `reference` is the last close before the ex-date and `ratio` the price factor
    /// before ÷ after it, so that `per_share = reference × (1 − ratio)`.
    Dividend {
        /// Dollars a share, as the factor implies it, exact to 1e-9.
        per_share: Price,
        /// Last close before the ex-date, dollars.
        reference: Price,
        /// Price factor before the ex-date ÷ after it.
        ratio: f64,
    },
    /// One share becomes `new_shares_per_old` (7 for a 7:1 split).
    Split {
        /// New shares for one old share.
        new_shares_per_old: f64,
    },
}

/// Any market event, as the engine takes it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum MarketEvent {
    /// A corporate action; first among events of one moment.
    Action(CorporateAction),
    /// Best bid and ask.
    Quote(Quote),
    /// A trade.
    Trade(Trade),
    /// A complete bar; last among events of one moment.
    Bar(Bar),
}

impl MarketEvent {
    /// When the event is knowable.
    #[inline]
    pub const fn ts(&self) -> Timestamp {
        match self {
            Self::Action(e) => e.ts,
            Self::Quote(e) => e.ts,
            Self::Trade(e) => e.ts,
            Self::Bar(e) => e.ts,
        }
    }

    /// The instrument it is about.
    #[inline]
    pub const fn instrument(&self) -> InstrumentId {
        match self {
            Self::Action(e) => e.instrument,
            Self::Quote(e) => e.instrument,
            Self::Trade(e) => e.instrument,
            Self::Bar(e) => e.instrument,
        }
    }
}

macro_rules! columnar {
    ($(#[$doc:meta])* $batch:ident of $row:ident { $($column:ident: $type:ty),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default)]
        pub struct $batch {
            $(
                #[doc = concat!("Column `", stringify!($column), "`.")]
                pub $column: Vec<$type>,
            )+
            /// Receive times, or empty where the source has none.
            pub recv: Vec<Timestamp>,
        }

        impl $batch {
            /// An empty batch with room for `rows`.
            pub fn with_capacity(rows: usize) -> Self {
                Self { $($column: Vec::with_capacity(rows),)+ recv: Vec::new() }
            }

            /// Rows.
            #[inline]
            pub fn len(&self) -> usize {
                self.ts.len()
            }

            /// True without rows.
            #[inline]
            pub fn is_empty(&self) -> bool {
                self.ts.is_empty()
            }

            /// Append a row.
            #[inline]
            pub fn push(&mut self, row: $row) {
                $(self.$column.push(row.$column);)+
            }

            /// Row `i`; panics when out of range, like slice indexing.
            // A call would hand the row over in memory, where its neighbouring narrow fields are read back as one wide word
            // before they have left the store buffer: measured at a quarter of the time of an idle run.
            #[allow(clippy::inline_always, reason = "measured, see above")]
            #[inline(always)]
            pub fn get(&self, i: usize) -> $row {
                $row { $($column: self.$column[i]),+ }
            }

            /// Heap bytes held.
            pub fn heap_bytes(&self) -> usize {
                self.recv.capacity() * size_of::<Timestamp>() $(+ self.$column.capacity() * size_of::<$type>())+
            }

            /// Give back unused room.
            pub fn shrink_to_fit(&mut self) {
                $(self.$column.shrink_to_fit();)+
                self.recv.shrink_to_fit();
            }

            /// First row whose time is before its predecessor's.
            pub fn first_unsorted(&self) -> Option<usize> {
                self.ts.windows(2).position(|w| w[1] < w[0]).map(|i| i + 1)
            }

            /// Sort by time, keeping the order of rows of one moment.
            pub fn sort_by_time(&mut self) {
                if self.first_unsorted().is_none() {
                    return;
                }
                let mut order: Vec<u32> = (0..self.len() as u32).collect();
                order.sort_by_key(|&i| self.ts[i as usize]);
                $(self.$column = order.iter().map(|&i| self.$column[i as usize]).collect();)+
                if !self.recv.is_empty() {
                    self.recv = order.iter().map(|&i| self.recv[i as usize]).collect();
                }
            }

            /// Append all rows of `other`; receive times survive only when both batches have them.
            pub fn extend(&mut self, other: &Self) {
                if self.recv.len() != self.len() || other.recv.len() != other.len() {
                    self.recv.clear();
                } else {
                    self.recv.extend_from_slice(&other.recv);
                }
                $(self.$column.extend_from_slice(&other.$column);)+
            }
        }
    };
}

columnar! {
    /// Quotes by column: 52 bytes a row.
    QuoteBatch of Quote { ts: Timestamp, instrument: InstrumentId, bid: Price, ask: Price, bid_size: Qty, ask_size: Qty, flags: u32 }
}
columnar! {
    /// Trades by column: 32 bytes a row.
    TradeBatch of Trade { ts: Timestamp, instrument: InstrumentId, price: Price, size: Qty, flags: u32 }
}
columnar! {
    /// Bars by column: 64 bytes a row.
    BarBatch of Bar { ts: Timestamp, start: Timestamp, instrument: InstrumentId, open: Price, high: Price, low: Price, close: Price, volume: Qty, flags: u32 }
}
columnar! {
    /// Book changes by column: 42 bytes a row.
    DeltaBatch of BookDelta { ts: Timestamp, instrument: InstrumentId, order: u64, action: BookAction, side: Side, price: Price, size: Qty }
}
columnar! {
    /// Corporate actions by column.
    ActionBatch of CorporateAction { ts: Timestamp, instrument: InstrumentId, kind: ActionKind }
}
