"""What is asked of the client's thread, and what that thread never holds."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any
from weakref import finalize

import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import QObject
from shell_plant import plant, values

from hmi.core.errors import CommunicationError
from hmi.testing.client import FakeClient
from hmi.ui.link import Link
from hmi.ui.mailbox import Mailbox

pytestmark = pytest.mark.qt


@pytest.fixture
def link(qapp: Any) -> Iterator[Link]:
    made = Link(lambda listener: FakeClient(listener, plant(), values()), Mailbox())
    made.start()
    yield made
    made.close()


class Asker(QObject):
    """Asks, and is held by nobody else afterwards."""

    def __init__(self, link: Link, fault: type[Exception] | None, ended_on: list[str]) -> None:
        super().__init__()
        self.go, self.fault = threading.Event(), fault
        self.answers: list[str] = []
        finalize(self, lambda: ended_on.append(threading.current_thread().name))
        link.ask(lambda _: self.look(), owner=self, done=self.take)

    async def look(self) -> str:
        self.go.wait()
        if self.fault is not None:
            raise self.fault("no")
        return threading.current_thread().name

    def take(self, answer: str) -> None:
        self.answers.append(f"{answer} told {threading.current_thread().name}")


@pytest.mark.parametrize("fault", [None, CommunicationError, OSError])
def test_who_asked_ends_on_the_qt_thread_also_when_nobody_waits_any_more(
    link: Link, qtbot: Any, fault: type[Exception] | None
) -> None:
    ended_on: list[str] = []
    asker = Asker(link, fault, ended_on)
    go, answers = asker.go, asker.answers
    del asker
    go.set()
    qtbot.waitUntil(lambda: bool(ended_on))
    assert ended_on == [threading.main_thread().name]
    assert answers == ([] if fault else ["client told MainThread"])


def test_nothing_is_kept_of_what_was_answered(link: Link, qtbot: Any) -> None:
    ended_on: list[str] = []
    asker = Asker(link, None, ended_on)
    asker.go.set()
    answers = asker.answers
    qtbot.waitUntil(lambda: bool(answers))
    assert ended_on == []
    del asker
    assert ended_on == [threading.main_thread().name]
