"""The reader of NodeSet2 files: objects and types of a file, and files that are bombs, broken or something else."""

from __future__ import annotations

import contextlib
import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hmi.core.errors import ConfigurationError
from hmi.importers.nodeset import _reader
from hmi.importers.nodeset.importer import read
from hmi.project.import_kinds import kind_of
from hmi.project.importing import ImportContext, Imported

HEAD = """<?xml version="1.0" encoding="utf-8"?>
<UANodeSet xmlns="http://opcfoundation.org/UA/2011/03/UANodeSet.xsd">
 <NamespaceUris><Uri>urn:plant</Uri><Uri>urn:base</Uri></NamespaceUris>
 <Models><Model ModelUri="urn:plant" Version="1.2"><RequiredModel ModelUri="urn:base"/>
  <RequiredModel ModelUri="http://opcfoundation.org/UA/"/></Model></Models>
 <Aliases><Alias Alias="HasComponent">i=47</Alias></Aliases>
"""
BASE = """<UANodeSet xmlns="http://opcfoundation.org/UA/2011/03/UANodeSet.xsd">
 <NamespaceUris><Uri>urn:base</Uri></NamespaceUris>
 <Models><Model ModelUri="urn:base"/></Models>
 <UAObjectType NodeId="ns=1;i=1" BrowseName="1:MotorType"><References>
  <Reference ReferenceType="HasComponent">ns=1;i=2</Reference></References></UAObjectType>
 <UAVariable NodeId="ns=1;i=2" BrowseName="1:Current" DataType="Float"><References>
  <Reference ReferenceType="HasModellingRule">i=78</Reference></References></UAVariable>
 <UADataType NodeId="ns=1;i=3" BrowseName="1:ModeType"><References>
  <Reference ReferenceType="HasSubtype" IsForward="false">i=29</Reference></References>
  <Definition Name="ModeType"><Field Name="Off" Value="0"/><Field Name="Auto" Value="7"/></Definition></UADataType>
</UANodeSet>"""
TYPES = "http://opcfoundation.org/UA/2008/02/Types.xsd"


def pump(number: int, high: str = "50") -> str:
    """An object of PumpType with two variables; the speed has a range and a unit."""
    return f"""
 <UAObject NodeId="ns=1;s=P{number}" BrowseName="1:P{number}"><DisplayName>Pump {number}</DisplayName><References>
  <Reference ReferenceType="HasTypeDefinition">ns=1;i=10</Reference>
  <Reference ReferenceType="Organizes" IsForward="false">i=85</Reference></References></UAObject>
 <UAVariable NodeId="ns=1;s=P{number}.Speed" BrowseName="1:Speed" DataType="Double"><Description>shaft</Description>
  <References><Reference ReferenceType="HasComponent" IsForward="false">ns=1;s=P{number}</Reference></References>
 </UAVariable>
 <UAVariable NodeId="ns=1;s=P{number}.R" BrowseName="EURange" DataType="i=884"><References>
  <Reference ReferenceType="HasProperty" IsForward="false">ns=1;s=P{number}.Speed</Reference></References>
  <Value><ExtensionObject xmlns="{TYPES}"><Body><Range><Low>0</Low><High>{high}</High></Range></Body>
  </ExtensionObject></Value></UAVariable>
 <UAVariable NodeId="ns=1;s=P{number}.U" BrowseName="EngineeringUnits" DataType="i=887"><References>
  <Reference ReferenceType="HasProperty" IsForward="false">ns=1;s=P{number}.Speed</Reference></References>
  <Value><ExtensionObject xmlns="{TYPES}"><Body><EUInformation>
   <NamespaceUri>http://www.opcfoundation.org/UA/units/un/cefact</NamespaceUri><UnitId>4740186</UnitId>
   <DisplayName><Text>Hz</Text></DisplayName></EUInformation></Body></ExtensionObject></Value></UAVariable>
 <UAVariable NodeId="ns=1;s=P{number}.Mode" BrowseName="1:Mode" DataType="ns=2;i=3" AccessLevel="3"><References>
  <Reference ReferenceType="HasComponent" IsForward="false">ns=1;s=P{number}</Reference></References></UAVariable>"""


