"""Tiles of one height in as many equal columns as there is room for."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem


class Tiles(QLayout):
    """``least`` is the least width of a tile, ``height`` that of each, in pixels. There are as few columns as give
    the same number of rows, and the tiles of the last row share all of its width.
    """

    def __init__(self, least: int, height: int, gap: int = 10) -> None:
        super().__init__()
        self._least, self._height, self._gap = least, height, gap
        self._items: list[QLayoutItem] = []
        self.setContentsMargins(0, 0, 0, 0)

    def columns(self, width: int) -> int:
        """How many tiles stand side by side."""
        count = max(len(self._items), 1)
        room = max(1, min((width + self._gap) // (self._least + self._gap), count))
        return -(-count // -(-count // room))

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation.Horizontal

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        rows = -(-len(self._items) // self.columns(width))
        return rows * self._height + max(rows - 1, 0) * self._gap

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        columns = self.columns(rect.width())
        for index, item in enumerate(self._items):
            row, column = divmod(index, columns)
            own = min(columns, len(self._items) - row * columns)
            wide = (rect.width() - (own - 1) * self._gap) / own
            left = rect.x() + round(column * (wide + self._gap))
            right = rect.x() + round(column * (wide + self._gap) + wide)
            top = rect.y() + row * (self._height + self._gap)
            item.setGeometry(QRect(left, top, right - left, self._height))

    def sizeHint(self) -> QSize:
        return QSize(self._least, self._height)

    def minimumSize(self) -> QSize:
        return QSize(min(self._least, 200), self._height)
