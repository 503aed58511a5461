"""Devices and servers of Ignition as connections of the plant."""

from __future__ import annotations

from collections.abc import Mapping

from hmi.importers.ignition._address import OWN_SERVER
from hmi.project.import_names import legal_part
from hmi.project.importing import ImportContext, ImportFault, Place, ProposedConnection

_ENDPOINTS = {"modbus": "tcp://127.0.0.1:502", "opcua": "opc.tcp://127.0.0.1:4840"}
_OWN_ENDPOINT = "opc.tcp://127.0.0.1:62541"


class Connections:
    """Finds the connection of a device: as ``chosen`` says, by its name, the given one for the first other device of
    its driver, else a new one.
    """

    def __init__(self, context: ImportContext, chosen: Mapping[str, str]) -> None:
        self._context, self._wanted = context, chosen
        self._is_given_taken = False
        self._known = {name.casefold(): name for name in context.connections}
        self._chosen: dict[tuple[str, str], str] = {}
        self.proposed: dict[str, ProposedConnection] = {}
        self.faults: list[ImportFault] = []

    def of(self, driver: str, device: str) -> str:
        """The name of the connection for a device of Ignition's Modbus driver or an OPC UA server."""
        key = (driver, device := device.strip() or driver)
        if key not in self._chosen:
            self._chosen[key] = self._choose(driver, device)
        return self._chosen[key]

    def _choose(self, driver: str, device: str) -> str:
        if (wanted := self._wanted.get(device, "")) != "":
            return wanted
        name = legal_part(device).lower() or driver
        for known in (device.casefold(), name):
            if self._context.connections.get(self._known.get(known, ""), "") == driver:
                return self._known[known]
        given = self._context.connection
        if given and not self._is_given_taken and self._context.connections.get(given, driver) == driver:
            self._is_given_taken = True
            what = f"the device {device} is taken for the connection {given}"
            do = f"say another one with --set devices={device}=NAME"
            self.faults.append(ImportFault(what, Place(path=device), do, is_error=False))
            return given
        while name in self.proposed or name in self._context.connections:
            name += "_2"
        endpoint = _OWN_ENDPOINT if device == OWN_SERVER else _ENDPOINTS[driver]
        self.proposed[name] = ProposedConnection(name, driver, endpoint)
        what = f"the file does not say where {device} is: the new connection {name} points to this machine"
        do = f"write its address into endpoints of [connection.{name}] in plant.toml"
        self.faults.append(ImportFault(what, Place(path=device), do, is_error=False))
        return name
