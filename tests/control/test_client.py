from __future__ import annotations

import asyncio
import inspect
import os
import threading
import time
from collections.abc import Iterator
from concurrent import futures
from decimal import Decimal
from pathlib import Path
from typing import Any

import grpc
import pytest

from tests.control.service_rig import ServiceRig
from tickwright.control import AsyncClient, Client, calls
from tickwright.control.client import _Methods
from tickwright.control.failures import Failure
from tickwright.control.lines import Call, _Method
from tickwright.control.methods import services
from tickwright.errors import ConfigError, RemoteError, UnreachableError
from tickwright.v1 import common_pb2, engine_pb2, engine_pb2_grpc


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceRig]:
    with ServiceRig(tmp_path_factory.mktemp("client")) as rig:
        yield rig


def test_both_clients_have_every_method_of_the_contract() -> None:
    reached = set()
    samples = {"status": (), "ask": None, "listen": None}
    for name, method in vars(_Methods).items():
        if not isinstance(method, _Method) or samples.get(name, ()) is None:
            continue
        needed = [
            parameter
            for parameter in inspect.signature(method._make).parameters.values()
            if parameter.default is parameter.empty and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        ]
        values = {"side": "buy", "qty": "1", "order_id": 1, "enabled": True, "level": "info", "values": {"a": 1}}
        call = method._make(*(values.get(parameter.name, "x") for parameter in needed))
        if not isinstance(call, Call):
            call = call("")
        reached.add(call.method)
        assert method.__doc__
    wanted = {f"/{service.full_name}/{method.name}" for service in services().values() for method in service.methods}
    assert reached == wanted
    assert len(wanted) == 51


def test_the_async_client_does_what_the_other_does(rig: ServiceRig) -> None:
    async def use() -> None:
        async with AsyncClient(rig.address, token=rig._token) as client:
            assert (await client.status("symbols")).symbols == ["AAPL", "BAC"]
            assert [flag.name async for flag in _each(client)] == [flag.name for flag in rig.client.flags()]
            async with client.stream_notices("state") as notices:
                paused = await client.pause(reason="from afar")
                await client.resume()
                seen = []
                async for answer in notices:
                    seen += [(one.state.to, one.state.why) for one in answer.notices]
                    if len(seen) == 2:
                        break
            assert paused.state == common_pb2.ENGINE_STATE_PAUSED
            assert seen[0] == (common_pb2.ENGINE_STATE_PAUSED, "from afar")
            assert [row async for row in client.positions()] == list(rig.client.positions())
            with pytest.raises(RemoteError) as caught:
                await client.resume()
            assert caught.value.reason == "STATE"

    async def _each(client: AsyncClient) -> Any:
        for flag in await client.flags():
            yield flag

    asyncio.run(use())


def test_a_stream_that_is_closed_ends_and_lets_who_waits_go(rig: ServiceRig) -> None:
    stream = rig.client.stream_notices()
    threading.Timer(0.2, stream.close).start()
    assert list(stream) == []

    async def use() -> None:
        async with AsyncClient(rig.address, token=rig._token) as client:
            async with client.stream_notices() as notices:
                asyncio.get_running_loop().call_later(0.2, notices.close)
                assert [answer async for answer in notices] == []
            # Who is canceled himself is not told that the stream ended.
            async with client.stream_notices() as notices:
                waiting = asyncio.ensure_future(anext(notices))
                await asyncio.sleep(0.1)
                waiting.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await waiting

    asyncio.run(use())


def test_any_message_of_the_contract_can_be_sent(rig: ServiceRig) -> None:
    answer = rig.client.ask(engine_pb2.GetStatusRequest(), engine_pb2.GetStatusResponse)
    assert answer.status.symbols == ["AAPL", "BAC"]
    with rig.client.listen(engine_pb2.StreamNoticesRequest(last=1), engine_pb2.StreamNoticesResponse) as told:
        assert next(told).notices


def test_a_wrong_token_is_told_as_such(rig: ServiceRig) -> None:
    with Client(rig.address, token="tw_0123456789ab_" + "x" * 43) as client, pytest.raises(RemoteError) as caught:
        client.status()
    assert caught.value.code == "UNAUTHENTICATED"


def test_nobody_there_is_told_within_the_deadline() -> None:
    begun = time.monotonic()
    with Client("127.0.0.1:9", timeout_s=1.0) as client, pytest.raises(UnreachableError, match="no engine answers"):
        client.status()
    assert time.monotonic() - begun < 3.0


class _Flaky(engine_pb2_grpc.EngineServiceServicer):
    """Fails so many times, then answers; remembers the keys that came."""

    def __init__(self, failures: int, code: grpc.StatusCode, retry_s: float | None = None) -> None:
        self.failures, self.code, self.retry_s = failures, code, retry_s
        self.keys: list[str] = []

    def Pause(self, request: Any, context: Any) -> Any:
        self.keys.append(request.options.idempotency_key)
        if len(self.keys) <= self.failures:
            status = Failure(self.code, "not now", reason="TEST", retry_s=self.retry_s).status()
            context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
            context.abort(self.code, "not now")
        return engine_pb2.PauseResponse(result=common_pb2.CommandResult(state=common_pb2.ENGINE_STATE_PAUSED))


