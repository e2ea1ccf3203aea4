//! Every target of `rust/core/tests/fuzz_targets` under libFuzzer; `TICKWRIGHT_FUZZ_TARGET` names the one to run. See `make fuzz`.

#![no_main]

#[path = "../../core/tests/fuzz_targets/mod.rs"]
#[allow(dead_code, reason = "shared with the tests and the seeds")]
mod fuzz_targets;

use std::sync::OnceLock;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    static RUN: OnceLock<fn(&[u8])> = OnceLock::new();
    let run = RUN.get_or_init(|| {
        let name = std::env::var("TICKWRIGHT_FUZZ_TARGET").unwrap_or_default();
        let target = fuzz_targets::TARGETS.iter().find(|t| t.name == name);
        target.unwrap_or_else(|| panic!("TICKWRIGHT_FUZZ_TARGET={name:?} names no target")).run
    });
    run(data);
});
