"""The lint rules of displays: one pure function a rule, one table of all (``RULES``)."""

from hmi.check._display_lints._accepted import Accepted
from hmi.check._display_lints._palette import shipped_palettes
from hmi.check._display_lints._rules import BY_ID, RULES, Rule
from hmi.check._display_lints._run import Linted, lint_displays, origin_of
from hmi.check._display_lints._view import Doubt, Facts, View

__all__ = [
    "BY_ID",
    "RULES",
    "Accepted",
    "Doubt",
    "Facts",
    "Linted",
    "Rule",
    "View",
    "lint_displays",
    "origin_of",
    "shipped_palettes",
]
