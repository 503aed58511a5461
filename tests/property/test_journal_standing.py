"""What stood at an instant is what a plain look at every record says, wherever the notes of it begin and end."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hmi.core.alarms import STATELESS
from hmi.core.journal import Entry, JournalRecord, Kind
from hmi.core.principal import SYSTEM
from hmi.journal import SqliteJournal, _standing
from hmi.journal._standing import StandingWriter, standing_at, standing_plainly
from hmi.testing.clock import ManualClock

EVERY = 4
ALARMS = ("a1", "a2", "a3", "ua:plc/x")
EVENTS = ("ALM", "RTN", "ACK", "SHELVE", "REMOVED", *STATELESS)
STATES = ("NORM", "UNACK", "ACKED", "RTNUN", "SHLVD", "DSUPR")
HOLDS = ("tagged:t1", "bypassed:t2", "controlled:area")

alarms = st.builds(
    lambda event, item, payload: Entry(Kind.ALARM, event, SYSTEM, item, 1, payload),
    st.sampled_from(EVENTS), st.sampled_from(ALARMS),
    st.fixed_dictionaries({}, optional={"after": st.sampled_from(STATES), "message": st.just("x")}),
)  # fmt: skip
holds = st.builds(
    lambda event, item, kept: Entry(Kind.AUDIT, event, SYSTEM, item, 1, {"kept": kept} if kept is not None else {}),
    st.sampled_from(("hold.placed", "hold.removed", "hold.refused", "hold.expired", "command.confirmed")),
    st.sampled_from(HOLDS), st.sampled_from((None, [], [{"id": "h1"}])),
)  # fmt: skip
others = st.builds(
    lambda event: Entry(Kind.SYSTEM, event, SYSTEM, "p", 1, {}), st.sampled_from(("noted", "x"))
)
entries = st.lists(st.one_of(alarms, alarms, holds, others), min_size=1, max_size=40)


def make(path: Path) -> SqliteJournal:
    return SqliteJournal(
        path, clock=ManualClock(), runtime_id="rt", run_id="r", plant_revision="v", simulated=True
    )


def plain_look(records: Sequence[JournalRecord], seq: int) -> tuple[list[JournalRecord], list[JournalRecord]]:
    """All records one after the other; the last one of each thing counts."""
    alarms, holds = dict[str, JournalRecord](), dict[str, JournalRecord]()
    for record in records[:seq]:
        if record.kind is Kind.ALARM and record.event not in STATELESS:
            alarms[record.object_id] = record
        if record.kind is Kind.AUDIT and record.event.startswith("hold.") and record.event != "hold.refused":
            holds[record.object_id] = record
    standing = [one for one in alarms.values() if one.payload.get("after", "NORM") != "NORM"]
    held = [one for one in holds.values() if one.payload.get("kept")]
    return sorted(standing, key=lambda one: one.seq), sorted(held, key=lambda one: one.seq)


async def appended(path: Path, some: Sequence[Entry]) -> tuple[JournalRecord, ...]:
    journal = make(path)
    await journal.open()
    try:
        for entry in some:
            await journal.append(entry)
        return await journal.read(limit=10_000)
    finally:
        await journal.close()


def notes_of(path: Path, every: int, *, without: Sequence[int] = ()) -> apsw.Connection:
    """The file with notes every so many records, made by several writers, some of them missing."""
    database = apsw.Connection(str(path))
    database.execute("delete from standing")
    (head,) = database.execute("select max(seq) from journal").fetchone() or (0,)
    while StandingWriter(database).step(
        int(head)
    ):  # another writer each time: a restart between any two notes
        pass
    for seq in without:
        database.execute("delete from standing where seq = ?", (seq * every,))
    return database


@pytest.fixture(autouse=True)
def _near(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    monkeypatch.setattr(_standing, "EVERY", EVERY)
    monkeypatch.setattr(_standing, "FAR", 2 * EVERY)


@settings(max_examples=60, deadline=None)
@given(entries, st.lists(st.integers(1, 9), max_size=4))
def test_what_stood_is_what_a_plain_look_finds(some: list[Entry], without: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.sqlite"
        records = asyncio.run(appended(path, some))
        with notes_of(path, EVERY, without=without) as database:
            for seq in range(len(records) + 1):
                found = standing_at(database, seq)
                assert (list(found.alarms), list(found.holds)) == plain_look(records, seq)
                assert found == standing_plainly(database, seq)
        database.close()


def test_a_damaged_note_is_not_believed_and_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    some = [Entry(Kind.ALARM, "ALM", SYSTEM, f"a{n}", 1, {"after": "UNACK"}) for n in range(4 * EVERY)]
    records = asyncio.run(appended(path, some))
    for damage in (b"", b"nothing", b"\0" * 40):
        with notes_of(path, EVERY) as database:
            database.execute("update standing set numbers = ?", (damage,))
            found = standing_at(database, len(records))
            assert list(found.alarms) == plain_look(records, len(records))[0]
            writer = StandingWriter(database)
            while writer.step(len(records)):
                pass
            made = [
                (int(seq), numbers)
                for seq, numbers in database.execute("select * from standing order by seq")
            ]
            assert [seq for seq, _ in made] == [EVERY, 2 * EVERY, 3 * EVERY, 4 * EVERY]
            assert damage not in [numbers for _, numbers in made]
            assert standing_at(database, len(records)) == found
        database.close()


@pytest.mark.asyncio
async def test_notes_are_made_while_records_come_and_for_a_file_without_them(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    some = [
        Entry(Kind.ALARM, "ALM", SYSTEM, f"a{n % 3}", 1, {"after": "UNACK"}) for n in range(5 * EVERY + 1)
    ]
    records = await appended(path, some)
    with apsw.Connection(str(path)) as database:
        database.execute("drop table standing")  # as an older program left the file
        assert standing_at(database, len(records)) == standing_plainly(database, len(records))
    journal = make(path)
    await journal.open()
    try:
        await noted(path, 5 * EVERY)
        await journal.append(*some)
        await noted(path, 10 * EVERY)
    finally:
        await journal.close()


async def noted(path: Path, seq: int) -> None:
    database = apsw.Connection(str(path))
    async with asyncio.timeout(30):
        while database.execute("select max(seq) from standing").fetchone() != (seq,):
            await asyncio.sleep(0.01)
    database.close()


_WRITER = """
import asyncio, sys
from pathlib import Path
from hmi.core.journal import Entry, Kind
from hmi.core.principal import SYSTEM
from hmi.journal import SqliteJournal, _standing
from hmi.testing.clock import ManualClock
_standing.EVERY = 4
async def main():
    journal = SqliteJournal(Path(sys.argv[1]), clock=ManualClock(), runtime_id="rt", run_id="r",
                            plant_revision="v", simulated=True)
    await journal.open()
    number = 0
    while True:
        number += 1
        after = ("UNACK", "ACKED", "NORM")[number % 3]
        await journal.append(Entry(Kind.ALARM, "ALM", SYSTEM, f"a{number * 7 % 11}", 1, {"after": after}))
        print(number, flush=True)
asyncio.run(main())
"""


def test_a_kill_leaves_notes_that_hold(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    for _ in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= 50:
                break
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        same_as_plain(path)
    assert_noted(path)


def same_as_plain(path: Path) -> None:
    records = asyncio.run(appended(path, []))
    with apsw.Connection(str(path)) as database:
        for seq in range(len(records) + 1):
            assert list(standing_at(database, seq).alarms) == plain_look(records, seq)[0]


def assert_noted(path: Path) -> None:
    with apsw.Connection(str(path)) as database:
        (notes,) = database.execute("select count(*) from standing").fetchone() or (0,)
        assert int(notes) > 10
