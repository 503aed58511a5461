"""The rules of displays as one table: the linter, the guide and ``"lint"`` entries all read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from hmi.check._display_lints import _colours, _geometry, _head, _scales, _texts, _units
from hmi.check._display_lints._view import Doubt, View

ERROR, WARNING = "error", "warning"


class Rule(NamedTuple):
    """One rule: its id, how grave it is, what it finds, why, and the clause that asks for it.

    ``find`` is the pure function that finds it; None where reading the display or the plant finds it.
    ``may_be_left_out``: an engineer may accept it with a reason.
    """

    id: str
    severity: str
    what: str
    why: str
    clause: str
    find: Callable[[View], Iterator[Doubt]] | None = None
    may_be_left_out: bool = True


RULES: Final = (
    # what leads nowhere: found while names are looked up
    Rule(
        "unknown-tag",
        ERROR,
        "A tag that the plant does not have",
        "it is drawn as a configuration fault (K)",
        "ISA-101 quality of values",
        None,
        may_be_left_out=False,
    ),
    Rule(
        "dead-link",
        ERROR,
        "A display, instance or area that the plant does not have",
        "a click leads nowhere",
        "ISA-101 navigation",
        None,
        may_be_left_out=False,
    ),
    Rule(
        "content",
        ERROR,
        "A type, property, parameter or expression that cannot be read",
        "it is drawn as K",
        "–",
        None,
        may_be_left_out=False,
    ),
    Rule(
        "control",
        ERROR,
        "A control on a tag that takes no such command",
        "it can do nothing",
        "ISA-101 faceplates",
        None,
        may_be_left_out=False,
    ),
    Rule(
        "picture",
        WARNING,
        "A picture that is missing, too large or no PNG",
        "a marked box stands in its place",
        "–",
        None,
        may_be_left_out=False,
    ),
    Rule(
        "duplicate-id",
        ERROR,
        "Two elements with one id",
        "changes and notes meet the wrong one",
        "–",
        None,
        may_be_left_out=False,
    ),
    # units and scales
    Rule(
        "unit",
        ERROR,
        "A unit written by hand that is not that of the tag",
        "nothing is converted: the number lies",
        "ISA-101 indicators",
        _units.unit,
    ),
    Rule(
        "units-together",
        ERROR,
        "Set point, limit, row or column in another unit than the value",
        "two numbers on one scale are compared",
        "ISA-101 indicators",
        _units.units_together,
    ),
    Rule(
        "bare-bars",
        WARNING,
        "Bars without names side by side in different units",
        "equal heights look like equal values",
        "ISA-101 indicators",
        _units.bare_bars,
    ),
    Rule(
        "scale",
        WARNING,
        "A scale that is empty or reaches beyond the range of the tag",
        "the scale is the operating range",
        "ISA-101 indicators",
        _scales.scale,
    ),
    Rule(
        "limit-off-scale",
        WARNING,
        "An alarm limit that is not on the scale",
        "limits in effect are shown",
        "ISA-101 indicators",
        _scales.limit_off_scale,
    ),
    Rule(
        "band-off-scale",
        WARNING,
        "A normal band that the scale cuts off",
        "the distance to the band is what is read",
        "ISA-101 indicators",
        _scales.band_off_scale,
    ),
    # colours
    Rule(
        "alarm-colour",
        ERROR,
        "A role or colour within ΔE2000 10 of an alarm, outside alarm objects",
        "only alarms are in alarm colours",
        "ISA-101 colour, HM-06",
        _colours.alarm_colour,
    ),
    Rule(
        "contrast",
        WARNING,
        "A text below 4.5 or a line below 3.0 on its ground, in any theme",
        "it cannot be read",
        "WCAG 1.4.3, 1.4.11, HM-04",
        _colours.contrast_of_display,
    ),
    Rule(
        "colours",
        WARNING,
        "More than 8 hues, alarms and values included",
        "more are not kept apart",
        "ISA-101 colour",
        _colours.colours,
    ),
    # places
    Rule(
        "outside",
        WARNING,
        "An element beyond the edge; an error where nothing of it is ever seen",
        "part of it cannot be seen",
        "ISA-101 hierarchy",
        _geometry.outside,
    ),
    Rule(
        "larger",
        WARNING,
        "Level 1 to 3 larger than the design size",
        "these levels never scroll",
        "ISA-101 hierarchy",
        _geometry.larger,
    ),
    Rule(
        "overlap",
        WARNING,
        "Two clickable elements on one place; an error where one hides the other or both write",
        "a click reaches the wrong one",
        "WCAG 2.5.8",
        _geometry.overlap,
    ),
    Rule(
        "small-target",
        WARNING,
        "A control, or a target in a crowd, below 24 × 24 pixels",
        "it is missed",
        "WCAG 2.5.8",
        _geometry.small_target,
    ),
    Rule(
        "too-near",
        WARNING,
        "A control of class S or C less than 3 mm from another control",
        "a slip must not command",
        "own rule",
        _geometry.too_near,
    ),
    # texts
    Rule(
        "text-cut",
        WARNING,
        "A text wider than its room at 100 %",
        "letters are lost",
        "WCAG 1.4.4, HM-17",
        _texts.text_cut,
    ),
    Rule(
        "text-200",
        WARNING,
        "Texts without room for 200 %",
        "they stay small for who needs them large",
        "WCAG 1.4.4, HM-17",
        _texts.text_200,
    ),
    # the head, and the way there
    Rule("title", WARNING, "No title", "every display says what it is", "ISA-101 hierarchy", _head.title),
    Rule(
        "level",
        WARNING,
        "No level",
        "the way up and the rules for its size depend on it",
        "ISA-101 hierarchy",
        _head.level,
    ),
    Rule("area", WARNING, "Level 2 without an area", "it has no tab", "ISA-101 hierarchy", _head.area),
    Rule(
        "unreachable",
        WARNING,
        "No way from the first display",
        "nobody finds it in need",
        "ISA-101 navigation, HM-01",
    ),
    Rule(
        "far",
        WARNING,
        "Level 2 more than two actions from the first display",
        "it is a working page",
        "ISA-101 navigation, HM-01",
    ),
    Rule(
        "lint",
        WARNING,
        "A lint entry without a reason, of no rule, or that is not needed",
        "what is left out stays on purpose",
        "–",
        None,
        may_be_left_out=False,
    ),
)
BY_ID: Final = {rule.id: rule for rule in RULES}
