"""Soft PLCs of the waterworks: sequences, level and pressure control, dosing, backwash, interlocks."""

from __future__ import annotations

from dataclasses import dataclass

from simulators.kit.drives import LOW_LEVEL, LOW_PRESSURE
from simulators.kit.state import State, clamp
from simulators.waterworks.equipment import DRIVES, LOOP_SET, VALVE_SET
from simulators.waterworks.points import TRANSMITTERS
from simulators.waterworks.process import BACKWASH_STEPS, CLEARWELL_M3, HILL_M3, TANK_M3, demand_factor

LETTERS = "abc"
MEAN_DEMAND = 1200.0


def copy_inputs(state: State, plc: str) -> None:
    """The PLC reads its analogue inputs."""
    for t in TRANSMITTERS:
        if t.plc != plc:
            continue
        value, name = state[f"m.{t.name}"], t.name
        state[f"{name}.pv"] = value
        if t.kind != "tag":
            state[f"{name}.fault"] = state[f"f.{name}"]
        if t.kind == "tank":
            full = {"clearwell/lt401": CLEARWELL_M3, "distribution/lt510": TANK_M3}.get(name, HILL_M3)
            state[f"{name}.volume"] = round(value / 100.0 * full, 1)
            state[f"{name}.high"] = state[f"x.{name}"] > 95.0
            state[f"{name}.low"] = state[f"x.{name}"] < 15.0


def latch(state: State, key: str, *, on: bool, off: bool) -> bool:
    """A hysteresis bit kept in PLC memory."""
    value = bool(state.get(key, False))
    state[key] = value = (value and not off) or on
    return value


@dataclass(slots=True)
class Group:
    """Pumps that share one header: lead and lag by rotation, a lag pump starts when the load asks for it."""

    name: str
    pumps: tuple[str, ...]
    lead_tag: str

    def ranked(self, state: State) -> list[str]:
        """The available pumps, lead first."""
        lead = int(clamp(state[self.lead_tag], 1, len(self.pumps))) - 1
        order = [*self.pumps[lead:], *self.pumps[:lead]]
        return [name for name in order if DRIVES[name].ready(state)]

    def stage(self, state: State, dt: float, *, up: bool, down: bool, delay: float) -> int:
        """How many pumps should run; changes by one after ``delay`` seconds of asking."""
        count, timer = f"p.{self.name}.count", f"p.{self.name}.t"
        wanted = int(state.setdefault(count, sum(state[f"p.{n}.run"] for n in self.pumps)))
        state[timer] = state.get(timer, 0.0) + dt if up or down else 0.0
        if state[timer] >= delay:
            state[timer] = 0.0
            wanted += 1 if up else -1
        state[count] = wanted = int(clamp(wanted, 1, len(self.pumps)))
        return wanted

    def scan(self, state: State, dt: float, *, wanted: int, ref: float, interlock: int) -> None:
        """Drive the pumps of the group."""
        chosen = set(self.ranked(state)[:wanted])
        for name in self.pumps:
            gate = VALVE_SET.get(name.replace("/p", "/xv"))
            DRIVES[name].scan(state, dt, request=name in chosen, ref=ref, interlock=interlock)
            if gate:
                gate.scan(
                    state,
                    dt,
                    request=100.0 if state[f"p.{name}.run"] or state[f"a.{name}.speed"] > 5 else 0.0,
                )

    def next_pump(self, state: State) -> int:
        """1 = A, 2 = B …; 0 when no further pump is available."""
        idle = [n for n in self.ranked(state) if not state[f"p.{n}.run"]]
        return self.pumps.index(idle[0]) + 1 if idle else 0


RAW = Group("raw", tuple(f"intake/p101{c}" for c in LETTERS), "intake/raw.lead")
HIGHLIFT = Group("highlift", tuple(f"distribution/p501{c}" for c in LETTERS), "distribution/highlift.lead")
BOOSTER = Group("booster", tuple(f"distribution/p521{c}" for c in "ab"), "distribution/booster.lead")


def scan_plc1(state: State, dt: float) -> None:
    """Intake, clear-well level, high lift, utilities."""
    copy_inputs(state, "plc1")
    _intake(state, dt)
    _high_lift(state, dt)
    _site(state)
    state["site/plc1.life"] = (state["site/plc1.life"] + 1) & 0xFFFF


def _intake(state: State, dt: float) -> None:
    level, clear = state["intake/lt101.pv"], state["clearwell/lt401.pv"]
    dry = latch(state, "p.raw.dry", on=level < 1.0, off=level > 1.3)
    full = latch(state, "p.raw.full", on=clear > 97.0, off=clear < 94.0)
    interlock = LOW_LEVEL if dry else LOW_PRESSURE if full else 0
    trim = LOOP_SET["clearwell/lic401"].scan(state, dt, pv=clear)
    running = sum(state[f"{n}.running"] for n in RAW.pumps)
    ref = LOOP_SET["intake/fic101"].scan(
        state, dt, pv=state["intake/ft101.pv"], cascade=trim * 20.0, hold=running == 0
    )
    target = state["intake/fic101.sp"]
    up, down = target > 660.0 * running and running < 3, target < 660.0 * (running - 1) - 90.0
    wanted = RAW.stage(state, dt, up=up, down=down and running > 1, delay=20.0)
    RAW.scan(state, dt, wanted=wanted, ref=ref, interlock=interlock)
    state["intake/raw.lag"] = RAW.next_pump(state)
    state["intake/raw.pumps_running"] = running
    state["intake/raw.next_start"] = 660.0 * max(1, running)
    state["intake/raw.interlocks"] = int(dry) + int(full)
    state["intake/raw.total"] = int(state["x.total.raw"])


