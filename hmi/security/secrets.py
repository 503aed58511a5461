"""Secrets of a runtime by name: passwords and tokens for other programs, never in a plant file, a log or an export."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from hmi.client.keystore import LIMIT, KeyStore
from hmi.core.errors import StorageError, UsageError
from hmi.core.texts import tr

CONNECTION = "connection/"
"""Before the name of a connection whose secret it is."""
_NAME = re.compile(r"[a-z0-9_-]{1,64}")
_OF_CONNECTION = re.compile(rf"{CONNECTION}[^\x00-\x1f\x7f]{{1,64}}")


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
        found = self.find(name)
        if found is None:
            raise UsageError(
                tr(
                    "the secret {name} is not there; put it in with: hmi secret PLANT set {plain}, or set {variable}",
                    name=repr(name),
                    plain=name,
                    variable=variable_of(name),
                )
            )
        return found

    def find(self, name: str) -> str | None:
        """The secret, None when there is none; UsageError when it is there and cannot be read."""
        if found := self._environment.get(variable_of(name), ""):
            return found
        try:
            return self._store.get(name)
        except StorageError as error:
            raise UsageError(str(error)) from error

    def is_in_environment(self, name: str) -> bool:
        """Whether its variable is set."""
        return bool(self._environment.get(variable_of(name), ""))

    def is_known(self, name: str) -> bool:
        """Whether there is one, without a look at what it holds."""
        return self.is_in_environment(name) or name in self.names()

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
    if not _NAME.fullmatch(name) and not _OF_CONNECTION.fullmatch(name):
        raise UsageError(
            tr(
                "{name} is no name of a secret; use a-z, 0-9, _ and -, at most 64, or connection/NAME",
                name=repr(name),
            )
        )


def variable_of(name: str) -> str:
    """The environment variable of a secret; names that differ in signs other than letters and digits share one."""
    return "WATCHKEEPER_SECRET_" + re.sub(r"[^A-Z0-9]", "_", name.upper())
