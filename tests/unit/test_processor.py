"""The core says what it needs of the processor before it is loaded."""

import sys
from pathlib import Path

import pytest

from tickwright import _processor

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the processor is told by /proc/cpuinfo alone")


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Give the description of a processor from before AVX2, on a machine of its kind."""
    monkeypatch.setattr(_processor.os, "uname", lambda: type("Uname", (), {"machine": "x86_64"}))
    monkeypatch.delenv(_processor.PORTABLE, raising=False)
    path = tmp_path / "cpuinfo"
    path.write_text("processor : 0\nflags\t\t: fpu sse2 avx\n\nprocessor : 1\nflags : fpu avx2 bmi2 fma\n")
    return str(path)


def test_a_processor_that_lacks_a_flag_is_refused_with_the_way_out(old: str) -> None:
    with pytest.raises(ImportError, match=r"lacks avx2, bmi2, fma; build it from source with RUSTFLAGS"):
        _processor.check(old)


def test_a_portable_build_runs_anywhere(old: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(_processor.PORTABLE, "1")
    _processor.check(old)


def test_what_is_not_told_is_not_refused(old: str, tmp_path: Path) -> None:
    assert Path(old).exists()
    _processor.check(str(tmp_path / "nothing"))
    assert _processor.missing("Features : asimd\n") == []
