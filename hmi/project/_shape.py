"""Holds a document against its model and turns what the model says into findings with lines."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from hmi.project._draft import Draft
from hmi.project._read import TomlFile
from hmi.project.models import unknown_fields

Model = TypeVar("Model", bound=BaseModel)

_NOUNS = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
}
_WORDS = {
    "missing": "is missing",
    "string_too_short": "is empty",
    "too_short": "has too few members",
    "too_long": "has too many members",
    "string_pattern_mismatch": "has characters that are not allowed",
}


def shape(model: type[Model], data: dict[str, Any], file: TomlFile, draft: Draft) -> Model | None:
    """The model of a TOML document, or None and one finding per wrong field."""
    return shape_at(model, data, file.shown, file.lines.find, draft, own=file.data)


def shape_at(
    model: type[Model],
    data: dict[str, Any],
    shown: str,
    line_of: Callable[[Any], int],
    draft: Draft,
    *,
    own: Any = None,
) -> Model | None:
    """As ``shape``, for a document whose lines come from ``line_of(path)``.

    ``own`` is what the file itself says, when ``data`` also holds what it inherits.
    """
    try:
        built = model.model_validate(data)
    except ValidationError as error:
        _report(error, shown, line_of, draft)
        return None
    for path in unknown_fields(built):
        if own is not None and not _holds(own, path):
            continue
        what = f"{dotted(path)} is not a known field"
        draft.findings.warning(
            shown, line_of(path), what, "it is kept; check the spelling", rule="unknown-field"
        )
    return built


def _holds(data: Any, path: tuple[str | int, ...]) -> bool:
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def _report(error: ValidationError, shown: str, line_of: Callable[[Any], int], draft: Draft) -> None:
    found: dict[tuple[str | int, ...], list[Any]] = {}
    for item in error.errors(include_url=False, include_context=False, include_input=False):
        found.setdefault(_plain_path(item["loc"]), []).append(item)
    for path, items in found.items():
        draft.findings.error(shown, line_of(path), f"{dotted(path)} {_words(items)}")


def _words(items: list[Any]) -> str:
    """What is wrong with one field; the members of a union each say what they wanted."""
    nouns = list(dict.fromkeys(_NOUNS[item["type"]] for item in items if item["type"] in _NOUNS))
    if nouns:
        plain = [noun for noun in nouns if noun != "a whole number" or "a number" not in nouns]
        return f"is not {' or '.join(plain)}"
    first = items[0]
    text = str(first["msg"]).removeprefix("Input ")
    return _WORDS.get(str(first["type"])) or text[:1].lower() + text[1:]


def _plain_path(path: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Without the names of the members of a union, which pydantic appends."""
    unions = ("str", "int", "float", "bool", "list", "dict")
    while len(path) > 1 and isinstance(path[-1], str) and path[-1].split("[")[0] in unions:
        path = path[:-1]
    return path


def dotted(path: tuple[str | int, ...]) -> str:
    """``connection.plc1.endpoints``; positions count from 1."""
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in path)


def digest_document(draft: Draft, name: str, data: Any) -> None:
    """Add a document to the revision, whatever the order of its keys."""
    text = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    draft.digest.update(f"{name}\0{text}\0".encode())
