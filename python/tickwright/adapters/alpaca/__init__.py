"""Alpaca as broker and as source of market data, through alpaca-py and its own streams.

Needs the extra ``alpaca``: ``pip install 'tickwright[alpaca]'``. Importing this loads neither alpaca-py nor websockets;
what is missing is said when something is made.
"""

from __future__ import annotations

from tickwright.adapters.alpaca.announcements import Announcement, announcements
from tickwright.adapters.alpaca.broker import AlpacaBroker
from tickwright.adapters.alpaca.convert import Asset, Clock, TradingDay, TradingDays
from tickwright.adapters.alpaca.data import AlpacaMarketData
from tickwright.adapters.alpaca.endpoints import STOCK_FEEDS, Endpoints
from tickwright.adapters.alpaca.market import SILENCE_S, AlpacaMarketStream
from tickwright.adapters.alpaca.requester import RequestSettings, RequestStatistics
from tickwright.adapters.alpaca.updates import AlpacaUpdateStream

__all__ = [
    "SILENCE_S",
    "STOCK_FEEDS",
    "AlpacaBroker",
    "AlpacaMarketData",
    "AlpacaMarketStream",
    "AlpacaUpdateStream",
    "Announcement",
    "Asset",
    "Clock",
    "Endpoints",
    "RequestSettings",
    "RequestStatistics",
    "TradingDay",
    "TradingDays",
    "announcements",
]
