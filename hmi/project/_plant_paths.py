"""Which files of a folder belong to its plant."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

TOP_FILES: Final = ("plant.toml", "tags.csv", "alarms.csv", "calculations.csv")
SUB_FOLDERS: Final = {"types": ".toml", "displays": ".json", "training": ".toml"}
"""Folders of the plant and how the names of the plant's files in them end."""
_NEVER: Final = "/\\:" if sys.platform == "win32" else "/\\"


def is_plant_file(name: str) -> bool:
    """Whether a path below a plant folder (with slashes) is one that belongs to the plant."""
    if name in TOP_FILES:
        return True
    folder, mark, file = name.partition("/")
    if not mark or any(one in file for one in _NEVER):
        return False
    return file.endswith(SUB_FOLDERS.get(folder, "\0"))


def plant_files(folder: Path) -> tuple[str, ...]:
    """Paths of the plant's files that are there, in order."""
    found = [name for name in TOP_FILES if (folder / name).is_file()]
    for sub, suffix in SUB_FOLDERS.items():
        found += [
            f"{sub}/{name}"
            for name in sorted(_names_in(folder / sub, suffix))
            if is_plant_file(f"{sub}/{name}")
        ]
    return tuple(found)


def _names_in(folder: Path, suffix: str) -> list[str]:
    """Of the files with this end; none of a folder that is not there, or that this user may not read. OSError for one
    that cannot be listed: it is no empty one.
    """
    try:
        with os.scandir(folder) as entries:
            return [one.name for one in entries if one.name.endswith(suffix) and _is_file(one)]
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return []


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:  # a link that leads nowhere
        return False
