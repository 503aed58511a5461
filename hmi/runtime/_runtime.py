"""The runtime: starts the services in order, and is the one place where a value is handed on (design section 3)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import compress
from pathlib import Path
from typing import Any

from hmi.acquisition import Acquisition
from hmi.acquisition.port import Batch, DeviceIdentity, Group
from hmi.alarms import AlarmEngine
from hmi.client.kept_plant import KeptBytes
from hmi.client.port import ReloadResult
from hmi.commands import REFUSED, REMEMBERED, CommandGate, is_dark
from hmi.core.alarms import STATELESS
from hmi.core.clock import Clock, SessionClock, monotonic_ns
from hmi.core.collector import without_collector
from hmi.core.commands import CommandResult, OperatorCommand, Selection, WriteOutcome, WriteRequest
from hmi.core.conditions import ConditionCall, ConditionItem
from hmi.core.errors import StorageError
from hmi.core.journal import Entry, Kind
from hmi.core.principal import SYSTEM, Mode, Principal
from hmi.core.values import WAITING, DataValue, Value
from hmi.historian import History
from hmi.journal import SqliteJournal
from hmi.notify import Notifier
from hmi.project.plant import Plant, TagDef
from hmi.runtime._alarms import AlarmDesk
from hmi.runtime._audit_care import AuditCare
from hmi.runtime._backfill import backfill_of
from hmi.runtime._calculations import CalculationDesk
from hmi.runtime._certificates import CertificateDesk
from hmi.runtime._clock_steps import ClockSteps
from hmi.runtime._clock_watch import ClockWatch
from hmi.runtime._data import DataFolder
from hmi.runtime._demand import LINGER_S, Demand, DemandTables
from hmi.runtime._fanout import EventLane, EveryLane, LatestLane
from hmi.runtime._heartbeat import Heartbeats
from hmi.runtime._history_care import HistoryCare
from hmi.runtime._history_folder import HISTORY_FOLDER
from hmi.runtime._history_reads import forecasts_of
from hmi.runtime._hold_effects import HoldEffects
from hmi.runtime._past_plants import PastPlants
from hmi.runtime._people import People
from hmi.runtime._plant_info import plant_info
from hmi.runtime._plant_watch import PlantWatch
from hmi.runtime._points import PointStates
from hmi.runtime._program_care import ProgramCare
from hmi.runtime._pulse import Pulse
from hmi.runtime._reload import NO_WORD, NextRevision, Why
from hmi.runtime._reloading import Reloads
from hmi.runtime._scan import ScanOnDemand
from hmi.runtime._server_alarms import ServerAlarms
from hmi.runtime._simulator import SimulatorLink
from hmi.runtime._units import Unit, UnitHealth
from hmi.runtime.supervisor_notes import take_notes
from hmi.security.accounts import Accounts
from hmi.tags import TagEngine, TagUpdates

log = logging.getLogger(__name__)

TICK_S = 0.1
LIFE_S = 0.5
SUPERVISE_S = 0.25
COMMANDS_S = 3.0
PAST_READERS = 2


@dataclass
class Services:
    """The object graph of one runtime; built by ``hmi.bootstrap``.

    Without ``accounts`` nobody signs in; ``accounts_fault`` says why when their file cannot be used. ``seals`` is a
    further folder for the seals of the journal. ``watch``: changed files of the plant are taken by themselves.
    ``kept_info``: the plant as stations get it, where it was made for an earlier start.
    """

    plant: Plant
    mode: Mode
    clock: Clock
    data: DataFolder
    run_id: str
    tags: TagEngine
    alarms: AlarmEngine
    history: History
    journal: SqliteJournal
    simulator: SimulatorLink | None = None
    reason: str = ""
    accounts: Accounts | None = None
    accounts_fault: str = ""
    linger_s: float = LINGER_S
    seals: Path | None = None
    watch: bool = False
    kept_info: KeptBytes | None = None
    beats: Heartbeats = field(default_factory=Heartbeats)


class Runtime:
    """Owns the links and the order of steps; everything runs on one asyncio loop."""

    def __init__(self, services: Services) -> None:
        self.services = s = services
        self.plant = s.plant
        self.info = None if s.kept_info else plant_info(s.plant, s.mode)
        self.handles: Mapping[str, int] = {tag.name: tag.handle for tag in s.plant.tags}
        self.acquisition: Acquisition | None = None
        self.lanes: set[LatestLane] = set()
        self.every: set[EveryLane] = set()
        self.scan = ScanOnDemand(Demand(DemandTables(s.plant), linger_s=s.linger_s), s.tags, self.lanes)
        self.past_plants = PastPlants(s.data.path, s.mode)
        self.past_reads = ThreadPoolExecutor(PAST_READERS, thread_name_prefix="past")
        self.units, self.pulse = UnitHealth(), Pulse()
        self._forecasts = forecasts_of(s.plant)
        self.points = PointStates(s.plant, lambda: s.tags.overridden)
        self.events: set[EventLane] = set()
        self.alarms = AlarmDesk(s.plant, s.alarms, s.journal, s.clock, self.tell)
        self._alarm_service = self.alarms.service
        self._make_care(s)
        self._changed: set[int] = set()
        self.hold_effects = HoldEffects(self)
        self.holds = self.hold_effects.desk
        self.people = People(self)
        self.holds.signatures = self.people.signatures
        self._commands_open = False
        self.reloads, self.has_taken_over = Reloads(self), asyncio.Event()
        self.gate = self._made_gate(s)
        self.server_alarms = ServerAlarms(s.plant, self.gate, self.alarms, s.clock)
        self.plant_watch = PlantWatch(
            lambda: self.plant.folder,
            is_on=lambda: bool(self.plant.folder) and (s.watch or self.plant.reload_watch),
            reload=self.reloads.of_files,
            told=self.reloads.of_files_refused,
        )
        self.program_care = ProgramCare(s.journal, tell_failing=self.cannot_keep, bar=self.gate.bar)

    def _make_care(self, s: Services) -> None:
        """What looks after the things around the plant: notifications, audit trail, history, certificates, clocks."""
        self.notifier = Notifier(
            s.plant, s.journal, s.data.path, simulated=s.mode is not Mode.PLANT, tell_failing=self._notification,
            clock=s.clock,
        )  # fmt: skip
        self.audit_care = AuditCare(
            s.journal,
            s.data.path,
            runtime_id=s.data.runtime_id,
            further=s.seals,
            tell_failing=self.cannot_keep,
            simulated=s.mode is not Mode.PLANT,
            least_room=lambda: 5_000_000 * self.plant.history.min_free_mb,
        )
        self.history_care = HistoryCare(
            s.history,
            s.data.path / HISTORY_FOLDER,
            clock=s.clock,
            rules=lambda: self.plant.history,
            note=self.note,
            tell_failing=self.cannot_keep,
            simulated=s.mode is not Mode.PLANT,
        )
        self.backfill = backfill_of(self, self.note)
        self.certificates = CertificateDesk(
            s.plant,
            s.data.path,
            journal=s.journal,
            alarms=s.alarms,
            clock=s.clock,
            tell=self.tell,
            put=self._alarm_service.put,
        )
        self.clock_watch = ClockWatch(
            s.journal,
            differences=self.clock_differences,
            tell_failing=lambda name, is_off: self.cannot_keep(f"clock/{name}", is_off),
        )

    def _made_gate(self, s: Services) -> CommandGate:
        return CommandGate(
            s.plant,
            clock=s.clock,
            values=s.tags.values,
            is_live=self._is_live,
            journal=s.journal,
            writer=self,
            reader=self,
            heartbeat_ns=s.beats.sent_at,
            caller=self,
            holds=self.holds.book,
            signatures=self.people.signatures,
            settled=lambda result: self.tell("result", result),
        )

    # ------------------------------------------------------------------ life

    async def run(self, acquisition: Acquisition) -> None:
        """Everything but the API, until cancelled."""
        self.acquisition = self.scan.acquisition = self.certificates.acquisition = acquisition
        self.scan.tell()
        if self.services.simulator:
            await self.services.simulator.follow_once()  # nothing is stamped before the session time is known
        await self._record_start()
        await self._restore()
        self.has_taken_over.set()
        self.services.history.start()
        async with asyncio.TaskGroup() as group:
            group.create_task(acquisition.run(), name="acquisition")
            group.create_task(self._alarm_service.run(), name="alarms to journal")
            group.create_task(self._tick(), name="timers")
            group.create_task(self._supervise(), name="ages and life counters")
            group.create_task(self._live(), name="life sign")
            group.create_task(self.notifier.run(), name="notifications")
            group.create_task(self.certificates.run(), name="certificates")
            group.create_task(self.audit_care.run(), name="audit trail")
            group.create_task(self.people.run(), name="sessions and accounts")
            group.create_task(self.plant_watch.run(), name="files of the plant")
            group.create_task(self.reloads.run(), name="other revisions of the plant")
            group.create_task(self.program_care.run(), name="program files")
            group.create_task(self.clock_watch.run(), name="clocks of servers")
            group.create_task(self._keep_history(), name="history")
            group.create_task(self.history_care.run(), name="care of the history")
            group.create_task(CalculationDesk(self).run(), name="calculated history")
            group.create_task(self.backfill.run(), name="backfill of the history")
            if self.services.simulator:
                group.create_task(self.services.simulator.follow(), name="simulator clock")

    async def _keep_history(self) -> None:
        """An alarm stands while samples are not stored; the end waits until all of them are."""
        failing = False
        try:
            while True:
                self._tell_history()
                if bool(self.services.history.problem) != failing:
                    failing = not failing
                    self.cannot_keep("history", failing)
                await asyncio.sleep(LIFE_S)
        finally:
            await asyncio.to_thread(self.services.history.close)

    def _tell_history(self) -> None:
        """What tags say now, where the history does not know it and nothing may change for long."""
        s = self.services
        wanted = s.history.take_wanted()
        known = [(h, value) for h in wanted if (value := s.tags.latest[h]) is not WAITING]
        s.history.append(known, now=s.clock.now_ns())

    async def stop(self) -> None:
        """Journal the end; called after ``run`` was cancelled."""
        await self.people.close()
        await self.note("runtime.stopped", {"commands_open": self._commands_open})
        await self.audit_care.end()
        self.past_reads.shutdown(wait=False, cancel_futures=True)

    async def end_commands(self) -> None:
        """Let commands under way end while their links still run; a slow one stays open in the journal."""
        try:
            async with asyncio.timeout(COMMANDS_S):
                await self.gate.close()
                await self.holds.close()
        except TimeoutError:
            self._commands_open = True
            log.warning("The runtime ends while a command is under way; its outcome is not known.")

    async def _record_start(self) -> None:
        payload = {"mode": self.services.mode.value, "plant": self.plant.name, "reason": self.services.reason}
        await self.note("runtime.started", payload)
        await take_notes(self.services.data.path, self.services.journal)

    async def _restore(self) -> None:
        """Alarm states go on where the journal ends; a command without an end blocks its item."""
        s = self.services
        audit = await s.journal.newest_of_each(Kind.AUDIT.value, without=(REFUSED,))
        self.gate.restore(audit)
        self.gate.remember(await s.journal.last(2 * REMEMBERED, kind=Kind.AUDIT.value))
        alarms = await s.journal.newest_of_each(Kind.ALARM.value, without=STATELESS)
        s.alarms.restore(alarms)
        self.server_alarms.restore(alarms)
        self.holds.restore(audit)
        self._begin_alarms()

    async def note(self, event: str, payload: Mapping[str, Any], principal: Principal = SYSTEM) -> None:
        try:
            await self.services.journal.append(
                Entry(Kind.SYSTEM, event, principal, self.plant.id, 0, payload)
            )
        except StorageError as error:
            log.error("The journal cannot be written: %s", error)

    # ------------------------------------------------------------------ LinkEvents: one sink call per block

    def on_groups(self, connection: str, groups: Sequence[Group]) -> None:
        """Source groups, made unique over all connections; stations learn of them with a fresh snapshot."""
        named = _named(connection, groups)
        tags = self.services.tags
        before = tags.groups
        tags.add_groups(connection, named)
        if tags.groups != before:
            for lane in self.lanes:
                lane.fresh = True  # groups and limits go to the stations with a snapshot only
        self.units.learn(connection, named)
        self._judge_units(connection)

    def _judge_units(self, connection: str) -> None:
        alarms, now_ns = self.services.alarms, self.services.clock.now_ns()
        self._alarm_service.put(alarms.units_are(connection, self.units.of(connection), now_ns))

    def on_batch(self, connection: str, batch: Batch) -> None:
        """Steps 3 to 5 of a value."""
        group = f"{connection}:{batch.group}"
        if self._forecasts:
            batch = self._without_forecasts(batch)
        if unit := self.units.heard(group, alive=batch.alive, now_ns=monotonic_ns()):
            self._unit_answers(unit)
        self.pass_on(self.services.tags.ingest(Batch(group, batch.updates, batch.alive)))

    def _without_forecasts(self, batch: Batch) -> Batch:
        """What lies ahead of now is history of the future, and never what a tag says now (HI-08)."""
        tags, now = self.services.tags, self.services.clock.now_ns()
        ahead = [h in self._forecasts and value.source_time > now for h, value in batch.updates]
        if not any(ahead):
            return batch
        told = [(h, tags.scaled(h, value)) for h, value in compress(batch.updates, ahead)]
        self.services.history.append(told, now=now)
        rest = [one for one, is_ahead in zip(batch.updates, ahead, strict=True) if not is_ahead]
        return Batch(batch.group, rest, batch.alive)

    def on_conditions(self, connection: str, items: Sequence[ConditionItem]) -> None:
        """Alarms that the server of a connection keeps."""
        self.server_alarms.on_conditions(connection, items)

    def on_up(self, connection: str, identity: DeviceIdentity) -> None:
        self._alarm_service.put(self.services.alarms.link_up(connection, self.services.clock.now_ns()))
        self.backfill.up(connection)
        self._tell_connection(connection)

    def on_down(self, connection: str, text: str) -> None:
        """One batch of Bad values and one alarm per device."""
        self.units.lost(connection)
        self.backfill.down(connection)
        self.server_alarms.link_down(connection)
        self._alarm_service.put(self.services.alarms.link_down(connection, self.services.clock.now_ns()))
        self.pass_on(self.services.tags.link_down(connection))
        self._tell_connection(connection)

    def _notification(self, channel: str, failing: bool) -> None:
        alarms, now_ns = self.services.alarms, self.services.clock.now_ns()
        self._alarm_service.put(alarms.channel_is(channel, failing, now_ns))

    def cannot_keep(self, name: str, failing: bool) -> None:
        alarms, now_ns = self.services.alarms, self.services.clock.now_ns()
        self._alarm_service.put(alarms.system_is(name, failing, now_ns))

    def _unit_answers(self, unit: Unit) -> None:
        alarms, now_ns = self.services.alarms, self.services.clock.now_ns()
        self._alarm_service.put(alarms.unit_up(unit.connection, unit.name, now_ns))
        self._tell_connection(unit.connection)

    def _look_for_silent_units(self) -> None:
        """One alarm per device, also for a device behind a gateway that answers."""
        alarms, now_ns = self.services.alarms, self.services.clock.now_ns()
        for unit in self.units.fallen_silent(monotonic_ns()):
            log.warning("Unit %s of connection %s is silent.", unit.name, unit.connection)
            ids = [self.plant.by_handle[handle].id for handle in unit.handles]
            self._alarm_service.put(alarms.unit_down(unit.connection, unit.name, ids, now_ns))
            self._tell_connection(unit.connection)

    def pass_on(self, updates: TagUpdates) -> None:
        """Steps 4 and 5: to the alarms, the history and the stations."""
        if not updates:
            return
        s = self.services
        changes = updates.changes
        self.pulse.values += len(changes)
        alarms = s.alarms.evaluate(changes, updates.now_ns)
        if alarms:
            self._alarm_service.put(alarms)
        s.history.append(changes, now=updates.now_ns, seen=updates.seen_ns)
        self.points.take(changes)
        for lane in self.every:
            lane.record(changes)
        self._changed.update(handle for handle, _ in changes)

    def flush_changes(self) -> None:
        """Mark what changed in every lane; called once before the lanes are drained."""
        self.alarms.flush()
        self.hold_effects.flush()
        if (counts := self.points.news()) is not None:
            self.tell("points", counts)
        if self._changed:
            changed, self._changed = self._changed, set()
            for lane in self.lanes:
                lane.note(changed)

    # ------------------------------------------------------------------ timers

    async def _tick(self) -> None:
        s = self.services
        steps = ClockSteps(s.clock, s.alarms, self.alarms, s.journal, s.plant.id)
        while True:
            steps.look()
            self.holds.tick()
            self.gate.tick()
            self._alarm_service.put(self.services.alarms.tick(self.services.clock.now_ns()))
            await self.pulse.rest(TICK_S)

    async def _supervise(self) -> None:
        while True:
            self.pass_on(self.services.tags.supervise())
            self._look_for_silent_units()
            self.scan.tell()
            await asyncio.sleep(SUPERVISE_S)

    async def _live(self) -> None:
        while True:
            try:
                await asyncio.to_thread(self.services.data.beat)  # a slow disk must not hold the loop
                await take_notes(self.services.data.path, self.services.journal)
            except (OSError, StorageError) as error:
                log.error("The life sign or the supervisor's notes cannot be kept: %s", error)
            await asyncio.sleep(LIFE_S)

    # ------------------------------------------------------------------ what stations ask

    def tell(self, kind: str, payload: Any) -> None:
        """One message to every station, in order."""
        for lane in self.events:
            lane.put(kind, payload)

    def _begin_alarms(self) -> None:
        """The lists as the engine has them now, and the holds, to every station."""
        self.alarms.begin(self.plant)
        for lane in self.events:
            lane.begin()

    def begin_with(self) -> list[tuple[str, Any]]:
        """The events that a station begins with, also after a gap."""
        return [*self.alarms.snapshot(), *self.hold_effects.snapshot()]

    async def submit(self, principal: Principal, command: OperatorCommand) -> CommandResult:
        """The only road to a write."""
        if (tag := self.plant.by_id.get(command.tag_id)) is not None:
            await self.scan.awake(tag.handle)
        result = await self.gate.submit(principal, command)
        self.pulse.commands[result.state.value] += 1
        self.tell("result", result)
        return result

    async def select(self, principal: Principal, tag_id: str, value: Value, heartbeat: int) -> Selection:
        """Hold an object for one command; it is judged by what its device says now."""
        if (tag := self.plant.by_id.get(tag_id)) is not None:
            await self.scan.awake(tag.handle)
        return await self.gate.selected(principal, tag_id, value, heartbeat)

    async def instruct(self, principal: Principal, verb: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """An instructor request; journalled unless it only asks."""
        simulator = self.services.simulator
        if simulator is None:
            return {"ok": False, "error": "this runtime has no simulator"}
        if verb != "status":
            await self.note("simulator." + verb, dict(arguments), principal)
        answer = await simulator.ask(verb, arguments)
        if simulator.run_id != self.services.run_id:
            await self._begin_run(simulator.run_id, str(arguments.get("name", "")))
        return answer

    async def _begin_run(self, run_id: str, snapshot: str) -> None:
        """A restore opened another run: every record and sample from here on carries it (2b.4)."""
        s = self.services
        s.run_id = run_id
        s.journal.begin_run(run_id)
        s.history.begin_run(run_id)
        s.alarms.begin_run(s.clock.now_ns())
        self.alarms.begin_run()
        self.gate.selections.end_all()
        await self.note("run.started", {"run_id": run_id, "snapshot": snapshot})
        self.tell("run", {"run_id": run_id})

    # ------------------------------------------------------------------ another revision of the plant

    async def reload(
        self, principal: Principal, why: Why = NO_WORD, *, dry_run: bool = False
    ) -> ReloadResult:
        """Read the plant folder again and apply what it holds now."""
        return await self.reloads.from_folder(principal, why, dry_run=dry_run)

    async def apply(self, plant: Plant, principal: Principal = SYSTEM) -> ReloadResult:
        """Go on with another revision of the plant; PlantRefused leaves everything as it was (2b.2)."""
        return await self.reloads.apply(plant, principal)

    @without_collector()
    def switch(self, new: NextRevision, principal: Principal) -> None:
        """One step without an await: no batch is judged half by one revision and half by the other."""
        acquisition = self.acquisition
        assert acquisition is not None
        s, closed = self.services, new.links.closed
        s.journal.begin_revision(new.plant.revision)
        self.plant = s.plant = new.plant
        self.info, self.handles, s.kept_info = new.info, new.tags.by_name, None
        renewed = {name: _named(name, groups) for name, groups in acquisition.apply(new.links).items()}
        updates = s.tags.apply(new.tags, closed, new.links.moved, renewed)
        for name, groups in renewed.items():
            self.units.follow(name, groups)
            self._judge_units(name)
            self.backfill.renewed(name)
        s.history.apply(new.plant)
        self._forecasts = forecasts_of(new.plant)
        s.history.append(updates.changes, now=updates.now_ns)
        self.points.take(updates.changes)
        self.points.apply(new.plant)
        self._alarm_service.put(s.alarms.apply(new.alarms, s.tags.values, updates.now_ns, principal))
        self.server_alarms.apply(new.plant)
        self.notifier.apply(new.plant)
        self.certificates.apply(new.plant)
        self.people.apply(new.plant)
        for name in closed:
            self.server_alarms.link_down(name)
        self.gate.apply(new.gate, s.tags.values, new.cut, new.elsewhere)
        self.hold_effects.apply(new.holds, new.other)
        for lane in self.lanes:
            lane.follow(self.handles)
        for lane in self.every:
            lane.record(updates.changes)
        self.scan.demand.apply(new.demand)
        self.scan.review()
        s.beats.forget()  # a command that was decided on a screen of before is refused
        self.tell("plant", {"revision": new.plant.revision})
        self._begin_alarms()
        for name in closed:
            self.units.forget(name)
            if name in acquisition.links:
                self._tell_connection(name)

    # ------------------------------------------------------------------ Writer and Reader of the gate

    async def write(self, tag: TagDef, request: WriteRequest) -> WriteOutcome:
        assert self.acquisition is not None
        return await self.acquisition.write(request)

    async def read_now(self, tag: TagDef) -> DataValue:
        assert self.acquisition is not None
        found = await self.acquisition.read_now([tag.handle])
        return self.services.tags.scaled(tag.handle, found[tag.handle])

    async def call(self, request: ConditionCall) -> WriteOutcome:
        assert self.acquisition is not None
        self.server_alarms.sending(request.command_id)
        return await self.acquisition.call(request)

    def _is_live(self, name: str) -> bool:
        """Of the device itself: a manual value over a dead one does not make it fit for a command."""
        handle, tags = self.handles.get(name), self.services.tags
        if handle is None or not tags.source_is_live(handle):
            return False
        if handle not in tags.overridden:
            return True
        source = tags.source_value(handle)
        return not (source.is_bad or is_dark(source.status))

    def clock_differences(self) -> dict[str, int]:
        """By connection that is up and tells its time: ms by which its clock is ahead of ours. A simulator's time is
        that of its session.
        """
        found: dict[str, int] = {}
        for name, link in (self.acquisition.links if self.acquisition else {}).items():
            apart_ms = link.figures().get("clock_difference_ms") if link.state == "up" else None
            if isinstance(apart_ms, int) and not self.plant.connections[name].simulated:
                found[name] = apart_ms
        return found

    def _tell_connection(self, connection: str) -> None:
        assert self.acquisition is not None
        link = self.acquisition.links[connection]
        told = {"name": connection, "state": link.state, "since": link.since, "text": link.text}
        self.tell("connection", {**told, "units": self.units.of(connection)})

    def values_at(self, tag_ids: Sequence[str], at: int) -> list[DataValue]:
        """What the history holds of these tags at ``at`` (UTC ns); called beside the loop, for it may read a disk."""
        return self.services.history.values_at(tag_ids, at)

    @property
    def session_rate(self) -> float:
        """Session seconds per wall second."""
        clock = self.services.clock
        return clock.rate if isinstance(clock, SessionClock) else 1.0


def _named(connection: str, groups: Sequence[Group]) -> list[Group]:
    return [Group(f"{connection}:{g.name}", g.unit, g.period_ms, g.handles) for g in groups]
