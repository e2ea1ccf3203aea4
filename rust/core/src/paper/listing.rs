//! `GET /orders`: which orders, in what order, with their legs beside or within them.

use super::config::{AssetClass, Uuid};
use super::json::order_json;
use super::query::Query;
use super::refusal::{Answer, Refusal};
use super::state::State;
use crate::order::{Order, Role};
use crate::types::{InstrumentId, OrderId};
use serde_json::Value;

impl State {
    pub(super) fn list_orders(&self, account: usize, query: &Query) -> Answer {
        let status = query.choice("status", &["open", "closed", "all"])?;
        let limit = query.count("limit", 50, 1..=500)?;
        let newest_first = query.choice("direction", &["desc", "asc"])? == "desc";
        let side = query.choice("side", &["", "buy", "sell"])?;
        let class = query.choice("asset_class", &["", "us_equity", "crypto", "us_option", "all"])?;
        let nested = query.flag("nested")?;
        let (after, until) = (query.time("after")?, query.time("until")?);
        let symbols: Vec<Option<InstrumentId>> = query.list("symbols").into_iter().map(|s| self.instrument(s)).collect();
        let before_id = self.listed_id(account, query, "before_order_id")?;
        let after_id = self.listed_id(account, query, "after_order_id")?;
        let has_status = |o: &Order| match status {
            "open" => !o.status().is_terminal(),
            "closed" => o.status().is_terminal(),
            _ => true,
        };
        let of_class = |o: &Order| match class {
            "" | "all" => true,
            "crypto" => self.asset(o.instrument).is_some_and(|a| a.asset_class == AssetClass::Crypto),
            "us_equity" => self.asset(o.instrument).is_some_and(|a| a.asset_class == AssetClass::UsEquity),
            _ => false,
        };
        let wanted = |o: &&Order| {
            let leg = o.role != Role::Parent;
            // A parent is listed with its legs while one of them is what is asked for.
            let shown = has_status(o) || (nested && o.legs().iter().filter_map(|&l| self.orders.get(l)).any(has_status));
            (!nested || !leg)
                && shown
                && of_class(o)
                && (side.is_empty() || o.side.as_str() == side)
                && (symbols.is_empty() || symbols.contains(&Some(o.instrument)))
                && after.is_none_or(|t| o.submitted > t)
                && until.is_none_or(|t| o.submitted < t)
                && before_id.is_none_or(|id| o.id < id)
                && after_id.is_none_or(|id| o.id > id)
        };
        let render = |o: &Order| order_json(self, o, nested);
        // Of many orders few are open.
        let open = if status == "open" && !nested { Some(self.open_of(account)) } else { None };
        let ids = open.as_ref().unwrap_or(&self.holders[account].orders).iter();
        let rows: Vec<Value> = if newest_first {
            ids.rev().filter_map(|&id| self.orders.get(id)).filter(wanted).take(limit).map(render).collect()
        } else {
            ids.filter_map(|&id| self.orders.get(id)).filter(wanted).take(limit).map(render).collect()
        };
        Ok((200, Value::Array(rows)))
    }

    fn listed_id(&self, account: usize, query: &Query, name: &str) -> Result<Option<OrderId>, Refusal> {
        let Some(text) = query.get(name) else { return Ok(None) };
        if Uuid::parse(text).is_none() {
            return Err(Refusal::malformed(format!("invalid {name}: must be a UUID")));
        }
        self.order_of(account, text).map(|o| Some(o.id))
    }

    pub(super) fn get_order(&self, account: usize, id: &str, query: &Query) -> Answer {
        let order = self.order_of(account, id)?;
        Ok((200, order_json(self, &order, query.flag("nested")?)))
    }

    pub(super) fn order_by_client_id(&self, account: usize, query: &Query) -> Answer {
        let name = query.get("client_order_id").ok_or_else(|| Refusal::malformed("client_order_id is required"))?;
        let found = self.holders[account].by_client_id.get(name).and_then(|&id| self.orders.get(id));
        let order = found.ok_or_else(|| Refusal::not_found(format!("order not found for {name}")))?;
        Ok((200, order_json(self, order, false)))
    }
}
