//! Binance, Kraken and Coinbase decoders against recorded sessions, and against what streams may do to them.
//!
//! The folder is `TICKWRIGHT_DATA`, by default `../shared/data` beside the checkout; without it the tests say so and pass, unless
//! `TICKWRIGHT_REQUIRE_DATA=1`.

use flate2::read::MultiGzDecoder;
use proptest::prelude::*;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::io::Read;
use std::path::PathBuf;
use tickwright_core::event::{BookAction, BookDelta, FLAG_GAP, FLAG_LAST, FLAG_NO_LAST, FLAG_SNAPSHOT};
use tickwright_core::feeds::binance::BinanceDecoder;
use tickwright_core::feeds::coinbase::CoinbaseDecoder;
use tickwright_core::feeds::kraken::KrakenDecoder;
use tickwright_core::feeds::{Batches, Decoder, Fault, Framing, Policy, QualityPolicy, read_file};
use tickwright_core::types::{InstrumentId, Price, Qty, Side, Timestamp};

fn data(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("TICKWRIGHT_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let file = root.join(path);
    if file.exists() {
        return Some(file);
    }
    assert!(std::env::var_os("TICKWRIGHT_REQUIRE_DATA").is_none_or(|v| v != "1"), "{} is missing", file.display());
    println!("skipped: {} is missing; set TICKWRIGHT_DATA", file.display());
    None
}

fn bytes(path: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    MultiGzDecoder::new(std::fs::File::open(data(path)?).unwrap()).read_to_end(&mut out).unwrap();
    Some(out)
}

fn lenient() -> QualityPolicy {
    let mut policy = QualityPolicy::default();
    policy.set(Fault::Malformed, Policy::Drop);
    policy
}

fn binance(framing: Framing) -> BinanceDecoder {
    BinanceDecoder::new(framing, None, lenient())
}

fn kraken(framing: Framing) -> KrakenDecoder {
    KrakenDecoder::new(framing, lenient())
}

fn coinbase(framing: Framing) -> CoinbaseDecoder {
    CoinbaseDecoder::new(framing, lenient())
}

fn decoders(framing: Framing) -> [Box<dyn Decoder>; 3] {
    [Box::new(binance(framing)), Box::new(kraken(framing)), Box::new(coinbase(framing))]
}

/// A book as naive as can be.
#[derive(Clone, Debug, Default, PartialEq)]
struct Plain {
    bids: BTreeMap<Price, Qty>,
    asks: BTreeMap<Price, Qty>,
}

impl Plain {
    fn apply(&mut self, delta: &BookDelta) {
        assert_eq!(delta.order, 0);
        let side = if delta.side == Side::Buy { &mut self.bids } else { &mut self.asks };
        match delta.action {
            BookAction::Clear => side.clear(),
            BookAction::Delete => drop(side.remove(&delta.price)),
            BookAction::Add => drop(side.insert(delta.price, delta.size)),
            other => panic!("{other:?} in a book of levels"),
        }
    }

    fn touch(&self) -> Option<(Price, Qty, Price, Qty)> {
        let (bid, ask) = (self.bids.last_key_value()?, self.asks.first_key_value()?);
        Some((*bid.0, *bid.1, *ask.0, *ask.1))
    }
}

fn text(out: &Batches) -> String {
    let show = |batch: &dyn Debug| format!("{batch:?}");
    format!("{:?}", [show(&out.instruments.symbols()), show(&out.quotes), show(&out.trades), show(&out.deltas), show(&out.report)])
}

fn counted(decoder: &dyn Decoder, kind: &str) -> u64 {
    decoder.counts().iter().find(|(known, _)| known == kind).map_or(0, |&(_, count)| count)
}

fn run(decoder: &mut dyn Decoder, pieces: &[&[u8]]) -> Batches {
    let mut out = Batches::default();
    for piece in pieces {
        decoder.push(piece, None, &mut out).unwrap();
    }
    decoder.finish(&mut out).unwrap();
    assert!(out.quotes.is_even() && out.trades.is_even() && out.deltas.is_even());
    assert_eq!(out.report.events as usize, out.len());
    out
}

#[test]
fn binance_books_show_the_touch_that_the_book_ticker_reports() {
    for (name, depths, tickers, trades) in
        [("usdm_btcusdt_20240808", 6_551, 66_089, 21_313), ("spot_btcusdt_20240808", 3_451, 28_040, 9_757)]
    {
        let Some(path) = data(&format!("binance/{name}.gz")) else { return };
        let mut decoder = BinanceDecoder::new(Framing::Lines, None, QualityPolicy::default());
        let market = read_file(&path, &mut decoder, &mut |_, _| Ok(())).unwrap();
        let report = &market.report;
        let counts = ["depthUpdate", "bookTicker", "trade", "depth snapshot"].map(|kind| counted(&decoder, kind));
        assert_eq!((counts, decoder.counts().len()), ([depths, tickers, trades, 1], 4));
        assert_eq!(report.rows, depths + tickers + trades + 1);
        assert!(Fault::ALL.iter().all(|&fault| report.found(fault) == 0));
        let (deltas, quotes) = (&market.deltas[0], &market.quotes[0]);
        let (mut book, mut ready, mut states) = (Plain::default(), false, HashMap::new());
        let mut events = 0;
        for i in 0..deltas.len() {
            let delta = deltas.get(i);
            ready |= delta.action == BookAction::Clear;
            assert_eq!(delta.flags & FLAG_GAP != 0, i == 0);
            book.apply(&delta);
            if delta.flags & FLAG_LAST != 0 {
                events += u64::from(delta.flags & FLAG_SNAPSHOT == 0);
                if ready {
                    let touch = book.touch().unwrap();
                    assert!(touch.0 < touch.2, "crossed at row {i}");
                    states.insert(deltas.sequence[i], touch);
                }
            }
        }
        assert_eq!(events, depths);
        let compared: Vec<bool> = (0..quotes.len())
            .filter_map(|i| {
                let q = quotes.get(i);
                states.get(&quotes.sequence[i]).map(|&touch| touch == (q.bid, q.bid_size, q.ask, q.ask_size))
            })
            .collect();
        let equal = compared.iter().filter(|&&same| same).count();
        println!("{name}: touch equal in {equal} of {} book tickers whose update id is a depth update's", compared.len());
        assert!(compared.len() > 500 && equal == compared.len());
    }
}

#[test]
fn every_kraken_checksum_matches() {
    let Some(path) = data("cryptofeed/KRAKEN.ws.50.0.gz") else { return };
    let mut decoder = KrakenDecoder::new(Framing::Lines, QualityPolicy::default());
    let market = read_file(&path, &mut decoder, &mut |_, _| Ok(())).unwrap();
    let report = &market.report;
    let counts = ["checksum matched", "book", "book snapshot"].map(|kind| counted(&decoder, kind));
    println!("kraken: {} of {} checksums", counts[0], counts[1]);
    assert_eq!(counts, [4_269, 4_269, 10]);
    // One ask at 9,999,999,997 francs does not fit the fixed-point range.
    assert_eq!((report.rows, report.found(Fault::OutOfRange)), (4_321, 1));
    assert!(Fault::ALL.iter().all(|&fault| fault == Fault::OutOfRange || report.found(fault) == 0));
    let deltas = &market.deltas[0];
    let mut books = HashMap::<InstrumentId, Plain>::new();
    for i in 0..deltas.len() {
        let book = books.entry(deltas.instrument[i]).or_default();
        book.apply(&deltas.get(i));
        if deltas.flags[i] & FLAG_LAST != 0 {
            assert!(book.bids.len() <= 1000 && book.asks.len() <= 1000, "deeper than subscribed");
            let touch = book.touch().unwrap();
            assert!(touch.0 < touch.2, "crossed at row {i}");
        }
    }
    assert_eq!(books.len(), 10);
}

#[test]
fn coinbase_books_are_never_crossed_and_agree_with_the_ticker() {
    let Some(raw) = bytes("cryptofeed/COINBASE.ws.28.0.gz") else { return };
    let mut decoder = coinbase(Framing::Lines);
    let (mut out, mut books) = (Batches::default(), HashMap::<InstrumentId, Plain>::new());
    let (mut equal, mut tickers, mut states) = (0, 0, 0);
    for line in raw.split_inclusive(|&c| c == b'\n') {
        out.clear();
        decoder.push(line, None, &mut out).unwrap();
        for i in 0..out.deltas.len() {
            let delta = out.deltas.get(i);
            let book = books.entry(delta.instrument).or_default();
            book.apply(&delta);
            if delta.flags & FLAG_LAST != 0 {
                let touch = book.touch().unwrap();
                assert!(touch.0 < touch.2, "crossed");
                states += 1;
            }
        }
        for i in 0..out.quotes.len() {
            let quote = out.quotes.get(i);
            tickers += 1;
            equal += u32::from(books.get(&quote.instrument).and_then(Plain::touch).is_some_and(|t| (t.0, t.2) == (quote.bid, quote.ask)));
        }
    }
    println!("coinbase: no crossed book in {states} states; {equal} of {tickers} tickers equal the book");
    let report = &out.report;
    assert_eq!((tickers, states, report.rows), (107, 9_729, 9_946));
    assert!(equal >= 100);
    let counts = ["l2update", "match", "last_match", "snapshot", "subscriptions"].map(|kind| counted(&decoder, kind));
    assert_eq!(counts, [9_719, 97, 10, 10, 3]);
    assert!(Fault::ALL.iter().all(|&fault| report.found(fault) == 0));
}

#[test]
fn recordings_decode_the_same_however_they_are_cut() {
    for (path, which) in [
        ("binance/spot_btcusdt_20240808.gz", 0),
        ("cryptofeed/KRAKEN.ws.50.0.gz", 1),
        ("cryptofeed/KRAKEN.ws.49.0.gz", 1),
        ("cryptofeed/COINBASE.ws.28.0.gz", 2),
    ] {
        let Some(raw) = bytes(path) else { return };
        let raw = &raw[..raw.len().min(400_000)];
        let mut whole = decoders(Framing::Lines);
        let whole = run(whole[which].as_mut(), &[raw]);
        assert!(whole.len() > 100 || path.contains("49"));
        for size in [1, 7, 4_093] {
            let pieces: Vec<&[u8]> = raw.chunks(size).collect();
            assert_eq!(text(&run(decoders(Framing::Lines)[which].as_mut(), &pieces)), text(&whole), "{path} in pieces of {size}");
        }
    }
}

/// One of each message, in the form of a recording.
const SAMPLES: [&str; 3] = [
    concat!(
        "1723161255030314667 {\"stream\":\"btcusdt@depth@0ms\",\"data\":{\"e\":\"depthUpdate\",\"E\":1723161256299,\"T\":1723161256298,\"s\":\"BTCUSDT\",",
        "\"U\":10,\"u\":14,\"pu\":9,\"b\":[[\"58710.20\",\"0.014\"],[\"61510.90\",\"0.000\"]],\"a\":[[\"61837.64000000\",\"1.54698000\"]]}}\n",
        "1723161255088169167 {\"e\":\"bookTicker\",\"u\":14,\"s\":\"BTCUSDT\",\"b\":\"61800.20\",\"B\":\"2.507\",\"a\":\"61800.30\",\"A\":\"2.510\",\"T\":1723161256313,\"E\":1723161256313}\n",
        "1723161255088176367 {\"e\":\"trade\",\"E\":1723161256322,\"T\":1723161256322,\"s\":\"BTCUSDT\",\"t\":5266583935,\"p\":\"61800.30\",\"q\":\"0.006\",\"X\":\"MARKET\",\"m\":false}\n",
        "1723161255088176368 {\"e\":\"aggTrade\",\"E\":1723161256322,\"s\":\"BTCUSDT\",\"a\":77,\"p\":\"61800.30\",\"q\":\"0.006\",\"f\":1,\"l\":2,\"T\":1723161256322,\"m\":true,\"M\":true}\n",
        "1723161255319702566 {\"lastUpdateId\":12,\"E\":1723161256501,\"T\":1723161256493,\"bids\":[[\"61800.20\",\"2.909\"]],\"asks\":[[\"61800.30\",\"1\"]]}\n",
        "1723161255319702566 {\"result\":null,\"id\":1}\n",
    ),
    concat!(
        "wss://ws.kraken.com <- 1618678132.83097: {\"event\":\"subscribe\"}\n",
        "1618678133.626511: [1360,{\"as\":[[\"0.05005\",\"0.00000500\",\"1618678123.481570\"]],\"bs\":[[\"0.05000\",\"0.00000500\",\"1618678124.481570\"]]},\"book-10\",\"ADA/XBT\"]\n",
        "1618678133.9: [1360,{\"a\":[[\"0.05006\",\"1.00000000\",\"1618678145.920470\"]]},{\"b\":[[\"0.05000\",\"0.00000000\",\"1618678145.920708\",\"r\"]],\"c\":\"4105471083\"},\"book-10\",\"ADA/XBT\"]\n",
        "1618678142.592855: [993,[[\"354.11000000\",\"0.89594024\",\"1618678142.557535\",\"s\",\"l\",\"\"]],\"trade\",\"XMR/USD\"]\n",
        "1618678132.94: [1668,{\"a\":[\"13.253900\",35,\"35.72892241\"],\"b\":[\"13.232900\",185,\"185.18432037\"],\"t\":[640,1353]},\"ticker\",\"WAVES/EUR\"]\n",
        "1618678132.95: [1668,[\"13.232900\",\"13.253900\",\"1618678132.557535\",\"185.18432037\",\"35.72892241\"],\"spread\",\"WAVES/EUR\"]\n",
        "1618678132.96: [42,[\"1542057314.748456\",\"1542057360.435743\",\"3586.70000\"],\"ohlc-5\",\"XBT/USD\"]\n",
        "1618678133.0: {\"event\":\"heartbeat\"}\n",
    ),
    concat!(
        "1618677817.077736: {\"type\":\"snapshot\",\"product_id\":\"BAND-GBP\",\"asks\":[[\"14.8024\",\"12.77\"]],\"bids\":[[\"14.7\",\"1\"]]}\n",
        "1618677817.1: {\"type\":\"l2update\",\"product_id\":\"BAND-GBP\",\"changes\":[[\"sell\",\"14.8024\",\"0.0\"],[\"buy\",\"14.71\",\"3\"]],\"time\":\"2021-04-17T16:43:37.075687Z\"}\n",
        "1618677817.2: {\"type\":\"ticker\",\"sequence\":333938798,\"product_id\":\"BAND-GBP\",\"price\":\"14.7775\",\"best_bid\":\"14.7550\",\"best_ask\":\"14.8060\",\"side\":\"buy\",\"time\":\"2021-04-17T16:43:30.244075Z\"}\n",
        "1618677817.3: {\"type\":\"match\",\"trade_id\":881613,\"side\":\"sell\",\"size\":\"0.04\",\"price\":\"14.7775\",\"product_id\":\"BAND-GBP\",\"sequence\":333938798,\"time\":\"2021-04-17T16:43:30.244075Z\"}\n",
        "1618677817.4: {\"type\":\"subscriptions\",\"channels\":[{\"name\":\"level2\",\"product_ids\":[\"BAND-GBP\"]}]}\n",
    ),
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_stream_decodes_the_same_however_it_is_cut(which in 0_usize..3, cuts in proptest::collection::vec(0_usize..1_600, 0..8)) {
        let sample = SAMPLES[which].as_bytes();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(sample.len())).chain([0, sample.len()]).collect();
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|w| &sample[w[0]..w[1]]).collect();
        let whole = run(decoders(Framing::Lines)[which].as_mut(), &[sample]);
        prop_assert_eq!(text(&run(decoders(Framing::Lines)[which].as_mut(), &pieces)), text(&whole));
    }

    #[test]
    fn damaged_messages_are_counted_and_never_panic(
        which in 0_usize..3,
        damage in proptest::collection::vec((0_usize..1_600, any::<u8>(), 0_u8..3), 1..6),
        end in 0_usize..1_800,
    ) {
        let mut sample = SAMPLES[which].as_bytes().to_vec();
        for (at, value, how) in damage {
            let at = at % sample.len();
            match how {
                0 => sample[at] ^= 1 << (value % 8),
                1 => sample[at] = value,
                _ => drop(sample.remove(at)),
            }
        }
        sample.truncate(end.max(1));
        for framing in [Framing::Lines, Framing::Message] {
            for mut decoder in decoders(framing) {
                let out = run(decoder.as_mut(), &[&sample]);
                prop_assert!(out.len() <= sample.len());
            }
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(prop_oneof![
        Just(b'{'), Just(b'}'), Just(b'['), Just(b']'), Just(b'"'), Just(b','), Just(b':'), Just(b'\n'), Just(b'b'), Just(b'e'), b'0'..=b'9', any::<u8>()
    ], 0..300)) {
        for framing in [Framing::Lines, Framing::Message] {
            for mut decoder in decoders(framing) {
                run(decoder.as_mut(), &[&bytes]);
            }
        }
    }
}

