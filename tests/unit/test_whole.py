"""Files that are written whole."""

from __future__ import annotations

import os
import stat

import pytest

from tickwright._whole import write_whole


@pytest.mark.parametrize("durable", [True, False])
def test_a_file_is_replaced_and_nothing_is_left_beside_it(tmp_path, durable):
    path = tmp_path / "state.json"
    write_whole(path, "first", durable=durable)
    write_whole(path, b"second", durable=durable)
    assert path.read_bytes() == b"second"
    assert os.listdir(tmp_path) == ["state.json"]


def test_a_private_file_is_its_owners_from_the_beginning(tmp_path):
    path = tmp_path / "token"
    path.write_text("others could read this")
    write_whole(path, "secret", private=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / "state.json"
    write_whole(path, "old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["state.json"]
