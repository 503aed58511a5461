"""Every combination of a search finds what a plain look at each record finds, page by page, newest first."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hmi.client.alarms import STREAMS, JournalQuery
from hmi.core.journal import Entry, JournalRecord, Kind
from hmi.core.principal import Principal
from hmi.journal import SqliteJournal, _search, stream_of
from hmi.journal._subject import subject_of, words_of
from hmi.testing.clock import ManualClock

WORDS = ("pump", "pumps", "P-101A", "Größe", "level", "high", "2", "")
AREAS = ("", "intake", "intake/pumps", "intakes", "filters")
OBJECTS = ("a1", "a2", "t1", "t2")
EVENTS = ("ALM", "RTN", "ACK", "command.requested", "prompt.shelf", "noted")

payloads = st.fixed_dictionaries(
    {},
    optional={
        "message": st.lists(st.sampled_from(WORDS), max_size=3).map(" ".join),
        "comment": st.sampled_from(WORDS),
        "area": st.sampled_from(AREAS),
        "priority": st.sampled_from((1, 2, 4, 5)),
        "tag_id": st.sampled_from(("t1", "t2")),
    },
)
entries = st.builds(
    lambda kind, event, user, item, at, payload: Entry(kind, event, Principal(user, "S1", ""), item, at, payload),
    st.sampled_from(Kind), st.sampled_from(EVENTS), st.sampled_from(("anna", "bob")), st.sampled_from(OBJECTS),
    st.integers(1, 30), payloads,
)  # fmt: skip
queries = st.builds(
    JournalQuery,
    text=st.lists(st.sampled_from((*WORDS, "pu", "gros", "ann", "-")), max_size=2).map(" ".join),
    stream=st.sampled_from(("", *STREAMS)),
    area=st.sampled_from(AREAS),
    priorities=st.sampled_from(((), (1,), (2, 4))),
    event=st.sampled_from(("", "ALM", "noted")),
    object_id=st.sampled_from(("", *OBJECTS)),
    start=st.integers(0, 30),
    end=st.integers(0, 31),
    limit=st.integers(1, 7),
)


def fits(record: JournalRecord, query: JournalQuery) -> bool:
    """The plain meaning of a query, one condition after the other."""
    payload: dict[str, Any] = dict(record.payload)
    area, priority = str(payload.get("area", "")), int(payload.get("priority", 0))
    subject = subject_of(
        record.kind, record.event, record.actor, record.station, record.object_id, record.payload
    )
    have = words_of(" ".join(subject.texts))
    asked = words_of(query.text)
    return (
        all(any(word.startswith(one) for word in have) for one in asked)
        and (bool(asked) or not query.text.strip())
        and query.stream in ("", stream_of(record.kind, record.event, priority))
        and (not query.area or area == query.area or area.startswith(query.area + "/"))
        and (not query.priorities or priority in query.priorities)
        and query.event in ("", record.event)
        and query.object_id in ("", record.object_id, payload.get("tag_id", ""))
        and query.start <= record.event_time
        and (not query.end or record.event_time < query.end)
    )


async def pages(journal: SqliteJournal, query: JournalQuery) -> list[int]:
    found: list[int] = []
    before = 0
    while True:
        asked = JournalQuery(
            **{f: getattr(query, f) for f in query.__struct_fields__ if f != "before"}, before=before
        )
        records, before = await journal.search(asked)
        assert len(records) <= query.limit
        found += [record.seq for record in records]
        if not before:
            return found


@pytest.mark.parametrize(
    ("first", "few", "second"), [(20_000, 50_000, 400_000), (3, 50_000, 0), (3, 1, 5), (3, 1, 0)]
)
def test_AL_log_search_finds_what_a_look_at_each_record_finds(
    monkeypatch: pytest.MonkeyPatch, first: int, few: int, second: int
) -> None:
    monkeypatch.setattr(_search, "FIRST_LOOK", first)
    monkeypatch.setattr(_search, "FEW_SUBJECTS", few)
    monkeypatch.setattr(_search, "SECOND_LOOK", second)
    monkeypatch.setattr(_search, "MOST_RANGES", 2)
    for module in ("_search", "_index"):
        monkeypatch.setattr(f"hmi.journal.{module}.BLOCK", 4)

    @settings(max_examples=40, deadline=None)
    @given(st.lists(entries, min_size=1, max_size=40), st.lists(queries, min_size=1, max_size=8))
    def holds(given_entries: list[Entry], asked: list[JournalQuery]) -> None:
        asyncio.run(_compare(given_entries, asked))

    holds()


async def _compare(given_entries: list[Entry], asked: list[JournalQuery]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        journal = SqliteJournal(
            Path(folder) / "j.sqlite", clock=ManualClock(), runtime_id="rt", run_id="r", plant_revision="v",
            simulated=True,
        )  # fmt: skip
        await journal.open()
        records = await journal.append(*given_entries)
        for query in asked:
            wanted = [record.seq for record in reversed(records) if fits(record, query)]
            assert await pages(journal, query) == wanted, query
        await journal.close()
