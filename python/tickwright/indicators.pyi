# Generated from the catalogue by `python -m tickwright._indicator_stubs`; do not edit.
"""Technical indicators over arrays, panels, single rows and sets of symbols, all from one catalogue."""

import builtins
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, Protocol, Self, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from tickwright.indicator_set import IndicatorSet as IndicatorSet

_Floats: TypeAlias = npt.NDArray[np.float64]
_T_co = TypeVar("_T_co", covariant=True)

class _ArrowArray(Protocol):
    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]: ...

class _ArrowStream(Protocol):
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...

_Column: TypeAlias = npt.ArrayLike | _ArrowArray | _ArrowStream

class _Streaming(Generic[_T_co]):
    """What all streaming indicators have."""

    @property
    def value(self) -> _T_co:
        """The outputs of the last row that was not missing."""

    @property
    def ready(self) -> bool:
        """True once the look-back is behind."""

    @property
    def lookback(self) -> int:
        """Rows before the one with the first full value."""

    @property
    def parameters(self) -> dict[str, int | float]:
        """Parameters by name."""

    def reset(self) -> None:
        """Forget everything but the parameters."""

    def state(self) -> builtins.list[float]:
        """Everything that later values depend on, as numbers."""

    def restore(self, state: Sequence[float]) -> None:
        """Take up the state of an indicator with the same parameters."""

    def __reduce__(self) -> tuple[type[Self], tuple[int | float, ...], builtins.list[float]]: ...
    def __setstate__(self, state: Sequence[float]) -> None: ...

