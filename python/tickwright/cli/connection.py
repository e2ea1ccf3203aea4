"""The way from the command line to an engine: which one is meant, what opens it, and what its errors mean."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tickwright.cli.process import ADDRESSES, SOCKET, left_behind
from tickwright.cli.profiles import Profile, Profiles
from tickwright.errors import ConfigError, UnreachableError

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from tickwright.control.client import Client

__all__ = ["AMBIENT", "Link", "Target", "checked_address", "opened", "target"]


TIMEOUT_S: Final = 10.0


@dataclass(frozen=True)
class Target:
    """An engine, and what opens it."""

    profile: Profile
    state: Path | None = None
    """Its state folder, where it is one of this machine."""

    @property
    def address(self) -> str:
        """``unix:PATH`` or ``HOST:PORT``."""
        return self.profile.address


def checked_address(text: str) -> str:
    """Give an address as gRPC takes it.

    Raises
    ------
    ConfigError
        It is none.

    Examples
    --------
    >>> checked_address("127.0.0.1:7430"), checked_address("unix:state/control.sock"), checked_address("./control.sock")
    ('127.0.0.1:7430', 'unix:state/control.sock', 'unix:./control.sock')
    """
    if text.startswith("unix:"):
        if len(text) > len("unix:"):
            return text
    elif "/" in text and "://" not in text:
        return f"unix:{text}"
    else:
        host, _, port = text.rpartition(":")
        if host and "://" not in text and port.isdigit() and 0 < int(port) < 65_536:
            return text
    raise ConfigError(f"address {text!r}: is none; give unix:PATH or HOST:PORT, such as 127.0.0.1:7430")


def target(
    *,
    address: str | None = None,
    profile: str | None = None,
    state: str | None = None,
    config: str | None = None,
    token_file: str | None = None,
) -> Target:
    """Find out which engine is meant: by address, profile, state folder, environment, the profile in use, ``./state``.

    Raises
    ------
    ConfigError
        Two are named, or the profile is unknown.
    """
    named = [
        flag for flag, value in (("--address", address), ("--profile", profile), ("--state", state or config)) if value
    ]
    if len(named) > 1:
        raise ConfigError(f"{' and '.join(named)}: each names an engine; give one of them")
    folder: Path | None = None
    from_env = os.environ.get("TICKWRIGHT_ADDRESS")
    chosen: Profile
    if address:
        chosen = Profile(checked_address(address))
    elif profile:
        chosen = Profiles.load().named(profile)
    elif not (state or config) and from_env:
        chosen = Profile(checked_address(from_env))
    elif not (state or config) and (profiles := Profiles.load()).current:
        chosen = profiles.named(profiles.current)
    else:
        folder = state_folder(state, config)
        chosen = Profile(_address_of(folder))
    if folder is None and chosen.address.startswith("unix:"):
        folder = Path(chosen.address.removeprefix("unix:")).parent
    return Target(replace(chosen, token_file=token_file or chosen.token_file), folder)


def _address_of(folder: Path) -> str:
    """Give the address of a node by its folder: its socket, or what it wrote down where it listens elsewhere."""
    if not (folder / SOCKET).exists():
        try:
            addresses = json.loads((folder / ADDRESSES).read_text(encoding="utf-8"))["addresses"]
            return checked_address(str(sorted(addresses, key=lambda text: not text.startswith("unix:"))[0]))
        except (OSError, ValueError, LookupError, TypeError, ConfigError):
            pass
    return f"unix:{folder / SOCKET}"


def state_folder(state: str | None, config: str | None) -> Path:
    """Give the state folder of a node of this machine."""
    if state is None and config is not None:
        from tickwright.config import load_config

        return Path(load_config(config).node.state)
    return Path(state or os.environ.get("TICKWRIGHT_NODE__STATE") or "state")


class Link:
    """A channel to an engine.

    Parameters
    ----------
    target
        Which.
    timeout_s
        Seconds for each call; a stream has no end.
    """

    def __init__(self, target: Target, *, timeout_s: float = TIMEOUT_S, config: str | None = None) -> None:
        self.target, self.timeout_s = target, timeout_s
        self.config = config
        """Configuration file that was named to find it."""
        self._opened: Client | None = None

    def ask(self, request: Message, *, timeout_s: float | None = None) -> Any:
        """Send a request of ``tickwright.v1`` and give its answer.

        Raises
        ------
        RemoteError
            The engine refused.
        UnreachableError
            Nobody answered.
        """
        client = self.open()
        try:
            return client.within(timeout_s or self.timeout_s).ask(request, _answer(request))
        except UnreachableError as error:
            raise self._explained(error) from None

    def listen(self, request: Message) -> Iterator[Any]:
        """Send a request whose answers come as they arise; the call ends where the iterator is closed."""
        client = self.open()
        try:
            with client.listen(request, _answer(request)) as answers:
                yield from answers
        except UnreachableError as error:
            raise self._explained(error) from None

    def first(self, request: Message, *, wait_s: float = 0.5) -> Any | None:
        """Send a request whose answers come as they arise, and give the first; None where there is nothing yet."""
        client = self.open()
        try:
            with client.listen(request, _answer(request)) as answers:
                timer = threading.Timer(wait_s, answers.close)
                timer.start()
                try:
                    return next(answers, None)
                finally:
                    timer.cancel()
        except UnreachableError as error:
            raise self._explained(error) from None

    def serving(self, service: str = "") -> str:
        """Ask grpc.health.v1: SERVING, NOT_SERVING or SERVICE_UNKNOWN."""
        import grpc
        from grpc_health.v1 import health_pb2, health_pb2_grpc

        from tickwright.control.remote import Way, explained

        self.open()  # whatever is wrong with the way is told as by any call
        way = Way.of(**self._given())
        with way.channel(grpc) as channel:
            stub: Any = health_pb2_grpc.HealthStub(channel)
            try:
                request = health_pb2.HealthCheckRequest(service=service)
                answer = stub.Check(request, timeout=self.timeout_s, metadata=way.metadata)
            except grpc.RpcError as error:
                failure = explained(error, self.target.address)
                if failure.code == "NOT_FOUND":
                    return "SERVICE_UNKNOWN"
                raise self._explained(failure) if isinstance(failure, UnreachableError) else failure from None
        return str(health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status))

    def open(self) -> Client:
        """Give the client.

        Raises
        ------
        ConfigError
            What opens the engine cannot be used, or gRPC is not installed.
        UnreachableError
            There is no such socket.
        """
        if self._opened is not None:
            return self._opened
        try:
            from tickwright.control.client import Client
        except ModuleNotFoundError as error:
            if not (error.name or "").startswith(("grpc", "google")):
                raise
            raise ConfigError("the control plane needs gRPC; pip install 'tickwright[control]'") from None
        # Tried once: an operator wants to know at once that nobody answers.
        client = Client(**self._given(), timeout_s=self.timeout_s, attempts=1)
        path = self.target.address.removeprefix("unix:")
        if path != self.target.address and not Path(path).exists():
            why = f"no engine at {self.target.address}: the socket is not there{self._why_not()}"
            raise UnreachableError(why, code="UNAVAILABLE")
        self._opened = client
        return client

    def _given(self) -> dict[str, Any]:
        profile = self.target.profile
        files = {name: getattr(profile, name) or None for name in ("token_file", "ca", "cert", "key")}
        return {"address": profile.address, "tls": profile.tls, "server_name": profile.server_name, **files}

    def close(self) -> None:
        """End the channel."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def __enter__(self) -> Link:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _explained(self, error: UnreachableError) -> UnreachableError:
        if error.reason:
            return error
        if error.code == "DEADLINE_EXCEEDED":
            said = f"{self.target.address}: no answer within {self.timeout_s:g} s; --timeout waits longer"
        else:
            said = self._why_not()
            said = f"no engine answers at {self.target.address}{said}" if said else str(error)
        return UnreachableError(said, code=error.code)

    def _why_not(self) -> str:
        """Say what the state folder tells about a node that does not answer."""
        return "" if self.target.state is None else left_behind(self.target.state)


def _answer(request: Message) -> type[Message]:
    """Give the kind of the answer to a request: named as it is, in the same file."""
    found: type[Message] = getattr(
        sys.modules[type(request).__module__], type(request).__name__.removesuffix("Request") + "Response"
    )
    return found


AMBIENT: Final[ContextVar[Link | None]] = ContextVar("tickwright_link", default=None)
"""The link that commands use which name no engine: the shell's."""


@contextmanager
def opened(chosen: dict[str, str | None], timeout_s: float | None) -> Iterator[Link]:
    """Give a link to the engine that the flags `chosen` name: the shell's own where they name none."""
    ambient = AMBIENT.get()
    if ambient is not None and not any(chosen.values()):
        before = ambient.timeout_s
        ambient.timeout_s = timeout_s or before
        try:
            yield ambient
        finally:
            ambient.timeout_s = before
        return
    with Link(target(**chosen), timeout_s=timeout_s or TIMEOUT_S, config=chosen.get("config")) as link:
        yield link
