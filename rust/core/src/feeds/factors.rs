//! Lean factor files: what a price of some date must be multiplied by, and the splits and dividends behind it.
//!
//! A row is `date, price factor, split factor, reference price`. Its factors hold for dates after the row before up to and
//! including its own. The price factor carries dividends, the split factor splits; the reference price is the close of the date.
//! Rows without a reference price are taken (older files have none), but give no dividend.

use super::rows::for_each_chunk;
use super::zone::{Date, parse_date};
use crate::event::ActionKind;
use crate::types::{Error, Price, Qty, Result};
use std::path::Path;

/// Decimals kept of a factor; Lean writes seven or eight.
const FACTOR_DECIMALS: usize = 10;
const FACTOR_SCALE: i64 = 10_i64.pow(FACTOR_DECIMALS as u32);
/// Half of the last digit that Lean writes of a factor below one (seven decimals), the error behind a split ratio.
const WRITTEN_ERROR: f64 = 0.5e-7;
/// Half of the sixth significant digit, where factors above one end: AIG's 10.6667 and 13.3333, after its reverse split.
const SIGNIFICANT_ERROR: f64 = 0.5e-5;
/// Largest denominator tried for a split ratio.
const SPLIT_DENOMINATOR_MAX: u32 = 1000;

/// One row of a factor file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row {
    last_date: Date,
    /// In 1e-10.
    price: i64,
    /// In 1e-10.
    split: i64,
    reference: Price,
}

/// The factor file of one symbol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Factors {
    rows: Vec<Row>,
}

/// What to multiply prices by, exact as the file writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Factor {
    numerator: i128,
    denominator: i128,
}

/// A split or dividend between two rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FactorAction {
    /// The last date before it; the ex-date is the next trading day.
    pub last_date: Date,
    /// What happens.
    pub kind: ActionKind,
}

impl Factor {
    /// Multiplies by one.
    pub const ONE: Self = Self { numerator: 1, denominator: 1 };

    fn reduced(numerator: i128, denominator: i128) -> Self {
        let (mut a, mut b) = (numerator, denominator);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        Self { numerator: numerator / a, denominator: denominator / a }
    }

    /// As a float.
    pub fn to_f64(self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }

    /// True when it changes nothing.
    pub const fn is_one(self) -> bool {
        self.numerator == self.denominator
    }

    /// `price` × factor, rounded half to even at 1e-9.
    #[inline]
    pub fn apply(self, price: Price) -> Result<Price> {
        if self.is_one() {
            return Ok(price);
        }
        ratio(price.raw(), self.numerator, self.denominator).map(Price::from_raw)
    }

    /// `size` ÷ factor, rounded half to even at 1e-9: a split makes more shares of lower price.
    #[inline]
    pub fn divide(self, size: Qty) -> Result<Qty> {
        if self.is_one() {
            return Ok(size);
        }
        ratio(size.raw(), self.denominator, self.numerator).map(Qty::from_raw)
    }
}

fn ratio(value: i64, numerator: i128, denominator: i128) -> Result<i64> {
    let overflow = Error::Overflow { what: "adjustment by a factor file" };
    let product = i128::from(value).checked_mul(numerator).ok_or(overflow.clone())?;
    let (mut quotient, rest) = (product.div_euclid(denominator), product.rem_euclid(denominator));
    let other = denominator - rest;
    if rest > other || (rest == other && quotient & 1 == 1) {
        quotient += 1;
    }
    i64::try_from(quotient).map_err(|_| overflow)
}

/// A positive decimal in 1e-10; digits further down are rounded half up.
fn parse_factor(text: &[u8]) -> Option<i64> {
    let mut parts = text.splitn(2, |&c| c == b'.');
    let (whole, fraction) = (parts.next()?, parts.next().unwrap_or_default());
    if (whole.is_empty() && fraction.is_empty()) || !whole.iter().chain(fraction).all(u8::is_ascii_digit) {
        return None;
    }
    let mut value: i64 = 0;
    let padded = fraction.iter().copied().chain(std::iter::repeat(b'0')).take(FACTOR_DECIMALS);
    for digit in whole.iter().copied().chain(padded) {
        value = value.checked_mul(10)?.checked_add(i64::from(digit - b'0'))?;
    }
    value = value.checked_add(i64::from(fraction.get(FACTOR_DECIMALS).is_some_and(|&c| c >= b'5')))?;
    (value > 0).then_some(value)
}

