"""Fills holes of the history with what the devices keep of the past, after a link is back and after a start."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from hmi.acquisition.port import PastKept, PastPage, PastRequest
from hmi.core.clock import NS_PER_S, Clock, monotonic_ns
from hmi.core.errors import CommunicationError, StorageError, UsageError
from hmi.core.texts import tr
from hmi.core.values import WAITING, DataValue
from hmi.historian import History
from hmi.historian.coverage import Gap, holes_of
from hmi.historian.port import DuplicatePolicy
from hmi.project.plant import Plant, TagDef
from hmi.runtime._backfill_places import FILE, Places
from hmi.runtime._history_reads import HistorySource

if TYPE_CHECKING:
    from hmi.runtime._runtime import Runtime

log = logging.getLogger(__name__)

USER: Final = "backfill"
PAGE: Final = 500
AT_ONCE: Final = 5_000
"""Samples of one commit: as many are in memory."""
MOST_SAMPLES: Final = 5_000_000
"""Samples of one hole of one tag; what a device gives beyond is left."""
MOST_IDLE: Final = 3
"""Pages in a row without a later value: the device does not get on."""
SETTLE_S: Final = 10.0
LOOK_S: Final = 0.2
BEFORE_NS: Final = 60 * NS_PER_S
MARGIN_NS: Final = 3 * NS_PER_S
"""So long before a hole the device is asked too: what it told last may not have come through."""
MOST_TOLD: Final = 10
DAY_NS: Final = 86_400 * NS_PER_S


Note = Callable[[str, Mapping[str, Any]], Awaitable[None]]
"""Journals an event of the system with its payload."""


class PastLink(Protocol):
    """What is asked of a link; ``hmi.acquisition.Link`` fits."""

    async def keeps_past(self, handles: Sequence[int]) -> PastKept: ...

    async def past(self, request: PastRequest) -> PastPage: ...


@dataclass(slots=True)
class Filled:
    """What was done after one loss of a connection. Times are UTC ns."""

    start: int = 0
    end: int = 0
    tags: set[str] = field(default_factory=set[str])
    samples: int = 0
    holes: int = 0
    whole: int = 0
    """Holes that are none any more: the device has told all that happened in them."""
    left: list[str] = field(default_factory=list[str])
    """Why others are still there."""

    def took(self, hole: Gap, tag: TagDef) -> None:
        self.start = min(self.start or hole.start, hole.start)
        self.end = max(self.end, hole.end)
        self.tags.add(tag.id)
        self.holes += 1

    def payload(self, connection: str) -> dict[str, Any]:
        return {
            "connection": connection, "from": self.start, "to": self.end, "tags": len(self.tags),
            "holes": self.holes, "closed": self.whole, "samples": self.samples, "left": self.left[:MOST_TOLD],
        }  # fmt: skip


class Backfill:
    """``up`` and ``down`` are for the loop and return at once; ``run`` works until it is cancelled.

    One connection after the other, one page at a time, and no faster than its ``backfill_rate``.
    """

    def __init__(
        self,
        history: History,
        clock: Clock,
        *,
        plant: Callable[[], Plant],
        link: Callable[[str], PastLink | None],
        latest: Callable[[int], DataValue],
        scaled: Callable[[int, DataValue], DataValue],
        note: Note,
        places: Places | None = None,
    ) -> None:
        self._history, self._clock = history, clock
        self._places = places
        self._renewed_at: dict[str, int] = {}
        """By connection, since when it has other points, and a little earlier: what begins with it counts."""
        self._plant, self._link = plant, link
        self._latest, self._scaled, self._note = latest, scaled, note
        self._since: dict[str, int] = {}
        self._losses: dict[str, int] = {}
        """How often each link was lost or got other points: what a device said before counts no more then."""
        self._clean: set[str] = set()
        self._run_id = ""
        self._due: dict[str, None] = {}
        self._wake = asyncio.Event()
        self._is_at_work = False

    @property
    def is_idle(self) -> bool:
        """Nothing is being filled, and nothing waits to be."""
        return not self._due and not self._is_at_work

    def up(self, connection: str) -> None:
        """A link is up; the first time, holes of before the start are looked for too."""
        self._due[connection] = None
        self._wake.set()

    def down(self, connection: str) -> None:
        """A link was lost: from here on values may be missing, and where nothing was left only from here on."""
        self._due.pop(connection, None)
        self._losses[connection] = self._losses.get(connection, 0) + 1
        if connection in self._clean:
            self._clean.discard(connection)
            self._since[connection] = self._clock.now_ns() - BEFORE_NS

    def renewed(self, connection: str) -> None:
        """A link goes on with other points: nothing more is read for those of before, and holes are looked for anew."""
        self._losses[connection] = self._losses.get(connection, 0) + 1
        self._renewed_at[connection] = self._clock.now_ns() - NS_PER_S
        self.up(connection)

    async def run(self) -> None:
        """Until cancelled; a connection that fails is looked at again when it is back."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._due:
                if self._history.archive is None:
                    await asyncio.sleep(LOOK_S)
                    continue
                name = next(iter(self._due))
                del self._due[name]
                self._clean.discard(name)
                self._is_at_work = True
                try:
                    await self._fill(name)
                except (CommunicationError, StorageError) as error:
                    log.info("The history of %s is not filled now: %s", name, error)
                except Exception:
                    # The border for what a device says of its past: live values and the runtime go on.
                    log.exception("The history of %s cannot be filled.", name)
                finally:
                    self._is_at_work = False

    async def _fill(self, name: str) -> None:
        if self._run_id != self._history.run_id:  # another run has another past
            self._run_id = self._history.run_id
            self._since.clear()
        definition, link = self._plant().connections.get(name), self._link(name)
        if definition is None or link is None or not definition.settings.get("backfill", True):
            return
        window = int(float(definition.settings.get("backfill_days", 7.0)) * DAY_NS)
        plant, losses = self._plant(), self._losses.get(name, 0)
        changed_at = self._renewed_at.pop(name, self._clock.now_ns())
        tags = [
            tag
            for tag in plant.tags
            if tag.connection == name and tag.history and tag.calculation is None and not tag.record.future
        ]
        kept = await link.keeps_past([tag.handle for tag in tags])
        tags = [tag for tag in tags if tag.handle in kept.handles]
        if not tags:
            return
        placed = await self._placed(plant, tags, changed_at)
        earliest = self._clock.now_ns() - window
        since = max(self._since.get(name, 0), earliest)
        await self._settled(tags)
        kept = await link.keeps_past([tag.handle for tag in tags])  # it may have been started again meanwhile
        found, is_open = Filled(), False
        rate = int(definition.settings.get("backfill_rate", 2000))
        try:
            for tag in tags:
                for hole in await self._holes(tag, since, earliest):
                    is_open |= hole.is_open
                    if hole.start < placed[tag.id]:
                        found.left.append(tr("{tag}: it was read from another place then", tag=tag.name))
                    elif not hole.is_open:
                        filler = _Filler(self._history, link, tag, hole, kept, self._scaled, rate)
                        filler.is_lost = lambda: self._losses.get(name, 0) != losses
                        await filler.run(found)
        finally:
            if found.holes:
                await self._note("history.backfilled", found.payload(name))
        if not is_open and name not in self._due and link is self._link(name):
            self._since[name] = since
            self._clean.add(name)

    async def _placed(self, plant: Plant, tags: Sequence[TagDef], changed_at: int) -> Mapping[str, int]:
        """Since when each tag, by its id, is read from where it is now (UTC ns)."""
        if self._places is None:
            return dict.fromkeys((tag.id for tag in tags), 0)
        return await asyncio.to_thread(self._places.since, plant, tags, changed_at)

    async def _settled(self, tags: Sequence[TagDef]) -> None:
        """A hole ends with the first new value: wait until there is one of each tag, for a while."""
        for _ in range(round(SETTLE_S / LOOK_S)):
            values = [self._latest(tag.handle) for tag in tags]
            if not any(value is WAITING or value.is_bad for value in values):
                return
            await asyncio.sleep(LOOK_S)

    async def _holes(self, tag: TagDef, since: int, earliest: int) -> list[Gap]:
        stop = threading.Event()
        source, now = HistorySource(self._history, tag.id), self._clock.now_ns()
        try:
            return await asyncio.to_thread(holes_of, source, since, now, earliest, stop.is_set)
        finally:
            stop.set()


