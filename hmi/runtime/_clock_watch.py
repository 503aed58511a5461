"""Compares the clock of this machine with those of the servers; nobody knows who is right, so both are named."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from hmi.core.clock import NS_PER_S, monotonic_ns
from hmi.core.errors import StorageError
from hmi.core.journal import Entry, JournalWriter, Kind
from hmi.core.principal import SYSTEM
from hmi.core.texts import tr

log = logging.getLogger(__name__)

LOOK_S = 1.0
MOST_MS = 1000
"""A larger difference is off (CR 2.11)."""
LONG_NS = 10 * NS_PER_S
"""It has to last so long: one late message is no wrong clock."""


class ClockWatch:
    """``differences``: by connection, in ms, how far the clock of the server is ahead of ours (negative: behind).

    ``tell_failing(connection, is_off)`` hears of each server whose clock begins or ends to be off. A connection that
    is not in ``differences`` is not known: what was said of it stays.
    """

    def __init__(
        self,
        journal: JournalWriter,
        *,
        differences: Callable[[], Mapping[str, int]],
        tell_failing: Callable[[str, bool], None],
        monotonic: Callable[[], int] = monotonic_ns,
    ) -> None:
        self._journal, self._differences, self._tell_failing = journal, differences, tell_failing
        self._monotonic = monotonic
        self._since: dict[str, tuple[bool, int]] = {}
        self._told: dict[str, bool] = {}

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Judge what is known now."""
        now = self._monotonic()
        for name, apart_ms in self._differences().items():
            is_off = is_clock_off(apart_ms)
            if self._told.get(name) is is_off:
                self._since.pop(name, None)
                continue
            judged, since = self._since.get(name, (is_off, now))
            if judged is not is_off:
                since = now
            self._since[name] = is_off, since
            if now - since > LONG_NS:
                del self._since[name]
                await self._change(name, is_off, apart_ms)

    async def _change(self, name: str, is_off: bool, apart_ms: int) -> None:
        """The first word on a connection also ends an alarm that the runtime before left behind."""
        is_news = is_off or name in self._told
        self._told[name] = is_off
        self._tell_failing(name, is_off)
        if not is_news:
            return
        event = "clock.off" if is_off else "clock.agrees"
        text = (
            told(name, apart_ms)
            if is_off
            else tr("the clocks of {name} and of this machine agree", name=name)
        )
        log.warning("%s", text)
        payload = {"text": text, "connection": name, "difference_ms": apart_ms}
        try:
            await self._journal.append(Entry(Kind.SYSTEM, event, SYSTEM, f"link:{name}", 0, payload))
        except StorageError as error:
            log.error("The journal cannot be written: %s", error)


def is_clock_off(apart_ms: int) -> bool:
    """Whether two clocks that are so far apart differ more than they may."""
    return abs(apart_ms) > MOST_MS


def told(name: str, apart_ms: int) -> str:
    """One sentence part about two clocks; it blames neither."""
    seconds = f"{abs(apart_ms) / 1000:.1f}"
    if apart_ms > 0:
        return tr("the clock of {name} is {s} s ahead of the clock of this machine", name=name, s=seconds)
    return tr("the clock of {name} is {s} s behind the clock of this machine", name=name, s=seconds)
