"""Passwords of connections, by the name of the connection: a driver gets them with its settings, a plant file never."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from hmi.core.errors import ConfigurationError, UsageError
from hmi.core.texts import tr
from hmi.plugins.definition import DriverDefinition, Setting
from hmi.plugins.discovery import definition
from hmi.project.plant import ConnectionDef
from hmi.security.secrets import CONNECTION, Secrets, variable_of

_USUAL = "password"


def secret_of(connection: str, setting: str = _USUAL) -> str:
    """What a secret setting of a connection is called among the secrets: ``connection/plc1``; other than a password
    ``connection/plc1/setting``.
    """
    return f"{CONNECTION}{connection}" if setting == _USUAL else f"{CONNECTION}{connection}/{setting}"


def secret_settings(driver: str) -> tuple[Setting, ...]:
    """The settings of a driver that are secrets; none of a driver that is not there."""
    try:
        found: DriverDefinition = definition("drivers", driver)
    except ConfigurationError:  # told when the plant was loaded
        return ()
    return tuple(one for one in found.settings if one.is_secret)


def secrets_used(connection: ConnectionDef) -> tuple[Setting, ...]:
    """Those that this connection uses, as its other settings say."""
    if not (declared := secret_settings(connection.driver)):
        return ()
    used = definition("drivers", connection.driver).secrets_of(connection.settings)
    return tuple(one for one in declared if one.name in used)


def missing_secrets(connection: ConnectionDef, is_kept: Callable[[str], bool]) -> list[str]:
    """Names of the secrets that a connection uses, that are not kept, and that no setting or file holds."""
    given = connection.settings
    return [
        name
        for one in secrets_used(connection)
        if not any(given.get(setting) for setting in (one.name, one.file_setting))
        and not is_kept(name := secret_of(connection.name, one.name))
    ]


def check_connection(name: str, connections: Iterable[ConnectionDef]) -> None:
    """UsageError for a name that begins as that of a connection's secret and leads to none of the plant."""
    known = [secret_of(one.name, each.name) for one in connections for each in secret_settings(one.driver)]
    if name.startswith(CONNECTION) and name not in known:
        raise UsageError(
            tr(
                "no connection of the plant takes the secret {name}; there is: {known}",
                name=repr(name),
                known=", ".join(known) or tr("none"),
            )
        )


def sharing(name: str, connections: Iterable[ConnectionDef]) -> list[str]:
    """Other secrets that these connections use and whose environment variable is that of ``name``."""
    used = (secret_of(one.name, each.name) for one in connections for each in secrets_used(one))
    return [one for one in used if one != name and variable_of(one) == variable_of(name)]


class ConnectionSecrets:
    """The secrets of the connections of one runtime; blocks as ``Secrets`` does: call it from a thread."""

    def __init__(
        self,
        data: Path,
        connections: Callable[[], Iterable[ConnectionDef]],
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        """``connections``: all of the plant in force, of which none gets the password of another one."""
        self._secrets, self._connections = Secrets(data, environment), connections

    def complete(self, connection: ConnectionDef) -> Mapping[str, Any]:
        """The settings of a connection with its secrets: what is kept goes before what plant.toml or a file holds.

        UsageError for a secret that is there and cannot be read, or whose variable may mean another one.
        """
        settings = dict(connection.settings)
        for one in secrets_used(connection):
            name = secret_of(connection.name, one.name)
            if self._secrets.is_in_environment(name):
                self._refuse_shared(name)
            kept = self._secrets.find(name)
            if kept is not None:
                settings[one.name] = kept
                settings.pop(one.file_setting, None)
        return settings

    def _refuse_shared(self, name: str) -> None:
        if others := sharing(name, self._connections()):
            raise UsageError(
                tr(
                    "the environment variable {variable} is that of {names} alike; remove it and use hmi "
                    "secret PLANT set, or rename a connection",
                    variable=variable_of(name),
                    names=", ".join(sorted((name, *others))),
                )
            )
