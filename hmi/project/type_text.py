"""The text of a file ``types/*.toml`` that an import or a browse proposes: the same content gives the same bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_TABLES: Final = ("parameters", "signals", "alarms", "members")


def type_text(name: str, content: Mapping[str, Any]) -> str:
    """``content``: plain fields such as ``title`` and ``extends``, then tables by name under ``parameters``,
    ``signals``, ``alarms`` and ``members``. Fields whose value is None are left out.
    """
    lines = ['schema = "type/1"', f"name = {toml_value(name)}"]
    lines += _fields({key: value for key, value in content.items() if key not in _TABLES})
    for group in _TABLES:
        for key, table in content.get(group, {}).items():
            lines += ["", f"[{group}.{toml_key(key)}]", *_fields(table)]
    return "\n".join(lines) + "\n"


def _fields(table: Mapping[str, Any]) -> Iterator[str]:
    for key, value in table.items():
        if value is not None:
            yield f"{toml_key(key)} = {toml_value(value)}"


def toml_key(key: Any) -> str:
    """A key, in quotes where it needs them."""
    text = str(key)
    return text if _BARE.fullmatch(text) else toml_value(text)


def toml_value(value: Any) -> str:
    """A text, number, truth, list or table as TOML writes it in one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{toml_key(key)} = {toml_value(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml_value(part) for part in value) + "]"
    return '"' + "".join(_letter(letter) for letter in str(value)) + '"'


def _letter(letter: str) -> str:
    if letter in _ESCAPES:
        return _ESCAPES[letter]
    if letter < " " or "\x7f" <= letter < "\xa0":
        return f"\\u{ord(letter):04x}"
    return "\ufffd" if "\ud800" <= letter <= "\udfff" else letter
