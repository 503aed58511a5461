"""Keeps every plant revision that ran: what a record of last year names can be opened and brought back (2b.2)."""

from __future__ import annotations

import logging
import os
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hmi.core.errors import ConfigurationError, UsageError
from hmi.core.texts import tr
from hmi.project.folder_files import (
    ZIP_FAULTS,
    Files,
    Signature,
    digest_of,
    files_in_zip,
    is_plant_file,
    read_files,
    signature_of,
)

log = logging.getLogger(__name__)

FOLDER = "revisions"
SAVED: Final = "saved"
"""Begins the name of what a rollback kept of a folder that was no revision: the files do not open, or only their
layout and comments are their own."""
_LEAST: Final = 4
_DIGITS: Final = 12


@dataclass(frozen=True, slots=True)
class Kept:
    """A zip of plant files. ``kept``: when it was written (wall clock, UTC ns)."""

    revision: str
    file: Path
    kept: int

    @property
    def is_saved(self) -> bool:
        """Kept by a rollback, and never in force under this name."""
        return self.revision.startswith(SAVED)


def short_name(revision: str) -> str:
    """As people read it: twelve digits, after ``saved`` where it begins so."""
    return revision[: _DIGITS + (len(SAVED) if revision.startswith(SAVED) else 0)]


def keep_revision(data: Path, plant: Path, revision: str, signature: Signature | None) -> None:
    """The plant's files as ``revisions/<revision>.zip``, for a runtime that starts: what is wrong is logged, not fatal.

    ``signature``: what the disk said of the files when they were read as this revision; None where that is not known.
    Files that were saved since are not kept under its name.
    """
    try:
        if signature is not None and keep_as_read(data, plant, revision, signature):
            return
    except (OSError, ConfigurationError) as error:
        log.error("Revision %s of the plant cannot be kept: %s", revision[:12], error)
        return
    if not (data / FOLDER / f"{revision}.zip").exists():
        log.error(
            "Revision %s of the plant is not kept: its files were saved anew while the runtime started; hmi reload "
            "takes them as they are now.",
            revision[:12],
        )


def keep_as_read(data: Path, plant: Path, revision: str, signature: Signature) -> bool:
    """The same, and whether the files still are those of the signature. ConfigurationError when they cannot be read."""
    files = read_files(plant)
    if signature_of(plant) != signature:
        return False
    keep_proven(data, files, revision)
    return True


def keep_proven(data: Path, files: Files, revision: str) -> None:
    """The same of files that are proven to be those of the revision; a full disk is logged, not fatal.

    Where other bytes stand under its name already (another layout, or what was saved while an earlier one was kept),
    these are kept on, under a name as a rollback gives it.
    """
    file = data / FOLDER / f"{revision}.zip"
    try:
        if file.exists():
            if _holds(file, files):
                return
            _set_aside(file)
        keep_files(data, files, revision)
    except OSError as error:
        log.error("Revision %s of the plant cannot be kept: %s", revision[:12], error)


def _set_aside(file: Path) -> None:
    try:
        file.replace(file.with_stem(saved_name(files_in_zip(file))))
    except ConfigurationError as error:
        log.warning("%s; it is written again", error)


def saved_name(files: Files) -> str:
    """The name of files that are kept without being a revision."""
    return f"{SAVED}{digest_of(files)[:40]}"


def keep_files(data: Path, files: Files, revision: str) -> Path:
    """The same of files that were read already; OSError when they cannot be kept."""
    file = data / FOLDER / f"{revision}.zip"
    temporary = file.with_suffix(f".{os.getpid()}.new")
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in sorted(files.items()):
                if content is not None:
                    archive.writestr(name, content)
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)
    return file


def kept_revisions(data: Path) -> tuple[Kept, ...]:
    """Everything that is kept, the newest first."""
    found: list[Kept] = []
    for file in (data / FOLDER).glob("*.zip"):
        try:
            found.append(Kept(file.stem, file, file.stat().st_mtime_ns))
        except OSError:
            continue
    return tuple(sorted(found, key=lambda one: (one.kept, one.revision), reverse=True))


def kept_revision(data: Path, text: str) -> Kept:
    """The one that a beginning of its name means; UsageError for none or several."""
    wanted = text.strip().lower()
    known = kept_revisions(data)
    found = [one for one in known if one.revision.startswith(wanted)]
    if len(wanted) < _LEAST and not any(one.revision == wanted for one in found):
        raise UsageError(tr("{name}: write at least {count} signs of a revision", name=text, count=_LEAST))
    exact = [one for one in found if one.revision == wanted] or found
    if not exact:
        raise UsageError(tr("no revision {name} is kept; list them with: hmi revisions PLANT", name=text))
    if len(exact) > 1:
        raise UsageError(
            tr("{count} kept revisions begin with {name}; write more of it", count=len(exact), name=text)
        )
    return exact[0]


def files_of(kept: Kept) -> dict[str, bytes]:
    """Its files; ConfigurationError when the zip is damaged or holds no plant."""
    files = files_in_zip(kept.file)
    if "plant.toml" not in files:
        raise ConfigurationError("holds no plant.toml; it is damaged", file=str(kept.file))
    return files


def kept_like(data: Path, files: Files) -> Kept | None:
    """What is kept with exactly these bytes."""
    sums = _sums_of(files)
    return next((one for one in kept_revisions(data) if _holds(one.file, files, sums)), None)


def _holds(file: Path, files: Files, sums: Mapping[str, tuple[int, int]] | None = None) -> bool:
    """A damaged one holds nothing."""
    try:
        return _sums(file) == (sums or _sums_of(files)) and _same(files_in_zip(file), files)
    except (*ZIP_FAULTS, ConfigurationError):
        return False


def _sums_of(files: Files) -> dict[str, tuple[int, int]]:
    return {name: (len(one), zlib.crc32(one)) for name, one in files.items() if one is not None}


def _sums(file: Path) -> Mapping[str, tuple[int, int]]:
    with zipfile.ZipFile(file) as archive:
        return {
            one.filename: (one.file_size, one.CRC)
            for one in archive.infolist()
            if is_plant_file(one.filename)
        }


def _same(kept: Mapping[str, bytes], files: Files) -> bool:
    return kept == {name: one for name, one in files.items() if one is not None}
