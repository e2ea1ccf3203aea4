//! The messages of each kind, whatever writes them.

use super::super::rows::{MarketRows, RowKind, RowRef};
use super::Out;
use crate::event::{BookAction, BookDelta, CorrectionKind, FLAG_DAILY, FLAG_SELLER_TOOK, FLAG_SNAPSHOT, FLAG_UPDATED, unpack_conditions};
use crate::types::{Label, Side};

/// Levels of a book that wait for their message: price and size.
#[derive(Debug, Default)]
pub(super) struct Levels {
    bids: Vec<(i64, i64)>,
    asks: Vec<(i64, i64)>,
    reset: bool,
    ts: i64,
}

impl Levels {
    pub(super) fn add(&mut self, delta: &BookDelta) {
        self.ts = delta.ts.nanos();
        self.reset |= delta.flags & FLAG_SNAPSHOT != 0;
        let size = match delta.action {
            BookAction::Clear => return,
            BookAction::Delete => 0,
            _ => delta.size.raw(),
        };
        let side = if delta.side == Side::Buy { &mut self.bids } else { &mut self.asks };
        side.push((delta.price.raw(), size));
    }
}

/// What the messages of an instrument have in common.
pub(super) struct Message<'a> {
    pub(super) symbol: &'a [u8],
    pub(super) crypto: bool,
    /// The tape of a stock whose messages are made complete, or any letter of a coin's; zero where they stay as the data are.
    pub(super) tape: u8,
    pub(super) labels: &'a [Vec<u8>],
}

/// The value of an optional column.
#[inline]
fn of<T: Copy + Default>(column: &[T], row: usize) -> T {
    column.get(row).copied().unwrap_or_default()
}

fn conditions<O: Out>(out: &mut O, key: &'static str, packed: u32) {
    out.key(key);
    out.list(unpack_conditions(packed).count());
    for (i, code) in unpack_conditions(packed).enumerate() {
        if i > 0 {
            out.next();
        }
        out.letter(code);
    }
    out.end_list();
}

fn letter<O: Out>(out: &mut O, key: &'static str, letter: u8) {
    if letter != 0 {
        out.key(key);
        out.letter(letter);
    }
}

fn price<O: Out>(out: &mut O, key: &'static str, raw: i64) {
    out.key(key);
    out.price(raw);
}

fn size<O: Out>(out: &mut O, key: &'static str, raw: i64) {
    out.key(key);
    out.size(raw);
}

const fn one(there: bool) -> usize {
    there as usize
}

/// What Alpaca always sends, where the data do not have it: the venue, and the condition of a plain quote or trade.
const VENUE: u8 = b'V';
const PLAIN_QUOTE: u32 = b'R' as u32;
const PLAIN_TRADE: u32 = b'@' as u32;

