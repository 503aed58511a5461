"""``hmi serve --listen`` as a process of its own on a new plant, with what it needs made at the command line."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cli_calls import Result, command

from hmi.client.local import is_running
from hmi.project import new_plant

PATIENCE_S = 60.0
PASSWORD = "Wolke-7-Birnbaum"


@dataclass
class Site:
    """A plant folder with its data folder; every verb is called as a process."""

    plant: Path
    data: Path

    @classmethod
    def new(cls, folder: Path) -> Site:
        site = cls(folder / "plant", folder / "data")
        new_plant(site.plant)
        return site

    def __call__(self, verb: str, *words: str | Path, given: str = "") -> Result:
        """One call, with ``given`` at its standard input."""
        done = subprocess.run(
            command(verb, self.plant, *words, "--data", self.data),
            input=given,
            capture_output=True,
            encoding="utf-8",
            timeout=PATIENCE_S,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def ready_to_listen(self) -> str:
        """Certificate, account and station; the token of the station."""
        assert self("tls", "init", "--host", "127.0.0.1").code == 0
        words = ("add", "sec", "--name", "Kim Example", "--role", "security", "--password-stdin")
        assert self("user", *words, given=PASSWORD + "\n").code == 0
        added = self("station", "add", "desk1")
        assert added.code == 0
        return added.out.strip()

    @contextlib.contextmanager
    def serving(self, *words: str, log: Path) -> Iterator[int]:
        """The runtime; its process id."""
        with log.open("wb") as out:
            process = subprocess.Popen(
                command("serve", self.plant, "--data", self.data, *words),
                stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            )  # fmt: skip
        try:
            end = time.monotonic() + PATIENCE_S
            while not (is_running(self.data) and _listens(words)):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < end, log.read_text()
                time.sleep(0.05)
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE_S)


def _listens(words: tuple[str, ...]) -> bool:
    """Whether the address after ``--listen`` answers; True when none is asked for."""
    if "--listen" not in words:
        return True
    host, _, port = words[words.index("--listen") + 1].rpartition(":")
    try:
        socket.create_connection((host, int(port)), 1.0).close()
    except OSError:
        return False
    return True


def listening_ports(pid: int) -> set[tuple[str, int]]:
    """TCP ports (v4, v6) that a process listens on, from the tables of the system (Linux)."""
    inodes = set[str]()
    for entry in os.scandir(f"/proc/{pid}/fd"):
        with contextlib.suppress(OSError):
            if found := re.fullmatch(r"socket:\[(\d+)\]", os.readlink(entry.path)):
                inodes.add(found[1])
    ports = set[tuple[str, int]]()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            words = line.split()
            listens = words[3] == "0A" if table.startswith("tcp") else True
            if listens and words[9] in inodes:
                ports.add((table, int(words[1].rpartition(":")[2], 16)))
    return ports


__all__ = ["PASSWORD", "Site", "listening_ports"]
