"""The door's limits, errors and hooks; health and reflection; and where it listens."""

import asyncio
import socket
import stat
import threading
import time
from types import SimpleNamespace

import grpc
import psutil
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from tests.control.door import Door, answer_class, call, refused, request_class
from tickwright import errors
from tickwright.control import ControlServer, Failure
from tickwright.control.access import MAKES_SAFE
from tickwright.control.server import _told

STATUS = "/tickwright.v1.EngineService/GetStatus"
HALT = "/tickwright.v1.EngineService/Halt"
FLAG = "/tickwright.v1.EngineService/SetFlag"
NOTICES = "/tickwright.v1.EngineService/StreamNotices"
KILL = "/tickwright.v1.RiskService/SetKillSwitch"


class Observed:
    def __init__(self):
        self.seen = []

    def observe(self, method, code, seconds):
        self.seen.append((method.rpartition("/")[2], code, seconds))


@pytest.fixture
def door(rig, tmp_path):
    with Door(rig, tmp_path, observer=Observed(), requests_per_second=0) as made:
        made.tcp = made.channel()
        made.admin = made.token("admin")
        yield made
        made.tcp.close()


# --- limits ----------------------------------------------------------------------------------------------------------


def test_who_asks_too_often_is_told_when_to_come_again_and_may_still_make_safe(rig, tmp_path):
    with Door(rig, tmp_path, requests_per_second=5) as door, door.channel() as channel:
        token, other = door.token("admin"), door.token("viewer")
        said = None
        for _ in range(20):
            try:
                call(channel, STATUS, token=token)
            except grpc.RpcError:
                said = refused(channel, STATUS, token=token)
                break
        assert (said.code, said.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "RATE")
        assert 0 < said.detail(error_details_pb2.RetryInfo).retry_delay.ToTimedelta().total_seconds() <= 0.2
        call(channel, STATUS, token=other)
        assert refused(channel, FLAG, token=token).reason == "RATE"
        assert refused(channel, KILL, token=token).reason == "RATE", "releasing it is no way to safety"
        for name in sorted(MAKES_SAFE):
            for _ in range(5):
                call(channel, name, request_class(name)(**({"thrown": True} if name == KILL else {})), token)


def test_one_caller_opens_so_many_streams_and_gets_their_places_back(rig, tmp_path):
    with Door(rig, tmp_path, streams_per_caller=3) as door, door.channel() as channel:
        until = threading.Event()

        async def hold(request, context):
            import asyncio

            yield answer_class(NOTICES)()
            while not until.is_set():
                await asyncio.sleep(0.01)

        door.does[NOTICES] = hold
        token, other = door.token("viewer"), door.token("viewer", "other")
        stub = channel.unary_stream(NOTICES, None, None)

        def begun(whose):
            stream = stub(b"", metadata=[("authorization", f"Bearer {whose}")], timeout=20)
            next(stream)
            return stream

        streams = [begun(token) for _ in range(3)]
        said = refused(channel, NOTICES, token=token)
        assert (said.code, said.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "STREAMS")
        begun(other).cancel()
        streams[0].cancel()
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            try:
                streams.append(begun(token))
                break
            except grpc.RpcError:
                time.sleep(0.01)
        else:
            raise AssertionError("the place was never given back")
        until.set()


def test_a_request_that_is_too_large_is_refused(rig, tmp_path):
    with Door(rig, tmp_path, max_message_mb=0.5) as door, door.channel() as channel:
        token = door.token("admin")
        said = refused(channel, HALT, b"\x12" + b"\x80\x80\x08" + b"x" * (1 << 17), token)
        assert (said.code, said.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "TOO_LARGE")
        limits = "/tickwright.v1.RiskService/SetLimits"
        request = request_class(limits)()
        request.limits["x"] = "y" * (1 << 17)
        call(channel, limits, request, token)
        request.limits["x"] = "y" * (1 << 20)
        assert refused(channel, limits, request, token).code is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_bytes_that_are_no_message_are_refused(door):
    said = refused(door.tcp, STATUS, b"\xff\xff\xff", door.admin)
    assert (said.code, said.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "NOT_A_MESSAGE")


def test_nothing_of_a_request_is_read_before_its_caller_is_known(door):
    assert refused(door.tcp, STATUS, b"\xff\xff\xff").code is grpc.StatusCode.UNAUTHENTICATED


def test_large_metadata_are_refused(door):
    said = refused(door.tcp, STATUS, metadata=[("authorization", "Bearer " + "x" * 200_000)])
    assert said.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    call(door.tcp, STATUS, token=door.admin)


