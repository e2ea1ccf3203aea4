"""Order books: `OrderBook` of one instrument (L1, L2 or L3), `BookSet` of many, `Depth`, the best levels as arrays.

Prices and sizes are dollars and shares, in and out: floats (read as their shortest decimals), ``int``,
`decimal.Decimal` or text. With ``raw=True`` they are exact integers in units of 1e-9, as `MarketData` has them; Arrow
columns whose field metadata say ``scale`` = 9 are taken as such by themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tickwright import _core
from tickwright.data import SCALE, SCALE_METADATA, WORDS, Columns, MarketData
from tickwright.errors import ConfigError, DataError

if TYPE_CHECKING:
    import pyarrow

__all__ = ["BookSet", "Depth", "OrderBook", "QueueAhead"]

_ACTIONS = WORDS["deltas", "action"]
_SIDES = WORDS["deltas", "side"]
# Below this a float has at most one decimal of nine digits nearest to it, and times 1e9 rounds to just that one.
_EXACT_BELOW = 2.0e6

Number = float | int | str | object
"""A price or size: float, int, `decimal.Decimal` or text."""


class Depth(NamedTuple):
    """The best levels of both sides, best first; a side with fewer levels has shorter arrays.

    Prices and sizes are ``float64``, or ``int64`` in units of 1e-9 where raw ones were asked for; ``…_orders`` counts
    the orders whose ids are known.
    """

    bid_price: npt.NDArray[Any]
    bid_size: npt.NDArray[Any]
    bid_orders: npt.NDArray[np.uint32]
    ask_price: npt.NDArray[Any]
    ask_size: npt.NDArray[Any]
    ask_orders: npt.NDArray[np.uint32]


class QueueAhead(NamedTuple):
    """What stands in front of an order: shares and orders, and the shares of its level that have no orders.

    The place of anonymous shares is not known; what a snapshot showed stood in front of every later order.
    """

    size: float
    orders: int
    anonymous: float


class OrderBook(_core.OrderBook):
    """One instrument's order book.

    Changes one at a time give their outcome: ``"applied"``, ``"unknown_order"`` (taken from the level's anonymous
    size), ``"too_much"`` (the order or level had less and was emptied), ``"replaced"`` (the id was in use),
    ``"uncrossed"`` or ``"rejected"``. Whole batches go through `apply`, which is several times faster.

    Parameters
    ----------
    depth : str
        ``"L1"``: the best level of each side; ``"L2"``: price levels; ``"L3"``: orders with their place in the queue,
        beside levels without orders.
    crossed : str
        What becomes of a change that puts a new level through the other side: ``"keep"`` it and count it,
        ``"uncross"``: drop the other side's levels it goes through, ``"reject"``: leave it out.
    orders_max, levels_max : int
        Most live orders, and most levels a side; one more is a `DataError`.

    Examples
    --------
    >>> import tickwright as tw
    >>> book = tw.OrderBook("L3")
    >>> book.add(1, "buy", 10.00, 300), book.add(2, "buy", 10.00, 100), book.add(3, "sell", 10.02, 200)
    ('applied', 'applied', 'applied')
    >>> book.best_bid(), book.best_ask(), len(book)
    ((10.0, 400.0), (10.02, 200.0), 3)
    >>> book.queue_ahead(2)
    QueueAhead(size=300.0, orders=1, anonymous=0.0)
    >>> book.execute(1, 250)
    'applied'
    >>> book.depth(5).bid_size
    array([150.])
    """

    __slots__ = ()

    def apply(self, data: object, symbol: str | None = None, *, raw: bool = False) -> dict[str, int]:
        """Apply many changes at once.

        Parameters
        ----------
        data : MarketData, Columns, mapping or table
            `MarketData` (its book changes; of an L1 book its quotes where it has no changes), its ``deltas`` or
            ``quotes``, or a mapping or Arrow table with the columns ``order``, ``action``, ``side``, ``price`` and
            ``size``. Actions are the words ``add``, ``cancel``, ``delete``, ``execute``, ``clear`` and ``modify`` or
            their codes 0 to 5; sides ``buy`` and ``sell``, or 0 and 1. Order 0 means the level. Without ``order`` all
            rows are of levels; without ``action`` all are ``add``, which of a level sets its size.
        symbol : str, optional
            Which instrument's rows to apply; needed where the data hold several.
        raw : bool
            Prices and sizes of a mapping or table are integers in units of 1e-9; the quickest way.

        Returns
        -------
        dict
            Counts of this call: ``changes``, ``unknown_orders``, ``too_much``, ``replaced``, ``crossed``,
            ``uncrossed_levels`` and ``rejected``.

        Raises
        ------
        DataError
            A row cannot be applied: a size below zero, too many orders, an order in a book without orders. The rows
            before it stay applied.

        Examples
        --------
        >>> import tickwright as tw
        >>> book = tw.OrderBook("L2")
        >>> rows = {"side": ["buy", "buy", "sell"], "price": [9.99, 10.0, 10.01], "size": [500, 300, 200]}
        >>> book.apply(rows)["changes"]
        3
        >>> book.best_bid()
        (10.0, 300.0)
        """
        if isinstance(data, MarketData):
            use_quotes = self.settings[0] == "L1" and not data.count("deltas")
            data = data.quotes if use_quotes else data.deltas
        if isinstance(data, Columns):
            return self.apply_columns(data._core, _instrument(data.symbols, symbol))
        if symbol is not None:
            raise ConfigError("symbol: plain columns have none; leave it out")
        return self.apply_arrays(*_change_columns(data, raw))

    def snapshot(self, bids: Iterable[tuple[Number, Number]], asks: Iterable[tuple[Number, Number]]) -> None:
        """Replace the whole book by levels of price and size, in any order.

        Parameters
        ----------
        bids, asks : iterable of (price, size)
            Levels; sizes of zero are passed over. An array of two columns will do.

        Examples
        --------
        >>> import tickwright as tw
        >>> book = tw.OrderBook("L2")
        >>> book.snapshot(bids=[("9.99", "500"), ("10.00", "300")], asks=[(10.02, 100)])
        >>> book.mid(), book.imbalance(2)
        (10.01, 0.7777777777777778)
        """
        self.load([(_fixed(p), _fixed(s)) for p, s in bids], [(_fixed(p), _fixed(s)) for p, s in asks])

    def depth(self, n: int = 10, *, raw: bool = False) -> Depth:
        """Give the best `n` levels of each side as arrays."""
        return Depth(*self.depth_arrays(n, raw))

    def queue_ahead(self, order_id: int) -> QueueAhead | None:
        """Tell what stands in front of an order; None for an order that is not in the book."""
        ahead = self.queue_ahead_of(order_id)
        return None if ahead is None else QueueAhead(*ahead)

    def to_arrow(self) -> pyarrow.Table:
        """Give the book as an Arrow table that `apply` builds it from again.

        Returns
        -------
        pyarrow.Table
            ``order`` (0: the level's anonymous size), ``side``, ``price`` and ``size`` in units of 1e-9; bids,
            then asks, best level first, orders as they stand in the queue.
        """
        import pyarrow as pa

        order, side, price, size = self.contents()
        fixed = [pa.field(name, pa.int64(), metadata=SCALE_METADATA) for name in ("price", "size")]
        sides = pa.DictionaryArray.from_arrays(pa.array(side), pa.array(_SIDES, pa.string()))
        schema = pa.schema([pa.field("order", pa.uint64()), pa.field("side", sides.type), *fixed])
        return pa.Table.from_arrays([pa.array(order), sides, pa.array(price), pa.array(size)], schema=schema)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (type(self), self.settings, self.contents(), list(self.counts.values()))

    def __repr__(self) -> str:
        bids, asks = self.level_counts
        sides = f"{bids:,} bids from {self.best_bid()}, {asks:,} asks from {self.best_ask()}"
        return f"<OrderBook {self.settings[0]}: {len(self):,} orders, {sides}>"


class BookSet(_core.BookSet):
    """The order books of many instruments, fed from mixed batches.

    Parameters
    ----------
    depth, crossed, orders_max, levels_max
        Settings of each book, as for `OrderBook`.
    books_max : int
        Most instruments.
    total_orders_max : int
        Most live orders of all books together.

    Examples
    --------
    >>> import tickwright as tw
    >>> quotes = {"ts": ["2024-01-02T14:30"] * 2, "symbol": ["BAC", "IBM"]}
    >>> quotes |= {"bid": [10.0, 160.0], "ask": [10.1, 160.5], "bid_size": [100, 200], "ask_size": [300, 400]}
    >>> books = tw.BookSet("L1")
    >>> books.apply(tw.feeds.table(quotes))["changes"]
    4
    >>> books.symbols, books.best_ask("IBM")
    (['BAC', 'IBM'], (160.5, 400.0))
    """

    __slots__ = ()

    def apply(self, data: MarketData | Columns) -> dict[str, int]:
        """Apply each row to its symbol's book.

        Parameters
        ----------
        data : MarketData or Columns
            `MarketData` (its book changes, or its quotes where it has none), or its ``deltas`` or ``quotes``.

        Returns
        -------
        dict
            Counts of this call over all books, as `OrderBook.apply` gives them; `counts` has those of one symbol.

        Raises
        ------
        DataError
            A row cannot be applied, or a limit is reached; the rows before it stay applied.
        """
        if isinstance(data, MarketData):
            data = data.deltas if data.count("deltas") else data.quotes
        if not isinstance(data, Columns):
            raise ConfigError(f"data: {type(data).__name__} names no symbols; give MarketData or its columns")
        return self.apply_columns(data._core)

    def depth(self, symbol: str, n: int = 10, *, raw: bool = False) -> Depth:
        """Give the best `n` levels of each side of a symbol's book as arrays."""
        return Depth(*self.depth_arrays(symbol, n, raw))

    def __getitem__(self, symbol: str) -> OrderBook:
        """Give a copy of a symbol's book."""
        book = OrderBook()
        self.copy_into(symbol, book)
        return book

    def __repr__(self) -> str:
        return f"<BookSet of {len(self):,} books with {self.order_count:,} orders>"


def _restored(
    cls: type[OrderBook], settings: tuple[str, str, int, int], contents: tuple[Any, ...], counts: list[int]
) -> OrderBook:
    """Make a pickled book anew."""
    depth, crossed, orders_max, levels_max = settings
    book = cls(depth, crossed=crossed, orders_max=orders_max, levels_max=levels_max)
    order, side, price, size = contents
    book.restore(order, side, price, size, counts)
    return book


def _instrument(symbols: list[str], symbol: str | None) -> int | None:
    """Id of `symbol`; None where the data are of one instrument."""
    if symbol is not None:
        if symbol not in symbols:
            raise DataError(f"symbol {symbol}: is not in the data; there are {', '.join(symbols[:5])}")
        return symbols.index(symbol)
    if len(symbols) > 1:
        raise ConfigError(f"symbol: the data hold {len(symbols)} instruments; name one, or use a BookSet")
    return None


def _fixed(value: Number) -> int:
    """Units of 1e-9 of one price or size."""
    return _core.fixed(value)


def _fixed_column(values: Any, name: str, raw: bool) -> npt.NDArray[np.int64]:
    """Units of 1e-9 of a column of dollars or shares, or, with `raw`, of such units."""
    column = np.asarray(values)
    if column.ndim != 1:
        raise DataError(f"{name}: has {column.ndim} dimensions; give one")
    if raw:
        if column.dtype.kind not in "iu":
            raise DataError(f"{name}: raw prices and sizes are integers, not {column.dtype}; leave raw out for dollars")
        return np.ascontiguousarray(column, np.int64)
    small = column.dtype.kind in "if" and bool((np.abs(column) < _EXACT_BELOW).all())
    if small and column.dtype.kind == "f":
        return np.rint(column * 1e9).astype(np.int64)
    if small:
        return column.astype(np.int64) * SCALE
    return np.fromiter((_core.fixed(value) for value in column.tolist()), np.int64, len(column))


def _codes(values: Any, words: list[str], name: str) -> npt.NDArray[np.int8]:
    """Codes of a column of words or of codes."""
    column = np.asarray(values)
    if column.dtype.kind in "iub":
        small = column.astype(np.int8)
        if column.dtype != np.int8 and not np.array_equal(small, column):
            raise DataError(f"{name}: holds codes that are not known; use {', '.join(words)}")
        return np.ascontiguousarray(small)
    out = np.full(len(column), -1, np.int8)
    for code, word in enumerate(words):
        out[column == word] = code
    if (out < 0).any():
        row = int(np.argmax(out < 0))
        raise DataError(f"{name}, row {row}: {column[row]!r} is not known; use {', '.join(words)}")
    return out


def _arrow_column(column: Any) -> Any:
    """Numpy array of an Arrow column."""
    import pyarrow as pa

    column = column.combine_chunks()
    if isinstance(column, pa.ChunkedArray):  # no chunk at all
        column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if column.null_count:
        raise DataError(f"columns: {column.null_count} values are missing; fill them in")
    return column.to_numpy(zero_copy_only=False)


def _change_columns(data: Any, raw: bool) -> tuple[npt.NDArray[Any], ...]:
    """Order, action, side, price and size of a mapping or an Arrow table, as the core takes them."""
    scaled = {"price": raw, "size": raw}
    if isinstance(data, Mapping):
        columns = dict(data)
    elif hasattr(data, "__arrow_c_stream__"):
        import pyarrow as pa

        table = pa.table(data)
        columns = {name: _arrow_column(table[name]) for name in table.column_names}
        for name in scaled.keys() & columns.keys():
            scaled[name] |= (table.schema.field(name).metadata or {}).get(b"scale") == b"9"
    else:
        raise ConfigError(f"data: {type(data).__name__} holds no book changes; give MarketData, a mapping or a table")
    missing = [name for name in ("side", "price", "size") if name not in columns]
    if missing:
        raise DataError(f"columns: {', '.join(missing)} missing; give order, action, side, price and size")
    rows = len(columns["side"])
    order = np.asarray(columns["order"]) if "order" in columns else np.zeros(rows, np.uint64)
    if order.dtype.kind not in "iu" or (order.dtype.kind == "i" and rows and int(order.min()) < 0):
        raise DataError("order: must be whole numbers from 0 up")
    action = _codes(columns["action"], _ACTIONS, "action") if "action" in columns else np.zeros(rows, np.int8)
    return (
        np.ascontiguousarray(order).astype(np.uint64, copy=False),
        action,
        _codes(columns["side"], _SIDES, "side"),
        _fixed_column(columns["price"], "price", scaled["price"]),
        _fixed_column(columns["size"], "size", scaled["size"]),
    )