/// How far a factor may be from what it stands for, since it is written with so many digits; relative.
fn relative_error(factor: f64) -> f64 {
    if factor < 1.0 {
        return WRITTEN_ERROR / factor;
    }
    if factor.fract() == 0.0 { 0.0 } else { SIGNIFICANT_ERROR * 10_f64.powf(factor.log10().floor()) / factor }
}

/// The fraction of smallest denominator within `tolerance` (relative) of `x`, or `x` itself.
fn snap(x: f64, tolerance: f64) -> f64 {
    for q in 1..=SPLIT_DENOMINATOR_MAX {
        let q = f64::from(q);
        let p = (x * q).round();
        if p >= 1.0 && (p / q - x).abs() <= tolerance * x {
            return p / q;
        }
    }
    x
}

impl Factors {
    /// Read the factor file at `path`.
    pub fn read(path: &Path) -> Result<Self> {
        let mut text = Vec::new();
        for_each_chunk(path, |chunk, _| {
            text.extend_from_slice(chunk);
            Ok(())
        })?;
        Self::parse(&text, &path.display().to_string())
    }

    /// Read a factor file's text; `place` names it in errors.
    pub fn parse(text: &[u8], place: &str) -> Result<Self> {
        let mut rows: Vec<Row> = Vec::new();
        for (n, line) in text.split(|&c| c == b'\n').enumerate() {
            let line = line.trim_ascii();
            if line.is_empty() {
                continue;
            }
            let fields: Vec<&[u8]> = line.split(|&c| c == b',').collect();
            let bad = |column: &str| {
                let shown: String = String::from_utf8_lossy(line).chars().take(80).collect();
                Error::data(
                    format!("{place} row {}, column {column}: {shown:?}", n + 1),
                    "is not a factor row; write YYYYMMDD, price factor, split factor and reference price, like 20140606,0.9304792,0.1428571,645.57",
                )
            };
            if !(3..=4).contains(&fields.len()) {
                return Err(bad("count"));
            }
            let row = Row {
                last_date: parse_date(fields[0]).ok_or_else(|| bad("date"))?,
                price: parse_factor(fields[1]).ok_or_else(|| bad("price factor"))?,
                split: parse_factor(fields[2]).ok_or_else(|| bad("split factor"))?,
                reference: fields.get(3).map_or(Ok(Price::ZERO), |f| Price::parse(f)).map_err(|_| bad("reference price"))?,
            };
            if rows.last().is_some_and(|above| above.last_date >= row.last_date) {
                return Err(bad("date (it must be after the row above)"));
            }
            rows.push(row);
        }
        if rows.is_empty() {
            return Err(Error::data(place, "the factor file holds no rows; fetch it again"));
        }
        Ok(Self { rows })
    }

    fn at(&self, date: Date) -> Option<&Row> {
        self.rows.get(self.rows.partition_point(|row| row.last_date < date))
    }

    /// Split factor of `date`; one after the last row.
    pub fn split(&self, date: Date) -> Factor {
        self.at(date).map_or(Factor::ONE, |row| Factor::reduced(i128::from(row.split), i128::from(FACTOR_SCALE)))
    }

    /// Split factor × price factor of `date`; one after the last row.
    pub fn total(&self, date: Date) -> Factor {
        self.at(date).map_or(Factor::ONE, |row| {
            Factor::reduced(i128::from(row.split) * i128::from(row.price), i128::from(FACTOR_SCALE) * i128::from(FACTOR_SCALE))
        })
    }

    /// Splits and dividends in order of date; of one date the dividend first, because its reference price is of before the split.
    ///
    /// A dividend is `reference × (1 − price factor ÷ next price factor)` a share. A split is `next split factor ÷ split
    /// factor`, taken to the fraction of smallest denominator (at most 1000) within the error that Lean's written digits
    /// leave: 0.0178571 ÷ 0.00892857 means 2, not 1.999996.
    pub fn actions(&self) -> Result<Vec<FactorAction>> {
        let mut actions = Vec::new();
        for pair in self.rows.windows(2) {
            let [row, next] = pair else { continue };
            if row.price != next.price && row.reference.is_positive() {
                let lost = i128::from(next.price) - i128::from(row.price);
                let per_share = Price::from_raw(Self::share_of(row.reference, lost, next.price)?);
                let kind = ActionKind::Dividend { per_share, reference: row.reference, ratio: row.price as f64 / next.price as f64 };
                actions.push(FactorAction { last_date: row.last_date, kind });
            }
            if row.split != next.split {
                let (old, new) = (row.split as f64 / FACTOR_SCALE as f64, next.split as f64 / FACTOR_SCALE as f64);
                let tolerance = 1e-6 + relative_error(old) + relative_error(new);
                let kind = ActionKind::Split { new_shares_per_old: snap(new / old, tolerance) };
                actions.push(FactorAction { last_date: row.last_date, kind });
            }
        }
        Ok(actions)
    }

