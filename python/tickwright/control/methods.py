"""What the gate knows of each method: read from the descriptors of ``tickwright.v1`` once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any, Final

import grpc
from google.protobuf import descriptor, json_format, message_factory, unknown_fields
from google.protobuf.message import Message

from tickwright.control.access import MAKES_SAFE
from tickwright.control.failures import Failure

__all__ = ["FILES", "Method", "method_of", "services"]

FILES: Final = ("backtest", "engine", "journal", "market_data", "order", "portfolio", "risk", "strategy")
"""The proto files that have a service."""

KEY_CHARS: Final = 128
REASON_CHARS: Final = 1_000
#: Requests are small, but for those that carry a configuration.
SMALL_BYTES: Final = 64 << 10
LARGE_BYTES: Final = 1 << 20
LARGE: Final = frozenset({"RunBacktest", "SetLimits", "LoadStrategy", "SetParameters"})
#: They act on the node's loop alone, in one turn, which can record them too: no second turn stands before the first.
#: The kill switch is none of them: it acts beside that loop.
IN_ONE_TURN: Final = (MAKES_SAFE - {"/tickwright.v1.RiskService/SetKillSwitch"}) | {
    f"/tickwright.v1.{name}"
    for name in (
        "EngineService/Resume",
        "OrderService/SubmitOrder",
        "OrderService/CancelOrder",
        "OrderService/ReplaceOrder",
        "RiskService/SetLimits",
        "StrategyService/StartStrategy",
        "StrategyService/StopStrategy",
        "StrategyService/SetParameters",
    )
}
RESUMABLE: Final = frozenset({"/tickwright.v1.OrderService/SubmitOrder"})


@cache
def services() -> Mapping[str, Any]:
    """Give the descriptor of every service by its full name."""
    found = {}
    for name in FILES:
        module = import_module(f"tickwright.v1.{name}_pb2")
        for service in module.DESCRIPTOR.services_by_name.values():
            found[service.full_name] = service
    return found


class Method:
    """A method.

    Parameters
    ----------
    name
        Full name, such as ``/tickwright.v1.EngineService/Halt``.
    found
        Its descriptor; None for methods of other packages.
    """

    def __init__(self, name: str, found: Any = None) -> None:
        self.name = name
        options = None if found is None else found.input_type.fields_by_name.get("options")
        self.is_command = bool(
            options is not None
            and options.message_type is not None
            and options.message_type.full_name == "tickwright.v1.CommandOptions"
        )
        self.is_in_one_turn = name in IN_ONE_TURN
        self.is_stream = bool(found is not None and found.server_streaming)
        self.max_bytes = LARGE_BYTES if name.rpartition("/")[2] in LARGE else SMALL_BYTES
        self.answer: type[Message] | None = (
            None if found is None else message_factory.GetMessageClass(found.output_type)
        )
        self._structs = () if found is None else tuple(_structs(found.input_type))
        # Where an answer says that it is a repeated one.
        self._marks = tuple(_marks(found.output_type)) if found is not None else ()

    def check(self, request: Any) -> None:
        """Refuse options that are too long, values that JSON has not, and fields of a version unknown here.

        A field that is not known may be the one that says "only try": a command must not go on without it.
        """
        for field, value, most in (
            ("options.idempotency_key", request.options.idempotency_key, KEY_CHARS),
            ("options.reason", request.options.reason, REASON_CHARS),
        ):
            if len(value) > most:
                raise Failure(
                    grpc.StatusCode.INVALID_ARGUMENT,
                    f"has {len(value):,} characters; at most {most:,} are taken",
                    reason="TOO_LONG",
                    field=field,
                )
        for message in (request, request.options):
            unknown: Any = unknown_fields.UnknownFieldSet(message)
            for field in unknown:
                raise Failure(
                    grpc.StatusCode.INVALID_ARGUMENT,
                    f"field {field.field_number} of {message.DESCRIPTOR.full_name} is unknown to this engine",
                    reason="UNKNOWN_FIELD",
                )

        for name in self._structs:
            try:
                json_format.MessageToDict(getattr(request, name))
            except (json_format.Error, ValueError, RecursionError):
                raise Failure(
                    grpc.StatusCode.INVALID_ARGUMENT,
                    "holds what JSON has not: a number without end, or a value of no kind",
                    reason="NOT_JSON",
                    field=name,
                ) from None

    def makes_safe(self, request: Any) -> bool:
        """Whether it takes risk away: throwing the kill switch does, releasing it does not."""
        return self.name in MAKES_SAFE and bool(getattr(request, "thrown", True))

    def can_resume(self, request: Any) -> bool:
        """Whether a command in doubt may be given again: it makes safe, or finds by itself what it did before."""
        return self.name in RESUMABLE or self.makes_safe(request)

    def repeated(self, content: bytes) -> Any:
        """Give a stored answer, marked as one."""
        if self.answer is None:
            raise TypeError(f"{self.name} has no answer")
        answer: Any = self.answer.FromString(content)
        for path in self._marks:
            target = answer
            for name in path:
                target = getattr(target, name)
            target.repeated = True
        return answer


def _structs(request: descriptor.Descriptor) -> list[str]:
    kinds = {field.name: field.message_type for field in request.fields}
    return [name for name, kind in kinds.items() if kind is not None and kind.full_name == "google.protobuf.Struct"]


def _marks(answer: descriptor.Descriptor) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    field = answer.fields_by_name.get("repeated")
    if field is not None and field.type == field.TYPE_BOOL:
        found.append(())
    result = answer.fields_by_name.get("result")
    kind = None if result is None else result.message_type
    if kind is not None and kind.full_name == "tickwright.v1.CommandResult":
        found.append(("result",))
    return found


@cache
def _table() -> Mapping[str, Method]:
    return {
        f"/{service.full_name}/{method.name}": Method(f"/{service.full_name}/{method.name}", method)
        for service in services().values()
        for method in service.methods
    }


def method_of(name: str) -> Method:
    """Give the method of a full name.

    Examples
    --------
    >>> from tickwright.control.methods import method_of
    >>> method_of("/tickwright.v1.EngineService/Halt").is_command
    True
    >>> method_of("/tickwright.v1.EngineService/GetStatus").is_command
    False
    """
    return _table().get(name) or Method(name)
