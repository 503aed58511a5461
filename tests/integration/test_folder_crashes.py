"""Files of a plant folder are replaced all or none: killed at any step, with a full drive, and while others read."""

from __future__ import annotations

import errno
import multiprocessing
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hmi.check import check_plant
from hmi.core.errors import ConfigurationError
from hmi.project import format_plant, load_plant, new_plant, open_plant
from hmi.project._folder_lock import folder_lock
from hmi.project._replacing import CHANGES_FILE, UNDO_FILE
from hmi.project.draft import read_draft
from hmi.project.folder_files import Files, read_files, settle, write_files
from hmi.project.import_plan import apply_import, plan_import
from hmi.project.importing import Imported, ProposedRow
from hmi.runtime._reload import read_plant

STEPS = ("replace", "link", "fsync", "unlink", "fchmod", "mkdir")
NEED_ROOM = ("link", "fsync", "mkdir")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks the process that is killed")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return new_plant(tmp_path / "source")


def changed(folder: Path) -> dict[str, bytes | None]:
    """The files as they are to be: two others, two new of which one makes its folder, one gone."""
    before = read_files(folder)
    head, tags, display = (
        before[name] or b"" for name in ("plant.toml", "tags.csv", "displays/overview.json")
    )
    return {
        **before,
        "plant.toml": head.replace(b'title = "Source"', b'title = "After"'),
        "tags.csv": tags + b"\n",
        "displays/second.json": re.sub(
            rb'"id": ?"([de])_..', rb'"id":"\1_zz', display.replace(b'"overview"', b'"second"')
        ),
        "training/new.toml": b'schema = "scenario/1"\nname = "new"\n',
        "alarms.csv": None,
    }


def there(files: Files) -> dict[str, bytes | None]:
    return {name: content for name, content in files.items() if content is not None}


def at_each_step(do: Callable[[str], None], names: tuple[str, ...] = STEPS) -> None:
    """``do`` goes before every call by which a file is written, linked, renamed or removed."""
    for name in names:

        def reached(*given: Any, real: Any = getattr(os, name), name: str = name, **more: Any) -> Any:
            do(name)
            return real(*given, **more)

        setattr(os, name, reached)


def killed(run: Callable[[], Any], die_at: int, steps: Any) -> None:
    passed = 0

    def step(_name: str) -> None:
        nonlocal passed
        if passed == die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        passed += 1

    at_each_step(step)
    run()
    if steps is not None:
        steps.put(passed)


def child(run: Callable[[], Any], die_at: int = -1) -> int:
    """How many steps it has; 0 when it was killed at one."""
    context = multiprocessing.get_context("fork")
    steps: Any = context.Queue()
    process = context.Process(target=killed, args=(run, die_at, steps))
    process.start()
    process.join(60)
    if process.exitcode == -signal.SIGKILL:
        return 0
    assert process.exitcode == 0
    return int(steps.get(timeout=10))


def assert_nothing_left(folder: Path) -> None:
    assert [str(path) for path in folder.rglob(".*") if path.is_file()] == []


def copies(source: Path, steps: int) -> Iterator[tuple[int, Path]]:
    for step in range(steps):
        folder = source.with_name(f"step-{step}")
        shutil.copytree(source, folder)
        yield step, folder
        shutil.rmtree(folder)


@needs_fork
def test_a_writer_killed_at_any_step_leaves_all_or_nothing(source: Path) -> None:
    before, after = read_files(source), changed(source)
    whole = source.with_name("whole")
    shutil.copytree(source, whole)
    now: dict[str, bytes | None] = {**dict.fromkeys(after), **before}
    steps = child(lambda: write_files(whole, after, before=now, what="hmi import"))
    assert steps > 20
    assert read_files(whole) == there(after)
    seen: list[bool] = []
    for step, folder in copies(source, steps):
        assert (
            child(lambda folder=folder: write_files(folder, after, before=now, what="hmi import"), step) == 0
        )
        title = read_draft(folder).head.get("title")
        found = read_files(folder)
        assert found in (before, there(after)), f"half a change after a kill at step {step}"
        assert title == ("Source" if found == before else "After")
        assert_nothing_left(folder)
        seen.append(found != before)
        write_files(folder, {"tags.csv": b"x"}, before=found, what="hmi import")
    assert seen == sorted(seen)
    assert set(seen) == {False, True}


