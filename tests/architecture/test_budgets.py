"""The architecture is a test: sizes, forbidden calls, plugins apart from each other, Qt where it belongs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILE_LINES = 600
FUNCTION_LINES = 60
QT = {"PySide6", "qasync", "pyqtgraph", "shiboken6"}
PLUGIN_KINDS = ("drivers", "exporters", "importers", "stores", "elements")


def sources(*tops: str) -> list[Path]:
    return sorted(p for top in tops for p in (ROOT / top).rglob("*.py") if "_shipped" not in p.parts)


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imports(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, node.lineno


def where(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


ONE_FILE_ON_PURPOSE = ("hmi/export/export_checker.py",)
"""It is handed to those who have nothing of ours, so it cannot be split."""


def test_files_stay_small() -> None:
    big = [
        f"{p.relative_to(ROOT)} {n}"
        for p in sources("hmi", "simulators", "tests")
        if (n := len(p.read_text(encoding="utf-8").splitlines())) > FILE_LINES
        and p.relative_to(ROOT).as_posix() not in ONE_FILE_ON_PURPOSE
    ]
    assert big == []


def test_functions_stay_small() -> None:
    long = [
        f"{where(path, node.lineno)} {node.name}"
        for path in sources("hmi", "simulators")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno + 1 > FUNCTION_LINES
    ]
    assert long == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(p.relative_to(ROOT))
        for p in sources("hmi", "simulators")
        if tree(p).body and ast.get_docstring(tree(p)) is None
    ]
    assert silent == []


def test_qt_only_where_it_belongs() -> None:
    allowed = ("hmi/ui/", "hmi/elements/", "hmi/app.py", "hmi/bench/")
    wrong = [
        where(path, line)
        for path in sources("hmi")
        for module, line in imports(path)
        if module.split(".")[0] in QT
        and (not path.relative_to(ROOT).as_posix().startswith(allowed) or path.name == "definition.py")
    ]
    assert wrong == []


def test_simulators_and_product_do_not_import_each_other() -> None:
    wrong = [where(p, n) for p in sources("hmi") for m, n in imports(p) if m.split(".")[0] == "simulators"]
    wrong += [where(p, n) for p in sources("simulators") for m, n in imports(p) if m.split(".")[0] == "hmi"]
    assert wrong == []


def test_one_plugin_never_imports_another() -> None:
    wrong = []
    for kind in PLUGIN_KINDS:
        for path in sources(f"hmi/{kind}"):
            own = path.relative_to(ROOT / "hmi" / kind).parts[0]
            wrong += [
                where(path, line)
                for module, line in imports(path)
                if module.startswith(f"hmi.{kind}.")
                and module.split(".")[2] != own
                and not own.endswith(".py")
            ]
    assert wrong == []


@pytest.mark.parametrize("library", ["pymodbus", "asyncua"])
def test_protocol_libraries_stay_in_their_driver(library: str) -> None:
    allowed = ("hmi/drivers/", "hmi/exporters/", "hmi/bench/")
    wrong = [
        where(p, n)
        for p in sources("hmi")
        for m, n in imports(p)
        if m.split(".")[0] == library and not p.relative_to(ROOT).as_posix().startswith(allowed)
    ]
    assert wrong == []


def test_no_code_that_runs_data() -> None:
    """No pickle, marshal, shelve, yaml, and eval only inside the expression compiler (reliability 3.1)."""
    banned = {"pickle", "marshal", "shelve", "yaml", "dill"}
    wrong = [
        where(p, n) for p in sources("hmi", "simulators") for m, n in imports(p) if m.split(".")[0] in banned
    ]
    for path in sources("hmi"):
        if path.relative_to(ROOT).as_posix().startswith("hmi/expressions/"):
            continue
        wrong += [
            where(path, node.lineno)
            for node in ast.walk(tree(path))
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in {"eval", "exec"}
        ]
    assert wrong == []


def test_time_comes_from_the_clock() -> None:
    """Wall time is asked for in hmi/core/clock.py only (style 7)."""
    banned = {
        ("time", "time"),
        ("time", "time_ns"),
        ("datetime", "now"),
        ("datetime", "utcnow"),
        ("date", "today"),
    }
    wrong = [
        where(path, node.lineno)
        for path in sources("hmi")
        if path.relative_to(ROOT).as_posix() != "hmi/core/clock.py" and "hmi/bench" not in path.as_posix()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr) in banned
    ]
    assert wrong == []


CARRYING = Path(
    "hmi/ui/trend/drag.py"
)  # QDrag knows no other way; Qt turns the loop while something is carried


def test_dialogs_are_never_executed() -> None:
    wrong = [
        where(path, node.lineno)
        for path in sources("hmi/ui", "hmi/elements")
        if path != ROOT / CARRYING
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"exec", "exec_"}
    ]
    assert wrong == []


def test_core_uses_the_standard_library_only() -> None:
    import sys

    wrong = [
        where(path, line)
        for path in sources("hmi/core")
        for module, line in imports(path)
        if module.split(".")[0] not in sys.stdlib_module_names and not module.startswith("hmi.core")
    ]
    assert wrong == []


PAINTING = Path("hmi/ui/paint.py")  # the one place that makes a painter


def test_a_painter_always_ends() -> None:
    """A painter that outlives an error in a paint event takes the process with it: ``painting()`` ends it."""
    bare = [
        where(path, node.lineno)
        for path in sources("hmi")
        if path != ROOT / PAINTING
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and _called(node) in {"QPainter", "QStylePainter"}
    ]
    assert bare == []


def _called(node: ast.Call) -> str:
    """The last part of the name of what is called."""
    named = node.func
    return named.attr if isinstance(named, ast.Attribute) else named.id if isinstance(named, ast.Name) else ""
