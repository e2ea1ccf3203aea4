"""The command line on the real engine, in a process of its own, as a user has it."""

import json
import subprocess
import sys

import pytest

import tickwright as tw

STRATEGY = """
import tickwright as tw


class Once(tw.Strategy):
    qty = 10

    def on_trade(self, trade):
        if self.position(trade.symbol).qty == 0 and not self.open_orders():
            self.buy(trade.symbol, self.qty)
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("place")
    tw.feeds.write(tw.feeds.synthetic(seed=7, symbols=["ALFA", "BETA"], events_scale=0.02), folder / "day")
    (folder / "once.py").write_text(STRATEGY)
    return folder


def tickwright(place, *args):
    command = [sys.executable, "-m", "tickwright.cli", *map(str, args)]
    return subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=120, check=False)


def result(place, *args):
    done = tickwright(place, *args, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_a_symbol_is_chosen_from_tables_that_hold_several(place):
    assert result(place, "backtest", "once.py", "--data", "day", "--symbol", "BETA")["meta"]["symbols"] == ["BETA"]
    assert result(place, "backtest", "once.py", "--data", "day", "-s", "ALFA,BETA")["meta"]["symbols"] == [
        "ALFA",
        "BETA",
    ]


def test_a_symbol_that_no_table_holds_is_an_error_that_names_those_there_are(place):
    done = tickwright(place, "backtest", "once.py", "--data", "day", "--symbol", "GAMA", "--json")
    assert done.returncode == 3
    message = json.loads(done.stdout)["error"]["message"]
    assert "GAMA" in message
    assert "ALFA" in message


def test_import_takes_the_chosen_symbol_alone(place):
    result(place, "data", "import", "day", "beta", "--symbol", "BETA")
    assert tw.feeds.read(place / "beta").symbols == ["BETA"]


def test_every_way_to_name_bars_reaches_the_engine(place):
    (place / "up.toml").write_text('entry = "close > open"\nsize.shares = 1\n')
    counts = {
        bars: result(place, "backtest", "up.toml", "--data", "day", "--bars", bars)["stats"]["fills"]
        for bars in ("1m", "tick:5", "5 ticks", "volume:500", "500 shares", "dollar:20000", "20000 dollars")
    }
    assert min(counts.values()) > 0
    assert counts["tick:5"] == counts["5 ticks"]
    assert counts["dollar:20000"] == counts["20000 dollars"]


def test_every_setting_of_risk_and_venue_reaches_the_engine(place):
    (place / "all.toml").write_text(
        """
[risk]
max_order_qty = 9
max_order_notional = 1e6
max_position_qty = 100
max_position_notional = 1e6
max_gross_exposure = 1e6
max_net_exposure = 1e6
max_leverage = 1.5
collar_pct = 50.0
max_data_age_ms = 1e7
max_orders_per_second = 1000
max_open_orders = 10
max_drawdown_pct = 99.0
max_daily_loss = 1e5
on_breach = "flatten"
allow_short = false

[venue]
latency_ms = 1.0
report_latency_ms = 2.0
latency_jitter_ms = 0.5
seed = 3
fees = "bps:1"
slippage_bps = 1.0
liquidity = "unlimited"
queue = "front"
stop_trigger = "quote"
dividends = "reinvest"
"""
    )
    command = ["backtest", "once.py", "--data", "day", "--config", "all.toml"]
    assert result(place, *command)["stats"]["fills"] == 0  # ten shares are refused
    assert result(place, *command, "--param", "qty=9")["stats"]["fills"] == 2
    for flag in ("--on-breach=flatten", "--queue=front", "--report-latency-ms=2"):
        assert result(place, *command, "--param", "qty=9", flag)["stats"]["fills"] == 2


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--max-drawdown-pct", "100"], "less than 100"),
        (["--on-breach", "sell"], "'halt', 'reduce_only' or 'flatten'"),
        (["--queue", "middle"], "'behind', 'front', 'conservative'"),
        (["--bars", "5 trades"], "bars"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_before_data_are_read(place, flags, said):
    done = tickwright(place, "backtest", "once.py", "--data", "day", *flags, "--json")
    assert done.returncode == 2, done.stdout + done.stderr
    assert said in json.loads(done.stdout)["error"]["message"]


def test_an_unknown_mark_is_refused_with_the_configuration(place):
    (place / "mark.toml").write_text('[run]\nmark = "close"\n')
    done = tickwright(place, "backtest", "once.py", "--data", "missing", "--config", "mark.toml", "--json")
    assert done.returncode == 2
    assert "run.mark" in json.loads(done.stdout)["error"]["message"]


def test_a_table_with_one_time_a_bar_is_read_with_its_length_and_zone(place):
    rows = "date,symbol,open,high,low,close,volume\n" + "".join(
        f"2024-01-{day:02},X,10{day},10{day + 2},10{day - 1},10{day + 1},1000\n" for day in (2, 3, 4, 5)
    )
    (place / "daily.csv").write_text(rows)
    (place / "rise.toml").write_text('entry = "close > 3"\nsize = { shares = 10 }\n')
    refused = tickwright(place, "backtest", "rise.toml", "--data", "daily.csv")
    assert refused.returncode == 3
    assert "bar_interval" in refused.stderr
    zoned = ("--bar-interval", "16h", "--timezone", "America/New_York")
    done = result(place, "backtest", "rise.toml", "--data", "daily.csv", *zoned)
    assert done["meta"]["events"] == 4
    # The last bar ends at 16:00 in New York, five hours behind UTC in winter.
    assert done["meta"]["end"] == 1_704_488_400_000_000_000


def test_bars_too_fine_for_the_data_are_refused_with_the_symbol(place):
    (place / "fine.toml").write_text('entry = "close > 3"\nbars = "1m"\nsize = { shares = 10 }\n')
    done = tickwright(
        place, "backtest", "fine.toml", "--data", "daily.csv", "--bar-interval", "16h", "--timezone", "America/New_York"
    )
    assert done.returncode == 3
    assert "bars of X at 2024-01-02T21:00:00Z" in done.stderr
    assert "use a multiple" in done.stderr
