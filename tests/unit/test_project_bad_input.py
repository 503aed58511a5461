"""Whatever lies in a plant folder: findings in one sentence each, never a traceback, never a hang."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hmi.check import check_plant, exit_code
from hmi.core.errors import ConfigurationError
from hmi.project import format_plant, load_plant, new_plant, open_plant

FILES = ("plant.toml", "types/pump.toml", "tags.csv", "alarms.csv", "displays/overview.json")
DEEP = 100_000
GARBAGE: dict[str, bytes] = {
    "empty": b"",
    "blank": b" \n\n\t\n",
    "zeros": b"\0" * 300,
    "binary": random.Random(7).randbytes(5_000),
    "png": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "latin-1": 'title = "Füllstand"\n'.encode("latin-1"),
    "utf-16": 'schema = "plant/1"\n'.encode("utf-16"),
    "huge line": b"a" * 2_000_000,
    "huge quoted": b'"' + b"a," * 500_000,
    "open quote": b'kind,name\ntag,"area1/x\n',
    "open table": b"[connection.plc1\n",
    "open string": b'title = "never ends\n',
    "number": b"42",
    "list": b"[1, 2, 3]",
    "null": b"null",
    "string": b'"text"',
    "deep list": b"[" * DEEP + b"]" * DEEP,
    "deep object": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "rather deep": b'{"schema": "display/1", "elements": [' + b'{"a":' * 200 + b"1" + b"}" * 200 + b"]}",
    "rather deep table": b"title = " + b"[" * 200 + b"]" * 200,
    "deep table": b"a = " + b"[" * DEEP + b"]" * DEEP,
    "deep key": b".".join([b"a"] * DEEP) + b" = 1",
    "long number": b"n = " + b"9" * 10_000,
    "long json number": b'{"n": ' + b"9" * 10_000 + b"}",
    "nan": b'{"schema": "display/1", "x": NaN}',
    "twice": b'{"schema": "display/1", "schema": "display/1"}',
    "surrogate": b'{"schema": "display/1", "title": "\\ud800"}',
    "toml twice": b"a = 1\na = 2\n",
    "html": b"<html><body>404</body></html>",
    "semicolons": b"kind;name\ntag;area1/x\n",
    "wrong types": b'schema = 1\nid = []\nname = {}\ntitle = 3\narea = "x"\nscan = []\nconnection = 4\n',
    "wrong types json": b'{"schema": 1, "id": [], "name": {}, "level": "x", "size": 3, "elements": {"a": 1}}',
    "wrong members": b'{"schema": "display/1", "elements": [1, "x", null, [], {"id": 5, "type": 7, "x": "a"}]}',
    "odd ids": b'{"schema": "display/1", "id": 5, "elements": [{"id": [], "type": {}}, {"id": "e_1"}, {"id": "e_1"}]}',
    "wrong type": b'schema = "type/1"\nname = "pump"\nparameters = 1\nsignals = [1]\nalarms = {a = 1}\n',
    "wrong signals": b'schema = "type/1"\nname = "pump"\n[signals]\na = 1\nb = {type = 3, range = "x", command = 1}\n',
    "odd holes": b'schema = "type/1"\nname = "pump"\n[signals.a]\naddress = "HR{base+}"\n[signals.b]\naddress = "{"\n',
    "extends itself": b'schema = "type/1"\nname = "pump"\nextends = "pump"\n',
    "odd scenario": b'schema = "scenario/9"\n',
    "header only": b"kind,id,name\n",
    "wide row": b"kind,name\ntag,area1/x" + b",x" * 5_000 + b"\n",
    "twice a column": b"kind,name,name\ntag,a,b\n",
    "no columns": b",,,\n,,,\n",
}  # fmt: skip


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_plant(tmp_path_factory.mktemp("plants") / "works")


@pytest.fixture
def folder(template: Path, tmp_path: Path) -> Path:
    import shutil

    return Path(shutil.copytree(template, tmp_path / "works"))


def must_be_told_plainly(folder: Path) -> None:
    findings = check_plant(folder)
    for finding in (*findings, *load_plant(folder).findings):
        assert "\n" not in finding.sentence
        assert len(finding.sentence) < 1_500
        assert finding.file.startswith(str(folder))
        assert "Traceback" not in finding.sentence
    assert exit_code(findings) in (0, 1)
    if load_plant(folder).plant is None:
        with pytest.raises(ConfigurationError):
            open_plant(folder)
    assert "\n" not in refusal_of_format(folder)


def refusal_of_format(folder: Path) -> str:
    try:
        format_plant(folder)
    except ConfigurationError as error:
        return error.sentence
    return ""


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kind", GARBAGE)
def test_garbage_in_a_file_is_a_finding(folder: Path, name: str, kind: str) -> None:
    (folder / name).write_bytes(GARBAGE[kind])
    must_be_told_plainly(folder)
    result = load_plant(folder)
    assert all(Path(f.file) == folder / name for f in result.findings if "not valid" in f.text)


@pytest.mark.parametrize("kind", ["empty", "binary", "huge line", "html", "number"])
def test_garbage_in_plant_toml_is_refused(folder: Path, kind: str) -> None:
    (folder / "plant.toml").write_bytes(GARBAGE[kind])
    result = load_plant(folder)
    assert result.plant is None
    assert Path(result.errors[0].file) == folder / "plant.toml"


def test_a_missing_folder_an_empty_folder_and_a_file(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x", encoding="utf-8")
    for name, words in (("nowhere", "no such folder"), ("empty", "no plant.toml"), ("file", "is a file")):
        (finding,) = load_plant(tmp_path / name).findings
        assert words in finding.sentence
        assert "hmi new" in finding.sentence
        assert exit_code(check_plant(tmp_path / name)) == 1
        with pytest.raises(ConfigurationError, match=words):
            format_plant(tmp_path / name)


def test_missing_tags_is_one_finding(folder: Path) -> None:
    (folder / "tags.csv").unlink()
    (folder / "alarms.csv").unlink()
    sentences = [f.sentence for f in load_plant(folder).errors]
    assert len(sentences) == 1
    assert "tags.csv: cannot be read" in sentences[0]


def test_folders_in_the_place_of_files(folder: Path) -> None:
    for name in FILES:
        (folder / name).unlink()
        (folder / name).mkdir()
        must_be_told_plainly(folder)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="needs file modes that bind")
def test_a_file_without_read_permission(folder: Path) -> None:
    (folder / "tags.csv").chmod(0)
    assert "cannot be read" in load_plant(folder).errors[0].sentence


@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_anywhere(folder: Path, name: str) -> None:
    whole = (folder / name).read_bytes()
    for cut in range(0, len(whole), max(1, len(whole) // 12)):
        (folder / name).write_bytes(whole[:cut])
        must_be_told_plainly(folder)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(FILES),
    place=st.floats(0, 1),
    noise=st.one_of(
        st.binary(max_size=8), st.sampled_from([b'"', b"\n", b",", b"{", b"}", b"[", b"=", b"\\", b"'"])
    ),
    drop=st.integers(0, 6),
)
def test_a_damaged_file(folder: Path, name: str, place: float, noise: bytes, drop: int) -> None:
    whole = (folder / name).read_bytes()
    at = int(place * len(whole))
    try:
        (folder / name).write_bytes(whole[:at] + noise + whole[at + drop :])
        findings = check_plant(folder)
        assert all("\n" not in f.sentence for f in findings)
        assert "\n" not in refusal_of_format(folder)
    finally:
        (folder / name).write_bytes(whole)
