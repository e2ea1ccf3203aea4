//! The synthetic market beside the real one: the same figures of both, from the same code, on BAC and IBM of 2013-10-07.

use super::session::{CELL_NS, SESSION_NS};
use super::*;
use crate::types::{MINUTE_NS, SECOND_NS};
use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// 2026-01-05T14:30:00Z: 9:30 in New York.
const OPEN: i64 = 1_767_623_400 * SECOND_NS;
const HALF_HOUR_NS: i64 = 30 * MINUTE_NS;

/// A touch: nanoseconds since the open, bid and ask in hundredths of a cent.
type Touch = (i64, i64, i64);

/// One symbol's session as plain columns.
struct Day {
    touches: Vec<Touch>,
    /// Nanoseconds since the open and price in hundredths of a cent.
    trades: Vec<(i64, i64)>,
}

/// The regularities that are compared.
#[derive(Debug)]
struct Facts {
    touches_per_trade: f64,
    /// Time-weighted, cents.
    spread: f64,
    /// Share of time with spreads of 1 to 5 cents.
    spread_shares: [f64; 5],
    sign_autocorrelation: f64,
    inside: f64,
    /// Trades of the first and last half hour ÷ mean half hour of 12:00 to 13:30.
    open_ratio: f64,
    close_ratio: f64,
    /// The same of the deviation of 10 s returns.
    open_volatility: f64,
    close_volatility: f64,
    /// Variance ÷ mean of trades in 10 s, against the half hour's mean.
    dispersion: f64,
    /// Of 10 s returns of the middle.
    return_autocorrelation: f64,
    kurtosis: f64,
    /// Mean autocorrelation of absolute returns at lags 1 to 10.
    clustering: f64,
}

fn autocorrelation(x: &[f64], lag: usize) -> f64 {
    correlation(&x[..x.len() - lag], &x[lag..])
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    let (ma, mb) = (mean(a), mean(b));
    let product = |x: &[f64], mx: f64, y: &[f64], my: f64| x.iter().zip(y).map(|(p, q)| (p - mx) * (q - my)).sum::<f64>();
    product(a, ma, b, mb) / (product(a, ma, a, ma) * product(b, mb, b, mb)).sqrt()
}

fn deviation(x: &[f64]) -> f64 {
    crate::stats::deviation(x).unwrap()
}

impl Day {
    /// Log returns of the middle over `step` nanoseconds.
    fn returns(&self, step: i64) -> Vec<f64> {
        let mut at = 0;
        let middles: Vec<f64> = (1..=SESSION_NS / step)
            .map(|i| {
                while at + 1 < self.touches.len() && self.touches[at + 1].0 <= i * step {
                    at += 1;
                }
                ((self.touches[at].1 + self.touches[at].2) as f64).ln()
            })
            .collect();
        middles.windows(2).map(|w| w[1] - w[0]).collect()
    }

    fn facts(&self) -> Facts {
        let mut shares = [0.0; 5];
        let mut spread = 0.0;
        for (i, (at, bid, ask)) in self.touches.iter().enumerate() {
            let until = self.touches.get(i + 1).map_or(SESSION_NS, |next| next.0);
            let weight = (until - at) as f64 / (SESSION_NS - self.touches[0].0) as f64;
            spread += weight * (ask - bid) as f64 / 100.0;
            if let Some(share) = shares.get_mut(((ask - bid) / 100 - 1) as usize) {
                *share += weight;
            }
        }
        let (mut signs, mut inside, mut seen) = (Vec::new(), 0.0, 0.0);
        for (at, price) in &self.trades {
            let i = self.touches.partition_point(|t| t.0 < *at);
            if i == 0 {
                continue;
            }
            let (_, bid, ask) = self.touches[i - 1];
            seen += 1.0;
            inside += f64::from(u8::from(*price > bid && *price < ask));
            if 2 * price != bid + ask {
                signs.push(if 2 * price > bid + ask { 1.0 } else { -1.0 });
            }
        }
        let mut half_hours = [0.0_f64; 13];
        let mut counts = vec![0.0_f64; (SESSION_NS / (10 * SECOND_NS)) as usize];
        for (at, _) in &self.trades {
            half_hours[(at / HALF_HOUR_NS) as usize] += 1.0;
            counts[(at / (10 * SECOND_NS)) as usize] += 1.0;
        }
        let midday = (half_hours[5] + half_hours[6] + half_hours[7]) / 3.0;
        let scatter = |(i, c): (usize, &f64)| {
            let expected = half_hours[i / 180] / 180.0;
            (c - expected).powi(2) / expected
        };
        let r = self.returns(10 * SECOND_NS);
        let sizes: Vec<f64> = r.iter().map(|x| x.abs()).collect();
        let volatilities: Vec<f64> = r.chunks_exact(r.len() / 13).map(deviation).collect();
        let calm = (volatilities[5] + volatilities[6] + volatilities[7]) / 3.0;
        Facts {
            touches_per_trade: self.touches.len() as f64 / self.trades.len() as f64,
            spread,
            spread_shares: shares,
            sign_autocorrelation: autocorrelation(&signs, 1),
            inside: inside / seen,
            open_ratio: half_hours[0] / midday,
            close_ratio: half_hours[12] / midday,
            open_volatility: volatilities[0] / calm,
            close_volatility: volatilities[12] / calm,
            dispersion: counts.iter().enumerate().map(scatter).sum::<f64>() / counts.len() as f64,
            return_autocorrelation: autocorrelation(&r, 1),
            kurtosis: crate::stats::kurtosis(&r).unwrap() + 3.0,
            clustering: (1..=10).map(|lag| autocorrelation(&sizes, lag)).sum::<f64>() / 10.0,
        }
    }
}

