"""PID loop in velocity form: bumpless by construction, anti-windup by the clamp on its output."""

from __future__ import annotations

from dataclasses import dataclass

from simulators.kit.state import State, clamp

MANUAL, AUTO, CASCADE = 0, 1, 2


@dataclass(slots=True)
class Loop:
    """One loop: ``kp`` in % per EU, ``ti`` in seconds; ``sp_low`` .. ``sp_high`` bound its set point."""

    name: str
    kp: float
    ti: float
    sp_low: float
    sp_high: float
    low: float = 0.0
    high: float = 100.0
    reverse: bool = False

    def initial(self, *, sp: float, op: float, mode: int = AUTO) -> State:
        """State entries of this loop at the start."""
        n = self.name
        return {
            f"{n}.pv": sp,
            f"{n}.sp": sp,
            f"{n}.op": op,
            f"{n}.mode": mode,
            f"p.{n}.e": 0.0,
            f"p.{n}.op": op,
        }

    def scan(
        self, state: State, dt: float, *, pv: float, cascade: float | None = None, hold: bool = False
    ) -> float:
        """One PLC scan; returns the output. ``cascade`` is the outer loop's set point; ``hold`` stops integration."""
        n = self.name
        state[f"{n}.pv"] = pv
        mode = state[f"{n}.mode"]
        if mode == CASCADE and cascade is not None:
            state[f"{n}.sp"] = round(clamp(cascade, self.sp_low, self.sp_high), 3)
        sp = clamp(state[f"{n}.sp"], self.sp_low, self.sp_high)
        error = pv - sp if self.reverse else sp - pv
        if mode == MANUAL or mode > CASCADE:
            output = clamp(state[f"{n}.op"], self.low, self.high)
        elif hold:
            output = state[f"p.{n}.op"]
        else:
            change = self.kp * (error - state[f"p.{n}.e"] + error * dt / self.ti)
            output = clamp(state[f"p.{n}.op"] + change, self.low, self.high)
        state[f"p.{n}.e"], state[f"p.{n}.op"] = error, output
        if mode != MANUAL:
            state[f"{n}.op"] = round(output, 2)
        return output
