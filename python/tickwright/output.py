"""The results of a run on disk: Parquet tables, ``stats.json``, ``report.html`` and a manifest.

A folder appears whole or not at all: everything is written to a sibling folder that then takes its place, so that an
interrupted run
leaves what was there before. The same result gives the same bytes; nothing of the clock or the machine is written.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tickwright.errors import ConfigError, DataError, OutputError

__all__ = ["MANIFEST", "TABLES", "SavedResult", "check_target", "load", "save", "stats_json"]

TABLES: Final = ("orders", "fills", "positions", "equity", "refusals", "trips", "marks")
"""Tables of a result, each written as ``NAME.parquet``."""
MANIFEST: Final = "manifest.json"
_FORMAT: Final = "tickwright-result"
_VERSION: Final = 1


@dataclass(frozen=True)
class SavedResult:
    """A result read back from a folder: the tables and figures of a :class:`tickwright.Result`."""

    stats: dict[str, int | float | None]
    orders: Any
    fills: Any
    positions: Any
    equity: Any
    refusals: Any
    trips: Any
    marks: Any
    digest: str
    data_report: dict[str, Any]
    meta: dict[str, Any]


def stats_json(result: Any) -> dict[str, Any]:
    """Return statistics, digest, data report and description of a run as JSON takes them.

    Figures that are not finite become null.
    """
    meta = {k: v for k, v in result.meta.items() if k != "wall_seconds"}
    return {
        "stats": _plain(dict(result.stats)),
        "digest": str(result.digest),
        "data_report": _plain(dict(result.data_report)),
        "meta": _plain(meta),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (bool, int, str)):
        return value
    return str(value)


def check_target(out_dir: str | Path) -> Path:
    """Return the folder to write to, resolved; a ConfigError when it holds anything but an earlier result."""
    target = Path(os.path.realpath(out_dir))
    if target.exists() and not target.is_dir():
        raise ConfigError(f"{out_dir}: is a file; give a folder for the results")
    if target.is_dir():
        here = {p.name for p in target.iterdir()}
        if here:
            ours = _manifest(target)
            if ours is None:
                raise ConfigError(
                    f"{out_dir}: holds files that are no earlier result; give another folder, or an empty one"
                )
            others = sorted(here - set(ours["files"]) - {MANIFEST})
            if others:
                raise ConfigError(
                    f"{out_dir}: holds {others[0]!r} beside an earlier result, which would be lost; move it, or give "
                    "another folder"
                )
    return target


def _manifest(folder: Path) -> dict[str, Any] | None:
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if (
        not isinstance(manifest, dict)
        or manifest.get("format") != _FORMAT
        or not isinstance(manifest.get("files"), dict)
    ):
        return None
    return manifest


def save(result: Any, out_dir: str | Path, *, html: bool = True, max_rows: int = 500, max_points: int = 5_000) -> Path:
    """Write `result` to the folder `out_dir`, whole or not at all.

    Parameters
    ----------
    result : Result
        What :func:`tickwright.backtest` gave.
    out_dir : str or Path
        The folder. It may hold an earlier result, which is replaced, and nothing else.
    html : bool
        Whether to write ``report.html``.
    max_rows, max_points : int
        See :func:`tickwright.report.write_report`.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    ConfigError
        When the folder holds something that is not an earlier result.
    OutputError
        When it cannot be written.
    """
    from tickwright.report.page import file_mask

    target = check_target(out_dir)
    stage: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".partial", dir=target.parent))
        _write(result, stage, html=html, max_rows=max_rows, max_points=max_points)
        stage.chmod(target.stat().st_mode & 0o7777 if target.exists() else 0o777 & ~file_mask())
        _take_place(stage, target)
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(
            f"{out_dir}: the results cannot be written ({error.strerror or error}); check space and permissions"
        ) from error
    finally:
        if stage is not None and stage.exists():
            shutil.rmtree(stage, ignore_errors=True)
    return Path(out_dir)


def _write(result: Any, folder: Path, *, html: bool, max_rows: int, max_points: int) -> None:
    import pyarrow.parquet as pq

    for name in TABLES:
        pq.write_table(getattr(result, name), folder / f"{name}.parquet", compression="zstd")
    text = json.dumps(stats_json(result), indent=2, allow_nan=False, ensure_ascii=False)
    (folder / "stats.json").write_text(text + "\n", encoding="utf-8")
    if html:
        from tickwright.report import write_report

        write_report(result, folder / "report.html", max_rows=max_rows, max_points=max_points)
    files = {}
    for path in sorted(folder.iterdir()):
        with path.open("rb") as file:
            files[path.name] = {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}
    manifest = {"format": _FORMAT, "version": _VERSION, "digest": str(result.digest), "files": files}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _take_place(stage: Path, target: Path) -> None:
    """Put `stage` where `target` is.

    Between the two renames an earlier result stands beside the target, and is put back on failure.
    """
    if not target.exists():
        stage.rename(target)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".previous", dir=target.parent))
    try:
        target.rename(aside / target.name)
        stage.rename(target)
    except BaseException:
        if not target.exists() and (aside / target.name).exists():
            with contextlib.suppress(OSError):
                (aside / target.name).rename(target)
        raise
    finally:
        if target.exists():
            shutil.rmtree(aside, ignore_errors=True)


def load(folder: str | Path) -> SavedResult:
    """Read back what :func:`save` wrote, after checking it against its manifest.

    Raises
    ------
    DataError
        When the folder is no result, or a file of it is missing or was changed.
    """
    import pyarrow.parquet as pq

    folder = Path(folder)
    manifest = _manifest(folder)
    if manifest is None:
        raise DataError(
            f"{folder}: holds no result ({MANIFEST} is missing or not readable); give a folder that `tickwright "
            "backtest --out` wrote"
        )
    if manifest.get("version") != _VERSION:
        raise DataError(
            f"{folder}: was written in version {manifest.get('version')!r} of the format; this program reads version "
            f"{_VERSION}"
        )
    for name in ("stats.json", *(f"{t}.parquet" for t in TABLES)):
        path, entry = folder / name, manifest["files"].get(name)
        if not path.is_file() or not isinstance(entry, dict):
            raise DataError(f"{path}: is missing from the result; run the backtest again")
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != entry.get("sha256"):
                raise DataError(
                    f"{path}: was changed since it was written (its sha256 differs from {MANIFEST}); run the "
                    "backtest again"
                )
    figures = json.loads((folder / "stats.json").read_text(encoding="utf-8"))
    tables = {name: pq.read_table(folder / f"{name}.parquet") for name in TABLES}
    return SavedResult(
        stats=figures["stats"],
        digest=figures["digest"],
        data_report=figures["data_report"],
        meta=figures["meta"],
        **tables,
    )
