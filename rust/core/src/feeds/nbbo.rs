//! National best bid and offer: the best of the last quotes of many venues.
//!
//! [`Consolidator`] keeps the last quote of each venue and the best of each side. A row that betters or equals the best, or that is of a
//! venue behind it, is O(1); only a best that is withdrawn or worsened, or that grows too old, makes it look at all venues of the
//! instrument, at most [`VENUES_MAX`].

use super::{Fault, FeedReport};
use crate::event::{FLAG_CROSSED, FLAG_LOCKED, Quote, QuoteBatch};
use crate::types::{Error, InstrumentId, Price, Qty, Result, Timestamp};

/// Most venues of one instrument.
pub const VENUES_MAX: usize = 64;

/// What size the best price is shown with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SizeRule {
    /// The size of the venue that came to the price first.
    #[default]
    FirstVenue,
    /// The sum of all venues at the price.
    Sum,
}

/// What a row says of a side whose price and size are both zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EmptySide {
    /// The venue has no quote on that side any more.
    #[default]
    Withdrawn,
    /// Nothing: the row is about the other side alone.
    Unchanged,
}

/// What to do when the best bid reaches the best ask of another venue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Crossing {
    /// Give the quote, flagged as locked or crossed.
    #[default]
    Flag,
    /// Give no quote while the market is crossed; a locked one is given, flagged.
    Hold,
    /// The venue whose side is older has not yet seen the newer one: leave its side out until it quotes again.
    DropOlder,
}

/// Settings of a [`Consolidator`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NbboConfig {
    /// Size at the best price.
    pub size: SizeRule,
    /// Empty sides.
    pub empty: EmptySide,
    /// Locked and crossed markets.
    pub crossing: Crossing,
    /// A venue's quote older than this many nanoseconds, when another comes, no longer counts; `i64::MAX` for any age.
    pub age_max_ns: i64,
}

impl Default for NbboConfig {
    fn default() -> Self {
        Self { size: SizeRule::default(), empty: EmptySide::default(), crossing: Crossing::default(), age_max_ns: i64::MAX }
    }
}

/// One side of one venue; a price of zero is none.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    price: i64,
    size: i64,
    /// Number of the row that brought it to this price: the lower has priority.
    since: u64,
    /// Number of the row that last told it.
    heard: u64,
    /// Time of that row.
    told: Timestamp,
}

/// One side of the market: `SIGN` is 1 for bids, −1 for asks.
#[derive(Clone, Debug, Default)]
struct Half<const SIGN: i64> {
    levels: Vec<Level>,
    /// Slot of the venue that came to the best price first.
    best: Option<u8>,
    /// Sizes at the best price.
    sum: i64,
    /// No level was told before this.
    oldest: Timestamp,
}

impl<const SIGN: i64> Half<SIGN> {
    /// The venue in `slot` now quotes `new`, a price of zero for nothing.
    fn update(&mut self, slot: u8, mut new: Level) {
        let i = usize::from(slot);
        if i >= self.levels.len() {
            self.levels.resize(i + 1, Level::default());
        }
        let before = self.levels[i];
        if before.price == new.price && new.price != 0 {
            new.since = before.since;
        }
        let best_price = self.best.map_or(0, |top| self.levels[usize::from(top)].price);
        self.levels[i] = new;
        let better = new.price != 0 && (self.best.is_none() || SIGN * new.price > SIGN * best_price);
        if better {
            (self.best, self.sum) = (Some(slot), new.size);
        } else if self.best == Some(slot) && new.price != best_price {
            self.look();
        } else if self.best.is_some() {
            let left = if before.price == best_price { before.size } else { 0 };
            let came = if new.price == best_price { new.size } else { 0 };
            self.sum = self.sum.saturating_sub(left).saturating_add(came);
        }
    }

