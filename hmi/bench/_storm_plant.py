"""The plant of the storm: set points and pulses on several connections to one device, each with a number of its own."""

from __future__ import annotations

import msgspec

from hmi.bench.peers.opcua_device import URI
from hmi.core.values import EURange, ValueType
from hmi.project.plant import CommandRule, ConnectionDef, Plant, TagDef
from hmi.testing.plant import make_plant, make_tag

PULSES_OF_TEN = 2
_RANGE = EURange(0, 65_535)
_SETTINGS = {
    "modbus": {"timeout_ms": 150, "connect_timeout_ms": 1_000, "retries": 1, "demote_after": 1_000},
    "opcua": {"timeout_ms": 1_000, "keep_alive_ms": 2_000, "security": "none"},
}


class StormPlant(msgspec.Struct):
    """``port`` is that of the proxy; the runtime and the asker build the same plant from this."""

    protocol: str
    port: int
    links: int
    tags: int

    def plant(self) -> Plant:
        tags = [self._tag(number) for number in range(self.tags)]
        connections = {
            f"plc{number}": ConnectionDef(
                f"plc{number}", self.protocol, (self._endpoint(),), _SETTINGS[self.protocol], simulated=True
            )
            for number in range(self.links)
        }
        return make_plant(tags, connections=connections)

    def _endpoint(self) -> str:
        return (
            f"tcp://127.0.0.1:{self.port}"
            if self.protocol == "modbus"
            else f"opc.tcp://127.0.0.1:{self.port}/device/"
        )

    def _tag(self, number: int) -> TagDef:
        """Every value is told from its neighbour; nothing but the network stands against a command."""
        rule = CommandRule(max_step=0.0, tolerance=0.25, min_interval_ms=0, pulse=is_pulse(number))
        # half of the registers are written with function 6, the others with 16
        options = {"write": "multiple" if number % 4 < 2 else "single"} if self.protocol == "modbus" else {}
        return make_tag(
            f"n{number}", address=address_of(self.protocol, number), connection=f"plc{number % self.links}",
            type=ValueType.UINT64, scan="normal", range=_RANGE, command=rule, options=options,
        )  # fmt: skip


def is_pulse(number: int) -> bool:
    """Two tags of ten are pulses: sent once, not read back."""
    return number % 10 < PULSES_OF_TEN


def address_of(protocol: str, number: int) -> str:
    return f"{number} HR" if protocol == "modbus" else f"nsu={URI};s=n{number}"
