"""Ids for what has none in its file: derived from the name, so that every load gives the same."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable

_BASE32 = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789abcdefghjkmnpqrstvwxyz")


def derived_id(prefix: str, *parts: str) -> str:
    """``t_…`` from a hash of the parts; 60 bits."""
    digest = hashlib.blake2s("\0".join(parts).encode(errors="replace"), digest_size=8).digest()
    return f"{prefix}_{base64.b32encode(digest).decode()[:12].translate(_BASE32)}"


class IdMaker:
    """Derives ids that are free in one file: a row may carry the id of a name that it no longer has."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)

    def make(self, prefix: str, *parts: str) -> str:
        made = derived_id(prefix, *parts)
        again = 1
        while made in self._taken:
            made = derived_id(prefix, *parts, str(again))
            again += 1
        self._taken.add(made)
        return made

    def for_tag(self, row: dict[str, str]) -> str:
        """The id of a row of tags.csv."""
        return self.make("t" if (row.get("kind") or "tag") == "tag" else "i", row.get("name", ""))

    def for_calculation(self, row: dict[str, str]) -> str:
        """The id of a row of calculations.csv."""
        return self.make("t", row.get("type", ""), row.get("name", ""))

    def for_alarm(self, row: dict[str, str]) -> str:
        """The id of a row of alarms.csv."""
        return self.make("a", row.get("tag", ""), row.get("name", ""), row.get("kind", ""))


def ids_in(header: tuple[str, ...], rows: Iterable[tuple[int, list[str]]]) -> set[str]:
    """The ids that a CSV file states itself."""
    if "id" not in header:
        return set()
    place = header.index("id")
    return {text for _, cells in rows if place < len(cells) and (text := cells[place].strip())}
