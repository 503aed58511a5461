"""The jobs of a process: what cannot begin leaves nothing open, and nothing runs beside a thread that hangs."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from export_desk import Desk, Target
from waterworks_session import wait_until

from hmi import exporting
from hmi.core.errors import StorageError
from hmi.core.journal import Entry, Kind
from hmi.core.principal import SYSTEM
from hmi.export import (
    EXPORTS_FOLDER,
    JobCondition,
    JobFigures,
    JobState,
    Package,
    TargetRefused,
    TargetUnavailable,
    standing,
    turn_in,
)
from hmi.exporting import ExportOptions, ExportProcess, StuckJob, _Crew
from hmi.journal import SqliteJournal
from hmi.project import new_plant, open_plant
from hmi.stores.sqlite import open_archive
from hmi.testing.clock import ManualClock

JOB = """
[[exports]]
name = "lake"
to = "files"
simulator = true
{more}
settings = {{ folder = "out" }}
"""
STUCK = """
import concurrent.futures, sys, threading, time
from pathlib import Path
from hmi import exporting
from hmi.cli import main

SIGN = Path(sys.argv[1])

class Hanging:
    '''As a library that waits for a thread of its own, which is no daemon.'''
    def open(self):
        SIGN.write_text("hangs")
        concurrent.futures.ThreadPoolExecutor().submit(time.sleep, 600).result()

exporting.END_S = 0.5
exporting._Crew._exporter = lambda *_: Hanging()
sys.argv[1:] = sys.argv[2:]
main()
"""


@pytest.fixture
def works(tmp_path: Path) -> Callable[..., Path]:
    """A plant with one job, and a history to read."""

    def made(more: str = "") -> Path:
        plant = new_plant(tmp_path / "works")
        head = plant / "plant.toml"
        head.write_text(head.read_text(encoding="utf-8") + JOB.format(more=more), encoding="utf-8")
        open_archive(tmp_path / "data" / "history").close()
        return plant

    return made


def crew_of(plant: Path, data: Path, archive: str = "history") -> _Crew:
    options = ExportOptions(plant, data)
    return _Crew(options, open_plant(plant), data / archive, data / EXPORTS_FOLDER, threading.Event())


def test_a_job_that_cannot_begin_opens_no_reader_and_no_listener_at_each_try(
    works: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    tries: list[int] = []

    def refused(*_: Any) -> Any:
        tries.append(1)
        raise TargetRefused("paho-mqtt is not installed")

    monkeypatch.setattr(exporting, "AGAIN_S", 0.01)
    monkeypatch.setattr(exporting, "open_reader", lambda *_: opened.append("reader"))
    monkeypatch.setattr(exporting, "_listen", lambda *_: opened.append("listener"))
    monkeypatch.setattr(_Crew, "_exporter", refused)
    crew = crew_of(works(), tmp_path / "data")
    crew.start()
    wait_until(lambda: len(tries) >= 10)
    one = standing(tmp_path / "data" / EXPORTS_FOLDER).jobs["lake"]
    crew.end()
    assert (one.condition, one.text) == (JobCondition.REFUSED, "paho-mqtt is not installed")
    assert opened == []


def test_a_job_whose_refusal_cannot_even_be_told_is_tried_again(
    works: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[int] = []
    target = Target()

    def made(*_: Any) -> Target:
        tries.append(1)
        if len(tries) < 5:
            raise TargetRefused("not yet")
        return target

    tell = JobState.tell

    def full(state: JobState, figures: JobFigures) -> None:
        if len(tries) < 5:
            raise StorageError("the disk is full")
        tell(state, figures)

    monkeypatch.setattr(exporting, "AGAIN_S", 0.01)
    monkeypatch.setattr(_Crew, "_exporter", made)
    monkeypatch.setattr(JobState, "tell", full)
    crew = crew_of(works(), tmp_path / "data")
    crew.start()
    wait_until(lambda: bool(target.schemas))
    crew.end()
    assert len(tries) == 5


def test_nothing_is_started_beside_a_thread_that_hangs_and_the_turn_is_kept(
    works: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would write its old progress over that of its successor, when it wakes."""
    gate, entered, made = threading.Event(), threading.Event(), list[Target]()

    class Hanging(Target):
        def open(self) -> None:
            entered.set()
            gate.wait()

    def exporter(*_: Any) -> Target:
        made.append(Hanging())
        return made[-1]

    monkeypatch.setattr(exporting, "END_S", 0.3)
    monkeypatch.setattr(_Crew, "_exporter", exporter)
    plant, data, stop = works(), tmp_path / "data", threading.Event()
    process, raised = ExportProcess(ExportOptions(plant, data), stop), list[Exception]()

    def run() -> None:
        try:
            process.run()
        except StuckJob as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert entered.wait(20)
        open_archive(data / "history" / "run_2").close()
        monkeypatch.setattr(exporting, "newest_archive", lambda _data: data / "history" / "run_2")
        thread.join(20)
        assert not thread.is_alive()
        assert [str(one) for one in raised] == ["export lake does not end; the process is started again"]
        assert len(made) == 1
        assert turn_in(data / EXPORTS_FOLDER) is None
    finally:
        gate.set()
        stop.set()


