"""Who calls, what they may do, and what is known of the call while it is served."""

from __future__ import annotations

import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final, Protocol

__all__ = ["CALLER", "COMMAND", "REQUEST_ID", "Caller", "Command", "Role"]


class Role(IntEnum):
    """What a caller may do; each role may do what those before it may.

    Examples
    --------
    >>> from tickwright.control import Role
    >>> Role.TRADER >= Role.VIEWER, Role["OPERATOR"].name.lower()
    (True, 'operator')
    """

    VIEWER = 1
    """Look at everything, change nothing."""
    TRADER = 2
    """Send, replace and cancel orders; run backtests."""
    OPERATOR = 3
    """Pause, stop, flatten, resume; start and stop strategies."""
    ADMIN = 4
    """Limits, configuration, shutdown, loading of strategies."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls."""

    name: str
    """Of the token, the certificate, or ``local`` over the Unix socket."""
    role: Role
    """What they may do."""
    token_id: str = ""
    """Id of the token, where there is one; never the token itself."""
    peer: str = ""
    """Address, as gRPC has it."""


CALLER: Final[ContextVar[Caller]] = ContextVar("tickwright_caller")
"""Who calls, while a call is served."""


class Recorder(Protocol):
    """Writes the record of a command into the journal of the node that it is given."""

    record: str
    """The record."""

    def __call__(self, node: Any) -> None:
        """Write it, on the node's loop."""
        ...


@dataclass(slots=True)
class Command:
    """A command while it is carried out."""

    method: str
    """Full name, such as ``/tickwright.v1.OrderService/SubmitOrder``."""
    key: str = ""
    """The caller's idempotency key; empty: none."""
    client_order_id: str = ""
    """Id for an order that this command gives: the same for the same caller, method and key; empty without a key."""
    is_in_doubt: bool = False
    """Whether an earlier run of the engine began it and ended before it said what became of it."""
    deadline: float = field(default=float("inf"))
    """Moment of `time.monotonic` after which it must not begin any more."""
    has_begun: bool = False
    """Whether the node was asked to do anything of it."""
    recorder: Recorder | None = None
    """What records it in the turn of the node's loop that begins it; None where it is recorded already."""

    def begin(self) -> bool:
        """Say whether it may begin, or has begun: once it has, its deadline stops nothing any more."""
        if not self.has_begun:
            self.has_begun = time.monotonic() < self.deadline
        return self.has_begun

    def record(self, node: Any) -> None:
        """Record it, the first time; on the node's loop. What cannot be recorded has not begun."""
        recorder, self.recorder = self.recorder, None
        if recorder is not None:
            try:
                recorder(node)
            except BaseException:
                self.has_begun = False
                raise


COMMAND: Final[ContextVar[Command | None]] = ContextVar("tickwright_command", default=None)
"""The command, while one is carried out."""

REQUEST_ID: Final[ContextVar[str]] = ContextVar("tickwright_request_id", default="")
"""Id of the call, given by the caller as ``x-request-id`` or made here; it stands in logs and in the journal."""
