"""Reads a log once, in its order, and counts what the figures are made of (standards 1.11)."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable
from datetime import tzinfo
from typing import Any

from hmi.alarms._kpi_alarm import STALE_NS, AlarmStory
from hmi.alarms._kpi_facts import Fact, Record, Said, facts_of
from hmi.alarms._kpi_time import BIN_S, DAY_S, HOUR_S, Bins
from hmi.core.alarms import AlarmEvent, AlarmState, Priority
from hmi.core.clock import NS_PER_S
from hmi.core.principal import SYSTEM
from hmi.core.quality import Mark, quality_of
from hmi.project.targets import AlarmTargets

UPSET_NS = 600 * NS_PER_S
TRIP_CLASS = "trip"
TEST_CLASSES = frozenset({"test", "testing"})
LISTED = 100  # acts outside the rules that are named one by one; the rest is counted
_STANDING = frozenset({AlarmState.UNACK.value, AlarmState.ACKED.value})
_UNACKED = frozenset({AlarmState.UNACK.value, AlarmState.RTNUN.value, AlarmState.LATCH_UNACK.value})
_ALM, _RTN, _ACK = AlarmEvent.ALM.value, AlarmEvent.RTN.value, AlarmEvent.ACK.value
_REALARM, _ATTR = AlarmEvent.REALARM.value, AlarmEvent.ATTR_CHANGE.value
_HIDING = frozenset({AlarmEvent.SHELVE.value, AlarmEvent.SUPPRESS.value, AlarmEvent.OOS.value})
_HOUR_NS = 3_600 * NS_PER_S


class Collected:
    """One window of one area. Memory: one story for each alarm, one number for each bin and acknowledgement.

    ``simulated``: the plant itself is a simulator's, so its records count.
    """

    def __init__(
        self, start_ns: int, end_ns: int, zone: tzinfo, targets: AlarmTargets, area: str, *, simulated: bool
    ) -> None:
        self.start, self.end, self.area, self.targets = start_ns, end_ns, area, targets
        self._simulated = simulated
        self.bins = Bins(start_ns, end_ns, zone, BIN_S)
        self.hours = Bins(start_ns, end_ns, zone, HOUR_S)
        self.days = Bins(start_ns, end_ns, zone, DAY_S)
        self.per_bin, self.per_hour = [0] * len(self.bins), [0] * len(self.hours)
        self.stale_on = [0] * len(self.days)
        self.alarms: dict[str, AlarmStory] = {}
        self.raised, self.missing, self.unreadable, self.standing_ns = 0, 0, 0, 0
        self.by_priority: Counter[int] = Counter()
        self.delays: dict[int, array[float]] = {}
        self.stale: list[tuple[AlarmStory, Said, int, int]] = []
        self.upsets: list[dict[str, Any]] = []
        self.outside_rules, self.attributes = 0, 0
        self.outside_list: list[dict[str, Any]] = []
        self.attribute_list: list[dict[str, Any]] = []

    def read(self, records: Iterable[Record]) -> None:
        """All records in the order of the journal; those before the window say what stood when it began."""
        for fact in facts_of(records):
            if fact is None:
                self.unreadable += 1
            elif fact.alarm_id:
                self._take(fact)
            elif self.start <= fact.time < self.end:
                self.missing += fact.missing
        self._end()

    def _take(self, fact: Fact) -> None:
        said = fact.said
        if self._is_left_out(fact) or fact.time >= self.end:
            return
        story = self.alarms.get(fact.alarm_id)
        if story is None:
            story = self.alarms[fact.alarm_id] = AlarmStory(fact.alarm_id, said)
            self._begin(story, fact)
        self._stand(story, fact)
        event, story.said = fact.event, said
        if event == _ALM:
            self._raise(story, said, said.alarm_time or fact.time)
        elif event == _RTN:
            story.returned(fact.time)
        else:
            self._act(story, fact)

    def _is_left_out(self, fact: Fact) -> bool:
        """Other areas; what is only recorded; tests; what a simulator or a simulated point raised."""
        said, area = fact.said, self.area
        if area and said.area != area and not said.area.startswith(f"{area}/"):
            return True
        if said.priority >= Priority.JOURNAL or said.alarm_class in TEST_CLASSES:
            return True
        if self._simulated:
            return False
        return fact.simulated or (said.quality != 0 and quality_of(said.quality).mark is Mark.SIMULATED)

    def _begin(self, story: AlarmStory, fact: Fact) -> None:
        """The first that is known of an alarm may be in the middle of its story."""
        said = fact.said
        raised = said.alarm_time or fact.time
        if said.before in _STANDING and fact.event != _ALM:
            story.standing_since = raised
        if said.before in _UNACKED and fact.event != _ALM:
            story.unacked_since = raised

    def _stand(self, story: AlarmStory, fact: Fact) -> None:
        """From UNACK to ACKED and back is no break; everything else is."""
        if fact.said.after in _STANDING:
            if not story.standing_since:
                story.standing_since = max(fact.said.alarm_time or fact.time, story.stood_until)
        elif story.standing_since:
            self._stood(story, story.standing_since, fact.time, is_over=True)
            story.standing_since, story.stood_until = 0, fact.time

    def _stood(self, story: AlarmStory, since: int, until: int, *, is_over: bool) -> None:
        inside = min(until, self.end) - max(since, self.start)
        if inside <= 0:
            return
        self.standing_ns += inside
        if until - since > STALE_NS:
            self.stale.append((story, story.said, since, until if is_over else 0))
            self._stale_days(story, max(since + STALE_NS, self.start), min(until, self.end))

    def _stale_days(self, story: AlarmStory, begin: int, end: int) -> None:
        """An alarm counts once on each day that it is stale on."""
        for day in range(self.days.index(begin), self.days.index(max(end - 1, begin)) + 1):
            if day > story.stale_day:
                self.stale_on[day] += 1
                story.stale_day = day

    def _raise(self, story: AlarmStory, said: Said, at: int) -> None:
        if said.hidden or said.annunciate is False:
            return
        story.unacked_since = at
        if not self.start <= at < self.end:
            return
        self.raised += 1
        self.per_bin[self.bins.index(at)] += 1
        self.per_hour[self.hours.index(at)] += 1
        self.by_priority[said.priority] += 1
        story.count(at)
        self._upset(story, said, at)

    def _upset(self, story: AlarmStory, said: Said, at: int) -> None:
        """A trip within ten minutes of another one belongs to the same upset."""
        last = self.upsets[-1] if self.upsets else None
        if last is not None and 0 <= at - last["start"] <= UPSET_NS:
            last["count"] += 1
        elif said.alarm_class == TRIP_CLASS:
            self.upsets.append({**named(story, said), "start": at, "count": 0})

    def _act(self, story: AlarmStory, fact: Fact) -> None:
        event, said, at = fact.event, fact.said, fact.time
        if fact.actor != SYSTEM.user:
            story.fresh_since = 0
        inside = at >= self.start
        if event == _ACK:
            if inside and story.unacked_since:
                delay = max(at - story.unacked_since, 0) / NS_PER_S
                self.delays.setdefault(said.priority, array("d")).append(delay)
            story.unacked_since = 0
        elif event == _REALARM:
            story.unacked_since = 0  # the first acknowledgement is what was waited for
        elif inside and event in _HIDING:
            self._judge(story, fact)
        elif inside and event == _ATTR and said.attributes and not said.change_number:
            self.attributes += 1
            _list(self.attribute_list, story, fact, "")

    def _judge(self, story: AlarmStory, fact: Fact) -> None:
        if why := outside_rules(fact, self.targets):
            self.outside_rules += 1
            _list(self.outside_list, story, fact, why)

    def _end(self) -> None:
        for story in self.alarms.values():
            if story.standing_since:
                self._stood(story, story.standing_since, self.end, is_over=False)


def outside_rules(fact: Fact, targets: AlarmTargets) -> str:
    """``no_reason``, ``too_long`` or ``by_hand`` for a hiding that nobody had the authority for; else empty."""
    said, by_person = fact.said, fact.actor != SYSTEM.user
    if fact.event == AlarmEvent.SUPPRESS.value:
        return "by_hand" if by_person else ""
    if not (said.comment or said.reason_code):
        return "no_reason"
    if fact.event == AlarmEvent.SHELVE.value:
        hours = targets.p1_shelve_max_h if said.priority == Priority.P1 else targets.shelve_max_h
        return "too_long" if said.shelve_until - fact.time > hours * _HOUR_NS else ""
    return ""


def named(story: AlarmStory, said: Said) -> dict[str, Any]:
    """How every list names an alarm."""
    return {
        "alarm_id": story.alarm_id,
        "tag": said.tag,
        "name": said.name,
        "message": said.message,
        "area": said.area,
        "priority": said.priority,
    }


def _list(found: list[dict[str, Any]], story: AlarmStory, fact: Fact, why: str) -> None:
    if len(found) < LISTED:
        row = named(story, fact.said)
        found.append({**row, "time": fact.time, "event": fact.event, "actor": fact.actor, "why": why})
