"""A difference between two plants in words, one sentence for each thing; for the journal and for people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from enum import Enum
from typing import TYPE_CHECKING, Any

from hmi.core.values import EURange
from hmi.project.recording import RecordRules

if TYPE_CHECKING:
    from hmi.project.diff import Delta, PlantDiff

SHORT = 60
_UNSAID = frozenset(("source", "handle", "id", "name", "tag_id"))


def sentences_of(diff: PlantDiff) -> Iterator[str]:
    """``tag a/b: range changed from 0 … 5 to 0 … 10``; the plant itself first, then tags, alarms …"""
    yield from (f"{name.replace('_', ' ')} changed" for name in diff.head)
    for kind in ("tag", "alarm", "connection", "instance", "display"):
        yield from _of_kind(kind, getattr(diff, f"{kind}s"))


def _of_kind(kind: str, delta: Delta[Any]) -> Iterator[str]:
    yield from (f"{kind} {_called(item)} added" for item in delta.added)
    yield from (f"{kind} {_called(item)} removed" for item in delta.removed)
    for old, new in delta.changed:
        yield from _changes(kind, old, new)


def _changes(kind: str, old: Any, new: Any) -> Iterator[str]:
    if old.name != new.name:
        yield f"{kind} {old.name} renamed to {new.name}"
    for field in fields(old):
        before, after = getattr(old, field.name), getattr(new, field.name)
        if field.name not in _UNSAID and before != after:
            yield f"{kind} {_called(new)}: {field.name.replace('_', ' ')} changed{_from_to(before, after)}"


def _called(item: Any) -> str:
    """An alarm is named with the tag it watches: many share a name such as High."""
    return f"{item.name} ({item.id})" if hasattr(item, "tag_id") else str(item.name)


def _from_to(before: Any, after: Any) -> str:
    """Empty when one of the two is too much for a sentence."""
    old, new = _said(before), _said(after)
    if old is None or new is None or max(len(old), len(new)) > SHORT:
        return ""
    return f" from {old or 'nothing'} to {new or 'nothing'}"


def _said(value: Any) -> str | None:
    if isinstance(value, EURange):
        return f"{value.low:g} … {value.high:g}"
    if isinstance(value, RecordRules):
        return value.text
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, float):
        return f"{value:g}"
    if value is None or isinstance(value, str | int):
        return "" if value is None else str(value)
    return ", ".join(map(str, value)) if _is_list_of_text(value) else None


def _is_list_of_text(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(one, str) for one in value)
