"""SunSpec models as checked groups and points, from a file or from the package that publishes all of them."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from hmi.core.errors import ConfigurationError
from hmi.project.import_texts import read_source

MAX_POINTS: Final = 20_000
MAX_DEPTH: Final = 8
_DO: Final = "take the model as SunSpec publishes it"


@dataclass(frozen=True, slots=True)
class Point:
    """A point: ``size`` in registers, ``scale`` a power of ten or the name of the point that holds it."""

    name: str
    type: str
    size: int
    scale: int | str | None = None
    units: str = ""
    label: str = ""
    is_writable: bool = False
    value: int | None = None
    symbols: tuple[tuple[int, str], ...] = ()


@dataclass(slots=True)
class Group:
    """Points and groups in their order. ``count``: how often it stands, or the point that says so; 0 = to the end."""

    name: str
    label: str
    count: int | str
    points: list[Point] = field(default_factory=list[Point])
    groups: list[Group] = field(default_factory=list["Group"])


@dataclass(frozen=True, slots=True)
class Model:
    """A model and its number."""

    number: int
    group: Group


def published_model(number: int, beside: Path) -> Model:
    """The model of the package pysunspec2, or of a file ``model_NUMBER.json`` in the folder ``beside``."""
    own = beside / f"model_{number}.json"
    if own.is_file():
        return model_in(own)
    found = importlib.util.find_spec("sunspec2")
    folders = list(found.submodule_search_locations or ()) if found is not None else []
    if not folders:
        do = f"install watchkeeper[engineering], or put model_{number}.json beside the list"
        raise ConfigurationError("the package with the models of SunSpec is not installed", do=do)
    path = Path(folders[0]) / "models" / "json" / f"model_{number}.json"
    if not path.is_file():
        do = f"put model_{number}.json beside the list"
        raise ConfigurationError(f"SunSpec publishes no model {number}", do=do)
    return model_in(path)


def model_in(path: Path) -> Model:
    """The model of a JSON file; ConfigurationError when it is none."""
    text = read_source(path).text
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigurationError(
            f"is no JSON ({error.msg})", file=str(path), line=error.lineno, do=_DO
        ) from error
    except (RecursionError, ValueError) as error:
        raise ConfigurationError(f"cannot be read ({error})", file=str(path), do=_DO) from error
    if not isinstance(document, Mapping) or not isinstance(document.get("group"), Mapping):
        raise ConfigurationError("is no SunSpec model: it has no group", file=str(path), do=_DO)
    try:
        group = _group(document["group"], [0], 0)
    except _Wrong as error:
        raise ConfigurationError(f"is no SunSpec model: {error}", file=str(path), do=_DO) from error
    number = document.get("id", next((p.value for p in group.points if p.name == "ID"), None))
    if not isinstance(number, int) or not 1 <= number <= 65_535:
        raise ConfigurationError("is no SunSpec model: it has no number", file=str(path), do=_DO)
    return Model(number, group)


class _Wrong(Exception):
    """What does not fit the form of a model."""


def _group(raw: Mapping[str, Any], seen: list[int], depth: int) -> Group:
    if depth > MAX_DEPTH:
        raise _Wrong(f"groups stand deeper than {MAX_DEPTH}")
    count = raw.get("count", 1)
    if isinstance(count, bool) or not isinstance(count, int | str) or (isinstance(count, int) and count < 0):
        raise _Wrong(f"a group stands {count!r} times")
    group = Group(_name(raw), str(raw.get("label", "")), count)
    for entry in _list(raw, "points"):
        seen[0] += 1
        if seen[0] > MAX_POINTS:
            raise _Wrong(f"it has more than {MAX_POINTS} points")
        group.points.append(_point(entry))
    group.groups = [_group(entry, seen, depth + 1) for entry in _list(raw, "groups")]
    return group


def _list(raw: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    given = raw.get(key, [])
    if not isinstance(given, list) or not all(isinstance(one, Mapping) for one in given):
        raise _Wrong(f"{key} are no list of tables")
    return iter(given)


def _name(raw: Mapping[str, Any]) -> str:
    name = raw.get("name")
    if not isinstance(name, str) or not name.strip():
        raise _Wrong("a point or group has no name")
    return name.strip()


def _point(raw: Mapping[str, Any]) -> Point:
    name, size, scale = _name(raw), raw.get("size"), raw.get("sf")
    if type(size) is not int or not 0 < size <= 65_535:
        raise _Wrong(f"the point {name} has no size in registers")
    if scale is not None and not isinstance(scale, int | str):
        raise _Wrong(f"the point {name} has a scale factor that is neither a number nor a point")
    if isinstance(scale, int) and not -10 <= scale <= 10:
        raise _Wrong(f"the point {name} has the scale factor {scale}, beyond -10 to 10")
    value = raw.get("value")
    return Point(
        name=name,
        type=str(raw.get("type", "")),
        size=size,
        scale=scale,
        units=str(raw.get("units", "") or ""),
        label=str(raw.get("label", "") or raw.get("desc", "") or ""),
        is_writable=raw.get("access") == "RW",
        value=value if type(value) is int else None,
        symbols=tuple(_symbols(raw)),
    )


def _symbols(raw: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    seen: set[int] = set()
    for entry in _list(raw, "symbols"):
        value = entry.get("value")
        if type(value) is int and value not in seen:
            seen.add(value)
            yield value, str(entry.get("label") or entry.get("name") or value)
