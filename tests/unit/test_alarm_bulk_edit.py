"""Bulk edit of alarms: out as a table, back in by id, whole or not at all."""

from __future__ import annotations

import csv
import io
import os
import shutil
import time
from pathlib import Path

import pytest

from hmi.core.errors import ConfigurationError
from hmi.project import exported_alarms, import_alarms, new_plant, open_plant
from hmi.project.shipped import shipped_path


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    folder = tmp_path / "plant"
    shutil.copytree(shipped_path("screens") / "waterworks", folder)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def edited(folder: Path, changes: dict[str, dict[str, str]], *, rows: bool = True) -> Path:
    """The table with some cells changed; with ``rows`` False only the changed rows stay in it."""
    table = list(csv.DictReader(io.StringIO(exported_alarms(folder))))
    for row in table:
        row.update(changes.get(row["id"], {}))
    kept = [row for row in table if rows or row["id"] in changes]
    path = folder.parent / "table.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(table[0]))
        writer.writeheader()
        writer.writerows(kept)
    return path


def of_type(folder: Path) -> str:
    return next(alarm.id for alarm in open_plant(folder).alarms if ".alarm." in alarm.id)


def test_an_unchanged_table_changes_no_byte(plant: Path) -> None:
    before = contents(plant)
    assert import_alarms(plant, edited(plant, {})) == ((), ())
    assert contents(plant) == before


def test_the_table_holds_every_alarm_with_the_values_in_force(plant: Path) -> None:
    rows = {row["id"]: row for row in csv.DictReader(io.StringIO(exported_alarms(plant)))}
    loaded = open_plant(plant)
    assert list(rows) == [alarm.id for alarm in loaded.alarms]
    for alarm in loaded.alarms:
        row = rows[alarm.id]
        assert float(row["limit"]) == alarm.limit
        assert (row["message"], row["cause"], row["tag"]) == (
            alarm.message, alarm.cause, loaded.by_id[alarm.tag_id].name,
        )  # fmt: skip
    assert {row["from"] for row in rows.values()} > {"alarms.csv", "pump"}


def test_an_edit_of_a_row_changes_that_row_alone(plant: Path) -> None:
    alarm = next(one for one in open_plant(plant).alarms if ".alarm." not in one.id)
    before = (plant / "alarms.csv").read_text("utf-8").split("\n")
    changed, faults = import_alarms(
        plant, edited(plant, {alarm.id: {"deadband": "0.04", "action": 'Say "now", go'}})
    )
    assert (changed, faults) == ((plant / "alarms.csv",), ())
    after = (plant / "alarms.csv").read_text("utf-8").split("\n")
    assert [n for n, (a, b) in enumerate(zip(before, after, strict=True), 1) if a != b] == [alarm.source.line]
    now = next(one for one in open_plant(plant).alarms if one.id == alarm.id)
    assert (now.deadband, now.action, now.limit) == (0.04, 'Say "now", go', alarm.limit)


def test_an_alarm_of_a_type_is_changed_for_its_instance_alone(plant: Path) -> None:
    key = of_type(plant)
    old = {one.id: one for one in open_plant(plant).alarms}
    changed, faults = import_alarms(plant, edited(plant, {key: {"priority": "2", "off_delay": "7"}}))
    assert (changed, faults) == ((plant / "tags.csv",), ())
    new = {one.id: one for one in open_plant(plant).alarms}
    assert (int(new[key].priority), new[key].off_delay_s) == (2, 7.0)
    assert {k for k in new if new[k].off_delay_s != old[k].off_delay_s} == {key}
    assert import_alarms(plant, edited(plant, {key: {"off_delay": "8"}}))[1] == ()
    assert next(one for one in open_plant(plant).alarms if one.id == key).off_delay_s == 8.0


def test_every_fault_names_its_row_and_nothing_is_half_applied(plant: Path) -> None:
    own = [one.id for one in open_plant(plant).alarms if ".alarm." not in one.id][:4]
    changes = {
        own[0]: {"deadband": "much"}, own[1]: {"priority": "9"}, own[2]: {"limit": "0.61"},
        own[3]: {"tag": "no/such.tag"}, of_type(plant): {"message": "a;b"},
    }  # fmt: skip
    before = contents(plant)
    table = edited(plant, changes)
    lines = {row[0]: n for n, row in enumerate(csv.reader(table.open(encoding="utf-8")), 1)}
    changed, faults = import_alarms(plant, table)
    assert changed == ()
    assert sorted(fault.line for fault in faults) == sorted(lines[key] for key in changes if key != own[2])
    assert all(
        word in " ".join(f.text for f in faults) for word in ("much", "'9'", "no/such.tag", "semicolon")
    )
    assert contents(plant) == before


def test_rows_that_fit_no_alarm_are_named(plant: Path, tmp_path: Path) -> None:
    first = open_plant(plant).alarms[0].id
    table = tmp_path / "table.csv"
    table.write_text(f"id,colour\nnothing,1\n,2\n{first},\n{first},\n", encoding="utf-8")
    changed, faults = import_alarms(plant, table)
    assert changed == ()
    assert [fault.line for fault in faults] == [1, 2, 3, 5]
    table.write_text("limit\n1\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="id"):
        import_alarms(plant, table)


def test_a_column_that_the_file_lacks_is_added(plant: Path) -> None:
    alarm = next(one for one in open_plant(plant).alarms if ".alarm." not in one.id)
    assert import_alarms(plant, edited(plant, {alarm.id: {"basis": "Drawing 12"}}, rows=False))[1] == ()
    now = {one.id: one for one in open_plant(plant).alarms}
    assert now[alarm.id].basis == "Drawing 12"
    assert sum(bool(one.basis) for one in now.values()) == 1


def test_a_failure_of_the_second_file_puts_the_first_back(
    plant: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alarm = next(one for one in open_plant(plant).alarms if ".alarm." not in one.id)
    table = edited(plant, {alarm.id: {"deadband": "0.04"}, of_type(plant): {"off_delay": "7"}})
    before, real = contents(plant), os.replace

    def failing(source: Path, target: Path) -> None:
        if source.name == ".tags.csv.wk-new":
            raise PermissionError(13, "Permission denied")
        real(source, target)

    monkeypatch.setattr(os, "replace", failing)
    with pytest.raises(ConfigurationError):
        import_alarms(plant, table)
    assert contents(plant) == before


def test_a_hundred_faults_in_many_rows_take_a_time_that_grows_with_the_rows_alone(tmp_path: Path) -> None:
    def seconds(count: int) -> float:
        folder = tmp_path / f"p{count}"
        new_plant(folder)
        tags = next(csv.reader(io.StringIO((folder / "tags.csv").read_text("utf-8"))))
        with (folder / "tags.csv").open("a", encoding="utf-8") as stream:
            row = {"kind": "tag", "type": "float64", "expression": "1 + 1"}
            stream.writelines(
                ",".join({**row, "id": f"t_{n:012d}", "name": f"many/t{n}"}.get(c, "") for c in tags) + "\n"
                for n in range(count)
            )
        (folder / "alarms.csv").write_text(
            "id,tag,kind,limit,priority\n"
            + "".join(f"a_{n:012d},many/t{n},high,5,journal\n" for n in range(count)),
            encoding="utf-8",
        )
        wrong = {f"a_{n:012d}": {"limit": "x"} for n in range(0, count, count // 100)}
        table = edited(folder, wrong)
        begun = time.process_time()
        _, faults = import_alarms(folder, table)
        assert len(faults) == 100
        return time.process_time() - begun

    small, large = seconds(2_000), seconds(16_000)
    assert large < 16 * small
