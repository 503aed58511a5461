"""The station's side of the client: its own asyncio thread, questions from Qt and answers back to Qt."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any, NamedTuple

import shiboken6
from PySide6.QtCore import QObject, Signal

from hmi.client.port import ClientFactory, Listener, RuntimeClient
from hmi.core.errors import WatchkeeperError

log = logging.getLogger(__name__)

Verb = Callable[[RuntimeClient], Awaitable[Any]]
CLOSE_S = 3.0


class _Question(NamedTuple):
    """What was asked, by whom; never held by the client's thread, where a Qt object must not end."""

    verb: Verb
    owner: QObject
    done: Callable[[Any], None]
    failed: Callable[[str], None] | None


class Link(QObject):
    """Owns the client's thread. ``ask`` never blocks; ``done`` and ``failed`` run on the Qt thread.

    An answer to a widget that is gone by then is dropped.
    """

    _answered = Signal(object)

    def __init__(self, factory: ClientFactory, listener: Listener, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._loop = asyncio.new_event_loop()
        self._client: RuntimeClient | None = None
        self._factory, self._listener = factory, listener
        self._thread = threading.Thread(target=self._run, name="client", daemon=True)
        self._answered.connect(self._deliver)
        self._numbers = count()
        self._asked: dict[int, _Question] = {}
        self._ready = threading.Event()
        self.lens: Callable[[RuntimeClient], RuntimeClient] = lambda client: client
        """What a question sees of the client; asked on the Qt thread, with each question."""

    def start(self) -> None:
        self._thread.start()
        self._ready.wait()

    def ask(
        self,
        verb: Verb,
        *,
        owner: QObject,
        done: Callable[[Any], None],
        failed: Callable[[str], None] | None = None,
    ) -> None:
        """Carry out a verb on the client's loop; ``failed`` gets one sentence."""
        if self._loop.is_running() and self._client is not None:
            number = next(self._numbers)
            verb = _through(verb, self.lens(self._client))
            self._asked[number] = _Question(verb, owner, done, failed)
            asyncio.run_coroutine_threadsafe(self._carry_out(number), self._loop)

    def close(self) -> None:
        """End the client and its thread; at most a few seconds."""
        if not self._thread.is_alive():
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CLOSE_S)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.call_soon(self._begin)
        self._loop.run_forever()
        self._loop.run_until_complete(self._end())
        self._loop.close()

    def _begin(self) -> None:
        try:
            self._client = self._factory(self._listener)
        finally:
            self._ready.set()

    async def _end(self) -> None:
        if self._client is not None:
            try:
                await asyncio.wait_for(self._client.close(), CLOSE_S / 2)
            except (WatchkeeperError, TimeoutError, OSError) as error:
                log.warning("The connection to the runtime did not close cleanly: %s", error)
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _carry_out(self, number: int) -> None:
        """Has the number only, also in what a fault leaves behind: the question goes with its answer."""
        is_done, answer = True, None
        try:
            assert self._client is not None
            answer = await self._asked[number].verb(self._client)
        except asyncio.CancelledError:
            raise
        # The one border of the client's thread: whatever a verb raises becomes a sentence for the asker.
        except Exception as error:
            if not isinstance(error, WatchkeeperError | OSError):
                log.exception("A request to the runtime failed.")
            is_done, answer = False, str(error) or type(error).__name__
        if shiboken6.isValid(self):
            self._answered.emit((number, is_done, answer))

    def _deliver(self, letter: tuple[int, bool, Any]) -> None:
        number, is_done, answer = letter
        question = self._asked.pop(number)
        callback = question.done if is_done else question.failed
        if callback is not None and shiboken6.isValid(question.owner):
            callback(answer)


def _through(verb: Verb, seen: RuntimeClient) -> Verb:
    return lambda _: verb(seen)