def _flaky(servicer: _Flaky) -> tuple[grpc.Server, str]:
    server = grpc.server(futures.ThreadPoolExecutor(2))
    engine_pb2_grpc.add_EngineServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, f"127.0.0.1:{port}"


@pytest.mark.parametrize("is_async", [False, True])
def test_a_command_is_tried_again_under_one_key(is_async: bool) -> None:
    servicer = _Flaky(3, grpc.StatusCode.UNAVAILABLE)
    server, address = _flaky(servicer)
    try:
        if is_async:

            async def use() -> common_pb2.CommandResult:
                async with AsyncClient(address) as client:
                    return await client.pause()

            result = asyncio.run(use())
        else:
            with Client(address) as client:
                result = client.pause()
    finally:
        server.stop(None)
    assert result.state == common_pb2.ENGINE_STATE_PAUSED
    assert len(servicer.keys) == 4
    assert len(set(servicer.keys)) == 1
    assert len(servicer.keys[0]) >= 32


@pytest.mark.parametrize(
    ("code", "retry_s", "tries"),
    [
        (grpc.StatusCode.UNAVAILABLE, None, 5),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, 0.01, 5),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, None, 1),
        (grpc.StatusCode.FAILED_PRECONDITION, None, 1),
        (grpc.StatusCode.INTERNAL, None, 1),
        (grpc.StatusCode.UNAVAILABLE, 60.0, 1),
    ],
)
def test_only_what_passes_is_tried_again_and_not_for_ever(
    code: grpc.StatusCode, retry_s: float | None, tries: int
) -> None:
    servicer = _Flaky(100, code, retry_s)
    server, address = _flaky(servicer)
    try:
        with Client(address, timeout_s=8.0) as client, pytest.raises(RemoteError) as caught:
            client.pause()
    finally:
        server.stop(None)
    assert len(servicer.keys) == tries
    assert (caught.value.code, caught.value.reason, caught.value.retry_s) == (code.name, "TEST", retry_s)


def test_a_deadline_counts_for_all_attempts() -> None:
    servicer = _Flaky(100, grpc.StatusCode.UNAVAILABLE)
    server, address = _flaky(servicer)
    begun = time.monotonic()
    try:
        with Client(address) as client, pytest.raises(UnreachableError):
            client.within(0.3).pause()
    finally:
        server.stop(None)
    assert time.monotonic() - begun < 1.0


def test_secrets_are_in_no_representation(tmp_path: Path) -> None:
    token = "tw_0123456789ab_verysecretverysecret"
    for client in (Client("127.0.0.1:9", token=token), AsyncClient("unix:x.sock", token=token)):
        assert token not in repr(client) + str(client) + repr(client._way) + repr(vars(client))


def test_a_token_does_not_go_to_another_machine_in_the_clear(tmp_path: Path) -> None:
    for address in ("10.0.0.7:7430", "engine.example:7430"):
        with pytest.raises(ConfigError, match="in the clear"):
            Client(address, token="tw_x")
    authority = tmp_path / "ca.pem"
    authority.write_text("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n")
    assert "tls=True" in repr(Client("engine.example:7430", token="tw_x", ca=authority))
    for address in ("[::1]:7430", "localhost:7430", "127.0.0.2:7430", "unix:/run/x.sock"):
        Client(address, token="tw_x")


def test_a_token_file_is_read_only_where_nobody_else_can(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("tw_secret\n")
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="others may read it"):
        Client("127.0.0.1:9", token_file=path)
    path.chmod(0o600)
    assert Client("127.0.0.1:9", token_file=path)._way.token == "tw_secret"
    path.write_text("two words\n")
    with pytest.raises(ConfigError, match="holds no token"):
        Client("127.0.0.1:9", token_file=path)
    with pytest.raises(ConfigError, match="cannot be read"):
        Client("127.0.0.1:9", token_file=tmp_path / "none")


def test_address_and_token_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKWRIGHT_ADDRESS", "127.0.0.1:7431")
    monkeypatch.setenv("TICKWRIGHT_TOKEN", "tw_from_environment")
    client = Client()
    assert (client._way.address, client._way.token) == ("127.0.0.1:7431", "tw_from_environment")
    monkeypatch.delenv("TICKWRIGHT_ADDRESS")
    assert Client()._way.address == "unix:state/control.sock"
    assert os.environ["TICKWRIGHT_TOKEN"] not in repr(client)


def test_numbers_are_sent_exactly_or_not_at_all() -> None:
    request = calls.submit_order("AAPL", "buy", Decimal("1E+1"), limit="190.50").request
    assert (request.qty, request.limit_price, request.type) == ("10", "190.50", common_pb2.ORDER_TYPE_LIMIT)
    assert calls.submit_order("AAPL", "sell", 5, stop=7).request.type == common_pb2.ORDER_TYPE_STOP
    with pytest.raises(ConfigError, match="not exact"):
        calls.submit_order("AAPL", "buy", 0.1)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="side"):
        calls.submit_order("AAPL", "hold", 1)


def test_a_closed_client_asks_nobody(rig: ServiceRig) -> None:
    client = Client(rig.address, token=rig._token)
    other = client.within(1.0)
    assert other.status("state").state
    client.close()
    for closed in (client, other):
        with pytest.raises(ConfigError, match="closed"):
            closed.status()
