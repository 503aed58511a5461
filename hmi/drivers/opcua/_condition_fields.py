"""Which fields of an event are asked for, and what they say of a condition (standards 1.12)."""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false
# the library re-exports its names without saying so, and types its integers narrower than it means
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from asyncua import ua

from hmi.core import quality
from hmi.core.conditions import ConditionUpdate
from hmi.drivers.opcua._event_decode import BOOLEAN, NODE, STATUS, TIME, Field
from hmi.drivers.opcua._times import TimeRule

BASE, CONDITION, ACKNOWLEDGEABLE, ALARM, DIALOG = 2041, 2782, 2881, 2915, 2830
REFRESH_START, REFRESH_END, REFRESH_REQUIRED, QUEUE_OVERFLOW = "i=2787", "i=2788", "i=2789", "i=3035"
MARKS = frozenset((REFRESH_START, REFRESH_END, REFRESH_REQUIRED, QUEUE_OVERFLOW))
SHELVES = {"i=2930": "", "i=2932": "timed", "i=2933": "one-shot"}
# a server's way to say that its type of condition has no such field: no fault of the condition
ABSENT = (0x8034_0000, 0x8035_0000, 0x803D_0000, 0x803E_0000, 0x806F_0000)
MAX_ID, MAX_NAME, MAX_MESSAGE = 512, 200, 500
MAX_SHELF_MS = 366 * 86_400_000.0

# name of the field, the type it belongs to, its path; an empty path is the node id of the condition
SELECTED: tuple[tuple[str, int, str], ...] = (
    ("event_id", BASE, "EventId"),
    ("type", BASE, "EventType"),
    ("source_node", BASE, "SourceNode"),
    ("source", BASE, "SourceName"),
    ("time", BASE, "Time"),
    ("message", BASE, "Message"),
    ("severity", BASE, "Severity"),
    ("condition", CONDITION, ""),
    ("name", CONDITION, "ConditionName"),
    ("klass", CONDITION, "ConditionClassName"),
    ("branch", CONDITION, "BranchId"),
    ("retain", CONDITION, "Retain"),
    ("enabled", CONDITION, "EnabledState/Id"),
    ("quality", CONDITION, "Quality"),
    ("comment", CONDITION, "Comment"),
    ("client_user", CONDITION, "ClientUserId"),
    ("dialog", DIALOG, "DialogState/Id"),
    ("acked", ACKNOWLEDGEABLE, "AckedState/Id"),
    ("confirmed", ACKNOWLEDGEABLE, "ConfirmedState/Id"),
    ("active", ALARM, "ActiveState/Id"),
    ("input", ALARM, "InputNode"),
    ("suppressed", ALARM, "SuppressedState/Id"),
    ("oos", ALARM, "OutOfServiceState/Id"),
    ("latched", ALARM, "LatchedState/Id"),
    ("shelving", ALARM, "ShelvingState/CurrentState/Id"),
    ("unshelve", ALARM, "ShelvingState/UnshelveTime"),
    ("hidden", ALARM, "SuppressedOrShelved"),
)


def select_clauses(*, general: bool) -> list[ua.SimpleAttributeOperand]:
    """The clauses of ``SELECTED``; ``general`` names the base type for all, for servers that want that."""
    clauses: list[ua.SimpleAttributeOperand] = []
    for _name, owner, path in SELECTED:
        clause = ua.SimpleAttributeOperand()
        clause.TypeDefinitionId = ua.NodeId(BASE if general and path else owner)
        clause.BrowsePath = [ua.QualifiedName(part, 0) for part in path.split("/") if part]
        clause.AttributeId = ua.AttributeIds.Value if path else ua.AttributeIds.NodeId
        clauses.append(clause)
    return clauses


@dataclass(frozen=True, slots=True)
class Event:
    """One event by field name; ``type`` is the node id of its type as text."""

    fields: Mapping[str, Field]

    @property
    def type(self) -> str:
        return str(self.fields["type"][1] or "")

    @property
    def is_mark(self) -> bool:
        return self.type in MARKS

    @property
    def is_condition(self) -> bool:
        kind, condition = self.fields["condition"]
        return kind == NODE and isinstance(condition, str) and len(condition) <= MAX_ID


