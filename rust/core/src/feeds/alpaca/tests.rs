use super::*;
use crate::event::{
    BookAction, CorrectionKind, FLAG_DAILY, FLAG_LAST, FLAG_NO_LAST, FLAG_PARTIAL, FLAG_SNAPSHOT, FLAG_SUSPICIOUS, FLAG_UPDATED,
    TradingState, pack_conditions,
};
use crate::feeds::Policy;
use crate::types::{Price, Side};
use proptest::prelude::*;

const QUOTE: &str =
    r#"{"T":"q","S":"AAPL","bx":"V","bp":187.41,"bs":1,"ax":"Q","ap":187.43,"as":2,"c":["R"],"z":"C","t":"2024-01-02T14:30:00.5Z"}"#;

/// 2024-01-02T14:30:00Z.
const HALF_PAST_TWO: i64 = 1_704_205_800_000_000_000;

fn dropping() -> QualityPolicy {
    let mut policy = QualityPolicy::default();
    policy.set(Fault::Malformed, Policy::Drop);
    policy
}

fn decode(frame: &str) -> Batches {
    let mut out = Batches::default();
    AlpacaDecoder::default().push(frame.as_bytes(), None, &mut out).unwrap();
    out
}

fn refusal(frame: &[u8]) -> String {
    AlpacaDecoder::default().push(frame, None, &mut Batches::default()).unwrap_err().to_string()
}

fn price(text: &str) -> Price {
    Price::parse(text.as_bytes()).unwrap()
}

#[test]
fn a_quote_has_every_column() {
    let out = decode(&format!("[{QUOTE}]"));
    let quote = out.quotes.get(0);
    assert_eq!((quote.bid, quote.ask, quote.ts.nanos()), (price("187.41"), price("187.43"), HALF_PAST_TWO + 500_000_000));
    assert_eq!((out.quotes.bid_venue[0], out.quotes.ask_venue[0], out.quotes.tape[0]), (b'V', b'Q', b'C'));
    assert_eq!(out.quotes.conditions[0], pack_conditions([b'R']));
    assert_eq!((out.instruments.symbols(), out.report.rows, out.report.events), (&["AAPL".to_owned()][..], 1, 1));
}

#[test]
fn keys_come_in_any_order_twice_and_escaped_and_the_last_value_counts() {
    for frame in [
        r#"[{"t":"2024-01-02T14:30:00Z","as":9,"as":2,"ap":187.43,"bp":187.41,"bs":1,"S":"BTC\/USD","T":"q"}]"#,
        r#" [ { "T" : "t" , "S" : "X" , "T" : "q", "t":1704205800000000000,"ap":"187.43","bp":187.41e0,"bs":1,"\u0061s":2,"S":"BTC\u002fUSD" } ] "#,
        r#"{"T":"q","p":{"a":[1,{"b":"]}\""}]},"S":"BTC/USD","bp":1,"bp":187.41,"ap":187.43,"bs":1,"as":2.0,"t":"2024-01-02t09:30:00-05:00"}"#,
    ] {
        let out = decode(frame);
        let quote = out.quotes.get(0);
        assert_eq!((quote.bid, quote.ask, quote.ts.nanos()), (price("187.41"), price("187.43"), HALF_PAST_TWO), "{frame}");
        assert_eq!((quote.ask_size.raw(), out.instruments.symbol(quote.instrument)), (2_000_000_000, "BTC/USD"), "{frame}");
    }
}

