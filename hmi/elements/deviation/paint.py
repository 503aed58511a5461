"""Paints deviation bars."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter

from hmi.mimics import Deviation, Element
from hmi.ui.mimic.gauges import draw_empty
from hmi.ui.mimic.kit import CENTER, Kit
from hmi.ui.paint import draw_broken

_HEAD, _FOOT, _TITLE = 34, 26, 22
_BAR = 18.0
_NORMAL = 0.5  # of half the height: the band in which all is well


def _field(element: Element) -> QRectF:
    """Where the bars stand."""
    top = element.y + _HEAD + (_TITLE if element.get("title") else 0)
    return QRectF(element.x, round(top), element.w, round(element.y + element.h - _FOOT - top))


def static(painter: QPainter, element: Element, kit: Kit) -> None:
    """The field, the normal band that all share, and the zero line across."""
    field = _field(element)
    if title := element.get("title"):
        kit.text(
            painter,
            field.x(),
            element.y + 13,
            kit.fitted("text.strong", title, element.w),
            font="text.strong",
        )
    middle, normal = field.center().y(), field.height() / 2 * _NORMAL
    kit.fill(painter, field.x(), field.y(), field.width(), field.height(), "plot")
    kit.fill(painter, field.x(), middle - normal, field.width(), 2 * normal, "band.plot")


def dynamic(painter: QPainter, element: Element, look: tuple[Any, ...], kit: Kit) -> None:
    field = _field(element)
    pitch = field.width() / max(len(look), 1)
    for n, own in enumerate(look):
        _column(painter, field, field.x() + (n + 0.5) * pitch, own, pitch, kit)
    kit.fill(painter, field.x(), round(field.center().y()) - 1, field.width(), 2, "pipe")


def _column(painter: QPainter, field: QRectF, middle: float, own: Deviation, pitch: float, kit: Kit) -> None:
    shown = own.shown
    label = kit.fitted("text.word", own.label, pitch - 6)
    kit.text(painter, middle, field.y() - 20, label, font="text.word", align=CENTER)
    kit.text(painter, middle, field.y() - 6, shown.unit, font="text.small", color="text.label", align=CENTER)
    body = QRectF(round(middle - _BAR / 2), field.y() + 3, _BAR, field.height() - 6)
    if own.position is None:
        draw_empty(painter, body, kit)
    else:
        _bar(painter, body, own, kit)
    mark = own.doubt or ("" if shown.frame else shown.mark)
    if mark:
        x = body.center().x() if own.position is None else body.x() - 11
        kit.quality(painter, mark, x, body.y() + 9, stale=mark == "stale")
    plain = shown if shown.frame else shown._replace(mark="")  # the mark stands beside the bar
    kit.value(
        painter, middle, field.bottom() + 20, plain, font="value.small", align=CENTER, unit=False,
        mark_left=True, corner=not shown.alarm,
    )  # fmt: skip


def _bar(painter: QPainter, body: QRectF, own: Deviation, kit: Kit) -> None:
    zero, share = body.center().y(), own.position or 0.0
    reach = abs(share) * body.height() / 2
    top = zero - reach if share > 0 else zero
    role = (
        f"alarm.p{own.shown.alarm}" if own.shown.alarm else "text.secondary" if own.doubt else own.shown.role
    )
    if reach >= 1:
        kit.box(painter, body.x(), top, body.width(), reach, role, "outline" if own.shown.alarm else role)
    if own.beyond:
        at = body.y() + 9 if own.beyond > 0 else body.bottom() - 9
        draw_broken(painter, kit.theme, QPointF(body.right() + 9, at))
