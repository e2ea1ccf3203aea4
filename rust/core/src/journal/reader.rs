//! [`Reader`]: records in order, every one checked.

use super::record::{self, Chain, Record};
use super::scan::{TornTail, Window};
use super::segment::{self, JournalId, SEGMENT_HEADER_BYTES, SegmentHeader};
use super::storage::{Entry, Source};
use crate::types::{Error, Result};

/// A segment as it was listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) name: String,
    pub(super) first: u64,
    pub(super) bytes: u64,
}

/// The segments of a storage, in order.
///
/// Listed twice: a writer may rotate while a listing is made, and a segment that had a successor in the first has its whole length in
/// the second.
pub(super) fn segments<S: Source>(source: &S) -> Result<Vec<Segment>> {
    let list = || source.list().map_err(|e| Error::storage(source.place(), format!("cannot be listed: {e}")));
    let (before, now) = (list()?, list()?);
    let known = |name: &str| before.iter().any(|e| e.name == name);
    let segment = |e: Entry| segment::first_of(&e.name).map(|first| Segment { name: e.name, first, bytes: e.bytes });
    let mut found: Vec<_> = now.into_iter().filter(|e| known(&e.name)).filter_map(segment).collect();
    found.sort_by_key(|s| s.first);
    Ok(found)
}

/// Reads a journal's records in order and checks each: CRC, sequence and chain.
///
/// Memory: one mebibyte, or the longest record. A torn tail ends the records and is then told by [`Reader::tail`]; anything else
/// that is wrong is an [`Error::Corrupt`].
#[derive(Debug)]
pub struct Reader<S: Source> {
    source: S,
    segments: Vec<Segment>,
    index: usize,
    window: Window,
    header: SegmentHeader,
    /// Where the next record begins.
    at: u64,
    /// Its number.
    sequence: u64,
    /// The chain value before it.
    chain: Chain,
    /// The chain value before the last record read.
    previous: Chain,
    from: u64,
    tail: Option<TornTail>,
}

impl<S: Source> Reader<S> {
    /// The records from number `from` on; 0 stands for the first that is kept. The segment that holds it is checked from its beginning.
    pub fn open(source: S, from: u64) -> Result<Self> {
        let segments = segments(&source)?;
        let Some(first) = segments.first().map(|s| s.first) else {
            return Err(Error::storage(source.place(), "no journal is here: no file NNNNNNNNNNNNNNNNNNNN.twj"));
        };
        if from != 0 && from < first {
            return Err(Error::config("start", format!("record {from} is no longer kept; the first is {first}")));
        }
        let index = segments.partition_point(|s| s.first <= from).saturating_sub(1);
        let mut reader = Self {
            source,
            segments,
            index,
            window: Window::default(),
            header: SegmentHeader { id: JournalId::default(), first, previous: Chain::default() },
            at: 0,
            sequence: 0,
            chain: Chain::default(),
            previous: Chain::default(),
            from,
            tail: None,
        };
        reader.enter(None)?;
        Ok(reader)
    }

    /// Begin the segment at `index`, which must carry on what stands in the one before.
    fn enter(&mut self, before: Option<SegmentHeader>) -> Result<()> {
        let segment = &self.segments[self.index];
        self.window.turn(&segment.name, segment.bytes);
        self.at = 0;
        let corrupt = |offset: u64, why: String| {
            let sequence = if before.is_some() { self.sequence } else { segment.first };
            Err(Error::Corrupt { file: segment.name.clone(), offset, sequence, why })
        };
        let bytes = self.window.get(&self.source, 0, segment.bytes.min(SEGMENT_HEADER_BYTES as u64))?;
        let header = match SegmentHeader::decode(bytes) {
            Ok(header) => header,
            Err(why) => return corrupt(0, why),
        };
        let chain = Chain::last_of(bytes);
        if header.first != segment.first {
            return corrupt(32, format!("the header's first record is {} and that of the file's name {}", header.first, segment.first));
        }
        if let Some(before) = before {
            if header.id != before.id {
                return corrupt(16, format!("the segment is of journal {}, those before of {}", header.id, before.id));
            }
            if header.first != self.sequence {
                return corrupt(32, format!("the segment begins with record {}: a segment, or the end of one, is missing", header.first));
            }
            if header.previous != self.chain {
                return corrupt(48, "the chain hash in the header is not that of the segment before".to_owned());
            }
        } else if header.first == 1 && header.previous != Chain::default() {
            return corrupt(48, "a journal's first segment has no chain hash before it".to_owned());
        }
        self.at = SEGMENT_HEADER_BYTES as u64;
        (self.header, self.sequence, self.chain) = (header, header.first, chain);
        Ok(())
    }

