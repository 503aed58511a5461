"""Paints a state in words."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter

from hmi.mimics import Element, Shown
from hmi.ui.mimic.kit import CENTER, LEFT, Kit
from hmi.ui.paint import draw_frame

_INSET = 7.0


def dynamic(painter: QPainter, element: Element, look: tuple[Any, ...], kit: Kit) -> None:
    label, role, shown = look
    centered = element.get("align") == "center"
    align, x = (CENTER, element.x + element.w / 2) if centered else (LEFT, element.x)
    baseline = element.y + (element.h + kit.cap("text.strong")) / 2
    if label:
        kit.text(painter, x, element.y + 10, label, font="text.label", color="text.label", align=align)
        baseline = element.y + 33
    word = shown._replace(text=kit.fitted("text.strong", shown.text, max(element.w - 2 * _INSET, 30.0)))
    if role == "abnormal":
        word = _set_apart(painter, x, baseline, word, align, kit)
        x += _INSET if not centered else 0.0
    kit.value(painter, x, baseline, word, font="text.strong", align=align, unit=False)


def _set_apart(painter: QPainter, x: float, baseline: float, word: Shown, align: float, kit: Kit) -> Shown:
    """The word in reverse: dark box, light letters. No colour of an alarm is used."""
    width = kit.width("text.strong", word.text)
    left = x - width * align - (_INSET if align else 0.0)
    box = QRectF(left, baseline - kit.cap("text.strong") - 6, width + 2 * _INSET, kit.cap("text.strong") + 12)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(kit.theme.brush("text.secondary"))
    painter.drawRoundedRect(box, 3, 3)
    painter.restore()
    if word.frame and not word.alarm:
        draw_frame(painter, kit.theme, word.frame, box.adjusted(-3, -3, 3, 3))
    if word.mark:
        kit.quality(painter, word.mark, box.right() + 15, box.center().y(), stale=word.mark == "stale")
    if word.alarm:
        kit.alarm(painter, word.alarm, QPointF(box.right() + (40 if word.mark else 18), box.center().y()),
                  unacked=word.unacked)  # fmt: skip
    return word._replace(role="panel", mark="", frame="", alarm=0)
