"""`MarketDataService`: streams of market data and indicators, and the newest prices."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import grpc
import grpc.aio

from tickwright.control.bridge import Bridge
from tickwright.control.caller import CALLER
from tickwright.control.columns import message
from tickwright.control.conflate import ClosedError, Outbox, Policy, TooSlowError
from tickwright.control.failures import Failure
from tickwright.control.feed import Feed
from tickwright.control.indicator_stream import SOURCES, IndicatorStream, Spec
from tickwright.control.selection import Selection, Wanted
from tickwright.errors import ConfigError
from tickwright.v1 import market_data_pb2 as pb

__all__ = ["MarketDataService"]

KINDS: Final = {
    pb.DATA_KIND_QUOTES: "quotes",
    pb.DATA_KIND_TRADES: "trades",
    pb.DATA_KIND_BARS: "bars",
    pb.DATA_KIND_BOOKS: "books",
}
CHANNELS: Final = {"quotes": "quotes", "trades": "trades", "bars": "bars", "books": "orderbooks"}
"""What the node calls them."""
POLICIES: Final = {
    pb.CONFLATION_UNSPECIFIED: Policy.DROP_OLDEST,
    pb.CONFLATION_DROP_OLDEST: Policy.DROP_OLDEST,
    pb.CONFLATION_LATEST: Policy.LATEST,
    pb.CONFLATION_DISCONNECT: Policy.DISCONNECT,
}
DELAY_MS, MOST_DELAY_MS = 20, 10_000
ROWS, MOST_ROWS = 10_000, 100_000
WAITING_BATCHES: Final = 4
"""Full batches that may wait for a reader."""
LEAST_WAITING_ROWS: Final = 20_000
INDICATORS, VALUES, WAITING_VALUES = 100, 2_000, 20_000
MOST_STREAMS: Final = 1_000


@dataclass(slots=True)
class _Stream:
    """A stream that is open."""

    id: int
    caller: str
    what: str
    outlet: Outbox | IndicatorStream
    rows: int = 0

    def said(self) -> pb.Subscription:
        return pb.Subscription(
            id=self.id,
            caller=self.caller,
            what=self.what,
            rows=self.rows,
            dropped_rows=self.outlet.dropped_rows,
            waiting_rows=self.outlet.waiting_rows,
        )


class MarketDataService:
    """``tickwright.v1.MarketDataService``.

    Parameters
    ----------
    bridge
        To the node.
    feed
        Where data come from; None: the node's own frames.
    waiting_rows
        Rows that may wait for a reader; None: four full batches.
    most_streams
        Streams that may be open.
    """

    name = "tickwright.v1.MarketDataService"

    def __init__(
        self,
        bridge: Bridge,
        *,
        feed: Feed | None = None,
        waiting_rows: int | None = None,
        most_streams: int = MOST_STREAMS,
    ) -> None:
        self._bridge, self._feed = bridge, feed or Feed(bridge)
        self._waiting_rows, self._most_streams = waiting_rows, most_streams
        self._selections: dict[Wanted, Selection] = {}
        self._streams: dict[int, _Stream] = {}
        self._last = 0
        self._closed = False

    def add_to(self, server: grpc.aio.Server) -> None:
        """Register with a server; messages of `Subscribe` are bytes already."""
        handlers: dict[str, Any] = {
            "Subscribe": grpc.unary_stream_rpc_method_handler(
                self.Subscribe, request_deserializer=pb.SubscribeRequest.FromString, response_serializer=None
            ),
            "GetSnapshot": grpc.unary_unary_rpc_method_handler(
                self.GetSnapshot,
                request_deserializer=pb.GetSnapshotRequest.FromString,
                response_serializer=pb.GetSnapshotResponse.SerializeToString,
            ),
            "SubscribeIndicators": grpc.unary_stream_rpc_method_handler(
                self.SubscribeIndicators,
                request_deserializer=pb.SubscribeIndicatorsRequest.FromString,
                response_serializer=pb.SubscribeIndicatorsResponse.SerializeToString,
            ),
            "ListSubscriptions": grpc.unary_unary_rpc_method_handler(
                self.ListSubscriptions,
                request_deserializer=pb.ListSubscriptionsRequest.FromString,
                response_serializer=pb.ListSubscriptionsResponse.SerializeToString,
            ),
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(self.name, handlers),))

    async def close(self) -> None:
        """End every stream."""
        self._closed = True
        for stream in self._streams.values():
            stream.outlet.close()
        await self._feed.close()

    # --- calls -----------------------------------------------------------------------------------------------------

    async def Subscribe(
        self, request: pb.SubscribeRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> AsyncIterator[bytes]:
        """Send market data in batches."""
        wanted, policy = self._wanted(request), self._policy(request)
        most = self._waiting_rows or max(LEAST_WAITING_ROWS, WAITING_BATCHES * wanted.most_rows)
        outbox = Outbox(policy, most)
        stream = self._open(f"{wanted}; {policy.value}", outbox)
        selection = self._selections.get(wanted)
        if selection is None:
            selection = self._selections[wanted] = Selection(wanted)
        selection.outboxes.append(outbox)
        try:
            if len(selection.outboxes) == 1:
                await self._feed.listen(selection)
            known = len(selection.symbols)
            yield message(0, 0, selection.symbols[:known], ())
            sequence = dropped = 0
            while True:
                try:
                    batch = await outbox.get()
                except ClosedError:
                    raise _ending() from None
                except TooSlowError as error:
                    raise Failure(
                        grpc.StatusCode.RESOURCE_EXHAUSTED,
                        f"the stream was read too slowly: {error}; read faster, or ask for another conflation",
                        reason="READER_TOO_SLOW",
                    ) from None
                sequence += 1
                lost, dropped = outbox.dropped_rows - dropped, outbox.dropped_rows
                symbols = batch.symbols(known)
                known += len(symbols)
                stream.rows += len(batch)
                yield message(sequence, lost, symbols, batch.written)
        finally:
            del self._streams[stream.id]
            selection.outboxes.remove(outbox)
            if not selection.outboxes and self._selections.get(wanted) is selection:
                del self._selections[wanted]
                await self._leave(selection)

    async def GetSnapshot(
        self, request: pb.GetSnapshotRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> pb.GetSnapshotResponse:
        """Give the newest prices."""
        wanted = self._symbols(request.symbols)
        response = pb.GetSnapshotResponse()
        for row in await self._bridge.ask(lambda node: node.prices()):
            if not wanted or row["symbol"] in wanted:
                names = ("symbol", "bid", "ask", "bid_size", "ask_size", "last")
                response.snapshots.add(
                    **{name: row[name] or "" for name in names},
                    quote_ns=row["quote_ns"] or 0,
                    trade_ns=row["trade_ns"] or 0,
                )
        return response

    async def SubscribeIndicators(
        self, request: pb.SubscribeIndicatorsRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> AsyncIterator[pb.SubscribeIndicatorsResponse]:
        """Send values of indicators."""
        specs, symbols = self._specs(request.indicators), self._symbols(request.symbols)
        count = len(symbols or self._bridge.node.settings.symbols)
        try:
            values = IndicatorStream(specs, symbols, count=count, most_values=WAITING_VALUES)
        except ConfigError as error:
            raise _bad("indicators", str(error)) from error
        labels = ", ".join(f"{spec.name} of {spec.source}" for spec in specs)
        stream = self._open(f"{labels}; {', '.join(sorted(symbols)) or 'all symbols'}", values)
        try:
            await self._feed.listen(values)
            yield pb.SubscribeIndicatorsResponse()
            while True:
                given, conflated = await values.get(VALUES)
                if not given:
                    raise _ending()
                response = pb.SubscribeIndicatorsResponse(conflated=conflated)
                add = response.values.add
                for one in given:
                    for ts_ns, outputs in zip(one.ts_ns.tolist(), one.outputs.tolist(), strict=True):
                        add(symbol=one.symbol, label=one.label, ts_ns=ts_ns, values=outputs)
                stream.rows = values.sent_rows
                yield response
        finally:
            del self._streams[stream.id]
            await self._leave(values)

    async def ListSubscriptions(
        self, request: pb.ListSubscriptionsRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> pb.ListSubscriptionsResponse:
        """List the streams that are open."""
        return pb.ListSubscriptionsResponse(subscriptions=[stream.said() for stream in self._streams.values()])

    # --- what was asked for ----------------------------------------------------------------------------------------

    def _wanted(self, request: pb.SubscribeRequest) -> Wanted:
        if not request.kinds:
            raise _bad("kinds", "none is given; name at least one")
        kinds = []
        for number, kind in enumerate(request.kinds):
            if kind not in KINDS:
                raise _bad(f"kinds[{number}]", f"{kind} is none of {', '.join(KINDS.values())}")
            kinds.append(self._taken(KINDS[kind], f"kinds[{number}]"))
        if request.format not in (0, pb.BATCH_FORMAT_COLUMNS, pb.BATCH_FORMAT_ARROW):
            raise _bad("format", f"{request.format} is neither COLUMNS nor ARROW")
        if request.max_delay_ms > MOST_DELAY_MS:
            raise _bad("max_delay_ms", f"{request.max_delay_ms} is above {MOST_DELAY_MS}")
        if request.max_rows > MOST_ROWS:
            raise _bad("max_rows", f"{request.max_rows} is above {MOST_ROWS}")
        return Wanted(
            kinds=tuple(dict.fromkeys(kinds)),
            symbols=self._symbols(request.symbols),
            arrow=request.format == pb.BATCH_FORMAT_ARROW,
            delay_s=(request.max_delay_ms or DELAY_MS) / 1_000,
            most_rows=request.max_rows or ROWS,
        )

    def _policy(self, request: pb.SubscribeRequest) -> Policy:
        policy = POLICIES.get(request.conflation)
        if policy is None:
            raise _bad("conflation", f"{request.conflation} is not known")
        if policy is Policy.LATEST and pb.DATA_KIND_BOOKS in request.kinds:
            raise _bad("conflation", "of books every change counts; take DROP_OLDEST or DISCONNECT")
        return policy

    def _symbols(self, symbols: Sequence[str]) -> frozenset[str]:
        have = self._bridge.node.settings.symbols
        for number, symbol in enumerate(symbols):
            if symbol not in have:
                raise _bad(f"symbols[{number}]", f"{symbol[:40]!r} is none of this engine's")
        return frozenset(symbols)

    def _taken(self, kind: str, field: str) -> str:
        if CHANNELS[kind] not in self._bridge.node.settings.kinds:
            raise Failure(
                grpc.StatusCode.FAILED_PRECONDITION,
                f"this engine takes no {kind}; add {CHANNELS[kind]} to kinds in [node]",
                reason="KIND_NOT_TAKEN",
                metadata={"kind": kind},
                field=field,
            )
        return kind

    def _specs(self, given: Iterable[pb.IndicatorSpec]) -> list[Spec]:
        specs: list[Spec] = []
        for number, one in enumerate(given):
            field = f"indicators[{number}]"
            if number == INDICATORS:
                raise _bad("indicators", f"there are more than {INDICATORS}")
            spec = Spec(one.label or str(number), one.name, dict(one.parameters), one.source or "mid")
            if len(spec.label) > 100 or spec.label in [other.label for other in specs]:
                raise _bad(f"{field}.label", f"{spec.label[:40]!r} is there twice, or longer than 100 characters")
            try:
                spec.make()
            except ConfigError as error:
                raise _bad(field, str(error)) from error
            self._taken(SOURCES[spec.source][0], f"{field}.source")
            specs.append(spec)
        if not specs:
            raise _bad("indicators", "none is given; name at least one")
        return specs

    # --- streams ---------------------------------------------------------------------------------------------------

    def _open(self, what: str, outlet: Outbox | IndicatorStream) -> _Stream:
        if self._closed:
            raise _ending()
        if len(self._streams) >= self._most_streams:
            raise Failure(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                f"{self._most_streams} streams of market data are open; end some first",
                reason="TOO_MANY_STREAMS",
            )
        self._last += 1
        caller = CALLER.get(None)
        stream = _Stream(self._last, "" if caller is None else caller.name, what, outlet)
        self._streams[stream.id] = stream
        return stream

    async def _leave(self, listener: Selection | IndicatorStream) -> None:
        # The caller's going may cancel this very task, which must not leave the node tapped.
        await asyncio.shield(asyncio.ensure_future(self._feed.leave(listener)))


def _bad(field: str, text: str) -> Failure:
    return Failure(grpc.StatusCode.INVALID_ARGUMENT, text, reason="BAD_REQUEST", field=field)


def _ending() -> Failure:
    return Failure(grpc.StatusCode.UNAVAILABLE, "the engine ends; connect again", reason="ENDING")
