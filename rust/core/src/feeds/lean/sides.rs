//! What one-sided quotes add up to.

use super::Consolidate;

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

#[cfg(test)]
mod tests {
    use super::*;

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