    /// Forget levels told more than `age_max_ns` before `now`.
    fn expire(&mut self, now: Timestamp, age_max_ns: i64) {
        if age_max_ns == i64::MAX || now.since(self.oldest) <= age_max_ns {
            return;
        }
        for level in &mut self.levels {
            if level.price != 0 && now.since(level.told) > age_max_ns {
                *level = Level::default();
            }
        }
        self.oldest = self.levels.iter().filter(|l| l.price != 0).map(|l| l.told).min().unwrap_or(now);
        self.look();
    }

    /// Look for the best among all venues.
    fn look(&mut self) {
        let at = |i: usize| (SIGN * self.levels[i].price, std::cmp::Reverse(self.levels[i].since));
        let best = (0..self.levels.len()).filter(|&i| self.levels[i].price != 0).max_by_key(|&i| at(i));
        self.best = best.map(|i| i as u8);
        let price = best.map_or(0, |i| self.levels[i].price);
        let there = self.levels.iter().filter(|l| l.price != 0 && l.price == price);
        self.sum = there.fold(0, |sum, l| sum.saturating_add(l.size));
    }

    /// The best level; nothing as zeros.
    fn top(&self) -> Level {
        self.best.map_or(Level::default(), |slot| self.levels[usize::from(slot)])
    }
}

/// What was last given out of an instrument: prices, sizes, slots.
type Shown = (i64, i64, i64, i64, u8, u8);

#[derive(Clone, Debug, Default)]
struct Market {
    bids: Half<1>,
    asks: Half<-1>,
    shown: Shown,
}

const NO_SLOT: u8 = u8::MAX;

/// Consolidates quotes of many venues; keeps the last quote of each, so a stream may come in parts.
#[derive(Clone, Debug)]
pub struct Consolidator {
    config: NbboConfig,
    /// Slot of each venue letter.
    slots: Box<[u8; 256]>,
    /// Letter of each slot.
    letters: Vec<u8>,
    markets: Vec<Market>,
    rows: u64,
    last: Timestamp,
    report: FeedReport,
}

impl Consolidator {
    /// An empty one; an error when a setting makes no sense.
    pub fn new(config: NbboConfig) -> Result<Self> {
        if config.age_max_ns <= 0 {
            return Err(Error::config("age_max", "must be a time above zero"));
        }
        Ok(Self {
            config,
            slots: Box::new([NO_SLOT; 256]),
            letters: Vec::new(),
            markets: Vec::new(),
            rows: 0,
            last: Timestamp::MIN,
            report: FeedReport::default(),
        })
    }

    /// Rows seen, quotes given, and how many of those were locked or crossed.
    pub const fn report(&self) -> &FeedReport {
        &self.report
    }

    fn slot(&mut self, venue: u8) -> Result<u8> {
        let slot = &mut self.slots[usize::from(venue)];
        if *slot == NO_SLOT {
            if self.letters.len() == VENUES_MAX {
                return Err(Error::data("quotes", format!("name more than {VENUES_MAX} venues; select those you mean")));
            }
            *slot = self.letters.len() as u8;
            self.letters.push(venue);
        }
        Ok(*slot)
    }

    /// Take in `quotes`, sorted by time and after those before, and append to `out` a quote whenever the best changes, with the
    /// venues of its sides. Rows need their venues.
    pub fn push(&mut self, quotes: &QuoteBatch, out: &mut QuoteBatch) -> Result<()> {
        if quotes.is_empty() {
            return Ok(());
        }
        if quotes.bid_venue.len() != quotes.len() || quotes.ask_venue.len() != quotes.len() {
            return Err(Error::data("quotes", "do not name their venues; read the columns bid_venue and ask_venue, or venue"));
        }
        for i in 0..quotes.len() {
            let quote = quotes.get(i);
            if quote.ts < self.last {
                return Err(Error::data(format!("quotes: row {}", i + 1), "is before the row above; sort by time first"));
            }
            self.last = quote.ts;
            let slots = (self.slot(quotes.bid_venue[i])?, self.slot(quotes.ask_venue[i])?);
            if let Some((new, venues)) = self.take(&quote, slots) {
                out.push(new);
                out.bid_venue.push(venues.0);
                out.ask_venue.push(venues.1);
                if quotes.recv.len() == quotes.len() {
                    out.recv.push(quotes.recv[i]);
                }
            }
        }
        Ok(())
    }

