"""docs/control.md says of every method who may call it and what it does: as the contract does."""

from __future__ import annotations

import re
from pathlib import Path

from tickwright.control.access import ROLES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "control.md").read_text(encoding="utf-8")


def test_the_table_has_every_method_with_its_role_and_the_words_of_the_contract() -> None:
    rows = re.findall(r"^\| (\w+Service) \| (\w+)( \(stream\))? \| (\w+) \| (.+) \|$", PAGE, re.MULTILINE)
    told = {f"/tickwright.v1.{service}/{method}": role for service, method, _, role, _ in rows}
    assert told == {name: role.name.lower() for name, role in ROLES.items()}
    contract = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "proto" / "tickwright" / "v1").glob("*.proto")
    )
    for _, method, stream, _, what in rows:
        found = re.search(rf"((?:  // .*\n)+)  rpc {method}\((?:\w+)\) returns \((stream )?", contract)
        assert found is not None
        said = " ".join(line.strip().removeprefix("// ") for line in found[1].splitlines())
        assert what in re.sub(r"\s*Role: \w+\.\s*", " ", said).strip().rstrip(".")
        assert bool(stream) == bool(found[2])


def test_reasons_of_the_page_are_those_of_the_code() -> None:
    sources = [*(ROOT / "python" / "tickwright" / "control" / "services").glob("*.py")]
    code = "".join(path.read_text(encoding="utf-8") for path in sources)
    bridge = (ROOT / "python" / "tickwright" / "control" / "bridge.py").read_text(encoding="utf-8")
    used = set(re.findall(r'reason="([A-Z_]+)"', code + bridge))
    table = PAGE.split("| reason | code | what it means |", 1)[1].split("\n\n", 1)[0]
    told = set(re.findall(r"\b[A-Z_]{4,}\b", " ".join(row.split("|")[1] for row in table.splitlines() if "|" in row)))
    assert used
    assert used <= told
