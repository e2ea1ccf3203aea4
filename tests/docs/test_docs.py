"""Every fenced Python block of README.md and docs/ runs, in order, file by file; every relative link leads somewhere.

The words after the opening fence decide: ``python`` runs; ``python no-run`` is only parsed; ``python needs-data`` runs
where recorded market data are there (TICKWRIGHT_DATA names their folder), and is passed over, with a word, where they
are not. Blocks of one file share names and a temporary folder.
"""

import ast
import os
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import data_required, data_root

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
FENCE = re.compile(r"^(?P<indent> *)(?P<fence>`{3,})(?P<info>[^`]*)$")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?P<target>[^)\s]+)(?:\s+\"[^\"]*\")?\)")
HEADING = re.compile(r"^#{1,6}\s+(?P<title>.+?)\s*#*$")
TAGS = {"no-run", "needs-data"}


@dataclass(frozen=True)
class Block:
    """A fenced block: its info words, the line of its first row in the page, and its text."""

    info: tuple[str, ...]
    line: int
    text: str


def blocks(page: str) -> tuple[list[Block], list[str]]:
    """Split a page into its fenced blocks and the lines outside them."""
    found, prose = [], []
    opening, rows, start = None, [], 0
    for number, line in enumerate(page.splitlines(), start=1):
        match = FENCE.match(line)
        if opening is None:
            if match:
                opening, rows, start = match, [], number + 1
            else:
                prose.append(line)
        elif match and not match["info"].strip() and len(match["fence"]) >= len(opening["fence"]):
            found.append(Block(tuple(opening["info"].split()), start, "\n".join(rows)))
            opening = None
        else:
            rows.append(line.removeprefix(opening["indent"]))
    if opening is not None:
        raise ValueError(f"line {start - 1}: the fence is never closed")
    return found, prose


def python_blocks(path: Path) -> list[Block]:
    """Return the blocks of `path` that are Python, with their tags checked."""
    found = [block for block in blocks(path.read_text(encoding="utf-8"))[0] if block.info[:1] == ("python",)]
    for block in found:
        unknown = set(block.info[1:]) - TAGS
        assert not unknown, f"{path.name}:{block.line}: unknown tag {unknown}; there are {sorted(TAGS)}"
    return found


def anchors(prose: list[str]) -> set[str]:
    """Return the anchors that the headings of a page get on the usual forges."""
    titles = [match["title"] for match in map(HEADING.match, prose) if match]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", [p for p in PAGES if python_blocks(p)], ids=lambda p: str(p.relative_to(ROOT)))
def test_python_blocks_of_a_page_run_in_order(path, tmp_path, monkeypatch, request):
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "__main__"}
    ran = 0
    for block in python_blocks(path):
        # Padding puts the block at its own line, so that a traceback points into the page.
        tree = ast.parse("\n" * (block.line - 1) + block.text, filename=str(path))
        if "no-run" in block.info:
            continue
        if "needs-data" in block.info:
            if not data_root().is_dir() and not data_required():
                print(f"{path.name}:{block.line}: passed over, recorded market data not found at {data_root()}")
                continue
            monkeypatch.setenv("TICKWRIGHT_DATA", os.fspath(request.getfixturevalue("data_dir")))
        exec(compile(tree, str(path), "exec"), names)
        ran += 1
    if not ran:
        pytest.skip("every block of this page is marked no-run")


@pytest.mark.parametrize("path", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_relative_links_of_a_page_lead_to_a_file_and_a_heading(path):
    prose = blocks(path.read_text(encoding="utf-8"))[1]
    broken = []
    for target in LINK.findall("\n".join(prose)):
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (path.parent / name).resolve() if name else path
        if not file.exists():
            broken.append(f"{target}: no such file")
        elif not file.is_relative_to(ROOT):
            broken.append(f"{target}: outside the checkout")
        elif anchor and file.suffix == ".md" and anchor not in anchors(blocks(file.read_text(encoding="utf-8"))[1]):
            broken.append(f"{target}: no such heading")
    assert not broken, "\n".join(broken)


def test_a_block_keeps_its_line_number_and_tags():
    page = "# T\n\ntext\n\n```python no-run\nx = 1\n\ny = 2\n```\n\n````\n```python\n```\n````\n"
    found, prose = blocks(page)
    assert found[0] == Block(("python", "no-run"), 6, "x = 1\n\ny = 2")
    assert found[1].text == "```python\n```"
    assert "x = 1" not in prose


def test_a_fence_that_is_never_closed_is_an_error():
    with pytest.raises(ValueError, match="line 2: the fence is never closed"):
        blocks("text\n```python\nx = 1\n")
