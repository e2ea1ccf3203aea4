"""Corporate actions: what Alpaca announces, and what the node makes of it from day to day."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import tickwright as tw
from tickwright.adapters.alpaca import Announcement, announcements
from tickwright.live.announced import Announced

DAY = dt.date(2026, 1, 6)
NOON = int(dt.datetime(2026, 1, 6, 17, 0, tzinfo=dt.UTC).timestamp()) * 10**9
DAY_NS = 86_400 * 10**9


def page(**lists: list[dict[str, Any]]) -> bytes:
    return json.dumps({"corporate_actions": lists, "next_page_token": None}).encode()


# The examples of Alpaca's own specification of the interface, market-data-api 1.1.
DIVIDEND = {"cusip": "319829107", "ex_date": "2023-05-04", "foreign": False, "id": "d-1", "payable_date": "2023-05-19"}
DIVIDEND |= {
    "process_date": "2023-05-19",
    "rate": 0.125,
    "record_date": "2023-05-05",
    "symbol": "FCF",
    "special": False,
}
STOCK = {"ex_date": "2023-05-19", "id": "s-1", "process_date": "2023-05-19", "rate": 0.05, "symbol": "MSBC"}
REVERSE = {"ex_date": "2023-08-24", "id": "r-1", "new_rate": 1, "old_rate": 50, "symbol": "MNTS"}
MERGER = {"acquiree_symbol": "GLOP", "effective_date": "2023-07-17", "id": "m-1", "payable_date": "2023-07-17"}
MERGER |= {"process_date": "2023-07-17", "rate": 5.37}
NAME = {"id": "n-1", "new_symbol": "VFS", "old_symbol": "BSAQ", "process_date": "2023-08-15"}


@pytest.mark.parametrize(
    ("kind", "row", "expected"),
    [
        ("cash_dividends", DIVIDEND, ("FCF", dt.date(2023, 5, 4), Decimal("0.125"), None)),
        ("cash_dividends", {**DIVIDEND, "currency": "CAD"}, ("FCF", dt.date(2023, 5, 4), None, None)),
        ("cash_dividends", {**DIVIDEND, "rate": 0}, ("FCF", dt.date(2023, 5, 4), None, None)),
        ("stock_dividends", STOCK, ("MSBC", dt.date(2023, 5, 19), None, 1.05)),
        ("reverse_splits", REVERSE, ("MNTS", dt.date(2023, 8, 24), None, 0.02)),
        ("reverse_splits", {**REVERSE, "new_symbol": "MNTSD"}, ("MNTS", dt.date(2023, 8, 24), None, None)),
        ("forward_splits", {**REVERSE, "new_rate": 3, "old_rate": 2}, ("MNTS", dt.date(2023, 8, 24), None, 1.5)),
        ("forward_splits", {**REVERSE, "new_rate": 1.0001}, ("MNTS", dt.date(2023, 8, 24), None, None)),
        ("cash_mergers", MERGER, ("GLOP", dt.date(2023, 7, 17), None, None)),
        ("name_changes", NAME, ("BSAQ", dt.date(2023, 8, 15), None, None)),
    ],
)
def test_what_is_announced_is_read_as_what_can_be_booked(kind: str, row: dict[str, Any], expected: tuple[Any]) -> None:
    [action] = announcements(page(**{kind: [row]}))
    assert (action.symbol, action.date, action.dividend, action.ratio) == expected
    assert action.is_plain == (expected[2:] != (None, None))
    assert Announcement.of_row(json.loads(json.dumps(action.row()))) == action


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        page(forward_splits=[{"id": "1", "symbol": "A"}]),
        page(forward_splits=[{**REVERSE, "old_rate": "x"}]),
        page(forward_splits=[{**REVERSE, "old_rate": 0}]),
        page(cash_dividends=[{**DIVIDEND, "ex_date": "soon"}]),
    ],
)
def test_a_page_that_cannot_be_read_is_an_error_of_the_broker(body: bytes) -> None:
    with pytest.raises(tw.BrokerError, match="corporate actions: a page cannot be read"):
        announcements(body)


def test_an_action_takes_effect_at_four_in_new_york_summer_and_winter() -> None:
    of = Announcement("1", "A", "forward_split", DAY, ratio=2.0)
    hours = [
        dt.datetime.fromtimestamp(replace(of, date=day).ts // 10**9, dt.UTC).hour
        for day in (DAY, dt.date(2026, 3, 6), dt.date(2026, 3, 9), dt.date(2026, 10, 30), dt.date(2026, 11, 2))
    ]
    assert hours == [9, 9, 8, 8, 9]


SPLIT = Announcement("1", "BAC", "forward_split", DAY, ratio=4.0, words="4 for 1")
MERGED = Announcement("2", "BAC", "cash_merger", DAY)


def book(folder: Path, since_ns: int = NOON - 5 * DAY_NS) -> Announced:
    return Announced(folder / "actions.json", since_ns)


def kinds(known: Announced) -> list[tuple[int, float]]:
    columns = known.data().actions
    return list(zip(columns.ts.tolist(), columns.ratio.tolist(), strict=True))


def test_terms_that_change_before_the_day_are_taken_and_what_is_withdrawn_is_dropped(tmp_path: Path) -> None:
    known, before = book(tmp_path), NOON - 3 * DAY_NS
    assert known.learn([SPLIT], DAY, before, {}) == [SPLIT]
    assert known.learn([SPLIT], DAY, before, {}) == []
    assert kinds(known) == [(SPLIT.ts, 4.0)]
    changed = replace(SPLIT, ratio=5.0)
    assert known.learn([changed], DAY, before, {}) == [changed]
    assert kinds(known) == [(SPLIT.ts, 5.0)]
    assert known.learn([], DAY, before, {}) == []
    assert kinds(known) == []
    assert known.stops(NOON) == {}


def test_terms_that_change_after_the_day_stop_the_symbol_and_are_not_booked(tmp_path: Path) -> None:
    known = book(tmp_path)
    known.learn([SPLIT], DAY, NOON - DAY_NS, {})
    known.learn([replace(SPLIT, ratio=5.0)], DAY, NOON, {})
    assert kinds(known) == [(SPLIT.ts, 4.0)]
    assert "is told otherwise now" in known.stops(NOON)["BAC"]
    known.save()
    again = book(tmp_path, 0)
    assert again.learn([replace(SPLIT, ratio=5.0)], DAY, NOON, {}) == []
    assert again.stops(NOON) == known.stops(NOON)
    assert len(again.accept("BAC", NOON)) == 1
    again.save()
    last = book(tmp_path, 0)
    assert last.learn([replace(SPLIT, ratio=5.0)], DAY, NOON, {}) == []
    assert last.stops(NOON) == {}


@pytest.mark.parametrize(("traded_ns", "booked"), [(0, True), (SPLIT.ts - 1, True), (SPLIT.ts, False)])
def test_a_split_told_late_is_booked_only_where_nothing_was_traded_since(
    tmp_path: Path, traded_ns: int, booked: bool
) -> None:
    known = book(tmp_path)
    known.learn([SPLIT], DAY, NOON, {"BAC": traded_ns})
    assert bool(kinds(known)) == bool(known.due(NOON)) == booked
    assert bool(known.stops(NOON)) != booked


def test_what_was_before_the_node_began_is_none_of_its_business(tmp_path: Path) -> None:
    known = book(tmp_path, SPLIT.ts)
    assert known.learn([SPLIT, MERGED], DAY, NOON, {}) == []
    assert (kinds(known), known.stops(NOON)) == ([], {})


def test_a_merger_stops_its_symbol_from_its_day_on(tmp_path: Path) -> None:
    known = book(tmp_path)
    known.learn([MERGED], DAY, NOON - DAY_NS, {})
    assert known.stops(MERGED.ts - 1) == {}
    assert known.accept("BAC", MERGED.ts - 1) == []
    assert list(known.stops(MERGED.ts)) == ["BAC"]
    assert kinds(known) == []


def test_shares_held_before_are_scaled_by_the_splits_since(tmp_path: Path) -> None:
    known = book(tmp_path)
    third = replace(SPLIT, id="3", date=DAY + dt.timedelta(days=1), ratio=1 / 3)
    known.learn([SPLIT, third], DAY, NOON - DAY_NS, {})
    held = {"BAC": Decimal(90), "KO": Decimal(5)}
    amounts = [known.scaled(held, known.since_ns, now)["BAC"] for now in (NOON - DAY_NS, NOON, NOON + DAY_NS)]
    assert amounts == [90, 360, 120]
    assert known.scaled(held, NOON, NOON + DAY_NS) == {"BAC": Decimal(30), "KO": Decimal(5)}


@pytest.mark.parametrize(
    ("here", "there", "hours", "settles"),
    [
        (100, 400, -5, True),  # the broker is first
        (400, 100, 5, True),  # we are
        (100, 400, -9, False),
        (400, 100, 6, False),
        (100, 300, 0, False),
        (400, 400, 0, False),
    ],
)
def test_positions_may_differ_by_a_split_while_it_is_being_booked(
    tmp_path: Path, here: int, there: int, hours: int, settles: bool
) -> None:
    known = book(tmp_path)
    known.learn([SPLIT], DAY, NOON - 2 * DAY_NS, {})
    now = SPLIT.ts + hours * 3_600 * 10**9
    assert known.is_settling("BAC", Decimal(here), Decimal(there), now) == settles
    assert not known.is_settling("KO", Decimal(here), Decimal(there), now)


def test_a_file_that_is_damaged_is_refused(tmp_path: Path) -> None:
    (tmp_path / "actions.json").write_text('{"since_ns": 1}')
    with pytest.raises(tw.ConfigError, match="belongs to the journal beside it"):
        book(tmp_path)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"symbol": "A", "ts": 0}, "row 1 has symbol, ts; give symbol, ts, and dividend or split"),
        ({"symbol": "A", "ts": 0, "split": 2, "dividend": 1}, "row 1 has"),
        ({"symbol": "A", "ts": 0, "split": 3.14159265}, "fraction of whole numbers"),
        ({"symbol": "A", "ts": 0, "dividend": -0.1}, "above zero"),
    ],
)
def test_actions_that_cannot_be_are_refused(row: dict[str, Any], message: str) -> None:
    with pytest.raises((tw.ConfigError, tw.DataError), match=message):
        tw.feeds.actions([row])
