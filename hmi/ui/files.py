"""Where a station puts the files that its user asks for, written beside the Qt thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import tzinfo
from pathlib import Path

from PySide6.QtCore import QObject, QStandardPaths, Signal

from hmi.core.texts import tr
from hmi.ui.sheets_out import write_whole
from hmi.ui.station import Station
from hmi.ui.times import local_time


def files_folder() -> Path:
    """The documents of the person who is logged in at this computer."""
    where = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    return Path(where or Path.home()) / "Watchkeeper"


class FileDesk(QObject):
    """Makes and writes one file; ``said`` tells where it is, or why there is none."""

    said = Signal(str)

    def __init__(self, station: Station, parent: QObject) -> None:
        super().__init__(parent)
        self._station = station
        self.folder = files_folder()

    def write(self, name: str, at_ns: int, zone: tzinfo, ending: str, make: Callable[[], str]) -> None:
        """``name`` and the plant's time give the file its name; ``make`` gives its text and runs beside Qt."""
        file = self.folder / f"{name}-{local_time(at_ns, zone):%Y%m%d-%H%M%S}.{ending}"
        self._station.link.ask(
            lambda _: asyncio.to_thread(lambda: write_whole(file, make())),
            owner=self,
            done=lambda written: self.said.emit(tr("Written: {file}", file=str(written))),
            failed=lambda why: self.said.emit(tr("The file cannot be written: {why}", why=why)),
        )
