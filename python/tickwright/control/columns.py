"""Batches of market data on the wire, made from columns with copies alone.

A packed ``fixed64`` field of a message is a tag, a length and the column's own bytes; so a batch of rows is written by
joining buffers, whatever the number of rows, and the official classes of any language read it. `encode` and `decode`
are the inverse of each other; `Table` is the rows of one kind between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from tickwright.data import SCALE_METADATA, MarketData
from tickwright.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["BOOKS", "KINDS", "Kind", "Message", "Table", "arrow_ipc", "decode", "encode", "message", "rows_of"]

Array = npt.NDArray[Any]

CLEAR: Final = 4
"""Code of the action that empties a side of a book, in `tickwright.MarketData`'s changes of books."""
DAILY: Final = 1 << 18
"""Flag of a bar that is a day's so far."""
ARROW: Final = 8
"""Number of the field that holds Arrow bytes."""


@dataclass(frozen=True)
class Kind:
    """How rows of one kind are written."""

    name: str
    """As the request has it, in small letters: ``quotes``."""
    source: str
    """Name of the kind in `tickwright.MarketData`."""
    field: int
    """Number of the batch in ``SubscribeResponse``."""
    columns: tuple[tuple[str, str, str], ...]
    """Name on the wire, numpy type, name in Arrow; in the order of the numbers of the fields, from 1 on."""

    def empty(self) -> Table:
        """Give no rows."""
        return Table(self, tuple(np.empty(0, dtype) for _, dtype, _ in self.columns))


_SYMBOL, _TIME = ("symbol", "<u4", "symbol"), ("ts_ns", "<i8", "ts")


def _e9(*names: str) -> tuple[tuple[str, str, str], ...]:
    return tuple((f"{name}_e9", "<i8", name) for name in names)


QUOTES: Final = Kind("quotes", "quotes", 4, (_SYMBOL, _TIME, *_e9("bid", "bid_size", "ask", "ask_size")))
TRADES: Final = Kind("trades", "trades", 5, (_SYMBOL, _TIME, *_e9("price", "size")))
BARS: Final = Kind("bars", "bars", 6, (_SYMBOL, _TIME, *_e9("open", "high", "low", "close", "volume")))
BOOKS: Final = Kind(
    "books",
    "deltas",
    7,
    (_SYMBOL, _TIME, ("side", "u1", "side"), *_e9("price", "size"), ("clear", "u1", "clear")),
)
KINDS: Final = {kind.name: kind for kind in (QUOTES, TRADES, BARS, BOOKS)}
"""The kinds, by name."""
_BY_FIELD: Final = {kind.field: kind for kind in KINDS.values()}


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one kind: columns of one length, in the order of the wire."""

    kind: Kind
    columns: tuple[Array, ...]

    def __len__(self) -> int:
        return len(self.columns[0])

    def __getitem__(self, name: str) -> Array:
        """Give the column of this name on the wire."""
        return self.columns[[column[0] for column in self.kind.columns].index(name)]

    def slice(self, start: int, stop: int) -> Table:
        """Give some rows, without copying them."""
        return Table(self.kind, tuple(column[start:stop] for column in self.columns))

    def take(self, rows: Array) -> Table:
        """Give the rows at these places."""
        return Table(self.kind, tuple(column[rows] for column in self.columns))

    def newest(self) -> Table:
        """Give the last row of each symbol, in the order in which they came."""
        symbols = self.columns[0]
        # The first of each from the end is the last.
        _, first = np.unique(symbols[::-1], return_index=True)
        return self.take(np.sort(len(symbols) - 1 - first))

    @staticmethod
    def join(tables: Sequence[Table]) -> Table:
        """Give the rows of several tables of one kind."""
        if len(tables) == 1:
            return tables[0]
        columns = zip(*(table.columns for table in tables), strict=True)
        return Table(tables[0].kind, tuple(np.concatenate(parts) for parts in columns))


def rows_of(data: MarketData, kind: Kind) -> Table:
    """Give the rows of one kind in `data`; symbols are its instruments.

    Parameters
    ----------
    data
        Market data.
    kind
        Which rows.

    Examples
    --------
    >>> import tickwright as tw
    >>> from tickwright.control import columns
    >>> data = tw.feeds.table({"ts": ["2024-01-02T14:30"], "price": [10.25], "size": [100]}, symbol="BAC")
    >>> table = columns.rows_of(data, columns.KINDS["trades"])
    >>> table["price_e9"].tolist(), table["symbol"].tolist()
    ([10250000000], [0])
    """
    if not data.count(kind.source):
        return kind.empty()
    found = getattr(data, kind.source)
    if kind is BOOKS:
        clear = found.action == CLEAR
        side = (found.side + 1).astype(np.uint8)
        return Table(kind, (found.instrument, found.ts, side, found.price, found.size, clear.astype(np.uint8)))
    table = Table(kind, (found.instrument, found.ts, *(getattr(found, name) for _, _, name in kind.columns[2:])))
    if kind is BARS and (daily := found.flags & DAILY != 0).any():
        return table.take(np.flatnonzero(~daily))
    return table


# --- protobuf ------------------------------------------------------------------------------------------------------


def varint(value: int) -> bytes:
    """Write a whole number, not negative, as protobuf does."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


@cache
def _tag(field: int) -> bytes:
    return varint(field << 3 | 2)


