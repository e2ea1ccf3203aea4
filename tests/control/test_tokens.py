"""Tokens: how they are made, kept, refused and taken away; also from an engine that runs."""

import asyncio
import json
import os
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from google.rpc import error_details_pb2

from tests.control.door import Door, Refused, answer_class, call, refused, request_class
from tickwright.control import Role, TokenStore
from tickwright.control.throttle import Lockout
from tickwright.errors import ConfigError

NOTICES = "/tickwright.v1.EngineService/StreamNotices"
STATUS = "/tickwright.v1.EngineService/GetStatus"


@pytest.fixture
def store(tmp_path):
    return TokenStore(tmp_path / "tokens.json")


@pytest.fixture(scope="module")
def door(rig, tmp_path_factory):
    with Door(rig, tmp_path_factory.mktemp("door"), requests_per_second=0) as made:
        made.tcp = made.channel()
        yield made


def secret_of(text):
    return text[len("tw_0123456789ab_") :]


def cli(folder, *args):
    command = [sys.executable, "-m", "tickwright.cli", "token", *args, "--json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, json.loads(done.stdout)


def test_the_file_has_no_secret_and_is_its_owners_alone(store):
    token, text = store.create("ann", Role.TRADER)
    content = store.path.read_text()
    assert text.startswith(f"tw_{token.id}_")
    assert secret_of(text) not in content
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    assert len(secret_of(text)) == 43, "256 bits in base64"


def test_only_the_whole_token_is_taken(store):
    token, text = store.create("ann", Role.TRADER)
    other, other_text = store.create("bob", Role.ADMIN)
    assert store.check(text) == (token, "")
    secret = secret_of(text)
    wrong = [
        "",
        "tw_",
        text[:-1],
        text + "A",
        text + "\n",
        text.upper(),
        f"tw_{other.id}_{secret}",
        f"tw_{'0' * 12}_{secret}",
        f"tw_{token.id}_{'A' * 43}",
        f"tw_{token.id}_{token.digest}",
        secret,
        token.id,
        "é" * 60,
    ]
    assert [what for what in wrong if store.check(what)[0] is not None] == []
    assert store.check(other_text)[0] == other


def test_expired_and_revoked_are_told_to_the_right_secret_only(tmp_path):
    now = [1_000_000.0]
    store = TokenStore(tmp_path / "tokens.json", clock=lambda: now[0])
    old, old_text = store.create("ann", Role.VIEWER, days=1)
    gone, gone_text = store.create("bob", Role.VIEWER, days=None)
    store.revoke("bob")
    now[0] += 86_400
    assert store.check(old_text)[1] == "the token is expired"
    assert store.check(gone_text)[1] == "the token is revoked"
    for token in (old, gone):
        assert store.check(f"tw_{token.id}_{'A' * 43}") == (None, "")


def test_a_rotated_token_works_until_its_grace_is_over(tmp_path):
    now = [1_000_000.0]
    store = TokenStore(tmp_path / "tokens.json", clock=lambda: now[0])
    _, old = store.create("ann", Role.OPERATOR)
    made, new = store.rotate("ann", grace_s=60)
    assert (made.name, made.role) == ("ann", Role.OPERATOR)
    assert [store.check(text)[1] for text in (old, new)] == ["", ""]
    now[0] += 60
    assert [store.check(text)[1] for text in (old, new)] == ["the token is revoked", ""]
    assert len(store.prune()) == 1
    assert store.check(old) == (None, "")


def test_what_another_process_changes_counts_within_a_second(tmp_path):
    engine, command = (TokenStore(tmp_path / "tokens.json") for _ in range(2))
    token, text = command.create("ann", Role.VIEWER)
    assert engine.check(text)[0] == token
    command.revoke(token.id)
    began = time.monotonic()
    while engine.check(text)[1] != "the token is revoked":
        assert time.monotonic() - began < 1.0
        time.sleep(0.01)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o666])
def test_a_file_that_others_may_read_or_change_is_refused(store, mode):
    _, text = store.create("ann", Role.VIEWER)
    store.path.chmod(mode)
    with pytest.raises(ConfigError, match="chmod 600"):
        TokenStore(store.path).load()
    assert TokenStore(store.path).check(text) == (None, "")


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"version": 2, "tokens": []}', '{"version": 1, "tokens": [{"id": "x"}]}', "\0\0"]
)
def test_a_file_that_is_not_what_was_written_lets_nobody_in(store, content):
    _, text = store.create("ann", Role.VIEWER)
    store.path.write_text(content)
    with pytest.raises(ConfigError):
        TokenStore(store.path).load()
    assert TokenStore(store.path).check(text) == (None, "")


def test_commands_at_the_same_time_all_count(tmp_path):
    def make(number):
        TokenStore(tmp_path / "tokens.json").create(f"n{number}", Role.VIEWER)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(make, range(24)))
    assert sorted(t.name for t in TokenStore(tmp_path / "tokens.json").load()) == sorted(f"n{i}" for i in range(24))
    assert not [name for name in os.listdir(tmp_path) if name.endswith(".part")]


@pytest.mark.parametrize("name", ["", " ", "a b", "local", "node", "x" * 65, "a\n", "../x"])
def test_names_that_mean_something_else_are_refused(store, name):
    with pytest.raises(ConfigError, match="cannot be a caller's"):
        store.create(name, Role.VIEWER)


