"""A value on its way from a display, a faceplate or a list to a trend."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QByteArray, QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDrag, QMouseEvent, QPainter, QPixmap
from PySide6.QtWidgets import QApplication, QWidget

from hmi.client.history import MOST_PENS
from hmi.ui.labels import short_tag
from hmi.ui.paint import metrics_of, painting
from hmi.ui.theme import Theme

MIME: Final = "application/x-watchkeeper-tags"
_MOST_BYTES: Final = 20_000


def mime_of(tags: Sequence[str]) -> QMimeData:
    """Names of tags for a trend, and as text for any other program."""
    data = QMimeData()
    data.setData(MIME, QByteArray(json.dumps(list(tags)).encode()))
    data.setText("\n".join(tags))
    return data


def tags_in(data: QMimeData) -> list[str]:
    """The tags that are carried; none in what came from elsewhere or is no list of names."""
    if not data.hasFormat(MIME):
        return []
    raw = bytes(data.data(MIME).data())
    if len(raw) > _MOST_BYTES:
        return []
    try:
        found = json.loads(raw)
    except ValueError:
        return []
    return [name for name in found if isinstance(name, str)][:MOST_PENS] if isinstance(found, list) else []


def drag_tags(source: QWidget, theme: Theme, tags: Sequence[str]) -> None:
    """Carry tags until the button is released. Qt turns the event loop itself meanwhile: values go on arriving."""
    if not tags:
        return
    drag = QDrag(source)
    drag.setMimeData(mime_of(tags))
    drag.setPixmap(_ticket(theme, tags))
    drag.setHotSpot(QPoint(-10, -4))
    drag.exec(Qt.DropAction.CopyAction)


def _ticket(theme: Theme, tags: Sequence[str]) -> QPixmap:
    """What hangs on the pointer."""
    text = short_tag(tags[0]) + (f" +{len(tags) - 1}" if len(tags) > 1 else "")
    font = theme.font("text.word")
    metrics = metrics_of(font)
    picture = QPixmap(round(metrics.horizontalAdvance(text)) + 24, round(metrics.height()) + 10)
    picture.fill(theme.color("tooltip"))
    with painting(picture) as painter:
        painter.setPen(theme.color("outline.body"))
        painter.drawRect(picture.rect().adjusted(0, 0, -1, -1))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(font)
        painter.setPen(theme.color("text"))
        painter.drawText(QPointF(12, 5 + metrics.ascent()), text)
    return picture


class DragWatch:
    """Tells a drag from a click: ``press`` remembers, ``moved`` says once that it has become a drag."""

    def __init__(self) -> None:
        self._tags: list[str] = []
        self._at = QPointF()

    def press(self, event: QMouseEvent, tags: Sequence[str]) -> None:
        is_left = event.button() == Qt.MouseButton.LeftButton
        self._tags, self._at = (list(tags) if is_left else []), event.position()

    def moved(self, event: QMouseEvent) -> list[str]:
        """The tags to carry, once they are."""
        if not self._tags or not event.buttons() & Qt.MouseButton.LeftButton:
            return []
        if (event.position() - self._at).manhattanLength() < QApplication.startDragDistance():
            return []
        tags, self._tags = self._tags, []
        return tags

    def release(self) -> bool:
        """True when it was a click."""
        was_click, self._tags = bool(self._tags), []
        return was_click
