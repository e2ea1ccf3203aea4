"""Market data to Parquet, whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from tickwright.cli.market import find_sources, load_data
from tickwright.errors import ConfigError, DataError, OutputError

__all__ = ["import_data"]

_KINDS: Final = ("quotes", "trades", "bars")
_ADJUST: Final = ("none", "split", "total")


def import_data(source: str, target: str, *, symbols: Iterable[str], adjust: str) -> dict[str, int]:
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
    import pyarrow as pa
    import pyarrow.parquet as pq

    from tickwright.report.page import file_mask

    if adjust not in _ADJUST:
        raise ConfigError(f"--adjust {adjust!r}: unknown; choose one of {', '.join(_ADJUST)}")
    folder = Path(target)
    if folder.exists():
        raise ConfigError(f"{target}: is there already; give a new folder")
    wanted = list(symbols)
    loaded = load_data(find_sources([source], wanted), symbols=wanted, adjust=adjust)
    parts = loaded if isinstance(loaded, list) else [loaded]
    stage: Path | None = None
    rows: dict[str, int] = {}
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".partial", dir=folder.parent))
        for kind in _KINDS:
            tables = [t for part in parts if (t := _table(getattr(part, kind))).num_rows]
            if tables:
                table = pa.concat_tables(tables, promote_options="permissive").sort_by([("ts", "ascending")])
                pq.write_table(table, stage / f"{kind}.parquet", compression="zstd")
                rows[kind] = table.num_rows
        if not rows:
            raise DataError(f"{source}: holds no quotes, trades or bars; nothing was written")
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


def _table(batch: Any) -> Any:
    import pyarrow as pa

    return pa.table(batch.to_arrow() if hasattr(batch, "to_arrow") else batch)
