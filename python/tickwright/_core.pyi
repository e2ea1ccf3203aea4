"""The compiled core; wrapped by the modules of this package, not imported by users."""

from collections.abc import Callable, Mapping, Sequence, Set
from os import PathLike
from typing import Any, Final, Literal, Self, TypeAlias, TypedDict, TypeVar, final, overload

import numpy as np
import numpy.typing as npt

_T_co = TypeVar("_T_co", covariant=True)
_Floats: TypeAlias = npt.NDArray[np.float64]

__version__: str

DEBUG_BUILD: Final[bool]
"""Whether the core was built without optimisation."""

FAULTS: Final[tuple[str, ...]]
"""Names of the faults that a feed's policy decides on."""

# --- errors ----------------------------------------------------------------------------------------------------------

class TickwrightError(Exception):
    """Base of everything that tickwright refuses."""

class DataError(TickwrightError):
    """Market data that cannot be read or trusted."""

class JournalError(DataError):
    """A journal that cannot be read or written, or is not what was written."""

class ConfigError(TickwrightError):
    """A setting that cannot work."""

class OrderError(TickwrightError):
    """A request about an order that cannot be met."""

class StrategyError(TickwrightError):
    """A strategy that raised, or returned what makes no sense."""

class NumericError(TickwrightError):
    """A number that cannot be held exactly, or a result out of range."""

class InterruptedRunError(TickwrightError):
    """A run that the operator stopped."""

# --- market data -----------------------------------------------------------------------------------------------------

class _FaultCount(TypedDict):
    found: int
    dropped: int
    first: str | None

class _Report(TypedDict):
    rows: int
    events: int
    faults: dict[str, _FaultCount]
    notes: list[str]

@final
class MarketData:
    """Market data, shared and never changed."""

    @staticmethod
    def merge(parts: Sequence[MarketData]) -> MarketData:
        """All parts in one, with ids of one table."""

    @property
    def symbols(self) -> list[str]:
        """Symbols in order of id."""

    def __len__(self) -> int: ...
    @property
    def heap_bytes(self) -> int:
        """Bytes held."""

    @property
    def span(self) -> tuple[int, int] | None:
        """First and last time in nanoseconds."""

    def count(self, kind: str) -> int:
        """Rows of `kind`: quotes, trades, bars, actions or deltas."""

    @property
    def report(self) -> _Report:
        """What the normalisers saw, as plain Python."""

    @property
    def news(self) -> list[dict[str, Any]]:
        """News items, as dictionaries."""

    def columns(self, kind: str) -> Columns:
        """Give the columns of `kind`, in one batch sorted by time; made once."""

    def aggregate(self, spec: str) -> MarketData:
        """Make bars of the trades, as `spec` says."""

    def select(self, symbols: Sequence[str] | None, start: int | None, end: int | None) -> MarketData:
        """Select the events of `symbols` from `start` on and before `end`, nanoseconds."""

@final
class Decoder:
    """A source's decoder, with the events that nobody has taken yet."""

    def __new__(cls, source: str, settings: dict[str, Any], quality: dict[str, str | float] | None = None) -> Self: ...
    def feed(self, data: bytes | bytearray | memoryview | str, recv: int | None = None) -> int:
        """Decode bytes, or the text of a JSON frame, and keep the events; how many are waiting to be taken."""

    def controls(self) -> list[tuple[str, int | None, str | None, list[tuple[str, list[str]]] | None]]:
        """Give what the source said to its reader since the last call: kind, code, message and channels."""

    @property
    def counts(self) -> dict[str, int]:
        """What was seen since the stream began, by the source's name for it."""

    def take(self) -> MarketData:
        """Give the events waiting, each kind sorted by time."""

    def finish(self) -> MarketData:
        """End the stream: a cut message is counted or refused; the events waiting."""

    @property
    def report(self) -> _Report:
        """What was seen from the first byte on, as plain Python."""

    def read(self, path: str | PathLike[str], progress: Callable[[int, int], object] | None = None) -> MarketData:
        """Read a whole file."""

@final
class Columns:
    """One kind of event by column, sorted by time."""

    def __len__(self) -> int: ...
    @property
    def symbols(self) -> list[str]:
        """Symbols in order of id."""

    @property
    def labels(self) -> list[str]:
        """Texts that the label columns point to; the first is the empty one."""

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Name → numpy array: read-only views, but for kinds, actions and sides, small codes in new arrays."""

# --- order books ------------------------------------------------------------------------------------------------------

_Raw: TypeAlias = npt.NDArray[np.int64]
_DepthArrays: TypeAlias = tuple[
    npt.NDArray[Any],
    npt.NDArray[Any],
    npt.NDArray[np.uint32],
    npt.NDArray[Any],
    npt.NDArray[Any],
    npt.NDArray[np.uint32],
]

def fixed(value: object) -> int:
    """Units of 1e-9 of a float, an int, a `Decimal` or text."""

@final
class MatchEvent:
    """One event of a `MatchingEngine`. Attributes that an event of its kind does not have are None."""

    @property
    def kind(self) -> str:
        """What happened.

        ``accepted``, ``rejected``, ``filled``, ``canceled``, ``replaced``, ``repriced``, ``triggered``, ``expired``,
        ``indicative``, ``uncrossed``, ``phase``, ``bands`` or ``limit_state``.
        """

    @property
    def order(self) -> tuple[int, int] | None:
        """The order: participant and its number there; of a fill the taker."""

    @property
    def maker(self) -> tuple[int, int] | None:
        """The resting order of a fill; in an auction the seller's."""

    @property
    def taker(self) -> tuple[int, int] | None:
        """The incoming order of a fill; in an auction the buyer's."""

    @property
    def execution_id(self) -> int | None:
        """Number of the trade, from 1 up."""

    @property
    def made_in(self) -> str | None:
        """Where the trade was made: ``continuous``, ``auction`` or ``record``."""

    @property
    def side(self) -> str | None:
        """Side of the order, of the taker, or of the quote in a limit state."""

    @property
    def price(self) -> float | None:
        """Limit, or price of the trade or auction, dollars."""

    @property
    def qty(self) -> float | None:
        """Shares ordered, traded, or paired in an auction."""

    @property
    def left(self) -> float | None:
        """Shares of the order, or of the taker, still to fill, or that did not trade."""

    @property
    def maker_left(self) -> float | None:
        """Shares of the maker still to fill."""

    @property
    def reason(self) -> str | None:
        """Why a request was rejected or an order canceled."""

    @property
    def request(self) -> str | None:
        """What was asked and rejected: ``new``, ``cancel`` or ``replace``."""

    @property
    def kept_place(self) -> bool | None:
        """Whether a replaced order kept its place in the queue."""

    @property
    def imbalance(self) -> float | None:
        """Shares left over at the auction's price: buyers' above zero, sellers' below."""

    @property
    def phase(self) -> str | None:
        """The phase from now on."""

    @property
    def bands(self) -> tuple[float, float, float] | None:
        """Reference, lower and upper price band, dollars."""

    @property
    def ts(self) -> int | None:
        """Time of what happens by itself, nanoseconds since 1970 UTC."""