#[test]
fn every_sample_message_is_understood() {
    let kinds = [
        vec!["depthUpdate", "bookTicker", "trade", "aggTrade", "depth snapshot", "control"],
        vec!["book snapshot", "book", "trade", "ticker", "spread", "other", "heartbeat"],
        vec!["snapshot", "l2update", "ticker", "match", "subscriptions"],
    ];
    for which in 0..3 {
        let decoder = &mut decoders(Framing::Lines)[which];
        let out = run(decoder.as_mut(), &[SAMPLES[which].as_bytes()]);
        assert_eq!(decoder.counts(), kinds[which].iter().map(|kind| ((*kind).to_owned(), 1)).collect::<Vec<_>>());
        assert_eq!(out.report.found(Fault::Malformed), 0, "{:?}", out.report.first(Fault::Malformed));
    }
    let mut decoder = kraken(Framing::Lines);
    let out = run(&mut decoder, &[SAMPLES[1].as_bytes()]);
    // The sample's checksum is made up: the update is flagged.
    assert_eq!((out.report.found(Fault::Gap), counted(&decoder, "checksum matched")), (1, 0));
    assert_eq!(out.deltas.flags.iter().filter(|&&f| f & FLAG_GAP != 0).count(), 1);
    assert_eq!(out.trades.aggressor, [-1]);
}

