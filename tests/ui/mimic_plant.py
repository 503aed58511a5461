"""A plant for pictures and tests of mimics: tags, equipment and plausible values, without a runtime."""

from __future__ import annotations

import json
import math
from pathlib import Path

from hmi.client.port import InstanceInfo, TagInfo
from hmi.core.quality import GOOD
from hmi.core.values import DataValue
from hmi.mimics import Catalogue, Scene, load_display, shipped_definitions

ROOT = Path(__file__).resolve().parents[2]
NOW = 1_795_000_000_000_000_000
MINUTE = 60_000_000_000
DRIVE = {
    0: "Stopped",
    1: "Starting",
    2: "Running",
    3: "Stopping",
    4: "Tripped",
    5: "Standby",
    6: "Out of service",
}
VALVE = {0: "Closed", 1: "Open", 2: "Travelling", 3: "Fault", 4: "Intermediate"}
FILTER = {
    0: "Standby",
    1: "Filtering",
    2: "Drain",
    3: "Air scour",
    4: "Air and water",
    5: "Rinse",
    7: "Out of service",
}
STEP = {0: "None", 1: "Drain", 2: "Air scour", 3: "Air and water", 4: "Rinse", 5: "Filter to waste"}

# name, value, unit, range, normal band, format, limits (kind, limit, priority)
ANALOGUES: list[
    tuple[str, float, str, tuple[float, float], tuple[float, float] | None, str, list[tuple[str, float, int]]]
] = [
    ("intake/ft101.pv", 1248, "m³/h", (0, 2000), (1100, 1350), ".0f", []),
    ("intake/fic101.sp", 1250, "m³/h", (0, 2000), None, ".0f", []),
    ("intake/at101.pv", 6.8, "NTU", (0, 20), (3, 10), ".1f", [("high", 15, 3)]),
    ("intake/at102.pv", 7.41, "pH", (6, 9), (7, 8), ".2f", [("high", 8.6, 3), ("low", 6.4, 3)]),
    ("intake/tt101.pv", 11.2, "°C", (0, 30), (4, 22), ".1f", []),
    ("intake/at103.pv", 212, "µS/cm", (0, 600), (80, 280), ".0f", [("high", 480, 3)]),
    ("intake/lt101.pv", 3.42, "m", (0, 6), (2, 5), ".2f", [("low", 1.2, 2), ("high", 5.1, 3)]),
    ("intake/pt101.pv", 2.31, "bar", (0, 6), (1.8, 3), ".2f", []),
    ("intake/raw.next_start", 1320, "m³/h", (0, 2000), None, ".0f", []),
    ("intake/raw.interlocks", 0, "", (0, 10), None, ".0f", []),
    ("clarification/at205.pv", 0.92, "NTU", (0, 5), (0.4, 1.6), ".2f", []),
    ("clarification/at206.pv", 7.02, "pH", (4, 10), (6.6, 7.4), ".2f", []),
    ("clarification/lt205.pv", 1.3, "m", (0, 3), (0.6, 1.8), ".1f", []),
    ("clarification/lt206.pv", 4.9, "m", (0, 6), (4.5, 5.3), ".1f", []),
    ("clarification/fic211.pv", 18.4, "mg/L", (0, 60), None, ".1f", []),
    ("clarification/fic211.sp", 18.5, "mg/L", (0, 60), None, ".1f", []),
    ("clarification/fic212.pv", 0.21, "mg/L", (0, 1), None, ".2f", []),
    ("clarification/fic212.sp", 0.20, "mg/L", (0, 1), None, ".2f", []),
    ("clarification/dose.opt", 18.1, "mg/L", (0, 60), None, ".1f", []),
    ("clarification/sludge.next", 26, "min", (0, 240), None, ".0f", []),
    ("filtration/at310.pv", 0.14, "NTU", (0, 1), (0.05, 0.25), ".2f", [("high", 0.3, 2)]),
    ("filtration/backwash.remaining", 400, "s", (0, 1200), None, ".0f", []),
    ("filtration/backwash.queue", 2, "", (0, 6), None, ".0f", []),
    ("clearwell/at402.pv", 0.42, "mg/L", (0, 2), (0.6, 1.2), ".2f", [("low", 0.5, 2), ("high", 1.6, 3)]),
    ("clearwell/aic402.sp", 0.90, "mg/L", (0, 2), None, ".2f", []),
    ("clearwell/at403.pv", 7.28, "pH", (6, 9), (6.9, 7.7), ".2f", [("high", 8.4, 3), ("low", 6.5, 3)]),
    ("clearwell/ct", 34.0, "mg·min/L", (0, 100), (15, 80), ".1f", [("low", 8, 2)]),
    ("clearwell/fic401.pv", 1.35, "mg/L", (0, 5), None, ".2f", []),
    ("clearwell/fic401.sp", 1.80, "mg/L", (0, 5), None, ".2f", []),
    ("clearwell/fic401.op", 75, "%", (0, 100), None, ".0f", []),
    ("clearwell/lt401.pv", 71, "%", (0, 100), (45, 90), ".0f", [("low", 30, 2), ("high", 95, 3)]),
    ("clearwell/lt401.volume", 2840, "m³", (0, 5000), None, ".0f", []),
    ("clearwell/contact_time", 38, "min", (0, 120), None, ".0f", []),
    ("clearwell/tt401.pv", 11.6, "°C", (0, 30), None, ".1f", []),
    ("clearwell/at404.pv", 0.68, "mg/L", (0, 2), (0.5, 0.9), ".2f", []),
    ("distribution/ft501.pv", 1214, "m³/h", (0, 2000), (1120, 1320), ".0f", []),
    ("distribution/demand.next_hour", 1280, "m³/h", (0, 3000), None, ".0f", []),
    ("distribution/pic501.pv", 5.82, "bar", (0, 10), None, ".2f", []),
    ("distribution/pic501.sp", 5.80, "bar", (0, 10), None, ".2f", []),
    ("distribution/lt510.pv", 64, "%", (0, 100), (35, 90), ".0f", [("low", 15, 2), ("high", 92, 3)]),
    ("utilities/jt601.pv", 386, "kW", (0, 800), (250, 520), ".0f", []),
    ("utilities/energy.specific", 0.318, "kWh/m³", (0, 1), (0.28, 0.36), ".3f", []),
]
DRIVES = {
    "intake/p101a": 2, "intake/p101b": 2, "intake/p101c": 5, "clarification/p211": 2, "clarification/p212": 2,
    "clarification/m201": 2, "clarification/m202": 2, "clarification/m203": 2, "clarification/m204": 2,
    "clearwell/p401": 2, "distribution/p501a": 2, "distribution/p501b": 2, "distribution/p501c": 6,
}  # fmt: skip
VALVES = {
    "intake/xv101a": 1, "intake/xv101b": 1, "intake/xv101c": 0, "clarification/xv206": 0,
    "distribution/xv501a": 1, "distribution/xv501b": 1, "distribution/xv501c": 0, "distribution/fcv511": 4,
}  # fmt: skip
SPEEDS = {"intake/p101a": 86.0, "intake/p101b": 86.0, "distribution/p501a": 74.0, "distribution/p501b": 74.0}
FILTERS = [(1.12, 0.12, 22, 2.4, 1), (2.34, 0.16, 41, 2.4, 1), (0.86, 0.11, 15, 2.4, 1),
           (0.10, 0.0, 0, 2.8, 4), (1.48, 0.14, 30, 2.4, 1), (0.05, 0.0, 0, 1.9, 0)]  # fmt: skip


