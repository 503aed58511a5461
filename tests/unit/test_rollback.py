"""A kept revision comes back whole; nothing that stood in the folder is lost, and nothing is overwritten in silence."""

from __future__ import annotations

import contextlib
import zipfile
from pathlib import Path

import pytest

import hmi.project
from hmi.core.errors import ConfigurationError, StorageError, UsageError
from hmi.project import folder_files, new_plant, open_plant
from hmi.project.folder_files import FolderChanged, read_files, signature_of
from hmi.runtime import (
    Kept,
    RollbackRefused,
    RolledBack,
    files_of,
    keep_revision,
    kept_revision,
    kept_revisions,
    roll_back,
)
from hmi.runtime._revisions import keep_files, kept_like


class Works:
    """A plant folder with two kept revisions; the second one stands in the folder."""

    def __init__(self, tmp_path: Path) -> None:
        self.folder, self.data = new_plant(tmp_path / "works"), tmp_path / "data"
        self.data.mkdir()
        self.first = self.keep()
        self.first_files = read_files(self.folder)
        self.edit("alarms.csv", "high,high,4.5", "high,high,4.6")
        (self.folder / "displays" / "more.json").write_text(
            '{"schema": "display/1", "id": "d_morexmorex", "name": "more"}', encoding="utf-8"
        )
        self.second = self.keep()

    def keep(self) -> Kept:
        revision = open_plant(self.folder).revision
        keep_revision(self.data, self.folder, revision, signature_of(self.folder))
        return kept_revision(self.data, revision)

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def back(self, wanted: Kept, *, force: bool = False) -> RolledBack:
        return roll_back(self.folder, self.data, wanted, force=force, known=lambda: files_of(self.second))


@pytest.fixture
def works(tmp_path: Path) -> Works:
    return Works(tmp_path)


def test_a_revision_comes_back_byte_for_byte_and_the_newer_one_is_kept(works: Works) -> None:
    present = read_files(works.folder)
    done = works.back(works.first)
    assert read_files(works.folder) == works.first_files
    assert done.kept == works.second.revision
    assert done.sentences == {
        "alarms.csv": ("alarm high of area1/lt101: limit 4.6 -> 4.5 m",),
        "displays/more.json": ("display more removed",),
    }
    works.back(works.second)
    assert read_files(works.folder) == present


def test_changes_that_no_revision_has_stop_it(works: Works) -> None:
    works.edit("alarms.csv", "high,high,4.6", "high,high,4.9")
    before = read_files(works.folder)
    with pytest.raises(RollbackRefused, match=r"that no kept revision has \(alarms\.csv\).*--force"):
        works.back(works.first)
    assert read_files(works.folder) == before


def test_with_force_they_are_kept_first_under_their_revision(works: Works) -> None:
    works.edit("alarms.csv", "high,high,4.6", "high,high,4.9")
    own, before = open_plant(works.folder).revision, read_files(works.folder)
    assert works.back(works.first, force=True).kept == own
    assert files_of(kept_revision(works.data, own)) == before
    works.back(kept_revision(works.data, own))
    assert read_files(works.folder) == before


@pytest.mark.parametrize("text", ["this opens no plant = = =\n", "# only a comment\n"])
def test_files_that_are_no_revision_of_their_own_are_kept_too(works: Works, text: str) -> None:
    works.edit("plant.toml", "schema", text + "schema")
    before = read_files(works.folder)
    with pytest.raises(RollbackRefused):
        works.back(works.second)
    done = works.back(works.second, force=True)
    saved = kept_revision(works.data, done.kept)
    assert saved.is_saved
    assert files_of(saved) == before
    assert open_plant(works.folder).revision == works.second.revision


