"""Two engineers, one folder: files change together or not at all, and nobody overwrites what he has not read."""

from __future__ import annotations

import errno
import io
import multiprocessing
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hmi.core.errors import ConfigurationError
from hmi.project import _folder_lock, folder_files, format_plant, import_alarms, new_plant
from hmi.project._folder_lock import LOCK_FILE, MARK_FILE, folder_lock
from hmi.project.folder_files import (
    FolderChanged,
    digest_of,
    files_in_zip,
    is_plant_file,
    plant_files,
    read_files,
    signature_of,
    write_files,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return new_plant(tmp_path / "works")


def test_the_files_of_a_plant_are_those_that_loading_reads(folder: Path) -> None:
    (folder / "notes.csv").write_text("not of the plant", encoding="utf-8")
    (folder / "images").mkdir()
    (folder / "images" / "a.json").write_text("{}", encoding="utf-8")
    assert plant_files(folder) == (
        "plant.toml", "tags.csv", "alarms.csv", "types/pump.toml", "displays/overview.json",
    )  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [
        "../plant.toml",
        "/etc/tags.csv",
        "displays/../x.json",
        "displays/a/b.json",
        "types/x.json",
        "",
        "a.toml",
    ],
)
def test_a_name_with_other_parts_is_no_plant_file(name: str) -> None:
    assert not is_plant_file(name)


def test_files_are_changed_made_and_removed_together_and_put_back(folder: Path) -> None:
    before = read_files(folder)
    names = {"tags.csv": b"kind,name\n", "alarms.csv": None, "displays/new.json": b"{}"}
    written = write_files(folder, names, before={**before, "displays/new.json": None}, what="test")
    assert {path.name for path in written.paths} == {"tags.csv", "alarms.csv", "new.json"}
    assert not (folder / "alarms.csv").exists()
    assert (folder / "displays" / "new.json").read_bytes() == b"{}"
    written.undo("test")
    assert read_files(folder) == before
    assert not [path for path in folder.rglob(".*") if path.is_file()]


def test_what_somebody_else_has_saved_is_never_overwritten(folder: Path) -> None:
    before = read_files(folder)
    (folder / "tags.csv").write_bytes(b"kind,name\ntag,saved/by.another\n")
    with pytest.raises(FolderChanged, match=r"tags\.csv: was changed at this moment by somebody else"):
        write_files(folder, {"alarms.csv": b"x", "tags.csv": b"y"}, before=before, what="test")
    assert (folder / "alarms.csv").read_bytes() == before["alarms.csv"]
    assert b"saved/by.another" in (folder / "tags.csv").read_bytes()


def test_an_undo_leaves_alone_what_was_saved_since(folder: Path) -> None:
    written = write_files(folder, {"tags.csv": b"a"}, before=read_files(folder), what="test")
    (folder / "tags.csv").write_bytes(b"b")
    with pytest.raises(FolderChanged):
        written.undo("test")
    assert (folder / "tags.csv").read_bytes() == b"b"


def test_a_failure_in_the_middle_puts_everything_back(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, real = read_files(folder), os.replace

    def failing(source: Path, target: Path) -> None:
        if source.name == ".tags.csv.wk-new":
            raise OSError(errno.ENOSPC, "no room")
        real(source, target)

    monkeypatch.setattr(os, "replace", failing)
    with pytest.raises(ConfigurationError, match="no room"):
        write_files(
            folder, {"alarms.csv": b"1", "plant.toml": None, "tags.csv": b"2"}, before=before, what="test"
        )
    assert read_files(folder) == before


def test_format_and_import_refuse_a_file_that_changes_meanwhile(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "tags.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",t_", ",", 1), encoding="utf-8")
    real = folder_files.folder_lock

    def and_somebody_saves(*given: Any) -> Any:
        path.write_bytes(path.read_bytes() + b"\n")
        return real(*given)

    monkeypatch.setattr(folder_files, "folder_lock", and_somebody_saves)
    (folder / "tags.csv").write_text("name,kind,expression\narea1/x,tag,1\n", encoding="utf-8")
    with pytest.raises(FolderChanged):
        format_plant(folder)
    assert path.read_text(encoding="utf-8").startswith("name,kind")


def test_signature_and_digest_tell_every_change(folder: Path) -> None:
    signature, digest = signature_of(folder), digest_of(read_files(folder))
    assert signature_of(folder) == signature
    os.utime(folder / "tags.csv", ns=(1, 1))
    assert signature_of(folder) != signature
    assert digest_of(read_files(folder)) == digest
    (folder / "tags.csv").write_bytes((folder / "tags.csv").read_bytes() + b"\n")
    assert digest_of(read_files(folder)) != digest


def test_a_zip_gives_nothing_but_plant_files(tmp_path: Path) -> None:
    file = tmp_path / "r.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for name in (
            "plant.toml",
            "../../evil.toml",
            "displays/a.json",
            "displays/../../b.json",
            "secret.key",
        ):
            archive.writestr(name, name)
    assert set(files_in_zip(file)) == {"plant.toml", "displays/a.json"}
    file.write_bytes(b"no zip")
    with pytest.raises(ConfigurationError, match="cannot be read as a zip"):
        files_in_zip(file)


def test_a_zip_that_would_fill_the_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "r.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tags.csv", bytes(200_000))
    monkeypatch.setattr(folder_files, "MOST_BYTES", 100_000)
    with pytest.raises(ConfigurationError, match="larger than a plant can be"):
        files_in_zip(file)


