"""Types by shape: objects without a type of their own that have the same variables, and only those."""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hmi.check import check_plant
from hmi.core.identity import is_tag_name
from hmi.project import new_plant, open_plant
from hmi.project._space_shapes import common_letters
from hmi.project._space_types import type_name
from hmi.project.address_space import UA_SPACE, Facts, SpaceAsk, SpaceNode, propose
from hmi.project.import_plan import apply_import, plan_import
from hmi.project.importing import Imported, ProposedConnection

Members = dict[str, Facts]


def members(**more: Facts) -> Members:
    return {
        "DP": Facts("float", low=0.0, high=5.0, unit="m"),
        "Hours": Facts("uint32"),
        "Run": Facts("bool"),
        **more,
    }


class Space:
    """A server of plain folders; addresses follow the path."""

    def __init__(self) -> None:
        self.nodes: list[SpaceNode] = []
        self._paths: list[str] = []

    def add(self, name: str, parent: int = -1, inside: Members | None = None, **more: str) -> int:
        place = self._node(
            name, parent, SpaceNode("", parent, name, type_name="FolderType", type_space=UA_SPACE)
        )
        for key, facts in (inside or {}).items():
            self.variable(key, place, facts)
        return place

    def variable(self, name: str, parent: int, facts: Facts) -> int:
        return self._node(name, parent, SpaceNode("", parent, name, "variable", facts=facts))

    def _node(self, name: str, parent: int, node: SpaceNode) -> int:
        self._paths.append(f"{self._paths[parent]}.{name}" if parent >= 0 else name)
        node.address = f"nsu=urn:plc;s={self._paths[-1]}"
        self.nodes.append(node)
        return len(self.nodes) - 1

    def proposed(self, ask: SpaceAsk | None = None) -> Imported:
        return propose(self.nodes, ask or SpaceAsk("plc", "works"))


def kinds(found: Imported) -> Counter[str]:
    return Counter(row.cells["kind"] for row in found.rows)


