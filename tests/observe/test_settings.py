"""The sections of the configuration: each key is in the documentation, and mistakes are told with their place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tickwright.config import load_config
from tickwright.errors import ConfigError
from tickwright.observe.settings import (
    AlertRule,
    AlertSettings,
    AlertSink,
    MetricsSettings,
    SloSettings,
    TraceSettings,
    is_loopback,
    split_address,
)

PAGE = Path(__file__).resolve().parent.parent.parent / "docs/configuration.md"


@pytest.mark.parametrize(
    ("heading", "section"),
    [
        ("## `[metrics]`", MetricsSettings),
        ("## `[alerts]`", AlertSettings),
        ("### `[[alerts.rule]]`", AlertRule),
        ("### `[[alerts.sink]]`", AlertSink),
        ("## `[slo]`", SloSettings),
        ("## `[traces]`", TraceSettings),
    ],
)
def test_every_key_of_a_section_is_documented_and_no_other(heading, section):
    text = PAGE.read_text(encoding="utf-8").split(f"\n{heading}\n", 1)[1].split("\n##", 1)[0]
    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) == list(section.model_fields)


def test_a_whole_configuration_is_read_and_its_mistakes_are_told_with_their_place(tmp_path):
    file = tmp_path / "run.toml"
    file.write_text("""
[metrics]
listen = "127.0.0.1:9464"

[[alerts.rule]]
name = "Losing"
metric = "tickwright_equity_dollars"
op = "<"
value = 95000.0

[[alerts.sink]]
kind = "webhook"
url = "https://example.com/hook"

[slo]
uptime = 0.999
""")
    config = load_config(file, env={})
    assert (config.metrics.listen, config.alerts.rule[0].name, config.slo.uptime) == ("127.0.0.1:9464", "Losing", 0.999)
    file.write_text("""
[metrics]
listen = "0.0.0.0:9464"

[[alerts.rule]]
name = "Losing"
metric = "tickwright_equity_dollars"
values = 95000.0

[slo]
uptime = 1.5
""")
    with pytest.raises(ConfigError) as caught:
        load_config(file, env={})
    told = str(caught.value)
    for part in ("allow_remote", "alerts.rule[0].values", "did you mean", "slo.uptime"):
        assert part in told, told
    with pytest.raises(ConfigError, match="from TICKWRIGHT_METRICS__TIMEOUT_S"):
        load_config(env={"TICKWRIGHT_METRICS__TIMEOUT_S": "-1"})


@pytest.mark.parametrize("text", ["", "9464", ":9464", "host:", "host:-1", "host:65536", "host:http"])
def test_what_is_no_address_is_refused(text):
    with pytest.raises(ValueError, match="no address"):
        split_address(text)


@pytest.mark.parametrize(
    ("host", "is_it"),
    [
        *((host, True) for host in ("127.0.0.1", "127.9.9.9", "::1", "localhost")),
        *((host, False) for host in ("127.evil.example", "0.0.0.0", "::", "10.0.0.1", "", "localhost.evil.example")),
    ],
)
def test_only_this_machine_is_this_machine(host, is_it):
    assert is_loopback(host) is is_it
