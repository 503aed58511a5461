"""Journals what becomes of the tokens of IT: added and removed, by whom. Who is let in, the exports decide."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Final

from hmi.core.errors import StorageError
from hmi.core.journal import Entry, JournalRecord, JournalWriter, Kind
from hmi.core.principal import Principal
from hmi.security.it_tokens import ItToken, ItTokens

log = logging.getLogger(__name__)
LOOK_S: Final = 1.0
OBJECT: Final = "token:"


class TokenBook:
    """Follows the file within a second; a change that was made while no runtime ran is journalled at its start."""

    def __init__(self, tokens: ItTokens) -> None:
        self._tokens = tokens
        self._state = (0, 0)
        self._known: dict[str, int] = {}
        """By object: when its newest change was that the journal has, UTC ns."""
        self._fault = ""

    def restore(self, audit: tuple[JournalRecord, ...]) -> None:
        """What the journal knows already of the tokens: the newest record of each."""
        self._known |= {one.object_id: one.event_time for one in audit if one.object_id.startswith(OBJECT)}

    async def run(self, journal: JournalWriter) -> None:
        """Until cancelled."""
        while True:
            await self.look(journal)
            await asyncio.sleep(LOOK_S)

    async def look(self, journal: JournalWriter) -> None:
        """Once."""
        try:
            state = await asyncio.to_thread(self._tokens.state)
            if state != self._state:
                tokens = await asyncio.to_thread(self._tokens.all)
                changes = sorted((one for token in tokens for one in _entries(token)), key=_time)
                fresh = [one for one in changes if one.event_time > self._known.get(one.object_id, 0)]
                if fresh:
                    await journal.append(*fresh)
                self._known |= {one.object_id: one.event_time for one in fresh}
                self._state = state
            self._fault = ""
        except StorageError as error:
            if str(error) != self._fault:
                self._fault = str(error)
                log.error("Tokens: %s", error)


def _entries(one: ItToken) -> Iterator[Entry]:
    """What became of a token, in order."""
    payload = {
        "name": one.name, "fingerprint": one.fingerprint, "scopes": list(one.scopes), "areas": list(one.areas),
        "expires": one.expires,
    }  # fmt: skip
    turns = (("added", one.made_at, one.made_by), ("removed", one.ended_at, one.ended_by))
    for event, at, by in turns:
        if at:
            yield Entry(
                Kind.AUDIT, f"token.{event}", Principal(by, "console", ""), OBJECT + one.name, at, payload
            )


def _time(entry: Entry) -> int:
    return entry.event_time