# ------------------------------------------------------------------------------------------ the lock


def must_be_told(folder: Path, what: str, why: str) -> None:
    """The lock is refused in these words."""
    with pytest.raises(ConfigurationError, match=why), folder_lock(folder, what, wait_s=0.1):
        raise AssertionError


def test_two_writers_wait_for_each_other_and_the_second_is_told_who_has_it(folder: Path) -> None:
    with folder_lock(folder, "hmi import"):
        must_be_told(folder, "hmi rollback", r"is being written by hmi import of .+ since \d{4}-")
    with folder_lock(folder, "hmi rollback", wait_s=0.1):
        assert (folder / LOCK_FILE).exists()
    assert not (folder / LOCK_FILE).exists()


def test_a_lock_ends_with_its_process_however_that_ends(folder: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from hmi.project._folder_lock import folder_lock\n"
        "with folder_lock(Path(sys.argv[1]), 'hmi import'):\n"
        "    print('held', flush=True); time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == b"held"
        must_be_told(folder, "hmi format", "hmi import")
        process.kill()
    assert (folder / LOCK_FILE).exists()  # what it left behind hinders nobody
    with folder_lock(folder, "hmi format", wait_s=0.1):
        pass


def test_a_drive_without_locks_has_a_mark_that_tells_whose_it_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(_file: int) -> bool:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(_folder_lock, "_locked", none)
    with folder_lock(folder, "hmi import"):
        assert (folder / MARK_FILE).exists()
        must_be_told(folder, "hmi format", f"hmi import of .*remove .*{MARK_FILE}")
    assert not (folder / MARK_FILE).exists()
    assert not (folder / LOCK_FILE).exists()


def test_a_folder_that_cannot_be_written_is_one_sentence(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any) -> int:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(_folder_lock.os, "open", refused)
    must_be_told(folder, "hmi format", r"Read-only file system.*has to be writable")


def _count_up(folder: Path, times: int) -> None:
    path = folder / "count"
    for _ in range(times):
        with folder_lock(folder, "test", wait_s=60):
            path.write_text(str(int(path.read_text()) + 1))


def test_many_writers_at_once_never_hold_it_together(tmp_path: Path) -> None:
    (tmp_path / "count").write_text("0")
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_count_up, args=(tmp_path, 40)) for _ in range(3)]
    for one in writers:
        one.start()
    for one in writers:
        one.join(120)
        assert one.exitcode == 0
    assert (tmp_path / "count").read_text() == "120"


# ------------------------------------------------------------------------------------------ marks of a merge


@pytest.mark.parametrize(
    "name", ["plant.toml", "tags.csv", "alarms.csv", "types/pump.toml", "displays/overview.json"]
)
def test_marks_of_a_merge_are_told_with_their_line(folder: Path, name: str) -> None:
    from hmi.check import check_plant

    path = folder / name
    first, rest = path.read_text(encoding="utf-8").split("\n", 1)
    path.write_text(f"{first}\n<<<<<<< HEAD\na\n=======\nb\n>>>>>>> theirs\n{rest}", encoding="utf-8")
    told = [one for one in check_plant(folder) if "a merge was not finished" in one.text]
    assert [(Path(one.file), one.line, one.severity) for one in told] == [(path, 2, "error")]