/// One symbol of `data`.
fn synthetic_day(data: &MarketData, id: u32) -> Day {
    let (q, t) = (&data.quotes[0], &data.trades[0]);
    let units = |raw: i64| raw / 100_000;
    let touches = (0..q.len()).map(|i| q.get(i)).filter(|r| r.instrument.0 == id);
    let trades = (0..t.len()).map(|i| t.get(i)).filter(|r| r.instrument.0 == id);
    Day {
        touches: touches.map(|r| (r.ts.nanos() - OPEN, units(r.bid.raw()), units(r.ask.raw()))).collect(),
        trades: trades.map(|r| (r.ts.nanos() - OPEN, units(r.price.raw()))).collect(),
    }
}

/// The folder of recorded data, or why it is not used.
fn data_folder() -> Option<PathBuf> {
    let folder = std::env::var_os("TICKWRIGHT_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    if folder.join("lean").is_dir() {
        return Some(folder);
    }
    assert!(std::env::var_os("TICKWRIGHT_REQUIRE_DATA").is_none_or(|v| v != "1"), "{} holds no lean/", folder.display());
    eprintln!("skipped: {} holds no lean/; set TICKWRIGHT_DATA", folder.display());
    None
}

/// The regular session of a recorded tick day; the touch is the last bid and the last ask shown by any venue, as Lean takes it.
fn recorded_day(folder: &Path, symbol: &str) -> Day {
    let rows = |kind: &str| -> Vec<Vec<i64>> {
        let path = folder.join(format!("lean/equity/usa/tick/{symbol}/20131007_{kind}.zip"));
        let mut archive = zip::ZipArchive::new(File::open(path).unwrap()).unwrap();
        let mut text = String::new();
        archive.by_index(0).unwrap().read_to_string(&mut text).unwrap();
        let number = |field: &str| field.parse().unwrap_or(0);
        text.lines().filter(|line| line.ends_with(",0")).map(|line| line.split(',').take(5).map(number).collect()).collect()
    };
    let since_open = |ms: i64| (ms - 34_200_000) * 1_000_000;
    let inside = |at: i64| (0..SESSION_NS).contains(&at);
    let (mut touches, mut last) = (Vec::<Touch>::new(), [0_i64; 4]);
    for row in rows("quote") {
        let before = last;
        if row[1] > 0 {
            (last[0], last[1]) = (row[1], row[2]);
        }
        if row[3] > 0 {
            (last[2], last[3]) = (row[3], row[4]);
        }
        if inside(since_open(row[0])) && last != before && last[0] > 0 && last[2] > last[0] {
            touches.push((since_open(row[0]), last[0], last[2]));
        }
    }
    let trades = rows("trade").iter().map(|row| (since_open(row[0]), row[1])).filter(|t| inside(t.0)).collect();
    Day { touches, trades }
}

