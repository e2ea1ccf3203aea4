"""The errors of this package, one tree under `TickwrightError`.

Every message says what is wrong, where, and what would be right.
"""

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
    "ConfigError",
    "DataError",
    "InterruptedRunError",
    "JournalError",
    "NumericError",
    "OrderError",
    "OutputError",
    "SignalError",
    "StrategyError",
    "TickwrightError",
]


class SignalError(ConfigError, TypeError):
    """A signal expression that cannot mean what was written."""


class OutputError(TickwrightError, OSError):
    """Results that cannot be written."""
