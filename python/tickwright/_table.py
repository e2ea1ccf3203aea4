"""Tables of any make to `MarketData`: which column is which, what its times mean, and the call into the core."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tickwright import _core
from tickwright.errors import ConfigError, DataError

KINDS = {
    "quotes": ("bid", "ask", "bid_size", "ask_size"),
    "trades": ("price", "size"),
    "bars": ("open", "high", "low", "close", "volume"),
    "deltas": ("side", "price", "size"),
}
# Columns that are used where they are there.
EXTRAS = {
    "quotes": ("bid_venue", "ask_venue", "conditions", "tape"),
    "trades": ("venue", "conditions", "tape", "id", "correction"),
    "bars": (),
    "deltas": ("action", "order"),
}
# Columns of words, and the code of each word.
CODES = {
    "side": {"buy": 0, "bid": 0, "b": 0, "sell": 1, "ask": 1, "s": 1, "a": 1},
    "action": {"add": 0, "cancel": 1, "delete": 2, "execute": 3, "clear": 4, "modify": 5},
}
SUFFIXES = (".parquet", ".pq", ".arrow", ".feather", ".ipc", ".csv", ".csv.gz")
COLUMNS = sorted(
    {
        *("ts", "start", "symbol", "recv", "flags"),
        *(c for columns in KINDS.values() for c in columns),
        *(c for columns in EXTRAS.values() for c in columns),
    }
)
ALIASES = {
    "ts": ("timestamp", "time", "datetime", "date", "ts_event", "end"),
    "start": ("bar_start", "open_time"),
    "symbol": ("ticker", "instrument", "sym"),
    "recv": ("ts_recv", "receive_time"),
    "bid": ("bid_price", "bidprice", "best_bid"),
    "ask": ("ask_price", "askprice", "best_ask", "offer", "ofr"),
    "bid_size": ("bidsize", "bid_qty", "bid_quantity", "bid_volume"),
    "ask_size": ("asksize", "ask_qty", "ask_quantity", "ask_volume", "offer_size"),
    "price": ("last", "trade_price"),
    "size": ("qty", "quantity", "amount", "trade_size", "shares"),
    "venue": ("exchange", "ex"),
    "conditions": ("cond", "condition", "sale_condition", "sale_conditions"),
    "correction": ("corr",),
    "id": ("trade_id",),
    "order": ("order_id",),
    "bid_venue": ("bid_exchange",),
    "ask_venue": ("ask_exchange",),
    "open": ("o",),
    "high": ("h",),
    "low": ("l",),
    "close": ("c",),
    "volume": ("v", "vol"),
}
# Text that says at once what a table needs.
NEEDED = (
    "quotes: ts, symbol, bid, ask, bid_size, ask_size; trades: ts, symbol, price, size; "
    "bars: ts, symbol, open, high, low, close, volume; book changes: ts, symbol, side, action, price, size"
)
UNITS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "min": 60 * 10**9, "h": 3600 * 10**9, "d": 86400 * 10**9}
EARLIEST_PLAUSIBLE_NS = 10**17  # March 1973: an integer below is seconds, milliseconds, microseconds or a calendar date


def read(
    source: Any,
    *,
    kind: str | None,
    symbol: str | None,
    columns: Mapping[str, str] | None,
    timezone: str,
    bar_interval: str | int | dt.timedelta | None,
    bar_time: str,
    round_times: str | None,
    policy: Mapping[str, str | float] | None,
) -> _core.MarketData:
    """Read any table into the core's data; see `tickwright.feeds.table`."""
    if kind is not None and kind not in KINDS:
        raise ConfigError(f"kind: {kind!r} is not known; choose quotes, trades, bars or deltas")
    if bar_time not in ("start", "end"):
        raise ConfigError(f'bar_time: {bar_time!r} is not known; choose "start" or "end"')
    if round_times is not None and round_times not in UNITS:
        raise ConfigError(f"round_times: {round_times!r} is no unit; choose {', '.join(UNITS)}")
    interval = None if bar_interval is None else _interval(bar_interval)
    table, place = _load(source, columns or {})
    chosen = _choose(table.column_names, columns or {}, place)
    if kind is None:
        kind = _infer(chosen, table.column_names, place)
    if kind != "bars" and interval is not None:
        raise ConfigError(f"bar_interval: {place} holds {kind}, not bars; leave it out")
    only_start = kind == "bars" and "ts" not in chosen and "start" in chosen
    if only_start and interval is not None:
        chosen["ts"], bar_time = chosen.pop("start"), "start"
    missing = [c for c in ("ts", *KINDS[kind]) if c not in chosen]
    if "symbol" not in chosen and symbol is None:
        missing.append("symbol (or give symbol=...)")
    if missing:
        word = "columns" if len(missing) > 1 else "column"
        found = ", ".join(table.column_names)
        raise DataError(
            f"{place}: {kind} need the {word} {', '.join(missing)}; found {found}. "
            'Rename with columns={"theirs": "ours"}'
        )
    if table.num_rows == 0:
        raise DataError(f"{place}: holds no rows; give at least one")

    def column(name: str) -> pa.ChunkedArray:
        return table.column(chosen[name])

    def times(name: str) -> npt.NDArray[np.int64]:
        values = _times(column(name), timezone, f"{place}: column {chosen[name]}")
        return values if round_times is None else _rounded(values, UNITS[round_times])

    ts = times("ts")
    start = None
    if kind == "bars":
        if interval is not None:
            if "start" in chosen:
                raise ConfigError(f"bar_interval: {place} has the start and the end of each bar already; leave it out")
            start, ts = (ts, _shift(ts, interval)) if bar_time == "start" else (_shift(ts, -interval), ts)
        elif "start" in chosen:
            start = times("start")
        else:
            raise DataError(
                f"{place}: does {chosen['ts']!r} say when a bar starts or when it ends? "
                'Give bar_interval (such as "1min") and bar_time ("start" or "end"), or columns ts (end) and start'
            )
    names, codes = _symbols(column("symbol"), place) if "symbol" in chosen else ([str(symbol)], None)
    recv = times("recv") if "recv" in chosen else None
    flags = _flags(column("flags"), place) if "flags" in chosen else None
    numbers = {
        name: _numbers(column(name), table.schema.field(chosen[name]), f"{place}: column {chosen[name]}")
        for name in KINDS[kind]
        if name not in CODES
    }
    # A quote has one venue where both its sides are of it.
    if kind == "quotes" and "venue" in chosen:
        chosen = {"bid_venue": chosen["venue"], "ask_venue": chosen["venue"], **chosen}
    extras = {
        name: _extra(name, column(name), f"{place}: column {chosen[name]}") for name in EXTRAS[kind] if name in chosen
    }
    if kind == "deltas":
        extras["side"] = _extra("side", column("side"), f"{place}: column {chosen['side']}")
    given = None if policy is None else dict(policy)
    return _core.read_table(
        kind, place, ts, names, codes, numbers, start=start, recv=recv, flags=flags, extras=extras, policy=given
    )


