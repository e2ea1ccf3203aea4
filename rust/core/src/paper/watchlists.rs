//! Watchlists.

use super::config::{AssetSpec, Uuid};
use super::json::time_text;
use super::query;
use super::refusal::{Answer, Refusal};
use super::state::State;
use crate::types::{InstrumentId, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

/// Longest name.
const NAME_MAX: usize = 64;

/// A named list of symbols.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Watchlist {
    id: Uuid,
    name: String,
    created: Timestamp,
    updated: Timestamp,
    assets: Vec<InstrumentId>,
}

/// How a request names a watchlist.
#[derive(Clone, Copy, Debug)]
pub(super) enum Which<'a> {
    /// By its id.
    Id(&'a str),
    /// By its name.
    Name(&'a str),
}

/// An asset as `/v2/assets` gives it.
pub(super) fn asset_json(asset: &AssetSpec) -> Value {
    json!({
        "id": asset.id.to_string(),
        "class": asset.asset_class.as_str(),
        "exchange": exchange(asset),
        "symbol": asset.symbol,
        "name": asset.name.as_deref().unwrap_or(&asset.symbol),
        "status": if asset.tradable { "active" } else { "inactive" },
        "tradable": asset.tradable,
        "marginable": asset.marginable,
        "shortable": asset.shortable,
        "easy_to_borrow": asset.easy_to_borrow,
        "fractionable": asset.fractionable,
        "attributes": [],
    })
}

/// The asset's exchange, or what its class stands for.
pub(super) fn exchange(asset: &AssetSpec) -> &str {
    let other = if asset.asset_class == super::config::AssetClass::Crypto { "CRYPTO" } else { "NASDAQ" };
    asset.exchange.as_deref().unwrap_or(other)
}

impl State {
    fn watchlist_json(&self, account: usize, list: &Watchlist, with_assets: bool) -> Value {
        let mut value = json!({
            "id": list.id.to_string(),
            "account_id": self.config.accounts[account].id.to_string(),
            "created_at": time_text(list.created),
            "updated_at": time_text(list.updated),
            "name": list.name,
        });
        if with_assets && let Value::Object(fields) = &mut value {
            let assets = list.assets.iter().filter_map(|&i| self.asset(i)).map(asset_json).collect();
            fields.insert("assets".to_owned(), Value::Array(assets));
        }
        value
    }

    fn find_watchlist(&self, account: usize, which: Which<'_>) -> Result<usize, Refusal> {
        let lists = &self.holders[account].watchlists;
        let found = match which {
            Which::Id(text) => Uuid::parse(text).and_then(|id| lists.iter().position(|l| l.id == id)),
            Which::Name(name) => lists.iter().position(|l| l.name == name),
        };
        found.ok_or_else(|| Refusal::not_found("watchlist not found"))
    }

    fn asset_named(&self, symbol: &str) -> Result<InstrumentId, Refusal> {
        self.instrument(symbol).ok_or_else(|| Refusal::unprocessable(format!("asset \"{symbol}\" not found")))
    }

    fn symbols_of(&self, body: &Value) -> Result<Option<Vec<InstrumentId>>, Refusal> {
        let list = match body.get("symbols") {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Array(list)) => list,
            Some(_) => return Err(Refusal::malformed("invalid symbols: must be a list")),
        };
        let mut assets = Vec::new();
        for symbol in list.iter().filter(|s| !s.is_null()) {
            let symbol = symbol.as_str().ok_or_else(|| Refusal::malformed("invalid symbols: must be a list of text"))?;
            let id = self.asset_named(symbol)?;
            if !assets.contains(&id) {
                assets.push(id);
            }
        }
        Ok(Some(assets))
    }

    fn name_of<'a>(&self, account: usize, body: &'a Value, but: Option<usize>) -> Result<Option<&'a str>, Refusal> {
        let Some(name) = query::text(body, "name")? else { return Ok(None) };
        if name.chars().count() > NAME_MAX {
            return Err(Refusal::malformed("name must be at most 64 characters"));
        }
        let mut lists = self.holders[account].watchlists.iter().enumerate();
        if lists.any(|(i, l)| l.name == name && Some(i) != but) {
            return Err(Refusal::malformed("watchlist name must be unique"));
        }
        Ok(Some(name))
    }

    pub(super) fn list_watchlists(&self, account: usize) -> Value {
        self.holders[account].watchlists.iter().map(|l| self.watchlist_json(account, l, false)).collect()
    }

    pub(super) fn get_watchlist(&self, account: usize, which: Which<'_>) -> Answer {
        let at = self.find_watchlist(account, which)?;
        Ok((200, self.watchlist_json(account, &self.holders[account].watchlists[at], true)))
    }

    pub(super) fn make_watchlist(&mut self, account: usize, body: &Value) -> Answer {
        let name = self.name_of(account, body, None)?.ok_or_else(|| Refusal::malformed("name is required"))?.to_owned();
        let assets = self.symbols_of(body)?.unwrap_or_default();
        let (now, seed) = (self.now, self.config.seed);
        let holder = &mut self.holders[account];
        holder.watchlists_made += 1;
        let number = (account as u64) << 40 | holder.watchlists_made;
        holder.watchlists.push(Watchlist { id: Uuid::made(seed, "watchlist", number), name, created: now, updated: now, assets });
        let made = holder.watchlists.len() - 1;
        Ok((200, self.watchlist_json(account, &self.holders[account].watchlists[made], true)))
    }

    pub(super) fn change_watchlist(&mut self, account: usize, which: Which<'_>, body: &Value) -> Answer {
        let at = self.find_watchlist(account, which)?;
        let name = self.name_of(account, body, Some(at))?.map(str::to_owned);
        let assets = self.symbols_of(body)?;
        let now = self.now;
        let list = &mut self.holders[account].watchlists[at];
        list.updated = now;
        if let Some(name) = name {
            list.name = name;
        }
        if let Some(assets) = assets {
            list.assets = assets;
        }
        self.get_watchlist(account, which_at(&self.holders[account].watchlists[at].name.clone()))
    }

    pub(super) fn add_to_watchlist(&mut self, account: usize, which: Which<'_>, body: &Value) -> Answer {
        let at = self.find_watchlist(account, which)?;
        let symbol = query::text(body, "symbol")?.ok_or_else(|| Refusal::malformed("symbol is required"))?;
        let asset = self.asset_named(symbol)?;
        let now = self.now;
        let list = &mut self.holders[account].watchlists[at];
        if list.assets.contains(&asset) {
            return Err(Refusal::unprocessable("duplicate symbol"));
        }
        list.assets.push(asset);
        list.updated = now;
        self.get_watchlist(account, which)
    }

    pub(super) fn remove_from_watchlist(&mut self, account: usize, which: Which<'_>, symbol: &str) -> Answer {
        let at = self.find_watchlist(account, which)?;
        let asset = self.instrument(symbol);
        let now = self.now;
        let list = &mut self.holders[account].watchlists[at];
        let place =
            list.assets.iter().position(|&a| Some(a) == asset).ok_or_else(|| Refusal::not_found("symbol not found in watchlist"))?;
        list.assets.remove(place);
        list.updated = now;
        self.get_watchlist(account, which)
    }

    pub(super) fn drop_watchlist(&mut self, account: usize, which: Which<'_>) -> Answer {
        let at = self.find_watchlist(account, which)?;
        self.holders[account].watchlists.remove(at);
        Ok((204, Value::Null))
    }
}

const fn which_at(name: &str) -> Which<'_> {
    Which::Name(name)
}
