"""Instructor server: JSON lines on an owner-only socket, one verb per line."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import os
import secrets
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)
LINE_LIMIT = 1 << 20


class InstructorServer:
    """Answers one verb per line through ``handle``; a ValueError becomes ``ok: false`` with its sentence."""

    def __init__(self, handle: Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]) -> None:
        self._handle = handle
        self._server: asyncio.Server | None = None
        self._token = ""
        self._path: Path | None = None
        self._folder: Path | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.address = ""

    async def start(self, path: str = "") -> None:
        """Listen on ``path`` (or a fresh owner-only folder); on Windows on loopback with a token."""
        if sys.platform == "win32":
            self._token = secrets.token_urlsafe(24)
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=LINE_LIMIT)
            port = self._server.sockets[0].getsockname()[1]
            self.address = f"tcp:127.0.0.1:{port}:{self._token}"
            return
        if not path:
            self._folder = Path(tempfile.mkdtemp(prefix="watchkeeper-sim-"))
            path = str(self._folder / "sim.sock")
        self._path = Path(path)
        self._path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._serve, path, limit=LINE_LIMIT)
        finally:
            os.umask(before)
        self.address = f"unix:{path}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            if self._token:
                given = (await reader.readline()).strip().decode(errors="replace")
                if not hmac.compare_digest(given, self._token):
                    return
            while line := await reader.readline():
                writer.write(json.dumps(await self._answer(line)).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, asyncio.LimitOverrunError, ValueError) as error:
            log.info("instructor connection ended: %s", error)
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            message = json.loads(line)
            if not isinstance(message, dict):
                raise ValueError("a request is one JSON object per line")
            return {"ok": True, **await self._handle(message)}
        except json.JSONDecodeError as error:
            return {"ok": False, "error": f"the request is not JSON: {error.msg}"}
        except (ValueError, TypeError, KeyError) as error:
            return {"ok": False, "error": str(error)}

    async def stop(self) -> None:
        """Close the socket and take the file away."""
        if self._server:
            self._server.close()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._server.wait_closed()
        if self._path:
            self._path.unlink(missing_ok=True)
        if self._folder:
            self._folder.rmdir()
