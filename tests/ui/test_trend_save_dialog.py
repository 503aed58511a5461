"""Where a trend is written is asked without an event loop of its own, so the trend may go at any moment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import QEvent, QTimer
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QDialogButtonBox,
    QPushButton,
    QToolButton,
    QWidget,
)
from shell_plant import Desk
from trend_plant import FLOW, LEVEL, open_trends

from hmi.ui.trend import acts
from hmi.ui.trend.panel import TrendPanel
from hmi.ui.trend.save_dialog import ReplaceQuestion, SaveDialog

pytestmark = pytest.mark.qt


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(acts, "files_folder", lambda: tmp_path)
    return tmp_path


@pytest.fixture
def desk(qtbot: Any) -> Iterator[Desk]:
    with open_trends(qtbot) as made:
        yield made


def asked(desk: Desk, qtbot: Any) -> tuple[TrendPanel, SaveDialog, Path]:
    """A dialogue that proposes a file that is there already."""
    desk.window.open_trend([FLOW, LEVEL])
    panel = desk.window.trends[0]
    qtbot.waitUntil(lambda: all(len(pen.curve) for pen in panel.pens))
    panel.acts.ask_file("csv")
    dialog = panel.acts.dialog
    assert dialog is not None
    file = Path(dialog.selectedFiles()[0])
    file.write_text("before")
    return panel, dialog, file


def click_save(dialog: SaveDialog) -> None:
    box = dialog.findChild(QDialogButtonBox)
    assert box is not None
    next(button for button in box.findChildren(QPushButton) if "Save" in button.text()).click()


class NoLoop:
    """Counts the turns of an event loop inside it; a question that Qt asks itself is closed, so that it ends."""

    def __init__(self) -> None:
        self.turns = 0
        self._timer = QTimer()
        self._timer.timeout.connect(self._turned)

    def __enter__(self) -> NoLoop:
        self._timer.start(0)
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.stop()

    def _turned(self) -> None:
        self.turns += 1
        for widget in (QApplication.activePopupWidget(), QApplication.activeModalWidget()):
            if widget is not None:
                widget.close()


def question_of(dialog: SaveDialog) -> ReplaceQuestion:
    assert dialog.question is not None
    return dialog.question


def test_a_file_that_is_there_is_replaced_when_that_is_said(desk: Desk, qtbot: Any, folder: Path) -> None:
    panel, dialog, file = asked(desk, qtbot)
    said: list[str] = []
    panel.said.connect(said.append)
    with NoLoop() as loop:
        click_save(dialog)
    assert loop.turns == 0
    assert question_of(dialog).isVisible()
    question_of(dialog).replace.click()
    qtbot.waitUntil(lambda: said == [f"Written: {file}"])
    assert file.read_text(encoding="utf-8-sig").startswith("tag")
    assert panel.acts.dialog is None


@pytest.mark.parametrize("give_up", ["keep", "escape"])
def test_a_file_that_is_kept_is_not_touched_and_another_can_be_chosen(
    desk: Desk, qtbot: Any, folder: Path, give_up: str
) -> None:
    _panel, dialog, file = asked(desk, qtbot)
    chosen: list[str] = []
    dialog.fileSelected.connect(chosen.append)
    click_save(dialog)
    if give_up == "keep":
        question_of(dialog).keep.click()
    else:
        question_of(dialog).reject()
    assert dialog.question is None
    assert dialog.isVisible()
    assert chosen == []
    dialog.selectFile("another.csv")
    click_save(dialog)
    assert chosen == [str(folder / "another.csv")]
    qtbot.waitUntil((folder / "another.csv").is_file)
    assert file.read_text() == "before"


def test_a_trend_may_close_while_it_is_asked_whether_to_replace(desk: Desk, qtbot: Any, folder: Path) -> None:
    """Another revision of the plant closes a trend at any moment."""
    panel, dialog, file = asked(desk, qtbot)
    gone: list[bool] = []
    panel.destroyed.connect(lambda: gone.append(True))
    QTimer.singleShot(0, panel.close_panel)
    click_save(dialog)
    qtbot.waitUntil(lambda: bool(gone))
    assert file.read_text() == "before"
    assert not [
        one for one in QApplication.topLevelWidgets() if isinstance(one, (SaveDialog, ReplaceQuestion))
    ]


def context_menu_on(widget: QWidget) -> None:
    middle = widget.rect().center()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, middle, widget.mapToGlobal(middle))
    QApplication.sendEvent(widget, event)


def test_nothing_in_the_dialogue_turns_a_loop_of_its_own_or_changes_the_disk(
    desk: Desk, qtbot: Any, folder: Path
) -> None:
    _panel, dialog, file = asked(desk, qtbot)
    views = dialog.findChildren(QAbstractItemView)
    assert len(views) > 3
    dialog.selectFile(str(file))
    with NoLoop() as loop:
        for view in views:
            for widget in (view, view.viewport()):
                context_menu_on(widget)
    assert loop.turns == 0
    assert QApplication.activePopupWidget() is None
    new_folder = dialog.findChild(QToolButton, "newFolderButton")
    assert new_folder is not None
    assert not new_folder.isEnabled()


def test_one_file_is_asked_for_at_a_time(desk: Desk, qtbot: Any, folder: Path) -> None:
    panel, first, _file = asked(desk, qtbot)
    panel.acts.ask_file("png")
    assert not first.isVisible()
    second = panel.acts.dialog
    assert second is not None
    assert second is not first
    assert second.isVisible()
    panel.hide()
    assert panel.acts.dialog is None
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)  # type: ignore[arg-type]
    assert not panel.findChildren(SaveDialog)
