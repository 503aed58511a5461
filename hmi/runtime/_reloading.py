"""Another revision of the plant under a runtime that works: read, judged, recorded with its author, then taken."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from hmi.acquisition import NextLinks
from hmi.client.port import ReloadResult
from hmi.core.alarms import AlarmEvent
from hmi.core.errors import ConfigurationError, StorageError
from hmi.core.journal import Entry, Kind
from hmi.core.principal import SYSTEM, Principal
from hmi.core.texts import tr
from hmi.project.folder_files import Signature
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
from hmi.runtime._revisions import keep_as_read

if TYPE_CHECKING:
    from hmi.runtime._runtime import Runtime

log = logging.getLogger(__name__)

PLANT_ALARM = "plant"
MOST_REASONS = 20
"""That stand in one record; whoever asked is told all."""
RETRY_S = 1.0


class Reloads:
    """One at a time; the runtime takes each in one step."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._one_at_a_time, self._telling = asyncio.Lock(), asyncio.Lock()
        self._untold: list[Entry] = []
        self._wake = asyncio.Event()
        self._fault: Exception | None = None

    async def run(self) -> None:
        """Until cancelled: records what the journal could not keep at its time.

        RuntimeError when a step broke off in its middle, which ends the runtime: its parts would go on with two
        revisions, and only a start makes them one again.
        """
        while self._fault is None:
            try:
                async with asyncio.timeout(RETRY_S if self._untold else None):
                    await self._wake.wait()
                self._wake.clear()
            except TimeoutError:
                await self._tell()
        raise RuntimeError("another revision of the plant was taken in part only") from self._fault

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
                    changes = [
                        *(await self._next(plant)).sentences,
                        *_opened_afresh(await self._with_new_secrets()),
                    ]
                    return ReloadResult(runtime.plant.revision, changes)
                taken = await self._apply(plant, principal, why, signature)
                return await self._take_secrets(taken, principal, why)
            except PlantRefused as refused:
                log.warning("The plant folder is not taken: %s", refused)
                if not dry_run:
                    told = {"reasons": list(refused.reasons[:MOST_REASONS]), **why.payload}
                    await runtime.note("plant.refused", told, principal)
                return ReloadResult(runtime.plant.revision, [], list(refused.reasons))

    async def _with_new_secrets(self) -> tuple[str, ...]:
        acquisition = self._runtime.acquisition
        return await acquisition.with_new_secrets() if acquisition is not None else ()

    async def _take_secrets(self, taken: ReloadResult, principal: Principal, why: Why) -> ReloadResult:
        """Open the connections again whose secret is another one now, and no other."""
        names = await self._with_new_secrets()
        if not names:
            return taken
        runtime = self._runtime
        await runtime.note("connection.opened_afresh", {"connections": list(names), **why.payload}, principal)
        assert runtime.acquisition is not None
        runtime.acquisition.open_afresh(names, tr("its secret was changed"))
        return msgspec.structs.replace(taken, changes=[*taken.changes, *_opened_afresh(names)])

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
        if not await self._tell():
            raise PlantRefused([tr("the audit trail cannot be written; try again when its alarm has ended")])
        if signature is not None:
            await asyncio.to_thread(_keep, runtime.services.data.path, plant, signature)
        await runtime.alarms.service.settle()  # what the old revision judged is recorded under it
        changes = list(new.sentences)
        told = {"old": old.revision, "new": plant.revision, **why.payload, "changes": changes}
        await self._record(told, principal)
        links = await self._switch(new, principal)
        self._untold.append(Entry(Kind.SYSTEM, "plant.applied", principal, plant.id, 0, told))
        await self._tell()
        log.info("Plant revision %s is applied: %s", plant.revision[:12], "; ".join(changes))
        assert runtime.acquisition is not None
        await runtime.acquisition.ask_again(links)  # a device may take long to answer that
        return ReloadResult(plant.revision, changes)

    async def _switch(self, new: NextRevision, principal: Principal) -> NextLinks:
        """Links that go on with other points come to rest first: no answer is then under way."""
        runtime = self._runtime
        acquisition = runtime.acquisition
        assert acquisition is not None
        try:
            links = await acquisition.rest(new.links)
            taken = with_links(new, runtime.plant, links)
        except BaseException:
            acquisition.go_on()
            raise
        try:
            runtime.switch(taken, principal)
        except Exception as fault:
            log.critical(
                "Plant revision %s was taken in part only; the runtime ends.", new.plant.revision[:12]
            )
            runtime.gate.bar(tr("the runtime broke off while it took another plant, and starts again"))
            self._fault = fault
            self._wake.set()
            raise
        acquisition.go_on()
        return links

    async def _tell(self) -> bool:
        """Record what is applied; whether nothing is left. It is tried again until the journal keeps it (``run``)."""
        async with self._telling:
            while self._untold:
                try:
                    await self._runtime.services.journal.append(self._untold[0])
                except StorageError as error:
                    log.error("The journal cannot be written: %s", error)
                    self._wake.set()
                    return False
                except asyncio.CancelledError:
                    del self._untold[0]  # who asked is gone, and the journal has it in hand
                    raise
                del self._untold[0]
            return True

    async def _record(self, told: Mapping[str, object], principal: Principal) -> None:
        """A change of the plant that cannot be recorded is not made (CR 2.8, 2.12)."""
        runtime = self._runtime
        try:
            await runtime.services.journal.append(
                Entry(Kind.AUDIT, "plant.applying", principal, runtime.plant.id, 0, told)
            )
        except StorageError as error:
            raise PlantRefused([tr("the audit trail cannot be written: {error}", error=error)]) from error


def _opened_afresh(names: Iterable[str]) -> list[str]:
    return [tr("connection {name}: its secret was changed; it is opened afresh", name=name) for name in names]


def _keep(data: Path, plant: Plant, signature: Signature) -> None:
    """What is kept under a revision has to be what was read as it: a file that was saved meanwhile is not."""
    folder = Path(plant.folder)
    try:
        is_as_read = keep_as_read(data, folder, plant.revision, signature)
    except ConfigurationError as error:
        raise PlantRefused([error.sentence]) from error
    if not is_as_read:
        raise PlantRefused([still_written(folder)])
