"""Where the tags of a list without connections of its own belong: a connection of the plant, or a new one."""

from __future__ import annotations

from hmi.project.importing import ImportContext, ImportFault, Place, ProposedConnection


def connection_of(context: ImportContext, driver: str, new: str) -> str:
    """The given connection, else the only one of the driver, else the name ``new``."""
    found = [name for name, one in context.connections.items() if one == driver]
    return context.connection or (found[0] if len(found) == 1 else new)


def proposed_connection(
    context: ImportContext, name: str, driver: str, endpoint: str
) -> tuple[tuple[ProposedConnection, ...], tuple[ImportFault, ...]]:
    """The connection where the plant has none of this name, with the remark that its address has to be written."""
    if name in context.connections:
        return (), ()
    what = f"the new connection {name} points to this machine"
    do = f"write the address of the device into endpoints of [connection.{name}] in plant.toml"
    return (ProposedConnection(name, driver, endpoint),), (ImportFault(what, Place(), do, is_error=False),)


def area_of(context: ImportContext, connection: str) -> tuple[str, dict[str, str]]:
    """What stands before every name, and the area that has to be made for it."""
    above = context.area or connection
    known = any(above == area or above.startswith(f"{area}/") for area in context.areas)
    return above, {} if known else {above: above.rpartition("/")[2]}
