"""The plant as it was read last time, kept in the data folder so that the next start reads one file and not 500.

What is kept counts only for the very bytes and the very program it was made of: its key is a digest of all that the
loader looks at. Where anything is another, where the file is damaged, or where something about the folder is unusual
(a link in it, a change of files that is not finished), there is nothing kept and the files are read.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import logging
import os
import shutil
import sys
import tomllib
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from hmi.core.collector import without_collector
from hmi.core.errors import ConfigurationError
from hmi.core.identity import is_id
from hmi.project._folder_lock import LOCK_FILE
from hmi.project._plant_columns import NotPlain, from_columns, to_columns
from hmi.project._plant_paths import SUB_FOLDERS, TOP_FILES
from hmi.project._plant_same import is_same
from hmi.project._replacing import is_unfinished
from hmi.project.folder_files import signature_of
from hmi.project.plant import Plant

__all__ = [
    "COMPILED_FOLDER",
    "PLANT_FILE",
    "KeptPlant",
    "keep_compiled",
    "kept_or_read",
    "kept_plant",
    "key_of",
    "plant_id_of",
    "put_whole",
]

COMPILED_FOLDER: Final = "compiled"
"""In the data folder: everything in it may be removed at any time."""
PLANT_FILE: Final = "plant.bin"
_MAGIC: Final = b"watchkeeper compiled plant 1\n"
_DIGEST: Final = 32
_CODE: Final = (
    "client",
    "core",
    "drivers",
    "export",
    "exporters",
    "expressions",
    "plugins",
    "project",
    "runtime",
)
"""Packages whose code decides what a plant folder becomes, and what stations get of it."""
_PACKAGES = Path(msgspec.__file__).parent.parent
"""Where the packages are that this program uses."""
_MOST_BYTES: Final = 1 << 30
_LEAST_ROOM, _LEAST_SHARE = 1_000_000_000, 20
"""Bytes, or a part of the disk where that is less, that stay free for what has to be recorded."""
log = logging.getLogger(__name__)


class _Unusual(Exception):
    """Something about the folder that is left to the loader."""


@dataclass(frozen=True, slots=True)
class KeptPlant:
    """``key``: that of ``key_of`` (hex), for what else was made of the same files."""

    plant: Plant
    key: str


def kept_plant(folder: Path, data: Path) -> KeptPlant | None:
    """The plant of a folder as it was kept in a data folder; None where the files have to be read."""
    file = data / COMPILED_FOLDER / PLANT_FILE
    try:
        if not file.exists():
            return None
        before = signature_of(folder)
        key = _key(folder)
        content = _content(file, key)
        if content is None:
            return None
        with without_collector():
            found = from_columns(msgspec.msgpack.decode(content))
        still = (
            not is_unfinished(folder) and signature_of(folder) == before
        )  # in this order, as for the files
        return KeptPlant(found, key.hex()) if still and _still_right(found) else None
    except (_Unusual, OSError):
        return None
    except (
        msgspec.MsgspecError,
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        AttributeError,
        RecursionError,
        NotPlain,
    ) as error:
        log.warning("%s is no plant that can be read (%s); it is written again.", file, error)
        return None


def kept_or_read(folder: Path, data: Path) -> Plant:
    """The plant as it was kept in a data folder, or of its files. ConfigurationError when it has errors."""
    if kept := kept_plant(folder, data):
        return kept.plant
    from hmi.project._load import open_plant  # with all that reads files

    return open_plant(folder)


def keep_compiled(plant: Plant, key: str, data: Path) -> bool:
    """Keep a plant that was read without an error between two equal ``key_of`` its folder.

    False when it is not kept because what would be read back is not the plant in every detail. OSError when the file
    cannot be written.
    """
    try:
        content = msgspec.msgpack.encode(to_columns(plant))
        back = from_columns(msgspec.msgpack.decode(content))
    except (NotPlain, OverflowError, ValueError, TypeError, msgspec.MsgspecError) as error:
        log.info("The plant %s is read from its files at each start (%s).", plant.name, error)
        return False
    if not is_same(plant, back):
        log.warning("The plant %s is read from its files at each start: what was kept differs.", plant.name)
        return False
    put_whole(data / COMPILED_FOLDER / PLANT_FILE, b"".join((_head(key, content), content)))
    return True


def key_of(folder: Path) -> str | None:
    """A digest of everything the loader looks at, in hex; None where something is unusual or cannot be read."""
    try:
        return _key(folder).hex()
    except (_Unusual, OSError):
        return None


def plant_id_of(folder: Path) -> str:
    """The id that plant.toml names, '' where it names none or cannot be read; the loader says what is wrong."""
    try:
        found = tomllib.loads((folder / "plant.toml").read_text(encoding="utf-8-sig")).get("id")
    except (OSError, ValueError, RecursionError):
        return ""
    return found if isinstance(found, str) and is_id(found) else ""


def put_whole(file: Path, content: bytes) -> None:
    """Write a file of the folder of what is compiled: whole or not at all, for its owner alone. OSError, also where it
    would take the last room of the disk.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in file.parent.glob(
        f"{file.stem}.*.new"
    ):  # by a writer that was killed, also one of this number
        with contextlib.suppress(OSError):
            left.unlink()
    disk = shutil.disk_usage(file.parent)
    if disk.free - len(content) < min(_LEAST_ROOM, disk.total // _LEAST_SHARE):
        raise OSError(errno.ENOSPC, "there is little room on the disk", str(file))
    draft = file.with_suffix(f".{os.getpid()}.new")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        with os.fdopen(os.open(draft, flags, 0o600), "wb") as out:
            out.write(content)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)


