"""Bad input at the command line: one clear sentence with its place, exit code 1 or 2, never a traceback."""

from __future__ import annotations

import json
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cli_calls import CommandLine, call

from hmi.project import new_plant
from hmi.project.shipped import shipped_path
from hmi.runtime import DataFolder

NO_DISPLAY = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")


@pytest.fixture
def hmi(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    return CommandLine(capfd, monkeypatch)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_plant(tmp_path_factory.mktemp("plants") / "works")


@pytest.fixture
def plant(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "works"))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def replaced(old: str, new: str) -> Callable[[Path], object]:
    def change(file: Path) -> None:
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def written(text: str) -> Callable[[Path], object]:
    return lambda file: file.write_text(text, encoding="utf-8")


def appended(text: str) -> Callable[[Path], object]:
    return lambda file: file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")


# what is wrong -> file, how it gets wrong, line, words of the sentence
BROKEN: dict[str, tuple[str, Callable[[Path], object], int, str]] = {
    "malformed plant.toml": ("plant.toml", replaced('name = "works"', "name = works"), 3, "not valid TOML"),
    "malformed type": ("types/pump.toml", replaced("[signals.running]", "[signals.running"), 13, "TOML"),
    "malformed tags.csv": ("tags.csv", written('kind,name\ntag,"area1/x\n'), 2, "quot"),
    "malformed display": ("displays/overview.json", replaced('"level": 1,', '"level": 1;'), 6, "JSON"),
    "binary in plant.toml": ("plant.toml", lambda f: f.write_bytes(b"\xff\xfe\0\1"), 1, "UTF-8"),
    "duplicate tag": ("tags.csv", appended("tag,,area1/lt101,float32\n"), 6, "area1/lt101"),
    "duplicate id": ("tags.csv", lambda f: same_id_twice(f), 6, "is taken by"),
    "unknown type of tag": ("tags.csv", replaced("area1/ft101,float32", "area1/ft101,real"), 4, "'real'"),
    "unknown type of equipment": ("tags.csv", replaced("pump,", "pumpe,"), 2, "'pumpe'"),
    "bad address": ("tags.csv", replaced("HR3", "HRx"), 4, "'HRx' is not a Modbus address"),
    "address out of range": ("tags.csv", replaced("HR3", "HR70000"), 4, "70000"),
    "unknown driver": ("plant.toml", replaced('"modbus"', '"profibus"'), 18, "profibus"),
    "bad endpoint": ("plant.toml", replaced("tcp://127.0.0.1:502", "127.0.0.1:502"), 19, "127.0.0.1:502"),
    "bad setting": ("plant.toml", replaced("unit = 1", "unit = 700"), 22, "unit"),
    "unknown connection": ("tags.csv", replaced("area1,plc1,HR3", "area1,plc9,HR3"), 4, "plc9"),
    "unknown scan class": ("tags.csv", replaced("HR3,normal", "HR3,daily"), 4, "daily"),
    "unknown time zone": ("plant.toml", replaced('"UTC"', '"Mars/Base"'), 5, "Mars/Base"),
    "unknown home": ("plant.toml", replaced('home = "overview"', 'home = "lobby"'), 6, "lobby"),
    "mixed connections": (
        "plant.toml",
        appended(
            '\n[connection.sim]\ndriver = "modbus"\nendpoints = ["tcp://127.0.0.1:5020"]\nsimulated = true\n'
        ),
        17,
        "simulated and real connections are mixed",
    ),
    "simulated elsewhere": (
        "plant.toml",
        replaced('endpoints = ["tcp://127.0.0.1:502"]', 'endpoints = ["tcp://10.0.0.9:502"]\nsimulated = true'),
        19,
        "not on this machine",
    ),
    "newer schema": ("plant.toml", replaced("plant/1", "plant/9"), 1, "plant/9"),
    "alarm of an unknown tag": ("alarms.csv", replaced("area1/lt101,high", "area1/lt909,high"), 2, "lt909"),
}  # fmt: skip


