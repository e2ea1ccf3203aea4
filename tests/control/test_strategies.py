from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import tickwright as tw
from tests.control.service_rig import ServiceRig
from tickwright.errors import RemoteError


class Paced(tw.Strategy):
    """Rests an order far away every so many quotes."""

    name = "paced"

    def __init__(self, every: int = 10, label: str = "a") -> None:
        self.every, self.label, self.quotes = every, label, 0

    def on_quote(self, quote: Any) -> None:
        self.quotes += 1
        if self.quotes % self.every == 0 and not self.open_orders():
            self.buy("BAC", 1, limit=0.5)


ADDED = """
import tickwright as tw

class Added(tw.Strategy):
    name = "added"

    def __init__(self, size: int = 1) -> None:
        self.size, self.seen = size, 0

    def on_quote(self, quote):
        self.seen += 1
        if self.seen == 1:
            self.buy("BAC", 1, limit=0.5)
"""


LONG = """
import threading, time
from pathlib import Path

import tickwright as tw

here, run_by = Path(__file__).parent, threading.get_ident()
(here / "begun").touch()
while not (here / "go").exists():
    time.sleep(0.005)

class Long(tw.Strategy):
    name = "long"

    def __init__(self, apart: bool = False, made_by: str = "") -> None:
        self.apart = run_by != threading.get_ident()
        self.made_by = str(threading.get_ident())
"""


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceRig]:
    folder = tmp_path_factory.mktemp("strategies")
    files = folder / "files"
    (files / "inner").mkdir(parents=True)
    (files / "inner" / "added.py").write_text(ADDED)
    (files / "inner" / "long.py").write_text(LONG)
    (folder / "outside.py").write_text(ADDED)
    (files / "link.py").symlink_to(folder / "outside.py")
    with ServiceRig(folder, [Paced()], control={"strategies": str(files)}) as rig:
        yield rig


def test_strategies_are_listed_with_parameters_and_counts(rig: ServiceRig) -> None:
    rows = {one.name: one for one in rig.client.strategies()}
    assert [rows["paced"].kind, rows["operator"].kind] == ["python", "operator"]
    paced = rig.client.strategy("paced")
    assert paced.is_active
    assert paced.calls > 0
    assert dict(paced.parameters) == {"every": 10, "label": "a"}
    assert (paced.realized, paced.unrealized) == ("0", "0")
    with pytest.raises(RemoteError) as caught:
        rig.client.strategy("nobody")
    assert (caught.value.code, caught.value.reason) == ("NOT_FOUND", "NO_STRATEGY")


def test_a_stopped_strategy_is_called_no_more_and_its_orders_are_canceled(rig: ServiceRig) -> None:
    rig.until(lambda: bool(rig.node.orders()))
    stopped = rig.client.stop_strategy("paced", reason="look")
    assert not stopped.is_active
    rig.until(lambda: not rig.node.orders())
    calls = rig.client.strategy("paced").calls
    frames = rig.ask(rig.node.status)["frames"]
    rig.until(lambda: rig.node.status()["frames"] > frames + 10)
    assert rig.client.strategy("paced").calls == calls
    components = {part.name: part for part in rig.client.status("components").components}
    assert not components["strategies"].healthy
    assert "paced" in components["strategies"].detail
    assert rig.client.start_strategy("paced").is_active
    rig.until(lambda: rig.node.strategies()[0]["calls"] > calls)
    # It was the only one: stopping it stops neither the engine nor what it orders from then on.
    rig.until(lambda: bool(rig.node.orders()))
    with pytest.raises(RemoteError) as caught:
        rig.client.stop_strategy("nobody")
    assert caught.value.code == "NOT_FOUND"


def test_parameters_are_set_between_two_events(rig: ServiceRig) -> None:
    after = rig.client.set_parameters("paced", {"every": 3}, reason="faster")
    assert dict(after.parameters) == {"every": 3, "label": "a"}
    assert rig._strategies[0].every == 3
    for values in ({"pace": 1}, {"every": "many"}, {"label": None}, {}):
        with pytest.raises(RemoteError) as caught:
            rig.client.set_parameters("paced", values)
        assert (caught.value.code, caught.value.field) == ("INVALID_ARGUMENT", "parameters")


def test_a_strategy_of_a_file_is_added_while_it_runs(rig: ServiceRig) -> None:
    with rig.client.stream_orders(strategy="added") as orders:
        made = rig.client.load_strategy("inner/added.py:Added", {"size": 5})
        told = next(orders).orders[0]
    assert (told.strategy, told.symbol) == ("added", "BAC")
    assert (made.name, dict(made.parameters)) == ("added", {"size": 5})
    rig.until(lambda: rig.node.strategies()[-1]["calls"] > 5)
    assert "added" in [one.strategy for one in rig.client.pnl()]
    assert list(rig.client.kill_switch(strategy="added").strategies) == ["added"]
    rig.client.kill_switch(False, strategy="added")


def test_the_engine_does_not_wait_for_a_file_that_takes_long(rig: ServiceRig) -> None:
    inner = Path(rig.config.control.strategies) / "inner"
    with ThreadPoolExecutor(1) as pool:
        try:
            made = pool.submit(rig.client.load_strategy, "inner/long.py")
            rig.until((inner / "begun").exists)
            frames = rig.ask(rig.node.status)["frames"]
            rig.until(lambda: rig.node.status()["frames"] > frames + 10)
            for command, state in ((rig.client.pause, "PAUSED"), (rig.client.resume, "RUNNING")):
                command()
                assert rig.ask(rig.node.status)["state"] == state
            assert "long" not in rig.ask(lambda: list(rig.node.names))
            assert not made.done()
        finally:
            (inner / "go").touch()
        parameters = made.result(10).parameters
    assert parameters["apart"]
    # Made where it is called: what belongs to a thread, such as a database's connection, may be in it.
    assert parameters["made_by"] == str(rig.ask(threading.get_ident))


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("../outside.py", "INVALID_ARGUMENT"),
        ("inner/../../outside.py", "INVALID_ARGUMENT"),
        ("link.py", "INVALID_ARGUMENT"),
        ("/etc/passwd", "INVALID_ARGUMENT"),
        ("inner", "INVALID_ARGUMENT"),
        ("inner/x\0.py", "INVALID_ARGUMENT"),
        ("", "INVALID_ARGUMENT"),
        ("a" * 2_000, "INVALID_ARGUMENT"),
        ("inner/none.py", "NOT_FOUND"),
    ],
)
def test_no_file_outside_the_folder_is_loaded_or_told_of(rig: ServiceRig, path: str, code: str) -> None:
    before = rig.ask(lambda: list(rig.node.names))
    with pytest.raises(RemoteError) as caught:
        rig.client.load_strategy(path)
    assert (caught.value.code, caught.value.field) == (code, "path")
    assert rig.ask(lambda: list(rig.node.names)) == before


def test_without_a_folder_none_is_loaded(tmp_path: Path) -> None:
    with ServiceRig(tmp_path) as rig, pytest.raises(RemoteError) as caught:
        rig.client.load_strategy("x.py")
    assert (caught.value.code, caught.value.reason) == ("FAILED_PRECONDITION", "NO_FOLDER")
