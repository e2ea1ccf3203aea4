"""Rows of the history as JSON text, written column by column so that no object is made for a row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from tickwright.paper.tape import Rows

__all__ = ["bars", "quotes", "trades"]

Array = npt.NDArray[Any]
Writer = Callable[[Rows, str], list[str]]
EXCHANGE = "V"  # IEX, where the data do not say
TRADE_CONDITION, QUOTE_CONDITION = "@", "R"  # regular sale, regular quote
SELLER_TOOK = 1 << 22


def _times(ns: Array) -> list[str]:
    """RFC 3339 with the digits there are, in UTC."""
    text = np.datetime_as_string(ns.astype("datetime64[ns]"))
    return [f'"{t.rstrip("0").rstrip(".")}Z"' if "." in t else f'"{t}Z"' for t in text.tolist()]


def number(value: float) -> str:
    """Shortest text of a number: no fraction where there is none."""
    return str(int(value)) if value == int(value) else repr(value)


def _numbers(fixed: Array) -> list[str]:
    return [number(v) for v in (fixed / 1e9).tolist()]


def _whole(fixed: Array) -> list[str]:
    """Sizes of shares, which Alpaca gives without fractions."""
    return [str(v) for v in (fixed // 1_000_000_000).tolist()]


def _letters(rows: Rows, name: str, default: str) -> list[str]:
    codes = rows.get(name)
    if codes is None:
        return [f'"{default}"'] * len(rows["ts"])
    return [f'"{chr(c)}"' if 32 < c < 127 and c not in (34, 92) else f'"{default}"' for c in codes.tolist()]


def _conditions(rows: Rows, default: str) -> list[str]:
    codes = rows.get("conditions")
    if codes is None:
        return [f'["{default}"]'] * len(rows["ts"])
    made: dict[int, str] = {}
    for code in set(codes.tolist()):
        letters = [chr(b) for b in int(code).to_bytes(4, "little") if 32 <= b < 127 and b not in (34, 92)]
        made[code] = "[" + ",".join(f'"{c}"' for c in letters or [default]) + "]"
    return [made[code] for code in codes.tolist()]


def trades(rows: Rows, tape: str) -> list[str]:
    """Trades as JSON; `tape` is empty for crypto."""
    times, prices = _times(rows["ts"]), _numbers(rows["price"])
    # Sources that number no trades: the time itself, in microseconds, tells them apart well enough.
    ids = rows["id"].tolist() if "id" in rows else (rows["ts"] // 1_000).tolist()
    if not tape:
        sides = ['"S"' if flags & SELLER_TOOK else '"B"' for flags in rows["flags"].tolist()]
        columns = zip(times, prices, _numbers(rows["size"]), ids, sides, strict=True)
        return [f'{{"i":{i},"p":{p},"s":{s},"t":{t},"tks":{k}}}' for t, p, s, i, k in columns]
    conditions, venues = _conditions(rows, TRADE_CONDITION), _letters(rows, "venue", EXCHANGE)
    stock = zip(times, prices, _whole(rows["size"]), ids, conditions, venues, _letters(rows, "tape", tape), strict=True)
    return [f'{{"c":{c},"i":{i},"p":{p},"s":{s},"t":{t},"x":{x},"z":{z}}}' for t, p, s, i, c, x, z in stock]


def quotes(rows: Rows, tape: str) -> list[str]:
    """Quotes as JSON; `tape` is empty for crypto."""
    times, bids, asks = _times(rows["ts"]), _numbers(rows["bid"]), _numbers(rows["ask"])
    if not tape:
        columns = zip(times, bids, _numbers(rows["bid_size"]), asks, _numbers(rows["ask_size"]), strict=True)
        return [f'{{"ap":{a},"as":{n},"bp":{b},"bs":{m},"t":{t}}}' for t, b, m, a, n in columns]
    stock = zip(
        times,
        bids,
        _whole(rows["bid_size"]),
        _letters(rows, "bid_venue", EXCHANGE),
        asks,
        _whole(rows["ask_size"]),
        _letters(rows, "ask_venue", EXCHANGE),
        _conditions(rows, QUOTE_CONDITION),
        _letters(rows, "tape", tape),
        strict=True,
    )
    return [
        f'{{"ap":{a},"as":{n},"ax":{y},"bp":{b},"bs":{m},"bx":{x},"c":{c},"t":{t},"z":{z}}}'
        for t, b, m, x, a, n, y, c, z in stock
    ]


def bars(rows: Rows, tape: str) -> list[str]:
    """Bars as JSON."""
    volumes = rows["volume"].tolist()
    columns = zip(
        _times(rows["start"].astype(np.int64)),
        *(map(number, rows[name].tolist()) for name in ("open", "high", "low", "close")),
        [str(int(v)) for v in volumes] if tape else map(number, volumes),
        rows["trades"].tolist(),
        map(number, np.round(rows["vwap"], 6).tolist()),
        strict=True,
    )
    return [
        f'{{"c":{c},"h":{h},"l":{low},"n":{int(n)},"o":{o},"t":{t},"v":{v},"vw":{vw}}}'
        for t, o, h, low, c, v, n, vw in columns
    ]
