"""Finds which addresses of a table a device has, with few requests.

Whole blocks first; then the ends of what answers, by bisection; then across holes to what comes next; at last single
addresses at round numbers inside blocks that were refused. Whatever is found at each step stands when time is up.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field

from hmi.drivers.modbus._browse_options import Part
from hmi.drivers.modbus._guard import ILLEGAL_FUNCTION, ILLEGAL_VALUE
from hmi.drivers.modbus._probe_link import GATEWAY, Answer

Read = Callable[[int, int], Awaitable[Answer]]
"""Reads (start, count) of the table."""

_USUAL = 10_000  # the first ones are where most devices have theirs
_FAR_STEPS = (4096, 10_000)  # and these are where the others begin
_HOPS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96)
_GRAINS = (1, 2, 4)  # some devices refuse a part of a value of several registers
_FEW = 600  # so many addresses that an engineer has named are tried one by one
_VAIN_GRAINS = 16
_SHORT = 4
_WHOLE, _ENDS, _ROUND, _EACH = range(4)


@dataclass(slots=True)
class Found:
    """``reads`` were answered as they are; ``limit`` items of one read, as far as the device showed it.

    ``complete``: what was planned was asked. ``refusals``: exception codes seen, without that for a missing address.
    """

    reads: list[Part] = field(default_factory=list[Part])
    limit: int = 0
    is_absent: bool = False
    complete: bool = True
    silent: int = 0
    refusals: set[int] = field(default_factory=set[int])

    @property
    def ranges(self) -> list[Part]:
        """What answers, without a hole between first and end."""
        out: list[Part] = []
        for first, end in sorted(self.reads):
            if out and first <= out[-1][1]:
                out[-1] = (out[-1][0], max(end, out[-1][1]))
            else:
                out.append((first, end))
        return out

    def reach(self, place: int) -> int:
        """The end of the range that has the place; the place itself when none has it."""
        return next((end for first, end in self.ranges if first <= place < end), place)


@dataclass(frozen=True, slots=True, order=True)
class _Task:
    """A block to look into, the lowest rank first; ``low`` and ``bound`` are the ends of the part that may be asked."""

    rank: int
    number: int
    step: int
    first: int
    end: int
    low: int = 0
    bound: int = 0


class RangeSearch:
    """The search in one table. ``is_over`` is asked before every step; ``exact``: the engineer named the parts."""

    def __init__(
        self,
        read: Read,
        parts: Sequence[Part],
        span: int,
        *,
        exact: bool,
        is_bits: bool,
        is_over: Callable[[], bool],
    ) -> None:
        self.found = Found(limit=span)
        self._read_from, self._exact, self._is_over = read, exact, is_over
        self._numbers = itertools.count()
        self._tasks: list[_Task] = []
        self._grain, self._vain_grains = 1, _VAIN_GRAINS if is_bits else 0
        self._refused: set[Part] = set()
        self._cut_lengths: list[int] = []
        few = exact and sum(end - first for first, end in parts) <= _FEW
        for first, end in parts:
            if few:
                self._plan(_EACH, first, end, first, end)
            for start in self._starts(first, end, span):
                self._plan(_WHOLE, start, min(end, start + span), first, end)

    def _starts(self, first: int, end: int, span: int) -> Iterator[int]:
        if self._exact:
            yield from range(first, end, span)
            return
        yield from range(first, min(end, _USUAL), span)
        far = {place for step in _FAR_STEPS for place in range(step, end, step)}
        yield from sorted(place for place in far if place >= max(first, _USUAL))

    def _plan(self, step: int, first: int, end: int, low: int, bound: int) -> None:
        if first < end:
            # most devices have something at the very beginning: all of it is looked at before anything else
            rank = step if first < low + self.found.limit and step < _EACH else step + _EACH
            heapq.heappush(self._tasks, _Task(rank, next(self._numbers), step, first, end, low, bound))

    async def run(self) -> Found:
        """Everything that was found until all is asked or the time is over."""
        steps = {_WHOLE: self._whole, _ENDS: self._ends, _ROUND: self._round, _EACH: self._each}
        while self._tasks and not self.found.is_absent:
            if self._is_over():
                self.found.complete = False
                break
            task = heapq.heappop(self._tasks)
            await steps[task.step](task)
        return self.found

    # --- asking ---------------------------------------------------------------------------------------

    async def _reads(self, first: int, count: int) -> Answer:
        answer = await self._read_from(first, count)
        if answer.is_good:
            self.found.reads.append((first, first + count))
        elif not answer.code:
            self.found.silent += 1
        elif answer.code == ILLEGAL_FUNCTION or answer.code in GATEWAY:
            self.found.refusals.add(answer.code)
            self.found.is_absent = not self.found.reads
        elif answer.code != 2:
            self.found.refusals.add(answer.code)
        return answer

    async def _is_good(self, first: int, count: int) -> bool:
        """Whether the device answers; what is known to be refused is not asked again."""
        if self.found.is_absent or self._is_known_refused(first, count):
            return False
        if (await self._reads(first, count)).is_good:
            return True
        self._refused.add((first, first + count))
        return False

    def _is_known_refused(self, first: int, count: int) -> bool:
        if (first, first + count) in self._refused:
            return True
        if count <= _SHORT or self._grain > 1:
            return False
        return any((place, place + 1) in self._refused for place in range(first, first + count))

    # --- the steps ------------------------------------------------------------------------------------

    async def _whole(self, task: _Task) -> None:
        """A block as long as one read can bring."""
        first = max(task.first, self.found.reach(task.first))
        if first >= task.end:
            return
        if task.end - first > self.found.limit:
            for start in range(first, task.end, self.found.limit):
                self._plan(_WHOLE, start, min(task.end, start + self.found.limit), task.low, task.bound)
            return
        answer = await self._reads(first, task.end - first)
        if answer.is_good:
            end = min(task.bound, task.end + self.found.limit)
            if not self._exact and task.end >= _USUAL:  # goes on as long as it answers
                self._plan(_WHOLE, task.end, end, task.low, task.bound)
            return
        if answer.code == ILLEGAL_VALUE and await self._learn_limit(first, task):
            return
        self._plan(_ENDS, first, task.end, task.low, task.bound)

    async def _learn_limit(self, first: int, task: _Task) -> bool:
        """A refusal of the length, not of the address: how many items does the device give at once?"""
        if task.end - first < 2 or not await self._is_good(first, 1):
            return False
        good, bad = 1, task.end - first
        while bad - good > 1:
            middle = (good + bad) // 2
            good, bad = (middle, bad) if await self._is_good(first, middle) else (good, middle)
        self.found.limit = min(self.found.limit, good)
        self._plan(_WHOLE, first + good, task.end, task.low, task.bound)
        return True

    async def _ends(self, task: _Task) -> None:
        """In a refused block: how far does what comes before reach, how early does what comes behind begin?"""
        last = min(task.bound, task.end + _SHORT - 1)  # a value may reach over the end of the block
        end = await self._up(task.first, last) if self._answers(task.first - 1) else task.first
        start = await self._down(task.end, end) if self._answers(task.end) else task.end
        if end > task.first or start < task.end:
            await self._across(end, start if start < task.end else last)
        self._plan(_ROUND, end, start, task.low, task.bound)

    def _answers(self, place: int) -> bool:
        return self.found.reach(place) > place

    async def _across(self, first: int, end: int) -> None:
        """From the end of what answers over a hole to what comes next, again and again."""
        while first < end and not self._is_over():
            for hop in (0, *_HOPS) if self.found.reach(first - 1) >= first else _HOPS:
                place = first + hop
                if place >= end:
                    return
                reached = await self._up(place, end)
                if reached > place:
                    if hop > 1:
                        await self._down(place, first)
                    elif not hop:
                        self._note_cut()
                    first = reached
                    break
            else:
                return

    async def _up(self, first: int, end: int) -> int:
        """The end of what answers from ``first`` on; ``first`` when it does not."""
        place = max(first, self.found.reach(first))
        if place >= end:
            return end
        grains = _GRAINS if self._grain > 1 or self._vain_grains < _VAIN_GRAINS else _GRAINS[:1]
        for grain in (g for g in grains if g >= self._grain and place + g <= end):
            if await self._is_good(place, grain):
                self._grain = grain
                return await self._longest(place, end, grain)
        self._vain_grains += 1
        return place

    def _note_cut(self) -> None:
        """A read was refused though its addresses are there: twice at the same length, it was too long."""
        longest = max(end - first for first, end in self.found.reads)
        self._cut_lengths.append(longest)
        if longest > _SHORT and self._cut_lengths[-2:] == [longest, longest]:
            self.found.limit = min(self.found.limit, longest)

    async def _longest(self, first: int, end: int, grain: int) -> int:
        good, bad = 1, min(end - first, self.found.limit) // grain + 1
        while bad - good > 1:
            middle = (good + bad) // 2
            good, bad = (middle, bad) if await self._is_good(first, middle * grain) else (good, middle)
        return first + good * grain

    async def _down(self, end: int, low: int) -> int:
        """The beginning of what answers right below ``end``, not below ``low``; ``end`` when nothing does."""
        good, bad = 0, min(end - low, self.found.limit) // self._grain + 1
        while bad - good > 1:
            middle = (good + bad) // 2 if good else 1
            size = middle * self._grain
            good, bad = (middle, bad) if await self._is_good(end - size, size) else (good, middle)
        return end - good * self._grain

    async def _round(self, task: _Task) -> None:
        """In a block that seems empty: round numbers."""
        size = task.end - task.first
        step = 10 if self._exact or (size <= 125 and self._near(task)) else 100 if size <= 125 else 1000
        await self._try(task, self._round_places(task, step))

    def _round_places(self, task: _Task, step: int) -> list[int]:
        """Numbers that are round when counted from 0, and those that are when counted from 1."""
        shifts = (0,) if step > 10 else (0, step - 1)
        places = {
            n for shift in shifts for n in range(task.first - task.first % step + shift, task.end, step)
        }
        places.add(task.first)
        return sorted(place for place in places if task.first <= place < task.end)

    def _near(self, task: _Task) -> bool:
        """Whether something answers within a block's length."""
        reach = self.found.limit
        return any(first - reach < task.end and task.first < end + reach for first, end in self.found.ranges)

    async def _try(self, task: _Task, places: Sequence[int]) -> None:
        """Until one of the places answers; what is beside it is looked at then."""
        for place in places:
            if self._is_over():
                self.found.complete = False
                return
            end = await self._up(place, min(task.bound, task.end + _SHORT - 1))
            if end > place:
                start = await self._down(place, task.first)
                self._plan(_ROUND, task.first, start, task.low, task.bound)
                await self._across(end, task.end)
                rest = max(
                    end + 1, max(self.found.reads, key=lambda part: part[1] if part[1] <= task.end else 0)[1]
                )
                self._plan(_ROUND, rest, task.end, task.low, task.bound)
                return

    async def _each(self, task: _Task) -> None:
        """Every single address that was not asked for yet; only where an engineer has named a few."""
        place = task.first
        while place < task.end:
            if self._is_over():
                self.found.complete = False
                return
            place = max(place + 1, await self._up(place, task.end))
