"""The wheel as a user gets it: its tag, its content, and its use from a clean environment with no Rust on the PATH."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

# What would let the wheel borrow from the checkout or from the environment that runs the tests.
LEAKS = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX", "MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PYO3_PYTHON")


def run(*command, env, cwd):
    """Run a command and return its output; on failure show all of it, but not the environment."""
    __tracebackhide__ = True
    done = subprocess.run(
        [str(word) for word in command], env=env, cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command} exited {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def wheel(root: Path) -> Path:
    env = {name: value for name, value in os.environ.items() if name not in LEAKS}
    run("make", "--silent", "wheel", env=env, cwd=root)
    wheels = list((root / "dist").glob("*.whl"))
    assert len(wheels) == 1, f"expected one wheel in dist/, found {[w.name for w in wheels]}"
    return wheels[0]


@pytest.fixture(scope="session")
def bare_env() -> dict[str, str]:
    """Return an environment in which no Rust tool can be found."""
    env = {name: value for name, value in os.environ.items() if name not in LEAKS}
    folders = [
        folder
        for folder in env.get("PATH", os.defpath).split(os.pathsep)
        if not any(shutil.which(tool, path=folder) for tool in ("cargo", "rustc", "rustup"))
    ]
    env["PATH"] = os.pathsep.join(folders)
    assert shutil.which("cargo", path=env["PATH"]) is None
    return env


@pytest.fixture(scope="session")
def installed(wheel: Path, bare_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into a clean virtual environment and return the folder of its commands."""
    place = tmp_path_factory.mktemp("wheel")
    # The base interpreter, not that of the test environment: nothing may come through from there.
    run(Path(sys._base_executable), "-m", "venv", place / "venv", env=bare_env, cwd=place)
    commands = place / "venv" / "bin"
    run(commands / "python", "-m", "pip", "install", "--quiet", wheel, env=bare_env, cwd=place)
    return commands


def test_the_wheel_is_abi3_for_python_3_11_and_newer(wheel):
    _, _, python, abi, platform = wheel.stem.split("-")
    assert (python, abi) == ("cp311", "abi3")
    assert platform != "any"


def test_the_wheel_holds_one_extension_its_stubs_and_its_licence(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = archive.read(next(n for n in names if n.endswith(".dist-info/METADATA"))).decode()
    assert [n for n in names if n.endswith((".so", ".pyd", ".dylib"))] == ["tickwright/_core.abi3.so"]
    assert {"tickwright/__init__.py", "tickwright/_core.pyi", "tickwright/py.typed"} <= set(names)
    assert any(n.endswith(".dist-info/licenses/LICENSE") for n in names)
    assert not [n for n in names if "__pycache__" in n or n.startswith(("tests/", "benches/"))]
    assert "License-Expression: Apache-2.0" in metadata


def test_the_package_comes_from_the_wheel_and_not_from_the_checkout(installed, bare_env, tmp_path):
    shown = run(
        installed / "python", "-c", "import tickwright._core as c; print(c.__file__)", env=bare_env, cwd=tmp_path
    )
    assert Path(shown.strip()).is_relative_to(installed.parent)


def test_the_demo_runs_from_the_wheel_without_rust(installed, bare_env, tmp_path):
    out = tmp_path / "demo"
    run(installed / "tickwright", "demo", "--no-progress", "--out", out, env=bare_env, cwd=tmp_path)
    report = (out / "report.html").read_text(encoding="utf-8")
    assert "drawdown" in report.lower()


def test_the_embedding_example_runs_from_the_wheel_without_rust(installed, bare_env, tmp_path, root):
    example = shutil.copy(root / "examples" / "embed.py", tmp_path)
    first = run(installed / "python", example, env=bare_env, cwd=tmp_path)
    result = json.loads(first)
    assert result["fills"] > 0
    assert result["equity"] > 0
    # The same program gives the same numbers: nothing depends on the environment.
    assert run(installed / "python", example, env=bare_env, cwd=tmp_path) == first
