//! From one record to its events.

use super::{Batches, symbol_map};
use crate::event::{
    Bar, BookAction, BookDelta, FLAG_DAILY, FLAG_GAP, FLAG_LAST, FLAG_OUT_OF_ORDER, FLAG_SNAPSHOT, Quote, Status, Trade, TradingState,
};
use crate::feeds::{Fault, QualityPolicy};
use crate::types::{DAY_NS, HOUR_NS, InstrumentId, MINUTE_NS, Price, Qty, Result, SCALE, SECOND_NS, Side, Timestamp};
use ::dbn::enums::{StatusAction, StatusReason, rtype};
use ::dbn::{
    BboMsg, CbboMsg, Cmbp1Msg, FlagSet, MboMsg, Mbp1Msg, Mbp10Msg, Metadata, OhlcvMsg, RecordRef, StatusMsg, TradeMsg, TsSymbolMap,
    UNDEF_ORDER_SIZE, UNDEF_PRICE,
};
use std::collections::HashMap;

/// Record types by number and by the name of their schema.
const KINDS: [(u8, &str); 23] = [
    (rtype::MBO, "mbo"),
    (rtype::MBP_0, "trades"),
    (rtype::MBP_1, "mbp-1"),
    (rtype::MBP_10, "mbp-10"),
    (rtype::CMBP_1, "cmbp-1"),
    (rtype::TCBBO, "tcbbo"),
    (rtype::BBO_1S, "bbo-1s"),
    (rtype::BBO_1M, "bbo-1m"),
    (rtype::CBBO_1S, "cbbo-1s"),
    (rtype::CBBO_1M, "cbbo-1m"),
    (rtype::OHLCV_1S, "ohlcv-1s"),
    (rtype::OHLCV_1M, "ohlcv-1m"),
    (rtype::OHLCV_1H, "ohlcv-1h"),
    (rtype::OHLCV_1D, "ohlcv-1d"),
    (rtype::OHLCV_EOD, "ohlcv-eod"),
    (rtype::STATUS, "status"),
    (rtype::INSTRUMENT_DEF, "definition"),
    (rtype::IMBALANCE, "imbalance"),
    (rtype::STATISTICS, "statistics"),
    (rtype::SYMBOL_MAPPING, "symbol mapping"),
    (rtype::SYSTEM, "system"),
    (rtype::ERROR, "error"),
    (rtype::TBBO, "tbbo"),
];

/// Bid, ask and their sizes, as in the records.
type Touch = (i64, i64, u32, u32);

/// An instrument id while it means one symbol.
#[derive(Clone, Copy, Debug)]
struct Known {
    id: InstrumentId,
    /// Times at which the id means this symbol, nanoseconds; the end is not in.
    from: u64,
    until: u64,
    /// Time of its last book change.
    changed_ns: i64,
    touch: Option<Touch>,
}

/// What is known from one record to the next.
#[derive(Debug)]
pub(super) struct Records {
    policy: QualityPolicy,
    map: TsSymbolMap,
    slots: HashMap<u32, usize>,
    known: Vec<Known>,
    /// Instrument id and slot of the last record.
    last: Option<(u32, usize)>,
    pub(super) symbols_known: usize,
    pub(super) rows: u64,
    counts: [u64; 256],
    fills: u64,
    undefined: u64,
}

#[inline]
fn price(raw: i64) -> Price {
    Price::from_raw(if raw == UNDEF_PRICE { 0 } else { raw })
}

#[inline]
fn size(raw: u32) -> Qty {
    // 2^32 × 1e9 is below 2^63.
    Qty::from_raw(if raw == UNDEF_ORDER_SIZE { 0 } else { i64::from(raw) * SCALE })
}

#[inline]
fn side(letter: u8) -> Option<Side> {
    match letter {
        b'B' => Some(Side::Buy),
        b'A' => Some(Side::Sell),
        _ => None,
    }
}

#[inline]
fn flags(set: FlagSet) -> u32 {
    let bit = |set: bool, flag: u32| if set { flag } else { 0 };
    bit(set.is_last(), FLAG_LAST) | bit(set.is_snapshot(), FLAG_SNAPSHOT) | bit(set.is_maybe_bad_book(), FLAG_GAP)
}

