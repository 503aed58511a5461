"""Where the history of a runtime lies below its data folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from hmi.core.errors import StorageError
from hmi.core.texts import tr
from hmi.historian import Opened

HISTORY_FOLDER: Final = "history"
CURRENT: Final = "current"
KEPT_RUNS: Final = 3
"""Archives of earlier simulated runs that stay."""


class HistoryFolder:
    """One archive for ever; a simulated plant has one for each run, because its clock may go back.

    ``goes_on``: the runtime was started again beside a simulator that runs on, so that its first run is still the
    one before.
    """

    def __init__(self, data: Path, *, simulated: bool, goes_on: bool = False) -> None:
        self._root, self._simulated, self._goes_on = data / HISTORY_FOLDER, simulated, goes_on

    def open(self, run_id: str, *, stepped: Callable[[int], bool], fine: Callable[[int], bool]) -> Opened:
        """The archive of a run, for writing; StorageError where it cannot be opened now."""
        try:
            folder = self._folder_of(run_id) if self._simulated else self._root
            folder.mkdir(parents=True, exist_ok=True)
            if self._simulated:
                (self._root / CURRENT).write_text(folder.name, encoding="utf-8")
                self._forget_old_runs(folder)
            else:  # what was simulated before is not the newest any more
                (self._root / CURRENT).unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(tr("{path} cannot be used: {error}", path=self._root, error=error)) from error
        from hmi.stores.sqlite import (
            open_archive,
        )  # on the thread that opens it, while the runtime answers already

        opened = Opened(open_archive(folder, stepped=stepped, fine=fine), folder)
        self._goes_on = False
        return opened

    def _folder_of(self, run_id: str) -> Path:
        if self._goes_on and (self._root / CURRENT).exists():
            before = self._root / (self._root / CURRENT).read_text(encoding="utf-8").strip()
            if before.parent == self._root and before.is_dir():
                return before
        return self._root / run_id

    def _forget_old_runs(self, newest: Path) -> None:
        runs = [one for one in self._root.iterdir() if one.is_dir() and one != newest]
        for old in sorted(runs, key=lambda one: one.stat().st_mtime)[:-KEPT_RUNS]:
            shutil.rmtree(old, ignore_errors=True)


def newest_archive(data: Path) -> Path | None:
    """The folder of the archive below a data folder, of a simulated plant that of its newest run; None without one."""
    from hmi.stores.sqlite import LIVE_FILE

    root = data / HISTORY_FOLDER
    current = root / CURRENT
    folder = root / current.read_text(encoding="utf-8").strip() if current.exists() else root
    return folder if (folder / LIVE_FILE).exists() else None
