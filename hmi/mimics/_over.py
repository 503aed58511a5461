"""What a repeater repeats: instances by name, or those that a query names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from hmi.client.port import InstanceInfo
from hmi.core.errors import ConfigurationError
from hmi.core.query import Facts, query
from hmi.mimics._catalogue import PlantNames
from hmi.mimics._parameters import Meaning, Parameter, a, is_a
from hmi.mimics._plain import quoted
from hmi.mimics._references import ReferenceProblem, Scope, literal_of, reference_in, resolve, takes_text

_KEYS: Final = ("type", "area")
_OF_INSTANCES: Final = ("type", "area", "match", "text")
_DO: Final = 'write a list of instances, {"type": …, "area": …}, or a query such as "type:pump area:intake"'


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
        self._chosen: dict[str, tuple[str, ...]] = {}
        self._kinds: dict[str, frozenset[str]] = {}

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

    def chosen(self, text: str) -> tuple[str, ...]:
        """Names that a query chooses, in alphabetical order; ReferenceProblem for a text that is no such query."""
        if text not in self._chosen:
            try:
                asked = query(text)
            except ConfigurationError as error:
                raise ReferenceProblem(error.what, error.do) from None
            if strange := [word.key for word in asked.words if word.key not in _OF_INSTANCES]:
                do = f"use {', '.join(f'{key}:' for key in _OF_INSTANCES)}"
                raise ReferenceProblem(f"instances have no {strange[0]}:", do)
            known = self.names.types
            if unknown := [t for t in asked.named("type") if t not in known and t not in self.names.broken]:
                raise ReferenceProblem(
                    f"there is no type {quoted(unknown[0])}", f"types of this plant: {_some(known)}"
                )
            found = self.names.instances.items()
            self._chosen[text] = tuple(sorted(n for n, one in found if asked.takes(self._facts(one))))
        return self._chosen[text]

    def _facts(self, one: InstanceInfo) -> Facts:
        return Facts(one.name, self._kinds_of(one.type), _heads(one.area), text=one.title)

    def _kinds_of(self, name: str) -> frozenset[str]:
        if name not in self._kinds:
            self._kinds[name] = frozenset(
                {name, *(kind for kind in self.names.types if is_a(name, kind, self.names))}
            )
        return self._kinds[name]

    def count(self, raw: Any) -> int:
        """How many there are at least, without arguments."""
        if isinstance(raw, list):
            return len(raw)
        if isinstance(raw, str):
            try:
                return len(self.chosen(raw))
            except ReferenceProblem:
                return 1
        if not isinstance(raw, Mapping):
            return 1
        kind, area = raw.get("type", ""), raw.get("area", "")
        fixed = all(isinstance(text, str) and reference_in(text) is None for text in (kind, area))
        return len(self.find(kind, area)) if fixed else 1

    def named(self, raw: Any) -> tuple[str, ...]:
        """The names of what is repeated as far as it is known without arguments; empty for what cannot be read."""
        return tuple(str(item.value) for item in self.over(raw, {}).items if not item.open)

    def over(self, raw: Any, scope: Scope) -> Over:
        """The instances of a list or of a query."""
        try:
            if isinstance(raw, str):
                return self._text_query(raw)
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

    def _text_query(self, text: str) -> Over:
        found = self.chosen(text)
        return Over(
            tuple(_instance(name, self.names) for name in found),
            empty="" if found else f"no instance for {quoted(text)}",
        )

    def _query(self, raw: Any, scope: Scope) -> Over:
        if not isinstance(raw, Mapping) or not raw:
            raise ReferenceProblem(f"is {quoted(raw)}", _DO)
        if strange := [key for key in raw if key not in _KEYS]:
            raise ReferenceProblem(f"a query has no {quoted(strange[0])}", _DO)
        kind, area = self._text(raw, "type", scope), self._text(raw, "area", scope)
        if kind and kind not in self.names.types and kind not in self.names.broken:
            do = f"types of this plant: {_some(self.names.types)}"
            raise ReferenceProblem(f"there is no type {quoted(kind)}", do)
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


def _some(types: Iterable[str]) -> str:
    return ", ".join(list(types)[:20]) or "none"


def _heads(area: str) -> frozenset[str]:
    """An area and those that its path begins with; the tree of the plant is not known here."""
    parts = area.split("/") if area else []
    return frozenset("/".join(parts[:n]) for n in range(1, len(parts) + 1))


def _instance(name: str, names: PlantNames) -> Meaning:
    found = names.instances.get(name)
    return Meaning(Parameter("each", "instance", of=found.type if found else ""), name, open=False)


def _below(area: str, name: str) -> bool:
    area = area.rstrip("/")
    return not area or name == area or name.startswith(f"{area}/")
