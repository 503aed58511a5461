"""What the next shift has to know, out of what the runtime knows now and what its journal says; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from hmi.client.alarms import Handover, HandoverItem
from hmi.client.points import PointRow
from hmi.client.port import ConnectionInfo
from hmi.core.alarms import AlarmRow, AlarmState
from hmi.core.clock import NS_PER_S
from hmi.core.holds import Holds, Override
from hmi.core.journal import JournalRecord
from hmi.core.quality import BAD
from hmi.core.texts import tr
from hmi.core.values import DataValue
from hmi.project.plant import Instance, Plant, TagDef
from hmi.runtime._handover_holds import held_sections

SECTIONS = (
    "standing", "shelved", "out_of_service", "suppressed", "tagged", "bypassed", "overridden", "manual",
    "controlled", "links", "notes",
)  # fmt: skip
STANDING_NS = 24 * 3600 * NS_PER_S
MOST = 500
"""Items of a section; ``counts`` says how many there are."""
HIDDEN = {AlarmState.SHLVD: "shelved", AlarmState.OOSRV: "out_of_service", AlarmState.DSUPR: "suppressed"}
_UNACKED = frozenset({AlarmState.UNACK, AlarmState.RTNUN, AlarmState.LATCH_UNACK})
_MODE_SIGNALS = ("mode", "auto")
_MODE_REQUESTS = ("mode", "mode_cmd", "auto_cmd", "man_cmd")
_MANUAL_WORDS = frozenset(("manual", "man", "hand", "manuell", "manuel"))


class Done(NamedTuple):
    """Who did it, why and when (UTC ns, 0 = not known)."""

    actor: str = ""
    reason: str = ""
    since: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """What it is made of. ``hidden_by`` by alarm id and ``moded_by`` by instance id are from the journal."""

    now: int
    since: int
    active: Sequence[AlarmRow] = ()
    hidden: Sequence[AlarmRow] = ()
    points: Sequence[PointRow] = ()
    manual: Sequence[Instance] = ()
    links: Sequence[ConnectionInfo] = ()
    notes: Sequence[JournalRecord] = ()
    hidden_by: Mapping[str, Done] = field(default_factory=dict[str, Done])
    moded_by: Mapping[str, Done] = field(default_factory=dict[str, Done])
    holds: Holds = field(default_factory=Holds)
    plant: Plant | None = None


def handover(facts: Facts) -> Handover:
    """All sections, the oldest item of each first, alarms by priority."""
    sections: dict[str, list[HandoverItem]] = {name: [] for name in SECTIONS}
    for row in sorted(facts.active, key=lambda row: (row.priority, row.alarm_time)):
        is_old = row.state is not AlarmState.NORM and facts.now - row.alarm_time >= STANDING_NS
        if row.state in _UNACKED or is_old:
            sections["standing"].append(_standing(row))
    for row in sorted(facts.hidden, key=lambda row: (row.priority, row.hidden_since)):
        if row.state in HIDDEN:
            sections[HIDDEN[row.state]].append(_hidden(row, facts.hidden_by.get(row.alarm_id, Done())))
    if facts.plant is not None:
        sections |= held_sections(facts.holds, facts.plant)
    entered = {one.tag_id: one for one in facts.holds.overrides}
    sections["overridden"] = [
        _point(row, entered.get(row.tag_id)) for row in facts.points if not row.by_input
    ]
    sections["manual"] = [_manual(one, facts.moded_by.get(one.id, Done())) for one in facts.manual]
    sections["links"] = [item for link in facts.links for item in _link(link)]
    sections["notes"] = [_note(record) for record in sorted(facts.notes, key=lambda one: one.seq)]
    counts = {name: len(items) for name, items in sections.items()}
    return Handover(facts.since, facts.now, {name: items[:MOST] for name, items in sections.items()}, counts)


def in_manual(plant: Plant, value_of: Callable[[TagDef], DataValue]) -> list[Instance]:
    """Equipment whose mode is manual: the state text of its signal ``mode`` or ``auto`` says so.

    A mode that cannot be read says nothing: it is not claimed to be manual.
    """
    return [
        one
        for one in plant.instances.values()
        if any(_says_manual(tag, value_of(tag)) for tag in _tags(plant, one, _MODE_SIGNALS))
    ]


def mode_tags(plant: Plant, instance: Instance) -> list[TagDef]:
    """The tags by which an instance is put into another mode."""
    return _tags(plant, instance, _MODE_REQUESTS)


def _tags(plant: Plant, instance: Instance, signals: Iterable[str]) -> list[TagDef]:
    ids = [instance.signals[name] for name in signals if name in instance.signals]
    return [plant.by_id[tag_id] for tag_id in ids if tag_id in plant.by_id]


def _says_manual(tag: TagDef, value: DataValue) -> bool:
    if value.status >= BAD or value.value is None:
        return False
    text = value.value
    if isinstance(text, bool | int):
        text = tag.states.get(int(text), "")
    return isinstance(text, str) and text.strip().casefold() in _MANUAL_WORDS


def _standing(row: AlarmRow) -> HandoverItem:
    text = tr("not acknowledged") if row.state in _UNACKED else tr("active for more than 24 h")
    return HandoverItem(
        row.alarm_id, row.tag_name or row.name, f"{row.message} ({text})", row.area, row.alarm_time,
        display=row.display,
    )  # fmt: skip


def _hidden(row: AlarmRow, done: Done) -> HandoverItem:
    return HandoverItem(
        row.alarm_id, row.tag_name or row.name, row.message, row.area, row.hidden_since or done.since,
        row.shelve_until, row.hidden_by or done.actor, done.reason or row.suppressed_reason or row.comment,
        row.display,
    )  # fmt: skip


def _point(row: PointRow, entered: Override | None) -> HandoverItem:
    text = row.state.replace("_", " ")
    text = text if row.known else tr("{state} when it was heard last", state=text)
    text = f"{row.description}: {text}"
    if entered is None:
        return HandoverItem(row.tag_id, row.name, text, row.area, row.source_time)
    return HandoverItem(
        row.tag_id, row.name, text, row.area, entered.time, entered.expires,
        entered.owner_name or entered.owner, entered.reason,
    )  # fmt: skip


def _manual(one: Instance, done: Done) -> HandoverItem:
    text = tr("{what} is in manual", what=one.description or one.name)
    return HandoverItem(
        one.id,
        one.name,
        text,
        one.area,
        done.since,
        actor=done.actor,
        reason=done.reason,
        display=one.display,
    )


def _link(link: ConnectionInfo) -> list[HandoverItem]:
    if link.state != "up":
        text = tr("the connection is {state}", state=link.state)
        return [HandoverItem(link.name, link.name, text, since=link.since, reason=link.text)]
    return [
        HandoverItem(link.name, f"{link.name} {unit}", tr("unit {unit} is silent", unit=unit))
        for unit, state in link.units.items()
        if state == "silent"
    ]


def _note(record: JournalRecord) -> HandoverItem:
    said = record.payload
    return HandoverItem(
        record.object_id, str(said.get("name", "")) or record.object_id, str(said.get("text", "")),
        str(said.get("area", "")), record.event_time, actor=record.actor,
    )  # fmt: skip
