"""``hmi comms`` at a runtime that runs, with a Modbus device on loopback behind one of its connections."""

from __future__ import annotations

import asyncio
import io
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from cli_calls import CommandLine, command
from people_plant import PASSWORD, add_people, roles
from waterworks_session import wait_until

from hmi.bench.peers.modbus_sim import numbered, serving
from hmi.cli import _comms
from hmi.client import once
from hmi.client.local import is_running
from hmi.client.once import ask
from hmi.core.errors import CommunicationError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="asks over the Unix socket")
PEOPLE = {"eng": (roles("engineer"), {}), "ada": (roles("operate"), {})}
PLANT = """
schema = "plant/1"
name = "lines"
title = "Lines"
zone = "UTC"

[[area]]
path = "north"
title = "North"

[scan]
fast = 100

[connection.plc1]
driver = "modbus"
endpoints = ["tcp://127.0.0.1:{port}"]

[connection.plc1.settings]
identify = false

[connection.gone]
driver = "modbus"
endpoints = ["tcp://127.0.0.1:1"]
"""
TAGS = """kind,name,type,unit,scan,connection,address,history
tag,north/lt1.pv,uint16,m,fast,plc1,HR11,true
tag,north/lt2.pv,uint16,m,fast,plc1,HR2000,true
tag,north/ft3.pv,uint16,m,fast,gone,HR1,true
"""


@contextmanager
def device() -> Iterator[int]:
    """A Modbus device on a thread of its own; its port."""
    ready, stop, port = threading.Event(), threading.Event(), 0

    async def serve() -> None:
        nonlocal port
        async with serving([numbered()]) as port:
            ready.set()
            while not stop.is_set():
                await asyncio.sleep(0.05)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(20)
    try:
        yield port
    finally:
        stop.set()
        thread.join(20)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, ...]]:
    """The arguments that name a plant and the data folder of its runtime."""
    base = tmp_path_factory.mktemp("comms")
    plant, data = base / "plant", base / "data"
    plant.mkdir()
    add_people(data, PEOPLE)
    with device() as port:
        (plant / "plant.toml").write_text(PLANT.format(port=port), encoding="utf-8")
        (plant / "tags.csv").write_text(TAGS, encoding="utf-8")
        subprocess.run(command("format", plant), check=True, stdout=subprocess.DEVNULL)
        process = subprocess.Popen(command("serve", plant, "--data", data), stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: is_running(data) or process.poll() is not None)
            wait_until(lambda: states(data) == {"plc1": "up", "gone": "down"})
            wait_until(lambda: bool(ask(data, "/v1/comms/plc1")["codes"]))
            wait_until(
                lambda: [one["state"] for one in ask(data, "/v1/comms")["lines"][0]["units"]] == ["up"]
            )
            yield str(plant), "--data", str(data)
            assert process.poll() is None
        finally:
            process.terminate()
            assert process.wait(20) == 0


def states(data: Path) -> dict[str, str]:
    return {line["name"]: line["state"] for line in ask(data, "/v1/comms")["lines"]}


