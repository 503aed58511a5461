"""A rename by a list is followed wherever hmi where finds a name: all of it or nothing, and not a byte beside it."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from renamed_plant import add_rows, errors, renaming, rich_plant

from hmi.check import check_plant, references
from hmi.check.codes import code_of
from hmi.mimics import Property
from hmi.plugins.discovery import definition, names
from hmi.project import open_plant
from hmi.project._import_renames import left_behind
from hmi.project.folder_diff import folder_diff
from hmi.project.folder_files import read_files
from hmi.project.import_plan import ImportPlan, apply_import
from hmi.project.new_names import NAME, PROSE, NewNames, in_query

OLD = (
    "area1/p101", "area1/p102", "area1/g1", "area1/g2", "area1/lt101", "area1/ft101", "area1/lt101_pct", "area1/sum",
)  # fmt: skip
ENDS = ("a", "b_c", "lt101_2", "x-9", "p101")
NEW = (*OLD, *(f"area1/new/{end}" for end in ENDS), "area1/p101x", "area1/Lt_101")
WATERWORKS = Path(__file__).resolve().parents[2] / "screens" / "waterworks"
_WORD = re.compile(NAME)


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return rich_plant(tmp_path_factory.mktemp("rich") / "plant")


@pytest.fixture
def plant(rich: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(rich, tmp_path / "plant"))


def renames() -> st.SearchStrategy[dict[str, str]]:
    """Some of the rows, each with a name that none has afterwards but itself: new ones, swaps, rings."""

    def made(pairs: tuple[Sequence[str], Sequence[str]]) -> dict[str, str]:
        chosen, free = pairs
        kept = set(OLD) - set(chosen)
        wanted = [name for name in free if name not in kept]
        return {old: new for old, new in zip(chosen, wanted, strict=False) if old != new}

    def closed(given: dict[str, str]) -> dict[str, str]:
        """Nobody takes the name of a row that keeps it."""
        while clash := [old for old, new in given.items() if new in OLD and new not in given]:
            given = {old: new for old, new in given.items() if old not in clash}
        return given

    chosen = st.lists(st.sampled_from(OLD), unique=True, min_size=1)
    return st.tuples(chosen, st.permutations(NEW)).map(made).map(closed).filter(bool)


@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)
@given(renamed=renames())
def test_8_3_whatever_is_renamed_is_the_same_plant_afterwards(
    rich: Path, tmp_path_factory: pytest.TempPathFactory, renamed: dict[str, str]
) -> None:
    folder = Path(shutil.copytree(rich, tmp_path_factory.mktemp("renamed") / "plant"))
    before, opened, found, named = read_files(folder), open_plant(folder), codes(folder), references(folder)
    new = NewNames(renamed)

    plan = renaming(folder, renamed)
    assert plan.faults == (), renamed
    apply_import(plan)

    assert codes(folder) == found
    after = open_plant(folder)
    assert {one.id: one.name for one in after.tags} == {one.id: new(one.name) for one in opened.tags}
    assert {a.id: a.tag_id for a in after.alarms} == {a.id: a.tag_id for a in opened.alarms}
    assert left_behind(named, references(folder), renamed) == []
    assert len(references(folder)) == len(named)
    for lines in folder_diff(before, read_files(folder)).values():
        assert [line for line in lines if not is_rename(line, new)] == []
    check_bytes(before, read_files(folder), new)
    written = read_files(folder)
    again = renaming_again(folder, renamed)
    assert (again.texts, again.changed, again.faults) == ({}, 0, ())
    assert read_files(folder) == written


def renaming_again(folder: Path, renamed: Mapping[str, str]) -> ImportPlan:
    """The same list: its ids with the names that they have by now."""
    return renaming(folder, {name: name for name in renamed.values()})


def codes(folder: Path) -> Counter[str]:
    return Counter(code_of(one).id for one in check_plant(folder, notes=True))


def mapped(text: str, new: NewNames) -> str:
    return _WORD.sub(lambda found: new(found[0]), text)


def is_rename(line: str, new: NewNames) -> bool:
    """Whether a sentence tells of a new name, or of a text that differs in new names alone."""
    left, arrow, right = line.partition(" -> ")
    if not arrow:
        return bool(re.search(r" renamed to | changed$", line))
    return mapped(left, new).endswith(mapped(right, NewNames({}))) or right in mapped(left, new)


def check_bytes(before: Mapping[str, bytes | None], after: Mapping[str, bytes | None], new: NewNames) -> None:
    """A line differs where a name stands that is another one now, and in these names alone."""
    assert before.keys() == after.keys()
    for name, content in before.items():
        old, now = (content or b"").decode().split("\n"), (after[name] or b"").decode().split("\n")
        assert len(old) == len(now), name
        for was, line in zip(old, now, strict=True):
            assert line in (was, mapped(was, new)) or mapped(was, new) == mapped_again(was, line, new), (
                name,
                was,
                line,
            )


def mapped_again(was: str, line: str, new: NewNames) -> str:
    """The line with the names that stayed, such as those in words for people, brought to what is new."""
    old, now = _WORD.findall(was), _WORD.findall(line)
    kept = iter(zip(old, now, strict=True))

    def each(found: re.Match[str]) -> str:
        one, other = next(kept)
        return new(one) if one == other else found[0]

    return _WORD.sub(each, line)


def test_half_of_the_waterworks_gets_new_names_and_hmi_check_finds_nothing_new(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(WATERWORKS, tmp_path / "waterworks"))
    found, opened = codes(folder), open_plant(folder)
    own = [tag.name for tag in opened.tags if not tag.instance and tag.calculation is None]
    renamed = {
        name: f"{name.partition('/')[0]}/new_{name.partition('/')[2]}"
        for name in [*own, *opened.instances][::2]
    }
    plan = renaming(folder, renamed)
    assert plan.faults == ()
    apply_import(plan)
    assert codes(folder) == found
    assert {one.id: one.name for one in open_plant(folder).tags} == {
        one.id: NewNames(renamed)(one.name) for one in opened.tags
    }
    assert renaming_again(folder, renamed).texts == {}


def test_the_preview_says_which_references_change_in_which_file(plant: Path) -> None:
    plan = renaming(plant, {"area1/lt101": "area1/lt900", "area1/p101": "area1/p900"})
    told = {one.file: one.sentences for one in plan.followed}
    assert told["plant.toml"] == (
        "exports office: tags area1/lt101 -> area1/lt900",
        'exports office: tags match:"area1/p101.speed" -> match:"area1/p900.speed"',
    )
    assert told["training/start.toml"] == (
        "step 1: tags area1/lt101 -> area1/lt900",
        "step 1: tags area1/p101.speed -> area1/p900.speed",
        "step 1: when 'area1/lt101' > 2 -> 'area1/lt900' > 2",
    )
    assert "guard area1/g1: parameter source area1/lt101 -> area1/lt900" in told["tags.csv"]
    assert "alarm away of area1/ft101: setpoint area1/lt101 -> area1/lt900" in told["alarms.csv"]
    assert told["calculations.csv"] == ("calculation area1/lt101_mean: of area1/lt101 -> area1/lt900",)
    assert any("type guard" in line or "signals alone" in line for line in told["types/guard.toml"])


def test_comments_layout_and_words_for_people_stay(plant: Path) -> None:
    apply_import(renaming(plant, {"area1/ft101": "area1/ft900", "area1/lt101": "area1/lt900"}))
    head = (plant / "plant.toml").read_text("utf-8")
    assert 'life_counter = "area1/ft900"     # it never stands still\n' in head
    assert '    "area1/lt900",          # the level\n' in head
    assert "    'area1/ft900,area1/lt101_pct',\n" in head
    assert "# beside area1/lt101\n" in head
    guard = (plant / "types" / "guard.toml").read_text("utf-8")
    assert 'default = "area1/ft900"     # most guards watch the outlet\n' in guard
    assert "'{source}' > {limit}" in guard
    card = (plant / "displays" / "card.json").read_text("utf-8")
    assert '"label":"area1/lt101"' in card
    assert '"default":"area1/ft900"' in card.replace(" ", "")
    scenario = (plant / "training" / "start.toml").read_text("utf-8")
    assert 'title = "Start area1/p101"' in scenario


def test_line_ends_and_the_mark_of_an_editor_stay(plant: Path) -> None:
    head = plant / "plant.toml"
    head.write_bytes(b"\xef\xbb\xbf" + head.read_bytes().replace(b"\n", b"\r\n"))
    apply_import(renaming(plant, {"area1/ft101": "area1/ft900"}))
    content = head.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.count(b"\n") == content.count(b"\r\n")
    assert b'life_counter = "area1/ft900"     # it never stands still\r\n' in content


def test_a_name_made_of_parts_is_told_with_its_place_and_nothing_is_written(plant: Path) -> None:
    (plant / "types" / "joined.toml").write_text(
        'schema = "type/1"\nname = "joined"\n\n[parameters.unit]\ntype = "string"\n\n'
        '[signals.wide]\ntype = "bool"\nexpression = "\'area1/{unit}101\' > 2"\n',
        "utf-8",
    )
    add_rows(plant / "tags.csv", {"kind": "joined", "name": "area1/j1", "parameters": "unit=lt"})
    assert errors(plant) == []
    for renamed in (
        {"area1/lt101": "area1/lt900"},  # leads nowhere then
        {"area1/lt101": "area1/ft101", "area1/ft101": "area1/lt101"},  # leads to the other one then
    ):
        plan = renaming(plant, renamed)
        assert plan.is_blocked
        (fault,) = [one for one in plan.faults if one.is_error]
        assert re.search(r"(tags\.csv|joined\.toml):\d+: ", fault.text), fault.text
        assert "area1/lt101" in fault.text
    told = "\n".join(one.text + one.do for one in plan.faults)
    assert "calculation area1/j1.wide does not follow area1/lt101, which becomes area1/ft101" in told
    assert "the name is made of parts there" in told


def test_a_pattern_of_an_export_that_chooses_otherwise_is_told(plant: Path) -> None:
    head = plant / "plant.toml"
    head.write_text(head.read_text("utf-8").replace('"area1/none*"', '"area1/lt*_pct"'), "utf-8")
    head.write_text(
        head.read_text("utf-8").replace("'area1/ft101,area1/lt101_pct'", "'area1/ft101'"), "utf-8"
    )
    plan = renaming(plant, {"area1/lt101_pct": "area1/percent"})
    assert not plan.is_blocked
    (note,) = plan.faults
    line = head.read_text("utf-8").splitlines().index("tags = [") + 1
    assert note.text == (
        f"{head}:{line}: export office does not follow area1/lt101_pct, which becomes area1/percent"
    )
    assert note.do == "its query chooses by the name; look whether that is meant"


def test_flat_names_follow_and_labels_of_the_same_words_do_not(plant: Path) -> None:
    add_rows(
        plant / "tags.csv",
        {"kind": "tag", "name": "LT-101", "type": "float", "expression": "1 + 'area1/sum'"},
    )
    overview = plant / "displays" / "overview.json"
    text = overview.read_text("utf-8")
    overview.write_text(text.replace('"level":"area1/lt101"', '"level":"LT-101"'), "utf-8")
    assert '"label":"LT-101"' in text
    plan = renaming(plant, {"LT-101": "LT-102"})
    assert plan.faults == ()
    assert '"level":"LT-102"' in plan.texts["displays/overview.json"]
    assert '"label":"LT-101"' in plan.texts["displays/overview.json"]


def test_what_names_of_a_display_may_be_is_what_the_elements_say() -> None:
    for element in names("elements"):
        properties: tuple[Property, ...] = definition("elements", element).properties
        texts = {one.name for one in properties if one.type == "string"}
        tags = {one.name for one in properties if one.type in ("tag", "instance")}
        assert texts <= PROSE, element
        assert not tags & PROSE, element


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a/b", "a/c"), ("-a/b x*", "-a/c x*"), ("match:a/b,z", "match:a/c,z"), ('match:"a/b"', 'match:"a/c"'),
        ("type:a/b area:a/b", "type:a/b area:a/c"), ("area:a", "area:a"),
        ("a/b*", "a/b*"), ("a/b.pv", "a/c.pv"), ("a/bb", "a/bb"),
    ],
)  # fmt: skip
def test_names_in_a_query(text: str, wanted: str) -> None:
    assert in_query(text, NewNames({"a/b": "a/c", "a": "z"})) == wanted
