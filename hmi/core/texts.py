"""Texts of the product go through one catalogue: the English text is its key (design 2b.10)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

_PSEUDO = str.maketrans("aeiouAEIOUncsyNCSY", "àéîöûÀÉÎÖÛñçšýÑÇŠÝ")


def pseudo(text: str) -> str:
    """A language for tests: accented, a third longer, in brackets; place-holders stay."""
    out: list[str] = []
    depth = 0
    for char in text:
        depth += (char == "{") - (char == "}")
        out.append(char if depth else char.translate(_PSEUDO))
    return f"⟦{''.join(out)}{'·' * (len(text) // 3)}⟧"


def _english(text: str) -> str:
    return text


_translators: list[Callable[[str], str]] = [_english]


def use_translations(texts: Mapping[str, str]) -> None:
    """Take translations by English text; a missing one falls back to English."""

    def translate(text: str) -> str:
        return texts.get(text, text)

    _translators[0] = translate


def use_pseudo_language() -> None:
    """Every text that goes through the catalogue becomes recognisable."""
    _translators[0] = pseudo


def tr(text: str, **values: object) -> str:
    """The text in the station's language, with ``{name}`` place-holders filled in."""
    translated = _translators[0](text)
    return translated.format(**values) if values else translated
