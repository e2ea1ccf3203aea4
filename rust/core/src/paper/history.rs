//! `/account/portfolio/history`: equity over time.

use super::calendar::Calendar;
use super::query::{Query, time};
use super::refusal::{Answer, Refusal};
use super::state::State;
use crate::types::{DAY_NS, HOUR_NS, MINUTE_NS, Money, SECOND_NS, Timestamp};
use serde_json::{Map, Value, json};

/// Frames, their lengths, and the longest period in days that each may cover.
const FRAMES: [(&str, i64, i64); 5] =
    [("1Min", MINUTE_NS, 7), ("5Min", 5 * MINUTE_NS, 30), ("15Min", 15 * MINUTE_NS, 30), ("1H", HOUR_NS, 30), ("1D", DAY_NS, 3_660)];

fn period_days(text: &str) -> Result<i64, Refusal> {
    let wrong = || Refusal::malformed(format!("invalid period: {text}; give a number and D, W, M or A, such as 1M"));
    let unit = text.chars().last().ok_or_else(wrong)?;
    let days = match unit {
        'D' => 1,
        'W' => 7,
        'M' => 30,
        'A' | 'Y' => 365,
        _ => return Err(wrong()),
    };
    let number: i64 = text[..text.len() - unit.len_utf8()].parse().map_err(|_| wrong())?;
    if (1..=3_660).contains(&number) { Ok((number * days).min(3_660)) } else { Err(wrong()) }
}

/// Which hours have points.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hours {
    Market,
    Extended,
    Continuous,
}

/// Begin and end of every window from `from` to `until`, nanoseconds.
fn windows(calendar: &Calendar, hours: Hours, frame: i64, from: Timestamp, until: Timestamp) -> Vec<(Timestamp, Timestamp)> {
    let mut all = Vec::new();
    let mut cut = |begin: Timestamp, end: Timestamp, step: i64| {
        let mut at = begin;
        while at < end && at <= until {
            let next = at.plus(step).min(end);
            if next > from {
                all.push((at, next));
            }
            at = next;
        }
    };
    if hours == Hours::Continuous || calendar.days().is_empty() {
        cut(from.floor_to(frame), until.plus(1), frame);
        return all;
    }
    for day in calendar.days().iter().filter(|d| d[3] > from && d[0] <= until) {
        let (begin, end) = if hours == Hours::Extended { (day[0], day[3]) } else { (day[1], day[2]) };
        cut(begin, end, if frame == DAY_NS { end.since(begin) } else { frame });
    }
    all
}

impl State {
    fn equity_at(&self, account: usize, ts: Timestamp) -> Option<Money> {
        let samples = &self.holders[account].samples;
        samples[..samples.partition_point(|s| s.0 <= ts)].last().map(|s| s.1)
    }

