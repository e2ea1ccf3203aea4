//! The simulated market beside the real ones: the same figures of both, from the same code.

use super::*;
use crate::feeds::lobster::{LobsterOptions, read};
use crate::types::{Price, Qty, SCALE};
use std::path::PathBuf;

fn data(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("TICKWRIGHT_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let file = root.join(path);
    if file.exists() {
        return Some(file);
    }
    assert!(std::env::var_os("TICKWRIGHT_REQUIRE_DATA").is_none_or(|v| v != "1"), "{} is missing", file.display());
    println!("skipped: {} is missing; set TICKWRIGHT_DATA", file.display());
    None
}

/// The stylised facts that are compared.
#[derive(Debug)]
struct Facts {
    /// Time-weighted mean of the spread, cents, and its 10th, 50th and 90th percentile over time.
    spread: f64,
    spread_at: [f64; 3],
    /// Time-weighted median of the shares at the touch.
    depth: f64,
    /// Taking orders per second: trades of one moment and side are one.
    takes: f64,
    /// Autocorrelation of their signs at lags 1, 5 and 20.
    signs: [f64; 3],
    /// Of 1 s returns of the middle: deviation in basis points, kurtosis, autocorrelation.
    volatility: f64,
    kurtosis: f64,
    returns: f64,
    /// Mean autocorrelation of absolute 1 s returns at lags 1 to 10.
    clustering: f64,
}

fn autocorrelation(x: &[f64], lag: usize) -> f64 {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    let variance = x.iter().map(|v| (v - mean).powi(2)).sum::<f64>();
    x.windows(lag + 1).map(|w| (w[0] - mean) * (w[lag] - mean)).sum::<f64>() / variance
}

/// Value at each share of the total weight.
fn percentiles<const N: usize>(values: &mut [(i64, i64)], shares: [f64; N]) -> [f64; N] {
    values.sort_unstable();
    let total: i64 = values.iter().map(|v| v.1).sum();
    shares.map(|share| {
        let mut sum = 0;
        values
            .iter()
            .find(|v| {
                sum += v.1;
                sum as f64 >= share * total as f64
            })
            .map_or(0.0, |v| v.0 as f64)
    })
}

fn facts(data: &MarketData, id: u32, from: i64, to: i64) -> Facts {
    let quotes = &data.quotes[0];
    let rows: Vec<Quote> = (0..quotes.len())
        .map(|i| quotes.get(i))
        .filter(|q| q.instrument.0 == id && q.bid > Price::ZERO && q.ask > q.bid && (from..to).contains(&q.ts.nanos()))
        .collect();
    let weight = |i: usize| rows.get(i + 1).map_or(to, |next| next.ts.nanos()) - rows[i].ts.nanos();
    let cents = |q: &Quote| (q.ask.raw() - q.bid.raw()) / (SCALE / 100);
    let mut spreads: Vec<(i64, i64)> = rows.iter().enumerate().map(|(i, q)| (cents(q), weight(i))).collect();
    let both = |q: &Quote| Qty::raw(q.bid_size).min(i64::MAX / 4) / SCALE + q.ask_size.raw() / SCALE;
    let mut depths: Vec<(i64, i64)> = rows.iter().enumerate().map(|(i, q)| (both(q) / 2, weight(i))).collect();
    let total: i64 = spreads.iter().map(|s| s.1).sum();
    let spread = spreads.iter().map(|s| s.0 as f64 * s.1 as f64).sum::<f64>() / total as f64;
    // Signs: against the quote before the trade.
    let trades = &data.trades[0];
    let mut signs: Vec<f64> = Vec::new();
    let mut last = (0, 0.0);
    for trade in (0..trades.len()).map(|i| trades.get(i)) {
        let ts = trade.ts.nanos();
        if trade.instrument.0 != id || !(from..to).contains(&ts) {
            continue;
        }
        let at = rows.partition_point(|q| q.ts.nanos() < ts);
        let Some(quote) = at.checked_sub(1).map(|i| rows[i]) else { continue };
        let side = (2 * trade.price.raw() - quote.bid.raw() - quote.ask.raw()).signum() as f64;
        if side != 0.0 && (ts, side) != last {
            signs.push(side);
            last = (ts, side);
        }
    }
    let mut at = 0;
    let middles: Vec<f64> = (0..(to - from) / SECOND_NS)
        .map(|s| {
            while at + 1 < rows.len() && rows[at + 1].ts.nanos() <= from + s * SECOND_NS {
                at += 1;
            }
            rows[at].mid().ln()
        })
        .collect();
    let returns: Vec<f64> = middles.windows(2).map(|w| w[1] - w[0]).collect();
    let sizes: Vec<f64> = returns.iter().map(|r| r.abs()).collect();
    let mean_at = |lags: std::ops::RangeInclusive<usize>| {
        let n = lags.clone().count() as f64;
        lags.map(|lag| autocorrelation(&sizes, lag)).sum::<f64>() / n
    };
    let moment = |k: i32| returns.iter().map(|r| r.powi(k)).sum::<f64>() / returns.len() as f64;
    Facts {
        spread,
        spread_at: percentiles(&mut spreads, [0.1, 0.5, 0.9]),
        depth: percentiles(&mut depths, [0.5])[0],
        takes: signs.len() as f64 / ((to - from) / SECOND_NS) as f64,
        signs: [1, 5, 20].map(|lag| autocorrelation(&signs, lag)),
        volatility: moment(2).sqrt() * 1e4,
        kurtosis: moment(4) / moment(2).powi(2),
        returns: autocorrelation(&returns, 1),
        clustering: mean_at(1..=10),
    }
}

fn config(symbol: MarketSymbol, seconds: u32, seed: u64) -> MarketConfig {
    MarketConfig { seed, date: Date::from_ymd_opt(2026, 1, 5).unwrap(), seconds, symbols: vec![symbol] }
}

fn simulated(symbol: MarketSymbol, seconds: u32, seed: u64) -> Facts {
    let data = simulate(&config(symbol, seconds, seed)).unwrap();
    let open = data.quotes[0].ts[0].nanos();
    facts(&data, 0, open + 60 * SECOND_NS, open + i64::from(seconds) * SECOND_NS)
}

#[test]
fn the_small_tick_market_is_like_aapl() {
    let Some(messages) = data("lobster/AAPL_2012-06-21_34200000_37800000_message_50.csv.gz") else { return };
    let Some(book) = data("lobster/AAPL_2012-06-21_orderbook_50.csv.gz") else { return };
    let market = read(&messages, &LobsterOptions { orderbook: Some(book), ..LobsterOptions::default() }).unwrap();
    let open = market.quotes[0].ts[0].nanos();
    let real = facts(&market, 0, open + 60 * SECOND_NS, open + 3_590 * SECOND_NS);
    println!("AAPL 2012-06-21 9:31-10:30: {real:#?}");
    for seed in 1..=3 {
        let ours = simulated(MarketSymbol::small_tick("SMAL", 585.0), 3_600, seed);
        println!("simulated, seed {seed}: {ours:#?}");
        near("spread", ours.spread, real.spread, 1.6);
        near("median spread", ours.spread_at[1], real.spread_at[1], 1.8);
        near("depth", ours.depth, real.depth, 2.1);
        near("volatility", ours.volatility, real.volatility, 1.5);
        near("sign persistence", ours.signs[0], real.signs[0], 1.4);
        near("sign persistence at lag 5", ours.signs[1], real.signs[1], 2.0);
        like_a_market(&ours);
        near("clustering", ours.clustering, real.clustering, 3.0);
    }
    like_a_market(&real);
}

/// Within a factor of the real figure: one hour of one stock is no distribution.
fn near(name: &str, ours: f64, real: f64, factor: f64) {
    assert!(ours > real / factor && ours < real * factor, "{name}: {ours}, and really {real}");
}

/// What holds of every market.
fn like_a_market(facts: &Facts) {
    assert!(facts.returns.abs() < 0.12, "returns are predictable: {facts:?}");
    assert!(facts.kurtosis > 5.0, "tails are thin: {facts:?}");
    assert!(facts.signs[0] > 0.3 && facts.signs[1] > 0.05, "signs do not persist: {facts:?}");
    assert!(facts.signs[0] > facts.signs[1] && facts.signs[1] > facts.signs[2], "persistence does not fade: {facts:?}");
}

/// An hour of BAC from 12:00 on: the touch is the last bid and the last ask shown by any venue, as Lean takes it.
fn bac() -> Option<MarketData> {
    use std::io::Read;
    let rows = |kind: &str| -> Option<Vec<Vec<i64>>> {
        let file = std::fs::File::open(data(&format!("lean/equity/usa/tick/bac/20131007_{kind}.zip"))?).unwrap();
        let mut text = String::new();
        zip::ZipArchive::new(file).unwrap().by_index(0).unwrap().read_to_string(&mut text).unwrap();
        let number = |field: &str| field.parse().unwrap_or(0);
        Some(text.lines().filter(|line| line.ends_with(",0")).map(|line| line.split(',').take(5).map(number).collect()).collect())
    };
    let (mut quotes, mut trades) = (QuoteBatch::default(), TradeBatch::default());
    let mut quote = Quote::default();
    let price = |units: i64| Price::from_raw(units * (SCALE / 10_000));
    for row in rows("quote")? {
        quote.ts = Timestamp::from_nanos(row[0] * 1_000_000);
        if row[1] > 0 {
            (quote.bid, quote.bid_size) = (price(row[1]), Qty::from_raw(row[2] * SCALE));
        }
        if row[3] > 0 {
            (quote.ask, quote.ask_size) = (price(row[3]), Qty::from_raw(row[4] * SCALE));
        }
        quotes.push(quote);
    }
    for row in rows("trade")? {
        let ts = Timestamp::from_nanos(row[0] * 1_000_000);
        trades.push(Trade { ts, instrument: InstrumentId(0), price: price(row[1]), size: Qty::from_raw(row[2] * SCALE), flags: 0 });
    }
    Some(MarketData { quotes: vec![quotes], trades: vec![trades], ..MarketData::default() })
}

#[test]
fn the_large_tick_market_is_like_bac() {
    let Some(market) = bac() else { return };
    let real = facts(&market, 0, 12 * HOUR_NS, 13 * HOUR_NS);
    println!("BAC 2013-10-07 12:00-13:00: {real:#?}");
    for seed in 1..=3 {
        let ours = simulated(MarketSymbol::large_tick("LARG", 14.0), 3_600, seed);
        println!("simulated, seed {seed}: {ours:#?}");
        near("spread", ours.spread, real.spread, 1.05);
        near("depth", ours.depth, real.depth, 1.5);
        near("takes", ours.takes, real.takes, 1.6);
        near("volatility", ours.volatility, real.volatility, 2.5);
        near("sign persistence", ours.signs[0], real.signs[0], 1.7);
        like_a_market(&ours);
    }
    like_a_market(&real);
}

#[test]
fn the_same_seed_gives_the_same_market_and_symbols_do_not_disturb_each_other() {
    let symbols = vec![MarketSymbol::large_tick("A", 14.0), MarketSymbol::small_tick("B", 300.0)];
    let both = MarketConfig { symbols: symbols.clone(), ..config(symbols[0].clone(), 300, 9) };
    let (first, second) = (simulate(&both).unwrap(), simulate(&both).unwrap());
    assert_eq!((&first.quotes[0].bid, &first.trades[0].price), (&second.quotes[0].bid, &second.trades[0].price));
    let alone = simulate(&MarketConfig { symbols: symbols[..1].to_vec(), ..both }).unwrap();
    let of_a = |data: &MarketData| -> Vec<Trade> {
        let trades = &data.trades[0];
        (0..trades.len()).map(|i| trades.get(i)).filter(|t| t.instrument == InstrumentId(0)).collect()
    };
    assert_eq!(of_a(&first), of_a(&alone));
    // It opens and closes with an auction.
    let (trades, quotes) = (of_a(&alone), &alone.quotes[0]);
    assert_eq!((trades[0].ts, trades[trades.len() - 1].ts), (quotes.ts[0], quotes.ts[0].plus(300 * SECOND_NS)));
    assert!((0..quotes.len()).map(|i| quotes.get(i)).all(|q| q.bid < q.ask), "a quote is locked or crossed");
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let good = config(MarketSymbol::large_tick("A", 14.0), 60, 1);
    let with = |change: fn(&mut MarketSymbol)| {
        let mut bad = good.clone();
        change(&mut bad.symbols[0]);
        simulate(&bad).unwrap_err().to_string()
    };
    assert!(with(|s| s.start_price = 0.5).starts_with("symbols.A.start_price"));
    assert!(with(|s| s.quotes_per_second = 3.0).starts_with("symbols.A.quotes_per_second"));
    assert!(with(|s| s.joins = f64::NAN).starts_with("symbols.A.joins"));
    assert!(with(|s| s.name = String::new()).contains("symbol"));
    assert!(simulate(&MarketConfig { seconds: 0, ..good.clone() }).unwrap_err().to_string().starts_with("seconds"));
    assert!(simulate(&MarketConfig { symbols: Vec::new(), ..good }).unwrap_err().to_string().starts_with("symbols"));
}
