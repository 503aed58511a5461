"""What the windows of one station share: plant, values, alarms, freshness, and the road to the runtime."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from hmi.client.federation import FederatedStatus
from hmi.client.port import AlarmInfo, Event, PlantInfo, RuntimeClient, RuntimeStatus
from hmi.core import heap
from hmi.core.clock import NS_PER_S
from hmi.core.commands import CommandResult, OperatorCommand
from hmi.core.history import HistoryPage, ReadRaw
from hmi.core.holds import Holds
from hmi.core.identity import TagRef
from hmi.core.quality import BAD_WAITING_FOR_INITIAL_DATA
from hmi.core.values import DataValue, bad
from hmi.mimics import Catalogue, OpenedDisplays, Reading, Samples, TagAlarm, samples_of
from hmi.ui.alarm_store import AlarmMail, AlarmNews, AlarmStore
from hmi.ui.commands.road import CommandRoad
from hmi.ui.commands.steps import Given, Proposal
from hmi.ui.holds.beneath import Beneath
from hmi.ui.holds_store import HoldsStore
from hmi.ui.images import ImageStore
from hmi.ui.link import Link
from hmi.ui.mailbox import Mail, Mailbox
from hmi.ui.past.clock import StationClock
from hmi.ui.people.presence import Presence
from hmi.ui.rights import Rights
from hmi.ui.sounds import Sounds

log = logging.getLogger(__name__)

DRAIN_MS = 100
JUDGE_MS = 250
STATUS_MS = 2_000
_ASK_STATUS = frozenset(("connection", "status", "points", "certificates", "session", "overrun"))
"""Events that say that the status is another."""
MOST_SAMPLES = 300_000  # of one tag: 24 h of a value that changes three times a second


class Station(QObject):
    """Drains the mailboxes on the Qt thread and tells the windows. Decides nothing.

    ``mailbox`` is the home runtime's; ``further`` has one for each other runtime, whose tags carry its name
    and ``::`` before theirs. Each is judged by its own ages and heartbeats.

    ``alarmsTurned`` carries ``AlarmNews``, a portion at a time; ``alarmsChanged`` follows when all of a tick
    is shown. ``silenced`` carries who silenced which area.

    ``clock`` says which time is shown: plant, values and alarms are then those of that time. ``live_alarms`` are the
    live ones all the while, and ``liveAlarmsChanged`` tells of them.
    """

    valuesChanged = Signal(object)
    alarmsChanged = Signal()
    alarmsTurned = Signal(object)
    liveAlarmsChanged = Signal()
    silenced = Signal(object)
    judged = Signal()
    plantLoaded = Signal()
    statusChanged = Signal()
    notice = Signal(str)

    def __init__(
        self,
        link: Link,
        mailbox: Mailbox,
        parent: QObject | None = None,
        *,
        further: Mapping[str, Mailbox] | None = None,
    ) -> None:
        super().__init__(parent)
        self.link, self.mailbox, self.further = link, mailbox, dict(further or {})
        self.fresh: Callable[[str], bool] = self._fresh_somewhere if self.further else mailbox.fresh
        self.plant: PlantInfo | None = None
        self.status: RuntimeStatus | None = None
        self.catalogue = Catalogue()
        self.displays = OpenedDisplays()
        self.values: dict[str, DataValue] = {}
        self.alarm_store = self.live_alarms = AlarmStore()
        self.has_alarms = False
        self._alarms_told = self._list_came = False
        self.images = ImageStore(link.ask, self)
        self.link_up, self.link_text = False, ""
        self.holds, self.beneath = HoldsStore(self), Beneath(self)
        self.rights, self._presence = Rights(self), Presence(self)
        self.commands = CommandRoad(self)
        self.sounds: Sounds | None = None
        self.clock = StationClock(self)
        self._live_holds = Holds()
        self._revisions: dict[str, str] = {}
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
        self._presence.start()
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
        self._take_values("", mail)
        for runtime, box in self.further.items():
            self._take_further(runtime, box.drain())
        for event in mail.events:
            self._take_event(event)
        if mail.overrun:
            self.ask_plant()
        if mail.overrun or not _ASK_STATUS.isdisjoint(event.kind for event in mail.events):
            self.ask_status()  # once, for many connections may turn at a time
        if not mail.alarms.is_empty:
            self._take_alarms(mail.alarms)
        self.clock.follow()

    def _take_values(self, runtime: str, mail: Mail) -> None:
        """A snapshot replaces what its own runtime told, nothing else.

        Values of another plant revision than the one shown may mean something else: every value of that
        runtime waits until the station has fetched the plant again.
        """
        if mail.snapshot:
            if not runtime and self.clock.jumps:
                self._forget_late_values()
            before = self._forget_values({runtime})
            if not self._knows(runtime):
                waiting = bad(BAD_WAITING_FOR_INITIAL_DATA, self.now())
                self.valuesChanged.emit(dict.fromkeys(before, waiting))
                self.ask_plant()
        if mail.values and self._knows(runtime):
            self.values.update(mail.values)
            self.valuesChanged.emit(mail.values)

    def _forget_late_values(self) -> None:
        """No value of a further runtime that has not answered yet stands under another instant than its own."""
        late = [name for name, box in self.further.items() if box.ages.waits]
        waiting = bad(BAD_WAITING_FOR_INITIAL_DATA, self.now())
        self.valuesChanged.emit(dict.fromkeys(self._forget_values(late), waiting))

    def _forget_values(self, runtimes: Collection[str]) -> list[str]:
        """Tags of these runtimes that had a value."""
        if not self.further and "" in runtimes:
            gone, self.values = list(self.values), {}
            return gone
        gone = [tag for tag in self.values if TagRef.parse(tag).runtime in runtimes]
        for tag in gone:
            del self.values[tag]
        return gone

    def _knows(self, runtime: str) -> bool:
        """Whether the values of a runtime come from the plant revision that is shown."""
        told = self.further.get(runtime, self.mailbox).ages.revision
        return not told or self._revisions.get(runtime, told) == told

    def _take_further(self, runtime: str, mail: Mail) -> None:
        self._take_values(runtime, mail)
        if mail.link is not None:
            self.ask_status()
            self.statusChanged.emit()

    def _take_link(self, up: bool, text: str) -> None:
        returned = up and not self.link_up
        self.link_up, self.link_text = up, text
        self._alarms_told = self._alarms_told and up
        self._list_came = self._list_came and up
        if returned:
            if not self.clock.is_past:  # the client goes on with the past where it was
                self._subscribed = ()
            self.ask_plant()
            self.ask_status()
        self.statusChanged.emit()

    def _take_event(self, event: Event) -> None:
        if event.kind == "plant":
            self.ask_plant()
        elif event.kind == "holds":
            self._live_holds = event.payload
            if not self.clock.is_past:
                self.holds.take(event.payload)
        elif event.kind == "silence":
            self.silenced.emit(event.payload)

    def _take_alarms(self, mail: AlarmMail) -> None:
        """Begin to show what arrived; the rest of a large portion follows in further turns."""
        self._list_came = self.link_up and (self._list_came or mail.whole is not None)
        working = self.live_alarms.has_work
        self.live_alarms.put(mail)
        if not working:
            self._show_alarms()

    def _show_alarms(self) -> None:
        news = self.live_alarms.work()
        shown = not self.clock.is_past
        if shown:
            self.alarmsTurned.emit(news)
        if news.more:
            QTimer.singleShot(0, self, self._show_alarms)
            return
        self._alarms_told = self._alarms_told or self._list_came
        self.has_alarms = self.has_alarms or self._alarms_told
        self.liveAlarmsChanged.emit()
        if shown:
            self.alarmsChanged.emit()

    # the past, and back: ``clock`` asks for it

    def expect_past(self, at: int, until: int, time: int) -> None:
        """Nothing but values of this time (UTC ns) is shown from here on; ``time`` is told until they come."""
        entered = not self.mailbox.is_history
        for box in (self.mailbox, *self.further.values()):
            box.expect((at, until), time)
        if entered:
            self._forget_all_values()
            self.holds.take(Holds())  # the marks of the present say nothing of then
            self.rights.turn()

    def expect_live(self, live: tuple[PlantInfo, Catalogue] | None, time: int) -> None:
        """Back: no value and no alarm of the past stays."""
        for box in (self.mailbox, *self.further.values()):
            box.expect(None, time)
        self._forget_all_values()
        if live is not None:
            self.show_plant(*live)
        shown, self.alarm_store = self.alarm_store, self.live_alarms
        self._replace_alarms(shown)
        self.holds.take(self._live_holds)
        self.rights.turn()
        self.subscribe_again()
        self.ask_plant()
        self.ask_status()

    def show_past_alarms(self, mail: AlarmMail, *, anew: bool = False) -> None:
        """Alarms of the past; ``anew`` takes the place of the live ones that were shown."""
        if anew and self.alarm_store is self.live_alarms:
            self.alarm_store = AlarmStore()
            self._replace_alarms(self.live_alarms)
        self.alarm_store.put(mail)
        more = True
        while more:
            news = self.alarm_store.work()
            more = news.more
            self.alarmsTurned.emit(news)
        self.alarmsChanged.emit()

    def _replace_alarms(self, before: AlarmStore) -> None:
        """Everything that lists alarms gets the rows of another store for those of ``before``."""
        rows, now = tuple(self.alarm_store.rows.values()), self.alarm_store.rows
        gone = tuple(row for key, row in before.rows.items() if key not in now)
        tags = frozenset(row.tag_name for row in (*rows, *gone))
        self.alarmsTurned.emit(AlarmNews(rows, gone, tags))
        self.alarmsChanged.emit()

    def _forget_all_values(self) -> None:
        known = self._forget_values({"", *self.further})
        waiting = bad(BAD_WAITING_FOR_INITIAL_DATA, self.now())
        self.valuesChanged.emit(dict.fromkeys(known, waiting))

    def show_plant(self, plant: PlantInfo, catalogue: Catalogue) -> None:
        """Another plant revision, with its displays; values come anew."""
        if self.plant is None or plant.revision != self.plant.revision:
            self._show_plant(plant, catalogue)
            self._subscribe()

    def subscribe_again(self) -> None:
        """A fresh snapshot follows."""
        self._subscribed = ()
        self._subscribe()

    # questions

    def ask_plant(self) -> None:
        known = self.clock.live_revision() or (self.plant.revision if self.plant is not None else "")
        self.link.ask(
            lambda client: _read_plant(client, known), owner=self, done=self._take_plant, failed=self._quiet
        )

    def _take_plant(self, read: tuple[PlantInfo, Catalogue | None]) -> None:
        plant, catalogue = read
        if self.clock.keeps(plant, catalogue):
            return
        if self.plant is None or plant.revision != self.plant.revision:
            if catalogue is None:  # it was the one shown when it was asked for, and is no more
                self.ask_plant()
                return
            self._show_plant(plant, catalogue)
        self._subscribe()

    def _show_plant(self, plant: PlantInfo, catalogue: Catalogue) -> None:
        old, self._revisions = self._revisions, _revisions_of(plant)
        both = old.items() ^ self._revisions.items()
        self._forget_values({runtime for runtime, _ in both})
        self._subscribed = ()  # a fresh snapshot follows
        self.plant, self.catalogue = plant, catalogue
        self.plantLoaded.emit()
        heap.keep()

    def ask_status(self) -> None:
        self.link.ask(lambda client: client.status(), owner=self, done=self._take_status, failed=self._quiet)

    def _take_status(self, status: RuntimeStatus) -> None:
        self.status = status
        self.rights.take(status)
        self.clock.know_live(status.session_time, status.rate)
        shown = self.clock.live_revision() or self._revisions.get("", "")
        if self.plant is not None and status.revision != shown.partition(" ")[0]:
            self.ask_plant()
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
        if tags == self._subscribed:
            return
        if self._subscribed:  # somebody shows other tags: what plays goes on where it is
            self.clock.rebase()
        self._subscribed = tags
        at, until, rate = self.clock.span() or (None, None, 1.0)
        self.link.ask(
            lambda client: client.subscribe(tags, at=at, until=until, rate=rate),
            owner=self, done=lambda _: None, failed=self._quiet,
        )  # fmt: skip

    def read_history(
        self, tag: str, span_ns: int, *, owner: QObject, done: Callable[[HistoryPage], None], limit: int = 0
    ) -> None:
        """Raw samples of the last ``span_ns`` of session time."""
        info = self.catalogue.tags.get(tag)
        now = self.now()
        if info is None or not now:
            return
        request = ReadRaw(info.id, now - span_ns, now, limit, bounds=True)
        past = self.clock.is_past

        def take(page: HistoryPage) -> None:
            """In a view of the past nothing is told of what came after it."""
            kept = tuple(one for one in page.samples if not past or one.source_time <= now)
            done(dataclasses.replace(page, samples=kept, flags=page.flags[: len(kept)]))

        self.link.ask(lambda client: client.read_raw(request), owner=owner, done=take, failed=self._quiet)

    def read_samples(
        self, tag: str, span_ns: int, *, owner: QObject, done: Callable[[Samples], None]
    ) -> None:
        """All of the last ``span_ns`` of session time as arrays, read page by page and made ready elsewhere."""
        info, now = self.catalogue.tags.get(tag), self.now()
        if info is None or not now:
            return
        request = ReadRaw(info.id, now - span_ns, now, 0, bounds=True)
        last = now if self.clock.is_past else 0
        self.link.ask(
            lambda client: _whole(client, request, last), owner=owner, done=done, failed=self._quiet
        )

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
        proposal: Proposal,
        given: Given,
        *,
        owner: QObject,
        done: Callable[[CommandResult], None],
        failed: Callable[[str], None],
    ) -> OperatorCommand:
        """Send a command with the number of the last heartbeat seen of its runtime; the command that was sent.

        A plant that has another value than the asker saw refuses.
        """
        info = proposal.info
        command = OperatorCommand(
            id=proposal.command_id,
            tag_id=info.id,
            value=proposal.value,
            heartbeat=self.heartbeat(info.name),
            expected=proposal.expected,
            reason=given.reason,
            confirmed=given.confirmed,
            selection=given.selection,
            signatures=given.signatures,
            without_feedback=proposal.without_feedback,
            caution=given.accepted,
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
    def alarms(self) -> dict[str, AlarmInfo]:
        """The active list by occurrence."""
        return self.alarm_store.rows

    @property
    def tag_alarms(self) -> dict[str, TagAlarm]:
        """The worst alarm of each tag that has one."""
        return self.alarm_store.tag_alarms

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
        return Reading(tag, data, info, not self.looks_fresh(tag), self.tag_alarms.get(tag))

    def looks_fresh(self, tag: str) -> bool:
        """Whether a value is shown without the mark of age: in a view of the past all that was known then.

        Nothing is decided by it in the past: there ``fresh`` is False.
        """
        if self.clock.is_past:
            box = self.mailbox_of(tag)
            return not self.clock.is_seeking and box.alive and not box.ages.waits
        return self.fresh(tag)

    def revision_of(self, tag: str) -> str:
        """The plant revision of the tag's runtime that is shown."""
        return self._revisions.get(TagRef.parse(tag).runtime, "")

    def heartbeat(self, tag: str) -> int:
        """The last one of the tag's runtime; none while its values are those of another plant revision."""
        if self.clock.is_past:
            return 0
        return self.mailbox_of(tag).ages.heartbeat if self._knows(TagRef.parse(tag).runtime) else 0

    def hears(self, area: str) -> bool:
        """Whether the alarms of an area (of all runtimes without one) are what is told now."""
        runtime = TagRef.parse(area).runtime
        if runtime and runtime not in self.further:
            return False
        if self.clock.is_past:
            return self.clock.alarms_known(runtime if area else None)
        return self.hears_live(area)

    @property
    def lacks_alarms(self) -> bool:
        """The past is shown, and not all is known of the alarms that stood then."""
        return self.clock.is_past and not self.hears("")

    def hears_live(self, area: str = "") -> bool:
        """Whether ``live_alarms`` are what is told now, also while the past is shown; ``area`` as in ``hears``."""
        boxes = [self.mailbox_of(area)] if area else [self.mailbox, *self.further.values()]
        return self._alarms_told and all(box.alive for box in boxes)

    def mailbox_of(self, tag: str) -> Mailbox:
        """Where the live values of a tag arrive."""
        return self.further.get(TagRef.parse(tag).runtime, self.mailbox)

    def status_of(self, tag: str) -> RuntimeStatus | None:
        """The status of the runtime that holds a tag; None when it does not answer."""
        runtime = TagRef.parse(tag).runtime
        if not runtime:
            return self.status
        return self.status.further.get(runtime) if isinstance(self.status, FederatedStatus) else None

    def _fresh_somewhere(self, tag: str) -> bool:
        return self.mailbox_of(tag).fresh(tag)

    def silence_s(self) -> float:
        """Seconds since the last heartbeat of the runtime."""
        return self.mailbox.ages.silence_ns(self.mailbox.clock()) / NS_PER_S


