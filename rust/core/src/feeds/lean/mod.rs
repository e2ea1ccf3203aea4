//! `QuantConnect` Lean equity files: ticks, seconds, minutes, hours and days of trades and quotes.
//!
//! Lean's layout says most of what a file is: `…/tick/bac/20131007_quote.zip`, `…/daily/spy.zip`. One CSV without header inside a
//! zip (or plain). Prices are counts of 1/10,000 dollar, times milliseconds after midnight in New York, or `YYYYMMDD HH:MM` for
//! hours and days.
//!
//! When an event is knowable: a tick at its time; a bar at its end (`start` + 1 s, 1 min, 1 h); a day from 09:30 to 16:00 in New
//! York, so that an early close is seen late and never early. A quote bar becomes one quote at its end, from the closes and last
//! sizes, with `FLAG_FROM_BAR`.
//!
//! Tick quotes: a row gives one side (the other is 0, 0) and carries the other side forward as [`Consolidate`] says; every row
//! gives one quote, one-sided until the other side is first seen. A side with a price and no size, or no price on a row whose
//! other side is there, means that there is no quote on that side. State starts anew with each file. A row dropped as suspicious,
//! negative, zero or absurd leaves the state alone; one dropped as crossed has changed it.
//!
//! Absurd prices are judged within a day, against the last good price (of the same side): overnight gaps of more than half are
//! real (AIG on 2008-09-15), so bars of one day each are not judged. Three absurd prices in a row that agree become the new measure.

mod bar;
mod conditions;
mod path;
mod rows;
mod sides;
mod tick;

use self::path::{Source, sources};
use self::rows::Decoder;
use super::factors::{FactorAction, Factors};
use super::zone::{Date, NewYorkDay, new_york_date, next_weekday};
use super::{MarketData, QualityPolicy};
use crate::event::{ActionBatch, ActionKind, CorporateAction};
use crate::feeds::rows::for_each_chunk;
use crate::types::{DAY_NS, Error, FRACTION_DIGITS, InstrumentId, Price, Result, Timestamp};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Trades or quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Trades, or bars of trades.
    Trade,
    /// Quotes, or bars of quotes.
    Quote,
}

/// How much time a row covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resolution {
    /// None: each trade or quote.
    Tick,
    /// One second.
    Second,
    /// One minute.
    Minute,
    /// One hour of the clock.
    Hour,
    /// One trading day.
    Daily,
}

impl Resolution {
    /// Every resolution, finest first.
    pub const ALL: [Self; 5] = [Self::Tick, Self::Second, Self::Minute, Self::Hour, Self::Daily];

    /// The name of Lean's folder.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tick => "tick",
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Daily => "daily",
        }
    }

    /// True where a file holds one day and its name gives the date.
    pub const fn is_by_day(self) -> bool {
        matches!(self, Self::Tick | Self::Second | Self::Minute)
    }
}

/// Which part of the day to give out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Session {
    /// All that the file holds, usually 04:00 to 20:00.
    #[default]
    All,
    /// 09:30 to 16:00 in New York: ticks in it and bars that overlap it.
    Regular,
}

/// Adjustment by the factor file. Sizes and volumes are divided by the split factor in either case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Adjust {
    /// Prices as they traded.
    #[default]
    None,
    /// For splits.
    Split,
    /// For splits and dividends.
    Total,
}

/// What a tick quote's one-sided rows are put together to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Consolidate {
    /// The bid and the ask seen last, from whichever venue. Lean's equity ticks are the national best bid and offer already, row
    /// by row: of BAC's 476,854 two-sided quotes of 2013-10-07 none is crossed this way and 2.0 % are locked (IBM: 0.08 %, 0.6 %).
    #[default]
    LastSeen,
    /// The best over the last quotes of each venue, with the sizes of venues at that price added, for files that hold every
    /// venue's own quotes. On consolidated files a venue that has left the best price lingers: 99.5 % of BAC's quotes are crossed.
    BestOfVenues,
}

/// Which sale conditions keep a trade out of the last price and out of volume.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SaleConditions {
    /// As the consolidated tapes say.
    #[default]
    Tape,
    /// As Lean's own second and minute bars do: inside the session sweeps, average prices, derivatively priced and seller's-option
    /// trades do not move prices, everything else does; official opens and closes are left out. docs/accuracy.md has the measure.
    Lean,
}

