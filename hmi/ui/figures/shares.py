"""Priorities against 80/15/5, and how long the acknowledgement took."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from hmi.core.texts import tr
from hmi.ui.figures.answer import VERDICTS, Answer, Delay, Share, span_text
from hmi.ui.figures.card import draw_verdict
from hmi.ui.figures.lists import draw_priority
from hmi.ui.paint import painting
from hmi.ui.rows import draw_cut
from hmi.ui.theme import Theme

_LINE: Final = 31.0
_EDGE: Final = 12.0


class SharePanel(QWidget):
    """Two tables, painted: a bar for what was announced and a thinner one for what is configured, with the target
    as a tick; below the median and the 95 % of the delays.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._shares: list[Share] = []
        self._delays: list[Delay] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_answer(self, answer: Answer) -> None:
        self._shares, self._delays = answer.priorities, answer.ack_delay
        self.setAccessibleName(
            "; ".join([*map(_share_words, self._shares), *map(_delay_words, self._delays)])
        )
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme, scale = self._theme.plain, self._theme.scale
        with painting(self) as painter:
            painter.fillRect(self.rect(), theme.color("panel"))
            painter.setPen(theme.color("panel.edge"))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
            painter.scale(scale, scale)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            width = self.width() / scale
            self._paint_shares(painter, theme, width)
            self._paint_delays(painter, theme, width, 60 + _LINE * max(len(self._shares), 1))

    def _paint_shares(self, painter: QPainter, theme: Theme, width: float) -> None:
        used = draw_cut(painter, theme, "title", "text", QPointF(_EDGE, 27), tr("Priorities"), width - 24)
        about = tr("announced and, below, configured")
        draw_cut(
            painter,
            theme,
            "text.label",
            "text.label",
            QPointF(_EDGE + used + 12, 27),
            about,
            width - used - 36,
        )
        for index, share in enumerate(self._shares):
            self._paint_share(
                painter, theme, share, QRectF(_EDGE, 38 + index * _LINE, width - 2 * _EDGE, _LINE)
            )

    def _paint_share(self, painter: QPainter, theme: Theme, share: Share, box: QRectF) -> None:
        middle = box.center().y()
        draw_priority(painter, theme, share.priority, QPointF(box.x(), middle))
        tail = 216.0 if box.width() > 400 else 136.0
        bar = QRectF(box.x() + 30, middle - 9, max(box.width() - 30 - tail, 40), 18)
        painter.fillRect(bar, theme.color("plot"))
        told_role = "accent" if share.verdict == "over" else "text.label"
        own_role = "accent" if share.configured_verdict == "over" else "media"
        told, own = share.share or 0.0, share.configured_share or 0.0
        painter.fillRect(
            QRectF(bar.x(), bar.y() + 1, bar.width() * told / 100, 9),
            theme.color(told_role),
        )
        painter.fillRect(QRectF(bar.x(), bar.y() + 12, bar.width() * own / 100, 5), theme.color(own_role))
        if share.target is not None:
            x = bar.x() + bar.width() * share.target / 100
            painter.setPen(QPen(theme.color("text"), 2.0))
            painter.drawLine(QPointF(x, bar.y() - 2), QPointF(x, bar.bottom() + 2))
        at = bar.right() + 10
        words = "–" if share.share is None else f"{share.share:.1f} %"
        draw_cut(painter, theme, "text.word", "text", QPointF(at, middle + 5), words, 60)
        goal = tr("target {n} %", n=f"{share.target:g}") if share.target is not None else ""
        if tail > 200:
            draw_cut(painter, theme, "text.small", "text.label", QPointF(at + 58, middle + 5), goal, 70)
        draw_verdict(painter, theme, share.worst, QRectF(box.right() - 70, middle - 10, 70, 20))

    def _paint_delays(self, painter: QPainter, theme: Theme, width: float, top: float) -> None:
        painter.setPen(theme.pen("panel.edge"))
        painter.drawLine(QPointF(_EDGE, top - 12), QPointF(width - _EDGE, top - 12))
        draw_cut(
            painter,
            theme,
            "title",
            "text",
            QPointF(_EDGE, top + 12),
            tr("Time to the acknowledgement"),
            width - 24,
        )
        columns = _columns(width)
        titles = (tr("half within"), tr("95 % within"), tr("target"), tr("how many"))
        line = top + 34
        for x, title in zip(columns, titles, strict=True):
            draw_cut(painter, theme, "text.small", "text.label", QPointF(x, line), title, width / 5)
        for index, delay in enumerate(self._delays):
            middle = line + 18 + index * 25
            draw_priority(painter, theme, delay.priority, QPointF(_EDGE, middle))
            target = span_text(delay.target_s) if delay.target_s else "–"
            texts = (span_text(delay.median_s), span_text(delay.p95_s), target, str(delay.count))
            for column, (x, text) in enumerate(zip(columns, texts, strict=True)):
                font = "text.word" if column < 2 else "text.label"
                draw_cut(painter, theme, font, "text", QPointF(x, middle + 5), text, width / 5)
            draw_verdict(painter, theme, delay.verdict, QRectF(width - _EDGE - 60, middle - 10, 60, 20))


def _columns(width: float) -> tuple[float, float, float, float]:
    step = (width - 2 * _EDGE - 42 - 60) / 4
    left = _EDGE + 42
    return left, left + step, left + 2 * step, left + 3 * step


def _share_words(share: Share) -> str:
    said = "–" if share.share is None else f"{share.share:.1f} %"
    own = "–" if share.configured_share is None else f"{share.configured_share:.1f} %"
    return tr(
        "priority {p}: {said} of the alarms, {own} of the configured ones, {verdict}",
        p=share.priority, said=said, own=own, verdict=tr(VERDICTS[share.worst]),
    )  # fmt: skip


def _delay_words(delay: Delay) -> str:
    return tr(
        "priority {p}: half acknowledged within {median}, 95 % within {most}",
        p=delay.priority, median=span_text(delay.median_s), most=span_text(delay.p95_s),
    )  # fmt: skip
