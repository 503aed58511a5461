"""Secrets of connections, read for each attempt to connect: a new one needs no restart, and none is kept longer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from hmi.core.errors import CommunicationError, UsageError
from hmi.core.texts import tr
from hmi.project.plant import ConnectionDef
from hmi.security.connection_secrets import ConnectionSecrets, secrets_used

ANSWER_S = 10.0


class SettingsWithSecrets:
    """For all links of one runtime. A key store may ask a person and not answer: one thread of its own waits for it,
    so that nothing else of the runtime does.
    """

    def __init__(self, secrets: ConnectionSecrets | None) -> None:
        self._secrets = secrets
        self._thread: ThreadPoolExecutor | None = None

    async def of(self, connection: ConnectionDef) -> Mapping[str, Any]:
        """The settings that the driver gets; CommunicationError when a secret cannot be read."""
        if self._secrets is None or not secrets_used(connection):
            return connection.settings
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "secrets of connections")
        asked = asyncio.get_running_loop().run_in_executor(self._thread, self._secrets.complete, connection)
        try:
            async with asyncio.timeout(ANSWER_S):
                return await asked
        except TimeoutError:
            raise CommunicationError(tr("the key store of the system does not answer; unlock it")) from None
        except UsageError as error:
            raise CommunicationError(str(error)) from error
