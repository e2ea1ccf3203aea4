//! ITCH 5.0: two files with what is known of them, and any bytes at all.
//!
//! The folder is `TICKWRIGHT_DATA`, by default `../shared/data` beside the checkout; without it the tests say so and pass, unless
//! `TICKWRIGHT_REQUIRE_DATA=1`.

#[path = "../benches/market/itch.rs"]
mod stream;

use flate2::read::GzDecoder;
use proptest::prelude::*;
use std::collections::HashMap;
use std::io::Read;
use std::path::PathBuf;
use tickwright_core::book::{BookSet, OrderBook, Outcome};
use tickwright_core::event::{BookAction, FLAG_LAST, FLAG_NO_LAST, FLAG_NO_VOLUME, TradingState};
use tickwright_core::feeds::itch::{Framing, ItchDecoder, ItchOptions, ORDER_ZERO, date_in_name};
use tickwright_core::feeds::zone::parse_date;
use tickwright_core::feeds::{Batches, Decoder, Fault, Policy, QualityPolicy, read_file};
use tickwright_core::types::{Qty, Side, Timestamp};

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

fn options() -> ItchOptions {
    let mut options = ItchOptions::new(parse_date(b"20101224").unwrap());
    options.policy.set(Fault::Malformed, Policy::Drop);
    options
}

fn decode(options: &ItchOptions, pieces: &[&[u8]]) -> (ItchDecoder, Batches) {
    let (mut decoder, mut out) = (ItchDecoder::new(options).unwrap(), Batches::default());
    for piece in pieces {
        decoder.push(piece, None, &mut out).unwrap();
    }
    decoder.finish(&mut out).unwrap();
    (decoder, out)
}

/// Everything that a decoder gave, comparable.
fn written(out: &Batches) -> String {
    format!("{:?} {:?} {:?} {:?} {:?} {:?}", out.instruments.symbols(), out.deltas, out.trades, out.statuses, out.corrections, out.report)
}

fn header(letter: u8, locate: u16, ns: u64) -> Vec<u8> {
    let mut m = vec![letter];
    m.extend(locate.to_be_bytes());
    m.extend([0, 0]);
    m.extend(&ns.to_be_bytes()[2..]);
    m
}

fn message(letter: u8, fields: &[&[u8]]) -> Vec<u8> {
    let mut m = header(letter, 1, 34_200_000_000_000);
    for field in fields {
        m.extend_from_slice(field);
    }
    m
}

fn add(reference: u64, side: u8, shares: u32, price: u32) -> Vec<u8> {
    message(b'A', &[&reference.to_be_bytes(), &[side], &shares.to_be_bytes(), b"ACME    ", &price.to_be_bytes()])
}

fn framed(messages: &[Vec<u8>]) -> Vec<u8> {
    messages.iter().flat_map(|m| [&(m.len() as u16).to_be_bytes()[..], m].concat()).collect()
}

