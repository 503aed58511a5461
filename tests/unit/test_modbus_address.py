"""Every notation of a Modbus address, and every kind of nonsense."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hmi.core.errors import AddressError, ConfigurationError
from hmi.core.values import ValueType
from hmi.drivers.modbus._address import Address, Table, parse_address
from hmi.drivers.modbus.definition import DEFINITION
from hmi.plugins.discovery import definition

CO, DI, IR, HR = Table.COILS, Table.DISCRETE_INPUTS, Table.INPUT_REGISTERS, Table.HOLDING_REGISTERS

WRITTEN = [
    ("00001", Address(CO, 0)),
    ("000001", Address(CO, 0)),
    ("C1", Address(CO, 0)),
    ("0x00001", Address(CO, 0)),
    ("0x1", Address(CO, 0)),
    ("10001", Address(DI, 0)),
    ("100001", Address(DI, 0)),
    ("DI1", Address(DI, 0)),
    ("30001", Address(IR, 0)),
    ("300001", Address(IR, 0)),
    ("IR1", Address(IR, 0)),
    ("40001", Address(HR, 0)),
    ("400001", Address(HR, 0)),
    ("4x1", Address(HR, 0)),
    ("HR1", Address(HR, 0)),
    ("hr1", Address(HR, 0)),
    ("465536", Address(HR, 65535)),
    ("49999", Address(HR, 9998)),
    ("0 HR", Address(HR, 0)),
    ("0HR", Address(HR, 0)),
    ("7 DO", Address(CO, 7)),
    ("12 HR F", Address(HR, 12, wire="float32")),
    ("12 IRS", Address(IR, 12, wire="int16")),
    ("40010.3", Address(HR, 9, bit=3)),
    ("40010:3", Address(HR, 9, bit=3)),
    ("IR5.15", Address(IR, 4, bit=15)),
    ("40010[20]S", Address(HR, 9, length=20, wire="string")),
    ("400010.20H", Address(HR, 9, length=20, wire="string", hilo="high")),
    ("400010.20L", Address(HR, 9, length=20, wire="string", hilo="low")),
    ("2.40001", Address(HR, 0, unit=2)),
    ("2.HR5.3", Address(HR, 4, unit=2, bit=3)),
    ("247.0 HR", Address(HR, 0, unit=247)),
]
WRONG = ["40000", "400000", "00000", "165537", "465537", "HR0", "HR65537", "1", "40", "401", "100.0", "20001"]
WRONG += [
    "",
    " ",
    "HR",
    "HR-1",
    "HR1.16",
    "C1.2",
    "DI3:0",
    "HR1[0]S",
    "HR1[251]S",
    "256.HR1",
    "X1",
    "65536 HR",
]
WRONG += ["HR1.3.4", "HR1]", "40001 40002", "４０００１x"]


@pytest.mark.parametrize(("text", "address"), WRITTEN)
def test_MB_01_notation_gives_canonical_address(text: str, address: Address) -> None:
    assert parse_address(text) == address


def test_MB_01_zero_based_option_is_for_letters_only() -> None:
    assert parse_address("HR0", zero_based=True) == Address(HR, 0)
    assert parse_address("40001", zero_based=True) == Address(HR, 0)


def test_MB_01_octal_mapping_row() -> None:
    rows = [{"prefix": "V", "start": 2000, "end": 3777, "radix": 8, "table": "HR", "offset": 1024, "unit": 3}]
    assert parse_address("V2000", mappings=rows) == Address(HR, 1024, unit=3)
    assert parse_address("V2010.4", mappings=rows) == Address(HR, 1032, unit=3, bit=4)
    for text in ("V1777", "V4000", "V2008"):
        with pytest.raises(AddressError):
            parse_address(text, mappings=rows)


@pytest.mark.parametrize("text", WRONG)
def test_MB_01_error_rows_are_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(AddressError) as caught:
        parse_address(text)
    assert len(caught.value.sentence) > 20


@given(st.text(max_size=30))
@settings(deadline=None)
def test_MB_01_any_text_parses_or_is_refused(text: str) -> None:
    try:
        address = parse_address(text)
    except AddressError:
        return
    assert 0 <= address.offset <= 65535
    assert parse_address(str(address)).offset == address.offset


@given(
    st.sampled_from(Table),
    st.integers(0, 65535),
    st.one_of(st.none(), st.integers(0, 255)),
    st.one_of(st.none(), st.integers(0, 15)),
)
@settings(deadline=None)
def test_MB_01_canonical_text_is_read_back(
    table: Table, offset: int, unit: int | None, bit: int | None
) -> None:
    address = Address(table, offset, unit=unit, bit=None if table.is_bits else bit)
    assert parse_address(str(address)) == address


@pytest.mark.parametrize(
    ("address", "kind", "options"),
    [
        ("C1", ValueType.FLOAT32, {}),
        ("HR1", ValueType.FLOAT32, {"wire": "string", "length": 4}),
        ("HR1", ValueType.STRING, {}),
        ("HR1", ValueType.STRING, {"length": 300}),
        ("HR1", ValueType.INT64, {"wire": "int17"}),
        ("HR1", ValueType.INT64, {"order": "ABDC"}),
        ("HR1", ValueType.STRING, {"length": 4, "encoding": "klingon"}),
        ("HR1", ValueType.STRING, {"length": 4, "hilo": "up"}),
        ("HR1", ValueType.UINT64, {"wire": "bitfield", "first": 12, "count": 5}),
        ("HR1", ValueType.BOOL, {"wire": "bit"}),
        ("HR1", ValueType.INT64, {"write": "mask"}),
        ("HR1", ValueType.FLOAT32, {"write": "single"}),
        ("HR1", ValueType.INT64, {"write": "sometimes"}),
        ("HR1", ValueType.INT64, {"unit": 256}),
        ("HR1", ValueType.INT64, {"unit": "two"}),
        ("465536", ValueType.FLOAT32, {}),
        ("HR1", ValueType.ARRAY, {}),
        ("HR1.3", ValueType.FLOAT32, {}),
    ],
)
def test_point_that_cannot_be_read_is_refused(address: str, kind: ValueType, options: dict) -> None:
    with pytest.raises(AddressError):
        DEFINITION.check_address(address, kind, {}, options)


@pytest.mark.parametrize(
    "text",
    [
        "tcp://plc:1502",
        "rtu+tcp://[::1]:502",
        "tls://plc",
        "udp://10.0.0.1",
        "serial:///dev/ttyS0",
        "serial:COM3",
    ],
)
def test_endpoint_is_accepted(text: str) -> None:
    assert DEFINITION.check_endpoint(text) is None


@pytest.mark.parametrize(
    "text", ["", "plc", "http://plc", "tcp://", "tcp://plc:70000", "tcp://plc/x", "serial:"]
)
def test_endpoint_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError):
        DEFINITION.check_endpoint(text)


def test_MB_14_port_802_is_the_default_of_tls() -> None:
    from hmi.drivers.modbus._endpoint import parse_endpoint

    assert (parse_endpoint("tls://plc").port, parse_endpoint("tcp://plc").port) == (802, 502)


def test_definition_is_found_and_light() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from hmi.plugins.discovery import definition; definition('drivers','modbus');"
        "sys.exit('pymodbus' in sys.modules or 'PySide6' in sys.modules)"
    )
    assert definition("drivers", "modbus") is DEFINITION
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
