"""The live node: strategies on an account, with everything in a journal.

>>> from tickwright.live import NodeSettings
>>> NodeSettings(symbols=["AAPL"]).kinds
('quotes', 'trades')
"""

from __future__ import annotations

from tickwright.live.latency import Latency
from tickwright.live.lease import Lease
from tickwright.live.node import LiveNode
from tickwright.live.settings import NodeSettings

__all__ = ["Latency", "Lease", "LiveNode", "NodeSettings"]
