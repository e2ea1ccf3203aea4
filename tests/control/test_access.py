"""Who may call what: every role with every method, through the real door."""

import re
import time
from pathlib import Path

import grpc
import pytest

from tests.control.door import METHODS, Door, call, key_of, refused
from tickwright.control import Role
from tickwright.control.access import MAKES_SAFE, ROLES

ROOT = Path(__file__).resolve().parents[2]
HALT = "/tickwright.v1.EngineService/Halt"
STATUS = "/tickwright.v1.EngineService/GetStatus"


@pytest.fixture(scope="module")
def door(rig, tmp_path_factory):
    state = tmp_path_factory.mktemp("door")
    with Door(rig, state, requests_per_second=0, listen=["127.0.0.1:0", "unix:{state}/c.sock"]) as made:
        made.by_role = {role: made.token(role) for role in Role}
        made.tcp, made.unix = made.channel(0), made.channel(1)
        yield made


def commented_roles() -> dict[str, str]:
    """Read the role of each method from the comment before it in its proto file."""
    found = {}
    for path in sorted((ROOT / "proto/tickwright/v1").glob("*.proto")):
        service, comment = "", ""
        for line in path.read_text().splitlines():
            if match := re.match(r"service (\w+)", line):
                service = match[1]
            elif match := re.match(r"\s*//(.*)", line):
                comment += match[1]
            elif match := re.match(r"\s*rpc (\w+)\(", line):
                role = re.search(r"Role: (\w+)\.", comment)
                found[f"/tickwright.v1.{service}/{match[1]}"] = role[1] if role else "(none)"
                comment = ""
            else:
                comment = ""
    return found


def test_every_method_has_the_role_that_its_comment_says():
    assert {name: role.name.lower() for name, role in ROLES.items()} == commented_roles()
    assert set(ROLES) == set(METHODS)
    assert set(MAKES_SAFE) <= {name for name in METHODS if key_of(name)}
    print(f"{len(ROLES)} methods")


@pytest.mark.parametrize("name", sorted(METHODS))
def test_a_method_lets_in_its_role_and_those_above_and_no_other(door, name):
    for role in Role:
        before = len(door.calls)
        if role >= ROLES[name]:
            call(door.tcp, name, token=door.by_role[role])
            assert door.calls[before:] == [(name, f"a-{role.name.lower()}")]
        else:
            said = refused(door.tcp, name, token=door.by_role[role])
            assert said.code is grpc.StatusCode.PERMISSION_DENIED
            assert f"needs role {ROLES[name].name.lower()}" in said.details
            assert said.reason == "ROLE_NEEDED"
            assert len(door.calls) == before, "it must not be reached"


@pytest.mark.parametrize("name", sorted(METHODS))
def test_a_method_lets_in_nobody_without_a_token(door, name):
    before = len(door.calls)
    said = refused(door.tcp, name)
    assert (said.code, said.reason) == (grpc.StatusCode.UNAUTHENTICATED, "NO_VALID_CREDENTIALS")
    assert len(door.calls) == before


def test_a_method_without_a_role_is_open_to_nobody(rig, tmp_path):
    class Unlisted:
        name = "tickwright.v1.UnlistedService"

        def add_to(self, server):
            async def answer(request, context):
                raise AssertionError("it must not be reached")

            handler = grpc.unary_unary_rpc_method_handler(answer)
            server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(self.name, {"Do": handler}),))

        async def close(self):
            pass

    with Door(rig, tmp_path, extra=lambda: [Unlisted()]) as door, door.channel() as channel:
        stub = channel.unary_unary("/tickwright.v1.UnlistedService/Do")
        with pytest.raises(grpc.RpcError) as caught:
            stub(b"", metadata=[("authorization", f"Bearer {door.token('admin')}")], timeout=10)
    assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED
    assert "has no role" in caught.value.details()


def test_over_the_unix_socket_the_owner_is_admin_without_a_token(door):
    before = len(door.calls)
    call(door.unix, HALT)
    assert door.calls[before:] == [(HALT, "local")]


def test_over_the_unix_socket_a_token_counts_where_there_is_one(door):
    assert refused(door.unix, HALT, token=door.by_role[Role.VIEWER]).code is grpc.StatusCode.PERMISSION_DENIED
    assert refused(door.unix, HALT, token="tw_nonsense").code is grpc.StatusCode.UNAUTHENTICATED


def test_the_unix_socket_is_its_owners_alone(door):
    path = Path(door.addresses[1].removeprefix("unix:"))
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_id_of_the_caller_comes_back_and_stands_in_the_record(door):
    said = refused(door.tcp, HALT, metadata=[("x-request-id", "mine-1")])
    assert said.request_id == "mine-1"
    call(door.tcp, HALT, token=door.by_role[Role.ADMIN], metadata=[("x-request-id", "mine-2")])
    time.sleep(0.1)  # the answer goes out before its record
    assert [record["audit"] for record in door.records if record["request_id"] == "mine-2"] == ["intent", "outcome"]
    odd = refused(door.tcp, HALT, metadata=[("x-request-id", "with a blank")])
    assert odd.request_id
    assert odd.request_id != "with a blank"
