//! From one message to its events.

use super::orders::{PRICE_BITS, Packed, REFERENCE_BITS, REFERENCE_MAX, Resting};
use super::wire::{LENGTHS, ORDER_FORMS, SIDES, WINDOW_BYTES, text_at, time_ns, trimmed, u16_at, u32_at, u64_at};
use super::{Batches, ItchDecoder, ORDER_ZERO, PASSED_OVER, UNNAMED};
use crate::event::{
    BookAction, BookDelta, Correction, CorrectionKind, FLAG_EXTENDED, FLAG_LAST, FLAG_NO_HIGH_LOW, FLAG_NO_LAST, FLAG_NO_VOLUME, Status,
    Trade, TradingState, pack_conditions,
};
use crate::feeds::zone::{REGULAR_CLOSE_MS, REGULAR_OPEN_MS};
use crate::types::{InstrumentId, Price, Qty, SCALE, Side};

/// A price field counts 1/10,000 dollar.
const PRICE_UNIT: i64 = SCALE / 10_000;
/// The regular session in nanoseconds after midnight.
const REGULAR_NS: std::ops::Range<i64> = REGULAR_OPEN_MS * 1_000_000..REGULAR_CLOSE_MS * 1_000_000;
/// Nanoseconds in a day of 24 hours and the hour that some days have more.
const DAY_NS_MAX: i64 = 25 * crate::types::HOUR_NS;

#[inline]
fn price(field: u32) -> Price {
    Price::from_raw(i64::from(field) * PRICE_UNIT)
}

#[inline]
fn shares(field: u32) -> Qty {
    // 2^32 × 1e9 is below 2^63.
    Qty::from_raw(i64::from(field) * SCALE)
}

/// An order's id in book changes.
#[inline]
const fn order_id(reference: u64) -> u64 {
    if reference == 0 { ORDER_ZERO } else { reference }
}

/// Who took, where the resting side is known.
#[inline]
const fn aggressor(resting: Side) -> i8 {
    match resting {
        Side::Buy => -1,
        Side::Sell => 1,
    }
}

#[inline]
fn extended(ns: i64) -> u32 {
    if REGULAR_NS.contains(&ns) { 0 } else { FLAG_EXTENDED }
}

/// One trade as a row with its optional columns.
#[inline]
fn push_trade(out: &mut Batches, trade: Trade, id: u64, aggressor: i8, conditions: u32) {
    out.trades.push(trade);
    out.trades.id.push(id);
    out.trades.aggressor.push(aggressor);
    out.trades.conditions.push(conditions);
}

impl ItchDecoder {
    /// Decode one framed message.
    #[inline]
    pub(super) fn message(&mut self, m: &[u8], out: &mut Batches) {
        let Some(&letter) = m.first() else {
            // A length of zero ends a file's session.
            return;
        };
        let length = LENGTHS[usize::from(letter)];
        self.messages += 1;
        self.counts[usize::from(letter)] += 1;
        if m.len() != usize::from(length) {
            return self.odd_length(m, out);
        }
        macro_rules! whole {
            ($length:literal) => {
                match m.first_chunk::<$length>() {
                    Some(m) => m,
                    None => return,
                }
            };
        }
        match letter {
            b'A' => self.add(whole!(36), out),
            b'F' => self.add(whole!(40), out),
            b'E' => self.executed(whole!(31), out),
            b'C' => self.executed_at(whole!(36), out),
            b'X' => self.cancel(whole!(23), out),
            b'D' => self.delete(whole!(19), out),
            b'U' => self.replace(whole!(35), out),
            b'P' => self.print(whole!(44), out),
            b'Q' => self.cross(whole!(40), out),
            b'B' => self.broken(whole!(19), out),
            b'R' => self.directory(whole!(39), out),
            b'H' => self.trading_action(whole!(25), out),
            b'h' => self.operational_halt(whole!(21), out),
            _ => {}
        }
    }

