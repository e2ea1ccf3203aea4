//! Segments: their names and their header.

use super::record::{CHAIN_BYTES, Chain, u32_at, u64_at};
use std::fmt;

/// Bytes before a segment's first record.
pub const SEGMENT_HEADER_BYTES: usize = 112;
/// The version of the format that is written, and the only one that is read.
pub const FORMAT_VERSION: u32 = 1;

/// The highest number that a segment's first record may have, so that none after it overflows.
const FIRST_MAX: u64 = 1 << 62;

const MAGIC: [u8; 8] = *b"TWJRNL\r\n";
const ENDING: &str = ".twj";
/// What is being made and is not part of the journal yet.
pub(super) const UNFINISHED: &str = ".new";

/// Names a journal, so that segments of two are never taken for one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct JournalId(pub [u8; 16]);

impl fmt::Display for JournalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl fmt::Debug for JournalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a segment begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentHeader {
    /// The journal it belongs to.
    pub id: JournalId,
    /// The sequence of its first record.
    pub first: u64,
    /// The chain value after the last record of the segment before; zeros in a journal's first.
    pub previous: Chain,
}

impl SegmentHeader {
    /// Its bytes; the last 32 are the chain value with which the segment begins, BLAKE3 over all before.
    pub(super) fn encode(&self) -> [u8; SEGMENT_HEADER_BYTES] {
        let mut bytes = [0; SEGMENT_HEADER_BYTES];
        bytes[0..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
        bytes[12..16].copy_from_slice(&(SEGMENT_HEADER_BYTES as u32).to_le_bytes());
        bytes[16..32].copy_from_slice(&self.id.0);
        bytes[32..40].copy_from_slice(&self.first.to_le_bytes());
        bytes[48..80].copy_from_slice(&self.previous.0);
        let chain = blake3::hash(&bytes[..SEGMENT_HEADER_BYTES - CHAIN_BYTES]);
        bytes[SEGMENT_HEADER_BYTES - CHAIN_BYTES..].copy_from_slice(chain.as_bytes());
        bytes
    }

    /// The header in `bytes`, or what is wrong with it.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() < SEGMENT_HEADER_BYTES {
            return Err(format!("a segment begins with {SEGMENT_HEADER_BYTES} bytes of header, and the file has {}", bytes.len()));
        }
        if bytes[0..8] != MAGIC {
            return Err("the file does not begin as a journal's segment does".to_owned());
        }
        let version = u32_at(bytes, 8);
        if version != FORMAT_VERSION {
            return Err(format!("version {version} of the format, where this build reads {FORMAT_VERSION}"));
        }
        let chain = blake3::hash(&bytes[..SEGMENT_HEADER_BYTES - CHAIN_BYTES]);
        if chain.as_bytes() != &bytes[SEGMENT_HEADER_BYTES - CHAIN_BYTES..SEGMENT_HEADER_BYTES] {
            return Err("the header's hash is not that of its bytes".to_owned());
        }
        if u32_at(bytes, 12) as usize != SEGMENT_HEADER_BYTES || u64_at(bytes, 40) != 0 {
            return Err("the header has a length or a reserved field that this build does not know".to_owned());
        }
        let first = u64_at(bytes, 32);
        if first == 0 || first > FIRST_MAX {
            return Err(format!("the header's first record is {first}; it must be from 1 to {FIRST_MAX}"));
        }
        let mut id = [0; 16];
        id.copy_from_slice(&bytes[16..32]);
        Ok(Self { id: JournalId(id), first, previous: Chain::last_of(&bytes[48..80]) })
    }
}

/// The name of the segment that begins with record `first`.
pub(super) fn name_of(first: u64) -> String {
    format!("{first:020}{ENDING}")
}

/// The first sequence of the segment of that name; none where it is not a segment's.
pub(super) fn first_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(ENDING)?;
    (digits.len() == 20 && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok()).flatten()
}
