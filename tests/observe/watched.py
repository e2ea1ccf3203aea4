"""A node beside a paper venue, watched as a configuration says, as `tickwright run` does it."""

from __future__ import annotations

import tickwright as tw
from tests.control.rig import NodeRig
from tickwright.config import Config
from tickwright.observe.assemble import observing


class Turn(tw.Strategy):
    """Buys and sells by turns, every now and then, and asks for more than it may."""

    name = "turn"

    def on_start(self):
        self.seen = 0

    def on_quote(self, quote):
        self.seen += 1
        if self.seen % 50 == 0:
            (self.buy if self.position(quote.symbol).qty <= 0 else self.sell)(quote.symbol, 10)
        if self.seen % 40 == 1:
            self.buy(quote.symbol, 5_000)


class Watched(NodeRig):
    """A rig whose node is watched; `observation` is what watches it."""

    def __init__(self, folder, config=None, strategies=None, **rig):
        rig.setdefault("risk", tw.RiskLimits(max_order_qty=1_000, max_drawdown_pct=50))
        super().__init__(folder, strategies or [Turn()], **rig)
        self.config = config if isinstance(config, Config) else Config.model_validate(config or {})

    def _run(self):
        with observing(self.node, self.loop, self.config) as self.observation:
            super()._run()
