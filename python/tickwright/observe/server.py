"""The endpoint of metrics and health, over HTTP: read only, on threads of its own."""

from __future__ import annotations

import gzip
import json
import logging
import socket
import threading
from collections.abc import Callable
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import ThreadingMixIn
from typing import Any, Final
from urllib.parse import urlsplit

from prometheus_client.exposition import choose_encoder

from tickwright.errors import ConfigError
from tickwright.observe.health import components, is_ready
from tickwright.observe.metrics import Metrics
from tickwright.observe.settings import MetricsSettings, is_loopback, split_address

__all__ = ["MetricsServer"]

log = logging.getLogger(__name__)

#: Requests that are answered at once; who comes when all are busy is sent away.
AT_ONCE: Final = 8
#: Seconds that a client has to say what it wants, and to take the answer.
PATIENCE_S: Final = 5.0


class MetricsServer:
    """Serves ``/metrics``, ``/healthz``, ``/healthz/live`` and ``/healthz/ready``.

    Parameters
    ----------
    metrics
        What is shown.
    settings
        Where.

    Raises
    ------
    ConfigError
        The address cannot be listened on.
    """

    def __init__(self, metrics: Metrics, settings: MetricsSettings) -> None:
        assert settings.listen is not None  # who makes a server wants one
        host, port = split_address(settings.listen)
        self.metrics = metrics
        try:
            self._server = _Server((host, port), self._answer, hosts_only=is_loopback(host))
        except OSError as error:
            raise ConfigError(
                f"metrics.listen: cannot listen on {settings.listen} ({error.strerror}); choose another port, or stop "
                "what listens there"
            ) from None
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{self._server.server_address[1]}"
        """Where it listens, with the port that it got."""
        self._thread = threading.Thread(target=self._server.serve_forever, name="tickwright-metrics", daemon=True)

    def start(self) -> MetricsServer:
        """Begin to serve."""
        self._thread.start()
        log.info("metrics at %s/metrics", self.url)
        return self

    def stop(self) -> None:
        """Serve nobody any more."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join(PATIENCE_S)
        self._server.server_close()

    def __enter__(self) -> MetricsServer:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def _answer(self, path: str, accept: str) -> tuple[int, str, bytes]:
        """Status, type and body for a path."""
        if path == "/metrics":
            encode, kind = choose_encoder(accept)
            return 200, kind, encode(self.metrics.registry)
        if path == "/healthz/live":
            live = self.metrics.reader.heart.is_live()
            age_s = self.metrics.reader.heart.age_s()
            return _plain(live, f"the event loop turned {age_s:.1f} s ago")
        if path == "/healthz/ready":
            status = self.metrics.reader.read().status
            return _plain(is_ready(status), f"state {status.get('state', 'not started')}")
        if path == "/healthz":
            return self._health()
        return 404, "text/plain; charset=utf-8", b"there are /metrics, /healthz, /healthz/live and /healthz/ready\n"

    def _health(self) -> tuple[int, str, bytes]:
        reading = self.metrics.reader.read()
        parts = components(reading.status)
        live = self.metrics.reader.heart.is_live() and reading.answered
        healthy = live and all(part.healthy for part in parts)
        body = {
            "healthy": healthy,
            "live": live,
            "ready": is_ready(reading.status),
            "state": reading.status.get("state"),
            "components": [asdict(part) for part in parts],
        }
        return 200 if healthy else 503, "application/json", json.dumps(body).encode() + b"\n"


def _plain(good: bool, told: str) -> tuple[int, str, bytes]:
    return 200 if good else 503, "text/plain; charset=utf-8", f"{'ok' if good else 'no'}: {told}\n".encode()


Answer = Callable[[str, str], tuple[int, str, bytes]]


class _Server(ThreadingMixIn, HTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 16

    def __init__(self, address: tuple[str, int], answer: Answer, *, hosts_only: bool) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.answer, self.hosts_only = answer, hosts_only
        self._free = threading.BoundedSemaphore(AT_ONCE)
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread, where one is free."""
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._free.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, and let the next one in."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Note what went wrong; the next request is none the worse."""
        log.debug("a client of the metrics endpoint went away", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = PATIENCE_S
    server_version = "tickwright"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer a GET."""
        self._reply(send_body=True)

    def do_HEAD(self) -> None:
        """Answer a HEAD."""
        self._reply(send_body=False)

    def _reply(self, *, send_body: bool) -> None:
        host = self.headers.get("Host", "").rpartition(":")[0] or self.headers.get("Host", "")
        if self.server.hosts_only and not is_loopback(host.strip("[]")):
            # A page of the web could point a name of its own at this machine, and read what a browser here may.
            status, kind, body = 403, "text/plain; charset=utf-8", b"ask for 127.0.0.1 or localhost\n"
        else:
            try:
                status, kind, body = self.server.answer(urlsplit(self.path).path, self.headers.get("Accept", ""))
            except Exception:
                log.exception("the metrics endpoint failed at %s", self.path)
                status, kind, body = 500, "text/plain; charset=utf-8", b"failed; the log says why\n"
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", "no-store")
        if "gzip" in self.headers.get("Accept-Encoding", "") and len(body) > 1_000:
            body = gzip.compress(body, compresslevel=1)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if send_body:
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep requests out of the log but at its most talkative."""
        log.debug(format, *args)
