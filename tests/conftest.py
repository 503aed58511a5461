"""What holds for every test: no display, no leaked asyncio task, texts in English."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from waterworks_session import WaterworksSession

sys.path.insert(0, str(Path(__file__).parent))

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # so a shell starts a run in the background; the processes that tests end with Ctrl+C would inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_API", "pyside6")
os.environ.setdefault("PYTEST_QT_API", "pyside6")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where Qt is not installed, its settings in pyproject.toml mean nothing, which is no mistake in them."""
    if find_spec("pytestqt") is None:
        for name in ("qt_log_level_fail", "qt_log_ignore"):
            parser.addini(name, "of pytest-qt, which is not installed")


@pytest.fixture(scope="module", autouse=True)
def collected_on_the_qt_thread(request: pytest.FixtureRequest) -> Iterator[None]:
    """As in a station: what a test of Qt leaves behind never dies on another thread, nor in a later module."""
    if request.node.get_closest_marker("qt") is None and request.node.path.parent.name != "ui":
        yield
        return
    from PySide6.QtCore import QEvent, Qt
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QWidget

    from hmi.ui.collecting import Collecting

    application = request.getfixturevalue("qapp")
    QTest.keyRelease(QWidget(), Qt.Key.Key_Shift)  # else keys of the last click of another module are held on
    collecting = Collecting()
    collecting.start()
    yield
    # what was to be deleted later waits for an event loop, and its timers run on in the modules between
    application.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    collecting.stop()


@pytest.fixture(scope="module")
def waterworks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WaterworksSession]:
    """A simulator and a runtime of their own for the tests of one module."""
    from waterworks_session import WaterworksSession

    session = WaterworksSession(tmp_path_factory.mktemp("waterworks"))
    try:
        session.start()
        yield session
    finally:
        session.stop()