# --- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        (errors.ConfigError("x"), "FAILED_PRECONDITION", "CONFIG"),
        (errors.DataError("x"), "INVALID_ARGUMENT", "DATA"),
        (errors.OrderError("x"), "INVALID_ARGUMENT", "ORDER"),
        (errors.BrokerError("x"), "UNAVAILABLE", "BROKER"),
        (errors.NotSentError("x"), "UNAVAILABLE", "BROKER"),
        (errors.AuthenticationError("x"), "FAILED_PRECONDITION", "BROKER_KEYS"),
        (errors.JournalError("x"), "DATA_LOSS", "JOURNAL"),
        (errors.TickwrightError("x"), "FAILED_PRECONDITION", "ENGINE"),
        (errors.RefusedError("MAX_QTY", "account", "x", {"id": 1}), "FAILED_PRECONDITION", "MAX_QTY"),
        (Failure(grpc.StatusCode.NOT_FOUND, "x", reason="NO_ORDER"), "NOT_FOUND", "NO_ORDER"),
        (KeyError("x"), "INTERNAL", "INCIDENT"),
    ],
)
def test_errors_become_statuses_with_details(door, error, code, reason):
    async def fail(request, context):
        raise error

    async def fail_later(request, context):
        yield answer_class(NOTICES)()
        raise error

    door.does.update({STATUS: fail, HALT: fail, NOTICES: fail_later})
    for name in (STATUS, HALT, NOTICES):
        said = refused(door.tcp, name, token=door.admin)
        assert (said.code.name, said.reason) == (code, reason)
        assert said.detail(error_details_pb2.ErrorInfo).domain == "tickwright"
        assert said.detail(error_details_pb2.RequestInfo).request_id == said.request_id
        assert said.status.message == said.details


def test_a_bad_field_is_named(door):
    async def fail(request, context):
        raise Failure(grpc.StatusCode.INVALID_ARGUMENT, "must be above 0", field="qty")

    door.does[STATUS] = fail
    said = refused(door.tcp, STATUS, token=door.admin)
    assert said.details == "qty: must be above 0"
    assert said.detail(error_details_pb2.BadRequest).field_violations[0].field == "qty"


def test_the_longest_message_still_arrives(door):
    async def fail(request, context):
        raise Failure(grpc.StatusCode.INVALID_ARGUMENT, "ü%" * 5_000, field="qty", metadata={"m": "x" * 9_999})

    door.does[STATUS] = fail
    for _ in range(20):  # between the soft limit of metadata and the hard one, gRPC draws lots
        assert refused(door.tcp, STATUS, token=door.admin).code is grpc.StatusCode.INVALID_ARGUMENT


def test_a_method_may_end_its_call_itself(door):
    async def abort(request, context):
        await context.abort(grpc.StatusCode.NOT_FOUND, "not here")

    door.does.update({STATUS: abort, HALT: abort})
    for name in (STATUS, HALT):
        said = refused(door.tcp, name, token=door.admin)
        assert (said.code, said.details) == (grpc.StatusCode.NOT_FOUND, "not here")


def test_who_leaves_a_stream_in_the_middle_is_no_incident(door, caplog):
    whole = answer_class(NOTICES)()
    whole.notices.add().fault.why = "x" * 200_000

    async def flood(request, context):
        while True:
            yield whole

    door.does[NOTICES] = flood
    for number in range(30):
        with door.channel() as channel:
            stream = channel.unary_stream(NOTICES)(b"", metadata=[("authorization", f"Bearer {door.admin}")])
            for _ in range(number % 4):
                next(stream)
            if number % 2:
                stream.cancel()
    read = sum(number % 4 > 0 for number in range(30))  # of the others some never arrived
    deadline = time.monotonic() + 10
    while len(codes := [code for name, code, _ in door._observer.seen if name == "StreamNotices"]) < read:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert codes == ["CANCELLED"] * len(codes)
    assert "incident" not in caplog.text


def test_every_call_is_observed_once(door):
    call(door.tcp, STATUS, token=door.admin)
    call(door.tcp, NOTICES, token=door.admin)
    call(door.tcp, HALT, token=door.admin)
    refused(door.tcp, HALT)
    time.sleep(0.05)
    seen = door._observer.seen
    assert [one[:2] for one in seen] == [
        ("GetStatus", "OK"),
        ("StreamNotices", "OK"),
        ("Halt", "OK"),
        ("Halt", "UNAUTHENTICATED"),
    ]
    assert all(0 < one[2] < 5 for one in seen)


# --- health and reflection -------------------------------------------------------------------------------------------


def health(channel, service="", token=None):
    stub = health_pb2_grpc.HealthStub(channel)
    metadata = [("authorization", f"Bearer {token}")] if token else []
    asked = health_pb2.HealthCheckRequest(service=service)
    return health_pb2.HealthCheckResponse.ServingStatus.Name(stub.Check(asked, timeout=5, metadata=metadata).status)


