//! Records of a session as JSON, for people.

use super::payload::{self, Header, SnapshotRecord, Step};
use crate::engine::{EngineState, Fill};
use crate::journal::RecordKind;
use crate::types::{Error, InstrumentId, OrderId, Price, Qty, Result, Side, StrategyId, Timestamp};
use crate::venue::OrderCommand;
use serde::Serialize;
use serde_json::{Value, json};

/// What the payload of a record says; null for kinds that no session writes.
///
/// Prices, quantities and dollars are decimal texts, times RFC 3339.
pub fn describe(kind: RecordKind, sequence: u64, payload: &[u8]) -> Result<Value> {
    Ok(match kind {
        RecordKind::SESSION => value(&payload::decode::<Header>(payload, sequence)?)?,
        _ if payload::is_step(kind) => value(&Step::decode(payload, sequence)?)?,
        RecordKind::ORDER => value(&payload::decode::<OrderCommand>(payload, sequence)?)?,
        RecordKind::FILL => value(&payload::decode::<Fill>(payload, sequence)?)?,
        RecordKind::REFUSAL => {
            type Fields = (Timestamp, OrderId, StrategyId, InstrumentId, Side, Qty, Option<Price>, String, String);
            let (ts, order, strategy, instrument, side, qty, price, code, why): Fields = payload::decode(payload, sequence)?;
            json!({
                "ts": ts, "order": order, "strategy": strategy, "instrument": instrument, "side": side, "qty": qty, "price": price,
                "code": code, "why": why,
            })
        }
        RecordKind::STATE => {
            let (ts, from, to, by, why): (Timestamp, EngineState, EngineState, String, String) = payload::decode(payload, sequence)?;
            json!({"ts": ts, "from": from.as_str(), "to": to.as_str(), "by": by, "why": why})
        }
        RecordKind::FAULT => {
            let (ts, strategy, why, is_isolated): (Timestamp, StrategyId, String, bool) = payload::decode(payload, sequence)?;
            json!({"ts": ts, "strategy": strategy, "why": why, "is_isolated": is_isolated})
        }
        RecordKind::ANOMALY => {
            let (ts, why, is_money): (Timestamp, String, bool) = payload::decode(payload, sequence)?;
            json!({"ts": ts, "why": why, "is_money": is_money})
        }
        RecordKind::SNAPSHOT => value(&payload::decode::<SnapshotRecord>(payload, sequence)?)?,
        RecordKind::RECOVERY | RecordKind::NOTE => Value::String(String::from_utf8_lossy(payload).into_owned()),
        _ => Value::Null,
    })
}

fn value(what: &impl Serialize) -> Result<Value> {
    serde_json::to_value(what).map_err(|e| Error::data("journal payload", format!("cannot be told: {e}")))
}
