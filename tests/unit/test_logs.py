import io
import json
import logging
import time
import timeit

import pytest

from tickwright import logs
from tickwright.errors import ConfigError


@pytest.fixture(autouse=True)
def _silent_afterwards():
    yield
    logs.configure("off")
    logs._secrets.clear()


def lines(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_json_lines_hold_level_logger_message_and_extra_fields():
    out = io.StringIO()
    logs.configure("info", json_lines=True, stream=out)
    logs.get_logger("engine").info("filled %d", 3, extra={"symbol": "BAC", "qty": 100.0})
    (entry,) = lines(out)
    assert entry.pop("ts").endswith("Z")
    assert entry == {
        "level": "info",
        "logger": "tickwright.engine",
        "message": "filled 3",
        "symbol": "BAC",
        "qty": 100.0,
    }


@pytest.mark.parametrize(
    "text",
    [
        "secret=hunter22",
        "APCA_API_SECRET_KEY: hunter22",
        '{"api_key": "hunter22"}',
        "Authorization: Bearer hunter22",
        "got Bearer hunter22",
        "password='hunter22'",
        "the value hunter22 itself",
    ],
)
@pytest.mark.parametrize("json_lines", [True, False])
def test_secrets_reach_neither_message_nor_arguments_nor_fields_nor_traceback(text, json_lines):
    logs.add_secret("hunter22")
    out = io.StringIO()
    logs.configure("debug", json_lines=json_lines, stream=out)
    log = logs.get_logger("x")
    log.info(text)
    log.info("got %s", text)
    log.info("field", extra={"token": "hunter22", "nested": {"passphrase": "hunter22", "list": [text]}})
    try:
        raise ValueError(text)
    except ValueError:
        log.exception("failed")
    assert out.getvalue().count("\n") >= 4
    assert "hunter22" not in out.getvalue()
    assert logs.REDACTED in out.getvalue()


def test_a_key_that_names_a_secret_hides_its_value_without_registration():
    assert "abc123" not in logs.redact("client_secret=abc123 symbol=BAC")
    assert "symbol=BAC" in logs.redact("client_secret=abc123 symbol=BAC")


def test_a_record_whose_arguments_do_not_fit_is_logged_and_not_lost():
    out = io.StringIO()
    logs.configure("info", json_lines=True, stream=out)
    logs.get_logger("x").info("%d orders", "many")
    assert "arguments do not fit" in lines(out)[0]["message"]


def test_a_level_that_is_off_makes_no_record_and_no_text():
    class Never:
        def __str__(self):
            raise AssertionError("the text was made")

    logs.configure("warning", stream=io.StringIO())
    log = logs.get_logger("x")
    log.debug("%s", Never())
    assert not log.isEnabledFor(logging.INFO)
    cost_ns = min(timeit.repeat(lambda: log.debug("%s", Never()), number=10_000, repeat=5)) / 10_000 * 1e9
    call_ns = min(timeit.repeat(lambda: max(1, 2), number=10_000, repeat=5)) / 10_000 * 1e9
    assert cost_ns < 40 * call_ns


def test_files_rotate_and_old_ones_are_dropped(tmp_path):
    file = tmp_path / "logs" / "run.log"
    logs.configure("info", json_lines=True, file=file, max_bytes=500, backups=2)
    for i in range(50):
        logs.get_logger("x").info("line %d", i)
    assert sorted(p.name for p in file.parent.iterdir()) == ["run.log", "run.log.1", "run.log.2"]
    assert "line 49" in file.read_text()


def test_a_second_setup_replaces_the_first():
    first, second = io.StringIO(), io.StringIO()
    logs.configure("info", stream=first)
    logs.configure("info", stream=second)
    logs.get_logger("x").info("once", extra={"symbol": "BAC"})
    assert first.getvalue() == ""
    assert second.getvalue().count("once symbol=BAC") == 1


def test_an_unknown_level_or_a_file_that_cannot_be_opened_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="choose one of debug"):
        logs.configure("loud")
    (tmp_path / "f").write_text("")
    with pytest.raises(ConfigError, match="cannot be opened"):
        logs.configure("info", file=tmp_path / "f" / "x.log")


@pytest.mark.parametrize(
    "text",
    [
        "y" * 200_000,
        "secret" * 30_000,
        "token " * 30_000,
        "token=" * 30_000,
        "a-" * 100_000,
        '"' * 200_000,
        "bearer " * 30_000,
    ],
)
def test_long_texts_take_time_in_proportion_to_their_length(text):
    began = time.process_time()
    logs.redact(text)
    assert time.process_time() - began < 2.0, "with the square of the length it takes minutes"
