"""Finds and runs the benchmarks: every module here with a ``run`` is one."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

import hmi.bench
from hmi.bench.figure import Figure
from hmi.core.errors import UsageError

NOT_BENCHES = {"figure", "runner"}
ONLY_BY_NAME = {"chaos-commands", "chaos-history", "export-outage", "fuzz-writes"}
"""Proofs that take minutes; they run when they are asked for."""


def bench_names() -> tuple[str, ...]:
    """Benchmarks that can be asked for."""
    found = (m.name for m in pkgutil.iter_modules(hmi.bench.__path__) if not m.ispkg)
    public = (name for name in found if name not in NOT_BENCHES and not name.startswith("_"))
    return tuple(sorted(name.replace("_", "-") for name in public))


def run_benches(names: Sequence[str]) -> list[Figure]:
    """Run the named benchmarks, or all but the long proofs; UsageError for a name that does not exist."""
    known = bench_names()
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError(f"there is no benchmark {unknown[0]!r}; use: {', '.join(known)}")
    figures: list[Figure] = []
    for name in names or [name for name in known if name not in ONLY_BY_NAME]:
        figures += importlib.import_module(f"hmi.bench.{name.replace('-', '_')}").run()
    return figures


def print_table(figures: Sequence[Figure]) -> None:
    """The figures for people."""
    table = Table("figure", "value", "unit", "against", "goal", "held")
    for one in figures:
        shown = one.as_dict()
        cells = [
            "" if shown[k] is None else str(shown[k]) for k in ("figure", "value", "unit", "against", "goal")
        ]
        table.add_row(*cells, {True: "yes", False: "NO", None: ""}[shown["pass"]])
    Console().print(table)
