"""The alarms of a runtime: what the engine says, to the journal and to the stations; what operators do with them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from hmi.alarms import AlarmChange, AlarmEngine, AlarmService, FloodWatch, Refused
from hmi.client.alarms import AlarmDelta, AlarmFlood, AlarmInfo, AlarmSound
from hmi.core.alarms import AlarmEvent, AlarmRow, Priority
from hmi.core.clock import Clock
from hmi.core.errors import StorageError
from hmi.core.journal import Entry, JournalRecord, JournalWriter, Kind
from hmi.core.principal import Principal, Role
from hmi.core.quality import quality_of
from hmi.core.texts import tr
from hmi.journal import record_dict
from hmi.project.plant import AlarmDef, Plant
from hmi.runtime._alarm_book import AlarmBook
from hmi.runtime._alarm_wire import alarm_info

log = logging.getLogger(__name__)

AT_ONCE = 500
EXTERNAL = "ua:"
RIGHTS = {act: Role.ENGINEER if act in {"OOS", "RTS"} else Role.ACKNOWLEDGE for act in AlarmEvent.__members__}

Tell = Callable[[str, Any], None]


@dataclass(frozen=True, slots=True)
class Act:
    """What an operator asks for a number of alarms; ``seconds`` and ``one_shot`` are those of a shelf."""

    name: str
    seconds: float = 0.0
    one_shot: bool = False
    reason: str = ""
    comment: str = ""


ExternalAct = Callable[[Principal, Act, Sequence[str]], Awaitable[list[str]]]
"""Carries out an act on alarms of a connected server (ids begin with ``ua:``); one sentence per refused one."""


class Elsewhere(Protocol):
    """Alarms that a connected server keeps."""

    def rows(self) -> Sequence[AlarmRow]: ...

    def renew(self, put: Callable[[AlarmRow], bool]) -> None:
        """Hand on rows that changed without an event; ``put`` is False for one that is not in the lists yet."""
        ...


class AlarmDesk:
    """One for a runtime. ``tell`` sends an event to every station."""

    def __init__(
        self, plant: Plant, engine: AlarmEngine, journal: JournalWriter, clock: Clock, tell: Tell
    ) -> None:
        self._engine, self._journal, self._clock, self._tell = engine, journal, clock, tell
        self.service = AlarmService(journal, self.publish)
        self.book = AlarmBook()
        self.external: ExternalAct | None = None
        self.elsewhere: Elsewhere | None = None
        self._flood = FloodWatch()
        self._floods: tuple[AlarmFlood, ...] = ()
        self._annunciated: list[AlarmChange] = []
        self._renewed: dict[str, AlarmRow] = {}
        self._noting: set[asyncio.Task[None]] = set()
        self.begin(plant)

    def begin(self, plant: Plant) -> None:
        """Take the lists as the engine has them: at the start and in another plant revision."""
        self._plant = plant
        self._definitions = _Definitions({alarm.id: alarm for alarm in plant.alarms}, self._engine)
        self._flood.zone = ZoneInfo(plant.zone)
        named = ((alarm.id, str(alarm.extra.get("position", ""))) for alarm in plant.alarms if alarm.extra)
        self._flood.positions = {alarm_id: position for alarm_id, position in named if position}
        theirs = self.elsewhere.rows() if self.elsewhere else ()
        self.book.load((*self._engine.active(), *self._engine.hidden(), *theirs), self._definitions)

    def begin_run(self) -> None:
        """The session clock was set."""
        self._flood.begin_run()

    # ------------------------------------------------------------------ to the stations

    def publish(self, changes: Sequence[AlarmChange], stored: bool) -> None:
        """They go out with the next tick: in a flood one delta in 100 ms, not one for each change."""
        self._annunciated += self.book.take(changes, stored=stored)

    def flush(self) -> None:
        """Tell every station what turned since the last tick."""
        self._renew()
        now_ns = self._clock.now_ns()
        annunciated, self._annunciated = self._annunciated, []
        sounds = self._flood.take(annunciated, now_ns)
        floods = tuple(AlarmFlood(f.position, f.since, f.alarms) for f in self._flood.floods(now_ns))
        turned = floods != self._floods
        self._floods = floods
        delta = self.book.take_delta()
        if delta is None and not sounds and not turned:
            return
        found = delta or AlarmDelta()
        found.sounds.extend(_sound(change) for change in sounds)
        self._tell("alarm_changes", _with_floods(found, floods) if turned else found)

    def _renew(self) -> None:
        """Rows that changed without an event: values that are unknown now, ranks in a first-out group."""
        for alarm_id, unknown in self._engine.take_doubts().items():
            self.book.doubt(alarm_id, unknown)
        self._renewed.update((row.alarm_id, row) for row in self._engine.take_reranked())
        for alarm_id, row in list(self._renewed.items()):
            now = self._engine.row(alarm_id)
            if now is None or now.state is not row.state or self.book.renew(now):
                del self._renewed[alarm_id]
        if self.elsewhere is not None:
            self.elsewhere.renew(self.book.renew)
        if prompts := self._engine.take_prompts():
            task = asyncio.get_running_loop().create_task(self._prompt(prompts), name="operator prompts")
            self._noting.add(task)
            task.add_done_callback(self._noting.discard)

    async def _prompt(self, prompts: Sequence[Entry]) -> None:
        """Stations get them when they stand in the journal."""
        for record in await self._note(*prompts):
            self._tell("journal", record_dict(record))

    def snapshot(self) -> list[tuple[str, Any]]:
        """The events that a station begins with, also after a gap: the full active list, then all counts."""
        return [
            ("alarms", self.book.listed("active")),
            ("alarm_changes", _with_floods(self.book.counts(), self._floods)),
        ]

    # ------------------------------------------------------------------ what operators do

    async def acknowledge(
        self, principal: Principal, occurrence_ids: Sequence[str], comment: str
    ) -> list[str]:
        """Acknowledge occurrences; one sentence per refused one."""
        occurrence_ids, problems = await self._allowed(principal, Act("ACK", comment=comment), occurrence_ids)
        own = [one for one in occurrence_ids if not one.startswith(EXTERNAL)]
        for start in range(0, len(own), AT_ONCE):
            problems += await self.service.acknowledge(
                self._engine,
                own[start : start + AT_ONCE],
                self._clock.now_ns(),
                principal=principal,
                comment=comment,
            )
        theirs = [one for one in occurrence_ids if one.startswith(EXTERNAL)]
        return problems + await self._act_elsewhere(principal, Act("ACK", comment=comment), theirs)

    async def act(self, principal: Principal, act: Act, alarm_ids: Sequence[str]) -> list[str]:
        """Carry out an act on each alarm that allows it; one sentence per refused one. All is journalled."""
        alarm_ids, problems = await self._allowed(principal, act, alarm_ids)
        own = [one for one in alarm_ids if not one.startswith(EXTERNAL)]
        for start in range(0, len(own), AT_ONCE):
            problems += await self._act_on(principal, act, own[start : start + AT_ONCE])
        theirs = [one for one in alarm_ids if one.startswith(EXTERNAL)]
        return problems + await self._act_elsewhere(principal, act, theirs)

    async def _allowed(
        self, principal: Principal, act: Act, keys: Sequence[str]
    ) -> tuple[Sequence[str], list[str]]:
        """Alarms in areas where the person has the right to the act, and a sentence for each other one."""
        right = RIGHTS[act.name]
        if principal.has(right) and not principal.by_area:
            return keys, []
        ids = {key: self._alarm_id(key) for key in keys}
        refused = [key for key in keys if not self._may_act(principal, right, ids[key], key)]
        if not refused:
            return keys, []
        why = tr("{user} has no right to {right} in this area", user=principal.user, right=right.value)
        await self.note_refused(principal, act, [(ids[key], why) for key in refused])
        left = set(keys).difference(refused)
        return [key for key in keys if key in left], [self.sentence(ids[key], why) for key in refused]

    def _alarm_id(self, key: str) -> str:
        """Of an alarm id or an occurrence id; empty for one that is in no list."""
        if key.startswith(EXTERNAL):
            return key.rpartition("@")[0] or key
        return key if self._definitions.get(key) else self._engine.alarm_of(key)

    def _may_act(self, principal: Principal, right: Role, alarm_id: str, key: str) -> bool:
        """What is in no list is refused by the engine in its own words."""
        row, definition = self.book.rows.get(alarm_id), self._definitions.get(alarm_id)
        if row is None and definition is None and not key.startswith(EXTERNAL):
            return True
        return self.may(principal, right, row.area if row else definition.area if definition else "")

    def may(self, principal: Principal, right: Role, area: str) -> bool:
        """The right in an area; without one the right in the whole plant."""
        return principal.has(right, self._plant.lineage(area))

    async def _act_on(self, principal: Principal, act: Act, alarm_ids: Sequence[str]) -> list[str]:
        now_ns = self._clock.now_ns()
        done: list[AlarmChange] = []
        refused: list[tuple[str, str]] = []
        for alarm_id in alarm_ids:
            result = self._act_on_one(principal, act, alarm_id, now_ns)
            if isinstance(result, Refused):
                refused.append((alarm_id, result.reason))
            else:
                done += result
        await self.service.handle(done)
        await self.note_refused(principal, act, refused)
        return [self.sentence(alarm_id, reason) for alarm_id, reason in refused]

    def _act_on_one(
        self, principal: Principal, act: Act, alarm_id: str, now_ns: int
    ) -> Sequence[AlarmChange] | Refused:
        definition = self._definitions.get(alarm_id)
        if act.name != "SHELVE":
            event = AlarmEvent[act.name]
            return self._engine.carry_out(
                alarm_id, event, now_ns, principal=principal, comment=act.comment, reason=act.reason
            )
        urgent = definition is not None and definition.priority is Priority.P1
        area = definition.area if definition else ""
        if urgent and not self.may(principal, Role.TUNE, area):
            return Refused(tr("{user} may not shelve an alarm of priority 1", user=principal.user))
        result = self._engine.shelve(
            alarm_id,
            now_ns,
            seconds=act.seconds,
            principal=principal,
            comment=act.comment,
            one_shot=act.one_shot,
            reason=act.reason,
        )
        return result if isinstance(result, Refused) else [result]

    async def _act_elsewhere(self, principal: Principal, act: Act, alarm_ids: Sequence[str]) -> list[str]:
        if not alarm_ids:
            return []
        if self.external is not None:
            return await self.external(principal, act, alarm_ids)
        reason = tr("no connected server has this alarm")
        return [self.sentence(alarm_id, reason) for alarm_id in alarm_ids]

    async def silence(self, principal: Principal, area: str) -> None:
        """Tell every station who silenced which area and when; nothing is acknowledged."""
        now_ns = self._clock.now_ns()
        said = {"area": area, "user": principal.user, "station": principal.station, "time": now_ns}
        self._tell("silence", said)
        target = f"area:{area}" if area else self._plant.id
        await self._note(
            Entry(Kind.ALARM, AlarmEvent.SILENCE.value, principal, target, now_ns, {"area": area})
        )

    async def note_refused(self, principal: Principal, act: Act, refused: Sequence[tuple[str, str]]) -> None:
        """Each refusal with the person, the station and the reason."""
        now_ns, entries = self._clock.now_ns(), list[Entry]()
        for alarm_id, reason in refused:
            row = self.book.rows.get(alarm_id)
            payload = {
                "asked": act.name, "reason": reason, "reason_code": act.reason, "comment": act.comment,
                "occurrence_id": row.occurrence_id if row else "", "tag": row.tag_name if row else "",
                "area": row.area if row else "", "priority": row.priority if row else 0,
            }  # fmt: skip
            entries.append(Entry(Kind.ALARM, AlarmEvent.REFUSED.value, principal, alarm_id, now_ns, payload))
        await self._note(*entries)

    async def _note(self, *entries: Entry) -> Sequence[JournalRecord]:
        try:
            return await self._journal.append(*entries) if entries else ()
        except StorageError as error:
            log.error("What was asked or told of alarms is not stored: %s", error)
            return ()

    # ------------------------------------------------------------------ what is asked

    def definition_of(self, alarm_id: str) -> AlarmDef | None:
        return self._definitions.get(alarm_id)

    def rule_of(self, alarm_id: str) -> tuple[str, str, list[list[str]]]:
        """The suppression rule, its truth, and [tag, value, quality] of what it and the alarm read."""
        view = self._engine.rule_of(alarm_id, self._clock.now_ns())
        if view is None:
            return "", "", []
        inputs = [[name, str(data.value), _words(data.status)] for name, data in view.inputs]
        return view.text, view.truth, inputs

    def row_of(self, alarm_id: str) -> AlarmInfo | None:
        """As it stands in its list, else as the engine has it; None when there is no such alarm."""
        row = self.book.rows.get(alarm_id)
        if row is not None:
            return row
        found: AlarmRow | None = self._engine.row(alarm_id)
        return alarm_info(found, self._definitions.get(alarm_id), stored=True) if found else None

    def sentence(self, alarm_id: str, reason: str) -> str:
        """A refusal that names its alarm."""
        definition, row = self._definitions.get(alarm_id), self.book.rows.get(alarm_id)
        tag = row.tag_name if row else self._tag_name(definition.tag_id if definition else "")
        name = definition.name if definition else row.name if row else alarm_id
        return f"{' '.join(filter(None, (tag, name)))}: {reason}"

    def _tag_name(self, tag_id: str) -> str:
        tag = self._plant.by_id.get(tag_id)
        return tag.name if tag else ""


class _Definitions:
    """Of the plant's alarms, and of those that the engine makes itself."""

    def __init__(self, own: Mapping[str, AlarmDef], engine: AlarmEngine) -> None:
        self._own, self._engine = own, engine

    def get(self, alarm_id: str) -> AlarmDef | None:
        return self._own.get(alarm_id) or self._engine.definition_of(alarm_id)


def _words(status: int) -> str:
    found = quality_of(status)
    return " ".join(filter(None, (found.klass.name.capitalize(), found.sub)))


def _sound(change: AlarmChange) -> AlarmSound:
    row = change.row
    return AlarmSound(int(row.priority), row.area, row.occurrence_id)


def _with_floods(delta: AlarmDelta, floods: Sequence[AlarmFlood]) -> AlarmDelta:
    return AlarmDelta(delta.rows, delta.gone, delta.counts, delta.areas, delta.sounds, list(floods))
