"""The address space of a plant: folders of its tree, one variable for each series, and the values in them.

Nodes are put straight into the library's address space: its own way compares each new node with all its neighbours,
and checks at each value what is known here to be right.
"""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false
# the library re-exports its names without saying so, and types its integers narrower than it means
from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

from asyncua import ua
from asyncua.server.address_space import AddressSpace, AttributeValue, NodeData

from hmi.core import quality
from hmi.core.values import DataValue, ValueType
from hmi.export.port import ExportTag, Schema
from hmi.exporters.opcua_server._values import data_type, encoded, is_counted

log = logging.getLogger(__name__)
UNITS: Final = "http://www.opcfoundation.org/UA/units/un/cefact"
SCALAR, ONE_DIMENSION, ANY_RANK = -1, 1, -2
_READ: Final = ua.Variant(1, ua.VariantType.Byte)  # CurrentRead and nothing else
_IDS: Final = ua.ObjectIds
_NUMBERS: Final = frozenset({ValueType.INT64, ValueType.UINT64, ValueType.FLOAT32, ValueType.FLOAT64})


def unit_id(code: str) -> int:
    """The number of a code of UNECE Recommendation 20: its letters as bytes (OPC 10000-8, 5.6.3); -1 for none."""
    return int.from_bytes(code.encode("ascii"), "big") if code.isascii() and 0 < len(code) <= 3 else -1


