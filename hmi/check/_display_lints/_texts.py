"""Rules of texts: that they have room, at the usual size and at the largest one that operators may choose."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from hmi.check._display_lints._view import Doubt, View
from hmi.check._display_lints._widths import text_width
from hmi.mimics import Element, FixedText

_SLACK: Final = 0.02  # of the width: kerning makes texts a little narrower than they are measured
_SHOWN: Final = 40
STEP, LARGEST = 1.08, 2.0  # the smallest step by which the station lets texts grow; 200 %
_NAMED: Final = 3


class Fit(NamedTuple):
    """One text and the pixels that it needs at 100 %."""

    element: Element
    text: FixedText
    needs: float

    def fits(self, size: float) -> bool:
        return self.needs * size * (1 - _SLACK) <= self.text.room


def text_cut(view: View) -> Iterator[Doubt]:
    """Texts that are wider than their room at 100 %: cut, or written over what stands beside them."""
    for fit in _measured(view):
        if not fit.fits(1.0):
            said = fit.text.text if len(fit.text.text) <= _SHOWN else f"{fit.text.text[:_SHOWN]}…"
            room = f"needs {fit.needs:.0f} pixels and has {fit.text.room:.0f}"
            what = f"element {fit.element.id}: {fit.text.name} {said!r} {room}"
            yield Doubt(fit.element.id, what, "make the text shorter or the element wider")


def text_200(view: View) -> Iterator[Doubt]:
    """Texts that cannot grow by one step: where operators choose 200 %, they stay as small as they are.

    The station lets a text grow as far as its element has room, so that nothing runs over at 200 %. One finding
    for a display, at the tightest text.
    """
    own = [fit for fit in _measured(view) if fit.element.id in view.own and fit.fits(1.0)]
    tight = sorted((fit for fit in own if not fit.fits(STEP)), key=lambda fit: fit.text.room / fit.needs)
    if not tight:
        return
    short = sum(not fit.fits(LARGEST) for fit in own)
    ids = list(dict.fromkeys(fit.element.id for fit in tight))
    others = f" and {', '.join(ids[1:_NAMED])}" if len(ids) > 1 else ""
    more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
    what = f"element {ids[0]}:{others}{more} cannot grow when operators choose 200 %"
    yield Doubt(ids[0], f"{what}; {short} texts here do not reach it", "make them wider or shorter")


def _measured(view: View) -> Iterator[Fit]:
    """Every fixed text of this file and of displays that it embeds."""
    for element in view.display.elements:
        definition = element.definition
        if definition is None or definition.texts is None:
            continue
        for text in definition.texts(element):
            if text.text and text.name not in element.bindings:
                yield Fit(element, text, text_width(text.text, text.font))