@needs_fork
def test_whoever_finishes_may_be_killed_too(source: Path) -> None:
    before, after = read_files(source), changed(source)
    now: dict[str, bytes | None] = {**dict.fromkeys(after), **before}
    whole = source.with_name("whole")
    shutil.copytree(source, whole)
    steps = child(lambda: write_files(whole, after, before=now, what="hmi import"))
    for step, folder in copies(source, steps):
        assert (
            child(lambda folder=folder: write_files(folder, after, before=now, what="hmi import"), step) == 0
        )
        for again in range(0, 40, 3):
            if child(lambda folder=folder: settle(folder), again):
                break
        assert read_files(folder) in (before, there(after)), f"half a change after a kill at step {step}"
        assert_nothing_left(folder)


@needs_fork
@pytest.mark.parametrize("healed", [True, False])
def test_a_fault_at_any_step_is_undone_at_once_or_by_the_next_opening(
    source: Path, healed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = read_files(source), changed(source)
    now: dict[str, bytes | None] = {**dict.fromkeys(after), **before}
    for step, folder in copies(source, 80):
        passed = 0

        def fail(_name: str, step: int = step) -> None:
            nonlocal passed
            passed += 1
            if passed == step + 1 or (passed > step and not healed):
                raise OSError(errno.EIO, "Input/output error")

        with monkeypatch.context() as patched:
            for name in STEPS:
                patched.setattr(os, name, getattr(os, name))
            at_each_step(fail)
            try:
                write_files(folder, after, before=now, what="hmi import")
                wanted = (there(after),)
            except ConfigurationError:
                wanted = (before,) if healed else (before, there(after))
        assert read_files(folder) in wanted, f"half a change after a fault at step {step}"
        if passed <= step:
            return
    raise AssertionError("it has more steps than were tried")


@needs_fork
def test_a_drive_that_is_full_from_any_step_on_changes_nothing(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names may still be changed and taken away; whatever asks for room fails."""
    before, after = read_files(source), changed(source)
    now: dict[str, bytes | None] = {**dict.fromkeys(after), **before}
    for step, folder in copies(source, 80):
        passed = 0

        def fail(_name: str, step: int = step) -> None:
            nonlocal passed
            passed += 1
            if passed > step:
                raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patched:
            for name in NEED_ROOM:
                patched.setattr(os, name, getattr(os, name))
            at_each_step(fail, NEED_ROOM)
            wanted = there(after)
            try:
                write_files(folder, after, before=now, what="hmi import")
            except ConfigurationError:
                wanted = before
            assert read_files(folder) == wanted, f"half a change on a drive that was full at step {step}"
        assert_nothing_left(folder)
        if passed <= step:
            return
    raise AssertionError("it has more steps than were tried")


FULL = """
import os, sys
from pathlib import Path
from hmi.core.errors import ConfigurationError
from hmi.project.folder_files import read_files, write_files

folder = Path(sys.argv[1]) / "plant"
folder.mkdir()
old = b"kind,name\\n" + b"x" * 32_000
(folder / "tags.csv").write_bytes(old)
(folder / "plant.toml").write_bytes(b"old" * 1000)
before, drive = read_files(folder), os.statvfs(folder)
room = drive.f_bavail * drive.f_bsize
files = {"tags.csv": b"NEW" + old, "alarms.csv": b"a" * (room - 8192), "plant.toml": b"new" * 1500}
try:
    write_files(folder, files, before=before, what="hmi import")
except ConfigurationError as error:
    print(error, [path.name for path in folder.glob(".*")], read_files(folder) == before)
"""


def test_a_small_drive_that_is_full_at_the_last_file_keeps_every_file(tmp_path: Path) -> None:
    mount = f"mount -t tmpfs -o size=104k,mode=700 none '{tmp_path}'"
    unshared = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    if (
        shutil.which("unshare") is None
        or subprocess.run([*unshared, mount], capture_output=True, check=False).returncode
    ):
        pytest.skip("needs a small file system of its own: unshare(1) and the right to mount a tmpfs")
    script = f"{mount} && exec '{sys.executable}' -c '{FULL}' '{tmp_path}'"
    done = subprocess.run([*unshared, script], capture_output=True, text=True, timeout=60, check=False)
    assert "No space left on device" in done.stdout, done.stderr[-2_000:]
    assert done.stdout.endswith(" [] True\n")


def test_a_reader_never_sees_half_of_a_change(source: Path) -> None:
    """Two versions that fit in themselves only: a connection and the tag that is read over it."""
    head = (source / "plant.toml").read_bytes()
    tags = (source / "tags.csv").read_bytes()
    a: dict[str, bytes | None] = {"plant.toml": head, "tags.csv": tags}
    b: dict[str, bytes | None] = {
        "plant.toml": head.replace(b"plc1", b"plc9"), "tags.csv": tags.replace(b"plc1", b"plc9")
    }  # fmt: skip
    assert a != b
    faults: list[str] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            for what in ({n: c for n, c in read_files(source).items() if n in a},):
                if what not in (a, b):
                    faults.append("half")
            faults.extend(
                one.text for one in load_plant(source).errors if "written at this moment" not in one.text
            )

    readers = [threading.Thread(target=read) for _ in range(2)]
    for one in readers:
        one.start()
    for number in range(60):
        files, before = (b, a) if number % 2 == 0 else (a, b)
        write_files(source, files, before=before, what="hmi import")
    done.set()
    for one in readers:
        one.join(60)
    assert faults == []


# ------------------------------------------------------------------------------------------ what is left


@pytest.fixture
def half(source: Path) -> Path:
    """A folder whose writer was killed after its first file."""
    after = changed(source)
    now: dict[str, bytes | None] = {**dict.fromkeys(after), **read_files(source)}

    def write() -> None:
        real, done = os.replace, 0

        def once(a: Any, b: Any) -> None:
            nonlocal done
            if done == 2:  # the journal, and one file
                os.kill(os.getpid(), signal.SIGKILL)
            done += 1
            real(a, b)

        os.replace = once
        write_files(source, after, before=now, what="hmi import")

    assert child(write) == 0
    assert (source / CHANGES_FILE).exists()
    return source


def imported(folder: Path) -> None:
    row = ProposedRow({"kind": "tag", "name": "area1/x", "connection": "plc1", "address": "HR900"})
    apply_import(plan_import(folder, Imported(rows=[row])))


@needs_fork
@pytest.mark.parametrize(
    "first", [open_plant, load_plant, check_plant, format_plant, read_plant, read_files, imported, settle]
)
def test_whoever_comes_next_finishes_it(half: Path, first: Callable[[Path], object]) -> None:
    assert not (half / "training" / "new.toml").exists()
    first(half)
    assert (half / "training" / "new.toml").exists()
    assert not (half / "alarms.csv").exists()
    assert_nothing_left(half)


@needs_fork
def test_what_a_person_saved_after_the_kill_is_not_lost(half: Path) -> None:
    (half / "tags.csv").write_bytes(b"kind,name\n")
    error = load_plant(half).errors[0]
    assert "was changed after hmi import was interrupted" in error.text
    assert "remove" in error.do
    with pytest.raises(ConfigurationError, match="was changed after"):
        read_files(half)
    assert (half / "tags.csv").read_bytes() == b"kind,name\n"
    (half / CHANGES_FILE).unlink()
    assert read_files(half)["tags.csv"] == b"kind,name\n"


@needs_fork
def test_files_that_were_brought_back_by_hand_stay(half: Path) -> None:
    for name in ("plant.toml", "tags.csv"):
        old = half / f".{name}.wk-old"
        (half / name).write_bytes(old.read_bytes())
    assert b'"After"' not in (read_files(half)["plant.toml"] or b"")
    assert_nothing_left(half)


@needs_fork
def test_new_files_that_got_lost_make_it_an_undo(half: Path) -> None:
    (half / ".tags.csv.wk-new").unlink(missing_ok=True)
    shutil.rmtree(half / "training", ignore_errors=True)
    open_plant(half)
    assert b'"After"' not in (read_files(half)["plant.toml"] or b"")
    assert_nothing_left(half)


@needs_fork
def test_a_folder_that_nobody_may_finish_is_no_plant(half: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hmi.project import folder_files

    monkeypatch.setattr(folder_files, "WAIT_S", 0.1)
    with folder_lock(half, "hmi import"):
        error = load_plant(half).errors[0]
        assert "is being written by hmi import" in error.text
    assert load_plant(half).errors == ()
    assert_nothing_left(half)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[1]",
        '{"what": "x", "files": {"../evil.toml": ["", ""]}}',
        '{"what": "x", "files": {"tags.csv": []}}',
    ],
)
def test_a_journal_of_somebody_else_touches_nothing(source: Path, text: str) -> None:
    before = read_files(source)
    (source / UNDO_FILE).write_text(text, encoding="utf-8")
    assert "is not what an interrupted change leaves" in load_plant(source).errors[0].text
    (source / UNDO_FILE).unlink()
    assert read_files(source) == before
