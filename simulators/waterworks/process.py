"""The plant itself: hydraulics, tanks and treatment, in SI-like units, without any control."""

from __future__ import annotations

import math

from simulators.kit.malfunctions import MalfunctionBoard
from simulators.kit.state import State, clamp, gauss, toward
from simulators.waterworks.hydraulics import BAR_PER_M, Inputs, Network

DAY_S = 86400.0
START_HOUR = 9.5
# share of the mean demand, by hour of the day
PATTERN = (0.62, 0.56, 0.53, 0.53, 0.58, 0.74, 1.02, 1.26, 1.22, 1.08, 1.0, 0.99,
           1.05, 1.06, 1.01, 0.98, 1.02, 1.14, 1.27, 1.3, 1.2, 1.06, 0.9, 0.74)  # fmt: skip
CLEARWELL_M3, CLEARWELL_M, CLEARWELL_FLOOR = 4000.0, 5.0, 110.0
TANK_M3, TANK_M, TANK_FLOOR = 4000.0, 8.0, 160.0
HILL_M3, HILL_M, HILL_FLOOR = 1800.0, 6.0, 132.0
WETWELL_M2, WETWELL_FLOOR = 60.0, 98.0
BAFFLE = 0.27
PUMP_LINKS = {
    "intake/p101a": "P101A", "intake/p101b": "P101B", "intake/p101c": "P101C",
    "distribution/p501a": "P501A", "distribution/p501b": "P501B", "distribution/p501c": "P501C",
    "distribution/p521a": "P521A", "distribution/p521b": "P521B",
}  # fmt: skip
_HEADS = {
    "intake": ("IN3", 99.0, "WETWELL"),
    "highlift": ("HL3", 110.5, "CLEARWELL"),
    "boost": ("B1", 130.5, "LT520"),
}
BACKWASH_STEPS = ((2, 120.0), (3, 180.0), (4, 420.0), (5, 300.0), (6, 300.0))


def demand_factor(t: float) -> float:
    """The daily pattern at plant second ``t``, linear between hours, 1.0 at the start."""
    hour = (START_HOUR + t / 3600.0) % 24.0
    low = int(hour)
    share = hour - low
    return (PATTERN[low] * (1 - share) + PATTERN[(low + 1) % 24] * share) / 1.04


def initial_truth() -> State:
    """Truth values of a good steady state."""
    return {
        "x.wetwell": 3.42, "x.clearwell": 2840.0, "x.lt510": 0.64, "x.lt520": 0.70, "x.raw.turb": 6.8,
        "x.raw.walk": 0.0,
        "x.temp": 11.2, "x.settled": 0.92, "x.flow.settled": 1248.0, "x.ph": 7.02, "x.blanket": 1.3, "x.cl1": 0.95,
        "x.cl2": 0.90, "x.cl510": 0.78, "x.cl531": 0.55, "x.alum": 78.0, "x.polymer": 66.0, "x.naocl": 71.0,
        "x.wash": 88.0, "x.air": 6.6, "x.combined": 0.14, "x.total.raw": 8412345.0, "x.total.fin": 8120331.0,
        "x.total.low": 1604210.0, "x.total.kwh": 2641007.0, "x.c601.hours": 1204.0, "x.c602.hours": 1987.0,
        "a.c601.on": True, "a.c602.on": False, "x.inflow": 0.0, "x.sludge": 0.0, "x.demand": 1200.0,
        "x.power": 386.0, "x.tnet": 12.4,
    }  # fmt: skip


