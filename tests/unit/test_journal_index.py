"""The index of the journal: streams, words, files of the first version, and readers beside the writer."""

from __future__ import annotations

import asyncio
import shutil
import threading
from pathlib import Path

import apsw
import pytest

from hmi.client.alarms import STREAMS, JournalQuery
from hmi.core.alarms import STATELESS, Priority
from hmi.core.errors import StorageError
from hmi.core.journal import Entry, Kind
from hmi.core.principal import DEMO_OPERATOR, SYSTEM
from hmi.journal import JournalReader, SqliteJournal, _catch_up, _sqlite, stream_of
from hmi.journal._rows import AT_ONCE
from hmi.journal._subject import subject_of, words_of
from hmi.testing.clock import ManualClock

DATA = Path(__file__).parents[1] / "data"
GOLDEN = {1: DATA / "journal-schema-1.sqlite", 2: DATA / "journal-schema-2.sqlite"}
INDEX = ("subjects", "subject_words", "place", "spans", "catch_up")


def make(path: Path) -> SqliteJournal:
    return SqliteJournal(
        path, clock=ManualClock(), runtime_id="rt", run_id="r", plant_revision="v", simulated=True
    )


def alarm(number: int, event: str = "ALM") -> Entry:
    payload = {"message": f"Pump {number} hot", "priority": 1, "area": "a"}
    return Entry(Kind.ALARM, event, SYSTEM, f"a_{number}", 10 + number, payload)


async def version_1(path: Path, count: int) -> None:
    """A file as the first version wrote it: without an index."""
    journal = make(path)
    await journal.open()
    await journal.append(*(alarm(n) for n in range(count)))
    await journal.close()
    with apsw.Connection(str(path)) as database:
        for table in INDEX:
            database.execute(f"drop table {table}")
        database.pragma("user_version", 1)


async def numbers(journal: SqliteJournal, **query: object) -> list[int]:
    records, _ = await journal.search(JournalQuery(**query))  # type: ignore[arg-type]
    return [record.seq for record in records]


async def caught_up(journal: SqliteJournal) -> None:
    async with asyncio.timeout(30):
        while await journal.indexed_from():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("kind", "event", "priority", "stream"),
    [(Kind.ALARM, "ALM", 1, "alarm"), (Kind.ALARM, "RTN", 3, "alarm"), (Kind.ALARM, "ALM", 4, "diagnostic"),
     (Kind.ALARM, "ALM", 5, "event"), (Kind.ALARM, "REFUSED", 0, "alarm"), (Kind.ALARM, "PROMPT", 2, "prompt"),
     (Kind.SYSTEM, "prompt.shelf_ends", 0, "prompt"), (Kind.AUDIT, "command.confirmed", 0, "command"),
     (Kind.NOTE, "note", 0, "note"), (Kind.NOTE, "prompt.answer", 0, "note"),
     (Kind.SYSTEM, "runtime.started", 0, "diagnostic"),
     (Kind.SYSTEM, "alarms.not_stored", 0, "diagnostic"), (Kind.SYSTEM, "plant.applied", 0, "event"),
     (Kind.SYSTEM, "simulator.speed", 0, "event"), (Kind.SYSTEM, "prompting", 0, "diagnostic")],
)  # fmt: skip
def test_AL_streams_each_record_belongs_to_one_list(
    kind: Kind, event: str, priority: int, stream: str
) -> None:
    assert stream_of(kind, event, priority) == stream


def test_AL_streams_are_the_ones_that_stations_know() -> None:
    found = {stream_of(k, e, p) for k in Kind for e in ("ALM", "prompt", "plant.x") for p in (0, *Priority)}
    assert found == set(STREAMS)


