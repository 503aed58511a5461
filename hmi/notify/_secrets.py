"""Passwords and tokens by name: from the environment, or from an owner-only file in the data folder."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from hmi.core.errors import UsageError

FOLDER = "secrets"
_LIMIT = 4_096


class Secrets:
    """Read at each use, so that a new password needs no restart; never kept, never logged."""

    def __init__(self, data: Path, environment: Mapping[str, str] = os.environ) -> None:
        self._data, self._environment = data, environment

    def get(self, name: str) -> str:
        """The secret; UsageError with one sentence that says where it is looked for."""
        variable, file = f"WATCHKEEPER_SECRET_{name.upper()}", self._data / FOLDER / name
        if found := self._environment.get(variable, ""):
            return found
        try:
            mode = file.stat().st_mode
            if sys.platform != "win32" and mode & 0o077:
                raise UsageError(f"{file}: others can read this secret; run: chmod 600 {file}")
            found = file.read_text(encoding="utf-8")[:_LIMIT].strip("\r\n")
        except (OSError, ValueError) as error:
            do = f"set {variable}, or write it to {file} for its owner alone"
            raise UsageError(f"the secret {name!r} is not there; {do}") from error
        if not found or any(ord(char) < 32 for char in found):
            raise UsageError(f"{file}: this secret is empty or more than one line")
        return found
