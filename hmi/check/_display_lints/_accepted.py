"""What an engineer accepts: ``"lint": ["rule: reason"]`` of an element or of a whole display."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import Any, NamedTuple

Key = tuple[str, str, str]  # display, element (empty for the display), rule


class Problem(NamedTuple):
    """An entry that cannot be taken; ``element`` is empty for one of the display."""

    display: str
    element: str
    what: str
    do: str


class Accepted:
    """All entries of a plant; those that were needed are remembered."""

    def __init__(self, rules: Container[str]) -> None:
        self._rules = rules
        self._entries: dict[Key, str] = {}
        self._needed: set[Key] = set()
        self.problems: list[Problem] = []

    def take(self, display: str, document: Mapping[str, Any]) -> None:
        """The entries of one display and of its elements."""
        self._take(display, "", document.get("lint"))
        elements = document.get("elements")
        for raw in elements if isinstance(elements, list) else ():
            if isinstance(raw, Mapping) and "lint" in raw:
                self._take(display, str(raw.get("id", "")), raw["lint"])

    def _take(self, display: str, element: str, entries: Any) -> None:
        if entries is None or entries == []:
            return
        do = 'write "lint": ["rule: reason"]'
        if not isinstance(entries, list):
            self.problems.append(Problem(display, element, "lint is not a list", do))
            return
        for entry in entries:
            rule, colon, reason = entry.partition(":") if isinstance(entry, str) else ("", "", "")
            rule = rule.strip()
            if rule not in self._rules:
                what = f"lint names {rule[:60]!r}, which is no rule that can be left out"
                self.problems.append(Problem(display, element, what, "docs/engineers.md lists the rules"))
            elif not colon or not reason.strip():
                self.problems.append(
                    Problem(display, element, f"lint leaves out {rule} without a reason", do)
                )
            else:
                self._entries[display, element, rule] = reason.strip()

    def covers(self, display: str, element: str, rule: str) -> bool:
        """True when the element or its display leaves the rule out."""
        for key in ((display, element, rule), (display, "", rule)):
            if key in self._entries:
                self._needed.add(key)
                return True
        return False

    def unneeded(self) -> Iterator[Problem]:
        """Entries that no finding asked for."""
        for display, element, rule in self._entries:
            if (display, element, rule) not in self._needed:
                what = f"lint leaves out {rule}, which finds nothing here"
                yield Problem(display, element, what, "remove the entry")