@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of an indicator."""

    name: str
    default: int | float
    min: int | float
    max: int | float
    is_whole: bool

@dataclass(frozen=True, slots=True)
class Indicator:
    """What an indicator is called, takes and gives."""

    name: str
    title: str
    family: str
    inputs: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    outputs: tuple[str, ...]
    first_row: str
    lookback: int
    formula: str
    source: str

    @property
    def class_name(self) -> str:
        """Name of the streaming class."""

    @property
    def defaults(self) -> dict[str, int | float]:
        """Parameters by name, with their defaults."""

def list() -> builtins.list[Indicator]:
    """Every indicator there is, by family."""

def docstring(entry: Indicator, *, streaming: bool = False) -> str:
    """Describe an indicator as its function's or its class's documentation does."""

def __getattr__(name: str) -> Any: ...

def sma(close: _Column, period: int = 30, *, axis: int = -1) -> _Floats:
    """Simple moving average.

    Parameters
    ----------
    close : array_like
    period : int, default 30
        From 1 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Mean of the last period values.
    First full value at row period - 1. Source: TA-Lib SMA; sums of differences to a nearby value, never subtracted, so that no error piles up.
    """

class Sma(_Streaming[float]):
    """Simple moving average.

    Parameters
    ----------
    period : int, default 30
        From 1 to 16777216.

    Notes
    -----
    Mean of the last period values.
    First full value at row period - 1. Source: TA-Lib SMA; sums of differences to a nearby value, never subtracted, so that no error piles up.
    """

    def __new__(cls, period: int = 30) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def ema(close: _Column, period: int = 30, *, axis: int = -1) -> _Floats:
    """Exponential moving average.

    Parameters
    ----------
    close : array_like
    period : int, default 30
        From 1 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Y += 2 ÷ (period + 1) × (close − y), seeded with the mean of the first period values.
    First full value at row period - 1. Source: TA-Lib EMA.
    """

class Ema(_Streaming[float]):
    """Exponential moving average.

    Parameters
    ----------
    period : int, default 30
        From 1 to 16777216.

    Notes
    -----
    Y += 2 ÷ (period + 1) × (close − y), seeded with the mean of the first period values.
    First full value at row period - 1. Source: TA-Lib EMA.
    """

    def __new__(cls, period: int = 30) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def rma(close: _Column, period: int = 14, *, axis: int = -1) -> _Floats:
    """Wilder's moving average.

    Parameters
    ----------
    close : array_like
    period : int, default 14
        From 1 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Y += (close − y) ÷ period, seeded with the mean of the first period values.
    First full value at row period - 1. Source: Wilder 1978; elsewhere SMMA.
    """

class Rma(_Streaming[float]):
    """Wilder's moving average.

    Parameters
    ----------
    period : int, default 14
        From 1 to 16777216.

    Notes
    -----
    Y += (close − y) ÷ period, seeded with the mean of the first period values.
    First full value at row period - 1. Source: Wilder 1978; elsewhere SMMA.
    """

    def __new__(cls, period: int = 14) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def rsi(close: _Column, period: int = 14, *, axis: int = -1) -> _Floats:
    """Relative strength index.

    Parameters
    ----------
    close : array_like
    period : int, default 14
        From 1 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    100 × up ÷ (up + down), Wilder averages of rises and falls; 0 while nothing has ever moved.
    First full value at row period. Source: Wilder 1978, p. 65; TA-Lib RSI.
    """

class Rsi(_Streaming[float]):
    """Relative strength index.

    Parameters
    ----------
    period : int, default 14
        From 1 to 16777216.

    Notes
    -----
    100 × up ÷ (up + down), Wilder averages of rises and falls; 0 while nothing has ever moved.
    First full value at row period. Source: Wilder 1978, p. 65; TA-Lib RSI.
    """

    def __new__(cls, period: int = 14) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

class MacdValue(NamedTuple, Generic[_T_co]):
    """Moving average convergence/divergence: macd, signal, histogram."""

    macd: _T_co
    signal: _T_co
    histogram: _T_co

def macd(
    close: _Column,
    fast_period: int = 12,
    slow_period: int = 26,
    signal_period: int = 9,
    *,
    axis: int = -1,
) -> MacdValue[_Floats]:
    """Moving average convergence/divergence.

    Parameters
    ----------
    close : array_like
    fast_period : int, default 12
        From 1 to 16777216.
    slow_period : int, default 26
        From 1 to 16777216.
    signal_period : int, default 9
        From 1 to 16777216.

    Returns
    -------
    MacdValue of numpy.ndarray
        macd, signal, histogram.

    Notes
    -----
    Macd = EMA(fast) − EMA(slow); signal = EMA(signal) of macd; histogram = macd − signal.
    First full value at row slow_period + signal_period - 2. Source: Appel; TA-Lib MACD: the fast average's first value falls on the slow one's, and the three lines start together.
    """

class Macd(_Streaming[MacdValue[float]]):
    """Moving average convergence/divergence.

    Parameters
    ----------
    fast_period : int, default 12
        From 1 to 16777216.
    slow_period : int, default 26
        From 1 to 16777216.
    signal_period : int, default 9
        From 1 to 16777216.

    Notes
    -----
    Macd = EMA(fast) − EMA(slow); signal = EMA(signal) of macd; histogram = macd − signal.
    First full value at row slow_period + signal_period - 2. Source: Appel; TA-Lib MACD: the fast average's first value falls on the slow one's, and the three lines start together.
    """

    def __new__(cls, fast_period: int = 12, slow_period: int = 26, signal_period: int = 9) -> Self: ...
    def update(self, close: float, /) -> MacdValue[float]:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> MacdValue[_Floats]:
        """As `update` for each row."""

def momentum(close: _Column, period: int = 10, *, axis: int = -1) -> _Floats:
    """Momentum.

    Parameters
    ----------
    close : array_like
    period : int, default 10
        From 1 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Close − close[period].
    First full value at row period. Source: TA-Lib MOM.
    """

class Momentum(_Streaming[float]):
    """Momentum.

    Parameters
    ----------
    period : int, default 10
        From 1 to 16777216.

    Notes
    -----
    Close − close[period].
    First full value at row period. Source: TA-Lib MOM.
    """

    def __new__(cls, period: int = 10) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def roc(close: _Column, period: int = 10, *, axis: int = -1) -> _Floats:
    """Rate of change, percent.

    Parameters
    ----------
    close : array_like
    period : int, default 10
        From 1 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    100 × (close ÷ close[period] − 1).
    First full value at row period. Source: TA-Lib ROC.
    """

class Roc(_Streaming[float]):
    """Rate of change, percent.

    Parameters
    ----------
    period : int, default 10
        From 1 to 16777216.

    Notes
    -----
    100 × (close ÷ close[period] − 1).
    First full value at row period. Source: TA-Lib ROC.
    """

    def __new__(cls, period: int = 10) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def rocp(close: _Column, period: int = 10, *, axis: int = -1) -> _Floats:
    """Rate of change, fraction.

    Parameters
    ----------
    close : array_like
    period : int, default 10
        From 1 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    (close − close[period]) ÷ close[period].
    First full value at row period. Source: TA-Lib ROCP.
    """

class Rocp(_Streaming[float]):
    """Rate of change, fraction.

    Parameters
    ----------
    period : int, default 10
        From 1 to 16777216.

    Notes
    -----
    (close − close[period]) ÷ close[period].
    First full value at row period. Source: TA-Lib ROCP.
    """

    def __new__(cls, period: int = 10) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def rocr(close: _Column, period: int = 10, *, axis: int = -1) -> _Floats:
    """Rate of change, ratio.

    Parameters
    ----------
    close : array_like
    period : int, default 10
        From 1 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Close ÷ close[period].
    First full value at row period. Source: TA-Lib ROCR.
    """

class Rocr(_Streaming[float]):
    """Rate of change, ratio.

    Parameters
    ----------
    period : int, default 10
        From 1 to 16777216.

    Notes
    -----
    Close ÷ close[period].
    First full value at row period. Source: TA-Lib ROCR.
    """

    def __new__(cls, period: int = 10) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

class BollingerValue(NamedTuple, Generic[_T_co]):
    """Bollinger bands: upper, middle, lower."""

    upper: _T_co
    middle: _T_co
    lower: _T_co

def bollinger(close: _Column, period: int = 20, deviations: float = 2.0, *, axis: int = -1) -> BollingerValue[_Floats]:
    """Bollinger bands.

    Parameters
    ----------
    close : array_like
    period : int, default 20
        From 1 to 16777216.
    deviations : float, default 2.0
        From 0.0 to 1000000.0.

    Returns
    -------
    BollingerValue of numpy.ndarray
        upper, middle, lower.

    Notes
    -----
    Middle = SMA(period); upper, lower = middle ± deviations × population standard deviation of the last period values.
    First full value at row period - 1. Source: Bollinger 2001, whose period is 20 where TA-Lib's BBANDS has 5; otherwise as TA-Lib.
    """

class Bollinger(_Streaming[BollingerValue[float]]):
    """Bollinger bands.

    Parameters
    ----------
    period : int, default 20
        From 1 to 16777216.
    deviations : float, default 2.0
        From 0.0 to 1000000.0.

    Notes
    -----
    Middle = SMA(period); upper, lower = middle ± deviations × population standard deviation of the last period values.
    First full value at row period - 1. Source: Bollinger 2001, whose period is 20 where TA-Lib's BBANDS has 5; otherwise as TA-Lib.
    """

    def __new__(cls, period: int = 20, deviations: float = 2.0) -> Self: ...
    def update(self, close: float, /) -> BollingerValue[float]:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> BollingerValue[_Floats]:
        """As `update` for each row."""

def atr(high: _Column, low: _Column, close: _Column, period: int = 14, *, axis: int = -1) -> _Floats:
    """Average true range.

    Parameters
    ----------
    high : array_like
    low : array_like
    close : array_like
    period : int, default 14
        From 1 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Wilder's average of max(high − low, |high − close[1]|, |low − close[1]|), seeded with the mean of the first period.
    First full value at row period. Source: Wilder 1978, p. 21; TA-Lib ATR.
    """

class Atr(_Streaming[float]):
    """Average true range.

    Parameters
    ----------
    period : int, default 14
        From 1 to 16777216.

    Notes
    -----
    Wilder's average of max(high − low, |high − close[1]|, |low − close[1]|), seeded with the mean of the first period.
    First full value at row period. Source: Wilder 1978, p. 21; TA-Lib ATR.
    """

    def __new__(cls, period: int = 14) -> Self: ...
    def update(self, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def vwap(high: _Column, low: _Column, close: _Column, volume: _Column, *, axis: int = -1) -> _Floats:
    """Volume-weighted average price.

    Parameters
    ----------
    high : array_like
    low : array_like
    close : array_like
    volume : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Σ((high + low + close) ÷ 3 × volume) ÷ Σ volume since the first row or the last reset; NaN until there is volume.
    First full value at row 0. Source: usual; reset it where a session begins.
    """

class Vwap(_Streaming[float]):
    """Volume-weighted average price.

    Notes
    -----
    Σ((high + low + close) ÷ 3 × volume) ÷ Σ volume since the first row or the last reset; NaN until there is volume.
    First full value at row 0. Source: usual; reset it where a session begins.
    """

    def __new__(cls) -> Self: ...
    def update(self, high: float, low: float, close: float, volume: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, high: _Column, low: _Column, close: _Column, volume: _Column, /) -> _Floats:
        """As `update` for each row."""

def obv(close: _Column, volume: _Column, *, axis: int = -1) -> _Floats:
    """On-balance volume.

    Parameters
    ----------
    close : array_like
    volume : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Running sum of volume with the sign of the change of close, starting at the first volume.
    First full value at row 0. Source: Granville 1963; TA-Lib OBV.
    """

class Obv(_Streaming[float]):
    """On-balance volume.

    Notes
    -----
    Running sum of volume with the sign of the change of close, starting at the first volume.
    First full value at row 0. Source: Granville 1963; TA-Lib OBV.
    """

    def __new__(cls) -> Self: ...
    def update(self, close: float, volume: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, volume: _Column, /) -> _Floats:
        """As `update` for each row."""

class DonchianValue(NamedTuple, Generic[_T_co]):
    """Donchian channel: upper, middle, lower."""

    upper: _T_co
    middle: _T_co
    lower: _T_co

def donchian(high: _Column, low: _Column, period: int = 20, *, axis: int = -1) -> DonchianValue[_Floats]:
    """Donchian channel.

    Parameters
    ----------
    high : array_like
    low : array_like
    period : int, default 20
        From 1 to 16777216.

    Returns
    -------
    DonchianValue of numpy.ndarray
        upper, middle, lower.

    Notes
    -----
    Upper = highest high, lower = lowest low of the last period rows, the newest included; middle = their mean.
    First full value at row period - 1. Source: Donchian; TA-Lib MAX and MIN.
    """

class Donchian(_Streaming[DonchianValue[float]]):
    """Donchian channel.

    Parameters
    ----------
    period : int, default 20
        From 1 to 16777216.

    Notes
    -----
    Upper = highest high, lower = lowest low of the last period rows, the newest included; middle = their mean.
    First full value at row period - 1. Source: Donchian; TA-Lib MAX and MIN.
    """

    def __new__(cls, period: int = 20) -> Self: ...
    def update(self, high: float, low: float, /) -> DonchianValue[float]:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, high: _Column, low: _Column, /) -> DonchianValue[_Floats]:
        """As `update` for each row."""
