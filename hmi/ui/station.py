"""What the windows of one station share: plant, values, alarms, freshness, and the road to the runtime."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal

from hmi.client.port import AlarmInfo, Event, PlantInfo, RuntimeStatus
from hmi.core.clock import NS_PER_S
from hmi.core.commands import CommandResult, OperatorCommand
from hmi.core.history import HistoryPage, ReadRaw
from hmi.core.identity import new_id
from hmi.core.values import DataValue, Value
from hmi.mimics import Catalogue, Reading, TagAlarm
from hmi.ui.link import Link
from hmi.ui.mailbox import Mailbox

log = logging.getLogger(__name__)

DRAIN_MS = 100
JUDGE_MS = 250
STATUS_MS = 2_000


class Station(QObject):
    """Drains the mailbox on the Qt thread and tells the windows. Decides nothing."""

    valuesChanged = Signal(object)
    alarmsChanged = Signal()
    judged = Signal()
    plantLoaded = Signal()
    statusChanged = Signal()
    notice = Signal(str)

    def __init__(self, link: Link, mailbox: Mailbox, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.link, self.mailbox = link, mailbox
        self.plant: PlantInfo | None = None
        self.status: RuntimeStatus | None = None
        self.catalogue = Catalogue()
        self.values: dict[str, DataValue] = {}
        self.alarms: dict[str, AlarmInfo] = {}
        self.tag_alarms: dict[str, TagAlarm] = {}
        self.link_up, self.link_text = False, ""
        self._wants: dict[int, tuple[str, ...]] = {}
        self._subscribed: tuple[str, ...] = ()
        self._timers = [
            self._timer(DRAIN_MS, self.drain),
            self._timer(JUDGE_MS, self.judged.emit),
            self._timer(STATUS_MS, self.ask_status),
        ]

    def _timer(self, interval: int, slot: Callable[[], Any]) -> QTimer:
        timer = QTimer(self)
        timer.setInterval(interval)
        timer.timeout.connect(slot)
        return timer

    def start(self) -> None:
        for timer in self._timers:
            timer.start()
        self.ask_plant()
        self.ask_status()

    def stop(self) -> None:
        for timer in self._timers:
            timer.stop()

    # what the runtime says

    def drain(self) -> None:
        """One tick: everything that arrived since the last one."""
        mail = self.mailbox.drain()
        if mail.link is not None:
            self._take_link(*mail.link)
        if mail.snapshot:
            self.values = {}
        if mail.values:
            self.values.update(mail.values)
            self.valuesChanged.emit(mail.values)
        turned = False
        for event in mail.events:
            turned |= self._take_event(event)
        if turned:
            self._alarms_turned()
        if mail.overrun:
            self.ask_alarms()

    def _take_link(self, up: bool, text: str) -> None:
        returned = up and not self.link_up
        self.link_up, self.link_text = up, text
        if returned:
            self._subscribed = ()
            self.ask_plant()
            self.ask_status()
        self.statusChanged.emit()

    def _take_event(self, event: Event) -> bool:
        """True when the alarm list changed."""
        if event.kind == "alarms":
            self.alarms = {row.occurrence_id: row for row in map(_alarm, event.payload)}
            return True
        if event.kind == "alarm":
            row = _alarm(event.payload)
            self.alarms.pop(row.occurrence_id, None)
            if row.state != "NORM":
                self.alarms[row.occurrence_id] = row
            return True
        if event.kind == "overrun":
            self.ask_alarms()
        elif event.kind in {"connection", "status"}:
            self.ask_status()
        return False

    def _alarms_turned(self) -> None:
        found: dict[str, TagAlarm] = {}
        for row in self.alarms.values():
            known = found.get(row.tag_name)
            own = TagAlarm(row.priority, is_unacked(row), row.name)
            if known is None or (own.priority, not own.unacked) < (known.priority, not known.unacked):
                found[row.tag_name] = own
        self.tag_alarms = found
        self.alarmsChanged.emit()

    # questions

    def ask_plant(self) -> None:
        self.link.ask(lambda client: client.plant(), owner=self, done=self._take_plant, failed=self._quiet)
        self.ask_alarms()

    def _take_plant(self, plant: PlantInfo) -> None:
        if self.plant is None or plant.revision != self.plant.revision:
            self.plant, self.catalogue = plant, Catalogue.of(plant)
            self.plantLoaded.emit()
        self._subscribe()

    def ask_alarms(self) -> None:
        self.link.ask(lambda client: client.alarms(), owner=self, done=self._take_alarms, failed=self._quiet)

    def _take_alarms(self, rows: Iterable[AlarmInfo]) -> None:
        self.alarms = {row.occurrence_id: row for row in rows}
        self._alarms_turned()

    def ask_status(self) -> None:
        self.link.ask(lambda client: client.status(), owner=self, done=self._take_status, failed=self._quiet)

    def _take_status(self, status: RuntimeStatus) -> None:
        self.status = status
        self.statusChanged.emit()

    def _quiet(self, sentence: str) -> None:
        """A question that is asked again anyway: the link's state says it already."""
        log.debug("The runtime did not answer: %s", sentence)

    def want(self, owner: QObject, tags: Iterable[str]) -> None:
        """What ``owner`` shows; the subscription is the union. Nothing is wanted by an owner with no tags."""
        wanted = tuple(dict.fromkeys(tags))
        if wanted:
            self._wants[id(owner)] = wanted
        else:
            self._wants.pop(id(owner), None)
        self._subscribe()

    def _subscribe(self) -> None:
        if self.plant is None:
            return
        known = self.catalogue.tags
        tags = tuple(dict.fromkeys(t for wanted in self._wants.values() for t in wanted if t in known))
        if tags != self._subscribed:
            self._subscribed = tags
            self.link.ask(
                lambda client: client.subscribe(tags), owner=self, done=lambda _: None, failed=self._quiet
            )

    def read_history(
        self, tag: str, span_ns: int, *, owner: QObject, done: Callable[[HistoryPage], None], limit: int = 0
    ) -> None:
        """Raw samples of the last ``span_ns`` of session time."""
        info = self.catalogue.tags.get(tag)
        now = self.now()
        if info is None or not now:
            return
        request = ReadRaw(info.id, now - span_ns, now, limit, bounds=True)
        self.link.ask(lambda client: client.read_raw(request), owner=owner, done=done, failed=self._quiet)

    def acknowledge(self, occurrence_ids: list[str]) -> None:
        """Ask the runtime; its event changes the list, not this click."""
        if not occurrence_ids:
            return
        self.link.ask(
            lambda client: client.acknowledge(occurrence_ids),
            owner=self,
            done=self._acknowledged,
            failed=self.notice.emit,
        )

    def _acknowledged(self, problems: list[str]) -> None:
        for problem in problems:
            self.notice.emit(problem)

    def submit(
        self,
        tag: str,
        value: Value,
        *,
        owner: QObject,
        done: Callable[[CommandResult], None],
        failed: Callable[[str], None],
        reason: str = "",
    ) -> OperatorCommand:
        """Send a command with the number of the last heartbeat seen; the command that was sent."""
        info = self.catalogue.tags[tag]
        command = OperatorCommand(
            id=new_id("c"), tag_id=info.id, value=value, heartbeat=self.mailbox.ages.heartbeat, reason=reason
        )
        self.link.ask(lambda client: client.submit(command), owner=owner, done=done, failed=failed)
        return command

    def simulator(
        self,
        verb: str,
        arguments: Mapping[str, Any],
        *,
        owner: QObject,
        done: Callable[[dict[str, Any]], None],
    ) -> None:
        self.link.ask(
            lambda client: client.simulator(verb, arguments), owner=owner, done=done, failed=self.notice.emit
        )

    # what the windows ask

    @property
    def is_simulated(self) -> bool:
        return bool(self.plant and self.plant.mode == "simulator")

    def now(self) -> int:
        return self.mailbox.now() or (self.status.session_time if self.status else 0)

    def reading(self, tag: str) -> Reading:
        """One tag at this moment, age judged."""
        from hmi.core.values import WAITING

        data = self.values.get(tag, WAITING)
        info = self.catalogue.tags.get(tag)
        return Reading(tag, data, info, not self.mailbox.fresh(tag), self.tag_alarms.get(tag))

    def alarms_of(self, tags: Iterable[str]) -> list[AlarmInfo]:
        names = frozenset(tags)
        return [row for row in self.alarms.values() if row.tag_name in names]

    def silence_s(self) -> float:
        """Seconds since the last heartbeat of the runtime."""
        return self.mailbox.ages.silence_ns(self.mailbox.clock()) / NS_PER_S


def _alarm(payload: Any) -> AlarmInfo:
    return payload if isinstance(payload, AlarmInfo) else msgspec.convert(payload, AlarmInfo)


def is_unacked(row: AlarmInfo) -> bool:
    return row.state in {"UNACK", "RTNUN", "LATCH-UNACK"}
