"""hmi format of a plant that is in its form changes no byte, whoever keeps its line ends; comments are never lost."""

from __future__ import annotations

import codecs
import csv
import io
import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hmi.project import format_plant, load_plant, new_plant
from hmi.project.folder_files import read_files
from hmi.project.shipped import shipped_path

TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20).map(str.strip)
WORDS = st.from_regex(r"[a-z]{1,8}", fullmatch=True)
KEPT: dict[str, Callable[[bytes], bytes]] = {
    "as it is": lambda raw: raw,
    "line ends of Windows": lambda raw: raw.replace(b"\n", b"\r\n"),
    "a mark at the beginning": lambda raw: codecs.BOM_UTF8 + raw,
    "both": lambda raw: codecs.BOM_UTF8 + raw.replace(b"\n", b"\r\n"),
}


@pytest.mark.parametrize("kept", KEPT)
@pytest.mark.parametrize("name", ["waterworks", "new"])
def test_a_plant_in_its_form_stays_as_it_is(name: str, kept: str, tmp_path: Path) -> None:
    folder = tmp_path / "plant"
    if name == "new":
        new_plant(folder)
    else:
        shutil.copytree(shipped_path("screens") / name, folder)
    for path in (path for path in folder.rglob("*") if path.suffix in (".toml", ".csv", ".json")):
        path.write_bytes(KEPT[kept](path.read_bytes()))
    before = read_files(folder)
    assert format_plant(folder) == ()
    assert read_files(folder) == before


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(st.tuples(WORDS, TEXTS, TEXTS), max_size=6, unique_by=lambda row: row[0]),
    comments=st.lists(TEXTS, min_size=1, max_size=3),
    elements=st.lists(st.dictionaries(WORDS, TEXTS | st.integers() | st.booleans(), max_size=4), max_size=4),
    kept=st.sampled_from(sorted(KEPT)),
)
def test_whatever_is_written_is_formatted_once(
    rows: list[tuple[str, str, str]], comments: list[str], elements: list[dict[str, object]], kept: str
) -> None:
    with tempfile.TemporaryDirectory() as beside:
        folder = new_plant(Path(beside) / "works")
        _add_rows(folder / "tags.csv", rows)
        for name in ("plant.toml", "types/pump.toml"):
            _add_comments(folder / name, comments)
        document = {
            "schema": "display/1",
            "title": "More",
            "elements": [{**one, "type": "text"} for one in elements],
        }
        (folder / "displays" / "more.json").write_text(json.dumps(document), encoding="utf-8")
        format_plant(folder)
        formatted = read_files(folder)
        for comment in comments:
            for name in ("plant.toml", "types/pump.toml"):
                assert f"# {comment}".strip() in (formatted[name] or b"").decode()
        for name, raw in formatted.items():
            (folder / name).write_bytes(KEPT[kept](raw or b""))
        before = read_files(folder)
        assert format_plant(folder) == ()
        assert read_files(folder) == before
        assert [one for one in load_plant(folder).findings if "hmi format" in one.do] == []


def _add_rows(path: Path, rows: list[tuple[str, str, str]]) -> None:
    out = io.StringIO()
    writer = csv.writer(out)
    width = len(path.read_text(encoding="utf-8").split("\n", 1)[0].split(","))
    place = path.read_text(encoding="utf-8").split("\n", 1)[0].split(",").index("expression")
    for name, description, unit in rows:
        cells = [""] * width
        cells[:3], cells[4], cells[9], cells[place] = ["tag", "", f"area1/{name}"], description, unit, "1"
        writer.writerow(cells)
    path.write_text(path.read_text(encoding="utf-8") + out.getvalue(), encoding="utf-8", newline="")


def _add_comments(path: Path, comments: list[str]) -> None:
    """Below the first line, between tables and at the end."""
    first, rest = path.read_text(encoding="utf-8").split("\n", 1)
    lines = "\n".join(f"# {comment}" for comment in comments)
    text = f"{first}\n{lines}\n{rest}".replace("\n\n[", f"\n\n{lines}\n[", 1) + lines + "\n"
    path.write_text(text, encoding="utf-8")
