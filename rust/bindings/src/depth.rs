//! Settings of the decoders of depth-of-book feeds: ITCH and DBN.

use crate::data::quality_policy;
use crate::errors::{choose, to_py};
use chrono::NaiveDate;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use tickwright_core::feeds::dbn::{DbnDecoder, DbnOptions};
use tickwright_core::feeds::itch::{Framing, ItchDecoder, ItchOptions, date_in_name};
use tickwright_core::feeds::{Decoder, QualityPolicy};
use tickwright_core::types::Error;

type Made = PyResult<Box<dyn Decoder + Sync>>;

fn setting<'py, T: FromPyObjectOwned<'py>>(settings: &Bound<'py, PyDict>, name: &str, what: &str) -> PyResult<Option<T>> {
    let Some(value) = settings.get_item(name)?.filter(|value| !value.is_none()) else { return Ok(None) };
    let found: Result<T, _> = value.extract();
    match found {
        Ok(found) => Ok(Some(found)),
        Err(_) => Err(to_py(Error::config(name, format!("{} is not {what}", value.repr()?)))),
    }
}

fn policy(settings: &Bound<'_, PyDict>) -> PyResult<QualityPolicy> {
    let choices: Option<Bound<'_, PyDict>> = setting(settings, "policy", "a mapping of faults to \"keep\", \"drop\" or \"fail\"")?;
    quality_policy(choices.as_ref())
}

/// `date`, or `name` of a file that tells it; `framing`, `symbols`, `policy`.
pub(crate) fn itch(settings: &Bound<'_, PyDict>) -> Made {
    let given: Option<String> = setting(settings, "date", "a date such as \"2019-01-30\"")?;
    let name: Option<String> = setting(settings, "name", "a file name")?;
    let date = match (given, name) {
        (Some(text), _) => NaiveDate::parse_from_str(&text, "%Y-%m-%d")
            .map_err(|_| to_py(Error::config("date", format!("{text:?} is no day; write one such as 2019-01-30"))))?,
        (None, name) => {
            let name = name.unwrap_or_default();
            date_in_name(&name).ok_or_else(|| {
                let why =
                    format!("cannot be told from the file name {name:?}; give it, such as 2019-01-30, since ITCH has times of day only");
                to_py(Error::config("date", why))
            })?
        }
    };
    let framing: Option<String> = setting(settings, "framing", "a text")?;
    let framings = [("auto", Framing::Auto), ("length", Framing::Length), ("padded", Framing::Padded), ("bare", Framing::Bare)];
    let framing = framing.map_or(Ok(Framing::Auto), |text| choose("framing", &text, &framings))?;
    let symbols: Option<Vec<String>> = setting(settings, "symbols", "a list of symbols")?;
    let options = ItchOptions { date, framing, symbols, policy: policy(settings)? };
    Ok(Box::new(ItchDecoder::new(&options).map_err(to_py)?))
}

/// `fragment_version`, `policy`.
pub(crate) fn dbn(settings: &Bound<'_, PyDict>) -> Made {
    let fragment_version: Option<u8> = setting(settings, "fragment_version", "1, 2 or 3")?;
    let options = DbnOptions { fragment_version, policy: policy(settings)? };
    Ok(Box::new(DbnDecoder::new(&options).map_err(to_py)?))
}
