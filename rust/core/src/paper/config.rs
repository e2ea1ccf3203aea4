//! What a paper venue is set up with: symbols, accounts, the calendar and how orders are matched.

use super::calendar::Calendar;
use crate::account::{AccountConfig, AccountKind, PdtCheck};
use crate::types::{Error, Money, Price, Result, Timestamp};
use crate::venue::{
    ALL_PPB, Fees, Halts, Liquidity, Matching, OnDividend, OnSplit, QueueModel, Regulatory, Sessions, Sources, StopBuy, VenueConfig,
};
use serde::{Deserialize, Serialize};

/// What kind of thing a symbol is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssetClass {
    /// A US stock or fund.
    #[default]
    UsEquity,
    /// A crypto pair.
    Crypto,
}

impl AssetClass {
    /// Alpaca's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UsEquity => "us_equity",
            Self::Crypto => "crypto",
        }
    }
}

/// A UUID as its 128 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Uuid(pub u128);

impl Uuid {
    /// From text, with or without hyphens.
    pub fn parse(text: &str) -> Option<Self> {
        let (mut bits, mut digits) = (0_u128, 0);
        for c in text.bytes().filter(|&c| c != b'-') {
            bits = bits << 4 | u128::from((c as char).to_digit(16)?);
            digits += 1;
            if digits > 32 {
                return None;
            }
        }
        (digits == 32).then_some(Self(bits))
    }

    /// The `number`th of a kind of thing under `seed`: version 4 in form, the same in every run.
    pub fn made(seed: u64, kind: &str, number: u64) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&seed.to_le_bytes()).update(kind.as_bytes()).update(&number.to_le_bytes());
        let mut bytes = [0; 16];
        hasher.finalize_xof().fill(&mut bytes);
        let version = 0xf000_u128 << 64;
        let variant = 0xc000_u128 << 48;
        Self(u128::from_be_bytes(bytes) & !version & !variant | 0x4000_u128 << 64 | 0x8000_u128 << 48)
    }
}

impl std::fmt::Display for Uuid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let h = format!("{:032x}", self.0);
        write!(f, "{}-{}-{}-{}-{}", &h[..8], &h[8..12], &h[12..16], &h[16..20], &h[20..])
    }
}

impl TryFrom<String> for Uuid {
    type Error = String;

    fn try_from(text: String) -> std::result::Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("{text:?} is no UUID; give 32 hexadecimal digits"))
    }
}

impl From<Uuid> for String {
    fn from(id: Uuid) -> Self {
        id.to_string()
    }
}

/// Text or a JSON number, read as a decimal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Decimal {
    Text(String),
    Number(f64),
}

impl Decimal {
    pub(super) fn money(&self, field: &str) -> Result<Money> {
        let wrong = |e: Error| Error::config(field.to_owned(), e.to_string());
        match self {
            Self::Number(x) => Money::from_f64(*x).map_err(wrong),
            Self::Text(text) => match Price::parse(text.trim().as_bytes()) {
                Ok(price) => Ok(Money::from_raw(i128::from(price.raw()))),
                Err(e) => Err(wrong(e)),
            },
        }
    }
}

const fn yes() -> bool {
    true
}

fn quotes_and_trades() -> Vec<String> {
    vec!["quotes".to_owned(), "trades".to_owned()]
}

/// A symbol as `/v2/assets` has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "the fields of Alpaca's asset, each named")]
pub struct AssetSpec {
    /// Symbol.
    pub symbol: String,
    /// Id.
    pub id: Uuid,
    /// Name.
    #[serde(default)]
    pub name: Option<String>,
    /// Exchange, such as `NASDAQ`.
    #[serde(default)]
    pub exchange: Option<String>,
    /// Class.
    #[serde(default, alias = "class")]
    pub asset_class: AssetClass,
    /// Orders are taken.
    #[serde(default = "yes")]
    pub tradable: bool,
    /// Counts as collateral.
    #[serde(default = "yes")]
    pub marginable: bool,
    /// May be sold short.
    #[serde(default = "yes")]
    pub shortable: bool,
    /// Shares to borrow are there.
    #[serde(default = "yes")]
    pub easy_to_borrow: bool,
    /// Parts of a share trade.
    #[serde(default = "yes")]
    pub fractionable: bool,
    /// Kinds of data it has: quotes, trades, bars, book.
    #[serde(default = "quotes_and_trades")]
    pub data: Vec<String>,
    /// Its trades mark the official prints of auctions.
    #[serde(default)]
    pub auction_prints: bool,
    /// Close of the day before the first.
    #[serde(default)]
    pub(super) prev_close: Option<Decimal>,
}