PUMP_TYPE = """
 <UAObjectType NodeId="ns=1;i=10" BrowseName="1:PumpType"><References>
  <Reference ReferenceType="HasSubtype" IsForward="false">ns=2;i=1</Reference>
  <Reference ReferenceType="HasComponent">ns=1;i=11</Reference>
  <Reference ReferenceType="HasComponent">ns=1;i=12</Reference></References></UAObjectType>
 <UAVariable NodeId="ns=1;i=11" BrowseName="1:Speed" DataType="Double"><References>
  <Reference ReferenceType="HasModellingRule">i=78</Reference></References></UAVariable>
 <UAVariable NodeId="ns=1;i=12" BrowseName="1:Mode" DataType="ns=2;i=3" AccessLevel="3"><References>
  <Reference ReferenceType="HasModellingRule">i=80</Reference></References></UAVariable>"""


def written(folder: Path, text: str, *, base: bool = True) -> Path:
    if base:
        (folder / "base.xml").write_text(BASE, encoding="utf-8")
    file = folder / "plant.xml"
    file.write_text(text, encoding="utf-8")
    return file


def taken(file: Path, **chosen: object) -> Imported:
    return read(file, chosen, ImportContext(connection="plc", area="north"))


def texts(found: Imported) -> list[str]:
    return [one.text for one in found.faults]


def test_objects_become_instances_with_what_the_file_says(tmp_path: Path) -> None:
    file = written(tmp_path, f"{HEAD}{PUMP_TYPE}{pump(1)}{pump(2, '60')}</UANodeSet>")
    assert kind_of(file).name == "nodeset"
    found = taken(file)
    assert [dict(row.cells) for row in found.rows] == [
        {
            "kind": "pump", "name": "north/P1", "description": "Pump 1", "connection": "plc",
            "parameters": "base=P1",
        },
        {
            "kind": "pump", "name": "north/P2", "description": "Pump 2", "connection": "plc",
            "parameters": "base=P2;Speed.low=0;Speed.high=60",
        },
    ]  # fmt: skip
    (type_,) = found.types
    signals = tomllib.loads(type_.text)["signals"]
    assert signals["Speed"] == {
        "type": "float", "address": "nsu={space};s={base}.Speed", "description": "{description}: shaft",
        "range": [0, 50], "unit": "Hz", "unit_code": "HTZ",
    }  # fmt: skip
    assert signals["Mode"]["states"] == {"0": "Off", "7": "Auto"}
    assert signals["Mode"]["command"] == {"class": "R"}
    assert found.rows[0].place.line > 10
    assert found.faults == []


def test_a_type_that_no_object_has_is_a_guess_with_what_it_inherits(tmp_path: Path) -> None:
    found = taken(written(tmp_path, f"{HEAD}{PUMP_TYPE}</UANodeSet>"))
    (type_,) = found.types
    assert type_.text.startswith("# No object of this type was found: the form of the addresses is a guess")
    assert list(tomllib.loads(type_.text)["signals"]) == ["Speed", "Current"]
    assert any("the form of their addresses is a guess" in note for note in found.notes)
    (type_,) = taken(tmp_path / "plant.xml", optional=True).types
    assert list(tomllib.loads(type_.text)["signals"]) == ["Speed", "Mode", "Current"]
    assert taken(tmp_path / "plant.xml", types="none").types == []


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    found = taken(written(tmp_path, f"{HEAD}{PUMP_TYPE}{pump(1)}</UANodeSet>", base=False))
    assert texts(found) == [
        "the file builds on urn:base, which is not in its folder",
        "P1/Mode: its data type i=3 is of the model urn:base, whose file is not in the folder",
    ]
    assert [row.name for row in found.rows] == ["north/P1.Speed"]


def test_nodes_that_stand_twice_or_cannot_be_read_are_said(tmp_path: Path) -> None:
    odd = '<UAObject NodeId="ns=9;i=1" BrowseName="x"/>'
    found = taken(written(tmp_path, f"{HEAD}{PUMP_TYPE}{pump(1)}{pump(1)}{odd}</UANodeSet>"))
    assert "Speed (ns=1;s=P1.Speed) stands twice" in texts(found)
    assert "1 nodes have an id that cannot be read" in texts(found)


