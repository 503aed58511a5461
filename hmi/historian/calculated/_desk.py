"""Keeps calculated tags up to date: what is over is calculated, what comes late or is edited calculates it again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from hmi.core import quality
from hmi.core.clock import NS_PER_S
from hmi.core.errors import StorageError, UsageError
from hmi.core.texts import tr
from hmi.core.values import DataValue, bad
from hmi.expressions import compile_expression
from hmi.historian.calculated._periods import Period, period_of, periods
from hmi.historian.calculated._results import calculated, combined
from hmi.historian.port import Commit, CommitKind, Coverage
from hmi.historian.samples import Samples
from hmi.project.calculation import CalculationRule
from hmi.project.plant import Plant, TagDef

log = logging.getLogger(__name__)

USER: Final = "calculation"
GRACE_NS: Final = 10 * NS_PER_S
"""A period is calculated so long after its end: its last values are on their way to the archive until then."""
LONGEST_NS: Final = 400 * 86_400 * NS_PER_S
"""How far back a new calculation begins at most."""
LATE_NS: Final = 7 * 86_400 * NS_PER_S
"""What is looked through again when the feed has lost commits: samples that come late are not older (standards 7.2)."""
PER_STEP: Final = 50
"""Periods of one tag in one step."""
_EVER: Final = 2**63 - 1
_AFRESH: Final = frozenset((CommitKind.LATE, CommitKind.EDIT, CommitKind.DELETE))


class History(Protocol):
    """What is asked of the historian; every call may touch the disk."""

    def samples(self, tag_id: str, start: int, end: int) -> Iterator[Samples]: ...

    def before(self, tag_id: str, at: int) -> Samples: ...

    def after(self, tag_id: str, at: int) -> Samples: ...

    def is_stepped(self, tag_id: str) -> bool: ...

    def number(self, tag_id: str) -> int | None: ...

    def coverage(self) -> Coverage: ...

    def feed_after(self, seq: int, limit: int = 1_000) -> list[Commit]: ...

    def insert(self, tag_id: str, values: Sequence[DataValue], *, user: str, reason: str) -> int: ...

    def edit(self, tag_id: str, values: Sequence[DataValue], *, user: str, reason: str) -> int: ...


class Result(NamedTuple):
    """The newest value of a calculated tag."""

    tag: TagDef
    value: DataValue


@dataclass(frozen=True, slots=True)
class _Made:
    """``reads``: id of each tag that a calculation reads, by its name."""

    tag: TagDef
    rule: CalculationRule
    reads: Mapping[str, str]


class Calculations:
    """All calculated tags of a plant. ``step`` is called now and then, beside the loop. What is stored says what is
    missing, so that a restart goes on and nothing is calculated twice.

    ``cursor``: number of the last commit that was looked at, -1 = begin with the newest; whoever owns it keeps it.
    """

    def __init__(self, plant: Plant, history: History, cursor: int = -1) -> None:
        self._history, self._zone, self.cursor = history, ZoneInfo(plant.zone), cursor
        made = [_made(plant, tag, tag.calculation) for tag in plant.tags if tag.calculation is not None]
        self._all = sorted(made, key=lambda one: one.rule.is_kpi)  # parts before what is made of them
        self._told: dict[str, DataValue] = {}
        self._ends: dict[str, int] = {}
        self._refused: dict[str, int] = {}
        self._failing: set[str] = set()

    @property
    def tags(self) -> tuple[TagDef, ...]:
        return tuple(one.tag for one in self._all)

    def step(self, now: int, stop: Callable[[], bool] = lambda: False) -> tuple[list[Result], bool]:
        """Newest values that were not told yet, and whether there is more to do at once. ``now``: session time.

        StorageError: the archive takes nothing now. What else goes wrong with one tag stops no other one.
        """
        more = self._look_again(now, stop)
        for one in self._all:
            if stop():
                return [], False
            more |= self._alone(one, lambda one=one: self._go_on(one, now))
        newest = [(one.tag, self._newest(one.tag.id)) for one in self._all]
        news = [Result(tag, value) for tag, value in newest if value and self._told.get(tag.id) != value]
        self._told.update((one.tag.id, one.value) for one in news)
        return news, more

    def _alone(self, one: _Made, work: Callable[[], bool]) -> bool:
        """Work for one tag whose failure is told once and goes no further; what it returned, else False."""
        try:
            found = work()
        except StorageError:
            raise
        except Exception as error:
            # The border of one calculation: the others go on.
            if one.tag.id not in self._failing:
                log.exception("%s: a period cannot be calculated: %s", one.tag.name, error)
            self._failing.add(one.tag.id)
            return False
        self._failing.discard(one.tag.id)
        return found

    # ------------------------------------------------------------------ what is over

    def _go_on(self, one: _Made, now: int) -> bool:
        """The next periods of one tag; True when there are more."""
        start = self._next_start(one, now)
        if start is None:
            return False
        missing = list(islice(periods(one.rule, self._zone, start, now - GRACE_NS), PER_STEP + 1))
        values = [self._value(one, period) for period in missing[:PER_STEP]]
        if values:
            self._put(one, values)
            self._ends[one.tag.id] = missing[len(values) - 1].end
        return len(missing) > PER_STEP

    def _put(self, one: _Made, values: Sequence[DataValue]) -> None:
        """Store results; those of days that keep no samples any more are refused and left out."""
        try:
            self._history.insert(one.tag.id, values, user=USER, reason=tr("calculated"))
        except UsageError as error:
            if len(values) > 1:
                for value in values:
                    self._put(one, (value,))
            else:
                log.info("%s: a result is not kept: %s", one.tag.name, error)
                self._refused[one.tag.id] = period_of(one.rule, self._zone, values[0].source_time).end

    def _next_start(self, one: _Made, now: int) -> int | None:
        """Where the first missing period begins; None while there is nothing to calculate from."""
        newest = self._newest(one.tag.id)
        if newest is not None:
            self._look_behind(one, newest.source_time, now)
            return max(
                period_of(one.rule, self._zone, newest.source_time).end, self._refused.get(one.tag.id, 0)
            )
        firsts = [self._history.after(tag_id, max(now - LONGEST_NS, 0)) for tag_id in one.reads.values()]
        times = [int(found.times[0]) for found in firsts if len(found)]
        if not times:
            return None
        return max(period_of(one.rule, self._zone, min(times)).start, self._refused.get(one.tag.id, 0))

    def _look_behind(self, one: _Made, newest: int, now: int) -> None:
        """Where a clock that ran ahead left results of a time to come, each is made anew when its period is over."""
        under_way = period_of(one.rule, self._zone, now - GRACE_NS).start
        if newest >= under_way:
            self._renew(one, under_way - 1, under_way - 1, now)

    def _newest(self, tag_id: str) -> DataValue | None:
        found = self._history.before(tag_id, _EVER)
        return found.values()[-1] if len(found) else None

    def _value(self, one: _Made, period: Period) -> DataValue:
        if one.rule.is_kpi:
            parts = {name: self._stored(tag_id, period) for name, tag_id in one.reads.items()}
            return combined(
                one.rule, {name: _or_none(value, period) for name, value in parts.items()}, period
            )
        source = _OfTag(self._history, one.rule.of)
        return calculated(one.rule, source, period, stepped=self._history.is_stepped(one.rule.of))

    def _stored(self, tag_id: str, period: Period) -> DataValue | None:
        """The result of one period, as it is stored."""
        for piece in self._history.samples(tag_id, period.start, period.start):
            return piece.values()[-1]
        return None

    # ------------------------------------------------------------------ what comes late

    def _look_again(self, now: int, stop: Callable[[], bool]) -> bool:
        """At periods of which something was stored late, edited or deleted; True when the feed may go on."""
        coverage = self._history.coverage()
        if self.cursor < 0:
            self.cursor = coverage.seq
            return False
        if coverage.first_seq > self.cursor + 1:  # commits fell out of the feed
            for one in self._all:
                self._alone(one, lambda one=one: self._renew(one, max(now - LATE_NS, 0), now, now))
            self.cursor = coverage.first_seq - 1
        commits = self._history.feed_after(self.cursor)
        for commit in commits:
            if stop():
                return False
            self._take(commit, now)
            self.cursor = commit.seq
        return bool(commits)

    def _take(self, commit: Commit, now: int) -> None:
        """What a commit says of periods that are calculated already; a live one may do so too, told late."""
        for one in self._all:
            for tag_id in one.reads.values():
                self._alone(one, lambda one=one, tag_id=tag_id: self._take_of(one, tag_id, commit, now))

    def _take_of(self, one: _Made, tag_id: str, commit: Commit, now: int) -> bool:
        times = commit.batch.samples.times[commit.batch.tags == (self._history.number(tag_id) or 0)]
        if not len(times):
            return False
        first = int(times.min())
        if first >= self._end(one) and commit.kind not in _AFRESH:
            return False
        begin, end = first, int(times.max())
        if not one.rule.is_kpi:
            begin, end = self._reach(tag_id, begin, end)
        return self._renew(one, begin, end, now)

    def _reach(self, tag_id: str, first: int, last: int) -> tuple[int, int]:
        """A sample says something up to the one behind it, and of a sloped tag from the one before it on."""
        behind = self._history.after(tag_id, last)
        end = int(behind.times[0]) if len(behind) else _EVER
        if self._history.is_stepped(tag_id):
            return first, end
        ahead = self._history.before(tag_id, first)
        return (int(ahead.times[0]) if len(ahead) else first), end

    def _end(self, one: _Made) -> int:
        """Where the last period ends that is calculated; 0 without one."""
        known = self._ends.get(one.tag.id)
        if known is None:
            newest = self._newest(one.tag.id)
            known = period_of(one.rule, self._zone, newest.source_time).end if newest is not None else 0
            self._ends[one.tag.id] = known
        return known

    def _renew(self, one: _Made, begin: int, end: int, now: int) -> bool:
        """Results that are stored already and differ now are replaced; the old ones stay as modified."""
        at, end = begin, min(end, self._end(one) - 1)
        while at <= end:
            period = period_of(one.rule, self._zone, at)
            if period.end + GRACE_NS > now:
                break  # it is not over: only a clock that ran ahead can have left a result
            old = self._stored(one.tag.id, period)
            if old is not None:
                new = self._value(one, period)
                if (new.value, new.status) != (old.value, old.status):
                    reason = tr("calculated again: what it is made of was changed")
                    self._replace(one, new, reason)
            at = period.end
        return False

    def _replace(self, one: _Made, new: DataValue, reason: str) -> None:
        try:
            self._history.edit(one.tag.id, [new], user=USER, reason=reason)
        except UsageError as error:  # of a day that keeps no samples any more
            log.info("%s: a result stays as it was: %s", one.tag.name, error)


class _OfTag:
    """The samples of one tag; obeys the source of aggregates."""

    def __init__(self, history: History, tag_id: str) -> None:
        self._history, self._tag_id = history, tag_id

    def samples(self, start: int, end: int) -> Iterator[Samples]:
        return self._history.samples(self._tag_id, start, end)

    def before(self, at: int) -> Samples:
        return self._history.before(self._tag_id, at)

    def after(self, at: int) -> Samples:
        return self._history.after(self._tag_id, at)


def _made(plant: Plant, tag: TagDef, rule: CalculationRule) -> _Made:
    if rule.is_kpi:
        names = compile_expression(rule.expression).names
        return _Made(tag, rule, {name: plant.by_name[name].id for name in names})
    return _Made(tag, rule, {plant.by_id[rule.of].name: rule.of})


def _or_none(value: DataValue | None, period: Period) -> DataValue:
    return bad(quality.BAD_NO_DATA, period.start) if value is None else value
