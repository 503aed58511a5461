"""Passwords of connections: none that stands in plant.toml, and none that is missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hmi.project.draft import Draft
from hmi.project.plant import ConnectionDef
from hmi.security.connection_secrets import missing_secrets, secret_of, secret_settings, secrets_used, sharing
from hmi.security.secrets import Secrets, variable_of


def check_secrets(draft: Draft, data_of: Callable[[str], Path] | None = None) -> None:
    """Warnings. ``data_of``: the data folder of a plant by its id, which has its secrets; without it none is missed."""
    for connection in draft.connections.values():
        for one in secret_settings(connection.driver):
            if connection.settings.get(one.name):
                _tell_in_file(draft, connection, one.name)
        _check_variable(draft, connection)
        if data_of is not None:
            _check_missing(draft, connection, data_of)


def _tell_in_file(draft: Draft, connection: ConnectionDef, setting: str) -> None:
    draft.findings.warning(
        draft.head_file,
        draft.head_line(("connection", connection.name, "settings", setting)),
        f"connection {connection.name}: its {setting} stands in plant.toml, for everybody who gets the plant",
        f"{_command(draft, connection, setting)}, then remove the line; whoever saw it knows it, so change it at the "
        "device",
        rule="secret-in-file",
    )


def _check_variable(draft: Draft, connection: ConnectionDef) -> None:
    for one in secrets_used(connection):
        name = secret_of(connection.name, one.name)
        if others := sharing(name, draft.connections.values()):
            draft.findings.warning(
                draft.head_file,
                draft.head_line(("connection", connection.name)),
                f"connection {connection.name}: its {one.name} has the same environment variable "
                f"({variable_of(name)}) as {', '.join(others)}; both are refused where that is set",
                "use hmi secret PLANT set, or rename a connection",
                rule="secret-variable",
            )


def _check_missing(draft: Draft, connection: ConnectionDef, data_of: Callable[[str], Path]) -> None:
    used = secret_settings(connection.driver)
    if not used or not missing_secrets(connection, lambda _: False):
        return
    is_known = Secrets(data_of(str(draft.head["id"]))).is_known
    missing = missing_secrets(connection, is_known)
    for one in used:
        if secret_of(connection.name, one.name) in missing:
            draft.findings.warning(
                draft.head_file,
                draft.head_line(("connection", connection.name, "settings")),
                f"connection {connection.name}: it logs in with a user, and this machine keeps no {one.name} for it",
                f"{_command(draft, connection, one.name)}, on the machine of the runtime",
                rule="secret-missing",
            )


def _command(draft: Draft, connection: ConnectionDef, setting: str) -> str:
    return f"hmi secret {draft.folder} set {secret_of(connection.name, setting)}"
