//! [`Anchor`]: what counts as a sane price beside the last one.

/// Absurd prices in a row that agree with each other and so become the measure.
const AGREEING_ROWS: u8 = 3;

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
}