impl AssetSpec {
    fn sources(&self, book: bool) -> Sources {
        let has = |kind: &str| self.data.iter().any(|k| k == kind);
        Sources {
            quotes: has("quotes"),
            trades: has("trades"),
            bars: has("bars"),
            book: book && has("book"),
            auctions: self.auction_prints,
        }
    }
}

/// An account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccountSpec {
    /// Id.
    pub id: Uuid,
    /// Number, such as `PA3ABCDEFGHI`.
    pub account_number: String,
    /// Dollars at the start.
    pub(super) cash: Decimal,
    /// When it was made, nanoseconds; the venue's start unless given.
    #[serde(default)]
    pub created_at_ns: Option<i64>,
    /// 1, 2 or 4.
    #[serde(default)]
    pub multiplier: Option<u8>,
    /// `margin` (the default) or `cash`.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// May sell short.
    #[serde(default = "yes")]
    pub shorting: bool,
    /// Protection against pattern day trading: off, entry, exit or both.
    #[serde(default)]
    pub pdt_check: Option<String>,
    /// Interest a year on debit, percent.
    #[serde(default)]
    pub debit_rate_pct: f64,
}

fn text_of(default: &str) -> String {
    default.to_owned()
}

/// A paper venue's settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PaperConfig {
    /// When it begins, nanoseconds.
    pub start_ns: i64,
    /// Seed of ids and latencies.
    #[serde(default)]
    pub seed: u64,
    /// `touch`, `book` or `engine`.
    #[serde(default = "default_matching")]
    pub matching: String,
    /// From the request to the market, nanoseconds.
    #[serde(default)]
    pub latency_ns: i64,
    /// From the market to the account, nanoseconds.
    #[serde(default)]
    pub report_latency_ns: i64,
    /// Largest extra time, nanoseconds.
    #[serde(default)]
    pub jitter_ns: i64,
    /// `alpaca` (regulatory fees, 0.25 % of crypto) or `free`.
    #[serde(default = "default_fees")]
    pub fees: String,
    /// `behind` or `front`; of a book also `conservative`, `proportional`, `logarithmic`, `exact`.
    #[serde(default)]
    pub queue: Option<String>,
    /// `quoted` or `unlimited`.
    #[serde(default)]
    pub liquidity: Option<String>,
    /// Part of a shown size that orders may have.
    #[serde(default)]
    pub participation: Option<f64>,
    /// Price taken against an order that takes, basis points.
    #[serde(default)]
    pub slippage_bps: f64,
    /// By how much a market buy is taken to cost more than the ask.
    #[serde(default)]
    pub market_buy_cushion: Option<f64>,
    /// Symbols.
    pub symbols: Vec<AssetSpec>,
    /// Accounts.
    pub accounts: Vec<AccountSpec>,
    /// Pre-market, open, close and end of the post-market of each trading day, nanoseconds.
    #[serde(default)]
    pub sessions: Vec<[i64; 4]>,
}

fn default_matching() -> String {
    text_of("touch")
}

fn default_fees() -> String {
    text_of("alpaca")
}

/// Alpaca's taker fee for crypto below 100,000 dollars a month: 25 basis points.
pub(super) const CRYPTO_FEE_PPB: i64 = 2_500_000;

impl PaperConfig {
    /// From JSON; checked whole.
    pub fn parse(text: &str) -> Result<Self> {
        let config: Self = serde_json::from_str(text).map_err(|e| Error::config("paper", format!("cannot be read: {e}")))?;
        if config.accounts.is_empty() || config.accounts.len() > usize::from(u16::MAX) {
            return Err(Error::config("paper.accounts", "must hold 1 to 65,535 accounts"));
        }
        if config.symbols.is_empty() {
            return Err(Error::config("paper.symbols", "is empty; give at least one symbol"));
        }
        for (i, asset) in config.symbols.iter().enumerate() {
            if config.symbols[..i].iter().any(|other| other.symbol == asset.symbol || other.id == asset.id) {
                return Err(Error::config("paper.symbols", format!("{} is given twice, or its id is", asset.symbol)));
            }
        }
        config.calendar()?;
        config.venue(AssetClass::UsEquity)?.validate()?;
        config.venue(AssetClass::Crypto)?.validate()?;
        for account in &config.accounts {
            config.account(account)?.validate()?;
        }
        Ok(config)
    }

