//! Book changes from a table: of levels (L2), or of single orders where it names them (L3).

use super::kinds::{Batch, Kind};
use super::{Extras, Frame, Numbers, read};
use crate::event::{BookAction, BookDelta, DeltaBatch, FLAG_LAST};
use crate::feeds::absurd::Extent;
use crate::feeds::faults::dollars;
use crate::feeds::{Fault, MarketData, QualityPolicy};
use crate::types::{Error, InstrumentId, Price, Qty, Result, Side, Timestamp};

/// Columns of book changes.
#[derive(Clone, Copy, Debug)]
pub struct DeltaColumns<'a> {
    /// 0 for the side of the buyers, 1 for that of the sellers.
    pub side: &'a [u8],
    /// Dollars.
    pub price: Numbers<'a>,
    /// Shares: of a level its new size, of an order as its action says.
    pub size: Numbers<'a>,
    /// Codes of [`ACTIONS`]; without them every row is the new size of a level, zero where the level is gone.
    pub action: Option<&'a [u8]>,
    /// Exchange order ids, 0 for a level; without them every row is about a level.
    pub order: Option<&'a [u64]>,
}

/// Actions by code.
pub const ACTIONS: [BookAction; 6] =
    [BookAction::Add, BookAction::Cancel, BookAction::Delete, BookAction::Execute, BookAction::Clear, BookAction::Modify];

/// Book changes from a table. Where it has no flags, the rows of one instrument and one time are one change of its book.
pub fn deltas(frame: &Frame<'_>, columns: &DeltaColumns<'_>, policy: &QualityPolicy) -> Result<MarketData> {
    let rows = frame.ts.len();
    let lengths =
        [("side", Some(columns.side.len())), ("action", columns.action.map(<[u8]>::len)), ("order", columns.order.map(<[u64]>::len))];
    for (name, length) in lengths {
        if length.is_some_and(|length| length != rows) {
            return Err(Error::data(
                format!("{}: column {name}", frame.place),
                format!("has {} rows where ts has {rows}; make them equal", length.unwrap_or(0)),
            ));
        }
    }
    let codes = [("side", Some(columns.side), 2), ("action", columns.action, ACTIONS.len())];
    for (name, column, most) in codes {
        if let Some(row) = column.and_then(|column| column.iter().position(|&code| usize::from(code) >= most)) {
            return Err(Error::data(
                format!("{}: row {}: column {name}", frame.place, row + 1),
                format!("is no code; give 0 to {}", most - 1),
            ));
        }
    }
    let (instruments, mut batch, report) = read(frame, columns, policy)?;
    if frame.flags.is_none() {
        for i in 0..batch.len() {
            let goes_on = batch.ts.get(i + 1) == Some(&batch.ts[i]) && batch.instrument[i + 1] == batch.instrument[i];
            batch.flags[i] |= if goes_on { 0 } else { FLAG_LAST };
        }
    }
    Ok(MarketData { instruments, deltas: vec![batch], report, ..MarketData::default() })
}

impl Batch<2> for DeltaBatch {
    type Row = BookDelta;

    fn with_capacity(rows: usize) -> Self {
        Self::with_capacity(rows)
    }

    fn len(&self) -> usize {
        self.len()
    }

    fn push(&mut self, row: BookDelta, recv: Option<Timestamp>) {
        self.push(row);
        self.recv.extend(recv);
    }

    fn push_extras(&mut self, _extras: &Extras<'_>, _i: usize) {}

    fn sort(&mut self) {
        self.sort_by_time();
        self.shrink_to_fit();
    }

    fn remove(&mut self, sorted: &[u32]) {
        self.remove_rows(sorted);
    }

    /// Without a price: a level may lie anywhere.
    fn extent(&self, i: usize) -> Extent {
        Extent { instrument: self.instrument[i], low: 0, high: 0, reference: 0, leads: false }
    }

    fn describe(&self, i: usize) -> String {
        format!("price {}", dollars(self.price[i]))
    }
}

impl Kind<2> for DeltaColumns<'_> {
    type Row = BookDelta;
    type Batch = DeltaBatch;
    /// Two orders, or two parts of one, may be alike.
    const REPEATS: bool = true;

    fn columns(&self) -> [(&'static str, Numbers<'_>); 2] {
        [("price", self.price), ("size", self.size)]
    }

    fn row(&self, i: usize, ts: Timestamp, instrument: InstrumentId, [price, size]: [i64; 2], flags: u32) -> BookDelta {
        BookDelta {
            ts,
            instrument,
            order: self.order.map_or(0, |order| order[i]),
            action: self.action.map_or(BookAction::Add, |action| ACTIONS[usize::from(action[i]) % ACTIONS.len()]),
            side: if self.side[i] == 0 { Side::Buy } else { Side::Sell },
            price: Price::from_raw(price),
            size: Qty::from_raw(size),
            flags,
        }
    }

    fn ts(row: &BookDelta) -> Timestamp {
        row.ts
    }

    fn faults(row: &BookDelta) -> [Option<Fault>; 2] {
        // Who takes an order away need not say where it was.
        let names_price = matches!(row.action, BookAction::Add | BookAction::Modify);
        [(names_price && row.price.is_zero()).then_some(Fault::ZeroPrice), None]
    }

    fn describe(row: &BookDelta, _fault: Fault) -> String {
        format!("{} of {} shares at price {}", if row.side == Side::Buy { "buy" } else { "sell" }, row.size, dollars(row.price))
    }
}
