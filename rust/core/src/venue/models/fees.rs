//! Commissions and regulatory fees.

use crate::types::{Error, Money, Price, Qty, Result, SCALE, Side};
use serde::{Deserialize, Serialize};

/// What an order is charged in all, given what it has filled so far; a fill is charged the difference.
pub trait FeeModel {
    /// Dollars of an order on `side` of which `filled` shares worth `notional` are filled.
    fn total(&self, side: Side, filled: Qty, notional: Money) -> Result<Money>;
}

/// What the regulators charge, passed on by the broker. The rates change by the year; see [`Regulatory::ALPACA_2024`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Regulatory {
    /// SEC, Securities Exchange Act section 31: dollars for each million dollars sold.
    pub sec_per_million: Money,
    /// FINRA's trading activity fee: dollars a share sold.
    pub taf_per_share: Price,
    /// The same: dollars a trade at most.
    pub taf_cap: Money,
    /// Consolidated Audit Trail: dollars a share bought or sold; shares are rounded up to whole ones.
    pub cat_per_share: Price,
}

impl Regulatory {
    /// What Alpaca's support page "Regulatory Fees" listed in 2024: $27.80 a million, $0.000166 a share up to $8.30, and
    /// $0.000053 a share for the audit trail.
    pub const ALPACA_2024: Self = Self {
        sec_per_million: Money::from_raw(27_800_000_000),
        taf_per_share: Price::from_raw(166_000),
        taf_cap: Money::from_raw(8_300_000_000),
        cat_per_share: Price::from_raw(53_000),
    };
}

/// Up to the next cent, as the broker charges each fee.
fn up_to_cent(amount: Money) -> Money {
    const CENT: i128 = 10_000_000;
    Money::from_raw(-(-amount.raw()).div_euclid(CENT) * CENT)
}

impl FeeModel for Regulatory {
    fn total(&self, side: Side, filled: Qty, notional: Money) -> Result<Money> {
        let whole = Qty::from_raw(filled.raw().saturating_add(SCALE - 1) / SCALE * SCALE);
        let cat = up_to_cent(Money::notional(self.cat_per_share, whole));
        if side == Side::Buy {
            return Ok(cat);
        }
        let million = Money::from_raw(i128::from(SCALE) * 1_000_000);
        let product = notional.raw().checked_mul(self.sec_per_million.raw()).ok_or_else(|| Error::overflow("regulatory fee"))?;
        let sec = up_to_cent(Money::from_raw(crate::types::div_half_even(product, million.raw())));
        let taf = up_to_cent(Money::notional(self.taf_per_share, filled)).min(self.taf_cap);
        cat.checked_add(sec)?.checked_add(taf)
    }
}

/// A step of a schedule by size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tier {
    /// Shares of the order from which the rate holds.
    pub from: Qty,
    /// Dollars a share.
    pub rate: Price,
}

/// Steps a schedule may have.
pub const TIERS_MAX: usize = 4;

/// Commission by order; a minimum holds for the order as a whole, however many fills it has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Fees {
    /// None.
    #[default]
    Free,
    /// Dollars a share, with a minimum an order (Interactive Brokers' fixed schedule: 0.005, at least 1).
    PerShare {
        /// Dollars a share.
        rate: Price,
        /// Dollars an order, at least.
        minimum: Money,
    },
    /// A fraction of the notional.
    Notional {
        /// Parts per billion; one basis point is 100,000.
        parts_per_billion: i64,
    },
    /// Dollars a share that fall with the size of the order: shares beyond a step cost its rate. Unused steps start at
    /// [`Qty::MAX`].
    Tiered {
        /// Steps, the first from zero shares, each from more shares than the one before.
        tiers: [Tier; TIERS_MAX],
        /// Dollars an order, at least.
        minimum: Money,
    },
    /// What the regulators charge: all that is due at a broker without commissions.
    Regulatory(Regulatory),
}

impl FeeModel for Fees {
    #[inline]
    fn total(&self, side: Side, filled: Qty, notional: Money) -> Result<Money> {
        match self {
            Self::Free => Ok(Money::ZERO),
            Self::PerShare { rate, minimum } => Ok(Money::notional(*rate, filled).max(*minimum)),
            Self::Notional { parts_per_billion } => notional.mul_ratio(*parts_per_billion, 1_000_000_000),
            Self::Tiered { tiers, minimum } => {
                let mut sum = Money::ZERO;
                for (i, tier) in tiers.iter().enumerate() {
                    let end = tiers.get(i + 1).map_or(Qty::MAX, |t| t.from).min(filled);
                    if end > tier.from {
                        sum = sum.checked_add(Money::notional(tier.rate, end.checked_sub(tier.from)?))?;
                    }
                }
                Ok(sum.max(*minimum))
            }
            Self::Regulatory(rates) => rates.total(side, filled, notional),
        }
    }
}

impl Fees {
    pub(super) fn validate(&self) -> Result<()> {
        let wrong = |why: &str| Err(Error::config("venue.fees", why));
        match self {
            Self::PerShare { rate, minimum } if rate.raw() < 0 || *minimum < Money::ZERO => {
                wrong("a fee a share and its minimum must not be negative")
            }
            Self::Notional { parts_per_billion } if !(-1_000_000..=1_000_000_000).contains(parts_per_billion) => {
                wrong("a fee on the notional must lie between -10 basis points (a rebate) and 100 %")
            }
            Self::Tiered { tiers, minimum } => {
                let rising = tiers.windows(2).all(|t| t[0].from < t[1].from || t[1].from == Qty::MAX);
                if !rising || !tiers[0].from.is_zero() || tiers.iter().any(|t| t.rate.raw() < 0) || *minimum < Money::ZERO {
                    return wrong("tiers must start at 0 shares and rise, with rates and minimum of 0 or more");
                }
                Ok(())
            }
            Self::Regulatory(r) => {
                if r.sec_per_million < Money::ZERO || r.taf_cap < Money::ZERO || r.taf_per_share.raw() < 0 || r.cat_per_share.raw() < 0 {
                    return wrong("regulatory rates must be 0 or more");
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
