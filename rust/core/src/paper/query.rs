//! Reading requests: query strings, bodies, numbers and times.

use super::refusal::Refusal;
use crate::feeds::zone::{NewYorkDay, parse_date};
use crate::types::{Price, Timestamp};
use serde_json::Value;

/// Percent-decoded text.
pub(super) fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let hex = |at: usize| bytes.get(at).and_then(|&b| (b as char).to_digit(16));
        match (bytes[i], hex(i + 1), hex(i + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                i += 2;
            }
            (b, _, _) => out.push(b),
        }
        i += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The fields of a query string, or of a JSON body where the query has none of a name.
pub(super) struct Query {
    fields: Vec<(String, String)>,
}

impl Query {
    pub(super) fn new(query: &str) -> Self {
        let pairs = query.trim_start_matches('?').split('&').filter(|p| !p.is_empty());
        let field = |text: &str| decoded(&text.replace('+', " "));
        Self { fields: pairs.map(|p| p.split_once('=').map_or_else(|| (field(p), String::new()), |(k, v)| (field(k), field(v)))).collect() }
    }

    /// The value of `name`, if it is there and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(k, v)| k == name && !v.is_empty()).map(|(_, v)| v.as_str())
    }

    /// The values of `name`, which may be given more than once and hold commas.
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        let all = self.fields.iter().filter(|(k, _)| k == name || k.strip_suffix("[]") == Some(name));
        all.flat_map(|(_, v)| v.split(',')).map(str::trim).filter(|v| !v.is_empty()).collect()
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, Refusal> {
        match self.get(name).map(str::to_ascii_lowercase).as_deref() {
            None | Some("false" | "0" | "f") => Ok(false),
            Some("true" | "1" | "t") => Ok(true),
            Some(_) => Err(Refusal::malformed(format!("invalid {name}: must be true or false"))),
        }
    }

    /// A whole number from `range`, else the default.
    pub(super) fn count(&self, name: &str, default: usize, range: std::ops::RangeInclusive<usize>) -> Result<usize, Refusal> {
        let Some(text) = self.get(name) else { return Ok(default) };
        let parsed = text.parse::<usize>().ok().filter(|n| range.contains(n));
        parsed.ok_or_else(|| Refusal::malformed(format!("invalid {name}: must be {} to {}", range.start(), range.end())))
    }

    /// One of `choices`, else the first.
    pub(super) fn choice<'a>(&self, name: &str, choices: &[&'a str]) -> Result<&'a str, Refusal> {
        let Some(given) = self.get(name) else { return Ok(choices[0]) };
        let found = choices.iter().find(|c| c.eq_ignore_ascii_case(given));
        found.copied().ok_or_else(|| Refusal::malformed(format!("invalid {name}: must be one of {}", choices.join(", "))))
    }

    pub(super) fn time(&self, name: &str) -> Result<Option<Timestamp>, Refusal> {
        self.get(name).map(|text| time(name, text)).transpose()
    }
}

/// An RFC 3339 time, a date in New York, or seconds since the epoch.
pub(super) fn time(name: &str, text: &str) -> Result<Timestamp, Refusal> {
    // A plus sign that was not encoded has become a space.
    let fixed = text.replace(' ', "+");
    let rfc = chrono::DateTime::parse_from_rfc3339(&fixed).or_else(|_| chrono::DateTime::parse_from_rfc3339(&format!("{fixed}Z")));
    let date = || parse_date(text.as_bytes()).and_then(|d| NewYorkDay::new(d).ok()).map(|d| d.at_ms(0));
    let seconds = || text.parse::<i64>().ok().and_then(|s| s.checked_mul(1_000_000_000)).map(Timestamp::from_nanos);
    let known = rfc.ok().and_then(|t| t.timestamp_nanos_opt()).map(Timestamp::from_nanos).or_else(date).or_else(seconds);
    known.ok_or_else(|| Refusal::malformed(format!("invalid {name}: {text} is neither an RFC 3339 time nor a date YYYY-MM-DD")))
}

/// The body as a JSON object; an empty one stands for none.
pub(super) fn body(bytes: &[u8]) -> Result<Value, Refusal> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    let value: Value = serde_json::from_slice(bytes).map_err(|e| Refusal::bad_request(format!("request body format is invalid: {e}")))?;
    if value.is_object() { Ok(value) } else { Err(Refusal::bad_request("request body format is invalid: it must be a JSON object")) }
}

/// Text under `name`; none where it is absent, null or empty.
pub(super) fn text<'a>(body: &'a Value, name: &str) -> Result<Option<&'a str>, Refusal> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(s)) => Ok(Some(s.as_str()).filter(|s| !s.is_empty())),
        Some(_) => Err(Refusal::malformed(format!("invalid {name}: must be text"))),
    }
}

pub(super) fn flag(body: &Value, name: &str) -> Result<Option<bool>, Refusal> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(b)) => Ok(Some(*b)),
        Some(Value::String(s)) if s == "true" => Ok(Some(true)),
        Some(Value::String(s)) if s == "false" => Ok(Some(false)),
        Some(_) => Err(Refusal::malformed(format!("invalid {name}: must be true or false"))),
    }
}

/// A decimal under `name`, text or number, in units of 1e-9.
pub(super) fn decimal(body: &Value, name: &str) -> Result<Option<i64>, Refusal> {
    let wrong = || Refusal::malformed(format!("invalid {name}: must be a number of at most 9 decimals"));
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(s)) if s.is_empty() => Ok(None),
        Some(Value::String(s)) => Price::parse(s.trim().as_bytes()).map(|p| Some(p.raw())).map_err(|_| wrong()),
        Some(Value::Number(n)) => {
            let exact = Price::parse(n.to_string().as_bytes());
            let parsed = exact.or_else(|e| n.as_f64().map_or(Err(e), Price::from_f64));
            parsed.map(|p| Some(p.raw())).map_err(|_| wrong())
        }
        Some(_) => Err(wrong()),
    }
}