    /// Decode a message of `length` bytes at the start of `m` if it adds, cancels, executes or deletes an order and is as usual; if
    /// not, nothing is done and it is for [`Self::message`]. The types take one way, since which comes next cannot be guessed.
    #[inline]
    pub(super) fn order_message(&mut self, m: &[u8; WINDOW_BYTES], length: usize, out: &mut Batches) -> bool {
        let form = &ORDER_FORMS[usize::from(m[0])];
        let instrument = self.instruments[usize::from(u16_at::<1, WINDOW_BYTES>(m))];
        let ns = time_ns(m);
        if usize::from(form.length) != length || instrument >= PASSED_OVER || ns >= DAY_NS_MAX {
            return false;
        }
        let reference = u64_at::<11, WINDOW_BYTES>(m);
        let at = usize::from(form.shares_at) % (WINDOW_BYTES / 2);
        let told = u32::from_be_bytes([m[at], m[at + 1], m[at + 2], m[at + 3]]);
        let limit = u32_at::<32, WINDOW_BYTES>(m);
        let side = SIDES[usize::from(m[19])];
        // Not zero for no side, no shares, a price or a reference too large; arithmetic again for the sake of no jump.
        let wrong = u64::from(side >> 1 | limit >> PRICE_BITS) | u64::from(told).wrapping_sub(1) >> 63 | reference >> REFERENCE_BITS;
        if form.adds & wrong != 0 {
            return false;
        }
        let wanted = told | form.takes_all;
        let Some((was, order)) = self.orders.change_inside(reference, form.adds, Packed::new(u64::from(side), limit, wanted)) else {
            return false;
        };
        self.messages += 1;
        self.counts[usize::from(m[0])] += 1;
        let had = was.shares();
        self.overfilled += u64::from(told > had) & !form.adds & u64::from(!form.takes_all);
        // What it had where all goes, or else what the message tells.
        let size = had & form.takes_all | told & !form.takes_all;
        let side = if order.is_sell() { Side::Sell } else { Side::Buy };
        let limit = order.price();
        let ts = self.day.at_ns(ns);
        let instrument = InstrumentId(instrument);
        let (price, size) = (price(limit), shares(size));
        let order = order_id(reference);
        self.changes.push(BookDelta { ts, instrument, order, action: form.action, side, price, size, flags: FLAG_LAST });
        if form.executes {
            push_trade(out, Trade { ts, instrument, price, size, flags: extended(ns) }, u64_at::<23, WINDOW_BYTES>(m), aggressor(side), 0);
        }
        true
    }

    /// A message whose length is not its type's, or whose type is not known: the latter is counted and passed over, since the
    /// exchange may add types.
    #[cold]
    fn odd_length(&mut self, m: &[u8], out: &mut Batches) {
        let letter = m.first().copied().unwrap_or_default();
        match LENGTHS[usize::from(letter)] {
            0 => {}
            length => {
                let bytes = m.len();
                self.malformed(out, || format!("type '{}' has {bytes} bytes, not {length}", char::from(letter)));
            }
        }
    }

    /// The instrument of a message that carries its symbol; `None` passes the message over.
    #[inline]
    fn named<const N: usize>(&mut self, m: &[u8; N], symbol: [u8; 8], out: &mut Batches) -> Option<InstrumentId> {
        match self.instruments[usize::from(u16_at::<1, N>(m))] {
            PASSED_OVER => {
                self.passed_over += 1;
                None
            }
            UNNAMED => {
                let id = self.name(u16_at::<1, N>(m), symbol, out);
                self.passed_over += u64::from(id.is_none());
                id
            }
            id => Some(InstrumentId(id)),
        }
    }

    /// The instrument of a message without a symbol; `None` passes the message over.
    #[inline]
    fn known<const N: usize>(&mut self, m: &[u8; N]) -> Option<InstrumentId> {
        match self.instruments[usize::from(u16_at::<1, N>(m))] {
            PASSED_OVER => {
                self.passed_over += 1;
                None
            }
            UNNAMED => {
                self.unknown_orders += 1;
                None
            }
            id => Some(InstrumentId(id)),
        }
    }

    /// Give the stock locate its symbol.
    #[cold]
    fn name(&mut self, locate: u16, symbol: [u8; 8], out: &mut Batches) -> Option<InstrumentId> {
        let text = std::str::from_utf8(trimmed(&symbol)).unwrap_or_default();
        let id = if self.wanted.as_ref().is_some_and(|wanted| !wanted.contains(text)) {
            PASSED_OVER
        } else if let Ok(id) = out.instruments.intern(text) {
            id.0
        } else {
            self.malformed(out, || format!("symbol \"{}\" of locate {locate} is not text", symbol.escape_ascii()));
            return None;
        };
        self.instruments[usize::from(locate)] = id;
        (id != PASSED_OVER).then_some(InstrumentId(id))
    }

    /// A time that a day has, or a malformed message.
    #[inline]
    fn checked_time<const N: usize>(&mut self, m: &[u8; N], out: &mut Batches) -> Option<i64> {
        let ns = time_ns(m);
        if ns < DAY_NS_MAX {
            return Some(ns);
        }
        self.malformed(out, || format!("type '{}' has a time of {ns} ns after midnight, more than a day", char::from(m[0])));
        None
    }

    fn directory(&mut self, m: &[u8; 39], out: &mut Batches) {
        self.name(u16_at::<1, 39>(m), text_at::<11, 39>(m), out);
    }

