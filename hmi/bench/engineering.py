"""Measures the work of engineers: every module ``_engineering_NAME`` here with ``figures``."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable

from rich.console import Console

import hmi.bench
from hmi.bench.figure import Figure
from hmi.core.errors import UsageError

_PREFIX = "_engineering_"


def parts() -> dict[str, Callable[[], list[Figure]]]:
    """What measures, by the name of its module."""
    names = sorted(m.name for m in pkgutil.iter_modules(hmi.bench.__path__) if m.name.startswith(_PREFIX))
    modules = {name: importlib.import_module(f"hmi.bench.{name}") for name in names}
    return {name: module.figures for name, module in modules.items() if hasattr(module, "figures")}


def run() -> list[Figure]:
    """The figures of all that can be measured here; what is missing for the others is told on standard error."""
    found: list[Figure] = []
    for name, figures in parts().items():
        try:
            found += figures()
        except UsageError as error:
            Console(stderr=True).print(f"{name.removeprefix(_PREFIX)}: {error}", markup=False)
    return found
