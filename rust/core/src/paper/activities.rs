//! Account activities: fills, fees, dividends, splits, interest and the money at the start.

use super::calendar::date_text;
use super::config::{AssetClass, Uuid};
use super::json::{text, time_text};
use super::query::Query;
use super::refusal::{Answer, Refusal};
use super::state::State;
use crate::event::{ActionKind, CorporateAction};
use crate::order::{Order, OrderStatus};
use crate::types::{DAY_NS, InstrumentId, Money, OrderId, Price, Qty, Side, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
enum What {
    Fill {
        order: OrderId,
        side: Side,
        short: bool,
        price: Price,
        qty: Qty,
        cumulated: Qty,
        leaves: Qty,
        status: OrderStatus,
    },
    /// Money, for shares where there are any.
    Cash {
        kind: Kind,
        amount: Money,
        qty: Qty,
        per_share: Price,
    },
}

/// Alpaca's types of what is no trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) enum Kind {
    Journal,
    Fee,
    CryptoFee,
    Dividend,
    Split,
    Interest,
}

impl Kind {
    const fn code(self) -> &'static str {
        match self {
            Self::Journal => "JNLC",
            Self::Fee => "FEE",
            Self::CryptoFee => "CFEE",
            Self::Dividend => "DIV",
            Self::Split => "SPLIT",
            Self::Interest => "INT",
        }
    }

    const fn description(self) -> &'static str {
        match self {
            Self::Journal => "cash at the start",
            Self::Fee => "regulatory fees of a trade",
            Self::CryptoFee => "fee of a crypto trade",
            Self::Dividend => "cash dividend",
            Self::Split => "split",
            Self::Interest => "interest and borrow costs",
        }
    }
}

/// One activity.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Activity {
    pub(super) ts: Timestamp,
    number: u64,
    instrument: Option<InstrumentId>,
    what: What,
}

impl Activity {
    const fn code(&self) -> &'static str {
        match self.what {
            What::Fill { .. } => "FILL",
            What::Cash { kind, .. } => kind.code(),
        }
    }

    fn id(&self, seed: u64) -> String {
        let time = time_text(self.ts);
        let digits: String = time.bytes().take(19).filter(u8::is_ascii_digit).map(char::from).collect();
        let millis = self.ts.nanos().rem_euclid(1_000_000_000) / 1_000_000;
        format!("{digits}{millis:03}::{}", Uuid::made(seed, "activity", self.number))
    }

    /// Money that came in or went out by it, where it is no trade.
    pub(super) const fn cash(&self) -> Option<(&'static str, Money)> {
        match self.what {
            What::Cash { kind, amount, .. } => Some((kind.code(), amount)),
            What::Fill { .. } => None,
        }
    }

    /// True for money that came from outside: no profit.
    pub(super) const fn is_transfer(&self) -> bool {
        matches!(self.what, What::Cash { kind: Kind::Journal, .. })
    }
}

/// Codes that `activity_types` may name.
const CODES: [&str; 36] = [
    "FILL", "ACATC", "ACATS", "CFEE", "CIL", "CSD", "CSW", "DIV", "DIVCGL", "DIVCGS", "DIVNRA", "DIVROC", "DIVTXEX", "DIVWH", "EXTRD",
    "FEE", "FXTRD", "INT", "INTPNL", "JNLC", "JNLS", "MA", "MEM", "NC", "OCT", "OPASN", "OPCSH", "OPEXC", "OPEXP", "OPTRD", "PTC", "REORG",
    "SPIN", "SPLIT", "SWP", "VOF",
];

impl State {
    fn record(&mut self, account: usize, instrument: Option<InstrumentId>, what: What) {
        self.activities_made += 1;
        let activity = Activity { ts: self.now, number: self.activities_made, instrument, what };
        if let Some(holder) = self.holders.get_mut(account) {
            holder.activities.push(activity);
        }
    }

    fn record_cash(&mut self, account: usize, instrument: Option<InstrumentId>, kind: Kind, amount: Money) {
        self.record(account, instrument, What::Cash { kind, amount, qty: Qty::ZERO, per_share: Price::ZERO });
    }

    pub(super) fn record_journal(&mut self, account: usize, cash: Money) {
        self.record_cash(account, None, Kind::Journal, cash);
    }

    pub(super) fn record_interest(&mut self, account: usize, amount: Money) {
        self.record_cash(account, None, Kind::Interest, amount);
    }

    pub(super) fn record_action(&mut self, account: usize, action: &CorporateAction, before: Qty, after: Qty, paid: Money) {
        let (kind, qty, per_share) = match action.kind {
            ActionKind::Dividend { per_share, .. } => (Kind::Dividend, before, per_share),
            ActionKind::Split { .. } => (Kind::Split, Qty::from_raw(after.raw().saturating_sub(before.raw())), Price::ZERO),
        };
        self.record(account, Some(action.instrument), What::Cash { kind, amount: paid, qty, per_share });
    }

