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

def sma(close: _Column, period: int = 30, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
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
    First full value at row period - 1. Source: TA-Lib SMA; means of means of 2, 4, 8 … rows, nothing subtracted, so that no error piles up.
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
    First full value at row period - 1. Source: TA-Lib SMA; means of means of 2, 4, 8 … rows, nothing subtracted, so that no error piles up.
    """

    def __new__(cls, period: int = 30) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def ema(close: _Column, period: int = 30, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
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

def rma(close: _Column, period: int = 14, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
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

def wma(close: _Column, period: int = 30, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
    """Weighted moving average.

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
    Σ i·close[period − i] ÷ Σ i, i = 1 … period: the newest weighs most.
    First full value at row period − 1. Source: TA-Lib WMA.
    """

class Wma(_Streaming[float]):
    """Weighted moving average.

    Parameters
    ----------
    period : int, default 30
        From 1 to 16777216.

    Notes
    -----
    Σ i·close[period − i] ÷ Σ i, i = 1 … period: the newest weighs most.
    First full value at row period − 1. Source: TA-Lib WMA.
    """

    def __new__(cls, period: int = 30) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def lwma(close: _Column, period: int = 30, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
    """Linearly weighted moving average: another name of wma.

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
    Σ i·close[period − i] ÷ Σ i, i = 1 … period: the newest weighs most.
    First full value at row period − 1. Source: TA-Lib WMA.
    """

class Lwma(_Streaming[float]):
    """Linearly weighted moving average: another name of wma.

    Parameters
    ----------
    period : int, default 30
        From 1 to 16777216.

    Notes
    -----
    Σ i·close[period − i] ÷ Σ i, i = 1 … period: the newest weighs most.
    First full value at row period − 1. Source: TA-Lib WMA.
    """

    def __new__(cls, period: int = 30) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def trima(close: _Column, period: int = 30, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
    """Triangular moving average.

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
    SMA(SMA(close, ⌊period ÷ 2⌋ + 1), ⌈period ÷ 2⌉).
    First full value at row period − 1. Source: TA-Lib TRIMA.
    """

class Trima(_Streaming[float]):
    """Triangular moving average.

    Parameters
    ----------
    period : int, default 30
        From 1 to 16777216.

    Notes
    -----
    SMA(SMA(close, ⌊period ÷ 2⌋ + 1), ⌈period ÷ 2⌉).
    First full value at row period − 1. Source: TA-Lib TRIMA.
    """

    def __new__(cls, period: int = 30) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def hma(close: _Column, period: int = 20, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
    """Hull moving average.

    Parameters
    ----------
    close : array_like
    period : int, default 20
        From 2 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    WMA(2·WMA(close, ⌊period ÷ 2⌋) − WMA(close, period), ⌊√period⌋).
    First full value at row period + ⌊√period⌋ − 2. Source: A. Hull (2005); TA-Lib HMA.
    """

class Hma(_Streaming[float]):
    """Hull moving average.

    Parameters
    ----------
    period : int, default 20
        From 2 to 16777216.

    Notes
    -----
    WMA(2·WMA(close, ⌊period ÷ 2⌋) − WMA(close, period), ⌊√period⌋).
    First full value at row period + ⌊√period⌋ − 2. Source: A. Hull (2005); TA-Lib HMA.
    """

    def __new__(cls, period: int = 20) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def alma(
    close: _Column,
    period: int = 9,
    offset: float = 0.85,
    sigma: float = 6.0,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Arnaud Legoux moving average.

    Parameters
    ----------
    close : array_like
    period : int, default 9
        From 1 to 16777216.
    offset : float, default 0.85
        From 0.0 to 1.0.
    sigma : float, default 6.0
        From 0.001 to 1000000.0.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Σ w(i)·close, w(i) = exp(−(i − offset·(period − 1))² ÷ 2(period ÷ sigma)²) scaled to 1, i = 0 for the oldest.
    First full value at row period − 1. Source: A. Legoux and D. Kouzis-Loukas (2009).
    """

class Alma(_Streaming[float]):
    """Arnaud Legoux moving average.

    Parameters
    ----------
    period : int, default 9
        From 1 to 16777216.
    offset : float, default 0.85
        From 0.0 to 1.0.
    sigma : float, default 6.0
        From 0.001 to 1000000.0.

    Notes
    -----
    Σ w(i)·close, w(i) = exp(−(i − offset·(period − 1))² ÷ 2(period ÷ sigma)²) scaled to 1, i = 0 for the oldest.
    First full value at row period − 1. Source: A. Legoux and D. Kouzis-Loukas (2009).
    """

    def __new__(cls, period: int = 9, offset: float = 0.85, sigma: float = 6.0) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def vwma(close: _Column, volume: _Column, period: int = 30, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
    """Volume-weighted moving average.

    Parameters
    ----------
    close : array_like
    volume : array_like
    period : int, default 30
        From 1 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Σ close·volume ÷ Σ volume over period rows; NaN where nothing traded in them.
    First full value at row period − 1. Source: TA-Lib VWMA.
    """

class Vwma(_Streaming[float]):
    """Volume-weighted moving average.

    Parameters
    ----------
    period : int, default 30
        From 1 to 16777216.

    Notes
    -----
    Σ close·volume ÷ Σ volume over period rows; NaN where nothing traded in them.
    First full value at row period − 1. Source: TA-Lib VWMA.
    """

    def __new__(cls, period: int = 30) -> Self: ...
    def update(self, close: float, volume: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, volume: _Column, /) -> _Floats:
        """As `update` for each row."""

def dema(close: _Column, period: int = 30, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
    """Double exponential moving average.

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
    2·e1 − e2, e1 = EMA(close, period), e2 = EMA(e1, period).
    First full value at row 2 × (period − 1). Source: P. Mulloy (1994); TA-Lib DEMA.
    """

class Dema(_Streaming[float]):
    """Double exponential moving average.

    Parameters
    ----------
    period : int, default 30
        From 1 to 16777216.

    Notes
    -----
    2·e1 − e2, e1 = EMA(close, period), e2 = EMA(e1, period).
    First full value at row 2 × (period − 1). Source: P. Mulloy (1994); TA-Lib DEMA.
    """

    def __new__(cls, period: int = 30) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def tema(close: _Column, period: int = 30, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
    """Triple exponential moving average.

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
    3·e1 − 3·e2 + e3, each the EMA of the one before.
    First full value at row 3 × (period − 1). Source: P. Mulloy (1994); TA-Lib TEMA.
    """

class Tema(_Streaming[float]):
    """Triple exponential moving average.

    Parameters
    ----------
    period : int, default 30
        From 1 to 16777216.

    Notes
    -----
    3·e1 − 3·e2 + e3, each the EMA of the one before.
    First full value at row 3 × (period − 1). Source: P. Mulloy (1994); TA-Lib TEMA.
    """

    def __new__(cls, period: int = 30) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def t3(
    close: _Column,
    period: int = 5,
    volume_factor: float = 0.7,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Tillson's T3 moving average.

    Parameters
    ----------
    close : array_like
    period : int, default 5
        From 1 to 16777216.
    volume_factor : float, default 0.7
        From 0.0 to 1.0.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    −v³·e6 + 3(v² + v³)·e5 − (6v² + 3v + 3v³)·e4 + (1 + 3v + v³ + 3v²)·e3, each the EMA of the one before, v the volume factor.
    First full value at row 6 × (period − 1). Source: T. Tillson (1998); TA-Lib T3.
    """

class T3(_Streaming[float]):
    """Tillson's T3 moving average.

    Parameters
    ----------
    period : int, default 5
        From 1 to 16777216.
    volume_factor : float, default 0.7
        From 0.0 to 1.0.

    Notes
    -----
    −v³·e6 + 3(v² + v³)·e5 − (6v² + 3v + 3v³)·e4 + (1 + 3v + v³ + 3v²)·e3, each the EMA of the one before, v the volume factor.
    First full value at row 6 × (period − 1). Source: T. Tillson (1998); TA-Lib T3.
    """

    def __new__(cls, period: int = 5, volume_factor: float = 0.7) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def zlema(close: _Column, period: int = 30, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
    """Zero-lag exponential moving average.

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
    EMA(2·close − close[⌊(period − 1) ÷ 2⌋], period).
    First full value at row ⌊(period − 1) ÷ 2⌋ + period − 1. Source: J. Ehlers and R. Way (2010); TA-Lib ZLEMA.
    """

class Zlema(_Streaming[float]):
    """Zero-lag exponential moving average.

    Parameters
    ----------
    period : int, default 30
        From 1 to 16777216.

    Notes
    -----
    EMA(2·close − close[⌊(period − 1) ÷ 2⌋], period).
    First full value at row ⌊(period − 1) ÷ 2⌋ + period − 1. Source: J. Ehlers and R. Way (2010); TA-Lib ZLEMA.
    """

    def __new__(cls, period: int = 30) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def kama(
    close: _Column,
    period: int = 30,
    fast_period: int = 2,
    slow_period: int = 30,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Kaufman's adaptive moving average.

    Parameters
    ----------
    close : array_like
    period : int, default 30
        From 1 to 16777216.
    fast_period : int, default 2
        From 1 to 16777216.
    slow_period : int, default 30
        From 1 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    K += w²·(close − k), w = e·(2 ÷ (fast + 1) − 2 ÷ (slow + 1)) + 2 ÷ (slow + 1), e = |close − close[period]| ÷ Σ |change|; from the close before the first.
    First full value at row period. Source: P. Kaufman (1995); TA-Lib KAMA, where fast and slow are always 2 and 30.
    """

class Kama(_Streaming[float]):
    """Kaufman's adaptive moving average.

    Parameters
    ----------
    period : int, default 30
        From 1 to 16777216.
    fast_period : int, default 2
        From 1 to 16777216.
    slow_period : int, default 30
        From 1 to 16777216.

    Notes
    -----
    K += w²·(close − k), w = e·(2 ÷ (fast + 1) − 2 ÷ (slow + 1)) + 2 ÷ (slow + 1), e = |close − close[period]| ÷ Σ |change|; from the close before the first.
    First full value at row period. Source: P. Kaufman (1995); TA-Lib KAMA, where fast and slow are always 2 and 30.
    """

    def __new__(cls, period: int = 30, fast_period: int = 2, slow_period: int = 30) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def frama(high: _Column, low: _Column, period: int = 16, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
    """Fractal adaptive moving average.

    Parameters
    ----------
    high : array_like
    low : array_like
    period : int, default 16
        From 2 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    F += a·(mid − f), a = exp(−4.6·(d − 1)) from 0.01 to 1, d = log2((range of the newer half + range of the older half) ÷ range of both), ranges a row; mid = (high + low) ÷ 2; period must be even; from the mid before the first.
    First full value at row period − 1. Source: J. Ehlers (2005).
    """

class Frama(_Streaming[float]):
    """Fractal adaptive moving average.

    Parameters
    ----------
    period : int, default 16
        From 2 to 16777216.

    Notes
    -----
    F += a·(mid − f), a = exp(−4.6·(d − 1)) from 0.01 to 1, d = log2((range of the newer half + range of the older half) ÷ range of both), ranges a row; mid = (high + low) ÷ 2; period must be even; from the mid before the first.
    First full value at row period − 1. Source: J. Ehlers (2005).
    """

    def __new__(cls, period: int = 16) -> Self: ...
    def update(self, high: float, low: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, high: _Column, low: _Column, /) -> _Floats:
        """As `update` for each row."""

def vidya(close: _Column, period: int = 14, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
    """Variable index dynamic average.

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
    V += 2 ÷ (period + 1)·c·(close − v), c = |Σ rises − Σ falls| ÷ (Σ rises + Σ falls) over period changes; from the close before the first.
    First full value at row period. Source: T. Chande (1992).
    """

class Vidya(_Streaming[float]):
    """Variable index dynamic average.

    Parameters
    ----------
    period : int, default 14
        From 1 to 16777216.

    Notes
    -----
    V += 2 ÷ (period + 1)·c·(close − v), c = |Σ rises − Σ falls| ÷ (Σ rises + Σ falls) over period changes; from the close before the first.
    First full value at row period. Source: T. Chande (1992).
    """

    def __new__(cls, period: int = 14) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def mcginley(
    close: _Column,
    period: int = 14,
    factor: float = 0.6,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """McGinley dynamic.

    Parameters
    ----------
    close : array_like
    period : int, default 14
        From 1 to 16777216.
    factor : float, default 0.6
        From 1e-06 to 1000000.0.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    M += (close − m) ÷ (factor·period·(close ÷ m)⁴), never past the close; from the first close.
    First full value at row 1. Source: J. McGinley (1990).
    """

class Mcginley(_Streaming[float]):
    """McGinley dynamic.

    Parameters
    ----------
    period : int, default 14
        From 1 to 16777216.
    factor : float, default 0.6
        From 1e-06 to 1000000.0.

    Notes
    -----
    M += (close − m) ÷ (factor·period·(close ÷ m)⁴), never past the close; from the first close.
    First full value at row 1. Source: J. McGinley (1990).
    """

    def __new__(cls, period: int = 14, factor: float = 0.6) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

class MamaValue(NamedTuple, Generic[_T_co]):
    """MESA adaptive moving average: mama, fama."""

    mama: _T_co
    fama: _T_co

def mama(
    close: _Column,
    fast_limit: float = 0.5,
    slow_limit: float = 0.05,
    *,
    axis: int = -1,
    out: tuple[_Floats, _Floats] | None = None,
) -> MamaValue[_Floats]:
    """MESA adaptive moving average.

    Parameters
    ----------
    close : array_like
    fast_limit : float, default 0.5
        From 0.01 to 0.99.
    slow_limit : float, default 0.05
        From 0.01 to 0.99.

    Returns
    -------
    MamaValue of numpy.ndarray
        mama, fama.

    Notes
    -----
    M += a·(close − m), f += (a ÷ 2)·(m − f), a = fast limit ÷ the phase's move in degrees, from slow limit to fast limit; the phase by a Hilbert transform.
    First full value at row 32. Source: J. Ehlers (2001); TA-Lib MAMA.
    """

class Mama(_Streaming[MamaValue[float]]):
    """MESA adaptive moving average.

    Parameters
    ----------
    fast_limit : float, default 0.5
        From 0.01 to 0.99.
    slow_limit : float, default 0.05
        From 0.01 to 0.99.

    Notes
    -----
    M += a·(close − m), f += (a ÷ 2)·(m − f), a = fast limit ÷ the phase's move in degrees, from slow limit to fast limit; the phase by a Hilbert transform.
    First full value at row 32. Source: J. Ehlers (2001); TA-Lib MAMA.
    """

    def __new__(cls, fast_limit: float = 0.5, slow_limit: float = 0.05) -> Self: ...
    def update(self, close: float, /) -> MamaValue[float]:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> MamaValue[_Floats]:
        """As `update` for each row."""

def linreg(close: _Column, period: int = 14, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
    """Linear regression.

    Parameters
    ----------
    close : array_like
    period : int, default 14
        From 2 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    B + m·(period − 1), the line of least squares through period rows at the newest.
    First full value at row period − 1. Source: TA-Lib LINEARREG.
    """

class Linreg(_Streaming[float]):
    """Linear regression.

    Parameters
    ----------
    period : int, default 14
        From 2 to 16777216.

    Notes
    -----
    B + m·(period − 1), the line of least squares through period rows at the newest.
    First full value at row period − 1. Source: TA-Lib LINEARREG.
    """

    def __new__(cls, period: int = 14) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def linreg_slope(close: _Column, period: int = 14, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
    """Slope of the linear regression.

    Parameters
    ----------
    close : array_like
    period : int, default 14
        From 2 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    M, the rise a row.
    First full value at row period − 1. Source: TA-Lib LINEARREG_SLOPE.
    """

class LinregSlope(_Streaming[float]):
    """Slope of the linear regression.

    Parameters
    ----------
    period : int, default 14
        From 2 to 16777216.

    Notes
    -----
    M, the rise a row.
    First full value at row period − 1. Source: TA-Lib LINEARREG_SLOPE.
    """

    def __new__(cls, period: int = 14) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def linreg_intercept(close: _Column, period: int = 14, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
    """Intercept of the linear regression.

    Parameters
    ----------
    close : array_like
    period : int, default 14
        From 2 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    B, the line at the oldest of period rows.
    First full value at row period − 1. Source: TA-Lib LINEARREG_INTERCEPT.
    """

class LinregIntercept(_Streaming[float]):
    """Intercept of the linear regression.

    Parameters
    ----------
    period : int, default 14
        From 2 to 16777216.

    Notes
    -----
    B, the line at the oldest of period rows.
    First full value at row period − 1. Source: TA-Lib LINEARREG_INTERCEPT.
    """

    def __new__(cls, period: int = 14) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def linreg_angle(close: _Column, period: int = 14, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
    """Angle of the linear regression.

    Parameters
    ----------
    close : array_like
    period : int, default 14
        From 2 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Atan(m) in degrees.
    First full value at row period − 1. Source: TA-Lib LINEARREG_ANGLE.
    """

class LinregAngle(_Streaming[float]):
    """Angle of the linear regression.

    Parameters
    ----------
    period : int, default 14
        From 2 to 16777216.

    Notes
    -----
    Atan(m) in degrees.
    First full value at row period − 1. Source: TA-Lib LINEARREG_ANGLE.
    """

    def __new__(cls, period: int = 14) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def tsf(close: _Column, period: int = 14, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
    """Time series forecast.

    Parameters
    ----------
    close : array_like
    period : int, default 14
        From 2 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    B + m·period, the line one row ahead.
    First full value at row period − 1. Source: TA-Lib TSF.
    """

class Tsf(_Streaming[float]):
    """Time series forecast.

    Parameters
    ----------
    period : int, default 14
        From 2 to 16777216.

    Notes
    -----
    B + m·period, the line one row ahead.
    First full value at row period − 1. Source: TA-Lib TSF.
    """

    def __new__(cls, period: int = 14) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def midpoint(close: _Column, period: int = 14, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
    """Mid-point over a period.

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
    (highest close + lowest close) ÷ 2 of period rows.
    First full value at row period − 1. Source: TA-Lib MIDPOINT.
    """

class Midpoint(_Streaming[float]):
    """Mid-point over a period.

    Parameters
    ----------
    period : int, default 14
        From 1 to 16777216.

    Notes
    -----
    (highest close + lowest close) ÷ 2 of period rows.
    First full value at row period − 1. Source: TA-Lib MIDPOINT.
    """

    def __new__(cls, period: int = 14) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def midprice(high: _Column, low: _Column, period: int = 14, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
    """Mid-price over a period.

    Parameters
    ----------
    high : array_like
    low : array_like
    period : int, default 14
        From 1 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    (highest high + lowest low) ÷ 2 of period rows.
    First full value at row period − 1. Source: TA-Lib MIDPRICE.
    """

class Midprice(_Streaming[float]):
    """Mid-price over a period.

    Parameters
    ----------
    period : int, default 14
        From 1 to 16777216.

    Notes
    -----
    (highest high + lowest low) ÷ 2 of period rows.
    First full value at row period − 1. Source: TA-Lib MIDPRICE.
    """

    def __new__(cls, period: int = 14) -> Self: ...
    def update(self, high: float, low: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, high: _Column, low: _Column, /) -> _Floats:
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
    out: tuple[_Floats, _Floats, _Floats] | None = None,
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

def momentum(close: _Column, period: int = 10, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
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

def roc(close: _Column, period: int = 10, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
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

def rocp(close: _Column, period: int = 10, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
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

def rocr(close: _Column, period: int = 10, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
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

def rocr100(close: _Column, period: int = 10, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
    """Rate of change, ratio in percent.

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
    100 × close ÷ close[period].
    First full value at row period. Source: TA-Lib ROCR100.
    """

class Rocr100(_Streaming[float]):
    """Rate of change, ratio in percent.

    Parameters
    ----------
    period : int, default 10
        From 1 to 16777216.

    Notes
    -----
    100 × close ÷ close[period].
    First full value at row period. Source: TA-Lib ROCR100.
    """

    def __new__(cls, period: int = 10) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

class StochValue(NamedTuple, Generic[_T_co]):
    """Slow stochastics: slow_k, slow_d."""

    slow_k: _T_co
    slow_d: _T_co

def stoch(
    high: _Column,
    low: _Column,
    close: _Column,
    fast_k_period: int = 5,
    slow_k_period: int = 3,
    slow_d_period: int = 3,
    *,
    axis: int = -1,
    out: tuple[_Floats, _Floats] | None = None,
) -> StochValue[_Floats]:
    """Slow stochastics.

    Parameters
    ----------
    high : array_like
    low : array_like
    close : array_like
    fast_k_period : int, default 5
        From 1 to 16777216.
    slow_k_period : int, default 3
        From 1 to 16777216.
    slow_d_period : int, default 3
        From 1 to 16777216.

    Returns
    -------
    StochValue of numpy.ndarray
        slow_k, slow_d.

    Notes
    -----
    Slow_k = SMA(100·(close − lowest low) ÷ (highest high − lowest low), slow_k_period), slow_d = SMA(slow_k, slow_d_period); 0 where there is no range.
    First full value at row fast_k_period + slow_k_period + slow_d_period − 3. Source: G. Lane; TA-Lib STOCH with simple averages.
    """

class Stoch(_Streaming[StochValue[float]]):
    """Slow stochastics.

    Parameters
    ----------
    fast_k_period : int, default 5
        From 1 to 16777216.
    slow_k_period : int, default 3
        From 1 to 16777216.
    slow_d_period : int, default 3
        From 1 to 16777216.

    Notes
    -----
    Slow_k = SMA(100·(close − lowest low) ÷ (highest high − lowest low), slow_k_period), slow_d = SMA(slow_k, slow_d_period); 0 where there is no range.
    First full value at row fast_k_period + slow_k_period + slow_d_period − 3. Source: G. Lane; TA-Lib STOCH with simple averages.
    """

    def __new__(cls, fast_k_period: int = 5, slow_k_period: int = 3, slow_d_period: int = 3) -> Self: ...
    def update(self, high: float, low: float, close: float, /) -> StochValue[float]:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, high: _Column, low: _Column, close: _Column, /) -> StochValue[_Floats]:
        """As `update` for each row."""

class StochfValue(NamedTuple, Generic[_T_co]):
    """Fast stochastics: fast_k, fast_d."""

    fast_k: _T_co
    fast_d: _T_co

def stochf(
    high: _Column,
    low: _Column,
    close: _Column,
    fast_k_period: int = 5,
    fast_d_period: int = 3,
    *,
    axis: int = -1,
    out: tuple[_Floats, _Floats] | None = None,
) -> StochfValue[_Floats]:
    """Fast stochastics.

    Parameters
    ----------
    high : array_like
    low : array_like
    close : array_like
    fast_k_period : int, default 5
        From 1 to 16777216.
    fast_d_period : int, default 3
        From 1 to 16777216.

    Returns
    -------
    StochfValue of numpy.ndarray
        fast_k, fast_d.

    Notes
    -----
    Fast_k = 100·(close − lowest low) ÷ (highest high − lowest low), fast_d = SMA(fast_k, fast_d_period); 0 where there is no range.
    First full value at row fast_k_period + fast_d_period − 2. Source: G. Lane; TA-Lib STOCHF with simple averages.
    """

class Stochf(_Streaming[StochfValue[float]]):
    """Fast stochastics.

    Parameters
    ----------
    fast_k_period : int, default 5
        From 1 to 16777216.
    fast_d_period : int, default 3
        From 1 to 16777216.

    Notes
    -----
    Fast_k = 100·(close − lowest low) ÷ (highest high − lowest low), fast_d = SMA(fast_k, fast_d_period); 0 where there is no range.
    First full value at row fast_k_period + fast_d_period − 2. Source: G. Lane; TA-Lib STOCHF with simple averages.
    """

    def __new__(cls, fast_k_period: int = 5, fast_d_period: int = 3) -> Self: ...
    def update(self, high: float, low: float, close: float, /) -> StochfValue[float]:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, high: _Column, low: _Column, close: _Column, /) -> StochfValue[_Floats]:
        """As `update` for each row."""

class StochrsiValue(NamedTuple, Generic[_T_co]):
    """Stochastics of the relative strength index: fast_k, fast_d."""

    fast_k: _T_co
    fast_d: _T_co

def stochrsi(
    close: _Column,
    period: int = 14,
    fast_k_period: int = 5,
    fast_d_period: int = 3,
    *,
    axis: int = -1,
    out: tuple[_Floats, _Floats] | None = None,
) -> StochrsiValue[_Floats]:
    """Stochastics of the relative strength index.

    Parameters
    ----------
    close : array_like
    period : int, default 14
        From 1 to 16777216.
    fast_k_period : int, default 5
        From 1 to 16777216.
    fast_d_period : int, default 3
        From 1 to 16777216.

    Returns
    -------
    StochrsiValue of numpy.ndarray
        fast_k, fast_d.

    Notes
    -----
    Stochf of RSI(close, period) as high, low and close.
    First full value at row period + fast_k_period + fast_d_period − 2. Source: T. Chande and S. Kroll (1994); TA-Lib STOCHRSI with simple averages.
    """

class Stochrsi(_Streaming[StochrsiValue[float]]):
    """Stochastics of the relative strength index.

    Parameters
    ----------
    period : int, default 14
        From 1 to 16777216.
    fast_k_period : int, default 5
        From 1 to 16777216.
    fast_d_period : int, default 3
        From 1 to 16777216.

    Notes
    -----
    Stochf of RSI(close, period) as high, low and close.
    First full value at row period + fast_k_period + fast_d_period − 2. Source: T. Chande and S. Kroll (1994); TA-Lib STOCHRSI with simple averages.
    """

    def __new__(cls, period: int = 14, fast_k_period: int = 5, fast_d_period: int = 3) -> Self: ...
    def update(self, close: float, /) -> StochrsiValue[float]:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> StochrsiValue[_Floats]:
        """As `update` for each row."""

def willr(
    high: _Column,
    low: _Column,
    close: _Column,
    period: int = 14,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Williams' %R.

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
    −100·(highest high − close) ÷ (highest high − lowest low); 0 where there is no range.
    First full value at row period − 1. Source: L. Williams; TA-Lib WILLR.
    """

class Willr(_Streaming[float]):
    """Williams' %R.

    Parameters
    ----------
    period : int, default 14
        From 1 to 16777216.

    Notes
    -----
    −100·(highest high − close) ÷ (highest high − lowest low); 0 where there is no range.
    First full value at row period − 1. Source: L. Williams; TA-Lib WILLR.
    """

    def __new__(cls, period: int = 14) -> Self: ...
    def update(self, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

class FisherValue(NamedTuple, Generic[_T_co]):
    """Fisher transform: fisher, trigger."""

    fisher: _T_co
    trigger: _T_co

def fisher(
    high: _Column,
    low: _Column,
    period: int = 10,
    *,
    axis: int = -1,
    out: tuple[_Floats, _Floats] | None = None,
) -> FisherValue[_Floats]:
    """Fisher transform.

    Parameters
    ----------
    high : array_like
    low : array_like
    period : int, default 10
        From 1 to 16777216.

    Returns
    -------
    FisherValue of numpy.ndarray
        fisher, trigger.

    Notes
    -----
    Fisher = ½·ln((1 + v) ÷ (1 − v)) + ½·fisher[1], v = 0.66·(position of the mid-price in its range − ½) + 0.67·v[1] held within ±0.999; trigger = fisher[1].
    First full value at row period. Source: J. Ehlers (2002).
    """

class Fisher(_Streaming[FisherValue[float]]):
    """Fisher transform.

    Parameters
    ----------
    period : int, default 10
        From 1 to 16777216.

    Notes
    -----
    Fisher = ½·ln((1 + v) ÷ (1 − v)) + ½·fisher[1], v = 0.66·(position of the mid-price in its range − ½) + 0.67·v[1] held within ±0.999; trigger = fisher[1].
    First full value at row period. Source: J. Ehlers (2002).
    """

    def __new__(cls, period: int = 10) -> Self: ...
    def update(self, high: float, low: float, /) -> FisherValue[float]:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, high: _Column, low: _Column, /) -> FisherValue[_Floats]:
        """As `update` for each row."""

def rsi(close: _Column, period: int = 14, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
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

def cmo(close: _Column, period: int = 14, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
    """Chande momentum oscillator.

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
    100·(up − down) ÷ (up + down), Wilder averages of rises and falls; 0 where nothing moved.
    First full value at row period. Source: T. Chande (1994); TA-Lib CMO, which smooths as Wilder's RSI does.
    """

class Cmo(_Streaming[float]):
    """Chande momentum oscillator.

    Parameters
    ----------
    period : int, default 14
        From 1 to 16777216.

    Notes
    -----
    100·(up − down) ÷ (up + down), Wilder averages of rises and falls; 0 where nothing moved.
    First full value at row period. Source: T. Chande (1994); TA-Lib CMO, which smooths as Wilder's RSI does.
    """

    def __new__(cls, period: int = 14) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def crsi(
    close: _Column,
    period: int = 3,
    streak_period: int = 2,
    rank_period: int = 100,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Connors RSI.

    Parameters
    ----------
    close : array_like
    period : int, default 3
        From 1 to 16777216.
    streak_period : int, default 2
        From 1 to 16777216.
    rank_period : int, default 100
        From 1 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    (RSI(close, period) + RSI(streak, streak_period) + rank) ÷ 3; streak: rows risen (+) or fallen (−) in a row; rank: percent of the rank_period changes before that are below this one, changes relative.
    First full value at row max(period, streak_period, rank_period + 1). Source: L. Connors (2012).
    """

class Crsi(_Streaming[float]):
    """Connors RSI.

    Parameters
    ----------
    period : int, default 3
        From 1 to 16777216.
    streak_period : int, default 2
        From 1 to 16777216.
    rank_period : int, default 100
        From 1 to 16777216.

    Notes
    -----
    (RSI(close, period) + RSI(streak, streak_period) + rank) ÷ 3; streak: rows risen (+) or fallen (−) in a row; rank: percent of the rank_period changes before that are below this one, changes relative.
    First full value at row max(period, streak_period, rank_period + 1). Source: L. Connors (2012).
    """

    def __new__(cls, period: int = 3, streak_period: int = 2, rank_period: int = 100) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

class TsiValue(NamedTuple, Generic[_T_co]):
    """True strength index: tsi, signal."""

    tsi: _T_co
    signal: _T_co

def tsi(
    close: _Column,
    first_period: int = 25,
    second_period: int = 13,
    signal_period: int = 7,
    *,
    axis: int = -1,
    out: tuple[_Floats, _Floats] | None = None,
) -> TsiValue[_Floats]:
    """True strength index.

    Parameters
    ----------
    close : array_like
    first_period : int, default 25
        From 1 to 16777216.
    second_period : int, default 13
        From 1 to 16777216.
    signal_period : int, default 7
        From 1 to 16777216.

    Returns
    -------
    TsiValue of numpy.ndarray
        tsi, signal.

    Notes
    -----
    100·EMA(EMA(c, first), second) ÷ EMA(EMA(|c|, first), second), c = close − close[1]; signal = EMA(tsi, signal_period).
    First full value at row first_period + second_period + signal_period − 2; tsi alone signal_period − 1 rows sooner. Source: W. Blau (1991); TA-Lib TSI.
    """

class Tsi(_Streaming[TsiValue[float]]):
    """True strength index.

    Parameters
    ----------
    first_period : int, default 25
        From 1 to 16777216.
    second_period : int, default 13
        From 1 to 16777216.
    signal_period : int, default 7
        From 1 to 16777216.

    Notes
    -----
    100·EMA(EMA(c, first), second) ÷ EMA(EMA(|c|, first), second), c = close − close[1]; signal = EMA(tsi, signal_period).
    First full value at row first_period + second_period + signal_period − 2; tsi alone signal_period − 1 rows sooner. Source: W. Blau (1991); TA-Lib TSI.
    """

    def __new__(cls, first_period: int = 25, second_period: int = 13, signal_period: int = 7) -> Self: ...
    def update(self, close: float, /) -> TsiValue[float]:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> TsiValue[_Floats]:
        """As `update` for each row."""

def apo(
    close: _Column,
    fast_period: int = 12,
    slow_period: int = 26,
    average: int = 1,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Absolute price oscillator.

    Parameters
    ----------
    close : array_like
    fast_period : int, default 12
        From 1 to 16777216.
    slow_period : int, default 26
        From 2 to 16777216.
    average : int, default 1
        From 0 to 2.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Fast average − slow average of close; average 0 simple, 1 exponential, 2 weighted.
    First full value at row slow_period − 1. Source: TA-Lib APO.
    """

class Apo(_Streaming[float]):
    """Absolute price oscillator.

    Parameters
    ----------
    fast_period : int, default 12
        From 1 to 16777216.
    slow_period : int, default 26
        From 2 to 16777216.
    average : int, default 1
        From 0 to 2.

    Notes
    -----
    Fast average − slow average of close; average 0 simple, 1 exponential, 2 weighted.
    First full value at row slow_period − 1. Source: TA-Lib APO.
    """

    def __new__(cls, fast_period: int = 12, slow_period: int = 26, average: int = 1) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def ppo(
    close: _Column,
    fast_period: int = 12,
    slow_period: int = 26,
    average: int = 1,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Percentage price oscillator.

    Parameters
    ----------
    close : array_like
    fast_period : int, default 12
        From 1 to 16777216.
    slow_period : int, default 26
        From 2 to 16777216.
    average : int, default 1
        From 0 to 2.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    100·(fast average − slow average) ÷ slow average of close; average 0 simple, 1 exponential, 2 weighted.
    First full value at row slow_period − 1. Source: TA-Lib PPO.
    """

class Ppo(_Streaming[float]):
    """Percentage price oscillator.

    Parameters
    ----------
    fast_period : int, default 12
        From 1 to 16777216.
    slow_period : int, default 26
        From 2 to 16777216.
    average : int, default 1
        From 0 to 2.

    Notes
    -----
    100·(fast average − slow average) ÷ slow average of close; average 0 simple, 1 exponential, 2 weighted.
    First full value at row slow_period − 1. Source: TA-Lib PPO.
    """

    def __new__(cls, fast_period: int = 12, slow_period: int = 26, average: int = 1) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def ao(
    high: _Column,
    low: _Column,
    fast_period: int = 5,
    slow_period: int = 34,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Awesome oscillator.

    Parameters
    ----------
    high : array_like
    low : array_like
    fast_period : int, default 5
        From 1 to 16777216.
    slow_period : int, default 34
        From 2 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    SMA(mid, fast_period) − SMA(mid, slow_period), mid = (high + low) ÷ 2.
    First full value at row slow_period − 1. Source: B. Williams (1998); TA-Lib AO.
    """

class Ao(_Streaming[float]):
    """Awesome oscillator.

    Parameters
    ----------
    fast_period : int, default 5
        From 1 to 16777216.
    slow_period : int, default 34
        From 2 to 16777216.

    Notes
    -----
    SMA(mid, fast_period) − SMA(mid, slow_period), mid = (high + low) ÷ 2.
    First full value at row slow_period − 1. Source: B. Williams (1998); TA-Lib AO.
    """

    def __new__(cls, fast_period: int = 5, slow_period: int = 34) -> Self: ...
    def update(self, high: float, low: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, high: _Column, low: _Column, /) -> _Floats:
        """As `update` for each row."""

def bop(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Balance of power.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    (close − open) ÷ (high − low); 0 where there is no range.
    First full value at row 0. Source: I. Livshin (2001); TA-Lib BOP.
    """

class Bop(_Streaming[float]):
    """Balance of power.

    Notes
    -----
    (close − open) ÷ (high − low); 0 where there is no range.
    First full value at row 0. Source: I. Livshin (2001); TA-Lib BOP.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def trix(close: _Column, period: int = 30, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
    """Rate of change of a triple exponential average.

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
    100·(e ÷ e[1] − 1), e = EMA(EMA(EMA(close))), each of period rows.
    First full value at row 3 × (period − 1) + 1. Source: J. Hutson (1983); TA-Lib TRIX.
    """

class Trix(_Streaming[float]):
    """Rate of change of a triple exponential average.

    Parameters
    ----------
    period : int, default 30
        From 1 to 16777216.

    Notes
    -----
    100·(e ÷ e[1] − 1), e = EMA(EMA(EMA(close))), each of period rows.
    First full value at row 3 × (period − 1) + 1. Source: J. Hutson (1983); TA-Lib TRIX.
    """

    def __new__(cls, period: int = 30) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def dpo(close: _Column, period: int = 20, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
    """Detrended price oscillator.

    Parameters
    ----------
    close : array_like
    period : int, default 20
        From 1 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Close[⌊period ÷ 2⌋ + 1] − SMA(close, period): no look ahead.
    First full value at row max(period − 1, ⌊period ÷ 2⌋ + 1). Source: TA-Lib DPO.
    """

class Dpo(_Streaming[float]):
    """Detrended price oscillator.

    Parameters
    ----------
    period : int, default 20
        From 1 to 16777216.

    Notes
    -----
    Close[⌊period ÷ 2⌋ + 1] − SMA(close, period): no look ahead.
    First full value at row max(period − 1, ⌊period ÷ 2⌋ + 1). Source: TA-Lib DPO.
    """

    def __new__(cls, period: int = 20) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

class KstValue(NamedTuple, Generic[_T_co]):
    """Know sure thing: kst, signal."""

    kst: _T_co
    signal: _T_co

def kst(
    close: _Column,
    roc1_period: int = 10,
    roc2_period: int = 15,
    roc3_period: int = 20,
    roc4_period: int = 30,
    sma1_period: int = 10,
    sma2_period: int = 10,
    sma3_period: int = 10,
    sma4_period: int = 15,
    signal_period: int = 9,
    *,
    axis: int = -1,
    out: tuple[_Floats, _Floats] | None = None,
) -> KstValue[_Floats]:
    """Know sure thing.

    Parameters
    ----------
    close : array_like
    roc1_period : int, default 10
        From 1 to 16777216.
    roc2_period : int, default 15
        From 1 to 16777216.
    roc3_period : int, default 20
        From 1 to 16777216.
    roc4_period : int, default 30
        From 1 to 16777216.
    sma1_period : int, default 10
        From 1 to 16777216.
    sma2_period : int, default 10
        From 1 to 16777216.
    sma3_period : int, default 10
        From 1 to 16777216.
    sma4_period : int, default 15
        From 1 to 16777216.
    signal_period : int, default 9
        From 1 to 16777216.

    Returns
    -------
    KstValue of numpy.ndarray
        kst, signal.

    Notes
    -----
    Σ i·SMA(100·(close ÷ close[rocᵢ_period] − 1), smaᵢ_period), i = 1 … 4; signal = SMA(kst, signal_period).
    First full value at row max over i (rocᵢ_period + smaᵢ_period − 1) + signal_period − 1; kst alone signal_period − 1 rows sooner. Source: M. Pring (1992).
    """

class Kst(_Streaming[KstValue[float]]):
    """Know sure thing.

    Parameters
    ----------
    roc1_period : int, default 10
        From 1 to 16777216.
    roc2_period : int, default 15
        From 1 to 16777216.
    roc3_period : int, default 20
        From 1 to 16777216.
    roc4_period : int, default 30
        From 1 to 16777216.
    sma1_period : int, default 10
        From 1 to 16777216.
    sma2_period : int, default 10
        From 1 to 16777216.
    sma3_period : int, default 10
        From 1 to 16777216.
    sma4_period : int, default 15
        From 1 to 16777216.
    signal_period : int, default 9
        From 1 to 16777216.

    Notes
    -----
    Σ i·SMA(100·(close ÷ close[rocᵢ_period] − 1), smaᵢ_period), i = 1 … 4; signal = SMA(kst, signal_period).
    First full value at row max over i (rocᵢ_period + smaᵢ_period − 1) + signal_period − 1; kst alone signal_period − 1 rows sooner. Source: M. Pring (1992).
    """

    def __new__(
        cls,
        roc1_period: int = 10,
        roc2_period: int = 15,
        roc3_period: int = 20,
        roc4_period: int = 30,
        sma1_period: int = 10,
        sma2_period: int = 10,
        sma3_period: int = 10,
        sma4_period: int = 15,
        signal_period: int = 9,
    ) -> Self: ...
    def update(self, close: float, /) -> KstValue[float]:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> KstValue[_Floats]:
        """As `update` for each row."""

def coppock(
    close: _Column,
    wma_period: int = 10,
    roc1_period: int = 11,
    roc2_period: int = 14,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Coppock curve.

    Parameters
    ----------
    close : array_like
    wma_period : int, default 10
        From 1 to 16777216.
    roc1_period : int, default 11
        From 1 to 16777216.
    roc2_period : int, default 14
        From 1 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    WMA(ROC(close, roc1_period) + ROC(close, roc2_period), wma_period), ROC in percent.
    First full value at row max(roc1_period, roc2_period) + wma_period − 1. Source: E. Coppock (1962); TA-Lib COPPOCK.
    """

class Coppock(_Streaming[float]):
    """Coppock curve.

    Parameters
    ----------
    wma_period : int, default 10
        From 1 to 16777216.
    roc1_period : int, default 11
        From 1 to 16777216.
    roc2_period : int, default 14
        From 1 to 16777216.

    Notes
    -----
    WMA(ROC(close, roc1_period) + ROC(close, roc2_period), wma_period), ROC in percent.
    First full value at row max(roc1_period, roc2_period) + wma_period − 1. Source: E. Coppock (1962); TA-Lib COPPOCK.
    """

    def __new__(cls, wma_period: int = 10, roc1_period: int = 11, roc2_period: int = 14) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def ultosc(
    high: _Column,
    low: _Column,
    close: _Column,
    period1: int = 7,
    period2: int = 14,
    period3: int = 28,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Ultimate oscillator.

    Parameters
    ----------
    high : array_like
    low : array_like
    close : array_like
    period1 : int, default 7
        From 1 to 16777216.
    period2 : int, default 14
        From 1 to 16777216.
    period3 : int, default 28
        From 1 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    100·(4·a + 2·b + c) ÷ 7, each Σ(close − min(low, close[1])) ÷ Σ true range over the shortest, the middle and the longest period.
    First full value at row max(period1, period2, period3). Source: L. Williams (1985); TA-Lib ULTOSC.
    """

class Ultosc(_Streaming[float]):
    """Ultimate oscillator.

    Parameters
    ----------
    period1 : int, default 7
        From 1 to 16777216.
    period2 : int, default 14
        From 1 to 16777216.
    period3 : int, default 28
        From 1 to 16777216.

    Notes
    -----
    100·(4·a + 2·b + c) ÷ 7, each Σ(close − min(low, close[1])) ÷ Σ true range over the shortest, the middle and the longest period.
    First full value at row max(period1, period2, period3). Source: L. Williams (1985); TA-Lib ULTOSC.
    """

    def __new__(cls, period1: int = 7, period2: int = 14, period3: int = 28) -> Self: ...
    def update(self, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def stc(
    close: _Column,
    cycle_period: int = 10,
    fast_period: int = 23,
    slow_period: int = 50,
    factor: float = 0.5,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Schaff trend cycle.

    Parameters
    ----------
    close : array_like
    cycle_period : int, default 10
        From 1 to 16777216.
    fast_period : int, default 23
        From 1 to 16777216.
    slow_period : int, default 50
        From 2 to 16777216.
    factor : float, default 0.5
        From 0.001 to 1.0.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Twice: 100·(x − lowest) ÷ (highest − lowest) over cycle_period rows, smoothed y += factor·(x − y); of EMA(close, fast_period) − EMA(close, slow_period).
    First full value at row slow_period + 2·cycle_period − 3. Source: D. Schaff (1999).
    """

class Stc(_Streaming[float]):
    """Schaff trend cycle.

    Parameters
    ----------
    cycle_period : int, default 10
        From 1 to 16777216.
    fast_period : int, default 23
        From 1 to 16777216.
    slow_period : int, default 50
        From 2 to 16777216.
    factor : float, default 0.5
        From 0.001 to 1.0.

    Notes
    -----
    Twice: 100·(x − lowest) ÷ (highest − lowest) over cycle_period rows, smoothed y += factor·(x − y); of EMA(close, fast_period) − EMA(close, slow_period).
    First full value at row slow_period + 2·cycle_period − 3. Source: D. Schaff (1999).
    """

    def __new__(
        cls,
        cycle_period: int = 10,
        fast_period: int = 23,
        slow_period: int = 50,
        factor: float = 0.5,
    ) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cci(
    high: _Column,
    low: _Column,
    close: _Column,
    period: int = 14,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Commodity channel index.

    Parameters
    ----------
    high : array_like
    low : array_like
    close : array_like
    period : int, default 14
        From 2 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    (t − SMA(t)) ÷ (0.015·mean of |t − SMA(t)|) over period rows, t = (high + low + close) ÷ 3; 0 where nothing moves.
    First full value at row period − 1. Source: D. Lambert (1980); TA-Lib CCI.
    """

class Cci(_Streaming[float]):
    """Commodity channel index.

    Parameters
    ----------
    period : int, default 14
        From 2 to 16777216.

    Notes
    -----
    (t − SMA(t)) ÷ (0.015·mean of |t − SMA(t)|) over period rows, t = (high + low + close) ÷ 3; 0 where nothing moves.
    First full value at row period − 1. Source: D. Lambert (1980); TA-Lib CCI.
    """

    def __new__(cls, period: int = 14) -> Self: ...
    def update(self, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def plus_dm(high: _Column, low: _Column, period: int = 14, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
    """Plus directional movement.

    Parameters
    ----------
    high : array_like
    low : array_like
    period : int, default 14
        From 1 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    S += m − s ÷ period, m = high − high[1] where above 0 and above low[1] − low, else 0; s starts as the sum of period − 1 moves.
    First full value at row max(period − 1, 1). Source: J. W. Wilder (1978); TA-Lib PLUS_DM.
    """

class PlusDm(_Streaming[float]):
    """Plus directional movement.

    Parameters
    ----------
    period : int, default 14
        From 1 to 16777216.

    Notes
    -----
    S += m − s ÷ period, m = high − high[1] where above 0 and above low[1] − low, else 0; s starts as the sum of period − 1 moves.
    First full value at row max(period − 1, 1). Source: J. W. Wilder (1978); TA-Lib PLUS_DM.
    """

    def __new__(cls, period: int = 14) -> Self: ...
    def update(self, high: float, low: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, high: _Column, low: _Column, /) -> _Floats:
        """As `update` for each row."""

def minus_dm(high: _Column, low: _Column, period: int = 14, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
    """Minus directional movement.

    Parameters
    ----------
    high : array_like
    low : array_like
    period : int, default 14
        From 1 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    S += m − s ÷ period, m = low[1] − low where above 0 and above high − high[1], else 0; s starts as the sum of period − 1 moves.
    First full value at row max(period − 1, 1). Source: J. W. Wilder (1978); TA-Lib MINUS_DM.
    """

class MinusDm(_Streaming[float]):
    """Minus directional movement.

    Parameters
    ----------
    period : int, default 14
        From 1 to 16777216.

    Notes
    -----
    S += m − s ÷ period, m = low[1] − low where above 0 and above high − high[1], else 0; s starts as the sum of period − 1 moves.
    First full value at row max(period − 1, 1). Source: J. W. Wilder (1978); TA-Lib MINUS_DM.
    """

    def __new__(cls, period: int = 14) -> Self: ...
    def update(self, high: float, low: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, high: _Column, low: _Column, /) -> _Floats:
        """As `update` for each row."""

def plus_di(
    high: _Column,
    low: _Column,
    close: _Column,
    period: int = 14,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Plus directional indicator.

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
    100·plus_dm ÷ true range, both Wilder sums; 0 where there is no range; percent for a period of 1 too, where TA-Lib gives a share.
    First full value at row period. Source: J. W. Wilder (1978); TA-Lib PLUS_DI.
    """

class PlusDi(_Streaming[float]):
    """Plus directional indicator.

    Parameters
    ----------
    period : int, default 14
        From 1 to 16777216.

    Notes
    -----
    100·plus_dm ÷ true range, both Wilder sums; 0 where there is no range; percent for a period of 1 too, where TA-Lib gives a share.
    First full value at row period. Source: J. W. Wilder (1978); TA-Lib PLUS_DI.
    """

    def __new__(cls, period: int = 14) -> Self: ...
    def update(self, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def minus_di(
    high: _Column,
    low: _Column,
    close: _Column,
    period: int = 14,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Minus directional indicator.

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
    100·minus_dm ÷ true range, both Wilder sums; 0 where there is no range; percent for a period of 1 too, where TA-Lib gives a share.
    First full value at row period. Source: J. W. Wilder (1978); TA-Lib MINUS_DI.
    """

class MinusDi(_Streaming[float]):
    """Minus directional indicator.

    Parameters
    ----------
    period : int, default 14
        From 1 to 16777216.

    Notes
    -----
    100·minus_dm ÷ true range, both Wilder sums; 0 where there is no range; percent for a period of 1 too, where TA-Lib gives a share.
    First full value at row period. Source: J. W. Wilder (1978); TA-Lib MINUS_DI.
    """

    def __new__(cls, period: int = 14) -> Self: ...
    def update(self, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def dx(
    high: _Column,
    low: _Column,
    close: _Column,
    period: int = 14,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Directional movement index.

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
    100·|plus_di − minus_di| ÷ (plus_di + minus_di); as before where nothing moves, at first 0.
    First full value at row period. Source: J. W. Wilder (1978); TA-Lib DX.
    """

class Dx(_Streaming[float]):
    """Directional movement index.

    Parameters
    ----------
    period : int, default 14
        From 1 to 16777216.

    Notes
    -----
    100·|plus_di − minus_di| ÷ (plus_di + minus_di); as before where nothing moves, at first 0.
    First full value at row period. Source: J. W. Wilder (1978); TA-Lib DX.
    """

    def __new__(cls, period: int = 14) -> Self: ...
    def update(self, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def adx(
    high: _Column,
    low: _Column,
    close: _Column,
    period: int = 14,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Average directional movement index.

    Parameters
    ----------
    high : array_like
    low : array_like
    close : array_like
    period : int, default 14
        From 2 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Wilder average of dx; where nothing moves it stays.
    First full value at row 2·period − 1. Source: J. W. Wilder (1978); TA-Lib ADX.
    """

class Adx(_Streaming[float]):
    """Average directional movement index.

    Parameters
    ----------
    period : int, default 14
        From 2 to 16777216.

    Notes
    -----
    Wilder average of dx; where nothing moves it stays.
    First full value at row 2·period − 1. Source: J. W. Wilder (1978); TA-Lib ADX.
    """

    def __new__(cls, period: int = 14) -> Self: ...
    def update(self, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def adxr(
    high: _Column,
    low: _Column,
    close: _Column,
    period: int = 14,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Average directional movement index rating.

    Parameters
    ----------
    high : array_like
    low : array_like
    close : array_like
    period : int, default 14
        From 2 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    (adx + adx[period − 1]) ÷ 2.
    First full value at row 3·period − 2. Source: J. W. Wilder (1978); TA-Lib ADXR.
    """

class Adxr(_Streaming[float]):
    """Average directional movement index rating.

    Parameters
    ----------
    period : int, default 14
        From 2 to 16777216.

    Notes
    -----
    (adx + adx[period − 1]) ÷ 2.
    First full value at row 3·period − 2. Source: J. W. Wilder (1978); TA-Lib ADXR.
    """

    def __new__(cls, period: int = 14) -> Self: ...
    def update(self, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

class AroonValue(NamedTuple, Generic[_T_co]):
    """Aroon: aroon_down, aroon_up."""

    aroon_down: _T_co
    aroon_up: _T_co

def aroon(
    high: _Column,
    low: _Column,
    period: int = 14,
    *,
    axis: int = -1,
    out: tuple[_Floats, _Floats] | None = None,
) -> AroonValue[_Floats]:
    """Aroon.

    Parameters
    ----------
    high : array_like
    low : array_like
    period : int, default 14
        From 1 to 16777216.

    Returns
    -------
    AroonValue of numpy.ndarray
        aroon_down, aroon_up.

    Notes
    -----
    100·(period − rows since the lowest low, or the highest high, of period + 1 rows, the latest of equals) ÷ period.
    First full value at row period. Source: T. Chande (1995); TA-Lib AROON.
    """

class Aroon(_Streaming[AroonValue[float]]):
    """Aroon.

    Parameters
    ----------
    period : int, default 14
        From 1 to 16777216.

    Notes
    -----
    100·(period − rows since the lowest low, or the highest high, of period + 1 rows, the latest of equals) ÷ period.
    First full value at row period. Source: T. Chande (1995); TA-Lib AROON.
    """

    def __new__(cls, period: int = 14) -> Self: ...
    def update(self, high: float, low: float, /) -> AroonValue[float]:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, high: _Column, low: _Column, /) -> AroonValue[_Floats]:
        """As `update` for each row."""

def aroonosc(high: _Column, low: _Column, period: int = 14, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
    """Aroon oscillator.

    Parameters
    ----------
    high : array_like
    low : array_like
    period : int, default 14
        From 1 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Aroon_up − aroon_down.
    First full value at row period. Source: T. Chande (1995); TA-Lib AROONOSC.
    """

class Aroonosc(_Streaming[float]):
    """Aroon oscillator.

    Parameters
    ----------
    period : int, default 14
        From 1 to 16777216.

    Notes
    -----
    Aroon_up − aroon_down.
    First full value at row period. Source: T. Chande (1995); TA-Lib AROONOSC.
    """

    def __new__(cls, period: int = 14) -> Self: ...
    def update(self, high: float, low: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, high: _Column, low: _Column, /) -> _Floats:
        """As `update` for each row."""

class VortexValue(NamedTuple, Generic[_T_co]):
    """Vortex indicator: plus_vi, minus_vi."""

    plus_vi: _T_co
    minus_vi: _T_co

def vortex(
    high: _Column,
    low: _Column,
    close: _Column,
    period: int = 14,
    *,
    axis: int = -1,
    out: tuple[_Floats, _Floats] | None = None,
) -> VortexValue[_Floats]:
    """Vortex indicator.

    Parameters
    ----------
    high : array_like
    low : array_like
    close : array_like
    period : int, default 14
        From 1 to 16777216.

    Returns
    -------
    VortexValue of numpy.ndarray
        plus_vi, minus_vi.

    Notes
    -----
    Σ |high − low[1]| ÷ Σ true range and Σ |low − high[1]| ÷ Σ true range over period rows; 0 where there is no range.
    First full value at row period. Source: E. Botes and D. Siepman (2010); TA-Lib VORTEX.
    """

class Vortex(_Streaming[VortexValue[float]]):
    """Vortex indicator.

    Parameters
    ----------
    period : int, default 14
        From 1 to 16777216.

    Notes
    -----
    Σ |high − low[1]| ÷ Σ true range and Σ |low − high[1]| ÷ Σ true range over period rows; 0 where there is no range.
    First full value at row period. Source: E. Botes and D. Siepman (2010); TA-Lib VORTEX.
    """

    def __new__(cls, period: int = 14) -> Self: ...
    def update(self, high: float, low: float, close: float, /) -> VortexValue[float]:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, high: _Column, low: _Column, close: _Column, /) -> VortexValue[_Floats]:
        """As `update` for each row."""

def choppiness(
    high: _Column,
    low: _Column,
    close: _Column,
    period: int = 14,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Choppiness index.

    Parameters
    ----------
    high : array_like
    low : array_like
    close : array_like
    period : int, default 14
        From 2 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    100·log10(Σ true range ÷ (highest high − lowest low)) ÷ log10(period) over period rows; 0 where there is no range.
    First full value at row period. Source: E. Dreiss (1993).
    """

class Choppiness(_Streaming[float]):
    """Choppiness index.

    Parameters
    ----------
    period : int, default 14
        From 2 to 16777216.

    Notes
    -----
    100·log10(Σ true range ÷ (highest high − lowest low)) ÷ log10(period) over period rows; 0 where there is no range.
    First full value at row period. Source: E. Dreiss (1993).
    """

    def __new__(cls, period: int = 14) -> Self: ...
    def update(self, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

class BollingerValue(NamedTuple, Generic[_T_co]):
    """Bollinger bands: upper, middle, lower."""

    upper: _T_co
    middle: _T_co
    lower: _T_co

def bollinger(
    close: _Column,
    period: int = 20,
    deviations: float = 2.0,
    *,
    axis: int = -1,
    out: tuple[_Floats, _Floats, _Floats] | None = None,
) -> BollingerValue[_Floats]:
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

def atr(
    high: _Column,
    low: _Column,
    close: _Column,
    period: int = 14,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
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

def tr(high: _Column, low: _Column, close: _Column, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
    """True range.

    Parameters
    ----------
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Max(high − low, |high − close[1]|, |low − close[1]|).
    First full value at row 1. Source: Wilder 1978, p. 21; TA-Lib TRANGE.
    """

class Tr(_Streaming[float]):
    """True range.

    Notes
    -----
    Max(high − low, |high − close[1]|, |low − close[1]|).
    First full value at row 1. Source: Wilder 1978, p. 21; TA-Lib TRANGE.
    """

    def __new__(cls) -> Self: ...
    def update(self, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def natr(
    high: _Column,
    low: _Column,
    close: _Column,
    period: int = 14,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Normalized average true range.

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
    100 × atr(period) ÷ close, 0 where the close is 0; the bare true range for a period of 1.
    First full value at row period. Source: Forman 2006; TA-Lib NATR.
    """

class Natr(_Streaming[float]):
    """Normalized average true range.

    Parameters
    ----------
    period : int, default 14
        From 1 to 16777216.

    Notes
    -----
    100 × atr(period) ÷ close, 0 where the close is 0; the bare true range for a period of 1.
    First full value at row period. Source: Forman 2006; TA-Lib NATR.
    """

    def __new__(cls, period: int = 14) -> Self: ...
    def update(self, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def chaikin_volatility(
    high: _Column,
    low: _Column,
    period: int = 10,
    roc_period: int = 10,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Chaikin volatility.

    Parameters
    ----------
    high : array_like
    low : array_like
    period : int, default 10
        From 1 to 16777216.
    roc_period : int, default 10
        From 1 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    100 × (e − e[roc_period]) ÷ e[roc_period] with e = EMA(high − low, period); 0 where that is 0.
    First full value at row period − 1 + roc_period. Source: Chaikin; TA-Lib CVI.
    """

class ChaikinVolatility(_Streaming[float]):
    """Chaikin volatility.

    Parameters
    ----------
    period : int, default 10
        From 1 to 16777216.
    roc_period : int, default 10
        From 1 to 16777216.

    Notes
    -----
    100 × (e − e[roc_period]) ÷ e[roc_period] with e = EMA(high − low, period); 0 where that is 0.
    First full value at row period − 1 + roc_period. Source: Chaikin; TA-Lib CVI.
    """

    def __new__(cls, period: int = 10, roc_period: int = 10) -> Self: ...
    def update(self, high: float, low: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, high: _Column, low: _Column, /) -> _Floats:
        """As `update` for each row."""

def mass_index(
    high: _Column,
    low: _Column,
    fast_period: int = 9,
    slow_period: int = 25,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Mass index.

    Parameters
    ----------
    high : array_like
    low : array_like
    fast_period : int, default 9
        From 1 to 16777216.
    slow_period : int, default 25
        From 1 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Σ e ÷ EMA(e, fast_period) over slow_period rows, with e = EMA(high − low, fast_period); a row without a range counts 0.
    First full value at row 2 × (fast_period − 1) + slow_period − 1. Source: Dorsey 1992; TA-Lib MASSI.
    """

class MassIndex(_Streaming[float]):
    """Mass index.

    Parameters
    ----------
    fast_period : int, default 9
        From 1 to 16777216.
    slow_period : int, default 25
        From 1 to 16777216.

    Notes
    -----
    Σ e ÷ EMA(e, fast_period) over slow_period rows, with e = EMA(high − low, fast_period); a row without a range counts 0.
    First full value at row 2 × (fast_period − 1) + slow_period − 1. Source: Dorsey 1992; TA-Lib MASSI.
    """

    def __new__(cls, fast_period: int = 9, slow_period: int = 25) -> Self: ...
    def update(self, high: float, low: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, high: _Column, low: _Column, /) -> _Floats:
        """As `update` for each row."""

class KeltnerValue(NamedTuple, Generic[_T_co]):
    """Keltner channel: upper, middle, lower."""

    upper: _T_co
    middle: _T_co
    lower: _T_co

def keltner(
    high: _Column,
    low: _Column,
    close: _Column,
    period: int = 20,
    multiplier: float = 2.0,
    atr_period: int = 10,
    *,
    axis: int = -1,
    out: tuple[_Floats, _Floats, _Floats] | None = None,
) -> KeltnerValue[_Floats]:
    """Keltner channel.

    Parameters
    ----------
    high : array_like
    low : array_like
    close : array_like
    period : int, default 20
        From 1 to 16777216.
    multiplier : float, default 2.0
        From 0.0 to 1000000.0.
    atr_period : int, default 10
        From 1 to 16777216.

    Returns
    -------
    KeltnerValue of numpy.ndarray
        upper, middle, lower.

    Notes
    -----
    EMA(close, period) ± multiplier × atr(atr_period).
    First full value at row max(period − 1, atr_period). Source: Keltner 1960, with Raschke's average true range; the average seeded with the mean of its first period values.
    """

class Keltner(_Streaming[KeltnerValue[float]]):
    """Keltner channel.

    Parameters
    ----------
    period : int, default 20
        From 1 to 16777216.
    multiplier : float, default 2.0
        From 0.0 to 1000000.0.
    atr_period : int, default 10
        From 1 to 16777216.

    Notes
    -----
    EMA(close, period) ± multiplier × atr(atr_period).
    First full value at row max(period − 1, atr_period). Source: Keltner 1960, with Raschke's average true range; the average seeded with the mean of its first period values.
    """

    def __new__(cls, period: int = 20, multiplier: float = 2.0, atr_period: int = 10) -> Self: ...
    def update(self, high: float, low: float, close: float, /) -> KeltnerValue[float]:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, high: _Column, low: _Column, close: _Column, /) -> KeltnerValue[_Floats]:
        """As `update` for each row."""

class AccelerationBandsValue(NamedTuple, Generic[_T_co]):
    """Acceleration bands: upper, middle, lower."""

    upper: _T_co
    middle: _T_co
    lower: _T_co

def acceleration_bands(
    high: _Column,
    low: _Column,
    close: _Column,
    period: int = 20,
    *,
    axis: int = -1,
    out: tuple[_Floats, _Floats, _Floats] | None = None,
) -> AccelerationBandsValue[_Floats]:
    """Acceleration bands.

    Parameters
    ----------
    high : array_like
    low : array_like
    close : array_like
    period : int, default 20
        From 1 to 16777216.

    Returns
    -------
    AccelerationBandsValue of numpy.ndarray
        upper, middle, lower.

    Notes
    -----
    SMAs of high × (1 + s), close and low × (1 − s), with s = 4 × (high − low) ÷ (high + low), 0 where that has no value.
    First full value at row period − 1. Source: Headley 2002; TA-Lib ACCBANDS.
    """

class AccelerationBands(_Streaming[AccelerationBandsValue[float]]):
    """Acceleration bands.

    Parameters
    ----------
    period : int, default 20
        From 1 to 16777216.

    Notes
    -----
    SMAs of high × (1 + s), close and low × (1 − s), with s = 4 × (high − low) ÷ (high + low), 0 where that has no value.
    First full value at row period − 1. Source: Headley 2002; TA-Lib ACCBANDS.
    """

    def __new__(cls, period: int = 20) -> Self: ...
    def update(self, high: float, low: float, close: float, /) -> AccelerationBandsValue[float]:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, high: _Column, low: _Column, close: _Column, /) -> AccelerationBandsValue[_Floats]:
        """As `update` for each row."""

def bollinger_width(
    close: _Column,
    period: int = 20,
    deviations: float = 2.0,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Bollinger band width.

    Parameters
    ----------
    close : array_like
    period : int, default 20
        From 1 to 16777216.
    deviations : float, default 2.0
        From 0.0 to 1000000.0.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    (upper − lower) ÷ middle of the Bollinger bands, a fraction; 0 where the middle is 0.
    First full value at row period − 1. Source: Bollinger 2001, p. 63.
    """

class BollingerWidth(_Streaming[float]):
    """Bollinger band width.

    Parameters
    ----------
    period : int, default 20
        From 1 to 16777216.
    deviations : float, default 2.0
        From 0.0 to 1000000.0.

    Notes
    -----
    (upper − lower) ÷ middle of the Bollinger bands, a fraction; 0 where the middle is 0.
    First full value at row period − 1. Source: Bollinger 2001, p. 63.
    """

    def __new__(cls, period: int = 20, deviations: float = 2.0) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def percent_b(
    close: _Column,
    period: int = 20,
    deviations: float = 2.0,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Place in the Bollinger bands.

    Parameters
    ----------
    close : array_like
    period : int, default 20
        From 1 to 16777216.
    deviations : float, default 2.0
        From 0.0 to 1000000.0.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    (close − lower) ÷ (upper − lower) of the Bollinger bands, a fraction; 0.5 where they meet.
    First full value at row period − 1. Source: Bollinger 2001, p. 60.
    """

class PercentB(_Streaming[float]):
    """Place in the Bollinger bands.

    Parameters
    ----------
    period : int, default 20
        From 1 to 16777216.
    deviations : float, default 2.0
        From 0.0 to 1000000.0.

    Notes
    -----
    (close − lower) ÷ (upper − lower) of the Bollinger bands, a fraction; 0.5 where they meet.
    First full value at row period − 1. Source: Bollinger 2001, p. 60.
    """

    def __new__(cls, period: int = 20, deviations: float = 2.0) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def ulcer(close: _Column, period: int = 14, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
    """Ulcer index.

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
    √(Σ d² ÷ period) over period rows, with d = 100 × (close − m) ÷ m and m the highest close of the period rows that end with its own.
    First full value at row 2 × (period − 1). Source: Martin and McCann 1987.
    """

class Ulcer(_Streaming[float]):
    """Ulcer index.

    Parameters
    ----------
    period : int, default 14
        From 1 to 16777216.

    Notes
    -----
    √(Σ d² ÷ period) over period rows, with d = 100 × (close − m) ÷ m and m the highest close of the period rows that end with its own.
    First full value at row 2 × (period − 1). Source: Martin and McCann 1987.
    """

    def __new__(cls, period: int = 14) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def vwap(
    high: _Column,
    low: _Column,
    close: _Column,
    volume: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
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

def obv(close: _Column, volume: _Column, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
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

def ad(
    high: _Column,
    low: _Column,
    close: _Column,
    volume: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Accumulation/distribution line.

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
    Σ volume × ((close − low) − (high − close)) ÷ (high − low); a row without a range adds 0.
    First full value at row 0. Source: Chaikin; TA-Lib AD.
    """

class Ad(_Streaming[float]):
    """Accumulation/distribution line.

    Notes
    -----
    Σ volume × ((close − low) − (high − close)) ÷ (high − low); a row without a range adds 0.
    First full value at row 0. Source: Chaikin; TA-Lib AD.
    """

    def __new__(cls) -> Self: ...
    def update(self, high: float, low: float, close: float, volume: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, high: _Column, low: _Column, close: _Column, volume: _Column, /) -> _Floats:
        """As `update` for each row."""

def adosc(
    high: _Column,
    low: _Column,
    close: _Column,
    volume: _Column,
    fast_period: int = 3,
    slow_period: int = 10,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Chaikin oscillator.

    Parameters
    ----------
    high : array_like
    low : array_like
    close : array_like
    volume : array_like
    fast_period : int, default 3
        From 2 to 16777216.
    slow_period : int, default 10
        From 2 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    EMA(ad, fast_period) − EMA(ad, slow_period), both seeded with the first value of ad.
    First full value at row max(fast_period, slow_period) − 1. Source: Chaikin; TA-Lib ADOSC.
    """

class Adosc(_Streaming[float]):
    """Chaikin oscillator.

    Parameters
    ----------
    fast_period : int, default 3
        From 2 to 16777216.
    slow_period : int, default 10
        From 2 to 16777216.

    Notes
    -----
    EMA(ad, fast_period) − EMA(ad, slow_period), both seeded with the first value of ad.
    First full value at row max(fast_period, slow_period) − 1. Source: Chaikin; TA-Lib ADOSC.
    """

    def __new__(cls, fast_period: int = 3, slow_period: int = 10) -> Self: ...
    def update(self, high: float, low: float, close: float, volume: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, high: _Column, low: _Column, close: _Column, volume: _Column, /) -> _Floats:
        """As `update` for each row."""

def cmf(
    high: _Column,
    low: _Column,
    close: _Column,
    volume: _Column,
    period: int = 20,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Chaikin money flow.

    Parameters
    ----------
    high : array_like
    low : array_like
    close : array_like
    volume : array_like
    period : int, default 20
        From 1 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Σ volume × ((close − low) − (high − close)) ÷ (high − low), over Σ volume, of period rows; 0 without volume.
    First full value at row period − 1. Source: Chaikin; TA-Lib CMF.
    """

class Cmf(_Streaming[float]):
    """Chaikin money flow.

    Parameters
    ----------
    period : int, default 20
        From 1 to 16777216.

    Notes
    -----
    Σ volume × ((close − low) − (high − close)) ÷ (high − low), over Σ volume, of period rows; 0 without volume.
    First full value at row period − 1. Source: Chaikin; TA-Lib CMF.
    """

    def __new__(cls, period: int = 20) -> Self: ...
    def update(self, high: float, low: float, close: float, volume: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, high: _Column, low: _Column, close: _Column, volume: _Column, /) -> _Floats:
        """As `update` for each row."""

def mfi(
    high: _Column,
    low: _Column,
    close: _Column,
    volume: _Column,
    period: int = 14,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Money flow index.

    Parameters
    ----------
    high : array_like
    low : array_like
    close : array_like
    volume : array_like
    period : int, default 14
        From 2 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    100 × rising ÷ (rising + falling) money flow of period rows; money flow is typical price × volume, and counts as rising or falling with the typical price; 0 without money flow.
    First full value at row period. Source: Quong and Soudack 1989; TA-Lib MFI.
    """

class Mfi(_Streaming[float]):
    """Money flow index.

    Parameters
    ----------
    period : int, default 14
        From 2 to 16777216.

    Notes
    -----
    100 × rising ÷ (rising + falling) money flow of period rows; money flow is typical price × volume, and counts as rising or falling with the typical price; 0 without money flow.
    First full value at row period. Source: Quong and Soudack 1989; TA-Lib MFI.
    """

    def __new__(cls, period: int = 14) -> Self: ...
    def update(self, high: float, low: float, close: float, volume: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, high: _Column, low: _Column, close: _Column, volume: _Column, /) -> _Floats:
        """As `update` for each row."""

def force_index(
    close: _Column,
    volume: _Column,
    period: int = 13,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Force index.

    Parameters
    ----------
    close : array_like
    volume : array_like
    period : int, default 13
        From 1 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    EMA((close − close[1]) × volume, period), seeded with the mean of the first period values.
    First full value at row period. Source: Elder 1993; TA-Lib EFI.
    """

class ForceIndex(_Streaming[float]):
    """Force index.

    Parameters
    ----------
    period : int, default 13
        From 1 to 16777216.

    Notes
    -----
    EMA((close − close[1]) × volume, period), seeded with the mean of the first period values.
    First full value at row period. Source: Elder 1993; TA-Lib EFI.
    """

    def __new__(cls, period: int = 13) -> Self: ...
    def update(self, close: float, volume: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, volume: _Column, /) -> _Floats:
        """As `update` for each row."""

def emv(
    high: _Column,
    low: _Column,
    volume: _Column,
    period: int = 14,
    divisor: float = 10000.0,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Ease of movement.

    Parameters
    ----------
    high : array_like
    low : array_like
    volume : array_like
    period : int, default 14
        From 1 to 16777216.
    divisor : float, default 10000.0
        From 0.0 to 1e+18.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    SMA(divisor × (m − m[1]) × (high − low) ÷ volume, period) with m = (high + low) ÷ 2; a row without volume counts 0.
    First full value at row period. Source: Arms 1983; the divisor brings volume to a readable size, 10,000 as in common use.
    """

class Emv(_Streaming[float]):
    """Ease of movement.

    Parameters
    ----------
    period : int, default 14
        From 1 to 16777216.
    divisor : float, default 10000.0
        From 0.0 to 1e+18.

    Notes
    -----
    SMA(divisor × (m − m[1]) × (high − low) ÷ volume, period) with m = (high + low) ÷ 2; a row without volume counts 0.
    First full value at row period. Source: Arms 1983; the divisor brings volume to a readable size, 10,000 as in common use.
    """

    def __new__(cls, period: int = 14, divisor: float = 10000.0) -> Self: ...
    def update(self, high: float, low: float, volume: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, high: _Column, low: _Column, volume: _Column, /) -> _Floats:
        """As `update` for each row."""

def nvi(close: _Column, volume: _Column, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
    """Negative volume index.

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
    1000 at first; × close ÷ close[1] where volume < volume[1].
    First full value at row 0. Source: Dysart 1936, Fosback 1976; TA-Lib NVI.
    """

class Nvi(_Streaming[float]):
    """Negative volume index.

    Notes
    -----
    1000 at first; × close ÷ close[1] where volume < volume[1].
    First full value at row 0. Source: Dysart 1936, Fosback 1976; TA-Lib NVI.
    """

    def __new__(cls) -> Self: ...
    def update(self, close: float, volume: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, volume: _Column, /) -> _Floats:
        """As `update` for each row."""

def pvi(close: _Column, volume: _Column, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
    """Positive volume index.

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
    1000 at first; × close ÷ close[1] where volume > volume[1].
    First full value at row 0. Source: Dysart 1936, Fosback 1976; TA-Lib PVI.
    """

class Pvi(_Streaming[float]):
    """Positive volume index.

    Notes
    -----
    1000 at first; × close ÷ close[1] where volume > volume[1].
    First full value at row 0. Source: Dysart 1936, Fosback 1976; TA-Lib PVI.
    """

    def __new__(cls) -> Self: ...
    def update(self, close: float, volume: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, volume: _Column, /) -> _Floats:
        """As `update` for each row."""

class KlingerValue(NamedTuple, Generic[_T_co]):
    """Klinger volume oscillator: klinger, signal."""

    klinger: _T_co
    signal: _T_co

def klinger(
    high: _Column,
    low: _Column,
    close: _Column,
    volume: _Column,
    fast_period: int = 34,
    slow_period: int = 55,
    signal_period: int = 13,
    *,
    axis: int = -1,
    out: tuple[_Floats, _Floats] | None = None,
) -> KlingerValue[_Floats]:
    """Klinger volume oscillator.

    Parameters
    ----------
    high : array_like
    low : array_like
    close : array_like
    volume : array_like
    fast_period : int, default 34
        From 1 to 16777216.
    slow_period : int, default 55
        From 1 to 16777216.
    signal_period : int, default 13
        From 1 to 16777216.

    Returns
    -------
    KlingerValue of numpy.ndarray
        klinger, signal.

    Notes
    -----
    EMA(force, fast_period) − EMA(force, slow_period) and its EMA over signal_period; force = 100 × volume × |2 × (range ÷ swing − 1)| × trend from row 2 on; trend +1 where high + low + close rises, else −1; swing the ranges summed since the trend turned, with the one before.
    First full value at row max(fast_period, slow_period) + signal_period. Source: Klinger 1997; EMAs seeded with the mean of their first values.
    """

class Klinger(_Streaming[KlingerValue[float]]):
    """Klinger volume oscillator.

    Parameters
    ----------
    fast_period : int, default 34
        From 1 to 16777216.
    slow_period : int, default 55
        From 1 to 16777216.
    signal_period : int, default 13
        From 1 to 16777216.

    Notes
    -----
    EMA(force, fast_period) − EMA(force, slow_period) and its EMA over signal_period; force = 100 × volume × |2 × (range ÷ swing − 1)| × trend from row 2 on; trend +1 where high + low + close rises, else −1; swing the ranges summed since the trend turned, with the one before.
    First full value at row max(fast_period, slow_period) + signal_period. Source: Klinger 1997; EMAs seeded with the mean of their first values.
    """

    def __new__(cls, fast_period: int = 34, slow_period: int = 55, signal_period: int = 13) -> Self: ...
    def update(self, high: float, low: float, close: float, volume: float, /) -> KlingerValue[float]:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, high: _Column, low: _Column, close: _Column, volume: _Column, /) -> KlingerValue[_Floats]:
        """As `update` for each row."""

class DonchianValue(NamedTuple, Generic[_T_co]):
    """Donchian channel: upper, middle, lower."""

    upper: _T_co
    middle: _T_co
    lower: _T_co

def donchian(
    high: _Column,
    low: _Column,
    period: int = 20,
    *,
    axis: int = -1,
    out: tuple[_Floats, _Floats, _Floats] | None = None,
) -> DonchianValue[_Floats]:
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

def sar(
    high: _Column,
    low: _Column,
    acceleration: float = 0.02,
    maximum: float = 0.2,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Parabolic stop and reverse.

    Parameters
    ----------
    high : array_like
    low : array_like
    acceleration : float, default 0.02
        From 0.0 to 1000000.0.
    maximum : float, default 0.2
        From 0.0 to 1000000.0.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Sar[1] + f × (extreme − sar[1]), not inside the last two rows; f grows by acceleration, up to maximum, with each new extreme; where the price reaches it, it starts on the other side at the extreme.
    First full value at row 1. Source: Wilder 1978, p. 9; TA-Lib SAR.
    """

class Sar(_Streaming[float]):
    """Parabolic stop and reverse.

    Parameters
    ----------
    acceleration : float, default 0.02
        From 0.0 to 1000000.0.
    maximum : float, default 0.2
        From 0.0 to 1000000.0.

    Notes
    -----
    Sar[1] + f × (extreme − sar[1]), not inside the last two rows; f grows by acceleration, up to maximum, with each new extreme; where the price reaches it, it starts on the other side at the extreme.
    First full value at row 1. Source: Wilder 1978, p. 9; TA-Lib SAR.
    """

    def __new__(cls, acceleration: float = 0.02, maximum: float = 0.2) -> Self: ...
    def update(self, high: float, low: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, high: _Column, low: _Column, /) -> _Floats:
        """As `update` for each row."""

def sarext(
    high: _Column,
    low: _Column,
    start_value: float = 0.0,
    offset_on_reverse: float = 0.0,
    acceleration_init_long: float = 0.02,
    acceleration_long: float = 0.02,
    acceleration_max_long: float = 0.2,
    acceleration_init_short: float = 0.02,
    acceleration_short: float = 0.02,
    acceleration_max_short: float = 0.2,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Parabolic stop and reverse, extended.

    Parameters
    ----------
    high : array_like
    low : array_like
    start_value : float, default 0.0
        From -1e+300 to 1e+300.
    offset_on_reverse : float, default 0.0
        From 0.0 to 1000000.0.
    acceleration_init_long : float, default 0.02
        From 0.0 to 1000000.0.
    acceleration_long : float, default 0.02
        From 0.0 to 1000000.0.
    acceleration_max_long : float, default 0.2
        From 0.0 to 1000000.0.
    acceleration_init_short : float, default 0.02
        From 0.0 to 1000000.0.
    acceleration_short : float, default 0.02
        From 0.0 to 1000000.0.
    acceleration_max_short : float, default 0.2
        From 0.0 to 1000000.0.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    As sar, negative while short, with accelerations of each side, a first stop (negative for short, 0 to find it) and a part of the stop added where it turns.
    First full value at row 1. Source: Wilder 1978, p. 9; TA-Lib SAREXT.
    """

class Sarext(_Streaming[float]):
    """Parabolic stop and reverse, extended.

    Parameters
    ----------
    start_value : float, default 0.0
        From -1e+300 to 1e+300.
    offset_on_reverse : float, default 0.0
        From 0.0 to 1000000.0.
    acceleration_init_long : float, default 0.02
        From 0.0 to 1000000.0.
    acceleration_long : float, default 0.02
        From 0.0 to 1000000.0.
    acceleration_max_long : float, default 0.2
        From 0.0 to 1000000.0.
    acceleration_init_short : float, default 0.02
        From 0.0 to 1000000.0.
    acceleration_short : float, default 0.02
        From 0.0 to 1000000.0.
    acceleration_max_short : float, default 0.2
        From 0.0 to 1000000.0.

    Notes
    -----
    As sar, negative while short, with accelerations of each side, a first stop (negative for short, 0 to find it) and a part of the stop added where it turns.
    First full value at row 1. Source: Wilder 1978, p. 9; TA-Lib SAREXT.
    """

    def __new__(
        cls,
        start_value: float = 0.0,
        offset_on_reverse: float = 0.0,
        acceleration_init_long: float = 0.02,
        acceleration_long: float = 0.02,
        acceleration_max_long: float = 0.2,
        acceleration_init_short: float = 0.02,
        acceleration_short: float = 0.02,
        acceleration_max_short: float = 0.2,
    ) -> Self: ...
    def update(self, high: float, low: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, high: _Column, low: _Column, /) -> _Floats:
        """As `update` for each row."""

class SupertrendValue(NamedTuple, Generic[_T_co]):
    """Supertrend: supertrend, trend."""

    supertrend: _T_co
    trend: _T_co

def supertrend(
    high: _Column,
    low: _Column,
    close: _Column,
    period: int = 10,
    multiplier: float = 3.0,
    *,
    axis: int = -1,
    out: tuple[_Floats, _Floats] | None = None,
) -> SupertrendValue[_Floats]:
    """Supertrend.

    Parameters
    ----------
    high : array_like
    low : array_like
    close : array_like
    period : int, default 10
        From 1 to 16777216.
    multiplier : float, default 3.0
        From 0.0 to 1000000.0.

    Returns
    -------
    SupertrendValue of numpy.ndarray
        supertrend, trend.

    Notes
    -----
    Bands (high + low) ÷ 2 ± multiplier × atr(period) that only come nearer until the close before lies beyond; the lower one while the trend is up (1), the upper one while it is down (−1), which turns where the close passes the band; up at first.
    First full value at row period. Source: Seban; TA-Lib SUPERTREND.
    """

class Supertrend(_Streaming[SupertrendValue[float]]):
    """Supertrend.

    Parameters
    ----------
    period : int, default 10
        From 1 to 16777216.
    multiplier : float, default 3.0
        From 0.0 to 1000000.0.

    Notes
    -----
    Bands (high + low) ÷ 2 ± multiplier × atr(period) that only come nearer until the close before lies beyond; the lower one while the trend is up (1), the upper one while it is down (−1), which turns where the close passes the band; up at first.
    First full value at row period. Source: Seban; TA-Lib SUPERTREND.
    """

    def __new__(cls, period: int = 10, multiplier: float = 3.0) -> Self: ...
    def update(self, high: float, low: float, close: float, /) -> SupertrendValue[float]:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, high: _Column, low: _Column, close: _Column, /) -> SupertrendValue[_Floats]:
        """As `update` for each row."""

class ChandeKrollStopValue(NamedTuple, Generic[_T_co]):
    """Chande Kroll stop: short_stop, long_stop."""

    short_stop: _T_co
    long_stop: _T_co

def chande_kroll_stop(
    high: _Column,
    low: _Column,
    close: _Column,
    atr_period: int = 10,
    multiplier: float = 1.0,
    stop_period: int = 9,
    *,
    axis: int = -1,
    out: tuple[_Floats, _Floats] | None = None,
) -> ChandeKrollStopValue[_Floats]:
    """Chande Kroll stop.

    Parameters
    ----------
    high : array_like
    low : array_like
    close : array_like
    atr_period : int, default 10
        From 1 to 16777216.
    multiplier : float, default 1.0
        From 0.0 to 1000000.0.
    stop_period : int, default 9
        From 1 to 16777216.

    Returns
    -------
    ChandeKrollStopValue of numpy.ndarray
        short_stop, long_stop.

    Notes
    -----
    Short: the highest, over stop_period rows, of highest high(atr_period) − multiplier × atr(atr_period); long: the lowest of lowest low + multiplier × atr.
    First full value at row atr_period + stop_period − 1. Source: Chande and Kroll 1994.
    """

class ChandeKrollStop(_Streaming[ChandeKrollStopValue[float]]):
    """Chande Kroll stop.

    Parameters
    ----------
    atr_period : int, default 10
        From 1 to 16777216.
    multiplier : float, default 1.0
        From 0.0 to 1000000.0.
    stop_period : int, default 9
        From 1 to 16777216.

    Notes
    -----
    Short: the highest, over stop_period rows, of highest high(atr_period) − multiplier × atr(atr_period); long: the lowest of lowest low + multiplier × atr.
    First full value at row atr_period + stop_period − 1. Source: Chande and Kroll 1994.
    """

    def __new__(cls, atr_period: int = 10, multiplier: float = 1.0, stop_period: int = 9) -> Self: ...
    def update(self, high: float, low: float, close: float, /) -> ChandeKrollStopValue[float]:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, high: _Column, low: _Column, close: _Column, /) -> ChandeKrollStopValue[_Floats]:
        """As `update` for each row."""

class IchimokuValue(NamedTuple, Generic[_T_co]):
    """Ichimoku: conversion, base, span_a, span_b."""

    conversion: _T_co
    base: _T_co
    span_a: _T_co
    span_b: _T_co

def ichimoku(
    high: _Column,
    low: _Column,
    conversion_period: int = 9,
    base_period: int = 26,
    span_period: int = 52,
    displacement: int = 26,
    *,
    axis: int = -1,
    out: tuple[_Floats, _Floats, _Floats, _Floats] | None = None,
) -> IchimokuValue[_Floats]:
    """Ichimoku.

    Parameters
    ----------
    high : array_like
    low : array_like
    conversion_period : int, default 9
        From 1 to 16777216.
    base_period : int, default 26
        From 1 to 16777216.
    span_period : int, default 52
        From 1 to 16777216.
    displacement : int, default 26
        From 0 to 16777216.

    Returns
    -------
    IchimokuValue of numpy.ndarray
        conversion, base, span_a, span_b.

    Notes
    -----
    Conversion, base: (highest high + lowest low) ÷ 2 of their rows; span_a: the mean of both, span_b: that midpoint of span_period rows, each as it was displacement rows ago, where it is drawn; the lagging span is the close, to be held against the price displacement rows ago.
    First full value at row max(conversion_period, base_period, span_period) − 1 + displacement. Source: Hosoda 1969.
    """

class Ichimoku(_Streaming[IchimokuValue[float]]):
    """Ichimoku.

    Parameters
    ----------
    conversion_period : int, default 9
        From 1 to 16777216.
    base_period : int, default 26
        From 1 to 16777216.
    span_period : int, default 52
        From 1 to 16777216.
    displacement : int, default 26
        From 0 to 16777216.

    Notes
    -----
    Conversion, base: (highest high + lowest low) ÷ 2 of their rows; span_a: the mean of both, span_b: that midpoint of span_period rows, each as it was displacement rows ago, where it is drawn; the lagging span is the close, to be held against the price displacement rows ago.
    First full value at row max(conversion_period, base_period, span_period) − 1 + displacement. Source: Hosoda 1969.
    """

    def __new__(
        cls,
        conversion_period: int = 9,
        base_period: int = 26,
        span_period: int = 52,
        displacement: int = 26,
    ) -> Self: ...
    def update(self, high: float, low: float, /) -> IchimokuValue[float]:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, high: _Column, low: _Column, /) -> IchimokuValue[_Floats]:
        """As `update` for each row."""

class HeikinAshiValue(NamedTuple, Generic[_T_co]):
    """Heikin-Ashi bars: open, high, low, close."""

    open: _T_co
    high: _T_co
    low: _T_co
    close: _T_co

def heikin_ashi(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: tuple[_Floats, _Floats, _Floats, _Floats] | None = None,
) -> HeikinAshiValue[_Floats]:
    """Heikin-Ashi bars.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    HeikinAshiValue of numpy.ndarray
        open, high, low, close.

    Notes
    -----
    Close: (open + high + low + close) ÷ 4; open: (open[1] + close[1]) ÷ 2 of these bars, (open + close) ÷ 2 at first; high and low: the outermost of the row's and these two.
    First full value at row 0. Source: Valcu 2004; TA-Lib HA.
    """

class HeikinAshi(_Streaming[HeikinAshiValue[float]]):
    """Heikin-Ashi bars.

    Notes
    -----
    Close: (open + high + low + close) ÷ 4; open: (open[1] + close[1]) ÷ 2 of these bars, (open + close) ÷ 2 at first; high and low: the outermost of the row's and these two.
    First full value at row 0. Source: Valcu 2004; TA-Lib HA.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> HeikinAshiValue[float]:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> HeikinAshiValue[_Floats]:
        """As `update` for each row."""

class ZigzagValue(NamedTuple, Generic[_T_co]):
    """Zigzag turning points: price, kind, age."""

    price: _T_co
    kind: _T_co
    age: _T_co

def zigzag(
    high: _Column,
    low: _Column,
    percent: float = 5.0,
    *,
    axis: int = -1,
    out: tuple[_Floats, _Floats, _Floats] | None = None,
) -> ZigzagValue[_Floats]:
    """Zigzag turning points.

    Parameters
    ----------
    high : array_like
    low : array_like
    percent : float, default 5.0
        From 1e-06 to 99.999.

    Returns
    -------
    ZigzagValue of numpy.ndarray
        price, kind, age.

    Notes
    -----
    On the row that confirms a turning point, else NaN: its price, 1 for a high or −1 for a low, and how many rows ago it was; a high is confirmed by a low of at most high × (1 − percent ÷ 100), a low by a high of at least low × (1 + percent ÷ 100), on a row that does not itself go further.
    First full value at row that of the first turning point, 1 at the earliest. Source: Merrill 1977.
    """

class Zigzag(_Streaming[ZigzagValue[float]]):
    """Zigzag turning points.

    Parameters
    ----------
    percent : float, default 5.0
        From 1e-06 to 99.999.

    Notes
    -----
    On the row that confirms a turning point, else NaN: its price, 1 for a high or −1 for a low, and how many rows ago it was; a high is confirmed by a low of at most high × (1 − percent ÷ 100), a low by a high of at least low × (1 + percent ÷ 100), on a row that does not itself go further.
    First full value at row that of the first turning point, 1 at the earliest. Source: Merrill 1977.
    """

    def __new__(cls, percent: float = 5.0) -> Self: ...
    def update(self, high: float, low: float, /) -> ZigzagValue[float]:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, high: _Column, low: _Column, /) -> ZigzagValue[_Floats]:
        """As `update` for each row."""

class PivotsValue(NamedTuple, Generic[_T_co]):
    """Pivot highs and lows: pivot_high, pivot_low."""

    pivot_high: _T_co
    pivot_low: _T_co

def pivots(
    high: _Column,
    low: _Column,
    left: int = 2,
    right: int = 2,
    *,
    axis: int = -1,
    out: tuple[_Floats, _Floats] | None = None,
) -> PivotsValue[_Floats]:
    """Pivot highs and lows.

    Parameters
    ----------
    high : array_like
    low : array_like
    left : int, default 2
        From 1 to 16777216.
    right : int, default 2
        From 1 to 16777216.

    Returns
    -------
    PivotsValue of numpy.ndarray
        pivot_high, pivot_low.

    Notes
    -----
    On the row that confirms it, else NaN: the high of right rows ago if it is above all highs of the left rows before and the right rows after it; likewise the low.
    First full value at row left + right at the earliest. Source: Williams 1995 (fractals, 2 and 2); TA-Lib FRACTAL.
    """

class Pivots(_Streaming[PivotsValue[float]]):
    """Pivot highs and lows.

    Parameters
    ----------
    left : int, default 2
        From 1 to 16777216.
    right : int, default 2
        From 1 to 16777216.

    Notes
    -----
    On the row that confirms it, else NaN: the high of right rows ago if it is above all highs of the left rows before and the right rows after it; likewise the low.
    First full value at row left + right at the earliest. Source: Williams 1995 (fractals, 2 and 2); TA-Lib FRACTAL.
    """

    def __new__(cls, left: int = 2, right: int = 2) -> Self: ...
    def update(self, high: float, low: float, /) -> PivotsValue[float]:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, high: _Column, low: _Column, /) -> PivotsValue[_Floats]:
        """As `update` for each row."""

def ht_dcperiod(close: _Column, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
    """Dominant cycle period.

    Parameters
    ----------
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Period, in rows, of the cycle that a Hilbert transform of the smoothed close finds by the turning speed of its phasor; between 6 and 50, smoothed.
    First full value at row 32. Source: Ehlers 2001; TA-Lib HT_DCPERIOD.
    """

class HtDcperiod(_Streaming[float]):
    """Dominant cycle period.

    Notes
    -----
    Period, in rows, of the cycle that a Hilbert transform of the smoothed close finds by the turning speed of its phasor; between 6 and 50, smoothed.
    First full value at row 32. Source: Ehlers 2001; TA-Lib HT_DCPERIOD.
    """

    def __new__(cls) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

class HtPhasorValue(NamedTuple, Generic[_T_co]):
    """Dominant cycle phasor: in_phase, quadrature."""

    in_phase: _T_co
    quadrature: _T_co

def ht_phasor(close: _Column, *, axis: int = -1, out: tuple[_Floats, _Floats] | None = None) -> HtPhasorValue[_Floats]:
    """Dominant cycle phasor.

    Parameters
    ----------
    close : array_like

    Returns
    -------
    HtPhasorValue of numpy.ndarray
        in_phase, quadrature.

    Notes
    -----
    The detrended close of three rows ago, and its Hilbert transform, a quarter of a cycle from it.
    First full value at row 32. Source: Ehlers 2001; TA-Lib HT_PHASOR.
    """

class HtPhasor(_Streaming[HtPhasorValue[float]]):
    """Dominant cycle phasor.

    Notes
    -----
    The detrended close of three rows ago, and its Hilbert transform, a quarter of a cycle from it.
    First full value at row 32. Source: Ehlers 2001; TA-Lib HT_PHASOR.
    """

    def __new__(cls) -> Self: ...
    def update(self, close: float, /) -> HtPhasorValue[float]:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> HtPhasorValue[_Floats]:
        """As `update` for each row."""

def ht_dcphase(close: _Column, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
    """Dominant cycle phase.

    Parameters
    ----------
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Angle, in degrees, of the smoothed close against one turn of the dominant cycle that ends with the row.
    First full value at row 63. Source: Ehlers 2001; TA-Lib HT_DCPHASE.
    """

class HtDcphase(_Streaming[float]):
    """Dominant cycle phase.

    Notes
    -----
    Angle, in degrees, of the smoothed close against one turn of the dominant cycle that ends with the row.
    First full value at row 63. Source: Ehlers 2001; TA-Lib HT_DCPHASE.
    """

    def __new__(cls) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

class HtSineValue(NamedTuple, Generic[_T_co]):
    """Sine wave of the dominant cycle: sine, lead_sine."""

    sine: _T_co
    lead_sine: _T_co

def ht_sine(close: _Column, *, axis: int = -1, out: tuple[_Floats, _Floats] | None = None) -> HtSineValue[_Floats]:
    """Sine wave of the dominant cycle.

    Parameters
    ----------
    close : array_like

    Returns
    -------
    HtSineValue of numpy.ndarray
        sine, lead_sine.

    Notes
    -----
    Sin(ht_dcphase) and sin(ht_dcphase + 45°).
    First full value at row 63. Source: Ehlers 2001; TA-Lib HT_SINE.
    """

class HtSine(_Streaming[HtSineValue[float]]):
    """Sine wave of the dominant cycle.

    Notes
    -----
    Sin(ht_dcphase) and sin(ht_dcphase + 45°).
    First full value at row 63. Source: Ehlers 2001; TA-Lib HT_SINE.
    """

    def __new__(cls) -> Self: ...
    def update(self, close: float, /) -> HtSineValue[float]:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> HtSineValue[_Floats]:
        """As `update` for each row."""

def ht_trendline(close: _Column, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
    """Instantaneous trend line.

    Parameters
    ----------
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    (4 a + 3 a[1] + 2 a[2] + a[3]) ÷ 10 with a the mean close of one dominant cycle.
    First full value at row 63. Source: Ehlers 2001; TA-Lib HT_TRENDLINE.
    """

class HtTrendline(_Streaming[float]):
    """Instantaneous trend line.

    Notes
    -----
    (4 a + 3 a[1] + 2 a[2] + a[3]) ÷ 10 with a the mean close of one dominant cycle.
    First full value at row 63. Source: Ehlers 2001; TA-Lib HT_TRENDLINE.
    """

    def __new__(cls) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def ht_trendmode(close: _Column, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
    """Trend or cycle mode.

    Parameters
    ----------
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    1 in a trend; 0 for half a period after sine and lead_sine cross and while the phase keeps the pace of the period (0.67 to 1.5 times), unless the smoothed close is 1.5 % or more from the trend line.
    First full value at row 63. Source: Ehlers 2001; TA-Lib HT_TRENDMODE.
    """

class HtTrendmode(_Streaming[float]):
    """Trend or cycle mode.

    Notes
    -----
    1 in a trend; 0 for half a period after sine and lead_sine cross and while the phase keeps the pace of the period (0.67 to 1.5 times), unless the smoothed close is 1.5 % or more from the trend line.
    First full value at row 63. Source: Ehlers 2001; TA-Lib HT_TRENDMODE.
    """

    def __new__(cls) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def stddev(
    close: _Column,
    period: int = 5,
    factor: float = 1.0,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Standard deviation.

    Parameters
    ----------
    close : array_like
    period : int, default 5
        From 1 to 16777216.
    factor : float, default 1.0
        From -1000000000.0 to 1000000000.0.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Factor·√variance, of the population.
    First full value at row period − 1. Source: TA-Lib STDDEV.
    """

class Stddev(_Streaming[float]):
    """Standard deviation.

    Parameters
    ----------
    period : int, default 5
        From 1 to 16777216.
    factor : float, default 1.0
        From -1000000000.0 to 1000000000.0.

    Notes
    -----
    Factor·√variance, of the population.
    First full value at row period − 1. Source: TA-Lib STDDEV.
    """

    def __new__(cls, period: int = 5, factor: float = 1.0) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def variance(close: _Column, period: int = 5, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
    """Variance.

    Parameters
    ----------
    close : array_like
    period : int, default 5
        From 1 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Mean of (close − mean)² over period rows, of the population.
    First full value at row period − 1. Source: TA-Lib VAR.
    """

class Variance(_Streaming[float]):
    """Variance.

    Parameters
    ----------
    period : int, default 5
        From 1 to 16777216.

    Notes
    -----
    Mean of (close − mean)² over period rows, of the population.
    First full value at row period − 1. Source: TA-Lib VAR.
    """

    def __new__(cls, period: int = 5) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def zscore(close: _Column, period: int = 20, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
    """Z-score.

    Parameters
    ----------
    close : array_like
    period : int, default 20
        From 1 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    (close − mean) ÷ standard deviation of period rows, of the population; 0 where nothing moves.
    First full value at row period − 1. Source: definition; as Stock.Indicators.
    """

class Zscore(_Streaming[float]):
    """Z-score.

    Parameters
    ----------
    period : int, default 20
        From 1 to 16777216.

    Notes
    -----
    (close − mean) ÷ standard deviation of period rows, of the population; 0 where nothing moves.
    First full value at row period − 1. Source: definition; as Stock.Indicators.
    """

    def __new__(cls, period: int = 20) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def rolling_sum(close: _Column, period: int = 30, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
    """Rolling sum.

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
    Σ close over period rows.
    First full value at row period − 1. Source: TA-Lib SUM.
    """

class RollingSum(_Streaming[float]):
    """Rolling sum.

    Parameters
    ----------
    period : int, default 30
        From 1 to 16777216.

    Notes
    -----
    Σ close over period rows.
    First full value at row period − 1. Source: TA-Lib SUM.
    """

    def __new__(cls, period: int = 30) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def rolling_skew(close: _Column, period: int = 30, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
    """Rolling skewness.

    Parameters
    ----------
    close : array_like
    period : int, default 30
        From 3 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    √(n(n − 1)) ÷ (n − 2)·m₃ ÷ m₂^1.5, central moments of n = period rows; 0 where nothing moves.
    First full value at row period − 1. Source: adjusted Fisher–Pearson, D. Joanes and C. Gill (1998), G₁; as pandas.
    """

class RollingSkew(_Streaming[float]):
    """Rolling skewness.

    Parameters
    ----------
    period : int, default 30
        From 3 to 16777216.

    Notes
    -----
    √(n(n − 1)) ÷ (n − 2)·m₃ ÷ m₂^1.5, central moments of n = period rows; 0 where nothing moves.
    First full value at row period − 1. Source: adjusted Fisher–Pearson, D. Joanes and C. Gill (1998), G₁; as pandas.
    """

    def __new__(cls, period: int = 30) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def rolling_kurtosis(close: _Column, period: int = 30, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
    """Rolling excess kurtosis.

    Parameters
    ----------
    close : array_like
    period : int, default 30
        From 4 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    (n − 1) ÷ ((n − 2)(n − 3))·((n + 1)·m₄ ÷ m₂² − 3(n − 1)), central moments of n = period rows; 0 where nothing moves.
    First full value at row period − 1. Source: D. Joanes and C. Gill (1998), G₂; as pandas.
    """

class RollingKurtosis(_Streaming[float]):
    """Rolling excess kurtosis.

    Parameters
    ----------
    period : int, default 30
        From 4 to 16777216.

    Notes
    -----
    (n − 1) ÷ ((n − 2)(n − 3))·((n + 1)·m₄ ÷ m₂² − 3(n − 1)), central moments of n = period rows; 0 where nothing moves.
    First full value at row period − 1. Source: D. Joanes and C. Gill (1998), G₂; as pandas.
    """

    def __new__(cls, period: int = 30) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def correlation(
    close: _Column,
    other: _Column,
    period: int = 30,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Pearson correlation.

    Parameters
    ----------
    close : array_like
    other : array_like
    period : int, default 30
        From 1 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Covariance ÷ (deviation of close·deviation of other) over period rows; 0 where one does not move.
    First full value at row period − 1. Source: TA-Lib CORREL.
    """

class Correlation(_Streaming[float]):
    """Pearson correlation.

    Parameters
    ----------
    period : int, default 30
        From 1 to 16777216.

    Notes
    -----
    Covariance ÷ (deviation of close·deviation of other) over period rows; 0 where one does not move.
    First full value at row period − 1. Source: TA-Lib CORREL.
    """

    def __new__(cls, period: int = 30) -> Self: ...
    def update(self, close: float, other: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, other: _Column, /) -> _Floats:
        """As `update` for each row."""

def covariance(
    close: _Column,
    other: _Column,
    period: int = 30,
    degrees: int = 1,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Covariance.

    Parameters
    ----------
    close : array_like
    other : array_like
    period : int, default 30
        From 2 to 16777216.
    degrees : int, default 1
        From 0 to 1.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Σ (close − mean)(other − mean) ÷ (period − degrees): degrees 1 of a sample, 0 of a population.
    First full value at row period − 1. Source: definition; as numpy and pandas, of a sample.
    """

class Covariance(_Streaming[float]):
    """Covariance.

    Parameters
    ----------
    period : int, default 30
        From 2 to 16777216.
    degrees : int, default 1
        From 0 to 1.

    Notes
    -----
    Σ (close − mean)(other − mean) ÷ (period − degrees): degrees 1 of a sample, 0 of a population.
    First full value at row period − 1. Source: definition; as numpy and pandas, of a sample.
    """

    def __new__(cls, period: int = 30, degrees: int = 1) -> Self: ...
    def update(self, close: float, other: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, other: _Column, /) -> _Floats:
        """As `update` for each row."""

def beta(benchmark: _Column, close: _Column, period: int = 5, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
    """Beta.

    Parameters
    ----------
    benchmark : array_like
    close : array_like
    period : int, default 5
        From 1 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Covariance ÷ variance of the benchmark, of the last period relative changes; 0 where the benchmark does not move.
    First full value at row period. Source: TA-Lib BETA, whose first input is the benchmark.
    """

class Beta(_Streaming[float]):
    """Beta.

    Parameters
    ----------
    period : int, default 5
        From 1 to 16777216.

    Notes
    -----
    Covariance ÷ variance of the benchmark, of the last period relative changes; 0 where the benchmark does not move.
    First full value at row period. Source: TA-Lib BETA, whose first input is the benchmark.
    """

    def __new__(cls, period: int = 5) -> Self: ...
    def update(self, benchmark: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, benchmark: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def rolling_min(close: _Column, period: int = 30, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
    """Rolling minimum.

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
    Lowest of period rows.
    First full value at row period − 1. Source: TA-Lib MIN.
    """

class RollingMin(_Streaming[float]):
    """Rolling minimum.

    Parameters
    ----------
    period : int, default 30
        From 1 to 16777216.

    Notes
    -----
    Lowest of period rows.
    First full value at row period − 1. Source: TA-Lib MIN.
    """

    def __new__(cls, period: int = 30) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def rolling_max(close: _Column, period: int = 30, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
    """Rolling maximum.

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
    Highest of period rows.
    First full value at row period − 1. Source: TA-Lib MAX.
    """

class RollingMax(_Streaming[float]):
    """Rolling maximum.

    Parameters
    ----------
    period : int, default 30
        From 1 to 16777216.

    Notes
    -----
    Highest of period rows.
    First full value at row period − 1. Source: TA-Lib MAX.
    """

    def __new__(cls, period: int = 30) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def rolling_median(close: _Column, period: int = 30, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
    """Rolling median.

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
    Middle value of period rows, mean of the middle two where period is even.
    First full value at row period − 1. Source: definition; as pandas.
    """

class RollingMedian(_Streaming[float]):
    """Rolling median.

    Parameters
    ----------
    period : int, default 30
        From 1 to 16777216.

    Notes
    -----
    Middle value of period rows, mean of the middle two where period is even.
    First full value at row period − 1. Source: definition; as pandas.
    """

    def __new__(cls, period: int = 30) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def rolling_quantile(
    close: _Column,
    period: int = 30,
    quantile: float = 0.5,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Rolling quantile.

    Parameters
    ----------
    close : array_like
    period : int, default 30
        From 1 to 16777216.
    quantile : float, default 0.5
        From 0.0 to 1.0.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Value at place quantile·(period − 1) of period rows sorted, linear between two.
    First full value at row period − 1. Source: R. Hyndman and Y. Fan (1996), type 7; as numpy and pandas.
    """

class RollingQuantile(_Streaming[float]):
    """Rolling quantile.

    Parameters
    ----------
    period : int, default 30
        From 1 to 16777216.
    quantile : float, default 0.5
        From 0.0 to 1.0.

    Notes
    -----
    Value at place quantile·(period − 1) of period rows sorted, linear between two.
    First full value at row period − 1. Source: R. Hyndman and Y. Fan (1996), type 7; as numpy and pandas.
    """

    def __new__(cls, period: int = 30, quantile: float = 0.5) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def percent_rank(close: _Column, period: int = 100, *, axis: int = -1, out: _Floats | None = None) -> _Floats:
    """Percent rank.

    Parameters
    ----------
    close : array_like
    period : int, default 100
        From 1 to 16777216.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Percent of the period values before that are below this one.
    First full value at row period. Source: TA-Lib PERCENTRANK.
    """

class PercentRank(_Streaming[float]):
    """Percent rank.

    Parameters
    ----------
    period : int, default 100
        From 1 to 16777216.

    Notes
    -----
    Percent of the period values before that are below this one.
    First full value at row period. Source: TA-Lib PERCENTRANK.
    """

    def __new__(cls, period: int = 100) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def rolling_sharpe(
    close: _Column,
    period: int = 30,
    risk_free: float = 0.0,
    rows_per_year: float = 252.0,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Rolling Sharpe ratio.

    Parameters
    ----------
    close : array_like
    period : int, default 30
        From 2 to 16777216.
    risk_free : float, default 0.0
        From -1.0 to 10.0.
    rows_per_year : float, default 252.0
        From 0.001 to 1000000000.0.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    √rows_per_year·mean ÷ standard deviation (of a sample) of period returns less risk_free ÷ rows_per_year; return = close ÷ close[1] − 1; 0 where nothing moves.
    First full value at row period. Source: W. Sharpe (1994).
    """

class RollingSharpe(_Streaming[float]):
    """Rolling Sharpe ratio.

    Parameters
    ----------
    period : int, default 30
        From 2 to 16777216.
    risk_free : float, default 0.0
        From -1.0 to 10.0.
    rows_per_year : float, default 252.0
        From 0.001 to 1000000000.0.

    Notes
    -----
    √rows_per_year·mean ÷ standard deviation (of a sample) of period returns less risk_free ÷ rows_per_year; return = close ÷ close[1] − 1; 0 where nothing moves.
    First full value at row period. Source: W. Sharpe (1994).
    """

    def __new__(cls, period: int = 30, risk_free: float = 0.0, rows_per_year: float = 252.0) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def rolling_sortino(
    close: _Column,
    period: int = 30,
    risk_free: float = 0.0,
    rows_per_year: float = 252.0,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Rolling Sortino ratio.

    Parameters
    ----------
    close : array_like
    period : int, default 30
        From 2 to 16777216.
    risk_free : float, default 0.0
        From -1.0 to 10.0.
    rows_per_year : float, default 252.0
        From 0.001 to 1000000000.0.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    √rows_per_year·mean ÷ √(Σ min(r, 0)² ÷ period) of r, period returns less risk_free ÷ rows_per_year; 0 where nothing fell.
    First full value at row period. Source: F. Sortino and L. Price (1994).
    """

class RollingSortino(_Streaming[float]):
    """Rolling Sortino ratio.

    Parameters
    ----------
    period : int, default 30
        From 2 to 16777216.
    risk_free : float, default 0.0
        From -1.0 to 10.0.
    rows_per_year : float, default 252.0
        From 0.001 to 1000000000.0.

    Notes
    -----
    √rows_per_year·mean ÷ √(Σ min(r, 0)² ÷ period) of r, period returns less risk_free ÷ rows_per_year; 0 where nothing fell.
    First full value at row period. Source: F. Sortino and L. Price (1994).
    """

    def __new__(cls, period: int = 30, risk_free: float = 0.0, rows_per_year: float = 252.0) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def rolling_value_at_risk(
    close: _Column,
    period: int = 100,
    confidence: float = 0.95,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Rolling value at risk.

    Parameters
    ----------
    close : array_like
    period : int, default 100
        From 2 to 16777216.
    confidence : float, default 0.95
        From 0.0 to 1.0.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    −quantile(1 − confidence) of period returns, linear between two: the loss, a positive share, not gone beyond.
    First full value at row period. Source: historical simulation, P. Jorion (1997).
    """

class RollingValueAtRisk(_Streaming[float]):
    """Rolling value at risk.

    Parameters
    ----------
    period : int, default 100
        From 2 to 16777216.
    confidence : float, default 0.95
        From 0.0 to 1.0.

    Notes
    -----
    −quantile(1 − confidence) of period returns, linear between two: the loss, a positive share, not gone beyond.
    First full value at row period. Source: historical simulation, P. Jorion (1997).
    """

    def __new__(cls, period: int = 100, confidence: float = 0.95) -> Self: ...
    def update(self, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdlbelthold(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Belt hold.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    A long body without a shadow where it opens.
    First full value at row 10. Source: TA-Lib, with its default candle settings.
    """

class Cdlbelthold(_Streaming[float]):
    """Belt hold.

    Notes
    -----
    A long body without a shadow where it opens.
    First full value at row 10. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdlclosingmarubozu(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Closing marubozu.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    A long body without a shadow where it closes.
    First full value at row 10. Source: TA-Lib, with its default candle settings.
    """

class Cdlclosingmarubozu(_Streaming[float]):
    """Closing marubozu.

    Notes
    -----
    A long body without a shadow where it closes.
    First full value at row 10. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdldoji(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Doji.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Open and close nearly equal.
    First full value at row 10. Source: TA-Lib, with its default candle settings.
    """

class Cdldoji(_Streaming[float]):
    """Doji.

    Notes
    -----
    Open and close nearly equal.
    First full value at row 10. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdldragonflydoji(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Dragonfly doji.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    A doji at the high, with a lower shadow.
    First full value at row 10. Source: TA-Lib, with its default candle settings.
    """

class Cdldragonflydoji(_Streaming[float]):
    """Dragonfly doji.

    Notes
    -----
    A doji at the high, with a lower shadow.
    First full value at row 10. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdlgravestonedoji(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Gravestone doji.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    A doji at the low, with an upper shadow.
    First full value at row 10. Source: TA-Lib, with its default candle settings.
    """

class Cdlgravestonedoji(_Streaming[float]):
    """Gravestone doji.

    Notes
    -----
    A doji at the low, with an upper shadow.
    First full value at row 10. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdlhighwave(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """High-wave candle.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    A short body between two very long shadows.
    First full value at row 10. Source: TA-Lib, with its default candle settings.
    """

class Cdlhighwave(_Streaming[float]):
    """High-wave candle.

    Notes
    -----
    A short body between two very long shadows.
    First full value at row 10. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdllongleggeddoji(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Long-legged doji.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    A doji with a long shadow.
    First full value at row 10. Source: TA-Lib, with its default candle settings.
    """

class Cdllongleggeddoji(_Streaming[float]):
    """Long-legged doji.

    Notes
    -----
    A doji with a long shadow.
    First full value at row 10. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdllongline(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Long line.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    A long body between short shadows.
    First full value at row 10. Source: TA-Lib, with its default candle settings.
    """

class Cdllongline(_Streaming[float]):
    """Long line.

    Notes
    -----
    A long body between short shadows.
    First full value at row 10. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdlmarubozu(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Marubozu.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    A long body with hardly any shadow.
    First full value at row 10. Source: TA-Lib, with its default candle settings.
    """

class Cdlmarubozu(_Streaming[float]):
    """Marubozu.

    Notes
    -----
    A long body with hardly any shadow.
    First full value at row 10. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdlrickshawman(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Rickshaw man.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    A long-legged doji near the middle of its range.
    First full value at row 10. Source: TA-Lib, with its default candle settings.
    """

class Cdlrickshawman(_Streaming[float]):
    """Rickshaw man.

    Notes
    -----
    A long-legged doji near the middle of its range.
    First full value at row 10. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdlshortline(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Short line.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    A short body between short shadows.
    First full value at row 10. Source: TA-Lib, with its default candle settings.
    """

class Cdlshortline(_Streaming[float]):
    """Short line.

    Notes
    -----
    A short body between short shadows.
    First full value at row 10. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdlspinningtop(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Spinning top.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    A short body between shadows longer than it.
    First full value at row 10. Source: TA-Lib, with its default candle settings.
    """

class Cdlspinningtop(_Streaming[float]):
    """Spinning top.

    Notes
    -----
    A short body between shadows longer than it.
    First full value at row 10. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdltakuri(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Takuri.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    A dragonfly doji with a very long lower shadow.
    First full value at row 10. Source: TA-Lib, with its default candle settings.
    """

class Cdltakuri(_Streaming[float]):
    """Takuri.

    Notes
    -----
    A dragonfly doji with a very long lower shadow.
    First full value at row 10. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdlcounterattack(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Counterattack.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Two long candles of opposite colours with the same close.
    First full value at row 11. Source: TA-Lib, with its default candle settings.
    """

class Cdlcounterattack(_Streaming[float]):
    """Counterattack.

    Notes
    -----
    Two long candles of opposite colours with the same close.
    First full value at row 11. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdldarkcloudcover(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    penetration: float = 0.5,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Dark cloud cover.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like
    penetration : float, default 0.5
        From 0.0 to 100.0.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    After a long white candle, an open above its high and a close deep in its body.
    First full value at row 11. Source: TA-Lib, with its default candle settings.
    """

class Cdldarkcloudcover(_Streaming[float]):
    """Dark cloud cover.

    Parameters
    ----------
    penetration : float, default 0.5
        From 0.0 to 100.0.

    Notes
    -----
    After a long white candle, an open above its high and a close deep in its body.
    First full value at row 11. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls, penetration: float = 0.5) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdldojistar(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Doji star.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    After a long candle, a doji that gaps away in its direction.
    First full value at row 11. Source: TA-Lib, with its default candle settings.
    """

class Cdldojistar(_Streaming[float]):
    """Doji star.

    Notes
    -----
    After a long candle, a doji that gaps away in its direction.
    First full value at row 11. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdlengulfing(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Engulfing.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    A body that engulfs the one before, of the other colour.
    First full value at row 2. Source: TA-Lib, with its default candle settings.
    """

class Cdlengulfing(_Streaming[float]):
    """Engulfing.

    Notes
    -----
    A body that engulfs the one before, of the other colour.
    First full value at row 2. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdlhammer(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Hammer.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    A short body with a long lower shadow and hardly an upper one, near the low before.
    First full value at row 11. Source: TA-Lib, with its default candle settings.
    """

class Cdlhammer(_Streaming[float]):
    """Hammer.

    Notes
    -----
    A short body with a long lower shadow and hardly an upper one, near the low before.
    First full value at row 11. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdlhangingman(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Hanging man.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    A hammer near the high before.
    First full value at row 11. Source: TA-Lib, with its default candle settings.
    """

class Cdlhangingman(_Streaming[float]):
    """Hanging man.

    Notes
    -----
    A hammer near the high before.
    First full value at row 11. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdlharami(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Harami.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    A short body within a long one before.
    First full value at row 11. Source: TA-Lib, with its default candle settings.
    """

class Cdlharami(_Streaming[float]):
    """Harami.

    Notes
    -----
    A short body within a long one before.
    First full value at row 11. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdlharamicross(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Harami cross.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    A doji within a long body before.
    First full value at row 11. Source: TA-Lib, with its default candle settings.
    """

class Cdlharamicross(_Streaming[float]):
    """Harami cross.

    Notes
    -----
    A doji within a long body before.
    First full value at row 11. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdlhomingpigeon(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Homing pigeon.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    A short black body within a long black one.
    First full value at row 11. Source: TA-Lib, with its default candle settings.
    """

class Cdlhomingpigeon(_Streaming[float]):
    """Homing pigeon.

    Notes
    -----
    A short black body within a long black one.
    First full value at row 11. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdlinneck(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """In-neck.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    After a long black candle, an open below its low and a close at its close.
    First full value at row 11. Source: TA-Lib, with its default candle settings.
    """

class Cdlinneck(_Streaming[float]):
    """In-neck.

    Notes
    -----
    After a long black candle, an open below its low and a close at its close.
    First full value at row 11. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdlinvertedhammer(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Inverted hammer.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    A short body with a long upper shadow that gaps down.
    First full value at row 11. Source: TA-Lib, with its default candle settings.
    """

class Cdlinvertedhammer(_Streaming[float]):
    """Inverted hammer.

    Notes
    -----
    A short body with a long upper shadow that gaps down.
    First full value at row 11. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdlkicking(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Kicking.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Two marubozus of opposite colours with a gap between them.
    First full value at row 11. Source: TA-Lib, with its default candle settings.
    """

class Cdlkicking(_Streaming[float]):
    """Kicking.

    Notes
    -----
    Two marubozus of opposite colours with a gap between them.
    First full value at row 11. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdlkickingbylength(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Kicking, by the longer marubozu.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    As kicking, with the direction of the longer candle.
    First full value at row 11. Source: TA-Lib, with its default candle settings.
    """

class Cdlkickingbylength(_Streaming[float]):
    """Kicking, by the longer marubozu.

    Notes
    -----
    As kicking, with the direction of the longer candle.
    First full value at row 11. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdlmatchinglow(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Matching low.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Two black candles with the same close.
    First full value at row 6. Source: TA-Lib, with its default candle settings.
    """

class Cdlmatchinglow(_Streaming[float]):
    """Matching low.

    Notes
    -----
    Two black candles with the same close.
    First full value at row 6. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdlonneck(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """On-neck.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    After a long black candle, an open below its low and a close at its low.
    First full value at row 11. Source: TA-Lib, with its default candle settings.
    """

class Cdlonneck(_Streaming[float]):
    """On-neck.

    Notes
    -----
    After a long black candle, an open below its low and a close at its low.
    First full value at row 11. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdlpiercing(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Piercing.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    After a long black candle, an open below its low and a close in the upper half of its body.
    First full value at row 11. Source: TA-Lib, with its default candle settings.
    """

class Cdlpiercing(_Streaming[float]):
    """Piercing.

    Notes
    -----
    After a long black candle, an open below its low and a close in the upper half of its body.
    First full value at row 11. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdlseparatinglines(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Separating lines.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    The same open as the candle before of the other colour, and a long body without a shadow there.
    First full value at row 11. Source: TA-Lib, with its default candle settings.
    """

class Cdlseparatinglines(_Streaming[float]):
    """Separating lines.

    Notes
    -----
    The same open as the candle before of the other colour, and a long body without a shadow there.
    First full value at row 11. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdlshootingstar(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Shooting star.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    A short body with a long upper shadow that gaps up.
    First full value at row 11. Source: TA-Lib, with its default candle settings.
    """

class Cdlshootingstar(_Streaming[float]):
    """Shooting star.

    Notes
    -----
    A short body with a long upper shadow that gaps up.
    First full value at row 11. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdlthrusting(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Thrusting.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    After a long black candle, an open below its low and a close in the lower half of its body.
    First full value at row 11. Source: TA-Lib, with its default candle settings.
    """

class Cdlthrusting(_Streaming[float]):
    """Thrusting.

    Notes
    -----
    After a long black candle, an open below its low and a close in the lower half of its body.
    First full value at row 11. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdl2crows(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Two crows.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    After a long white candle, a black one that gaps up and another that closes within the first.
    First full value at row 12. Source: TA-Lib, with its default candle settings.
    """

class Cdl2crows(_Streaming[float]):
    """Two crows.

    Notes
    -----
    After a long white candle, a black one that gaps up and another that closes within the first.
    First full value at row 12. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdl3inside(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Three inside up/down.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    A harami confirmed by the third close.
    First full value at row 12. Source: TA-Lib, with its default candle settings.
    """

class Cdl3inside(_Streaming[float]):
    """Three inside up/down.

    Notes
    -----
    A harami confirmed by the third close.
    First full value at row 12. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdl3outside(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Three outside up/down.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    An engulfing confirmed by the third close.
    First full value at row 3. Source: TA-Lib, with its default candle settings.
    """

class Cdl3outside(_Streaming[float]):
    """Three outside up/down.

    Notes
    -----
    An engulfing confirmed by the third close.
    First full value at row 3. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdl3starsinsouth(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Three stars in the south.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Three black candles, each smaller and within the range of the one before.
    First full value at row 12. Source: TA-Lib, with its default candle settings.
    """

class Cdl3starsinsouth(_Streaming[float]):
    """Three stars in the south.

    Notes
    -----
    Three black candles, each smaller and within the range of the one before.
    First full value at row 12. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdl3whitesoldiers(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Three advancing white soldiers.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Three white candles, each opening in the body before, none much shorter, with hardly an upper shadow.
    First full value at row 12. Source: TA-Lib, with its default candle settings.
    """

class Cdl3whitesoldiers(_Streaming[float]):
    """Three advancing white soldiers.

    Notes
    -----
    Three white candles, each opening in the body before, none much shorter, with hardly an upper shadow.
    First full value at row 12. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdlabandonedbaby(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    penetration: float = 0.3,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Abandoned baby.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like
    penetration : float, default 0.3
        From 0.0 to 100.0.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    A doji with a gap on both sides between a long candle and one of the other colour.
    First full value at row 12. Source: TA-Lib, with its default candle settings.
    """

class Cdlabandonedbaby(_Streaming[float]):
    """Abandoned baby.

    Parameters
    ----------
    penetration : float, default 0.3
        From 0.0 to 100.0.

    Notes
    -----
    A doji with a gap on both sides between a long candle and one of the other colour.
    First full value at row 12. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls, penetration: float = 0.3) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdladvanceblock(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Advance block.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Three white candles that grow weaker.
    First full value at row 12. Source: TA-Lib, with its default candle settings.
    """

class Cdladvanceblock(_Streaming[float]):
    """Advance block.

    Notes
    -----
    Three white candles that grow weaker.
    First full value at row 12. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdleveningdojistar(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    penetration: float = 0.3,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Evening doji star.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like
    penetration : float, default 0.3
        From 0.0 to 100.0.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    An evening star whose star is a doji.
    First full value at row 12. Source: TA-Lib, with its default candle settings.
    """

class Cdleveningdojistar(_Streaming[float]):
    """Evening doji star.

    Parameters
    ----------
    penetration : float, default 0.3
        From 0.0 to 100.0.

    Notes
    -----
    An evening star whose star is a doji.
    First full value at row 12. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls, penetration: float = 0.3) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdleveningstar(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    penetration: float = 0.3,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Evening star.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like
    penetration : float, default 0.3
        From 0.0 to 100.0.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    A long white candle, a short one that gaps up, and a black one that closes deep in the first.
    First full value at row 12. Source: TA-Lib, with its default candle settings.
    """

class Cdleveningstar(_Streaming[float]):
    """Evening star.

    Parameters
    ----------
    penetration : float, default 0.3
        From 0.0 to 100.0.

    Notes
    -----
    A long white candle, a short one that gaps up, and a black one that closes deep in the first.
    First full value at row 12. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls, penetration: float = 0.3) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdlgapsidesidewhite(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Up/down-gap side-by-side white lines.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Two white candles of the same size and open, both with the same gap from the first.
    First full value at row 7. Source: TA-Lib, with its default candle settings.
    """

class Cdlgapsidesidewhite(_Streaming[float]):
    """Up/down-gap side-by-side white lines.

    Notes
    -----
    Two white candles of the same size and open, both with the same gap from the first.
    First full value at row 7. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdlidentical3crows(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Identical three crows.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Three black candles, each opening at the close before, with hardly a lower shadow.
    First full value at row 12. Source: TA-Lib, with its default candle settings.
    """

class Cdlidentical3crows(_Streaming[float]):
    """Identical three crows.

    Notes
    -----
    Three black candles, each opening at the close before, with hardly a lower shadow.
    First full value at row 12. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdlmorningdojistar(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    penetration: float = 0.3,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Morning doji star.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like
    penetration : float, default 0.3
        From 0.0 to 100.0.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    A morning star whose star is a doji.
    First full value at row 12. Source: TA-Lib, with its default candle settings.
    """

class Cdlmorningdojistar(_Streaming[float]):
    """Morning doji star.

    Parameters
    ----------
    penetration : float, default 0.3
        From 0.0 to 100.0.

    Notes
    -----
    A morning star whose star is a doji.
    First full value at row 12. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls, penetration: float = 0.3) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdlmorningstar(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    penetration: float = 0.3,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Morning star.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like
    penetration : float, default 0.3
        From 0.0 to 100.0.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    A long black candle, a short one that gaps down, and a white one that closes deep in the first.
    First full value at row 12. Source: TA-Lib, with its default candle settings.
    """

class Cdlmorningstar(_Streaming[float]):
    """Morning star.

    Parameters
    ----------
    penetration : float, default 0.3
        From 0.0 to 100.0.

    Notes
    -----
    A long black candle, a short one that gaps down, and a white one that closes deep in the first.
    First full value at row 12. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls, penetration: float = 0.3) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdlstalledpattern(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Stalled pattern.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Two long white candles, then a short one that opens near the close before.
    First full value at row 12. Source: TA-Lib, with its default candle settings.
    """

class Cdlstalledpattern(_Streaming[float]):
    """Stalled pattern.

    Notes
    -----
    Two long white candles, then a short one that opens near the close before.
    First full value at row 12. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdlsticksandwich(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Stick sandwich.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    A white candle between two black ones with the same close.
    First full value at row 7. Source: TA-Lib, with its default candle settings.
    """

class Cdlsticksandwich(_Streaming[float]):
    """Stick sandwich.

    Notes
    -----
    A white candle between two black ones with the same close.
    First full value at row 7. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdltasukigap(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Tasuki gap.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    A gap, and a candle of the other colour and like size that closes within it.
    First full value at row 7. Source: TA-Lib, with its default candle settings.
    """

class Cdltasukigap(_Streaming[float]):
    """Tasuki gap.

    Notes
    -----
    A gap, and a candle of the other colour and like size that closes within it.
    First full value at row 7. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdltristar(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Tristar.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Three dojis, the middle one with a gap.
    First full value at row 12. Source: TA-Lib, with its default candle settings.
    """

class Cdltristar(_Streaming[float]):
    """Tristar.

    Notes
    -----
    Three dojis, the middle one with a gap.
    First full value at row 12. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdlunique3river(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Unique three river.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    A long black candle, a black one with a lower low and a higher close, and a short white one.
    First full value at row 12. Source: TA-Lib, with its default candle settings.
    """

class Cdlunique3river(_Streaming[float]):
    """Unique three river.

    Notes
    -----
    A long black candle, a black one with a lower low and a higher close, and a short white one.
    First full value at row 12. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdlupsidegap2crows(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Upside gap two crows.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    After a long white candle, two black ones above it, the second engulfing the first.
    First full value at row 12. Source: TA-Lib, with its default candle settings.
    """

class Cdlupsidegap2crows(_Streaming[float]):
    """Upside gap two crows.

    Notes
    -----
    After a long white candle, two black ones above it, the second engulfing the first.
    First full value at row 12. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdlxsidegap3methods(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Upside/downside gap three methods.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Two candles of one colour with a gap, closed by one of the other.
    First full value at row 2. Source: TA-Lib, with its default candle settings.
    """

class Cdlxsidegap3methods(_Streaming[float]):
    """Upside/downside gap three methods.

    Notes
    -----
    Two candles of one colour with a gap, closed by one of the other.
    First full value at row 2. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdl3blackcrows(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Three black crows.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    After a white candle, three black ones, each opening in the body before, with hardly a lower shadow.
    First full value at row 13. Source: TA-Lib, with its default candle settings.
    """

class Cdl3blackcrows(_Streaming[float]):
    """Three black crows.

    Notes
    -----
    After a white candle, three black ones, each opening in the body before, with hardly a lower shadow.
    First full value at row 13. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdl3linestrike(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Three-line strike.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Three candles of one colour in a row, undone by one of the other.
    First full value at row 8. Source: TA-Lib, with its default candle settings.
    """

class Cdl3linestrike(_Streaming[float]):
    """Three-line strike.

    Notes
    -----
    Three candles of one colour in a row, undone by one of the other.
    First full value at row 8. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdlbreakaway(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Breakaway.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    A long candle, a gap, two more in its direction, and one that turns back into the gap.
    First full value at row 14. Source: TA-Lib, with its default candle settings.
    """

class Cdlbreakaway(_Streaming[float]):
    """Breakaway.

    Notes
    -----
    A long candle, a gap, two more in its direction, and one that turns back into the gap.
    First full value at row 14. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdlconcealbabyswall(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Concealing baby swallow.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Four black candles, the third a gap with an upper shadow, the fourth engulfing it.
    First full value at row 13. Source: TA-Lib, with its default candle settings.
    """

class Cdlconcealbabyswall(_Streaming[float]):
    """Concealing baby swallow.

    Notes
    -----
    Four black candles, the third a gap with an upper shadow, the fourth engulfing it.
    First full value at row 13. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdlladderbottom(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Ladder bottom.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Three falling black candles, a black one with an upper shadow, and a white one above it.
    First full value at row 14. Source: TA-Lib, with its default candle settings.
    """

class Cdlladderbottom(_Streaming[float]):
    """Ladder bottom.

    Notes
    -----
    Three falling black candles, a black one with an upper shadow, and a white one above it.
    First full value at row 14. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdlmathold(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    penetration: float = 0.5,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Mat hold.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like
    penetration : float, default 0.5
        From 0.0 to 100.0.

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    A long white candle, three short ones that hold above its middle, and a new high.
    First full value at row 14. Source: TA-Lib, with its default candle settings.
    """

class Cdlmathold(_Streaming[float]):
    """Mat hold.

    Parameters
    ----------
    penetration : float, default 0.5
        From 0.0 to 100.0.

    Notes
    -----
    A long white candle, three short ones that hold above its middle, and a new high.
    First full value at row 14. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls, penetration: float = 0.5) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdlrisefall3methods(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Rising/falling three methods.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    A long candle, three short ones against it within its range, and a long one that goes on.
    First full value at row 14. Source: TA-Lib, with its default candle settings.
    """

class Cdlrisefall3methods(_Streaming[float]):
    """Rising/falling three methods.

    Notes
    -----
    A long candle, three short ones against it within its range, and a long one that goes on.
    First full value at row 14. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdlhikkake(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Hikkake.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    An inside bar whose break fails within three candles.
    First full value at row 5. Source: TA-Lib, with its default candle settings.
    """

class Cdlhikkake(_Streaming[float]):
    """Hikkake.

    Notes
    -----
    An inside bar whose break fails within three candles.
    First full value at row 5. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""

def cdlhikkakemod(
    open: _Column,
    high: _Column,
    low: _Column,
    close: _Column,
    *,
    axis: int = -1,
    out: _Floats | None = None,
) -> _Floats:
    """Modified hikkake.

    Parameters
    ----------
    open : array_like
    high : array_like
    low : array_like
    close : array_like

    Returns
    -------
    numpy.ndarray
        As long as the inputs.

    Notes
    -----
    Two inside bars whose break fails within three candles.
    First full value at row 10. Source: TA-Lib, with its default candle settings.
    """

class Cdlhikkakemod(_Streaming[float]):
    """Modified hikkake.

    Notes
    -----
    Two inside bars whose break fails within three candles.
    First full value at row 10. Source: TA-Lib, with its default candle settings.
    """

    def __new__(cls) -> Self: ...
    def update(self, open: float, high: float, low: float, close: float, /) -> float:
        """Take one row; NaN while warming up or where an input is missing."""

    def extend(self, open: _Column, high: _Column, low: _Column, close: _Column, /) -> _Floats:
        """As `update` for each row."""
