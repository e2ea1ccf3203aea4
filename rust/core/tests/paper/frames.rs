//! Frames of market data, read back by the decoder of Alpaca's streams.

use proptest::prelude::*;
use std::sync::Arc;
use tickwright_core::event::{
    BandBatch, Bar, BarBatch, BookAction, BookDelta, Correction, CorrectionBatch, CorrectionKind, DeltaBatch, FLAG_LAST, FLAG_SNAPSHOT,
    PriceBand, Quote, QuoteBatch, Status, StatusBatch, Trade, TradeBatch, pack_conditions,
};
use tickwright_core::feeds::alpaca::{AlpacaDecoder, Format};
use tickwright_core::feeds::{Batches, Decoder, MarketData, QualityPolicy};
use tickwright_core::paper::MarketRows;
use tickwright_core::paper::frames::{Channel, Channels, FrameEncoder, FrameFormat};
use tickwright_core::types::{InstrumentId, Instruments, Labels, MINUTE_NS, Price, Qty, Side, Timestamp};

const ALL: [Channel; 9] = [
    Channel::Trades,
    Channel::Quotes,
    Channel::Bars,
    Channel::UpdatedBars,
    Channel::DailyBars,
    Channel::Statuses,
    Channel::Lulds,
    Channel::Corrections,
    Channel::Orderbooks,
];

fn everything() -> Channels {
    ALL.into_iter().fold(Channels::default(), |channels, channel| channels.with(channel, ["*".to_owned()]))
}

fn decoded(frames: &[Vec<u8>]) -> Batches {
    let mut decoder = AlpacaDecoder::new(Format::Auto, QualityPolicy::default());
    let mut out = Batches::default();
    for frame in frames {
        decoder.push(frame, None, &mut out).unwrap();
    }
    assert_eq!(decoder.counts().iter().map(|(_, n)| n).sum::<u64>(), 0, "unknown keys or kinds");
    out
}

fn quote_data(rows: &[(i64, i64, i64, i64, u8)]) -> MarketData {
    let mut instruments = Instruments::default();
    for symbol in ["AAPL", "BRK.B", "BTC/USD"] {
        instruments.intern(symbol).unwrap();
    }
    let mut quotes = QuoteBatch::default();
    let mut ts = 1_700_000_000_000_000_000;
    for &(step, bid, spread, size, which) in rows {
        ts += step;
        quotes.push(Quote {
            ts: Timestamp::from_nanos(ts),
            instrument: InstrumentId(u32::from(which % 3)),
            bid: Price::from_raw(bid),
            ask: Price::from_raw(bid + spread),
            bid_size: Qty::from_raw(size),
            ask_size: Qty::from_raw(size / 3),
            flags: 0,
        });
        quotes.bid_venue.push(b'V');
        quotes.ask_venue.push(if which % 2 == 0 { b'Q' } else { 0 });
        quotes.conditions.push(if which % 3 == 2 { 0 } else { pack_conditions([b'R']) });
        quotes.tape.push(if which % 3 == 2 { 0 } else { b'C' });
    }
    MarketData { instruments, quotes: vec![quotes], ..MarketData::default() }
}

proptest! {
    #[test]
    fn quotes_come_back_as_they_were(
        rows in proptest::collection::vec(
            (0..3_000_000_000_i64, 1..900_000_000_000_000_i64, 0..9_000_000_000_i64, 0..90_000_000_000_000_i64, 0..6_u8), 1..80),
        json in any::<bool>(),
        max_rows in 1..40_usize,
    ) {
        let data = quote_data(&rows);
        let market = MarketRows::new(Arc::new(data.clone())).unwrap();
        let mut encoder = FrameEncoder::new(if json { FrameFormat::Json } else { FrameFormat::Msgpack }, max_rows);
        let frames = encoder.frames(&market, 0..market.len(), &everything());
        prop_assert_eq!(frames.len(), rows.len().div_ceil(max_rows));
        let out = decoded(&frames);
        prop_assert_eq!(out.quotes.len(), rows.len());
        let sent = &data.quotes[0];
        for i in 0..rows.len() {
            let (ours, mut theirs) = (sent.get(i), out.quotes.get(i));
            prop_assert_eq!(out.instruments.symbol(theirs.instrument), data.instruments.symbol(ours.instrument));
            theirs.instrument = ours.instrument;
            prop_assert_eq!(theirs, ours);
        }
        prop_assert_eq!(&out.quotes.bid_venue, &sent.bid_venue);
        prop_assert_eq!(&out.quotes.ask_venue, &sent.ask_venue);
        prop_assert_eq!(&out.quotes.conditions, &sent.conditions);
        prop_assert_eq!(&out.quotes.tape, &sent.tape);
    }
}

