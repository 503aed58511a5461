"""Judges what people ask to put on objects or to take away; pure: every unmet condition is told."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from hmi.client.people import HoldRequest
from hmi.commands._hold_tables import HoldTables, conditions_of
from hmi.commands._holds import Carrier, Change, Hold, HoldBook
from hmi.core.clock import NS_PER_S
from hmi.core.commands import Reason, Refusal
from hmi.core.holds import Bypass, ControlTag, Override, TagKind
from hmi.core.principal import Principal, Role
from hmi.core.texts import tr
from hmi.core.values import Value, ValueType
from hmi.project.plant import TagDef
from hmi.tags import raw_for

USUAL_S: Final = 8 * 3600
MOST_S: Final = 24 * 3600
ENGINEERS_S: Final = 30 * 24 * 3600
TAG_MOST_S: Final = 366 * 24 * 3600
TAGS_ON_ONE, HOLDS_IN_ALL = 32, 2_000
REASON_LIMIT, WORK_ORDER_LIMIT = 500, 64
_TEXT_LIMIT = 500
_UNFIT = frozenset({ValueType.BYTES, ValueType.ARRAY, ValueType.STRUCTURE, ValueType.TIME})


@dataclass(frozen=True, slots=True)
class Asked:
    """A request with all that it is judged by. ``now_ns`` session time, UTC."""

    principal: Principal
    request: HoldRequest
    book: HoldBook
    tables: HoldTables
    now_ns: int

    @property
    def tag(self) -> TagDef | None:
        return self.tables.plant.by_id.get(self.request.object_id)

    @property
    def reason(self) -> str:
        return self.request.reason.strip()[:REASON_LIMIT]

    def may(self, role: Role, area: str) -> bool:
        return self.principal.has(role, self.tables.plant.lineage(area))

    def until(self, seconds: float) -> int:
        return self.now_ns + int(seconds * NS_PER_S) if seconds else 0

    @property
    def hold_id(self) -> str:
        """The same for the same request, so that one that is asked again after a restart is the same hold."""
        return "h_" + hashlib.blake2b(self.request.id.encode(), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Refusals, or what changes: ``event`` is its name in the journal, ``text`` tells the asker.

    ``name`` and ``area`` of the object, ``old`` and ``new`` its value. ``signed``: what a signature has to be
    to, for an act that needs one. ``asks``: somebody else has to answer first.
    """

    refusals: tuple[Refusal, ...] = ()
    changes: tuple[Change, ...] = ()
    event: str = ""
    text: str = ""
    name: str = ""
    area: str = ""
    tag_id: str = ""
    old: Value = None
    new: Value = None
    unit: str = ""
    signed: bool = False
    asks: bool = False


Judge = Callable[[Asked], Verdict]


def refused(reason: Reason, text: str, value: Value = None) -> Verdict:
    return Verdict((Refusal(reason, text, value),))


def unknown(what: str) -> Verdict:
    return refused(Reason.INCONSISTENT_PARAMETERS, what)


# ---- control tags


def place_tag(a: Asked) -> Verdict:
    """Whoever may operate there may place one; so many on one object as there are works on it."""
    thing = a.tables.thing(a.request.object_id)
    if thing is None:
        return unknown(tr("there is no object {id}", id=a.request.object_id[:64]))
    here = a.book.control_tags(a.request.object_id)
    problems = [
        *right(a, Role.OPERATE, thing.area),
        *_reason(a, tr("a control tag needs a reason")),
        *_span(a.request.seconds, TAG_MOST_S),
        *_room(a, len(here)),
    ]
    kinds = {kind.value: kind for kind in TagKind}
    if a.request.kind not in kinds:
        problems += unknown(tr("a control tag is one of: {kinds}", kinds=", ".join(kinds))).refusals
    if any(one.id == a.hold_id for one in here):
        problems += unknown(tr("this control tag hangs there already")).refusals
    if problems:
        return Verdict(tuple(problems))
    tag = ControlTag(
        a.hold_id, a.request.object_id, kinds[a.request.kind], a.reason, a.principal.user, a.now_ns,
        a.principal.printed, a.request.work_order.strip()[:WORK_ORDER_LIMIT], a.until(a.request.seconds),
    )  # fmt: skip
    text = tr("The tag hangs on {name}. It does not replace a physical lock-out.", name=thing.name)
    change = Change(Carrier.TAGGED, a.request.object_id, (*here, tag))
    return Verdict(
        (), (change,), "hold.placed", text, thing.name, thing.area, a.request.object_id, new=tag.kind.value
    )


