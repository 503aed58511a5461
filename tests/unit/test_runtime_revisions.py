"""Every revision that ran is kept once, whole, and nothing but plant files."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from hmi.project import new_plant, open_plant
from hmi.project.shipped import shipped_path
from hmi.runtime import files_of, keep_revision, kept_revision, kept_revisions
from hmi.runtime._reload import PlantRefused, read_plant
from hmi.runtime._reloading import _keep
from hmi.runtime._revisions import keep_proven


def test_a_kept_revision_opens_as_the_same_plant(tmp_path: Path) -> None:
    source = shipped_path("screens") / "waterworks"
    plant = open_plant(source)
    file = keep_revision(tmp_path, source, plant.revision)
    with zipfile.ZipFile(file) as archive:
        archive.extractall(tmp_path / "again")
    assert open_plant(tmp_path / "again").revision == plant.revision


def test_it_is_written_once(tmp_path: Path) -> None:
    plant = tmp_path / "plant"
    plant.mkdir()
    (plant / "plant.toml").write_text("a = 1")
    (plant / "secret.key").write_text("not a plant file")
    file = keep_revision(tmp_path, plant, "abc")
    (plant / "plant.toml").write_text("a = 2")
    assert keep_revision(tmp_path, plant, "abc") == file
    with zipfile.ZipFile(file) as archive:
        assert archive.namelist() == ["plant.toml"]
        assert archive.read("plant.toml") == b"a = 1"


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
