"""What the conformance tests share: a market that is known row by row, clients of alpaca-py, and raw sockets."""

import asyncio
import contextlib
import json
import threading
import time

import msgpack
import numpy as np
import requests
from alpaca.common.exceptions import APIError
from alpaca.data.historical import CryptoHistoricalDataClient, StockHistoricalDataClient
from alpaca.data.live import CryptoDataStream, StockDataStream
from alpaca.trading.client import TradingClient
from alpaca.trading.stream import TradingStream
from websockets.sync.client import connect

import tickwright as tw

DAYS = ("2026-01-05", "2026-01-06")
OPENS = [np.datetime64(f"{day}T14:30:00", "ns") for day in DAYS]
NOW = "2026-01-06T15:00:00Z"  # 10:00 in New York, a Tuesday
PRICES = {"AAPL": 180.0, "BAC": 42.0, "MSFT": 410.0, "BTC/USD": 60_000.0}
STEP_S, ROWS = 20, 180  # a trade and a quote every twenty seconds, for an hour
SECRET = "secret"


def market():
    """Return two opening hours of trades and quotes: prices go up a cent a row, and down again on odd rows."""
    parts = []
    for symbol, price in PRICES.items():
        times = np.concatenate([at + np.arange(ROWS) * np.timedelta64(STEP_S, "s") for at in OPENS])
        row = np.arange(len(times))
        prices = price + (row // 2 - row % 2) / 100
        trades = {"ts": times, "price": prices, "size": 100 + row % 7}
        parts.append(tw.feeds.table(trades, symbol=symbol))
        sizes = np.full(len(row), 500)
        sides = {"bid": prices - 0.01, "ask": prices + 0.01, "bid_size": sizes, "ask_size": sizes + 100}
        parts.append(tw.feeds.table({"ts": times + np.timedelta64(1, "s"), **sides}, symbol=symbol))
    return tw.MarketData.merge(parts)


def accounts(count, **settings):
    """Return settings of accounts K0, K1, …"""
    return [{"key": f"K{i}", "secret": SECRET, **settings} for i in range(count)]


def trading(server, key="K0", **options):
    """Return alpaca-py's trading client, without its retries, which would only wait."""
    client = TradingClient(key, SECRET, url_override=server.rest_url, **options)
    client._retry = 0
    return client


def stocks(server, key="K0", **options):
    client = StockHistoricalDataClient(key, SECRET, url_override=server.rest_url, **options)
    client._retry = 0
    return client


def crypto(server, key="K0", **options):
    return CryptoHistoricalDataClient(key, SECRET, url_override=server.rest_url, **options)


def get(server, path, key="K0", secret=SECRET, method="GET", **options):
    """Return the plain answer to a request."""
    headers = {"APCA-API-KEY-ID": key, "APCA-API-SECRET-KEY": secret, **options.pop("headers", {})}
    return requests.request(method, server.rest_url + path, headers=headers, timeout=10, **options)


def refused(call, *args, **named):
    """Return status, code and message of the APIError that `call` must raise."""
    try:
        given = call(*args, **named)
    except APIError as error:
        body = json.loads(error._error)
        return error.status_code, body.get("code"), body["message"]
    raise AssertionError(f"taken, where a refusal was due: {given}")


class Socket:
    """A stream spoken to frame by frame, as JSON or MessagePack."""

    def __init__(self, url, *, packed=False, headers=None):
        extra = {"Content-Type": "application/msgpack"} if packed else {}
        self.packed = packed
        self._context = connect(url, additional_headers={**extra, **(headers or {})}, max_size=None, close_timeout=0.5)
        self.socket = self._context.__enter__()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._context.__exit__(None, None, None)

    def send(self, message):
        self.socket.send(msgpack.packb(message) if self.packed else json.dumps(message))

    def hear(self, timeout=5):
        """Return the next frame, decoded."""
        frame = self.socket.recv(timeout)
        return msgpack.unpackb(frame, timestamp=3) if self.packed else json.loads(frame)

    def ask(self, message):
        self.send(message)
        return self.hear()

    def auth(self, key="K0", secret=SECRET):
        """Return the answers to the welcome and to the keys."""
        return self.hear(), self.ask({"action": "auth", "key": key, "secret": secret})

    def until(self, wanted, timeout=5.0):
        """Return the messages up to the first frame that `wanted` is true of one of."""
        heard, end = [], time.monotonic() + timeout
        while time.monotonic() < end:
            heard.extend(self.hear(max(0.01, end - time.monotonic())))
            if wanted(heard):
                return heard
        raise AssertionError(f"not heard; heard {heard[-3:]}")

    def silent(self, seconds=0.3):
        try:
            self.hear(seconds)
        except TimeoutError:
            return True
        return False


@contextlib.contextmanager
def running(stream):
    """Run one of alpaca-py's streams in a thread, as its users do."""
    thread = threading.Thread(target=stream.run, daemon=True)
    thread.start()
    try:
        yield stream
    finally:
        if stream._loop is not None and stream._loop.is_running():
            # Its own stop() alone waits until its next look at the queue, five seconds.
            asyncio.run_coroutine_threadsafe(stream.stop_ws(), stream._loop).result(5)
            with contextlib.suppress(Exception):
                asyncio.run_coroutine_threadsafe(stream.close(), stream._loop).result(5)
        thread.join(8)


def eventually(check, timeout=5.0):
    """Return what `check` gives once it is true."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        if given := check():
            return given
        time.sleep(0.01)
    raise AssertionError(f"never true within {timeout} s: {check()!r}")


def stock_stream(server, key="K0", **options):
    return StockDataStream(key, SECRET, url_override=server.stock_stream_url, **options)


def crypto_stream(server, key="K0", **options):
    return CryptoDataStream(key, SECRET, url_override=server.crypto_stream_url, **options)


def trading_stream(server, key="K0", **options):
    return TradingStream(key, SECRET, url_override=server.trading_stream_url, **options)


QUIET = {
    "AAPL": 100.0,
    "MSFT": 400.0,
    "BAC": 40.0,
    "HARD": 20.0,
    "WHOLE": 30.0,
    "PENNY": 0.5,
    "BTC/USD": 60_000.0,
    "ETH/USD": 3_000.0,
}


def quiet_market():
    """Return one quote of each symbol, so that nothing happens but what a test does."""
    rows = {"ts": ["2026-01-06T14:59:59"] * len(QUIET), "symbol": list(QUIET)}
    rows["bid"] = [round(price - spread(s), 4) for s, price in QUIET.items()]
    rows["ask"] = [round(price + spread(s), 4) for s, price in QUIET.items()]
    rows["bid_size"] = rows["ask_size"] = [1_000] * len(QUIET)
    return tw.feeds.table(rows)


def spread(symbol):
    return 0.0001 if symbol == "PENNY" else 0.01


class Floor:
    """A quiet server and its market, moved by hand."""

    def __init__(self, server):
        self.server = server

    def quote(self, symbol="AAPL", bid=None, ask=None, size=1_000):
        price = QUIET[symbol]
        bid = round(price - spread(symbol), 4) if bid is None else bid
        ask = round(price + spread(symbol), 4) if ask is None else ask
        self.server.control("POST", "market", {"quotes": [{"S": symbol, "bp": bid, "bs": size, "ap": ask, "as": size}]})

    def trade(self, symbol, price, size=100):
        self.server.control("POST", "market", {"trades": [{"S": symbol, "p": price, "s": size}]})

    def pass_time(self, seconds):
        self.server.control("POST", "advance", {"by_s": seconds})

    def settle(self, symbol="AAPL", **quote):
        """Let a second pass and the quote stand again, so that whatever can trade has traded."""
        self.pass_time(1)
        self.quote(symbol, **quote)
