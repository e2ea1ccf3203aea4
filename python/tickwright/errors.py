"""The errors of this package, one tree under `TickwrightError`.

Every message says what is wrong, where, and what would be right.
"""

from typing import Any

from tickwright._core import (
    ConfigError,
    DataError,
    InterruptedRunError,
    JournalError,
    NumericError,
    OrderError,
    StrategyError,
    TickwrightError,
)

__all__ = [
    "AuthenticationError",
    "BrokerError",
    "ConfigError",
    "DataError",
    "InterruptedRunError",
    "JournalError",
    "NotSentError",
    "NumericError",
    "OrderError",
    "OutputError",
    "RefusedError",
    "RemoteError",
    "SignalError",
    "StrategyError",
    "TickwrightError",
    "UnreachableError",
]


class SignalError(ConfigError, TypeError):
    """A signal expression that cannot mean what was written."""


class OutputError(TickwrightError, OSError):
    """Results that cannot be written."""


class RefusedError(TickwrightError):
    """A risk check refused an order.

    Attributes
    ----------
    code : str
        Code of the check, such as ``MAX_QTY``.
    scope : str
        Whose limit: the account, a strategy, a symbol, a group.
    why : str
        What was too much, and what would pass.
    order : dict
        The order, refused.
    """

    def __init__(self, code: str, scope: str, why: str, order: dict[str, Any]) -> None:
        super().__init__(f"{code} ({scope}): {why}")
        self.code, self.scope, self.why, self.order = code, scope, why, order


class BrokerError(TickwrightError):
    """A broker, or the way to it, did not give what was asked for.

    Attributes
    ----------
    status : int
        HTTP status; 0 where there was no answer.
    code : int
        The broker's code; 0 for none.
    """

    def __init__(self, message: str, *, status: int = 0, code: int = 0) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class AuthenticationError(BrokerError):
    """A broker does not know the keys, or they do not allow what was asked for."""


class NotSentError(BrokerError):
    """A request never left: its queue was full, its time ran out, or there was no way to the broker."""


class RemoteError(TickwrightError):
    """An engine that is asked over the network refused, or could not do, what was asked.

    Attributes
    ----------
    code : str
        gRPC's name of the status, such as ``FAILED_PRECONDITION``.
    reason : str
        Why, for programs, such as ``MAX_QTY`` or ``STATE``; empty where the engine did not say.
    metadata : dict of str to str
        What belongs to the reason.
    field : str
        The field of the request that is wrong; empty where none is.
    retry_s : float or None
        Seconds after which it may be asked again.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str,
        reason: str = "",
        metadata: dict[str, str] | None = None,
        field: str = "",
        retry_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.code, self.reason, self.metadata = code, reason, metadata or {}
        self.field, self.retry_s = field, retry_s


class UnreachableError(RemoteError):
    """No engine answers there, or not in time; whether a command took effect is not known."""
