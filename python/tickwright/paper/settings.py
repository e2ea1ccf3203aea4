"""``[paper]``: the settings of the paper venue's server, checked before anything starts."""

from __future__ import annotations

import typing
import uuid
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from tickwright._section import Moment, NotNegative, Positive, Section

__all__ = ["PaperAccount", "PaperAsset", "PaperConfig", "PaperFault", "PaperMarket"]

# Ids that must not change from one run to the next are made from names within this space.
SPACE = uuid.UUID("6f1c0a52-7d0f-5b6e-9f51-6b2f6c6f1d3a")

FeedName = Literal["iex", "sip", "delayed_sip", "test", "crypto", "news"]
Count = Annotated[int, Field(ge=0, lt=2**31)]
Text = Annotated[str, Field(min_length=1, max_length=128)]


class PaperAccount(Section):
    """One ``[[paper.accounts]]``: an account, and the keys that open it.

    The keys guard a process on this machine alone: they are no secrets, and must not be Alpaca's.
    """

    key: Text = Field(default="PAPER", description="Key id.")
    secret: Text = Field(default="paper-secret", description="Secret key.")
    name: Text | None = Field(default=None, description="Name that the account's id is made from; without it the key.")
    cash: Positive = Field(default=100_000.0, description="Starting cash, dollars.")
    multiplier: Literal[1, 2, 4] = Field(default=4, description="Most that equity is multiplied by.")
    shorting: bool = Field(default=True, description="Whether it may sell short.")
    feeds: list[FeedName] = Field(
        default_factory=lambda: list(typing.get_args(FeedName)), description="Streams that it may read."
    )

    @property
    def id(self) -> uuid.UUID:
        """Id of the account, the same in every run."""
        return uuid.uuid5(SPACE, f"account {self.name or self.key}")

    @property
    def number(self) -> str:
        """Account number, as Alpaca's paper accounts have it."""
        return f"PA{self.id.int % 10**10:010d}"


class PaperAsset(Section):
    """One ``[paper.assets.SYMBOL]``: what differs from an ordinary share or coin."""

    name: Text | None = Field(default=None, description="Name of the company or coin.")
    exchange: Literal["AMEX", "ARCA", "BATS", "NYSE", "NASDAQ", "NYSEARCA", "OTC", "CRYPTO"] | None = Field(
        default=None, description="Listing exchange; NASDAQ, or CRYPTO for pairs such as BTC/USD."
    )
    status: Literal["active", "inactive"] = Field(default="active", description="Whether it is listed.")
    tradable: bool = Field(default=True, description="Whether orders are taken.")
    shortable: bool = Field(default=True, description="Whether it may be sold short.")
    easy_to_borrow: bool = Field(default=True, description="Whether there are shares to borrow.")
    marginable: bool = Field(default=True, description="Whether it may be bought on margin.")
    fractionable: bool = Field(default=True, description="Whether parts of a share are traded.")


class PaperMarket(Section):
    """``[paper.market]``: where the market comes from."""

    source: Literal["files", "synthetic", "orders", "live"] = Field(
        default="files",
        description="Recorded files of [data], tw.feeds.synthetic, tw.feeds.market, or another Alpaca stream.",
    )
    symbols: list[Text] = Field(default_factory=list, description="Symbols of a market made or passed on.")
    prices: dict[str, Positive] = Field(default_factory=dict, description="Prices at which `orders` opens, by symbol.")
    seed: Annotated[int, Field(ge=0, lt=2**64)] = Field(default=1, description="Seed of a market made.")
    date: str = Field(default="2026-01-05", pattern=r"^\d{4}-\d{2}-\d{2}$", description="First day of a market made.")
    days: Annotated[int, Field(ge=1, le=250)] = Field(default=1, description="Trading days of `synthetic`.")
    scale: Positive = Field(default=1.0, description="Factor on the events of a market made.")
    seconds: Annotated[int, Field(ge=1, le=23_400)] = Field(default=3_600, description="Length of `orders`.")
    url: str = Field(
        default="wss://stream.data.alpaca.markets/v2/iex", description="Stream that `live` passes on, stocks."
    )
    crypto_url: str = Field(
        default="wss://stream.data.alpaca.markets/v1beta3/crypto/us", description="The same for pairs such as BTC/USD."
    )
    key_env: str = Field(default="APCA_API_KEY_ID", description="Variable that holds the key id for `url`.")
    secret_env: str = Field(default="APCA_API_SECRET_KEY", description="Variable that holds the secret key.")

    @model_validator(mode="after")
    def _named(self) -> PaperMarket:
        if self.source == "live" and not self.symbols:
            raise ValueError("`live` passes on what `symbols` names; name at least one")
        return self


