"""Other settings of an alarm, written into the plant folder and taken at once: whole, or as if nothing had been."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from hmi.client.port import ReloadResult
from hmi.client.what_if import SETTINGS, AlarmEdit
from hmi.core.errors import ConfigurationError, StorageError, UsageError
from hmi.core.journal import Entry, Kind
from hmi.core.principal import Principal
from hmi.core.texts import tr
from hmi.project.alarm_edit import alarm_cells, changed_alarm
from hmi.project.folder_files import Written
from hmi.runtime._reload import Why
from hmi.runtime._runtime import Runtime

log = logging.getLogger(__name__)

CHANGING, REFUSED = "alarm.changing", "alarm.change_refused"


class AlarmChanges:
    """One change at a time. It is journalled with its author and reason before it is made (CR 2.8, 2.12)."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._one_at_a_time = asyncio.Lock()

    async def make(self, principal: Principal, edit: AlarmEdit) -> ReloadResult:
        """What a reload says of it; ``refusals`` say why nothing was changed."""
        from hmi.alarms.what_if import (
            alarm_of,
        )  # few alarms are changed, and no runtime waits for it at its start

        async with self._one_at_a_time:
            plant = self._runtime.plant
            alarm = alarm_of(plant, edit.alarm_id)
            before = alarm_cells(alarm, SETTINGS)
            try:
                after = alarm_cells(changed_alarm(alarm, edit.changes, SETTINGS), SETTINGS)
            except UsageError as error:
                return self._refused([str(error)])
            changes = {name: [before[name], after[name]] for name in SETTINGS if before[name] != after[name]}
            if not changes:
                return ReloadResult(plant.revision)
            if edit.revision != plant.revision:
                return self._refused(
                    [tr("another revision of the plant runs by now; look at the alarm again")]
                )
            tag = plant.by_id.get(alarm.tag_id)
            payload = {
                "tag": tag.name if tag else "", "name": alarm.name, "message": alarm.message, "area": alarm.area,
                "changes": changes, "reason": edit.reason, "revision": plant.revision,
            }  # fmt: skip
            cells = {name: pair[1] for name, pair in changes.items()}
            return await self._write(principal, edit.alarm_id, cells, payload)

    async def _write(
        self, principal: Principal, alarm_id: str, cells: Mapping[str, str], payload: Mapping[str, object]
    ) -> ReloadResult:
        try:
            await self._note(CHANGING, principal, alarm_id, payload)
        except StorageError as error:
            return self._refused([tr("the audit trail cannot be written: {error}", error=error)])
        plant = self._runtime.plant
        try:
            written, faults = await asyncio.to_thread(
                _changed, Path(plant.folder), alarm_id, cells, plant.revision
            )
            why = Why(str(payload["reason"]))
            result = self._refused(faults) if faults else await self._runtime.reload(principal, why)
            if result.refusals and written is not None:
                await asyncio.to_thread(written.undo, "change of an alarm")
        except ConfigurationError as error:
            result = self._refused([error.sentence])
        if result.refusals:
            await self._note_refused(principal, alarm_id, {**payload, "reasons": result.refusals})
        return result

    def _refused(self, sentences: Sequence[str]) -> ReloadResult:
        return ReloadResult(self._runtime.plant.revision, [], list(sentences))

    async def _note(
        self, event: str, principal: Principal, alarm_id: str, payload: Mapping[str, object]
    ) -> None:
        await self._runtime.services.journal.append(
            Entry(Kind.AUDIT, event, principal, alarm_id, 0, dict(payload))
        )

    async def _note_refused(self, principal: Principal, alarm_id: str, payload: Mapping[str, object]) -> None:
        try:
            await self._note(REFUSED, principal, alarm_id, payload)
        except StorageError as error:
            log.error("A change of an alarm that was not made is not stored as refused: %s", error)


def _changed(
    folder: Path, alarm_id: str, cells: Mapping[str, str], revision: str
) -> tuple[Written | None, tuple[str, ...]]:
    """As ``change_alarm``; beside the loop, as its first call imports what reads and writes the files."""
    from hmi.project import change_alarm

    return change_alarm(folder, alarm_id, cells, revision=revision)
