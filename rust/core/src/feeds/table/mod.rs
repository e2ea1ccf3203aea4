//! Columns of a table (Arrow, Parquet, CSV, numpy: whatever the caller holds as slices) to [`MarketData`].
//!
//! Rows are judged one by one under a [`QualityPolicy`]; a price far from its instrument's last good one is judged in a second
//! pass (see `feeds::absurd`), because only the rows after it tell a bad print from a real move. "The row above" of a row is the
//! one before it *of the same instrument*, so a table sorted by symbol and then by time is in order.
//! Cost: one pass and one byte-sized verdict a row; a copy only when the second pass drops something or times are unsorted.

mod deltas;
mod kinds;

pub use deltas::{ACTIONS, DeltaColumns, deltas};
pub use kinds::{BarColumns, QuoteColumns, TradeColumns};

use super::faults::dollars;
use super::{Fault, FeedReport, MarketData, Policy, QualityPolicy, absurd};
use crate::event::{FLAG_CROSSED, FLAG_SUSPICIOUS};
use crate::types::{Error, InstrumentId, Instruments, Price, Result, Timestamp};
use kinds::{Batch, Kind};

/// A column of prices or sizes.
#[derive(Clone, Copy, Debug)]
pub enum Numbers<'a> {
    /// Dollars or shares as floats; each is read as its shortest decimal.
    Floats(&'a [f64]),
    /// Counts of 1e-9.
    Raw(&'a [i64]),
}

impl Numbers<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Floats(v) => v.len(),
            Self::Raw(v) => v.len(),
        }
    }

    /// The count of 1e-9 in row `i`, or what keeps it from being one.
    #[inline]
    fn fixed(&self, i: usize) -> std::result::Result<i64, Fault> {
        match self {
            Self::Raw(v) => Ok(v[i]),
            Self::Floats(v) if v[i].is_finite() => Price::from_f64(v[i]).map(Price::raw).map_err(|_| Fault::Absurd),
            Self::Floats(_) => Err(Fault::NotFinite),
        }
    }

    fn text(&self, i: usize) -> String {
        match self {
            Self::Raw(v) => dollars(Price::from_raw(v[i])),
            Self::Floats(v) => v[i].to_string(),
        }
    }
}

/// Which instrument each row is about.
#[derive(Clone, Copy, Debug)]
pub struct Symbols<'a> {
    /// The symbols that codes point to.
    pub names: &'a [String],
    /// Index into `names` for each row, below zero where the source has none; without codes every row is about `names[0]`.
    pub codes: Option<&'a [i32]>,
}

/// What rows of every kind have.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Name of the source in messages, such as a file name.
    pub place: &'a str,
    /// When each row is knowable, nanoseconds since the epoch, UTC; `i64::MIN` stands for a missing time.
    pub ts: &'a [i64],
    /// Instruments.
    pub symbols: Symbols<'a>,
    /// Receive times in nanoseconds, where the source has them.
    pub recv: Option<&'a [i64]>,
    /// `FLAG_…` bits, where the source has them.
    pub flags: Option<&'a [u32]>,
    /// What else the source tells of each row.
    pub extras: Extras<'a>,
}

/// Columns that quotes or trades may have; bars have none of them. Letters are ASCII bytes, 0 for none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extras<'a> {
    /// Venue of a trade.
    pub venue: Option<&'a [u8]>,
    /// Venue of a quote's bid.
    pub bid_venue: Option<&'a [u8]>,
    /// Venue of a quote's ask.
    pub ask_venue: Option<&'a [u8]>,
    /// Conditions, packed.
    pub conditions: Option<&'a [u32]>,
    /// Tape.
    pub tape: Option<&'a [u8]>,
    /// Trade ids.
    pub id: Option<&'a [u64]>,
    /// Correction codes of trades.
    pub correction: Option<&'a [u8]>,
}

impl Extras<'_> {
    fn lengths(&self) -> [(&'static str, Option<usize>); 7] {
        [
            ("venue", self.venue.map(<[u8]>::len)),
            ("bid_venue", self.bid_venue.map(<[u8]>::len)),
            ("ask_venue", self.ask_venue.map(<[u8]>::len)),
            ("conditions", self.conditions.map(<[u32]>::len)),
            ("tape", self.tape.map(<[u8]>::len)),
            ("id", self.id.map(<[u64]>::len)),
            ("correction", self.correction.map(<[u8]>::len)),
        ]
    }
}

/// Quotes from a table.
pub fn quotes(frame: &Frame<'_>, columns: &QuoteColumns<'_>, policy: &QualityPolicy) -> Result<MarketData> {
    let (instruments, batch, report) = read(frame, columns, policy)?;
    Ok(MarketData { instruments, quotes: vec![batch], report, ..MarketData::default() })
}

