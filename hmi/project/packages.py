"""Which installed packages the product needs, also through others."""

from __future__ import annotations

import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import Final

PRODUCT: Final = "watchkeeper"
_REQUIRED = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)\s*(?:\[(?P<extras>[^]]*)\])?")
_EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")


def plain_name(name: str) -> str:
    """The form of a package's name by which two are compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def needed_by(product: Distribution) -> list[Distribution]:
    """Sorted by name; what is not installed here (another platform) is left out, and so is the product."""
    found: dict[str, Distribution] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting: list[tuple[Distribution, frozenset[str]]] = [(product, frozenset())]
    while waiting:
        package, extras = waiting.pop()
        for line in package.requires or ():
            wanted_by = _EXTRA.search(line)
            match = _REQUIRED.match(line)
            if match is None or (wanted_by is not None and wanted_by[1] not in extras):
                continue
            name = plain_name(match["name"])
            key = (name, frozenset(one.strip() for one in (match["extras"] or "").split(",") if one.strip()))
            if key in seen or name == PRODUCT:
                continue
            seen.add(key)
            try:
                found[name] = distribution(name)
            except PackageNotFoundError:
                continue
            waiting.append((found[name], key[1]))
    return [found[name] for name in sorted(found)]
