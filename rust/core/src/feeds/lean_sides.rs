//! What one-sided quotes add up to, and what counts as a sane price beside the last one.

use super::lean::Consolidate;

/// Absurd prices in a row that agree with each other and so become the measure.
const AGREEING_ROWS: u8 = 3;

/// Price and size of a side in units of 1e-9; zeros where there is no quote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Level {
    pub price: i64,
    pub size: i64,
}

impl Level {
    const NONE: Self = Self { price: 0, size: 0 };

    /// The side of a row: `None` when the row says nothing of it, no quote when price or size is missing.
    #[inline]
    pub(super) const fn of_row(price: i64, size: i64) -> Option<Self> {
        if price == 0 && size == 0 {
            None
        } else if price == 0 || size == 0 {
            Some(Self::NONE)
        } else {
            Some(Self { price, size })
        }
    }
}

/// The best bid and ask that the rows so far add up to.
#[derive(Clone, Debug)]
pub(super) struct Sides {
    consolidate: Consolidate,
    pub bid: Level,
    pub ask: Level,
    /// Last quotes by venue; few, so a scan beats a map.
    venues: Vec<(u64, Level, Level)>,
}

impl Sides {
    pub(super) const fn new(consolidate: Consolidate) -> Self {
        Self { consolidate, bid: Level::NONE, ask: Level::NONE, venues: Vec::new() }
    }

    /// Take in a row of `venue`; a side that is `None` stays as it is.
    #[inline]
    pub(super) fn update(&mut self, venue: u64, bid: Option<Level>, ask: Option<Level>) {
        match self.consolidate {
            Consolidate::LastSeen => {
                self.bid = bid.unwrap_or(self.bid);
                self.ask = ask.unwrap_or(self.ask);
            }
            Consolidate::BestOfVenues => self.update_venue(venue, bid, ask),
        }
    }

    fn update_venue(&mut self, venue: u64, bid: Option<Level>, ask: Option<Level>) {
        let at = self.venues.iter().position(|v| v.0 == venue).unwrap_or_else(|| {
            self.venues.push((venue, Level::NONE, Level::NONE));
            self.venues.len() - 1
        });
        let quote = &mut self.venues[at];
        quote.1 = bid.unwrap_or(quote.1);
        quote.2 = ask.unwrap_or(quote.2);
        let best = |side: fn(&(u64, Level, Level)) -> Level, better: fn(i64, i64) -> bool| {
            self.venues.iter().map(side).filter(|l| l.price > 0).fold(Level::NONE, |best, level| {
                if best.price == 0 || better(level.price, best.price) {
                    level
                } else if level.price == best.price {
                    Level { price: best.price, size: best.size.saturating_add(level.size) }
                } else {
                    best
                }
            })
        };
        (self.bid, self.ask) = (best(|v| v.1, |a, b| a > b), best(|v| v.2, |a, b| a < b));
    }
}

/// The last good price, against which the next is judged.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Anchor {
    good: i64,
    odd: i64,
    odd_rows: u8,
}

#[inline]
fn near(price: i64, to: i64, band: f64) -> bool {
    (price - to).unsigned_abs() as f64 <= band * to as f64
}

impl Anchor {
    /// True when `price` is further than the fraction `band` from the last good price.
    #[inline]
    pub(super) fn is_far(&self, price: i64, band: f64) -> bool {
        self.good > 0 && !near(price, self.good, band)
    }

    /// As [`Self::is_far`], and let `price` become the last good one: at once when it is near, else when it is the third far price
    /// in a row that agrees with the one before.
    #[inline]
    pub(super) fn judge(&mut self, price: i64, band: f64) -> bool {
        if self.is_far(price, band) {
            self.odd_rows = if self.odd_rows > 0 && near(price, self.odd, band) { self.odd_rows + 1 } else { 1 };
            self.odd = price;
            if self.odd_rows < AGREEING_ROWS {
                return true;
            }
        }
        self.odd_rows = 0;
        if price > 0 {
            self.good = price;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_wild_price_is_absurd_and_three_that_agree_are_the_new_level() {
        let mut anchor = Anchor::default();
        let seen: Vec<bool> = [100, 101, 22, 100, 22, 23, 22, 23, 100].into_iter().map(|p| anchor.judge(p, 0.5)).collect();
        assert_eq!(seen, [false, false, true, false, true, true, false, false, true]);
        assert!(!Anchor { good: 100, ..Anchor::default() }.is_far(1_000_000, f64::INFINITY));
    }

    #[test]
    fn venues_add_up_to_their_best_and_a_zero_size_takes_a_side_away() {
        let level = |price, size| Level { price, size };
        let mut sides = Sides::new(Consolidate::BestOfVenues);
        sides.update(1, Level::of_row(99, 5), Level::of_row(101, 7));
        sides.update(2, Level::of_row(99, 4), Level::of_row(100, 3));
        assert_eq!((sides.bid, sides.ask), (level(99, 9), level(100, 3)));
        sides.update(2, Level::of_row(99, 0), None);
        assert_eq!((sides.bid, sides.ask), (level(99, 5), level(100, 3)));
        let mut sides = Sides::new(Consolidate::LastSeen);
        sides.update(1, Level::of_row(99, 5), None);
        assert_eq!((sides.bid, sides.ask), (level(99, 5), level(0, 0)));
        sides.update(2, Level::of_row(98, 0), Level::of_row(101, 7));
        assert_eq!((sides.bid, sides.ask), (level(0, 0), level(101, 7)));
    }
}
