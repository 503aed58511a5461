"""Files that settings of connections and exports name: are they there?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from stat import S_ISDIR
from typing import Any

from hmi.plugins.definition import Setting
from hmi.project import exporter_definition
from hmi.project.draft import Draft


def check_files(draft: Draft) -> None:
    """A warning for each file that is not there; nothing is said of a folder that may not be looked into."""
    folder = Path(draft.folder)
    for name, connection in draft.connections.items():
        found = draft.drivers.get(connection.driver)
        for setting, path in _missing(folder, found.settings if found else (), connection.settings):
            line = draft.head_line(("connection", name, "settings", setting))
            _tell(draft, line, f"connection {name}: {setting}", path)
    for job in draft.head.get("exports", ()):
        for setting, path in _missing(folder, exporter_definition(job.to).settings, job.settings):
            _tell(draft, draft.export_lines.get(job.name, 1), f"export {job.name}: {setting}", path)


def _tell(draft: Draft, line: int, where: str, path: Path) -> None:
    draft.findings.warning(
        draft.head_file,
        line,
        f"{where}: there is no file {path}",
        "put it there, or correct the path; a relative one begins at the plant folder",
        rule="file-missing",
    )


def _missing(
    folder: Path, declared: Iterable[Setting], settings: Mapping[str, Any]
) -> Iterator[tuple[str, Path]]:
    for one in declared:
        value = settings.get(one.name)
        if one.path_from != "plant" or one.is_folder or not isinstance(value, str) or not value:
            continue
        path = folder / value
        if not _may_be_there(path):
            yield one.name, path


def _may_be_there(path: Path) -> bool:
    try:
        return not S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError:
        return True  # only the account of the runtime may look there
