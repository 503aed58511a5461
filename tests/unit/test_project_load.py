"""Loading a plant folder: what becomes of its files, and where each finding points."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

import hmi.project
from hmi.core.alarms import Priority
from hmi.core.commands import CommandClass
from hmi.core.errors import ConfigurationError
from hmi.core.values import EURange, ValueType
from hmi.project import LoadResult, load_plant, new_plant, open_plant
from hmi.project.plant import Plant, Scaling

TEMPLATE = Path(hmi.project.__file__).parent / "template"

Edit = Callable[[str, str, str], None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return new_plant(tmp_path / "works")


@pytest.fixture
def edit(folder: Path) -> Edit:
    def change(name: str, old: str, new: str) -> None:
        path = folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def append(folder: Path, name: str, text: str) -> int:
    """Add a line and return its number."""
    path = folder / name
    old = path.read_text(encoding="utf-8")
    path.write_text(old + text + "\n", encoding="utf-8")
    return old.count("\n") + 1


def tag_row(**cells: str) -> str:
    """A row of the template's tags.csv."""
    columns = (TEMPLATE / "tags.csv").read_text(encoding="utf-8").split("\n")[0].split(",")
    return ",".join(cells.get(name, "") for name in columns)


def only_error(result: LoadResult) -> str:
    assert result.plant is None
    assert len(result.errors) == 1, [f.sentence for f in result.errors]
    return result.errors[0].sentence


def loaded(folder: Path) -> Plant:
    result = load_plant(folder)
    assert result.plant is not None, [f.sentence for f in result.findings]
    return result.plant


def test_a_new_plant_loads_without_a_finding(folder: Path) -> None:
    result = load_plant(folder)
    assert result.findings == ()
    assert result.plant is not None
    assert result.plant.name == "works"
    assert not result.plant.simulated


def test_instances_become_tags_alarms_and_commands(folder: Path) -> None:
    plant = loaded(folder)
    pump = plant.instances["area1/p101"]
    speed = plant.by_name["area1/p101.speed_sp"]
    assert pump.signals["speed_sp"] == speed.id == f"{pump.id}.speed_sp"
    assert speed.address == "HR105"
    assert speed.description == "Pump P-101 speed set point"
    assert speed.command is not None
    assert speed.command.klass is CommandClass.ROUTINE
    assert speed.command.limits == EURange(0, 100)
    assert speed.command.permissives == (("not 'area1/p101.tripped'", "The pump is not tripped"),)
    assert plant.by_name["area1/p101.running"].states == {0: "Stopped", 1: "Running"}
    trip = next(a for a in plant.alarms if a.tag_id == pump.signals["tripped"])
    assert (trip.message, trip.priority, trip.kind) == ("Pump P-101 tripped", Priority.P2, "discrete")
    assert [t.handle for t in plant.tags] == list(range(len(plant.tags)))


def test_every_column_reaches_its_field(folder: Path) -> None:
    (folder / "tags.csv").write_text(
        "kind,name,type,connection,address,scan,unit,low,high,normal_low,normal_high,raw_low,raw_high,scaling,clamp,"
        "deadband,format,states,writable,class,limit_low,limit_high,max_step,feedback,expected_ms,history,options\n"
        "tag,area1/x,int16,plc1,HR9,fast,bar,0,10,2,8,0,27648,sqrt,yes,0.1,.2f,0=Low;1=High,true,s,1,9,2,"
        "'area1/x' > 1,1500,x,order=CDAB\n",
        encoding="utf-8",
    )
    (folder / "alarms.csv").unlink()
    tag = loaded(folder).by_name["area1/x"]
    assert (tag.type, tag.options) == (ValueType.INT64, {"order": "CDAB", "wire": "int16"})
    assert tag.scaling == Scaling(EURange(0, 27648), EURange(0, 10), "sqrt", True)
    assert (tag.range, tag.normal) == (EURange(0, 10), EURange(2, 8))
    assert (tag.deadband, tag.format, tag.states, tag.history) == (0.1, ".2f", {0: "Low", 1: "High"}, True)
    assert (tag.scan, tag.unit, tag.area) == ("fast", "bar", "area1")
    rule = tag.command
    assert rule is not None
    assert (rule.klass, rule.limits, rule.max_step) == (CommandClass.SIGNIFICANT, EURange(1, 9), 2)
    assert (rule.feedback, rule.expected_ms) == ("'area1/x' > 1", 1500)