class MatchingEngine:
    """One instrument's exchange; `tickwright.MatchingEngine` adds columns."""

    def __new__(
        cls,
        *,
        tick: object = None,
        lot: object = None,
        self_match: str = "allow",
        luld: str = "none",
        orders_max: int = ...,
    ) -> Self: ...
    def submit(
        self,
        participant: int,
        order: int,
        side: str,
        qty: object,
        price: object = None,
        *,
        stop: object = None,
        tif: str = "day",
        post_only: bool = False,
        ts: int = ...,
    ) -> list[MatchEvent]:
        """Send a new order: market without a price, stop or stop-limit with a stop."""

    def cancel(self, participant: int, order: int, *, ts: int = ...) -> list[MatchEvent]:
        """Cancel an order."""

    def replace(
        self,
        participant: int,
        order: int,
        *,
        qty: object = None,
        price: object = None,
        stop: object = None,
        ts: int = ...,
    ) -> list[MatchEvent]:
        """Give an order new terms; it keeps its place in the queue where only its quantity shrinks."""

    def mass_cancel(self, participant: int, *, ts: int = ...) -> list[MatchEvent]:
        """Cancel every order of a participant, the oldest first."""

    def set_phase(self, phase: str, *, ts: int = ...) -> list[MatchEvent]:
        """Go over to another phase; an auction leads into ``continuous`` and to ``closed``."""

    def advance(self, ts: int) -> list[MatchEvent]:
        """Let time pass: what is due by `ts` happens, at its own time."""

    def set_reference(self, price: object) -> None:
        """Tell the price for auctions that no trade gives, such as the previous close."""

    def set_luld_day(self, previous_close: object, close_ts: int) -> None:
        """Tell the price bands the previous close and when the session ends."""

    def apply_arrays(
        self,
        op: npt.NDArray[np.int8],
        participant: npt.NDArray[np.uint32],
        order: npt.NDArray[np.uint64],
        side: npt.NDArray[np.int8],
        price: _Raw,
        qty: _Raw,
        stop: _Raw | None,
        tif: npt.NDArray[np.int8] | None,
        post_only: npt.NDArray[np.int8] | None,
        ts: npt.NDArray[np.int64] | None,
    ) -> dict[str, Any]:
        """Apply columns of requests; prices and quantities in units of 1e-9."""

    def best_bid(self) -> tuple[float, float, int] | None:
        """Price, shares and orders of the highest bid."""

    def best_ask(self) -> tuple[float, float, int] | None:
        """Price, shares and orders of the lowest ask."""

    def depth(self, n: int = 10) -> tuple[list[tuple[float, float, int]], list[tuple[float, float, int]]]:
        """Price, shares and orders of the best bids and asks."""

    def orders_at(self, side: str, price: object) -> list[tuple[int, int, float]]:
        """Participant, number and shares of the orders at a price, the first to trade first."""

    def queue_ahead(self, participant: int, order: int) -> tuple[float, int] | None:
        """Shares and orders in front of an order at its price; None where it is not in the book."""

    def order(self, participant: int, order: int) -> dict[str, Any] | None:
        """Side, price, stop, shares left and filled, tif, and whether the order is in the book."""

    def indicative(self) -> tuple[float | None, float, float]:
        """Tell what the auction would do now: price, shares paired, imbalance."""

    def bands(self) -> tuple[float, float, float] | None:
        """Give reference, lower and upper price band, where they are in force."""

    @property
    def phase(self) -> str:
        """What the exchange is doing."""

    @property
    def last_trade(self) -> float | None:
        """Price of the last trade."""

    def __len__(self) -> int: ...
    def to_bytes(self) -> bytes:
        """Give the whole state."""

    def restore(self, state: bytes) -> None:
        """Go on from the state that `to_bytes` gave."""

class OrderBook:
    """One instrument's order book; `tickwright.OrderBook` adds columns and arrays."""

    def __new__(
        cls, depth: str = "L3", *, crossed: str = "keep", orders_max: int = 1_000_000, levels_max: int = 100_000
    ) -> Self: ...
    def add(self, order_id: int, side: str, price: object, size: object) -> str:
        """Add an order at the end of its level's queue."""

    def modify(self, order_id: int, price: object, size: object, side: str | None = None) -> str:
        """Give an order a new price and size; it keeps its place where the price stays and the size does not grow."""

    def replace(self, order_id: int, new_id: int, price: object, size: object) -> str:
        """Replace an order by a new one of the same side, at the end of the queue."""

    def cancel(self, order_id: int, size: object = None) -> str:
        """Take shares of an order out of the book; all of them without a size."""

    def execute(self, order_id: int, size: object) -> str:
        """Execute shares of an order."""

    def set_level(self, side: str, price: object, size: object) -> str:
        """Set the size of a level that is not of known orders; zero takes it away."""

    def clear(self, side: str | None = None) -> None:
        """Empty the book, or one side of it."""

    def load(self, bids: Sequence[tuple[int, int]], asks: Sequence[tuple[int, int]]) -> None:
        """Replace the book by levels of price and size, in units of 1e-9."""

    def apply_columns(self, columns: Columns, instrument: int | None = None) -> dict[str, int]:
        """Apply columns of book changes, of one instrument where one is named, or quotes."""

    def apply_arrays(
        self,
        order: npt.NDArray[np.uint64],
        action: npt.NDArray[np.int8],
        side: npt.NDArray[np.int8],
        price: _Raw,
        size: _Raw,
    ) -> dict[str, int]:
        """Apply numpy columns of book changes; prices and sizes in units of 1e-9, actions and sides as codes."""

    @overload
    def best_bid(self, *, raw: Literal[False] = False) -> tuple[float, float] | None: ...
    @overload
    def best_bid(self, *, raw: Literal[True]) -> tuple[int, int] | None:
        """Price and size of the highest bid."""

    @overload
    def best_ask(self, *, raw: Literal[False] = False) -> tuple[float, float] | None: ...
    @overload
    def best_ask(self, *, raw: Literal[True]) -> tuple[int, int] | None:
        """Price and size of the lowest ask."""

    def depth_arrays(self, n: int, raw: bool) -> _DepthArrays:
        """Price, size and orders of the best bids, then asks."""

    def spread(self) -> float | None:
        """Ask less bid, dollars; below zero where the book is crossed."""

    def mid(self) -> float | None:
        """Halfway between bid and ask, dollars."""

    def microprice(self) -> float | None:
        """(bid × ask size + ask × bid size) ÷ (bid size + ask size), dollars."""

    def imbalance(self, n: int = 1) -> float | None:
        """(B − A) ÷ (B + A) of the sizes of the best `n` levels, from −1 to 1."""

    def vwap(self, side: str, size: object) -> float | None:
        """Average price at which an order for `size` would trade at once; None where the other side is too thin."""

    def size_to(self, side: str, price: object) -> float:
        """Shares of `side` at `price` and better."""

    @property
    def is_crossed(self) -> bool:
        """Bid above ask."""

    def queue_ahead_of(self, order_id: int) -> tuple[float, int, float] | None:
        """Shares and orders in front of an order, and the shares of its level without orders."""

    def order(self, order_id: int) -> tuple[str, float, float] | None:
        """Side, price and shares left of an order."""

    def queue(self, side: str, price: object) -> list[tuple[int, float]]:
        """Ids and sizes of the orders of a level, first in the queue first."""

    def truncate(self, levels: int) -> int:
        """Keep the best `levels` of each side; gives how many went."""

    def check(self) -> None:
        """Check the book against itself; a fault is a `DataError`."""

    def __len__(self) -> int: ...
    @property
    def level_counts(self) -> tuple[int, int]:
        """How many levels the bids and the asks have."""

    @property
    def counts(self) -> dict[str, int]:
        """What was seen since the book was made."""

    @property
    def heap_bytes(self) -> int:
        """Bytes of memory held."""

    @property
    def settings(self) -> tuple[str, str, int, int]:
        """Depth, crossed policy, most orders and most levels."""

    def contents(self) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int8], _Raw, _Raw]:
        """Columns order, side, price and size that make the book anew."""

    def restore(
        self,
        order: npt.NDArray[np.uint64],
        side: npt.NDArray[np.int8],
        price: _Raw,
        size: _Raw,
        counts: Sequence[int],
    ) -> None:
        """Become the book that `contents` and `counts` were taken of."""

