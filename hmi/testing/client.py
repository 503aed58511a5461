"""FakeClient: a runtime that is not there; deterministic values, alarms, history and answers for tests."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from hmi.client.port import (
    AlarmInfo,
    ConnectionInfo,
    Event,
    Listener,
    LiveUpdate,
    PlantInfo,
    RuntimeStatus,
    TagInfo,
)
from hmi.core.clock import NS_PER_S, monotonic_ns
from hmi.core.commands import CommandResult, CommandState, OperatorCommand
from hmi.core.errors import CommunicationError
from hmi.core.history import HistoryPage, ReadRaw
from hmi.core.quality import GOOD
from hmi.core.values import DataValue

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


class FakeClient:
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
        self.active = {row.occurrence_id: row for row in alarms}
        self.connections = list(connections)
        self.clock = clock
        self.beat, self.seq = 0, 0
        self.tags: tuple[str, ...] = ()
        self.session_time = START_NS
        self.answer: Answer = confirmed
        self.history: dict[str, list[DataValue]] = {}
        self.submitted: list[OperatorCommand] = []
        self.acknowledged: list[str] = []
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.records: list[dict[str, Any]] = []
        self.user, self.blocked = "demo-operator", ""
        self.roles = ["view", "acknowledge", "operate", "tune"]
        self.silent = False
        listener.on_link(True, "")

    # what a test does

    def tick(self, changed: Mapping[str, DataValue] | None = None, *, age_ms: int = 0) -> None:
        """One batch: the given values, or what the script says for this number."""
        self.beat += 1
        if changed is None:
            changed = self._script(self.beat) if self._script else {}
        self.values.update(changed)
        wanted = set(self.tags)
        self.session_time += NS_PER_S // 10
        self._send({tag: data for tag, data in changed.items() if tag in wanted}, age_ms)

    def raise_alarms(self, *rows: AlarmInfo) -> None:
        """Replace the active list and say so on the lossless lane."""
        self.active = {row.occurrence_id: row for row in rows}
        self._tell("alarms", list(rows))

    def lose_link(self, text: str = "the runtime closed the connection") -> None:
        self.silent = True
        self.listener.on_link(False, text)

    def _send(self, values: dict[str, DataValue], age_ms: int, *, snapshot: bool = False) -> None:
        known = {tag.name: tag for tag in self._plant.tags}
        groups = {name: _group(known[name]) for name in self.tags if name in known} if snapshot else {}
        names = {_group(known[name]) for name in self.tags if name in known}
        self.listener.on_live(
            LiveUpdate(
                values=values,
                ages_ms=dict.fromkeys(names, age_ms),
                heartbeat=self.beat,
                arrived_ns=self.clock(),
                snapshot=snapshot,
                tag_group=groups,
                group_limits_ms={name: max(2000, 3 * int(name.rpartition(":")[2])) for name in names},
                session_time=self.session_time,
            )
        )

    def _tell(self, kind: str, payload: Any) -> None:
        self.seq += 1
        self.listener.on_event(Event(self.seq, kind, payload))

    def _check(self) -> None:
        if self.silent:
            raise CommunicationError("the runtime does not answer")

    # RuntimeClient

    async def status(self) -> RuntimeStatus:
        self._check()
        return RuntimeStatus(
            api=1, runtime_id="r_fake", run_id="run_1", plant_id=self._plant.id, revision=self._plant.revision,
            mode=self._plant.mode, heartbeat=self.beat, session_time=self.session_time, rate=1.0,
            user=self.user, roles=self.roles, connections=self.connections, commands_blocked=self.blocked,
        )  # fmt: skip

    async def plant(self) -> PlantInfo:
        self._check()
        return self._plant

    async def subscribe(self, tags: Sequence[str]) -> None:
        self._check()
        self.tags = tuple(tags)
        self.beat += 1
        self._send({t: self.values[t] for t in self.tags if t in self.values}, 0, snapshot=True)

    async def read_raw(self, request: ReadRaw) -> HistoryPage:
        self._check()
        name = next((tag.name for tag in self._plant.tags if tag.id == request.tag_id), "")
        samples = self.history.get(name)
        if samples is None:
            samples = wave(self.values.get(name), request.start, request.end, seed=sum(map(ord, name)))
        chosen = [one for one in samples if request.start <= one.source_time <= request.end]
        return HistoryPage(request.tag_id, tuple(chosen))

    async def alarms(self) -> list[AlarmInfo]:
        self._check()
        return list(self.active.values())

    async def acknowledge(self, occurrence_ids: Sequence[str], comment: str = "") -> list[str]:
        self._check()
        problems: list[str] = []
        for occurrence in occurrence_ids:
            row = self.active.get(occurrence)
            if row is None:
                problems.append(f"The alarm {occurrence} is not active any more.")
                continue
            self.acknowledged.append(occurrence)
            self.active[occurrence] = msgspec.structs.replace(row, state="ACKED")
        self._tell("alarms", list(self.active.values()))
        return problems

    async def submit(self, command: OperatorCommand) -> CommandResult:
        self._check()
        self.submitted.append(command)
        result = self.answer(command)
        payload = {"tag_id": command.tag_id, "new": command.value, "state": result.state.value}
        self.records.append(
            {"seq": len(self.records) + 1, "kind": "audit", "actor": self.user,
             "event": f"command.{result.state.value}",
             "object_id": command.tag_id, "event_time": self.session_time, "payload": payload}
        )  # fmt: skip
        return result

    async def journal(
        self, *, after: int = 0, kind: str = "", limit: int = 200, object_id: str = ""
    ) -> list[dict[str, Any]]:
        self._check()
        found = [r for r in self.records if r["seq"] > after and kind in {"", r["kind"]}]
        if after >= 0:
            return found[:limit]
        return [r for r in found if object_id in {"", r["object_id"]}][-limit:]

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


def wave(last: DataValue | None, start: int, end: int, *, seed: int = 0, step_s: int = 5) -> list[DataValue]:
    """A wandering past that ends at the present value; the same each time."""
    if last is None or isinstance(last.value, bool) or not isinstance(last.value, int | float):
        return []
    points: list[DataValue] = []
    step = step_s * NS_PER_S
    for at in range(start - start % step, end, step):
        left = (end - at) / NS_PER_S
        swing = math.sin(left / 700 + seed) + 0.4 * math.sin(left / 97 + seed) + 0.15 * math.sin(left * 1.7)
        rest = math.sin(seed) + 0.4 * math.sin(seed)
        points.append(DataValue(float(last.value) * (1 + 0.02 * (swing - rest)), GOOD, at, at))
    return points


def later(data: DataValue, seconds: float) -> DataValue:
    """The same value, measured later."""
    shift = int(seconds * NS_PER_S)
    return DataValue(data.value, data.status, data.source_time + shift, data.receive_time + shift)