def test_a_type_extends_a_type(folder: Path) -> None:
    (folder / "types" / "booster.toml").write_text(
        'schema = "type/1"\nname = "booster"\nextends = "pump"\ntitle = "Booster"\n'
        '[parameters.top]\ntype = "number"\ndefault = 50\n'
        '[signals.speed]\nrange = [0, "{top}"]\n'
        '[signals.pressure]\ntype = "float32"\naddress = "HR{base + 2*3}"\n'
        "[alarms.trip]\npriority = 1\n",
        encoding="utf-8",
    )
    row = "booster,,area1/b1,,Booster 1,,plc1,,,,,,,,,,,base=201;top=80;pressure.unit=bar;trip.on_delay=3"
    append(folder, "tags.csv", row)
    plant = loaded(folder)
    assert plant.by_name["area1/b1.speed"].range == EURange(0, 80)
    assert plant.by_name["area1/b1.speed"].address == "HR203"
    assert plant.by_name["area1/b1.pressure"].address == "HR207"
    assert plant.by_name["area1/b1.pressure"].unit == "bar"
    trip = next(a for a in plant.alarms if a.tag_id == plant.by_name["area1/b1.tripped"].id)
    assert (trip.priority, trip.on_delay_s, trip.message) == (Priority.P1, 3.0, "Booster 1 tripped")


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"name": "area1/lt101", "connection": "plc1", "address": "HR1"}, "already a tag in"),
        ({"name": "area1/x y", "connection": "plc1", "address": "HR1"}, "is not a tag name"),
        ({"name": "", "connection": "plc1", "address": "HR1"}, "is not a tag name"),
        ({"name": "area1/n", "connection": "plc9", "address": "HR1"}, "connection 'plc9' is not known"),
        ({"name": "area1/n", "connection": "plc1", "address": "XX1"}, "area1/n: "),
        ({"name": "area1/n", "connection": "plc1"}, "neither an address nor an expression"),
        ({"name": "area1/n", "address": "HR1"}, "no connection"),
        ({"name": "area1/n", "connection": "plc1", "address": "HR1", "expression": "1"}, "keep one of them"),
        ({"name": "area1/n", "connection": "plc1", "address": "HR1", "area": "moon"}, "area 'moon'"),
        (
            {"name": "area1/n", "connection": "plc1", "address": "HR1", "scan": "often"},
            "'often' is not known",
        ),
        ({"name": "area1/n", "connection": "plc1", "address": "HR1", "type": "real"}, "type 'real'"),
        (
            {"name": "area1/n", "connection": "plc1", "address": "HR1", "low": "5", "high": "1"},
            "runs from 5 to 1",
        ),
        ({"name": "area1/n", "connection": "plc1", "address": "HR1", "low": "5"}, "only one end"),
        (
            {"name": "area1/n", "connection": "plc1", "address": "HR1", "low": "a", "high": "b"},
            "not a number",
        ),
        (
            {"name": "area1/n", "connection": "plc1", "address": "HR1", "low": "0", "high": "inf"},
            "not a number",
        ),
        (
            {"name": "area1/n", "connection": "plc1", "address": "HR1", "history": "maybe"},
            "neither true nor false",
        ),
        ({"name": "area1/n", "connection": "plc1", "address": "HR1", "format": "{0}"}, "number format"),
        ({"name": "area1/n", "expression": "1", "id": "T-1"}, "is not an id"),
        ({"kind": "motor", "name": "area1/m1"}, "is not a type of this plant"),
        ({"kind": "pump", "name": "area1/p101"}, "is already in"),
        ({"kind": "pump", "name": "area1/p9.x"}, "is not the name of an instance"),
        (
            {"kind": "pump", "name": "area1/p9", "connection": "plc1", "parameters": "base=a"},
            "not of type integer",
        ),
        (
            {"kind": "pump", "name": "area1/p9", "connection": "plc1", "parameters": "base=0"},
            "it goes from 1",
        ),
        (
            {"kind": "pump", "name": "area1/p9", "connection": "plc1", "parameters": "bass=1"},
            "no parameter 'bass'",
        ),
        ({"kind": "pump", "name": "area1/p9", "connection": "plc1", "parameters": "base"}, "has no ="),
        (
            {"kind": "pump", "name": "area1/p9", "connection": "plc1", "parameters": "x.y=1"},
            "neither a signal",
        ),
    ],
)
def test_a_wrong_row_is_named_with_its_line(folder: Path, cells: dict[str, str], words: str) -> None:
    line = append(folder, "tags.csv", tag_row(**{"kind": "tag", **cells}))
    sentence = only_error(load_plant(folder))
    assert sentence.startswith(f"{folder / 'tags.csv'}:{line}: ")
    assert words in sentence


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("plant.toml", 'driver = "modbus"', 'driver = "telepathy"', "no driver called 'telepathy'"),
        ("plant.toml", "tcp://127.0.0.1:502", "carrier-pigeon", "connection plc1"),
        ("plant.toml", "unit = 1", "unit = 900", "at most 255"),
        ("plant.toml", "unit = 1", 'unit = "one"', "not of type integer"),
        ("plant.toml", 'zone = "UTC" ', 'zone = "Mars/Olympus" ', "time zone 'Mars/Olympus'"),
        ("plant.toml", 'schema = "plant/1"', 'schema = "plant/7"', "open it with a newer Watchkeeper"),
        ("plant.toml", 'schema = "plant/1"', 'schema = "factory"', "is not known"),
        ("plant.toml", 'home = "overview"', 'home = "main"', "home names the display 'main'"),
        ("plant.toml", "fast = 250", "fast = 1", "scan.fast"),
        ("plant.toml", 'name = "works"', "name = 7", "name is not a text"),
        ("plant.toml", 'driver = "modbus"\n', "", "connection.plc1.driver is missing"),
        ("plant.toml", 'driver = "modbus"\n', 'driver = "modbus"\nlife_counter = "a/b"\n', "is not a tag"),
        (
            "plant.toml",
            'driver = "modbus"\n',
            'driver = "modbus"\nlife_counter = "area1/lt101_pct"\n',
            "does not come over",
        ),
        ("types/pump.toml", 'type = "bool"', 'type = "boool"', "type 'boool' is not known"),
        ("types/pump.toml", "range = [0, 100]", "range = [100, 0]", "runs from 100 to 0"),
        ("types/pump.toml", "range = [0, 100]", "range = [100]", "signals.speed.range"),
        ("types/pump.toml", 'signal = "tripped"', 'signal = "dripped"', "no signal 'dripped'"),
        ("types/pump.toml", 'title = "Pump"', 'title = "Pump"\nextends = "drive"', "is no type"),
        ("types/pump.toml", 'title = "Pump"', 'title = "Pump"\nextends = "pump"', "leads back to it"),
        ("alarms.csv", "area1/lt101,high,high", "area1/lt999,high,high", "'area1/lt999', which is not known"),
        ("alarms.csv", "high,high,4.5", "high,higher,4.5", "alarm kind 'higher'"),
        ("alarms.csv", "high,high,4.5", "high,high,", "needs a limit"),
        ("alarms.csv", "high,high,4.5,0.1,5,2", "high,high,4.5,-1,5,2", "deadband -1 is below zero"),
        ("alarms.csv", "high,high,4.5,0.1,5,2", "high,high,4.5,0.1,5,9", "priority '9'"),
        ("displays/overview.json", '"display/1"', '"display/2"', "newer"),
    ],
)
def test_a_wrong_entry_is_named_with_its_line(
    folder: Path, edit: Edit, file: str, old: str, new: str, words: str
) -> None:
    edit(file, old, new)
    result = load_plant(folder)
    assert result.plant is None
    matching = [f for f in result.errors if words in f.sentence]
    assert matching, [f.sentence for f in result.errors]
    assert Path(matching[0].file) == folder / file
    assert matching[0].line >= 1


