"""Two engineers change one file: what does not collide is put together, what does is told and marked."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from hmi.check import check_plant
from hmi.project import new_plant, open_plant
from hmi.project._merge_lines import merged_lines
from hmi.project.folder_files import read_files
from hmi.project.merging import Merged, merged_file

HEAD = "kind,id,name,type,low,high,description\n"
A, B, C = (f"tag,t_{name * 12},area1/{name},float,0,10,Tag {name}\n" for name in "abc")
BASE = HEAD + A + B + C


def merged(name: str, base: str, ours: str, theirs: str) -> Merged:
    found = merged_file(name, base.encode(), ours.encode(), theirs.encode())
    turned = merged_file(name, base.encode(), theirs.encode(), ours.encode())
    assert bool(found.conflicts) == bool(
        turned.conflicts
    )  # who is ours makes no difference to whether it collides
    return found


def text_of(found: Merged) -> str:
    assert found.conflicts == ()
    return found.content.decode()


def test_different_cells_of_one_row_and_different_rows_go_together() -> None:
    ours = BASE.replace("area1/a,float,0,10", "area1/a,float,0,20").replace("Tag b", "Ours")
    theirs = BASE.replace("area1/a,float,0,10", "area1/a,float,-5,10").replace("Tag c", '"Theirs, quoted"')
    assert text_of(merged("tags.csv", BASE, ours, theirs)) == HEAD + (
        A.replace("0,10", "-5,20") + B.replace("Tag b", "Ours") + C.replace("Tag c", '"Theirs, quoted"')
    )


def test_rows_that_both_added_and_removed_keep_their_places() -> None:
    ours = HEAD + A + A.replace("a", "x").replace("txg", "tag") + B + C
    theirs = HEAD + A + C + C.replace("ccc", "zzz").replace("/c", "/z")
    found = text_of(merged("tags.csv", BASE, ours, theirs))
    names = [row["name"] for row in csv.DictReader(io.StringIO(found))]
    assert len(names) == 4
    assert "area1/b" not in names
    assert (names[0], names[-1]) == ("area1/a", "area1/z")


def test_a_row_that_nobody_touched_keeps_its_bytes() -> None:
    odd = 'tag, t_oddoddoddodd ,"area1/odd",float,"0",10,"a ""word"", and more"\n'
    base = BASE + odd
    found = merged("tags.csv", base, base.replace("Tag a", "Ours"), base.replace("Tag b", "Theirs"))
    assert odd in text_of(found)


def test_the_same_cell_is_a_conflict_with_both_rows_between_marks() -> None:
    ours, theirs = (
        BASE.replace("Tag b", "Ours"),
        BASE.replace("Tag b", "Theirs").replace("Tag c", "Also theirs"),
    )
    found = merged("tags.csv", BASE, ours, theirs)
    assert found.conflicts == ("tag area1/b: description was Tag b, ours says Ours, theirs Theirs",)
    assert found.content.decode() == (
        HEAD + A + "<<<<<<< ours\n" + B.replace("Tag b", "Ours") + "=======\n"
        + B.replace("Tag b", "Theirs") + ">>>>>>> theirs\n" + C.replace("Tag c", "Also theirs")
    )  # fmt: skip


def test_removed_here_and_changed_there_is_a_conflict() -> None:
    found = merged("tags.csv", BASE, HEAD + A + C, BASE.replace("Tag b", "Theirs"))
    assert found.conflicts == ("tag area1/b: changed in theirs, removed in ours",)
    assert b"Theirs" in found.content


def test_the_same_new_tag_under_two_ids_is_a_conflict() -> None:
    ours, theirs = (
        BASE + B.replace("bbb", "111").replace("/b", "/new"),
        BASE + B.replace("bbb", "222").replace("/b", "/new"),
    )
    found = merged("tags.csv", BASE, ours, theirs)
    assert found.conflicts == ("tag area1/new: both have it, under different ids; keep one row",)
    assert found.content.count(b"area1/new") == 2


def test_a_name_given_to_an_old_row_and_to_a_new_one_is_a_conflict() -> None:
    ours = BASE.replace("area1/b", "area1/new")
    theirs = BASE + B.replace("bbb", "222").replace("/b", "/new")
    assert any("area1/new" in text for text in merged("tags.csv", BASE, ours, theirs).conflicts)


def test_a_new_column_of_one_side_goes_with_new_rows_of_the_other() -> None:
    ours = (
        "\n".join(f"{line},{'unit' if index == 0 else 'm'}" for index, line in enumerate(BASE.splitlines()))
        + "\n"
    )
    theirs = BASE + C.replace("ccc", "zzz").replace("/c", "/z")
    rows = list(csv.DictReader(io.StringIO(text_of(merged("tags.csv", BASE, ours, theirs)))))
    assert [row["unit"] for row in rows] == ["m", "m", "m", ""]


def test_line_ends_and_the_first_mark_are_those_of_ours() -> None:
    ours = "\ufeff" + BASE.replace("Tag a", "Ours").replace("\n", "\r\n")
    found = merged_file("tags.csv", BASE.encode(), ours.encode(), BASE.replace("Tag b", "Theirs").encode())
    assert found.conflicts == ()
    assert found.content.startswith(b"\xef\xbb\xbf")
    assert b"\n" not in found.content.replace(b"\r\n", b"")
    assert b"Theirs" in found.content


def display(*elements: dict[str, object], **head: object) -> str:
    return json.dumps({"id": "d_a", "name": "a", "title": "A", **head, "elements": list(elements)}, indent=1)


PUMP, TANK, TEXT = (
    {"id": f"e_{number}", "type": kind, "x": 0, "y": 0, "label": kind}
    for number, kind in enumerate(("pump", "tank", "text"))
)


def test_elements_of_a_display_go_together_property_by_property() -> None:
    base = display(PUMP, TANK, TEXT)
    ours = display({**PUMP, "x": 9}, TANK, TEXT, {"id": "e_8", "type": "link"}, title="Ours")
    theirs = display({**PUMP, "label": "P-1"}, TEXT, {"id": "e_9", "type": "lamp"}, level=3)
    found = json.loads(text_of(merged("displays/a.json", base, ours, theirs)))
    assert (found["title"], found["level"]) == ("Ours", 3)
    assert [one["id"] for one in found["elements"]][:2] == ["e_0", "e_2"]
    assert {one["id"] for one in found["elements"]} == {"e_0", "e_2", "e_8", "e_9"}
    assert found["elements"][0] == {**PUMP, "x": 9, "label": "P-1"}


def test_an_element_that_both_moved_is_a_conflict_that_either_side_resolves() -> None:
    base = display(PUMP, TANK)
    found = merged("displays/a.json", base, display({**PUMP, "x": 5}, TANK), display({**PUMP, "x": 7}, TANK))
    assert found.conflicts == ("display a: pump e_0: x was 0, ours says 5, theirs 7",)
    lines = found.content.decode().splitlines()
    begin, middle, end = (
        next(i for i, line in enumerate(lines) if line.startswith(m)) for m in ("<<<", "===", ">>>")
    )
    ours = lines[:begin] + lines[begin + 1 : middle] + lines[end + 1 :]
    theirs = lines[:begin] + lines[middle + 1 : end] + lines[end + 1 :]
    assert [json.loads("\n".join(side))["elements"][0]["x"] for side in (ours, theirs)] == [5, 7]


def test_an_element_removed_here_and_changed_there_is_a_conflict() -> None:
    base = display(PUMP, TANK)
    found = merged("displays/a.json", base, display(TANK), display({**PUMP, "x": 7}, TANK))
    assert found.conflicts == ("display a: pump e_0: changed in theirs, removed in ours",)


def test_another_order_of_one_side_is_taken() -> None:
    base, theirs = display(PUMP, TANK, TEXT), display(TEXT, PUMP, TANK)
    ours = display({**PUMP, "x": 1}, TANK, TEXT)
    found = json.loads(text_of(merged("displays/a.json", base, ours, theirs)))
    assert [one["id"] for one in found["elements"]] == ["e_2", "e_0", "e_1"]


TOML = 'a = 1\n\n# the pump\n[scan]\nfast = 250\nnormal = 1000\nslow = 5000\n\n[texts]\nx = "y"\n'


def test_toml_goes_together_line_by_line_with_the_comments_of_both() -> None:
    ours = TOML.replace("a = 1", "# ours\na = 2")
    theirs = TOML.replace('x = "y"', 'x = "z"  # theirs')
    found = text_of(merged("plant.toml", TOML, ours, theirs))
    assert tomllib.loads(found)["a"] == 2
    assert "# ours" in found
    assert "# theirs" in found
    assert "# the pump" in found


def test_toml_that_both_changed_in_one_place_is_a_conflict() -> None:
    found = merged("plant.toml", TOML, TOML.replace("250", "200"), TOML.replace("250", "100"))
    assert found.conflicts == ("plant.toml: both changed line 5, in [scan]",)
    assert b"<<<<<<< ours\nfast = 200\n=======\nfast = 100\n>>>>>>> theirs\n" in found.content


def test_toml_that_would_say_a_thing_twice_is_a_conflict_and_not_written_as_if_right() -> None:
    ours, theirs = "b = 1\n" + TOML, TOML.replace("a = 1\n", "a = 1\nb = 1\n")
    found = merged("plant.toml", TOML, ours, theirs)
    assert len(found.conflicts) == 1
    assert found.content.startswith(b"<<<<<<< ours\n")


def test_what_cannot_be_read_is_never_put_together_in_silence() -> None:
    found = merged("displays/a.json", display(PUMP), "{", display(TANK))
    assert "put it together by hand" in found.conflicts[0]
    found = merged_file("tags.csv", BASE.encode(), b"\xff\xfe", (BASE + "x").encode())
    assert found.conflicts == ("tags.csv: one of the versions is no UTF-8 text; ours is kept as it is",)


def test_marks_of_a_merge_in_a_file_are_told_by_the_check(tmp_path: Path) -> None:
    folder = new_plant(tmp_path / "works")
    raw = read_files(folder)["alarms.csv"] or b""
    found = merged_file(
        "alarms.csv", raw, raw.replace(b"high,4.5", b"high,4.6"), raw.replace(b"high,4.5", b"high,4.7")
    )
    assert found.conflicts == ("alarm high of area1/lt101: limit was 4.5, ours says 4.6, theirs 4.7",)
    (folder / "alarms.csv").write_bytes(found.content)
    told = [one for one in check_plant(folder) if "a merge was not finished" in one.text]
    assert [(Path(one.file).name, one.line) for one in told] == [("alarms.csv", 2)]


def test_what_goes_together_opens(tmp_path: Path) -> None:
    folder = new_plant(tmp_path / "works")
    raw = read_files(folder)["alarms.csv"] or b""
    found = merged_file(
        "alarms.csv", raw, raw.replace(b"high,4.5", b"high,4.6"), raw.replace(b"low,0.5", b"low,0.6")
    )
    assert found.conflicts == ()
    (folder / "alarms.csv").write_bytes(found.content)
    assert {one.name: one.limit for one in open_plant(folder).alarms if one.kind != "discrete"} == {
        "high": 4.6, "low": 0.6
    }  # fmt: skip


CELLS = st.dictionaries(
    st.sampled_from([f"t_{letter * 12}" for letter in "abcdef"]),
    st.tuples(*[st.sampled_from(["", "1", "2", "x,y", '"q"', "two\nlines"])] * 3),
    max_size=6,
)


def table(rows: dict[str, tuple[str, ...]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["kind", "id", "name", "low", "high", "description"])
    writer.writerows(["tag", key, f"area1/{key}", *cells] for key, cells in rows.items())
    return out.getvalue().encode()


def rows_of(raw: bytes) -> dict[str, tuple[str, ...]]:
    reader = csv.DictReader(io.StringIO(raw.decode(), newline=""))
    return {row["id"]: (row["low"], row["high"], row["description"]) for row in reader}


@settings(max_examples=200, deadline=None)
@given(base=CELLS, ours=CELLS, theirs=CELLS)
def test_a_merge_loses_no_change_of_anybody_or_says_so(
    base: dict[str, tuple[str, ...]], ours: dict[str, tuple[str, ...]], theirs: dict[str, tuple[str, ...]]
) -> None:
    found = merged_file("tags.csv", table(base), table(ours), table(theirs))
    if found.conflicts:
        return
    result = rows_of(found.content)
    for key in {*base, *ours, *theirs}:
        was, one, other, now = (side.get(key) for side in (base, ours, theirs, result))
        if one is None or other is None:
            assert now == (None if was is not None else one or other)
            continue
        for place, cell in enumerate(now or ()):
            before = was[place] if was else ""
            assert cell == (other[place] if one[place] == before else one[place])
            assert other[place] in (before, cell)


LINES = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "\n"]), max_size=8)


@settings(max_examples=300, deadline=None)
@given(base=LINES, ours=LINES, theirs=LINES)
def test_a_merge_of_lines_is_that_of_either_side_where_one_did_nothing(
    base: list[str], ours: list[str], theirs: list[str]
) -> None:
    texts = ["".join(lines) for lines in (base, ours, theirs)]
    assert merged_lines("x", texts[0], texts[0], texts[2]) == (texts[2], [])
    assert merged_lines("x", texts[0], texts[1], texts[0]) == (texts[1], [])
    text, conflicts = merged_lines("x", *texts)
    assert text.count("<<<<<<< ours") == len(conflicts)
    assert text.count(">>>>>>> theirs") == len(conflicts)
    if not conflicts:  # what is new on one side is in it
        for side in (ours, theirs):
            assert {line for line in side if line not in base} <= set(text.splitlines(keepends=True))


ELEMENTS = st.dictionaries(
    st.sampled_from([f"e_{number}" for number in range(5)]),
    st.fixed_dictionaries(
        {"type": st.just("pump"), "x": st.integers(0, 2), "tag": st.sampled_from(["a", "b"])}
    ),
    max_size=5,
)


@settings(max_examples=200, deadline=None)
@given(base=ELEMENTS, ours=ELEMENTS, theirs=ELEMENTS)
def test_a_merge_of_a_display_loses_no_change_of_anybody_or_says_so(
    base: dict[str, dict[str, object]],
    ours: dict[str, dict[str, object]],
    theirs: dict[str, dict[str, object]],
) -> None:
    sides = [display(*({"id": key, **one} for key, one in side.items())) for side in (base, ours, theirs)]
    found = merged_file("displays/a.json", *(side.encode() for side in sides))
    if found.conflicts:
        return
    result = {one["id"]: one for one in json.loads(found.content)["elements"]}
    for key in {*base, *ours, *theirs}:
        was, one, other, now = (side.get(key) for side in (base, ours, theirs, result))
        if one is None or other is None:
            assert (now is None) == (was is not None)
            continue
        assert now is not None
        for name in ("x", "tag"):
            before = was[name] if was else None
            assert now[name] == (other[name] if one[name] == before else one[name])
            assert other[name] in (before, now[name])


KINDS = st.sampled_from([0, 1, True, False, 1.0, "1", None, [1], [True], {"a": 1}, {"a": True}])
ELEMENT = st.dictionaries(st.sampled_from("xyz"), KINDS)


def page_of(element: dict[str, object]) -> str:
    return json.dumps({"id": "d", "elements": [{"id": "e", "type": "text", **element}]})


@settings(max_examples=300, deadline=None)
@given(base=ELEMENT, ours=ELEMENT, theirs=ELEMENT)
def test_of_a_display_no_change_of_kind_is_lost(
    base: dict[str, object], ours: dict[str, object], theirs: dict[str, object]
) -> None:
    """``1``, ``true`` and ``1.0`` are three values: what one side alone changed is in the result."""
    found = merged("displays/a.json", page_of(base), page_of(ours), page_of(theirs))
    if found.conflicts:
        return
    (element,) = json.loads(found.content)["elements"]
    for side in (ours, theirs):
        for key in "xyz":
            if json.dumps(side.get(key, "none")) != json.dumps(base.get(key, "none")):
                assert json.dumps(element.get(key, "none")) == json.dumps(side.get(key, "none"))


def test_a_truth_instead_of_a_number_goes_with_a_change_beside_it() -> None:
    found = merged(
        "displays/a.json", page_of({"x": 1, "y": 0}), page_of({"x": True, "y": 0}), page_of({"x": 1, "y": 5})
    )
    (element,) = json.loads(text_of(found))["elements"]
    assert (element["x"] is True, element["y"]) == (True, 5)
    toml = merged(
        "types/p.toml", "a = 1\nb = 2\nc = 3\n", "a = true\nb = 2\nc = 3\n", "a = 1\nb = 2\nc = 4\n"
    )
    assert tomllib.loads(text_of(toml)) == {"a": True, "b": 2, "c": 4}
    assert text_of(toml).startswith("a = true")


def test_what_a_side_names_twice_is_put_together_by_hand() -> None:
    head = "id,kind,name,unit,unit\n"
    found = merged("tags.csv", head + "t1,tag,x,m,a\n", head + "t1,tag,x,mm,a\n", head + "t1,tag,x,m,b\n")
    assert "its header names the column unit twice" in found.conflicts[0]
    head = "id,kind,name,unit,\n"
    found = merged("tags.csv", head + "t1,tag,x,m,n\n", head + "t1,tag,x,mm,n\n", head + "t1,tag,y,m,n\n")
    assert "line 2 has a cell in a column without a name" in found.conflicts[0]
    twice = '{"id": "d", "elements": [{"id": "e", "x": 2, "x": 1}]}'
    found = merged("displays/a.json", page_of({"x": 1}), twice, page_of({"x": 1, "y": 2}))
    assert "has the key x twice" in found.conflicts[0]
