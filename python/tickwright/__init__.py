"""A deterministic trading engine: a Rust core under a Python face.

Names are loaded when they are first used, so that importing the package costs next to nothing and needs no table
library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tickwright._processor import check as _check_processor

if TYPE_CHECKING:
    from tickwright import feeds as feeds
    from tickwright import fees as fees
    from tickwright import indicators as indicators
    from tickwright import journal as journal
    from tickwright import models as models
    from tickwright import signal as signal
    from tickwright import stats as stats
    from tickwright._core import Bar as Bar
    from tickwright._core import Book as Book
    from tickwright._core import CorporateAction as CorporateAction
    from tickwright._core import Fill as Fill
    from tickwright._core import KillSwitch as KillSwitch
    from tickwright._core import Order as Order
    from tickwright._core import Position as Position
    from tickwright._core import Quote as Quote
    from tickwright._core import Timer as Timer
    from tickwright._core import Trade as Trade
    from tickwright.account import Account as Account
    from tickwright.account import Borrow as Borrow
    from tickwright.backtesting import Result as Result
    from tickwright.backtesting import SimVenue as SimVenue
    from tickwright.backtesting import backtest as backtest
    from tickwright.book import BookSet as BookSet
    from tickwright.book import OrderBook as OrderBook
    from tickwright.data import Columns as Columns
    from tickwright.data import FeedReport as FeedReport
    from tickwright.data import MarketData as MarketData
    from tickwright.data import bars as bars
    from tickwright.errors import AuthenticationError as AuthenticationError
    from tickwright.errors import BrokerError as BrokerError
    from tickwright.errors import ConfigError as ConfigError
    from tickwright.errors import DataError as DataError
    from tickwright.errors import InterruptedRunError as InterruptedRunError
    from tickwright.errors import JournalError as JournalError
    from tickwright.errors import NotSentError as NotSentError
    from tickwright.errors import NumericError as NumericError
    from tickwright.errors import OrderError as OrderError
    from tickwright.errors import OutputError as OutputError
    from tickwright.errors import SignalError as SignalError
    from tickwright.errors import StrategyError as StrategyError
    from tickwright.errors import TickwrightError as TickwrightError
    from tickwright.limits import Group as Group
    from tickwright.limits import Limits as Limits
    from tickwright.limits import RiskLimits as RiskLimits
    from tickwright.matching import MatchingEngine as MatchingEngine
    from tickwright.quoting import Quoting as Quoting
    from tickwright.risk import Risk as Risk
    from tickwright.rules import Fraction as Fraction
    from tickwright.rules import Notional as Notional
    from tickwright.rules import Rules as Rules
    from tickwright.rules import Shares as Shares
    from tickwright.strategy import Strategy as Strategy

__version__ = "0.1.0"

_check_processor()

# Public name → module that defines it; a module that is itself the name maps to "".
_EXPORTS = {
    "Account": "account",
    "AuthenticationError": "errors",
    "Bar": "_core",
    "Book": "_core",
    "BookSet": "book",
    "Borrow": "account",
    "BrokerError": "errors",
    "Columns": "data",
    "ConfigError": "errors",
    "CorporateAction": "_core",
    "DataError": "errors",
    "FeedReport": "data",
    "Fill": "_core",
    "Fraction": "rules",
    "Group": "limits",
    "InterruptedRunError": "errors",
    "JournalError": "errors",
    "KillSwitch": "_core",
    "Limits": "limits",
    "MarketData": "data",
    "MatchingEngine": "matching",
    "Notional": "rules",
    "NotSentError": "errors",
    "NumericError": "errors",
    "Order": "_core",
    "OrderBook": "book",
    "OrderError": "errors",
    "OutputError": "errors",
    "Position": "_core",
    "Quote": "_core",
    "Quoting": "quoting",
    "Result": "backtesting",
    "Risk": "risk",
    "RiskLimits": "limits",
    "Rules": "rules",
    "Shares": "rules",
    "SignalError": "errors",
    "SimVenue": "backtesting",
    "Strategy": "strategy",
    "StrategyError": "errors",
    "TickwrightError": "errors",
    "Timer": "_core",
    "Trade": "_core",
    "backtest": "backtesting",
    "bars": "data",
    "feeds": "",
    "fees": "",
    "models": "",
    "indicators": "",
    "journal": "",
    "signal": "",
    "stats": "",
}

__all__ = ["__version__", *_EXPORTS]


def __getattr__(name: str) -> Any:
    module = _EXPORTS.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = (
        import_module(f"{__name__}.{name}") if module == "" else getattr(import_module(f"{__name__}.{module}"), name)
    )
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_EXPORTS})
