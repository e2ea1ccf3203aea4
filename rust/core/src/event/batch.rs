//! Columnar batches: one a kind of event, a vector a column.

use super::{
    ActionKind, Bar, BookAction, BookDelta, CorporateAction, Correction, CorrectionKind, PriceBand, Quote, Status, Trade, TradingState,
};
use crate::types::{InstrumentId, Label, Price, Qty, Side, Timestamp};

/// `column` without the values at `gone`, ascending positions; an unused optional column stays empty.
fn remove_from<T: Copy>(column: &mut Vec<T>, gone: &[u32]) {
    let (rows, Some(&first)) = (column.len(), gone.first()) else { return };
    let mut to = first as usize;
    if to >= rows {
        return;
    }
    for (i, &at) in gone.iter().enumerate() {
        let from = at as usize + 1;
        let end = gone.get(i + 1).map_or(rows, |&next| (next as usize).min(rows));
        if from < end {
            column.copy_within(from..end, to);
            to += end - from;
        }
    }
    column.truncate(to);
}

macro_rules! columnar {
    ($(#[$doc:meta])* $batch:ident of $row:ident { $($column:ident: $type:ty),+ $(,)? } optional { $($extra:ident: $extra_type:ty = $extra_doc:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default)]
        pub struct $batch {
            $(
                #[doc = concat!("Column `", stringify!($column), "`.")]
                pub $column: Vec<$type>,
            )+
            /// Receive times, or empty where the source has none.
            pub recv: Vec<Timestamp>,
            $(
                #[doc = concat!($extra_doc, "; empty where the source does not tell.")]
                pub $extra: Vec<$extra_type>,
            )*
        }

        impl $batch {
            /// An empty batch with room for `rows`.
            pub fn with_capacity(rows: usize) -> Self {
                Self { $($column: Vec::with_capacity(rows),)+ recv: Vec::new(), $($extra: Vec::new(),)* }
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

            /// Append a row; optional columns in use are for the caller to append to.
            #[inline]
            pub fn push(&mut self, row: $row) {
                $(self.$column.push(row.$column);)+
            }

            /// Append rows, a column at a time; optional columns in use are for the caller to append to.
            #[inline]
            pub fn push_all(&mut self, rows: &[$row]) {
                $(self.$column.extend(rows.iter().map(|row| row.$column));)+
            }

            /// Append row `i` of `other`, optional columns too; for a batch that is filled from `other` alone.
            #[inline]
            pub fn push_from(&mut self, other: &Self, i: usize) {
                $(self.$column.push(other.$column[i]);)+
                self.recv.extend(other.recv.get(i));
                $(self.$extra.extend(other.$extra.get(i));)*
            }

            /// Take away all rows and keep the room.
            pub fn clear(&mut self) {
                $(self.$column.clear();)+
                self.recv.clear();
                $(self.$extra.clear();)*
            }

            /// True when each optional column is empty or as long as the batch.
            pub fn is_even(&self) -> bool {
                let rows = self.len();
                $(self.$column.len() == rows &&)+ (self.recv.is_empty() || self.recv.len() == rows)
                    $(&& (self.$extra.is_empty() || self.$extra.len() == rows))*
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
                self.recv.capacity() * size_of::<Timestamp>()
                    $(+ self.$column.capacity() * size_of::<$type>())+
                    $(+ self.$extra.capacity() * size_of::<$extra_type>())*
            }

            /// Give back unused room.
            pub fn shrink_to_fit(&mut self) {
                $(self.$column.shrink_to_fit();)+
                self.recv.shrink_to_fit();
                $(self.$extra.shrink_to_fit();)*
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
                $(if !self.$extra.is_empty() {
                    self.$extra = order.iter().map(|&i| self.$extra[i as usize]).collect();
                })*
            }

            /// Append all rows of `other`; receive times survive only when both batches have them, and of an optional column that
            /// one batch lacks its rows read as none.
            pub fn extend(&mut self, other: &Self) {
                self.extend_range(other, 0..other.len());
            }

            /// Append rows of `other` as [`Self::extend`] does; panics when `rows` is out of range, like slice indexing.
            pub fn extend_range(&mut self, other: &Self, rows: std::ops::Range<usize>) {
                $(if !self.$extra.is_empty() || !other.$extra.is_empty() {
                    self.$extra.resize(self.len(), Default::default());
                    match other.$extra.get(rows.clone()) {
                        Some(values) => self.$extra.extend_from_slice(values),
                        None => self.$extra.resize(self.len() + rows.len(), Default::default()),
                    }
                })*
                if self.recv.len() != self.len() || other.recv.len() != other.len() {
                    self.recv.clear();
                } else {
                    self.recv.extend_from_slice(&other.recv[rows.clone()]);
                }
                $(self.$column.extend_from_slice(&other.$column[rows.clone()]);)+
            }

            /// Take away the rows at `gone`, ascending, in place: one pass a column, whatever the number of rows.
            pub fn remove_rows(&mut self, gone: &[u32]) {
                $(remove_from(&mut self.$column, gone);)+
                remove_from(&mut self.recv, gone);
                $(remove_from(&mut self.$extra, gone);)*
            }

            /// Rows of many sorted batches in one, by time; rows of one moment stay in order of their batches.
            pub fn merge_sorted(batches: &[&Self]) -> Self {
                Self::merge_renumbered(batches, &vec![None; batches.len()])
            }

            /// The same, with the ids that each batch's table in `ids` has for its own; a batch without a table keeps them.
            pub fn merge_renumbered(batches: &[&Self], ids: &[Option<&[InstrumentId]>]) -> Self {
                let times: Vec<&[Timestamp]> = batches.iter().map(|b| b.ts.as_slice()).collect();
                let order = crate::feeds::merge::Order::new(&times);
                let rows = times.iter().map(|t| t.len()).sum();
                let mut out = Self::with_capacity(rows);
                $(order.gather(&batches.iter().map(|b| b.$column.as_slice()).collect::<Vec<_>>(), &mut out.$column);)+
                order.renumber(&mut out.instrument, ids);
                if batches.iter().all(|b| b.recv.len() == b.len()) {
                    out.recv.reserve_exact(rows);
                    order.gather(&batches.iter().map(|b| b.recv.as_slice()).collect::<Vec<_>>(), &mut out.recv);
                }
                $(if batches.iter().any(|b| !b.$extra.is_empty()) {
                    out.$extra.reserve_exact(rows);
                    order.gather_optional(&batches.iter().map(|b| b.$extra.as_slice()).collect::<Vec<_>>(), &mut out.$extra);
                })*
                out
            }
        }
    };
}

columnar! {
    /// Quotes by column: 52 bytes a row.
    QuoteBatch of Quote { ts: Timestamp, instrument: InstrumentId, bid: Price, ask: Price, bid_size: Qty, ask_size: Qty, flags: u32 }
    optional {
        bid_venue: u8 = "Venue of the bid",
        ask_venue: u8 = "Venue of the ask",
        conditions: u32 = "Quote conditions",
        tape: u8 = "Tape: A, B or C",
        sequence: u64 = "The source's sequence numbers",
    }
}
columnar! {
    /// Trades by column: 32 bytes a row.
    TradeBatch of Trade { ts: Timestamp, instrument: InstrumentId, price: Price, size: Qty, flags: u32 }
    optional {
        id: u64 = "The source's trade ids",
        venue: u8 = "Venue",
        conditions: u32 = "Sale conditions",
        tape: u8 = "Tape: A, B or C",
        aggressor: i8 = "Who took: 1 the buyer, -1 the seller, 0 not known",
        correction: u8 = "The tape's correction code, 0 for a trade that stands as first reported",
    }
}
columnar! {
    /// Bars by column: 64 bytes a row.
    BarBatch of Bar { ts: Timestamp, start: Timestamp, instrument: InstrumentId, open: Price, high: Price, low: Price, close: Price, volume: Qty, flags: u32 }
    optional {
        trades: u64 = "How many trades",
        vwap: Price = "Volume-weighted average price, dollars",
    }
}
columnar! {
    /// Book changes by column: 46 bytes a row.
    DeltaBatch of BookDelta { ts: Timestamp, instrument: InstrumentId, order: u64, action: BookAction, side: Side, price: Price, size: Qty, flags: u32 }
    optional {
        sequence: u64 = "The source's sequence numbers",
    }
}
columnar! {
    /// Corporate actions by column.
    ActionBatch of CorporateAction { ts: Timestamp, instrument: InstrumentId, kind: ActionKind }
    optional {}
}
columnar! {
    /// Changes of trading state by column.
    StatusBatch of Status { ts: Timestamp, instrument: InstrumentId, state: TradingState, code: Label, message: Label, reason_code: Label, reason: Label }
    optional {
        tape: u8 = "Tape: A, B or C",
    }
}
columnar! {
    /// Limit-up and limit-down prices by column.
    BandBatch of PriceBand { ts: Timestamp, instrument: InstrumentId, lower: Price, upper: Price, indicator: u8 }
    optional {
        tape: u8 = "Tape: A, B or C",
    }
}
columnar! {
    /// Corrections and cancellations of trades by column.
    CorrectionBatch of Correction {
        ts: Timestamp, instrument: InstrumentId, kind: CorrectionKind, original_id: u64, original_price: Price, original_size: Qty,
        original_conditions: u32, id: u64, price: Price, size: Qty, conditions: u32
    }
    optional {
        venue: u8 = "Venue",
        tape: u8 = "Tape: A, B or C",
        action: u8 = "The source's letter for the kind of cancellation",
    }
}
