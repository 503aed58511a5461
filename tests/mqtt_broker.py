"""A mosquitto of its own for one test, on a free port of this machine."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from quiet_port import quiet_port

PROGRAM = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")

needs_mosquitto = pytest.mark.skipif(
    PROGRAM is None, reason="mosquitto is missing: apt-get install mosquitto"
)


def free_port() -> int:
    return quiet_port()


class Broker:
    """``more``: further lines of its configuration. Its port stays the same over ``stop`` and ``start``."""

    def __init__(self, folder: Path, more: Sequence[str] = (), *, anonymous: bool = True) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port, self._folder = free_port(), folder
        self._process: subprocess.Popen[bytes] | None = None
        lines = [f"listener {self.port} 127.0.0.1", f"allow_anonymous {str(anonymous).lower()}", "user root"]
        (folder / "mosquitto.conf").write_text("\n".join([*lines, *more]) + "\n", encoding="utf-8")
        self.start()

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Returns when it takes connections."""
        assert PROGRAM is not None
        log = (self._folder / "mosquitto.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                [PROGRAM, "-c", str(self._folder / "mosquitto.conf"), "-v"], stdout=log, stderr=log
            )
        end = time.monotonic() + 60
        while time.monotonic() < end:
            assert self._process.poll() is None, self.log()
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise AssertionError(self.log())

    def log(self) -> str:
        return (self._folder / "mosquitto.log").read_text("utf-8", "replace")[-4000:]

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(20)
            self._process = None
