"""The services of the control plane."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tickwright.config import Config
    from tickwright.control.bridge import Bridge
    from tickwright.control.server import Service
    from tickwright.control.services.backtest import BacktestService as BacktestService
    from tickwright.control.services.engine import EngineService as EngineService
    from tickwright.control.services.journal import JournalService as JournalService
    from tickwright.control.services.market_data import MarketDataService as MarketDataService
    from tickwright.control.services.order import OrderService as OrderService
    from tickwright.control.services.portfolio import PortfolioService as PortfolioService
    from tickwright.control.services.risk import RiskService as RiskService
    from tickwright.control.services.strategy import StrategyService as StrategyService

__all__ = [
    "BacktestService",
    "EngineService",
    "JournalService",
    "MarketDataService",
    "OrderService",
    "PortfolioService",
    "RiskService",
    "StrategyService",
    "services",
]

_MODULES = {
    "BacktestService": "backtest",
    "EngineService": "engine",
    "JournalService": "journal",
    "MarketDataService": "market_data",
    "OrderService": "order",
    "PortfolioService": "portfolio",
    "RiskService": "risk",
    "StrategyService": "strategy",
}


def services(
    bridge: Bridge,
    config: Config | None = None,
    *,
    read: Callable[[], Config] | None = None,
    sections: Mapping[str, Callable[[Config], None]] | None = None,
    objectives: Callable[[], Iterable[Any]] | None = None,
) -> list[Service]:
    """Make the services of one engine, in the loop that will serve them.

    Parameters
    ----------
    bridge
        To the node.
    config
        What the engine was started with.
    read
        Reads it again.
    sections
        What puts further sections of it in force while the engine runs, by name.
    objectives
        Gives the service objectives.
    """
    from tickwright.control.flags import Flags
    from tickwright.control.reload import Reload
    from tickwright.control.services.backtest import BacktestService
    from tickwright.control.services.engine import EngineService
    from tickwright.control.services.journal import JournalService
    from tickwright.control.services.market_data import MarketDataService
    from tickwright.control.services.order import OrderService
    from tickwright.control.services.portfolio import PortfolioService
    from tickwright.control.services.risk import RiskService
    from tickwright.control.services.strategy import StrategyService

    flags = Flags.of(bridge)
    reload = None if config is None or read is None else Reload(config, read, sections)
    folder = None if config is None or config.control.strategies is None else Path(config.control.strategies)
    return [
        EngineService(bridge, flags, reload, objectives),
        OrderService(bridge, flags),
        PortfolioService(bridge),
        StrategyService(bridge, folder),
        RiskService(bridge),
        JournalService(bridge, flags),
        MarketDataService(bridge),
        BacktestService(bridge, folder=None if config is None else config.control.backtests),
    ]


def __getattr__(name: str) -> Any:
    """Give a service; each is loaded when it is first used, so that a client need not load an engine."""
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{module}"), name)