class BookSet:
    """The order books of many instruments; `tickwright.BookSet` adds arrays."""

    def __new__(
        cls,
        depth: str = "L3",
        *,
        crossed: str = "keep",
        orders_max: int = 1_000_000,
        levels_max: int = 100_000,
        books_max: int = 10_000,
        total_orders_max: int = 10_000_000,
    ) -> Self: ...
    def apply_columns(self, columns: Columns) -> dict[str, int]:
        """Apply columns of book changes, or quotes, to the books of their symbols."""

    @property
    def symbols(self) -> list[str]:
        """Symbols that have a book."""

    @overload
    def best_bid(self, symbol: str, *, raw: Literal[False] = False) -> tuple[float, float] | None: ...
    @overload
    def best_bid(self, symbol: str, *, raw: Literal[True]) -> tuple[int, int] | None:
        """Price and size of a symbol's highest bid."""

    @overload
    def best_ask(self, symbol: str, *, raw: Literal[False] = False) -> tuple[float, float] | None: ...
    @overload
    def best_ask(self, symbol: str, *, raw: Literal[True]) -> tuple[int, int] | None:
        """Price and size of a symbol's lowest ask."""

    def depth_arrays(self, symbol: str, n: int, raw: bool) -> _DepthArrays:
        """Price, size and orders of a symbol's best bids, then asks."""

    def copy_into(self, symbol: str, target: OrderBook) -> None:
        """Put a copy of a symbol's book into `target`."""

    def counts(self, symbol: str | None = None) -> dict[str, int]:
        """Give what one symbol's book has seen, or all have."""

    def check(self) -> None:
        """Check every book against itself; a fault is a `DataError`."""

    def __len__(self) -> int: ...
    def __contains__(self, symbol: str, /) -> bool: ...
    @property
    def order_count(self) -> int:
        """Live orders of all books."""

    @property
    def heap_bytes(self) -> int:
        """Bytes of memory held."""

def read_table(
    kind: str,
    place: str,
    ts: npt.NDArray[np.int64],
    names: Sequence[str],
    codes: npt.NDArray[np.int32] | None,
    columns: dict[str, _Floats | npt.NDArray[np.int64]],
    *,
    start: npt.NDArray[np.int64] | None = None,
    recv: npt.NDArray[np.int64] | None = None,
    flags: npt.NDArray[np.uint32] | None = None,
    extras: dict[str, npt.NDArray[Any]] | None = None,
    policy: dict[str, str | float] | None = None,
) -> MarketData:
    """Read rows of `kind` from contiguous arrays: numbers as floats or counts of 1e-9, times in nanoseconds."""

def check(data: MarketData, policy: dict[str, str | float] | None = None) -> MarketData:
    """Judge the events of `data`."""

def clean_trades(
    data: MarketData,
    *,
    session_ms: tuple[int, int] | None,
    venues: bytes | None,
    conditions: Sequence[bytes] | None,
    uncorrected: bool,
    one_a_moment: bool,
    quotes: MarketData | None,
    spreads: float,
) -> MarketData:
    """Give the trades that the rules keep."""

def clean_quotes(
    data: MarketData,
    *,
    session_ms: tuple[int, int] | None,
    venues: bytes | None,
    one_a_moment: bool,
    uncrossed: bool,
    spreads_max: float,
    deviations_max: float,
) -> MarketData:
    """Give the quotes that the rules keep."""

def nbbo(data: MarketData, *, size: str, empty: str, crossing: str, age_max: int | str | None) -> MarketData:
    """Consolidate quotes of many venues."""

def align_trades(
    trades: MarketData, quotes: MarketData, tolerance: int | str | None, lag: int | str | None
) -> dict[str, npt.NDArray[Any]]:
    """For each trade the row of its quote, -1 for none, and who took the initiative."""

def resample(
    data: MarketData, start: int | None, end: int | None, step: int | str | None, tolerance: int | str | None
) -> MarketData:
    """Put quotes on a grid of times."""

def shift(data: MarketData, by: int | str | None) -> MarketData:
    """Move all times."""

def trade_flags(codes: str, tape: str) -> int:
    """Give the flags of a trade with these conditions."""

@final
class Merger:
    """Merges batches of many sources as they come."""

    def __new__(cls, kind: str, sources: int, rows_max: int, patience: int | str | None) -> Self: ...
    def push(self, source: int, data: MarketData) -> bool:
        """Give a source a batch; false when its buffer is full."""

    def advance(self, source: int, ts: int) -> None:
        """Say that a source gives nothing before `ts`."""

    def end(self, source: int) -> None:
        """End a source."""

    def pull(self, rows: int) -> tuple[MarketData, int]:
        """Rows in order; the source waited for, -1: there is more, -2: there is no more."""

    def counts(self) -> tuple[int, int]:
        """Rows waiting, rows left out as late."""

def actions(rows: Sequence[tuple[str, int, str | None, float | None]]) -> MarketData:
    """Corporate actions: symbol, time, dollars a share as a decimal or new shares for an old one."""

