"""What stands around every equipment symbol, the same for all of them: name, state, badges, marks (standards 2.6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter

from hmi.mimics import Equipment
from hmi.ui.mimic.kit import CENTER, Kit
from hmi.ui.paint import BADGE_SIZE, badge_width, draw_frame

_LINE: Final = 17.0
_PITCH: Final = 17.0  # from row to row of badges
_GAP: Final = 2.0
_ROW: Final = 3  # badges side by side


def draw_state_word(
    painter: QPainter, kit: Kit, x: float, baseline: float, state: Equipment, *, align: float = CENTER
) -> float:
    """State word and figure, such as ``RUN 86 %``; ``align`` 0 left, 0.5 centre, 1 right of ``x``. Its width."""
    gap = " " if state.word and state.figure else ""
    figure = gap + state.figure
    word, number = kit.width("text.word", state.word), kit.width("text.word", figure)
    left = x - (word + number) * align
    if state.word:
        kit.text(painter, left, baseline, state.word, font="text.word", color="text.secondary")
    if figure:
        color = "text.secondary" if state.is_doubtful else "value"
        kit.text(painter, left + word, baseline, figure, font="text.word", color=color)
    return word + number


def draw_texts_below(
    painter: QPainter,
    kit: Kit,
    body: QRectF,
    label: str,
    state: Equipment,
    *,
    caption: str = "",
    word: bool = True,
) -> None:
    """Name, state and caption under a symbol; lines that are empty take no room."""
    x, y = body.center().x(), body.bottom() + 15
    if label:
        kit.text(painter, x, y, label, font="text.word", color="text", align=CENTER)
        y += _LINE
    if word and (state.word or state.figure):
        draw_state_word(painter, kit, x, y, state)
        y += _LINE
    if caption:
        kit.text(painter, x, y - 1, caption, font="text.label", color="text.label", align=CENTER)


def draw_state_marks(
    painter: QPainter,
    kit: Kit,
    body: QRectF,
    state: Equipment,
    *,
    all_badges: bool = True,
    left: bool = False,
) -> None:
    """Alarm at the upper left; badges and quality mark at the upper right, or at the lower left with ``left``.

    Without ``all_badges`` only those are drawn that an operator must notice. A stale state gets a dotted frame.
    """
    if state.stale:
        draw_frame(painter, kit.theme, "dotted", body.adjusted(-2, -2, 2, 2))
    badges = [badge for badge in state.badges if all_badges or badge[1]]
    widths = [badge_width(kit.theme, letter) for letter, _ in badges]
    marked = bool(state.mark or state.stale)
    spots = _spots(body, widths + [BADGE_SIZE] * marked, left=left)
    for badge, (x, y) in zip(badges, spots, strict=False):
        kit.badges(painter, x, y, (badge,))
    if marked:
        x, y = spots[-1]
        x += 0 if badges or left else 8 if state.stale else 4  # clear of the dotted frame
        kit.quality(painter, state.mark, x, y, stale=state.stale and state.mark in {"", "stale"})
    if state.alarm:
        kit.alarm(painter, state.alarm, QPointF(body.left() - 9, body.top() + 4), unacked=state.unacked)


def _spots(body: QRectF, widths: Sequence[float], *, left: bool) -> list[tuple[float, float]]:
    """Where boxes of these widths stand, in rows of three (see ``Kit.badges``); further rows are clear of the body."""
    found: list[tuple[float, float]] = []
    for row in range(0, len(widths), _ROW):
        part = widths[row : row + _ROW]
        down = row // _ROW * _PITCH
        if left:
            x = body.left() - 6 - sum(part[:-1]) - _GAP * (len(part) - 1) - part[-1] + BADGE_SIZE
            y = body.bottom() + 6 + down
        else:
            x, y = body.right() + (12 if row else 3), body.top() + 1 + down
        for width in part:
            found.append((x, y))
            x += width + _GAP
    return found
