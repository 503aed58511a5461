"""What people put on objects: control tags, manual values, bypasses, control of an area (standards 5.5, 5.6).

All are run-time state: each is placed and taken away by the command gate, journalled first, and restored from
the journal. Times are UTC ns of the session clock; 0 = no end.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from hmi.core.values import Value


class TagKind(Enum):
    """Kinds of a control tag; a tag on the screen is no replacement for a physical lock-out."""

    DO_NOT_OPERATE = "do-not-operate"
    CAUTION = "caution"
    INFORMATION = "information"


@dataclass(frozen=True, slots=True)
class ControlTag:
    """A tag on an object (an instance, or a tag without one); several may hang on one object."""

    id: str
    object_id: str
    kind: TagKind
    reason: str
    owner: str
    time: int
    owner_name: str = ""
    work_order: str = ""
    expires: int = 0


@dataclass(frozen=True, slots=True)
class Override:
    """A value that a person gives a tag instead of its source's; the source's own value stays visible.

    ``manual``: the tag has no source at all, a person enters it.
    """

    tag_id: str
    value: Value
    reason: str
    owner: str
    time: int
    owner_name: str = ""
    expires: int = 0
    manual: bool = False


@dataclass(frozen=True, slots=True)
class Bypass:
    """An interlock condition of a command that is left out for a while; it ends by itself (default 8 h).

    ``condition`` is the text of the condition. The HMI leaves its own check out; only the controller can leave
    out its own (standards 5.5).
    """

    id: str
    tag_id: str
    condition: str
    reason: str
    owner: str
    time: int
    expires: int
    owner_name: str = ""


@dataclass(frozen=True, slots=True)
class AreaControl:
    """An area is controlled by one position (station) at a time; nobody holds it until it is claimed.

    ``asked_*``: who asks its holder for it; without an answer within 30 s the holder keeps it.
    """

    area: str
    station: str
    owner: str
    time: int
    owner_name: str = ""
    asked_by: str = ""
    asked_station: str = ""
    asked_name: str = ""


@dataclass(frozen=True, slots=True)
class Holds:
    """All of them, as a station is told."""

    tags: tuple[ControlTag, ...] = ()
    overrides: tuple[Override, ...] = ()
    bypasses: tuple[Bypass, ...] = ()
    areas: tuple[AreaControl, ...] = ()