class PaperFault(Section):
    """One ``[[paper.faults]]``: what goes wrong, where, and when. docs/paper.md has a table of the kinds."""

    kind: Literal["latency", "status", "timeout", "drop", "duplicate", "reorder", "disconnect", "silence"] = Field(
        description="What goes wrong."
    )
    where: str = Field(
        default="*",
        min_length=1,
        description="Requests as `POST /v2/orders*`, or the streams trade_updates, stocks, crypto; * for any.",
    )
    after: Moment | None = Field(default=None, description="Not before this virtual time.")
    nth: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="The nth request, update or frame that matches, counted from 1."
    )
    every: Annotated[int, Field(ge=1)] | None = Field(default=None, description="Every so many that match.")
    probability: Annotated[float, Field(gt=0, le=1)] | None = Field(
        default=None, description="Chance of each that matches, from the seed."
    )
    times: Count | None = Field(default=None, description="Most often that it happens; without it once with nth.")
    status: Annotated[int, Field(ge=400, le=599)] = Field(default=500, description="Status of the answer.")
    effect: Literal["before", "after"] = Field(
        default="before", description="Whether a status or timeout comes before or after the request took effect."
    )
    latency_ms: NotNegative = Field(default=0.0, description="Milliseconds that the answer waits.")
    jitter_ms: NotNegative = Field(default=0.0, description="Most milliseconds more, at random.")
    duration_ms: NotNegative = Field(default=0.0, description="How long a silence lasts; 0 is for ever.")
    hold_ms: NotNegative = Field(default=0.0, description="How long a timeout holds the connection before cutting it.")


class PaperConfig(Section):
    """``[paper]``: the server, its clock and its limits."""

    host: Literal["127.0.0.1", "::1", "localhost"] = Field(
        default="127.0.0.1", description="Address of this machine alone; the venue is not made for a network."
    )
    port: Annotated[int, Field(ge=0, le=65_535)] = Field(default=8_765, description="TCP port; 0 takes a free one.")
    speed: Annotated[float, Field(ge=0, allow_inf_nan=True)] = Field(
        default=1.0, description="Seconds of the market a second; inf is as fast as possible, 0 moves by hand alone."
    )
    start: Moment | None = Field(default=None, description="Virtual time at the start; the data's first moment.")
    wait: bool = Field(default=True, description="Whether the clock stands still until a client subscribes or orders.")
    at_end: Literal["hold", "loop", "stop"] = Field(
        default="hold", description="After the last event: the clock runs on, the data start again, or the server ends."
    )
    skip_idle_s: NotNegative = Field(
        default=0.0, description="Jump over times without an event that are longer, virtual seconds; 0 never."
    )
    seed: Annotated[int, Field(ge=0, lt=2**63)] = Field(default=1, description="Seed of the venue and of the faults.")
    journal: str | None = Field(default=None, description="Folder that the state is kept in; without it in memory.")
    durability: Literal["always", "group", "os"] = Field(
        default="group", description="When records are on disk: before the answer, in groups, or as the system likes."
    )
    matching: Literal["touch", "book", "engine"] = Field(default="touch", description="What orders are matched with.")
    latency_ms: NotNegative = Field(default=0.0, description="Virtual milliseconds from the answer to the market.")
    fees: Literal["none", "alpaca"] = Field(default="alpaca", description="Fees that trades cost.")
    requests_per_minute: Count = Field(default=200, description="Trading requests of an account a minute; 0: any.")
    data_requests_per_minute: Count = Field(default=200, description="The same of market data.")
    trade_updates: Literal["binary", "text"] = Field(default="binary", description="Frames of trade updates.")
    iex_symbols: Count = Field(default=30, description="Symbols of trades and quotes a connection of iex; 0: any.")
    auth_timeout_s: Positive = Field(default=10.0, description="Seconds until a stream must have authenticated.")
    queue_frames: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        default=4_096, description="Frames that wait for a slow client before it is sent away."
    )
    bars: bool = Field(default=True, description="Whether minute and daily bars are made from trades for the streams.")
    market: PaperMarket = Field(default_factory=PaperMarket, description="Where the market comes from.")
    accounts: list[PaperAccount] = Field(
        default_factory=lambda: [PaperAccount()], min_length=1, description="Accounts and their keys."
    )
    assets: dict[str, PaperAsset] = Field(default_factory=dict, description="Symbols that differ from the ordinary.")
    faults: list[PaperFault] = Field(default_factory=list, description="The fault script.")

    @field_validator("accounts")
    @classmethod
    def _distinct(cls, accounts: list[PaperAccount]) -> list[PaperAccount]:
        keys = [account.key for account in accounts]
        if twice := sorted({key for key in keys if keys.count(key) > 1}):
            raise ValueError(f"key {twice[0]!r} is given twice; give each account its own")
        ids = [account.id for account in accounts]
        if len(set(ids)) < len(ids):
            raise ValueError("two accounts have one name; give each its own")
        return accounts