def test_a_process_with_a_thread_that_hangs_ends_all_the_same_with_an_exit_code(
    works: Callable[..., Path], tmp_path: Path
) -> None:
    plant, data, sign = works(), tmp_path / "data", tmp_path / "sign"
    words = ["export", str(plant), "run", "--data", str(data), "--parent-pipe"]
    process = subprocess.Popen(
        [sys.executable, "-c", STUCK, str(sign), *words], stdin=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        wait_until(lambda: sign.exists() or process.poll() is not None, seconds=60)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(30) == 1
        assert process.stderr is not None
        assert b"export lake does not end" in process.stderr.read()
    finally:
        process.kill()
        process.wait()
    turn = turn_in(data / EXPORTS_FOLDER)
    assert turn is not None
    turn.close()


class EventTarget(Target):
    def __init__(self) -> None:
        super().__init__()
        self.numbers: set[int] = set()

    def deliver(self, package: Package) -> None:
        if self.down:
            raise self.down
        self.numbers |= {one.number for one in package.events}


def test_events_go_on_where_they_were_though_the_history_has_another_name(
    works: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A simulated plant has a new one at each start; the journal is the same one."""
    plant, data, target = works('what = "alarms"'), tmp_path / "data", EventTarget()
    monkeypatch.setattr(_Crew, "_exporter", lambda *_: target)

    async def happened(count: int) -> None:
        journal = SqliteJournal(
            data / "journal.sqlite", clock=ManualClock(), runtime_id="r", run_id="run", plant_revision="1",
            simulated=False,
        )  # fmt: skip
        await journal.open()
        for number in range(count):
            await journal.append(Entry(Kind.ALARM, "alarm.raised", SYSTEM, "t_a", number + 1, {}))
        await journal.close()

    def deliver(archive: str) -> None:
        crew_of(plant, data, archive).finish(lambda _figures: None)

    asyncio.run(happened(1))
    deliver("history/run_1")
    asyncio.run(happened(3))
    deliver("history/run_1")
    first = set(target.numbers)
    target.down = TargetUnavailable("away")
    asyncio.run(happened(15))
    with pytest.raises(TargetUnavailable):
        deliver("history/run_1")
    target.down = None
    asyncio.run(happened(2))
    deliver("history/run_2")
    assert len(first) == 3
    assert len(target.numbers) == 20
    assert JobState(data / EXPORTS_FOLDER).progress("lake").epoch == 0


def test_a_single_run_ends_when_it_is_to_end_though_there_is_always_more(tmp_path: Path) -> None:
    it = Desk(tmp_path / "exports")
    it.second()
    it.seconds(3, turns=0)
    deliver, count = it.target.deliver, [0]

    def slow(package: Package) -> None:
        deliver(package)
        count[0] += 1
        it.second(turns=0)  # the runtime goes on meanwhile
        if count[0] == 3:
            it.runner._stop.set()
        assert count[0] < 10

    it.target.deliver = slow  # type: ignore[method-assign]
    it.runner.finish()
    assert count[0] == 3
