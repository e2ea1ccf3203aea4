"""Tables and files of known formats, read whole."""

from __future__ import annotations

import datetime as dt
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tickwright import _core
from tickwright.data import MarketData
from tickwright.errors import ConfigError, DataError, OutputError
from tickwright.sources import find_sources, whole_folders

__all__ = ["SyntheticSymbol", "lean", "lobster", "market", "read", "synthetic", "table", "write"]

# A cent is a large step of a price below this: its spread is one tick nearly always.
_LARGE_TICK_BELOW = 100.0

Policy = Mapping[str, str | float]
"""Fault → ``"keep"``, ``"drop"`` or ``"fail"``; and ``absurd_band`` → a fraction."""


def table(
    source: Any,
    *,
    kind: str | None = None,
    symbol: str | None = None,
    columns: Mapping[str, str] | None = None,
    timezone: str = "UTC",
    bar_interval: str | int | dt.timedelta | None = None,
    bar_time: str = "start",
    round_times: str | None = None,
    policy: Policy | None = None,
) -> MarketData:
    """Market data from a table.

    Columns, in any order and upper or lower case; others are passed over:

    - quotes: ``ts, symbol, bid, ask, bid_size, ask_size``
    - trades: ``ts, symbol, price, size``
    - bars: ``ts`` (end of the bar: when it is known) and ``start``, ``symbol, open, high, low, close, volume``;
      or one time a bar with `bar_interval`
    - deltas, changes of a book: ``ts, symbol, side`` (``buy`` or ``sell``), ``price, size``. As they are, each gives a
      level its new size, 0 where it is gone; with ``order`` (ids) and ``action`` (``add, cancel, delete, execute,
      clear, modify``) they are about single orders. Without ``flags`` the rows of one moment are one change

    and where there are, ``recv`` (receive time) and ``flags``; of quotes ``bid_venue`` and ``ask_venue`` (or one
    ``venue``), ``conditions`` and ``tape``; of trades ``venue``, ``conditions``, ``tape``, ``id`` and ``correction``.
    Venues and tapes are single letters, conditions up to four of them. Common other names are known: timestamp, time,
    datetime and date for ``ts``, ticker for ``symbol``, bid_price for ``bid``, qty for ``size`` and the like.

    Parameters
    ----------
    source
        Path of a ``.parquet``, ``.arrow``, ``.feather``, ``.csv`` or ``.csv.gz`` file; or a table of pyarrow, pandas,
        polars, duckdb or anything else with the Arrow PyCapsule interface; or a mapping of names to arrays.
    kind
        ``"quotes"``, ``"trades"``, ``"bars"`` or ``"deltas"``; None: seen from the columns (deltas by
        their ``action``).
    symbol
        The symbol, where the table has no such column; where it has, only rows of this symbol are given.
    columns
        Their name → our name, for columns whose meaning is not known by their name.
    timezone
        Zone of times that have none, such as ``"America/New_York"``. Times are timestamps or dates of any unit, ISO
        text, or integer nanoseconds since the epoch (always UTC).
    bar_interval
        Length of each bar where the table has one time a bar: ``"1s"``, ``"5min"``, ``"1h"``, ``"1d"`` (24 hours), a
        timedelta, or nanoseconds. For daily dates of US equities ``timezone="America/New_York", bar_interval="16h"``
        makes a bar known at the close.
    bar_time
        Whether that time is the ``"start"`` or the ``"end"`` of the bar.
    round_times
        Round times to this unit (``"us"``, ``"ms"``, …): for times that were floats once, whose last digits are noise.
    policy
        What to do with rows that have a fault; see the module.

    Returns
    -------
    MarketData
        One batch, sorted by time.

    Raises
    ------
    DataError
        The table cannot be read, lacks columns, holds no rows, or holds a row that the policy refuses; the message
        names it.
    ConfigError
        A parameter makes no sense.

    Examples
    --------
    >>> import tickwright as tw
    >>> rows = {
    ...     "time": ["2024-01-02 09:30:00", "2024-01-02 09:30:01", "2024-01-02 09:30:02"],
    ...     "bid": [33.90, 33.91, 33.99],
    ...     "ask": [33.92, 33.92, 33.92],
    ...     "bid_size": [100, 200, 300],
    ...     "ask_size": [300, 200, 100],
    ... }
    >>> data = tw.feeds.table(rows, symbol="BAC", timezone="America/New_York")
    >>> data
    <MarketData: 2 quotes of BAC, 2024-01-02T14:30:00Z to 2024-01-02T14:30:01Z>
    >>> data.report["faults"]["crossed"]["first"]
    'table: row 3 (symbol BAC): ask 33.92 below bid 33.99'
    """
    import pyarrow as pa

    from tickwright import _table

    data = MarketData(
        _table.read(
            source,
            kind=kind,
            symbol=symbol,
            columns=columns,
            timezone=timezone,
            bar_interval=bar_interval,
            bar_time=bar_time,
            round_times=round_times,
            policy=policy,
        )
    )
    # Arrow's pool keeps what the conversion used: as much again as the data, and nobody needs it any more.
    pa.default_memory_pool().release_unused()
    return data if symbol is None or data.symbols == [symbol] else data.filter(symbols=symbol)


