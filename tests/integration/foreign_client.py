"""Starts the OPC UA client built on node-opcua, so that the exporter's server meets another implementation."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from foreign_server import Installed

PATIENCE_S = 60.0


class ForeignClient:
    """One client process; ``folder`` keeps its certificate."""

    def __init__(self, installed: Installed, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            [installed.node, "client.js", str(folder)],
            cwd=installed.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        assert self._line() == {"ready": True}
        self.changes: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_why: object) -> None:
        self._process.kill()
        self._process.communicate()

    def told(self, **wish: Any) -> dict[str, Any]:
        """One command of client.js and its answer, an error too."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(wish) + "\n")
        self._process.stdin.flush()
        return self._line()

    def ask(self, **wish: Any) -> dict[str, Any]:
        """One command that has to succeed."""
        answer = self.told(**wish)
        assert "error" not in answer, answer
        return answer

    def refused(self, **wish: Any) -> str:
        """Why a command fails."""
        answer = self.told(**wish)
        self.ask(disconnect=True)
        return answer["error"]

    def until(self, is_there: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first notification of that kind."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            self.changes += self.ask(changes=True)["changes"]
            for one in self.changes:
                if is_there(one):
                    return one
            time.sleep(0.05)
        raise AssertionError(f"not seen: {self.changes}")

    def _line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the client ended with {self._process.wait()}"
        return json.loads(line)
