"""Turns single bits of an archive over and reads everything: a value is right, or is told to be lost."""

from __future__ import annotations

import random
import shutil
import tempfile
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from hmi.bench._history_story import BEGIN, FOREVER, TAG_IDS, Model, act, alike, prepared
from hmi.core.errors import WatchkeeperError
from hmi.core.history import SampleFlag
from hmi.historian.port import ArchiveReader
from hmi.historian.rollups import HOUR, MINUTE, TEN_MINUTES, Rollups
from hmi.historian.samples import Samples
from hmi.stores.sqlite import open_archive, open_reader

ACTS, LIVE_ACTS = 320, 70
TAGS = range(1, len(TAG_IDS) + 1)
RANGE = BEGIN - 24 * HOUR, BEGIN + ACTS * MINUTE
MOMENTS = tuple(BEGIN + number * MINUTE + 7 for number in range(50, ACTS, 60))
ROLLUP_COLUMNS = (
    "low",
    "high",
    "first",
    "last",
    "low_at",
    "high_at",
    "counts",
    "good",
    "worst",
    "mean",
    "covered",
)


@dataclass
class Flips:
    """What became of the bits.

    ``invented``: values that were never written, told or not. ``wrong``, ``missing``: older values or none instead of
    the right ones, without a word.
    """

    flips: int = 0
    told: int = 0
    harmless: int = 0
    invented: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    crashed: list[str] = field(default_factory=list)


def flipped(flips: int, *, seed: int = 3) -> Flips:
    """Every file of an archive that was left in the middle of its work, bits by chance."""
    found, chance = Flips(), random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="watchkeeper-flips-") as place:
        folder, model = Path(place) / "history", Model()
        _archive(folder, model)
        truth = Truth(model)
        files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.stat().st_size]
        files = [path for path in files if not path.name.endswith(("-shm", ".lock"))]
        whole = {path: path.read_bytes() for path in files}
        weights = [len(data) for data in whole.values()]
        for number in range(flips):
            path = chance.choices(files, weights)[0] if number % 2 else chance.choice(files)
            bit = chance.randrange(8 * len(whole[path]))
            _one(folder, whole, path, bit, truth, found)
    return found


def _archive(folder: Path, model: Model) -> None:
    """Hours in chunks, and the last hours still live, as a killed recorder leaves them."""
    busy = folder.with_name("busy")
    archive = prepared(open_archive(busy))
    for number in range(ACTS):
        act(number).do(archive)
        if number == ACTS - LIVE_ACTS:
            archive.compact(act(number).time)
    shutil.copytree(busy, folder)
    archive.close()
    model.advance(ACTS)


