"""Whatever stands in a JSON file: the importer of Ignition never crashes, and each fault says where."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from import_lists import DATA, read

from hmi.core.identity import is_tag_name
from hmi.expressions import compile_expression
from hmi.project.importing import ImportContext

NAMES = st.sampled_from(["A", "B", "C", "pv", "sp", "Motor 1", "ä/ö", "..", "x.y", "'", "🚰", "", "_types_"])
NUMBERS = st.one_of(st.integers(-5, 500), st.floats(allow_nan=False, allow_infinity=False), st.just(10**400))
BOUND = st.sampled_from(
    ["{P}", "{P+1}", "{Q-3}", "ns=1;s=[{P}]HR{Q}", "[plc]HRF{Q+2}", "{", "}", "{{P}}", "{P|00}"]
)
TEXTS = st.one_of(
    BOUND,
    st.sampled_from(
        ["[plc]HR1", "ns=2;s=x", "[plc]C1", "", "Linear", "expr", "opc", "memory", "{[.]pv} * 2", "Float4"]
    ),
    st.text(max_size=12),
)
VALUES: st.SearchStrategy[Any] = st.one_of(
    TEXTS,
    NUMBERS,
    st.booleans(),
    st.none(),
    st.builds(
        lambda kind, text: {"bindType": kind, "binding": text}, st.sampled_from(["parameter", "x"]), BOUND
    ),
    st.builds(lambda text: {"bindType": "Expression", "value": text}, TEXTS),
    st.lists(st.integers(), max_size=2),
)
KEYS = st.sampled_from([
    "valueSource", "dataType", "opcItemPath", "opcServer", "engLow", "engHigh", "scaleMode", "rawLow", "rawHigh",
    "scaledLow", "scaledHigh", "expression", "deadband", "deadbandMode", "formatString", "documentation", "enabled",
    "historyEnabled", "readOnly", "typeId", "sourceTagPath", "mode", "setpointA", "priority", "bitPosition",
])  # fmt: skip
PROPS = st.dictionaries(KEYS, VALUES, max_size=8)
ALARMS = st.lists(st.builds(lambda name, props: {"name": name, **props}, NAMES, PROPS), max_size=2)
KINDS = st.sampled_from(["Provider", "Folder", "UdtType", "UdtInstance", "AtomicTag", "Nothing", 3, None])


def _node(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(
        lambda name, kind, props, tags, parameters, alarms, kind_id: {
            "name": name, "tagType": kind, "typeId": kind_id, **props, "tags": tags, "parameters": parameters,
            "alarms": alarms,
        },
        st.one_of(NAMES, st.integers()),
        KINDS,
        PROPS,
        st.one_of(st.lists(children, max_size=4), st.just("x")),
        st.one_of(st.dictionaries(st.sampled_from(["P", "Q", "id"]), VALUES, max_size=3), st.none(), st.just([1])),
        st.one_of(ALARMS, st.none(), st.just({"a": 1})),
        st.sampled_from(["A", "B", "[default]_types_/C", "Nowhere", "", None]),
    )  # fmt: skip


TREES = st.recursive(VALUES, _node, max_leaves=12)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=TREES, area=st.sampled_from(["", "north"]))
def test_any_tree_is_read_without_a_crash_and_every_fault_has_a_place(
    tmp_path: Path, tree: Any, area: str
) -> None:
    file = tmp_path / "tags.json"
    document = {
        "name": "",
        "tagType": "Provider",
        "tags": [{"name": "_types_", "tagType": "Folder", "tags": [tree]}, tree],
    }
    file.write_text(json.dumps(document), "utf-8")
    found = read("ignition", file, ImportContext(connections={"plc": "modbus"}, areas=("a",), area=area))
    assert all(fault.place.path and fault.text and "\n" not in fault.text for fault in found.faults)
    assert all(is_tag_name(row.name) for row in found.rows)
    assert len({row.name for row in found.rows}) == len(found.rows)
    for row in found.rows:
        if expression := row.cells.get("expression"):
            compile_expression(expression)
        assert all("\n" not in text for text in row.cells.values())


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_true_export_with_a_part_exchanged_is_read_without_a_crash(
    tmp_path: Path, data: st.DataObject
) -> None:
    document = json.loads((DATA / "ignition.json").read_text("utf-8"))
    at: Any = document
    while isinstance(at, dict | list) and at:
        keys = list(at) if isinstance(at, dict) else list(range(len(at)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(at[key], dict | list) or data.draw(st.integers(0, 3)) == 0:
            at[key] = data.draw(VALUES)
            break
        at = at[key]
    file = tmp_path / "tags.json"
    file.write_text(json.dumps(document), "utf-8")
    found = read("ignition", file)
    assert all(fault.place.path for fault in found.faults)