class Space:
    """The nodes of one plant in the namespace ``index``; ``put`` gives them values."""

    def __init__(self, nodes: AddressSpace, index: int, schema: Schema, *, is_simulated: bool) -> None:
        self._nodes, self._index, self._is_simulated = nodes, index, is_simulated
        self._values: list[AttributeValue] = []
        self._texts: dict[int, AttributeValue] = {}
        self._folders: dict[tuple[str, ...], NodeData] = {}
        self.tags: Sequence[ExportTag] = schema.tags
        self._kinds = [data_type(tag) for tag in schema.tags]
        for place, tag in enumerate(schema.tags):
            self._add_series(place, tag, schema.made)

    async def put(self, place: int, value: DataValue) -> None:
        """The value of a series from now on; whoever monitors it is told."""
        await self._set(self._values[place], encoded(self._kinds[place], value))
        if (shown := self._texts.get(place)) is not None:
            content = None
            if value.status < quality.BAD and isinstance(value.value, int):
                content = self.tags[place].states.get(value.value, "")
            status = value.status if content is not None or value.is_bad else quality.BAD_NO_DATA
            await self._set(shown, _localized(content, DataValue(None, status, *value[2:])))

    async def _set(self, held: AttributeValue, value: ua.DataValue) -> None:
        held.value = value
        for handle, tell in list(held.datachange_callbacks.items()):
            try:
                await tell(handle, value)
            except Exception as error:
                # The border to what a client asked for: its filter must not stop the values of the others.
                log.debug("A monitored item does not take the value: %r", error)

    # ------------------------------------------------------------------ nodes

    def _add_series(self, place: int, tag: ExportTag, made: int) -> None:
        parent = self._folder(tag.path[:-1])
        kind, type_id = self._kinds[place], _type_of(tag)
        waiting = DataValue(None, quality.BAD_WAITING_FOR_INITIAL_DATA, made, made)
        held = AttributeValue(encoded(kind, waiting))
        node = self._variable(parent, tag.key, tag.path[-1], type_id, kind, held, tag.description)
        self._values.append(held)
        for name, kind_of, content in _properties(tag):
            self._property(node, tag.key, name, kind_of, content)
        if self._is_simulated:
            self._property(node, tag.key, "Simulated", ua.VariantType.Boolean, True, own=True)
        if type_id == _IDS.MultiStateValueDiscreteType:
            self._texts[place] = text = AttributeValue(encoded(ua.VariantType.LocalizedText, waiting))
            self._add_property(
                node, tag.key, ua.QualifiedName("ValueAsText", 0), ua.VariantType.LocalizedText, text
            )

    def _folder(self, path: tuple[str, ...]) -> NodeData:
        if not path:
            return self._nodes[ua.NodeId(_IDS.ObjectsFolder)]
        if (found := self._folders.get(path)) is not None:
            return found
        parent = self._folder(path[:-1])
        name = "path:" + "/".join(quote(one, safe="") for one in path)
        node = self._node(name, path[-1], ua.NodeClass.Object)
        self._put_attribute(node, "EventNotifier", ua.Variant(0, ua.VariantType.Byte))
        self._link(parent, node, _IDS.Organizes, _IDS.FolderType, ua.NodeClass.Object)
        self._folders[path] = node
        if self._is_simulated and len(path) == 1:
            self._property(node, name, "Simulated", ua.VariantType.Boolean, True, own=True)
        return node

    def _variable(
        self,
        parent: NodeData,
        key: str,
        name: str,
        type_id: int,
        kind: ua.VariantType | None,
        held: AttributeValue,
        description: str,
    ) -> NodeData:
        node = self._node(key, name, ua.NodeClass.Variable, description)
        rank = ANY_RANK if kind is None else SCALAR
        self._put_value(node, ua.NodeId(int(kind) if kind is not None else _IDS.BaseDataType), rank, held)
        self._link(parent, node, _IDS.HasComponent, type_id, ua.NodeClass.Variable)
        return node

    def _property(
        self, parent: NodeData, key: str, name: str, kind: Any, content: Any, *, own: bool = False
    ) -> None:
        is_list = isinstance(content, list)
        variant = kind if isinstance(kind, ua.VariantType) else ua.VariantType.ExtensionObject
        held = AttributeValue(ua.DataValue(ua.Variant(content, variant)))
        named = ua.QualifiedName(name, self._index if own else 0)
        self._add_property(parent, key, named, kind, held, ONE_DIMENSION if is_list else SCALAR)

    def _add_property(
        self,
        parent: NodeData,
        key: str,
        name: ua.QualifiedName,
        kind: int,
        held: AttributeValue,
        rank: int = SCALAR,
    ) -> None:
        node = self._node(f"{key}#{name.Name}", name.Name, ua.NodeClass.Variable, named=name)
        self._put_value(node, ua.NodeId(int(kind)), rank, held)
        self._link(parent, node, _IDS.HasProperty, _IDS.PropertyType, ua.NodeClass.Variable)

    def _node(
        self,
        key: str,
        name: str,
        kind: ua.NodeClass,
        description: str = "",
        named: ua.QualifiedName | None = None,
    ) -> NodeData:
        node = NodeData(ua.NodeId(key, self._index))
        self._put_attribute(node, "NodeId", ua.Variant(node.nodeid, ua.VariantType.NodeId))
        self._put_attribute(node, "NodeClass", ua.Variant(kind, ua.VariantType.Int32))
        browse = named or ua.QualifiedName(name, self._index)
        self._put_attribute(node, "BrowseName", ua.Variant(browse, ua.VariantType.QualifiedName))
        self._put_attribute(node, "DisplayName", ua.Variant(ua.LocalizedText(name)))
        self._put_attribute(node, "Description", ua.Variant(ua.LocalizedText(description)))
        for mask in ("WriteMask", "UserWriteMask"):
            self._put_attribute(node, mask, ua.Variant(0, ua.VariantType.UInt32))
        self._nodes[node.nodeid] = node
        return node

    def _put_value(self, node: NodeData, kind: ua.NodeId, rank: int, held: AttributeValue) -> None:
        node.attributes[ua.AttributeIds.Value] = held
        self._put_attribute(node, "DataType", ua.Variant(kind, ua.VariantType.NodeId))
        self._put_attribute(node, "ValueRank", ua.Variant(rank, ua.VariantType.Int32))
        self._put_attribute(node, "AccessLevel", _READ)
        self._put_attribute(node, "UserAccessLevel", _READ)
        self._put_attribute(node, "Historizing", ua.Variant(False))
        self._put_attribute(node, "MinimumSamplingInterval", ua.Variant(-1.0))

    def _put_attribute(self, node: NodeData, name: str, content: ua.Variant) -> None:
        node.attributes[getattr(ua.AttributeIds, name)] = AttributeValue(ua.DataValue(content))

    def _link(self, parent: NodeData, node: NodeData, by: int, type_id: int, kind: ua.NodeClass) -> None:
        """Forward from the parent, back to it, and to the type."""
        parent.references.append(_reference(by, node, kind, type_id, forward=True))
        above = _content(parent, ua.AttributeIds.NodeClass)
        node.references.append(_reference(by, parent, above, _IDS.Null, forward=False))
        definition = self._nodes[ua.NodeId(type_id)]
        node.references.append(
            _reference(
                _IDS.HasTypeDefinition,
                definition,
                _content(definition, ua.AttributeIds.NodeClass),
                _IDS.Null,
                forward=True,
            )
        )


