//! Faulty Lean files: every one is a clear error or a counted choice of the policy, never a panic.

use proptest::prelude::*;
use std::io::Write;
use std::path::PathBuf;
use tickwright_core::event::{FLAG_CROSSED, FLAG_SUSPICIOUS};
use tickwright_core::feeds::lean::{self, Kind, LeanOptions, Resolution};
use tickwright_core::feeds::zone::parse_date;
use tickwright_core::feeds::{Fault, MarketData, Policy};
use tickwright_core::types::{Price, Result};

/// A file in a folder of each test's own, under the build's folder.
fn file(test: &str, name: &str, content: &[u8]) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("feeds-lean-faults").join(test);
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, content).unwrap();
    path
}

fn zipped(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in entries {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn quotes(test: &str, rows: &str, set: &[(Fault, Policy)]) -> Result<MarketData> {
    let mut options = LeanOptions::default();
    for &(fault, policy) in set {
        options.policy.set(fault, policy);
    }
    lean::read(&file(test, "tick/abc/20131007_quote.csv", rows.as_bytes()), &options)
}

fn refused(result: Result<MarketData>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn files_that_are_missing_empty_or_corrupt_are_refused_with_a_remedy() {
    let read = |path: PathBuf| refused(lean::read(&path, &LeanOptions::default()));
    assert!(read("nowhere/tick/abc/20131007_quote.zip".into()).contains("no such file"));
    assert!(read(file("empty", "tick/abc/20131007_quote.zip", b"")).contains("empty"));
    assert!(read(file("blank", "tick/abc/20131007_quote.csv", b"\n\n")).contains("holds no rows"));
    assert!(read(file("text", "tick/abc/20131007_quote.zip", b"this is no zip file at all")).contains("not a whole zip"));
    let whole = zipped(&[("a.csv", &"34200000,100000,100,P,1,0\n".repeat(1000))]);
    assert!(lean::read(&file("whole", "tick/abc/20131007_trade.zip", &whole), &LeanOptions::default()).is_ok());
    let mut flipped = whole.clone();
    flipped[60] ^= 0xff;
    assert!(read(file("flipped", "tick/abc/20131007_trade.zip", &flipped)).contains("fetch it again"));
    assert!(read(file("cut", "tick/abc/20131007_trade.zip", &whole[..whole.len() / 2])).contains("not a whole zip"));
    assert!(read(file("two", "tick/abc/20131007_trade.zip", &zipped(&[("a.csv", "1"), ("b.csv", "2")]))).contains("2 entries"));
    assert!(read(file("long", "tick/abc/20131007_trade.csv", &vec![b'7'; 300_000])).contains("longer than"));
    assert!(read(file("folder", "tick/abc/notes.txt", b"x").parent().unwrap().to_owned()).contains("holds no zip or csv"));
}

#[test]
fn a_malformed_row_is_named_with_file_row_column_and_content() {
    let rows = "34200000,100000,100,0,0,P,1,0\n34200001,1o0000,100,0,0,P,1,0\n34200002,100000,100,0,0,P,1,0\n";
    let message = refused(quotes("malformed", rows, &[]));
    for part in ["20131007_quote.csv row 2", "column bid price", "34200001,1o0000", "malformed"] {
        assert!(message.contains(part), "{message}");
    }
    let out = quotes("malformed-drop", rows, &[(Fault::Malformed, Policy::Drop)]).unwrap();
    assert_eq!((out.len(), out.report.rows, out.report.dropped(Fault::Malformed)), (2, 3, 1));
    for (bad, column) in [
        ("34200000,100000,100,0,0,P,1", "suspicious"),
        ("34200000,100000,100,0,0,P,1,0,9", "after the last"),
        ("86400000,100000,100,0,0,P,1,0", "time"),
        ("34200000,100000,100,0,0,P,zz,0", "condition"),
        ("34200000,99999999999999999999,100,0,0,P,1,0", "bid price"),
    ] {
        let message = refused(quotes("malformed-columns", bad, &[]));
        assert!(message.contains(&format!("column {column}:")), "{bad}: {message}");
    }
    let wide = refused(quotes("malformed-wide", &"x".repeat(500), &[]));
    assert!(!wide.contains(&"x".repeat(81)), "{wide}");
}

#[test]
fn faults_are_counted_and_the_policy_decides() {
    let rows = "34200000,100000,100,101000,100,P,1,0\n\
                34200001,-5,100,0,0,P,1,0\n\
                34200002,0,100,0,0,P,1,0\n\
                34200003,102000,100,0,0,P,1,0\n\
                34200004,101000,100,0,0,P,1,0\n\
                34200004,101000,100,0,0,P,1,0\n\
                34200001,100000,100,0,0,P,1,0\n\
                34200005,100000,100,0,0,P,1,1\n\
                34200006,900000,100,0,0,P,1,0\n";
    let out = quotes("faults", rows, &[]).unwrap();
    let report = &out.report;
    let found = |f| (report.found(f), report.dropped(f));
    assert_eq!(found(Fault::Negative), (1, 1));
    assert_eq!(found(Fault::ZeroPrice), (1, 1));
    assert_eq!(found(Fault::Crossed), (1, 1));
    assert_eq!(found(Fault::Locked), (2, 0));
    assert_eq!(found(Fault::Duplicate), (1, 0));
    assert_eq!(found(Fault::OutOfOrder), (1, 0));
    assert_eq!(found(Fault::Suspicious), (1, 1));
    assert_eq!(found(Fault::Absurd), (1, 1));
    assert_eq!((out.len(), out.quotes[0].first_unsorted()), (4, None));
    assert!(report.first(Fault::Absurd).unwrap().contains("row 9"));
    let kept = quotes("faults-kept", rows, &[(Fault::Crossed, Policy::Keep), (Fault::Suspicious, Policy::Keep)]).unwrap();
    assert_eq!(kept.quotes[0].flags.iter().filter(|&&f| f & FLAG_CROSSED != 0).count(), 1);
    assert_eq!(kept.quotes[0].flags.iter().filter(|&&f| f & FLAG_SUSPICIOUS != 0).count(), 1);
    for fault in [Fault::Negative, Fault::ZeroPrice, Fault::Crossed, Fault::Duplicate, Fault::OutOfOrder, Fault::Suspicious, Fault::Absurd]
    {
        assert!(refused(quotes("faults-fail", rows, &[(fault, Policy::Fail)])).contains(fault.as_str()));
    }
}

#[test]
fn a_side_without_size_is_no_quote_and_the_other_side_is_carried() {
    let rows = "34200000,100000,100,0,0,P,1,0\n34200001,0,0,101000,200,P,1,0\n34200002,100000,0,0,0,P,1,0\n";
    let out = quotes("sides", rows, &[]).unwrap();
    let sides: Vec<(String, String)> = (0..3).map(|i| (out.quotes[0].bid[i].to_string(), out.quotes[0].ask[i].to_string())).collect();
    assert_eq!(sides, [("10", "0"), ("10", "10.1"), ("0", "10.1")].map(|(b, a)| (b.to_owned(), a.to_owned())));
}

#[test]
fn quote_bars_may_lack_a_side_and_trade_bars_must_hold_together() {
    let rows = "34200000,100000,100000,100000,100000,5,,,,,\n34260000,0,0,0,0,0,101000,101000,101000,101000,7\n34320000,,,,,,,,,,\n";
    let out = lean::read(&file("quote-bars", "minute/abc/20131007_quote.csv", rows.as_bytes()), &LeanOptions::default()).unwrap();
    let quotes = &out.quotes[0];
    assert_eq!((quotes.len(), quotes.ask[0], quotes.bid[1]), (2, Price::ZERO, Price::ZERO));
    assert!(out.report.notes[0].contains("no quote on either side"));
    let rows = "20131007 00:00,10,9,11,10,5\n20131008 00:00,10,12,9,11,5\n";
    let out = lean::read(&file("bars", "daily/abc.csv", rows.as_bytes()), &LeanOptions::default()).unwrap();
    assert_eq!((out.bars[0].len(), out.report.dropped(Fault::BadBar)), (1, 1));
    assert_eq!(out.bars[0].start[0].to_string(), "2013-10-08T13:30:00Z");
    for bad in
        ["20131301 00:00,1,1,1,1,1", "20131007 24:00,1,1,1,1,1", "20131007 0:00,1,1,1,1,1", "1013,1,1,1,1,1", "00010101 00:00,1,1,1,1,1"]
    {
        let message = refused(lean::read(&file("bars-time", "hour/abc.csv", bad.as_bytes()), &LeanOptions::default()));
        assert!(message.contains("column time"), "{message}");
    }
}

#[test]
fn what_the_path_does_not_tell_must_be_given() {
    let path = file("path", "ticks.csv", b"34200000,100000,100,P,1,0\n");
    assert!(refused(lean::read(&path, &LeanOptions::default())).starts_with("resolution:"));
    let options = LeanOptions {
        symbol: Some("ABC".into()),
        date: parse_date(b"20131007"),
        kind: Some(Kind::Trade),
        resolution: Some(Resolution::Tick),
        ..LeanOptions::default()
    };
    assert_eq!(lean::read(&path, &options).unwrap().trades[0].price[0], Price::from_whole(10).unwrap());
    let adjusted = LeanOptions { actions: true, ..options };
    assert!(refused(lean::read(&path, &adjusted)).starts_with("factor_file:"));
}

#[test]
fn a_folder_gives_its_days_in_order_and_refuses_a_day_twice() {
    let row = b"34200000,100000,100,P,1,0\n";
    let second = file("days", "tick/abc/20131008_trade.csv", row);
    // An earlier run of this test has left its zip behind.
    let zip = second.with_extension("zip");
    if zip.exists() {
        std::fs::remove_file(zip).unwrap();
    }
    file("days", "tick/abc/20131007_trade.csv", row);
    let folder = second.parent().unwrap();
    let out = lean::read(folder, &LeanOptions::default()).unwrap();
    assert_eq!((out.trades.len(), out.trades[0].len(), out.trades[0].first_unsorted()), (1, 2, None));
    let one = LeanOptions { date: parse_date(b"20131008"), ..LeanOptions::default() };
    assert_eq!(lean::read(folder, &one).unwrap().trades[0].ts[0].to_string(), "2013-10-08T13:30:00Z");
    file("days", "tick/abc/20131008_trade.zip", &zipped(&[("a.csv", "34200000,100000,100,P,1,0\n")]));
    assert!(refused(lean::read(folder, &LeanOptions::default())).contains("same symbol"));
}

#[test]
fn progress_goes_up_to_the_whole_and_may_stop_the_read() {
    let path = file("progress", "tick/abc/20131007_trade.csv", &b"34200000,100000,100,P,1,0\n".repeat(50_000));
    let mut seen = Vec::new();
    lean::read_with_progress(&path, &LeanOptions::default(), &mut |done, total| {
        seen.push((done, total));
        Ok(())
    })
    .unwrap();
    assert!(seen.len() > 3 && seen.is_sorted() && seen.last().is_some_and(|&(done, total)| done == total && total == 1_300_000));
    let stop = tickwright_core::types::Error::Interrupted { at: "now".into() };
    assert_eq!(lean::read_with_progress(&path, &LeanOptions::default(), &mut |_, _| Err(stop.clone())).unwrap_err(), stop);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_text_makes_the_reader_panic(text in "([0-9,.\\- :a-fPN]{0,40}\n?){0,8}", which in 0_usize..5) {
        let name = ["tick/abc/20131007_quote.csv", "tick/abc/20131007_trade.csv", "minute/abc/20131007_quote.csv", "minute/abc/20131007_trade.csv", "daily/abc.csv"][which];
        let mut options = LeanOptions::default();
        options.policy.set(Fault::Malformed, Policy::Drop);
        if let Ok(out) = lean::read(&file("random", name, text.as_bytes()), &options) {
            prop_assert!(out.report.events <= out.report.rows);
        }
    }
}