def _revisions_of(plant: PlantInfo) -> dict[str, str]:
    """Revision of the plant by runtime; the home runtime is called ''. See ``hmi.client.federation``."""
    home, *others = plant.revision.split(" ")
    return {"": home} | {name: revision for name, _, revision in (word.partition(":") for word in others)}


async def _read_plant(client: RuntimeClient, known: str) -> tuple[PlantInfo, Catalogue | None]:
    """The plant, and its tables made beside the Qt thread; none for the revision that is known."""
    with heap.at_rest():
        plant = await client.plant()
        if plant.revision == known:
            return plant, None
        catalogue = await asyncio.to_thread(Catalogue.of, plant)
        heap.keep_all()  # before anybody looks at it, which would hold up the Qt thread
        return plant, catalogue


async def _whole(client: RuntimeClient, request: ReadRaw, last: int) -> Samples:
    """Every page, up to what a curve needs; the arrays are made on the client's thread.

    ``last`` (UTC ns): nothing later is told; 0: everything is.
    """
    found: list[DataValue] = []
    start = request.start
    while True:
        page = await client.read_raw(dataclasses.replace(request, start=start))
        found += (one for one in page.samples if not last or one.source_time <= last)
        if not page.continuation or page.continuation <= start:
            return samples_of(found)
        if len(found) >= MOST_SAMPLES:
            return samples_of(found, found[-1].source_time)
        start = page.continuation
        request = dataclasses.replace(request, continued=True)
