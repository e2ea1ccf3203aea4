//! One symbol: its flow of orders, and the exchange that they meet on.

use super::MarketSymbol;
use super::flow::{ASK, BID, BUY, Flow, Kernel, SELL};
use crate::matching::{BookLevel, Lifetime, MatchEvent, MatchingConfig, MatchingEngine, NewOrder, OrderKey, Phase};
use crate::types::{Error, Price, Qty, Random, Result, SCALE, SECOND_NS, Side, Timestamp};

/// A cent.
const TICK: i64 = SCALE / 100;
/// Shares of a round lot.
const LOT: i64 = 100;
/// Fewer orders than this on a side are not taken from.
const THIN: usize = 8;
/// Firms among which the orders are spread.
const FIRMS: u64 = 64;

/// One symbol's market: call [`Self::open`], then [`Self::step`] as often as wanted, then [`Self::close`].
#[derive(Clone, Debug)]
pub struct SymbolMarket {
    engine: MatchingEngine,
    flow: Flow,
    random: Random,
    style: MarketSymbol,
    opens: Timestamp,
    now: Timestamp,
    /// Orders that may be resting, bids and asks; those that are gone are dropped when they are drawn.
    live: [Vec<u64>; 2],
    /// How many really rest.
    resting: [usize; 2],
    next_id: u64,
    /// Price about which it opens, ticks.
    start: i64,
    /// Time and kind of the next event.
    next: (Timestamp, usize),
}

const fn key(id: u64) -> OrderKey {
    OrderKey::new((id % FIRMS) as u32, id)
}

impl SymbolMarket {
    /// A market of `style` that opens at `opens`; the same seed and number give the same orders.
    pub fn new(style: &MarketSymbol, seed: u64, number: u64, opens: Timestamp) -> Result<Self> {
        style.validate()?;
        // An order that takes is followed by others of its side (they are parts of larger ones), by some of the other, and by quotes;
        // quotes by quotes. The fast kernel is the reaction, the slow one the day's busy and calm times.
        let fast = [[0.58, 0.02, 1.2, 1.2], [0.02, 0.58, 1.2, 1.2], [0.0, 0.0, 0.30, 0.10], [0.0, 0.0, 0.10, 0.30]];
        let slow = [[0.16, 0.12, 0.5, 0.5], [0.12, 0.16, 0.5, 0.5], [0.0, 0.0, 0.15, 0.15], [0.0, 0.0, 0.15, 0.15]];
        let (takes, quotes) = (style.takes_per_second / 2.0, style.quotes_per_second / 2.0);
        let kernels = [Kernel { branching: fast, decay: 8.0 }, Kernel { branching: slow, decay: 0.02 }];
        let mut flow = Flow::new([takes, takes, quotes, quotes], &kernels).ok_or_else(|| {
            Error::config(
                format!("symbols.{}.quotes_per_second", style.name),
                format!("{} is too near to takes_per_second; choose 15 to 200 times as many", style.quotes_per_second),
            )
        })?;
        let mut engine = MatchingEngine::new(MatchingConfig::default())?;
        engine.reserve(4 * style.orders_a_side as usize);
        engine.set_reference(Price::from_raw(style.start_ticks() * TICK));
        let mut random = Random::stream(seed, &[number]);
        let next = Self::draw(&mut flow, &mut random, opens);
        Ok(Self {
            engine,
            flow,
            random,
            next,
            style: style.clone(),
            opens,
            now: opens,
            live: [Vec::new(), Vec::new()],
            resting: [0, 0],
            next_id: 1,
            start: style.start_ticks(),
        })
    }

    fn draw(flow: &mut Flow, random: &mut Random, opens: Timestamp) -> (Timestamp, usize) {
        let (seconds, kind) = flow.next(random);
        (opens.plus((seconds * SECOND_NS as f64) as i64), kind)
    }

    /// When [`Self::step`] will send its order.
    pub const fn next_ts(&self) -> Timestamp {
        self.next.0
    }

    /// The exchange.
    pub const fn engine(&self) -> &MatchingEngine {
        &self.engine
    }

    /// Orders sent so far.
    pub const fn orders_sent(&self) -> u64 {
        self.next_id - 1
    }

    /// Fill the book and strike the opening price.
    pub fn open(&mut self, out: &mut Vec<MatchEvent>) -> Result<()> {
        self.engine.set_phase(self.opens, Phase::OpeningAuction, out)?;
        for i in 0..2 * self.style.orders_a_side {
            let side = if i % 2 == 0 { Side::Buy } else { Side::Sell };
            // A few reach beyond the middle and make the opening trade.
            let reach = (self.random.exponential() * self.style.depth_ticks) as i64 - 2;
            let tick = self.start - side.sign() * reach;
            self.send(side, tick, Lifetime::Day, out);
        }
        let seen = out.len();
        self.engine.set_phase(self.opens, Phase::Continuous, out)?;
        self.count(seen, out);
        Ok(())
    }

    /// The next order or cancel; gives its time.
    #[inline]
    pub fn step(&mut self, out: &mut Vec<MatchEvent>) -> Timestamp {
        let (now, kind) = self.next;
        self.now = now;
        self.next = Self::draw(&mut self.flow, &mut self.random, self.opens);
        match kind {
            BUY => self.take(Side::Buy, out),
            SELL => self.take(Side::Sell, out),
            BID => self.quote(Side::Buy, out),
            ASK => self.quote(Side::Sell, out),
            _ => {}
        }
        self.now
    }

