"""Which files of a folder belong to its plant."""

from __future__ import annotations

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
        names = sorted(path.name for path in (folder / sub).glob(f"*{suffix}") if path.is_file())
        found += [f"{sub}/{name}" for name in names if is_plant_file(f"{sub}/{name}")]
    return tuple(found)
