"""A difference between two opened plants in words, one sentence for each thing; for the journal and for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from hmi.project._drivers import secret_settings
from hmi.project._element_words import display_sentences
from hmi.project._words import change, leaves, plainly

if TYPE_CHECKING:
    from hmi.project.diff import Delta, PlantDiff
    from hmi.project.plant import AlarmDef, DisplayFile, Instance, TagDef

SAME: Final = 4
"""So many tags of one type that change alike are told in one sentence."""
_UNSAID: Final = frozenset(("source", "handle", "id", "name", "tag_id", "document", "instance", "signal"))
_IN_UNITS: Final = frozenset(
    ("range", "normal", "deadband", "limit", "tolerance", "limits", "max_step", "limits_tune", "low", "high")
)
_SECONDS: Final = frozenset(
    ("on_delay_s", "off_delay_s", "hold_s", "window_s", "re_alarm_s", "count_window_s")
)
_HEAD_WORDS: Final = {
    "areas": "area", "scan_classes": "scan class", "types": "type", "texts": "text", "notifications": "notification",
    "exports": "export",
}  # fmt: skip
_KEYED: Final = {"areas": "path", "notifications": "name", "exports": "name"}


def sentences_of(diff: PlantDiff) -> Iterator[str]:
    """``tag a/b: range 0 … 5 -> 0 … 10 m``; the plant itself first, then tags, alarms …"""
    for name, (before, after) in diff.head_values.items():
        yield from _of_head(name, before, after)
    new, old = {one.name for one in diff.instances.added}, {one.name for one in diff.instances.removed}
    yield from (f"{_called_instance(one)} added" for one in diff.instances.added if one.parent not in new)
    yield from (f"{_called_instance(one)} removed" for one in diff.instances.removed if one.parent not in old)
    names = {before.name: after.name for before, after in diff.instances.changed}
    for before, after in diff.instances.changed:
        follows = bool(before.parent) and names.get(before.parent, before.parent) == after.parent
        yield from _of_instance(before, after, follows=follows)
    yield from (f"tag {tag.name} added" for tag in diff.tags.added if tag.instance not in new)
    yield from (f"tag {tag.name} removed" for tag in diff.tags.removed if tag.instance not in old)
    yield from _tag_changes(diff)
    yield from _of_alarms(diff, (*new, *old))
    yield from _of_connections(diff.connections)
    yield from _of_displays(diff.displays)


# ------------------------------------------------------------------------------------------ the plant itself


def _of_head(name: str, before: Any, after: Any) -> Iterator[str]:
    if name in _KEYED:
        before, after = _by(_KEYED[name], before), _by(_KEYED[name], after)
    word = _HEAD_WORDS.get(name, "")
    for path, old, new in leaves(before, after):
        called, rest = f"{word} {''.join(path[:1])}", ".".join(path[1:])
        if not word or not path:
            yield change(plainly(".".join((name, *path))), old, new)
        elif rest == "period_ms":
            yield change(called, old, new, "ms")
        elif rest:
            yield f"{called}: {change(plainly(rest), old, new)}"
        elif old is None or new is None:
            yield f"{called} {'added' if old is None else 'removed'}"
        else:
            yield change(called, old, new)


def _by(key: str, items: Iterable[Any]) -> dict[str, Any]:
    return {getattr(one, key): one for one in items}


# ------------------------------------------------------------------------------------------ tags and instances


def _called_instance(one: Instance) -> str:
    return f"{one.type} {one.name}"


def _of_instance(old: Instance, new: Instance, *, follows: bool) -> Iterator[str]:
    """``follows``: the name of a member changes with that of the equipment around it."""
    if old.name != new.name and not follows:
        yield f"{_called_instance(old)} renamed to {new.name}"
    if old.type != new.type:
        yield change(f"{new.name}: type", old.type, new.type)
    for path, before, after in leaves(old.parameters, new.parameters):
        yield f"{_called_instance(new)}: {change(f'parameter {path[0]}', before, after)}"
    for name in ("description", "area", "display"):
        if getattr(old, name) != getattr(new, name):
            yield f"{_called_instance(new)}: {change(name, getattr(old, name), getattr(new, name))}"


def _tag_changes(diff: PlantDiff) -> Iterator[str]:
    """Alike changes of one signal of many instances in one sentence, in the place of the first of them."""
    renamed = {new.name for old, new in diff.instances.changed if old.name != new.name}
    told: dict[tuple[str, str, str], list[TagDef]] = {}
    for old, new in diff.tags.changed:
        if old.name != new.name and new.instance not in renamed:
            yield f"tag {old.name} renamed to {new.name}"
        kind = diff.kinds.get(new.instance, "")
        for text in _of_tag(old, new):
            key = (kind, new.signal, text) if kind else ("", new.id, text)
            told.setdefault(key, []).append(new)
    for (kind, signal, text), tags in told.items():
        if kind and len(tags) >= SAME:
            yield f"tag {signal} of {len(tags)} of type {kind}: {text}"
        else:
            yield from (f"tag {tag.name}: {text}" for tag in tags)


def _of_tag(old: TagDef, new: TagDef) -> Iterator[str]:
    for path, before, after in _fields(old, new):
        unit = new.unit if path[-1] in _IN_UNITS and path[0] != "scaling" else ""
        yield change(_place(path), before, after, unit)


def _fields(old: Any, new: Any) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    for name in _said_of(type(old)):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield from leaves(before, after, (name,))


@cache
def _said_of(kind: type) -> tuple[str, ...]:
    return tuple(one.name for one in fields(kind) if one.name not in _UNSAID)


def _place(path: tuple[str, ...]) -> str:
    return " ".join(plainly(part) for part in path)


# ------------------------------------------------------------------------------------------ the rest


def _of_alarms(diff: PlantDiff, instances: tuple[str, ...]) -> Iterator[str]:
    own = {tag.id for tag in diff.known.values() if tag.instance in instances}
    told = [one for one in diff.alarms.added if one.tag_id not in own]
    yield from (f"{_called_alarm(one, diff.known)} added" for one in told)
    gone = [one for one in diff.alarms.removed if one.tag_id not in own]
    yield from (f"{_called_alarm(one, diff.known)} removed" for one in gone)
    for old, new in diff.alarms.changed:
        if old.name != new.name:
            yield f"{_called_alarm(old, diff.known)} renamed to {new.name}"
        for path, before, after in _fields(old, new):
            text = change(_place(path), before, after, _alarm_unit(path, new, diff.known))
            yield f"{_called_alarm(new, diff.known)}: {text}"


def _called_alarm(alarm: AlarmDef, known: Mapping[str, TagDef]) -> str:
    tag = known.get(alarm.tag_id)
    return f"alarm {alarm.name} of {tag.name}" if tag else f"alarm {alarm.name} ({alarm.id})"


def _alarm_unit(path: tuple[str, ...], alarm: AlarmDef, known: Mapping[str, TagDef]) -> str:
    if path[-1] in _SECONDS:
        return "s"
    tag = known.get(alarm.tag_id)
    if tag is None or path[-1] not in _IN_UNITS or not tag.unit:
        return ""
    return f"{tag.unit}/s" if alarm.kind.startswith("rate") and path[-1] == "limit" else tag.unit


def _of_connections(delta: Delta[Any]) -> Iterator[str]:
    yield from (f"connection {one.name} added" for one in delta.added)
    yield from (f"connection {one.name} removed" for one in delta.removed)
    for old, new in delta.changed:
        for path, before, after in _fields(old, new):
            what = ".".join((plainly(path[0]), *path[1:]))
            is_secret = path[0] == "settings" and not secret_settings().isdisjoint(path[1:])
            told = f"{what} changed" if is_secret else change(what, before, after)
            yield f"connection {new.name}: {told}"


def _of_displays(delta: Delta[DisplayFile]) -> Iterator[str]:
    yield from (f"display {one.name} added" for one in delta.added)
    yield from (f"display {one.name} removed" for one in delta.removed)
    for old, new in delta.changed:
        if old.name != new.name:
            yield f"display {old.name} renamed to {new.name}"
        yield from (f"display {new.name}: {text}" for text in display_sentences(old.document, new.document))
