"""AL-08: a shelf of 15 minutes survives the kill of the process at minute 5 and ends at minute 15 (standards 1.8)."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from alarm_bench import Bench, alarm

from hmi.core.alarms import AlarmEvent, AlarmState
from hmi.core.clock import NS_PER_S
from hmi.core.journal import Kind
from hmi.core.principal import DEMO_OPERATOR
from hmi.journal import SqliteJournal
from hmi.testing.clock import START_NS, ManualClock

ID = "a_a/x.high"
SHELF_S, KILLED_S = 900, 300
STAMP = {"runtime_id": "rt", "plant_revision": "r1", "simulated": True}
# the process that dies: it shelves through the service, durably, and then does what a runtime does
KILLED = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_shelf_kill import shelve_and_live
asyncio.run(shelve_and_live(Path(sys.argv[1])))
"""


def journal_of(path: Path, clock: ManualClock, run: str) -> SqliteJournal:
    return SqliteJournal(path, clock=clock, run_id=run, **STAMP)  # type: ignore[arg-type]


async def shelve_and_live(path: Path) -> None:
    """Minute 0: raised and shelved. Minute 5: still at work, and told so."""
    from hmi.alarms import AlarmChange, AlarmService

    bench = Bench([alarm()])
    journal = journal_of(path, bench.clock, "first")
    await journal.open()
    service = AlarmService(journal, lambda changes, stored: None)
    await service.handle(bench.put(11.0))
    change = bench.alarms.shelve(
        ID, bench.clock.now_ns(), seconds=SHELF_S, principal=DEMO_OPERATOR, comment="loose wire"
    )
    assert isinstance(change, AlarmChange)
    await service.handle([change])
    await service.handle(bench.wait(KILLED_S))
    sys.stdout.write("alive\n")
    sys.stdout.flush()
    sys.stdin.read()


@pytest.mark.asyncio
async def test_AL_08_a_shelf_survives_the_kill_of_its_process_and_ends_on_time(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    here = str(Path(__file__).parent)
    tests = str(Path(__file__).parents[1])
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {tests!r})\n{KILLED}", str(path), here]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "alive\n"
        process.kill()
        assert process.wait() == -signal.SIGKILL

    bench = Bench([alarm()])
    bench.clock.advance(KILLED_S + 20)
    journal = journal_of(path, bench.clock, "second")
    await journal.open()
    bench.alarms.restore(await journal.newest_of_each(Kind.ALARM.value))
    await journal.close()
    assert bench.row(ID).state is AlarmState.SHLVD
    assert bench.row(ID).shelve_until == START_NS + SHELF_S * NS_PER_S
    assert bench.put(11.0) == []
    assert bench.wait(SHELF_S - KILLED_S - 21) == [], "minute 14:59"
    changes = bench.wait(2)
    assert [change.event for change in changes] == [AlarmEvent.UNSHELVE, AlarmEvent.ALM]
    assert changes[0].event_time == START_NS + SHELF_S * NS_PER_S
    assert changes[1].annunciate
