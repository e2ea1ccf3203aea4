//! The day behind the events: the session's clock, its U-shaped curves, and the paths of volatility and price.

use crate::types::{Error, HOUR_NS, MINUTE_NS, Random, Result, SECOND_NS, Timestamp};
use chrono::{Datelike, Days, NaiveDate, TimeZone, Weekday};
use chrono_tz::America::New_York;

/// Length of the regular session, 9:30 to 16:00.
pub(super) const SESSION_NS: i64 = 6 * HOUR_NS + 30 * MINUTE_NS;
/// The efficient price moves on this grid.
pub(super) const CELL_NS: i64 = SECOND_NS / 4;
/// Curves and volatility are constant over this long.
pub(super) const BUCKET_NS: i64 = 10 * SECOND_NS;
/// Cells in a session.
pub(super) const CELLS: usize = (SESSION_NS / CELL_NS) as usize;
/// Buckets in a session.
pub(super) const BUCKETS: usize = (SESSION_NS / BUCKET_NS) as usize;
const CELLS_PER_BUCKET: usize = CELLS / BUCKETS;

/// Log-volatility follows an Ornstein-Uhlenbeck process that forgets in this long…
const VOLATILITY_MEMORY_NS: f64 = 10.0 * MINUTE_NS as f64;
/// … and has this standard deviation.
pub(super) const LOG_VOLATILITY_SD: f64 = 0.45;

/// The first `days` sessions from `date` on, as their opening times; Saturdays and Sundays are left out, holidays are not known here.
pub(super) fn openings(date: NaiveDate, days: u32) -> Result<Vec<Timestamp>> {
    let weekend = |d: NaiveDate| matches!(d.weekday(), Weekday::Sat | Weekday::Sun);
    if weekend(date) {
        return Err(Error::config("date", format!("{date} is a {}; choose a day from Monday to Friday", date.format("%A"))));
    }
    let outside =
        || Error::config("date", format!("{days} days from {date} leave the years 1970 to 2261; choose an earlier or later date"));
    let mut day = date;
    let mut all = Vec::with_capacity(days as usize);
    while all.len() < days as usize {
        if !weekend(day) {
            let local = day.and_hms_opt(9, 30, 0).ok_or_else(outside)?;
            let ns = New_York.from_local_datetime(&local).single().and_then(|t| t.timestamp_nanos_opt()).filter(|&ns| ns > 0);
            all.push(Timestamp::from_nanos(ns.ok_or_else(outside)?));
        }
        day = day.checked_add_days(Days::new(1)).ok_or_else(outside)?;
    }
    Ok(all)
}

/// How activity and volatility change over the day, by bucket.
pub(super) struct Curves {
    /// Relative rate of trades; its mean is 1.
    pub(super) activity: Vec<f64>,
    /// Relative volatility; its mean square is 1.
    pub(super) volatility: Vec<f64>,
}

impl Curves {
    /// Shapes after BAC and IBM on 2013-10-07: against midday, 3.3 to 3.4 times the trades in the first half hour and 3.1 to 4.4
    /// times in the last; 2.2 to 3.7 times the volatility in the first and 0.6 to 1.1 times in the last.
    pub(super) fn new() -> Self {
        let shape = |floor: f64, open: f64, open_decay: f64, close: f64, close_decay: f64| -> Vec<f64> {
            let at = |i: usize| {
                let x = (i as f64 + 0.5) / BUCKETS as f64;
                floor + open * libm::exp(-x / open_decay) + close * libm::exp((x - 1.0) / close_decay)
            };
            (0..BUCKETS).map(at).collect()
        };
        let mut activity = shape(1.0, 3.4, 0.09, 4.2, 0.06);
        let mut volatility = shape(1.0, 2.9, 0.08, 0.2, 0.05);
        let mean = activity.iter().sum::<f64>() / BUCKETS as f64;
        let root_mean_square = (volatility.iter().map(|v| v * v).sum::<f64>() / BUCKETS as f64).sqrt();
        for a in &mut activity {
            *a /= mean;
        }
        for v in &mut volatility {
            *v /= root_mean_square;
        }
        Self { activity, volatility }
    }
}

/// Stochastic volatility by bucket: log-normal, mean square 1.
pub(super) fn volatility_path(random: &mut Random) -> Vec<f64> {
    let keep = libm::exp(-(BUCKET_NS as f64) / VOLATILITY_MEMORY_NS);
    let kick = LOG_VOLATILITY_SD * (1.0 - keep * keep).sqrt();
    let mut h = LOG_VOLATILITY_SD * random.normal();
    (0..BUCKETS)
        .map(|_| {
            h = keep * h + kick * random.normal();
            libm::exp(h - LOG_VOLATILITY_SD * LOG_VOLATILITY_SD)
        })
        .collect()
}

/// Returns of the market by cell, whose variance over the session is 1 on average.
pub(super) fn market_returns(seed: u64, day: u64, curves: &Curves) -> Vec<f64> {
    let mut random = Random::stream(seed, &[0, day]);
    let volatility = volatility_path(&mut random);
    let scale = (1.0 / CELLS as f64).sqrt();
    (0..CELLS)
        .map(|cell| {
            let b = cell / CELLS_PER_BUCKET;
            scale * curves.volatility[b] * volatility[b] * random.normal()
        })
        .collect()
}

/// The efficient price relative to the open, by cell, before the impact of trades: a martingale that carries `market_sd` of the
/// market's returns and `own_sd` of its own.
pub(super) fn price_path(
    random: &mut Random,
    curves: &Curves,
    volatility: &[f64],
    market: &[f64],
    market_sd: f64,
    own_sd: f64,
) -> Vec<f64> {
    let scale = own_sd * (1.0 / CELLS as f64).sqrt();
    let mut level = 1.0;
    let mut path = Vec::with_capacity(CELLS);
    for (b, cells) in market.chunks_exact(CELLS_PER_BUCKET).enumerate() {
        let own = scale * curves.volatility[b] * volatility[b];
        for m in cells {
            // Half the price in a quarter of a second is beyond any setting; the bound keeps the price above zero.
            level *= 1.0 + (market_sd * m + own * random.normal()).clamp(-0.5, 0.5);
            path.push(level);
        }
    }
    path
}
