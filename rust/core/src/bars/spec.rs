//! [`BarSpec`]: what ends a bar, and its text form.

use crate::types::{DAY_NS, Error, HOUR_NS, MINUTE_NS, Money, Qty, Result, SECOND_NS};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

const MILLISECOND_NS: i64 = 1_000_000;
/// The longest time bar: 366 days.
const INTERVAL_NS_MAX: i64 = 366 * DAY_NS;

/// What ends a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum BarSpec {
    /// Every `interval_ns`, on a grid counted from the epoch, UTC.
    Time {
        /// Length in nanoseconds.
        interval_ns: i64,
    },
    /// After `count` trades (or quotes).
    Tick {
        /// Trades in a bar.
        count: u64,
    },
    /// After exactly `shares`; a trade that reaches beyond is split.
    Volume {
        /// Shares in a bar.
        shares: Qty,
    },
    /// With the trade that brings Σ price × size to `notional` or beyond; trades are not split.
    Dollar {
        /// Dollars a bar holds at least.
        notional: Money,
    },
}

impl BarSpec {
    /// One-minute bars.
    pub const MINUTE: Self = Self::Time { interval_ns: MINUTE_NS };

    /// From text: `100ms`, `5s`, `1m`, `1h`, `1d`, `100 ticks`, `10000 shares`, `1000000 dollars`; or, without a space for the
    /// shell, `tick:100`, `volume:10000`, `dollar:1000000`.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let digits = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
        let (number, unit) = match text.split_once(':') {
            Some(("tick", count)) => (count, "ticks"),
            Some(("volume", shares)) => (shares, "shares"),
            Some(("dollar", dollars)) => (dollars, "dollars"),
            _ => (&text[..digits], text[digits..].trim_start()),
        };
        let bad =
            |why: &str| Error::config("bars", format!("{text:?} {why}; write 5s, 1m, 1h, 1d, 100 ticks, 10000 shares or 1000000 dollars"));
        let whole = || number.parse::<i64>().map_err(|_| bad("needs a whole number first"));
        let time = |unit_ns: i64| -> Result<Self> {
            let interval_ns = whole()?.checked_mul(unit_ns).ok_or_else(|| bad("is too long"))?;
            Ok(Self::Time { interval_ns })
        };
        let spec = match unit {
            "ns" => time(1)?,
            "ms" => time(MILLISECOND_NS)?,
            "s" => time(SECOND_NS)?,
            "m" | "min" => time(MINUTE_NS)?,
            "h" => time(HOUR_NS)?,
            "d" => time(DAY_NS)?,
            "tick" | "ticks" => Self::Tick { count: whole()?.unsigned_abs() },
            "share" | "shares" => {
                Self::Volume { shares: Qty::parse(number.as_bytes()).map_err(|e| bad(&format!("is no quantity ({e})")))? }
            }
            "dollar" | "dollars" => {
                let dollars = number.parse::<f64>().map_err(|_| bad("needs a number first"))?;
                Self::Dollar { notional: Money::from_f64(dollars).map_err(|e| bad(&format!("is no amount ({e})")))? }
            }
            _ => return Err(bad("is no kind of bar")),
        };
        spec.checked()
    }

    /// This, or why it cannot be.
    pub fn checked(self) -> Result<Self> {
        let why = match self {
            Self::Time { interval_ns } if !(1..=INTERVAL_NS_MAX).contains(&interval_ns) => {
                "a time bar lasts from 1 nanosecond to 366 days, like 1m"
            }
            Self::Tick { count: 0 } => "a tick bar holds at least 1 trade, like 100 ticks",
            Self::Volume { shares } if !shares.is_positive() => "a volume bar holds a positive quantity, like 10000 shares",
            Self::Dollar { notional } if notional.raw() <= 0 => "a dollar bar holds a positive amount, like 1000000 dollars",
            _ => return Ok(self),
        };
        Err(Error::config("bars", why))
    }
}

impl FromStr for BarSpec {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl fmt::Display for BarSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Time { interval_ns } => {
                let units = [(DAY_NS, "d"), (HOUR_NS, "h"), (MINUTE_NS, "m"), (SECOND_NS, "s"), (MILLISECOND_NS, "ms")];
                match units.iter().find(|(unit, _)| interval_ns % unit == 0) {
                    Some((unit, name)) => write!(f, "{}{name}", interval_ns / unit),
                    None => write!(f, "{interval_ns}ns"),
                }
            }
            Self::Tick { count } => write!(f, "{count} ticks"),
            Self::Volume { shares } => write!(f, "{shares} shares"),
            Self::Dollar { notional } => write!(f, "{notional} dollars"),
        }
    }
}
