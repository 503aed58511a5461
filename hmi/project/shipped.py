"""Finds the folders that ship with the product, in a checkout and in an installed wheel."""

from __future__ import annotations

from pathlib import Path

import hmi
from hmi.core.errors import ConfigurationError

FOLDERS = ("screens", "resources", "simulators")
LOCK = "requirements.lock"


def shipped_path(name: str) -> Path:
    """The folder ``screens``, ``resources`` or ``simulators``."""
    if name not in FOLDERS:
        raise ConfigurationError(
            f"no folder {name!r} ships with the product", do=f"use one of {', '.join(FOLDERS)}"
        )
    package = Path(hmi.__file__).resolve().parent
    for base in (package / "_shipped", package.parent):
        if (base / name).is_dir():
            return base / name
    raise ConfigurationError(f"the folder {name} is missing beside {package}", do="install Watchkeeper again")


def lock_file() -> Path:
    """The list of all packages that ship with the product, each with version and hashes."""
    package = Path(hmi.__file__).resolve().parent
    for base in (package / "_shipped", package.parent):
        if (base / LOCK).is_file():
            return base / LOCK
    raise ConfigurationError(f"{LOCK} is missing beside {package}", do="install Watchkeeper again")
