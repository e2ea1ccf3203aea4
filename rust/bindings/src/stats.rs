//! `_core.stats_…`: statistics of return series.

use crate::errors::call;
use numpy::PyReadonlyArray1;
use pyo3::prelude::*;
use tickwright_core::stats;

macro_rules! of_returns {
    ($($name:ident($($argument:ident),*)),+ $(,)?) => {
        $(
            #[pyfunction]
            fn $name(py: Python<'_>, returns: PyReadonlyArray1<'_, f64>, $($argument: f64),*) -> PyResult<Option<f64>> {
                let returns = returns.as_slice()?;
                call(py, || Ok(stats::$name(returns, $($argument),*)))
            }
        )+

        /// Add the functions to `module` as `stats_mean` and so on.
        pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
            $(module.add(concat!("stats_", stringify!($name)), wrap_pyfunction!($name, module)?)?;)+
            Ok(())
        }
    };
}

of_returns! {
    mean(),
    deviation(),
    total_return(),
    cagr(periods_per_year),
    annual_volatility(periods_per_year),
    sharpe(risk_free, periods_per_year),
    downside_deviation(target, periods_per_year),
    sortino(target, periods_per_year),
    max_drawdown(),
    calmar(periods_per_year),
    skewness(),
    kurtosis(),
    value_at_risk(tail),
    expected_shortfall(tail),
}
