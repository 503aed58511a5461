"""Puts a backup back: nothing is touched before all of it is proven, and what was there before is kept beside it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import apsw

from hmi.core.errors import StorageError, UsageError, WatchkeeperError
from hmi.core.texts import tr
from hmi.export import EXPORTS_FOLDER, turn_in
from hmi.runtime._data import DataFolder
from hmi.runtime.backup._manifest import MANIFEST_FILE, Manifest
from hmi.runtime.backup._verify import Proof, verify_backup
from hmi.security.trust_desk import OWN

_OWN: Final = ("secrets", "pki", "tls")
"""Keys of this machine, which no backup has."""
_KNOWN: Final = ("journal.sqlite", "history", "accounts.sqlite")


class BackupRefused(WatchkeeperError):
    """Something speaks against putting a backup back; nothing was touched."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class RestoreJob:
    """``plant_id`` '': of whatever plant. ``replace``: a folder that has data already. ``accept_damage``: a backup of a
    history that had damaged blocks when it was made.
    """

    backup: Path
    data: Path
    plant_id: str = ""
    replace: bool = False
    accept_damage: bool = False
    told: Callable[[str, int, int], None] = lambda what, done, total: None


def restore_backup(job: RestoreJob) -> tuple[Proof, Path | None]:
    """Prove the backup, put it in place, prove it there; and where the folder of before is now.

    BackupRefused while something speaks against it; UsageError while a runtime has the folder, or a process delivers
    its exports; StorageError.
    """
    proof = _proven(job, job.backup)
    if job.plant_id and proof.manifest.plant_id != job.plant_id:
        raise BackupRefused(
            tr("{path} is a backup of another plant ({name})", path=job.backup, name=proof.manifest.plant)
        )
    if _has_data(job.data) and not job.replace:
        raise BackupRefused(
            tr(
                "{path} has data already; write --replace to set it aside and put the backup in its place",
                path=job.data,
            )
        )
    lock = DataFolder(job.data)
    lock.open()  # a runtime that runs has it
    turn: apsw.Connection | None = None
    try:
        turn = _turn(job.data)
        fresh = job.data.with_name(job.data.name + ".restoring")
        try:
            _copied(job, proof.manifest, fresh)
            _proven(job, fresh)
            aside = _swapped(job.data, fresh)
        except OSError as error:
            raise StorageError(
                tr("{path}: the backup cannot be put back ({error})", path=job.data, error=error)
            ) from error
    finally:
        if turn is not None:
            turn.close()
        lock.release()
    proof = _proven(job, job.data)
    (job.data / MANIFEST_FILE).unlink(missing_ok=True)
    return proof, aside


def _turn(data: Path) -> apsw.Connection | None:
    """Nobody may deliver out of files that are set aside meanwhile; None where nothing was ever delivered."""
    if not (data / EXPORTS_FOLDER).is_dir():
        return None
    turn = turn_in(data / EXPORTS_FOLDER)
    if turn is None:
        raise UsageError(
            tr("{path}: a process delivers the exports of this data folder; end it first (hmi export PLANT run)",
               path=data)
        )  # fmt: skip
    return turn


def _proven(job: RestoreJob, folder: Path) -> Proof:
    proof = verify_backup(folder, job.told)
    if proof.wrong:
        first, *rest = proof.wrong
        more = tr(" and {count} more", count=len(rest)) if rest else ""
        raise BackupRefused(tr("{path} is not whole: {first}{more}", path=folder, first=first, more=more))
    if proof.damaged and not job.accept_damage:
        raise BackupRefused(
            tr("{path}: {count} blocks of the history were damaged when it was made, first {first}; "
               "write --accept-damage to put it back all the same",
               path=folder, count=len(proof.damaged), first=proof.damaged[0])
        )  # fmt: skip
    return proof


def _has_data(data: Path) -> bool:
    return any((data / name).exists() for name in _KNOWN)


def _copied(job: RestoreJob, manifest: Manifest, fresh: Path) -> None:
    if fresh.exists():
        shutil.rmtree(fresh)
    fresh.mkdir(parents=True, mode=0o700)
    done = 0
    for one in manifest.files:
        target = fresh / one.path
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.copyfile(job.backup / one.path, target)
        target.chmod(0o600)
        done += one.size
        job.told(tr("putting back"), done, manifest.bytes)
    shutil.copyfile(job.backup / MANIFEST_FILE, fresh / MANIFEST_FILE)
    for name in _OWN:
        _taken_over(job.data / name, fresh / name)
    exports = job.data / EXPORTS_FOLDER
    for key in exports.rglob(f"{OWN}/key.pem"):  # of jobs that are servers
        _taken_over(key.parent, fresh / key.parent.relative_to(job.data))


def _taken_over(old: Path, new: Path) -> None:
    """Keys and secrets that this machine has; what the backup says of trust stays."""
    for path in sorted(old.rglob("*")) if old.is_dir() else ():
        target = new / path.relative_to(old)
        if path.is_file() and not path.is_symlink() and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            shutil.copy2(path, target)


def _swapped(data: Path, fresh: Path) -> Path | None:
    """Where the folder of before is now, None where it held nothing."""
    if not _has_data(data):
        shutil.rmtree(data)
        fresh.rename(data)
        return None
    number = 1
    while (aside := data.with_name(f"{data.name}.before-restore-{number}")).exists():
        number += 1
    data.rename(aside)
    try:
        fresh.rename(data)
    except OSError:
        aside.rename(data)
        raise
    return aside
