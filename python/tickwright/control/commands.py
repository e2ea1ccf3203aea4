"""How a command is carried out: recorded before it takes effect and after, once for each idempotency key."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any, Final

import grpc
import grpc.aio
from google.rpc import status_pb2

from tickwright.control.audit import Audit
from tickwright.control.caller import COMMAND, REQUEST_ID, Caller, Command
from tickwright.control.failures import Failure, failure_of
from tickwright.control.idempotency import CommandLog, Entry, order_id_of
from tickwright.control.methods import Method
from tickwright.errors import TickwrightError
from tickwright.live import LiveNode

__all__ = ["Commands"]

log = logging.getLogger(__name__)

#: Seconds that a command that makes safe waits for its record: a hung engine must not keep the kill switch from it.
RECORD_S: Final = 0.25
#: Seconds after its end at which the outcome of a command is recorded: its answer must not wait for that.
OUTCOME_S: Final = 0.002


class Commands:
    """Carries out commands.

    Parameters
    ----------
    audit
        Records them.
    kept
        Knows the idempotency keys.
    changed
        Called after each, so that nobody is given a status of before.
    """

    def __init__(self, audit: Audit, kept: CommandLog, *, changed: Callable[[], None] = lambda: None) -> None:
        self._audit, self._kept, self._changed = audit, kept, changed
        self._tasks: set[asyncio.Task[Any]] = set()

    # --- unary -------------------------------------------------------------------------------------------------------

    async def unary(
        self, method: Method, behavior: Any, request: Any, caller: Caller, context: Any, deadline: float
    ) -> Any:
        """Carry out a command; it goes on to its end and is recorded, though the caller be gone."""
        task = self._spawn(self._once(method, behavior, request, caller, context, deadline))
        try:
            async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                return await asyncio.shield(task)
        except TimeoutError:
            raise Failure(
                grpc.StatusCode.DEADLINE_EXCEEDED,
                "the deadline passed; what became of the command, the same call with the same idempotency key tells",
                reason="OUTCOME_UNKNOWN",
            ) from None

    async def _once(
        self, method: Method, behavior: Any, request: Any, caller: Caller, context: Any, deadline: float
    ) -> Any:
        key = request.options.idempotency_key
        entry, is_in_doubt = await self._begin(method, request, caller, key)
        if entry is not None and entry.state != "running":
            return self._stored(method, entry)
        command = self._command(method, caller, key, deadline, is_in_doubt=is_in_doubt)
        began, is_called = time.perf_counter(), False
        try:
            await self._intent(method, request, caller, key, command)
            COMMAND.set(command)  # for this task, which is the command's own
            is_called = True
            answer = await behavior(request, context)
        except BaseException as error:
            failure = self._failed(error, entry, command, is_called=is_called)
            self._outcome(method, caller, command, failure.code.name, began, failure.reason)
            if isinstance(error, grpc.aio.AbortError):
                raise
            raise failure from error
        if entry is not None:
            self._kept.finish(entry, "done", answer.SerializeToString())
        self._outcome(method, caller, command, "OK", began)
        return answer

    # --- streams -----------------------------------------------------------------------------------------------------

    async def stream(
        self, method: Method, behavior: Any, request: Any, caller: Caller, context: Any, deadline: float
    ) -> AsyncGenerator[Any, None]:
        """Carry out a command that answers in a stream; it ends with the call, if its method does not say otherwise."""
        key = request.options.idempotency_key
        entry, is_in_doubt = await self._begin(method, request, caller, key)
        if entry is not None and entry.state != "running":
            yield self._stored(method, entry)
            return
        command = self._command(method, caller, key, deadline, is_in_doubt=is_in_doubt)
        began, is_called = time.perf_counter(), False
        first, last = b"", b""
        try:
            await self._intent(method, request, caller, key, command)
            COMMAND.set(command)
            is_called = True
            async with contextlib.aclosing(behavior(request, context)) as answers:
                async for answer in answers:
                    if entry is not None:
                        last = answer.SerializeToString()
                        first = first or last
                    yield answer
        except BaseException as error:
            failure = self._failed(error, entry, command, is_called=is_called)
            self._outcome(method, caller, command, failure.code.name, began, failure.reason)
            if isinstance(error, (asyncio.CancelledError, GeneratorExit, grpc.aio.AbortError)):
                raise
            raise failure from error
        if entry is not None:
            # The last message has the results; where it is too long for the record, the first still names the thing.
            self._kept.finish(entry, "done", last if len(last) <= 64 << 10 else first)
        self._outcome(method, caller, command, "OK", began)

    # --- what they share ---------------------------------------------------------------------------------------------

    async def _begin(self, method: Method, request: Any, caller: Caller, key: str) -> tuple[Entry | None, bool]:
        """Give the entry of the key, and whether an earlier one is in doubt; no entry without a key."""
        if not key:
            return None, False
        content = request.SerializeToString(deterministic=True)
        try:
            durably = not method.makes_safe(request)
            entry, _ = await self._kept.begin(caller.name, method.name, key, content, durably=durably)
        except Failure as failure:
            if failure.code is grpc.StatusCode.ALREADY_EXISTS or not method.makes_safe(request):
                raise
            log.critical("%s goes on without a record of its key: %s", method.name, failure.message)
            return None, False
        if entry.state == "running" and entry.was_in_doubt:
            if not method.can_resume(request):
                self._kept.doubt(entry)
                raise Failure(
                    grpc.StatusCode.ABORTED,
                    "an earlier call with this key was broken off; look at status, orders and journal for whether it "
                    "took effect, and give the command again with a new key if it did not",
                    reason="IN_DOUBT",
                    metadata={
                        "idempotency_key": key,
                        "client_order_id": order_id_of(caller.name, method.name, key),
                        "look_at": "EngineService.GetStatus, OrderService.ListOrders, JournalService.TailJournal",
                    },
                )
            return entry, True
        return entry, False

    @staticmethod
    def _stored(method: Method, entry: Entry) -> Any:
        if entry.state == "failed":
            raise Failure.of_status(status_pb2.Status.FromString(entry.answer))
        if not entry.is_kept:
            raise Failure(
                grpc.StatusCode.ALREADY_EXISTS,
                "the command took effect, and its answer was too long to be kept",
                reason="ANSWER_NOT_KEPT",
            )
        return method.repeated(entry.answer)

    @staticmethod
    def _command(method: Method, caller: Caller, key: str, deadline: float, *, is_in_doubt: bool) -> Command:
        order_id = order_id_of(caller.name, method.name, key) if key else ""
        return Command(method.name, key, order_id, is_in_doubt, deadline)

    async def _intent(self, method: Method, request: Any, caller: Caller, key: str, command: Command) -> None:
        """Record what is about to take effect; nothing does unrecorded, but what makes safe."""
        if time.monotonic() >= command.deadline:
            raise _too_late()
        record = self._audit.intent(caller, method.name, request, REQUEST_ID.get(), key)
        is_safe = method.makes_safe(request)
        if method.is_in_one_turn and self._audit.in_journal:
            command.recorder = _InTurn(method, caller, record, is_safe=is_safe)
            return
        writing = self._spawn(self._audit.write(caller, record))
        left = command.deadline - time.monotonic()
        await asyncio.wait([writing], timeout=max(0.0, min(left, RECORD_S) if is_safe else left))
        problem = writing.exception() if writing.done() else None
        if problem is not None:
            _not_recorded(method, caller, problem, is_safe=is_safe)
        elif not writing.done() and is_safe:
            log.critical("%s by %s goes on unrecorded: the engine hangs", method.name, caller.name)
        elif not is_safe and (not writing.done() or time.monotonic() >= command.deadline):
            raise _too_late()

    def _failed(self, error: BaseException, entry: Entry | None, command: Command, *, is_called: bool) -> Failure:
        """Give the failure, and say of the key what can be said."""
        if isinstance(error, grpc.aio.AbortError):
            failure = Failure(grpc.StatusCode.UNKNOWN, "the method ended the call itself", reason="ABORTED")
        elif isinstance(error, (asyncio.CancelledError, GeneratorExit)):
            failure = Failure(grpc.StatusCode.CANCELLED, "the call was canceled")
        else:
            failure = failure_of(error)
        if entry is not None:
            if failure.is_settled:
                self._kept.finish(entry, "failed", failure.status().SerializeToString())
            elif is_called and (failure.code in _BROKEN_OFF or (command.has_begun and failure.code in _UNCERTAIN)):
                self._kept.doubt(entry)
            else:
                self._kept.release(entry)
        return failure

    def _outcome(
        self, method: Method, caller: Caller, command: Command, code: str, began: float, reason: str = ""
    ) -> None:
        self._changed()
        COMMAND.set(None)  # the record is no part of the command: no deadline is its
        took_s = time.perf_counter() - began
        self._spawn(self._told(method, caller, command, REQUEST_ID.get(), code, took_s, reason))

    async def _told(
        self,
        method: Method,
        caller: Caller,
        command: Command,
        request_id: str,
        code: str,
        took_s: float,
        reason: str,
    ) -> None:
        await asyncio.sleep(OUTCOME_S)  # the answer goes out first
        try:
            recorder, command.recorder = command.recorder, None
            if recorder is not None:  # it was refused before it reached the engine
                await self._audit.write(caller, recorder.record)
            await self._audit.outcome(caller, method.name, request_id, code, took_s, reason)
        except (TickwrightError, Failure) as error:
            log.warning("the outcome of a command is not in the journal: %s", error)

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # it was raised to the caller, or the caller is gone

    async def close(self, timeout_s: float = 2.0) -> None:
        """Let what is under way come to its end."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=timeout_s)
        await self._kept.close()


