"""The EPANET solver is stateless: what was written before never shows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simulators.waterworks.hydraulics import WARNINGS, Inputs, Network, Outputs

NORMAL = Inputs(
    heads={"WETWELL": 101.42, "RAPID": 117.0, "CLEARWELL": 113.55, "LT510": 165.12, "LT520": 136.2},
    pumps={
        "P101A": 0.86, "P101B": 0.86, "P101C": 0.0, "P501A": 0.74, "P501B": 0.74, "P501C": 0.0,
        "P521A": 0.9, "P521B": 0.0,
    },
    valves={"FCV511": 70.0, "FCV521": 300.0},
    demand_factor=1.0,
    prv_m=40.0,
)  # fmt: skip
ALL_OFF = dict.fromkeys(NORMAL.pumps, 0.0)
DISTURBED = {
    "every pump off": replace(NORMAL, pumps=ALL_OFF),
    "valves shut": replace(NORMAL, valves={"FCV511": None, "FCV521": None}),
    "burst": replace(NORMAL, emitters={"A22": 40.0, "TM1": 20.0}),
    "low zone shut down": replace(NORMAL, prv_m=10.0),
    "fire flow": replace(NORMAL, demand_factor=2.5),
    "other pumps": replace(NORMAL, pumps={**ALL_OFF, "P101C": 1.0, "P501C": 1.0, "P521B": 1.0}),
}


@pytest.fixture
def network():
    made = Network()
    yield made
    made.close()


def same(a: Outputs, b: Outputs) -> bool:
    return a.flow == pytest.approx(b.flow, abs=1e-6) and a.pressure == pytest.approx(b.pressure, abs=1e-6)


@pytest.mark.parametrize("name", DISTURBED)
def test_a_disturbed_step_leaves_nothing_behind(network: Network, name: str) -> None:
    before = network.solve(NORMAL)
    during = network.solve(DISTURBED[name])
    after = network.solve(NORMAL)
    assert not same(before, during)
    assert before == after


def test_a_new_project_gives_the_same_bits(network: Network) -> None:
    network.solve(DISTURBED["burst"])
    other = Network()
    assert network.solve(NORMAL) == other.solve(NORMAL)
    other.close()


def test_two_pumps_deliver_more_than_one(network: Network) -> None:
    two = network.solve(NORMAL).flow["PI1"]
    one = network.solve(replace(NORMAL, pumps={**NORMAL.pumps, "P101B": 0.0})).flow["PI1"]
    assert one < 0.75 * two


def test_solver_warnings_become_a_code_and_are_never_printed(
    network: Network, capfd: pytest.CaptureFixture[str]
) -> None:
    weak = network.solve(replace(NORMAL, pumps={**NORMAL.pumps, "P501A": 0.25, "P501B": 0.0}))
    assert WARNINGS[weak.warning] == "a pump cannot deliver against the pressure"
    assert network.solve(NORMAL).warning == 0
    out, err = capfd.readouterr()
    assert out == err == ""
