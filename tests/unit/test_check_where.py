"""Where everything of a plant is used: displays, expressions, alarms, commands, exports, history, training."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hmi.check import WhereUsed
from hmi.check.where import Use
from hmi.cli import _app
from hmi.project import format_plant, new_plant, open_plant
from hmi.project.draft import read_draft

CARD = {
    "schema": "display/1", "name": "card", "title": "Card", "level": 3,
    "parameters": {"pump": {"type": "instance", "of": "pump"}},
    "elements": [{"id": "e_card0001", "type": "readout", "x": 0, "y": 0, "w": 80, "h": 30, "tag": "$pump.speed"}],
}  # fmt: skip
REPEAT = {"id": "e_repeat01", "type": "repeat", "x": 0, "y": 600, "display": "card", "parameter": "pump",
          "over": "type:pump area:area1"}  # fmt: skip
LINK = {"id": "e_link0001", "type": "link", "x": 0, "y": 900, "w": 90, "h": 30, "display": "overview"}
BOUND = {"id": "e_bound001", "type": "text", "x": 9, "y": 9, "w": 90, "h": 30,
         "text": {"expr": "format('area1/ft101', \".1f\")"}}  # fmt: skip
JOBS = """
[[exports]]
name = "office"
to = "files"
tags = ["type:pump signal:speed", "area1/ft*"]
[exports.settings]
folder = "x"

[[notifications]]
name = "duty"
kind = "webhook"
priorities = [1, 2]
areas = ["area1"]
url = "https://192.0.2.7/alarm"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = new_plant(tmp_path / "works")
    page = {
        "schema": "display/1",
        "name": "page",
        "title": "Page",
        "level": 2,
        "elements": [REPEAT, LINK, BOUND],
    }
    for document in (CARD, page):
        text = json.dumps(document, indent=1)
        (made / "displays" / f"{document['name']}.json").write_text(text, encoding="utf-8")
    with (made / "plant.toml").open("a", encoding="utf-8") as file:
        file.write(JOBS)
    (made / "training").mkdir()
    (made / "training" / "dry.toml").write_text(
        'schema = "scenario/1"\nname = "dry"\n\n[[step]]\ntag = "area1/ft101"\n', encoding="utf-8"
    )
    format_plant(made)
    return made


def pairs(uses: list[Use]) -> set[tuple[str, str, str]]:
    return {(use.kind, use.name, use.element) for use in uses}


@pytest.fixture
def used(folder: Path) -> WhereUsed:
    return WhereUsed(read_draft(folder), lines=True)


def test_a_tag_is_found_wherever_it_is_named_or_reached(used: WhereUsed) -> None:
    assert {("display", "page", "e_bound001"), ("history", "area1/ft101", ""), ("export", "office", ""),
            ("training", "dry.toml", "")} <= pairs(used.of_tag("area1/ft101"))  # fmt: skip
    lt101 = pairs(used.of_tag("area1/lt101"))
    assert {
        ("calculation", "area1/lt101_pct", ""),
        ("alarm", "area1/lt101 high", ""),
        ("notification", "duty", ""),
    } <= lt101
    assert not any(kind == "export" for kind, _, _ in lt101)


def test_a_repeater_uses_what_its_query_names(used: WhereUsed) -> None:
    assert ("display", "page", "e_repeat01") in pairs(used.of_tag("area1/p101.speed"))
    assert ("display", "page", "e_repeat01") in pairs(used.of_instance("area1/p101"))


def test_an_instance_is_used_by_its_signals(used: WhereUsed) -> None:
    texts = {(use.kind, use.text) for use in used.of_instance("area1/p101")}
    assert ("permissive", "tripped: The pump is not tripped") in texts
    assert any(kind == "export" for kind, _ in texts)
    assert ("history", "area1/p101.speed", "") in pairs(used.of_instance("area1/p101"))


def test_an_instance_is_reached_by_whatever_reaches_its_signals(used: WhereUsed, folder: Path) -> None:
    """History, exports and notifications of a signal are never left out of its instance."""
    plant = open_plant(folder)
    reaching = {
        (use.kind, use.name)
        for signal in plant.instances["area1/p101"].signals
        for use in used.reaching(plant.by_name[f"area1/p101.{signal}"])
    }
    assert {kind for kind, _ in reaching} == {"history", "export", "notification"}
    found = [(use.kind, use.name) for use in used.of_instance("area1/p101")]
    assert reaching <= set(found)
    assert found.count(("export", "office")) == found.count(("notification", "duty")) == 1


