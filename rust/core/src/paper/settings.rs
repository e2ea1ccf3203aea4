//! `/account/configurations`: what the holder of an account sets himself.

use super::query;
use super::refusal::{Answer, Refusal};
use super::state::State;
use crate::account::{AccountConfig, PdtCheck};
use serde::Serialize;
use serde_json::{Value, json};

/// An account's configurations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(clippy::struct_excessive_bools, reason = "the fields of Alpaca's configurations")]
pub(super) struct Settings {
    dtbp_check: String,
    pdt_check: String,
    trade_confirm_email: String,
    pub(super) suspend_trade: bool,
    pub(super) no_shorting: bool,
    pub(super) fractional_trading: bool,
    ptp_no_exception_entry: bool,
    disable_overnight_trading: bool,
    max_margin_multiplier: u8,
    max_options_trading_level: u8,
}

impl Settings {
    pub(super) fn of(config: &AccountConfig) -> Self {
        let pdt_check = match config.pdt_check {
            PdtCheck::Off | PdtCheck::Exit => "exit",
            PdtCheck::Entry => "entry",
            PdtCheck::Both => "both",
        };
        Self {
            dtbp_check: "entry".to_owned(),
            pdt_check: pdt_check.to_owned(),
            trade_confirm_email: "all".to_owned(),
            suspend_trade: false,
            no_shorting: !config.shorting,
            fractional_trading: true,
            ptp_no_exception_entry: false,
            disable_overnight_trading: false,
            max_margin_multiplier: config.max_multiplier,
            max_options_trading_level: 0,
        }
    }

    fn json(&self) -> Value {
        json!({
            "dtbp_check": self.dtbp_check,
            "pdt_check": self.pdt_check,
            "trade_confirm_email": self.trade_confirm_email,
            "suspend_trade": self.suspend_trade,
            "no_shorting": self.no_shorting,
            "fractional_trading": self.fractional_trading,
            "ptp_no_exception_entry": self.ptp_no_exception_entry,
            "disable_overnight_trading": self.disable_overnight_trading,
            "max_margin_multiplier": self.max_margin_multiplier.to_string(),
            "max_options_trading_level": self.max_options_trading_level,
        })
    }
}

fn choice(body: &Value, name: &str, choices: &[&str], into: &mut String) -> Result<(), Refusal> {
    if let Some(given) = query::text(body, name)? {
        if !choices.contains(&given) {
            return Err(Refusal::malformed(format!("invalid {name}: must be one of {}", choices.join(", "))));
        }
        given.clone_into(into);
    }
    Ok(())
}

impl State {
    pub(super) fn configurations(&self, account: usize) -> Value {
        self.holders[account].settings.json()
    }

    pub(super) fn configure(&mut self, account: usize, body: &Value) -> Answer {
        let holder = &self.holders[account];
        let mut settings = holder.settings.clone();
        choice(body, "dtbp_check", &["entry", "exit", "both"], &mut settings.dtbp_check)?;
        choice(body, "pdt_check", &["entry", "exit", "both"], &mut settings.pdt_check)?;
        choice(body, "trade_confirm_email", &["all", "none"], &mut settings.trade_confirm_email)?;
        for (name, into) in [
            ("suspend_trade", &mut settings.suspend_trade),
            ("no_shorting", &mut settings.no_shorting),
            ("fractional_trading", &mut settings.fractional_trading),
            ("ptp_no_exception_entry", &mut settings.ptp_no_exception_entry),
            ("disable_overnight_trading", &mut settings.disable_overnight_trading),
        ] {
            *into = query::flag(body, name)?.unwrap_or(*into);
        }
        if let Some(raw) = query::decimal(body, "max_margin_multiplier")? {
            settings.max_margin_multiplier = match raw {
                1_000_000_000 => 1,
                2_000_000_000 => 2,
                4_000_000_000 => 4,
                _ => return Err(Refusal::malformed("invalid max_margin_multiplier: must be 1, 2 or 4")),
            };
        }
        if let Some(raw) = query::decimal(body, "max_options_trading_level")? {
            if !(0..=3).contains(&(raw / 1_000_000_000)) || raw % 1_000_000_000 != 0 {
                return Err(Refusal::malformed("invalid max_options_trading_level: must be 0 to 3"));
            }
            settings.max_options_trading_level = (raw / 1_000_000_000) as u8;
        }
        let asked = query::text(body, "pdt_check")?.is_some();
        let old = holder.account.config();
        let config = AccountConfig {
            pdt_check: if asked { PdtCheck::parse(&settings.pdt_check).unwrap_or(old.pdt_check) } else { old.pdt_check },
            shorting: !settings.no_shorting,
            max_multiplier: settings.max_margin_multiplier,
            ..old.clone()
        };
        let holder = &mut self.holders[account];
        holder.account.set_config(config).map_err(|e| Refusal::unprocessable(e.to_string()))?;
        holder.settings = settings;
        Ok((200, self.configurations(account)))
    }
}
