"""What the program refuses before Qt starts, in one sentence each."""

from __future__ import annotations

import subprocess
import sys

import pytest

from hmi.app import BASE_LIBRARIES, NO_DISPLAY, display_problem, library_problem, version_problem


@pytest.mark.parametrize(
    ("qt", "python", "refused"),
    [("6.12.0", (3, 11), True), ("6.12.0", (3, 12), False), ("6.11.3", (3, 11), False)],
)
def test_the_qt_version_that_kills_python_is_refused(qt: str, python: tuple[int, int], refused: bool) -> None:
    assert bool(version_problem(qt, python)) is refused


def test_missing_libraries_become_one_apt_line() -> None:
    sentence = library_problem(BASE_LIBRARIES, loads=lambda name: name != "libEGL.so.1")
    assert sentence.endswith("apt-get install -y --no-install-recommends libegl1")
    assert library_problem(BASE_LIBRARIES, loads=lambda name: True) == ""


def test_no_display_is_one_sentence_that_offers_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux has machines without a display")
    assert display_problem() == NO_DISPLAY
    assert "make demo-shot" in NO_DISPLAY


@pytest.mark.qt
def test_qt_calls_do_not_steal_references_to_none() -> None:
    pytest.importorskip("PySide6")
    code = (
        "import sys; from PySide6.QtCore import QObject; o = QObject(); before = sys.getrefcount(None)\n"
        "for _ in range(20000): o.setObjectName('x')\n"
        "sys.exit(abs(sys.getrefcount(None) - before) > 1000)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
