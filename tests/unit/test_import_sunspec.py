"""SunSpec: models as types, their points as signals, and a simulated inverter that an independent client reads too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from import_lists import DATA, context_of, errors_of, imported_twice, read

from hmi.core.errors import ConfigurationError
from hmi.core.values import DataValue
from hmi.expressions import compile_expression
from hmi.project import new_plant, open_plant
from hmi.project.import_kinds import kind_of
from hmi.project.import_plan import apply_import, plan_import
from hmi.project.importing import Imported
from hmi.project.plant import Plant

FILE = DATA / "sunspec.csv"


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Plant:
    return imported_twice(tmp_path_factory.mktemp("sunspec"), "sunspec", FILE, area="pv")[0]


def model_file(
    tmp_path: Path, *points: dict[str, Any], groups: tuple[Any, ...] = (), name: str = "m"
) -> Path:
    head = [
        {"name": "ID", "type": "uint16", "size": 1, "value": 64_001},
        {"name": "L", "type": "uint16", "size": 1},
    ]
    document = {"id": 64_001, "group": {"name": name, "points": [*head, *points], "groups": list(groups)}}
    file = tmp_path / "model_64001.json"
    file.write_text(json.dumps(document), "utf-8")
    return file


def listed(tmp_path: Path, *lines: str) -> Imported:
    file = tmp_path / "device.csv"
    file.write_text("\n".join(("model,address,name,counts", *lines)), "utf-8")
    return read("sunspec", file)


def evaluated(expression: str, **values: float) -> DataValue:
    given = {name: DataValue(value, 0, 1, 1) for name, value in values.items()}
    return compile_expression(expression).evaluate(given, 1)


def test_points_lie_behind_the_address_of_their_model(plant: Plant) -> None:
    at = plant.by_name
    assert at["pv/inverter.A_raw"].address == "40072 HR"
    assert at["pv/common.Mn"].address == "40004 HR"
    assert at["pv/common.Mn"].options["length"] == 32
    assert at["pv/inverter.A"].unit == "A"
    assert at["pv/inverter.A"].unit_code == "AMP"


def test_enumerations_have_their_states_and_the_one_without_a_value(plant: Plant) -> None:
    states = plant.by_name["pv/inverter.St"].states
    assert states[4] == "MPPT"
    assert states[65_535] == "Not implemented"


def test_repeated_groups_stand_as_often_as_the_list_says(plant: Plant) -> None:
    at = plant.by_name
    assert {"pv/mppt.module_1_DCW", "pv/mppt.module_2_DCW"} <= set(at)
    assert "pv/mppt.module_3_DCW" not in at
    first, second = (at[f"pv/mppt.module_{one}_DCW_raw"].address for one in (1, 2))
    assert (first, second) == ("40143 HR", "40163 HR")


def test_writable_points_ask_once_more_and_keep_their_range(plant: Plant) -> None:
    limit = plant.by_name["pv/DERCtlAC.WMaxLimPct_raw"].command
    assert limit is not None
    assert limit.klass.value == "S"
    assert limit.limits is not None
    assert (limit.limits.low, limit.limits.high) == (0, 65_534)


@pytest.mark.parametrize("power", [-10, -3, -1, 0, 1, 2, 7, 10])
def test_a_scale_factor_is_ten_to_its_power(plant: Plant, power: int) -> None:
    expression = plant.by_name["pv/inverter.A_SF_factor"].expression
    found = evaluated(expression, **{"pv/inverter.A_SF": power})
    assert found.is_good
    assert found.value == pytest.approx(10.0**power)


def test_what_the_device_does_not_have_is_bad(plant: Plant) -> None:
    at = plant.by_name
    missing = evaluated(at["pv/inverter.A_SF_factor"].expression, **{"pv/inverter.A_SF": -32_768})
    assert missing.is_bad
    current = at["pv/inverter.A"].expression
    factor = {"pv/inverter.A_SF_factor": 0.1}
    assert evaluated(current, **{"pv/inverter.A_raw": 65_535, **factor}).is_bad
    assert evaluated(current, **{"pv/inverter.A_raw": 123, **factor}).value == pytest.approx(12.3)
    signed = at["pv/inverter.TmpCab"].expression
    assert evaluated(signed, **{"pv/inverter.TmpCab_raw": -32_768, "pv/inverter.Tmp_SF_factor": 1}).is_bad


def test_bits_are_bad_where_the_field_is_not_implemented(plant: Plant) -> None:
    bits = [one for one in plant.by_name.values() if one.name.startswith("pv/inverter.Evt1_")]
    assert len(bits) > 10
    fault = min(bits, key=lambda one: len(one.expression)).expression
    assert evaluated(fault, **{"pv/inverter.Evt1": 2**32 - 1}).is_bad
    assert evaluated(fault, **{"pv/inverter.Evt1": 0}).value is False


@pytest.mark.slow
def test_every_published_model_becomes_a_type_that_the_plant_takes(tmp_path: Path) -> None:
    import sunspec2

    numbers = sorted(
        int(file.stem[6:]) for file in (Path(sunspec2.__path__[0]) / "models").glob("json/model_*.json")
    )
    assert len(numbers) > 100
    counts = "NPt=2;NCrv=2;NCrvSet=2;NCtl=2;NPrt=2"
    lines = (f"{number},{1000 + 500 * place},m{number},{counts}" for place, number in enumerate(numbers))
    file = tmp_path / "device.csv"
    file.write_text("\n".join(("model,address,name,counts", *lines)), "utf-8")
    folder = new_plant(tmp_path / "plant")
    plan = plan_import(folder, read("sunspec", file, context_of(folder, area="area1")), area="area1")
    assert [fault.text for fault in plan.faults if fault.is_error] == []
    apply_import(plan)
    assert errors_of(folder) == []
    assert len(open_plant(folder).instances) >= len(numbers)


def test_a_fixed_factor_is_a_scale_of_the_register(tmp_path: Path) -> None:
    file = model_file(tmp_path, {"name": "T", "type": "int16", "size": 1, "sf": -1, "units": "C"})
    found = read("sunspec", file, address="40070")
    assert "range = [-3276.7, 3276.7]" in found.types[0].text
    assert "raw = [-32767, 32767]" in found.types[0].text
    assert found.rows[0].cells["parameters"] == "base=40070"


def test_one_model_without_an_address_becomes_a_type_only(tmp_path: Path) -> None:
    file = model_file(tmp_path, {"name": "T", "type": "int16", "size": 1})
    assert kind_of(file).name == "sunspec"
    found = read("sunspec", file)
    assert (len(found.types), found.rows, found.connections) == (1, (), ())
    assert any("without an instance" in fault.text for fault in found.faults)


def test_a_model_beside_the_list_is_taken(tmp_path: Path) -> None:
    model_file(tmp_path, {"name": "X", "type": "uint16", "size": 1})
    found = listed(tmp_path, "64001,100,own,")
    assert [row.name for row in found.rows] == ["sunspec/own"]
    assert found.connections[0].driver == "modbus"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("x,40070,,", "the model 'x' is no whole number"),
        ("103,99999,,", "outside 0 to 65535"),
        ("103,65530,,", "runs past register 65535"),
        ("59999,40070,,", "publishes no model 59999"),
        ("160,40070,,N=0", "how often a group stands"),
        ("712,40070,,NCrv=500;NPt=500", "more than 2000 points"),
        ("../../etc/passwd,1,,", "is no whole number"),
    ],
)
def test_a_line_that_is_wrong_is_one_fault_with_its_line(tmp_path: Path, line: str, said: str) -> None:
    found = listed(tmp_path, "1,40002,,", line)
    wrong = [fault for fault in found.faults if fault.is_error]
    assert len(wrong) == 1
    assert said in wrong[0].text
    assert wrong[0].place.line == 3
    assert len(found.rows) == 1


def test_without_the_package_the_fault_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    found = listed(tmp_path, "103,40070,,")
    assert "is not installed" in found.faults[0].text
    assert "watchkeeper[engineering]" in found.faults[0].do


def test_a_group_without_a_count_is_taken_once_and_said(tmp_path: Path) -> None:
    found = listed(tmp_path, "160,40122,,")
    assert any("does not say how often module stands" in fault.text for fault in found.faults)


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "{}", '{"group": 3}', '{"group": {"name": "x", "points": 3}}', '{"id": 1, "group": {}}',
     '{"id": 1, "group": {"name": "g", "points": [{"name": "p", "type": "int16", "size": -1}]}}',
     '{"id": 1, "group": {"name": "g", "count": -1}}'],
)  # fmt: skip
def test_what_is_no_model_is_refused_in_one_sentence(tmp_path: Path, text: str) -> None:
    file = tmp_path / "x.json"
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigurationError) as caught:
        read("sunspec", file)
    assert "\n" not in str(caught.value)
