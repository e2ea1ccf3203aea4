//! What fuzzers feed: each target takes any bytes, and must neither panic nor hold memory out of proportion to them.
//!
//! The same targets run on mutated inputs in the tests (`fuzz.rs`) and under libFuzzer (`rust/fuzz`, `make fuzz`). The first bytes of
//! an input choose the settings: how it is cut into pieces, and what is done about malformed messages.

use tickwright_core::book::{BookConfig, CrossedPolicy, Depth, OrderBook};
use tickwright_core::event::{BookAction, BookDelta};
use tickwright_core::feeds::alpaca::{AlpacaDecoder, AlpacaHistory, Format, Timeframe};
use tickwright_core::feeds::binance::BinanceDecoder;
use tickwright_core::feeds::coinbase::CoinbaseDecoder;
use tickwright_core::feeds::dbn::{DbnDecoder, DbnOptions};
use tickwright_core::feeds::itch::{self, ItchDecoder, ItchOptions};
use tickwright_core::feeds::kraken::KrakenDecoder;
use tickwright_core::feeds::{Batches, Decoder, Fault, Framing, Policy, QualityPolicy, Stage};
use tickwright_core::indicators::catalog;
use tickwright_core::journal::{JournalId, Log, LogConfig, SimulatedStorage, repair, verify};
use tickwright_core::types::{Error, InstrumentId, Price, Qty, Side, Timestamp};

/// Name, what takes the bytes, and inputs to begin with.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&[u8]),
    /// Small sound inputs without the settings in front; recorded data add to them where there are any.
    pub(crate) seeds: &'static [&'static [u8]],
    /// A recorded file below the data folder, of which pieces are seeds too; empty for none.
    pub(crate) recorded: &'static str,
}

