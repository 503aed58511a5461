"""Every revision that ran is kept once, whole, and nothing but plant files."""

from __future__ import annotations

import zipfile
from pathlib import Path

from hmi.project import open_plant
from hmi.project.shipped import shipped_path
from hmi.runtime import keep_revision


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
