"""Expressions of Ignition in our language, as far as it can say them; Unsayable tells what it cannot."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from hmi.importers.ignition._bindings import Unsayable

_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|(?P<tag>\{[^{}]*\})"""
    r"""|(?P<text>"[^"\\]*"|'[^'\\]*')|(?P<word>[A-Za-z_][A-Za-z0-9_]*)"""
    r"""|(?P<sign>&&|\|\||==|!=|<>|<=|>=|//|[-+*/%^=<>!(),&|~]))"""
)
_LEVELS: Final = (("||", "or"), ("&&", "and"))
_COMPARED: Final = {"=": "==", "==": "==", "!=": "!=", "<>": "!=", "<": "<", ">": ">", "<=": "<=", ">=": ">="}
_FUNCTIONS: Final = {"min": (2, 50), "max": (2, 50), "abs": (1, 1), "round": (1, 2)}
_SAME: Final = ("tofloat", "todouble")
MAX_LETTERS: Final = 2_000
MAX_DEPTH: Final = 40
MAX_POWER: Final = 4

Refer = Callable[[str], str]
"""What our expression writes for the inside of ``{…}``: a tag in single quotes or a number; Unsayable otherwise."""


def translated(text: str, refer: Refer) -> str:
    """Our expression for one of Ignition."""
    if len(text) > MAX_LETTERS:
        raise Unsayable(f"is longer than {MAX_LETTERS} letters")
    reader = _Reader(_tokens(text), refer)
    out = reader.choice()
    if reader.at < len(reader.tokens):
        raise Unsayable(f"has {reader.tokens[reader.at][1]!r} where it should end")
    return out


def _tokens(text: str) -> list[tuple[str, str]]:
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL)
    text = re.sub(r"(?m)^\s*//.*$|(?<=\s)//.*$", " ", text)
    tokens: list[tuple[str, str]] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None:
            raise Unsayable(f"has {text[at:].strip()[:20]!r}, which is not known")
        kind = str(found.lastgroup)
        tokens.append((kind, found[kind]))
        at = found.end()
    return tokens


class _Reader:
    def __init__(self, tokens: list[tuple[str, str]], refer: Refer) -> None:
        self.tokens, self.at, self._refer, self._depth = tokens, 0, refer, 0

    def choice(self) -> str:
        """The loosest level: ``||``, which our language writes as or."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise Unsayable(f"is nested deeper than {MAX_DEPTH}")
        out = self._joined(0)
        self._depth -= 1
        return out

    def _joined(self, level: int) -> str:
        if level == len(_LEVELS):
            return self._comparison()
        sign, word = _LEVELS[level]
        out = self._joined(level + 1)
        while self._take(sign) or self._take_word(word):
            out = f"({out} {word} {self._joined(level + 1)})"
        return out

    def _comparison(self) -> str:
        out = self._sum()
        sign = self._sign()
        if sign not in _COMPARED:
            return out
        self.at += 1
        out = f"({out} {_COMPARED[sign]} {self._sum()})"
        if self._sign() in _COMPARED:
            raise Unsayable("compares a comparison")
        return out

    def _sum(self) -> str:
        out = self._product()
        while (sign := self._sign()) in ("+", "-"):
            self.at += 1
            out = f"({out} {sign} {self._product()})"
        return out

    def _product(self) -> str:
        out = self._power()
        while (sign := self._sign()) in ("*", "/"):
            self.at += 1
            out = f"({out} {sign} {self._power()})"
        return out

    def _power(self) -> str:
        base = self._unary()
        if not self._take("^"):
            return base
        exponent = self._unary()
        if not re.fullmatch(r"[0-9]{1,3}", exponent) or not 1 <= int(exponent) <= MAX_POWER:
            raise Unsayable(f"raises to the power {exponent}; whole numbers up to {MAX_POWER} can be said")
        if len(base) * int(exponent) > MAX_LETTERS:
            raise Unsayable(f"becomes longer than {MAX_LETTERS} letters")
        return f"({' * '.join([base] * int(exponent))})"

    def _unary(self) -> str:
        before: list[str] = []
        while (sign := self._sign()) in ("-", "+", "!") or self._is_word("not"):
            self.at += 1
            before.append({"-": "-", "+": "", "!": "not "}.get(sign, "not "))
        if len(before) > MAX_DEPTH:
            raise Unsayable(f"has more than {MAX_DEPTH} signs in a row")
        out = self._factor()
        for sign in reversed(before):
            out = f"({sign}{out})" if sign else out
        return out

    def _factor(self) -> str:
        if self.at >= len(self.tokens):
            raise Unsayable("ends too early")
        kind, text = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            return f"0{text}" if text.startswith(".") else text.rstrip(".")
        if kind == "text":
            return '"' + text[1:-1].replace('"', "'") + '"'
        if kind == "tag":
            return self._refer(text[1:-1].strip())
        if kind == "word":
            return self._word(text)
        if text == "(":
            out = self.choice()
            self._expect(")")
            return out
        raise Unsayable(f"uses {text!r}, which has no like here")

    def _word(self, word: str) -> str:
        low = word.lower()
        if low in ("true", "false"):
            return low
        if not self._take("("):
            raise Unsayable(f"uses {word!r}, which has no like here")
        if low == "tag":
            return self._tag_function()
        given = self._arguments()
        if low == "if" and len(given) == 3:
            return f"({given[1]} if {given[0]} else {given[2]})"
        if low == "isgood" and len(given) == 1:
            return f"good({given[0]})"
        if low in _SAME and len(given) == 1:
            return given[0]
        least, most = _FUNCTIONS.get(low, (1, 0))
        if not least <= len(given) <= most:
            raise Unsayable(f"uses {word}(), which has no like here")
        return f"{low}({', '.join(given)})"

    def _tag_function(self) -> str:
        kind, text = self.tokens[self.at] if self.at < len(self.tokens) else ("", "")
        if kind != "text":
            raise Unsayable("calculates the name of a tag")
        self.at += 1
        self._expect(")")
        return self._refer(text[1:-1].strip())

    def _arguments(self) -> list[str]:
        if self._take(")"):
            return []
        given = [self.choice()]
        while self._take(","):
            given.append(self.choice())
        self._expect(")")
        return given

    def _sign(self) -> str:
        kind, text = self.tokens[self.at] if self.at < len(self.tokens) else ("", "")
        return text if kind == "sign" else ""

    def _take(self, sign: str) -> bool:
        if self._sign() != sign:
            return False
        self.at += 1
        return True

    def _is_word(self, word: str) -> bool:
        kind, text = self.tokens[self.at] if self.at < len(self.tokens) else ("", "")
        return kind == "word" and text.lower() == word

    def _take_word(self, word: str) -> bool:
        if not self._is_word(word):
            return False
        self.at += 1
        return True

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise Unsayable(f"lacks a {sign!r}")
