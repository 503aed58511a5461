"""New names of tags in plant.toml, types and scenarios: single strings are replaced, comments and layout stay."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, cast

from hmi.project._parameter_renames import UNQUOTED, Suffixes, followed_value
from hmi.project.new_names import PROSE, New, in_query, in_quotes

HEAD: Final = "plant.toml"
_Path = tuple[str | int, ...]


def followed_toml(
    name: str, text: str, new: New, parameters: Mapping[str, Suffixes]
) -> tuple[str, tuple[str, ...]]:
    """The text of one file with the new names, and a sentence for each place; as it is where that cannot be done
    without touching more.

    ``parameters``: of each type those that stand for the name of a tag.
    """
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return text, ()  # told when the plant was loaded
    rule = _rule_of(name, new, parameters.get(str(data.get("name", "")), {}))
    found = {path: (old, rule(path, old)) for path, old in _strings(data)}
    edits = {path: changed for path, (old, changed) in found.items() if changed != old}
    done = _edited(text, edits) if edits else text
    if done == text:
        return text, ()
    return done, tuple(
        f"{_said(path, data)} {found[path][0]} -> {changed}" for path, changed in edits.items()
    )


def _rule_of(name: str, new: New, parameters: Suffixes) -> Callable[[_Path, str], str]:
    def in_head(path: _Path, text: str) -> str:
        if path[0] == "connection" and path[2:] == ("life_counter",):
            return new(text)
        return in_query(text, new) if path[0] == "exports" and path[2:3] == ("tags",) else text

    def in_type(path: _Path, text: str) -> str:
        key = _key(path)
        if key == "default" and path[0] == "parameters":
            return followed_value(text, parameters.get(str(path[1]), frozenset()), new)
        if path[0] == "members" and path[2:3] == ("parameters",):
            own = ".".join(map(str, (path[1], *path[3:])))
            if own in parameters and "{" not in text:
                return followed_value(text, parameters[own], new)
        if key in UNQUOTED:
            return new(text)
        return text if key in PROSE else in_quotes(text, new)

    def in_scenario(path: _Path, text: str) -> str:
        if _key(path) in PROSE:
            return text
        changed = new(text)
        return in_quotes(text, new) if changed == text else changed

    return in_head if name == HEAD else in_type if name.startswith("types/") else in_scenario


def _key(path: _Path) -> str:
    """The key that a string stands under, through lists."""
    return next((part for part in reversed(path) if isinstance(part, str)), "")


def _said(path: _Path, data: Any) -> str:
    """``exports office: tags``, ``step 2: instance``: tables of a list by their name, or by their number."""
    words: list[str] = []
    node = data
    for part in path:
        node = node[part]
        if isinstance(part, str):
            words.append(part)
        elif isinstance(node, Mapping):
            words.append(str(cast("Mapping[str, Any]", node).get("name") or part + 1))
    return f"{' '.join(words[:-1])}: {words[-1]}"


def _strings(node: Any, path: _Path = ()) -> Iterator[tuple[_Path, str]]:
    if isinstance(node, str):
        yield path, node
    elif isinstance(node, Mapping):
        for key, value in node.items():
            yield from _strings(value, (*path, str(key)))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _strings(value, (*path, index))


def _edited(text: str, edits: Mapping[_Path, str]) -> str:
    import tomlkit  # slow to import, and few imports rename

    document: Any = tomlkit.parse(text)
    if tomlkit.dumps(document) != text:
        return text
    wanted: Any = tomllib.loads(text)
    for path, changed in edits.items():
        holder, plain = document, wanted
        for part in path[:-1]:
            holder, plain = holder[part], plain[part]
        old = holder[path[-1]]
        is_literal = old.as_string().startswith("'") and "'" not in changed
        holder[path[-1]] = tomlkit.string(changed, literal=is_literal)
        plain[path[-1]] = changed
    done = tomlkit.dumps(document)
    return done if tomllib.loads(done) == wanted else text
