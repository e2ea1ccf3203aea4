//! Tick to order: from the moment a quote is due to the order that has passed risk, at several rates of quotes a second.
//!
//! Open loop, as exchange-core's own test: quote n is due at n ÷ rate, whether or not the one before is done, and what waits for it
//! counts. Every tenth quote leads to an order; its acceptance and its cancel are worked on in between. Beside it the time that the
//! engine itself takes from such a quote to its order, which another program on the same core lengthens for few orders only.
//!
//! `cargo bench --bench latency`; seconds a rate by `TICKWRIGHT_LATENCY_SECONDS`; with `TICKWRIGHT_LATENCY_JSON` set only the engine's
//! own time at 1M quotes/s, nanoseconds, as one line of JSON.

use hdrhistogram::Histogram;
use std::hint::{black_box, spin_loop};
use std::time::{Duration, Instant};
use tickwright_core::engine::{Engine, EngineConfig, Output};
use tickwright_core::event::{MarketEvent, Quote};
use tickwright_core::order::{OrderRequest, TimeInForce};
use tickwright_core::risk::RiskLimits;
use tickwright_core::strategy::{Context, Interest, Strategy};
use tickwright_core::types::{InstrumentId, Instruments, Money, Price, Qty, Result, Side, Timestamp};
use tickwright_core::venue::{OrderCommand, Report, ReportKind, Sources};

const INSTRUMENTS: u32 = 100;
const EVERY: u64 = 10;

struct Quoting(u64);

impl Strategy for Quoting {
    fn name(&self) -> &'static str {
        "quoting"
    }

    fn interest(&self) -> Interest {
        Interest::QUOTES
    }

    fn on_market(&mut self, event: &MarketEvent, context: &mut Context<'_>) -> Result<()> {
        self.0 += 1;
        if let (MarketEvent::Quote(quote), true) = (event, self.0.is_multiple_of(EVERY)) {
            let base = OrderRequest::limit(quote.instrument, Side::Buy, Qty::from_whole(100)?, quote.bid);
            context.submit(OrderRequest { tif: TimeInForce::Ioc, ..base });
        }
        Ok(())
    }
}

fn engine() -> Engine {
    let mut instruments = Instruments::default();
    for i in 0..INSTRUMENTS {
        instruments.intern(&format!("S{i}")).expect("a short name");
    }
    let dollars = |x: f64| Money::from_f64(x).expect("in range");
    let limits = RiskLimits {
        max_order_qty: Qty::from_whole(10_000).ok(),
        max_order_notional: Some(dollars(1e6)),
        max_position_qty: Qty::from_whole(100_000).ok(),
        max_position_notional: Some(dollars(1e7)),
        max_gross_exposure: Some(dollars(1e8)),
        max_net_exposure: Some(dollars(1e8)),
        collar: Some(0.05),
        max_data_age_ns: Some(1_000_000_000),
        max_orders_per_second: Some(100_000_000),
        max_open_orders: Some(1_000),
        max_drawdown: Some(0.5),
        max_daily_loss: Some(dollars(1e6)),
        ..RiskLimits::default()
    };
    let config = EngineConfig { cash: dollars(1e8), limits, ..EngineConfig::default() };
    let sources = vec![Sources { quotes: true, ..Sources::default() }; INSTRUMENTS as usize];
    Engine::new(config, instruments, sources, vec![Box::new(Quoting(0))]).expect("settings that work")
}

fn quote(n: u64, at: i64) -> MarketEvent {
    let price = 20_000_000_000 + (n % 7) as i64 * 10_000_000;
    let size = Qty::from_raw(500_000_000_000);
    let (bid, ask) = (Price::from_raw(price), Price::from_raw(price + 10_000_000));
    let instrument = InstrumentId((n % u64::from(INSTRUMENTS)) as u32);
    MarketEvent::Quote(Quote { ts: Timestamp::from_nanos(at), instrument, bid, ask, bid_size: size, ask_size: size, flags: 0 })
}

/// What a run shows.
struct Times {
    /// From due to order, nanoseconds.
    due: Histogram<u64>,
    /// The engine's own, nanoseconds.
    own: Histogram<u64>,
    /// Quotes a second that were done.
    done: f64,
}

/// Run at `rate` for `seconds`.
fn run(rate: f64, seconds: f64) -> Times {
    let mut engine = engine();
    let (mut out, mut answers) = (Vec::new(), Vec::new());
    engine.start(Timestamp::from_nanos(0), &mut out).expect("it starts");
    out.clear();
    let histogram = || Histogram::new_with_bounds(1, 10_000_000_000, 3).expect("bounds");
    let (mut waited, mut own) = (histogram(), histogram());
    let (count, step) = ((rate * seconds) as u64, 1e9 / rate);
    let start = Instant::now();
    for n in 0..count {
        let due = Duration::from_nanos((n as f64 * step) as u64);
        while start.elapsed() < due {
            spin_loop();
        }
        let at = due.as_nanos() as i64 + 1;
        let event = quote(n, at);
        let begun = start.elapsed();
        engine.on_market(&event, &mut out).expect("a sound quote");
        if !out.is_empty() {
            let ended = start.elapsed();
            waited.saturating_record(ended.saturating_sub(due).as_nanos().max(1) as u64);
            own.saturating_record(ended.saturating_sub(begun).as_nanos().max(1) as u64);
            for output in out.drain(..) {
                if let Output::Order(OrderCommand::New(order)) = black_box(output) {
                    let ts = Timestamp::from_nanos(at);
                    let report = |kind| Report { execution: 0, due: ts, ts, kind };
                    answers.extend([report(ReportKind::Accepted(order.id)), report(ReportKind::Canceled(order.id))]);
                }
            }
            for answer in answers.drain(..) {
                engine.on_report(&answer, &mut out).expect("a sound report");
            }
        }
    }
    Times { due: waited, own, done: count as f64 / start.elapsed().as_secs_f64() }
}

fn main() {
    let seconds = std::env::var("TICKWRIGHT_LATENCY_SECONDS").ok().and_then(|s| s.parse().ok()).unwrap_or(2.0);
    run(1e6, 0.5);
    if std::env::var_os("TICKWRIGHT_LATENCY_JSON").is_some() {
        let own = run(1e6, seconds).own;
        let [p50, p90, p99] = [0.5, 0.9, 0.99].map(|p| own.value_at_quantile(p));
        println!("{{\"orders\": {}, \"p50_ns\": {p50}, \"p90_ns\": {p90}, \"p99_ns\": {p99}}}", own.len());
        return;
    }
    println!("quotes/s due  done/s      50%     90%     99%   99.9%  99.99%   worst   own 50%     90%     99%   99.9%   orders");
    for rate in [125e3, 250e3, 500e3, 1e6, 2e6, 3e6, 5e6, 8e6] {
        let times = run(rate, seconds);
        let at = |h: &Histogram<u64>, p: f64| format!("{:.2}µs", h.value_at_quantile(p) as f64 / 1e3);
        print!("{:>9.3}M  {:>6.3}M ", rate / 1e6, times.done / 1e6);
        for p in [0.5, 0.9, 0.99, 0.999, 0.9999, 1.0] {
            print!(" {:>7}", at(&times.due, p));
        }
        print!("  ");
        for p in [0.5, 0.9, 0.99, 0.999] {
            print!(" {:>7}", at(&times.own, p));
        }
        println!(" {:>8}", times.own.len());
    }
}