const ALPACA_JSON: &[u8] = br#"[{"T":"q","S":"AMD","bx":"U","bp":87.66,"bs":1,"ax":"Q","ap":87.68,"as":4,"t":"2021-02-22T15:51:45.335689322Z","c":["R"],"z":"C"},{"T":"t","i":96921,"S":"AAPL","x":"D","p":126.55,"s":1,"t":"2021-02-22T15:51:44.208Z","c":["@","I"],"z":"C"},{"T":"b","S":"SPY","o":388.985,"h":389.13,"l":388.975,"c":389.12,"v":49378,"n":461,"vw":389.062639,"t":"2021-02-22T19:15:00Z"},{"T":"s","S":"AAPL","sc":"H","sm":"Trading Halt","rc":"T12","rm":"Info","t":"2021-02-22T19:15:00Z","z":"C"},{"T":"l","S":"IONM","u":3.24,"d":2.65,"i":"B","t":"2023-04-06T13:34:45.565004401Z","z":"C"},{"T":"o","S":"BTC/USD","t":"2022-04-12T18:25:13.5Z","b":[{"p":40000.5,"s":0.25}],"a":[{"p":40001,"s":0}],"r":true}]"#;
const ALPACA_PAGE: &[u8] = br#"{"bars":{"AAPL":[{"t":"2022-01-03T09:00:00Z","o":178.26,"h":178.26,"l":178.21,"c":178.21,"v":1118,"n":65,"vw":178.235733}]},"next_page_token":"QUFQTHxNfDIwMjI="}"#;
const BINANCE: &[u8] = br#"1723161256000000000 {"e":"depthUpdate","E":1723161255999,"T":1723161255990,"s":"BTCUSDT","U":10,"u":12,"pu":9,"b":[["61000.10","0.5"]],"a":[["61000.20","1.25"]]}
1723161256100000000 {"e":"bookTicker","u":13,"s":"BTCUSDT","b":"61000.10","B":"0.5","a":"61000.20","A":"1.25","T":1723161256090,"E":1723161256099}
1723161256200000000 {"e":"trade","E":1723161256199,"T":1723161256190,"s":"BTCUSDT","t":1,"p":"61000.20","q":"0.01","X":"MARKET","m":true}
"#;
const KRAKEN: &[u8] = br#"1618679989.1: [560,{"as":[["61000.10000","0.50000000","1618679988.123456"]],"bs":[["61000.00000","1.00000000","1618679988.223456"]]},"book-1000","XBT/USD"]
1618679989.2: [560,{"a":[["61000.10000","0.00000000","1618679989.123456"]],"c":"974942666"},"book-1000","XBT/USD"]
"#;
const COINBASE: &[u8] = br#"1618679989.1: {"type":"snapshot","product_id":"BTC-USD","asks":[["61000.10","0.5"]],"bids":[["61000.00","1.0"]]}
1618679989.2: {"type":"l2update","product_id":"BTC-USD","changes":[["buy","61000.00","0.0"]],"time":"2021-04-17T17:19:49.123456Z"}
1618679989.3: {"type":"match","trade_id":1,"side":"buy","size":"0.1","price":"61000.10","product_id":"BTC-USD","sequence":5,"time":"2021-04-17T17:19:49.2Z"}
"#;
/// The two records of the example of docs/journal-format.md, which follow the header of a journal with the id 00 01 … 0f.
const JOURNAL: &[u8] = b"\x4d\x00\x00\x00\x19\xe8\xdc\x5d\x01\x00\x00\x00\x00\x00\x00\x00\x00\x70\x9b\xd7\xf8\xd6\x2a\x13\x90\x40\x9f\xd7\xf8\xd6\x2a\x13\x12\x00\x00\x00\x00\x00\x00\x00\x68\x65\x6c\x6c\x6f\xf8\x43\x59\x0b\xb5\x6c\xa9\x00\x06\xaf\x53\x3a\x78\xdf\x40\xac\x24\x2d\x45\x9a\xf2\xac\xa3\x2c\x00\x92\x52\x43\xf9\xa6\xc9\x3b\xc8\x00\x00\x00\xe2\x00\x18\x76\x02\x00\x00\x00\x00\x00\x00\x00\x00\x70\x9b\xd7\xf8\xd6\x2a\x13\x90\x40\x9f\xd7\xf8\xd6\x2a\x13\x0e\x00\x00\x00\x00\x00\x00\x00\x01\x03\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\xf8\x43\x59\x0b\xb5\x6c\xa9\x00\x06\xaf\x53\x3a\x78\xdf\x40\xac\x24\x2d\x45\x9a\xf2\xac\xa3\x2c\x00\x92\x52\x43\xf9\xa6\xc9\x3b\x83\x56\x1a\xdb\x39\x8f\xd8\x7f\x8e\x7e\xd8\x33\x1b\xff\x2f\xcb\x00\x39\x6a\x40\xbb\x50\x18\x05\xdd\x18\xec\xfd\x29\x33\xa5\x0a\x2f\xad\x0d\x28\x4b\xf4\x6b\x65\x3a\x59\xf4\x3e\x1f\xa4\xee\x21\xa4\x5e\xd6\x6b\x25\xc9\x22\xe5\x19\x06\xce\xfa\xbd\x79\x53\xed\x0f\xaa\x7d\x4e\xf3\x4d\x04\x5e\xc3\x37\x42\x1b\x59\xbb\x49\x0a\xac\x87\xc6\x98\xf9\xb0\xc6\x58\xb3\x0c\x02\x1f\xa5\x3c\xf5\x4d\x3a\x2e\x21\x79\xd6\x76\x54\xa6\x94\x85\x0d\x36\xf1\xe8\x4b\x00";

