"""Indicators of the node's market data, computed as data come, for one reader."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from tickwright import indicators
from tickwright.control.columns import KINDS, Array, Table, rows_of
from tickwright.data import MarketData
from tickwright.errors import ConfigError

__all__ = ["SOURCES", "IndicatorStream", "Spec", "Values"]

SOURCES: Final[Mapping[str, tuple[str, frozenset[str]]]] = {
    "mid": ("quotes", frozenset({"close"})),
    "price": ("trades", frozenset({"close", "volume"})),
    "close": ("bars", frozenset({"open", "high", "low", "close", "volume"})),
}
"""Kind of data, and the inputs that it has, by source."""
MOST_LOOKBACK: Final = 4_000_000
"""Rows that the indicators of one stream may remember together."""


@dataclass(frozen=True)
class Spec:
    """An indicator that was asked for.

    Examples
    --------
    >>> from tickwright.control.indicator_stream import Spec
    >>> spec = Spec("fast", "ema", {"period": 10.0}, "mid")
    >>> spec.make()
    Ema(period=10)
    """

    label: str
    name: str
    parameters: Mapping[str, float]
    source: str

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns that it takes."""
        return self._entry.inputs

    @property
    def _entry(self) -> indicators.Indicator:
        for entry in indicators.list():
            if entry.name == self.name:
                return entry
        raise ConfigError(f"there is no indicator {self.name!r}; docs/indicators.md lists them")

    def make(self) -> Any:
        """Make the indicator, and refuse what cannot be.

        Raises
        ------
        ConfigError
            There is no such indicator or parameter, or the source lacks what it is computed of.
        """
        if self.source not in SOURCES:
            raise ConfigError(f"there is no source {self.source!r}; there are {', '.join(SOURCES)}")
        entry, (kind, have) = self._entry, SOURCES[self.source]
        lacking = [name for name in entry.inputs if name not in have]
        if lacking:
            raise ConfigError(f"{self.name} needs {', '.join(lacking)}, which {kind} do not have; take another source")
        known = {parameter.name: parameter for parameter in entry.parameters}
        values: dict[str, int | float] = {}
        for name, value in self.parameters.items():
            if name not in known:
                raise ConfigError(f"{self.name} has no parameter {name!r}; there are {', '.join(known) or 'none'}")
            whole = known[name].is_whole
            if whole and not value.is_integer():
                raise ConfigError(f"{self.name}: {name} is a whole number, not {value!r}")
            values[name] = int(value) if whole else value
        return getattr(indicators, entry.class_name)(**values)


@dataclass(frozen=True, slots=True)
class Values:
    """Values of one indicator of one symbol, a row each."""

    symbol: str
    label: str
    ts_ns: Array
    outputs: Array
    """``[rows × outputs]``."""

    def __len__(self) -> int:
        return len(self.ts_ns)


class IndicatorStream:
    """Values of some indicators for one reader; a listener of the feed.

    Parameters
    ----------
    specs
        Indicators.
    symbols
        Symbols; empty: all.
    count
        How many symbols there are at most.
    delay_s
        Seconds that data may wait.
    most_values
        Values that may wait; beyond that only the newest of each indicator and symbol stays.

    Raises
    ------
    ConfigError
        An indicator cannot be made, or they would remember too many rows together.
    """

    def __init__(
        self, specs: Iterable[Spec], symbols: Iterable[str], *, count: int, delay_s: float = 0.02, most_values: int
    ) -> None:
        self.delay_s = delay_s
        self._specs, self._symbols, self._most = list(specs), frozenset(symbols), most_values
        lookback = sum(spec.make().lookback + 1 for spec in self._specs) * count
        if lookback > MOST_LOOKBACK:
            raise ConfigError(
                f"the indicators of {count} symbols would remember {lookback:,} rows; {MOST_LOOKBACK:,} is the most"
            )
        self._made: dict[str, list[tuple[Spec, Any]]] = {}
        self._waiting: deque[Values] = deque()
        self._ready = asyncio.Event()
        self._closed = False
        self._first: float | None = None
        self._conflated = 0
        self.sent_rows = self.dropped_rows = self.waiting_rows = 0

    def take(self, data: MarketData, now: float) -> None:
        """Take new data in."""
        for source, (kind, _) in SOURCES.items():
            if any(spec.source == source for spec in self._specs) and data.count(KINDS[kind].source):
                self._extend(source, _series(source, rows_of(data, KINDS[kind])), data.symbols)
        if self._waiting and self._first is None:
            self._first = now

    def flush(self, now: float) -> bool:
        """Let the reader have what waited long enough."""
        if self._first is None or now < self._first + self.delay_s - 0.0005:
            return self._first is not None
        self._first = None
        self._ready.set()
        return False

    def close(self) -> None:
        """End it."""
        self._closed = True
        self._ready.set()

    async def get(self, most: int) -> tuple[list[Values], int]:
        """Give about so many values, once there are any, and how many were left out; none: it was closed."""
        while not self._waiting and not self._closed:
            self._ready.clear()
            await self._ready.wait()
        given: list[Values] = []
        rows = 0
        while self._waiting and rows < most:
            given.append(self._waiting.popleft())
            rows += len(given[-1])
        self.waiting_rows -= rows
        self.sent_rows += rows
        conflated, self._conflated = self._conflated, 0
        return given, conflated

    def _extend(self, source: str, columns: dict[str, Array], symbols: list[str]) -> None:
        places = columns["symbol"]
        for place in np.unique(places).tolist():
            symbol = symbols[place]
            if self._symbols and symbol not in self._symbols:
                continue
            rows = np.flatnonzero(places == place)
            series = {name: column[rows] for name, column in columns.items()}
            for spec, indicator in self._of(symbol):
                if spec.source == source:
                    given = indicator.extend(*(series[name] for name in spec.inputs))
                    outputs = np.column_stack(given) if isinstance(given, tuple) else given.reshape(-1, 1)
                    self._put(Values(symbol, spec.label, series["ts_ns"], outputs))

    def _of(self, symbol: str) -> list[tuple[Spec, Any]]:
        if symbol not in self._made:
            self._made[symbol] = [(spec, spec.make()) for spec in self._specs]
        return self._made[symbol]

    def _put(self, values: Values) -> None:
        self._waiting.append(values)
        self.waiting_rows += len(values)
        if self.waiting_rows <= self._most:
            return
        newest: dict[tuple[str, str], Values] = {}
        for one in self._waiting:
            newest.pop((one.symbol, one.label), None)
            newest[one.symbol, one.label] = Values(one.symbol, one.label, one.ts_ns[-1:], one.outputs[-1:])
        lost = self.waiting_rows - len(newest)
        self._waiting = deque(newest.values())
        self.waiting_rows = len(newest)
        self._conflated += lost
        self.dropped_rows += lost


def _series(source: str, table: Table) -> dict[str, Array]:
    """Give the inputs of indicators as floats: dollars and shares."""
    columns: dict[str, Array] = {"symbol": table["symbol"], "ts_ns": table["ts_ns"]}
    if source == "mid":
        bid, ask = table["bid_e9"], table["ask_e9"]
        sides = np.flatnonzero((bid > 0) & (ask > 0))
        columns = {name: column[sides] for name, column in columns.items()}
        return {**columns, "close": (bid[sides] + ask[sides]) / 2e9}
    if source == "price":
        return {**columns, "close": table["price_e9"] / 1e9, "volume": table["size_e9"] / 1e9}
    return {**columns, **{name: table[f"{name}_e9"] / 1e9 for name in ("open", "high", "low", "close", "volume")}}