#[test]
fn the_simulated_day_has_the_counts_that_its_author_made_and_a_sound_book() {
    let Some(path) = data("itch/ex20101224.TEST_ITCH_50.gz") else { return };
    let date = date_in_name(path.file_name().unwrap().to_str().unwrap());
    assert_eq!(date, parse_date(b"20101224"));
    let mut decoder = ItchDecoder::new(&ItchOptions::new(date.unwrap())).unwrap();
    let day = read_file(&path, &mut decoder, &mut |_, _| Ok(())).unwrap();
    let counts: HashMap<String, u64> = decoder.counts().into_iter().collect();
    let known = [("P", 5000), ("A", 4997), ("D", 1745), ("E", 198), ("X", 45), ("U", 12), ("S", 6), ("R", 3), ("H", 3), ("F", 3)]
        .map(|(k, n)| (k.to_owned(), n));
    assert_eq!(counts, known.into_iter().collect());
    assert_eq!((decoder.messages(), day.report.rows), (12_012, 12_012));
    assert_eq!(day.instruments.symbols(), ["ALC", "BOB", "CHAR"]);
    let (deltas, trades) = (&day.deltas[0], &day.trades[0]);
    // The author cut the stream: 94 D, 18 E, 3 X and 2 U name orders that no message adds. An execution of such has no price, so no
    // trade; a replacement of such no side, so no new order.
    assert_eq!((deltas.len(), trades.len()), (4997 + 3 + 1745 + 198 + 45 + 2 * 12 - 2, 5000 + 198 - 18));
    let mut books = vec![OrderBook::new(); 3];
    let mut outcomes: HashMap<String, usize> = HashMap::new();
    let mut unpriced = 0;
    for i in 0..deltas.len() {
        let delta = deltas.get(i);
        let outcome = books[delta.instrument.index()].apply(&delta).unwrap();
        *outcomes.entry(format!("{outcome:?}")).or_default() += 1;
        unpriced += usize::from(delta.action == BookAction::Execute && delta.price.is_zero());
    }
    let live: usize = books.iter().map(OrderBook::order_count).sum();
    println!(
        "ITCH book changes: {outcomes:?}; {live} orders rest; decoder: {} unknown, {} overfilled",
        decoder.unknown_orders(),
        decoder.overfilled()
    );
    assert_eq!((live, decoder.live_orders(), unpriced), (3_204, 3_204, 18));
    let unknown = Outcome::UnknownOrder { taken: Qty::ZERO };
    let expected = [(Outcome::Applied, deltas.len() - 117), (unknown, 94 + 18 + 3 + 2)].map(|(o, n)| (format!("{o:?}"), n));
    assert_eq!(outcomes, expected.into_iter().collect());
    assert_eq!((decoder.unknown_orders(), decoder.overfilled()), (117, 0));
}

#[test]
fn the_head_of_a_real_day_is_read_to_its_cut_message() {
    let Some(path) = data("itch/sample_head4096.itch") else { return };
    let bytes = std::fs::read(path).unwrap();
    let mut options = options();
    options.date = parse_date(b"20190130").unwrap();
    let (decoder, out) = decode(&options, &[&bytes]);
    assert_eq!([b'S', b'R', b'H', b'Y'].map(|letter| decoder.count(letter)), [1, 98, 1, 1]);
    assert_eq!((decoder.messages(), out.instruments.len()), (101, 98));
    assert_eq!((out.instruments.symbols()[0].as_str(), out.statuses.get(0).state), ("A", TradingState::Trading));
    assert_eq!(out.report.found(Fault::Malformed), 1);
    let first = out.report.first(Fault::Malformed).unwrap();
    assert!(first.contains("15 bytes from byte 4081"), "{first}");
    // By default the cut is refused.
    let mut strict = ItchDecoder::new(&ItchOptions::new(options.date)).unwrap();
    let mut out = Batches::default();
    strict.push(&bytes, None, &mut out).unwrap();
    assert!(strict.finish(&mut out).unwrap_err().to_string().contains("cut"));
}

#[test]
fn an_order_lives_through_execution_replacement_cancel_and_delete() {
    let number = |n: u64| n.to_be_bytes();
    let messages = [
        add(0, b'S', 500, 1_000_100),
        message(b'E', &[&number(0), &100_u32.to_be_bytes(), &number(7)]),
        message(b'C', &[&number(0), &50_u32.to_be_bytes(), &number(8), b"N", &999_900_u32.to_be_bytes()]),
        message(b'U', &[&number(0), &number(9), &300_u32.to_be_bytes(), &1_000_200_u32.to_be_bytes()]),
        message(b'X', &[&number(9), &100_u32.to_be_bytes()]),
        message(b'D', &[&number(9)]),
        message(b'D', &[&number(9)]),
        message(b'Q', &[&number(1_000), b"ACME    ", &1_000_000_u32.to_be_bytes(), &number(10), b"O"]),
        message(b'B', &[&number(7)]),
        message(b'h', &[b"ACME    ", b"Q", b"H"]),
    ];
    let (decoder, out) = decode(&options(), &[&framed(&messages)]);
    let rows: Vec<_> = (0..out.deltas.len())
        .map(|i| out.deltas.get(i))
        .map(|d| (d.action, d.order, d.side, d.price.to_string(), d.size.to_string(), d.flags & FLAG_LAST != 0))
        .collect();
    let row = |action, order, price: &str, size: &str, last| (action, order, Side::Sell, price.to_owned(), size.to_owned(), last);
    assert_eq!(
        rows[..7],
        [
            row(BookAction::Add, ORDER_ZERO, "100.01", "500", true),
            row(BookAction::Execute, ORDER_ZERO, "100.01", "100", true),
            row(BookAction::Execute, ORDER_ZERO, "100.01", "50", true),
            row(BookAction::Delete, ORDER_ZERO, "100.01", "350", false),
            row(BookAction::Add, 9, "100.02", "300", true),
            row(BookAction::Cancel, 9, "100.02", "100", true),
            row(BookAction::Delete, 9, "100.02", "200", true),
        ]
    );
    assert_eq!((rows[7].0, rows[7].3.as_str(), decoder.unknown_orders(), decoder.live_orders()), (BookAction::Delete, "0", 1, 0));
    let trades: Vec<_> = (0..3).map(|i| (out.trades.get(i), out.trades.id[i], out.trades.aggressor[i])).collect();
    assert_eq!(
        trades.iter().map(|t| (t.0.price.to_string(), t.1, t.2)).collect::<Vec<_>>(),
        [("100.01".into(), 7, 1), ("99.99".into(), 8, 1), ("100".into(), 10, 0),]
    );
    assert_eq!(trades[1].0.flags & (FLAG_NO_LAST | FLAG_NO_VOLUME), FLAG_NO_LAST | FLAG_NO_VOLUME);
    assert_eq!((trades[0].0.flags, trades[2].0.flags, out.trades.conditions[2]), (0, 0, u32::from(b'O')));
    assert_eq!((out.corrections.get(0).original_id, out.statuses.get(0).state), (7, TradingState::Halted));
    assert_eq!(out.deltas.ts[0].to_string(), "2010-12-24T14:30:00Z");
}

