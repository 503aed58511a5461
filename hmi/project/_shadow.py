"""A plant as it would be with other files, and texts in the bytes that their files are kept in."""

from __future__ import annotations

import codecs
import os
import re
import shutil
import tempfile
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeVar

from hmi.core.errors import ConfigurationError
from hmi.project._findings import Finding
from hmi.project._load import load_plant
from hmi.project.folder_files import read_files

_PICTURES: Final = "images"
_END: Final = re.compile(rb"\r\n|\r|\n")


Seen = TypeVar("Seen")
ErrorsOf = Callable[[Path], Sequence[Finding]]


def loading_errors(folder: Path) -> Sequence[Finding]:
    """What keeps the plant from opening, or one of its displays from being shown."""
    return load_plant(folder).errors


def errors_with(
    folder: Path, texts: Mapping[str, str], errors_of: ErrorsOf = loading_errors
) -> tuple[Finding, ...]:
    """What would be wrong with the plant: its files alone are read in a folder beside, before anything is written.

    ``texts`` by path below the folder, with slashes; findings name files in the same way. ConfigurationError when
    there is no room for the copy.
    """

    def errors(shadow: Path) -> tuple[Finding, ...]:
        return tuple(_below(finding, str(shadow)) for finding in errors_of(shadow))

    return seen_with(folder, texts, errors)


def seen_with(folder: Path, texts: Mapping[str, str], look: Callable[[Path], Seen]) -> Seen:
    """What ``look`` makes of the plant with other texts; ConfigurationError when there is no room for a copy."""
    contents = {**read_files(folder), **{name: text.encode() for name, text in texts.items()}}
    try:
        with tempfile.TemporaryDirectory(prefix="watchkeeper-") as beside:
            shadow = Path(beside) / "plant"
            shadow.mkdir()
            for name, content in contents.items():
                (shadow / name).parent.mkdir(exist_ok=True)
                (shadow / name).write_bytes(content or b"")
            _show_pictures(folder, shadow)
            return look(shadow)
    except OSError as error:
        what = f"a copy to check the change with cannot be made ({error.strerror or error})"
        do = "nothing was written; make room there, or name another folder in TMPDIR"
        raise ConfigurationError(what, file=error.filename or "", do=do) from error


def _show_pictures(folder: Path, shadow: Path) -> None:
    """Displays name pictures; they are linked, and copied only where the system gives no right to link."""
    pictures = (folder / _PICTURES).absolute()
    if not pictures.is_dir():
        return
    try:
        (shadow / _PICTURES).symlink_to(pictures, target_is_directory=True)
    except OSError:
        (shadow / _PICTURES).mkdir()
        for picture in pictures.glob("*.png"):
            shutil.copyfile(picture, shadow / _PICTURES / picture.name)


def _below(finding: Finding, folder: str) -> Finding:
    file = finding.file.removeprefix(folder).replace(os.sep, "/").lstrip("/")
    text, do = (said.replace(folder + os.sep, "") for said in (finding.text, finding.do))
    return replace(finding, file=file, text=text, do=do)


def stored_as(text: str, before: bytes | None) -> bytes:
    """With the line ends, and the mark at the beginning, that the file had; new lines end as most do."""
    old = before or b""
    mark = codecs.BOM_UTF8 if old.startswith(codecs.BOM_UTF8) else b""
    ends = Counter(_END.findall(old))
    usual = max(ends, key=lambda end: ends[end], default=b"\n")
    if len(ends) < 2:
        return mark + text.encode().replace(b"\n", usual)
    return mark + b"".join(_as_mixed(text.encode(), old.removeprefix(mark), usual))


def _as_mixed(text: bytes, old: bytes, usual: bytes) -> list[bytes]:
    """Lines that were there keep their own ends, so that only what changes is another line."""
    had: defaultdict[bytes, deque[bytes]] = defaultdict(deque)
    at = 0
    for end in _END.finditer(old):
        had[old[at : end.start()]].append(end[0])
        at = end.end()
    *lines, last = text.split(b"\n")
    return [*(line + (had[line].popleft() if had[line] else usual) for line in lines), last]
