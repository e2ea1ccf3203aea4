//! Runs an EMA cross on the synthetic market and prints the digest of the result: the same run from Python prints the same.
//!
//! `cargo run --release -p tickwright-core --example demo_digest`

use std::error::Error;
use tickwright_core::backtest::{BacktestConfig, run, sources_of};
use tickwright_core::bars::BarSpec;
use tickwright_core::feeds::synthetic::{SyntheticConfig, generate};
use tickwright_core::strategy::{Driver, NodeSpec, Rules, RulesSpec, Size};
use tickwright_core::types::{Money, Price};
use tickwright_core::venue::{Fees, VenueConfig};

fn main() -> Result<(), Box<dyn Error>> {
    let data = generate(&SyntheticConfig { seed: 7, ..SyntheticConfig::default() })?;
    let sources = sources_of(&data);
    let node = |op: &str, args: &[usize], params: &[f64]| NodeSpec { op: op.to_owned(), args: args.to_vec(), params: params.to_vec() };
    let rules = Rules::new(RulesSpec {
        name: "rules".to_owned(),
        symbols: None,
        on: Driver::Auto,
        bars: Some(BarSpec::MINUTE),
        nodes: vec![
            node("source:close", &[], &[]),
            node("ema", &[0], &[10.0]),
            node("ema", &[0], &[30.0]),
            node("cross_above", &[1, 2], &[]),
            node("cross_below", &[1, 2], &[]),
        ],
        entry: Some(3),
        exit: Some(4),
        short_entry: None,
        short_exit: None,
        size: Size::Fraction(0.2),
        stop_loss: None,
        take_profit: None,
        has: (sources.iter().any(|s| s.bars), sources.iter().any(|s| s.quotes), sources.iter().any(|s| s.trades)),
    })?;
    let latency_ns = 40_000_000;
    let config = BacktestConfig {
        venue: VenueConfig {
            order_latency_ns: latency_ns,
            report_latency_ns: latency_ns,
            fees: Fees::PerShare { rate: Price::from_f64(0.005)?, minimum: Money::from_f64(1.0)? },
            ..VenueConfig::default()
        },
        ..BacktestConfig::default()
    };
    let result = run(&data, vec![Box::new(rules)], &config, &mut |_, _, _| Ok(()))?;
    println!("{} {} fills", result.digest, result.fills.len());
    Ok(())
}
