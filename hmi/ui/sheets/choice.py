"""A list of rows of which one is chosen and stays so while it is among them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

from PySide6.QtCore import Signal

from hmi.ui.rows import PaintRow, RowList, RowModel
from hmi.ui.theme import Theme

Row = TypeVar("Row")


class ChoiceList(RowList, Generic[Row]):
    """``turned``: another row is the chosen one. ``key`` tells one row from the others over two answers."""

    turned = Signal()

    def __init__(
        self, theme: Theme, height: int, paint_row: PaintRow, *, spoken: Callable[[Row], str],
        key: Callable[[Row], Hashable], name: str,
    ) -> None:  # fmt: skip
        super().__init__(theme, height, paint_row)
        self._key = key
        self._model = RowModel[Row](spoken)
        self.setModel(self._model)
        self.setAccessibleName(name)
        self.selectionModel().currentChanged.connect(lambda *_: self.turned.emit())

    @property
    def rows(self) -> list[Row]:
        return self._model.rows

    @property
    def current(self) -> Row | None:
        rows = self.rows
        return rows[self.chosen] if 0 <= self.chosen < len(rows) else None

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Other rows; where only their contents are others the place that is looked at stays."""
        if list(rows) == self.rows:
            return
        was = self.current
        if [self._key(row) for row in rows] == [self._key(row) for row in self.rows]:
            self._model.rows = list(rows)
            self.viewport().update()
            return
        self._model.set_rows(rows)
        places = [n for n, row in enumerate(rows) if was is not None and self._key(row) == self._key(was)]
        self.choose(places[0] if places else 0)
