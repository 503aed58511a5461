"""Which files of a folder belong to its plant."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
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


def _names_in(folder: Path, suffix: str) -> Iterator[str]:
    """Of the files with this end; none of a folder that is not there or cannot be read."""
    try:
        with os.scandir(folder) as entries:
            yield from (one.name for one in entries if one.name.endswith(suffix) and one.is_file())
    except OSError:
        return