class _InTurn:
    """Records a command in the turn of the node's loop that begins it."""

    __slots__ = ("_caller", "_is_safe", "_method", "record")

    def __init__(self, method: Method, caller: Caller, record: str, *, is_safe: bool) -> None:
        self._method, self._caller, self.record, self._is_safe = method, caller, record, is_safe

    def __call__(self, node: LiveNode) -> None:
        try:
            node.audit(self._caller.name, self.record)
        except Exception as problem:
            _not_recorded(self._method, self._caller, problem, is_safe=self._is_safe)


def _not_recorded(method: Method, caller: Caller, problem: BaseException, *, is_safe: bool) -> None:
    """Refuse a command that cannot be recorded, but one that makes safe."""
    if not isinstance(problem, (TickwrightError, Failure)):
        log.error("a command cannot be recorded", exc_info=problem)
    if not is_safe:
        raise Failure(
            grpc.StatusCode.UNAVAILABLE,
            f"the command cannot be recorded in the journal, and was not carried out: {problem}",
            reason="NOT_RECORDED",
        )
    log.critical("%s by %s goes on unrecorded: %s", method.name, caller.name, problem)


def _too_late() -> Failure:
    return Failure(grpc.StatusCode.DEADLINE_EXCEEDED, "the deadline passed before the command began: it has no effect")


_BROKEN_OFF: Final = (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.CANCELLED)
"""Codes after which nobody knows whether a command took effect."""

_UNCERTAIN: Final = (
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DATA_LOSS,
)
"""Codes after which that is so where the node was asked to do anything."""
