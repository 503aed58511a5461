"""What an address space proposes: names by one rule, types from instances, machines and devices."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hmi.check import check_plant
from hmi.core.identity import is_tag_name
from hmi.project import new_plant
from hmi.project._space_addresses import plan_addresses
from hmi.project.address_space import Facts, SpaceAsk, SpaceNode, propose, standard_type, unit_code
from hmi.project.import_plan import apply_import, plan_import
from hmi.project.importing import Imported, ProposedConnection

PACKML = "http://opcfoundation.org/UA/PackML/"
MAKER = "urn:maker"


def thing(name: str, parent: int = -1, type_: str = "", **more: Any) -> SpaceNode:
    more.setdefault("address", f"nsu=urn:plant;s={name}")
    return SpaceNode(parent=parent, name=name, type_name=type_, type_space=MAKER if type_ else "", **more)


def variable(name: str, parent: int, kind: str = "float", address: str = "", **facts: Any) -> SpaceNode:
    return SpaceNode(
        address or f"nsu=urn:plant;s={name}", parent, name, "variable", facts=Facts(kind, **facts)
    )


def cells(found: Imported) -> dict[str, dict[str, str]]:
    return {row.name: dict(row.cells) for row in found.rows}


# --- names ----------------------------------------------------------------------------------------------


def test_a_name_is_the_path_with_the_variable_as_signal() -> None:
    nodes = [
        thing("Hall 1"), thing("Größe/Meß-Ort", 0), variable("1. Wert", 1), variable("pH", 0), variable("Top", -1),
    ]  # fmt: skip
    assert list(cells(propose(nodes, SpaceAsk("plc", "north")))) == [
        "north/Hall_1/Groesse_Mess-Ort.n1_Wert",
        "north/Hall_1.pH",
        "north.Top",
    ]
    assert list(cells(propose(nodes, SpaceAsk()))) == ["Hall_1/Groesse_Mess-Ort.n1_Wert", "Hall_1.pH", "Top"]


def test_which_of_one_name_gets_a_number_does_not_depend_on_the_order_of_the_browse() -> None:
    both = [variable("x y", 0, address="ns=2;s=a"), variable("x_y", 0, address="ns=2;s=b")]
    ways = [
        {name: one["address"] for name, one in cells(propose([thing("A"), *nodes], SpaceAsk())).items()}
        for nodes in (both, both[::-1])
    ]
    assert ways[0] == ways[1] == {"A.x_y": "ns=2;s=a", "A.x_y_2": "ns=2;s=b"}


def test_two_nodes_of_one_name_are_numbered_and_said() -> None:
    nodes = [thing("A"), variable("x y", 0), variable("x-y", 0), variable("x_y", 0)]
    found = propose(nodes, SpaceAsk())
    assert list(cells(found)) == ["A.x_y", "A.x_y_2", "A.x_y_3"]
    assert [(one.text, one.do, one.is_error) for one in found.faults] == [
        ("A/x-y: the name A.x_y is taken", "it is called A.x_y_2", False),
        ("A/x_y: the name A.x_y is taken", "it is called A.x_y_3", False),
    ]


@given(st.lists(st.tuples(st.text(max_size=80), st.integers(-1, 30), st.booleans()), max_size=40))
def test_every_name_is_legal_and_given_once(tree: list[tuple[str, int, bool]]) -> None:
    nodes: list[SpaceNode] = []
    for name, parent, is_variable in tree:
        above = min(parent, len(nodes) - 1)
        nodes.append(variable(name, above) if is_variable else thing(name, above, type_="PumpType"))
    found = propose(nodes, SpaceAsk("plc", "north"))
    names = [row.name for row in found.rows]
    assert all(map(is_tag_name, names))
    assert len(set(names)) == len(names)


# --- cells ----------------------------------------------------------------------------------------------


def test_only_what_is_known_becomes_a_cell() -> None:
    nodes = [
        variable("a", -1, "float", low=0.0, high=0.1 + 0.2, unit="m³/h", unit_code="MQH", is_writable=True),
        variable("b", -1, "float", low=5.0, high=5.0),
        variable("c", -1, "float", low=float("-inf"), high=1.0),
        variable("d", -1, "enum", states={2: "Auto;Hand", 0: "Off = 0"}, is_writable=True),
        variable("e", -1, "time", is_writable=True),
    ]
    found = cells(propose(nodes, SpaceAsk()))
    assert found["a"] == {
        "kind": "tag", "name": "a", "type": "float", "address": "nsu=urn:plant;s=a", "unit": "m³/h",
        "unit_code": "MQH", "low": "0", "high": "0.30000000000000004", "writable": "true",
    }  # fmt: skip
    assert "low" not in found["b"]
    assert "low" not in found["c"]
    assert found["d"]["states"] == "0=Off = 0;2=Auto,Hand"
    assert "writable" not in found["e"]
    assert "writable" not in cells(propose(nodes, SpaceAsk(writable=False)))["a"]


def test_what_cannot_be_a_tag_is_said_and_left_out() -> None:
    nodes = [
        variable("a", -1, ""),
        variable("b", -1, problem="the server does not let it be read"),
        variable("c", -1, address="nsu=urn:plant;s=c "),
        variable("d", -1, address="ns=1;s=" + "d" * 5000),
        variable("e", -1, address="ns=1;s=\ud800"),
    ]
    found = propose(nodes, SpaceAsk())
    assert found.rows == []
    assert [one.text for one in found.faults] == [
        "a: its data type is not known",
        "b: the server does not let it be read",
        "c: its node id has characters that no file can hold",
        "d: its node id has more than 4096 characters",
        "e: its node id has characters that no file can hold",
    ]


def test_units_and_data_types_of_the_standard() -> None:
    cefact = "http://www.opcfoundation.org/UA/units/un/cefact"
    assert unit_code(4408652, cefact) == "CEL"
    assert unit_code(4408652, "urn:maker") == ""
    assert unit_code(-1, cefact) == unit_code("x", cefact) == unit_code(0x21212121, cefact) == ""
    assert [standard_type(number) for number in (1, 11, 290, 294, 884, 257, 29, 24, 26)] == [
        1, 11, 11, 13, 22, 29, 29, 0, 0,
    ]  # fmt: skip


# --- types ----------------------------------------------------------------------------------------------


def pumps(form: str, count: int = 3) -> list[SpaceNode]:
    """Pumps of one type whose node ids follow ``form``."""
    nodes: list[SpaceNode] = []
    for number in range(count):
        at = len(nodes)
        of = {
            "text": (f"s=P{number}", f"s=P{number}.Speed", f"s=P{number}.Run"),
            "shared": (f"i={number}", f"s=DB{number}/Speed", f"s=DB{number}/Run"),
            "steps": (f"i={100 + 10 * number}", f"i={101 + 10 * number}", f"i={109 + 10 * number}"),
            "least": (f"s=P{number}", f"i={101 + 10 * number}", f"i={109 + 10 * number}"),
            "each": (f"s=P{number}", f"i={number * number + 5}", f"s=run{number}x"),
        }[form]
        head = "nsu=urn:plant;"
        nodes += [
            thing(f"P{number}", -1, "PumpType", address=head + of[0]),
            variable("Speed", at, low=0.0, high=50.0 + number, unit="Hz", address=head + of[1]),
            variable("Run", at, "bool", states={0: "Off", 1: "On"}, is_writable=True, address=head + of[2]),
        ]
    return nodes


@pytest.mark.parametrize("form", ["text", "shared", "steps", "least", "each"])
def test_a_type_gives_every_instance_its_own_addresses(form: str, tmp_path: Path) -> None:
    nodes = pumps(form)
    found = propose(nodes, SpaceAsk("dev", "north"))
    (type_,) = found.types
    assert tomllib.loads(type_.text)["signals"]["Speed"]["range"] == [0, 50]
    new_plant(tmp_path / "plant")
    connection = ProposedConnection("dev", "opcua", "opc.tcp://127.0.0.1:4840")
    plan = plan_import(tmp_path / "plant", Imported(**{**as_dict(found), "connections": [connection]}))
    assert not plan.is_blocked, plan.faults
    apply_import(plan)
    assert [one.sentence for one in check_plant(tmp_path / "plant") if one.severity == "error"] == []
    from hmi.project import open_plant

    tags = open_plant(tmp_path / "plant").by_name
    for number in range(3):
        speed, run = tags[f"north/P{number}.Speed"], tags[f"north/P{number}.Run"]
        assert speed.address == nodes[number * 3 + 1].address
        assert run.address == nodes[number * 3 + 2].address
        assert speed.range is not None
        assert speed.range.high == 50 + number
        assert run.command is not None
        assert speed.command is None
    again = plan_import(tmp_path / "plant", Imported(**{**as_dict(found), "connections": [connection]}))
    assert (again.added, again.changed) == (0, 0), again.sentences


def as_dict(found: Imported) -> dict[str, Any]:
    return {name: getattr(found, name) for name in ("rows", "types", "areas", "faults", "notes")}


def test_one_object_or_one_shared_variable_makes_no_type() -> None:
    assert propose(pumps("text", 1), SpaceAsk()).types == []
    nodes = [thing("A", -1, "T"), variable("x", 0), thing("B", -1, "T"), variable("x", 2), variable("y", 2)]
    assert propose(nodes, SpaceAsk()).types == []
    assert list(cells(propose(nodes, SpaceAsk()))) == ["A.x", "B.x", "B.y"]
    assert propose(pumps("text"), SpaceAsk(types=False)).types == []


def test_a_variable_belongs_to_the_nearest_object_that_makes_an_instance() -> None:
    nodes: list[SpaceNode] = []
    for number in range(2):
        at = len(nodes)
        head = f"nsu=urn:plant;s=S{number}"
        nodes += [
            thing(f"S{number}", -1, "SkidType", address=head),
            thing("Drive", at, "DriveType", address=f"{head}.Drive"),
            variable("Current", at + 1, address=f"{head}.Drive.Current"),
            variable("Level", at, address=f"{head}.Level"),
        ]
    (skid,) = propose(nodes, SpaceAsk()).types
    assert list(tomllib.loads(skid.text)["signals"]) == ["Drive_Current", "Level"]


def test_names_of_types_are_legal_and_differ() -> None:
    nodes = [*pumps("text")]
    other = pumps("steps")
    for node in other:
        node.parent += len(nodes) if node.parent >= 0 else 0
        node.type_space = "urn:other" if node.type_name else ""
        node.name = f"X{node.name}" if node.type_name else node.name
    found = propose([*nodes, *other], SpaceAsk())
    assert [one.name for one in found.types] == ["pump", "pump_2"]
    assert {row.cells["kind"] for row in found.rows} == {"pump", "pump_2"}


@given(
    st.lists(
        st.tuples(st.sampled_from("isg"), st.integers(0, 5), st.text("ab.;{} ", min_size=1, max_size=6)),
        min_size=4, max_size=4,
    )
)  # fmt: skip
def test_a_plan_of_addresses_gives_the_addresses_or_nothing(ids: list[tuple[str, int, str]]) -> None:
    texts = [f"nsu=urn:x;{kind}={number if kind == 'i' else text}" for kind, number, text in ids]
    members = [{"a": texts[0], "b": texts[1]}, {"a": texts[2], "b": texts[3]}]
    plan = plan_addresses(["nsu=urn:x;s=a", "nsu=urn:x;s=b"], members)
    if plan is None:
        return
    from hmi.project._templates import template

    kinds = {one.name: one for one in plan.parameters}
    for wanted, given_ in zip(members, plan.values, strict=True):
        values: dict[str, Any] = {name: one.default for name, one in kinds.items()}
        values |= {
            name: int(text) if kinds[name].type == "integer" else text for name, text in given_.items()
        }
        for signal, text in plan.templates.items():
            assert template(text).render(values) == wanted[signal]
        assert all(";" not in text for text in given_.values())


# --- companion models -----------------------------------------------------------------------------------


def test_the_state_of_a_packml_machine_has_texts_and_only_there() -> None:
    nodes = [
        thing("Filler", space=PACKML),
        variable("StateCurrent", 0, "int32"),
        variable("UnitModeCurrent", 0, "enum"),
        variable("CurrentState", 0, "string"),
        variable("Number", 3, "uint32"),
        variable("Number", 0, "uint32"),
        variable("StateCurrent", -1, "int32"),
    ]
    found = propose(nodes, SpaceAsk())
    made = cells(found)
    assert made["Filler.StateCurrent"]["states"].startswith("1=Clearing;2=Stopped;3=Starting;4=Idle")
    assert made["Filler.UnitModeCurrent"]["states"] == "0=Invalid;1=Production;2=Maintenance;3=Manual"
    assert made["Filler/CurrentState.Number"]["type"] == "enum"
    assert made["Filler.CurrentState"]["type"] == "string"
    assert made["Filler.Number"]["type"] == "uint32"
    assert "states" not in made["StateCurrent"]
    assert len([note for note in found.notes if "speaks PackML" in note]) == 1


def test_a_device_is_noted_with_what_it_says_of_itself() -> None:
    nodes = [thing("FT101", identity={"Manufacturer": "Flow\nmakers", "SerialNumber": "7"})]
    assert propose(nodes, SpaceAsk()).notes == [
        "FT101 says of itself: Manufacturer Flow makers, SerialNumber 7"
    ]