def lean(
    path: str,
    *,
    symbol: str | None,
    date: str | None,
    kind: str | None,
    resolution: str | None,
    session: str,
    adjust: str,
    actions: bool,
    dividend_decimals: int | None,
    start: int | None,
    end: int | None,
    factor_file: str | None,
    consolidate: str,
    conditions: str,
    policy: dict[str, str | float] | None,
    progress: Callable[[int, int], object] | None,
) -> MarketData:
    """Read Lean equity files; :func:`tickwright.feeds.lean` says what the settings are."""

def lobster(
    path: str,
    *,
    symbol: str | None,
    date: str | None,
    orderbook: str | None,
    start: int | None,
    end: int | None,
    policy: dict[str, str | float] | None,
    progress: Callable[[int, int], object] | None,
) -> MarketData:
    """Read a LOBSTER message file; :func:`tickwright.feeds.lobster` says what the settings are."""

def synthetic(
    seed: int,
    symbols: Sequence[tuple[str, Sequence[float] | None]] | None,
    date: str,
    days: int,
    events_scale: float,
    threads: int,
) -> MarketData:
    """Make a synthetic market.

    Settings of a symbol are start price, annual volatility, average daily volume, mean spread in ticks, and events a
    day. Symbols without settings take those of the default symbols in turn.
    """

def market(seed: int, symbols: Sequence[tuple[str, float, bool, float]], date: str, seconds: int) -> MarketData:
    """Simulate a market order by order.

    A symbol is its name, start price, whether its tick is large for its price, and a factor on its pace.
    """

# --- indicators ------------------------------------------------------------------------------------------------------

def run_indicator(
    name: str,
    lines: type[Any] | None,
    axis: int,
    args: tuple[Any, ...],
    keywords: dict[str, Any] | None,
    out: Any = None,
) -> Any:
    """Run the indicator `name` over columns or panels: one array, or several as a `lines`; `out` where it is given."""

class Indicator:
    """One indicator with its state; tickwright.indicators has a class for each."""

    @property
    def value(self) -> Any:
        """The outputs of the last row that was not missing."""

    @property
    def ready(self) -> bool:
        """True once the look-back is behind."""

    @property
    def lookback(self) -> int:
        """Rows before the one with the first full value."""

    @property
    def parameters(self) -> dict[str, int | float]:
        """Parameters by name."""

    def extend(self, *columns: Any) -> Any:
        """Take columns; the outputs of each row."""

    def reset(self) -> None:
        """Forget everything but the parameters."""

    def state(self) -> list[float]:
        """Everything that later values depend on, as numbers."""

    def restore(self, state: Sequence[float]) -> None:
        """Take up the state of an indicator with the same parameters."""

class Indicator1(Indicator):
    """An indicator of 1 input; its classes name the indicator."""

    def __new__(cls, /, *args: Any, **keywords: Any) -> Self: ...
    def update(self, a: float, /) -> Any:
        """Take one row; its outputs."""

class Indicator2(Indicator):
    """An indicator of 2 inputs; its classes name the indicator."""

    def __new__(cls, /, *args: Any, **keywords: Any) -> Self: ...
    def update(self, a: float, b: float, /) -> Any:
        """Take one row; its outputs."""

class Indicator3(Indicator):
    """An indicator of 3 inputs; its classes name the indicator."""

    def __new__(cls, /, *args: Any, **keywords: Any) -> Self: ...
    def update(self, a: float, b: float, c: float, /) -> Any:
        """Take one row; its outputs."""

class Indicator4(Indicator):
    """An indicator of 4 inputs; its classes name the indicator."""

    def __new__(cls, /, *args: Any, **keywords: Any) -> Self: ...
    def update(self, a: float, b: float, c: float, d: float, /) -> Any:
        """Take one row; its outputs."""

class Indicator5(Indicator):
    """An indicator of 5 inputs; its classes name the indicator."""

    def __new__(cls, /, *args: Any, **keywords: Any) -> Self: ...
    def update(self, a: float, b: float, c: float, d: float, e: float, /) -> Any:
        """Take one row; its outputs."""

class IndicatorSet:
    """Indicators by name, with a state for each symbol."""

    def __new__(cls, indicators: Mapping[str, str | tuple[Any, ...]], symbols: Sequence[str] | None = None) -> Self: ...
    def update(
        self,
        symbol: str | int,
        row: Any = None,
        *,
        open: float | None = None,
        high: float | None = None,
        low: float | None = None,
        close: float | None = None,
        volume: float | None = None,
    ) -> None:
        """Take one row of a symbol: `row` in the order of `inputs`, or columns by name."""

    def update_all(self, rows: npt.ArrayLike) -> None:
        """Take one row of every symbol: an array [symbols × inputs]."""

    def extend(self, symbol: str | int, **columns: Any) -> dict[str, _Floats]:
        """Take columns of a symbol by name; the columns of values by name."""

    def value(self, symbol: str | int, column: str) -> float:
        """One value of a symbol."""

    def row(self, symbol: str | int) -> _Floats:
        """Return the values of a symbol after its last row, in an array of their own."""

    @property
    def values(self) -> _Floats:
        """The values of every symbol after its last row, [symbols × columns], in an array of their own."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns of values."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """What a row holds, in order."""

    @property
    def symbols(self) -> tuple[str, ...]:
        """Symbols, in the order of the rows of `values`."""

    def ready(self, symbol: str | int) -> bool:
        """Return true when every indicator of the symbol has its look-back behind it."""

    def reset(self, symbol: str | int | None = None) -> None:
        """Forget everything but the parameters: of one symbol, or of all."""

    def state(self) -> tuple[list[list[float]], list[float]]:
        """Everything that later values depend on."""

    def restore(self, state: tuple[list[list[float]], list[float]]) -> None:
        """Take up the state of an equal set."""

def list_indicators() -> list[dict[str, Any]]:
    """Every indicator as a dictionary, of the fields of tickwright.indicators.Indicator."""

# --- statistics of return series; None stands for "undefined" --------------------------------------------------------

def stats_mean(returns: _Floats) -> float | None:
    """Mean of the returns."""

def stats_deviation(returns: _Floats) -> float | None:
    """Sample standard deviation."""

def stats_total_return(returns: _Floats) -> float | None:
    """Compound return of the series."""

def stats_cagr(returns: _Floats, periods_per_year: float) -> float | None:
    """Compound annual growth rate."""

def stats_annual_volatility(returns: _Floats, periods_per_year: float) -> float | None:
    """Sample deviation × √(periods a year)."""

def stats_sharpe(returns: _Floats, risk_free: float, periods_per_year: float) -> float | None:
    """Annualised Sharpe ratio; `risk_free` is the return of one period."""

def stats_downside_deviation(returns: _Floats, target: float, periods_per_year: float) -> float | None:
    """Annualised deviation below `target`, the return of one period."""

def stats_sortino(returns: _Floats, target: float, periods_per_year: float) -> float | None:
    """Annualised Sortino ratio."""

def stats_max_drawdown(returns: _Floats) -> float | None:
    """Largest fall from a peak of the compounded series, as a fraction."""

def stats_calmar(returns: _Floats, periods_per_year: float) -> float | None:
    """Compound annual growth rate ÷ largest drawdown."""

def stats_skewness(returns: _Floats) -> float | None:
    """Fisher's g1."""

