//! The short form of `make fuzz`: sound inputs, mutated by a seeded generator, through every target.
//!
//! `TICKWRIGHT_FUZZ_CASES` sets how many inputs a target gets (20,000), `TICKWRIGHT_FUZZ_SEED` where the generator starts.

mod fuzz_targets;

use flate2::read::MultiGzDecoder;
use fuzz_targets::{TARGETS, Target};
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tickwright_core::types::Random;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Pieces of the target's recorded file, where it is there: mutated real input gets furthest.
fn recorded(target: &Target) -> Vec<Vec<u8>> {
    let Ok(folder) = std::env::var("TICKWRIGHT_DATA") else { return Vec::new() };
    let path = std::path::Path::new(&folder).join(target.recorded);
    let Ok(file) = std::fs::File::open(&path) else { return Vec::new() };
    let mut bytes = Vec::new();
    let read = if path.extension().is_some_and(|e| e == "gz") {
        MultiGzDecoder::new(file).take(1 << 18).read_to_end(&mut bytes)
    } else {
        file.take(1 << 18).read_to_end(&mut bytes)
    };
    if read.is_err() {
        return Vec::new();
    }
    [0, bytes.len() / 2].map(|start| bytes[start..bytes.len().min(start + 4096)].to_vec()).into()
}

/// A few changes to `input` of the kinds that break decoders.
fn mutate(input: &mut Vec<u8>, random: &mut Random) {
    const TELLING: [u8; 12] = [0, 1, 0x7f, 0x80, 0xff, b'"', b'{', b'}', b'[', b']', b',', b'-'];
    let below = |random: &mut Random, n: usize| random.below(n.max(1) as u64) as usize;
    for _ in 0..=below(random, 6) {
        let at = below(random, input.len());
        match below(random, 9) {
            0 => input.truncate(at),
            1 if !input.is_empty() => input[at] ^= 1 << below(random, 8),
            2 if !input.is_empty() => input[at] = TELLING[below(random, TELLING.len())],
            3 => input.insert(at.min(input.len()), TELLING[below(random, TELLING.len())]),
            4 if !input.is_empty() => {
                let end = (at + below(random, 64)).min(input.len());
                input.drain(at..end);
            }
            5 if !input.is_empty() => {
                let end = (at + below(random, 256)).min(input.len());
                let piece = input[at..end].to_vec();
                let to = below(random, input.len());
                input.splice(to..to, piece);
            }
            6 => {
                let number = [u64::MAX, i64::MAX as u64, 1 << 63, 0, u64::from(u32::MAX)][below(random, 5)];
                let bytes = if below(random, 2) == 0 { number.to_be_bytes() } else { number.to_le_bytes() };
                for (i, byte) in bytes.into_iter().enumerate().take(input.len().saturating_sub(at)) {
                    input[at + i] = byte;
                }
            }
            7 => {
                let digits = ["99999999999999999999", "1e999", "-0", "0.0000000001", "9223372036.854775808", "NaN"][below(random, 6)];
                let at = at.min(input.len());
                input.splice(at..at, digits.bytes());
            }
            _ => input.extend((0..below(random, 32)).map(|i| (i * 37) as u8)),
        }
    }
}

#[test]
fn no_input_makes_a_target_panic_or_hold_memory_out_of_proportion() {
    let (cases, seed) = (setting("TICKWRIGHT_FUZZ_CASES", 20_000), setting("TICKWRIGHT_FUZZ_SEED", 20_131_007));
    for target in TARGETS {
        let mut seeds: Vec<Vec<u8>> = target.seeds.iter().map(|s| s.to_vec()).collect();
        seeds.extend(recorded(target));
        let mut random = Random::new(seed);
        for case in 0..cases {
            let mut input = vec![random.below(256) as u8, random.below(256) as u8];
            input.extend_from_slice(&seeds[case as usize % seeds.len()]);
            let mut body = input.split_off(2);
            if case as usize >= seeds.len() {
                mutate(&mut body, &mut random);
            }
            input.append(&mut body);
            let outcome = catch_unwind(AssertUnwindSafe(|| (target.run)(&input)));
            assert!(outcome.is_ok(), "{}: case {case} of seed {seed} panicked on {input:02x?}", target.name);
        }
        println!("{}: {cases} inputs from {} seeds", target.name, seeds.len());
    }
}
