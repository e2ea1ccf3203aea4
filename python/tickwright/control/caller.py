"""Who calls, and what they may do."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

__all__ = ["CALLER", "Caller", "Role"]


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
