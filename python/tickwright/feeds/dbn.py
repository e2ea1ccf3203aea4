"""Databento Binary Encoding (DBN)."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping

from tickwright.data import MarketData
from tickwright.feeds.decoder import Decoder

__all__ = ["DbnDecoder", "dbn"]


class DbnDecoder(Decoder):
    """Bytes of DBN, versions 1 to 3, cut anywhere, to quotes, trades, bars, book changes and trading states.

    Parameters
    ----------
    fragment_version
        DBN version of a stream that begins with its records, without metadata; None for any other.
    policy
        What to do about malformed records: ``{"malformed": "drop"}`` counts and drops them, a cut last one too.
    quality
        What to do about faults of sound messages, such as ``{"crossed": "drop"}``, as `tickwright.feeds.check` takes
        it; None: nothing is judged.

    Examples
    --------
    >>> decoder = DbnDecoder(fragment_version=3)
    >>> header = bytes([12, 0, 1, 0]) + (42).to_bytes(4, "little") + (10**18).to_bytes(8, "little")
    >>> body = (50 * 10**9).to_bytes(8, "little") + (3).to_bytes(4, "little") + b"TB" + bytes(2)
    >>> data = decoder.push(header + body + (10**18 + 5).to_bytes(8, "little") + bytes(8))
    >>> data.symbols, int(data.trades.size[0]), int(data.trades.aggressor[0]), decoder.counts
    (['#42'], 3000000000, 1, {'trades': 1})
    """

    def __init__(
        self,
        *,
        fragment_version: int | None = None,
        policy: Mapping[str, str | float] | None = None,
        quality: Mapping[str, str | float] | None = None,
    ) -> None:
        settings = {"fragment_version": fragment_version, "policy": None if policy is None else dict(policy)}
        super().__init__("dbn", settings, quality=quality)


def dbn(
    path: str | os.PathLike[str],
    *,
    fragment_version: int | None = None,
    policy: Mapping[str, str | float] | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> MarketData:
    """Read a DBN file, plain or packed with zstd (``.zst``).

    Parameters
    ----------
    path
        The file.
    fragment_version
        DBN version of a file without metadata; None: told by the name of a fragment (``….v3.dbn.frag``, 3 where it
        says none), and by the metadata of any other file.
    policy
        As of `DbnDecoder`.
    progress
        Called with bytes done and bytes in all now and then; what it raises ends the reading.

    Returns
    -------
    MarketData
        Trades; quotes where price or size at the touch change; book changes order by order; bars; trading states.
        The report's notes count the records by type.

    Raises
    ------
    DataError
        The file cannot be read, or a record is malformed or cut and the policy for that is ``"fail"``.
    """
    name = os.path.basename(os.fspath(path))
    if fragment_version is None and (found := re.search(r"(?:\.v(\d))?\.dbn\.frag(?:\.zst)?$", name)):
        fragment_version = int(found[1] or 3)
    return DbnDecoder(fragment_version=fragment_version, policy=policy).read(path, progress=progress)
