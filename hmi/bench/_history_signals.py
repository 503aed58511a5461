"""Signals as a process plant gives them, the same for the same seed: steps of a 12 to 16 bit converter, as REALs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hmi.core.clock import NS_PER_S
from hmi.historian.samples import Batch, Samples, Times, ValueKind

Floats = NDArray[np.float64]

HOUR_S = 3_600
BEGIN_S = 20_454 * 86_400
"""Midnight, UTC, of the first day of the data."""
SPAN = 100.0
DEADBAND, LONGEST_S = 0.005 * SPAN, 600
KINDS = ("noisy",) * 4 + ("ramp",) * 3 + ("bool",) * 2 + ("counter",)
"""What ten tags in a row are: 40 % noisy measurements, 30 % slow ramps, 20 % switches, 10 % counters."""
TREND_KINDS = ("noisy",) * 5 + ("ramp",) * 2 + ("counter",)
"""Eight pens without a switch among them: dearer than the plant."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One tag: what it is like, and the bits of its converter."""

    kind: str
    seed: int

    @property
    def steps(self) -> int:
        return 2 ** (12, 14, 14, 16)[self.seed % 4]

    def hour(self, hour: int) -> Floats:
        """3,600 values, one a second, of one hour since BEGIN_S; hours fit to each other."""
        chance = np.random.default_rng((self.seed, hour))
        seconds = np.arange(HOUR_S) + hour * HOUR_S
        if self.kind == "noisy":
            return self._measured(
                self._wave(seconds, 5_400.0, 20.0) + chance.normal(0, 0.0028 * SPAN, HOUR_S)
            )
        if self.kind == "ramp":
            return self._measured(
                self._wave(seconds, 41_000.0, 40.0) + chance.normal(0, 0.0021 * SPAN, HOUR_S)
            )
        if self.kind == "bool":
            return (chance.random(HOUR_S) < 0.013).cumsum() % 2.0
        return hour * 1_800.0 + (chance.random(HOUR_S) < 0.48).cumsum()

    def _wave(self, seconds: NDArray[np.int64], period_s: float, height: float) -> Floats:
        turn = 2 * np.pi * seconds / (period_s * (1 + self.seed % 17 / 17)) + self.seed
        return 0.5 * SPAN + height * np.sin(turn)

    def _measured(self, values: Floats) -> Floats:
        """What the converter makes of it: whole steps of the span, as a 32-bit REAL."""
        counts = np.round(np.clip(values, 0, SPAN) / SPAN * self.steps)
        return (counts / self.steps * SPAN).astype(np.float32).astype(np.float64)


def plant(count: int) -> list[Signal]:
    """``count`` tags, mixed as in a plant."""
    return [Signal(KINDS[number % len(KINDS)], number) for number in range(count)]


def pens(count: int = 8) -> list[Signal]:
    """Tags of a trend."""
    return [Signal(TREND_KINDS[number % len(TREND_KINDS)], 1_000 + number) for number in range(count)]


def scan_times(hour: int) -> Times:
    """Instants of the scans of one hour in UTC ns: each second, up to 5 ms late."""
    late_ms = np.random.default_rng((99, hour)).integers(0, 6, HOUR_S)
    return ((BEGIN_S + hour * HOUR_S + np.arange(HOUR_S)) * 1_000 + late_ms) * (NS_PER_S // 1_000)


def second_times(hour: int) -> Times:
    """Whole seconds of one hour in UTC ns."""
    return (BEGIN_S + hour * HOUR_S + np.arange(HOUR_S, dtype=np.int64)) * NS_PER_S


def columns(times: Times, values: Floats, *, kind: ValueKind = ValueKind.FLOAT) -> Samples:
    """Good samples, received when they were made."""
    count = len(times)
    bits = values.view(np.uint64) if kind is ValueKind.FLOAT else values.astype(np.uint64)
    nothing, run = np.zeros(count, np.uint16), np.ones(count, np.uint32)
    statuses = np.zeros(count, np.uint32)
    return Samples(times, bits, np.full(count, kind, np.uint8), statuses, times, nothing, nothing, run)


def reported(table: Floats) -> NDArray[np.bool_]:
    """Which of tags x seconds are sent by exception: over the deadband, or after the longest silence."""
    chosen = np.zeros(table.shape, bool)
    last, sent_at = table[:, 0].copy(), np.zeros(len(table))
    chosen[:, 0] = True
    for second in range(1, table.shape[1]):
        moved = np.abs(table[:, second] - last) > DEADBAND
        send = moved | (second - sent_at >= LONGEST_S)
        chosen[:, second] = send
        last[send], sent_at[send] = table[send, second], second
    return chosen


def exception_batches(
    numbers: NDArray[np.int32], signals: list[Signal], hour: int, together: int, until: int = HOUR_S
) -> Iterator[Batch]:
    """One hour of a plant by exception, ``together`` seconds in each batch: all tags of a scan at its instant."""
    table = np.stack([signal.hour(hour) for signal in signals])
    chosen, times = reported(table), scan_times(hour)
    for begin in range(0, until, together):
        seconds, places = np.nonzero(chosen.T[begin : begin + together])
        seconds += begin
        yield Batch(numbers[places], columns(times[seconds], table[places, seconds]))
