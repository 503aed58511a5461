"""Register and node layouts of the equipment types of the waterworks PLCs."""

from __future__ import annotations

from simulators.kit.points import Signal

_DRIVE = (
    Signal("running", "bool", "IR+0.0"),
    Signal("ready", "bool", "IR+0.1"),
    Signal("fault", "bool", "IR+0.2"),
    Signal("remote", "bool", "IR+0.3"),
    Signal("auto", "bool", "IR+0.4"),
    Signal("interlock", "bool", "IR+0.5"),
)

PUMP = (
    *_DRIVE,
    Signal("speed", "float32", "IR+1", unit="%", low=0, high=100),
    Signal("power", "float32", "IR+3", unit="kW", low=0, high=250),
    Signal("hours", "float32", "IR+5", unit="h", low=0, high=100000),
    Signal("starts", "uint16", "IR+7"),
    Signal("state", "uint16", "IR+8"),
    Signal("trip_code", "uint16", "IR+9"),
    Signal("start", "bool", "C+0", writable=True),
    Signal("stop", "bool", "C+1", writable=True),
    Signal("reset", "bool", "C+2", writable=True),
    Signal("auto_cmd", "bool", "C+3", writable=True),
    Signal("oos", "bool", "C+4", writable=True),
    Signal("speed_sp", "float32", "HR+1", writable=True, unit="%", low=0, high=100),
)

VALVE = (
    Signal("opened", "bool", "IR+0.0"),
    Signal("closed", "bool", "IR+0.1"),
    Signal("fault", "bool", "IR+0.2"),
    Signal("remote", "bool", "IR+0.3"),
    Signal("auto", "bool", "IR+0.4"),
    Signal("position", "float32", "IR+1", unit="%", low=0, high=100),
    Signal("state", "uint16", "IR+3"),
    Signal("auto_cmd", "bool", "C+0", writable=True),
    Signal("open", "bool", "C+1", writable=True),
    Signal("close", "bool", "C+2", writable=True),
)

CONTROL_VALVE = (*VALVE, Signal("position_sp", "float32", "HR+1", writable=True, unit="%", low=0, high=100))

ANALOGUE = (
    Signal("pv", "float32", "IR+0"),
    Signal("fault", "bool", "IR+2.0"),
)

TANK = (
    Signal("pv", "float32", "IR+0", unit="%", low=0, high=100),
    Signal("volume", "float32", "IR+2", unit="m³", low=0, high=5000),
    Signal("fault", "bool", "IR+4.0"),
    Signal("high", "bool", "IR+4.1"),
    Signal("low", "bool", "IR+4.2"),
)

LOOP = (
    Signal("pv", "float32", "IR+0"),
    Signal("sp", "float32", "HR+0", writable=True),
    Signal("op", "float32", "HR+2", writable=True, unit="%", low=0, high=100),
    Signal("mode", "uint16", "HR+4", writable=True),
)

DOSER = (
    *_DRIVE,
    Signal("speed", "float32", unit="%", low=0, high=100),
    Signal("hours", "float32", unit="h", low=0, high=100000),
    Signal("state", "uint16"),
    Signal("start", "bool", writable=True),
    Signal("stop", "bool", writable=True),
    Signal("reset", "bool", writable=True),
    Signal("auto_cmd", "bool", writable=True),
    Signal("speed_sp", "float32", writable=True, unit="%", low=0, high=100),
)

MIXER = (
    Signal("running", "bool"),
    Signal("fault", "bool"),
    Signal("remote", "bool"),
    Signal("auto", "bool"),
    Signal("state", "uint16"),
    Signal("start", "bool", writable=True),
    Signal("stop", "bool", writable=True),
    Signal("reset", "bool", writable=True),
    Signal("auto_cmd", "bool", writable=True),
)

FILTER = (
    Signal("dp", "float32", unit="m", low=0, high=3),
    Signal("turbidity", "float32", unit="NTU", low=0, high=1),
    Signal("hours", "float32", unit="h", low=0, high=72),
    Signal("level", "float32", unit="m", low=0, high=3),
    Signal("flow", "float32", unit="m³/h", low=0, high=500),
    Signal("state", "uint16"),
    Signal("inlet_open", "bool"),
    Signal("outlet_open", "bool"),
    Signal("queued", "bool"),
    Signal("backwash", "bool", writable=True),
    Signal("in_service", "bool", writable=True),
)

OPC_VALVE = tuple(Signal(s.name, s.type, "", s.writable, s.unit, s.low, s.high) for s in VALVE)

DRIVE_STATES = ("Stopped", "Starting", "Running", "Stopping", "Tripped", "Standby", "Out of service")
TRIP_CODES = ("None", "Overload", "Low level", "Start failure", "Low pressure")
VALVE_STATES = ("Closed", "Open", "Travelling", "Fault", "Intermediate")
LOOP_MODES = ("Manual", "Auto", "Cascade")
FILTER_STATES = (
    "Standby",
    "Filtering",
    "Drain",
    "Air scour",
    "Air and water",
    "Rinse",
    "Filter to waste",
    "Out of service",
)
