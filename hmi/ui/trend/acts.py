"""What can be done with a trend beyond looking: groups, another period, files, remarks, scales; as menus and cards."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, QPoint, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from hmi.core.texts import tr
from hmi.ui.files import files_folder
from hmi.ui.log.words import typed_time
from hmi.ui.target_menu import target_menu
from hmi.ui.times import EPOCH, local_time
from hmi.ui.trend.cards import Card, EntryCard, MarkerCard
from hmi.ui.trend.export import parts_between, whole, write_rows
from hmi.ui.trend.markers import Marker, before_same
from hmi.ui.trend.pens import Mode, Pen
from hmi.ui.trend.save_dialog import SaveDialog
from hmi.ui.trend.scale import made_scale
from hmi.ui.trend.ticks import span_text

if TYPE_CHECKING:
    from hmi.ui.trend.panel import TrendPanel

FILTERS: Final = (
    ("csv", "CSV (*.csv)"), ("parquet", "Parquet (*.parquet)"), ("xlsx", "Workbook (*.xlsx)"),
    ("png", "Picture (*.png)"),
)  # fmt: skip
Entry = tuple[str, Callable[[], object] | None]


class TrendActs(QObject):
    """``said`` carries a sentence for the user. One card is open at a time."""

    said = Signal(str)

    def __init__(self, panel: TrendPanel) -> None:
        super().__init__(panel)
        self._panel, self._model, self._station = panel, panel.model, panel.model.station
        self.card: Card | None = None
        self.dialog: SaveDialog | None = None

    # menus

    def open_menu(self, name: str, at: QPoint) -> None:
        fillers = {
            "groups": self._groups,
            "compare": self._compare,
            "export": self._export,
            "more": self._more,
        }
        menu = self._menu([])
        fillers[name](menu)
        menu.popup(at)

    def _menu(self, entries: Sequence[Entry]) -> QMenu:
        return target_menu(self._panel, entries)

    def _groups(self, menu: QMenu) -> None:
        plant = self._station.plant
        found = self._panel.groups.all(plant) if plant is not None else []
        for kind, title in (
            ("own", tr("My groups")),
            ("shared", tr("Groups of this station")),
            ("area", tr("Areas")),
        ):
            of_kind = [group for group in found if group.kind == kind]
            if not of_kind:
                continue
            menu.addSection(title)
            for group in of_kind:
                self._add(menu, group.name, lambda group=group: self._panel.show_group(group))
        menu.addSeparator()
        self._add(menu, tr("Save as my group …"), lambda: self._ask_name("own"))
        self._add(menu, tr("Save for everybody at this station …"), lambda: self._ask_name("shared"))
        kept = [group for group in found if group.kind != "area"]
        if kept:
            gone = menu.addMenu(tr("Delete a group"))
            for group in kept:
                self._add(gone, group.name, lambda group=group: self._panel.groups.remove(group))

    @staticmethod
    def _add(menu: QMenu, words: str, do: Callable[[], object]) -> QAction:
        action = QAction(words, menu)
        action.triggered.connect(lambda _=False: do())
        menu.addAction(action)
        return action

    def _compare(self, menu: QMenu) -> None:
        model = self._model
        for words, shift in (
            (tr("Same time yesterday"), self.days_back(1)),
            (tr("Same time last week"), self.days_back(7)),
            (tr("Same time four weeks ago"), self.days_back(28)),
            (tr("The stretch before ({span})", span=span_text(model.view.span)), model.view.span),
        ):
            self._add(menu, words, lambda shift=shift: model.compare(shift))
        self._add(menu, tr("Another period …"), self._ask_period)
        if model.cursor_a is not None and model.cursor_b is not None:
            a, b = sorted((model.cursor_a, model.cursor_b))
            self._add(menu, tr("Lay cursor A over cursor B"), lambda: model.compare(b - a))
        menu.addSeparator()
        off = self._add(menu, tr("Nothing else"), lambda: model.compare(0))
        off.setEnabled(model.shift_ns != 0)

    def days_back(self, days: int) -> int:
        """From the same time of the plant's clock so many days before up to now; not always whole days of 24 h."""
        local = local_time(self._model.view.end, self._model.zone)
        before = local.replace(fold=local.fold) - timedelta(days=days)
        return (
            (local.astimezone(EPOCH.tzinfo) - before.astimezone(EPOCH.tzinfo))
            // timedelta(microseconds=1)
            * 1_000
        )

    def _export(self, menu: QMenu) -> None:
        for kind, title in FILTERS:
            self._add(menu, tr(title), lambda kind=kind: self.ask_file(kind))

    def _more(self, menu: QMenu) -> None:
        panel, model = self._panel, self._model
        for span, title in panel.bar.hidden_spans():
            self._add(menu, tr(title), lambda span=span: panel.set_span(span))
        self._add(menu, tr("From … to …"), self.ask_range)
        self._add(menu, tr("Back"), lambda: panel.turn(-1)).setEnabled(model.views.has_before)
        self._add(menu, tr("Forward"), lambda: panel.turn(1)).setEnabled(model.views.has_after)
        menu.addSeparator()
        self._add(menu, tr("Remark at the cursor …"), self.ask_remark).setEnabled(model.pen is not None)
        self._add(menu, tr("Take the cursors away"), lambda: model.set_cursors(None, None))
        for words, state, do in (
            (tr("A strip for each scale"), model.stacked, panel.toggle_stacked),
            (tr("Alarms, commands and remarks"), model.shows_markers, panel.toggle_markers),
        ):
            self._check(self._add(menu, words, do), state)
        self._add(menu, tr("All scales by the data"), panel.scale_all)
        menu.addSeparator()
        for words, fill in (
            (tr("Groups"), self._groups),
            (tr("Compare"), self._compare),
            (tr("Export"), self._export),
        ):
            fill(menu.addMenu(words))
        self._add(menu, tr("Smaller") if panel.is_full else tr("Full page"), panel.toggle_full)

    @staticmethod
    def _check(action: QAction, state: bool) -> None:
        action.setCheckable(True)
        action.setChecked(state)

    def open_pen_menu(self, pen: Pen, at: QPoint) -> None:
        panel, model = self._panel, self._model
        menu = self._menu([
            (tr("Why this number?"), lambda: panel.whyAsked.emit(pen.tag)),
            (tr("Show") if pen.hidden else tr("Hide"), lambda: panel.toggle_pen(pen)),
            (tr("Remove from the trend"), lambda: model.remove(pen)),
        ])  # fmt: skip
        if pen.is_number:
            menu.addSeparator()
            self._add_scales(menu, pen)
        menu.popup(at)

    def _add_scales(self, menu: QMenu, pen: Pen) -> None:
        def change(**fields: Any) -> Callable[[], None]:
            return lambda: self._change(pen, **fields)

        self._check(self._add(menu, tr("Own axis"), change(own_axis=not pen.own_axis)), pen.own_axis)
        by_data, by_range = change(mode=Mode.AUTO, manual=None), change(mode=Mode.RANGE, manual=None)
        self._check(self._add(menu, tr("Scale by the data"), by_data), pen.mode is Mode.AUTO)
        action = self._add(menu, tr("Scale: operating range"), by_range)
        self._check(action, pen.mode is Mode.RANGE)
        action.setEnabled(pen.info.low is not None and pen.info.high is not None)
        self._check(
            self._add(menu, tr("Scale by hand …"), lambda: self.ask_scale(pen)), pen.mode is Mode.MANUAL
        )
        self._check(self._add(menu, tr("Logarithmic"), change(log=not pen.log)), pen.log)

    def _change(self, pen: Pen, **fields: Any) -> None:
        for name, value in fields.items():
            setattr(pen, name, value)
        self._model.arrange()

    # cards

    def _open(self, card: Card, at: QPoint | None = None) -> None:
        self.close_card()
        self.card = card
        card.closed.connect(self._card_gone)
        middle = QPoint((self._panel.width() - card.width()) // 2, self._panel.height() // 5)
        card.open_at(at or middle)

    def _card_gone(self) -> None:
        self.card = None
        self._panel.chart.setFocus()

    def close_card(self) -> bool:
        """True when there was one."""
        if self.card is None:
            return False
        self.card.close_card()
        return True

    def _ask(
        self, title: str, fields: list[tuple[str, str]], accept: str, done: Callable[[list[str]], str]
    ) -> None:
        self._open(EntryCard(self._panel.theme, title, fields, accept, done, self._panel))

    def ask_range(self) -> None:
        bar = self._panel.bar
        fields = [(tr("From"), bar.start.text()), (tr("To"), bar.end.text())]
        self._ask(tr("From … to …"), fields, tr("Show"), lambda texts: bar.ask_range(*texts))

    def _ask_period(self) -> None:
        model = self._model

        def done(texts: list[str]) -> str:
            try:
                begin = typed_time(texts[0], model.zone)
            except ValueError as error:
                return str(error)
            if not begin or begin >= model.view.start:
                return tr("Enter a beginning before the one that is shown.")
            model.compare(model.view.start - begin)
            return ""

        start = self._panel.bar.start.text()
        self._ask(tr("Compare with another period"), [(tr("It begins at"), start)], tr("Compare"), done)

    def ask_scale(self, pen: Pen) -> None:
        axis = next((axis for axis in self._model.axes if pen in axis.pens), None)
        ends = (axis.scale.low, axis.scale.high) if axis is not None else (0.0, 1.0)

        def done(texts: list[str]) -> str:
            try:
                low, high = (float(text.replace(",", ".")) for text in texts)
            except ValueError:
                return tr("Enter two numbers.")
            if not low < high:
                return tr("The lower end must be below the upper end.")
            if pen.log and low <= 0:
                return tr("A logarithmic scale begins above zero.")
            self._change(pen, mode=Mode.MANUAL, manual=made_scale(low, high, log=pen.log))
            return ""

        title = tr("Scale of {pen}", pen=pen.tag)
        fields = [(tr("Lower end"), f"{ends[0]:g}"), (tr("Upper end"), f"{ends[1]:g}")]
        self._ask(title, fields, tr("Set"), done)

    def _ask_name(self, kind: str) -> None:
        def done(texts: list[str]) -> str:
            if not texts[0]:
                return tr("Give it a name.")
            self._panel.groups.save(self._panel.as_group(texts[0], kind))
            return ""

        self._ask(tr("Save as a group"), [(tr("Name"), "")], tr("Save"), done)

    def ask_remark(self) -> None:
        """A remark on the chosen pen at cursor A, else at the right edge."""
        model, pen = self._model, self._model.pen
        if pen is None:
            return
        at = model.cursor_a if model.cursor_a is not None else min(model.view.end, model.now)

        def done(texts: list[str]) -> str:
            if not texts[0]:
                return tr("Write what is to be remembered.")
            self._station.link.ask(
                lambda client: client.annotate(pen.info.id, at, texts[0]),
                owner=model, done=lambda _: model.read_markers(anew=True), failed=self.said.emit,
            )  # fmt: skip
            return ""

        when = f"{local_time(at, model.zone):%Y-%m-%d %H:%M:%S}"
        self._ask(
            tr("Remark on {pen} at {time}", pen=pen.tag, time=when), [(tr("Text"), "")], tr("Add"), done
        )

    def show_markers(self, markers: Sequence[Marker], at: QPoint) -> None:
        model = self._model
        card = MarkerCard(
            self._panel.theme,
            markers,
            model.zone,
            lambda one: before_same(model.markers, one) is not None,
            self._panel,
        )
        card.compareAsked.connect(self._compare_with_last)
        card.withdrawAsked.connect(self._ask_withdraw)
        card.cursorAsked.connect(lambda one: model.set_cursors(one.at, model.cursor_b))
        self._open(card, self._panel.mapFromGlobal(at) + QPoint(10, 10))
        card.close_button.setFocus()

    def _compare_with_last(self, marker: Marker) -> None:
        before = before_same(self._model.markers, marker)
        self.close_card()
        if before is not None:
            self._model.compare(marker.at - before.at)

    def _ask_withdraw(self, marker: Marker) -> None:
        def done(texts: list[str]) -> str:
            if not texts[0]:
                return tr("Say why it is withdrawn.")
            self._station.link.ask(
                lambda client: client.withdraw_annotation(marker.annotation, texts[0]),
                owner=self._model, done=lambda _: self._model.read_markers(anew=True), failed=self.said.emit,
            )  # fmt: skip
            return ""

        self._ask(tr("Withdraw the remark"), [(tr("Reason"), "")], tr("Withdraw"), done)

    # files

    def ask_file(self, kind: str) -> None:
        """Where to write; the dialogue stands beside everything and stops nothing."""
        self.close_dialog()
        name = f"trend-{local_time(self._model.now, self._model.zone):%Y%m%d-%H%M%S}.{kind}"
        folder = files_folder()
        dialog = SaveDialog(self._panel.theme, tr("Export what is shown"), self._panel)
        dialog.propose(folder if folder.is_dir() else Path.home(), name, dict(FILTERS)[kind])
        dialog.fileSelected.connect(lambda path: self.write(Path(path)))
        dialog.finished.connect(self._dialog_gone)
        self.dialog = dialog
        dialog.open()

    def close_dialog(self) -> None:
        """Give up the file that is being asked for."""
        if self.dialog is not None:
            self.dialog.reject()

    def _dialog_gone(self) -> None:
        self.dialog = None

    def write(self, file: Path) -> None:
        """What is shown, by the ending of the name; beside the Qt thread."""
        model, is_picture = self._model, file.suffix.lower() == ".png"
        why = model.why_unread
        if why and not (
            is_picture and model.problem
        ):  # a picture says itself that the history cannot be read
            self.said.emit(tr("Nothing was written. {why}", why=why))
            return
        if is_picture:
            picture = self._panel.grab().toImage()
            self._beside(file, lambda: whole(file, lambda fresh: _save(picture, fresh)))
            return
        view, zone = model.view, model.zone
        pens = [(pen.tag, pen.info.unit, pen.whole) for pen in model.pens if not pen.hidden]
        end = min(view.end, model.now)
        self._beside(file, lambda: write_rows(file, parts_between(pens, view.start, end), zone))

    def _beside(self, file: Path, work: Callable[[], Path]) -> None:
        self._station.link.ask(
            lambda _: asyncio.to_thread(work),
            owner=self,
            done=lambda written: self.said.emit(tr("Written: {file}", file=str(written))),
            failed=lambda why: self.said.emit(tr("The file cannot be written: {why}", why=why)),
        )


def _save(picture: Any, file: Path) -> None:
    if not picture.save(str(file), "PNG"):
        raise OSError(tr("{file} cannot be written", file=file.name))
