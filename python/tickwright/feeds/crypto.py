"""Binance, Kraken and Coinbase: decoders of their streams, and recorded sessions read whole."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from tickwright.data import MarketData
from tickwright.feeds.decoder import Decoder

__all__ = ["BinanceDecoder", "CoinbaseDecoder", "KrakenDecoder", "binance", "coinbase", "kraken"]

Policy = Mapping[str, str | float]
"""Fault → ``"keep"``, ``"drop"`` or ``"fail"``."""
Progress = Callable[[int, int], object]


def _settings(framing: str, policy: Policy | None, **more: Any) -> dict[str, Any]:
    return {"framing": framing, "policy": None if policy is None else dict(policy), **more}


class BinanceDecoder(Decoder):
    """Binance's streams, spot and USD-M futures, bare or in the combined envelope; and depth snapshots.

    Depth updates become book changes whose ``sequence`` is ``u``, book tickers quotes whose ``sequence`` is their
    ``u``, trades and aggregate trades become trades with ``id`` and ``aggressor``. An event's time is ``T``, or else
    ``E``; spot book tickers have neither and get the time of receipt.

    Updates that came before their depth snapshot and go beyond it are given again behind it, and those that it holds
    are left out, so that the changes in their order always make the exchange's book. The first change after a lost
    update (``U``, ``u``, ``pu``) has the flag "gap" and is counted as the fault ``gap``: fetch a snapshot and push it.

    Parameters
    ----------
    framing
        ``"lines"``: a stream of bytes, cut anywhere, of recorded lines (``<nanoseconds> <message>``, or cryptofeed's
        ``<seconds>: <message>``). ``"message"``: each push is one message, as from a socket.
    symbol
        The symbol of depth snapshots, which do not say it; None: the one symbol seen.
    policy
        What to do with faulty messages; see `tickwright.feeds`.
    quality
        What to do about faults of sound messages, such as ``{"crossed": "drop"}``, as `tickwright.feeds.check` takes
        it; None: nothing is judged.

    Examples
    --------
    >>> import tickwright as tw
    >>> decoder = tw.feeds.BinanceDecoder(framing="message")
    >>> message = b'{"u":400900217,"s":"BNBUSDT","b":"25.35","B":"31.21","a":"25.36","A":"40.66"}'
    >>> data = decoder.push(message, recv=1_723_161_254_087_891_268)
    >>> data.quotes.bid, data.quotes.sequence
    (array([25350000000]), array([400900217], dtype=uint64))
    >>> decoder.counts
    {'bookTicker': 1}
    """

    __slots__ = ()

    def __init__(
        self,
        *,
        framing: str = "lines",
        symbol: str | None = None,
        policy: Policy | None = None,
        quality: Policy | None = None,
    ) -> None:
        super().__init__("binance", _settings(framing, policy, symbol=symbol), quality=quality)


class KrakenDecoder(Decoder):
    """Kraken's WebSocket API, version 1: the book, trade, ticker and spread channels.

    The decoder keeps each pair's book to check the CRC-32 that Kraken sends with each update; levels that an update
    pushes out of the subscribed depth are given as deleted. Where a checksum differs the update has the flag "gap" and
    is counted as the fault ``gap``: subscribe anew. Until its snapshot comes the pair is not checked.

    Parameters
    ----------
    framing
        ``"lines"``: a stream of bytes, cut anywhere, of recorded lines. ``"message"``: each push is one message.
    policy
        What to do with faulty messages; see `tickwright.feeds`.
    quality
        What to do about faults of sound messages, such as ``{"crossed": "drop"}``, as `tickwright.feeds.check` takes
        it; None: nothing is judged.

    Examples
    --------
    >>> import tickwright as tw
    >>> decoder = tw.feeds.KrakenDecoder(framing="message")
    >>> message = b'[993,[["354.11","0.89594024","1618678142.557535","s","l",""]],"trade","XMR/USD"]'
    >>> data = decoder.push(message)
    >>> data.trades.price, data.trades.aggressor
    (array([354110000000]), array([-1], dtype=int8))
    """

    __slots__ = ()

    def __init__(self, *, framing: str = "lines", policy: Policy | None = None, quality: Policy | None = None) -> None:
        super().__init__("kraken", _settings(framing, policy), quality=quality)


class CoinbaseDecoder(Decoder):
    """Coinbase Exchange's WebSocket feed: level2, ticker and matches.

    A match becomes a trade with ``id`` and ``aggressor``: ``side`` is the maker's, so that the other side took. The
    match before the subscription (``last_match``) has the flag "snapshot". The level2 channel numbers nothing, so that
    a lost update cannot be seen.

    Parameters
    ----------
    framing
        ``"lines"``: a stream of bytes, cut anywhere, of recorded lines. ``"message"``: each push is one message.
    policy
        What to do with faulty messages; see `tickwright.feeds`.
    quality
        What to do about faults of sound messages, such as ``{"crossed": "drop"}``, as `tickwright.feeds.check` takes
        it; None: nothing is judged.

    Examples
    --------
    >>> import tickwright as tw
    >>> decoder = tw.feeds.CoinbaseDecoder(framing="message")
    >>> message = (
    ...     b'{"type":"l2update","product_id":"SKL-BTC","changes":[["sell","0.00001306","660.5"]],'
    ...     b'"time":"2021-04-17T16:43:37.075687Z"}'
    ... )
    >>> decoder.push(message).deltas.size
    array([660500000000])
    """

    __slots__ = ()

    def __init__(self, *, framing: str = "lines", policy: Policy | None = None, quality: Policy | None = None) -> None:
        super().__init__("coinbase", _settings(framing, policy), quality=quality)


def binance(
    path: str | os.PathLike[str],
    *,
    symbol: str | None = None,
    policy: Policy | None = None,
    progress: Progress | None = None,
) -> MarketData:
    """Read a recorded Binance session: a message a line, plain or packed.

    Parameters
    ----------
    path
        The file.
    symbol
        The symbol of depth snapshots, which do not say it; None: the one symbol seen.
    policy
        What to do with faulty messages; see `tickwright.feeds`.
    progress
        Called with bytes done and bytes in all now and then; what it raises ends the reading.

    Returns
    -------
    MarketData
        Book changes, quotes and trades as `BinanceDecoder` gives them.

    Raises
    ------
    DataError
        The file cannot be read, or is malformed and the policy for that is ``"fail"``.

    Examples
    --------
    >>> import tempfile, pathlib, tickwright as tw
    >>> line = b'1723161254087891268 {"u":4,"s":"BNBUSDT","b":"25.35","B":"31.21","a":"25.36","A":"40.66"}'
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "session.txt")
    ...     _ = path.write_bytes(line)
    ...     len(tw.feeds.binance(path).quotes)
    1
    """
    return BinanceDecoder(symbol=symbol, policy=policy).read(path, progress=progress)


def kraken(
    path: str | os.PathLike[str], *, policy: Policy | None = None, progress: Progress | None = None
) -> MarketData:
    """Read a recorded Kraken session: a message a line, plain or packed.

    Parameters
    ----------
    path
        The file.
    policy
        What to do with faulty messages; see `tickwright.feeds`.
    progress
        Called with bytes done and bytes in all now and then; what it raises ends the reading.

    Returns
    -------
    MarketData
        Book changes, quotes and trades as `KrakenDecoder` gives them.

    Raises
    ------
    DataError
        The file cannot be read, or is malformed and the policy for that is ``"fail"``.

    Examples
    --------
    >>> import tempfile, pathlib, tickwright as tw
    >>> line = b'1618678132.95: [16,["13.23","13.25","1618678132.557535","185.1","35.7"],"spread","WAVES/EUR"]'
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "session.txt")
    ...     _ = path.write_bytes(line)
    ...     tw.feeds.kraken(path).quotes.ask
    array([13250000000])
    """
    return KrakenDecoder(policy=policy).read(path, progress=progress)


def coinbase(
    path: str | os.PathLike[str], *, policy: Policy | None = None, progress: Progress | None = None
) -> MarketData:
    """Read a recorded Coinbase session: a message a line, plain or packed.

    Parameters
    ----------
    path
        The file.
    policy
        What to do with faulty messages; see `tickwright.feeds`.
    progress
        Called with bytes done and bytes in all now and then; what it raises ends the reading.

    Returns
    -------
    MarketData
        Book changes, quotes and trades as `CoinbaseDecoder` gives them.

    Raises
    ------
    DataError
        The file cannot be read, or is malformed and the policy for that is ``"fail"``.

    Examples
    --------
    >>> import tempfile, pathlib, tickwright as tw
    >>> line = b'1618677817.1: {"type":"subscriptions","channels":[]}'
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "session.txt")
    ...     _ = path.write_bytes(line)
    ...     tw.feeds.coinbase(path).report["rows"]
    1
    """
    return CoinbaseDecoder(policy=policy).read(path, progress=progress)
