"""The server: a socket, uvicorn, the pump, and their clean end; in this thread, another one, or another process."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import subprocess
import sys
import threading
from asyncio import BaseTransport
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from tickwright.config import Config, load_config
from tickwright.errors import ConfigError, TickwrightError
from tickwright.paper.build import Parts, build, load_market
from tickwright.paper.live import pass_on, test_stream

if TYPE_CHECKING:
    from tickwright.data import MarketData

__all__ = ["PaperServer", "Urls", "serve"]

START_S, STOP_S = 60.0, 10.0
GRACE_S = 2
KEEP_ALIVE_S = 75
FRAME_MAX_BYTES = 4_000_000

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Urls:
    """Where to point alpaca-py."""

    host: str
    port: int

    @property
    def _place(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def rest_url(self) -> str:
        """Base of all REST routes: ``url_override`` of every client."""
        return f"http://{self._place}"

    @property
    def trading_stream_url(self) -> str:
        """``url_override`` of ``TradingStream``."""
        return f"ws://{self._place}/stream"

    @property
    def stock_stream_url(self) -> str:
        """``url_override`` of ``StockDataStream``: all exchanges."""
        return self.stream_url("sip")

    @property
    def crypto_stream_url(self) -> str:
        """``url_override`` of ``CryptoDataStream``."""
        return f"ws://{self._place}/v1beta3/crypto/us"

    def stream_url(self, feed: str) -> str:
        """Stream of shares from `feed`: ``iex``, ``sip``, ``delayed_sip`` or ``test``."""
        return f"ws://{self._place}/v2/{feed}"

    def answer(self) -> dict[str, str]:
        """All of them by name."""
        names = ("rest_url", "trading_stream_url", "stock_stream_url", "crypto_stream_url")
        return {name: getattr(self, name) for name in names}


class _Connections:
    """Open connections by the client's address, so that one can be cut."""

    def __init__(self) -> None:
        self._transports: dict[Address, BaseTransport] = {}

    def protocol(self) -> type[asyncio.Protocol]:
        """Protocol class whose connections are kept here."""
        known = self._transports
        base: Any = AutoHTTPProtocol

        class Known(base):  # type: ignore[misc]
            def connection_made(self, transport: BaseTransport) -> None:
                known[transport.get_extra_info("peername")[:2]] = transport
                super().connection_made(transport)

            def connection_lost(self, error: Exception | None) -> None:
                if self.client is not None:
                    known.pop(tuple(self.client), None)
                super().connection_lost(error)

        return Known

    def abort(self, client: Address | None) -> None:
        """Cut the connection from `client`, as a lost network does."""
        transport = None if client is None else self._transports.pop((client[0], client[1]), None)
        if transport is not None:
            transport.abort()  # type: ignore[attr-defined]

    def prune(self) -> None:
        """Forget connections that are closed: those that became streams do not say so."""
        for client, transport in list(self._transports.items()):
            if transport.is_closing():
                del self._transports[client]


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End on SIGINT and SIGTERM; unlike uvicorn's own, without raising them again before the venue is closed."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise ConfigError(
            f"{host}:{port}: {error.strerror or error}; choose another port, or 0 for a free one"
        ) from None
    return listening


