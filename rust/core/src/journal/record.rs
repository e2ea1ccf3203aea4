//! One record: its bytes, and whether they hold.

use crate::types::Timestamp;
use std::fmt;

/// Bytes before the payload.
pub const RECORD_HEADER_BYTES: usize = 40;
/// Bytes of a chain value.
pub(super) const CHAIN_BYTES: usize = 32;
/// Bytes of a record beside its payload.
pub const RECORD_OVERHEAD_BYTES: usize = RECORD_HEADER_BYTES + CHAIN_BYTES;
/// Longest payload: 64 MiB.
pub const PAYLOAD_BYTES_MAX: usize = 64 << 20;

/// What a record tells of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct RecordKind(pub u16);

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $number:literal),* $(,)?) => {
        impl RecordKind {
            $($(#[$doc])* pub const $name: Self = Self($number);)*

            /// Every reserved kind, in order of its number.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The name of a reserved kind.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($number => Some(stringify!($name)),)*
                    _ => None,
                }
            }
        }
    };
}

kinds! {
    /// What a session runs with; its first record.
    SESSION = 1,
    /// A quote.
    QUOTE = 2,
    /// A trade.
    TRADE = 3,
    /// A bar.
    BAR = 4,
    /// A corporate action.
    ACTION = 5,
    /// A moment at which timers and bar ends are due.
    WAKE = 6,
    /// A report of a venue.
    REPORT = 7,
    /// A command of an operator.
    COMMAND = 8,
    /// What a strategy asked for.
    INTENTS = 9,
    /// An order that leaves for a venue.
    ORDER = 10,
    /// A change of the engine's state.
    STATE = 11,
    /// An order that risk refused.
    REFUSAL = 12,
    /// The engine's whole state.
    SNAPSHOT = 13,
    /// The chain so far, signed; the log writes it by itself.
    CHECKPOINT = 14,
    /// Who may write, with a fencing number.
    LEASE = 15,
    /// Limits that were set.
    LIMITS = 16,
    /// What opening the journal after a crash found.
    RECOVERY = 17,
    /// A remark.
    NOTE = 18,
    /// The engine began.
    START = 19,
    /// The engine ended.
    STOP = 20,
    /// Several market events.
    BATCH = 21,
    /// A fill, as it was booked.
    FILL = 22,
    /// A strategy failed.
    FAULT = 23,
    /// A report of a venue that cannot be.
    ANOMALY = 24,
    /// Something outside the engine is not as it must be.
    ALARM = 25,
    /// A change of a book.
    BOOK = 26,
    /// A change of trading state.
    STATUS = 27,
    /// An order, cancel or replacement that an operator gave by hand.
    MANUAL = 28,
    /// Parameters that a strategy was given.
    PARAMETERS = 29,
    /// Limit-up and limit-down prices.
    BAND = 30,
}

impl RecordKind {
    /// The reserved kind of that name, in either case.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|k| k.name().is_some_and(|n| n.eq_ignore_ascii_case(name)))
    }
}

impl fmt::Display for RecordKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "{}", self.0),
        }
    }
}

impl fmt::Debug for RecordKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A chain value: BLAKE3 over the chain value before and all bytes since.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Chain(pub [u8; CHAIN_BYTES]);

impl Chain {
    /// The 32 bytes at the end of `bytes`; zeros where there are fewer.
    pub(super) fn last_of(bytes: &[u8]) -> Self {
        bytes.last_chunk().map_or_else(Self::default, |c| Self(*c))
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One record, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its number; the first is 1.
    pub sequence: u64,
    /// When what it tells of happened.
    pub event_ts: Timestamp,
    /// When we learned of it.
    pub recv_ts: Timestamp,
    /// What it tells of.
    pub kind: RecordKind,
    /// How many records before it were not known to be durable when it was appended.
    pub pending: u32,
    /// Its content.
    pub payload: &'a [u8],
    /// The chain value after it.
    pub chain: Chain,
}

impl Record<'_> {
    /// Its bytes in the file.
    pub fn length(&self) -> u64 {
        (RECORD_OVERHEAD_BYTES + self.payload.len()) as u64
    }
}

/// What is wrong with the bytes of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The file ends inside it; so many bytes are missing at least.
    Short(u64),
    /// A length that no record has.
    Length(u32),
    /// The CRC-32C differs.
    Crc,
    /// Another sequence than the next one.
    Sequence(u64),
    /// The chain value differs.
    Chain,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short(n) => write!(f, "the file ends inside a record, {n} or more bytes are missing"),
            Self::Length(n) => write!(f, "no record is {n} bytes long"),
            Self::Crc => f.write_str("its CRC-32C is not that of its bytes"),
            Self::Sequence(n) => write!(f, "the record there calls itself {n}"),
            Self::Chain => f.write_str("its chain hash is not that of its bytes and of the record before"),
        }
    }
}

