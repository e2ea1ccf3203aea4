"""Technical indicators over arrays (``ema(close, 20)``) and one value at a time (``Ema(20).update(101.25)``).

Both run the same arithmetic in the same order and agree to the last bit. A column is a one-dimensional numpy array, any
sequence of numbers, or anything with the Arrow PyCapsule interface; contiguous float64 is not copied. Results are numpy
arrays, or named tuples of them, as long as the input.

Warm-up rows are NaN; where TA-Lib has the indicator, its first row and its seed are TA-Lib's. A row with a NaN, an
infinite input or a negative volume gives NaN and is otherwise skipped: later values are those of the series without it.

Bollinger's period defaults to 20, as its author has it (Bollinger 2001), not to TA-Lib's 5.

Examples
--------
>>> import tickwright as tw
>>> tw.indicators.sma([1.0, 2.0, 3.0, 4.0], 2).tolist()
[nan, 1.5, 2.5, 3.5]
>>> sma = tw.indicators.Sma(2)
>>> [sma.update(x) for x in (1.0, 2.0, 3.0)]
[nan, 1.5, 2.5]
>>> sma
Sma(period=2)
"""

import builtins
from dataclasses import dataclass

from tickwright import _core
from tickwright._core import (
    Atr,
    Bollinger,
    Channel,
    Donchian,
    Ema,
    Macd,
    MacdValue,
    Obv,
    Rma,
    Rsi,
    Sma,
    Vwap,
    atr,
    bollinger,
    donchian,
    ema,
    macd,
    obv,
    rma,
    rsi,
    sma,
    vwap,
)

__all__ = [
    "Atr",
    "Bollinger",
    "Channel",
    "Donchian",
    "Ema",
    "Indicator",
    "Macd",
    "MacdValue",
    "Obv",
    "Rma",
    "Rsi",
    "Sma",
    "Vwap",
    "atr",
    "bollinger",
    "donchian",
    "ema",
    "list",
    "macd",
    "obv",
    "rma",
    "rsi",
    "sma",
    "vwap",
]


@dataclass(frozen=True, slots=True)
class Indicator:
    """What an indicator is called, takes and gives."""

    name: str
    """Name of the batch function; the streaming class is its capitalised form."""
    title: str
    """Full name."""
    family: str
    """average, momentum, volatility, volume or trend."""
    inputs: tuple[str, ...]
    """Input columns in order."""
    parameters: dict[str, int | float]
    """Parameters in order, with defaults."""
    outputs: tuple[str, ...]
    """Output columns in order."""
    first_row: str
    """Row of the first value, as a formula of the parameters."""


def list() -> builtins.list[Indicator]:
    """Every indicator there is, by family.

    Returns
    -------
    list of Indicator

    Examples
    --------
    >>> import tickwright as tw
    >>> [i.name for i in tw.indicators.list() if i.family == "momentum"]
    ['rsi', 'macd']
    """
    return [Indicator(**entry) for entry in _core.list_indicators()]