impl Message<'_> {
    /// `there`, or `plain` where a stock's messages are made complete.
    #[inline]
    fn or_plain<T: Copy + Default + PartialEq>(&self, there: T, plain: T) -> T {
        if there == T::default() && self.tape != 0 && !self.crypto { plain } else { there }
    }

    #[inline]
    fn begin<O: Out>(&self, out: &mut O, kind: u8, entries: usize) {
        out.map(entries + 2);
        out.key("T");
        out.letter(kind);
        out.key("S");
        out.raw(self.symbol);
    }

    fn end<O: Out>(out: &mut O, ts: i64) {
        out.key("t");
        out.time(ts);
        out.end_map();
    }

    /// The message of any row but a change of a book.
    #[inline]
    pub(super) fn write<O: Out>(&self, out: &mut O, rows: &MarketRows, r: RowRef) {
        match r.kind {
            RowKind::Quote => self.quote(out, rows, r),
            RowKind::Trade => self.trade(out, rows, r),
            RowKind::Bar => self.bar(out, rows, r),
            RowKind::Status => self.status(out, rows, r),
            RowKind::Band => self.band(out, rows, r),
            RowKind::Correction => self.correction(out, rows, r),
            RowKind::Delta | RowKind::Action => {}
        }
    }

    #[inline]
    fn quote<O: Out>(&self, out: &mut O, rows: &MarketRows, r: RowRef) {
        let (batch, row) = (&rows.data().quotes[r.batch as usize], r.row as usize);
        let (bid_venue, ask_venue) = (self.or_plain(of(&batch.bid_venue, row), VENUE), self.or_plain(of(&batch.ask_venue, row), VENUE));
        let tape = self.or_plain(of(&batch.tape, row), self.tape);
        self.begin(out, b'q', 5 + one(bid_venue != 0) + one(ask_venue != 0) + one(tape != 0) + one(!self.crypto));
        letter(out, "bx", bid_venue);
        price(out, "bp", batch.bid[row].raw());
        size(out, "bs", batch.bid_size[row].raw());
        letter(out, "ax", ask_venue);
        price(out, "ap", batch.ask[row].raw());
        size(out, "as", batch.ask_size[row].raw());
        if !self.crypto {
            conditions(out, "c", self.or_plain(of(&batch.conditions, row), PLAIN_QUOTE));
        }
        letter(out, "z", tape);
        Self::end(out, batch.ts[row].nanos());
    }

    #[inline]
    fn trade<O: Out>(&self, out: &mut O, rows: &MarketRows, r: RowRef) {
        let (batch, row) = (&rows.data().trades[r.batch as usize], r.row as usize);
        let (venue, tape) = (self.or_plain(of(&batch.venue, row), VENUE), self.or_plain(of(&batch.tape, row), self.tape));
        let mut aggressor = of(&batch.aggressor, row);
        if aggressor == 0 && self.crypto && self.tape != 0 {
            aggressor = if batch.flags[row] & FLAG_SELLER_TOOK == 0 { 1 } else { -1 };
        }
        let mut id = of(&batch.id, row);
        if batch.id.is_empty() && self.tape != 0 {
            id = u64::try_from(batch.ts[row].nanos() / 1_000).unwrap_or(0);
        }
        let entries = 4 + one(venue != 0) + one(tape != 0) + one(!self.crypto) + one(aggressor != 0);
        self.begin(out, b't', entries);
        out.key("i");
        out.whole(id);
        letter(out, "x", venue);
        price(out, "p", batch.price[row].raw());
        size(out, "s", batch.size[row].raw());
        if !self.crypto {
            conditions(out, "c", self.or_plain(of(&batch.conditions, row), PLAIN_TRADE));
        }
        letter(out, "z", tape);
        let side = match aggressor.signum() {
            1 => b'B',
            -1 => b'S',
            _ => 0,
        };
        letter(out, "tks", side);
        Self::end(out, batch.ts[row].nanos());
    }

    fn bar<O: Out>(&self, out: &mut O, rows: &MarketRows, r: RowRef) {
        let (batch, row) = (&rows.data().bars[r.batch as usize], r.row as usize);
        let mut trades = batch.trades.get(row).copied();
        let mut vwap = of(&batch.vwap, row).raw();
        if self.tape != 0 {
            trades = trades.or(Some(0));
            vwap = if vwap == 0 { batch.close[row].raw() } else { vwap };
        }
        let kind = match batch.flags[row] {
            flags if flags & FLAG_DAILY != 0 => b'd',
            flags if flags & FLAG_UPDATED != 0 => b'u',
            _ => b'b',
        };
        self.begin(out, kind, 6 + one(trades.is_some()) + one(vwap != 0));
        price(out, "o", batch.open[row].raw());
        price(out, "h", batch.high[row].raw());
        price(out, "l", batch.low[row].raw());
        price(out, "c", batch.close[row].raw());
        size(out, "v", batch.volume[row].raw());
        if let Some(trades) = trades {
            out.key("n");
            out.whole(trades);
        }
        if vwap != 0 {
            price(out, "vw", vwap);
        }
        Self::end(out, batch.start[row].nanos());
    }

    fn label<O: Out>(&self, out: &mut O, key: &'static str, label: Label) {
        out.key(key);
        match self.labels.get(label.0 as usize) {
            Some(text) => out.raw(text),
            None => out.raw(&O::prepared("")),
        }
    }

    fn status<O: Out>(&self, out: &mut O, rows: &MarketRows, r: RowRef) {
        let (batch, row) = (&rows.data().statuses[r.batch as usize], r.row as usize);
        let tape = of(&batch.tape, row);
        self.begin(out, b's', 5 + one(tape != 0));
        self.label(out, "sc", batch.code[row]);
        self.label(out, "sm", batch.message[row]);
        self.label(out, "rc", batch.reason_code[row]);
        self.label(out, "rm", batch.reason[row]);
        letter(out, "z", tape);
        Self::end(out, batch.ts[row].nanos());
    }

    fn band<O: Out>(&self, out: &mut O, rows: &MarketRows, r: RowRef) {
        let (batch, row) = (&rows.data().bands[r.batch as usize], r.row as usize);
        let (tape, indicator) = (of(&batch.tape, row), batch.indicator[row]);
        self.begin(out, b'l', 3 + one(tape != 0) + one(indicator != 0));
        price(out, "u", batch.upper[row].raw());
        price(out, "d", batch.lower[row].raw());
        letter(out, "i", indicator);
        letter(out, "z", tape);
        Self::end(out, batch.ts[row].nanos());
    }

    fn correction<O: Out>(&self, out: &mut O, rows: &MarketRows, r: RowRef) {
        let (batch, row) = (&rows.data().corrections[r.batch as usize], r.row as usize);
        let (venue, tape) = (of(&batch.venue, row), of(&batch.tape, row));
        let common = 1 + one(venue != 0) + one(tape != 0);
        let c = batch.get(row);
        if c.kind == CorrectionKind::Correct {
            self.begin(out, b'c', common + 8);
            letter(out, "x", venue);
            for (id, price_key, size_key, conditions_key, values) in [
                ("oi", "op", "os", "oc", (c.original_id, c.original_price, c.original_size, c.original_conditions)),
                ("ci", "cp", "cs", "cc", (c.id, c.price, c.size, c.conditions)),
            ] {
                out.key(id);
                out.whole(values.0);
                price(out, price_key, values.1.raw());
                size(out, size_key, values.2.raw());
                conditions(out, conditions_key, values.3);
            }
        } else {
            let action = match (of(&batch.action, row), c.kind) {
                (0, CorrectionKind::Error) => b'E',
                (0, _) => b'C',
                (letter, _) => letter,
            };
            self.begin(out, b'x', common + 4);
            out.key("i");
            out.whole(c.original_id);
            letter(out, "x", venue);
            price(out, "p", c.original_price.raw());
            size(out, "s", c.original_size.raw());
            letter(out, "a", action);
        }
        letter(out, "z", tape);
        Self::end(out, c.ts.nanos());
    }

    /// The book's message, of the levels that were gathered.
    pub(super) fn book<O: Out>(&self, out: &mut O, levels: &mut Levels) {
        self.begin(out, b'o', 3 + one(levels.reset));
        for (key, side) in [("b", &levels.bids), ("a", &levels.asks)] {
            out.key(key);
            out.list(side.len());
            for (i, level) in side.iter().enumerate() {
                if i > 0 {
                    out.next();
                }
                out.map(2);
                price(out, "p", level.0);
                size(out, "s", level.1);
                out.end_map();
            }
            out.end_list();
        }
        if levels.reset {
            out.key("r");
            out.flag(true);
        }
        Self::end(out, levels.ts);
        levels.bids.clear();
        levels.asks.clear();
        levels.reset = false;
    }
}
