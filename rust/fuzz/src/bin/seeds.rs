//! Writes the first inputs of every target: `seeds FOLDER` makes `FOLDER/<target>/seed-<n>`, and prints the targets' names.

#[path = "../../../core/tests/fuzz_targets/mod.rs"]
#[allow(dead_code, reason = "shared with the tests and the fuzzer")]
mod fuzz_targets;

use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or_else(|| std::io::Error::other("give the folder to write to"))?);
    for target in fuzz_targets::TARGETS {
        let inputs = folder.join(target.name);
        std::fs::create_dir_all(&inputs)?;
        for (i, seed) in target.seeds.iter().enumerate() {
            std::fs::write(inputs.join(format!("seed-{i}")), [&[0, 8], *seed].concat())?;
        }
        println!("{}", target.name);
    }
    Ok(())
}
