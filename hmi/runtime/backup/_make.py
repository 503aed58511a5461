"""Makes a backup: what is needed to go on elsewhere, without any secret."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from hmi.core.clock import wall_ns
from hmi.core.errors import StorageError, UsageError
from hmi.core.texts import tr
from hmi.export import EXPORTS_FOLDER, STATE_FILE
from hmi.journal import SEALS_FILE
from hmi.project.plant import Plant
from hmi.runtime._data import IDENTITY_FILE
from hmi.runtime._history_folder import CURRENT, HISTORY_FOLDER, newest_archive
from hmi.runtime.backup._manifest import FORMAT, MANIFEST_FILE, BackupFile, Manifest, read_manifest, sha256_of
from hmi.security.sightings import FOLDER as SEEN
from hmi.security.trust import LIST_PLACES, PKI_FOLDER, PLACES
from hmi.security.trust_desk import OWN
from hmi.security.trust_desks import served
from hmi.security.trust_notes import FOLDER as NOTES
from hmi.stores.sqlite import ArchiveCopy, copy_database, copy_file, open_reader

JOURNAL: Final = "journal.sqlite"
_DATABASES: Final = (JOURNAL, "accounts.sqlite", "notify.sqlite", f"{EXPORTS_FOLDER}/{STATE_FILE}")
_FILES: Final = (IDENTITY_FILE, "backfill.json", "calculations.json", "stations.json", "it-tokens.json")
_FOLDERS: Final = ("revisions", PKI_FOLDER, "tls")
_BESIDE: Final = ("holds.json", "held.bin")
"""Of the history; what is held back comes before the archive: what is stored of it meanwhile is then known twice."""
_MARK: Final = "incomplete"
"""In a backup that is not whole yet: whose it is."""
_KEY: Final = b"PRIVATE KEY"
_SPARE: Final = 1.1
Told = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class BackupJob:
    """``program``: its version. ``told`` hears of (what is done, bytes so far, bytes in all)."""

    plant: Plant
    data: Path
    target: Path
    program: str
    told: Told = lambda what, done, total: None


def make_backup(job: BackupJob) -> Manifest:
    """Copy the data folder, also of a runtime that runs; StorageError or UsageError leave an earlier backup as it was.

    A copy that was cut off goes on where it was; closed days of an earlier backup at the same place are taken over.
    """
    earlier = _earlier(job)
    part = job.target.with_name(job.target.name + ".part")
    archive = newest_archive(job.data)
    total = _size(job.data / JOURNAL) + (sum(_size(one) for one in archive.iterdir()) if archive else 0)
    _check_room(part, total)
    try:
        _begin(part, job)
        return _made(job, part, archive, earlier, total)
    except OSError as error:
        raise StorageError(
            tr("{path}: the backup cannot be made ({error})", path=part, error=error)
        ) from error


def _earlier(job: BackupJob) -> Path | None:
    """A backup of the same plant that is at the place already; UsageError for anything else that is there."""
    if not job.target.exists() or (job.target.is_dir() and not any(job.target.iterdir())):
        return None
    if not job.target.is_dir() or not (job.target / MANIFEST_FILE).exists():
        raise UsageError(tr("{path} is there and is no backup; name another place", path=job.target))
    known = read_manifest(job.target)
    if known.plant_id != job.plant.id:
        raise UsageError(
            tr("{path} is a backup of {plant}; name another place", path=job.target, plant=known.plant)
        )
    return job.target if known.runtime_id == _runtime_id(job.data) else None


def _begin(part: Path, job: BackupJob) -> None:
    """Go on with what was cut off where it is of the same runtime, else begin anew; OSError."""
    whose = f"{job.plant.id} {_runtime_id(job.data)}\n"
    mark = part / _MARK
    if part.exists() and not (mark.exists() and mark.read_text(encoding="utf-8") == whose):
        shutil.rmtree(part)
    part.mkdir(parents=True, exist_ok=True, mode=0o700)
    mark.write_text(whose, encoding="utf-8")


def _check_room(part: Path, total: int) -> None:
    above = next(one for one in part.absolute().parents if one.exists())
    free = shutil.disk_usage(above).free
    known = sum(_size(one) for one in part.rglob("*")) if part.exists() else 0
    if free < (total - known) * _SPARE:
        raise StorageError(
            tr("{path}: {free} MB are free, the backup takes about {needed} MB; choose another disk",
               path=above, free=free // 10**6, needed=total // 10**6)
        )  # fmt: skip


def _made(job: BackupJob, part: Path, archive: Path | None, earlier: Path | None, total: int) -> Manifest:
    done = 0

    def progress(count: int) -> None:
        nonlocal done
        done += count
        job.told(tr("copying"), done, max(total, done))

    (part / MANIFEST_FILE).unlink(missing_ok=True)
    records = _copy_data(job.plant, job.data, part, progress)
    place = ""
    if archive is not None:
        place = archive.relative_to(job.data).as_posix()
        _copy_history(job.data, part, archive, earlier / place if earlier is not None else None, progress)
    (part / _MARK).unlink()
    manifest = _manifest_of(job, part, place, records)
    path = part / MANIFEST_FILE
    path.write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
    with path.open("rb+") as file:
        os.fsync(file.fileno())
    _put_in_place(part, job.target)
    return manifest


def _copy_data(plant: Plant, data: Path, part: Path, progress: Callable[[int], None]) -> int:
    """Everything but the history; how many records the journal has."""
    for name in _DATABASES:
        if (data / name).exists():
            (part / name).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            copy_database(data / name, part / name, progress)
    records = _copy_seals(data, part)
    for source in (*_plain_files(data), *_trust_of_servers(plant, data)):
        target = part / source.relative_to(data)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        copy_file(source, target, progress)
    return records


def _plain_files(data: Path) -> Iterator[Path]:
    """Never a key: neither by its place and name nor by what stands in it. Nor the own certificate, which is nothing
    without its key: beside it no new pair would be made.
    """
    found = [data / name for name in _FILES]
    for folder in _FOLDERS:
        found += sorted((data / folder).rglob("*"))
    for path in found:
        if not _is_whole(path) or path.is_relative_to(data / PKI_FOLDER / OWN):
            continue
        if path.is_relative_to(data / "revisions") or (
            "private" not in path.parts and "key" not in path.name and _KEY not in path.read_bytes()
        ):
            yield path


def _trust_of_servers(plant: Plant, data: Path) -> Iterator[Path]:
    """What export jobs that are servers know of their clients; beside it may lie all that jobs delivered."""
    for folder in served(plant, data):
        if not folder.is_relative_to(data) or ".." in folder.parts:
            continue  # a place of its own elsewhere
        for part in (*PLACES.values(), *LIST_PLACES.values(), SEEN, NOTES):
            for path in sorted((folder / part).glob("*")):
                if _is_whole(path) and _KEY not in path.read_bytes():
                    yield path


def _is_whole(path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and path.suffix not in {".new", ".part"}


def _copy_seals(data: Path, part: Path) -> int:
    """The seals that the copied journal knows of, and no later one: they would say that records are missing."""
    if not (part / JOURNAL).exists():
        return 0
    with closing(sqlite3.connect(part / JOURNAL)) as database:
        records = int(database.execute("select count(*) from journal").fetchone()[0])
        row = database.execute("select n from sealed").fetchone()
    if (data / SEALS_FILE).exists():
        lines = (data / SEALS_FILE).read_bytes().splitlines(keepends=True)
        (part / SEALS_FILE).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        (part / SEALS_FILE).write_bytes(b"".join(lines[: int(row[0]) if row else 0]))
    return records


def _copy_history(
    data: Path, part: Path, archive: Path, earlier: Path | None, progress: Callable[[int], None]
) -> None:
    root, target = data / HISTORY_FOLDER, part / archive.relative_to(data)
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    for folder in dict.fromkeys((root, archive)):
        for name in (*_BESIDE, CURRENT):
            if (folder / name).is_file():
                copy_file(folder / name, part / folder.relative_to(data) / name)
    ArchiveCopy(archive, target, earlier, progress).run()


def _manifest_of(job: BackupJob, part: Path, place: str, records: int) -> Manifest:
    seq = until = tags = 0
    damaged: list[str] = []
    if place:
        reader = open_reader(part / place)
        try:
            coverage = reader.coverage()
            seq, until, tags = coverage.seq, coverage.until, len(reader.tags())
            damaged = [f"{one.file}: {one.block}: {one.text}" for one in reader.damaged()]
        finally:
            reader.close()
    done, total = 0, 0
    names = sorted(path for path in part.rglob("*") if path.is_file() and path.name != MANIFEST_FILE)
    total = sum(_size(path) for path in names)

    def progress(count: int) -> None:
        nonlocal done
        done += count
        job.told(tr("checksums"), done, total)

    files = [
        BackupFile(path.relative_to(part).as_posix(), path.stat().st_size, sha256_of(path, progress))
        for path in names
    ]
    return Manifest(
        FORMAT, job.program, wall_ns(), job.plant.id, job.plant.name, job.plant.revision, _runtime_id(job.data),
        place, seq, until, tags, records, damaged, files,
    )  # fmt: skip


def _runtime_id(data: Path) -> str:
    try:
        return str(json.loads((data / IDENTITY_FILE).read_text(encoding="utf-8"))["runtime_id"])
    except (OSError, ValueError, KeyError):
        return ""


def _put_in_place(part: Path, target: Path) -> None:
    """The earlier backup goes only when the new one has its name."""
    old = target.with_name(target.name + ".old")
    if old.exists():
        shutil.rmtree(old)
    if target.exists():
        target.rename(old)
    part.rename(target)
    if old.exists():
        shutil.rmtree(old)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:
        return 0
