"""Whatever a list holds: each row is a tag or a fault with its line, and the second import changes nothing."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hmi.core.errors import ConfigurationError
from hmi.core.identity import is_tag_name
from hmi.project import new_plant, open_plant
from hmi.project.import_kinds import import_kinds, read_list, settings_of
from hmi.project.import_names import legal_name, placed
from hmi.project.import_plan import apply_import, plan_import
from hmi.project.importing import ImportContext

KEPWARE = (
    "Tag Name", "Address", "Data Type", "Client Access", "Scan Rate", "Scaling", "Raw Low", "Raw High", "Scaled Low",
    "Scaled High", "Clamp Low", "Clamp High", "Eng Units", "Description", "Negate Value",
)  # fmt: skip
_USUAL = {
    "Tag Name": ["A.B", "Größe 1", "Ch.Dev.G.T", "x" * 90, "", "😀"],
    "Address": ["400001", "40001.3", "000001", "300007", "400100.20H", "400200[3]", "400001[2][2]", "nowhere", ""],
    "Data Type": ["Word", "Short", "Float", "Boolean", "String", "BCD", "Word Array", "Date", ""],
    "Client Access": ["RO", "R/W", "", "x"],
    "Scan Rate": ["100", "1000", "", "x"],
    "Scaling": ["None", "Linear", "Square Root", ""],
    "Negate Value": ["0", "1", ""],
}  # fmt: skip
_ANY = st.text(st.characters(codec="utf-8"), max_size=15) | st.sampled_from(
    ["0", "1", "4095", "10.5", "-3", "1e400"]
)
_ROWS = st.lists(
    st.fixed_dictionaries({name: st.sampled_from(_USUAL[name]) | _ANY if name in _USUAL else _ANY for name in KEPWARE}),
    max_size=6,
)  # fmt: skip
_TABLES = st.lists(st.lists(_ANY, min_size=1, max_size=6), min_size=1, max_size=6)


def written(folder: Path, rows: list[list[str]]) -> Path:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows(rows)
    path = folder / "list.csv"
    path.write_bytes(out.getvalue().encode())
    return path


def check_list(folder: Path, kind: str, file: Path, columns: dict[str, str] | None = None) -> None:
    """Twice through the whole road; every fault says where, and what was left out stays out."""
    plant = new_plant(folder / "plant")
    definition = next(one for one in import_kinds() if one.name == kind)
    context = ImportContext(
        connections={"plc1": "modbus"}, connection="plc1", scans={"normal": 1000}, columns=columns or {}
    )
    try:
        imported = read_list(file, definition, settings_of(definition, {}), context)
    except ConfigurationError as refused:
        assert str(refused)  # noqa: PT017
        return
    plan = plan_import(plant, imported, skip_faulty=True)
    assert not plan.is_blocked
    assert all(fault.place.line for fault in plan.faults)
    apply_import(plan)
    assert len(open_plant(plant).tags) >= plan.added
    assert plan_import(plant, imported, skip_faulty=True).texts == {}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=_ROWS)
def test_any_kepware_list(tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, str]]) -> None:
    folder = tmp_path_factory.mktemp("any")
    file = written(folder, [list(KEPWARE), *([row[name] for name in KEPWARE] for row in rows)])
    check_list(folder, "kepware", file)
    shutil.rmtree(folder)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=_TABLES, header=st.permutations(["name", "address", "type", "low", "high", "Comment"]))
def test_any_table(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], header: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    check_list(folder, "table", written(folder, [header, *rows]))
    check_list(folder / "mapped", "table", written(folder, rows), {"name": rows[0][0] or "x"})
    shutil.rmtree(folder)


@settings(max_examples=400, deadline=None)
@given(name=st.text(max_size=200), area=st.sampled_from(["", "north", "north/hall"]))
def test_any_name_becomes_a_legal_one_or_nothing(name: str, area: str) -> None:
    made = legal_name(name)
    assert made == "" or is_tag_name(made)
    assert legal_name(made) == made
    if made:
        put = legal_name(placed(made, area, ()))
        assert is_tag_name(put)
        assert placed(put, area, ()) == put
