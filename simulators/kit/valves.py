"""Motor valves: travel time and sticking in the field; open, close and position commands in the PLC."""

from __future__ import annotations

from dataclasses import dataclass

from simulators.kit.malfunctions import MalfunctionBoard
from simulators.kit.state import State, toward

CLOSED, OPEN, TRAVELLING, FAULT, INTERMEDIATE = range(5)


@dataclass(slots=True)
class Valve:
    """One valve; ``travel`` seconds for a full stroke; ``positioner`` valves take a position set point."""

    name: str
    travel: float = 20.0
    positioner: bool = False

    def initial(self, position: float) -> State:
        """State entries of this valve at the start."""
        n = self.name
        values: State = {
            "opened": position > 99, "closed": position < 1, "fault": False, "remote": True, "auto": True,
            "position": position, "state": OPEN if position > 99 else CLOSED if position < 1 else INTERMEDIATE,
            "auto_cmd": True, "open": False, "close": False,
        }  # fmt: skip
        state: State = {f"{n}.{s}": v for s, v in values.items()}
        if self.positioner:
            state[f"{n}.position_sp"] = position
        return state | {f"a.{n}.pos": position, f"p.{n}.cmd": position, f"p.{n}.t": 0.0}

    def field_step(self, state: State, dt: float, board: MalfunctionBoard) -> None:
        """The actuator moves unless it sticks."""
        n = self.name
        if board.levels and board.level("valve_stuck", n) > 0:
            return
        key = f"a.{n}.pos"
        state[key] = toward(state[key], state[f"p.{n}.cmd"], 100.0 * dt / self.travel)

    def scan(self, state: State, dt: float, *, request: float) -> None:
        """One PLC scan; ``request`` (%) counts in automatic."""
        n = self.name
        if state[f"{n}.open"] or state[f"{n}.close"]:
            self._pulse(state)
        auto = bool(state[f"{n}.auto_cmd"] and state[f"{n}.remote"])
        if auto:
            state[f"p.{n}.cmd"] = request
            if self.positioner:
                state[f"{n}.position_sp"] = round(request, 1)
        elif self.positioner:
            state[f"p.{n}.cmd"] = min(100.0, max(0.0, state[f"{n}.position_sp"]))
        self._show(state, dt, auto=auto)

    def _pulse(self, state: State) -> None:
        n = self.name
        if not state[f"{n}.auto_cmd"]:
            target = 100.0 if state[f"{n}.open"] else 0.0
            state[f"p.{n}.cmd"] = target
            if self.positioner:
                state[f"{n}.position_sp"] = target
        state[f"{n}.open"] = state[f"{n}.close"] = False

    def _show(self, state: State, dt: float, *, auto: bool) -> None:
        n = self.name
        position, command = state[f"a.{n}.pos"], state[f"p.{n}.cmd"]
        moving = abs(position - command) > 2.0
        state[f"p.{n}.t"] = state[f"p.{n}.t"] + dt if moving else 0.0
        fault = state[f"p.{n}.t"] > self.travel * 1.5
        state[f"{n}.opened"], state[f"{n}.closed"] = position > 99.0, position < 1.0
        state[f"{n}.fault"], state[f"{n}.auto"], state[f"{n}.position"] = fault, auto, round(position, 1)
        state[f"{n}.state"] = (
            FAULT if fault else TRAVELLING if moving else OPEN if position > 99 else CLOSED if position < 1
            else INTERMEDIATE
        )  # fmt: skip