def encode(table: Table) -> bytes:
    """Write rows as the field of ``SubscribeResponse`` that holds them.

    Examples
    --------
    >>> import numpy as np
    >>> from tickwright.control import columns
    >>> from tickwright.v1.market_data_pb2 import SubscribeResponse
    >>> one = [np.array([0], "<u4"), np.array([7]), np.array([10_250_000_000]), np.array([3_000_000_000])]
    >>> table = columns.Table(columns.KINDS["trades"], tuple(one))
    >>> SubscribeResponse.FromString(columns.encode(table)).trades.price_e9
    [10250000000]
    """
    parts: list[Any] = [b"", b""]
    size = 0
    if len(table):
        for number, ((_, dtype, _), column) in enumerate(zip(table.kind.columns, table.columns, strict=True), 1):
            raw = np.ascontiguousarray(column, dtype).data.cast("B")
            head = _tag(number) + varint(raw.nbytes)
            parts += (head, raw)
            size += len(head) + raw.nbytes
    parts[0], parts[1] = _tag(table.kind.field), varint(size)
    return b"".join(parts)


def arrow_ipc(table: Table, symbols: Sequence[str]) -> bytes:
    """Write rows as an Arrow IPC stream of one batch.

    The columns are those of `tickwright.data.Columns.to_arrow`: times are timestamps, prices and sizes whole numbers
    of 1e-9 (``scale`` in the metadata of their fields), symbols a dictionary.
    """
    import pyarrow as pa

    names = pa.array(symbols, pa.string())
    arrays = []
    for (_, dtype, name), column in zip(table.kind.columns, table.columns, strict=True):
        values = np.ascontiguousarray(column, dtype)
        if name == "symbol":
            arrays.append(pa.DictionaryArray.from_arrays(pa.array(values.view("<i4")), names))
        elif name == "ts":
            arrays.append(pa.array(values.view("M8[ns]"), pa.timestamp("ns")).view(pa.timestamp("ns", tz="UTC")))
        else:
            arrays.append(pa.array(values))
    batch = pa.RecordBatch.from_arrays(arrays, schema=_schema(table.kind.name))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


@cache
def _schema(name: str) -> pa.Schema:
    import pyarrow as pa

    fields = []
    for wire, dtype, column in KINDS[name].columns:
        if column == "symbol":
            fields.append(pa.field(column, pa.dictionary(pa.int32(), pa.string())))
        elif column == "ts":
            fields.append(pa.field(column, pa.timestamp("ns", tz="UTC")))
        else:
            metadata = SCALE_METADATA if wire.endswith("_e9") else None
            fields.append(pa.field(column, pa.from_numpy_dtype(np.dtype(dtype)), metadata=metadata))
    return pa.schema(fields, metadata={"kind": name})


def message(sequence: int, dropped_rows: int, symbols: Sequence[str], batch: Sequence[bytes]) -> bytes:
    """Write a whole ``SubscribeResponse``; `batch` is pieces of one that are written already."""
    head = bytearray()
    if sequence:
        head += b"\x08" + varint(sequence)
    if dropped_rows:
        head += b"\x10" + varint(dropped_rows)
    for symbol in symbols:
        text = symbol.encode()
        head += b"\x1a" + varint(len(text)) + text
    return b"".join((head, *batch))


def arrow_field(raw: bytes) -> tuple[bytes, bytes]:
    """Write Arrow bytes as the field that holds them, in two pieces."""
    return _tag(ARROW) + varint(len(raw)), raw


@dataclass(frozen=True, slots=True)
class Message:
    """A ``SubscribeResponse`` with its rows as numpy columns."""

    sequence: int
    dropped_rows: int
    symbols: list[str]
    """Only those that are new."""
    table: Table | None
    """Rows; None of the first message, and where they are in `arrow_ipc`."""
    arrow_ipc: bytes


def decode(raw: bytes) -> Message:
    """Read a ``SubscribeResponse`` without making an object a row; columns lie over `raw` itself.

    Raises
    ------
    DataError
        The bytes are no such message.

    Examples
    --------
    >>> from tickwright.control import columns
    >>> columns.decode(columns.message(3, 0, ["BAC"], []))
    Message(sequence=3, dropped_rows=0, symbols=['BAC'], table=None, arrow_ipc=b'')
    """
    numbers = {1: 0, 2: 0}
    symbols: list[str] = []
    table: Table | None = None
    arrow = b""
    try:
        for field, value in _fields(memoryview(raw)):
            if isinstance(value, int):
                numbers[field] = value
            elif field == 3:
                symbols.append(str(value, "utf-8"))
            elif field == ARROW:
                arrow = bytes(value)
            elif field in _BY_FIELD:
                table = _table(_BY_FIELD[field], value)
    except (IndexError, ValueError) as error:
        raise DataError(f"a batch of market data cannot be read: {error}") from error
    return Message(numbers[1], numbers[2], symbols, table, arrow)


def _table(kind: Kind, raw: memoryview) -> Table:
    columns = dict.fromkeys(range(1, len(kind.columns) + 1), memoryview(b""))
    for field, value in _fields(raw):
        if field in columns and not isinstance(value, int):
            columns[field] = value
    arrays = tuple(
        np.frombuffer(value, dtype) for value, (_, dtype, _) in zip(columns.values(), kind.columns, strict=True)
    )
    if len({len(array) for array in arrays}) != 1:
        raise ValueError(f"columns of {kind.name} differ in length")
    return Table(kind, arrays)


def _fields(raw: memoryview) -> list[tuple[int, int | memoryview]]:
    at, end = 0, len(raw)
    found: list[tuple[int, int | memoryview]] = []
    while at < end:
        key, at = _number(raw, at)
        if key & 7 == 2:
            length, at = _number(raw, at)
            if at + length > end:
                raise ValueError("it is cut short")
            found.append((key >> 3, raw[at : at + length]))
            at += length
        elif key & 7 == 0:
            value, at = _number(raw, at)
            found.append((key >> 3, value))
        else:
            raise ValueError(f"field {key >> 3} is of another type")
    return found


def _number(raw: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = raw[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number is longer than 64 bits")
