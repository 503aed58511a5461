"""What changed between two revisions of a plant: services apply exactly this (design 2b.2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from operator import attrgetter
from typing import Any, Generic, TypeVar

from hmi.project._sentences import sentences_of
from hmi.project.plant import AlarmDef, ConnectionDef, DisplayFile, Instance, Plant, Source, TagDef

Item = TypeVar("Item")

_PLACE = frozenset(("source", "handle"))
_HEAD = ("id", "name", "title", "zone", "home", "areas", "scan_classes", "types", "texts", "alarm_targets",
         "area_control_required", "sessions", "history", "notifications", "exports", "change_number",
         "reload_watch")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Delta(Generic[Item]):
    """``changed`` holds (old, new) pairs; where an item is written and its handle do not count."""

    added: tuple[Item, ...] = ()
    removed: tuple[Item, ...] = ()
    changed: tuple[tuple[Item, Item], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


@dataclass(frozen=True, slots=True)
class PlantDiff:
    """Tags, alarms, instances and displays are matched by id, connections by name.

    ``head`` names the changed fields of the plant itself: title, home, areas, scan_classes, types …
    """

    old_revision: str
    new_revision: str
    head: tuple[str, ...]
    tags: Delta[TagDef]
    alarms: Delta[AlarmDef]
    connections: Delta[ConnectionDef]
    instances: Delta[Instance]
    displays: Delta[DisplayFile]
    head_values: Mapping[str, tuple[Any, Any]] = field(default_factory=dict[str, tuple[Any, Any]], repr=False)
    """The changed fields of ``head`` with what was and what is."""
    known: Mapping[str, TagDef] = field(default_factory=dict[str, TagDef], repr=False)
    """All tags of both by id, the newer one where both have it."""
    kinds: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    """Type of each instance of both by its name."""

    def __bool__(self) -> bool:
        """True when a service has something to do."""
        parts = (self.tags, self.alarms, self.connections, self.instances, self.displays)
        return bool(self.head) or any(parts)

    @property
    def sentence(self) -> str:
        """``2 tags added, 1 alarm changed`` for logs and the journal."""
        words = [
            f"{len(items)} {name if len(items) == 1 else name + 's'} {verb}"
            for name in ("tag", "alarm", "connection", "instance", "display")
            for verb in ("added", "removed", "changed")
            if (items := getattr(getattr(self, f"{name}s"), verb))
        ]
        return ", ".join([*words, *(f"{name} changed" for name in self.head)]) or "nothing changed"

    @property
    def sentences(self) -> tuple[str, ...]:
        """What changed, one sentence for each thing; empty when nothing did."""
        return tuple(sentences_of(self))


def plant_diff(old: Plant, new: Plant) -> PlantDiff:
    """Compare two loaded plants."""
    head = {name: (_plain(getattr(old, name)), _plain(getattr(new, name))) for name in _HEAD}
    head = {name: pair for name, pair in head.items() if pair[0] != pair[1]}
    instances = (*old.instances.values(), *new.instances.values())
    return PlantDiff(
        old_revision=old.revision,
        new_revision=new.revision,
        head=tuple(head),
        tags=_delta(_by_id(old.tags), _by_id(new.tags)),
        alarms=_delta(_by_id(old.alarms), _by_id(new.alarms)),
        connections=_delta(old.connections, new.connections),
        instances=_delta(_by_id(old.instances.values()), _by_id(new.instances.values())),
        displays=_delta(_by_id(old.displays.values()), _by_id(new.displays.values())),
        head_values=head,
        known={**old.by_id, **new.by_id},
        kinds={one.name: one.type for one in instances},
    )


def _by_id(items: Iterable[Any]) -> dict[str, Any]:
    return {item.id: item for item in items}


def _delta(old: Mapping[str, Any], new: Mapping[str, Any]) -> Delta[Any]:
    both = [(old[key], item) for key, item in new.items() if key in old]
    content = _content_of(both[0][0]) if both else None
    return Delta(
        added=tuple(item for key, item in new.items() if key not in old),
        removed=tuple(item for key, item in old.items() if key not in new),
        changed=tuple(pair for pair in both if content and content(pair[0]) != content(pair[1])),
    )


def _content_of(item: Any) -> attrgetter[Any]:
    return attrgetter(*(f.name for f in fields(item) if f.name not in _PLACE))


def _plain(value: Any) -> Any:
    """Types without the place they are written in."""
    if isinstance(value, Mapping):
        return {key: replace(v, source=Source()) if hasattr(v, "source") else v for key, v in value.items()}
    return value
