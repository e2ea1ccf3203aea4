//! The journal's own tests.

mod log;

use super::*;
use crate::types::Timestamp;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

fn at(ns: i64) -> Timestamp {
    Timestamp::from_nanos(ns)
}

/// A new folder that is removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("tickwright-journal-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
    fn files(&self) -> Files {
        Files::open(&self.0).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
