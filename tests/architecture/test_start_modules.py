"""What the start of a runtime leaves unread until it is needed: each of these costs it time before it answers."""

from __future__ import annotations

import subprocess
import sys

import pytest

from hmi.cli import VERBS, _app

LATER = (
    "PySide6",
    "aiosmtplib",
    "asyncua",
    "hmi.alarms.what_if",
    "hmi.exporters",
    "hmi.importers",
    "hmi.stores.sqlite",
    "httpx",
    "pymodbus",
)
_LIST = "print(); print(*sys.modules)"


def modules_after(code: str) -> set[str]:
    command = [sys.executable, "-c", f"import sys; {code}; {_LIST}"]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return set(told.stdout.splitlines()[-1].split())


@pytest.fixture(scope="module")
def at_start() -> set[str]:
    """As ``hmi serve`` has them when it reads its plant."""
    return modules_after("from hmi.cli import _app; _app(('serve',)); import hmi.bootstrap")


@pytest.mark.parametrize("name", LATER)
def test_a_runtime_starts_without(at_start: set[str], name: str) -> None:
    assert "hmi.runtime._runtime" in at_start
    assert name not in at_start


def test_a_verb_reads_its_own_module_alone(at_start: set[str]) -> None:
    modules = {f"hmi.cli.{row.partition(':')[0]}" for row in VERBS.values()}
    assert at_start & modules == {
        "hmi.cli._sessions",
        "hmi.cli._users",
    }  # a start offers to make the first account


def test_every_verb_is_where_its_row_says() -> None:
    commands = _app().registered_commands
    assert [one.name for one in commands] == list(VERBS)
    assert all(callable(one.callback) for one in commands)