#[test]
fn symbols_that_were_not_asked_for_are_passed_over() {
    let mut other = add(5, b'B', 10, 20);
    other[2] = 2;
    other[24..32].copy_from_slice(b"OTHER   ");
    let mut gone = message(b'D', &[&5_u64.to_be_bytes()]);
    gone[2] = 2;
    let bytes = framed(&[other, add(6, b'B', 10, 20), gone]);
    let (_, out) = decode(&ItchOptions { symbols: Some(vec!["ACME".into()]), ..options() }, &[&bytes]);
    assert_eq!((out.instruments.symbols(), out.deltas.len(), out.report.rows), (&["ACME".to_owned()][..], 1, 3));
    assert!(out.report.notes[0].contains("2 were of symbols not asked for"), "{:?}", out.report.notes);
}

#[test]
fn each_framing_is_seen_from_the_first_bytes_and_gives_the_same() {
    let messages = [add(1, b'B', 10, 20), add(2, b'S', 10, 30), message(b'D', &[&1_u64.to_be_bytes()])];
    let (_, by_length) = decode(&options(), &[&framed(&messages)]);
    let padded: Vec<u8> = messages.iter().flat_map(|m| [&[0, 0][..], m].concat()).collect();
    for bytes in [padded, messages.concat()] {
        let (_, out) = decode(&options(), &[&bytes]);
        assert_eq!(written(&out), written(&by_length));
    }
}

#[test]
fn types_to_come_are_counted_and_wrong_lengths_refused() {
    let mut bytes = framed(&[add(1, b'B', 10, 20), header(b'z', 1, 5), add(2, b'B', 10, 20)]);
    let (decoder, out) = decode(&options(), &[&bytes]);
    assert_eq!((decoder.count(b'z'), out.deltas.len(), out.report.found(Fault::Malformed)), (1, 2, 0));
    bytes.extend(framed(&[header(b'D', 1, 5), add(3, b'B', 10, 20)]));
    let (_, out) = decode(&options(), &[&bytes]);
    assert_eq!((out.deltas.len(), out.report.found(Fault::Malformed)), (3, 1));
    // A decoder that refused a message goes on with the next.
    let mut strict = ItchDecoder::new(&ItchOptions::new(options().date)).unwrap();
    let mut out = Batches::default();
    assert!(strict.push(&bytes, None, &mut out).unwrap_err().to_string().contains("11 bytes, not 19"));
    strict.push(&framed(&[add(4, b'B', 10, 20)]), Some(Timestamp::from_nanos(5)), &mut out).unwrap();
    assert_eq!((out.deltas.len(), out.deltas.recv.len()), (4, 4));
    assert_eq!((out.deltas.recv[0], out.deltas.recv[3].nanos()), (out.deltas.ts[0], 5));
}

