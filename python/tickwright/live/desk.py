"""Requests on their way to the broker, and what became of them: nothing twice, nothing forgotten."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Concatenate, ParamSpec

from tickwright import _core, logs
from tickwright.adapters import Accepted, Broker, InDoubt, Outcome, Refused
from tickwright.errors import BrokerError
from tickwright.live.core import Session
from tickwright.live.latency import Latency
from tickwright.live.trail import Trail

__all__ = ["Desk"]

log = logging.getLogger(__name__)
P = ParamSpec("P")

MARKS = 4_096
"""Orders of which it is known when a request last began or ended; older ones count as the newest of those forgotten."""
GONE = (404, 422)  # of a cancel: the order is unknown, or can no longer be canceled


class Desk:
    """Sends what the engine asks for, each request in a task of its own.

    Parameters
    ----------
    broker
        Where to.
    retry_s
        Pause between two questions about an order in doubt.
    """

    def __init__(self, broker: Broker, *, retry_s: float = 1.0) -> None:
        self._broker, self._retry_s = broker, retry_s
        self._tasks: set[asyncio.Task[None]] = set()
        self._in_flight: Counter[int] = Counter()
        self._turns = 0
        self._last_turn: dict[int, int] = {}
        self._forgotten_turn = 0
        self._closed = False
        self.session: Session | None = None
        self.cutoff_ns = 0
        """Orders asked for at that event time or before, and never sent, are given up."""
        self.unsettled: set[int] = set()
        """Orders whose record came while a request was about to change them: to be asked for again."""
        self.sent: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.in_doubt = 0
        self.round_trip = Latency()
        self.trail = Trail()
        self.answer_listeners: list[Callable[[dict[str, Any]], None]] = []

    def send(self, request: dict[str, Any]) -> None:
        """Send a request of the engine; never waits. One that comes after `close` is left to the next start."""
        if self._closed:
            return
        kinds: dict[str, Callable[[dict[str, Any]], Coroutine[Any, Any, None]]] = {
            "submit": self._submit,
            "cancel": self._cancel,
            "replace": self._replace,
        }
        self._count(request, 1)
        assert self.session is not None  # set before the first request
        frame = self.session.frames
        # The moment at which a strategy asked; by `asked_ns`, when it was handed out, later events may have come.
        order = self.session.core.order(request["order"]) if request["kind"] != "cancel" else None
        tick_ns = request["asked_ns"] if order is None else order["submitted_ns"]
        fields = self.trail.note(request, tick_ns=tick_ns, frame=frame, since_frame=request.get("since_frame", frame))
        self._keep(self._run(kinds[request["kind"]], request, fields))

    @property
    def turn(self) -> int:
        """Number of times that a request began or ended; a mark to judge by later whether an order was left alone."""
        return self._turns

    def is_quiet(self, order: int, since: int, *, own: int = 0) -> bool:
        """Whether no request about an order was under way since that turn, leaving aside `own` that are."""
        return self._in_flight[order] <= own and self._last_turn.get(order, self._forgotten_turn) <= since

    def _count(self, request: Mapping[str, Any], change: int) -> None:
        self._turns += 1
        for order in {request["order"], request.get("old")} - {None}:
            self._in_flight[order] += change
            if not self._in_flight[order]:
                del self._in_flight[order]
            self._last_turn.pop(order, None)
            self._last_turn[order] = self._turns  # at the end: the oldest is the first
        while len(self._last_turn) > MARKS:
            self._forgotten_turn = self._last_turn.pop(next(iter(self._last_turn)))

    def ask(self, order: int) -> None:
        """Ask the broker for its own record of an order, of which something was missed."""
        assert self.session is not None
        broker_id = self.session.core.broker_id(order)
        if self._in_flight[order]:
            self.unsettled.add(order)
        elif broker_id is not None:
            request = {"order": order, "kind": "ask", "broker_id": broker_id}
            self._count(request, 1)
            self._keep(self._run(self._ask_again, request, self.trail.of(order)))

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @property
    def open(self) -> int:
        """Requests of which nothing is known yet."""
        return len(self._tasks)

    async def drain(self, timeout_s: float) -> bool:
        """Wait until everything that was sent is answered; false where that took too long."""
        deadline = time.monotonic() + timeout_s
        while self._tasks and time.monotonic() < deadline:
            await asyncio.wait(self._tasks, timeout=max(0.01, deadline - time.monotonic()))
        return not self._tasks

    async def _run(
        self,
        send: Callable[[dict[str, Any]], Coroutine[Any, Any, None]],
        request: dict[str, Any],
        fields: Mapping[str, Any],
    ) -> None:
        assert self.session is not None  # set before the first request
        begun, handed_ns, received_ns = time.perf_counter_ns(), self.session.now_ns(), self.session.last_data_ns
        self.sent[request["kind"]] += 1
        with logs.bound(**fields, request=request["kind"]):
            log.info("asks the broker: %s", request["kind"])
            try:
                await send(request)
            finally:
                took_ns = time.perf_counter_ns() - begun
                self._count(request, -1)
                self.round_trip.add(took_ns)
                times = {"received_ns": received_ns, "handed_ns": handed_ns, "answered_ns": handed_ns + took_ns}
                for listener in self.answer_listeners:
                    listener({**fields, "request": request["kind"], **times})
                log.info("the broker has answered: %s", request["kind"], extra={"took_us": took_ns / 1_000})

    def _tell(self, act: Callable[Concatenate[_core.Node, P], Any], *args: P.args, **kwargs: P.kwargs) -> None:
        assert self.session is not None  # set before the first request
        self.session.do(act, *args, **kwargs)

    def _now(self) -> int:
        assert self.session is not None
        return self.session.now_ns()

    async def _submit(self, request: dict[str, Any]) -> None:
        order = request["order"]
        if request["asked_ns"] <= self.cutoff_ns:
            log.warning("order %s never left, and is too old by now; it is given up", request["client_order_id"])
            self._tell(_core.Node.absent, order, self._now())
            return
        outcome = await self._broker.submit(json.loads(request["body"]))
        if isinstance(outcome, InDoubt):
            await self._resolve(request, outcome)
        else:
            self._settle_outcome(request, outcome)

    async def _replace(self, request: dict[str, Any]) -> None:
        outcome = await self._broker.replace(request["broker_id"], json.loads(request["body"]))
        if isinstance(outcome, InDoubt):
            await self._resolve(request, outcome)
        else:
            self._settle_outcome(request, outcome)

    async def _cancel(self, request: dict[str, Any]) -> None:
        outcome = await self._broker.cancel(request["broker_id"])
        if isinstance(outcome, Accepted):
            return
        if isinstance(outcome, InDoubt) or outcome.status in GONE or not outcome.sent:
            await self._ask(request["order"], request["broker_id"])
        else:
            self._note(request, outcome)
            self._tell(_core.Node.refused, "cancel", request["order"], None, self._now())

    def _settle_outcome(self, request: dict[str, Any], outcome: Outcome) -> None:
        if isinstance(outcome, Accepted):
            answer = _bytes(outcome.order)
            self._tell(_core.Node.on_answer, answer)
        elif isinstance(outcome, Refused):
            self._note(request, outcome)
            kind, order, old = request["kind"], request["order"], request["old"]
            self._tell(_core.Node.refused, kind, order, old, self._now())

    def _note(self, request: Mapping[str, Any], outcome: Refused) -> None:
        self.refused[f"{outcome.status} {outcome.code}"] += 1
        log.warning(
            "the broker refused to %s %s: %s %s %s",
            *(request["kind"], request["client_order_id"], outcome.status, outcome.code, outcome.message),
        )

    async def _resolve(self, request: dict[str, Any], doubt: InDoubt) -> None:
        """Ask until the broker says whether an order is there or not."""
        self.in_doubt += 1
        log.warning("%s is in doubt (%s); asking the broker", request["client_order_id"], doubt.reason)
        found = await self._persist(lambda: self._broker.order_by_client_id(request["client_order_id"]))
        if found is not None:
            answer = _bytes(found)
            self._tell(_core.Node.on_answer, answer)
            return
        if request["kind"] == "submit":
            # It never arrived; under the same id it cannot be taken twice.
            await self._submit(request)
        else:
            await self._ask(request["old"], request["broker_id"])

    async def _ask_again(self, request: dict[str, Any]) -> None:
        await self._ask(request["order"], request["broker_id"])

    async def _ask(self, order: int, broker_id: str) -> None:
        """Bring an order up to the broker's record of it, unless another request of ours is about to change it."""
        asked = self.turn
        found = await self._persist(lambda: self._broker.order(broker_id))
        if found is None:
            self._tell(_core.Node.absent, order, self._now())
            return
        if not self.is_quiet(order, asked, own=1):
            self.unsettled.add(order)
            return
        record = _bytes(found)
        self._tell(_core.Node.settle, record, self._now())

    async def _persist(self, ask: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """Ask until there is an answer: an order in doubt stays in doubt until the broker has spoken."""
        while True:
            try:
                return await ask()
            except BrokerError as error:
                log.warning("the broker does not answer: %s", error)
                await asyncio.sleep(self._retry_s)

    def close(self) -> None:
        """Give up everything that still waits, and send nothing more; a restart asks the broker."""
        self._closed = True
        for task in self._tasks:
            task.cancel()


def _bytes(order: Mapping[str, Any]) -> bytes:
    return json.dumps(order).encode()
