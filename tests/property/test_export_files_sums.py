"""Files of every format give back each sample and event to the bit."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from export_files_reading import (
    check_manifest,
    exporter_to,
    manifests,
    rows_of,
    sum_of_event_rows,
    sum_of_rows,
)
from export_stream import Stream, context, series
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from hmi.export.port import Event, Rows
from hmi.exporters.files._texts import guarded, spelled
from hmi.historian.samples import Samples, ValueKind

FORMATS: list[dict[str, Any]] = [
    {"format": "parquet"},
    {"format": "csv"},
    {"format": "csv", "delimiter": "semicolon", "decimal": "comma", "units_row": True, "bom": True},
    {"format": "csv", "delimiter": "tab"},
    {"format": "xlsx"},
]
PHASES = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)
"""Not ``explain``: it would run for minutes over workbooks."""
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.text("=+-@\t\r\n'\",;_x0041＝\x00\x1f\ufffe é", max_size=8),
)
SPECIAL = [
    0,
    1 << 63,
    0x7FF0000000000000,
    0xFFF0000000000000,
    0x7FF8000000000000,
    0xFFF8000000000001,
    1,
    0x7FF0000000000001,
]
BITS = st.one_of(
    st.integers(0, 2**64 - 1), st.sampled_from(SPECIAL), st.sampled_from([2**53, 2**53 + 1, 2**64 - 2**53])
)
TIMES = st.one_of(
    st.integers(1_795_000_000_000_000_000, 1_795_000_000_000_001_000),
    st.integers(1_794_960_000_000_000_000 - 10, 1_794_960_000_000_000_000 + 10),
    st.integers(-(2**62), 2**62),
)
KINDS = st.sampled_from(list(ValueKind))
ROW = st.tuples(
    st.integers(0, 3), TIMES, BITS, KINDS, st.integers(0, 2**32 - 1), st.integers(0, 2**16 - 1),
    st.integers(0, 2**16 - 1), st.integers(1, 2**62), st.booleans(), TEXTS,
)  # fmt: skip


def built(content: list[tuple[Any, ...]], keys: list[str]) -> Rows:
    """Columns of what was drawn; a Bad value has none."""
    kinds = [ValueKind.NONE if row[4] >= 2**31 else row[3] for row in content]
    objects = [row[9] for row, kind in zip(content, kinds, strict=True) if kind == ValueKind.OBJECT]
    bits: list[int] = []
    number = 0
    for row, kind in zip(content, kinds, strict=True):
        bits.append(
            {ValueKind.NONE: 0, ValueKind.BOOL: row[2] % 2, ValueKind.OBJECT: number}.get(kind, row[2])
        )
        number += kind == ValueKind.OBJECT
    columns = [np.array([row[place] for row in content]) for place in range(9)]
    samples = Samples(
        columns[1].astype(np.int64), np.array(bits, np.uint64), np.array(kinds, np.uint8),
        columns[4].astype(np.uint32), columns[1].astype(np.int64), columns[5].astype(np.uint16),
        columns[6].astype(np.uint16), np.zeros(len(content), np.uint32), tuple(objects),
    )  # fmt: skip
    tags = tuple(series(place, key=key, name=f"={key}", unit=key) for place, key in enumerate(keys))
    return Rows(
        tags, columns[0].astype(np.int32), samples, columns[7].astype(np.int64), columns[8].astype(np.bool_)
    )


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: "-".join(str(one) for one in form.values()))
@settings(max_examples=30, deadline=None, phases=PHASES)
@given(st.lists(ROW, min_size=1, max_size=25), st.lists(TEXTS, min_size=4, max_size=4, unique=True))
def test_it_13_what_was_delivered_gives_the_sum_of_its_statement(
    form: dict[str, Any], content: list[tuple[Any, ...]], keys: list[str]
) -> None:
    rows = built(content, keys)
    with tempfile.TemporaryDirectory() as place:
        stream = Stream(rows.tags)
        exporter = exporter_to(Path(place), context(), **form)
        exporter.open()
        exporter.describe(stream.schema)
        package = stream.package(rows)
        exporter.deliver(package)
        (manifest,) = manifests(Path(place) / "job")
        check_manifest(Path(place) / "job", manifest)
        read = rows_of(Path(place) / "job", manifest)
        assert sum_of_rows(read) == package.watermark.sum
        assert sorted(row["rev"] for row in read) == sorted(rows.revisions.tolist())
        for one in manifest["files"]:
            assert sorted_as_said(read[: one["rows"]])
            read = read[one["rows"] :]
        assert exporter.open() == package.watermark


def sorted_as_said(rows: list[dict[str, Any]]) -> bool:
    order = [(row["key"], row["time"], row["version"], row["rev"]) for row in rows]
    return order == sorted(order)


FIELDS = st.dictionaries(
    TEXTS,
    st.one_of(TEXTS, st.integers(-(2**70), 2**70), st.floats(allow_nan=False), st.none(), st.booleans()),
)


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: "-".join(str(one) for one in form.values()))
@settings(max_examples=20, deadline=None, phases=PHASES)
@given(st.lists(st.tuples(TIMES, TEXTS, TEXTS, FIELDS), max_size=6))
def test_it_13_events_give_the_sum_of_their_statement(
    form: dict[str, Any], content: list[tuple[Any, ...]]
) -> None:
    events = [Event(number, *one) for number, one in enumerate(content, 1)]
    with tempfile.TemporaryDirectory() as place:
        stream = Stream([])
        exporter = exporter_to(Path(place), context(what="alarms"), **form)
        exporter.open()
        exporter.describe(stream.schema)
        package = stream.package(events=events)
        exporter.deliver(package)
        (manifest,) = manifests(Path(place) / "job")
        check_manifest(Path(place) / "job", manifest)
        assert sum_of_event_rows(rows_of(Path(place) / "job", manifest)) == package.watermark.sum


@given(TEXTS)
def test_no_text_in_a_cell_begins_as_a_formula(text: str) -> None:
    assert spelled(guarded(text))[:1] not in tuple("=+-@\t\r\n＝＋－＠")
