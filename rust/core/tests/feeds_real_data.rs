//! Feeds against real files and what is known of them.
//!
//! The folder is `TICKWRIGHT_DATA`, by default `../shared/data` beside the checkout; without it the tests say so and pass, unless
//! `TICKWRIGHT_REQUIRE_DATA=1`.

use std::path::{Path, PathBuf};
use tickwright_core::book::{Level, OrderBook};
use tickwright_core::event::{ActionKind, FLAG_EXTENDED, FLAG_FROM_BAR, FLAG_NO_LAST, FLAG_NO_VOLUME};
use tickwright_core::feeds::factors::Factors;
use tickwright_core::feeds::lean::{self, Adjust, Consolidate, Kind, LeanOptions, Session};
use tickwright_core::feeds::lobster::{self, LobsterOptions};
use tickwright_core::feeds::zone::{NewYorkDay, parse_date};
use tickwright_core::feeds::{Fault, MarketData, Policy};
use tickwright_core::types::{Price, Qty, Timestamp};

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

fn lean(path: &str) -> Option<PathBuf> {
    data(&format!("lean/equity/usa/{path}"))
}

fn dollars(text: &str) -> Price {
    Price::parse(text.as_bytes()).unwrap()
}

fn crossed_and_locked(path: &Path, consolidate: Consolidate) -> (u64, u64, u64) {
    let out = lean::read(path, &LeanOptions { consolidate, ..LeanOptions::default() }).unwrap();
    let report = &out.report;
    assert_eq!(report.events + Fault::ALL.iter().map(|&f| report.dropped(f)).sum::<u64>(), report.rows);
    (report.rows, report.found(Fault::Crossed), report.found(Fault::Locked))
}

#[test]
fn every_row_of_the_bank_of_america_day_is_an_event() {
    let Some(folder) = lean("tick/bac") else { return };
    let out = lean::read(&folder, &LeanOptions::default()).unwrap();
    assert_eq!((out.quotes.len(), out.trades.len()), (1, 1));
    assert_eq!((out.quotes[0].len(), out.trades[0].len(), out.len()), (476_855, 88_172, 565_027));
    assert_eq!(out.instruments.symbols(), ["BAC"]);
    assert_eq!((out.quotes[0].first_unsorted(), out.trades[0].first_unsorted()), (None, None));
    let first = out.quotes[0].get(0);
    assert_eq!((first.ts.to_string().as_str(), first.bid, first.ask), ("2013-10-07T08:00:00.151Z", Price::ZERO, dollars("14.02")));
    let second = out.quotes[0].get(1);
    assert_eq!((second.bid, second.ask, second.bid_size), (dollars("13.84"), dollars("14.02"), Qty::from_whole(700).unwrap()));
    // Counted from the file: average price, derivatively priced, sold, cash, next day, official open and close.
    let no_last = out.trades[0].flags.iter().filter(|&&f| f & FLAG_NO_LAST != 0).count();
    let no_volume = out.trades[0].flags.iter().filter(|&&f| f & FLAG_NO_VOLUME != 0).count();
    assert_eq!((no_last, no_volume), (37 + 35 + 25 + 12 + 9 + 7 + 3 + 2 + 2 + 1 + 1 + 1, 3));
}

#[test]
fn ticks_are_the_consolidated_best_so_the_last_seen_sides_do_not_cross() {
    let (Some(bac), Some(ibm)) = (lean("tick/bac/20131007_quote.zip"), lean("tick/ibm/20131007_quote.zip")) else { return };
    assert_eq!(crossed_and_locked(&bac, Consolidate::LastSeen), (476_855, 0, 9_433));
    assert_eq!(crossed_and_locked(&ibm, Consolidate::LastSeen), (109_067, 89, 658));
    let (_, crossed, _) = crossed_and_locked(&bac, Consolidate::BestOfVenues);
    assert!(crossed > 470_000, "{crossed}");
}

#[test]
fn the_regular_session_and_the_time_window_leave_the_rest_out() {
    let Some(path) = lean("tick/spy/20131007_trade.zip") else { return };
    let all = lean::read(&path, &LeanOptions::default()).unwrap();
    assert_eq!(all.trades[0].len(), 250_601);
    let regular = lean::read(&path, &LeanOptions { session: Session::Regular, ..LeanOptions::default() }).unwrap();
    let extended = all.trades[0].flags.iter().filter(|&&f| f & FLAG_EXTENDED != 0).count();
    assert_eq!(regular.trades[0].len() + extended, 250_601);
    let day = NewYorkDay::new(parse_date(b"20131007").unwrap()).unwrap();
    let (start, end) = (day.at_ms(36_000_000), day.at_ms(39_600_000));
    let hour = lean::read(&path, &LeanOptions { start: Some(start), end: Some(end), ..LeanOptions::default() }).unwrap();
    assert_eq!(hour.trades[0].len(), all.trades[0].ts.iter().filter(|&&ts| ts >= start && ts < end).count());
    assert!(!hour.is_empty());
    let before = LeanOptions { end: Some(day.at_ms(0)), ..LeanOptions::default() };
    assert!(lean::read(&path, &before).unwrap_err().to_string().contains("no events"));
}

