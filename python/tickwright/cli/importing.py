"""Market data to Parquet, whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from tickwright.cli.market import find_sources, load_data
from tickwright.errors import ConfigError, DataError, OutputError

__all__ = ["import_data"]

_KINDS: Final = ("quotes", "trades", "bars")
_ADJUST: Final = ("none", "split", "total")


def import_data(
    source: str,
    target: str,
    *,
    symbols: Iterable[str],
    adjust: str,
    policy: Mapping[str, str | float] | None = None,
) -> dict[str, int]:
    """Write the events of `source` to ``KIND.parquet`` in the new folder `target`, by time; give the rows of each kind.

    Raises
    ------
    ConfigError
        When `target` is there already, or `adjust` is unknown.
    DataError
        When `source` cannot be read or holds no events.
    OutputError
        When the folder cannot be written.
    """
    from tickwright import feeds
    from tickwright.report.page import file_mask

    if adjust not in _ADJUST:
        raise ConfigError(f"--adjust {adjust!r}: unknown; choose one of {', '.join(_ADJUST)}")
    folder = Path(target)
    if folder.exists():
        raise ConfigError(f"{target}: is there already; give a new folder")
    wanted = list(symbols)
    data = load_data(find_sources([source], wanted), symbols=wanted, adjust=adjust, policy=policy)
    rows = {kind: count for kind in _KINDS if (count := data.count(kind))}
    if not rows:
        raise DataError(f"{source}: holds no quotes, trades or bars; nothing was written")
    stage: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".partial", dir=folder.parent))
        feeds.write(data, stage, kinds=rows)
        stage.chmod(0o777 & ~file_mask())
        stage.rename(folder)
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(
            f"{target}: cannot be written ({error.strerror or error}); check space and permissions"
        ) from error
    finally:
        if stage is not None and stage.exists():
            shutil.rmtree(stage, ignore_errors=True)
    return rows
