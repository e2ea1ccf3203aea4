import pytest

from tickwright import signal as s
from tickwright.errors import ConfigError
from tickwright.rules import Fraction, Notional, Rules, Shares

UP = s.close > s.open
DOWN = s.close < s.open


def test_a_spec_holds_one_graph_for_all_conditions():
    spec = Rules(entry=UP, exit=DOWN, size=Shares(100), symbols=["BAC"], bars="5m", stop_loss=0.02).to_spec()
    assert spec["nodes"] == [("source:close", [], []), ("source:open", [], []), ("gt", [0, 1], []), ("lt", [0, 1], [])]
    assert (spec["entry"], spec["exit"], spec["short_entry"], spec["short_exit"]) == (2, 3, None, None)
    assert (spec["size"], spec["symbols"], spec["bars"], spec["stop_loss"]) == (("shares", 100.0), ["BAC"], "5m", 0.02)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "neither `entry` nor `short_entry`"),
        ({"entry": s.close}, "is a number, not a condition"),
        ({"entry": s.close == 3}, "use `>=` and `<=`"),
        ({"short_entry": UP, "exit": DOWN}, "no `entry` that it could end"),
        ({"entry": UP, "size": 0.2}, "is no size"),
        ({"entry": UP, "on": "tick"}, "choose one of auto, bar"),
        ({"entry": UP, "bars": "1 minute"}, "is no kind of bar"),
        ({"entry": UP, "bars": "1m", "on": "quote"}, "never be used"),
        ({"entry": UP, "symbols": "BAC"}, "is no list"),
        ({"entry": UP, "symbols": ["BAC", "BAC"]}, "different symbols"),
        ({"entry": UP, "stop_loss": 2}, "is no fraction"),
        ({"entry": UP, "take_profit": float("nan")}, "is no fraction"),
    ],
)
def test_rules_that_cannot_work_are_refused_with_the_field_and_the_remedy(fields, message):
    with pytest.raises(ConfigError) as caught:
        Rules(**fields)
    assert message in str(caught.value)


def test_all_faults_are_told_at_once():
    with pytest.raises(ConfigError) as caught:
        Rules(entry=s.close, on="tick", bars="x")
    assert [line.split(":")[0].strip() for line in str(caught.value).splitlines()[1:]] == ["entry", "on", "bars"]


@pytest.mark.parametrize("make", [Fraction, Shares, Notional])
@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf"), True, "1", None])
def test_a_size_that_is_no_positive_number_is_refused(make, value):
    with pytest.raises(ConfigError, match="give a number above 0"):
        make(value)


def test_a_rule_file_says_what_the_python_form_says(tmp_path):
    file = tmp_path / "cross.toml"
    file.write_text(
        'bars = "1m"\nentry = "cross_above(fast, slow)"\nexit = "cross_below(fast, slow)"\nstop_loss = 0.02\n'
        "size.fraction = 0.2\n"
        '[params]\nn = 10\n[signals]\nfast = "ema(close, n)"\nslow = "ema(close, 3 * n)"\n'
    )
    fast, slow = s.ema(s.close, 10), s.ema(s.close, 30)
    same = Rules(
        entry=s.cross_above(fast, slow),
        exit=s.cross_below(fast, slow),
        size=Fraction(0.2),
        bars="1m",
        stop_loss=0.02,
        name="cross",
    )
    assert Rules.from_toml(file) == same
    assert Rules.from_toml(file, {"n": 5}).to_spec()["nodes"][1] == ("ema", [0], [5.0])


def test_a_rule_file_with_many_faults_tells_all_of_them(tmp_path):
    file = tmp_path / "bad.toml"
    file.write_text(
        'entry = "colse > 1"\nexti = "close > 1"\nsize.fractoin = 1\n[params]\nclose = 1\n[signals]\n"a b" = "close"\n'
    )
    with pytest.raises(ConfigError) as caught:
        Rules.from_toml(file, {"fast": 3})
    text = str(caught.value)
    for part in (
        "6 errors",
        "exti: unknown key, did you mean 'exit'",
        "params.fast: unknown",
        "params.close: the name is taken",
        "signals.a b: not a name",
    ):
        assert part in text
    assert "entry: column 1: unknown name `colse`" in text
    assert "size:" in text


@pytest.mark.parametrize(
    ("content", "message"), [(b"entry = ", "not valid TOML"), (b"\xff", "not UTF-8"), (None, "no such file")]
)
def test_an_unreadable_rule_file_is_named(tmp_path, content, message):
    file = tmp_path / "r.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match=message) as caught:
        Rules.from_toml(file)
    assert str(file) in str(caught.value)
