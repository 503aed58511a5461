"""Node and endpoint addresses as a plant file writes them."""

from __future__ import annotations

import contextlib
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hmi.core.errors import AddressError, ConfigurationError
from hmi.core.values import ValueType
from hmi.drivers.opcua._address import NodeAddress, parse_address, parse_endpoint
from hmi.drivers.opcua.definition import DEFINITION


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("i=2258", NodeAddress("i", 2258)),
        ("ns=2;s=Area.Pump;1", NodeAddress("s", "Area.Pump;1", 2)),
        ("nsu=urn:watchkeeper:simulator;s=A", NodeAddress("s", "A", 0, "urn:watchkeeper:simulator")),
        ("nsu=urn:a%3Bb;i=7", NodeAddress("i", 7, 0, "urn:a;b")),
        (
            "ns=3;g=09087e75-8e5e-499b-954f-f2a9603db28a",
            NodeAddress("g", UUID("09087e75-8e5e-499b-954f-f2a9603db28a"), 3),
        ),
        (
            "ns=1;b=M/RbKBsRVkePCePcx24oRA==",
            NodeAddress("b", bytes.fromhex("33f45b281b1156478f09e3dcc76e2844"), 1),
        ),
    ],
)
def test_address_reads_every_kind_of_identifier(text: str, node: NodeAddress) -> None:
    assert parse_address(text) == node


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A",
        "ns=2",
        "ns=x;s=A",
        "ns=70000;s=A",
        "i=4294967296",
        "i=-1",
        "g=1",
        "b=%",
        "nsu=;s=A",
        "s=" + "x" * 5000,
    ],
)
def test_address_that_cannot_be_read_says_how_to_write_it(text: str) -> None:
    with pytest.raises(AddressError, match="ns=2;s=Name"):
        parse_address(text)


@given(st.text(max_size=60))
def test_address_never_fails_in_another_way(text: str) -> None:
    with contextlib.suppress(AddressError):
        assert parse_address(text).kind in "isgb"


def test_endpoint_knows_loopback_and_refuses_a_password() -> None:
    assert parse_endpoint("opc.tcp://127.0.0.1:48010/a/").is_loopback
    assert parse_endpoint("opc.tcp://[::1]").port == 4840
    assert not parse_endpoint("opc.tcp://plc.example:4841").is_loopback
    for wrong in ("opc.tcp://user:secret@plc", "http://plc", "opc.tcp://plc:70000", "opc.tcp://"):
        with pytest.raises(ConfigurationError):
            parse_endpoint(wrong)


def test_definition_refuses_two_deadbands_and_a_wrong_range() -> None:
    check = DEFINITION.check_address
    check("i=1", ValueType.FLOAT64, {}, {"deadband": 1.0, "index_range": "0:3"})
    for options in ({"deadband": 1, "deadband_percent": 1}, {"index_range": "1;2"}):
        with pytest.raises(AddressError):
            check("i=1", ValueType.FLOAT64, {}, options)
    with pytest.raises(AddressError):
        check("i=1", ValueType.STRING, {}, {"deadband": 1})