@pytest.fixture
def hmi(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    return CommandLine(capfd, monkeypatch)


def named(running: tuple[str, ...], *names: str) -> tuple[str, ...]:
    """A connection stands behind the plant."""
    plant, *data = running
    return plant, *names, *data


def test_all_connections_with_their_devices_in_words(running: tuple[str, ...], hmi: CommandLine) -> None:
    told = hmi("comms", *running)
    assert told.code == 0, told.err
    rows = [line.split("\t") for line in told.out.splitlines()]
    by_name = {row[0]: row for row in rows}
    assert by_name["plc1"][1].startswith("Connected for ")
    assert by_name["plc1"][2].startswith("modbus, ")
    assert by_name["gone"][1].startswith("Not connected for ")
    assert "cannot be reached" in by_name["gone"][2]
    assert rows[1][0].strip() == "Unit 1"
    assert rows[1][1].startswith("Answers for ")
    lines = json.loads(hmi("comms", *running, "--json").out)["lines"]
    assert [line["name"] for line in lines] == ["plc1", "gone"]


def test_one_connection_with_errors_in_words_and_the_tags_they_are_about(
    running: tuple[str, ...], hmi: CommandLine
) -> None:
    told = hmi("comms", *named(running, "plc1"))
    assert told.code == 0, told.err
    assert "Refusals by code: 02 has no such address" in told.out
    assert "Security: none: messages are neither signed nor encrypted" in told.out
    error = next(line for line in told.out.splitlines() if "unit 1 has no such address" in line)
    assert "north/lt2.pv" in error
    found = json.loads(hmi("comms", *named(running, "plc1"), "--json").out)
    assert found["line"]["state"] == "up"
    assert found["scans"][0]["planned_ms"] == 100


def test_watch_goes_on_until_the_person_has_seen_enough(
    running: tuple[str, ...], hmi: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = 0

    def sleep(_seconds: float) -> None:
        nonlocal turns
        turns += 1
        if turns == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(_comms.time, "sleep", sleep)
    told = hmi("comms", *running, "--watch", "--json")
    assert told.code == 0, told.err
    assert [len(json.loads(line)["lines"]) for line in told.out.splitlines()] == [2, 2, 2]


def test_watch_outlives_a_runtime_that_is_started_again(
    running: tuple[str, ...], hmi: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns, asking = 0, _comms._ask

    def ask_once(*given: Any, **named: Any) -> Any:
        if turns == 1:
            raise CommunicationError("the runtime does not answer")
        return asking(*given, **named)

    def sleep(_seconds: float) -> None:
        nonlocal turns
        turns += 1
        if turns == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(_comms.time, "sleep", sleep)
    monkeypatch.setattr(_comms, "_ask", ask_once)
    told = hmi("comms", *running, "--watch")
    assert told.code == 0, told.err
    assert "Not current: the runtime does not answer" in told.err
    assert sum(line.startswith("plc1\t") for line in told.out.splitlines()) == 2
    times = [line for line in told.out.splitlines() if re.search(r"\d\d:\d\d:\d\d$", line)]
    assert len(times) == 3  # each round under its time


@pytest.mark.parametrize("other", [("--read", "north/lt1.pv"), ("--frames", "5")])
def test_watch_goes_with_figures_alone(
    running: tuple[str, ...], hmi: CommandLine, other: tuple[str, ...]
) -> None:
    told = hmi("comms", *named(running, "plc1"), "--watch", *other)
    assert told.code != 0
    assert "--watch goes with figures alone" in told.sentence


class Wire:
    """The frames of a connection as an API that is not there tells them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: dict[str, Any]) -> None:
        self.told: list[float] = []
        self.asked = 0
        self._answers = list(answers)
        monkeypatch.setattr(once, "ask", self._ask)
        monkeypatch.setattr(once, "tell", lambda _f, _p, body, **_n: self.told.append(body["seconds"]))

    def _ask(self, *_given: Any, **_named: Any) -> dict[str, Any]:
        self.asked += 1
        if not self._answers:
            raise KeyboardInterrupt
        return self._answers.pop(0)

    def run(self, monkeypatch: pytest.MonkeyPatch) -> list[float]:
        monkeypatch.setattr(_comms, "PERIOD_S", 0.001)
        _comms._frames(Path(), "plc1", 5, "token", UTC, as_json=False)
        return self.told


def nothing(left_s: float) -> dict[str, Any]:
    return {"left_s": left_s, "newest": 105, "frames": []}


def test_frames_end_where_a_new_recording_took_the_old_ones_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames up to 105 came and were replaced before they were fetched; nothing follows."""
    before = {"left_s": 0.0, "newest": 100, "frames": []}
    wire = Wire(monkeypatch, before, nothing(0.0), nothing(0.0))
    assert wire.run(monkeypatch) == [5]
    assert wire.asked == 2


@pytest.mark.parametrize(("left_s", "told"), [(0.0, [5, 0]), (40.0, [5])])
def test_a_person_who_stops_ends_what_they_began_alone(
    monkeypatch: pytest.MonkeyPatch, left_s: float, told: list[float]
) -> None:
    assert Wire(monkeypatch, nothing(left_s), nothing(left_s or 4.0)).run(monkeypatch) == told


def test_messages_on_the_wire_are_for_engineers_and_printed_as_they_come(
    running: tuple[str, ...], hmi: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = hmi("comms", *named(running, "plc1"), "--frames", "1")
    assert refused.code == 1
    assert refused.sentence.endswith("has no right to engineer")
    for user, code in (("ada", 1), ("eng", 0)):
        monkeypatch.setattr(sys, "stdin", io.StringIO(PASSWORD + "\n"))
        who = ("--frames", "1", "--user", user, "--password-stdin")
        told = hmi("comms", *named(running, "plc1"), *who)
        assert told.code == code, told.err
    rows = [line.split("\t") for line in told.out.splitlines()]
    assert len(rows) > 4
    assert {row[1] for row in rows} == {"sent", "received"}
    asked = next(row for row in rows if row[1] == "sent")
    assert asked[2:5] == ["1", "03 read holding registers", "HR11"]
    assert bytes.fromhex(asked[8])[7:] == bytes((3, 0, 10, 0, 1))


def test_a_point_is_read_now_and_one_without_a_value_ends_with_1(
    running: tuple[str, ...], hmi: CommandLine
) -> None:
    told = hmi("comms", *running, "--read", "north/lt1.pv")
    assert told.code == 0, told.err
    assert "Raw value: 13667" in told.out  # what the device holds at offset 10
    found = json.loads(hmi("comms", *running, "--read", "north/lt1.pv", "--json").out)
    assert (found["value"], found["device"]["function"]) == (13_667, 3)
    told = hmi("comms", *running, "--read", "north/lt2.pv")
    assert told.code == 1
    assert "Fault: unit 1 has no such address (exception 02)" in told.out
    told = hmi("comms", *running, "--read", "north/ft3.pv")
    assert told.code == 1
    assert "gone is not connected" in told.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nowhere",), "there is no connection 'nowhere'; use one of: plc1, gone"),
        (("--frames", "5"), "--frames is of one connection"),
        (("plc1", "--frames", "99"), "at most 60 seconds"),
        (("--read", "north/none"), "there is no tag 'north/none'"),
    ],
)
def test_bad_arguments_are_one_sentence(
    running: tuple[str, ...], hmi: CommandLine, arguments: tuple[str, ...], words: str
) -> None:
    plant, *data = running
    assert words in hmi.refused("comms", plant, *arguments, *data)


def test_without_a_runtime_it_says_so(running: tuple[str, ...], hmi: CommandLine, tmp_path: Path) -> None:
    sentence = hmi.refused("comms", running[0], "--data", tmp_path)
    assert "runtime" in sentence
