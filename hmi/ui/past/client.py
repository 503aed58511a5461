"""What a station may ask while it shows the past: questions about then; all else is refused before it is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, cast

from msgspec.structs import replace

from hmi.client.alarms import JournalPage, JournalQuery
from hmi.client.port import RuntimeClient
from hmi.core.errors import AccessRefused
from hmi.core.texts import tr

PAST: Final = "The past is shown: nothing can be done in it. Go back to live first (Esc)."
_AS_IT_IS: Final = frozenset((
    "status", "plant", "plant_at", "alarms_at", "timeline", "subscribe", "image", "read_raw", "read_at_time",
    "read_processed", "read_trend", "range_figures", "annotations", "history_state", "silence", "touch", "session",
    "lock", "unlock", "sign_in", "sign_out", "close",
))  # fmt: skip
"""Verbs that name their time themselves, and those about the person, the sound and the life of the station."""


def past_client(client: RuntimeClient, at: int) -> RuntimeClient:
    """The same client as it may be asked at ``at`` (UTC ns)."""
    return cast("RuntimeClient", _PastClient(client, at))


class _PastClient:
    """Deny by default: a verb that is not named here tells of the present, or does something in it."""

    def __init__(self, client: RuntimeClient, at: int) -> None:
        self._client, self._at = client, at

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        if name in _AS_IT_IS:
            return getattr(self._client, name)
        return _refuse

    async def search_journal(self, query: JournalQuery) -> JournalPage:
        """Nothing later than the instant."""
        end = min(query.end, self._at + 1) if query.end else self._at + 1
        if query.start >= end:
            return JournalPage([])
        return await self._client.search_journal(replace(query, end=end))

    async def journal(
        self, *, after: int = 0, kind: str = "", limit: int = 200, object_id: str = ""
    ) -> list[dict[str, Any]]:
        """The newest records up to the instant, oldest of them first."""
        if after >= 0:
            return await _refuse()
        query = JournalQuery(object_id=object_id, limit=limit)
        found = (await self.search_journal(query)).records[::-1]
        return [record for record in found if not kind or record.get("kind") == kind]


async def _refuse(*_: object, **__: object) -> Any:
    raise AccessRefused(tr(PAST))
