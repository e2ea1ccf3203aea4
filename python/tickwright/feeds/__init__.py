"""Market data in: tables of any make, files of the formats that are known by their names, and streams.

Streams are read by decoders, one class a source, which take bytes as they come and give `MarketData`.

Every function gives a `MarketData`, whose ``report`` counts what was wrong with the rows and what was done about it.

A ``policy`` is a mapping of faults to ``"keep"``, ``"drop"`` or ``"fail"``; what it leaves out stays as it is by
default:

============  =======  ==========================================================
fault         default  meaning
============  =======  ==========================================================
malformed     fail     no time, no symbol, or text that is not what was promised
suspicious    drop     the source itself marks the row
zero_price    drop     a price is zero where one is needed
negative      drop     a price or size below zero
not_finite    drop     NaN, infinite or missing
crossed       drop     bid above ask
locked        keep     bid equal to ask
absurd        drop     further than ``absurd_band`` (0.5: 50 %) from its symbol's last good price, if the next disagree
out_of_order  keep     time before the symbol's row above; kept rows are sorted into place
duplicate     keep     same as the symbol's row above in every column
bad_bar       drop     a price outside low and high, or an end before the start
out_of_range  drop     a price or size beyond 9,223,372,036
gap           keep     the symbol's first row after a pause longer than ``gap_after``, within one day (`check` alone)
stale         keep     received more than ``stale_after`` after its time (`check` alone)
halted        keep     while a status says that the symbol is halted (`check` alone)
============  =======  ==========================================================
"""

from tickwright.feeds.actions import actions
from tickwright.feeds.alpaca import AlpacaDecoder, AlpacaHistoryDecoder, ControlMessage, alpaca_history
from tickwright.feeds.crypto import BinanceDecoder, CoinbaseDecoder, KrakenDecoder, binance, coinbase, kraken
from tickwright.feeds.dbn import DbnDecoder, dbn
from tickwright.feeds.decoder import Decoder
from tickwright.feeds.files import SyntheticSymbol, lean, lobster, market, read, synthetic, table, write
from tickwright.feeds.itch import ItchDecoder, itch
from tickwright.feeds.quality import (
    Merger,
    align,
    check,
    clean_quotes,
    clean_trades,
    clock_skew,
    nbbo,
    resample,
    shift,
    trade_flags,
)

__all__ = [
    "AlpacaDecoder",
    "AlpacaHistoryDecoder",
    "BinanceDecoder",
    "CoinbaseDecoder",
    "ControlMessage",
    "DbnDecoder",
    "Decoder",
    "ItchDecoder",
    "KrakenDecoder",
    "Merger",
    "SyntheticSymbol",
    "actions",
    "align",
    "alpaca_history",
    "binance",
    "check",
    "clean_quotes",
    "clean_trades",
    "clock_skew",
    "coinbase",
    "dbn",
    "itch",
    "kraken",
    "lean",
    "lobster",
    "market",
    "nbbo",
    "read",
    "resample",
    "shift",
    "synthetic",
    "table",
    "trade_flags",
    "write",
]
