"""What a NodeSet2 file says of a variable: type, range, unit, states, access."""

from __future__ import annotations

import math
from collections.abc import Mapping

from hmi.importers.nodeset._graph import Graph
from hmi.importers.nodeset._reader import UA, Node, NodeKey, Part
from hmi.project.address_space import BUILT_IN, Facts, unit_code

READ, WRITE, HISTORY = 1, 2, 4
_TEXT_ONLY = frozenset((14, 16, 17, 18, 20))


def facts_of(node: Node, graph: Graph) -> Facts:
    """The facts of a variable with those of its properties."""
    attributes = node.attributes
    data_type = graph.main.key(attributes.get("DataType", "i=24")) if node.key in graph.main.nodes else None
    data_type = data_type or _foreign_type(node, graph)
    number, last = graph.built_in(data_type)
    level = whole(attributes.get("AccessLevel", ""), READ)
    facts = Facts(
        type=BUILT_IN.get(number, ""),
        is_writable=bool(level & WRITE) and number not in _TEXT_ONLY,
        has_history=bool(level & HISTORY) or attributes.get("Historizing", "") in ("true", "1"),
    )
    if whole(attributes.get("ValueRank", ""), -1) >= 0 and facts.type:
        facts.type = "array"
    if not level & READ:
        facts.problem = "the file does not let it be read"
    elif not facts.type:
        facts.problem = _not_known(last, data_type)
    for _kind, below in graph.below(node.key):
        if below.value is not None:
            _keep(facts, below.name, below.value)
    if not facts.states and facts.type == "enum":
        facts.states = states_of_type(data_type, graph)
    return _settled(facts)


def _foreign_type(node: Node, graph: Graph) -> NodeKey:
    """The data type of a node of another file, whose namespaces have other numbers."""
    for document in graph.documents:
        if node.key in document.nodes and (key := document.key(node.attributes.get("DataType", "i=24"))):
            return key
    return UA, "i=24"


def _settled(facts: Facts) -> Facts:
    if facts.states and "int" in facts.type:
        facts.type = "enum"
    if facts.type not in ("bool", "enum"):
        facts.states = {}
    return facts


def _not_known(last: NodeKey, data_type: NodeKey) -> str:
    if last[0] == UA:
        return "it may hold any type; browse the server, which says what it holds"
    return f"its data type {data_type[1]} is of the model {last[0]}, whose file is not in the folder"


def whole(text: str, otherwise: int) -> int:
    """A whole number of an attribute."""
    try:
        return int(text)
    except ValueError:
        return otherwise


def states_of_type(data_type: NodeKey, graph: Graph) -> dict[int, str]:
    """The texts of an enumeration: its properties, else the fields of its definition."""
    node = graph.nodes.get(data_type)
    if node is None:
        return {}
    for _kind, below in graph.below(data_type):
        if below.name in ("EnumStrings", "EnumValues") and below.value is not None:
            return states_of(below.value)
    return {number: name for value, name in node.fields if (number := whole(value, -1)) >= 0}


def states_of(value: Part) -> dict[int, str]:
    """Texts by number from EnumStrings (a list of texts) or EnumValues (numbers with texts)."""
    if numbered := value.all("EnumValueType"):
        pairs = ((whole(one.told("Value"), -1), one.told("DisplayName", "Text")) for one in numbered)
        return {number: text for number, text in pairs if text}
    texts = (one.told("Text") for one in value.all("LocalizedText"))
    return {number: text for number, text in enumerate(texts) if text}


def text_of(value: Part) -> str:
    """A text, a localized text or a number."""
    inner = value.parts[0] if value.parts else value
    return inner.told("Text") or inner.text


def _keep(facts: Facts, name: str, value: Part) -> None:
    if name == "EURange":
        facts.low, facts.high = _number(value, "Low"), _number(value, "High")
    elif name == "EngineeringUnits" and (found := value.all("EUInformation")):
        facts.unit = found[0].told("DisplayName", "Text")
        facts.unit_code = unit_code(whole(found[0].told("UnitId"), 0), found[0].told("NamespaceUri"))
    elif name in ("EnumStrings", "EnumValues"):
        facts.states = states_of(value)
    elif name in ("TrueState", "FalseState"):
        facts.states = _with(facts.states, int(name == "TrueState"), text_of(value))


def _with(states: Mapping[int, str], number: int, text: str) -> Mapping[int, str]:
    return {**states, number: text} if text else states


def _number(value: Part, name: str) -> float | None:
    try:
        number = float(value.all(name)[0].text)
    except (IndexError, ValueError):
        return None
    return number if math.isfinite(number) else None
