//! Kinds of account and their settings.

use crate::types::{Error, Money, Qty, Result};
use serde::{Deserialize, Serialize};

/// What limits the orders of an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccountKind {
    /// Nothing but [`crate::risk::RiskLimits::max_leverage`].
    #[default]
    Unlimited,
    /// Cash; no shorts.
    Cash,
    /// Regulation T margin.
    Margin,
}

impl AccountKind {
    /// From its name.
    pub fn parse(text: &str) -> Result<Self> {
        match text {
            "unlimited" => Ok(Self::Unlimited),
            "cash" => Ok(Self::Cash),
            "margin" => Ok(Self::Margin),
            _ => Err(Error::config("account.kind", format!("{text:?} is not known; use unlimited, cash or margin"))),
        }
    }
}

/// What a cash account may do with the proceeds of a sale before they settle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unsettled {
    /// Nothing: only settled money buys.
    #[default]
    Wait,
    /// Buy; but what was bought with it is not sold before it settles, which would be a good-faith violation.
    GoodFaith,
}

impl Unsettled {
    /// From its name.
    pub fn parse(text: &str) -> Result<Self> {
        match text {
            "wait" => Ok(Self::Wait),
            "good_faith" => Ok(Self::GoodFaith),
            _ => Err(Error::config("account.unsettled", format!("{text:?} is not known; use wait or good_faith"))),
        }
    }
}

/// Which orders the protection against pattern day trading refuses, as Alpaca's `pdt_check` has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PdtCheck {
    /// None.
    Off,
    /// Orders that open a position whose close the same day could be one day trade too many.
    Entry,
    /// Orders that close a position opened the same day and would make one too many.
    #[default]
    Exit,
    /// Both.
    Both,
}

impl PdtCheck {
    /// From its name.
    pub fn parse(text: &str) -> Result<Self> {
        match text {
            "off" => Ok(Self::Off),
            "entry" => Ok(Self::Entry),
            "exit" => Ok(Self::Exit),
            "both" => Ok(Self::Both),
            _ => Err(Error::config("account.pdt_check", format!("{text:?} is not known; use off, entry, exit or both"))),
        }
    }
}

/// What can be borrowed of one instrument.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Borrow {
    /// Symbol.
    pub symbol: String,
    /// Shares located; `None` is as many as wanted (easy to borrow), zero none at all.
    pub shares: Option<Qty>,
    /// Cost a year, as a fraction of the value of the short position.
    pub rate: f64,
}

/// Settings of an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccountConfig {
    /// Kind.
    pub kind: AccountKind,
    /// Most that equity is multiplied by: 1, 2, or 4 (intraday, from 25,000 dollars).
    pub max_multiplier: u8,
    /// Whether shorts are allowed at all.
    pub shorting: bool,
    /// Protection against pattern day trading.
    pub pdt_check: PdtCheck,
    /// Unsettled money of a cash account.
    pub unsettled: Unsettled,
    /// By how much a market buy is taken to cost more than the ask, as a fraction. Alpaca holds 2.5 to 4 %.
    pub market_buy_cushion: f64,
    /// Interest a year on a debit balance, as a fraction.
    pub debit_rate: f64,
    /// Interest a year on a credit balance, as a fraction.
    pub credit_rate: f64,
    /// Cost a year of borrowing an instrument that `borrows` does not list.
    pub borrow_rate: f64,
    /// Whether an instrument that `borrows` does not list can be borrowed.
    pub easy_to_borrow: bool,
    /// What is known of single instruments.
    pub borrows: Vec<Borrow>,
}

impl Default for AccountConfig {
    fn default() -> Self {
        Self {
            kind: AccountKind::Unlimited,
            max_multiplier: 4,
            shorting: true,
            pdt_check: PdtCheck::Exit,
            unsettled: Unsettled::Wait,
            market_buy_cushion: 0.04,
            debit_rate: 0.0,
            credit_rate: 0.0,
            borrow_rate: 0.0,
            easy_to_borrow: true,
            borrows: Vec::new(),
        }
    }
}

impl AccountConfig {
    /// Refuse settings that cannot work.
    pub fn validate(&self) -> Result<()> {
        let bad = |field: &str, why: String| Err(Error::config(format!("account.{field}"), why));
        if ![1, 2, 4].contains(&self.max_multiplier) {
            return bad("max_multiplier", format!("is {}; it must be 1, 2 or 4", self.max_multiplier));
        }
        for (field, value) in [
            ("market_buy_cushion_pct", self.market_buy_cushion),
            ("debit_rate_pct", self.debit_rate),
            ("credit_rate_pct", self.credit_rate),
            ("borrow_rate_pct", self.borrow_rate),
        ] {
            if !(0.0..=10.0).contains(&value) {
                return bad(field, format!("is {}; it must be from 0 to 1,000", value * 100.0));
            }
        }
        for (i, borrow) in self.borrows.iter().enumerate() {
            let place = format!("borrows.{}", borrow.symbol);
            if self.borrows[..i].iter().any(|other| other.symbol == borrow.symbol) {
                return bad(&place, "is given twice; give it once".to_owned());
            }
            if !(0.0..=10.0).contains(&borrow.rate) {
                return bad(&place, format!("has the rate {}; it must be from 0 to 1,000 percent", borrow.rate * 100.0));
            }
            if borrow.shares.is_some_and(|q| q.raw() < 0) {
                return bad(&place, "has shares below zero; give what was located, or 0 for none".to_owned());
            }
        }
        Ok(())
    }
}

/// `amount × rate × days ÷ 360`, rounded half to even: how brokers accrue interest on balances and loans of shares.
pub(super) fn accrued(amount: Money, rate: f64, days: i64) -> Money {
    let parts_per_billion = i128::from((rate * 1e9).round() as i64);
    let product = amount.raw().saturating_mul(parts_per_billion).saturating_mul(i128::from(days));
    Money::from_raw(crate::types::div_half_even(product, 360 * 1_000_000_000))
}
