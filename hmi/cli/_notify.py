"""``hmi notify``: tries the ways on which people outside of the control room are told of alarms."""

from __future__ import annotations

from typing import Annotated

import typer

from hmi.cli._options import DataDir, PlantFolder, data_for
from hmi.core.errors import UsageError


def notify(
    plant: PlantFolder,
    verb: Annotated[str, typer.Argument(help="test: send one test message.")],
    name: Annotated[str, typer.Argument(help="Name of a notification of plant.toml.")],
    data: DataDir = None,
) -> None:
    """Send one test message over a notification and say what came of it; exit 1 when it did not arrive."""
    import asyncio

    from hmi.core.clock import wall_ns
    from hmi.core.identity import new_id
    from hmi.notify import DeliveryError, Secrets, deliver, may_send, test_message
    from hmi.project import open_plant

    if verb != "test":
        raise UsageError(f"hmi notify does not know {verb!r}; write: hmi notify PLANT test NAME")
    opened = open_plant(plant)
    channel = next((one for one in opened.notifications if one.name == name), None)
    if channel is None:
        known = ", ".join(one.name for one in opened.notifications) or "none"
        raise UsageError(f"there is no notification {name!r} in plant.toml; there is: {known}")
    if not may_send(channel, simulated=opened.simulated):
        raise UsageError(f"{name}: a simulated plant sends nothing to other machines")
    message = test_message(channel, opened, new_id("test"), wall_ns())
    secrets = Secrets(data_for(opened.id, data))
    try:
        sent = asyncio.run(deliver(channel, message, channel.to, secrets))
    except DeliveryError as error:
        typer.echo(f"{name}: not sent: {error}", err=True)
        raise typer.Exit(1) from error
    missed = {**sent.refused, **sent.later}
    for one in channel.to:
        typer.echo(f"{name}: {one}: {missed.get(one, 'taken by the mail server')}")
    if not channel.to:
        typer.echo(f"{name}: taken by {channel.url}")
    if missed:
        raise typer.Exit(1)
