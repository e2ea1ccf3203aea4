//! One symbol's quotes and trades: arrivals, spread, sizes, impact.

use super::session::{BUCKET_NS, CELL_NS, Curves, LOG_VOLATILITY_SD, SESSION_NS, price_path, volatility_path};
use super::{SyntheticConfig, SyntheticSymbol};
use crate::event::{Quote, QuoteBatch, Trade, TradeBatch};
use crate::types::{Error, InstrumentId, Price, Qty, Random, Result, SCALE, Timestamp};

/// One cent in units of 1e-9.
pub(super) const TICK_RAW: i64 = SCALE / 100;
const TICK_DOLLARS: f64 = 0.01;
/// Shares in a round lot.
pub(super) const LOT: f64 = 100.0;

/// Trades that one trade brings about on average (branching ratio of the Hawkes process).
const BRANCHING: f64 = 0.65;
/// The kernel's decay, 2 a second: clustering is fastest within the second.
const DECAY_PER_NS: f64 = 2.0e-9;
/// Correlation of a trade's sign with that of the trade before; IBM 0.50, BAC 0.75 on 2013-10-07.
const SIGN_PERSISTENCE: f64 = 0.5;
/// Share of the session's variance that comes from the impact of trades.
const IMPACT_SHARE: f64 = 0.25;
/// Share of a day's variance that comes over night.
const OVERNIGHT_SHARE: f64 = 0.2;
/// Chance that a trade prints inside a spread of two ticks or more (IBM: 0.30 of all trades).
const INSIDE_CHANCE: f64 = 0.2;
/// Chance that a quote update draws a new spread.
const RESPREAD_CHANCE: f64 = 0.2;
/// How far, in ticks, the efficient price may leave the middle before the quotes follow.
const STICKINESS_TICKS: f64 = 0.6;
/// Standard deviation of log size (BAC 1.1, IBM 0.5).
const LOG_SIZE_SD: f64 = 0.8;
/// Shares of the day's volume in the opening and closing auctions.
const OPEN_CROSS: f64 = 0.01;
const CLOSE_CROSS: f64 = 0.05;
/// Continuous trading ends this long before the close, where the closing cross prints.
const LAST_CALL_NS: i64 = 1_000_000;
/// The most lots in one order: 9.2e9 shares is what a [`Qty`] holds.
const LOTS_MAX: f64 = 9.0e7;
/// The dearest price, in ticks, that a path may reach: $9e8.
const TICKS_MAX: f64 = 9.0e10;

/// What all symbols of a day share.
pub(super) struct Setting<'a> {
    pub(super) config: &'a SyntheticConfig,
    pub(super) curves: &'a Curves,
    /// The day's market returns by cell.
    pub(super) market: &'a [f64],
    /// Days since the first.
    pub(super) day: u64,
    pub(super) open: Timestamp,
}

/// A symbol's day, sorted by time.
pub(super) struct SymbolDay {
    pub(super) quotes: QuoteBatch,
    pub(super) trades: TradeBatch,
    /// Efficient price at the close, dollars.
    pub(super) close: f64,
}

/// Lots by a log-normal law, rounded up to whole lots.
struct Sizes {
    location: f64,
}

impl Sizes {
    fn with_mean(lots: f64) -> Self {
        // Rounding up adds half a lot on average.
        Self { location: libm::log((lots - 0.5).max(0.3)) - 0.5 * LOG_SIZE_SD * LOG_SIZE_SD }
    }

    #[inline]
    fn draw(&self, random: &mut Random) -> f64 {
        libm::exp(self.location + LOG_SIZE_SD * random.normal()).ceil().clamp(1.0, LOTS_MAX)
    }
}

/// The touch, in ticks and lots.
#[derive(Clone, Copy)]
struct Touch {
    bid: i64,
    spread: i64,
    bid_lots: f64,
    ask_lots: f64,
}

