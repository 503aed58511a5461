"""Reads what the variables of a walk are: data types, ranges, units, states, access."""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false, reportAttributeAccessIssue=false
# the library re-exports its names without saying so, and types its integers narrower than it means
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from asyncua import ua

from hmi.drivers.opcua._browse_ask import HAS_PROPERTY, HAS_SUBTYPE, Asker
from hmi.drivers.opcua._browse_walk import ARGUMENTS, Walked
from hmi.drivers.opcua._subscribe import chunks
from hmi.drivers.opcua._values import text
from hmi.project.address_space import BUILT_IN, IDENTITY, Facts, SpaceNode, standard_type, unit_code

READ, WRITE, HISTORY = 1, 2, 4
ENUMERATION: Final = 29
MOST_LEVELS: Final = 20
VALUES_CHUNK: Final = 50
TYPES_CHUNK: Final = 50
MOST_TEXT: Final = 2000
OF_A_VARIABLE: Final = (
    ua.AttributeIds.DataType, ua.AttributeIds.ValueRank, ua.AttributeIds.AccessLevel, ua.AttributeIds.UserAccessLevel,
    ua.AttributeIds.Historizing, ua.AttributeIds.Description,
)  # fmt: skip
WRITTEN_AS_TEXT_ONLY: Final = frozenset((14, 16, 17, 18, 20))
"""GUIDs, node ids and the like are shown as texts, and a text cannot be written to them."""
_DATA_TYPE_MASK: Final = int(ua.NodeClass.DataType)


