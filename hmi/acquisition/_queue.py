"""One connection, one request at a time: what is asked next (write > read-back > fast > slow)."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeAlias

from hmi.acquisition.port import Batch, PollDriver, ReadBlock, Trace, traced
from hmi.core.clock import NS_PER_MS, monotonic_ns
from hmi.core.commands import WriteOutcome, WriteRequest, WriteState
from hmi.core.errors import CommunicationError, LinkLost
from hmi.core.values import DataValue

EXPIRED = WriteOutcome(WriteState.EXPIRED, text="the command was not sent within its time to live")
OFFLINE = WriteOutcome(WriteState.NOT_CONNECTED, text="there is no connection to the device")
OnBatch: TypeAlias = Callable[[Batch], None]
_Question: TypeAlias = Callable[[], Awaitable[Any]]
IDLE_MS, IDLE_PERIODS, LIFE_MS = 30_000, 10, 5_000


class Schedule:
    """Which block is read next: of all that are due the one with the shortest period, in O(log n).

    A block that is late by a whole period has overrun: the missed slots are counted, it keeps its raster,
    and the one that is late by the most periods goes first, so that a busy line starves no slow block.
    A block that holds no demanded handle is idle (``rates``); ``demanded`` None = everything is wanted.
    """

    def __init__(
        self, blocks: Sequence[ReadBlock], now_ns: int, demanded: frozenset[int] | None = None
    ) -> None:
        self._blocks = tuple(blocks)
        self.overruns: dict[str, int] = {}
        self.actual_ms: dict[str, float] = {}
        self._last: dict[str, int] = {}
        self._rates = rates(self._blocks, demanded)
        self._lines = _lines(self._blocks, self._rates, [now_ns] * len(self._blocks))

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
            for at, index, _ in line.heap:
                slower = (self._rates[index] - old[index]) * NS_PER_MS
                due[index] = now_ns if slower < 0 else at + slower
        self._lines = _lines(self._blocks, self._rates, due)

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
    """Runs a poll driver: takes writes first, then read-backs, then the block that is due."""

    hang_s = 60.0

    def __init__(self, driver: PollDriver, on_batch: OnBatch, demanded: frozenset[int] | None = None) -> None:
        self._driver, self._on_batch, self._demanded = driver, on_batch, demanded
        self._writes: list[tuple[WriteRequest, asyncio.Future[WriteOutcome]]] = []
        self._reads: list[tuple[_Question, asyncio.Future[Any]]] = []
        self._wake = asyncio.Event()
        self._busy_ns = self._trip_ns = 0
        self._started_ns = monotonic_ns()
        self._plan: tuple[ReadBlock, ...] = ()
        self._schedule = Schedule((), 0)
        self.closed = False

    async def run(self) -> None:
        """Poll until the link is lost (LinkLost) or cancelled; what still waits is refused, never kept."""
        try:
            while True:
                self._refresh_plan()
                await self._one_request()
        finally:
            self.closed = True
            self._refuse_all()

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
        return await self._asked(lambda: self._driver.read_now(wanted))

    async def trace(self, handle: int) -> Trace:
        """Queue one read that shows what the device says; CommunicationError when the loop has ended."""
        return await self._asked(lambda: traced(self._driver, handle))

    async def _asked(self, question: _Question) -> Any:
        if self.closed:
            raise CommunicationError("there is no connection to the device")
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._reads.append((question, done))
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

    def _refresh_plan(self) -> None:
        plan = self._driver.plan()
        if plan != self._plan:
            self._plan = plan
            self._schedule = Schedule(plan, monotonic_ns(), self._demanded)

    async def _one_request(self) -> None:
        if self._writes:
            await self._write_one()
        elif self._reads:
            await self._timed(self._read_one())
        elif block := self._schedule.take(monotonic_ns()):
            batch = await self._timed(self._driver.read(block))
            self._on_batch(batch)
        else:
            await self._wait()

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

    async def _read_one(self) -> None:
        question, done = self._reads.pop(0)
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
        self._wake.clear()
        seconds = 0.5 if due is None else max(0.0, (due - monotonic_ns()) / 1e9)
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return

    def _refuse_all(self) -> None:
        for _, done in self._writes:
            _settle(done, OFFLINE)
        for _, waiting in self._reads:
            _fail(waiting, CommunicationError("the connection was lost"))
        self._writes, self._reads = [], []


def _settle(done: asyncio.Future[Any], result: object) -> None:
    if not done.done():
        done.set_result(result)


def _fail(done: asyncio.Future[Any], error: Exception) -> None:
    if not done.done():
        done.set_exception(error)
