"""Instruments between truth and PLC: lag, noise, range, resolution, and the ways in which they fail."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from simulators.kit.malfunctions import MalfunctionBoard
from simulators.kit.state import State, clamp, gauss

DRIFT_SHARE = 0.25
NOISE_GAIN = 25.0
FAULT_LEVEL = 1.03


class TransmitterData(Protocol):
    """What an instrument needs to know about itself."""

    @property
    def name(self) -> str: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...
    @property
    def lag(self) -> float: ...
    @property
    def noise(self) -> float: ...
    @property
    def resolution(self) -> float: ...


class Instruments:
    """All transmitters: ``x.<name>`` truth in, ``m.<name>`` measured out, ``i.<name>`` the lagged value."""

    def __init__(self, rows: Iterable[TransmitterData]) -> None:
        self._rows = tuple(
            (r.name, f"x.{r.name}", f"i.{r.name}", f"m.{r.name}", f"f.{r.name}", r.lag, r.noise, r.low, r.high,
             r.resolution)
            for r in rows
        )  # fmt: skip

    def initial(self, state: State) -> None:
        """Start every instrument at its truth."""
        for _, truth, lagged, measured, fault, *_ in self._rows:
            state[lagged] = state[measured] = state[truth]
            state[fault] = False

    def step(self, state: State, dt: float, board: MalfunctionBoard) -> None:
        """Measure everything once."""
        failing = {target for kind, target in board.levels if kind.startswith("transmitter_")}
        for name, truth, lagged, measured, fault, lag, noise, low, high, resolution in self._rows:
            state[lagged] += (state[truth] - state[lagged]) * dt / (lag + dt)
            value = state[lagged] + noise * gauss(state)
            if name in failing:
                value = self._failed(state, board, name, value, state[measured], noise, low, high)
                state[fault] = value > low + FAULT_LEVEL * (high - low)
            elif state[fault]:
                state[fault] = False
            if value != state[measured]:
                value = round(
                    round(clamp(value, low, low + 1.05 * (high - low)) / resolution) * resolution, 6
                )
                state[measured] = value

    @staticmethod
    def _failed(
        state: State, board: MalfunctionBoard, name: str, value: float, last: float, noise: float, low: float,
        high: float,
    ) -> float:  # fmt: skip
        if board.level("transmitter_frozen", name) > 0:
            return last
        if board.level("transmitter_high", name) > 0:
            return low + 1.05 * (high - low)
        if board.level("transmitter_low", name) > 0:
            return low
        value += board.level("transmitter_drift", name) * DRIFT_SHARE * (high - low)
        return value + board.level("transmitter_noisy", name) * NOISE_GAIN * noise * gauss(state)
