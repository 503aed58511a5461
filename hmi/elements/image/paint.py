"""Paints a picture, or a marked box in its place."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage, QPainter

from hmi.mimics import Element
from hmi.ui.images import decoded
from hmi.ui.mimic.kit import CENTER, Kit
from hmi.ui.paint import draw_badge

_MOST_KEPT = 8 * 2**20  # device pixels of a scaled copy worth keeping
_MOST_LINES = 3


def dynamic(painter: QPainter, element: Element, look: tuple[Any, ...], kit: Kit) -> None:
    name, state = look
    box = QRectF(element.x, element.y, element.w, element.h)
    picture = decoded(state.digest) if state.digest else None
    if picture is None:
        _placeholder(painter, box, name, state.problem, kit)
        return
    target = box if element.get("fit") == "stretch" else _inside(box, picture)
    if target.width() < 1 or target.height() < 1:
        return
    if target.width() * target.height() * (kit.scale * kit.ratio) ** 2 > _MOST_KEPT:
        painter.save()
        _draw(painter, target, picture)
        painter.restore()
    else:
        kit.symbol(painter, ("image", state.digest), target, lambda p, _t, b: _draw(p, b, picture))


def _inside(box: QRectF, picture: QImage) -> QRectF:
    """As large as fits, in the middle."""
    scale = min(box.width() / picture.width(), box.height() / picture.height())
    w, h = picture.width() * scale, picture.height() * scale
    return QRectF(round(box.x() + (box.width() - w) / 2), round(box.y() + (box.height() - h) / 2), w, h)


def _draw(painter: QPainter, box: QRectF, picture: QImage) -> None:
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(box, picture)


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
