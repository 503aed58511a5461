"""A list that comes a second time: what it corrects, and what it leaves as an engineer has made it."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from import_lists import plant_with_free_registers

from hmi.project import open_plant
from hmi.project.import_plan import apply_import, plan_import
from hmi.project.importing import Imported, Place, ProposedAlarm, ProposedRow

KEYS = frozenset(("wire", "order"))


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    return plant_with_free_registers(tmp_path / "plant")


def row(
    name: str, address: str, /, *, keys: frozenset[str] = KEYS, sure: float = 1.0, **cells: str
) -> ProposedRow:
    whole = {"kind": "tag", "name": name, "type": "float", "connection": "plc1", "address": address, **cells}
    return ProposedRow(whole, Place(2), sure, "steady" if sure < 1 else "", keys)


def bring(folder: Path, *rows: ProposedRow, alarms: tuple[ProposedAlarm, ...] = ()) -> None:
    plan = plan_import(folder, Imported(rows=rows, alarms=alarms))
    assert not plan.is_blocked, plan.faults
    apply_import(plan)


SCALED: dict[str, Any] = {"low": "0", "high": "10", "raw_low": "0", "raw_high": "27648"}


def test_a_scaling_and_options_that_the_list_takes_back_go(plant: Path) -> None:
    bring(plant, row("area1/x", "HR900", options="wire=int16;order=CDAB", scaling="sqrt", **SCALED))
    plain = row("area1/x", "HR900", options="", raw_low="", raw_high="")
    plan = plan_import(plant, Imported(rows=[plain]))
    assert "raw range 0 … 27648 -> nothing" in plan.sentences[0]
    bring(plant, plain)
    tag = open_plant(plant).by_name["area1/x"]
    assert (tag.scaling, tag.range, dict(tag.options)) == (None, None, {})
    assert plan_import(plant, Imported(rows=[plain])).texts == {}


def test_options_and_a_range_of_an_engineer_stay(plant: Path) -> None:
    mine = row("area1/x", "HR900", options="wire=int16;write=single", low="0", high="5")
    bring(plant, mine)
    bring(plant, row("area1/x", "HR900", options="wire=uint16", raw_low="", raw_high=""))
    tag = open_plant(plant).by_name["area1/x"]
    assert dict(tag.options) == {"wire": "uint16", "write": "single"}
    assert (tag.range.low, tag.range.high) == (0, 5) if tag.range else False
    bring(plant, row("area1/x", "HR900", keys=frozenset(), options="wire=int16"))
    assert dict(open_plant(plant).by_name["area1/x"].options) == {"wire": "int16"}


def test_a_guess_fills_what_is_empty_and_corrects_nothing(plant: Path) -> None:
    bring(plant, row("area1/x", "HR900", options="wire=int16", **SCALED))
    before = (plant / "tags.csv").read_bytes()
    other: dict[str, Any] = SCALED | {"high": "1000", "raw_high": "10000"}
    guess = row("area1/x", "HR900", keys=frozenset(), sure=0.4, options="wire=uint16", **other)
    plan = plan_import(plant, Imported(rows=[guess]))
    assert (plan.texts, plan.changed) == ({}, 0)
    assert plan.notes == (
        "guesses do not change what the plant says otherwise: area1/x: range 0 … 10 -> 0 … 1000, "
        "raw range 0 … 27648 -> 0 … 10000, options wire=int16 -> wire=uint16",
    )
    assert (plant / "tags.csv").read_bytes() == before
    bring(plant, row("area1/x", "HR900", sure=0.4, options="wire=uint16", unit="bar", **other))
    tag = open_plant(plant).by_name["area1/x"]
    assert (tag.unit, tag.options["wire"]) == ("bar", "int16")


def test_a_row_that_says_nothing_yet_is_filled_by_a_guess(plant: Path) -> None:
    path = plant / "tags.csv"
    path.write_text(path.read_text("utf-8") + "tag,,area1/x,,,area1,plc1,HR900,,,,,,,,,,\n", "utf-8")
    bring(plant, row("area1/x", "HR900", keys=frozenset(), sure=0.4, options="wire=uint16", **SCALED))
    tag = open_plant(plant).by_name["area1/x"]
    assert tag.scaling is not None
    assert tag.options["wire"] == "uint16"


def test_the_same_register_in_another_notation_is_the_same_tag(plant: Path) -> None:
    bring(plant, row("area1/level", "HR910"))
    before = (plant / "tags.csv").read_bytes()
    for address in ("909 HR", "40910", "4x910", "1.HR910"):
        plan = plan_import(plant, Imported(rows=[row("area1/other", address)]))
        assert (plan.added, plan.texts) == (0, {})
        assert plan.notes == ("renamed tags keep their names: area1/other is area1/level in the plant",)
    assert (plant / "tags.csv").read_bytes() == before
    assert plan_import(plant, Imported(rows=[row("area1/other", "2.HR910")])).added == 1


def test_a_tag_that_comes_to_read_what_another_one_reads_is_told(plant: Path) -> None:
    bring(plant, row("area1/a", "HR910"), row("area1/b", "HR920"))
    plan = plan_import(plant, Imported(rows=[row("area1/b", "909 HR")]))
    assert plan.notes == ("two tags read one and the same: area1/b and area1/a (909 HR)",)


def test_an_alarm_that_was_rationalised_stays_so(plant: Path) -> None:
    tag = row("area1/x", "HR900", low="0", high="100")
    alarm = ProposedAlarm(
        {"tag": "area1/x", "kind": "high", "limit": "80", "priority": "2", "release_forced": "imported"}
    )
    bring(plant, tag, alarms=(alarm,))
    path = plant / "alarms.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert rows[-1]["release_forced"] == "imported"
    rows[-1] |= {
        "release_forced": "",
        "consequence": "overflow",
        "action": "close V1",
        "time_to_respond": "10",
    }
    columns = list(dict.fromkeys(key for one in rows for key in one))
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    before = path.read_bytes()
    bring(plant, tag, alarms=(alarm,))
    assert path.read_bytes() == before


def test_an_alarm_that_becomes_more_urgent_gets_the_mark_of_an_imported_one(plant: Path) -> None:
    tag = row("area1/x", "HR900", low="0", high="100")
    alarm = {"tag": "area1/x", "kind": "high", "limit": "80", "priority": "4"}
    bring(plant, tag, alarms=(ProposedAlarm(alarm),))
    urgent = ProposedAlarm({**alarm, "priority": "2", "release_forced": "imported"})
    bring(plant, tag, alarms=(urgent,))
    assert "imported" in (plant / "alarms.csv").read_text("utf-8")
