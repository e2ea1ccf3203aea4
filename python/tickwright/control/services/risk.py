"""RiskService: limits, what they would refuse, what they refused, and the kill switch."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import grpc
import grpc.aio
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.struct_pb2 import Struct, Value

from tickwright.config import RiskConfig
from tickwright.control.bridge import Bridge, apart
from tickwright.control.failures import Failure
from tickwright.control.services import desk
from tickwright.control.services.fields import decimal, invalid, text, wanted
from tickwright.control.services.limits import Change, changed_limits, limit_changes, made_limits, section
from tickwright.control.services.words import SIDES, TIMES_IN_FORCE, TYPES
from tickwright.live import LiveNode
from tickwright.live.operations import OPERATOR
from tickwright.v1 import risk_pb2, risk_pb2_grpc

__all__ = ["RiskService"]

log = logging.getLogger(__name__)

#: Seconds that an answer waits for the disk to take the kill switch: it is thrown before.
KEEP_S: Final = 1.0


class RiskService(risk_pb2_grpc.RiskServiceServicer):
    """Risk checks of one engine.

    Parameters
    ----------
    bridge
        To the node.
    """

    name = "tickwright.v1.RiskService"

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    def add_to(self, server: grpc.aio.Server) -> None:
        """Register with a server."""
        risk_pb2_grpc.add_RiskServiceServicer_to_server(self, server)

    async def close(self) -> None:
        """End: there are no streams."""

    async def GetLimits(self, request: risk_pb2.GetLimitsRequest, context: Any) -> risk_pb2.GetLimitsResponse:
        """Give the limits in force."""
        limits = await self._bridge.ask(lambda node: desk.ready(node).limits)
        return risk_pb2.GetLimitsResponse(limits=_struct(section(limits)))

    async def SetLimits(self, request: risk_pb2.SetLimitsRequest, context: Any) -> risk_pb2.SetLimitsResponse:
        """Put limits in force, or say what would change."""
        given = MessageToDict(request.limits)
        if not given:
            raise invalid("limits", "is empty; give keys of [risk], null takes a limit away")

        def act(node: LiveNode, by: str, why: str) -> tuple[RiskConfig, list[Change]]:
            before = section(node.limits)
            after = changed_limits(before, given)
            changes = limit_changes(before, after)
            limits = made_limits(after)
            limits._settings()
            if changes and not request.dry_run:
                node.set_limits(limits, by=by, why=why)
            return after, changes

        (after, changes), _ = await desk.command(self._bridge, request.options, act)
        return risk_pb2.SetLimitsResponse(
            limits=_struct(after),
            changes=[
                risk_pb2.LimitChange(key=one.key, before=_value(one.before), after=_value(one.after)) for one in changes
            ],
            applied=not request.dry_run,
        )

    async def Explain(self, request: risk_pb2.ExplainRequest, context: Any) -> risk_pb2.ExplainResponse:
        """Say whether an order would pass, and every check that would refuse it."""
        kind = TYPES.given(request.type, "type")
        strategy = request.strategy or OPERATOR
        ask = partial(
            LiveNode.explain,
            strategy=strategy,
            symbol=text("symbol", request.symbol),
            side=SIDES.given(request.side, "side"),
            type=kind,
            time_in_force=TIMES_IN_FORCE.given(request.time_in_force, "time_in_force", "day"),
            qty=wanted("qty", request.qty),
            limit_price=decimal("limit_price", request.limit_price, required=kind in ("limit", "stop_limit")),
            stop_price=decimal("stop_price", request.stop_price, required=kind in ("stop", "stop_limit")),
        )
        found = await desk.status(self._bridge)
        for field, name, names in (
            ("symbol", request.symbol, found["symbols"]),
            ("strategy", strategy, found["strategies"]),
        ):
            if name not in names:
                raise invalid(field, f"{name!r:.80} is not here; there are {', '.join(names)}")
        rows = await self._bridge.ask(lambda node: ask(desk.ready(node)))
        refusals = [
            risk_pb2.RefusalReason(code=row["code"], scope=row["scope"], why=row["why"] or row["check"])
            for row in rows
            if not row["passes"]
        ]
        return risk_pb2.ExplainResponse(passes=not refusals, refusals=refusals)

    async def SetKillSwitch(
        self, request: risk_pb2.SetKillSwitchRequest, context: Any
    ) -> risk_pb2.SetKillSwitchResponse:
        """Throw or release the kill switch, whatever the engine's thread does."""
        by, why = desk.asked(request.options)
        node, name = self._bridge.node, request.strategy
        await desk.started(self._bridge)
        switch = node.kill_switch
        if name and name not in node.names:
            why_not = f"{name!r:.80} is not here; there are {', '.join(node.names)}"
            raise Failure(grpc.StatusCode.NOT_FOUND, why_not, reason="NO_STRATEGY", field="strategy")
        switch.set(request.thrown, name or None)
        said = "thrown" if request.thrown else "released"
        log.warning("kill switch of %s %s by %s: %s", name or "all", said, by, why)
        keeping = asyncio.ensure_future(apart(switch.keep))
        if not (await asyncio.wait([keeping], timeout=KEEP_S))[0]:
            log.critical("the disk does not take the kill switch: it is %s, but a restart may not know of it", said)
        return risk_pb2.SetKillSwitchResponse(thrown=switch.thrown, strategies=switch.strategies)

    async def ListStopped(self, request: risk_pb2.ListStoppedRequest, context: Any) -> risk_pb2.ListStoppedResponse:
        """List the symbols that take no orders until what happened to them is accepted."""
        found = await desk.status(self._bridge)
        return risk_pb2.ListStoppedResponse(symbols=_stopped(found["stopped"]))

    async def AcceptSymbol(self, request: risk_pb2.AcceptSymbolRequest, context: Any) -> risk_pb2.AcceptSymbolResponse:
        """Let a symbol be traded again."""
        symbol = text("symbol", request.symbol)

        def act(node: LiveNode, by: str, why: str) -> dict[str, str]:
            stopped = node.status()["stopped"]
            if symbol not in stopped:
                why_not = f"{symbol!r:.80} is not stopped; stopped are: {', '.join(stopped) or 'none'}"
                raise Failure(grpc.StatusCode.FAILED_PRECONDITION, why_not, reason="NOT_STOPPED", field="symbol")
            node.accept(symbol, by=by, why=why)
            left: dict[str, str] = node.status()["stopped"]
            return left

        left, result = await desk.command(self._bridge, request.options, act)
        return risk_pb2.AcceptSymbolResponse(result=result, symbols=_stopped(left))

    async def GetCounters(self, request: risk_pb2.GetCountersRequest, context: Any) -> risk_pb2.GetCountersResponse:
        """Give the counts of orders that passed and were refused."""
        found = await desk.status(self._bridge)
        return risk_pb2.GetCountersResponse(
            passed=found["passed"],
            refused=[risk_pb2.RefusalCount(code=code, scope=scope, count=n) for code, scope, n in found["refused"]],
        )


def _stopped(found: Mapping[str, str]) -> list[risk_pb2.StoppedSymbol]:
    return [risk_pb2.StoppedSymbol(symbol=symbol, why=why) for symbol, why in sorted(found.items())]


def _struct(risk: RiskConfig) -> Struct:
    return ParseDict(risk.model_dump(mode="json"), Struct())


def _value(value: Any) -> Value:
    return ParseDict(value, Value())