class Process:
    """Advances the truth by one step. All state lives in the dictionary it is given."""

    def __init__(self, network: Network) -> None:
        self._network = network

    # hydraulics -----------------------------------------------------------------------------------------

    def solve(self, state: State, board: MalfunctionBoard) -> None:
        """Hydraulics for the present levels, speeds and positions."""
        outputs = self._network.solve(self._inputs(state, board))
        for link, flow in outputs.flow.items():
            state[f"q.{link}"] = flow
        for node, pressure in outputs.pressure.items():
            state[f"h.{node}"] = max(-10.0, pressure)
        state["warning"] = outputs.warning

    def _inputs(self, state: State, board: MalfunctionBoard) -> Inputs:
        pumps: dict[str, float] = {}
        for name, link in PUMP_LINKS.items():
            speed = state[f"a.{name}.speed"] / 100.0 * (1.0 - 0.25 * board.level("pump_wear", name))
            gate = name.replace("/p", "/xv")
            open_share = state.get(f"a.{gate}.pos", 100.0)
            pumps[link] = speed if speed > 0.2 and open_share > 8.0 else 0.0
        return Inputs(
            heads={
                "WETWELL": WETWELL_FLOOR + state["x.wetwell"],
                "RAPID": 117.0,
                "CLEARWELL": CLEARWELL_FLOOR + CLEARWELL_M * state["x.clearwell"] / CLEARWELL_M3,
                "LT510": TANK_FLOOR + TANK_M * state["x.lt510"],
                "LT520": HILL_FLOOR + HILL_M * state["x.lt520"],
            },
            pumps=pumps,
            valves={
                "FCV511": _valve_loss(
                    state["a.distribution/fcv511.pos"] if state["x.lt510"] > 0.002 else 0.0
                ),
                "FCV521": _valve_loss(state["a.distribution/fcv521.pos"]),
            },
            demand_factor=demand_factor(state["t"]) * (1.0 + 0.6 * board.level("demand_peak", "network")),
            prv_m=state["distribution/prv531.sp"] / BAR_PER_M,
            emitters={n: 40.0 * board.level("pipe_burst", n.lower()) for n in Network.BURST_NODES},
        )

    # tanks ----------------------------------------------------------------------------------------------

    def step(self, state: State, dt: float, board: MalfunctionBoard) -> None:
        """One step of everything that integrates."""
        self._raw(state, dt, board)
        self._clarify(state, dt)
        self._filters(state, dt, board)
        self._disinfect(state, dt, board)
        self._tanks(state, dt)
        self._utilities(state, dt)
        self._instrument_truth(state)

    def _raw(self, state: State, dt: float, board: MalfunctionBoard) -> None:
        inflow = 4200.0 * math.sqrt(
            max(0.0, 3.508 + 0.05 * math.sin(state["t"] / 9000.0) - state["x.wetwell"])
        )
        state["x.wetwell"] = max(
            0.0, state["x.wetwell"] + (inflow - state["q.PI1"]) * dt / 3600.0 / WETWELL_M2
        )
        state["x.inflow"] = inflow
        state["x.raw.walk"] += -state["x.raw.walk"] * dt / 1800.0 + 0.006 * gauss(state) * math.sqrt(dt)
        storm = 1.0 + 9.0 * board.level("raw_turbidity", "river")
        target = (6.8 + state["x.raw.walk"] + 0.3 * math.sin(state["t"] / 5400.0)) * storm
        state["x.raw.turb"] += (target - state["x.raw.turb"]) * dt / 60.0
        state["x.temp"] = 11.2 + 0.4 * math.sin(state["t"] / DAY_S * 2 * math.pi)

    def _clarify(self, state: State, dt: float) -> None:
        flow = max(1.0, state["q.PI1"])
        state["x.dose.alum"] = self._dose(state, "clarification/p211", 40.0, flow, "x.alum")
        state["x.dose.poly"] = self._dose(state, "clarification/p212", 0.5, flow, "x.polymer")
        optimum = 12.0 + 0.955 * state["x.raw.turb"]
        state["x.optimum"] = optimum
        short = clamp((optimum - state["x.dose.alum"]) / optimum, -0.5, 1.0)
        mixed = sum(state[f"a.clarification/m20{n}.speed"] for n in (1, 2, 3, 4)) / 400.0
        share = 0.135 + 0.75 * max(0.0, short - 0.05) ** 1.2 + 0.1 * max(0.0, -short - 0.1)
        share += 0.06 * clamp(1.0 - state["x.dose.poly"] / 0.2, 0.0, 1.0) + 0.25 * (1.0 - mixed)
        share *= 1.0 + 0.5 * max(0.0, state["x.blanket"] - 1.8)
        state["x.settled"] += (state["x.raw.turb"] * min(share, 1.0) - state["x.settled"]) * dt / 600.0
        state["x.ph"] += (7.41 - 0.021 * state["x.dose.alum"] - state["x.ph"]) * dt / 120.0
        state["x.flow.settled"] += (state["q.PI1"] - state["x.flow.settled"]) * dt / 90.0
        sludge = 90.0 * state["a.clarification/xv206.pos"] / 100.0
        state["x.sludge"] = sludge
        growth = flow / 1250.0 * 0.26 - sludge * 0.043 * state["x.blanket"] / 1.3
        state["x.blanket"] = clamp(
            state["x.blanket"] + growth * dt / 3600.0,
            0.2,
            3.0,
        )

    @staticmethod
    def _dose(state: State, pump: str, full: float, flow: float, store: str) -> float:
        """Dose in mg/L at ``flow``; full speed at 1,250 m³/h gives ``full``; the day tank empties and is refilled."""
        speed = state[f"a.{pump}.speed"] if state[store] > 0.5 else 0.0
        prime = state.get(f"a.{pump}.prime", 1.0)
        return full * speed / 100.0 * prime * 1250.0 / max(flow, 50.0)

    # filters --------------------------------------------------------------------------------------------

    def _filters(self, state: State, dt: float, board: MalfunctionBoard) -> None:
        names = [f"filtration/f30{n}" for n in range(1, 7)]
        running = [n for n in names if state[f"a.{n}.on"]]
        each = max(0.0, state["x.flow.settled"] - state["x.sludge"]) / max(1, len(running))
        mass = total = 0.0
        for name in names:
            on = state[f"a.{name}.on"]
            flow = toward(state[f"x.{name}.flow"], each if on else 0.0, 15.0 * dt)
            state[f"x.{name}.flow"] = flow
            if on:
                self._filter_run(state, dt, name, flow, board)
            else:
                self._filter_wash(state, dt, name)
            total += flow
            mass += flow * state[f"x.{name}.turb"]
        state["x.filtered"] = total
        if total > 1.0:
            state["x.combined"] += (mass / total - state["x.combined"]) * dt / 40.0

    @staticmethod
    def _filter_run(state: State, dt: float, name: str, flow: float, board: MalfunctionBoard) -> None:
        load = flow / 310.0
        state[f"x.{name}.clog"] += 0.040 * load * (0.4 + 0.65 * state["x.settled"]) * dt / 3600.0
        state[f"x.{name}.hours"] += dt / 3600.0
        state[f"x.{name}.ripe"] += (1.0 - state[f"x.{name}.ripe"]) * dt / 900.0
        clog = state[f"x.{name}.clog"]
        target = state["x.settled"] * (0.118 + 0.035 * max(0.0, clog - 0.2)) * (0.8 + 0.2 * load)
        target += 0.25 * (1.0 - state[f"x.{name}.ripe"]) + 0.05 * max(0.0, clog - 1.9)
        target += 0.9 * board.level("filter_breakthrough", name)
        state[f"x.{name}.turb"] += (target - state[f"x.{name}.turb"]) * dt / 60.0
        state[f"x.{name}.dp"] = load * 0.45 + clog * load**0.5 if load > 0 else 0.05

    @staticmethod
    def _filter_wash(state: State, dt: float, name: str) -> None:
        step = state[f"a.{name}.step"]
        state[f"x.{name}.dp"] = 0.1 if step else 0.05
        if step in (3, 4):
            state[f"x.{name}.clog"] += (0.12 - state[f"x.{name}.clog"]) * dt / 200.0
            state[f"x.{name}.ripe"] = 0.3
            state[f"x.{name}.hours"] = 0.0
        level = 0.8 if step in (1, 2) else 2.6 if step in (3, 4) else 2.2
        state[f"x.{name}.level"] = toward(state[f"x.{name}.level"], level, 0.02 * dt)
        use = {3: 180.0, 4: 420.0}.get(step, 0.0)
        state["x.wash"] = max(0.0, state["x.wash"] - use * dt / 3600.0 / 350.0 * 100.0)
        state[f"x.{name}.turb"] += (0.10 - state[f"x.{name}.turb"]) * dt / 120.0

    # disinfection ---------------------------------------------------------------------------------------

    def _disinfect(self, state: State, dt: float, board: MalfunctionBoard) -> None:
        for pump in ("clarification/p211", "clarification/p212", "clearwell/p401"):
            state[f"a.{pump}.prime"] = 1.0 - board.level("doser_loss", pump)
        flow = max(1.0, state["x.filtered"])
        dose = self._dose(state, "clearwell/p401", 4.0, flow, "x.naocl")
        state["x.dose.cl"] = dose
        demand = 0.735 + 0.25 * max(0.0, state["x.combined"] - 0.1) + 0.015 * (state["x.temp"] - 11.2)
        part = max(60.0, 0.10 * state["x.clearwell"])
        rate = dt / 3600.0 * flow / part
        state["x.cl1"] = max(0.0, state["x.cl1"] + rate * (max(0.0, dose - demand) - state["x.cl1"] * 1.12))
        state["x.cl2"] = max(0.0, state["x.cl2"] + rate * (state["x.cl1"] * 0.95 - state["x.cl2"]))
        volume = max(100.0, state["x.lt510"] * TANK_M3)
        mix = max(0.0, state["q.TR3"]) / volume * dt / 3600.0
        state["x.cl510"] += (
            mix * (state["x.cl2"] * 0.96 - state["x.cl510"]) - state["x.cl510"] * 0.02 * dt / 3600.0
        )
        state["x.cl531"] += (state["x.cl510"] * 0.72 - state["x.cl531"]) * dt / 5400.0
        out = max(1.0, state["q.TR1"])
        state["x.contact"] = BAFFLE * state["x.clearwell"] / out * 60.0
        for store, hours, refill in (
            ("x.alum", 60.0, 20.0),
            ("x.polymer", 90.0, 25.0),
            ("x.naocl", 70.0, 20.0),
        ):
            state[store] -= dt / 3600.0 * 45.0 / hours
            if state[store] < refill:
                state[store] = 92.0

    # tanks and utilities --------------------------------------------------------------------------------

    @staticmethod
    def _tanks(state: State, dt: float) -> None:
        hours = dt / 3600.0
        wash_fill = 60.0 if state["x.wash"] < 90.0 else 0.0
        state["x.wash"] = min(100.0, state["x.wash"] + wash_fill * hours / 350.0 * 100.0)
        net = state["x.filtered"] - wash_fill - state["q.TR1"]
        state["x.clearwell"] = clamp(state["x.clearwell"] + net * hours, 0.0, CLEARWELL_M3)
        state["x.lt510"] = clamp(
            state["x.lt510"] + (state["q.TR3"] - state["q.PO1"]) * hours / TANK_M3, 0.0, 1.0
        )
        state["x.lt520"] = clamp(
            state["x.lt520"] + (state["q.PR2"] - state["q.PH1"]) * hours / HILL_M3, 0.0, 1.0
        )
        state["x.total.raw"] += max(0.0, state["q.PI1"]) * hours
        state["x.total.fin"] += max(0.0, state["q.TR1"]) * hours
        state["x.total.low"] += max(0.0, state["q.PL1"]) * hours
        state["x.demand"] = state["q.PO1"] - state["q.PR2"] + state["q.PH1"]

    def _utilities(self, state: State, dt: float) -> None:
        total = 0.0
        for name, link in PUMP_LINKS.items():
            flow, speed = state[f"q.{link}"], state[f"a.{name}.speed"] / 100.0
            power = _pump_power(state, name, flow) if speed > 0.2 else 0.0
            state[f"a.{name}.power"] += (power - state[f"a.{name}.power"]) * dt / 2.0
            total += state[f"a.{name}.power"]
        for unit, stop, start in (("c601", 7.0, 6.1), ("c602", 6.9, 5.8)):
            on = state[f"a.{unit}.on"]
            state[f"a.{unit}.on"] = on = state["x.air"] < stop if on else state["x.air"] < start
            if on:
                state["x.air"] += 0.006 * dt
                state[f"x.{unit}.hours"] += dt / 3600.0
                total += 9.0
        washing = any(state[f"a.filtration/f30{n}.step"] in (2, 3) for n in range(1, 7))
        state["x.air"] -= 0.0018 * dt + (0.0025 * dt if washing else 0.0)
        total += 30.0 + (22.0 if washing else 0.0)
        state["x.power"] += (total - state["x.power"]) * dt / 4.0
        state["x.total.kwh"] += state["x.power"] * dt / 3600.0

    @staticmethod
    def _instrument_truth(state: State) -> None:
        """What each transmitter would read if it were perfect."""
        state.update(
            {
                "x.intake/at101": state["x.raw.turb"], "x.intake/at102": 7.41, "x.intake/tt101": state["x.temp"],
                "x.intake/at103": 212.0 - 0.8 * (state["x.raw.turb"] - 6.8), "x.intake/lt101": state["x.wetwell"],
                "x.intake/ft101": max(0.0, state["q.PI1"]), "x.intake/pt101": state["h.IN3"] * BAR_PER_M,
                "x.intake/dp101": 0.06 + 0.09 * (state["x.inflow"] / 1250.0) ** 2 * 0.3,
                "x.distribution/ft501": max(0.0, state["q.TR1"]), "x.distribution/pt501": state["h.HL3"] * BAR_PER_M,
                "x.utilities/pt602": state["x.air"], "x.utilities/jt601": state["x.power"],
                "x.utilities/et601": 401.0 - 0.006 * state["x.power"], "x.utilities/lt601": state["x.wash"],
                "x.clearwell/lt401": state["x.clearwell"] / CLEARWELL_M3 * 100.0,
                "x.clarification/at205": state["x.settled"], "x.clarification/at206": state["x.ph"],
                "x.clarification/lt205": state["x.blanket"],
                "x.clarification/lt206": 4.88 + 0.02 * state["x.flow.settled"] / 1250.0,
                "x.clarification/lt211": state["x.alum"], "x.clarification/lt212": state["x.polymer"],
                "x.filtration/at310": state["x.combined"], "x.clearwell/at402": state["x.cl2"],
                "x.clearwell/at403": state["x.ph"] + 0.26, "x.clearwell/at404": 0.68,
                "x.clearwell/tt401": state["x.temp"] + 0.4, "x.clearwell/lt402": state["x.naocl"],
                "x.distribution/lt510": state["x.lt510"] * 100.0, "x.distribution/ft511": max(0.0, state["q.PO1"]),
                "x.distribution/pt511": state["h.NI2"] * BAR_PER_M, "x.distribution/at511": state["x.cl510"],
                "x.distribution/lt520": state["x.lt520"] * 100.0, "x.distribution/ft520": max(0.0, state["q.PR2"]),
                "x.distribution/ft521": max(0.0, state["q.PH1"]), "x.distribution/pt521": state["h.B1"] * BAR_PER_M,
                "x.distribution/pt531": state["h.L10"] * BAR_PER_M, "x.distribution/pt532": state["h.A40"] * BAR_PER_M,
                "x.distribution/pt533": state["h.A04"] * BAR_PER_M, "x.distribution/pt534": state["h.H9"] * BAR_PER_M,
                "x.distribution/ft531": max(0.0, state["q.PL1"]), "x.distribution/at531": state["x.cl531"],
                "x.distribution/tt531": state["x.temp"] + 1.2,
            }
        )  # fmt: skip


def _valve_loss(position: float) -> float | None:
    """Loss coefficient of an equal-percentage valve; None when shut."""
    return None if position < 1.0 else 6.0 / (position / 100.0) ** 3.35


def _pump_power(state: State, name: str, flow: float) -> float:
    """Shaft power in kW: hydraulic power over the efficiency at that flow."""
    kind = "intake" if name.startswith("intake") else "boost" if "p521" in name else "highlift"
    node, elevation, suction = _HEADS[kind]
    source = {
        "WETWELL": WETWELL_FLOOR + state["x.wetwell"],
        "CLEARWELL": CLEARWELL_FLOOR + CLEARWELL_M * state["x.clearwell"] / CLEARWELL_M3,
        "LT520": HILL_FLOOR + HILL_M * state["x.lt520"],
    }[suction]
    lift = max(2.0, elevation + state[f"h.{node}"] - source)
    return 9.81 * max(flow, 30.0) / 3600.0 * lift / 0.82
