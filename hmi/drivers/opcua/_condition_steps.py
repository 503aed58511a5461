"""Asks a server whose queue is too short for all its conditions in steps, each for a part of the severities.

ConditionRefresh2 of Part 9 tells the conditions to one item, and its filter is used before its queue. A step that
is still too much is halved. What changes meanwhile comes by the items that stand all the time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum

from hmi.core.texts import tr
from hmi.drivers.opcua._condition_items import EventItem, EventItems, Severities
from hmi.drivers.opcua._telling import Telling
from hmi.drivers.opcua._values import words

FIRST_HANDLE, LAST_HANDLE = 0xFFFE_0000, 0xFFFE_FFFF
LIMIT_S, GRACE_S = 10.0, 2.0
MOST_STEPS = 256
HIGHEST, ANY = 1000, 0xFFFF
"""Severities of the standard end at 1000; servers that go beyond are asked for that too."""


class Stepped(Enum):
    """How the steps ended: everything was told, something was lost meanwhile, or the server cannot do it."""

    COMPLETE = "complete"
    LOST = "lost"
    IMPOSSIBLE = "impossible"


class Steps:
    """The steps of one connection. ``watched`` is told which item is listened to, and None at the end of each."""

    def __init__(
        self, items: EventItems, watched: Callable[[EventItem | None, Telling | None], None],
        note: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._items, self._watched, self._note = items, watched, note
        self._turn = 0

    async def run(self, items: Sequence[EventItem], is_lost: Callable[[], bool]) -> Stepped:
        """Have everything told; ``is_lost`` says that the standing items have missed something."""
        waiting = [(item, part) for item in items for part in ((0, HIGHEST // 2), (HIGHEST // 2 + 1, ANY))]
        taken = 0
        while waiting:
            item, part = waiting.pop()
            taken += 1
            if taken > MOST_STEPS:
                self._note(
                    tr(
                        "the server keeps too few events to tell its alarms in {count} steps",
                        count=MOST_STEPS,
                    )
                )
                return Stepped.IMPOSSIBLE
            found = await self._step(item, part)
            if is_lost():
                return Stepped.LOST
            if found is Stepped.LOST:
                if not (halves := halved(part)):
                    self._note(
                        tr(
                            "the server keeps too few events to tell its alarms of severity {low}",
                            low=part[0],
                        )
                    )
                    return Stepped.IMPOSSIBLE
                waiting += [(item, half) for half in halves]
            elif found is Stepped.IMPOSSIBLE:
                return found
        return Stepped.COMPLETE

    async def _step(self, like: EventItem, part: Severities) -> Stepped:
        handle = FIRST_HANDLE + self._turn % (LAST_HANDLE - FIRST_HANDLE)
        self._turn += 1
        item = await self._items.create_like(like, handle, part)
        if isinstance(item, int):
            self._note(tr("the server cannot tell its alarms in steps: {why}", why=words(item)))
            return Stepped.IMPOSSIBLE
        telling = Telling((handle,))
        self._watched(item, telling)
        try:
            found = await self._told(item, telling)
        finally:
            self._watched(None, None)
        await self._items.delete(item)
        return found

    async def _told(self, item: EventItem, telling: Telling) -> Stepped:
        if status := await self._items.refresh_one(item):
            self._note(tr("the server cannot tell its alarms in steps: {why}", why=words(status)))
            return Stepped.IMPOSSIBLE
        if not await telling.over(LIMIT_S, GRACE_S) and not telling.is_lossy:
            self._note(tr("the server began to tell its alarms and did not end"))
            return Stepped.IMPOSSIBLE
        return Stepped.LOST if telling.is_lossy else Stepped.COMPLETE


def halved(part: Severities) -> list[Severities]:
    """The two halves of a part; none where it is one severity."""
    low, high = part
    middle = (low + min(high, HIGHEST)) // 2
    return [(low, middle), (middle + 1, high)] if low < min(high, HIGHEST) else []