def filters(count: int) -> Space:
    space = Space()
    hall = space.add("Hall")
    for number in range(1, count + 1):
        space.add(
            f"F30{number}", hall, members(DP=Facts("float", low=0.0, high=float(4 + number // 2), unit="m"))
        )
    return space


def test_folders_with_the_same_variables_become_instances_with_a_reason(tmp_path: Path) -> None:
    space = filters(6)
    space.add("F307", 0, members(More=Facts("bool")))
    found = space.proposed()
    assert kinds(found) == {"f": 6, "tag": 4}
    first = found.rows[0]
    assert (first.name, first.confidence) == ("works/Hall/F301", 0.9)
    assert first.why == "6 objects have these 3 members; all are named like F"
    assert first.cells["parameters"] == "base=Hall.F301;DP.low=0;DP.high=4"
    assert found.notes == [f"type f: 3 signals, 6 instances, a guess: {first.why}"]
    assert [row.confidence for row in found.rows if row.cells["kind"] == "tag"] == [1.0] * 4
    (type_,) = found.types
    assert tomllib.loads(type_.text)["signals"]["DP"]["address"] == "nsu={space};s={base}.DP"
    new_plant(tmp_path / "plant")
    connection = ProposedConnection("plc", "opcua", "opc.tcp://127.0.0.1:4840")
    asked = Imported(rows=found.rows, types=found.types, areas=found.areas, connections=[connection])
    plan = plan_import(tmp_path / "plant", asked)
    assert not plan.is_blocked, plan.faults
    apply_import(plan)
    assert [one.sentence for one in check_plant(tmp_path / "plant") if one.severity == "error"] == []
    tags = open_plant(tmp_path / "plant").by_name
    assert tags["works/Hall/F304.Hours"].address == "nsu=urn:plc;s=Hall.F304.Hours"
    assert [tags[f"works/Hall/F30{n}.DP"].range.high for n in range(1, 8)] == [4, 5, 5, 6, 6, 7, 5]  # type: ignore[union-attr]
    again = plan_import(tmp_path / "plant", asked)
    assert (again.added, again.changed) == (0, 0), again.sentences


def test_too_few_objects_or_members_and_the_option_give_single_tags() -> None:
    assert kinds(filters(2).proposed()) == {"tag": 6}
    assert kinds(filters(2).proposed(SpaceAsk(shapes=2))) == {"f": 2}
    assert kinds(filters(4).proposed(SpaceAsk(shapes=5))) == {"tag": 12}
    assert kinds(filters(4).proposed(SpaceAsk(shapes=0))) == {"tag": 12}
    assert kinds(filters(4).proposed(SpaceAsk(types=False))) == {"tag": 12}
    space = Space()
    for number in range(5):
        space.add(f"X{number}", -1, {"a": Facts("bool"), "b": Facts("bool")})
    assert kinds(space.proposed()) == {"tag": 10}


@pytest.mark.parametrize(
    "odd",
    [
        Facts("float32"),
        Facts("uint32", is_writable=True),
        Facts("uint32", states={0: "Off"}),
        Facts("uint32", problem="odd"),
    ],
)
def test_another_type_right_or_text_is_another_shape(odd: Facts) -> None:
    space = filters(3)
    space.add("F304", 0, members(Hours=odd))
    assert kinds(space.proposed())["f"] == 3
    assert not [row for row in space.proposed().rows if row.name == "works/Hall/F304"]


def test_cousins_are_alike_and_parts_belong_to_the_innermost_object() -> None:
    space = Space()
    for line in ("North", "South", "West"):
        place = space.add(line, -1)
        skid = space.add("Skid", place, {"Level": Facts("float")})
        space.add("Motor", skid, members())
        space.add("Drain", skid, {"Open": Facts("bool"), "Shut": Facts("bool")})
    found = space.proposed()
    assert kinds(found) == {"motor": 3, "skid": 3}
    by_name = {one.name: tomllib.loads(one.text)["signals"] for one in found.types}
    assert list(by_name["skid"]) == ["Level", "Drain_Open", "Drain_Shut"]
    assert list(by_name["motor"]) == ["DP", "Hours", "Run"]


def test_objects_of_another_level_and_what_an_instance_has_besides_stay_out() -> None:
    space = filters(2)
    space.add("F303", -1, members())
    assert kinds(space.proposed()) == {"tag": 9}
    typed = Space()
    for number in range(3):
        place = typed.add(f"P{number}", -1, members())
        typed.nodes[place].type_name, typed.nodes[place].type_space = "PumpType", "urn:maker"
        for extra in range(3):
            typed.variable(f"Own{number}_{extra}", place, Facts("bool"))
    assert kinds(typed.proposed()) == {"pump": 3, "tag": 9}
    assert {row.confidence for row in typed.proposed().rows} == {1.0}


def test_a_structure_with_its_parts_is_an_object_whose_own_tag_stays() -> None:
    space = Space()
    block = space.add("DB_Pumps")
    for number in range(3):
        pump = space.variable(f"P10{number}", block, Facts("structure"))
        for name, facts in members().items():
            space.variable(name, pump, facts)
        plain = space.variable(f"T{number}", block, Facts("float"))
        for name, facts in members().items():
            space.variable(name, plain, facts)
    found = space.proposed()
    assert kinds(found) == {"p": 3, "tag": 15}
    assert "works/DB_Pumps.P100" in {row.name for row in found.rows}


@pytest.mark.parametrize(
    ("names", "common"),
    [
        (["F301", "F302", "F306"], "F"),
        (["Pump_A1", "Pump_B2"], "Pump"),
        (["NorthPump1", "SouthPump2"], "Pump"),
        (["FIC211", "FIC401", "AIC402"], "IC"),
        (["1F", "2F"], "F"),
        (["Skid", "Skid"], "Skid"),
        (["P101A", "P101B"], "P"),
        (["TankA", "PumpA"], ""),
        (["101", "102"], ""),
    ],
)  # fmt: skip
def test_a_type_is_called_what_the_names_share(names: list[str], common: str) -> None:
    assert common_letters(names) == common


def test_names_with_nothing_in_common_give_a_number_and_less_confidence() -> None:
    space = Space()
    for name in ("Anton", "Berta", "Cesar"):
        space.add(name, -1, members())
    row = space.proposed().rows[0]
    assert (row.cells["kind"], row.confidence) == ("type_1", 0.7)
    assert row.why == "3 objects have these 3 members; their names have nothing in common"
    assert type_name("3D-Drucker", set()) == "n3d_drucker"


@given(
    st.lists(
        st.tuples(st.sampled_from(("a", "b1", "b2", "ü", "")), st.integers(-1, 40), st.integers(0, 3)),
        max_size=80,
    )
)
def test_whatever_the_tree_each_variable_is_proposed_once_under_a_legal_name(
    tree: list[tuple[str, int, int]],
) -> None:
    space = Space()
    for name, parent, kind in tree:
        above = min(parent, len(space.nodes) - 1)
        if kind:
            space.variable(name, above, Facts("bool" if kind == 1 else "structure"))
        else:
            space.add(name, above)
    found = space.proposed(SpaceAsk("plc", "works", shapes=2))
    signals = {one.name: len(tomllib.loads(one.text)["signals"]) for one in found.types}
    made = sum(signals.get(row.cells["kind"], 1) for row in found.rows)
    assert made == sum(node.kind == "variable" for node in space.nodes)
    names = [row.name for row in found.rows]
    assert all(map(is_tag_name, names))
    assert len(set(names)) == len(names)
