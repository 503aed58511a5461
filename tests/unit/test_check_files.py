"""WK-115: files that connections and exports name are there, and relative paths begin at the plant folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hmi.acquisition import create_driver_with
from hmi.acquisition.port import LinkSettings
from hmi.check import check_plant
from hmi.check.codes import code_of
from hmi.plugins.discovery import definition, names
from hmi.project import Finding, new_plant, paths_in

CONNECTION = """
[connection.lab]
driver = "opcua"
endpoints = ["opc.tcp://192.0.2.20:4840"]

[connection.lab.settings]
user = "watchkeeper"
password_file = "{path}"
"""
EXPORT = """
[[exports]]
name = "broker"
to = "mqtt"

[exports.settings]
servers = ["mqtts://192.0.2.30"]
ca = "{path}"
"""
COPIES = """
[[exports]]
name = "copies"
to = "files"

[exports.settings]
folder = "copies"
mount = "/no/such/mount"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = new_plant(tmp_path / "works")
    head = made / "plant.toml"
    head.write_text(head.read_text(encoding="utf-8").replace("simulated = true\n", ""), encoding="utf-8")
    return made


def with_head(folder: Path, text: str) -> Path:
    with (folder / "plant.toml").open("a", encoding="utf-8") as file:
        file.write(text)
    return folder


def missing(folder: Path) -> list[Finding]:
    return [one for one in check_plant(folder) if one.rule == "file-missing"]


@pytest.mark.parametrize(
    ("text", "where"),
    [(CONNECTION, "connection lab: password_file"), (EXPORT, "export broker: ca")],
)
def test_a_file_that_is_not_there_is_told_with_where_it_was_looked_for(
    folder: Path, text: str, where: str
) -> None:
    (found,) = missing(with_head(folder, text.format(path="keys/lab.txt")))
    assert (found.severity, code_of(found).id) == ("warning", "WK-115")
    assert found.text == f"{where}: there is no file {folder / 'keys' / 'lab.txt'}"
    assert found.do == "put it there, or correct the path; a relative one begins at the plant folder"
    (folder / "keys").mkdir()
    (folder / "keys" / "lab.txt").write_text("secret\n", encoding="utf-8")
    assert missing(folder) == []


def test_the_line_is_that_of_the_setting(folder: Path) -> None:
    (found,) = missing(with_head(folder, CONNECTION.format(path="lab.txt")))
    assert (
        (folder / "plant.toml")
        .read_text(encoding="utf-8")
        .splitlines()[found.line - 1]
        .startswith("password_file")
    )


def test_a_whole_path_is_taken_as_it_is_and_a_folder_is_no_file(folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "lab.txt"
    with_head(folder, CONNECTION.format(path=secret.as_posix()))
    assert [one.text.rpartition(" ")[2] for one in missing(folder)] == [str(secret)]
    secret.mkdir()
    assert len(missing(folder)) == 1
    secret.rmdir()
    secret.write_text("secret\n", encoding="utf-8")
    assert missing(folder) == []


def test_nothing_is_said_of_a_folder_that_may_not_be_looked_into(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The account of the runtime may read there what an engineer may not even see."""
    with_head(folder, CONNECTION.format(path="/closed/lab.txt"))
    real = os.stat

    def stat(self: Path, **how: bool) -> os.stat_result:
        if self.name == "lab.txt":
            raise PermissionError(13, "Permission denied")
        return real(self, **how)

    monkeypatch.setattr(Path, "stat", stat)
    assert missing(folder) == []


def test_folders_need_not_be_there(folder: Path) -> None:
    """What is mounted later, and what the runtime makes itself."""
    assert missing(with_head(folder, COPIES)) == []


@pytest.mark.parametrize("kind", ["drivers", "exporters"])
def test_every_setting_with_a_file_says_where_its_path_begins(kind: str) -> None:
    for name in names(kind):
        for one in definition(kind, name).settings:
            is_path = one.help.startswith(("file ", "folder ")) or one.name.endswith(("_file", "_dir"))
            assert not is_path or one.path_from in ("plant", "data"), f"{name}: {one.name}"


def test_a_driver_gets_whole_paths(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Wherever the runtime was started: a relative path begins at the plant folder or at the data folder."""
    seen: list[LinkSettings] = []
    monkeypatch.setattr("hmi.acquisition._acquisition.create_driver", lambda _name, given: seen.append(given))
    plant, data = tmp_path / "works", tmp_path / "data"
    create = create_driver_with({"pki_dir": str(data / "pki")}, {"plant": plant, "data": data})
    whole = str(tmp_path / "user.der")
    create(
        "opcua",
        LinkSettings("lab", "opc.tcp://h", {"password_file": "lab.txt", "user_certificate": whole}, ()),
    )
    assert dict(seen[0].settings) == {
        "pki_dir": str(data / "pki"), "password_file": str(plant / "lab.txt"), "user_certificate": whole,
    }  # fmt: skip
    declared = definition("drivers", "opcua").settings
    assert paths_in({"pki_dir": "own"}, declared, {"plant": plant, "data": data}) == {
        "pki_dir": str(data / "own")
    }
