"""Whether two addresses mean one place of a device, however they are written: the driver knows it."""

from __future__ import annotations

from collections.abc import Mapping

from hmi.core.errors import WatchkeeperError
from hmi.project._drivers import driver
from hmi.project._in_force import parameters_of
from hmi.project.plant import Plant


class Places:
    """Places of the connections of a plant; each address is looked at once."""

    def __init__(self, plant: Plant) -> None:
        self._connections = plant.connections
        self._known: dict[tuple[str, str, str], str] = {}

    def of(self, cells: Mapping[str, str]) -> str:
        """The place that a row names; the address as it stands where the driver does not know it."""
        key = (cells.get("connection", ""), cells.get("address", ""), cells.get("options", ""))
        if key not in self._known:
            self._known[key] = self._place(*key)
        return self._known[key]

    def _place(self, connection: str, address: str, options: str) -> str:
        one = self._connections.get(connection)
        if one is None or not address:
            return address
        try:
            return driver(one.driver).place_of(address, one.settings, parameters_of(options))
        except (WatchkeeperError, ValueError):
            return address