def _rounded(values: npt.NDArray[np.int64], unit: int) -> npt.NDArray[np.int64]:
    """Round times to the next multiple of `unit`, halves up; missing ones stay."""
    missing = values == np.iinfo(np.int64).min
    return np.where(missing, values, (values + unit // 2) // unit * unit)


def _extra(name: str, column: pa.ChunkedArray, place: str) -> npt.NDArray[Any]:
    """One-letter codes as bytes, conditions as up to four of them in a word, ids and correction codes as integers."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    kind = column.type
    integer = pa.types.is_integer(kind)
    try:
        if name in ("id", "order", "correction") or integer:
            width = {"id": pa.uint64(), "order": pa.uint64(), "conditions": pa.uint32()}.get(name, pa.uint8())
            values = pc.fill_null(column.cast(width), 0)
            return np.ascontiguousarray(_whole(values).to_numpy(zero_copy_only=False))
        if name == "conditions" and (pa.types.is_list(kind) or pa.types.is_large_list(kind)):
            column = pc.binary_join(column.cast(pa.list_(pa.string())), "")
        texts = _whole(pc.fill_null(column.cast(pa.string()), "")).dictionary_encode()
    except pa.ArrowException as error:
        what = "words" if name in CODES else "letters"
        what = "whole numbers from 0" if name in ("id", "order", "correction") else what
        raise DataError(f"{place}: holds {kind}, where {what} are needed; leave it out or rename it") from error
    most = 4 if name == "conditions" else 1
    codes = []
    for text in texts.dictionary.to_pylist():
        if name in CODES:
            code = CODES[name].get(text.strip().lower())
            if code is None:
                raise DataError(f"{place}: {text!r} is none; choose among {', '.join(CODES[name])}")
            codes.append(code)
            continue
        letters = text.replace(" ", "")
        if len(letters) > most or not letters.isascii():
            kinds = "at most four one-letter codes" if most == 4 else "a one-letter code"
            raise DataError(
                f"{place}: {text!r} is not {kinds}; translate it, or rename the column so that it is passed over"
            )
        codes.append(int.from_bytes(letters.encode(), "little"))
    table = np.array(codes, np.uint32 if most == 4 else np.uint8)
    return np.ascontiguousarray(table[texts.indices.to_numpy(zero_copy_only=False)])


def _interval(value: str | int | dt.timedelta) -> int:
    """Nanoseconds of ``"5min"``, a timedelta or an integer."""
    nanos = 0
    if isinstance(value, dt.timedelta):
        nanos = (value.days * 86400 + value.seconds) * 10**9 + value.microseconds * 1000
    elif isinstance(value, int) and not isinstance(value, bool):
        nanos = value
    elif isinstance(value, str) and (match := re.fullmatch(r"(\d+)\s*(ns|us|ms|s|min|h|d)", value.strip())):
        nanos = int(match[1]) * UNITS[match[2]]
    if not 0 < nanos <= 366 * UNITS["d"]:
        raise ConfigError(
            f'bar_interval: {value!r} is no interval; write "1s", "5min", "1h" or "1d", a timedelta, or nanoseconds'
        )
    return nanos


def _load(source: Any, columns: Mapping[str, str]) -> tuple[pa.Table, str]:
    if isinstance(source, (str, Path)):
        path = Path(source)
        return _load_file(path, columns), path.name
    try:
        if isinstance(source, Mapping):
            return pa.table(dict(source)), "table"
        if type(source).__module__.split(".")[0] == "pandas" and hasattr(source, "reset_index"):
            if type(source.index).__name__ != "RangeIndex":
                unnamed = source.index.name is None and type(source.index).__name__ == "DatetimeIndex"
                source = source.rename_axis("ts").reset_index() if unnamed else source.reset_index()
            return pa.Table.from_pandas(source, preserve_index=False), "table"
        if hasattr(source, "__arrow_c_stream__") or hasattr(source, "__arrow_c_array__"):
            return pa.table(source), "table"
    except (pa.ArrowException, ValueError, TypeError) as error:
        raise DataError(f"table: cannot be read as columns of equal length: {error}") from error
    raise DataError(
        f"table: a {type(source).__name__} is no table; give a path, an Arrow, pandas or polars table, or a mapping of "
        "names to arrays"
    )


def _load_file(path: Path, columns: Mapping[str, str]) -> pa.Table:
    if not path.exists():
        raise DataError(f"{path}: no such file; check the path")
    if path.is_dir():
        raise DataError(f"{path}: is a folder; give a file, or use feeds.read for all files in it")
    name = path.name.lower()
    if path.stat().st_size == 0:
        raise DataError(f"{path}: is empty; give a file with at least one row")
    try:
        if name.endswith((".parquet", ".pq")):
            import pyarrow.parquet as pq

            return pq.read_table(path)
        if name.endswith((".arrow", ".feather", ".ipc")):
            return _load_ipc(path)
        if name.endswith((".csv", ".csv.gz")):
            return _load_csv(path, columns)
    except (pa.ArrowException, OSError, EOFError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path}: cannot be read: {' '.join(str(error).split())}; is it whole and of the kind that its name says?"
        ) from error
    raise DataError(f"{path}: the kind of file is not known by its name; give {', '.join(SUFFIXES)}")


def _load_ipc(path: Path) -> pa.Table:
    with pa.memory_map(str(path)) as file:
        head = file.read(6)
        file.seek(0)
        if head == b"ARROW1":
            return pa.ipc.open_file(file).read_all()
        return pa.ipc.open_stream(file).read_all()


def _load_csv(path: Path, columns: Mapping[str, str]) -> pa.Table:
    import pyarrow.csv

    open_text = gzip.open if path.name.lower().endswith(".gz") else open
    with open_text(path, "rt", newline="", encoding="utf-8-sig") as file:
        header = next(csv.reader(file), [])
    # A symbol such as NA, TRUE or 600519 is text whatever it looks like.
    texts = {name: pa.string() for name in header if _meaning(name, columns) == "symbol"}
    return pyarrow.csv.read_csv(path, convert_options=pyarrow.csv.ConvertOptions(column_types=texts))


def _meaning(name: str, renames: Mapping[str, str]) -> str | None:
    """Our name for their column `name`."""
    if name in renames:
        return renames[name]
    key = name.strip().lower().replace(" ", "_")
    if key in COLUMNS:
        return key
    return next((ours for ours, theirs in ALIASES.items() if key in theirs), None)


def _choose(found: list[str], renames: Mapping[str, str], place: str) -> dict[str, str]:
    """Our name → their name."""
    for theirs, name in renames.items():
        if theirs not in found:
            there = ", ".join(found)
            raise DataError(f"{place}: columns renames {theirs!r}, which is not there; found {there}")
        if name not in COLUMNS:
            raise ConfigError(
                f"columns: {name!r} (for {theirs!r}) is not a name of ours; choose among {', '.join(COLUMNS)}"
            )
    twice = sorted({name for name in found if found.count(name) > 1})
    if twice:
        raise DataError(f"{place}: column {twice[0]} is there {found.count(twice[0])} times; keep one")
    chosen: dict[str, str] = {}
    rank: dict[str, int] = {}
    for theirs in found:
        ours = _meaning(theirs, renames)
        if ours is None:
            continue
        # A rename counts most, then the name itself, then an alias.
        weight = 2 if theirs in renames else 1 if theirs.strip().lower() == ours else 0
        if ours in chosen and rank[ours] == weight:
            raise DataError(
                f"{place}: columns {chosen[ours]} and {theirs} both mean {ours}; "
                f'say which with columns={{"{theirs}": "{ours}"}}'
            )
        if ours not in chosen or weight > rank[ours]:
            chosen[ours], rank[ours] = theirs, weight
    return chosen


def _infer(chosen: Mapping[str, str], found: list[str], place: str) -> str:
    if all(name in chosen for name in ("side", "action", "price", "size")):
        return "deltas"  # a trade has no action
    marks = {"quotes": ("bid", "ask"), "trades": ("price", "size"), "bars": ("open", "high", "low", "close")}
    fitting = [kind for kind, names in marks.items() if all(name in chosen for name in names)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise DataError(f"{place}: could be {' or '.join(fitting)}; say which with kind=")
    raise DataError(
        f"{place}: found the columns {', '.join(found)}, which are no market data; needed are those of {NEEDED}"
    )


def _whole(column: pa.ChunkedArray) -> pa.Array:
    """One array in one piece."""
    combined = column.combine_chunks()
    if isinstance(combined, pa.ChunkedArray):
        return combined.chunk(0) if combined.num_chunks == 1 else pa.concat_arrays(combined.chunks)
    return combined


def _times(column: pa.ChunkedArray, timezone: str, place: str) -> npt.NDArray[np.int64]:
    """Nanoseconds since the epoch, UTC; missing times are the smallest integer, for the core a malformed row."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    try:
        if pa.types.is_integer(kind):
            values = column.cast(pa.int64())
            _check_unit(values, place)
        else:
            if pa.types.is_string(kind) or pa.types.is_large_string(kind):
                column = _parse_times(column, place)
            elif pa.types.is_date(kind):
                column = column.cast(pa.timestamp("ns"))
            elif not pa.types.is_timestamp(kind):
                raise DataError(
                    f"{place}: holds {kind}, which is no time; give timestamps, ISO text or integer nanoseconds"
                )
            if column.type.tz is None:
                column = pc.assume_timezone(column, timezone)
            values = column.cast(pa.timestamp("ns", tz="UTC")).cast(pa.int64())
    except pa.ArrowException as error:
        raise DataError(
            f"{place}: {' '.join(str(error).split())}; give times that exist once in {timezone}, or with their offset"
        ) from error
    values = pc.fill_null(values, np.iinfo(np.int64).min)
    return np.ascontiguousarray(_whole(values).to_numpy(zero_copy_only=False))


def _parse_times(column: pa.ChunkedArray, place: str) -> pa.ChunkedArray:
    for kind in (pa.timestamp("ns"), pa.timestamp("ns", tz="UTC")):
        try:
            return column.cast(kind)
        except pa.ArrowInvalid:
            continue
    bad = next((i for i, text in enumerate(column.to_pylist()) if text is not None and not _is_time(text)), None)
    row = "some rows have an offset and some have none" if bad is None else f"row {bad + 1} is {column[bad].as_py()!r}"
    raise DataError(f"{place}: {row}; write every time as 2013-10-07T13:30:00.123Z or without an offset")


def _is_time(text: str) -> bool:
    for kind in (pa.timestamp("ns"), pa.timestamp("ns", tz="UTC")):
        try:
            pa.scalar(text).cast(kind)
        except pa.ArrowInvalid:
            continue
        return True
    return False


def _check_unit(values: pa.ChunkedArray, place: str) -> None:
    largest = pc.max(pc.abs(values)).as_py()
    if largest is None or largest >= EARLIEST_PLAUSIBLE_NS:
        return
    guess = (
        "calendar dates"
        if 19_000_101 <= largest <= 22_001_231
        else "seconds"
        if largest < 10**11
        else "milliseconds"
        if largest < 10**14
        else "microseconds"
    )
    raise DataError(f"{place}: integers up to {largest} look like {guess}; give nanoseconds since 1970, or timestamps")


def _shift(ts: npt.NDArray[np.int64], by: int) -> npt.NDArray[np.int64]:
    missing = ts == np.iinfo(np.int64).min
    return np.where(missing, ts, ts + by)


def _symbols(column: pa.ChunkedArray, place: str) -> tuple[list[str], npt.NDArray[np.int32]]:
    try:
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        encoded = _whole(column.cast(pa.string()).dictionary_encode().unify_dictionaries())
    except pa.ArrowException as error:
        raise DataError(
            f"{place}: column symbol holds {column.type}, which is no text; give symbols such as BAC"
        ) from error
    codes = pc.fill_null(encoded.indices.cast(pa.int32()), -1)
    names = [str(name) for name in encoded.dictionary.to_pylist()]
    if not names:
        raise DataError(f"{place}: column symbol names no symbol; fill it, or drop it and give symbol=")
    return names, np.ascontiguousarray(codes.to_numpy(zero_copy_only=False))


def _flags(column: pa.ChunkedArray, place: str) -> npt.NDArray[np.uint32]:
    try:
        values = pc.fill_null(column.cast(pa.uint32()), 0)
    except pa.ArrowException as error:
        raise DataError(f"{place}: column flags holds {column.type}, which are no bits; leave it out") from error
    return np.ascontiguousarray(_whole(values).to_numpy(zero_copy_only=False))


def _numbers(column: pa.ChunkedArray, field: pa.Field, place: str) -> npt.NDArray[Any]:
    """Give counts of 1e-9 where the field says so (``scale`` = 9), else floats; missing numbers are NaN."""
    raw = (field.metadata or {}).get(b"scale") == b"9"
    if raw and pa.types.is_int64(column.type) and column.null_count == 0:
        return np.ascontiguousarray(_whole(column).to_numpy(zero_copy_only=False))
    try:
        if pa.types.is_null(column.type) or pa.types.is_boolean(column.type):
            raise pa.ArrowInvalid("no numbers")
        values = column.cast(pa.float64(), safe=False)
        if raw:
            values = pc.divide(values, 1e9)
    except pa.ArrowException as error:
        shown = next((v for v in column.to_pylist() if isinstance(v, str) and not _is_number(v)), None)
        example = "" if shown is None else f", such as {shown!r}"
        raise DataError(f"{place}: holds {column.type}{example}, where numbers are needed") from error
    return np.ascontiguousarray(_whole(values).to_numpy(zero_copy_only=False).astype(np.float64, copy=False))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