def test_a_type_is_used_by_instances_heirs_displays_and_queries(folder: Path) -> None:
    (folder / "types" / "fast.toml").write_text(
        'schema = "type/1"\nname = "fast"\ntitle = "Fast pump"\nextends = "pump"\n', encoding="utf-8"
    )
    tags = folder / "tags.csv"
    text = tags.read_text(encoding="utf-8")
    (row,) = (line for line in text.splitlines() if "area1/p101" in line)
    other = (
        row.replace("area1/p101", "area1/p102").replace("base=101", "base=201").replace("pump,", "fast,", 1)
    )
    own_id = row.split(",")[1]
    tags.write_text(text + other.replace(own_id, "t_k6k6k6k6k6k6") + "\n", encoding="utf-8")
    header = "id,type,name,kind,of,period\n"
    (folder / "calculations.csv").write_text(
        header + ",pump,speed_hour,average,speed,1 h\n", encoding="utf-8"
    )
    used = WhereUsed(read_draft(folder), lines=True)
    found = pairs(used.of_type("pump"))
    assert found == {
        ("type", "fast", ""), ("instance", "area1/p101", ""), ("instance", "area1/p102", ""),
        ("display", "card", ""), ("display", "page", "e_repeat01"), ("export", "office", ""),
        ("calculation", "speed_hour", ""),
    }  # fmt: skip
    assert {use.text.split(":")[0] for use in used.of_type("pump") if use.name == "area1/p102"} == {"fast"}
    assert pairs(used.of_type("fast")) == {("instance", "area1/p102", ""), ("calculation", "speed_hour", "")}


def test_a_display_is_linked_embedded_and_home(used: WhereUsed) -> None:
    assert {("home", "plant.toml", ""), ("link", "page", "e_link0001")} <= pairs(used.of_display("overview"))
    assert pairs(used.of_display("card")) == {("embedded", "page", "e_repeat01")}


def test_an_alarm_tells_its_tag_and_who_hears_of_it(used: WhereUsed) -> None:
    (alarm,) = used.alarms_named("area1/lt101 high")
    assert {("tag", "area1/lt101", ""), ("notification", "duty", "")} <= pairs(used.of_alarm(alarm))
    assert used.alarms_named(alarm.id) == [alarm]


def test_each_element_has_its_line(used: WhereUsed, folder: Path) -> None:
    (use,) = [u for u in used.of_tag("area1/ft101") if u.element == "e_bound001"]
    lines = (folder / "displays" / "page.json").read_text(encoding="utf-8").splitlines()
    assert "e_bound001" in lines[use.source.line - 1]


def test_a_plant_that_runs_gives_the_same_uses(folder: Path, used: WhereUsed) -> None:
    running = WhereUsed(open_plant(folder))
    for name in ("area1/ft101", "area1/lt101", "area1/p101.speed"):
        of_files = pairs(used.of_tag(name)) - {("training", "dry.toml", "")}
        assert pairs(running.of_tag(name)) == of_files


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(_app(), ["where", *arguments])
    return done.exit_code, done.output


def test_the_command_prints_rows_and_json(folder: Path) -> None:
    code, text = run(str(folder), "area1/ft101")
    assert code == 0
    assert text.startswith("tag area1/ft101: used in ")
    assert "display\tpage\te_bound001\tPage\tpage.json:" in text
    (told,) = json.loads(run(str(folder), "overview", "--json")[1])
    assert (told["of"], told["name"]) == ("display", "overview")
    assert {use["kind"] for use in told["uses"]} == {"home", "link"}
    code, text = run(str(folder), "pump")
    assert (code, text.splitlines()[0]) == (0, "type pump: used in 4 places")
    assert "instance\tarea1/p101" in text


def test_the_command_lists_what_nothing_uses(folder: Path) -> None:
    (folder / "training" / "dry.toml").unlink()
    rows = json.loads(run(str(folder), "--unused", "--json")[1])
    assert [row["name"] for row in rows] == []
    tags = folder / "tags.csv"
    text = tags.read_text(encoding="utf-8")
    width = text.splitlines()[0].count(",")
    tags.write_text(
        text + "tag,,area1/spare,uint16,Spare,,plc1,HR99" + "," * (width - 7) + "\n", encoding="utf-8"
    )
    rows = json.loads(run(str(folder), "--unused", "--json")[1])
    assert [row["name"] for row in rows] == ["area1/spare"]


@pytest.mark.parametrize("arguments", [["area1/gone"], [], ["area1/ft101", "--unused"]])
def test_a_question_without_an_answer_is_refused(folder: Path, arguments: list[str]) -> None:
    assert run(str(folder), *arguments)[0] != 0
