//! What a position must be backed by: Regulation T at the start, Alpaca's table after that.
//!
//! Source: docs.alpaca.markets/docs/margin-and-short-selling. Initial margin is 50 % (12 CFR 220.12), and never less than
//! maintenance. Maintenance: a long 30 % of its value, below 2.50 dollars a share 100 %; a short the greater of 5.00 dollars a
//! share and 30 %, below 5.00 dollars a share the greater of 2.50 dollars a share and 100 %.

use crate::types::{Money, Price, Qty};

const LONG_FULL_BELOW: Price = Price::from_raw(2_500_000_000);
const SHORT_FULL_BELOW: Price = Price::from_raw(5_000_000_000);

/// `parts` thousandths of `value`, rounded up: a requirement is never understated.
#[inline]
fn thousandths(value: Money, parts: i128) -> i128 {
    let product = value.raw() * parts;
    product / 1000 + i128::from(product % 1000 != 0)
}

/// Initial and maintenance margin of `position` shares at `mark`.
#[inline]
pub(super) fn requirement(position: Qty, mark: Price) -> (Money, Money) {
    let value = Money::notional(mark, position.abs());
    let maintenance = if position.raw() >= 0 {
        if mark < LONG_FULL_BELOW { value.raw() } else { thousandths(value, 300) }
    } else if mark < SHORT_FULL_BELOW {
        value.raw().max(Money::notional(LONG_FULL_BELOW, position.abs()).raw())
    } else {
        thousandths(value, 300).max(Money::notional(SHORT_FULL_BELOW, position.abs()).raw())
    };
    (Money::from_raw(thousandths(value, 500).max(maintenance)), Money::from_raw(maintenance))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_are_those_of_the_table() {
        let row = |shares: i64, price: f64| {
            let (initial, maintenance) = requirement(Qty::from_whole(shares).unwrap(), Price::from_f64(price).unwrap());
            (initial.to_f64(), maintenance.to_f64())
        };
        assert_eq!(row(100, 100.0), (5_000.0, 3_000.0));
        assert_eq!(row(100, 2.5), (125.0, 75.0));
        assert_eq!(row(100, 2.49), (249.0, 249.0));
        assert_eq!(row(-100, 100.0), (5_000.0, 3_000.0));
        assert_eq!(row(-100, 16.0), (800.0, 500.0), "5 dollars a share are more than 30 %");
        assert_eq!(row(-100, 5.0), (500.0, 500.0));
        assert_eq!(row(-100, 4.0), (400.0, 400.0));
        assert_eq!(row(-100, 2.0), (250.0, 250.0), "2.50 dollars a share are more than the value");
        assert_eq!(row(0, 100.0), (0.0, 0.0));
    }
}