@pytest.mark.parametrize(
    ("text", "words"),
    [("P-101A.speed", ["p", "101a", "speed"]), ("out_of_service", ["out", "of", "service"]), ("Größe", ["grosse"]),
     ("ÇA va?", ["ca", "va"]), ("Σίσυφος", ["σισυφοσ"]), ("ﬁlter №5", ["filter", "no5"]), ("-;'\"*", []), ("", []),
     ("x" * 70, ["x" * 64])],
)  # fmt: skip
def test_words_are_without_case_accents_and_signs(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_a_subject_leaves_out_what_differs_in_every_record() -> None:
    payloads = [{"message": "hot", "value": n, "occurrence_id": f"o{n}", "alarm_time": n} for n in range(3)]
    assert len({subject_of(Kind.ALARM, "ALM", "system", "s", "a_1", p).key() for p in payloads}) == 1
    other = subject_of(Kind.ALARM, "ALM", "system", "s", "a_1", {"message": "hot", "area": "b"})
    assert other.key() != subject_of(Kind.ALARM, "ALM", "system", "s", "a_1", payloads[0]).key()


@pytest.mark.asyncio
@pytest.mark.parametrize("version", GOLDEN)
async def test_a_journal_of_every_schema_version_opens_and_is_searched(tmp_path: Path, version: int) -> None:
    path = tmp_path / "journal.sqlite"
    shutil.copyfile(GOLDEN[version], path)
    journal = make(path)
    await journal.open()
    await caught_up(journal)
    assert await journal.verify() == ""
    assert await numbers(journal, text="lev hi") == [2]
    assert await numbers(journal, stream="command") == [3]
    await journal.append(Entry(Kind.NOTE, "note", DEMO_OPERATOR, "t", 5, {"text": "level read"}))
    assert await numbers(journal, text="level") == [4, 2]
    await journal.close()


@pytest.mark.asyncio
async def test_an_old_file_is_taken_in_newest_first_while_records_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal.sqlite"
    await version_1(path, 500)
    go_on, batches = threading.Event(), 0

    def slow(database: apsw.Connection, index: object) -> bool:
        nonlocal batches
        batches += 1
        if batches == 3:
            assert go_on.wait(20)
        return _catch_up.catch_up(database, index)  # type: ignore[arg-type]

    monkeypatch.setattr(_catch_up, "BATCH", 100)
    monkeypatch.setattr(_sqlite, "catch_up", slow)
    journal = make(path)
    await journal.open()
    async with asyncio.timeout(20):
        while batches < 3:
            await asyncio.sleep(0.01)
    appending = asyncio.create_task(journal.append(alarm(7_777)))
    assert await journal.indexed_from() == 301
    assert await numbers(journal, text="pump", limit=2) == [500, 499]
    go_on.set()
    await appending
    await caught_up(journal)
    assert await numbers(journal, text="7777") == [501]
    assert await numbers(journal, object_id="a_0") == [1]
    assert len(await numbers(journal, text="pump", limit=1_000)) == 501
    await journal.close()


@pytest.mark.asyncio
async def test_taking_in_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "journal.sqlite"
    await version_1(path, 300)
    monkeypatch.setattr(_catch_up, "BATCH", 50)
    first = make(path)
    await first.open()
    async with asyncio.timeout(20):
        while await first.indexed_from() not in range(1, 300):
            await asyncio.sleep(0)
    await first.close()
    with apsw.Connection(str(path)) as database:
        assert 1 < int(database.execute("select below from catch_up").get) < 300
    again = make(path)
    await again.open()
    await again.append(alarm(5))
    await caught_up(again)
    assert len(await numbers(again, text="pump", limit=1_000)) == 301
    assert await numbers(again, object_id="a_5") == [301, 6]
    await again.close()


@pytest.mark.asyncio
async def test_states_are_restored_from_an_index_and_from_what_is_not_in_it_yet(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    journal = make(path)
    await journal.open()
    await journal.append(
        alarm(1), alarm(2), alarm(1, "RTN"), alarm(2, "REFUSED"), alarm(3), alarm(3, "SILENCE")
    )

    async def newest(one: SqliteJournal) -> list[tuple[str, str]]:
        records = await one.newest_of_each("alarm", without=STATELESS)
        return [(record.object_id, record.event) for record in records]

    wanted = [("a_2", "ALM"), ("a_1", "RTN"), ("a_3", "ALM")]
    assert await newest(journal) == wanted
    assert [r.event for r in await journal.newest_of_each("alarm")] == ["RTN", "REFUSED", "SILENCE"]
    await journal.close()
    with apsw.Connection(str(path)) as database:
        database.execute("delete from place where seq < 4; update catch_up set below = 4; delete from spans")
    reader = JournalReader(path)
    assert [(r.object_id, r.event) for r in reader.newest_of_each("alarm", STATELESS)] == wanted
    reader.close()


@pytest.mark.asyncio
async def test_a_search_holds_up_no_record_and_can_be_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = make(tmp_path / "journal.sqlite")
    await journal.open()
    await journal.append(alarm(1))
    endless = "with recursive n (i) as (select 1 union all select i + 1 from n) select count(*) from n"
    monkeypatch.setattr(JournalReader, "search", lambda self, query: list(self._database.execute(endless)))
    searches = [asyncio.create_task(journal.search(JournalQuery())) for _ in range(4)]
    await asyncio.sleep(0)
    for number in range(20):
        await asyncio.wait_for(journal.append(alarm(number)), 10)
    for search in searches:
        search.cancel()
    results = await asyncio.wait_for(asyncio.gather(*searches, return_exceptions=True), 10)
    assert all(isinstance(result, asyncio.CancelledError) for result in results)
    monkeypatch.undo()
    assert len(await numbers(journal)) == 21
    await journal.close()
    with pytest.raises(StorageError):
        await numbers(journal)


def test_a_subject_has_the_key_under_which_files_hold_it(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    shutil.copy(GOLDEN[2], path)
    with apsw.Connection(str(path)) as database:
        held = {key for (key,) in database.execute("select key from subjects")}
        below = (1 << 62, 10_000)
        keys = {_catch_up._placed(row)[2].key() for row in database.execute(_catch_up._ROWS, below)}
    assert held
    assert keys == held


@pytest.mark.asyncio
@pytest.mark.parametrize("count", [1, AT_ONCE - 1, AT_ONCE, AT_ONCE + 1, 5 * AT_ONCE + 7])
async def test_every_record_of_a_commit_of_any_size_is_kept_and_found(tmp_path: Path, count: int) -> None:
    journal = make(tmp_path / "journal.sqlite")
    await journal.open()
    records = await journal.append(*(alarm(n) for n in range(count)))
    again = await journal.append(*(alarm(n) for n in range(count)))
    assert await journal.read(limit=10_000) == (*records, *again)
    assert await journal.verify() == ""
    assert await numbers(journal, text="pump", limit=10_000) == [*range(2 * count, 0, -1)]
    assert await numbers(journal, text=f"{count - 1}", event="ALM") == [2 * count, count]
    (subjects,) = journal._connection().execute("select count(*) from subjects").fetchone() or (0,)
    assert subjects == count
    await journal.close()


@pytest.mark.asyncio
async def test_a_commit_that_fails_leaves_nothing_of_its_subjects(tmp_path: Path) -> None:
    journal = make(tmp_path / "journal.sqlite")
    await journal.open()
    await journal.append(alarm(1))
    database = journal._connection()
    pages = int(database.pragma("page_count"))
    database.pragma("max_page_count", pages)
    with pytest.raises(StorageError):
        await journal.append(*(alarm(n) for n in range(2, 2_000)))
    database.pragma("max_page_count", 1_000_000)
    await journal.append(*(alarm(n) for n in range(1_000, 1_010)))
    assert await numbers(journal, text="pump") == [*range(11, 0, -1)]
    assert await numbers(journal, text="1005") == [7]
    assert await journal.verify() == ""
    await journal.close()