class Describer:
    """Fills in the nodes of a walk as they come, and at its end what belongs to types."""

    def __init__(self, asker: Asker, chunk: int) -> None:
        self._asker, self._chunk = asker, chunk
        self._data_types: dict[int, ua.NodeId] = {}
        self._is_array: set[int] = set()
        self.found: Walked | None = None

    async def describe(self, places: Sequence[int], properties: Sequence[tuple[int, str, ua.NodeId]]) -> None:
        """Attributes of new nodes and values of new properties."""
        found = self.found
        assert found is not None
        await self._attributes(found, places)
        for part in chunks(properties, VALUES_CHUNK):
            values = await self._asker.read([(node, ua.AttributeIds.Value) for _place, _name, node in part])
            for (place, name, _node), value in zip(part, values, strict=True):
                _keep(found.nodes[place], name, value)

    async def _attributes(self, found: Walked, places: Sequence[int]) -> None:
        wishes: list[tuple[int, ua.AttributeIds]] = []
        for place in places:
            is_variable = found.nodes[place].kind == "variable"
            wanted = OF_A_VARIABLE if is_variable else (ua.AttributeIds.Description,)
            wishes += [(place, one) for one in wanted]
        answers: dict[int, dict[ua.AttributeIds, Any]] = {place: {} for place in places}
        for part in chunks(wishes, self._chunk):
            values = await self._asker.read([(found.ids[place], one) for place, one in part])
            for (place, one), value in zip(part, values, strict=True):
                answers[place][one] = value
        for place, given in answers.items():
            self._take(found.nodes[place], place, given)

    def _take(self, node: SpaceNode, place: int, given: Mapping[ua.AttributeIds, Any]) -> None:
        node.description = _told(given.get(ua.AttributeIds.Description))
        if node.kind == "method":
            node.facts = node.facts or Facts(
                "bool", is_writable=True
            )  # until its arguments say something else
        if node.kind != "variable":
            return
        facts = node.facts = node.facts or Facts()
        data_type, rank = given.get(ua.AttributeIds.DataType), given.get(ua.AttributeIds.ValueRank)
        if isinstance(data_type, ua.NodeId):
            self._data_types[place] = data_type
        if isinstance(rank, int) and rank >= 0:
            self._is_array.add(place)
        level = _number(given.get(ua.AttributeIds.AccessLevel), READ)
        mine = _number(given.get(ua.AttributeIds.UserAccessLevel), level)
        facts.is_writable = bool(level & mine & WRITE)
        facts.has_history = bool(level & HISTORY) or given.get(ua.AttributeIds.Historizing) is True
        if not level & mine & READ:
            facts.problem = "the server does not let it be read"

    # --- types ----------------------------------------------------------------------------------------

    async def finish(self, namespaces: Sequence[str]) -> None:
        """Names of the object types, built-in types behind the data types, texts of enumerations."""
        found = self.found
        assert found is not None
        await self._name_types(found, namespaces)
        built_in = await self._built_in_types()
        states = await self._enumerations(
            [node for node, number in built_in.items() if number == ENUMERATION]
        )
        unclear: list[int] = []
        for place, data_type in self._data_types.items():
            facts = found.nodes[place].facts
            number = built_in.get(data_type, 0)
            if facts is None or not number:
                unclear.append(place)
                continue
            self._set_type(found.nodes[place], place, number)
            if facts.type == "enum" and not facts.states:
                facts.states = states.get(data_type, {})
        await self._by_value(found, unclear)

    def finish_alone(self) -> None:
        """The same without the server: only what the standard says."""
        found = self.found
        assert found is not None
        for place, data_type in self._data_types.items():
            facts = found.nodes[place].facts
            if facts is not None and not facts.type:
                number = standard_type(data_type.Identifier) if _is_standard(data_type) else 0
                self._set_type(found.nodes[place], place, number)

    def _set_type(self, node: SpaceNode, place: int, number: int) -> None:
        facts = node.facts
        if facts is None:
            return
        kind = BUILT_IN.get(number, "")
        if place in self._is_array:
            kind = "array" if kind else ""
        if facts.states and "int" in kind:
            kind = "enum"
        if facts.states and kind not in ("bool", "enum"):
            facts.states = {}
        facts.type = kind
        facts.is_writable = facts.is_writable and number not in WRITTEN_AS_TEXT_ONLY

    async def _name_types(self, found: Walked, namespaces: Sequence[str]) -> None:
        known = list(dict.fromkeys(one for one in found.types if one is not None))
        names: dict[ua.NodeId, tuple[str, str]] = {}
        for part in chunks(known, self._chunk):
            values = await self._asker.read([(node, ua.AttributeIds.BrowseName) for node in part])
            for node, name in zip(part, values, strict=True):
                if isinstance(name, ua.QualifiedName):
                    index = node.NamespaceIndex
                    space = namespaces[index] if index < len(namespaces) else str(index)
                    names[node] = (text(name.Name) or "", space)
        for node, kind in zip(found.nodes, found.types, strict=True):
            if kind in names:
                node.type_name, node.type_space = names[kind]

    async def _built_in_types(self) -> dict[ua.NodeId, int]:
        """Each data type followed upwards to one of the standard; 0 where that leads nowhere."""
        at = {one: one for one in self._data_types.values()}
        done: dict[ua.NodeId, int] = {}
        for _level in range(MOST_LEVELS):
            open_ = {one: where for one, where in at.items() if one not in done}
            done |= {one: standard_type(w.Identifier) for one, w in open_.items() if _is_standard(w)}
            rest = {one: where for one, where in open_.items() if one not in done}
            if not rest:
                break
            parents = await self._parents(list(dict.fromkeys(rest.values())))
            done |= {one: 0 for one, where in rest.items() if where not in parents}
            at = {one: parents[where] for one, where in rest.items() if where in parents}
        return done

    async def _parents(self, nodes: Sequence[ua.NodeId]) -> dict[ua.NodeId, ua.NodeId]:
        found: dict[ua.NodeId, ua.NodeId] = {}
        for part in chunks(nodes, TYPES_CHUNK):
            results = await self._asker.browse(part, mask=_DATA_TYPE_MASK, kind=HAS_SUBTYPE, inverse=True)
            for node, result in zip(part, results, strict=True):
                if result.References:
                    found[node] = result.References[0].NodeId
        return found

    async def _enumerations(self, nodes: Sequence[ua.NodeId]) -> dict[ua.NodeId, dict[int, str]]:
        """The texts that a data type has: its definition, else its property with them."""
        found: dict[ua.NodeId, dict[int, str]] = {}
        for part in chunks(nodes, TYPES_CHUNK):
            values = await self._asker.read([(node, ua.AttributeIds.DataTypeDefinition) for node in part])
            for node, value in zip(part, values, strict=True):
                if isinstance(value, ua.EnumDefinition):
                    fields = value.Fields or []
                    found[node] = {int(one.Value): _told(one.DisplayName) or str(one.Name) for one in fields}
            rest = [node for node in part if not found.get(node)]
            results = await self._asker.browse(rest, kind=HAS_PROPERTY) if rest else []
            owners = [
                (node, str(one.BrowseName.Name), one.NodeId)
                for node, result in zip(rest, results, strict=True)
                for one in result.References or ()
                if one.BrowseName.Name in ("EnumStrings", "EnumValues")
            ]
            values = (
                await self._asker.read([(node, ua.AttributeIds.Value) for _, _, node in owners])
                if owners
                else []
            )
            for (node, _name, _id), value in zip(owners, values, strict=True):
                found[node] = states_of(value)
        return found

    async def _by_value(self, found: Walked, places: Sequence[int]) -> None:
        """A variable that may hold anything: what it holds now."""
        for part in chunks(places, VALUES_CHUNK):
            kinds = await self._asker.read_types([found.ids[place] for place in part])
            for place, (number, is_array) in zip(part, kinds, strict=True):
                if is_array:
                    self._is_array.add(place)
                self._set_type(found.nodes[place], place, number)


