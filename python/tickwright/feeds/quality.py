"""Quality of market data: checks, cleaning, consolidation of venues, joins in time, merges of streams."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np

from tickwright import _core
from tickwright.data import Instant, MarketData, nanoseconds
from tickwright.errors import ConfigError

if TYPE_CHECKING:
    import pyarrow

__all__ = [
    "Merger",
    "align",
    "check",
    "clean_quotes",
    "clean_trades",
    "clock_skew",
    "nbbo",
    "resample",
    "shift",
    "trade_flags",
]

Policy = Mapping[str, str | float]
Duration = int | str | dt.timedelta
"""Nanoseconds, text such as ``"500ms"``, or a timedelta."""

FLAGS = {1 << 2: "NO_LAST", 1 << 3: "NO_VOLUME", 1 << 5: "EXTENDED", 1 << 16: "NO_HIGH_LOW"}


def _duration(value: Duration | None) -> int | str | None:
    if isinstance(value, dt.timedelta):
        return (value.days * 86_400 + value.seconds) * 10**9 + value.microseconds * 1000
    return value


def _session(session: tuple[str, str] | None) -> tuple[int, int] | None:
    if session is None:
        return None
    try:
        first, last = (dt.time.fromisoformat(text) for text in session)
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f'session: {session!r} is no pair of wall times in New York; write ("09:30", "16:00")'
        ) from error
    milliseconds = [(t.hour * 3600 + t.minute * 60 + t.second) * 1000 + t.microsecond // 1000 for t in (first, last)]
    return milliseconds[0], milliseconds[1]


def _letters(venues: Iterable[str] | None) -> bytes | None:
    if venues is None:
        return None
    names = list(venues)
    for name in names:
        if len(name) != 1 or not name.isascii():
            raise ConfigError(f'venues: {name!r} is no venue; give one-letter codes such as "N"')
    return "".join(names).encode()


def trade_flags(conditions: str, tape: str = "") -> list[str]:
    """Tell what a trade's conditions keep it from, by the tapes' rules.

    Parameters
    ----------
    conditions : str
        One-letter sale conditions, at most four; spaces stand for none.
    tape : {"A", "B", "C", ""}
        The tape; without one what any tape forbids is forbidden.

    Returns
    -------
    list of str
        Among ``NO_LAST``, ``NO_HIGH_LOW``, ``NO_VOLUME`` and ``EXTENDED``.

    Examples
    --------
    >>> import tickwright as tw
    >>> tw.feeds.trade_flags("@TI", "C")
    ['NO_LAST', 'NO_HIGH_LOW', 'EXTENDED']
    >>> tw.feeds.trade_flags("B", "A"), tw.feeds.trade_flags("B", "C")
    (['NO_LAST', 'NO_HIGH_LOW'], [])
    """
    bits = _core.trade_flags(conditions, tape)
    return [FLAGS[bit] for bit in (1 << 2, 1 << 16, 1 << 3, 1 << 5) if bits & bit]


def check(data: MarketData, policy: Policy | None = None) -> MarketData:
    """Judge the quotes, trades and bars of `data` row by row.

    Parameters
    ----------
    data : MarketData
        What is judged; it stays as it is.
    policy : mapping, optional
        Fault → ``"keep"``, ``"drop"`` or ``"fail"``, see the module; besides ``absurd_band`` (a fraction),
        ``absurd_sigma`` (a multiple of the usual move; off by default), ``gap_after`` and ``stale_after`` (nanoseconds
        or text such as ``"5min"``; off by default).

    Returns
    -------
    MarketData
        The rows that are kept, flagged, with the report of the checks.

    Raises
    ------
    DataError
        The policy refuses a row; the message names it.

    Examples
    --------
    >>> import tickwright as tw
    >>> rows = {"ts": ["2024-01-02T14:30", "2024-01-02T14:31", "2024-01-02T14:50"], "price": [10.0, 10.5, 10.4]}
    >>> data = tw.feeds.table(rows | {"size": [1, 1, 1]}, symbol="BAC")
    >>> print(tw.feeds.check(data, {"gap_after": "10min"}).report.summary())
    3 rows read, 3 events
      gap: 1 found, 0 dropped; first at trades: row 3 (symbol BAC): comes 1140.000 s after the row before it
    """
    return MarketData(_core.check(data._core, None if policy is None else dict(policy)))


def clean_trades(
    data: MarketData,
    *,
    session: tuple[str, str] | None = ("09:30", "16:00"),
    venues: Iterable[str] | None = None,
    conditions: Iterable[str] | None = None,
    uncorrected: bool = False,
    one_a_moment: bool = True,
    quotes: MarketData | None = None,
    spreads: float = 1.0,
) -> MarketData:
    """Clean raw trades by the rules of Barndorff-Nielsen, Hansen, Lunde and Shephard (2009).

    Parameters
    ----------
    data : MarketData
        Trades, with the columns that the rules need.
    session : pair of str, optional
        P1: first and last wall time in New York, both included; None for any.
    venues : iterable of str, optional
        P3: only trades of these venues.
    conditions : iterable of str, optional
        T2: only trades whose sale conditions are one of these, such as ``["", "@", "F", "FI"]``, in any order.
    uncorrected : bool
        T1: only trades that stand as first reported.
    one_a_moment : bool
        T3: trades of one time stamp become one, at the median price, with the sum of the sizes.
    quotes : MarketData, optional
        T4: trades above the ask or below the bid of the last quote at or before them by more than `spreads` times its
        spread are left out, and those before the first quote of their day. Give clean quotes of the same venues.
    spreads : float
        Of T4.

    Returns
    -------
    MarketData
        The trades that are left; P2 always leaves out prices that are not above zero. The report's notes tell how many
        rows each rule took.

    Examples
    --------
    >>> import tickwright as tw
    >>> rows = {"ts": ["2024-01-02T14:30", "2024-01-02T14:30", "2024-01-02T14:31"], "price": [10.0, 10.5, 10.4]}
    >>> data = tw.feeds.table(rows | {"size": [1, 2, 3], "venue": ["N", "N", "P"]}, symbol="BAC")
    >>> clean = tw.feeds.clean_trades(data, venues="N")
    >>> clean.trades.to_pandas()[["price", "size"]].values.tolist(), clean.report["notes"]
    ([[10.25, 3.0]], ['P3 took 1 rows', 'T3 took 1 rows'])
    """
    return MarketData(
        _core.clean_trades(
            data._core,
            session_ms=_session(session),
            venues=_letters(venues),
            conditions=None if conditions is None else [text.replace(" ", "").encode() for text in conditions],
            uncorrected=uncorrected,
            one_a_moment=one_a_moment,
            quotes=None if quotes is None else quotes._core,
            spreads=spreads,
        )
    )


def clean_quotes(
    data: MarketData,
    *,
    session: tuple[str, str] | None = ("09:30", "16:00"),
    venues: Iterable[str] | None = None,
    one_a_moment: bool = True,
    uncrossed: bool = True,
    spreads_max: float = 50.0,
    deviations_max: float = 10.0,
) -> MarketData:
    """Clean raw quotes by the rules of Barndorff-Nielsen, Hansen, Lunde and Shephard (2009).

    Parameters
    ----------
    data : MarketData
        Quotes, with their venues where a rule needs them.
    session : pair of str, optional
        P1: first and last wall time in New York, both included; None for any.
    venues : iterable of str, optional
        P3: only quotes of these venues.
    one_a_moment : bool
        Q1: quotes of one time stamp become one, at the medians, with the sums of the sizes.
    uncrossed : bool
        Q2: no quote whose bid is above its ask.
    spreads_max : float
        Q3: no spread above this many times the day's median; infinity for any.
    deviations_max : float
        Q4: no mid further than this many mean absolute deviations from the median of the 50 quotes around it; infinity
        for any.

    Returns
    -------
    MarketData
        The quotes that are left; P2 always leaves out quotes without both prices. The report's notes tell how many rows
        each rule took.
    """
    return MarketData(
        _core.clean_quotes(
            data._core,
            session_ms=_session(session),
            venues=_letters(venues),
            one_a_moment=one_a_moment,
            uncrossed=uncrossed,
            spreads_max=spreads_max,
            deviations_max=deviations_max,
        )
    )


def nbbo(
    data: MarketData,
    *,
    size: Literal["first", "sum"] = "first",
    empty: Literal["withdrawn", "unchanged"] = "withdrawn",
    crossing: Literal["flag", "hold", "drop_older"] = "flag",
    age_max: Duration | None = None,
) -> MarketData:
    """Consolidate the quotes of many venues to the national best bid and offer.

    Parameters
    ----------
    data : MarketData
        Quotes with the columns ``bid_venue`` and ``ask_venue``; at most 64 venues.
    size : {"first", "sum"}
        At the best price the size of the venue that came to it first, or the sum of all venues there.
    empty : {"withdrawn", "unchanged"}
        Whether a side whose price and size are zero means that the venue has no quote there, or that the row is about
        the other side alone.
    crossing : {"flag", "hold", "drop_older"}
        When one venue's bid is above another's ask: give the quote flagged, give none until it is over, or leave out
        the side that is older until its venue quotes again. Locked quotes are flagged.
    age_max : duration, optional
        A venue's quote older than this, when the next row comes, no longer counts.

    Returns
    -------
    MarketData
        A quote whenever the best changes, with the venues of its sides; a side without any quote is zero.

    Examples
    --------
    >>> import tickwright as tw
    >>> rows = {"ts": ["2024-01-02T14:30:00", "2024-01-02T14:30:01", "2024-01-02T14:30:02"]}
    >>> rows |= {"bid": [10.0, 10.01, 10.0], "ask": [10.03, 10.04, 10.02], "bid_size": [3, 1, 2], "ask_size": [1, 1, 5]}
    >>> best = tw.feeds.nbbo(tw.feeds.table(rows | {"venue": ["N", "P", "N"]}, symbol="BAC"))
    >>> best.quotes.to_pandas()[["bid", "ask", "bid_venue", "ask_venue"]].values.tolist()
    [[10.0, 10.03, 'N', 'N'], [10.01, 10.03, 'P', 'N'], [10.01, 10.02, 'P', 'N']]
    """
    return MarketData(_core.nbbo(data._core, size=size, empty=empty, crossing=crossing, age_max=_duration(age_max)))


def align(
    trades: MarketData,
    quotes: MarketData | None = None,
    *,
    tolerance: Duration | None = None,
    lag: Duration = 0,
) -> pyarrow.Table:
    """Join each trade with the last quote that was known by then.

    Parameters
    ----------
    trades : MarketData
        The trades.
    quotes : MarketData, optional
        The quotes; by default those of `trades`.
    tolerance : duration, optional
        Oldest quote that counts; None for any age.
    lag : duration
        The quote is the last one this long before the trade.

    Returns
    -------
    pyarrow.Table
        A row a trade: ``ts``, ``symbol``, ``price``, ``size``, the quote's ``quote_ts``, ``bid``, ``ask``,
        ``bid_size``, ``ask_size`` (null without one), ``mid``, and ``side``: 1 where the buyer took the initiative,
        −1 the seller, 0 not known, by Lee and Ready (1991): the midpoint, at it the last change of price.

    Examples
    --------
    >>> import tickwright as tw
    >>> quotes = {"ts": ["2024-01-02T14:30"], "bid": [10.0], "ask": [10.02], "bid_size": [1], "ask_size": [1]}
    >>> trades = {"ts": ["2024-01-02T14:29", "2024-01-02T14:31"], "price": [10.0, 10.02], "size": [5, 5]}
    >>> both = tw.feeds.table(trades, symbol="BAC"), tw.feeds.table(quotes, symbol="BAC")
    >>> tw.feeds.align(*both).select(["price", "bid", "side"]).to_pylist()
    [{'price': 10.0, 'bid': None, 'side': 0}, {'price': 10.02, 'bid': 10.0, 'side': 1}]
    """
    import pyarrow as pa

    other = trades if quotes is None else quotes
    found = _core.align_trades(trades._core, other._core, _duration(tolerance), _duration(lag))
    rows = found["quote"]
    left, right = trades._core.columns("trades").arrays(), other._core.columns("quotes").arrays()
    missing = rows < 0
    at = np.where(missing, 0, rows)

    def quoted(name: str, scale: float | None = 1e-9) -> pa.Array:
        values = right[name][at] if len(right[name]) else np.zeros(len(rows), right[name].dtype)
        if scale is None:
            return pa.array(values, pa.timestamp("ns", tz="UTC"), mask=missing)
        return pa.array(values / 1e9, mask=missing)

    symbols = pa.array(trades._core.columns("trades").symbols, pa.string())
    bid, ask = quoted("bid"), quoted("ask")
    mid = (right["bid"][at] + right["ask"][at]) / 2e9 if len(right["bid"]) else np.zeros(len(rows))
    return pa.table(
        {
            "ts": pa.array(left["ts"], pa.timestamp("ns", tz="UTC")),
            "symbol": pa.DictionaryArray.from_arrays(pa.array(left["instrument"].astype(np.int32)), symbols),
            "price": left["price"] / 1e9,
            "size": left["size"] / 1e9,
            "quote_ts": quoted("ts", None),
            "bid": bid,
            "ask": ask,
            "bid_size": quoted("bid_size"),
            "ask_size": quoted("ask_size"),
            "mid": pa.array(mid, mask=missing),
            "side": found["side"],
        }
    )


def resample(
    data: MarketData,
    every: Duration,
    *,
    start: Instant | None = None,
    end: Instant | None = None,
    tolerance: Duration | None = None,
) -> MarketData:
    """Put quotes on a grid of times: at each point the last quote of each symbol by then.

    Parameters
    ----------
    data : MarketData
        Quotes.
    every : duration
        Distance of the points.
    start, end : moment, optional
        First and last point; by default the first multiple of `every` after the first quote, and the last quote.
    tolerance : duration, optional
        Oldest quote that counts at a point; None for any age.

    Returns
    -------
    MarketData
        Quotes whose times are the points.

    Examples
    --------
    >>> import tickwright as tw
    >>> rows = {"ts": ["2024-01-02T14:30:00.5", "2024-01-02T14:30:02.5", "2024-01-02T14:30:03"]}
    >>> rows |= {"bid": [10.0, 10.1, 10.2], "ask": [10.5, 10.5, 10.5], "bid_size": [1, 1, 1], "ask_size": [1, 1, 1]}
    >>> tw.feeds.resample(tw.feeds.table(rows, symbol="BAC"), "1s").quotes.to_pandas()["bid"].tolist()
    [10.0, 10.0, 10.2]
    """
    first = None if start is None else nanoseconds(start, "start")
    last = None if end is None else nanoseconds(end, "end")
    return MarketData(_core.resample(data._core, first, last, _duration(every), _duration(tolerance)))


def clock_skew(data: MarketData) -> dict[str, dict[str, float]]:
    """How much later than its own time each event was received: a source's delay, and how wrong its clock is.

    Parameters
    ----------
    data : MarketData
        Events of one source, with receive times.

    Returns
    -------
    dict
        For each kind that has receive times: ``rows``, and in nanoseconds ``min``, ``median``, ``p99`` and ``max`` of
        receive time − time. The least delay is that of the line; below zero the source's clock is ahead of ours, at
        least by that: `shift` by it puts it right.

    Examples
    --------
    >>> import tickwright as tw
    >>> rows = {"ts": [10**18, 10**18 + 5], "recv": [10**18 - 3, 10**18 + 9], "price": [1.0, 1.0], "size": [1, 1]}
    >>> tw.feeds.clock_skew(tw.feeds.table(rows, symbol="BAC"))["trades"]["min"]
    -3.0
    """
    out: dict[str, dict[str, float]] = {}
    for kind in ("quotes", "trades", "bars"):
        columns = data._core.columns(kind).arrays()
        if "recv" not in columns or not len(columns["ts"]):
            continue
        delay = columns["recv"] - columns["ts"]
        middle, late = np.quantile(delay, [0.5, 0.99])
        out[kind] = {
            "rows": len(delay),
            "min": float(delay.min()),
            "median": float(middle),
            "p99": float(late),
            "max": float(delay.max()),
        }
    return out


def shift(data: MarketData, by: Duration) -> MarketData:
    """Move all times of `data`, but not its receive times: put a source's clock right before it is merged with others.

    Parameters
    ----------
    data : MarketData
        Events of one source.
    by : duration
        How far; an integer below zero moves them back.

    Returns
    -------
    MarketData
        A copy.
    """
    return MarketData(_core.shift(data._core, _duration(by)))


class Merger:
    """Merges the batches of many sources by time, as they come, with a bound on what waits.

    Rows of one moment come in order of their sources; the result is the stable sort of all. A source must give its rows
    in order of time. Symbols get ids of one table.

    Parameters
    ----------
    kind : {"quotes", "trades", "bars"}
        What is merged.
    sources : int
        How many sources there are, numbered from 0.
    rows_max : int
        Most rows of one source that may wait.
    patience : duration, optional
        A source that has nothing to give holds the rest up no longer than this, in event time; its rows that come after
        their time are left out and counted in `late`. None: the rest waits.

    Examples
    --------
    >>> import tickwright as tw
    >>> def trades(*times):
    ...     ones = [1] * len(times)
    ...     return tw.feeds.table({"ts": [10**18 + t for t in times], "price": ones, "size": ones}, symbol="BAC")
    >>> merger = tw.feeds.Merger("trades", 2)
    >>> merger.push(0, trades(1, 4)), merger.pull()
    (True, (<MarketData: no events of BAC>, 1))
    >>> merger.push(1, trades(2, 5)), merger.pull()[0].trades.ts - 10**18
    (True, array([1, 2, 4]))
    """

    __slots__ = ("_core",)

    def __init__(self, kind: str, sources: int, *, rows_max: int = 65_536, patience: Duration | None = None) -> None:
        self._core = _core.Merger(kind, sources, rows_max, _duration(patience))

    def push(self, source: int, data: MarketData) -> bool:
        """Give `source` a batch; False when its buffer is full and nothing was taken: pull first."""
        return self._core.push(source, data._core)

    def advance(self, source: int, ts: Instant) -> None:
        """Say that `source` will give nothing before `ts`, so that the rest need not wait for it."""
        self._core.advance(source, nanoseconds(ts, "ts"))

    def end(self, source: int) -> None:
        """Say that `source` gives nothing more."""
        self._core.end(source)

    def pull(self, rows: int = 65_536) -> tuple[MarketData, int | None]:
        """Give up to `rows` rows, in order, and the source that is waited for; None when there is more, or no more."""
        data, state = self._core.pull(rows)
        return MarketData(data), None if state < 0 else state

    @property
    def waiting(self) -> int:
        """Rows that wait."""
        return self._core.counts()[0]

    @property
    def late(self) -> int:
        """Rows left out because they came after their time."""
        return self._core.counts()[1]
