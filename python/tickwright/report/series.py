"""Columns of a result as arrays, made small enough to draw."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["column", "iso", "thin", "times_ns"]

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]


def times_ns(table: Any, name: str = "ts") -> Ints:
    """Return a time column as nanoseconds since 1970, UTC."""
    import pyarrow as pa

    values = table.column(name).combine_chunks()
    if pa.types.is_timestamp(values.type):
        values = values.cast(pa.timestamp("ns", tz=values.type.tz))
    return np.asarray(values.cast(pa.int64()).to_numpy(zero_copy_only=False), dtype=np.int64)


def column(table: Any, name: str) -> Floats:
    """Return a column of numbers as floats; NaN where there is none."""
    import pyarrow as pa

    return np.asarray(table.column(name).cast(pa.float64()).to_numpy(), dtype=np.float64)


def iso(times: Ints) -> list[str]:
    """Write times as the plotting library reads them: ISO 8601, UTC, milliseconds."""
    return (
        [str(t) for t in np.datetime_as_string(times.astype("datetime64[ns]").astype("datetime64[ms]"))]
        if len(times)
        else []
    )


def thin(values: Floats, most: int) -> npt.NDArray[np.intp]:
    """Choose at most `most` rows that look the same when drawn: first, last, least and greatest of equal stretches.

    Unlike averaging, this keeps every spike: the worst drawdown stays visible.
    """
    count = len(values)
    if count <= most:
        return np.arange(count)
    stretches = max((most - 2) // 2, 1)
    edges = np.linspace(1, count - 1, stretches + 1).astype(np.intp)
    filled = np.where(np.isnan(values), 0.0, values)
    picks = [0, count - 1]
    for start, stop in pairwise(edges):
        if stop > start:
            part = filled[start:stop]
            picks += (int(start + part.argmin()), int(start + part.argmax()))
    return np.unique(np.asarray(picks, dtype=np.intp))
