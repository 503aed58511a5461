"""The number of a session, kept over restarts (tck-id-topics-nbirth-bdseq-increment)."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Final

from hmi.core.texts import tr
from hmi.export.port import TargetRefused

log = logging.getLogger(__name__)
MODULUS: Final = 256


class BdSeq:
    """Begins at 0, one more for each CONNECT, 0 after 255. Durable before it is used."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.value = self._read()
        self._before = self.value

    def advance(self) -> int:
        """The number of the CONNECT that comes next; TargetRefused where it cannot be kept."""
        self._before, self.value = self.value, (self.value + 1) % MODULUS
        self._write()
        return self.value

    def back(self) -> None:
        """No CONNECT was sent with it."""
        self.value = self._before
        self._write()

    def _read(self) -> int:
        if not self._path.exists():
            return -1
        try:
            number = int(self._path.read_text("ascii"))
        except (OSError, ValueError) as error:
            log.warning("%s holds no bdSeq and is begun anew: %s", self._path, error)
            return -1
        return number if -1 <= number < MODULUS else -1

    def _write(self) -> None:
        beside = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with beside.open("w", encoding="ascii") as file:
                file.write(str(self.value))
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._path)
        except OSError as error:
            raise TargetRefused(
                tr(
                    "{path} cannot be written, so no session can be numbered: {why}",
                    path=self._path,
                    why=error,
                )
            ) from error
