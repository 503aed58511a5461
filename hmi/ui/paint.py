"""Drawing of alarm marks and quality marks, the same wherever the product shows them.

Everything takes design coordinates and a painter that may be scaled. Marks are stamped from a cache of
pixmaps by theme, mark, state, size and density: a flood of alarms costs one blit for each. The cache holds
``STAMP_BYTES``; what was drawn first leaves first.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import lru_cache
from math import ceil
from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPaintDevice, QPainter, QPainterPath, QPen, QPixmap

from hmi.ui.theme import Theme, make_font

BLINK_PERIOD_NS: Final = 1_250_000_000  # 0.8 Hz, half of it on (standards 2.4)
MARK_SIZE: Final = 22.0
BADGE_SIZE: Final = 15.0
TAG: Final = "tag"  # the badge of what must not be operated


def blink_on(monotonic_ns: int) -> bool:
    """Phase of every blinking mark of the station: all marks ask the same clock, so all are in phase."""
    return monotonic_ns % BLINK_PERIOD_NS < BLINK_PERIOD_NS // 2


Draw = Callable[[QPainter, QPointF], None]
STAMP_BYTES: Final = 16 * 2**20
_BYTES_PER_PIXEL: Final = 4


class Stamps:
    """Pictures by what they show, up to a number of bytes."""

    def __init__(self, limit: int = STAMP_BYTES) -> None:
        self._limit, self._bytes = limit, 0
        self._pictures: OrderedDict[tuple[object, ...], QPixmap] = OrderedDict()

    def __len__(self) -> int:
        return len(self._pictures)

    def get(self, key: tuple[object, ...]) -> QPixmap | None:
        return self._pictures.get(key)

    def keep(self, key: tuple[object, ...], picture: QPixmap) -> QPixmap:
        """Take a new picture; the oldest ones leave until all fit."""
        self._pictures[key] = picture
        self._bytes += _size_of(picture)
        while self._bytes > self._limit and len(self._pictures) > 1:
            self._bytes -= _size_of(self._pictures.popitem(last=False)[1])
        return picture


def _size_of(picture: QPixmap) -> int:
    return picture.width() * picture.height() * _BYTES_PER_PIXEL


_stamps = Stamps()


def _density(painter: QPainter) -> float:
    """Device pixels for one design pixel; 0 when the painter turns or shears."""
    transform = painter.transform()
    if transform.isRotating() or transform.m11() != transform.m22():
        return 0.0
    device = painter.device()
    return transform.m11() * (device.devicePixelRatioF() if device is not None else 1.0)


def stamp(
    painter: QPainter,
    theme: Theme,
    key: tuple[object, ...],
    center: QPointF,
    size: tuple[float, float],
    draw: Draw,
) -> None:
    """Paint what ``draw`` draws around a centre, from the cache where it was drawn before."""
    density = _density(painter)
    if density <= 0.0:
        draw(painter, center)
        return
    width, height = ceil(size[0] * density / 2) * 2, ceil(size[1] * density / 2) * 2
    whole = (theme.name, round(density, 3), width, height, *key)
    picture = _stamps.get(whole)
    if picture is None:
        picture = _stamps.keep(whole, _drawn(width, height, density, draw))
    painter.drawPixmap(QPointF(center.x() - width / density / 2, center.y() - height / density / 2), picture)


def _drawn(width: int, height: int, density: float, draw: Draw) -> QPixmap:
    picture = QPixmap(width, height)
    picture.fill(QColor(0, 0, 0, 0))
    picture.setDevicePixelRatio(density)
    with painting(picture) as inner:
        draw(inner, QPointF(width / density / 2, height / density / 2))
    return picture


@contextmanager
def painting(device: QPaintDevice) -> Generator[QPainter, None, None]:
    """A painter that ends whatever happens: a picture or widget that goes before its painter, or is painted again
    beside it, takes the process with it.
    """
    painter = QPainter(device)
    try:
        yield painter
    finally:
        painter.end()


@lru_cache(maxsize=64)
def metrics_of(font: QFont) -> QFontMetricsF:
    """Metrics of a shared font."""
    return QFontMetricsF(font)


@lru_cache(maxsize=64)
def mark_path(priority: int, size: float) -> QPainterPath:
    """Square, triangle up, triangle down or circle around the origin (standards 2.4)."""
    half = size / 2
    path = QPainterPath()
    if priority == 1:
        path.addRect(QRectF(-half + 1.5, -half + 1.5, size - 3, size - 3))
    elif priority == 2:
        path.addPolygon([QPointF(0, -half), QPointF(half, half - 1.5), QPointF(-half, half - 1.5)])
        path.closeSubpath()
    elif priority == 3:
        path.addPolygon([QPointF(0, half), QPointF(half, -half + 1.5), QPointF(-half, -half + 1.5)])
        path.closeSubpath()
    else:
        path.addEllipse(QRectF(-half + 1, -half + 1, size - 2, size - 2))
    return path


_DIGIT_SHIFT: Final = {1: 0.0, 2: 0.13, 3: -0.13, 4: 0.0}


def draw_alarm_mark(
    painter: QPainter,
    theme: Theme,
    priority: int,
    center: QPointF,
    *,
    size: float = MARK_SIZE,
    lit: bool = True,
) -> None:
    """Priority as shape, number and colour; ``lit`` False is the dark half of a blinking border.

    The border blinks, the number never does.
    """

    def draw(inner: QPainter, at: QPointF) -> None:
        _alarm_mark(inner, theme, priority, at, size, lit)

    stamp(painter, theme, ("alarm", priority, size, lit), center, (size + 4, size + 4), draw)


def _alarm_mark(
    painter: QPainter, theme: Theme, priority: int, center: QPointF, size: float, lit: bool
) -> None:
    painter.save()
    painter.translate(center)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    width = max(1.5, size / 12)
    border = QPen(theme.color("outline" if lit else f"alarm.p{priority}"), width)
    border.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    painter.setPen(border)
    painter.setBrush(theme.brush(f"alarm.p{priority}"))
    painter.drawPath(mark_path(priority, size - width))
    font = make_font(size * 0.52, 700)
    painter.setFont(font)
    painter.setPen(theme.color(f"alarm.p{priority}.text"))
    metrics = metrics_of(font)
    text = str(priority)
    x = -metrics.horizontalAdvance(text) / 2
    painter.drawText(QPointF(x, metrics.capHeight() / 2 + size * _DIGIT_SHIFT[priority]), text)
    painter.restore()


def draw_alarm_frame(
    painter: QPainter, theme: Theme, priority: int, box: QRectF, *, lit: bool = True
) -> None:
    """The rounded frame around a value in alarm: priority colour between two thin outlines."""

    def draw(inner: QPainter, at: QPointF) -> None:
        own = QRectF(at.x() - box.width() / 2, at.y() - box.height() / 2, box.width(), box.height())
        _alarm_frame(inner, theme, priority, own, lit)

    key = ("frame", priority, round(box.width(), 2), round(box.height(), 2), lit)
    stamp(painter, theme, key, box.center(), (box.width() + 6, box.height() + 6), draw)


def _alarm_frame(painter: QPainter, theme: Theme, priority: int, box: QRectF, lit: bool) -> None:
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(theme.color("outline" if lit else "panel"), 3.8))
    painter.drawRoundedRect(box, 4, 4)
    painter.setPen(QPen(theme.alarm(priority), 2.4))
    painter.drawRoundedRect(box, 4, 4)
    painter.restore()


def badge_width(theme: Theme, letter: str) -> float:
    """How wide the box of a badge is: one letter fills a square."""
    metrics = metrics_of(theme.plain.font("badge"))
    return BADGE_SIZE if letter == TAG else max(BADGE_SIZE, metrics.horizontalAdvance(letter) + 7)


def draw_badge(
    painter: QPainter,
    theme: Theme,
    letter: str,
    center: QPointF,
    *,
    solid: bool = False,
    dashed: bool = False,
) -> float:
    """A letter in a small box (A, M, CAS, L, S, F, …); ``solid`` for what an operator must notice. Its width.

    ``tag`` is a T in the shape of a tag that hangs on the equipment: do not operate. ``dashed`` is the box of a
    cause of Bad quality: none of them is taken for a mode.
    """
    width = badge_width(theme, letter)

    def draw(inner: QPainter, at: QPointF) -> None:
        _badge(inner, theme, letter, at, width, solid, dashed)

    stamp(painter, theme, ("badge", letter, solid, dashed), center, (width + 7, BADGE_SIZE + 3), draw)
    return width


def _badge(
    painter: QPainter, theme: Theme, letter: str, center: QPointF, width: float, solid: bool, dashed: bool
) -> None:
    font = theme.plain.font("badge")
    metrics = metrics_of(font)
    box = QRectF(center.x() - width / 2, center.y() - BADGE_SIZE / 2, width, BADGE_SIZE)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    edge = QPen(theme.color("text.secondary" if solid or dashed else "pipe.minor"), 1.2 if dashed else 1.0)
    if dashed:
        edge.setDashPattern([2.2, 1.8])
        edge.setCapStyle(Qt.PenCapStyle.FlatCap)
    painter.setPen(edge)
    painter.setBrush(theme.brush("text.secondary" if solid else "panel"))
    shift = 0.0
    if letter == TAG:
        painter.drawPath(_tag_path(box))
        letter, shift = "T", 2.5
    elif dashed:
        painter.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5))
    else:
        painter.drawRoundedRect(box, 2.5, 2.5)
    painter.setFont(font)
    painter.setPen(theme.color("panel" if solid else "text.secondary"))
    x = center.x() - metrics.horizontalAdvance(letter) / 2 + shift
    painter.drawText(QPointF(x, center.y() + metrics.capHeight() / 2), letter)
    painter.restore()


def _tag_path(box: QRectF) -> QPainterPath:
    """A label with a pointed end on the left and a hole in it."""
    left, middle = box.left() - 2, box.center().y()
    path = QPainterPath(QPointF(left, middle))
    path.lineTo(QPointF(left + 6, box.top()))
    path.lineTo(box.topRight())
    path.lineTo(box.bottomRight())
    path.lineTo(QPointF(left + 6, box.bottom()))
    path.closeSubpath()
    path.addEllipse(QPointF(left + 5, middle), 1.6, 1.6)
    return path


def draw_clock(painter: QPainter, theme: Theme, center: QPointF, *, size: float = 13.0) -> None:
    """The glyph of a stale value."""

    def draw(inner: QPainter, at: QPointF) -> None:
        _clock(inner, theme, at, size)

    stamp(painter, theme, ("clock", size), center, (size + 4, size + 4), draw)


def _clock(painter: QPainter, theme: Theme, center: QPointF, size: float) -> None:
    half = size / 2
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.color("text.secondary"), 1.4))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawEllipse(center, half, half)
    painter.drawLine(center, QPointF(center.x(), center.y() - half * 0.62))
    painter.drawLine(center, QPointF(center.x() + half * 0.5, center.y() + half * 0.22))
    painter.restore()


def draw_broken(painter: QPainter, theme: Theme, at: QPointF, *, size: float = 13.0) -> None:
    """The bolt of a value outside its engineering range."""

    def draw(inner: QPainter, center: QPointF) -> None:
        _broken(inner, theme, center, size)

    stamp(painter, theme, ("broken", size), at, (size + 4, size + 4), draw)


def _broken(painter: QPainter, theme: Theme, at: QPointF, size: float) -> None:
    h = size / 2
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.color("text.secondary"), 1.6))
    x, y = at.x(), at.y()
    points = [
        QPointF(x + h * 0.5, y - h),
        QPointF(x - h * 0.4, y + 0.1 * h),
        QPointF(x + h * 0.4, y - 0.1 * h),
    ]
    painter.drawPolyline([*points, QPointF(x - h * 0.5, y + h)])
    painter.drawPolyline(
        [QPointF(x - h * 0.6, y + h * 0.4), QPointF(x - h * 0.5, y + h), QPointF(x + h * 0.1, y + h * 0.8)]
    )
    painter.restore()


def draw_frame(painter: QPainter, theme: Theme, style: str, box: QRectF) -> None:
    """Dashed frame of a Bad value, dotted frame of a stale one (standards 2.8)."""
    painter.save()
    painter.setPen(_frame_pen(theme, style))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(box)
    painter.restore()


@lru_cache(maxsize=16)
def _frame_pen(theme: Theme, style: str) -> QPen:
    pen = QPen(theme.color("text.secondary"), 1.2 if style == "dashed" else 1.6)
    pen.setDashPattern([4.0, 3.0] if style == "dashed" else [1.0, 2.0])
    return pen


def mark_width(mark: str) -> float:
    """Room that ``draw_quality_mark`` needs to the right of a value."""
    return 0.0 if not mark else 20.0


def draw_quality_mark(painter: QPainter, theme: Theme, mark: str, left: QPointF) -> None:
    """One mark of standards 2.8 with its left middle at ``left``.

    ``?`` uncertain, ``stale`` clock, ``↯`` out of range, ``↓ ↑`` limited; a letter otherwise: dashed C comms,
    S sensor, D device, K configuration, O out of service, W waiting; plain M manual; solid F forced, solid S for
    ``sim`` simulated.
    """
    center = QPointF(left.x() + 9, left.y())
    if mark == "stale":
        draw_clock(painter, theme, center)
    elif mark == "↯":
        draw_broken(painter, theme, center)
    elif mark in {"?", "↓", "↑"}:
        painter.setFont(theme.plain.font("value.small"))
        painter.setPen(theme.color("text.secondary"))
        painter.drawText(QPointF(left.x() + 3, left.y() + 5.5), mark)
    elif mark:
        solid = mark in {"F", "sim"}
        letter = "S" if mark == "sim" else mark
        draw_badge(painter, theme, letter, center, solid=solid, dashed=not solid and mark != "M")