#[test]
fn the_market_has_the_regularities_of_recorded_ones() {
    let data = generate(&SyntheticConfig::default()).unwrap();
    let ours: Vec<Facts> = (0..5).map(|id| synthetic_day(&data, id).facts()).collect();
    let mut report = String::new();
    for facts in &ours {
        writeln!(report, "synthetic {facts:.3?}").unwrap();
    }
    let real: Vec<Facts> = match data_folder() {
        Some(folder) => ["bac", "ibm"].iter().map(|s| recorded_day(&folder, s).facts()).collect(),
        None => Vec::new(),
    };
    for facts in &real {
        writeln!(report, "recorded {facts:.3?}").unwrap();
    }
    println!("{report}");

    // What theory asks of any market; the recorded ones must pass too, or the measurement is wrong.
    for facts in ours.iter().chain(&real) {
        assert!(facts.return_autocorrelation.abs() < 0.1, "returns are predictable\n{report}");
        assert!(facts.kurtosis > 4.0, "tails are thin\n{report}");
        assert!(facts.clustering > 0.05, "volatility does not cluster\n{report}");
        assert!(facts.sign_autocorrelation > 0.3, "signs do not persist\n{report}");
        assert!(facts.open_ratio > 2.0 && facts.close_ratio > 2.0, "activity is no U\n{report}");
        assert!(facts.open_volatility > 1.8 && facts.close_volatility < 1.8, "volatility is no reversed J\n{report}");
        assert!(facts.dispersion > 4.0, "trades do not cluster\n{report}");
        assert!(facts.touches_per_trade > 1.5 && facts.touches_per_trade < 8.0, "quotes are too few or too many\n{report}");
    }
    if let [bac, ibm] = &real[..] {
        // Each figure lies between the two recorded ones, or beyond them by a factor of at most 1.6: one day of two stocks are no distribution.
        for facts in &ours {
            for (name, figure) in [
                ("sign_autocorrelation", (|f: &Facts| f.sign_autocorrelation) as fn(&Facts) -> f64),
                ("open_ratio", |f| f.open_ratio),
                ("close_ratio", |f| f.close_ratio),
                ("open_volatility", |f| f.open_volatility),
                ("close_volatility", |f| f.close_volatility),
                ("spread", |f| f.spread),
            ] {
                let (low, high) = (figure(bac).min(figure(ibm)), figure(bac).max(figure(ibm)));
                assert!(figure(facts) > low / 1.6 && figure(facts) < high * 1.6, "{name} is far from {low}..{high}\n{report}");
            }
            assert!(facts.inside <= ibm.inside, "more prints inside than IBM's\n{report}");
        }
        // The symbol made like IBM (3.8 cents) spreads its time over 1 to 5 cents as IBM does; the tight one like BAC.
        for (share, recorded) in ours[4].spread_shares.iter().zip(&ibm.spread_shares) {
            assert!((share - recorded).abs() < 0.1, "spread shares differ from IBM's\n{report}");
        }
        assert!(ours[0].spread_shares[0] > 0.85 && bac.spread_shares[0] > 0.95, "the tight symbol is not tight\n{report}");
    }
}

#[test]
fn settings_are_met_on_average() {
    let config = SyntheticConfig { days: 20, events_scale: 0.2, ..SyntheticConfig::default() };
    let data = generate(&config).unwrap();
    let (q, t) = (&data.quotes[0], &data.trades[0]);
    for (id, symbol) in config.symbols.iter().enumerate() {
        let id = InstrumentId(id as u32);
        let count = |ids: &[InstrumentId]| ids.iter().filter(|i| **i == id).count() as f64;
        let events = (count(&q.instrument) + count(&t.instrument)) / 20.0;
        let volume = (0..t.len()).filter(|&i| t.instrument[i] == id).map(|i| t.size[i].to_f64()).sum::<f64>() / 20.0;
        let close = |a: f64, b: f64, tolerance: f64, what: &str| {
            assert!((a / b - 1.0).abs() < tolerance, "{}: {what} {a}, not {b}", symbol.name);
        };
        close(events, symbol.events_per_day * 0.2, 0.1, "events");
        close(volume, symbol.average_daily_volume * 0.2, 0.1, "volume");
    }
}

