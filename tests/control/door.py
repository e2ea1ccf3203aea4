"""The real door of the control plane before methods that answer at once: what is tested is the door."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
from google.protobuf import message_factory
from google.rpc import error_details_pb2, status_pb2

from tests.control.rig import NodeRig
from tickwright.config import Config
from tickwright.control import ControlServer, Role, TokenStore, control_server
from tickwright.control.caller import CALLER
from tickwright.control.methods import services as service_descriptors
from tickwright.errors import JournalError

METHODS = {
    f"/{service.full_name}/{method.name}": method
    for service in service_descriptors().values()
    for method in service.methods
}


def request_class(name: str) -> Any:
    return message_factory.GetMessageClass(METHODS[name].input_type)


def answer_class(name: str) -> Any:
    return message_factory.GetMessageClass(METHODS[name].output_type)


def key_of(name: str) -> bool:
    """Whether a method is a command."""
    return "options" in METHODS[name].input_type.fields_by_name


class Answering:
    """A service whose methods give an empty answer, and note who called."""

    def __init__(self, descriptor: Any, calls: list[tuple[str, str]], does: dict[str, Any]) -> None:
        self.name, self._descriptor, self._calls, self._does = descriptor.full_name, descriptor, calls, does

    def add_to(self, server: grpc.aio.Server) -> None:
        handlers = {method.name: self._handler(method) for method in self._descriptor.methods}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(self.name, handlers),))

    def _handler(self, method: Any) -> Any:
        name = f"/{self.name}/{method.name}"
        request, answer = request_class(name), answer_class(name)

        async def unary(asked: Any, context: Any) -> Any:
            self._calls.append((name, CALLER.get().name))
            does = self._does.get(name)
            return answer() if does is None else await does(asked, context)

        async def stream(asked: Any, context: Any) -> Any:
            self._calls.append((name, CALLER.get().name))
            does = self._does.get(name)
            if does is None:
                yield answer()
            else:
                async for one in does(asked, context):
                    yield one

        if method.server_streaming:
            return grpc.unary_stream_rpc_method_handler(stream, request.FromString, answer.SerializeToString)
        return grpc.unary_unary_rpc_method_handler(unary, request.FromString, answer.SerializeToString)

    async def close(self) -> None:
        pass


class Door:
    """A served door, until the end of the with-block.

    `does` maps full names of methods to what they do; `calls` has who came through; `records` the audit.
    """

    def __init__(
        self,
        rig: NodeRig,
        state: Path,
        *,
        observer: Any = None,
        journal: bool = False,
        extra: Callable[[], Sequence[Any]] = lambda: (),
        **control: Any,
    ) -> None:
        self.calls: list[tuple[str, str]] = []
        self.does: dict[str, Any] = {}
        self.records: list[dict[str, Any]] = []
        control.setdefault("listen", ["127.0.0.1:0"])
        self.config = Config.model_validate({"node": {"state": str(state)}, "control": control})
        self.tokens = TokenStore(self.config.control.tokens_path(state))
        self.fail_sink = self.hang_sink = False
        self._rig, self._observer, self._journal, self._extra = rig, observer, journal, extra

    async def _sink(self, by: str, text: str) -> None:
        if self.fail_sink:
            raise JournalError("the journal takes nothing more")
        if self.hang_sink:
            await asyncio.sleep(30)
        self.records.append(json.loads(text))

    def __enter__(self) -> Door:
        def services(bridge: Any) -> list[Any]:
            made = [Answering(one, self.calls, self.does) for one in service_descriptors().values()]
            return [*made, *self._extra()]

        self.server: ControlServer = control_server(
            self._rig.node,
            self._rig.loop,
            self.config,
            observer=self._observer,
            sink=None if self._journal else self._sink,
            services=services,
        ).start()
        self.addresses = self.server.addresses
        return self

    def __exit__(self, *exc: object) -> None:
        self.server.stop()

    def token(self, role: Role | str = "admin", name: str = "", **options: Any) -> str:
        chosen = role if isinstance(role, Role) else Role[role.upper()]
        return self.tokens.create(name or f"a-{chosen.name.lower()}", chosen, **options)[1]

    def channel(self, index: int = 0) -> grpc.Channel:
        return grpc.insecure_channel(self.addresses[index])


def call(
    channel: grpc.Channel,
    name: str,
    request: Any = None,
    token: str | None = None,
    *,
    metadata: Sequence[tuple[str, str]] = (),
    timeout: float | None = 10.0,
) -> Any:
    """Call a method; gives the answer, of a stream the list of answers. `request` may be bytes."""
    sent = list(metadata) + ([("authorization", f"Bearer {token}")] if token else [])
    method = METHODS[name]
    asked = request_class(name)() if request is None else request

    def serialize(what: Any) -> bytes:
        return what if isinstance(what, bytes) else what.SerializeToString()

    kind = channel.unary_stream if method.server_streaming else channel.unary_unary
    stub = kind(name, request_serializer=serialize, response_deserializer=answer_class(name).FromString)
    found = stub(asked, metadata=sent, timeout=timeout)
    return list(found) if method.server_streaming else found


class Refused(AssertionError):
    """A call failed: what it said."""

    def __init__(self, error: grpc.RpcError) -> None:
        self.code: grpc.StatusCode = error.code()
        self.details: str = error.details() or ""
        trailing = dict(error.trailing_metadata() or ())
        self.request_id = trailing.get("x-request-id", "")
        self.status = status_pb2.Status.FromString(trailing.get("grpc-status-details-bin", b""))
        super().__init__(f"{self.code.name}: {self.details}")

    def detail(self, kind: Any) -> Any:
        found = kind()
        return found if any(one.Unpack(found) for one in self.status.details) else None

    @property
    def reason(self) -> str:
        info = self.detail(error_details_pb2.ErrorInfo)
        return "" if info is None else str(info.reason)


def refused(*args: Any, **options: Any) -> Refused:
    """Call a method that must fail; gives how."""
    try:
        answer = call(*args, **options)
    except grpc.RpcError as error:
        return Refused(error)
    raise AssertionError(f"it was answered: {answer!r}")
