"""The equipment of the waterworks and its good operating state at the start."""

from __future__ import annotations

from simulators.kit.drives import Drive
from simulators.kit.malfunctions import Malfunction
from simulators.kit.pid import CASCADE, Loop
from simulators.kit.state import State
from simulators.kit.valves import Valve
from simulators.waterworks import layouts
from simulators.waterworks.points import (
    CONTROL_VALVES,
    DOSERS,
    FILTERS,
    MIXERS,
    PUMPS,
    TRANSMITTERS,
    VALVES,
    points,
)


def _names(layout: tuple[layouts.Signal, ...]) -> frozenset[str]:
    return frozenset(s.name for s in layout)


DRIVES: dict[str, Drive] = {row[0]: Drive(row[0], _names(layouts.PUMP)) for row in PUMPS}
DRIVES |= {name: Drive(name, _names(layouts.DOSER), ramp=20.0, minimum=0.0) for name, _ in DOSERS}
DRIVES |= {name: Drive(name, _names(layouts.MIXER), ramp=25.0, minimum=100.0) for name, _ in MIXERS}

VALVE_SET: dict[str, Valve] = {row[0]: Valve(row[0], travel=12.0) for row in VALVES}
VALVE_SET |= {row[0]: Valve(row[0], travel=60.0, positioner=True) for row in CONTROL_VALVES}
VALVE_SET["clarification/xv206"] = Valve("clarification/xv206", travel=15.0)

LOOP_SET: dict[str, Loop] = {
    loop.name: loop
    for loop in (
        Loop("intake/fic101", 0.015, 9.0, 0, 2000, low=45),
        Loop("clearwell/lic401", 3.0, 7200.0, 20, 95, low=15, high=100),
        Loop("distribution/pic501", 6.0, 20.0, 3, 8, low=45),
        Loop("distribution/lic510", 0.7, 14400.0, 30, 95, low=10, high=90),
        Loop("distribution/pic511", 3.0, 30.0, 1, 5, low=5),
        Loop("distribution/lic520", 1.2, 7200.0, 20, 95),
        Loop("distribution/pic521", 3.0, 12.0, 3, 9, low=45),
        Loop("clarification/fic211", 0.8, 10.0, 0, 40),
        Loop("clarification/fic212", 60.0, 10.0, 0, 1),
        Loop("clearwell/fic401", 6.0, 10.0, 0, 5),
        Loop("clearwell/aic402", 15.0, 2400.0, 0, 1.5),
    )
}

# head loss (m), hours, filtering, clogging share of the head loss at the start
_FILTER_START = {
    1: (1.12, 22.0),
    2: (1.92, 38.0),
    3: (0.86, 15.0),
    4: (0.1, 0.0),
    5: (1.48, 30.0),
    6: (0.05, 0.0),
}


def _drive_state() -> State:
    state: State = {}
    for name in ("intake/p101a", "intake/p101b"):
        state |= DRIVES[name].initial(running=True, speed=86.0)
    state |= DRIVES["intake/p101c"].initial(running=False, speed=86.0)
    for name in ("distribution/p501a", "distribution/p501b"):
        state |= DRIVES[name].initial(running=True, speed=74.0)
    state |= DRIVES["distribution/p501c"].initial(running=False, auto=False, oos=True, speed=74.0)
    state |= DRIVES["distribution/p521a"].initial(running=True, speed=88.0)
    state |= DRIVES["distribution/p521b"].initial(running=False, speed=88.0)
    for name, speed in (("clarification/p211", 46.2), ("clarification/p212", 40.0), ("clearwell/p401", 45.0)):
        state |= DRIVES[name].initial(running=True, speed=speed)
    for name, _ in MIXERS:
        state |= DRIVES[name].initial(running=True, speed=100.0)
    for index, name in enumerate(DRIVES):
        state[f"p.{name}.hours"] = 3100.0 + 417.0 * index
        state[f"p.{name}.starts"] = 180 + 23 * index
    return state


def _valve_state() -> State:
    state: State = {}
    shut = {"intake/xv101c", "distribution/xv501c", "clarification/xv206"}
    special = {"distribution/fcv511": 48.0, "distribution/fcv521": 30.0}
    for name, valve in VALVE_SET.items():
        state |= valve.initial(special.get(name, 0.0 if name in shut else 100.0))
    return state


