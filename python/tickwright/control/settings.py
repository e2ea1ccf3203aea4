"""``[control]``: where the control plane listens, and whom it lets in."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from tickwright._section import NotNegative, Positive, Section
from tickwright.control.caller import Role

__all__ = ["ControlClient", "ControlSettings", "is_loopback"]

RoleName = Literal["viewer", "trader", "operator", "admin"]


class ControlClient(Section):
    """One ``[control.clients."NAME"]``: a client certificate of that common name, or alternative name."""

    role: RoleName = Field(description="What it may do.")
    name: str | None = Field(default=None, description="Name of the caller; without it that of the certificate.")


class ControlSettings(Section):
    """``[control]``: the gRPC service that watches and commands the node.

    Examples
    --------
    >>> from tickwright.control.settings import ControlSettings
    >>> ControlSettings().addresses("state")
    ['unix:state/control.sock']
    >>> ControlSettings(listen=["0.0.0.0:7000"])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    pydantic_core._pydantic_core.ValidationError: 1 validation error for ControlSettings
      Value error, listen: 0.0.0.0:7000 can be reached from other machines and needs TLS; ...
    """

    enabled: bool = Field(default=True, description="Serve it.")
    listen: list[str] = Field(
        default=["unix:{state}/control.sock"],
        min_length=1,
        description="Addresses: unix:PATH, or HOST:PORT; {state} is the node's folder. Other machines need TLS.",
    )
    tokens: str | None = Field(default=None, description="File of tokens; without it tokens.json in the state folder.")
    tls_cert: str | None = Field(default=None, description="PEM file: certificate of the server, and its chain.")
    tls_key: str | None = Field(default=None, description="PEM file: its key, readable by its owner only.")
    strategies: str | None = Field(
        default=None, description="Folder below which files of strategies may be named; without it none are loaded."
    )
    client_ca: str | None = Field(default=None, description="PEM file: who signs client certificates, then required.")
    clients: dict[str, RoleName | ControlClient] = Field(
        default_factory=dict, description="Roles of client certificates, by common name or alternative name."
    )
    backtests: str | None = Field(
        default=None, description="Folder of the strategies and data of backtests; without it none is run."
    )
    requests_per_second: NotNegative = Field(default=1_000.0, description="Requests of one caller; 0 for no limit.")
    streams_per_caller: Annotated[int, Field(ge=0, le=10_000)] = Field(
        default=64, description="Streams that one caller may have open; 0 for no limit."
    )
    max_message_mb: Annotated[float, Field(gt=0, le=64)] = Field(default=4.0, description="Largest request, MiB.")
    default_deadline_s: Positive = Field(
        default=10.0, description="Seconds for a request that brings no deadline of its own."
    )

    @field_validator("listen")
    @classmethod
    def _known(cls, listen: list[str]) -> list[str]:
        for address in listen:
            if address.startswith("unix:"):
                if not address.removeprefix("unix:").strip("/"):
                    raise ValueError(f"{address!r} names no socket; write unix:PATH")
            else:
                _host_port(address)
        if len(set(listen)) != len(listen):
            raise ValueError("names an address twice; name each once")
        return listen

    @model_validator(mode="after")
    def _safe(self) -> ControlSettings:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key go together; set both, or none")
        if self.client_ca is not None and self.tls_cert is None:
            raise ValueError("client_ca needs tls_cert and tls_key: certificates are shown inside TLS only")
        if self.clients and self.client_ca is None:
            raise ValueError("clients needs client_ca: who signs their certificates")
        for address in self.listen:
            if self.tls_cert is None and not address.startswith("unix:") and not is_loopback(_host_port(address)[0]):
                raise ValueError(
                    f"listen: {address} can be reached from other machines and needs TLS; set control.tls_cert and "
                    "control.tls_key (tickwright cert makes them), or listen on 127.0.0.1"
                )
        return self

    def addresses(self, state: str | Path) -> list[str]:
        """Give the addresses, with the node's folder in them."""
        return [address.replace("{state}", str(state)) for address in self.listen]

    def tokens_path(self, state: str | Path) -> Path:
        """Give the file of tokens."""
        return Path(state) / "tokens.json" if self.tokens is None else Path(self.tokens.replace("{state}", str(state)))

    def certificates(self) -> dict[str, tuple[str, Role]]:
        """Give name and role of each client certificate that is let in."""
        known: dict[str, tuple[str, Role]] = {}
        for certificate, client in self.clients.items():
            named = ControlClient(role=client) if isinstance(client, str) else client
            known[certificate] = (named.name or certificate, Role[named.role.upper()])
        return known


def _host_port(address: str) -> tuple[str, int]:
    found = re.fullmatch(r"(?:\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<host>[A-Za-z0-9._-]+)):(?P<port>\d{1,5})", address)
    if found is None or int(found["port"]) > 65_535:
        raise ValueError(
            f"{address!r} is no address; write unix:PATH, 127.0.0.1:PORT or [::1]:PORT; port 0 is any free one"
        )
    return found["six"] or found["host"], int(found["port"])


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens on `host`; a name must lead nowhere else.

    Examples
    --------
    >>> from tickwright.control.settings import is_loopback
    >>> [is_loopback(host) for host in ("127.0.0.1", "::1", "0.0.0.0", "10.0.0.1")]
    [True, True, False, False]
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return _all_loopback(host)


def _all_loopback(name: str) -> bool:
    try:
        found: Iterable[Any] = socket.getaddrinfo(name, None)
    except OSError:
        return False
    addresses = {str(entry[4][0]).partition("%")[0] for entry in found}
    return bool(addresses) and all(ipaddress.ip_address(address).is_loopback for address in addresses)
