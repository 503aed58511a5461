"""The waterworks simulation: plant, instruments, final elements and PLCs behind step, snapshot and restore."""

from __future__ import annotations

import copy
from typing import Any

from simulators.kit.instruments import Instruments
from simulators.kit.malfunctions import MalfunctionBoard
from simulators.kit.points import Point
from simulators.kit.state import State, digest
from simulators.waterworks.equipment import CATALOGUE, DRIVES, VALVE_SET, initial_state
from simulators.waterworks.hydraulics import WARNINGS, Network
from simulators.waterworks.plc import SCANS, copy_inputs
from simulators.waterworks.points import TRANSMITTERS, points
from simulators.waterworks.process import Process, initial_truth

NAME = "waterworks"
TITLE = "Northfield waterworks: river intake, treatment, high lift, two reservoirs, three pressure zones"
DT = 0.5
SOLVE_EVERY = 2
SETTLE_S = 120.0
FORMAT = 1
PORTS = {"plc1": 15020, "rtu": 15021, "opc": 48410}


class Waterworks:
    """One plant. ``dt`` is fixed; speed is more steps, never longer ones."""

    name = NAME
    dt = DT
    frozen_points = ("site/plc1.frozen", "site/opc.frozen")
    session_point = "site/opc.session"
    connections = ("plc1", "rtu", "opc")
    opcua_connections = ("opc",)

    def __init__(self, *, seed: int = 1, start_ns: int = 0) -> None:
        self._network = Network()
        self._process = Process(self._network)
        self._instruments = Instruments(TRANSMITTERS)
        self.board = MalfunctionBoard(CATALOGUE)
        self.state: State = initial_state(seed, start_ns) | initial_truth()
        self._settle(start_ns)

    @property
    def points(self) -> tuple[Point, ...]:
        """What the servers show."""
        return points()

    @property
    def time_ns(self) -> int:
        """Simulated UTC in ns."""
        return int(self.state["start_ns"]) + int(self.state["t"] * 1e9)

    def step(self, dt: float = DT) -> None:
        """Advance by ``dt`` seconds, a multiple of the fixed step."""
        for _ in range(max(1, round(dt / DT))):
            self._step()

    def _step(self) -> None:
        state, board = self.state, self.board
        if state["malfunctions"] or board.levels:
            board.refresh(state)
        for drive in DRIVES.values():
            drive.field_step(state, DT, board)
        for valve in VALVE_SET.values():
            valve.field_step(state, DT, board)
        if state["steps"] % SOLVE_EVERY == 0:
            self._process.solve(state, board)
        self._process.step(state, DT, board)
        self._instruments.step(state, DT, board)
        for plc, scan in SCANS.items():
            if not (board.levels and board.level("plc_stopped", plc) > 0):
                scan(state, DT)
        state["steps"] += 1
        state["t"] = round(state["t"] + DT, 3)

    def _settle(self, start_ns: int) -> None:
        """Let loops and lags find their place, keep the clock at the start."""
        self._process.solve(self.state, self.board)
        self._process.step(self.state, DT, self.board)
        self._instruments.initial(self.state)
        for plc in SCANS:
            copy_inputs(self.state, plc)
        self.step(SETTLE_S)
        self.state |= {"t": 0.0, "steps": 0, "start_ns": start_ns}

    @property
    def warning(self) -> str:
        """What the solver complains about now; empty when nothing."""
        return WARNINGS[self.state["warning"]]

    def link_lost(self, connection: str) -> bool:
        """Is the link of this connection cut by a malfunction?"""
        return self.board.level("link_lost", connection) > 0

    def write(self, name: str, value: Any) -> None:
        """A client wrote to PLC memory."""
        self.state[name] = value

    def snapshot(self) -> dict[str, Any]:
        """Everything, as JSON; ``hash`` proves it."""
        state = copy.deepcopy(self.state)
        return {"simulator": NAME, "format": FORMAT, "state": state, "hash": digest(state)}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Become the plant of a snapshot. Raises ValueError with one sentence."""
        if snapshot.get("simulator") != NAME or snapshot.get("format") != FORMAT:
            raise ValueError(f"this snapshot is not one of {NAME} in format {FORMAT}")
        if digest(snapshot["state"]) != snapshot["hash"]:
            raise ValueError("the snapshot does not match its hash; it was changed or cut")
        session = self.state["session"]
        self.state = copy.deepcopy(snapshot["state"])
        self.state["session"] = session
        self.board.refresh(self.state)

    def hash(self) -> str:
        """Digest of the present state."""
        return digest(self.state)

    def close(self) -> None:
        """Give the solver back."""
        self._network.close()


def build(*, seed: int = 1, start_ns: int = 0) -> Waterworks:
    """The entry that every simulator folder offers."""
    return Waterworks(seed=seed, start_ns=start_ns)
