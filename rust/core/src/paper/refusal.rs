//! What a request is refused with: HTTP status, Alpaca's code and message, and what else the body holds.

use serde_json::{Map, Value, json};

/// A refusal.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    code: u32,
    message: String,
    more: Map<String, Value>,
}

/// What a route gives: status and body, or a refusal.
pub(super) type Answer = Result<(u16, Value), Refusal>;

/// Malformed requests.
const MALFORMED: u32 = 40_010_001;
/// Requests that break a rule of the market.
const UNPROCESSABLE: u32 = 42_210_000;
/// Requests that the account may not make.
const FORBIDDEN: u32 = 40_310_000;
/// Pattern day trading.
const DAY_TRADING: u32 = 40_310_100;
/// Nothing there.
const NOT_FOUND: u32 = 40_410_000;

impl Refusal {
    fn new(status: u16, code: u32, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), more: Map::new() }
    }

    /// A field is missing or cannot be read.
    pub(super) fn malformed(message: impl Into<String>) -> Self {
        Self::new(422, MALFORMED, message)
    }

    /// A query or a body that is none.
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, MALFORMED, message)
    }

    /// A rule of the market is broken.
    pub(super) fn unprocessable(message: impl Into<String>) -> Self {
        Self::new(422, UNPROCESSABLE, message)
    }

    /// The account may not.
    pub(super) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(403, FORBIDDEN, message)
    }

    /// The account day-trades too much.
    pub(super) fn day_trading() -> Self {
        Self::new(403, DAY_TRADING, "trade denied due to pattern day trading protection")
    }

    /// There is no such thing.
    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, NOT_FOUND, message)
    }

    /// The path is known and the method is not.
    pub(super) fn method_not_allowed() -> Self {
        Self::new(405, 40_010_000, "method not allowed")
    }

    /// With another field in the body.
    pub(super) fn with(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.more.insert(name.to_owned(), Value::String(value.to_string()));
        self
    }

    /// The body.
    pub(super) fn body(&self) -> Value {
        let mut body = self.more.clone();
        body.insert("code".to_owned(), json!(self.code));
        body.insert("message".to_owned(), json!(self.message));
        Value::Object(body)
    }

    /// What makes `request` impossible at Alpaca, in the words of [`crate::order::OrderRequest::fault`] and [`crate::order::OrderRequest::broker_fault`].
    pub(super) fn of_fault(why: &'static str) -> Self {
        let rule = [
            "extended hours",
            "take_profit",
            "fractional",
            "sub-penny",
            "crypto",
            "bracket, oco",
            "opg and cls",
            "a stop waits",
            "a trailing",
        ];
        if rule.iter().any(|start| why.starts_with(start)) { Self::unprocessable(why) } else { Self::malformed(why) }
    }
}
