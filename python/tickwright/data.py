"""Market data in memory: `MarketData`, its `Columns` by kind of event, and the `FeedReport` of how it was read.

Prices and sizes are integers in units of 1e-9, times are nanoseconds since the Unix epoch, UTC. The arrays are
read-only views of the engine's own memory; nothing is copied until floats, pandas or polars are asked for.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from tickwright import _core
from tickwright.errors import ConfigError, DataError

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

__all__ = ["Columns", "FeedReport", "MarketData"]

Instant = int | str | dt.datetime | dt.date | np.datetime64
"""A moment: nanoseconds since the epoch, ISO text, or a date or time; without a zone it is UTC."""

SCALE = 1_000_000_000
SCALE_METADATA = {b"scale": b"9"}
TIMES = ("ts", "start", "recv")
FIXED = (
    "bid",
    "ask",
    "bid_size",
    "ask_size",
    "price",
    "size",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "per_share",
    "reference",
    "vwap",
    "lower",
    "upper",
    "original_price",
    "original_size",
)
# One-letter codes, as ASCII bytes; up to four of them in one number.
LETTERS = ("bid_venue", "ask_venue", "venue", "tape", "indicator", "action")
CONDITIONS = ("conditions", "original_conditions")
LABELS = ("code", "message", "reason_code", "reason")
# Words for the codes of columns that the core holds as enumerations.
WORDS = {
    ("actions", "kind"): ["dividend", "split"],
    ("deltas", "action"): ["add", "cancel", "delete", "execute", "clear", "modify"],
    ("deltas", "side"): ["buy", "sell"],
    ("statuses", "state"): ["trading", "halted", "quote_only", "paused", "pre_open", "closed"],
    ("corrections", "kind"): ["cancel", "error", "correct"],
}


def nanoseconds(moment: Instant, name: str) -> int:
    """Nanoseconds since the epoch of `moment`, the parameter called `name`."""
    no_time = f"{name}: {moment!r} is no time; give nanoseconds, ISO text such as 2013-10-07T13:30:00Z, or a datetime"
    if isinstance(moment, bool):
        raise ConfigError(no_time)
    if isinstance(moment, (int, np.integer)):
        if not -(2**63) <= int(moment) < 2**63:
            raise ConfigError(no_time)
        return int(moment)
    try:
        if isinstance(moment, str):
            moment = dt.datetime.fromisoformat(moment)
        if isinstance(moment, dt.date) and not 1678 <= moment.year <= 2261:
            raise ConfigError(no_time + ", from 1678 to 2261")
        if isinstance(moment, dt.datetime):
            below_a_microsecond = int(getattr(moment, "nanosecond", 0))  # a pandas Timestamp
            naive = dt.datetime.combine(moment.date(), moment.time()) - (moment.utcoffset() or dt.timedelta(0))
            stamp = np.datetime64(naive, "ns") + np.timedelta64(below_a_microsecond, "ns")
        else:
            stamp = np.datetime64(cast("dt.date", moment), "ns")
    except (ValueError, TypeError, OverflowError) as error:
        raise ConfigError(no_time) from error
    if np.isnat(stamp):
        raise ConfigError(no_time)
    return int(stamp.astype(np.int64))


class FeedReport(Mapping[str, Any]):
    """What a feed saw and did: rows read, events given out, and each fault found.

    A mapping of ``rows``, ``events``, ``faults`` (fault → ``found``, ``dropped``, ``first``) and ``notes``.

    Examples
    --------
    >>> import tickwright as tw
    >>> rows = {"ts": ["2024-01-02T14:30", "2024-01-02T14:31"], "price": [10.0, 0.0], "size": [100, 100]}
    >>> data = tw.feeds.table(rows, symbol="BAC")
    >>> data.report.dropped
    1
    >>> print(data.report.summary())
    2 rows read, 1 event
      zero_price: 1 found, 1 dropped; first at table: row 2 (symbol BAC): price is 0.00
    """

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    @property
    def dropped(self) -> int:
        """Rows dropped for any fault."""
        return sum(fault["dropped"] for fault in self["faults"].values())

    def found(self, fault: str) -> int:
        """How often `fault` was found."""
        entry = self["faults"].get(fault)
        return 0 if entry is None else int(entry["found"])

    def summary(self) -> str:
        """Write the report as text, one line a fault."""
        events = self["events"]
        lines = [f"{self['rows']:,} rows read, {events:,} event{'' if events == 1 else 's'}"]
        for name, fault in self["faults"].items():
            lines.append(f"  {name}: {fault['found']:,} found, {fault['dropped']:,} dropped; first at {fault['first']}")
        lines.extend(f"  note: {note}" for note in self["notes"])
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<FeedReport: {self.summary()}>"


class Columns:
    """One kind of event by column, sorted by time.

    Each column is an attribute: a read-only numpy array over the engine's memory. ``ts`` (and ``start``, ``recv``) are
    ``int64`` nanoseconds, prices and sizes ``int64`` in 1e-9, ``instrument`` is the index into `symbols`, ``flags`` are
    bits. Venues, tapes and the like are ASCII bytes, 0 for none; conditions up to four of them in one ``uint32``.

    Examples
    --------
    >>> import tickwright as tw
    >>> data = tw.feeds.table({"ts": ["2024-01-02T14:30"], "price": [10.25], "size": [100]}, symbol="BAC")
    >>> data.trades.price
    array([10250000000])
    >>> data.trades.to_arrow(floats=True)["price"].to_pylist()
    [10.25]
    """

    __slots__ = ("_arrays", "_core", "_kind")

    def __init__(self, core: _core.Columns, kind: str) -> None:
        self._core = core
        self._kind = kind
        self._arrays = core.arrays()

    @property
    def kind(self) -> str:
        """``quotes``, ``trades``, ``bars``, ``actions``, ``deltas``, ``statuses``, ``bands`` or ``corrections``."""
        return self._kind

    @property
    def symbols(self) -> list[str]:
        """Symbols that ``instrument`` points to."""
        return self._core.symbols

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return list(self._arrays)

    def __len__(self) -> int:
        return len(self._core)

    def __getattr__(self, name: str) -> npt.NDArray[Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self._arrays[name]
        except KeyError:
            raise AttributeError(f"{self._kind} have no column {name!r}; there are {', '.join(self._arrays)}") from None

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        """Give a column, such as the ``kind`` of an action, which as an attribute is the kind of event."""
        return self._arrays[name]

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._arrays})

    def __repr__(self) -> str:
        return f"<Columns of {len(self):,} {self._kind}: {', '.join(self._arrays)}>"

    def to_arrow(self, *, floats: bool = False) -> pyarrow.Table:
        """Give the columns as an Arrow table.

        Parameters
        ----------
        floats
            False: prices and sizes stay ``int64`` in 1e-9 (field metadata ``scale`` = 9) and nothing is copied.
            True: dollars and shares as ``float64``.

        Returns
        -------
        pyarrow.Table
            ``ts`` as ``timestamp[ns, UTC]``, ``symbol`` as a dictionary of strings, then the columns of the kind.
        """
        import pyarrow as pa

        fields: list[pa.Field] = []
        arrays: list[pa.Array] = []
        for name, values in self._arrays.items():
            words = WORDS.get((self._kind, name))
            if name == "instrument":
                column = pa.DictionaryArray.from_arrays(
                    _borrow(values.view(np.int32), pa.int32()), pa.array(self.symbols, pa.string())
                )
                fields.append(pa.field("symbol", column.type))
            elif words is not None:
                codes = pa.array(values, mask=values < 0)
                column = pa.DictionaryArray.from_arrays(codes, pa.array(words, pa.string()))
                fields.append(pa.field(name, column.type))
            elif self._kind == "statuses" and name in LABELS:
                column = pa.DictionaryArray.from_arrays(
                    _borrow(values.view(np.int32), pa.int32()), pa.array(self._core.labels, pa.string())
                )
                fields.append(pa.field(name, column.type))
            elif name in LETTERS:
                # None is a missing index, not a letter: pandas has no category for it.
                letters = pa.array([chr(code) for code in range(1, 128)], pa.string())
                indices = pa.array((np.clip(values, 1, 127) - 1).astype(np.int8), mask=values == 0)
                column = pa.DictionaryArray.from_arrays(indices, letters)
                fields.append(pa.field(name, column.type))
            elif name in CONDITIONS:
                column = pa.array(np.ascontiguousarray(values).view("S4").astype("U4"), pa.string())
                fields.append(pa.field(name, column.type))
            elif name in TIMES:
                column = _borrow(values, pa.timestamp("ns", tz="UTC"))
                fields.append(pa.field(name, column.type))
            elif name in FIXED and floats:
                column = pa.array(values / SCALE)
                fields.append(pa.field(name, column.type))
            elif name in FIXED:
                column = _borrow(values, pa.int64())
                fields.append(pa.field(name, column.type, metadata=SCALE_METADATA))
            else:
                column = _borrow(values, pa.from_numpy_dtype(values.dtype))
                fields.append(pa.field(name, column.type))
            arrays.append(column)
        return pa.Table.from_arrays(arrays, schema=pa.schema(fields))

    def to_pandas(self) -> pandas.DataFrame:
        """Give the columns as a pandas frame, prices and sizes as floats."""
        try:
            import pandas  # noqa: F401
        except ImportError as error:
            raise ConfigError("to_pandas: pandas is not installed; pip install pandas, or use to_arrow()") from error
        return cast("pandas.DataFrame", self.to_arrow(floats=True).to_pandas())

    def to_polars(self) -> polars.DataFrame:
        """Give the columns as a polars frame, prices and sizes as floats."""
        try:
            import polars
        except ImportError as error:
            raise ConfigError("to_polars: polars is not installed; pip install polars, or use to_arrow()") from error
        return cast("polars.DataFrame", polars.from_arrow(self.to_arrow(floats=True)))

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.to_arrow().__arrow_c_stream__(requested_schema)


def _borrow(values: npt.NDArray[Any], type_: pyarrow.DataType) -> pyarrow.Array:
    """Lay an Arrow array over the memory of `values`, which it keeps alive."""
    import pyarrow as pa

    return pa.Array.from_buffers(type_, len(values), [None, pa.py_buffer(values)])


class MarketData:
    """Quotes, trades, bars, corporate actions and book changes of any number of symbols.

    Made by the functions of `tickwright.feeds`; never changed afterwards. ``a + b`` is the data of both.

    Examples
    --------
    >>> import tickwright as tw
    >>> rows = {"ts": ["2024-01-02T14:30", "2024-01-02T14:31"], "price": [10.0, 10.5], "size": [100, 200]}
    >>> data = tw.feeds.table(rows, symbol="BAC") + tw.feeds.table(rows, symbol="IBM")
    >>> data.symbols, len(data)
    (['BAC', 'IBM'], 4)
    >>> len(data.filter(symbols="IBM", start="2024-01-02T14:31"))
    1
    """

    __slots__ = ("_core",)

    def __init__(self, core: _core.MarketData) -> None:
        self._core = core

    @classmethod
    def merge(cls, parts: Iterable[MarketData]) -> MarketData:
        """Give the data of all `parts`; cheaper than adding them one by one."""
        return cls(_core.MarketData.merge([part._core for part in parts]))

    @property
    def symbols(self) -> list[str]:
        """Symbols in order of first sight."""
        return self._core.symbols

    @property
    def heap_bytes(self) -> int:
        """Bytes of all events in memory."""
        return self._core.heap_bytes

    @property
    def start(self) -> int | None:
        """Time of the first event, nanoseconds; None without events."""
        span = self._core.span
        return None if span is None else span[0]

    @property
    def end(self) -> int | None:
        """Time of the last event, nanoseconds; None without events."""
        span = self._core.span
        return None if span is None else span[1]

    @property
    def report(self) -> FeedReport:
        """What the feed saw and did."""
        return FeedReport(self._core.report)

    @property
    def quotes(self) -> Columns:
        """Best bids and asks: ``ts, instrument, bid, ask, bid_size, ask_size, flags``."""
        return self._columns("quotes")

    @property
    def trades(self) -> Columns:
        """Trades: ``ts, instrument, price, size, flags``."""
        return self._columns("trades")

    @property
    def bars(self) -> Columns:
        """Bars: ``ts`` (end), ``start, instrument, open, high, low, close, volume, flags``."""
        return self._columns("bars")

    @property
    def actions(self) -> Columns:
        """Dividends and splits: ``ts, instrument, kind, per_share, reference, ratio``.

        ``ratio`` is the price factor before ÷ after a dividend, or the new shares for an old one of a split.
        """
        return self._columns("actions")

    @property
    def deltas(self) -> Columns:
        """Book changes: ``ts, instrument, order, price, size, flags, action, side``."""
        return self._columns("deltas")

    @property
    def statuses(self) -> Columns:
        """Changes of trading state: ``ts, instrument, code, message, reason_code, reason, state``.

        Texts are indices into the table that `Columns.to_arrow` resolves.
        """
        return self._columns("statuses")

    @property
    def bands(self) -> Columns:
        """Limit-up and limit-down prices: ``ts, instrument, lower, upper, indicator``."""
        return self._columns("bands")

    @property
    def corrections(self) -> Columns:
        """Corrections of trades: ``ts, instrument, kind``, then the original's and the corrected trade's columns."""
        return self._columns("corrections")

    @property
    def news(self) -> list[dict[str, Any]]:
        """News items by time: ``ts, updated, id, headline, summary, author, content, url, source, symbols``."""
        return self._core.news

    def _columns(self, kind: str) -> Columns:
        return Columns(self._core.columns(kind), kind)

    def count(self, kind: str) -> int:
        """How many events of `kind` there are, such as ``"quotes"``."""
        return self._core.count(kind)

    def __len__(self) -> int:
        return len(self._core)

    def __add__(self, other: MarketData) -> MarketData:
        if not isinstance(other, MarketData):
            return NotImplemented
        return MarketData.merge([self, other])

    def filter(
        self,
        symbols: str | Iterable[str] | None = None,
        start: Instant | None = None,
        end: Instant | None = None,
    ) -> MarketData:
        """Give the events of some symbols in a span of time.

        Parameters
        ----------
        symbols
            One or more symbols; None for all.
        start
            First moment to keep; None for no limit.
        end
            First moment to leave out; None for no limit.

        Raises
        ------
        DataError
            A symbol is not in the data.
        """
        chosen = [symbols] if isinstance(symbols, str) else None if symbols is None else list(symbols)
        if chosen == []:
            raise DataError("symbols: none is given; name at least one, or leave it out for all")
        first = None if start is None else nanoseconds(start, "start")
        last = None if end is None else nanoseconds(end, "end")
        return MarketData(self._core.select(chosen, first, last))

    def __repr__(self) -> str:
        kinds = ("quotes", "trades", "bars", "actions", "deltas", "statuses", "bands", "corrections")
        counts = ", ".join(f"{n:,} {kind}" for kind in kinds if (n := self._core.count(kind)))
        names = self.symbols
        shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        span = self._core.span
        when = "" if span is None else f", {_text(span[0])} to {_text(span[1])}"
        return f"<MarketData: {counts or 'no events'} of {shown or 'no symbol'}{when}>"


def bars(data: MarketData, spec: str) -> MarketData:
    """Bars of the trades in `data`, symbol by symbol.

    Trades flagged to stay out of the last price count in volume alone, those flagged to stay out of volume move prices
    alone. A bar with volume and no price of its own stands at the last close. The last bar of a symbol is flagged as
    partial, since nothing shows that it was over.

    Parameters
    ----------
    data : MarketData
        Trades; other kinds of event are passed over.
    spec : str
        What ends a bar: ``"5s"``, ``"1m"``, ``"1h"``, ``"1d"`` (on a grid in UTC), ``"100 ticks"``,
        ``"10000 shares"`` or ``"1000000 dollars"``.

    Returns
    -------
    MarketData
        The bars, each visible at its end.

    Raises
    ------
    ConfigError
        `spec` is no kind of bar.
    DataError
        There are no trades.

    Examples
    --------
    >>> import tickwright as tw
    >>> rows = {"ts": ["2024-01-02T14:30:01", "2024-01-02T14:30:59", "2024-01-02T14:31"], "price": [10.0, 10.5, 10.25]}
    >>> rows["size"] = [100, 200, 300]
    >>> minutes = tw.bars(tw.feeds.table(rows, symbol="BAC"), "1m")
    >>> minutes.bars.to_arrow(floats=True).select(["open", "close", "volume"]).to_pylist()
    [{'open': 10.0, 'close': 10.5, 'volume': 300.0}, {'open': 10.25, 'close': 10.25, 'volume': 300.0}]
    """
    return MarketData(data._core.aggregate(spec))


def _text(ns: int) -> str:
    return f"{np.datetime64(ns, 'ns')}".rstrip("0").rstrip(".") + "Z"
