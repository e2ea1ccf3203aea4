"""The report's charts as plotly figures in plain data, colours left to the page."""

from __future__ import annotations

from typing import Any

import numpy as np

from tickwright.report.series import Floats, column, iso, thin, times_ns

__all__ = ["drawdown_chart", "equity_chart", "positions_chart", "price_charts", "refusals_chart"]

Figure = dict[str, Any]


def _numbers(values: Floats) -> list[float | None]:
    return [None if v != v else float(v) for v in values]


def _line(name: str, times: Any, values: Floats, most: int, **style: Any) -> dict[str, Any]:
    keep = thin(values, most)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": iso(times[keep]),
        "y": _numbers(values[keep]),
        **style,
    }


def equity_chart(result: Any, most: int) -> Figure:
    """Equity and cash over time, dollars."""
    table = result.equity
    times = times_ns(table)
    traces = [
        _line("Equity", times, column(table, "equity"), most, line={"width": 2}),
        _line("Cash", times, column(table, "cash"), most, line={"width": 1, "dash": "dot"}, visible="legendonly"),
    ]
    return {"traces": traces, "y": "dollars", "format": ",.2f"}


def drawdown_chart(result: Any, most: int) -> Figure:
    """Drawdown over time, as a fraction below the running maximum."""
    table = result.equity
    values = -np.abs(column(table, "drawdown"))
    trace = _line("Drawdown", times_ns(table), values, most, line={"width": 1}, fill="tozeroy")
    return {"traces": [trace], "y": "below maximum", "format": ".2%", "role": "loss"}


def positions_chart(result: Any, most: int) -> Figure:
    """Shares held over time, by strategy and symbol, as steps at the fills."""
    fills = result.fills
    end = times_ns(result.equity)[-1:] if result.equity.num_rows else np.empty(0, np.int64)
    if fills.num_rows == 0:
        return {"traces": [], "y": "shares", "format": ",.0f"}
    times, held = times_ns(fills), column(fills, "position")
    keys = list(zip(fills.column("strategy").to_pylist(), fills.column("symbol").to_pylist(), strict=True))
    rows: dict[tuple[str, str], list[int]] = {}
    for row, key in enumerate(keys):
        rows.setdefault(key, []).append(row)
    many = len({strategy for strategy, _ in rows}) > 1
    traces = []
    symbols = sorted({symbol for _, symbol in rows})
    strategies = sorted({strategy for strategy, _ in rows})
    dashes = ("solid", "dot", "dash", "longdash", "dashdot")
    for (strategy, symbol), at in sorted(rows.items(), key=lambda row: row[0][::-1]):
        index = np.asarray(at)
        x = np.concatenate([times[index][:1], times[index], np.maximum(end, times[index][-1:]) if len(end) else end])
        y = np.concatenate([[0.0], held[index], held[index][-1:] if len(end) else np.empty(0)])
        traces.append(
            _line(
                f"{symbol} · {strategy}" if many else symbol,
                x,
                y,
                most,
                # A colour a symbol, a dash a strategy.
                line={"width": 1.5, "shape": "hv", "dash": dashes[strategies.index(strategy) % len(dashes)]},
                hue=symbols.index(symbol),
            )
        )
    return {"traces": traces, "y": "shares", "format": ",.0f"}


def price_charts(result: Any, most: int) -> dict[str, Figure]:
    """For each symbol the sampled price with a marker at each fill."""
    marks, fills = result.marks, result.fills
    mark_symbols = np.asarray(marks.column("symbol").to_pylist(), dtype=object)
    fill_symbols = np.asarray(fills.column("symbol").to_pylist(), dtype=object)
    traded = set(fill_symbols.tolist())
    symbols = sorted(set(mark_symbols.tolist()) | traded, key=lambda s: (s not in traded, s))
    mark_times, mark_prices = times_ns(marks), column(marks, "price")
    fill_times, fill_prices, fill_qty = times_ns(fills), column(fills, "price"), column(fills, "qty")
    sides = np.asarray([str(s).lower() for s in fills.column("side").to_pylist()], dtype=object)
    strategies = np.asarray(fills.column("strategy").to_pylist(), dtype=object)
    charts: dict[str, Figure] = {}
    for symbol in symbols:
        at = np.flatnonzero(mark_symbols == symbol)
        traces = [_line("Price", mark_times[at], mark_prices[at], most, line={"width": 1.2})]
        for side, mark, role in (("buy", "triangle-up", "gain"), ("sell", "triangle-down", "loss")):
            index = np.flatnonzero((fill_symbols == symbol) & (sides == side))
            index = (
                index[np.unique(np.linspace(0, len(index) - 1, min(len(index), most)).astype(np.intp))]
                if len(index)
                else index
            )
            traces.append(
                {
                    "type": "scatter",
                    "mode": "markers",
                    "name": side.capitalize(),
                    "x": iso(fill_times[index]),
                    "y": _numbers(fill_prices[index]),
                    "text": [f"{side} {q:,.9g} · {s}" for q, s in zip(fill_qty[index], strategies[index], strict=True)],
                    "marker": {"symbol": mark, "size": 9, "line": {"width": 1}},
                    "role": role,
                }
            )
        charts[symbol] = {"traces": traces, "y": "dollars", "format": ",.4~f"}
    return charts


def refusals_chart(result: Any) -> Figure:
    """Refusals by reason code."""
    counts: dict[str, int] = {}
    for code in result.refusals.column("code").to_pylist():
        counts[str(code)] = counts.get(str(code), 0) + 1
    order = sorted(counts, key=lambda c: (counts[c], c))
    trace = {"type": "bar", "orientation": "h", "name": "Refusals", "x": [counts[c] for c in order], "y": order}
    return {"traces": [trace] if order else [], "y": "", "format": "", "bars": len(order)}
