"""Things by key in an order, put together out of two versions that both began with a third."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from hmi.project._words import same

BEGIN, MIDDLE, END = "<<<<<<< ours", "=======", ">>>>>>> theirs"
_GONE: Final = object()


@dataclass(frozen=True, slots=True)
class Merged:
    """``content`` holds the marks of a merge where there are ``conflicts``, one sentence each."""

    content: bytes
    conflicts: tuple[str, ...] = ()


@dataclass(slots=True)
class Fields:
    """One thing of both versions put together; ``clashing`` are the fields that both changed differently."""

    values: dict[str, Any] = field(default_factory=dict[str, Any])
    clashing: list[str] = field(default_factory=list[str])


def merged_fields(base: Mapping[str, Any], ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Fields:
    """Field by field: whoever changed one has his way. A clash keeps ours in ``values``."""
    found = Fields()
    for name in dict.fromkeys((*ours, *theirs)):
        was, one, other = (side.get(name, _GONE) for side in (base, ours, theirs))
        is_ours_old = same(one, was)
        if not (is_ours_old or same(one, other) or same(other, was)):
            found.clashing.append(name)
        taken = other if is_ours_old else one
        if taken is not _GONE:
            found.values[name] = taken
    return found


def merged_order(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> tuple[list[str], bool]:
    """Every key of both in one order, and whether both changed the order in different ways (then it is ours)."""
    common = set(base) & set(ours) & set(theirs)
    was, one, other = ([key for key in side if key in common] for side in (base, ours, theirs))
    first, second = (theirs, ours) if one == was != other else (ours, theirs)
    found = list(first)
    known = set(found)
    place = {key: index for index, key in enumerate(found)}
    after: dict[int, list[str]] = {}
    last = -1
    for key in second:
        if key in known:
            last = place[key]
        else:
            after.setdefault(last, []).append(key)
    out = list(after.get(-1, ()))
    for index, key in enumerate(found):
        out += [key, *after.get(index, ())]
    return out, was not in (one, other) and one != other


def marked(ours: str, theirs: str) -> str:
    """Both texts between the marks; each ends with its line end or is empty."""
    return f"{BEGIN}\n{ours}{MIDDLE}\n{theirs}{END}\n"