def _reference(
    by: int, target: NodeData, kind: ua.NodeClass, type_id: int, *, forward: bool
) -> ua.ReferenceDescription:
    return ua.ReferenceDescription(
        ReferenceTypeId=ua.NodeId(by),
        IsForward=forward,
        NodeId=target.nodeid,
        BrowseName=_content(target, ua.AttributeIds.BrowseName),
        DisplayName=_content(target, ua.AttributeIds.DisplayName),
        NodeClass=kind,
        TypeDefinition=ua.NodeId(type_id),
    )


def _content(node: NodeData, attribute: ua.AttributeIds) -> Any:
    held = node.attributes[attribute].value
    assert held is not None
    assert held.Value is not None
    return held.Value.Value


def _type_of(tag: ExportTag) -> int:
    """The VariableType that fits what is known of a series."""
    if tag.type is ValueType.BOOL:
        return _IDS.TwoStateDiscreteType
    if tag.type is ValueType.ENUM or (tag.states and tag.type in (ValueType.INT64, ValueType.UINT64)):
        return _IDS.MultiStateDiscreteType if is_counted(tag) else _IDS.MultiStateValueDiscreteType
    if tag.type not in _NUMBERS:
        return _IDS.DataItemType
    if tag.low is not None and tag.high is not None:
        return _IDS.AnalogItemType
    return _IDS.AnalogUnitType if tag.unit or tag.unit_code else _IDS.BaseAnalogType


def _properties(tag: ExportTag) -> list[tuple[str, int, Any]]:
    """(name, data type, content) of what describes a series."""
    found: list[tuple[str, int, Any]] = []
    text, kind = ua.VariantType.LocalizedText, _type_of(tag)
    if kind == _IDS.TwoStateDiscreteType:
        found.append(("TrueState", text, ua.LocalizedText(tag.states.get(1, "true"))))
        found.append(("FalseState", text, ua.LocalizedText(tag.states.get(0, "false"))))
    elif kind == _IDS.MultiStateDiscreteType:
        found.append(("EnumStrings", text, [ua.LocalizedText(tag.states[at]) for at in sorted(tag.states)]))
    elif kind == _IDS.MultiStateValueDiscreteType:
        states = [
            ua.EnumValueType(at, ua.LocalizedText(tag.states[at]), ua.LocalizedText(""))
            for at in sorted(tag.states)
        ]
        found.append(("EnumValues", _IDS.EnumValueType, states))
    if tag.type in _NUMBERS and tag.low is not None and tag.high is not None:
        found.append(("EURange", _IDS.Range, ua.Range(tag.low, tag.high)))
    if tag.type in _NUMBERS and (tag.unit or tag.unit_code):
        shown = ua.LocalizedText(tag.unit or tag.unit_code)
        found.append(
            (
                "EngineeringUnits",
                _IDS.EUInformation,
                ua.EUInformation(UNITS, unit_id(tag.unit_code), shown, shown),
            )
        )
    if tag.aggregate:
        formula = f"{tag.aggregate} of each {tag.interval_s} s"
        found.append(("Definition", ua.VariantType.String, formula))
    return found


def _localized(content: str | None, value: DataValue) -> ua.DataValue:
    """The text of a state, with the times of its value."""
    made = encoded(ua.VariantType.LocalizedText, value)
    if content is None:
        return made
    return ua.DataValue(
        ua.Variant(ua.LocalizedText(content)),
        StatusCode=ua.StatusCode(value.status),
        SourceTimestamp=made.SourceTimestamp,
        ServerTimestamp=made.ServerTimestamp,
    )