fn mixed() -> MarketData {
    let mut instruments = Instruments::default();
    let (stock, coin) = (instruments.intern("AAPL").unwrap(), instruments.intern("BTC/USD").unwrap());
    let at = |s: i64| Timestamp::from_nanos(1_700_000_000_000_000_000 + s);
    let (price, qty) = (|x: f64| Price::from_f64(x).unwrap(), |x: f64| Qty::from_f64(x).unwrap());
    let mut labels = Labels::default();
    let mut data = MarketData::default();
    let mut trades = TradeBatch::default();
    trades.push(Trade { ts: at(1), instrument: stock, price: price(101.25), size: qty(100.0), flags: 0 });
    trades.push(Trade { ts: at(2), instrument: coin, price: price(60_000.123_456_7), size: qty(0.001_5), flags: 0 });
    (trades.id, trades.venue) = (vec![77, 5_000_000_000], vec![b'Q', 0]);
    (trades.conditions, trades.tape, trades.aggressor) = (vec![pack_conditions([b'@', b'I']), 0], vec![b'C', 0], vec![0, -1]);
    let mut bars = BarBatch::default();
    let (o, v) = (price(10.0), qty(1_234.5));
    bars.push(Bar { ts: at(MINUTE_NS), start: at(0), instrument: stock, open: o, high: o, low: o, close: o, volume: v, flags: 0 });
    (bars.trades, bars.vwap) = (vec![12], vec![price(10.01)]);
    let mut statuses = StatusBatch::default();
    statuses.push(Status {
        ts: at(3),
        instrument: stock,
        code: labels.intern("H"),
        message: labels.intern("Trading \"Halt\""),
        reason_code: labels.intern("T12"),
        reason: labels.intern("Pending"),
        ..Status::default()
    });
    statuses.tape.push(b'C');
    let mut bands = BandBatch::default();
    bands.push(PriceBand { ts: at(4), instrument: stock, lower: price(95.0), upper: price(105.5), indicator: b'B' });
    bands.tape.push(b'C');
    let mut corrections = CorrectionBatch::default();
    let cancel = Correction { ts: at(5), instrument: stock, original_id: 9, original_price: o, original_size: v, ..Correction::default() };
    corrections.push(Correction { kind: CorrectionKind::Error, ..cancel });
    corrections.push(Correction { ts: at(6), kind: CorrectionKind::Correct, id: 10, price: price(10.5), size: qty(5.0), ..cancel });
    (corrections.venue, corrections.tape, corrections.action) = (vec![b'Q', b'Q'], vec![b'C', b'C'], vec![b'E', 0]);
    let mut deltas = DeltaBatch::default();
    let mut level = |s: i64, action, side, p: f64, q: f64, flags| {
        deltas.push(BookDelta { ts: at(s), instrument: coin, order: 0, action, side, price: price(p), size: qty(q), flags });
    };
    level(7, BookAction::Clear, Side::Buy, 0.0, 0.0, FLAG_SNAPSHOT);
    level(7, BookAction::Add, Side::Buy, 59_999.0, 1.5, FLAG_SNAPSHOT);
    level(7, BookAction::Clear, Side::Sell, 0.0, 0.0, FLAG_SNAPSHOT);
    level(7, BookAction::Add, Side::Sell, 60_001.0, 0.5, FLAG_SNAPSHOT | FLAG_LAST);
    level(8, BookAction::Delete, Side::Buy, 59_999.0, 0.0, 0);
    level(8, BookAction::Add, Side::Sell, 60_002.0, 2.0, FLAG_LAST);
    (data.instruments, data.labels) = (instruments, labels);
    (data.trades, data.bars, data.statuses) = (vec![trades], vec![bars], vec![statuses]);
    (data.bands, data.corrections, data.deltas) = (vec![bands], vec![corrections], vec![deltas]);
    data
}

