"""Register maps of makers: columns by their words, addresses in every notation, types, byte orders, scales, access."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from import_lists import DATA, imported_twice, read

from hmi.core.errors import ConfigurationError
from hmi.core.identity import is_tag_name
from hmi.core.values import EURange, ValueType
from hmi.drivers.modbus.definition import check_address
from hmi.importers.modbus_map._types import functions_of, order_of, type_of
from hmi.project._drivers import options_of_cells
from hmi.project._fields import TYPES
from hmi.project.import_kinds import kind_of
from hmi.project.importing import ImportContext, Imported, ProposedRow

FILE = DATA / "meter.csv"
HEAD = "Address,Name,Type,Scale,Unit,R/W,Function code,Words,Description,Order,Min,Max,Bit,Register type,Gain"


def listed(tmp_path: Path, *lines: str, head: str = HEAD, **settings: str) -> Imported:
    file = tmp_path / "map.csv"
    file.write_text("\n".join((head, *lines)), "utf-8")
    context = ImportContext(connections={"plc": "modbus"}, areas=("a",), area="a", connection="plc")
    return read("modbus_map", file, context, **settings)


def only(found: Imported) -> ProposedRow:
    assert [fault.text for fault in found.faults if fault.is_error] == []
    assert len(found.rows) == 1
    return found.rows[0]


def check(row: ProposedRow) -> None:
    """The driver takes the row."""
    cells = row.cells
    options = options_of_cells("modbus", cells.get("options", ""), "", cells["type"])
    check_address(cells["address"], TYPES[cells["type"]][0], {}, options.values)


def test_a_meter_comes_over_without_its_faulty_row(tmp_path: Path) -> None:
    plant, plan = imported_twice(
        tmp_path, "modbus_map", FILE, skip_faulty=True, area="area1", settings={"device": "pm"}
    )
    wrong = [fault for fault in plan.faults if fault.is_error]
    assert [(fault.place.line, fault.text) for fault in wrong] == [(14, "the type 'QUATERNION' is not known")]
    at = plant.by_name
    assert at["area1/pm.Voltage_L1_N"].type is ValueType.FLOAT32
    frequency = at["area1/pm.Frequency"]
    assert frequency.address == "2 HR"
    assert frequency.scaling is not None
    assert (frequency.scaling.raw, frequency.scaling.eu) == (EURange(0, 65535), EURange(0, 655.35))
    energy = at["area1/pm.Energy_import"]
    assert (energy.options["wire"], energy.options["order"], energy.unit) == ("uint32", "CDAB", "kWh")
    assert at["area1/pm.Mode"].states == {0: "Off", 1: "On", 2: "Standby"}
    assert at["area1/pm.Mode"].command is not None
    assert at["area1/pm.Door_open"].address == "8 HR.3"
    assert at["area1/pm.Serial_number"].options["length"] == 16
    assert at["area1/pm.Reset"].address == "4 CO"
    assert at["area1/pm.Current_L1"].address == "9 IR"
    assert at["area1/pm.Voltage_L1_N"].command is None


@pytest.mark.parametrize(
    ("address", "more", "ours"),
    [
        ("40001", "", "0 HR"),
        ("400001", "", "0 HR"),
        ("30010", "", "9 IR"),
        ("4x0010", "", "9 HR"),
        ("HR10", "", "9 HR"),
        ("IR 5", "", "4 IR"),
        ("0x1000", "", "4096 HR"),
        ("1000h", "", "4096 HR"),
        ("0x0010", "04", "16 IR"),
        ("40001.3", "", "0 HR.3"),
        ("40001:12", "", "0 HR.12"),
        ("5", "03", "5 HR"),
        ("00005", "05", "4 CO"),
        ("10005", "", "4 DI"),
        ("32080", "03", "32080 HR"),
    ],
)
def test_addresses(tmp_path: Path, address: str, more: str, ours: str) -> None:
    kind = "BOOL" if "." in ours or ours.endswith(("CO", "DI")) else "U16"
    row = only(listed(tmp_path, f"{address},x,{kind},,,,{more}"))
    assert row.cells["address"] == ours
    check(row)


def test_a_range_of_registers_widens_a_short_type(tmp_path: Path) -> None:
    row = only(listed(tmp_path, "40001-40002,x,INT"))
    assert row.cells["type"] == "int32"


@pytest.mark.parametrize(("base", "address"), [("0", "40001 HR"), ("1", "40000 HR")])
def test_a_given_base_makes_every_number_a_plain_one(tmp_path: Path, base: str, address: str) -> None:
    assert only(listed(tmp_path, "40001,x,U16", base=base)).cells["address"] == address


@pytest.mark.parametrize(
    ("head", "address"), [("Address (1-based)", "9 HR"), ("Address (zero based)", "10 HR")]
)
def test_the_header_may_say_the_base(tmp_path: Path, head: str, address: str) -> None:
    found = listed(tmp_path, "10,x,U16", head=f"{head},Name,Data type")
    assert only(found).cells["address"] == address
    assert not any("count from 0 or 1" in fault.text for fault in found.faults)


def test_an_open_base_is_said_once(tmp_path: Path) -> None:
    found = listed(tmp_path, "10,x,U16", "11,y,U16")
    said = [fault for fault in found.faults if "count from 0 or 1" in fault.text]
    assert [(fault.is_error, fault.place.line) for fault in said] == [(False, 2)]


@pytest.mark.parametrize(
    ("text", "words", "found"),
    [
        ("U16", 0, ("uint16", "", 0)),
        ("S32", 0, ("int32", "", 0)),
        ("INT32_SWAP", 0, ("int32", "CDAB", 0)),
        ("FLOAT32", 2, ("float32", "", 0)),
        ("Float", 4, ("float64", "", 0)),
        ("float32 LE", 0, ("float32", "DCBA", 0)),
        ("UINT32 (CDAB)", 0, ("uint32", "CDAB", 0)),
        ("unsigned int 16", 0, ("uint16", "", 0)),
        ("Unsigned 32-bit", 0, ("uint32", "", 0)),
        ("32-bit float", 0, ("float32", "", 0)),
        ("16 bit unsigned integer", 0, ("uint16", "", 0)),
        ("sideways", 0, ("", "", 0)),
        ("STRING(16)", 0, ("string", "", 16)),
        ("ASCII", 8, ("string", "", 0)),
        ("DWORD", 0, ("uint32", "", 0)),
        ("word", 2, ("uint32", "", 0)),
        ("BCD", 2, ("bcd32", "", 0)),
    ],
)
def test_types(text: str, words: int, found: tuple[str, str, int]) -> None:
    assert type_of(text, words) == found


@pytest.mark.parametrize(
    ("text", "order"),
    [("MSW first", "ABCD"), ("LSW first", "CDAB"), ("big endian", "ABCD"), ("Little-Endian", "DCBA"),
     ("word swap", "CDAB"), ("byte swap", "BADC"), ("CDAB", "CDAB"), ("", ""), ("yes", "CDAB"), ("sideways", None)],
)  # fmt: skip
def test_byte_orders(text: str, order: str | None) -> None:
    assert order_of(text) == order


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("03", ("HR", False)),
        ("0x04", ("IR", False)),
        ("03/06/16", ("HR", True)),
        ("FC1, FC5", ("CO", True)),
        ("", ("", False)),
    ],
)
def test_function_codes(text: str, found: tuple[str, bool]) -> None:
    assert functions_of(text) == found


@pytest.mark.parametrize(
    ("line", "raw", "eu"),
    [
        ("40001,x,U16,0.1", (0, 65535), (0, 6553.5)),
        ("40001,x,U16,1/10", (0, 65535), (0, 6553.5)),
        ("40001,x,S16,x0.01", (-32768, 32767), (-327.68, 327.67)),
        ("40001,x,F32,0.001,,,,,,,0,500", (0, 500000), (0, 500)),
    ],
)
def test_scales(tmp_path: Path, line: str, raw: tuple[float, float], eu: tuple[float, float]) -> None:
    row = only(listed(tmp_path, line))
    ends = tuple(float(row.cells[key]) for key in ("raw_low", "raw_high", "low", "high"))
    assert ends == pytest.approx((*raw, *eu))
    check(row)


@pytest.mark.parametrize(("how", "high"), [("divide", 655.35), ("multiply", 6_553_500.0), ("", 655.35)])
def test_whole_numbers_of_a_gain_divide_unless_told_otherwise(tmp_path: Path, how: str, high: float) -> None:
    found = listed(tmp_path, "40001,x,U16,100", gain=how)
    assert float(only(found).cells["high"]) == pytest.approx(high)
    assert any("divisors" in fault.text for fault in found.faults) is (how == "")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("abc,x,U16", "the address 'abc' is none"),
        ("70000,x,U16,,,,03", "outside the table"),
        ("40001,x,QUATERNION", "type 'QUATERNION' is not known"),
        ("40001,x,U32,,,,,1", "has 2 registers, but 1 are given"),
        ("40001,x,STRING", "text without a length"),
        ("40001,x,U16,often", "the scale 'often' is no number"),
        ("40001,x,U16,0", "is zero"),
        ("40001,x,U16,-1", "negative factor"),
        ("40001,x,F32,0.5", "float with a scale"),
        ("40001,x,U32,,,,,,,sideways", "byte order 'sideways'"),
        ("10001,x,U32", "one bit and cannot hold"),
        ("40001,x,BOOL,,,,,,,,,,77", "the bit '77'"),
        ("5,x,BOOL", "coil or a discrete input"),
    ],
)
def test_a_row_that_is_wrong_is_one_fault_with_its_line(tmp_path: Path, line: str, said: str) -> None:
    found = listed(tmp_path, "40100,good,U16", line)
    wrong = [fault for fault in found.faults if fault.is_error]
    assert len(wrong) == 1
    assert said in wrong[0].text
    assert wrong[0].place.line == 3
    assert [row.name for row in found.rows] == ["a/good"]


def test_headings_and_reserved_rows_are_left_out_and_counted(tmp_path: Path) -> None:
    found = listed(tmp_path, "Measurements", "40001,Reserved,U16", ",no register here,U16", "40002,x,U16")
    assert [row.name for row in found.rows] == ["a/x"]
    assert "3 rows are reserved or only headings" in found.notes


def test_a_name_that_stands_twice_gets_its_address(tmp_path: Path) -> None:
    found = listed(tmp_path, "40001,Voltage,U16", "40002,Voltage,U16", "40003,Phase A/N,U16")
    assert [row.name for row in found.rows] == ["a/Voltage_0_HR", "a/Voltage_1_HR", "a/Phase_A_N"]
    assert found.rows[2].cells["description"] == "Phase A/N"


def test_names_that_stand_twice_do_not_depend_on_the_order_of_rows(tmp_path: Path) -> None:
    lines = ("40001,Voltage,U16", "40011,Voltage,U16")
    ways = [
        {row.name: row.cells["address"] for row in listed(tmp_path, *one).rows}
        for one in (lines, lines[::-1])
    ]
    assert ways[0] == ways[1] == {"a/Voltage_0_HR": "0 HR", "a/Voltage_10_HR": "10 HR"}


# --- what a list says in words -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("access", "is_writable", "is_told"),
    [
        ("R/W", "true", False), ("RW", "true", False), ("w", "true", False), ("Read / Write", "true", False),
        ("Lesen/Schreiben", "true", False), ("R", "false", False), ("Read only", "false", False),
        ("nur Lesen", "false", False), ("-", "false", False), ("Read only (never write)", "false", True),
        ("not writable", "false", True), ("R (password)", "false", True), ("RO - no write", "false", True),
    ],
)  # fmt: skip
def test_only_words_that_are_known_let_a_register_be_written(
    tmp_path: Path, access: str, is_writable: str, is_told: bool
) -> None:
    found = listed(tmp_path, f"40001,x,U16,,,{access},03/06")
    assert only(found).cells["writable"] == is_writable
    assert any("is taken as read only" in fault.text for fault in found.faults) is is_told
    assert any("may be written by operators" in note for note in found.notes) is (is_writable == "true")
    assert (
        only(listed(tmp_path, f"40001,x,U16,,,{access},03/06", writable="false")).cells["writable"] == "false"
    )


@pytest.mark.parametrize(
    ("head", "address", "ours"),
    [
        ("Address (hex)", "0010", "16 HR"),
        ("Hex address", "1A00", "6656 HR"),
        ("Register (hexadecimal)", "0x10", "16 HR"),
        ("Address [hex]", "C5", "197 HR"),
        ("Address (hex; 1-based)", "10", "15 HR"),
        ("Address (hex)", "4000", "16384 HR"),
        ("Address (hex)", "0010-0011", "16 HR"),
    ],
)
def test_below_a_header_that_says_hex_every_number_is_hexadecimal(
    tmp_path: Path, head: str, address: str, ours: str
) -> None:
    found = listed(
        tmp_path, f"{address},x,U16,03".replace("0011,x,U16", "0011,x,U32"), head=f"{head},Name,Type,FC"
    )
    assert only(found).cells["address"] == ours


def addresses(found: Imported) -> list[str]:
    return [row.cells["address"] for row in found.rows]


def test_numbers_such_as_30001_are_read_in_one_way_in_the_whole_list(tmp_path: Path) -> None:
    numbers = ("29999", "30000", "30001", "39999", "40000", "40001")
    lines = [f"{number},x{number},U16" for number in numbers]
    found = listed(tmp_path, *lines)
    assert addresses(found) == [f"{number} HR" for number in numbers]
    (told,) = [fault for fault in found.faults if "plain ones" in fault.text]
    assert "because 29999 in line 2 can name no table" in told.text
    assert "--set numbers=tables" in told.do
    asked = listed(tmp_path, *lines, numbers="tables")
    assert addresses(asked) == ["0 IR", "9998 IR", "0 HR"]
    assert [fault.place.line for fault in asked.faults if fault.is_error] == [2, 3, 6]


def test_how_such_numbers_were_read_is_told_with_the_setting_that_changes_it(tmp_path: Path) -> None:
    lines = ("33022,year,U16,,,,4", "43110,mode,U16,,,,3")
    found = listed(tmp_path, *lines)
    assert addresses(found) == ["3021 IR", "3109 HR"]
    (told,) = [fault for fault in found.faults if "numbers such as" in fault.text]
    assert "33022 is 3021 IR" in told.text
    assert "--set numbers=plain" in told.do
    assert addresses(listed(tmp_path, *lines, numbers="plain")) == ["33022 IR", "43110 HR"]


@pytest.mark.parametrize("text", ["no swap", "Not swapped", "unswapped", "without swap"])
def test_what_is_not_swapped_is_not_swapped(text: str) -> None:
    assert order_of(text) == "ABCD"


@pytest.mark.parametrize("text", ["big endian, not swapped", "never swapped", "no CDAB"])
def test_an_order_that_is_denied_otherwise_is_not_known(text: str) -> None:
    assert order_of(text) is None


def test_columns_that_are_not_understood_are_named(tmp_path: Path) -> None:
    found = listed(tmp_path, "40001,U,U16,0.1", head="Register,Name,Data type,Conversion")
    assert found.notes[:2] == (
        "columns: Register is address, Data type is type",
        "columns that are not taken: Conversion",
    )


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"gain": "Conversoin"}, "has no column 'Conversoin'"),
        ({"scale": "Conversion"}, "there is no column 'scale'"),
    ],
)
def test_a_wrong_map_is_refused(tmp_path: Path, columns: dict[str, str], said: str) -> None:
    file = tmp_path / "map.csv"
    file.write_text("Register,Name,Data type,Conversion\n40001,U,U16,0.1\n", "utf-8")
    with pytest.raises(ConfigurationError, match=said):
        read("modbus_map", file, ImportContext(columns=columns))
    with pytest.raises(ConfigurationError, match="leave --map out"):
        read("kepware", file, ImportContext(columns={"name": "Name"}, connection="plc"))


@pytest.mark.parametrize(
    ("cells", "high"),
    [("10,1", 655_350), ("5,10", 32_767.5), (",10", 6_553.5), ("2,", 131_070)],
)
def test_a_multiplier_and_a_divisor_both_count(tmp_path: Path, cells: str, high: float) -> None:
    found = listed(tmp_path, f"40001,x,U16,{cells}", head="Register,Name,Type,Multiplier,Divisor")
    assert float(only(found).cells["high"]) == pytest.approx(high)


def test_one_scale_in_two_columns_is_one_and_two_are_refused(tmp_path: Path) -> None:
    head = "Register,Name,Type,Scale,Resolution"
    found = listed(tmp_path, "40001,x,U16,0.1,0.1", "40002,y,U16,0.1,0.01", head=head)
    assert [row.cells["high"] for row in found.rows] == ["6553.5"]
    assert any("has the scale 0.1 in one column and 0.01 in another" in fault.text for fault in found.faults)


def test_an_offset_that_goes_with_the_addresses_is_not_added_to_values(tmp_path: Path) -> None:
    head = "Register,Offset,Name,Type"
    found = listed(tmp_path, "40001,0,a,U16", "40002,1,b,U16", "40003,2,c,U16", head=head)
    assert not any(row.cells.get("low") for row in found.rows)
    assert any("goes with the addresses" in fault.text for fault in found.faults)
    found = listed(tmp_path, "40001,-40,a,U16", "40002,-40,b,U16", head=head)
    assert [row.cells["low"] for row in found.rows] == ["-40", "-40"]
    assert any("is added to the values of 2 rows" in fault.text for fault in found.faults)


@pytest.mark.parametrize(
    ("values", "states"),
    [("00=Off; 01=On", "0=Off;1=On"), ("0: Off; 1: On", "0=Off;1=On"), ("0 - Off; 1 - On", "0=Off;1=On"),
     ("0=9600; 1=19200", "0=9600;1=19200"), ("0x00=Off; 0x10=On", "0=Off;16=On"), ("0-100; 200-300", ""),
     ("0-100", "")],
)  # fmt: skip
def test_states(tmp_path: Path, values: str, states: str) -> None:
    found = listed(tmp_path, f"40001,x,U16,{values}", head="Register,Name,Type,Values")
    assert only(found).cells.get("states", "") == states


@pytest.mark.parametrize("unit", ["1²", "9" * 5000, "٣"])
def test_a_unit_that_is_no_number_is_a_fault_of_its_row(tmp_path: Path, unit: str) -> None:
    found = listed(
        tmp_path, f"40001,x,U16,{unit},", f"40002,y,BOOL,,{unit}", head="Register,Name,Type,Slave,Bit"
    )
    assert [fault.place.line for fault in found.faults if fault.is_error] == [2, 3]


def test_a_table_that_is_taken_and_a_base_in_the_title_are_told_or_seen(tmp_path: Path) -> None:
    found = listed(tmp_path, "0,a,U16,4", "1,b,U16,", "2,c,U16,", head="Register,Name,Type,Function")
    assert addresses(found) == ["0 IR", "1 HR", "2 HR"]
    (told,) = [fault for fault in found.faults if "name no table" in fault.text]
    assert (told.place.line, told.text) == (3, "2 rows name no table: holding registers are taken")
    found = listed(tmp_path, "1,a,U16,3", head="All addresses are 1-based,,,\nRegister,Name,Type,Function")
    assert addresses(found) == ["0 HR"]


def test_an_error_of_a_spreadsheet_is_a_fault_of_its_row(tmp_path: Path) -> None:
    found = listed(tmp_path, "40001,#N/A,U16", "40002,y,U16")
    assert [fault.place.line for fault in found.faults if fault.is_error] == [2]
    assert [row.name for row in found.rows] == ["a/y"]


def test_a_corrected_list_takes_back_order_access_and_scale(tmp_path: Path) -> None:
    head = "Register,Name,Type,Scale,Byte order,Access"
    found = listed(tmp_path, "40001,a,F32,1,,R", "40011,b,U16,1,,", head=head)
    for row in found.rows:
        stated = {key: row.cells[key] for key in ("raw_low", "raw_high", "options", "writable")}
        assert stated == {"raw_low": "", "raw_high": "", "options": "", "writable": "false"}
        assert row.option_keys == {"wire", "length", "order"}
    silent = only(listed(tmp_path, "40001,a,F32", head="Register,Name,Type"))
    assert not {"raw_low", "writable"} & silent.cells.keys()
    assert silent.option_keys == {"wire", "length"}


def test_columns_may_be_named(tmp_path: Path) -> None:
    file = tmp_path / "map.csv"
    file.write_text("Where,What,How\n40001,x,U16\n", "utf-8")
    context = ImportContext(columns={"address": "Where", "name": "what", "type": "How"})
    assert [row.name for row in read("modbus_map", file, context).rows] == ["modbus/x"]
    with pytest.raises(ConfigurationError, match="no column with registers"):
        read("modbus_map", file)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_encodings_and_separators(tmp_path: Path, encoding: str, separator: str) -> None:
    text = FILE.read_text("utf-8").replace("0,01", "0.01").replace("0,1", "0.1")
    rows = [
        [f'"{cell}"' if separator in cell else cell for cell in line.split(";")] for line in text.splitlines()
    ]
    file = tmp_path / "map.csv"
    file.write_bytes("\r\n".join(separator.join(row) for row in rows).encode(encoding))
    assert kind_of(file).name == "modbus_map"
    found = read("modbus_map", file)
    assert [fault.text for fault in found.faults if fault.is_error] == ["the type 'QUATERNION' is not known"]
    units = {row.name: row.cells.get("unit") for row in found.rows}
    assert units["modbus/Temperature"] == "°C"


def test_a_workbook_with_a_title_is_read(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl", reason="needs openpyxl")
    book = openpyxl.Workbook()
    for row in (
        ["Meter"],
        ["Register", "Name", "Data type", "Gain", "Unit"],
        [40001, "U", "U16", 0.1, "V"],
        ["0x10", "I", "S16"],
    ):
        book.active.append(row)
    file = tmp_path / "map.xlsx"
    book.save(file)
    assert kind_of(file).name == "modbus_map"
    found = read("modbus_map", file)
    assert [(row.name, row.cells["address"], row.place.line) for row in found.rows] == [
        ("modbus/U", "0 HR", 3),
        ("modbus/I", "16 HR", 4),
    ]


def test_other_lists_are_not_taken_for_register_maps(tmp_path: Path) -> None:
    for text in (
        "kind,id,name,address,type\n",
        "Tag Name,Address,Data Type,Respect Data Type,Client Access\n",
        "a,b\n",
    ):
        file = tmp_path / "x.csv"
        file.write_text(text + "1,2\n", "utf-8")
        assert kind_of(file).name != "modbus_map"


CELLS = st.sampled_from([
    "40001", "0x10", "5", "-1", "HR3", "40001-40003", "", "x", "U16", "F32", "STRING(8)", "BOOL", "0.1", "1/0", "0",
    "-2", "R/W", "03", "99", "CDAB", "1e400", "nan", "0=Off;1=On", "🚰", "..", "'", "1,5", "reserved", "40001.99",
])  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(CELLS, min_size=1, max_size=15), max_size=8))
def test_any_cells_are_read_without_a_crash_and_what_comes_is_legal(
    tmp_path: Path, rows: list[list[str]]
) -> None:
    found = listed(tmp_path, *(",".join(f'"{cell}"' for cell in row) for row in rows))
    assert all(fault.place.line for fault in found.faults)
    assert len({row.name for row in found.rows}) == len(found.rows)
    for row in found.rows:
        assert is_tag_name(row.name)
        check(row)
