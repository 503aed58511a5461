"""The three bars of the alarm page: which list, what the filter lets through, and what can be done."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget

from hmi.client.alarms import ALARM_LISTS, AlarmInfo
from hmi.core.texts import tr
from hmi.ui.alarms.acts import KEYS, TITLES, AlarmActs
from hmi.ui.alarms.rules import STATES, Filter
from hmi.ui.alarms.words import LIST_NAMES, STATE_NAMES
from hmi.ui.flow import Flow
from hmi.ui.theme import Theme
from hmi.ui.widgets import BUTTON_HEIGHT, Field, FlatButton, Text, plain

_BAR_ACTS: Final = (
    "ACK",
    "ACK_VISIBLE",
    "ACK_AREA",
    "SHELVE",
    "UNSHELVE",
    "RESET",
    "COMMENT",
    "OOS",
    "RTS",
    "NOTE",
)
_TITLES: Final = {"ACK_VISIBLE": "Acknowledge visible", "ACK_AREA": "Acknowledge area", **TITLES}
_KEYS: Final = {"ACK_VISIBLE": "Shift+A", **KEYS}
MOST_REFUSED: Final = 3


def _toggle(theme: Theme, words: str, hint: str, *, checked: bool = False) -> FlatButton:
    button = FlatButton(theme, words)
    button.setCheckable(True)
    button.setChecked(checked)
    button.setToolTip(plain(hint))
    return button


class TitleBar(QHBoxLayout):
    """The lists with their counts, what waits, sound, and the parts of the page."""

    listAsked = Signal(str)
    closeAsked = Signal()
    silenceAsked = Signal()
    newAsked = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.heading = Text(theme, tr("Alarm list"), font="heading", fit=True)
        self.lists = {name: self._list_button(theme, name) for name in ALARM_LISTS}
        self.lists["active"].setChecked(True)
        self.new = FlatButton(theme, "", self.newAsked.emit, strong=True)
        self.new.setToolTip(tr("Show what came while you read (Home)"))
        self.new.hide()
        self.acts = FlatButton(theme, tr("Acts…"))
        self.filters = _toggle(theme, tr("Filters"), tr("Show the filters"))
        self.areas = _toggle(theme, tr("Areas"), tr("Alarms by area, beside the list"), checked=True)
        self.details = _toggle(theme, tr("Details"), tr("The alarm in use, beside the list"), checked=True)
        self.columns = FlatButton(theme, tr("Columns"))
        self.columns.setToolTip(tr("Which columns; drag a title to move it, its edge to resize it"))
        silence = FlatButton(theme, tr("Silence"), self.silenceAsked.emit)
        silence.setToolTip(tr("Stop the sound (S). Silence acknowledges nothing."))
        self.figures = FlatButton(theme, tr("Figures"))
        self.figures.setToolTip(tr("How good the alarms themselves are (Ctrl+G)"))
        back = FlatButton(theme, tr("Back to display"), self.closeAsked.emit)
        self._fill(silence, back)

    def _fill(self, silence: FlatButton, back: FlatButton) -> None:
        self._doubled = (self.columns, silence, back)
        """What the strip and the menu of acts have too."""
        left, right = Flow(), Flow()
        left.addWidget(self.heading)
        left.add_space(8)
        for button in (*self.lists.values(), self.new):
            left.addWidget(button)
        for button in (
            self.acts,
            self.filters,
            self.areas,
            self.details,
            self.columns,
            self.figures,
            silence,
            back,
        ):
            right.addWidget(button)
        holder = QWidget()
        holder.setLayout(left)
        self.setSpacing(8)
        self.addWidget(holder, 1)
        self._right = QWidget()
        self._right.setLayout(right)
        self.addWidget(self._right)

    def _list_button(self, theme: Theme, name: str) -> FlatButton:
        button = FlatButton(theme, tr(LIST_NAMES[name]), lambda: self.choose(name))
        button.setCheckable(True)
        return button

    def choose(self, name: str) -> None:
        for own, button in self.lists.items():
            button.setChecked(own == name)
        self.listAsked.emit(name)

    def tell_counts(self, chosen: str, counts: Mapping[str, int]) -> None:
        for name, button in self.lists.items():
            words = f"{tr(LIST_NAMES[name])}  {counts.get(name, 0)}"
            button.setChecked(name == chosen)
            if button.text() != words:
                button.setText(words)
                button.setAccessibleName(words)
                button.updateGeometry()

    def tell_new(self, rows: Sequence[AlarmInfo]) -> None:
        """What waits while somebody reads; a priority 1 among them is named."""
        first = sum(row.priority == 1 for row in rows)
        words = tr("{n} new", n=len(rows))
        words = tr("{words}, {p} of priority 1", words=words, p=first) if first else words
        if rows and self.new.text() != words:
            self.new.setText(words)
            self.new.setAccessibleName(words)
            self.new.updateGeometry()
        self.new.setVisible(bool(rows))

    def set_room(self, *, compact: bool, side: bool, sheet: bool) -> None:
        """Buttons of parts that have no room are not there."""
        self.heading.setVisible(not compact)
        self.acts.setVisible(compact)
        self.filters.setVisible(compact)
        for button in self._doubled:
            button.setVisible(not compact)
        self.areas.setVisible(side)
        self.details.setVisible(sheet)

    def take(self, kept: Mapping[str, Any]) -> None:
        self.areas.setChecked(kept.get("areas", True) is not False)
        self.details.setChecked(kept.get("details", True) is not False)

    def kept(self) -> dict[str, Any]:
        return {"areas": self.areas.isChecked(), "details": self.details.isChecked()}


class FilterBar(QWidget):
    """Text, priorities, states and area in one row. ``turned``: another filter."""

    turned = Signal()
    foldAsked = Signal(bool)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._area, self._titles = "", dict[str, str]()
        self.types_of: Callable[[str], Collection[str]] = lambda _tag: ()
        self._quiet = False
        self.search = Field(theme, tr("Find tag or text"))
        self.search.setFixedWidth(theme.px(200))
        self.search.setToolTip(tr("Words, or a query such as type:pump area:intake"))
        self.priorities = {n: self._filter_button(theme, tr("P{n}", n=n), n) for n in (1, 2, 3, 4)}
        self.states = {name: _toggle(theme, tr(STATE_NAMES[name]), "") for name in STATES}
        self.area = FlatButton(theme, "", self._pick_area)
        self.fold = _toggle(theme, tr("Fold groups"), tr("Consequential alarms below one row"), checked=True)
        self.clear = FlatButton(theme, tr("Clear filters"), self.open_all, strong=True)
        self.count = Text(theme, font="text.label", color="text.label", fit=True)
        self.count.setFixedHeight(theme.px(BUTTON_HEIGHT))
        self._lay_out()
        self.search.textChanged.connect(lambda _: self._told())
        for button in (*self.priorities.values(), *self.states.values()):
            button.clicked.connect(lambda: self._told())
        self.fold.clicked.connect(lambda: self.foldAsked.emit(self.fold.isChecked()))
        self.fold.hide()
        self._say_area()

    def _filter_button(self, theme: Theme, words: str, priority: int) -> FlatButton:
        return _toggle(theme, words, tr("Show priority {n}", n=priority))

    def _lay_out(self) -> None:
        row = Flow()
        self.setLayout(row)
        row.addWidget(self.search)
        row.add_space(6)
        for button in self.priorities.values():
            row.addWidget(button)
        row.add_space(6)
        for button in self.states.values():
            row.addWidget(button)
        row.add_space(6)
        for widget in (self.area, self.fold, self.clear, self.count):
            row.addWidget(widget)

    # the filter

    @property
    def filter(self) -> Filter:
        return self.filter_at(0)

    def filter_at(self, now_ns: int) -> Filter:
        chosen = frozenset(n for n, button in self.priorities.items() if button.isChecked())
        states = frozenset(name for name, b in self.states.items() if b.isChecked() and not b.isHidden())
        return Filter(self._area, chosen, self.search.text(), states, now_ns, self.types_of)

    def _told(self) -> None:
        self.clear.setVisible(not self.filter.is_open)
        if not self._quiet:
            self.turned.emit()

    def open_all(self) -> None:
        """Let everything through."""
        self.take({})

    def take(self, kept: Mapping[str, Any]) -> None:
        """A filter that was kept; what makes no sense is left out."""
        self._quiet = True
        priorities, states = kept.get("priorities"), kept.get("states")
        for n, button in self.priorities.items():
            button.setChecked(isinstance(priorities, list) and n in priorities)
        for name, button in self.states.items():
            button.setChecked(isinstance(states, list) and name in states)
        self.search.setText(str(kept.get("text") or ""))
        self._area = str(kept.get("area") or "")
        self._say_area()
        self._quiet = False
        self._told()

    def kept(self) -> dict[str, Any]:
        keep = self.filter
        return {"area": keep.area, "priorities": sorted(keep.priorities), "text": keep.text,
                "states": sorted(name for name, b in self.states.items() if b.isChecked())}  # fmt: skip

    def set_hidden_list(self, hidden: bool) -> None:
        """States narrow the active list only."""
        for button in self.states.values():
            button.setVisible(not hidden)
        self._told()

    # areas

    def set_areas(self, areas: Sequence[tuple[str, str]]) -> None:
        self._titles = dict(areas)
        self._say_area()

    def _say_area(self) -> None:
        title = self._titles.get(self._area, self._area) or tr("all")
        words = tr("Area: {name}", name=title)
        self.area.setText(words)
        self.area.setAccessibleName(words)
        self.area.updateGeometry()

    def show_area(self, path: str) -> None:
        if path != self._area:
            self._area = path
            self._say_area()
            self._told()

    def show_only(self, prefix: str) -> None:
        area = prefix.rstrip("/.")
        known = area in self._titles
        self.take({"area": area if known else "", "text": "" if known else prefix})

    def _pick_area(self) -> None:
        menu = QMenu(self)
        menu.aboutToHide.connect(menu.deleteLater)
        for path, title in (("", tr("Whole plant")), *self._titles.items()):
            action = QAction(title, menu)
            action.setCheckable(True)
            action.setChecked(path == self._area)
            action.triggered.connect(lambda _=False, path=path: self.show_area(path))
            menu.addAction(action)
        menu.popup(self.area.mapToGlobal(self.area.rect().bottomLeft()))

    # what is told

    def tell_count(self, shown: int, total: int, old: str = "") -> None:
        """How much is let through; ``old`` is a sentence while the list is not what stands now."""
        words = old or tr("{shown} of {total} alarms", shown=shown, total=total)
        if words != self.count.full_text:
            self.count.set_text(words)

    def set_flood(self, flood: bool) -> None:
        self.fold.setVisible(flood)


class ActBar(QWidget):
    """Buttons for what is chosen; below them why something was refused."""

    asked = Signal(str)

    def __init__(self, theme: Theme, acts: AlarmActs) -> None:
        super().__init__()
        self._acts = acts
        self.chosen = Text(theme, font="text.label", color="text.label", fit=True)
        self.chosen.setFixedHeight(theme.px(BUTTON_HEIGHT))
        self.buttons = {act: self._button(theme, act) for act in _BAR_ACTS}
        self.refused = Text(theme, font="text.strong", wrap=True)
        self.refused.hide()
        self._buttons = QWidget()
        row = Flow()
        self._buttons.setLayout(row)
        for button in self.buttons.values():
            row.addWidget(button)
        row.add_space(6)
        row.addWidget(self.chosen)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.refused)
        column.addWidget(self._buttons)

    def _button(self, theme: Theme, act: str) -> FlatButton:
        return FlatButton(theme, tr(_TITLES[act]), lambda: self.asked.emit(act), strong=act == "ACK")

    def set_compact(self, compact: bool) -> None:
        self._buttons.setVisible(not compact)

    def judge(self, rows: Sequence[AlarmInfo], *, area: str) -> None:
        """What may be asked now; the reason stands in the tooltip of what may not."""
        words = tr("{n} chosen", n=len(rows))
        if words != self.chosen.full_text:
            self.chosen.set_text(words)
        for act, button in self.buttons.items():
            why = self._why_not(act, rows, area)
            button.set_enabled(not why, why)
            if not why and act in _KEYS:
                button.setToolTip(tr("Key {key}", key=_KEYS[act]))

    def _why_not(self, act: str, rows: Sequence[AlarmInfo], area: str) -> str:
        if act == "ACK_VISIBLE":
            return self._acts.no_right()
        if act == "ACK_AREA":
            return self._acts.no_right(area) if area else tr("Choose an area first.")
        return self._acts.why_not(act, rows)

    def tell(self, sentences: Sequence[str]) -> None:
        """Refusals in words; none takes the old ones away."""
        more = len(sentences) - MOST_REFUSED
        words = list(sentences[:MOST_REFUSED]) + ([tr("And {n} more.", n=more)] if more > 0 else [])
        self.refused.set_text("\n".join(words))
        self.refused.setVisible(bool(words))
