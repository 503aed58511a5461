"""Is the device behind the address the one it should be? Decided before the first value is used; pure."""

from __future__ import annotations

from hmi.acquisition.port import DeviceIdentity
from hmi.core.principal import Mode

SIMULATOR_VENDOR = "Watchkeeper simulator"


def identity_problem(identity: DeviceIdentity, *, mode: Mode, simulated: bool, session: str) -> str:
    """Empty when the link may be used, else one sentence.

    Simulator mode takes nothing but this session's simulator; a real connection never takes a simulator.
    """
    is_simulator = identity.vendor == SIMULATOR_VENDOR
    if mode is Mode.SIMULATOR or simulated:
        if not is_simulator:
            return "the device does not identify itself as a Watchkeeper simulator; in simulator mode it is refused"
        if session and identity.session != session:
            return "this is the simulator of another session"
        return ""
    if is_simulator:
        return "a simulator answers at the address of a real device"
    return ""
