"""Export jobs: what is recorded leaves the plant one way, in order, with a statement of what is complete."""

from __future__ import annotations

from hmi.export._aggregates import AggregateSource
from hmi.export._events import KINDS, EventSource, event_of, is_of
from hmi.export._progress import HIGH_WATER, Head, Progress
from hmi.export._runner import JobRunner, Plain
from hmi.export._selection import aggregate_key, chosen, series_of
from hmi.export._source import (
    LIVE_ROWS,
    MOST_ROWS,
    Part,
    SampleSource,
    Source,
    head_of,
    taken,
    time_at,
    without_bad_values,
)
from hmi.export._state import (
    STATE_FILE,
    Asked,
    JobState,
    Standing,
    ask,
    noted,
    progresses,
    quarantined,
    standing,
    told,
    unnoted,
)
from hmi.export._turn import turn_in
from hmi.export.figures import SILENT_S, JobCondition, JobFigures, is_fresh
from hmi.export.live import LiveTap
from hmi.export.port import (
    Event,
    ExportContext,
    Exporter,
    ExportError,
    ExportTag,
    Haste,
    LiveExporter,
    Package,
    RecordsRefused,
    Rows,
    Schema,
    Stored,
    TargetRefused,
    TargetUnavailable,
    Watermark,
)
from hmi.historian.port import ArchiveReader
from hmi.journal import JournalReader
from hmi.project.exports import EXPORTS_FOLDER, WANTED_FILE, ExportDef, ExportWhat
from hmi.project.plant import Plant

__all__ = [
    "EXPORTS_FOLDER",
    "HIGH_WATER",
    "KINDS",
    "LIVE_ROWS",
    "MOST_ROWS",
    "SILENT_S",
    "STATE_FILE",
    "WANTED_FILE",
    "AggregateSource",
    "Asked",
    "Event",
    "EventSource",
    "ExportContext",
    "ExportError",
    "ExportTag",
    "Exporter",
    "Haste",
    "Head",
    "JobCondition",
    "JobFigures",
    "JobRunner",
    "JobState",
    "LiveExporter",
    "LiveTap",
    "Package",
    "Part",
    "Plain",
    "Progress",
    "RecordsRefused",
    "Rows",
    "SampleSource",
    "Schema",
    "Source",
    "Standing",
    "Stored",
    "TargetRefused",
    "TargetUnavailable",
    "Watermark",
    "aggregate_key",
    "ask",
    "chosen",
    "event_of",
    "head_of",
    "is_fresh",
    "is_of",
    "noted",
    "progresses",
    "quarantined",
    "series_of",
    "source_of",
    "standing",
    "taken",
    "time_at",
    "told",
    "turn_in",
    "unnoted",
    "without_bad_values",
]


def source_of(
    plant: Plant,
    job: ExportDef,
    *,
    reader: ArchiveReader | None = None,
    journal: JournalReader | None = None,
    is_live: bool = False,
) -> Source:
    """What a job reads: ``reader`` for samples and aggregates, ``journal`` for events. ``is_live``: the newest values
    go beside it, and wait for the end of a package.
    """
    if job.what.kind == "events":
        if journal is None:
            raise ValueError("events are read out of the journal")
        return EventSource(journal, job.what)
    if reader is None:
        raise ValueError("samples are read out of the archive")
    series = series_of(plant, job)
    if job.what is ExportWhat.AGGREGATES:
        return AggregateSource(reader, series)
    return SampleSource(reader, series, LIVE_ROWS if is_live else MOST_ROWS)
