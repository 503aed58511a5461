"""Makes the sharp picture for where the camera has got to, in slices, while the last one goes on being shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal

from hmi.core.clock import NS_PER_MS, monotonic_ns
from hmi.ui.mimic.sight import Sight

REST_MS: Final = 80
"""How long the last picture is stretched before a sharp one is begun; also while a gesture goes on."""
SLICE_NS: Final = 8 * NS_PER_MS
_CHUNK: Final = 4  # elements between two looks at the clock


class Sharpening(QObject):
    """One picture at a time. What changes while it is made is painted into it before anybody sees it."""

    made = Signal(object)

    def __init__(self, build: Callable[[], Sight | None], parent: QObject) -> None:
        super().__init__(parent)
        self._build = build
        self.picture: Sight | None = None
        self._waiting: dict[int, None] = {}
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.timeout.connect(self._begin)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._slice)

    @property
    def is_busy(self) -> bool:
        return self.picture is not None or self._rest.isActive()

    def begin(self, after_ms: int = REST_MS) -> None:
        """Make a picture soon; one that is asked for or being made already is not put off."""
        if self.picture is None and not (self._rest.isActive() and self._rest.remainingTime() <= after_ms):
            self._rest.start(after_ms)

    def stop(self) -> None:
        """Nothing made so far is wanted any more."""
        self.picture = None
        self._waiting.clear()
        self._rest.stop()
        self._later.stop()

    def ask(self, indices: Iterable[int]) -> None:
        """The looks of these elements changed."""
        if self.picture is not None:
            self._waiting.update(dict.fromkeys(indices))

    def _begin(self) -> None:
        self.picture = self._build()
        if self.picture is not None:
            self._later.start(0)

    def _slice(self) -> None:
        picture = self.picture
        if picture is None:
            return
        try:
            done = self._paint_until(picture, monotonic_ns() + SLICE_NS)
        except Exception:
            self._later.start(0)  # a painter that fails leaves its place empty and stops no other
            raise
        if not done:
            self._later.start(0)
            return
        self.picture = None
        self.made.emit(picture)

    def _paint_until(self, picture: Sight, deadline_ns: int) -> bool:
        if not picture.grow(deadline_ns):
            return False
        while self._waiting:
            chunk = list(islice(self._waiting, _CHUNK))
            for index in chunk:
                del self._waiting[index]
            picture.draw(chunk)
            if monotonic_ns() >= deadline_ns:
                break
        return not self._waiting
