"""A kept plant is the plant of the files in every detail, or it is not used."""

from __future__ import annotations

import dataclasses
import logging
import os
import shutil
import stat
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hmi.core.values import EURange
from hmi.project import compiled, load_plant, new_plant, open_plant
from hmi.project._folder_lock import LOCK_FILE
from hmi.project._plant_columns import NotPlain, _cells, _column, from_columns, to_columns
from hmi.project._plant_same import is_same
from hmi.project._replacing import CHANGES_FILE, UNDO_FILE
from hmi.project.compiled import keep_compiled, kept_plant, key_of
from hmi.project.plant import Plant, Source

ROOT = Path(__file__).parents[2]
WATERWORKS = ROOT / "screens" / "waterworks"
Change = Callable[[Path], object]


def kept(folder: Path, data: Path) -> Plant:
    plant = open_plant(folder)
    key = key_of(folder)
    assert key is not None
    assert keep_compiled(plant, key, data)
    return plant


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy = tmp_path / "plant"
    shutil.copytree(WATERWORKS, copy)
    return copy


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def file_of(data: Path) -> Path:
    return data / compiled.COMPILED_FOLDER / compiled.PLANT_FILE


# ------------------------------------------------------------------------------------------ what is read back


def test_what_is_read_back_is_the_plant_of_the_files_in_every_detail(folder: Path, data: Path) -> None:
    plant = kept(folder, data)
    found = kept_plant(folder, data)
    assert found is not None
    assert found.plant == plant
    assert is_same(found.plant, plant)
    assert found.plant.by_name[plant.tags[0].name] is found.plant.tags[0]


@pytest.mark.parametrize("empty", [True, False])
def test_a_new_plant_is_read_back_too(tmp_path: Path, data: Path, empty: bool) -> None:
    folder = new_plant(tmp_path / "site", empty=empty)
    folder = folder if folder.is_dir() else folder.parent
    plant = kept(folder, data)
    found = kept_plant(folder, data)
    assert found is not None
    assert is_same(found.plant, plant)


def test_equal_parts_are_one_object_at_least_as_often_as_after_the_loader(folder: Path, data: Path) -> None:
    plant = kept(folder, data)
    found = kept_plant(folder, data)
    assert found is not None
    for name in ("range", "command", "scaling", "states", "options", "area", "unit", "recording"):
        before = len({id(getattr(tag, name)) for tag in plant.tags})
        assert len({id(getattr(tag, name)) for tag in found.plant.tags}) <= before, name


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=3) | st.integers(-5, 5), inner, max_size=3)
        | st.builds(EURange, st.just(0.0), st.floats(1, 9))
        | st.builds(Source, st.text(max_size=3), st.integers(0, 9))
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.lists(VALUES, min_size=1, max_size=12))
def test_a_column_of_anything_comes_back_with_its_types(values: list[Any]) -> None:
    packed = msgspec.msgpack.decode(msgspec.msgpack.encode(_column(values)))
    assert is_same(list(_cells(packed, len(values))), values)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0), (1, True), (0.0, -0.0), ((1,), [1]), ({"a": 1, "b": 2}, {"b": 2, "a": 1}), ({1: "x"}, {True: "x"}),
        (frozenset({1}), frozenset({1.0})), (Source("f", 1), Source("f", 2)), ([1, 2], [1]),
    ],
)  # fmt: skip
def test_what_only_looks_equal_is_not_the_same(one: object, other: object) -> None:
    assert is_same(one, one)
    assert not is_same(one, other)


