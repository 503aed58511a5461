"""Catalogue: a simulator is a folder here with a ``simulator.py`` that has NAME, TITLE and build()."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

FOLDER = Path(__file__).resolve().parent


def names() -> list[str]:
    """Every simulator that is there."""
    return sorted(p.parent.name for p in FOLDER.glob("*/simulator.py"))


def load(name: str) -> ModuleType:
    """The module of a simulator. Raises ValueError with one sentence."""
    if name not in names():
        raise ValueError(f"there is no simulator {name!r}; there are: {', '.join(names())}")
    return importlib.import_module(f"simulators.{name}.simulator")