def event_of(fields: Sequence[Field]) -> Event | None:
    """None when the number of fields is not that of the select clauses."""
    if len(fields) != len(SELECTED):
        return None
    return Event({name: field for (name, _owner, _path), field in zip(SELECTED, fields, strict=True)})


def update_of(
    event: Event, kind: str, now_ns: int, times: TimeRule, handle_of: Callable[[str], int]
) -> ConditionUpdate:
    """The condition's update; ``kind`` is the nearest known type, ``handle_of`` finds the tag of a node."""
    said = _Said(event.fields)
    ticks = event.fields["time"][1] if event.fields["time"][0] == TIME else 0
    event_id = event.fields["event_id"][1]
    active = said.truth("dialog") if kind == "DialogConditionType" else said.truth("active")
    node, source = said.node("input"), said.node("source_node")
    handle = handle_of(node)
    return ConditionUpdate(
        condition=said.node("condition"),
        event_id=event_id.hex() if isinstance(event_id, bytes) else "",
        time=times.pick(ticks, 0, now_ns),
        receive_time=now_ns,
        branch=said.node("branch"),
        kind=kind,
        name=said.text("name", MAX_NAME),
        source_node=source,
        source=said.text("source", MAX_NAME),
        message=said.text("message", MAX_MESSAGE),
        klass=said.text("klass", MAX_NAME),
        severity=min(max(int(said.number("severity")), 0), 1000),
        retain=said.truth("retain") is not False,
        enabled=said.truth("enabled"),
        active=active,
        acked=said.truth("acked"),
        confirmed=said.truth("confirmed"),
        latched=said.truth("latched"),
        suppressed=said.truth("suppressed"),
        oos=said.truth("oos"),
        shelved=said.shelf(),
        unshelve_ms=min(max(said.number("unshelve"), 0.0), MAX_SHELF_MS),
        comment=said.text("comment", MAX_MESSAGE),
        client_user=said.text("client_user", MAX_NAME),
        handle=handle if handle >= 0 else handle_of(source),
        quality=said.quality(),
    )


def clean(text: str, limit: int) -> str:
    """One line of printable text: no control marks, no marks that turn the direction of writing."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text[: limit * 2])
    shown = " ".join(shown.split())
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


class _Said:
    """Reads fields by name; one of the wrong type counts as not said."""

    def __init__(self, fields: Mapping[str, Field]) -> None:
        self._fields = fields

    def truth(self, name: str) -> bool | None:
        kind, value = self._fields[name]
        return value if kind == BOOLEAN else None

    def text(self, name: str, limit: int) -> str:
        value = self._fields[name][1]
        return clean(value, limit) if isinstance(value, str) else ""

    def node(self, name: str) -> str:
        kind, value = self._fields[name]
        return value if kind == NODE and isinstance(value, str) and len(value) <= MAX_ID else ""

    def number(self, name: str) -> float:
        kind, value = self._fields[name]
        usable = isinstance(value, int | float) and kind not in (BOOLEAN, STATUS, TIME)
        return float(value) if usable and isfinite(value) else 0.0

    def shelf(self) -> str | None:
        """A server that tells only that something hides the alarm, and not what, has it on the shelf."""
        kind, value = self._fields["shelving"]
        if kind == NODE and isinstance(value, str):
            return SHELVES.get(value)
        hidden = self.truth("hidden")
        if hidden is None or self.truth("active") is None:
            return None
        return "timed" if hidden and not self.truth("suppressed") and not self.truth("oos") else ""

    def quality(self) -> int:
        """The worst of what the server says of the condition and of each field it could not tell."""
        own = self._fields["quality"]
        worst = own[1] if own[0] == STATUS else 0
        for name, (kind, value) in self._fields.items():
            is_fault = kind == STATUS and quality.is_bad(value) and value & quality.CODE_MASK not in ABSENT
            # a server tells with a Bad code that there is no time left on a shelf that holds nothing
            if name not in ("quality", "unshelve") and is_fault and not quality.is_bad(worst):
                worst = value
        return int(worst)