    /// Strike the closing price at `ts`.
    pub fn close(&mut self, ts: Timestamp, out: &mut Vec<MatchEvent>) -> Result<()> {
        self.now = ts;
        for side in [Side::Buy, Side::Sell] {
            for _ in 0..=self.random.below(20) {
                let id = self.next_id;
                self.next_id += 1;
                let qty = Qty::from_raw(self.size().raw() * 5);
                let order = NewOrder::market(key(id), side, qty).with_lifetime(Lifetime::Cls);
                self.engine.submit(ts, &order, out);
            }
        }
        self.engine.set_phase(ts, Phase::ClosingAuction, out)?;
        self.engine.set_phase(ts, Phase::Closed, out)
    }

    /// A log-normal number of round lots.
    fn size(&mut self) -> Qty {
        let lots = libm::exp(self.style.lots_mean_log + self.random.normal() * 0.8);
        Qty::from_raw(((lots as i64).clamp(0, 10_000) + 1) * LOT * SCALE)
    }

    /// Take from the other side: mostly what is at the touch or less, now and then more.
    fn take(&mut self, side: Side, out: &mut Vec<MatchEvent>) {
        let other = side.opposite();
        let (Some(best), true) = (self.engine.best(other), self.resting[other as usize] > THIN) else {
            return self.quote(side, out);
        };
        let wanted = self.size();
        let qty = if self.random.chance(self.style.sweeps) { wanted.raw().max(best.qty.raw()) } else { wanted.raw().min(best.qty.raw()) };
        let id = self.next_id;
        self.next_id += 1;
        let seen = out.len();
        let order = NewOrder::market(key(id), side, Qty::from_raw(qty)).with_lifetime(Lifetime::Ioc);
        self.engine.submit(self.now, &order, out);
        self.count(seen, out);
    }

    /// Add to a side or cancel from it, so that its number of orders stays about the same.
    fn quote(&mut self, side: Side, out: &mut Vec<MatchEvent>) {
        let target = f64::from(self.style.orders_a_side);
        let missing = (target - self.resting[side as usize] as f64) / target;
        if self.random.chance((0.5 + 2.0 * missing).clamp(0.05, 0.95)) {
            let tick = self.place(side);
            self.send(side, tick, Lifetime::Day, out);
        } else {
            self.cancel(side, out);
        }
    }

    /// Where a new order goes, ticks.
    fn place(&mut self, side: Side) -> i64 {
        let tick_of = |level: Option<BookLevel>| level.map(|level| level.price.raw() / TICK);
        let last = self.engine.last_trade().map_or(self.start, |price| price.raw() / TICK);
        let own = tick_of(self.engine.best(side)).unwrap_or(last - side.sign());
        let other = tick_of(self.engine.best(side.opposite())).unwrap_or(last + side.sign());
        let spread = (other - own) * side.sign();
        let room = spread - 1;
        let better = 1.0 - libm::exp(-(room.max(0) as f64) / self.style.spread_ticks);
        let step = if room > 0 && self.random.chance(better * self.style.improves) {
            -(1 + (self.random.exponential() * self.style.spread_ticks / 4.0) as i64).min(room)
        } else if self.random.chance(self.style.joins) {
            0
        } else {
            1 + (self.random.exponential() * self.style.depth_ticks) as i64
        };
        own - side.sign() * step
    }

    fn send(&mut self, side: Side, tick: i64, lifetime: Lifetime, out: &mut Vec<MatchEvent>) {
        let id = self.next_id;
        self.next_id += 1;
        let (seen, qty) = (out.len(), self.size());
        let order = NewOrder::limit(key(id), side, qty, Price::from_raw(tick.max(1) * TICK)).with_lifetime(lifetime);
        self.engine.submit(self.now, &order, out);
        self.live[side as usize].push(id);
        self.resting[side as usize] += 1;
        self.count(seen, out);
    }

    fn cancel(&mut self, side: Side, out: &mut Vec<MatchEvent>) {
        let live = &mut self.live[side as usize];
        // Orders that were filled are found out when drawn.
        for _ in 0..16 {
            if live.is_empty() {
                return;
            }
            let at = self.random.below(live.len() as u64) as usize;
            let id = live.swap_remove(at);
            let before = out.len();
            self.engine.cancel(self.now, key(id), out);
            if matches!(out.get(before), Some(MatchEvent::Canceled { .. })) {
                self.resting[side as usize] -= 1;
                return;
            }
            out.truncate(before);
        }
    }

    /// Count resting orders that were filled since `seen`.
    fn count(&mut self, seen: usize, out: &[MatchEvent]) {
        for event in &out[seen..] {
            if let MatchEvent::Filled(e) = event {
                let taker = e.taker_side as usize;
                if e.maker_left.is_zero() {
                    self.resting[taker ^ 1] = self.resting[taker ^ 1].saturating_sub(1);
                }
                // In an auction, or where a limit order took, the taker was counted as resting too.
                if e.taker_left.is_zero() && self.live[taker].last().is_some_and(|&last| last >= e.taker.client_order_id) {
                    self.resting[taker] = self.resting[taker].saturating_sub(1);
                }
            }
        }
    }
}
