"""What has changed in the file of accounts since it was looked at last; blocks, for a thread."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hmi.security.accounts import Account, AccountChange, Accounts, Version


@dataclass(frozen=True, slots=True)
class News:
    """``changes`` are not in the journal yet; ``accounts``: the people asked for as they are now."""

    version: Version
    exist: bool
    changes: tuple[AccountChange, ...]
    accounts: Mapping[str, Account | None]


def look(accounts: Accounts, seen: Version | None, users: Iterable[str]) -> News | None:
    """None when nothing has changed since ``seen``; StorageError when the file cannot be read."""
    version = accounts.version()
    if version == seen:
        return None
    return News(version, accounts.exists(), accounts.pending(), {user: accounts.get(user) for user in users})
