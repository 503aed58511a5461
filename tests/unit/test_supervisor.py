"""The supervisor: judgement by life sign, restart of what stops, and an end that leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hmi.supervisor import ChildSpec, LifeSign, Supervisor, Verdict, judge

MS = 1_000_000
BEAT = """
import itertools, pathlib, sys, time
life = pathlib.Path(sys.argv[1])
for n in itertools.count(1):
    life.write_text(str(n))
    time.sleep(0.05)
"""


@pytest.mark.parametrize(
    ("sign", "now_ms", "exited", "expected"),
    [
        (LifeSign(0), 29_000, False, Verdict.FINE),
        (LifeSign(0), 31_000, False, Verdict.HUNG),
        (LifeSign(0, "7", 5_000 * MS), 6_400, False, Verdict.FINE),
        (LifeSign(0, "7", 5_000 * MS), 6_600, False, Verdict.HUNG),
        (LifeSign(0, "7", 5_000 * MS), 5_100, True, Verdict.EXITED),
    ],
)
def test_judgement(sign: LifeSign, now_ms: int, exited: bool, expected: Verdict) -> None:
    assert judge(sign, now_ns=now_ms * MS, exited=exited, hang_ms=1_500, grace_ms=30_000) is expected


def test_a_pause_of_the_supervisor_is_not_held_against_the_child() -> None:
    sign = LifeSign(0, "7", 1_000 * MS).excused(60_000 * MS)
    assert judge(sign, now_ns=61_500 * MS, exited=False, hang_ms=1_500, grace_ms=1) is Verdict.FINE


def spec(tmp_path: Path, name: str = "runtime", **changes: object) -> ChildSpec:
    life = tmp_path / f"{name}.life"
    command = (sys.executable, "-c", BEAT, str(life))
    return ChildSpec(name=name, command=lambda reason: command, life=life, **changes)  # type: ignore[arg-type]


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Callable[..., Supervisor]]:
    started: list[tuple[Supervisor, threading.Thread]] = []

    def start(*specs: ChildSpec) -> Supervisor:
        supervisor = Supervisor(specs, tmp_path)
        thread = threading.Thread(target=supervisor.run)
        thread.start()
        started.append((supervisor, thread))
        wait_for(lambda: all(s.life is not None and s.life.exists() for s in specs))
        return supervisor

    yield start
    for supervisor, thread in started:
        supervisor.stop()
        thread.join(20)
        assert not thread.is_alive()


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    tick = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if condition():
            return
        tick.wait(0.02)
    raise AssertionError("the awaited condition did not come true")


def notes(tmp_path: Path) -> list[dict[str, str]]:
    path = tmp_path / "supervisor.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize(
    ("number", "words"), [(signal.SIGKILL, "signal 9"), (signal.SIGSTOP, "no sign of life")]
)
def test_a_killed_or_stopped_process_is_restarted_and_the_reason_noted(
    tmp_path: Path, running: Callable[..., Supervisor], number: signal.Signals, words: str
) -> None:
    supervisor = running(spec(tmp_path))
    child = supervisor.children[0]
    first = child.pid
    os.kill(first, number)
    wait_for(lambda: child.pid != first and child.spec.life is not None and child.spec.life.exists())
    wait_for(lambda: bool(notes(tmp_path)))
    assert words in notes(tmp_path)[0]["reason"]
    assert notes(tmp_path)[0]["process"] == "runtime"


def test_closing_the_station_ends_the_session(tmp_path: Path) -> None:
    station = ChildSpec(
        name="station", command=lambda reason: (sys.executable, "-c", ""), closes_all=True, restart=True
    )
    supervisor = Supervisor([spec(tmp_path), station], tmp_path)
    assert supervisor.run() == 0
    assert all(child.exit_code is not None for child in supervisor.children)


def test_an_exit_that_nobody_asked_for_is_a_failure(tmp_path: Path) -> None:
    mark = str(tmp_path / "second")
    crash = f"import pathlib; p = pathlib.Path({mark!r}); seen = p.exists(); p.touch()"
    crash += "; raise SystemExit(0 if seen else 3)"
    station = ChildSpec(
        name="station", command=lambda reason: (sys.executable, "-c", crash), closes_all=True, restart=True
    )
    assert Supervisor([station], tmp_path).run() == 0
    assert [note["reason"] for note in notes(tmp_path)] == ["The station ended by itself with exit code 3"]


def test_a_process_that_is_wanted_only_at_times_starts_and_ends_with_that(tmp_path: Path) -> None:
    wanted = tmp_path / "wanted"
    supervisor = Supervisor([spec(tmp_path), spec(tmp_path, "exports", wanted=wanted.exists)], tmp_path)
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    child = supervisor.children[1]
    try:
        wait_for((tmp_path / "runtime.life").exists)
        assert child.pid == 0
        for _ in range(2):
            before = child.pid
            wanted.touch()
            wait_for(lambda old=before: child.pid != old and (tmp_path / "exports.life").exists())
            wanted.unlink()
            wait_for(lambda: child.exit_code is not None)
        assert supervisor.children[0].exit_code is None
        assert (child.restarts, notes(tmp_path)) == ([], [])
    finally:
        supervisor.stop()
        thread.join(20)
    assert not thread.is_alive()


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_process_that_does_not_end_when_it_is_not_wanted_any_more_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hmi.supervisor._children.END_POLITELY_S", 0.3)
    wanted, life = tmp_path / "wanted", tmp_path / "exports.life"
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)" + BEAT
    command = (sys.executable, "-c", deaf, str(life))
    wanted.touch()
    stubborn = ChildSpec(
        name="exports", command=lambda reason: command, life=life, wanted=wanted.exists, wanted_exits=()
    )
    supervisor = Supervisor([spec(tmp_path), stubborn], tmp_path)
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    try:
        wait_for(life.exists)
        wanted.unlink()
        wait_for(lambda: supervisor.children[1].exit_code == -signal.SIGKILL)
        assert (supervisor.children[1].restarts, notes(tmp_path)) == ([], [])
    finally:
        supervisor.stop()
        thread.join(20)
    assert not thread.is_alive()
