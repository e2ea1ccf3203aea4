"""Quotes from a socket to usable events, all in one process: our stream and decoder, and alpaca-py's."""

import asyncio
import atexit
import subprocess
import sys
import time
from functools import lru_cache

from benches.registry import Work, measure

QUOTES = 200_000


@lru_cache(maxsize=4)
def url(size: int) -> str:
    """Start a server that sends `QUOTES` quotes in frames of `size`, and return its address."""
    command = [sys.executable, "-m", "benches.stream_server", str(QUOTES), str(size)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(process.kill)
    assert process.stdout is not None
    return f"ws://127.0.0.1:{int(process.stdout.readline())}"


def ours(size: int) -> float:
    """Return seconds from the first frame to the last quote decoded."""
    import tickwright as tw
    from tickwright.adapters import Credentials
    from tickwright.adapters.alpaca import AlpacaMarketStream

    async def main() -> float:
        decoder = tw.feeds.AlpacaDecoder()
        begun = []
        rows = 0
        done = asyncio.Event()

        def on_frame(frame: bytes, received_ns: int) -> None:
            nonlocal rows
            if not begun:
                begun.append(time.perf_counter())
            rows = decoder.feed(frame, received_ns)
            if rows >= QUOTES:
                done.set()

        keys = Credentials("BENCHMARK", "no-secret-at-all")
        stream = AlpacaMarketStream("stocks", url(size), keys, {"quotes": ["*"]}, on_frame, lambda event: None)
        running = asyncio.create_task(stream.run())
        await done.wait()
        seconds = time.perf_counter() - begun[0]
        if len(decoder.take().quotes) != QUOTES:
            raise RuntimeError("quotes were lost")
        await stream.close()
        await running
        return seconds

    return asyncio.run(main())


def theirs(size: int) -> float:
    """Return the same of alpaca-py's stream with a handler that only counts."""
    from alpaca.data.live import StockDataStream

    async def main() -> float:
        begun = []
        rows = 0
        done = asyncio.Event()

        async def handler(quote: object) -> None:
            nonlocal rows
            if not begun:
                begun.append(time.perf_counter())
            rows += 1
            if rows >= QUOTES:
                done.set()

        stream = StockDataStream("BENCHMARK", "no-secret-at-all", url_override=url(size))
        stream.subscribe_quotes(handler, "*")
        running = asyncio.create_task(stream._run_forever())
        await done.wait()
        seconds = time.perf_counter() - begun[0]
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await stream.close()
        return seconds

    return asyncio.run(main())


@measure("stream_100")
def stream_100() -> Work:
    url(100)
    return Work(None, items=QUOTES, seconds=lambda: ours(100))


@measure("stream_1")
def stream_1() -> Work:
    url(1)
    return Work(None, items=QUOTES, seconds=lambda: ours(1))


@measure("stream_alpaca_py_100")
def stream_alpaca_py_100() -> Work:
    url(100)
    return Work(None, items=QUOTES, seconds=lambda: theirs(100))


@measure("stream_alpaca_py_1")
def stream_alpaca_py_1() -> Work:
    url(1)
    return Work(None, items=QUOTES, seconds=lambda: theirs(1))
