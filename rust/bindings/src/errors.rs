//! The `TickwrightError` tree, and the one way into the core.

use pyo3::create_exception;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;
use tickwright_core::types::Error;

create_exception!(tickwright, TickwrightError, PyException, "Base of everything that tickwright refuses.");
create_exception!(tickwright, DataError, TickwrightError, "Market data that cannot be read or trusted.");
create_exception!(tickwright, JournalError, DataError, "A journal that cannot be read or written, or is not what was written.");
create_exception!(tickwright, ConfigError, TickwrightError, "A setting that cannot work.");
create_exception!(tickwright, OrderError, TickwrightError, "A request about an order that cannot be met.");
create_exception!(tickwright, StrategyError, TickwrightError, "A strategy that raised, or returned what makes no sense.");
create_exception!(tickwright, NumericError, TickwrightError, "A number that cannot be held exactly, or a result out of range.");
create_exception!(tickwright, InterruptedRunError, TickwrightError, "A run that the operator stopped.");

/// The Python exception for a core error.
pub(crate) fn to_py(error: Error) -> PyErr {
    let text = error.to_string();
    match error {
        Error::Data { .. } => DataError::new_err(text),
        Error::Corrupt { .. } | Error::Storage { .. } => JournalError::new_err(text),
        Error::Config { .. } => ConfigError::new_err(text),
        Error::Order { .. } => OrderError::new_err(text),
        Error::Strategy { .. } => StrategyError::new_err(text),
        Error::Number { .. } | Error::Overflow { .. } => NumericError::new_err(text),
        Error::Interrupted { .. } => InterruptedRunError::new_err(text),
        _ => TickwrightError::new_err(text),
    }
}

/// One of `choices` by its name.
pub(crate) fn choose<T: Copy>(field: &str, text: &str, choices: &[(&str, T)]) -> PyResult<T> {
    choices.iter().find(|(name, _)| *name == text).map(|c| c.1).ok_or_else(|| {
        let names = choices.iter().map(|c| c.0).collect::<Vec<_>>().join(", ");
        to_py(Error::config(field, format!("{text:?} is not known; use one of {names}")))
    })
}

/// A count from Python: a whole number from 0 up, refused like any other setting where it is none.
#[derive(Clone, Copy)]
pub(crate) struct Count(pub(crate) usize);

impl<'py> FromPyObject<'_, 'py> for Count {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let given: i64 = object.extract()?;
        let count = usize::try_from(given);
        count.map(Self).map_err(|_| to_py(Error::config("count", format!("{given} is out of range; give a whole number from 0 up"))))
    }
}

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
    static PANIC_PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Run `f` detached from the interpreter; an error becomes its exception, a panic a plain `TickwrightError`.
pub(crate) fn call<T: Send>(py: Python<'_>, f: impl FnOnce() -> Result<T, Error> + Send) -> PyResult<T> {
    py.detach(|| guarded(f)).unwrap_or_else(|message| Err(TickwrightError::new_err(message)))
}

/// The same without letting other threads run: for code that calls Python at every turn.
pub(crate) fn call_attached<T>(f: impl FnOnce() -> Result<T, Error>) -> PyResult<T> {
    guarded(f).unwrap_or_else(|message| Err(TickwrightError::new_err(message)))
}

/// `f`'s result as Python has it, or the message for its panic.
fn guarded<T>(f: impl FnOnce() -> Result<T, Error>) -> Result<PyResult<T>, String> {
    quieten_guarded_panics();
    let outer = GUARDED.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(f));
    GUARDED.set(outer);
    match result {
        Ok(result) => Ok(result.map_err(to_py)),
        Err(payload) => Err(format!(
            "internal error: {} (at {}); this is a bug in tickwright, please report it with what you called",
            panic_text(payload.as_ref()),
            PANIC_PLACE.take(),
        )),
    }
}

fn panic_text(payload: &(dyn Any + Send)) -> &str {
    payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("unknown")
}

/// Panics of guarded threads are reported by their exception; printing them too would show the user a second, stranger message.
fn quieten_guarded_panics() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if GUARDED.get() {
                PANIC_PLACE.set(info.location().map_or_else(|| "an unknown place".to_owned(), |l| format!("{}:{}", l.file(), l.line())));
            } else {
                others(info);
            }
        }));
    });
}

/// Panics inside the core, so that tests can see what a user would; debug builds only.
#[cfg(debug_assertions)]
#[pyfunction]
fn _panic(py: Python<'_>, text: String) -> PyResult<()> {
    call(py, move || panic!("{text}"))
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("TickwrightError", py.get_type::<TickwrightError>())?;
    module.add("DataError", py.get_type::<DataError>())?;
    module.add("JournalError", py.get_type::<JournalError>())?;
    module.add("ConfigError", py.get_type::<ConfigError>())?;
    module.add("OrderError", py.get_type::<OrderError>())?;
    module.add("StrategyError", py.get_type::<StrategyError>())?;
    module.add("NumericError", py.get_type::<NumericError>())?;
    module.add("InterruptedRunError", py.get_type::<InterruptedRunError>())?;
    #[cfg(debug_assertions)]
    module.add_function(wrap_pyfunction!(_panic, module)?)?;
    Ok(())
}