def test_the_command_line_makes_lists_rotates_and_revokes(tmp_path):
    code, made = cli(tmp_path, "create", "ann", "--role", "operator", "--days", "30")
    assert (code, made["name"], made["role"], made["valid"]) == (0, "ann", "operator", True)
    store = TokenStore(tmp_path / "state/tokens.json")
    assert store.check(made["token"])[0].id == made["id"]
    _, shown = cli(tmp_path, "list")
    assert [row["id"] for row in shown["tokens"]] == [made["id"]]
    assert secret_of(made["token"]) not in json.dumps(shown)
    _, new = cli(tmp_path, "rotate", "ann")
    _, gone = cli(tmp_path, "revoke", new["id"])
    assert gone["revoked"][0]["valid"] is False
    _, shown = cli(tmp_path, "list")
    assert [row["valid"] for row in shown["tokens"]] == [False, False]
    code, said = cli(tmp_path, "revoke", "nobody")
    assert (code, said["exit_code"]) == (2, 2)
    assert cli(tmp_path, "create", "x", "--role", "king")[0] == 2


# --- through the door ------------------------------------------------------------------------------------------------


def test_missing_wrong_and_unknown_tokens_get_the_same_answer(door):
    token = door.token("viewer", "kim")
    wrong = [None, "nonsense", token[:-2] + "AA", f"tw_{'0' * 12}_{'A' * 43}"]
    said = [refused(door.tcp, STATUS, token=text) for text in wrong]
    assert {(one.code, one.details, one.reason) for one in said} == {
        (grpc.StatusCode.UNAUTHENTICATED, said[0].details, "NO_VALID_CREDENTIALS")
    }
    other_scheme = refused(door.tcp, STATUS, metadata=[("authorization", f"Basic {token}")])
    assert other_scheme.details == said[0].details


def test_a_revoked_token_is_refused_by_an_engine_that_runs(door):
    token = door.token("viewer", "lou")
    call(door.tcp, STATUS, token=token)
    TokenStore(door.tokens.path).revoke("lou")
    time.sleep(0.3)
    said = refused(door.tcp, STATUS, token=token)
    assert (said.code, said.reason) == (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_REVOKED")


@pytest.mark.parametrize("pause_s", [0.02, 60.0])
def test_a_stream_ends_when_its_token_is_revoked_and_if_nothing_comes_in_it(door, pause_s):
    async def endless(request, context):
        while True:
            yield answer_class(NOTICES)()
            await asyncio.sleep(pause_s)

    door.does[NOTICES] = endless
    token = door.token("viewer", f"pat-{pause_s:g}")
    stub = door.tcp.unary_stream(NOTICES)
    stream = stub(b"", metadata=[("authorization", f"Bearer {token}")], timeout=20)
    next(stream)
    door.tokens.revoke(f"pat-{pause_s:g}")
    began = time.monotonic()
    with pytest.raises(grpc.RpcError) as caught:
        for _ in stream:
            pass
    assert Refused(caught.value).reason == "TOKEN_REVOKED"
    assert time.monotonic() - began < 2.0


def test_an_expired_token_is_refused(door):
    token = door.token("viewer", "mia", days=0.5 / 86_400)
    time.sleep(0.6)
    said = refused(door.tcp, STATUS, token=token)
    assert (said.code, said.reason) == (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_EXPIRED")


def test_a_token_that_was_rotated_away_cannot_be_played_again(door):
    old = door.token("viewer", "nat")
    call(door.tcp, STATUS, token=old)
    _, new = door.tokens.rotate("nat")
    time.sleep(0.3)
    call(door.tcp, STATUS, token=new)
    assert refused(door.tcp, STATUS, token=old).reason == "TOKEN_REVOKED"


def test_who_tries_wrong_tokens_is_held_back_and_the_right_one_still_passes(rig, tmp_path):
    with Door(rig, tmp_path) as door, door.channel() as channel:
        token = door.token("viewer")
        said = [refused(channel, STATUS, token="tw_wrong") for _ in range(13)]
        assert [one.code for one in said[:10]] == [grpc.StatusCode.UNAUTHENTICATED] * 10
        assert [one.code for one in said[10:]] == [grpc.StatusCode.RESOURCE_EXHAUSTED] * 3
        assert said[-1].detail(error_details_pb2.RetryInfo).retry_delay.ToTimedelta().total_seconds() > 0
        call(channel, STATUS, token=token)


def test_peers_that_are_locked_out_are_forgotten_before_memory_is():
    lockout = Lockout(clock=lambda: 0.0)
    for number in range(10_000):
        lockout.wrong(str(number))
    assert len(lockout._peers) <= 4_096


def test_no_secret_reaches_logs_or_records(door, caplog):
    token = door.token("operator", "oda")
    secret = secret_of(token)
    with caplog.at_level("DEBUG", "tickwright"):
        pause = "/tickwright.v1.EngineService/Pause"
        request = request_class(pause)(options={"reason": f"my token is {token}", "idempotency_key": token[:120]})
        call(door.tcp, pause, request, token)
        refused(door.tcp, STATUS, token=token[:-1])
    assert secret not in json.dumps(door.records)
    intent = [row for row in door.records if row["audit"] == "intent"][-1]
    assert "[redacted]" in intent["request"]["options"]["reason"]
