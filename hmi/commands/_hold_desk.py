"""The desk of holds: journals what is placed and taken away, keeps the book, and ends what is over.

What a person asks for stands in the journal before it counts. What ends by itself counts at once: a manual
value or a bypass never lasts longer because a disk is full, and after a restart its time is over all the same.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hmi.client.people import HOLD_ACTS, HoldRequest
from hmi.commands._hold_areas import ANSWER_S, AREA_ACTS, kept, released
from hmi.commands._hold_rules import OBJECT_ACTS, Asked, Judge, Verdict, refused, value_problem
from hmi.commands._hold_tables import HoldTables, conditions_of
from hmi.commands._holds import Carrier, Change, Hold, HoldBook
from hmi.commands._ports import Nobody, Signatures
from hmi.core.clock import NS_PER_MS, NS_PER_S, Clock
from hmi.core.commands import (
    TIME_TO_LIVE_MS,
    CommandResult,
    CommandState,
    OperatorCommand,
    Reason,
    Refusal,
    Signature,
)
from hmi.core.errors import StorageError
from hmi.core.holds import AreaControl, Bypass, Override
from hmi.core.journal import Entry, JournalRecord, JournalWriter, Kind
from hmi.core.principal import SYSTEM, Principal
from hmi.core.texts import tr

log = logging.getLogger(__name__)

REFUSED: Final = "hold.refused"
"""Says nothing of what its object holds: a restore has to leave it out."""
REMEMBERED = 1_000
STATION_GONE_S = 60
LINK, PERSON = "link", "person"
_JUDGES: Mapping[str, Judge] = {**OBJECT_ACTS, **AREA_ACTS}
_TIMED = frozenset({"override", "bypass"})


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the desk tells: ``changed`` after each change of the book, ``overridden`` the manual value of a tag and
    whether it is too old (None: its source counts again). ``heartbeat_ns`` as of the gate."""

    heartbeat_ns: Callable[[int], int | None]
    overridden: Callable[[str, Override | None, bool], None]
    changed: Callable[[], None]


