"""FakeClient: a runtime that is not there; deterministic values, alarms, history and answers for tests."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from hmi.client.alarms import ALARM_LISTS, AlarmDetails, Handover, JournalPage, JournalQuery
from hmi.client.certificates import Certificates, TrustAnswer
from hmi.client.comms import Comms, FrameAnswer, Frames, LineDetail, PointTest
from hmi.client.exports import ExportAnswer, Exports, QuarantinedRow
from hmi.client.past import PastMoment, Timeline
from hmi.client.people import AccountAnswer, AccountInfo, HoldRequest, SessionInfo, SignIn
from hmi.client.points import PointPage, PointRow
from hmi.client.port import (
    HISTORY_GROUP,
    AlarmInfo,
    ConnectionInfo,
    Event,
    ImageFile,
    Lane,
    Listener,
    LiveUpdate,
    PlantInfo,
    ReloadResult,
    RuntimeStatus,
    Subscription,
    TagInfo,
)
from hmi.client.what_if import AlarmEdit, AlarmSettings, WhatIfAnswer, WhatIfQuery
from hmi.client.why import Why
from hmi.core.clock import NS_PER_S, monotonic_ns
from hmi.core.commands import CommandResult, CommandState, OperatorCommand, Selection
from hmi.core.errors import AccessRefused, CommunicationError
from hmi.core.holds import Holds
from hmi.core.quality import BAD_CONFIGURATION
from hmi.core.replay import Replay
from hmi.core.values import DataValue, Value, bad
from hmi.testing.accounts import FakeAccounts
from hmi.testing.alarms import FakeAlarms
from hmi.testing.comms import FakeComms
from hmi.testing.exports import FakeExports
from hmi.testing.history import FakeHistory
from hmi.testing.history_verbs import HistoryVerbs
from hmi.testing.past import FakePast
from hmi.testing.people import FakePeople
from hmi.testing.travel import FakeTravel
from hmi.testing.trust import FakeTrust
from hmi.testing.what_if import FakeWhatIf

DEVICE_S = 10.0
START_NS = 1_795_000_000 * NS_PER_S
Script = Callable[[int], Mapping[str, DataValue]]
Answer = Callable[[OperatorCommand], CommandResult]


def confirmed(command: OperatorCommand) -> CommandResult:
    """The answer of a plant that does what it is asked."""
    return CommandResult(
        command.id, command.tag_id, CommandState.CONFIRMED, "Confirmed", (), read_back=command.value
    )


def make_tag(name: str, **more: Any) -> TagInfo:
    """A tag with everything filled in; ``more`` overrides."""
    fields: dict[str, Any] = {
        "id": f"t_{name}", "name": name, "type": "float32", "description": name, "area": name.partition("/")[0],
        "unit": "", "format": "", "low": None, "high": None, "normal_low": None, "normal_high": None,
        "states": {}, "writable": False, "command_class": "", "limit_low": None, "limit_high": None,
        "instance": "", "signal": "", "period_ms": 1000, "history": True, "alarms": [],
    }  # fmt: skip
    return TagInfo(**{**fields, **more})


def make_alarm(tag: str, number: int = 1, **more: Any) -> AlarmInfo:
    """An active, unacknowledged alarm of priority 3."""
    fields: dict[str, Any] = {
        "alarm_id": f"a_{number}", "occurrence_id": f"o_{number}", "tag_id": f"t_{tag}", "tag_name": tag,
        "name": "High", "message": f"{tag} high", "priority": 3, "state": "UNACK",
        "area": tag.partition("/")[0], "value": 1.0, "limit": 0.5, "unit": "", "alarm_time": START_NS,
    }  # fmt: skip
    return AlarmInfo(**{**fields, **more})


class FakeClient(HistoryVerbs):
    """Obeys RuntimeClient. Nothing happens by itself: ``tick`` sends the next batch, ``raise_alarms`` events.

    ``answer`` decides on commands; ``submitted``, ``acknowledged`` and ``asked`` say what was asked for.
    """

    def __init__(
        self,
        listener: Listener,
        plant: PlantInfo,
        values: Mapping[str, DataValue] | None = None,
        *,
        script: Script | None = None,
        alarms: Sequence[AlarmInfo] = (),
        connections: Sequence[ConnectionInfo] = (),
        clock: Callable[[], int] = monotonic_ns,
    ) -> None:
        self.listener, self._plant = listener, plant
        self.values = dict(values or {})
        self._script = script
        self.images: dict[str, bytes] = {}
        self.alarm_book = FakeAlarms(alarms, self._tell, lambda: self.session_time)
        self.trust_book = FakeTrust(self._tell)
        self.export_book = FakeExports()
        self.comms_book = FakeComms()
        self.what_ifs = FakeWhatIf()
        self.account_book = FakeAccounts()
        self.people = FakePeople(self._tell, lambda: self.session_time)
        self.connections = list(connections)
        self.clock = clock
        self.beat, self.seq = 0, 0
        self.tags: tuple[str, ...] = ()
        self.session_time = START_NS
        self.answer: Answer = confirmed
        self.history: dict[str, list[DataValue]] = {}
        self.wanted, self._number = Subscription(()), 1
        self._past = FakePast(plant, self.values, self.history, lambda: self.session_time)
        self.archive = FakeHistory(plant, self._past, lambda: self.session_time)
        self.travel = FakeTravel()
        self._replay: Replay | None = None
        self._due = 0
        self.submitted: list[OperatorCommand] = []
        self.acknowledged: list[str] = []
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.user, self.blocked = "demo-operator", ""
        self.roles = ["view", "acknowledge", "operate", "tune"]
        self.whys: dict[tuple[str, bool], Why] = {}
        self.whys_asked: list[tuple[str, bool]] = []
        self.device_answers = threading.Event()
        self.device_answers.set()
        self.point_rows: list[PointRow] = []
        self.silent = False
        listener.on_link(True, "")
        self.alarm_book.replace_all(alarms)

    # what a test does

    def tick(self, changed: Mapping[str, DataValue] | None = None, *, age_ms: int = 0) -> None:
        """One batch: the given values, or what the script says for this number."""
        self.beat += 1
        if changed is None:
            changed = self._script(self.beat) if self._script else {}
        self.values.update(changed)
        wanted = set(self.tags)
        self.session_time += NS_PER_S // 10
        if self._replay is not None:
            self._tick_replay()
        else:
            self._send({tag: data for tag, data in changed.items() if tag in wanted}, age_ms)

    def _tick_replay(self) -> None:
        assert self._replay is not None
        self._due += int(self.wanted.rate * NS_PER_S / 10)
        to = self._due if self.wanted.rate else 2**63
        changes, more = self._replay.step(to)
        while more and not changes:
            changes, more = self._replay.step(to)
        self._send_past(changes)

    def raise_alarms(self, *rows: AlarmInfo) -> None:
        """Replace the active list and say so on the lossless lane; ``alarm_book.change`` sends a delta."""
        self.alarm_book.replace_all(rows)

    @property
    def active(self) -> dict[str, AlarmInfo]:
        """The active list by occurrence."""
        return self.alarm_book.active

    @property
    def records(self) -> list[dict[str, Any]]:
        """The journal, oldest first."""
        return self.alarm_book.records

    def take_plant(self, plant: PlantInfo) -> None:
        """Another revision, as after a reload: first told, then a snapshot of what is subscribed."""
        self._plant = plant
        self._tell("plant", {"revision": plant.revision})
        self._past = FakePast(plant, self.values, self.history, lambda: self.session_time)
        if self._replay is None:
            self.beat += 1
            self._send(self._all_values(), 0, snapshot=True)

    def _all_values(self) -> dict[str, DataValue]:
        """As a runtime answers: a name that the plant does not have is Bad."""
        known = {tag.name for tag in self._plant.tags}
        found = {t: self.values[t] for t in self.tags if t in self.values}
        return found | {t: bad(BAD_CONFIGURATION, 0) for t in self.tags if t not in known}

    def lose_link(self, text: str = "the runtime closed the connection") -> None:
        self.silent = True
        self.listener.on_link(False, text)

    def return_link(self) -> None:
        """A new connection, which begins with the full list of alarms."""
        self.silent = False
        self.listener.on_link(True, "")
        self.alarm_book.replace_all(self.active.values())

    def _send(self, values: dict[str, DataValue], age_ms: int, *, snapshot: bool = False) -> None:
        known = {tag.name: tag for tag in self._plant.tags}
        groups = {name: _group(known[name]) for name in self.tags if name in known} if snapshot else {}
        names = {_group(known[name]) for name in self.tags if name in known}
        update = self._update(list(values.items()), snapshot=snapshot)
        update.ages_ms = dict.fromkeys(names, age_ms)
        update.tag_group = groups
        update.group_limits_ms = {name: max(2000, 3 * int(name.rpartition(":")[2])) for name in names}
        self.listener.on_live(update)

    def _update(self, changes: list[tuple[str, DataValue]], *, snapshot: bool) -> LiveUpdate:
        """A batch; in the ``every`` lane with its changes one by one."""
        update = LiveUpdate(
            values=dict(changes), ages_ms={}, heartbeat=self.beat, arrived_ns=self.clock(),
            snapshot=snapshot, session_time=self.session_time,
        )  # fmt: skip
        update.revision = self._plant.revision if snapshot else ""
        if self.wanted.lane == "every":
            update.seq = self._number
            if not snapshot:
                update.changes, self._number = changes, self._number + len(changes)
        return update

    def _send_past(self, changes: list[tuple[int, DataValue]], *, snapshot: bool = False) -> None:
        """What the replay dealt out; in no live group, at its own time."""
        assert self._replay is not None
        update = self._update([(self.tags[i], value) for i, value in changes], snapshot=snapshot)
        update.ages_ms = {HISTORY_GROUP: 1}
        update.at = update.session_time = self._replay.position
        update.ended = self._replay.ended
        update.rate = 0.0 if update.ended else self.wanted.rate
        if snapshot:
            update.revision = self.travel.plant_at(update.at, self._plant).revision
            update.tag_group = dict.fromkeys(self.tags, HISTORY_GROUP)
            update.group_limits_ms = {HISTORY_GROUP: 0}
        self.listener.on_live(update)

    def _tell(self, kind: str, payload: Any) -> None:
        self.seq += 1
        self.listener.on_event(Event(self.seq, kind, payload))

    def _check(self) -> None:
        if self.silent:
            raise CommunicationError("the runtime does not answer")

    def _needs(self, role: str) -> None:
        session = self._session()
        if role not in session.roles:
            raise AccessRefused(f"{session.user} has no right to {role}")

    # RuntimeClient

    async def status(self) -> RuntimeStatus:
        self._check()
        session = self._session()
        return RuntimeStatus(
            api=1, runtime_id="r_fake", run_id="run_1", plant_id=self._plant.id, revision=self._plant.revision,
            mode=self._plant.mode, heartbeat=self.beat, session_time=self.session_time, rate=1.0,
            user=session.user, roles=session.roles, connections=self.connections, commands_blocked=self.blocked,
            points=self.point_counts(), session=session, certificates=self.trust_book.counts,
        )  # fmt: skip

    def _session(self) -> SessionInfo:
        """Who is signed in; the demo identity until a test says something else."""
        demo = SessionInfo(user=self.user, name=self.user, roles=list(self.roles), demo=True)
        return self.people.session or demo

    async def plant(self) -> PlantInfo:
        self._check()
        return self._plant

    async def plant_at(self, at: int) -> PlantInfo:
        self._check()
        return self.travel.plant_at(at, self._plant)

    async def alarms_at(self, at: int, until: int = 0) -> PastMoment:
        self._check()
        return self.travel.moment(at, until, self.session_time, self._plant)

    async def timeline(self, start: int, end: int, slots: int) -> Timeline:
        self._check()
        return self.travel.timeline(start, end, slots)

    async def subscribe(
        self,
        tags: Sequence[str],
        *,
        lane: Lane = "latest",
        at: int | None = None,
        until: int | None = None,
        rate: float = 1.0,
    ) -> None:
        self._check()
        self.wanted = Subscription(tuple(tags), lane, at, until, rate)
        self.tags = tuple(dict.fromkeys(tags))
        self.beat += 1
        self._replay, self._number = None, 1
        if at is None:
            self._send(self._all_values(), 0, snapshot=True)
        else:
            self._begin_replay(min(at, self.session_time), min(until or at, self.session_time))

    def _begin_replay(self, at: int, until: int) -> None:
        ids = {tag.name: tag.id for tag in self._plant.tags}
        self._replay, self._due = Replay(self._past, [ids.get(name, "") for name in self.tags], at, until), at
        while (found := self._replay.snapshot()) is None:
            continue
        if until == at:
            self._replay.step(at)
        unknown = [(i, bad(BAD_CONFIGURATION, 0)) for i, name in enumerate(self.tags) if name not in ids]
        self._send_past([*found, *unknown], snapshot=True)

    async def why(self, tag: str, *, quick: bool = False) -> Why:
        """What a test put into ``whys``; without ``quick`` it waits for ``device_answers``."""
        self._check()
        self.whys_asked.append((tag, quick))
        if not quick:
            await asyncio.to_thread(self.device_answers.wait, DEVICE_S)
        if (tag, quick) not in self.whys:
            raise CommunicationError(f"there is no tag {tag!r}")
        return self.whys[tag, quick]

    async def points(self, *, state: str = "", area: str = "", after: int = 0, limit: int = 0) -> PointPage:
        self._check()
        marked = {"forced", "simulated", "manual", "out_of_service"}
        found = [row for row in self.point_rows if row.state == state or (not state and row.state in marked)]
        end = after + (limit or 500)
        return PointPage(self.session_time, self.point_counts(), len(found), found[after:end],
                         end if end < len(found) else 0)  # fmt: skip

    def point_counts(self) -> dict[str, int]:
        return dict(Counter(row.state for row in self.point_rows if row.state not in {"bad", "stale"}))

    def set_points(self, rows: Sequence[PointRow]) -> None:
        """Other points are forced from now on; the station is told."""
        self.point_rows = list(rows)
        self._tell("points", self.point_counts())

    async def alarms(self, *, state: str = "active") -> list[AlarmInfo]:
        self._check()
        if state not in ALARM_LISTS:
            raise CommunicationError(f"there is no list {state!r}")
        return self.alarm_book.listed(state)

    async def alarm(self, alarm_id: str) -> AlarmDetails:
        self._check()
        found = self.alarm_book.about(alarm_id)
        if found is None:
            raise CommunicationError(f"there is no alarm {alarm_id!r}")
        return found

    async def act_on_alarms(
        self,
        act: str,
        alarm_ids: Sequence[str],
        *,
        seconds: float = 0,
        one_shot: bool = False,
        reason: str = "",
        comment: str = "",
    ) -> list[str]:
        self._check()
        given = {"seconds": seconds, "one_shot": one_shot, "reason": reason, "comment": comment}
        return self.alarm_book.act(act, alarm_ids, given, self.user)

    async def silence(self, area: str = "") -> None:
        self._check()
        self.alarm_book.silenced.append(area)
        said = {"area": area, "user": self.user, "station": "local", "time": self.session_time}
        self._tell("silence", said)

    async def alarm_figures(self, *, start: int = 0, end: int = 0, area: str = "") -> dict[str, Any]:
        self._check()
        return self.alarm_book.figures

    async def what_if(self, query: WhatIfQuery) -> WhatIfAnswer:
        self._check()
        return self.what_ifs.answer(query, self.session_time)

    async def alarm_settings(self, alarm_id: str) -> AlarmSettings:
        self._check()
        return self.what_ifs.of(alarm_id)

    async def change_alarm(self, edit: AlarmEdit) -> ReloadResult:
        self._check()
        return self.what_ifs.change(edit)

    async def search_journal(self, query: JournalQuery) -> JournalPage:
        self._check()
        return self.alarm_book.search(query)

    async def note(self, object_id: str, text: str) -> None:
        self._check()
        self.alarm_book.notes.append((object_id, text))
        self.alarm_book.record("note", "note", object_id, self.user, {"text": text})

    async def handover(self, since: int = 0) -> Handover:
        self._check()
        return self.alarm_book.handover(since)

    async def acknowledge(self, occurrence_ids: Sequence[str], comment: str = "") -> list[str]:
        self._check()
        known = {key: row for key in occurrence_ids if (row := self.active.get(key)) is not None}
        self.acknowledged += known
        self.alarm_book.change([msgspec.structs.replace(row, state="ACKED") for row in known.values()])
        return [f"The alarm {key} is not active any more." for key in occurrence_ids if key not in known]

    async def submit(self, command: OperatorCommand) -> CommandResult:
        self._check()
        self.submitted.append(command)
        result = self.answer(command)
        payload = {"tag_id": command.tag_id, "new": command.value, "state": result.state.value}
        self.alarm_book.record("audit", f"command.{result.state.value}", command.tag_id, self.user, payload)
        return result

    async def select(self, tag_id: str, value: Value, heartbeat: int) -> Selection:
        self._check()
        return self.people.select(tag_id, value)

    async def deselect(self, selection_id: str) -> None:
        self._check()
        self.people.deselect(selection_id)

    async def holds(self) -> Holds:
        self._check()
        return self.people.holds

    async def hold(self, request: HoldRequest) -> CommandResult:
        self._check()
        return self.people.hold(request, self._session().user)

    async def sign_in(self, user: str, password: str, new_password: str = "") -> SignIn:
        self._check()
        return self.people.sign_in(user, password, new_password)

    async def sign_out(self) -> None:
        self._check()
        self.people.sign_out()

    async def lock(self) -> None:
        self._check()
        self.people.lock(True)

    async def unlock(self, password: str) -> SignIn:
        self._check()
        return self.people.unlock(password)

    async def elevate(self, user: str, password: str, seconds: float) -> SignIn:
        self._check()
        return self.people.elevate(user, password, seconds)

    async def touch(self) -> None:
        self._check()
        self.people.asked.append("touch")

    async def session(self) -> SessionInfo:
        self._check()
        return self._session()

    async def sign(
        self, user: str, password: str, meaning: str, *, command_id: str, object_id: str, value: Value
    ) -> str:
        self._check()
        what = {"meaning": meaning, "command_id": command_id, "object_id": object_id, "value": value}
        return self.people.sign(user, password, **what)

    async def accounts(self) -> list[AccountInfo]:
        self._check()
        self._needs("security")
        return self.account_book.all()

    async def act_on_account(
        self,
        act: str,
        user: str,
        *,
        name: str = "",
        password: str = "",
        roles: Sequence[str] = (),
        area: str = "",
    ) -> AccountAnswer:
        self._check()
        self._needs("security")
        return self.account_book.act(act, user, name, password, roles, area)

    async def certificates(self) -> Certificates:
        self._check()
        return self.trust_book.found

    async def trust(self, act: str, fingerprint: str, reason: str) -> TrustAnswer:
        self._check()
        self._needs("security")
        return self.trust_book.act(act, fingerprint, reason)

    async def comms(self) -> Comms:
        self._check()
        return self.comms_book.all()

    async def comms_of(self, connection: str) -> LineDetail:
        self._check()
        return self.comms_book.of(connection)

    async def frames(self, connection: str, *, after: int = 0, raw: bool = False) -> Frames:
        self._check()
        self._needs("engineer")
        return self.comms_book.frames(connection, after, raw=raw)

    async def log_frames(self, connection: str, seconds: float, reason: str = "") -> FrameAnswer:
        self._check()
        self._needs("engineer")
        return self.comms_book.log(connection, seconds)

    async def read_point(self, tag: str) -> PointTest:
        self._check()
        return self.comms_book.read(tag)

    async def exports(self) -> Exports:
        self._check()
        return self.export_book.found

    async def quarantine(self, job: str) -> list[QuarantinedRow]:
        self._check()
        return self.export_book.rows_of(job)

    async def ask_export(
        self, act: str, job: str, reason: str, *, start: int = 0, end: int = 0
    ) -> ExportAnswer:
        self._check()
        self._needs("engineer")
        return self.export_book.ask(act, job, reason, (start, end))

    async def journal(
        self, *, after: int = 0, kind: str = "", limit: int = 200, object_id: str = ""
    ) -> list[dict[str, Any]]:
        self._check()
        found = [
            record
            for record in self.records
            if record["seq"] > after
            and kind in {"", record["kind"]}
            and object_id in {"", record.get("object_id")}
        ]
        return found[:limit] if after >= 0 else found[-limit:]

    async def image(self, name: str, known: str = "") -> ImageFile:
        self._check()
        content = self.images.get(name)
        if content is None:
            return ImageFile(problem=f"there is no picture images/{name}")
        digest = hashlib.sha256(content).hexdigest()
        return ImageFile(digest, b"" if digest == known else content)

    async def reload(self) -> ReloadResult:
        self._check()
        return ReloadResult(self._plant.revision)

    async def simulator(self, verb: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        self._check()
        self.asked.append((verb, dict(arguments)))
        available = [
            {"id": "p101a_trip", "title": "Raw-water pump P-101A trips", "target": "intake/p101a"},
            {"id": "at402_frozen", "title": "Chlorine analyser frozen", "target": "clearwell/at402"},
        ]
        return {"ok": True, "sim_time_ns": self.session_time, "rate": 1.0, "frozen": verb == "freeze",
                "malfunctions": [], "available": available, "snapshots": []}  # fmt: skip

    async def close(self) -> None:
        self.silent = True


def _group(tag: TagInfo) -> str:
    return f"{tag.connection or 'plc'}:{tag.period_ms}"


def later(data: DataValue, seconds: float) -> DataValue:
    """The same value, measured later."""
    shift = int(seconds * NS_PER_S)
    return DataValue(data.value, data.status, data.source_time + shift, data.receive_time + shift)
