"""Which files of market data there are at a path, and of what format each is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tickwright.errors import DataError

__all__ = ["Source", "absent", "classify", "find_sources", "whole_folders"]

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
        raise absent(missing if kept else sorted(wanted), have)
    return kept


def whole_folders(sources: Iterable[Source]) -> list[tuple[Path, str]]:
    """Pair what is to be read with its format: a Lean folder of days in one where all of it is wanted, else its files.

    Read in one, a folder also gives the splits and dividends between its days.
    """
    found = list(sources)
    wanted = {s.path.resolve() for s in found}
    read: dict[Path, str] = {}
    for source in found:
        folder = source.path.parent
        days = source.format == "lean" and source.resolution in _INTRADAY
        whole = days and all(p.resolve() in wanted for p in folder.glob("*.zip"))
        read.setdefault(folder if whole else source.path, source.format)
    return list(read.items())


def absent(missing: Iterable[str], have: Sequence[str]) -> DataError:
    """Make the error for symbols that are not there."""
    shown = ", ".join(have[:20]) + (" …" if len(have) > 20 else "")
    return DataError(f"--symbol {', '.join(missing)}: not in the data; it holds {shown}")
