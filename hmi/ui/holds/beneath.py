"""What the sources of tags with a manual value say meanwhile; asked for while somebody looks, never shown when old."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal

from hmi.client.port import RuntimeClient
from hmi.client.why import Why
from hmi.core.clock import NS_PER_S, monotonic_ns
from hmi.core.texts import tr
from hmi.mimics import format_value, value_text

if TYPE_CHECKING:
    from hmi.ui.station import Station

ASK_MS: Final = 2_000
OLD_NS: Final = 6 * NS_PER_S
MOST: Final = 20
"""Of so many tags at once the source is asked for; the others say that it is not known."""


class Beneath(QObject):
    """``words`` of a tag; ``changed`` after each answer. One question at a time."""

    changed = Signal()

    def __init__(self, station: Station) -> None:
        super().__init__(station)
        self._station = station
        self._wants: dict[int, tuple[str, ...]] = {}
        self._said: dict[str, tuple[str, int]] = {}
        self._is_asking = False
        self._timer = QTimer(self)
        self._timer.setInterval(ASK_MS)
        self._timer.timeout.connect(self._ask)

    def want(self, owner: QObject, tags: Iterable[str]) -> None:
        """What ``owner`` shows, by name; nothing is asked while nobody wants anything."""
        wanted = tuple(tags)
        if wanted == self._wants.get(id(owner), ()):
            return
        if wanted:
            self._wants[id(owner)] = wanted
        else:
            self._wants.pop(id(owner), None)
        if not self._wants:
            self._timer.stop()
            return
        self._timer.start()
        self._ask()

    def words(self, tag: str) -> str:
        """The value of the source with its unit, and its quality where that is not Good."""
        said, at = self._said.get(tag, ("", 0))
        return said if said and monotonic_ns() - at < OLD_NS else tr("not known")

    def _ask(self) -> None:
        names = list(dict.fromkeys(name for wanted in self._wants.values() for name in wanted))[:MOST]
        if self._is_asking or not names:
            return
        self._is_asking = True
        self._station.link.ask(
            lambda client: _read(client, names), owner=self, done=self._take, failed=self._failed
        )

    def _take(self, answers: list[Why]) -> None:
        self._is_asking, at = False, monotonic_ns()
        self._said = {why.name: (self._source(why), at) for why in answers}
        self.changed.emit()

    def _failed(self, _sentence: str) -> None:
        """What was said before grows old, and is not shown then."""
        self._is_asking = False
        self.changed.emit()

    def _source(self, why: Why) -> str:
        facts = next((hop.facts for hop in why.hops if hop.kind == "entered"), {})
        if "source_quality" not in facts:
            return ""
        value, quality = facts.get("source_value"), str(facts["source_quality"])
        if value is None:
            return quality
        info = self._station.catalogue.tags.get(why.name)
        told = value_text(info, value) if info else ""
        told = told or f"{format_value(value, info).strip()} {why.unit}".strip()
        return told if quality.startswith("Good") else f"{told} ({quality})"


async def _read(client: RuntimeClient, names: list[str]) -> list[Why]:
    """From what the runtime knows; no device is asked."""
    return [await client.why(name, quick=True) for name in names]