#[test]
fn bars_are_known_at_their_end_or_when_they_were_received() {
    let bar = |kind: &str| {
        format!(r#"[{{"T":"{kind}","S":"AAPL","o":1,"h":3,"l":0.5,"c":2,"v":1000,"n":7,"vw":1.12345678949,"t":"2024-01-02T05:00:00Z"}}]"#)
    };
    let start = HALF_PAST_TWO - 9 * 3_600_000_000_000 - 1_800_000_000_000;
    let minute = 60_000_000_000;
    let day = 1440 * minute;
    for (kind, recv, known, flags) in [
        ("b", None, minute, 0),
        ("b", Some(5), minute, 0),
        ("u", None, minute + minute / 2, FLAG_UPDATED),
        ("u", Some(2 * minute), 2 * minute, FLAG_UPDATED),
        ("u", Some(5), minute, FLAG_UPDATED),
        ("d", None, day, FLAG_DAILY),
        ("d", Some(10 * minute), 10 * minute, FLAG_DAILY | FLAG_PARTIAL),
        ("d", Some(2 * day), day, FLAG_DAILY),
    ] {
        let mut out = Batches::default();
        let recv = recv.map(|after| Timestamp::from_nanos(start + after));
        AlpacaDecoder::default().push(bar(kind).as_bytes(), recv, &mut out).unwrap();
        let row = out.bars.get(0);
        assert_eq!((row.start.nanos(), row.ts.nanos() - start, row.flags), (start, known, flags), "{kind} {recv:?}");
        assert_eq!((out.bars.trades[0], out.bars.vwap[0], out.bars.recv.first().copied()), (7, price("1.123456789"), recv));
    }
}

#[test]
fn an_order_book_message_is_one_group_of_changes() {
    use BookAction::{Add, Clear, Delete};
    use Side::{Buy, Sell};
    let out = decode(concat!(
        r#"[{"T":"o","S":"BTC/USD","t":1,"b":[{"p":10,"s":1},{"p":9.5,"s":0.25}],"a":[{"p":11,"s":3}],"r":true},"#,
        r#"{"T":"o","S":"BTC/USD","t":2,"b":[{"p":10,"s":0}],"a":[{"p":11,"s":4}]},{"T":"o","S":"BTC/USD","t":3,"b":[],"a":[]}]"#
    ));
    let deltas = &out.deltas;
    assert_eq!(deltas.action, [Clear, Add, Add, Clear, Add, Delete, Add]);
    assert_eq!(deltas.side, [Buy, Buy, Buy, Sell, Sell, Buy, Sell]);
    assert_eq!(deltas.flags, [[FLAG_SNAPSHOT; 4].to_vec(), vec![FLAG_SNAPSHOT | FLAG_LAST, 0, FLAG_LAST]].concat());
    assert_eq!(out.report.rows, 3);
}

#[test]
fn statuses_bands_corrections_and_trades_carry_what_was_sent() {
    let out = decode(concat!(
        r#"[{"T":"s","S":"A","t":1,"sc":"H","sm":"Trading Halt","rc":"T12","rm":"Information","z":"C"},"#,
        r#"{"T":"s","S":"A","t":2,"sc":"H","rc":"LUDP"},{"T":"s","S":"A","t":3,"sc":"T"},{"T":"s","S":"A","t":4,"sc":"9"},"#,
        r#"{"T":"l","S":"A","t":5,"u":11.5,"d":10.5,"i":"B","z":"C"},"#,
        r#"{"T":"x","S":"A","t":6,"i":7,"x":"V","p":1.5,"s":100,"a":"E","z":"C"},"#,
        r#"{"T":"c","S":"A","t":7,"x":"V","oi":18446744073709551615,"op":1,"os":2,"oc":["@"],"ci":9,"cp":1.25,"cs":4,"cc":["@","I"],"z":"C"},"#,
        r#"{"T":"t","S":"A","t":8,"i":"52983525029461","x":"V","p":1.5,"s":1,"c":["@","I"],"z":"C"},"#,
        r#"{"T":"t","S":"ETH/USD","t":9,"i":5,"p":1.5,"s":0.5,"tks":"S"}]"#
    ));
    assert_eq!(out.statuses.state, [TradingState::Halted, TradingState::Paused, TradingState::Trading, TradingState::Unknown]);
    assert_eq!(out.labels.text(out.statuses.reason[0]), "Information");
    let band = out.bands.get(0);
    assert_eq!((band.upper, band.lower, band.indicator), (price("11.5"), price("10.5"), b'B'));
    let (cancel, correction) = (out.corrections.get(0), out.corrections.get(1));
    assert_eq!((cancel.kind, cancel.original_id, cancel.price), (CorrectionKind::Error, 7, Price::ZERO));
    assert_eq!((correction.kind, correction.original_id, correction.price), (CorrectionKind::Correct, u64::MAX, price("1.25")));
    assert_eq!(correction.conditions, pack_conditions(*b"@I"));
    assert_eq!((&out.trades.id[..], &out.trades.aggressor[..]), (&[52_983_525_029_461, 5][..], &[0_i8, -1][..]));
    assert_eq!(out.trades.flags[0] & FLAG_NO_LAST, FLAG_NO_LAST);
}

#[test]
fn control_messages_news_and_unknown_kinds_are_told_apart() {
    let mut decoder = AlpacaDecoder::default();
    let mut out = Batches::default();
    let frame = concat!(
        r#"[{"T":"success","msg":"connected"},{"T":"error","code":406,"msg":"connection limit exceeded"},{"T":"zz","S":1},"#,
        r#"{"T":"subscription","trades":["AAPL"],"cancelErrors":[],"bars":["*"]},"#,
        r#"{"T":"n","id":24,"headline":"A \"word\" \u00e9\ud83d\ude00","created_at":"2021-12-31T11:08:42Z","symbols":["AAPL","BRK.B"],"new":null}]"#
    );
    decoder.push(frame.as_bytes(), None, &mut out).unwrap();
    assert_eq!(
        decoder.take_controls(),
        [
            Control::Success("connected".to_owned()),
            Control::Error { code: 406, message: "connection limit exceeded".to_owned() },
            Control::Subscription(vec![
                ("trades".to_owned(), vec!["AAPL".to_owned()]),
                ("cancelErrors".to_owned(), vec![]),
                ("bars".to_owned(), vec!["*".to_owned()])
            ]),
        ]
    );
    assert_eq!(out.news[0].headline, "A \"word\" é😀");
    assert_eq!(out.news[0].updated, out.news[0].ts);
    let counts = [("unknown_keys", 1), ("unknown_kinds", 1), ("controls_dropped", 0)];
    assert_eq!(decoder.counts(), counts.map(|(name, count)| (name.to_owned(), count)));
}

#[test]
fn receive_times_are_kept_beside_rows_that_have_none() {
    let mut decoder = AlpacaDecoder::default();
    let mut out = Batches::default();
    let frame = format!("[{QUOTE},{QUOTE}]");
    let ts = Timestamp::from_nanos(HALF_PAST_TWO + 500_000_000);
    let recv = Timestamp::from_nanos(HALF_PAST_TWO + 600_000_000);
    for recv in [None, Some(recv), None] {
        decoder.push(frame.as_bytes(), recv, &mut out).unwrap();
    }
    assert!(out.quotes.is_even());
    assert_eq!(out.quotes.recv, [ts, ts, recv, recv, ts, ts]);
}

#[test]
fn a_malformed_message_says_where_and_what_and_leaves_nothing_behind() {
    for (frame, expected) in [
        (r#"[{"T":"q","S":"AAPL"}]"#, "byte 21: expected before here, a quote with S, t, bp, bs, ap and as"),
        (r#"[{"T":"t","S":"AAPL","p":1.0000000001}]"#, "byte 25: expected a number of at most 9 decimals"),
        (r#"[{"T":"t","S":"AA PL"}]"#, "byte 14: expected a symbol of 1 to 32"),
        (r#"[{"T":"t","t":"yesterday"}]"#, "byte 14: expected a time like"),
        (r#"[{"T":"t","i":-1}]"#, "byte 14: expected a whole number of 0 or more"),
        (r#"[{"S":"A"}]"#, "expected before here, a message with T"),
        (r#"[{"T":"q","S":"AAPL""#, "expected more bytes: the frame is cut"),
        (r#"[{"T":"success"}] x"#, "expected the end of the frame"),
        ("", "expected more bytes"),
        ("7", "expected a map"),
    ] {
        let text = refusal(frame.as_bytes());
        assert!(text.contains(expected), "{frame}: {text}");
    }
    let mut out = Batches::default();
    let mut decoder = AlpacaDecoder::new(Format::Auto, dropping());
    let frame = format!(r#"[{QUOTE},{{"T":"o","S":"A","t":1,"b":[{{"p":1,"s":1}}],"a":[{{"p":2}}]}},{{"T":"q","bp":"x"}},{QUOTE}]"#);
    decoder.push(frame.as_bytes(), None, &mut out).unwrap();
    assert_eq!((out.len(), out.quotes.len(), out.report.rows), (2, 2, 4));
    assert_eq!((out.report.found(Fault::Malformed), out.report.dropped(Fault::Malformed)), (2, 2));
    assert!(out.report.first(Fault::Malformed).unwrap().starts_with("alpaca: frame 1, byte"));
    let mut kept = Batches::default();
    let mut failing = AlpacaDecoder::default();
    assert!(failing.push(frame.as_bytes(), None, &mut kept).is_err());
    assert_eq!(kept.quotes.len(), 1);
    failing.push(format!("[{QUOTE}]").as_bytes(), None, &mut kept).unwrap();
    assert_eq!(kept.quotes.len(), 2);
}

#[test]
fn history_pages_of_both_shapes_give_rows_and_the_next_token() {
    let mut decoder = AlpacaHistory::new(Timeframe::DAY, QualityPolicy::default());
    let mut out = Batches::default();
    let bar = r#"{"t":"2022-01-03T05:00:00Z","o":1,"h":2,"l":1,"c":2,"v":10,"n":3,"vw":1.5}"#;
    let pages = [
        format!(r#"{{"bars":{{"AAPL":[{bar}],"BTC/USD":[{bar},{bar}],"C":null}},"next_page_token":"abc"}}"#),
        format!(r#"{{"bars":[{bar}],"next_page_token":null,"symbol":"AAPL"}}"#),
        r#"{"symbol":"AAPL","currency":"USD","trades":[{"t":"2022-01-03T09:00:00Z","p":178.26,"s":246,"i":1,"u":"canceled"}]}"#.to_owned(),
        r#"{"quotes":{"ETH/USD":[{"t":"2022-05-26T11:47:18Z","bp":1,"bs":0.1,"ap":2,"as":0.30000000000000004}]},"next_page_token":""}"#
            .to_owned(),
        r#"{"bars":null,"next_page_token":null}"#.to_owned(),
    ];
    let mut tokens = Vec::new();
    for page in &pages {
        decoder.push(page.as_bytes(), None, &mut out).unwrap();
        tokens.extend(decoder.take_controls());
    }
    assert_eq!(tokens[0], Control::NextPage(Some("abc".to_owned())));
    assert_eq!(tokens[1..], vec![Control::NextPage(None); 4]);
    assert_eq!((out.bars.len(), out.trades.len(), out.quotes.len(), out.report.rows), (4, 1, 1, 6));
    assert_eq!(out.trades.flags[0], FLAG_SUSPICIOUS);
    assert_eq!(out.quotes.ask_size[0].raw(), 300_000_000);
    assert!(out.bars.flags.iter().all(|&f| f == FLAG_DAILY));
    assert_eq!(out.bars.ts[0].to_string(), "2022-01-04T05:00:00Z");
    for bad in ["", "[]", "{}", r#"{"bars":[]}"#, r#"{"bars":{"A":[{"t":1}]}}"#, r#"{"bars":{"A":7}}"#, r#"{"bars":{}} 1"#] {
        assert!(decoder.push(bad.as_bytes(), None, &mut out).is_err(), "{bad}");
    }
}

#[test]
fn nesting_and_lengths_that_lie_are_refused_without_allocating_for_them() {
    for deep in ["[".repeat(100_000), "{\"a\":".repeat(100_000)] {
        assert!(refusal(format!(r#"[{{"T":"q","zz":{deep}"#).as_bytes()).contains("at most 128 levels of nesting"));
    }
    let lying: [&[u8]; 6] = [
        &[0xdd, 0xff, 0xff, 0xff, 0xff],
        &[0x91, 0xdf, 0xff, 0xff, 0xff, 0xff, 0xa1, b'T'],
        &[0x91, 0x81, 0xa1, b'T', 0xdb, 0xff, 0xff, 0xff, 0xff, b'q'],
        &[0x91, 0x82, 0xa1, b'T', 0xa1, b'q', 0xa1, b'Y', 0xc9, 0xff, 0xff, 0xff, 0xff, 1],
        &[0x91, 0x82, 0xa1, b'T', 0xa1, b'q', 0xa1, b'Y', 0xdd, 0x7f, 0xff, 0xff, 0xff, 1],
        &[0x91, 0xc1],
    ];
    for frame in lying {
        assert!(refusal(frame).contains("expected"), "{frame:x?}");
    }
    // Nested lists cost nothing in MessagePack.
    let mut nested = vec![0x91, 0x82, 0xa1, b'T', 0xa7];
    nested.extend_from_slice(b"success");
    nested.extend_from_slice(&[0xa1, b'Y']);
    nested.extend(std::iter::repeat_n(0x91, 1_000_000));
    nested.push(0xc0);
    let mut decoder = AlpacaDecoder::default();
    decoder.push(&nested, None, &mut Batches::default()).unwrap();
    assert_eq!(decoder.take_controls(), [Control::Success(String::new())]);
}

/// A `MessagePack` frame of one quote, its time as the extension of 4, 8 or 12 bytes.
fn packed_quote(time: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x91, 0x87];
    for (key, value) in [("T", "q"), ("S", "AAPL")] {
        frame.push(0xa0 | key.len() as u8);
        frame.extend_from_slice(key.as_bytes());
        frame.push(0xa0 | value.len() as u8);
        frame.extend_from_slice(value.as_bytes());
    }
    for (key, value) in [
        ("bp", &[0xcb, 0x40, 0x67, 0x6d, 0x1e, 0xb8, 0x51, 0xeb, 0x85][..]),
        ("bs", &[1]),
        ("ap", &[0xcd, 1, 0]),
        ("as", &[0xca, 0x3d, 0xcc, 0xcc, 0xcd]),
    ] {
        frame.extend_from_slice(&[0xa2, key.as_bytes()[0], key.as_bytes()[1]]);
        frame.extend_from_slice(value);
    }
    frame.extend_from_slice(&[0xa1, b't']);
    frame.extend_from_slice(time);
    frame
}

#[test]
fn msgpack_timestamps_of_every_width_are_read() {
    let second = 1_704_205_800_u32;
    let nanos = 123_456_789_u32;
    let word = u64::from(nanos) << 34 | u64::from(second);
    let four = [&[0xd6, 0xff][..], &second.to_be_bytes()].concat();
    let eight = [&[0xd7, 0xff][..], &word.to_be_bytes()].concat();
    let twelve = [&[0xc7, 12, 0xff][..], &nanos.to_be_bytes(), &i64::from(second).to_be_bytes()].concat();
    let wide_eight = [&[0xc7, 8, 0xff][..], &word.to_be_bytes()].concat();
    let text = [&[0xd9, 30][..], b"2024-01-02T14:30:00.123456789Z"].concat();
    let integer = [&[0xcf][..], &(HALF_PAST_TWO as u64 + 123_456_789).to_be_bytes()].concat();
    for (time, ns) in
        [(four, 0), (eight, 123_456_789), (twelve, 123_456_789), (wide_eight, 123_456_789), (text, 123_456_789), (integer, 123_456_789)]
    {
        let mut out = Batches::default();
        AlpacaDecoder::default().push(&packed_quote(&time), None, &mut out).unwrap();
        let quote = out.quotes.get(0);
        assert_eq!(quote.ts.nanos(), HALF_PAST_TWO + ns, "{time:x?}");
        assert_eq!((quote.bid, quote.ask, quote.ask_size.raw()), (price("187.41"), price("256"), 100_000_000));
    }
    for bad in [
        &[0xd6, 0, 0, 0, 0, 0][..],
        &[0xd7, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[0xc7, 5, 0xff, 0, 0, 0, 0, 0],
        &[0xd4, 0xff, 0],
        &[0xc3],
    ] {
        assert!(refusal(&packed_quote(bad)).contains("expected a timestamp"), "{bad:x?}");
    }
}

/// Bytes that look like frames more often than random ones do.
fn mangled() -> impl Strategy<Value = Vec<u8>> {
    let samples = [
        format!("[{QUOTE},{QUOTE}]").into_bytes(),
        packed_quote(&[0xd6, 0xff, 0x65, 0x94, 0x1e, 0x68]),
        br#"[{"T":"o","S":"BTC/USD","t":1,"b":[{"p":10,"s":1}],"a":[],"r":true},{"T":"n","id":1,"headline":"\ud83d","created_at":0,"symbols":["A"]}]"#.to_vec(),
        br#"[{"T":"subscription","trades":["A"]},{"T":"error","code":1,"msg":"\u00e9"},{"T":"d","S":"A","o":1,"h":1,"l":1,"c":1,"v":1e3,"t":9223372036854775807}]"#.to_vec(),
        br#"{"bars":{"A":[{"t":9,"o":1,"h":1,"l":1,"c":1,"v":1}]},"next_page_token":null}"#.to_vec(),
    ];
    (
        proptest::sample::select(samples.to_vec()),
        proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>(), 0_u8..4), 0..6),
        any::<proptest::sample::Index>(),
    )
        .prop_map(|(mut bytes, edits, cut)| {
            for (at, byte, how) in edits {
                let at = at.index(bytes.len());
                match how {
                    0 => bytes[at] = byte,
                    1 => bytes[at] ^= 1 << (byte % 8),
                    2 => bytes.insert(at, byte),
                    _ => {
                        bytes.remove(at);
                    }
                }
                if bytes.is_empty() {
                    bytes.push(byte);
                }
            }
            bytes.truncate(cut.index(4 * bytes.len()).max(1));
            bytes
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn mangled_frames_never_panic_and_leave_whole_rows(bytes in prop_oneof![mangled(), proptest::collection::vec(any::<u8>(), 0..200)], format in prop_oneof![Just(Format::Auto), Just(Format::Msgpack), Just(Format::Json)], recv in any::<Option<i64>>()) {
        let mut out = Batches::default();
        let recv = recv.map(Timestamp::from_nanos);
        for policy in [dropping(), QualityPolicy::default()] {
            let _ = AlpacaDecoder::new(format, policy.clone()).push(&bytes, recv, &mut out);
            let _ = AlpacaHistory::new(Timeframe::DAY, policy).push(&bytes, recv, &mut out);
        }
        prop_assert!(out.quotes.is_even() && out.trades.is_even() && out.bars.is_even() && out.deltas.is_even());
        prop_assert!(out.statuses.is_even() && out.bands.is_even() && out.corrections.is_even());
        prop_assert!(out.len() <= 4 * bytes.len());
    }

    #[test]
    fn a_cut_frame_keeps_its_whole_messages(cut in 0_usize..400) {
        let frame = format!("[{QUOTE},{QUOTE},{QUOTE}]");
        let cut = cut.min(frame.len() - 1);
        let mut out = Batches::default();
        AlpacaDecoder::new(Format::Json, dropping()).push(&frame.as_bytes()[..cut], None, &mut out).unwrap();
        prop_assert_eq!(out.quotes.len(), cut.saturating_sub(1) / (QUOTE.len() + 1) + usize::from(cut > QUOTE.len() && (cut - 1) % (QUOTE.len() + 1) == QUOTE.len()));
        prop_assert_eq!(out.report.found(Fault::Malformed), 1);
    }
}