def tag(
    name: str, *, type: str = "float", unit: str = "", states: dict[int, str] | None = None, **more: object
) -> TagInfo:
    fields: dict[str, object] = dict(
        id=f"t_{name}", name=name, type=type, description=name, area=name.partition("/")[0], unit=unit, format="",
        low=None, high=None, normal_low=None, normal_high=None, states=states or {}, writable=False,
        command_class="", limit_low=None, limit_high=None, instance="", signal="", period_ms=1000, history=True,
        alarms=[],
    )  # fmt: skip
    return TagInfo(**{**fields, **more})  # type: ignore[arg-type]


def good(value: object, at: int = NOW) -> DataValue:
    return DataValue(value, GOOD, at, at)  # type: ignore[arg-type]


def build() -> tuple[Catalogue, dict[str, DataValue]]:
    """Every tag of the overview with the values of a quiet morning."""
    tags: list[TagInfo] = []
    values: dict[str, DataValue] = {}

    def put(info: TagInfo, value: object) -> None:
        tags.append(info)
        values[info.name] = good(value)

    for name, value, unit, (low, high), normal, form, limits in ANALOGUES:
        alarms = [{"kind": kind, "limit": limit, "priority": priority} for kind, limit, priority in limits]
        band = normal or (None, None)
        info = tag(
            name,
            unit=unit,
            low=low,
            high=high,
            normal_low=band[0],
            normal_high=band[1],
            format=form,
            alarms=alarms,
        )
        put(info, float(value))
    pumps = {0: "None", 1: "P-101A", 2: "P-101B", 3: "P-101C"}
    put(tag("intake/raw.lead", type="enum", states=pumps), 1)
    put(tag("intake/raw.lag", type="enum", states=pumps), 2)
    put(tag("filtration/backwash.filter", type="enum", states={0: "None", 304: "F-304"}), 304)
    put(tag("filtration/backwash.step", type="enum", states=STEP), 3)
    put(tag("clarification/fic211.mode", type="enum", states={0: "Manual", 1: "Auto", 2: "Cascade"}), 2)
    instances = [*_drives(put), *_valves(put), *_filters(put)]
    return Catalogue(tags, instances), values