#[test]
fn bars_are_known_at_their_end() {
    let (Some(second), Some(minute), Some(hour)) = (lean("second/spy"), lean("minute/spy"), lean("hour/spy.zip")) else { return };
    let out = lean::read(&second, &LeanOptions::default()).unwrap();
    assert_eq!((out.bars[0].len(), out.quotes[0].len()), (16_675, 27_409));
    let bar = out.bars[0].get(0);
    assert_eq!((bar.start.to_string().as_str(), bar.ts.since(bar.start)), ("2013-10-07T08:00:00Z", 1_000_000_000));
    assert_eq!((bar.close, bar.volume, bar.flags), (dollars("167.41"), Qty::from_whole(2049).unwrap(), FLAG_EXTENDED));
    let quote = out.quotes[0].get(0);
    assert_eq!((quote.bid, quote.ask, quote.flags), (dollars("167.27"), dollars("167.41"), FLAG_FROM_BAR));
    assert_eq!((quote.ts.to_string().as_str(), quote.ask_size), ("2013-10-07T08:00:01Z", Qty::from_whole(600).unwrap()));
    let trades =
        lean::read(&minute, &LeanOptions { kind: Some(Kind::Trade), session: Session::Regular, ..LeanOptions::default() }).unwrap();
    assert_eq!((trades.bars[0].len(), trades.quotes.len()), (5 * 390, 0));
    let hours = lean::read(&hour, &LeanOptions::default()).unwrap();
    assert_eq!(hours.bars[0].len() as u64 + hours.report.dropped(Fault::BadBar), 40_832);
    let first = hours.bars[0].get(0);
    assert_eq!((first.start.to_string().as_str(), first.ts.to_string().as_str()), ("1998-01-02T14:00:00Z", "1998-01-02T15:00:00Z"));
}

fn daily(symbol: &str, options: &LeanOptions) -> Option<MarketData> {
    Some(lean::read(&lean(&format!("daily/{symbol}.zip"))?, options).unwrap())
}

#[test]
fn apple_splits_come_out_of_the_factor_file() {
    let Some(out) = daily("aapl", &LeanOptions { actions: true, ..LeanOptions::default() }) else { return };
    assert_eq!(out.bars[0].len(), 5_849);
    let splits: Vec<(String, f64)> = (0..out.actions[0].len())
        .map(|i| out.actions[0].get(i))
        .filter_map(
            |a| if let ActionKind::Split { new_shares_per_old } = a.kind { Some((a.ts.to_string(), new_shares_per_old)) } else { None },
        )
        .collect();
    let expected =
        [("2000-06-21T13:30:00Z", 2.0), ("2005-02-28T14:30:00Z", 2.0), ("2014-06-09T13:30:00Z", 7.0), ("2020-08-31T13:30:00Z", 4.0)];
    assert_eq!(splits, expected.map(|(ts, ratio)| (ts.to_owned(), ratio)));
}

#[test]
fn spy_pays_its_dividends_on_days_that_trade() {
    let Some(out) = daily("spy", &LeanOptions { actions: true, ..LeanOptions::default() }) else { return };
    let actions = &out.actions[0];
    assert_eq!(actions.len(), 94);
    for i in 0..actions.len() {
        let action = actions.get(i);
        assert!(out.bars[0].start.binary_search(&action.ts).is_ok(), "{:?} is no trading day", action.ts);
        let ActionKind::Dividend { per_share, reference, ratio } = action.kind else { panic!("SPY never split") };
        assert!((per_share.to_f64() - reference.to_f64() * (1.0 - ratio)).abs() < 1e-9);
        assert!(per_share.to_f64() > 0.1 && per_share.to_f64() < 2.0, "{per_share}");
    }
}

