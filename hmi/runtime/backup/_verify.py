"""Proves a backup: every file as it was written, every block of the history, the chain of the journal and its seals."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from hmi.core.errors import StorageError
from hmi.core.texts import tr
from hmi.historian.care import damage_line
from hmi.journal import SEALS_FILE, audit_checker
from hmi.runtime.backup._manifest import Manifest, read_manifest, sha256_of
from hmi.stores.sqlite import open_reader


@dataclass(frozen=True, slots=True)
class Proof:
    """``wrong``: sentences on what is not as it was written. ``damaged``: blocks of the history that were damaged when
    the backup was made.
    """

    manifest: Manifest
    blocks: int
    records: int
    wrong: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()


def verify_backup(
    folder: Path, told: Callable[[str, int, int], None] = lambda what, done, total: None
) -> Proof:
    """Read everything of a backup; StorageError for what is none. Nothing is changed."""
    manifest = read_manifest(folder)
    wrong = _files(folder, manifest, told)
    if wrong:  # what was changed is not opened
        return Proof(manifest, 0, 0, tuple(wrong))
    blocks, damaged, odd = _archive(folder, manifest)
    records, broken = _journal(folder, manifest)
    return Proof(manifest, blocks, records, (*odd, *broken, *_databases(folder, manifest)), damaged)


def _files(folder: Path, manifest: Manifest, told: Callable[[str, int, int], None]) -> list[str]:
    wrong: list[str] = []
    done = 0

    def progress(count: int) -> None:
        nonlocal done
        done += count
        told(tr("checking"), done, manifest.bytes)

    for one in manifest.files:
        path = folder / one.path
        try:
            if (
                path.is_symlink()
                or path.stat().st_size != one.size
                or sha256_of(path, progress) != one.sha256
            ):
                wrong.append(tr("{path}: it is not as the manifest says", path=one.path))
        except OSError as error:
            wrong.append(tr("{path}: {error}", path=one.path, error=error.strerror or error))
    return wrong


def _archive(folder: Path, manifest: Manifest) -> tuple[int, tuple[str, ...], list[str]]:
    """(blocks, damaged ones, what does not fit the manifest)."""
    if not manifest.archive:
        return 0, (), []
    try:
        reader = open_reader(folder / manifest.archive)
        try:
            found = reader.check_days(open_too=True)
            names = {number: tag_id for tag_id, number in reader.tags().items()}
            coverage = reader.coverage()
        finally:
            reader.close()
    except StorageError as error:
        return 0, (), [str(error)]
    odd: list[str] = []
    if (coverage.seq, coverage.until, len(names)) != (manifest.seq, manifest.until, manifest.tags):
        odd.append(
            tr("the history reaches to commit {seq}, not {wanted}", seq=coverage.seq, wanted=manifest.seq)
        )
    damaged = tuple(damage_line(one, names.get(one.tag, "")) for one in found.damage)
    return found.blocks, damaged, odd


def _journal(folder: Path, manifest: Manifest) -> tuple[int, list[str]]:
    path, seals = folder / "journal.sqlite", folder / SEALS_FILE
    if not path.exists():
        return 0, [tr("the journal is missing")] if manifest.records else []
    try:
        whole = audit_checker.check_journal(path, [seals] if seals.exists() else [])
    except (audit_checker.WrongRecord, audit_checker.NotCheckable) as error:
        return 0, [tr("the journal: {error}", error=error)]
    if whole.records != manifest.records:
        return whole.records, [
            tr("the journal has {count} records, not {wanted}", count=whole.records, wanted=manifest.records)
        ]
    return whole.records, []


def _databases(folder: Path, manifest: Manifest) -> list[str]:
    wrong: list[str] = []
    for one in manifest.files:
        if "/" in one.path or not one.path.endswith(".sqlite"):
            continue
        try:
            uri = f"{(folder / one.path).absolute().as_uri()}?mode=ro"
            with closing(sqlite3.connect(uri, uri=True)) as database:
                found = str(database.execute("pragma integrity_check").fetchone()[0])
        except sqlite3.Error as error:
            found = str(error)
        if found != "ok":
            wrong.append(tr("{path}: {error}", path=one.path, error=found))
    return wrong