    #[inline]
    fn add<const N: usize>(&mut self, m: &[u8; N], out: &mut Batches) {
        let Some(instrument) = self.named(m, text_at::<24, N>(m), out) else { return };
        let Some(ns) = self.checked_time(m, out) else { return };
        let (reference, size) = (u64_at::<11, N>(m), u32_at::<20, N>(m));
        let side = match m[19] {
            b'B' => Side::Buy,
            b'S' => Side::Sell,
            other => return self.malformed(out, || format!("order {reference} has side {other:#04x}, not B or S")),
        };
        if size == 0 || reference > REFERENCE_MAX {
            return self.malformed(out, || format!("order {reference} is of {size} shares; a reference is below 2^63 and shares above 0"));
        }
        let limit = u32_at::<32, N>(m);
        self.orders.insert(reference, side, limit, size);
        self.changes.push(BookDelta {
            ts: self.day.at_ns(ns),
            instrument,
            order: order_id(reference),
            action: BookAction::Add,
            side,
            price: price(limit),
            size: shares(size),
            flags: FLAG_LAST,
        });
    }

    /// Give the change of an order; `resting` is the order before it, `None` when it was never seen.
    #[allow(clippy::too_many_arguments, reason = "what four message types have in common")]
    #[inline]
    fn change<const N: usize>(
        &mut self,
        m: &[u8; N],
        ns: i64,
        instrument: InstrumentId,
        action: BookAction,
        resting: Option<Resting>,
        size: u32,
        flags: u32,
    ) {
        let (side, limit) = if let Some(order) = resting {
            self.overfilled += u64::from(size > order.shares);
            (order.side, order.price)
        } else {
            self.unknown_orders += 1;
            (Side::Buy, 0)
        };
        self.changes.push(BookDelta {
            ts: self.day.at_ns(ns),
            instrument,
            order: order_id(u64_at::<11, N>(m)),
            action,
            side,
            price: price(limit),
            size: shares(size),
            flags,
        });
    }

    #[inline]
    fn executed(&mut self, m: &[u8; 31], out: &mut Batches) {
        let Some(instrument) = self.known(m) else { return };
        let Some(ns) = self.checked_time(m, out) else { return };
        let size = u32_at::<19, 31>(m);
        let resting = self.orders.reduce(u64_at::<11, 31>(m), size);
        self.change(m, ns, instrument, BookAction::Execute, resting, size, FLAG_LAST);
        if let Some(order) = resting {
            let trade = Trade { ts: self.day.at_ns(ns), instrument, price: price(order.price), size: shares(size), flags: extended(ns) };
            push_trade(out, trade, u64_at::<23, 31>(m), aggressor(order.side), 0);
        }
    }

    #[inline]
    fn executed_at(&mut self, m: &[u8; 36], out: &mut Batches) {
        let Some(instrument) = self.known(m) else { return };
        let Some(ns) = self.checked_time(m, out) else { return };
        let size = u32_at::<19, 36>(m);
        let resting = self.orders.reduce(u64_at::<11, 36>(m), size);
        self.change(m, ns, instrument, BookAction::Execute, resting, size, FLAG_LAST);
        // A print that is not to be shown is part of a cross, whose own message carries the volume.
        let hidden = if m[31] == b'N' { FLAG_NO_VOLUME | FLAG_NO_LAST | FLAG_NO_HIGH_LOW } else { 0 };
        let trade = Trade {
            ts: self.day.at_ns(ns),
            instrument,
            price: price(u32_at::<32, 36>(m)),
            size: shares(size),
            flags: extended(ns) | hidden,
        };
        push_trade(out, trade, u64_at::<23, 36>(m), resting.map_or(0, |order| aggressor(order.side)), 0);
    }

    #[inline]
    fn cancel(&mut self, m: &[u8; 23], out: &mut Batches) {
        let Some(instrument) = self.known(m) else { return };
        let Some(ns) = self.checked_time(m, out) else { return };
        let size = u32_at::<19, 23>(m);
        let resting = self.orders.reduce(u64_at::<11, 23>(m), size);
        self.change(m, ns, instrument, BookAction::Cancel, resting, size, FLAG_LAST);
    }

    #[inline]
    fn delete(&mut self, m: &[u8; 19], out: &mut Batches) {
        let Some(instrument) = self.known(m) else { return };
        let Some(ns) = self.checked_time(m, out) else { return };
        let resting = self.orders.remove(u64_at::<11, 19>(m));
        self.change(m, ns, instrument, BookAction::Delete, resting, resting.map_or(0, |order| order.shares), FLAG_LAST);
    }

