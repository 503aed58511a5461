"""Which values a property accepts, so that no file can make a painter fail or a plot fill the memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hmi.mimics._definition import Property
from hmi.mimics._parameters import is_number
from hmi.mimics._plain import MOST_CHARACTERS, drawn, quoted

MOST_PIXELS: Final = 100_000
_MOST_WHOLE: Final = 1_000_000
_MOST_MEMBERS: Final = 2_000
_MOST_ROWS: Final = 200
TEXTS: Final = frozenset(("string", "choice", "tag", "instance", "area", "display", "image"))


def fits(prop: Property, value: Any) -> bool:
    """True when a literal may stand under the property."""
    if prop.type in TEXTS:
        return isinstance(value, str) and (not prop.choices or value in prop.choices)
    match prop.type:
        case "number":
            return is_number(value) and _inside(prop, value)
        case "integer":
            whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _MOST_WHOLE
            return whole and _inside(prop, value)
        case "boolean":
            return isinstance(value, bool)
        case "pair":
            return isinstance(value, list) and len(value) == 2 and all(map(is_pixels, value))
        case "points":
            return isinstance(value, list) and len(value) <= _MOST_MEMBERS and all(map(_is_point, value))
        case "list":
            return isinstance(value, list) and len(value) <= _MOST_ROWS and all(map(_is_row, value))
        case "arguments" | "overrides":
            return isinstance(value, Mapping)
        case "instances":
            return isinstance(value, list | Mapping | str)
    return False


def _inside(prop: Property, value: float) -> bool:
    return (prop.low is None or value >= prop.low) and (prop.high is None or value <= prop.high)


def _is_point(value: Any) -> bool:
    return isinstance(value, list) and 2 <= len(value) <= 3 and all(map(is_pixels, value))


def _is_row(value: Any) -> bool:
    if not isinstance(value, Mapping):
        return False
    tags = value.get("tags", [])
    return isinstance(tags, list) and len(tags) <= _MOST_ROWS


def is_pixels(value: Any) -> bool:
    return is_number(value) and abs(value) <= MOST_PIXELS


def wanted(prop: Property) -> str:
    """What to write under the property."""
    if prop.choices:
        return f"use one of: {', '.join(prop.choices)}"
    if prop.low is not None and prop.high is not None:
        return f"write a {prop.type} from {prop.low:g} to {prop.high:g}"
    return {
        "points": f"write a list of [x, y] in pixels, at most {_MOST_MEMBERS}",
        "list": f'write a list of {{"label": …, "tags": […]}}, at most {_MOST_ROWS} of each',
        "image": "write the name of a PNG in images/",
        "pair": "write [x, y] in pixels",
        "arguments": 'write {"name of a parameter": value}',
        "overrides": 'write {"name of an instance": {"name of a parameter": value}}',
        "instances": 'write a list of instances, {"type": …, "area": …} or a query such as "type:pump"',
    }.get(prop.type, f"write a {prop.type}")


def text_problem(value: Any) -> str:
    """What cannot be drawn of a text; empty when it is drawn as it is written."""
    if not isinstance(value, str):
        return ""
    if len(value) > MOST_CHARACTERS:
        return f"is {len(value)} characters long, of which {MOST_CHARACTERS} are drawn"
    plain = drawn(value)
    return "" if plain is value or plain == value else f"{quoted(value)} has characters that cannot be drawn"


def shown(prop: Property, value: Any) -> Any:
    """The value as the painters get it: texts plain and of a bounded length, also inside lists."""
    if isinstance(value, str):
        return drawn(value)
    return [_plain_row(row) for row in value] if prop.type == "list" else value


def _plain_row(row: Mapping[str, Any]) -> dict[str, Any]:
    out = {key: drawn(value) if isinstance(value, str) else value for key, value in row.items()}
    if "tags" in row:
        out["tags"] = [drawn(tag) if isinstance(tag, str) else tag for tag in row["tags"]]
    return out
