//! No allocation for a message in steady state, counted by the allocator itself. One test, so that no other thread allocates.
#![allow(unsafe_code)] // an allocator that counts and passes on, with its proof

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};
use tickwright_core::feeds::alpaca::AlpacaDecoder;
use tickwright_core::feeds::{Batches, Decoder};
use tickwright_core::types::Timestamp;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

struct Counting;

// SAFETY: every call goes to the system's allocator unchanged, whose contract is the one asked for; counting touches no memory
// that the allocator manages.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above; the pointer came from `System`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// JSON to `MessagePack` for the few shapes of the frame below.
fn pack(json: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = json.as_bytes();
    value(&mut rest, &mut out);
    out
}

fn value(rest: &mut &[u8], out: &mut Vec<u8>) {
    let (head, tail) = rest.split_first().unwrap();
    match head {
        b'[' | b'{' => {
            let close = if *head == b'[' { b']' } else { b'}' };
            *rest = tail;
            let (at, mut count) = (out.len(), 0_u16);
            while rest[0] != close {
                value(rest, out);
                count += u16::from(rest[0] != b':');
                if matches!(rest[0], b',' | b':') {
                    *rest = &rest[1..];
                }
            }
            *rest = &rest[1..];
            let [high, low] = count.to_be_bytes();
            out.splice(at..at, [if close == b']' { 0xdc } else { 0xde }, high, low]);
        }
        b'"' => {
            let end = tail.iter().position(|&c| c == b'"').unwrap();
            out.extend_from_slice(&[0xd9, end as u8]);
            out.extend_from_slice(&tail[..end]);
            *rest = &tail[end + 1..];
        }
        b't' => {
            out.push(0xc3);
            *rest = &rest[4..];
        }
        _ => {
            let end = rest.iter().position(|c| !matches!(c, b'0'..=b'9' | b'.' | b'-')).unwrap();
            let x: f64 = std::str::from_utf8(&rest[..end]).unwrap().parse().unwrap();
            out.push(0xcb);
            out.extend_from_slice(&x.to_be_bytes());
            *rest = &rest[end..];
        }
    }
}

#[test]
fn a_message_allocates_nothing_once_the_batches_have_grown() {
    let json = concat!(
        r#"[{"T":"q","S":"AAPL","bx":"V","bp":187.41,"bs":1,"ax":"Q","ap":187.43,"as":2,"c":["R"],"z":"C","t":"2024-01-02T14:30:00.5Z"},"#,
        r#"{"T":"t","S":"A_SYMBOL_OF_TWENTY_LETTERS","i":5,"x":"V","p":0.000000001,"s":3000000.123456789,"c":["@","I"],"z":"C","t":"2024-01-02T14:30:00Z"},"#,
        r#"{"S":"BTC/USD","o":1,"h":3,"l":0.5,"c":2,"v":0.30000000000000004,"n":7,"vw":1234567.123456789123,"t":"2024-01-02T14:30:00Z","T":"b"},"#,
        r#"{"T":"d","S":"AAPL","o":1,"h":3,"l":0.5,"c":2,"v":1000,"n":7,"vw":1.5,"t":"2024-01-02T05:00:00Z"},"#,
        r#"{"T":"u","S":"AAPL","o":1,"h":3,"l":0.5,"c":2,"v":1000,"n":7,"vw":1.5,"t":"2024-01-02T14:30:00Z"},"#,
        r#"{"T":"s","S":"AAPL","sc":"H","sm":"Trading Halt","rc":"T12","rm":"Information","z":"C","t":"2024-01-02T14:30:00Z"},"#,
        r#"{"T":"l","S":"AAPL","u":11.5,"d":10.5,"i":"B","z":"C","t":"2024-01-02T14:30:00Z"},"#,
        r#"{"T":"x","S":"AAPL","i":7,"x":"V","p":1.5,"s":100,"a":"E","z":"C","t":"2024-01-02T14:30:00Z"},"#,
        r#"{"T":"c","S":"AAPL","x":"V","oi":1,"op":1,"os":2,"oc":["@"],"ci":9,"cp":1.25,"cs":4,"cc":["@","I"],"z":"C","t":"2024-01-02T14:30:00Z"},"#,
        r#"{"T":"o","S":"BTC/USD","b":[{"p":10,"s":1},{"p":9.5,"s":0.25}],"a":[{"p":11,"s":3}],"r":true,"t":"2024-01-02T14:30:00Z"},"#,
        r#"{"T":"new","unknown":[{"p":10},[1,[2]]]}]"#,
    );
    let packed = pack(json);
    for (name, frame) in [("json", json.as_bytes()), ("msgpack", &packed)] {
        for recv in [None, Some(Timestamp::from_nanos(1_704_205_900_000_000_000))] {
            let mut decoder = AlpacaDecoder::default();
            let mut out = Batches::default();
            for _ in 0..10 {
                decoder.push(frame, recv, &mut out).unwrap();
            }
            assert_eq!((out.report.rows, out.len()), (110, 140), "{name}");
            out.clear();
            let before = ALLOCATIONS.load(Ordering::Relaxed);
            for _ in 0..10 {
                decoder.push(frame, recv, &mut out).unwrap();
            }
            let allocations = ALLOCATIONS.load(Ordering::Relaxed) - before;
            assert_eq!(out.len(), 140, "{name}");
            assert_eq!(allocations, 0, "{name}");
        }
    }
}