    #[inline]
    fn replace(&mut self, m: &[u8; 35], out: &mut Batches) {
        let Some(instrument) = self.known(m) else { return };
        let Some(ns) = self.checked_time(m, out) else { return };
        let (reference, size, limit) = (u64_at::<19, 35>(m), u32_at::<27, 35>(m), u32_at::<31, 35>(m));
        if size == 0 || reference > REFERENCE_MAX {
            return self.malformed(out, || format!("order {reference} is of {size} shares; a reference is below 2^63 and shares above 0"));
        }
        let resting = self.orders.remove(u64_at::<11, 35>(m));
        let flags = if resting.is_some() { 0 } else { FLAG_LAST };
        self.change(m, ns, instrument, BookAction::Delete, resting, resting.map_or(0, |order| order.shares), flags);
        // The message does not say the side: of an order that was not seen it stays unknown.
        if let Some(Resting { side, .. }) = resting {
            self.orders.insert(reference, side, limit, size);
            self.changes.push(BookDelta {
                ts: self.day.at_ns(ns),
                instrument,
                order: order_id(reference),
                action: BookAction::Add,
                side,
                price: price(limit),
                size: shares(size),
                flags: FLAG_LAST,
            });
        }
    }

    /// A trade against an order that was not shown.
    #[inline]
    fn print(&mut self, m: &[u8; 44], out: &mut Batches) {
        let Some(instrument) = self.named(m, text_at::<24, 44>(m), out) else { return };
        let Some(ns) = self.checked_time(m, out) else { return };
        let trade = Trade {
            ts: self.day.at_ns(ns),
            instrument,
            price: price(u32_at::<32, 44>(m)),
            size: shares(u32_at::<20, 44>(m)),
            flags: extended(ns),
        };
        // The side in the message is the hidden order's and has been B for every trade since 2014.
        push_trade(out, trade, u64_at::<36, 44>(m), 0, 0);
    }

    fn cross(&mut self, m: &[u8; 40], out: &mut Batches) {
        let Some(instrument) = self.named(m, text_at::<19, 40>(m), out) else { return };
        let Some(ns) = self.checked_time(m, out) else { return };
        let (size, kind) = (u64_at::<11, 40>(m), m[39]);
        let Some(raw) = i64::try_from(size).ok().and_then(|size| size.checked_mul(SCALE)) else {
            return self.malformed(out, || format!("a cross is of {size} shares, more than can be held"));
        };
        if raw == 0 {
            return;
        }
        // The crosses of the open and the close belong to the session, whose bounds they miss by a few milliseconds.
        let flags = if matches!(kind, b'O' | b'C') { 0 } else { extended(ns) };
        let trade = Trade { ts: self.day.at_ns(ns), instrument, price: price(u32_at::<27, 40>(m)), size: Qty::from_raw(raw), flags };
        push_trade(out, trade, u64_at::<31, 40>(m), 0, pack_conditions([kind]));
    }

    fn broken(&mut self, m: &[u8; 19], out: &mut Batches) {
        let Some(instrument) = self.known(m) else { return };
        let Some(ns) = self.checked_time(m, out) else { return };
        out.corrections.push(Correction {
            ts: self.day.at_ns(ns),
            instrument,
            kind: CorrectionKind::Cancel,
            original_id: u64_at::<11, 19>(m),
            ..Correction::default()
        });
    }

    fn trading_action(&mut self, m: &[u8; 25], out: &mut Batches) {
        let Some(instrument) = self.named(m, text_at::<11, 25>(m), out) else { return };
        let Some(ns) = self.checked_time(m, out) else { return };
        let (state, message) = match m[19] {
            b'H' => (TradingState::Halted, "halted"),
            b'P' => (TradingState::Paused, "paused"),
            b'Q' => (TradingState::QuoteOnly, "quotation only"),
            b'T' => (TradingState::Trading, "trading"),
            _ => (TradingState::Unknown, ""),
        };
        let (code, reason) = (label_text(&m[19..20]), label_text(&m[21..25]));
        out.statuses.push(Status {
            ts: self.day.at_ns(ns),
            instrument,
            state,
            code: out.labels.intern(&code),
            message: out.labels.intern(message),
            reason_code: out.labels.intern(&reason),
            ..Status::default()
        });
    }

    fn operational_halt(&mut self, m: &[u8; 21], out: &mut Batches) {
        let Some(instrument) = self.named(m, text_at::<11, 21>(m), out) else { return };
        let Some(ns) = self.checked_time(m, out) else { return };
        let state = match m[20] {
            b'H' => TradingState::Halted,
            b'T' => TradingState::Trading,
            _ => TradingState::Unknown,
        };
        let message = match m[19] {
            b'Q' => "operational halt on Nasdaq",
            b'B' => "operational halt on Nasdaq BX",
            b'X' => "operational halt on Nasdaq PSX",
            _ => "operational halt",
        };
        out.statuses.push(Status {
            ts: self.day.at_ns(ns),
            instrument,
            state,
            code: out.labels.intern(&label_text(&m[20..21])),
            message: out.labels.intern(message),
            ..Status::default()
        });
    }
}

/// Padded text of a code; what is not ASCII is escaped.
fn label_text(field: &[u8]) -> String {
    trimmed(field).escape_ascii().to_string()
}