def _high_lift(state: State, dt: float) -> None:
    level, pressure = state["clearwell/lt401.pv"], state["distribution/pt501.pv"]
    dry = latch(state, "p.lift.dry", on=level < 12.0, off=level > 18.0)
    burst = latch(state, "p.lift.high", on=pressure > 8.5, off=pressure < 7.0)
    running = sum(state[f"{n}.running"] for n in HIGHLIFT.pumps)
    trim = LOOP_SET["distribution/lic510"].scan(state, dt, pv=state["distribution/lt510.pv"])
    ref = LOOP_SET["distribution/pic501"].scan(
        state, dt, pv=pressure, cascade=5.0 + 0.016 * trim, hold=running == 0
    )
    up, down = ref > 96.0 and running < 3, ref < 60.0 and running > 1
    wanted = HIGHLIFT.stage(state, dt, up=up, down=down, delay=40.0)
    HIGHLIFT.scan(
        state, dt, wanted=wanted, ref=ref, interlock=LOW_LEVEL if dry else LOW_PRESSURE if burst else 0
    )
    state["distribution/highlift.lag"] = HIGHLIFT.next_pump(state)
    state["distribution/highlift.pumps_running"] = running
    state["distribution/highlift.interlocks"] = int(dry) + int(burst)
    state["distribution/highlift.total"] = int(state["x.total.fin"])
    state["distribution/demand.now"] = round(state["x.demand"])
    factor = demand_factor(state["t"] + 3600.0)
    state["distribution/demand.next_hour"] = round(MEAN_DEMAND * factor, -1)


def _site(state: State) -> None:
    power, flow = state["utilities/jt601.pv"], state["distribution/ft501.pv"]
    state["utilities/energy.specific"] = round(power / flow, 3) if flow > 50.0 else 0.0
    state["utilities/energy.total"] = int(state["x.total.kwh"])
    for unit in ("c601", "c602"):
        state[f"utilities/{unit}.running"] = state[f"a.{unit}.on"]
        state[f"utilities/{unit}.hours"] = round(state[f"x.{unit}.hours"], 1)
    state["utilities/ups01.battery"], state["utilities/ups02.battery"] = 100, 98
    state["utilities/ups02.test_due"] = False
    state["site/plc1.interlocks"] = state["intake/raw.interlocks"] + state["distribution/highlift.interlocks"]


def scan_rtu(state: State, dt: float) -> None:
    """The three network stations."""
    copy_inputs(state, "rtu")
    op = LOOP_SET["distribution/pic511"].scan(state, dt, pv=state["distribution/pt511.pv"])
    VALVE_SET["distribution/fcv511"].scan(state, dt, request=op)
    op = LOOP_SET["distribution/lic520"].scan(state, dt, pv=state["distribution/lt520.pv"])
    VALVE_SET["distribution/fcv521"].scan(state, dt, request=op)
    level = state["distribution/lt520.pv"]
    dry = latch(state, "p.boost.dry", on=level < 8.0, off=level > 12.0)
    running = sum(state[f"{n}.running"] for n in BOOSTER.pumps)
    ref = LOOP_SET["distribution/pic521"].scan(
        state, dt, pv=state["distribution/pt521.pv"], hold=running == 0
    )
    wanted = BOOSTER.stage(state, dt, up=ref > 97.0, down=ref < 68.0 and running > 1, delay=30.0)
    BOOSTER.scan(state, dt, wanted=wanted, ref=ref, interlock=LOW_LEVEL if dry else 0)
    state["distribution/ft531.total"] = int(state["x.total.low"])
    for unit, volts in ((1, 27.3), (2, 27.1), (3, 26.9)):
        state[f"distribution/rtu{unit}.battery"] = volts
        state[f"site/rtu{unit}.life"] = (state[f"site/rtu{unit}.life"] + 1) & 0xFFFF


def scan_opc(state: State, dt: float) -> None:
    """Clarification, filtration and dosing."""
    copy_inputs(state, "opc")
    _dosing(state, dt)
    _sludge(state, dt)
    _backwash(state, dt)
    _show_filters(state)
    contact = state["x.contact"]
    state["clearwell/contact_time"] = round(contact, 1)
    state["clearwell/ct"] = round(contact * state["clearwell/at402.pv"], 1)
    state["site/opc.life"] = (state["site/opc.life"] + 1) & 0xFFFFFFFF


