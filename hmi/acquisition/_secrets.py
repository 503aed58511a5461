"""Secrets of connections, read for each attempt to connect: a new one needs no restart, and none is kept longer."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from hmi.core.aside import Aside
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
        self._aside = Aside("secrets of connections")

    async def of(self, connection: ConnectionDef) -> Mapping[str, Any]:
        """The settings that the driver gets; CommunicationError when a secret cannot be read."""
        if self._secrets is None or not secrets_used(connection):
            return connection.settings
        try:
            return await self._aside.ask(partial(self._secrets.complete, connection), ANSWER_S)
        except TimeoutError:
            raise CommunicationError(tr("the key store of the system does not answer; unlock it")) from None
        except UsageError as error:
            raise CommunicationError(str(error)) from error
