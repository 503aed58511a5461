"""Replaces files of a plant folder all or none, also when the process is killed, or the drive is full, at any step.

New files are written beside those that they replace, and those get a second name, before anything changes. Then a
small file is made that names them all: from here on the change counts, and whoever opens the folder next finishes it.
Renames need no room, so an undo does not either; the same file under another name says that the old ones come back.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hmi.core.errors import ConfigurationError
from hmi.project._plant_paths import SUB_FOLDERS, is_plant_file, plant_files

CHANGES_FILE: Final = ".watchkeeper.changes"
UNDO_FILE: Final = ".watchkeeper.undo"
_NEW, _OLD = ".wk-new", ".wk-old"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Step:
    """One file with the digests of its content before and after; '' = there is no such file."""

    name: str
    path: Path
    before: str
    after: str

    @property
    def new(self) -> Path:
        return _beside(self.path, _NEW)

    @property
    def old(self) -> Path:
        return _beside(self.path, _OLD)


def is_unfinished(folder: Path) -> bool:
    """Whether the files of the folder are being replaced, or were when a process ended."""
    return any((folder / name).exists() for name in (CHANGES_FILE, UNDO_FILE))


def is_named_so(path: Path) -> bool:
    """There under exactly this name: on many drives ``Main.json`` opens ``main.json``, which is another display."""
    try:
        return path.name in os.listdir(path.parent)
    except FileNotFoundError:
        return False


def replace_all(
    folder: Path, before: Mapping[str, bytes | None], after: Mapping[str, bytes | None], what: str
) -> None:
    """Replace, make and (None) remove the files; the folder's lock is held.

    ConfigurationError: nothing has changed, or its sentence says what the next opening puts back.
    """
    steps = [_step(folder, name, _digest(before[name]), _digest(content)) for name, content in after.items()]
    try:
        for step in steps:
            _prepare(step, after[step.name])
        _write_journal(folder, steps, what)
    except BaseException:
        _tidy(folder, steps)
        raise
    try:
        _go_on(folder, steps)
    except ConfigurationError:
        _turn_back(folder, steps, what)
        raise
    with contextlib.suppress(ConfigurationError):  # all of it is there: the next opening ends it
        _end(folder, steps)


def finish(folder: Path) -> None:
    """What an ended process left: its change is finished, or undone where it cannot be; the folder's lock is held.

    ConfigurationError when a file was changed since, or cannot be written.
    """
    for name in (CHANGES_FILE, UNDO_FILE):
        if (folder / name).exists():
            what, steps = _read_journal(folder, folder / name)
            found = [_digest_at(step.path) for step in steps]
            _refuse_others(folder / name, steps, found, what)
            is_begun = any(now != step.before for now, step in zip(found, steps, strict=True))
            if name == CHANGES_FILE and is_begun and all(map(_can_go_on, steps)):
                _go_on(folder, steps)
                _end(folder, steps)
                log.warning("%s: %s was interrupted there; its change is finished now", folder, what)
            else:
                _turn_back(folder, steps, what)
                log.warning("%s: %s was interrupted there; nothing of its change is left", folder, what)
    for path in _left_beside(folder):
        _gone(path)


def replace_file(path: Path, data: bytes) -> None:
    """One file, whole or not at all; it keeps its rights, and a link keeps pointing at it."""
    target = _target(path)
    _refuse_read_only(target)
    new = _beside(target, _NEW)
    try:
        _write(new, data, target)
        os.replace(new, target)
    except OSError as error:
        _gone(new)
        raise _cannot("written", path, error) from error
    _sync(target.parent)


# ------------------------------------------------------------------------------------------ steps


def _step(folder: Path, name: str, before: str, after: str) -> _Step:
    """The file that a link points to is replaced; a link that has to go goes itself."""
    path = folder / name
    return _Step(name, _target(path) if after else path, before, after)


def _prepare(step: _Step, content: bytes | None) -> None:
    if step.before:
        _refuse_read_only(step.path)
    try:
        step.path.parent.mkdir(exist_ok=True)
        if content is not None:
            _write(step.new, content, step.path)
        if step.before:
            _second_name(step.path, step.old)
    except OSError as error:
        raise _cannot("written", step.path, error) from error
    _sync(step.path.parent)


def _second_name(path: Path, old: Path) -> None:
    """A drive without links gets a copy."""
    old.unlink(missing_ok=True)
    try:
        os.link(path, old)
    except OSError:
        shutil.copy2(path, old)
        with old.open("rb+") as file:
            os.fsync(file.fileno())


def _go_on(folder: Path, steps: list[_Step]) -> None:
    """What goes first: where it only changes the case of its name, the other one may be the same file to the drive."""
    for step in sorted(steps, key=lambda one: bool(one.after)):
        try:
            if not step.after:
                os.unlink(step.path) if is_named_so(step.path) else None
            elif step.new.exists():
                os.replace(step.new, step.path)
        except OSError as error:
            raise _cannot("written" if step.after else "removed", step.path, error) from error
    _sync_all(folder, steps)


def _turn_back(folder: Path, steps: list[_Step], what: str) -> None:
    """Every file is tried; what stays behind is told, and the next opening tries again."""
    with contextlib.suppress(OSError):
        os.replace(folder / CHANGES_FILE, folder / UNDO_FILE)
    left: list[str] = []
    for step in sorted(steps, key=lambda one: bool(one.before)):
        try:
            if not step.before:
                os.unlink(step.path) if is_named_so(step.path) else None
            elif _digest_at(step.path) != step.before:
                os.replace(step.old, step.path)
        except (OSError, ConfigurationError):
            left.append(step.name)
    if left:
        stay = f"the change of {', '.join(left)} by {what} cannot be undone"
        do = "nothing opens this plant before; close it elsewhere, check its rights and open the plant"
        raise ConfigurationError(stay, file=str(folder), do=do)
    _sync_all(folder, steps)
    _end(folder, steps)


def _end(folder: Path, steps: list[_Step]) -> None:
    """The journal goes first: without it what lies beside counts for nothing."""
    for name in (CHANGES_FILE, UNDO_FILE):
        try:
            (folder / name).unlink(missing_ok=True)
        except OSError as error:
            raise _cannot("removed", folder / name, error) from error
    _sync(folder)
    _tidy(folder, steps)


def _tidy(folder: Path, steps: list[_Step]) -> None:
    for path in (
        _beside(folder / CHANGES_FILE, _NEW),
        *(path for one in steps for path in (one.new, one.old)),
    ):
        _gone(path)


# ------------------------------------------------------------------------------------------ the journal


def _write_journal(folder: Path, steps: list[_Step], what: str) -> None:
    path = folder / CHANGES_FILE
    new = _beside(path, _NEW)
    text = json.dumps(
        {"what": what, "files": {step.name: [step.before, step.after] for step in steps}}, indent=1
    )
    try:
        _write(new, text.encode(), None)
        os.replace(new, path)
    except OSError as error:
        raise _cannot("written", path, error) from error
    _sync(folder)


def _read_journal(folder: Path, path: Path) -> tuple[str, list[_Step]]:
    try:
        data: Any = json.loads(path.read_bytes())
        names: dict[str, list[str]] = data["files"]
        if not all(map(is_plant_file, names)):
            raise ValueError
        steps = [_step(folder, name, str(two[0]), str(two[1])) for name, two in names.items()]
        return str(data["what"]), steps
    except OSError as error:
        raise _cannot("read", path, error) from error
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        do = "bring the plant's files into order (with git, say), then remove this file"
        raise ConfigurationError("is not what an interrupted change leaves", file=str(path), do=do) from error


def _refuse_others(journal: Path, steps: list[_Step], found: list[str], what: str) -> None:
    """What a person has saved since must not be lost; only he knows what is to be."""
    for step, now in zip(steps, found, strict=True):
        if now not in (step.before, step.after):
            said = f"was changed after {what} was interrupted, which has replaced a part of the files only"
            do = f"bring the plant's files into order (with git, say), then remove {journal}"
            raise ConfigurationError(said, file=str(step.path), do=do)


def _can_go_on(step: _Step) -> bool:
    return not step.after or step.after in (_digest_at(step.path), _digest_at(step.new))


# ------------------------------------------------------------------------------------------ the disk


def _target(path: Path) -> Path:
    """Where a link points: the file there is replaced, and the link stays."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def _beside(path: Path, end: str) -> Path:
    return path.with_name(f".{path.name}{end}")