    fn share_of(reference: Price, lost: i128, whole: i64) -> Result<i64> {
        ratio(reference.raw(), lost, i128::from(whole))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APPLE: &[u8] = b"19980102,0.8613657,0.00892857,1\n20000620,0.8613657,0.00892857,101\n20050225,0.8613657,0.01785710,88.97\n\
        20120808,0.8613657,0.03571430,619.86\n20140606,0.9011818,0.03571430,645.57\n20200828,0.9967882,0.25,499.23\n20501231,1,1,0\n";

    fn date(text: &str) -> Date {
        parse_date(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_row_holds_up_to_and_including_its_date() {
        let factors = Factors::parse(APPLE, "apple").unwrap();
        assert_eq!(factors.split(date("20140606")).apply(Price::from_whole(1).unwrap()).unwrap().raw(), 35_714_300);
        assert_eq!(factors.split(date("20140609")).apply(Price::from_whole(1).unwrap()).unwrap().raw(), 250_000_000);
        assert!(factors.split(date("20200831")).is_one());
        assert!(factors.total(date("20990101")).is_one());
    }

    #[test]
    fn prices_and_sizes_round_half_to_even() {
        let half = Factors::parse(b"20200101,1,0.5,1\n", "half").unwrap().split(date("20200101"));
        let priced = |raw: i64| half.apply(Price::from_raw(raw)).unwrap().raw();
        assert_eq!([priced(1), priced(3), priced(5), priced(-1), priced(-3)], [0, 2, 2, 0, -2]);
        assert_eq!(half.divide(Qty::from_whole(100).unwrap()).unwrap(), Qty::from_whole(200).unwrap());
        assert!(half.divide(Qty::MAX).is_err());
    }

    #[test]
    fn split_ratios_come_out_of_rounded_factors_as_small_fractions() {
        let splits: Vec<f64> = Factors::parse(APPLE, "apple")
            .unwrap()
            .actions()
            .unwrap()
            .iter()
            .filter_map(|a| if let ActionKind::Split { new_shares_per_old } = a.kind { Some(new_shares_per_old) } else { None })
            .collect();
        assert_eq!(splits, [2.0, 2.0, 7.0, 4.0]);
        let aig = b"19980731,0.65,7.11111022,150.69\n19990730,0.66,10.66670000,116.38\n20000728,0.66,13.333300,128.44\n\
            20090630,0.70,20,1.13\n20110119,0.70,1,51.2\n";
        let ratios: Vec<f64> = Factors::parse(aig, "aig")
            .unwrap()
            .actions()
            .unwrap()
            .iter()
            .filter_map(|a| if let ActionKind::Split { new_shares_per_old } = a.kind { Some(new_shares_per_old) } else { None })
            .collect();
        assert_eq!(ratios, [1.5, 1.25, 1.5, 0.05]);
        assert_eq!(snap(1.5, 1e-6), 1.5);
        assert_eq!(snap(0.05, 1e-6), 0.05);
    }

    #[test]
    fn rows_that_are_not_factor_rows_are_refused_with_their_place() {
        for (bad, column) in [
            ("20200101,0.9", "count"),
            ("20201301,1,1,1", "date"),
            ("20200101,0,1,1", "price factor"),
            ("20200101,1,-1,1", "split factor"),
            ("20200101,1,1,x", "reference price"),
            ("20200102,1,1,1\n20200101,1,1,1", "date"),
        ] {
            let message = Factors::parse(bad.as_bytes(), "f.csv").unwrap_err().to_string();
            assert!(message.contains("f.csv row") && message.contains(column), "{message}");
        }
        assert!(Factors::parse(b"\n\n", "f.csv").is_err());
    }
}