pub(crate) const TARGETS: &[Target] = &[
    Target { name: "alpaca", run: alpaca, seeds: &[ALPACA_JSON, b"\x91\x86\xa1T\xa1q\xa1S\xa3AMD\xa2bp\xcb\x40\x55\xea\x3d\x70\xa3\xd7\x0a\xa2bs\x01\xa1z\xa1C\xa1t\xd7\xff\x00\x00\x00\x00\x60\x33\xd3\x01"], recorded: "" },
    Target { name: "alpaca_history", run: alpaca_history, seeds: &[ALPACA_PAGE], recorded: "" },
    Target { name: "binance", run: binance, seeds: &[BINANCE], recorded: "binance/usdm_btcusdt_20240808.gz" },
    Target { name: "book", run: book, seeds: &[b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"], recorded: "" },
    Target { name: "coinbase", run: coinbase, seeds: &[COINBASE], recorded: "cryptofeed/COINBASE.ws.28.0.gz" },
    Target { name: "dbn", run: dbn, seeds: &[b"DBN\x01"], recorded: "dbn/test_data.mbo.v3.dbn" },
    Target { name: "indicator_state", run: indicator_state, seeds: &[b"\x00\x00\x00\x00\x00\x00\xf0\x3f\x00\x00\x00\x00\x00\x00\x00\x40"], recorded: "" },
    Target { name: "itch", run: itch, seeds: &[b"\x00\x0cS\x00\x00\x00\x00\x0a\x00\x00\x00\x00\x00O"], recorded: "itch/ex20101224.TEST_ITCH_50.gz" },
    Target { name: "journal", run: journal, seeds: &[JOURNAL], recorded: "" },
    Target { name: "kraken", run: kraken, seeds: &[KRAKEN], recorded: "cryptofeed/KRAKEN.ws.50.0.gz" },
];

/// The bytes of records, behind a right header: verified, opened, repaired. What holds for one way holds for the others.
fn journal(data: &[u8]) {
    let storage = SimulatedStorage::new(0);
    let id = JournalId(std::array::from_fn(|k| k as u8));
    if Log::create(storage.clone(), LogConfig::default(), id).is_err() {
        return;
    }
    let name = "00000000000000000001.twj";
    let mut bytes = storage.content(name).unwrap_or_default();
    bytes.extend_from_slice(data);
    storage.put(name, bytes);
    let Ok(report) = verify(&storage, &[]) else { panic!("a journal that is there could not be verified") };
    let mut repaired = SimulatedStorage::new(0);
    let kept = repair(&storage, &mut repaired).map_or(0, |kept| kept.records);
    let checkpoints = matches!(&report.fault, Some(Error::Corrupt { why, .. }) if why.contains("checkpoint"));
    assert!(kept == report.records || (checkpoints && kept > report.records));
    let opened = Log::open(storage, LogConfig::default());
    assert!(opened.is_ok() == report.holds() || checkpoints, "opening and verifying judge differently");
    assert!(opened.is_ok_and(|(_, recovery)| recovery.records == kept) || !report.holds());
    assert!(Log::open(repaired, LogConfig::default()).is_ok_and(|(_, recovery)| recovery.records == kept && recovery.cut_bytes() == 0));
}

/// Heap that an input of `bytes` may lead to: what rows need, and what growing buffers keep in reserve.
fn heap_max(bytes: usize) -> usize {
    (1 << 20) + 1024 * bytes
}

fn policy(choice: u8) -> QualityPolicy {
    let mut policy = QualityPolicy::default();
    policy.set(Fault::Malformed, if choice & 1 == 0 { Policy::Drop } else { Policy::Fail });
    policy
}

/// Push `data`, cut as `cut` says, and look at what came out.
fn decode(decoder: &mut dyn Decoder, cut: u8, data: &[u8]) {
    let mut out = Batches::default();
    let recv = (cut & 1 == 1).then_some(Timestamp::from_nanos(1_723_161_256_000_000_000));
    if decoder.is_byte_stream() {
        for piece in data.chunks(usize::from(cut) * 7 + 1) {
            // A refusal is as good an answer as any; what matters is that the decoder can be used on.
            let _refused = decoder.push(piece, recv, &mut out).is_err();
        }
    } else {
        for _ in 0..2 {
            let _refused = decoder.push(data, recv, &mut out).is_err();
        }
    }
    let _refused = decoder.finish(&mut out).is_err();
    look_at(&out, data.len());
    if let Ok(mut stage) = Stage::new(policy(0)) {
        let before = out.len();
        let _refused = stage.check(&mut out).is_err();
        assert!(out.len() <= before, "the quality stage made events up");
    }
    let rows = out.len();
    let data_taken = out.take();
    assert!(out.is_empty() && data_taken.len() <= rows);
}

fn look_at(out: &Batches, bytes: usize) {
    assert!(out.quotes.is_even() && out.trades.is_even() && out.bars.is_even() && out.actions.is_even() && out.deltas.is_even());
    assert!(out.statuses.is_even() && out.bands.is_even() && out.corrections.is_even());
    // Two passes over a frame, at most two events a byte.
    assert!(out.len() <= 2 * bytes + 16, "{} events out of {bytes} bytes", out.len());
    let heap = out.quotes.heap_bytes() + out.trades.heap_bytes() + out.bars.heap_bytes() + out.deltas.heap_bytes();
    assert!(heap <= heap_max(bytes), "{heap} bytes of heap for an input of {bytes}");
}

fn with_settings(data: &[u8], run: impl FnOnce(u8, u8, &[u8])) {
    if let [choice, cut, rest @ ..] = data {
        run(*choice, *cut, rest);
    }
}

fn framing(choice: u8) -> Framing {
    if choice & 2 == 0 { Framing::Lines } else { Framing::Message }
}

fn alpaca(data: &[u8]) {
    with_settings(data, |choice, cut, data| {
        let format = [Format::Auto, Format::Json, Format::Msgpack][usize::from(choice / 2) % 3];
        decode(&mut AlpacaDecoder::new(format, policy(choice)), cut, data);
    });
}

fn alpaca_history(data: &[u8]) {
    with_settings(data, |choice, cut, data| decode(&mut AlpacaHistory::new(Timeframe::MINUTE, policy(choice)), cut, data));
}

fn binance(data: &[u8]) {
    with_settings(data, |choice, cut, data| {
        let symbol = (choice & 4 == 0).then(|| "BTCUSDT".to_owned());
        decode(&mut BinanceDecoder::new(framing(choice), symbol, policy(choice)), cut, data);
    });
}

fn kraken(data: &[u8]) {
    with_settings(data, |choice, cut, data| decode(&mut KrakenDecoder::new(framing(choice), policy(choice)), cut, data));
}

fn coinbase(data: &[u8]) {
    with_settings(data, |choice, cut, data| decode(&mut CoinbaseDecoder::new(framing(choice), policy(choice)), cut, data));
}

fn dbn(data: &[u8]) {
    with_settings(data, |choice, cut, data| {
        let fragment_version = [None, Some(1), Some(2), Some(3)][usize::from(choice / 2) % 4];
        if let Ok(mut decoder) = DbnDecoder::new(&DbnOptions { fragment_version, policy: policy(choice) }) {
            decode(&mut decoder, cut, data);
        }
    });
}

fn itch(data: &[u8]) {
    with_settings(data, |choice, cut, data| {
        let Some(date) = "2019-01-30".parse().ok() else { return };
        let framing = [itch::Framing::Auto, itch::Framing::Length, itch::Framing::Padded, itch::Framing::Bare][usize::from(choice / 2) % 4];
        let symbols = (choice & 16 != 0).then(|| vec!["ALC".to_owned()]);
        let options = ItchOptions { framing, symbols, policy: policy(choice), ..ItchOptions::new(date) };
        if let Ok(mut decoder) = ItchDecoder::new(&options) {
            decode(&mut decoder, cut, data);
        }
    });
}

/// Sixteen bytes a change: the book takes or refuses it, and is sound afterwards.
fn book(data: &[u8]) {
    with_settings(data, |choice, _, data| {
        let depth = [Depth::L1, Depth::L2, Depth::L3][usize::from(choice) % 3];
        let crossed = [CrossedPolicy::Keep, CrossedPolicy::Uncross, CrossedPolicy::Reject][usize::from(choice / 4) % 3];
        let Ok(mut book) = OrderBook::with_config(BookConfig { depth, crossed, orders_max: 64, levels_max: 32 }) else { return };
        for row in data.chunks_exact(16) {
            let number = |at: usize| i64::from_le_bytes(std::array::from_fn(|i| row[at + i]));
            let action =
                [BookAction::Add, BookAction::Modify, BookAction::Cancel, BookAction::Delete, BookAction::Execute, BookAction::Clear]
                    [usize::from(row[0]) % 6];
            // Few orders and prices, so that changes meet; now and then any.
            let is_wild = row[1] >= 0xf8;
            let delta = BookDelta {
                ts: Timestamp::from_nanos(0),
                instrument: InstrumentId(0),
                order: if is_wild { number(8).unsigned_abs() } else { u64::from(row[2] % 48) },
                action,
                side: if row[3] & 1 == 0 { Side::Buy } else { Side::Sell },
                price: Price::from_raw(if is_wild { number(8) } else { i64::from(row[4] % 24) * 10_000_000 }),
                size: Qty::from_raw(if is_wild { number(4) } else { i64::from(row[5]) * 1_000_000_000 }),
                flags: 0,
            };
            let _refused = book.apply(&delta).is_err();
        }
        if let Err(error) = book.check() {
            panic!("{error}");
        }
    });
}

/// Numbers put back into an indicator as its state: taken or refused, and usable afterwards.
fn indicator_state(data: &[u8]) {
    with_settings(data, |choice, _, data| {
        let numbers: Vec<f64> = data.chunks_exact(8).map(|b| f64::from_le_bytes(std::array::from_fn(|i| b[i]))).collect();
        let count = catalog::all().count();
        let Some((_, entry)) = catalog::all().nth(usize::from(choice) % count) else { return };
        let Ok(mut indicator) = entry.build(&[]) else { return };
        let _refused = indicator.restore(&numbers).is_err();
        let mut out = vec![0.0; indicator.outputs()];
        for row in 0..40 {
            let inputs: Vec<f64> = (0..indicator.inputs()).map(|i| 100.0 + f64::from(row % 7) - i as f64).collect();
            assert!(indicator.update(&inputs, &mut out).is_ok());
        }
    });
}
