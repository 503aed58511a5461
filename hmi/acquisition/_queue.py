"""One connection, one request at a time: what is asked next (write > read-back > fast > slow)."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeAlias

from hmi.acquisition.port import OTHER_PLAN, Batch, PollDriver, ReadBlock, Trace, traced
from hmi.acquisition.tally import Tally
from hmi.core.clock import NS_PER_MS, NS_PER_S, monotonic_ns
from hmi.core.commands import WriteOutcome, WriteRequest, WriteState
from hmi.core.errors import CommunicationError, LinkLost
from hmi.core.values import DataValue

EXPIRED = WriteOutcome(WriteState.EXPIRED, text="the command was not sent within its time to live")
OFFLINE = WriteOutcome(WriteState.NOT_CONNECTED, text="there is no connection to the device")
CHANGED = WriteOutcome(WriteState.NOT_CONNECTED, text=OTHER_PLAN)
OnBatch: TypeAlias = Callable[[Batch], None]
_Question: TypeAlias = Callable[[], Awaitable[Any]]
_Asked: TypeAlias = tuple[_Question, asyncio.Future[Any]]
IDLE_MS, IDLE_PERIODS, LIFE_MS = 30_000, 10, 5_000
TEST_WAITS_NS = NS_PER_S
"""So long blocks that are due go before a test of a point; a line that is never idle tests all the same."""
TEST_PAUSES = 4
"""After a test none begins for so many times as long as it took."""


class Schedule:
    """Which block is read next: of all that are due the one with the shortest period, in O(log n).

    A block that is late by a whole period has overrun: the missed slots are counted, it keeps its raster,
    and the one that is late by the most periods goes first, so that a busy line starves no slow block.
    A block that holds no demanded handle is idle (``rates``); ``demanded`` None = everything is wanted.
    """

    def __init__(
        self,
        blocks: Sequence[ReadBlock],
        now_ns: int,
        demanded: frozenset[int] | None = None,
        tally: Tally | None = None,
        due: Mapping[ReadBlock, int] | None = None,
    ) -> None:
        self._blocks = tuple(blocks)
        self._tally = tally
        self.overruns: dict[str, int] = {}
        self.actual_ms: dict[str, float] = {}
        self._last: dict[str, int] = {}
        self._rates = rates(self._blocks, demanded)
        self._lines = _lines(
            self._blocks, self._rates, [(due or {}).get(one, now_ns) for one in self._blocks]
        )

    @property
    def idle(self) -> int:
        """Blocks that are read more rarely than their period."""
        return sum(rate > block.period_ms for rate, block in zip(self._rates, self._blocks, strict=True))

    def demand(self, handles: frozenset[int], now_ns: int) -> None:
        """Take another set of wanted handles: a block that is read more often now is due at once."""
        old, self._rates = self._rates, rates(self._blocks, handles)
        if old == self._rates:
            return
        due = [0] * len(self._blocks)
        for line in self._lines.values():
            for at, index, block in line.heap:
                slower = (self._rates[index] - old[index]) * NS_PER_MS
                due[index] = now_ns if slower < 0 else at + slower
                if slower:
                    self._last.pop(block.key, None)  # its next gap belongs to neither rate
        self._lines = _lines(self._blocks, self._rates, due)

    def blocks(self, now_ns: int) -> list[tuple[ReadBlock, int, float, int]]:
        """Each block with its present rate, its last actual period (0: none yet), both in ms, and its overruns.

        One that is late counts as it would if it were read now: a line that reads nothing does not look well.
        """
        due = self.due()
        return [
            (
                block,
                rate,
                self._gap_ms(block, due[block], now_ns),
                self._missed(block, rate, due[block], now_ns),
            )
            for block, rate in zip(self._blocks, self._rates, strict=True)
        ]

    def _gap_ms(self, block: ReadBlock, due_ns: int, now_ns: int) -> float:
        known, last = self.actual_ms.get(block.group, 0.0), self._last.get(block.key)
        if last is None or now_ns <= due_ns:
            return known
        return max(known, (now_ns - last) / NS_PER_MS)

    def _missed(self, block: ReadBlock, rate_ms: int, due_ns: int, now_ns: int) -> int:
        late = max(0, now_ns - due_ns) // (max(1, rate_ms) * NS_PER_MS)
        return self.overruns.get(block.group, 0) + late

    def due(self) -> dict[ReadBlock, int]:
        """Monotonic ns at which each block is read next."""
        return {block: at for line in self._lines.values() for at, _, block in line.heap}

    def next_due(self) -> int | None:
        """Monotonic ns of the next block; None when there is none."""
        return min((line.first_due for line in self._lines.values()), default=None)

    def take(self, now_ns: int) -> ReadBlock | None:
        """The block to read now, None when nothing is due."""
        chosen: _Line | None = None
        worst = 1.0
        for line in self._lines.values():
            if line.first_due > now_ns:
                continue
            late = line.periods_late(now_ns)
            if chosen is None or late > worst:
                chosen, worst = line, max(1.0, late)
        return self._taken(chosen, now_ns) if chosen else None

    def _taken(self, line: _Line, now_ns: int) -> ReadBlock:
        due, index, block = line.heap[0]
        missed = (now_ns - due) // line.period_ns
        if missed:
            self.overruns[block.group] = self.overruns.get(block.group, 0) + missed
        last = self._last.get(block.key)
        if last is not None:
            self.actual_ms[block.group] = (now_ns - last) / NS_PER_MS
            if self._tally is not None:
                self._tally.scanned(line.period_ns // NS_PER_MS, now_ns - last, now_ns)
        self._last[block.key] = now_ns
        heapq.heapreplace(line.heap, (due + (missed + 1) * line.period_ns, index, block))
        return block


def rates(blocks: Sequence[ReadBlock], demanded: frozenset[int] | None) -> list[int]:
    """Period in ms at which each block is read.

    Idle ones are read every max(30 s, 10 periods). Of a unit that nobody looks at one block is read every
    5 s (or its own longer period) all the same: a device that falls silent is noticed without an onlooker.
    """
    if demanded is None:
        return [block.period_ms for block in blocks]
    found = [
        max(IDLE_MS, IDLE_PERIODS * block.period_ms)
        if demanded.isdisjoint(block.handles)
        else block.period_ms
        for block in blocks
    ]
    heard = {block.unit for block, rate in zip(blocks, found, strict=True) if rate == block.period_ms}
    for index, block in enumerate(blocks):
        if block.unit not in heard:
            heard.add(block.unit)
            found[index] = max(LIFE_MS, block.period_ms)
    return found


def _lines(blocks: Sequence[ReadBlock], periods: Sequence[int], due: Sequence[int]) -> dict[int, _Line]:
    """Lines by period, shortest first."""
    found = {period: _Line(period) for period in sorted(set(periods))}
    for index, block in enumerate(blocks):
        found[periods[index]].put(due[index], index, block)
    return found


class _Line:
    """The blocks of one period by due time; a line is never empty."""

    def __init__(self, period_ms: int) -> None:
        self.period_ns = max(1, period_ms) * NS_PER_MS
        self.heap: list[tuple[int, int, ReadBlock]] = []

    def put(self, due_ns: int, index: int, block: ReadBlock) -> None:
        heapq.heappush(self.heap, (due_ns, index, block))

    @property
    def first_due(self) -> int:
        return self.heap[0][0]

    def periods_late(self, now_ns: int) -> float:
        return (now_ns - self.first_due) / self.period_ns


class PollLoop:
    """Runs a poll driver: takes writes first, then read-backs, then the block that is due, then a test of a point."""

    hang_s = 60.0

    def __init__(
        self,
        driver: PollDriver,
        on_batch: OnBatch,
        demanded: frozenset[int] | None = None,
        tally: Tally | None = None,
    ) -> None:
        self._driver, self._on_batch, self._demanded, self._tally = driver, on_batch, demanded, tally
        self._writes: list[tuple[WriteRequest, asyncio.Future[WriteOutcome]]] = []
        self._reads: list[_Asked] = []
        self._tests: list[tuple[int, _Asked]] = []
        self._test_from_ns = 0
        self._wake = asyncio.Event()
        self._busy_ns = self._trip_ns = 0
        self._started_ns = monotonic_ns()
        self._plan: tuple[ReadBlock, ...] = ()
        self._schedule = Schedule((), 0)
        self._may_go, self._rests = asyncio.Event(), asyncio.Event()
        self._may_go.set()
        self.closed = False

    async def run(self) -> None:
        """Poll until the link is lost (LinkLost) or cancelled; what still waits is refused, never kept."""
        try:
            while True:
                if not self._may_go.is_set():
                    self._rests.set()
                    await self._may_go.wait()
                self._refresh_plan()
                await self._one_request()
        finally:
            self.closed = True
            self._refuse_all()

    async def rest(self) -> None:
        """Returns when no request is under way; none begins before ``go_on``."""
        self._rests.clear()
        self._may_go.clear()
        self._wake.set()
        await self._rests.wait()

    @property
    def is_at_rest(self) -> bool:
        """Whether ``rest`` has come to its end and ``go_on`` has not been called."""
        return self._rests.is_set() and not self._may_go.is_set() and not self.closed

    def go_on(self) -> None:
        """The end of a rest, or of waiting for it."""
        self._may_go.set()

    def begin_plan(self) -> None:
        """At rest: the driver has another plan. What waits was asked under the one of before and is not sent."""
        self._end_waiting(CHANGED, "the plant was changed before the device was asked")

    async def write(self, request: WriteRequest) -> WriteOutcome:
        """Queue one write; NOT_CONNECTED when the loop has ended."""
        if self.closed:
            return OFFLINE
        done: asyncio.Future[WriteOutcome] = asyncio.get_running_loop().create_future()
        self._writes.append((request, done))
        self._wake.set()
        return await done

    async def read_now(self, handles: Sequence[int]) -> Mapping[int, DataValue]:
        """Queue one read-back; CommunicationError when the loop has ended."""
        wanted = tuple(handles)
        return await self._asked(lambda: self._driver.read_now(wanted), self._reads.append)

    async def trace(self, handle: int) -> Trace:
        """Queue one read that shows what the device says; CommunicationError when the loop has ended.

        It takes its turn behind the blocks that are due, so that nobody who looks keeps values from all others.
        """
        now = monotonic_ns()
        return await self._asked(
            lambda: traced(self._driver, handle), lambda asked: self._tests.append((now, asked))
        )

    async def _asked(self, question: _Question, queue: Callable[[_Asked], None]) -> Any:
        if self.closed:
            raise CommunicationError("there is no connection to the device")
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        queue((question, done))
        self._wake.set()
        return await done

    def demand(self, handles: frozenset[int]) -> None:
        """The handles that are wanted at full rate from now on; before the first call all are."""
        self._demanded = handles
        self._schedule.demand(handles, monotonic_ns())
        self._wake.set()

    def figures(self) -> dict[str, Any]:
        """Load in percent of line time, time of the last request, idle blocks, overruns and actual period by group."""
        elapsed = max(1, monotonic_ns() - self._started_ns)
        return {
            "load_percent": round(100 * self._busy_ns / elapsed, 1),
            "round_trip_ms": round(self._trip_ns / NS_PER_MS, 3),
            "blocks_idle": self._schedule.idle,
            "overruns": dict(self._schedule.overruns),
            "actual_period_ms": {k: round(v) for k, v in self._schedule.actual_ms.items()},
        }

    def blocks(self) -> list[tuple[ReadBlock, int, float, int]]:
        """As ``Schedule.blocks``, now."""
        return self._schedule.blocks(monotonic_ns())

    def _refresh_plan(self) -> None:
        plan = self._driver.plan()
        if plan != self._plan:
            self._plan = plan
            due = self._schedule.due()  # a block that stays keeps its raster
            self._schedule = Schedule(plan, monotonic_ns(), self._demanded, self._tally, due)

    async def _one_request(self) -> None:
        now = monotonic_ns()
        may_test = bool(self._tests) and now >= self._test_from_ns
        if self._writes:
            await self._write_one()
        elif self._reads:
            await self._timed(self._read_one(*self._reads.pop(0)))
        elif may_test and now - self._tests[0][0] >= TEST_WAITS_NS:
            await self._test_one()
        elif block := self._schedule.take(now):
            batch = await self._timed(self._driver.read(block))
            self._on_batch(batch)
        elif may_test:
            await self._test_one()
        else:
            await self._wait()

    async def _test_one(self) -> None:
        _, asked = self._tests.pop(0)
        await self._timed(self._read_one(*asked))
        self._test_from_ns = monotonic_ns() + TEST_PAUSES * self._trip_ns

    async def _write_one(self) -> None:
        request, done = self._writes.pop(0)
        if done.done():
            return  # the asker has gone: what nobody waits for is not sent
        if request.deadline_ns <= monotonic_ns():
            _settle(done, EXPIRED)
            return
        outcome = WriteOutcome(WriteState.UNKNOWN, text="the connection was closed during the write")
        try:
            outcome = await self._timed(self._driver.write(request))
        finally:
            _settle(done, outcome)

    async def _read_one(self, question: _Question, done: asyncio.Future[Any]) -> None:
        if done.done():
            return
        found: object = None
        try:
            found = await question()
        except LinkLost as error:
            _fail(done, error)
            raise
        except CommunicationError as error:
            _fail(done, error)
            return
        finally:
            if not done.done() and found is None:
                _fail(done, CommunicationError("the connection was closed during the read"))
        _settle(done, found)

    async def _timed(self, request: Any) -> Any:
        """A driver has time-outs of its own; one that hangs all the same costs its connection, not the link."""
        started = monotonic_ns()
        limit = asyncio.timeout(self.hang_s)
        try:
            async with limit:
                return await request
        except TimeoutError:
            if not limit.expired():
                raise
            raise LinkLost(f"the driver did not return within {self.hang_s:g} s") from None
        finally:
            self._trip_ns = monotonic_ns() - started
            self._busy_ns += self._trip_ns

    async def _wait(self) -> None:
        due = self._schedule.next_due()
        if self._tests:
            due = self._test_from_ns if due is None else min(due, self._test_from_ns)
        self._wake.clear()
        seconds = 0.5 if due is None else max(0.0, (due - monotonic_ns()) / 1e9)
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return

    def _refuse_all(self) -> None:
        self._end_waiting(OFFLINE, "the connection was lost")

    def _end_waiting(self, outcome: WriteOutcome, why_not_read: str) -> None:
        """What has not begun ends here; each asker is told."""
        for _, done in self._writes:
            _settle(done, outcome)
        for _, waiting in (*self._reads, *(asked for _, asked in self._tests)):
            _fail(waiting, CommunicationError(why_not_read))
        self._writes, self._reads, self._tests = [], [], []


def _settle(done: asyncio.Future[Any], result: object) -> None:
    if not done.done():
        done.set_result(result)


def _fail(done: asyncio.Future[Any], error: Exception) -> None:
    if not done.done():
        done.set_exception(error)
