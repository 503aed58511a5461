"""Paints a picture, or a marked box in its place."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPixmap

from hmi.mimics import Element
from hmi.ui.images import decoded
from hmi.ui.mimic.kit import CENTER, Kit
from hmi.ui.paint import Stamps, draw_badge

_MOST_KEPT = 8 * 2**20  # device pixels
_copies = Stamps(64 * 2**20)  # bytes
_MOST_LINES = 3


def dynamic(painter: QPainter, element: Element, look: tuple[Any, ...], kit: Kit) -> None:
    name, state = look
    box = QRectF(element.x, element.y, element.w, element.h)
    picture = decoded(state.digest) if state.digest else None
    if picture is None:
        _placeholder(painter, box, name, state.problem, kit)
        return
    target = box if element.get("fit") == "stretch" else _inside(box, picture)
    if target.width() >= 1 and target.height() >= 1:
        _draw(painter, target, picture, state.digest, kit.scale * kit.ratio)


def _inside(box: QRectF, picture: QImage) -> QRectF:
    """As large as fits, in the middle."""
    scale = min(box.width() / picture.width(), box.height() / picture.height())
    w, h = picture.width() * scale, picture.height() * scale
    return QRectF(round(box.x() + (box.width() - w) / 2), round(box.y() + (box.height() - h) / 2), w, h)


def _draw(painter: QPainter, target: QRectF, picture: QImage, digest: str, density: float) -> None:
    """From the copy in the size that is seen; a copy beyond ``_MOST_KEPT`` is scaled each time."""
    width, height = max(1, round(target.width() * density)), max(1, round(target.height() * density))
    if width * height > _MOST_KEPT:
        painter.drawImage(target, picture)
        return
    key = (digest, width, height, density)
    copy = _copies.get(key)
    if copy is None:
        size = QSize(width, height)
        smooth = Qt.TransformationMode.SmoothTransformation
        copy = QPixmap.fromImage(picture.scaled(size, Qt.AspectRatioMode.IgnoreAspectRatio, smooth))
        copy.setDevicePixelRatio(density)
        _copies.keep(key, copy)
    painter.drawPixmap(target.topLeft(), copy)


def _placeholder(painter: QPainter, box: QRectF, name: str, problem: str, kit: Kit) -> None:
    """A dashed box that says which picture is missing and why; W while it is awaited."""
    kit.dashed_box(painter, box.x() + 1, box.y() + 1, box.width() - 2, box.height() - 2)
    if box.width() < 24 or box.height() < 24:
        return
    middle = box.center()
    lines = [kit.fitted("text.small", name, box.width() - 16), *_wrapped(problem, box.width() - 16, kit)]
    lines = [line for line in lines if line]
    room = box.height() >= 34 + 16 * len(lines)
    y = middle.y() - (8 * len(lines) if room else 0)
    draw_badge(painter, kit.theme, "K" if problem else "W", QRectF(middle.x(), y, 0, 0).center())
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for n, text in enumerate(lines if room else ()):
        kit.text(
            painter, middle.x(), y + 24 + 16 * n, text, font="text.small", color="text.label", align=CENTER
        )


def _wrapped(text: str, room: float, kit: Kit) -> list[str]:
    """Words in at most three lines."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and len(lines) < _MOST_LINES and kit.width("text.small", longer) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return [kit.fitted("text.small", line, room) for line in lines]
