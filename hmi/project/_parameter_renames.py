"""Parameters of instances that hold the name of a tag, as their types use them: ``'{source}'`` or ``'{source}.pv'``."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

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


@dataclass(frozen=True, slots=True)
class _Type:
    extends: str
    used: Mapping[str, set[str]]
    members: Mapping[str, tuple[str, Mapping[str, str]]]
    """By name: the type of the member, and the texts that it gives to parameters."""


def name_parameters(files: Files) -> dict[str, Suffixes]:
    """By type, with what it extends, the parameters that stand for the name of a tag or an instance.

    Those of a member are there too, as ``p1.source``, and so are those that are handed on to a member.
    """
    own = types_of(files)
    found: dict[str, Suffixes] = {}
    for name in own:
        _collect(name, own, found, ())
    return found


def members_of(name: str, own: Mapping[str, _Type]) -> dict[str, tuple[str, Mapping[str, str]]]:
    """The members of a type with those that it inherits."""
    members: dict[str, tuple[str, Mapping[str, str]]] = {}
    for one in _chain(name, own):
        for member, (kind, given) in own[one].members.items():
            known, more = members.get(member, ("", {}))
            members[member] = known or kind, {**given, **more}
    return members


def types_of(files: Files) -> dict[str, _Type]:
    """What the files of types say, by the name of the type; a file that cannot be read says nothing."""
    own: dict[str, _Type] = {}
    for path, content in files.items():
        if path.startswith("types/") and content is not None:
            data = _read(content)
            own[str(data.get("name", ""))] = _Type(
                str(data.get("extends", "")), _used(data), dict(_members(data))
            )
    return own


def _members(data: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, Mapping[str, str]]]]:
    tables = data.get("members")
    for name, table in cast("Mapping[str, Any]", tables).items() if isinstance(tables, Mapping) else ():
        if isinstance(table, Mapping):
            given = table.get("parameters")  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
            items = cast("Mapping[str, Any]", given if isinstance(given, Mapping) else {}).items()
            texts = {key: text for key, text in items if isinstance(text, str)}
            yield name, (str(cast("Any", table).get("type", "")), texts)


def _collect(
    name: str, own: Mapping[str, _Type], found: dict[str, Suffixes], above: tuple[str, ...]
) -> Suffixes:
    if name in found or name in above or name not in own:
        return found.get(name, {})
    suffixes = {key: set(after) for key, after in _with_inherited(name, own).items()}
    for member, (kind, given) in members_of(name, own).items():
        for key, after in _collect(kind, own, found, (*above, name)).items():
            suffixes.setdefault(f"{member}.{key}", set()).update(after)
            whole = _WHOLE.fullmatch(given.get(key, ""))
            if whole and whole[1] != _OWN:
                suffixes.setdefault(whole[1], set()).update(whole[2] + one for one in after)
    found[name] = {key: frozenset(after) for key, after in suffixes.items()}
    return found[name]


def _chain(name: str, own: Mapping[str, _Type]) -> Iterator[str]:
    """A type and what it extends, the most special first."""
    seen: set[str] = set()
    while name in own and name not in seen:
        seen.add(name)
        yield name
        name = own[name].extends


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


def _with_inherited(name: str, own: Mapping[str, _Type]) -> Suffixes:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for one in _chain(name, own):
        for parameter, suffixes in own[one].used.items():
            found[parameter] |= suffixes
    return {parameter: frozenset(suffixes) for parameter, suffixes in found.items()}
