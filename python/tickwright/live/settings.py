"""``[node]``: what a live node runs with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator

from tickwright._section import NotNegative, Section

__all__ = ["NodeSettings"]

Kind = Literal["quotes", "trades", "bars", "orderbooks"]
Whole = Annotated[int, Field(ge=0, lt=2**31)]


class NodeSettings(Section):
    """``[node]``: a live node and the account it trades.

    Examples
    --------
    >>> from tickwright.live import NodeSettings
    >>> settings = NodeSettings(symbols=["AAPL", "BTC/USD"])
    >>> settings.stocks, settings.crypto, settings.kinds
    (('AAPL',), ('BTC/USD',), ['quotes', 'trades'])
    """

    symbols: list[str] = Field(
        default_factory=list, description="What is traded: stocks such as AAPL, crypto such as BTC/USD."
    )
    kinds: list[Kind] = Field(default=["quotes", "trades"], min_length=1, description="Data asked for of each.")
    live: bool = Field(default=False, description="Trade real money; without it only paper accounts are spoken to.")
    url: str | None = Field(
        default=None, description="Address of a paper venue, such as http://127.0.0.1:8765; without it Alpaca's."
    )
    feed: Literal["iex", "sip", "delayed_sip", "boats", "overnight", "test"] = Field(
        default="iex", description="Alpaca's feed of stocks."
    )
    state: str | Path = Field(default="state", description="Folder of the journal and what else a restart needs.")
    durability: Literal["always", "group", "os"] = Field(
        default="group", description="When an order's record is on the disk: before it leaves, in groups, or written."
    )
    group_ms: Annotated[int, Field(ge=1, le=1_000)] = Field(default=2, description="Milliseconds of a group.")
    snapshot_every: Whole = Field(default=500_000, description="Steps from one snapshot to the next; 0 for none.")
    checkpoint_every: Whole = Field(default=65_536, description="Records from one checkpoint to the next.")
    warmup_minutes: Whole = Field(default=0, description="Minutes of history that strategies are shown first.")
    clock: Literal["wall", "data"] = Field(
        default="wall", description="Time goes on by itself, or is that of the newest data (a venue of another day)."
    )
    sessions: bool = Field(
        default=True, description="Refuse orders while the broker's calendar has no session for them (SESSION)."
    )
    actions: bool = Field(
        default=True, description="Book splits and dividends of stocks as they are announced by the data."
    )
    on_stop: Literal["leave", "cancel", "flatten"] = Field(
        default="leave", description="At the end orders and positions stay, orders go, or positions go too."
    )
    adopt: bool = Field(default=False, description="Trade beside positions that the account has already.")
    resend_s: NotNegative = Field(default=10.0, description="Seconds after which an unsent order is given up.")
    broker_timeout_s: NotNegative = Field(default=30.0, description="Seconds without the broker until SAFE_MODE.")
    stale_after_s: NotNegative = Field(default=60.0, description="Seconds without data until SAFE_MODE; 0 never.")
    reconcile_every_s: NotNegative = Field(default=300.0, description="Seconds between comparisons; 0 for none.")
    gap_fill_s: NotNegative = Field(default=600.0, description="Longest gap of data that history fills, seconds.")
    clock_skew_s: NotNegative = Field(default=2.0, description="Most seconds that the machine's clock may be off.")

    @field_validator("symbols")
    @classmethod
    def _distinct(cls, symbols: list[str]) -> list[str]:
        if len(set(symbols)) != len(symbols):
            raise ValueError("names a symbol twice; name each once")
        return symbols

    @property
    def stocks(self) -> tuple[str, ...]:
        """Symbols of stocks."""
        return tuple(symbol for symbol in self.symbols if "/" not in symbol)

    @property
    def crypto(self) -> tuple[str, ...]:
        """Symbols of crypto."""
        return tuple(symbol for symbol in self.symbols if "/" in symbol)
