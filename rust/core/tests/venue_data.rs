//! The simulated venue on recorded markets: BAC's and SPY's ticks by the touch, BAC's touch and Binance's book by the book, with
//! every queue model. The orders are the same in every run, whatever fills, so that the models can be compared order by order.
//!
//! The folder is `TICKWRIGHT_DATA`, by default `../shared/data` beside the checkout; without it the tests say so and pass, unless
//! `TICKWRIGHT_REQUIRE_DATA=1`.

use std::path::PathBuf;
use tickwright_core::backtest::{BacktestConfig, BacktestResult, run};
use tickwright_core::engine::EngineConfig;
use tickwright_core::event::{BookAction, BookDelta, DeltaBatch, FLAG_LAST, MarketEvent};
use tickwright_core::feeds::binance::BinanceDecoder;
use tickwright_core::feeds::lean::{self, LeanOptions};
use tickwright_core::feeds::{Framing, MarketData, QualityPolicy, read_file};
use tickwright_core::order::{Order, OrderRequest, TimeInForce};
use tickwright_core::risk::RiskLimits;
use tickwright_core::strategy::{Context, Interest, Strategy};
use tickwright_core::types::{InstrumentId, Money, OrderId, Price, Qty, Result, SECOND_NS, Side, Timestamp};
use tickwright_core::venue::{Liquidity, Matching, QueueModel, VenueConfig};

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

/// Puts a buy at the bid and a sell at the ask (else both at the last price) at every step of time, and cancels them later; nothing
/// depends on what fills.
struct Ladder {
    step_ns: i64,
    life_ns: i64,
    qty: Qty,
    next: Timestamp,
    live: std::collections::VecDeque<(Timestamp, OrderId)>,
}

impl Ladder {
    fn boxed(step_ns: i64, life_ns: i64, qty: Qty) -> Vec<Box<dyn Strategy>> {
        vec![Box::new(Self { step_ns, life_ns, qty, next: Timestamp::MIN, live: std::collections::VecDeque::new() })]
    }
}

impl Strategy for Ladder {
    fn name(&self) -> &'static str {
        "ladder"
    }

    fn interest(&self) -> Interest {
        Interest::QUOTES | Interest::TRADES | Interest::BOOK
    }

    fn on_market(&mut self, event: &MarketEvent, context: &mut Context<'_>) -> Result<()> {
        let now = context.view.now;
        while let Some(&(until, id)) = self.live.front()
            && until <= now
        {
            self.live.pop_front();
            context.cancel(id)?;
        }
        if now < self.next {
            return Ok(());
        }
        let top = context.view.top(event.instrument())?;
        let (bid, ask) = if top.is_two_sided() { (top.bid, top.ask) } else { (top.last, top.last) };
        if !bid.is_positive() {
            return Ok(());
        }
        self.next = now.plus(self.step_ns);
        for (side, price) in [(Side::Buy, bid), (Side::Sell, ask)] {
            let request = OrderRequest { tif: TimeInForce::Gtc, ..OrderRequest::limit(event.instrument(), side, self.qty, price) };
            self.live.push_back((now.plus(self.life_ns), context.submit(request)));
        }
        Ok(())
    }
}

fn go(data: &MarketData, ladder: Vec<Box<dyn Strategy>>, queue: QueueModel, matching: Matching) -> BacktestResult {
    let limits = RiskLimits { max_leverage: None, ..RiskLimits::default() };
    let config = BacktestConfig {
        engine: EngineConfig { cash: Money::from_f64(1e9).unwrap(), limits, ..EngineConfig::default() },
        // Any size, so that our own orders do not take each other's shares, and each can be compared alone.
        venue: VenueConfig { queue, matching, liquidity: Liquidity::Unlimited, order_latency_ns: 1_000_000, ..VenueConfig::default() },
        ..BacktestConfig::default()
    };
    run(data, ladder, &config, &mut |_, _, _| Ok(())).unwrap()
}

fn told(name: &str, queue: QueueModel, result: &BacktestResult) {
    let whole = result.orders.iter().filter(|o| o.remaining().is_zero()).count();
    let (makers, shares) = (result.fills.iter().filter(|f| f.maker).count(), result.fills.iter().map(|f| f.qty.to_f64()).sum::<f64>());
    println!(
        "{name} {queue:?}: {whole} of {} orders filled ({:.1} %), {} fills, {makers} as maker, {shares:.3} shares, {} events",
        result.orders.len(),
        100.0 * whole as f64 / result.orders.len() as f64,
        result.fills.len(),
        result.events,
    );
}

