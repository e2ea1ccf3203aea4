"""Corporate actions, news and screeners: what the market data say of them, in Alpaca's words."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from tickwright.paper.query import BadRequest, choice, page, positive, window
from tickwright.paper.sessions import NEW_YORK, SECOND_NS, rfc3339
from tickwright.paper.settings import SPACE
from tickwright.paper.tape import Rows
from tickwright.paper.timeframes import Timeframe

if TYPE_CHECKING:
    from tickwright.paper.history import History

__all__ = ["adjusted", "corporate_actions", "most_actives", "movers", "news"]

DIVIDEND, SPLIT = 0, 1
PRICES = ("open", "high", "low", "close", "vwap")
TYPES = ("cash_dividend", "forward_split", "reverse_split")
DAY = Timeframe(1, "Day")
WEEK_NS = 7 * 86_400 * SECOND_NS
FOREVER_NS = 2**62

Query = Mapping[str, str]


def adjusted(rows: Rows, actions: Rows | None, wanted: Iterable[str]) -> Rows:
    """Bars before an action in terms of prices after it: splits, dividends, or both."""
    chosen = set(wanted)
    kinds = {k for k, words in ((SPLIT, {"split", "all"}), (DIVIDEND, {"dividend", "all"})) if chosen & words}
    if actions is None or not kinds:
        return rows
    changed = {name: values.astype(float) if name in (*PRICES, "volume") else values for name, values in rows.items()}
    for ts, kind, ratio in zip(actions["ts"], actions["kind"], actions["ratio"], strict=True):
        if int(kind) not in kinds or not ratio:
            continue
        before = rows["start"] < ts
        factor = 1 / float(ratio) if kind == SPLIT else float(ratio)
        for name in PRICES:
            changed[name][before] *= factor
        if kind == SPLIT:
            changed["volume"][before] *= float(ratio)
    for name in PRICES:
        changed[name] = np.round(changed[name], 6)
    return changed


def _date(ns: int) -> str:
    return dt.datetime.fromtimestamp(ns // SECOND_NS, NEW_YORK).date().isoformat()


def corporate_actions(history: History, query: Query, now_ns: int) -> bytes:
    """Dividends and splits of the tape, by kind."""
    wanted = page(query, default=100, most=1_000)
    types = [t for t in (query.get("types") or ",".join(TYPES)).split(",") if t]
    span = window(query, FOREVER_NS if query.get("end") else now_ns, crypto=False)
    names = {s.strip().upper() for s in query.get("symbols", "").split(",") if s.strip()}
    ids = {i for i in query.get("ids", "").split(",") if i}
    start, end = (-FOREVER_NS, FOREVER_NS) if ids else (span.start_ns, span.end_ns)
    found: list[tuple[int, str, dict[str, Any]]] = []
    for symbol in sorted(names & history.tape.symbols if names else history.tape.symbols):
        rows = history.tape.rows("actions", symbol, start, end)
        if rows is not None:
            columns = (rows[name].tolist() for name in ("ts", "kind", "per_share", "ratio"))
            found += [_action(symbol, *values) for values in zip(*columns, strict=True)]
    found = [row for row in found if row[1] in types and (not ids or row[2]["id"] in ids)]
    found.sort(key=lambda row: (row[0], row[2]["symbol"]), reverse=wanted.descending)
    first = wanted.skip
    answer: dict[str, list[dict[str, Any]]] = {}
    for _, kind, action in found[first : first + wanted.limit]:
        answer.setdefault(f"{kind}s", []).append(action)
    more = len(found) > first + wanted.limit
    token = wanted.token("-", 0, first + wanted.limit) if more else None
    return json.dumps({"corporate_actions": answer, "next_page_token": token}).encode()


def _action(symbol: str, ts: int, kind: int, per_share: int, ratio: float) -> tuple[int, str, dict[str, Any]]:
    date = _date(ts)
    common = {"id": str(uuid.uuid5(SPACE, f"action {symbol} {ts} {kind}")), "symbol": symbol, "cusip": ""}
    if kind == DIVIDEND:
        dates = {"process_date": date, "ex_date": date}
        return ts, "cash_dividend", {**common, "rate": per_share / 1e9, "special": False, "foreign": False, **dates}
    rates = {"new_rate": ratio, "old_rate": 1} if ratio >= 1 else {"new_rate": 1, "old_rate": 1 / ratio}
    dates = {"process_date": date, "ex_date": date}
    return ts, "forward_split" if ratio >= 1 else "reverse_split", {**common, **rates, **dates}


def news(history: History, query: Query, now_ns: int) -> bytes:
    """News of the tape, newest first unless asked otherwise."""
    wanted = page({"sort": "desc", **query}, default=10, most=50)
    for flag in ("include_content", "exclude_contentless"):
        if query.get(flag) and query[flag].lower() not in ("true", "false", "1", "0"):
            raise BadRequest(f"invalid {flag}: {query[flag]}")
    span = window({"start": "1970-01-01", **query}, now_ns, crypto=True)
    names = {s.strip().upper() for s in query.get("symbols", "").split(",") if s.strip()}
    content = query.get("include_content", "").lower() in ("true", "1")
    items = [item for part in history.tape.parts for item in part.news if span.start_ns <= item["ts"] <= span.end_ns]
    if names:
        items = [item for item in items if names & set(item["symbols"])]
    if query.get("exclude_contentless", "").lower() in ("true", "1"):
        items = [item for item in items if item["content"]]
    items.sort(key=lambda item: (item["updated"] or item["ts"], item["id"]), reverse=wanted.descending)
    shown = [
        {
            "id": item["id"],
            "headline": item["headline"],
            "author": item["author"] or "",
            "created_at": rfc3339(item["ts"]),
            "updated_at": rfc3339(item["updated"] or item["ts"]),
            "summary": item["summary"] or "",
            "content": (item["content"] or "") if content else "",
            "url": item["url"] or None,
            "images": [],
            "symbols": item["symbols"],
            "source": item["source"] or "",
        }
        for item in items[wanted.skip : wanted.skip + wanted.limit]
    ]
    more = len(items) > wanted.skip + wanted.limit
    token = wanted.token("-", 0, wanted.skip + wanted.limit) if more else None
    return json.dumps({"news": shown, "next_page_token": token}).encode()


def _days(history: History, now_ns: int, *, crypto: bool) -> list[tuple[str, Rows]]:
    """Last daily bars of each symbol, two of them where there are two."""
    symbols = sorted(s for s in history.tape.symbols if ("/" in s) is crypto)
    days = ((s, history.bars.get(s, DAY, now_ns - WEEK_NS, now_ns, now_ns)) for s in symbols)
    return [(symbol, rows) for symbol, rows in days if rows is not None]


def most_actives(history: History, query: Query, now_ns: int) -> bytes:
    """Symbols by volume or trades of the day."""
    by = choice(query, "by", ("volume", "trades"), "volume")
    top = positive(query, "top", 10, 100)
    found: list[dict[str, Any]] = [
        {"symbol": symbol, "volume": int(rows["volume"][-1]), "trade_count": int(rows["trades"][-1])}
        for symbol, rows in _days(history, now_ns, crypto=False)
    ]
    found.sort(key=lambda row: int(row["volume" if by == "volume" else "trade_count"]), reverse=True)
    return json.dumps({"most_actives": found[:top], "last_updated": rfc3339(now_ns)}).encode()


def movers(history: History, market: str, query: Query, now_ns: int) -> bytes:
    """Symbols by their change since the day before."""
    if market not in ("stocks", "crypto"):
        raise BadRequest(f"invalid market_type: {market}")
    top = positive(query, "top", 10, 50)
    found: list[dict[str, Any]] = []
    for symbol, rows in _days(history, now_ns, crypto=market == "crypto"):
        if len(rows["close"]) > 1 and rows["close"][-2]:
            price, change = float(rows["close"][-1]), float(rows["close"][-1] - rows["close"][-2])
            percent = round(100 * change / float(rows["close"][-2]), 2)
            row = {"symbol": symbol, "percent_change": percent, "change": round(change, 4), "price": price}
            found.append(row)
    gainers = sorted((r for r in found if r["change"] > 0), key=lambda r: -float(r["percent_change"]))
    losers = sorted((r for r in found if r["change"] < 0), key=lambda r: float(r["percent_change"]))
    answer = {"gainers": gainers[:top], "losers": losers[:top], "market_type": market}
    return json.dumps({**answer, "last_updated": rfc3339(now_ns)}).encode()
