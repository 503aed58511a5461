"""Plant revisions that were valid in the past: opened from what the runtime kept of them, the last few held ready."""

from __future__ import annotations

import asyncio
import tempfile
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hmi.client.port import PlantInfo
from hmi.core.errors import StorageError
from hmi.core.principal import Mode
from hmi.core.texts import tr
from hmi.project.plant import AlarmDef, Plant
from hmi.runtime._plant_info import plant_info
from hmi.runtime._revisions import FOLDER

HELD: Final = 4
MOST_BYTES: Final = 512_000_000
"""Of the files of one revision: a damaged archive must not fill the disk."""


@dataclass(frozen=True, slots=True)
class PastPlant:
    """One revision as services and stations see it; ``alarms`` by id."""

    plant: Plant
    info: PlantInfo
    ids: Mapping[str, str]
    alarms: Mapping[str, AlarmDef]


class PastPlants:
    """``data`` is the runtime's own folder. What is read is read beside the loop."""

    def __init__(self, data: Path, mode: Mode) -> None:
        self._data, self._mode = data, mode
        self._held: OrderedDict[str, PastPlant] = OrderedDict()
        self._opening = asyncio.Lock()

    async def of(self, revision: str, present: Plant) -> PastPlant:
        """The plant of a revision; StorageError in one sentence when it was not kept or cannot be read."""
        async with self._opening:
            found = self._held.get(revision)
            if found is None:
                found = await asyncio.to_thread(self._open, revision, present)
                self._held[revision] = found
                while len(self._held) > HELD:
                    self._held.popitem(last=False)
            self._held.move_to_end(revision)
            return found

    def _open(self, revision: str, present: Plant) -> PastPlant:
        plant = present if revision == present.revision else plant_of_revision(self._data, revision)
        return PastPlant(
            plant,
            plant_info(plant, self._mode),
            {tag.name: tag.id for tag in plant.tags},
            {alarm.id: alarm for alarm in plant.alarms},
        )


def plant_of_revision(data: Path, revision: str) -> Plant:
    """A revision that ran, out of what was kept of it; StorageError in one sentence when that cannot be."""
    file = data / FOLDER / f"{revision}.zip"
    short = revision[:12]
    if not revision or not revision.isalnum() or not file.is_file():
        raise StorageError(tr("revision {revision} of the plant was not kept", revision=short))
    try:
        with tempfile.TemporaryDirectory(prefix="watchkeeper-", ignore_cleanup_errors=True) as folder:
            with zipfile.ZipFile(file) as archive:
                if sum(one.file_size for one in archive.infolist()) > MOST_BYTES:
                    raise StorageError(tr("{file} is larger than a plant can be; it is damaged", file=file))
                archive.extractall(folder)
            from hmi.project import load_plant  # not every runtime is asked for one

            result = load_plant(Path(folder))
    except (OSError, zipfile.BadZipFile) as error:
        raise StorageError(f"{file}: {error}") from error
    if result.plant is None:
        problem = next((finding.sentence for finding in result.errors), "")
        raise StorageError(
            tr(
                "revision {revision} of the plant cannot be opened: {problem}",
                revision=short,
                problem=problem,
            )
        )
    if result.plant.revision != revision:
        raise StorageError(tr("{file} holds another plant than it says; it is damaged", file=file.name))
    return result.plant
