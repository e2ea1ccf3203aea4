"""The market-data history: bars, quotes, trades, what is latest, snapshots, as far as the virtual clock has come.

Each call is synchronous and may take milliseconds: the server makes them in threads. Nothing later than "now" is shown,
and a bar under way shows what is known of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from tickwright.paper import rows as written
from tickwright.paper.actions import adjusted
from tickwright.paper.query import BadRequest, Page, Window, choice, page, symbols, window
from tickwright.paper.tape import Rows, Tape
from tickwright.paper.timeframes import MINUTE_NS, Bars, Timeframe

if TYPE_CHECKING:
    from tickwright.paper.assets import Assets
    from tickwright.paper.sessions import Calendar

__all__ = ["History"]

KINDS = ("bars", "quotes", "trades")
HISTORICAL_FEEDS = ("sip", "iex", "otc", "boats")
LATEST_FEEDS = ("sip", "iex", "delayed_sip", "otc", "boats", "overnight")
LOCATIONS = ("us", "us-1", "us-2", "eu-1", "bs-1")
ADJUSTMENTS = ("raw", "split", "dividend", "spin-off", "all")
DELAY_NS = 15 * MINUTE_NS
DAY_REACH_NS = 15 * 86_400 * 1_000_000_000  # the last two daily bars begin no earlier, holidays included
MINUTE, DAY = Timeframe(1, "Min"), Timeframe(1, "Day")

Query = Mapping[str, str]
Fetch = Callable[[str, int, int, int, bool], Rows | None]


class History:
    """Answers of the history from a tape.

    Parameters
    ----------
    tape : Tape
        Market data.
    assets : Assets
        Known symbols, for their tapes.
    calendar : Calendar
        Regular hours, for daily bars.
    """

    def __init__(self, tape: Tape, assets: Assets, calendar: Calendar) -> None:
        self.tape = tape
        self.bars = Bars(tape, calendar)
        self._tapes = assets.tapes()

    def _tape_of(self, symbol: str, *, crypto: bool) -> str:
        return "" if crypto else self._tapes.get(symbol) or "C"

    def pages(self, kind: str, query: Query, now_ns: int, *, crypto: bool, symbol: str | None = None) -> bytes:
        """Bars, quotes or trades of a window of time, a page at a time; of one symbol where the path names it."""
        names = symbols(query if symbol is None else {"symbols": symbol}, crypto=crypto)
        if not crypto:
            choice(query, "feed", HISTORICAL_FEEDS, "sip")
            _currency(query)
        span, wanted = window(query, now_ns, crypto=crypto), page(query)
        fetch = self._fetch(kind, query, now_ns, crypto=crypto)
        found, token = self._collect(kind, names, fetch, span, wanted, crypto=crypto)
        quoted = "null" if token is None else f'"{token}"'
        if symbol is not None:
            body = ",".join(found.get(names[0], []))
            return f'{{"{kind}":[{body}],"next_page_token":{quoted},"symbol":"{names[0]}"}}'.encode()
        body = ",".join(f'"{name}":[{",".join(lines)}]' for name, lines in found.items())
        return f'{{"{kind}":{{{body}}},"next_page_token":{quoted}}}'.encode()

    def _fetch(self, kind: str, query: Query, now_ns: int, *, crypto: bool) -> Fetch:
        if kind != "bars":
            return lambda name, start, end, most, newest: self.tape.rows(kind, name, start, end, most, newest=newest)
        if not query.get("timeframe"):
            raise BadRequest("timeframe is required")
        frame = Timeframe.parse(query["timeframe"])
        if frame is None:
            raise BadRequest(f"invalid timeframe: {query['timeframe']}")
        wanted = (query.get("adjustment") or "raw").split(",")
        if not crypto and (unknown := [a for a in wanted if a not in ADJUSTMENTS]):
            raise BadRequest(f"invalid adjustment: {unknown[0]}")

        def fetch(name: str, start: int, end: int, most: int, newest: bool) -> Rows | None:
            rows = self.bars.get(name, frame, start, end, now_ns)
            if rows is None or crypto:
                return rows
            return adjusted(rows, self.tape.rows("actions", name, start, now_ns), wanted)

        return fetch

    def _collect(
        self, kind: str, names: list[str], fetch: Fetch, span: Window, wanted: Page, *, crypto: bool
    ) -> tuple[dict[str, list[str]], str | None]:
        write = getattr(written, kind)
        time = "start" if kind == "bars" else "ts"
        found: dict[str, list[str]] = {}
        left = wanted.limit
        for name in names:
            if wanted.symbol is not None and name < wanted.symbol:
                continue
            start, end, skip = span.start_ns, span.end_ns, 0
            if name == wanted.symbol:
                skip = wanted.skip
                start, end = (start, min(end, wanted.ts)) if wanted.descending else (max(start, wanted.ts), end)
            rows = fetch(name, start, end, skip + left + 1, wanted.descending)
            if rows is None:
                continue
            if wanted.descending:
                rows = {k: v[::-1] for k, v in rows.items()}
            times = rows[time]
            have = len(times)
            if have <= skip:
                continue
            if not left:
                return found, wanted.token(name, int(times[skip]), 0)
            took = min(skip + left, have)
            found[name] = write({k: v[skip:took] for k, v in rows.items()}, self._tape_of(name, crypto=crypto))
            left -= took - skip
            if took < have:
                last = int(times[took - 1])
                return found, wanted.token(name, last, int((times[:took] == last).sum()))
        return found, None

    def latest(self, kind: str, query: Query, now_ns: int, *, crypto: bool, symbol: str | None = None) -> bytes:
        """Give the last bar, quote, trade or order book of each symbol."""
        names, at_ns = self._latest_asked(query, now_ns, crypto=crypto, symbol=symbol)
        found = {name: text for name in names if (text := self._last(kind, name, at_ns, crypto=crypto)) is not None}
        if symbol is not None:
            if not found:
                raise BadRequest(f"no {kind.removesuffix('s')} found for {names[0]}", 404)
            return f'{{"{kind.removesuffix("s")}":{found[names[0]]},"symbol":"{names[0]}"}}'.encode()
        body = ",".join(f'"{name}":{text}' for name, text in found.items())
        return f'{{"{kind}":{{{body}}}}}'.encode()

    def _latest_asked(self, query: Query, now_ns: int, *, crypto: bool, symbol: str | None) -> tuple[list[str], int]:
        names = symbols(query if symbol is None else {"symbols": symbol}, crypto=crypto)
        if crypto:
            return names, now_ns
        _currency(query)
        delayed = choice(query, "feed", LATEST_FEEDS, "sip") == "delayed_sip"
        return names, now_ns - DELAY_NS if delayed else now_ns

    def _last(self, kind: str, name: str, at_ns: int, *, crypto: bool) -> str | None:
        tape = self._tape_of(name, crypto=crypto)
        if kind == "orderbooks":
            return self._book(name, at_ns)
        if kind == "bars":
            return self._last_bar(name, MINUTE, at_ns, tape)
        rows = self.tape.last(kind, name, at_ns)
        return None if rows is None else getattr(written, kind)(rows, tape)[0]

    def _last_bar(self, name: str, frame: Timeframe, at_ns: int, tape: str, back: int = 1) -> str | None:
        seen = [rows["ts"][0] for kind in ("trades", "bars") if (rows := self.tape.last(kind, name, at_ns)) is not None]
        if not seen:
            return None
        reach = 2 * MINUTE_NS if frame is MINUTE else DAY_REACH_NS
        rows = self.bars.get(name, frame, int(max(seen)) - reach, at_ns, at_ns)
        if rows is None or len(rows["start"]) < back:
            return None
        chosen = slice(len(rows["start"]) - back, len(rows["start"]) - back + 1)
        return written.bars({k: v[chosen] for k, v in rows.items()}, tape)[0]

    def _book(self, name: str, at_ns: int) -> str | None:
        """Order book of the best bid and ask: the tape has no deeper levels of one moment."""
        rows = self.tape.last("quotes", name, at_ns)
        if rows is None:
            return None
        sides = [
            f'[{{"p":{written.number(int(rows[p][0]) / 1e9)},"s":{written.number(int(rows[s][0]) / 1e9)}}}]'
            for p, s in (("ask", "ask_size"), ("bid", "bid_size"))
        ]
        return f'{{"a":{sides[0]},"b":{sides[1]},"t":{written._times(rows["ts"])[0]}}}'

    def snapshots(self, query: Query, now_ns: int, *, crypto: bool, symbol: str | None = None) -> bytes:
        """Last trade, quote, minute bar and two daily bars of each symbol."""
        names, at_ns = self._latest_asked(query, now_ns, crypto=crypto, symbol=symbol)
        found: dict[str, str] = {}
        for name in names:
            tape = self._tape_of(name, crypto=crypto)
            parts = {
                "latestTrade": self._last("trades", name, at_ns, crypto=crypto),
                "latestQuote": self._last("quotes", name, at_ns, crypto=crypto),
                "minuteBar": self._last_bar(name, MINUTE, at_ns, tape),
                "dailyBar": self._last_bar(name, DAY, at_ns, tape),
                "prevDailyBar": self._last_bar(name, DAY, at_ns, tape, back=2),
            }
            fields = [f'"{key}":{text}' for key, text in parts.items() if text is not None]
            if fields:
                found[name] = ",".join(fields)
        if symbol is not None:
            if not found:
                raise BadRequest(f"no snapshot found for {names[0]}", 404)
            return f'{{"symbol":"{names[0]}",{found[names[0]]}}}'.encode()
        body = ",".join(f'"{name}":{{{text}}}' for name, text in found.items())
        return f'{{"snapshots":{{{body}}}}}'.encode() if crypto else f"{{{body}}}".encode()


def _currency(query: Query) -> None:
    if (query.get("currency") or "USD").upper() != "USD":
        raise BadRequest(f"invalid currency: {query['currency']}; the paper venue knows USD")
