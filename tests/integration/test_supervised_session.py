"""The whole session under its supervisor: killed, stopped and hung processes come back, and the journal says why."""

from __future__ import annotations

import asyncio
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

from hmi.client.socket import SocketClient
from hmi.core.clock import monotonic_ns
from hmi.supervisor import Child, ChildSpec, Session, Supervisor

pytest.importorskip("PySide6")
pytestmark = [pytest.mark.qt, pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")]

RESTART_S = 3.0
HANGING_STATION = """
import sys
from pathlib import Path
from typing import Any
from PySide6.QtCore import QCoreApplication, QTimer
from hmi.ui.life import LifeSign
application = QCoreApplication([])
sign = LifeSign(Path(sys.argv[1]))
def hang():
    while True:
        pass
if not Path(sys.argv[2]).exists():
    Path(sys.argv[2]).touch()
    QTimer.singleShot(1500, hang)
application.exec()
"""


@pytest.fixture(scope="module")
def supervisor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supervisor]:
    data = tmp_path_factory.mktemp("session")
    session = Session(plant=PLANT, data=data, simulator="waterworks", ports="auto")
    supervisor = Supervisor(session.specs(), data)
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    try:
        wait_until(lambda: (data / "station.life").exists())
        yield supervisor
    finally:
        supervisor.stop()
        thread.join(40)
    assert not thread.is_alive()
    assert all(child.exit_code is not None for child in supervisor.children)


def child(supervisor: Supervisor, name: str) -> Child:
    return next(c for c in supervisor.children if c.spec.name == name)


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["runtime", "station"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_dead_or_stopped_process_is_restarted_within_three_seconds(
    supervisor: Supervisor, tmp_path: Path, name: str, number: signal.Signals
) -> None:
    data = supervisor.children[0].spec.ready.parent  # type: ignore[union-attr]
    client, watcher = await watching(data)
    try:
        await all_links_up(client, watcher)
        newest = (await client.journal(after=-1, limit=1))[0]["seq"]
        victim = child(supervisor, name)
        for one in Attempts(RESTART_S):
            first = victim.pid
            victim.restarts.clear()
            os.kill(first, number)
            struck = monotonic_ns()
            await watcher.until(lambda first=first: victim.pid != first and bool(victim.restarts))
            one.took((victim.restarts[-1] - struck) / 1e9)
            if name == "runtime":
                await watcher.until(lambda: not watcher.link_up)
            await all_links_up(client, watcher)
            await watcher.until(lambda: victim.spec.life is not None and victim.spec.life.exists())
        records = await _until_noted(client, newest)
        assert records[0]["object_id"] == name
        assert records[0]["payload"]["reason"]
    finally:
        await client.close()


async def _until_noted(client: SocketClient, newest: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for _ in range(100):
        records = await client.journal(after=newest, kind="system", limit=100)
        found = [r for r in records if r["event"] == "process.restarted"]
        if found:
            break
        await asyncio.sleep(0.1)
    assert found
    return found


def test_an_endless_loop_in_the_qt_thread_is_noticed(tmp_path: Path) -> None:
    life, mark = tmp_path / "station.life", tmp_path / "hung-once"
    command = (sys.executable, "-c", HANGING_STATION, str(life), str(mark))
    spec = ChildSpec(name="station", command=lambda reason: command, life=life)
    supervisor = Supervisor([spec], tmp_path)
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    try:
        wait_until(lambda: bool(supervisor.children[0].restarts))
        wait_until(life.exists)
    finally:
        supervisor.stop()
        thread.join(30)
    assert "no sign of life" in (tmp_path / "supervisor.jsonl").read_text(encoding="utf-8")


def test_a_runtime_of_a_demo_ends_when_its_supervisor_is_gone(tmp_path: Path) -> None:
    session = Session(plant=PLANT, data=tmp_path, simulator="waterworks", ports="auto", station=False)
    supervisor = Supervisor(session.specs(), tmp_path)
    try:
        supervisor.start_all()
        runtime = child(supervisor, "runtime")
        assert runtime._process is not None
        assert runtime._process.stdin is not None
        runtime._process.stdin.close()  # what the system does when the supervisor dies
        assert runtime._process.wait(20) == 0
        assert (tmp_path / "journal.sqlite").exists(), "what it recorded is kept"
    finally:
        supervisor.end_all()