def _one(folder: Path, whole: dict[Path, bytes], path: Path, bit: int, truth: Truth, found: Flips) -> None:
    """Flip, read, put back. The names of files that the reading sets aside are put back too."""
    data = bytearray(whole[path])
    data[bit // 8] ^= 1 << bit % 8
    path.write_bytes(data)
    name = f"{path.name} bit {bit}"
    found.flips += 1
    try:
        reader = open_reader(folder)
    except WatchkeeperError:
        found.told += 1
    except Exception as error:
        found.crashed.append(f"{name}: {error!r}")
    else:
        try:
            _judge(reader, truth, name, found)
        finally:
            reader.close()
    _put_back(folder, whole, path)


def _put_back(folder: Path, whole: dict[Path, bytes], changed: Path) -> None:
    """As it was; shared memory is made anew by whoever opens the files next."""
    for path in folder.rglob("*"):
        if path.is_file() and path not in whole:
            path.unlink()
    changed.write_bytes(whole[changed])


def _judge(reader: ArchiveReader, truth: Truth, name: str, found: Flips) -> None:
    told, missing, wrong, invented = bool(reader.damaged()), False, False, False
    asked = [(ask, tag) for tag in TAGS for ask in (_of_read, _of_rollups)]
    for ask, about in [*asked, *((_of_at, moment) for moment in MOMENTS)]:
        try:
            is_missing, is_wrong, is_invented = ask(reader, truth, about)
        except WatchkeeperError:
            told = True
            continue
        except Exception as error:
            found.crashed.append(f"{name}: {error!r}")
            return
        missing, wrong, invented = missing or is_missing, wrong or is_wrong, invented or is_invented
    told = told or bool(reader.damaged())
    if invented:
        found.invented.append(name)
    elif wrong and not told:
        found.wrong.append(name)
    elif missing and not told:
        found.missing.append(name)
    elif told:
        found.told += 1
    else:
        found.harmless += 1


@dataclass(frozen=True)
class Truth:
    """What has to be read, by tag."""

    model: Model

    @cached_property
    def samples(self) -> dict[int, Samples]:
        return {tag: self.model.archive.read(tag, -FOREVER, FOREVER) for tag in TAGS}

    @cached_property
    def rows(self) -> dict[int, set[str]]:
        return {tag: _rows(samples) for tag, samples in self.samples.items()}

    @cached_property
    def written(self) -> dict[int, set[str]]:
        """Every sample that was ever there."""
        every = {tag: set(rows) for tag, rows in self.rows.items()}
        for number in range(ACTS):
            for tag, samples in act(number).batch.by_tag():
                every[tag] |= _rows(samples)
        return every

    @cached_property
    def rollups(self) -> dict[tuple[int, int], Rollups]:
        read = self.model.archive.rollups
        return {
            (tag, level): read(tag, *RANGE, level) for tag in self.samples for level in (TEN_MINUTES, HOUR)
        }

    @cached_property
    def held(self) -> dict[tuple[int, int], set[str]]:
        read = self.model.archive.at
        return {
            (tag, moment): _rows(read([tag], moment).samples) for tag in self.samples for moment in MOMENTS
        }


Judgement = tuple[bool, bool, bool]
"""Something is missing; something is not what it should be; something was never written."""


def _of_read(reader: ArchiveReader, truth: Truth, tag: int) -> Judgement:
    """Of the samples; one that says it is lost is none of the three."""
    found = reader.read(tag, -FOREVER, FOREVER)
    if alike(found, truth.samples[tag]):
        return False, False, False
    ours, right = _rows(found), truth.rows[tag]
    return bool(right - ours), bool(ours - right), bool(ours - truth.written[tag])


def _rows(samples: Samples) -> set[str]:
    lost = (samples.flags & SampleFlag.GAP_BEFORE > 0) & samples.is_bad()
    kept = samples.take(~lost)
    columns = kept.flags.tolist(), kept.runs.tolist()
    return {repr(row) for row in zip(kept.values(), *columns, strict=True)}


def _of_rollups(reader: ArchiveReader, truth: Truth, tag: int) -> Judgement:
    """Rows of rollups that are there have to be right, unless damage is told of their range."""
    invented = missing = False
    for level in (TEN_MINUTES, HOUR):
        ours, right = reader.rollups(tag, *RANGE, level), truth.rollups[tag, level]
        places = np.minimum(np.searchsorted(right.starts, ours.starts), len(right) - 1)
        same = right.starts[places] == ours.starts
        missing = missing or int(same.sum()) < len(right)
        for column in ROLLUP_COLUMNS:
            same &= np.isclose(
                getattr(ours, column), getattr(right, column)[places], rtol=1e-9, equal_nan=True
            )
        if same.all():
            continue
        suspect = [(one.start, one.end) for one in reader.damaged() if one.tag in (0, tag)]
        sound = [not any(a < at + level and at <= b for a, b in suspect) for at in ours.starts.tolist()]
        invented = invented or bool((np.array(sound, bool) & ~same).any())
    return missing, False, invented


def _of_at(reader: ArchiveReader, truth: Truth, moment: int) -> Judgement:
    """What held at an instant; where damage lies before it, an older value may not be shown as if it held."""
    missing = wrong = invented = False
    held = dict(reader.at(TAGS, moment).by_tag())
    for tag in TAGS:
        ours, right = _rows(held.get(tag, Samples.empty())), truth.held[tag, moment]
        wrong, missing = wrong or bool(ours - right), missing or bool(right - ours)
        invented = invented or bool(ours - truth.written[tag])
    return missing, wrong, invented
