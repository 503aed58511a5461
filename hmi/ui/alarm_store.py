"""The alarms of one station by alarm: takes what turned in small portions, and keeps the worst of each tag."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice

from hmi.client.alarms import (
    ALARM_LISTS,
    AlarmDelta,
    AlarmFlood,
    AlarmInfo,
    AlarmSound,
    is_unacked,
    list_of,
)
from hmi.mimics import TagAlarm, worst_of

ROWS_A_TURN = 500
MOST_SOUNDS = 100


@dataclass(slots=True)
class AlarmMail:
    """What arrived of alarms, merged: the newest row of each alarm wins, nothing is lost, nothing piles up.

    ``whole`` is a full list that replaces all before it; ``turned`` holds None for an alarm that is normal now.
    """

    whole: list[AlarmInfo] | None = None
    turned: dict[str, AlarmInfo | None] = field(default_factory=dict[str, "AlarmInfo | None"])
    counts: dict[str, Mapping[str, int]] = field(default_factory=dict[str, Mapping[str, int]])
    areas: dict[str, dict[str, list[int]]] = field(default_factory=dict[str, dict[str, list[int]]])
    floods: dict[str, list[AlarmFlood]] = field(default_factory=dict[str, list[AlarmFlood]])
    sounds: list[AlarmSound] = field(default_factory=list[AlarmSound])

    def take_list(self, rows: list[AlarmInfo]) -> None:
        """A full list; sounds of before it still count, they told of a moment."""
        self.whole = rows
        self.turned, self.areas = {}, {}

    def take(self, delta: AlarmDelta) -> None:
        for row in delta.rows:
            self.turned[row.alarm_id] = row
        self.turned.update(dict.fromkeys(delta.gone))
        if delta.counts:
            self.counts[delta.runtime] = delta.counts
        self.areas.update(delta.areas)
        if delta.floods is not None:
            self.floods[delta.runtime] = delta.floods
        # with more of them than that the oldest say nothing that the newest do not
        self.sounds = (self.sounds + delta.sounds)[-MOST_SOUNDS:]

    @property
    def is_empty(self) -> bool:
        return self.whole is None and not (
            self.turned or self.counts or self.areas or self.floods or self.sounds
        )


@dataclass(frozen=True, slots=True)
class AlarmNews:
    """What one portion changed. ``rows``: the new rows, in whatever list they stand; ``gone``: the rows that
    left the active list, as they were; ``tags``: whose alarms turned; ``more``: another portion follows.
    """

    rows: tuple[AlarmInfo, ...] = ()
    gone: tuple[AlarmInfo, ...] = ()
    tags: frozenset[str] = frozenset()
    sounds: tuple[AlarmSound, ...] = ()
    more: bool = False


class AlarmStore:
    """``rows``: the active list by occurrence; ``tag_alarms``: the worst alarm of each tag that has one.

    ``counts``: how many stand in each list; ``areas``: area -> priority as text -> [unacknowledged,
    acknowledged]; ``floods``: areas in flood; ``unstored``: how many of ``rows`` the journal does not hold.
    """

    def __init__(self) -> None:
        self.rows: dict[str, AlarmInfo] = {}
        self.tag_alarms: dict[str, TagAlarm] = {}
        self.counts: dict[str, int] = dict.fromkeys(ALARM_LISTS, 0)
        self.areas: dict[str, dict[str, list[int]]] = {}
        self.floods: list[AlarmFlood] = []
        self.unstored = 0
        self._by_alarm: dict[str, AlarmInfo] = {}
        self._of_tag: dict[str, dict[str, AlarmInfo]] = {}
        self._counts: dict[str, Mapping[str, int]] = {}
        self._floods: dict[str, list[AlarmFlood]] = {}
        self._waiting: dict[str, AlarmInfo | None] = {}
        self._listed: set[str] | None = None
        self._sounds: list[AlarmSound] = []

    def put(self, mail: AlarmMail) -> None:
        """Take what arrived; ``work`` shows it. Counts and floods are taken at once, they cost nothing."""
        if mail.whole is not None:
            self._waiting = {row.alarm_id: row for row in mail.whole}
            self._listed = set(self._waiting)
            self.areas = {}
        self._waiting.update(mail.turned)
        self.areas.update(mail.areas)
        self.areas = {area: counts for area, counts in self.areas.items() if counts}
        self._counts.update(mail.counts)
        self._floods.update(mail.floods)
        self._sounds += mail.sounds
        every = self._counts.values()
        self.counts = {name: sum(counts.get(name, 0) for counts in every) for name in ALARM_LISTS}
        self.floods = [flood for floods in self._floods.values() for flood in floods]

    @property
    def has_work(self) -> bool:
        return bool(self._waiting) or self._listed is not None or bool(self._sounds)

    def work(self, most: int = ROWS_A_TURN) -> AlarmNews:
        """Show the next ``most`` alarms of what waits."""
        portion = list(islice(self._waiting, most))
        rows: list[AlarmInfo] = []
        gone: list[AlarmInfo] = []
        tags: set[str] = set()
        for alarm_id in portion:
            row = self._waiting.pop(alarm_id)
            self._replace(alarm_id, row, gone, tags)
            if row is not None:
                rows.append(row)
        if not self._waiting and self._listed is not None:
            self._end_list(self._listed, gone, tags)
            self._listed = None
        self._judge(tags)
        sounds, self._sounds = tuple(self._sounds), []
        return AlarmNews(tuple(rows), tuple(gone), frozenset(tags), sounds, bool(self._waiting))

    def _end_list(self, listed: set[str], gone: list[AlarmInfo], tags: set[str]) -> None:
        """What the full list did not name, nor a change after it, is in no list any more."""
        for alarm_id in [key for key in self._by_alarm if key not in listed]:
            self._replace(alarm_id, None, gone, tags)

    def _replace(self, alarm_id: str, row: AlarmInfo | None, gone: list[AlarmInfo], tags: set[str]) -> None:
        before = self._by_alarm.pop(alarm_id, None)
        if before is not None:
            self.rows.pop(before.occurrence_id, None)
            self._of_tag.get(before.tag_name, {}).pop(alarm_id, None)
            self.unstored -= not before.stored
            tags.add(before.tag_name)
        if row is not None and list_of(row) == "active":
            self._by_alarm[alarm_id] = self.rows[row.occurrence_id] = row
            self._of_tag.setdefault(row.tag_name, {})[alarm_id] = row
            self.unstored += not row.stored
            tags.add(row.tag_name)
        if before is not None and before.occurrence_id not in self.rows:
            gone.append(before)
        if self._listed is not None and row is not None:
            self._listed.add(alarm_id)

    def _judge(self, tags: Iterable[str]) -> None:
        """The worst alarm of the tags that turned; the dictionary is another one when anything did."""
        found = dict(self.tag_alarms)
        for tag in tags:
            alarms = self._of_tag.get(tag)
            if alarms:
                found[tag] = worst_of(
                    [TagAlarm(row.priority, is_unacked(row), row.name) for row in alarms.values()]
                )
            else:
                found.pop(tag, None)
                self._of_tag.pop(tag, None)
        self.tag_alarms = found
