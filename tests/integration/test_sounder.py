"""The process that plays the tones, over a real runtime (AL-17, reliability 35)."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attempts import Attempts
from waterworks_session import PLANT, all_links_up, wait_until, watching

from hmi.client.sounds import SoundWishes, read_state, write_wishes
from hmi.core.clock import monotonic_ns
from hmi.supervisor import Child, Session, Supervisor, sounder_spec

pytest.importorskip("PySide6")
pytestmark = [pytest.mark.qt, pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")]

RESTART_S = 3.0
P1_S = 1.0
TRIPS = ("pump_trip-p501a", "pump_trip-p101a", "pump_trip-p501b")


def tones_in(file: Path) -> list[dict[str, Any]]:
    """What was played so far; the line that is being written is left out."""
    whole = file.read_text(encoding="utf-8").rpartition("\n")[0] if file.exists() else ""
    return [json.loads(line) for line in whole.splitlines()]


class Room:
    """A supervised session whose tones go to a file."""

    def __init__(self, data: Path) -> None:
        self.data, self._file = data, data / "played.jsonl"
        session = Session(
            plant=PLANT, data=data, simulator="waterworks", ports="auto", record_sounds=self._file
        )
        self.supervisor = Supervisor(session.specs(), data)

    def child(self, name: str) -> Child:
        return next(child for child in self.supervisor.children if child.spec.name == name)

    def played(self, since_ns: int = 0) -> list[dict[str, Any]]:
        return [tone for tone in tones_in(self._file) if tone["at"] >= since_ns]

    @property
    def state(self) -> str:
        found = read_state(self.data)
        return found.state if found else ""


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    room = Room(tmp_path_factory.mktemp("session"))
    thread = threading.Thread(target=room.supervisor.run)
    thread.start()
    try:
        wait_until(lambda: (room.data / "station.life").exists() and room.state == "ok")
        yield room
    finally:
        room.supervisor.stop()
        thread.join(40)
    assert not thread.is_alive()


def alarms_heard(room: Room, since_ns: int) -> list[int]:
    """When the tones of alarms began, p1 to p4, and of nothing else."""
    return [tone["at"] for tone in room.played(since_ns) if tone["tone"][1:].isdigit()]


async def trip_and_hear(room: Room) -> None:
    """An alarm of the simulator is heard, counted from its arrival at another client."""
    client, watcher = await watching(room.data)
    try:
        await all_links_up(client, watcher)
        for one in Attempts(P1_S):
            trip = TRIPS[len(one.found_s)]
            await client.silence("")
            before = monotonic_ns()
            seen = len(watcher.events)
            await client.simulator("malfunction", {"id": trip, "action": "set"})

            def sounding(seen: int = seen) -> bool:
                return any(e.kind == "alarm_changes" and e.payload.sounds for e in watcher.events[seen:])

            await watcher.until(sounding)
            told = monotonic_ns()
            await watcher.until(lambda before=before: bool(alarms_heard(room, before)))
            one.took((alarms_heard(room, before)[0] - told) / 1e9)
    finally:
        await client.close()


@pytest.mark.asyncio
async def test_a_stopped_station_silences_no_alarm(room: Room) -> None:
    station = room.child("station")
    os.kill(station.pid, signal.SIGSTOP)  # its supervisor starts another one; the tones do not wait for that
    await trip_and_hear(room)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_dead_or_hung_sounder_is_restarted_and_what_waits_sounds_again(
    room: Room, number: signal.Signals
) -> None:
    sounder = room.child("sounder")
    for one in Attempts(RESTART_S):
        sounder.restarts.clear()
        first, struck = sounder.pid, monotonic_ns()
        os.kill(first, number)
        wait_until(lambda first=first: sounder.pid != first and bool(sounder.restarts))
        one.took((sounder.restarts[-1] - struck) / 1e9)
        wait_until(
            lambda: room.state == "ok" and sounder.spec.life is not None and sounder.spec.life.exists()
        )


def test_the_state_says_that_the_runtime_is_not_seen(room: Room) -> None:
    os.kill(room.child("runtime").pid, signal.SIGKILL)
    wait_until(lambda: room.state == "no_runtime")
    wait_until(lambda: room.state == "ok")


def test_a_folder_without_a_runtime_is_heard_and_only_one_process_plays(tmp_path: Path) -> None:
    played = tmp_path / "played.jsonl"
    specs = [sounder_spec(tmp_path, record=played) for _ in range(2)]
    supervisor = Supervisor(specs, tmp_path)
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    try:
        wait_until(lambda: len(tones_in(played)) >= 2)
        times = [tone["at"] for tone in tones_in(played)]
        assert times[1] - times[0] > 5e9, "two processes would play at the same time"
        found = read_state(tmp_path)
        assert found is not None
        assert found.state == "no_runtime"
    finally:
        supervisor.stop()
        thread.join(30)


def test_the_sound_test_is_asked_for_by_a_file(tmp_path: Path) -> None:
    played = tmp_path / "played.jsonl"
    supervisor = Supervisor([sounder_spec(tmp_path, record=played)], tmp_path)
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    try:
        wait_until(lambda: read_state(tmp_path) is not None)
        write_wishes(tmp_path, SoundWishes(percent=40, tests=7))
        wait_until(lambda: played.exists() and '"prompt"' in played.read_text())
        tones = [json.loads(line) for line in played.read_text().splitlines()]
        assert {tone["tone"] for tone in tones} >= {"p1", "p2", "p3", "p4", "prompt"}
        assert max(tone["peak"] for tone in tones if tone["tone"] == "p3") < 0.41 * 32_767
    finally:
        supervisor.stop()
        thread.join(30)
