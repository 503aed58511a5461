"""Engine: runs one simulation in real time or faster, serves it, and obeys the instructor."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import time
from collections import OrderedDict
from typing import Any, Protocol

from simulators._instructor import InstructorServer
from simulators._modbus import ModbusEndpoint, PortTaken
from simulators._opcua import OpcuaEndpoint
from simulators._ports import free_port
from simulators.kit.malfunctions import MalfunctionBoard
from simulators.kit.points import Point

log = logging.getLogger(__name__)
VERSION = "1.0"
MAX_RATE = 60.0
MAX_SNAPSHOTS = 40
MAX_STEP_S = 86400.0
LATE_S = 10.0
SHUTDOWN_S = 0.1


class Simulation(Protocol):
    """What a simulator folder builds."""

    name: str
    dt: float
    state: dict[str, Any]
    board: MalfunctionBoard
    frozen_points: tuple[str, ...]
    session_point: str
    connections: tuple[str, ...]
    opcua_connections: tuple[str, ...]

    @property
    def points(self) -> tuple[Point, ...]: ...
    @property
    def time_ns(self) -> int: ...
    @property
    def warning(self) -> str: ...
    def step(self, dt: float = ...) -> None: ...
    def snapshot(self) -> dict[str, Any]: ...
    def restore(self, snapshot: dict[str, Any]) -> None: ...
    def write(self, name: str, value: Any) -> None: ...
    def link_lost(self, connection: str) -> bool: ...
    def close(self) -> None: ...


class Engine:
    """One running simulator with its servers."""

    def __init__(self, simulation: Simulation, *, rate: float = 1.0) -> None:
        self.sim = simulation
        self.rate = rate
        self.frozen = False
        self.session = secrets.token_hex(16)
        self._version = 0
        self._owed = 0.0
        self._stop = asyncio.Event()
        self._unmended: set[str] = set()
        self._snapshots: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._endpoints: dict[str, ModbusEndpoint | OpcuaEndpoint] = {}
        self._instructor = InstructorServer(self._handle)
        simulation.state[simulation.session_point] = self.session
        for name in simulation.connections:
            self._endpoints[name] = self._endpoint(name)

    def _endpoint(self, name: str) -> ModbusEndpoint | OpcuaEndpoint:
        points = [p for p in self.sim.points if p.plc == name]
        hooks: dict[str, Any] = {
            "state": lambda: self.sim.state, "write": self._write, "version": lambda: self._version
        }  # fmt: skip
        if name in self.sim.opcua_connections:
            return OpcuaEndpoint(name, points, **hooks)
        return ModbusEndpoint(name, points, gateway=len({p.device for p in points}) > 1, **hooks)

    def _write(self, name: str, value: Any) -> None:
        self.sim.write(name, value)
        self._version += 1

    async def start(self, ports: dict[str, int], *, instructor: str = "") -> None:
        """Open every listener; PortTaken when one is in use."""
        for name, endpoint in self._endpoints.items():
            await endpoint.start(
                ports.get(name) or free_port(), product=self.sim.name, session=self.session, version=VERSION
            )
        await self._instructor.start(instructor)

    def ready(self) -> dict[str, Any]:
        """The ready file."""
        return {
            "schema": "endpoints/1", "simulator": self.sim.name, "session": self.session, "pid": os.getpid(),
            "connections": {name: [e.url] for name, e in self._endpoints.items()},
            "instructor": self._instructor.address,
        }  # fmt: skip

    async def run(self, stop: asyncio.Event) -> None:
        """Tick until ``stop``; lateness up to ``LATE_S`` is caught up, more is dropped."""
        dt, self._stop = self.sim.dt, stop
        next_tick = time.monotonic()
        while not stop.is_set():
            next_tick += dt
            now = time.monotonic()
            if now - next_tick > LATE_S:
                next_tick = now
            await self._pause(stop, max(0.0, next_tick - now))
            if not self.frozen:
                self._owed += self.rate
                await self._advance(stop)
            await self._after_step()

    @staticmethod
    async def _pause(stop: asyncio.Event, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await stop.wait()

    async def _advance(self, stop: asyncio.Event) -> None:
        """Do the owed steps in slices, so that the servers answer in between."""
        began = time.monotonic()
        while self._owed >= 1.0 and not stop.is_set():
            self.sim.step()
            self._owed -= 1.0
            if time.monotonic() - began > 0.02:
                await asyncio.sleep(0)
                began = time.monotonic()

    async def publish(self) -> None:
        """Show the present state to every client: register images age, changed nodes are written."""
        await self._after_step()

    async def _after_step(self) -> None:
        for point in self.sim.frozen_points:
            self.sim.state[point] = self.frozen
        self._version += 1
        for name, endpoint in self._endpoints.items():
            lost = self.sim.link_lost(name)
            if lost and endpoint.running:
                log.info("malfunction: link of %s cut", name)
                await endpoint.cut()
            elif not lost and not endpoint.running:
                await self._mend(name, endpoint)
            if isinstance(endpoint, OpcuaEndpoint):
                await endpoint.publish(self.sim.time_ns)

    async def _mend(self, name: str, endpoint: ModbusEndpoint | OpcuaEndpoint) -> None:
        """A port taken meanwhile is tried again at every tick and told once."""
        try:
            await endpoint.mend()
        except (PortTaken, OSError) as error:
            if name not in self._unmended:
                log.warning("link of %s cannot come back yet: %s", name, error)
            self._unmended.add(name)
            return
        self._unmended.discard(name)
        log.info("malfunction cleared: link of %s back", name)

    async def close(self) -> None:
        """Stop every listener and give the plant back."""
        await self._instructor.stop()
        for endpoint in self._endpoints.values():
            await endpoint.stop()
        self.sim.close()

    # instructor -----------------------------------------------------------------------------------------

    async def _handle(self, message: dict[str, Any]) -> dict[str, Any]:
        verb = message.get("verb")
        verbs = {
            "status": self._status, "freeze": self._freeze, "run": self._run, "step": self._step,
            "speed": self._speed, "malfunction": self._malfunction, "snapshot": self._snapshot,
            "restore": self._restore,
            "shutdown": self._shutdown,
        }  # fmt: skip
        if verb not in verbs:
            raise ValueError(f"verb {verb!r} is not known; use one of {', '.join(verbs)}")
        return await verbs[verb](message)

    async def _shutdown(self, message: dict[str, Any]) -> dict[str, Any]:
        asyncio.get_running_loop().call_later(SHUTDOWN_S, self._stop.set)  # the answer goes out first
        return {}

    async def _status(self, message: dict[str, Any]) -> dict[str, Any]:
        return {
            "simulator": self.sim.name, "session": self.session, "sim_time_ns": self.sim.time_ns,
            "sim_seconds": self.sim.state["t"], "rate": self.rate, "frozen": self.frozen,
            "malfunctions": self.sim.board.active(self.sim.state), "available": self.sim.board.available(),
            "snapshots": list(self._snapshots), "warning": self.sim.warning,
        }  # fmt: skip

    async def _freeze(self, message: dict[str, Any]) -> dict[str, Any]:
        self.frozen = True
        await self._after_step()
        return {"frozen": True}

    async def _run(self, message: dict[str, Any]) -> dict[str, Any]:
        self.frozen = False
        self._owed = 0.0
        await self._after_step()
        return {"frozen": False}

    async def _step(self, message: dict[str, Any]) -> dict[str, Any]:
        seconds = _number(message, "seconds", self.sim.dt)
        if not 0 < seconds <= MAX_STEP_S:
            raise ValueError(f"seconds must lie between 0 and {MAX_STEP_S:g}")
        if not self.frozen:
            raise ValueError("step needs a frozen simulation; send freeze first")
        for index in range(max(1, round(seconds / self.sim.dt))):
            self.sim.step()
            if index % 40 == 39:
                await asyncio.sleep(0)
        await self._after_step()
        return {"sim_time_ns": self.sim.time_ns}

    async def _speed(self, message: dict[str, Any]) -> dict[str, Any]:
        rate = _number(message, "rate", 1.0)
        if not 0.1 <= rate <= MAX_RATE:
            raise ValueError(f"rate must lie between 0.1 and {MAX_RATE:g}")
        self.rate = rate
        return {"rate": rate}

    async def _malfunction(self, message: dict[str, Any]) -> dict[str, Any]:
        id, action = str(message.get("id", "")), message.get("action", "set")
        if action == "set":
            self.sim.board.set(
                self.sim.state, id, severity=_number(message, "severity", 1.0),
                ramp_s=_number(message, "ramp_s", 0.0), delay_s=_number(message, "delay_s", 0.0),
            )  # fmt: skip
        elif action == "clear":
            self.sim.board.clear(self.sim.state, id)
        else:
            raise ValueError(f"action {action!r} must be set or clear")
        self.sim.board.refresh(self.sim.state)
        return {"malfunctions": self.sim.board.active(self.sim.state)}

    async def _snapshot(self, message: dict[str, Any]) -> dict[str, Any]:
        name = str(message.get("name") or f"snapshot-{len(self._snapshots) + 1}")
        if len(name) > 80:
            raise ValueError("a snapshot name has at most 80 characters")
        self._snapshots[name] = snapshot = self.sim.snapshot()
        self._snapshots.move_to_end(name)
        while len(self._snapshots) > MAX_SNAPSHOTS:
            self._snapshots.popitem(last=False)
        return {"name": name, "hash": snapshot["hash"], "sim_time_ns": self.sim.time_ns}

    async def _restore(self, message: dict[str, Any]) -> dict[str, Any]:
        name = str(message.get("name", ""))
        if name not in self._snapshots:
            raise ValueError(
                f"there is no snapshot {name!r}; there are {', '.join(self._snapshots) or 'none'}"
            )
        self.sim.restore(self._snapshots[name])
        self._owed = 0.0
        await self._after_step()
        return {"name": name, "sim_time_ns": self.sim.time_ns}


def _number(message: dict[str, Any], key: str, default: float) -> float:
    value = message.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise ValueError(f"{key} must be a number, not {value!r}")
    return float(value)