/// A record's field of one letter.
#[inline]
#[allow(clippy::unnecessary_cast, reason = "C's char is signed on some machines and not on others")]
const fn letter(field: std::ffi::c_char) -> u8 {
    field as u8
}

impl Records {
    pub(super) fn new(policy: QualityPolicy) -> Self {
        Self {
            policy,
            map: TsSymbolMap::new(),
            slots: HashMap::new(),
            known: Vec::new(),
            last: None,
            symbols_known: 0,
            rows: 0,
            counts: [0; 256],
            fills: 0,
            undefined: 0,
        }
    }

    /// Take the symbols from `metadata`.
    pub(super) fn symbols_from(&mut self, metadata: &Metadata, out: &mut Batches) {
        match symbol_map(metadata) {
            Ok(map) => self.map = map,
            Err(e) => out.report.notes.push(format!("DBN: no symbols by instrument id ({e}); instruments are named by their ids")),
        }
    }

    /// Forget the ids of another table of symbols.
    pub(super) fn same_table(&mut self, out: &Batches) {
        if out.instruments.len() < self.symbols_known {
            self.forget();
        }
    }

    fn forget(&mut self) {
        self.slots.clear();
        self.known.clear();
        self.last = None;
    }

    /// Count a malformed record, or refuse it, as the policy says.
    #[cold]
    pub(super) fn malformed(&mut self, out: &mut Batches, what: impl FnOnce() -> String) -> Result<()> {
        let row = self.rows;
        out.report.judge(&self.policy, Fault::Malformed, || format!("DBN record {row}: {}", what())).map(|_| ())
    }

    /// The slot of instrument `number` at `ts`, nanoseconds.
    #[inline]
    fn slot(&mut self, number: u32, ts: u64, out: &mut Batches) -> usize {
        if let Some((last, slot)) = self.last
            && last == number
            && self.known.get(slot).is_some_and(|known| (known.from..known.until).contains(&ts))
        {
            return slot;
        }
        self.find_slot(number, ts, out)
    }

    fn find_slot(&mut self, number: u32, ts: u64, out: &mut Batches) -> usize {
        let found = self.slots.get(&number).copied();
        let slot = found.unwrap_or(self.known.len());
        if !self.known.get(slot).is_some_and(|known| (known.from..known.until).contains(&ts)) {
            let (id, from, until) = self.resolve(number, ts, out);
            let fresh = Known { id, from, until, changed_ns: i64::MIN, touch: None };
            match self.known.get_mut(slot) {
                Some(known) if known.id == id => (known.from, known.until) = (from, until),
                Some(known) => *known = fresh,
                None => self.known.push(fresh),
            }
            self.slots.insert(number, slot);
        }
        self.last = Some((number, slot));
        slot
    }

    /// The symbol of instrument `number` at `ts`, and from when to when it is that.
    fn resolve(&self, number: u32, ts: u64, out: &mut Batches) -> (InstrumentId, u64, u64) {
        let intervals = self.map.inner().get(&number).map_or(&[][..], |intervals| intervals.intervals());
        let found = intervals.iter().find(|interval| (interval.start_ts..interval.end_ts).contains(&ts));
        let interned = found.and_then(|interval| {
            let symbol = interval.symbol.split_ascii_whitespace().collect::<Vec<_>>().join("_");
            Some((out.instruments.intern(&symbol).ok()?, interval.start_ts, interval.end_ts))
        });
        interned.unwrap_or_else(|| {
            let id = out.instruments.intern(&format!("#{number}")).unwrap_or_default();
            match (found, intervals.is_empty()) {
                (Some(interval), _) => (id, interval.start_ts, interval.end_ts),
                (None, true) => (id, 0, u64::MAX),
                (None, false) => (id, ts, ts.saturating_add(1)),
            }
        })
    }

