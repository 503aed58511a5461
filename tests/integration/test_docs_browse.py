"""The guide to browsing tells the truth: its commands are run against a server and print what it says."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_calls import CommandLine
from foreign_server import ForeignServer, Installed

from hmi.check import check_plant
from hmi.project import new_plant

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "browse.md"
URL = "opc.tcp://10.0.0.7:4840"
_BLOCK = re.compile(r"^```(?P<kind>\S+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
_PRINT = re.compile(r"\b[0-9a-f]{64}\b")
_SUBJECT = re.compile(r"CN=\S+ is not trusted")


@pytest.fixture(scope="module")
def server(node_opcua: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForeignServer]:
    folder = tmp_path_factory.mktemp("devices")
    with ForeignServer(node_opcua, folder, script="devices.js") as made:
        yield made


def opcua() -> str:
    """The part on OPC UA."""
    return GUIDE.read_text(encoding="utf-8").split("\n## OPC UA\n", 1)[1].split("\n## ", 1)[0]


def test_every_command_of_the_guide_prints_what_it_says(
    server: ForeignServer,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("hmi.cli._passwords.hidden_line", lambda _question: "right")
    monkeypatch.setattr("platformdirs.user_data_path", lambda *_a, **_k: tmp_path / "data")
    hmi = CommandLine(capfd, monkeypatch)
    new_plant(tmp_path / "north-works")
    ran, thumbprint = 0, ""
    for block in _BLOCK.finditer(opcua()):
        if block["kind"] == "toml":
            with (tmp_path / "north-works" / "plant.toml").open("a", encoding="utf-8") as file:
                file.write("\n" + block["text"].replace(URL, server.url))
        for call in block["text"].split("$ hmi ")[1:] if block["kind"] == "console" else ():
            line, _, wanted = call.partition("\n")
            result = hmi(*shlex.split(line.replace(URL, server.url).replace("3F2A", thumbprint)))
            told = result.out + result.err
            seen = _PRINT.search(told)
            thumbprint = seen[0] if seen else thumbprint
            shown = _PRINT.sub("3F2A", told).replace(server.url, URL)
            shown = _SUBJECT.sub("CN=Line is not trusted", shown)
            assert sorted(shown.splitlines()) == sorted(wanted.splitlines()), line
            if "trust our certificate" in told:
                server.ask(trust="application")
            ran += 1
    assert ran >= 5
    assert [one.sentence for one in check_plant("north-works") if one.severity == "error"] == []


def test_every_link_of_the_guide_leads_somewhere() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", GUIDE.read_text(encoding="utf-8"))
    assert len(links) >= 3
    for file, anchor in links:
        target = GUIDE.parent / file if file else GUIDE
        heads = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
        slugs = {re.sub(r"[^a-z0-9 -]", "", head.lower()).replace(" ", "-") for head in heads}
        assert not anchor or anchor in slugs, (file, anchor)
