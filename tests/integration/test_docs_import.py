"""The guide to imports tells the truth: its files are imported by its commands, which print what it says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from cli_calls import CommandLine

from hmi.check import check_plant
from hmi.project.import_kinds import import_kinds
from hmi.project.import_names import legal_name

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "import.md"
_BLOCK = re.compile(r"^```(?P<kind>\S+)(?: (?P<file>\S+))?\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture
def hmi(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    return CommandLine(capfd, monkeypatch)


def guide() -> str:
    return GUIDE.read_text(encoding="utf-8")


def test_every_command_of_the_guide_prints_what_it_says(
    hmi: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = 0
    for found in _BLOCK.finditer(guide()):
        if found["file"]:
            assert not Path(found["file"]).exists(), found["file"]
            Path(found["file"]).write_text(found["text"], encoding="utf-8")
        elif found["kind"] == "console":
            for call in found["text"].split("$ hmi ")[1:]:
                line, _, wanted = call.partition("\n")
                result = hmi(*shlex.split(line))
                assert sorted((result.out + result.err).splitlines()) == sorted(wanted.splitlines()), line
                ran += 1
    assert ran >= 8
    faults = [finding.sentence for finding in check_plant("north-works") if finding.is_error]
    assert faults == []


def test_the_names_of_the_guide_become_what_it_says() -> None:
    table = guide().split("| In the list | In the plant |")[1].split("\n\n")[0]
    pairs = re.findall(r"\| `(.+?)` \| `(.+?)` \|", table)
    assert len(pairs) >= 4
    assert [legal_name(name) for name, _ in pairs] == [made for _, made in pairs]


def test_every_kind_and_every_setting_stands_in_the_guide() -> None:
    for kind in import_kinds():
        assert f"| `{kind.name}` |" in guide(), kind.name
        for setting in kind.settings:
            assert f"--set {setting.name}=" in guide(), (kind.name, setting.name)


def test_every_link_of_the_guide_leads_somewhere() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", guide())
    assert len(links) >= 6
    for file, anchor in links:
        target = GUIDE.parent / file if file else GUIDE
        heads = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
        slugs = {re.sub(r"[^a-z0-9 -]", "", head.lower()).replace(" ", "-") for head in heads}
        assert not anchor or anchor in slugs, (file, anchor)
