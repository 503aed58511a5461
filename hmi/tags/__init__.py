"""The tag engine: raw device values in, engineering values with quality and age out."""

from hmi.tags._deadband import has_deadband
from hmi.tags._engine import TagEngine
from hmi.tags._entered import entered
from hmi.tags._inverse import OutOfTypeRange, raw_for, raw_step, to_raw
from hmi.tags._scale import converted
from hmi.tags._tables import TagTables
from hmi.tags._updates import LiveValues, TagUpdates

__all__ = [
    "LiveValues",
    "OutOfTypeRange",
    "TagEngine",
    "TagTables",
    "TagUpdates",
    "converted",
    "entered",
    "has_deadband",
    "raw_for",
    "raw_step",
    "to_raw",
]
