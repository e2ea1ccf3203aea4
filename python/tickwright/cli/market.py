"""Market data as the command line names it: which files there are, of what format, and how they are read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tickwright.errors import DataError

__all__ = ["Source", "classify", "find_sources", "load_data"]

_INTRADAY: Final = ("tick", "second", "minute")
_WHOLE: Final = ("hour", "daily")
_LEAN_DAY: Final = re.compile(r"(?P<date>\d{8})_(?P<kind>quote|trade)\.zip", re.IGNORECASE)
_LOBSTER: Final = re.compile(
    r"(?P<symbol>[A-Za-z.]+)_(?P<date>\d{4}-\d{2}-\d{2})_.*message.*\.csv(\.gz)?", re.IGNORECASE
)
_TABLES: Final = (".parquet", ".arrow", ".feather", ".ipc", ".csv", ".csv.gz")
_NOT_EVENTS: Final = ("factor_files", "map_files")


@dataclass(frozen=True, slots=True)
class Source:
    """One file of market data."""

    path: Path
    """Where it is."""
    format: str
    """``lean``, ``lobster`` or ``table``."""
    kind: str
    """``quote``, ``trade``, ``bar``, ``book`` or, where only the content tells, empty."""
    resolution: str
    """``tick``, ``second``, ``minute``, ``hour``, ``daily`` or empty."""
    symbol: str
    """Symbol from the path, or empty."""
    date: str
    """ISO date from the path, or empty."""
    bytes: int
    """Size on disk."""


def classify(path: Path) -> Source | None:
    """Return what the path says about a file, or None for one that holds no events we read."""
    size = path.stat().st_size
    folders = path.parts[:-1]
    if any(folder in _NOT_EVENTS for folder in folders):
        return None
    if path.suffix == ".zip":
        day = _LEAN_DAY.fullmatch(path.name)
        if day and len(folders) >= 2 and folders[-2] in _INTRADAY:
            date = day["date"]
            return Source(
                path,
                "lean",
                day["kind"].lower(),
                folders[-2],
                folders[-1].upper(),
                f"{date[:4]}-{date[4:6]}-{date[6:]}",
                size,
            )
        if folders and folders[-1] in _WHOLE:
            return Source(path, "lean", "trade", folders[-1], path.stem.upper(), "", size)
        return None
    lobster = _LOBSTER.fullmatch(path.name)
    if lobster:
        return Source(path, "lobster", "book", "tick", lobster["symbol"].upper(), lobster["date"], size)
    if path.name.lower().endswith(_TABLES) and "_orderbook_" not in path.name:
        return Source(path, "table", "", "", "", "", size)
    return None


def find_sources(paths: Iterable[str | Path], symbols: Iterable[str] = ()) -> list[Source]:
    """Find the files at `paths`: folders searched to the bottom, by name, those of other symbols left out.

    Raises
    ------
    DataError
        When a path is missing or not understood, or nothing is left.
    """
    wanted = {s.upper() for s in symbols}
    found: dict[Path, Source] = {}
    given = [Path(p) for p in paths]
    if not given:
        raise DataError(
            "--data: no market data given; name a file or folder with --data PATH, or [data] paths in the configuration"
        )
    for path in given:
        if not path.exists():
            raise DataError(f"{path}: there is no such file or folder; check the path")
        if path.is_dir():
            files = sorted(
                p
                for p in path.rglob("*")
                if p.is_file() and not any(part.startswith(".") for part in p.relative_to(path).parts)
            )
            sources = [s for s in map(classify, files) if s is not None]
            if not sources:
                raise DataError(
                    f"{path}: holds no market data that is known; see `tickwright data ls --help` for the formats"
                )
        else:
            source = classify(path)
            if source is None:
                raise DataError(
                    f"{path}: the format is not known; give a Lean zip, a LOBSTER message file, or a .parquet, "
                    ".arrow or .csv table"
                )
            sources = [source]
        found.update({s.path.resolve(): s for s in sources})
    kept = [s for s in found.values() if not wanted or not s.symbol or s.symbol in wanted]
    if not kept or (wanted and all(s.symbol for s in kept) and (missing := sorted(wanted - {s.symbol for s in kept}))):
        raise DataError(
            _not_there(sorted(wanted) if not kept else missing, {s.symbol for s in found.values() if s.symbol})
        )
    return kept


def load_data(
    sources: list[Source], *, symbols: Iterable[str] = (), adjust: str = "none", actions: bool = False
) -> Any:
    """Read `sources`: one market data object, or a list of them, as :func:`tickwright.backtest` takes them."""
    import tickwright as tw

    wanted = list(symbols)
    if (adjust != "none" or actions) and not any(s.format == "lean" for s in sources):
        raise DataError(
            "--adjust, --actions: only Lean data come with factor files; leave them out, or give adjusted prices"
        )
    lean_options: dict[str, Any] = {}
    if adjust != "none":
        lean_options["adjust"] = adjust
    if actions:
        lean_options["actions"] = True
    loaded: list[Any] = []
    tables: list[int] = []
    for source in sources:
        path = str(source.path)
        match source.format:
            case "lean":
                loaded.append(tw.feeds.lean(path, **lean_options))
            case "lobster":
                loaded.append(tw.feeds.lobster(path))
            case _:
                loaded.append(tw.feeds.table(path))
                tables.append(len(loaded) - 1)
    if wanted and tables:
        loaded = _chosen(loaded, tables, wanted)
    return loaded[0] if len(loaded) == 1 else loaded


def _chosen(loaded: list[Any], tables: list[int], wanted: list[str]) -> list[Any]:
    """Leave the other symbols of tables out; only their content tells which they hold."""
    have = {symbol.upper() for data in loaded for symbol in data.symbols}
    missing = [symbol for symbol in wanted if symbol.upper() not in have]
    if missing:
        raise DataError(_not_there(missing, have))
    upper = {symbol.upper() for symbol in wanted}
    kept = []
    for i, data in enumerate(loaded):
        symbols = [symbol for symbol in data.symbols if symbol.upper() in upper]
        if i not in tables or len(symbols) == len(data.symbols):
            kept.append(data)
        elif symbols:
            kept.append(data.filter(symbols=symbols))
    return kept


def _not_there(missing: Iterable[str], have: Iterable[str]) -> str:
    known = sorted(have)
    shown = f"{', '.join(known[:20])}{' …' if len(known) > 20 else ''}"
    return f"--symbol {', '.join(missing)}: not in the data; it holds {shown}"
