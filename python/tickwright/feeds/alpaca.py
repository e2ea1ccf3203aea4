"""Alpaca's market data: frames of its streams, and pages of its history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tickwright.data import MarketData
from tickwright.errors import DataError
from tickwright.feeds.decoder import Decoder

__all__ = ["AlpacaDecoder", "AlpacaHistoryDecoder", "ControlMessage", "alpaca_history"]

Frame = bytes | bytearray | memoryview | str


@dataclass(frozen=True, slots=True)
class ControlMessage:
    """What a server says about the session rather than about the market."""

    kind: str
    """``"success"``, ``"error"`` or ``"subscription"``."""
    message: str = ""
    """The server's words, such as ``"authenticated"``."""
    code: int = 0
    """The server's error code; 0 for none."""
    channels: Mapping[str, list[str]] = field(default_factory=dict)
    """Of a subscription: what is subscribed to now, symbols by channel."""


class AlpacaDecoder(Decoder):
    """Frames of Alpaca's market data streams (stocks, crypto, news): each a whole WebSocket message.

    Trades, quotes, bars, statuses, price bands, corrections, order books and news become events, each with the columns
    that Alpaca gives (venue, conditions, tape, trade id, taker side, vwap, …). What the server says about the session
    waits in `controls`. Unknown keys and kinds are passed over and counted in `counts`.

    Parameters
    ----------
    format : {"auto", "msgpack", "json"}
        How frames are encoded; ``"auto"``: told by the first byte of each.
    policy : mapping, optional
        ``{"malformed": "drop"}`` counts and drops malformed messages; by default they raise. Events of sound messages
        before the malformed one are kept either way.
    quality : mapping, optional
        What to do about faults of sound messages, such as ``{"crossed": "drop"}``, as `tickwright.feeds.check` takes
        it; None: nothing is judged.

    Notes
    -----
    Decimals are read exactly, floats by their shortest decimal. A price or the size of a trade with more than nine
    decimals is malformed; volumes, average prices and the sizes of quotes and levels are rounded to 1e-9.

    A bar is known at its end. An updated bar (``FLAG_UPDATED``) and a daily bar (``FLAG_DAILY``, the day's totals so
    far) do not say when they were made: they are known when received, or, without a receive time, 30 seconds after the
    minute's end and at the end of the day.

    Examples
    --------
    >>> import tickwright as tw
    >>> decoder = tw.feeds.AlpacaDecoder()
    >>> frame = '[{"T":"q","S":"AAPL","bx":"V","bp":187.41,"bs":1,"ax":"V","ap":187.43,"as":2,"c":["R"],"z":"C",'
    >>> batch = decoder.push(frame + '"t":"2024-01-02T14:30:00.123456789Z"}]')
    >>> batch.quotes.to_arrow(floats=True).select(["symbol", "bid", "ask", "tape"]).to_pylist()
    [{'symbol': 'AAPL', 'bid': 187.41, 'ask': 187.43, 'tape': 'C'}]
    >>> decoder.feed(b'[{"T":"success","msg":"authenticated"}]')
    0
    >>> decoder.controls()
    [ControlMessage(kind='success', message='authenticated', code=0, channels={})]
    """

    __slots__ = ()

    def __init__(
        self,
        *,
        format: str = "auto",
        policy: Mapping[str, str | float] | None = None,
        quality: Mapping[str, str | float] | None = None,
    ) -> None:
        super().__init__(
            "alpaca", {"format": format, "policy": None if policy is None else dict(policy)}, quality=quality
        )

    def controls(self) -> list[ControlMessage]:
        """Give what the server said about the session since the last call, oldest first."""
        return [
            ControlMessage(kind, message or "", code or 0, dict(channels or ()))
            for kind, code, message, channels in self._core.controls()
        ]


class AlpacaHistoryDecoder(Decoder):
    """Pages of Alpaca's history: bodies of ``/v2/stocks/{bars,quotes,trades}`` and their like for crypto and news.

    Both shapes are read: ``{"bars": {"AAPL": […]}, …}`` and, of one symbol, ``{"bars": […], "symbol": "AAPL", …}``.

    Parameters
    ----------
    timeframe : str
        The timeframe that bars were asked for, such as ``"1Min"``, ``"2Hour"`` or ``"1Day"``: it says when a bar is
        known. A day ends at midnight, in New York or, for crypto, in UTC.
    policy : mapping, optional
        ``{"malformed": "drop"}`` counts and drops malformed rows; by default they raise.
    quality : mapping, optional
        What to do about faults of sound messages, such as ``{"crossed": "drop"}``, as `tickwright.feeds.check` takes
        it; None: nothing is judged.

    Examples
    --------
    >>> import tickwright as tw
    >>> decoder = tw.feeds.AlpacaHistoryDecoder(timeframe="1Day")
    >>> bar = '{"t":"2022-01-03T05:00:00Z","o":177.83,"h":182.88,"l":177.71,"c":182.01,"v":104701220}'
    >>> day = decoder.push('{"bars":{"AAPL":[' + bar + ']},"next_page_token":"QUFQTA=="}')
    >>> day.bars.to_arrow(floats=True).select(["symbol", "close", "volume"]).to_pylist()
    [{'symbol': 'AAPL', 'close': 182.01, 'volume': 104701220.0}]
    >>> decoder.next_page_token()
    'QUFQTA=='
    """

    __slots__ = ("_token",)

    def __init__(
        self,
        *,
        timeframe: str = "1Min",
        policy: Mapping[str, str | float] | None = None,
        quality: Mapping[str, str | float] | None = None,
    ) -> None:
        settings = {"timeframe": timeframe, "policy": None if policy is None else dict(policy)}
        super().__init__("alpaca_history", settings, quality=quality)
        self._token: str | None = None

    def next_page_token(self) -> str | None:
        """Give the token that asks for the page after the last one decoded; None after the last page."""
        for _, _, token, _ in self._core.controls():
            self._token = token
        return self._token


def alpaca_history(
    pages: Iterable[Frame], *, timeframe: str = "1Min", policy: Mapping[str, str | float] | None = None
) -> MarketData:
    """Market data from all `pages` of one request to Alpaca's history, in order.

    Parameters
    ----------
    pages : iterable of bytes or str
        The bodies of the answers.
    timeframe, policy
        As for `AlpacaHistoryDecoder`.

    Raises
    ------
    DataError
        There is no page, the last page says that another one follows, or a page is malformed.

    Examples
    --------
    >>> import tickwright as tw
    >>> trade = '{"t":"2022-01-03T09:00:00.086175744Z","x":"P","p":178.26,"s":246,"c":["@","T"],"i":1,"z":"C"}'
    >>> page = '{"trades":[' + trade + '],"symbol":"AAPL","next_page_token":null}'
    >>> data = tw.feeds.alpaca_history([page])
    >>> data.symbols, data.count("trades")
    (['AAPL'], 1)
    """
    if isinstance(pages, (bytes, bytearray, memoryview, str)):
        raise DataError("pages: is one page; give a list of pages")
    decoder = AlpacaHistoryDecoder(timeframe=timeframe, policy=policy)
    count = 0
    for page in pages:
        decoder.feed(page)
        count += 1
    if not count:
        raise DataError("pages: there is none; give the bodies of all answers")
    token = decoder.next_page_token()
    if token is not None:
        raise DataError(f"pages: page {count} is not the last; ask for the page of token {token!r} too")
    return decoder.take()