def remove_tag(a: Asked) -> Verdict:
    """Its owner, or a supervisor, with a reason."""
    found = _hold_with_id(a, Carrier.TAGGED)
    if found is None or not isinstance(tag := found[1], ControlTag):
        return unknown(tr("there is no such control tag any longer"))
    thing = a.tables.thing(tag.object_id)
    area = thing.area if thing else ""
    problems = [*_reason(a, tr("taking a control tag away needs a reason"))]
    if tag.owner != a.principal.user:
        problems += right(a, Role.TUNE, area)
    problems += right(a, Role.OPERATE, area)
    if problems:
        return Verdict(tuple(problems))
    name = thing.name if thing else tag.object_id
    text = tr("The tag is taken off {name}.", name=name)
    return Verdict((), (found[0],), "hold.removed", text, name, area, tag.object_id, old=tag.kind.value)


# ---- manual values


def override(a: Asked) -> Verdict:
    """The value of a tag by hand; nothing is written to the device."""
    tag = a.tag
    if tag is None:
        return unknown(tr("there is no tag {id}", id=a.request.object_id[:64]))
    most = ENGINEERS_S if a.may(Role.ENGINEER, tag.area) else MOST_S
    seconds = a.request.seconds or (0 if tag.manual else USUAL_S)
    problems = [*right(a, Role.OPERATE, tag.area), *_area(a, tag)]
    if not tag.manual:
        problems += [*_right_to_override(a, tag), *_reason(a, tr("a manual value needs a reason"))]
        problems += _room(a, 0)
    problems += _span(seconds, most)
    if not problems and (found := value_problem(tag, a.request.value)):
        problems.append(found)
    if problems:
        return Verdict(tuple(problems))
    before = a.book.override(tag.id)
    own = Override(
        tag.id, _typed(tag, a.request.value), a.reason, a.principal.user, a.now_ns, a.principal.printed,
        a.until(seconds), tag.manual,
    )  # fmt: skip
    text = tr("The value of {name} is entered.", name=tag.name)
    if not tag.manual:
        text = tr("{name} has a manual value for {span}; nothing is written to the device.", name=tag.name,
                  span=_words(seconds))  # fmt: skip
    return Verdict(
        (), (Change(Carrier.OVERRIDDEN, tag.id, (own,)),), "hold.overridden", text, tag.name, tag.area, tag.id,
        before.value if before else None, own.value, tag.unit,
    )  # fmt: skip


def end_override(a: Asked) -> Verdict:
    """The value of the source counts again, at once."""
    before = a.book.override(a.request.object_id)
    if before is None:
        return unknown(tr("there is no manual value to take away"))
    tag = a.tag
    name, area, unit = (tag.name, tag.area, tag.unit) if tag else (before.tag_id, "", "")
    problems = [*right(a, Role.OPERATE, area), *(_area(a, tag) if tag else ())]
    if problems:
        return Verdict(tuple(problems))
    text = tr("{name} shows what its source says.", name=name)
    change = Change(Carrier.OVERRIDDEN, before.tag_id)
    return Verdict(
        (), (change,), "hold.override_ended", text, name, area, before.tag_id, before.value, None, unit
    )


def value_problem(tag: TagDef, value: Value) -> Refusal | None:
    """Why a value does not fit the tag: its type, its states, its range; nothing is ever clamped."""
    if tag.type in _UNFIT or not isinstance(value, bool | int | float | str):
        text = tr("{name} is of type {type} and takes no manual value", name=tag.name, type=tag.type.value)
        return Refusal(Reason.INCONSISTENT_PARAMETERS, text)
    if isinstance(value, str) and len(value) > _TEXT_LIMIT:
        return Refusal(Reason.INCONSISTENT_PARAMETERS, tr("the text is too long"))
    raw = raw_for(tag, value)
    if isinstance(raw, Refusal):
        return raw
    if isinstance(value, str | bool):
        return None
    if tag.range is not None and not tag.range.contains(value):
        text = tr("{value} is outside the engineering range {low} to {high} {unit}", value=f"{value:g}",
                  low=f"{tag.range.low:g}", high=f"{tag.range.high:g}", unit=tag.unit).rstrip()  # fmt: skip
        return Refusal(Reason.LIMIT_EXCEEDED, text, value)
    if tag.states and (value != int(value) or int(value) not in tag.states):
        text = tr("{value} is not a state of {name}", value=f"{value:g}", name=tag.name)
        return Refusal(Reason.INVALID_POSITION, text, value)
    return None


# ---- bypasses


