"""News items of the data, as the news stream sends them when their time comes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["NewsFeed"]


class NewsFeed:
    """News in order of time.

    Parameters
    ----------
    items : iterable of mapping
        Items as `MarketData.news` has them.
    after_ns : int
        Items until then have been sent.

    Examples
    --------
    >>> item = {"ts": 5, "updated": None, "id": 1, "headline": "Up", "summary": "", "author": "", "content": "",
    ...         "url": "", "source": "", "symbols": ["BAC"]}
    >>> feed = NewsFeed([item], 0)
    >>> feed.take(4), [message["headline"] for message in feed.take(5)], feed.take(9)
    ([], ['Up'], [])
    """

    __slots__ = ("_items", "_sent")

    def __init__(self, items: Iterable[Mapping[str, Any]], after_ns: int) -> None:
        self._items = sorted(items, key=lambda item: int(item["ts"]))
        self._sent = sum(item["ts"] <= after_ns for item in self._items)

    def take(self, until_ns: int) -> list[dict[str, Any]]:
        """Messages of the items that are due by `until_ns` and have not been taken."""
        first = self._sent
        while self._sent < len(self._items) and self._items[self._sent]["ts"] <= until_ns:
            self._sent += 1
        return [self._message(item) for item in self._items[first : self._sent]]

    @staticmethod
    def _message(item: Mapping[str, Any]) -> dict[str, Any]:
        names = ("id", "headline", "summary", "author", "content", "url", "symbols", "source")
        times = {"created_at": item["ts"], "updated_at": item["updated"] or item["ts"]}
        return {"T": "n", **{name: item[name] for name in names}, **times}
