//! Which request is answered by what.

use super::query::{Query, body, decoded};
use super::refusal::{Answer, Refusal};
use super::state::State;
use super::watchlists::Which;
use crate::types::{Error, InstrumentId, Result, Timestamp};
use serde::{Deserialize, Serialize};

/// A request, as it is journaled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) account: u32,
    pub(super) now: Timestamp,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) body: Vec<u8>,
}

impl Request {
    /// True where it may change something.
    pub(super) fn writes(&self) -> bool {
        self.method != "GET"
    }

    /// The instruments whose market must be taken in before it is answered.
    pub(super) fn concerns(&self, state: &State) -> Vec<InstrumentId> {
        let mut all = state.held_instruments(self.account as usize);
        if self.method == "POST"
            && let Ok(body) = body(&self.body)
        {
            all.extend(body.get("symbol").and_then(|s| s.as_str()).and_then(|s| state.instrument(s)));
        }
        if matches!(self.method.as_str(), "PATCH" | "DELETE") {
            // What is replaced or canceled, and what rests.
            all.extend(state.open_of(self.account as usize).into_iter().filter_map(|id| state.orders.get(id)).map(|o| o.instrument));
        }
        all.sort_unstable();
        all.dedup();
        all
    }
}

fn not_found() -> Refusal {
    Refusal::not_found("endpoint not found")
}

impl State {
    /// Answer a request: HTTP status and body.
    pub(super) fn request(&mut self, request: &Request) -> Result<(u16, Vec<u8>)> {
        if request.account as usize >= self.holders.len() {
            return Err(Error::data("account", format!("{} is none of the {} that there are", request.account, self.holders.len())));
        }
        let before = self.now;
        self.now = self.now.max(request.now);
        let answer = self.route(request);
        if request.writes() {
            let now = self.now;
            self.settle(now)?;
        } else {
            // Reading leaves no trace, not even that of its time.
            self.now = before;
        }
        let (status, value) = match answer {
            Ok(answer) => answer,
            Err(refusal) => (refusal.status, refusal.body()),
        };
        let bytes = if value.is_null() { Vec::new() } else { value.to_string().into_bytes() };
        Ok((status, bytes))
    }

    fn route(&mut self, request: &Request) -> Answer {
        let account = request.account as usize;
        let query = Query::new(&request.query);
        // A crypto pair's slash may come encoded, or not.
        let path = request.path.trim_matches('/');
        let parts: Vec<String> = path.split('/').map(decoded).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let body = || body(&request.body);
        match (request.method.as_str(), parts.as_slice()) {
            ("GET", ["account"]) => Ok((200, self.account_json(account))),
            ("GET", ["account", "configurations"]) => Ok((200, self.configurations(account))),
            ("PATCH", ["account", "configurations"]) => self.configure(account, &body()?),
            ("GET", ["account", "activities"]) => self.list_activities(account, None, &query),
            ("GET", ["account", "activities", kind]) => self.list_activities(account, Some(kind), &query),
            ("GET", ["account", "portfolio", "history"]) => self.portfolio_history(account, &query),
            ("GET", ["orders"]) => self.list_orders(account, &query),
            ("POST", ["orders"]) => self.post_order(account, &body()?),
            ("DELETE", ["orders"]) => Ok((207, self.cancel_all(account))),
            ("GET", ["orders:by_client_order_id"]) => self.order_by_client_id(account, &query),
            ("GET", ["orders", id]) => self.get_order(account, id, &query),
            ("PATCH", ["orders", id]) => self.patch_order(account, id, &body()?),
            ("DELETE", ["orders", id]) => self.delete_order(account, id),
            ("GET", ["positions"]) => Ok((200, self.list_positions(account))),
            ("DELETE", ["positions"]) => self.close_all(account, &query),
            ("GET", ["positions", name @ ..]) => self.get_position(account, &name.join("/")),
            ("DELETE", ["positions", name @ ..]) => self.close_position(account, &name.join("/"), &query),
            (method, ["watchlists", ..]) => self.watchlist_route(account, method, &parts[1..], None, request),
            (method, ["watchlists:by_name", ..]) => {
                let name = query.get("name").ok_or_else(|| Refusal::malformed("name is required"))?;
                self.watchlist_route(account, method, &parts[1..], Some(name), request)
            }
            ("GET" | "POST" | "PATCH" | "PUT" | "DELETE", _) => Err(not_found()),
            _ => Err(Refusal::method_not_allowed()),
        }
    }

    fn watchlist_route(&mut self, account: usize, method: &str, parts: &[&str], name: Option<&str>, request: &Request) -> Answer {
        let body = || body(&request.body);
        let (which, symbol): (Which<'_>, &[&str]) = match (name, parts) {
            (None, []) => {
                return match method {
                    "GET" => Ok((200, self.list_watchlists(account))),
                    "POST" => self.make_watchlist(account, &body()?),
                    _ => Err(Refusal::method_not_allowed()),
                };
            }
            (Some(name), symbol) => (Which::Name(name), symbol),
            (None, [id, symbol @ ..]) => (Which::Id(id), symbol),
        };
        match (method, symbol) {
            ("GET", []) => self.get_watchlist(account, which),
            ("PUT", []) => self.change_watchlist(account, which, &body()?),
            ("POST", []) => self.add_to_watchlist(account, which, &body()?),
            ("DELETE", []) => self.drop_watchlist(account, which),
            ("DELETE", symbol) => self.remove_from_watchlist(account, which, &symbol.join("/")),
            _ => Err(Refusal::method_not_allowed()),
        }
    }
}
