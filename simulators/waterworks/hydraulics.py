"""Hydraulics of the Northfield network: EPANET as a stateless solver, every input written on every step."""

from __future__ import annotations

import logging
import os
import warnings
from dataclasses import dataclass, field
from importlib import resources

from epanet import toolkit as en  # pyright: ignore[reportMissingImports]

log = logging.getLogger(__name__)
BAR_PER_M = 0.0980665
FIXED_HEADS = ("WETWELL", "RAPID", "CLEARWELL", "LT510", "LT520")
_INIT_NO_SAVE = 10
UNBALANCED, PUMP_CANNOT_DELIVER, NEGATIVE_PRESSURE = 1, 4, 6
WARNINGS = {
    0: "",
    UNBALANCED: "the hydraulics did not balance",
    PUMP_CANNOT_DELIVER: "a pump cannot deliver against the pressure",
    NEGATIVE_PRESSURE: "the pressure is negative somewhere",
}


@dataclass(slots=True)
class Inputs:
    """One step's inputs: heads (m), pump speeds (0..1), valve loss coefficients (None = shut), emitters."""

    heads: dict[str, float]
    pumps: dict[str, float]
    valves: dict[str, float | None]
    demand_factor: float
    prv_m: float
    emitters: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Outputs:
    """Flows (m³/h) by link, pressures (m) by node, total demand served, warning code of the solver (0 = none)."""

    flow: dict[str, float]
    pressure: dict[str, float]
    demand: float
    warning: int


class Network:
    """One EPANET project. Holds no plant state: the same inputs give the same outputs."""

    FLOWS = (
        "PI1", "TR1", "PO1", "PR2", "PH1", "PL1",
        "P101A", "P101B", "P101C", "P501A", "P501B", "P501C", "P521A", "P521B", "TR3",
    )  # fmt: skip
    PRESSURES = ("IN3", "HL3", "NI2", "A40", "A04", "B1", "H9", "L10")
    BURST_NODES = ("TM1", "A22", "L6", "H5")

    def __init__(self) -> None:
        self._project = en.createproject()
        with resources.as_file(resources.files(__package__) / "northfield.inp") as path:
            en.open(self._project, str(path), os.devnull, "")
        en.openH(self._project)
        self._node = {name: en.getnodeindex(self._project, name) for name in self._nodes()}
        self._link = {name: en.getlinkindex(self._project, name) for name in self._links()}
        en.setstatusreport(self._project, 0)
        self._node_count = en.getcount(self._project, en.NODECOUNT)
        self._link_count = en.getcount(self._project, en.LINKCOUNT)
        self._values = en.doubleArray(max(self._node_count, self._link_count) + 1)

    def _nodes(self) -> tuple[str, ...]:
        return (*FIXED_HEADS, *self.PRESSURES, *self.BURST_NODES)

    def _links(self) -> tuple[str, ...]:
        return (*self.FLOWS, "FCV511", "FCV521", "PRV531")

    def close(self) -> None:
        """Give the project back."""
        en.closeH(self._project)
        en.close(self._project)
        en.deleteproject(self._project)

    def solve(self, inputs: Inputs) -> Outputs:
        """Write every input, solve one steady state, read what the plant needs."""
        self._write(inputs)
        en.initH(self._project, _INIT_NO_SAVE)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            en.runH(self._project)
        outputs = self._read()
        if caught:
            outputs.warning = _cause(inputs, outputs)
        return outputs

    def _write(self, inputs: Inputs) -> None:
        project, node, link = self._project, self._node, self._link
        for name in FIXED_HEADS:
            en.setnodevalue(project, node[name], en.ELEVATION, inputs.heads[name])
        for name in self.BURST_NODES:
            en.setnodevalue(project, node[name], en.EMITTER, inputs.emitters.get(name, 0.0))
        for name, speed in inputs.pumps.items():
            en.setlinkvalue(project, link[name], en.INITSTATUS, en.OPEN if speed > 0.0 else en.CLOSED)
            if speed > 0.0:  # after the status: opening a pump sets its speed to 1
                en.setlinkvalue(project, link[name], en.INITSETTING, speed)
        for name, loss in inputs.valves.items():
            if loss is None:
                en.setlinkvalue(project, link[name], en.INITSTATUS, en.CLOSED)
            else:
                en.setlinkvalue(project, link[name], en.INITSETTING, loss)
        en.setlinkvalue(project, link["PRV531"], en.INITSETTING, inputs.prv_m)
        en.setoption(project, en.DEMANDMULT, inputs.demand_factor)

    def _read(self) -> Outputs:
        project, values = self._project, self._values
        en.getlinkvalues(project, en.FLOW, values)
        flow = {name: values[self._link[name] - 1] for name in self.FLOWS}
        en.getnodevalues(project, en.PRESSURE, values)
        pressure = {name: values[self._node[name] - 1] for name in self.PRESSURES}
        return Outputs(flow, pressure, flow["PO1"], 0)


def _cause(inputs: Inputs, outputs: Outputs) -> int:
    """The library warns without its code, so the results must say which of them it was."""
    if any(speed > 0.0 and outputs.flow[name] < 0.5 for name, speed in inputs.pumps.items()):
        return PUMP_CANNOT_DELIVER
    if min(outputs.pressure.values()) < 0.0:
        return NEGATIVE_PRESSURE
    return UNBALANCED