class _Filler:
    """One hole of one tag."""

    def __init__(
        self,
        history: History,
        link: PastLink,
        tag: TagDef,
        hole: Gap,
        kept: PastKept,
        scaled: Callable[[int, DataValue], DataValue],
        rate: int,
    ) -> None:
        self._history, self._link, self._tag, self._hole = history, link, tag, hole
        self._kept, self._scaled, self._rate = kept, scaled, rate
        self._waiting: list[DataValue] = []
        self._count = 0
        self._open_at = 0
        """Where the history says that nothing is known yet of what comes next."""
        self._from = max(hole.start - MARGIN_NS, 1)
        self._known: frozenset[int] = frozenset()
        self._newest = self._from - 1
        self._at_newest: list[DataValue] = []
        self._is_disordered = False
        self.is_lost: Callable[[], bool] = lambda: False
        """Whether the link was lost or got other points since the device told what it keeps."""
        self._before_break = hole.start - 1
        """Newest value from before the device itself was started."""
        self._after_break = 0

    async def run(self, found: Filled) -> None:
        """Read the hole and put it into the history; what cannot be read or stored stays open."""
        try:
            self._known = await asyncio.to_thread(self._known_before)
            self._from = min(self._known, default=self._hole.start)  # never before what was recorded
            self._newest = self._from - 1
            fault = await self._read()
            if not fault and self.is_lost():
                fault = _lost()
            await self._store(is_last=not fault and self._tells_all)
        except UsageError as error:
            fault = str(error)
        finally:
            if self._count:
                found.took(self._hole, self._tag)
                found.samples += self._count
        if not self._count and not fault:
            found.took(self._hole, self._tag)
        why = fault or self._unproven()
        if why:
            found.left.append(f"{self._tag.name}: {why}")
        if not fault and await self._close():
            found.whole += not why

    def _known_before(self) -> frozenset[int]:
        """Times of the samples right before the hole that are kept already."""
        pieces = self._history.samples(self._tag.id, self._from, self._hole.start - 1)
        return frozenset(at for piece in pieces for at in piece.times.tolist())

    async def _read(self) -> str:
        """All pages; '' or why the rest was left."""
        request = PastRequest(self._tag.handle, self._from, self._hole.end - 1, PAGE)
        page, idle = PastPage(), 0
        try:
            while True:
                if self.is_lost():
                    return _lost()
                began = monotonic_ns()
                page = await self._link.past(request)
                idle = 0 if self._take(page) else idle + 1
                if why := self._fault(page, idle):
                    return why
                if not page.continuation and not page.following:
                    return ""
                if len(self._waiting) >= AT_ONCE:
                    await self._store()
                start = page.following or request.start
                request = PastRequest(request.handle, start, request.end, PAGE, page.continuation)
                await self._rest(len(page.values), began)
        finally:
            if page.continuation:
                await self._release(request, page.continuation)

    def _fault(self, page: PastPage, idle: int) -> str:
        """Why nothing more is asked for, in one sentence; '' mostly."""
        if page.fault:
            return tr("the device does not give its past: {why}", why=page.fault)
        if self._is_disordered:
            return tr("the device gives its past out of order")
        if idle >= MOST_IDLE:
            return tr("the device repeats itself and comes to no end")
        if self._count + len(self._waiting) >= MOST_SAMPLES:
            return tr("the device gives more than {count} samples", count=MOST_SAMPLES)
        return ""

    async def _release(self, request: PastRequest, continuation: bytes) -> None:
        """A device keeps few of them; one that cannot be given back is forgotten with its session."""
        try:
            await self._link.past(PastRequest(request.handle, request.start, request.end, 0, continuation))
        except CommunicationError as error:
            log.debug("A continuation point of %s could not be given back: %s", self._tag.name, error)

    def _take(self, page: PastPage) -> bool:
        """Keep what is new; False where the device did not get on."""
        newest = self._newest
        for value in page.values:
            at = value.source_time
            if not self._from <= at < self._hole.end:
                continue
            if at < self._newest:
                self._is_disordered = True
                continue
            if at == self._newest and any(_is_same(value, one) for one in self._at_newest):
                continue  # a page may begin with the instant at which the one before ended
            self._at_newest = [*self._at_newest, value] if at == self._newest else [value]
            self._newest = at
            if at in self._known:
                continue
            self._waiting.append(self._scaled(self._tag.handle, value))
            if at < self._kept.since:
                self._before_break = max(at, self._before_break)
            elif not self._after_break:
                self._after_break = at
        return self._newest > newest

    async def _rest(self, count: int, began: int) -> None:
        """Live values first: the past comes no faster than it may."""
        taken_s = (monotonic_ns() - began) / NS_PER_S
        await asyncio.sleep(max(count / self._rate - taken_s, taken_s, 0.005))

    async def _store(self, *, is_last: bool = False) -> None:
        """What came so far; until the last of it is there, the history says at its end that nothing is known."""
        values, self._waiting = self._waiting, []
        if not values:
            return
        policy, reason, tag_id = DuplicatePolicy(self._tag.record.duplicates), self._reason, self._tag.id
        newest = max(self._newest + 1, self._hole.start)
        open_at = 0 if is_last or newest >= self._hole.end else newest
        before, self._open_at = self._open_at, open_at

        def work() -> None:
            self._history.insert(tag_id, values, user=USER, reason=reason, policy=policy, open_at=open_at)
            if before and before != open_at and not is_last:
                self._history.close_gap(tag_id, before, before, user=USER, reason=reason)

        await asyncio.to_thread(work)
        self._count += len(values)

    @property
    def _tells_all(self) -> bool:
        """The device records the value whenever it runs, and says since when it does."""
        return self._kept.handles.get(self._tag.handle, False) and bool(self._kept.since)

    def _unproven(self) -> str:
        """'' where the device has recorded without a break all through the hole."""
        if not self._kept.handles.get(self._tag.handle, False):
            return tr("the device does not say that it records this value")
        if not self._kept.since or self._kept.since > self._hole.start:
            return tr("the device itself was started within the hole")
        return ""

    async def _close(self) -> bool:
        """Take the gap out, or make it as small as what is known; False where it stays as it is."""
        if not self._tells_all:
            return False
        was_down = self._kept.since > self._hole.start
        if was_down and not self._count:
            return False
        await asyncio.to_thread(self._make_smaller if was_down else self._take_out)
        return True

    def _take_out(self) -> None:
        hole = self._hole
        self._history.close_gap(self._tag.id, hole.start, hole.end - 1, user=USER, reason=self._reason)

    def _make_smaller(self) -> None:
        """Of the time in which the device did not run nothing is known; before and after it all is."""
        history, tag_id, reason, gap = self._history, self._tag.id, self._reason, self._before_break + 1
        history.insert(tag_id, (), user=USER, reason=reason, open_at=gap)
        if gap > self._hole.start:
            history.close_gap(tag_id, self._hole.start, gap - 1, user=USER, reason=reason)
        if self._after_break:
            history.close_gap(tag_id, self._after_break, self._hole.end - 1, user=USER, reason=reason)

    @property
    def _reason(self) -> str:
        return tr("from the history of {connection}", connection=self._tag.connection)


def _lost() -> str:
    return tr("the link was lost or got other points while it was read")


def _is_same(one: DataValue, other: DataValue) -> bool:
    return (one.value, one.status) == (other.value, other.status)


def backfill_of(runtime: Runtime, note: Note) -> Backfill:
    """The backfill of a whole runtime."""
    services = runtime.services

    def link(name: str) -> PastLink | None:
        return runtime.acquisition.links.get(name) if runtime.acquisition else None

    return Backfill(
        services.history,
        services.clock,
        plant=lambda: runtime.plant,
        link=link,
        latest=lambda handle: services.tags.latest[handle],
        scaled=services.tags.scaled,
        note=note,
        places=Places(services.data.path / FILE),
    )
