"""What a repeater repeats: instances by name, or a query of type and area."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from hmi.mimics._catalogue import PlantNames
from hmi.mimics._parameters import Meaning, Parameter, a, is_a
from hmi.mimics._plain import quoted
from hmi.mimics._references import ReferenceProblem, Scope, literal_of, reference_in, resolve, takes_text

_KEYS: Final = ("type", "area")
_DO: Final = 'write a list of instances, or {"type": …, "area": …}'


class Over(NamedTuple):
    """The instances in their order; ``empty`` says which query found none."""

    items: tuple[Meaning, ...] = ()
    problem: str = ""
    do: str = ""
    empty: str = ""


class Instances:
    """Answers queries over the instances of a plant; each is asked once."""

    def __init__(self, names: PlantNames) -> None:
        self.names = names
        self._found: dict[tuple[str, str], tuple[str, ...]] = {}

    def find(self, kind: str, area: str) -> tuple[str, ...]:
        """Names in alphabetical order; sub-types count, and ``area`` is the beginning of an area or a name."""
        key = (kind, area)
        if key not in self._found:
            of_kind = {t for t in self.names.types if not kind or is_a(t, kind, self.names)} | {kind}
            self._found[key] = tuple(
                sorted(
                    name
                    for name, instance in self.names.instances.items()
                    if (not kind or instance.type in of_kind)
                    and (_below(area, instance.area) or _below(area, name))
                )
            )
        return self._found[key]

    def count(self, raw: Any) -> int:
        """How many there are at least, without arguments."""
        if isinstance(raw, list):
            return len(raw)
        if not isinstance(raw, Mapping):
            return 1
        kind, area = raw.get("type", ""), raw.get("area", "")
        fixed = all(isinstance(text, str) and reference_in(text) is None for text in (kind, area))
        return len(self.find(kind, area)) if fixed else 1

    def over(self, raw: Any, scope: Scope) -> Over:
        """The instances of a list or of a query."""
        try:
            return self._list(raw, scope) if isinstance(raw, list) else self._query(raw, scope)
        except ReferenceProblem as problem:
            return Over(problem=f"over: {problem.what}", do=problem.do or _DO)

    def _list(self, raw: list[Any], scope: Scope) -> Over:
        items: list[Meaning] = []
        seen: set[str] = set()
        for value in raw:
            item = self._item(value, scope)
            if not item.open and item.value in seen:
                raise ReferenceProblem(f"{quoted(item.value)} is named twice", "remove one of them")
            seen.add(str(item.value))
            items.append(item)
        return Over(tuple(items), empty="" if items else "over names no instance")

    def _item(self, value: Any, scope: Scope) -> Meaning:
        if (reference := reference_in(value)) is not None:
            meaning = resolve(reference, scope, self.names)
            if meaning.kind != "instance":
                raise ReferenceProblem(f"{reference} is {a(meaning.kind)}, not an instance")
            return meaning
        if not isinstance(value, str):
            raise ReferenceProblem(f"{quoted(value)} is not the name of an instance")
        return _instance(value, self.names)

    def _query(self, raw: Any, scope: Scope) -> Over:
        if not isinstance(raw, Mapping) or not raw:
            raise ReferenceProblem(f"is {quoted(raw)}", _DO)
        if strange := [key for key in raw if key not in _KEYS]:
            raise ReferenceProblem(f"a query has no {quoted(strange[0])}", _DO)
        kind, area = self._text(raw, "type", scope), self._text(raw, "area", scope)
        if kind and kind not in self.names.types and kind not in self.names.broken:
            known = ", ".join(list(self.names.types)[:20]) or "none"
            raise ReferenceProblem(f"there is no type {quoted(kind)}", f"types of this plant: {known}")
        if kind is None or area is None:
            return Over((Meaning(Parameter("each", "instance", of=kind or "")),))
        found = self.find(kind, area)
        what = f"no instance{f' of type {kind}' if kind else ''}{f' in {quoted(area)}' if area else ''}"
        return Over(tuple(_instance(name, self.names) for name in found), empty="" if found else what)

    def _text(self, raw: Mapping[str, Any], key: str, scope: Scope) -> str | None:
        """None while the argument is open."""
        value = raw.get(key, "")
        if (reference := reference_in(value)) is not None:
            meaning = resolve(reference, scope, self.names)
            if not takes_text(meaning.kind):
                raise ReferenceProblem(f"{key}: {reference} is {a(meaning.kind)}, not a text")
            return None if meaning.open else str(meaning.value)
        if not isinstance(value, str):
            raise ReferenceProblem(f"{key} is {quoted(value)}", "write a text")
        return str(literal_of(value))


def _instance(name: str, names: PlantNames) -> Meaning:
    found = names.instances.get(name)
    return Meaning(Parameter("each", "instance", of=found.type if found else ""), name, open=False)


def _below(area: str, name: str) -> bool:
    area = area.rstrip("/")
    return not area or name == area or name.startswith(f"{area}/")
