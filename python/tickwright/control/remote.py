"""The way to an engine: its address, what opens it, and what its errors mean."""

from __future__ import annotations

import os
import random
import stat
import time
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from tickwright import logs
from tickwright.errors import ConfigError, RemoteError, UnreachableError

__all__ = ["Attempts", "Way", "explained"]

MESSAGE_BYTES: Final = 64 << 20
FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 2.0


@dataclass(frozen=True)
class Way:
    """Where an engine listens, and what opens it.

    Examples
    --------
    >>> Way.of("127.0.0.1:7430", token="tw_secret-token")
    Way(address='127.0.0.1:7430', tls=False, server_name='')
    """

    address: str
    """``unix:PATH`` or ``HOST:PORT``."""
    token: str = field(default="", repr=False)
    """Sent with every call."""
    tls: bool = False
    """Whether the way is TLS."""
    ca: bytes | None = field(default=None, repr=False)
    """Authorities that vouch for the engine, PEM; None: those that come with gRPC."""
    cert: bytes | None = field(default=None, repr=False)
    """The caller's certificate, PEM."""
    key: bytes | None = field(default=None, repr=False)
    """Its private key, PEM."""
    server_name: str = ""
    """Name in the engine's certificate, where the address has another."""

    @classmethod
    def of(
        cls,
        address: str | None = None,
        *,
        token: str | None = None,
        token_file: str | os.PathLike[str] | None = None,
        tls: bool = False,
        ca: str | os.PathLike[str] | None = None,
        cert: str | os.PathLike[str] | None = None,
        key: str | os.PathLike[str] | None = None,
        server_name: str = "",
    ) -> Way:
        """Find the way: `address` is ``unix:PATH``, ``HOST:PORT``, or the name of a profile.

        Raises
        ------
        ConfigError
            The address is none, a file cannot be read, or a token would go to another machine in the clear.
        """
        given = address or os.environ.get("TICKWRIGHT_ADDRESS") or "unix:state/control.sock"
        if not _is_address(given):
            # Not loaded before it is needed: it brings the command line with it.
            profile = import_module("tickwright.cli.profiles").Profiles.load().named(given)
            given, tls, server_name = profile.address, tls or profile.tls, server_name or profile.server_name
            token_file = token_file or profile.token_file or None
            ca, cert, key = ca or profile.ca or None, cert or profile.cert or None, key or profile.key or None
        if token is None:
            token = _read_token(token_file) if token_file else os.environ.get("TICKWRIGHT_TOKEN", "").strip()
        if (cert is None) != (key is None):
            raise ConfigError("cert, key: belong together; give both or none")
        is_tls = tls or ca is not None or cert is not None
        if token and not is_tls and not _is_here(given):
            raise ConfigError(f"{given}: a token would go there in the clear; give `ca`, or tls=True")
        logs.add_secret(token)
        pem = {name: None if part is None else _read(part) for name, part in (("ca", ca), ("cert", cert), ("key", key))}
        return cls(given, token, is_tls, server_name=server_name, **pem)

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        """What goes with every call."""
        return (("authorization", f"Bearer {self.token}"),) if self.token else ()

    def channel(self, module: Any) -> Any:
        """Open a channel of `module`: ``grpc`` or ``grpc.aio``."""
        options: list[tuple[str, Any]] = [
            ("grpc.max_receive_message_length", MESSAGE_BYTES),
            ("grpc.enable_retries", 0),
            # A client of its own connection: what one channel waits for does not hold up another's.
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.max_reconnect_backoff_ms", 2_000),
        ]
        if self.server_name:
            options.append(("grpc.ssl_target_name_override", self.server_name))
        if not self.tls:
            return module.insecure_channel(self.address, options=options)
        credentials = grpc.ssl_channel_credentials(self.ca, self.key, self.cert)
        return module.secure_channel(self.address, credentials, options=options)


class Attempts:
    """How often, and how long after each other, a call is tried.

    Parameters
    ----------
    most
        How often at most.
    timeout_s
        Seconds for all of them.
    """

    def __init__(self, most: int, timeout_s: float) -> None:
        self._left, self._deadline, self._pause_s = most, time.monotonic() + timeout_s, FIRST_PAUSE_S

    @property
    def left_s(self) -> float:
        """Seconds that are left."""
        return max(0.001, self._deadline - time.monotonic())

    def pause_s(self, error: RemoteError) -> float | None:
        """Give the seconds to wait before it is tried again; None where it is not."""
        self._left -= 1
        # A server that ends cancels what is under way.
        is_passing = error.code in ("UNAVAILABLE", "CANCELLED") or (
            error.code == "RESOURCE_EXHAUSTED" and error.retry_s is not None
        )
        if self._left <= 0 or not is_passing:
            return None
        # Spread, so that clients of an engine that starts again do not all come at once.
        pause = max(error.retry_s or 0.0, self._pause_s * random.uniform(0.5, 1.0))
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
        return pause if time.monotonic() + pause < self._deadline else None


def explained(error: Any, address: str) -> RemoteError:
    """Give the error that a call ended with, with the details that the engine gave."""
    code = error.code().name
    said = error.details() or code
    reason, where, metadata, retry_s = "", "", {}, None
    try:
        found = rpc_status.from_call(error) if hasattr(error, "trailing_metadata") else None
    except ValueError:  # the details are of another status than the call's: not to be believed
        found = None
    for packed in found.details if found is not None else ():
        info, bad, retry = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest(), error_details_pb2.RetryInfo()
        if packed.Unpack(info):
            reason, metadata = info.reason, dict(info.metadata)
        elif packed.Unpack(bad):
            where = bad.field_violations[0].field if bad.field_violations else ""
        elif packed.Unpack(retry):
            retry_s = retry.retry_delay.ToNanoseconds() / 1e9
    if code in ("UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED"):
        message = said if reason else f"no engine answers at {address}: {said}"
        return UnreachableError(message, code=code, reason=reason, metadata=metadata, retry_s=retry_s)
    return RemoteError(said, code=code, reason=reason, metadata=metadata, field=where, retry_s=retry_s)


def _is_address(text: str) -> bool:
    host, _, port = text.rpartition(":")
    return text.startswith("unix:") or bool(host and port.isdigit() and 0 < int(port) < 65_536)


def _is_here(address: str) -> bool:
    host = address.rpartition(":")[0].strip("[]")
    return address.startswith("unix:") or host in ("localhost", "::1") or host.startswith("127.")


def _read(path: str | os.PathLike[str]) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from None


def _read_token(path: str | os.PathLike[str]) -> str:
    try:
        mode = stat.S_IMODE(Path(path).stat().st_mode)
        token = Path(path).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"token file {path}: cannot be read ({error})") from None
    if mode & 0o077:
        raise ConfigError(f"token file {path}: others may read it (mode {mode:03o}); chmod 600 it")
    if not token or any(character.isspace() for character in token):
        raise ConfigError(f"token file {path}: holds no token; it is one line")
    return token
