"""Secrets of a runtime by name: passwords and tokens for other programs, never in a plant file, a log or an export."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from hmi.client.keystore import LIMIT, KeyStore
from hmi.core.errors import StorageError, UsageError
from hmi.core.texts import tr

_NAME = re.compile(r"[a-z0-9_-]{1,64}")


class Secrets:
    """Read at each use, so that a new password needs no restart; blocks: call it from a thread.

    An environment variable ``WATCHKEEPER_SECRET_<NAME>`` goes before what is kept.
    """

    def __init__(
        self, data: Path, environment: Mapping[str, str] = os.environ, *, quiet: bool = False
    ) -> None:
        """``quiet`` for secrets that the product makes for itself on a simulated plant."""
        self._store, self._environment = KeyStore(data, quiet=quiet), environment

    def get(self, name: str) -> str:
        """The secret; UsageError with one sentence that says where it is looked for."""
        variable = f"WATCHKEEPER_SECRET_{name.upper().replace('-', '_')}"
        if found := self._environment.get(variable, ""):
            return found
        try:
            kept = self._store.get(name)
        except StorageError as error:
            raise UsageError(str(error)) from error
        if kept is None:
            raise UsageError(
                tr(
                    "the secret {name} is not there; put it in with: hmi secret PLANT set {plain}, or set {variable}",
                    name=repr(name),
                    plain=name,
                    variable=variable,
                )
            )
        return kept

    def put(self, name: str, secret: str) -> None:
        """Keep or replace one; UsageError when it cannot be used later."""
        check_name(name)
        if not secret or len(secret) > LIMIT or any(ord(char) < 32 for char in secret):
            raise UsageError(tr("a secret is one line of 1 to {most} characters", most=LIMIT))
        self._store.put(name, secret)

    def delete(self, name: str) -> None:
        """UsageError when there is none."""
        check_name(name)
        if not self._store.delete(name):
            known = ", ".join(self.names()) or tr("none")
            raise UsageError(tr("there is no secret {name}; there is: {known}", name=repr(name), known=known))

    def names(self) -> list[str]:
        """Names alone."""
        return self._store.names()


def check_name(name: str) -> None:
    """UsageError for a name that no plant file could use."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            tr("{name} is no name of a secret; use a-z, 0-9, _ and -, at most 64", name=repr(name))
        )
