"""Runs other engines on our inputs, in processes of the virtual environment .peers: their dependencies never meet ours.

A peer program loads the inputs from a file, prints one JSON line when it is ready, and then answers each line of its
standard input: so a gate can sample it in turn with our own code. Run as a program it prints one JSON line a result:

    python -m benches.peers.runner [--rounds N]
"""

import argparse
import atexit
import json
import statistics
import subprocess
import sys
import tempfile
import venv
from collections import deque
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import IO, Any

import numpy as np

from benches.inputs import book_stream, quotes

ROOT = Path(__file__).resolve().parent.parent.parent
ENVIRONMENT = ROOT / ".peers"
REQUIREMENTS = ("hftbacktest", "nautilus_trader", "numba", "numpy")  # the newest that this Python can install
QUOTES = 200_000
BOOK_EVENTS = 1_000_000


class PeerError(ImportError):
    """A peer could not be installed or did not answer; an ImportError, so that the gate reports it as one."""


def environment() -> Path:
    """Return the interpreter of .peers, made and filled on first use."""
    python = ENVIRONMENT / "bin" / "python"
    stamp = ENVIRONMENT / "requirements.txt"
    wanted = "\n".join(REQUIREMENTS) + "\n"
    if python.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return python
    venv.create(ENVIRONMENT, with_pip=True)
    done = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", *REQUIREMENTS], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise PeerError(f"peers could not be installed into {ENVIRONMENT.name}: {done.stderr.strip()[-800:]}")
    stamp.write_text(wanted, encoding="utf-8")
    return python


class Peer:
    """A peer program that waits for questions."""

    def __init__(self, program: str, columns: Any) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="tickwright-peer-")
        atexit.register(self.close)
        folder = Path(self._folder.name)
        np.savez(folder / "inputs.npz", **asdict(columns))
        self._errors: IO[str] = (folder / "stderr").open("w+", encoding="utf-8")
        command = [environment(), Path(__file__).parent / program, folder / "inputs.npz"]
        self._process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True
        )
        self.hello = self._answer()

    def ask(self, case: str, n: int) -> dict[str, Any]:
        """Run one case over the first `n` quotes and return the peer's answer."""
        pipe = self._process.stdin
        assert pipe is not None  # opened as a pipe above
        try:
            pipe.write(json.dumps({"case": case, "n": n}) + "\n")
            pipe.flush()
        except BrokenPipeError:
            pass  # the answer is then missing too, and says why
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        pipe = self._process.stdout
        assert pipe is not None  # opened as a pipe above
        skipped: deque[str] = deque(maxlen=5)
        for line in pipe:
            if line.startswith("{"):
                answer: dict[str, Any] = json.loads(line)
                return answer
            skipped.append(line)
        self._errors.seek(0)
        raise PeerError(f"the peer ended without an answer: {''.join(skipped)}{self._errors.read().strip()[-800:]}")

    def close(self) -> None:
        """End the process and remove its inputs."""
        process = getattr(self, "_process", None)
        if process is not None and process.poll() is None:
            process.stdin.close()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if hasattr(self, "_errors"):
            self._errors.close()
        self._folder.cleanup()


@cache
def nautilus() -> Peer:
    """Return the one NautilusTrader process of this run, started on first use."""
    return Peer("nautilus.py", quotes(QUOTES))


@cache
def hftbacktest() -> Peer:
    """Return the one hftbacktest process of this run, started on first use."""
    return Peer("hft.py", book_stream(BOOK_EVENTS))


CASES = (
    (nautilus, "idle", QUOTES, "events"),
    (nautilus, "every_quote", 1_000, "orders"),
    (nautilus, "every_quote", 10_000, "orders"),
    (hftbacktest, "idle", BOOK_EVENTS, "events"),
    (hftbacktest, "quoting", BOOK_EVENTS, "events"),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benches.peers.runner")
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    try:
        for start, case, n, unit in CASES:
            peer = start()
            peer.ask(case, min(n, 1_000))  # warm-up
            answers = [peer.ask(case, n) for _ in range(rounds)]
            per_item = sorted(answer["seconds"] * 1e9 / n for answer in answers)
            result = {
                **peer.hello,
                "case": case,
                "n": n,
                "unit": f"ns per {unit.rstrip('s')}",
                "rounds": rounds,
                "median": round(statistics.median(per_item), 1),
                "best": round(per_item[0], 1),
                **{key: answers[0][key] for key in ("events", "orders", "filled")},
            }
            print(json.dumps(result), flush=True)
    except PeerError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
