from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from hypothesis import given
from hypothesis import strategies as st

from tickwright import _core
from tickwright.control.failures import Failure
from tickwright.control.services.fields import Pages, by_mask, checked_mask, decimal, page_size, plain
from tickwright.control.services.words import POSSIBLE, SIDES, STATES, STATUSES, TIMES_IN_FORCE, TYPES, Words
from tickwright.v1 import order_pb2

CORE = Path(__file__).parents[2] / "rust" / "core" / "src"


def _words_of(file: str, kind: str) -> set[str]:
    """Words that `as_str` of an enum of the core gives."""
    source = (CORE / file).read_text(encoding="utf-8")
    body = source.split(f"impl {kind} {{", 1)[1].split("fn as_str", 1)[1].split("\n    }\n", 1)[0]
    return set(re.findall(r'=> "([A-Za-z_]+)"', body))


@pytest.mark.parametrize(
    ("words", "file", "kind"),
    [
        (STATES, "engine/state.rs", "EngineState"),
        (STATUSES, "order/status.rs", "OrderStatus"),
        (TYPES, "order/request.rs", "OrderType"),
        (TIMES_IN_FORCE, "order/request.rs", "TimeInForce"),
        (SIDES, "types/ids.rs", "Side"),
    ],
)
def test_the_contract_has_every_word_of_the_core_and_no_other(words: Words[int], file: str, kind: str) -> None:
    found = _words_of(file, kind)
    assert len(found) > 1
    assert set(words) == found
    assert {words.word(words.number(word)) for word in found} == found


def test_possible_commands_are_those_that_the_core_takes(tmp_path: Path) -> None:
    """Every state × every command, asked of the core itself."""
    import tickwright as tw
    from tickwright.account import Account
    from tickwright.backtesting import SimVenue, listed_strategies

    commands = ["reconcile", "run", "pause", "reduce_only", "safe_mode", "halt", "flatten", "cancel_all"]
    commands += ["maintain", "shutdown"]
    ways = {
        "RECONCILING": [],
        "RUNNING": ["run"],
        "PAUSED": ["run", "pause"],
        "REDUCE_ONLY": ["run", "reduce_only"],
        "SAFE_MODE": ["run", "safe_mode"],
        "HALTED": ["run", "halt"],
        "MAINTENANCE": ["run", "halt", "maintain"],
        "SHUTDOWN": ["run", "shutdown"],
    }
    now = 1_700_000_000_000_000_000
    tried = 0
    for state, way in ways.items():
        for command in commands:
            core = _core.Node.create(
                str(tmp_path / f"{state}-{command}"),
                ["AAPL"],
                [["quotes"]],
                listed_strategies([tw.Strategy()], None),
                cash=1_000.0,
                risk=tw.RiskLimits()._settings(),
                account=Account()._settings(),
                venue=SimVenue(rules="alpaca")._settings(),
                mark="auto",
                max_requests_per_moment=10,
                id=[0] * 16,
                durability="os",
                group_ms=1,
                checkpoint_every=1_000,
                snapshot_every=0,
                key=None,
                follows_data=False,
                now_ns=now,
            )
            core.start(now, now)
            for step in way:
                core.command(step, "test", "", now)
            assert core.status()["state"] == state
            try:
                core.command(command, "test", "", now)
                taken = True
            except tw.ConfigError:
                taken = False
            assert taken == (command in POSSIBLE[state]), (state, command)
            tried += 1
    assert tried == 80
    assert set(POSSIBLE) == set(STATES)


@given(
    st.lists(st.integers(0, 500), unique=True, max_size=120),
    st.integers(1, 40),
    st.booleans(),
)
def test_pages_put_together_are_the_list(keys: list[int], size: int, newest_first: bool) -> None:
    keys.sort(reverse=newest_first)
    pages, token, seen = Pages("orders", "x"), "", []
    while True:
        rows, token = pages.of(keys, size, token, lambda key: key, newest_first=newest_first)
        assert len(rows) <= size
        seen += rows
        if not token:
            break
    assert seen == keys


@given(
    st.lists(st.tuples(st.text(max_size=3), st.text(max_size=3)), unique=True, max_size=40),
    st.integers(1, 9),
    st.lists(st.tuples(st.text(max_size=3), st.text(max_size=3)), max_size=10),
)
def test_rows_that_stay_come_once_whatever_comes_and_goes(
    keys: list[tuple[str, str]], size: int, others: list[tuple[str, str]]
) -> None:
    pages, token, seen, there = Pages("positions"), "", [], sorted(keys)
    staying, changes = set(keys) - set(others), list(others)
    while True:
        rows, token = pages.of(there, size, token, lambda key: key)
        seen += rows
        if not token:
            break
        if changes:
            changed = changes.pop()
            there = sorted(set(there) ^ {changed})
    assert len(seen) == len(set(seen))
    assert staying <= set(seen)


@given(st.text(max_size=60))
def test_a_token_of_nobody_is_refused_and_never_an_accident(token: str) -> None:
    pages = Pages("orders")
    if not token:
        return
    with pytest.raises(Failure) as caught:
        pages.of([3, 2, 1], 2, token, lambda key: key)
    assert (caught.value.code, caught.value.field) == (grpc.StatusCode.INVALID_ARGUMENT, "page_token")


def test_a_token_goes_on_with_its_own_query_only() -> None:
    _, token = Pages("orders", "AAPL").of([3, 2, 1], 2, "", lambda key: key, newest_first=True)
    assert Pages("orders", "AAPL").of([3, 2, 1], 2, token, lambda key: key, newest_first=True)[0] == [1]
    with pytest.raises(Failure):
        Pages("orders", "BAC").of([3, 2, 1], 2, token, lambda key: key)
    forged = Pages("orders", "AAPL").token(["a", "b"])
    with pytest.raises(Failure):
        Pages("orders", "AAPL").of([3, 2, 1], 2, forged, lambda key: key)


def test_sizes_of_pages_have_bounds() -> None:
    assert (page_size(0), page_size(7), page_size(5_000)) == (100, 7, 1_000)
    with pytest.raises(Failure):
        page_size(-1)


@given(st.decimals(min_value="0.000000001", max_value="9000000000", places=9))
def test_decimals_that_the_core_has_are_taken(value: Decimal) -> None:
    assert decimal("qty", f"{value:f}") == f"{value:f}"
    assert Decimal(plain(value)) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "-1",
        "1e3",
        "1.0000000001",
        "nan",
        "inf",
        "1,5",
        " 1",
        "1 ",
        "0x1",
        "1_000",
        "12345678901",
        "٣",
        ".5",
        "1.",
    ],
)
def test_decimals_that_it_has_not_are_refused_by_field(text: str) -> None:
    with pytest.raises(Failure) as caught:
        decimal("limit_price", text)
    assert (caught.value.code, caught.value.field) == (grpc.StatusCode.INVALID_ARGUMENT, "limit_price")


def test_masks_name_fields_that_there_are() -> None:
    order = order_pb2.Order(id=7, symbol="AAPL", qty="1")
    assert by_mask(None, order) == order
    mask = checked_mask(FieldMask(paths=["id", "qty"]), order_pb2.Order)
    assert by_mask(mask, order) == order_pb2.Order(id=7, qty="1")
    assert checked_mask(FieldMask(), order_pb2.Order) is None
    for path in ("weather", "id.x", "", "Symbol"):
        with pytest.raises(Failure, match="no field of Order"):
            checked_mask(FieldMask(paths=[path]), order_pb2.Order)