class HoldDesk:
    """One for a runtime; lives on its loop. A request id is carried out once: asked again it gets the first result."""

    def __init__(
        self,
        tables: HoldTables,
        *,
        clock: Clock,
        journal: JournalWriter,
        around: Surroundings,
        signatures: Signatures | None = None,
        required: bool = False,
    ) -> None:
        self.book = HoldBook(tables.plant, required=required)
        self.signatures = signatures or Nobody()
        self._tables, self._clock, self._journal, self._around = tables, clock, journal, around
        self._results: OrderedDict[str, CommandResult] = OrderedDict()
        self._running: dict[str, asyncio.Task[CommandResult]] = {}
        self._one_by_one = asyncio.Lock()
        self._keeping: frozenset[str] = frozenset()
        self._answers: dict[str, int] = {}
        self._leaving: dict[tuple[str, str], int] = {}
        self._next_end = 0
        self._noting: set[asyncio.Task[None]] = set()

    # ---- what people ask

    async def submit(self, principal: Principal, request: HoldRequest) -> CommandResult:
        """Carry out one act; always returns a result, in words. It ends even when the asker goes away."""
        if earlier := self._results.get(request.id):
            return earlier
        running = self._running.get(request.id)
        if running is None:
            running = asyncio.create_task(self._guarded(principal, request), name=f"hold {request.id}")
            self._running[request.id] = running
            running.add_done_callback(lambda _: self._running.pop(request.id, None))
        return await asyncio.shield(running)

    async def close(self) -> None:
        """Wait for what is under way."""
        if waiting := (*self._running.values(), *self._noting):
            await asyncio.wait(waiting)

    async def _guarded(self, principal: Principal, request: HoldRequest) -> CommandResult:
        try:
            async with self._one_by_one:
                return self._remember(await self._carry_out(principal, request))
        except Exception:
            # Border of the desk: whatever broke, the asker is told.
            log.exception("The hold request %s broke off", request.id)
            text = tr("the request broke off inside the runtime; look at what is in force")
            return self._remember(CommandResult(request.id, request.object_id, CommandState.UNKNOWN, text))

    async def _carry_out(self, principal: Principal, request: HoldRequest) -> CommandResult:
        verdict, signers = self._judged(principal, request), list[Signature]()
        if verdict.signed and not verdict.refusals:
            signers, objections = await self._signed(principal, request)
            # the right, the object and the time may have gone while it was asked for
            verdict = self._judged(principal, request)
            if objections and not verdict.refusals:
                verdict = Verdict(objections)
        if verdict.refusals:
            return await self._refuse(principal, request, verdict.refusals)
        # what is being kept does not end meanwhile: the order in the journal is that of the book
        self._keeping = frozenset(change.object_id for change in verdict.changes)
        try:
            await self._journal.append(*self._entries(principal, request, verdict, signers))
        except StorageError as error:
            text = tr("the audit trail cannot be written: {why}", why=error)
            return _refusal(request, (Refusal(Reason.NO_ACCESS_AUTHORITY, text),))
        finally:
            self._keeping = frozenset()
        self._take(verdict.changes)
        if verdict.asks:
            self._answers[request.area] = self._clock.monotonic_ns() + ANSWER_S * NS_PER_S
        return CommandResult(request.id, request.object_id, CommandState.CONFIRMED, verdict.text)

    def _judged(self, principal: Principal, request: HoldRequest) -> Verdict:
        if request.act in _TIMED and not self._is_in_time(request.heartbeat):
            return refused(Reason.TIME_LIMIT_OVER, tr("the request is older than its time to live"))
        judge = _JUDGES.get(request.act)
        if judge is None:
            text = tr(
                "there is no act {act}; use one of: {acts}", act=request.act[:40], acts=", ".join(HOLD_ACTS)
            )
            return refused(Reason.INCONSISTENT_PARAMETERS, text)
        return judge(Asked(principal, request, self.book, self._tables, self._clock.now_ns()))

    def _is_in_time(self, heartbeat: int) -> bool:
        beat = self._around.heartbeat_ns(heartbeat)
        return beat is not None and self._clock.monotonic_ns() < beat + TIME_TO_LIVE_MS * NS_PER_MS

    async def _signed(
        self, principal: Principal, request: HoldRequest
    ) -> tuple[list[Signature], tuple[Refusal, ...]]:
        """A bypass is an act of class C: it needs a signature to this tag, this condition and this request."""
        command = OperatorCommand(request.id, request.object_id, request.condition, request.heartbeat)
        if not request.signatures:
            text = tr("a bypass needs a signature")
            return [], (Refusal(Reason.NO_ACCESS_AUTHORITY, text),)
        signers: list[Signature] = []
        for one in request.signatures[:2]:
            found = await self.signatures.take(one, principal, command)
            if isinstance(found, str):
                return [], (Refusal(Reason.NO_ACCESS_AUTHORITY, found),)
            signers.append(found)
        return signers, ()

    async def _refuse(
        self, principal: Principal, request: HoldRequest, refusals: tuple[Refusal, ...]
    ) -> CommandResult:
        result = _refusal(request, refusals)
        thing = self._tables.thing(request.object_id)
        payload = {
            "request_id": request.id, "asked": request.act, "state": result.state.value, "text": result.text,
            "tag": thing.name if thing else request.object_id[:64], "tag_id": request.object_id[:64],
            "area": thing.area if thing else request.area[:64], "reason": request.reason[:500],
            "new": _plain(request.value), "hold_id": request.hold_id[:64],
            "refusals": [[r.reason.value, r.text, _plain(r.value)] for r in refusals],
        }  # fmt: skip
        await self._note(Entry(Kind.AUDIT, REFUSED, principal, request.object_id[:64], 0, payload))
        return result

    # ---- what ends by itself

    def tick(self) -> None:
        """End what is over by the session clock, unanswered asks, and the control of stations that are gone."""
        entries = [*self._end_holds(self._clock.now_ns()), *self._end_waiting(self._clock.monotonic_ns())]
        if entries:
            self._note_later(entries)

    def _end_holds(self, now_ns: int) -> list[Entry]:
        if not 0 < self._next_end <= now_ns:
            return []
        over = [step for step in self.book.ended(now_ns) if step[0].object_id not in self._keeping]
        if over:
            self._take([change for change, _ in over])
        entries = [self._end_entry(change, "hold.expired", hold) for change, hold in over]
        for _, tag_id, holds in list(self.book.every()):
            for hold in holds:
                if isinstance(hold, Override) and 0 < self._old_at(hold) <= now_ns:
                    self._around.overridden(tag_id, hold, True)
        self._next_end = self._end_after(now_ns)
        return entries

    def _end_after(self, now_ns: int) -> int:
        """Session time at which the next hold ends or is too old; 0 = none does."""
        ends = [getattr(hold, "expires", 0) for _, _, holds in self.book.every() for hold in holds]
        # what was over and is being kept just now is looked at again at once
        ends = [max(end, now_ns) for end in ends if end]
        old = [self._old_at(hold) for _, _, holds in self.book.every() for hold in holds]
        return min((*ends, *(at for at in old if at > now_ns)), default=0)

    def _old_at(self, hold: Hold) -> int:
        """When an entered value is stale, 0 = never."""
        tag = self._tables.plant.by_id.get(hold.tag_id) if isinstance(hold, Override) else None
        return hold.time + int(tag.manual_max_age_s * NS_PER_S) if tag and tag.manual_max_age_s else 0

    def _end_waiting(self, mono: int) -> list[Entry]:
        """Asks that nobody answered, and positions that did not come back."""
        entries: list[Entry] = []
        for area in [area for area, until in self._answers.items() if until <= mono]:
            held = self.book.control(area)
            if held is None or not held.asked_by:
                del self._answers[area]
            elif done := self._settle((kept(self.book, self._tables.plant, held),), "hold.kept", held):
                entries += done
                del self._answers[area]
        for key in [key for key, until in self._leaving.items() if until <= mono]:
            entries += self._settle(released(self.book, key[0]), "hold.released", None)
            if not released(self.book, key[0]):
                del self._leaving[key]
        return entries

    def station_gone(self, station: str, cause: str = LINK) -> None:
        """Its link is lost, or (``PERSON``) nobody is signed in there: what it controls is free after a minute."""
        until = self._clock.monotonic_ns() + STATION_GONE_S * NS_PER_S
        self._leaving.setdefault((station, cause), until)

    @property
    def leaving(self) -> set[str]:
        """Stations that are waited for."""
        return {station for station, _ in self._leaving}

    def station_here(self, station: str, cause: str = LINK) -> None:
        """It is back in time."""
        self._leaving.pop((station, cause), None)

    def _settle(self, changes: Sequence[Change], event: str, hold: Hold | None) -> list[Entry]:
        """Nothing while one of them is being kept: it is looked at again."""
        if any(change.object_id in self._keeping for change in changes):
            return []
        if changes:
            self._take(changes)
        return [self._end_entry(change, event, hold) for change in changes]

    # ---- the plant, and restarts

    def apply(self, tables: HoldTables, *, required: bool = False, other: Iterable[str] = ()) -> None:
        """Another revision; ends what it has no place for. ``other``: ids of tags that mean something else now."""
        self._tables = tables
        self.book.follow(tables.plant, required=required)
        meant_otherwise, gone = frozenset(other), list[tuple[Change, Hold]]()
        for carrier, key, holds in self.book.every():
            left = tuple(hold for hold in holds if self._fits(carrier, key, hold, meant_otherwise))
            gone += [(Change(carrier, key, left), hold) for hold in holds if hold not in left]
        if gone:
            self._take([change for change, _ in gone])
            self._note_later([self._end_entry(change, "hold.dropped", hold) for change, hold in gone])
        self._judge_ages()

    def _judge_ages(self) -> None:
        """How old an entered value may be is a rule of the plant, which may be another one now."""
        now = self._clock.now_ns()
        for _, key, holds in self.book.every():
            for hold in holds:
                if isinstance(hold, Override) and (self._old_at(hold) or hold.manual):
                    self._around.overridden(key, hold, 0 < self._old_at(hold) <= now)
        self._next_end = self._end_after(now)

    def _fits(self, carrier: Carrier, key: str, hold: Hold, other: frozenset[str]) -> bool:
        if carrier is Carrier.CONTROLLED:
            return key in self._tables.areas
        if carrier is Carrier.TAGGED:
            return self._tables.thing(key) is not None
        tag = self._tables.plant.by_id.get(key)
        if tag is None:
            return False
        if isinstance(hold, Override):
            fits = key not in other and value_problem(tag, hold.value) is None
            return fits and (hold.expires > 0 or tag.manual)
        return not isinstance(hold, Bypass) or hold.condition in conditions_of(tag)

    def restore(self, newest: Iterable[JournalRecord]) -> None:
        """Take over from the runtime before; what is over meanwhile ends now. A station has a minute to come back."""
        self.book.restore(newest)
        self.apply(self._tables, required=self.book.required)
        for carrier, key, holds in self.book.every():
            for hold in holds:
                if isinstance(hold, Override):
                    self._around.overridden(key, hold, False)
                elif carrier is Carrier.CONTROLLED and isinstance(hold, AreaControl):
                    self.station_gone(hold.station)
        self._take(())
        self.tick()

    # ---- in common

    def _take(self, changes: Sequence[Change]) -> None:
        """Into the book, to the tags, and to everybody."""
        for change in changes:
            self.book.put(change)
            if change.carrier is Carrier.OVERRIDDEN:
                self._around.overridden(change.key, self.book.override(change.key), False)
        self._next_end = self._end_after(0)
        self._around.changed()

    def _entries(
        self, principal: Principal, request: HoldRequest, verdict: Verdict, signers: Sequence[Signature]
    ) -> list[Entry]:
        """One for each carrier that changes; they are kept together or not at all."""
        payload = {
            "request_id": request.id, "state": CommandState.CONFIRMED.value, "text": verdict.text,
            "tag": verdict.name, "tag_id": verdict.tag_id, "area": verdict.area, "old": _plain(verdict.old),
            "new": _plain(verdict.new), "unit": verdict.unit, "reason": request.reason.strip()[:500],
            "full_name": principal.name, "confirmation": "signed" if signers else "none",
            "signers": [
                {"user": s.user, "name": s.name, "meaning": s.meaning, "time": s.time, "digest": s.digest}
                for s in signers
            ],
        }  # fmt: skip
        return [
            Entry(Kind.AUDIT, verdict.event, principal, change.object_id, 0, {**payload, "kept": change.kept})
            for change in verdict.changes
        ]

    def _end_entry(self, change: Change, event: str, hold: Hold | None) -> Entry:
        thing = self._tables.thing(change.key)
        is_area = change.carrier is Carrier.CONTROLLED
        payload: dict[str, Any] = {
            "tag": thing.name if thing else self._tables.title(change.key),
            "tag_id": "" if is_area else change.key,
            "area": change.key if is_area else thing.area if thing else "",
            "kept": change.kept,
        }
        if hold is not None:
            payload |= {"owner": hold.owner, "since": hold.time}
        return Entry(Kind.AUDIT, event, SYSTEM, change.object_id, self._clock.now_ns(), payload)

    def _note_later(self, entries: Sequence[Entry]) -> None:
        task = asyncio.get_running_loop().create_task(self._note(*entries), name="holds that ended")
        self._noting.add(task)
        task.add_done_callback(self._noting.discard)

    async def _note(self, *entries: Entry) -> None:
        try:
            await self._journal.append(*entries)
        except StorageError as error:
            log.error("What became of holds is not stored: %s", error)

    def _remember(self, result: CommandResult) -> CommandResult:
        self._results[result.command_id] = result
        while len(self._results) > REMEMBERED:
            self._results.popitem(last=False)
        return result


def _refusal(request: HoldRequest, refusals: tuple[Refusal, ...]) -> CommandResult:
    text = "; ".join(refusal.text for refusal in refusals)
    return CommandResult(request.id, request.object_id, CommandState.REFUSED, text, refusals)


def _plain(value: object) -> bool | int | float | str | None:
    return value if isinstance(value, bool | int | float | str) else None
