"""Stations on other machines: their server beside the local one, where one was asked for, and the book of stations."""

from __future__ import annotations

import logging
import socket
from pathlib import Path

from starlette.types import ASGIApp

from hmi.core.journal import Kind
from hmi.journal import SqliteJournal
from hmi.runtime._station_book import StationBook
from hmi.runtime._station_guard import StationGuard
from hmi.runtime._token_book import TokenBook
from hmi.security.it_tokens import ItTokens
from hmi.security.stations import Stations
from hmi.security.tls import TlsFolder
from hmi.serving import PatientServer

log = logging.getLogger(__name__)


class Remote:
    """Without ``listening`` no network port is opened; changes of stations and tokens are journalled all the same."""

    def __init__(self, app: ASGIApp, data: Path, listening: socket.socket | None) -> None:
        self.book = StationBook(Stations(data))
        self.tokens = TokenBook(ItTokens(data))
        self._listening = listening
        self.server: PatientServer | None = None
        if listening is not None:
            self.server = PatientServer(StationGuard(app, self.book), TlsFolder(data))

    async def follow(self, journal: SqliteJournal) -> None:
        """The file of stations, until cancelled."""
        self.book.restore(await journal.newest_of_each(Kind.AUDIT.value))
        await self.book.run(journal)

    async def follow_tokens(self, journal: SqliteJournal) -> None:
        """The file of tokens of IT, until cancelled."""
        self.tokens.restore(await journal.newest_of_each(Kind.AUDIT.value))
        await self.tokens.run(journal)

    async def follow_certificate(self) -> None:
        """Renewed files, until cancelled."""
        if self.server is not None:
            await self.server.follow()

    async def serve(self) -> None:
        """Until ``stop``; a fault here ends no control of the plant."""
        if self.server is None or self._listening is None:
            return
        host, port = self._listening.getsockname()[:2]
        log.warning("Stations on other machines are served at %s port %d (TLS).", host, port)
        try:
            await self.server.serve(sockets=[self._listening])
        except Exception:
            log.exception("Stations on other machines are served no more.")
        finally:
            self._listening.close()

    def stop(self) -> None:
        """Ask the server to end."""
        if self.server is not None:
            self.server.should_exit = True
