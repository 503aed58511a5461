"""What a user chose for a plant at this station: one small JSON file for each plant and user."""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path
from threading import Lock, Thread
from typing import Any, Final

from PySide6.QtCore import QObject, QStandardPaths, Signal

from hmi.ui.crossing import crossing

log = logging.getLogger(__name__)

SCHEMA: Final = "station/1"
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_.-]")


def settings_folder() -> Path:
    """The station's own folder of the person who is logged in at this computer."""
    where = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.AppConfigLocation)
    return Path(where) / "stations"


class Settings(QObject):
    """Sections by name, each a JSON object. Without a folder they live as long as the window.

    The file is read and written beside the Qt thread: a slow home folder never holds up a window.
    ``changed`` comes when the sections of another plant or user are there, ``kept`` (with its name) when
    one was replaced. What is put before the file was read is written after it: nothing on file is lost.
    """

    changed = Signal()
    kept = Signal(str)

    def __init__(self, folder: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._folder = folder
        self._whose: tuple[str, str] = ("", "")
        self._sections: dict[str, Any] = {}
        self.is_read = False
        """What is on file for this plant and user is known."""
        self._one_at_a_time = Lock()
        self._newest: dict[Path, int] = {}
        self._writing: list[Thread] = []
        self._waits = False

    @property
    def folder(self) -> Path | None:
        """Where they are kept; None: nowhere."""
        return self._folder

    def open(self, plant: str, user: str) -> None:
        """Take the settings of this plant (its id) and user."""
        if (plant, user) == self._whose:
            return
        self._whose, self._sections, self._waits = (plant, user), {}, False
        file = self._file()
        self.is_read = file is None
        self.changed.emit()
        if file is not None:
            crossing().beside(
                "settings",
                self,
                lambda: _sections_in(file),
                lambda sections: self._take((plant, user), sections),
            )

    def get(self, section: str) -> Mapping[str, Any]:
        """A section; empty when there is none, or nothing that can be read."""
        found = self._sections.get(section)
        return found if isinstance(found, Mapping) else {}

    def put(self, section: str, values: Mapping[str, Any]) -> None:
        """Replace a section and keep it."""
        self._sections[section] = dict(values)
        self._waits = not self.is_read
        if self.is_read:
            self._keep()
        self.kept.emit(section)

    def close(self, seconds: float = 2.0) -> None:
        """Wait for what is still being written; at most so long."""
        for thread in self._writing:
            thread.join(seconds)

    def _keep(self) -> None:
        file = self._file()
        if file is None:
            return
        number = self._newest[file] = self._newest.get(file, 0) + 1
        text = json.dumps({"schema": SCHEMA, **self._sections}, indent=1)

        def write() -> None:
            with self._one_at_a_time:
                if number == self._newest[file]:  # a newer state is on its way otherwise
                    _write(file, text)

        self._writing = [thread for thread in self._writing if thread.is_alive()]
        self._writing.append(crossing().beside("settings", self, write))

    def _file(self) -> Path | None:
        if self._folder is None or not all(self._whose):
            return None
        plant, user = (_UNSAFE.sub("_", part) for part in self._whose)
        return self._folder / plant / f"{user}.json"

    def _take(self, whose: tuple[str, str], sections: dict[str, Any]) -> None:
        """What was chosen while the file was being read stays."""
        if whose == self._whose:
            self._sections = {**sections, **self._sections}
            self.is_read = True
            if self._waits:
                self._keep()
            self.changed.emit()


def _sections_in(file: Path) -> dict[str, Any]:
    """A file that is damaged or of another version counts as none, and is told in the log."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        log.warning("The settings in %s cannot be read and are left out: %s", file, error)
        return {}
    if not isinstance(document, dict) or document.pop("schema", "") != SCHEMA:
        log.warning("The settings in %s are not of version %s and are left out.", file, SCHEMA)
        return {}
    return document


def _write(file: Path, text: str) -> None:
    """Whole or not at all: a power cut leaves the state before."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_suffix(".new")
        fresh.write_text(text, encoding="utf-8")
        os.replace(fresh, file)
    except OSError as error:
        log.warning("The settings cannot be kept in %s: %s", file, error)
