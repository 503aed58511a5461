"""One alarm in full: what to do and until when, why it may be hidden, and what happened to it so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from PySide6.QtCore import QPointF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hmi.client.alarms import AlarmDetails
from hmi.client.port import AlarmInfo
from hmi.core.clock import NS_PER_S
from hmi.core.texts import tr
from hmi.ui.alarms.marks import draw_row_mark
from hmi.ui.alarms.rules import key_of
from hmi.ui.alarms.words import age_text, ends_text, first_out_text, reason_text, respond_seconds, span_text
from hmi.ui.flow import Flow
from hmi.ui.labels import short_tag, state_words
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.times import local_time, zone_of
from hmi.ui.widgets import FlatButton, Text
from hmi.ui.zoom import zoomed

AGAIN_MS: Final = 400
TICK_MS: Final = 1_000
WAYS: Final = {"object": "Display and faceplate", "display": "Display", "trend": "Trend", "why": "Why?"}
MOST_RECORDS: Final = 8
MOST_GROUP: Final = 12
PARTS: Final = (
    "What to do", "Time to respond", "Cause", "Consequence", "Guidance", "Hidden", "Suppression rule",
    "First-out order", "Comment", "Limits", "Newest records",
)  # fmt: skip
_EVENTS: Final = {
    "ALM": "raised", "RTN": "returned", "ACK": "acknowledged", "RESET": "reset", "SHELVE": "shelved",
    "UNSHELVE": "unshelved", "SUPPRESS": "suppressed", "UNSUPPRESS": "no longer suppressed",
    "OOS": "taken out of service", "RTS": "returned to service", "REALARM": "raised again", "SILENCE": "silenced",
    "COMMENT": "comment", "REFUSED": "refused", "ENABLE": "enabled", "DISABLE": "disabled",
    "ATTR_CHANGE": "definition changed", "REMOVED": "removed",
}  # fmt: skip
_TRUTH: Final = {"true": "true: it suppresses", "false": "false: it does not suppress"}


class Mark(QWidget):
    """The alarm's shape, colour and number."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.row: AlarmInfo | None = None
        self.setFixedSize(QSize(30, 30) * theme.scale)

    def show_row(self, row: AlarmInfo) -> None:
        self.row = row
        self.setAccessibleName(tr("Priority {n}", n=row.priority))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.row is not None:
            with zoomed(self, self._theme) as (painter, theme, _):
                draw_row_mark(painter, theme, self.row, QPointF(14, 15), size=24, lit=True)


