"""What a driver is told of its points, and that nothing simulated leaves this machine."""

from __future__ import annotations

import pytest

from hmi.acquisition import endpoints_of, is_loopback, points_of
from hmi.core.errors import ConfigurationError
from hmi.core.values import ValueType
from hmi.project.plant import CommandRule, ConnectionDef, Source
from hmi.testing.plant import make_plant, make_tag

TRICKS = [
    "tcp://127.0.0.1.example.net:502", "tcp://127.0.0.1@10.0.0.1:502", "opc.tcp://10.0.0.1/127.0.0.1",
    "tcp://127.0.0:502", "tcp://127.0.0.256:502", "tcp://0.0.0.0:502", "tcp://[::]:502", "serial:///dev/ttyS0",
    "tcp://localhost.example.net:502", "tcp://", "", "127.0.0.1",
]  # fmt: skip


@pytest.mark.parametrize("endpoint", TRICKS)
def test_what_only_looks_like_this_machine_is_refused(endpoint: str) -> None:
    connection = ConnectionDef("plc1", "modbus", (endpoint,), simulated=True, source=Source("plant.toml", 7))
    assert not is_loopback(endpoint)
    with pytest.raises(ConfigurationError, match=r"plant\.toml:7: .*plc1.*loopback.*127\.0\.0\.1"):
        endpoints_of(connection, None)


def test_an_override_is_judged_also_for_a_connection_that_is_not_simulated() -> None:
    connection = ConnectionDef("plc1", "modbus", ("tcp://10.0.0.1:502",))
    assert endpoints_of(connection, {"other": ("tcp://127.0.0.1:1",)}) == ("tcp://10.0.0.1:502",)
    with pytest.raises(ConfigurationError, match="endpoints file"):
        endpoints_of(connection, {"plc1": ("tcp://127.0.0.1:1", "tcp://10.0.0.2:502")})


def test_points_carry_handle_period_and_whether_they_are_written() -> None:
    plant = make_plant(
        [
            make_tag("a/x.pv", connection="other", address="1"),
            make_tag("a/t.pv", address="HR1", scan="fast", type=ValueType.UINT64, options={"order": "CDAB"}),
            make_tag("a/t.sp", address="HR2", scan="nowhere", command=CommandRule()),
            make_tag("a/sum", expression="'a/t.pv' + 1"),
        ]
    )
    fast, unknown = points_of(plant, "plc1")
    assert (fast.handle, fast.address, fast.period_ms, fast.writable) == (1, "HR1", 250, False)
    assert (fast.type, dict(fast.options)) == (ValueType.UINT64, {"order": "CDAB"})
    assert (unknown.handle, unknown.period_ms, unknown.writable) == (2, 1_000, True)