#[inline]
pub(super) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).and_then(|b| b.try_into().ok()).map_or(0, u16::from_le_bytes)
}

#[inline]
pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes)
}

#[inline]
pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 8).and_then(|b| b.try_into().ok()).map_or(0, u64::from_le_bytes)
}

/// What a record says beside its payload and its place in the chain.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields {
    pub(super) sequence: u64,
    pub(super) event_ts: Timestamp,
    pub(super) recv_ts: Timestamp,
    pub(super) kind: RecordKind,
    pub(super) pending: u32,
}

/// Append a record to `out`, whose last 32 bytes are the chain value before it; its own are the last 32 afterwards.
#[inline]
pub(super) fn encode(out: &mut Vec<u8>, fields: Fields, payload: &[u8]) {
    let start = out.len();
    let length = (RECORD_OVERHEAD_BYTES + payload.len()) as u32;
    let mut header = [0; RECORD_HEADER_BYTES];
    header[0..4].copy_from_slice(&length.to_le_bytes());
    header[8..16].copy_from_slice(&fields.sequence.to_le_bytes());
    header[16..24].copy_from_slice(&fields.event_ts.nanos().to_le_bytes());
    header[24..32].copy_from_slice(&fields.recv_ts.nanos().to_le_bytes());
    header[32..34].copy_from_slice(&fields.kind.0.to_le_bytes());
    header[36..40].copy_from_slice(&fields.pending.to_le_bytes());
    let crc = crc32c::crc32c_append(crc_of_header(&header), payload);
    header[4..8].copy_from_slice(&crc.to_le_bytes());
    out.extend_from_slice(&header);
    out.extend_from_slice(payload);
    let chain = blake3::hash(&out[start - CHAIN_BYTES..]);
    out.extend_from_slice(chain.as_bytes());
}

/// CRC-32C of a record's header without the four bytes that hold the CRC.
#[inline]
fn crc_of_header(header: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&header[0..4]), &header[8..RECORD_HEADER_BYTES])
}

/// The length field at the beginning of `bytes`, if a record can be that long.
#[inline]
pub(super) fn length_of(bytes: &[u8]) -> Result<usize, Fault> {
    let length = u32_at(bytes, 0);
    if (RECORD_OVERHEAD_BYTES..=RECORD_OVERHEAD_BYTES + PAYLOAD_BYTES_MAX).contains(&(length as usize)) {
        Ok(length as usize)
    } else {
        Err(Fault::Length(length))
    }
}

/// Whether the record at the beginning of `bytes`, complete and no longer than they are, has the right CRC and no reserved bit set.
#[inline]
pub(super) fn crc_holds(bytes: &[u8]) -> bool {
    let crc = crc32c::crc32c_append(crc_of_header(bytes), &bytes[RECORD_HEADER_BYTES..bytes.len() - CHAIN_BYTES]);
    crc == u32_at(bytes, 4) && u16_at(bytes, 34) == 0
}

/// The record in `bytes`, complete, unchecked.
#[inline]
pub(super) fn view(bytes: &[u8]) -> Record<'_> {
    Record {
        sequence: u64_at(bytes, 8),
        event_ts: Timestamp::from_nanos(u64_at(bytes, 16) as i64),
        recv_ts: Timestamp::from_nanos(u64_at(bytes, 24) as i64),
        kind: RecordKind(u16_at(bytes, 32)),
        pending: u32_at(bytes, 36),
        payload: &bytes[RECORD_HEADER_BYTES..bytes.len() - CHAIN_BYTES],
        chain: Chain::last_of(bytes),
    }
}

/// The record that fills `bytes` but for its first 32, which are the chain value before it; it must be number `sequence`.
#[inline]
pub(super) fn check(bytes: &[u8], sequence: u64) -> Result<Record<'_>, Fault> {
    let record = &bytes[CHAIN_BYTES..];
    if !crc_holds(record) {
        return Err(Fault::Crc);
    }
    let seen = u64_at(record, 8);
    if seen != sequence {
        return Err(Fault::Sequence(seen));
    }
    let view = view(record);
    if blake3::hash(&bytes[..bytes.len() - CHAIN_BYTES]).as_bytes() != &view.chain.0 {
        return Err(Fault::Chain);
    }
    Ok(view)
}