/// What to read and how. Settings that are `None` come from the path.
#[derive(Clone, Debug, Default)]
pub struct LeanOptions {
    /// Symbol; in a folder of several symbols, the one to read.
    pub symbol: Option<String>,
    /// Date of a day's file; in a folder, the day to read.
    pub date: Option<Date>,
    /// Trades or quotes; in a folder, the kind to read (both when `None`).
    pub kind: Option<Kind>,
    /// Resolution.
    pub resolution: Option<Resolution>,
    /// Part of the day.
    pub session: Session,
    /// Adjustment of prices and sizes.
    pub adjust: Adjust,
    /// Give splits and dividends as events; only with [`Adjust::None`], or they would count twice.
    pub actions: bool,
    /// Round each dividend a share half to even to this many decimals, at most [`FRACTION_DIGITS`]: 2 for Lean's own cents. `None` keeps
    /// what the factors imply, to 1e-9.
    pub dividend_decimals: Option<u32>,
    /// First time to give out.
    pub start: Option<Timestamp>,
    /// Time from which nothing is given out any more.
    pub end: Option<Timestamp>,
    /// The factor file; by default `factor_files/SYMBOL.csv` beside the resolution's folder.
    pub factor_file: Option<PathBuf>,
    /// How to put one-sided tick quotes together.
    pub consolidate: Consolidate,
    /// Which tick trades move the last price and count in volume.
    pub conditions: SaleConditions,
    /// What to do about faulty rows.
    pub policy: QualityPolicy,
}

impl LeanOptions {
    fn check(&self) -> Result<()> {
        if self.actions && self.adjust != Adjust::None {
            return Err(Error::config(
                "actions",
                "splits and dividends would count twice on adjusted prices; choose adjust none or actions off",
            ));
        }
        if let Some(decimals) = self.dividend_decimals {
            if !self.actions {
                return Err(Error::config("dividend_decimals", "rounds dividends, and none are given; set actions, or leave it out"));
            }
            if decimals as usize > FRACTION_DIGITS {
                return Err(Error::config("dividend_decimals", format!("{decimals} is more than the {FRACTION_DIGITS} that a price has")));
            }
        }
        if let (Some(start), Some(end)) = (self.start, self.end)
            && start >= end
        {
            return Err(Error::config("start", format!("{start} is not before end {end}; swap them")));
        }
        if self.policy.absurd_band.is_nan() || self.policy.absurd_band <= 0.0 {
            return Err(Error::config("absurd_band", "must be above zero, like 0.5; infinite switches the check off"));
        }
        Ok(())
    }

    const fn needs_factors(&self) -> bool {
        self.actions || !matches!(self.adjust, Adjust::None)
    }
}

/// Read a file, or every file of a folder in order of name.
pub fn read(path: &Path, options: &LeanOptions) -> Result<MarketData> {
    read_with_progress(path, options, &mut |_, _| Ok(()))
}

/// As [`read`], calling `progress` with bytes done and bytes in all (packed) every few thousand rows; an error of it stops the read.
pub fn read_with_progress(path: &Path, options: &LeanOptions, progress: &mut dyn FnMut(u64, u64) -> Result<()>) -> Result<MarketData> {
    options.check()?;
    let sources = sources(path, options)?;
    let total: u64 = sources.iter().map(|s| s.bytes).sum();
    let mut data = MarketData::default();
    let mut factors: BTreeMap<&str, Factors> = BTreeMap::new();
    let mut done = 0;
    for source in &sources {
        if options.needs_factors() && !factors.contains_key(source.symbol.as_str()) {
            factors.insert(&source.symbol, read_factors(source, options)?);
        }
        if !in_window(source, options)? {
            done += source.bytes;
            continue;
        }
        let instrument = data.instruments.intern(&source.symbol)?;
        let adjust = if options.adjust == Adjust::None { None } else { factors.get(source.symbol.as_str()) };
        let mut decoder = Decoder::new(source, options, adjust, instrument)?;
        for_each_chunk(&source.path, |chunk, extent| {
            decoder.take(chunk, extent.total)?;
            let part = source.bytes as f64 * (extent.done as f64 / extent.total.max(1) as f64).min(1.0);
            progress(done + part as u64, total)
        })?;
        done += source.bytes;
        decoder.finish(&mut data)?;
    }
    progress(total, total)?;
    finish(&mut data);
    if data.is_empty() {
        return Err(Error::data(
            path.display().to_string(),
            format!("gives no events ({} rows read); widen the session, the time window or the quality policy", data.report.rows),
        ));
    }
    if options.actions {
        for (symbol, factors) in &factors {
            if let Some(id) = data.instruments.get(symbol) {
                add_actions(&mut data, id, &factors.actions()?, options)?;
            }
        }
    }
    data.report.events = data.len() as u64;
    Ok(data)
}

fn finish(data: &mut MarketData) {
    for batch in &mut data.quotes {
        batch.sort_by_time();
        batch.shrink_to_fit();
    }
    for batch in &mut data.trades {
        batch.sort_by_time();
        batch.shrink_to_fit();
    }
    for batch in &mut data.bars {
        batch.sort_by_time();
        batch.shrink_to_fit();
    }
    data.quotes.retain(|b| !b.is_empty());
    data.trades.retain(|b| !b.is_empty());
    data.bars.retain(|b| !b.is_empty());
}

/// False when the file's day lies wholly outside the time window, so that it need not be opened.
fn in_window(source: &Source, options: &LeanOptions) -> Result<bool> {
    let Some(date) = source.date else { return Ok(true) };
    let first = NewYorkDay::new(date)?.at_ns(0);
    // A day of 25 hours and a last bar that ends after it fit in.
    let last = first.plus(DAY_NS + DAY_NS / 12);
    Ok(options.start.is_none_or(|start| last >= start) && options.end.is_none_or(|end| first < end))
}

