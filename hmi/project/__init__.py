"""The plant folder: read into typed objects, checked, compared and written in canonical form."""

from hmi.project._findings import Finding
from hmi.project._load import LoadResult, load_plant, open_plant

__all__ = ["Finding", "LoadResult", "load_plant", "open_plant"]