def stats_kurtosis(returns: _Floats) -> float | None:
    """Fisher's g2, in excess of the normal law."""

def stats_value_at_risk(returns: _Floats, tail: float) -> float | None:
    """Loss at the `tail` quantile, positive."""

def stats_expected_shortfall(returns: _Floats, tail: float) -> float | None:
    """Mean loss of the worst `tail` of the periods, positive."""

# --- what a strategy is handed ---------------------------------------------------------------------------------------

@final
class Quote:
    """Best bid and ask."""

    @property
    def symbol(self) -> str:
        """Symbol of the instrument."""

    @property
    def ts(self) -> int:
        """Exchange time, nanoseconds since 1970 UTC."""

    @property
    def bid(self) -> float:
        """Best bid, dollars; 0 when there is none."""

    @property
    def ask(self) -> float:
        """Best ask, dollars; 0 when there is none."""

    @property
    def bid_size(self) -> float:
        """Shares at the bid."""

    @property
    def ask_size(self) -> float:
        """Shares at the ask."""

    @property
    def mid(self) -> float:
        """Midpoint, dollars; NaN unless both sides are there."""

@final
class Trade:
    """A trade print."""

    @property
    def symbol(self) -> str:
        """Symbol of the instrument."""

    @property
    def ts(self) -> int:
        """Exchange time, nanoseconds since 1970 UTC."""

    @property
    def price(self) -> float:
        """Price, dollars."""

    @property
    def size(self) -> float:
        """Shares."""

@final
class Bar:
    """A complete bar."""

    @property
    def symbol(self) -> str:
        """Symbol of the instrument."""

    @property
    def ts(self) -> int:
        """End of the bar, nanoseconds since 1970 UTC: the first moment at which it is known."""

    @property
    def start(self) -> int:
        """Start of the bar, nanoseconds since 1970 UTC."""

    @property
    def open(self) -> float:
        """First price, dollars."""

    @property
    def high(self) -> float:
        """Highest price, dollars."""

    @property
    def low(self) -> float:
        """Lowest price, dollars."""

    @property
    def close(self) -> float:
        """Last price, dollars."""

    @property
    def volume(self) -> float:
        """Shares traded."""

@final
class Fill:
    """A fill of one of the strategy's orders; position and cash already show it."""

    @property
    def symbol(self) -> str:
        """Symbol of the instrument."""

    @property
    def ts(self) -> int:
        """Exchange time, nanoseconds since 1970 UTC."""

    @property
    def recv(self) -> int:
        """When the engine learned of it, nanoseconds since 1970 UTC."""

    @property
    def order_id(self) -> int:
        """Order id."""

    @property
    def side(self) -> str:
        """`buy` or `sell`."""

    @property
    def qty(self) -> float:
        """Shares."""

    @property
    def price(self) -> float:
        """Dollars a share."""

    @property
    def fee(self) -> float:
        """Fee, dollars."""

    @property
    def slippage(self) -> float:
        """Cost against the price at the decision, dollars."""

    @property
    def realized_pnl(self) -> float:
        """Profit realised, before fees, dollars."""

    @property
    def position(self) -> float:
        """The strategy's position afterwards, shares."""

    @property
    def remaining(self) -> float:
        """Shares of the order still to fill."""

    @property
    def maker(self) -> bool:
        """True when the order rested and gave liquidity."""

@final
class Order:
    """One of the strategy's orders as it is at this moment."""

    @property
    def symbol(self) -> str:
        """Symbol of the instrument."""

    @property
    def id(self) -> int:
        """Order id."""

    @property
    def side(self) -> str:
        """`buy` or `sell`."""

    @property
    def type(self) -> str:
        """`market`, `limit`, `stop`, `stop_limit` or `trailing_stop`."""

    @property
    def time_in_force(self) -> str:
        """`day`, `gtc`, `ioc`, `fok`, `opg` or `cls`."""

    @property
    def status(self) -> str:
        """Status, by Alpaca's names; `refused` when our own risk checks refused it."""

    @property
    def is_done(self) -> bool:
        """True when nothing can happen to it any more."""

    @property
    def qty(self) -> float:
        """Shares asked for."""

    @property
    def filled_qty(self) -> float:
        """Shares filled."""

    @property
    def avg_price(self) -> float | None:
        """Average price of the fills, dollars."""

    @property
    def limit_price(self) -> float | None:
        """Limit price, dollars."""

    @property
    def stop_price(self) -> float | None:
        """Stop price, dollars."""

    @property
    def submitted(self) -> int:
        """When the strategy sent it, nanoseconds since 1970 UTC."""

    @property
    def replaces(self) -> int | None:
        """The order it replaces, if any."""

    @property
    def order_class(self) -> str:
        """`simple`, `bracket`, `oco` or `oto`; a leg has its parent's."""

    @property
    def parent(self) -> int | None:
        """The order whose leg it is, if any."""

    @property
    def legs(self) -> list[int]:
        """Legs of a parent, take-profit first; of a leg, the one beside it."""

    @property
    def trail_price(self) -> float | None:
        """Dollars that a trailing stop stays behind."""

    @property
    def trail_percent(self) -> float | None:
        """Percent that a trailing stop stays behind."""

    @property
    def hwm(self) -> float | None:
        """Best price that a trailing stop has seen, as far as the venue has told it."""

    @property
    def notional(self) -> float | None:
        """Dollars it was sent for in the place of shares."""

    @property
    def extended_hours(self) -> bool:
        """True when it may trade before the open and after the close too."""

    @property
    def reason(self) -> str | None:
        """Why it was refused: a code and the figures."""

@final
class Position:
    """The strategy's own position in one instrument."""

    @property
    def symbol(self) -> str:
        """Symbol of the instrument."""

    @property
    def qty(self) -> float:
        """Shares, below zero for a short."""

    @property
    def avg_price(self) -> float:
        """Average cost, dollars a share; 0 when flat."""

    @property
    def mark(self) -> float:
        """Price it is valued at, dollars; 0 before the first."""

    @property
    def unrealized_pnl(self) -> float:
        """Profit of the open shares, dollars."""

    @property
    def realized_pnl(self) -> float:
        """Profit of closed shares before fees, dollars."""

    @property
    def fees(self) -> float:
        """Fees paid, dollars."""

@final
class Book:
    """Best bid and ask and the last trade of one instrument; 0 stands for "none yet"."""

    @property
    def symbol(self) -> str:
        """Symbol of the instrument."""

    @property
    def bid(self) -> float:
        """Best bid, dollars."""

    @property
    def ask(self) -> float:
        """Best ask, dollars."""

    @property
    def bid_size(self) -> float:
        """Shares at the bid."""

    @property
    def ask_size(self) -> float:
        """Shares at the ask."""

    @property
    def last(self) -> float:
        """Last trade or close, dollars."""

    @property
    def mid(self) -> float:
        """Midpoint, dollars; NaN unless both sides are there."""

