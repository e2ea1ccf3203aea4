//! Settings of the decoders of crypto venues: Binance, Kraken and Coinbase.

use crate::data::quality_policy;
use crate::errors::to_py;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use tickwright_core::feeds::binance::BinanceDecoder;
use tickwright_core::feeds::coinbase::CoinbaseDecoder;
use tickwright_core::feeds::kraken::KrakenDecoder;
use tickwright_core::feeds::{Decoder, Framing, QualityPolicy};
use tickwright_core::types::Error;

type Made = PyResult<Box<dyn Decoder + Sync>>;

/// The text of a setting, where it is given.
fn text(settings: &Bound<'_, PyDict>, name: &str) -> PyResult<Option<String>> {
    let Some(value) = settings.get_item(name)?.filter(|value| !value.is_none()) else { return Ok(None) };
    value.extract().map(Some).map_err(|_| to_py(Error::config(name, format!("{value} is no text"))))
}

/// `framing` and `policy`, which all have.
fn common(settings: &Bound<'_, PyDict>) -> PyResult<(Framing, QualityPolicy)> {
    let framing = Framing::parse(text(settings, "framing")?.as_deref().unwrap_or("lines")).map_err(to_py)?;
    let choices = settings.get_item("policy")?.filter(|value| !value.is_none());
    let choices = match &choices {
        None => None,
        Some(value) => {
            let wrong = || to_py(Error::config("policy", format!("{value} is no mapping of faults to \"keep\", \"drop\" or \"fail\"")));
            Some(value.cast::<PyDict>().map_err(|_| wrong())?)
        }
    };
    Ok((framing, quality_policy(choices)?))
}

/// `framing`, `policy`, and `symbol` of depth snapshots.
pub(crate) fn binance(settings: &Bound<'_, PyDict>) -> Made {
    let (framing, policy) = common(settings)?;
    Ok(Box::new(BinanceDecoder::new(framing, text(settings, "symbol")?, policy)))
}

/// `framing`, `policy`.
pub(crate) fn kraken(settings: &Bound<'_, PyDict>) -> Made {
    let (framing, policy) = common(settings)?;
    Ok(Box::new(KrakenDecoder::new(framing, policy)))
}

/// `framing`, `policy`.
pub(crate) fn coinbase(settings: &Bound<'_, PyDict>) -> Made {
    let (framing, policy) = common(settings)?;
    Ok(Box::new(CoinbaseDecoder::new(framing, policy)))
}
