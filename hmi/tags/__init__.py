"""The tag engine: raw device values in, engineering values with quality and age out."""

from hmi.tags._engine import TagEngine
from hmi.tags._updates import TagUpdates

__all__ = ["TagEngine", "TagUpdates"]
