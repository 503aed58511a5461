"""Keeps every plant revision that ran: what a record of last year names can still be opened (2b.2)."""

from __future__ import annotations

import logging
import zipfile
from pathlib import Path

log = logging.getLogger(__name__)

FOLDER = "revisions"
KINDS = frozenset({".toml", ".csv", ".json"})


def keep_revision(data: Path, plant: Path, revision: str) -> Path:
    """The plant's files as ``revisions/<revision>.zip``, written once; a full disk is logged, not fatal."""
    file = data / FOLDER / f"{revision}.zip"
    if file.exists():
        return file
    temporary = file.with_suffix(".new")
    try:
        file.parent.mkdir(mode=0o700, exist_ok=True)
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(plant.rglob("*")):
                if path.suffix in KINDS and path.is_file() and not path.is_symlink():
                    archive.write(path, path.relative_to(plant).as_posix())
        temporary.replace(file)
    except OSError as error:
        log.error("Revision %s of the plant cannot be kept: %s", revision[:12], error)
    return file