/// Of each order `less` fills no more than `more`.
fn no_more(less: &BacktestResult, more: &BacktestResult, what: &str) {
    assert_eq!(less.orders.len(), more.orders.len());
    for (a, b) in less.orders.iter().zip(&more.orders) {
        assert_eq!((a.id, a.limit(), a.submitted), (b.id, b.limit(), b.submitted), "the same orders");
        assert!(a.filled <= b.filled, "{what}: order {} filled {} and {}", a.id, a.filled, b.filled);
    }
    let shares = |r: &BacktestResult| r.orders.iter().map(|o: &Order| i128::from(o.filled.raw())).sum::<i128>();
    assert!(shares(less) < shares(more), "{what}: the models differ somewhere");
}

fn lean_day(folder: &str, files: &[&str]) -> Option<MarketData> {
    let mut all = MarketData::default();
    for file in files {
        all.absorb(lean::read(&data(&format!("lean/equity/usa/tick/{folder}/20131007_{file}.zip"))?, &LeanOptions::default()).unwrap())
            .unwrap();
    }
    Some(all)
}

#[test]
fn bac_and_spy_ticks_by_the_touch_fill_no_more_behind_the_queue_than_in_front_of_it() {
    for (folder, files) in [("bac", &["quote", "trade"][..]), ("spy", &["trade"])] {
        let Some(day) = lean_day(folder, files) else { continue };
        let ladder = || Ladder::boxed(30 * SECOND_NS, 300 * SECOND_NS, Qty::from_whole(100).unwrap());
        let results = [QueueModel::Behind, QueueModel::Front].map(|queue| {
            let result = go(&day, ladder(), queue, Matching::Touch);
            told(folder, queue, &result);
            result
        });
        no_more(&results[0], &results[1], folder);
    }
}

/// The touch of the quotes as a book of one level a side.
fn touch_as_book(day: &MarketData) -> DeltaBatch {
    let mut out = DeltaBatch::default();
    for quotes in &day.quotes {
        let mut shown = [Price::ZERO; 2];
        for i in 0..quotes.len() {
            let quote = quotes.get(i);
            for (slot, side, price, size) in [(0, Side::Buy, quote.bid, quote.bid_size), (1, Side::Sell, quote.ask, quote.ask_size)] {
                let row = |price, size| BookDelta {
                    ts: quote.ts,
                    instrument: InstrumentId(quote.instrument.0),
                    order: 0,
                    action: BookAction::Add,
                    side,
                    price,
                    size,
                    flags: 0,
                };
                if shown[slot] != price && shown[slot].is_positive() {
                    out.push(row(shown[slot], Qty::ZERO));
                }
                if price.is_positive() {
                    out.push(row(price, size));
                }
                shown[slot] = price;
            }
            if let Some(last) = out.flags.last_mut() {
                *last |= FLAG_LAST;
            }
        }
    }
    out
}

const BY_BOOK: [QueueModel; 6] = [
    QueueModel::Behind,
    QueueModel::Conservative,
    QueueModel::Proportional,
    QueueModel::Logarithmic,
    QueueModel::Power { hundredths: 200 },
    QueueModel::Front,
];

fn compare_by_book(name: &str, day: &MarketData, ladder: impl Fn() -> Vec<Box<dyn Strategy>>) {
    let results = BY_BOOK.map(|queue| {
        let result = go(day, ladder(), queue, Matching::Book);
        told(name, queue, &result);
        result
    });
    let [behind, conservative, proportional, logarithmic, power, front] = &results;
    no_more(behind, conservative, "behind, conservative");
    for (model, name) in [(proportional, "proportional"), (logarithmic, "logarithmic"), (power, "power")] {
        no_more(conservative, model, &format!("conservative, {name}"));
        no_more(model, front, &format!("{name}, front"));
    }
}

#[test]
fn bac_as_a_book_fills_in_the_order_of_the_queue_models() {
    let Some(mut day) = lean_day("bac", &["quote", "trade"]) else { return };
    day.deltas = vec![touch_as_book(&day)];
    compare_by_book("bac book", &day, || Ladder::boxed(30 * SECOND_NS, 300 * SECOND_NS, Qty::from_whole(100).unwrap()));
}

#[test]
fn binance_depth_fills_in_the_order_of_the_queue_models() {
    for market in ["usdm", "spot"] {
        let Some(file) = data(&format!("binance/{market}_btcusdt_20240808.gz")) else { return };
        let mut decoder = BinanceDecoder::new(Framing::Lines, None, QualityPolicy::default());
        let day = read_file(&file, &mut decoder, &mut |_, _| Ok(())).unwrap();
        compare_by_book(market, &day, || Ladder::boxed(SECOND_NS, 20 * SECOND_NS, Qty::from_f64(0.002).unwrap()));
    }
}
