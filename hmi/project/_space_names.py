"""Names of tags from browse paths by one rule: an odd letter becomes ``_``, a name that is taken gets a number."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from hmi.project._import_cells import clean
from hmi.project.import_names import MOST_LETTERS, MOST_PARTS, legal_part
from hmi.project.importing import ImportFault, Place

MOST_CELL: Final = 1000
MOST_ADDRESS: Final = 4096
_UNWRITABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]")


def cell(text: str) -> str:
    """One line of a table; a novel is cut."""
    return " ".join(clean(text).split())[:MOST_CELL]


@lru_cache(maxsize=50_000)
def legal_folder(text: str) -> str:
    """A part between slashes; an object of one type has the same names as the next."""
    return legal_part(text) or "x"


@lru_cache(maxsize=50_000)
def legal_signal(text: str) -> str:
    """The part behind the point: begins with a letter and has no ``-``."""
    part = legal_folder(text).replace("-", "_")
    return part if part[0].isalpha() else f"n{part}"[:MOST_LETTERS]


def address_problem(address: str) -> str:
    """Why an address cannot stand in a plant file; empty when it can."""
    if len(address) > MOST_ADDRESS:
        return f"its node id has more than {MOST_ADDRESS} characters"
    if _UNWRITABLE.search(address) or address != address.strip():
        return "its node id has characters that no file can hold"
    return ""


class Namer:
    """Names below one area, each given once."""

    def __init__(self, area: str = "") -> None:
        self._area = area.strip("/")
        self._taken: set[str] = set()
        self._last: dict[str, int] = {}
        self.faults: list[ImportFault] = []

    def tag(self, path: Sequence[str], where: Place) -> str:
        """``area/unit/equipment.signal``: the last part is the signal."""
        head = self._head(path[:-1])
        if not head:
            return self._free(legal_folder(path[-1]), path, where)
        return self._free(f"{head}.{legal_signal(path[-1])}", path, where)

    def instance(self, path: Sequence[str], where: Place) -> str:
        """``area/unit/equipment``."""
        return self._free(self._head(path) or "x", path, where)

    def take(self, name: str) -> None:
        """A name that something else makes, such as the signal of an instance."""
        self._taken.add(name)

    def _head(self, path: Sequence[str]) -> str:
        """Parts with slashes; what is too deep is joined into the last one."""
        above = self._area.split("/") if self._area else []
        parts = [legal_folder(one) for one in path]
        room = MOST_PARTS - len(above)
        if len(parts) > room:
            joined = "_".join(parts[room - 1 :])
            parts = [*parts[: room - 1], joined[-MOST_LETTERS:].lstrip("_-") or "x"]
        return "/".join([*above, *parts])

    def _free(self, name: str, path: Sequence[str], where: Place) -> str:
        if name not in self._taken:
            self._taken.add(name)
            return name
        count = self._last.get(name, 1)
        while True:
            count += 1
            other = f"{_shortened(name, len(str(count)) + 1)}_{count}"
            if other not in self._taken:
                break
        self._last[name] = count
        self._taken.add(other)
        what = f"{'/'.join(path)}: the name {name} is taken"
        self.faults.append(ImportFault(what, where, f"it is called {other}", is_error=False))
        return other


def _shortened(name: str, room: int) -> str:
    """So much shorter in its last part that a number fits behind it."""
    start = max(name.rfind("/"), name.rfind(".")) + 1
    return name[:start] + name[start : start + MOST_LETTERS - room]