def test_loops_end(tmp_path: Path) -> None:
    loop = """
 <UAObject NodeId="ns=1;s=A" BrowseName="1:A"><References>
  <Reference ReferenceType="Organizes" IsForward="false">i=85</Reference>
  <Reference ReferenceType="HasComponent">ns=1;s=B</Reference></References></UAObject>
 <UAObject NodeId="ns=1;s=B" BrowseName="1:B"><References>
  <Reference ReferenceType="HasComponent">ns=1;s=A</Reference>
  <Reference ReferenceType="HasComponent">ns=1;s=V</Reference></References></UAObject>
 <UAVariable NodeId="ns=1;s=V" BrowseName="1:V" DataType="Boolean"/>
 <UAObjectType NodeId="ns=1;i=20" BrowseName="1:T"><References>
  <Reference ReferenceType="HasSubtype">ns=1;i=20</Reference>
  <Reference ReferenceType="HasComponent">ns=1;i=21</Reference></References></UAObjectType>
 <UAObject NodeId="ns=1;i=21" BrowseName="1:Part"><References>
  <Reference ReferenceType="HasTypeDefinition">ns=1;i=20</Reference>
  <Reference ReferenceType="HasModellingRule">i=78</Reference>
  <Reference ReferenceType="HasComponent">ns=1;i=21</Reference></References></UAObject>"""
    found = taken(written(tmp_path, f"{HEAD}{loop}</UANodeSet>"), types="all")
    assert [row.name for row in found.rows] == ["north/A/B.V"]


BOMB = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {chr(98 + n)} "&{chr(97 + n)};&{chr(97 + n)};&{chr(97 + n)};">' for n in range(20)
    ) + "]>"
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            f'<?xml version="1.0"?>{BOMB}<UANodeSet>&u;</UANodeSet>',
            "declares a document type, which can hide entities",
        ),
        ('<!DOCTYPE x SYSTEM "file:///etc/passwd"><UANodeSet/>', "declares a document type"),
        ("<html/>", "the file begins with <html>, not with <UANodeSet>"),
        ("<UANodeSet/>", "the file begins with <UANodeSet>, not with <UANodeSet>"),
        (f"{HEAD}<UAObject", "this is no XML"),
        (f"{HEAD}<<<<<<< mine\n</UANodeSet>", "this is no XML"),
        ("", "this is no XML: no element found"),
        ('<?xml version="1.0" encoding="klingon"?><a/>', "its encoding is not known"),
        (HEAD + "<a>" * 300, "nested more than 200 deep"),
    ],
)
def test_bad_files_are_refused_in_one_sentence(tmp_path: Path, text: str, told: str) -> None:
    file = written(tmp_path, text, base=False)
    with pytest.raises(ConfigurationError) as refused:
        taken(file)
    assert told in refused.value.sentence
    assert refused.value.sentence.startswith("plant.xml")
    assert len(refused.value.sentence.splitlines()) == 1


def test_a_file_of_2_gb_is_refused_before_it_is_read(tmp_path: Path) -> None:
    file = tmp_path / "large.xml"
    with file.open("wb") as stream:
        stream.truncate(2 << 30)
    with pytest.raises(ConfigurationError, match="the file has 2048 MB; at most 256 MB are read"):
        taken(file)


def test_a_file_with_too_many_nodes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_reader, "MOST_NODES", 5)
    file = written(tmp_path, f"{HEAD}{pump(1)}{pump(2)}</UANodeSet>")
    with pytest.raises(ConfigurationError, match="more than 5 nodes"):
        taken(file)


GOOD = f"{HEAD}{PUMP_TYPE}{pump(1)}{pump(2)}</UANodeSet>"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(GOOD) - 1), st.integers(0, 40), st.text('<>"/=ns;i1&', max_size=8))
def test_a_damaged_file_is_read_or_refused_in_words(tmp_path: Path, at: int, cut: int, put: str) -> None:
    file = written(tmp_path, GOOD[:at] + put + GOOD[at + cut :])
    with contextlib.suppress(ConfigurationError):
        taken(file, types="all")
