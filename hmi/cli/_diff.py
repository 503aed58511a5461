"""``hmi diff`` and ``hmi merge``: plant files in the words of engineers, also as the tools that git calls."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Annotated

import typer

from hmi.cli._options import AsJson, DataDir
from hmi.cli._printable import printable
from hmi.core.errors import UsageError
from hmi.core.texts import tr

if TYPE_CHECKING:
    from hmi.project.folder_files import Files

GIT = "git:"
GIT_S = 60.0
FEW, MANY = 7, 9
"""How many words git gives to a tool for differences: of a file, and of one that has another name now."""


def diff(
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="A [B]",
            help="Plant folders, zips of revisions, PLANT@REVISION (also @running, @previous) or PLANT@git:COMMIT; "
            "one plant alone: what runs against its folder.",
        ),
    ],
    git: Annotated[bool, typer.Option("--git", help="As git calls its tool for differences.")] = False,
    text: Annotated[bool, typer.Option("--text", help="One file as plain lines (textconv of git).")] = False,
    data: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """What differs between two plants, in sentences, file by file."""
    from hmi.project.folder_diff import folder_diff

    if git:
        return _for_git(what)
    if text:
        return _as_text(what)
    if len(what) == 1 and "@" not in what[0]:
        what = [f"{what[0]}@running", what[0]]
    if len(what) != 2:
        raise UsageError(tr("name two plants: hmi diff A B"))
    old, new = (_files(one, data) for one in what)
    return print_difference(what[0], what[1], folder_diff(old, new), as_json=as_json)


def merge(
    base: Annotated[Path, typer.Argument(help="What both began with.")],
    ours: Annotated[Path, typer.Argument(help="One version.")],
    theirs: Annotated[Path, typer.Argument(help="The other one.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Where the result goes; else printed.")
    ] = None,
    name: Annotated[
        str, typer.Option(help="Path of the file in its plant, where OURS is called otherwise.")
    ] = "",
) -> None:
    """Put two versions of a plant file together; exit 1 and marks in the file where both changed the same thing."""
    from hmi.project.folder_files import replace_file
    from hmi.project.merging import merged_file

    contents = [_bytes(path) for path in (base, ours, theirs)]
    found = merged_file(_inside(PurePath(name or ours.name)), *contents)
    if out is None:
        typer.echo(found.content.decode(errors="replace"), nl=False)
    else:
        replace_file(out, found.content)
    for line in found.conflicts:
        typer.echo(printable(line), err=True)
    if found.conflicts:
        raise typer.Exit(1)


def print_difference(old: str, new: str, found: Mapping[str, Sequence[str]], *, as_json: bool) -> None:
    """Sentences below the name of their file."""
    if as_json:
        return typer.echo(json.dumps({"old": old, "new": new, "files": found}, indent=1, ensure_ascii=False))
    for name, lines in found.items():
        typer.echo(printable(f"{name}:"))
        for line in lines:
            typer.echo(printable(f"  {line}"))
    if not found:
        typer.echo(tr("nothing differs"))
    return None


# ------------------------------------------------------------------------------------------ what is compared


def _files(text: str, data: Path | None) -> Files:
    """Plant files of a folder, a zip, a kept revision or a commit; UsageError for anything else."""
    from hmi.project.folder_files import files_in_zip, read_files

    path = Path(text)
    if path.is_dir():
        return read_files(path)
    if path.is_file():
        return files_in_zip(path)
    folder, mark, name = text.rpartition("@")
    if not mark or not Path(folder).is_dir():
        raise UsageError(tr("{what} is neither a plant folder, a zip nor PLANT@REVISION", what=text))
    if name.startswith(GIT):
        return _of_commit(Path(folder), name.removeprefix(GIT))
    from hmi.cli._plant_place import data_of
    from hmi.cli._reload import wanted_revision
    from hmi.runtime import files_of

    return files_of(wanted_revision(data_of(Path(folder), data), name))


def _of_commit(folder: Path, commit: str) -> Files:
    from hmi.project.folder_files import files_in_zip

    if not commit or commit.startswith("-"):
        raise UsageError(tr("{commit} is no commit", commit=repr(commit)))
    with tempfile.TemporaryDirectory(prefix="watchkeeper-") as beside:
        file = Path(beside) / "plant.zip"
        command = ["git", "-C", str(folder), "archive", "--format=zip", f"--output={file}", commit, "."]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=GIT_S)
        except FileNotFoundError:
            raise UsageError(tr("git is not installed on this machine")) from None
        except subprocess.CalledProcessError as error:
            why = error.stderr.decode(errors="replace").strip().splitlines()[-1:]
            raise UsageError(tr("git: {why}", why=why[0] if why else error)) from None
        except subprocess.TimeoutExpired:
            raise UsageError(tr("git does not answer within {s} s", s=int(GIT_S))) from None
        return files_in_zip(file)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            tr("{path}: cannot be read ({error})", path=path, error=error.strerror or error)
        ) from error


# ------------------------------------------------------------------------------------------ as git calls it


def _for_git(words: Sequence[str]) -> None:
    """path old-file old-hex old-mode new-file new-hex new-mode [new-path what]; it always ends well, or git stops."""
    from hmi.project.folder_diff import file_diff

    if len(words) == 1:
        return typer.echo(tr("{path}: not merged yet", path=words[0]))
    if len(words) not in (FEW, MANY):
        raise UsageError(tr("hmi diff --git is called by git; see docs/engineers.md"))
    was, now = PurePath(words[0]), PurePath(words[7] if len(words) == MANY else words[0])
    old, new = (_of_git(words[place]) for place in (1, 4))
    root = Path(now).parents[1] if "/" in _inside(now) else Path(now).parent

    def beside(name: str) -> bytes | None:
        path = root / name
        return path.read_bytes() if path.is_file() else None

    lines = file_diff(_inside(now), old, new, beside, was=_inside(was) if was != now else "")
    typer.echo(f"{now}:")
    for line in lines:
        typer.echo(f"  {line}")
    return None


def _of_git(file: str) -> bytes | None:
    """None for what is not there: git names the empty device of the system."""
    if file in ("/dev/null", "nul"):
        return None
    return _bytes(Path(file))


def _inside(path: PurePath) -> str:
    """The path below its plant folder."""
    from hmi.project.folder_files import SUB_FOLDERS

    return f"{path.parent.name}/{path.name}" if path.parent.name in SUB_FOLDERS else path.name


def _as_text(words: Sequence[str]) -> None:
    from hmi.project.plain_text import plain_text

    if len(words) != 1:
        raise UsageError(tr("name one file: hmi diff --text FILE"))
    typer.echo(plain_text(Path(words[0]).name, _bytes(Path(words[0]))), nl=False)
