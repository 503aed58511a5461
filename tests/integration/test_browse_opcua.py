"""``hmi browse`` of an OPC UA server of another maker (node-opcua), encrypted and with a user, into a plant."""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_calls import CommandLine
from foreign_server import ForeignServer, Installed

from hmi.check import check_plant
from hmi.drivers.opcua.browser import create
from hmi.project import new_plant, open_plant
from hmi.project.importing import BrowseAsk, Imported
from hmi.security import certificates
from hmi.security.trust import TrustList

PUMPS = "nsu=urn:test:pumps%3B1;"
READING = {
    "ActivateSessionRequest", "BrowseNextRequest", "BrowseRequest", "CloseSecureChannelRequest",
    "CloseSessionRequest", "CreateSessionRequest", "GetEndpointsRequest", "ReadRequest",
}  # fmt: skip
USER = {"user": "operator", "password": "right"}


@pytest.fixture(scope="module")
def server(node_opcua: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForeignServer]:
    folder = tmp_path_factory.mktemp("devices")
    with ForeignServer(node_opcua, folder, script="devices.js") as made:
        yield made


@pytest.fixture
def hmi(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    return CommandLine(capfd, monkeypatch)


@pytest.fixture(scope="module")
def data(server: ForeignServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that trusts the server and is trusted by it."""
    folder = tmp_path_factory.mktemp("data")
    for trust in (_trust_server, lambda _folder: server.ask(trust="application")):
        with pytest.raises(Exception, match="trust"):
            asyncio.run(create().browse(_ask(server, folder)))
        trust(folder)
    return folder


def _trust_server(folder: Path) -> None:
    store = TrustList(folder / "pki")
    (rejected,) = store.rejected()
    store.trust(certificates.facts(rejected).sha1)


def _ask(server: ForeignServer, data: Path, **options: Any) -> BrowseAsk:
    return BrowseAsk(server.url, USER, options, "dev", area="north", data=data)


@pytest.fixture(scope="module")
def found(server: ForeignServer, data: Path) -> Imported:
    """All of it."""
    return asyncio.run(create().browse(_ask(server, data)))


def row(found: Imported, name: str) -> dict[str, str]:
    (one,) = [row for row in found.rows if row.name == name]
    return dict(one.cells)


def test_instances_of_one_type_become_one_type_with_a_row_each(found: Imported) -> None:
    (pump,) = [one for one in found.types if one.name == "pump"]
    assert 'address = "nsu={space};s={base}.Speed"' in pump.text
    assert 'address = "nsu={space};s={base}.Drive.Current"' in pump.text
    assert 'default = "urn:test:pumps%3B1"' in pump.text
    assert 'states = {0 = "Stands", 1 = "Runs"}' in pump.text
    assert 'states = {0 = "Off", 1 = "Manual", 2 = "Auto"}' in pump.text
    assert "range = [0, 50]" in pump.text
    assert 'unit = "Hz"\nunit_code = "HTZ"' in pump.text
    assert 'description = "{description}: shaft speed"' in pump.text
    assert "[signals.Mode.command]" in pump.text
    assert "[signals.Speed.command]" not in pump.text
    first, third = row(found, "north/Line/P101"), row(found, "north/Line/P103")
    assert first == {
        "kind": "pump", "name": "north/Line/P101", "description": "Pump P101", "connection": "dev",
        "parameters": "base=Line.P101",
    }  # fmt: skip
    assert third["parameters"] == "base=Line.P103;Speed.low=0;Speed.high=60"


def test_what_one_instance_has_alone_is_a_tag_beside_it(found: Imported) -> None:
    assert row(found, "north/Line/P103.Vibration")["address"] == f"{PUMPS}s=Line.P103.Vibration"
    assert row(found, "north/Line.Route")["states"] == "0=None;1=Tank 1;2=Tank 2"
    assert row(found, "north/Line.Route")["type"] == "enum"


def test_a_device_says_what_it_is(found: Imported) -> None:
    (note,) = [note for note in found.notes if "says of itself" in note]
    assert note.startswith("DeviceSet/FT101 says of itself: ")
    for told in ("Manufacturer Flowmakers", "Model FM-7", "SerialNumber A-4711", "SoftwareRevision 1.2"):
        assert told in note
    assert row(found, "north/DeviceSet/FT101.Flow")["type"] == "float32"
    assert found.notes[0] == "server: Other Devices 2.0"


def test_the_state_of_a_machine_has_its_texts_and_its_commands_are_left_out(found: Imported) -> None:
    state = row(found, "north/Filler/Status.StateCurrent")
    number = row(found, "north/Filler/Status/Machine/CurrentState.Number")
    for one in (state, number):
        assert one["type"] == "enum"
        assert "4=Idle;5=Suspended;6=Execute;7=Stopping" in one["states"]
    assert any(note.startswith("Filler/Status speaks PackML") for note in found.notes)
    assert not [one for one in found.rows if "Start" in one.name]


def test_nothing_but_reading_leaves_and_loops_end(server: ForeignServer, found: Imported) -> None:
    assert len({one.name for one in found.rows}) == len(found.rows)
    assert {one.text for one in found.faults if one.is_error} == set()
    assert set(server.ask(kinds=True)["kinds"]) <= READING


@pytest.mark.asyncio
async def test_methods_are_proposed_only_when_they_are_asked_for(server: ForeignServer, data: Path) -> None:
    more = await create().browse(_ask(server, data, methods=True, types=False))
    start = row(more, "north/Line/P101.Start")
    assert start == {
        "kind": "tag", "name": "north/Line/P101.Start", "type": "bool", "connection": "dev",
        "address": f"{PUMPS}s=Line.P101.Start", "writable": "true", "pulse": "true",
    }  # fmt: skip
    assert row(more, "north/Line/P101.Speed")["high"] == "50"


@pytest.mark.asyncio
async def test_limits_end_it_early_and_say_what_was_not_seen(server: ForeignServer, data: Path) -> None:
    few = await create().browse(_ask(server, data, max_nodes=20))
    assert few.faults[0].text.startswith("the browse ended early: 20 nodes were read; not looked into: ")
    assert few.faults[0].do == "raise the limits or browse a part with --root"
    flat = await create().browse(_ask(server, data, max_depth=1))
    assert flat.faults[0].text.startswith("the browse ended early: 1 levels were walked; not looked into: ")
    part = await create().browse(_ask(server, data, root=f"{PUMPS}s=Line", types=False))
    assert {one.name.split(".")[0] for one in part.rows} >= {"north/P101", "north/P102", "north/P103"}


# --- the command line -----------------------------------------------------------------------------------


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person types the password."""
    monkeypatch.setattr("hmi.cli._passwords.hidden_line", lambda _question: "right")


@pytest.mark.usefixtures("typed")
def test_an_unknown_certificate_is_one_sentence_with_its_thumbprint(
    server: ForeignServer, hmi: CommandLine, tmp_path: Path
) -> None:
    alone = ("browse", server.url, "--user", "operator", "--data", tmp_path / "data")
    sentence = hmi.refused(*alone)
    thumbprint = sentence.rpartition(" ")[2]
    assert len(thumbprint) == 64
    assert sentence.endswith(f"its SHA-256 thumbprint is {thumbprint}: when the device shows the same one, "
                             f"write: add --trust {thumbprint}")  # fmt: skip
    assert "is not the one after --trust" in hmi.refused(*alone, "--trust", "ab" * 32)
    refused = hmi.refused(*alone, "--trust", ":".join(thumbprint[n : n + 2] for n in range(0, 64, 2)).upper())
    assert refused.endswith("it may not trust our certificate yet: trust it in the server")
    server.ask(trust="application")
    result = hmi(*alone, "--match", "Line.*")
    assert result.code == 0, result
    assert "Line.Route\tenum" in result.out


@pytest.mark.usefixtures("typed")
def test_with_a_plant_hmi_trust_is_named(server: ForeignServer, hmi: CommandLine, tmp_path: Path) -> None:
    plant = tmp_path / "plant"
    new_plant(plant)
    sentence = hmi.refused("browse", server.url, plant, "--data", tmp_path / "data")
    verb, written, act, thumbprint = sentence.split(" write: hmi ")[1].split()
    assert (verb, written, act) == ("trust", str(plant), "accept")
    assert hmi("trust", plant, "accept", thumbprint, "--data", tmp_path / "data").code == 0
    assert "trust it in the server" in hmi.refused("browse", server.url, plant, "--data", tmp_path / "data")


@pytest.mark.usefixtures("typed")
def test_into_a_plant_and_again_without_a_change(
    server: ForeignServer, data: Path, hmi: CommandLine, tmp_path: Path
) -> None:
    plant = tmp_path / "plant"
    new_plant(plant)
    how = ("--user", "operator", "--area", "north", "--data", data)
    into = ("browse", server.url, *how, "--connection", "dev", "--into", plant)
    seen = hmi(*into, "--dry-run")
    assert seen.code == 0, seen
    assert "north/Line/P101 added" in seen.out
    assert "dev" not in open_plant(plant).connections
    assert hmi(*into, "--yes").code == 0
    assert [one.sentence for one in check_plant(plant) if one.severity == "error"] == []
    opened = open_plant(plant)
    assert opened.by_name["north/Line/P103.Speed"].range.high == 60  # type: ignore[union-attr]
    assert opened.by_name["north/Line/P102.Drive_Current"].address == f"{PUMPS}s=Line.P102.Drive.Current"
    assert opened.connections["dev"].endpoints == (server.url,)
    assert "password" not in (plant / "plant.toml").read_text()
    before = {file.name: file.read_bytes() for file in plant.rglob("*") if file.is_file()}
    again = hmi("browse", "dev", plant, *how, "--into", plant, "--yes")
    assert again.code == 0, again
    assert "added" not in again.out
    assert {file.name: file.read_bytes() for file in plant.rglob("*") if file.is_file()} == before


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
@pytest.mark.usefixtures("typed")
def test_through_a_spreadsheet_into_a_plant(
    server: ForeignServer, data: Path, hmi: CommandLine, tmp_path: Path, suffix: str
) -> None:
    plant, table = tmp_path / "plant", tmp_path / f"found{suffix}"
    new_plant(plant)
    text = (plant / "plant.toml").read_text()
    (plant / "plant.toml").write_text(
        f'{text}\n[connection.dev]\ndriver = "opcua"\nendpoints = ["{server.url}"]\n'
    )
    written = hmi(
        "browse", "dev", plant, "--user", "operator", "--data", data, "--area", "north", "-o", table
    )
    assert written.code == 0, written
    assert (tmp_path / "found.types" / "pump.toml").exists()
    assert (
        "is there already"
        in hmi("browse", "dev", plant, "--user", "operator", "--data", data, "-o", table).err
    )
    if suffix == ".csv":
        with table.open(encoding="utf-8", newline="") as stream:
            header, *_rows = csv.reader(stream)
        assert header[-2:] == ["confidence", "why"]
    taken = hmi("import", plant, table, "--area", "north", "--yes")
    assert taken.code == 0, taken
    assert open_plant(plant).by_name["north/Line/P101.Running"].states[1] == "Runs"
    assert [one.sentence for one in check_plant(plant) if one.severity == "error"] == []


@pytest.mark.usefixtures("typed")
def test_json_and_tree(server: ForeignServer, data: Path, hmi: CommandLine) -> None:
    how = ("browse", server.url, "--user", "operator", "--data", data)
    told = json.loads(hmi(*how, "--json").out)
    assert {"rows", "types", "faults", "notes"} == told.keys()
    assert told["types"][0]["name"] == "pump"
    tree = hmi(*how, "--tree", "--match", "Line*").out.splitlines()
    assert tree[0] == "Line"
    assert "  P101  pump  Pump P101" in tree
    assert "    Vibration  float" in tree


@pytest.mark.usefixtures("typed")
def test_a_pattern_that_fits_no_name_is_said_and_the_area_need_not_stand_in_it(
    server: ForeignServer, data: Path, hmi: CommandLine, tmp_path: Path
) -> None:
    how = ("browse", server.url, "--data", data, "--user", "operator", "--area", "north")
    out = tmp_path / "found.csv"
    assert "none of the" in hmi.refused(*how, "--match", "Lime*", "-o", out)
    assert not out.exists()
    told = hmi(*how, "--match", "Line*", "--tree").out
    assert hmi(*how, "--match", "north/Line*", "--tree").out == told
    assert "P103" in told


def test_bad_asks_are_one_sentence(hmi: CommandLine, tmp_path: Path) -> None:
    new_plant(tmp_path / "plant")
    for arguments, told in (
        ((), "name a device"),
        (("http://x",), "is no address of a device; begin it with one of: opc.tcp, modbus"),
        (("plc9",), "to browse a connection of a plant write: hmi browse CONNECTION PLANT"),
        (("plc9", tmp_path / "plant"), "the plant has no connection 'plc9'; it has: plc1"),
        (("opc.tcp://127.0.0.1:1", "--set", "speed=1"), "browsing opcua has no setting 'speed'"),
        (("opc.tcp://127.0.0.1:1", "--max", "0"), "max_nodes is 0; write at least 1 and at most 2e+06"),
        (("opc.tcp://127.0.0.1:1", "--root", "x"), "'x' is not an OPC UA node"),
        (("opc.tcp://127.0.0.1:1",), "opc.tcp://127.0.0.1:1 cannot be reached"),
        (("opc.tcp://127.0.0.1:1", "--dry-run"), "go with --into"),
    ):
        assert told in hmi.refused("browse", *arguments, "--data", tmp_path / "data"), arguments
