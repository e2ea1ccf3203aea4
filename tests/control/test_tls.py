"""TLS of the control plane: right and wrong certificates, and ways around it."""

import json
import os
import socket
import ssl
import subprocess
import sys

import grpc
import pytest

from tests.control.door import Door, Refused, call, refused
from tickwright.config import Config
from tickwright.control import ControlSettings
from tickwright.control.tls import Authority, server_credentials
from tickwright.errors import ConfigError

STATUS = "/tickwright.v1.EngineService/GetStatus"
HALT = "/tickwright.v1.EngineService/Halt"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Two authorities, and what they signed."""
    folder = tmp_path_factory.mktemp("tls")
    ours, theirs = Authority(folder / "ours"), Authority(folder / "theirs")
    files = {
        "server": ours.issue("server", hosts=["localhost", "127.0.0.1"]),
        "expired": ours.issue("expired", hosts=["localhost"], days=-1),
        "elsewhere": ours.issue("elsewhere", hosts=["elsewhere.example"]),
        "ops": ours.issue("ops", is_client=True),
        "desk": ours.issue("desk", hosts=["desk.example"], is_client=True),
        "late": ours.issue("late", days=-1, is_client=True),
        "unknown": ours.issue("unknown", is_client=True),
        "forged": theirs.issue("ops", is_client=True),
    }
    return ours, theirs, files


def tls(files, name="server", **more):
    return {"tls_cert": str(files[name][0]), "tls_key": str(files[name][1]), "listen": ["localhost:0"], **more}


def secure(address, authority, client=None, **options):
    pair = (None, None) if client is None else (client[1].read_bytes(), client[0].read_bytes())
    credentials = grpc.ssl_channel_credentials(authority.cert.read_bytes(), *pair)
    return grpc.secure_channel(address, credentials, list(options.items()))


@pytest.fixture(scope="module")
def door(rig, tmp_path_factory, made):
    with Door(rig, tmp_path_factory.mktemp("door"), **tls(made[2])) as served:
        yield served


@pytest.fixture(scope="module")
def mutual(rig, tmp_path_factory, made):
    ours, _, files = made
    clients = {"ops": "operator", "desk.example": {"role": "trader", "name": "trading-desk"}}
    more = tls(files, client_ca=str(ours.cert), clients=clients)
    with Door(rig, tmp_path_factory.mktemp("mutual"), **more) as served:
        yield served


def test_a_token_passes_inside_tls(door, made):
    with secure(door.addresses[0], made[0]) as channel:
        call(channel, STATUS, token=door.token("viewer"))
        assert refused(channel, STATUS).code is grpc.StatusCode.UNAUTHENTICATED


def test_a_client_that_trusts_another_authority_does_not_connect(door, made):
    with secure(door.addresses[0], made[1]) as channel:
        said = refused(channel, STATUS, token="x", timeout=3)
    assert said.code is grpc.StatusCode.UNAVAILABLE


def test_a_client_that_expects_another_host_does_not_connect(door, made):
    options = {"grpc.ssl_target_name_override": "other.example"}
    with secure(door.addresses[0], made[0], **options) as channel:
        assert refused(channel, STATUS, timeout=3).code is grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize("name", ["expired", "elsewhere"])
def test_a_server_with_a_certificate_that_does_not_hold_is_not_trusted(rig, tmp_path, made, name):
    with Door(rig, tmp_path, **tls(made[2], name)) as served, secure(served.addresses[0], made[0]) as channel:
        assert refused(channel, STATUS, timeout=3).code is grpc.StatusCode.UNAVAILABLE


def test_plaintext_to_a_tls_port_gets_nothing(door):
    with grpc.insecure_channel(door.addresses[0]) as channel:
        assert refused(channel, STATUS, token=door.token("viewer"), timeout=3).code is grpc.StatusCode.UNAVAILABLE
    with socket.create_connection(("localhost", int(door.addresses[0].rpartition(":")[2])), timeout=5) as raw:
        raw.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        raw.settimeout(5)
        content = raw.recv(100)
    assert b"HTTP" not in content


@pytest.mark.parametrize(
    ("version", "is_taken"),
    [
        (ssl.TLSVersion.TLSv1, False),
        (ssl.TLSVersion.TLSv1_1, False),
        (ssl.TLSVersion.TLSv1_2, True),
        (ssl.TLSVersion.TLSv1_3, True),
    ],
)
def test_only_tls_1_2_and_newer_is_spoken(door, made, version, is_taken):
    context = ssl.create_default_context(cafile=str(made[0].cert))
    context.set_alpn_protocols(["h2"])
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = version
    context.set_ciphers("ALL:@SECLEVEL=0")
    port = int(door.addresses[0].rpartition(":")[2])
    with socket.create_connection(("localhost", port), timeout=5) as raw:
        if is_taken:
            with context.wrap_socket(raw, server_hostname="localhost") as spoken:
                assert spoken.version() == version.name.replace("_", ".")
        else:
            with pytest.raises((ssl.SSLError, OSError)):
                context.wrap_socket(raw, server_hostname="localhost")


# --- client certificates ---------------------------------------------------------------------------------------------


def test_a_client_certificate_is_a_caller_by_its_common_or_alternative_name(mutual, made):
    ours, _, files = made
    before = len(mutual.calls)
    with secure(mutual.addresses[0], ours, files["ops"]) as channel:
        call(channel, HALT)
    with secure(mutual.addresses[0], ours, files["desk"]) as channel:
        call(channel, STATUS)
        assert refused(channel, HALT).code is grpc.StatusCode.PERMISSION_DENIED
    assert [name for _, name in mutual.calls[before:]] == ["ops", "trading-desk"]


def test_without_a_client_certificate_there_is_no_connection(mutual, made):
    with secure(mutual.addresses[0], made[0]) as channel:
        said = refused(channel, STATUS, token=mutual.token("admin"), timeout=3)
    assert said.code is grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize("name", ["forged", "late"])
def test_a_client_certificate_of_others_or_of_the_past_does_not_connect(mutual, made, name):
    ours, _, files = made
    with secure(mutual.addresses[0], ours, files[name]) as channel:
        assert refused(channel, STATUS, timeout=3).code is grpc.StatusCode.UNAVAILABLE


def test_a_client_certificate_that_is_not_listed_needs_a_token(mutual, made):
    ours, _, files = made
    with secure(mutual.addresses[0], ours, files["unknown"]) as channel:
        assert refused(channel, STATUS).code is grpc.StatusCode.UNAUTHENTICATED
        call(channel, STATUS, token=mutual.token("viewer"))


def test_a_renewed_certificate_counts_from_the_next_connection_on(rig, tmp_path, made):
    files = Authority(tmp_path / "first").issue("server", hosts=["localhost"])
    with Door(rig, tmp_path / "state", **tls({"server": files})) as served:
        token = served.token("viewer")
        with secure(served.addresses[0], Authority(tmp_path / "first")) as channel:
            call(channel, STATUS, token=token)
        second = Authority(tmp_path / "second")
        cert, key = second.issue("server", hosts=["localhost"])
        key.replace(files[1])
        with secure(served.addresses[0], Authority(tmp_path / "first"), **{"grpc.use_local_subchannel_pool": 1}) as old:
            call(old, STATUS, token=token)  # half renewed: the old pair stays in force
        cert.replace(files[0])
        with secure(served.addresses[0], second, **{"grpc.use_local_subchannel_pool": 1}) as channel:
            call(channel, STATUS, token=token)


# --- settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    ["0.0.0.0:7000", "[::]:7000", "10.1.2.3:7000", "[fe80::1]:7000", "example.com:7000", "[::ffff:1.2.3.4]:7"],
)
def test_other_machines_are_let_in_through_tls_only(address):
    with pytest.raises(ValueError, match=r"control\.tls_cert"):
        ControlSettings(listen=[address])


@pytest.mark.parametrize(
    "address", ["", ":7000", "*:7000", "7000", "localhost", "dns:///localhost:1", "unix-abstract:x", "unix:", "a:99999"]
)
def test_what_is_no_address_is_refused(address):
    with pytest.raises(ValueError, match="unix:PATH"):
        ControlSettings(listen=[address])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"tls_cert": "x.pem"}, "tls_cert and tls_key go together"),
        ({"client_ca": "x.pem"}, "client_ca needs tls_cert"),
        ({"clients": {"a": "viewer"}}, "clients needs client_ca"),
        ({"clients": {"a": "king"}}, "viewer"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(given, said):
    with pytest.raises(ValueError, match=said):
        ControlSettings(**given)


def test_files_that_cannot_be_used_are_told_before_it_listens(tmp_path, made):
    _, _, files = made

    def refuse(**given):
        with pytest.raises(ConfigError) as caught:
            server_credentials(ControlSettings(listen=["localhost:0"], **given))
        return str(caught.value)

    cert, key = (str(path) for path in files["server"])
    assert "cannot read" in refuse(tls_cert=str(tmp_path / "no.pem"), tls_key=key)
    assert "no pair" in refuse(tls_cert=cert, tls_key=str(files["ops"][1]))
    assert "no certificate in PEM" in refuse(tls_cert=key, tls_key=key)
    copy = tmp_path / "open.key"
    copy.write_bytes(files["server"][1].read_bytes())
    copy.chmod(0o644)
    assert "chmod 600" in refuse(tls_cert=cert, tls_key=str(copy))


def test_paths_of_the_section_start_at_the_configuration_file(tmp_path, made):
    from tickwright.config import load_config

    (tmp_path / "node.toml").write_text('[control]\ntls_cert = "a.pem"\ntls_key = "a.key"\ntokens = "t.json"\n')
    control = load_config(tmp_path / "node.toml", env={}).control
    assert [control.tls_cert, control.tls_key, control.tokens] == [
        str(tmp_path / name) for name in ("a.pem", "a.key", "t.json")
    ]
    assert Config().control.addresses("s") == ["unix:s/control.sock"]


def test_the_command_line_makes_certificates_that_work(rig, tmp_path):
    def cert(*args):
        command = [sys.executable, "-m", "tickwright.cli", "cert", *args, "--json"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
        return json.loads(done.stdout)

    server = cert("server", "engine", "--host", "localhost")
    client = cert("client", "ann")
    given = {"tls_cert": tmp_path / server["cert"], "tls_key": tmp_path / server["key"]}
    settings = {name: str(path) for name, path in given.items()}
    authority = Authority(tmp_path / "tls")
    more = {"client_ca": str(authority.cert), "clients": {"ann": "viewer"}, "listen": ["localhost:0"]}
    with Door(rig, tmp_path / "state", **settings, **more) as served:
        pair = tmp_path / client["cert"], tmp_path / client["key"]
        with secure(served.addresses[0], authority, pair) as channel:
            call(channel, STATUS)
            assert isinstance(refused(channel, HALT), Refused)
    assert os.stat(tmp_path / client["key"]).st_mode & 0o777 == 0o600
