"""What somebody asks for at a faceplate, a menu or a page, carried to the one place that does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

PLACE: Final = "place"
REMOVE: Final = "remove"
OVERRIDE: Final = "override"
END_OVERRIDE: Final = "end_override"
BYPASS: Final = "bypass"
END_BYPASS: Final = "end_bypass"


@dataclass(frozen=True, slots=True)
class Want:
    """``name`` of the object or tag; ``about`` is the hold to take away, or (commands, condition) of a bypass."""

    deed: str
    name: str
    about: Any = None
