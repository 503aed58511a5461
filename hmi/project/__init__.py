"""The plant folder: read into typed objects, checked, compared and written in canonical form."""

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