def bypass(a: Asked) -> Verdict:
    """The HMI leaves out its own check of one condition; that of the controller stays (standards 5.5)."""
    tag = a.tag
    if tag is None or a.request.condition not in conditions_of(tag):
        return unknown(tr("a command to {name} has no such condition", name=tag.name if tag else "this tag"))
    here = a.book.bypasses(tag.id)
    seconds = a.request.seconds or USUAL_S
    problems = [
        *right(a, Role.TUNE, tag.area), *right(a, Role.OPERATE, tag.area), *_area(a, tag),
        *_reason(a, tr("a bypass needs a reason")), *_span(seconds, MOST_S), *_room(a, len(here)),
    ]  # fmt: skip
    if a.request.condition in a.book.bypassed(tag.id):
        problems += unknown(tr("this condition is bypassed already")).refusals
    if problems:
        return Verdict(tuple(problems))
    own = Bypass(
        a.hold_id, tag.id, a.request.condition, a.reason, a.principal.user, a.now_ns, a.until(seconds),
        a.principal.printed,
    )  # fmt: skip
    text = tr(
        "The check of {condition} is left out here for {span}. The controller still checks it itself.",
        condition=own.condition, span=_words(seconds),
    )  # fmt: skip
    change = Change(Carrier.BYPASSED, tag.id, (*here, own))
    return Verdict(
        (), (change,), "hold.bypassed", text, tag.name, tag.area, tag.id, new=own.condition, signed=True
    )


def end_bypass(a: Asked) -> Verdict:
    """The check counts again."""
    found = _hold_with_id(a, Carrier.BYPASSED)
    if found is None or not isinstance(own := found[1], Bypass):
        return unknown(tr("there is no such bypass any longer"))
    tag = a.tables.plant.by_id.get(own.tag_id)
    name, area = (tag.name, tag.area) if tag else (own.tag_id, "")
    problems = tuple(right(a, Role.OPERATE, area))
    if problems:
        return Verdict(problems)
    text = tr("{condition} is checked again.", condition=own.condition)
    return Verdict((), (found[0],), "hold.bypass_ended", text, name, area, own.tag_id, old=own.condition)


# ---- what they have in common


def right(a: Asked, role: Role, area: str) -> Iterator[Refusal]:
    if not a.may(role, area):
        what = {Role.OPERATE: tr("operate"), Role.TUNE: tr("do this as a supervisor")}[role]
        where = a.tables.title(area) if area else tr("the plant")
        text = tr("{who} has no right to {what} in {where}", who=a.principal.printed, what=what, where=where)
        yield Refusal(Reason.NO_ACCESS_AUTHORITY, text)


def _right_to_override(a: Asked, tag: TagDef) -> Iterator[Refusal]:
    """What alarms and interlocks are judged by is a supervisor's to replace."""
    if tag.id in a.tables.driving:
        yield from right(a, Role.TUNE, tag.area)


def _area(a: Asked, tag: TagDef) -> Iterator[Refusal]:
    if (objection := a.book.objection(a.principal, tag)) is not None:
        yield objection


def _reason(a: Asked, text: str) -> Iterator[Refusal]:
    if not a.reason:
        yield Refusal(Reason.INCONSISTENT_PARAMETERS, text)


def _span(seconds: float, most: float) -> Iterator[Refusal]:
    if not math.isfinite(seconds) or not 0 <= seconds <= most:
        text = tr("it may last for {span} at most", span=_words(most))
        yield Refusal(Reason.LIMIT_EXCEEDED, text, seconds if math.isfinite(seconds) else None)


def _room(a: Asked, here: int) -> Iterator[Refusal]:
    if here >= TAGS_ON_ONE or sum(a.book.count(carrier) for carrier in Carrier) >= HOLDS_IN_ALL:
        yield Refusal(Reason.LIMIT_EXCEEDED, tr("too many are in force already; take some away first"))


def _hold_with_id(a: Asked, carrier: Carrier) -> tuple[Change, Hold] | None:
    """What its carrier has without it, and the hold itself."""
    for kind, key, holds in a.book.every():
        for hold in holds if kind is carrier else ():
            if getattr(hold, "id", "") == a.request.hold_id:
                return Change(carrier, key, tuple(one for one in holds if one is not hold)), hold
    return None


def _typed(tag: TagDef, value: Value) -> Value:
    """As a value of the tag's source would come."""
    if tag.type is ValueType.BOOL:
        return bool(value)
    if tag.type in (ValueType.FLOAT32, ValueType.FLOAT64) and isinstance(value, int):
        return float(value)
    return value


def _words(seconds: float) -> str:
    if seconds and seconds % 3600 == 0:
        return tr("{n} h", n=f"{seconds / 3600:g}")
    return tr("{n} min", n=f"{seconds / 60:.3g}")


OBJECT_ACTS: Mapping[str, Judge] = {
    "place_tag": place_tag,
    "remove_tag": remove_tag,
    "override": override,
    "end_override": end_override,
    "bypass": bypass,
    "end_bypass": end_bypass,
}
