"""A stream of packages as a job makes them, for tests of exporters."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from hmi.core import quality
from hmi.core.clock import NS_PER_S
from hmi.core.values import DataValue, Value, ValueType
from hmi.export.digest import NO_ROWS, schema_digest, sum_of, sum_of_events, watermark_digest
from hmi.export.port import Event, ExportContext, ExportTag, Haste, Package, Rows, Schema, Watermark
from hmi.historian.samples import Samples

BEGIN = 1_795_000_000 * NS_PER_S
EVIL_NAMES = (
    "a/b+c#d.pv", 'quote"s\'.pv', "=cmd|' /C calc'!A0", "emoji \U0001f6b0.pv", "tab\tnew\nline.pv", "$SYS/x.pv",
    "ünïcödé/ß.pv", "..", "a b/c;d,e.pv", "-1+2", "@sum",
)  # fmt: skip


def series(number: int, **more: Any) -> ExportTag:
    """One series; ``more`` overrides."""
    fields: dict[str, Any] = {
        "key": f"t_{number:04d}", "name": f"area/n{number}.pv", "path": ("plant", "area", f"n{number}", "pv"),
        "area": "area", "type": ValueType.FLOAT64, "unit": "m³/h", "unit_code": "MQH", "low": 0.0, "high": 100.0,
        "description": f"Number {number}", "connection": "plc1",
    }  # fmt: skip
    return ExportTag(**{**fields, **more})


def good(value: Value, at: int) -> DataValue:
    return DataValue(value, quality.GOOD, at, at + 5_000_000)


def bad(at: int, status: int = quality.BAD_NO_COMMUNICATION) -> DataValue:
    return DataValue(None, status, at, at + 5_000_000)


def rows_of(
    tags: Sequence[ExportTag],
    content: Sequence[tuple[int, DataValue]],
    *,
    revision: int = 1,
    deleted: bool = False,
    flags: int = 0,
) -> Rows:
    """(place, value) each."""
    count = len(content)
    return Rows(
        tuple(tags),
        np.array([place for place, _ in content], np.int32),
        Samples.of([value for _, value in content], flags=flags),
        np.full(count, revision, np.int64),
        np.full(count, deleted, np.bool_),
    )


def mixed_rows(
    tags: Sequence[ExportTag], count: int, seed: int = 1, *, begin: int = BEGIN, revision: int = 1
) -> Rows:
    """Values of every type, Good, Uncertain and Bad, ``count`` rows in time order, 1 s and some ns apart."""
    rng = random.Random(seed)
    content: list[tuple[int, DataValue]] = []
    for number in range(count):
        at, place = begin + number * NS_PER_S + rng.randrange(1_000_000), rng.randrange(len(tags))
        value: Value = rng.choice(
            [
                rng.uniform(-1e6, 1e6),
                rng.randrange(-(2**63), 2**63),
                True,
                False,
                "text é \U0001f6b0",
                0.1,
                -0.0,
                1e300,
            ]
        )
        status = rng.choice([quality.GOOD, quality.GOOD, quality.UNCERTAIN, quality.BAD_NO_COMMUNICATION])
        kept = None if status == quality.BAD_NO_COMMUNICATION else value
        content.append((place, DataValue(kept, status, at, at + 1_000)))
    return rows_of(tags, content, revision=revision)


class Stream:
    """Makes packages in a chain, as ``hmi.export`` does."""

    def __init__(self, tags: Sequence[ExportTag], name: str = "p_test/job") -> None:
        self.tags, self.name = tuple(tags), name
        self.last: Watermark | None = None

    @property
    def schema(self) -> Schema:
        return Schema(
            self.name,
            schema_digest(self.tags),
            self.tags,
            "plant",
            "Test plant",
            "Europe/Berlin",
            "the rule",
            BEGIN,
        )

    def package(
        self,
        rows: Rows | None = None,
        events: Sequence[Event] = (),
        *,
        haste: Haste = Haste.LIVE,
        **more: Any,
    ) -> Package:
        """The next one."""
        before = self.last
        first = before.last + 1 if before else 1
        fields: dict[str, Any] = {
            "stream": self.name, "number": before.number + 1 if before else 1,
            "previous": before.digest if before else "", "first": first, "last": first,
            "rows": len(rows) if rows is not None else len(events),
            "sum": sum_of(rows) if rows is not None else sum_of_events(events) if events else NO_ROWS,
            "complete_until": BEGIN + first * NS_PER_S, "schema": schema_digest(self.tags),
            "made": BEGIN + first * NS_PER_S, "haste": haste,
        }  # fmt: skip
        mark = Watermark(**{**fields, **more})
        self.last = replace(mark, digest=watermark_digest(mark))
        return Package(self.last, rows, tuple(events))


def context(
    job: str = "job", *, what: str = "samples", stream: str = "p_test/job", **more: Any
) -> ExportContext:
    """The context of a job whose secrets are their own names."""
    fields: dict[str, Any] = {
        "job": job, "stream": stream, "site": "plant", "title": "Test plant", "is_simulated": False, "what": what,
        "secret": lambda name: name, "now": lambda: datetime.now(UTC), "stop": lambda: False,
    }  # fmt: skip
    return ExportContext(**{**fields, **more})