    pub(super) fn calendar(&self) -> Result<Calendar> {
        Calendar::new(&self.sessions)
    }

    /// When it begins.
    pub const fn start(&self) -> Timestamp {
        Timestamp::from_nanos(self.start_ns)
    }

    /// The simulated exchange of one class.
    pub(super) fn venue(&self, class: AssetClass) -> Result<VenueConfig> {
        let matching = match self.matching.as_str() {
            "touch" => Matching::Touch,
            "engine" => Matching::Exchange,
            "book" => Matching::Book,
            other => return Err(Error::config("paper.matching", format!("{other:?} is not known; use touch, book or engine"))),
        };
        let fees = match (self.fees.as_str(), class) {
            ("alpaca", AssetClass::UsEquity) => Fees::Regulatory(Regulatory::ALPACA_2024),
            ("alpaca", AssetClass::Crypto) => Fees::Notional { parts_per_billion: CRYPTO_FEE_PPB },
            ("free", _) => Fees::Free,
            (other, _) => return Err(Error::config("paper.fees", format!("{other:?} is not known; use alpaca or free"))),
        };
        let queue = match self.queue.as_deref() {
            None | Some("behind") => QueueModel::Behind,
            Some("front") => QueueModel::Front,
            Some("conservative") => QueueModel::Conservative,
            Some("proportional") => QueueModel::Proportional,
            Some("logarithmic") => QueueModel::Logarithmic,
            Some("exact") => QueueModel::Exact,
            Some(other) => return Err(Error::config("paper.queue", format!("{other:?} is not known; use behind or front"))),
        };
        let liquidity = match self.liquidity.as_deref() {
            None | Some("quoted") => Liquidity::Displayed,
            Some("unlimited") => Liquidity::Unlimited,
            Some(other) => return Err(Error::config("paper.liquidity", format!("{other:?} is not known; use quoted or unlimited"))),
        };
        Ok(VenueConfig {
            order_latency_ns: self.latency_ns,
            report_latency_ns: self.report_latency_ns,
            jitter_ns: self.jitter_ns,
            seed: self.seed,
            fees,
            queue,
            liquidity,
            matching,
            participation_ppb: self.participation.map_or(ALL_PPB, |p| (p * ALL_PPB as f64).round() as i64),
            slippage_ppb: (self.slippage_bps * 1e5).round() as i64,
            stop_buy: StopBuy::Collared,
            sessions: if class == AssetClass::UsEquity { Sessions::UsEquity } else { Sessions::Continuous },
            halts: Halts::Respect,
            on_split: OnSplit::Adjust,
            on_dividend: OnDividend::Keep,
            ..VenueConfig::default()
        })
    }

    /// Kinds of data of every symbol that is of `class`.
    pub(super) fn sources(&self, class: AssetClass) -> Vec<Sources> {
        let book = self.matching == "book";
        self.symbols.iter().map(|a| if a.asset_class == class { a.sources(book) } else { Sources::NONE }).collect()
    }

    /// What limits an account.
    pub(super) fn account(&self, spec: &AccountSpec) -> Result<AccountConfig> {
        let kind = match spec.kind.as_deref() {
            None | Some("margin") => AccountKind::Margin,
            Some("cash") => AccountKind::Cash,
            Some(other) => return Err(Error::config("paper.accounts.type", format!("{other:?} is not known; use margin or cash"))),
        };
        spec.cash.money("paper.accounts.cash")?;
        Ok(AccountConfig {
            kind,
            max_multiplier: spec.multiplier.unwrap_or(4),
            shorting: spec.shorting,
            pdt_check: spec.pdt_check.as_deref().map_or(Ok(PdtCheck::Exit), PdtCheck::parse)?,
            market_buy_cushion: self.market_buy_cushion.unwrap_or(0.04),
            debit_rate: spec.debit_rate_pct / 100.0,
            ..AccountConfig::default()
        })
    }
}
