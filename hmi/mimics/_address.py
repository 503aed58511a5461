"""A display with its arguments as one text, so that history, links and the command line can carry it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

_MARK: Final = "?"


def display_address(name: str, arguments: Mapping[str, Any]) -> str:
    """``name``, or ``name?{…}`` with the arguments in the order of their names: equal pages, equal texts."""
    if not arguments:
        return name
    return name + _MARK + json.dumps(dict(arguments), sort_keys=True, ensure_ascii=False, default=str)


def display_of_address(address: str) -> tuple[str, dict[str, Any]]:
    """Name and arguments; what does not read as arguments is taken as part of the name."""
    name, mark, text = address.partition(_MARK)
    if not mark:
        return address, {}
    try:
        arguments = json.loads(text)
    except (ValueError, RecursionError):
        return address, {}
    return (name, arguments) if isinstance(arguments, dict) else (address, {})
