"""One request to Alpaca through alpaca-py, in whatever thread calls it, and what became of it.

alpaca-py's own retries are off: they sleep in the calling thread and send orders again that may have arrived. A request
never raises: trouble of the network is a reply too, and says whether the request can have left.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from tickwright import logs
from tickwright.adapters.credentials import Credentials
from tickwright.adapters.pacing import RateBudget
from tickwright.errors import ConfigError

if TYPE_CHECKING:
    import requests

__all__ = ["RateHeaders", "Reply", "Rest", "learn_rate"]

Json: TypeAlias = dict[str, Any]
Sending: TypeAlias = Literal["answered", "not_sent", "unknown"]

#: How much of an answer that is not JSON is told.
TEXT_LIMIT = 300


@dataclass(frozen=True, slots=True)
class RateHeaders:
    """What an answer says about how often one may ask."""

    limit: int
    remaining: int
    reset_in_s: float


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of a request."""

    sending: Sending
    """``"answered"``; ``"not_sent"``: it never left, for certain; ``"unknown"``: it left, and no whole answer came."""
    status: int = 0
    body: Any = None
    """The JSON of the answer, or its bytes where they were asked for."""
    code: int = 0
    message: str = ""
    request_id: str = ""
    rate: RateHeaders | None = None

    @property
    def ok(self) -> bool:
        """Whether the answer is one of success."""
        return self.sending == "answered" and 200 <= self.status < 300

    @property
    def text(self) -> str:
        """What went wrong, for people."""
        if self.sending != "answered":
            return self.message
        return f"HTTP {self.status}" + (f", code {self.code}" if self.code else "") + f": {self.message}"