fn read_factors(source: &Source, options: &LeanOptions) -> Result<Factors> {
    let remedy = "adjust and actions need a factor file: give factor_file, or choose adjust none and actions off";
    let path = options
        .factor_file
        .clone()
        .or_else(|| source.factor_file.clone())
        .ok_or_else(|| Error::config("factor_file", format!("{} lies outside Lean's folders; {remedy}", source.path.display())))?;
    if !path.is_file() {
        return Err(Error::data(path.display().to_string(), format!("no such factor file; {remedy}")));
    }
    Factors::read(&path)
}

/// Give out the splits and dividends between the first and the last event of `instrument`.
///
/// The ex-date is the first date with data in the week after the factor row's date, or else the next weekday.
fn add_actions(data: &mut MarketData, instrument: InstrumentId, actions: &[FactorAction], options: &LeanOptions) -> Result<()> {
    let mut columns: Vec<&[Timestamp]> = Vec::new();
    macro_rules! times {
        ($($kind:ident),+) => {
            $(columns.extend(data.$kind.iter().filter(|b| b.instrument.first() == Some(&instrument)).map(|b| b.ts.as_slice()));)+
        };
    }
    times!(quotes, trades, bars);
    let first = columns.iter().filter_map(|c| c.first()).min().copied();
    let last = columns.iter().filter_map(|c| c.last()).max().copied();
    let (Some(first), Some(last)) = (first, last) else { return Ok(()) };
    let mut batch = ActionBatch::default();
    for action in actions {
        let kind = rounded(action.kind, options.dividend_decimals);
        if matches!(kind, ActionKind::Dividend { per_share, .. } if per_share == Price::ZERO) {
            continue;
        }
        let out_of_range = || Error::data(format!("factor file row of {}", action.last_date), "its date has no next weekday; mend the row");
        let weekday = next_weekday(action.last_date).ok_or_else(out_of_range)?;
        let after = NewYorkDay::new(action.last_date.succ_opt().ok_or_else(out_of_range)?)?.at_ns(0);
        let next_event = columns.iter().filter_map(|c| c.get(c.partition_point(|&ts| ts < after))).min().copied();
        let ex_date = next_event.filter(|ts| ts.since(after) < 7 * DAY_NS).and_then(new_york_date).unwrap_or(weekday);
        let ts = NewYorkDay::new(ex_date)?.open();
        if ts > first && ts <= last && options.start.is_none_or(|t| ts >= t) && options.end.is_none_or(|t| ts < t) {
            batch.push(CorporateAction { ts, instrument, kind });
        }
    }
    if !batch.is_empty() {
        data.actions.push(batch);
    }
    Ok(())
}

/// `kind` with a dividend a share rounded half to even to `decimals`, at most nine.
fn rounded(kind: ActionKind, decimals: Option<u32>) -> ActionKind {
    match (kind, decimals) {
        (ActionKind::Dividend { per_share, reference, ratio }, Some(decimals)) => {
            let unit = 10_i64.pow((FRACTION_DIGITS as u32).saturating_sub(decimals));
            let (whole, rest) = (per_share.raw().div_euclid(unit), per_share.raw().rem_euclid(unit));
            let up = rest * 2 > unit || (rest * 2 == unit && whole % 2 != 0);
            let per_share = per_share.raw() - rest + if up { unit } else { 0 };
            ActionKind::Dividend { per_share: Price::from_raw(per_share), reference, ratio }
        }
        (other, _) => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dividends_round_half_to_even_at_the_decimals_asked_for() {
        let paid = |raw: i64, decimals: Option<u32>| {
            let kind = ActionKind::Dividend { per_share: Price::from_raw(raw), reference: Price::ZERO, ratio: 1.0 };
            match rounded(kind, decimals) {
                ActionKind::Dividend { per_share, .. } => per_share.raw(),
                _ => unreachable!("a dividend stays one"),
            }
        };
        assert_eq!(
            [345_000_000, 355_000_000, 345_000_001, -345_000_000].map(|raw| paid(raw, Some(2))),
            [340_000_000, 360_000_000, 350_000_000, -340_000_000]
        );
        assert_eq!([Some(9), None].map(|decimals| paid(345_000_001, decimals)), [345_000_001; 2]);
        assert_eq!([499_999_999, 500_000_000, 1_500_000_000].map(|raw| paid(raw, Some(0))), [0, 0, 2_000_000_000]);
        let split = ActionKind::Split { new_shares_per_old: 7.0 };
        assert_eq!(rounded(split, Some(2)), split);
    }

    #[test]
    fn decimals_of_dividends_that_cannot_be_are_refused() {
        let refused = |actions, decimals| {
            let options = LeanOptions { actions, dividend_decimals: Some(decimals), ..LeanOptions::default() };
            options.check().map_err(|e| e.to_string())
        };
        assert!(refused(true, 10).is_err_and(|e| e.starts_with("dividend_decimals: 10")));
        assert!(refused(false, 2).is_err_and(|e| e.contains("set actions")));
        assert_eq!(refused(true, 9), Ok(()));
    }
}
