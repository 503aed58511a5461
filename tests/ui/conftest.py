"""Helpers of the UI tests are importable by name, and their bot waits as long as a busy machine may take."""

from __future__ import annotations

import functools
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

PATIENCE_MS = 30_000
"""How long a wait for something that has to happen goes on; the five seconds of pytest-qt are too short for a file that
another test of the same machine keeps waiting.
"""


@pytest.fixture
def qtbot(qtbot: Any) -> Any:
    """A bot whose waits fail after ``PATIENCE_MS`` unless a test names a time of its own."""
    for name in ("waitUntil", "waitSignal", "waitSignals"):
        setattr(qtbot, name, functools.partial(getattr(qtbot, name), timeout=PATIENCE_MS))
    return qtbot
