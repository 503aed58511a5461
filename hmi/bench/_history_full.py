"""Fills the disk of a recorder and frees it again, in one process that never stops."""

from __future__ import annotations

import random
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from hmi.bench._history_disk import Disk, recorded
from hmi.bench._history_story import Act, Model, act, prepared
from hmi.core.errors import StorageError
from hmi.historian.port import Archive
from hmi.stores.sqlite import open_archive


@dataclass
class Filling:
    """``refused`` commits came back with StorageError; the lists name what must not happen."""

    times: int = 0
    refused: int = 0
    lost: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


def full_and_freed(times: int, *, seed: int = 4) -> Filling:
    """The disk is full at another byte each time, also in the middle of a compaction."""
    found, chance, model = Filling(), random.Random(seed), Model()
    with tempfile.TemporaryDirectory(prefix="watchkeeper-full-") as place, recorded() as disk:
        archive = prepared(open_archive(Path(place) / "history"))
        for _ in range(times):
            disk.events.clear()
            disk.room = chance.randrange(200_000)
            _until_full(archive, model, chance, found)
            disk.room = None
            _freed(archive, model, found, disk)
        archive.close()
    return found


def _until_full(archive: Archive, model: Model, chance: random.Random, found: Filling) -> None:
    """Write until a commit is refused, then a few times more; what was refused is written again once there is room."""
    refused = 0
    for _ in range(5_000):
        number = model.acts
        try:
            if chance.random() < 0.05:
                archive.compact(act(number).time)
            act(number).do(archive)
            model.advance(number + 1)
        except StorageError:
            refused += 1
        if refused > 5:
            break
    found.times += 1
    found.refused += refused


def _freed(archive: Archive, model: Model, found: Filling, disk: Disk) -> None:
    there = archive.coverage().seq
    if there < model.acts:
        found.lost.append(f"{model.acts - there} of {model.acts} acts")
    if there > model.acts:
        found.kept.append(f"{there - model.acts} acts behind {model.acts}")
        model.advance(there)
    done: Act = act(model.acts)
    try:
        done.do(archive)
        model.advance(model.acts + 1)
        archive.compact(done.time)
    except StorageError as error:
        found.stuck.append(str(error))
        return
    found.lost += model.differences(archive)
