"""The last commands of one object with time, user and result, from the runtime's journal."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Any, Final, NamedTuple

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QFontMetricsF, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from hmi.client.port import RuntimeClient, TagInfo
from hmi.core.texts import tr
from hmi.mimics import format_value
from hmi.ui.commands.reasons import label_of
from hmi.ui.theme import Theme
from hmi.ui.times import time_text
from hmi.ui.widgets import plain
from hmi.ui.zoom import zoomed

MOST: Final = 5
_PAGE: Final = 20  # records of one tag, ends of commands among them
_LINE: Final = 17
_WHAT, _WHO, _RESULT = 64.0, 212.0, 294.0  # where the columns begin


class Done(NamedTuple):
    """One command that ended."""

    at: str
    what: str
    who: str
    result: str


async def last_records(client: RuntimeClient, ids: Sequence[str]) -> list[dict[str, Any]]:
    """The newest ends of commands to these tags, the newest first; on the client's own thread."""
    pages = await asyncio.gather(
        *(client.journal(after=-1, kind="audit", limit=_PAGE, object_id=one) for one in ids)
    )
    found = [record for page in pages for record in page if "state" in (record.get("payload") or {})]
    found.sort(key=lambda record: (record.get("event_time") or 0, record.get("seq") or 0))
    return found[::-1][:MOST]


def rows_of(records: Sequence[Mapping[str, Any]], tags: Mapping[str, TagInfo], zone: tzinfo) -> list[Done]:
    """As they are read; ``tags`` by their id."""
    found = []
    for record in records:
        info = tags.get(str(record.get("object_id")))
        if info is None:
            continue
        payload = record.get("payload") or {}
        at = time_text(int(record.get("event_time") or 0), zone, millis=False)
        what = f"{label_of(info)} → {_written(payload.get('new'), info)}"
        found.append(Done(at, what, _who(record, payload), tr(str(payload["state"]).capitalize())))
    return found


def _who(record: Mapping[str, Any], payload: Mapping[str, Any]) -> str:
    """Who gave the command, and who signed it besides."""
    actor = str(record.get("actor", ""))
    signers = [str(one.get("user", "")) for one in payload.get("signers") or () if isinstance(one, Mapping)]
    return " + ".join(dict.fromkeys([actor, *(user for user in signers if user)]))


def _written(value: Any, info: TagInfo) -> str:
    """A value as it was asked for, not rounded to the tag's format."""
    if isinstance(value, float) and not info.states:
        return f"{value:.10g} {info.unit}".strip()
    return format_value(value, info).strip()


class LastCommands(QWidget):
    """A small table; ``say`` puts one sentence in its place."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.rows: list[Done] = []
        self.sentence = tr("Asking the journal …")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._fit()

    def show_rows(self, rows: list[Done]) -> None:
        self.rows = rows
        self.sentence = "" if rows else tr("No command on record")
        self._fit()

    def say(self, sentence: str) -> None:
        """Why there is nothing to show; rows that are shown stay."""
        if not self.rows:
            self.sentence = sentence
            self._fit()

    @property
    def text(self) -> str:
        """What it reads, for tests and screen readers."""
        return "\n".join("  ".join(row) for row in self.rows) or self.sentence

    def _fit(self) -> None:
        self.setFixedHeight(self._theme.px(_LINE * max(len(self.rows), 1) + 4))
        self.setAccessibleName(self.text)
        self.setToolTip(plain(self.text))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        with zoomed(self, self._theme) as (painter, theme, size):
            painter.setFont(theme.font("text.small"))
            metrics = QFontMetricsF(painter.font())
            painter.setPen(theme.color("text.label"))
            if self.sentence:
                painter.drawText(QPointF(0, 13), self.sentence)
                return
            edges = (0.0, _WHAT, _WHO, _RESULT, size.width())
            for n, row in enumerate(self.rows):
                y = n * _LINE + 13
                for column, text in enumerate(row):
                    painter.setPen(theme.color("text.label" if column in {0, 2} else "text"))
                    room = edges[column + 1] - edges[column] - 6
                    cut = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)
                    painter.drawText(QPointF(edges[column], y), cut)