#[test]
fn adjusted_closes_are_closes_times_the_factors() {
    for symbol in ["aapl", "bac", "ibm", "aig", "spy"] {
        let Some(raw) = daily(symbol, &LeanOptions::default()) else { return };
        let split = daily(symbol, &LeanOptions { adjust: Adjust::Split, ..LeanOptions::default() }).unwrap();
        let total = daily(symbol, &LeanOptions { adjust: Adjust::Total, ..LeanOptions::default() }).unwrap();
        let text = std::fs::read_to_string(lean(&format!("factor_files/{symbol}.csv")).unwrap()).unwrap();
        let rows: Vec<Vec<f64>> = text.lines().map(|l| l.split(',').map(|f| f.parse().unwrap()).collect()).collect();
        for i in 0..raw.bars[0].len() {
            let (bar, s, t) = (raw.bars[0].get(i), split.bars[0].get(i), total.bars[0].get(i));
            let date: f64 = bar.ts.to_string()[..10].replace('-', "").parse().unwrap();
            let row = rows.iter().find(|r| r[0] >= date).unwrap();
            let close = bar.close.to_f64();
            assert!((s.close.to_f64() - close * row[2]).abs() <= 1e-9, "{symbol} {date}");
            assert!((t.close.to_f64() - close * row[1] * row[2]).abs() <= 1e-9, "{symbol} {date}");
            assert!(
                (s.volume.to_f64() * row[2] / bar.volume.to_f64().max(1.0) - 1.0).abs() < 1e-9 || bar.volume.is_zero(),
                "{symbol} {date}"
            );
        }
    }
}

#[test]
fn the_adjusted_series_has_no_split_jump() {
    let Some(out) = daily("aapl", &LeanOptions { adjust: Adjust::Split, ..LeanOptions::default() }) else { return };
    let bars = &out.bars[0];
    let worst = bars.open.iter().skip(1).zip(&bars.close).map(|(o, c)| (o.to_f64() / c.to_f64() - 1.0).abs()).fold(0.0, f64::max);
    // 2000-09-29 opened at half its close before: a profit warning, not a split.
    assert!(worst < 0.55, "{worst}");
}

#[test]
fn settings_that_cannot_work_are_refused_with_the_remedy() {
    let Some(path) = lean("daily/spy.zip") else { return };
    let message = |options: &LeanOptions| lean::read(&path, options).unwrap_err().to_string();
    assert!(message(&LeanOptions { actions: true, adjust: Adjust::Total, ..LeanOptions::default() }).starts_with("actions:"));
    let missing = LeanOptions { adjust: Adjust::Split, factor_file: Some("nowhere.csv".into()), ..LeanOptions::default() };
    assert!(message(&missing).contains("no such factor file"));
    let mut strict = LeanOptions::default();
    strict.policy.set(Fault::BadBar, Policy::Fail);
    strict.policy.absurd_band = f64::NAN;
    assert!(message(&strict).starts_with("absurd_band:"));
}

#[test]
fn every_factor_file_reads() {
    for (symbol, splits, dividends) in [("aapl", 4, 35), ("aig", 4, 75), ("bac", 1, 93), ("ibm", 1, 93), ("spy", 0, 94)] {
        let Some(path) = lean(&format!("factor_files/{symbol}.csv")) else { return };
        let actions = Factors::read(&path).unwrap().actions().unwrap();
        let found = actions.iter().filter(|a| matches!(a.kind, ActionKind::Split { .. })).count();
        println!("{symbol}: {found} splits, {} dividends", actions.len() - found);
        assert_eq!((found, actions.len() - found), (splits, dividends), "{symbol}");
    }
}

fn unzip(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap();
    if path.extension().is_some_and(|e| e == "gz") {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut flate2::read::MultiGzDecoder::new(bytes.as_slice()), &mut text).unwrap();
        return text;
    }
    String::from_utf8(bytes).unwrap()
}

/// Levels of a book row as (ask price, ask size, bid price, bid size), in the units of the file.
fn book_levels(row: &str) -> Vec<[i64; 4]> {
    let numbers: Vec<i64> = row.split(',').map(|f| f.trim().parse().unwrap()).collect();
    numbers.chunks_exact(4).map(|c| [c[0], c[1], c[2], c[3]]).collect()
}

