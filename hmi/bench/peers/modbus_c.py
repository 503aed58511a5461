"""Compiles and starts the C peers when the compiler and libmodbus are there."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

_HERE = Path(__file__).parent
_HEADERS = (Path("/usr/include/modbus/modbus.h"), Path("/usr/local/include/modbus/modbus.h"))


@cache
def missing() -> str:
    """Why the C peers cannot be built; empty when they can."""
    if shutil.which("gcc") is None:
        return "no C compiler: install the Debian package gcc"
    if not any(header.exists() for header in _HEADERS):
        return "no libmodbus: install the Debian package libmodbus-dev"
    return ""


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="watchkeeper-bench-")


@cache
def compiled(name: str) -> Path:
    """The program built from ``<name>.c``, once per run."""
    source, program = _HERE / f"{name}.c", Path(_folder().name) / name
    include = f"-I{next(header for header in _HEADERS if header.exists()).parent}"
    command = ["gcc", "-O2", "-Wall", include, str(source), "-o", str(program), "-lmodbus"]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return program


@contextmanager
def server(*, step: int = 0) -> Iterator[int]:
    """A running C server; yields its port. every ``step``-th register counts up with every read."""
    process = subprocess.Popen(
        [compiled("modbus_server"), str(step)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the C server has no pipes")
    try:
        yield int(process.stdout.readline())
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(timeout=5)


def client(port: int, requests: int) -> tuple[float, float]:
    """Requests per second and CPU microseconds per request of the C client."""
    done = subprocess.run(
        [compiled("modbus_client"), str(port), str(requests)],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    rate, cost = done.stdout.split()
    return float(rate), float(cost)
