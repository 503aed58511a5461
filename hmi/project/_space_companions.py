"""What companion models say beyond the plain address space: devices (DI, Machinery) and machines (PackML)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hmi.project._space_model import Paths, SpaceNode

PACKML: Final = "http://opcfoundation.org/UA/PackML/"
IDENTITY: Final = (
    "Manufacturer", "Model", "ProductCode", "SerialNumber", "ProductInstanceUri", "HardwareRevision",
    "SoftwareRevision", "DeviceRevision", "DeviceClass", "YearOfConstruction", "AssetId", "ComponentName",
)  # fmt: skip
"""Properties by which a device or a machine says what it is (OPC 10000-100 table 9, OPC 40001-1 table 13)."""
STATE_NUMBER: Final = ("CurrentState", "Number")
"""The variable of a state machine and its property with the number of the state (OPC 10000-16 4.4)."""

STATES: Final = {
    1: "Clearing", 2: "Stopped", 3: "Starting", 4: "Idle", 5: "Suspended", 6: "Execute", 7: "Stopping",
    8: "Aborting", 9: "Aborted", 10: "Holding", 11: "Held", 12: "Unholding", 13: "Suspending", 14: "Unsuspending",
    15: "Resetting", 16: "Completing", 17: "Complete", 18: "Running", 19: "Cleared",
}  # fmt: skip
"""Numbers of the states (OPC 30050 6.2; 1 to 17 are those of ISA-TR88.00.02)."""
MODES: Final = {0: "Invalid", 1: "Production", 2: "Maintenance", 3: "Manual"}
_NUMBERED: Final = frozenset(
    ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "enum")
)
_STATES: Final = frozenset(("StateCurrent", "StateRequested"))
_MODES: Final = frozenset(("UnitModeCurrent", "UnitModeRequested"))


def recognise(nodes: Sequence[SpaceNode], paths: Paths) -> list[str]:
    """Give the variables of machines the texts of their states; a note for each machine.

    A machine changes its state by its commands; whatever a server says, nobody writes the state itself.
    """
    inside: list[int] = []
    machines: dict[int, str] = {}
    for place, node in enumerate(nodes):
        above = inside[node.parent] if node.parent >= 0 else -1
        begins = above < 0 and node.kind == "object" and PACKML in (node.type_space, node.space)
        inside.append(place if begins else above)
        if inside[-1] >= 0 and node.kind == "variable":
            machines.setdefault(inside[-1], paths.text(inside[-1]))
            _name_states(node, nodes)
    return [
        f"{machine} speaks PackML: its state is proposed with the texts of the states; its commands are methods "
        "and are left out, write them by hand"
        for machine in machines.values()
    ]


def _name_states(node: SpaceNode, nodes: Sequence[SpaceNode]) -> None:
    facts = node.facts
    if facts is None or facts.type not in _NUMBERED or facts.states:
        return
    above = nodes[node.parent].name if node.parent >= 0 else ""
    if node.name in _STATES or (above, node.name) == STATE_NUMBER:
        facts.type, facts.states, facts.is_writable = "enum", STATES, False
    elif node.name in _MODES:
        facts.type, facts.states = "enum", MODES
