"""Keys that do not go with the account: the node says what to do, and trades nothing."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import tickwright as tw
from tests.integration.live_rig import KEY, SECRET
from tickwright.adapters import Credentials
from tickwright.adapters.alpaca import AlpacaBroker, AlpacaMarketData, Endpoints
from tickwright.cli.app import app
from tickwright.live import LiveNode, NodeSettings
from tickwright.paper import PaperServer


class Nothing(tw.Strategy):
    """Does nothing."""

    def on_quote(self, quote: object) -> None:
        pass


def market() -> tw.MarketData:
    return tw.feeds.synthetic(symbols=["BAC"], date="2026-01-05", seed=5, events_scale=0.01)


@pytest.mark.parametrize(
    ("key", "secret", "live", "remedy"),
    [
        ("PKABCDEFGHIJKLMNOPQR", SECRET, True, "keys of a paper account, and live = true: leave that out"),
        ("AKABCDEFGHIJKLMNOPQR", SECRET, False, "keys of a live account: use the paper account's keys"),
        (KEY, "another-secret", False, "are these the keys of this paper account"),
        (KEY, "another-secret", True, "are these the keys of this live account"),
    ],
)
def test_keys_that_are_refused_say_what_to_do(tmp_path: Path, key: str, secret: str, live: bool, remedy: str) -> None:
    with PaperServer({"paper": {"speed": 0.0}}, data=market()) as server:
        keys, here = Credentials(key, secret), Endpoints.at(server.rest_url)
        broker = AlpacaBroker(keys, live=live, endpoints=here)
        settings = NodeSettings(symbols=["BAC"], state=tmp_path, clock="data", live=live)
        node = LiveNode([Nothing()], broker, AlpacaMarketData(keys, endpoints=here), settings, lease_folder=tmp_path)
        with pytest.raises(tw.AuthenticationError, match=remedy) as caught:
            asyncio.run(node.run())
    assert caught.value.status == 401
    assert secret not in str(caught.value)
    assert not (tmp_path / "journal").exists()


def test_addresses_of_the_other_kind_are_refused_before_a_key_is_sent() -> None:
    keys = Credentials("PKABCDEFGHIJKLMNOPQR", "not-to-be-shown")
    with pytest.raises(tw.ConfigError, match="trades real money; say live=True"):
        AlpacaBroker(keys, endpoints=Endpoints.alpaca(live=True))
    with pytest.raises(tw.ConfigError, match="trades on paper; leave out live=True"):
        AlpacaBroker(keys, live=True, endpoints=Endpoints.alpaca())


def test_the_command_tells_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "strategy.py").write_text("import tickwright as tw\n\n\nclass Nothing(tw.Strategy):\n    pass\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("APCA_API_KEY_ID", "AKABCDEFGHIJKLMNOPQR")
    monkeypatch.setenv("APCA_API_SECRET_KEY", "not-to-be-shown")
    with PaperServer({"paper": {"speed": 0.0}}, data=market()) as server:
        flags = ["run", "strategy.py", "--symbol", "BAC", "--url", server.rest_url, "--json", "--no-view"]
        result = CliRunner().invoke(app, flags)
    said = json.loads(result.stdout)
    assert result.exit_code == said["exit_code"] == 6
    assert "use the paper account's keys" in said["error"]["message"]
    assert "not-to-be-shown" not in result.output


def test_a_live_run_is_asked_for_once_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "strategy.py").write_text("import tickwright as tw\n\n\nclass Nothing(tw.Strategy):\n    pass\n")
    (tmp_path / "node.toml").write_text('[node]\nlive = true\nsymbols = ["BAC"]\n[risk]\nmax_order_qty = 7\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("APCA_API_KEY_ID", KEY)
    monkeypatch.setenv("APCA_API_SECRET_KEY", SECRET)
    with PaperServer({"paper": {"speed": 0.0}}, data=market()) as server:
        flags = ["run", "strategy.py", "--config", "node.toml", "--url", server.rest_url, "--for", "0.1", "--no-view"]
        asked = CliRunner().invoke(app, flags, input="n\n")
        assert asked.exit_code != 0
        assert "REAL MONEY. Symbols: BAC" in asked.output
        assert "max_order_qty = 7" in asked.output
        assert not (tmp_path / "state").exists()