    /// Decode one record.
    pub(super) fn take(&mut self, record: RecordRef<'_>, out: &mut Batches) -> Result<()> {
        let kind = record.header().rtype;
        self.rows += 1;
        self.counts[usize::from(kind)] += 1;
        macro_rules! whole {
            ($type:ty) => {
                match record.try_get::<$type>() {
                    Ok(whole) => whole,
                    Err(_) => return self.malformed(out, || format!("of type {kind} is too short")),
                }
            };
        }
        match kind {
            rtype::MBO => self.mbo(whole!(MboMsg), out),
            rtype::MBP_0 => {
                let m = whole!(TradeMsg);
                let Some((slot, ts, recv)) = self.place(m.hd.instrument_id, m.hd.ts_event, m.ts_recv, out)? else { return Ok(()) };
                self.trade(slot, ts, recv, (m.price, m.size, letter(m.side), m.flags), out);
                Ok(())
            }
            rtype::MBP_1 => {
                let m = whole!(Mbp1Msg);
                let touch = (m.levels[0].bid_px, m.levels[0].ask_px, m.levels[0].bid_sz, m.levels[0].ask_sz);
                let traded = (letter(m.action) == b'T').then_some((m.price, m.size, letter(m.side), m.flags));
                self.level(m.hd.instrument_id, m.hd.ts_event, m.ts_recv, touch, m.flags, traded, out)
            }
            rtype::MBP_10 => {
                let m = whole!(Mbp10Msg);
                let touch = (m.levels[0].bid_px, m.levels[0].ask_px, m.levels[0].bid_sz, m.levels[0].ask_sz);
                let traded = (letter(m.action) == b'T').then_some((m.price, m.size, letter(m.side), m.flags));
                self.level(m.hd.instrument_id, m.hd.ts_event, m.ts_recv, touch, m.flags, traded, out)
            }
            rtype::CMBP_1 | rtype::TCBBO => {
                let m = whole!(Cmbp1Msg);
                let touch = (m.levels[0].bid_px, m.levels[0].ask_px, m.levels[0].bid_sz, m.levels[0].ask_sz);
                let traded = (letter(m.action) == b'T').then_some((m.price, m.size, letter(m.side), m.flags));
                self.level(m.hd.instrument_id, m.hd.ts_event, m.ts_recv, touch, m.flags, traded, out)
            }
            // Sampled: the time of the event is the last trade's, the sample is known at the end of its interval.
            rtype::BBO_1S | rtype::BBO_1M => {
                let m = whole!(BboMsg);
                let touch = (m.levels[0].bid_px, m.levels[0].ask_px, m.levels[0].bid_sz, m.levels[0].ask_sz);
                self.level(m.hd.instrument_id, m.ts_recv, m.ts_recv, touch, m.flags, None, out)
            }
            rtype::CBBO_1S | rtype::CBBO_1M => {
                let m = whole!(CbboMsg);
                let touch = (m.levels[0].bid_px, m.levels[0].ask_px, m.levels[0].bid_sz, m.levels[0].ask_sz);
                self.level(m.hd.instrument_id, m.ts_recv, m.ts_recv, touch, m.flags, None, out)
            }
            rtype::OHLCV_1S => self.bar(whole!(OhlcvMsg), SECOND_NS, 0, out),
            rtype::OHLCV_1M => self.bar(whole!(OhlcvMsg), MINUTE_NS, 0, out),
            rtype::OHLCV_1H => self.bar(whole!(OhlcvMsg), HOUR_NS, 0, out),
            rtype::OHLCV_1D | rtype::OHLCV_EOD => self.bar(whole!(OhlcvMsg), DAY_NS, FLAG_DAILY, out),
            rtype::STATUS => self.status(whole!(StatusMsg), out),
            rtype::SYMBOL_MAPPING => {
                if self.map.on_record(record).is_err() {
                    return self.malformed(out, || "is a symbol mapping that makes no sense".into());
                }
                for known in &mut self.known {
                    known.until = 0;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// A record's instrument and times; `None` for times that cannot be.
    #[inline]
    fn place(&mut self, number: u32, event: u64, recv: u64, out: &mut Batches) -> Result<Option<(usize, i64, Timestamp)>> {
        let Ok(ts) = i64::try_from(event) else {
            self.malformed(out, || format!("has no time: ts_event is {event}"))?;
            return Ok(None);
        };
        // An undefined receive time reads as the event's own.
        let received = i64::try_from(recv).unwrap_or(ts);
        let slot = self.slot(number, received as u64, out);
        Ok(Some((slot, ts, Timestamp::from_nanos(received))))
    }

    fn trade(&mut self, slot: usize, ts: i64, recv: Timestamp, (px, sz, taker, set): (i64, u32, u8, FlagSet), out: &mut Batches) {
        self.undefined += u64::from(px == UNDEF_PRICE || sz == UNDEF_ORDER_SIZE);
        out.trades.push(Trade {
            ts: Timestamp::from_nanos(ts),
            instrument: self.known[slot].id,
            price: price(px),
            size: size(sz),
            flags: flags(set) & !FLAG_LAST,
        });
        out.trades.aggressor.push(side(taker).map_or(0, |side| side.sign() as i8));
        out.trades.recv.push(recv);
    }

    #[allow(clippy::too_many_arguments, reason = "the fields that five record types share")]
    fn level(
        &mut self,
        number: u32,
        event: u64,
        recv: u64,
        touch: Touch,
        set: FlagSet,
        traded: Option<(i64, u32, u8, FlagSet)>,
        out: &mut Batches,
    ) -> Result<()> {
        let Some((slot, ts, recv)) = self.place(number, event, recv, out)? else { return Ok(()) };
        let known = &mut self.known[slot];
        if known.touch != Some(touch) {
            known.touch = Some(touch);
            // A side of no price has no size, and the other way round.
            let there = |px: i64, sz: u32| if px == UNDEF_PRICE { (Price::ZERO, Qty::ZERO) } else { (price(px), size(sz)) };
            let ((bid, bid_size), (ask, ask_size)) = (there(touch.0, touch.2), there(touch.1, touch.3));
            out.quotes.push(Quote { ts: Timestamp::from_nanos(ts), instrument: known.id, bid, ask, bid_size, ask_size, flags: flags(set) });
            out.quotes.recv.push(recv);
        }
        if let Some(traded) = traded {
            self.trade(slot, ts, recv, traded, out);
        }
        Ok(())
    }

    fn mbo(&mut self, m: &MboMsg, out: &mut Batches) -> Result<()> {
        let Some((slot, ts, recv)) = self.place(m.hd.instrument_id, m.hd.ts_event, m.ts_recv, out)? else { return Ok(()) };
        let action = match letter(m.action) {
            b'A' => BookAction::Add,
            b'C' => BookAction::Cancel,
            b'M' => BookAction::Modify,
            b'R' => BookAction::Clear,
            other => {
                match other {
                    b'T' => self.trade(slot, ts, recv, (m.price, m.size, letter(m.side), m.flags), out),
                    b'F' => self.fills += 1,
                    b'N' => {}
                    _ => return self.malformed(out, || format!("has action {other:#04x}, none of A C M R T F N")),
                }
                // The end of an exchange event on a record that changes no book belongs to the change before it.
                if m.flags.is_last()
                    && out.deltas.instrument.last() == Some(&self.known[slot].id)
                    && let Some(last) = out.deltas.flags.last_mut()
                {
                    *last |= FLAG_LAST;
                }
                return Ok(());
            }
        };
        let known = &mut self.known[slot];
        let mut bits = flags(m.flags);
        let mut at = if m.flags.is_snapshot() { recv.nanos() } else { ts };
        if at < known.changed_ns {
            at = known.changed_ns;
            bits |= FLAG_OUT_OF_ORDER;
        }
        known.changed_ns = at;
        let mut row = BookDelta {
            ts: Timestamp::from_nanos(at),
            instrument: known.id,
            order: m.order_id,
            action,
            side: Side::Buy,
            price: price(m.price),
            size: size(m.size),
            flags: bits,
        };
        match (side(letter(m.side)), action) {
            (Some(side), _) => row.side = side,
            (None, BookAction::Clear) => {
                // Both sides are gone, in one event.
                Self::change(BookDelta { flags: bits & !FLAG_LAST, ..row }, m.sequence, recv, out);
                row.side = Side::Sell;
            }
            // The order knows its own side.
            (None, BookAction::Cancel) => {}
            (None, _) => {
                let side = letter(m.side);
                return self.malformed(out, || format!("has side {side:#04x} where a book needs A or B"));
            }
        }
        Self::change(row, m.sequence, recv, out);
        Ok(())
    }

    fn change(row: BookDelta, sequence: u32, recv: Timestamp, out: &mut Batches) {
        out.deltas.push(row);
        out.deltas.sequence.push(u64::from(sequence));
        out.deltas.recv.push(recv);
    }

    fn bar(&mut self, m: &OhlcvMsg, length_ns: i64, bits: u32, out: &mut Batches) -> Result<()> {
        let Some((slot, start, _)) = self.place(m.hd.instrument_id, m.hd.ts_event, m.hd.ts_event, out)? else { return Ok(()) };
        let end = start.checked_add(length_ns);
        let volume = i64::try_from(m.volume).ok().and_then(|volume| volume.checked_mul(SCALE));
        let (Some(end), Some(volume)) = (end, volume) else {
            return self.malformed(out, || format!("is a bar from {start} of {} traded, more than can be held", m.volume));
        };
        out.bars.push(Bar {
            ts: Timestamp::from_nanos(end),
            start: Timestamp::from_nanos(start),
            instrument: self.known[slot].id,
            open: price(m.open),
            high: price(m.high),
            low: price(m.low),
            close: price(m.close),
            volume: Qty::from_raw(volume),
            flags: bits,
        });
        Ok(())
    }

    fn status(&mut self, m: &StatusMsg, out: &mut Batches) -> Result<()> {
        let Some((slot, ts, recv)) = self.place(m.hd.instrument_id, m.hd.ts_event, m.ts_recv, out)? else { return Ok(()) };
        let action = StatusAction::try_from(m.action).ok();
        let state = match action {
            Some(StatusAction::Trading) => TradingState::Trading,
            Some(StatusAction::Halt | StatusAction::Suspend | StatusAction::NotAvailableForTrading) => TradingState::Halted,
            Some(StatusAction::Pause) => TradingState::Paused,
            Some(StatusAction::Quoting) => TradingState::QuoteOnly,
            Some(StatusAction::PreOpen | StatusAction::PreCross | StatusAction::Cross | StatusAction::Rotation) => TradingState::PreOpen,
            Some(StatusAction::Close | StatusAction::PostClose) => TradingState::Closed,
            _ => TradingState::Unknown,
        };
        let words = |name: Option<String>| name.filter(|name| name != "None").unwrap_or_default();
        out.statuses.push(Status {
            ts: Timestamp::from_nanos(ts),
            instrument: self.known[slot].id,
            state,
            code: out.labels.intern(&m.action.to_string()),
            message: out.labels.intern(&words(action.map(|a| format!("{a:?}")))),
            reason_code: out.labels.intern(&m.reason.to_string()),
            reason: out.labels.intern(&words(StatusReason::try_from(m.reason).ok().map(|r| format!("{r:?}")))),
        });
        out.statuses.recv.push(recv);
        Ok(())
    }

    /// Records of each type, by the name of its schema.
    pub(super) fn counts(&self) -> Vec<(String, u64)> {
        let name =
            |kind: u8| KINDS.iter().find(|(number, _)| *number == kind).map_or_else(|| format!("type {kind}"), |(_, name)| (*name).into());
        (0..=u8::MAX).map(|kind| (kind, self.counts[usize::from(kind)])).filter(|&(_, n)| n > 0).map(|(kind, n)| (name(kind), n)).collect()
    }

    /// What the counts say, in words.
    pub(super) fn summary(&self) -> String {
        let kinds: Vec<String> = self.counts().into_iter().map(|(name, count)| format!("{name} {count}")).collect();
        let other = |count: u64, what: &str| if count > 0 { format!("; {count} {what}") } else { String::new() };
        let fills = other(self.fills, "fills, which change no book by themselves");
        let undefined = other(self.undefined, "trades of no price or size");
        format!("DBN: {} records: {}{fills}{undefined}", self.rows, kinds.join(", "))
    }
}
