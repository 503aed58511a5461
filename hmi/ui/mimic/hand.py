"""What a pointer does with a control of a scene: press, drag, let go. Says which part is meant, never what is sent."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QObject, QPointF, Signal

from hmi.mimics import Grip, Scene

FINE: Final = 0.1
"""What a pixel of a drag with Shift counts."""


class Hand(QObject):
    """One press at a time; points are in pixels of the display.

    A control acts when it is let go where it was pressed: who moves away before has changed his mind.
    """

    activated = Signal(int)
    gripped = Signal(int, object, bool)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.index = -1
        self._grip: Grip | None = None
        self._anchor: tuple[float, float, bool] = (0.0, 0.0, False)

    @property
    def drags(self) -> bool:
        return self._grip is not None and self._grip.kind == "share"

    def press(self, scene: Scene, index: int, at: QPointF) -> None:
        """Take hold of a control; on a track a drag begins."""
        self.index, self._grip = index, part_of(scene, index, at)
        if self._grip is not None and self.drags:
            self._anchor = (self._grip.amount, self._grip.amount, False)
            self.gripped.emit(index, self._grip, False)

    def move(self, scene: Scene, at: QPointF, *, fine: bool) -> None:
        """Carry a drag on."""
        if self._grip is None or not self.drags:
            return
        raw = self._share(scene, at)
        anchor_raw, anchor, was_fine = self._anchor
        if fine is not was_fine:
            anchor_raw, anchor = raw, self._grip.amount
            self._anchor = (anchor_raw, anchor, fine)
        share = anchor + (raw - anchor_raw) * (FINE if fine else 1.0)
        self._grip = Grip("share", min(max(share, 0.0), 1.0))
        self.gripped.emit(self.index, self._grip, False)

    def release(self, scene: Scene, index: int, at: QPointF) -> None:
        """Let go over element ``index`` (-1 for none)."""
        held, grip, drags = self.index, self._grip, self.drags
        self.index, self._grip = -1, None
        if held < 0 or not (drags or (index == held and part_of(scene, index, at) == grip)):
            return
        if grip is not None:
            self.gripped.emit(held, grip, True)
        else:
            self.activated.emit(held)

    def let_go(self) -> None:
        """Give up what is held; nothing is meant by it."""
        self.index, self._grip = -1, None

    def _share(self, scene: Scene, at: QPointF) -> float:
        """The place along the track, whatever the height of the pointer; beyond the track its end."""
        element = scene.elements[self.index]
        found = part_of(scene, self.index, QPointF(at.x(), element.y + element.h / 2))
        if found is not None and found.kind == "share":
            return found.amount
        return 0.0 if at.x() < element.x + element.w / 2 else 1.0


def part_of(scene: Scene, index: int, at: QPointF) -> Grip | None:
    """The part of a control at a point."""
    element = scene.elements[index]
    definition = element.definition
    if definition is None or definition.grip is None:
        return None
    return definition.grip(element, scene.looks[index], at.x(), at.y())


def is_control(scene: Scene | None, index: int) -> bool:
    """True for an element that asks for a command when it is pressed."""
    definition = scene.elements[index].definition if scene is not None and index >= 0 else None
    return definition is not None and bool(definition.control)


def presses_again(scene: Scene | None, index: int, at: QPointF) -> bool:
    """Whether the second half of a double click counts: on a control only for steps, which send nothing."""
    if scene is None or not is_control(scene, index):
        return True
    part = part_of(scene, index, at)
    return part is not None and part.kind == "step"