/// One symbol's day in the making.
struct Flow<'a> {
    symbol: &'a SyntheticSymbol,
    instrument: InstrumentId,
    random: Random,
    trade_sizes: Sizes,
    quote_sizes: Sizes,
    spread_max: i64,
    touch: Touch,
    sign: f64,
    /// Product of all impacts since the open.
    impact: f64,
    open: Timestamp,
    quotes: QuoteBatch,
    trades: TradeBatch,
}

/// The stream of a symbol hangs on its name (FNV-1a), not on its place, so that its neighbours do not change it.
fn name_hash(symbol: &str) -> u64 {
    symbol.bytes().fold(0xcbf2_9ce4_8422_2325, |h, c| (h ^ u64::from(c)).wrapping_mul(0x0100_0000_01b3))
}

fn lots(n: f64) -> Qty {
    Qty::from_raw((n * LOT) as i64 * SCALE)
}

impl Flow<'_> {
    fn quote(&mut self, t: f64) {
        let Touch { bid, spread, bid_lots, ask_lots } = self.touch;
        self.quotes.push(Quote {
            ts: self.open.plus(t as i64),
            instrument: self.instrument,
            bid: Price::from_raw(bid * TICK_RAW),
            ask: Price::from_raw((bid + spread) * TICK_RAW),
            bid_size: lots(bid_lots),
            ask_size: lots(ask_lots),
            flags: 0,
        });
    }

    fn trade(&mut self, t: f64, ticks: i64, size_lots: f64) {
        self.trades.push(Trade {
            ts: self.open.plus(t as i64),
            instrument: self.instrument,
            price: Price::from_raw(ticks * TICK_RAW),
            size: lots(size_lots),
            flags: 0,
        });
    }

    /// Place the touch around `price` ticks; a side that moves has a new queue.
    fn place(&mut self, price: f64, spread: i64) {
        let old = self.touch;
        let bid = ((price - 0.5 * spread as f64 + 0.5).floor() as i64).max(1);
        self.touch.bid = bid;
        self.touch.spread = spread;
        if bid != old.bid {
            self.touch.bid_lots = self.quote_sizes.draw(&mut self.random);
        }
        if bid + spread != old.bid + old.spread {
            self.touch.ask_lots = self.quote_sizes.draw(&mut self.random);
        }
    }

    /// One tick and a Poisson number more, more of them when volatility is high.
    fn draw_spread(&mut self, volatility: f64) -> i64 {
        let excess = (self.symbol.mean_spread_ticks - 1.0) * volatility.sqrt().clamp(0.7, 1.8);
        (1 + self.random.poisson(excess) as i64).min(self.spread_max)
    }

    /// A quote update that no trade caused: a new spread, a move towards the efficient price, or a new size.
    fn refresh(&mut self, price: f64, volatility: f64) {
        let old = self.touch;
        let spread = if self.random.chance(RESPREAD_CHANCE) { self.draw_spread(volatility) } else { old.spread };
        let middle = old.bid as f64 + 0.5 * old.spread as f64;
        if spread != old.spread || (price - middle).abs() > STICKINESS_TICKS {
            self.place(price, spread);
        }
        if (self.touch.bid, self.touch.spread) != (old.bid, old.spread) {
            return;
        }
        let side = self.random.chance(0.5);
        let queue = if side { &mut self.touch.bid_lots } else { &mut self.touch.ask_lots };
        let size = self.quote_sizes.draw(&mut self.random);
        *queue = if size == *queue { size + 1.0 } else { size };
    }

    /// A trade at the touch or inside, its impact, and the quote that follows it; gives the time of that quote.
    fn execute(&mut self, t: f64, theta: f64, last_call: f64) -> f64 {
        let before = self.sign;
        let sign = if self.random.chance(0.5 + 0.5 * SIGN_PERSISTENCE) { before } else { -before };
        self.sign = sign;
        let Touch { bid, spread, .. } = self.touch;
        let size = self.trade_sizes.draw(&mut self.random);
        let inside = spread >= 2 && self.random.chance(INSIDE_CHANCE);
        let ticks = match (inside, sign > 0.0) {
            (true, _) => bid + 1 + self.random.below(spread as u64 - 1) as i64,
            (false, true) => bid + spread,
            (false, false) => bid,
        };
        self.trade(t, ticks, size);
        // Only the surprise in the sign moves the efficient price, so that it stays a martingale though signs persist
        // (Madhavan, Richardson and Roomans 1997).
        self.impact *= 1.0 + theta * (sign - SIGN_PERSISTENCE * before);
        let after = t + 20_000.0 + 180_000.0 * self.random.uniform();
        if inside || after >= last_call {
            return t;
        }
        let queue = if sign > 0.0 { &mut self.touch.ask_lots } else { &mut self.touch.bid_lots };
        if size < *queue {
            *queue -= size;
        } else {
            // The level is gone: the next one shows.
            *queue = self.quote_sizes.draw(&mut self.random);
            if spread < self.spread_max && (sign > 0.0 || bid > 1) {
                self.touch.spread += 1;
                self.touch.bid -= i64::from(sign < 0.0);
            }
        }
        self.quote(after);
        after
    }

    /// The session from `start` ticks; gives the efficient price at its end, in ticks.
    fn session(&mut self, setting: &Setting, start: f64) -> Result<f64> {
        let &Setting { config, .. } = setting;
        let session_sd = self.symbol.annual_volatility * ((1.0 - OVERNIGHT_SHARE) / 252.0).sqrt();
        let trades = trades_per_day(config, self.symbol);
        let volatility = volatility_path(&mut self.random);
        let market_sd = session_sd * config.market_share.sqrt();
        let own_sd = session_sd * (1.0 - config.market_share - IMPACT_SHARE).max(0.0).sqrt();
        let path = price_path(&mut self.random, setting.curves, &volatility, setting.market, market_sd, own_sd);
        let theta = session_sd * (IMPACT_SHARE / (trades * (1.0 - SIGN_PERSISTENCE * SIGN_PERSISTENCE))).sqrt();
        // Activity goes with the root of volatility, whose mean under the log-normal law this divides out.
        let mean_root = libm::exp(-0.375 * LOG_VOLATILITY_SD * LOG_VOLATILITY_SD);
        let base = trades * (1.0 - BRANCHING) / (SESSION_NS as f64 * mean_root);
        // A trade's own quote update is made with it; the others arrive with the intensity of trades, which they do not excite.
        let per_trade = config.quotes_per_trade;
        let last_call = (SESSION_NS - LAST_CALL_NS) as f64;

        self.impact = 1.0;
        self.sign = if self.random.chance(0.5) { 1.0 } else { -1.0 };
        self.touch = Touch { bid: i64::MIN / 2, spread: 1, bid_lots: 0.0, ask_lots: 0.0 };
        let spread = self.draw_spread(setting.curves.volatility[0] * volatility[0]);
        self.place(start, spread);
        self.quote(0.0);
        let day_lots = self.symbol.average_daily_volume * config.events_scale / LOT;
        let at_touch = |flow: &Self| flow.touch.bid + if flow.sign > 0.0 { flow.touch.spread } else { 0 };
        let cross = at_touch(self);
        self.trade(100_000.0, cross, (day_lots * OPEN_CROSS).ceil().min(LOTS_MAX));

        let mut t = 200_000.0;
        // Intensity above the base, in trades a nanosecond.
        let mut excitement = base * setting.curves.activity[0] * BRANCHING / (1.0 - BRANCHING);
        for (b, &level) in volatility.iter().enumerate() {
            let end = (((b + 1) as i64 * BUCKET_NS) as f64).min(last_call);
            let shape = setting.curves.activity[b];
            let calm = setting.curves.volatility[b] * level;
            let rate = base * shape * level.sqrt();
            // A trade moves the price less where there are many, so that the volatility curve holds.
            let theta = theta * setting.curves.volatility[b] * level / (shape * level.sqrt()).sqrt();
            // Thinning (Ogata 1981): between events the intensity only falls, so its value now bounds it.
            while t < end {
                let bound = rate + excitement;
                let gap = self.random.exponential() / (bound * per_trade);
                if t + gap >= end {
                    excitement *= libm::exp(-DECAY_PER_NS * (end - t));
                    t = end;
                    break;
                }
                t += gap;
                excitement *= libm::exp(-DECAY_PER_NS * gap);
                let intensity = rate + excitement;
                let mark = self.random.uniform() * bound * per_trade;
                if mark >= intensity * per_trade {
                    continue;
                }
                let cell = (t as i64 / CELL_NS) as usize;
                let price = start * path[cell.min(path.len() - 1)] * self.impact;
                if price > TICKS_MAX {
                    return Err(Error::Overflow { what: "a synthetic price (lower the annual volatility or the number of days)" });
                }
                if mark < intensity {
                    t = self.execute(t, theta, last_call);
                    excitement += BRANCHING * DECAY_PER_NS;
                } else {
                    self.refresh(price, calm);
                    self.quote(t);
                }
            }
        }
        let cross = at_touch(self);
        self.trade((SESSION_NS - LAST_CALL_NS / 2) as f64, cross, (day_lots * CLOSE_CROSS).ceil().min(LOTS_MAX));
        Ok(start * path.last().copied().unwrap_or(1.0) * self.impact)
    }
}