    pub(super) fn portfolio_history(&self, account: usize, query: &Query) -> Answer {
        let frame_name = query.get("timeframe");
        let (start, end) = (query.time("start")?, query.time("end")?);
        let end = end.or(query.get("date_end").map(|d| time("date_end", d).map(|t| t.plus(DAY_NS))).transpose()?);
        let until = end.map_or(self.now, |t| t.min(self.now));
        let period = query.get("period");
        if period.is_some() && start.is_some() && end.is_some() {
            return Err(Refusal::malformed("only two of start, end and period are accepted"));
        }
        let days = match (period, start) {
            (Some(text), _) => period_days(text)?,
            (None, Some(start)) => (until.since(start) / DAY_NS).clamp(0, 3_660),
            (None, None) => 30,
        };
        let default = if days < 7 {
            "1Min"
        } else if days < 30 {
            "15Min"
        } else {
            "1D"
        };
        let name = frame_name.unwrap_or(default);
        let known = FRAMES.iter().find(|f| f.0 == name);
        let &(name, frame, longest) =
            known.ok_or_else(|| Refusal::malformed("invalid timeframe: must be one of 1Min, 5Min, 15Min, 1H, 1D"))?;
        if days > longest {
            return Err(Refusal::unprocessable(format!("timeframe {name} covers at most {longest} days")));
        }
        let hours = match query.choice("intraday_reporting", &["market_hours", "extended_hours", "continuous"])? {
            "continuous" if frame < DAY_NS => Hours::Continuous,
            "extended_hours" if frame < DAY_NS => Hours::Extended,
            _ if query.flag("extended_hours")? && frame < DAY_NS => Hours::Extended,
            _ => Hours::Market,
        };
        let resets = match query.choice("pnl_reset", &["", "per_day", "no_reset"])? {
            "" => frame < DAY_NS,
            choice => choice == "per_day",
        };
        let created = self.holders[account].samples.first().map_or(self.now, |s| s.0);
        let from = self.first_moment(start, days, until).max(created.floor_to(frame.min(HOUR_NS)));
        let base = self.equity_at(account, from.plus(-1)).or_else(|| self.equity_at(account, created)).unwrap_or(Money::ZERO);
        let (mut at, mut equity, mut profit, mut part) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (mut day, mut day_base, mut last) = (String::new(), base, base);
        for (begin, end) in windows(&self.calendar, hours, frame, from, until) {
            let date = super::calendar::date_text(begin);
            if resets && date != day {
                (day, day_base) = (date, last);
            }
            // The window that is not over holds what is known now.
            let now = if end > self.now { Some(self.holders[account].ledger.equity()) } else { self.equity_at(account, end.plus(-1)) };
            let Some(now) = now else { continue };
            last = now;
            let gain = now.raw() - day_base.raw();
            at.push(begin.nanos() / SECOND_NS);
            equity.push(now.to_f64());
            profit.push(Money::from_raw(gain).to_f64());
            part.push(if day_base == Money::ZERO { 0.0 } else { gain as f64 / day_base.raw() as f64 });
        }
        let mut answer = json!({
            "timestamp": at,
            "equity": equity,
            "profit_loss": profit,
            "profit_loss_pct": part,
            "base_value": base.to_f64(),
            "base_value_asof": super::calendar::date_text(from),
            "timeframe": name,
        });
        let flows = self.cash_flows(account, query, &at, frame);
        if let Value::Object(fields) = &mut answer {
            fields.insert("cashflow".to_owned(), Value::Object(flows));
        }
        Ok((200, answer))
    }

    /// The start of a period of `days` before `until`: days of trading, where there is a calendar.
    fn first_moment(&self, start: Option<Timestamp>, days: i64, until: Timestamp) -> Timestamp {
        if let Some(start) = start {
            return start;
        }
        if days == 1 {
            // One day is the trading day that `until` is in, or the last one.
            let today = self.calendar.days().iter().rev().find(|d| d[0] <= until);
            return today.map_or_else(|| until.floor_to(DAY_NS), |d| d[0]);
        }
        until.plus(-days * DAY_NS)
    }

    /// Money in and out by type and window.
    fn cash_flows(&self, account: usize, query: &Query, at: &[i64], frame: i64) -> Map<String, Value> {
        let asked = query.list("cashflow_types");
        let mut flows = Map::new();
        if asked.is_empty() || asked.contains(&"NONE") || at.is_empty() {
            return flows;
        }
        let mut sums: std::collections::BTreeMap<&str, Vec<i128>> = std::collections::BTreeMap::new();
        for activity in &self.holders[account].activities {
            let Some((code, amount)) = activity.cash() else { continue };
            let seconds = activity.ts.nanos() / SECOND_NS;
            let window = at.partition_point(|&t| t <= seconds);
            let inside = window > 0 && (window < at.len() || seconds < at[window - 1] + frame / SECOND_NS);
            if inside && !activity.is_transfer() && (asked.contains(&"ALL") || asked.contains(&code)) {
                sums.entry(code).or_insert_with(|| vec![0; at.len()])[window - 1] += amount.raw();
            }
        }
        for (code, amounts) in sums {
            flows.insert(code.to_owned(), amounts.into_iter().map(|raw| Value::from(Money::from_raw(raw).to_f64())).collect());
        }
        flows
    }
}
