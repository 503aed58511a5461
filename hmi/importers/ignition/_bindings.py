"""Texts of Ignition with parameters of a UDT in braces, and what else a property may be bound to."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

_HOLE: Final = re.compile(r"\{([^{}]*)\}")
_OFFSET: Final = re.compile(r"(.+?)\s*([+-])\s*(\d{1,9})")
MAX_LETTERS: Final = 4_000


class Unsayable(Exception):
    """Something that has no like here; the text says what, as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class Hole:
    """The value of a parameter, with a whole number added."""

    name: str
    offset: int = 0


Text = tuple[str | Hole, ...]


@dataclass(frozen=True, slots=True)
class Formula:
    """An expression of Ignition that a property is bound to; ``is_tag``: only the path of a tag."""

    text: str
    is_tag: bool = False


def bound(value: Any, names: Collection[str]) -> Any:
    """What a property holds: a plain value as it is, else a Text or a Formula.

    ``names`` are the parameters that may be used. Unsayable for a binding that is none of the known ones.
    """
    if isinstance(value, str):
        return parsed(value, names) if "{" in value else value
    if not isinstance(value, Mapping):
        return value
    kind = str(value.get("bindType", "")).lower()
    text = value.get("binding", value.get("value", ""))
    if not isinstance(text, str):
        return text
    if kind == "tag":
        return Formula(text, is_tag=True)
    if kind == "udtparameter" and "{" not in text:
        text = "{" + text + "}"
    if kind in ("parameter", "udtparameter"):
        return parsed(text, names)
    if kind == "expression":
        only = _HOLE.fullmatch(text.strip())
        return parsed(text.strip(), names) if only and only[1] in names else Formula(text)
    raise Unsayable(f"is bound in a way that is not known ({kind or 'without bindType'})")


def parsed(text: str, names: Collection[str]) -> Text:
    """``HR{Base+1}`` as parts. Unsayable for a parameter that is not known, or one with a number format."""
    if len(text) > MAX_LETTERS:
        raise Unsayable(f"is {len(text)} letters long, more than {MAX_LETTERS}")
    parts: list[str | Hole] = []
    at = 0
    for found in _HOLE.finditer(text):
        parts += [text[at : found.start()], _hole(found[1], names)]
        at = found.end()
    return joined((*parts, text[at:]))


def _hole(text: str, names: Collection[str]) -> Hole:
    name = text.strip()
    if name in names:
        return Hole(name)
    if "|" in name:
        raise Unsayable(f"uses {{{text}}}, a parameter with a number format")
    found = _OFFSET.fullmatch(name)
    if found and found[1] in names:
        return Hole(found[1], int(found[2] + found[3]))
    raise Unsayable(f"uses {{{text}}}, which is no parameter of its UDT")


def joined(parts: Text) -> Text:
    """The same with neighbouring texts made one, and without empty ones."""
    out: list[str | Hole] = []
    for part in parts:
        if part == "":
            continue
        if isinstance(part, str) and out and isinstance(out[-1], str):
            out[-1] += part
        else:
            out.append(part)
    return tuple(out)


def as_text(value: Any) -> Text:
    """A plain value as a Text."""
    if isinstance(value, tuple):
        return value
    if isinstance(value, bool):
        return ("true" if value else "false",)
    text = f"{value:.15g}" if isinstance(value, float) else "" if value is None else str(value)
    return joined((text,))


def substituted(text: Text, scope: Mapping[str, Text]) -> Text:
    """The text with every parameter replaced by what ``scope`` has for it."""
    out: list[str | Hole] = []
    for part in text:
        if isinstance(part, str):
            out.append(part)
        elif part.name not in scope:
            raise Unsayable(f"uses {{{part.name}}}, which has no value")
        else:
            out += _shifted(scope[part.name], part)
    result = joined(tuple(out))
    if sum(len(part) for part in result if isinstance(part, str)) > MAX_LETTERS:
        raise Unsayable(f"becomes longer than {MAX_LETTERS} letters")
    return result


def _shifted(text: Text, hole: Hole) -> Text:
    if not hole.offset:
        return text
    if len(text) == 1 and isinstance(text[0], Hole):
        return (Hole(text[0].name, text[0].offset + hole.offset),)
    if all(isinstance(part, str) for part in text):
        number = "".join(str(part) for part in text).strip()
        if re.fullmatch(r"[+-]?\d{1,18}", number):
            return (str(int(number) + hole.offset),)
    raise Unsayable(f"calculates with {{{hole.name}}}, which is no whole number")


def plain(text: Text) -> str | None:
    """The text when it holds no parameter."""
    return "".join(str(part) for part in text) if all(isinstance(part, str) for part in text) else None


def rendered(text: Text, names: Mapping[str, str]) -> str:
    """As our types write it: ``HR{Base+1}`` with the names of our parameters; other braces become round ones."""
    out: list[str] = []
    for part in text:
        if isinstance(part, str):
            out.append(part.replace("{", "(").replace("}", ")"))
        else:
            offset = f"{part.offset:+d}" if part.offset else ""
            out.append(f"{{{names.get(part.name, part.name)}{offset}}}")
    return "".join(out)