@final
class Timer:
    """A timer that went off."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def ts(self) -> int:
        """Event time, nanoseconds since 1970 UTC."""

@final
class CorporateAction:
    """A split or dividend."""

    @property
    def symbol(self) -> str:
        """Symbol of the instrument."""

    @property
    def ts(self) -> int:
        """Effective time, nanoseconds since 1970 UTC."""

    @property
    def kind(self) -> str:
        """`split` or `dividend`."""

    @property
    def value(self) -> float:
        """New shares for one old share, or dollars a share."""

@final
class Window:
    """A strategy's view of the engine, open during its callbacks; :class:`tickwright.Strategy` says what it does."""

    def submit(
        self,
        symbol: str,
        side: str,
        qty: float | None = None,
        limit: float | None = None,
        stop: float | None = None,
        tif: str = "day",
        *,
        trail: float | None = None,
        trail_percent: float | None = None,
        notional: float | None = None,
        extended_hours: bool = False,
        take_profit: float | None = None,
        stop_loss: tuple[float, float | None] | None = None,
        order_class: str | None = None,
        client_order_id: str | None = None,
    ) -> int:
        """Send an order; gives its id."""

    def cancel(self, id: int) -> bool:
        """Ask to cancel an order; False when it is done already."""

    def replace(
        self,
        id: int,
        qty: float | None = None,
        limit: float | None = None,
        stop: float | None = None,
        trail: float | None = None,
    ) -> int | None:
        """Replace an order; gives the id of its replacement, None when it is done already."""

    def set_timer(self, at_ns: int, name: str) -> None:
        """Set a timer for `at_ns`, nanoseconds since 1970 UTC."""

    def subscribe(self, symbol: str | None, kind: str) -> None:
        """Get events of `kind`, of one symbol or of all."""

    def subscribe_bars(self, symbol: str | None, bars: str) -> None:
        """Get bars that the engine builds."""

    def book(self, symbol: str) -> Book:
        """Best bid and ask and last trade."""

    def position(self, symbol: str) -> Position:
        """Give the strategy's own position."""

    def order(self, id: int) -> Order | None:
        """Give an own order as it is now."""

    def open_orders(self) -> list[Order]:
        """Give the own orders that are not done."""

    @property
    def symbols(self) -> list[str]:
        """Symbols of the run."""

    @property
    def now(self) -> int:
        """Event time, nanoseconds since 1970 UTC."""

    @property
    def cash(self) -> float:
        """Cash of the account, dollars."""

    @property
    def equity(self) -> float:
        """Cash and positions of the account at their marks, dollars."""

# --- backtests -------------------------------------------------------------------------------------------------------

@final
class RunResult:
    """The result of a backtest, as columns."""

    @property
    def digest(self) -> str:
        """BLAKE3 of all orders, fills, refusals and equity points."""

    @property
    def state_hash(self) -> str | None:
        """BLAKE3 of the engine's state at the end, hexadecimal, where the run was recorded."""

    @property
    def events(self) -> int:
        """Market events processed."""

    @property
    def strategies(self) -> list[str]:
        """Names of the strategies."""

    @property
    def symbols(self) -> list[str]:
        """Symbols of the run."""

    @property
    def states(self) -> list[tuple[int, str, str]]:
        """Changes of the engine's state: time in nanoseconds, state, why."""

    @property
    def end_equity(self) -> str:
        """Exact decimal text of equity at the end."""

    def risk_counters(self) -> tuple[list[tuple[str, str, int]], int]:
        """(code, scope, refusals) where there are any, and orders passed."""

    def account(self) -> dict[str, Any]:
        """Figures of the account at the end."""

    def stats(self) -> dict[str, float | None]:
        """Statistics of the run."""

    def table(self, name: str) -> dict[str, Any]:
        """Columns of a table: name → numpy array, list of text, or (codes, categories) for text that repeats."""

def run_backtest(
    data: MarketData,
    strategies: list[Any],
    *,
    cash: float,
    risk: dict[str, Any],
    account: dict[str, Any],
    venue: dict[str, Any],
    mark: str,
    start: int | None,
    end: int | None,
    equity_every_ns: int,
    max_requests_per_moment: int,
    progress: Callable[[int, int, int], object] | None,
    journal: str | PathLike[str] | None = None,
) -> RunResult:
    """Run strategies over data; each is the dict of `Rules.to_spec`, or (name, object, names of its own callbacks)."""

# --- journals --------------------------------------------------------------------------------------------------------

JOURNAL_KINDS: Final[list[tuple[str, int]]]
"""The reserved kinds of records: names and numbers."""

def journal_public_key(secret: bytes) -> bytes:
    """Give the public key of a secret one."""

def journal_verify(path: str | PathLike[str], public_keys: Sequence[bytes]) -> dict[str, Any]:
    """Check all of a journal; what was found, by name."""

def journal_repair(path: str | PathLike[str], into: str | PathLike[str]) -> dict[str, Any]:
    """Copy what is intact of the journal at `path` to the new folder `into`; what was kept, by name."""

def journal_replay(path: str | PathLike[str], from_snapshot: bool) -> dict[str, Any]:
    """Replay the session in a journal without its strategies; what was found, by name."""

def journal_describe(kind: int, sequence: int, payload: bytes) -> str:
    """Give what the payload of a session's record says, as JSON; `null` for kinds that no session writes."""

@final
class JournalReader:
    """Records of a journal from one number to another, of some kinds or all, in batches."""

    def __new__(cls, path: str | PathLike[str], start: int, end: int | None, kinds: Sequence[int] | None) -> Self: ...
    def refresh(self) -> None: ...
    def batch(
        self, rows: int
    ) -> tuple[
        npt.NDArray[np.uint64],
        npt.NDArray[np.int64],
        npt.NDArray[np.int64],
        npt.NDArray[np.uint16],
        npt.NDArray[np.int32],
        npt.NDArray[np.uint8],
        npt.NDArray[np.uint8],
    ]:
        """Give the next `rows` records at most: sequence, times, kind, ends of the payloads, payloads, chain hashes."""
    @property
    def tail(self) -> dict[str, Any] | None:
        """What a crash left at the end, once all records were read."""