def test_a_plant_that_would_come_back_otherwise_is_not_kept(
    folder: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant, key = open_plant(folder), key_of(folder)
    assert key is not None

    def wrong(columns: Mapping[str, Any]) -> Plant:
        right = from_columns(columns)
        return replace(right, tags=(replace(right.tags[0], deadband=1), *right.tags[1:]))

    monkeypatch.setattr(compiled, "from_columns", wrong)
    assert not keep_compiled(plant, key, data)
    assert not file_of(data).exists()


def test_a_plant_with_something_strange_in_it_is_not_kept(folder: Path, data: Path) -> None:
    plant, key = open_plant(folder), key_of(folder)
    strange = replace(plant, texts={"a": object()})  # type: ignore[dict-item]
    with pytest.raises(NotPlain):
        to_columns(strange)
    assert key is not None
    assert not keep_compiled(strange, key, data)


# ------------------------------------------------------------------------------------------ what it is good for


def plain_files() -> list[str]:
    return sorted(
        str(path.relative_to(WATERWORKS))
        for path in WATERWORKS.rglob("*")
        if path.is_file() and (path.parent == WATERWORKS or path.parent.name in ("types", "displays", "training"))
        and path.suffix in (".toml", ".csv", ".json")
    )  # fmt: skip


@pytest.mark.parametrize("name", plain_files())
def test_another_byte_in_any_file_is_seen(folder: Path, data: Path, name: str) -> None:
    kept(folder, data)
    path, before = folder / name, (folder / name).stat()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert kept_plant(folder, data) is None
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert kept_plant(folder, data) is not None


def _renamed(path: Path) -> None:
    path.rename(path.with_stem(path.stem + "_2"))


CHANGES: dict[str, Change] = {
    "a new display": lambda folder: (folder / "displays/new.json").write_text("{}"),
    "a new type": lambda folder: (folder / "types/new.toml").write_text(""),
    "a new scenario": lambda folder: (
        (folder / "training").mkdir(exist_ok=True),
        (folder / "training/n.toml").touch(),
    ),
    "calculations": lambda folder: (folder / "calculations.csv").write_text("name\n"),
    "a removed display": lambda folder: next((folder / "displays").glob("*.json")).unlink(),
    "a removed type": lambda folder: next((folder / "types").glob("*.toml")).unlink(),
    "removed alarms": lambda folder: (folder / "alarms.csv").unlink(),
    "another name": lambda folder: _renamed(next((folder / "displays").glob("*.json"))),
    "a folder called like a display": lambda folder: (folder / "displays/odd.json").mkdir(),
    "a link": lambda folder: (folder / "displays/odd.json").symlink_to(folder / "plant.toml"),
    "a change that is not finished": lambda folder: (folder / CHANGES_FILE).write_text("{}"),
    "an undo that is not finished": lambda folder: (folder / UNDO_FILE).write_text("{}"),
    "a lock": lambda folder: (folder / LOCK_FILE).touch(),
}


@pytest.mark.parametrize("name", CHANGES)
def test_every_other_change_of_the_folder_is_left_to_the_loader(folder: Path, data: Path, name: str) -> None:
    kept(folder, data)
    assert kept_plant(folder, data) is not None
    CHANGES[name](folder)
    assert kept_plant(folder, data) is None


def test_the_same_files_elsewhere_are_another_plant(folder: Path, data: Path) -> None:
    kept(folder, data)
    folder.rename(folder.with_name("moved"))
    assert kept_plant(folder, data) is None
    assert kept_plant(folder.with_name("moved"), data) is None


@pytest.mark.parametrize("what", ["version", "code", "package", "driver"])
def test_another_program_reads_the_files_again(
    folder: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    code = tmp_path / "hmi"
    for name in compiled._CODE:
        (code / name).mkdir(parents=True)
        (code / name / "a.py").write_text("a = 1\n")
    (code / "drivers/odd").mkdir()
    (code / "drivers/odd/definition.py").write_text("")
    place = tmp_path / "packages"
    (place / "thing-1.0.dist-info").mkdir(parents=True)
    monkeypatch.setattr(compiled, "__file__", str(code / "project/compiled.py"))
    monkeypatch.setattr(compiled, "_PACKAGES", place)
    kept(folder, data)
    assert kept_plant(folder, data) is not None
    if what == "version":
        monkeypatch.setattr(compiled.sys, "version", "4.0")
    elif what == "code":
        (code / "core/a.py").write_text("a = 22\n")
    elif what == "package":
        (place / "thing-1.0.dist-info").rename(place / "thing-1.1.dist-info")
    else:
        (code / "drivers/odd/definition.py").unlink()
    assert kept_plant(folder, data) is None


@pytest.mark.parametrize("what", ["zone", "ca", "export"])
def test_what_the_machine_would_answer_otherwise_is_asked_again(
    folder: Path, data: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant = kept(folder, data)
    changed = {
        "zone": {"zone": "Nowhere/None"},
        "ca": {"notifications": (_With(ca=str(folder / "gone.pem")),)},
        "export": {"exports": (_With(to="no_such_exporter", settings={}),)},
    }[what]
    monkeypatch.setattr(compiled, "from_columns", lambda columns: replace(plant, **changed))
    assert kept_plant(folder, data) is None


@dataclasses.dataclass
class _With:
    ca: str = ""
    to: str = ""
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)


# ------------------------------------------------------------------------------------------ the file


def test_damage_at_any_byte_is_ignored_and_told(
    tmp_path: Path, data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = new_plant(tmp_path / "site")
    folder = folder if folder.is_dir() else folder.parent
    plant = kept(folder, data)
    file = file_of(data)
    whole = file.read_bytes()
    for place in range(len(whole)) if len(whole) < 4_000 else (*range(200), *range(200, len(whole), 41)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        file.write_bytes(damaged)
        assert kept_plant(folder, data) is None, place
    for length in (*range(0, 200, 7), *range(200, len(whole), 503)):
        file.write_bytes(whole[:length])
        assert kept_plant(folder, data) is None, length
    file.write_bytes(whole + b"\0")
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        assert kept_plant(folder, data) is None
    assert len(caplog.records) == 1
    assert "is damaged" in caplog.text
    file.write_bytes(whole)
    found = kept_plant(folder, data)
    assert found is not None
    assert is_same(found.plant, plant)


def test_a_foreign_file_is_ignored_with_one_line(
    folder: Path, data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file_of(data).parent.mkdir(parents=True)
    file_of(data).write_bytes(b"PK\3\4" * 1_000)
    with caplog.at_level(logging.WARNING):
        assert kept_plant(folder, data) is None
    assert len(caplog.records) == 1


def test_whole_bytes_that_are_no_plant_are_ignored(folder: Path, data: Path) -> None:
    kept(folder, data)
    key = key_of(folder)
    assert key is not None
    deep = b"\x91" * 100_000
    for content in (
        b"\xc1",
        deep,
        msgspec.msgpack.encode([1]),
        msgspec.msgpack.encode({"id": ["one", ["x", []]]}),
    ):
        file_of(data).write_bytes(compiled._head(key, content) + content)
        assert kept_plant(folder, data) is None


@pytest.mark.skipif(os.name == "nt", reason="Windows has no owner bits of a file")
def test_the_file_is_its_owners_alone_and_the_only_one(folder: Path, data: Path) -> None:
    kept(folder, data)
    (folder / "calculations.csv").unlink(missing_ok=True)
    kept(folder, data)
    assert [path.name for path in file_of(data).parent.iterdir()] == [compiled.PLANT_FILE]
    assert stat.S_IMODE(file_of(data).stat().st_mode) == 0o600
    assert stat.S_IMODE(file_of(data).parent.stat().st_mode) == 0o700


def test_without_a_file_nothing_is_looked_at(
    folder: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(folder: Path) -> bytes:
        raise AssertionError(folder)

    monkeypatch.setattr(compiled, "_key", never)
    assert kept_plant(folder, data) is None


def test_a_folder_that_is_none_is_the_loaders_to_tell(tmp_path: Path, data: Path) -> None:
    assert key_of(tmp_path / "nothing") is None
    assert compiled.plant_id_of(tmp_path / "nothing") == ""
    assert load_plant(tmp_path / "nothing").plant is None


def test_the_id_of_a_plant_is_known_before_it_is_read(folder: Path) -> None:
    assert compiled.plant_id_of(folder) == open_plant(folder).id


def test_a_folder_that_may_not_be_looked_into_is_one_without_a_kept_plant(
    folder: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a runtime of another user has made it."""
    kept(folder, data)
    look = Path.stat

    def denied(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if path == file_of(data):
            raise PermissionError(13, "Permission denied", str(path))
        return look(path, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "stat", denied)
    assert kept_plant(folder, data) is None
    assert is_same(compiled.kept_or_read(folder, data), open_plant(folder))


def test_what_a_killed_writer_left_is_gone_after_the_next_one(folder: Path, data: Path) -> None:
    file_of(data).parent.mkdir(parents=True)
    left = file_of(data).with_suffix(".1.new")
    left.write_bytes(b"half of a plant")
    other = left.with_name("station.1.new")
    other.write_bytes(b"of another file")
    kept(folder, data)
    assert sorted(file_of(data).parent.iterdir()) == sorted((file_of(data), other))


@pytest.mark.parametrize(("free", "is_kept"), [(900_000_000, False), (20_000_000_000, True)])
def test_the_last_room_of_a_disk_is_left_to_the_history_and_the_audit_trail(
    folder: Path, data: Path, monkeypatch: pytest.MonkeyPatch, free: int, is_kept: bool
) -> None:
    plant, key = open_plant(folder), key_of(folder)
    assert key is not None
    total = 100_000_000_000
    monkeypatch.setattr(
        shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(total, total - free, free)
    )
    if is_kept:
        assert keep_compiled(plant, key, data)
    else:
        with pytest.raises(OSError, match="little room"):
            keep_compiled(plant, key, data)
    assert file_of(data).exists() is is_kept
    assert list(data.rglob("*.new")) == []
