"""Corporate actions from anywhere, as market data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tickwright import _core
from tickwright.data import MarketData, nanoseconds
from tickwright.errors import ConfigError

__all__ = ["actions"]


def actions(rows: Iterable[Mapping[str, Any]]) -> MarketData:
    """Dividends and splits, to be added to other market data.

    Parameters
    ----------
    rows
        Of each action ``symbol``, ``ts`` (when it takes effect: the beginning of its ex-date) and either ``dividend``,
        dollars a share, or ``split``, new shares for an old one.

    Returns
    -------
    MarketData
        The actions by time.

    Raises
    ------
    ConfigError
        A row has neither of both, both, or something else.
    DataError
        A dividend is not above zero, or a split no ratio of whole numbers.

    Examples
    --------
    >>> import tickwright as tw
    >>> split = {"symbol": "AAPL", "ts": "2020-08-31T08:00:00Z", "split": 4}
    >>> dividend = {"symbol": "AAPL", "ts": "2020-08-07T08:00:00Z", "dividend": 0.82}
    >>> tw.feeds.actions([split, dividend]).actions.to_arrow(floats=True)["kind"].to_pylist()
    ['dividend', 'split']
    """
    made = []
    for number, row in enumerate(rows, 1):
        if "symbol" not in row or "ts" not in row or len(row) != 3 or not {"dividend", "split"} & row.keys():
            raise ConfigError(f"actions: row {number} has {', '.join(row)}; give symbol, ts, and dividend or split")
        dividend, split = row.get("dividend"), row.get("split")
        ts = nanoseconds(row["ts"], "ts")
        per_share = None if dividend is None else _decimal(dividend)
        made.append((str(row["symbol"]), ts, per_share, None if split is None else float(split)))
    return MarketData(_core.actions(made))


def _decimal(value: Any) -> str:
    return f"{value:.9f}" if isinstance(value, float) else format(value, "f") if not isinstance(value, str) else value
