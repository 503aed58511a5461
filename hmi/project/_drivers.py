"""What the definition of a driver says about settings, options and addresses of its connections."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from hmi.core.errors import ConfigurationError
from hmi.plugins.definition import DriverDefinition, Setting
from hmi.plugins.discovery import definition
from hmi.plugins.discovery import names as driver_names
from hmi.project._convert import number, pairs, truth, whole
from hmi.project._fields import TYPES
from hmi.project._findings import FieldError


def driver(name: str) -> DriverDefinition:
    """The definition of a driver; ConfigurationError when there is none."""
    found = definition("drivers", name)
    if not isinstance(found, DriverDefinition):
        raise ConfigurationError(f"the driver {name!r} has no usable definition")
    return found


_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


@cache
def secret_settings() -> frozenset[str]:
    """Names of the settings of any driver whose values no sentence shows."""
    return frozenset(
        one.name for name in driver_names("drivers") for one in driver(name).settings if one.is_secret
    )


def check_value(setting: Setting, value: Any) -> None:
    """FieldError when a setting has the wrong type or is out of its bounds."""
    wanted = _JSON_TYPES.get(setting.type, (object,))
    for kind in setting.also:
        wanted += _JSON_TYPES[kind]
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
        shown = "something" if setting.is_secret else repr(value)
        raise FieldError(
            f"{setting.name} is {shown}, not of type {' or '.join((setting.type, *setting.also))}",
            setting.help,
        )
    if setting.choices and value not in setting.choices:
        raise FieldError(f"{setting.name} {value!r} is not known", f"use one of {', '.join(setting.choices)}")
    if isinstance(value, int | float) and not isinstance(value, bool):
        _check_bounds(setting, value)


def paths_in(
    settings: Mapping[str, Any], declared: Iterable[Setting], folders: Mapping[str, Path]
) -> dict[str, Any]:
    """The settings with their paths made absolute. ``folders``: the ``plant`` folder and the one of ``data``."""
    found = dict(settings)
    for one in declared:
        if one.path_from and found.get(one.name):
            found[one.name] = str(folders[one.path_from] / str(found[one.name]))
    return found


def _check_bounds(setting: Setting, value: float) -> None:
    below = setting.minimum is not None and value < setting.minimum
    if below or (setting.maximum is not None and value > setting.maximum):
        low = "" if setting.minimum is None else f"at least {setting.minimum:g}"
        high = "" if setting.maximum is None else f"at most {setting.maximum:g}"
        raise FieldError(f"{setting.name} is {value!r}", f"write {' and '.join(filter(None, (low, high)))}")


def setting_from_text(setting: Setting, text: str) -> Any:
    """A value written as text; FieldError when it is not of the type of the setting."""
    match setting.type:
        case "integer":
            return whole(text, setting.name)
        case "number":
            return number(text, setting.name)
        case "boolean":
            return truth(text, setting.name)
    return text


@dataclass(frozen=True, slots=True)
class Options:
    """Options of a tag; those in ``unknown`` are kept, though the driver does not name them."""

    values: Mapping[str, Any]
    unknown: tuple[str, ...] = ()


def options_of(name: str, given: Mapping[str, Any], raw_type: str) -> Options:
    """Options with the types the driver wants, and the device type that the tag type implies."""
    settings = {s.name: s for s in driver(name).tag_options}
    out: dict[str, Any] = {}
    for key, value in given.items():
        setting = settings.get(key)
        out[key] = setting_from_text(setting, value) if setting and isinstance(value, str) else value
        if setting:
            check_value(setting, out[key])
    wire = TYPES[raw_type][1] if raw_type in TYPES else ""
    if wire and "wire" in settings and wire in settings["wire"].choices:
        out.setdefault("wire", wire)
    return Options(out, tuple(key for key in given if key not in settings))


@lru_cache(maxsize=20_000)
def options_of_cells(name: str, first: str, second: str, raw_type: str) -> Options:
    """Options written as ``a=1;b=2`` (``second`` adds to ``first``); equal cells share one mapping."""
    return options_of(name, {**pairs(first, "options"), **pairs(second, "options")}, raw_type)