/// Expected trades of a day, the crosses left out.
fn trades_per_day(config: &SyntheticConfig, symbol: &SyntheticSymbol) -> f64 {
    symbol.events_per_day * config.events_scale / (1.0 + config.quotes_per_trade)
}

/// One day of one symbol, from `price` dollars at the close of the day before, or at the first open.
pub(super) fn simulate(setting: &Setting, symbol: &SyntheticSymbol, instrument: InstrumentId, price: f64) -> Result<SymbolDay> {
    let trades = trades_per_day(setting.config, symbol);
    let mean_lots = symbol.average_daily_volume * setting.config.events_scale * (1.0 - OPEN_CROSS - CLOSE_CROSS) / LOT / trades;
    // Queues are long where the tick binds (BAC: 137 trades of mean size), short where it does not (IBM: 3).
    let depth = 2.0 + 18.0 / (symbol.mean_spread_ticks * symbol.mean_spread_ticks);
    let rows = |expected: f64| (expected * 1.25) as usize + 64;
    let mut flow = Flow {
        symbol,
        instrument,
        random: Random::stream(setting.config.seed, &[1, name_hash(&symbol.name), setting.day]),
        trade_sizes: Sizes::with_mean(mean_lots),
        quote_sizes: Sizes::with_mean(mean_lots * depth),
        spread_max: ((2.0 * symbol.mean_spread_ticks).ceil() as i64).max(5),
        touch: Touch { bid: 0, spread: 1, bid_lots: 0.0, ask_lots: 0.0 },
        sign: 1.0,
        impact: 1.0,
        open: setting.open,
        quotes: QuoteBatch::with_capacity(rows(trades * setting.config.quotes_per_trade)),
        trades: TradeBatch::with_capacity(rows(trades)),
    };
    let mut start = price / TICK_DOLLARS;
    if setting.day > 0 {
        let sd = symbol.annual_volatility * (OVERNIGHT_SHARE / 252.0).sqrt();
        start *= libm::exp(sd * flow.random.normal() - 0.5 * sd * sd);
    }
    let close = flow.session(setting, start)? * TICK_DOLLARS;
    Ok(SymbolDay { quotes: flow.quotes, trades: flow.trades, close })
}