/// Trades from a table.
pub fn trades(frame: &Frame<'_>, columns: &TradeColumns<'_>, policy: &QualityPolicy) -> Result<MarketData> {
    let (instruments, batch, report) = read(frame, columns, policy)?;
    Ok(MarketData { instruments, trades: vec![batch], report, ..MarketData::default() })
}

/// Bars from a table; `frame.ts` is the end of each bar.
pub fn bars(frame: &Frame<'_>, columns: &BarColumns<'_>, policy: &QualityPolicy) -> Result<MarketData> {
    let (instruments, batch, report) = read(frame, columns, policy)?;
    Ok(MarketData { instruments, bars: vec![batch], report, ..MarketData::default() })
}

fn read<const N: usize, K: Kind<N>>(frame: &Frame<'_>, kind: &K, policy: &QualityPolicy) -> Result<(Instruments, K::Batch, FeedReport)> {
    check_shape(frame, kind, policy)?;
    let mut scan = Scan { frame, policy, report: FeedReport::default(), instruments: Instruments::default(), seen: Vec::new() };
    scan.seen.resize(frame.symbols.names.len(), Seen { id: None, last: None });
    let rows = frame.ts.len();
    let mut batch = K::Batch::with_capacity(rows);
    let mut source_rows: Vec<u32> = Vec::with_capacity(rows);
    for i in 0..rows {
        if let Some(row) = scan.row(kind, i)? {
            batch.push(row, frame.recv.map(|r| Timestamp::from_nanos(r[i])));
            batch.push_extras(&frame.extras, i);
            source_rows.push(i as u32);
        }
    }
    let Scan { mut report, instruments, .. } = scan;
    report.rows = rows as u64;
    drop_absurd(&mut batch, &source_rows, &instruments, frame.place, policy, &mut report)?;
    batch.sort();
    report.events = batch.len() as u64;
    Ok((instruments, batch, report))
}

fn check_shape<const N: usize, K: Kind<N>>(frame: &Frame<'_>, kind: &K, policy: &QualityPolicy) -> Result<()> {
    let rows = frame.ts.len();
    if rows == 0 {
        return Err(Error::data(frame.place, "holds no rows; give at least one"));
    }
    if u32::try_from(rows).is_err() {
        return Err(Error::data(frame.place, format!("holds {rows} rows; read it in parts of at most {}", u32::MAX)));
    }
    let optional = [
        ("symbol", frame.symbols.codes.map(<[i32]>::len)),
        ("recv", frame.recv.map(<[i64]>::len)),
        ("flags", frame.flags.map(<[u32]>::len)),
    ];
    let lengths = kind.columns().map(|(name, c)| (name, c.len()));
    let optional = optional.into_iter().chain(frame.extras.lengths());
    for (name, length) in optional.filter_map(|(n, l)| Some((n, l?))).chain(lengths).chain(kind.start_len().map(|l| ("start", l))) {
        if length != rows {
            return Err(Error::data(
                format!("{}: column {name}", frame.place),
                format!("has {length} rows where ts has {rows}; make them equal"),
            ));
        }
    }
    if frame.symbols.names.is_empty() {
        return Err(Error::data(format!("{}: column symbol", frame.place), "names no symbol; give one for all rows or one a row"));
    }
    for fault in [Fault::Malformed, Fault::NotFinite] {
        if policy.get(fault) == Policy::Keep {
            return Err(Error::config(
                format!("policy.{fault}"),
                "cannot be \"keep\": there is no value to keep; choose \"drop\" or \"fail\"",
            ));
        }
    }
    policy.check()
}

/// What is known of one symbol of the table.
#[derive(Clone)]
struct Seen<R> {
    id: Option<InstrumentId>,
    last: Option<R>,
}

struct Scan<'a, R> {
    frame: &'a Frame<'a>,
    policy: &'a QualityPolicy,
    report: FeedReport,
    instruments: Instruments,
    seen: Vec<Seen<R>>,
}

