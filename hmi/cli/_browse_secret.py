"""The password of a connection at ``hmi browse``: taken from where it is kept, and kept when it was typed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from hmi.cli._options import data_for
from hmi.core.texts import tr

if TYPE_CHECKING:
    from hmi.cli._browse_target import Target


def with_secrets(target: Target) -> dict[str, Any]:
    """The settings of a target; those of a connection of the plant with what is kept for it."""
    from hmi.security.connection_secrets import ConnectionSecrets

    if target.known is None or target.plant is None:
        return dict(target.settings)
    return dict(ConnectionSecrets(target.data, target.plant.connections.values).complete(target.known))


def keep_password(target: Target, plant: Path, data: Path | None, *, yes: bool) -> None:
    """Offer to keep the typed password for the connection of this plant, unless it would not be used there, or goes to
    another device.
    """
    from hmi.project import open_plant
    from hmi.security.connection_secrets import secret_of, secrets_used
    from hmi.security.secrets import Secrets

    opened = open_plant(plant)
    connection = opened.connections.get(target.connection)
    if connection is None or not secrets_used(connection):
        return
    if connection.settings["user"] != target.settings["user"] or target.endpoint not in connection.endpoints:
        return
    name = secret_of(connection.name)
    if yes or (
        sys.stdin.isatty() and typer.confirm(tr("Keep the password as {name}?", name=name), default=True)
    ):
        Secrets(data_for(opened.id, data)).put(name, str(target.settings["password"]))
        typer.echo(tr("{name}: kept", name=name), err=True)
        return
    typer.echo(
        tr("the password is not kept; put it in with: hmi secret {plant} set {name}", plant=plant, name=name),
        err=True,
    )
