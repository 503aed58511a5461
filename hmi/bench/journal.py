"""Measures the search of the journal, the slowest kind of page against a plain scan of the same file, and how fast it
tells which alarms stood at an instant.

``WATCHKEEPER_BENCH_ROWS`` sets how many records the file holds (the full size is 10,000,000 and takes a while
to write); ``WATCHKEEPER_BENCH_JOURNAL`` names a file to keep and use again.
"""

from __future__ import annotations

import asyncio
import os
import random
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

import apsw

from hmi.bench._journal_past import StepClock, past_figures
from hmi.bench.figure import Figure
from hmi.client.alarms import JournalQuery
from hmi.core.clock import NS_PER_S
from hmi.core.journal import Entry, Kind
from hmi.core.principal import Principal
from hmi.journal import SqliteJournal

ROWS = 200_000
BATCH = 5_000
MOST_ALARMS = 100_000
REPEATS = 5
STANDS_ONE_IN = 30
GOAL_MS = 300.0
MS = 1000.0
THINGS = ("pump", "valve", "tank", "filter", "blower")
TROUBLES = ("level high", "level low", "flow low", "pressure high", "does not follow", "winding hot")
USERS = ("anna", "bob", "carol", "dave", "erin")
RARE = "Gasket of the quokka pump replaced"
STEP_NS = NS_PER_S // 4


class Page(NamedTuple):
    """Milliseconds of a page: as a person waits for it, and of processor time."""

    wall: float
    cpu: float


class Measured(NamedTuple):
    """Pages by kind of query, and milliseconds of a scan for the rarest word."""

    pages: dict[str, Page]
    scan_ms: float
    rows: int
    written_per_s: float
    past: list[Figure]


def run() -> list[Figure]:
    """Wall time of a page, thread hops included; each query ``REPEATS`` times, the median counts."""
    rows = int(os.environ.get("WATCHKEEPER_BENCH_ROWS", ROWS))
    kept = os.environ.get("WATCHKEEPER_BENCH_JOURNAL", "")
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(_measured(Path(kept or Path(folder) / "journal.sqlite"), rows))
    slowest = max(found.pages, key=lambda name: found.pages[name])
    most_cpu = max(found.pages.values(), key=lambda page: page.cpu).cpu
    size = f"{found.rows:,} records"
    figures = [
        Figure("journal.search_page_ms", found.pages[slowest].wall, "ms",
               against=f"{size}, slowest of {len(found.pages)} kinds of query: {slowest}",
               goal=f"< {GOAL_MS:g}", passed=found.pages[slowest].wall < GOAL_MS),
        Figure("journal.search_page_cpu_ms", most_cpu, "ms", against="processor time of the dearest kind of query"),
        Figure("journal.search_vs_like", found.scan_ms / found.pages["rare word"].wall, "x",
               against=f"LIKE for the same rare word in the same file, {found.scan_ms:.0f} ms"),
    ]  # fmt: skip
    if found.written_per_s:
        figures.append(
            Figure("journal.append_per_s", found.written_per_s, "1/s", against="synced, in batches")
        )
    figures += found.past
    if os.environ.get("WATCHKEEPER_BENCH_ALL"):
        figures += [
            Figure(f"journal.page_ms.{name}", page.wall, "ms", f"cpu {page.cpu:.0f} ms")
            for name, page in found.pages.items()
        ]
    return figures


async def _measured(path: Path, rows: int) -> Measured:
    clock = StepClock(STEP_NS)
    journal = SqliteJournal(
        path, clock=clock, runtime_id="bench", run_id="bench", plant_revision="bench", simulated=True
    )
    await journal.open()
    try:
        begun, have = time.perf_counter(), len(await journal.last(1)) and (await journal.last(1))[0].seq
        clock.jump(have * STEP_NS)
        await _fill(journal, have, rows)
        seconds = time.perf_counter() - begun
        pages = {name: await _page(journal, query) for name, query in _queries(max(rows, have)).items()}
        past = await past_figures(journal, max(rows, have), STEP_NS)
        per_s = (rows - have) / seconds if rows > have else 0.0
        return Measured(pages, _scan_ms(path), max(rows, have), per_s, past)
    finally:
        await journal.close()


