"""Finds plugin folders by walking them; nothing else is edited when one is added."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Any

from hmi.core.errors import ConfigurationError

KINDS = ("drivers", "exporters", "importers", "stores", "elements")


@cache
def names(kind: str) -> tuple[str, ...]:
    """Folder names of a kind of plugin, sorted."""
    package = importlib.import_module(f"hmi.{kind}")
    found = (m.name for m in pkgutil.iter_modules(package.__path__) if m.ispkg and not m.name.startswith("_"))
    return tuple(sorted(found))


def definition(kind: str, name: str) -> Any:
    """The ``DEFINITION`` of ``hmi/<kind>/<name>/definition.py``; ConfigurationError when there is none."""
    if name not in names(kind):
        raise ConfigurationError(
            f"there is no {kind.rstrip('s')} called {name!r}", do=f"use one of: {', '.join(names(kind))}"
        )
    return importlib.import_module(f"hmi.{kind}.{name}.definition").DEFINITION


def part(kind: str, name: str, module: str) -> Any:
    """The heavy module of a plugin (``driver``, ``paint`` …), imported when it is needed."""
    definition(kind, name)
    return importlib.import_module(f"hmi.{kind}.{name}.{module}")