def test_a_file_that_is_saved_at_this_moment_is_not_overwritten(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, path = folder_files.folder_lock, works.folder / "alarms.csv"

    def and_somebody_saves(*given: object) -> object:
        path.write_bytes(b"saved by another\n")
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(folder_files, "folder_lock", and_somebody_saves)
    with pytest.raises(FolderChanged):
        works.back(works.first)
    assert path.read_bytes() == b"saved by another\n"
    assert (works.folder / "displays" / "more.json").exists()


def test_a_damaged_revision_changes_nothing(works: Works) -> None:
    before = read_files(works.folder)
    works.first.file.write_bytes(works.first.file.read_bytes()[:100])
    with pytest.raises(ConfigurationError, match="zip"):
        works.back(works.first)
    with zipfile.ZipFile(works.first.file, "w") as archive:
        archive.writestr("tags.csv", "kind,name\n")
    with pytest.raises(ConfigurationError, match=r"no plant\.toml"):
        works.back(works.first)
    assert read_files(works.folder) == before


def test_files_that_are_not_those_of_the_revision_are_not_brought_back(works: Works) -> None:
    """A save in the seconds of a start could be kept under the revision that was read before it."""
    saved = keep_files(works.data, works.first_files, "saved" + "0" * 40)
    keep_files(works.data, files_of(works.second), works.first.revision)
    before = read_files(works.folder)
    with pytest.raises(StorageError, match=r"holds another plant than it says.*nothing was written"):
        works.back(works.first)
    with pytest.raises(StorageError, match=r"holds other files than it says; nothing was written"):
        works.back(kept_revision(works.data, saved.stem))
    assert read_files(works.folder) == before


def test_a_revision_is_named_by_its_beginning(works: Works) -> None:
    assert kept_revision(works.data, works.first.revision[:12].upper()) == works.first
    assert {one.revision for one in kept_revisions(works.data)} == {
        works.first.revision,
        works.second.revision,
    }
    for text, words in (
        ("abc", "at least 4"),
        ("zzzzzz", "no revision zzzzzz is kept"),
        ("../x", "no revision"),
    ):
        with pytest.raises(UsageError, match=words):
            kept_revision(works.data, text)
    keep_files(works.data, works.first_files, works.first.revision[:20] + "0")
    with pytest.raises(UsageError, match="2 kept revisions begin with"):
        kept_revision(works.data, works.first.revision[:12])


def test_what_is_kept_under_a_revision_are_its_files(works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another one saves while the folder of before is kept: his revision is not what it is kept under."""
    works.edit("alarms.csv", "high,high,4.6", "high,high,4.7")
    before, real = read_files(works.folder), hmi.project.load_plant

    def and_somebody_saves(folder: Path) -> object:
        if folder == works.folder:  # and not the copy of the revision that comes back
            works.edit("alarms.csv", "high,high,4.7", "high,high,4.8")
        return real(folder)

    monkeypatch.setattr(hmi.project, "load_plant", and_somebody_saves)
    with pytest.raises(FolderChanged):
        works.back(works.first, force=True)
    his = open_plant(works.folder).revision
    assert his not in {one.revision for one in kept_revisions(works.data)}
    (saved,) = (one for one in kept_revisions(works.data) if one.is_saved)
    assert files_of(saved) == before


def damaged(raw: bytes, place: int) -> bytes:
    return raw[:place] + bytes(one ^ 0xFF for one in raw[place : place + 6]) + raw[place + 6 :]


def test_one_damaged_revision_stops_no_other(works: Works) -> None:
    """Wherever the damage is: the folder's own revision is kept no more, and the first one comes back."""
    raw = works.second.file.read_bytes()
    for place in range(0, len(raw), 7):
        works.second.file.write_bytes(damaged(raw, place))
        assert kept_like(works.data, works.first_files) == works.first
        kept_like(works.data, read_files(works.folder))
        with contextlib.suppress(ConfigurationError):
            files_of(works.second)
    works.second.file.write_bytes(damaged(raw, raw.index(b"tags.csv") + len("tags.csv")))
    with pytest.raises(ConfigurationError, match="cannot be read as a zip"):
        files_of(works.second)
    with pytest.raises(RollbackRefused, match="that no kept revision has"):
        roll_back(works.folder, works.data, works.first)
    assert roll_back(works.folder, works.data, works.first, force=True).kept.startswith("saved")
    assert read_files(works.folder) == works.first_files
