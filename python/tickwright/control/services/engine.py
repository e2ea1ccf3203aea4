"""EngineService: how the engine stands, and what an operator can make it do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any, Final, Literal

import grpc
import grpc.aio

import tickwright
from tickwright import logs
from tickwright.control.bridge import Bridge
from tickwright.control.failures import Failure
from tickwright.control.flags import Flag, Flags
from tickwright.control.hub import Hub
from tickwright.control.reload import Reload, set_log_level
from tickwright.control.services import desk
from tickwright.control.services.fields import by_mask, checked_mask, invalid
from tickwright.control.services.notices import KINDS, notice
from tickwright.control.services.words import STATES
from tickwright.errors import ConfigError
from tickwright.live import LiveNode
from tickwright.v1 import common_pb2, engine_pb2, engine_pb2_grpc

__all__ = ["EngineService"]

QUEUE_NOTICES: Final = 10_000
MESSAGE_NOTICES: Final = 1_000
LAST_NOTICES: Final = 1_000
POLICIES: Final[Mapping[str, Literal["leave", "cancel", "flatten"]]] = {
    "leave": "leave",
    "cancel": "cancel",
    "flatten": "flatten",
}


class EngineService(engine_pb2_grpc.EngineServiceServicer):
    """State and commands of one engine.

    Parameters
    ----------
    bridge
        To the node.
    flags
        Its feature flags.
    reload
        What reads the configuration again; None where there is no file.
    objectives
        Gives the service objectives, each with the fields of `Objective`; None where none are tracked.
    """

    name = "tickwright.v1.EngineService"

    def __init__(
        self,
        bridge: Bridge,
        flags: Flags | None = None,
        reload: Reload | None = None,
        objectives: Callable[[], Iterable[Any]] | None = None,
    ) -> None:
        self._bridge, self._reload, self._objectives = bridge, reload, objectives
        self._flags = flags or Flags.of(bridge)
        self._started_ns = time.time_ns()
        self._hub: Hub[dict[str, Any], engine_pb2.Notice] = Hub(lambda found: notice(found, bridge.node.names))
        self._answer: tuple[Any, Any, engine_pb2.GetStatusResponse] | None = None
        bridge.tell(lambda node: node.listeners.append(self._hub.publish))

    def add_to(self, server: grpc.aio.Server) -> None:
        """Register with a server."""
        engine_pb2_grpc.add_EngineServiceServicer_to_server(self, server)

    async def close(self) -> None:
        """End every stream."""
        self._bridge.tell(lambda node: node.listeners.remove(self._hub.publish))
        self._hub.close()

    # --- how it stands -----------------------------------------------------------------------------------------------

    async def GetStatus(self, request: engine_pb2.GetStatusRequest, context: Any) -> engine_pb2.GetStatusResponse:
        """Say how the engine stands."""
        mask = checked_mask(request.fields, engine_pb2.Status)
        found = await desk.status(self._bridge)
        components = await self._bridge.recent(_components)
        if self._answer is None or self._answer[0] is not found or self._answer[1] is not components:
            made = self._status(found)
            made.components.extend(components)
            self._answer = found, components, engine_pb2.GetStatusResponse(status=made)
        answer = self._answer[2]
        return answer if mask is None else engine_pb2.GetStatusResponse(status=by_mask(mask, answer.status))

    def _status(self, found: Mapping[str, Any]) -> engine_pb2.Status:
        node = self._bridge.node
        last_data_ns = 0 if node.session is None else node.session.last_data_ns
        return engine_pb2.Status(
            state=STATES.number(found["state"]),
            now_ns=found["now_ns"],
            started_ns=self._started_ns,
            version=tickwright.__version__,
            equity=found["equity"],
            cash=found["cash"],
            drawdown=found["drawdown"],
            symbols=found["symbols"],
            strategies=found["strategies"],
            open_orders=found["open_orders"],
            orders=found["orders"],
            in_flight=found["in_flight"],
            in_doubt=found["in_doubt"],
            events=found["events"],
            frames=found["frames"],
            data_age_ns=max(0, time.time_ns() - last_data_ns) if last_data_ns else 0,
            anomalies=found["anomalies"],
            steps=found["steps"],
            journal_id=found["journal_id"],
            latencies=[
                engine_pb2.Latency(stage=stage, p50_us=row["p50"] or 0, p99_us=row["p99"] or 0, count=row["n"])
                for stage, row in found["latency_us"].items()
            ],
            live=node.settings.live,
            account=node.account_number,
            kill_switch=found["killed"]["all"],
            killed_strategies=found["killed"]["strategies"],
        )

    async def StreamNotices(
        self, request: engine_pb2.StreamNoticesRequest, context: Any
    ) -> AsyncIterator[engine_pb2.StreamNoticesResponse]:
        """Tell of what happens, as it becomes durable."""
        kinds = frozenset(request.kinds)
        if not kinds <= set(KINDS):
            raise invalid("kinds", f"{', '.join(sorted(kinds - set(KINDS)))!r:.80}: there are {', '.join(KINDS)}")
        if request.last > LAST_NOTICES:
            raise invalid("last", f"{request.last:,} is more than the {LAST_NOTICES:,} that are kept")

        def wanted(one: engine_pb2.Notice) -> bool:
            return not kinds or one.WhichOneof("what") in kinds

        await desk.started(self._bridge)
        # Listened first and looked back then: none is left out, and numbers tell which come twice.
        subscription = self._hub.subscribe(QUEUE_NOTICES, wanted=wanted)
        try:
            kept = await self._bridge.ask(lambda node: list(node.notices))
            told = kept[-1]["number"] if kept else 0
            names = self._bridge.node.names
            made = [one for one in (notice(found, names) for found in kept) if one is not None and wanted(one)]
            first = made[max(0, len(made) - request.last) :]
            await context.send_initial_metadata(())
            if first:
                yield engine_pb2.StreamNoticesResponse(notices=first)
            while True:
                batch = await subscription.batch(MESSAGE_NOTICES)
                new = [one for one in batch.items if one.number > told]
                if new or batch.missed:
                    yield engine_pb2.StreamNoticesResponse(notices=new, missed=batch.missed)
                if subscription.closed and not batch.items:
                    raise desk.ending()
        finally:
            self._hub.unsubscribe(subscription)

    async def GetObjectives(
        self, request: engine_pb2.GetObjectivesRequest, context: Any
    ) -> engine_pb2.GetObjectivesResponse:
        """Say how the service objectives stand."""
        fields = [field.name for field in engine_pb2.Objective.DESCRIPTOR.fields]
        rows = self._objectives() if self._objectives is not None else ()
        made = [engine_pb2.Objective(**{name: getattr(row, name) for name in fields}) for row in rows]
        return engine_pb2.GetObjectivesResponse(objectives=made)

    # --- commands ----------------------------------------------------------------------------------------------------

    async def _do(self, options: common_pb2.CommandOptions, name: str) -> common_pb2.CommandResult:
        def act(node: LiveNode, by: str, why: str) -> None:
            desk.transition(node, name, by, why)

        return (await desk.command(self._bridge, options, act))[1]

    async def Pause(self, request: engine_pb2.PauseRequest, context: Any) -> engine_pb2.PauseResponse:
        """Take no new orders; cancels pass."""
        return engine_pb2.PauseResponse(result=await self._do(request.options, "pause"))

    async def Resume(self, request: engine_pb2.ResumeRequest, context: Any) -> engine_pb2.ResumeResponse:
        """Trade again; out of HALTED after a comparison with the broker."""
        by, why = desk.asked(request.options)
        node = self._bridge.node

        async def resume() -> common_pb2.CommandResult:
            session = desk.ready(node).session
            if session is not None and session.core.status()["state"] == "HALTED":
                desk.transition(node, "reconcile", by, why)
                comparison = await node.reconcile()
                if not comparison.agrees:
                    raise Failure(
                        grpc.StatusCode.FAILED_PRECONDITION,
                        f"positions differ from the broker's: {comparison}; settle that first",
                        reason="RECONCILIATION_DIFFERENCE",
                        metadata={
                            symbol: f"{ours}/{theirs}" for symbol, (ours, theirs) in comparison.differences.items()
                        },
                    )
            desk.transition(node, "run", by, why)
            return desk.result(node)

        try:
            return engine_pb2.ResumeResponse(result=await self._bridge.run(resume))
        finally:
            self._bridge.changed()

    async def ReduceOnly(self, request: engine_pb2.ReduceOnlyRequest, context: Any) -> engine_pb2.ReduceOnlyResponse:
        """Take only orders that shrink a position."""
        return engine_pb2.ReduceOnlyResponse(result=await self._do(request.options, "reduce_only"))

    async def SafeMode(self, request: engine_pb2.SafeModeRequest, context: Any) -> engine_pb2.SafeModeResponse:
        """Cancel all working orders and take no new ones until an operator decides."""
        return engine_pb2.SafeModeResponse(result=await self._do(request.options, "safe_mode"))

    async def Halt(self, request: engine_pb2.HaltRequest, context: Any) -> engine_pb2.HaltResponse:
        """Cancel all working orders and stop trading."""
        return engine_pb2.HaltResponse(result=await self._do(request.options, "halt"))

    async def Flatten(self, request: engine_pb2.FlattenRequest, context: Any) -> engine_pb2.FlattenResponse:
        """Cancel all working orders, close every position at the market, and stop trading."""
        return engine_pb2.FlattenResponse(result=await self._do(request.options, "flatten"))

    async def CancelAll(self, request: engine_pb2.CancelAllRequest, context: Any) -> engine_pb2.CancelAllResponse:
        """Cancel all working orders; trading goes on."""

        def act(node: LiveNode, by: str, why: str) -> int:
            assert node.session is not None
            orders = int(node.session.core.status()["open_orders"])
            desk.transition(node, "cancel_all", by, why)
            return orders

        orders, result = await desk.command(self._bridge, request.options, act)
        return engine_pb2.CancelAllResponse(result=result, orders=orders)

    async def Reconcile(self, request: engine_pb2.ReconcileRequest, context: Any) -> engine_pb2.ReconcileResponse:
        """Compare orders, fills and positions with the broker."""
        desk.asked(request.options)
        node = self._bridge.node

        async def compare() -> engine_pb2.ReconcileResponse:
            found = await desk.ready(node).reconcile()
            return engine_pb2.ReconcileResponse(
                result=desk.result(node),
                agrees=found.agrees,
                orders=found.orders,
                fills=found.fills,
                differences=[
                    engine_pb2.PositionDifference(symbol=symbol, ours=f"{ours:f}", brokers=f"{theirs:f}")
                    for symbol, (ours, theirs) in found.differences.items()
                ],
            )

        try:
            return await self._bridge.run(compare)
        finally:
            self._bridge.changed()

    async def Shutdown(self, request: engine_pb2.ShutdownRequest, context: Any) -> engine_pb2.ShutdownResponse:
        """End the engine by its policy of stopping."""
        policy = POLICIES.get(request.policy)
        if request.policy and policy is None:
            raise invalid("policy", f"{request.policy!r:.40} is not known; choose {', '.join(POLICIES)}")

        def act(node: LiveNode, by: str, why: str) -> None:
            node.stop(f"{by}: {why}", policy)

        return engine_pb2.ShutdownResponse(result=(await desk.command(self._bridge, request.options, act))[1])

    # --- configuration -----------------------------------------------------------------------------------------------

    async def ReloadConfig(
        self, request: engine_pb2.ReloadConfigRequest, context: Any
    ) -> engine_pb2.ReloadConfigResponse:
        """Read the configuration file again and put in force what can change while it runs."""
        reload = self._reload
        if reload is None:
            why = "the engine was started without a configuration file; name one and restart"
            raise Failure(grpc.StatusCode.FAILED_PRECONDITION, why, reason="NO_CONFIG")
        config = await asyncio.to_thread(reload.read)

        def act(node: LiveNode, by: str, why: str) -> tuple[list[str], list[str]]:
            plan = reload.plan(node, config)
            if not request.dry_run:
                reload.put_in_force(node, plan, by, why)
            return plan.changed, plan.needs_restart

        (changed, needs_restart), result = await desk.command(self._bridge, request.options, act)
        return engine_pb2.ReloadConfigResponse(result=result, changed=changed, needs_restart=needs_restart)

    async def ListFlags(self, request: engine_pb2.ListFlagsRequest, context: Any) -> engine_pb2.ListFlagsResponse:
        """Give the feature flags."""
        return engine_pb2.ListFlagsResponse(flags=[_flag(flag) for flag in self._flags])

    async def SetFlag(self, request: engine_pb2.SetFlagRequest, context: Any) -> engine_pb2.SetFlagResponse:
        """Set a feature flag."""
        desk.asked(request.options)
        try:
            return engine_pb2.SetFlagResponse(flag=_flag(self._flags.set(request.name, request.enabled)))
        except ConfigError as error:
            raise invalid("name", str(error).removeprefix("name: ")) from None

    async def SetLogLevel(self, request: engine_pb2.SetLogLevelRequest, context: Any) -> engine_pb2.SetLogLevelResponse:
        """Set the level of a logger."""
        desk.asked(request.options)
        name, level = request.logger or logs.ROOT, request.level.lower()
        if name != logs.ROOT and not name.startswith(f"{logs.ROOT}."):
            raise invalid("logger", f"{name!r:.80} is none of this package; give {logs.ROOT} or one below it")
        if level not in logs.LEVELS:
            raise invalid("level", f"{request.level!r:.40} is not known; choose {', '.join(logs.LEVELS)}")
        set_log_level(name, level)
        return engine_pb2.SetLogLevelResponse(level=level)


def _flag(flag: Flag) -> engine_pb2.Flag:
    return engine_pb2.Flag(name=flag.name, enabled=flag.enabled, description=flag.description)


def _components(node: LiveNode) -> list[engine_pb2.Component]:
    """Say which parts of the engine work; on its loop."""
    broken = node.session.broken if node.session is not None else None
    away = node.away
    feeds = {name: seconds for name, seconds in away.items() if name != "updates"}
    faults = [row["name"] for row in node.strategies() if not row["is_active"]]
    rows = (
        ("journal", broken is None, "takes inputs" if broken is None else str(broken)),
        ("updates", "updates" not in away, _gone(away.get("updates"))),
        ("market_data", not feeds, ", ".join(f"{name} {_gone(s)}" for name, s in feeds.items()) or _gone(None)),
        ("strategies", not faults, f"not called: {', '.join(faults)}" if faults else "all are called"),
    )
    return [engine_pb2.Component(name=name, healthy=healthy, detail=detail) for name, healthy, detail in rows]


def _gone(seconds: float | None) -> str:
    return "connected" if seconds is None else f"away for {seconds:.1f} s"
