"""StrategyService: which strategies there are, their parameters, and whether they are called."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
from google.protobuf.json_format import MessageToDict

from tickwright.control.bridge import Bridge, apart
from tickwright.control.failures import Failure
from tickwright.control.services import desk
from tickwright.control.services.fields import invalid, plain, text
from tickwright.errors import ConfigError
from tickwright.live import LiveNode
from tickwright.loader import open_strategies
from tickwright.v1 import common_pb2, strategy_pb2, strategy_pb2_grpc

__all__ = ["StrategyService"]


class StrategyService(strategy_pb2_grpc.StrategyServiceServicer):
    """Strategies of one engine.

    Parameters
    ----------
    bridge
        To the node.
    folder
        Where files of strategies may be; None: nowhere.
    """

    name = "tickwright.v1.StrategyService"

    def __init__(self, bridge: Bridge, folder: Path | None = None) -> None:
        self._bridge, self._folder = bridge, folder

    def add_to(self, server: grpc.aio.Server) -> None:
        """Register with a server."""
        strategy_pb2_grpc.add_StrategyServiceServicer_to_server(self, server)

    async def close(self) -> None:
        """End: there are no streams."""

    async def ListStrategies(
        self, request: strategy_pb2.ListStrategiesRequest, context: Any
    ) -> strategy_pb2.ListStrategiesResponse:
        """List strategies in the order of the configuration."""
        rows = await self._bridge.ask(lambda node: desk.ready(node).strategies())
        return strategy_pb2.ListStrategiesResponse(strategies=map(_info, rows))

    async def GetStrategy(
        self, request: strategy_pb2.GetStrategyRequest, context: Any
    ) -> strategy_pb2.GetStrategyResponse:
        """Give a strategy."""
        return strategy_pb2.GetStrategyResponse(
            strategy=await self._bridge.ask(lambda node: _named(desk.ready(node), request.name))
        )

    async def LoadStrategy(
        self, request: strategy_pb2.LoadStrategyRequest, context: Any
    ) -> strategy_pb2.LoadStrategyResponse:
        """Add a strategy of a file on the engine's machine."""
        path = str(self._file(text("path", request.path, 1_000)))
        _, colon, name = request.path.partition(":")
        spec = f"{path}{colon}{name}"
        parameters = _values(MessageToDict(request.parameters))
        await desk.started(self._bridge)
        # What it imports may take seconds, or never end; neither the engine nor this service waits for it.
        make = await apart(lambda: open_strategies(spec))

        def act(node: LiveNode, by: str, why: str) -> strategy_pb2.StrategyInfo:
            return _info(node.load_strategy(spec, parameters, by=by, why=why, make=make))

        made, _ = await desk.command(self._bridge, request.options, act)
        return strategy_pb2.LoadStrategyResponse(strategy=made)

    def _file(self, given: str) -> Path:
        """Give the file that a request names, which lies below the configured folder."""
        name = given.partition(":")[0]
        if self._folder is None:
            raise Failure(
                grpc.StatusCode.FAILED_PRECONDITION,
                "no folder for strategies is configured; set control.strategies and restart",
                reason="NO_FOLDER",
            )
        folder = self._folder.resolve()
        try:
            path = (folder / name).resolve()
            inside = path.is_relative_to(folder) and not Path(name).is_absolute()
            is_file = inside and path.is_file()
        except (OSError, ValueError, RuntimeError):
            inside = is_file = False
        # Whether something exists outside is nobody's business.
        if not inside or path.suffix != ".py":
            raise invalid("path", "is no Python file below the folder for strategies")
        if not is_file:
            raise Failure(grpc.StatusCode.NOT_FOUND, f"there is no {name!r:.80} there", reason="NO_FILE", field="path")
        return path

    async def StartStrategy(
        self, request: strategy_pb2.StartStrategyRequest, context: Any
    ) -> strategy_pb2.StartStrategyResponse:
        """Call a strategy again."""
        found = await self._command(request.options, request.name, "reinstate")
        return strategy_pb2.StartStrategyResponse(strategy=found)

    async def StopStrategy(
        self, request: strategy_pb2.StopStrategyRequest, context: Any
    ) -> strategy_pb2.StopStrategyResponse:
        """Call a strategy no more and cancel its orders."""
        found = await self._command(request.options, request.name, "isolate")
        return strategy_pb2.StopStrategyResponse(strategy=found)

    async def _command(self, options: common_pb2.CommandOptions, name: str, what: str) -> strategy_pb2.StrategyInfo:
        def act(node: LiveNode, by: str, why: str) -> strategy_pb2.StrategyInfo:
            _named(node, name)
            desk.transition(node, what, by, why, name)
            return _named(node, name)

        return (await desk.command(self._bridge, options, act))[0]

    async def SetParameters(
        self, request: strategy_pb2.SetParametersRequest, context: Any
    ) -> strategy_pb2.SetParametersResponse:
        """Set parameters of a strategy; they take effect between two events."""
        values = _values(MessageToDict(request.parameters))
        if not values:
            raise invalid("parameters", "is empty; give those that are to change")

        def act(node: LiveNode, by: str, why: str) -> strategy_pb2.StrategyInfo:
            _named(node, request.name)
            try:
                node.set_parameters(request.name, values, by=by, why=why)
            except ConfigError as error:
                raise invalid("parameters", str(error)) from None
            return _named(node, request.name)

        return strategy_pb2.SetParametersResponse(strategy=(await desk.command(self._bridge, request.options, act))[0])


def _named(node: LiveNode, name: str) -> strategy_pb2.StrategyInfo:
    rows = node.strategies()
    for row in rows:
        if row["name"] == name:
            return _info(row)
    names = ", ".join(str(row["name"]) for row in rows)
    raise Failure(
        grpc.StatusCode.NOT_FOUND, f"{name!r:.80} is not here; there are {names}", reason="NO_STRATEGY", field="name"
    )


def _info(row: Mapping[str, Any]) -> strategy_pb2.StrategyInfo:
    made = strategy_pb2.StrategyInfo(
        **{name: row[name] for name in ("name", "kind", "is_active", "faults", "calls", "orders", "open_orders")},
        realized=plain(row["realized"]),
        unrealized=plain(row["unrealized"]),
    )
    made.parameters.update(row["parameters"])
    return made


def _values(given: Mapping[str, Any]) -> dict[str, Any]:
    """Give a Struct's values, whose whole numbers are whole."""
    return {name: int(v) if isinstance(v, float) and v.is_integer() else v for name, v in given.items()}
