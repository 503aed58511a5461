"""What ends a process of Qt without a word of Python: loops inside loops, and objects on the wrong thread."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from test_budgets import ROOT, imports, sources, tree, where

MODAL = {"QMessageBox", "QInputDialog", "QColorDialog", "QFontDialog", "QProgressDialog", "QErrorMessage"}
"""Their questions turn a loop of their own: ``hmi.ui.closing.Question`` does not."""
OWN_LOOPS = {
    "exec",
    "exec_",
    "getSaveFileName",
    "getOpenFileName",
    "getOpenFileNames",
    "getExistingDirectory",
}
ALLOWED_LOOPS = {
    "hmi/app.py": "the loop of the application",
    "hmi/ui/trend/drag.py": "Qt looks itself whether what is dragged is still there",
}
FILE_DIALOGUE = "hmi/ui/trend/save_dialog.py"
THREADS = {
    "hmi/ui/link.py": "the thread of the client",
    "hmi/ui/crossing.py": "work beside the Qt thread",
    "hmi/ui/sounds.py": "two threads that live as long as their owner",
}
COLLECTOR = {"hmi/core/collector.py", "hmi/core/heap.py", "hmi/ui/collecting.py"}
UI = [*sources("hmi/ui"), ROOT / "hmi" / "app.py"]


def called(path: Path) -> Iterator[tuple[str, str, int]]:
    """(what it is called on, name, line) of every call."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                yield ast.unparse(node.func.value), node.func.attr, node.lineno
            elif isinstance(node.func, ast.Name):
                yield "", node.func.id, node.lineno


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_no_question_turns_a_loop_of_its_own() -> None:
    loops = [
        where(path, line)
        for path in UI
        if name_of(path) not in ALLOWED_LOOPS
        for owner, name, line in called(path)
        if owner and name in OWN_LOOPS
    ]
    assert loops == []
    names = {path: {node.id for node in ast.walk(tree(path)) if isinstance(node, ast.Name)} for path in UI}
    assert [name_of(path) for path, found in names.items() if found & MODAL] == []
    assert [name_of(path) for path, found in names.items() if "QFileDialog" in found] == [FILE_DIALOGUE]


def test_threads_begin_where_their_answers_find_their_way_back() -> None:
    starts = [
        where(path, line)
        for path in UI
        if name_of(path) not in THREADS
        for _owner, name, line in called(path)
        if name in {"Thread", "Timer", "QThread", "ThreadPoolExecutor", "start_new_thread"}
    ]
    assert starts == []
    asked = [where(path, line) for path in UI for name, line in imports(path) if name == "concurrent.futures"]
    assert asked == []


def test_the_collector_is_turned_in_one_place() -> None:
    """``gc.enable`` anywhere in a station would hand it back to every thread."""
    turned = [
        where(path, line)
        for path in sources("hmi/ui", "hmi/core", "hmi/client", "hmi/mimics", "hmi/project")
        if name_of(path) not in COLLECTOR
        for owner, name, line in called(path)
        if owner == "gc" and name in {"enable", "disable", "collect", "freeze", "unfreeze"}
    ]
    assert turned == []
