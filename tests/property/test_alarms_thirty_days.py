"""Thirty days in virtual time, over both daylight-saving changes, with restarts: every alarm is accounted for.

A plain model of the same alarms counts what has to happen; values come at whole seconds, people act at half ones,
shelves end at quarters and restarts come last, so that no two things fall on one instant.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from alarm_bench import Bench, alarm

from hmi.alarms import AlarmChange, Refused
from hmi.core import quality
from hmi.core.alarms import AlarmEvent
from hmi.core.clock import NS_PER_S
from hmi.core.journal import JournalRecord, Kind
from hmi.core.principal import DEMO_OPERATOR
from hmi.core.values import DataValue
from hmi.project.plant import AlarmDef
from hmi.testing.clock import ManualClock
from hmi.testing.plant import good, make_tag

ZONE = ZoneInfo("Europe/Berlin")
DAYS = 30
LIMIT, DEADBAND = 10.0, 1.0
BAD = DataValue(None, quality.BAD_SENSOR_FAILURE, 1, 1)
DEFINITIONS: tuple[AlarmDef, ...] = tuple(
    alarm(id=name, tag=f"a/{name}", limit=LIMIT, deadband=DEADBAND, **fields)
    for name, fields in {
        "plain": {"on_delay_s": 15.0, "off_delay_s": 10.0},
        "latched": {"latching": True, "on_delay_s": 5.0},
        "quiet": {"ack_required": False, "off_delay_s": 60.0},
        "repeated": {"re_alarm_s": 3_600.0, "re_alarm_max": 3},
        "spike": {},
    }.items()
)
TAGS = tuple(make_tag(f"a/{one.id}") for one in DEFINITIONS)


def ns(seconds: float) -> int:
    return round(seconds * NS_PER_S)


@dataclass
class Model:
    """One alarm, as the tables 1.3 and 1.4 read, without the engine's code."""

    definition: AlarmDef
    seen: Counter[tuple[str, str, str]]
    active: bool = False
    acked: bool = True
    latched: bool = False
    shelf: int = 0
    one_shot: bool = False
    present: bool = False
    value: float = 5.0
    known: bool = True
    pending: int = 0
    again: int = 0
    repeats: int = 0

    def tell(self, event: str, at: int) -> None:
        day = datetime.fromtimestamp(at / NS_PER_S, ZONE).date().isoformat()
        self.seen[day, self.definition.id, event] += 1

    def advance(self, now: int) -> None:
        while True:
            due = sorted(
                (at, name)
                for at, name in ((self.pending, "pending"), (self.shelf, "shelf"), (self.again, "again"))
                if at and at <= now
            )
            if not due:
                return
            at, name = due[0]
            if name == "pending":
                self.pending = 0
                self.turn(at)
            elif name == "shelf":
                self.unshelve(at)
            else:
                self.again = 0
                if self.active and self.acked and not self.shelf:
                    self.acked, self.repeats = False, self.repeats + 1
                    self.tell("REALARM", at)

    def judge(self, at: int) -> None:
        present = self.value >= (LIMIT - DEADBAND if self.present else LIMIT)
        if present == self.present:
            return
        self.present, self.pending = present, 0
        if present == self.active:
            return
        delay = self.definition.on_delay_s if present else self.definition.off_delay_s
        if delay:
            self.pending = at + ns(delay)
        else:
            self.turn(at)

    def turn(self, at: int) -> None:
        if self.present:
            self.active, self.acked, self.latched, self.repeats = True, False, self.definition.latching, 0
            self.tell("ALM", at)
            return
        self.active = False
        if not self.latched and (self.shelf or not self.definition.ack_required):
            self.acked = True
        self.tell("RTN", at)
        if self.one_shot:
            self.unshelve(at)

    def put(self, value: float | None, at: int) -> None:
        self.advance(at)
        if value is None:
            self.known, self.pending = False, 0
            return
        if not self.known:
            self.known, self.present = True, self.active
        self.value = value
        self.judge(at)

    def acknowledge(self, at: int) -> bool:
        self.advance(at)
        if self.shelf or self.acked:
            return False
        self.acked = True
        self.tell("ACK", at)
        most = self.definition.re_alarm_max
        if self.active and self.definition.re_alarm_s and self.repeats < most:
            self.again = at + ns(self.definition.re_alarm_s)
        return True

    def reset(self, at: int) -> bool:
        self.advance(at)
        if self.shelf or not self.latched or self.active or not self.acked:
            return False
        self.latched = False
        self.tell("RESET", at)
        return True

    def shelve(self, at: int, seconds: float, *, one_shot: bool) -> bool:
        self.advance(at)
        if self.shelf:
            return False
        self.shelf, self.one_shot = at + ns(seconds), one_shot
        self.tell("SHELVE", at)
        return True

    def unshelve(self, at: int) -> bool:
        if not self.shelf:
            return False
        self.shelf, self.one_shot = 0, False
        self.tell("UNSHELVE", at)
        if self.active:
            self.acked, self.repeats = False, 0
            self.tell("ALM", at)
        else:
            self.acked = not self.latched
        return True

    def restart(self, at: int) -> None:
        """Delays are lost, the state is not; a repeat that is due waits until the value is known, a second."""
        self.known, self.pending = False, 0
        if self.again and self.again <= at:
            self.again = at + ns(1)
        self.advance(at)