class _Running:
    """One server on the event loop of the thread that runs it."""

    def __init__(self, config: Config, data: MarketData | None, ready: Callable[[Urls], None]) -> None:
        connections = _Connections()
        self.parts: Parts = build(config, data, connections.abort)
        self._config = config
        self._connections = connections
        self._socket = _listen(config.paper.host, config.paper.port)
        self.urls = Urls(*self._socket.getsockname()[:2])
        settings = uvicorn.Config(
            self.parts.app,
            http=connections.protocol(),
            ws="websockets-sansio",
            ws_max_size=FRAME_MAX_BYTES,
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=GRACE_S,
            timeout_keep_alive=KEEP_ALIVE_S,
        )
        self.server = _Server(settings, lambda: ready(self.urls))
        self.parts.market.on_end = self.stop
        self._failure: BaseException | None = None

    def stop(self) -> None:
        """Ask it to end."""
        self.server.should_exit = True

    async def run(self) -> None:
        """Serve until asked to end; then let go of the clients and close the venue."""
        market, paper = self.parts.market, self._config.paper
        work = [market.run(), self._tidy(), test_stream(self.parts.streams, lambda: market.clock.now_ns, paper.seed)]
        if paper.market.source == "live":
            work.append(pass_on(paper.market, market))
        tasks = [asyncio.create_task(each) for each in work]
        for task in tasks:
            task.add_done_callback(self._ended)
        try:
            await self.server.serve(sockets=[self._socket])
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._socket.close()
            market.venue.commit()
            market.venue.close()
        if self._failure is not None:
            raise self._failure

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            self._failure = self._failure or task.exception()
            self.stop()

    async def _tidy(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            self._connections.prune()

    def block(self) -> None:
        """Run to the end in this thread."""
        factory = self.server.config.get_loop_factory()
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(self.run())


def _configuration(config: Config | Mapping[str, Any] | str | Path | None) -> Config:
    if isinstance(config, Config):
        return config
    if isinstance(config, Mapping):
        return load_config(env={}, overrides=config)
    return load_config(config)


def serve(
    config: Config | Mapping[str, Any] | str | Path | None = None,
    *,
    data: MarketData | None = None,
    ready: Callable[[Urls], None] = lambda urls: None,
) -> None:
    """Run the paper venue in this thread until it is interrupted.

    Parameters
    ----------
    config : Config, mapping, path, optional
        Configuration, sections of one, or its file.
    data : MarketData, optional
        The market, in place of the one that the configuration names.
    ready : callable, optional
        Called with the addresses once clients can connect.

    Raises
    ------
    ConfigError
        The configuration cannot work, or the port is taken.
    """
    checked = _configuration(config)
    _Running(checked, data if data is not None else load_market(checked), ready).block()


class PaperServer:
    """A paper venue beside your own code, as tests want it: ``with PaperServer(...) as server``.

    Parameters
    ----------
    config : Config, mapping, path, optional
        Configuration, sections of one such as ``{"paper": {"speed": 0}}``, or its file. The port is a free one unless
        the configuration names one.
    data : MarketData, optional
        The market, in place of the one that the configuration names; not with `process`.
    process : bool
        Whether to run in a process of its own rather than a thread.

    Examples
    --------
    >>> import tickwright as tw
    >>> from tickwright.paper import PaperServer
    >>> rows = {"ts": ["2024-01-02T14:30"], "bid": [10.0], "ask": [10.1], "bid_size": [100], "ask_size": [100]}
    >>> with PaperServer({"paper": {"speed": 0.0}}, data=tw.feeds.table(rows, symbol="BAC")) as server:
    ...     server.control("GET", "clock")["now"]
    '2024-01-02T14:29:59.999999999Z'
    """

    def __init__(
        self,
        config: Config | Mapping[str, Any] | str | Path | None = None,
        *,
        data: MarketData | None = None,
        process: bool = False,
    ) -> None:
        checked = _configuration(config)
        if "port" not in checked.paper.model_fields_set:
            checked = checked.model_copy(update={"paper": checked.paper.model_copy(update={"port": 0})})
        if process and data is not None:
            raise ConfigError("data: cannot be handed to another process; name them in the configuration")
        self.config = checked
        self._data = data
        self._in_process = process
        self._running: _Running | None = None
        self._thread: threading.Thread | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._failure: BaseException | None = None
        self._urls: Urls | None = None

    @property
    def urls(self) -> Urls:
        """Addresses of the running server."""
        if self._urls is None:
            raise TickwrightError("the paper server is not running; use it in a `with` statement")
        return self._urls

    @property
    def rest_url(self) -> str:
        """``url_override`` of the REST clients."""
        return self.urls.rest_url

    @property
    def trading_stream_url(self) -> str:
        """``url_override`` of ``TradingStream``."""
        return self.urls.trading_stream_url

    @property
    def stock_stream_url(self) -> str:
        """``url_override`` of ``StockDataStream``."""
        return self.urls.stock_stream_url

    @property
    def crypto_stream_url(self) -> str:
        """``url_override`` of ``CryptoDataStream``."""
        return self.urls.crypto_stream_url

    @property
    def pid(self) -> int | None:
        """Process id, where it runs in a process of its own."""
        return None if self._process is None else self._process.pid

    def __enter__(self) -> PaperServer:
        (self._start_process if self._in_process else self._start_thread)()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start_thread(self) -> None:
        ready = threading.Event()

        def up(urls: Urls) -> None:
            self._urls = urls
            ready.set()

        def run() -> None:
            try:
                data = self._data if self._data is not None else load_market(self.config)
                self._running = _Running(self.config, data, up)
                self._running.block()
            except BaseException as error:
                self._failure = error
            finally:
                ready.set()

        self._thread = threading.Thread(target=run, name="tickwright-paper", daemon=True)
        self._thread.start()
        if not ready.wait(START_S):
            raise TickwrightError(f"the paper server did not start within {START_S:.0f} s")
        self._raise()

    def _start_process(self) -> None:
        package = str(Path(__file__).resolve().parents[2])
        code = f"import sys; sys.path.insert(0, {package!r}); from tickwright.paper.server import child; child()"
        self._process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        sections = self.config.model_dump(mode="json", include={"data", "paper"})
        self._process.stdin.write(json.dumps(sections).encode() + b"\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise TickwrightError(f"the paper server ended with code {self._process.wait()}; its error is above")
        told = json.loads(line)
        if "error" in told:
            self._process.wait()
            raise TickwrightError(told["error"])
        self._urls = Urls(told["host"], told["port"])

    def _raise(self) -> None:
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure

    def stop(self) -> None:
        """End it cleanly: state committed, clients told."""
        if self._thread is not None:
            if self._running is not None:
                self._running.stop()
            self._thread.join(STOP_S)
            alive, self._thread = self._thread.is_alive(), None
            if alive:
                raise TickwrightError(f"the paper server did not end within {STOP_S:.0f} s")
            self._raise()
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._reap()

    def kill(self) -> None:
        """End the process at once, as a crash does."""
        if self._process is None:
            raise TickwrightError("only a server in a process of its own can be killed; make it with process=True")
        self._process.kill()
        self._reap()

    def _reap(self) -> None:
        assert self._process is not None
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process = None

    def control(self, method: str, route: str, value: Any = None) -> Any:
        """Call a control route, such as ``("PUT", "faults", [...])`` or ``("POST", "advance", {"by_s": 60})``."""
        import urllib.error
        import urllib.request

        body = None if value is None else json.dumps(value).encode()
        url = f"{self.urls.rest_url}/_control/{route}"
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=STOP_S) as response:
                return json.loads(response.read())
        except urllib.error.HTTPError as error:
            raise TickwrightError(f"{method} /_control/{route}: {error.read().decode()}") from None


def child() -> None:
    """Run the server whose configuration comes on standard input; say the addresses on standard output."""
    sections = json.loads(sys.stdin.buffer.readline())

    def up(urls: Urls) -> None:
        print(json.dumps({"host": urls.host, "port": urls.port}), flush=True)

    try:
        serve(sections, ready=up)
    except TickwrightError as error:
        print(json.dumps({"error": str(error)}), flush=True)
        raise SystemExit(1) from None
