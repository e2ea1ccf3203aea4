"""``[metrics]``, ``[alerts]`` and ``[slo]``: what is watched, and who is told."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Final, Literal

from pydantic import Field, field_validator, model_validator

from tickwright._section import NotNegative, Positive, Section

__all__ = [
    "AlertRule",
    "AlertSettings",
    "AlertSink",
    "MetricsSettings",
    "SloSettings",
    "TraceSettings",
    "is_loopback",
    "split_address",
]

Severity = Literal["info", "warning", "critical"]
Share = Annotated[float, Field(gt=0, lt=1)]
Ratio = Annotated[float, Field(gt=0, le=1)]

METRIC: Final = re.compile(r"[a-z_:][a-z0-9_:]*")


def split_address(text: str) -> tuple[str, int]:
    """Read ``HOST:PORT``; a host of IPv6 stands in brackets.

    Examples
    --------
    >>> from tickwright.observe.settings import split_address
    >>> split_address("127.0.0.1:9464"), split_address("[::1]:0")
    (('127.0.0.1', 9464), ('::1', 0))
    """
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdecimal() or int(port) > 65_535:
        raise ValueError(f"{text!r} is no address; write HOST:PORT, such as 127.0.0.1:9464")
    return host, int(port)


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine reaches `host`."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class MetricsSettings(Section):
    """``[metrics]``: the endpoint that Prometheus scrapes.

    Examples
    --------
    >>> from tickwright.observe.settings import MetricsSettings
    >>> MetricsSettings(listen="127.0.0.1:9464").listen
    '127.0.0.1:9464'
    """

    listen: str | None = Field(
        default=None, description="Address of the endpoint, such as 127.0.0.1:9464; without it there is none."
    )
    allow_remote: bool = Field(
        default=False,
        description="Listen beyond this machine: whoever reaches the port reads state, equity, profit and latencies.",
    )
    timeout_s: Positive = Field(default=2.0, description="Seconds that the engine has to answer a scrape.")

    @model_validator(mode="after")
    def _address(self) -> MetricsSettings:
        if self.listen is not None and not is_loopback(split_address(self.listen)[0]) and not self.allow_remote:
            raise ValueError(
                f"listen {self.listen!r} is beyond this machine: whoever reaches it reads equity and profit without a "
                "password; set allow_remote = true if that is meant"
            )
        return self


class AlertRule(Section):
    """One ``[[alerts.rule]]``: a comparison that must hold for a while.

    Examples
    --------
    >>> from tickwright.observe.settings import AlertRule
    >>> rule = AlertRule(name="Losing", metric="tickwright_equity_dollars", op="<", value=95_000.0, for_s=60)
    >>> rule.severity, rule.of
    ('warning', 'value')
    """

    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9]*$", description="Name, such as DataStale.")
    metric: str = Field(description="Name of a metric as a scrape has it, such as tickwright_equity_dollars.")
    labels: dict[str, str] = Field(default_factory=dict, description="Labels that a sample must have.")
    of: Literal["value", "increase"] = Field(
        default="value", description="Compare the value, or by how much it rose within within_s."
    )
    within_s: Positive = Field(default=60.0, description="Seconds over which an increase is taken.")
    op: Literal[">", ">=", "<", "<=", "==", "!="] = Field(default=">", description="Comparison.")
    value: Annotated[float, Field(allow_inf_nan=False)] = Field(description="What it is compared with.")
    for_s: NotNegative = Field(default=0.0, description="Seconds for which it must hold before it fires.")
    severity: Severity = Field(default="warning", description="How grave it is.")
    message: str = Field(default="", description="What is told; {value} and {labels} are filled in.")

    @field_validator("metric")
    @classmethod
    def _metric(cls, name: str) -> str:
        if not METRIC.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a metric; write one such as tickwright_equity_dollars")
        return name

    @field_validator("message")
    @classmethod
    def _message(cls, text: str) -> str:
        try:
            text.format(value=0.0, labels="")
        except (KeyError, IndexError, ValueError, AttributeError) as error:
            raise ValueError(
                f"message {text!r} cannot be filled in ({error!r}); use {{value}} and {{labels}}"
            ) from None
        return text


class AlertSink(Section):
    """One ``[[alerts.sink]]``: who is told. Secrets come from variables of the environment, by their names.

    Examples
    --------
    >>> from tickwright.observe.settings import AlertSink
    >>> AlertSink(kind="webhook", url="https://example.com/hook", secret_env="HOOK_SECRET").least
    'info'
    """

    kind: Literal["log", "webhook", "slack", "email"] = Field(description="How it is told.")
    least: Severity = Field(default="info", description="Least grave alert that is told here.")
    url: str | None = Field(
        default=None, description="Of webhook: address that is given JSON. Of slack: leave it to url_env."
    )
    url_env: str | None = Field(
        default=None, description="Variable that holds the address, where the address is a secret, as Slack's is."
    )
    secret_env: str | None = Field(
        default=None, description="Of webhook: variable that holds the key of the signature; without it none is sent."
    )
    host: str = Field(default="localhost", description="Of email: server.")
    port: Annotated[int, Field(ge=1, le=65_535)] = Field(default=587, description="Of email: port.")
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="Of email: how the connection is made safe."
    )
    ca_file: str | None = Field(default=None, description="Of email and webhooks: certificates that are trusted.")
    sender: str | None = Field(default=None, description="Of email: address it comes from.")
    to: list[str] = Field(default_factory=list, description="Of email: addresses it goes to.")
    user_env: str | None = Field(default=None, description="Of email: variable that holds the user's name.")
    password_env: str | None = Field(default=None, description="Of email: variable that holds the password.")
    timeout_s: Positive = Field(default=10.0, description="Seconds for one try.")
    tries: Annotated[int, Field(ge=1, le=20)] = Field(default=5, description="Tries before an alert is given up.")

    @model_validator(mode="after")
    def _complete(self) -> AlertSink:
        if self.kind in ("webhook", "slack") and (self.url is None) == (self.url_env is None):
            raise ValueError(f"a {self.kind} needs either url or url_env")
        if self.url is not None and not self.url.startswith(("http://", "https://")):
            raise ValueError(f"url {self.url!r} is neither http:// nor https://")
        if self.kind == "email":
            if not self.sender or not self.to:
                raise ValueError("an email needs sender and to")
            if (self.user_env is None) != (self.password_env is None):
                raise ValueError("give both user_env and password_env, or none")
            if self.user_env is not None and self.security == "none":
                raise ValueError("a password would go over the network in the clear; set security to starttls or tls")
        return self


class AlertSettings(Section):
    """``[alerts]``: rules, and who is told.

    Examples
    --------
    >>> from tickwright.observe.settings import AlertSettings
    >>> [sink.kind for sink in AlertSettings().sink]
    ['log']
    """

    enabled: bool = Field(default=True, description="Whether rules are looked at.")
    builtin: bool = Field(default=True, description="Whether the built-in rules are.")
    every_s: Positive = Field(default=1.0, description="Seconds from one look to the next.")
    repeat_s: NotNegative = Field(
        default=3_600.0, description="Seconds after which an alert that still fires is told again; 0 never."
    )
    resolved: bool = Field(default=True, description="Whether the end of an alert is told.")
    queued: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=256, description="Alerts that may wait for one sink; the oldest is given up then."
    )
    silence: list[str] = Field(default_factory=list, description="Names of rules that are not told to anyone.")
    off: list[str] = Field(default_factory=list, description="Names of built-in rules that are not looked at.")
    rule: list[AlertRule] = Field(default_factory=list, description="Rules beside the built-in ones.")
    sink: list[AlertSink] = Field(
        default_factory=lambda: [AlertSink(kind="log")], description="Who is told; without any, the log."
    )

    @model_validator(mode="after")
    def _distinct(self) -> AlertSettings:
        names = [rule.name for rule in self.rule]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two rules are named {', '.join(twice)}; give each a name of its own")
        return self


class SloSettings(Section):
    """``[slo]``: what is promised of the engine, over an hour, a day and thirty days.

    Examples
    --------
    >>> from tickwright.observe.settings import SloSettings
    >>> SloSettings().uptime
    0.995
    """

    enabled: bool = Field(default=True, description="Whether objectives are followed.")
    uptime: Share = Field(default=0.995, description="Share of the time in which the engine is ready.")
    latency: Share = Field(default=0.99, description="Share of frames taken in within latency_ms.")
    latency_ms: Positive = Field(default=5.0, description="Milliseconds that a frame may take.")
    errors: Share = Field(default=0.999, description="Share of requests that the broker answered without trouble.")
    save_every_s: Positive = Field(default=10.0, description="Seconds from one saving to the next.")


class TraceSettings(Section):
    """``[traces]``: spans of each order for OpenTelemetry.

    Examples
    --------
    >>> from tickwright.observe.settings import TraceSettings
    >>> TraceSettings().exporter is None
    True
    """

    exporter: Literal["otlp", "console"] | None = Field(
        default=None, description="Where spans go: otlp (HTTP) or console (standard error); without it there are none."
    )
    endpoint: str = Field(
        default="http://127.0.0.1:4318/v1/traces", description="Address of the collector that speaks OTLP over HTTP."
    )
    queued: Annotated[int, Field(ge=512, le=1_000_000)] = Field(
        default=8_192, description="Spans that may wait; those beyond are dropped."
    )
