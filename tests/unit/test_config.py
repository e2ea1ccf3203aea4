import datetime as dt
from dataclasses import fields

import pytest

from tickwright import Account, Borrow, RiskLimits, SimVenue
from tickwright._core import FAULTS
from tickwright.config import BorrowConfig, Config, load_config, parse_fees, parse_policy
from tickwright.errors import ConfigError
from tickwright.fees import Bps, PerShare


def write(tmp_path, text):
    file = tmp_path / "run.toml"
    file.write_text(text)
    return file


def test_without_any_source_everything_has_its_default():
    assert load_config(env={}) == Config()
    assert RiskLimits(**Config().risk.model_dump()) == RiskLimits()
    assert Account(**Config().account.model_dump()) == Account()
    venue = Config().venue
    assert SimVenue(**{**venue.model_dump(), "fees": parse_fees(venue.fees)}) == SimVenue()


def test_every_setting_of_the_limits_and_the_venue_can_be_configured():
    assert set(Config().risk.model_dump()) == {field.name for field in fields(RiskLimits)}
    assert set(Config().account.model_dump()) == {field.name for field in fields(Account)}
    assert set(BorrowConfig().model_dump()) == {field.name for field in fields(Borrow)}
    # Models that are objects with parameters of their own are given in Python.
    assert set(Config().venue.model_dump()) == set(SimVenue.__slots__) - {"latency_model", "impact"}


SCOPES = """
[risk]
max_order_qty = 500
tick_size = "us"
average_volumes = { BAC = 1e8 }
calendar = [[2013-10-07T08:00:00Z, 2013-10-07T13:30:00Z, 2013-10-07T20:00:00Z, 2013-10-08T00:00:00Z]]

[risk.groups.banks]
symbols = ["BAC", "C"]
max_gross_exposure = 50_000

[risk.instruments.BAC]
restricted = true

[risk.strategies.trend]
max_daily_loss = 1_000

[account]
kind = "margin"

[account.borrows.BAC]
shares = 100
rate_pct = 2.5
"""


def test_limits_of_every_scope_and_the_account_are_read_from_the_file(tmp_path):
    config = load_config(write(tmp_path, SCOPES), env={"TICKWRIGHT_RISK__TICK_SIZE": "0.05"})
    limits = RiskLimits(**config.risk.model_dump())
    assert (limits.max_order_qty, limits.tick_size, limits.average_volumes) == (500, 0.05, {"BAC": 1e8})
    assert (limits.groups["banks"].symbols, limits.groups["banks"].max_gross_exposure) == (["BAC", "C"], 50_000)
    assert limits.instruments["BAC"].restricted
    assert limits.strategies["trend"].max_daily_loss == 1_000
    assert limits.strategies["trend"].max_leverage is None, "a narrower scope has no limit that it is not given"
    settings = limits._settings()
    assert [row[:3] for row in settings["scopes"]] == [
        ("strategy", "trend", []),
        ("instrument", "BAC", []),
        ("group", "banks", ["BAC", "C"]),
    ]
    assert settings["calendar"][0][1] == 1_381_152_600_000_000_000
    account = Account(**config.account.model_dump())
    assert account._settings()["borrows"] == [("BAC", 100.0, 2.5)]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("[risk.groups.g]\nmax_order_qty = 1\n", "risk.groups.g.symbols: "),
        ("[risk.strategies.s]\nmax_order_qyt = 1\n", "risk.strategies.s.max_order_qyt: unknown key"),
        ("[risk.instruments.X]\nmax_order_qty = -1\n", "risk.instruments.X.max_order_qty: "),
        ("[account.borrows.X]\nrate_pct = -1\n", "account.borrows.X.rate_pct: "),
        ('[account]\nkind = "gold"\n', "account.kind: "),
        ("[risk]\ncalendar = [[2013-10-07]]\n", "risk.calendar[0]: "),
    ],
)
def test_what_is_wrong_within_a_scope_is_named_whole(tmp_path, text, part):
    with pytest.raises(ConfigError) as error:
        load_config(write(tmp_path, text), env={})
    assert part in str(error.value)


@pytest.mark.parametrize("source", ["file", "environment", "command line"])
def test_infinity_lifts_a_limit_that_is_there_by_default(tmp_path, source):
    config = load_config(
        write(tmp_path, "[risk]\nmax_leverage = inf\n") if source == "file" else None,
        env={"TICKWRIGHT_RISK__MAX_LEVERAGE": "inf"} if source == "environment" else {},
        overrides={"risk": {"max_leverage": float("inf")}} if source == "command line" else {},
    )
    assert config.risk.max_leverage is None


def test_a_policy_is_read_from_the_file_from_a_variable_and_from_flags(tmp_path):
    file = write(tmp_path, '[data]\npolicy = { crossed = "keep", absurd_band = inf }\n')
    assert load_config(file, env={}).data.policy == {"crossed": "keep", "absurd_band": float("inf")}
    env = {"TICKWRIGHT_DATA__POLICY": "crossed=fail, absurd_band=0.3"}
    assert load_config(file, env=env).data.policy == {"crossed": "fail", "absurd_band": 0.3}
    flags = {"data": {"policy": parse_policy([f"{fault}=drop" for fault in FAULTS])}}
    assert load_config(file, env=env, overrides=flags).data.policy == dict.fromkeys(FAULTS, "drop")
    with pytest.raises(ConfigError, match="not of the form fault=choice"):
        parse_policy(["crossed"])


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(tmp_path):
    file = write(tmp_path, "[run]\ncash = 1\n[venue]\nlatency_ms = 1\nseed = 1\n")
    env = {"TICKWRIGHT_RUN__CASH": "2", "TICKWRIGHT_VENUE__LATENCY_MS": "2"}
    config = load_config(file, env=env, overrides={"run": {"cash": 3.0}})
    assert (config.run.cash, config.venue.latency_ms, config.venue.seed) == (3.0, 2.0, 1)