def _left_beside(folder: Path) -> Iterator[Path]:
    """What a process that ended before its change counted has left."""
    yield _beside(folder / CHANGES_FILE, _NEW)
    for place in (folder, *(folder / sub for sub in SUB_FOLDERS)):
        for path in place.glob(".*"):
            if path.suffix in (_NEW, _OLD) and is_plant_file(
                path.with_name(path.stem[1:]).relative_to(folder).as_posix()
            ):
                yield path
    for name in plant_files(folder):
        if (folder / name).is_symlink():
            yield from (_beside(_target(folder / name), end) for end in (_NEW, _OLD))


def _write(path: Path, data: bytes, like: Path | None) -> None:
    """On the disk when it returns, with the rights of the file that it is to replace."""
    path.unlink(missing_ok=True)
    with path.open("xb") as file:
        if like is not None:
            _give_rights(file.fileno(), like)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _give_rights(file: int, like: Path) -> None:
    if os.name == "nt":
        return
    try:
        old = like.stat()
    except FileNotFoundError:
        return
    now = os.fstat(file)
    if (now.st_uid, now.st_gid) != (old.st_uid, old.st_gid):
        with contextlib.suppress(OSError):  # only root may give a file away
            os.fchown(file, old.st_uid, old.st_gid)
    os.fchmod(file, stat.S_IMODE(old.st_mode))


def _refuse_read_only(path: Path) -> None:
    """Root may write any file, and renaming asks for no right at the file itself: its rights are looked at."""
    try:
        is_free = bool(path.stat().st_mode & 0o222)
    except FileNotFoundError:
        return
    except OSError as error:
        raise _cannot("written", path, error) from error
    if not is_free:
        do = "nothing was written; make it writable, if it is to be changed"
        raise ConfigurationError("is read-only", file=str(path), do=do)


def _digest(content: bytes | None) -> str:
    return "" if content is None else hashlib.sha256(content).hexdigest()


def _digest_at(path: Path) -> str:
    try:
        return _digest(path.read_bytes()) if is_named_so(path) else ""
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise _cannot("read", path, error) from error


def _gone(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def _sync_all(folder: Path, steps: list[_Step]) -> None:
    for place in {folder, *(step.path.parent for step in steps)}:
        _sync(place)


def _sync(folder: Path) -> None:
    """Names last as well as contents; not every drive can say so of a folder."""
    if os.name == "nt":
        return
    with contextlib.suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def _cannot(verb: str, path: Path, error: OSError) -> ConfigurationError:
    what = f"cannot be {verb} ({error.strerror or error})"
    return ConfigurationError(what, file=str(path), do="close it elsewhere and check its rights")
