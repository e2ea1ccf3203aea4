//! DBN: Databento's files, and any bytes at all. The decoding field by field is compared with Databento's own Python package in
//! `tests/oracle/test_dbn_oracles.py`; here is the book, and what no sound file holds.
//!
//! The folder is `TICKWRIGHT_DATA`, by default `../shared/data` beside the checkout; without it the tests say so and pass, unless
//! `TICKWRIGHT_REQUIRE_DATA=1`.

use proptest::prelude::*;
use std::io::Read;
use std::path::PathBuf;
use tickwright_core::book::{LevelBook, Outcome};
use tickwright_core::event::{FLAG_LAST, FLAG_OUT_OF_ORDER, FLAG_SNAPSHOT};
use tickwright_core::feeds::dbn::{DbnDecoder, DbnOptions};
use tickwright_core::feeds::{Batches, Decoder, Fault, MarketData, Policy, QualityPolicy, read_file};
use tickwright_core::types::{Price, Timestamp};

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

fn read(path: &str) -> Option<MarketData> {
    let mut decoder = DbnDecoder::new(&DbnOptions::default()).unwrap();
    Some(read_file(&data(path)?, &mut decoder, &mut |_, _| Ok(())).unwrap())
}

fn lenient() -> DbnOptions {
    let mut policy = QualityPolicy::default();
    policy.set(Fault::Malformed, Policy::Drop);
    DbnOptions { policy, ..DbnOptions::default() }
}

#[test]
fn the_market_by_order_day_makes_the_book_that_its_trades_print_in() {
    let Some(day) = read("databento/esh4-glbx-mdp3-20231225.mbo.dbn.zst") else { return };
    let (deltas, trades) = (&day.deltas[0], &day.trades[0]);
    assert_eq!((day.report.rows, deltas.len(), trades.len()), (68_792, 29_216 + 17_999 + 12_233, 2_973));
    assert_eq!(day.instruments.symbols(), ["ESH4"]);
    assert_eq!(deltas.flags.iter().filter(|&&f| f & FLAG_SNAPSHOT != 0).count(), 8_725);
    assert_eq!(deltas.flags.iter().filter(|&&f| f & FLAG_OUT_OF_ORDER != 0).count(), 0);
    assert_eq!(deltas.ts[0].to_string(), "2023-12-25T00:00:00Z");
    let mut book = LevelBook::new();
    let (mut states, mut crossed, mut next_trade, mut touching, mut sided) = (0, Vec::new(), 0, 0, 0);
    for i in 0..deltas.len() {
        // Trades up to here, by their place in the stream: the exchange's number, then the time of receipt.
        while next_trade < trades.len() && trades.recv[next_trade] <= deltas.recv[i] && deltas.ts[i] >= trades.ts[next_trade] {
            let (trade, aggressor) = (trades.get(next_trade), trades.aggressor[next_trade]);
            let touch = match aggressor {
                1 => book.best_ask(),
                -1 => book.best_bid(),
                _ => None,
            };
            sided += i32::from(aggressor != 0);
            touching += i32::from(touch.is_some_and(|level| level.price == trade.price));
            next_trade += 1;
        }
        let delta = deltas.get(i);
        let outcome = book.apply(&delta).unwrap();
        assert!(outcome == Outcome::Applied, "row {i}: {outcome:?}");
        if delta.flags & FLAG_LAST != 0 {
            states += 1;
            if book.is_crossed() {
                crossed.push(delta.ts);
            }
        }
    }
    println!(
        "DBN: {states} states, {} crossed, {touching} of {sided} trades at the touch, {} unknown orders",
        crossed.len(),
        book.unknown_orders()
    );
    assert_eq!((states, crossed.len(), book.unknown_orders()), (47_022, 891, 0));
    let span = [crossed[0], crossed[crossed.len() - 1]].map(|ts| ts.to_string()[11..19].to_owned());
    assert!(span[0].as_str() >= "22:39:55" && span[1].as_str() <= "23:00:00", "{span:?}");
    assert_eq!((touching, sided), (2_890, 2_972));
}

#[test]
fn trades_of_the_top_of_the_book_are_the_trades_and_make_the_bars() {
    let path = |kind: &str, span: &str| format!("databento/futures_{kind}_{span}.dbn.zst");
    let span = "2024-07-01T23-58_2024-07-02T00-02";
    let (Some(top), Some(plain), Some(bars)) =
        (read(&path("mbp-1", span)), read(&path("trades", span)), read(&path("ohlcv-1m", "2024-07-01T23-40_2024-07-02T00-10")))
    else {
        return;
    };
    let rows = |data: &MarketData| {
        let trades = &data.trades[0];
        (0..trades.len()).map(|i| (trades.get(i), trades.aggressor[i], trades.recv[i])).collect::<Vec<_>>()
    };
    let equal = rows(&top)
        .iter()
        .zip(rows(&plain))
        .filter(|(a, b)| (a.0.ts, a.0.price, a.0.size, a.1, a.2) == (b.0.ts, b.0.price, b.0.size, b.1, b.2))
        .count();
    println!("DBN: {equal} of {} trades of mbp-1 are those of the trades file", plain.trades[0].len());
    assert_eq!((equal, top.trades[0].len(), plain.trades[0].len()), (120, 120, 120));
    let mut minutes = 0;
    let mut compared = 0;
    for i in 0..bars.bars[0].len() {
        let bar = bars.bars[0].get(i);
        if bars.instruments.symbol(bar.instrument) != "ESU4" {
            continue;
        }
        let inside: Vec<_> = rows(&plain).into_iter().map(|row| row.0).filter(|t| bar.start <= t.ts && t.ts < bar.ts).collect();
        let (Some(first), Some(last)) = (inside.first(), inside.last()) else { continue };
        compared += 1;
        let prices = || inside.iter().map(|t| t.price);
        let volume: i64 = inside.iter().map(|t| t.size.raw()).sum();
        minutes += i32::from(
            (first.price, prices().max().unwrap(), prices().min().unwrap(), last.price, volume)
                == (bar.open, bar.high, bar.low, bar.close, bar.volume.raw()),
        );
    }
    println!("DBN: {minutes} of {compared} minute bars equal the trades of their minute");
    assert_eq!((minutes, compared), (4, 4));
    let quotes = &top.quotes[0];
    assert!(quotes.len() <= 2_288 && (1..quotes.len()).all(|i| quotes.bid[i] < quotes.ask[i]));
}

