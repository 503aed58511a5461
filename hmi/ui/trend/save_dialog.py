"""Asks where a file is written, without an event loop of its own.

The file dialogue of Qt asks whether to replace a file, and opens its menus, from a loop of its own with the question
on the stack: when the dialogue is taken down meanwhile, by another revision of the plant for one, the process ends.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QFileInfo, Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from hmi.core.texts import tr
from hmi.ui.closing import Question
from hmi.ui.theme import Theme
from hmi.ui.widgets import FlatButton, Text


class ReplaceQuestion(Question):
    """``answered`` carries whether to replace the file; keeping it is the default."""

    answered = Signal(bool)

    def __init__(self, theme: Theme, name: str, parent: QWidget) -> None:
        super().__init__(theme, parent, parent.rect)
        self.setWindowTitle(tr("Replace a file"))
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 16)
        column.setSpacing(12)
        column.addWidget(Text(theme, tr("Replace the file that is there?"), font="title"))
        text = Text(theme, tr("{name} is already in this folder.", name=name), wrap=True)
        text.setMinimumWidth(theme.px(320))
        column.addWidget(text)
        row = QHBoxLayout()
        row.addStretch(1)
        self.replace = FlatButton(theme, tr("Replace"), lambda: self.settle(True))
        self.keep = FlatButton(theme, tr("Keep it"), lambda: self.settle(False), strong=True)
        row.addWidget(self.replace)
        row.addWidget(self.keep)
        column.addLayout(row)
        self.keep.setFocus()
        self.rejected.connect(lambda: self.settle(False))


class SaveDialog(QFileDialog):
    """Stands beside everything and stops nothing; ``fileSelected`` carries the path, once. It is deleted when closed.

    Folders are looked at and not changed: nothing on the disk is made, renamed or removed from here.
    """

    def __init__(self, theme: Theme, title: str, parent: QWidget) -> None:
        super().__init__(parent, title)
        self._theme = theme
        self.question: ReplaceQuestion | None = None
        """The question whether to replace a file, while it is open."""
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        option = QFileDialog.Option
        self.setOptions(option.DontUseNativeDialog | option.DontConfirmOverwrite | option.ReadOnly)
        for view in self.findChildren(QAbstractItemView):
            view.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)

    def propose(self, folder: Path, name: str, name_filter: str) -> None:
        """The file to begin with; ``name_filter`` is one of Qt (``CSV (*.csv)``) with the ending of ``name``."""
        self.setNameFilter(name_filter)
        self.setDefaultSuffix(Path(name).suffix.removeprefix("."))
        self.setDirectory(str(folder))
        self.selectFile(name)

    def accept(self) -> None:
        files = self.selectedFiles()
        info = QFileInfo(files[0]) if files else None
        if info is None or info.isDir() or not info.exists():
            super().accept()
        elif self.question is None:
            self.question = ReplaceQuestion(self._theme, info.fileName(), self)
            self.question.answered.connect(self._take)
            self.question.open()

    def done(self, result: int) -> None:
        """A question that is open goes unanswered."""
        if self.question is not None:
            self.question.settle(False)
        super().done(result)

    def _take(self, replaces: bool) -> None:
        self.question = None
        if replaces:
            super().accept()