    pub(super) fn record_fill(&mut self, account: usize, order: &Order, qty: Qty, price: Price, fee: Money) {
        let short = order.side == Side::Sell && self.extra(order.id).is_some_and(|e| !e.closes);
        let fill = What::Fill {
            order: order.id,
            side: order.side,
            short,
            price,
            qty,
            cumulated: order.filled,
            leaves: order.remaining(),
            status: order.status(),
        };
        self.record(account, Some(order.instrument), fill);
        if fee != Money::ZERO {
            let crypto = self.asset(order.instrument).is_some_and(|a| a.asset_class == AssetClass::Crypto);
            self.record_cash(account, Some(order.instrument), if crypto { Kind::CryptoFee } else { Kind::Fee }, fee.neg());
        }
    }

    /// A fee taken out of coins that were bought at `price`.
    pub(super) fn record_coin_fee(&mut self, account: usize, instrument: InstrumentId, qty: Qty, price: Price) {
        let what = What::Cash { kind: Kind::CryptoFee, amount: Money::ZERO, qty: Qty::from_raw(-qty.raw()), per_share: price };
        self.record(account, Some(instrument), what);
    }

    fn activity_json(&self, account: usize, activity: &Activity) -> Value {
        let owner = self.config.accounts.get(account).map(|a| a.id.to_string());
        let symbol = activity.instrument.and_then(|i| self.asset(i)).map(|a| a.symbol.as_str());
        match activity.what {
            What::Fill { order, side, short, price, qty, cumulated, leaves, status } => json!({
                "id": activity.id(self.config.seed),
                "account_id": owner,
                "activity_type": "FILL",
                "transaction_time": time_text(activity.ts),
                "type": if leaves.is_zero() { "fill" } else { "partial_fill" },
                "price": text(price),
                "qty": text(qty),
                "side": if short { "sell_short" } else { side.as_str() },
                "symbol": symbol,
                "leaves_qty": text(leaves),
                "order_id": self.extra(order).map(|e| e.id.to_string()),
                "cum_qty": text(cumulated),
                "order_status": status.as_str(),
            }),
            What::Cash { kind, amount, qty, per_share } => {
                let mut value = json!({
                    "id": activity.id(self.config.seed),
                "account_id": owner,
                    "activity_type": kind.code(),
                    "date": date_text(activity.ts),
                    "created_at": time_text(activity.ts),
                    "net_amount": text(amount),
                    "description": kind.description(),
                    "status": "executed",
                    "currency": "USD",
                });
                if let Value::Object(fields) = &mut value {
                    if let Some(symbol) = symbol {
                        fields.insert("symbol".to_owned(), json!(symbol));
                    }
                    if !qty.is_zero() {
                        fields.insert("qty".to_owned(), text(qty));
                    }
                    if !per_share.is_zero() {
                        let name = if kind == Kind::CryptoFee { "price" } else { "per_share_amount" };
                        fields.insert(name.to_owned(), text(per_share));
                    }
                }
                value
            }
        }
    }

    pub(super) fn list_activities(&self, account: usize, kind: Option<&str>, query: &Query) -> Answer {
        let mut kinds = query.list("activity_types");
        kinds.extend(kind);
        if let Some(unknown) = kinds.iter().find(|k| !CODES.contains(k)) {
            return Err(Refusal::malformed(format!("invalid activity type: {unknown}")));
        }
        let category = query.choice("category", &["", "trade_activity", "non_trade_activity"])?;
        if !category.is_empty() && !kinds.is_empty() {
            return Err(Refusal::malformed("category and activity_types cannot be given together"));
        }
        let (mut after, mut until) = (query.time("after")?, query.time("until")?);
        if let Some(day) = query.time("date")? {
            (after, until) = (Some(day.plus(-1)), Some(day.plus(DAY_NS - 1)));
        }
        let size = query.count("page_size", 100, 1..=100)?;
        let newest_first = query.choice("direction", &["desc", "asc"])? == "desc";
        let wanted = |a: &&Activity| {
            (kinds.is_empty() || kinds.contains(&a.code()))
                && (category.is_empty() || (category == "trade_activity") == (a.code() == "FILL"))
                && after.is_none_or(|t| a.ts > t)
                && until.is_none_or(|t| a.ts <= t)
        };
        let all: Vec<&Activity> = self.holders[account].activities.iter().filter(wanted).collect();
        let ordered: Box<dyn Iterator<Item = &Activity>> =
            if newest_first { Box::new(all.into_iter().rev()) } else { Box::new(all.into_iter()) };
        let seed = self.config.seed;
        let page: Vec<Value> = match query.get("page_token") {
            // The page begins after the activity whose id the token is.
            Some(token) => ordered.skip_while(|a| a.id(seed) != token).skip(1).take(size).map(|a| self.activity_json(account, a)).collect(),
            None => ordered.take(size).map(|a| self.activity_json(account, a)).collect(),
        };
        Ok((200, Value::Array(page)))
    }
}
