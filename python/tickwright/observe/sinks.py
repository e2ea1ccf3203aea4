"""Who is told of alerts: the log, a webhook, Slack, e-mail. Each has a bounded queue and a thread of its own."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import os
import smtplib
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Any, Final, Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from tickwright import logs
from tickwright.adapters.pacing import Backoff
from tickwright.errors import ConfigError
from tickwright.observe.alerts import Alert
from tickwright.observe.settings import AlertSettings, AlertSink

__all__ = ["Deliveries", "Delivery", "Refused", "Sink", "check_variables", "signature"]

log = logging.getLogger(__name__)

GRAVITY: Final = ("info", "warning", "critical")
LEVELS: Final = {"info": logging.INFO, "warning": logging.WARNING, "critical": logging.CRITICAL}
COLORS: Final = {"info": "#439fe0", "warning": "warning", "critical": "danger"}


class Refused(Exception):
    """The other side does not want this alert, and will not want it later."""


class Sink(Protocol):
    """Where alerts go."""

    name: str

    def send(self, alert: Alert) -> None:
        """Tell of an alert, once; raise where it did not arrive, `Refused` where no other try would help."""
        ...


def signature(key: str, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 of a webhook's body and time, as its header ``X-Tickwright-Signature`` has it.

    Examples
    --------
    >>> from tickwright.observe.sinks import signature
    >>> signature("key", "1767600000", b"{}")[:19]
    'sha256=0b53c73204f4'
    """
    signed = hmac.new(key.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return f"sha256={signed.hexdigest()}"


class _Log:
    name = "log"

    def send(self, alert: Alert) -> None:
        level = LEVELS[alert.severity] if alert.state == "firing" else logging.INFO
        log.log(level, "alert %s %s: %s", alert.rule, alert.state, alert.message, extra={"alert": alert.as_dict()})


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        """Go nowhere else: what is told is for the address that was given."""
        return


class _Post:
    """What webhook and Slack share."""

    def __init__(self, name: str, url: str, settings: AlertSink) -> None:
        self.name, self._url, self._timeout_s = name, url, settings.timeout_s
        context = ssl.create_default_context(cafile=settings.ca_file)
        self._opener = urllib.request.build_opener(_NoRedirect, urllib.request.HTTPSHandler(context=context))

    def _post(self, body: bytes, headers: Mapping[str, str]) -> None:
        request = urllib.request.Request(
            self._url, body, {"Content-Type": "application/json", "User-Agent": "tickwright", **headers}, method="POST"
        )
        try:
            with self._opener.open(request, timeout=self._timeout_s) as answer:
                answer.read(1_024)
        except urllib.error.HTTPError as error:
            with error:
                if error.code in (408, 425, 429) or error.code >= 500:
                    raise OSError(f"HTTP {error.code}") from None
                raise Refused(f"HTTP {error.code}") from None


class _Webhook(_Post):
    def __init__(self, settings: AlertSink) -> None:
        super().__init__("webhook", _address(settings), settings)
        self._key = None if settings.secret_env is None else _secret(settings.secret_env)

    def send(self, alert: Alert) -> None:
        body = json.dumps({"version": 1, **alert.as_dict()}).encode()
        timestamp = str(int(time.time()))
        headers = {"X-Tickwright-Timestamp": timestamp, "X-Tickwright-Id": f"{alert.id} {alert.state} {alert.repeat}"}
        if self._key is not None:
            headers["X-Tickwright-Signature"] = signature(self._key, timestamp, body)
        self._post(body, headers)


class _Slack(_Post):
    def __init__(self, settings: AlertSink) -> None:
        super().__init__("slack", _address(settings), settings)

    def send(self, alert: Alert) -> None:
        fields = [{"title": name, "value": value, "short": True} for name, value in alert.labels.items()]
        body = {
            "text": f"{_title(alert)}: {alert.message}",
            "attachments": [
                {
                    "color": "good" if alert.state == "resolved" else COLORS[alert.severity],
                    "title": alert.rule,
                    "text": alert.message,
                    "fields": fields,
                    "ts": alert.at_ns // 1_000_000_000,
                }
            ],
        }
        self._post(json.dumps(body).encode(), {})


class _Email:
    name = "email"

    def __init__(self, settings: AlertSink) -> None:
        self._settings = settings
        self._user = None if settings.user_env is None else _variable(settings.user_env)
        self._password = None if settings.password_env is None else _secret(settings.password_env)
        self._context = ssl.create_default_context(cafile=settings.ca_file)

    def send(self, alert: Alert) -> None:
        settings = self._settings
        letter = EmailMessage()
        letter["Subject"] = " ".join(f"{_title(alert)}: {alert.message}".split())[:200]
        letter["From"], letter["To"] = settings.sender, ", ".join(settings.to)
        letter["Date"], letter["Message-ID"] = formatdate(), make_msgid(domain="tickwright.invalid")
        letter["Auto-Submitted"] = "auto-generated"
        rows = [f"{name}: {value}" for name, value in alert.as_dict().items()]
        letter.set_content("\n".join([alert.message, "", *rows, ""]))
        try:
            with self._connection() as server:
                if settings.security == "starttls":
                    server.starttls(context=self._context)
                if self._user is not None and self._password is not None:
                    server.login(self._user, self._password)
                server.send_message(letter)
        except (smtplib.SMTPAuthenticationError, smtplib.SMTPRecipientsRefused, smtplib.SMTPNotSupportedError) as error:
            raise Refused(type(error).__name__) from error

    def _connection(self) -> smtplib.SMTP:
        settings = self._settings
        if settings.security == "tls":
            return smtplib.SMTP_SSL(settings.host, settings.port, timeout=settings.timeout_s, context=self._context)
        return smtplib.SMTP(settings.host, settings.port, timeout=settings.timeout_s)


def _title(alert: Alert) -> str:
    return f"[tickwright {alert.severity if alert.state == 'firing' else 'resolved'}] {alert.rule}"


def _variable(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise ConfigError(f"alerts.sink: the variable {name} is not set; it holds what this sink needs")
    return value


def _secret(name: str) -> str:
    value = _variable(name)
    logs.add_secret(value)
    return value


def _address(settings: AlertSink) -> str:
    if settings.url is not None:
        return settings.url
    assert settings.url_env is not None  # the settings were checked
    url = _secret(settings.url_env)
    if not url.startswith(("http://", "https://")):
        raise ConfigError(f"alerts.sink: the variable {settings.url_env} holds no address")
    return url


def check_variables(settings: AlertSettings) -> None:
    """Look whether every variable that a sink needs is set.

    Raises
    ------
    ConfigError
        One is not.
    """
    for sink in settings.sink:
        for name in (sink.url_env, sink.secret_env, sink.user_env, sink.password_env):
            if name is not None:
                _variable(name)


def _sink(settings: AlertSink) -> Sink:
    kinds: dict[str, type[_Webhook] | type[_Slack] | type[_Email]] = {
        "webhook": _Webhook,
        "slack": _Slack,
        "email": _Email,
    }
    return _Log() if settings.kind == "log" else kinds[settings.kind](settings)


class Delivery:
    """Tells one sink, from a thread of its own; what fails is tried again, what is too much is given up, both counted.

    Parameters
    ----------
    sink
        Where to.
    least
        Least grave alert that goes there.
    queued
        Alerts that may wait.
    tries
        Tries before an alert is given up.
    """

    def __init__(self, sink: Sink, *, least: str, queued: int, tries: int, first_s: float = 0.5) -> None:
        self.sink, self._least, self._tries, self._first_s = sink, GRAVITY.index(least), tries, first_s
        self._waiting: deque[Alert] = deque()
        self._queued = queued
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._busy = False
        self.counts: Counter[str] = Counter(delivered=0, retried=0, given_up=0, dropped=0)
        self._thread = threading.Thread(target=self._run, name=f"tickwright-alerts-{sink.name}", daemon=True)
        self._thread.start()

    def tell(self, alert: Alert) -> None:
        """Queue an alert; never waits."""
        if GRAVITY.index(alert.severity) < self._least:
            return
        with self._changed:
            if len(self._waiting) >= self._queued:
                self._waiting.popleft()
                self.counts["dropped"] += 1
            self._waiting.append(alert)
            self._changed.notify()

    @property
    def waiting(self) -> int:
        """Alerts that wait."""
        with self._changed:
            return len(self._waiting) + self._busy

    def drain(self, timeout_s: float) -> bool:
        """Wait until nothing waits; false where that took too long."""
        deadline = time.monotonic() + timeout_s
        while self.waiting and time.monotonic() < deadline:
            time.sleep(0.01)
        return not self.waiting

    def stop(self) -> None:
        """Tell nothing more."""
        self._stopping.set()
        with self._changed:
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._stopping.is_set():
                    self._changed.wait()
                if self._stopping.is_set():
                    return
                alert = self._waiting.popleft()
                self._busy = True
            try:
                self._deliver(alert)
            finally:
                self._busy = False

    def _deliver(self, alert: Alert) -> None:
        backoff = Backoff(self._first_s, max(30.0, self._first_s), floor_s=0.0)
        for _ in range(self._tries):
            try:
                self.sink.send(alert)
            except Refused as error:
                log.error("alert %s: %s refused it: %s", alert.rule, self.sink.name, error)
                break
            except Exception as error:  # whatever a sink meets must not end its thread
                log.warning("alert %s: %s cannot be reached: %s", alert.rule, self.sink.name, error)
                if backoff.attempts + 1 >= self._tries:
                    break
                self.counts["retried"] += 1
                if self._stopping.wait(backoff.next_s()):
                    break
            else:
                self.counts["delivered"] += 1
                return
        self.counts["given_up"] += 1


class Deliveries:
    """All sinks of a configuration.

    Raises
    ------
    ConfigError
        A variable that a sink needs is not set.
    """

    def __init__(self, settings: AlertSettings) -> None:
        sinks = [(_sink(sink), sink) for sink in settings.sink]
        self.all = [Delivery(made, least=sink.least, queued=settings.queued, tries=sink.tries) for made, sink in sinks]

    def tell(self, alerts: Iterable[Alert]) -> None:
        """Queue alerts for every sink."""
        for alert in alerts:
            for delivery in self.all:
                delivery.tell(alert)

    def stop(self, timeout_s: float = 3.0) -> None:
        """Tell what waits, as far as there is time, and end."""
        deadline = time.monotonic() + timeout_s
        for delivery in self.all:
            delivery.drain(max(0.0, deadline - time.monotonic()))
            delivery.stop()

    def collect(self) -> Iterator[Metric]:
        """Count deliveries, for a scrape."""
        counted = CounterMetricFamily(
            "tickwright_alert_deliveries", "Alerts by sink and what became of them.", labels=["sink", "outcome"]
        )
        waiting = GaugeMetricFamily("tickwright_alerts_waiting", "Alerts that wait for a sink.", labels=["sink"])
        totals: Counter[tuple[str, str]] = Counter()
        queued: Counter[str] = Counter()
        for delivery in self.all:
            queued[delivery.sink.name] += delivery.waiting
            for outcome, count in delivery.counts.items():
                totals[delivery.sink.name, outcome] += count
        for key, count in totals.items():
            counted.add_metric(list(key), count)
        for name, count in queued.items():
            waiting.add_metric([name], count)
        yield counted
        yield waiting
