"""Every revision that ran is kept once, whole, and nothing but plant files."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from hmi import bootstrap
from hmi.bootstrap import opening
from hmi.project import new_plant, open_plant
from hmi.project.folder_files import read_files, signature_of
from hmi.project.shipped import shipped_path
from hmi.runtime import files_of, keep_revision, kept_revision, kept_revisions
from hmi.runtime._reload import PlantRefused, read_plant
from hmi.runtime._reloading import _keep
from hmi.runtime._revisions import keep_proven


def test_a_kept_revision_opens_as_the_same_plant(tmp_path: Path) -> None:
    source = shipped_path("screens") / "waterworks"
    plant = open_plant(source)
    keep_revision(tmp_path, source, plant.revision, signature_of(source))
    with zipfile.ZipFile(kept_revision(tmp_path, plant.revision).file) as archive:
        archive.extractall(tmp_path / "again")
    assert open_plant(tmp_path / "again").revision == plant.revision


def test_it_holds_plant_files_alone_and_is_written_once(tmp_path: Path) -> None:
    plant = tmp_path / "plant"
    plant.mkdir()
    (plant / "plant.toml").write_text("a = 1")
    (plant / "secret.key").write_text("not a plant file")
    keep_revision(tmp_path, plant, "abcd", signature_of(plant))
    (kept,) = kept_revisions(tmp_path)
    keep_revision(tmp_path, plant, "abcd", signature_of(plant))
    assert kept_revisions(tmp_path) == (kept,)
    with zipfile.ZipFile(kept.file) as archive:
        assert archive.namelist() == ["plant.toml"]
        assert archive.read("plant.toml") == b"a = 1"


def saved_anew(folder: Path) -> None:
    tags = folder / "tags.csv"
    tags.write_text(tags.read_text(encoding="utf-8").replace("Tank level", "Level"), encoding="utf-8")


def test_a_start_keeps_nothing_that_was_saved_since_it_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither after the reading nor while it went on; what an earlier start kept stays."""
    folder, data = new_plant(tmp_path / "works"), tmp_path / "data"
    opened = opening(folder, data)
    first = read_files(folder)
    saved_anew(folder)
    for signature in (opened.signature, None):
        caplog.clear()
        keep_revision(data, folder, opened.plant.revision, signature)
        assert kept_revisions(data) == ()
        assert "is not kept: its files were saved anew" in caplog.text
    keep_proven(data, first, opened.plant.revision)
    caplog.clear()
    keep_revision(data, folder, opened.plant.revision, opened.signature)
    assert files_of(kept_revision(data, opened.plant.revision)) == first
    assert not caplog.text


def test_a_start_puts_right_what_was_kept_wrongly_under_its_revision(tmp_path: Path) -> None:
    folder, data = new_plant(tmp_path / "works"), tmp_path / "data"
    wrong, opened = {"plant.toml": b"a = 1"}, opening(folder, data)
    keep_proven(data, wrong, opened.plant.revision)
    keep_revision(data, folder, opened.plant.revision, opened.signature)
    assert files_of(kept_revision(data, opened.plant.revision)) == read_files(folder)
    (aside,) = (one for one in kept_revisions(data) if one.is_saved)
    assert files_of(aside) == wrong


def test_a_plant_that_is_saved_while_it_is_read_is_read_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, data, real = new_plant(tmp_path / "works"), tmp_path / "data", bootstrap._opened
    first = open_plant(folder).revision

    def and_somebody_saves(*given: Path) -> bootstrap.Opening:
        found = real(*given)
        if found.plant.revision == first:
            saved_anew(folder)
        return found

    monkeypatch.setattr(bootstrap, "_opened", and_somebody_saves)
    opened = opening(folder, data)
    assert opened.plant.revision == open_plant(folder).revision != first
    assert opened.signature == signature_of(folder)


def test_a_reload_keeps_exactly_what_it_read_and_loses_nothing(tmp_path: Path) -> None:
    """Another layout, or a zip that was written by mistake, stays beside it under a name of its own."""
    first, second = {"plant.toml": b"a = 1"}, {"plant.toml": b"a = 1 # of the night shift"}
    for files in (first, second, second):
        keep_proven(tmp_path, files, "abc")
    assert files_of(kept_revision(tmp_path, "abc")) == second
    (aside,) = (one for one in kept_revisions(tmp_path) if one.is_saved)
    assert files_of(aside) == first
    file = kept_revision(tmp_path, "abc").file
    file.write_bytes(file.read_bytes()[:40])
    keep_proven(tmp_path, second, "abc")
    assert files_of(kept_revision(tmp_path, "abc")) == second


def test_a_file_saved_after_the_reading_is_not_kept_as_that_revision(tmp_path: Path) -> None:
    folder = new_plant(tmp_path / "works")
    plant, signature = read_plant(folder)
    tags = folder / "tags.csv"
    tags.write_text(tags.read_text(encoding="utf-8").replace("Tank level", "Level"), encoding="utf-8")
    with pytest.raises(PlantRefused, match="is being written"):
        _keep(tmp_path, plant, signature)
    assert kept_revisions(tmp_path) == ()
