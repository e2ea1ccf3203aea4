"""`BacktestService`: backtests beside the engine, in processes of their own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Final

import grpc
import grpc.aio
from google.protobuf import struct_pb2

from tickwright.control.backtests import Backtests, Run, State
from tickwright.control.bridge import Bridge
from tickwright.control.caller import CALLER
from tickwright.control.failures import Failure
from tickwright.errors import ConfigError
from tickwright.v1 import backtest_pb2 as pb
from tickwright.v1.backtest_pb2_grpc import BacktestServiceServicer, add_BacktestServiceServicer_to_server

__all__ = ["BacktestService"]

STATES: Final = {
    State.QUEUED: pb.BACKTEST_STATE_QUEUED,
    State.RUNNING: pb.BACKTEST_STATE_RUNNING,
    State.DONE: pb.BACKTEST_STATE_DONE,
    State.CANCELED: pb.BACKTEST_STATE_CANCELED,
    State.FAILED: pb.BACKTEST_STATE_FAILED,
}
PAGE, MOST_PAGE = 100, 1_000
CONFIG_BYTES: Final = 1 << 20
DEPTH: Final = 16


class BacktestService(BacktestServiceServicer):
    """``tickwright.v1.BacktestService``.

    Parameters
    ----------
    bridge
        To the node.
    folder
        Strategies and data are below it; None: no backtest is run.
    state
        Where results are kept; None: ``backtests`` in the node's folder.
    **bounds
        As for `Backtests`.
    """

    name = "tickwright.v1.BacktestService"

    def __init__(
        self,
        bridge: Bridge,
        *,
        folder: str | os.PathLike[str] | None = None,
        state: str | os.PathLike[str] | None = None,
        **bounds: int,
    ) -> None:
        place = Path(bridge.node.settings.state) / "backtests" if state is None else Path(state)
        self._backtests = Backtests(folder, place, **bounds)

    def add_to(self, server: grpc.aio.Server) -> None:
        """Register with a server."""
        add_BacktestServiceServicer_to_server(self, server)

    async def close(self) -> None:
        """End every backtest."""
        await self._backtests.close()

    async def RunBacktest(
        self, request: pb.RunBacktestRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> AsyncIterator[pb.RunBacktestResponse]:
        """Run a backtest and tell how far it is."""
        if request.config.ByteSize() > CONFIG_BYTES:
            raise _bad("config", f"has {request.config.ByteSize():,} bytes; {CONFIG_BYTES:,} is the most")
        caller = CALLER.get(None)
        try:
            run = self._backtests.submit(
                request.strategy, _plain(request.config, 0), "" if caller is None else caller.name
            )
        except ConfigError as error:
            raise _bad("", str(error)) from error
        is_over = False
        try:
            while not is_over:
                version, is_over = run.version, run.state.is_over
                response = pb.RunBacktestResponse(backtest=self._told(run))
                if is_over:
                    response.fills_arrow_ipc, response.equity_arrow_ipc = await self._tables(run)
                yield response
                if not is_over:
                    await run.wait(version)
        finally:
            if not run.state.is_over and not request.detach:
                # The caller's going may cancel this very task.
                await asyncio.shield(asyncio.ensure_future(self._backtests.cancel(run)))

    async def GetBacktest(
        self, request: pb.GetBacktestRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> pb.GetBacktestResponse:
        """Give a backtest."""
        run = self._found(request.id)
        response = pb.GetBacktestResponse(backtest=self._told(run))
        if request.include_tables:
            response.fills_arrow_ipc, response.equity_arrow_ipc = await self._tables(run)
        return response

    async def ListBacktests(
        self, request: pb.ListBacktestsRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> pb.ListBacktestsResponse:
        """List backtests, newest first."""
        if not 0 <= request.page_size <= MOST_PAGE:
            raise _bad("page_size", f"{request.page_size} is not from 0 to {MOST_PAGE}")
        token = request.page_token
        if token and (len(token) != 24 or not set(token) <= set("0123456789abcdef")):
            raise _bad("page_token", "was not given by this method")
        size = request.page_size or PAGE
        found = self._backtests.page(size + 1, token)
        page = found[:size]
        return pb.ListBacktestsResponse(
            backtests=[self._told(run) for run in page], next_page_token=page[-1].id if len(found) > size else ""
        )

    async def CancelBacktest(
        self, request: pb.CancelBacktestRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> pb.CancelBacktestResponse:
        """End a backtest that runs; one that is over stays as it is."""
        run = self._found(request.id)
        await self._backtests.cancel(run)
        return pb.CancelBacktestResponse(backtest=self._told(run))

    def _found(self, id: str) -> Run:
        run = self._backtests.get(id)
        if run is None:
            raise Failure(grpc.StatusCode.NOT_FOUND, f"there is no backtest {id[:40]!r}", reason="NO_BACKTEST")
        return run

    async def _tables(self, run: Run) -> tuple[bytes, bytes]:
        try:
            return await asyncio.to_thread(self._backtests.tables, run)
        except OSError as error:
            text = f"the tables of backtest {run.id} cannot be read: {error.strerror}"
            raise Failure(grpc.StatusCode.DATA_LOSS, text, reason="TABLES_GONE") from error

    @staticmethod
    def _told(run: Run) -> pb.Backtest:
        told = pb.Backtest(
            id=run.id,
            state=STATES[run.state],
            progress=run.progress,
            events=run.events,
            asked_ns=run.asked_ns,
            caller=run.caller,
            error=run.error,
        )
        told.config.update(run.config)
        if run.stats is not None:
            told.stats.update(run.stats)
        return told


def _plain(message: struct_pb2.Struct, depth: int) -> dict[str, Any]:
    return {name: _value(value, depth + 1) for name, value in message.fields.items()}


def _value(value: struct_pb2.Value, depth: int) -> Any:
    """Give a value as JSON has it; whole numbers are whole again, which this message does not have."""
    if depth > DEPTH:
        raise _bad("config", f"is deeper than {DEPTH}")
    match value.WhichOneof("kind"):
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() and abs(number) < 2**53 else number
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "struct_value":
            return _plain(value.struct_value, depth)
        case "list_value":
            values: Sequence[struct_pb2.Value] = value.list_value.values
            return [_value(one, depth + 1) for one in values]
    return None


def _bad(field: str, text: str) -> Failure:
    return Failure(grpc.StatusCode.INVALID_ARGUMENT, text, reason="BAD_REQUEST", field=field)
