"""Reading beside the writer: each reader has a connection and a thread of its own, and can be given up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import apsw

from hmi.core.errors import StorageError
from hmi.journal._reader import JournalReader

READERS = 2
T = TypeVar("T")


class Readers:
    """A few readers, taken in turn; a caller that is cancelled leaves its reader free at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = ThreadPoolExecutor(READERS, thread_name_prefix="journal reader")
        self._idle: list[JournalReader] = []
        self._places = asyncio.Semaphore(READERS)
        self._closed = False

    async def run(self, work: Callable[[JournalReader], T]) -> T:
        """The result of ``work`` on a reader; StorageError when the file cannot be read."""
        async with self._places:
            if self._closed:
                raise StorageError(f"{self._path}: the journal is closed")
            try:
                reader = self._idle.pop() if self._idle else await self._opened()
                return await self._on(reader, work)
            except (apsw.Error, OSError) as error:
                raise StorageError(f"{self._path}: {error}") from error

    async def close(self) -> None:
        """Waits for what is being read; a second call does nothing."""
        if self._closed:
            return
        self._closed = True
        for _ in range(READERS):
            await self._places.acquire()
        for reader in self._idle:
            reader.close()
        self._idle.clear()
        for _ in range(READERS):
            self._places.release()
        self._threads.shutdown()

    async def _opened(self) -> JournalReader:
        return await asyncio.get_running_loop().run_in_executor(self._threads, JournalReader, self._path)

    async def _on(self, reader: JournalReader, work: Callable[[JournalReader], T]) -> T:
        """The place is given back only when the thread has let go of the connection."""
        reader.begin()
        running = asyncio.get_running_loop().run_in_executor(self._threads, work, reader)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            reader.give_up()
            await asyncio.wait([running])
            running.exception()  # it was interrupted: nobody asks for its result any more
            raise
        finally:
            self._idle.append(reader)