def same_id_twice(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    first = next(cell for cell in text.splitlines()[2].split(",") if cell.startswith("t_"))
    file.write_text(f"{text}tag,{first},area1/other,float32\n", encoding="utf-8")


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_plant_is_refused_with_file_and_line(
    hmi: CommandLine, plant: Path, data: Path, kind: str
) -> None:
    name, spoil, line, words = BROKEN[kind]
    spoil(plant / name)
    checked = hmi("check", plant)
    assert checked.code == 1
    errors = [text for text in checked.out.splitlines() if text.startswith("error:")]
    sentence = hmi.refused("serve", plant, "--data", data)
    assert sentence.startswith(f"{plant / name}:{line}:"), sentence
    assert words in sentence
    assert any(text.startswith(f"error: {plant / name}:{line}:") for text in errors)
    assert not data.exists()
    for arguments in (("run", plant, "--data", data), ("shot", plant, "overview", data / "x.png")):
        assert hmi.refused(*arguments) == sentence


@pytest.mark.parametrize("verb", ["check", "serve", "run", "shot", "format"])
def test_a_missing_plant_folder(hmi: CommandLine, tmp_path: Path, verb: str) -> None:
    extra = ("overview", tmp_path / "x.png") if verb == "shot" else ()
    result = hmi(verb, tmp_path / "nowhere", *extra)
    assert result.code == (1 if verb == "check" else 2)
    lines = (result.out + result.err).splitlines()
    assert f"{tmp_path / 'nowhere'}: there is no such folder" in lines[0]
    assert "hmi new" in lines[0]


@pytest.mark.parametrize("file", ["tags.csv", "plant.toml"])
def test_a_missing_file(hmi: CommandLine, plant: Path, data: Path, file: str) -> None:
    (plant / file).unlink()
    assert file in hmi.refused("serve", plant, "--data", data)


def test_an_unknown_tag_in_a_display_is_found(hmi: CommandLine, plant: Path) -> None:
    display = plant / "displays/overview.json"
    replaced('"area1/ft101"', '"area1/ft901"')(display)
    line = next(
        n for n, text in enumerate(display.read_text(encoding="utf-8").splitlines(), 1) if "ft901" in text
    )
    result = hmi("check", plant)
    errors = [text for text in result.out.splitlines() if text.startswith("error:")]
    assert result.code == 1
    assert len(errors) == 1
    assert f"{display}:{line}:" in errors[0]
    assert "area1/ft901" in errors[0]


def test_check_as_json(hmi: CommandLine, plant: Path) -> None:
    replaced("HR3", "HRx")(plant / "tags.csv")
    result = hmi("check", plant, "--json")
    findings = json.loads(result.out)
    assert result.code == 1
    assert any(f["severity"] == "error" and f["line"] == 4 for f in findings)


def test_new_and_format_refuse_what_they_would_spoil(hmi: CommandLine, plant: Path) -> None:
    assert "there is something already" in hmi.refused("new", plant)
    tags = plant / "tags.csv"
    tags.write_text('kind,name\ntag,"area1/x\n', encoding="utf-8")
    assert f"{tags}:2" in hmi.refused("format", plant)
    assert tags.read_text(encoding="utf-8") == 'kind,name\ntag,"area1/x\n'


# ------------------------------------------------------------------------------------------ arguments


def test_listen_takes_host_and_port(hmi: CommandLine, plant: Path, data: Path) -> None:
    assert "write HOST:PORT" in hmi.refused("serve", plant, "--data", data, "--listen", "nonsense")


@pytest.mark.parametrize("address", ["0.0.0.0:8443", "127.0.0.1:8443"])
def test_listen_is_refused_without_tls_and_accounts(
    hmi: CommandLine, plant: Path, data: Path, address: str
) -> None:
    sentence = hmi.refused("serve", plant, "--data", data, "--listen", address)
    assert address in sentence
    assert "TLS" in sentence
    assert "accounts" in sentence


ENDPOINTS = {"schema": "endpoints/1", "session": "x", "connections": {"plc1": ["tcp://127.0.0.1:1"]}}
BAD_ENDPOINTS = {
    "missing": None,
    "empty": "",
    "garbage": "\x00 not JSON",
    "a list": "[]",
    "no schema": "{}",
    "newer": json.dumps({**ENDPOINTS, "schema": "endpoints/9"}),
    "elsewhere": json.dumps({**ENDPOINTS, "connections": {"plc1": ["tcp://10.0.0.9:502"]}}),
    "odd connections": json.dumps({**ENDPOINTS, "connections": ["tcp://127.0.0.1:1"]}),
    "odd endpoint": json.dumps({**ENDPOINTS, "connections": {"plc1": [7]}}),
}


@pytest.mark.parametrize("kind", BAD_ENDPOINTS)
def test_an_endpoints_file_that_cannot_be_used(
    hmi: CommandLine, plant: Path, data: Path, tmp_path: Path, kind: str
) -> None:
    text, file = BAD_ENDPOINTS[kind], tmp_path / "simulator.json"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    replaced('driver = "modbus"', 'driver = "modbus"\nsimulated = true')(plant / "plant.toml")
    sentence = hmi.refused("serve", plant, "--data", data, "--endpoints", file)
    assert str(file) in sentence or "an endpoints file may name loopback addresses only" in sentence


def test_endpoints_are_refused_for_a_real_plant(
    hmi: CommandLine, plant: Path, data: Path, tmp_path: Path
) -> None:
    file = tmp_path / "simulator.json"
    file.write_text(json.dumps(ENDPOINTS), encoding="utf-8")
    sentence = hmi.refused("serve", plant, "--data", data, "--endpoints", file)
    assert "real connections" in sentence


@pytest.mark.parametrize("size", ["banana", "1920", "1920x", "1x1", "99999x99999", "-5x700"])
def test_a_size_that_is_none(hmi: CommandLine, plant: Path, tmp_path: Path, size: str) -> None:
    sentence = hmi.refused("shot", plant, "overview", tmp_path / "x.png", f"--size={size}")
    assert size in sentence


@pytest.mark.qt
def test_unknown_names(hmi: CommandLine, plant: Path, tmp_path: Path) -> None:
    picture = tmp_path / "x.png"
    sentence = hmi.refused("shot", plant, "lobby", picture)
    assert "'lobby'" in sentence
    assert "overview" in sentence
    for given in ("pump=x", "pump"):
        assert "pump" in hmi.refused("shot", plant, "overview", picture, "--parameter", given)
    assert "waterworks" in hmi.refused("demo", "brewery")
    assert "waterworks" in hmi.refused("demo", "../waterworks")
    assert "tags" in hmi.refused("bench", "nonsense")
    assert "'lobby'" in hmi.refused("demo", "--shot", picture, "--display", "lobby")
    assert str(tmp_path / "nowhere") in hmi.refused("open", tmp_path / "nowhere")
    assert not picture.exists()


def test_places_that_cannot_be_written(hmi: CommandLine, plant: Path, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("", encoding="utf-8")
    assert str(file) in hmi.refused("shot", plant, "overview", file / "x.png")
    assert "x.png" in hmi.refused("shot", plant, "overview", tmp_path / "x.bmp")
    assert str(tmp_path) in hmi.refused("shot", plant, "overview", _folder(tmp_path / "dir.png"))
    assert str(file) in hmi.refused("serve", plant, "--data", file / "data")
    assert str(file) in hmi.refused("serve", plant, "--data", file)
    assert str(file) in hmi.refused("new", file / "plant")


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def test_a_journal_that_is_none_is_refused(plant: Path, data: Path) -> None:
    data.mkdir()
    (data / "journal.sqlite").write_text("garbage " * 200, encoding="utf-8")
    result = call("serve", plant, "--data", data)
    assert result.code == 2
    assert str(data / "journal.sqlite") in result.sentence


@pytest.mark.qt
def test_a_demo_with_an_unknown_malfunction(hmi: CommandLine, tmp_path: Path) -> None:
    picture = tmp_path / "x.png"
    assert "nonsense" in hmi.refused("demo", "--shot", picture, "--malfunction", "nonsense")
    assert "-3" in hmi.refused("demo", "--shot", picture, "--warm-up=-3")
    assert not picture.exists()


def test_simulator_arguments(hmi: CommandLine, tmp_path: Path) -> None:
    ready = tmp_path / "simulator.json"
    assert "waterworks" in hmi.refused("sim", "brewery", "--ready", ready)
    assert "some" in hmi.refused("sim", "--ports", "some", "--ready", ready)
    assert str(ready) in hmi.refused("simctl", "status", "--ready", ready)
    ready.write_text("garbage", encoding="utf-8")
    assert str(ready) in hmi.refused("simctl", "status", "--ready", ready)
    ready.write_text(json.dumps({**ENDPOINTS, "instructor": "unix:/nowhere.sock"}), encoding="utf-8")
    assert "name=value" in hmi.refused("simctl", "status", "what", "--ready", ready)
    assert "simulator" in hmi.refused("simctl", "status", "--ready", ready)


# ------------------------------------------------------------------------------------------ processes


@pytest.fixture
def taken_port() -> Iterator[int]:
    """The waterworks' first fixed port is in use, by this test or by somebody else."""
    port = 15020
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen()
        except OSError:
            pass
        yield port


def test_a_simulator_on_a_taken_port(taken_port: int, tmp_path: Path) -> None:
    result = call("sim", "waterworks", "--ready", tmp_path / "simulator.json")
    assert result.code == 2
    assert str(taken_port) in result.sentence
    assert "--ports auto" in result.sentence


def test_a_second_runtime_on_the_same_data_folder(plant: Path, data: Path) -> None:
    first = DataFolder(data)
    first.open()
    try:
        result = call("serve", plant, "--data", data)
    finally:
        first.close()
    assert result.code == 2
    assert str(data) in result.sentence
    assert "hmi open" in result.sentence


@pytest.mark.qt
@pytest.mark.parametrize("verb", ["serve", "run", "shot"])
def test_what_only_the_runtime_finds_is_told_once(plant: Path, tmp_path: Path, verb: str) -> None:
    replaced("'area1/lt101' / 5", "'area1/lt101' /")(plant / "tags.csv")
    extra = ("overview", tmp_path / "x.png") if verb == "shot" else ("--data", tmp_path / "data")
    result = call(verb, plant, *extra, *(("--without-station",) if verb == "run" else ()))
    assert result.code == 2
    assert result.sentence.startswith(f"{plant / 'tags.csv'}:5: ")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux can be without a display")
@pytest.mark.qt
def test_no_display_names_the_way_out(plant: Path, data: Path) -> None:
    for arguments in (("demo",), ("run", plant, "--data", data), ("open", plant, "--data", data)):
        result = call(*arguments, without=NO_DISPLAY)
        assert result.code == 2
        assert "make demo-shot" in result.sentence


def test_the_shipped_plant_has_no_error(hmi: CommandLine) -> None:
    result = hmi("check", shipped_path("screens") / "waterworks")
    assert result.code == 0
    assert result.out.splitlines()[-1].startswith("0 errors, ")
