"""Brings a kept revision back into the plant folder: all files or none, and nothing that stands there is lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hmi.core.errors import ConfigurationError, StorageError, WatchkeeperError
from hmi.core.texts import tr
from hmi.project.folder_diff import folder_diff
from hmi.project.folder_files import Files, Written, read_files, signature_of, write_files
from hmi.runtime._past_plants import plant_of_revision
from hmi.runtime._revisions import FOLDER, Kept, files_of, keep_files, kept_like, saved_name

HELD_NAMES = 6


class RollbackRefused(WatchkeeperError):
    """The folder holds what would be lost; the sentence says what to do."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class RolledBack:
    """``kept``: under which name what stood in the folder is kept. ``written`` can be undone; ``sentences`` say what
    changed, by file.
    """

    kept: str
    written: Written
    sentences: dict[str, tuple[str, ...]]


def roll_back(
    folder: Path, data: Path, wanted: Kept, *, force: bool = False, known: Callable[[], Files] = dict
) -> RolledBack:
    """Write the files of a kept revision into the plant folder.

    RollbackRefused when the folder holds what no kept revision has, unless ``force``: then it is kept first. Its
    sentence says what differs from ``known``, the files of the revision in force. ConfigurationError, FolderChanged or
    StorageError (the files are not those that their name says) leave the folder as it was.
    """
    files = _proven(data, wanted)
    before = read_files(folder)
    kept = kept_like(data, before)
    if kept is None and not force:
        raise RollbackRefused(_would_be_lost(folder, before, known()))
    name = kept.revision if kept is not None else _saved(folder, data, before)
    now = {name: before.get(name) for name in {**before, **files}}
    target: dict[str, bytes | None] = {name: files.get(name) for name in now}
    written = write_files(folder, target, before=now, what="hmi rollback")
    return RolledBack(name, written, folder_diff(now, target))


def _proven(data: Path, wanted: Kept) -> Files:
    """Its files, which are those that ran under its name, or that were kept under the digest of their bytes."""
    files = files_of(wanted)
    if wanted.is_saved:
        if wanted.revision != saved_name(files):
            raise StorageError(
                tr("{file} holds other files than it says; nothing was written", file=wanted.file)
            )
        return files
    try:
        plant_of_revision(data, wanted.revision)
    except StorageError as error:
        raise StorageError(tr("{error}; nothing was written", error=error)) from error
    return files


def _saved(folder: Path, data: Path, files: Files) -> str:
    """Under its revision where it opens and this is not kept yet, else under the digest of its bytes."""
    revision = _revision_of(folder, files)
    is_free = revision and not (data / FOLDER / f"{revision}.zip").exists()
    name = revision if is_free else saved_name(files)
    try:
        keep_files(data, files, name)
    except OSError as error:
        raise StorageError(
            tr(
                "what stands in {folder} cannot be kept ({error}); nothing was written",
                folder=folder,
                error=error,
            )
        ) from error
    return name


def _revision_of(folder: Path, files: Files) -> str:
    """The revision that exactly these files are; '' where they do not open, or one was saved since they were read."""
    from hmi.project import load_plant  # not every runtime is rolled back

    before = signature_of(folder)
    plant = load_plant(folder).plant
    is_as_read = read_files(folder) == files and signature_of(folder) == before
    return plant.revision if plant is not None and is_as_read else ""


def _would_be_lost(folder: Path, before: Files, known: Files) -> str:
    try:
        names = list(folder_diff(known, before)) if known else []
    except ConfigurationError:
        names = []
    shown = ", ".join(names[:HELD_NAMES]) + (", …" if len(names) > HELD_NAMES else "")
    where = f" ({shown})" if shown else ""
    return tr(
        "{folder} holds changes that no kept revision has{where}; look at them with hmi diff, then use --force, which "
        "keeps them first",
        folder=folder,
        where=where,
    )
