"""Motor drives: contactor, speed ramp and trip in the field; start, stop, modes and interlock in the PLC."""

from __future__ import annotations

from dataclasses import dataclass, field

from simulators.kit.malfunctions import MalfunctionBoard
from simulators.kit.state import State, toward

OVERLOAD, LOW_LEVEL, START_FAILURE, LOW_PRESSURE = 1, 2, 3, 4
STOPPED, STARTING, RUNNING, STOPPING, TRIPPED, STANDBY, OUT_OF_SERVICE = range(7)
START_FAILURE_S = 15.0


@dataclass(slots=True)
class Drive:
    """One motor. ``signals`` are the names its PLC shows; ``ramp`` is % per second; ``minimum`` speed when on."""

    name: str
    signals: frozenset[str]
    ramp: float = 12.5
    minimum: float = 30.0
    key: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.key = {s: f"{self.name}.{s}" for s in self.signals}

    def initial(self, *, running: bool, auto: bool = True, speed: float = 0.0, oos: bool = False) -> State:
        """State entries of this drive at the start."""
        n = self.name
        values: dict[str, float | int | bool] = {
            "running": running, "ready": not oos, "fault": False, "remote": True, "auto": auto, "interlock": False,
            "speed": speed if running else 0.0, "power": 0.0, "hours": 0.0, "starts": 0, "trip_code": 0,
            "state": RUNNING if running else OUT_OF_SERVICE if oos else STANDBY if auto else STOPPED,
            "start": False, "stop": False, "reset": False, "auto_cmd": auto, "oos": oos, "speed_sp": speed,
        }  # fmt: skip
        state: State = {self.key[s]: v for s, v in values.items() if s in self.signals}
        state |= {f"a.{n}.speed": speed if running else 0.0, f"a.{n}.trip": 0, f"a.{n}.power": 0.0}
        state |= {f"p.{n}.run": running, f"p.{n}.ref": speed, f"p.{n}.req": running, f"p.{n}.t": 0.0}
        return state | {f"p.{n}.hours": 0.0, f"p.{n}.starts": 0}

    def field_step(self, state: State, dt: float, board: MalfunctionBoard) -> None:
        """The motor itself: trips latch, speed ramps toward the reference while the contactor is in."""
        n = self.name
        if board.levels and state[f"p.{n}.run"]:
            if board.level("pump_trip", n) > 0:
                state[f"a.{n}.trip"] = OVERLOAD
            elif board.level("start_failure", n) > 0 and state[f"a.{n}.speed"] < 1.0:
                return
        on = state[f"p.{n}.run"] and state[f"a.{n}.trip"] == 0
        target = state[f"p.{n}.ref"] if on else 0.0
        state[f"a.{n}.speed"] = toward(state[f"a.{n}.speed"], target, self.ramp * dt)

    def ready(self, state: State) -> bool:
        """May the sequence count on it?"""
        n = self.name
        return bool(state[f"{n}.auto"]) and state[f"a.{n}.trip"] == 0 and not state.get(f"{n}.oos", False)

    def scan(self, state: State, dt: float, *, request: bool, ref: float, interlock: int = 0) -> None:
        """One PLC scan: ``request`` and ``ref`` count in automatic, ``interlock`` (a trip code) always."""
        n = self.name
        self._commands(state, interlock)
        oos = state.get(f"{n}.oos", False)
        auto = state[f"{n}.auto_cmd"] and state[f"{n}.remote"]
        tripped = state[f"a.{n}.trip"] != 0
        wanted = request if auto else state[f"p.{n}.req"]
        run = bool(wanted and not tripped and not oos and not interlock)
        if run and not state[f"p.{n}.run"]:
            state[f"p.{n}.starts"] += 1
        if auto:
            state[f"p.{n}.req"] = run
        state[f"p.{n}.run"] = run
        manual = state.get(f"{n}.speed_sp", 100.0)
        state[f"p.{n}.ref"] = max(self.minimum, ref if auto else manual) if run else 0.0
        self._supervise(state, dt, run)
        self._show(state, dt, auto=auto, interlock=interlock, oos=oos)

    def _commands(self, state: State, interlock: int) -> None:
        n = self.name
        if state[f"{n}.start"]:
            if not state[f"{n}.auto_cmd"] and not interlock:
                state[f"p.{n}.req"] = True
            state[f"{n}.start"] = False
        if state[f"{n}.stop"]:
            state[f"p.{n}.req"] = False
            state[f"{n}.auto_cmd"] = False
            state[f"{n}.stop"] = False
        if state[f"{n}.reset"]:
            state[f"a.{n}.trip"] = 0
            state[f"{n}.reset"] = False

    def _supervise(self, state: State, dt: float, run: bool) -> None:
        """Contactor in but nothing turns: start failure."""
        n = self.name
        waiting = run and state[f"a.{n}.speed"] < 1.0
        state[f"p.{n}.t"] = state[f"p.{n}.t"] + dt if waiting else 0.0
        if state[f"p.{n}.t"] > START_FAILURE_S:
            state[f"a.{n}.trip"] = START_FAILURE

    def _show(self, state: State, dt: float, *, auto: bool, interlock: int, oos: bool) -> None:
        n = self.name
        speed, run, trip = state[f"a.{n}.speed"], state[f"p.{n}.run"], state[f"a.{n}.trip"]
        running = run and speed > 1.0
        if running:
            state[f"p.{n}.hours"] += dt / 3600.0
        values = {
            "running": running, "fault": trip != 0, "auto": auto, "interlock": interlock != 0, "speed": round(speed, 1),
            "ready": trip == 0 and not oos and not interlock, "state": self._state(state, auto=auto, oos=oos),
            "power": round(state[f"a.{n}.power"], 1), "hours": round(state[f"p.{n}.hours"], 2),
            "starts": state[f"p.{n}.starts"], "trip_code": trip or interlock,
        }  # fmt: skip
        for signal, value in values.items():
            if signal in self.key:
                state[self.key[signal]] = value

    def _state(self, state: State, *, auto: bool, oos: bool) -> int:
        n = self.name
        speed, run = state[f"a.{n}.speed"], state[f"p.{n}.run"]
        if state[f"a.{n}.trip"]:
            return TRIPPED
        if oos:
            return OUT_OF_SERVICE
        if run:
            return RUNNING if speed >= min(self.minimum, state[f"p.{n}.ref"]) - 1.0 else STARTING
        if speed > 1.0:
            return STOPPING
        return STANDBY if auto else STOPPED
