"""Where the client's thread leaves what it received, and how fresh that is at the moment of painting."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from hmi.client.port import Event, LiveUpdate
from hmi.core.clock import NS_PER_MS, NS_PER_S, monotonic_ns
from hmi.core.values import DataValue
from hmi.ui.alarm_store import AlarmMail

SILENCE_NS = 2 * NS_PER_S
DEFAULT_LIMIT_MS = 2_000
MAX_EVENTS = 10_000


@dataclass(slots=True)
class Mail:
    """What arrived since the last drain; ``link`` is None when the link did not change.

    ``overrun``: events other than those of alarms were lost.
    """

    values: dict[str, DataValue] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    alarms: AlarmMail = field(default_factory=AlarmMail)
    link: tuple[bool, str] | None = None
    snapshot: bool = False
    overrun: bool = False


class Ages:
    """Judges freshness: the age of a group when sent, plus the own monotonic time since it arrived."""

    def __init__(self) -> None:
        self.proof_ns: dict[str, int] = {}
        self.limit_ns: dict[str, int] = {}
        self.group: dict[str, str] = {}
        self.heartbeat = 0
        self.heartbeat_ns = 0
        self.session_time = 0
        self.rate = 1.0
        self.at = 0
        self.ended = self.waits = False
        self.revision = ""
        self._number = 0

    def take(self, update: LiveUpdate) -> None:
        """Every batch proves that the runtime lives, and says when each group last proved the same."""
        if update.snapshot:
            self.waits = False
            self.group = dict(update.tag_group)
            self.revision = update.revision
            self.proof_ns = {}
        for group, limit in update.group_limits_ms.items():
            self.limit_ns[group] = limit * NS_PER_MS
        for group, age in update.ages_ms.items():
            self.proof_ns[group] = update.arrived_ns - age * NS_PER_MS
        self.at, self.ended = update.at, update.ended
        self.prove(update)
        # a command carries the number of the batch it was decided on: one from the past has none and is refused
        self.heartbeat = 0 if update.at else update.heartbeat
        if update.session_time:
            self.session_time, self.rate = update.session_time, update.rate

    def prove(self, update: LiveUpdate) -> None:
        """The runtime lives, whatever else the batch says."""
        if update.heartbeat != self._number or update.snapshot:
            self._number, self.heartbeat_ns = update.heartbeat, update.arrived_ns

    def begin(self, at: int, time: int) -> None:
        """From here on values of ``at`` (0: live ones) are waited for; no command is decided on those of before.

        ``time`` (UTC ns) is told until they come.
        """
        self.at, self.heartbeat, self.ended, self.waits = at, 0, False, True
        self.session_time, self.rate = time, 0.0

    def silence_ns(self, now_ns: int) -> int:
        """Monotonic time since the last heartbeat."""
        return now_ns - self.heartbeat_ns

    def is_alive(self, now_ns: int) -> bool:
        return self.heartbeat_ns > 0 and self.silence_ns(now_ns) <= SILENCE_NS

    def is_fresh(self, tag: str, now_ns: int) -> bool:
        """False when the runtime is silent or the tag's group gave no proof of life within its limit.

        What was true in the past is never live.
        """
        if self.at or not self.is_alive(now_ns):
            return False
        group = self.group.get(tag)
        if group is None:
            return True
        proof = self.proof_ns.get(group)
        limit = self.limit_ns.get(group, DEFAULT_LIMIT_MS * NS_PER_MS)
        return proof is not None and now_ns - proof <= limit

    def now(self, now_ns: int) -> int:
        """Session time, UTC ns, at a monotonic instant; it stands still when the runtime is silent.

        Of the past it is the time of the last batch: of what follows no value is known yet.
        """
        if not self.session_time or self.at:
            return self.session_time
        passed = min(max(now_ns - self.heartbeat_ns, 0), SILENCE_NS)
        return self.session_time + int(passed * self.rate)


class Mailbox:
    """Obeys ``Listener`` on the client's thread; ``drain`` and ``ages`` belong to the Qt thread.

    Newest value wins, and the newest row of an alarm; other events keep their order and are bounded.
    """

    def __init__(self, clock: Callable[[], int] = monotonic_ns) -> None:
        self._lock = threading.Lock()
        self._mail = Mail()
        self._events: deque[Event] = deque()
        self._updates: list[LiveUpdate] = []
        self.clock = clock
        self.ages = Ages()
        self._span: tuple[int, int] | None = None
        self._travelled = False
        self._life: LiveUpdate | None = None

    def expect(self, span: tuple[int, int] | None, time: int) -> None:
        """Take only what is of this time (from and until, UTC ns), or only what is live.

        What is on its way of anything else proves that the runtime lives, and nothing more. ``time`` is told until
        the first of it comes.
        """
        with self._lock:
            self._span, self._travelled = span, True
            self._mail.values, self._mail.snapshot = {}, False
            self._updates = []
        self.ages.begin(span[0] if span else 0, time)

    def _fits(self, update: LiveUpdate) -> bool:
        if self._span is None:
            return not (self._travelled and update.at)
        return self._span[0] <= update.at <= self._span[1]

    def on_live(self, update: LiveUpdate) -> None:
        with self._lock:
            if not self._fits(update):
                self._life = update
            elif update.snapshot:
                self._mail.values = dict(update.values)
                self._mail.snapshot = True
                self._updates = [update]
            else:
                self._mail.values.update(update.values)
                self._updates = _merged(self._updates, update)

    def on_event(self, event: Event) -> None:
        with self._lock:
            if event.kind == "alarms":
                self._mail.alarms.take_list(event.payload)
                return
            if event.kind == "alarm_changes":
                self._mail.alarms.take(event.payload)
                return
            if len(self._events) >= MAX_EVENTS:
                self._events.clear()
                self._mail.overrun = True
            self._events.append(event)

    def on_link(self, up: bool, text: str) -> None:
        with self._lock:
            self._mail.link = (up, text)

    def drain(self) -> Mail:
        """Take everything; constant time under the lock."""
        with self._lock:
            mail, self._mail = self._mail, Mail()
            events, self._events = self._events, deque()
            updates, self._updates = self._updates, []
            life, self._life = self._life, None
        mail.events = list(events)
        if life is not None:
            self.ages.prove(life)
        for update in updates:
            self.ages.take(update)
        return mail

    def fresh(self, tag: str) -> bool:
        """Is the tag's value live, now?"""
        return self.ages.is_fresh(tag, self.clock())

    @property
    def is_history(self) -> bool:
        """The values are those of the past at ``now``."""
        return self.ages.at > 0 or self._span is not None

    @property
    def alive(self) -> bool:
        return self.ages.is_alive(self.clock())

    def now(self) -> int:
        """Session time, UTC ns."""
        return self.ages.now(self.clock())


def _merged(kept: list[LiveUpdate], update: LiveUpdate) -> list[LiveUpdate]:
    """Ages of a later batch replace those of an earlier one; a snapshot's groups are kept."""
    if kept and kept[-1].snapshot:
        return [*kept, update]
    if not kept:
        return [update]
    last = kept[-1]
    ages = {**last.ages_ms, **update.ages_ms}
    for group, age in last.ages_ms.items():
        if group not in update.ages_ms:
            ages[group] = age + (update.arrived_ns - last.arrived_ns) // NS_PER_MS
    limits = {**last.group_limits_ms, **update.group_limits_ms}
    merged = LiveUpdate(
        values={}, ages_ms=ages, heartbeat=update.heartbeat, arrived_ns=update.arrived_ns,
        group_limits_ms=limits, session_time=update.session_time or last.session_time, rate=update.rate,
        at=update.at, ended=update.ended,
    )  # fmt: skip
    return [*kept[:-1], merged]