def _instance(name: str, kind: str, signals: list[str]) -> InstanceInfo:
    names = {signal: f"{name}.{signal}" for signal in signals}
    return InstanceInfo(f"i_{name}", name, kind, name, name.partition("/")[0], kind, kind, names, {})


def _drives(put) -> list[InstanceInfo]:  # type: ignore[no-untyped-def]
    found = []
    for name, state in DRIVES.items():
        manual = name in {"clarification/p212", "distribution/p501c"}
        signals = {
            "running": state == 2,
            "ready": True,
            "fault": False,
            "remote": True,
            "auto": not manual,
            "interlock": False,
        }
        for signal, value in signals.items():
            put(tag(f"{name}.{signal}", type="bool"), value)
        put(tag(f"{name}.state", type="enum", states=DRIVE), state)
        if name in SPEEDS:
            put(tag(f"{name}.speed", unit="%", low=0, high=100), SPEEDS[name])
        found.append(_instance(name, "pump", [*signals, "state", *(["speed"] if name in SPEEDS else [])]))
    return found


def _valves(put) -> list[InstanceInfo]:  # type: ignore[no-untyped-def]
    found = []
    for name, state in VALVES.items():
        signals = {"opened": state == 1, "closed": state == 0, "fault": False, "remote": True, "auto": True}
        for signal, value in signals.items():
            put(tag(f"{name}.{signal}", type="bool"), value)
        put(tag(f"{name}.state", type="enum", states=VALVE), state)
        put(tag(f"{name}.position", unit="%", low=0, high=100), {0: 0.0, 1: 100.0}.get(state, 48.0))
        found.append(_instance(name, "valve", [*signals, "state", "position"]))
    return found


def _filters(put) -> list[InstanceInfo]:  # type: ignore[no-untyped-def]
    found = []
    for n, (dp, turbidity, hours, level, state) in enumerate(FILTERS, 1):
        name = f"filtration/f30{n}"
        limits = [{"kind": "high", "limit": 2.2, "priority": 3}]
        put(
            tag(
                f"{name}.dp",
                unit="m",
                low=0,
                high=3,
                normal_low=0.2,
                normal_high=1.8,
                format=".2f",
                alarms=limits,
            ),
            dp,
        )
        put(tag(f"{name}.turbidity", unit="NTU", low=0, high=1, format=".2f"), turbidity)
        put(tag(f"{name}.hours", unit="h", low=0, high=72, format=".0f"), float(hours))
        put(tag(f"{name}.level", unit="m", low=0, high=3, format=".2f"), level)
        put(tag(f"{name}.state", type="enum", states=FILTER), state)
        put(tag(f"{name}.inlet_open", type="bool"), state == 1)
        put(tag(f"{name}.outlet_open", type="bool"), state == 1)
        found.append(
            _instance(
                name, "filter", ["dp", "turbidity", "hours", "level", "state", "inlet_open", "outlet_open"]
            )
        )
    return found


def history(tag_name: str, last: float, span: float, *, minutes: int = 240) -> list[DataValue]:
    """A wandering past that ends at ``last``."""
    seed = sum(map(ord, tag_name))
    points = []
    for n in range(minutes * 2 + 1):
        t = n / (minutes * 2)
        if tag_name == "clearwell/at402.pv":
            fall = max(0.0, min(1.0, (t - 0.8) / 0.12))
            points.append(
                good(0.9 + math.sin(t * 40) * 0.03 - fall * 0.48, NOW - (minutes * 2 - n) * MINUTE // 2)
            )
            continue
        wave = (
            math.sin(t * 9 + seed) * 0.5
            + math.sin(t * 23 + seed * 2) * 0.25
            + math.sin(t * 131 + seed) * 0.08
        )
        end = math.sin(9 + seed) * 0.5 + math.sin(23 + seed * 2) * 0.25 + math.sin(131 + seed) * 0.08
        points.append(good(last + (wave - end) * span, NOW - (minutes * 2 - n) * MINUTE // 2))
    return points


def overview(name: str = "overview") -> Scene:
    """The shipped display over the plant above, values and past filled in."""
    path = ROOT / "screens" / "waterworks" / "displays" / f"{name}.json"
    text = path.read_text(encoding="utf-8")
    catalogue, values = build()
    scene = Scene(load_display(json.loads(text), shipped_definitions(), file=path.name, text=text), catalogue)
    scene.apply(values, NOW)
    for wanted, _ in scene.history_wants():
        info = catalogue.tags[wanted]
        low, high = info.normal_low, info.normal_high
        span = (high - low) * 0.35 if low is not None and high is not None else 1.0
        scene.backfill(wanted, history(wanted, float(values[wanted].value), span), NOW)  # type: ignore[arg-type]
    scene.judge(lambda _: True, NOW)
    return scene
