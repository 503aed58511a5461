"""The process of the tones starts when the first display stands, after a few seconds at the latest, and once."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

import hmi.supervisor
from hmi.cli import _sessions

PATIENCE_S = 30.0


class Watched:
    """In the place of the supervisor; says when it runs."""

    begun = threading.Event()

    def __init__(self, specs: Any, data: Path) -> None:
        self._end = threading.Event()
        Watched.begun.clear()

    def run(self) -> int:
        Watched.begun.set()
        self._end.wait(PATIENCE_S)
        return 0

    def stop(self) -> None:
        self._end.set()


@pytest.fixture(autouse=True)
def _watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hmi.supervisor, "Supervisor", Watched)


def test_it_waits_for_the_first_display(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_sessions, "SOUNDER_BEGINS_S", PATIENCE_S)
    with _sessions._sounder(tmp_path, {}) as begin:
        assert not Watched.begun.is_set()
        begin()
        assert Watched.begun.wait(PATIENCE_S)


def test_it_does_not_wait_for_a_display_that_never_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_sessions, "SOUNDER_BEGINS_S", 0.01)
    with _sessions._sounder(tmp_path, {}):
        assert Watched.begun.wait(PATIENCE_S)


def test_a_station_that_closes_before_starts_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_sessions, "SOUNDER_BEGINS_S", PATIENCE_S)
    with _sessions._sounder(tmp_path, {}):
        pass
    assert not Watched.begun.is_set()
