"""Alpaca as a source of market data: streams, and history in pages, both as the bytes they come as."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from typing import Any, Final, Literal, TypeAlias

from tickwright.adapters.alpaca.endpoints import STOCK_FEEDS, Endpoints
from tickwright.adapters.alpaca.market import AlpacaMarketStream
from tickwright.adapters.alpaca.pages import moment
from tickwright.adapters.alpaca.requester import Requester, RequestSettings, RequestStatistics
from tickwright.adapters.alpaca.rest import Rest
from tickwright.adapters.credentials import Credentials
from tickwright.adapters.sockets import OnFrame, OnState, StreamSettings
from tickwright.errors import BrokerError, ConfigError

__all__ = ["AlpacaMarketData"]

AssetClass: TypeAlias = Literal["stocks", "crypto"]

#: The most rows a page may hold.
ROWS_A_PAGE: Final = 10_000
HISTORY: Final = ("bars", "quotes", "trades")
LATEST: Final = ("bars", "quotes", "trades", "orderbooks", "snapshots")
TIMEFRAME: Final = re.compile(r"([1-9]|[1-5]\d)Min|([1-9]|1\d|2[0-3])Hour|1Day|1Week|(1|2|3|4|6|12)Month")
# A quote inside a JSON text is escaped, so the key cannot be part of one.
TOKEN: Final = re.compile(rb'"next_page_token"\s*:\s*(?:null|"([^"\\]*)")')


class AlpacaMarketData:
    """A `tickwright.adapters.MarketData` over Alpaca.

    Parameters
    ----------
    credentials : Credentials
        The account's keys.
    feed : {"iex", "sip", "delayed_sip", "boats", "overnight", "test"}
        Which data of stocks; ``"iex"`` is free.
    crypto_location : str
        Which data of crypto.
    endpoints : Endpoints, optional
        Where; Alpaca's own addresses when not given.
    settings : RequestSettings, optional
        Pace and patience of requests; they are counted apart from those of trading.
    clock, wall_ns, sleep, rng
        Monotonic seconds, ns since the Unix epoch, a way to wait, and chance.

    Raises
    ------
    ConfigError
        alpaca-py is not installed, or there is no such feed.

    Examples
    --------
    >>> from tickwright.adapters import Credentials
    >>> from tickwright.adapters.alpaca import AlpacaMarketData
    >>> AlpacaMarketData(Credentials("PKABCDEFGHIJ", "not-to-be-shown"))
    AlpacaMarketData('iex', 'https://data.alpaca.markets')
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        feed: str = "iex",
        crypto_location: str = "us",
        endpoints: Endpoints | None = None,
        settings: RequestSettings | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_ns: Callable[[], int] = time.time_ns,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        rng: random.Random | None = None,
    ) -> None:
        if feed not in STOCK_FEEDS:
            raise ConfigError(f"feed {feed!r}: there is none; there are {', '.join(STOCK_FEEDS)}")
        self.feed, self.crypto_location = feed, crypto_location
        self.endpoints = endpoints or Endpoints.alpaca()
        self._credentials = credentials
        self._rng = rng or random.Random()
        self._clock, self._wall_ns, self._sleep = clock, wall_ns, sleep
        settings = settings or RequestSettings()
        rest = Rest(
            self.endpoints.data,
            credentials,
            connect_timeout_s=settings.connect_timeout_s,
            read_timeout_s=settings.read_timeout_s,
            raw=True,
            wall_ns=wall_ns,
        )
        self._requests = Requester(rest, settings, clock, sleep, self._rng, "data")
        self._streams: list[AlpacaMarketStream] = []

    def __repr__(self) -> str:
        return f"AlpacaMarketData({self.feed!r}, {self.endpoints.data!r})"

    def stream(
        self,
        subscriptions: Mapping[str, Iterable[str]],
        on_frame: OnFrame,
        on_state: OnState,
        *,
        asset_class: AssetClass = "stocks",
        market_open: Callable[[], bool] | None = None,
        silence_s: Mapping[str, float] | None = None,
        packed: bool = True,
        settings: StreamSettings | None = None,
    ) -> AlpacaMarketStream:
        """Market data as they happen; `run` starts it.

        Parameters
        ----------
        subscriptions : mapping of str to iterable of str
            Symbols by channel, such as ``{"quotes": ["AAPL"], "bars": ["*"]}``.
        on_frame : callable or FrameQueue
            Given each frame and when it came, in ns since the Unix epoch.
        on_state : callable
            Given each `StreamEvent`.
        asset_class : {"stocks", "crypto"}
            Which stream.
        market_open : callable, optional
            Whether data are to be expected now: always, for crypto, where not given; without it the silence of a
            stream of stocks is not judged.
        silence_s : mapping, optional
            Seconds without data that mean silence, by channel; by default as in `SILENCE_S`.
        packed : bool
            Ask for MessagePack rather than JSON.
        settings : StreamSettings, optional
            Pace and patience of the connection.
        """
        if asset_class == "crypto":
            url = f"{self.endpoints.streams}/v1beta3/crypto/{self.crypto_location}"
            market_open = market_open or _always
        else:
            url = f"{self.endpoints.streams}/v2/{self.feed}"
        stream = AlpacaMarketStream(
            _known_class(asset_class),
            url,
            self._credentials,
            subscriptions,
            on_frame,
            on_state,
            market_open=market_open,
            silence_s=silence_s,
            packed=packed,
            settings=settings,
            clock=self._clock,
            wall_ns=self._wall_ns,
            sleep=self._sleep,
            rng=self._rng,
        )
        self._streams.append(stream)
        return stream

    async def history(
        self,
        kind: str,
        symbols: Iterable[str],
        start: int | str,
        end: int | str | None = None,
        *,
        timeframe: str = "1Min",
        adjustment: str = "raw",
        sort: str = "asc",
        rows_a_page: int = ROWS_A_PAGE,
    ) -> AsyncIterator[bytes]:
        """Ask for what happened, page by page: bodies of answers, for `tickwright.feeds.AlpacaHistoryDecoder`.

        Parameters
        ----------
        kind : {"bars", "quotes", "trades"}
            Which.
        symbols : iterable of str
            All of stocks, or all of crypto (those with a stroke, such as ``BTC/USD``).
        start, end : int or str
            ns since the Unix epoch, or RFC 3339, or a date. Without `end`: until now.
        timeframe : str
            Of bars: ``"1Min"`` to ``"59Min"``, ``"1Hour"`` to ``"23Hour"``, ``"1Day"``, ``"1Week"``, ``"1Month"`` …
        adjustment : {"raw", "split", "dividend", "spin-off", "all"}
            Of bars of stocks.
        sort : {"asc", "desc"}
            Oldest first, or newest.
        rows_a_page : int
            At most so many rows a page.

        Raises
        ------
        BrokerError
            A page was refused or could not be had; pages that came before it are good.
        """
        if kind not in HISTORY:
            raise ConfigError(f"history of {kind!r}: there is none; there are {', '.join(HISTORY)}")
        if not 1 <= rows_a_page <= ROWS_A_PAGE:
            raise ConfigError(f"rows_a_page: {rows_a_page}; give 1 to {ROWS_A_PAGE}")
        names, crypto = _of_one_class(symbols)
        params = {"symbols": ",".join(names), "start": moment(start), "limit": rows_a_page, "sort": sort}
        if end is not None:
            params["end"] = moment(end)
        if kind == "bars":
            if not TIMEFRAME.fullmatch(timeframe):
                raise ConfigError(f"timeframe {timeframe!r}: give one such as 1Min, 15Min, 1Hour, 1Day, 1Week, 3Month")
            params["timeframe"] = timeframe
            if not crypto:
                params["adjustment"] = adjustment
        if not crypto:
            params["feed"] = self._history_feed
        path, version = self._path(kind, crypto)
        while True:
            page: bytes = await self._requests.read(path, params, version=version)
            match = TOKEN.search(page)
            if match is None:
                raise BrokerError(f"GET {path}: the page does not say whether another one follows")
            yield page
            if not match[1]:
                return
            params["page_token"] = match[1].decode()

    async def latest(self, kind: str, symbols: Iterable[str]) -> bytes:
        """Ask for what is known now: the body of the answer, one row a symbol.

        Parameters
        ----------
        kind : {"bars", "quotes", "trades", "orderbooks", "snapshots"}
            Which; order books of crypto only.
        symbols : iterable of str
            All of stocks, or all of crypto.
        """
        if kind not in LATEST:
            raise ConfigError(f"latest {kind!r}: there is none; there are {', '.join(LATEST)}")
        names, crypto = _of_one_class(symbols)
        if kind == "orderbooks" and not crypto:
            raise ConfigError("latest orderbooks: Alpaca has them of crypto only")
        params = {"symbols": ",".join(names)} | ({} if crypto else {"feed": self.feed})
        if kind == "snapshots":
            path, version = self._path(kind, crypto)
        elif crypto:
            path, version = f"/crypto/{self.crypto_location}/latest/{kind}", "v1beta3"
        else:
            path, version = f"/stocks/{kind}/latest", "v2"
        body: bytes = await self._requests.read(path, params, version=version)
        return body

    async def corporate_actions(
        self, symbols: Iterable[str], start: str, end: str, *, types: Iterable[str] = ()
    ) -> AsyncIterator[bytes]:
        """Ask for splits, dividends, mergers and the like from one date to another: the bodies of the answers."""
        params: dict[str, Any] = {"symbols": ",".join(symbols), "start": start, "end": end, "limit": 1_000}
        if kinds := ",".join(types):
            params["types"] = kinds
        while True:
            page: bytes = await self._requests.read("/corporate-actions", params, version="v1")
            yield page
            match = TOKEN.search(page)
            if match is None or not match[1]:
                return
            params["page_token"] = match[1].decode()

    def statistics(self) -> RequestStatistics:
        """Count what has been asked, and what became of it."""
        return self._requests.statistics()

    async def close(self) -> None:
        """End the streams and ask for nothing more."""
        for stream in self._streams:
            await stream.close()
        await self._requests.close()

    @property
    def _history_feed(self) -> str:
        # What is delayed on the stream is simply older in history.
        return "sip" if self.feed == "delayed_sip" else self.feed

    def _path(self, kind: str, crypto: bool) -> tuple[str, str]:
        return (f"/crypto/{self.crypto_location}/{kind}", "v1beta3") if crypto else (f"/stocks/{kind}", "v2")


def _always() -> bool:
    return True


def _known_class(asset_class: str) -> str:
    if asset_class not in ("stocks", "crypto"):
        raise ConfigError(f"asset class {asset_class!r}: give stocks or crypto")
    return asset_class


def _of_one_class(symbols: Iterable[str]) -> tuple[list[str], bool]:
    if isinstance(symbols, str):
        raise ConfigError(f"symbols: {symbols!r} is a text; give a list of symbols")
    names = list(dict.fromkeys(symbols))
    if not names or not all(names):
        raise ConfigError("symbols: there is none, or one is empty")
    crypto = {"/" in name for name in names}
    if len(crypto) > 1:
        raise ConfigError("symbols: both stocks and crypto; ask for them one after the other")
    return names, crypto.pop()
