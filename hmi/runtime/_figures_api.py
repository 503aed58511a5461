"""GET /v1/alarms/figures: the figures of the alarm system, counted beside the loop and kept for a minute."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from hmi.alarms.kpi import Fact, configured, fact_of, figures, is_area, is_read
from hmi.core.clock import NS_PER_S, monotonic_ns
from hmi.core.errors import CommunicationError
from hmi.core.principal import Mode, Principal, Role
from hmi.journal import alarm_lines
from hmi.project.plant import Plant
from hmi.runtime._runtime import Runtime
from hmi.runtime._verbs import BadRequest, Verb

USUAL_NS = 7 * 86_400 * NS_PER_S
LONGEST_NS = 400 * 86_400 * NS_PER_S
MINUTE_NS = 60 * NS_PER_S
KEPT = 16
REST_S = 0.001  # after each page: the loop gets its turn however much there is to count
Key = tuple[int, int, str, str]  # start, end, area, plant revision


class FiguresApi:
    """One count at a time, on one thread. Whoever asks for the same range meanwhile shares its answer; a count
    that nobody waits for any more is given up.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._one_at_a_time = asyncio.Semaphore(1)
        self._counts: dict[Key, _Count] = {}
        self.counted = 0

    def verbs(self) -> tuple[Verb, ...]:
        """What the API has of it."""
        return (
            Verb(
                "GET", "/v1/alarms/figures", Role.VIEW, self._figures,
                "Figures of the alarm system from `start` (0: 7 days ago) to `end` (0: this minute), UTC ns.",
                {"start": "integer", "end": "integer", "area": "string"},
            ),
        )  # fmt: skip

    async def _figures(self, principal: Principal, given: Mapping[str, Any]) -> dict[str, Any]:
        services = self._runtime.services
        start, end = window(given["start"], given["end"], services.clock.now_ns())
        plant, area = self._runtime.plant, given["area"]
        if area and not is_area(plant, area):
            raise BadRequest(f"there is no area {area[:80]!r}")
        key = (start, end, area, plant.revision)
        count = self._counts.get(key)
        if count is None or count.is_old:
            self._forget()
            count = self._counts[key] = _Count()
            count.begin(self._count(count, key, plant))
        return await count.answer()

    async def _count(self, count: _Count, key: Key, plant: Plant) -> dict[str, Any]:
        async with self._one_at_a_time:
            self.counted += 1
            with ThreadPoolExecutor(1, thread_name_prefix="alarm figures") as thread:
                work = asyncio.get_running_loop().run_in_executor(thread, self._work, count.stop, key, plant)
                try:
                    return await asyncio.shield(work)
                except asyncio.CancelledError:
                    count.stop.set()
                    await asyncio.wait([work])
                    work.exception()  # nobody asks for it any more
                    raise

    def _work(self, stop: threading.Event, key: Key, plant: Plant) -> dict[str, Any]:
        """On the thread of its own: the journal is read on a connection of its own too."""
        start, end, area, _ = key
        services = self._runtime.services
        return figures(
            _facts(services.journal.path, start, end, stop), start, end, plant.zone,
            targets=plant.alarm_targets, area=area, simulated=services.mode is Mode.SIMULATOR,
            configured=configured(plant, area),
        )  # fmt: skip

    def _forget(self) -> None:
        for key in [key for key, count in self._counts.items() if count.is_old]:
            del self._counts[key]
        while len(self._counts) >= KEPT:
            self._counts.pop(next(iter(self._counts))).give_up()


class _Count:
    """A count that is under way or done."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self._done_at = 0
        self._waiting = 0
        self._task: asyncio.Task[dict[str, Any]] | None = None

    def begin(self, work: Any) -> None:
        self._task = asyncio.create_task(work, name="alarm figures")
        self._task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[dict[str, Any]]) -> None:
        self._done_at = monotonic_ns()
        if not task.cancelled():
            task.exception()  # told to whoever waits; without one it is no fault of the loop

    @property
    def is_old(self) -> bool:
        """Older than a minute, or without a result."""
        task = self._task
        if task is None or not task.done():
            return self.stop.is_set()
        failed = task.cancelled() or task.exception() is not None
        return failed or monotonic_ns() - self._done_at > MINUTE_NS

    async def answer(self) -> dict[str, Any]:
        """The result; CommunicationError when it was given up for others that were asked for later."""
        assert self._task is not None
        self._waiting += 1
        try:
            return await asyncio.shield(self._task)
        except asyncio.CancelledError:
            if self._task.cancelled():
                raise CommunicationError("the figures were given up for others; ask again") from None
            if self._waiting == 1:
                self.give_up()
            raise
        finally:
            self._waiting -= 1

    def give_up(self) -> None:
        """End it; a result that is there already is forgotten."""
        self.stop.set()
        if self._task is not None:
            self._task.cancel()


class _GivenUp(Exception):
    """Nobody waits for the count any more."""


def window(start_ns: int, end_ns: int, now_ns: int) -> tuple[int, int]:
    """The range that is counted: an open one ends with the full minute. BadRequest for one that makes no sense."""
    start, end = start_ns, end_ns
    if start < 0 or end < 0:
        raise BadRequest("start and end are times in UTC ns, or 0")
    if not end or end > now_ns:
        end = now_ns // MINUTE_NS * MINUTE_NS
        start = max(start // MINUTE_NS * MINUTE_NS, 1) if start else 0
    start = start or max(end - USUAL_NS, 0)
    if start >= end:
        raise BadRequest("the time of the figures ends before it begins")
    if end - start > LONGEST_NS:
        raise BadRequest("the figures are counted over 400 days at most: choose a shorter time")
    return start, end


def _facts(path: Any, start: int, end: int, stop: threading.Event) -> Iterator[Fact | None]:
    def rest() -> None:
        if stop.wait(REST_S):
            raise _GivenUp

    for line in alarm_lines(path, start, end, rest):
        if is_read(line.kind, line.event):
            yield fact_of(
                line.event, line.event_time, line.object_id, line.actor, line.simulated, line.payload
            )
