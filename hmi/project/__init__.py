"""The plant folder: read into typed objects, checked, compared and written in canonical form.

What reads the files is imported when it is first asked for: a program that has a plant already, or none, starts
without it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from hmi.project._bulk import Fault, change_alarm, exported_alarms, import_alarms
    from hmi.project._drivers import paths_in
    from hmi.project._exports import exporter as exporter_definition
    from hmi.project._exports import settings_in
    from hmi.project._findings import Finding
    from hmi.project._format import format_plant
    from hmi.project._handles import keep_handles
    from hmi.project._load import LoadResult, load_plant, open_plant
    from hmi.project._new import new_plant

__all__ = [
    "Fault",
    "Finding",
    "LoadResult",
    "change_alarm",
    "exported_alarms",
    "exporter_definition",
    "format_plant",
    "import_alarms",
    "keep_handles",
    "load_plant",
    "new_plant",
    "open_plant",
    "paths_in",
    "settings_in",
]

_PLACES: Final = {
    "Fault": "_bulk",
    "Finding": "_findings",
    "LoadResult": "_load",
    "change_alarm": "_bulk",
    "exported_alarms": "_bulk",
    "exporter_definition": "_exports",
    "format_plant": "_format",
    "import_alarms": "_bulk",
    "keep_handles": "_handles",
    "load_plant": "_load",
    "new_plant": "_new",
    "open_plant": "_load",
    "paths_in": "_drivers",
    "settings_in": "_exports",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"{__name__}.{_PLACES[name]}")
    found = getattr(module, {"exporter_definition": "exporter"}.get(name, name))
    globals()[name] = found
    return found