# ------------------------------------------------------------------------------------------ file


def _head(key: str, content: bytes) -> bytes:
    told = bytes.fromhex(key)
    return b"".join((_MAGIC, told, hashlib.sha256(told + content).digest()))


def _content(file: Path, key: bytes) -> bytes | None:
    """What follows the head, when the file is whole and was made of what ``key`` stands for."""
    if file.stat().st_size > _MOST_BYTES:
        return None
    with file.open("rb") as stream:
        magic, told, digest = stream.read(len(_MAGIC)), stream.read(_DIGEST), stream.read(_DIGEST)
        if magic != _MAGIC:
            log.warning("%s is no kept plant; it is written again.", file)
        if magic != _MAGIC or told != key:
            return None
        content = stream.read()
    found = hashlib.sha256(told)
    found.update(content)
    if found.digest() == digest:
        return content
    log.warning("%s is damaged; it is written again.", file)
    return None


# ------------------------------------------------------------------------------------------ key


def _key(folder: Path) -> bytes:
    """OSError or _Unusual where the loader has to look itself."""
    if is_unfinished(folder) or (folder / LOCK_FILE).exists():
        raise _Unusual(folder)
    found = hashlib.sha256()
    for part in (*_program(), str(folder), str(folder.absolute())):
        found.update(f"{part}\0".encode(errors="surrogateescape"))
    for name in _files(folder):
        content = (folder / name).read_bytes()
        found.update(f"{name}\0{len(content)}\0".encode(errors="surrogateescape"))
        found.update(content)
    return found.digest()


def _files(folder: Path) -> Iterator[str]:
    """Every file that the loader reads; _Unusual for what is no plain file."""
    if not folder.is_dir():
        raise _Unusual(folder)
    for name in TOP_FILES:
        path = folder / name
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise _Unusual(path)
        if path.exists():
            yield name
    for sub, suffix in SUB_FOLDERS.items():
        if (folder / sub).is_symlink():
            raise _Unusual(sub)
        if (folder / sub).is_dir():
            yield from (f"{sub}/{name}" for name in _names_in(folder / sub, suffix))


def _names_in(folder: Path, suffix: str) -> list[str]:
    with os.scandir(folder) as entries:
        found = [one for one in entries if one.name.lower().endswith(suffix)]
        for one in found:
            if not one.is_file(follow_symlinks=False):
                raise _Unusual(one.path)
    return sorted(one.name for one in found)


def _program() -> Iterator[str]:
    """This program: its interpreter, the versions of all packages beside it, and the files of the loader."""
    yield from (sys.version, sys.platform)
    package = Path(__file__).resolve().parent.parent
    yield from sorted(name for name in os.listdir(_PACKAGES) if name.endswith((".dist-info", ".egg-info")))
    for name in _CODE:
        yield from _code_in(str(package / name))


def _code_in(folder: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda one: one.name)
    for one in found:
        if one.is_dir():
            if one.name != "__pycache__":
                yield from _code_in(one.path)
        elif one.name.endswith(".py"):
            stat = one.stat()
            yield f"{one.path} {stat.st_size} {stat.st_mtime_ns}"


# ------------------------------------------------------------------------------------------ what no file says


def _still_right(plant: Plant) -> bool:
    """Whether what the loader asks of this machine, and of its network, is answered as it was."""
    try:
        zoneinfo.ZoneInfo(plant.zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    if any(channel.ca and not Path(channel.ca).is_file() for channel in plant.notifications):
        return False
    return all(_takes(job.to, job.settings) for job in plant.exports)


def _takes(exporter: str, settings: Any) -> bool:
    from hmi.project._exports import exporter as definition  # most plants have none

    try:
        definition(exporter).check(settings)
    except ConfigurationError:
        return False
    return True
