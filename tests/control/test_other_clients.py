"""The control plane from other languages and tools: JavaScript, and grpcurl's protocol."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pool, json_format, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from tests.control.service_rig import ServiceRig

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceRig]:
    control = {"listen": ["127.0.0.1:0", "unix:{state}/control.sock"]}
    with ServiceRig(tmp_path_factory.mktemp("others"), control=control) as rig:
        rig.until(lambda: all(row["bid"] for row in rig.node.prices()))
        yield rig


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The JavaScript client with what it needs."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("needs node and npm")
    folder = tmp_path_factory.mktemp("node") / "client"
    shutil.copytree(ROOT / "examples" / "clients" / "node", folder, ignore=shutil.ignore_patterns("node_modules"))
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=240)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        said = str(getattr(error, "stderr", "") or error)
        if any(sign in said for sign in ("ENOTFOUND", "ECONNREFUSED", "EAI_AGAIN", "ETIMEDOUT", "timed out", "E403")):
            pytest.skip(f"the npm registry cannot be reached: {said.strip()[:200]}")
        raise AssertionError(said) from error
    return folder


def _run(client: Path, address: str, token: str, *command: str, code: int = 0) -> Any:
    env = {"PATH": os.environ["PATH"], "TICKWRIGHT_TOKEN": token, "TICKWRIGHT_PROTO": str(ROOT / "proto")}
    done = subprocess.run(
        ["node", "client.mjs", address, *command], cwd=client, capture_output=True, text=True, timeout=60, env=env
    )
    assert (done.returncode, bool(done.stdout)) == (code, True), done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
def test_a_javascript_client_looks_commands_and_trades(rig: ServiceRig, client: Path) -> None:
    def run(*command: str, token: str = rig._token, address: str = rig.address, code: int = 0) -> Any:
        return _run(client, address, token, *command, code=code)

    status = run("status")
    assert (status["state"], status["symbols"]) == ("ENGINE_STATE_RUNNING", ["AAPL", "BAC"])
    assert status["equity"] == rig.ask(rig.node.status)["equity"]
    assert int(status["now_ns"]) > 1_700_000_000_000_000_000
    made = [run("buy", "BAC", str(1 + k), "0.5") for k in range(3)]
    assert [one["strategy"] for one in made] == ["operator"] * 3
    assert [one["id"] for one in run("orders")] == [one["id"] for one in reversed(made)]
    assert run("pause", "from JavaScript")["state"] == "ENGINE_STATE_PAUSED"
    assert rig.ask(rig.node.status)["state"] == "PAUSED"
    error = run("pause", code=1)["error"]
    assert (error["code"], error["reason"], error["metadata"]["state"]) == ("FAILED_PRECONDITION", "STATE", "PAUSED")
    assert run("resume")["state"] == "ENGINE_STATE_RUNNING"
    notices = run("notices", "3")
    assert [int(one["number"]) for one in notices] == list(range(1, 1 + len(notices)))
    assert any(one["what"] == "state" and one["state"]["why"] == "from JavaScript" for one in notices)
    assert run("positions") == []
    wrong = run("status", token="tw_0123456789ab_" + "x" * 43, code=1)["error"]
    assert wrong["code"] == "UNAUTHENTICATED"
    # Over the socket, who may open it is an admin.
    assert run("status", token="", address=rig.server.addresses[1])["state"] == "ENGINE_STATE_RUNNING"


def test_grpcurls_protocol_finds_and_calls_methods_without_any_proto_file(rig: ServiceRig) -> None:
    """What grpcurl does: ask reflection for the services, build messages of what it says, send JSON."""
    metadata = [("authorization", f"Bearer {rig._token}")]

    class _With(grpc.UnaryUnaryClientInterceptor, grpc.StreamStreamClientInterceptor):
        def intercept_unary_unary(self, go: Any, details: Any, request: Any) -> Any:
            return go(details._replace(metadata=metadata), request)

        def intercept_stream_stream(self, go: Any, details: Any, requests: Any) -> Any:
            return go(details._replace(metadata=metadata), requests)

    with grpc.insecure_channel(rig.address) as plain:
        channel = grpc.intercept_channel(plain, _With())
        database = ProtoReflectionDescriptorDatabase(channel)
        names = set(database.get_services())
        assert {
            "tickwright.v1.EngineService",
            "tickwright.v1.OrderService",
            "tickwright.v1.PortfolioService",
            "tickwright.v1.StrategyService",
            "tickwright.v1.RiskService",
            "tickwright.v1.JournalService",
            "grpc.health.v1.Health",
        } <= names
        pool = descriptor_pool.DescriptorPool(database)
        codes: dict[str, str] = {}
        for name in sorted(one for one in names if one.startswith("tickwright.v1.")):
            service = pool.FindServiceByName(name)
            for method in service.methods:
                if method.server_streaming or "options" in method.input_type.fields_by_name:
                    continue
                request = message_factory.GetMessageClass(method.input_type)
                answer = message_factory.GetMessageClass(method.output_type)
                stub = channel.unary_unary(
                    f"/{name}/{method.name}",
                    request_serializer=request.SerializeToString,
                    response_deserializer=answer.FromString,
                )
                code = "OK"
                try:
                    json_format.MessageToJson(stub(json_format.Parse("{}", request()), timeout=10))
                except grpc.RpcError as error:
                    code = error.code().name
                codes[method.name] = code
        assert set(codes.values()) <= {"OK", "INVALID_ARGUMENT", "NOT_FOUND"}
        assert list(codes.values()).count("OK") >= 11
        print(f"{len(codes)} methods called by what reflection told")
