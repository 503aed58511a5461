"""Aggregates of OPC UA Part 13 over the samples of one tag (standards 3.6)."""

from hmi.historian.aggregates._catalogue import NAMES, Aggregate, named
from hmi.historian.aggregates._figures import figures, long_figures, values_at
from hmi.historian.aggregates._processed import Annotations, processed
from hmi.historian.aggregates._source import ArchiveSource, ReadStopped, SamplesSource, Source

__all__ = [
    "NAMES",
    "Aggregate",
    "Annotations",
    "ArchiveSource",
    "ReadStopped",
    "SamplesSource",
    "Source",
    "figures",
    "long_figures",
    "named",
    "processed",
    "values_at",
]
