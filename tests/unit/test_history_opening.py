"""What is asked for while the archive of a run is being opened has its past all the same."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from hmi.core.clock import NS_PER_S
from hmi.core.errors import StorageError
from hmi.core.history import HistoryPage, ReadRaw
from hmi.core.values import DataValue
from hmi.historian import History, Opened
from hmi.historian._run import Run
from hmi.runtime._history_reads import Reads
from hmi.stores.sqlite import open_archive
from hmi.testing.clock import ManualClock
from hmi.testing.plant import make_plant, make_tag

BEGIN = 1_700_000_000 * NS_PER_S
PLANT = make_plant([make_tag("area/level", history=True)])


@pytest.fixture
def past(tmp_path: Path) -> Path:
    """An archive with one value of a run that has ended."""
    clock = ManualClock(BEGIN)
    history = History(PLANT, clock=clock, run_id="run", opener=lambda run: Opened(open_archive(tmp_path)))
    history.start()
    history.wait_for_archive()
    history.append([(PLANT.tags[0].handle, DataValue(4.5, 0, BEGIN, BEGIN))], now=BEGIN)
    history.sync()
    history.close()
    return tmp_path


def asked(history: History) -> HistoryPage:
    return history.read_raw(ReadRaw(PLANT.tags[0].id, BEGIN, BEGIN + NS_PER_S, 10))


@pytest.mark.asyncio
async def test_a_curve_waits_for_the_archive_instead_of_lacking_its_past(past: Path) -> None:
    opens = threading.Event()

    def opener(run: str) -> Opened:
        opens.wait(30)
        return Opened(open_archive(past))

    history = History(PLANT, clock=ManualClock(BEGIN + 60 * NS_PER_S), run_id="run", opener=opener)
    history.start()
    reads = Reads(history.wait_for_archive)
    reading = asyncio.create_task(reads.run(lambda stop: asked(history)))
    done, _ = await asyncio.wait([reading], timeout=0.2)
    assert not done
    opens.set()
    page = await reading
    history.close()
    assert page.samples[0].value == 4.5


@pytest.mark.asyncio
async def test_an_archive_that_cannot_be_opened_holds_up_no_read() -> None:
    def opener(run: str) -> Opened:
        raise StorageError("the disk is gone")

    history = History(PLANT, run_id="run", opener=opener)
    history.start()
    page = await Reads(history.wait_for_archive).run(lambda stop: asked(history))
    assert (page.samples, history.problem) == ((), "the disk is gone")
    history.close()


def test_a_disk_that_hangs_holds_up_the_first_reads_and_no_later_ones() -> None:
    lets_go = threading.Event()

    def opener(run: str) -> Opened:
        lets_go.wait(60)
        raise StorageError("the disk is gone")

    run = Run(PLANT, run_id="run", clock=ManualClock(BEGIN), simulated=False, opener=opener)
    run.start()
    run.wait_for_archive(0.05)
    run.wait_for_archive(3_600)
    assert run.archive is None
    lets_go.set()
    run.end()
    run.join(10)


def test_nothing_waits_where_nothing_opens_an_archive() -> None:
    history = History(PLANT, run_id="run")
    history.start()
    history.wait_for_archive()
    assert history.archive is None
