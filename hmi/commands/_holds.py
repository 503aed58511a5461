"""The book of holds: what hangs on which object, and who controls which area; pure (standards 5.5, 5.6)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import Enum
from typing import Any

from hmi.core.commands import Reason, Refusal
from hmi.core.holds import AreaControl, Bypass, ControlTag, Holds, Override, TagKind
from hmi.core.journal import JournalRecord
from hmi.core.principal import Principal
from hmi.core.texts import tr
from hmi.project.plant import Plant, TagDef

Hold = ControlTag | Override | Bypass | AreaControl


class Carrier(Enum):
    """What a hold hangs on; with the key of the object it is the ``object_id`` of the journal's records."""

    TAGGED = "tagged"
    OVERRIDDEN = "overridden"
    BYPASSED = "bypassed"
    CONTROLLED = "controlled"


@dataclass(frozen=True, slots=True)
class Change:
    """All that one carrier has from now on: its newest record in the journal is its state."""

    carrier: Carrier
    key: str
    holds: tuple[Hold, ...] = ()

    @property
    def object_id(self) -> str:
        return f"{self.carrier.value}:{self.key}"

    @property
    def kept(self) -> list[dict[str, Any]]:
        """JSON types, for the journal."""
        return [_plain(hold) for hold in self.holds]


class HoldBook:
    """Every hold of a runtime. Lookups cost the same however many there are.

    ``required``: nobody may command an area that no position controls (``area_control`` of plant.toml).
    """

    def __init__(self, plant: Plant, *, required: bool = False) -> None:
        self._held: dict[Carrier, dict[str, tuple[Hold, ...]]] = {carrier: {} for carrier in Carrier}
        self.follow(plant, required=required)

    def follow(self, plant: Plant, *, required: bool = False) -> None:
        """Another revision of the plant."""
        self._plant, self.required = plant, required
        self._instances = {one.name: one.id for one in plant.instances.values()}
        self._titles = {one.path: one.title for one in plant.areas}

    def put(self, change: Change) -> None:
        """Take what a carrier has from now on."""
        if change.holds:
            self._held[change.carrier][change.key] = change.holds
        else:
            self._held[change.carrier].pop(change.key, None)

    # ---- what is there

    def on(self, carrier: Carrier, key: str) -> tuple[Hold, ...]:
        return self._held[carrier].get(key, ())

    def control_tags(self, object_id: str) -> tuple[ControlTag, ...]:
        return tuple(one for one in self.on(Carrier.TAGGED, object_id) if isinstance(one, ControlTag))

    def override(self, tag_id: str) -> Override | None:
        found = self.on(Carrier.OVERRIDDEN, tag_id)
        return found[0] if found and isinstance(found[0], Override) else None

    def bypasses(self, tag_id: str) -> tuple[Bypass, ...]:
        return tuple(one for one in self.on(Carrier.BYPASSED, tag_id) if isinstance(one, Bypass))

    def control(self, area: str) -> AreaControl | None:
        """Who was given this very area."""
        found = self.on(Carrier.CONTROLLED, area)
        return found[0] if found and isinstance(found[0], AreaControl) else None

    def controller(self, lineage: Sequence[str]) -> AreaControl | None:
        """Who controls an area: of its own and those above it the most specific one that is held decides."""
        return next((found for area in lineage if (found := self.control(area)) is not None), None)

    def every(self) -> Iterator[tuple[Carrier, str, tuple[Hold, ...]]]:
        for carrier, held in self._held.items():
            for key, holds in held.items():
                yield carrier, key, holds

    def count(self, carrier: Carrier) -> int:
        return sum(map(len, self._held[carrier].values()))

    def snapshot(self) -> Holds:
        """All of them, oldest first; those of one moment by what they are on."""
        found: dict[type, list[Any]] = {kind: [] for kind in (ControlTag, Override, Bypass, AreaControl)}
        for _, _, holds in self.every():
            for hold in holds:
                found[type(hold)].append(hold)
        return Holds(*(tuple(sorted(held, key=_place)) for held in found.values()))

    # ---- HoldsView of the gate

    def tags_on(self, tag: TagDef) -> Sequence[ControlTag]:
        """Control tags on the tag's instance, and on the tag itself."""
        instance = self._instances.get(tag.instance, "")
        return (*(self.control_tags(instance) if instance else ()), *self.control_tags(tag.id))

    def bypassed(self, tag_id: str) -> frozenset[str]:
        """Texts of the conditions that are left out for a command to this tag."""
        return frozenset(one.condition for one in self.bypasses(tag_id))

    def objection(self, principal: Principal, tag: TagDef) -> Refusal | None:
        """Why this position may not command in the tag's area."""
        return self.objection_in(principal, tag.area)

    def objection_in(self, principal: Principal, area: str) -> Refusal | None:
        found = self.controller(self._plant.lineage(area))
        if found is not None:
            if found.station == principal.station:
                return None
            title = self._titles.get(found.area, found.area)
            text = tr("{area} is controlled by {who}", area=title, who=who(found))
            return Refusal(Reason.LOCKED_BY_OTHER_CLIENT, text)
        if not self.required or not area:
            return None
        title = self._titles.get(area, area)
        text = tr("nobody controls {area}; claim it before you command in it", area=title)
        return Refusal(Reason.NO_ACCESS_AUTHORITY, text)

    # ---- time, revisions and restarts

    def ended(self, now_ns: int) -> Iterator[tuple[Change, Hold]]:
        """What each carrier has left, and the hold of it whose time is over; one step for each of them."""
        for carrier, key, holds in list(self.every()):
            left = holds
            for hold in holds:
                if 0 < getattr(hold, "expires", 0) <= now_ns:
                    left = tuple(one for one in left if one is not hold)
                    yield Change(carrier, key, left), hold

    def restore(self, newest: Iterable[JournalRecord]) -> None:
        """Take over from the runtime before. ``newest`` are the last audit records of each carrier.

        Who was asked for an area is not asked any longer: the time to answer is that of one runtime.
        """
        for record in newest:
            carrier, _, key = record.object_id.partition(":")
            if not record.event.startswith("hold.") or carrier not in _CARRIERS:
                continue
            kept: Sequence[Mapping[str, Any]] = record.payload.get("kept", ())
            self.put(Change(Carrier(carrier), key, tuple(_read(Carrier(carrier), one) for one in kept)))


_CARRIERS = frozenset(carrier.value for carrier in Carrier)


def _place(hold: Hold) -> tuple[int, str]:
    """Where a hold stands among those of its kind, in this run and in the next one."""
    if isinstance(hold, ControlTag | Bypass):
        return hold.time, hold.id
    return hold.time, hold.tag_id if isinstance(hold, Override) else hold.area


def who(control: AreaControl) -> str:
    return f"{control.owner_name or control.owner}@{control.station}"


def without_ask(control: AreaControl) -> AreaControl:
    return replace(control, asked_by="", asked_name="", asked_station="")


def _plain(hold: Hold) -> dict[str, Any]:
    fields = asdict(hold)
    if isinstance(hold, ControlTag):
        fields["kind"] = hold.kind.value
    return fields


def _read(carrier: Carrier, fields: Mapping[str, Any]) -> Hold:
    if carrier is Carrier.TAGGED:
        return ControlTag(**{**fields, "kind": TagKind(fields["kind"])})
    if carrier is Carrier.OVERRIDDEN:
        return Override(**fields)
    if carrier is Carrier.BYPASSED:
        return Bypass(**fields)
    return without_ask(AreaControl(**fields))
