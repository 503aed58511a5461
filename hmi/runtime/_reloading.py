"""Another revision of the plant under a runtime that works: read, judged, recorded with its author, then taken."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from hmi.client.port import ReloadResult
from hmi.core.alarms import AlarmEvent
from hmi.core.errors import StorageError
from hmi.core.journal import Entry, Kind
from hmi.core.principal import SYSTEM, Principal
from hmi.core.texts import tr
from hmi.project.folder_files import Signature, signature_of
from hmi.project.plant import Plant
from hmi.runtime._plant_watch import FILES
from hmi.runtime._reload import (
    NO_WORD,
    NextRevision,
    PlantRefused,
    Why,
    next_revision,
    read_plant,
    still_written,
    with_links,
)
from hmi.runtime._revisions import FOLDER, keep_revision

if TYPE_CHECKING:
    from hmi.runtime._runtime import Runtime

log = logging.getLogger(__name__)

PLANT_ALARM = "plant"
MOST_REASONS = 20
"""That stand in one record; whoever asked is told all."""


class Reloads:
    """One at a time; the runtime takes each in one step."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._one_at_a_time = asyncio.Lock()

    async def from_folder(
        self, principal: Principal, why: Why = NO_WORD, *, dry_run: bool = False
    ) -> ReloadResult:
        """Read the plant folder again and apply what it holds now; with ``dry_run`` only say what that would be."""
        async with self._one_at_a_time:
            runtime = self._runtime
            folder = Path(runtime.plant.folder)
            try:
                plant, signature = await asyncio.to_thread(read_plant, folder)
                if dry_run:
                    return ReloadResult(runtime.plant.revision, list((await self._next(plant)).sentences))
                return await self._apply(plant, principal, why, signature)
            except PlantRefused as refused:
                log.warning("The plant folder is not taken: %s", refused)
                if not dry_run:
                    told = {"reasons": list(refused.reasons[:MOST_REASONS]), **why.payload}
                    await runtime.note("plant.refused", told, principal)
                return ReloadResult(runtime.plant.revision, [], list(refused.reasons))

    async def of_files(self) -> ReloadResult:
        """What the watch of the folder asks for."""
        return await self.from_folder(FILES)

    def of_files_refused(self, reason: str) -> None:
        """Raise or end the alarm of files that were refused; its comment is the first reason."""
        runtime = self._runtime
        runtime.cannot_keep(PLANT_ALARM, bool(reason))
        if reason:
            s = runtime.services
            said = s.alarms.carry_out(
                f"system:{PLANT_ALARM}", AlarmEvent.COMMENT, s.clock.now_ns(), principal=FILES, comment=reason
            )
            if isinstance(said, list):
                runtime.alarms.service.put(said)

    async def apply(self, plant: Plant, principal: Principal = SYSTEM, why: Why = NO_WORD) -> ReloadResult:
        """Go on with another revision; PlantRefused leaves everything as it was (2b.2)."""
        async with self._one_at_a_time:
            return await self._apply(plant, principal, why)

    async def _next(self, plant: Plant) -> NextRevision:
        runtime = self._runtime
        if runtime.acquisition is None:
            raise PlantRefused([tr("the runtime has not started yet")])
        return await asyncio.to_thread(next_revision, plant, runtime.plant, runtime.acquisition)

    async def _apply(
        self, plant: Plant, principal: Principal, why: Why, signature: Signature | None = None
    ) -> ReloadResult:
        runtime = self._runtime
        old = runtime.plant
        if plant.revision == old.revision:
            return ReloadResult(old.revision)
        new = await self._next(plant)
        if plant.folder:
            await asyncio.to_thread(_keep, runtime.services.data.path, plant, signature)
        await runtime.alarms.service.settle()  # what the old revision judged is recorded under it
        told = {"old": old.revision, "new": plant.revision, **why.payload}
        await self._record(told, principal)
        await self._switch(new, principal)
        changes = list(new.sentences)
        await runtime.note("plant.applied", {**told, "changes": changes}, principal)
        log.info("Plant revision %s is applied: %s", plant.revision[:12], "; ".join(changes))
        return ReloadResult(plant.revision, changes)

    async def _switch(self, new: NextRevision, principal: Principal) -> None:
        """Links that go on with other points come to rest first: no answer is then under way."""
        runtime = self._runtime
        acquisition = runtime.acquisition
        assert acquisition is not None
        try:
            links = await acquisition.rest(new.links)
            runtime.switch(with_links(new, runtime.plant, links), principal)
        finally:
            acquisition.go_on()
        await acquisition.ask_again(links)

    async def _record(self, told: dict[str, str], principal: Principal) -> None:
        """A change of the plant that cannot be recorded is not made (CR 2.8, 2.12)."""
        runtime = self._runtime
        try:
            await runtime.services.journal.append(
                Entry(Kind.AUDIT, "plant.applying", principal, runtime.plant.id, 0, told)
            )
        except StorageError as error:
            raise PlantRefused([tr("the audit trail cannot be written: {error}", error=error)]) from error


def _keep(data: Path, plant: Plant, signature: Signature | None) -> None:
    """What is kept under a revision has to be what was read as it: a file that was saved meanwhile is not."""
    file, folder = data / FOLDER / f"{plant.revision}.zip", Path(plant.folder)
    if file.exists():
        return
    keep_revision(data, folder, plant.revision)
    if signature is not None and signature_of(folder) != signature:
        file.unlink(missing_ok=True)
        raise PlantRefused([still_written(folder)])
