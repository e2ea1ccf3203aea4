"""One node for the tests of the door, which none of them changes."""

import logging
from collections.abc import Iterator

import pytest

from tests.control.rig import NodeRig


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeRig]:
    with NodeRig(tmp_path_factory.mktemp("node")) as made:
        yield made


@pytest.fixture(autouse=True)
def levels_as_they_were():
    """Give loggers their levels back: operators set them in some tests."""

    def levels() -> dict[str, int]:
        names = [name for name in logging.root.manager.loggerDict if name.startswith("tickwright")]
        return {name: logging.getLogger(name).level for name in names}

    before = levels()
    yield
    for name in levels():
        logging.getLogger(name).setLevel(before.get(name, logging.NOTSET))