def _dosing(state: State, dt: float) -> None:
    raw, filtered = state["q.PI1"], state["x.filtered"]
    stopped = LOW_LEVEL if raw < 80.0 else 0
    state["clarification/dose.opt"] = round(state["x.optimum"], 1)
    for loop, pump, dose in (
        ("clarification/fic211", "clarification/p211", "x.dose.alum"),
        ("clarification/fic212", "clarification/p212", "x.dose.poly"),
    ):
        digits = 2 if loop.endswith("211") else 3
        op = LOOP_SET[loop].scan(state, dt, pv=round(state[dose], digits), hold=bool(stopped))
        DRIVES[pump].scan(state, dt, request=True, ref=op, interlock=stopped)
    trim = LOOP_SET["clearwell/aic402"].scan(state, dt, pv=state["clearwell/at402.pv"])
    low = LOW_LEVEL if filtered < 80.0 else 0
    op = LOOP_SET["clearwell/fic401"].scan(
        state, dt, pv=round(state["x.dose.cl"], 2), cascade=trim * 0.05, hold=bool(low)
    )
    DRIVES["clearwell/p401"].scan(state, dt, request=True, ref=op, interlock=low)
    for n in (1, 2, 3, 4):
        DRIVES[f"clarification/m20{n}"].scan(state, dt, request=True, ref=100.0)


def _sludge(state: State, dt: float) -> None:
    """Blow down the clarifier for three minutes each interval."""
    timer = state.get("p.sludge.t", 24 * 60.0) - dt
    if timer <= -180.0:
        timer = clamp(state["clarification/sludge.interval"], 10.0, 240.0) * 60.0
    state["p.sludge.t"] = timer
    VALVE_SET["clarification/xv206"].scan(state, dt, request=100.0 if timer <= 0.0 else 0.0)
    state["clarification/sludge.next"] = round(max(0.0, timer) / 60.0, 1)


_FILTERS = tuple(f"filtration/f30{n}" for n in range(1, 7))


def _backwash(state: State, dt: float) -> None:
    """Queue by head loss, hours or command; wash one filter at a time; keep four or five in service."""
    washing = next((n for n in _FILTERS if state[f"a.{n}.step"]), "")
    for name in _FILTERS:
        due = state[f"x.{name}.dp"] > state["filtration/backwash.dp_start"] or state[f"x.{name}.hours"] > 48.0
        if state[f"{name}.backwash"] or (state[f"a.{name}.on"] and due):
            state[f"{name}.queued"] = name != washing
            state[f"{name}.backwash"] = False
    if washing:
        _backwash_step(state, dt, washing)
    else:
        state["filtration/backwash.remaining"] = 0.0
        queue = [n for n in _FILTERS if state[f"{n}.queued"]]
        if queue and state["x.wash"] > 45.0:
            state[f"{queue[0]}.queued"] = False
            state[f"a.{queue[0]}.step"] = 1
            state["p.backwash.t"] = BACKWASH_STEPS[0][1]
    _service(state)
    state["filtration/backwash.queue"] = sum(state[f"{n}.queued"] for n in _FILTERS)


def _backwash_step(state: State, dt: float, name: str) -> None:
    left = state.get("p.backwash.t", 400.0) - dt
    step = state[f"a.{name}.step"]
    if left <= 0.0:
        step = step + 1 if step < len(BACKWASH_STEPS) else 0
        state[f"a.{name}.step"] = step
        left = BACKWASH_STEPS[step - 1][1] if step else 0.0
    state["p.backwash.t"] = left
    state["filtration/backwash.remaining"] = round(left, 1)


def _service(state: State) -> None:
    """Four filters filter; the fifth joins above 1,350 m³/h; the longest rested comes first."""
    need = 5 if state["q.PI1"] > 1350.0 else 4
    able = [n for n in _FILTERS if not state[f"a.{n}.step"] and state[f"{n}.in_service"]]
    on = [n for n in able if state[f"a.{n}.on"]]
    for name in sorted((n for n in able if n not in on), key=lambda n: state[f"x.{n}.clog"])[
        : max(0, need - len(on))
    ]:
        on.append(name)
    for name in _FILTERS:
        state[f"a.{name}.on"] = name in on


def _show_filters(state: State) -> None:
    current = 0
    step_now = 0
    for index, name in enumerate(_FILTERS, start=301):
        step, on = state[f"a.{name}.step"], state[f"a.{name}.on"]
        if step:
            current, step_now = index, step
        state[f"{name}.state"] = step + 1 if step else 1 if on else 0 if state[f"{name}.in_service"] else 7
        for signal, digits in (("dp", 2), ("hours", 1), ("level", 2), ("flow", 0)):
            state[f"{name}.{signal}"] = round(state[f"x.{name}.{signal}"], digits)
        state[f"{name}.turbidity"] = round(state[f"x.{name}.turb"], 3)
        state[f"{name}.inlet_open"] = state[f"{name}.outlet_open"] = on
    state["filtration/backwash.filter"], state["filtration/backwash.step"] = current, step_now


SCANS = {"plc1": scan_plc1, "rtu": scan_rtu, "opc": scan_opc}