def test_variables_are_read_as_the_kind_that_their_key_has():
    config = load_config(
        env={
            "TICKWRIGHT_RUN__START": "2013-10-07",
            "TICKWRIGHT_DATA__SYMBOLS": "BAC, IBM",
            "TICKWRIGHT_DATA__PATHS": '["a,b"]',
            "TICKWRIGHT_LOGGING__JSON": "TRUE",
            "TICKWRIGHT_REPORT__OUT": "1",
            "TICKWRIGHT_RISK__MAX_OPEN_ORDERS": "7",
            "TICKWRIGHT_DATA": "not ours",
            "OTHER__KEY": "not ours",
        }
    )
    assert config.run.start == dt.datetime(2013, 10, 7, tzinfo=dt.UTC)
    assert (config.data.symbols, config.data.paths, config.report.out) == (["BAC", "IBM"], ["a,b"], "1")
    assert config.logging.json_lines
    assert config.risk.max_open_orders == 7


def test_all_that_is_wrong_is_told_at_once_with_key_source_and_remedy(tmp_path):
    file = write(
        tmp_path,
        "[run]\ncash = true\n[riks]\nx = 1\n[risk]\nmax_ordr_qty = 3\nmax_order_notional = -3.0\nmax_open_orders = "
        "2.5\n"
        '[data]\nadjust = "spilt"\n[[strategy]]\npath = "x.py"\npram = 3\n[[strategy]]\n',
    )
    with pytest.raises(ConfigError) as caught:
        load_config(
            file,
            env={"TICKWRIGHT_RUN__CAHS": "3", "TICKWRIGHT_VENUE__SEED": "x", "TICKWRIGHT_VENEU__SEED": "1"},
            overrides={"venue": {"fees": "bps"}},
        )
    text = str(caught.value)
    assert f"{file}: 12 errors" in text
    for part in (
        "run.cash: input should be a valid number; got True",
        "riks: unknown key, did you mean 'risk'?",
        "risk.max_ordr_qty: unknown key, did you mean 'max_order_qty'?",
        "risk.max_order_notional: input should be greater than 0; got -3.0",
        "risk.max_open_orders: input should be a valid integer",
        "data.adjust: input should be 'none', 'split' or 'total'",
        "strategy[0].pram: unknown key, did you mean 'params'?",
        "strategy[1]: give either `path` or `rules`",
        "TICKWRIGHT_RUN__CAHS: there is no key run.cahs, did you mean 'cash'?",
        "TICKWRIGHT_VENEU__SEED: there is no section [veneu], did you mean 'venue'?",
        "venue.seed (from TICKWRIGHT_VENUE__SEED): input should be a valid integer",
        "venue.fees (from command line): 'bps' is no fee model",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[run]\nstart = 2013-10-08\nend = 2013-10-07\n", "is not before end"),
        ("[run]\nstart = 'monday'\n", "not a date or time"),
        ("[run]\ncash = nan\n", "finite"),
        ("[run]\ncash = '5'\n", "valid number"),
        ("[run]\nbars = '1 minute'\n", "pattern"),
        ("[data]\nadjust = 'total'\nactions = true\n", "count splits and dividends twice"),
        ("[data]\nsymbols = ['']\n", "no symbol"),
        ("[risk]\nmax_drawdown_pct = 100\n", "less than 100"),
        ("[risk]\non_breach = 'panic'\n", "'halt', 'reduce_only' or 'flatten'"),
        ("[risk]\nmax_leverage = nan\n", "finite"),
        ("[venue]\nqueue = 'middle'\n", "'behind', 'front'"),
        ("[venue]\nreport_latency_ms = -1\n", "greater than or equal to 0"),
        ("[run]\nmax_requests_per_moment = 0\n", "greater than 0"),
        ("[run]\nmark = 'mid'\n", "'auto' or 'last'"),
        ("[data]\npolicy = { crosed = 'keep' }\n", "'crosed' is no fault, did you mean 'crossed'?"),
        ("[data]\npolicy = { crossed = 'sell' }\n", "'sell' is no choice"),
        ("[data]\npolicy = { absurd_band = 0 }\n", "no fraction above 0"),
        ("run = 3\n", "run: "),
        ("strategy = 3\n", "strategy: "),
        ("data = []\n", "data: "),
    ],
)
def test_an_impossible_value_is_refused_with_its_place(tmp_path, text, message):
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, text), env={})
    assert message in str(caught.value)


def test_relative_paths_start_at_the_configuration_file(tmp_path):
    file = write(tmp_path, '[data]\npaths = ["bac", "/abs"]\n[report]\nout = "o"\n[[strategy]]\npath = "s.py"\n')
    config = load_config(file, env={})
    assert config.data.paths == [str(tmp_path / "bac"), "/abs"]
    assert config.report.out == str(tmp_path / "o")
    assert config.strategy[0].path == str(tmp_path / "s.py")


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("none", None),
        ("per-share:0.005:1", PerShare(0.005, minimum=1.0)),
        ("per_share:0.01", PerShare(0.01)),
        ("bps:1.5", Bps(1.5)),
        ("bps:-0.5", Bps(-0.5)),
    ],
)
def test_fee_models_are_read(text, model):
    assert parse_fees(text) == model


@pytest.mark.parametrize(
    "text",
    ["", "none:1", "bps", "bps:-11", "bps:nan", "bps:inf", "per-share", "per-share:x", "per-share:1:2:3", "free"],
)
def test_a_fee_model_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match="is no fee model"):
        parse_fees(text)
