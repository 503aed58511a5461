"""What changed in a display, in words: its elements by id, the rest by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from hmi.project._words import SHORT, change, leaves, plainly, same

Document = Mapping[str, Any]
_PLACE: Final = frozenset(("x", "y"))
_SIZE: Final = frozenset(("w", "h"))
_POINTS: Final = "points"
_CALLED_BY: Final = ("label", "title", "text", "tag", "instance", "value", "display")
_LABEL_SHORT: Final = 40
_ENVELOPE_UNSAID: Final = frozenset(("elements", "schema", "$schema", "id", "name"))


def display_sentences(old: Document, new: Document) -> Iterator[str]:
    """``pump P-101A moved``, ``readout FT-101: tag a.pv -> b.pv``, ``trend e_31 added``; without the display's name."""
    for path, before, after in leaves(_head(old), _head(new)):
        yield change(plainly(".".join(path)), before, after)
    before_, after_ = _by_id(old), _by_id(new)
    called_old, called_new = _Called(before_), _Called(after_)
    yield from (f"{called_new(key)} added" for key in after_ if key not in before_)
    yield from (f"{called_old(key)} removed" for key in before_ if key not in after_)
    for key, element in after_.items():
        if key in before_ and not same(before_[key], element):
            yield from _of_element(called_new(key), before_[key], element)
    both = [key for key in before_ if key in after_]
    if both != [key for key in after_ if key in before_]:
        yield "the order of its elements changed"


def _head(document: Document) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key not in _ENVELOPE_UNSAID}


def _by_id(document: Document) -> dict[str, Document]:
    """Elements by their id; one without any by its place."""
    elements = document.get("elements", ())
    if not isinstance(elements, list | tuple):
        return {}
    found: dict[str, Document] = {}
    for number, element in enumerate(elements, 1):
        if isinstance(element, Mapping):
            found.setdefault(str(element.get("id") or f"#{number}"), element)
    return found


class _Called:
    """``pump P-101A``; with its id where two elements would be called the same, or where it has no text."""

    def __init__(self, elements: Mapping[str, Document]) -> None:
        self._names = {key: _name(element) for key, element in elements.items()}
        self._counts = Counter(self._names.values())

    def __call__(self, key: str) -> str:
        name = self._names[key]
        if " " not in name:
            return f"{name} {key}"
        return name if self._counts[name] == 1 else f"{name} ({key})"


def _name(element: Document) -> str:
    kind = str(element.get("type", "element"))
    for key in _CALLED_BY:
        text = element.get(key)
        if isinstance(text, str) and text.strip():
            text = " ".join(text.split())
            return f"{kind} {text if len(text) <= _LABEL_SHORT else text[:_LABEL_SHORT] + '…'}"
    return kind


def _of_element(called: str, old: Document, new: Document) -> Iterator[str]:
    changed = {key for key in (*old, *new) if not same(old.get(key), new.get(key))}
    if _POINTS in changed:
        changed -= _PLACE | _SIZE
        yield f"{called} takes another way"
    elif changed & _SIZE:
        yield f"{called} resized" if not changed & _PLACE else f"{called} moved and resized"
    elif changed & _PLACE:
        yield f"{called} moved"
    changed -= _PLACE | _SIZE | {_POINTS}
    for key in sorted(changed):
        for path, before, after in leaves(old.get(key), new.get(key), (key,)):
            yield f"{called}: {change(_place(path), _shown(before), _shown(after))}"


def _place(path: tuple[str, ...]) -> str:
    return ".".join((plainly(path[0]), *path[1:]))


def _shown(value: Any) -> Any:
    """A text with spaces in quotes, so that one sees where it ends."""
    return f"“{value}”" if isinstance(value, str) and " " in value and len(value) < SHORT - 2 else value
