"""Which addresses a connection may reach (design 2b.3)."""

from __future__ import annotations

import pytest

from hmi.acquisition import endpoints_of
from hmi.core.errors import ConfigurationError
from hmi.project.plant import ConnectionDef


def test_an_endpoints_file_replaces_the_endpoints_of_a_connection() -> None:
    connection = ConnectionDef("plc1", "modbus", ("tcp://127.0.0.1:1",), simulated=True)
    assert endpoints_of(connection, {"plc1": ("tcp://127.0.0.1:2",)}) == ("tcp://127.0.0.1:2",)
    assert endpoints_of(connection, {"other": ("tcp://127.0.0.1:2",)}) == ("tcp://127.0.0.1:1",)


@pytest.mark.parametrize("simulated", [True, False])
def test_an_endpoints_file_may_not_name_another_machine(simulated: bool) -> None:
    connection = ConnectionDef("plc1", "modbus", ("tcp://127.0.0.1:1",), simulated=simulated)
    with pytest.raises(ConfigurationError, match="loopback addresses only"):
        endpoints_of(connection, {"plc1": ("tcp://10.0.0.1:2",)})


def test_a_simulated_connection_never_reaches_a_real_address() -> None:
    connection = ConnectionDef("plc1", "modbus", ("tcp://127.0.0.1:1", "tcp://10.0.0.1:2"), simulated=True)
    with pytest.raises(ConfigurationError, match="simulated connection"):
        endpoints_of(connection, None)


def test_a_real_connection_keeps_its_addresses_in_order() -> None:
    connection = ConnectionDef("plc1", "modbus", ("tcp://10.0.0.1:2", "tcp://10.0.0.2:2"))
    assert endpoints_of(connection, None) == ("tcp://10.0.0.1:2", "tcp://10.0.0.2:2")
