"""What ``hmi tags export`` writes changes nothing when it is imported again, whatever the plant."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hmi.importers.table.importer import read
from hmi.project import load_plant, new_plant
from hmi.project.canonical import csv_text
from hmi.project.columns import TAG_COLUMNS
from hmi.project.import_plan import plan_import
from hmi.project.importing import ImportContext
from hmi.project.shipped import shipped_path
from hmi.project.tag_table import tag_table, workbook

TYPE = """schema = "type/1"
name = "loop"

[parameters.base]
type = "integer"

[parameters.gain]
type = "number"
default = 1.50

[parameters.label]
type = "string"
default = "a;b"

[parameters.on]
type = "boolean"
default = true

[signals.pv]
address = "HR{base}"
unit = "m"
range = [0, 10]

[signals.sp]
address = "HR{base+1}"
command = {class = "R", limits = [0, 10]}
"""

_TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=12) | st.sampled_from(
    ["a, b", 'say "x"', "= 1 + 1", "0", "1,5", "TRUE", "two  blanks", "'quoted'"]
)
_NUMBERS = st.sampled_from(["0", "1", "-2.50", "1e3", "100.0", "007"])
_TRUTHS = st.sampled_from(["true", "false", "yes", "x", "1", "0"])
_PLAIN = st.fixed_dictionaries(
    {"kind": st.sampled_from(["tag", ""]), "type": st.sampled_from(["uint16", "float", "float32", ""])},
    optional={
        "description": _TEXTS,
        "unit": st.sampled_from(["m", "m³/h", "%"]),
        "scan": st.sampled_from(["fast", "normal"]),
        "history": _TRUTHS,
        "deadband": st.sampled_from(["0", "0.5", "1.0"]),
        "format": st.sampled_from([".2f", ".0f"]),
        "states": st.sampled_from(["0=Off;1=On", "1=On ; 0=Off"]),
        "writable": _TRUTHS,
        "max_step": _NUMBERS.filter(lambda text: not text.startswith("-")),
        "options": st.sampled_from(["", "wire=uint16"]),
        "area": st.sampled_from(["", "area1"]),
        "note": _TEXTS,
    },
)
_LOOPS = st.fixed_dictionaries(
    {"kind": st.just("loop")},
    optional={
        "description": _TEXTS,
        "more": st.sampled_from(
            ["gain=1.5", "gain=2;pv.high=20;pv.low=0", "label=x=y", "on=no", "pv.unit=bar"]
        ),
        "scan": st.sampled_from(["fast", "slow"]),
    },
)


def filled(row: dict[str, str], number: int) -> dict[str, str]:
    """The row with a name, an address and what goes with it."""
    name = f"area1/u{number}"
    if row["kind"] == "loop":
        more = row.pop("more", "")
        parameters = f"base={100 + 10 * number}" + (f";{more}" if more else "")
        return {**row, "name": name, "connection": "plc1", "parameters": parameters}
    if row.get("options") and row.get("type") == "float32":
        row.pop("options")
    if number % 3 == 0:
        for column in ("writable", "max_step", "scan", "options"):
            row.pop(column, None)
        return {**row, "name": f"{name}.x", "expression": "1 + 1", "type": "float"}
    if number % 3 == 1 and row.get("type") == "float":
        row |= {"raw_low": "0", "raw_high": "4095", "low": "0", "high": "10.0"}
    return {**row, "name": f"{name}.x", "connection": "plc1", "address": f"HR{500 + 5 * number}"}


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_the_shipped_plant_comes_back_unchanged(tmp_path: Path, suffix: str) -> None:
    folder = shipped_path("screens") / "waterworks"
    header, rows = tag_table(folder)
    assert len(rows) > 100
    path = tmp_path / f"tags{suffix}"
    path.write_bytes(workbook(header, rows) if suffix == ".xlsx" else csv_text(header, rows).encode())
    plan = plan_import(folder, read(path, {}, ImportContext(connection="plc1")))
    assert (plan.texts, plan.faults, plan.unchanged) == ({}, (), len(rows))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(_PLAIN | _LOOPS, max_size=8),
    order=st.randoms(use_true_random=False),
    as_workbook=st.booleans(),
)
def test_any_plant_comes_back_unchanged(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, str]], order: object, as_workbook: bool
) -> None:
    folder = new_plant(tmp_path_factory.mktemp("any") / "plant")
    (folder / "types" / "loop.toml").write_text(TYPE, "utf-8")
    whole = [filled(dict(row), number) for number, row in enumerate(rows)]
    header = [column for column in (*TAG_COLUMNS, "note") if column != "id" or len(rows) % 2]
    order.shuffle(header)  # type: ignore[attr-defined]
    out = io.StringIO()
    writer = csv.DictWriter(out, header, quoting=csv.QUOTE_ALL if len(rows) % 3 else csv.QUOTE_MINIMAL)
    writer.writeheader()
    writer.writerows(whole)
    (folder / "tags.csv").write_bytes(out.getvalue().encode())
    (folder / "alarms.csv").unlink()
    loaded = load_plant(folder)
    if loaded.plant is None:  # such as a state text that is no number: not what this is about
        assert loaded.errors
        return
    columns, table = tag_table(folder)
    path = folder.parent / ("tags.xlsx" if as_workbook else "tags.csv")
    path.write_bytes(workbook(columns, table) if as_workbook else csv_text(columns, table).encode())
    plan = plan_import(folder, read(path, {}, ImportContext(connection="plc1")))
    assert (plan.texts, plan.sentences, plan.faults) == ({}, (), ())
    assert plan.unchanged == len(whole)
    shutil.rmtree(folder.parent)
