"""Stations on other machines that a runtime takes: a name and the hash of a token each (CR 1.2, 1.14).

A token has 256 bits and is shown once; only its SHA-256 is kept, in an owner-only file of the data folder.
Everything here blocks for a moment on a file.
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets as random
from collections.abc import Iterator
from pathlib import Path

import msgspec

from hmi.core.clock import wall_ns
from hmi.core.errors import StorageError, UsageError
from hmi.core.identity import is_runtime_name
from hmi.core.texts import tr
from hmi.security.owner_file import locked, put

STATIONS_FILE = "stations.json"
LOCAL = "local"
"""The station of the machine of the runtime itself; no other one may be called so."""
_LIMIT = 10_000_000


class Station(msgspec.Struct, frozen=True):
    """``sha256`` of its token in hex, empty = removed. ``changed_at`` UTC ns, ``changed_by`` for the audit."""

    name: str
    sha256: str
    changed_at: int
    changed_by: str

    @property
    def is_active(self) -> bool:
        return bool(self.sha256)

    @property
    def fingerprint(self) -> str:
        """Tells one token from another one in the audit; nobody can sign in with it."""
        return self.sha256[:16]


class Stations:
    """The file of one runtime; ``hmi station`` and a running runtime use it at the same time."""

    def __init__(self, data: Path) -> None:
        self.path = data / STATIONS_FILE

    def all(self) -> list[Station]:
        """Removed ones too, by name; StorageError when the file cannot be read."""
        try:
            content = self.path.read_bytes()
            found = msgspec.json.decode(content[:_LIMIT], type=list[Station])
        except FileNotFoundError:
            return []
        except (OSError, msgspec.MsgspecError) as error:
            raise StorageError(
                tr(
                    "{path}: the file of stations cannot be read ({why}); put a backup in its place",
                    path=self.path,
                    why=error,
                )
            ) from error
        return sorted(found, key=lambda one: one.name)

    def state(self) -> tuple[int, int]:
        """Another one after each change; (0, 0) while there is no file."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return 0, 0
        except OSError as error:
            raise StorageError(tr("{path}: {why}", path=self.path, why=error.strerror)) from error
        return found.st_mtime_ns, found.st_ino

    def add(self, name: str, *, by: str) -> str:
        """A new station; its token, which is never shown again."""
        if not is_runtime_name(name) or name == LOCAL:
            raise UsageError(
                tr(
                    "{name} is no name of a station; use a letter, then letters, digits, _ and -, at most 32",
                    name=repr(name),
                )
            )
        return self._give_token(name, by, known=False)

    def renew(self, name: str, *, by: str) -> str:
        """A new token for a station that there is; the one before ends at once."""
        return self._give_token(name, by, known=True)

    def remove(self, name: str, *, by: str) -> None:
        """Its token is refused from now on."""
        with self._changing() as stations:
            self._check_active(stations, name)
            stations[name] = Station(name, "", wall_ns(), by)

    def _give_token(self, name: str, by: str, *, known: bool) -> str:
        token = random.token_urlsafe(32)
        with self._changing() as stations:
            if known:
                self._check_active(stations, name)
            elif name in stations and stations[name].is_active:
                raise UsageError(
                    tr(
                        "there is a station {name} already; a new token for it: hmi station PLANT renew {name}",
                        name=name,
                    )
                )
            stations[name] = Station(name, token_hash(token), wall_ns(), by)
        return token

    def _check_active(self, stations: dict[str, Station], name: str) -> None:
        if name not in stations or not stations[name].is_active:
            known = ", ".join(one.name for one in stations.values() if one.is_active) or tr("none")
            raise UsageError(
                tr("there is no station {name}; there is: {known}", name=repr(name), known=known)
            )

    @contextlib.contextmanager
    def _changing(self) -> Iterator[dict[str, Station]]:
        """One at a time; written whole, readable by its owner alone."""
        with locked(self.path):
            stations = {one.name: one for one in self.all()}
            yield stations
            put(self.path, msgspec.json.format(msgspec.json.encode(list(stations.values()))))


def token_hash(token: str) -> str:
    """SHA-256 in hex: enough for 256 random bits."""
    return hashlib.sha256(token.encode()).hexdigest()
