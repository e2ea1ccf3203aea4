//! Cleaning of raw trades and quotes of many venues, before anything is estimated from them.
//!
//! The rules are those of Barndorff-Nielsen, Hansen, Lunde and Shephard, "Realized kernels in practice: trades and quotes",
//! Econometrics Journal 12 (2009), section 3: P1 the session, P2 no zero price, P3 one venue; T1 no corrected trade, T2 no abnormal
//! sale condition, T3 one row a moment at the median price, T4 no trade beyond the quotes by more than the spread; Q1 one row a
//! moment at the medians, Q2 no negative spread, Q3 no spread above 50 times the day's median, Q4 no mid further than ten mean
//! absolute deviations from the median of the 50 around it. T3 sums the sizes; Q1 takes the sizes' sums too. Each rule is a setting,
//! and each tells how many rows it took.

use crate::event::{QuoteBatch, TradeBatch, unpack_conditions};
use crate::feeds::zone::{DAY_MS, NewYorkDay};
use crate::types::{DAY_NS, Error, InstrumentId, Price, Qty, Result, Timestamp};
use std::collections::{HashMap, HashSet};

/// Quotes on each side of a quote that Q4 compares it with.
const NEIGHBOURS: usize = 25;

/// What both kinds of rows are selected by.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// P1: from this millisecond after midnight in New York up to and including that one.
    pub session_ms: Option<(i64, i64)>,
    /// P3: only these venues.
    pub venues: Option<Vec<u8>>,
    /// P2: only prices above zero.
    pub positive: bool,
}

/// Rules for trades.
#[derive(Clone, Debug, Default)]
pub struct TradeRules {
    /// P1, P2, P3.
    pub selection: Selection,
    /// T1: only trades that stand as first reported.
    pub uncorrected: bool,
    /// T2: only trades whose conditions, in any order, are one of these, packed.
    pub conditions: Option<Vec<u32>>,
    /// T3: one trade a moment and instrument.
    pub one_a_moment: bool,
}

/// Rules for quotes.
#[derive(Clone, Debug, Default)]
pub struct QuoteRules {
    /// P1, P2, P3.
    pub selection: Selection,
    /// Q1: one quote a moment and instrument.
    pub one_a_moment: bool,
    /// Q2: no bid above its ask.
    pub uncrossed: bool,
    /// Q3: the spread is at most this many times the day's median; infinity for no check.
    pub spreads_max: f64,
    /// Q4: the mid is at most this many mean absolute deviations from the median of its neighbours; infinity for no check.
    pub deviations_max: f64,
}

