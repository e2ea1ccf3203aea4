//! What there is: one entry an indicator, for `indicators.list()`, documentation and the strategy builder.

/// A parameter and its default.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameter {
    /// Keyword in Python.
    pub name: &'static str,
    /// Default value.
    pub default: f64,
    /// True for a count of rows, false for a real number.
    pub is_whole: bool,
}

/// An indicator in words.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Description {
    /// Name of the batch function; the streaming class is its capitalised form.
    pub name: &'static str,
    /// Full name.
    pub title: &'static str,
    /// File and subject: average, momentum, volatility, volume, trend.
    pub family: &'static str,
    /// Input columns in order.
    pub inputs: &'static [&'static str],
    /// Parameters in order.
    pub parameters: &'static [Parameter],
    /// Output columns in order.
    pub outputs: &'static [&'static str],
    /// Row of the first value, as a formula of the parameters.
    pub first_row: &'static str,
}

const fn parameter(name: &'static str, default: f64) -> Parameter {
    Parameter { name, default, is_whole: !matches!(name.as_bytes(), b"deviations") }
}

macro_rules! catalog {
    ($($name:literal, $title:literal, $family:literal, [$($input:literal),*], [$($parameter:literal = $default:literal),*] => [$($output:literal),*], $first:literal;)*) => {
        /// Every indicator, by family.
        pub const CATALOG: &[Description] = &[$(Description {
            name: $name,
            title: $title,
            family: $family,
            inputs: &[$($input),*],
            parameters: &[$(parameter($parameter, $default)),*],
            outputs: &[$($output),*],
            first_row: $first,
        }),*];
    };
}

catalog! {
    "sma", "Simple moving average", "average", ["close"], ["period" = 30.0] => ["sma"], "period - 1";
    "ema", "Exponential moving average", "average", ["close"], ["period" = 30.0] => ["ema"], "period - 1";
    "rma", "Wilder's moving average", "average", ["close"], ["period" = 14.0] => ["rma"], "period - 1";
    "rsi", "Relative strength index", "momentum", ["close"], ["period" = 14.0] => ["rsi"], "period";
    "macd", "Moving average convergence/divergence", "momentum", ["close"],
        ["fast_period" = 12.0, "slow_period" = 26.0, "signal_period" = 9.0] => ["macd", "signal", "histogram"], "slow_period + signal_period - 2";
    "bollinger", "Bollinger bands", "volatility", ["close"], ["period" = 20.0, "deviations" = 2.0] => ["upper", "middle", "lower"], "period - 1";
    "atr", "Average true range", "volatility", ["high", "low", "close"], ["period" = 14.0] => ["atr"], "period";
    "vwap", "Volume-weighted average price", "volume", ["high", "low", "close", "volume"], [] => ["vwap"], "0";
    "obv", "On-balance volume", "volume", ["close", "volume"], [] => ["obv"], "0";
    "donchian", "Donchian channel", "trend", ["high", "low"], ["period" = 20.0] => ["upper", "middle", "lower"], "period - 1";
}