fn push(decoder: &mut dyn Decoder, message: &str, out: &mut Batches) {
    decoder.push(message.as_bytes(), Some(Timestamp::from_nanos(5_000_000_000)), out).unwrap();
}

fn update(first: u64, last: u64, price: u64, ms: u64) -> String {
    format!(r#"{{"e":"depthUpdate","E":{ms},"s":"BTCUSDT","U":{first},"u":{last},"b":[["{price}","1"]],"a":[]}}"#)
}

fn rows(out: &Batches) -> Vec<(BookAction, i64, u64, u32)> {
    (0..out.deltas.len())
        .map(|i| (out.deltas.action[i], out.deltas.price[i].raw() / 1_000_000_000, out.deltas.sequence[i], out.deltas.flags[i]))
        .collect()
}

#[test]
fn updates_that_come_before_their_snapshot_are_given_again_behind_it() {
    let (mut decoder, mut out) = (binance(Framing::Message), Batches::default());
    for (i, message) in [update(1, 5, 10, 1_000), update(6, 9, 11, 1_001), update(10, 12, 12, 1_002)].iter().enumerate() {
        push(&mut decoder, message, &mut out);
        assert_eq!(out.deltas.flags[i] & FLAG_GAP != 0, i == 0);
    }
    out.clear();
    push(&mut decoder, r#"{"lastUpdateId":7,"bids":[["9","1"]],"asks":[["20","1"]]}"#, &mut out);
    let (snapshot, end) = (FLAG_SNAPSHOT, FLAG_SNAPSHOT | FLAG_LAST);
    assert_eq!(
        rows(&out),
        [
            (BookAction::Clear, 0, 7, snapshot),
            (BookAction::Clear, 0, 7, snapshot),
            (BookAction::Add, 9, 7, snapshot),
            (BookAction::Add, 20, 7, end),
            (BookAction::Add, 11, 9, end),
            (BookAction::Add, 12, 12, end),
        ]
    );
    // A snapshot of spot has no time: it stands where it came in the exchange's own time, not in ours.
    assert!(out.deltas.ts.iter().all(|ts| ts.nanos() == 1_002_000_000));
    out.clear();
    push(&mut decoder, &update(11, 12, 13, 1_003), &mut out);
    assert_eq!((out.deltas.len(), counted(&decoder, "depthUpdate before its snapshot")), (0, 1));
    push(&mut decoder, &update(13, 14, 13, 1_003), &mut out);
    push(&mut decoder, &update(16, 17, 14, 1_004), &mut out);
    assert_eq!(rows(&out), [(BookAction::Add, 13, 14, FLAG_LAST), (BookAction::Add, 14, 17, FLAG_LAST | FLAG_GAP)]);
    assert_eq!(out.report.found(Fault::Gap), 1);
    assert!(out.report.first(Fault::Gap).unwrap().contains("BTCUSDT before 16"));
    out.clear();
    push(&mut decoder, r#"{"lastUpdateId":14,"bids":[],"asks":[]}"#, &mut out);
    assert_eq!((out.deltas.len(), counted(&decoder, "depth snapshot too old")), (0, 1));
    push(&mut decoder, r#"{"lastUpdateId":16,"bids":[["8","1"]],"asks":[]}"#, &mut out);
    assert_eq!(rows(&out).last(), Some(&(BookAction::Add, 14, 17, end)));
}

#[test]
fn a_stream_without_snapshots_keeps_little_and_still_sees_gaps() {
    let (mut decoder, mut out) = (binance(Framing::Message), Batches::default());
    for i in 1..=25_000_u64 {
        push(&mut decoder, &update(i, i, 10, 1_000 + i), &mut out);
    }
    assert_eq!((out.deltas.len(), out.report.found(Fault::Gap)), (25_000, 0));
    push(&mut decoder, &update(25_002, 25_002, 10, 40_000), &mut out);
    assert_eq!(out.report.found(Fault::Gap), 1);
}

#[test]
fn partial_depth_is_a_snapshot_of_its_own() {
    let (mut decoder, mut out) = (binance(Framing::Message), Batches::default());
    push(&mut decoder, r#"{"stream":"ethusdt@depth5@100ms","data":{"lastUpdateId":7,"bids":[["9","1"]],"asks":[["20","0"]]}}"#, &mut out);
    push(
        &mut decoder,
        r#"{"stream":"ethusdt@depth5","data":{"e":"depthUpdate","E":6000,"T":6001,"s":"ETHUSDT","U":5,"u":8,"pu":4,"b":[["9","1"]],"a":[]}}"#,
        &mut out,
    );
    assert_eq!(out.instruments.symbols(), ["ETHUSDT"]);
    assert_eq!(out.deltas.action[..2], [BookAction::Clear; 2]);
    assert_eq!(out.deltas.action[4..], [BookAction::Clear, BookAction::Clear, BookAction::Add]);
    assert_eq!((counted(&decoder, "partial depth"), out.report.found(Fault::Gap)), (2, 0));
}

#[test]
fn a_message_that_cannot_be_held_exactly_is_a_fault_and_leaves_nothing() {
    let message = r#"{"e":"depthUpdate","E":1000,"s":"BTCUSDT","U":1,"u":2,"b":[["10","1"],["11","0.0000000001"]],"a":[]}"#;
    let (mut decoder, mut out) = (binance(Framing::Message), Batches::default());
    push(&mut decoder, message, &mut out);
    push(&mut decoder, &message.replace("0.0000000001", "-1"), &mut out);
    assert_eq!((out.len(), out.report.found(Fault::Malformed), out.report.found(Fault::Negative)), (0, 1, 1));
    assert!(out.report.first(Fault::Malformed).unwrap().contains("more than 9 decimals"));
    push(&mut decoder, &message.replace("0.0000000001", "0.0000000010"), &mut out);
    assert_eq!(out.deltas.size[1].raw(), 1);
    let mut strict = BinanceDecoder::new(Framing::Message, None, QualityPolicy::default());
    let error = strict.push(message.as_bytes(), None, &mut out).unwrap_err().to_string();
    assert!(error.contains("binance message 1") && error.contains("9 decimals"), "{error}");
    strict.push(update(1, 2, 3, 4).as_bytes(), None, &mut out).unwrap();
}

#[test]
fn a_level_beyond_the_range_is_counted_and_left_out() {
    let (mut decoder, mut out) = (binance(Framing::Message), Batches::default());
    let levels = r#"["10","1"],["99999999999","1"],["11","99999999999"]"#;
    push(&mut decoder, &update(1, 2, 10, 1_000).replace(r#"["10","1"]"#, levels), &mut out);
    assert_eq!(rows(&out).iter().map(|r| (r.0, r.1)).collect::<Vec<_>>(), [(BookAction::Add, 10), (BookAction::Delete, 11)]);
    assert_eq!((out.report.found(Fault::OutOfRange), out.report.dropped(Fault::OutOfRange)), (2, 2));
}

#[test]
fn transfers_of_the_insurance_fund_are_no_prices() {
    let (mut decoder, mut out) = (binance(Framing::Message), Batches::default());
    push(
        &mut decoder,
        r#"{"e":"trade","E":1,"T":1,"s":"BTCUSDT","t":1,"p":"61800.30","q":"0.006","X":"INSURANCE_FUND","m":false}"#,
        &mut out,
    );
    assert_ne!(out.trades.flags[0] & FLAG_NO_LAST, 0);
}

#[test]
fn a_depth_snapshot_needs_a_symbol() {
    let snapshot = r#"{"lastUpdateId":7,"bids":[["9","1"]],"asks":[]}"#;
    let mut out = Batches::default();
    push(&mut binance(Framing::Message), snapshot, &mut out);
    assert!(out.is_empty() && out.report.first(Fault::Malformed).unwrap().contains("symbol"));
    push(&mut BinanceDecoder::new(Framing::Message, Some("BTCUSDT".to_owned()), lenient()), snapshot, &mut out);
    assert_eq!((out.deltas.len(), out.instruments.symbols()[0].as_str()), (3, "BTCUSDT"));
}

#[test]
fn kraken_deletes_what_an_update_pushes_out_of_the_depth() {
    let (mut decoder, mut out) = (kraken(Framing::Message), Batches::default());
    let levels: Vec<String> = (1..=10).map(|i| format!(r#"["{i}.0","1.0","1.000000"]"#)).collect();
    push(&mut decoder, &format!(r#"[1,{{"as":[{}],"bs":[]}},"book-10","A/B"]"#, levels.join(",")), &mut out);
    out.clear();
    push(&mut decoder, r#"[1,{"a":[["0.5","1.0","2.000000"]]},"book-10","A/B"]"#, &mut out);
    assert_eq!(out.deltas.action, [BookAction::Add, BookAction::Delete]);
    assert_eq!(out.deltas.price, [Price::parse(b"0.5").unwrap(), Price::parse(b"10").unwrap()]);
    assert_eq!(out.deltas.flags, [0, FLAG_LAST]);
}

#[test]
fn a_flawed_kraken_update_does_not_touch_the_checked_book() {
    let Some(raw) = bytes("cryptofeed/KRAKEN.ws.50.0.gz") else { return };
    let mut spoiled = Vec::new();
    for (i, line) in raw.split_inclusive(|&c| c == b'\n').enumerate() {
        if i % 50 == 49 && line.contains(&b'[') {
            // The same update with a broken second half, before the right one.
            let cut = line.len() * 2 / 3;
            spoiled.extend_from_slice(&line[..cut]);
            spoiled.push(b'\n');
        }
        spoiled.extend_from_slice(line);
    }
    let mut decoder = kraken(Framing::Lines);
    let out = run(&mut decoder, &[&spoiled]);
    assert_eq!(counted(&decoder, "checksum matched"), 4_269);
    assert!(out.report.found(Fault::Malformed) > 80);
}

#[test]
fn after_a_wrong_checksum_a_snapshot_makes_the_pair_sound_again() {
    let (mut decoder, mut out) = (kraken(Framing::Message), Batches::default());
    let snapshot = r#"[1,{"as":[["2","1","1.0"]],"bs":[["1","1","1.0"]]},"book-10","A/B"]"#;
    push(&mut decoder, r#"[1,{"a":[["2","1","1.0"]],"c":"1"},"book-10","A/B"]"#, &mut out);
    assert_ne!(out.deltas.flags[0] & FLAG_GAP, 0, "no snapshot before it");
    assert_eq!(out.report.found(Fault::Gap), 0);
    push(&mut decoder, snapshot, &mut out);
    for time in ["2.0", "3.0"] {
        push(&mut decoder, &format!(r#"[1,{{"b":[["1","2","{time}"]],"c":"1"}},"book-10","A/B"]"#), &mut out);
    }
    assert_eq!((out.report.found(Fault::Gap), counted(&decoder, "checksum not checked")), (1, 2));
    push(&mut decoder, snapshot, &mut out);
    // CRC-32 of "2112": asks 2 and 1, bids 1 and 2.
    push(&mut decoder, r#"[1,{"b":[["1","2","4.0"]],"c":"1346713251"},"book-10","A/B"]"#, &mut out);
    assert_eq!((out.report.found(Fault::Gap), counted(&decoder, "checksum matched")), (1, 1));
}
