"""Builds and starts the Modbus device built on libmodbus, so that ours meets another implementation."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent / "peers" / "libmodbus" / "modbus_peer.c"
_BUILD_S = 60


@cache
def missing() -> str:
    """What is not there to build it, with the Debian package; empty when all is."""
    for program, package in (("cc", "gcc"), ("pkg-config", "pkg-config")):
        if shutil.which(program) is None:
            return f"{program} is missing: install the Debian package {package}"
    known = subprocess.run(["pkg-config", "--exists", "libmodbus"], check=False, capture_output=True)
    return "libmodbus is missing: install the Debian package libmodbus-dev" if known.returncode else ""


def built(folder: Path) -> Path:
    """The program, compiled into ``folder``; skips where something is missing, and fails there when CI=true."""
    if why := missing():
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    found = subprocess.run(
        ["pkg-config", "--cflags", "--libs", "libmodbus"], check=True, capture_output=True, text=True
    )
    program = folder / "modbus_peer"
    command = [
        "cc",
        "-O2",
        "-Wall",
        "-Wextra",
        "-Werror",
        SOURCE,
        "-o",
        program,
        *found.stdout.split(),
        "-lm",
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=_BUILD_S)
    return program


@contextmanager
def libmodbus_device(folder: Path) -> Iterator[int]:
    """A running device, compiled in ``folder``; yields its port."""
    process = subprocess.Popen(
        [built(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(timeout=5)