/// Replay the messages against the book file: rows of which the best `n` levels are equal, for each `n` asked.
fn equal_rows(messages: &Path, orderbook: &Path, depths: &[usize]) -> (usize, Vec<usize>) {
    let out = lobster::read(messages, &LobsterOptions { orderbook: Some(orderbook.to_owned()), ..LobsterOptions::default() }).unwrap();
    let (deltas, rows) = (&out.deltas[0], unzip(orderbook));
    let types: Vec<String> = unzip(messages).lines().map(|l| l.split(',').nth(1).unwrap().to_owned()).collect();
    let mut book = OrderBook::new();
    let seeded = (0..deltas.len()).take_while(|&i| deltas.order[i] == 0).count();
    for i in 0..seeded {
        book.apply(&deltas.get(i)).unwrap();
    }
    let (mut next, mut equal, mut compared) = (seeded, vec![0; depths.len()], 0);
    for (row, kind) in rows.lines().zip(&types).skip(1) {
        if matches!(kind.as_str(), "1" | "2" | "3" | "4") {
            book.apply(&deltas.get(next)).unwrap();
            next += 1;
        }
        compared += 1;
        let expected = book_levels(row);
        let (bids, asks) = book.depth(expected.len());
        let pair = |level: Option<&Level>| level.map_or((0, 0), |l| (l.price.raw() / 100_000, l.size.raw() / 1_000_000_000));
        for (n, count) in depths.iter().zip(&mut equal) {
            let same = |k: usize| {
                let (ask, bid) = (pair(asks.get(k)), pair(bids.get(k)));
                expected[k] == [ask.0, ask.1, bid.0, bid.1]
            };
            *count += usize::from((0..*n).all(same));
        }
    }
    assert_eq!(next, deltas.len());
    (compared, equal)
}

#[test]
fn the_replayed_book_is_the_book_that_lobster_ships() {
    let messages = data("lobster/AAPL_2012-06-21_first672_message_50.csv.gz");
    let (Some(messages), Some(book)) = (messages, data("lobster/AAPL_2012-06-21_orderbook_50.csv.gz")) else { return };
    let (rows, equal) = equal_rows(&messages, &book, &[1, 10, 50]);
    println!("50 levels: {equal:?} of {rows}");
    assert_eq!((rows, equal[0], equal[1]), (671, 671, 671));
    assert!(equal[2] >= 556, "{equal:?}");
}

#[test]
fn ten_levels_give_the_touch_in_nearly_every_row() {
    let messages = data("lobster/AAPL_2012-06-21_head998_message_10.csv");
    let (Some(messages), Some(book)) = (messages, data("lobster/AAPL_2012-06-21_head998_orderbook_10.csv")) else { return };
    let (rows, equal) = equal_rows(&messages, &book, &[1, 10]);
    println!("10 levels: {equal:?} of {rows}");
    // 95.6 %: orders behind the ten levels of the seed are in no message.
    assert!((rows, equal[0] >= 954) == (998, true), "{equal:?} of {rows}");
}

#[test]
fn the_first_hour_replays_whole() {
    let Some(messages) = data("lobster/AAPL_2012-06-21_34200000_37800000_message_50.csv.gz") else { return };
    let out = lobster::read(&messages, &LobsterOptions::default()).unwrap();
    assert_eq!((out.report.rows, out.deltas[0].len(), out.trades[0].len()), (91_997, 44_256 + 469 + 41_004 + 4_067, 4_067 + 2_201));
    assert_eq!(out.instruments.symbols(), ["AAPL"]);
    let quotes = &out.quotes[0];
    println!("{} quotes; {:?}", quotes.len(), out.report.notes);
    assert_eq!(quotes.ts[0].to_string(), "2012-06-21T13:30:00.004241176Z");
    let repeated = |i: usize| (quotes.bid[i], quotes.ask[i], quotes.bid_size[i], quotes.ask_size[i]);
    assert!((1..quotes.len()).all(|i| repeated(i) != repeated(i - 1)), "a quote is given only when the touch changes");
    assert_eq!(quotes.first_unsorted(), None);
    // With the book file of the first messages every two-sided quote of them is a touch that the file shows.
    let Some(book) = data("lobster/AAPL_2012-06-21_orderbook_50.csv.gz") else { return };
    let seeded = lobster::read(&messages, &LobsterOptions { orderbook: Some(book), ..LobsterOptions::default() }).unwrap();
    let crossed = seeded.report.found(Fault::Crossed) + out.report.found(Fault::Crossed);
    println!("seeded: {} quotes; {crossed} crossed; {:?}", seeded.quotes[0].len(), seeded.report.notes);
    assert!(seeded.quotes[0].bid.iter().zip(&seeded.quotes[0].ask).all(|(b, a)| b.is_positive() && a > b));
    let later =
        LobsterOptions { start: Some(Timestamp::from_nanos(quotes.ts[0].nanos() + 1_800_000_000_000)), ..LobsterOptions::default() };
    let half = lobster::read(&messages, &later).unwrap();
    assert!(half.quotes[0].len() < quotes.len() && half.deltas[0].len() == out.deltas[0].len());
}
