"""Where Alpaca is, and what must hold before keys are sent there."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from tickwright.errors import ConfigError

__all__ = ["STOCK_FEEDS", "Endpoints"]

STOCK_FEEDS: Final = ("iex", "sip", "delayed_sip", "boats", "overnight", "test")
LIVE_HOST: Final = "api.alpaca.markets"
PAPER_HOST: Final = "paper-api.alpaca.markets"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Addresses of one Alpaca, or of something that speaks its protocol.

    Parameters
    ----------
    trading : str
        Before ``/v2/orders``.
    updates : str
        The stream of trade updates, whole.
    data : str
        Before ``/v2/stocks/bars``.
    streams : str
        Before ``/v2/iex`` and ``/v1beta3/crypto/us``.

    Notes
    -----
    Keys are sent to these addresses, so any that is not on this machine must be ``https`` or ``wss``.

    Examples
    --------
    >>> from tickwright.adapters.alpaca import Endpoints
    >>> Endpoints.alpaca().updates
    'wss://paper-api.alpaca.markets/stream'
    >>> Endpoints.at("http://127.0.0.1:8000").updates
    'ws://127.0.0.1:8000/stream'
    """

    trading: str
    updates: str
    data: str
    streams: str

    def __post_init__(self) -> None:
        for name in ("trading", "updates", "data", "streams"):
            url = getattr(self, name)
            parts = urlsplit(url)
            secure, plain = ("wss", "ws") if name in ("updates", "streams") else ("https", "http")
            if parts.scheme not in (secure, plain) or not parts.hostname:
                raise ConfigError(f"{name}: {url!r} is not an address; give one that begins with {secure}://")
            if parts.username or parts.password:
                raise ConfigError(f"{name}: has a name or a password in the address; keys go into credentials")
            if parts.scheme == plain and not _on_this_machine(parts.hostname):
                raise ConfigError(f"{name}: {url!r} would send keys unencrypted; use {secure}://")
            object.__setattr__(self, name, url.rstrip("/"))

    @property
    def is_live(self) -> bool:
        """Whether orders sent here trade real money."""
        return any(urlsplit(url).hostname == LIVE_HOST for url in (self.trading, self.updates))

    @property
    def is_paper(self) -> bool:
        """Whether this is Alpaca's paper trading."""
        return any(urlsplit(url).hostname == PAPER_HOST for url in (self.trading, self.updates))

    @classmethod
    def alpaca(cls, *, live: bool = False) -> Endpoints:
        """Alpaca itself: its paper accounts, or, only where asked for, its live ones."""
        host = LIVE_HOST if live else PAPER_HOST
        return cls(
            f"https://{host}",
            f"wss://{host}/stream",
            "https://data.alpaca.markets",
            "wss://stream.data.alpaca.markets",
        )

    @classmethod
    def at(cls, url: str) -> Endpoints:
        """Everything at one address, as a paper venue on this machine serves it."""
        base = url.rstrip("/")
        sockets = base.replace("http", "ws", 1)
        return cls(base, f"{sockets}/stream", base, sockets)


def _on_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
