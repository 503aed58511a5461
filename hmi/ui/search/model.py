"""The rows of a search: numbers into the index, turned into texts only where they are in view."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

from hmi.core.texts import tr
from hmi.ui.search.index import Entry, Index

AnyIndex = QModelIndex | QPersistentModelIndex
KINDS = {"display": "Display", "equipment": "Equipment", "alarm": "Alarm", "tag": "Tag"}


class HitModel(QAbstractListModel):
    """``show`` begins a new answer, ``extend`` adds to it without moving what is there."""

    def __init__(self) -> None:
        super().__init__()
        self._index = Index()
        self._hits: list[int] = []

    def show(self, index: Index, hits: list[int]) -> None:
        self.beginResetModel()
        self._index, self._hits = index, list(hits)
        self.endResetModel()

    def extend(self, hits: list[int]) -> None:
        first = len(self._hits)
        if len(hits) > first:
            self.beginInsertRows(QModelIndex(), first, len(hits) - 1)
            self._hits.extend(hits[first:])
            self.endInsertRows()

    def entry(self, row: int) -> Entry:
        return self._index[self._hits[row]]

    def rowCount(self, parent: AnyIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._hits)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._hits):
            return None
        if role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole}:
            entry = self.entry(index.row())
            return " · ".join(filter(None, (tr(KINDS[entry.kind]), entry.title, entry.detail, entry.area)))
        return None