#[test]
fn volatility_and_correlation_are_those_asked_for() {
    let config = SyntheticConfig { days: 30, events_scale: 0.1, ..SyntheticConfig::default() };
    let data = generate(&config).unwrap();
    let openings = openings(config.date, config.days).unwrap();
    let step = 5 * MINUTE_NS;
    let mut returns = vec![Vec::new(); 5];
    let q = &data.quotes[0];
    for open in openings {
        let (from, to) = (q.ts.partition_point(|t| *t < open), q.ts.partition_point(|t| *t < open.plus(SESSION_NS)));
        for (id, all) in returns.iter_mut().enumerate() {
            let rows = (from..to).map(|i| q.get(i)).filter(|r| r.instrument.index() == id);
            let touches = rows.map(|r| (r.ts.since(open), r.bid.raw(), r.ask.raw())).collect();
            all.extend(Day { touches, trades: Vec::new() }.returns(step));
        }
    }
    for (symbol, r) in config.symbols.iter().zip(&returns) {
        // The session carries 80 % of a day's variance.
        let annual = deviation(r) * (252.0 * (SESSION_NS / step) as f64 / 0.8).sqrt();
        assert!((annual / symbol.annual_volatility - 1.0).abs() < 0.2, "{}: {annual}", symbol.name);
    }
    for i in 1..5 {
        let r = correlation(&returns[0], &returns[i]);
        assert!((r - config.market_share).abs() < 0.15, "correlation of {} with {}: {r}", config.symbols[0].name, config.symbols[i].name);
    }
}

#[test]
fn every_row_is_sound() {
    for seed in 0..4 {
        let mut config = SyntheticConfig { seed, days: 3, ..SyntheticConfig::default() };
        config.symbols.push(SyntheticSymbol {
            name: "WILD".to_owned(),
            start_price: 1.0,
            annual_volatility: 5.0,
            average_daily_volume: 9e7,
            mean_spread_ticks: 1.0,
            events_per_day: 40_000.0,
        });
        let data = generate(&config).unwrap();
        let (q, t) = (&data.quotes[0], &data.trades[0]);
        let openings = openings(config.date, 3).unwrap();
        let in_session = |ts: crate::types::Timestamp| openings.iter().any(|open| (0..SESSION_NS).contains(&ts.since(*open)));
        assert_eq!((q.first_unsorted(), t.first_unsorted()), (None, None));
        assert!(q.ts.iter().chain(&t.ts).all(|ts| in_session(*ts)));
        let whole_lots = |size: crate::types::Qty| size.is_positive() && size.raw() % (100 * crate::types::SCALE) == 0;
        let on_tick = |price: crate::types::Price| price.is_positive() && price.raw() % 10_000_000 == 0;
        for i in 0..q.len() {
            let r = q.get(i);
            assert!(on_tick(r.bid) && on_tick(r.ask) && r.bid < r.ask, "{r:?}");
            assert!(whole_lots(r.bid_size) && whole_lots(r.ask_size), "{r:?}");
        }
        let mut touch = vec![None; config.symbols.len()];
        let mut next = 0;
        for i in 0..t.len() {
            let r = t.get(i);
            while next < q.len() && q.ts[next] < r.ts {
                touch[q.instrument[next].index()] = Some(q.get(next));
                next += 1;
            }
            let quote = touch[r.instrument.index()].expect("a quote comes before every trade");
            assert!(on_tick(r.price) && whole_lots(r.size) && r.price >= quote.bid && r.price <= quote.ask, "{r:?} {quote:?}");
        }
    }
}

fn same(a: &MarketData, b: &MarketData) -> bool {
    let rows = |d: &MarketData| {
        let (q, t) = (&d.quotes[0], &d.trades[0]);
        ((0..q.len()).map(|i| q.get(i)).collect::<Vec<_>>(), (0..t.len()).map(|i| t.get(i)).collect::<Vec<_>>())
    };
    rows(a) == rows(b)
}

#[test]
fn threads_change_nothing_and_seeds_change_everything() {
    let config = SyntheticConfig { days: 2, events_scale: 0.1, ..SyntheticConfig::default() };
    let one = generate(&config).unwrap();
    assert!(same(&one, &generate(&SyntheticConfig { threads: 4, ..config.clone() }).unwrap()));
    assert!(!same(&one, &generate(&SyntheticConfig { seed: 2, ..config }).unwrap()));
}

#[test]
fn a_symbol_does_not_depend_on_its_neighbours_or_on_later_days() {
    let config = SyntheticConfig { days: 2, events_scale: 0.1, ..SyntheticConfig::default() };
    let all = generate(&config).unwrap();
    let alone = generate(&SyntheticConfig { days: 1, symbols: vec![config.symbols[3].clone()], ..config }).unwrap();
    let (a, b) = (&all.quotes[0], &alone.quotes[0]);
    let theirs: Vec<_> = (0..a.len()).map(|i| a.get(i)).filter(|r| r.instrument.0 == 3).take(b.len()).collect();
    assert!(theirs.iter().zip(0..b.len()).all(|(x, i)| {
        let y = b.get(i);
        (x.ts, x.bid, x.ask, x.bid_size, x.ask_size) == (y.ts, y.bid, y.ask, y.bid_size, y.ask_size)
    }));
}

