"""The journal: order, paging, group commit, the hash chain and what tampering leaves behind."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import apsw
import pytest
import pytest_asyncio

from hmi.core.errors import StorageError
from hmi.core.journal import Entry, Kind
from hmi.core.principal import DEMO_OPERATOR, SYSTEM
from hmi.journal import GENESIS, SqliteJournal, check_sqlite_version
from hmi.journal._reader import JournalReader
from hmi.testing.clock import ManualClock

GOLDEN = Path(__file__).parents[1] / "data" / "journal-schema-1.sqlite"


def make(path: Path, **stamp: Any) -> SqliteJournal:
    given = {"runtime_id": "rt", "run_id": "run1", "plant_revision": "rev1", "simulated": True, **stamp}
    return SqliteJournal(path, clock=ManualClock(), **given)


def note(number: int, kind: Kind = Kind.NOTE) -> Entry:
    return Entry(kind, "noted", DEMO_OPERATOR, "t_1", 5, {"n": number, "text": "Größe ↯", "list": [1, None]})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest_asyncio.fixture
async def journal(path: Path) -> AsyncIterator[SqliteJournal]:
    one = make(path)
    await one.open()
    yield one
    await one.close()


@pytest.mark.asyncio
async def test_a_record_carries_the_whole_envelope(journal: SqliteJournal) -> None:
    (record,) = await journal.append(note(1))
    assert (await journal.read()) == (record,)
    assert (record.seq, record.prev_hash, len(record.hash)) == (1, GENESIS, 64)
    assert (record.runtime_id, record.run_id, record.plant_revision) == ("rt", "run1", "rev1")
    assert (record.actor, record.station, record.simulated) == ("demo-operator", "local", True)


@pytest.mark.asyncio
async def test_a_record_names_the_revision_of_the_moment_it_was_appended_in(journal: SqliteJournal) -> None:
    before = asyncio.create_task(journal.append(note(1)))
    await asyncio.sleep(0)
    journal.begin_revision("rev2")
    (after,) = await journal.append(note(2))
    (old,) = await before
    assert (old.seq, old.plant_revision, old.run_id) == (1, "rev1", "run1")
    assert (after.seq, after.plant_revision, after.run_id) == (2, "rev2", "run1")
    assert await journal.verify() == ""


@pytest.mark.asyncio
async def test_concurrent_appends_keep_one_order_and_one_chain(journal: SqliteJournal) -> None:
    answers = await asyncio.gather(*(journal.append(note(n), note(-n)) for n in range(100)))
    assert sorted(r.seq for pair in answers for r in pair) == list(range(1, 201))
    assert all(pair[1].seq == pair[0].seq + 1 for pair in answers)
    assert await journal.verify() == ""


@pytest.mark.asyncio
async def test_pages_by_place_and_kind(journal: SqliteJournal) -> None:
    await journal.append(*(note(n, Kind.ALARM if n % 2 else Kind.AUDIT) for n in range(10)))
    assert [r.seq for r in await journal.read(after=3, limit=2)] == [4, 5]
    assert [r.seq for r in await journal.read(kind="alarm", after=4)] == [6, 8, 10]
    assert [r.seq for r in await journal.last(2, kind="audit")] == [7, 9]


@pytest.mark.asyncio
async def test_one_object_is_read_on_from_any_place(journal: SqliteJournal) -> None:
    kinds = (Kind.ALARM, Kind.AUDIT)
    await journal.append(*(Entry(kinds[n % 2], "e", SYSTEM, f"t_{n % 3}", 5, {}) for n in range(12)))
    assert [r.seq for r in await journal.read(object_id="t_1")] == [2, 5, 8, 11]
    assert [r.seq for r in await journal.read(object_id="t_1", after=2, limit=2)] == [5, 8]
    assert [r.seq for r in await journal.read(object_id="t_1", after=2, kind="audit")] == [8]
    assert [r.seq for r in await journal.last(2, object_id="t_1", kind="alarm")] == [5, 11]


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", ["", "alarm"])
async def test_an_index_serves_one_object_from_any_place(
    journal: SqliteJournal, path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, tuple[Any, ...]]] = []
    select = JournalReader.select
    monkeypatch.setattr(
        JournalReader, "select", lambda self, q, a: (asked.append((q, a)), select(self, q, a))[1]
    )
    await journal.read(after=3, object_id="t_1", kind=kind)
    await journal.last(3, object_id="t_1", kind=kind)
    with apsw.Connection(str(path)) as database:
        plans = [[r[3] for r in database.execute(f"explain query plan {q}", a)] for q, a in asked]
    assert plans == [
        ["SEARCH journal USING INDEX journal_by_object (object_id=? AND seq>?)"],
        ["SEARCH journal USING INDEX journal_by_object (object_id=?)"],
    ]


@pytest.mark.asyncio
async def test_the_chain_goes_on_over_a_restart(journal: SqliteJournal, path: Path) -> None:
    await journal.append(note(1))
    await journal.close()
    again = make(path, run_id="run2")
    await again.open()
    (record,) = await again.append(note(2))
    assert (record.seq, record.run_id) == (2, "run2")
    assert await again.verify() == ""
    await again.close()


EDITS = [
    ("update journal set payload = replace(payload, '3', '4') where seq = 3", "record 3 was changed"),
    ("update journal set actor = 'nobody' where seq = 2", "record 2 was changed"),
    ("update journal set event_time = event_time + 1 where seq = 4", "record 4 was changed"),
    ("delete from journal where seq = 3", "record 3 is missing"),
    ("delete from journal where seq = 1", "record 1 is missing"),
    ("delete from journal where seq = 5", "record 5 is missing"),
    (
        "update journal set seq = 99 where seq = 2; update journal set seq = 2 where seq = 3;"
        "update journal set seq = 3 where seq = 99",
        "record 2 does not follow",
    ),
]


@pytest.mark.asyncio
@pytest.mark.parametrize(("sql", "sentence"), EDITS)
async def test_AL_19_tampering_is_found_and_named(
    journal: SqliteJournal, path: Path, sql: str, sentence: str
) -> None:
    await journal.append(*(note(n) for n in range(1, 6)))
    await journal.close()
    database = apsw.Connection(str(path))
    database.execute(sql)
    database.close()
    again = make(path)
    await again.open()
    assert (await again.verify()).startswith(sentence)
    await again.append(note(6))
    assert (await again.verify()).startswith(sentence)
    await again.close()


@pytest.mark.asyncio
async def test_an_entry_that_is_not_json_fails_alone(journal: SqliteJournal) -> None:
    wrong = Entry(Kind.NOTE, "wrong", SYSTEM, payload={"x": object()})
    endless = Entry(Kind.NOTE, "endless", SYSTEM, payload={"x": float("nan")})
    ring: list[object] = []
    ring.append(ring)
    round_about = Entry(Kind.NOTE, "round about", SYSTEM, payload={"x": ring})
    answers = await asyncio.gather(
        journal.append(note(1)), journal.append(wrong), journal.append(endless), journal.append(round_about),
        journal.append(note(2)), return_exceptions=True,
    )  # fmt: skip
    assert [isinstance(a, StorageError) for a in answers] == [False, True, True, True, False]
    assert len(await journal.read()) == 2


@pytest.mark.asyncio
async def test_a_full_disk_is_a_storage_error_and_the_journal_recovers(journal: SqliteJournal) -> None:
    await journal.append(note(1))
    database = journal._connection()
    pages = int(database.pragma("page_count"))
    database.pragma("max_page_count", pages)
    big = Entry(Kind.NOTE, "big", SYSTEM, payload={"x": "y" * 200_000})
    with pytest.raises(StorageError, match=str(journal._path)):
        await journal.append(big)
    assert len(await journal.read()) == 1
    database.pragma("max_page_count", pages + 1_000)
    (record,) = await journal.append(big)
    assert record.seq == 2
    assert await journal.verify() == ""


@pytest.mark.asyncio
async def test_a_closed_journal_says_so(path: Path) -> None:
    closed = make(path)
    await closed.open()
    await closed.close()
    with pytest.raises(StorageError):
        await closed.append(note(1))


@pytest.mark.asyncio
async def test_a_file_of_a_newer_version_is_refused(journal: SqliteJournal, path: Path) -> None:
    await journal.close()
    database = apsw.Connection(str(path))
    database.pragma("user_version", 99)
    database.close()
    with pytest.raises(StorageError, match="newer"):
        await make(path).open()


@pytest.mark.parametrize(
    ("version", "safe"), [("3.51.2", False), ("3.40.1", False), ("3.51.3", True), ("4.0.0", True)]
)
def test_libraries_that_lose_commits_are_refused(version: str, safe: bool) -> None:
    if safe:
        check_sqlite_version(version)
    else:
        with pytest.raises(StorageError, match=version.replace(".", r"\.")):
            check_sqlite_version(version)


@pytest.mark.asyncio
async def test_commits_are_synced_to_the_disk(journal: SqliteJournal) -> None:
    database = journal._connection()
    assert (database.pragma("journal_mode"), database.pragma("synchronous")) == ("wal", 2)


@pytest.mark.asyncio
async def test_a_journal_of_schema_version_1_opens_for_ever(tmp_path: Path) -> None:
    copy = tmp_path / "journal.sqlite"
    shutil.copyfile(GOLDEN, copy)
    old = make(copy)
    await old.open()
    assert await old.verify() == ""
    records = await old.read()
    assert [(r.seq, r.kind, r.event) for r in records] == [
        (1, Kind.SYSTEM, "runtime.started"),
        (2, Kind.ALARM, "ALM"),
        (3, Kind.AUDIT, "command.requested"),
    ]
    assert records[1].payload == {"message": "Level high", "value": 91.5}
    await old.append(note(4))
    assert await old.verify() == ""
    await old.close()