def read(
    path: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    policy: Policy | None = None,
    **options: Any,
) -> MarketData:
    """Market data from files, each read by what its name says.

    Parameters
    ----------
    path
        A file, a folder (searched to the bottom, in order of name), or several of them.
    policy
        What to do with rows that have a fault; see the module.
    **options
        Passed on to the function for each file, such as ``symbol`` or ``timezone`` of `table`.

    Returns
    -------
    MarketData
        All files' data.

    Raises
    ------
    DataError
        There is no such file, none whose name is known, or one that cannot be read.

    Examples
    --------
    >>> import tempfile, tickwright as tw
    >>> data = tw.feeds.table({"ts": ["2024-01-02T14:30"], "price": [10.25], "size": [100]}, symbol="BAC")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tw.feeds.write(data, f"{folder}/bac.parquet")
    ...     tw.feeds.read(folder)
    <MarketData: 1 trades of BAC, 2024-01-02T14:30:00Z to 2024-01-02T14:30:00Z>
    """
    paths = [path] if isinstance(path, (str, os.PathLike)) else list(path)
    if not paths:
        raise DataError("path: names no file; give at least one")
    readers: dict[str, Callable[..., MarketData]] = {"lean": lean, "lobster": lobster, "table": table}
    parts = [readers[form](p, policy=policy, **options) for p, form in whole_folders(find_sources(map(Path, paths)))]
    return parts[0] if len(parts) == 1 else MarketData.merge(parts)