def test_the_line_is_that_of_the_key(folder: Path, edit: Edit) -> None:
    edit("plant.toml", "unit = 1", "unit = 900")
    text = (folder / "plant.toml").read_text(encoding="utf-8")
    wanted = text[: text.index("unit = 900")].count("\n") + 1
    assert load_plant(folder).errors[0].line == wanted


def test_simulated_and_real_connections_do_not_mix(folder: Path) -> None:
    append(
        folder,
        "plant.toml",
        '[connection.sim]\ndriver = "modbus"\nendpoints = ["tcp://127.0.0.1:1502"]\nsimulated = true',
    )
    assert "mixed" in only_error(load_plant(folder))


@pytest.mark.parametrize(
    ("endpoint", "accepted"),
    [
        ("tcp://127.0.0.1:502", True),
        ("tcp://localhost:502", True),
        ("tcp://[::1]:502", True),
        ("tcp://10.0.0.5:502", False),
        ("tcp://plc.example:502", False),
        ("tcp://127.0.0.1.example.org:502", False),
    ],
)
def test_simulated_means_this_machine(folder: Path, edit: Edit, endpoint: str, accepted: bool) -> None:
    edit("plant.toml", 'endpoints = ["tcp://127.0.0.1:502"]', f'endpoints = ["{endpoint}"]\nsimulated = true')
    result = load_plant(folder)
    assert (result.plant is not None) is accepted, [f.sentence for f in result.errors]
    if result.plant is not None:
        assert result.plant.simulated


