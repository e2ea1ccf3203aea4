"""NASDAQ TotalView-ITCH 5.0."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Mapping, Sequence

from tickwright.data import MarketData
from tickwright.errors import ConfigError
from tickwright.feeds.decoder import Decoder

__all__ = ["ItchDecoder", "itch"]


class ItchDecoder(Decoder):
    """Bytes of NASDAQ TotalView-ITCH 5.0, cut anywhere, to book changes, trades, corrections and trading states.

    Parameters
    ----------
    date
        Trading date in New York, such as ``"2019-01-30"``; ITCH has times of day only.
    framing
        ``"length"``: two bytes with the length in front of each message, as NASDAQ ships files; ``"padded"``: two bytes
        that do not hold it; ``"bare"``: nothing; ``"auto"``: seen from the first bytes.
    symbols
        Symbols to read; None: all. Messages of others are passed over unread.
    policy
        What to do about malformed messages: ``{"malformed": "drop"}`` counts and drops them, a cut last one too.
    quality
        What to do about faults of sound messages, such as ``{"crossed": "drop"}``, as `tickwright.feeds.check` takes
        it; None: nothing is judged.

    Examples
    --------
    >>> decoder = ItchDecoder(date="2019-01-30")
    >>> add = "0024 41 0001 0000 1F1ACE2F2800 0000000000000007 42 00000064 41434D4520202020 000F4240"
    >>> data = decoder.push(bytes.fromhex(add))
    >>> data.symbols, int(data.deltas.price[0]), decoder.counts
    (['ACME'], 100000000000, {'A': 1})
    """

    def __init__(
        self,
        *,
        date: str | dt.date,
        framing: str = "auto",
        symbols: Sequence[str] | None = None,
        policy: Mapping[str, str | float] | None = None,
        quality: Mapping[str, str | float] | None = None,
    ) -> None:
        super().__init__("itch", _settings(date, framing, symbols, policy), quality=quality)


def _settings(
    date: str | dt.date | None,
    framing: str,
    symbols: Sequence[str] | None,
    policy: Mapping[str, str | float] | None,
) -> dict[str, object]:
    if isinstance(symbols, str):
        raise ConfigError(f"symbols: {symbols!r} is one text; give a list such as [{symbols!r}]")
    return {
        "date": date.isoformat()[:10] if isinstance(date, dt.date) else date,
        "framing": framing,
        "symbols": None if symbols is None else list(symbols),
        "policy": None if policy is None else dict(policy),
    }


class _NamedFile(Decoder):
    """A decoder whose date, where none is given, is told by the name of its file."""

    def __init__(self, name: str, settings: dict[str, object]) -> None:
        super().__init__("itch", {**settings, "name": name})


def itch(
    path: str | os.PathLike[str],
    *,
    date: str | dt.date | None = None,
    framing: str = "auto",
    symbols: Sequence[str] | None = None,
    policy: Mapping[str, str | float] | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> MarketData:
    """Read a file of NASDAQ TotalView-ITCH 5.0, plain or packed (``.gz``, ``.zst``).

    Parameters
    ----------
    path
        The file.
    date
        Trading date; None: told by the name, such as ``01302019.NASDAQ_ITCH50.gz`` or ``S081321-v50.txt.gz`` (month
        first) or ``20190130…``.
    framing, symbols, policy
        As of `ItchDecoder`. A whole day has hundreds of millions of messages, 46 bytes of memory a book change: give
        the symbols that are wanted.
    progress
        Called with bytes done and bytes in all now and then; what it raises ends the reading.

    Returns
    -------
    MarketData
        Book changes with side and price, trades with the side that took, corrections, trading states. The report's
        notes count the messages by type.

    Raises
    ------
    ConfigError
        No date.
    DataError
        The file cannot be read, or a message is malformed or cut and the policy for that is ``"fail"``.
    """
    name = os.path.basename(os.fspath(path))
    return _NamedFile(name, _settings(date, framing, symbols, policy)).read(path, progress=progress)
