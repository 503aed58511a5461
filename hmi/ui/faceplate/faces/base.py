"""What every picture of a faceplate has: a size, a look that is compared, and a painter with the display's tool box."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Final

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from hmi.mimics import Limit, Reading, Shown, band_of, format_value
from hmi.ui.faceplate.source import ObjectSource
from hmi.ui.mimic.gauges import draw_empty
from hmi.ui.mimic.kit import CENTER, LEFT, RIGHT, Kit
from hmi.ui.paint import draw_frame
from hmi.ui.theme import Theme
from hmi.ui.zoom import zoomed

WIDTH: Final = 152
HEIGHT: Final = 184
_SMALL: Final = "text.small"


class Face(QWidget):
    """``look`` decides what is drawn from readings alone; it is painted again only when that changed.

    ``TOLD`` are the signals that it tells in words, so that no row has to.
    """

    TOLD: frozenset[str] = frozenset()

    def __init__(self, theme: Theme, source: ObjectSource) -> None:
        super().__init__()
        self._theme, self.source = theme, source
        self._look: Any = None
        self._kit: Kit | None = None
        self.setFixedSize(theme.px(WIDTH), theme.px(HEIGHT))

    # abstract by name only, as a widget's metaclass leaves no room for that of ABC; a test looks after it

    @abstractmethod
    def look(self) -> Any:
        """Everything that ``draw`` needs: a drive and a tank have nothing in common, so each kind says its own."""
        raise NotImplementedError

    @abstractmethod
    def words(self) -> str:
        """The same for a screen reader."""
        raise NotImplementedError

    @abstractmethod
    def draw(self, painter: QPainter, kit: Kit, look: Any) -> None:
        """Paint what ``look`` said, and nothing that has to be looked up."""
        raise NotImplementedError

    @property
    def shown(self) -> Any:
        """The look in view."""
        return self._look

    def refresh(self) -> None:
        look = self.look()
        if look != self._look:
            self._look = look
            self.setAccessibleName(self.words())
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._look is None:
            return
        with zoomed(self, self._theme) as (painter, theme, _):
            ratio = self.devicePixelRatioF()
            if self._kit is None or self._kit.ratio != ratio:
                self._kit = Kit(theme, scale=self._theme.scale, ratio=ratio)
            self.draw(painter, self._kit, self._look)


def scale_text(number: float, reading: Reading) -> str:
    """An end of a scale: in the tag's format, without what says nothing."""
    if float(number).is_integer() and abs(number) < 1e6:
        return format_value(int(number), None)
    return format_value(number, reading.info).strip()


def draw_ends(painter: QPainter, kit: Kit, body: QRectF, low: str, high: str, *, left: bool = True) -> None:
    """Figures at the ends of an upright scale."""
    x, align = (body.left() - 6, RIGHT) if left else (body.right() + 6, LEFT)
    for text, y in ((high, body.top() + 5), (low, body.bottom() + 2)):
        kit.text(painter, x, y, text, font=_SMALL, color="text.label", align=align)


def draw_limit_names(
    painter: QPainter, kit: Kit, x: float, top: float, bottom: float, limits: tuple[tuple[float, str], ...]
) -> None:
    """Names with figures beside an upright scale, the highest first, never one over the other."""
    last = top - 14.0
    for share, text in sorted(limits, reverse=True):
        y = max(bottom - share * (bottom - top) + 4, last + 13)
        kit.text(painter, x, y, text, font=_SMALL, color="text.secondary")
        last = y


def limit_names(limits: tuple[Limit, ...], low: float, high: float) -> tuple[tuple[float, str], ...]:
    """(share along the scale, name and figure) of the limits inside it."""
    return tuple(
        ((limit.value - low) / (high - low), f"{limit.name} {limit.value:g}")
        for limit in limits
        if low <= limit.value <= high
    )


def band_shares(reading: Reading, low: float, high: float) -> tuple[float, float] | None:
    band = band_of(reading.info)
    if band is None:
        return None
    one, two = (min(max((edge - low) / (high - low), 0.0), 1.0) for edge in band)
    return one, two


def draw_doubt(painter: QPainter, kit: Kit, body: QRectF, shown: Shown, *, mark: bool = True) -> None:
    """What tells that a scale is not to be relied on: empty and dashed for Bad, dotted for stale; with its mark."""
    if shown.frame == "dashed":
        draw_empty(painter, body, kit)
    elif shown.frame == "dotted":
        draw_frame(painter, kit.theme, "dotted", body.adjusted(-3, -3, 3, 3))
    if mark and shown.mark:
        kit.quality(painter, shown.mark, body.center().x(), body.center().y(), stale=shown.mark == "stale")


def draw_word(painter: QPainter, kit: Kit, x: float, y: float, text: str) -> None:
    kit.text(painter, x, y, text, font="text.word", color="text.secondary", align=CENTER)
