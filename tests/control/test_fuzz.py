"""Requests that nobody would write: messages made from the descriptors, and bytes. Nothing may break or hang."""

import math
import time

import grpc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.control.door import METHODS, Door, Refused, call, refused, request_class
from tests.control.rig import NodeRig
from tickwright.config import Config
from tickwright.control import control_server

STATUS = "/tickwright.v1.EngineService/GetStatus"
#: What must never be the answer to a request, however odd.
BROKEN = {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DATA_LOSS}
#: These end the engine or go on until their caller does.
ENDS = "/tickwright.v1.EngineService/Shutdown"
FEW = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

ODD = """AAPL BAC watch operator 0 1 -1 1e999 NaN inf 0.0000000001 99999999999999999999 ../../etc/passwd market cancel
status.state info tickwright flatten"""
WORDS = st.one_of(st.text(max_size=20), st.sampled_from([*ODD.split(), "", "\0", "é" * 500, "x" * 5_000]))
NUMBERS = {
    "INT32": (-(2**31), 2**31 - 1),
    "SFIXED32": (-(2**31), 2**31 - 1),
    "INT64": (-(2**63), 2**63 - 1),
    "SFIXED64": (-(2**63), 2**63 - 1),
    "UINT32": (0, 2**32 - 1),
    "FIXED32": (0, 2**32 - 1),
    "UINT64": (0, 2**64 - 1),
    "FIXED64": (0, 2**64 - 1),
}


def values(field):
    kind = next(name for name in dir(field) if name.startswith("TYPE_") and getattr(field, name) == field.type)[5:]
    if kind in NUMBERS:
        low, high = NUMBERS[kind]
        return st.one_of(st.integers(low, high), st.sampled_from([0, 1, low, high]))
    if kind == "ENUM":
        return st.one_of(st.sampled_from(list(field.enum_type.values_by_number)), st.sampled_from([-1, 99, 2**31 - 1]))
    return {
        "BOOL": st.booleans(),
        "STRING": WORDS,
        "BYTES": st.binary(max_size=64),
        "DOUBLE": st.one_of(st.floats(), st.sampled_from([math.inf, -math.inf, math.nan, 0.0, -0.0])),
        "FLOAT": st.floats(width=32),
    }[kind]


@st.composite
def filled(draw, kind, depth=0):
    """A message with any of its fields set to anything."""
    message = kind()
    for field in kind.DESCRIPTOR.fields:
        if not draw(st.booleans()):
            continue
        many = field.is_repeated
        entry = field.message_type is not None and field.message_type.GetOptions().map_entry
        if entry:
            key, value = (field.message_type.fields_by_name[name] for name in ("key", "value"))
            for _ in range(draw(st.integers(0, 3))):
                where, name = getattr(message, field.name), draw(values(key))
                if value.message_type is None:
                    where[name] = draw(values(value))
                elif depth < 4:
                    where[name].CopyFrom(draw(filled(type(where[name]), depth + 1)))
        elif field.message_type is not None:
            if depth < 4:
                part = getattr(message, field.name)
                for _ in range(draw(st.integers(0, 3)) if many else 1):
                    target = part.add() if many else part
                    target.CopyFrom(draw(filled(type(target), depth + 1)))
        elif many:
            getattr(message, field.name).extend(draw(st.lists(values(field), max_size=4)))
        else:
            setattr(message, field.name, draw(values(field)))
    return message


def ask(channel, name, content, token=None):
    """Call a method, a stream for its first answers; gives the code."""
    metadata = [("authorization", f"Bearer {token}")] if token else []
    streams = METHODS[name].server_streaming
    stub = (channel.unary_stream if streams else channel.unary_unary)(name)
    try:
        if not streams:
            stub(content, metadata=metadata, timeout=10)
            return grpc.StatusCode.OK
        stream = stub(content, metadata=metadata, timeout=0.3)
        for _, _ in zip(range(3), stream, strict=False):
            pass
        stream.cancel()
        return grpc.StatusCode.OK
    except grpc.RpcError as error:
        return Refused(error).code


@pytest.fixture(scope="module")
def door(rig, tmp_path_factory):
    options = {"requests_per_second": 0, "listen": ["unix:{state}/c.sock", "127.0.0.1:0"]}
    with Door(rig, tmp_path_factory.mktemp("door"), **options) as made, made.channel() as channel:
        made.here = channel
        made.bad = made.channel(1)
        yield made


@pytest.mark.parametrize("name", sorted(METHODS))
def test_messages_of_any_content_pass_the_door_or_are_refused(door, name):
    @FEW
    @given(filled(request_class(name)))
    def run(request):
        assert ask(door.here, name, request.SerializeToString()) not in BROKEN

    run()
    call(door.here, STATUS)


@pytest.mark.parametrize("name", sorted(METHODS))
def test_bytes_pass_the_door_or_are_refused(door, name):
    @FEW
    @given(st.binary(max_size=300))
    def run(content):
        assert ask(door.here, name, content) not in BROKEN
        assert ask(door.bad, name, content) is grpc.StatusCode.UNAUTHENTICATED

    run()
    call(door.here, STATUS)


KEYS = st.sampled_from(["authorization", "x-request-id", "x-other"])
PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60)


@FEW
@given(st.lists(st.tuples(KEYS, PRINTABLE), max_size=5))
def test_metadata_of_any_content_let_nobody_in(door, metadata):
    said = refused(door.bad, STATUS, metadata=metadata)
    assert said.code in (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.RESOURCE_EXHAUSTED)


# --- the services themselves -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The services of a node of their own: they pause, halt and trade it."""
    state = tmp_path_factory.mktemp("served")
    control = {"requests_per_second": 0, "listen": ["unix:{state}/c.sock"], "default_deadline_s": 5.0}
    config = Config.model_validate({"node": {"state": str(state)}, "control": control})
    with (
        NodeRig(tmp_path_factory.mktemp("node")) as rig,
        control_server(rig.node, rig.loop, config) as server,
        grpc.insecure_channel(server.addresses[0]) as channel,
    ):
        yield channel


@pytest.mark.parametrize("name", sorted(set(METHODS) - {ENDS}))
def test_messages_of_any_content_are_answered_or_refused_by_the_services(served, name):
    @FEW
    @given(filled(request_class(name)))
    def run(request):
        code = ask(served, name, request.SerializeToString())
        assert code not in BROKEN, request

    run()
    began = time.monotonic()
    call(served, STATUS)
    assert time.monotonic() - began < 2.0


@pytest.mark.parametrize("name", sorted(METHODS))
def test_the_fuzzer_reaches_every_field(name):
    """What is not drawn is not tested: over some draws every field of the request is set."""
    unset = {field.name for field in METHODS[name].input_type.fields}

    @settings(FEW, max_examples=100, derandomize=True, database=None)
    @given(filled(request_class(name)))
    def run(message):
        unset.difference_update(field.name for field, _ in message.ListFields())

    run()
    assert unset == set()