@final
class JournalLog:
    """The writer of a journal."""

    def __new__(
        cls,
        path: str | PathLike[str],
        *,
        id: bytes | None,
        policy: str,
        group_ms: int,
        segment_bytes: int,
        checkpoint_every: int,
        key: bytes | None,
        retain: int,
    ) -> Self: ...
    def append(self, kind: int, event_ts: int, recv_ts: int, payload: bytes) -> int:
        """Put a record into memory; its number."""
    def extend(
        self,
        kind: npt.NDArray[np.uint16],
        event_ts: npt.NDArray[np.int64],
        recv_ts: npt.NDArray[np.int64],
        ends: npt.NDArray[np.int32],
        payload: npt.NDArray[np.uint8],
    ) -> int:
        """Put many records into memory; the number of the last."""
    def commit(self, now: int) -> int:
        """Write what was appended and sync it by the policy; the last durable record."""
    def sync(self) -> int:
        """Write what was appended and sync it; the last durable record."""
    def close(self) -> None:
        """Make all durable and close."""
    def drop_below(self, sequence: int, archive: str | PathLike[str] | None) -> int:
        """Remove, or copy to `archive` and remove, segments that hold only records below `sequence`; how many."""
    @property
    def durable(self) -> int: ...
    @property
    def next_sequence(self) -> int: ...
    @property
    def head(self) -> str: ...
    @property
    def recovery(self) -> dict[str, Any] | None:
        """What opening found; None of a new journal."""

@final
class KillSwitch:
    """Switches that stop new orders at once, from any thread; reset only by hand."""

    def throw(self, strategy: str | None = None) -> bool:
        """Stop new orders, of one strategy or of all. True when it was not thrown before."""

    def reset(self, strategy: str | None = None) -> bool:
        """Let them pass again. True when it was thrown."""

    @property
    def thrown(self) -> bool:
        """Whether the account's switch is thrown."""

    @property
    def strategies(self) -> list[str]:
        """Strategies whose own switch is thrown."""

@final
class RiskCore:
    """The checks, the books they look at, and the orders that are open."""

    def __new__(
        cls, symbols: list[str], strategies: list[str], cash: float, limits: dict[str, Any], account: dict[str, Any]
    ) -> Self: ...
    def quote(self, symbol: str, bid: float, ask: float, ts: int) -> None: ...
    def trade(self, symbol: str, price: float, size: float, ts: int) -> None: ...
    def submit(
        self, order: dict[str, Any], ts: int | None
    ) -> tuple[int | None, tuple[str, str, str, float, float, str] | None]: ...
    def explain(self, order: dict[str, Any]) -> list[tuple[str, str, str, float, float, bool, str | None]]: ...
    def fill(self, id: int, qty: float, price: float, fee: float, ts: int | None) -> None: ...
    def cancel(self, id: int) -> None: ...
    def close(self, id: int) -> None: ...
    def reload(self, limits: dict[str, Any]) -> None: ...
    def next_day(self, days: int) -> tuple[float, float]: ...
    def set_halted(self, symbol: str, halted: bool) -> None: ...
    def set_bands(self, symbol: str, bands: tuple[float, float] | None) -> None: ...
    def set_borrow(self, symbol: str, shares: float | None, rate_pct: float) -> None: ...
    def set_state(self, state: str) -> None: ...
    @property
    def kill_switch(self) -> KillSwitch: ...
    @property
    def counters(self) -> tuple[list[tuple[str, str, int]], int]: ...
    @property
    def account(self) -> dict[str, Any]: ...
    def position(self, symbol: str) -> float: ...
    @property
    def open_orders(self) -> list[int]: ...

@final
class Node:
    """A session between Alpaca's wires, and its journal: bytes in, requests and notices out."""

    @staticmethod
    def create(
        folder: str | PathLike[str],
        symbols: Sequence[str],
        kinds: Sequence[Sequence[str]],
        strategies: list[Any],
        *,
        cash: float,
        risk: dict[str, Any],
        account: dict[str, Any],
        venue: dict[str, Any],
        mark: str,
        max_requests_per_moment: int,
        durability: str,
        group_ms: int,
        checkpoint_every: int,
        snapshot_every: int,
        key: Sequence[int] | bytes | None,
        id: Sequence[int],
        follows_data: bool,
        now_ns: int,
    ) -> Node:
        """Begin a node in a new journal."""

    @staticmethod
    def recover(
        folder: str | PathLike[str],
        symbols: Sequence[str],
        kinds: Sequence[Sequence[str]],
        strategies: list[Any],
        *,
        added: list[Any],
        durability: str,
        group_ms: int,
        checkpoint_every: int,
        snapshot_every: int,
        key: Sequence[int] | bytes | None,
        follows_data: bool,
        now_ns: int,
    ) -> tuple[Node, dict[str, Any]]:
        """Take up the node of a journal, however it ended, and tell what was found."""

    def start(self, at_ns: int, now_ns: int) -> None:
        """Begin in RECONCILING; event time starts at `at_ns`."""

    def on_frame(self, frame: bytes, now_ns: int) -> list[dict[str, Any]]:
        """Take in a frame of market data; what it says besides."""

    def show(self, data: MarketData, now_ns: int) -> None:
        """Take in market data that were read elsewhere, such as history."""

    def announce(self, data: MarketData, until_ns: int, now_ns: int) -> int:
        """Announce corporate actions, in place of those that wait; those due by `until_ns` happen. How many wait."""

    def on_update(self, message: bytes, now_ns: int) -> tuple[str, int | None]:
        """Take in a message of the stream of trade updates."""

    def on_answer(self, order: bytes) -> tuple[str, int | None]:
        """Take in the broker's answer to a request: an order."""

    def on_activity(self, activity: bytes, now_ns: int) -> tuple[str, int | None]:
        """Take in a fill from the list of activities."""

    def settle(self, order: bytes, now_ns: int) -> tuple[str, int | None]:
        """Bring an order up to the broker's own record of it, newer than every request about it."""

    def absent(self, order: int, now_ns: int) -> None:
        """Give up an order that the broker does not know."""

    def submit_again(self, order: int) -> None:
        """Ask for an order again under its id: the broker never got it."""

    def refused(self, kind: str, order: int, old: int | None, now_ns: int) -> None:
        """Take in that the broker refused a request of this kind."""

    @property
    def next_wake_ns(self) -> int:
        """When `wake` is due, nanoseconds since the epoch."""

    def wake(self, now_ns: int) -> None:
        """Let the time come: timers fire and bars end."""

    def command(self, name: str, by: str, why: str, now_ns: int, strategy: int | None = None) -> None:
        """Take an operator's command."""

    def alarm(self, kind: str, why: str, now_ns: int) -> None:
        """Take in that something outside is not as it must be."""

    def set_limits(self, risk: dict[str, Any], by: str, now_ns: int) -> None:
        """Put new limits in force, all of them."""

    def stop(self, now_ns: int) -> None:
        """Call every strategy's `on_stop`."""

    def commit(self, now_ns: int) -> bool:
        """Make what happened durable by the policy; true while something still waits for the disk."""

    def sync(self, now_ns: int) -> None:
        """Make what happened durable whatever the policy."""

    def begin_sync(self) -> SyncTask | None:
        """Write what happened, for another thread to make it durable: `run` what this gives, then `end_sync`."""

    def end_sync(self, task: SyncTask, now_ns: int) -> None:
        """Take in that a sync ended: what is durable by it can be taken."""

    @property
    def is_waiting(self) -> bool:
        """True while outputs wait for a commit."""

    def take_requests(self) -> list[dict[str, Any]]:
        """Give the requests for the broker whose records are durable, in order."""

    def take_notices(self) -> list[dict[str, Any]]:
        """Give fills, refusals, changes of state and faults, in order."""

    def in_doubt(self) -> list[tuple[int, str]]:
        """Orders of which the broker must be asked: id and ``client_order_id``."""

    def gapped(self) -> list[int]:
        """Orders of which a fill is known and one before it is not."""

    def broker_id(self, order: int) -> str | None:
        """Give the broker's id of an order, once it is known."""

    def orders(self, open_only: bool = True) -> list[dict[str, Any]]:
        """Open orders, or all."""

    def order_page(
        self, before: int | None, limit: int, open_only: bool, strategy: int | None, symbol: str | None
    ) -> list[dict[str, Any]]:
        """At most `limit` orders with numbers below `before`, newest first."""

    def order(self, order: int) -> dict[str, Any] | None:
        """Give an order by its number."""

    def order_of(self, client_order_id: str) -> int | None:
        """Give the number of the order that goes by this ``client_order_id``."""

    def watch_orders(self, watch: bool) -> None:
        """Keep which orders change."""

    def take_changed(self) -> list[dict[str, Any]]:
        """Orders that changed since this was last called."""

    def submit_by_hand(
        self, order: dict[str, Any], strategy: int, by: str, why: str, now_ns: int
    ) -> tuple[int | None, tuple[str, str, str] | None]:
        """Send an order in the name of a strategy: its number, and the code, scope and sentence of its refusal."""

    def cancel_by_hand(self, order: int, strategy: int, by: str, why: str, now_ns: int) -> None:
        """Ask to cancel an order."""

    def replace_by_hand(
        self, order: int, change: dict[str, Any], strategy: int, by: str, why: str, now_ns: int
    ) -> tuple[int | None, tuple[str, str, str] | None]:
        """Replace an order: as `submit_by_hand`."""

    def explain(
        self, order: dict[str, Any], strategy: int
    ) -> list[tuple[str, str, str, float, float, bool, str | None]]:
        """Give check, code, scope, value, limit, passes and sentence of every check that is on."""

    def set_parameters(self, strategy: int, text: str, by: str, why: str, now_ns: int) -> None:
        """Give a strategy parameters, as JSON."""

    def put(self, place: int, strategy: list[Any]) -> None:
        """Put a strategy into a spare place; the parameters that are then given to ``spare-N`` switch it on."""

    def note(self, text: str, now_ns: int) -> None:
        """Append a remark to the journal."""

    def take_fee(self, symbol: str, there: str, now_ns: int) -> bool:
        """Take fees out of positions of crypto, where that is why the broker holds `there`; false where it is not."""

    def strategies(self) -> list[dict[str, Any]]:
        """Whether each strategy is called, how often it was, its failures and orders."""

    def prices(self) -> list[dict[str, Any]]:
        """Newest prices by symbol."""

    def positions(self) -> list[dict[str, Any]]:
        """Positions by strategy."""

    def net_qty(self, symbol: str) -> str:
        """Net shares of a symbol over all strategies, as a decimal."""

    def status(self) -> dict[str, Any]:
        """State and figures."""

    def state_hash(self) -> str:
        """BLAKE3 of the engine's state, hexadecimal."""

    def kill_switch(self) -> KillSwitch:
        """Give a switch that stops new orders from any thread."""

    def close(self) -> None:
        """Make everything durable and end with a checkpoint."""

