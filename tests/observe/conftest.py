"""A node that trades beside a paper venue, watched."""

from __future__ import annotations

import pytest

from tests.observe.watched import Watched


@pytest.fixture(scope="module")
def traded(tmp_path_factory):
    """A watched node that has traded for a while."""
    config = {"metrics": {"listen": "127.0.0.1:0"}}
    with Watched(tmp_path_factory.mktemp("traded"), config) as rig:
        rig.until(lambda: len([n for n in rig.node.notices if n["kind"] == "fill"]) > 5)
        yield rig
