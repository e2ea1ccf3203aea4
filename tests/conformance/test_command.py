"""``tickwright paper``: the addresses it prints, its clean end, and what it says when it cannot start."""

import json
import signal
import subprocess
import sys

import pytest
from alpaca.trading.client import TradingClient
from typer.testing import CliRunner

from tickwright.cli.app import app

COMMAND = [sys.executable, "-m", "tickwright.cli", "paper"]


def started(*flags):
    process = subprocess.Popen([*COMMAND, *flags], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line == "}\n" or "CryptoDataStream" in line:
            return process, "".join(lines)
    raise AssertionError(process.stderr.read())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_it_serves_until_it_is_asked_to_end(number):
    process, text = started("--synthetic", "--symbol", "AAPL,MSFT", "--port", "0", "--json", "--speed", "max")
    told = json.loads(text)
    assert set(told) == {"rest_url", "trading_stream_url", "stock_stream_url", "crypto_stream_url", "key"}
    client = TradingClient("PAPER", "paper-secret", url_override=told["rest_url"])
    assert [a.symbol for a in client.get_all_assets()] == ["AAPL", "MSFT"]
    process.send_signal(number)
    _, errors = process.communicate(timeout=15)
    assert (process.returncode, errors) == (0, "")


def test_it_says_how_to_point_alpaca_py_at_it(tmp_path):
    config = tmp_path / "paper.toml"
    config.write_text(
        '[paper]\nport = 0\nspeed = 2\n[paper.market]\nsource = "synthetic"\n'
        '[[paper.accounts]]\nkey = "ME"\nsecret = "mine"\n'
    )
    process, text = started("--config", str(config), "--start", "2026-01-05T15:00:00Z")
    process.terminate()
    process.communicate(timeout=15)
    for client in (
        "TradingClient",
        "TradingStream",
        "StockHistoricalDataClient",
        "StockDataStream",
        "CryptoDataStream",
    ):
        assert f'{client}("ME", "mine", url_override=' in text
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("flags", "code", "message"),
    [
        (["--speed", "fast"], 2, "--speed fast: no number"),
        (["--synthetic", "--speed", "-1"], 2, "paper.speed"),
        (["--data", "nowhere"], 3, "nowhere: there is no such file"),
        ([], 3, "no market data given"),
        (["--synthetic", "--port", "99999"], 2, "paper.port"),
        (["--config", "nowhere.toml"], 2, "nowhere.toml"),
    ],
    ids=["speed", "negative speed", "no data", "nothing", "port", "no file"],
)
def test_what_cannot_work_is_said_before_anything_starts(flags, code, message):
    run = CliRunner().invoke(app, ["paper", *flags])
    assert (run.exit_code, run.stdout) == (code, "")
    assert message in run.stderr


def test_a_taken_port_is_said():
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        run = CliRunner().invoke(app, ["paper", "--synthetic", "--port", port])
    assert run.exit_code == 2
    assert f"127.0.0.1:{port}" in run.stderr
    assert "choose another port" in run.stderr