@final
class SyncTask:
    """A sync of a node's journal that another thread runs."""

    def run(self) -> None:
        """Make durable; whether it could be, `end_sync` tells."""

@final
class MarketRows:
    """Market data of all kinds as one sequence of rows in order of time."""

    def __new__(cls, data: MarketData) -> Self: ...
    def __len__(self) -> int: ...
    @property
    def ts(self) -> npt.NDArray[np.int64]:
        """Times of the rows, nanoseconds, sorted; a read-only view."""

    @property
    def symbols(self) -> list[str]:
        """Symbols in order of id."""

    @property
    def kinds(self) -> dict[str, list[str]]:
        """Symbol to the kinds of data it has: quotes, trades, bars, book, statuses."""

    def find(self, ns: int) -> int:
        """Return how many rows are at or before `ns`."""

@final
class PaperVenue:
    """Alpaca's trading back end for several accounts on one market; calls from several threads take turns."""

    def __new__(cls, config: str, journal: str | PathLike[str] | None = None, *, durability: str = "group") -> Self: ...
    @staticmethod
    def recover(journal: str | PathLike[str], *, durability: str = "group") -> PaperVenue:
        """Return the venue that a journal tells of, which goes on in it."""

    def request(self, account: int, now_ns: int, method: str, path: str, query: str, body: bytes) -> tuple[int, bytes]:
        """Answer a request with its HTTP status and JSON; `path` without `/v2`."""

    def market(self, rows: MarketRows, start: int, stop: int) -> None:
        """Let rows from `start` up to but not including `stop` take effect, in order."""

    def advance(self, now_ns: int) -> None:
        """Let time pass: orders arrive and expire, sessions begin and end."""

    def take_updates(self) -> list[tuple[int, bytes]]:
        """Return trade updates since the last call: account, and the JSON of a message's data."""

    def commit(self) -> None:
        """Write what was journaled, and sync it by the policy."""

    def close(self) -> None:
        """Make all durable and end the journal."""

    @property
    def next_wake_ns(self) -> int:
        """When time alone next does something."""

    @property
    def now_ns(self) -> int:
        """The latest time that it has heard of."""

    @property
    def symbols(self) -> list[str]: ...
    @property
    def records(self) -> int:
        """Number of the last record of the journal."""

    def state_hash(self) -> str:
        """Return the BLAKE3 of the state, hexadecimal."""

@final
class FrameEncoder:
    """Frames of market data as Alpaca's WebSocket sends them, from rows."""

    def __new__(cls, format: str = "msgpack", max_rows: int = ..., *, tapes: Mapping[str, str] | None = None) -> Self:
        """Return an encoder; with `tapes` (by symbol, else C) messages have what Alpaca always sends."""

    def frames(
        self,
        rows: MarketRows,
        start: int,
        stop: int,
        *,
        trades: Set[str] | None = None,
        quotes: Set[str] | None = None,
        bars: Set[str] | None = None,
        updated_bars: Set[str] | None = None,
        daily_bars: Set[str] | None = None,
        statuses: Set[str] | None = None,
        lulds: Set[str] | None = None,
        corrections: Set[str] | None = None,
        orderbooks: Set[str] | None = None,
    ) -> list[bytes]:
        """Return frames of the rows wanted, in order; `{"*"}` wants every symbol of a channel, None none."""
