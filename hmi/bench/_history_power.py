"""Cuts the power of a recorder at any write, again and again, and opens what such a cut leaves of the files."""

from __future__ import annotations

import random
import shutil
import tempfile
from pathlib import Path

from hmi.bench._history_disk import Disk, Event, after_power_cut, contents, recorded
from hmi.bench._history_kills import FRESH, Story, judged
from hmi.bench._history_story import Model, act, prepared
from hmi.stores.sqlite import open_archive

MOST_ACTS = 60


def cut(cuts: int, *, seed: int = 2) -> Story:
    """Each start goes on from the files that the cut before it left."""
    story, chance = Story(), random.Random(seed)
    while story.ends < cuts:
        with tempfile.TemporaryDirectory(prefix="watchkeeper-power-") as place:
            folder, model = Path(place) / "history", Model()
            folder.mkdir()
            for _ in range(min(FRESH, cuts - story.ends)):
                acknowledged = _until_cut(folder, model.acts, chance)
                story.ends += 1
                story.acts += acknowledged - model.acts
                judged(folder, model, acknowledged, story)
    return story


def _until_cut(folder: Path, acts: int, chance: random.Random) -> int:
    """Write on a remembered disk, choose an instant, and put back the files as they can be after it."""
    before = contents(folder)
    with recorded() as disk:
        marks = _written(folder, acts, chance, disk)
        events = list(disk.events)
    end = chance.randrange(len(events)) if events else 0
    acknowledged = max([acts, *(number for number, place in marks if place <= end)])
    left = after_power_cut(before, events[:end], chance)
    others = not_noted(contents(folder), events)
    shutil.rmtree(folder)
    folder.mkdir()
    for name, data in (others | left).items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(data)
    return acknowledged


def not_noted(files: dict[str, bytes], events: list[Event]) -> dict[str, bytes]:
    """Files of which the disk remembers nothing, under no name that they had: they are left as they are."""
    noted = {name for one in events for name in (one.file, one.to)}
    return {name: data for name, data in files.items() if name not in noted}


def _written(folder: Path, acts: int, chance: random.Random, disk: Disk) -> list[tuple[int, int]]:
    """(acts acknowledged, events until then) for each act."""
    archive = prepared(open_archive(folder))
    marks: list[tuple[int, int]] = []
    try:
        for number in range(acts, acts + chance.randint(5, MOST_ACTS)):
            done = act(number)
            done.do(archive)
            marks.append((number + 1, len(disk.events)))
            if chance.random() < 0.04:
                archive.compact(done.time)
    finally:
        archive.close()
    return marks
