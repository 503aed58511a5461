"""Control of areas: one position at a time, taken over by its answer or by a supervisor (standards 5.6, CM-16).

An area that has no position of its own belongs to the one that controls the next area above it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hmi.commands._hold_rules import Asked, Judge, Verdict, refused, right, unknown
from hmi.commands._holds import Carrier, Change, HoldBook, who, without_ask
from hmi.core.commands import Reason
from hmi.core.holds import AreaControl
from hmi.core.principal import Role
from hmi.core.texts import tr
from hmi.project.plant import Plant

ANSWER_S = 30


def claim_area(a: Asked) -> Verdict:
    """Free: at once. Held by another position: it is asked, or a supervisor takes it with a reason."""
    area = a.request.area
    if area not in a.tables.areas:
        return unknown(tr("there is no area {area}", area=area[:64]))
    title = a.tables.title(area)
    if problems := tuple(right(a, Role.OPERATE, area)):
        return Verdict(problems)
    holder = a.book.controller(a.tables.plant.lineage(area))
    if holder is None or holder.station == a.principal.station:
        text = tr("{station} controls {area}", station=a.principal.station, area=title)
        return _taken(a, text + _but_for(a, area), holder)
    if a.request.force:
        return _forced(a, holder, title)
    if holder.asked_by and holder.asked_station != a.principal.station and holder.area == area:
        return refused(Reason.LOCKED_BY_OTHER_CLIENT, tr("{who} asks for it already", who=_asker(holder)))
    own = AreaControl(
        area, holder.station, holder.owner, holder.time, holder.owner_name, a.principal.user,
        a.principal.station, a.principal.printed,
    )  # fmt: skip
    text = tr("{who} is asked for {area} and has {s} s to answer; without an answer it stays as it is.",
              who=who(holder), area=title, s=ANSWER_S)  # fmt: skip
    return _changed(a, "hold.asked", text, (_control(own),), asks=True)


def answer_claim(a: Asked) -> Verdict:
    """By the position that holds the area."""
    held = a.book.control(a.request.area)
    if held is None or not held.asked_by:
        return unknown(tr("nobody asks for this area any longer"))
    if held.station != a.principal.station:
        return refused(Reason.NO_ACCESS_AUTHORITY, tr("only {who} can answer", who=who(held)))
    if problems := tuple(right(a, Role.OPERATE, held.area)):
        return Verdict(problems)
    title = a.tables.title(held.area)
    if not a.request.accept:
        text = tr("{station} keeps {area}.", station=held.station, area=title)
        return _changed(a, "hold.kept", text, (kept(a.book, a.tables.plant, held),))
    new = AreaControl(held.area, held.asked_station, held.asked_by, a.now_ns, held.asked_name)
    text = tr("{station} controls {area}.", station=new.station, area=title)
    changes = (*_below(a, new, held.station), _control(new))
    return _changed(a, "hold.handed_over", text, changes, old=who(held), new=who(new))


def release_area(a: Asked) -> Verdict:
    """Whatever the position holds there and below; nobody holds it then, or who holds the area above."""
    held = a.book.control(a.request.area)
    if held is None or held.station != a.principal.station:
        text = tr("{station} does not control {area}", station=a.principal.station, area=a.request.area[:64])
        return refused(Reason.NO_ACCESS_AUTHORITY, text)
    text = tr("{area} is released.", area=a.tables.title(held.area))
    changes = (Change(Carrier.CONTROLLED, held.area), *_below(a, held, held.station))
    return _changed(a, "hold.released", text, changes, old=who(held))


def kept(book: HoldBook, plant: Plant, held: AreaControl) -> Change:
    """The holder keeps what it was asked for; an area that it holds by one above needs no entry of its own."""
    above = book.controller(plant.lineage(held.area)[1:])
    if above is not None and above.station == held.station:
        return Change(Carrier.CONTROLLED, held.area)
    return _control(without_ask(held))


def released(book: HoldBook, station: str) -> tuple[Change, ...]:
    """What a position that is gone held, and what it asked for."""
    found: list[Change] = []
    for carrier, _, holds in book.every():
        for held in holds if carrier is Carrier.CONTROLLED else ():
            if isinstance(held, AreaControl) and held.station == station:
                found.append(Change(Carrier.CONTROLLED, held.area))
            elif isinstance(held, AreaControl) and held.asked_station == station:
                found.append(_control(without_ask(held)))
    return tuple(found)


def _forced(a: Asked, holder: AreaControl, title: str) -> Verdict:
    problems = [*right(a, Role.TUNE, a.request.area)]
    if not a.reason:
        text = tr("taking an area from another position needs a reason")
        problems += refused(Reason.INCONSISTENT_PARAMETERS, text).refusals
    if problems:
        return Verdict(tuple(problems))
    text = tr("{area} is taken from {who}", area=title, who=who(holder))
    return _taken(a, text + _but_for(a, a.request.area), holder)


def _taken(a: Asked, text: str, before: AreaControl | None) -> Verdict:
    own = AreaControl(a.request.area, a.principal.station, a.principal.user, a.now_ns, a.principal.printed)
    if (mine := a.book.control(own.area)) is not None and mine.station == own.station:
        own = replace(
            mine, owner=own.owner, owner_name=own.owner_name, time=own.time
        )  # who asks for it still asks
    others = _below(a, own, before.station) if before and before.station != own.station else ()
    old = who(before) if before else None
    return _changed(a, "hold.claimed", f"{text}.", (*others, _control(own)), old=old, new=who(own))


def _below(a: Asked, above: AreaControl, station: str) -> tuple[Change, ...]:
    """What a position holds below an area, to be taken from it together with that."""
    return tuple(
        Change(Carrier.CONTROLLED, held.area)
        for held in _entries(a.book)
        if held.station == station and above.area in a.tables.plant.lineage(held.area)[1:]
    )


def _but_for(a: Asked, area: str) -> str:
    """Areas below that others hold stay with them."""
    holder = a.book.controller(a.tables.plant.lineage(area))
    mine = {a.principal.station, holder.station if holder else ""}
    others = [
        f"{a.tables.title(held.area)} ({who(held)})"
        for held in _entries(a.book)
        if held.station not in mine and area in a.tables.plant.lineage(held.area)[1:]
    ]
    return tr(", but for {others}", others=", ".join(others)) if others else ""


def _entries(book: HoldBook) -> list[AreaControl]:
    return [
        held
        for carrier, _, holds in book.every()
        if carrier is Carrier.CONTROLLED
        for held in holds
        if isinstance(held, AreaControl)
    ]


def _control(own: AreaControl) -> Change:
    return Change(Carrier.CONTROLLED, own.area, (own,))


def _asker(held: AreaControl) -> str:
    return f"{held.asked_name or held.asked_by}@{held.asked_station}"


def _changed(
    a: Asked, event: str, text: str, changes: tuple[Change, ...], *, old: str | None = None,
    new: str | None = None, asks: bool = False,
) -> Verdict:  # fmt: skip
    area = a.request.area
    return Verdict((), changes, event, text, a.tables.title(area), area, "", old, new, asks=asks)


AREA_ACTS: Mapping[str, Judge] = {
    "claim_area": claim_area,
    "answer_claim": answer_claim,
    "release_area": release_area,
}
