"""Seals go on, and say what fails, whatever a folder or a key store elsewhere does."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from hmi.core.errors import StorageError
from hmi.runtime import _audit_care
from hmi.runtime._audit_care import AuditCare
from hmi.testing.services import FakeJournal

pytestmark = pytest.mark.asyncio


class Hanging:
    """A further folder on a machine that is gone."""

    def __init__(self) -> None:
        self.back, self.tries = threading.Event(), 0

    def copy(self) -> None:
        self.tries += 1
        self.back.wait()


async def test_a_further_copy_that_hangs_is_told_and_tried_by_one_thread_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_audit_care, "ANSWER_S", 0.02)
    care = AuditCare(FakeJournal(), tmp_path, runtime_id="r", further=None, tell_failing=lambda *_: None)  # type: ignore[arg-type]
    sealer = Hanging()
    for _ in range(3):
        with pytest.raises(StorageError, match="does not answer"):
            await care._copy(sealer)  # type: ignore[arg-type]
    assert sealer.tries == 1
    sealer.back.set()
    monkeypatch.setattr(_audit_care, "ANSWER_S", 10.0)
    await care._copy(sealer)  # type: ignore[arg-type]
