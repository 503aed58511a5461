"""Looks after the files of the plant folder: what is right when they have come to rest is taken without a word.

It asks the disk for sizes and times, for not every drive tells of changes. A plant that is not right is refused as a
whole and an alarm says so; the one that runs runs on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from hmi.client.port import ReloadResult
from hmi.core.clock import NS_PER_S, monotonic_ns
from hmi.core.principal import Principal, Role
from hmi.project.folder_files import Signature, signature_of

log = logging.getLogger(__name__)

LOOK_S: Final = 0.5
SETTLE_NS: Final = 2 * NS_PER_S
"""So long no file may have changed: programs that save several, or a slow copy, are not read half-way."""
FILES: Final = Principal("files", "local", "files", frozenset({Role.VIEW, Role.ENGINEER}))
"""Who the journal names for a change that was taken by itself."""


class PlantWatch:
    """``is_on`` may change at any time. ``reload`` takes what is in the folder; ``told`` hears why it was refused, and
    nothing ('') when it was not.
    """

    def __init__(
        self,
        folder: Callable[[], str],
        *,
        is_on: Callable[[], bool],
        reload: Callable[[], Awaitable[ReloadResult]],
        told: Callable[[str], None],
        monotonic: Callable[[], int] = monotonic_ns,
    ) -> None:
        self._folder, self._is_on, self._reload, self._told = folder, is_on, reload, told
        self._monotonic = monotonic
        self._taken: Signature | None = None
        self._seen: Signature | None = None
        self._since = 0

    async def run(self) -> None:
        """Until cancelled."""
        self._told("")  # an alarm of the runtime before
        while True:
            try:
                await self.look()
            except OSError as error:
                log.error("The plant folder cannot be looked at: %s", error)
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Take what has come to rest since the last time."""
        if not self._is_on():
            if self._taken is not None:
                self._taken = self._seen = None
                self._told("")
            return
        folder, now = Path(self._folder()), self._monotonic()
        found = await asyncio.to_thread(signature_of, folder)
        if found == self._taken:
            self._seen = found
        elif found != self._seen:
            self._seen, self._since = found, now
        elif now - self._since >= SETTLE_NS:
            await self._take(folder, found)

    async def _take(self, folder: Path, found: Signature) -> None:
        result = await self._reload()
        if await asyncio.to_thread(signature_of, folder) != found:
            self._since = (
                self._monotonic()
            )  # somebody goes on writing: what was said of it is not the last word
            return
        self._taken = found
        self._told(result.refusals[0] if result.refusals else "")