#[test]
fn dates_are_told_by_names_as_they_are_in_use() {
    for (name, date) in [
        ("01302019.NASDAQ_ITCH50.gz", Some("20190130")),
        ("S081321-v50.txt.gz", Some("20210813")),
        ("20190130.BX_ITCH_50", Some("20190130")),
        ("12302019.NASDAQ_ITCH50", Some("20191230")),
        ("nasdaq.itch", None),
        ("99999999.itch", None),
    ] {
        assert_eq!(date_in_name(name), date.and_then(|d| parse_date(d.as_bytes())), "{name}");
    }
}

fn any_message() -> impl Strategy<Value = Vec<u8>> {
    let lengths = [
        (b'A', 36),
        (b'F', 40),
        (b'E', 31),
        (b'C', 36),
        (b'X', 23),
        (b'D', 19),
        (b'U', 35),
        (b'P', 44),
        (b'Q', 40),
        (b'B', 19),
        (b'R', 39),
        (b'H', 25),
        (b'h', 21),
        (b'S', 12),
        (b'O', 48),
    ];
    (0..lengths.len(), proptest::collection::vec(any::<u8>(), 48), 0_u64..8, 0_u8..3).prop_map(move |(kind, noise, reference, tame)| {
        let (letter, length) = lengths[kind];
        let mut m = noise;
        m.truncate(length);
        let locate = u16::from(m[1] % 3);
        m[..11].copy_from_slice(&header(letter, locate, 34_200_000_000_000));
        // Mostly sound, so that orders meet their changes.
        if tame > 0 && length > 18 {
            let reference = reference.to_be_bytes();
            m[11..19].copy_from_slice(&reference);
            if matches!(letter, b'A' | b'F' | b'P') {
                m[19] = if m[19] % 2 == 0 { b'B' } else { b'S' };
                m[24..32].copy_from_slice(b"ACME    ");
            }
        }
        m
    })
}

proptest! {
    #[test]
    fn a_stream_cut_anywhere_gives_what_the_whole_gives(
        messages in proptest::collection::vec(any_message(), 1..60),
        cuts in proptest::collection::vec(0.0_f64..1.0, 0..12),
        flips in proptest::collection::vec((0.0_f64..1.0, 0_u8..8), 0..3),
        framing in 0..3,
        end in 0.5_f64..1.0,
    ) {
        let mut bytes: Vec<u8> = match framing {
            0 => framed(&messages),
            1 => messages.iter().flat_map(|m| [&[0, 0][..], m].concat()).collect(),
            _ => messages.concat(),
        };
        for (at, bit) in flips {
            let at = (at * bytes.len() as f64) as usize;
            bytes[at] ^= 1 << bit;
        }
        bytes.truncate((end * bytes.len() as f64) as usize + 1);
        let mut cuts: Vec<usize> = cuts.iter().map(|c| (c * bytes.len() as f64) as usize).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|w| &bytes[w[0]..w[1]]).collect();
        let (whole, pieced) = (decode(&options(), &[&bytes]), decode(&options(), &pieces));
        prop_assert_eq!(written(&whole.1), written(&pieced.1));
        prop_assert_eq!(whole.0.counts(), pieced.0.counts());
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        prop_assert_eq!(written(&whole.1), written(&decode(&options(), &single).1));
        prop_assert!(whole.1.deltas.is_even() && whole.1.trades.is_even());
        // Refusing, the same events come, each error in its place.
        let mut strict = ItchDecoder::new(&ItchOptions { policy: QualityPolicy::default(), ..options() }).unwrap();
        let mut out = Batches::default();
        let mut errors = 0;
        for piece in pieces {
            errors += u64::from(strict.push(piece, None, &mut out).is_err());
        }
        // What waits behind a refused message comes with the next push, empty or not.
        for _ in 0..messages.len() {
            errors += u64::from(strict.push(&[], None, &mut out).is_err());
        }
        errors += u64::from(strict.finish(&mut out).is_err());
        prop_assert_eq!(errors, whole.1.report.found(Fault::Malformed));
        prop_assert_eq!(format!("{:?}{:?}", out.deltas, out.trades), format!("{:?}{:?}", whole.1.deltas, whole.1.trades));
    }

    #[test]
    fn bytes_of_any_kind_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..2_000), framing in 0_usize..4) {
        let framing = [Framing::Auto, Framing::Length, Framing::Padded, Framing::Bare][framing];
        let (decoder, out) = decode(&ItchOptions { framing, ..options() }, &[&bytes]);
        prop_assert_eq!(decoder.messages(), out.report.rows);
        prop_assert!(out.deltas.is_even() && out.trades.is_even());
    }
}

