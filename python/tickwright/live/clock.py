"""How far this machine's clock is from the broker's."""

from __future__ import annotations

import logging
from collections.abc import Callable

from tickwright.adapters import Broker
from tickwright.adapters.alpaca.pages import nanoseconds
from tickwright.errors import BrokerError, ConfigError
from tickwright.live.settings import NodeSettings

__all__ = ["ClockCheck"]

log = logging.getLogger(__name__)


class ClockCheck:
    """Compares the clocks, where the node keeps the time of this machine.

    Parameters
    ----------
    broker
        Tells its time.
    settings
        How far apart they may be.
    wall_ns
        Time of this machine.
    """

    def __init__(self, broker: Broker, settings: NodeSettings, wall_ns: Callable[[], int]) -> None:
        self._broker, self._settings, self._wall_ns = broker, settings, wall_ns
        self.skew_s: float | None = None
        """Seconds that this machine was off when they were compared last."""

    @property
    def is_skewed(self) -> bool:
        """Whether they were too far apart when they were compared last."""
        return self.skew_s is not None and self.skew_s > self._settings.clock_skew_s

    async def compare(self) -> int:
        """Note how far they are apart; gives the broker's time, nanoseconds."""
        before = self._wall_ns()
        market_now = nanoseconds(str((await self._broker.clock())["timestamp"]))
        if self._settings.clock == "wall":
            # The broker looked at its clock at some moment between the question and the answer.
            self.skew_s = max(0, before - market_now, market_now - self._wall_ns()) / 1e9
        return market_now

    async def check(self) -> int:
        """Do as `compare` does.

        Raises
        ------
        ConfigError
            They are too far apart.
        """
        market_now = await self.compare()
        if self.is_skewed:
            raise ConfigError(
                f"clock: this machine is {self.skew_s:.1f} s off the broker's; set it right, or use clock = "
                "'data' for a venue that plays another day"
            )
        return market_now

    async def is_still_skewed(self) -> bool:
        """Whether they were too far apart when they were compared last, and are so now."""
        if not self.is_skewed:
            return False
        try:
            await self.compare()
        except BrokerError as error:
            log.warning("cannot compare the clocks: %s", error)
        return self.is_skewed