def test_an_import_of_alarms_keeps_line_ends(folder: Path, tmp_path: Path) -> None:
    from hmi.project import exported_alarms

    path = folder / "alarms.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    table = tmp_path / "alarms.csv"
    table.write_text(exported_alarms(folder).replace(",4.5,", ",4.25,"), encoding="utf-8")
    changed, faults = import_alarms(folder, table)
    assert (faults, [one.name for one in changed]) == ((), ["alarms.csv"])
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert b"4.25" in path.read_bytes()
    assert b"\n" not in path.read_bytes().replace(b"\r\n", b"")


class Careless:
    """A drive that opens ``main.json`` as ``Main.json`` too, simulated; ``ends_at``: the call that a kill precedes."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.calls, self.ends_at = folder, 0, 0
        for owner, name in (
            (os, "stat"),
            (os, "lstat"),
            (os, "unlink"),
            (os, "link"),
            (os, "replace"),
            (io, "open"),
        ):
            monkeypatch.setattr(owner, name, self._of(name, getattr(owner, name)))

    def _of(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(path: Any, *given: Any, **named: Any) -> Any:
            is_lock = name == "unlink" and Path(path).name in (LOCK_FILE, MARK_FILE)  # a real kill frees it
            if name in ("unlink", "link", "replace") and not is_lock:
                self.calls += 1
                if self.calls == self.ends_at:
                    raise KeyboardInterrupt
            return real(self._found(path), *given, **named)

        return call

    def _found(self, path: Any) -> Any:
        if not isinstance(path, str | os.PathLike) or not Path(path).is_relative_to(self.folder):
            return path
        place = Path(path)
        try:
            names = os.listdir(place.parent)
        except FileNotFoundError:
            return path
        same = [name for name in names if name.casefold() == place.name.casefold()]
        return place.with_name(same[0]) if same else path


def test_another_case_of_a_name_is_written_where_the_drive_tells_none_from_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And taken back; killed at any step all of it counts or nothing."""
    folder = tmp_path / "works"
    (folder / "displays").mkdir(parents=True)
    (folder / "displays" / "main.json").write_bytes(b"old")
    drive = Careless(folder, monkeypatch)
    old, new = {"displays/main.json": b"old"}, {"displays/Main.json": b"kept"}
    before: dict[str, bytes | None] = {**old, "displays/Main.json": None}
    after: dict[str, bytes | None] = {"displays/main.json": None, **new}
    written = write_files(folder, after, before=before, what="hmi rollback")
    assert read_files(folder) == new
    written.undo("hmi rollback")
    assert read_files(folder) == old
    ends = set()
    for step in range(1, 60):
        drive.calls, drive.ends_at = 0, step
        try:
            write_files(folder, after, before=before, what="hmi rollback")
        except KeyboardInterrupt:
            drive.ends_at = 0
            found = read_files(folder)
            assert found in (old, new), step
            ends.add(next(iter(found)))
        else:
            assert ends == {*old, *new}
            break
        if found == new:
            write_files(folder, before, before=after, what="hmi rollback")
    else:
        pytest.fail("it never came to its end")


@pytest.mark.skipif(os.name == "nt", reason="Windows asks for a right to make links")
def test_a_link_that_leads_to_itself_hides_no_other_file(tmp_path: Path) -> None:
    displays = tmp_path / "displays"
    displays.mkdir()
    for name in ("a", "z"):
        (displays / f"{name}.json").write_text("{}")
    (displays / "m.json").symlink_to(displays / "m.json")
    assert plant_files(tmp_path) == ("displays/a.json", "displays/z.json")


def test_a_folder_that_cannot_be_listed_is_not_an_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a drive of the network that has a hiccup: a revision must not be kept without its displays."""
    (tmp_path / "displays").mkdir()
    look = os.scandir

    def failing(path: Path) -> Any:
        if Path(path).name == "displays":
            raise OSError(errno.EIO, "Input/output error", str(path))
        return look(path)

    monkeypatch.setattr(os, "scandir", failing)
    with pytest.raises(OSError, match="Input/output"):
        plant_files(tmp_path)
