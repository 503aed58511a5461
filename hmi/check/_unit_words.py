"""Engineering units that the linter knows: what they measure, and their codes of UNECE Recommendation 20."""

from __future__ import annotations

from typing import Final

# unit as written: (what it measures, code)
UNITS: Final[dict[str, tuple[str, str]]] = {
    "°C": ("temperature", "CEL"),
    "°F": ("temperature", "FAH"),
    "K": ("temperature", "KEL"),
    "Pa": ("pressure", "PAL"),
    "hPa": ("pressure", "A97"),
    "kPa": ("pressure", "KPA"),
    "MPa": ("pressure", "MPA"),
    "mbar": ("pressure", "MBR"),
    "bar": ("pressure", "BAR"),
    "psi": ("pressure", "PS"),
    "mm": ("length", "MMT"),
    "cm": ("length", "CMT"),
    "m": ("length", "MTR"),
    "km": ("length", "KMT"),
    "l": ("volume", "LTR"),
    "L": ("volume", "LTR"),
    "m³": ("volume", "MTQ"),
    "m3": ("volume", "MTQ"),
    "l/s": ("flow", "G51"),
    "L/s": ("flow", "G51"),
    "l/min": ("flow", "L2"),
    "L/min": ("flow", "L2"),
    "l/h": ("flow", "E32"),
    "L/h": ("flow", "E32"),
    "m³/h": ("flow", "MQH"),
    "m3/h": ("flow", "MQH"),
    "m³/s": ("flow", "MQS"),
    "m3/s": ("flow", "MQS"),
    "mg": ("mass", "MGM"),
    "g": ("mass", "GRM"),
    "kg": ("mass", "KGM"),
    "t": ("mass", "TNE"),
    "kg/h": ("mass flow", "E93"),
    "kg/s": ("mass flow", "KGS"),
    "mA": ("current", "4K"),
    "A": ("current", "AMP"),
    "mV": ("voltage", "2Z"),
    "V": ("voltage", "VLT"),
    "kV": ("voltage", "KVT"),
    "W": ("power", "WTT"),
    "kW": ("power", "KWT"),
    "MW": ("power", "MAW"),
    "Wh": ("energy", "WHR"),
    "kWh": ("energy", "KWH"),
    "MWh": ("energy", "MWH"),
    "Hz": ("frequency", "HTZ"),
    "rpm": ("speed of rotation", "RPM"),
    "1/min": ("speed of rotation", "C94"),
    "m/s": ("speed", "MTS"),
    "mm/s": ("speed", "C16"),
    "s": ("time", "SEC"),
    "min": ("time", "MIN"),
    "h": ("time", "HUR"),
    "d": ("time", "DAY"),
    "%": ("share", "P1"),
    "mg/l": ("concentration", "M1"),
    "mg/L": ("concentration", "M1"),
    "ppm": ("concentration", "59"),
    "pH": ("acidity", "Q30"),
}
CODES: Final[dict[str, str]] = {code: unit for unit, (_, code) in UNITS.items()}


def quantity(unit: str) -> str:
    """What a unit measures; empty for one that is not known here."""
    return UNITS.get(unit, ("", ""))[0]
