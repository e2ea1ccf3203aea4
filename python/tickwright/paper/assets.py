"""Assets: what `/v2/assets` lists and the venue trades, with ids that are the same in every run."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tickwright.paper.settings import SPACE, PaperAsset

__all__ = ["TEST_SYMBOL", "Asset", "Assets", "asset_class"]

TEST_SYMBOL = "FAKEPACA"
# Consolidated tape by listing exchange: CTA plan (A: NYSE, B: other exchanges), UTP plan (C: NASDAQ).
TAPES = {"NYSE": "A", "AMEX": "B", "ARCA": "B", "NYSEARCA": "B", "BATS": "B", "NASDAQ": "C", "OTC": "O"}
ATTRIBUTES = ("fractional_eh_enabled",)
MIN_TRADE_INCREMENT = "0.000000001"


def asset_class(symbol: str) -> str:
    """``crypto`` for pairs such as BTC/USD, else ``us_equity``."""
    return "crypto" if "/" in symbol else "us_equity"


@dataclass(frozen=True, slots=True)
class Asset:
    """A symbol with what its configuration says."""

    symbol: str
    settings: PaperAsset

    @property
    def id(self) -> uuid.UUID:
        """Id made from the symbol."""
        return uuid.uuid5(SPACE, f"asset {self.symbol}")

    @property
    def asset_class(self) -> str:
        """``us_equity`` or ``crypto``."""
        return asset_class(self.symbol)

    @property
    def exchange(self) -> str:
        """Listing exchange."""
        return self.settings.exchange or ("CRYPTO" if self.asset_class == "crypto" else "NASDAQ")

    @property
    def tape(self) -> str:
        """Tape of its trades and quotes; empty for crypto."""
        return TAPES.get(self.exchange, "")

    def answer(self) -> dict[str, Any]:
        """Fields as Alpaca gives them."""
        given = self.settings
        crypto = self.asset_class == "crypto"
        answer: dict[str, Any] = {
            "id": str(self.id),
            "class": self.asset_class,
            "exchange": self.exchange,
            "symbol": self.symbol,
            "name": given.name or (self.symbol if crypto else f"{self.symbol} Common Stock"),
            "status": given.status,
            "tradable": given.tradable and given.status == "active",
            "marginable": given.marginable and not crypto,
            "maintenance_margin_requirement": 100 if crypto else 30,
            "margin_requirement_long": "100" if crypto else "30",
            "margin_requirement_short": "100" if crypto else "30",
            "shortable": given.shortable and not crypto,
            "easy_to_borrow": given.easy_to_borrow and not crypto,
            "fractionable": given.fractionable,
            "attributes": [] if crypto or not given.fractionable else list(ATTRIBUTES),
        }
        if crypto:
            for field in ("min_order_size", "min_trade_increment", "price_increment"):
                answer[field] = MIN_TRADE_INCREMENT
        else:
            answer["borrow_status"] = "easy_to_borrow" if answer["easy_to_borrow"] else "hard_to_borrow"
        return answer

    def venue(self) -> dict[str, Any]:
        """Give the settings of the symbol for the venue."""
        answer = self.answer()
        kept = ("id", "symbol", "name", "exchange", "tradable", "marginable", "shortable", "easy_to_borrow")
        return {k: answer[k] for k in (*kept, "fractionable", "status")} | {"asset_class": self.asset_class}


class Assets:
    """All assets, by symbol and by id.

    Parameters
    ----------
    symbols : iterable of str
        Symbols of the market.
    settings : mapping
        What the configuration says about some of them; symbols that are there alone are listed without a market.

    Examples
    --------
    >>> listed = Assets(["BTC/USD", "BAC"], {"BAC": PaperAsset(exchange="NYSE")})
    >>> listed.find("btcusd").symbol, listed.find("BAC").tape
    ('BTC/USD', 'A')
    """

    def __init__(self, symbols: Iterable[str], settings: Mapping[str, PaperAsset]) -> None:
        names = sorted({*symbols, *settings})
        self._assets = [Asset(name, settings.get(name, PaperAsset())) for name in names]
        self._found: dict[str, Asset] = {}
        for asset in self._assets:
            self._found[asset.symbol.upper()] = asset
            self._found[str(asset.id)] = asset
            if asset.asset_class == "crypto":  # the old symbology, which paths still take
                self._found.setdefault(asset.symbol.replace("/", "").upper(), asset)

    def __iter__(self) -> Iterator[Asset]:
        return iter(self._assets)

    def find(self, symbol_or_id: str) -> Asset | None:
        """Asset of a symbol or an id."""
        return self._found.get(symbol_or_id.upper()) or self._found.get(symbol_or_id.lower())

    def listed(self, query: Mapping[str, str]) -> list[dict[str, Any]]:
        """Answer of ``/v2/assets``: by class, exchange and symbol, filtered as `query` says."""
        wanted_class = query.get("asset_class") or "us_equity"
        attributes = {a for a in query.get("attributes", "").split(",") if a}
        found: list[dict[str, Any]] = []
        for asset in self._assets:
            answer = asset.answer()
            if answer["class"] != wanted_class:
                continue
            if query.get("status") and answer["status"] != query["status"].lower():
                continue
            if query.get("exchange") and answer["exchange"] != query["exchange"].upper():
                continue
            if attributes and not attributes & set(answer["attributes"]):
                continue
            found.append(answer)
        return sorted(found, key=lambda a: (a["class"], a["exchange"], a["symbol"]))

    def tapes(self) -> dict[str, str]:
        """Tape of each symbol."""
        return {asset.symbol: asset.tape for asset in self._assets}

    def venue(self) -> list[dict[str, Any]]:
        """Give the settings of all symbols for the venue."""
        return [asset.venue() for asset in self._assets]