    /// The best after `quote`, where it is another than before, and the venues of its sides, 0 for none.
    fn take(&mut self, quote: &Quote, slots: (u8, u8)) -> Option<(Quote, (u8, u8))> {
        self.rows += 1;
        self.report.rows += 1;
        let (config, row) = (self.config, self.rows);
        let market = market(&mut self.markets, quote.instrument);
        market.bids.expire(quote.ts, config.age_max_ns);
        market.asks.expire(quote.ts, config.age_max_ns);
        let level = |price: Price, size: Qty| {
            let none = !price.is_positive() || !size.is_positive();
            let told = Level { price: price.raw(), size: size.raw(), since: row, heard: row, told: quote.ts };
            (!(price.is_zero() && size.is_zero() && config.empty == EmptySide::Unchanged)).then_some(if none {
                Level::default()
            } else {
                told
            })
        };
        if let Some(bid) = level(quote.bid, quote.bid_size) {
            market.bids.update(slots.0, bid);
        }
        if let Some(ask) = level(quote.ask, quote.ask_size) {
            market.asks.update(slots.1, ask);
        }
        if config.crossing == Crossing::DropOlder {
            market.drop_older();
        }
        let (bid, ask) = (market.bids.top(), market.asks.top());
        let both = bid.price != 0 && ask.price != 0;
        let (crossed, locked) = (both && bid.price > ask.price, both && bid.price == ask.price);
        if crossed && config.crossing == Crossing::Hold {
            return None;
        }
        let size = |half_sum: i64, level: Level| if config.size == SizeRule::Sum { half_sum } else { level.size };
        let (bid_size, ask_size) = (size(market.bids.sum, bid), size(market.asks.sum, ask));
        let shown = (bid.price, bid_size, ask.price, ask_size, market.bids.best.unwrap_or(NO_SLOT), market.asks.best.unwrap_or(NO_SLOT));
        if shown == market.shown {
            return None;
        }
        market.shown = shown;
        let mut flags = 0;
        for (is, flag, fault) in [(crossed, FLAG_CROSSED, Fault::Crossed), (locked, FLAG_LOCKED, Fault::Locked)] {
            if is {
                flags |= flag;
                self.report.note(fault, || format!("best quote at {}", quote.ts));
            }
        }
        self.report.events += 1;
        let letter = |slot: u8| self.letters.get(usize::from(slot)).copied().unwrap_or(0);
        let new = Quote {
            ts: quote.ts,
            instrument: quote.instrument,
            bid: Price::from_raw(bid.price),
            ask: Price::from_raw(ask.price),
            bid_size: Qty::from_raw(bid_size),
            ask_size: Qty::from_raw(ask_size),
            flags,
        };
        Some((new, (letter(shown.4), letter(shown.5))))
    }
}

fn market(markets: &mut Vec<Market>, instrument: InstrumentId) -> &mut Market {
    let i = instrument.index();
    if i >= markets.len() {
        markets.resize(i + 1, Market { shown: (0, 0, 0, 0, NO_SLOT, NO_SLOT), ..Market::default() });
    }
    &mut markets[i]
}

impl Market {
    /// Take the older of two sides that cross away until none do; two sides of one row stay.
    fn drop_older(&mut self) {
        loop {
            let (bid, ask) = (self.bids.top(), self.asks.top());
            if bid.price == 0 || ask.price == 0 || bid.price <= ask.price || bid.heard == ask.heard {
                return;
            }
            if let (true, Some(slot)) = (bid.heard < ask.heard, self.bids.best) {
                self.bids.update(slot, Level::default());
            } else if let Some(slot) = self.asks.best {
                self.asks.update(slot, Level::default());
            }
        }
    }
}

#[cfg(test)]
#[path = "nbbo_tests.rs"]
mod tests;
