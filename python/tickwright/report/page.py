"""The page: charts, tiles and tables put together as one HTML file.

The bytes depend on the result alone: no clock, no host, no random ids. Text from the run (strategy names, reasons)
enters as escaped
HTML or inside JSON whose ``<`` is escaped, so that nothing in it can become markup or script.
"""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Mapping
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

from tickwright.errors import OutputError
from tickwright.report import charts
from tickwright.report.series import iso, times_ns
from tickwright.report.statistics import STATISTICS, shown

__all__ = ["render", "write_report"]

_TILES = (
    "end_equity",
    "net_pnl",
    "total_return",
    "sharpe",
    "max_drawdown",
    "trades",
    "hit_rate",
    "fills",
    "refusals",
    "fees",
)
_SIGNED = {"net_pnl", "total_return", "cagr", "sharpe", "sortino", "calmar", "expectancy"}
_LONG_TEXT = 40
"""Characters from which a column's text is broken into lines."""
_TABLES = (
    ("trips", "Round trips"),
    ("orders", "Orders"),
    ("fills", "Fills"),
    ("refusals", "Refusals"),
    ("positions", "Positions at the end"),
)


def write_report(
    result: Any, path: str | Path, *, max_rows: int = 500, max_points: int = 5_000, title: str | None = None
) -> Path:
    """Write the report of `result` to `path`, whole or not at all.

    Parameters
    ----------
    result : Result
        What :func:`tickwright.backtest` gave.
    path : str or Path
        The HTML file; its folder is made where it is missing.
    max_rows : int
        Rows shown of each table; the count of all is always shown.
    max_points : int
        Points drawn of each line.
    title : str, optional
        Heading; the strategies' names when not given.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    OutputError
        When the file cannot be written.
    """
    path = Path(path)
    page = render(result, max_rows=max_rows, max_points=max_points, title=title)
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(page)
        Path(temporary).chmod(0o666 & ~file_mask())
        Path(temporary).replace(path)
        temporary = None
    except OSError as error:
        raise OutputError(
            f"{path}: the report cannot be written ({error.strerror}); choose a path that can be written"
        ) from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
    return path