def _loop_state() -> State:
    start = (
        ("intake/fic101", 1250.0, 86.0, CASCADE),
        ("clearwell/lic401", 71.0, 62.5, 1),
        ("distribution/pic501", 5.80, 74.0, CASCADE),
        ("distribution/lic510", 64.0, 50.0, 1),
        ("distribution/pic511", 3.20, 48.0, 1),
        ("distribution/lic520", 70.0, 30.0, 1),
        ("distribution/pic521", 6.60, 88.0, 1),
        ("clarification/fic211", 18.5, 46.2, 1),
        ("clarification/fic212", 0.20, 40.0, 1),
        ("clearwell/fic401", 1.80, 45.0, CASCADE),
        ("clearwell/aic402", 0.90, 36.0, 1),
    )
    state: State = {}
    for name, sp, op, mode in start:
        state |= LOOP_SET[name].initial(sp=sp, op=op, mode=mode)
    return state


def _filter_state() -> State:
    state: State = {}
    for n, (dp, hours) in _FILTER_START.items():
        name = f"filtration/f30{n}"
        filtering = n in (1, 2, 3, 5)
        state |= {
            f"{name}.dp": dp, f"{name}.turbidity": 0.0, f"{name}.hours": hours, f"{name}.level": 2.2,
            f"{name}.flow": 0.0, f"{name}.state": 1 if filtering else 4 if n == 4 else 0,
            f"{name}.inlet_open": filtering, f"{name}.outlet_open": filtering, f"{name}.queued": False,
            f"{name}.backwash": False, f"{name}.in_service": True,
            f"x.{name}.clog": dp - 0.45 if filtering else 0.05, f"x.{name}.ripe": 1.0, f"x.{name}.level": 2.2,
            f"x.{name}.hours": hours, f"x.{name}.turb": 0.13, f"x.{name}.flow": 309.0 if filtering else 0.0,
            f"a.{name}.step": 3 if n == 4 else 0, f"a.{name}.on": filtering,
        }  # fmt: skip
    return state


def initial_state(seed: int, start_ns: int) -> State:
    """The whole plant at its start, before it has settled."""
    state: State = {p.name: False if p.type == "bool" else "" if p.type == "string" else 0 for p in points()}
    state |= {
        "t": 0.0,
        "start_ns": start_ns,
        "steps": 0,
        "rng": (seed * 2654435761 + 88172645463325252) & (1 << 64) - 1,
    }
    state |= {"malfunctions": {}, "session": "", "warning": 0}
    state |= _drive_state() | _valve_state() | _loop_state() | _filter_state()
    state |= {
        "intake/raw.lead": 1, "distribution/highlift.lead": 1, "distribution/booster.lead": 1,
        "clarification/sludge.interval": 40.0, "filtration/backwash.dp_start": 2.0, "distribution/prv531.sp": 3.92,
        "utilities/ups02.on_mains": True, "utilities/ups01.on_mains": True,
    }  # fmt: skip
    return state


def _catalogue() -> tuple[Malfunction, ...]:
    rows: list[Malfunction] = []

    def add(kind: str, target: str, text: str) -> None:
        short = target.rpartition("/")[2]
        rows.append(Malfunction(f"{kind}-{short}", kind, target, text))

    for name, text, *_ in PUMPS:
        add("pump_trip", name, f"{text} trips on overload")
        add("pump_wear", name, f"{text} is worn")
        add("start_failure", name, f"{text} does not start")
    for name, text, *_ in (*VALVES, *CONTROL_VALVES):
        add("valve_stuck", name, f"{text} sticks")
    for node, text in (
        ("TM1", "trunk main"),
        ("A22", "town centre"),
        ("L6", "low zone"),
        ("H5", "high zone"),
    ):
        add("pipe_burst", node.lower(), f"Pipe burst in the {text}")
    for t in TRANSMITTERS:
        for kind, text in (("frozen", "freezes"), ("drift", "drifts"), ("high", "fails high"), ("low", "fails low"),
                           ("noisy", "becomes noisy")):  # fmt: skip
            add(f"transmitter_{kind}", t.name, f"{t.description} transmitter {text}")
    for name, text in DOSERS:
        add("doser_loss", name, f"{text} loses prime")
    for name, text in FILTERS:
        add("filter_breakthrough", name, f"{text} breaks through")
    for plc, text in (
        ("plc1", "Intake and high-lift PLC"),
        ("rtu", "Station RTUs"),
        ("opc", "Treatment PLC"),
    ):
        add("plc_stopped", plc, f"{text} stopped")
        add("link_lost", plc, f"{text}: link lost")
    add("raw_turbidity", "river", "Turbid river after a storm")
    add("demand_peak", "network", "Fire flow and demand peak")
    return tuple(rows)


CATALOGUE = _catalogue()