    /// The next record; none at the end, or where the tail is torn.
    pub fn next_record(&mut self) -> Result<Option<Record<'_>>> {
        let start = loop {
            let Some(start) = self.advance()? else { return Ok(None) };
            if self.sequence > self.from {
                break start;
            }
        };
        Ok(Some(record::view(self.window.view(start, self.at))))
    }

    /// Step over one record; where it begins, none at the end.
    #[inline]
    fn advance(&mut self) -> Result<Option<u64>> {
        while self.at == self.window.bytes {
            if self.index + 1 == self.segments.len() {
                return Ok(None);
            }
            self.index += 1;
            self.enter(Some(self.header))?;
        }
        if self.tail.is_some() {
            return Ok(None);
        }
        let start = self.at;
        match self.window.check(&self.source, start, self.sequence)? {
            Ok(end) => {
                self.previous = self.chain;
                self.chain = Chain::last_of(self.window.view(start, end));
                (self.at, self.sequence) = (end, self.sequence + 1);
                Ok(Some(start))
            }
            Err(fault) if self.index + 1 == self.segments.len() => {
                self.tail = Some(self.window.classify(&self.source, start, self.sequence, fault)?);
                Ok(None)
            }
            Err(fault) => {
                let (file, why) = (self.window.name.clone(), fault.to_string());
                Err(Error::Corrupt { file, offset: start, sequence: self.sequence, why })
            }
        }
    }

    /// Look again for what was appended since: after it, [`Self::next_record`] goes on where it ended.
    pub fn refresh(&mut self) -> Result<()> {
        let name = self.segments[self.index].name.clone();
        let segments = segments(&self.source)?;
        let Some(index) = segments.iter().position(|s| s.name == name) else {
            return Err(Error::storage(self.source.place(), format!("{name} was removed while it was read")));
        };
        self.window.turn(&name, segments[index].bytes);
        (self.segments, self.index, self.tail) = (segments, index, None);
        Ok(())
    }

    /// The number of the next record.
    pub fn next_sequence(&self) -> u64 {
        self.sequence
    }

    /// The chain value after the last record read.
    pub fn head(&self) -> Chain {
        self.chain
    }

    /// The chain value before the last record read: the 32 bytes before it in its segment.
    pub fn previous(&self) -> Chain {
        self.previous
    }

    /// The journal's id.
    pub fn id(&self) -> JournalId {
        self.header.id
    }

    /// The number of the first record that is kept.
    pub fn first_sequence(&self) -> u64 {
        self.segments[0].first
    }

    /// What a crash left at the end; known when [`Self::next_record`] has given none.
    pub fn tail(&self) -> Option<&TornTail> {
        self.tail.as_ref()
    }

    /// The name of the segment being read, and where its next record begins.
    pub fn position(&self) -> (&str, u64) {
        (&self.window.name, self.at)
    }

    /// How many segments there are.
    pub fn segment_count(&self) -> usize {
        self.segments.len()
    }

    pub(super) fn listed(&self) -> &[Segment] {
        &self.segments
    }

    /// Which of [`Self::listed`] is being read.
    pub(super) fn index(&self) -> usize {
        self.index
    }
}
