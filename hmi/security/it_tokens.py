"""Tokens with which programs of IT read the plant's data: a name, what it may read, where and until when.

A token has 256 bits and is shown once; only its SHA-256 is kept, in an owner-only file of the data folder.
Everything here blocks for a moment on a file.
"""

from __future__ import annotations

import secrets as random
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from hmi.core.clock import wall_ns
from hmi.core.errors import StorageError, UsageError
from hmi.core.identity import is_runtime_name
from hmi.core.texts import tr
from hmi.security.owner_file import locked, put
from hmi.security.stations import token_hash

TOKENS_FILE: Final = "it-tokens.json"
LIVE, HISTORY, EVENTS, AUDIT = "read:live", "read:history", "read:events", "read:audit"
SCOPES: Final = (LIVE, HISTORY, EVENTS, AUDIT)
_LIMIT: Final = 10_000_000
_KEPT_NS: Final = 90 * 86_400 * 10**9


class ItToken(msgspec.Struct, frozen=True):
    """``sha256`` of the token in hex. ``areas``: what it may see, with all below; none = everything. ``expires``: UTC
    ns, 0 = never. ``made_at`` and ``ended_at`` UTC ns, the latter 0 until it is removed; who did so, for the audit.
    """

    name: str
    sha256: str
    scopes: tuple[str, ...]
    areas: tuple[str, ...]
    expires: int
    made_at: int
    made_by: str
    ended_at: int = 0
    ended_by: str = ""

    @property
    def is_active(self) -> bool:
        return not self.ended_at

    @property
    def fingerprint(self) -> str:
        """Tells one token from another one in the audit; nobody can read anything with it."""
        return self.sha256[:16]

    def has_ended(self, now: int) -> bool:
        """``now``: UTC ns."""
        return bool(self.expires) and now >= self.expires


class ItTokens:
    """The file of one runtime; the command line and the process of the exports use it at the same time."""

    def __init__(self, data: Path) -> None:
        self.path = data / TOKENS_FILE

    def all(self) -> list[ItToken]:
        """Removed ones too, by name and age; StorageError when the file cannot be read."""
        try:
            content = self.path.read_bytes()
            found = msgspec.json.decode(content[:_LIMIT], type=list[ItToken])
        except FileNotFoundError:
            return []
        except (OSError, msgspec.MsgspecError) as error:
            raise StorageError(
                tr(
                    "{path}: the file of tokens cannot be read ({why}); put a backup in its place",
                    path=self.path,
                    why=error,
                )
            ) from error
        return sorted(found, key=lambda one: (one.name, one.made_at))

    def state(self) -> tuple[int, int]:
        """Another one after each change; (0, 0) while there is no file."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return 0, 0
        except OSError as error:
            raise StorageError(tr("{path}: {why}", path=self.path, why=error.strerror)) from error
        return found.st_mtime_ns, found.st_ino

    def add(
        self, name: str, scopes: Sequence[str], *, areas: Sequence[str] = (), expires: int = 0, by: str
    ) -> str:
        """A new token, never shown again. ``expires``: UTC ns, 0 = never. UsageError for what makes no sense."""
        _check(name, scopes, areas, expires)
        token = random.token_urlsafe(32)
        with locked(self.path):
            tokens = self.all()
            own = [one for one in tokens if one.name == name]
            if any(one.is_active for one in own):
                raise UsageError(
                    tr("there is a token {name} already; remove it, or take another name", name=name)
                )
            made = _later_than(own)
            tokens.append(ItToken(name, token_hash(token), tuple(scopes), tuple(areas), expires, made, by))
            self._put(tokens)
        return token

    def remove(self, name: str, *, by: str) -> None:
        """It is refused from now on; UsageError where there is none."""
        with locked(self.path):
            tokens = self.all()
            own = [one for one in tokens if one.name == name]
            if not any(one.is_active for one in own):
                known = ", ".join(one.name for one in tokens if one.is_active) or tr("none")
                raise UsageError(
                    tr("there is no token {name}; there is: {known}", name=repr(name), known=known)
                )
            ended = _later_than(own)
            self._put(
                [
                    msgspec.structs.replace(one, ended_at=ended, ended_by=by)
                    if one.name == name and one.is_active
                    else one
                    for one in tokens
                ]
            )

    def _put(self, tokens: list[ItToken]) -> None:
        """Removed ones are kept until the journal has surely been told of them."""
        since = wall_ns() - _KEPT_NS
        kept = [one for one in tokens if one.is_active or one.ended_at > since]
        put(self.path, msgspec.json.format(msgspec.json.encode(kept)))


def _later_than(own: Sequence[ItToken]) -> int:
    """Now, but behind every change of that name: the journal knows by their times which of them it has."""
    return max([wall_ns(), *(max(one.made_at, one.ended_at) + 1 for one in own)])


def _check(name: str, scopes: Sequence[str], areas: Sequence[str], expires: int) -> None:
    if not is_runtime_name(name):
        raise UsageError(
            tr(
                "{name} is no name of a token; use a letter, then letters, digits, _ and -, at most 32",
                name=repr(name),
            )
        )
    unknown = [one for one in scopes if one not in SCOPES]
    if unknown or not scopes:
        raise UsageError(
            tr(
                "{scope} is no scope; use --scope with {known}",
                scope=repr(unknown[0] if unknown else ""),
                known=", ".join(SCOPES),
            )
        )
    if AUDIT in scopes and areas:
        raise UsageError(tr("the audit trail has no areas: leave --areas out, or {scope}", scope=AUDIT))
    if expires and expires <= wall_ns():
        raise UsageError(tr("this token would have ended already; give a later time with --expires"))
