"""The point list of the waterworks: every tag that its three connections serve, with address and unit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from simulators.kit.points import Point, Signal, equipment_points
from simulators.waterworks import layouts


@dataclass(frozen=True, slots=True)
class Transmitter:
    """One analogue instrument: truth key, range, first-order lag (s), noise (1 sigma, EU), resolution (EU)."""

    name: str
    plc: str
    device: int
    base: int
    unit: str
    low: float
    high: float
    lag: float
    noise: float
    resolution: float
    description: str
    kind: str = "analogue"
    raw_high: float = 0.0


def _plc1(name: str, base: int, *rest: object, kind: str = "analogue") -> Transmitter:
    return Transmitter(name, "plc1", 1, base, *rest, kind=kind)  # type: ignore[arg-type]


def _opc(name: str, *rest: object) -> Transmitter:
    return Transmitter(name, "opc", 0, 0, *rest)  # type: ignore[arg-type]


def _rtu(
    name: str, device: int, base: int, *rest: object, kind: str = "analogue", raw: float = 0.0
) -> Transmitter:
    return Transmitter(name, "rtu", device, base, *rest, kind=kind, raw_high=raw)  # type: ignore[arg-type]


TRANSMITTERS: tuple[Transmitter, ...] = (
    _plc1("intake/at101", 401, "NTU", 0, 40, 4.0, 0.05, 0.01, "Raw turbidity"),
    _plc1("intake/at102", 405, "pH", 4, 10, 5.0, 0.008, 0.01, "Raw pH"),
    _plc1("intake/tt101", 409, "°C", 0, 30, 5.0, 0.02, 0.1, "Raw temperature"),
    _plc1("intake/at103", 413, "µS/cm", 0, 500, 4.0, 0.6, 1.0, "Raw conductivity"),
    _plc1("intake/lt101", 417, "m", 0, 6, 2.0, 0.006, 0.01, "River wet-well level"),
    _plc1("intake/ft101", 421, "m³/h", 0, 2000, 1.5, 2.0, 1.0, "Raw-water flow"),
    _plc1("intake/pt101", 425, "bar", 0, 6, 1.0, 0.006, 0.01, "Raw-water header pressure"),
    _plc1("intake/dp101", 429, "m", 0, 1, 2.0, 0.003, 0.01, "Intake screen head loss"),
    _plc1("distribution/ft501", 433, "m³/h", 0, 2000, 1.5, 2.0, 1.0, "Finished-water flow"),
    _plc1("distribution/pt501", 437, "bar", 0, 10, 1.0, 0.008, 0.01, "High-lift header pressure"),
    _plc1("utilities/pt602", 441, "bar", 0, 10, 1.0, 0.01, 0.01, "Instrument-air pressure"),
    _plc1("utilities/jt601", 445, "kW", 0, 800, 1.0, 0.8, 1.0, "Site power"),
    _plc1("utilities/et601", 449, "V", 0, 500, 0.5, 0.5, 1.0, "Supply voltage"),
    _plc1("utilities/lt601", 453, "%", 0, 100, 2.0, 0.05, 0.1, "Wash-water tank level"),
    _plc1("clearwell/lt401", 601, "%", 0, 100, 2.0, 0.05, 0.1, "Clear-well level", kind="tank"),
    _opc("clarification/at205", "NTU", 0, 5, 6.0, 0.008, 0.01, "Settled turbidity"),
    _opc("clarification/at206", "pH", 4, 10, 5.0, 0.006, 0.01, "Coagulated pH"),
    _opc("clarification/lt205", "m", 0, 3, 5.0, 0.01, 0.1, "Sludge-blanket level"),
    _opc("clarification/lt206", "m", 0, 6, 2.0, 0.004, 0.1, "Clarifier level"),
    _opc("clarification/lt211", "%", 0, 100, 2.0, 0.05, 0.1, "Alum day-tank level"),
    _opc("clarification/lt212", "%", 0, 100, 2.0, 0.05, 0.1, "Polymer day-tank level"),
    _opc("filtration/at310", "NTU", 0, 1, 5.0, 0.002, 0.001, "Combined filtered turbidity"),
    _opc("clearwell/at402", "mg/L", 0, 2, 6.0, 0.004, 0.01, "Chlorine residual"),
    _opc("clearwell/at403", "pH", 4, 10, 5.0, 0.006, 0.01, "Finished pH"),
    _opc("clearwell/at404", "mg/L", 0, 2, 8.0, 0.004, 0.01, "Fluoride"),
    _opc("clearwell/tt401", "°C", 0, 30, 5.0, 0.02, 0.1, "Clear-well temperature"),
    _opc("clearwell/lt402", "%", 0, 100, 2.0, 0.05, 0.1, "NaOCl day-tank level"),
    _rtu("distribution/lt510", 1, 601, "%", 0, 100, 2.0, 0.05, 0.1, "Elevated tank level", kind="tank"),
    _rtu("distribution/ft511", 1, 401, "m³/h", 0, 2000, 1.5, 2.0, 1.0, "Flow to network"),
    _rtu("distribution/pt511", 1, 405, "bar", 0, 10, 1.0, 0.006, 0.01, "Network inlet pressure"),
    _rtu("distribution/at511", 1, 409, "mg/L", 0, 2, 6.0, 0.004, 0.01, "Tank outlet chlorine"),
    _rtu("distribution/lt520", 2, 601, "%", 0, 100, 2.0, 0.05, 0.1, "Hill reservoir level", kind="tank"),
    _rtu("distribution/ft520", 2, 401, "m³/h", 0, 1000, 1.5, 1.0, 1.0, "Hill reservoir inflow"),
    _rtu("distribution/ft521", 2, 405, "m³/h", 0, 1000, 1.5, 1.0, 1.0, "High-zone flow"),
    _rtu("distribution/pt521", 2, 409, "bar", 0, 12, 1.0, 0.008, 0.01, "Booster discharge pressure"),
    _rtu(
        "distribution/pt531",
        3,
        1,
        "bar",
        0,
        10,
        1.0,
        0.006,
        0.001,
        "Low-zone pressure",
        kind="tag",
        raw=10000,
    ),
    _rtu(
        "distribution/pt532",
        3,
        2,
        "bar",
        0,
        10,
        1.0,
        0.006,
        0.001,
        "West end pressure",
        kind="tag",
        raw=10000,
    ),
    _rtu(
        "distribution/pt533",
        3,
        3,
        "bar",
        0,
        10,
        1.0,
        0.006,
        0.001,
        "East end pressure",
        kind="tag",
        raw=10000,
    ),
    _rtu(
        "distribution/pt534",
        3,
        4,
        "bar",
        0,
        10,
        1.0,
        0.006,
        0.001,
        "High-zone end pressure",
        kind="tag",
        raw=10000,
    ),
    _rtu("distribution/ft531", 3, 5, "m³/h", 0, 1000, 1.5, 1.0, 0.1, "Low-zone flow", kind="tag", raw=10000),
    _rtu(
        "distribution/at531",
        3,
        6,
        "mg/L",
        0,
        2,
        6.0,
        0.004,
        0.001,
        "Low-zone chlorine",
        kind="tag",
        raw=10000,
    ),
    _rtu(
        "distribution/tt531",
        3,
        7,
        "°C",
        -20,
        60,
        10.0,
        0.02,
        0.1,
        "Network water temperature",
        kind="tag",
        raw=8000,
    ),
)

PUMPS = (
    ("intake/p101a", "Raw-water pump P-101A", "plc1", 1, 101, 1),
    ("intake/p101b", "Raw-water pump P-101B", "plc1", 1, 121, 9),
    ("intake/p101c", "Raw-water pump P-101C", "plc1", 1, 141, 17),
    ("distribution/p501a", "High-lift pump P-501A", "plc1", 1, 161, 25),
    ("distribution/p501b", "High-lift pump P-501B", "plc1", 1, 181, 33),
    ("distribution/p501c", "High-lift pump P-501C", "plc1", 1, 201, 41),
    ("distribution/p521a", "Booster pump P-521A", "rtu", 2, 101, 1),
    ("distribution/p521b", "Booster pump P-521B", "rtu", 2, 121, 9),
)
VALVES = (
    ("intake/xv101a", "Discharge valve XV-101A", "plc1", 1, 301, 101),
    ("intake/xv101b", "Discharge valve XV-101B", "plc1", 1, 311, 105),
    ("intake/xv101c", "Discharge valve XV-101C", "plc1", 1, 321, 109),
    ("distribution/xv501a", "Discharge valve XV-501A", "plc1", 1, 331, 113),
    ("distribution/xv501b", "Discharge valve XV-501B", "plc1", 1, 341, 117),
    ("distribution/xv501c", "Discharge valve XV-501C", "plc1", 1, 351, 121),
)
CONTROL_VALVES = (
    ("distribution/fcv511", "Network control valve FCV-511", "rtu", 1, 301, 101),
    ("distribution/fcv521", "Hill reservoir inlet valve FCV-521", "rtu", 2, 301, 101),
)
# name, description, plc, device, base, PV unit, low, high, SP written to drives in
LOOPS = (
    ("intake/fic101", "Raw-water flow control", "plc1", 1, 501, "m³/h", 0, 2000),
    ("clearwell/lic401", "Clear-well level control", "plc1", 1, 511, "%", 0, 100),
    ("distribution/pic501", "High-lift pressure control", "plc1", 1, 521, "bar", 0, 10),
    ("distribution/lic510", "Elevated tank level control", "plc1", 1, 531, "%", 0, 100),
    ("distribution/pic511", "Network pressure control", "rtu", 1, 501, "bar", 0, 10),
    ("distribution/lic520", "Hill reservoir level control", "rtu", 2, 501, "%", 0, 100),
    ("distribution/pic521", "High-zone pressure control", "rtu", 2, 511, "bar", 0, 12),
    ("clarification/fic211", "Alum dose control", "opc", 0, 0, "mg/L", 0, 40),
    ("clarification/fic212", "Polymer dose control", "opc", 0, 0, "mg/L", 0, 1),
    ("clearwell/fic401", "NaOCl dose control", "opc", 0, 0, "mg/L", 0, 5),
    ("clearwell/aic402", "Chlorine residual control", "opc", 0, 0, "mg/L", 0, 2),
)
DOSERS = (
    ("clarification/p211", "Alum dosing pump P-211"),
    ("clarification/p212", "Polymer dosing pump P-212"),
    ("clearwell/p401", "NaOCl dosing pump P-401"),
)
MIXERS = (
    ("clarification/m201", "Rapid mixer M-201"),
    ("clarification/m202", "Flocculator M-202"),
    ("clarification/m203", "Flocculator M-203"),
    ("clarification/m204", "Flocculator M-204"),
)
FILTERS = tuple((f"filtration/f30{n}", f"Filter F-30{n}") for n in range(1, 7))


def _single(name: str, plc: str, device: int, type: str, address: str, text: str, **more: object) -> Point:
    return Point(name, plc, device, type, address, text, **more)  # type: ignore[arg-type]


SINGLES: tuple[Point, ...] = (
    _single("site/plc1.life", "plc1", 1, "uint16", "IR1", "Intake and high-lift PLC life counter"),
    _single("site/plc1.frozen", "plc1", 1, "bool", "DI1", "Simulation frozen"),
    _single("site/plc1.interlocks", "plc1", 1, "uint16", "IR2", "Active interlocks"),
    _single("intake/raw.lead", "plc1", 1, "uint16", "HR11", "Lead raw-water pump", writable=True),
    _single("intake/raw.lag", "plc1", 1, "uint16", "IR11", "Next raw-water pump"),
    _single("intake/raw.pumps_running", "plc1", 1, "uint16", "IR12", "Raw-water pumps running"),
    _single(
        "intake/raw.next_start",
        "plc1",
        1,
        "float32",
        "IR13",
        "Flow at which the next pump starts",
        unit="m³/h",
        high=2000,
    ),
    _single("intake/raw.interlocks", "plc1", 1, "uint16", "IR15", "Intake interlocks active"),
    _single("intake/raw.total", "plc1", 1, "uint32", "IR16", "Raw-water total", unit="m³"),
    _single("distribution/highlift.lead", "plc1", 1, "uint16", "HR21", "Lead high-lift pump", writable=True),
    _single("distribution/highlift.lag", "plc1", 1, "uint16", "IR21", "Next high-lift pump"),
    _single("distribution/highlift.pumps_running", "plc1", 1, "uint16", "IR22", "High-lift pumps running"),
    _single("distribution/highlift.interlocks", "plc1", 1, "uint16", "IR23", "High-lift interlocks active"),
    _single("distribution/highlift.total", "plc1", 1, "uint32", "IR24", "Finished-water total", unit="m³"),
    _single(
        "distribution/demand.now", "plc1", 1, "float32", "IR26", "Network demand", unit="m³/h", high=3000
    ),
    _single(
        "distribution/demand.next_hour",
        "plc1",
        1,
        "float32",
        "IR28",
        "Demand, next hour",
        unit="m³/h",
        high=3000,
    ),
    _single(
        "utilities/energy.specific", "plc1", 1, "float32", "IR31", "Specific energy", unit="kWh/m³", high=1
    ),
    _single("utilities/energy.total", "plc1", 1, "uint32", "IR33", "Energy total", unit="kWh"),
    _single("utilities/c601.running", "plc1", 1, "bool", "DI11", "Compressor C-601 running"),
    _single(
        "utilities/c601.hours",
        "plc1",
        1,
        "float32",
        "IR41",
        "Compressor C-601 service hours",
        unit="h",
        high=4000,
    ),
    _single("utilities/c602.running", "plc1", 1, "bool", "DI12", "Compressor C-602 running"),
    _single(
        "utilities/c602.hours",
        "plc1",
        1,
        "float32",
        "IR43",
        "Compressor C-602 service hours",
        unit="h",
        high=4000,
    ),
    _single(
        "utilities/ups01.battery", "plc1", 1, "int16", "IR45", "UPS-01 battery charge", unit="%", high=100
    ),
    _single("utilities/ups01.on_mains", "plc1", 1, "bool", "DI13", "UPS-01 on mains"),
    _single(
        "utilities/ups02.battery", "plc1", 1, "int16", "IR46", "UPS-02 battery charge", unit="%", high=100
    ),
    _single("utilities/ups02.on_mains", "plc1", 1, "bool", "DI14", "UPS-02 on mains"),
    _single("utilities/ups02.test_due", "plc1", 1, "bool", "DI15", "UPS-02 battery self test due"),
    _single("site/rtu1.life", "rtu", 1, "uint16", "IR1", "Elevated tank RTU life counter"),
    _single(
        "distribution/rtu1.battery",
        "rtu",
        1,
        "int16",
        "IR2",
        "Elevated tank RTU battery",
        unit="V",
        high=30,
        raw_high=300,
    ),
    _single("distribution/rtu1.intrusion", "rtu", 1, "bool", "DI1", "Elevated tank station door open"),
    _single("site/rtu2.life", "rtu", 2, "uint16", "IR1", "Hill reservoir RTU life counter"),
    _single(
        "distribution/rtu2.battery",
        "rtu",
        2,
        "int16",
        "IR2",
        "Hill reservoir RTU battery",
        unit="V",
        high=30,
        raw_high=300,
    ),
    _single("distribution/rtu2.intrusion", "rtu", 2, "bool", "DI1", "Hill reservoir station door open"),
    _single("distribution/booster.lead", "rtu", 2, "uint16", "HR11", "Lead booster pump", writable=True),
    _single("site/rtu3.life", "rtu", 3, "uint16", "IR21", "Network station RTU life counter"),
    _single(
        "distribution/rtu3.battery",
        "rtu",
        3,
        "int16",
        "IR22",
        "Network station RTU battery",
        unit="V",
        high=30,
        raw_high=300,
    ),
    _single(
        "distribution/prv531.sp",
        "rtu",
        3,
        "float32",
        "HR1",
        "Low-zone PRV setting",
        writable=True,
        unit="bar",
        low=1,
        high=6,
        order="BADC",
    ),
    _single(
        "distribution/ft531.total", "rtu", 3, "uint32", "IR31", "Low-zone total", unit="m³", order="CDAB"
    ),
    _single("site/opc.life", "opc", 0, "uint32", "Simulator.Life", "Treatment PLC life counter"),
    _single("site/opc.frozen", "opc", 0, "bool", "Simulator.Frozen", "Simulation frozen"),
    _single("site/opc.session", "opc", 0, "string", "Simulator.Session", "Simulator session"),
    _single(
        "clarification/dose.opt",
        "opc",
        0,
        "float32",
        "Treatment.Dose.Optimum",
        "Alum demand from jar test",
        unit="mg/L",
        high=60,
    ),
    _single(
        "clarification/sludge.next",
        "opc",
        0,
        "float32",
        "Treatment.Sludge.Next",
        "Time to next blowdown",
        unit="min",
        high=240,
    ),
    _single(
        "clarification/sludge.interval",
        "opc",
        0,
        "float32",
        "Treatment.Sludge.Interval",
        "Sludge blowdown interval",
        writable=True,
        unit="min",
        low=10,
        high=240,
    ),
    _single(
        "filtration/backwash.filter", "opc", 0, "uint16", "Treatment.Backwash.Filter", "Filter in backwash"
    ),
    _single("filtration/backwash.step", "opc", 0, "uint16", "Treatment.Backwash.Step", "Backwash step"),
    _single(
        "filtration/backwash.remaining",
        "opc",
        0,
        "float32",
        "Treatment.Backwash.Remaining",
        "Backwash step time left",
        unit="s",
        high=1200,
    ),
    _single("filtration/backwash.queue", "opc", 0, "uint16", "Treatment.Backwash.Queue", "Filters queued"),
    _single(
        "filtration/backwash.dp_start",
        "opc",
        0,
        "float32",
        "Treatment.Backwash.DpStart",
        "Head loss that queues a backwash",
        writable=True,
        unit="m",
        low=1,
        high=3,
    ),
    _single(
        "clearwell/ct",
        "opc",
        0,
        "float32",
        "Treatment.CT.Value",
        "Disinfection CT",
        unit="mg·min/L",
        high=100,
    ),
    _single(
        "clearwell/contact_time",
        "opc",
        0,
        "float32",
        "Treatment.CT.ContactTime",
        "Contact time",
        unit="min",
        high=120,
    ),
)


def _transmitter_points(t: Transmitter) -> list[Point]:
    order = "CDAB" if t.plc == "rtu" else "ABCD"
    if t.kind == "tag":
        wire = "int16" if t.low < 0 else "uint16"
        return [
            Point(
                f"{t.name}.pv",
                t.plc,
                t.device,
                wire,
                f"IR{t.base}",
                t.description,
                False,
                t.unit,
                t.low,
                t.high,
                raw_high=t.raw_high,
            )
        ]
    layout: tuple[Signal, ...] = layouts.TANK if t.kind == "tank" else layouts.ANALOGUE
    return equipment_points(
        t.kind,
        layout,
        t.name,
        t.description,
        plc=t.plc,
        device=t.device,
        base=t.base,
        order=order,
        overrides={"pv": (t.unit, t.low, t.high)},
    )


def _build() -> list[Point]:
    points = list(SINGLES)
    for t in TRANSMITTERS:
        points += _transmitter_points(t)
    for kind, layout, rows in (
        ("pump", layouts.PUMP, PUMPS),
        ("valve", layouts.VALVE, VALVES),
        ("control_valve", layouts.CONTROL_VALVE, CONTROL_VALVES),
    ):
        for name, text, plc, device, base, coil in rows:
            order = "CDAB" if plc == "rtu" else "ABCD"
            points += equipment_points(
                kind, layout, name, text, plc=plc, device=device, base=base, coil=coil, order=order
            )
    for name, text, plc, device, base, unit, low, high in LOOPS:
        points += equipment_points(
            "loop",
            layouts.LOOP,
            name,
            text,
            plc=plc,
            device=device,
            base=base,
            order="CDAB" if plc == "rtu" else "ABCD",
            overrides={"pv": (unit, low, high), "sp": (unit, low, high)},
        )
    for name, text in DOSERS:
        points += equipment_points("doser", layouts.DOSER, name, text, plc="opc")
    for name, text in MIXERS:
        points += equipment_points("mixer", layouts.MIXER, name, text, plc="opc")
    for name, text in FILTERS:
        points += equipment_points("filter", layouts.FILTER, name, text, plc="opc")
    points += equipment_points(
        "valve", layouts.OPC_VALVE, "clarification/xv206", "Sludge valve XV-206", plc="opc"
    )
    return points


@cache
def points() -> tuple[Point, ...]:
    """Every point, once; names and addresses are unique (a test says so)."""
    return tuple(_build())
