"""Which series a job delivers. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from hmi.core.values import ValueType
from hmi.export.port import ExportTag
from hmi.project.exports import ExportDef, ExportWhat
from hmi.project.plant import Plant, TagDef
from hmi.project.query import tags_of

_OF_THE_SAME_KIND: Final = frozenset(
    ("Interpolative", "Minimum", "Maximum", "Minimum2", "Maximum2", "MinimumActualTime", "MaximumActualTime",
     "MinimumActualTime2", "MaximumActualTime2", "Start", "End", "StartBound", "EndBound")
)  # fmt: skip
_IN_THE_UNIT: Final = frozenset(
    ("Average", "TimeAverage", "TimeAverage2", "Range", "Range2", "Delta", "DeltaBounds",
     "StandardDeviationSample", "StandardDeviationPopulation")
)  # fmt: skip


def chosen(plant: Plant, job: ExportDef) -> tuple[TagDef, ...]:
    """The recorded tags that the job's queries name, in the order of the plant."""
    return tuple(tag for tag in tags_of(plant, *job.tags) if tag.history)


def series_of(plant: Plant, job: ExportDef) -> tuple[ExportTag, ...]:
    """The series of a job: one for each tag, or one for each tag that is a number and each aggregate."""
    tags = chosen(plant, job)
    if job.what is ExportWhat.AGGREGATES:
        return tuple(_aggregate(plant, tag, name, job.interval_s) for tag in tags for name in job.aggregates)
    return tuple(_series(plant, tag) for tag in tags) if job.what is ExportWhat.SAMPLES else ()


def aggregate_key(tag_id: str, aggregate: str, interval_s: int) -> str:
    """The key of a calculated series."""
    return f"{tag_id}/{aggregate}/{interval_s}s"


def _series(plant: Plant, tag: TagDef) -> ExportTag:
    record = tag.record
    return ExportTag(
        key=tag.id,
        name=tag.name,
        path=tuple(_path(plant, tag)),
        area=tag.area,
        type=tag.type,
        unit=tag.unit,
        unit_code=tag.unit_code,
        low=tag.range.low if tag.range else None,
        high=tag.range.high if tag.range else None,
        description=tag.description,
        states=tag.states,
        connection=tag.connection,
        is_stepped=record.is_stepped,
        is_compressed=record.compression or record.exc_dev > 0,
        held_s=max(
            record.exc_max_s if record.exc_dev > 0 else 0.0, record.comp_max_s if record.compression else 0.0
        ),
    )


def _aggregate(plant: Plant, tag: TagDef, aggregate: str, interval_s: int) -> ExportTag:
    series = _series(plant, tag)
    kept = aggregate in _OF_THE_SAME_KIND
    return replace(
        series,
        key=aggregate_key(tag.id, aggregate, interval_s),
        name=f"{tag.name}.{aggregate}",
        path=(*series.path, aggregate),
        type=series.type if kept else ValueType.FLOAT64,
        unit=series.unit if kept or aggregate in _IN_THE_UNIT else "",
        unit_code=series.unit_code if kept or aggregate in _IN_THE_UNIT else "",
        is_stepped=True,
        is_compressed=False,
        aggregate=aggregate,
        interval_s=interval_s,
        was_stepped=series.is_stepped,
        was_compressed=series.is_compressed,
    )


def _path(plant: Plant, tag: TagDef) -> Iterator[str]:
    """Plant, areas from the top down, equipment and signal, as they are in names and never as titles: titles change."""
    yield plant.name
    lineage = [area for area in reversed(plant.lineage(tag.area)) if area]
    yield from lineage
    rest = tag.name.removeprefix(f"{tag.area}/")
    equipment, dot, signal = rest.rpartition(".")
    yield from (equipment, signal) if dot and equipment else (rest,)
