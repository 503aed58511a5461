"""Texts of the product go through one catalogue: the English text is its key (design 2b.10)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

_PSEUDO = str.maketrans("aeiouAEIOUncsyNCSY", "àéîöûÀÉÎÖÛñçšýÑÇŠÝ")


def pseudo(text: str) -> str:
    """A language for tests: accented, a third longer, in brackets; place-holders stay."""
    out, depth = [], 0
    for char in text:
        depth += (char == "{") - (char == "}")
        out.append(char if depth else char.translate(_PSEUDO))
    return f"⟦{''.join(out)}{'·' * (len(text) // 3)}⟧"


class _Catalogue:
    translate: Callable[[str], str] = staticmethod(lambda text: text)


def use_translations(texts: Mapping[str, str]) -> None:
    """Take translations by English text; a missing one falls back to English."""
    _Catalogue.translate = staticmethod(lambda text: texts.get(text, text))


def use_pseudo_language() -> None:
    """Every text that goes through the catalogue becomes recognisable."""
    _Catalogue.translate = staticmethod(pseudo)


def tr(text: str, **values: object) -> str:
    """The text in the station's language, with ``{name}`` place-holders filled in."""
    translated = _Catalogue.translate(text)
    return translated.format(**values) if values else translated
