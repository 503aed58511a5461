"""``hmi secret``: passwords and tokens that the runtime needs for other programs, such as a mail server."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from hmi.cli._options import AsJson, DataDir, PlantFolder, data_for
from hmi.cli._passwords import hidden_line
from hmi.core.errors import UsageError
from hmi.core.texts import tr

_ACTIONS = ("set", "list", "delete")


def secret(
    plant: PlantFolder,
    action: Annotated[str, typer.Argument(help=" ".join(_ACTIONS))],
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="As plant.toml names it; of a connection connection/NAME.")
    ] = "",
    data: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Secrets by name: typed without echo or one line of standard input, never an option; list shows names only.

    connection/NAME is the password of a connection; a running runtime takes it at its next try, or with hmi reload.
    """
    from hmi.project import open_plant
    from hmi.security.connection_secrets import check_connection
    from hmi.security.secrets import Secrets, check_name

    if action not in _ACTIONS:
        known = ", ".join(_ACTIONS)
        raise UsageError(
            tr("hmi secret does not know {action}; use one of: {known}", action=repr(action), known=known)
        )
    if (action == "list") == bool(name):
        raise UsageError(tr("write: hmi secret PLANT set NAME, delete NAME, or list"))
    if action != "list":
        check_name(name)
    opened = open_plant(plant)
    secrets = Secrets(data_for(opened.id, data))
    if action == "list":
        _list(secrets.names(), as_json)
    elif action == "set":
        check_connection(name, opened.connections.values())
        secrets.put(name, hidden_line(tr("Secret (not shown): ")))
        typer.echo(tr("{name}: kept", name=name))
    else:
        secrets.delete(name)
        typer.echo(tr("{name}: deleted", name=name))


def _list(names: list[str], as_json: bool) -> None:
    import json

    if as_json:
        typer.echo(json.dumps(names))
        return
    for one in names:
        sys.stdout.write(f"{one}\n")
