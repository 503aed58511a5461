"""Measures the exporters against the bare client libraries: every module ``_export_NAME`` here with ``figures``."""

from __future__ import annotations

import importlib
import pkgutil

from rich.console import Console

import hmi.bench
from hmi.bench.figure import Figure
from hmi.core.errors import UsageError

_PREFIX = "_export_"


def run() -> list[Figure]:
    """The figures of all that can be measured here; what is missing for the others is told on standard error."""
    found: list[Figure] = []
    for module in sorted(m.name for m in pkgutil.iter_modules(hmi.bench.__path__)):
        if not module.startswith(_PREFIX):
            continue
        try:
            found += importlib.import_module(f"hmi.bench.{module}").figures()
        except UsageError as error:
            Console(stderr=True).print(f"{module.removeprefix(_PREFIX)}: {error}", markup=False)
    return found
