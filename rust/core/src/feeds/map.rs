//! Whole files in memory without reading them: mapped, so that the operating system brings pages in as they are looked at.
#![allow(unsafe_code)] // one call, with its proof

use crate::types::{Error, Result};
use memmap2::{Advice, Mmap};
use std::fs::File;
use std::path::Path;

/// A mapped file, read from the start to the end.
#[derive(Debug)]
pub(super) struct MappedFile {
    map: Mmap,
}

impl MappedFile {
    /// Map the file at `path`. It must not be shortened by anyone while it is read: then the operating system ends the process.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let (file, _) = open_file(path)?;
        // SAFETY: `map` needs the bytes not to change while they are borrowed. The map is private to this value and read-only, and it
        // is borrowed as plain bytes, for which every value is valid: should another process write to the file meanwhile, what is
        // decoded is a mixture of old and new bytes, which decoders must bear from any input. No reference to the bytes is handed
        // to code that looks at one twice and relies on finding the same (decoders copy what they keep), and `MappedFile` gives them out
        // as borrows of itself alone, so that none outlives the map.
        let map = unsafe { Mmap::map(&file) }.map_err(|e| unreadable(path, &e))?;
        // A hint that may be ignored, and so may its failure.
        let _ = map.advise(Advice::Sequential);
        Ok(Self { map })
    }

    /// Its content.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.map
    }
}

/// The file at `path` and its length in bytes, which is not zero.
pub(super) fn open_file(path: &Path) -> Result<(File, u64)> {
    let file = File::open(path).map_err(|e| unreadable(path, &e))?;
    let metadata = file.metadata().map_err(|e| unreadable(path, &e))?;
    let place = || path.display().to_string();
    if metadata.is_dir() {
        return Err(Error::data(place(), "is a folder; give a file"));
    }
    if metadata.len() == 0 {
        return Err(Error::data(place(), "the file is empty; fetch it again"));
    }
    Ok((file, metadata.len()))
}

fn unreadable(path: &Path, e: &std::io::Error) -> Error {
    let place = path.display().to_string();
    match e.kind() {
        std::io::ErrorKind::NotFound => Error::data(place, "no such file; check the path"),
        std::io::ErrorKind::PermissionDenied => Error::data(place, "may not be read; check the file's permissions"),
        _ => Error::data(place, format!("cannot be read ({e}); check the path or fetch the file again")),
    }
}
