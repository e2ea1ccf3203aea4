"""The tree of errors. Every message says what is wrong, where, and what would be right."""

from __future__ import annotations

__all__ = [
    "ConfigError",
    "DataError",
    "NumberError",
    "OrderError",
    "OutputError",
    "RunInterrupted",
    "SignalError",
    "StrategyError",
    "TickwrightError",
]


class TickwrightError(Exception):
    """Base of everything that this package refuses."""


class NumberError(TickwrightError, ValueError):
    """A number that cannot be held exactly, or a result outside the range of its type."""


class DataError(TickwrightError, ValueError):
    """Market data that cannot be read or trusted."""


class ConfigError(TickwrightError, ValueError):
    """A setting that cannot work."""


class SignalError(ConfigError, TypeError):
    """A signal expression that cannot mean what was written."""


class OrderError(TickwrightError, ValueError):
    """A request about an order that cannot be met."""


class StrategyError(TickwrightError, RuntimeError):
    """A strategy that cannot be loaded, or that failed; the message names the file or callback."""


class OutputError(TickwrightError, OSError):
    """Results that cannot be written."""


class RunInterrupted(TickwrightError):
    """The run was stopped by the operator."""