/// Rows that each rule took, by its name.
pub type Taken = Vec<(&'static str, u64)>;

/// Tells whether a moment lies in the session; days are looked up once.
struct Session {
    bounds: Option<(i64, i64)>,
    days: HashMap<i64, (Timestamp, Timestamp)>,
}

impl Session {
    fn new(bounds: Option<(i64, i64)>) -> Result<Self> {
        if let Some((open, close)) = bounds
            && !(0 <= open && open < close && close <= DAY_MS)
        {
            return Err(Error::config("session", format!("{open} ms to {close} ms is no part of a day; give (\"09:30\", \"16:00\")")));
        }
        Ok(Self { bounds, days: HashMap::new() })
    }

    fn holds(&mut self, ts: Timestamp) -> Result<bool> {
        let Some((open, close)) = self.bounds else { return Ok(true) };
        // Sessions lie between 05:00 UTC and the next: a day that starts then holds one of New York, whatever the season.
        let day = (ts.nanos() - DAY_NS / 24 * 4).div_euclid(DAY_NS);
        if let Some(&(from, to)) = self.days.get(&day) {
            return Ok(from <= ts && ts <= to);
        }
        let date = chrono::DateTime::from_timestamp(day.saturating_mul(86_400), 0)
            .ok_or_else(|| Error::data("session", format!("{ts} lies outside the calendar")))?
            .date_naive();
        let day_of = NewYorkDay::new(date)?;
        let bounds = (day_of.at_ms(open), day_of.at_ms(close));
        self.days.insert(day, bounds);
        Ok(bounds.0 <= ts && ts <= bounds.1)
    }
}

/// The conditions in one order, so that the same ones are the same number.
fn in_order(conditions: u32) -> u32 {
    let mut codes: Vec<u8> = unpack_conditions(conditions).filter(|&c| c != b' ').collect();
    codes.sort_unstable();
    crate::event::pack_conditions(codes)
}

fn needs(column: &str, rule: &str) -> Error {
    Error::data(column.to_owned(), format!("is not among the columns, and {rule} needs it; read it too, or leave the rule out"))
}

/// The rows of `trades` that all rules keep, sorted by time, and what each rule took.
pub fn clean_trades(trades: &TradeBatch, rules: &TradeRules) -> Result<(TradeBatch, Taken)> {
    let mut session = Session::new(rules.selection.session_ms)?;
    let allowed: Option<HashSet<u32>> = rules.conditions.as_ref().map(|c| c.iter().map(|&c| in_order(c)).collect());
    if !trades.is_empty() {
        if rules.selection.venues.is_some() && trades.venue.is_empty() {
            return Err(needs("venue", "P3"));
        }
        if allowed.is_some() && trades.conditions.is_empty() {
            return Err(needs("conditions", "T2"));
        }
        if rules.uncorrected && trades.correction.is_empty() {
            return Err(needs("correction", "T1"));
        }
    }
    let mut taken: Taken = vec![("P1", 0), ("P2", 0), ("P3", 0), ("T1", 0), ("T2", 0), ("T3", 0)];
    let mut out = TradeBatch::default();
    for i in 0..trades.len() {
        let rule = if !session.holds(trades.ts[i])? {
            0
        } else if rules.selection.positive && !trades.price[i].is_positive() {
            1
        } else if rules.selection.venues.as_ref().is_some_and(|v| !v.contains(&trades.venue[i])) {
            2
        } else if rules.uncorrected && trades.correction[i] != 0 {
            3
        } else if allowed.as_ref().is_some_and(|a| !a.contains(&in_order(trades.conditions[i]))) {
            4
        } else {
            out.push_from(trades, i);
            continue;
        };
        taken[rule].1 += 1;
    }
    out.sort_by_time();
    if rules.one_a_moment {
        let groups = moments(&out.ts, &out.instrument);
        let mut one = TradeBatch::default();
        for group in &groups {
            let last = group[group.len() - 1] as usize;
            one.push_from(&out, last);
            if group.len() > 1 {
                let at = one.len() - 1;
                one.price[at] = Price::from_raw(median(group.iter().map(|&i| out.price[i as usize].raw())));
                let sizes = group.iter().map(|&i| i128::from(out.size[i as usize].raw())).sum::<i128>();
                one.size[at] = Qty::from_raw(i64::try_from(sizes).map_err(|_| Error::Overflow { what: "sizes of one moment" })?);
            }
        }
        taken[5].1 = (out.len() - one.len()) as u64;
        out = one;
    }
    Ok((out, taken))
}

/// The rows of `quotes` that all rules keep, sorted by time, and what each rule took.
pub fn clean_quotes(quotes: &QuoteBatch, rules: &QuoteRules) -> Result<(QuoteBatch, Taken)> {
    let mut session = Session::new(rules.selection.session_ms)?;
    if rules.selection.venues.is_some() && !quotes.is_empty() && (quotes.bid_venue.is_empty() || quotes.ask_venue.is_empty()) {
        return Err(needs("bid_venue and ask_venue", "P3"));
    }
    for (name, value) in [("spreads_max", rules.spreads_max), ("deviations_max", rules.deviations_max)] {
        if value.is_nan() || value <= 0.0 {
            return Err(Error::config(name, format!("is {value}; give a number above 0, or infinity for no check")));
        }
    }
    let mut taken: Taken = vec![("P1", 0), ("P2", 0), ("P3", 0), ("Q1", 0), ("Q2", 0), ("Q3", 0), ("Q4", 0)];
    let mut out = QuoteBatch::default();
    for i in 0..quotes.len() {
        let (bid, ask) = (quotes.bid[i], quotes.ask[i]);
        let rule = if !session.holds(quotes.ts[i])? {
            0
        } else if rules.selection.positive && !(bid.is_positive() && ask.is_positive()) {
            1
        } else if rules.selection.venues.as_ref().is_some_and(|v| !v.contains(&quotes.bid_venue[i]) || !v.contains(&quotes.ask_venue[i])) {
            2
        } else {
            out.push_from(quotes, i);
            continue;
        };
        taken[rule].1 += 1;
    }
    out.sort_by_time();
    if rules.one_a_moment {
        let one = one_quote_a_moment(&out)?;
        taken[3].1 = (out.len() - one.len()) as u64;
        out = one;
    }
    if rules.uncrossed {
        taken[4].1 = remove_where(&mut out, |b, i| b.bid[i] > b.ask[i]);
    }
    if rules.spreads_max.is_finite() {
        let mut spreads: HashMap<(InstrumentId, i64), Vec<i64>> = HashMap::new();
        for i in 0..out.len() {
            spreads.entry(day_of(&out, i)).or_default().push(out.ask[i].raw().saturating_sub(out.bid[i].raw()));
        }
        let limits: HashMap<_, f64> = spreads.into_iter().map(|(key, s)| (key, median(s) as f64 * rules.spreads_max)).collect();
        let wide = |b: &QuoteBatch, i: usize| {
            limits.get(&day_of(b, i)).is_some_and(|&limit| b.ask[i].raw().saturating_sub(b.bid[i].raw()) as f64 > limit)
        };
        taken[5].1 = remove_where(&mut out, wide);
    }
    if rules.deviations_max.is_finite() {
        let far = far_mids(&out, rules.deviations_max);
        taken[6].1 = far.len() as u64;
        out.remove_rows(&far);
    }
    Ok((out, taken))
}

fn one_quote_a_moment(quotes: &QuoteBatch) -> Result<QuoteBatch> {
    let mut one = QuoteBatch::default();
    for group in moments(&quotes.ts, &quotes.instrument) {
        let last = group[group.len() - 1] as usize;
        one.push_from(quotes, last);
        if group.len() > 1 {
            let at = one.len() - 1;
            let sum = |sizes: &[Qty]| {
                let sum = group.iter().map(|&i| i128::from(sizes[i as usize].raw())).sum::<i128>();
                i64::try_from(sum).map(Qty::from_raw).map_err(|_| Error::Overflow { what: "sizes of one moment" })
            };
            one.bid[at] = Price::from_raw(median(group.iter().map(|&i| quotes.bid[i as usize].raw())));
            one.ask[at] = Price::from_raw(median(group.iter().map(|&i| quotes.ask[i as usize].raw())));
            (one.bid_size[at], one.ask_size[at]) = (sum(&quotes.bid_size)?, sum(&quotes.ask_size)?);
        }
    }
    Ok(one)
}

/// T4: rows of `trades`, sorted, whose price lies above the ask or below the bid of `quotes` by more than `spreads` times the spread.
/// The quote of a trade is its instrument's last one at or before the trade; a trade without one stays.
pub fn trades_beyond_quotes(trades: &TradeBatch, quotes: &QuoteBatch, spreads: f64) -> Result<Vec<u32>> {
    if spreads.is_nan() || spreads < 0.0 {
        return Err(Error::config("spreads", format!("is {spreads}; give 0 or more")));
    }
    let at = super::align::last_at_or_before(&trades.ts, &trades.instrument, &quotes.ts, &quotes.instrument, None)?;
    let beyond = at.iter().enumerate().filter_map(|(i, &q)| {
        let q = usize::try_from(q).ok()?;
        let (bid, ask, price) = (quotes.bid[q].raw() as f64, quotes.ask[q].raw() as f64, trades.price[i].raw() as f64);
        let room = spreads * (ask - bid);
        (price > ask + room || price < bid - room).then_some(i as u32)
    });
    Ok(beyond.collect())
}

fn remove_where(batch: &mut QuoteBatch, bad: impl Fn(&QuoteBatch, usize) -> bool) -> u64 {
    let gone: Vec<u32> = (0..batch.len()).filter(|&i| bad(batch, i)).map(|i| i as u32).collect();
    batch.remove_rows(&gone);
    gone.len() as u64
}

fn day_of(batch: &QuoteBatch, i: usize) -> (InstrumentId, i64) {
    (batch.instrument[i], (batch.ts[i].nanos() - DAY_NS / 24 * 4).div_euclid(DAY_NS))
}

/// Rows of each moment and instrument, in order of time and, within a moment, of first sight.
fn moments(ts: &[Timestamp], instruments: &[InstrumentId]) -> Vec<Vec<u32>> {
    let mut groups: Vec<Vec<u32>> = Vec::new();
    let mut of_moment: HashMap<InstrumentId, usize> = HashMap::new();
    for (i, (&t, &id)) in ts.iter().zip(instruments).enumerate() {
        if i > 0 && ts[i - 1] != t {
            of_moment.clear();
        }
        match of_moment.get(&id) {
            Some(&group) => groups[group].push(i as u32),
            None => {
                of_moment.insert(id, groups.len());
                groups.push(vec![i as u32]);
            }
        }
    }
    groups
}

/// The median, the mean of the middle two of an even number, rounded down to 1e-9; 0 of no values.
fn median(values: impl IntoIterator<Item = i64>) -> i64 {
    let mut values: Vec<i64> = values.into_iter().collect();
    if values.is_empty() {
        return 0;
    }
    let (middle, odd) = (values.len() / 2, values.len() % 2 == 1);
    let (below, &mut high, _) = values.select_nth_unstable(middle);
    if odd { high } else { i64::midpoint(below.iter().copied().max().unwrap_or(high), high) }
}

/// Q4: rows whose mid is further than `limit` mean absolute deviations from the median of the 25 quotes of the same instrument and
/// day before and the 25 after it. Deviations are from that median; a row with fewer than two neighbours stays.
fn far_mids(quotes: &QuoteBatch, limit: f64) -> Vec<u32> {
    let mut streams: HashMap<(InstrumentId, i64), Vec<u32>> = HashMap::new();
    for i in 0..quotes.len() {
        streams.entry(day_of(quotes, i)).or_default().push(i as u32);
    }
    let mut far = Vec::new();
    let mut around = Vec::with_capacity(2 * NEIGHBOURS);
    for rows in streams.into_values() {
        let mids: Vec<i64> = rows.iter().map(|&i| i64::midpoint(quotes.bid[i as usize].raw(), quotes.ask[i as usize].raw())).collect();
        for at in 0..mids.len() {
            around.clear();
            around.extend_from_slice(&mids[at.saturating_sub(NEIGHBOURS)..at]);
            around.extend_from_slice(&mids[at + 1..mids.len().min(at + 1 + NEIGHBOURS)]);
            if around.len() < 2 {
                continue;
            }
            let middle = median(around.iter().copied());
            let deviation = around.iter().map(|m| m.abs_diff(middle) as f64).sum::<f64>() / around.len() as f64;
            if mids[at].abs_diff(middle) as f64 > limit * deviation && deviation > 0.0 {
                far.push(rows[at]);
            }
        }
    }
    far.sort_unstable();
    far
}