#[test]
fn the_gzip_of_the_simulated_day_unpacks_to_bytes_that_decode_alike_in_pieces() {
    let Some(path) = data("itch/ex20101224.TEST_ITCH_50.gz") else { return };
    let mut bytes = Vec::new();
    GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_end(&mut bytes).unwrap();
    let whole = decode(&options(), &[&bytes]).1;
    for piece in [1, 7, 4_096] {
        let pieces: Vec<&[u8]> = bytes.chunks(piece).collect();
        assert!(written(&decode(&options(), &pieces).1) == written(&whole), "pieces of {piece} bytes");
    }
}

/// The orders that a stream of adds, deletes, replaces, executions and cancels leaves, by its plain rules: reference → symbol, side,
/// shares, price in 1/10,000 dollar. Sound streams only.
fn orders_left(mut bytes: &[u8]) -> HashMap<u64, (u16, u8, u32, u32)> {
    let (u64_at, u32_at) = (
        |m: &[u8], at| u64::from_be_bytes(m[at..at + 8].try_into().unwrap()),
        |m: &[u8], at| u32::from_be_bytes(m[at..at + 4].try_into().unwrap()),
    );
    let mut orders = HashMap::new();
    while let [high, low, rest @ ..] = bytes {
        let (message, rest) = rest.split_at(usize::from(u16::from_be_bytes([*high, *low])));
        bytes = rest;
        let locate = u16::from_be_bytes([message[1], message[2]]);
        match message[0] {
            b'A' => drop(orders.insert(u64_at(message, 11), (locate, message[19], u32_at(message, 20), u32_at(message, 32)))),
            b'D' => drop(orders.remove(&u64_at(message, 11))),
            b'U' => {
                let (locate, side, ..) = orders.remove(&u64_at(message, 11)).unwrap();
                orders.insert(u64_at(message, 19), (locate, side, u32_at(message, 27), u32_at(message, 31)));
            }
            b'E' | b'X' => {
                let reference = u64_at(message, 11);
                let order = orders.get_mut(&reference).unwrap();
                order.2 -= u32_at(message, 19);
                if order.2 == 0 {
                    orders.remove(&reference);
                }
            }
            _ => (),
        }
    }
    orders
}

#[test]
fn after_a_long_stream_the_books_hold_the_orders_that_its_rules_leave() {
    for (live, symbols, seed) in [(50, 3, 1), (1_000, 20, 2), (30_000, 300, 3)] {
        let (bytes, _) = stream::day(100_000, live, symbols, seed);
        let wanted = orders_left(&bytes);
        let mut books = BookSet::default();
        let (mut decoder, mut out) = (ItchDecoder::new(&options()).unwrap(), Batches::default());
        for piece in bytes.chunks(100_000) {
            decoder.push(piece, None, &mut out).unwrap();
            books.apply_batch(&out.deltas).unwrap();
            out.clear();
        }
        let mut found = 0;
        for (&reference, &(locate, side, shares, price)) in &wanted {
            // The directory names symbols in the order of their numbers.
            let instrument = out.instruments.get(&format!("S{locate}")).unwrap();
            let order = books.book(instrument).and_then(|book| book.order(reference));
            let order = order.unwrap_or_else(|| panic!("order {reference} of {locate} is lost"));
            assert_eq!(order.side, if side == b'B' { Side::Buy } else { Side::Sell });
            assert_eq!((order.price.raw(), order.size.raw()), (i64::from(price) * 100_000, i64::from(shares) * 1_000_000_000));
            found += 1;
        }
        let held: usize =
            (1..=symbols).filter_map(|l| books.book(out.instruments.get(&format!("S{l}"))?)).map(OrderBook::order_count).sum();
        assert_eq!((found, held), (wanted.len(), wanted.len()), "{live} live orders");
        println!("{live} live: {found} of {} orders", wanted.len());
    }
}
