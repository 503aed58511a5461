"""The guides tell the truth: every example loads, every expression gives what it says, every table is current."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hmi.check import check_plant
from hmi.check.tables import stale_guides, with_tables
from hmi.core import quality
from hmi.core.errors import ConfigurationError
from hmi.core.values import DataValue, Value, ValueType
from hmi.expressions import compile_expression
from hmi.plugins import discovery
from hmi.project import format_plant, open_plant
from hmi.project.query import tags_of

DOCS = Path(__file__).resolve().parents[2] / "docs"
GUIDES = ("engineers.md", "displays.md", "expressions.md", "checks.md")
_BLOCK = re.compile(r"^```(?:toml|csv|json) (?P<file>\S+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")
NOW = 1_795_000_000_000_000_000


def block(guide: str, kind: str) -> list[str]:
    found = re.search(
        rf"^```{kind}\n(.*?)^```$", (DOCS / guide).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    assert found
    return found[1].splitlines()


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    """All example files of the guides as one plant, and the simulated one beside it."""
    for guide in GUIDES:
        for found in _BLOCK.finditer((DOCS / guide).read_text(encoding="utf-8")):
            simulated = found["file"].startswith("simulated/")
            file = tmp_path / (found["file"] if simulated else f"north-works/{found['file']}")
            assert not file.exists(), found["file"]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(found["text"], encoding="utf-8")
    return tmp_path


def test_the_example_plant_is_clean_once_it_has_ids(examples: Path) -> None:
    folder = examples / "north-works"
    assert len([p for p in folder.rglob("*") if p.is_file()]) == 9

    def told() -> list[str]:
        """The password of the example is on no machine."""
        elsewhere = "/etc/watchkeeper/lab.password"
        return [
            f.sentence
            for f in check_plant(folder)
            if "hmi format" not in f.do and not (f.rule == "file-missing" and f.text.endswith(elsewhere))
        ]

    assert told() == []
    format_plant(folder)
    assert not any("hmi format" in f.do for f in check_plant(folder))
    assert told() == []
    assert format_plant(folder) == ()
    plant = open_plant(folder)
    assert plant.by_name["north/p102.speed"].range == plant.by_name["north/p102.speed_sp"].range
    assert plant.by_name["north/p101.start"].command is not None


def test_the_simulated_example_loads(examples: Path) -> None:
    folder = examples / "simulated"
    (folder / "tags.csv").write_text("kind,name\n", encoding="utf-8")
    format_plant(folder)
    assert open_plant(folder).simulated


VALUES = {
    "a/level": DataValue(3.2, quality.GOOD, NOW, NOW),
    "a/count": DataValue(7, quality.GOOD, NOW, NOW),
    "a/on": DataValue(True, quality.GOOD, NOW, NOW),
    "a/off": DataValue(False, quality.GOOD, NOW, NOW),
    "a/doubt": DataValue(5, quality.UNCERTAIN, NOW, NOW),
    "a/lost": DataValue(None, quality.BAD_NO_COMMUNICATION, NOW, NOW),
}


def shown(result: DataValue) -> str:
    if result.is_bad:
        return "Bad"
    return written(result.value) + ("" if result.is_good else " Uncertain")


def written(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


@pytest.mark.parametrize("line", block("expressions.md", "results"))
def test_an_expression_gives_what_the_guide_says(line: str) -> None:
    text, _, wanted = line.rpartition(" = ")
    result = compile_expression(text.strip()).evaluate(VALUES, NOW)
    assert shown(result) == wanted.strip()


@pytest.mark.parametrize("line", block("expressions.md", "refused"))
def test_what_the_guide_says_is_refused(line: str) -> None:
    with pytest.raises(ConfigurationError):
        compile_expression(line)


def test_the_tables_are_current() -> None:
    assert stale_guides(DOCS) == (), "run: hmi generate"
    assert with_tables("<!-- table: elements -->\nold\n<!-- end -->").count("### ") > 10


def test_every_link_leads_somewhere() -> None:
    for path in (*(DOCS / guide for guide in GUIDES), *(DOCS / "decisions").glob("*.md")):
        for file, anchor in _LINK.findall(path.read_text(encoding="utf-8")):
            target = (path.parent / file) if file else path
            assert target.exists(), f"{path.name}: {file}"
            if anchor:
                heads = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
                assert anchor in {re.sub(r"[^a-z0-9 -]", "", h.lower()).replace(" ", "-") for h in heads}


@pytest.mark.parametrize("line", block("engineers.md", "query"))
def test_a_query_chooses_what_the_guide_says(examples: Path, line: str) -> None:
    text, names = re.split(r"  +", line.strip(), maxsplit=1)
    format_plant(examples / "north-works")
    chosen = tags_of(open_plant(examples / "north-works"), text)
    assert sorted(tag.name for tag in chosen) == names.split()


def first_cells(heading: str) -> list[str]:
    """The words in backticks of the first column of the tables under a heading, without the made tables."""
    text = (DOCS / "engineers.md").read_text(encoding="utf-8")
    section = text.split(f"### {heading}\n", 1)[1].split("<!-- table:", 1)[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return [word for cell in rows for word in re.findall(r"`([^`]+)`", cell)]


def test_every_modbus_address_and_endpoint_of_the_guide_is_one() -> None:
    modbus = discovery.definition("drivers", "modbus")
    words = first_cells("Modbus")
    assert len(words) > 20
    for word in words:
        if ":" in word:
            modbus.check_endpoint(word)
        else:
            kind = ValueType.STRING if "[" in word else ValueType.UINT64
            modbus.check_address(word, kind, {}, {})


def test_every_opcua_address_of_the_guide_is_one() -> None:
    opcua = discovery.definition("drivers", "opcua")
    text = (DOCS / "engineers.md").read_text(encoding="utf-8").split("### OPC UA\n", 1)[1]
    line = next(line for line in text.splitlines() if line.startswith("Endpoint: "))
    endpoint, *addresses = re.findall(r"`([^`]+)`", line)
    opcua.check_endpoint(endpoint)
    assert len(addresses) >= 4
    for address in addresses:
        opcua.check_address(address, ValueType.FLOAT64, {}, {})
