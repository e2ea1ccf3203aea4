//! What taking liquidity costs beyond the price shown.

use crate::types::{Error, Money, Price, Qty, Result, Side};
use serde::{Deserialize, Serialize};

/// How much worse the price of a taker gets with its size.
pub trait ImpactModel {
    /// Fraction of the price by which an order of `qty` shares moves it against itself.
    fn fraction(&self, qty: Qty) -> f64;
}

/// Choices of [`ImpactModel`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Impact {
    /// None.
    #[default]
    None,
    /// `coefficient × volatility × √(qty ÷ volume)`, the square-root law (Torre 1997, BARRA; Tóth et al. 2011).
    SquareRoot {
        /// About one.
        coefficient: f64,
        /// Daily volatility, a fraction.
        volatility: f64,
        /// Daily volume, shares.
        volume: f64,
    },
    /// `volatility × (γ ÷ 2 × qty ÷ volume + η × (qty ÷ (volume × duration))^β)`: half the permanent and the temporary impact of
    /// Almgren, Thum, Hauptmann and Li, "Direct Estimation of Equity Market Impact" (2005), whose γ is 0.314, η 0.142, β 0.6.
    Almgren {
        /// Permanent impact.
        gamma: f64,
        /// Temporary impact.
        eta: f64,
        /// Daily volatility, a fraction.
        volatility: f64,
        /// Daily volume, shares.
        volume: f64,
        /// Length of the execution, as a fraction of the day.
        duration: f64,
    },
}

/// Exponent of the temporary impact.
const BETA: f64 = 0.6;
/// No model may move a price by more than this fraction of it.
const MOST: f64 = 0.5;

impl ImpactModel for Impact {
    fn fraction(&self, qty: Qty) -> f64 {
        let shares = qty.to_f64().max(0.0);
        let fraction = match *self {
            Self::None => 0.0,
            Self::SquareRoot { coefficient, volatility, volume } => coefficient * volatility * (shares / volume).sqrt(),
            Self::Almgren { gamma, eta, volatility, volume, duration } => {
                volatility * (0.5 * gamma * shares / volume + eta * libm::pow(shares / (volume * duration), BETA))
            }
        };
        fraction.clamp(0.0, MOST)
    }
}

impl Impact {
    pub(super) fn validate(&self) -> Result<()> {
        let positive = |x: f64| x.is_finite() && x > 0.0;
        let sound = match *self {
            Self::None => true,
            Self::SquareRoot { coefficient, volatility, volume } => {
                positive(coefficient) && positive(volatility) && volatility <= 10.0 && positive(volume)
            }
            Self::Almgren { gamma, eta, volatility, volume, duration } => {
                let rates = gamma.is_finite() && gamma >= 0.0 && eta.is_finite() && eta >= 0.0;
                rates && positive(volatility) && volatility <= 10.0 && positive(volume) && positive(duration) && duration <= 1.0
            }
        };
        if sound {
            Ok(())
        } else {
            Err(Error::config("venue.impact", "its numbers must be finite and above zero, its duration at most a day"))
        }
    }
}

/// `price` as an order of `qty` shares on `side` gets it: worse by `slippage_ppb` of it and by its impact.
#[inline]
pub(in crate::venue) fn worsened(price: Price, side: Side, qty: Qty, slippage_ppb: i64, impact: &Impact) -> Result<Price> {
    if slippage_ppb == 0 && *impact == Impact::None {
        return Ok(price);
    }
    let of_price = |ppb: i64| Money::from_raw(i128::from(price.raw())).mul_ratio(ppb, 1_000_000_000).map(|m| m.raw() as i64);
    let mut worse = of_price(slippage_ppb)?;
    if *impact != Impact::None {
        worse = worse.saturating_add(of_price((impact.fraction(qty) * 1e9).round() as i64)?);
    }
    price.checked_add(Price::from_raw(side.sign() * worse))
}
