"""Market data as the command line names it: which files there are, of what format, and how they are read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tickwright.errors import DataError

if TYPE_CHECKING:
    from tickwright.data import MarketData

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
        have = sorted({s.symbol for s in found.values() if s.symbol})
        raise _absent(missing if kept else sorted(wanted), have)
    return kept


def load_data(
    sources: list[Source],
    *,
    symbols: Iterable[str] = (),
    adjust: str = "none",
    actions: bool = False,
    policy: Mapping[str, str | float] | None = None,
) -> MarketData:
    """Read `sources` into one, the events of `symbols` alone where there are any."""
    import tickwright as tw

    if (adjust != "none" or actions) and not any(s.format == "lean" for s in sources):
        raise DataError(
            "--adjust, --actions: only Lean data come with factor files; leave them out, or give adjusted prices"
        )
    lean_options: dict[str, Any] = {}
    if adjust != "none":
        lean_options["adjust"] = adjust
    if actions:
        lean_options["actions"] = True
    parts = [
        tw.feeds.read(s.path, policy=policy or None, **(lean_options if s.format == "lean" else {})) for s in sources
    ]
    data = parts[0] if len(parts) == 1 else tw.MarketData.merge(parts)
    wanted = {s.upper() for s in symbols}
    if not wanted:
        return data
    chosen = [s for s in data.symbols if s.upper() in wanted]
    if missing := sorted(wanted - {s.upper() for s in chosen}):
        raise _absent(missing, data.symbols)
    return data if len(chosen) == len(data.symbols) else data.filter(symbols=chosen)


def _absent(missing: Iterable[str], have: Sequence[str]) -> DataError:
    shown = ", ".join(have[:20]) + (" …" if len(have) > 20 else "")
    return DataError(f"--symbol {', '.join(missing)}: not in the data; it holds {shown}")
