"""The plant folder: read into typed objects, checked, compared and written in canonical form."""

from hmi.project._findings import Finding
from hmi.project._format import format_plant
from hmi.project._handles import keep_handles
from hmi.project._load import LoadResult, load_plant, open_plant
from hmi.project._new import new_plant

__all__ = ["Finding", "LoadResult", "format_plant", "keep_handles", "load_plant", "new_plant", "open_plant"]