class Rest:
    """Alpaca's REST interface at one address. Threads may share it; each has a client and connections of its own.

    Parameters
    ----------
    url : str
        Before ``/v2``.
    credentials : Credentials
        The keys.
    connect_timeout_s, read_timeout_s : float
        How long to wait for a connection, and for each part of an answer.
    raw : bool
        Give bodies as bytes, unparsed.
    wall_ns : callable
        ns since the Unix epoch.

    Raises
    ------
    ConfigError
        alpaca-py is not installed, or is a version that is not known.
    """

    def __init__(
        self,
        url: str,
        credentials: Credentials,
        *,
        connect_timeout_s: float = 3.0,
        read_timeout_s: float = 10.0,
        raw: bool = False,
        wall_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._url = url
        self._credentials = credentials
        self._timeout = (connect_timeout_s, read_timeout_s)
        self._raw = raw
        self._wall_ns = wall_ns
        self._thread = threading.local()
        self._client()  # so that what is missing is said here and not at the first order

    def __repr__(self) -> str:
        return f"Rest({self._url!r})"

    def call(
        self, method: str, path: str, *, params: Mapping[str, Any] | None = None, version: str | None = None
    ) -> Reply:
        """Send one request, once, and wait for what becomes of it.

        Parameters
        ----------
        method, path
            ``"GET"``, ``"/orders"``.
        params : mapping, optional
            The query of GET and DELETE; the JSON of POST and PATCH.
        version : str, optional
            Before the path in place of ``"v2"``.
        """
        client = self._client()
        self._thread.response = None
        try:
            body = client._request(method, path, None if params is None else dict(params), api_version=version)
        except Exception as error:  # each kind becomes a reply; none may take the worker down
            return self._failed(error)
        response: requests.Response | None = self._thread.response
        if response is None or not 200 <= response.status_code < 300:
            # alpaca-py takes a redirect, which it does not follow, for success.
            return self._answered(response, f"not an answer of this interface: {self._url}{path}")
        return Reply("answered", response.status_code, body, 0, "", _request_id(response), self._rate(response))

    def _client(self) -> Any:
        client = getattr(self._thread, "client", None)
        if client is None:
            client = self._thread.client = self._make_client()
        return client

    def _make_client(self) -> Any:
        trading = _need("alpaca.trading.client")
        adapters = _need("requests.adapters")
        requests = _need("requests")
        timeout, raw = self._timeout, self._raw

        class TimeoutAdapter(adapters.HTTPAdapter):  # type: ignore[misc, name-defined]
            """alpaca-py sets no timeouts."""

            def send(self, request: Any, **options: Any) -> Any:
                options["timeout"] = timeout
                return super().send(request, **options)

        class Session(requests.Session):  # type: ignore[misc, name-defined]
            """requests', but that what is the same for all requests is put together once."""

            def request(self, method: str, url: str, *, headers: Any, allow_redirects: bool, **content: Any) -> Any:
                prepared = requests.PreparedRequest()
                own = {"headers": {**self.headers, **headers}, "cookies": self.cookies, "hooks": self.hooks}
                prepared.prepare(method, url, **own, **content)
                always = {"proxies": self.proxies, "verify": self.verify, "cert": self.cert, "stream": False}
                return self.send(prepared, allow_redirects=allow_redirects, **always)

        class Client(trading.TradingClient):  # type: ignore[misc, name-defined]
            """alpaca-py's, but that it can give an answer's bytes as they are."""

            def _one_request(self, method: str, url: str, opts: dict[str, Any], retry: int) -> Any:
                if not raw:
                    return super()._one_request(method, url, opts, retry)
                response = self._session.request(method, url, **opts)
                if response.status_code >= 400:
                    raise _error_of(response)
                return response.content

        client = Client(self._credentials.key_id, self._credentials.secret_key, raw_data=True, url_override=self._url)
        for name in ("_retry", "_retry_codes", "_session"):
            if not hasattr(client, name):
                raise ConfigError(f"alpaca-py of a version that is not known (it has no {name}); use 0.42 to 0.44")
        client._session = Session()
        client._retry = 0
        client._retry_codes = []
        client._session.mount("https://", TimeoutAdapter(max_retries=0))
        client._session.mount("http://", TimeoutAdapter(max_retries=0))
        client._session.hooks["response"].append(self._keep)
        _read_environment_once(client._session, self._url)
        return client

    def _keep(self, response: requests.Response, *_: Any, **__: Any) -> None:
        self._thread.response = response

    def _failed(self, error: Exception) -> Reply:
        from alpaca.common.exceptions import APIError

        response: requests.Response | None = self._thread.response
        if isinstance(error, APIError):
            return self._answered(error.response, "")
        if _never_left(error):
            return Reply("not_sent", message=_plain(error))
        status = 0 if response is None else response.status_code
        return Reply("unknown", status, None, 0, _plain(error), _request_id(response))

    def _answered(self, response: requests.Response | None, message: str) -> Reply:
        if response is None:
            return Reply("unknown", message=message or "no answer")
        body: Any = None
        try:
            body = json.loads(response.content)
        except ValueError:
            message = message or logs.redact(response.text[:TEXT_LIMIT])
        code = 0
        if isinstance(body, dict):
            message = message or logs.redact(str(body.get("message", "")))
            code = body["code"] if isinstance(body.get("code"), int) else 0
        status = response.status_code
        return Reply(
            "answered",
            status,
            body,
            code,
            message or response.reason or "",
            _request_id(response),
            self._rate(response),
        )

    def _rate(self, response: requests.Response) -> RateHeaders | None:
        headers = response.headers
        try:
            limit, remaining = int(headers["X-RateLimit-Limit"]), int(headers["X-RateLimit-Remaining"])
            reset = float(headers["X-RateLimit-Reset"])
        except (KeyError, ValueError):
            return None
        return RateHeaders(limit, remaining, reset - self._server_time(response))

    def _server_time(self, response: requests.Response) -> float:
        # The reset is told by the server's clock; ours may be off.
        try:
            return parsedate_to_datetime(response.headers["Date"]).timestamp()
        except (KeyError, TypeError, ValueError):
            return self._wall_ns() / 1e9


def learn_rate(budget: RateBudget, reply: Reply, now: float, *, in_flight: int, fallback_s: float = 1.0) -> None:
    """Let `budget` learn from `reply`: what is left, and, after a 429, for how long nothing passes."""
    rate = reply.rate
    if rate is not None:
        budget.learn(now, rate.limit, rate.remaining, rate.reset_in_s, in_flight)
    if reply.status == 429:
        # A reset that lies behind us says nothing; trying at once would be refused again.
        wait_s = rate.reset_in_s if rate is not None and rate.reset_in_s > 0 else fallback_s
        budget.block(now, wait_s)


def _need(module: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise ConfigError(
            f"trading with Alpaca needs alpaca-py ({error}); run: pip install 'tickwright[alpaca]'"
        ) from None


def _read_environment_once(session: requests.Session, url: str) -> None:
    """Take proxies and certificates from the environment now.

    requests reads all of it before every request, which takes a third of the way to the socket. Nor is a password that
    ``~/.netrc`` has for the broker's host, or for any, sent with the keys.
    """
    found = session.merge_environment_settings(url, {}, None, None, None)
    session.proxies, session.verify = dict(found["proxies"]), found["verify"]
    session.trust_env = False


def _error_of(response: requests.Response) -> Exception:
    from requests.exceptions import HTTPError

    error: Exception = import_module("alpaca.common.exceptions").APIError(response.text, HTTPError(response=response))
    return error


def _request_id(response: requests.Response | None) -> str:
    return "" if response is None else str(response.headers.get("X-Request-ID", ""))[:128]


def _never_left(error: Exception) -> bool:
    """Whether `error` says that no byte of the request left: there was no connection to send it on."""
    from requests import exceptions as failures
    from urllib3 import exceptions as causes

    if isinstance(error, (failures.ConnectTimeout, failures.InvalidURL, failures.MissingSchema)):
        return True
    if not isinstance(error, failures.ConnectionError) or not error.args:
        return False
    reason = getattr(error.args[0], "reason", None)
    return isinstance(reason, (causes.NewConnectionError, causes.ConnectTimeoutError))


def _plain(error: Exception) -> str:
    """`error` in one line without secrets; its kind first, because many have no words of their own."""
    cause = error.args[0] if error.args else ""
    reason = getattr(cause, "reason", None) or cause
    return logs.redact(f"{type(error).__name__}: {reason}"[:TEXT_LIMIT])