#[test]
fn every_kind_of_message_comes_back_as_it_was() {
    let data = mixed();
    let rows = MarketRows::new(Arc::new(data.clone())).unwrap();
    for (format, max_rows) in [(FrameFormat::Msgpack, 100), (FrameFormat::Json, 100), (FrameFormat::Json, 1), (FrameFormat::Msgpack, 3)] {
        let out = decoded(&FrameEncoder::new(format, max_rows).frames(&rows, 0..rows.len(), &everything()));
        macro_rules! same {
            ($($kind:ident: $($column:ident),+);+) => {
                $($(assert_eq!(out.$kind.$column, data.$kind[0].$column, "{} {}", stringify!($kind), stringify!($column));)+)+
            };
        }
        same!(
            trades: ts, price, size, id, venue, conditions, tape, aggressor;
            bars: ts, start, open, high, low, close, volume, trades, vwap;
            statuses: ts, tape;
            bands: ts, lower, upper, indicator, tape;
            corrections: ts, kind, original_id, original_price, original_size, id, price, size, venue, tape;
            deltas: ts, action, side, price, size, flags
        );
        let texts = |labels: &Labels, s: Status| [s.code, s.message, s.reason_code, s.reason].map(|l| labels.text(l).to_owned());
        assert_eq!(texts(&out.labels, out.statuses.get(0)), texts(&data.labels, data.statuses[0].get(0)));
    }
}

#[test]
fn only_what_is_wanted_is_sent() {
    let rows = MarketRows::new(Arc::new(mixed())).unwrap();
    let channels = Channels::default().with(Channel::Trades, ["AAPL".to_owned()]).with(Channel::Orderbooks, ["*".to_owned()]);
    for format in [FrameFormat::Msgpack, FrameFormat::Json] {
        let out = decoded(&FrameEncoder::new(format, 100).frames(&rows, 0..rows.len(), &channels));
        assert_eq!((out.trades.len(), out.deltas.len(), out.bars.len()), (1, 6, 0));
        assert!(FrameEncoder::new(format, 100).frames(&rows, 0..rows.len(), &Channels::default()).is_empty());
    }
}

#[test]
fn messages_are_made_complete_where_asked() {
    let mut data =
        quote_data(&[(1, 100_000_000_000, 10_000_000, 1_000_000_000, 0), (1_000, 60_000_000_000_000, 10_000_000, 1_000_000_000, 2)]);
    let quotes = &mut data.quotes[0];
    (quotes.bid_venue, quotes.ask_venue, quotes.conditions, quotes.tape) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut trades = TradeBatch::default();
    for (i, instrument) in [0, 2].into_iter().enumerate() {
        let ts = Timestamp::from_nanos(1_700_000_000_000_005_000 + i as i64);
        let (price, size) = (Price::from_raw(1_000_000_000), Qty::from_raw(2_000_000_000));
        trades.push(Trade { ts, instrument: InstrumentId(instrument), price, size, flags: 0 });
    }
    data.trades = vec![trades];
    let rows = MarketRows::new(Arc::new(data)).unwrap();
    let mut encoder = FrameEncoder::new(FrameFormat::Json, 100).complete([("AAPL".to_owned(), b'A')]);
    let frames = encoder.frames(&rows, 0..rows.len(), &everything());
    let messages: Vec<serde_json::Value> = serde_json::from_slice(&frames[0]).unwrap();
    let found: Vec<String> =
        messages.iter().map(|m| ["T", "S", "bx", "x", "c", "z", "i", "tks"].map(|k| m[k].to_string()).join(" ")).collect();
    assert_eq!(
        found,
        [
            r#""q" "AAPL" "V" null ["R"] "A" null null"#,
            r#""q" "BTC/USD" null null null null null null"#,
            r#""t" "AAPL" null "V" ["@"] "A" 1700000000000005 null"#,
            r#""t" "BTC/USD" null null null null 1700000000000005 "B""#,
        ]
    );
}
