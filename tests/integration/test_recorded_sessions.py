"""Recorded runs: replayed without and with their strategies, read by a second reader, changed and found out."""

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import tickwright as tw
from tests.journal_reader import Entry, read_journal
from tests.session_reader import inputs, read_fill, read_refusal, read_state
from tickwright.journal import KINDS

NAMES = {number: name for name, number in KINDS.items()}


def entries_of(folder: Path) -> list[Entry]:
    """All records, by the second reader."""
    entries, tail = read_journal(folder)
    assert tail is None
    return entries


class Churn(tw.Strategy):
    """Trades all the time: markets, limits, cancels, replaces, timers."""

    def on_start(self) -> None:
        self.count = 0

    def on_quote(self, quote: Any) -> None:
        self.count += 1
        if self.count % 7 == 0:
            self.buy(quote.symbol, 100, limit=quote.bid)
        elif self.count % 11 == 0:
            self.sell(quote.symbol, 100)
        elif self.count % 13 == 0 and self.open_orders():
            self.cancel(self.open_orders()[0].id)
        elif self.count % 17 == 0 and self.open_orders():
            self.replace(self.open_orders()[-1].id, qty=200)


def run(folder: Path) -> tw.Result:
    day = tw.feeds.synthetic(seed=5, symbols=["ALFA", "BRAV"])
    venue = tw.SimVenue(latency_ms=20, fees=tw.fees.PerShare(0.005, 1.0))
    return tw.backtest(Churn(), day, journal=folder, venue=venue, risk=tw.RiskLimits(max_position_qty=3_000))


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tw.Result]:
    folder = tmp_path_factory.mktemp("session") / "journal"
    return folder, run(folder)


def test_a_replay_without_the_strategy_gives_the_same_state(recorded: tuple[Path, tw.Result]) -> None:
    folder, result = recorded
    replayed = tw.journal.replay(folder)
    assert replayed.state_hash == result.state_hash
    assert replayed.outputs >= result.fills.num_rows + result.refusals.num_rows > 100


def test_the_same_run_with_the_strategy_gives_the_same_state(recorded: tuple[Path, tw.Result], tmp_path: Path) -> None:
    assert run(tmp_path / "again").state_hash == recorded[1].state_hash


def test_recording_changes_nothing(recorded: tuple[Path, tw.Result]) -> None:
    day = tw.feeds.synthetic(seed=5, symbols=["ALFA", "BRAV"])
    venue = tw.SimVenue(latency_ms=20, fees=tw.fees.PerShare(0.005, 1.0))
    bare = tw.backtest(Churn(), day, venue=venue, risk=tw.RiskLimits(max_position_qty=3_000))
    assert bare.digest == recorded[1].digest
    assert bare.state_hash is None


def test_a_second_reader_finds_the_fills_refusals_and_states_of_the_run(recorded: tuple[Path, tw.Result]) -> None:
    folder, result = recorded
    entries = entries_of(folder)
    fills = [read_fill(e.payload) for e in entries if NAMES[e.kind] == "FILL"]
    table = result.fills.to_pylist()
    assert [(f["order"], f["qty"], f["price"], f["fee"], f["side"]) for f in fills] == [
        (row["order_id"], *(round(Decimal(str(row[c])) * 10**9) for c in ("qty", "price", "fee")), row["side"])
        for row in table
    ]
    refusals = [read_refusal(e.payload) for e in entries if NAMES[e.kind] == "REFUSAL"]
    assert [(r["order"], r["code"]) for r in refusals] == [
        (r["order_id"], r["code"]) for r in result.refusals.to_pylist()
    ]
    states = [read_state(e.payload)["to"] for e in entries if NAMES[e.kind] == "STATE"]
    assert states == ["RECONCILING", "RUNNING"]


def test_cash_and_positions_follow_from_the_reports_alone(recorded: tuple[Path, tw.Result]) -> None:
    """An account kept in a few lines from what the venue reported, against the engine's."""
    folder, result = recorded
    sides = {row["id"]: row["side"] for row in result.orders.to_pylist()}
    symbols = {row["id"]: row["symbol"] for row in result.orders.to_pylist()}
    cash, held = Decimal(100_000), {"ALFA": Decimal(0), "BRAV": Decimal(0)}
    seen = 0
    for kind, event in inputs(iter(entries_of(folder)), NAMES):
        if kind == "REPORT" and event["kind"] == "filled":
            sign = 1 if sides[event["order"]] == "buy" else -1
            qty, price, fee = (Decimal(event[name]) / 10**9 for name in ("qty", "price", "fee"))
            cash -= sign * qty * price + fee
            held[symbols[event["order"]]] += sign * qty
            seen += 1
    assert seen == result.fills.num_rows
    assert {row["symbol"]: Decimal(str(row["qty"])) for row in result.positions.to_pylist()} == held
    assert abs(cash - Decimal(str(result.equity.to_pylist()[-1]["cash"]))) < Decimal("1e-6")


def test_content_is_what_the_second_reader_reads(recorded: tuple[Path, tw.Result]) -> None:
    folder, _ = recorded
    ours = {r.sequence: r.content for r in tw.journal.read(folder, kinds="FILL")}
    for entry in entries_of(folder):
        if NAMES[entry.kind] == "FILL":
            theirs = read_fill(entry.payload)
            mine = ours[entry.sequence]
            assert round(Decimal(mine["price"]) * 10**9) == theirs["price"]
            assert (mine["order"], mine["maker"]) == (theirs["order"], theirs["maker"])


def test_a_journal_is_not_written_over(recorded: tuple[Path, tw.Result]) -> None:
    with pytest.raises(tw.JournalError, match="a journal is here already"):
        run(recorded[0])


def test_the_command_line_replays_and_shows(recorded: tuple[Path, tw.Result]) -> None:
    folder, result = recorded
    command = [sys.executable, "-m", "tickwright.cli", "journal"]
    told = subprocess.run(
        [*command, "replay", str(folder), "--json"], capture_output=True, text=True, check=True, timeout=60
    )
    assert json.loads(told.stdout)["state_hash"] == result.state_hash
    shown = subprocess.run(
        [*command, "show", str(folder), "--kind", "STATE", "--json"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert [r["content"]["to"] for r in json.loads(shown.stdout)["records"]] == ["RECONCILING", "RUNNING"]


def test_a_journal_without_a_session_is_refused(tmp_path: Path) -> None:
    with tw.journal.Log.create(tmp_path / "log") as log:
        log.append("NOTE", b"hello")
    with pytest.raises(tw.DataError, match="replay a session from its first record"):
        tw.journal.replay(tmp_path / "log")
