"""Keeps the faceplates of a window: at most four, beside their objects, never over the alarm strip."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable

from PySide6.QtCore import QObject, QPoint, QRect, Signal
from PySide6.QtWidgets import QWidget

from hmi.core.texts import tr
from hmi.ui.faceplate.card import Faceplate
from hmi.ui.faceplate.content import Content, content_of
from hmi.ui.faceplate.placement import place
from hmi.ui.station import Station
from hmi.ui.theme import Theme

LIMIT = 4


class FaceplateDesk(QObject):
    """Opens and closes faceplates; the oldest that is not pinned gives way to a fifth."""

    trendAsked = Signal(list)
    historyAsked = Signal(list)
    whyAsked = Signal(str)
    displayAsked = Signal(str)
    guidanceAsked = Signal(object)
    actAsked = Signal(str, list)
    holdAsked = Signal(object)
    menuAsked = Signal(str, QPoint)

    def __init__(self, theme: Theme, station: Station, window: QWidget) -> None:
        super().__init__(window)
        self._theme, self._station, self._window = theme, station, window
        self.cards: list[Faceplate] = []
        self._made_of: dict[int, tuple[object, ...]] = {}
        self._targets: dict[int, QRect] = {}
        self._wanted: dict[int, QPoint] = {}
        self.address_of: Callable[[str], str] = _nowhere
        """Finds a display that shows an object for which the plant names none."""

    def open(self, target: str, box: QRect) -> Faceplate | None:
        """The faceplate of a tag or instance, beside ``box`` (window coordinates)."""
        content = content_of(target, self._station.catalogue)
        if content is None:
            self._station.notice.emit(tr("{name} has no faceplate: the plant does not know it.", name=target))
            return None
        for card in self.cards:
            if card.content.name == content.name:
                card.raise_()
                card.setFocus()
                return card
        if not self._make_room():
            self._station.notice.emit(
                tr("{n} faceplates are pinned: close one of them first.", n=len(self.cards))
            )
            return None
        whole = dataclasses.replace(content, display=content.display or self.address_of(content.name))
        card = Faceplate(self._theme, self._station, whole, self._window)
        self._targets[id(card)] = box
        self._made_of[id(card)] = self._parts(content, card.tags)
        card.closed.connect(self._gone)
        card.trendAsked.connect(self.trendAsked)
        card.historyAsked.connect(self.historyAsked)
        card.whyAsked.connect(self.whyAsked)
        card.displayAsked.connect(self.displayAsked)
        card.guidanceAsked.connect(self.guidanceAsked)
        card.actAsked.connect(self.actAsked)
        card.holdAsked.connect(self.holdAsked)
        card.menuAsked.connect(self.menuAsked)
        card.memberAsked.connect(lambda name: self.open(name, self._targets[id(card)]))
        card.parentAsked.connect(lambda: self._open_parent(card))
        self.cards.append(card)
        card.set_limit(self._area().height())
        self._place(card)
        card.moved.connect(self._keep)
        card.show()
        card.raise_()
        card.setFocus()
        return card

    def _open_parent(self, card: Faceplate) -> None:
        """The equipment that it is inside of, with the keys where this one stands."""
        name = card.content.name
        outer = self.open(card.content.parent, self._targets[id(card)])
        if outer is not None and (row := outer.body.members.rows.get(name)) is not None:
            outer.scroller.ensureWidgetVisible(row, 0, 8)
            row.setFocus()

    def _make_room(self) -> bool:
        """False when every faceplate is pinned and there is no room for another."""
        while len(self.cards) >= LIMIT:
            loose = next((card for card in self.cards if not card.is_pinned), None)
            if loose is None:
                return False
            loose.close_card()
        return True

    def _place(self, card: Faceplate) -> None:
        others = [other.geometry() for other in self.cards if other is not card]
        box = place(self._targets[id(card)], card.size(), self._area(), others)
        self._wanted[id(card)] = box.topLeft()
        card.setGeometry(box)

    def _area(self) -> QRect:
        return self._window.working_area()  # type: ignore[attr-defined]

    def _gone(self, card: Faceplate) -> None:
        self.cards.remove(card)
        self._targets.pop(id(card), None)
        self._wanted.pop(id(card), None)
        self._made_of.pop(id(card), None)
        self._window.setFocus()

    def _keep(self, card: Faceplate) -> None:
        """Inside the working area after it grew, shrank or was moved; over its object only where the operator put it.

        One that grew for a moment goes back to where it was.
        """
        area, box, key = self._area(), card.geometry(), id(card)
        if card.is_dragged or key not in self._wanted:
            self._wanted[key] = box.topLeft()
        box.moveTopLeft(self._wanted[key])
        x = min(max(box.x(), area.left()), max(area.right() - box.width() + 1, area.left()))
        y = min(max(box.y(), area.top()), max(area.bottom() - box.height() + 1, area.top()))
        box.moveTo(x, y)
        if box.intersects(self._targets.get(key, QRect())) and not card.was_moved:
            self._place(card)
        elif box.topLeft() != card.pos():
            card.move(x, y)

    def keep_inside(self) -> None:
        for card in self.cards:
            card.set_limit(self._area().height())
            self._keep(card)

    def box_of(self, card: Faceplate) -> QRect:
        """Where the object of a faceplate is, in window coordinates."""
        return self._targets[id(card)]

    def setVisible(self, visible: bool) -> None:
        for card in self.cards:
            card.setVisible(visible)

    def display_left(self) -> None:
        """Another display is opened: what is pinned stays where it is, its object is no longer in view."""
        for card in list(self.cards):
            if card.is_pinned:
                card.was_moved = True
            else:
                card.close_card()

    def close_all(self) -> None:
        for card in list(self.cards):
            card.close_card()

    def renew(self, *, all_of_them: bool = False) -> None:
        """Another plant revision: a faceplate whose object changed is made again in its place."""
        for card in list(self.cards):
            content = content_of(card.content.name, self._station.catalogue)
            alike = content is not None and self._parts(content, card.tags) == self._made_of[id(card)]
            if alike and not all_of_them:
                continue
            place_now, box = self._wanted.get(id(card), card.pos()), self._targets[id(card)]
            pinned, moved = card.is_pinned, card.was_moved
            card.close_card()
            again = self.open(content.name, box) if content is not None else None
            if again is not None:
                again.was_moved = moved
                self._wanted[id(again)] = place_now
                again.set_pinned(pinned)
                self._keep(again)

    def _parts(self, content: Content, tags: Iterable[str]) -> tuple[object, ...]:
        """Everything of the plant that a faceplate shows."""
        known = self._station.catalogue.tags
        return content, *(known.get(tag) for tag in sorted(tags))

    def close_last(self) -> bool:
        """Close the one in use, else the last one opened; True when there was one."""
        if not self.cards:
            return False
        (self._in_use() or self.cards[-1]).close_card()
        return True

    def _in_use(self) -> Faceplate | None:
        """The one that has the keys."""
        focus = self._window.focusWidget()
        if focus is None:
            return None
        return next((card for card in self.cards if card is focus or card.isAncestorOf(focus)), None)

    def tags_of(self, target: str) -> list[str]:
        """The values that a trend of the object would show."""
        content = content_of(target, self._station.catalogue)
        return list(content.values) if content else []

    def display_of(self, target: str) -> str:
        """The address of the object's own display; empty for none."""
        content = content_of(target, self._station.catalogue)
        return content.display or self.address_of(content.name) if content else ""

    def main_tags(self) -> list[str]:
        """Of the faceplate in use, else of the last one opened."""
        used = self._in_use() or (self.cards[-1] if self.cards else None)
        return used.main_tags() if used else []


def _nowhere(_target: str) -> str:
    """Before a map of the plant is there."""
    return ""
