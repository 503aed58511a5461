"""What jobs read: aggregates that are right again after late data, events of the journal, the selection of series."""

from __future__ import annotations

from pathlib import Path

import pytest
from export_desk import AGGREGATES, MINUTE, START, Minutes

from hmi.core.journal import Entry, Kind
from hmi.core.principal import SYSTEM
from hmi.core.values import ValueType
from hmi.export import EventSource, SampleSource, series_of
from hmi.export._selection import aggregate_key
from hmi.journal import JournalReader, SqliteJournal
from hmi.project.exports import ExportDef, ExportWhat
from hmi.testing.clock import ManualClock
from hmi.testing.plant import make_plant, make_tag


def test_a_minute_leaves_when_it_has_ended_and_is_what_the_history_says() -> None:
    it = Minutes()
    it.pass_s(30)
    it.deliver()
    assert it.shown() == {}
    it.pass_s(40)
    it.deliver()
    assert it.shown() == it.wanted(1)
    it.pass_s(120)
    it.deliver()
    assert it.shown() == it.wanted(3)


def test_however_the_commits_are_cut_the_same_rows_leave() -> None:
    whole, cut = Minutes(), Minutes()
    for _ in range(40):
        cut.pass_s(5)
        cut.deliver()
        whole.pass_s(5)
    whole.deliver()
    assert whole.shown() == cut.shown()


def test_late_samples_change_the_minutes_that_have_left() -> None:
    it = Minutes()
    it.pass_s(200)
    it.deliver()
    before = it.shown()
    it.late(30, 1_000.0)
    it.pass_s(1)
    rows = it.deliver()
    assert it.shown() == it.wanted(3)
    assert it.shown() != before
    assert len(rows) == len(AGGREGATES), "only what was touched"
    assert it.shown()[aggregate_key("t_a.pv", "Maximum", 60), START][0] == 1_000.0


def test_a_late_sample_in_a_gap_changes_the_minutes_up_to_its_neighbours() -> None:
    it = Minutes()
    it.pass_s(30)
    it.second += 600  # nothing is told for ten minutes
    it.pass_s(200)
    it.deliver()
    it.late(330, 1_000.0)
    it.pass_s(1)
    it.deliver()
    assert it.shown() == it.wanted(13)


def test_the_past_is_delivered_by_whole_intervals() -> None:
    it = Minutes()
    it.pass_s(400)
    part = it.source.read_past(START + 1, START + 3 * MINUTE)
    assert part.rows is not None
    it.take(part.rows)
    assert it.shown() == {key: value for key, value in it.wanted(3).items() if key[1] < START + 3 * MINUTE}


def test_series_are_chosen_by_name_area_and_type() -> None:
    tags = [
        make_tag("intake/a.pv", history=True),
        make_tag("intake/b.pv"),
        make_tag("outlet/c.pv", history=True),
    ]
    plant = make_plant(tags)

    def names(*patterns: str) -> list[str]:
        return [one.name for one in series_of(plant, ExportDef("j", "memory", tags=patterns))]

    assert names() == ["intake/a.pv", "outlet/c.pv"]
    assert names("intake/*") == ["intake/a.pv"]
    assert names("*/?.pv") == ["intake/a.pv", "outlet/c.pv"]
    assert names("nothing") == []


def test_an_aggregate_has_a_key_of_its_own_and_the_unit_only_where_it_keeps_it() -> None:
    plant = make_plant([make_tag("a.pv", history=True, unit="m", type=ValueType.INT64)])
    job = ExportDef("j", "memory", ExportWhat.AGGREGATES, aggregates=("TimeAverage2", "Count", "Maximum"))
    found = {one.aggregate: one for one in series_of(plant, job)}
    assert {one.key for one in found.values()} == {f"t_a.pv/{name}/60s" for name in found}
    assert (found["TimeAverage2"].unit, found["Count"].unit, found["Maximum"].unit) == ("m", "", "m")
    assert (found["Maximum"].type, found["TimeAverage2"].type) == (ValueType.INT64, ValueType.FLOAT64)


def test_samples_of_tags_that_are_not_chosen_do_not_leave() -> None:
    it = Minutes()
    it.pass_s(10)
    job = ExportDef("s", "memory", tags=("b.*",))
    part = SampleSource(it.archive, series_of(it.plant, job)).read(1, 10)
    assert part.rows is not None
    assert len(part.rows) == 10
    assert {part.rows.tags[place].name for place in part.rows.places.tolist()} == {"b.pv"}


@pytest.mark.asyncio
async def test_events_are_the_records_of_their_kind_in_order(tmp_path: Path) -> None:
    journal = SqliteJournal(
        tmp_path / "journal.sqlite", clock=ManualClock(START), runtime_id="r", run_id="run", plant_revision="1",
        simulated=False,
    )  # fmt: skip
    await journal.open()
    try:
        for number in range(10):
            kind = Kind.ALARM if number % 2 else Kind.AUDIT
            await journal.append(Entry(kind, f"event.{number}", SYSTEM, "t_a", START + number, {"n": number}))
        reader = JournalReader(tmp_path / "journal.sqlite")
        try:
            source = EventSource(reader, ExportWhat.ALARMS)
            head = source.head()
            part = source.read(1, head.seq)
            assert [one.event for one in part.events] == [f"event.{number}" for number in range(1, 10, 2)]
            assert part.last == head.seq
            assert part.events[0].fields["payload"] == {"n": 1}
            past = source.read_past(0, START * 2)
            assert [one.number for one in past.events] == [one.number for one in part.events]
        finally:
            reader.close()
    finally:
        await journal.close()