class Month:
    """The engine and the models side by side."""

    def __init__(self, start: datetime, seed: int) -> None:
        self.chance = random.Random(seed)
        self.start = ns(start.timestamp())
        self.clock = ManualClock(self.start)
        self.wanted: Counter[tuple[str, str, str]] = Counter()
        self.found: Counter[tuple[str, str, str]] = Counter()
        self.models = {one.id: Model(one, self.wanted) for one in DEFINITIONS}
        self.records: dict[str, JournalRecord] = {}
        self.restarts = 0
        self.bench = self.engine()

    def engine(self) -> Bench:
        bench = Bench(DEFINITIONS, TAGS)
        bench.clock = self.clock
        bench.tags._clock = self.clock  # type: ignore[reportPrivateUsage]
        return bench

    def go_to(self, at: int) -> None:
        """Now is ``at``; the runtime ticks at every instant at which something ends, and at midnight."""
        for stop in self.stops(at):
            self.clock._now = stop  # type: ignore[reportPrivateUsage]
            self.note(self.bench.alarms.tick(stop))

    def stops(self, at: int) -> Iterator[int]:
        midnight = ns(86_400) - (self.clock.now_ns() % ns(86_400)) + self.clock.now_ns()
        while (due := self.bench.alarms.next_due()) and due < at:
            yield max(due, self.clock.now_ns())
        if midnight < at:
            yield midnight
        yield at

    def note(self, changes: list[AlarmChange]) -> None:
        for change in changes:
            day = datetime.fromtimestamp(change.event_time / NS_PER_S, ZONE).date().isoformat()
            self.found[day, change.row.alarm_id, change.event.value] += 1
            self.records[change.row.alarm_id] = self.record(change)

    def record(self, change: AlarmChange) -> JournalRecord:
        entry = change.entry()
        payload = json.loads(json.dumps(dict(entry.payload)))
        return JournalRecord(
            seq=sum(self.found.values()), runtime_id="rt", run_id="run", event_time=entry.event_time,
            receive_time=entry.event_time, actor="", station="", object_id=entry.object_id, plant_revision="r1",
            kind=Kind.ALARM, event=entry.event, version=1, simulated=False, payload=payload, prev_hash="", hash="",
        )  # fmt: skip

    def restart(self, at: int, down_s: float) -> None:
        """The process dies at ``at`` and is back after ``down_s``: from its journal, or from an export."""
        self.go_to(at)
        for model in self.models.values():
            model.advance(at)
        state = json.loads(json.dumps(self.bench.alarms.export_state()))
        self.restarts += 1
        self.bench = self.engine()
        if self.restarts % 2:
            self.bench.alarms.restore(sorted(self.records.values(), key=lambda one: one.seq))
        else:
            self.bench.alarms.import_state(state)
        back = at + ns(down_s)
        self.clock._now = back  # type: ignore[reportPrivateUsage]
        self.note(self.bench.alarms.tick(back))
        for handle, model in enumerate(self.models.values()):
            model.restart(back)
            self.put(handle, model, model.value)

    def put(self, handle: int, model: Model, value: float | None) -> None:
        model.put(value, self.clock.now_ns())
        self.note(self.bench.put(BAD if value is None else good(value), handle))

    def step(self, at: int) -> None:
        """One thing happens at the whole second ``at``, or just after it."""
        handle = self.chance.randrange(len(DEFINITIONS))
        model = self.models[DEFINITIONS[handle].id]
        if self.chance.random() < 0.01:
            self.restart(at + ns(0.9), self.chance.randint(1, 7_200) + 0.1)
        elif self.chance.random() < 0.6:
            self.go_to(at)
            may_be_bad = not model.definition.re_alarm_s
            value = self.chance.choice((5.0, 9.5, 11.0, 11.0, 5.0, None if may_be_bad else 5.0))
            self.put(handle, model, value)
        else:
            self.act(at + ns(0.5), model)

    def act(self, at: int, model: Model) -> None:
        self.go_to(at)
        what = self.chance.choice(("ACK", "ACK", "ACK", "RESET", "SHELVE", "UNSHELVE"))
        key: dict[str, Any] = {"principal": DEMO_OPERATOR, "comment": "why"}
        if what == "SHELVE":
            seconds = self.chance.randint(60, 14_400) + 0.25
            one_shot = self.chance.random() < 0.3
            done = model.shelve(at, seconds, one_shot=one_shot)
            result = self.bench.alarms.shelve(
                model.definition.id, at, seconds=seconds, one_shot=one_shot, **key
            )
            changes = result if isinstance(result, Refused) else [result]
        else:
            model.advance(at)
            does = {"ACK": model.acknowledge, "RESET": model.reset, "UNSHELVE": model.unshelve}[what]
            done = does(at)
            changes = self.bench.alarms.carry_out(model.definition.id, AlarmEvent[what], at, **key)
        assert done != isinstance(changes, Refused), (what, model, changes)
        self.note([] if isinstance(changes, Refused) else changes)

    def run(self) -> None:
        at, end = self.start, self.start + ns(DAYS * 86_400)
        while at < end:
            at += ns(self.chance.choice((1, 3, 12, 30, 120, 400, 900)))
            at = max(at, self.clock.now_ns() // NS_PER_S * NS_PER_S + NS_PER_S)
            self.step(at)
        self.go_to(at + ns(86_400))
        for model in self.models.values():
            model.advance(self.clock.now_ns())


@pytest.mark.timeout(60)
@pytest.mark.parametrize("start", [datetime(2026, 3, 10, tzinfo=UTC), datetime(2026, 10, 5, tzinfo=UTC)])
def test_thirty_days_end_with_every_alarm_accounted_for(start: datetime) -> None:
    offsets = {(start + timedelta(days=day)).astimezone(ZONE).utcoffset() for day in range(DAYS)}
    assert len(offsets) == 2, "the clocks change in this month"
    month = Month(start, seed=start.month)
    month.run()
    assert month.found == month.wanted
    for alarm_id, model in month.models.items():
        row = month.bench.row(alarm_id)
        flags = month.bench.alarms.kept(alarm_id)[:4]
        assert flags == [model.active, model.acked, model.latched, bool(model.shelf)], row
    count = Counter[str]()
    for (_, _, event), number in month.found.items():
        count[event] += number
    assert len({day for day, _, _ in month.found}) > DAYS
    assert min(count[one] for one in ("ALM", "RTN", "ACK", "RESET", "SHELVE", "UNSHELVE", "REALARM")) > 10
    assert month.restarts > 30