#[test]
fn the_bytes_are_the_recorded_ones() {
    let data = generate(&SyntheticConfig { events_scale: 0.1, ..SyntheticConfig::default() }).unwrap();
    let mut hash = blake3::Hasher::new();
    let (q, t) = (&data.quotes[0], &data.trades[0]);
    hash.update(bytemuck::cast_slice(&q.ts)).update(bytemuck::cast_slice(&q.bid)).update(bytemuck::cast_slice(&q.ask));
    hash.update(bytemuck::cast_slice(&q.bid_size)).update(bytemuck::cast_slice(&q.ask_size)).update(bytemuck::cast_slice(&q.instrument));
    hash.update(bytemuck::cast_slice(&t.ts)).update(bytemuck::cast_slice(&t.price)).update(bytemuck::cast_slice(&t.size));
    // Recorded once: a change here changes every demo and every test that rests on this market.
    assert_eq!(hash.finalize().to_hex()[..16], *"2dd95dd7b5784e12");
}

#[test]
fn the_session_follows_new_york_clocks_and_leaves_weekends_out() {
    let open = |y, m, d, days| openings(NaiveDate::from_ymd_opt(y, m, d).unwrap(), days).unwrap().last().unwrap().to_string();
    assert_eq!(open(2026, 1, 5, 1), "2026-01-05T14:30:00Z");
    assert_eq!(open(2026, 7, 6, 1), "2026-07-06T13:30:00Z");
    // Friday, then Monday after the change of clocks.
    assert_eq!(open(2026, 3, 6, 2), "2026-03-09T13:30:00Z");
}

#[test]
fn impossible_settings_are_refused_by_name() {
    let good = SyntheticConfig::default;
    let says = |config: SyntheticConfig, word: &str| {
        let error = generate(&config).unwrap_err().to_string();
        assert!(error.contains(word), "{error} does not name {word}");
    };
    let with = |change: fn(&mut SyntheticSymbol)| {
        let mut config = good();
        change(&mut config.symbols[1]);
        config
    };
    says(SyntheticConfig { days: 0, ..good() }, "days");
    says(SyntheticConfig { threads: 0, ..good() }, "threads");
    says(SyntheticConfig { events_scale: f64::NAN, ..good() }, "events_scale");
    says(SyntheticConfig { market_share: 1.0, ..good() }, "market_share");
    says(SyntheticConfig { quotes_per_trade: 0.0, ..good() }, "quotes_per_trade");
    says(SyntheticConfig { symbols: Vec::new(), ..good() }, "symbols");
    says(SyntheticConfig { days: 2600, events_scale: 100.0, ..good() }, "events_scale");
    says(SyntheticConfig { date: NaiveDate::from_ymd_opt(2026, 1, 4).unwrap(), ..good() }, "Sunday");
    says(SyntheticConfig { date: NaiveDate::MAX, ..good() }, "date");
    says(with(|s| s.name = "ALFA".to_owned()), "ALFA");
    says(with(|s| s.name = "A B".to_owned()), "symbol");
    says(with(|s| s.start_price = 0.0), "BRVO.start_price");
    says(with(|s| s.annual_volatility = f64::INFINITY), "BRVO.annual_volatility");
    says(with(|s| s.average_daily_volume = 1000.0), "BRVO.average_daily_volume");
    says(with(|s| s.mean_spread_ticks = 0.5), "BRVO.mean_spread_ticks");
    says(with(|s| s.events_per_day = -1.0), "BRVO.events_per_day");
}

#[test]
#[ignore = "a measurement: cargo test --release -p tickwright-core speed_of -- --ignored --nocapture"]
fn speed_of_generation() {
    for threads in [1, 2] {
        let config = SyntheticConfig { threads, days: 5, ..SyntheticConfig::default() };
        let best = (0..5).map(|_| {
            let start = Instant::now();
            let events = generate(&config).unwrap().len();
            events as f64 / start.elapsed().as_secs_f64()
        });
        println!("{threads} threads: {:.1} M events/s (cell {CELL_NS} ns)", best.fold(0.0, f64::max) / 1e6);
    }
}