def test_unknown_content_is_kept_and_reported_as_warnings(folder: Path, edit: Edit) -> None:
    edit("plant.toml", 'home = "overview"', 'colour = "blue"\nhome = "overview"')
    edit("types/pump.toml", 'symbol = "pump"', 'symbol = "pump"\nweight = 12')
    edit("tags.csv", "history,parameters", "history,parameters,vendor")
    edit("displays/overview.json", '"level": 1', '"level": 1,\n"mood": "calm"')
    result = load_plant(folder)
    assert result.plant is not None
    assert sorted(f.severity for f in result.findings) == ["warning"] * 4
    texts = " ".join(f.text for f in result.findings)
    assert all(word in texts for word in ("colour", "weight", "vendor", "mood"))
    assert result.plant.types["pump"].extra == {"weight": 12}
    assert result.plant.displays["overview"].document["mood"] == "calm"


def test_unknown_alarm_columns_travel_with_the_alarm(folder: Path, edit: Edit) -> None:
    edit("alarms.csv", "time_to_respond", "time_to_respond,class_of_risk")
    edit("alarms.csv", "15 min", "15 min,B")
    plant = loaded(folder)
    assert next(a for a in plant.alarms if a.name == "high").extra == {"class_of_risk": "B"}


def test_missing_ids_are_derived_and_the_same_on_every_load(folder: Path, edit: Edit) -> None:
    lines = (folder / "tags.csv").read_text(encoding="utf-8").split("\n")
    cells = [line.split(",") for line in lines if line]
    text = "\n".join(",".join([c[0], "" if c[1] != "id" else "id", *c[2:]]) for c in cells)
    (folder / "tags.csv").write_text(text + "\n", encoding="utf-8")
    first, second = load_plant(folder), load_plant(folder)
    assert first.plant is not None
    assert second.plant is not None
    assert [t.id for t in first.plant.tags] == [t.id for t in second.plant.tags]
    assert [f.severity for f in first.findings] == ["warning"]
    assert "run hmi format to keep ids" in first.findings[0].sentence


def test_an_id_is_used_once(folder: Path) -> None:
    plant = loaded(folder)
    taken = plant.by_name["area1/lt101"].id
    append(folder, "tags.csv", tag_row(kind="tag", id=taken, name="area1/n", expression="1"))
    assert f"the id {taken} is taken by" in only_error(load_plant(folder))


def test_every_error_is_reported_not_only_the_first(folder: Path) -> None:
    append(folder, "tags.csv", tag_row(kind="tag", name="area1/n1"))
    append(folder, "tags.csv", tag_row(kind="motor", name="area1/n2"))
    assert len(load_plant(folder).errors) == 2
    with pytest.raises(ConfigurationError, match="hmi check shows 1 more"):
        open_plant(folder)


def test_the_revision_follows_the_content_and_not_the_layout(folder: Path, edit: Edit) -> None:
    before = loaded(folder).revision
    edit("plant.toml", 'zone = "UTC"   ', '# a comment\nzone = "UTC"')
    assert loaded(folder).revision == before
    edit("tags.csv", "Outlet flow", "Outflow")
    after = loaded(folder).revision
    assert after != before
    assert len(after) == 64
    edit("tags.csv", "Outflow", "Outlet flow")
    assert loaded(folder).revision == before


def test_a_plant_without_alarms_displays_and_types_loads(folder: Path, edit: Edit) -> None:
    edit("plant.toml", 'home = "overview"', "")
    (folder / "alarms.csv").unlink()
    (folder / "displays" / "overview.json").unlink()
    (folder / "types" / "pump.toml").unlink()
    (folder / "tags.csv").write_text("kind,name,expression\ntag,area1/x,1\n", encoding="utf-8")
    assert [t.name for t in loaded(folder).tags] == ["area1/x"]


def test_loading_time_grows_with_the_number_of_tags_and_not_faster(folder: Path) -> None:
    (folder / "alarms.csv").unlink()

    def cost(count: int) -> float:
        rows = "".join(
            f"tag,area1/u{i % 50}/x{i},plc1,HR{i % 9000 + 1},0,{i % 9 + 1}\n" for i in range(count)
        )
        (folder / "tags.csv").write_text(f"kind,name,connection,address,low,high\n{rows}", encoding="utf-8")
        start = time.process_time()
        assert len(loaded(folder).tags) == count
        return time.process_time() - start

    cost(500)
    small = min(cost(1_000) for _ in range(3))
    assert cost(10_000) < 30 * small
