"""The walk in the guide for engineers is true: its commands run, in order, against devices that are not ours."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cli_calls import PATIENCE_S, command
from foreign_server import ForeignServer, Installed
from libmodbus_server import libmodbus_device

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "engineers.md"
SERVER, DEVICE = "opc.tcp://10.0.0.7:4840", "tcp://10.0.0.8:502"
PASSWORD = "Birnbaum-Wolke-7"
LEFT_OUT = "…"
_BLOCK = re.compile(
    r"^```(?P<kind>\S+)(?: (?P<how>write|append) (?P<file>\S+))?\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
_PRINT = re.compile(r"\b[0-9a-f]{64}\b|(?<=accept )[0-9a-f]{16}\b")
_REVISION = re.compile(r"(?<!\.)\b[0-9a-f]{12}\b")
_ACCOUNT = re.compile(r"(?<=\(account )[^)\s]+(?=\))")
_NUMBER = re.compile(r"(?:\b|(?<=\dT))(?:0x[0-9A-F]+|\d[\d.,]*)(?:\b|(?=T\d))")
"""Also a day and a time of it, which are one word."""
_LIVING = ("browse station", "comms", "history", "revisions")
"""Commands that show values and times of the moment: their numbers are not compared, all other words are."""
_SETTLING = ("comms", "history")
"""Commands whose answer needs the first values: they are asked again until it is there, for they change nothing."""


def walk() -> str:
    """The section of the guide."""
    text = GUIDE.read_text(encoding="utf-8")
    return text.split("\n## From an empty folder to a running plant\n", 1)[1].split("\n## ", 1)[0]


def calls(text: str) -> Iterator[tuple[str, list[str]]]:
    """The commands of a block, each with the lines that the guide shows."""
    for call in text.split("$ ")[1:]:
        line, _, shown = call.partition("\n")
        yield line, shown.splitlines()


def plain(line: str, *, living: bool) -> str:
    """A line without what another run cannot have: revisions, accounts, spaces and, where it lives, numbers."""
    line = _ACCOUNT.sub("NAME", " ".join(_REVISION.sub("REVISION", line).split()))
    return _NUMBER.sub("0", line) if living else line


def fits(shown: list[str], told: list[str], *, living: bool) -> bool:
    """Whether the output is what the guide shows: a line ``…`` stands for any lines, ``…`` in a line for any text."""
    pattern = ""
    for line in (plain(one, living=living) for one in shown):
        if line == LEFT_OUT:
            pattern += r"(?:.*\n)*"
            continue
        parts = line.split(f" {LEFT_OUT} ") if re.search(r"\d … \d", line) else line.split(LEFT_OUT)
        joint = re.escape(f" {LEFT_OUT} ") if re.search(r"\d … \d", line) else ".*"
        pattern += joint.join(map(re.escape, parts)) + r"\n"
    text = "".join(plain(one, living=living) + "\n" for one in told)
    return re.fullmatch(pattern, text) is not None


@dataclass
class Desk:
    """Where the engineer works: a folder, the two devices, a runtime once it has been started."""

    folder: Path
    server: ForeignServer
    port: int
    running: contextlib.ExitStack
    thumbprint: str = ""
    ran: list[str] = field(default_factory=list)

    def put(self, file: str, how: str, text: str) -> None:
        """A file of the guide, with the addresses of the devices of this test."""
        path = self.folder / file
        path.parent.mkdir(exist_ok=True)
        with path.open("a" if how == "append" else "w", encoding="utf-8", newline="\n") as out:
            out.write(("\n" if how == "append" else "") + self._real(text))

    def do(self, line: str, shown: list[str]) -> None:
        """One command; its output has to be what the guide shows."""
        self.ran.append(line)
        words = shlex.split(self._real(line))
        if words[:2] == ["hmi", "serve"]:
            self._serve(words[1:])
            return
        verb = line.removeprefix("hmi ")
        living = verb.startswith(_LIVING)
        end = time.monotonic() + PATIENCE_S
        while not fits(shown, told := self._told(words), living=living):
            if not verb.startswith(_SETTLING) or time.monotonic() > end:
                pytest.fail(f"$ {line}\n" + "\n".join(["the guide shows:", *shown, "printed was:", *told]))
            time.sleep(0.2)
        if any("trust our certificate" in one for one in told):
            self.server.ask(trust="application")

    def _told(self, words: list[str]) -> list[str]:
        given = ""
        if words[1] == "user" or "--user" in words:
            words, given = [*words, "--password-stdin"], PASSWORD + "\n"
        if words[1] == "secret":
            given = "right\n"
        done = subprocess.run(
            command(*words[1:]) if words[0] == "hmi" else words,
            cwd=self.folder, env=self._environment, input=given, capture_output=True, encoding="utf-8",
            timeout=PATIENCE_S,
        )  # fmt: skip
        told = done.stdout + done.stderr
        if (seen := _PRINT.search(told)) is not None:
            self.thumbprint = seen[0]
        told = _PRINT.sub("3F2A", told).replace(self.server.url, SERVER)
        return told.replace(f"tcp://127.0.0.1:{self.port}", DEVICE).splitlines()

    def _serve(self, words: list[str]) -> None:
        log = self.running.enter_context((self.folder / "serve.log").open("wb"))
        process = subprocess.Popen(
            command(*words),
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )

        def stop() -> None:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE_S)

        self.running.callback(stop)

    @property
    def _environment(self) -> dict[str, str]:
        home = self.folder / "home"
        return {**os.environ, "XDG_DATA_HOME": str(home), "QT_QPA_PLATFORM": "offscreen"}

    def _real(self, text: str) -> str:
        for guide, here in (
            (SERVER, self.server.url),
            (DEVICE, f"tcp://127.0.0.1:{self.port}"),
            ("3F2A", self.thumbprint),
        ):
            text = text.replace(guide, here)
        return text


@pytest.fixture
def desk(node_opcua: Installed, tmp_path: Path) -> Iterator[Desk]:
    (tmp_path / "server").mkdir()
    with (
        ForeignServer(node_opcua, tmp_path / "server", script="devices.js") as server,
        libmodbus_device(tmp_path) as port,
        contextlib.ExitStack() as running,
    ):
        yield Desk(tmp_path, server, port, running)


@pytest.mark.timeout(300)
def test_another_day_is_no_other_text() -> None:
    shown, told = (f"2026-{day}T18:42:16.116+00:00  level  2.5  Good" for day in ("11-28", "12-01"))
    assert fits([shown], [told], living=True)
    assert not fits([shown], [told.replace("Good", "Bad")], living=True)
    assert not fits([shown], [told], living=False)


def test_the_walk_from_an_empty_folder_to_a_running_plant_is_true(desk: Desk) -> None:
    for block in _BLOCK.finditer(walk()):
        if block["file"]:
            desk.put(block["file"], block["how"], block["text"])
        elif block["kind"] == "console":
            for line, shown in calls(block["text"]):
                desk.do(line, shown)
    verbs = {line.split()[1] for line in desk.ran if line.startswith("hmi ")}
    assert verbs >= {"new", "trust", "browse", "import", "check", "where", "serve", "comms", "history"}
    assert verbs >= {"diff", "reload", "revisions", "rollback", "shot"}
    assert (desk.folder / "overview.png").stat().st_size > 10_000


def test_what_the_guide_leaves_out_is_no_licence() -> None:
    told = ["a 1", "b 2 … 3", "c"]
    assert fits(["a 1", "…", "c"], told, living=False)
    assert fits(["a 2", "b 5 … 9", "…"], told, living=True)
    assert not fits(["a 2", "…"], told, living=False)
    assert not fits(["a 1", "c"], told, living=False)
    assert not fits(["a 1", "b 2 … 4", "c"], told, living=False)
    assert not fits(["a 1", "x…", "c"], told, living=False)
