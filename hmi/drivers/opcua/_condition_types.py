"""Finds the nearest known type of a condition; types of the server's maker derive from those of the standard."""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false
# the library re-exports its names without saying so, and types its integers narrower than it means
from __future__ import annotations

import base64
from uuid import UUID

from asyncua import ua

from hmi.drivers.opcua._event_decode import node_text
from hmi.drivers.opcua._session import Link
from hmi.drivers.opcua._within import within

HAS_SUBTYPE = 45
MAX_DEPTH = 20
MAX_KNOWN = 2_000
UNKNOWN = "ConditionType"
KNOWN = {
    f"i={getattr(ua.ObjectIds, name)}": name
    for name in (
        "ConditionType", "DialogConditionType", "AcknowledgeableConditionType", "AlarmConditionType",
        "LimitAlarmType", "ExclusiveLimitAlarmType", "ExclusiveLevelAlarmType",
        "ExclusiveRateOfChangeAlarmType", "ExclusiveDeviationAlarmType", "NonExclusiveLimitAlarmType",
        "NonExclusiveLevelAlarmType", "NonExclusiveRateOfChangeAlarmType", "NonExclusiveDeviationAlarmType",
        "DiscreteAlarmType", "OffNormalAlarmType", "TripAlarmType", "SystemOffNormalAlarmType",
        "CertificateExpirationAlarmType", "TrustListOutOfDateAlarmType", "InstrumentDiagnosticAlarmType",
        "SystemDiagnosticAlarmType", "DiscrepancyAlarmType",
    )
}  # fmt: skip


class TypeTree:
    """Asks the server for the parents of a type it does not know, once for each type."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._found: dict[str, str] = {}

    def known(self, type_id: str) -> str | None:
        """The nearest known type when nothing has to be asked."""
        return KNOWN.get(type_id) or self._found.get(type_id)

    async def nearest(self, type_id: str) -> str:
        """The nearest known type; plain ``ConditionType`` when the server does not tell. Raises LinkLost."""
        if (known := self.known(type_id)) is not None:
            return known
        at: str | None = type_id
        for _step in range(MAX_DEPTH):
            at = await self._parent(at) if at else None
            if at is None or at in KNOWN:
                break
        found = KNOWN.get(at or "", UNKNOWN)
        if len(self._found) < MAX_KNOWN:
            self._found[type_id] = found
        return found

    async def _parent(self, type_id: str) -> str | None:
        wish = ua.BrowseDescription()
        wish.NodeId, wish.BrowseDirection = node_of(type_id), ua.BrowseDirection.Inverse
        wish.ReferenceTypeId, wish.IncludeSubtypes = ua.NodeId(HAS_SUBTYPE), False
        wish.NodeClassMask, wish.ResultMask = 0, 0
        params = ua.BrowseParameters()
        params.RequestedMaxReferencesPerNode = 1
        params.NodesToBrowse = [wish]
        try:
            async with within(self._link.timeout_s):
                results = await self._link.session.browse(params)
        except ua.UaStatusCodeError:
            return None
        references = results[0].References if results else None
        return text_of(references[0].NodeId) if references else None


def text_of(node: ua.NodeId) -> str | None:
    """A node id of the library as text, in the form of the event decoder."""
    kinds = {ua.NodeIdType.String: "s", ua.NodeIdType.Guid: "g", ua.NodeIdType.ByteString: "b"}
    kind = kinds.get(node.NodeIdType, "i")
    identifier = node.Identifier
    if isinstance(identifier, bytes):
        identifier = base64.b64encode(identifier).decode("ascii")
    return node_text(node.NamespaceIndex, kind, identifier)


def node_of(text: str) -> ua.NodeId:
    """The library's node id of such a text, to the last blank of it."""
    space, _, rest = text.partition(";") if text.startswith("ns=") else ("ns=0", "", text)
    kind, _, value = rest.partition("=")
    identifier: int | str | UUID | bytes = value
    if kind == "i":
        identifier = int(value)
    elif kind == "g":
        identifier = UUID(value)
    elif kind == "b":
        identifier = base64.b64decode(value)
    return ua.NodeId(identifier, int(space[3:]))
