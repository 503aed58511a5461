"""Parameters of instances that hold the name of a tag, as their types use them: ``'{source}'`` or ``'{source}.pv'``."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Final

from hmi.project.folder_files import Files
from hmi.project.new_names import New

_PIECE: Final = re.compile(r"'\{(\w+)\}([^'{}]*)'")
_WHOLE: Final = re.compile(r"\{(\w+)\}([^'{}]*)")
UNQUOTED: Final = frozenset(("setpoint", "command", "tag"))
"""Keys of a type that hold a name without quotes."""
_OWN: Final = "name"
"""Stands for the instance itself in the texts of a type; not a parameter."""
Suffixes = Mapping[str, frozenset[str]]
"""By parameter what follows it where it stands for a name: nothing, or a signal such as ``.pv``."""


def name_parameters(files: Files) -> dict[str, Suffixes]:
    """By type, with what it extends, the parameters that stand for the name of a tag or an instance."""
    own: dict[str, tuple[str, dict[str, set[str]]]] = {}
    for path, content in files.items():
        if path.startswith("types/") and content is not None:
            data = _read(content)
            own[str(data.get("name", ""))] = str(data.get("extends", "")), _used(data)
    return {name: _with_inherited(name, own) for name in own}


def followed_parameters(cell: str, suffixes: Suffixes, new: New) -> str:
    """A cell ``source=a/b;limit=3`` with the new names; every other part keeps its text."""
    return ";".join(_followed(part, suffixes, new) for part in cell.split(";"))


def followed_value(value: str, after: frozenset[str], new: New) -> str:
    """The value of one parameter; as it is where it means several tags that do not get new names alike."""
    found = {value: 0}
    for suffix in after:
        name = new(value + suffix)
        if name != value + suffix and name.endswith(suffix):
            found[name.removesuffix(suffix)] = 0
    changed = [one for one in found if one != value]
    return changed[0] if len(changed) == 1 else value


def _followed(part: str, suffixes: Suffixes, new: New) -> str:
    key, mark, value = part.partition("=")
    plain = value.strip()
    column = key.strip().rpartition(".")[2]
    if not mark or not plain:
        return part
    if key.strip() in suffixes:
        changed = followed_value(plain, suffixes[key.strip()], new)
    elif "." in key and column in UNQUOTED:
        changed = new(plain)
    else:
        return part
    return part if changed == plain else f"{key}{mark}{value.replace(plain, changed, 1)}"


def _read(content: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError):
        return {}  # told when the plant was loaded


def _used(data: Mapping[str, Any]) -> dict[str, set[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for key, text in _texts(data, ""):
        pieces = _PIECE.findall(text)
        whole = _WHOLE.fullmatch(text) if key in UNQUOTED else None
        for parameter, suffix in (*pieces, *([whole.groups()] if whole else ())):
            if parameter != _OWN:
                found[parameter].add(suffix)
    return found


def _texts(node: Any, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, str):
        yield key, node
    elif isinstance(node, Mapping):
        for name, value in node.items():
            yield from _texts(value, str(name))
    elif isinstance(node, list):
        for value in node:
            yield from _texts(value, key)


def _with_inherited(name: str, own: Mapping[str, tuple[str, dict[str, set[str]]]]) -> Suffixes:
    found: defaultdict[str, set[str]] = defaultdict(set)
    seen: set[str] = set()
    while name in own and name not in seen:
        seen.add(name)
        above, used = own[name]
        for parameter, suffixes in used.items():
            found[parameter] |= suffixes
        name = above
    return {parameter: frozenset(suffixes) for parameter, suffixes in found.items()}