async def _fill(journal: SqliteJournal, have: int, rows: int) -> None:
    chance = random.Random(have)
    alarms = min(max(rows // 20, 100), MOST_ALARMS)
    for first in range(have, rows, BATCH):
        await journal.append(
            *(_entry(n, rows, alarms, chance) for n in range(first, min(first + BATCH, rows)))
        )


def _entry(number: int, rows: int, alarms: int, chance: random.Random) -> Entry:
    """Mostly alarms, some of them far more often than others; commands, notes and messages between them."""
    at, user = (number + 1) * STEP_NS, Principal(chance.choice(USERS), "S1", "s")
    if number == rows // 20:
        return Entry(Kind.NOTE, "note", user, "t_1", at, {"text": RARE, "area": "area1", "name": "area1/p1"})
    draw = chance.random()
    if draw < 0.001:
        return Entry(Kind.NOTE, "note", user, f"t_{number % alarms}", at, {"text": f"Seen on round {number}"})
    item = int(alarms * chance.random() ** 3)
    area, thing = f"area{item % 40}/unit{item % 400}", THINGS[item % len(THINGS)]
    tag = f"{area}/{thing}{item}"
    if draw < 0.05:
        payload = {"tag": tag, "area": area, "new": draw, "reason": ""}
        return Entry(Kind.AUDIT, "command.confirmed", user, f"t_{item}", at, payload)
    event = ("ALM", "RTN", "ACK")[number % 3]
    payload = {
        "occurrence_id": f"{number:032x}", "tag_id": f"t_{item}", "tag": tag, "name": "high", "area": area,
        "message": f"{thing.capitalize()} {item}: {TROUBLES[item % len(TROUBLES)]}", "before": "NORM",
        "after": "NORM" if number % STANDS_ONE_IN else "UNACK", "priority": 1 + item % 5, "value": draw, "limit": 90.0,
        "unit": "%", "comment": "",
    }  # fmt: skip
    return Entry(Kind.ALARM, event, user if event == "ACK" else Principal("system", "runtime", ""), f"a_{item}", at,
                 payload)  # fmt: skip


def _queries(rows: int) -> dict[str, JournalQuery]:
    middle = rows // 2 * STEP_NS
    return {
        "newest": JournalQuery(),
        "frequent word": JournalQuery(text="pump"),
        "rare word": JournalQuery(text="quokka"),
        "rare and frequent words": JournalQuery(text="pump quokka"),
        "words that never meet": JournalQuery(text="pump valve"),
        "no such word": JournalQuery(text="zebra"),
        "one letter": JournalQuery(text="p"),
        "many rare words": JournalQuery(text="pump9"),
        "frequent word of one user": JournalQuery(text="erin tank"),
        "stream": JournalQuery(stream="note"),
        "area, priority and event": JournalQuery(area="area7", priorities=(2, 3), event="ACK"),
        "area and word": JournalQuery(area="area3/unit43", text="level"),
        "object": JournalQuery(object_id=f"a_{min(rows // 20, MOST_ALARMS) - 2}"),
        "time": JournalQuery(start=middle, end=middle + 3600 * NS_PER_S),
        "time and frequent word": JournalQuery(text="valve low", start=middle, end=middle + 600 * NS_PER_S),
        "time and rare word": JournalQuery(text="quokka", start=NS_PER_S, end=middle),
        "time without the word": JournalQuery(text="quokka", start=middle),
        "page in the middle": JournalQuery(text="pump", before=rows // 2),
        "last page": JournalQuery(text="blower hot", before=rows // 50),
    }


async def _page(journal: SqliteJournal, query: JournalQuery) -> Page:
    times: list[Page] = []
    for _ in range(REPEATS):
        begun, cpu = time.perf_counter(), time.process_time()
        await journal.search(query)
        times.append(Page((time.perf_counter() - begun) * MS, (time.process_time() - cpu) * MS))
    return Page(median(one.wall for one in times), median(one.cpu for one in times))


def _scan_ms(path: Path) -> float:
    database = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    begun = time.perf_counter()
    found = database.execute(
        "select * from journal where payload like '%quokka%' order by seq desc limit 200"
    ).fetchall()
    assert len(found) == 1
    database.close()
    return (time.perf_counter() - begun) * MS
