"""Threads of their own for questions that may never be answered, such as those to a locked key store."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

Found = TypeVar("Found")


def within(question: Callable[[], Found], within_s: float) -> Found:
    """Its answer, waited for here; TimeoutError without one."""
    answer = Future[Found]()
    threading.Thread(target=_answer, args=(answer, question), name="question", daemon=True).start()
    return answer.result(within_s)


class Aside:
    """A question that hangs holds up the next ones alone: no other thread of the program, and not its end."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._thread: threading.Thread | None = None
        self._waiting: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._news = threading.Condition()

    async def ask(self, question: Callable[[], Found], within_s: float) -> Found:
        """Its answer; TimeoutError without one, and a question that was not begun until then is not asked any more."""
        answer = Future[Any]()
        one = answer, question
        with self._news:
            self._waiting.append(one)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._news.notify()
        try:
            async with asyncio.timeout(within_s):
                return await asyncio.wrap_future(answer)
        finally:
            with self._news, suppress(ValueError):
                self._waiting.remove(one)

    def _run(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._waiting)
                answer, question = self._waiting.popleft()
            _answer(answer, question)


def _answer(answer: Future[Any], question: Callable[[], Any]) -> None:
    if not answer.set_running_or_notify_cancel():
        return
    try:
        answer.set_result(question())
    except Exception as error:  # raised where it is waited for
        answer.set_exception(error)
