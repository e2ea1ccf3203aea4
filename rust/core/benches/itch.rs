//! Nanoseconds of an ITCH message: decoded, and decoded into books.

#[path = "market/itch.rs"]
mod stream;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use tickwright_core::book::BookSet;
use tickwright_core::feeds::itch::{ItchDecoder, ItchOptions};
use tickwright_core::feeds::zone::Date;
use tickwright_core::feeds::{Batches, Decoder};
use tickwright_core::types::Result;

const MESSAGES: usize = 1_000_000;
const SYMBOLS: u16 = 500;
/// As the reader of whole files gives them to a decoder.
const CHUNK_BYTES: usize = 256 << 10;

fn decode(decoder: &mut ItchDecoder, out: &mut Batches, bytes: &[u8], mut books: Option<&mut BookSet>) -> Result<usize> {
    let mut events = 0;
    for chunk in bytes.chunks(CHUNK_BYTES) {
        decoder.push(chunk, None, out)?;
        events += out.len();
        // The changes of a chunk are still in the nearer caches.
        if let Some(books) = books.as_deref_mut() {
            books.apply_batch(&out.deltas)?;
        }
        out.clear();
    }
    Ok(events)
}

fn itch(c: &mut Criterion) {
    let mut group = c.benchmark_group("itch");
    group.throughput(Throughput::Elements(MESSAGES as u64)).sample_size(10);
    let date = Date::from_ymd_opt(2019, 1, 30).unwrap_or_default();
    for (name, live, books) in
        [("decode, 1,000 live", 1_000, false), ("decode, 100,000 live", 100_000, false), ("decode and book, 100,000 live", 100_000, true)]
    {
        let (bytes, start) = stream::day(MESSAGES, live, SYMBOLS, 7);
        let setup = || {
            let Ok(mut decoder) = ItchDecoder::new(&ItchOptions::new(date)) else { unreachable!("the date is sound") };
            let mut out = Batches::default();
            let mut held = books.then(BookSet::default);
            assert!(decode(&mut decoder, &mut out, &bytes[..start], held.as_mut()).is_ok());
            (decoder, out, held)
        };
        group.bench_function(name, |b| {
            b.iter_batched(
                setup,
                |(mut decoder, mut out, mut held)| {
                    let events = black_box(decode(&mut decoder, &mut out, &bytes[start..], held.as_mut()));
                    (events, decoder, out, held)
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, itch);
criterion_main!(benches);