def test_health_follows_the_engine_and_needs_no_token_on_this_machine(tmp_path, rig):
    with Door(rig, tmp_path) as door, door.channel() as channel:
        deadline = time.monotonic() + 10
        while health(channel) != "SERVING":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        for name in ("EngineService", "OrderService", "BacktestService"):
            assert health(channel, f"tickwright.v1.{name}") == "SERVING"
        with pytest.raises(grpc.RpcError) as caught:
            health(channel, "tickwright.v1.NoService")
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND
        watching = health_pb2_grpc.HealthStub(channel).Watch(
            health_pb2.HealthCheckRequest(service="tickwright.v1.OrderService"), timeout=30
        )
        assert next(watching).status == health_pb2.HealthCheckResponse.SERVING
        rig.ask(lambda: rig.node.command("pause", by="test"))
        assert next(watching).status == health_pb2.HealthCheckResponse.NOT_SERVING
        assert health(channel) == "SERVING"
        rig.ask(lambda: rig.node.command("run", by="test"))
        assert next(watching).status == health_pb2.HealthCheckResponse.SERVING
        watching.cancel()


def test_health_says_that_an_engine_that_has_not_begun_does_not_serve(tmp_path):
    node = SimpleNamespace(has_status=False)
    rig = SimpleNamespace(node=node, loop=None)
    with Door(rig, tmp_path) as door, door.channel() as channel:
        assert health(channel) == "NOT_SERVING"
        assert health(channel, "tickwright.v1.BacktestService") == "SERVING"


def test_reflection_needs_a_viewer_and_tells_every_service(door):
    stub = reflection_pb2_grpc.ServerReflectionStub(door.tcp)

    def listed(token):
        asked = iter([reflection_pb2.ServerReflectionRequest(list_services="")])
        metadata = [("authorization", f"Bearer {token}")] if token else []
        return [
            one.name for one in next(stub.ServerReflectionInfo(asked, metadata=metadata)).list_services_response.service
        ]

    with pytest.raises(grpc.RpcError) as caught:
        listed(None)
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
    names = listed(door.token("viewer"))
    assert {"tickwright.v1.EngineService", "tickwright.v1.JournalService", "grpc.health.v1.Health"} <= set(names)


# --- where it listens ------------------------------------------------------------------------------------------------


def listening():
    return {
        (one.laddr.ip.removeprefix("::ffff:"), one.laddr.port)
        for one in psutil.Process().net_connections("inet")
        if one.status == psutil.CONN_LISTEN
    }


def test_by_default_no_port_is_opened_and_the_socket_is_the_owners(rig, tmp_path):
    before = listening()
    with Door(rig, tmp_path, listen=["unix:{state}/control.sock"]) as door:
        assert listening() == before
        path = tmp_path / "control.sock"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert door.addresses == [f"unix:{path}"]
        assert stat.S_IMODE((tmp_path / "control.json").stat().st_mode) == 0o600
    assert not path.exists()


def test_a_port_is_opened_on_loopback_only(rig, tmp_path):
    before = listening()
    with Door(rig, tmp_path, listen=["127.0.0.1:0", "[::1]:0"]):
        assert {ip for ip, _ in listening() - before} == {"127.0.0.1", "::1"}


def test_a_socket_that_a_killed_engine_left_is_taken_and_a_living_one_is_not(rig, tmp_path):
    path = tmp_path / "control.sock"
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(path))
    left.listen()
    address = {"listen": ["unix:{state}/control.sock"]}
    with pytest.raises(errors.ConfigError, match="another process listens"), Door(rig, tmp_path, **address):
        pass
    left.close()
    with Door(rig, tmp_path, **address) as door, door.channel() as channel:
        call(channel, STATUS)


def test_a_file_in_the_way_stays(rig, tmp_path):
    path = tmp_path / "control.sock"
    path.write_text("mine")
    with pytest.raises(errors.ConfigError, match="is no socket"), Door(rig, tmp_path, listen=[f"unix:{path}"]):
        pass
    assert path.read_text() == "mine"


def test_a_port_that_is_taken_and_a_path_that_is_too_long_are_told(rig, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            pytest.raises(errors.ConfigError, match="cannot listen on"),
            Door(rig, tmp_path, listen=[f"127.0.0.1:{port}"]),
        ):
            pass
    with (
        pytest.raises(errors.ConfigError, match="name a shorter one"),
        Door(rig, tmp_path, listen=[f"unix:{tmp_path}/{'x' * 120}"]),
    ):
        pass


def test_a_server_that_never_started_can_be_stopped(rig):
    ControlServer(rig.node, rig.loop, services=lambda bridge: ()).stop()


def test_what_a_callback_failed_of_is_logged_but_for_what_grpc_makes_of_several_loops(caplog):
    loop = asyncio.new_event_loop()
    poller = "<Handle PollerCompletionQueue._handle_events>"
    _told(loop, {"message": "in callback", "exception": BlockingIOError(11, "unavailable"), "handle": poller})
    assert not caplog.records
    _told(loop, {"message": "in callback", "exception": BlockingIOError(11, "unavailable"), "handle": "<Handle other>"})
    _told(loop, {"message": "in callback", "exception": KeyError("x"), "handle": poller})
    assert len(caplog.records) == 2
    loop.close()
