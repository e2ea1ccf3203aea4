//! Python strategies inside the core's engine: event objects, the strategy's window on the engine, and the adapter.

mod adapter;
mod events;
mod window;

pub(crate) use adapter::{Failure, PyStrategy};
pub(crate) use window::Window;

use pyo3::prelude::*;

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Window>()?;
    events::register(module)
}
