"""Legal holds on the history: the security role puts them on and takes them off; all of it is journalled."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from msgspec.structs import asdict

from hmi.core.identity import new_id
from hmi.core.journal import Entry, Kind
from hmi.core.principal import Principal, Role
from hmi.historian.care import Hold
from hmi.journal import record_dict
from hmi.runtime._runtime import Runtime
from hmi.runtime._verbs import BadRequest, NotFound, Verb

REASON_LIMIT: Final = 500
MOST_HOLDS: Final = 1_000


class HistoryHoldsApi:
    """Journalled before it is done: a hold that is not in the trail does not exist."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._turn = asyncio.Lock()

    def verbs(self) -> tuple[Verb, ...]:
        return (
            Verb(
                "GET", "/v1/history/holds", Role.VIEW, self._list,
                "Ranges of the history that no retention removes, with who held them and why.",
            ),
            Verb(
                "POST", "/v1/history/hold", Role.SECURITY, self._add,
                "Keep the days from start to end (UTC ns) whatever the limits say, with a reason.",
                {"start": "integer", "end": "integer", "reason": "string"},
            ),
            Verb(
                "POST", "/v1/history/release", Role.SECURITY, self._remove,
                "Take a hold off, with a reason; what is older than the limits goes with the next retention.",
                {"id": "string", "reason": "string"},
            ),
        )  # fmt: skip

    async def _list(self, principal: Principal, given: Mapping[str, Any]) -> list[Hold]:
        return await asyncio.to_thread(self._runtime.history_care.holds.all)

    async def _add(self, principal: Principal, given: Mapping[str, Any]) -> Hold:
        start, end = (given.get(name) for name in ("start", "end"))
        for name, time in (("start", start), ("end", end)):
            if type(time) is not int or not 0 < time < 2**63:
                raise BadRequest(f"{name} is a time, UTC ns")
        assert isinstance(start, int)
        assert isinstance(end, int)
        if end < start:
            raise BadRequest("the range ends before it begins")
        now = self._runtime.services.clock.now_ns()
        hold = Hold(new_id("hold"), start, end, _reason(given), principal.user, now)
        book = self._runtime.history_care.holds
        async with self._turn:
            if len(await asyncio.to_thread(book.all)) >= MOST_HOLDS:
                raise BadRequest(
                    f"there are {MOST_HOLDS} holds already; take off one that is not needed any more"
                )
            await self._note(principal, "history.hold_added", asdict(hold))
            await asyncio.to_thread(book.add, hold)
        return hold

    async def _remove(self, principal: Principal, given: Mapping[str, Any]) -> Hold:
        reason, book = _reason(given), self._runtime.history_care.holds
        async with self._turn:
            known = {one.id: one for one in await asyncio.to_thread(book.all)}
            hold = known.get(str(given.get("id")))
            if hold is None:
                raise NotFound(f"there is no hold {str(given.get('id'))[:80]!r}")
            await self._note(principal, "history.hold_removed", {**asdict(hold), "why": reason})
            await asyncio.to_thread(book.remove, hold.id)
        return hold

    async def _note(self, principal: Principal, event: str, payload: Mapping[str, Any]) -> None:
        runtime = self._runtime
        entry = Entry(
            Kind.AUDIT, event, principal, runtime.plant.id, runtime.services.clock.now_ns(), payload
        )
        (record,) = await runtime.services.journal.append(entry)
        runtime.tell("journal", record_dict(record))


def _reason(given: Mapping[str, Any]) -> str:
    reason = given.get("reason")
    if not isinstance(reason, str) or not reason.strip():
        raise BadRequest("reason is missing")
    if len(reason) > REASON_LIMIT:
        raise BadRequest(f"reason has {len(reason)} characters; at most {REASON_LIMIT} are kept")
    return reason.strip()
