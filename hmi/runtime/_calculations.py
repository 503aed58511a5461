"""Runs the calculated history of a runtime beside its loop, and hands the newest results on like any value."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hmi.acquisition.port import Batch, Group
from hmi.core.errors import StorageError
from hmi.historian.calculated import Calculations, Result

if TYPE_CHECKING:
    from hmi.runtime._runtime import Runtime

log = logging.getLogger(__name__)

GROUP: Final = "calculated"
PERIOD_MS: Final = 60_000
STEP_S, AT_ONCE_S = 5.0, 0.05
CURSOR_FILE: Final = "calculations.json"


class CalculationDesk:
    """One for a runtime; without calculated tags it does nothing.

    Its place in the change feed is kept in the data folder, for each run: what came late while nobody calculated is
    seen after a restart too.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._stop = threading.Event()
        self._made: Calculations | None = None
        self._of: tuple[str, str] = ("", "")
        self._failing = False

    async def run(self) -> None:
        """Until cancelled; a step under way is ended then."""
        try:
            while True:
                has_more = await self._step()
                await asyncio.sleep(AT_ONCE_S if has_more else STEP_S)
        finally:
            self._stop.set()

    async def _step(self) -> bool:
        made = await self._calculations()
        if made is None:
            return False
        now = self._runtime.services.clock.now_ns()
        try:
            news, more = await asyncio.to_thread(self._work, made, now)
        except Exception as error:  # whatever it is: the desk runs beside acquisition and must not end it
            if not self._failing:
                told = None if isinstance(error, StorageError) else error
                log.error("Calculated history cannot be kept: %s", error, exc_info=told)
            self._failing = True
            return False
        self._failing = False
        if made is self._made:
            self._pass_on(news)
        return more

    async def _calculations(self) -> Calculations | None:
        """Of the plant revision and the run as they are now; None while there is nothing to do."""
        runtime = self._runtime
        history, plant = runtime.services.history, runtime.plant
        if history.archive is None or not any(tag.calculation is not None for tag in plant.tags):
            return None
        of = (history.run_id, plant.revision)
        if of != self._of or self._made is None:
            cursor = await asyncio.to_thread(self._read_cursor, of[0])
            if history.run_id != of[0] or runtime.plant is not plant:
                return None  # they changed meanwhile; the next step looks at the new ones
            self._of, self._made = of, Calculations(plant, history, cursor)
            handles = tuple(tag.handle for tag in self._made.tags)
            runtime.services.tags.add_groups(GROUP, [Group(GROUP, "", PERIOD_MS, handles)])
        return self._made

    def _work(self, made: Calculations, now: int) -> tuple[list[Result], bool]:
        """On a thread of its own."""
        before = made.cursor
        found = made.step(now, self._stop.is_set)
        if made.cursor != before:
            self._keep_cursor(self._of[0], made.cursor)
        return found

    def _pass_on(self, news: list[Result]) -> None:
        handles = self._runtime.handles
        updates = [(handles[tag.name], value) for tag, value in news if tag.name in handles]
        self._runtime.pass_on(self._runtime.services.tags.ingest(Batch(GROUP, updates)))

    # ------------------------------------------------------------------ the place in the feed

    @property
    def _file(self) -> Path:
        return self._runtime.services.data.path / CURSOR_FILE

    def _read_cursor(self, run_id: str) -> int:
        try:
            kept = json.loads(self._file.read_text(encoding="utf-8"))
            return int(kept["cursor"]) if kept["run"] == self._run_key(run_id) else -1
        except (OSError, ValueError, KeyError, TypeError):
            return -1  # the first start, or a file that somebody cut: begin with the newest commit

    def _keep_cursor(self, run_id: str, cursor: int) -> None:
        draft = self._file.with_suffix(".new")
        try:
            draft.write_text(json.dumps({"run": self._run_key(run_id), "cursor": cursor}), encoding="utf-8")
            draft.replace(self._file)
        except OSError as error:
            raise StorageError(f"{self._file}: {error.strerror or error}") from error

    def _run_key(self, run_id: str) -> str:
        """A real plant has one archive for ever, a simulated one has one for each run."""
        return run_id if self._runtime.plant.simulated else ""