def file_mask() -> int:
    """Return the process's file mode mask, which private temporary files ignore."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def render(result: Any, *, max_rows: int = 500, max_points: int = 5_000, title: str | None = None) -> str:
    """Return the report of `result` as one HTML text; see :func:`write_report`."""
    from plotly.offline import get_plotlyjs

    meta: Mapping[str, Any] = result.meta
    strategies = [str(s) for s in meta.get("strategies", [])]
    heading = title if title is not None else " · ".join(strategies) or "Backtest"
    prices = charts.price_charts(result, max_points)
    figures = {
        "equity": charts.equity_chart(result, max_points),
        "drawdown": charts.drawdown_chart(result, max_points),
        "positions": charts.positions_chart(result, max_points),
        "refusals-by-code": charts.refusals_chart(result),
        **{f"price-{i}": figure for i, figure in enumerate(prices.values())},
    }
    data = (
        json.dumps(figures, allow_nan=False, separators=(",", ":"), ensure_ascii=True)
        .replace("<", "\\u003c")
        .replace("&", "\\u0026")
    )
    replacements = {
        "TITLE": escape(heading),
        "SUBTITLE": _subtitle(meta),
        "TILES": "".join(_tile(key, result.stats.get(key)) for key in _TILES if key in result.stats),
        "TABS": "".join(
            f'<button role="tab" data-chart="price-{i}" '
            f'aria-selected="{"true" if i == 0 else "false"}">{escape(str(s))}</button>'
            for i, s in enumerate(prices)
        ),
        "STATISTICS": _statistics(result.stats),
        "TABLES": "".join(_section(result, name, label, max_rows) for name, label in _TABLES),
        "DATA_REPORT": _data_report(result.data_report),
        "DIGEST": escape(str(result.digest)),
        "FIGURES": data,
        "PLOTLY": get_plotlyjs().replace("</script", "<\\/script"),
    }
    template = resources.files("tickwright.report").joinpath("template.html").read_text(encoding="utf-8")
    head, *parts = template.split("{{")
    page = [head]
    for part in parts:
        name, _, rest = part.partition("}}")
        page += (replacements[name], rest)
    return "".join(page)


def _subtitle(meta: Mapping[str, Any]) -> str:
    symbols = [str(s) for s in meta.get("symbols", [])]
    shown_symbols = ", ".join(symbols[:12]) + (f" and {len(symbols) - 12} more" if len(symbols) > 12 else "")
    span = " to ".join(_moment(meta[key]) for key in ("start", "end") if meta.get(key) is not None)
    events = meta.get("events")
    parts = [shown_symbols, span, f"{events:,} events" if isinstance(events, int) else ""]
    return " &nbsp;·&nbsp; ".join(escape(p) for p in parts if p)


def _moment(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int):
        return str(value)
    import numpy as np

    return iso(np.asarray([value], dtype=np.int64))[0].replace("T", " ") + " UTC"


def _tone(key: str, value: object) -> str:
    if key not in _SIGNED or not isinstance(value, (int, float)) or not math.isfinite(value) or value == 0:
        return ""
    return " gain" if value > 0 else " loss"


def _tile(key: str, value: object) -> str:
    what = STATISTICS[key]
    return (
        f'<div class="tile" title="{escape(what.formula)}"><div class="label">{escape(what.label)}</div>'
        f'<div class="value{_tone(key, value)}">{escape(shown(key, value))}</div></div>'
    )


def _statistics(stats: Mapping[str, Any]) -> str:
    keys = [k for k in STATISTICS if k in stats] + sorted(k for k in stats if k not in STATISTICS)
    rows = []
    for key in keys:
        label, formula = (
            (STATISTICS[key].label, STATISTICS[key].formula) if key in STATISTICS else (key.replace("_", " "), "")
        )
        tip = f' title="{escape(formula)}" tabindex="0" class="tip"' if formula else ""
        rows.append(f"<div><dt><span{tip}>{escape(label)}</span></dt><dd>{escape(shown(key, stats[key]))}</dd></div>")
    return f'<dl class="figures">{"".join(rows)}</dl>'


def _section(result: Any, name: str, label: str, max_rows: int) -> str:
    table = getattr(result, name)
    count = table.num_rows
    note = f" · first {max_rows:,} shown" if count > max_rows else ""
    body = _table(table.slice(0, max_rows)) if count and max_rows else '<p class="none">None.</p>' if not count else ""
    state = " open" if name == "refusals" and count else ""
    summary = f'{label} <span class="count">{count:,}{note}</span>'
    return f'<details class="card"{state}><summary>{summary}</summary>{body}</details>'


def _table(table: Any) -> str:
    import pyarrow as pa

    columns = []
    marks = []
    for field in table.schema:
        if pa.types.is_timestamp(field.type):
            values = table.column(field.name)
            times = (
                iso_micro(times_ns(table, field.name))
                if values.null_count == 0
                else [str(v) for v in values.to_pylist()]
            )
            columns.append(times)
            marks.append("")
            continue
        cells = [_cell(v) for v in table.column(field.name).to_pylist()]
        columns.append(cells)
        if pa.types.is_floating(field.type) or pa.types.is_integer(field.type):
            marks.append(" class=n")
        else:
            marks.append(" class=w" if max(map(len, cells), default=0) > _LONG_TEXT else "")
    head = "".join(
        f'<th scope="col"{mark}>{escape(f.name.replace("_", " "))}</th>'
        for f, mark in zip(table.schema, marks, strict=True)
    )
    rows = (
        "<tr>" + "".join(f"<td{m}>{escape(c)}</td>" for c, m in zip(row, marks, strict=True)) + "</tr>"
        for row in zip(*columns, strict=True)
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


def iso_micro(times: Any) -> list[str]:
    """Write times to the microsecond, for tables."""
    import numpy as np

    return [
        str(t).replace("T", " ") for t in np.datetime_as_string(times.astype("datetime64[ns]").astype("datetime64[us]"))
    ]


def _cell(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return (
            "–" if value != value else f"{value:,.9f}".rstrip("0").rstrip(".") if math.isfinite(value) else str(value)
        )
    return str(value)


def _data_report(report: Mapping[str, Any]) -> str:
    def rows(value: object, key: str) -> list[tuple[str, str]]:
        if isinstance(value, Mapping):
            return [pair for k, v in value.items() for pair in rows(v, f"{key}.{k}" if key else str(k))]
        if isinstance(value, (list, tuple)):
            return [(key if i == 0 else "", _cell(v)) for i, v in enumerate(value)] or []
        if isinstance(value, int) and not isinstance(value, bool):
            return [(key, f"{value:,}")]
        return [(key, _cell(value))]

    pairs = rows(report, "")
    if not pairs:
        return '<p class="none">Nothing to report.</p>'
    body = "".join(f'<tr><th scope="row">{escape(k.replace("_", " "))}</th><td>{escape(v)}</td></tr>' for k, v in pairs)
    return f'<table class="pairs"><tbody>{body}</tbody></table>'