class AlarmSheet(QWidget):
    """Follows the state of its alarm; one that has ended stays readable and says so.

    ``wayAsked`` carries one of ``WAYS`` and the row; ``answered``: the runtime told the rest.
    What the row itself says is there at once; rule, records and definition follow when the runtime answered.
    """

    wayAsked = Signal(str, object)
    answered = Signal()

    def __init__(self, theme: Theme, station: Station) -> None:
        super().__init__()
        self._theme, self._station = theme, station
        self.ways: dict[str, FlatButton] = {}
        self.row: AlarmInfo | None = None
        self.details: AlarmDetails | None = None
        self.ended = self._of_past = False
        self.mark = Mark(theme)
        self.title = Text(theme, font="title", wrap=True)
        self.state = Text(theme, font="text.label", color="text.secondary", wrap=True)
        self.parts = {
            part: (
                Text(theme, tr(part), font="text.small.strong", color="text.label"),
                Text(theme, wrap=True),
            )
            for part in PARTS
        }
        self.problem = Text(theme, font="text.small", color="text.label", wrap=True)
        self._lay_out()
        self._soon = self._timer(AGAIN_MS, self._ask, single=True)
        self._beat = self._timer(TICK_MS, self._tick)
        self._beat.start()
        station.clock.turned.connect(self._turn)

    def _timer(self, interval: int, slot: Any, *, single: bool = False) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(single)
        timer.setInterval(interval)
        timer.timeout.connect(slot)
        return timer

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 4, 0)
        column.setSpacing(4)
        head = QHBoxLayout()
        head.addWidget(self.mark, 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self.title)
        words.addWidget(self.state)
        head.addLayout(words, 1)
        column.addLayout(head)
        column.addWidget(self._button_row())
        self._boxes = {part: self._box(label, text) for part, (label, text) in self.parts.items()}
        for box in self._boxes.values():
            column.addWidget(box)
        column.addWidget(self.problem)
        column.addStretch(1)

    def _button_row(self) -> QWidget:
        holder, row = QWidget(), Flow()
        holder.setLayout(row)
        for name, words in WAYS.items():
            button = FlatButton(self._theme, tr(words), lambda name=name: self._ask_way(name))
            row.addWidget(button)
            self.ways[name] = button
        return holder

    def _box(self, label: Text, text: Text) -> QWidget:
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(1)
        column.addWidget(label)
        column.addWidget(text)
        return box

    def _ask_way(self, name: str) -> None:
        if self.row is not None:
            self.wayAsked.emit(name, self.row)

    # what is shown

    def show_row(self, row: AlarmInfo) -> None:
        """Another alarm, or another state of the same one."""
        same = self.row is not None and self.row.alarm_id == row.alarm_id
        if not same:
            self.details = None
            self.problem.set_text("")
        self.row, self.ended = row, False
        self._fill()
        if same:
            self._soon.start()  # a storm of changes is one question
        else:
            self._ask()

    def end(self) -> None:
        """Its alarm stands in no list that is shown."""
        if not self.ended:
            self.ended = True
            self._fill()

    def _turn(self) -> None:
        """Rule and records of one time say nothing of the other."""
        if self._of_past != self._station.clock.is_past:
            self._of_past = not self._of_past
            self.details = None
            self._fill()
            self._ask()

    def _ask(self) -> None:
        if self.row is not None:
            alarm_id, of_past = self.row.alarm_id, self._station.clock.is_past
            self._station.link.ask(
                lambda client: client.alarm(alarm_id), owner=self,
                done=lambda found: self._take(alarm_id, of_past, found), failed=self._failed,
            )  # fmt: skip

    def _take(self, alarm_id: str, of_past: bool, found: AlarmDetails) -> None:
        if of_past != self._station.clock.is_past:
            return
        if self.row is not None and self.row.alarm_id == alarm_id:
            self.details = found
            self.problem.set_text("")
            self._fill()
            self.answered.emit()

    def _failed(self, sentence: str) -> None:
        self.problem.set_text(tr("Rule and records are not known: {why}", why=sentence))

    def _tick(self) -> None:
        """Running clocks."""
        if self.row is not None and self.isVisible():
            self._fill_state(self.row)
            self._put("Time to respond", self._respond_words(self.row))
            self._put("Hidden", self._hidden_words(self.row))

    def _fill(self) -> None:
        row = self.row
        if row is None:
            return
        self.mark.show_row(row)
        self.title.set_text(f"{short_tag(row.tag_name)}  {row.message}")
        self._fill_state(row)
        self._put(
            "What to do", row.response or self._defined("action") or tr("Nothing was agreed for this alarm.")
        )
        self._put("Time to respond", self._respond_words(row))
        self._put("Cause", row.cause or self._defined("cause"))
        self._put("Consequence", row.consequence or self._defined("consequence"))
        self._put("Guidance", row.guidance or self._defined("guidance"))
        self._put("Hidden", self._hidden_words(row))
        self._put("Suppression rule", self._rule_words())
        self._put("First-out order", self._order_words(row))
        self._put("Comment", row.comment)
        self._put("Limits", self._limit_words(row))
        self._put("Newest records", self._record_words())

    def _put(self, part: str, words: str) -> None:
        self._boxes[part].setVisible(bool(words))
        self.parts[part][1].set_text(words)

    def _fill_state(self, row: AlarmInfo) -> None:
        words = tr("This alarm has ended.") if self.ended else state_words(row)
        age = "" if self.ended else tr("for {time}", time=age_text(row, self._station.now()))
        first = "   ".join(part for part in (words, age) if part)
        self.state.set_text(f"{first}\n{row.tag_name}" if row.tag_name else first)

    # words

    def _defined(self, name: str) -> str:
        value = self.details.definition.get(name) if self.details is not None else None
        return str(value) if value not in {None, ""} else ""

    def _respond_words(self, row: AlarmInfo) -> str:
        agreed = row.time_to_respond or self._defined("time_to_respond")
        seconds = respond_seconds(agreed)
        if not agreed or not seconds or self.ended or row.state not in {"UNACK", "ACKED"}:
            return agreed
        left = seconds - (self._station.now() - row.alarm_time) / NS_PER_S
        if left >= 0:
            return tr("{agreed}: {left} left", agreed=agreed, left=span_text(left))
        return tr("{agreed}: exceeded by {time}", agreed=agreed, time=span_text(-left))

    def _hidden_words(self, row: AlarmInfo) -> str:
        if self.ended or row.state not in {"SHLVD", "DSUPR", "OOSRV"}:
            return ""
        parts = [reason_text(row)]
        if row.hidden_by:
            parts.append(tr("by {who}", who=row.hidden_by))
        if row.hidden_since:
            parts.append(tr("since {time}", time=self._time(row.hidden_since)))
        parts.append(tr("ends {when}", when=ends_text(row, self._station.now())))
        return ", ".join(part for part in parts if part)

    def _rule_words(self) -> str:
        found = self.details
        if found is None or not (found.rule or found.inputs):
            return ""
        truth = tr(_TRUTH.get(found.rule_truth, "not known: it does not suppress"))
        lines = [found.rule, tr("Now {truth}", truth=truth)] if found.rule else []
        for one in found.inputs:
            tag, value, quality = (*one, "", "", "")[:3]
            lines.append(
                f"{tag} = {value}" + (f" ({quality})" if quality not in {"", "Good", "good"} else "")
            )
        return "\n".join(lines)

    def _order_words(self, row: AlarmInfo) -> str:
        if not row.first_out:
            return ""
        rows = [one for one in self._station.alarms.values() if one.group == row.group and one.first_out]
        rows = sorted({key_of(one): one for one in (*rows, row)}.values(), key=lambda one: one.first_out)
        return "\n".join(
            f"{one.first_out}. {one.message} – {first_out_text(one)}" if one.first_out_within_ms
            else f"{one.first_out}. {one.message}"
            for one in rows[:MOST_GROUP]
        )  # fmt: skip

    def _limit_words(self, row: AlarmInfo) -> str:
        """Limits in the unit of the tag, times in seconds; a state that alarms has no limit."""
        units = {"limit": row.unit, "deadband": row.unit, "on_delay": "s", "off_delay": "s"}
        titles = {
            "limit": tr("Limit"), "deadband": tr("Deadband"), "on_delay": tr("On-delay"),
            "off_delay": tr("Off-delay"), "rationalised_by": tr("Rationalised by"),
        }  # fmt: skip
        parts: list[str] = []
        for name, title in titles.items():
            words = self._defined(name)
            if words in {"", "0", "0.0"} or (name == "limit" and row.limit is None):
                continue
            parts.append(f"{title} {words.removesuffix('.0')} {units.get(name, '')}".rstrip())
        return ", ".join(parts)

    def _record_words(self) -> str:
        records: Sequence[Mapping[str, Any]] = self.details.records if self.details is not None else ()
        return "\n".join(self._record_line(record) for record in records[:MOST_RECORDS])

    def _record_line(self, record: Mapping[str, Any]) -> str:
        payload: Mapping[str, Any] = record.get("payload") or {}
        event = str(record.get("event", ""))
        words = tr(_EVENTS.get(event.rpartition(".")[2].upper(), event))
        comment = str(payload.get("comment") or payload.get("text") or "")
        actor = str(record.get("actor") or "")
        parts = [self._time(int(record.get("event_time") or 0)), words, actor, comment]
        return "  ".join(part for part in parts if part)

    def _time(self, at_ns: int) -> str:
        plant = self._station.plant
        at = local_time(at_ns, zone_of(plant.zone if plant else "UTC"))
        return f"{at:%d.%m. %H:%M:%S}"
