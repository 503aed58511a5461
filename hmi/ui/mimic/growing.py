"""Gives the texts of the picture in view the size that they have room for, a slice in each turn of the event loop."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from hmi.core.clock import monotonic_ns
from hmi.ui.mimic.direct import Direct
from hmi.ui.mimic.growth import SLICE_NS


class Growing(QObject):
    """``grown`` carries the indices of elements whose texts have another size now, to be painted."""

    grown = Signal(object)

    def __init__(self, view: QWidget) -> None:
        super().__init__(view)
        self._view = view
        self._picture: Direct | None = None
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._slice)

    def watch(self, picture: Direct | None) -> None:
        """The picture in view, just painted: what it lacks follows. None stops."""
        self._picture = picture
        if self._can_go_on() and not self._later.isActive():
            self._later.start(0)

    def _can_go_on(self) -> bool:
        """A picture that is not whole yet, or that nobody sees, waits until it was painted."""
        picture = self._picture
        return picture is not None and picture.is_whole and not picture.is_grown and self._view.isVisible()

    def _slice(self) -> None:
        if self._picture is None or not self._can_go_on():
            return
        try:
            found = self._picture.grow_texts(monotonic_ns() + SLICE_NS)
        finally:
            if self._can_go_on():
                self._later.start(0)
        if found:
            self.grown.emit(found)
