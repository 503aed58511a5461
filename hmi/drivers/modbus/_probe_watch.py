"""Reads what answers again and again for a while, so that its behaviour can be judged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from hmi.core.clock import NS_PER_S, monotonic_ns, wall_ns
from hmi.drivers.modbus._address import Table
from hmi.drivers.modbus._browse_options import Part
from hmi.drivers.modbus._guess_kinds import WIDEST, Samples
from hmi.drivers.modbus._probe_link import ProbeLink, UnitGone
from hmi.drivers.modbus._probe_ranges import Found

_LEAST = 4
_SELDOM = 4
_LONGEST = 10  # times the asked time, for a slow device with much to read


@dataclass(slots=True)
class Tile:
    """One read of the watch and its answers; ``idle`` answers in a row were the same."""

    unit: int
    table: Table
    first: int
    end: int
    pieces: tuple[Part, ...] = ()
    rows: list[bytes] = field(default_factory=list[bytes])
    times: list[float] = field(default_factory=list[float])
    idle: int = 0

    def is_due(self, sweep: int) -> bool:
        """Whether it is read in this sweep: all of them in the first ones, but those without anything less often."""
        if sweep < _LEAST and any(map(any, self.rows[-1:])):
            return True
        return sweep % min(self.idle + 1, _SELDOM) == 0

    def samples(self) -> Samples:
        """Registers as words, bits as words of 0 and 1."""
        raw = np.frombuffer(b"".join(self.rows), np.uint8).reshape(len(self.rows), -1)
        if self.table.is_bits:
            words = np.unpackbits(raw, axis=1, bitorder="little")[:, : self.end - self.first].astype(
                np.uint16
            )
        else:
            words = np.ascontiguousarray(raw).view(">u2").astype(np.uint16)
        return Samples(self.first, words, np.array(self.times))


def tiles_of(unit: int, table: Table, found: Found) -> list[Tile]:
    """Reads that cover the ranges; those of registers overlap, so that each value is whole in one of them."""
    overlap = 0 if table.is_bits else min(WIDEST - 1, found.limit - 1)
    tiles: list[Tile] = []
    for first, end in found.ranges:
        start = first
        while True:
            stop = min(end, start + found.limit)
            tiles.append(Tile(unit, table, start, stop, _pieces(start, stop, found.reads)))
            if stop == end:
                break
            start = stop - overlap
    return tiles


def _pieces(first: int, end: int, reads: Sequence[Part]) -> tuple[Part, ...]:
    """Reads that the device has answered before and that together cover the place; the longest ones."""
    pieces: list[Part] = []
    place = first
    while place < end:
        best = max((read for read in reads if read[0] <= place < read[1]), key=lambda read: read[1])
        pieces.append((max(best[0], first), min(best[1], end)) if best[1] - best[0] > 4 else best)
        place = best[1]
    return tuple(pieces)


@dataclass(slots=True)
class Watch:
    """The watching of all tiles. ``gone``: units that fell silent in the middle."""

    link: ProbeLink
    tiles: list[Tile]
    seconds: float
    told: Callable[[int, int], None]
    gone: dict[int, str] = field(default_factory=dict[int, str])

    async def run(self) -> None:
        """All tiles at least four times, then until the time is over; what never changes is read less often."""
        started = monotonic_ns()
        sweep = 0
        while any(tile.unit not in self.gone for tile in self.tiles):
            passed = (monotonic_ns() - started) / NS_PER_S
            if passed >= self.seconds and (sweep >= _LEAST or passed >= _LONGEST * (self.seconds + 1)):
                return
            due = [tile for tile in self.tiles if tile.is_due(sweep)]
            for tile in due:
                await self._take(tile)
                passed = (monotonic_ns() - started) / NS_PER_S
                self.told(int(min(passed, self.seconds)), int(self.seconds))
            sweep += 1
            if not due:
                await asyncio.sleep(self.link.pace.interval_s)

    async def _take(self, tile: Tile) -> None:
        if tile.unit in self.gone:
            return
        try:
            answer = await self.link.read(tile.unit, tile.table, tile.first, tile.end - tile.first)
        except UnitGone as error:
            self.gone[tile.unit] = str(error)
            return
        if answer.is_good:
            tile.idle = tile.idle + 1 if tile.rows and tile.rows[-1] == answer.data else 0
            tile.rows.append(answer.data)
            tile.times.append(wall_ns() / NS_PER_S)
        elif not tile.rows and answer.code and len(tile.pieces) > 1:
            self._split(tile)

    def _split(self, tile: Tile) -> None:
        """The device refuses to bring all of it at once: as it was found, then."""
        at = self.tiles.index(tile)
        self.tiles[at : at + 1] = [Tile(tile.unit, tile.table, first, end) for first, end in tile.pieces]
