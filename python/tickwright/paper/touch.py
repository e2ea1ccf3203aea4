"""Order books of pairs whose data have quotes alone: one level, the whole of it in each message."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

from tickwright.data import MarketData
from tickwright.paper.assets import asset_class

__all__ = ["TouchBooks"]


class TouchBooks:
    """Messages of order books made from quotes.

    Parameters
    ----------
    data : MarketData or None
        Quotes; symbols with book changes of their own are left to those.

    Examples
    --------
    >>> import tickwright as tw
    >>> rows = {"ts": ["2024-01-02"], "bid": [42_000.0], "ask": [42_001.0], "bid_size": [0.5], "ask_size": [2]}
    >>> books = TouchBooks(tw.feeds.table(rows, symbol="BTC/USD"))
    >>> (message,) = books.messages(0, 2**62, {"*"})
    >>> message["b"], message["a"], message["r"]
    ([{'p': 42000.0, 's': 0.5}], [{'p': 42001.0, 's': 2.0}], True)
    """

    __slots__ = ("_quotes", "_symbols")

    def __init__(self, data: MarketData | None) -> None:
        self._quotes = None
        self._symbols: dict[int, str] = {}
        if data is None or not data.count("quotes"):
            return
        with_books = set(data.deltas.instrument.tolist()) if data.count("deltas") else set()
        names = enumerate(data.symbols)
        self._symbols = {i: s for i, s in names if asset_class(s) == "crypto" and i not in with_books}
        if self._symbols:
            self._quotes = data.quotes

    def messages(self, after_ns: int, until_ns: int, wanted: Set[str]) -> list[dict[str, Any]]:
        """Books from after `after_ns` until `until_ns` of the symbols `wanted`."""
        quotes = self._quotes
        if quotes is None:
            return []
        first, last = quotes.ts.searchsorted([after_ns, until_ns], "right").tolist()
        made: list[dict[str, Any]] = []
        for row in range(first, last):
            symbol = self._symbols.get(int(quotes.instrument[row]))
            if symbol is None or not ("*" in wanted or symbol in wanted):
                continue
            sides = {
                side: [{"p": int(getattr(quotes, p)[row]) / 1e9, "s": int(getattr(quotes, s)[row]) / 1e9}]
                for side, p, s in (("b", "bid", "bid_size"), ("a", "ask", "ask_size"))
            }
            made.append({"T": "o", "S": symbol, "t": int(quotes.ts[row]), **sides, "r": True})
        return made
