"""The compiled core; wrapped by the modules of this package, not imported by users."""

from typing import Any, TypedDict, final

import numpy as np
import numpy.typing as npt

__version__: str

class TickwrightError(Exception): ...
class DataError(TickwrightError): ...
class ConfigError(TickwrightError): ...
class OrderError(TickwrightError): ...
class StrategyError(TickwrightError): ...
class NumericError(TickwrightError): ...
class InterruptedRunError(TickwrightError): ...

class _FaultCount(TypedDict):
    found: int
    dropped: int
    first: str | None

class _Report(TypedDict):
    rows: int
    events: int
    faults: dict[str, _FaultCount]
    notes: list[str]

@final
class MarketData:
    """Market data, shared and never changed."""

    @staticmethod
    def merge(parts: list[MarketData]) -> MarketData:
        """All parts in one, with ids of one table."""

    @property
    def symbols(self) -> list[str]: ...
    def __len__(self) -> int: ...
    @property
    def heap_bytes(self) -> int: ...
    @property
    def span(self) -> tuple[int, int] | None:
        """First and last time in nanoseconds."""

    def count(self, kind: str) -> int:
        """Rows of `kind`."""

    @property
    def report(self) -> _Report:
        """What the normalisers saw, as plain Python."""

    def columns(self, kind: str) -> Columns:
        """The columns of `kind`, in one batch sorted by time; made once."""

    def aggregate(self, spec: str) -> MarketData:
        """Bars of the trades, as `spec` says."""

    def select(self, symbols: list[str] | None, start: int | None, end: int | None) -> MarketData:
        """The events of `symbols` from `start` on and before `end`, nanoseconds."""

@final
class Columns:
    """One kind of event by column, sorted by time."""

    def __len__(self) -> int: ...
    @property
    def symbols(self) -> list[str]: ...
    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Name → numpy array: read-only views, but for kinds, actions and sides, which are small codes in new arrays."""

def read_table(
    kind: str,
    place: str,
    ts: npt.NDArray[np.int64],
    names: list[str],
    codes: npt.NDArray[np.int32] | None,
    columns: dict[str, npt.NDArray[np.float64] | npt.NDArray[np.int64]],
    *,
    start: npt.NDArray[np.int64] | None = None,
    recv: npt.NDArray[np.int64] | None = None,
    flags: npt.NDArray[np.uint32] | None = None,
    policy: dict[str, str | float] | None = None,
) -> MarketData:
    """A table of `kind` from contiguous arrays: prices and sizes as floats or as counts of 1e-9, times in nanoseconds."""