#[test]
fn a_fragment_is_read_with_its_version_and_other_things_are_named() {
    let Some(path) = data("dbn/test_data.definition.v3.dbn.frag") else { return };
    let mut decoder = DbnDecoder::new(&DbnOptions { fragment_version: Some(3), ..DbnOptions::default() }).unwrap();
    read_file(&path, &mut decoder, &mut |_, _| Ok(())).unwrap();
    assert_eq!(decoder.counts(), [("definition".to_owned(), 2)]);
    assert!(DbnDecoder::new(&DbnOptions { fragment_version: Some(9), ..DbnOptions::default() }).is_err());
    for (file, word) in [("dbn/test_data.mbo.dbz", "DBZ"), ("dbn/test_data.definition.v1.dbn.frag", "fragment_version")] {
        let mut decoder = DbnDecoder::new(&DbnOptions::default()).unwrap();
        let error = read_file(&data(file).unwrap(), &mut decoder, &mut |_, _| Ok(())).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
    let mut out = Batches::default();
    let packed = std::fs::read(data("dbn/test_data.mbo.v3.dbn.zst").unwrap()).unwrap();
    let error = DbnDecoder::new(&DbnOptions::default()).unwrap().push(&packed, None, &mut out).unwrap_err().to_string();
    assert!(error.contains("zstd"), "{error}");
}

/// A plain file of each schema.
fn plain_files() -> Vec<Vec<u8>> {
    let names = [
        "mbo.v3",
        "mbp-1",
        "mbp-10",
        "trades",
        "ohlcv-1m",
        "status",
        "cmbp-1",
        "bbo-1s",
        "cbbo-1s",
        "definition",
        "statistics",
        "imbalance",
    ];
    let mut files: Vec<Vec<u8>> =
        names.iter().filter_map(|name| data(&format!("dbn/test_data.{name}.dbn"))).map(|path| std::fs::read(path).unwrap()).collect();
    if let Some(path) = data("databento/futures_mbp-1_2024-07-01T23-58_2024-07-02T00-02.dbn.zst") {
        let mut bytes = Vec::new();
        zstd::Decoder::new(std::fs::File::open(path).unwrap()).unwrap().take(20_000).read_to_end(&mut bytes).unwrap();
        files.push(bytes);
    }
    files
}

fn decode(pieces: &[&[u8]]) -> String {
    let (mut decoder, mut out) = (DbnDecoder::new(&lenient()).unwrap(), Batches::default());
    let mut errors = Vec::new();
    for piece in pieces {
        errors.extend(decoder.push(piece, None, &mut out).err());
    }
    errors.extend(decoder.finish(&mut out).err());
    assert!(out.deltas.is_even() && out.trades.is_even() && out.quotes.is_even() && out.bars.is_even() && out.statuses.is_even());
    format!(
        "{:?} {:?} {:?} {:?} {:?} {:?} {:?} {errors:?}",
        out.quotes,
        out.trades,
        out.bars,
        out.deltas,
        out.statuses,
        out.report,
        decoder.counts()
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_file_cut_anywhere_and_with_flipped_bits_gives_what_the_whole_gives(
        file in any::<proptest::sample::Index>(),
        cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..8),
        flips in proptest::collection::vec((any::<proptest::sample::Index>(), 0_u8..8), 0..4),
        end in any::<proptest::sample::Index>(),
        whole in any::<bool>(),
    ) {
        let files = plain_files();
        if files.is_empty() {
            return Ok(());
        }
        let mut bytes = file.get(&files).clone();
        for (at, bit) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
        }
        if !whole {
            bytes.truncate(end.index(bytes.len()) + 1);
        }
        let mut cuts: Vec<usize> = cuts.iter().map(|c| c.index(bytes.len())).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|w| &bytes[w[0]..w[1]]).collect();
        prop_assert_eq!(decode(&[&bytes]), decode(&pieces));
    }

    #[test]
    fn bytes_of_any_kind_are_read_or_refused(mut bytes in proptest::collection::vec(any::<u8>(), 0..600), version in 0_u8..5) {
        decode(&[&bytes]);
        // As records, and behind a sound beginning.
        let options = DbnOptions { fragment_version: Some(version.clamp(1, 3)), ..lenient() };
        let (mut decoder, mut out) = (DbnDecoder::new(&options).unwrap(), Batches::default());
        for record in bytes.chunks_mut(56) {
            record[0] = 14;
        }
        decoder.push(&bytes, Some(Timestamp::from_nanos(1)), &mut out).unwrap();
        decoder.finish(&mut out).unwrap();
        let mut behind = b"DBN".to_vec();
        behind.push(version);
        behind.extend((bytes.len() as u32 / 2).to_le_bytes());
        behind.extend_from_slice(&bytes);
        decode(&[&behind]);
        prop_assert!(out.trades.price.iter().all(|&price| price != Price::from_raw(i64::MAX)));
    }
}
