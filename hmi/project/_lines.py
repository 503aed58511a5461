"""Where things stand in a file: line numbers of TOML keys and of JSON list members."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

Path: TypeAlias = tuple[str | int, ...]

_PART = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_DOTTED = rf"{_PART}(?:\s*\.\s*{_PART})*"
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_DOTTED})\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(rf"\s*({_DOTTED})\s*=")
_ONE_PART = re.compile(_PART)
_STRING = re.compile(r'"""|\'\'\'|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|#[^\n]*|[\[\]{}]')
_SPACE = re.compile(r"[ \t\r\n]*")


class TomlLines:
    """Line of each key of a TOML text; a key inside an inline table has the line of its holder."""

    def __init__(self, text: str) -> None:
        self._lines: dict[Path, int] = {}
        self._table: Path = ()
        self._counts: dict[Path, int] = {}
        self._inside = ""
        self._depth = 0
        for number, line in enumerate(text.split("\n"), 1):
            self._take(number, line)

    def find(self, path: Sequence[str | int]) -> int:
        """Line of the longest known beginning of ``path``; 1 when nothing of it is known."""
        parts = tuple(path)
        while parts:
            line = self._lines.get(parts)
            if line:
                return line
            parts = parts[:-1]
        return 1

    def _take(self, number: int, line: str) -> None:
        if not self._inside and not self._depth:
            self._key_or_header(number, line)
        self._balance(line)

    def _key_or_header(self, number: int, line: str) -> None:
        header = _HEADER.match(line)
        if header:
            self._table = self._header(_parts(header[2]), repeated=header[1] == "[[")
            self._note(self._table, number)
            return
        key = _KEY.match(line)
        if key:
            self._note(self._table + _parts(key[1]), number)

    def _header(self, parts: Path, *, repeated: bool) -> Path:
        path = self._indexed(parts[:-1]) + parts[-1:]
        if not repeated:
            return self._indexed(parts)
        index = self._counts.get(path, -1) + 1
        self._counts[path] = index
        return (*path, index)

    def _indexed(self, parts: Path) -> Path:
        path: Path = ()
        for part in parts:
            path += (part,)
            if path in self._counts:
                path += (self._counts[path],)
        return path

    def _note(self, path: Path, number: int) -> None:
        for length in range(1, len(path) + 1):
            self._lines.setdefault(path[:length], number)

    def _balance(self, line: str) -> None:
        at = 0
        while True:
            if self._inside:
                end = line.find(self._inside, at)
                if end < 0:
                    return
                self._inside, at = "", end + 3
            found = _STRING.search(line, at)
            if not found:
                return
            at = found.end()
            token = found[0]
            if token in ('"""', "'''"):
                self._inside = token
            elif token in "[{":
                self._depth += 1
            elif token in "]}":
                self._depth = max(0, self._depth - 1)


def _parts(dotted: str) -> Path:
    return tuple(part.strip("\"'") for part in _ONE_PART.findall(dotted))


def json_member_lines(text: str, key: str) -> tuple[int, ...]:
    """Line of each member of the list that stands under ``key`` in a JSON object (the text is valid)."""
    decoder = json.JSONDecoder()
    at = _skip(text, _skip(text, 0) + 1)
    while text[at] != "}":
        name, at = decoder.raw_decode(text, at)
        at = _skip(text, _skip(text, at) + 1)
        if name == key and text[at] == "[":
            return tuple(_member_lines(text, at, decoder))
        _, at = decoder.raw_decode(text, at)
        at = _skip(text, at)
        at = _skip(text, at + 1) if text[at] == "," else at
    return ()


def _member_lines(text: str, at: int, decoder: json.JSONDecoder) -> list[int]:
    lines: list[int] = []
    line, counted = 1, 0
    at = _skip(text, at + 1)
    while text[at] != "]":
        line, counted = line + text.count("\n", counted, at), at
        lines.append(line)
        _, at = decoder.raw_decode(text, at)
        at = _skip(text, at)
        at = _skip(text, at + 1) if text[at] == "," else at
    return lines


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def key_lines(text: str, keys: Mapping[str, Any]) -> dict[str, int]:
    """Line of the first occurrence of each key of a JSON object, 1 when it is not found."""
    found = {}
    for key in keys:
        at = text.find(json.dumps(key, ensure_ascii=False) + ":")
        found[key] = text.count("\n", 0, at) + 1 if at >= 0 else 1
    return found
