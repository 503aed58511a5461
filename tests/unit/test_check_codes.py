"""Every finding has a code that stays; they come as text, JSON, SARIF and workflow commands, and can be left out."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner

from hmi.check import check_plant, findings_as_github, findings_as_json, findings_as_sarif, told
from hmi.check._display_lints import RULES
from hmi.check.codes import BY_NAME, CODES, code_named, code_of
from hmi.cli import _app
from hmi.project import new_plant

ROOT = Path(__file__).resolve().parents[2]
SARIF = json.loads((ROOT / "tests" / "data" / "sarif-2.1.0.json").read_text(encoding="utf-8"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A plant with errors, warnings and notes in several files."""
    made = new_plant(tmp_path / "works")
    tags = made / "tags.csv"
    tags.write_text(
        tags.read_text(encoding="utf-8").replace("'area1/lt101' / 5", "'area1/lt1' / 5"), encoding="utf-8"
    )
    display = (made / "displays" / "overview.json").read_text(encoding="utf-8")
    odd = {"id": "e_0123456789ab", "type": "link", "x": 1, "y": 2, "w": 80, "h": 40, "display": "no where"}
    (made / "displays" / "overview.json").write_text(
        display.replace('"elements": [\n', f'"elements": [\n{json.dumps(odd)},\n', 1), encoding="utf-8"
    )
    (made / "types" / "idle.toml").write_text('schema = "type/1"\nname = "idle"\n', encoding="utf-8")
    return made


def test_numbers_and_names_are_each_given_once() -> None:
    assert len({code.number for code in CODES}) == len({code.name for code in CODES}) == len(CODES)
    assert all(re.fullmatch(r"[a-z][a-z0-9-]+", code.name) for code in CODES)
    assert {rule.id for rule in RULES} <= {code.name for code in CODES}


def rules_in(path: Path) -> set[str]:
    """What the code of the linter and of the loader says under ``rule=``."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.keyword) and node.arg == "rule":
            found |= {
                n.value
                for n in ast.walk(node.value)
                if isinstance(n, ast.Constant) and isinstance(n.value, str)
            }
    return found


@pytest.mark.parametrize("package", ["check", "project"])
def test_every_rule_that_is_said_has_a_code(package: str) -> None:
    said = {rule for path in sorted((ROOT / "hmi" / package).glob("*.py")) for rule in rules_in(path)}
    assert said - {""} - set(BY_NAME) - {"deeper"} == set()


def test_a_code_is_known_by_number_and_by_name() -> None:
    assert code_named("WK-705") is code_named("unused-tag") is code_named("wk-705") is BY_NAME["unused-tag"]
    assert code_named("WK-1") is None


def test_json_carries_code_and_rule(folder: Path) -> None:
    rows = json.loads(findings_as_json(check_plant(folder)))
    assert {row["code"] for row in rows} >= {"WK-700", "WK-701"}
    assert all(row["rule"] and row["code"].startswith("WK-") for row in rows)


def test_sarif_is_what_the_standard_says(folder: Path) -> None:
    findings = check_plant(folder, notes=True)
    document = json.loads(findings_as_sarif(findings, folder))
    jsonschema.Draft4Validator(SARIF).validate(document)
    (run,) = document["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert len(run["results"]) == len(findings) > 0
    for result, finding in zip(run["results"], findings, strict=True):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == code_of(finding).id
        place = result["locations"][0]["physicalLocation"]
        assert (folder / place["artifactLocation"]["uri"]).exists()
        assert place.get("region", {"startLine": 0})["startLine"] == finding.line


def test_sarif_of_a_clean_plant_and_of_none_holds_too(tmp_path: Path) -> None:
    clean = new_plant(tmp_path / "clean")
    for folder in (clean, tmp_path / "gone"):
        jsonschema.Draft4Validator(SARIF).validate(json.loads(findings_as_sarif(check_plant(folder), folder)))


def test_github_gets_one_command_a_line(folder: Path) -> None:
    lines = findings_as_github(check_plant(folder), folder).splitlines()
    assert len(lines) == len(check_plant(folder))
    assert all(
        re.match(r"::(error|warning|notice) file=[^,]+,line=\d+,title=WK-\d+ [a-z0-9-]+::", line)
        for line in lines
    )


def test_text_ends_with_the_code(folder: Path) -> None:
    assert all(re.search(r" \[WK-\d{3} [a-z0-9-]+\]$", told(finding)) for finding in check_plant(folder))


def write_ignore(folder: Path, *entries: str) -> None:
    with (folder / "plant.toml").open("a", encoding="utf-8") as file:
        file.write(f"\n[check]\nignore = {json.dumps(entries)}\n")


def test_a_plant_leaves_out_warnings_but_no_errors(folder: Path) -> None:
    before = check_plant(folder)
    names = {code_of(f).name for f in before if f.severity == "warning"}
    assert names
    write_ignore(folder, *(f"{name}: meant as it is" for name in sorted(names)))
    after = check_plant(folder)
    assert [f.text for f in after] == [f.text for f in before if f.is_error]


def test_an_entry_that_leaves_out_nothing_is_told_at_its_line(folder: Path) -> None:
    write_ignore(folder, "alarm-never", "WK-999", "dead-link")
    found = [f for f in check_plant(folder) if f.rule == "ignored-unneeded"]
    told = [f.text.split(",")[0] for f in found]
    assert told == [f"[check] leaves out {name}" for name in ("alarm-never", "WK-999", "dead-link")]
    lines = (folder / "plant.toml").read_text(encoding="utf-8").splitlines()
    assert {lines[f.line - 1].partition(" ")[0] for f in found} == {"ignore"}


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(_app(), ["check", *arguments])
    return done.exit_code, done.output


def test_the_command_knows_its_forms(folder: Path) -> None:
    assert run(str(folder))[0] == 1
    assert json.loads(run(str(folder), "--format", "sarif")[1])["version"] == "2.1.0"
    assert json.loads(run(str(folder), "--json")[1])[0]["code"].startswith("WK-")
    clean = new_plant(folder.parent / "clean")
    assert run(str(clean)) == (0, "0 errors, 0 warnings\n")
    assert run(str(clean), "--format", "github") == (0, "")


def test_notes_are_shown_when_they_are_asked_for(folder: Path) -> None:
    tags = folder / "tags.csv"
    header, *rows = tags.read_text(encoding="utf-8").splitlines()
    spare = ["" for _ in header.split(",")]
    for name, text in {"kind": "tag", "name": "area1/spare", "connection": "plc1", "address": "HR99"}.items():
        spare[header.split(",").index(name)] = text
    tags.write_text("\n".join([header, *rows, ",".join(spare)]) + "\n", encoding="utf-8")
    assert not [f for f in check_plant(folder) if f.severity == "info"]
    assert [f.rule for f in check_plant(folder, notes=True) if "area1/spare" in f.text] == ["unused-tag"]