impl<R: Copy + PartialEq> Scan<'_, R> {
    /// Row `i`, or nothing when it is dropped.
    fn row<const N: usize, K: Kind<N, Row = R>>(&mut self, kind: &K, i: usize) -> Result<Option<R>> {
        let Some((code, id)) = self.instrument(i)? else { return Ok(None) };
        let ts = Timestamp::from_nanos(self.frame.ts[i]);
        if ts == Timestamp::MIN {
            self.judge(i, code, Fault::Malformed, || "has no time".to_owned())?;
            return Ok(None);
        }
        let Some(values) = self.values(kind, i, code)? else { return Ok(None) };
        let mut flags = self.frame.flags.map_or(0, |f| f[i]);
        if flags & FLAG_SUSPICIOUS != 0 && !self.judge(i, code, Fault::Suspicious, || "is marked as suspicious".to_owned())? {
            return Ok(None);
        }
        flags &= !FLAG_CROSSED;
        let mut row = kind.row(i, ts, id, values, flags);
        for fault in K::faults(&row).into_iter().flatten() {
            if !self.judge(i, code, fault, || K::describe(&row, fault))? {
                return Ok(None);
            }
            if fault == Fault::Crossed {
                row = kind.row(i, ts, id, values, flags | FLAG_CROSSED);
                break;
            }
        }
        if let Some(last) = self.seen[code].last {
            let above = K::ts(&last);
            if ts < above && !self.judge(i, code, Fault::OutOfOrder, || format!("time {ts} is before {above} of the row above"))? {
                return Ok(None);
            }
            if !K::REPEATS && row == last && !self.judge(i, code, Fault::Duplicate, || "is the same as the row above".to_owned())? {
                return Ok(None);
            }
        }
        self.seen[code].last = Some(row);
        Ok(Some(row))
    }

    /// Code and id of row `i`'s symbol.
    fn instrument(&mut self, i: usize) -> Result<Option<(usize, InstrumentId)>> {
        let code = self.frame.symbols.codes.map_or(0, |c| c[i]);
        let code = usize::try_from(code).unwrap_or(usize::MAX);
        if let Some(Seen { id: Some(id), .. }) = self.seen.get(code) {
            return Ok(Some((code, *id)));
        }
        let interned = match self.frame.symbols.names.get(code) {
            Some(name) => self.instruments.intern(name).map_err(|e| e.to_string()),
            None => Err("has no symbol".to_owned()),
        };
        match interned {
            Ok(id) => {
                self.seen[code].id = Some(id);
                Ok(Some((code, id)))
            }
            Err(why) => {
                let place = self.frame.place;
                self.report.judge(self.policy, Fault::Malformed, || format!("{place}: row {}: {why}", i + 1))?;
                Ok(None)
            }
        }
    }

    /// The fixed-point numbers of row `i`.
    fn values<const N: usize, K: Kind<N, Row = R>>(&mut self, kind: &K, i: usize, code: usize) -> Result<Option<[i64; N]>> {
        let columns = kind.columns();
        let mut values = [0; N];
        let mut negative = None;
        for (value, (name, column)) in values.iter_mut().zip(&columns) {
            match column.fixed(i) {
                Ok(v) => {
                    *value = v;
                    if v < 0 && negative.is_none() {
                        negative = Some((name, column));
                    }
                }
                Err(fault) => {
                    let text = || format!("{name} is {}", column.text(i));
                    if self.judge(i, code, fault, text)? {
                        return Err(Error::Number {
                            what: self.place(i, code, &text()),
                            why: "cannot be kept: at most 9,223,372,036.854775807 fits; choose \"drop\" for absurd rows".to_owned(),
                        });
                    }
                    return Ok(None);
                }
            }
        }
        if let Some((name, column)) = negative
            && !self.judge(i, code, Fault::Negative, || format!("{name} is {}", column.text(i)))?
        {
            return Ok(None);
        }
        Ok(Some(values))
    }

    fn place(&self, i: usize, code: usize, what: &str) -> String {
        format!("{}: row {} (symbol {}): {what}", self.frame.place, i + 1, self.frame.symbols.names[code])
    }

    fn judge(&mut self, i: usize, code: usize, fault: Fault, what: impl FnOnce() -> String) -> Result<bool> {
        let Frame { place, symbols, .. } = self.frame;
        self.report.judge(self.policy, fault, || format!("{place}: row {} (symbol {}): {}", i + 1, symbols.names[code], what()))
    }
}

fn drop_absurd<const N: usize, B: Batch<N>>(
    batch: &mut B,
    source_rows: &[u32],
    instruments: &Instruments,
    place: &str,
    policy: &QualityPolicy,
    report: &mut FeedReport,
) -> Result<()> {
    let found = absurd::find((0..batch.len()).map(|i| batch.extent(i)), policy.absurd_band);
    for level in &found.moves {
        report.notes.push(format!(
            "{place}: row {} (symbol {}): price moved from {} to {} and stayed, so it is taken as real",
            source_rows[level.row as usize] + 1,
            instruments.symbol(level.instrument),
            dollars(Price::from_raw(level.from)),
            dollars(Price::from_raw(level.to)),
        ));
    }
    let mut dropped = vec![];
    for outlier in found.outliers {
        let keep = report.judge(policy, Fault::Absurd, || {
            let i = outlier.row as usize;
            format!(
                "{place}: row {} (symbol {}): {} is more than {} % from the last good price {}",
                source_rows[i] + 1,
                instruments.symbol(batch.extent(i).instrument),
                batch.describe(i),
                policy.absurd_band * 100.0,
                dollars(Price::from_raw(outlier.last_good)),
            )
        })?;
        if !keep {
            dropped.push(outlier.row);
        }
    }
    if !dropped.is_empty() {
        batch.remove(&dropped);
    }
    Ok(())
}
