"""The guide to browsing Modbus devices tells the truth: its commands print what it says."""

from __future__ import annotations

import asyncio
import re
import shlex
import struct
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from cli_calls import CommandLine
from modbus_devices import Device, serving

from hmi.check import check_plant
from hmi.project import new_plant

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "browse.md"
HOST = "10.0.0.8:502"
_BLOCK = re.compile(r"^```(?P<kind>\S+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)


def meter() -> Mapping[int, int]:
    """Three floats CDAB, a number of tenths and a text; it stands still, so that the guide can say what is shown."""
    values = struct.unpack(">6H", struct.pack(">fff", 12.5, 7.25, 350.0))
    swapped = [values[at ^ 1] for at in range(6)]
    text = struct.unpack(">8H", b"Pump station 7\0\0")
    return dict(enumerate([*swapped, 0, 0, 215, 0, *text]))


@pytest.fixture
def port() -> Iterator[int]:
    """The device on a loop of its own: the commands under test run theirs in this thread."""
    device = Device({"HR": meter}, objects={0: b"Northwind", 1: b"NW-7", 2: b"2.1"})
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = serving(device)
    try:
        yield asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(10)
        asyncio.run_coroutine_threadsafe(server.__aexit__(None, None, None), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def modbus() -> str:
    """The part on Modbus."""
    return GUIDE.read_text(encoding="utf-8").split("\n## Modbus\n", 1)[1].split("\n## ", 1)[0]


def test_every_command_of_the_guide_prints_what_it_says(
    port: int, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("platformdirs.user_data_path", lambda *_a, **_k: tmp_path / "data")
    hmi = CommandLine(capfd, monkeypatch)
    new_plant(tmp_path / "north-works")
    ran = 0
    for block in _BLOCK.finditer(modbus()):
        for call in block["text"].split("$ hmi ")[1:] if block["kind"] == "console" else ():
            line, _, wanted = call.partition("\n")
            result = hmi(*shlex.split(line.replace(HOST, f"127.0.0.1:{port}")))
            shown = (result.out + result.err).replace(f"127.0.0.1:{port}", HOST).replace("\t", "  ")
            assert [text.rstrip() for text in shown.splitlines()] == wanted.splitlines(), line
            ran += 1
    assert ran >= 2
    assert [one.sentence for one in check_plant("north-works") if one.severity == "error"] == []
