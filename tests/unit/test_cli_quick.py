"""A process builds only the command that it is asked for; what it says must be what all of them together say."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from tickwright.cli.app import app
from tickwright.cli.quick import asked_alone


def run(*arguments, **environment):
    env = {**os.environ, "COLUMNS": "80", "TERMINAL_WIDTH": "80", **environment}
    done = subprocess.run(
        [sys.executable, "-m", "tickwright.cli", *arguments], env=env, capture_output=True, text=True, timeout=60
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("-h",),
        (),
        ("status", "--help"),
        ("order", "submit", "--help"),
        ("data", "--help"),
        ("journal", "tail", "--help"),
        ("orders", "--bad"),
        ("order", "sbmit"),
        ("sttus",),
    ],
    ids=" ".join,
)
def test_a_process_says_what_the_whole_command_line_says(arguments, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERMINAL_WIDTH", "80")
    whole = CliRunner().invoke(app, list(arguments), prog_name="tickwright")
    code, out, err = run(*arguments)
    assert code == whole.exit_code
    assert (out.split(), err.split()) == (whole.stdout.split(), whole.stderr.split())


def names(one):
    return {command.name or command.callback.__name__ for command in one.registered_commands} | {
        group.name for group in one.registered_groups
    }


def small():
    made, inner = typer.Typer(), typer.Typer()
    for name in ("one", "two", "shell"):
        made.command(name)(lambda: None)
    inner.command("x")(lambda: None)
    made.add_typer(inner, name="inner")
    return made


@pytest.mark.parametrize(
    ("arguments", "kept"),
    [(["one"], {"one"}), (["inner", "x"], {"inner"}), (["shell"], {"shell"}), ([], None), (["wrong"], None)],
)
def test_only_the_command_that_is_asked_for_is_built_and_the_others_are_not_lost(arguments, kept):
    made = small()
    assert names(asked_alone(made, arguments)) == (kept or {"one", "two", "shell", "inner"})
    assert names(asked_alone(made, ["--help"])) == {"one", "two", "shell", "inner"}
    assert names(made) == {"one", "two", "shell", "inner"}
    assert made.registered_groups[0].typer_instance.registered_commands[0].name == "x"


def test_completion_sees_all(monkeypatch):
    monkeypatch.setenv("_TICKWRIGHT_COMPLETE", "complete_bash")
    assert names(asked_alone(small(), ["one"])) == {"one", "two", "shell", "inner"}