def _is_standard(node: ua.NodeId) -> bool:
    return node.NamespaceIndex == 0 and isinstance(node.Identifier, int)


def _number(value: Any, otherwise: int) -> int:
    return int(value) if isinstance(value, int) else otherwise


def _told(value: Any) -> str:
    """The text of a LocalizedText."""
    found = value.Text if isinstance(value, ua.LocalizedText) else value
    return (text(found) or "")[:MOST_TEXT] if isinstance(found, str) else ""


# --- properties -----------------------------------------------------------------------------------------


def _keep(node: SpaceNode, name: str, value: Any) -> None:
    """One property of a node."""
    if value is None:
        return
    if name in IDENTITY:
        if told := _told(value) or (str(value) if isinstance(value, int) else ""):
            node.identity[name] = told
        return
    facts = node.facts = node.facts or Facts()
    if name == ARGUMENTS:
        _keep_arguments(facts, value)
    elif name == "EURange" and isinstance(value, ua.Range):
        facts.low, facts.high = float(value.Low), float(value.High)
    elif name == "EngineeringUnits" and isinstance(value, ua.EUInformation):
        facts.unit = _told(value.DisplayName)
        facts.unit_code = unit_code(value.UnitId, str(value.NamespaceUri or ""))
    elif name in ("EnumStrings", "EnumValues"):
        facts.states = states_of(value)
    elif name in ("TrueState", "FalseState") and (told := _told(value)):
        facts.states = {**facts.states, int(name == "TrueState"): told}


def _keep_arguments(facts: Facts, value: Any) -> None:
    """A command calls a method with one argument at most."""
    kinds = [getattr(one, "DataType", None) for one in value] if isinstance(value, list) else []
    if len(kinds) > 1:
        facts.problem = "a command calls a method with one argument at most"
    elif kinds:
        node = kinds[0]
        known = isinstance(node, ua.NodeId) and _is_standard(node)
        facts.type = BUILT_IN.get(standard_type(node.Identifier), "") if known and node is not None else ""
        if not facts.type:
            facts.problem = "the type of its argument is not one of the standard"


def states_of(value: Any) -> dict[int, str]:
    """Texts by number from EnumStrings (a list of texts) or EnumValues (numbers with texts)."""
    found: dict[int, str] = {}
    for place, one in enumerate(value if isinstance(value, list) else ()):
        number = getattr(one, "Value", place)
        label = getattr(one, "DisplayName", one)
        if isinstance(number, int) and (told := _told(label)):
            found[number] = told
    return found
