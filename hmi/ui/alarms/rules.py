"""What a list lets through, its order, and its lines; pure, no Qt."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from hmi.client.alarms import AlarmInfo, is_unacked, list_of
from hmi.core.clock import NS_PER_S
from hmi.core.errors import ConfigurationError
from hmi.core.query import Facts, Query, query
from hmi.ui.labels import short_tag
from hmi.ui.navigation import in_area

STALE_NS: Final = 24 * 3_600 * NS_PER_S
LEAST_FOLDED: Final = 3
_ASKED: Final = ("type", "area", "match", "signal", "unit")
STATES: Final = ("unacked", "acked", "returned", "latched", "stale")
"""What the list can be narrowed to: each word stands for states of standards 1.2; stale for 24 h without a break."""
_WORD_OF: Final = {
    "UNACK": ("unacked",), "ACKED": ("acked",), "RTNUN": ("unacked", "returned"),
    "LATCH-UNACK": ("unacked", "latched"), "LATCH-ACKED": ("acked", "latched"),
}  # fmt: skip

SortKey = tuple[bool, int, int, str]


def key_of(row: AlarmInfo) -> str:
    """What tells one row of a list from another: the occurrence; of a hidden one the alarm."""
    return row.occurrence_id if list_of(row) == "active" else row.alarm_id


def is_stale(row: AlarmInfo, now_ns: int) -> bool:
    """Present for more than 24 h without a break, acknowledged or not; a hidden alarm never is (check AL-16)."""
    return row.state in {"UNACK", "ACKED"} and 0 < row.alarm_time < now_ns - STALE_NS


@dataclass(frozen=True, slots=True)
class Filter:
    """An area, priorities, states (of ``STATES``), and words that all occur somewhere in the row.

    Words such as ``type:pump`` are a query. ``types_of`` gives the types of the equipment that a tag belongs to.
    ``now`` (UTC ns) is what staleness is judged at.
    """

    area: str = ""
    priorities: frozenset[int] = frozenset()
    text: str = ""
    states: frozenset[str] = frozenset()
    now: int = 0
    types_of: Callable[[str], Collection[str]] = field(default=lambda _tag: (), compare=False, repr=False)

    @property
    def is_open(self) -> bool:
        """It lets everything through."""
        return not (self.area or self.priorities or self.states or self.text.strip())

    def passes(self, row: AlarmInfo) -> bool:
        if self.priorities and row.priority not in self.priorities:
            return False
        if self.states and not self._has_state(row):
            return False
        if self.area and not in_area(self.area, row.area):
            return False
        words, asked = _read(self.text)
        if asked is not None and not asked.takes(self._facts(row)):
            return False
        return not words or _has_all(row, words)

    def _facts(self, row: AlarmInfo) -> Facts:
        parts = row.area.split("/")
        areas = ["/".join(parts[:n]) for n in range(1, len(parts) + 1)]
        signal = row.tag_name.rpartition(".")[2] if "." in row.tag_name else ""
        return Facts(row.tag_name, self.types_of(row.tag_name), areas, signal, row.unit)

    def _has_state(self, row: AlarmInfo) -> bool:
        words = self.states - {"stale"}
        named = not words or bool(words.intersection(_WORD_OF.get(row.state, ())))
        return named and ("stale" not in self.states or is_stale(row, self.now))


@lru_cache(maxsize=64)
def _read(text: str) -> tuple[tuple[str, ...], Query | None]:
    """Plain words in small letters, and the query that the others are; one that is not whole yet is plain words."""
    plain, asked = list[str](), list[str]()
    for word in text.split():
        key = word.removeprefix("-").partition(":")[0].lower()
        (asked if ":" in word and key in _ASKED else plain).append(word)
    try:
        return tuple(word.casefold() for word in plain), query(" ".join(asked)) if asked else None
    except ConfigurationError:
        return tuple(text.casefold().split()), None


def _has_all(row: AlarmInfo, words: Sequence[str]) -> bool:
    parts = (row.message, row.tag_name, row.name, short_tag(row.tag_name), row.comment, row.alarm_class)
    text = "\n".join(parts).casefold()
    return all(word in text for word in words)


def order(row: AlarmInfo) -> SortKey:
    """Unacknowledged first, then by priority, the newest on top; of hidden ones by what was hidden last."""
    if list_of(row) != "active":
        return (False, row.priority, -(row.hidden_since or row.alarm_time), key_of(row))
    return (not is_unacked(row), row.priority, -row.alarm_time, key_of(row))


@dataclass(frozen=True, slots=True)
class Fold:
    """The row of a group in a flood. ``key`` names the group, ``priority`` is its most urgent one."""

    key: str
    area: str
    group: str
    count: int
    unacked: int
    priority: int
    newest: int
    is_open: bool


Line = AlarmInfo | Fold