def lean(
    path: str | os.PathLike[str],
    *,
    symbol: str | None = None,
    date: str | None = None,
    kind: str | None = None,
    resolution: str | None = None,
    session: str = "all",
    adjust: str = "none",
    actions: bool = False,
    dividend_decimals: int | None = None,
    start: int | None = None,
    end: int | None = None,
    factor_file: str | os.PathLike[str] | None = None,
    consolidate: str = "last_seen",
    conditions: str = "tape",
    policy: Policy | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> MarketData:
    """Read QuantConnect Lean equity files: ticks, seconds, minutes, hours or days of trades and quotes.

    Parameters
    ----------
    path : path
        A zip or csv in Lean's layout (``…/tick/bac/20131007_quote.zip``), or a folder of them (``…/minute/spy``).
    symbol, date, kind, resolution : str, optional
        What the path does not say, or one of several in a folder: kind ``trade`` or ``quote``, resolution ``tick``,
        ``second``, ``minute``, ``hour`` or ``daily``, date ``2013-10-07``.
    session : {"all", "regular"}
        All that the file holds, or 09:30 to 16:00 in New York.
    adjust : {"none", "split", "total"}
        Adjust prices by the factor file for splits, or for splits and dividends.
    actions : bool
        Give splits and dividends as events; needs adjust ``none``.
    dividend_decimals : int, optional
        Round each dividend a share half to even to so many decimals, 0 to 9; 2 gives Lean's own cents. None keeps what
        the factor file implies, to 1e-9.
    start, end : int, optional
        First time, and time from which nothing is given, in nanoseconds since 1970 UTC.
    factor_file : path, optional
        Factor file; by default ``factor_files/SYMBOL.csv`` beside the resolution's folder.
    consolidate : {"last_seen", "best_of_venues"}
        How one-sided tick quotes are put together.
    conditions : {"tape", "lean"}
        Which sale conditions keep a tick trade out of the last price and out of volume: those of the consolidated
        tapes, or those that Lean's own second and minute bars leave out (docs/accuracy.md).
    policy : mapping, optional
        What to do with rows that have a fault; see the module.
    progress : callable, optional
        Called with packed bytes done and in all.

    Returns
    -------
    MarketData
        Ticks as quotes and trades; bars of trades as bars, visible at their end; bars of quotes as one quote each, at
        their end.

    Raises
    ------
    DataError
        A file is missing, corrupt or empty, or the policy refuses a row; the message names file and row.
    ConfigError
        A setting is not known or does not go with another.
    """
    return MarketData(
        _core.lean(
            os.fspath(path),
            symbol=symbol,
            date=date,
            kind=kind,
            resolution=resolution,
            session=session,
            adjust=adjust,
            actions=actions,
            dividend_decimals=dividend_decimals,
            start=start,
            end=end,
            factor_file=None if factor_file is None else os.fspath(factor_file),
            consolidate=consolidate,
            conditions=conditions,
            policy=None if policy is None else dict(policy),
            progress=progress,
        )
    )


def lobster(
    path: str | os.PathLike[str],
    *,
    orderbook: str | os.PathLike[str] | None = None,
    symbol: str | None = None,
    date: str | None = None,
    start: int | None = None,
    end: int | None = None,
    policy: Policy | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> MarketData:
    """Read a LOBSTER message file: book changes, trades, and a quote whenever the best bid or ask changes.

    Parameters
    ----------
    path : path
        Message file, csv or csv.gz, named as LOBSTER names them (``AAPL_2012-06-21_…_message_50.csv``).
    orderbook : path, optional
        Book file whose first row seeds the book; by default the one beside the messages, where there is one.
    symbol, date : str, optional
        What the name does not say.
    start, end : int, optional
        First time of quotes and trades, and time from which nothing is given, in nanoseconds since 1970 UTC.
    policy : mapping, optional
        What to do with rows that have a fault; see the module.
    progress : callable, optional
        Called with bytes done and in all.

    Returns
    -------
    MarketData
        Quotes, trades and book changes.

    Raises
    ------
    DataError
        A file is missing, corrupt or empty, or the policy refuses a row; the message names file and row.
    """
    return MarketData(
        _core.lobster(
            os.fspath(path),
            symbol=symbol,
            date=date,
            orderbook=None if orderbook is None else os.fspath(orderbook),
            start=start,
            end=end,
            policy=None if policy is None else dict(policy),
            progress=progress,
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticSymbol:
    """One symbol of a synthetic market."""

    name: str
    """Symbol, 1 to 32 printable ASCII characters."""
    start_price: float
    """Price at the first open, dollars."""
    annual_volatility: float = 0.25
    """Standard deviation of a year's log return; 0.25 is 25 %."""
    average_daily_volume: float = 5_000_000.0
    """Shares a day."""
    mean_spread_ticks: float = 2.0
    """Mean spread in cents, 1 to 100."""
    events_per_day: float = 80_000.0
    """Quotes and trades a day."""


def synthetic(
    *,
    seed: int = 1,
    symbols: Sequence[str | SyntheticSymbol] | None = None,
    date: str = "2026-01-05",
    days: int = 1,
    events_scale: float = 1.0,
    threads: int = 1,
) -> MarketData:
    """Make a synthetic market: quotes and trades of whole trading days, the same for the same seed on every machine.

    Parameters
    ----------
    seed : int
        Seed, 0 or more.
    symbols : sequence of str or SyntheticSymbol, optional
        Symbols; a name alone takes the settings of one of the five default symbols, in turn. None makes those five.
    date : str
        First day, Monday to Friday, such as ``"2026-01-05"``.
    days : int
        Trading days; weekends are left out, holidays are not known.
    events_scale : float
        Factor on the number of events and on volume.
    threads : int
        Threads to use; the result does not depend on it.

    Returns
    -------
    MarketData
        Quotes and trades of the regular session in New York.

    Raises
    ------
    ConfigError
        When a setting cannot work.

    Examples
    --------
    >>> day = synthetic(seed=7, symbols=["AAPL"], events_scale=0.1)
    >>> day.symbols
    ['AAPL']
    """
    if not 0 <= seed < 2**64:
        raise ConfigError(f"seed: {seed!r} must be 0 or more and below 2**64")
    chosen = None
    if symbols is not None:
        if isinstance(symbols, str):
            raise ConfigError(f"symbols: {symbols!r} is one text; give a list such as [{symbols!r}]")
        chosen = [(s, None) if isinstance(s, str) else _settings(s) for s in symbols]
    return MarketData(_core.synthetic(seed, chosen, date, days, events_scale, threads))


def market(
    *,
    seed: int = 1,
    symbols: Mapping[str, float] | Sequence[str] = ("LARG", "SMAL"),
    date: str = "2026-01-05",
    seconds: int = 3_600,
    pace: float = 1.0,
) -> MarketData:
    """Simulate a market order by order: many firms' orders meet on a matching engine.

    Orders arrive as a Hawkes process; prices come of nothing but their meeting. It opens and closes with an auction.
    Cheap symbols trade like BAC (a spread of one cent, a deep touch), dear ones like AAPL in 2012 (a spread of some
    twenty cents, a thin touch). `synthetic` makes whole days far more quickly, but has no orders behind its quotes.

    Parameters
    ----------
    seed : int
        Seed, 0 or more: the same seed and settings give the same market on every machine.
    symbols : mapping of str to float, or sequence of str
        Symbols and the prices about which they open, dollars; below 100 the tick counts as large. Names alone open
        about 14 and 585 in turn.
    date : str
        Day, such as ``"2026-01-05"``; the session begins at 9:30 in New York.
    seconds : int
        Length of the session, 1 to 23,400.
    pace : float
        Factor on the orders per second.

    Returns
    -------
    MarketData
        A quote whenever the touch changes, and every trade, with the side that took.

    Raises
    ------
    ConfigError
        When a setting cannot work.

    Examples
    --------
    >>> hour = market(seed=7, symbols={"BAC": 14.0}, seconds=600)
    >>> hour.symbols, hour.count("quotes") > 1_000, hour.count("trades") > 100
    (['BAC'], True, True)
    """
    if not 0 <= seed < 2**64:
        raise ConfigError(f"seed: {seed!r} must be 0 or more and below 2**64")
    if isinstance(symbols, str):
        raise ConfigError(f"symbols: {symbols!r} is one text; give a list such as [{symbols!r}]")
    if isinstance(symbols, Mapping):
        prices = {name: float(price) for name, price in symbols.items()}
    else:
        prices = {name: (14.0, 585.0)[i % 2] for i, name in enumerate(symbols)}
    chosen = [(name, price, price < _LARGE_TICK_BELOW, float(pace)) for name, price in prices.items()]
    return MarketData(_core.market(seed, chosen, date, seconds))


def _settings(symbol: SyntheticSymbol) -> tuple[str, list[float]]:
    name, *numbers = (getattr(symbol, field) for field in SyntheticSymbol.__slots__)
    return str(name), [float(n) for n in numbers]


def write(data: MarketData, path: str | os.PathLike[str], *, kinds: Iterable[str] | None = None) -> None:
    """Write quotes, trades, bars and book changes as Parquet that `read` gives back equal.

    Rows that a lenient policy kept need the same policy when they are read back.

    Parameters
    ----------
    data
        What to write.
    path
        A ``.parquet`` file for one kind of event; else a folder, which gets ``quotes.parquet``, ``trades.parquet``,
        ``bars.parquet`` and ``deltas.parquet`` as there is need. A file appears whole or not at all.
    kinds
        Kinds to write; None for all that are there.

    Raises
    ------
    DataError
        There is nothing to write, several kinds for one file, or events that Parquet files do not carry.
    OutputError
        The disk refuses.
    """
    import pyarrow.parquet as pq

    target = Path(path)
    writable = ("quotes", "trades", "bars", "deltas")
    if kinds is None:
        other = [kind for kind in ("actions",) if data.count(kind)]
        if other:
            raise DataError(
                f"{target}: {' and '.join(other)} cannot be written to Parquet; "
                f"choose kinds among {', '.join(writable)}"
            )
        chosen = [kind for kind in writable if data.count(kind)]
    else:
        chosen = list(dict.fromkeys(kinds))
        for kind in chosen:
            if kind not in writable:
                raise ConfigError(f"kinds: {kind!r} cannot be written; choose among {', '.join(writable)}")
            if not data.count(kind):
                raise DataError(f"{target}: there are no {kind} to write; leave {kind!r} out of kinds")
    if not chosen:
        raise DataError(f"{target}: there are no events to write")
    single = target.suffix.lower() in (".parquet", ".pq")
    if single and len(chosen) > 1:
        raise DataError(
            f"{target}: {' and '.join(chosen)} do not go into one file; give a folder, or choose one with kinds="
        )
    folder = target.parent if single else target
    if target.exists() and target.is_dir() == single:
        raise DataError(f"{target}: is a {'folder' if single else 'file'} already; choose another name")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for kind in chosen:
            events = getattr(data, kind).to_arrow()
            _write_whole(target if single else folder / f"{kind}.parquet", partial(pq.write_table, events))
    except OSError as error:
        raise OutputError(
            f"{target}: cannot be written ({error.strerror or error}); check space and permissions"
        ) from error


def _write_whole(path: Path, fill: Callable[[Any], None]) -> None:
    """Fill a file beside `path` and put it in place at once."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
