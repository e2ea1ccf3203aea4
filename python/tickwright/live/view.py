"""A node on a terminal: state, positions, orders, latencies, what happened last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

__all__ = ["view"]

COLORS = {"RUNNING": "green", "RECONCILING": "yellow", "PAUSED": "yellow", "REDUCE_ONLY": "yellow"}


def view(status: Mapping[str, Any], notices: Iterable[Mapping[str, Any]], title: str) -> RenderableType:
    """Draw a node's `status` and its last `notices`."""
    head = Text.assemble(
        (str(status["state"]), f"bold {COLORS.get(str(status['state']), 'red')}"),
        f"   equity {Decimal(status['equity']):,.2f}   drawdown {Decimal(status['drawdown']):,.2f}",
        f"   orders {status['orders']:,} ({status['open_orders']} open, {status['in_flight']} on their way)",
        f"   events {status['events']:,}",
    )
    refused = {code: sum(n for c, _, n in status["refused"] if c == code) for code, *_ in status["refused"]}
    by_code = ", ".join(f"{code} {n}" for code, n in refused.items())
    counts = Text(
        f"refused by risk: {by_code or 'none'}   by the broker: {sum(status['broker_refused'].values())}   "
        f"in doubt: {status['in_doubt']}   repeats: {status['repeats']}   anomalies: {status['anomalies']}"
    )
    return Panel(Group(head, counts, _positions(status), _latencies(status), _last(notices)), title=title)


def _positions(status: Mapping[str, Any]) -> Table:
    table = Table("symbol", "strategy", "position", "average", "mark", "open P&L", "realised", expand=True)
    for row in status["positions"]:
        qty, average, mark = (Decimal(row[name]) for name in ("qty", "average_price", "mark"))
        names = status["strategies"]
        cells = [row["symbol"], names[row["strategy"]], f"{qty:f}", f"{average:,.4f}", f"{mark:,.4f}"]
        table.add_row(*cells, f"{(mark - average) * qty:,.2f}", f"{Decimal(row['realized']):,.2f}")
    return table


def _latencies(status: Mapping[str, Any]) -> Table:
    table = Table("µs", "p50", "p99", "n", expand=True)
    for name, found in status["latency_us"].items():
        cells = ["" if found[key] is None else f"{found[key]:,.0f}" for key in ("p50", "p99", "n")]
        table.add_row(name.replace("_", " "), *cells)
    return table


def _last(notices: Iterable[Mapping[str, Any]]) -> Table:
    table = Table("last", "", expand=True, show_lines=False)
    for notice in list(notices)[-8:]:
        rest = {k: v for k, v in notice.items() if k not in ("kind", "at_ns")}
        table.add_row(str(notice["kind"]), "  ".join(f"{k} {v}" for k, v in rest.items()))
    return table
