"""Reads the figures of all jobs in one look at their file.

A process that gives no sign of life for 10 s is a lost link, a job that tells nothing for so long has Bad values.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from hmi.acquisition.port import Batch, DeviceIdentity, Group, LinkSettings, Point, ReadBlock
from hmi.core import quality
from hmi.core.clock import wall_ns
from hmi.core.commands import WriteOutcome, WriteRequest, WriteState
from hmi.core.errors import CommunicationError, LinkLost, StorageError
from hmi.core.values import DataValue, bad
from hmi.drivers.exports._address import Figure, job_and_figure, number_as
from hmi.export import EXPORTS_FOLDER, SILENT_S, Standing, is_fresh, standing

READ_S: Final = 8.0


class ExportsDriver:
    """Poll driver; one block for each period."""

    def __init__(self, settings: LinkSettings) -> None:
        self._folder = Path(str(settings.settings.get("data_dir", ""))) / EXPORTS_FOLDER
        self._points = {point.handle: (point, *job_and_figure(point.address)) for point in settings.points}
        self._reads, self._last_error = 0, ""

    async def open(self) -> DeviceIdentity:
        await self._look()
        return DeviceIdentity("Watchkeeper", "exports")

    async def close(self) -> None:
        """There is nothing to close."""

    def groups(self) -> tuple[Group, ...]:
        by_period: dict[int, list[int]] = {}
        for handle, (point, _, _) in self._points.items():
            by_period.setdefault(point.period_ms, []).append(handle)
        return tuple(
            Group(f"{period}ms", "", period, tuple(handles)) for period, handles in sorted(by_period.items())
        )

    def plan(self) -> tuple[ReadBlock, ...]:
        return tuple(
            ReadBlock(group.name, "", group.name, group.period_ms, group.handles) for group in self.groups()
        )

    async def read(self, block: ReadBlock) -> Batch:
        return Batch(block.group, list((await self._values(block.handles)).items()))

    async def read_now(self, handles: Sequence[int]) -> Mapping[int, DataValue]:
        return await self._values(handles)

    async def write(self, request: WriteRequest) -> WriteOutcome:
        return WriteOutcome(WriteState.REFUSED, text="the figures of the exports cannot be written")

    def diagnostics(self) -> Mapping[str, Any]:
        return {"reads": self._reads, "last_error": self._last_error}

    async def _values(self, handles: Sequence[int]) -> dict[int, DataValue]:
        found, now = await self._look(), wall_ns()
        return {handle: _value(found, *self._points[handle], now) for handle in handles}

    async def _look(self) -> Standing:
        """LinkLost where the process that delivers says nothing, or what it says cannot be read."""
        self._reads += 1
        try:
            async with asyncio.timeout(READ_S):
                found = await asyncio.to_thread(standing, self._folder)
        except TimeoutError:
            raise self._lost(f"{self._folder} did not answer within {READ_S:g} s") from None
        except (StorageError, OSError) as error:
            raise self._lost(str(error)) from error
        if not is_fresh(found.life, wall_ns()):
            raise self._lost(f"the process that delivers gave no sign of life for {SILENT_S:g} s")
        return found

    def _lost(self, text: str) -> CommunicationError:
        self._last_error = text
        return LinkLost(text)


def _value(found: Standing, point: Point, job: str, figure: Figure, now: int) -> DataValue:
    """Received now: the clock of a simulated plant is another one than that of the jobs."""
    told = found.jobs.get(job)
    if told is None or (figure.is_measure and not told.is_measured):
        return bad(quality.BAD_NO_DATA, now)
    if not told.is_fresh(now):
        return bad(quality.BAD_NO_COMMUNICATION, now)
    return DataValue(number_as(figure.of(told), point.type), quality.GOOD, now, now)


def create(settings: LinkSettings) -> ExportsDriver:
    """A driver for one attempt."""
    return ExportsDriver(settings)
